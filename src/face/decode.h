// What the multi-task network's outputs mean: raw floats -> estimates in the crop's frame.
//
// One place for the trainer's metrics and for the engine. Does not: run the network, or leave the
// crop's frame (face/crop.h and mien_pose_from_crop do).
//
// Outputs by name, floats a picture:
//   landmarks       2 L  x,y interleaved, crop units (-1…1, y down)
//   landmark_sigma  L    log of one standard deviation a coordinate, crop units
//   pose            9    6D rotation (mien_rotation_to_6d) of the crop pose, then x, y, log s
//   identity        60   coefficients, units of standard deviation
//   blendshapes     52   logits; weight = sigmoid
//   expression      8    logits; probabilities = softmax
//   gaze            4    left yaw, pitch, right yaw, pitch: radians in the crop's frame
//   presence        1    logit; probability that the crop is centred on a face
//   identity_sigma  60   log of one standard deviation a coefficient
#ifndef MIEN_FACE_DECODE_H
#define MIEN_FACE_DECODE_H

#include "face/layout.h"
#include "face/pose.h"

enum mien_branch {
    MIEN_BRANCH_LANDMARKS,
    MIEN_BRANCH_SIGMA,
    MIEN_BRANCH_POSE,
    MIEN_BRANCH_IDENTITY,
    MIEN_BRANCH_BLENDSHAPES,
    MIEN_BRANCH_EXPRESSION,
    MIEN_BRANCH_GAZE,
    MIEN_BRANCH_PRESENCE,
    MIEN_BRANCH_IDENTITY_SIGMA,
    MIEN_BRANCHES
};
const char *mien_branch_name(int branch);        // "landmarks" …; NULL outside
int mien_branch_size(int branch, int landmarks); // floats a picture

// log sigma is clamped to this range before use (0.0025 … 1 crop units).
#define MIEN_LOG_SIGMA_MIN -6.0f
#define MIEN_LOG_SIGMA_MAX 0.0f
// And that of the identity: people's own deviation is 1.
#define MIEN_IDENTITY_LOG_SIGMA_MIN -3.0f
#define MIEN_IDENTITY_LOG_SIGMA_MAX 0.5f

struct mien_estimate { // in the crop's frame
    int landmarks;
    float landmark[MIEN_LANDMARKS_MAX][2]; // crop units
    float landmark_sigma[MIEN_LANDMARKS_MAX];
    struct mien_crop_pose pose;
    float identity[MIEN_IDENTITY];
    float identity_sigma[MIEN_IDENTITY];
    float blendshape[MIEN_BLENDSHAPES]; // 0…1
    float expression[MIEN_EXPRESSIONS]; // sum 1
    float gaze_rad[2][2];               // left, right: yaw, pitch
    float presence;                     // 0…1
};

// raw[b] points to branch b's floats, NULL when the network lacks it: the estimate is then neutral
// (zeros; sigmas 1; identity rotation with log_s 0; uniform expression; presence 1).
void mien_estimate_decode(const float *const raw[MIEN_BRANCHES], int landmarks,
                          struct mien_estimate *out);

// What makes the probabilities mean what they say, fitted to validation pictures when the network
// is finished (`mien eval --calibrate`) and kept in its file. Of those that read a confidence of p,
// a share of p are faces, whose uncertain landmarks count as well: faces have sharp ones.
struct mien_calibration {
    // log odds of a face = offset + presence * (the branch's log odds) + log_sigma * log(mean sigma
    // of the landmarks / the face's size)
    float offset, presence, log_sigma;
    float
        temperature; // of the expression's logits: above 1 for a network that is too sure of itself
};
enum { MIEN_CALIBRATION_NUMBERS = 4 };
struct mien_calibration mien_calibration_none(void); // leaves everything as it is
// What the calibration looks at: the branch's log odds, held within +-12, and log(sigma / size).
void mien_calibration_inputs(const struct mien_estimate *e, float *log_odds, float *log_sigma);
void mien_estimate_calibrate(const struct mien_calibration *c, struct mien_estimate *e);

#endif

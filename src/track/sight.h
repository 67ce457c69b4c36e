// What one look of the network at one face says, in the picture's and the camera's frames: the
// common input of filters and fit. Plain data, no pointers.
#ifndef MIEN_TRACK_SIGHT_H
#define MIEN_TRACK_SIGHT_H

#include "face/layout.h"
#include "face/pose.h"

struct mien_sight {
    float presence; // 0…1
    float landmark_px[MIEN_LANDMARKS_MAX][2];
    float sigma_px[MIEN_LANDMARKS_MAX]; // one standard deviation a coordinate, > 0
    struct mien_pose pose;              // head -> camera, mm
    float identity[MIEN_IDENTITY];
    float identity_sigma[MIEN_IDENTITY]; // of the portrait network's answer; 0: it is not its
    float blendshape[MIEN_BLENDSHAPES];  // 0…1
    float expression[MIEN_EXPRESSIONS];  // probabilities
    float gaze_deg[2][2];                // left, right: yaw, pitch, camera frame
};

#endif

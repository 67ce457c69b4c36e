// One training sample: a record drawn from the data, a jittered crop of it, and its labels in the
// crop's frame.
//
// Does not: keep anything between samples. A sample depends only on the random state it is given,
// never on the thread that makes it.
#ifndef MIEN_LEARN_SAMPLE_H
#define MIEN_LEARN_SAMPLE_H

#include "face/crop.h"
#include "face/label.h"
#include "face/model.h"
#include "learn/augment.h"
#include "learn/dataset.h"

struct mien_target { // labels in the crop's frame; mask as in enum mien_label_mask
    uint32_t mask, tags;
    uint16_t source, split;
    bool flipped;
    float presence;        // 1 or 0
    float presence_weight; // 0 where so little of a face is seen that either answer is right
    float landmark[MIEN_LANDMARKS_MAX][2]; // crop units
    float landmark_weight[MIEN_LANDMARKS_MAX];
    float box;             // sqrt(area of the face's box), crop units; 0 unknown
    struct mien_crop crop; // in the picture (already mirrored when flipped)
    struct mien_camera camera;
    struct mien_crop_pose pose;
    float identity[MIEN_IDENTITY];
    float identity_weight;
    float blendshape[MIEN_BLENDSHAPES];
    float blendshape_weight[MIEN_BLENDSHAPES];
    float expression[MIEN_EXPRESSIONS];
    float gaze[2][2]; // left, right: yaw, pitch, radians, crop frame
    float gaze_weight[2];
};

enum { MIEN_LABEL_KINDS = 6 }; // bits of enum mien_label_mask from landmarks to gaze

struct mien_net;

struct mien_sample_config {
    const struct mien_dataset *data;
    const struct mien_face_model *model;
    int channels, width, height; // of the network's input
    float mean, scale;           // input = (pixel - mean) * scale
    bool jitter;                 // random crop and flip; off: the canonical crop (validation)
    struct mien_augment augment; // zeroed = none
    float negative;              // share of records turned into crops beside the face (presence 0)
    // Share of the other records whose crop lies on its side or upside down: no upright face
    // (presence 0). Whoever looks for faces turns the crop.
    float upended;
    // Share of jittered crops that lie as a tracker's do, near the canonical one; the others as a
    // detector's, which the tracker then corrects by a second look.
    float settled;
    // Share of training records that lose a label kind, by bit of the mask. Which records depends
    // on label_seed and the record's picture only, so the records of a smaller share are among
    // those of a larger, and all kinds go together.
    float drop[MIEN_LABEL_KINDS];
    uint64_t label_seed;
    // Answers where training records have no label (learn/pseudo.h), for this share of them; NULL =
    // nobody: what is missing is masked.
    const struct mien_net *teacher;
    float pseudo_share;
    // Like a tracker on a still picture: deviation of the crop's centre, in px of the network's
    // input, and of pixel noise, in grey levels. 0 = none.
    float shake, noise;
};

// Crops as this network takes them: channels, size, mean and scale.
void mien_sample_suit(struct mien_sample_config *c, const struct mien_net *net);

struct mien_sampler { // one thread's scratch
    struct mien_sample_config config;
    struct mien_augmenter augmenter;
    struct mien_jpeg_decoder *decoder;
    struct mien_image picture, small;
    struct mien_pseudo *pseudo;
};
bool mien_sampler_init(struct mien_sampler *s, const struct mien_sample_config *config);
void mien_sampler_destroy(struct mien_sampler *s); // idempotent

// Draws a training sample. input: (C,H,W). A record that cannot be decoded becomes a flat grey
// picture without labels (its presence label too), and false is returned.
bool mien_sampler_draw(struct mien_sampler *s, struct mien_rng *rng, float *input,
                       struct mien_target *target);
// The given record; negative: beside the face.
bool mien_sampler_make(struct mien_sampler *s, struct mien_record_ref ref, bool negative,
                       struct mien_rng *rng, float *input, struct mien_target *target);

// The canonical crop of a label (face/crop.h): from its landmarks when all are known, else from its
// box, rolled by its pose where that is known. False when the label has neither.
bool mien_label_crop(const struct mien_face_model *model, const struct mien_label *label,
                     struct mien_crop *out);
// Labels into the crop's frame.
void mien_target_from_label(const struct mien_face_model *model, const struct mien_label *label,
                            const struct mien_crop *crop, struct mien_target *out);

#endif

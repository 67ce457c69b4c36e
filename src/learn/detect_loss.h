// The detector's targets and loss.
//
// Face logit: quality focal loss (Li et al. 2020, "Generalized Focal Loss"): |y - p|^2 times binary
// cross-entropy against a Gaussian of the distance to the face's centre (Zhou et al. 2019). Box and
// roll where y > 0.3, weighted by y: smooth L1 of errors relative to the face's size, chordal
// distance of (cos, sin).
#ifndef MIEN_LEARN_DETECT_LOSS_H
#define MIEN_LEARN_DETECT_LOSS_H

#include "detect/code.h"
#include "learn/detect_scene.h"

// One level's targets of one scene, planes of (h,w).
struct mien_detect_target {
    int w, h, stride;
    float *heat;   // y, 0...1
    float *weight; // of the heat's loss, 0 = ignored
    float *value;  // (6,h,w): what the cell should say of its face
    float *size;   // the face's sqrt(w*h), px; 0 where no face is
};

bool mien_detect_target_init(struct mien_detect_target *t, int width, int height, int stride);
void mien_detect_target_destroy(struct mien_detect_target *t);
void mien_detect_target_make(struct mien_detect_target *t, int level,
                             const struct mien_detect_scene *scene);

struct mien_detect_losses {
    double face, box, roll; // sums
};
// planes: what the network says, (7,h,w); grad: its gradient, every element is written, of
// scale * (face + box + roll). Returns that loss and adds the unscaled parts to *parts.
double mien_detect_loss(const struct mien_detect_target *t, const float *planes, double scale,
                        float *grad, struct mien_detect_losses *parts);

#endif

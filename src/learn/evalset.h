// Fixed pictures to evaluate a network on: canonical crops of the validation split, without
// augmentation, and crops without a face.
#ifndef MIEN_LEARN_EVALSET_H
#define MIEN_LEARN_EVALSET_H

#include "learn/sample.h"

struct mien_evalset {
    float *input; // (count,C,H,W)
    struct mien_target *target;
    size_t count, picture_floats;
};

struct mien_evalset_config {
    struct mien_sample_config sample; // jitter and augment are taken as given
    size_t per_source;                // at most so many records a source, evenly spread; 0 = all
    bool training_split;              // judge on what was trained on (to see overfitting)
    uint64_t seed;                    // of jitter and of the crops without a face
};
// False on failure (logged); an empty set is no failure.
bool mien_evalset_build(struct mien_evalset *e, const struct mien_evalset_config *config);
void mien_evalset_destroy(struct mien_evalset *e); // idempotent

#endif

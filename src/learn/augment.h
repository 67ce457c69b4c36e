// Photometric augmentation of one crop in planar float (C,H,W), values 0…255.
//
// Does not: move pixels geometrically (learn/sample.h chooses the crop, so labels follow there),
// allocate per picture, or touch labels; it only says where occluders were put.
#ifndef MIEN_LEARN_AUGMENT_H
#define MIEN_LEARN_AUGMENT_H

#include "base/rng.h"
#include "image/image.h"

// Probabilities of each kind; zero = never. Found by looking at contact sheets (`mien train
// --sheet`) for what a webcam really does, not tuned against a score.
struct mien_augment {
    float light, side_light, low_light, gray, blur, motion, shrink, noise, jpeg, occluder, border;
};
struct mien_augment mien_augment_default(void);

struct mien_occluder {
    bool ellipse;
    float cx, cy, rx, ry, cos_a, sin_a; // px of the crop; half axes
};
enum { MIEN_OCCLUDERS_MAX = 3 };

struct mien_augmenter { // one thread's scratch
    int channels, width, height;
    float *plane;           // (C,H,W)
    struct mien_image byte; // RGB8, for JPEG artefacts
    struct mien_image back;
    struct mien_jpeg_decoder *decoder;
    struct mien_occluder occluder[MIEN_OCCLUDERS_MAX];
    int occluders;
};
bool mien_augmenter_init(struct mien_augmenter *a, int channels, int width, int height);
void mien_augmenter_destroy(struct mien_augmenter *a);

// x: (C,H,W) in place. patches (may be NULL, count 0): pictures to cut occluders from. Everything
// is drawn from rng. Values end within 0…255. After it a->occluder tells what was covered.
void mien_augment_apply(struct mien_augmenter *a, const struct mien_augment *p,
                        struct mien_rng *rng, const struct mien_image *patches, size_t patch_count,
                        float *x);
// Is this point of the crop (px) under an occluder of the last call?
bool mien_augment_covered(const struct mien_augmenter *a, float x, float y);

// Adds zero-mean noise of standard deviation sigma (sum of four uniform bytes of a hashed counter:
// near enough to normal, and a loop that vectorises).
void mien_augment_noise(float *x, size_t n, float sigma, uint32_t seed);

#endif

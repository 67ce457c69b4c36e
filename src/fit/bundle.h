// Bundle adjustment of one head: one identity and one camera over many pictures, each with a pose
// and an expression of its own, from points of the surface that were seen in them.
//
// Levenberg-Marquardt on  sum_s rho(e_s' W_s e_s)  + Gaussian priors on identity, focal length,
// every picture's blendshapes and every point's slide, with e_s = project(R_f (x_p + slide_p) +
// t_f) - seen_s, x_p a linear function of identity and blendshapes, and rho the pseudo-Huber cost
// of fit/points.h. A point's slide is where on the surface, away from its nominal place, what was
// seen lies: two unknowns in the tangent plane that are the same in all pictures. A landmark
// network has the same bias for a landmark in every picture, and a patch of skin may lie anywhere;
// so along the surface neither constrains the shape beyond the prior on slides, while their
// parallax between pictures determines its depth. Slides are eliminated by the Schur complement,
// then pictures, then the rest (Triggs, McLauchlan, Hartley and Fitzgibbon 2000, "Bundle Adjustment
// - A Modern Synthesis"). Does not: find points, choose pictures, know of networks.
#ifndef MIEN_FIT_BUNDLE_H
#define MIEN_FIT_BUNDLE_H

#include "base/mem.h"
#include "face/layout.h"
#include "face/pose.h"
#include <stdbool.h>

enum { MIEN_BUNDLE_SHAPES = MIEN_IDENTITY + MIEN_BLENDSHAPES };

struct mien_bundle_point {
    float mean[3];      // mm, head frame, without identity and expression
    const float *shape; // (MIEN_BUNDLE_SHAPES,3) mm: what each coefficient moves it by
    float slide[2][3];  // mm, head frame: what one unit of slide is
    float slide_sigma;  // units, > 0
    float at[2];        // the slide: in and out
};

struct mien_bundle_sight { // of a point in a picture
    int point, frame;
    float px[2];
    float weight[3]; // 1/px^2: xx, xy, yy of the inverse covariance
};

struct mien_bundle_frame {
    struct mien_camera camera;          // times exp(log_focal)
    struct mien_pose pose;              // in and out
    float blendshape[MIEN_BLENDSHAPES]; // in and out, 0…1
    float blendshape_mean[MIEN_BLENDSHAPES];
    float blendshape_sigma[MIEN_BLENDSHAPES]; // > 0
};

// All arrays are the caller's. Zero-initialise.
struct mien_bundle {
    int frames, points, sights;
    struct mien_bundle_frame *frame;
    struct mien_bundle_point *point;
    struct mien_bundle_sight *sight;
    float identity[MIEN_IDENTITY]; // in and out
    float identity_mean[MIEN_IDENTITY], identity_sigma[MIEN_IDENTITY];
    // Another prior: size' identity = size_mean, with size_sigma; sigma 0: none.
    float size[MIEN_IDENTITY], size_mean, size_sigma;
    float log_focal, log_focal_sigma; // sigma 0: stays as it is
    bool rough;                       // deviations are not asked for: `sigma` stays as it was
    // Written by mien_bundle_solve.
    float sigma[MIEN_IDENTITY]; // one standard deviation of each identity coefficient
    double cost;
    int iterations;         // steps taken
    struct mien_arena room; // kept from one solution to the next; mien_bundle_destroy
};

// Improves identity, focal length, poses, blendshapes and slides in place, by so many steps at
// most. Allocates when it needs more room than ever before. False, leaving all as it was, when
// memory is short (logged), or when the state cannot be used: a point behind the camera, numbers
// that are not finite, equations that cannot be solved (not logged).
bool mien_bundle_solve(struct mien_bundle *b, int iterations);
// Room for as many frames, points and sights as b has now, all sights of one frame perhaps, so that
// solving does not allocate. False when memory is short (logged).
bool mien_bundle_reserve(struct mien_bundle *b);
void mien_bundle_destroy(struct mien_bundle *b); // the room; idempotent

#endif

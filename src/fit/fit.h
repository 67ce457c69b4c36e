// Fits pose, identity and expression of the morphable model to 2D landmarks and priors.
//
// Levenberg-Marquardt on  sum_l w_l |project(R x_l(identity, blendshape) + t) - landmark_l|^2 /
// sigma_l^2
// + Gaussian priors on pose, identity and blendshapes (each prior may be absent), with robust
// weights (pseudo-Huber: w = 1/sqrt(1 + (r / 3 sigma)^2)) and blendshapes boxed to [0,1] by an
// active set. Landmarks that the pose hides or shows at a grazing angle count little (they slide on
// photos). Does not: track, filter, find faces, or allocate after mien_fit_create. A workspace
// belongs to one thread; two workspaces are independent. Deterministic.
//
// (a) One picture:  mien_fit_start(f, &in, &state); in.iterations = 25; mien_fit_run(f, &in,
// &state); (b) Live: keep `state` from the last frame (or set its pose from the pose branch),
// in.iterations
//     = 2 or 3, priors from the network's branches and the last frame, lock_identity once known.
#ifndef MIEN_FIT_FIT_H
#define MIEN_FIT_FIT_H

#include "face/model.h"
#include "face/pose.h"

enum { MIEN_FIT_PRIORS = 3 };

// Zero is the default everywhere: a NULL pointer or a sigma that is not above 0 means "absent".
struct mien_fit_input {
    struct mien_camera camera;
    const float (*landmark_px)[2]; // (L) picture px; a non-finite one is skipped
    const float *sigma_px;         // (L) sd a coordinate; NULL = 1.2 % of the landmarks' box for
                                   // all; not above 0 = the landmark is unknown
    // Gaussian priors on the pose: e.g. the pose branch and the last frame.
    struct {
        const struct mien_pose *pose;  // NULL = none
        float rotation_sigma_rad;      // about each axis; 0 = the rotation is not held
        float translation_sigma_mm[3]; // camera x, y, z; 0 = that axis is not held
    } pose_prior[MIEN_FIT_PRIORS];
    // Identity: (MIEN_IDENTITY); mean NULL = zeros, sigma NULL = `identity_sigma_all`, 0 = 1.
    const float *identity_mean, *identity_sigma;
    float identity_sigma_all;
    bool lock_identity; // state->identity stays as it is
    // Blendshapes: priors added up (branch, last frame): (MIEN_BLENDSHAPES) each.
    struct {
        const float *mean;  // NULL = zeros
        const float *sigma; // NULL = `sigma_all` for each; not above 0 = no prior on that one
        float sigma_all;    // with mean and sigma NULL and this 0 the prior is absent
    } blendshape_prior[MIEN_FIT_PRIORS];
    int iterations; // 0 = 25
};

struct mien_fit_state {
    struct mien_pose pose;
    float identity[MIEN_IDENTITY];
    float blendshape[MIEN_BLENDSHAPES]; // 0…1
    // Written by mien_fit_run:
    float rms; // weighted rms of landmark residuals / face size (sqrt of the box area)
    float residual_px[MIEN_LANDMARKS_MAX]; // length of each residual; -1 where unknown
    int used;                              // landmarks
    int iterations;                        // steps taken
};

struct mien_fit; // workspace, opaque
struct mien_fit *
mien_fit_create(const struct mien_face_model *m); // NULL on failure (logged); m borrowed
void mien_fit_destroy(struct mien_fit *f);        // NULL is fine

// A first state for mien_fit_run: mean head, no expression; the pose (within the half sphere before
// the camera) from the landmarks by orthographic alignment of the mean head. False when fewer than
// 6 landmarks are usable or they are all one point (not logged).
bool mien_fit_start(struct mien_fit *f, const struct mien_fit_input *in, struct mien_fit_state *s);

// Improves `s` in place. False, leaving the state untouched, when landmarks, camera or the given
// state are unusable (too few, not finite, no camera) or the equations cannot be solved (not
// logged: callers decide).
bool mien_fit_run(struct mien_fit *f, const struct mien_fit_input *in, struct mien_fit_state *s);

// Landmarks of a state in the picture: (L,2) px, and where depth_mm is not NULL each one's distance
// from the camera. False when a point is behind the camera.
bool mien_fit_project(const struct mien_face_model *m, const struct mien_camera *c,
                      const struct mien_fit_state *s, float (*px)[2], float *depth_mm);

#endif

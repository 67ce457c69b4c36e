// How far reconstructed faces are from the true ones: mean distance of corresponding vertices over
// the narrow face (MIEN_PART_FACE), millimetres.
//
// Head pose is no part of it: shapes are compared in the head frame, and once more after the rigid
// motion (with and without scale) that brings them closest (Horn 1987, "Closed-form solution of
// absolute orientation using unit quaternions"). Does not: run networks or fits; callers bring
// coefficients.
#ifndef MIEN_LEARN_RECONSTRUCTION_H
#define MIEN_LEARN_RECONSTRUCTION_H

#include <stdio.h>

#include "face/model.h"

enum mien_reconstruction_way {
    MIEN_RECONSTRUCTION_MEAN,       // the mean face: what an answer must beat
    MIEN_RECONSTRUCTION_EXPRESSION, // the mean identity with the network's blendshapes
    MIEN_RECONSTRUCTION_BRANCHES,   // the network's identity and blendshapes
    MIEN_RECONSTRUCTION_FIT,        // the fit to the network's landmarks, branches as priors
    MIEN_RECONSTRUCTIONS
};

enum mien_reconstruction_measure {
    MIEN_RECONSTRUCTION_HEAD,             // in the head frame
    MIEN_RECONSTRUCTION_ALIGNED,          // after rigid alignment
    MIEN_RECONSTRUCTION_SCALED,           // the same with the best scale: one picture tells no size
    MIEN_RECONSTRUCTION_IDENTITY,         // without blendshapes on either side, head frame
    MIEN_RECONSTRUCTION_IDENTITY_ALIGNED, // the same after rigid alignment
    MIEN_RECONSTRUCTION_MEASURES
};

struct mien_reconstruction {
    const struct mien_face_model *model; // borrowed
    int count;                           // vertices compared
    int *vertex;                         // (count) their numbers
    float *full;                         // (V,3) work
    float *truth[2];                     // (count,3) with and without blendshapes
    float *shape;                        // (count,3) work
    double faces[MIEN_RECONSTRUCTIONS];
    double sum_mm[MIEN_RECONSTRUCTIONS][MIEN_RECONSTRUCTION_MEASURES];
};
// False when memory is short or the model has no narrow face (logged).
bool mien_reconstruction_init(struct mien_reconstruction *r, const struct mien_face_model *model);
void mien_reconstruction_destroy(struct mien_reconstruction *r); // idempotent
// The next face as it is; the answers that follow are held against it.
void mien_reconstruction_truth(struct mien_reconstruction *r, const float identity[MIEN_IDENTITY],
                               const float blendshape[MIEN_BLENDSHAPES]);
// An answer; NULL is zeros.
void mien_reconstruction_add(struct mien_reconstruction *r, enum mien_reconstruction_way way,
                             const float *identity, const float *blendshape);
// Mean over faces, mm; NAN when there was none.
double mien_reconstruction_mm(const struct mien_reconstruction *r, int way, int measure);
// The same over the mean face's; NAN when either is missing.
double mien_reconstruction_ratio(const struct mien_reconstruction *r, int way, int measure);
// A table, one line a way; nothing when there was no face.
void mien_reconstruction_print(const struct mien_reconstruction *r, FILE *f);
// `,"vertex_mean_mm":3.1,"vertex_fit_aligned_ratio":0.4,…` with a leading comma.
void mien_reconstruction_json(const struct mien_reconstruction *r, FILE *f);

// Mean distance of n corresponding points (n,3).
double mien_shape_distance(const float *a, const float *b, int n);
// The same after the rigid motion of b, and its scaling where `scale` is set, that minimises the
// sum of squared distances.
double mien_shape_distance_aligned(const float *a, const float *b, int n, bool scale);

#endif

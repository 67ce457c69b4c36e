// One head's shape from what pictures show of it: the face model's landmarks as points of a bundle
// adjustment (fit/bundle.h), and the priors that go with them.
//
// A landmark is a point that may slide along the surface: the network has the same bias for it in
// every picture, and along the surface it says little about the shape. Expression is held near
// rest, more loosely the more of it was measured: a little expression measured on a face at rest is
// anatomy. No picture tells a small head from a large one farther away: the size stays the prior's.
// Does not: find landmarks, choose pictures.
#ifndef MIEN_FIT_SHAPE_H
#define MIEN_FIT_SHAPE_H

#include "face/model.h"
#include "fit/bundle.h"

struct mien_shape_points; // opaque: the model's landmarks, set up once; may be shared

// m must outlive it. NULL on failure (logged).
struct mien_shape_points *mien_shape_points_create(const struct mien_face_model *m);
void mien_shape_points_destroy(struct mien_shape_points *s); // NULL is fine

// The first points of b: one for each of the model's landmarks, where they nominally are.
void mien_shape_place(const struct mien_shape_points *s, struct mien_bundle *b);
// b's identity, with its prior and the size's. mean, sigma: (MIEN_IDENTITY).
void mien_shape_expect(const struct mien_shape_points *s, const float *mean, const float *sigma,
                       struct mien_bundle *b);
// A picture's blendshapes, (MIEN_BLENDSHAPES), and their prior, from what was read.
void mien_shape_expect_expression(const float *read, struct mien_bundle_frame *f);

struct mien_shape_seen { // landmarks in a picture
    const float (*px)[2];
    const float *sigma_px; // one deviation a coordinate; not more than 0: not seen
    int count;
};
// Adds the landmarks that face the camera to b's sights, as seen in b->frame[f], whose pose is set.
void mien_shape_see(const struct mien_shape_points *s, int f, const struct mien_shape_seen *seen,
                    struct mien_bundle *b);

// The shape from one picture's landmarks.
struct mien_shape_one; // opaque: workspace; does not allocate after create

struct mien_shape_one *mien_shape_one_create(const struct mien_face_model *m); // NULL: logged
void mien_shape_one_destroy(struct mien_shape_one *o);                         // NULL is fine

struct mien_shape_picture {
    struct mien_camera camera;
    struct mien_pose pose;   // about
    const float *blendshape; // (MIEN_BLENDSHAPES) that were read
    struct mien_shape_seen landmarks;
};
// Improves a shape's mean and deviation, (MIEN_IDENTITY) each, by what the picture shows. False
// when it cannot be used (not logged): they then stay.
bool mien_shape_one_solve(struct mien_shape_one *o, const struct mien_shape_picture *p, float *mean,
                          float *sigma);

#endif

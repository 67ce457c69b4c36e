// The light on a face, estimated from the face itself: spherical harmonics of order 2 whose value
// in the direction of a normal is the brightness there (Ramamoorthi and Hanrahan 2001, "An
// Efficient Representation for Irradiance Environment Maps").
//
// Does not: know colours of light or shadows; assumes skin of one brightness, so what it says is
// relative to that.
#ifndef MIEN_VIEW_LIGHT_H
#define MIEN_VIEW_LIGHT_H

#include "face/harmonics.h"
#include "face/result.h"
#include "image/image.h"
#include "view/mesh.h"

// Least squares of the picture's luminance (over its mean on the face: 1 is an evenly lit face) at
// the visible ones of n points (head frame, as mien_mesh_pose gives them) against their normals in
// the camera's frame, with a prior towards even light. False when too few points are seen or the
// face is black; out is then even light.
bool mien_light_estimate(const struct mien_image *picture, const struct mien_camera *camera,
                         const struct mien_pose *pose, const struct mien_mesh_point *point, int n,
                         float out[MIEN_SH]);
void mien_light_even(float out[MIEN_SH]); // from above and before, for who wants no estimate

#endif

// The square piece of a picture that the network sees: one formula for training and run time, and
// the maps between it and the picture.
//
// Does not: touch pixels (image/image.h: mien_affine_crop makes the pixel map from a mien_crop).
// Frames: picture px (face/pose.h); crop units u: -1…1 over the crop, x right, y down, in the
// crop's own (rolled) axes. A crop pixel i of `size` has u = (2 i + 1) / size - 1.
#ifndef MIEN_FACE_CROP_H
#define MIEN_FACE_CROP_H

#include "face/model.h"
#include "face/pose.h"

// Side of the canonical crop in units of the larger side of the landmarks' box: the whole face from
// the hairline to the chin, hardly more, so that few of the network's pixels are spent beside it.
// Training jitters it between 0.9 and 1.28.
#define MIEN_CROP_SCALE 1.06f

// The canonical crop of a face whose landmarks (model->landmarks points, px) are known: centre of
// the bounding box of all landmarks, side MIEN_CROP_SCALE * max(w,h), roll of the head's x axis as
// seen: the sum of the line between the means of the lid landmarks and the perpendicular of the
// face's middle line, each in px per mm (the eyes' line alone is a point in profile). False when
// the points are not finite or span less than a pixel.
bool mien_crop_from_landmarks(const struct mien_face_model *model, const float (*landmark_px)[2],
                              struct mien_crop *out);
// The same from a box alone (a detector's): no roll.
bool mien_crop_from_box(const float box_px[4], struct mien_crop *out);
// Bounding box of n points; false when n < 1 or a point is not finite.
bool mien_crop_bounds(const float (*px)[2], int n, float box_px[4]);

void mien_crop_to_unit(const struct mien_crop *crop, const float px[2], float u[2]);
void mien_crop_to_px(const struct mien_crop *crop, const float u[2], float px[2]);

// Turns directions of the camera's frame into the crop's (rows: crop axes): R_crop = C * R.
void mien_crop_rotation(const struct mien_camera *camera, const struct mien_crop *crop, float C[9]);

// Gaze angles (yaw, pitch as pose angles): the camera's frame in degrees <-> the crop's in radians.
void mien_crop_gaze_from_camera(const struct mien_camera *camera, const struct mien_crop *crop,
                                const float camera_deg[2], float crop_rad[2]);
void mien_crop_gaze_to_camera(const struct mien_camera *camera, const struct mien_crop *crop,
                              const float crop_rad[2], float camera_deg[2]);

#endif

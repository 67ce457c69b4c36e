// Where a picture lands on the screen, and the perspective of the fit as an OpenGL projection.
//
// Does not: call OpenGL. Picture pixels are face/pose.h's (pixel centres at integers, origin
// top-left); screen pixels are continuous, origin top-left, pixel centres at +0.5.
#ifndef MIEN_VIEW_CAMERA_H
#define MIEN_VIEW_CAMERA_H

#include "face/pose.h"
#include <stdbool.h>

struct mien_rect {
    float x, y, w, h; // screen px
};

// The largest rectangle of the picture's aspect inside `area`, centred, on whole pixels.
struct mien_rect mien_rect_fit(struct mien_rect area, int width_px, int height_px);

// Picture -> screen.
struct mien_map {
    struct mien_rect rect; // where the whole picture lies on the screen
    int width_px, height_px;
    bool mirror; // left and right exchanged, as in a mirror
};
void mien_map_point(const struct mien_map *m, const float px[2], float out[2]);
float mien_map_scale(const struct mien_map *m); // screen px per picture px

// Clip coordinates of a point of the camera's frame (mm): column-major, for a viewport that is
// exactly the picture's rectangle. mirror negates x (front faces then turn clockwise).
void mien_projection(const struct mien_camera *c, float near_mm, float far_mm, bool mirror,
                     float out[16]);
void mien_mat4_mul(const float a[16], const float b[16], float out[16]); // column-major, no alias
// Head frame -> camera frame, column-major.
void mien_pose_matrix(const struct mien_pose *p, float out[16]);

#endif

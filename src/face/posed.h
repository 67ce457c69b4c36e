// A small software depth buffer over a piece of a picture: which parts of a mesh are seen.
//
// Depth is kept as its inverse (1/mm), which is linear in the picture; larger is nearer. Grows to
// the largest piece seen and then does not allocate. Does not: shade, cull, clip at the near plane
// (callers skip triangles with a vertex behind the camera).
#ifndef MIEN_FACE_POSED_H
#define MIEN_FACE_POSED_H

#include "face/model.h"
#include "face/result.h"
#include <stdbool.h>
#include <stddef.h>

struct mien_depth {
    int x0, y0, w, h; // the piece, px
    float *inverse;   // (h,w), 0 = nothing
    size_t capacity;
};
// Clears the piece of the picture (0,0)…(width-1,height-1) that box covers. False when nothing of
// it is inside or memory is short (logged).
bool mien_depth_begin(struct mien_depth *d, const float box_px[4], int width, int height);
void mien_depth_destroy(struct mien_depth *d);
// Corners are x px, y px, 1/depth.
void mien_depth_triangle(struct mien_depth *d, const float a[3], const float b[3],
                         const float c[3]);
// Whether a point is not more than bias_mm behind what is nearest there. Outside the piece: true.
bool mien_depth_visible(const struct mien_depth *d, const float p[3], float bias_mm);

// One posed face: every vertex in the picture, and the depth buffer of its solid parts.
struct mien_posed {
    const struct mien_face_model *model;
    struct mien_face_base base;
    float *vertices; // (V,3) head frame, mm
    float *normals;  // (V,3) head frame
    float *screen;   // (V,3) x px, y px, 1/depth; 1/depth <= 0 behind the camera
    float *facing;   // (V) cosine between normal and the direction to the camera
    struct mien_depth depth;
};
bool mien_posed_create(struct mien_posed *p, const struct mien_face_model *m); // false: logged
void mien_posed_destroy(struct mien_posed *p);                                 // idempotent
// False when no part of the face is in the picture.
bool mien_posed_set(struct mien_posed *p, const struct mien_camera *camera,
                    const struct mien_face_result *f);
// Parts that hide what is behind them: skin, head, eyeballs.
bool mien_posed_solid(uint8_t part);

#endif

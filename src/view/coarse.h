// A mesh's triangles made fewer, for what only hides things and takes their shadow: on the screen
// the face's own are hardly larger than a pixel.
//
// Does not: call OpenGL, move points, or serve to be looked at.
#ifndef MIEN_VIEW_COARSE_H
#define MIEN_VIEW_COARSE_H

#include "view/mesh.h"

struct mien_coarse {
    uint32_t *triangle; // (group_triangle[GROUPS],3) points of the mesh; owned
    int group_triangle[MIEN_MESH_GROUPS + 1];
};

// Points of the mean face within one cell of cell_mm that look the same way up become one of them;
// triangles that this leaves without an area go (Rossignac and Borrel 1993, "Multi-resolution 3D
// approximations for rendering complex scenes"). Points at one place stay together, so nothing
// gapes. Eyeballs are apart from lids. False when out of memory: out is empty then.
bool mien_coarse_make(struct mien_coarse *out, const struct mien_mesh *m, float cell_mm);
void mien_coarse_destroy(struct mien_coarse *c); // idempotent

#endif

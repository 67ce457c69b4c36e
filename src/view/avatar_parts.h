// Shared by the files that make up a figure (view/avatar.h); nobody else includes it.
#ifndef MIEN_VIEW_AVATAR_PARTS_H
#define MIEN_VIEW_AVATAR_PARTS_H

#include "view/avatar.h"

// avatar.c: everything at rest, also what no face moves.
void mien_avatar_pose_all(struct mien_avatar *a);
// The mesh's own normals of a surface whose vertices are at (count,3): into normal (count,3).
void mien_avatar_fold(const struct mien_avatar *a, int surface, const float *at, float *normal);

// Whether a node is `top` or hangs on it.
bool mien_avatar_below(const struct mien_avatar *a, int node, int top);

// avatar_names.c: which shapes, bones and expressions of the file a face drives; node_weight:
// (nodes) the first of a node's weights, -1. False: refused.
bool mien_avatar_name(struct mien_avatar *a, struct mien_gltf *g, const int *node_weight);

// avatar_rest.c, last: what a face can move, where the head is, everything at rest. False: memory
// is short.
bool mien_avatar_settle(struct mien_avatar *a);

#endif

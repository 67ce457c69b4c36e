// The rims of the lids on the mesh: the edge on which upper and lower lid meet when the eye is
// shut.
//
// The skin curls inwards at a lid and ends behind it, on the eyeball. Counted in rings of vertices
// from that end, the third ring (MIEN_RIM_RING 2) is the crest of the lid's edge: what borders the
// eye in a picture, and what touches the other lid at eyeBlink 1 (gap 0.5 mm on the mean head).
// Used by the model compiler, by what moves landmarks on the mesh, and where heads are saved
// (face/shut.h).
#ifndef MIEN_FACE_RIM_H
#define MIEN_FACE_RIM_H

#include <stdbool.h>
#include <stdint.h>

enum { MIEN_RIM_RING = 2, MIEN_RIM_MAX = 64 };

struct mien_rim {
    int vertex[MIEN_RIM_MAX]; // round the eye, counter-clockwise seen from the front
    int count;
    int corner[2]; // places in `vertex` of the outermost and the innermost one
};

// triangle: (triangles,3) of the skin alone; mean: (vertices,3) mm, head frame. left: the subject's
// left eye. False when the mesh has no such rim (not logged).
bool mien_rim_find(struct mien_rim *rim, const int32_t *triangle, int triangles, const float *mean,
                   int vertices, bool left);

// Whether the lid landmark called `name` lies on the rim ("lid_right_4": yes; those beside the
// inner corner lie on the caruncle), and on which lid: 1 upper, -1 lower, 0 either (the outer
// corner).
bool mien_rim_landmark(const char *name, int *lid);

// The rim's point nearest to `at` on one lid (0: on either): on the edge between two vertices, the
// share of the second in *share.
void mien_rim_nearest(const struct mien_rim *rim, const float *mean, int lid, const float at[3],
                      int edge[2], float *share);

#endif

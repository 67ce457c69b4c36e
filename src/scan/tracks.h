// Patches of skin found again in other pictures of the same head: dense correspondences without
// landmarks.
//
// Every picture is unwrapped onto the face model's UV plane as the present shape, poses and
// expressions have it, and freed of light (each texel less the mean of its surroundings, over their
// deviation). Where shape and poses are right, all unwrapped pictures agree; where not, each one's
// patches lie beside those of the mean of all, by what a step of Lucas and Kanade's method finds
// ("An Iterative Image Registration Technique", 1981; towards the mean of a group: Cootes et al.
// 2004, "Groupwise diffeomorphic non-rigid registration"). Does not: move anything itself
// (fit/bundle.h), see hair, eyes or the inside of the mouth.
#ifndef MIEN_SCAN_TRACKS_H
#define MIEN_SCAN_TRACKS_H

#include "face/posed.h"
#include "image/image.h"
#include "fit/bundle.h"

struct mien_tracks; // opaque: the plane's texels, points, and room for so many pictures

// NULL on failure (logged).
struct mien_tracks *mien_tracks_create(const struct mien_face_model *m, int frames);
void mien_tracks_destroy(struct mien_tracks *t); // NULL is fine
int mien_tracks_points(const struct mien_tracks *t);

// The pictures of a round, one after another: posed as they are thought to be. picture: RGB8.
void mien_tracks_begin(struct mien_tracks *t, int blur);
void mien_tracks_add(struct mien_tracks *t, const struct mien_posed *posed,
                     const struct mien_image *picture);
// What was found: point[p] set up for all points (slides zero; shape stays t's), as the head has
// them with this identity; sights of at least two pictures each, the first point's number being
// `first`. sight: room for points * pictures. How many.
int mien_tracks_find(struct mien_tracks *t, const float identity[MIEN_IDENTITY], int first,
                     struct mien_bundle_point *point, struct mien_bundle_sight *sight);

#endif

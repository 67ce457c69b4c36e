// Face detector: picture -> boxes, found by one small convolutional network in a single pass.
//
// An anchor-free detector in the manner of "Objects as Points" (Zhou et al. 2019) with a grid for
// each range of sizes (strides 8, 16 and 32 of a 320x240 grey input, as FCOS, Tian et al. 2019):
// every cell says how sure it is that a face's centre lies there, and that face's box and roll.
//
// Does not: track, decide what a face is worth, or look for faces that lie upside down. Faces
// smaller than a twentieth of the picture are missed.
// Frame: picture pixels, origin top-left, x right, y down.
#ifndef MIEN_DETECT_DETECT_H
#define MIEN_DETECT_DETECT_H

#include "image/image.h"
#include "nn/net.h"

#include <stdbool.h>

struct mien_detector; // opaque; one thread at a time

struct mien_detection {
    float box_px[4]; // x0,y0,x1,y1: the upright box of the face's dense landmarks (may cross the
                     // picture's border)
    float score;     // 0...1
    float roll_rad;  // > 0: the face is turned clockwise as seen; a crop turned by it is upright
};

// path NULL = the shipped models/detect.net. shared: where it works, with others that work in turn
// with it, and which must stay; NULL = a place of its own. NULL on failure (logged: which file,
// what is wrong).
struct mien_detector *mien_detector_load(const char *path, struct mien_workspace *shared);
// Another one for another thread, with the same network in memory: `other` must outlive it. NULL on
// failure (logged).
struct mien_detector *mien_detector_create_beside(const struct mien_detector *other,
                                                  struct mien_workspace *shared);
void mien_detector_destroy(struct mien_detector *d); // NULL is fine

// Faces with score >= threshold (0 = the recommended MIEN_DETECT_THRESHOLD), best first, at most
// `max` (and at most 64). picture: GRAY8, RGB8 or RGBA8 of any size. Returns how many; 0 for a
// picture without pixels. Deterministic; no allocation.
int mien_detector_run(struct mien_detector *d, const struct mien_image *picture, float threshold,
                      struct mien_detection *out, int max);

// The development sets lose faces above it (0.30 99.4, 0.35 99.4, 0.40 98.1 percent of lfpw-dev),
// and pictures of clothes give finds below it (1.2, 0.6, 0.3 each): models/detect.md. What is found
// is a candidate; the face network's presence branch decides.
#define MIEN_DETECT_THRESHOLD 0.35f

#endif

// How far a face's figures can be relied on: its size, its light, the landmarks' uncertainty.
//
// Does not: judge the expression. Faces of poor quality are measured all the same; an evaluation
// may leave them out.
#ifndef MIEN_FACE_QUALITY_H
#define MIEN_FACE_QUALITY_H

#include "face/result.h"
#include <stdbool.h>

struct mien_quality {
    float face_px; // the longer side of the fitted face's box
    float light;   // mean luminance, 0…255; 0 = unknown
    float sigma;   // mean standard deviation of the landmarks, as a share of face_px
    bool usable;
};

// r: the face's result, for the picture's size.
struct mien_quality mien_quality_of(const struct mien_result *r, const struct mien_face_result *f);

#endif

// How a face is written into the network's grids and read back, and how double finds are merged.
//
// A level is a grid of cells `stride` input pixels apart; cell (i,j) stands at the input pixel
// (stride*i, stride*j). Its planes, in order: face logit; dx, dy: the box centre minus the cell, in
// strides; log w, log h of the box relative to 4 strides; cos, sin of the roll (any length).
//
// Does not: know pictures, networks or losses. Frame: pixels of the network's input.
#ifndef MIEN_DETECT_CODE_H
#define MIEN_DETECT_CODE_H

#include "detect/detect.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    MIEN_DETECT_LEVELS = 3,
    MIEN_DETECT_PLANES = 7, // logit, dx, dy, log w, log h, cos, sin
    MIEN_DETECT_CANDIDATES = 256,
    MIEN_DETECT_MAX = 64,
};

// The sizes (sqrt(w*h), input px) that each level is taught; they overlap so that no face falls
// between two. Strides 8, 16, 32.
extern const int mien_detect_stride[MIEN_DETECT_LEVELS];
extern const float mien_detect_size_min[MIEN_DETECT_LEVELS];
extern const float mien_detect_size_max[MIEN_DETECT_LEVELS];

// The six numbers (dx … sin) that cell (i,j) of a level should say about a face.
void mien_detect_encode(int stride, int i, int j, const float box[4], float roll_rad,
                        float value[6]);
// The inverse. Numbers a network may say wrongly are bounded: sizes to 1/16…16 times 4 strides,
// centres to 8 strides from the cell.
void mien_detect_decode(int stride, int i, int j, const float value[6], struct mien_detection *out);

// Appends the cells of one level with sigmoid(logit) >= threshold. planes: (7,h,w). list holds
// `count` of at most MIEN_DETECT_CANDIDATES, kept as a heap with the weakest first when full.
// Returns the new count. Non-finite cells are skipped.
int mien_detect_collect(const float *planes, int w, int h, int stride, float threshold,
                        struct mien_detection *list, int count);

// Merges finds of one face, in place: the best first; those overlapping it (intersection over union
// above 0.4, or one centre inside the other's middle half at a similar size) join it, its box and
// roll becoming the mean weighted by score^2 of the ones that overlap it well (weighted box fusion,
// Solovyev et al. 2021). Returns the number left, best first, at most `max`. Ties are broken by
// position, so the result does not depend on the order of the list.
int mien_detect_merge(struct mien_detection *list, int count, int max);

float mien_box_iou(const float a[4], const float b[4]); // 0 for empty boxes

#endif

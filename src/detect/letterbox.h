// Fits a picture of any size into the detector's grey input, keeping its shape.
//
// Does not: allocate. Shrinking averages areas, enlarging is bilinear; bars are filled with 0.
#ifndef MIEN_DETECT_LETTERBOX_H
#define MIEN_DETECT_LETTERBOX_H

#include "image/image.h"

// picture px = (input px + 0.5 - offset) / scale - 0.5 on each axis (pixel centres are integers).
struct mien_letterbox {
    float scale;        // input px per picture px
    float x_px, y_px;   // where the picture starts in the input
    int x0, y0, x1, y1; // the input pixels that it covers
};

// Bars are left and right, or above and below, of equal width.
struct mien_letterbox mien_letterbox_fit(int width, int height, int input_w, int input_h);
void mien_letterbox_to_picture(const struct mien_letterbox *l, float x, float y, float *px,
                               float *py);
void mien_letterbox_to_input(const struct mien_letterbox *l, float px, float py, float *x,
                             float *y);
// Into the one plane of `input`, up to 1024 wide. Grey is 0.299 R + 0.587 G + 0.114 B.
void mien_letterbox_gray(const struct mien_letterbox *l, const struct mien_image *picture,
                         const struct mien_float_planes *input);

#endif

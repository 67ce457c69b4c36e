// Decoded video to RGB8: 4:2:0 planes of 8 bits, as most videos and cameras hold them.
//
// Chroma is interpolated linearly both ways from where it lies, which is nearer the truth than
// repeating it: see SPEED.md. Does not: scale, or know more than 8 bits a value.
#ifndef MIEN_IMAGE_PLANES_H
#define MIEN_IMAGE_PLANES_H

#include "image/image.h"

struct mien_planes {
    int width, height;
    const uint8_t *y;     // (height,width)
    const uint8_t *u, *v; // ((height + 1) / 2, (width + 1) / 2)
    ptrdiff_t stride[3];  // bytes from row to row of y, u, v
    bool full;            // 0…255; otherwise 16…235 and 16…240
    bool hd;              // BT.709; otherwise BT.601
    bool centred;         // chroma lies between pixels (JPEG); otherwise with each second (MPEG)
};
// dst: RGB8 of the planes' size, at most 16384 pixels wide. Within one level of exact arithmetic.
void mien_planes_to_rgb(const struct mien_planes *p, struct mien_image *dst);

#endif

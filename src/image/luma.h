// How bright a colour is.
//
// Does not: convert pictures (image/image.h) or know gamma: who has sRGB wants luma, who has linear
// light luminance.
#ifndef MIEN_IMAGE_LUMA_H
#define MIEN_IMAGE_LUMA_H

// Of sRGB values: ITU-R BT.601.
static inline float mien_luma(float r, float g, float b)
{
    return 0.299f * r + 0.587f * g + 0.114f * b;
}

// The same in whole numbers: 256 times the luma (77, 150 and 29 sum to 256).
static inline int mien_luma_256(int r, int g, int b)
{
    return 77 * r + 150 * g + 29 * b;
}

// Of linear light: ITU-R BT.709.
static inline float mien_luminance(float r, float g, float b)
{
    return 0.2126f * r + 0.7152f * g + 0.0722f * b;
}

#endif

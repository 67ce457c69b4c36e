// Camera pixel formats to RGB8: BT.601, limited range (16…235), in 16-bit fixed point.
//
// Rows are cut into blocks whose chroma is first widened to one value a pixel; the arithmetic loop
// then has one shape for every format and vectorises. Does not: smooth chroma between pixels.
#include "image/image.h"

#include <string.h>

#include "base/cpu.h"
#include "base/log.h"

enum { BLOCK = 128 };

static inline __attribute__((always_inline)) uint32_t clamp8(int v)
{
    return (uint32_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

// ITU-R BT.601-7: 255/219 = 1.16438, 1.59603, 0.39176, 0.81297, 2.01723 in units of 1/2^13.
// Whole pixels in 32 bits first, which vectorises; then each is stored over the last one's spare
// byte.
static inline __attribute__((always_inline)) void block_to_rgb(const uint8_t *restrict y,
                                                               const uint8_t *restrict u,
                                                               const uint8_t *restrict v,
                                                               uint8_t *restrict d, int n)
{
    uint32_t px[BLOCK];
    for (int i = 0; i < n; i++) {
        int l = 9539 * (y[i] - 16) + 4096, cb = u[i] - 128, cr = v[i] - 128;
        int r = (l + 13075 * cr) >> 13;
        int g = (l - 3209 * cb - 6660 * cr) >> 13;
        int b = (l + 16525 * cb) >> 13;
        px[i] = clamp8(r) | clamp8(g) << 8 | clamp8(b) << 16;
    }
    for (int i = 0; i < n - 1; i++) {
        memcpy(d + 3 * i, &px[i], 4);
    }
    memcpy(d + 3 * (n - 1), &px[n - 1], 3);
}

MIEN_MULTIVERSION
static void yuyv_row(const uint8_t *restrict s, uint8_t *restrict d, int width)
{
    uint8_t y[BLOCK], u[BLOCK], v[BLOCK];
    for (int x = 0; x < width; x += BLOCK, s += 2 * BLOCK, d += 3 * BLOCK) {
        int n = width - x < BLOCK ? width - x : BLOCK;
        for (int i = 0; i < n / 2; i++) {
            y[2 * i] = s[4 * i];
            y[2 * i + 1] = s[4 * i + 2];
            u[2 * i] = u[2 * i + 1] = s[4 * i + 1];
            v[2 * i] = v[2 * i + 1] = s[4 * i + 3];
        }
        block_to_rgb(y, u, v, d, n);
    }
}

// step 2: chroma interleaved in cb (U, V, U, V…), cr = cb + 1; step 1: two planes.
MIEN_MULTIVERSION
static void planar_row(const uint8_t *restrict s, const uint8_t *restrict cb,
                       const uint8_t *restrict cr, int step, uint8_t *restrict d, int width)
{
    uint8_t u[BLOCK], v[BLOCK];
    for (int x = 0; x < width; x += BLOCK, s += BLOCK, d += 3 * BLOCK) {
        int n = width - x < BLOCK ? width - x : BLOCK;
        for (int i = 0; i < n / 2; i++) {
            u[2 * i] = u[2 * i + 1] = cb[i * step];
            v[2 * i] = v[2 * i + 1] = cr[i * step];
        }
        block_to_rgb(s, u, v, d, n);
        cb += step * BLOCK / 2;
        cr += step * BLOCK / 2;
    }
}

static bool is_usable(const struct mien_image *dst, size_t stride, size_t min_stride)
{
    return dst->format == MIEN_FORMAT_RGB8 && dst->width > 0 && dst->height > 0 &&
           dst->width % 2 == 0 && stride >= min_stride;
}

bool mien_yuyv_to_rgb(const uint8_t *src, size_t stride, size_t size, struct mien_image *dst)
{
    size_t w = (size_t)dst->width, h = (size_t)dst->height;
    if (!is_usable(dst, stride, 2 * w) || size < stride * (h - 1) + 2 * w) {
        return false;
    }
    for (size_t y = 0; y < h; y++) {
        yuyv_row(src + y * stride, dst->data + y * dst->stride, dst->width);
    }
    return true;
}

bool mien_nv12_to_rgb(const uint8_t *src, size_t stride, size_t size, struct mien_image *dst)
{
    size_t w = (size_t)dst->width, h = (size_t)dst->height, ch = (h + 1) / 2;
    if (!is_usable(dst, stride, w) || size < stride * (h + ch - 1) + w) {
        return false;
    }
    for (size_t y = 0; y < h; y++) {
        const uint8_t *c = src + stride * (h + y / 2);
        planar_row(src + y * stride, c, c + 1, 2, dst->data + y * dst->stride, dst->width);
    }
    return true;
}

bool mien_i420_to_rgb(const uint8_t *src, size_t stride, size_t size, struct mien_image *dst)
{
    size_t w = (size_t)dst->width, h = (size_t)dst->height, ch = (h + 1) / 2, half = stride / 2;
    if (!is_usable(dst, stride, w) || stride % 2 ||
        size < stride * h + half * (2 * ch - 1) + w / 2) {
        return false;
    }
    const uint8_t *u = src + stride * h, *v = u + half * ch;
    for (size_t y = 0; y < h; y++) {
        planar_row(src + y * stride, u + half * (y / 2), v + half * (y / 2), 1,
                   dst->data + y * dst->stride, dst->width);
    }
    return true;
}

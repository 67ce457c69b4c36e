// 16-bit fixed point, a block of a row at a time; see planes.h.
//
// Chroma is kept in sixteenths of a level (weights 3:1 down, and 3:1 or 1:1 across), colours in
// 1/32 of one. Blocks are interleaved by byte shuffles.
#include "image/planes.h"

#include <string.h>

#include "base/cpu.h"
#include "base/log.h"

enum { BLOCK = 128, HALF = BLOCK / 2 };

struct factors { // products by 2^15
    int16_t black, luma, red, green_u, green_v, blue;
};

// ITU-R BT.601-7 and BT.709-6. Luma comes in by 2^7 and leaves by 2^5; chroma comes in by 2^8.
static struct factors factors_of(bool full, bool hd)
{
    const double kr = hd ? 0.2126 : 0.299, kb = hd ? 0.0722 : 0.114, kg = 1 - kr - kb;
    const double luma = full ? 1 : 255.0 / 219, chroma = full ? 1 : 255.0 / 224;
    const double one = 4096 * chroma; // 2^15 2^5 / 2^8
    return (struct factors){.black = full ? 0 : 16,
                            .luma = (int16_t)(8192 * luma + 0.5),
                            .red = (int16_t)(one * 2 * (1 - kr) + 0.5),
                            .green_u = (int16_t)(one * 2 * (1 - kb) * kb / kg + 0.5),
                            .green_v = (int16_t)(one * 2 * (1 - kr) * kr / kg + 0.5),
                            .blue = (int16_t)(one * 2 * (1 - kb) + 0.5)};
}

static inline __attribute__((always_inline)) int16_t product(int16_t a, int16_t b) // pmulhrsw
{
    return (int16_t)((((a * b) >> 14) + 1) >> 1);
}

static inline __attribute__((always_inline)) uint8_t level(int16_t v)
{
    v = (int16_t)((int16_t)(v + 16) >> 5);
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

typedef uint8_t bytes __attribute__((vector_size(16)));

// 16 pixels: three planes to RGB triples.
static inline __attribute__((always_inline)) void interleave(const uint8_t *r, const uint8_t *g,
                                                             const uint8_t *b, uint8_t *out)
{
    static const bytes rg[3] = {{0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5},
                                {21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26},
                                {0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0}};
    static const bytes with_b[3] = {{0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15},
                                    {0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15},
                                    {26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31}};
    bytes R, G, B;
    memcpy(&R, r, 16);
    memcpy(&G, g, 16);
    memcpy(&B, b, 16);
    for (int i = 0; i < 3; i++) {
        const bytes two = __builtin_shuffle(R, G, rg[i]);
        const bytes three = __builtin_shuffle(two, B, with_b[i]);
        memcpy(out + 16 * i, &three, 16);
    }
}

// One row of chroma between two, three parts of the near and one of the far: quarters of a level
// less 128, columns first - 1 … first + n, the outermost repeated.
static inline __attribute__((always_inline)) void blend(const uint8_t *restrict near_row,
                                                        const uint8_t *restrict far_row, int first,
                                                        int n, int width, int16_t *restrict out)
{
    const uint8_t *a = near_row + first, *b = far_row + first;
    const int inside = width - first < n + 1 ? width - first : n + 1;
    for (int i = 0; i < inside; i++) {
        out[i + 1] = (int16_t)(3 * a[i] + b[i] - 512);
    }
    for (int i = inside; i < n + 1; i++) {
        out[i + 1] = out[inside];
    }
    out[0] = first > 0 ? (int16_t)(3 * a[-1] + b[-1] - 512) : out[1];
}

// To one value a pixel, by 2^8 of a level.
static inline __attribute__((always_inline)) void widen(const int16_t *restrict c, bool centred,
                                                        int n, int16_t *restrict out)
{
    if (centred) {
        for (int i = 0; i < n; i++) {
            out[2 * i] = (int16_t)((3 * c[i + 1] + c[i]) * 16);
            out[2 * i + 1] = (int16_t)((3 * c[i + 1] + c[i + 2]) * 16);
        }
    } else {
        for (int i = 0; i < n; i++) {
            out[2 * i] = (int16_t)(c[i + 1] * 64);
            out[2 * i + 1] = (int16_t)((c[i + 1] + c[i + 2]) * 32);
        }
    }
}

MIEN_MULTIVERSION
static void convert_row(const struct mien_planes *p, const struct factors *k, int row,
                        uint8_t *restrict out)
{
    const int cw = (p->width + 1) / 2, ch = (p->height + 1) / 2, near_row = row / 2;
    const int far_at = near_row + (row % 2 ? 1 : -1);
    const int far_row = far_at < 0 ? 0 : far_at >= ch ? ch - 1 : far_at;
    const uint8_t *luma = p->y + row * p->stride[0];
    const uint8_t *u[2] = {p->u + near_row * p->stride[1], p->u + far_row * p->stride[1]};
    const uint8_t *v[2] = {p->v + near_row * p->stride[2], p->v + far_row * p->stride[2]};
    for (int x = 0; x < p->width; x += BLOCK) {
        const int n = p->width - x < BLOCK ? p->width - x : BLOCK;
        int16_t cb[HALF + 2], cr[HALF + 2], U[BLOCK], V[BLOCK];
        uint8_t Y[BLOCK], r[BLOCK], g[BLOCK], b[BLOCK];
        blend(u[0], u[1], x / 2, HALF, cw, cb);
        blend(v[0], v[1], x / 2, HALF, cw, cr);
        widen(cb, p->centred, HALF, U);
        widen(cr, p->centred, HALF, V);
        if (n < BLOCK) {
            memset(Y, 0, sizeof(Y));
        }
        memcpy(Y, luma + x, (size_t)n);
        for (int i = 0; i < BLOCK; i++) {
            const int16_t l = product((int16_t)((Y[i] - k->black) * 128), k->luma);
            r[i] = level((int16_t)(l + product(V[i], k->red)));
            g[i] = level((int16_t)(l - product(U[i], k->green_u) - product(V[i], k->green_v)));
            b[i] = level((int16_t)(l + product(U[i], k->blue)));
        }
        uint8_t *d = out + 3 * x;
        int i = 0;
        for (; i + 16 <= n; i += 16) {
            interleave(r + i, g + i, b + i, d + 3 * i);
        }
        if (i < n) {
            uint8_t last[48];
            interleave(r + i, g + i, b + i, last);
            memcpy(d + 3 * i, last, 3 * (size_t)(n - i));
        }
    }
}

void mien_planes_to_rgb(const struct mien_planes *p, struct mien_image *dst)
{
    MIEN_ASSERT(dst->format == MIEN_FORMAT_RGB8 && dst->width == p->width &&
                dst->height == p->height);
    const struct factors k = factors_of(p->full, p->hd);
    for (int y = 0; y < p->height; y++) {
        convert_row(p, &k, y, dst->data + (size_t)y * dst->stride);
    }
}

// Owned pictures, views and the cheap per-pixel changes. Does not: resample, read files.
#include "image/image.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"

int mien_format_channels(enum mien_format f)
{
    switch (f) {
    case MIEN_FORMAT_GRAY8:
        return 1;
    case MIEN_FORMAT_RGB8:
        return 3;
    case MIEN_FORMAT_RGBA8:
        return 4;
    default:
        return 0;
    }
}

// libswscale reads whole vectors, a few bytes past the last row.
enum { SLACK = 32 };

// They are nobody else's.
static void guard_slack(uint8_t *slack)
{
#ifdef __SANITIZE_ADDRESS__
    void __asan_poison_memory_region(void const volatile *at, size_t size);
    __asan_poison_memory_region(slack, SLACK);
#endif
}

// Its pixels are what `take` gives (mien_alloc, mien_reserve).
static bool make(struct mien_image *im, int width, int height, enum mien_format f,
                 void *(*take)(size_t count, size_t size))
{
    *im = (struct mien_image){0};
    int channels = mien_format_channels(f);
    if (width < 1 || height < 1 || width > MIEN_IMAGE_MAX_SIDE_PX ||
        height > MIEN_IMAGE_MAX_SIDE_PX || !channels) {
        mien_error("a picture of %d x %d pixels cannot be made: sides must be 1 to %d", width,
                   height, MIEN_IMAGE_MAX_SIDE_PX);
        return false;
    }
    size_t stride = (size_t)width * (size_t)channels;
    uint8_t *data = take((size_t)height * stride + SLACK, 1);
    if (!data) {
        return false;
    }
    guard_slack(data + (size_t)height * stride);
    *im = (struct mien_image){data, width, height, stride, f, true};
    return true;
}

bool mien_image_reserve(struct mien_image *im, int width, int height, enum mien_format f)
{
    return make(im, width, height, f, mien_reserve);
}

bool mien_image_create(struct mien_image *im, int width, int height, enum mien_format f)
{
    bool ok = make(im, width, height, f, mien_alloc);
    if (ok) {
        memset(im->data, 0, (size_t)height * im->stride);
    }
    return ok;
}

void mien_image_destroy(struct mien_image *im)
{
    if (im->owned) {
        mien_free(im->data);
    }
    *im = (struct mien_image){0};
}

bool mien_image_copy(struct mien_image *dst, const struct mien_image *src)
{
    if (!mien_image_create(dst, src->width, src->height, src->format)) {
        return false;
    }
    for (int y = 0; y < src->height; y++) {
        memcpy(dst->data + (size_t)y * dst->stride, src->data + (size_t)y * src->stride,
               dst->stride);
    }
    return true;
}

// BT.601 luma in 16 bits: 0.299, 0.587, 0.114.
MIEN_MULTIVERSION
static void gray_row(const uint8_t *restrict s, uint8_t *restrict d, int n, int channels)
{
    if (channels == 3) {
        for (int i = 0; i < n; i++) {
            int v = 19595 * s[3 * i] + 38470 * s[3 * i + 1] + 7471 * s[3 * i + 2];
            d[i] = (uint8_t)((v + 32768) >> 16);
        }
    } else {
        for (int i = 0; i < n; i++) {
            int v = 19595 * s[4 * i] + 38470 * s[4 * i + 1] + 7471 * s[4 * i + 2];
            d[i] = (uint8_t)((v + 32768) >> 16);
        }
    }
}

void mien_rgb_to_gray(const struct mien_image *src, struct mien_image *dst)
{
    int channels = mien_format_channels(src->format);
    MIEN_ASSERT(channels >= 3 && dst->format == MIEN_FORMAT_GRAY8 && src->width == dst->width &&
                src->height == dst->height);
    for (int y = 0; y < src->height; y++) {
        gray_row(src->data + (size_t)y * src->stride, dst->data + (size_t)y * dst->stride,
                 src->width, channels);
    }
}

void mien_gray_to_rgb(const struct mien_image *src, struct mien_image *dst)
{
    MIEN_ASSERT(src->format == MIEN_FORMAT_GRAY8 && dst->format == MIEN_FORMAT_RGB8 &&
                src->width == dst->width && src->height == dst->height);
    for (int y = 0; y < src->height; y++) {
        const uint8_t *s = src->data + (size_t)y * src->stride;
        uint8_t *d = dst->data + (size_t)y * dst->stride;
        for (int x = 0; x < src->width; x++) {
            d[3 * x] = d[3 * x + 1] = d[3 * x + 2] = s[x];
        }
    }
}

void mien_flip_horizontal(struct mien_image *im)
{
    int ch = mien_format_channels(im->format);
    for (int y = 0; y < im->height; y++) {
        uint8_t *a = im->data + (size_t)y * im->stride;
        uint8_t *b = a + (size_t)(im->width - 1) * (size_t)ch;
        for (; a < b; a += ch, b -= ch) {
            for (int c = 0; c < ch; c++) {
                uint8_t t = a[c];
                a[c] = b[c];
                b[c] = t;
            }
        }
    }
}

bool mien_affine_invert(const struct mien_affine *a, struct mien_affine *out)
{
    const float *m = a->m;
    double det = (double)m[0] * m[4] - (double)m[1] * m[3];
    if (!isfinite(det) || fabs(det) < 1e-12) {
        return false;
    }
    double i0 = m[4] / det, i1 = -m[1] / det, i3 = -m[3] / det, i4 = m[0] / det;
    *out = (struct mien_affine){{(float)i0, (float)i1, (float)(-i0 * m[2] - i1 * m[5]), (float)i3,
                                 (float)i4, (float)(-i3 * m[2] - i4 * m[5])}};
    return true;
}

void mien_affine_apply(const struct mien_affine *a, float x, float y, float *ox, float *oy)
{
    float sx = a->m[0] * x + a->m[1] * y + a->m[2];
    float sy = a->m[3] * x + a->m[4] * y + a->m[5];
    *ox = sx;
    *oy = sy;
}

struct mien_affine mien_affine_crop(float cx, float cy, float side, float roll_rad, int size,
                                    bool flip)
{
    // With y down, a clockwise turn by roll takes the x axis to (cos, sin) and the y axis to
    // (-sin, cos). The crop's centre is the pixel coordinate (size-1)/2.
    float s = side / (float)size;
    float ax = s * cosf(roll_rad), ay = s * sinf(roll_rad);
    float half = 0.5f * (float)(size - 1);
    struct mien_affine a = {{ax, -ay, 0, ay, ax, 0}};
    if (flip) {
        a.m[0] = -ax;
        a.m[3] = -ay;
    }
    a.m[2] = cx - (a.m[0] + a.m[1]) * half;
    a.m[5] = cy - (a.m[3] + a.m[4]) * half;
    return a;
}

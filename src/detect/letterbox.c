// Letterbox into a grey float plane. See letterbox.h.
#include "detect/letterbox.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/log.h"
#include "image/luma.h"

enum { INPUT_W_MAX = 1024 };

struct mien_letterbox mien_letterbox_fit(int width, int height, int input_w, int input_h)
{
    struct mien_letterbox l;
    l.scale = fminf((float)input_w / (float)width, (float)input_h / (float)height);
    float w = (float)width * l.scale, h = (float)height * l.scale;
    l.x0 = (int)floorf(((float)input_w - w) * 0.5f + 0.5f);
    l.y0 = (int)floorf(((float)input_h - h) * 0.5f + 0.5f);
    l.x_px = (float)l.x0;
    l.y_px = (float)l.y0;
    l.x1 = l.x0 + (int)floorf(w + 0.5f);
    l.y1 = l.y0 + (int)floorf(h + 0.5f);
    l.x0 = l.x0 < 0 ? 0 : l.x0;
    l.y0 = l.y0 < 0 ? 0 : l.y0;
    l.x1 = l.x1 > input_w ? input_w : l.x1 <= l.x0 ? l.x0 + 1 : l.x1;
    l.y1 = l.y1 > input_h ? input_h : l.y1 <= l.y0 ? l.y0 + 1 : l.y1;
    return l;
}

void mien_letterbox_to_picture(const struct mien_letterbox *l, float x, float y, float *px,
                               float *py)
{
    *px = (x + 0.5f - l->x_px) / l->scale - 0.5f;
    *py = (y + 0.5f - l->y_px) / l->scale - 0.5f;
}

void mien_letterbox_to_input(const struct mien_letterbox *l, float px, float py, float *x, float *y)
{
    *x = (px + 0.5f) * l->scale + l->x_px - 0.5f;
    *y = (py + 0.5f) * l->scale + l->y_px - 0.5f;
}

static inline float gray(const uint8_t *p, int channels)
{
    return channels == 1 ? (float)p[0] : mien_luma(p[0], p[1], p[2]);
}

static float gray_at(const struct mien_image *im, int channels, int x, int y)
{
    x = x < 0 ? 0 : x >= im->width ? im->width - 1 : x;
    y = y < 0 ? 0 : y >= im->height ? im->height - 1 : y;
    return gray(im->data + (size_t)y * im->stride + (size_t)x * (size_t)channels, channels);
}

// 2x2 means of whole rows: the usual 640x480 frame.
MIEN_MULTIVERSION
static void half_row(const uint8_t *restrict a, const uint8_t *restrict b, int channels, int n,
                     float mean, float scale, float *restrict out)
{
    if (channels == 3) {
        for (int x = 0; x < n; x++) {
            const uint8_t *p = a + 6 * x, *q = b + 6 * x;
            int r = p[0] + p[3] + q[0] + q[3];
            int g = p[1] + p[4] + q[1] + q[4];
            int c = p[2] + p[5] + q[2] + q[5];
            out[x] = ((float)mien_luma_256(r, g, c) * (1 / 1024.0f) - mean) * scale;
        }
    } else if (channels == 1) {
        for (int x = 0; x < n; x++) {
            int v = a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1];
            out[x] = ((float)v * 0.25f - mean) * scale;
        }
    } else {
        for (int x = 0; x < n; x++) {
            const uint8_t *p = a + 8 * x, *q = b + 8 * x;
            int r = p[0] + p[4] + q[0] + q[4];
            int g = p[1] + p[5] + q[1] + q[5];
            int c = p[2] + p[6] + q[2] + q[6];
            out[x] = ((float)mien_luma_256(r, g, c) * (1 / 1024.0f) - mean) * scale;
        }
    }
}

// Adds one source row, weighted, to the sums of the destination's columns.
static void add_row(const uint8_t *row, int channels, int width, const struct mien_letterbox *l,
                    float weight, float *sum)
{
    float step = 1 / l->scale;
    for (int x = l->x0; x < l->x1; x++) {
        float a = ((float)x - l->x_px) * step, b = a + step;
        a = a < 0 ? 0 : a;
        b = b > (float)width ? (float)width : b;
        int i0 = (int)a, i1 = (int)b;
        i0 = i0 >= width ? width - 1 : i0;
        float v = 0, total = 0;
        for (int i = i0; i <= i1 && i < width; i++) {
            float w = fminf(b, (float)i + 1) - fmaxf(a, (float)i);
            if (w > 0) {
                v += w * gray(row + (size_t)i * (size_t)channels, channels);
                total += w;
            }
        }
        sum[x] +=
            weight * (total > 0 ? v / total : gray(row + (size_t)i0 * (size_t)channels, channels));
    }
}

static void shrink(const struct mien_letterbox *l, const struct mien_image *im, int channels,
                   int input_w, float mean, float scale, float *plane)
{
    float sum[INPUT_W_MAX];
    float step = 1 / l->scale;
    // Very large pictures: rows and columns beyond some sixteen a destination pixel add nothing.
    int skip = step > 16 ? (int)(step / 8) : 1;
    for (int y = l->y0; y < l->y1; y++) {
        float a = ((float)y - l->y_px) * step, b = a + step, total = 0;
        a = a < 0 ? 0 : a;
        b = b > (float)im->height ? (float)im->height : b;
        memset(sum, 0, sizeof(sum));
        int j0 = (int)a >= im->height ? im->height - 1 : (int)a;
        for (int j = j0; j < im->height && (float)j < b; j += skip) {
            float w = skip > 1 ? 1 : fminf(b, (float)j + 1) - fmaxf(a, (float)j);
            add_row(im->data + (size_t)j * im->stride, channels, im->width, l, w, sum);
            total += w;
        }
        if (!(total > 0)) {
            add_row(im->data + (size_t)j0 * im->stride, channels, im->width, l, 1, sum);
            total = 1;
        }
        float *out = plane + (size_t)y * (size_t)input_w;
        for (int x = l->x0; x < l->x1; x++) {
            out[x] = (sum[x] / total - mean) * scale;
        }
    }
}

static void enlarge(const struct mien_letterbox *l, const struct mien_image *im, int channels,
                    int input_w, float mean, float scale, float *plane)
{
    for (int y = l->y0; y < l->y1; y++) {
        float *out = plane + (size_t)y * (size_t)input_w;
        for (int x = l->x0; x < l->x1; x++) {
            float sx, sy;
            mien_letterbox_to_picture(l, (float)x, (float)y, &sx, &sy);
            int i = (int)floorf(sx), j = (int)floorf(sy);
            float fx = sx - (float)i, fy = sy - (float)j;
            float top =
                gray_at(im, channels, i, j) * (1 - fx) + gray_at(im, channels, i + 1, j) * fx;
            float low = gray_at(im, channels, i, j + 1) * (1 - fx) +
                        gray_at(im, channels, i + 1, j + 1) * fx;
            out[x] = (top * (1 - fy) + low * fy - mean) * scale;
        }
    }
}

void mien_letterbox_gray(const struct mien_letterbox *l, const struct mien_image *im, int input_w,
                         int input_h, float mean, float scale, float *plane)
{
    int channels = mien_format_channels(im->format);
    MIEN_ASSERT(input_w <= INPUT_W_MAX && channels > 0);
    bool bars = l->x0 > 0 || l->y0 > 0 || l->x1 < input_w || l->y1 < input_h;
    if (bars) {
        memset(plane, 0, (size_t)input_w * (size_t)input_h * sizeof(*plane));
    }
    if (im->width == 2 * (l->x1 - l->x0) && im->height == 2 * (l->y1 - l->y0)) {
        for (int y = l->y0; y < l->y1; y++) {
            const uint8_t *row = im->data + (size_t)(2 * (y - l->y0)) * im->stride;
            half_row(row, row + im->stride, channels, l->x1 - l->x0, mean, scale,
                     plane + (size_t)y * (size_t)input_w + l->x0);
        }
    } else if (l->scale < 1) {
        shrink(l, im, channels, input_w, mean, scale, plane);
    } else {
        enlarge(l, im, channels, input_w, mean, scale, plane);
    }
}

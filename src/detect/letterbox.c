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

// Adds one source row, weighted, to the sums of its bytes.
MIEN_MULTIVERSION
static void add_row(const uint8_t *restrict row, float weight, int n, float *restrict sum)
{
    for (int i = 0; i < n; i++) {
        sum[i] += weight * (float)row[i];
    }
}

MIEN_MULTIVERSION
static void sums_to_gray(const float *restrict sum, int channels, int n, float by,
                         float *restrict out)
{
    if (channels == 1) {
        for (int i = 0; i < n; i++) {
            out[i] = by * sum[i];
        }
    } else if (channels == 3) {
        for (int i = 0; i < n; i++) {
            out[i] = by * mien_luma(sum[3 * i], sum[3 * i + 1], sum[3 * i + 2]);
        }
    } else {
        for (int i = 0; i < n; i++) {
            out[i] = by * mien_luma(sum[4 * i], sum[4 * i + 1], sum[4 * i + 2]);
        }
    }
}

// Where an input pixel's area begins and ends in a picture of `size` pixels.
static void area(float at, float step, int size, float *a, float *b)
{
    *a = fmaxf(0, at * step);
    *b = fminf((float)size, at * step + step);
}

struct strip { // columns of a picture of this width, and the input's that they become
    int width, first, end;
    int x0, x1;
};

// Means along a row of grey that begins at column s->first.
static void means_across(const struct mien_letterbox *l, const struct strip *s,
                         const float *gray_row, float mean, float scale, float *out)
{
    const float step = 1 / l->scale;
    for (int x = s->x0; x < s->x1; x++) {
        float a, b, v = 0, total = 0;
        area((float)x - l->x_px, step, s->width, &a, &b);
        const int i0 = (int)a >= s->end ? s->end - 1 : (int)a;
        for (int i = i0; i < s->end && (float)i < b; i++) {
            const float w = fminf(b, (float)i + 1) - fmaxf(a, (float)i);
            if (w > 0) {
                v += w * gray_row[i - s->first];
                total += w;
            }
        }
        out[x] = ((total > 0 ? v / total : gray_row[i0 - s->first]) - mean) * scale;
    }
}

// Down first, for all bytes of a row alike, then across: strips of columns whose sums stay near.
static void shrink(const struct mien_letterbox *l, const struct mien_image *im, int channels,
                   const struct mien_float_planes *input)
{
    enum { STRIP = 1024 };
    float sum[STRIP * 4], gray_row[STRIP];
    const float step = 1 / l->scale;
    // Very large pictures: rows beyond some sixteen a destination pixel add nothing.
    const int skip = step > 16 ? (int)(step / 8) : 1;
    const int columns = step < STRIP / 2 ? (int)((STRIP - 2) / step) : 1;
    for (int x0 = l->x0; x0 < l->x1; x0 += columns) {
        const int x1 = x0 + columns < l->x1 ? x0 + columns : l->x1;
        float left, right, unused;
        area((float)x0 - l->x_px, step, im->width, &left, &unused);
        area((float)(x1 - 1) - l->x_px, step, im->width, &unused, &right);
        const int first = (int)left < im->width ? (int)left : im->width - 1;
        int end = (int)ceilf(right) > first ? (int)ceilf(right) : first + 1;
        end = end - first > STRIP ? first + STRIP : end;
        const int n = end - first;
        const struct strip strip = {im->width, first, end, x0, x1};
        for (int y = l->y0; y < l->y1; y++) {
            float a, b, total = 0;
            area((float)y - l->y_px, step, im->height, &a, &b);
            memset(sum, 0, (size_t)(n * channels) * sizeof(*sum));
            const int j0 = (int)a >= im->height ? im->height - 1 : (int)a;
            for (int j = j0; j < im->height && ((float)j < b || j == j0); j += skip) {
                float w = skip > 1 ? 1 : fminf(b, (float)j + 1) - fmaxf(a, (float)j);
                w = w > 0 ? w : 1e-3f; // an edge that is hardly touched
                add_row(im->data + (size_t)j * im->stride + (size_t)(first * channels), w,
                        n * channels, sum);
                total += w;
            }
            sums_to_gray(sum, channels, n, 1 / total, gray_row);
            means_across(l, &strip, gray_row, input->mean, input->scale,
                         input->data + (size_t)y * (size_t)input->width);
        }
    }
}

static void enlarge(const struct mien_letterbox *l, const struct mien_image *im, int channels,
                    const struct mien_float_planes *input)
{
    for (int y = l->y0; y < l->y1; y++) {
        float *out = input->data + (size_t)y * (size_t)input->width;
        for (int x = l->x0; x < l->x1; x++) {
            float sx, sy;
            mien_letterbox_to_picture(l, (float)x, (float)y, &sx, &sy);
            int i = (int)floorf(sx), j = (int)floorf(sy);
            float fx = sx - (float)i, fy = sy - (float)j;
            float top =
                gray_at(im, channels, i, j) * (1 - fx) + gray_at(im, channels, i + 1, j) * fx;
            float low = gray_at(im, channels, i, j + 1) * (1 - fx) +
                        gray_at(im, channels, i + 1, j + 1) * fx;
            out[x] = (top * (1 - fy) + low * fy - input->mean) * input->scale;
        }
    }
}

void mien_letterbox_gray(const struct mien_letterbox *l, const struct mien_image *im,
                         const struct mien_float_planes *input)
{
    int channels = mien_format_channels(im->format);
    MIEN_ASSERT(input->width <= INPUT_W_MAX && input->channels == 1 && channels > 0);
    bool bars = l->x0 > 0 || l->y0 > 0 || l->x1 < input->width || l->y1 < input->height;
    if (bars) {
        memset(input->data, 0, (size_t)input->width * (size_t)input->height * sizeof(float));
    }
    if (im->width == 2 * (l->x1 - l->x0) && im->height == 2 * (l->y1 - l->y0)) {
        for (int y = l->y0; y < l->y1; y++) {
            const uint8_t *row = im->data + (size_t)(2 * (y - l->y0)) * im->stride;
            half_row(row, row + im->stride, channels, l->x1 - l->x0, input->mean, input->scale,
                     input->data + (size_t)y * (size_t)input->width + l->x0);
        }
    } else if (l->scale < 1) {
        shrink(l, im, channels, input);
    } else {
        enlarge(l, im, channels, input);
    }
}

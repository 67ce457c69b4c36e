// The camera: from the samples' linear light to the picture's bytes.
#include "synth/frame.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "image/luma.h"

MIEN_MULTIVERSION
static void downsample(const float *in, int sw, float *out, int width, int height)
{
    for (int y = 0; y < height; y++) {
        const float *p = in + 3 * (size_t)(2 * y) * (size_t)sw, *q = p + 3 * (size_t)sw;
        for (int x = 0; x < width; x++) {
            for (int c = 0; c < 3; c++) {
                // A highlight counts as white before averaging: edges of it stay smooth.
                float a = p[6 * x + c], b = p[6 * x + 3 + c];
                float d = q[6 * x + c], e = q[6 * x + 3 + c];
                a = a < 2 ? a : 2; // fminf would be a call
                b = b < 2 ? b : 2;
                d = d < 2 ? d : 2;
                e = e < 2 ? e : 2;
                out[3 * ((size_t)y * (size_t)width + (size_t)x) + (size_t)c] =
                    0.25f * (a + b + d + e);
            }
        }
    }
}

// Symmetric taps along an axis; the edge repeats.
MIEN_MULTIVERSION
static void filter_rows(const float *in, float *out, int width, int height, const float *tap, int n)
{
    const int row = 3 * width, from = n < width ? 3 * n : row;
    const int to = row - from > from ? row - from : from;
    for (int y = 0; y < height; y++) {
        const float *p = in + (size_t)row * (size_t)y;
        float *q = out + (size_t)row * (size_t)y;
        for (int i = 0; i < row; i = i + 1 == from ? to : i + 1) { // both ends
            float sum = 0;
            for (int k = -n; k <= n; k++) {
                int j = i / 3 + k;
                j = j < 0 ? 0 : j >= width ? width - 1 : j;
                sum += tap[k < 0 ? -k : k] * p[3 * j + i % 3];
            }
            q[i] = sum;
        }
        memset(q + from, 0, (size_t)(to - from) * sizeof *q);
        for (int k = -n; k <= n; k++) {
            const float t = tap[k < 0 ? -k : k];
            for (int i = from; i < to; i++) {
                q[i] += t * p[i + 3 * k];
            }
        }
    }
}

MIEN_MULTIVERSION
static void filter_columns(const float *in, float *out, int width, int height, const float *tap,
                           int n)
{
    size_t row = 3 * (size_t)width;
    for (int y = 0; y < height; y++) {
        float *q = out + row * (size_t)y;
        memset(q, 0, row * sizeof *q);
        for (int k = -n; k <= n; k++) {
            int j = y + k;
            j = j < 0 ? 0 : j >= height ? height - 1 : j;
            const float *p = in + row * (size_t)j, t = tap[k < 0 ? -k : k];
            for (size_t i = 0; i < row; i++) {
                q[i] += t * p[i];
            }
        }
    }
}

static void blur(struct mien_synth_renderer *r, float sigma)
{
    float tap[9], sum = 0;
    int n = (int)(sigma * 2.5f + 0.9f);
    n = n > 8 ? 8 : n;
    for (int i = 0; i <= n; i++) {
        tap[i] = expf(-(float)(i * i) / (2 * sigma * sigma));
        sum += i ? 2 * tap[i] : tap[i];
    }
    for (int i = 0; i <= n; i++) {
        tap[i] /= sum;
    }
    // r->color is free now: the samples were averaged.
    filter_rows(r->work, r->color, r->width, r->height, tap, n);
    filter_columns(r->color, r->work, r->width, r->height, tap, n);
}

// out[x] += k in[x + shift], (width,3) each; the edge repeats.
MIEN_MULTIVERSION
static void add_shifted(float *restrict out, const float *restrict in, int width, int shift,
                        float k)
{
    int from = shift < 0 ? -shift : 0, to = shift > 0 ? width - shift : width;
    from = from < width ? from : width;
    to = to > from ? to : from;
    for (int i = 0; i < 3 * from; i++) {
        out[i] += k * in[i % 3];
    }
    for (int i = 3 * from; i < 3 * to; i++) {
        out[i] += k * in[i + 3 * shift];
    }
    for (int i = 3 * to; i < 3 * width; i++) {
        out[i] += k * in[3 * (width - 1) + i % 3];
    }
}

static void blur_motion(struct mien_synth_renderer *r)
{
    const struct mien_synth_scene *s = r->s;
    int n = (int)s->motion_px + 1;
    n = n > 24 ? 24 : n;
    float dx = cosf(s->motion_angle) * s->motion_px, dy = sinf(s->motion_angle) * s->motion_px;
    memset(r->color, 0, 3 * (size_t)r->width * (size_t)r->height * sizeof *r->color);
    for (int k = 0; k < n; k++) {
        float t = n > 1 ? (float)k / (float)(n - 1) - 0.5f : 0;
        int ox = (int)lrintf(t * dx), oy = (int)lrintf(t * dy);
        for (int y = 0; y < r->height; y++) {
            int j = y + oy;
            j = j < 0 ? 0 : j >= r->height ? r->height - 1 : j;
            add_shifted(r->color + 3 * (size_t)y * (size_t)r->width,
                        r->work + 3 * (size_t)j * (size_t)r->width, r->width, ox, 1 / (float)n);
        }
    }
    memcpy(r->work, r->color, 3 * (size_t)r->width * (size_t)r->height * sizeof *r->work);
}

// A cheap bell curve: the sum of four bytes of one random word, variance 1.
static inline float bell(uint32_t h)
{
    int s = (int)(h & 255) + (int)(h >> 8 & 255) + (int)(h >> 16 & 255) + (int)(h >> 24);
    return (float)(s - 510) * (1 / 147.8f);
}

static inline uint32_t hash(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

static void make_tone(struct mien_synth_renderer *r)
{
    // Index is sqrt(light) over 0…1.6: fine steps in the dark.
    for (int i = 0; i < 4096; i++) {
        float q = (float)i / 4095, x = q * q * 2.56f;
        // A soft shoulder: 1 is reached late.
        x = x < 0.55f ? x : 0.55f + 0.45f * (1 - expf(-(x - 0.55f) / 0.45f));
        float v = powf(x, 1 / r->s->gamma);
        v = 0.5f + (v - 0.5f) * r->s->contrast;
        r->tone[i] = (uint8_t)(255 * mien_clamp01(v) + 0.5f);
    }
}

enum { CHUNK = 32 };

// Vignette, tint, saturation and noise of CHUNK pixels from (x,y) on: steps of the tone curve. Past
// the end of a row these are nobody's.
MIEN_MULTIVERSION
static void expose(const struct mien_synth_renderer *r, int x, int y, uint16_t level[3][CHUNK])
{
    const struct mien_synth_scene *s = r->s;
    const float cx = (float)r->width / 2, cy = (float)r->height / 2;
    const float fall = s->vignette / (cx * cx + cy * cy), dy = ((float)y - cy) * ((float)y - cy);
    const float tint[3] = {s->tint[0], s->tint[1], s->tint[2]};
    const float saturation = s->gray ? 0 : s->saturation, chroma = s->gray ? 0 : s->chroma_noise;
    const float grain = s->noise * 0.8f * 0.7f;
    const uint32_t at = (uint32_t)y * (uint32_t)r->width + (uint32_t)x;
    const uint32_t seed = s->noise_seed + 4 * at;
    const float *p = r->work + 3 * (size_t)at;
    float c[3][CHUNK], l[CHUNK], common[CHUNK];
    for (int i = 0; i < CHUNK; i++) {
        float dx = (float)(x + i) - cx, v = 1 - fall * (dx * dx + dy);
        c[0][i] = p[3 * i] * v * tint[0];
        c[1][i] = p[3 * i + 1] * v * tint[1];
        c[2][i] = p[3 * i + 2] * v * tint[2];
        l[i] = mien_luminance(c[0][i], c[1][i], c[2][i]);
        common[i] = bell(hash(seed + 4 * (uint32_t)i));
    }
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < CHUNK; i++) {
            float q = l[i] + (c[k][i] - l[i]) * saturation;
            q = q > 0 ? q : 0;
            float own = bell(hash(seed + 4 * (uint32_t)i + 1 + (uint32_t)k));
            // Shot noise grows with the root of the light, read noise does not.
            q += grain * (0.25f + sqrtf(q)) * (common[i] + chroma * own);
            q = q > 0 ? q : 0;
            float t = sqrtf(q * 0.390625f) * 4095;
            level[k][i] = (uint16_t)(int)(t < 4095 ? t : 4095);
        }
    }
}

void mien_synth_camera(struct mien_synth_renderer *r, struct mien_image *im)
{
    const struct mien_synth_scene *s = r->s;
    downsample(r->color, r->sw, r->work, r->width, r->height);
    float sigma = s->blur_px;
    if (s->low_resolution > 1) {
        sigma = sqrtf(sigma * sigma + 0.3f * s->low_resolution * s->low_resolution *
                                          ((float)r->width / 160) * ((float)r->width / 160));
    }
    if (s->motion_px > 1) {
        blur_motion(r);
    }
    if (sigma > 0.25f) {
        blur(r, sigma);
    }
    make_tone(r);
    for (int y = 0; y < r->height; y++) {
        for (int x = 0; x < r->width; x += CHUNK) {
            uint16_t level[3][CHUNK];
            expose(r, x, y, level);
            uint8_t *out = im->data + (size_t)y * im->stride + 3 * (size_t)x;
            int n = r->width - x < CHUNK ? r->width - x : CHUNK;
            for (int i = 0; i < n; i++) {
                for (int k = 0; k < 3; k++) {
                    out[3 * i + k] = r->tone[level[k][i]];
                }
            }
        }
    }
}

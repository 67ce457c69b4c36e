// What is behind the person, and the camera: from linear light to the picture's bytes.
#include "synth/frame.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"

static void environment_pixel(const struct mien_synth_environment *e, const float d[3], float *out)
{
    float u = atan2f(d[0], d[2]) / 6.2831853f + 0.5f;
    float v = acosf(d[1] < -1 ? -1 : d[1] > 1 ? 1 : d[1]) / 3.1415927f;
    float fx = u * (float)e->width - 0.5f, fy = v * (float)e->height - 0.5f;
    int x = (int)floorf(fx), y = (int)floorf(fy);
    fx -= (float)x;
    fy -= (float)y;
    int x0 = (x + e->width) % e->width, x1 = (x + 1) % e->width;
    int y0 = y < 0 ? 0 : y, y1 = y + 1 >= e->height ? e->height - 1 : y + 1;
    const float *p = e->pixel;
    for (int c = 0; c < 3; c++) {
        float a = p[3 * (y0 * e->width + x0) + c], b = p[3 * (y0 * e->width + x1) + c];
        float q = p[3 * (y1 * e->width + x0) + c], w = p[3 * (y1 * e->width + x1) + c];
        out[c] = (a + (b - a) * fx) * (1 - fy) + (q + (w - q) * fx) * fy;
    }
}

// Fills the samples' colours with the background, two by two alike.
void mien_synth_background(struct mien_synth_renderer *r)
{
    const struct mien_synth_scene *s = r->s;
    const struct mien_synth_assets *a = r->a;
    int kind = s->background;
    if (kind >= 0 && kind < a->backgrounds) {
        const char *why = NULL;
        if (!mien_jpeg_decode(r->jpeg, a->background[kind].data, a->background[kind].size,
                              MIEN_FORMAT_RGB8, false, &r->background, &why)) {
            kind = -2;
        }
    }
    float ev = s->exposure * s->background_gain;
    for (int y = 0; y < r->height; y++) {
        for (int x = 0; x < r->width; x++) {
            float c[3];
            if (kind >= 0) {
                const struct mien_image *b = &r->background;
                float scale = s->background_zoom * fminf((float)b->width / (float)r->width,
                                                         (float)b->height / (float)r->height);
                float ox = s->background_at[0] * ((float)b->width - scale * (float)r->width);
                float oy = s->background_at[1] * ((float)b->height - scale * (float)r->height);
                float fx = ox + scale * (float)x, fy = oy + scale * (float)y;
                int ix = (int)fx, iy = (int)fy;
                ix = ix < 0 ? 0 : ix > b->width - 2 ? b->width - 2 : ix;
                iy = iy < 0 ? 0 : iy > b->height - 2 ? b->height - 2 : iy;
                fx -= (float)ix;
                fy -= (float)iy;
                const uint8_t *p = b->data + (size_t)iy * b->stride + 3 * (size_t)ix,
                              *q = p + b->stride;
                for (int i = 0; i < 3; i++) {
                    float v = (p[i] + (p[i + 3] - p[i]) * fx) * (1 - fy) +
                              (q[i] + (q[i + 3] - q[i]) * fx) * fy;
                    c[i] = v * v * (1 / 65025.0f) * ev;
                }
            } else if (kind == -1 && s->environment >= 0) {
                float d[3] = {((float)x - r->camera.cx_px) / r->camera.f_px,
                              -((float)y - r->camera.cy_px) / r->camera.f_px, -1};
                float l = 1 / sqrtf(mien_dot(d, d)), e[3];
                for (int i = 0; i < 3; i++) {
                    d[i] *= l;
                }
                mien_mat3_mul_vec(r->to_env, d, e);
                environment_pixel(&a->environment[s->environment], e, c);
                for (int i = 0; i < 3; i++) {
                    c[i] *= 0.35f * ev;
                }
            } else {
                float t = (float)y / (float)r->height, n;
                const uint8_t *q =
                    a->noise + 4 * (((y + (int)(s->background_at[0] * 255)) & 255) * 256 +
                                    ((x + (int)(s->background_at[1] * 255)) & 255));
                n = 1 + ((float)q[0] - 128) * 0.0016f * s->background_zoom;
                for (int i = 0; i < 3; i++) {
                    c[i] = (s->background_rgb[0][i] +
                            (s->background_rgb[1][i] - s->background_rgb[0][i]) * t) *
                           n;
                }
            }
            memcpy(r->work + 3 * ((size_t)y * (size_t)r->width + (size_t)x), c, sizeof c);
        }
    }
    // Out of focus: box filters in place of a lens, running sums.
    int radius = (int)(s->background_blur * (float)r->width / 160 + 0.5f);
    for (int pass = 0; pass < (radius > 0 ? 2 : 0); pass++) {
        for (int axis = 0; axis < 2; axis++) {
            int n = axis ? r->height : r->width, lines = axis ? r->width : r->height;
            size_t step = axis ? 3 * (size_t)r->width : 3;
            for (int j = 0; j < lines; j++) {
                float *line = r->work + (axis ? 3 * (size_t)j : 3 * (size_t)j * (size_t)r->width);
                float *copy = r->color; // free until the samples are written below
                for (int i = 0; i < n; i++) {
                    memcpy(copy + 3 * i, line + step * (size_t)i, 3 * sizeof *copy);
                }
                for (int c = 0; c < 3; c++) {
                    float sum = 0;
                    for (int i = -radius; i <= radius; i++) {
                        int k = i < 0 ? 0 : i >= n ? n - 1 : i;
                        sum += copy[3 * k + c];
                    }
                    for (int i = 0; i < n; i++) {
                        line[step * (size_t)i + (size_t)c] = sum / (float)(2 * radius + 1);
                        int in = i + radius + 1, out = i - radius;
                        in = in >= n ? n - 1 : in;
                        out = out < 0 ? 0 : out;
                        sum += copy[3 * in + c] - copy[3 * out + c];
                    }
                }
            }
        }
    }
    for (int y = 0; y < r->sh; y++) {
        const float *in = r->work + 3 * (size_t)(y / MIEN_SAMPLES) * (size_t)r->width;
        float *out = r->color + 3 * (size_t)y * (size_t)r->sw;
        for (int x = 0; x < r->sw; x++) {
            memcpy(out + 3 * x, in + 3 * (x / MIEN_SAMPLES), 3 * sizeof *out);
        }
    }
}

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
    for (int y = 0; y < height; y++) {
        const float *p = in + 3 * (size_t)y * (size_t)width;
        float *q = out + 3 * (size_t)y * (size_t)width;
        for (int x = 0; x < width; x++) {
            float s[3] = {0, 0, 0};
            for (int k = -n; k <= n; k++) {
                int i = x + k;
                i = i < 0 ? 0 : i >= width ? width - 1 : i;
                for (int c = 0; c < 3; c++) {
                    s[c] += tap[k < 0 ? -k : k] * p[3 * i + c];
                }
            }
            memcpy(q + 3 * x, s, sizeof s);
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

static void motion(struct mien_synth_renderer *r)
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
            for (int x = 0; x < r->width; x++) {
                int i = x + ox;
                i = i < 0 ? 0 : i >= r->width ? r->width - 1 : i;
                for (int c = 0; c < 3; c++) {
                    r->color[3 * ((size_t)y * (size_t)r->width + (size_t)x) + (size_t)c] +=
                        r->work[3 * ((size_t)j * (size_t)r->width + (size_t)i) + (size_t)c] /
                        (float)n;
                }
            }
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
        motion(r);
    }
    if (sigma > 0.25f) {
        blur(r, sigma);
    }
    make_tone(r);
    float cx = (float)r->width / 2, cy = (float)r->height / 2, inv = 1 / (cx * cx + cy * cy);
    for (int y = 0; y < r->height; y++) {
        uint8_t *out = im->data + (size_t)y * im->stride;
        for (int x = 0; x < r->width; x++) {
            size_t i = (size_t)y * (size_t)r->width + (size_t)x;
            float *p = r->work + 3 * i;
            float dx = (float)x - cx, dy = (float)y - cy;
            float v = 1 - s->vignette * (dx * dx + dy * dy) * inv, c[3];
            for (int k = 0; k < 3; k++) {
                c[k] = p[k] * v * s->tint[k];
            }
            float l = 0.2126f * c[0] + 0.7152f * c[1] + 0.0722f * c[2];
            float common = bell(hash(s->noise_seed + 4 * (uint32_t)i));
            for (int k = 0; k < 3; k++) {
                float q = s->gray ? l : l + (c[k] - l) * s->saturation;
                q = q > 0 ? q : 0;
                float own =
                    s->gray ? 0 : bell(hash(s->noise_seed + 4 * (uint32_t)i + 1 + (uint32_t)k));
                // Shot noise grows with the root of the light, read noise does not.
                float n = s->noise * (0.25f + sqrtf(q)) * (common + s->chroma_noise * own) * 0.8f;
                q += n * 0.7f;
                int t = q > 0 ? (int)(sqrtf(q * 0.390625f) * 4095) : 0;
                out[3 * x + k] = r->tone[t > 4095 ? 4095 : t];
            }
        }
    }
}

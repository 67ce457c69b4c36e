// Photometric changes in a fixed order of random draws, so that a seed gives one picture.
#include "learn/augment.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "image/luma.h"

struct mien_augment mien_augment_default(void)
{
    return (struct mien_augment){
        .light = 0.8f,
        .side_light = 0.18f,
        .low_light = 0.07f,
        .gray = 0.2f,
        .blur = 0.12f,
        .motion = 0.1f,
        .shrink = 0.2f,
        .noise = 0.3f,
        .jpeg = 0.15f,
        .occluder = 0.15f,
        .border = 0.5f,
    };
}

bool mien_augmenter_init(struct mien_augmenter *a, int channels, int width, int height)
{
    memset(a, 0, sizeof(*a));
    a->channels = channels;
    a->width = width;
    a->height = height;
    a->plane = mien_calloc((size_t)channels * (size_t)width * (size_t)height, sizeof(float));
    a->decoder = mien_jpeg_decoder_create();
    if (!a->plane || !a->decoder || !mien_image_create(&a->byte, width, height, MIEN_FORMAT_RGB8)) {
        mien_augmenter_destroy(a);
        return false;
    }
    return true;
}

void mien_augmenter_destroy(struct mien_augmenter *a)
{
    mien_free(a->plane);
    a->plane = NULL;
    mien_image_destroy(&a->byte);
    mien_image_destroy(&a->back);
    mien_jpeg_decoder_destroy(a->decoder);
    a->decoder = NULL;
}

static inline uint32_t hash32(uint32_t h)
{
    // Finaliser of MurmurHash3 (Appleby, public domain): every input bit reaches every output bit.
    h ^= h >> 16;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    return h ^ (h >> 16);
}

MIEN_MULTIVERSION
void mien_augment_noise(float *x, size_t n, float sigma, uint32_t seed)
{
    const float k = sigma / 147.80f; // the sum of four bytes has this standard deviation
    for (size_t i = 0; i < n; i++) {
        uint32_t h = hash32((uint32_t)i * 0x9e3779b9u + seed);
        int s = (int)(h & 255) + (int)(h >> 8 & 255) + (int)(h >> 16 & 255) + (int)(h >> 24);
        x[i] += k * (float)(s - 510);
    }
}

MIEN_MULTIVERSION
static void scale_add(float *x, size_t n, float k, float b)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = x[i] * k + b;
    }
}

MIEN_MULTIVERSION
static void clamp_bytes(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float v = x[i] < 0 ? 0 : x[i];
        x[i] = v > 255 ? 255 : v;
    }
}

static void gamma_curve(float *x, size_t n, float g)
{
    float table[257];
    for (int i = 0; i <= 256; i++) {
        table[i] = 255 * powf((float)i / 256, g);
    }
    for (size_t i = 0; i < n; i++) {
        float v = x[i] * (256.0f / 255.0f);
        v = v < 0 ? 0 : v > 255.99f ? 255.99f : v;
        int j = (int)v;
        x[i] = table[j] + (v - (float)j) * (table[j + 1] - table[j]);
    }
}

// Saturation: s = 0 grey, 1 unchanged.
MIEN_MULTIVERSION
static void saturate(float *r, float *g, float *b, size_t n, float s)
{
    for (size_t i = 0; i < n; i++) {
        float y = mien_luma(r[i], g[i], b[i]);
        r[i] = y + s * (r[i] - y);
        g[i] = y + s * (g[i] - y);
        b[i] = y + s * (b[i] - y);
    }
}

// Three-tap binomial-like blur in both directions; t = weight of each neighbour (0…1/3).
MIEN_MULTIVERSION
static void blur_pass(const float *src, float *dst, int w, int h, float t)
{
    for (int y = 0; y < h; y++) {
        const float *up = src + (size_t)(y ? y - 1 : 0) * (size_t)w;
        const float *in = src + (size_t)y * (size_t)w;
        const float *dn = src + (size_t)(y < h - 1 ? y + 1 : y) * (size_t)w;
        float *out = dst + (size_t)y * (size_t)w;
        for (int x = 0; x < w; x++) {
            out[x] = (1 - 2 * t) * in[x] + t * (up[x] + dn[x]);
        }
        float left = out[0];
        for (int x = 0; x < w; x++) {
            float here = out[x], right = out[x < w - 1 ? x + 1 : x];
            out[x] = (1 - 2 * t) * here + t * (left + right);
            left = here;
        }
    }
}

static void blur(struct mien_augmenter *a, struct mien_rng *rng, float *x)
{
    size_t plane = (size_t)a->width * (size_t)a->height;
    int passes = 1 + (int)mien_rng_below(rng, 4);
    float t = mien_rng_range(rng, 0.1f, 0.3f);
    for (int c = 0; c < a->channels; c++) {
        for (int i = 0; i < passes; i++) {
            blur_pass(x + (size_t)c * plane, a->plane, a->width, a->height, t);
            memcpy(x + (size_t)c * plane, a->plane, plane * sizeof(float));
        }
    }
}

MIEN_MULTIVERSION
static void accumulate(float *dst, const float *src, int n)
{
    for (int i = 0; i < n; i++) {
        dst[i] += src[i];
    }
}

// Mean of the picture along a short line: `taps` whole-pixel steps, edges repeated.
static void motion_blur(struct mien_augmenter *a, struct mien_rng *rng, float *x)
{
    int w = a->width, h = a->height, taps = 3 + (int)mien_rng_below(rng, 6);
    float angle = mien_rng_range(rng, 0, 3.14159265f);
    float dx = cosf(angle), dy = sinf(angle);
    size_t plane = (size_t)w * (size_t)h;
    for (int c = 0; c < a->channels; c++) {
        float *p = x + (size_t)c * plane;
        memset(a->plane, 0, plane * sizeof(float));
        for (int k = 0; k < taps; k++) {
            float at = (float)k - 0.5f * (float)(taps - 1);
            int sx = (int)lrintf(at * dx), sy = (int)lrintf(at * dy);
            for (int y = 0; y < h; y++) {
                int yy = y + sy < 0 ? 0 : y + sy >= h ? h - 1 : y + sy;
                const float *src = p + (size_t)yy * (size_t)w;
                float *dst = a->plane + (size_t)y * (size_t)w;
                int x0 = sx < 0 ? -sx : 0, x1 = sx > 0 ? w - sx : w;
                for (int i = 0; i < x0; i++) {
                    dst[i] += src[0];
                }
                accumulate(dst + x0, src + x0 + sx, x1 - x0);
                for (int i = x1; i < w; i++) {
                    dst[i] += src[w - 1];
                }
            }
        }
        for (size_t i = 0; i < plane; i++) {
            p[i] = a->plane[i] / (float)taps;
        }
    }
}

// A soft shadow: one side darker, along a random direction, smooth across the crop.
static void side_light(struct mien_augmenter *a, struct mien_rng *rng, float *x)
{
    int w = a->width, h = a->height;
    float angle = mien_rng_range(rng, 0, 6.2831853f), dark = mien_rng_range(rng, 0.15f, 0.75f);
    float steep = mien_rng_range(rng, 1.0f, 5.0f), shift = mien_rng_range(rng, -0.5f, 0.5f);
    float bright = mien_rng_range(rng, 1.0f, 1.3f);
    float dx = cosf(angle) * 2 / (float)w, dy = sinf(angle) * 2 / (float)h;
    size_t plane = (size_t)w * (size_t)h;
    for (int y = 0; y < h; y++) {
        for (int i = 0; i < w; i++) {
            float u = dx * ((float)i - 0.5f * (float)w) + dy * ((float)y - 0.5f * (float)h) + shift;
            float t = steep * u;
            float k = 0.5f + 0.5f * t / (1 + fabsf(t)); // a sigmoid without exp
            float gain = dark + (bright - dark) * k;
            for (int c = 0; c < a->channels; c++) {
                x[(size_t)c * plane + (size_t)y * (size_t)w + (size_t)i] *= gain;
            }
        }
    }
}

bool mien_augment_covered(const struct mien_augmenter *a, float x, float y)
{
    for (int i = 0; i < a->occluders; i++) {
        const struct mien_occluder *o = &a->occluder[i];
        float dx = x - o->cx, dy = y - o->cy;
        float u = (o->cos_a * dx + o->sin_a * dy) / o->rx;
        float v = (o->cos_a * dy - o->sin_a * dx) / o->ry;
        if (o->ellipse ? u * u + v * v < 1 : fabsf(u) < 1 && fabsf(v) < 1) {
            return true;
        }
    }
    return false;
}

static void occlude(struct mien_augmenter *a, struct mien_rng *rng,
                    const struct mien_image *patches, size_t patch_count, float *x)
{
    int w = a->width, h = a->height;
    size_t plane = (size_t)w * (size_t)h;
    float angle = mien_rng_range(rng, 0, 3.14159265f), larger = (float)(w > h ? w : h);
    struct mien_occluder o = {
        .ellipse = mien_rng_chance(rng, 0.5f),
        .cx = mien_rng_range(rng, 0, (float)w),
        .cy = mien_rng_range(rng, 0, (float)h),
        .rx = larger * mien_rng_range(rng, 0.05f, 0.25f),
        .ry = larger * mien_rng_range(rng, 0.05f, 0.25f),
        .cos_a = cosf(angle),
        .sin_a = sinf(angle),
    };
    a->occluder[a->occluders++] = o;
    const struct mien_image *patch = NULL;
    if (patch_count && mien_rng_chance(rng, 0.6f)) {
        patch = &patches[mien_rng_below(rng, (uint32_t)patch_count)];
    }
    float colour[3], step = mien_rng_range(rng, 0.5f, 2.0f);
    for (int c = 0; c < 3; c++) {
        colour[c] = mien_rng_range(rng, 0, 255);
    }
    float grain = mien_rng_chance(rng, 0.5f) ? mien_rng_range(rng, 5, 60) : 0;
    uint32_t seed = mien_rng_u32(rng);
    int px = patch ? (int)mien_rng_below(rng, (uint32_t)patch->width) : 0;
    int py = patch ? (int)mien_rng_below(rng, (uint32_t)patch->height) : 0;
    float reach = sqrtf(o.rx * o.rx + o.ry * o.ry);
    int x0 = (int)fmaxf(0, o.cx - reach), x1 = (int)fminf((float)w, o.cx + reach + 1);
    int y0 = (int)fmaxf(0, o.cy - reach), y1 = (int)fminf((float)h, o.cy + reach + 1);
    for (int y = y0; y < y1; y++) {
        for (int i = x0; i < x1; i++) {
            float dx = (float)i - o.cx, dy = (float)y - o.cy;
            float u = (o.cos_a * dx + o.sin_a * dy) / o.rx;
            float v = (o.cos_a * dy - o.sin_a * dx) / o.ry;
            if (o.ellipse ? u * u + v * v >= 1 : fabsf(u) >= 1 || fabsf(v) >= 1) {
                continue;
            }
            size_t at = (size_t)y * (size_t)w + (size_t)i;
            const uint8_t *pixel = NULL;
            if (patch) {
                int qx = (px + (int)(step * (float)i)) % patch->width;
                int qy = (py + (int)(step * (float)y)) % patch->height;
                pixel = patch->data + (size_t)qy * patch->stride +
                        (size_t)qx * (size_t)mien_format_channels(patch->format);
            }
            float noise = grain * ((float)(hash32((uint32_t)at + seed) & 255) / 127.5f - 1);
            for (int c = 0; c < a->channels; c++) {
                int pc = patch && patch->format == MIEN_FORMAT_RGB8 ? c : 0;
                x[(size_t)c * plane + at] = pixel ? (float)pixel[pc] : colour[c] + noise;
            }
        }
    }
}

static void add_jpeg_artefacts(struct mien_augmenter *a, struct mien_rng *rng, float *x)
{
    size_t plane = (size_t)a->width * (size_t)a->height;
    int quality = 8 + (int)mien_rng_below(rng, 50);
    for (int y = 0; y < a->height; y++) {
        uint8_t *row = a->byte.data + (size_t)y * a->byte.stride;
        const float *in = x + (size_t)y * (size_t)a->width;
        for (int i = 0; i < a->width; i++) {
            for (int c = 0; c < 3; c++) {
                row[3 * i + c] =
                    (uint8_t)(in[(size_t)(a->channels == 3 ? c : 0) * plane + (size_t)i] + 0.5f);
            }
        }
    }
    void *data = NULL;
    size_t size = 0;
    if (!mien_jpeg_encode(&a->byte, quality, &data, &size)) {
        return;
    }
    bool ok = mien_jpeg_decode(a->decoder, data, size, MIEN_FORMAT_RGB8, true, &a->back, NULL);
    mien_free(data);
    if (!ok || a->back.width != a->width || a->back.height != a->height) {
        return;
    }
    for (int c = 0; c < a->channels; c++) {
        for (int y = 0; y < a->height; y++) {
            const uint8_t *row = a->back.data + (size_t)y * a->back.stride;
            float *out = x + (size_t)c * plane + (size_t)y * (size_t)a->width;
            for (int i = 0; i < a->width; i++) {
                out[i] = (float)row[3 * i + c];
            }
        }
    }
}

void mien_augment_apply(struct mien_augmenter *a, const struct mien_augment *p,
                        struct mien_rng *rng, const struct mien_image *patches, size_t patch_count,
                        float *x)
{
    size_t plane = (size_t)a->width * (size_t)a->height, n = plane * (size_t)a->channels;
    bool colour = a->channels == 3;
    a->occluders = 0;
    while (a->occluders < MIEN_OCCLUDERS_MAX && mien_rng_chance(rng, p->occluder)) {
        occlude(a, rng, patches, patch_count, x);
    }
    bool low = mien_rng_chance(rng, p->low_light);
    if (!low && mien_rng_chance(rng, p->side_light)) {
        side_light(a, rng, x);
    }
    if (!low && mien_rng_chance(rng, p->light)) {
        gamma_curve(x, n, expf(0.3f * mien_rng_normal(rng)));
        float contrast = expf(0.2f * mien_rng_normal(rng)), shift = 22 * mien_rng_normal(rng);
        for (int c = 0; c < a->channels; c++) {
            float k = contrast * (colour ? expf(0.08f * mien_rng_normal(rng)) : 1);
            scale_add(x + (size_t)c * plane, plane, k, 128 - 128 * k + shift);
        }
        if (colour) {
            saturate(x, x + plane, x + 2 * plane, plane, mien_rng_range(rng, 0.4f, 1.5f));
        }
    }
    float gain = low ? mien_rng_range(rng, 0.14f, 0.45f) : 1;
    if (low) {
        scale_add(x, n, gain, 0);
    }
    if (mien_rng_chance(rng, p->blur)) {
        blur(a, rng, x);
    }
    if (mien_rng_chance(rng, p->motion)) {
        motion_blur(a, rng, x);
    }
    if (low || mien_rng_chance(rng, p->noise)) {
        float sigma = low ? mien_rng_range(rng, 1, 6) : mien_rng_range(rng, 1, 12);
        mien_augment_noise(x, n, sigma, mien_rng_u32(rng));
    }
    if (low && mien_rng_chance(rng, 0.5f)) { // the camera's gain lifts picture and noise together
        scale_add(x, n, mien_rng_range(rng, 1, 0.7f / gain), 0);
    }
    if (colour && mien_rng_chance(rng, p->gray)) {
        saturate(x, x + plane, x + 2 * plane, plane, 0);
    }
    clamp_bytes(x, n);
    if (mien_rng_chance(rng, p->jpeg)) {
        add_jpeg_artefacts(a, rng, x);
    }
}

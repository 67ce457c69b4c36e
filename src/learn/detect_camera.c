// What a camera does to a training scene. See detect_camera.h.
#include "learn/detect_camera.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum { NOISE_COUNT = 1 << 16 };

int8_t *mien_detect_noise_create(void)
{
    int8_t *t = mien_calloc(NOISE_COUNT, 1);
    struct mien_rng r;
    mien_rng_seed(&r, 7, 7);
    for (int i = 0; t && i < NOISE_COUNT; i++) {
        float v = mien_rng_normal(&r) * 32;
        t[i] = (int8_t)(v < -127 ? -127 : v > 127 ? 127 : v);
    }
    return t;
}

static inline uint8_t to_byte(float v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5f);
}

static void change_tone(struct mien_detect_scene *s, struct mien_rng *rng)
{
    uint8_t lut[256];
    float gamma = expf(mien_rng_normal(rng) * 0.3f);
    float gain = mien_rng_chance(rng, 0.15f) ? mien_rng_range(rng, 0.12f, 0.5f)
                                             : mien_rng_range(rng, 0.6f, 1.25f);
    float lift = mien_rng_range(rng, -10, 25);
    for (int i = 0; i < 256; i++) {
        lut[i] = to_byte(255 * gain * powf((float)i / 255, gamma) + lift);
    }
    size_t n = (size_t)s->width * (size_t)s->height;
    for (size_t i = 0; i < n; i++) {
        s->gray[i] = lut[s->gray[i]];
    }
}

// Light falling off across the frame.
static void add_gradient(struct mien_detect_scene *s, struct mien_rng *rng)
{
    float a = mien_rng_range(rng, 0, 6.2831853f), k = mien_rng_range(rng, 0.2f, 0.8f);
    float gx = cosf(a) * k / (float)s->width * 2, gy = sinf(a) * k / (float)s->height * 2;
    for (int y = 0; y < s->height; y++) {
        uint8_t *row = s->gray + (size_t)y * (size_t)s->width;
        float g = 1 + gy * ((float)y - (float)s->height * 0.5f) - gx * (float)s->width * 0.5f;
        for (int x = 0; x < s->width; x++) {
            row[x] = to_byte((float)row[x] * fmaxf(g + gx * (float)x, 0.05f));
        }
    }
}

// Out of focus or a poor lens: shrunk and enlarged again.
static void soften(struct mien_detect_scene *s, struct mien_rng *rng)
{
    float k = mien_rng_range(rng, 1.3f, 3.2f);
    struct mien_image small = s->temp;
    small.owned = false;
    small.width = (int)((float)s->width / k);
    small.height = (int)((float)s->height / k);
    mien_resize(&s->canvas, &small);
    mien_resize(&small, &s->canvas);
}

static void blur_motion(struct mien_detect_scene *s, struct mien_rng *rng)
{
    int n = 2 + (int)mien_rng_below(rng, 5);
    bool across = mien_rng_chance(rng, 0.7f);
    memcpy(s->temp.data, s->gray, (size_t)s->width * (size_t)s->height);
    int step = across ? 1 : s->width;
    int limit_x = s->width - (across ? n : 0), limit_y = s->height - (across ? 0 : n);
    for (int y = 0; y < limit_y; y++) {
        for (int x = 0; x < limit_x; x++) {
            const uint8_t *p = s->temp.data + (size_t)y * (size_t)s->width + (size_t)x;
            int sum = 0;
            for (int k = 0; k < n; k++) {
                sum += p[k * step];
            }
            s->gray[(size_t)y * (size_t)s->width + (size_t)x] = (uint8_t)(sum / n);
        }
    }
}

static void add_grain(struct mien_detect_scene *s, struct mien_rng *rng)
{
    int amount = (int)mien_rng_range(rng, 8, 100); // standard deviation 0.25…3… grey levels x 32
    if (mien_rng_chance(rng, 0.2f)) {
        amount *= 4;
    }
    uint32_t at = mien_rng_u32(rng);
    for (int y = 0; y < s->height; y++) {
        uint8_t *row = s->gray + (size_t)y * (size_t)s->width;
        at = at * 1664525u + 1013904223u;
        uint32_t o = at >> 8;
        for (int x = 0; x < s->width; x++) {
            int v = row[x] + ((s->noise[(o + (uint32_t)x) & (NOISE_COUNT - 1)] * amount) >> 10);
            row[x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    }
}

static void compress(struct mien_detect_scene *s, struct mien_rng *rng)
{
    void *jpeg = NULL;
    size_t size = 0;
    if (!mien_jpeg_encode(&s->canvas, 12 + (int)mien_rng_below(rng, 70), &jpeg, &size)) {
        return;
    }
    if (mien_jpeg_decode(s->decoder, jpeg, size, MIEN_FORMAT_GRAY8, false, &s->decoded, NULL) &&
        s->decoded.width == s->width && s->decoded.height == s->height) {
        for (int y = 0; y < s->height; y++) {
            memcpy(s->gray + (size_t)y * (size_t)s->width,
                   s->decoded.data + (size_t)y * s->decoded.stride, (size_t)s->width);
        }
    }
    mien_free(jpeg);
}

void mien_detect_camera(struct mien_detect_scene *s, struct mien_rng *rng)
{
    if (mien_rng_chance(rng, 0.2f)) {
        add_gradient(s, rng);
    }
    if (mien_rng_chance(rng, 0.7f)) {
        change_tone(s, rng);
    }
    if (mien_rng_chance(rng, 0.25f)) {
        soften(s, rng);
    }
    if (mien_rng_chance(rng, 0.1f)) {
        blur_motion(s, rng);
    }
    if (mien_rng_chance(rng, 0.5f)) {
        add_grain(s, rng);
    }
    if (mien_rng_chance(rng, 0.2f)) {
        compress(s, rng);
    }
}

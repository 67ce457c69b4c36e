// High dynamic range to the 8 bits of ordinary pictures: PQ and HLG (ITU-R BT.2100-2), with BT.2020
// primaries, to BT.709 as a display shows it (BT.1886).
//
// A plain curve for every frame: what an ordinary picture can show stays as it is, what is brighter
// is pressed together below white. Does not: read mastering metadata, adapt to a scene.
#include "source/internal.h"

#include <math.h>

#include "base/cpu.h"
#include "base/mem.h"

enum { STEPS = 4096 };

// White of ordinary pictures within HDR, cd/m2 (ITU-R BT.2408-7, table 1), and the screen that HLG
// is graded for.
static const double white_nits = 203, screen_nits = 1000;
// Light of white = 1 above which the curve bends. Tried on the bundled clip coded as PQ and as HLG,
// its white at 100 and at 203 cd/m2: pose, smile and classes stay as in the clip itself; from 0.6
// on bright skin loses some of its smile, and higher leaves less room for what is above white.
static const float knee = 0.75f;

struct mien_tone {
    enum mien_tone_kind kind;
    float light[STEPS];  // of a code value; PQ: white = 1, HLG: scene light 0…1
    float system[STEPS]; // HLG: display light over scene light, by the square root of luminance
    uint8_t code[STEPS]; // by the square root of light 0…1
};

static double pq_nits(double v)
{
    const double m1 = 2610.0 / 16384, m2 = 2523.0 / 4096 * 128;
    const double c1 = 3424.0 / 4096, c2 = 2413.0 / 4096 * 32, c3 = 2392.0 / 4096 * 32;
    double p = pow(v, 1 / m2);
    return 10000 * pow(fmax(p - c1, 0) / (c2 - c3 * p), 1 / m1);
}

static double hlg_scene(double v)
{
    const double a = 0.17883277, b = 1 - 4 * a, c = 0.5 - a * log(4 * a);
    return v <= 0.5 ? v * v / 3 : (exp((v - c) / a) + b) / 12;
}

struct mien_tone *mien_tone_create(enum mien_tone_kind kind)
{
    struct mien_tone *t = mien_calloc(1, sizeof *t);
    if (!t) {
        return NULL;
    }
    t->kind = kind;
    for (int i = 0; i < STEPS; i++) {
        double v = (double)i / (STEPS - 1), y = fmax(v * v, 1e-6);
        t->light[i] = (float)(kind == MIEN_TONE_PQ ? pq_nits(v) / white_nits : hlg_scene(v));
        t->system[i] = (float)(screen_nits / white_nits * pow(y, 0.2));
        t->code[i] = (uint8_t)lrint(255 * pow(v * v, 1 / 2.4));
    }
    return t;
}

void mien_tone_destroy(struct mien_tone *t)
{
    mien_free(t);
}

static inline __attribute__((always_inline)) int step_of(float light)
{
    return (int)(sqrtf(light < 1 ? light : 1) * (STEPS - 1) + 0.5f);
}

static inline __attribute__((always_inline)) uint8_t code_of(const struct mien_tone *t, float light)
{
    return t->code[step_of(light > 0 ? light : 0)];
}

// BT.2020 to BT.709 primaries: ITU-R BT.2087-0. The curve is the largest channel's, so that hues
// stay: beyond the knee k + (1-k) t/(1+t), t = (m-k)/(1-k), which begins with slope 1 and ends
// at 1.
MIEN_MULTIVERSION
static void tone_row(const struct mien_tone *t, const uint16_t *restrict s, uint8_t *restrict d,
                     int width)
{
    for (int x = 0; x < width; x++, s += 3, d += 3) {
        float r = t->light[s[0] >> 4], g = t->light[s[1] >> 4], b = t->light[s[2] >> 4];
        if (t->kind == MIEN_TONE_HLG) {
            float k = t->system[step_of(0.2627f * r + 0.6780f * g + 0.0593f * b)];
            r *= k;
            g *= k;
            b *= k;
        }
        float p = 1.6605f * r - 0.5876f * g - 0.0728f * b;
        float q = -0.1246f * r + 1.1329f * g - 0.0083f * b;
        float v = -0.0182f * r - 0.1006f * g + 1.1187f * b;
        float m = p > q ? p : q;
        m = m > v ? m : v;
        if (m > knee) {
            float over = (m - knee) / (1 - knee);
            float k = (knee + (1 - knee) * over / (1 + over)) / m;
            p *= k;
            q *= k;
            v *= k;
        }
        d[0] = code_of(t, p);
        d[1] = code_of(t, q);
        d[2] = code_of(t, v);
    }
}

void mien_tone_apply(const struct mien_tone *t, const uint16_t *rgb, size_t stride,
                     struct mien_image *out)
{
    for (int y = 0; y < out->height; y++) {
        tone_row(t, (const uint16_t *)((const uint8_t *)rgb + (size_t)y * stride),
                 out->data + (size_t)y * out->stride, out->width);
    }
}

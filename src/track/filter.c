// The measured noise of each channel and the gain that follows from it.
#include "track/filter.h"

#include <math.h>

// Time constant of a group at rest, seconds at strength 1. With 0.7 s and 30 frames a second the
// noise falls to a sixth; what creeps within the noise is that much late.
static const float rest_s = 0.7f;
// The gate, in units of the noise variance: closed below, open above. The low-passed innovation of
// a still group is about 0.4; lower limits let noise through, higher ones delay slow motion.
static const float gate_closed = 1.5f, gate_open = 10.0f;
// Steps over which the noise is averaged.
enum { NOISE_STEPS = 45 };

static float smooth_step(float v, float lo, float hi)
{
    float t = (v - lo) / (hi - lo);
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return t * t * (3 - 2 * t);
}

// Variance of the newest measurements from their third difference: (1,-3,3,-1) has norm² 20.
static void measure_noise(struct mien_filter *f, const struct mien_channel *channel,
                          const int16_t *index, int n, const float *z)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        int k = index ? index[i] : i;
        const float *h = channel[k].z;
        double e = z[k] - 3.0 * h[0] + 3.0 * h[1] - h[2];
        sum += e * e;
    }
    float v = (float)(sum / (20.0 * n));
    int age = f->count - 2 < NOISE_STEPS ? f->count - 2 : NOISE_STEPS;
    // Jerks are no noise: past the first steps one frame may raise the estimate only a little.
    if (f->count > 6 && v > 3 * f->noise) {
        v = 3 * f->noise;
    }
    f->noise += (v - f->noise) / (float)age;
    if (f->noise < f->noise_min) {
        f->noise = f->noise_min;
    }
}

void mien_filter_step(struct mien_filter *f, struct mien_channel *channel, const int16_t *index,
                      int n, const float *z, float dt_s, float strength)
{
    if (n <= 0) {
        return;
    }
    if (f->noise < f->noise_min) {
        f->noise = f->noise_min;
    }
    if (f->count == 0) {
        for (int i = 0; i < n; i++) {
            int k = index ? index[i] : i;
            channel[k] = (struct mien_channel){z[k], 0, {z[k], z[k], z[k]}};
        }
        f->gain = 1;
        f->count = 1;
        return;
    }
    if (f->count >= 3) {
        measure_noise(f, channel, index, n, z);
    }
    double now = 0, low = 0;
    for (int i = 0; i < n; i++) {
        int k = index ? index[i] : i;
        float d = z[k] - channel[k].x;
        channel[k].d = 0.5f * (channel[k].d + d);
        now += (double)d * d;
        low += (double)channel[k].d * channel[k].d;
    }
    float scale = 1.0f / ((float)n * f->noise);
    float gain = 1;
    if (strength > 0) {
        float rest = 1 - expf(-dt_s / (rest_s * strength));
        float settle = f->gain / (1 + f->gain);
        float open = smooth_step((float)low * scale, gate_closed, gate_open);
        // One large jump opens at once, before its low-passed half has grown.
        float jump = smooth_step((float)now * scale, 3 * gate_closed, 3 * gate_open);
        open = open > jump ? open : jump;
        float still = settle > rest ? settle : rest;
        gain = still + (1 - still) * open;
        gain = gain < 1 ? gain : 1;
    }
    for (int i = 0; i < n; i++) {
        int k = index ? index[i] : i;
        struct mien_channel *c = &channel[k];
        c->x += gain * (z[k] - c->x);
        c->z[2] = c->z[1];
        c->z[1] = c->z[0];
        c->z[0] = z[k];
    }
    f->gain = gain;
    f->count = f->count < 1000000 ? f->count + 1 : f->count;
}

// Steps of the guided calibration: stillness, gestures by level with hysteresis, the profile.
#include "track/guide.h"

#include <math.h>
#include <string.h>

#include "base/file.h"

static const float ready_s = 3, rest_s = 2, patience_s = 8;
static const float still = 0.12f; // a face at rest wanders by less (half the width), noise included
static const float moved = 0.15f; // as in track/profile.c: less is no movement
static const float full = 0.9f;   // of what was reached is already all: a blink is short
static const float release = 0.7f;  // of the level: below, it is no longer held
static const float over = 0.5f;     // of what it reached: below, it is over
static const float enough_s = 1.2f; // seen for so long it is over, held or not
static const int middle = 5;        // frames whose median is a peak

#define BOTH(name) MIEN_BS_##name##_LEFT, MIEN_BS_##name##_RIGHT
static const struct mien_gesture gestures[MIEN_GUIDE_STEPS] = {
    {"at rest", "Look at the camera with your face at rest", {0}, 0, 0, 0, 0},
    {"eyes shut", "Shut both eyes for a second", {BOTH(EYE_BLINK)}, 2, 2, 0.25f, 0.5f},
    {"smile",
     "Smile as widely as you can",
     {BOTH(MOUTH_SMILE), BOTH(CHEEK_SQUINT)},
     4,
     2,
     0.2f,
     0.3f},
    {"mouth open", "Open your mouth wide", {MIEN_BS_JAW_OPEN}, 1, 1, 0.2f, 0.3f},
    {"pucker", "Pucker your lips as for a kiss", {MIEN_BS_MOUTH_PUCKER}, 1, 1, 0.15f, 0.3f},
    {"brows up",
     "Raise your eyebrows",
     {MIEN_BS_BROW_INNER_UP, BOTH(BROW_OUTER_UP)},
     3,
     3,
     0.15f,
     0.3f},
    {"frown", "Frown: draw your eyebrows together", {BOTH(BROW_DOWN)}, 2, 2, 0.15f, 0.3f},
    {"look left",
     "Look to your left, with your eyes alone",
     {MIEN_BS_EYE_LOOK_OUT_LEFT, MIEN_BS_EYE_LOOK_IN_RIGHT},
     2,
     2,
     0.2f,
     0.3f},
    {"look right",
     "Look to your right, with your eyes alone",
     {MIEN_BS_EYE_LOOK_IN_LEFT, MIEN_BS_EYE_LOOK_OUT_RIGHT},
     2,
     2,
     0.2f,
     0.3f},
    {"look up", "Look up, with your eyes alone", {BOTH(EYE_LOOK_UP)}, 2, 2, 0.2f, 0.3f},
    {"look down", "Look down, with your eyes alone", {BOTH(EYE_LOOK_DOWN)}, 2, 2, 0.2f, 0.3f},
};

const struct mien_gesture *mien_gesture_at(int step)
{
    return step >= 0 && step < MIEN_GUIDE_STEPS ? &gestures[step] : NULL;
}

static void begin_step(struct mien_guide *g, int step)
{
    g->stage = MIEN_GUIDE_STEP;
    g->step = step;
    g->left_s = patience_s;
    g->low = g->active = false;
    g->held_s = g->best = g->level = 0;
    g->samples = 0;
    g->sample_gap_s = 0;
}

void mien_guide_begin(struct mien_guide *g, const struct mien_profile *before)
{
    *g = (struct mien_guide){.stage = MIEN_GUIDE_READY, .left_s = ready_s};
    if (before && before->phase == MIEN_PROFILE_READY) {
        g->before = *before;
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        g->high[i] = 1;
    }
}

static void next_step(struct mien_guide *g)
{
    g->tried[g->step] = true;
    if (g->alone || g->step + 1 == MIEN_GUIDE_STEPS) {
        g->alone = false;
        g->stage = MIEN_GUIDE_REVIEW;
        g->left_s = 0;
    } else {
        begin_step(g, g->step + 1);
    }
}

// The value that half of the last n samples are below, of one channel.
static float median(const struct mien_guide *g, int channel, int n)
{
    float v[MIEN_GUIDE_SAMPLES];
    for (int i = 0; i < n; i++) {
        float x = g->sample[(g->samples - 1 - i) % MIEN_GUIDE_SAMPLES][channel];
        int k = i;
        for (; k > 0 && v[k - 1] > x; k--) {
            v[k] = v[k - 1];
        }
        v[k] = x;
    }
    return n ? v[n / 2] : 0;
}

static int held_samples(const struct mien_guide *g)
{
    return g->samples < MIEN_GUIDE_SAMPLES ? g->samples : MIEN_GUIDE_SAMPLES;
}

static void take_sample(struct mien_guide *g, const float b[MIEN_BLENDSHAPES])
{
    float *to = g->sample[g->samples++ % MIEN_GUIDE_SAMPLES];
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        to[i] = isfinite(b[i]) ? fminf(fmaxf(b[i], 0), 1) : 0;
    }
}

static void take_neutral(struct mien_guide *g)
{
    int n = held_samples(g);
    for (int i = 0; i < MIEN_BLENDSHAPES && n; i++) {
        g->neutral[i] = fminf(median(g, i, n), 0.8f);
    }
}

// Blinks, lids and the look wander at rest too: the other gestures' channels tell whether the face
// is moved.
static bool is_still(const struct mien_guide *g)
{
    int n = held_samples(g);
    for (int s = 2; s < MIEN_GUIDE_STEPS; s++) {
        const struct mien_gesture *k = &gestures[s];
        for (int c = 0; c < k->judged; c++) {
            bool look = k->channel[c] < MIEN_BS_JAW_FORWARD;
            float mid = median(g, k->channel[c], n);
            for (int i = 0; i < n && !look; i++) {
                if (fabsf(g->sample[i][k->channel[c]] - mid) > still) {
                    return false;
                }
            }
        }
    }
    return true;
}

static void rest(struct mien_guide *g, const float b[MIEN_BLENDSHAPES], float dt)
{
    // As many samples as fill the ring in the time of rest, whatever the camera's rate.
    g->sample_gap_s += dt;
    if (g->samples && g->sample_gap_s < rest_s / MIEN_GUIDE_SAMPLES) {
        g->held_s += dt;
    } else {
        take_sample(g, b);
        g->held_s += dt;
        g->sample_gap_s = 0;
    }
    if (!is_still(g)) {
        g->samples = 0;
        g->held_s = 0;
    }
    g->level = g->held_s / rest_s;
    if (g->held_s >= rest_s && g->samples >= 10) {
        take_neutral(g);
        g->seen[0] = true;
        next_step(g);
    } else if (g->left_s <= 0) {
        take_neutral(g);
        next_step(g);
    }
}

static void note_peaks(struct mien_guide *g, const struct mien_gesture *k)
{
    int n = held_samples(g) < middle ? held_samples(g) : middle;
    for (int c = 0; c < k->channels; c++) {
        g->peak[c] = fmaxf(g->peak[c], median(g, k->channel[c], n));
    }
}

static void take_range(struct mien_guide *g, const struct mien_gesture *k)
{
    for (int c = 0; c < k->channels; c++) {
        int i = k->channel[c];
        float rise = full * (g->peak[c] - g->neutral[i]);
        g->high[i] = rise < moved ? 1 : g->neutral[i] + rise;
    }
    g->seen[g->step] = true;
}

static void gesture(struct mien_guide *g, const float b[MIEN_BLENDSHAPES], float dt)
{
    const struct mien_gesture *k = &gestures[g->step];
    float sum = 0;
    for (int c = 0; c < k->judged; c++) {
        float v = isfinite(b[k->channel[c]]) ? b[k->channel[c]] : 0;
        sum += fmaxf(v - g->neutral[k->channel[c]], 0);
    }
    g->level = sum / (float)k->judged;
    if (!g->active) {
        g->low = g->low || g->level < release * k->level;
        if (g->low && g->level >= k->level) {
            g->active = true;
            g->held_s = g->best = 0;
            g->samples = 0;
            memset(g->peak, 0, sizeof(g->peak));
        } else if (g->left_s <= 0) {
            next_step(g);
            return;
        }
    }
    if (!g->active) {
        return;
    }
    g->held_s += dt;
    g->best = fmaxf(g->best, g->level);
    bool held = g->held_s >= k->hold_s;
    if (g->level < release * k->level || (held && g->level < over * g->best)) {
        g->active = false;
        if (held) {
            next_step(g);
        }
        return;
    }
    take_sample(g, b);
    if (held) {
        note_peaks(g, k);
        take_range(g, k);
    }
    if (g->held_s >= k->hold_s + enough_s) {
        next_step(g);
    }
}

void mien_guide_feed(struct mien_guide *g, int face, const float b[MIEN_BLENDSHAPES], double t)
{
    float dt = (float)fmin(fmax(t - g->last_s, 0), 0.25);
    g->last_s = t;
    if (g->stage != MIEN_GUIDE_READY && g->stage != MIEN_GUIDE_STEP) {
        g->face = face;
        return;
    }
    if (face != g->face) { // another one, or none: the step begins anew
        g->face = face;
        g->level = 0;
        if (g->stage == MIEN_GUIDE_READY) {
            g->left_s = ready_s;
        } else {
            begin_step(g, g->step);
        }
        return;
    }
    if (!face) {
        return;
    }
    g->left_s -= dt;
    if (g->stage == MIEN_GUIDE_READY) {
        if (g->left_s <= 0) {
            begin_step(g, 0);
        }
    } else if (g->step == 0) {
        rest(g, b, dt);
    } else {
        gesture(g, b, dt);
    }
}

void mien_guide_skip(struct mien_guide *g)
{
    if (g->stage == MIEN_GUIDE_READY) {
        begin_step(g, 0);
    } else if (g->stage == MIEN_GUIDE_STEP) {
        if (g->step == 0) {
            take_neutral(g);
        }
        next_step(g);
    }
}

void mien_guide_again(struct mien_guide *g, int step)
{
    if (g->stage != MIEN_GUIDE_STEP && g->stage != MIEN_GUIDE_REVIEW) {
        return;
    }
    bool review = g->stage == MIEN_GUIDE_REVIEW;
    if (step < 0) {
        step = review ? g->step : g->step > 0 ? g->step - 1 : 0;
    }
    if (step < MIEN_GUIDE_STEPS) {
        g->alone = review || g->alone;
        g->seen[step] = false;
        begin_step(g, step);
    }
}

void mien_guide_profile(const struct mien_guide *g, struct mien_profile *out)
{
    const struct mien_profile *b = &g->before;
    *out = (struct mien_profile){.phase = MIEN_PROFILE_READY};
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        bool had = b->phase == MIEN_PROFILE_READY;
        out->neutral[i] = g->seen[0] || !had ? g->neutral[i] : b->neutral[i];
        out->high[i] = had && b->high[i] - out->neutral[i] >= moved ? b->high[i] : 1;
    }
    for (int s = 1; s < MIEN_GUIDE_STEPS; s++) {
        for (int c = 0; c < gestures[s].channels && g->seen[s]; c++) {
            int i = gestures[s].channel[c];
            out->high[i] = g->high[i] - out->neutral[i] >= moved ? g->high[i] : 1;
        }
    }
}

int mien_guide_seen(const struct mien_guide *g)
{
    int n = 0;
    for (int s = 1; s < MIEN_GUIDE_STEPS; s++) {
        n += g->seen[s];
    }
    return n;
}

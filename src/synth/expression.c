// Expressions that people make, as ARKit blendshapes.
//
// Prototypes: EMFACS (Friesen and Ekman 1983) through the action units' ARKit names. Visemes: the
// fifteen classes of MPEG-4/Oculus lip sync, with weights set by eye.
#include "synth/person.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

static void raise_both(float *b, int left, int right, float v, float asymmetry)
{
    b[left] += v * (1 + asymmetry);
    b[right] += v * (1 - asymmetry);
}
#define BOTH(name, v) raise_both(b, MIEN_BS_##name##_LEFT, MIEN_BS_##name##_RIGHT, (v), asym)

void mien_synth_viseme(int k, float s, float b[MIEN_BLENDSHAPES])
{
    static const struct {
        int shape;
        float v;
    } table[MIEN_SYNTH_VISEMES][7] = {
        {{MIEN_BS_MOUTH_CLOSE, 0.02f}},
        {{MIEN_BS_MOUTH_PRESS_LEFT, .5f},
         {MIEN_BS_MOUTH_PRESS_RIGHT, .5f},
         {MIEN_BS_MOUTH_ROLL_LOWER, .35f},
         {MIEN_BS_MOUTH_ROLL_UPPER, .3f}},
        {{MIEN_BS_MOUTH_ROLL_LOWER, .6f},
         {MIEN_BS_MOUTH_UPPER_UP_LEFT, .35f},
         {MIEN_BS_MOUTH_UPPER_UP_RIGHT, .35f},
         {MIEN_BS_JAW_OPEN, .05f}},
        {{MIEN_BS_JAW_OPEN, .15f},
         {MIEN_BS_MOUTH_LOWER_DOWN_LEFT, .3f},
         {MIEN_BS_MOUTH_LOWER_DOWN_RIGHT, .3f}},
        {{MIEN_BS_JAW_OPEN, .12f},
         {MIEN_BS_MOUTH_LOWER_DOWN_LEFT, .3f},
         {MIEN_BS_MOUTH_LOWER_DOWN_RIGHT, .3f},
         {MIEN_BS_MOUTH_UPPER_UP_LEFT, .15f},
         {MIEN_BS_MOUTH_UPPER_UP_RIGHT, .15f}},
        {{MIEN_BS_JAW_OPEN, .2f},
         {MIEN_BS_MOUTH_LOWER_DOWN_LEFT, .2f},
         {MIEN_BS_MOUTH_LOWER_DOWN_RIGHT, .2f},
         {MIEN_BS_MOUTH_STRETCH_LEFT, .15f},
         {MIEN_BS_MOUTH_STRETCH_RIGHT, .15f}},
        {{MIEN_BS_MOUTH_FUNNEL, .6f}, {MIEN_BS_JAW_OPEN, .1f}, {MIEN_BS_MOUTH_PUCKER, .2f}},
        {{MIEN_BS_MOUTH_STRETCH_LEFT, .35f},
         {MIEN_BS_MOUTH_STRETCH_RIGHT, .35f},
         {MIEN_BS_MOUTH_LOWER_DOWN_LEFT, .3f},
         {MIEN_BS_MOUTH_LOWER_DOWN_RIGHT, .3f},
         {MIEN_BS_JAW_OPEN, .04f}},
        {{MIEN_BS_JAW_OPEN, .1f},
         {MIEN_BS_MOUTH_LOWER_DOWN_LEFT, .25f},
         {MIEN_BS_MOUTH_LOWER_DOWN_RIGHT, .25f}},
        {{MIEN_BS_MOUTH_FUNNEL, .4f}, {MIEN_BS_MOUTH_PUCKER, .3f}, {MIEN_BS_JAW_OPEN, .1f}},
        {{MIEN_BS_JAW_OPEN, .5f},
         {MIEN_BS_MOUTH_LOWER_DOWN_LEFT, .25f},
         {MIEN_BS_MOUTH_LOWER_DOWN_RIGHT, .25f},
         {MIEN_BS_MOUTH_UPPER_UP_LEFT, .15f},
         {MIEN_BS_MOUTH_UPPER_UP_RIGHT, .15f}},
        {{MIEN_BS_JAW_OPEN, .3f},
         {MIEN_BS_MOUTH_STRETCH_LEFT, .3f},
         {MIEN_BS_MOUTH_STRETCH_RIGHT, .3f},
         {MIEN_BS_MOUTH_LOWER_DOWN_LEFT, .25f},
         {MIEN_BS_MOUTH_LOWER_DOWN_RIGHT, .25f}},
        {{MIEN_BS_JAW_OPEN, .16f},
         {MIEN_BS_MOUTH_SMILE_LEFT, .25f},
         {MIEN_BS_MOUTH_SMILE_RIGHT, .25f},
         {MIEN_BS_MOUTH_LOWER_DOWN_LEFT, .25f},
         {MIEN_BS_MOUTH_LOWER_DOWN_RIGHT, .25f}},
        {{MIEN_BS_JAW_OPEN, .38f}, {MIEN_BS_MOUTH_FUNNEL, .55f}, {MIEN_BS_MOUTH_PUCKER, .15f}},
        {{MIEN_BS_JAW_OPEN, .14f}, {MIEN_BS_MOUTH_PUCKER, .75f}, {MIEN_BS_MOUTH_FUNNEL, .25f}},
    };
    for (int i = 0; k >= 0 && k < MIEN_SYNTH_VISEMES && i < 7; i++) {
        if (table[k][i].v > 0) {
            b[table[k][i].shape] += s * table[k][i].v;
        }
    }
}

void mien_synth_prototype(int k, float x, float b[MIEN_BLENDSHAPES], struct mien_rng *r)
{
    float asym = mien_rng_normal(r) * 0.1f;
#define U(lo, hi) (x * mien_rng_range(r, lo, hi))
    switch (k) {
    case MIEN_EXPRESSION_HAPPY: // 6 + 12, often 25, 26
        BOTH(MOUTH_SMILE, U(.6f, 1));
        BOTH(CHEEK_SQUINT, U(.3f, .9f));
        BOTH(EYE_SQUINT, U(0, .5f));
        BOTH(MOUTH_DIMPLE, U(0, .3f));
        if (mien_rng_chance(r, .6f)) {
            b[MIEN_BS_JAW_OPEN] += U(.05f, .4f);
            BOTH(MOUTH_UPPER_UP, U(.1f, .6f));
            BOTH(MOUTH_LOWER_DOWN, U(0, .5f));
        }
        break;
    case MIEN_EXPRESSION_SAD: // 1 + 4 + 15
        b[MIEN_BS_BROW_INNER_UP] += U(.5f, 1);
        BOTH(BROW_DOWN, U(.1f, .5f));
        BOTH(MOUTH_FROWN, U(.5f, 1));
        b[MIEN_BS_MOUTH_SHRUG_LOWER] += U(0, .6f);
        BOTH(EYE_SQUINT, U(0, .4f));
        BOTH(EYE_BLINK, U(0, .35f));
        break;
    case MIEN_EXPRESSION_SURPRISE: // 1 + 2 + 5 + 26
        b[MIEN_BS_BROW_INNER_UP] += U(.6f, 1);
        BOTH(BROW_OUTER_UP, U(.6f, 1));
        BOTH(EYE_WIDE, U(.4f, 1));
        b[MIEN_BS_JAW_OPEN] += U(.25f, .75f);
        b[MIEN_BS_MOUTH_FUNNEL] += U(0, .35f);
        break;
    case MIEN_EXPRESSION_FEAR: // 1 + 2 + 4 + 5 + 7 + 20 + 26
        b[MIEN_BS_BROW_INNER_UP] += U(.6f, 1);
        BOTH(BROW_OUTER_UP, U(.2f, .6f));
        BOTH(BROW_DOWN, U(.2f, .5f));
        BOTH(EYE_WIDE, U(.5f, 1));
        BOTH(MOUTH_STRETCH, U(.4f, 1));
        BOTH(MOUTH_LOWER_DOWN, U(0, .4f));
        b[MIEN_BS_JAW_OPEN] += U(.05f, .4f);
        break;
    case MIEN_EXPRESSION_DISGUST: // 9 + 15 + 16
        BOTH(NOSE_SNEER, U(.5f, 1));
        BOTH(MOUTH_UPPER_UP, U(.2f, .8f));
        BOTH(MOUTH_FROWN, U(.2f, .7f));
        BOTH(MOUTH_LOWER_DOWN, U(.1f, .5f));
        BOTH(BROW_DOWN, U(.3f, .8f));
        BOTH(EYE_SQUINT, U(.2f, .7f));
        b[MIEN_BS_MOUTH_SHRUG_UPPER] += U(0, .4f);
        break;
    case MIEN_EXPRESSION_ANGER: // 4 + 5 + 7 + 23
        BOTH(BROW_DOWN, U(.6f, 1));
        BOTH(EYE_SQUINT, U(.1f, .6f));
        BOTH(EYE_WIDE, U(0, .5f));
        BOTH(NOSE_SNEER, U(0, .6f));
        if (mien_rng_chance(r, .4f)) { // shouting
            b[MIEN_BS_JAW_OPEN] += U(.2f, .7f);
            BOTH(MOUTH_UPPER_UP, U(.2f, .7f));
            BOTH(MOUTH_LOWER_DOWN, U(.2f, .7f));
            BOTH(MOUTH_STRETCH, U(0, .4f));
        } else {
            BOTH(MOUTH_PRESS, U(.4f, 1));
            b[MIEN_BS_MOUTH_ROLL_LOWER] += U(0, .5f);
            b[MIEN_BS_MOUTH_SHRUG_LOWER] += U(0, .5f);
            BOTH(MOUTH_FROWN, U(0, .5f));
        }
        break;
    case MIEN_EXPRESSION_CONTEMPT: { // right or left 12 + 14
        int left = mien_rng_chance(r, .5f);
        b[left ? MIEN_BS_MOUTH_SMILE_LEFT : MIEN_BS_MOUTH_SMILE_RIGHT] += U(.4f, .9f);
        b[left ? MIEN_BS_MOUTH_DIMPLE_LEFT : MIEN_BS_MOUTH_DIMPLE_RIGHT] += U(.4f, 1);
        b[left ? MIEN_BS_MOUTH_LEFT : MIEN_BS_MOUTH_RIGHT] += U(0, .4f);
        BOTH(MOUTH_PRESS, U(0, .5f));
        BOTH(EYE_SQUINT, U(0, .4f));
        if (mien_rng_chance(r, .4f)) {
            b[left ? MIEN_BS_BROW_OUTER_UP_LEFT : MIEN_BS_BROW_OUTER_UP_RIGHT] += U(.2f, .7f);
        }
        break;
    }
    default:
        break;
    }
#undef U
}

static void draw_common_face(float *b, struct mien_rng *r)
{
    float asym = mien_rng_normal(r) * 0.15f;
    switch (mien_rng_below(r, 12)) {
    case 0: // laugh
        BOTH(MOUTH_SMILE, mien_rng_range(r, .6f, 1));
        b[MIEN_BS_JAW_OPEN] += mien_rng_range(r, .25f, .7f);
        BOTH(MOUTH_UPPER_UP, mien_rng_range(r, .2f, .6f));
        BOTH(MOUTH_LOWER_DOWN, mien_rng_range(r, .1f, .5f));
        BOTH(EYE_SQUINT, mien_rng_range(r, .2f, .8f));
        BOTH(CHEEK_SQUINT, mien_rng_range(r, .4f, 1));
        break;
    case 1: // wide open: yawn, shout, song
        b[MIEN_BS_JAW_OPEN] += mien_rng_range(r, .6f, 1);
        BOTH(MOUTH_STRETCH, mien_rng_range(r, 0, .4f));
        BOTH(EYE_SQUINT, mien_rng_range(r, 0, .8f));
        break;
    case 2: // kiss
        b[MIEN_BS_MOUTH_PUCKER] += mien_rng_range(r, .5f, 1);
        b[MIEN_BS_MOUTH_FUNNEL] += mien_rng_range(r, 0, .3f);
        break;
    case 3: // brows up
        b[MIEN_BS_BROW_INNER_UP] += mien_rng_range(r, .4f, 1);
        BOTH(BROW_OUTER_UP, mien_rng_range(r, .3f, 1));
        break;
    case 4: // one brow up
        b[mien_rng_chance(r, .5f) ? MIEN_BS_BROW_OUTER_UP_LEFT : MIEN_BS_BROW_OUTER_UP_RIGHT] +=
            mien_rng_range(r, .5f, 1);
        break;
    case 5: // squint into the light
        BOTH(EYE_SQUINT, mien_rng_range(r, .5f, 1));
        BOTH(CHEEK_SQUINT, mien_rng_range(r, .2f, .8f));
        BOTH(BROW_DOWN, mien_rng_range(r, .1f, .7f));
        break;
    case 6: // wink
        b[mien_rng_chance(r, .5f) ? MIEN_BS_EYE_BLINK_LEFT : MIEN_BS_EYE_BLINK_RIGHT] += 1;
        BOTH(MOUTH_SMILE, mien_rng_range(r, 0, .7f));
        break;
    case 7: // pressed or rolled lips
        BOTH(MOUTH_PRESS, mien_rng_range(r, .3f, 1));
        b[MIEN_BS_MOUTH_ROLL_LOWER] += mien_rng_range(r, 0, .8f);
        b[MIEN_BS_MOUTH_ROLL_UPPER] += mien_rng_range(r, 0, .8f);
        break;
    case 8: // mouth to one side
        b[mien_rng_chance(r, .5f) ? MIEN_BS_MOUTH_LEFT : MIEN_BS_MOUTH_RIGHT] +=
            mien_rng_range(r, .4f, 1);
        b[MIEN_BS_MOUTH_PUCKER] += mien_rng_range(r, 0, .4f);
        break;
    case 9: // jaw to one side or forward
        b[MIEN_BS_JAW_LEFT + (int)mien_rng_below(r, 2)] += mien_rng_range(r, .3f, 1);
        b[MIEN_BS_JAW_FORWARD] += mien_rng_range(r, 0, .7f);
        b[MIEN_BS_JAW_OPEN] += mien_rng_range(r, 0, .2f);
        break;
    case 10: // puffed cheeks
        b[MIEN_BS_CHEEK_PUFF] += mien_rng_range(r, .4f, 1);
        BOTH(MOUTH_PRESS, mien_rng_range(r, .2f, .7f));
        break;
    default: // doubt: chin up, corners down
        b[MIEN_BS_MOUTH_SHRUG_LOWER] += mien_rng_range(r, .3f, 1);
        b[MIEN_BS_MOUTH_SHRUG_UPPER] += mien_rng_range(r, .1f, .7f);
        BOTH(MOUTH_FROWN, mien_rng_range(r, .1f, .8f));
        BOTH(BROW_OUTER_UP, mien_rng_range(r, 0, .6f));
        break;
    }
}

// Channels by themselves, up to their full height, left and right apart as often as together: what
// prototypes and speech do not show. Look shapes follow the gaze, blinks have their own sampling.
static void draw_single_channels(float *b, struct mien_rng *r)
{
    int n = mien_rng_chance(r, .6f) ? 1 : mien_rng_chance(r, .75f) ? 2 : 3;
    for (int i = 0; i < n; i++) {
        int k = (int)mien_rng_below(r, MIEN_BLENDSHAPES - 1);
        bool look = (k >= MIEN_BS_EYE_LOOK_DOWN_LEFT && k <= MIEN_BS_EYE_LOOK_UP_LEFT) ||
                    (k >= MIEN_BS_EYE_LOOK_DOWN_RIGHT && k <= MIEN_BS_EYE_LOOK_UP_RIGHT);
        if (look || k == MIEN_BS_EYE_BLINK_LEFT || k == MIEN_BS_EYE_BLINK_RIGHT) {
            i--;
            continue;
        }
        float v = mien_rng_chance(r, .4f) ? mien_rng_range(r, .85f, 1) : mien_rng_range(r, .25f, 1);
        b[k] += v;
        if (mien_blendshape_mirror(k) != k && mien_rng_chance(r, .4f)) {
            b[mien_blendshape_mirror(k)] += v;
        }
        // Lips closed over a lowered jaw are what mouthClose means.
        b[MIEN_BS_JAW_OPEN] += k == MIEN_BS_MOUTH_CLOSE && mien_rng_chance(r, .5f) ? v : 0;
    }
}

// Lids: shut, half shut, one by itself (with what a winking cheek does).
static void sample_lids(float *b, struct mien_rng *r)
{
    float kind = mien_rng_float(r), asym = mien_rng_normal(r) * 0.06f;
    if (kind < .11f) {
        b[MIEN_BS_EYE_BLINK_LEFT] = mien_rng_range(r, .94f, 1);
        b[MIEN_BS_EYE_BLINK_RIGHT] = mien_rng_range(r, .94f, 1);
    } else if (kind < .25f) {
        BOTH(EYE_BLINK, mien_rng_range(r, .1f, .95f));
    } else if (kind < .32f) { // a wink
        bool left = mien_rng_chance(r, .5f);
        b[left ? MIEN_BS_EYE_BLINK_LEFT : MIEN_BS_EYE_BLINK_RIGHT] = mien_rng_range(r, .85f, 1);
        b[left ? MIEN_BS_EYE_BLINK_RIGHT : MIEN_BS_EYE_BLINK_LEFT] =
            mien_rng_chance(r, .5f) ? mien_rng_range(r, 0, .3f) : 0;
        if (mien_rng_chance(r, .6f)) {
            b[left ? MIEN_BS_CHEEK_SQUINT_LEFT : MIEN_BS_CHEEK_SQUINT_RIGHT] +=
                mien_rng_range(r, .2f, 1);
            b[left ? MIEN_BS_MOUTH_SMILE_LEFT : MIEN_BS_MOUTH_SMILE_RIGHT] +=
                mien_rng_range(r, 0, .7f);
            b[left ? MIEN_BS_BROW_DOWN_LEFT : MIEN_BS_BROW_DOWN_RIGHT] += mien_rng_range(r, 0, .5f);
        }
    } else if (kind < .37f) { // each as it likes
        b[MIEN_BS_EYE_BLINK_LEFT] += mien_rng_float(r);
        b[MIEN_BS_EYE_BLINK_RIGHT] += mien_rng_float(r);
    }
}

enum { NEUTRAL, PROTOTYPE, VISEME, COMMON, LONE, ANYTHING, KINDS };

// What an expression is drawn from.
static int draw_kind(bool lively, struct mien_rng *r)
{
    static const float share[2][KINDS] = {{.13f, .30f, .15f, .13f, .23f, .06f},
                                          {.06f, .18f, .12f, .12f, .42f, .10f}};
    float u = mien_rng_float(r);
    for (int k = 0; k < KINDS - 1; k++) {
        if (u < share[lively][k]) {
            return k;
        }
        u -= share[lively][k];
    }
    return KINDS - 1;
}

bool mien_synth_expression_sample(float b[MIEN_BLENDSHAPES], float cls[MIEN_EXPRESSIONS],
                                  bool lively, struct mien_rng *r)
{
    memset(b, 0, MIEN_BLENDSHAPES * sizeof *b);
    memset(cls, 0, MIEN_EXPRESSIONS * sizeof *cls);
    const int kind = draw_kind(lively, r);
    float asym = 0;
    bool labelled = false;
    if (kind == NEUTRAL) {
        cls[MIEN_EXPRESSION_NEUTRAL] = 1;
        labelled = true;
    } else if (kind == PROTOTYPE) {
        int k = 1 + (int)mien_rng_below(r, MIEN_EXPRESSIONS - 1);
        float x = mien_rng_range(r, 0.3f, 1.0f);
        mien_synth_prototype(k, x, b, r);
        labelled = x > 0.45f;
        cls[k] = labelled;
    } else if (kind == VISEME) {
        int v = (int)mien_rng_below(r, MIEN_SYNTH_VISEMES);
        mien_synth_viseme(v, mien_rng_range(r, .4f, 1.2f), b);
        if (mien_rng_chance(r, .5f)) {
            BOTH(MOUTH_SMILE, mien_rng_range(r, 0, .6f));
        }
        if (mien_rng_chance(r, .3f)) {
            b[MIEN_BS_BROW_INNER_UP] += mien_rng_range(r, 0, .6f);
            BOTH(BROW_OUTER_UP, mien_rng_range(r, 0, .5f));
        }
    } else if (kind == COMMON) {
        draw_common_face(b, r);
        if (mien_rng_chance(r, .3f)) {
            draw_common_face(b, r);
        }
    } else if (kind == LONE) {
        draw_single_channels(b, r);
    } else {
        for (int i = 0; i < 4; i++) { // anything at all
            int k = (int)mien_rng_below(r, MIEN_BLENDSHAPES - 1);
            float v = mien_rng_range(r, .1f, .8f);
            b[k] += v;
            if (mien_rng_chance(r, .7f) && mien_blendshape_mirror(k) != k) {
                b[mien_blendshape_mirror(k)] += v * mien_rng_range(r, .7f, 1.2f);
            }
        }
    }
    // Nobody's face is quite still: a little of everything, and blinks.
    for (int i = 0; i < MIEN_BLENDSHAPES - 1; i++) {
        if (mien_rng_chance(r, .2f)) {
            b[i] += fabsf(mien_rng_normal(r)) * 0.035f;
        }
    }
    sample_lids(b, r);
    b[MIEN_BS_TONGUE_OUT] = 0;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        b[i] = b[i] < 0 ? 0 : b[i] > 1 ? 1 : b[i];
    }
    // Shut eyes do not stare; and a lower lid rises no further than to the upper one: at eyeBlink 1
    // they meet, a full squint lifts the lower one by a quarter of the way.
    for (int e = 0; e < 2; e++) {
        float blink = b[e ? MIEN_BS_EYE_BLINK_RIGHT : MIEN_BS_EYE_BLINK_LEFT];
        float *wide = &b[e ? MIEN_BS_EYE_WIDE_RIGHT : MIEN_BS_EYE_WIDE_LEFT];
        float *squint = &b[e ? MIEN_BS_EYE_SQUINT_RIGHT : MIEN_BS_EYE_SQUINT_LEFT];
        *wide *= 1 - blink;
        *squint = fminf(*squint, 4 * (1.05f - blink));
    }
    return labelled;
}

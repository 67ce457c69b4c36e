// Guided calibration: gestures are ticked by what the channels do, not by time; a blink is no shut
// eye, a twitch no smile; what is not seen keeps its range; steps are done again.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "track/guide.h"
#include "run_tests.h"

static struct mien_guide g;
static double now_s;

// So many seconds of these channels at 30 frames a second.
static void pass(const float b[MIEN_BLENDSHAPES], float seconds, int face)
{
    for (int i = 0; i < (int)lroundf(30 * seconds); i++) {
        now_s += 1 / 30.0;
        mien_guide_feed(&g, face, b, now_s);
    }
}

static void rest(float b[MIEN_BLENDSHAPES])
{
    memset(b, 0, MIEN_BLENDSHAPES * sizeof(*b));
    b[MIEN_BS_EYE_BLINK_LEFT] = b[MIEN_BS_EYE_BLINK_RIGHT] = 0.3f;
    b[MIEN_BS_MOUTH_SMILE_LEFT] = b[MIEN_BS_MOUTH_SMILE_RIGHT] = 0.1f;
}

static void raise(float b[MIEN_BLENDSHAPES], int step, float by)
{
    rest(b);
    for (int i = 0; i < mien_gesture_at(step)->channels; i++) {
        b[mien_gesture_at(step)->channel[i]] += by;
    }
}

static void until_step(int step)
{
    float b[MIEN_BLENDSHAPES];
    rest(b);
    mien_guide_begin(&g, NULL);
    pass(b, 5.3f, 1); // countdown and rest
    assert_true(g.stage == MIEN_GUIDE_STEP && g.step == 1 && g.seen[0]);
    while (g.step < step) {
        mien_guide_skip(&g);
    }
}

static void gestures_are_seen(void **state)
{
    float b[MIEN_BLENDSHAPES];
    until_step(1);
    for (int k = 1; k < MIEN_GUIDE_STEPS; k++) {
        assert_int_equal(g.step, k);
        raise(b, k, 0.5f);
        pass(b, 0.8f, 1);
        assert_true(g.seen[k]);
        assert_int_equal(g.step, k); // until it is over
        rest(b);
        pass(b, 0.2f, 1);
    }
    assert_int_equal(g.stage, MIEN_GUIDE_REVIEW);
    assert_int_equal(mien_guide_seen(&g), MIEN_GUIDE_STEPS - 1);
    struct mien_profile p;
    mien_guide_profile(&g, &p);
    assert_int_equal(p.phase, MIEN_PROFILE_READY);
    raise(b, 1, 0.5f); // shut eyes are shut altogether, with some room
    mien_profile_apply(&p, b);
    assert_float_equal(b[MIEN_BS_EYE_BLINK_LEFT], 1, 0);
    rest(b);
    mien_profile_apply(&p, b);
    assert_float_equal(b[MIEN_BS_EYE_BLINK_LEFT], 0, 1e-6);
    assert_float_equal(p.neutral[MIEN_BS_EYE_BLINK_LEFT], 0.3, 1e-5);
    assert_float_equal(p.high[MIEN_BS_EYE_BLINK_LEFT], 0.3 + 0.9 * 0.5, 1e-5);
    assert_float_equal(p.high[MIEN_BS_NOSE_SNEER_LEFT], 1, 0); // of no gesture
}

// Whatever lasts too short, is too small, or was there from the beginning.
static void others_are_not(void **state)
{
    float b[MIEN_BLENDSHAPES];
    until_step(1);
    raise(b, 1, 0.7f);
    pass(b, 0.25f, 1); // a blink
    rest(b);
    pass(b, 0.5f, 1);
    assert_true(g.step == 1 && !g.seen[1] && !g.active);
    raise(b, 1, 0.2f); // half shut
    pass(b, 8, 1);
    assert_true(g.step == 2 && !g.seen[1]); // given up
    raise(b, 2, 0.5f);
    pass(b, 0.2f, 1); // a twitch
    rest(b);
    pass(b, 0.3f, 1);
    assert_true(g.step == 2 && !g.seen[2]);
    // Trembling about the level does not break it off: it is held down to seven tenths.
    float level = mien_gesture_at(2)->level;
    for (int i = 0; i < 8; i++) {
        raise(b, 2, i % 2 ? 0.8f * level : 1.1f * level);
        pass(b, 1 / 30.0f, 1);
        assert_true(g.active);
    }
    pass(b, 0.5f, 1);
    assert_true(g.seen[2]);
    // A mouth that is open already when it is asked for does not count before it was shut.
    until_step(3);
    raise(b, 3, 0.6f);
    mien_guide_feed(&g, 1, b, now_s += 1 / 30.0);
    g.low = false; // as it is when the step begins in the midst of it
    pass(b, 1, 1);
    assert_true(g.step == 3 && !g.seen[3]);
}

static void waits_for_the_face(void **state)
{
    float b[MIEN_BLENDSHAPES];
    rest(b);
    now_s = 0;
    mien_guide_begin(&g, NULL);
    pass(b, 5, 0); // nobody
    assert_int_equal(g.stage, MIEN_GUIDE_READY);
    pass(b, 2.5f, 7);
    pass(b, 2.5f, 8); // somebody else: from the beginning
    assert_int_equal(g.stage, MIEN_GUIDE_READY);
    pass(b, 0.7f, 8);
    assert_int_equal(g.stage, MIEN_GUIDE_STEP);
    for (int i = 0; i < 20; i++) { // who talks is not at rest
        raise(b, 3, i % 2 ? 0.5f : 0);
        pass(b, 0.2f, 8);
        assert_false(g.seen[0]);
    }
    rest(b);
    pass(b, 3, 8);
    assert_true(g.seen[0] && g.step == 1);
    float left = g.left_s;
    pass(b, 4, 0); // away for a moment
    pass(b, 0.1f, 8);
    assert_true(g.step == 1 && g.left_s > left);
    now_s = 0; // a clip that begins anew
    pass(b, 0.1f, 8);
    assert_true(g.left_s > 7);
}

static void steps_are_done_again(void **state)
{
    float b[MIEN_BLENDSHAPES];
    struct mien_profile before = {.phase = MIEN_PROFILE_READY}, p;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        before.high[i] = 0.7f;
    }
    rest(b);
    mien_guide_begin(&g, &before);
    pass(b, 5.3f, 1);
    while (g.stage == MIEN_GUIDE_STEP) {
        mien_guide_skip(&g);
    }
    assert_int_equal(g.stage, MIEN_GUIDE_REVIEW);
    assert_int_equal(mien_guide_seen(&g), 0);
    mien_guide_profile(&g, &p);
    assert_float_equal(p.high[MIEN_BS_MOUTH_SMILE_LEFT], 0.7, 1e-6); // as before
    mien_guide_again(&g, 2);
    raise(b, 2, 0.4f);
    b[MIEN_BS_MOUTH_SMILE_LEFT] += 0.1f;
    pass(b, 0.1f, 1); // low first
    rest(b);
    pass(b, 0.1f, 1);
    raise(b, 2, 0.4f);
    pass(b, 2, 1);
    assert_int_equal(g.stage, MIEN_GUIDE_REVIEW); // this one alone
    assert_true(g.seen[2]);
    mien_guide_profile(&g, &p);
    assert_float_equal(p.high[MIEN_BS_MOUTH_SMILE_LEFT], 0.1 + 0.9 * 0.4, 1e-5);
    assert_float_equal(p.high[MIEN_BS_JAW_OPEN], 0.7, 1e-6);
    mien_guide_again(&g, 2);
    assert_false(g.seen[2]);
    mien_guide_skip(&g);
    mien_guide_profile(&g, &p);
    assert_float_equal(p.high[MIEN_BS_MOUTH_SMILE_LEFT], 0.7, 1e-6);
    // A single odd frame is no range, and what is not a number is nothing.
    mien_guide_again(&g, 3);
    rest(b);
    b[MIEN_BS_JAW_OPEN] = NAN;
    pass(b, 0.1f, 1);
    raise(b, 3, 0.4f);
    pass(b, 0.6f, 1);
    b[MIEN_BS_JAW_OPEN] = 1;
    pass(b, 1 / 30.0f, 1);
    b[MIEN_BS_JAW_OPEN] = 0.4f;
    pass(b, 2, 1);
    mien_guide_profile(&g, &p);
    assert_float_equal(p.high[MIEN_BS_JAW_OPEN], 0.9 * 0.4, 1e-5);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(gestures_are_seen), cmocka_unit_test(others_are_not),
          cmocka_unit_test(waits_for_the_face), cmocka_unit_test(steps_are_done_again))

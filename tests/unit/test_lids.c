// The lids' watch: blinks against each person's own open level, winks, long closures, noise.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "face/lids.h"
#include "run_tests.h"

static const float dt_s = 1.0f / 30;

struct watch {
    struct mien_lid_watch watch;
    struct mien_lids lids;
    int blinked, were_closed, shut_frames[2];
    float last_length_s;
};

static void feed(struct watch *w, float left, float right, int frames)
{
    float b[MIEN_BLENDSHAPES] = {0};
    b[MIEN_BS_EYE_BLINK_LEFT] = left;
    b[MIEN_BS_EYE_BLINK_RIGHT] = right;
    for (int i = 0; i < frames; i++) {
        mien_lid_watch_feed(&w->watch, b, dt_s, &w->lids);
        w->blinked += w->lids.event == MIEN_LIDS_BLINKED;
        w->were_closed += w->lids.event == MIEN_LIDS_WERE_CLOSED;
        w->shut_frames[0] += w->lids.shut[0];
        w->shut_frames[1] += w->lids.shut[1];
        w->last_length_s = w->lids.event ? w->lids.length_s : w->last_length_s;
    }
}

static void blink(struct watch *w, float open, float shut)
{
    feed(w, 0.5f * (open + shut), 0.5f * (open + shut), 1);
    feed(w, shut, shut, 3);
    feed(w, 0.4f * open + 0.6f * shut, 0.4f * open + 0.6f * shut, 1);
    feed(w, open, open, 25);
}

static void test_blinks_of_different_people(void **state)
{
    // Wide eyes that shut well; narrow eyes; eyes that never read as quite shut.
    static const float people[][2] = {{0.02f, 0.98f}, {0.42f, 0.95f}, {0.1f, 0.62f}, {0.55f, 1}};
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
        struct watch w = {0};
        feed(&w, people[i][0], people[i][0], 40);
        for (int k = 0; k < 5; k++) {
            blink(&w, people[i][0], people[i][1]);
        }
        assert_int_equal(w.blinked, 5);
        assert_int_equal(w.lids.blinks, 5);
        assert_int_equal(w.were_closed, 0);
        assert_true(w.last_length_s > 0.08f && w.last_length_s < 0.3f);
        assert_false(w.lids.shut[0] || w.lids.shut[1]);
    }
}

// From a fast camera: what is shorter than a blink can be is a jump of the estimate, and no blink.
static void test_twitches_are_no_blinks(void **state)
{
    for (int frames = 1; frames <= 3; frames++) {
        struct mien_lid_watch w = {0};
        struct mien_lids lids;
        float b[MIEN_BLENDSHAPES] = {0};
        for (int i = 0; i < 120; i++) {
            bool shut = i >= 60 && i < 60 + frames;
            b[MIEN_BS_EYE_BLINK_LEFT] = b[MIEN_BS_EYE_BLINK_RIGHT] = shut ? 0.95f : 0.05f;
            mien_lid_watch_feed(&w, b, 1 / 60.0f, &lids);
        }
        assert_int_equal(lids.blinks, frames > 1); // 17 ms, 33 ms, 50 ms
    }
}

static void test_what_is_no_blink(void **state)
{
    struct watch w = {0};
    struct mien_rng r;
    mien_rng_seed(&r, 3, 1);
    for (int i = 0; i < 900; i++) { // noise of a narrow eye
        float v = 0.3f + 0.05f * mien_rng_normal(&r);
        feed(&w, v, v + 0.04f * mien_rng_normal(&r), 1);
    }
    assert_int_equal(w.blinked + w.were_closed, 0);
    feed(&w, 0.45f, 0.45f, 60); // a look down
    feed(&w, 0.3f, 0.3f, 60);
    assert_int_equal(w.blinked + w.were_closed, 0);
}

static void test_a_wink_is_one_eye(void **state)
{
    struct watch w = {0};
    feed(&w, 0.1f, 0.1f, 30);
    feed(&w, 0.95f, 0.2f, 10);
    assert_true(w.lids.shut[0]);
    assert_false(w.lids.shut[1]);
    feed(&w, 0.1f, 0.1f, 10);
    assert_int_equal(w.blinked + w.were_closed, 0);
    assert_int_equal(w.shut_frames[0], 10);
    assert_int_equal(w.shut_frames[1], 0);
}

static void test_long_closures_do_not_become_open(void **state)
{
    struct watch w = {0};
    feed(&w, 0.1f, 0.1f, 30);
    feed(&w, 0.9f, 0.9f, 300); // ten seconds
    assert_true(w.lids.shut[0] && w.lids.shut[1]);
    feed(&w, 0.1f, 0.1f, 5);
    assert_int_equal(w.blinked, 0);
    assert_int_equal(w.were_closed, 1);
    assert_float_equal(w.last_length_s, 10, 0.1);
    blink(&w, 0.1f, 0.9f);
    assert_int_equal(w.blinked, 1);
}

static void test_bad_numbers(void **state)
{
    struct watch w = {0};
    feed(&w, NAN, INFINITY, 3);
    feed(&w, -5, 7, 3);
    feed(&w, 0.1f, 0.1f, 60);
    blink(&w, 0.1f, 0.9f);
    assert_int_equal(w.blinked, 1);
}

static void test_gaze_of_open_eyes(void **state)
{
    struct mien_face_result f = {.gaze_deg = {{10, 2}, {20, 4}}};
    float g[2];
    assert_true(mien_open_gaze(&f, g));
    assert_float_equal(g[0], 15, 1e-6);
    f.lids.shut[0] = true;
    assert_true(mien_open_gaze(&f, g));
    assert_float_equal(g[0], 20, 1e-6);
    assert_float_equal(g[1], 4, 1e-6);
    f.lids.shut[1] = true;
    assert_false(mien_open_gaze(&f, g));
    assert_float_equal(g[0], 0, 0);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(test_blinks_of_different_people),
          cmocka_unit_test(test_twitches_are_no_blinks), cmocka_unit_test(test_what_is_no_blink),
          cmocka_unit_test(test_a_wink_is_one_eye),
          cmocka_unit_test(test_long_closures_do_not_become_open),
          cmocka_unit_test(test_bad_numbers), cmocka_unit_test(test_gaze_of_open_eyes))

// Unit tests of libmien: every field of a face is the engine's of the same frames, identities are
// compared, and options out of range are refused with the reason. What is exported and linked:
// tests/e2e/library.sh.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "lib/mien.h"
#include "synth/clip.h"
#include "run_tests.h"

enum { WIDTH = 320, HEIGHT = 240, FRAMES = 36 };

static void same_face(const struct mien_face *a, const struct mien_face_result *b)
{
#define SAME(mine, theirs) assert_memory_equal(&a->mine, &b->theirs, sizeof(a->mine))
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->state, (int)b->state);
    SAME(confidence, confidence);
    SAME(box_px, box_px);
    SAME(R, pose.R);
    SAME(t_mm, pose.t);
    SAME(yaw_deg, yaw_deg);
    SAME(pitch_deg, pitch_deg);
    SAME(roll_deg, roll_deg);
    SAME(landmark68, ibug_px);
    assert_int_equal(a->landmark_count, b->landmark_count);
    SAME(landmark_px, landmark_px);
    SAME(landmark_sigma_px, landmark_sigma_px);
    SAME(blendshape, blendshape);
    SAME(action, action);
    SAME(expression, expression);
    assert_int_equal(a->expression_class, b->expression_class);
    SAME(gaze_deg, gaze_deg);
    for (int e = 0; e < 2; e++) {
        assert_int_equal(a->eye_shut[e] != 0, b->lids.shut[e]);
    }
    assert_int_equal(a->blinks, b->lids.blinks);
    assert_int_equal(a->expression_sure != 0, b->expression_sure);
    SAME(identity, identity);
    SAME(identity_sigma, identity_sigma);
    assert_int_equal(a->identity_looks, b->identity_looks);
    SAME(fit_error, fit_rms);
#undef SAME
}

// A person who speaks and blinks, whose first second becomes the neutral face: from then on what is
// done differs from how the face is.
static void faces_are_the_engines(void **state)
{
    (void)state;
    char why[256];
    static struct mien_result r;
    struct mien_image im = {0};
    struct mien_synth_clip *clip = mien_synth_clip_open(1, WIDTH, HEIGHT, 10, NULL);
    struct mien *m = mien_create(&(struct mien_options){.fov_deg = 60}, why, sizeof(why));
    struct mien_engine *e = mien_engine_create(&(struct mien_engine_config){.fov_deg = 60});
    assert_non_null(clip);
    assert_non_null(m);
    assert_non_null(e);
    assert_true(mien_image_create(&im, WIDTH, HEIGHT, MIEN_FORMAT_RGB8));
    mien_calibrate(m, 0);
    mien_engine_calibrate_neutral(e, false);
    int faces = 0, apart = 0;
    for (int i = 0; i < FRAMES; i++) {
        assert_true(mien_synth_clip_frame(clip, i, &im, NULL));
        if (i == 3) { // of the face that is there now
            mien_calibrate(m, 0);
            mien_engine_calibrate_neutral(e, false);
        }
        int64_t t = i * MIEN_NS_PER_S / 10;
        int n = mien_run(m, im.data, WIDTH, HEIGHT, (ptrdiff_t)im.stride, t);
        assert_true(mien_engine_run(e, &im, t, &r));
        assert_int_equal(n, r.count);
        assert_int_equal(mien_face_count(m), r.count);
        for (int k = 0; k < n; k++) {
            same_face(mien_face(m, k), &r.face[k]);
            apart += memcmp(r.face[k].action, r.face[k].blendshape, sizeof(r.face[k].action)) != 0;
        }
        faces += n;
        assert_null(mien_face(m, n));
    }
    assert_true(faces > FRAMES / 2);
    assert_true(apart > 0);
    mien_image_destroy(&im);
    mien_engine_destroy(e);
    mien_destroy(m);
    mien_synth_clip_close(clip);
}

// The identity in frame i of a clip of the person with this seed.
static void look_at(struct mien *m, int seed, int i, float out[MIEN_IDENTITY_COUNT])
{
    struct mien_image im = {0};
    struct mien_synth_clip *clip = mien_synth_clip_open(seed, WIDTH, HEIGHT, 10, NULL);
    assert_non_null(clip);
    assert_true(mien_image_create(&im, WIDTH, HEIGHT, MIEN_FORMAT_RGB8));
    assert_true(mien_synth_clip_frame(clip, i, &im, NULL));
    assert_int_equal(mien_run(m, im.data, WIDTH, HEIGHT, (ptrdiff_t)im.stride, 0), 1);
    memcpy(out, mien_face(m, 0)->identity, sizeof(mien_face(m, 0)->identity));
    mien_image_destroy(&im);
    mien_synth_clip_close(clip);
}

static void one_persons_pictures_are_likelier_than_two_peoples(void **state)
{
    (void)state;
    enum { PEOPLE = 5 };
    static float first[PEOPLE][MIEN_IDENTITY_COUNT], later[PEOPLE][MIEN_IDENTITY_COUNT];
    struct mien *m = mien_create(&(struct mien_options){.still = 1, .max_faces = 1}, NULL, 0);
    assert_non_null(m);
    for (int p = 0; p < PEOPLE; p++) {
        look_at(m, p + 1, 0, first[p]);
        look_at(m, p + 1, 12, later[p]);
    }
    double same = 0, other = 0;
    for (int p = 0; p < PEOPLE; p++) {
        same += (double)mien_compare_identities(m, first[p], later[p]) / PEOPLE;
        for (int q = 0; q < PEOPLE; q++) {
            float ratio = mien_compare_identities(m, first[p], later[q]);
            other += p == q ? 0 : (double)ratio / (PEOPLE * (PEOPLE - 1));
            assert_float_equal(mien_compare_identities(m, later[q], first[p]), ratio, 1e-3f);
        }
    }
    // Both are learned from photographs: rendered people have something in common that those lack.
    assert_true(same > 0);
    assert_true(other < same - 3);
    mien_destroy(m);
    m = mien_create(&(struct mien_options){.network = "clean"}, NULL, 0);
    assert_non_null(m);
    assert_true(
        isnan(mien_compare_identities(m, first[0], first[0]))); // it has nothing to say it by
    mien_destroy(m);
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct mien_options wrong[] = {{.fov_deg = 180},
                                                {.fov_deg = -1},
                                                {.fov_deg = NAN},
                                                {.max_faces = -1},
                                                {.max_faces = MIEN_FACE_LIMIT + 1}};
    for (size_t i = 0; i < MIEN_COUNT(wrong); i++) {
        char why[256] = "";
        assert_null(mien_create(&wrong[i], why, sizeof(why)));
        assert_non_null(strstr(why, "max_faces"));
    }
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(faces_are_the_engines),
          cmocka_unit_test(one_persons_pictures_are_likelier_than_two_peoples),
          cmocka_unit_test(options_out_of_range_are_refused))

// The head's rotation held by the picture: made-up answers and motions in, what is believed out.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "engine/steady.h"
#include "run_tests.h"

static const float dt_s = 1.0f / 30;
static const struct mien_crop home = {320, 240, 200, 0.1f};

struct scene {
    struct mien_camera camera;
    struct mien_steady steady;
    struct mien_rng rng;
    float blendshape[MIEN_BLENDSHAPES];
};

static void open_scene(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    s->camera = mien_camera_make(640, 480, 60);
    mien_rng_seed(&s->rng, 5, 1);
}

// Camera rotation of a head that stands so in the crop's frame.
static void in_camera(const struct scene *s, const struct mien_crop *crop, float yaw, float pitch,
                      float R[9])
{
    float C[9], back[9], head[9];
    mien_pose_from_angles(yaw, pitch, 0, head);
    mien_crop_rotation(&s->camera, crop, C);
    mien_mat3_transpose(C, back);
    mien_mat3_mul(back, head, R);
}

// One frame: true angles, how far the answer is off, the turn that the picture tells (degrees since
// it was remembered; NULL = none is known). Returns the distance of what is believed from the
// truth.
static float frame(struct scene *s, const struct mien_crop *crop, const float angles[2],
                   const float off[2], const float turn_deg[2])
{
    float R[9], truth[9];
    in_camera(s, crop, angles[0], angles[1], truth);
    in_camera(s, crop, angles[0] + off[0], angles[1] + off[1], R);
    float turn[2] = {0, 0};
    for (int k = 0; turn_deg && k < 2; k++) {
        turn[k] = (k ? -1.0f : 1.0f) * turn_deg[k] * (float)M_PI / 180;
    }
    mien_steady_motion(&s->steady, turn_deg ? crop : NULL, turn);
    mien_steady_rotation(&s->steady, &s->camera, crop, s->blendshape, dt_s, R);
    return mien_rotation_distance_deg(R, truth);
}

static void rest(struct scene *s, const float angles[2], int frames)
{
    static const float still[2] = {0, 0};
    for (int i = 0; i < frames; i++) {
        float off[2] = {2 * mien_rng_normal(&s->rng), 2 * mien_rng_normal(&s->rng)};
        frame(s, &home, angles, off, i ? still : NULL);
    }
}

static void at_rest_answers_are_averaged(void **state)
{
    (void)state;
    static const float at[2] = {10, -5}, still[2] = {0, 0};
    struct scene s;
    open_scene(&s);
    rest(&s, at, 60);
    for (int i = 0; i < 30; i++) {
        float off[2] = {2 * mien_rng_normal(&s.rng), 2 * mien_rng_normal(&s.rng)};
        assert_true(frame(&s, &home, at, off, still) < 1.2f);
    }
}

static void a_blink_does_not_turn_the_head(void **state)
{
    (void)state;
    static const float at[2] = {-12, 6}, still[2] = {0.3f, 0.3f};
    struct scene s;
    open_scene(&s);
    rest(&s, at, 60);
    for (int i = 0; i < 8; i++) {
        float off[2] = {0, 6}; // what the network says of shut eyes
        s.blendshape[MIEN_BS_EYE_BLINK_LEFT] = s.blendshape[MIEN_BS_EYE_BLINK_RIGHT] = 0.8f;
        assert_true(frame(&s, &home, at, off, still) < 1.2f);
    }
}

// Lids and brows that come down take skin along: in a blink's first frame the picture tells a turn
// of nine degrees.
static void a_blinks_first_frame_does_not_turn_the_head(void **state)
{
    (void)state;
    static const float at[2] = {2, -6};
    struct scene s;
    open_scene(&s);
    rest(&s, at, 60);
    for (int i = 0; i < 6; i++) {
        const float turn[2] = {-3, i == 0 ? -9 : -1}, off[2] = {0, 0};
        s.blendshape[MIEN_BS_EYE_BLINK_LEFT] = s.blendshape[MIEN_BS_EYE_BLINK_RIGHT] = 0.95f;
        assert_true(frame(&s, &home, at, off, turn) < 1.2f);
    }
}

static void a_turn_is_followed(void **state)
{
    (void)state;
    static const float at[2] = {0, 0};
    struct scene s;
    open_scene(&s);
    rest(&s, at, 60);
    float worst = 0;
    for (int i = 0; i < 20; i++) {
        // Two degrees a frame; the picture tells them a third too small, as large turns are.
        float angles[2] = {2 * (float)i, 0}, turn[2] = {1.3f * (float)i, 0}, off[2] = {0, 0};
        worst = fmaxf(worst, frame(&s, &home, angles, off, turn));
    }
    assert_true(worst < 2.5f);
}

// Half a second of smiling does not hold a head that turns by 12 degrees, nor do lids that stay
// shut: answers that keep disagreeing in one direction are believed. The picture tells half of the
// turn.
static void a_turn_is_followed_while_the_face_moves(void **state)
{
    (void)state;
    static const int shapes[2][2] = {{MIEN_BS_MOUTH_SMILE_LEFT, MIEN_BS_MOUTH_SMILE_RIGHT},
                                     {MIEN_BS_EYE_BLINK_LEFT, MIEN_BS_EYE_BLINK_RIGHT}};
    static const float at[2] = {0, 0};
    for (int k = 0; k < 2; k++) {
        struct scene s;
        open_scene(&s);
        rest(&s, at, 60);
        float last = 0, sum = 0;
        for (int i = 0; i < 30; i++) {
            s.blendshape[shapes[k][0]] = s.blendshape[shapes[k][1]] = 0.9f;
            float yaw = fminf(12, 1.2f * (float)i), angles[2] = {yaw, 0}, turn[2] = {0.5f * yaw, 0};
            float off[2] = {mien_rng_normal(&s.rng), mien_rng_normal(&s.rng)};
            last = frame(&s, &home, angles, off, turn);
            sum += last / 30;
        }
        assert_true(last < 3.5f);
        assert_true(sum < 4);
    }
}

static void without_a_motion_the_answer_stands(void **state)
{
    (void)state;
    static const float at[2] = {5, 5}, off[2] = {3, 0};
    struct scene s;
    open_scene(&s);
    rest(&s, at, 30);
    assert_float_equal(frame(&s, &home, at, off, NULL), 3, 0.05);
    // A motion that no rotation was asked for is not taken for a later frame's.
    static const float turn[2] = {0.2f, 0.1f};
    rest(&s, at, 30);
    mien_steady_motion(&s.steady, &home, turn);
    assert_float_equal(frame(&s, &home, at, off, NULL), 3, 0.05);
    mien_steady_forget(&s.steady);
    assert_float_equal(frame(&s, &home, at, off, NULL), 3, 0.05);
}

// Another picture is remembered in another crop, elsewhere in the frame: nothing moves.
static void a_new_picture_changes_nothing(void **state)
{
    (void)state;
    static const float at[2] = {8, 3}, still[2] = {0, 0}, exact[2] = {0, 0}, wrong[2] = {4, 0};
    static const struct mien_crop away = {420, 150, 170, -0.2f};
    struct scene s;
    open_scene(&s);
    for (int i = 0; i < 60; i++) {
        frame(&s, &home, at, exact, i ? still : NULL);
    }
    float R[9], C[9], seen[9];
    in_camera(&s, &home, at[0], at[1], R); // the same head, from the other crop
    mien_crop_rotation(&s.camera, &away, C);
    mien_mat3_mul(C, R, seen);
    float yaw, pitch, roll;
    mien_pose_to_angles(seen, &yaw, &pitch, &roll);
    mien_steady_remembered(&s.steady, &s.camera, &away);
    // A wrong answer moves it little from there.
    float said[9], turn[2] = {0, 0};
    float wrong_R[9], back[9], off[9];
    mien_pose_from_angles(wrong[0], wrong[1], 0, off);
    mien_mat3_mul(off, seen, wrong_R);
    mien_mat3_transpose(C, back);
    mien_mat3_mul(back, wrong_R, said);
    mien_steady_motion(&s.steady, &away, turn);
    assert_true(mien_steady_rotation(&s.steady, &s.camera, &away, s.blendshape, dt_s, said));
    assert_true(mien_rotation_distance_deg(said, R) < 0.5f);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(at_rest_answers_are_averaged),
          cmocka_unit_test(a_blink_does_not_turn_the_head),
          cmocka_unit_test(a_blinks_first_frame_does_not_turn_the_head),
          cmocka_unit_test(a_turn_is_followed),
          cmocka_unit_test(a_turn_is_followed_while_the_face_moves),
          cmocka_unit_test(without_a_motion_the_answer_stands),
          cmocka_unit_test(a_new_picture_changes_nothing))

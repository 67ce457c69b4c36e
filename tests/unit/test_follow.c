// A face's picture is found again where it went: known motions of a made-up face in, the same out.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "engine/follow.h"
#include "run_tests.h"

enum { W = 320, H = 240 };
static struct mien_face_model model;
static struct mien_image frame;

static int load(void **state)
{
    (void)state;
    return mien_face_model_load(&model, NULL) && mien_image_create(&frame, W, H, MIEN_FORMAT_RGB8)
               ? 0
               : -1;
}

static int unload(void **state)
{
    (void)state;
    mien_image_destroy(&frame);
    mien_face_model_destroy(&model);
    return 0;
}

static float spot(float x, float y, float cx, float cy, float r)
{
    return expf(-((x - cx) * (x - cx) + (y - cy) * (y - cy)) / (r * r));
}

// Brightness of a face-like pattern; x, y: crop units.
static float pattern(float x, float y)
{
    float v = 120 + 50 * spot(x, y, 0, 0, 0.8f);
    v -= 70 * (spot(x, y, -0.3f, -0.25f, 0.12f) + spot(x, y, 0.3f, -0.25f, 0.12f));
    v -= 40 * (spot(x, y, -0.3f, -0.4f, 0.1f) + spot(x, y, 0.32f, -0.42f, 0.1f));
    v += 30 * spot(x, y, 0, -0.1f, 0.08f) - 30 * spot(x, y, 0.05f, 0.14f, 0.09f);
    return v + 15 * spot(x, y, -0.4f, 0.2f, 0.2f) - 50 * spot(x, y, 0, 0.42f, 0.15f);
}

// The pattern at `at`, over a wall that stays; gain and offset are the light's.
static void draw(const struct mien_crop *at, float gain, float offset, uint64_t seed)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, seed, 3);
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            float u[2], px[2] = {(float)x, (float)y};
            mien_crop_to_unit(at, px, u);
            bool face = u[0] * u[0] / 0.49f + u[1] * u[1] / 0.6f < 1;
            float v =
                face ? pattern(u[0], u[1]) : 90 + 40 * sinf(0.2f * px[0]) * cosf(0.15f * px[1]);
            v = gain * v + offset + 3 * mien_rng_normal(&rng);
            for (int c = 0; c < 3; c++) {
                frame.data[(size_t)y * frame.stride + 3 * (size_t)x + (size_t)c] =
                    (uint8_t)fminf(fmaxf(v, 0), 255);
            }
        }
    }
}

static const struct mien_crop home = {150, 118, 130, 0.1f};

static void remember(struct mien_follow *f)
{
    static float landmark[MIEN_LANDMARKS_MAX][2]; // none of them on the face
    for (int i = 0; i < model.landmarks; i++) {
        landmark[i][0] = landmark[i][1] = -1e6f;
    }
    draw(&home, 1, 0, 1);
    mien_follow_remember(f, &model, &frame, &home, (const float(*)[2])landmark, false);
}

static void known_motion_in_same_motion_out(void **state)
{
    (void)state;
    static const struct {
        float x, y, size, roll, gain, offset;
    } cases[] = {
        {0, 0, 1, 0, 1, 0},          {6, -4, 1, 0, 1, 0},         {-12, 7, 1, 0, 1, 0},
        {0, 0, 1.06f, 0, 1, 0},      {0, 0, 0.94f, 0, 1, 0},      {2, 1, 1, 0.09f, 1, 0},
        {3, 5, 1.03f, -0.07f, 1, 0}, {4, -2, 1, 0.03f, 0.7f, 20}, {1, 1, 1, 0, 1.1f, -20},
    };
    struct mien_follow *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    remember(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mien_crop went = {home.cx_px + cases[i].x, home.cy_px + cases[i].y,
                                 home.side_px * cases[i].size, home.roll_rad + cases[i].roll};
        struct mien_follow_motion m;
        draw(&went, cases[i].gain, cases[i].offset, 20 + i);
        assert_true(mien_follow_find(f, &frame, &home, &m));
        assert_true(m.match > 0.95f);
        assert_float_equal(m.crop.cx_px, went.cx_px, 0.5f);
        assert_float_equal(m.crop.cy_px, went.cy_px, 0.5f);
        assert_float_equal(m.crop.side_px / went.side_px, 1, 0.01f);
        assert_float_equal(m.crop.roll_rad, went.roll_rad, 0.01f);
    }
    free(f);
}

// A turn moves what is near farther than what is deep: an ellipsoid in the crop's frame, half sides
// from its middle, near points to the right of where they were and down.
static float depth(float x, float y)
{
    float d2 = 1 - x * x / (0.85f * 0.85f) - y * y / (1.05f * 1.05f);
    return 0.9f * sqrtf(fmaxf(0, d2)) - 0.68f;
}

static void draw_turned(float right, float down, uint64_t seed)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, seed, 4);
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            float u[2], px[2] = {(float)x, (float)y};
            mien_crop_to_unit(&home, px, u);
            float was[2] = {u[0], u[1]}; // u = was + turn depth(was)
            for (int k = 0; k < 10; k++) {
                float d = depth(was[0], was[1]);
                was[0] = u[0] - right * d;
                was[1] = u[1] - down * d;
            }
            float v = pattern(was[0], was[1]) + 3 * mien_rng_normal(&rng);
            memset(frame.data + (size_t)y * frame.stride + 3 * (size_t)x,
                   (int)fminf(fmaxf(v, 0), 255), 3);
        }
    }
}

static void known_turn_in_same_turn_out(void **state)
{
    (void)state;
    static const float turn[][2] = {{0.1f, 0}, {-0.1f, 0}, {0, 0.1f}, {0, -0.08f}, {0.06f, 0.06f}};
    struct mien_follow *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    remember(f);
    for (size_t i = 0; i < sizeof(turn) / sizeof(turn[0]); i++) {
        struct mien_follow_motion m;
        draw_turned(turn[i][0], turn[i][1], 40 + i);
        assert_true(mien_follow_find(f, &frame, &home, &m));
        for (int k = 0; k < 2; k++) {
            // A turn shows in little else than a shift: about two degrees are not told.
            assert_float_equal(m.turn[k], turn[i][k], 0.035f);
        }
    }
    free(f);
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct mien_follow *f = calloc(1, sizeof(*f));
    struct mien_follow_motion m;
    assert_non_null(f);
    assert_false(mien_follow_find(f, &frame, &home, &m)); // nothing is remembered
    remember(f);
    assert_true(mien_follow_find(f, &frame, &home, &m));
    struct mien_crop away = {10, 30, 100, 0};
    draw(&away, 1, 0, 5); // the wall
    assert_false(mien_follow_find(f, &frame, &home, &m));
    memset(frame.data, 77, frame.stride * H); // nothing at all
    assert_false(mien_follow_find(f, &frame, &home, &m));
    struct mien_crop outside = {5000, -900, 100, 0};
    assert_false(mien_follow_find(f, &frame, &outside, &m));
    draw(&home, 1, 0, 6);
    assert_true(mien_follow_find(f, &frame, &home, &m));
    mien_follow_forget(f);
    assert_false(mien_follow_find(f, &frame, &home, &m));
    free(f);
}

RUN_TESTS(load, unload, cmocka_unit_test(known_motion_in_same_motion_out),
          cmocka_unit_test(known_turn_in_same_turn_out),
          cmocka_unit_test(what_is_not_there_is_not_found))

// Faces that shut: nothing of the eyeballs is seen behind shut lids and nothing of the teeth
// between lips at rest, whoever it is. Seen from the front, by a depth buffer.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "face/shut.h"
#include "run_tests.h"

static struct mien_face_model model;

static int set_up(void **state)
{
    return mien_face_model_load(&model, NULL) ? 0 : -1;
}

static int tear_down(void **state)
{
    mien_face_model_destroy(&model);
    return 0;
}

enum { SIDE = 256 };
static const float step_mm = 0.25f;

// How many square millimetres of these parts are seen from the front within SIDE * step_mm about a
// point.
static float seen(const float *v, unsigned parts, float cx, float cy)
{
    static float depth[SIDE][SIDE];
    static uint8_t what[SIDE][SIDE];
    int n = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        depth[i / SIDE][i % SIDE] = -1e9f;
        what[i / SIDE][i % SIDE] = 0;
    }
    for (int t = 0; t < model.triangles; t++) {
        float x[3], y[3], z[3];
        for (int k = 0; k < 3; k++) {
            const float *p = v + 3 * (size_t)model.triangle[3 * t + k];
            x[k] = (p[0] - cx) / step_mm + SIDE / 2;
            y[k] = (p[1] - cy) / step_mm + SIDE / 2;
            z[k] = p[2];
        }
        float area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]);
        int x0 = (int)fmaxf(0, fminf(x[0], fminf(x[1], x[2]))),
            x1 = (int)fminf(SIDE - 1, fmaxf(x[0], fmaxf(x[1], x[2]))),
            y0 = (int)fmaxf(0, fminf(y[0], fminf(y[1], y[2]))),
            y1 = (int)fminf(SIDE - 1, fmaxf(y[0], fmaxf(y[1], y[2])));
        for (int j = y0; fabsf(area) > 1e-6f && j <= y1; j++) {
            for (int i = x0; i <= x1; i++) {
                float px = (float)i, py = (float)j;
                float a = ((x[1] - px) * (y[2] - py) - (x[2] - px) * (y[1] - py)) / area;
                float b = ((x[2] - px) * (y[0] - py) - (x[0] - px) * (y[2] - py)) / area;
                float at = a * z[0] + b * z[1] + (1 - a - b) * z[2];
                if (a >= 0 && b >= 0 && a + b <= 1 && at > depth[j][i]) {
                    depth[j][i] = at;
                    what[j][i] = model.part[t];
                }
            }
        }
    }
    for (int i = 0; i < SIDE * SIDE; i++) {
        n += parts >> what[i / SIDE][i % SIDE] & 1 && depth[i / SIDE][i % SIDE] > -1e8f;
    }
    return (float)n * step_mm * step_mm;
}

static void lids_shut_over_the_eyes_of_everybody(void **state)
{
    const size_t n = 3 * (size_t)model.vertices;
    float *at = mien_calloc(n, sizeof(float)), *v = mien_calloc(n, sizeof(float)), slit = 0;
    struct mien_rng r;
    struct mien_shut shut;
    mien_rng_seed(&r, 3, 1);
    assert_true(at && v);
    for (int person = 0; person < 12; person++) {
        float id[MIEN_IDENTITY], travel[2];
        for (int i = 0; i < MIEN_IDENTITY; i++) {
            id[i] = person ? mien_rng_normal(&r) : 0;
        }
        mien_face_model_vertices(&model, id, NULL, at);
        assert_true(mien_shut_find(&shut, &model, at));
        mien_face_model_lid_travel(&model, id, travel);
        for (int e = 0; e < 2; e++) {
            const unsigned ball = 1U << (e ? MIEN_PART_EYEBALL_RIGHT : MIEN_PART_EYEBALL_LEFT);
            const float *c = model.eye_centre[e];
            float blink[MIEN_BLENDSHAPES] = {0};
            assert_true(seen(at, ball, c[0], c[1]) > 60); // open, it is seen
            blink[e ? MIEN_BS_EYE_BLINK_RIGHT : MIEN_BS_EYE_BLINK_LEFT] = travel[e];
            mien_face_model_add_blendshapes(&model, at, blink, v);
            slit += seen(v, ball, c[0], c[1]) / 24;
            for (size_t i = 0; i < n; i++) {
                v[i] = at[i] + shut.lid[e][i];
            }
            float left = seen(v, ball, c[0], c[1]);
            if (left > 0.5f) {
                fail_msg("person %d: %.2f mm2 of eye %d are seen when it is shut", person,
                         (double)left, e);
            }
            // The other eye, and what is far from this one, stays.
            for (size_t i = 0; i < n / 3; i++) {
                const float *d = shut.lid[e] + 3 * i;
                bool near = fabsf(at[3 * i] - c[0]) < 40 && fabsf(at[3 * i + 1] - c[1]) < 45;
                assert_true(near || fabsf(d[0]) + fabsf(d[1]) + fabsf(d[2]) < 1);
            }
        }
        mien_shut_destroy(&shut);
    }
    assert_true(slit > 2); // mm2, with the model's own motion
    mien_free(at);
    mien_free(v);
}

static void lips_meet_at_rest(void **state)
{
    const unsigned inside = 1U << MIEN_PART_TEETH | 1U << MIEN_PART_GUMS | 1U << MIEN_PART_MOUTH;
    const size_t n = 3 * (size_t)model.vertices;
    float *at = mien_calloc(n, sizeof(float)), *was = mien_calloc(n, sizeof(float)), strip = 0;
    struct mien_rng r;
    mien_rng_seed(&r, 5, 1);
    assert_true(at && was);
    for (int person = 0; person < 12; person++) {
        float id[MIEN_IDENTITY], moved = 0;
        for (int i = 0; i < MIEN_IDENTITY; i++) {
            id[i] = person ? mien_rng_normal(&r) : 0;
        }
        mien_face_model_vertices(&model, id, NULL, was);
        memcpy(at, was, n * sizeof(float));
        const float *middle = was + 3 * (size_t)model.landmark[model.ibug[62]].vertex[0];
        strip += seen(was, inside, 0, middle[1]) / 12;
        mien_shut_lips(&model, at);
        float left = seen(at, inside, 0, middle[1]);
        for (size_t i = 0; i < n; i++) {
            moved = fmaxf(moved, fabsf(at[i] - was[i]));
        }
        if (left > 0.5f || moved > 4) {
            fail_msg("person %d: %.2f mm2 are seen between the lips, which moved by %.1f mm",
                     person, (double)left, (double)moved);
        }
    }
    assert_true(strip > 2); // mm2, as the model has them
    mien_free(at);
    mien_free(was);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(lids_shut_over_the_eyes_of_everybody),
          cmocka_unit_test(lips_meet_at_rest))

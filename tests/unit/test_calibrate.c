// Calibration on looks whose true odds are known, and numbers kept in a network's file.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learn/calibrate.h"
#include "learn/graph.h"
#include "nn/net.h"
#include "run_tests.h"

static struct mien_estimate estimate; // 10 KB: not on the stack
static struct mien_target target;

// A look: what the presence branch says, how sharp the landmarks are, whether it was a face.
static void add_look(struct mien_calibrator *c, float log_odds, float sigma, bool face)
{
    estimate.presence = 1 / (1 + expf(-log_odds));
    estimate.landmarks = 4;
    for (int i = 0; i < 4; i++) { // a face of size 1
        estimate.landmark[i][0] = i & 1 ? 0.5f : -0.5f;
        estimate.landmark[i][1] = i & 2 ? 0.5f : -0.5f;
        estimate.landmark_sigma[i] = sigma;
    }
    target.presence = face;
    target.presence_weight = 1;
    assert_true(mien_calibrator_add(c, &estimate, &target));
}

// The branch knows half of it, sharp landmarks the other half.
static void test_confidence(void **state)
{
    (void)state;
    struct mien_calibrator c = {0};
    struct mien_rng r;
    mien_rng_seed(&r, 9, 1);
    memset(&target, 0, sizeof(target));
    for (int i = 0; i < 400000; i++) { // so many that what is known before counts little
        float odds = 4 * mien_rng_normal(&r), log_sigma = -3.5f + mien_rng_normal(&r);
        float z = -7 + 0.5f * odds - 2 * log_sigma;
        add_look(&c, odds, expf(log_sigma), mien_rng_float(&r) < 1 / (1 + expf(-z)));
    }
    struct mien_calibration k;
    assert_true(mien_calibrator_fit(&c, &k));
    assert_float_equal(k.presence, 0.5, 0.06);
    assert_float_equal(k.log_sigma, -2, 0.25);
    assert_float_equal(k.temperature, 1, 0); // nothing said of classes
    // A sure branch on blurred landmarks is no face, sharp ones are.
    float presence[2], sigma[2] = {0.2f, 0.01f};
    for (int i = 0; i < 2; i++) {
        add_look(&c, 3, sigma[i], true);
        mien_estimate_calibrate(&k, &estimate);
        presence[i] = estimate.presence;
    }
    assert_true(presence[0] < 0.15f);
    assert_true(presence[1] > 0.95f);
    mien_calibrator_destroy(&c);
    mien_calibrator_destroy(&c);
}

static void test_temperature(void **state)
{
    (void)state;
    struct mien_calibrator c = {0};
    struct mien_rng r;
    mien_rng_seed(&r, 10, 1);
    memset(&target, 0, sizeof(target));
    target.mask = MIEN_LABEL_EXPRESSION;
    for (int i = 0; i < 6000; i++) {
        float z[MIEN_EXPRESSIONS], p[MIEN_EXPRESSIONS], sum = 0, said = 0;
        for (int k = 0; k < MIEN_EXPRESSIONS; k++) {
            z[k] = 1.5f * mien_rng_normal(&r);
            p[k] = expf(z[k]);
            sum += p[k];
            said += expf(2.5f * z[k]); // too sure by this factor
        }
        float u = mien_rng_float(&r) * sum;
        memset(target.expression, 0, sizeof(target.expression));
        for (int k = 0; k < MIEN_EXPRESSIONS; k++) {
            estimate.expression[k] = expf(2.5f * z[k]) / said;
            target.expression[k] = u >= 0 && (u < p[k] || k == MIEN_EXPRESSIONS - 1);
            u -= target.expression[k] > 0 ? 2 * sum : p[k];
        }
        add_look(&c, i % 2 ? 5 : -5, i % 2 ? 0.01f : 0.1f, i % 2);
        target.presence_weight = 1;
    }
    // Every other look fits, so both kinds must be among them.
    for (int i = 0; i < 200; i++) {
        target.mask = 0;
        add_look(&c, i % 4 < 2 ? 5 : -5, 0.03f, i % 4 < 2);
    }
    struct mien_calibration k;
    assert_true(mien_calibrator_fit(&c, &k));
    assert_float_equal(k.temperature, 2.5, 0.2);
    estimate.expression[0] = 0.9f;
    for (int i = 1; i < MIEN_EXPRESSIONS; i++) {
        estimate.expression[i] = 0.1f / (MIEN_EXPRESSIONS - 1);
    }
    mien_estimate_calibrate(&k, &estimate);
    float sum = 0;
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        sum += estimate.expression[i];
    }
    assert_float_equal(sum, 1, 1e-5);
    assert_true(estimate.expression[0] < 0.6f);
    mien_calibrator_destroy(&c);
}

static void test_one_kind_alone_is_refused(void **state)
{
    (void)state;
    struct mien_calibrator c = {0};
    struct mien_calibration k;
    memset(&target, 0, sizeof(target));
    for (int i = 0; i < 100; i++) {
        add_look(&c, 3, 0.01f, true);
    }
    assert_false(mien_calibrator_fit(&c, &k));
    assert_float_equal(k.presence, 1, 0);
    mien_calibrator_destroy(&c);
}

static void test_numbers_in_a_file(void **state)
{
    (void)state;
    static const char text[] = "input image 1 8 8 mean 0 scale 1\nconv c image out 4 s 2 relu\n"
                               "dense d c out 3\noutput answer d\n";
    const char *path = "build/test_numbers.net";
    float a[4] = {1, -2, 3.5f, 0.25f}, b[4] = {5, 6, 7, 8}, got[4] = {0};
    struct mien_graph *g = mien_graph_create(text, 1, 1, 7);
    assert_non_null(g);
    assert_true(mien_graph_export(g, path));
    mien_graph_destroy(g);
    struct mien_net *n = mien_net_load(path);
    assert_false(mien_net_numbers(n, "calibration", got, 4));
    mien_net_destroy(n);
    assert_true(mien_net_save_numbers(path, "calibration", a, 4));
    assert_true(mien_net_save_numbers(path, "calibration", b, 4)); // in place of the first
    n = mien_net_load(path);
    assert_non_null(n);
    assert_true(mien_net_numbers(n, "calibration", got, 4));
    assert_memory_equal(got, b, sizeof(b));
    assert_false(mien_net_numbers(n, "calibration", got, 3));
    assert_false(mien_net_numbers(n, "others", got, 4));
    assert_int_equal(mien_net_outputs(n), 1);
    mien_net_destroy(n);
    b[1] = NAN; // no calibration is better than one that poisons answers
    assert_true(mien_net_save_numbers(path, "calibration", b, 4));
    n = mien_net_load(path);
    assert_false(mien_net_numbers(n, "calibration", got, 4));
    mien_net_destroy(n);
    assert_false(mien_net_save_numbers("build/none.net", "calibration", a, 4));
    enum { LONG = 2012, TOO_LONG = 4097 }; // as long as the longest that there is; too long for any
    static float many[TOO_LONG], back[LONG];
    for (int i = 0; i < LONG; i++) {
        many[i] = 0.5f * (float)i;
    }
    assert_true(mien_net_save_numbers(path, "likeness", many, LONG));
    assert_false(mien_net_save_numbers(path, "likeness", many, TOO_LONG));
    n = mien_net_load(path);
    assert_true(mien_net_numbers(n, "likeness", back, LONG));
    assert_memory_equal(back, many, sizeof(back));
    mien_net_destroy(n);
    remove(path);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(test_confidence), cmocka_unit_test(test_temperature),
          cmocka_unit_test(test_one_kind_alone_is_refused),
          cmocka_unit_test(test_numbers_in_a_file))

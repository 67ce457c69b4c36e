// Unit tests of the weighting schemes against numbers computed by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learn/weighting.h"
#include "run_tests.h"

enum { A = MIEN_TASK_LANDMARKS, S = MIEN_TASK_SIGMA, P = MIEN_TASK_POSE };

static const double none[MIEN_TASKS] = {0};

// Landmarks (weight 3, mean predictor 0.5), sigma (0.5, 0.25) and pose (1, 2) are on.
static struct mien_weighting_config config(enum mien_weighting scheme)
{
    struct mien_weighting_config c = {.scheme = scheme, .seed = 5, .period = 2};
    for (int t = 0; t < MIEN_TASKS; t++) {
        c.norm[t] = 1;
    }
    c.weight[A] = 3;
    c.weight[S] = 0.5f;
    c.weight[P] = 1;
    c.norm[A] = 0.5;
    c.norm[S] = 0.25;
    c.norm[P] = 2;
    return c;
}

static void expect(const struct mien_weighting_config *c, const struct mien_weighting_state *s,
                   const double *log_variance, double a, double sigma, double p)
{
    double w[MIEN_TASKS];
    mien_weighting_next(c, s, log_variance, w);
    assert_float_equal(w[A], a, 1e-6);
    assert_float_equal(w[S], sigma, 1e-6);
    assert_float_equal(w[P], p, 1e-6);
    for (int t = 0; t < MIEN_TASKS; t++) {
        if (t != A && t != S && t != P) {
            assert_true(w[t] == 0); // off
        }
    }
}

static void observe(const struct mien_weighting_config *c, struct mien_weighting_state *s, double a,
                    double p)
{
    double sum[MIEN_TASKS] = {0}, count[MIEN_TASKS] = {0};
    sum[A] = a * 4;
    count[A] = 4;
    sum[P] = p * 2;
    count[P] = 2;
    mien_weighting_observe(c, s, sum, count);
}

static void fixed_schemes(void **state)
{
    (void)state;
    struct mien_weighting_state s = {0};
    struct mien_weighting_config c = config(MIEN_WEIGHTING_TUNED);
    expect(&c, &s, none, 6, 2, 0.5);
    c.scheme = MIEN_WEIGHTING_EQUAL;
    expect(&c, &s, none, 1, 1, 1);
    c.scheme = MIEN_WEIGHTING_NORMALISED;
    expect(&c, &s, none, 2, 2, 0.5);
}

static void running_means(void **state)
{
    (void)state;
    struct mien_weighting_state s = {0};
    struct mien_weighting_config c = config(MIEN_WEIGHTING_RUNNING);
    expect(&c, &s, none, 6, 2, 0.5); // nothing seen yet: as tuned
    observe(&c, &s, 0.2, 1);
    expect(&c, &s, none, 3 * 0.1 / 0.2, 2, 0.1);
    observe(&c, &s, 0.4, 1); // 0.2 + 0.01 * 0.2
    expect(&c, &s, none, 3 * 0.1 / 0.202, 2, 0.1);
}

static void uncertainty(void **state)
{
    (void)state;
    struct mien_weighting_state s = {0};
    struct mien_weighting_config c = config(MIEN_WEIGHTING_UNCERTAINTY);
    double v[MIEN_TASKS] = {0};
    v[A] = 0.7;
    v[P] = 9; // capped at 3
    v[S] = 1; // not balanced
    expect(&c, &s, v, 6 * 0.4965853, 2, 0.5 * 0.0497871);
    // d/ds of w (exp(-s) l + s) = w - w exp(-s) l
    assert_float_equal(mien_weighting_uncertainty_slope(0.7, 2, 1.5), 0.5, 1e-12);
    assert_float_equal(mien_weighting_uncertainty_slope(3.5, 1, 4), 0, 1e-12);     // s would grow
    assert_float_equal(mien_weighting_uncertainty_slope(3.5, 1, 0.2), 0.8, 1e-12); // back
    assert_float_equal(mien_weighting_uncertainty_slope(-3.5, 1, 0.2), 0, 1e-12);
    assert_float_equal(mien_weighting_uncertainty_slope(-3.5, 1, 4), -3, 1e-12);
}

static void random_weights(void **state)
{
    (void)state;
    struct mien_weighting_config c = config(MIEN_WEIGHTING_RANDOM);
    double w[MIEN_TASKS], again[MIEN_TASKS], sum = 0, low = 2, high = 0;
    for (int i = 0; i < 2000; i++) {
        struct mien_weighting_state s = {.steps = i};
        mien_weighting_next(&c, &s, none, w);
        mien_weighting_next(&c, &s, none, again);
        assert_memory_equal(w, again, sizeof(w)); // of the step alone: resuming draws the same
        double a = w[A] * 0.5, p = w[P] * 2;
        assert_float_equal(a + p, 2, 1e-9);
        struct mien_rng rng;
        float z[MIEN_TASKS];
        mien_rng_seed(&rng, 5 ^ 0x726c77, (uint64_t)i);
        for (int t = 0; t < MIEN_TASKS; t++) {
            z[t] = mien_rng_normal(&rng);
        }
        assert_float_equal(a, 2 / (1 + exp((double)z[P] - (double)z[A])), 1e-6);
        sum += a;
        low = fmin(low, a);
        high = fmax(high, a);
    }
    assert_float_equal(sum / 2000, 1, 0.05);
    assert_true(low < 0.2 && high > 1.8);
}

// Periods of two steps: means (1, 2), then (0.5, 2); ratios 0.5 and 1 at temperature 2:
// exp(0.25) = 1.2840254, exp(0.5) = 1.6487213; shares 0.8756472 and 1.1243528.
static void dynamic_weight_average(void **state)
{
    (void)state;
    struct mien_weighting_state s = {0};
    struct mien_weighting_config c = config(MIEN_WEIGHTING_DWA);
    expect(&c, &s, none, 2, 2, 0.5);
    observe(&c, &s, 0.8, 2);
    observe(&c, &s, 1.2, 2);
    expect(&c, &s, none, 2, 2, 0.5); // one period is no ratio
    observe(&c, &s, 0.4, 1.9);
    expect(&c, &s, none, 2, 2, 0.5);
    observe(&c, &s, 0.6, 2.1);
    expect(&c, &s, none, 2 * 0.8756472, 2, 0.5 * 1.1243528);
}

// Normalised losses (0.5, 0.25): weights as 2 : 4, sum 2. Then the first halves: the logarithms
// fall by (0.6931472, 0), gradient (0.1732868, -0.1732868), Adam's first step is 0.025 against its
// sign. With losses (0.25, 0.25) weights are as exp(-0.025) : exp(0.025): 0.9750052, 1.0249948.
// Then pose falls to 0.125 (see below).
static void famo(void **state)
{
    (void)state;
    struct mien_weighting_state s = {0};
    struct mien_weighting_config c = config(MIEN_WEIGHTING_FAMO);
    expect(&c, &s, none, 2, 2, 0.5);
    observe(&c, &s, 0.25, 0.5);
    expect(&c, &s, none, 2 * 2 / 3., 2, 0.5 * 4 / 3.);
    observe(&c, &s, 0.125, 0.5);
    assert_float_equal(s.logit[A], -0.025, 1e-7);
    assert_float_equal(s.logit[P], 0.025, 1e-7);
    expect(&c, &s, none, 2 * 0.9750052, 2, 0.5 * 1.0249948);
    // z = (0.4875026, 0.5124974), falls (0, ln 2), mean 0.3552361: gradients (-0.1731785 - 2.5e-5,
    // 0.1731785 + 2.5e-5); moments 0.9 * 0.0173287 -+ 0.1 * 0.1732035 over 0.19: (-0.0090763,
    // 0.0090763); roots: sqrt((0.999 * 3.00283e-5 + 2.99995e-5) / 0.001999) = 0.1732452. Steps:
    // 0.025 * 0.0090763 / 0.1732452 = 0.0013098.
    observe(&c, &s, 0.125, 0.25);
    assert_float_equal(s.logit[A], -0.025 + 0.0013098, 2e-6);
    assert_float_equal(s.logit[P], 0.025 - 0.0013098, 2e-6);
    // A batch without pose labels leaves its loss as it was.
    double sum[MIEN_TASKS] = {0}, count[MIEN_TASKS] = {0}, last = s.last[P];
    sum[A] = 0.1;
    count[A] = 1;
    mien_weighting_observe(&c, &s, sum, count);
    assert_true(s.last[P] == last);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(fixed_schemes), cmocka_unit_test(running_means),
          cmocka_unit_test(uncertainty), cmocka_unit_test(random_weights),
          cmocka_unit_test(dynamic_weight_average), cmocka_unit_test(famo))

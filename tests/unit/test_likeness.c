// Whether two estimates are one person's: learned from people whose covariances are known, and
// judged against the odds that these give.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "face/likeness.h"
#include "learn/likeness.h"
#include "run_tests.h"

enum { N = MIEN_IDENTITY, PEOPLE = 3000, EACH = 4, APART = 8 };

// People differ in the first eight coefficients alone, with these variances where estimates of one
// person have 1; all have the mean 0.5.
static const float between[APART] = {6, 5, 4, 3, 2.5f, 2, 1.5f, 1};

static void draw(struct mien_rng *r, const float *person, float *out)
{
    for (int k = 0; k < N; k++) {
        out[k] = person[k] + mien_rng_normal(r);
    }
    out[N - 1] += 0.8f * out[0]; // what differs with a picture need not lie along a coefficient
}

static void draw_person(struct mien_rng *r, float *out)
{
    for (int k = 0; k < N; k++) {
        out[k] = 0.5f + (k < APART ? sqrtf(between[k]) * mien_rng_normal(r) : 0);
    }
}

// The logarithm of the true ratio: each of the eight by itself, the density of both under one
// person over that under two.
static double true_ratio(const float *a, const float *b)
{
    double ratio = 0;
    for (int k = 0; k < APART; k++) {
        double v = (double)between[k], x = (double)a[k] - 0.5, y = (double)b[k] - 0.5;
        double det = (1 + v) * (1 + v) - v * v;
        double one = -0.5 * log(det) - 0.5 * ((1 + v) * (x * x + y * y) - 2 * v * x * y) / det;
        double two = -log(1 + v) - 0.5 * (x * x + y * y) / (1 + v);
        ratio += one - two;
    }
    return ratio;
}

static float (*identity)[N];
static struct mien_likeness_sample *sample;

static int set_up(void **state)
{
    struct mien_rng r;
    mien_rng_seed(&r, 5, 1);
    identity = mien_calloc((size_t)PEOPLE * EACH, sizeof(*identity));
    sample = mien_calloc((size_t)PEOPLE * EACH, sizeof(*sample));
    for (int i = 0; identity && sample && i < PEOPLE; i++) {
        float person[N];
        draw_person(&r, person);
        for (int k = 0; k < EACH; k++) {
            draw(&r, person, identity[i * EACH + k]);
            sample[i * EACH + k] =
                (struct mien_likeness_sample){.person = i, .identity = identity[i * EACH + k]};
        }
    }
    return identity && sample ? 0 : -1;
}

static int tear_down(void **state)
{
    mien_free(identity);
    mien_free(sample);
    return 0;
}

static void test_learned_odds_are_the_true_ones(void **state)
{
    struct mien_likeness l;
    struct mien_rng r;
    assert_true(mien_likeness_learn(sample, PEOPLE * EACH, &l));
    for (int k = 0; k < APART; k++) {
        assert_float_equal(l.between[k], between[k], 0.15f * between[k] + 0.05f);
    }
    assert_true(l.between[APART] < 0.15f); // nobody differs there
    mien_rng_seed(&r, 6, 1);
    double off = 0, right = 0;
    enum { PAIRS = 2000 };
    for (int i = 0; i < PAIRS; i++) {
        float p[N], q[N], a[N], b[N];
        draw_person(&r, p);
        draw_person(&r, q);
        draw(&r, p, a);
        draw(&r, i & 1 ? p : q, b);
        double truth = true_ratio(a, b), got = (double)mien_likeness_compare(&l, a, b);
        assert_true(fabs(got - (double)mien_likeness_compare(&l, b, a)) < 1e-3);
        off += (got - truth) * (got - truth) / PAIRS;
        right += ((got > 0) == (i & 1)) / (double)PAIRS;
    }
    assert_true(sqrt(off) < 0.6); // ratios are some ten apart
    assert_true(right > 0.85);
}

// Two people with two estimates each: anything could be read into them.
static void test_few_people_are_refused(void **state)
{
    struct mien_likeness l;
    char said[256] = "";
    mien_log_capture(said, sizeof(said));
    bool ok = mien_likeness_learn(sample, 199 * EACH, &l);
    mien_log_capture(NULL, 0);
    assert_false(ok);
    assert_non_null(strstr(said, "200 people"));
    assert_non_null(strstr(said, "199"));
}

// Estimates that are all the same say nothing of how they differ.
static void test_estimates_without_spread_are_refused(void **state)
{
    struct mien_likeness l;
    char said[256] = "";
    for (int i = 0; i < PEOPLE * EACH; i++) {
        sample[i].identity = identity[i / EACH * EACH];
    }
    mien_log_capture(said, sizeof(said));
    bool ok = mien_likeness_learn(sample, PEOPLE * EACH, &l);
    mien_log_capture(NULL, 0);
    assert_false(ok);
    assert_non_null(strstr(said, "do not differ"));
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(test_learned_odds_are_the_true_ones),
          cmocka_unit_test(test_few_people_are_refused),
          cmocka_unit_test(test_estimates_without_spread_are_refused))

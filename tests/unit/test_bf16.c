// Mixed precision: how operands are rounded, and trainings with bfloat16 (the convolutions
// themselves: test_kernels). Skipped where the processor has no AVX512-BF16.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/graph.h"
#include "tensor/conv_bf16.h"
#include "tensor/kernels.h"
#include "run_tests.h"

static const struct mien_kernels *bf16_or_skip(void)
{
    const struct mien_kernels *k = mien_kernels_bf16();
    if (!k) {
        print_message("this processor has no AVX512-BF16\n");
        skip();
    }
    return k;
}

// To the nearest bfloat16, ties to the even one.
static void test_rounds_to_nearest(void **state)
{
    (void)state;
    const struct mien_kernels *k = bf16_or_skip();
    static const float cases[][2] = {
        {1.00390625f, 1.0f},     {1.01171875f, 1.015625f},        {1.004f, 1.0078125f},
        {-1.00390625f, -1.0f},   {3e+38f, 3.00405527047391e+38f}, {1e-30f, 9.98402083170343e-31f},
        {-1.0117f, -1.0078125f}, {0.33333334f, 0.333984375f}};
    float x[16] = {0}, y[16], w = 1;
    for (size_t i = 0; i < MIEN_COUNT(cases); i++) {
        x[i] = cases[i][0];
    }
    const struct mien_conv s = {
        .n = 16, .c = 1, .h = 1, .w = 1, .o = 1, .k = 1, .stride = 1, .oh = 1, .ow = 1};
    float *scratch = mien_calloc(mien_conv_scratch(&s), sizeof *scratch);
    k->conv_forward(&s, x, &w, y, scratch);
    for (size_t i = 0; i < MIEN_COUNT(cases); i++) {
        assert_true(y[i] == cases[i][1]);
    }
    mien_free(scratch);
}

// Small shards go to the float functions: the same bits.
static void test_small_shards(void **state)
{
    (void)state;
    const struct mien_kernels *k = bf16_or_skip(), *exact = mien_kernels();
    const struct mien_conv s = {.n = MIEN_BF16_PICTURES - 1,
                                .c = 4,
                                .h = 6,
                                .w = 6,
                                .o = 4,
                                .k = 3,
                                .stride = 1,
                                .pad = 1,
                                .oh = 6,
                                .ow = 6};
    enum { X = 4 * (MIEN_BF16_PICTURES - 1) * 36, W = 4 * 4 * 9 };
    assert_false(mien_bf16_takes(&s));
    struct mien_rng r;
    mien_rng_seed(&r, 1, 0);
    float x[X], w[W], y[2][X];
    for (int i = 0; i < X; i++) {
        x[i] = mien_rng_normal(&r);
    }
    for (int i = 0; i < W; i++) {
        w[i] = mien_rng_normal(&r);
    }
    float *scratch = mien_calloc(mien_conv_scratch(&s), sizeof *scratch);
    k->conv_forward(&s, x, w, y[0], scratch);
    exact->conv_forward(&s, x, w, y[1], scratch);
    assert_memory_equal(y[0], y[1], sizeof(y[0]));
    mien_free(scratch);
}

// ---- training ----

enum { SHARD = 16, SHARDS = 2, STEPS = 120 };
static const char NET[] = "input image 3 16 16\n"
                          "conv c1 image out 8 s 2 bn relu\n"
                          "block b1 c1 out 16 s 2\n"
                          "block b2 b1 out 24\n"
                          "dense d1 b2 out 24 relu\n"
                          "dense d2 d1 out 4\n"
                          "output y d2\n";

// The answer to a picture: how bright four of its bands are.
static double band_loss(void *arg, struct mien_graph *g, int shard)
{
    (void)arg;
    const float *x = mien_graph_input(g, shard), *y = mien_graph_output(g, shard, 0);
    float *dy = mien_graph_output_grad(g, shard, 0);
    double sum = 0;
    for (int i = 0; i < SHARD * 4; i++) {
        const float *band = x + (size_t)(i / 4) * 768 + (size_t)(i % 4) * 64;
        float want = 0;
        for (int j = 0; j < 64; j++) {
            want += band[j] / 64;
        }
        const float e = y[i] - want;
        sum += 0.5 * e * e / (SHARD * SHARDS);
        dy[i] = e / (SHARD * SHARDS);
    }
    return sum;
}

static double train(struct mien_graph *g, int from, int to)
{
    const struct mien_adamw o = {
        .lr = 3e-3f, .beta1 = 0.9f, .beta2 = 0.99f, .eps = 1e-8f, .clip = 10, .average = 0.9f};
    const int count = to - from < 10 ? to - from : 10;
    double last = 0; // the mean of the last steps
    for (int i = from; i < to; i++) {
        for (int s = 0; s < SHARDS; s++) {
            struct mien_rng r;
            float bright = 0;
            mien_rng_seed(&r, (uint64_t)i, (uint64_t)s);
            for (int j = 0; j < SHARD * 768; j++) {
                if (j % 64 == 0) {
                    bright = 2 * mien_rng_normal(&r);
                }
                mien_graph_input(g, s)[j] = bright + mien_rng_normal(&r);
            }
        }
        const double loss = mien_graph_forward_backward(g, NULL, band_loss, NULL);
        assert_true(isfinite(loss));
        assert_true(mien_graph_step(g, NULL, &o));
        last += i >= to - count ? loss / count : 0;
    }
    return last;
}

static struct mien_graph *graph(enum mien_precision precision)
{
    struct mien_graph *g = mien_graph_create(NET, SHARD, SHARDS, 1);
    assert_non_null(g);
    assert_true(mien_graph_set_precision(g, precision));
    return g;
}

// The same training twice: both learn, and at the end the losses, a twentieth of the first, are
// within 10 % of each other (other seeds of the float training differ by as much).
static void test_trains_as_well(void **state)
{
    (void)state;
    bf16_or_skip();
    struct mien_graph *a = graph(MIEN_PRECISION_FLOAT), *b = graph(MIEN_PRECISION_BF16);
    assert_string_equal(mien_graph_precision(a), "float");
    assert_string_equal(mien_graph_precision(b), "bf16");
    const double first = train(a, 0, 1), first_b = train(b, 0, 1);
    assert_true(first != first_b);
    assert_float_equal(first_b / first, 1, 0.01);
    const double last = train(a, 1, STEPS), last_b = train(b, 1, STEPS);
    print_message("loss %.4f and %.4f -> %.4f in float, %.4f in bf16\n", first, first_b, last,
                  last_b);
    assert_true(last < 0.5 * first);
    assert_float_equal(last_b / last, 1, 0.1);
    mien_graph_destroy(a);
    mien_graph_destroy(b);
}

// A checkpoint does not know the precision: what bf16 has trained is evaluated by the float
// kernels to the same bits in a float graph, and trained on from either.
static void test_checkpoints_interchange(void **state)
{
    (void)state;
    bf16_or_skip();
    char path[] = "/tmp/mien_test_bf16_XXXXXX";
    close(mkstemp(path));
    struct mien_graph *a = graph(MIEN_PRECISION_BF16), *b = graph(MIEN_PRECISION_FLOAT);
    train(a, 0, 5);
    assert_true(mien_graph_save(a, path, NULL, 0));
    assert_true(mien_graph_restore(b, path, NULL, NULL));
    memcpy(mien_graph_input(b, 0), mien_graph_input(a, 0), SHARD * 768 * sizeof(float));
    mien_graph_forward(a, NULL, false);
    mien_graph_forward(b, NULL, false);
    assert_memory_equal(mien_graph_output(a, 0, 0), mien_graph_output(b, 0, 0),
                        SHARD * 4 * sizeof(float));
    const double la = train(a, 5, 15), lb = train(b, 5, 15);
    assert_float_equal(la / lb, 1, 0.02);
    // and exactly in the same precision
    assert_true(mien_graph_restore(b, path, NULL, NULL));
    assert_true(mien_graph_set_precision(b, MIEN_PRECISION_AUTO));
    assert_true(train(b, 5, 15) == la);
    unlink(path);
    mien_graph_destroy(a);
    mien_graph_destroy(b);
}

// Without the instructions: bf16 is refused, auto is float.
static void test_without_it(void **state)
{
    (void)state;
    setenv("MIEN_CPU", "avx512", 1);
    assert_null(mien_kernels_bf16());
    struct mien_graph *g = graph(MIEN_PRECISION_AUTO);
    assert_string_equal(mien_graph_precision(g), "float");
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_false(mien_graph_set_precision(g, MIEN_PRECISION_BF16));
    mien_log_set_level(MIEN_LOG_INFO);
    mien_graph_destroy(g);
    unsetenv("MIEN_CPU");
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(test_rounds_to_nearest), cmocka_unit_test(test_small_shards),
          cmocka_unit_test(test_trains_as_well), cmocka_unit_test(test_checkpoints_interchange),
          cmocka_unit_test(test_without_it))

// Mixed precision: convolutions over bfloat16 operands against the reference, and trainings with
// them. Skipped where the processor has no AVX512-BF16.
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

// {n, c, h, w, out, k, stride, pad}: the face network's with fewer pictures or places; odd heights,
// widths, channels and shards; padding wider than the picture; columns that no window reaches.
static const int shapes[][8] = {
    {16, 3, 24, 24, 16, 3, 2, 1},  {32, 16, 12, 12, 24, 3, 2, 1}, {32, 16, 12, 12, 24, 1, 2, 0},
    {33, 24, 12, 12, 24, 3, 1, 1}, {24, 48, 12, 12, 48, 3, 1, 1}, {32, 96, 6, 6, 128, 3, 1, 1},
    {16, 128, 6, 6, 64, 1, 1, 0},  {50, 48, 6, 6, 64, 3, 2, 1},   {9, 5, 7, 9, 7, 3, 1, 1},
    {17, 7, 9, 8, 25, 3, 2, 1},    {8, 1, 5, 6, 1, 5, 1, 2},      {31, 3, 8, 7, 9, 5, 2, 2},
    {32, 33, 5, 19, 17, 3, 1, 1},  {20, 2, 6, 5, 40, 3, 1, 0},    {16, 2, 4, 4, 3, 2, 2, 0},
    {16, 2, 1, 1, 2, 3, 1, 1},     {40, 4, 2, 1, 33, 3, 1, 1},    {16, 3, 3, 2, 8, 7, 1, 3},
    {16, 3, 4, 6, 8, 3, 1, 2},     {12, 3, 9, 8, 5, 5, 3, 2},     {1, 3, 6, 6, 4, 3, 1, 1},
};

static struct mien_conv geometry(const int q[8])
{
    struct mien_conv s = {.n = q[0],
                          .c = q[1],
                          .h = q[2],
                          .w = q[3],
                          .o = q[4],
                          .k = q[5],
                          .stride = q[6],
                          .pad = q[7]};
    s.oh = (s.h + 2 * s.pad - s.k) / s.stride + 1;
    s.ow = (s.w + 2 * s.pad - s.k) / s.stride + 1;
    return s;
}

enum { X, W, DY, Y, DX, DW, TENSORS };
enum { SKEW = 3, FENCE = 64 };

struct conv { // one convolution with its tensors
    struct mien_conv s;
    size_t count[TENSORS];
    float *t[TENSORS], *scratch;
};

// limit 0: normal numbers; else whole ones up to it. Gradients start at 3: they are added to.
static void conv_make(struct conv *c, const int q[8], int limit, uint64_t seed)
{
    struct mien_rng r;
    mien_rng_seed(&r, seed, 0);
    c->s = geometry(q);
    const struct mien_conv *s = &c->s;
    c->count[X] = c->count[DX] = (size_t)s->c * s->n * s->h * s->w;
    c->count[W] = c->count[DW] = (size_t)s->o * s->c * s->k * s->k;
    c->count[DY] = c->count[Y] = (size_t)s->o * s->n * s->oh * s->ow;
    for (int i = 0; i < TENSORS; i++) {
        c->t[i] = mien_calloc(c->count[i], sizeof(float));
        assert_non_null(c->t[i]);
        for (size_t j = 0; j < c->count[i]; j++) {
            c->t[i][j] = i >= DX ? 3 : i == Y ? NAN : mien_rng_normal(&r);
            if (limit && i < Y) {
                c->t[i][j] = (float)((int)mien_rng_below(&r, 2 * (uint32_t)limit + 1) - limit);
            }
        }
    }
    // Not aligned, not numbers, and a fence behind.
    const size_t n = mien_conv_scratch(s);
    c->scratch = mien_calloc(n + SKEW + FENCE, sizeof(float));
    assert_non_null(c->scratch);
    memset(c->scratch, 0xff, (n + SKEW + FENCE) * sizeof(float));
}

static void conv_run(struct conv *c, const struct mien_kernels *k)
{
    float *scratch = c->scratch + SKEW;
    k->conv_forward(&c->s, c->t[X], c->t[W], c->t[Y], scratch);
    k->conv_backward(&c->s, c->t[X], c->t[W], c->t[DY], c->t[DX], c->t[DW], scratch);
    uint32_t fence[FENCE], whole[FENCE];
    memset(whole, 0xff, sizeof whole);
    memcpy(fence, scratch + mien_conv_scratch(&c->s), sizeof fence);
    assert_memory_equal(fence, whole, sizeof whole);
}

static void conv_free(struct conv *c)
{
    for (int i = 0; i < TENSORS; i++) {
        mien_free(c->t[i]);
    }
    mien_free(c->scratch);
}

static const struct mien_kernels *bf16_or_skip(void)
{
    const struct mien_kernels *k = mien_kernels_bf16();
    if (!k) {
        print_message("this processor has no AVX512-BF16\n");
        skip();
    }
    return k;
}

// Whole numbers up to 8 are bfloat16, and their sums here stay below 2^24: equal to the last bit.
static void test_exact_operands(void **state)
{
    (void)state;
    const struct mien_kernels *k = bf16_or_skip();
    for (size_t i = 0; i < MIEN_COUNT(shapes); i++) {
        struct conv got, want;
        conv_make(&got, shapes[i], 8, i);
        conv_make(&want, shapes[i], 8, i);
        conv_run(&got, k);
        conv_run(&want, mien_kernels_plain());
        for (int t = Y; t < TENSORS; t++) {
            for (size_t j = 0; j < got.count[t]; j++) {
                if (got.t[t][j] != want.t[t][j]) {
                    fail_msg("shape %zu, tensor %d[%zu]: %.9g, expected %.9g", i, t, j, got.t[t][j],
                             want.t[t][j]);
                }
            }
        }
        conv_free(&got);
        conv_free(&want);
    }
}

// Any numbers: rounding an operand changes it by at most 2^-8 of itself, so a product by 2^-7 and a
// sum of products by 2^-7 of the sum of their sizes. That sum comes from the reference run on
// absolute values. 2^-12 more for the order of the float sums.
static void test_rounding_bound(void **state)
{
    (void)state;
    const struct mien_kernels *k = bf16_or_skip();
    double largest = 0;
    for (size_t i = 0; i < MIEN_COUNT(shapes); i++) {
        struct conv got, want, size;
        conv_make(&got, shapes[i], 0, i);
        conv_make(&want, shapes[i], 0, i);
        conv_make(&size, shapes[i], 0, i);
        for (int t = X; t < Y; t++) {
            for (size_t j = 0; j < size.count[t]; j++) {
                size.t[t][j] = fabsf(size.t[t][j]);
            }
        }
        conv_run(&got, k);
        conv_run(&want, mien_kernels_plain());
        conv_run(&size, mien_kernels_plain());
        for (int t = Y; t < TENSORS; t++) {
            for (size_t j = 0; j < got.count[t]; j++) {
                const double error = fabs((double)got.t[t][j] - want.t[t][j]);
                if (!(error <= size.t[t][j] * (1.0 / 128 + 1.0 / 4096))) {
                    fail_msg("shape %zu, tensor %d[%zu]: %.9g, expected %.9g", i, t, j, got.t[t][j],
                             want.t[t][j]);
                }
                largest = fmax(largest, error / size.t[t][j]);
            }
        }
        conv_free(&got);
        conv_free(&want);
        conv_free(&size);
    }
    assert_true(largest > 1e-4); // operands were rounded: the table is not the float one
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

// A gradient that is not asked for is not touched, and small shards go to the float functions.
static void test_what_it_takes(void **state)
{
    (void)state;
    const struct mien_kernels *k = bf16_or_skip();
    struct conv c;
    conv_make(&c, shapes[1], 8, 1);
    k->conv_backward(&c.s, c.t[X], c.t[W], c.t[DY], NULL, c.t[DW], c.scratch);
    k->conv_backward(&c.s, c.t[X], c.t[W], c.t[DY], c.t[DX], NULL, c.scratch);
    struct conv d;
    conv_make(&d, shapes[1], 8, 1);
    conv_run(&d, k);
    assert_memory_equal(c.t[DX], d.t[DX], c.count[DX] * sizeof(float));
    assert_memory_equal(c.t[DW], d.t[DW], c.count[DW] * sizeof(float));
    conv_free(&c);
    conv_free(&d);
    const int few[8] = {MIEN_BF16_PICTURES - 1, 4, 6, 6, 4, 3, 1, 1};
    conv_make(&c, few, 0, 1);
    conv_make(&d, few, 0, 1);
    assert_false(mien_bf16_takes(&c.s));
    conv_run(&c, k);
    conv_run(&d, mien_kernels());
    for (int t = Y; t < TENSORS; t++) {
        for (size_t j = 0; j < c.count[t]; j++) {
            assert_float_equal(c.t[t][j], d.t[t][j], 1e-4);
        }
    }
    conv_free(&c);
    conv_free(&d);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_operands),    cmocka_unit_test(test_rounding_bound),
        cmocka_unit_test(test_rounds_to_nearest), cmocka_unit_test(test_what_it_takes),
        cmocka_unit_test(test_trains_as_well),    cmocka_unit_test(test_checkpoints_interchange),
        cmocka_unit_test(test_without_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// The training graph: gradients against differences, independence of the thread count, exact
// resume, fine tuning by name, dropout and stop, non-finite values, export against its own forward.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/graph_internal.h"
#include "nn/net.h"
#include "run_tests.h"

static const char ZOO[] = "define WIDTH 8\n"
                          "input image 3 16 16 mean 127.5 scale 0.0078125\n"
                          "conv c1 image out $WIDTH k 3 s 2 bn relu # comment\n"
                          "block b1 c1 out 12 s 2 leaky 0.1\n"
                          "depthwise d1 c1 s 2 bn prelu\n"
                          "conv p1 d1 out 12 k 1 hardswish\n"
                          "add a1 b1 p1 relu\n"
                          "maxpool m1 c1 k 3 s 2 pad 1\n"
                          "avgpool m2 c1\n"
                          "concat cat a1 b1 m1 m2\n"
                          "conv up0 cat out 8 k 1 bn relu\n"
                          "softargmax sa up0 reach 1.2\n"
                          "upsample up up0\n"
                          "conv u1 up out 8 plus c1 prelu\n"
                          "gap g1 a1\n"
                          "dense d2 g1 out 16 bn relu\n"
                          "dropout dr d2 p 0.25\n"
                          "dense d3 dr out 5\n"
                          "act ac m2 hardswish\n"
                          "dense d6 sa out 6 plus d5 relu\n"
                          "dense d4 ac out 6 plus d6\n";

// d5 is used by d4, so it stands before it; built here to keep the text above readable.
static void zoo(char *out, size_t size)
{
    snprintf(out, size,
             "%.*sdense d5 u1 out 6\n%s"
             "output vector d3\noutput map u1\noutput last d4\n",
             (int)(strstr(ZOO, "act ac") - ZOO), ZOO, strstr(ZOO, "act ac"));
}

static const char SMALL[] = "input image 3 16 16\n"
                            "conv c1 image out 8 s 2 bn relu\n"
                            "block b1 c1 out 16 s 2\n"
                            "dropout dr b1 p 0.1\n"
                            "dense d1 dr out 24 relu\n"
                            "dense d2 d1 out 4\n"
                            "output y d2\n";

static void fill_inputs(struct mien_graph *g, int shard, int shards, uint64_t seed)
{
    int c, h, w;
    mien_graph_input_shape(g, &c, &h, &w);
    for (int s = 0; s < shards; s++) {
        struct mien_rng r;
        mien_rng_seed(&r, seed, (uint64_t)s);
        for (int i = 0; i < shard * c * h * w; i++) {
            mien_graph_input(g, s)[i] = mien_rng_normal(&r);
        }
    }
}

// 0.5 sum (y - target)^2 with targets that depend on the place, over all outputs; a scalar weighs
// it.
struct squares {
    float *scale, *scale_grad;
};

static double square_loss(void *arg, struct mien_graph *g, int shard)
{
    const struct squares *q = arg;
    double sum = 0;
    static const char *const names[] = {"vector", "map", "last", "y"};
    for (size_t k = 0; k < MIEN_COUNT(names); k++) {
        int o = mien_graph_find_output(g, names[k]);
        if (o < 0) {
            continue;
        }
        int count = mien_graph_output_count(g, o), n = k == 3 ? 8 : 6;
        const float *y = mien_graph_output(g, shard, o);
        float *dy = mien_graph_output_grad(g, shard, o);
        for (int i = 0; i < n * count; i++) {
            float e = y[i] - sinf(0.7f * (float)i + (float)shard);
            sum += 0.5 * e * e;
            dy[i] = e * (q ? *q->scale : 1);
        }
    }
    if (q) {
        q->scale_grad[shard] += (float)sum;
        sum *= *q->scale;
    }
    return sum;
}

// The whole graph in float against central differences along the gradient: each parameter tensor's
// own direction. Rectifier kinks and float rounding leave about 1 %; a wrong backward is off by far
// more. The double checks of every kernel are in test_tensor.
static void check_directional_gradient(bool frozen)
{
    char text[2048];
    zoo(text, sizeof text);
    // dropout draws a new mask each pass: without it here
    char *p = strstr(text, "p 0.25");
    memcpy(p, "p 0.00", 6);
    struct mien_graph *g = mien_graph_create(text, 6, 2, 3);
    assert_non_null(g);
    struct squares q;
    q.scale = mien_graph_scalar(g, "scale", 0.7f, &q.scale_grad);
    fill_inputs(g, 6, 2, 5);
    size_t count;
    float *grad = mien_graph_gradient(g, &count);
    if (frozen) { // with the statistics of these pictures, so that activations are of a usual size
        for (int i = 0; i < 60; i++) {
            mien_graph_forward_backward(g, NULL, square_loss, &q);
        }
        memset(grad, 0, count * sizeof *grad);
        mien_graph_freeze_norm(g);
    }
    double loss = mien_graph_forward_backward(g, NULL, square_loss, &q);
    assert_true(loss > 0);
    float *copy = mien_calloc(count, sizeof *copy);
    memcpy(copy, grad, count * sizeof *copy);
    // the weights lie in front of the scalar, in the gradient's order
    float *weights = NULL;
    for (size_t i = 0; i < count; i++) {
        if (copy[i] == q.scale_grad[0] + q.scale_grad[1]) {
            weights = q.scale - i;
        }
    }
    assert_non_null(weights);
    int checked = 0;
    for (size_t from = 0; from < count; from += 16) {
        double norm = 0;
        for (size_t i = from; i < from + 16; i++) {
            norm += (double)copy[i] * copy[i];
        }
        norm = sqrt(norm);
        if (norm < 0.5) {
            continue;
        }
        float saved[16];
        memcpy(saved, weights + from, sizeof saved);
        // A kink inside the larger step or rounding in the smaller one may spoil one of the two.
        bool good = false;
        double numeric = 0;
        for (int e = 0; e < 3 && !good; e++) {
            const double eps = e == 0 ? 3e-4 : e == 1 ? 1e-3 : 1e-4;
            double side[2];
            for (int k = 0; k < 2; k++) {
                for (int i = 0; i < 16; i++) {
                    weights[from + i] =
                        saved[i] + (float)((k ? -eps : eps) * copy[from + i] / norm);
                }
                side[k] = mien_graph_forward_backward(g, NULL, square_loss, &q);
            }
            numeric = (side[0] - side[1]) / (2 * eps);
            good = fabs(numeric - norm) <= 0.03 * norm + 0.05;
        }
        memcpy(weights + from, saved, sizeof saved);
        if (!good) {
            fail_msg("weights %zu…: gradient %g, differences %g", from, norm, numeric);
        }
        checked++;
    }
    assert_true(checked > (frozen ? 25 : 40));
    mien_free(copy);
    mien_graph_destroy(g);
}

static void test_directional_gradient(void **state)
{
    (void)state;
    check_directional_gradient(false);
}

static void test_directional_gradient_with_frozen_norm(void **state)
{
    (void)state;
    check_directional_gradient(true);
}

static const struct mien_adamw ADAMW = {.lr = 3e-3f,
                                        .beta1 = 0.9f,
                                        .beta2 = 0.99f,
                                        .eps = 1e-8f,
                                        .weight_decay = 1e-2f,
                                        .clip = 10,
                                        .average = 0.9f};

static const struct mien_adamw MUON = {.lr = 6e-3f,
                                       .beta1 = 0.9f,
                                       .beta2 = 0.99f,
                                       .eps = 1e-8f,
                                       .weight_decay = 1e-2f,
                                       .clip = 10,
                                       .average = 0.9f,
                                       .muon = 0.95f,
                                       .muon_rate = 1};

static double train_with(const struct mien_adamw *o, struct mien_graph *g, struct mien_pool *pool,
                         int from, int to)
{
    double loss = 0;
    for (int i = from; i < to; i++) {
        fill_inputs(g, 8, 3, (uint64_t)i % 4);
        loss = mien_graph_forward_backward(g, pool, square_loss, NULL);
        assert_true(mien_graph_step(g, pool, o));
    }
    return loss;
}

static double train(struct mien_graph *g, struct mien_pool *pool, int from, int to)
{
    return train_with(&ADAMW, g, pool, from, to);
}

static void assert_same_outputs(struct mien_graph *a, struct mien_graph *b)
{
    fill_inputs(a, 8, 3, 99);
    fill_inputs(b, 8, 3, 99);
    mien_graph_forward(a, NULL, true);
    mien_graph_forward(b, NULL, true);
    for (int s = 0; s < 3; s++) {
        assert_memory_equal(mien_graph_output(a, s, 0), mien_graph_output(b, s, 0),
                            8 * 4 * sizeof(float));
    }
}

static void test_learns(void **state)
{
    (void)state;
    struct mien_graph *g = mien_graph_create(SMALL, 8, 3, 1);
    double first = train(g, NULL, 0, 1), last = train(g, NULL, 1, 150);
    assert_true(last < 0.2 * first);
    assert_int_equal(mien_graph_steps(g), 150);
    mien_graph_destroy(g);
}

static void check_threads(const struct mien_adamw *o)
{
    struct mien_graph *a = mien_graph_create(SMALL, 8, 3, 1),
                      *b = mien_graph_create(SMALL, 8, 3, 1);
    struct mien_pool *pool = mien_pool_create(3);
    double la = train_with(o, a, NULL, 0, 6), lb = train_with(o, b, pool, 0, 6);
    assert_true(la == lb);
    assert_same_outputs(a, b);
    mien_pool_destroy(pool);
    mien_graph_destroy(a);
    mien_graph_destroy(b);
}

static void test_threads_do_not_matter(void **state)
{
    (void)state;
    check_threads(&ADAMW);
    check_threads(&MUON);
}

// A gradient with known singular vectors (those of two cosine transforms) and very unlike singular
// values: Muon's step has the same vectors and the values of its quintic applied five times, which
// are near 1, whichever side is longer.
static void check_muon_step(int rows, int columns)
{
    enum { MOST = 96 };
    static float grad[MOST * MOST], w[MOST * MOST], m[MOST * MOST], average[MOST * MOST];
    static float scratch[4 * MOST * MOST];
    struct mien_param p = {.role = MIEN_PARAM_WEIGHT,
                           .shape = {rows, columns, 1, 1},
                           .count = (size_t)rows * (size_t)columns};
    const struct graph_muon o = {.lr = 1, .momentum = 0.95f, .scale = 1, .keep = 0.25f};
    int side = rows < columns ? rows : columns;
    for (int i = 0; i < rows * columns; i++) {
        grad[i] = w[i] = m[i] = average[i] = 0;
    }
    for (int k = 0; k < side; k++) {
        float value = powf(10, -2 * (float)k / (float)side); // 1 … 0.01
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                float u = cosf((float)M_PI * ((float)i + 0.5f) * (float)k / (float)rows);
                float v = cosf((float)M_PI * ((float)j + 0.5f) * (float)k / (float)columns);
                float norm = (k ? 2 : 1) / sqrtf((float)rows * (float)columns);
                grad[i * columns + j] += value * norm * u * v;
            }
        }
    }
    graph_muon_update(&o, &p, w, grad, m, average, scratch);
    float size = 0.2f * sqrtf((float)(rows > columns ? rows : columns));
    for (int k = 0; k < side; k++) {
        double along = 0;
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                double u = cos(M_PI * (i + 0.5) * k / rows),
                       v = cos(M_PI * (j + 0.5) * k / columns);
                along -=
                    (double)w[i * columns + j] * u * v * (k ? 2 : 1) / sqrt((double)rows * columns);
            }
        }
        double sum = 0, value;
        for (int i = 0; i < side; i++) {
            sum += pow(10, -4 * (double)i / side);
        }
        value = pow(10, -2 * (double)k / side) / sqrt(sum);
        for (int i = 0; i < 5; i++) {
            value = value * (3.4445 - 4.7750 * value * value + 2.0315 * pow(value, 4));
        }
        assert_true(value > 0.3 && value < 1.3);
        assert_float_equal(along / (double)size, value, 1e-4);
    }
    for (int i = 0; i < rows * columns; i++) {
        assert_true(grad[i] == 0);
        assert_true(fabsf(average[i] - 0.75f * w[i]) < 1e-6f);
    }
}

static void test_muon(void **state)
{
    (void)state;
    check_muon_step(24, 90);
    check_muon_step(96, 20);
    check_muon_step(32, 32);
    struct mien_graph *g = mien_graph_create(SMALL, 8, 3, 1);
    double first = train_with(&MUON, g, NULL, 0, 1), last = train_with(&MUON, g, NULL, 1, 150);
    assert_true(last < 0.2 * first);
    mien_graph_destroy(g);
}

// Takes a number of the caller's own; a file without it is refused.
static bool take_number(void *arg, const struct mien_container *file, const char *path)
{
    const uint64_t *number = mien_container_get(file, "train_number", sizeof *number, NULL);
    (void)path;
    if (number) {
        memcpy(arg, number, sizeof *number);
    }
    return number != NULL;
}

static bool take_nothing(void *arg, const struct mien_container *file, const char *path)
{
    (void)arg;
    (void)file;
    (void)path;
    return false;
}

static void test_exact_resume(void **state)
{
    (void)state;
    char path[] = "/tmp/mien_test_graph_XXXXXX";
    close(mkstemp(path));
    struct mien_graph *a = mien_graph_create(SMALL, 8, 3, 1),
                      *b = mien_graph_create(SMALL, 8, 3, 1);
    train(a, NULL, 0, 10);
    train(b, NULL, 0, 5);
    uint64_t number = 0x123456789abcdef, back = 0;
    const struct mien_section mine = {"train_number", &number, sizeof number};
    assert_true(mien_graph_save(b, path, &mine, 1));
    mien_graph_destroy(b);
    b = mien_graph_create(SMALL, 8, 3, 77);
    assert_true(mien_graph_restore(b, path, take_number, &back));
    assert_true(number == back);
    assert_int_equal(mien_graph_steps(b), 5);
    train(b, NULL, 5, 10);
    assert_same_outputs(a, b);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_false(mien_graph_restore(b, path, take_nothing, NULL)); // what the caller refuses
    assert_int_equal(mien_graph_steps(b), 10);                     // changes nothing
    struct mien_graph *other = mien_graph_create("input x 3 16 16\nconv c1 x out 8 s 2 bn relu\n"
                                                 "dense d2 c1 out 4\noutput y d2\n",
                                                 8, 3, 1);
    assert_false(mien_graph_restore(other, path, take_number, &back));
    assert_true(mien_graph_init_from(other, path)); // c1 fits, d2 has another shape
    assert_false(mien_graph_restore(b, "/nonexistent/file", NULL, NULL));
    // a cut file and a flipped bit
    FILE *f = fopen(path, "r+b");
    fseek(f, 5000, SEEK_SET);
    fputc(0x5a, f);
    fclose(f);
    assert_false(mien_graph_restore(b, path, take_number, &back));
    assert_int_equal(truncate(path, 3000), 0);
    assert_false(mien_graph_init_from(b, path));
    mien_log_set_level(MIEN_LOG_INFO);
    mien_graph_destroy(other);
    mien_graph_destroy(a);
    mien_graph_destroy(b);
    unlink(path);
}

// A network for finer pictures begins where a coarse one is: dense layers over its maps are
// resampled, and it answers to the same, smooth picture alike.
static void test_finer_pictures_begin_alike(void **state)
{
    (void)state;
    static const char *const text =
        "input x 1 %d %d\ndepthwise c x k 1\ndense d c out 6\noutput y d\n";
    char path[] = "/tmp/mien_test_graph_XXXXXX", net[2][200];
    static const int side[2] = {16, 20};
    close(mkstemp(path));
    struct mien_graph *g[2];
    float answer[2][6], start[6];
    for (int k = 0; k < 2; k++) {
        snprintf(net[k], sizeof(net[k]), text, side[k], side[k]);
        g[k] = mien_graph_create(net[k], 1, 1, (uint64_t)k + 1);
        assert_non_null(g[k]);
        float *x = mien_graph_input(g[k], 0);
        for (int i = 0; i < side[k] * side[k]; i++) {
            float u = ((float)(i % side[k]) + 0.5f) / (float)side[k];
            float v = ((float)(i / side[k]) + 0.5f) / (float)side[k];
            x[i] = 2 * sinf(3 * u + 1) * cosf(2 * v);
        }
        mien_graph_forward(g[k], NULL, true);
        memcpy(k ? start : answer[0], mien_graph_output(g[k], 0, 0), sizeof(start));
    }
    assert_true(mien_graph_save(g[0], path, NULL, 0));
    assert_true(mien_graph_init_from(g[1], path));
    mien_graph_forward(g[1], NULL, true);
    memcpy(answer[1], mien_graph_output(g[1], 0, 0), sizeof(start));
    double off = 0, before = 0, size = 0;
    for (int i = 0; i < 6; i++) {
        size += fabs((double)answer[0][i]);
        off += fabs((double)answer[1][i] - (double)answer[0][i]);
        before += fabs((double)start[i] - (double)answer[0][i]);
    }
    print_message("answers %.3f, off by %.3f, before by %.3f\n", size, off, before);
    assert_true(off < 0.15 * size && off < 0.2 * before);
    for (int k = 0; k < 2; k++) {
        mien_graph_destroy(g[k]);
    }
    unlink(path);
}

static void test_scalars(void **state)
{
    (void)state;
    struct mien_graph *g = mien_graph_create(SMALL, 8, 3, 1);
    struct squares q;
    q.scale = mien_graph_scalar(g, "scale", 0.5f, &q.scale_grad);
    assert_ptr_equal(mien_graph_scalar(g, "scale", 9, NULL), q.scale);
    assert_true(*q.scale == 0.5f);
    fill_inputs(g, 8, 3, 0);
    mien_graph_forward_backward(g, NULL, square_loss, &q);
    mien_graph_step(g, NULL, &ADAMW);
    assert_true(*q.scale < 0.5f); // a smaller scale, a smaller loss
    mien_graph_destroy(g);
}

// Three steps with given gradients against the formulas of the paper, in double: clipping, decay of
// weights but not of biases and scalars, bias correction.
static void test_adamw(void **state)
{
    (void)state;
    struct mien_graph *g =
        mien_graph_create("input x 1 1 1\ndense d x out 1\noutput y d\n", 1, 1, 1);
    float *scalar = mien_graph_scalar(g, "s", 2, NULL);
    float *value[3] = {scalar - 32, scalar - 16, scalar}; // weight, bias, scalar
    const struct mien_adamw o = {.lr = 0.1f,
                                 .beta1 = 0.9f,
                                 .beta2 = 0.99f,
                                 .eps = 1e-3f,
                                 .weight_decay = 0.5f,
                                 .clip = 2,
                                 .average = 0.999f};
    static const double grads[3][3] = {{0.5, -1, 0.25}, {3, 4, -12}, {-0.1, 0.2, 0}};
    double w[3], m[3] = {0}, v[3] = {0}, average[3];
    for (int i = 0; i < 3; i++) {
        average[i] = w[i] = *value[i];
    }
    assert_true(w[0] != 0 && w[2] == 2);
    size_t n;
    float *grad = mien_graph_gradient(g, &n);
    for (int t = 1; t <= 3; t++) {
        const double *q = grads[t - 1], norm = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2]);
        for (int i = 0; i < 3; i++) {
            grad[16 * i] = (float)q[i];
            double d = norm > 2 ? q[i] * 2 / norm : q[i];
            m[i] = 0.9 * m[i] + 0.1 * d;
            v[i] = 0.99 * v[i] + 0.01 * d * d;
            double mh = m[i] / (1 - pow(0.9, t)), vh = v[i] / (1 - pow(0.99, t));
            w[i] -= 0.1 * (mh / (sqrt(vh) + 1e-3) + (i == 0 ? 0.5 : 0) * w[i]);
            // The average keeps (1 + t) / (10 + t) of itself while that is less than it is told.
            average[i] += (1 - (1.0 + t) / (10 + t)) * (w[i] - average[i]);
        }
        mien_graph_step(g, NULL, &o);
        for (int i = 0; i < 3; i++) {
            if (!(fabs(w[i] - *value[i]) < 1e-5)) {
                fail_msg("step %d, value %d: %g, expected %g", t, i, *value[i], w[i]);
            }
            assert_float_equal(g->average[value[i] - g->weights], average[i], 1e-5);
            assert_true(grad[16 * i] == 0);
        }
    }
    mien_graph_destroy(g);
}

static double bad_loss(void *arg, struct mien_graph *g, int shard)
{
    mien_graph_output_grad(g, shard, 0)[1] = shard == 1 ? NAN : 0;
    return *(double *)arg;
}

static void test_non_finite(void **state)
{
    (void)state;
    struct mien_graph *g = mien_graph_create(SMALL, 8, 3, 1),
                      *h = mien_graph_create(SMALL, 8, 3, 1);
    fill_inputs(g, 8, 3, 0);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    double value = 1;
    assert_true(isnan(mien_graph_forward_backward(g, NULL, bad_loss, &value)));
    mien_graph_input(g, 2)[7] = INFINITY;
    assert_true(isnan(mien_graph_forward_backward(g, NULL, square_loss, NULL)));
    mien_log_set_level(MIEN_LOG_INFO);
    size_t n;
    const float *grad = mien_graph_gradient(g, &n);
    for (size_t i = 0; i < n; i++) {
        assert_true(grad[i] == 0);
    }
    train(g, NULL, 0, 3); // nothing of it is left
    train(h, NULL, 0, 3);
    assert_same_outputs(g, h);
    mien_graph_destroy(g);
    mien_graph_destroy(h);
}

static void test_stop_keeps_gradient_out(void **state)
{
    (void)state;
    const char *text = "input x 3 8 8\nconv c1 x out 4 bn relu\nstop s1 c1\ndense d1 s1 out 4\n"
                       "output y d1\n";
    struct mien_graph *g = mien_graph_create(text, 8, 1, 1);
    fill_inputs(g, 8, 1, 0);
    assert_true(mien_graph_forward_backward(g, NULL, square_loss, NULL) > 0);
    size_t n;
    const float *grad = mien_graph_gradient(g, &n);
    double c1 = 0, d1 = 0;
    for (size_t i = 0; i < n; i++) {
        *(i < 112 + 32 ? &c1 : &d1) +=
            fabs(grad[i]); // c1: 108 weights (112), bias, gamma (16 each)
    }
    assert_true(c1 == 0);
    assert_true(d1 > 0);
    mien_graph_destroy(g);
}

// Trains a little so that statistics and weights are far from their start, exports, and compares
// with the graph's own averaged forward: the fold, the plan of buffers and the kernels for one
// picture.
static void check_export(const char *text, bool half, float tolerance)
{
    char path[] = "/tmp/mien_test_net_XXXXXX";
    close(mkstemp(path));
    struct mien_graph *g = mien_graph_create(text, 6, 2, 3);
    assert_non_null(g);
    for (int i = 0; i < 12; i++) {
        fill_inputs(g, 6, 2, (uint64_t)i);
        assert_false(isnan(mien_graph_forward_backward(g, NULL, square_loss, NULL)));
        assert_true(mien_graph_step(g, NULL, &ADAMW));
    }
    fill_inputs(g, 6, 2, 50);
    mien_graph_forward(g, NULL, true);
    assert_true(half ? mien_graph_export_half(g, path) : mien_graph_export(g, path));
    struct mien_net *n = mien_net_load(path);
    assert_non_null(n);
    assert_int_equal(mien_net_input(n).c, 3);
    void *work = mien_calloc(mien_net_workspace_bytes(n), 1);
    const int picture = 3 * mien_net_input(n).h * mien_net_input(n).w;
    for (int s = 0; s < 2; s++) {
        for (int i = 0; i < 6; i++) {
            mien_net_forward(n, mien_graph_input(g, s) + i * picture, work);
            for (int o = 0; o < mien_net_outputs(n); o++) {
                int count = mien_graph_output_count(g, o);
                const float *want = mien_graph_output(g, s, o) + (size_t)i * count;
                const float *got = mien_net_output_data(n, work, o);
                for (int j = 0; j < count; j++) {
                    if (!(fabsf(want[j] - got[j]) <= tolerance * (1 + fabsf(want[j])))) {
                        fail_msg("%s[%d]: %g, expected %g", mien_net_output(n, o).name, j, got[j],
                                 want[j]);
                    }
                }
            }
        }
    }
    // damaged files are refused
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_int_equal(truncate(path, 900), 0);
    assert_null(mien_net_load(path));
    assert_int_equal(truncate(path, 0), 0);
    assert_null(mien_net_load(path));
    mien_log_set_level(MIEN_LOG_INFO);
    unlink(path);
    mien_free(work);
    mien_net_destroy(n);
    mien_graph_destroy(g);
}

static void test_export(void **state)
{
    (void)state;
    char text[2048];
    zoo(text, sizeof text);
    check_export(text, false, 1e-2f); // inference keeps 11 bits of weights
    check_export(text, true, 2e-2f);  // weights have 11 bits
    check_export("input x 3 9 7\nstop s x\nconv c x out 3 plus s relu\nconcat v c x\n"
                 "dense d v out 4\noutput vector d\noutput map s\n",
                 false, 5e-3f); // odd sizes; an output that is the input
}

static const char TWO[] = "input image 3 16 16\n"
                          "conv c1 image out 8 s 2 bn relu\n"
                          "conv c2 c1 out 8 s 2 bn relu\n"
                          "conv c3 c1 out 8 s 2 bn relu\n"
                          "dense d1 c2 out 6\n"
                          "dense d2 c3 out 4\n"
                          "output vector d1\n"
                          "output y d2\n";

// A graph begun with a network answers as the network does while norms are frozen, and what learns
// for one output alone leaves the other's answers to the last bit.
static void test_goes_on_from_a_network_for_one_output(void **state)
{
    (void)state;
    char path[] = "/tmp/mien_test_graph_XXXXXX";
    close(mkstemp(path));
    struct mien_graph *a = mien_graph_create(TWO, 8, 3, 1), *b = mien_graph_create(TWO, 8, 3, 2);
    assert_non_null(a);
    assert_non_null(b);
    train(a, NULL, 0, 20);
    assert_true(mien_graph_export(a, path));
    assert_true(mien_graph_init_from(b, path));
    fill_inputs(a, 8, 3, 77);
    fill_inputs(b, 8, 3, 77);
    mien_graph_forward(a, NULL, true);
    mien_graph_forward(b, NULL, true);
    const int other = mien_graph_find_output(b, "vector"), own = mien_graph_find_output(b, "y");
    float before[8 * 6], learnt[8 * 4];
    for (int i = 0; i < 8 * 6; i++) {
        before[i] = mien_graph_output(b, 0, other)[i];
        assert_true(fabsf(before[i] - mien_graph_output(a, 0, other)[i]) < 1e-4f);
    }
    memcpy(learnt, mien_graph_output(b, 0, own), sizeof(learnt));

    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_false(mien_graph_learn_only(b, "nobody"));
    assert_false(mien_graph_learn_only(b, "y,nobody"));
    assert_false(mien_graph_learn_only(b, ""));
    mien_log_set_level(MIEN_LOG_INFO);
    assert_true(mien_graph_learn_only(b, "y"));
    train(b, NULL, 0, 10);
    fill_inputs(b, 8, 3, 77);
    for (int average = 0; average < 2; average++) {
        mien_graph_forward(b, NULL, average != 0);
        assert_memory_equal(before, mien_graph_output(b, 0, other), sizeof(before));
        assert_memory_not_equal(learnt, mien_graph_output(b, 0, own), sizeof(learnt));
    }
    mien_graph_destroy(a);
    mien_graph_destroy(b);
    unlink(path);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(test_directional_gradient),
          cmocka_unit_test(test_directional_gradient_with_frozen_norm),
          cmocka_unit_test(test_learns), cmocka_unit_test(test_threads_do_not_matter),
          cmocka_unit_test(test_muon), cmocka_unit_test(test_exact_resume),
          cmocka_unit_test(test_finer_pictures_begin_alike), cmocka_unit_test(test_scalars),
          cmocka_unit_test(test_adamw), cmocka_unit_test(test_non_finite),
          cmocka_unit_test(test_export),
          cmocka_unit_test(test_goes_on_from_a_network_for_one_output),
          cmocka_unit_test(test_stop_keeps_gradient_out))

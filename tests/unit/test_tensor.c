// The kernels: gradients of every operation against central differences in double, forward passes
// against naive loops, and every float table against the plain one.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tensor/kernels.h"

enum { ARGS = 6 };

// One operation under test: arrays that it reads with their gradients, its output, its two passes.
struct op {
    const char *name;
    const struct mien_kernels_double *k;
    struct mien_conv s;
    enum mien_act act;
    int c;
    size_t m;
    int args;
    double *x[ARGS], *dx[ARGS];
    size_t count[ARGS];
    double *y, *dy, *scratch, *extra[2]; // extra: mean and invstd of a batch norm
    size_t ycount;
    void (*forward)(struct op *o);
    void (*backward)(struct op *o);
};

static struct mien_conv geometry(int n, int c, int h, int w, int out, int k, int stride, int pad)
{
    return (struct mien_conv){.n = n,
                              .c = c,
                              .h = h,
                              .w = w,
                              .o = out,
                              .k = k,
                              .stride = stride,
                              .pad = pad,
                              .oh = (h + 2 * pad - k) / stride + 1,
                              .ow = (w + 2 * pad - k) / stride + 1};
}

static void add_arg(struct op *o, size_t count, struct mien_rng *r)
{
    int i = o->args++;
    o->count[i] = count;
    o->x[i] = mien_calloc(count, sizeof(double));
    o->dx[i] = mien_calloc(count, sizeof(double));
    for (size_t j = 0; j < count; j++) {
        o->x[i][j] = mien_rng_normal(r);
    }
}

static double weighted_sum(struct op *o)
{
    o->forward(o);
    double sum = 0;
    for (size_t i = 0; i < o->ycount; i++) {
        sum += o->dy[i] * o->y[i];
    }
    return sum;
}

// eps 1e-5: the difference is good to about 1e-9 for values near 1. Gradients start at 0.5, because
// backward passes must add.
static void check(struct op *o, size_t ycount, size_t scratch, struct mien_rng *r)
{
    o->ycount = ycount;
    o->y = mien_calloc(ycount, sizeof(double));
    o->dy = mien_calloc(ycount, sizeof(double));
    o->scratch = mien_calloc(scratch + ycount + 1, sizeof(double));
    for (size_t i = 0; i < ycount; i++) {
        o->dy[i] = mien_rng_normal(r);
    }
    o->forward(o);
    for (int a = 0; a < o->args; a++) {
        for (size_t i = 0; i < o->count[a]; i++) {
            o->dx[a][i] = 0.5;
        }
    }
    o->backward(o);
    for (int a = 0; a < o->args; a++) {
        for (size_t i = 0; i < o->count[a]; i++) {
            const double eps = 1e-5, saved = o->x[a][i];
            o->x[a][i] = saved + eps;
            double up = weighted_sum(o);
            o->x[a][i] = saved - eps;
            double down = weighted_sum(o);
            o->x[a][i] = saved;
            double numeric = (up - down) / (2 * eps), got = o->dx[a][i] - 0.5;
            if (!(fabs(numeric - got) <= 1e-6 * (1 + fabs(numeric)))) {
                fail_msg("%s: argument %d[%zu]: gradient %.9g, differences %.9g", o->name, a, i,
                         got, numeric);
            }
        }
    }
    for (int a = 0; a < o->args; a++) {
        mien_free(o->x[a]);
        mien_free(o->dx[a]);
    }
    mien_free(o->y);
    mien_free(o->dy);
    mien_free(o->scratch);
    o->args = 0;
}

static void conv_f(struct op *o)
{
    o->k->conv_forward(&o->s, o->x[0], o->x[1], o->y, o->scratch);
}

static void conv_b(struct op *o)
{
    o->k->conv_backward(&o->s, o->x[0], o->x[1], o->dy, o->dx[0], o->dx[1], o->scratch);
}

static void depthwise_f(struct op *o)
{
    o->k->depthwise_forward(&o->s, o->x[0], o->x[1], o->y);
}

static void depthwise_b(struct op *o)
{
    o->k->depthwise_backward(&o->s, o->x[0], o->x[1], o->dy, o->dx[0], o->dx[1]);
}

// {n, c, h, w, out, k, stride, pad}
static const int shapes[][8] = {
    {1, 2, 5, 6, 3, 3, 1, 1}, {3, 2, 4, 5, 2, 3, 1, 1}, {2, 2, 7, 6, 3, 3, 2, 1},
    {2, 3, 4, 4, 2, 1, 1, 0}, {2, 3, 5, 5, 2, 1, 2, 0}, {2, 2, 6, 5, 2, 3, 1, 0},
    {1, 2, 6, 7, 2, 5, 1, 2}, {2, 1, 9, 8, 2, 5, 3, 2}, {2, 2, 4, 4, 2, 2, 2, 0},
    {1, 1, 1, 1, 2, 3, 1, 1}, {2, 2, 2, 1, 2, 3, 1, 1}, {1, 2, 3, 2, 1, 5, 1, 2},
    {1, 1, 2, 2, 1, 7, 1, 3}, {1, 2, 5, 5, 1, 4, 1, 1}, {1, 1, 4, 6, 2, 3, 1, 2},
    {2, 2, 6, 7, 2, 3, 2, 1}, {1, 2, 3, 1, 2, 3, 2, 1},
};

static void test_conv_gradient(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 1, 0);
    for (size_t i = 0; i < MIEN_COUNT(shapes); i++) {
        const int *q = shapes[i];
        struct op o = {.name = "conv", .k = mien_kernels_in_double()};
        o.s = geometry(q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7]);
        o.forward = conv_f;
        o.backward = conv_b;
        add_arg(&o, (size_t)q[0] * q[1] * q[2] * q[3], &r);
        add_arg(&o, (size_t)q[4] * q[1] * q[5] * q[5], &r);
        check(&o, (size_t)q[4] * q[0] * o.s.oh * o.s.ow, mien_conv_scratch(&o.s), &r);
        o.name = "depthwise";
        o.s.o = o.s.c;
        o.forward = depthwise_f;
        o.backward = depthwise_b;
        add_arg(&o, (size_t)q[0] * q[1] * q[2] * q[3], &r);
        add_arg(&o, (size_t)q[1] * q[5] * q[5], &r);
        check(&o, (size_t)q[1] * q[0] * o.s.oh * o.s.ow, 0, &r);
    }
}

static void maxpool_f(struct op *o)
{
    o->k->maxpool_forward(&o->s, o->x[0], o->y);
}

static void maxpool_b(struct op *o)
{
    o->k->maxpool_backward(&o->s, o->x[0], o->dy, o->dx[0]);
}

static void avgpool_f(struct op *o)
{
    o->k->avgpool_forward(&o->s, o->x[0], o->y);
}

static void avgpool_b(struct op *o)
{
    o->k->avgpool_backward(&o->s, o->dy, o->dx[0]);
}

static void gap_f(struct op *o)
{
    o->k->gap_forward(o->c, (int)o->m, o->x[0], o->y);
}

static void gap_b(struct op *o)
{
    o->k->gap_backward(o->c, (int)o->m, o->dy, o->dx[0]);
}

static void softargmax_f(struct op *o)
{
    o->k->softargmax_forward(3, 2, 4, 5, 1.3, o->x[0], o->y);
}

static void softargmax_b(struct op *o)
{
    o->k->softargmax_forward(3, 2, 4, 5, 1.3, o->x[0], o->y);
    o->k->softargmax_backward(3, 2, 4, 5, 1.3, o->x[0], o->y, o->dy, o->dx[0]);
}

static void upsample_f(struct op *o)
{
    o->k->upsample_forward(o->c, 3, 5, o->x[0], o->y);
}

static void upsample_b(struct op *o)
{
    o->k->upsample_backward(o->c, 3, 5, o->dy, o->dx[0]);
}

static const double mask[6] = {0, 1.25, 1.25, 0, 1.25, 1.25};

static void mask_f(struct op *o)
{
    o->k->mask_forward(6, o->x[0], mask, o->y);
}

static void mask_b(struct op *o)
{
    o->k->mask_backward(6, mask, o->dy, o->dx[0]);
}

static void test_pooling_gradient(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 2, 0);
    static const int pools[][5] = {// h, w, k, stride, pad
                                   {6, 8, 2, 2, 0},
                                   {5, 7, 3, 2, 1},
                                   {5, 5, 3, 1, 1},
                                   {3, 3, 3, 3, 0}};
    for (size_t i = 0; i < MIEN_COUNT(pools); i++) {
        const int *q = pools[i];
        struct op o = {.name = "maxpool", .k = mien_kernels_in_double()};
        o.s = geometry(2, 3, q[0], q[1], 3, q[2], q[3], q[4]);
        o.forward = maxpool_f;
        o.backward = maxpool_b;
        add_arg(&o, (size_t)6 * q[0] * q[1], &r);
        check(&o, (size_t)6 * o.s.oh * o.s.ow, 0, &r);
        o.name = "avgpool";
        o.forward = avgpool_f;
        o.backward = avgpool_b;
        add_arg(&o, (size_t)6 * q[0] * q[1], &r);
        check(&o, (size_t)6 * o.s.oh * o.s.ow, 0, &r);
    }
    struct op o = {.name = "gap", .k = mien_kernels_in_double(), .c = 4, .m = 7};
    o.forward = gap_f;
    o.backward = gap_b;
    add_arg(&o, 28, &r);
    check(&o, 4, 0, &r);
    o.name = "softargmax";
    o.forward = softargmax_f;
    o.backward = softargmax_b;
    add_arg(&o, 120, &r);
    check(&o, 12, 0, &r);
    o.name = "upsample";
    o.c = 2;
    o.forward = upsample_f;
    o.backward = upsample_b;
    add_arg(&o, 30, &r);
    check(&o, 120, 0, &r);
    o.name = "mask";
    o.forward = mask_f;
    o.backward = mask_b;
    add_arg(&o, 6, &r);
    check(&o, 6, 0, &r);
}

static void dense_f(struct op *o)
{
    o->k->dense_forward(o->s.n, o->s.c, o->s.h, o->s.o, o->x[0], o->x[1], o->y, o->scratch);
}

static void dense_b(struct op *o)
{
    o->k->dense_backward(o->s.n, o->s.c, o->s.h, o->s.o, o->x[0], o->x[1], o->dy, o->dx[0],
                         o->dx[1], o->scratch);
}

static void test_dense_gradient(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 3, 0);
    static const int sizes[][4] = {{3, 4, 1, 5}, {1, 3, 4, 2}, {4, 3, 5, 2}}; // n, c, p, out
    for (size_t i = 0; i < MIEN_COUNT(sizes); i++) {
        const int *q = sizes[i];
        struct op o = {.name = "dense", .k = mien_kernels_in_double()};
        o.s = (struct mien_conv){.n = q[0], .c = q[1], .h = q[2], .o = q[3]};
        o.forward = dense_f;
        o.backward = dense_b;
        add_arg(&o, (size_t)q[0] * q[1] * q[2], &r);
        add_arg(&o, (size_t)q[3] * q[1] * q[2], &r);
        check(&o, (size_t)q[3] * q[0], (size_t)q[0] * q[1] * q[2], &r);
    }
}

// arguments: y, bias or beta, slope, [gamma,] r
static void act_f(struct op *o)
{
    o->k->act_forward(o->c, o->m, o->x[0], NULL, o->x[1], o->args > 3 ? o->x[3] : NULL, o->act,
                      o->x[2], o->y);
}

static void act_b(struct op *o)
{
    bool r = o->args > 3;
    o->k->act_backward(o->c, o->m, o->x[0], o->x[1], r ? o->x[3] : NULL, o->act, o->x[2], o->dy,
                       o->scratch, o->dx[1], o->dx[2], r ? o->dx[3] : NULL);
    o->k->accumulate(o->c * o->m, o->scratch, o->dx[0]);
}

static void bn_f(struct op *o)
{
    o->k->bn_act_forward(o->c, o->m, o->x[0], o->x[3], o->x[1], 1e-3, o->args > 4 ? o->x[4] : NULL,
                         o->act, o->x[2], o->extra[0], o->extra[1], o->y);
}

static void bn_b(struct op *o)
{
    bool r = o->args > 4;
    o->k->bn_act_backward(o->c, o->m, o->x[0], o->x[3], o->x[1], o->extra[0], o->extra[1],
                          r ? o->x[4] : NULL, o->act, o->x[2], o->dy, o->scratch, o->dx[3],
                          o->dx[1], o->dx[2], r ? o->dx[4] : NULL);
    o->k->accumulate(o->c * o->m, o->scratch, o->dx[0]);
}

static void test_activation_gradient(void **state)
{
    (void)state;
    static const enum mien_act acts[] = {MIEN_ACT_NONE, MIEN_ACT_RELU, MIEN_ACT_LEAKY,
                                         MIEN_ACT_PRELU, MIEN_ACT_HARDSWISH};
    struct mien_rng r;
    mien_rng_seed(&r, 4, 0);
    double mean[3], invstd[3];
    for (size_t i = 0; i < MIEN_COUNT(acts); i++) {
        for (int variant = 0; variant < 4; variant++) {
            struct op o = {.name = variant & 1 ? "batch norm" : "activation",
                           .k = mien_kernels_in_double(),
                           .act = acts[i],
                           .c = 3,
                           .m = 11,
                           .extra = {mean, invstd}};
            o.forward = variant & 1 ? bn_f : act_f;
            o.backward = variant & 1 ? bn_b : act_b;
            add_arg(&o, 33, &r);
            add_arg(&o, 3, &r);
            add_arg(&o, 3, &r);
            for (int j = 0; j < 33; j++) {
                o.x[0][j] *= 2; // reaches hardswish's corners at ±3
            }
            if (variant & 1) {
                add_arg(&o, 3, &r);
            }
            if (variant & 2) {
                add_arg(&o, 33, &r);
            }
            if (acts[i] != MIEN_ACT_PRELU) { // a constant slope has no gradient
                o.count[2] = 0;
            }
            check(&o, 33, 0, &r);
        }
    }
}

// Naive convolution on (C,N,H,W).
static void naive_conv(const struct mien_conv *s, const float *x, const float *w, double *y)
{
    for (int o = 0; o < s->o; o++) {
        for (int n = 0; n < s->n; n++) {
            for (int oy = 0; oy < s->oh; oy++) {
                for (int ox = 0; ox < s->ow; ox++) {
                    double sum = 0;
                    for (int c = 0; c < s->c; c++) {
                        for (int t = 0; t < s->k * s->k; t++) {
                            int iy = oy * s->stride - s->pad + t / s->k;
                            int ix = ox * s->stride - s->pad + t % s->k;
                            if (iy >= 0 && iy < s->h && ix >= 0 && ix < s->w) {
                                sum += (double)w[((size_t)o * s->c + c) * s->k * s->k + t] *
                                       x[(((size_t)c * s->n + n) * s->h + iy) * s->w + ix];
                            }
                        }
                    }
                    *y++ = sum;
                }
            }
        }
    }
}

static float *noise(size_t n, struct mien_rng *r)
{
    float *x = mien_calloc(n + 1, sizeof *x);
    for (size_t i = 0; i < n; i++) {
        x[i] = mien_rng_normal(r);
    }
    return x;
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)a[i] * b[i];
    }
    return sum;
}

static void assert_near(const char *what, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) {
        fail_msg("%s: %.9g, expected %.9g", what, got, want);
    }
}

// Every float table, on shapes that need several tiles too: the forward pass against naive loops,
// the backward pass by the adjoint: <dy, conv(x)> = <dx, x> = <dw, w> because conv is linear in
// both.
static void test_conv_tables(void **state)
{
    (void)state;
    static const int large[][8] = {{3, 16, 40, 40, 8, 3, 1, 1},  {5, 48, 12, 12, 24, 3, 1, 1},
                                   {2, 64, 24, 24, 8, 3, 2, 1},  {4, 96, 6, 6, 40, 3, 1, 1},
                                   {1, 24, 48, 48, 24, 3, 1, 1}, {1, 33, 19, 37, 17, 3, 1, 1},
                                   {1, 3, 64, 80, 16, 3, 2, 1},  {2, 64, 20, 20, 64, 1, 1, 0},
                                   {1, 24, 24, 24, 20, 5, 1, 2}, {1, 128, 6, 6, 128, 3, 1, 1}};
    struct mien_rng r;
    mien_rng_seed(&r, 5, 0);
    for (size_t i = 0; i < MIEN_COUNT(large) + MIEN_COUNT(shapes); i++) {
        const int *q = i < MIEN_COUNT(large) ? large[i] : shapes[i - MIEN_COUNT(large)];
        const struct mien_conv s = geometry(q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7]);
        const size_t xs = (size_t)s.c * s.n * s.h * s.w, ws = (size_t)s.o * s.c * s.k * s.k;
        const size_t ys = (size_t)s.o * s.n * s.oh * s.ow;
        float *x = noise(xs, &r), *w = noise(ws, &r), *dy = noise(ys, &r), *y = noise(ys, &r);
        float *dx = noise(xs, &r), *dw = noise(ws, &r);
        float *scratch = noise(mien_conv_scratch(&s), &r);
        double *want = mien_calloc(ys, sizeof *want);
        naive_conv(&s, x, w, want);
        for (int t = 0; mien_kernels_at(t); t++) {
            const struct mien_kernels *k = mien_kernels_at(t);
            char what[64];
            snprintf(what, sizeof what, "%s, shape %zu", k->name, i);
            k->conv_forward(&s, x, w, y, scratch);
            const double fan = sqrt((double)s.c * s.k * s.k);
            for (size_t j = 0; j < ys; j++) {
                assert_near(what, y[j], want[j], 1e-5 * fan * (1 + fabs(want[j])));
            }
            memset(dx, 0, xs * sizeof *dx);
            memset(dw, 0, ws * sizeof *dw);
            k->conv_backward(&s, x, w, dy, dx, dw, scratch);
            const double size = sqrt(dot(dy, dy, ys) * dot(y, y, ys)), both = dot(dy, y, ys);
            assert_near(what, dot(dx, x, xs), both, 1e-5 * size);
            assert_near(what, dot(dw, w, ws), both, 1e-5 * size);
        }
        mien_free(x);
        mien_free(w);
        mien_free(y);
        mien_free(dx);
        mien_free(dw);
        mien_free(dy);
        mien_free(scratch);
        mien_free(want);
    }
}

// The other float kernels of each table against the plain table's.
static void test_tables_agree(void **state)
{
    (void)state;
    enum { C = 5, M = 777, ALL = C * M };
    struct mien_rng r;
    mien_rng_seed(&r, 6, 0);
    const struct mien_kernels *ref = mien_kernels_plain();
    float *y = noise(ALL, &r), *res = noise(ALL, &r), *dz = noise(ALL, &r);
    float *par = noise(4 * C, &r), *out[2], *sums[2], *dr[2];
    for (int i = 0; i < 2; i++) {
        out[i] = noise(2 * ALL, &r);
        sums[i] = noise(8 * C, &r);
        dr[i] = noise(ALL, &r);
    }
    for (int t = 1; mien_kernels_at(t); t++) {
        for (int act = MIEN_ACT_NONE; act <= MIEN_ACT_HARDSWISH; act++) {
            for (int i = 0; i < 2; i++) {
                const struct mien_kernels *k = i ? mien_kernels_at(t) : ref;
                memset(sums[i], 0, 8 * C * sizeof(float));
                memset(dr[i], 0, ALL * sizeof(float));
                k->bn_act_forward(C, M, y, par, par + C, 1e-5f, res, act, par + 2 * C, sums[i],
                                  sums[i] + C, out[i]);
                k->bn_act_backward(C, M, y, par, par + C, sums[i], sums[i] + C, res, act,
                                   par + 2 * C, dz, out[i] + ALL, sums[i] + 2 * C, sums[i] + 3 * C,
                                   sums[i] + 4 * C, dr[i]);
            }
            for (size_t j = 0; j < 2 * ALL; j++) {
                assert_near("map", out[1][j], out[0][j], 1e-4 * (1 + fabs(out[0][j])));
            }
            for (size_t j = 0; j < ALL; j++) {
                assert_near("residual", dr[1][j], dr[0][j], 1e-4 * (1 + fabs(dr[0][j])));
            }
            for (size_t j = 0; j < 8 * C; j++) { // sums of M terms near 1 in another order
                assert_near("sum", sums[1][j], sums[0][j], 1e-2);
            }
        }
    }
    for (int i = 0; i < 2; i++) {
        mien_free(out[i]);
        mien_free(sums[i]);
        mien_free(dr[i]);
    }
    mien_free(y);
    mien_free(res);
    mien_free(dz);
    mien_free(par);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv_gradient),  cmocka_unit_test(test_pooling_gradient),
        cmocka_unit_test(test_dense_gradient), cmocka_unit_test(test_activation_gradient),
        cmocka_unit_test(test_conv_tables),    cmocka_unit_test(test_tables_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

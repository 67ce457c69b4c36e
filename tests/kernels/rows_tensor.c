// Rows of tensor/kernels.h: each operation of the networks in training, forward and backward.
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "tensor/kernels.h"

static bool ways(int i, struct kernel_way *way)
{
    if (i < 0) {
        *way = (struct kernel_way){.name = "double", .table = mien_kernels_in_double()};
        return true;
    }
    const struct mien_kernels *k = mien_kernels_at(i), *mixed = mien_kernels_bf16();
    if (!k && i > 0 && mien_kernels_at(i - 1)) { // past the last exact one
        k = mixed;
    }
    *way = (struct kernel_way){.name = k ? k->name : NULL, .table = k};
    if (k && k == mixed) { // 2^-8 of each operand, 2^-12 for the order of the sums
        way->rounding = 1.0 / 128 + 1.0 / 4096;
    }
    return k != NULL;
}

// {n, c, h, w, o, k, stride, pad, which gradients (0 both, 1 dx, 2 dw)}
static struct mien_conv geometry(const int *d)
{
    return (struct mien_conv){.n = d[0],
                              .c = d[1],
                              .h = d[2],
                              .w = d[3],
                              .o = d[4],
                              .k = d[5],
                              .stride = d[6],
                              .pad = d[7],
                              .oh = (d[2] + 2 * d[7] - d[5]) / d[6] + 1,
                              .ow = (d[3] + 2 * d[7] - d[5]) / d[6] + 1};
}

#define REAL float
#define TABLE mien_kernels
#define OP(name) name##_float
#include "kernels/ops.inc"
#undef REAL
#undef TABLE
#undef OP
#define REAL double
#define TABLE mien_kernels_double
#define OP(name) name##_double
#include "kernels/ops.inc"

static void conv_naive(struct kernel_case *c, const void *table)
{
    const struct mien_conv s = geometry(c->dim);
    const double *x = kernel_doubles(c, 0), *w = kernel_doubles(c, 1);
    double *y = kernel_doubles(c, 2);
    (void)table;
    for (int o = 0; o < s.o; o++) {
        for (int at = 0; at < s.n * s.oh * s.ow; at++) {
            const int n = at / (s.oh * s.ow), oy = at / s.ow % s.oh, ox = at % s.ow;
            double sum = 0;
            for (int i = 0; i < s.c; i++) {
                for (int t = 0; t < s.k * s.k; t++) {
                    const int iy = oy * s.stride - s.pad + t / s.k;
                    const int ix = ox * s.stride - s.pad + t % s.k;
                    if (iy >= 0 && iy < s.h && ix >= 0 && ix < s.w) {
                        sum += w[((size_t)o * s.c + i) * s.k * s.k + t] *
                               x[(((size_t)i * s.n + n) * s.h + iy) * s.w + ix];
                    }
                }
            }
            *y++ = sum;
        }
    }
}

#define PASSES(name)                                       \
    .pass = {name##_forward_float, name##_backward_float}, \
    .wide = {name##_forward_double, name##_backward_double}

// Of rows whose buffers are argument, output, its gradient and the argument's.
#define ONE_GRADIENT .gradient = {{0, 3}}, .gradients = 1, .y = 1, .dy = 2

static void draw_conv(struct mien_rng *r, int d[KERNEL_DIMS])
{
    static const int sizes[] = {1, 2, 3, 3, 3, 4, 5, 7};
    d[0] = kernel_between(r, 1, 34);
    d[1] = kernel_between(r, 1, 12);
    d[2] = kernel_between(r, 1, 10);
    d[3] = kernel_between(r, 1, 10);
    d[4] = kernel_between(r, 1, 20);
    d[5] = sizes[mien_rng_below(r, MIEN_COUNT(sizes))];
    d[6] = kernel_between(r, 1, 3);
    d[7] = kernel_between(r, 0, d[5] / 2);
    while (d[2] + 2 * d[7] < d[5] || d[3] + 2 * d[7] < d[5]) {
        d[5]--;
    }
    d[8] = kernel_between(r, 0, 2);
}

// The two buffers of a gradient and whether it is asked for.
static void add_gradient(struct kernel_case *c, size_t count, double fan)
{
    kernel_add(c, KERNEL_SUM, KERNEL_REAL, count, 1);
    kernel_tolerate(c, 2e-5 * sqrt(fan));
}

static void make_conv_like(struct kernel_case *c, bool depthwise)
{
    struct mien_conv s = geometry(c->dim);
    const size_t k2 = (size_t)s.k * (size_t)s.k, in = depthwise ? 1 : (size_t)s.c;
    s.o = depthwise ? s.c : s.o;
    const size_t x = (size_t)s.c * s.n * s.h * s.w, w = (size_t)s.o * in * k2;
    const size_t y = (size_t)s.o * s.n * s.oh * s.ow;
    const double macs = (double)y * (double)in * (double)k2;
    kernel_add(c, KERNEL_IN, KERNEL_REAL, x, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, w, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, y, 1);
    kernel_tolerate(c, 2e-5 * sqrt((double)(in * k2)));
    kernel_add(c, KERNEL_SCRATCH, KERNEL_REAL, depthwise ? 1 : mien_conv_scratch(&s), 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, y, 1);
    add_gradient(c, x, (double)(k2 * (size_t)(depthwise ? 1 : s.o)));
    add_gradient(c, w, (double)s.n * s.oh * s.ow);
    c->flops[0] = 2 * macs;
    c->flops[1] = 4 * macs;
}

static void make_conv(struct kernel_case *c)
{
    make_conv_like(c, false);
}

static void make_depthwise(struct kernel_case *c)
{
    make_conv_like(c, true);
}

// Padding wider than the picture; columns that no window reaches; several tiles; the face network's
// with fewer pictures or places; odd heights, widths, channels and shards.
static const int conv_fixed[][KERNEL_DIMS] = {
    {1, 2, 5, 6, 3, 3, 1, 1},      {3, 2, 4, 5, 2, 3, 1, 1},      {2, 2, 7, 6, 3, 3, 2, 1},
    {2, 3, 4, 4, 2, 1, 1, 0},      {2, 3, 5, 5, 2, 1, 2, 0},      {2, 2, 6, 5, 2, 3, 1, 0},
    {1, 2, 6, 7, 2, 5, 1, 2},      {2, 1, 9, 8, 2, 5, 3, 2},      {2, 2, 4, 4, 2, 2, 2, 0},
    {1, 1, 1, 1, 2, 3, 1, 1},      {2, 2, 2, 1, 2, 3, 1, 1},      {1, 2, 3, 2, 1, 5, 1, 2},
    {1, 1, 2, 2, 1, 7, 1, 3},      {1, 2, 5, 5, 1, 4, 1, 1},      {1, 1, 4, 6, 2, 3, 1, 2},
    {1, 2, 3, 1, 2, 3, 2, 1},      {3, 16, 40, 40, 8, 3, 1, 1},   {5, 48, 12, 12, 24, 3, 1, 1},
    {2, 64, 24, 24, 8, 3, 2, 1},   {4, 96, 6, 6, 40, 3, 1, 1},    {1, 24, 48, 48, 24, 3, 1, 1},
    {1, 33, 19, 37, 17, 3, 1, 1},  {1, 3, 64, 80, 16, 3, 2, 1},   {2, 64, 20, 20, 64, 1, 1, 0},
    {1, 24, 24, 24, 20, 5, 1, 2},  {1, 128, 6, 6, 128, 3, 1, 1},  {16, 3, 24, 24, 16, 3, 2, 1},
    {32, 16, 12, 12, 24, 3, 2, 1}, {32, 16, 12, 12, 24, 1, 2, 0}, {33, 24, 12, 12, 24, 3, 1, 1},
    {24, 48, 12, 12, 48, 3, 1, 1}, {32, 96, 6, 6, 128, 3, 1, 1},  {16, 128, 6, 6, 64, 1, 1, 0},
    {50, 48, 6, 6, 64, 3, 2, 1},   {9, 5, 7, 9, 7, 3, 1, 1},      {17, 7, 9, 8, 25, 3, 2, 1},
    {8, 1, 5, 6, 1, 5, 1, 2},      {31, 3, 8, 7, 9, 5, 2, 2},     {32, 33, 5, 19, 17, 3, 1, 1},
    {20, 2, 6, 5, 40, 3, 1, 0},    {16, 2, 4, 4, 3, 2, 2, 0},     {16, 2, 1, 1, 2, 3, 1, 1},
    {40, 4, 2, 1, 33, 3, 1, 1},    {16, 3, 3, 2, 8, 7, 1, 3},     {16, 3, 4, 6, 8, 3, 1, 2},
    {12, 3, 9, 8, 5, 5, 3, 2},     {1, 3, 6, 6, 4, 3, 1, 1},      {-1}};
static const int conv_timed[][KERNEL_DIMS] = {{32, 24, 24, 24, 24, 3, 1, 1},
                                              {32, 96, 6, 6, 128, 3, 1, 1},
                                              {32, 96, 6, 6, 128, 1, 1, 0},
                                              {-1}};
static const int depthwise_timed[][KERNEL_DIMS] = {{32, 48, 12, 12, 0, 3, 1, 1}, {-1}};

static void draw_gemm(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 0, 1);
    d[1] = kernel_between(r, 0, 1);
    for (int i = 2; i < 5; i++) {
        d[i] = kernel_between(r, 1, 70);
    }
    d[5] = kernel_between(r, 0, 1);
}

static void make_gemm(struct kernel_case *c)
{
    const size_t m = (size_t)c->dim[2], n = (size_t)c->dim[3], k = (size_t)c->dim[4];
    kernel_add(c, KERNEL_IN, KERNEL_REAL, m * k, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, k * n, 1);
    kernel_add(c, c->dim[5] ? KERNEL_SUM : KERNEL_OUT, KERNEL_REAL, m * n, 1);
    kernel_tolerate(c, 2e-5 * sqrt((double)k));
    c->flops[0] = 2 * (double)m * (double)n * (double)k;
}

static const int gemm_timed[][KERNEL_DIMS] = {{0, 0, 128, 1152, 576, 0}, {-1}};

static void draw_dense(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 12);
    d[1] = kernel_between(r, 1, 12);
    d[2] = kernel_between(r, 1, 7);
    d[3] = kernel_between(r, 1, 30);
    d[4] = kernel_between(r, 0, 2);
}

static void make_dense(struct kernel_case *c)
{
    const size_t n = (size_t)c->dim[0], in = (size_t)c->dim[1] * (size_t)c->dim[2];
    const size_t o = (size_t)c->dim[3];
    kernel_add(c, KERNEL_IN, KERNEL_REAL, n * in, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, o * in, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, o * n, 1);
    kernel_tolerate(c, 2e-5 * sqrt((double)in));
    kernel_add(c, KERNEL_SCRATCH, KERNEL_REAL, n * in, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, o * n, 1);
    add_gradient(c, n * in, (double)o);
    add_gradient(c, o * in, (double)n);
    c->flops[0] = 2 * (double)(n * in * o);
    c->flops[1] = 2 * c->flops[0];
}

static const int dense_fixed[][KERNEL_DIMS] = {
    {3, 4, 1, 5}, {1, 3, 4, 2}, {4, 3, 5, 2}, {1, 1, 1, 1}, {-1}};
static const int dense_timed[][KERNEL_DIMS] = {{32, 64, 9, 256}, {1, 64, 36, 256}, {-1}};

static void draw_act(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 6);
    d[1] = kernel_between(r, 1, 40);
    d[2] = kernel_between(r, MIEN_ACT_NONE, MIEN_ACT_HARDSWISH);
    d[3] = kernel_between(r, 0, 1);
    d[4] = kernel_between(r, 0, 1);
    d[5] = 0;
    d[6] = kernel_between(r, 0, 1);
}

static void draw_scaled(struct mien_rng *r, int d[KERNEL_DIMS])
{
    draw_act(r, d);
    d[5] = 1;
}

// Numbers reach hard swish's corners at 3 and -3.
static void make_act(struct kernel_case *c)
{
    const size_t n = (size_t)c->dim[0], m = (size_t)c->dim[1], all = n * m;
    const bool learned = c->dim[2] == MIEN_ACT_PRELU;
    kernel_add(c, KERNEL_IN, KERNEL_REAL, all, 2);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, n, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, n, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, all, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, all, 1);
    kernel_tolerate(c, 1e-5);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, all, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, all, 1);
    kernel_tolerate(c, 1e-5);
    add_gradient(c, n, (double)m);
    add_gradient(c, learned ? n : 0, (double)m);
    add_gradient(c, all, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, n, 1);
    c->bytes[0] = 4 * (double)all * (c->dim[4] ? 3 : 2);
    c->bytes[1] = 4 * (double)all * (c->dim[4] ? 6 : 3);
}

static void make_bn(struct kernel_case *c)
{
    const size_t n = (size_t)c->dim[0], m = (size_t)c->dim[1];
    make_act(c);
    for (int i = 4; i < c->buffers; i++) { // the spread of m numbers is divided by
        c->buffer[i].tolerance *= 10 * sqrt((double)m);
    }
    add_gradient(c, n, (double)m);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, n, 1);
    kernel_tolerate(c, 1e-5);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, n, 1);
    kernel_tolerate(c, 1e-4);
    c->bytes[0] += 8 * (double)n * (double)m;
    c->bytes[1] += 8 * (double)n * (double)m;
}

static void draw_bn(struct mien_rng *r, int d[KERNEL_DIMS])
{
    draw_act(r, d);
    d[1] = kernel_between(r, 4, 60); // of very few numbers the spread may be next to none
    d[3] = 1;
}

static const int act_fixed[][KERNEL_DIMS] = {{5, 777, MIEN_ACT_NONE, 1, 1},
                                             {5, 777, MIEN_ACT_RELU, 1, 1},
                                             {5, 777, MIEN_ACT_LEAKY, 1, 1},
                                             {5, 777, MIEN_ACT_PRELU, 1, 1},
                                             {5, 777, MIEN_ACT_HARDSWISH, 1, 1},
                                             {3, 11, MIEN_ACT_NONE, 1, 0},
                                             {3, 11, MIEN_ACT_RELU, 1, 0},
                                             {3, 11, MIEN_ACT_LEAKY, 1, 0},
                                             {3, 11, MIEN_ACT_PRELU, 1, 0},
                                             {3, 11, MIEN_ACT_HARDSWISH, 1, 0},
                                             {3, 11, MIEN_ACT_PRELU, 1, 1},
                                             {3, 11, MIEN_ACT_HARDSWISH, 1, 1},
                                             {-1}};
static const int act_timed[][KERNEL_DIMS] = {
    {48, 32 * 144, MIEN_ACT_RELU, 1, 1}, {48, 32 * 144, MIEN_ACT_HARDSWISH, 1, 0}, {-1}};
static const int scaled_timed[][KERNEL_DIMS] = {{48, 32 * 144, MIEN_ACT_PRELU, 1, 1, 1}, {-1}};

static void draw_pool(struct mien_rng *r, int d[KERNEL_DIMS])
{
    do {
        draw_conv(r, d);
    } while (2 * d[7] > d[5]); // every window holds something
    d[0] = kernel_between(r, 1, 4);
    d[7] = d[7] >= d[5] ? d[5] - 1 : d[7];
}

// x, y, dy, dx of operations without weights.
static void make_plain_op(struct kernel_case *c, size_t x, size_t y, double fan)
{
    kernel_add(c, KERNEL_IN, KERNEL_REAL, x, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, y, 1);
    kernel_tolerate(c, 1e-5 * sqrt(fan));
    kernel_add(c, KERNEL_IN, KERNEL_REAL, y, 1);
    add_gradient(c, x, fan);
    c->bytes[0] = c->bytes[1] = 4 * (double)(x + y);
}

static void make_pool(struct kernel_case *c)
{
    const struct mien_conv s = geometry(c->dim);
    const size_t planes = (size_t)s.c * (size_t)s.n;
    make_plain_op(c, planes * s.h * s.w, planes * s.oh * s.ow, (double)s.k * s.k);
}

static void make_gap(struct kernel_case *c)
{
    const size_t planes = (size_t)c->dim[0], p = (size_t)c->dim[1];
    make_plain_op(c, planes * p, planes, (double)p);
}

static void make_softargmax(struct kernel_case *c)
{
    const size_t planes = (size_t)c->dim[0] * (size_t)c->dim[1];
    const size_t p = (size_t)c->dim[2] * (size_t)c->dim[3];
    make_plain_op(c, planes * p, 2 * planes, 4 * (double)p);
}

static void make_upsample(struct kernel_case *c)
{
    const size_t x = (size_t)c->dim[0] * (size_t)c->dim[1] * (size_t)c->dim[2];
    make_plain_op(c, x, 4 * x, 4);
}

static void make_mask(struct kernel_case *c)
{
    const size_t n = (size_t)c->dim[0];
    make_plain_op(c, n, n, 1);
    const int at = kernel_add(c, KERNEL_IN, KERNEL_REAL, n, 1);
    for (size_t i = 0; i < n; i++) { // dropped, or kept and as much louder
        const double v = mien_rng_chance(&c->rng, 0.2f) ? 0 : 1.25;
        if (c->wide) {
            kernel_doubles(c, at)[i] = v;
        } else {
            kernel_floats(c, at)[i] = (float)v;
        }
    }
}

static void make_accumulate(struct kernel_case *c)
{
    const size_t n = (size_t)c->dim[0];
    kernel_add(c, KERNEL_IN, KERNEL_REAL, n, 1);
    add_gradient(c, n, 1);
    c->bytes[0] = 12 * (double)n;
}

static void draw_small(struct mien_rng *r, int d[KERNEL_DIMS])
{
    for (int i = 0; i < 4; i++) {
        d[i] = kernel_between(r, 1, 9);
    }
}

static void draw_length(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 200);
}

static const int pool_fixed[][KERNEL_DIMS] = {{2, 3, 6, 8, 3, 2, 2, 0},
                                              {2, 3, 5, 7, 3, 3, 2, 1},
                                              {2, 3, 5, 5, 3, 3, 1, 1},
                                              {2, 3, 3, 3, 3, 3, 3, 0},
                                              {-1}};
static const int pool_timed[][KERNEL_DIMS] = {{32, 48, 24, 24, 48, 2, 2, 0}, {-1}};
static const int gap_timed[][KERNEL_DIMS] = {{32 * 96, 36}, {-1}};
static const int softargmax_timed[][KERNEL_DIMS] = {{240, 8, 12, 12}, {-1}};
static const int upsample_timed[][KERNEL_DIMS] = {{512, 10, 10}, {-1}};
static const int length_timed[][KERNEL_DIMS] = {{100000}, {-1}};

const struct kernel_row kernel_tensor_rows[] = {
    KERNEL_ROW("gemm", "gemm mien_sgemm", ways, gemm_timed, draw_gemm, make_gemm,
               .pass = {gemm_float}, .wide = {gemm_double}, .exact = true),
    KERNEL_ROW("conv", "conv_forward conv_backward mien_bf16_forward mien_bf16_backward", ways,
               conv_timed, draw_conv, make_conv, .fixed = conv_fixed, PASSES(conv), .which = 8,
               .naive = conv_naive, .gradient = {{0, 5}, {1, 6}}, .gradients = 2, .y = 2, .dy = 4,
               .exact = true, .bilinear = true),
    KERNEL_ROW("depthwise", "depthwise_forward depthwise_backward", ways, depthwise_timed,
               draw_conv, make_depthwise, .fixed = conv_fixed, PASSES(depthwise), .which = 8,
               .gradient = {{0, 5}, {1, 6}}, .gradients = 2, .y = 2, .dy = 4, .exact = true),
    KERNEL_ROW("dense", "dense_forward dense_backward", ways, dense_timed, draw_dense, make_dense,
               .fixed = dense_fixed, PASSES(dense), .which = 4, .gradient = {{0, 5}, {1, 6}},
               .gradients = 2, .y = 2, .dy = 4, .exact = true),
    KERNEL_ROW("act", "act_forward act_backward", ways, act_timed, draw_act, make_act,
               .fixed = act_fixed, PASSES(act), .gradient = {{0, 6}, {1, 7}, {2, 8}, {3, 9}},
               .gradients = 4, .y = 4, .dy = 5),
    KERNEL_ROW("act, scaled", "act_forward", ways, scaled_timed, draw_scaled, make_act,
               .pass = {act_forward_float}, .wide = {act_forward_double}),
    KERNEL_ROW("bn_act", "bn_act_forward bn_act_backward", ways, act_timed, draw_bn, make_bn,
               .fixed = act_fixed, PASSES(bn),
               .gradient = {{0, 6}, {1, 7}, {2, 8}, {3, 9}, {10, 11}}, .gradients = 5, .y = 4,
               .dy = 5),
    KERNEL_ROW("maxpool", "maxpool_forward maxpool_backward", ways, pool_timed, draw_pool,
               make_pool, .fixed = pool_fixed, PASSES(maxpool), ONE_GRADIENT, .exact = true),
    KERNEL_ROW("avgpool", "avgpool_forward avgpool_backward", ways, pool_timed, draw_pool,
               make_pool, .fixed = pool_fixed, PASSES(avgpool), ONE_GRADIENT),
    KERNEL_ROW("gap", "gap_forward gap_backward", ways, gap_timed, draw_small, make_gap,
               PASSES(gap), ONE_GRADIENT),
    KERNEL_ROW("softargmax", "softargmax_forward softargmax_backward", ways, softargmax_timed,
               draw_small, make_softargmax, PASSES(softargmax), ONE_GRADIENT),
    KERNEL_ROW("upsample", "upsample_forward upsample_backward", ways, upsample_timed, draw_small,
               make_upsample, PASSES(upsample), ONE_GRADIENT, .exact = true),
    KERNEL_ROW("mask", "mask_forward mask_backward", ways, length_timed, draw_length, make_mask,
               PASSES(mask), ONE_GRADIENT, .exact = true),
    KERNEL_ROW("accumulate", "accumulate", ways, length_timed, draw_length, make_accumulate,
               .pass = {accumulate_float}, .wide = {accumulate_double}, .exact = true),
};
const int kernel_tensor_count = MIEN_COUNT(kernel_tensor_rows);

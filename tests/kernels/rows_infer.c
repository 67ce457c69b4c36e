// Rows of tensor/infer.h: the kernels of inference, held against those of training.
#include "kernels/kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "tensor/infer.h"

// The reference has no table.
static bool ways(int i, struct kernel_way *way)
{
    const struct mien_infer *t = i > 0 ? mien_infer_at(i - 1) : NULL;
    *way = (struct kernel_way){.name = i == 0 ? "reference" : t ? t->name : NULL, .table = t};
    return i == 0 || t;
}

struct work { // what a network keeps of a layer, and its maps
    struct mien_packed_conv conv;
    struct mien_packed_dense dense;
    struct mien_map in, out;
    float *x, *plus, *y, *scratch; // maps with their borders
};

enum { X, WEIGHT, BIAS, SLOPE, PLUS, Y, SCRATCH };

static float *take(size_t n)
{
    return mien_calloc(n, sizeof(float));
}

static void to_map(const struct mien_map *m, const float *planar, float *buffer)
{
    float *o = mien_map_origin(m, buffer);
    for (int c = 0; c < m->c; c++) {
        for (int j = 0; j < m->h; j++) {
            for (int i = 0; i < m->w; i++) {
                o[(size_t)j * m->row + (size_t)(i * m->lanes + c)] =
                    planar[(c * m->h + j) * m->w + i];
            }
        }
    }
}

// And whether the padded lanes and the border are zero, as the next layer expects.
static void from_map(struct kernel_case *c, const struct mien_map *m, float *buffer, float *planar)
{
    const float *o = mien_map_origin(m, buffer);
    for (int k = 0; k < m->lanes; k++) {
        for (int j = 0; j < m->h; j++) {
            for (int i = 0; i < m->w; i++) {
                const float v = o[(size_t)j * m->row + (size_t)(i * m->lanes + k)];
                if (k < m->c) {
                    planar[(k * m->h + j) * m->w + i] = v;
                } else if (v != 0) {
                    snprintf(c->wrong, sizeof(c->wrong), "padded lane %d holds %g", k, (double)v);
                }
            }
        }
    }
    float *edge = mien_calloc(mien_map_floats(m), sizeof(*edge));
    memcpy(edge, buffer, mien_map_floats(m) * sizeof(*edge));
    mien_map_zero_border(m, edge);
    if (memcmp(edge, buffer, mien_map_floats(m) * sizeof(*edge)) != 0) {
        snprintf(c->wrong, sizeof(c->wrong), "the border was written");
    }
    mien_free(edge);
}

static void put_tail(float **bias, float **slope, int lanes)
{
    *bias = take((size_t)lanes);
    *slope = take((size_t)lanes);
}

static void drop_work(struct kernel_case *c)
{
    struct work *w = c->more;
    void *all[] = {w->conv.weight, w->conv.bias,   w->conv.slope, w->dense.weight,
                   w->dense.bias,  w->dense.slope, w->x,          w->plus,
                   w->y,           w->scratch};
    for (size_t i = 0; i < MIEN_COUNT(all); i++) {
        mien_free(all[i]);
    }
    mien_free(w);
    c->more = NULL;
}

// Weights as networks' files hold them, in 16 bits.
static int add_halves(struct kernel_case *c, size_t count, double scale)
{
    const int at = kernel_add(c, KERNEL_IN, KERNEL_REAL, count, scale);
    float *w = kernel_floats(c, at);
    for (size_t i = 0; i < count; i++) {
        w[i] = (float)(_Float16)w[i];
    }
    return at;
}

// ---- convolutions: {c, h, w, o, k, stride, act, plus, planar, method} ----

static struct mien_conv geometry(const int *d)
{
    const int pad = d[4] / 2;
    return (struct mien_conv){.n = 1,
                              .c = d[0],
                              .h = d[1],
                              .w = d[2],
                              .o = d[3],
                              .k = d[4],
                              .stride = d[5],
                              .pad = pad,
                              .oh = (d[1] + 2 * pad - d[4]) / d[5] + 1,
                              .ow = (d[2] + 2 * pad - d[4]) / d[5] + 1};
}

static void make_conv(struct kernel_case *c)
{
    const struct mien_conv s = geometry(c->dim);
    const size_t o = (size_t)s.o, pixels = (size_t)s.oh * (size_t)s.ow;
    const size_t fan = (size_t)s.c * (size_t)s.k * (size_t)s.k;
    kernel_add(c, KERNEL_IN, KERNEL_REAL, (size_t)s.c * s.h * s.w, 1);
    add_halves(c, o * fan, 1 / sqrt((double)fan));
    kernel_add(c, KERNEL_IN, KERNEL_REAL, o, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, o, 0.3);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, o * pixels, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, o * pixels, 1);
    kernel_add(c, KERNEL_SCRATCH, KERNEL_REAL, mien_conv_scratch(&s), 1);
    c->flops[0] = 2 * (double)o * (double)pixels * (double)fan;
}

static void prepare_conv(struct kernel_case *c, const void *table)
{
    const struct mien_infer *t = table;
    if (!t) {
        return;
    }
    const int *d = c->dim;
    const struct mien_conv s = geometry(d);
    struct work *w = mien_calloc(1, sizeof(*w));
    c->more = w;
    w->in = mien_map_make(t, s.c, s.h, s.w);
    w->out = mien_map_make(t, s.o, s.oh, s.ow);
    w->conv = (struct mien_packed_conv){.in = w->in,
                                        .out = w->out,
                                        .k = s.k,
                                        .stride = s.stride,
                                        .pad = s.pad,
                                        .act = (enum mien_act)d[6],
                                        .planar = d[8] != 0};
    mien_infer_conv_plan(t, &w->conv);
    if (d[9] == MIEN_CONV_DIRECT) {
        w->conv.method = MIEN_CONV_DIRECT;
    }
    w->conv.weight = mien_calloc(mien_infer_conv_bytes(&w->conv), 1);
    put_tail(&w->conv.bias, &w->conv.slope, w->out.lanes);
    mien_infer_conv_pack(&w->conv, &(struct mien_weights){.full = kernel_floats(c, WEIGHT)});
    mien_infer_conv_pack_tail(&w->conv, kernel_floats(c, BIAS), kernel_floats(c, SLOPE));
    w->x = take(mien_map_floats(&w->in));
    w->y = take(mien_map_floats(&w->out));
    w->plus = take(mien_map_floats(&w->out));
    w->scratch = take(mien_infer_conv_scratch(&w->conv));
    to_map(&w->in, kernel_floats(c, X), w->x);
    to_map(&w->out, kernel_floats(c, PLUS), w->plus);
    memset(w->y, 0x7f, mien_map_floats(&w->out) * sizeof(float)); // huge numbers
    mien_map_zero_border(&w->out, w->y);
    // Winograd's transformed weights are rounded to 11 bits once more, and its sums magnify that.
    const bool fast = w->conv.method == MIEN_CONV_WINOGRAD;
    c->buffer[Y].tolerance = !fast ? 2e-5 : w->conv.half ? 4e-2 : 2e-4;
}

static void run_conv(struct kernel_case *c, const void *table)
{
    const struct mien_infer *t = table;
    const int *d = c->dim;
    if (!t) {
        const struct mien_kernels *k = mien_kernels_plain();
        const struct mien_conv s = geometry(d);
        float *y = kernel_floats(c, Y);
        k->conv_forward(&s, kernel_floats(c, X), kernel_floats(c, WEIGHT), y,
                        kernel_floats(c, SCRATCH));
        k->act_forward(s.o, (size_t)s.oh * (size_t)s.ow, y, NULL, kernel_floats(c, BIAS),
                       d[7] ? kernel_floats(c, PLUS) : NULL, (enum mien_act)d[6],
                       kernel_floats(c, SLOPE), y);
        return;
    }
    struct work *w = c->more;
    t->conv(&w->conv, w->conv.planar ? kernel_floats(c, X) : mien_map_origin(&w->in, w->x),
            d[7] ? mien_map_origin(&w->out, w->plus) : NULL, mien_map_origin(&w->out, w->y),
            w->scratch);
}

static void finish_map(struct kernel_case *c, const void *table)
{
    if (table) {
        struct work *w = c->more;
        from_map(c, &w->out, w->y, kernel_floats(c, Y));
        drop_work(c);
    }
}

static void draw_conv(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 40);
    d[1] = kernel_between(r, 1, 21);
    d[2] = kernel_between(r, 1, 21);
    d[3] = kernel_between(r, 1, 50);
    d[4] = mien_rng_chance(r, 0.7f) ? 3 : 1 + 4 * kernel_between(r, 0, 1);
    d[5] = kernel_between(r, 1, 2);
    d[6] = kernel_between(r, MIEN_ACT_NONE, MIEN_ACT_HARDSWISH);
    d[7] = kernel_between(r, 0, 1);
    d[8] = d[0] <= 4 && d[4] <= 3 && kernel_between(r, 0, 1);
    d[9] = kernel_between(r, MIEN_CONV_DIRECT, MIEN_CONV_WINOGRAD);
}

static const int conv_fixed[][KERNEL_DIMS] = {{3, 128, 128, 16, 3, 2, MIEN_ACT_RELU, 0, 1, 1},
                                              {1, 24, 32, 12, 3, 2, MIEN_ACT_RELU, 0, 1, 1},
                                              {16, 64, 64, 24, 3, 2, MIEN_ACT_RELU, 0, 0, 1},
                                              {24, 32, 32, 24, 3, 1, MIEN_ACT_RELU, 1, 0, 0},
                                              {24, 32, 32, 24, 3, 1, MIEN_ACT_RELU, 1, 0, 1},
                                              {96, 8, 8, 128, 3, 1, MIEN_ACT_RELU, 1, 0, 0},
                                              {96, 8, 8, 128, 3, 1, MIEN_ACT_RELU, 1, 0, 1},
                                              {96, 8, 8, 128, 1, 1, MIEN_ACT_NONE, 0, 0, 0},
                                              {48, 16, 16, 96, 1, 2, MIEN_ACT_NONE, 0, 0, 0},
                                              {20, 30, 40, 7, 1, 1, MIEN_ACT_NONE, 0, 0, 0},
                                              {32, 15, 20, 33, 3, 1, MIEN_ACT_HARDSWISH, 1, 0, 0},
                                              {32, 15, 20, 33, 3, 1, MIEN_ACT_HARDSWISH, 1, 0, 1},
                                              {-1}};
static const int conv_timed[][KERNEL_DIMS] = {{3, 96, 96, 16, 3, 2, MIEN_ACT_RELU, 0, 1, 0},
                                              {24, 24, 24, 24, 3, 1, MIEN_ACT_RELU, 1, 0, 0},
                                              {24, 24, 24, 24, 3, 1, MIEN_ACT_RELU, 1, 0, 1},
                                              {96, 12, 12, 96, 3, 1, MIEN_ACT_RELU, 1, 0, 0},
                                              {96, 12, 12, 96, 3, 1, MIEN_ACT_RELU, 1, 0, 1},
                                              {128, 6, 6, 64, 1, 1, MIEN_ACT_RELU, 0, 0, 0},
                                              {-1}};

// ---- dense: {c, h, w, o, act, plus} ----

static void make_dense(struct kernel_case *c)
{
    const int *d = c->dim;
    const size_t in = (size_t)d[0] * (size_t)d[1] * (size_t)d[2], o = (size_t)d[3];
    kernel_add(c, KERNEL_IN, KERNEL_REAL, in, 1);
    add_halves(c, in * o, 1 / sqrt((double)in));
    kernel_add(c, KERNEL_IN, KERNEL_REAL, o, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, o, 0.3);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, o, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, o, 1);
    kernel_tolerate(c, 5e-5);
    kernel_add(c, KERNEL_SCRATCH, KERNEL_REAL, in, 1);
    c->flops[0] = 2 * (double)in * (double)o;
}

static void prepare_dense(struct kernel_case *c, const void *table)
{
    const struct mien_infer *t = table;
    if (!t) {
        return;
    }
    const int *d = c->dim;
    struct work *w = mien_calloc(1, sizeof(*w));
    c->more = w;
    w->in = mien_map_make(t, d[0], d[1], d[2]);
    w->dense = (struct mien_packed_dense){.in = w->in, .out = d[3], .act = (enum mien_act)d[4]};
    w->dense.weight = mien_calloc(mien_infer_dense_bytes(t, &w->dense), 1);
    put_tail(&w->dense.bias, &w->dense.slope, mien_map_make(t, d[3], 1, 1).lanes);
    mien_infer_dense_pack(t, &w->dense, &(struct mien_weights){.full = kernel_floats(c, WEIGHT)});
    mien_infer_dense_pack_tail(t, &w->dense, kernel_floats(c, BIAS), kernel_floats(c, SLOPE));
    w->x = take(mien_map_floats(&w->in));
    to_map(&w->in, kernel_floats(c, X), w->x);
}

static void run_dense(struct kernel_case *c, const void *table)
{
    const struct mien_infer *t = table;
    const int *d = c->dim;
    float *y = kernel_floats(c, Y), *plus = d[5] ? kernel_floats(c, PLUS) : NULL;
    if (t) {
        struct work *w = c->more;
        t->dense(&w->dense, mien_map_origin(&w->in, w->x), plus, y);
        return;
    }
    const struct mien_kernels *k = mien_kernels_plain();
    k->dense_forward(1, d[0], d[1] * d[2], d[3], kernel_floats(c, X), kernel_floats(c, WEIGHT), y,
                     kernel_floats(c, SCRATCH));
    k->act_forward(d[3], 1, y, NULL, kernel_floats(c, BIAS), plus, (enum mien_act)d[4],
                   kernel_floats(c, SLOPE), y);
}

static void finish_dense(struct kernel_case *c, const void *table)
{
    if (table) {
        drop_work(c);
    }
}

static void draw_dense(struct mien_rng *r, int d[KERNEL_DIMS])
{
    const bool map = mien_rng_chance(r, 0.3f);
    d[0] = kernel_between(r, 1, 70);
    d[1] = map ? kernel_between(r, 1, 8) : 1;
    d[2] = map ? kernel_between(r, 1, 8) : 1;
    d[3] = kernel_between(r, 1, 90);
    d[4] = kernel_between(r, MIEN_ACT_NONE, MIEN_ACT_HARDSWISH);
    d[5] = kernel_between(r, 0, 1);
}

static const int dense_timed[][KERNEL_DIMS] = {
    {64, 6, 6, 256, MIEN_ACT_RELU, 0}, {256, 1, 1, 720, MIEN_ACT_NONE, 0}, {-1}};

// ---- soft argmax: {c, h, w} ----

static void make_softargmax(struct kernel_case *c)
{
    const int *d = c->dim;
    const size_t n = (size_t)d[0] * (size_t)d[1] * (size_t)d[2];
    kernel_add(c, KERNEL_IN, KERNEL_REAL, n, 2);
    for (int i = WEIGHT; i < Y; i++) {
        kernel_add(c, KERNEL_IN, KERNEL_REAL, 1, 1);
    }
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, 2 * (size_t)d[0], 1);
    kernel_tolerate(c, 2e-5);
    c->bytes[0] = 8 * (double)n; // read twice
}

static void prepare_softargmax(struct kernel_case *c, const void *table)
{
    const struct mien_infer *t = table;
    if (t) {
        struct work *w = mien_calloc(1, sizeof(*w));
        c->more = w;
        w->in = mien_map_make(t, c->dim[0], c->dim[1], c->dim[2]);
        w->x = take(mien_map_floats(&w->in));
        w->scratch = take(2 * (size_t)w->in.lanes);
        to_map(&w->in, kernel_floats(c, X), w->x);
    }
}

static void run_softargmax(struct kernel_case *c, const void *table)
{
    const struct mien_infer *t = table;
    const int *d = c->dim;
    if (t) {
        struct work *w = c->more;
        t->softargmax(&w->in, 1.3f, mien_map_origin(&w->in, w->x), kernel_floats(c, Y), w->scratch);
    } else {
        mien_kernels_plain()->softargmax_forward(d[0], 1, d[1], d[2], 1.3f, kernel_floats(c, X),
                                                 kernel_floats(c, Y));
    }
}

static void draw_softargmax(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 70);
    d[1] = kernel_between(r, 1, 14);
    d[2] = kernel_between(r, 1, 14);
}

static const int softargmax_timed[][KERNEL_DIMS] = {{240, 12, 12}, {-1}};

const struct kernel_row kernel_infer_rows[] = {
    KERNEL_ROW("infer conv", "conv", ways, conv_timed, draw_conv, make_conv, .fixed = conv_fixed,
               .pass = {run_conv}, .prepare = prepare_conv, .finish = finish_map),
    KERNEL_ROW("infer dense", "dense", ways, dense_timed, draw_dense, make_dense,
               .pass = {run_dense}, .prepare = prepare_dense, .finish = finish_dense),
    KERNEL_ROW("infer softargmax", "softargmax", ways, softargmax_timed, draw_softargmax,
               make_softargmax, .pass = {run_softargmax}, .prepare = prepare_softargmax,
               .finish = finish_dense),
};
const int kernel_infer_count = MIEN_COUNT(kernel_infer_rows);

// The inference kernels of every instruction set against the plain reference, on random shapes.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tensor/infer.h"

static float *make(size_t n)
{
    float *p = NULL;
    assert_int_equal(posix_memalign((void **)&p, 64, (n + 16) * sizeof(float)), 0);
    memset(p, 0, (n + 16) * sizeof(float));
    return p;
}

static float *random_floats(struct mien_rng *r, size_t n, float scale)
{
    float *p = make(n);
    for (size_t i = 0; i < n; i++) {
        p[i] = scale * mien_rng_normal(r);
    }
    return p;
}

static void to_map(const struct mien_map *m, const float *planar, float *buffer)
{
    float *o = mien_map_origin(m, buffer);
    mien_map_zero_border(m, buffer);
    for (int c = 0; c < m->lanes; c++) {
        for (int j = 0; j < m->h; j++) {
            for (int i = 0; i < m->w; i++) {
                o[(size_t)j * m->row + (size_t)(i * m->lanes + c)] =
                    c < m->c ? planar[(c * m->h + j) * m->w + i] : 0;
            }
        }
    }
}

struct shape {
    int c, h, w, o, k, stride;
    enum mien_act act;
    bool plus, planar;
};

static void check_conv(const struct mien_infer *t, const struct shape *s, struct mien_rng *r,
                       enum mien_conv_method method)
{
    const struct mien_kernels *ref = mien_kernels_plain();
    int pad = s->k / 2, oh = (s->h + 2 * pad - s->k) / s->stride + 1;
    int ow = (s->w + 2 * pad - s->k) / s->stride + 1;
    size_t in = (size_t)(s->c * s->h * s->w), out = (size_t)(s->o * oh * ow);
    float *x = random_floats(r, in, 1), *bias = random_floats(r, (size_t)s->o, 1);
    float *w = random_floats(r, (size_t)(s->o * s->c * s->k * s->k),
                             1 / sqrtf((float)(s->c * s->k * s->k)));
    float *slope = random_floats(r, (size_t)s->o, 0.3f), *plus = random_floats(r, out, 1);
    float *want = make(out);
    struct mien_conv g = {1, s->c, s->h, s->w, s->o, s->k, s->stride, pad, oh, ow};
    float *scratch = make(mien_conv_scratch(&g));
    struct mien_packed_conv c = {.in = mien_map_make(t, s->c, s->h, s->w),
                                 .out = mien_map_make(t, s->o, oh, ow),
                                 .k = s->k,
                                 .stride = s->stride,
                                 .pad = pad,
                                 .act = s->act,
                                 .planar = s->planar};
    mien_infer_conv_plan(t, &c);
    c.method = c.method == MIEN_CONV_WINOGRAD ? method : c.method;
    const bool fast = c.method == MIEN_CONV_WINOGRAD;
    for (int i = 0; i < s->o * s->c * s->k * s->k && c.half; i++) {
        w[i] = (float)(_Float16)w[i]; // as networks' files hold them
    }
    ref->conv_forward(&g, x, w, want, scratch);
    ref->act_forward(s->o, (size_t)(oh * ow), want, NULL, bias, s->plus ? plus : NULL, s->act,
                     slope, want);
    c.weight = make(mien_infer_conv_bytes(&c) / sizeof(float) + 16);
    c.bias = make((size_t)c.out.lanes);
    c.slope = make((size_t)c.out.lanes);
    mien_infer_conv_pack(&c, w, bias, slope);
    float *mx = make(mien_map_floats(&c.in)), *my = make(mien_map_floats(&c.out));
    float *mp = make(mien_map_floats(&c.out)), *work = make(mien_infer_conv_scratch(&c));
    to_map(&c.in, x, mx);
    to_map(&c.out, plus, mp);
    memset(my, 0x7f, mien_map_floats(&c.out) * sizeof(float)); // huge numbers
    mien_map_zero_border(&c.out, my);
    t->conv(&c, s->planar ? x : mien_map_origin(&c.in, mx),
            s->plus ? mien_map_origin(&c.out, mp) : NULL, mien_map_origin(&c.out, my), work);
    const float *y = mien_map_origin(&c.out, my);
    float worst = 0, pad_lanes = 0;
    for (int o = 0; o < c.out.lanes; o++) {
        for (int j = 0; j < oh; j++) {
            for (int i = 0; i < ow; i++) {
                float got = y[(size_t)j * c.out.row + (size_t)(i * c.out.lanes + o)];
                if (o < s->o) {
                    worst = fmaxf(worst, fabsf(got - want[(o * oh + j) * ow + i]));
                } else {
                    pad_lanes = fmaxf(pad_lanes, fabsf(got));
                }
            }
        }
    }
    for (size_t i = 0; i < c.out.row && !(oh == 1 && ow == 1); i++) { // the border is still zero
        assert_true(my[i] == 0);
    }
    // Winograd's transformed weights are rounded to 11 bits once more, and its sums magnify that.
    if (worst > (!fast ? 2e-5f : c.half ? 4e-2f : 2e-4f) || pad_lanes > 0) {
        fail_msg("%s: %dx%dx%d -> %d, k %d, stride %d, act %d, plus %d: %g off, padding %g",
                 t->name, s->c, s->h, s->w, s->o, s->k, s->stride, (int)s->act, s->plus,
                 (double)worst, (double)pad_lanes);
    }
    float *all[] = {x,        bias,   w,       slope, plus, want, scratch,
                    c.weight, c.bias, c.slope, mx,    my,   mp,   work};
    for (size_t i = 0; i < MIEN_COUNT(all); i++) {
        free(all[i]);
    }
}

static void test_convolutions(void **state)
{
    (void)state;
    static const struct shape fixed[] = {
        {3, 128, 128, 16, 3, 2, MIEN_ACT_RELU, false, true},
        {1, 24, 32, 12, 3, 2, MIEN_ACT_RELU, false, true},
        {16, 64, 64, 24, 3, 2, MIEN_ACT_RELU, false, false},
        {24, 32, 32, 24, 3, 1, MIEN_ACT_RELU, true, false},
        {96, 8, 8, 128, 3, 1, MIEN_ACT_RELU, true, false},
        {96, 8, 8, 128, 1, 1, MIEN_ACT_NONE, false, false},
        {48, 16, 16, 96, 1, 2, MIEN_ACT_NONE, false, false},
        {20, 30, 40, 7, 1, 1, MIEN_ACT_NONE, false, false},
        {32, 15, 20, 33, 3, 1, MIEN_ACT_HARDSWISH, true, false},
    };
    struct mien_rng r;
    mien_rng_seed(&r, 17, 3);
    const struct mien_infer *t;
    for (int i = 0; (t = mien_infer_at(i)); i++) {
        for (size_t k = 0; k < MIEN_COUNT(fixed); k++) {
            check_conv(t, &fixed[k], &r, MIEN_CONV_DIRECT);
            check_conv(t, &fixed[k], &r, MIEN_CONV_WINOGRAD);
        }
        for (int k = 0; k < 60; k++) {
            struct shape s = {.c = 1 + (int)mien_rng_below(&r, 40),
                              .h = 1 + (int)mien_rng_below(&r, 21),
                              .w = 1 + (int)mien_rng_below(&r, 21),
                              .o = 1 + (int)mien_rng_below(&r, 50),
                              .k = mien_rng_chance(&r, 0.7f) ? 3 : 1,
                              .stride = 1 + (int)mien_rng_below(&r, 2),
                              .act = (enum mien_act)mien_rng_below(&r, 5),
                              .plus = mien_rng_chance(&r, 0.5f)};
            check_conv(t, &s, &r, k % 2 ? MIEN_CONV_DIRECT : MIEN_CONV_WINOGRAD);
        }
    }
}

static void test_dense(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 18, 3);
    const struct mien_infer *t;
    for (int i = 0; (t = mien_infer_at(i)); i++) {
        for (int k = 0; k < 20; k++) {
            int c = 1 + (int)mien_rng_below(&r, 70), h = k % 3 ? 1 : 1 + (int)mien_rng_below(&r, 8);
            int w = k % 3 ? 1 : 1 + (int)mien_rng_below(&r, 8), o = 1 + (int)mien_rng_below(&r, 90);
            size_t in = (size_t)(c * h * w);
            float *x = random_floats(&r, in, 1), *bias = random_floats(&r, (size_t)o, 1);
            float *weight = random_floats(&r, in * (size_t)o, 1 / sqrtf((float)in));
            float *slope = random_floats(&r, (size_t)o, 0.3f), *y = make((size_t)o + 16);
            float *plus = random_floats(&r, (size_t)o, 1);
            struct mien_packed_dense d = {.in = mien_map_make(t, c, h, w),
                                          .out = o,
                                          .act = (enum mien_act)mien_rng_below(&r, 5)};
            d.weight = make(mien_infer_dense_bytes(t, &d) / sizeof(float) + 16);
            d.bias = make((size_t)o + 16);
            d.slope = make((size_t)o + 16);
            mien_infer_dense_pack(t, &d, weight, bias, slope);
            float *mx = make(mien_map_floats(&d.in)), *want = make((size_t)o);
            to_map(&d.in, x, mx);
            t->dense(&d, mien_map_origin(&d.in, mx), k % 2 ? plus : NULL, y);
            for (int q = 0; q < o; q++) {
                for (size_t p = 0; p < in; p++) {
                    float v = weight[(size_t)q * in + p];
                    want[q] += x[p] * (t->half ? (float)(_Float16)v : v);
                }
            }
            mien_kernels_plain()->act_forward(o, 1, want, NULL, bias, k % 2 ? plus : NULL, d.act,
                                              slope, want);
            for (int q = 0; q < o; q++) {
                assert_float_equal(y[q], want[q], 5e-5);
            }
            float *all[] = {x, bias, weight, slope, y, plus, d.weight, d.bias, d.slope, mx, want};
            for (size_t q = 0; q < MIEN_COUNT(all); q++) {
                free(all[q]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolutions),
        cmocka_unit_test(test_dense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

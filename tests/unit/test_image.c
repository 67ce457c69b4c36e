// image/: conversions against formulas, warps against exact pictures, codecs round trip, hostile
// files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "image/image.h"
#include "image/internal.h"
#include "image/planes.h"
#include "folder.h"
#include "run_tests.h"

static char dir[64];

static int setup(void **state)
{
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    return folder_make(dir, "image") ? 0 : -1;
}

static int teardown(void **state)
{
    return folder_remove(dir);
}

static const char *path(const char *name)
{
    return folder_path(dir, name);
}

static void fill_random(struct mien_image *im, uint64_t seed)
{
    struct mien_rng r;
    mien_rng_seed(&r, seed, 0);
    for (size_t i = 0; i < im->stride * (size_t)im->height; i++) {
        im->data[i] = (uint8_t)mien_rng_u32(&r);
    }
}

// A smooth picture: survives JPEG and resampling.
static void fill_smooth(struct mien_image *im)
{
    int ch = mien_format_channels(im->format);
    for (int y = 0; y < im->height; y++) {
        for (int x = 0; x < im->width; x++) {
            for (int c = 0; c < ch; c++) {
                float v =
                    128 + 50 * sinf((float)x * 0.05f + (float)c) + 50 * cosf((float)y * 0.07f);
                im->data[(size_t)y * im->stride + (size_t)(x * ch + c)] = (uint8_t)v;
            }
        }
    }
}

static int max_difference(const struct mien_image *a, const struct mien_image *b)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->format, b->format);
    int most = 0;
    for (int y = 0; y < a->height; y++) {
        for (int x = 0; x < a->width * mien_format_channels(a->format); x++) {
            int d = abs(a->data[(size_t)y * a->stride + (size_t)x] -
                        b->data[(size_t)y * b->stride + (size_t)x]);
            most = d > most ? d : most;
        }
    }
    return most;
}

static void create_refuses_bad_sizes(void **state)
{
    struct mien_image im;
    static const int bad[][2] = {{0, 1}, {1, 0}, {-1, 5}, {16385, 1}, {1, 16385}};
    for (size_t i = 0; i < MIEN_COUNT(bad); i++) {
        assert_false(mien_image_create(&im, bad[i][0], bad[i][1], MIEN_FORMAT_RGB8));
        assert_null(im.data);
        mien_image_destroy(&im);
    }
    assert_false(mien_image_create(&im, 4, 4, MIEN_FORMAT_NONE));
    assert_true(mien_image_create(&im, 16384, 1, MIEN_FORMAT_GRAY8));
    mien_image_destroy(&im);
    mien_image_destroy(&im);
}

// BT.601 in double, the definition.
static void reference_rgb(int y, int u, int v, int out[3])
{
    double l = 255.0 / 219 * (y - 16), cb = (u - 128) / 224.0 * 255, cr = (v - 128) / 224.0 * 255;
    double rgb[3] = {l + 1.402 * cr, l - 0.344136 * cb - 0.714136 * cr, l + 1.772 * cb};
    for (int i = 0; i < 3; i++) {
        out[i] = (int)lrint(fmin(fmax(rgb[i], 0), 255));
    }
}

// Chroma at a pixel, by its definition: linear between where it lies, the outermost repeated.
static double chroma_at(const uint8_t *c, ptrdiff_t stride, int w, int h, bool centred, int x,
                        int y)
{
    const double at[2] = {centred ? 0.5 * x - 0.25 : 0.5 * x, 0.5 * y - 0.25};
    const int i = (int)floor(at[0]), j = (int)floor(at[1]);
    const double fx = at[0] - i, fy = at[1] - j;
    double v = 0;
    for (int k = 0; k < 4; k++) {
        int a = i + (k & 1), b = j + (k >> 1);
        a = a < 0 ? 0 : a < w ? a : w - 1;
        b = b < 0 ? 0 : b < h ? b : h - 1;
        v += (k & 1 ? fx : 1 - fx) * (k >> 1 ? fy : 1 - fy) * c[b * stride + a];
    }
    return v - 128;
}

static void check_planes(const struct mien_planes *p, struct mien_image *im)
{
    const int w = p->width, h = p->height, cw = (w + 1) / 2, ch = (h + 1) / 2;
    const double luma = p->full ? 1 : 255.0 / 219, chroma = p->full ? 1 : 255.0 / 224;
    memset(im->data, 0xa5, im->stride * (size_t)h);
    mien_planes_to_rgb(p, im);
    for (int y = 0; y < h; y++) {
        const uint8_t *row = im->data + (size_t)y * im->stride;
        for (int x = 0; x < w; x++) {
            const double l = luma * (p->y[y * p->stride[0] + x] - (p->full ? 0 : 16));
            const double u = chroma * chroma_at(p->u, p->stride[1], cw, ch, p->centred, x, y);
            const double v = chroma * chroma_at(p->v, p->stride[2], cw, ch, p->centred, x, y);
            const double rgb[3] = {l + (p->hd ? 1.5748 : 1.402) * v,
                                   l - (p->hd ? 0.187324 : 0.344136) * u -
                                       (p->hd ? 0.468124 : 0.714136) * v,
                                   l + (p->hd ? 1.8556 : 1.772) * u};
            for (int c = 0; c < 3; c++) {
                const double off = fabs(row[3 * x + c] - fmin(fmax(rgb[c], 0), 255));
                if (off > 0.65) { // half a level for whole numbers, the rest for 16-bit sums
                    fail_msg("%d x %d, pixel %d, %d, channel %d: off by %.2f", w, h, x, y, c, off);
                }
            }
        }
        for (size_t i = 3 * (size_t)w; i < im->stride; i++) {
            assert_int_equal(row[i], 0xa5);
        }
    }
}

static void planes_are_interpolated_and_exact_to_a_level(void **state)
{
    (void)state;
    static const int size[][2] = {{1, 1},   {2, 2},   {5, 3},   {16, 4},  {127, 5},
                                  {128, 2}, {129, 7}, {130, 6}, {257, 4}, {300, 9}};
    struct mien_rng r;
    mien_rng_seed(&r, 5, 5);
    for (size_t i = 0; i < MIEN_COUNT(size); i++) {
        const int w = size[i][0], h = size[i][1], cw = (w + 1) / 2, ch = (h + 1) / 2;
        struct mien_image im = {.width = w, .height = h, .stride = 3 * (size_t)w + 7};
        im.format = MIEN_FORMAT_RGB8;
        // Exactly as large as it must be, so that ASan sees a byte too far.
        uint8_t *y = malloc((size_t)(w * h)), *u = malloc((size_t)(cw * ch));
        uint8_t *v = malloc((size_t)(cw * ch));
        im.data = malloc(im.stride * (size_t)h);
        assert_true(y && u && v && im.data);
        for (int kind = 0; kind < 8; kind++) {
            for (int k = 0; k < w * h; k++) {
                y[k] = (uint8_t)mien_rng_below(&r, 256);
            }
            for (int k = 0; k < cw * ch; k++) {
                u[k] = (uint8_t)mien_rng_below(&r, 256);
                v[k] = (uint8_t)mien_rng_below(&r, 256);
            }
            const struct mien_planes p = {.width = w,
                                          .height = h,
                                          .y = y,
                                          .u = u,
                                          .v = v,
                                          .stride = {w, cw, cw},
                                          .full = kind & 1,
                                          .hd = kind & 2,
                                          .centred = kind & 4};
            check_planes(&p, &im);
        }
        free(y);
        free(u);
        free(v);
        free(im.data);
    }
}

static void yuv_formats_follow_bt601(void **state)
{
    enum { W = 262, H = 6 }; // crosses a block's end
    static uint8_t yuyv[H][2 * W + 6], nv12[(H + H / 2) * W], i420[(H + H / 2) * W];
    struct mien_rng r;
    mien_rng_seed(&r, 7, 0);
    int cb[H / 2][W / 2], cr[H / 2][W / 2], luma[H][W];
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            luma[y][x] = (int)mien_rng_below(&r, 256);
            if (x % 2 == 0 && y % 2 == 0) {
                cb[y / 2][x / 2] = (int)mien_rng_below(&r, 256);
                cr[y / 2][x / 2] = (int)mien_rng_below(&r, 256);
            }
            int u = cb[y / 2][x / 2], v = cr[y / 2][x / 2];
            yuyv[y][2 * x] = (uint8_t)luma[y][x];
            yuyv[y][2 * x + 1] = (uint8_t)(x % 2 ? v : u);
            nv12[y * W + x] = i420[y * W + x] = (uint8_t)luma[y][x];
            nv12[H * W + y / 2 * W + (x & ~1)] = (uint8_t)u;
            nv12[H * W + y / 2 * W + (x | 1)] = (uint8_t)v;
            i420[H * W + y / 2 * (W / 2) + x / 2] = (uint8_t)u;
            i420[H * W + H / 2 * (W / 2) + y / 2 * (W / 2) + x / 2] = (uint8_t)v;
        }
    }
    struct mien_image im[3];
    for (int i = 0; i < 3; i++) {
        assert_true(mien_image_create(&im[i], W, H, MIEN_FORMAT_RGB8));
    }
    size_t stride = 2 * W + 6;
    assert_true(mien_yuyv_to_rgb(yuyv[0], stride, stride * (H - 1) + 2 * W, &im[0]));
    assert_true(mien_nv12_to_rgb(nv12, W, sizeof nv12, &im[1]));
    assert_true(mien_i420_to_rgb(i420, W, sizeof i420, &im[2]));
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            int want[3];
            reference_rgb(luma[y][x], cb[y / 2][x / 2], cr[y / 2][x / 2], want);
            for (int i = 0; i < 3; i++) {
                for (int c = 0; c < 3; c++) {
                    int got = im[i].data[(size_t)y * im[i].stride + (size_t)(3 * x + c)];
                    assert_in_range(got + 1, want[c], want[c] + 2);
                }
            }
        }
    }
    assert_int_equal(max_difference(&im[0], &im[1]), 0);
    assert_int_equal(max_difference(&im[0], &im[2]), 0);
    // One byte short, or rows that do not fit, are refused.
    assert_false(mien_yuyv_to_rgb(yuyv[0], stride, stride * (H - 1) + 2 * W - 1, &im[0]));
    assert_false(mien_yuyv_to_rgb(yuyv[0], 2 * W - 1, sizeof yuyv, &im[0]));
    assert_false(mien_nv12_to_rgb(nv12, W, sizeof nv12 - 1, &im[1]));
    assert_false(mien_i420_to_rgb(i420, W, sizeof i420 - 1, &im[2]));
    for (int i = 0; i < 3; i++) {
        mien_image_destroy(&im[i]);
    }
}

static void gray_and_flip(void **state)
{
    struct mien_image rgb, gray, back;
    assert_true(mien_image_create(&rgb, 33, 5, MIEN_FORMAT_RGB8));
    assert_true(mien_image_create(&gray, 33, 5, MIEN_FORMAT_GRAY8));
    assert_true(mien_image_create(&back, 33, 5, MIEN_FORMAT_RGB8));
    fill_random(&rgb, 3);
    mien_rgb_to_gray(&rgb, &gray);
    for (int i = 0; i < 33 * 5; i++) {
        const uint8_t *p = rgb.data + 3 * i;
        double want = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
        assert_true(fabs(gray.data[i] - want) < 0.51);
    }
    mien_gray_to_rgb(&gray, &back);
    assert_int_equal(back.data[3 * 40 + 2], gray.data[40]);
    struct mien_image copy;
    assert_true(mien_image_copy(&copy, &rgb));
    mien_flip_horizontal(&copy);
    assert_memory_equal(copy.data, rgb.data + 3 * 32, 3);
    assert_memory_equal(copy.data + 3 * 16, rgb.data + 3 * 16, 3);
    mien_flip_horizontal(&copy);
    assert_int_equal(max_difference(&copy, &rgb), 0);
    mien_image_destroy(&copy);
    mien_image_destroy(&rgb);
    mien_image_destroy(&gray);
    mien_image_destroy(&back);
}

static void warp_identity_and_shift_are_exact(void **state)
{
    enum mien_format formats[] = {MIEN_FORMAT_GRAY8, MIEN_FORMAT_RGB8, MIEN_FORMAT_RGBA8};
    for (int f = 0; f < 3; f++) {
        struct mien_image a, b;
        assert_true(mien_image_create(&a, 101, 67, formats[f]));
        assert_true(mien_image_create(&b, 101, 67, formats[f]));
        fill_random(&a, 11);
        struct mien_affine id = {{1, 0, 0, 0, 1, 0}};
        mien_warp(&a, &id, &b, -1);
        assert_int_equal(max_difference(&a, &b), 0);
        struct mien_affine shift = {{1, 0, 90, 0, 1, -60}}; // mostly outside
        int ch = mien_format_channels(formats[f]);
        for (int border = -1; border < 256; border += 101) {
            mien_warp(&a, &shift, &b, border);
            for (int y = 0; y < 67; y++) {
                for (int x = 0; x < 101; x++) {
                    int sx = x + 90, sy = y - 60;
                    bool in = sx >= 0 && sx < 101 && sy >= 0 && sy < 67;
                    sx = sx > 100 ? 100 : sx;
                    sy = sy < 0 ? 0 : sy;
                    int want = in || border < 0 ? a.data[(size_t)sy * a.stride + (size_t)(sx * ch)]
                                                : border;
                    assert_int_equal(b.data[(size_t)y * b.stride + (size_t)(x * ch)], want);
                }
            }
        }
        mien_image_destroy(&a);
        mien_image_destroy(&b);
    }
}

// Reference: supersampled bilinear in double. Smooth picture, so both agree to a level or two.
static double reference_sample(const struct mien_image *im, double x, double y, int c)
{
    x = fmin(fmax(x, 0), im->width - 1);
    y = fmin(fmax(y, 0), im->height - 1);
    int ix = (int)fmin(x, im->width - 2), iy = (int)fmin(y, im->height - 2);
    double u = x - ix, v = y - iy;
    const uint8_t *p = im->data + (size_t)iy * im->stride + 3 * (size_t)ix + (size_t)c;
    const uint8_t *q = p + im->stride;
    return (1 - v) * ((1 - u) * p[0] + u * p[3]) + v * ((1 - u) * q[0] + u * q[3]);
}

static void warp_follows_the_map(void **state)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, 640, 480, MIEN_FORMAT_RGB8));
    fill_smooth(&im);
    static float out[3 * 96 * 96];
    static const float cases[][5] = {// centre, side, roll, flip
                                     {320, 240, 96, 0, 0},
                                     {300, 200, 60, 0.3f, 0},
                                     {320, 240, 200, 0, 0},
                                     {320, 240, 230, -1.1f, 1},
                                     {320, 240, 300, 3.0f, 1}};
    for (size_t k = 0; k < MIEN_COUNT(cases); k++) {
        const float *q = cases[k];
        struct mien_affine a = mien_affine_crop(q[0], q[1], q[2], q[3], 96, q[4] > 0);
        mien_warp_to_float(&im, &a, -1,
                           &(struct mien_float_planes){out, 3, 96, 96, 127.5f, 1 / 127.5f});
        for (int y = 0; y < 96; y += 5) {
            for (int x = 0; x < 96; x += 3) {
                float sx, sy;
                mien_affine_apply(&a, (float)x, (float)y, &sx, &sy);
                for (int c = 0; c < 3; c++) {
                    double want = (reference_sample(&im, sx, sy, c) - 127.5) / 127.5;
                    double got = out[(c * 96 + y) * 96 + x];
                    assert_true(fabs(got - want) < 2.0 / 127.5);
                }
            }
        }
    }
    mien_image_destroy(&im);
}

// Roll > 0 turns the crop's x axis clockwise as seen: its right end is lower in the picture.
static void crop_convention(void **state)
{
    float x, y;
    struct mien_affine a = mien_affine_crop(50, 60, 96, 0.5f, 96, false);
    mien_affine_apply(&a, 47.5f, 47.5f, &x, &y);
    assert_true(fabsf(x - 50) < 1e-4f && fabsf(y - 60) < 1e-4f);
    mien_affine_apply(&a, 95.5f, 47.5f, &x, &y);
    assert_true(fabsf(x - (50 + 48 * cosf(0.5f))) < 1e-3f);
    assert_true(fabsf(y - (60 + 48 * sinf(0.5f))) < 1e-3f);
    a = mien_affine_crop(50, 60, 96, 0, 96, true);
    mien_affine_apply(&a, 95.5f, 47.5f, &x, &y);
    assert_true(fabsf(x - 2) < 1e-4f && fabsf(y - 60) < 1e-4f);
    struct mien_affine inv;
    a = mien_affine_crop(123, 77, 211, 0.7f, 96, true);
    assert_true(mien_affine_invert(&a, &inv));
    mien_affine_apply(&a, 10, 20, &x, &y);
    mien_affine_apply(&inv, x, y, &x, &y);
    assert_true(fabsf(x - 10) < 1e-2f && fabsf(y - 20) < 1e-2f);
    struct mien_affine flat = {{1, 2, 0, 2, 4, 0}};
    assert_false(mien_affine_invert(&flat, &inv));
}

static void shrinking_averages(void **state)
{
    struct mien_image board, small;
    for (int k = 2; k <= 40; k += 2) {
        assert_true(mien_image_create(&board, 20 * k, 12 * k, MIEN_FORMAT_RGB8));
        for (int y = 0; y < board.height; y++) {
            for (int x = 0; x < board.width; x++) {
                memset(board.data + (size_t)y * board.stride + 3 * (size_t)x, (x + y) % 2 ? 255 : 0,
                       3);
            }
        }
        assert_true(mien_image_create(&small, 20, 12, MIEN_FORMAT_RGB8));
        mien_resize(&board, &small);
        for (size_t i = 0; i < small.stride * 12; i++) {
            assert_in_range(small.data[i], 127, 128);
        }
        mien_image_destroy(&board);
        mien_image_destroy(&small);
    }
}

// Shrinking by whole numbers over the picture's edges, against plain sums.
static void averaging_at_the_edges(void **state)
{
    struct mien_image im, out;
    assert_true(mien_image_create(&im, 53, 41, MIEN_FORMAT_RGB8));
    assert_true(mien_image_create(&out, 50, 45, MIEN_FORMAT_RGB8));
    fill_random(&im, 77);
    for (int k = 2; k <= 9; k++) {
        for (int border = -1; border < 256; border += 128) {
            int x0 = -20 * k + 3 * k, y0 = -15 * k; // multiples of k: boxes are aligned
            struct mien_affine a = {{(float)k, 0, (float)x0 + 0.5f * (float)(k - 1), 0, (float)k,
                                     (float)y0 + 0.5f * (float)(k - 1)}};
            mien_warp(&im, &a, &out, border);
            for (int y = 0; y < out.height; y++) {
                for (int x = 0; x < out.width; x++) {
                    int sum = 0;
                    for (int i = 0; i < k * k; i++) {
                        int sx = x0 + x * k + i % k, sy = y0 + y * k + i / k;
                        bool in = sx >= 0 && sy >= 0 && sx < 53 && sy < 41;
                        sx = sx < 0 ? 0 : sx > 52 ? 52 : sx;
                        sy = sy < 0 ? 0 : sy > 40 ? 40 : sy;
                        sum += in || border < 0
                                   ? im.data[(size_t)sy * im.stride + 3 * (size_t)sx + 1]
                                   : border;
                    }
                    double want = (double)sum / (k * k);
                    double got = out.data[(size_t)y * out.stride + 3 * (size_t)x + 1];
                    assert_true(fabs(got - want) <= 1.01);
                }
            }
        }
    }
    mien_image_destroy(&im);
    mien_image_destroy(&out);
}

// Constant pictures stay constant at every scale and size: no seams between tiles, no drift.
static void warp_keeps_a_constant(void **state)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, 333, 217, MIEN_FORMAT_RGB8));
    memset(im.data, 200, im.stride * 217);
    struct mien_rng r;
    mien_rng_seed(&r, 5, 0);
    for (int i = 0; i < 60; i++) {
        int w = 1 + (int)mien_rng_below(&r, 90), h = 1 + (int)mien_rng_below(&r, 90);
        struct mien_image out;
        assert_true(mien_image_create(&out, w, h, MIEN_FORMAT_RGB8));
        float s = expf(mien_rng_range(&r, -3, 6));
        struct mien_affine a = {{s * mien_rng_normal(&r), s * mien_rng_normal(&r),
                                 300 * mien_rng_normal(&r), s * mien_rng_normal(&r),
                                 s * mien_rng_normal(&r), 300 * mien_rng_normal(&r)}};
        mien_warp(&im, &a, &out, i % 2 ? -1 : 200);
        for (size_t k = 0; k < out.stride * (size_t)h; k++) {
            assert_int_equal(out.data[k], 200);
        }
        mien_image_destroy(&out);
    }
    mien_image_destroy(&im);
}

static void warp_survives_wild_maps(void **state)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, 7, 3, MIEN_FORMAT_RGB8));
    fill_random(&im, 9);
    static float out[3 * 64 * 64];
    const float v[] = {0, 1, -1, 1e-30f, 1e9f, -1e9f, 3e38f, NAN, INFINITY, -INFINITY, 500, 0.1f};
    struct mien_rng r;
    mien_rng_seed(&r, 6, 0);
    for (int i = 0; i < 500; i++) {
        struct mien_affine a;
        for (int k = 0; k < 6; k++) {
            a.m[k] = v[mien_rng_below(&r, MIEN_COUNT(v))];
        }
        mien_warp_to_float(&im, &a, i % 3 ? -1 : 10,
                           &(struct mien_float_planes){out, 3, 64, 33, 0, 1});
        for (int k = 0; k < 3 * 64 * 33; k++) {
            assert_true(out[k] >= -0.01f && out[k] <= 255.01f);
        }
    }
    mien_image_destroy(&im);
}

static void jpeg_round_trip(void **state)
{
    struct mien_image a, b = {0};
    assert_true(mien_image_create(&a, 121, 79, MIEN_FORMAT_RGB8));
    fill_smooth(&a);
    void *data;
    size_t size;
    assert_true(mien_jpeg_encode(&a, 95, &data, &size));
    struct mien_jpeg_decoder *d = mien_jpeg_decoder_create();
    assert_non_null(d);
    struct mien_why why;
    assert_true(mien_jpeg_decode(d, data, size, MIEN_FORMAT_RGB8, true, &b, &why));
    assert_true(max_difference(&a, &b) < 16);
    // The same memory is used again.
    uint8_t *before = b.data;
    assert_true(mien_jpeg_decode(d, data, size, MIEN_FORMAT_RGB8, true, &b, &why));
    assert_ptr_equal(b.data, before);
    assert_true(mien_jpeg_decode(d, data, size, MIEN_FORMAT_GRAY8, true, &b, &why));
    assert_int_equal(b.format, MIEN_FORMAT_GRAY8);
    // A missing end marker alone is no loss; cameras leave it out.
    assert_true(mien_jpeg_decode(d, data, size - 2, MIEN_FORMAT_RGB8, true, &b, &why));
    assert_int_equal(max_difference(&a, &b) < 16, true);
    // Every truncation: refused when strict, never a crash; the top survives when not strict.
    for (size_t n = 0; n < size - 12; n++) {
        assert_false(mien_jpeg_decode(d, data, n, MIEN_FORMAT_RGB8, true, &b, &why));
        assert_true(strlen(why.text) > 0);
    }
    assert_true(mien_jpeg_decode(d, data, size / 2 + 300, MIEN_FORMAT_RGB8, false, &b, &why));
    assert_int_equal(abs(a.data[0] - b.data[0]) < 16, true);
    // Damage of every kind.
    struct mien_rng r;
    mien_rng_seed(&r, 8, 0);
    uint8_t *broken = malloc(size);
    for (int i = 0; i < 2000; i++) {
        memcpy(broken, data, size);
        for (int k = 0; k < 4; k++) {
            // The header (first half of the trials) holds the tables and the size.
            size_t span = i % 2 ? size : 640 < size ? 640 : size;
            broken[2 + mien_rng_below(&r, (uint32_t)span - 2)] = (uint8_t)mien_rng_u32(&r);
        }
        struct mien_image c = {0};
        mien_jpeg_decode(d, broken, size, MIEN_FORMAT_RGB8, i % 3 == 0, &c, &why);
        mien_image_destroy(&c);
    }
    assert_true(mien_jpeg_decode(d, data, size, MIEN_FORMAT_RGB8, true, &b, &why));
    free(broken);
    mien_free(data);
    mien_jpeg_decoder_destroy(d);
    mien_jpeg_decoder_destroy(NULL);
    mien_image_destroy(&a);
    mien_image_destroy(&b);
}

// Webcams leave the standard Huffman tables out (AVI1 style): cut DHT segments and decode.
static void mjpeg_without_tables(void **state)
{
    struct mien_image a, b = {0};
    assert_true(mien_image_create(&a, 64, 48, MIEN_FORMAT_RGB8));
    fill_smooth(&a);
    void *data;
    size_t size;
    assert_true(mien_jpeg_encode(&a, 90, &data, &size));
    uint8_t *p = data, *out = malloc(size);
    size_t n = 2, at = 2;
    int cut = 0;
    memcpy(out, p, 2);
    while (p[at + 1] != 0xda) {
        size_t len = 2 + (size_t)(p[at + 2] << 8 | p[at + 3]);
        if (p[at + 1] == 0xc4) {
            cut++;
        } else {
            memcpy(out + n, p + at, len);
            n += len;
        }
        at += len;
    }
    memcpy(out + n, p + at, size - at);
    n += size - at;
    assert_true(cut > 0);
    struct mien_jpeg_decoder *d = mien_jpeg_decoder_create();
    struct mien_why why;
    assert_true(mien_jpeg_decode(d, out, n, MIEN_FORMAT_RGB8, true, &b, &why));
    assert_true(max_difference(&a, &b) < 24);
    mien_jpeg_decoder_destroy(d);
    free(out);
    mien_free(data);
    mien_image_destroy(&a);
    mien_image_destroy(&b);
}

static void png_round_trip(void **state)
{
    enum mien_format formats[] = {MIEN_FORMAT_GRAY8, MIEN_FORMAT_RGB8, MIEN_FORMAT_RGBA8};
    for (int f = 0; f < 3; f++) {
        struct mien_image a, b;
        assert_true(mien_image_create(&a, 37, 21, formats[f]));
        fill_random(&a, 21);
        assert_true(mien_image_save(path("a.png"), &a));
        if (formats[f] == MIEN_FORMAT_RGBA8) {
            assert_true(mien_png_load_rgba(path("a.png"), &b));
            assert_int_equal(max_difference(&a, &b), 0);
            mien_image_destroy(&b);
            a.data[3] = 0; // transparent: white
            assert_true(mien_png_save(path("a.png"), &a));
            assert_true(mien_image_load(path("a.png"), &b));
            assert_int_equal(b.format, MIEN_FORMAT_RGB8);
            assert_int_equal(b.data[0] + b.data[1] + b.data[2], 765);
        } else {
            assert_true(mien_image_load(path("a.png"), &b));
            assert_int_equal(b.format, MIEN_FORMAT_RGB8);
            assert_int_equal(b.data[0], a.data[0]);
            assert_int_equal(b.data[3 * 37 * 21 - 1], a.data[a.stride * 21 - 1]);
        }
        mien_image_destroy(&a);
        mien_image_destroy(&b);
    }
}

static void broken_png_is_refused(void **state)
{
    struct mien_image a, b;
    assert_true(mien_image_create(&a, 40, 30, MIEN_FORMAT_RGB8));
    fill_smooth(&a);
    assert_true(mien_png_save(path("a.png"), &a));
    size_t size;
    uint8_t *data = mien_file_read(path("a.png"), 0, &size);
    assert_non_null(data);
    for (size_t n = 0; n < size; n++) {
        assert_false(mien_image_load_memory(data, n, "short.png", &b));
        assert_null(b.data);
    }
    for (size_t i = 8; i < size; i++) { // every byte matters: all chunks carry checksums
        data[i] ^= 0x55;
        bool ok = mien_image_load_memory(data, size, "broken.png", &b);
        if (ok) { // a damaged ancillary chunk may be skipped, the pixels then are right
            mien_image_destroy(&b);
        }
        data[i] ^= 0x55;
    }
    mien_free(data);
    mien_image_destroy(&a);
}

// What is said about a file, "" when it is read.
static const char *said(const void *data, size_t size)
{
    static char text[256];
    struct mien_image im;
    text[0] = 0;
    mien_log_set_level(MIEN_LOG_ERROR);
    mien_log_capture(text, sizeof text);
    bool ok = mien_image_load_memory(data, size, "some.file", &im);
    mien_log_capture(NULL, 0);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    mien_image_destroy(&im);
    assert_int_equal(ok, !text[0]);
    return text;
}

static void expect_words(const void *data, size_t size, const char *word)
{
    const char *text = said(data, size);
    if (!strstr(text, "some.file") || !strstr(text, word)) {
        fail_msg("\"%s\" does not name the file and say \"%s\"", text, word);
    }
}

static void other_kinds_are_named(void **state)
{
    static const struct {
        const char *head;
        size_t size;
        const char *word;
    } list[] = {
        {"RIFF\x10\0\0\0WAVEfmt ", 16, "sound file"},
        {"ID3\3\0\0", 6, "sound file"},
        {"\xff\xfb\x90\0", 4, "sound file"},
        {"fLaC\0\0", 6, "sound file"},
        {"FORM\0\0\0\xff"
         "AIFF",
         12, "sound file"},
        {"\0\0\0\x20"
         "ftypM4A \0\0",
         14, "sound file"},
        {"\0\0\0\x20"
         "ftypheic\0\0",
         14, "HEIC"},
        {"\0\0\0\x20"
         "ftypisom\0\0",
         14, "mien video"},
        {"\x1a\x45\xdf\xa3\1", 5, "mien video"},
        {"RIFF\x10\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0", 24, "animated"},
        {"RIFF\x10\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0", 24, "WebP picture"},
        {"RIFF\x10\0\0\0WEBPVP8 ", 16, "WebP picture"},
        {"GIF89a", 6, "GIF"},
        {"II*\0\x08\0\0\0", 8, "TIFF"},
        {"MM\0*\0\0\0\x08", 8, "TIFF"},
        {"MM", 2, "neither"},
        {"some words", 10, "neither a JPEG nor a PNG"},
        {"", 0, "empty"},
    };
    for (size_t i = 0; i < MIEN_COUNT(list); i++) {
        expect_words(list[i].head, list[i].size, list[i].word);
        for (size_t n = 0; n < list[i].size; n++) { // an exact block: reading past it is caught
            uint8_t *exact = malloc(n ? n : 1);
            memcpy(exact, list[i].head, n);
            bool video;
            mien_image_other_kind(exact, n, &video);
            free(exact);
        }
    }
}

static void wrong_files_are_explained(void **state)
{
    struct mien_image im;
    static const char *const text[] = {"",
                                       "x",
                                       "GIF89a...",
                                       "\xff\xd8\xff",
                                       "\xff\xd8\xff\xe0\0",
                                       "\x89PNG\r\n\x1a\n",
                                       "RIFF0000WEBPVP8 ",
                                       "0000ftypheic0000"};
    for (size_t i = 0; i < MIEN_COUNT(text); i++) {
        assert_false(mien_image_load_memory(text[i], strlen(text[i]), "wrong", &im));
        assert_null(im.data);
    }
    assert_false(mien_image_load(path("absent.jpg"), &im));
    assert_false(mien_image_load(dir, &im));
    struct mien_image a;
    assert_true(mien_image_create(&a, 2, 2, MIEN_FORMAT_RGB8));
    assert_false(mien_image_save(path("a.gif"), &a));
    assert_false(mien_image_save(path("none/a.png"), &a));
    mien_image_destroy(&a);
}

// Sizes claimed by the header that no one should allocate.
static void huge_sizes_are_refused(void **state)
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', 13,  10,  26,  10,   0, 0, 0,
                                  13,   'I', 'H', 'D', 'R', 0,   0,   0x40, 0, 0, 0,
                                  0x40, 0,   8,   2,   0,   0,   0,   0,    0, 0, 0,
                                  0,    0,   0,   1,   'I', 'D', 'A', 'T',  0};
    uint8_t fixed[sizeof png];
    memcpy(fixed, png, sizeof png);
    uint32_t crc = mien_crc32(0, fixed + 12, 17);
    for (int i = 0; i < 4; i++) {
        fixed[29 + i] = (uint8_t)(crc >> (24 - 8 * i));
    }
    struct mien_image im;
    assert_false(mien_image_load_memory(fixed, sizeof fixed, "huge.png", &im));
    expect_words(fixed, sizeof fixed, "16384 x 16384 pixels is more than 16384 a side or 128 Mpx");
    fixed[18] = 0x4e; // 20000 x 8, as a panorama's strip is
    fixed[19] = 0x20;
    fixed[22] = 0;
    fixed[23] = 8;
    crc = mien_crc32(0, fixed + 12, 17);
    for (int i = 0; i < 4; i++) {
        fixed[29 + i] = (uint8_t)(crc >> (24 - 8 * i));
    }
    expect_words(fixed, sizeof fixed, "20000 x 8 pixels is more than 16384 a side");
    static const uint8_t jpeg[] = {0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0xff, 0xff, 0xff, 0xff, 1, 1,
                                   0x11, 0,    0xff, 0xda, 0, 8,  1, 1,    0,    0,    63,   0};
    assert_false(mien_image_load_memory(jpeg, sizeof jpeg, "huge.jpg", &im));
}

static void sizes_for_faces(void **state)
{
    struct mien_why why = {0};
    assert_true(mien_image_not_too_small(8, 8, &why));
    assert_string_equal(why.text, "");
    assert_false(mien_image_not_too_small(4, 40, &why));
    assert_non_null(strstr(why.text, "4 x 40 pixels are too few"));
    assert_true(mien_image_not_too_large(16384, 8192, &why));
    assert_false(mien_image_not_too_large(16384, 8193, &why));
    assert_false(mien_image_not_too_large(SIZE_MAX, SIZE_MAX, &why));
}

static void exif_turns_the_picture(void **state)
{
    struct mien_image a, b;
    assert_true(mien_image_create(&a, 48, 32, MIEN_FORMAT_RGB8));
    for (int y = 0; y < 16; y++) { // the top left quarter is bright
        memset(a.data + (size_t)y * a.stride, 250, 3 * 16);
    }
    void *jpeg;
    size_t size;
    assert_true(mien_jpeg_encode(&a, 95, &jpeg, &size));
    // Where the bright corner goes for orientations 1…8 (x, y; 1 = right or bottom).
    static const int corner[9][2] = {{0},    {0, 0}, {1, 0}, {1, 1}, {0, 1},
                                     {0, 0}, {1, 0}, {1, 1}, {0, 1}};
    for (int o = 0; o <= 9; o++) {
        for (int big = 0; big < 2; big++) {
            uint8_t app1[36] = {0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0};
            static const uint8_t le[26] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1};
            static const uint8_t be[26] = {'M', 'M', 0,    42, 0, 0, 0, 8, 0,
                                           1,   1,   0x12, 0,  3, 0, 0, 0, 1};
            memcpy(app1 + 10, big ? be : le, 26);
            app1[10 + (big ? 19 : 18)] = (uint8_t)o;
            uint8_t *with = malloc(size + sizeof app1);
            memcpy(with, jpeg, 2);
            memcpy(with + 2, app1, sizeof app1);
            memcpy(with + 2 + sizeof app1, (uint8_t *)jpeg + 2, size - 2);
            assert_true(mien_image_load_memory(with, size + sizeof app1, "exif.jpg", &b));
            int k = o < 1 || o > 8 ? 1 : o;
            assert_int_equal(b.width, k >= 5 ? 32 : 48);
            int x = corner[k][0] ? b.width - 4 : 3, y = corner[k][1] ? b.height - 4 : 3;
            for (int c = 0; c < 4; c++) { // only that corner is bright
                int px = c % 2 ? b.width - 4 : 3, py = c / 2 ? b.height - 4 : 3;
                int v = b.data[(size_t)py * b.stride + 3 * (size_t)px];
                assert_int_equal(v > 128, px == x && py == y);
            }
            mien_image_destroy(&b);
            free(with);
        }
    }
    mien_free(jpeg);
    mien_image_destroy(&a);
}

// Textures: alpha is kept, size is looked at before anything is decoded, damage is told.
static void textures_are_decoded(void **state)
{
    struct mien_image a, b;
    void *jpeg;
    size_t jpeg_size, png_size;
    struct mien_why why = {0};
    assert_true(mien_image_create(&a, 37, 20, MIEN_FORMAT_RGB8));
    fill_smooth(&a);
    assert_true(mien_jpeg_encode(&a, 95, &jpeg, &jpeg_size));
    assert_true(mien_image_decode_rgba(jpeg, jpeg_size, 37, &b, &why));
    assert_true(b.format == MIEN_FORMAT_RGBA8 && b.width == 37 && b.height == 20);
    for (int y = 0; y < 20; y++) {
        for (int x = 0; x < 37; x++) {
            const uint8_t *p = a.data + (size_t)y * a.stride + 3 * (size_t)x;
            const uint8_t *q = b.data + (size_t)y * b.stride + 4 * (size_t)x;
            assert_true(q[3] == 255 && abs(p[0] - q[0]) < 16 && abs(p[2] - q[2]) < 16);
        }
    }
    mien_image_destroy(&a);
    mien_image_destroy(&b);
    assert_true(mien_image_create(&a, 20, 37, MIEN_FORMAT_RGBA8));
    fill_random(&a, 4);
    assert_true(mien_png_save(path("t.png"), &a));
    uint8_t *png = mien_file_read(path("t.png"), 0, &png_size);
    assert_true(mien_image_decode_rgba(png, png_size, 37, &b, &why));
    assert_memory_equal(b.data, a.data, a.stride);
    mien_image_destroy(&a);
    mien_image_destroy(&b);
    // One pixel too many: also when all that is there is the header.
    const void *data[2] = {jpeg, png};
    size_t size[2] = {jpeg_size, png_size}, head[2] = {jpeg_size - 40, 33};
    for (int i = 0; i < 2; i++) {
        assert_false(mien_image_decode_rgba(data[i], head[i], 36, &b, &why));
        assert_string_equal(why.text, i ? "20 x 37 pixels is more than 36 a side"
                                        : "37 x 20 pixels is more than 36 a side");
        for (size_t n = 0; n < size[i] - 12; n++) {
            why.text[0] = 0;
            assert_false(mien_image_decode_rgba(data[i], n, 100, &b, &why));
            assert_true(why.text[0] && !b.data);
        }
    }
    mien_free(jpeg);
    mien_free(png);
}

// One entry of a TIFF directory, orientation o of this type, in either byte order: 26 bytes.
static void put_tiff(uint8_t *t, bool big, unsigned type, unsigned count, unsigned o)
{
    static const uint8_t le[12] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1};
    static const uint8_t be[12] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12};
    size_t last = type == 4 || type == 9 ? 3 : type == 3 || type == 8 ? 1 : 0; // of its bytes
    memset(t, 0, 26);
    memcpy(t, big ? be : le, 12);
    t[big ? 13 : 12] = (uint8_t)type;
    t[big ? 17 : 14] = (uint8_t)count;
    t[18 + (big ? last : 0)] = (uint8_t)o;
}

// How wide a picture is with these one or two APP1 payloads behind its first two bytes.
static int jpeg_width_with(const struct mien_image *a, const void *first, size_t n,
                           const void *second, size_t m)
{
    void *jpeg;
    size_t size, at = 2;
    struct mien_image b;
    assert_true(mien_jpeg_encode(a, 90, &jpeg, &size));
    uint8_t *with = malloc(size + n + m + 8);
    memcpy(with, jpeg, 2);
    for (int i = 0; i < 2; i++) {
        size_t bytes = i ? m : n;
        if (bytes) {
            const uint8_t head[4] = {0xff, 0xe1, (uint8_t)((bytes + 2) >> 8), (uint8_t)(bytes + 2)};
            memcpy(with + at, head, 4);
            memcpy(with + at + 4, i ? second : first, bytes);
            at += 4 + bytes;
        }
    }
    memcpy(with + at, (uint8_t *)jpeg + 2, size - 2);
    assert_true(mien_image_load_memory(with, at + size - 2, "meta.jpg", &b));
    int width = b.width;
    mien_image_destroy(&b);
    mien_free(jpeg);
    free(with);
    return width;
}

static const char adobe[] = "http://ns.adobe.com/xap/1.0/";
static const char attribute[] =
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:Description tiff:Orientation=\"6\"/></x:xmpmeta>";
static const char element[] = "<tiff:Orientation> 8 </tiff:Orientation>";
static const char sixty[] = "<rdf:Description tiff:Orientation='60'/>";

static void whatever_says_which_way_is_up(void **state)
{
    struct mien_image a;
    assert_true(mien_image_create(&a, 48, 32, MIEN_FORMAT_RGB8));
    uint8_t exif[32] = "Exif\0", xmp[160];
    static const struct {
        unsigned type, count, o;
        int width;
    } list[] = {{3, 1, 6, 32},  {1, 1, 6, 32},  {4, 1, 6, 32}, {6, 1, 8, 32}, {8, 1, 5, 32},
                {9, 1, 7, 32},  {3, 1, 3, 48},  {3, 0, 6, 48}, {2, 1, 6, 48}, {5, 1, 6, 48},
                {12, 1, 6, 48}, {4, 1, 60, 48}, {3, 1, 0, 48}};
    for (size_t i = 0; i < MIEN_COUNT(list); i++) {
        for (int big = 0; big < 2; big++) {
            put_tiff(exif + 6, big, list[i].type, list[i].count, list[i].o);
            assert_int_equal(jpeg_width_with(&a, exif, 32, NULL, 0), list[i].width);
        }
    }
    // XMP counts where EXIF says nothing, wherever it stands.
    static const char *const texts[] = {attribute, element, sixty};
    for (size_t i = 0; i < MIEN_COUNT(texts); i++) {
        size_t n = sizeof adobe + strlen(texts[i]);
        memcpy(xmp, adobe, sizeof adobe);
        memcpy(xmp + sizeof adobe, texts[i], strlen(texts[i]));
        int width = i < 2 ? 32 : 48;
        assert_int_equal(jpeg_width_with(&a, xmp, n, NULL, 0), width);
        put_tiff(exif + 6, false, 3, 1, 0);
        assert_int_equal(jpeg_width_with(&a, exif, 32, xmp, n), width);
        put_tiff(exif + 6, false, 3, 1, 3);
        assert_int_equal(jpeg_width_with(&a, exif, 32, xmp, n), 48);
        assert_int_equal(jpeg_width_with(&a, xmp, n, exif, 32), 48);
    }
    for (size_t n = 0; n <= strlen(element); n++) { // an exact block: reading past it is caught
        char *exact = malloc(n ? n : 1);
        memcpy(exact, element, n);
        assert_true(mien_exif_xmp(exact, n) == 0 || n >= strlen("<tiff:Orientation> 8"));
        free(exact);
    }
    mien_image_destroy(&a);
}

// Puts a chunk of a PNG before IDAT (late: before IEND) and says how wide the picture then is.
static int png_width_with(const char *file, const char *type, const void *data, size_t n, bool late)
{
    size_t size, at = 33; // behind IHDR
    uint8_t *png = mien_file_read(file, 0, &size);
    assert_non_null(png);
    if (late) {
        at = size - 12;
    }
    uint8_t *with = malloc(size + n + 12);
    memcpy(with, png, at);
    uint8_t *c = with + at;
    for (int i = 0; i < 4; i++) {
        c[i] = (uint8_t)(n >> (24 - 8 * i));
        c[4 + i] = (uint8_t)type[i];
    }
    memcpy(c + 8, data, n);
    uint32_t crc = mien_crc32(0, c + 4, n + 4);
    for (int i = 0; i < 4; i++) {
        c[8 + n + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
    }
    memcpy(c + 12 + n, png + at, size - at);
    assert_true(mien_file_save(path("with.png"), with, size + n + 12));
    free(with);
    mien_free(png);
    struct mien_image b, rgba;
    assert_true(mien_image_load(path("with.png"), &b));
    assert_true(mien_png_load_rgba(path("with.png"), &rgba));
    int width = b.width;
    assert_int_equal(rgba.width, width);
    mien_image_destroy(&b);
    mien_image_destroy(&rgba);
    return width;
}

static void png_metadata_turn_the_picture(void **state)
{
    struct mien_image a;
    assert_true(mien_image_create(&a, 48, 32, MIEN_FORMAT_RGB8));
    char file[256];
    snprintf(file, sizeof file, "%s", path("plain.png"));
    assert_true(mien_png_save(file, &a));
    uint8_t tiff[26];
    for (int late = 0; late < 2; late++) {
        for (int big = 0; big < 2; big++) {
            put_tiff(tiff, big, 3, 1, 6);
            assert_int_equal(png_width_with(file, "eXIf", tiff, sizeof tiff, late), 32);
            put_tiff(tiff, big, 3, 1, 3);
            assert_int_equal(png_width_with(file, "eXIf", tiff, sizeof tiff, late), 48);
            put_tiff(tiff, big, 3, 1, 99);
            assert_int_equal(png_width_with(file, "eXIf", tiff, sizeof tiff, late), 48);
        }
        // As ImageMagick writes it.
        char text[400];
        size_t n = 0;
        put_tiff(tiff, true, 3, 1, 8);
        memcpy(text, "Raw profile type exif", 22); // with its zero byte
        n = 22 + (size_t)sprintf(text + 22, "\nexif\n      32\n457869660000\n");
        for (size_t i = 0; i < sizeof tiff; i++) {
            n += (size_t)sprintf(text + n, "%02x", tiff[i]);
        }
        assert_int_equal(png_width_with(file, "tEXt", text, n, late), 32);
        // XMP: keyword, no compression, no language, no translation.
        memcpy(text, "XML:com.adobe.xmp\0\0\0\0", 22);
        memcpy(text + 22, attribute, strlen(attribute));
        assert_int_equal(png_width_with(file, "iTXt", text, 22 + strlen(attribute), late), 32);
        memcpy(text + 22, sixty, strlen(sixty));
        assert_int_equal(png_width_with(file, "iTXt", text, 22 + strlen(sixty), late), 48);
    }
    mien_image_destroy(&a);
}

static void drawing_is_clipped(void **state)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, 60, 40, MIEN_FORMAT_RGB8));
    struct mien_rgb white = {255, 255, 255};
    mien_draw_line(&im, 5, 20, 55, 20, 3, white, 1);
    assert_int_equal(im.data[20 * im.stride + 3 * 30], 255);
    assert_int_equal(im.data[19 * im.stride + 3 * 30], 255);
    assert_int_equal(im.data[17 * im.stride + 3 * 30], 0);
    mien_draw_rect(&im, 9.5f, 1.5f, 19.5f, 5.5f, white, 0.5f);
    assert_int_equal(im.data[3 * im.stride + 3 * 12], 128);
    assert_int_equal(im.data[3 * im.stride + 3 * 9], 0);
    assert_int_equal(im.data[3 * im.stride + 3 * 20], 0);
    mien_draw_disc(&im, 40, 33, 4, white, 1);
    assert_int_equal(im.data[33 * im.stride + 3 * 40], 255);
    assert_int_equal(im.data[33 * im.stride + 3 * 46], 0);
    static const float v[] = {-1e30f, -1e5f, -3, 0, 20, 100, 1e5f, 1e30f, NAN, INFINITY};
    struct mien_rng r;
    mien_rng_seed(&r, 2, 0);
    for (int i = 0; i < 5000; i++) { // ASan watches
        float q[5];
        for (int k = 0; k < 5; k++) {
            q[k] = v[mien_rng_below(&r, MIEN_COUNT(v))];
        }
        mien_draw_line(&im, q[0], q[1], q[2], q[3], q[4], white, 0.5f);
        mien_draw_disc(&im, q[0], q[1], q[2], white, 0.5f);
        mien_draw_rect(&im, q[0], q[1], q[2], q[3], white, 0.5f);
    }
    assert_int_equal(mien_draw_text(&im, -8, 35, 2, "Yaw \xc3\xa4", white), 5 * 12);
    mien_image_destroy(&im);
}

// Every printable character has ink, except the space, and no two look alike.
static void font_is_complete(void **state)
{
    struct mien_image im[2];
    static uint8_t seen[95][180];
    assert_true(mien_image_create(&im[0], 6, 10, MIEN_FORMAT_RGB8));
    for (int c = 32; c < 127; c++) {
        char t[2] = {(char)c, 0};
        memset(im[0].data, 0, 180);
        mien_draw_text(&im[0], 0, 0, 1, t, (struct mien_rgb){255, 255, 255});
        memcpy(seen[c - 32], im[0].data, 180);
        for (int k = 0; k < c - 32; k++) {
            assert_true(memcmp(seen[k], seen[c - 32], 180));
        }
    }
    mien_image_destroy(&im[0]);
}

// A picture of other proportions lies whole in the middle, black beside it.
static void resize_whole_keeps_proportions(void **state)
{
    (void)state;
    static const int size[2][2] = {{100, 40}, {40, 100}};
    for (int k = 0; k < 2; k++) {
        struct mien_image a, b;
        assert_true(mien_image_create(&a, 20, 20, MIEN_FORMAT_RGB8));
        assert_true(mien_image_create(&b, size[k][0], size[k][1], MIEN_FORMAT_RGB8));
        memset(a.data, 200, a.stride * 20);
        mien_resize_whole(&a, &b);
        for (int y = 0; y < b.height; y++) {
            for (int x = 0; x < b.width; x++) {
                int along = k ? y : x, across = k ? x : y; // the 40 in the middle are the picture
                bool inside = along > 31 && along < 68 && across > 1 && across < 38;
                if (inside || along < 28 || along > 71) {
                    assert_int_equal(b.data[(size_t)y * b.stride + 3 * (size_t)x],
                                     inside ? 200 : 0);
                }
            }
        }
        mien_image_destroy(&a);
        mien_image_destroy(&b);
    }
}

RUN_TESTS(setup, teardown, cmocka_unit_test(create_refuses_bad_sizes),
          cmocka_unit_test(resize_whole_keeps_proportions),
          cmocka_unit_test(yuv_formats_follow_bt601),
          cmocka_unit_test(planes_are_interpolated_and_exact_to_a_level),
          cmocka_unit_test(gray_and_flip), cmocka_unit_test(warp_identity_and_shift_are_exact),
          cmocka_unit_test(warp_follows_the_map), cmocka_unit_test(crop_convention),
          cmocka_unit_test(shrinking_averages), cmocka_unit_test(averaging_at_the_edges),
          cmocka_unit_test(warp_keeps_a_constant), cmocka_unit_test(warp_survives_wild_maps),
          cmocka_unit_test(jpeg_round_trip), cmocka_unit_test(mjpeg_without_tables),
          cmocka_unit_test(png_round_trip), cmocka_unit_test(broken_png_is_refused),
          cmocka_unit_test(wrong_files_are_explained), cmocka_unit_test(other_kinds_are_named),
          cmocka_unit_test(sizes_for_faces), cmocka_unit_test(huge_sizes_are_refused),
          cmocka_unit_test(exif_turns_the_picture), cmocka_unit_test(textures_are_decoded),
          cmocka_unit_test(whatever_says_which_way_is_up),
          cmocka_unit_test(png_metadata_turn_the_picture), cmocka_unit_test(drawing_is_clipped),
          cmocka_unit_test(font_is_complete))

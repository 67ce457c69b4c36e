// Rows of image/, detect/letterbox, source/tone and base/half: what is done to every pixel. The
// reference is the same source compiled for plain x86-64 (plain_…), see the Makefile.
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

#include "base/half.h"
#include "base/mem.h"
#include "detect/letterbox.h"
#include "image/image.h"
#include "image/planes.h"
#include "learn/augment.h"
#include "source/internal.h"

bool plain_mien_yuyv_to_rgb(const uint8_t *src, size_t stride, size_t size, struct mien_image *dst);
bool plain_mien_nv12_to_rgb(const uint8_t *src, size_t stride, size_t size, struct mien_image *dst);
bool plain_mien_i420_to_rgb(const uint8_t *src, size_t stride, size_t size, struct mien_image *dst);
void plain_mien_planes_to_rgb(const struct mien_planes *p, struct mien_image *dst);
void plain_mien_rgb_to_gray(const struct mien_image *src, struct mien_image *dst);
void plain_mien_warp(const struct mien_image *src, const struct mien_affine *map,
                     struct mien_image *dst, int border);
void plain_mien_warp_to_float(const struct mien_image *src, const struct mien_affine *map,
                              int border, const struct mien_float_planes *dst);
void plain_mien_letterbox_gray(const struct mien_letterbox *l, const struct mien_image *picture,
                               const struct mien_float_planes *input);
void plain_mien_tone_apply(const struct mien_tone *t, const uint16_t *rgb, size_t stride,
                           struct mien_image *out);
void plain_mien_augment_noise(float *x, size_t n, float sigma, uint32_t seed);

#define CALL(table, name, ...) ((table) ? mien_##name(__VA_ARGS__) : plain_mien_##name(__VA_ARGS__))

static struct mien_image view(const struct kernel_case *c, int buffer, int w, int h, int channels)
{
    static const enum mien_format format[] = {MIEN_FORMAT_NONE, MIEN_FORMAT_GRAY8, MIEN_FORMAT_NONE,
                                              MIEN_FORMAT_RGB8, MIEN_FORMAT_RGBA8};
    return (struct mien_image){.data = kernel_bytes(c, buffer),
                               .width = w,
                               .height = h,
                               .stride = (size_t)w * (size_t)channels,
                               .format = format[channels]};
}

static void add_bytes(struct kernel_case *c, size_t in, size_t out, double tolerance)
{
    kernel_add(c, KERNEL_IN, KERNEL_BYTE, in, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_BYTE, out, 1);
    kernel_tolerate(c, tolerance);
    c->bytes[0] = (double)(in + out);
}

// ---- colours: {w, h, full, hd, centred} ----

static void draw_size(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = 2 * kernel_between(r, 1, 150);
    d[1] = 2 * kernel_between(r, 1, 12);
    for (int i = 2; i < 5; i++) {
        d[i] = kernel_between(r, 0, 1);
    }
}

static void draw_any_size(struct mien_rng *r, int d[KERNEL_DIMS])
{
    draw_size(r, d);
    d[0] -= kernel_between(r, 0, 1);
    d[1] -= kernel_between(r, 0, 1);
}

static const int vga[][KERNEL_DIMS] = {{640, 480, 0, 0, 0}, {-1}};

static void make_yuyv(struct kernel_case *c)
{
    const size_t n = (size_t)c->dim[0] * (size_t)c->dim[1];
    add_bytes(c, 2 * n, 3 * n, 0);
}

static void make_420(struct kernel_case *c)
{
    const size_t n = (size_t)c->dim[0] * (size_t)c->dim[1];
    add_bytes(c, n + n / 2, 3 * n, 0);
}

static void make_planes(struct kernel_case *c)
{
    const size_t w = (size_t)c->dim[0], h = (size_t)c->dim[1];
    add_bytes(c, w * h + 2 * ((w + 1) / 2) * ((h + 1) / 2), 3 * w * h, 0);
}

#define CAMERA(name, by)                                                         \
    static void run_##name(struct kernel_case *c, const void *table)             \
    {                                                                            \
        struct mien_image out = view(c, 1, c->dim[0], c->dim[1], 3);             \
        CALL(table, name##_to_rgb, kernel_bytes(c, 0), (size_t)(by * c->dim[0]), \
             c->buffer[0].count, &out);                                          \
    }
CAMERA(yuyv, 2)
CAMERA(nv12, 1)
CAMERA(i420, 1)

static void run_planes(struct kernel_case *c, const void *table)
{
    const int w = c->dim[0], h = c->dim[1], cw = (w + 1) / 2, ch = (h + 1) / 2;
    const uint8_t *y = kernel_bytes(c, 0);
    const struct mien_planes p = {.width = w,
                                  .height = h,
                                  .y = y,
                                  .u = y + w * h,
                                  .v = y + w * h + cw * ch,
                                  .stride = {w, cw, cw},
                                  .full = c->dim[2] != 0,
                                  .hd = c->dim[3] != 0,
                                  .centred = c->dim[4] != 0};
    struct mien_image out = view(c, 1, w, h, 3);
    CALL(table, planes_to_rgb, &p, &out);
}

static void make_gray(struct kernel_case *c)
{
    const size_t n = (size_t)c->dim[0] * (size_t)c->dim[1];
    add_bytes(c, (c->dim[2] ? 4 : 3) * n, n, 1); // a level of rounding
}

static void run_gray(struct kernel_case *c, const void *table)
{
    const struct mien_image in = view(c, 0, c->dim[0], c->dim[1], c->dim[2] ? 4 : 3);
    struct mien_image out = view(c, 1, c->dim[0], c->dim[1], 1);
    CALL(table, rgb_to_gray, &in, &out);
}

// ---- warps: {w, h, size, side in 1/16 of size, roll in 1/16, border, channels} ----

static void draw_warp(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 90);
    d[1] = kernel_between(r, 1, 70);
    d[2] = kernel_between(r, 1, 60);
    d[3] = kernel_between(r, 4, 90);
    d[4] = kernel_between(r, -20, 20);
    d[5] = kernel_between(r, -1, 1) * 100;
    d[6] = mien_rng_chance(r, 0.3f) ? 1 : 3;
}

static const int warp_timed[][KERNEL_DIMS] = {
    {640, 480, 96, 16, 2, 0, 3}, {640, 480, 96, 40, 2, 0, 3}, {640, 480, 96, 40, 0, 0, 1}, {-1}};

static struct mien_affine map_of(const int *d)
{
    const float side = (float)(d[2] * d[3]) / 16;
    return mien_affine_crop(0.47f * (float)d[0], 0.55f * (float)d[1], side, (float)d[4] / 16, d[2],
                            d[3] % 2);
}

// Enlarged, rows and columns are blended in floats: half a level may round either way.
static void make_warp(struct kernel_case *c)
{
    const int *d = c->dim;
    const size_t ch = (size_t)d[6], out = (size_t)d[2] * (size_t)d[2] * ch;
    add_bytes(c, (size_t)d[0] * (size_t)d[1] * ch, out, 1);
    c->bytes[0] = 5 * (double)out; // four read, one written
}

static void run_warp(struct kernel_case *c, const void *table)
{
    const int *d = c->dim;
    const struct mien_image in = view(c, 0, d[0], d[1], d[6]);
    const struct mien_affine map = map_of(d);
    struct mien_image out = view(c, 1, d[2], d[2], d[6]);
    CALL(table, warp, &in, &map, &out, d[5]);
}

static void make_warp_float(struct kernel_case *c)
{
    const int *d = c->dim;
    const size_t out = (size_t)d[2] * (size_t)d[2] * (size_t)d[6];
    kernel_add(c, KERNEL_IN, KERNEL_BYTE, (size_t)d[0] * (size_t)d[1] * (size_t)d[6], 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, out, 1);
    kernel_tolerate(c, 1e-4);
    c->bytes[0] = 8 * (double)out;
}

static void run_warp_float(struct kernel_case *c, const void *table)
{
    const int *d = c->dim;
    const struct mien_image in = view(c, 0, d[0], d[1], d[6]);
    const struct mien_affine map = map_of(d);
    const struct mien_float_planes out = {kernel_floats(c, 1), d[6], d[2], d[2], 127.5f, 1 / 60.0f};
    CALL(table, warp_to_float, &in, &map, d[5], &out);
}

// ---- the detector's input: {w, h, input w, input h, channels} ----

static void draw_letterbox(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 300);
    d[1] = kernel_between(r, 1, 200);
    d[2] = kernel_between(r, 1, 100);
    d[3] = kernel_between(r, 1, 80);
    d[4] = mien_rng_chance(r, 0.3f) ? 1 : 3;
    if (mien_rng_chance(r, 0.3f)) { // exactly half
        d[0] = 2 * d[2];
        d[1] = 2 * d[3];
    }
}

static const int letterbox_timed[][KERNEL_DIMS] = {
    {640, 480, 320, 240, 3}, {1920, 1080, 320, 240, 3}, {-1}};

static void make_letterbox(struct kernel_case *c)
{
    const int *d = c->dim;
    const size_t in = (size_t)d[0] * (size_t)d[1] * (size_t)d[4];
    const size_t out = (size_t)d[2] * (size_t)d[3];
    kernel_add(c, KERNEL_IN, KERNEL_BYTE, in, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, out, 1);
    kernel_tolerate(c, 1e-4);
    c->bytes[0] = (double)(in + 4 * out);
}

static void run_letterbox(struct kernel_case *c, const void *table)
{
    const int *d = c->dim;
    const struct mien_image in = view(c, 0, d[0], d[1], d[4]);
    const struct mien_letterbox l = mien_letterbox_fit(d[0], d[1], d[2], d[3]);
    const struct mien_float_planes out = {kernel_floats(c, 1), 1, d[2], d[3], 120, 1 / 60.0f};
    CALL(table, letterbox_gray, &l, &in, &out);
}

// ---- {n} ----

static void draw_length(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 300);
}

static const int length_timed[][KERNEL_DIMS] = {{100000}, {-1}};

static void make_half(struct kernel_case *c)
{
    const size_t n = (size_t)c->dim[0];
    kernel_add(c, KERNEL_IN, KERNEL_BYTE, 2 * n, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, n, 1);
    kernel_tolerate(c, 0);
    c->bytes[0] = 6 * (double)n;
}

static void run_half(struct kernel_case *c, const void *table)
{
    const size_t n = (size_t)c->dim[0];
    float *out = kernel_floats(c, 1);
    if (table) {
        mien_half_to_float(kernel_bytes(c, 0), out, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        _Float16 h;
        memcpy(&h, kernel_bytes(c, 0) + 2 * i, sizeof(h));
        out[i] = (float)h;
    }
}

static void make_to_half(struct kernel_case *c)
{
    const size_t n = (size_t)c->dim[0];
    kernel_add(c, KERNEL_IN, KERNEL_REAL, n, 100);
    kernel_add(c, KERNEL_OUT, KERNEL_BYTE, 2 * n, 1);
    kernel_tolerate(c, 0);
    c->bytes[0] = 6 * (double)n;
}

static void run_to_half(struct kernel_case *c, const void *table)
{
    const size_t n = (size_t)c->dim[0];
    const float *from = kernel_floats(c, 0);
    if (table) {
        mien_float_to_half(from, kernel_bytes(c, 1), n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const _Float16 h = (_Float16)from[i];
        memcpy(kernel_bytes(c, 1) + 2 * i, &h, sizeof(h));
    }
}

static void make_noise(struct kernel_case *c)
{
    kernel_add(c, KERNEL_SUM, KERNEL_REAL, (size_t)c->dim[0], 1);
    kernel_tolerate(c, 1e-5);
    c->bytes[0] = 8 * (double)c->dim[0];
}

static void run_noise(struct kernel_case *c, const void *table)
{
    CALL(table, augment_noise, kernel_floats(c, 0), (size_t)c->dim[0], 3, 77);
}

// ---- HDR: {w, h, kind} ----

static void draw_tone(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 100);
    d[1] = kernel_between(r, 1, 6);
    d[2] = mien_rng_chance(r, 0.5f) ? MIEN_TONE_HLG : MIEN_TONE_PQ;
}

static const int tone_timed[][KERNEL_DIMS] = {
    {640, 480, MIEN_TONE_PQ}, {640, 480, MIEN_TONE_HLG}, {-1}};

static void make_tone(struct kernel_case *c)
{
    const size_t n = 3 * (size_t)c->dim[0] * (size_t)c->dim[1];
    add_bytes(c, 2 * n, n, 1); // a step of the curve's table
}

static void prepare_tone(struct kernel_case *c, const void *table)
{
    (void)table;
    c->more = mien_tone_create((enum mien_tone_kind)c->dim[2]);
}

static void run_tone(struct kernel_case *c, const void *table)
{
    struct mien_image out = view(c, 1, c->dim[0], c->dim[1], 3);
    CALL(table, tone_apply, c->more, (const uint16_t *)kernel_bytes(c, 0), 6 * (size_t)c->dim[0],
         &out);
}

static void finish_tone(struct kernel_case *c, const void *table)
{
    (void)table;
    mien_tone_destroy(c->more);
    c->more = NULL;
}

const struct kernel_row kernel_image_rows[] = {
    KERNEL_COMPILED_ROW("yuyv", "yuyv_row", vga, draw_size, make_yuyv, run_yuyv),
    KERNEL_COMPILED_ROW("nv12", "planar_row", vga, draw_size, make_420, run_nv12),
    KERNEL_COMPILED_ROW("i420", "planar_row", vga, draw_size, make_420, run_i420),
    KERNEL_COMPILED_ROW("planes", "convert_row", vga, draw_any_size, make_planes, run_planes),
    KERNEL_COMPILED_ROW("gray", "gray_row", vga, draw_any_size, make_gray, run_gray),
    KERNEL_COMPILED_ROW("warp", "expand_rgb add_row pack_row sample_row", warp_timed, draw_warp,
                        make_warp, run_warp),
    KERNEL_COMPILED_ROW("warp to float", "expand_rgb add_row pack_row sample_row store_float",
                        warp_timed, draw_warp, make_warp_float, run_warp_float),
    KERNEL_COMPILED_ROW("letterbox", "half_row add_row sums_to_gray", letterbox_timed,
                        draw_letterbox, make_letterbox, run_letterbox),
    KERNEL_COMPILED_ROW("half", "mien_half_to_float decode_eights", length_timed, draw_length,
                        make_half, run_half),
    KERNEL_COMPILED_ROW("to half", "mien_float_to_half encode_eights", length_timed, draw_length,
                        make_to_half, run_to_half),
    KERNEL_COMPILED_ROW("noise", "mien_augment_noise", length_timed, draw_length, make_noise,
                        run_noise),
    KERNEL_ROW("tone", "tone_row", kernel_compiled_ways, tone_timed, draw_tone, make_tone,
               .pass = {run_tone}, .prepare = prepare_tone, .finish = finish_tone),
};
const int kernel_image_count = MIEN_COUNT(kernel_image_rows);

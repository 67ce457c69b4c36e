// Affine resampling: bilinear, after box averaging where the map shrinks.
//
// The destination is walked in tiles. The part of the source that a tile needs is copied into a
// small buffer on the stack, four bytes a pixel: there the border is resolved, and a map that
// shrinks by more than 1.5 is pre-averaged by whole pixels (kx, ky = the rounded shrink), which
// leaves a bilinear step of 0.75…1.25 pixels. The inner loop then needs no bounds check.
// Does not: allocate, or average by more than 64 pixels an axis.
#include "image/image.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/log.h"

enum { TILE = 32, BUF = 72, MAX_K = 64 };
#define FAR_PX 1e6 // beyond it a float has no subpixel left; pictures end at 16384

struct tile {
    uint32_t px[BUF * BUF]; // 4 bytes a pixel; GRAY8 uses the first three alike
    float row[4][TILE];     // one destination row, 0…255
};

struct job {
    const struct mien_image *src;
    int channels; // of src
    int kx, ky;   // source pixels averaged into one tile pixel
    int border;
};

static inline int clampi(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static inline uint32_t load_px(const uint8_t *p, int channels)
{
    uint32_t r = p[0];
    if (channels == 1) {
        return r | r << 8 | r << 16;
    }
    uint32_t v = r | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
    return channels == 4 ? v | (uint32_t)p[3] << 24 : v;
}

static inline uint32_t border_px(const struct job *j)
{
    uint32_t b = (uint32_t)clampi(j->border, 0, 255);
    return b | b << 8 | b << 16 | b << 24;
}

// Column x of row p, or what lies outside. p NULL: the row is outside and the border has a value.
static inline uint32_t fetch(const struct job *j, const uint8_t *p, int x)
{
    int w = j->src->width;
    if (!p || (j->border >= 0 && (x < 0 || x >= w))) {
        return border_px(j);
    }
    return load_px(p + (size_t)clampi(x, 0, w - 1) * (size_t)j->channels, j->channels);
}

static const uint8_t *source_row(const struct job *j, int y)
{
    int h = j->src->height;
    if (j->border >= 0 && (y < 0 || y >= h)) {
        return NULL;
    }
    return j->src->data + (size_t)clampi(y, 0, h - 1) * j->src->stride;
}

MIEN_MULTIVERSION
static void expand_rgb(const uint8_t *restrict p, uint32_t *restrict out, int n)
{
    for (int i = 0; i < n; i++) {
        out[i] = (uint32_t)p[3 * i] | (uint32_t)p[3 * i + 1] << 8 | (uint32_t)p[3 * i + 2] << 16;
    }
}

static void fill_plain(const struct job *j, int x0, int y0, int w, int h, uint32_t *out)
{
    int a = clampi(-x0, 0, w), b = clampi(j->src->width - x0, a, w); // [a,b) lies inside
    for (int y = 0; y < h; y++, out += BUF) {
        const uint8_t *p = source_row(j, y0 + y);
        if (!p) {
            a = b = 0;
        } else {
            a = clampi(-x0, 0, w);
            b = clampi(j->src->width - x0, a, w);
        }
        for (int x = 0; x < a; x++) {
            out[x] = fetch(j, p, x0 + x);
        }
        if (a < b && j->channels == 3) {
            expand_rgb(p + 3 * (size_t)(x0 + a), out + a, b - a);
        } else {
            for (int x = a; x < b; x++) {
                out[x] = load_px(p + (size_t)(x0 + x) * (size_t)j->channels, j->channels);
            }
        }
        for (int x = b; x < w; x++) {
            out[x] = fetch(j, p, x0 + x);
        }
    }
}

MIEN_MULTIVERSION
static void add_row(const uint8_t *restrict p, uint16_t *restrict sum, int n)
{
    for (int i = 0; i < n; i++) {
        sum[i] = (uint16_t)(sum[i] + p[i]);
    }
}

static inline __attribute__((always_inline)) void
pack_columns(const uint16_t *restrict s, int kx, int ky, int ch, int w, uint32_t *restrict out)
{
    // Sums are at most 255*area <= 2^20: exact enough in float, rounded to nearest.
    float inv = 1.0f / (float)(kx * ky);
    for (int x = 0; x < w; x++) {
        uint32_t t0 = 0, t1 = 0, t2 = 0, t3 = 0;
        for (int k = 0; k < kx; k++) {
            const uint16_t *p = s + (x * kx + k) * ch;
            t0 += p[0];
            if (ch > 1) {
                t1 += p[1];
                t2 += p[2];
            }
            if (ch > 3) {
                t3 += p[3];
            }
        }
        uint32_t v0 = (uint32_t)(int)((float)(int)t0 * inv + 0.5f);
        uint32_t v1 = ch > 1 ? (uint32_t)(int)((float)(int)t1 * inv + 0.5f) : v0;
        uint32_t v2 = ch > 1 ? (uint32_t)(int)((float)(int)t2 * inv + 0.5f) : v0;
        uint32_t v3 = ch > 3 ? (uint32_t)(int)((float)(int)t3 * inv + 0.5f) : 0;
        out[x] = v0 | v1 << 8 | v2 << 16 | v3 << 24;
    }
}

// Sums across and divides; the common shrinks are unrolled.
MIEN_MULTIVERSION
static void pack_row(const uint16_t *restrict s, int kx, int ky, int ch, int w,
                     uint32_t *restrict out)
{
    if (ch == 3 && kx == 2) {
        pack_columns(s, 2, ky, 3, w, out);
    } else if (ch == 3 && kx == 3) {
        pack_columns(s, 3, ky, 3, w, out);
    } else if (ch == 3 && kx == 4) {
        pack_columns(s, 4, ky, 3, w, out);
    } else if (ch == 3) {
        pack_columns(s, kx, ky, 3, w, out);
    } else {
        pack_columns(s, kx, ky, ch, w, out);
    }
}

// What a tile pixel left (x = -1) or right (x = the width) of the picture holds in row y0.
static uint32_t outside_px(const struct job *j, int x, int y0)
{
    uint32_t sum[4] = {0}, px = 0, ky = (uint32_t)j->ky;
    for (int y = 0; y < j->ky; y++) {
        uint32_t v = fetch(j, source_row(j, y0 * j->ky + y), x);
        for (int c = 0; c < 4; c++) {
            sum[c] += v >> (8 * c) & 255;
        }
    }
    for (int c = 0; c < 4; c++) {
        px |= (sum[c] + ky / 2) / ky << (8 * c);
    }
    return px;
}

// One pre-averaged row: sums down, then across, of the columns that touch the picture.
static void fill_averaged_row(const struct job *j, int x0, int y0, int w, uint32_t *out)
{
    uint16_t sum[BUF * MAX_K * 4];
    int ch = j->channels, kx = j->kx, sw = j->src->width;
    int lo = clampi(-x0, 0, w), hi = clampi((sw + kx - 1) / kx - x0, lo, w);
    if (lo > 0) {
        uint32_t v = outside_px(j, -1, y0);
        for (int x = 0; x < lo; x++) {
            out[x] = v;
        }
    }
    if (hi < w) {
        uint32_t v = outside_px(j, sw, y0);
        for (int x = hi; x < w; x++) {
            out[x] = v;
        }
    }
    if (lo == hi) {
        return;
    }
    int sx0 = (x0 + lo) * kx, n = (hi - lo) * kx, in = clampi(sw - sx0, 0, n);
    memset(sum, 0, sizeof(uint16_t) * (size_t)(n * ch));
    for (int y = 0; y < j->ky; y++) {
        const uint8_t *p = source_row(j, y0 * j->ky + y);
        if (p) {
            add_row(p + (size_t)sx0 * (size_t)ch, sum, in * ch);
        }
        for (int x = p ? in : 0; x < n; x++) {
            uint32_t v = fetch(j, p, sx0 + x);
            for (int c = 0; c < ch; c++) {
                sum[x * ch + c] = (uint16_t)(sum[x * ch + c] + (v >> (8 * c) & 255));
            }
        }
    }
    pack_row(sum, kx, j->ky, ch, hi - lo, out + lo);
}

// Rows wholly above or below the picture are all alike: made once, then copied.
static void fill_averaged(const struct job *j, int x0, int y0, int w, int h, uint32_t *out)
{
    int above = -1, below = -1;
    for (int y = 0; y < h; y++) {
        int *like = (y0 + y) * j->ky + j->ky <= 0        ? &above
                    : (y0 + y) * j->ky >= j->src->height ? &below
                                                         : NULL;
        if (like && *like >= 0) {
            memcpy(out + y * BUF, out + *like * BUF, sizeof *out * (size_t)w);
            continue;
        }
        fill_averaged_row(j, x0, y0 + y, w, out + y * BUF);
        if (like) {
            *like = y;
        }
    }
}

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef int16_t shorts8 __attribute__((vector_size(16)));
typedef int32_t ints8 __attribute__((vector_size(32)));
typedef float floats8 __attribute__((vector_size(32)));
typedef float floats4 __attribute__((vector_size(16)));

// The four channels of a tile pixel and of its right neighbour.
static inline __attribute__((always_inline)) void load_two(const uint32_t *px, floats8 *out)
{
    static const bytes16 none;
    bytes16 b = none;
    memcpy(&b, px, 8);
    const shorts8 wide = (shorts8)__builtin_shufflevector(b, none, 0, 16, 1, 17, 2, 18, 3, 19, 4,
                                                          20, 5, 21, 6, 22, 7, 23);
    *out = __builtin_convertvector(__builtin_convertvector(wide, ints8), floats8);
}

// Bilinear along one destination row: the sample of column i is at (fx + i*dx, fy + i*dy) in px.
// Places come first, as vectors of columns, then for each column a vector of channels: gathering
// one channel of several columns takes longer.
MIEN_MULTIVERSION
static void sample_row(const uint32_t *restrict px, float fx, float fy, float dx, float dy, int n,
                       float (*restrict row)[TILE])
{
    static const float last = BUF - 2;
    int at[TILE];
    float right[TILE], down[TILE];
    floats4 sum[TILE];
    for (int i = 0; i < TILE; i++) { // all of them: whole vectors
        const float x = fx + (float)i * dx, y = fy + (float)i * dy;
        const float x0 = x > 0 ? x : 0, y0 = y > 0 ? y : 0;
        right[i] = x0 < last ? x0 : last;
        down[i] = y0 < last ? y0 : last;
    }
    for (int i = 0; i < TILE; i++) {
        const int x = (int)right[i], y = (int)down[i];
        at[i] = y * BUF + x;
        right[i] -= (float)x;
        down[i] -= (float)y;
    }
    for (int i = 0; i < n; i++) {
        floats8 above, below;
        load_two(px + at[i], &above);
        load_two(px + at[i] + BUF, &below);
        const floats8 both = above + down[i] * (below - above);
        const floats4 left = __builtin_shufflevector(both, both, 0, 1, 2, 3);
        sum[i] = left + right[i] * (__builtin_shufflevector(both, both, 4, 5, 6, 7) - left);
    }
    for (int c = 0; c < 4; c++) {
        for (int i = 0; i < n; i++) {
            row[c][i] = sum[i][c];
        }
    }
}

// Where rows go: float planes when f is set, else bytes.
struct sink {
    float *f;
    size_t plane; // floats from plane to plane
    int width, channels;
    float mean, scale;
    struct mien_image *im;
};

MIEN_MULTIVERSION
static void store_float(const float *restrict s, float *restrict d, int n, float mean, float scale)
{
    for (int i = 0; i < n; i++) {
        d[i] = (s[i] - mean) * scale;
    }
}

static void emit(const struct sink *k, float (*row)[TILE], int x, int y, int n, int src_channels)
{
    if (k->f) {
        for (int c = 0; c < k->channels; c++) {
            float *d = k->f + (size_t)c * k->plane + (size_t)y * (size_t)k->width + (size_t)x;
            store_float(row[src_channels == 1 ? 0 : c], d, n, k->mean, k->scale);
        }
        return;
    }
    int ch = k->channels;
    uint8_t *d = k->im->data + (size_t)y * k->im->stride + (size_t)x * (size_t)ch;
    for (int c = 0; c < ch; c++) {
        const float *s = row[src_channels == 1 ? 0 : c];
        for (int i = 0; i < n; i++) {
            d[i * ch + c] = (uint8_t)(int)(s[i] + 0.5f);
        }
    }
}

// Far outside or not finite: single pixels, nearest.
static void far_row(const struct job *j, double sx, double sy, double dx, double dy, int n,
                    float (*row)[TILE])
{
    for (int i = 0; i < n; i++) {
        double x = sx + i * dx, y = sy + i * dy;
        x = x > -FAR_PX ? (x < FAR_PX ? x : FAR_PX) : -FAR_PX; // NaN becomes -FAR_PX
        y = y > -FAR_PX ? (y < FAR_PX ? y : FAR_PX) : -FAR_PX;
        uint32_t v = fetch(j, source_row(j, (int)lrint(y)), (int)lrint(x));
        for (int c = 0; c < 4; c++) {
            row[c][i] = (float)(v >> (8 * c) & 255);
        }
    }
}

static void run(struct job *j, const struct mien_affine *map, int width, int height,
                const struct sink *sink)
{
    struct tile t;
    const float *m = map->m;
    float shrink_x = hypotf(m[0], m[1]), shrink_y = hypotf(m[3], m[4]);
    j->kx = shrink_x > 1.5f ? (int)(fminf(shrink_x, MAX_K) + 0.5f) : 1;
    j->ky = shrink_y > 1.5f ? (int)(fminf(shrink_y, MAX_K) + 0.5f) : 1;
    if (fmaxf(shrink_x, shrink_y) > 16 * MAX_K) { // a whole picture in a pixel or two: just sample
        j->kx = j->ky = 1;
    }
    float ex = (fabsf(m[0]) + fabsf(m[1])) / (float)j->kx;
    float ey = (fabsf(m[3]) + fabsf(m[4])) / (float)j->ky;
    int size = TILE; // smaller only for maps that shrink by more than MAX_K
    while (size > 1 && !((float)(size - 1) * fmaxf(ex, ey) < BUF - 4)) {
        size /= 2;
    }
    double ox = 0.5 * (j->kx - 1), oy = 0.5 * (j->ky - 1);
    for (int ty = 0; ty < height; ty += size) {
        int th = height - ty < size ? height - ty : size;
        for (int tx = 0; tx < width; tx += size) {
            int tw = width - tx < size ? width - tx : size;
            double bx = (double)m[0] * tx + (double)m[1] * ty + m[2];
            double by = (double)m[3] * tx + (double)m[4] * ty + m[5];
            double wx = (double)m[0] * (tw - 1), wy = (double)m[3] * (tw - 1);
            double hx = (double)m[1] * (th - 1), hy = (double)m[4] * (th - 1);
            double reach = fabs(bx) + fabs(wx) + fabs(hx) + fabs(by) + fabs(wy) + fabs(hy);
            bool far = !(reach < FAR_PX);
            float fx = 0, fy = 0;
            if (!far) {
                double lx = (bx + fmin(wx, 0) + fmin(hx, 0) - ox) / j->kx;
                double ly = (by + fmin(wy, 0) + fmin(hy, 0) - oy) / j->ky;
                int x0 = (int)floor(lx), y0 = (int)floor(ly);
                int w = clampi((int)((fabs(wx) + fabs(hx)) / j->kx) + 3, 2, BUF);
                int h = clampi((int)((fabs(wy) + fabs(hy)) / j->ky) + 3, 2, BUF);
                if (j->kx == 1 && j->ky == 1) {
                    fill_plain(j, x0, y0, w, h, t.px);
                } else {
                    fill_averaged(j, x0, y0, w, h, t.px);
                }
                fx = (float)((bx - ox) / j->kx - x0);
                fy = (float)((by - oy) / j->ky - y0);
            }
            float dx = m[0] / (float)j->kx, dy = m[3] / (float)j->ky;
            for (int y = 0; y < th; y++) {
                float rx = fx + (float)y * m[1] / (float)j->kx;
                float ry = fy + (float)y * m[4] / (float)j->ky;
                if (far) {
                    far_row(j, bx + (double)m[1] * y, by + (double)m[4] * y, m[0], m[3], tw, t.row);
                } else {
                    sample_row(t.px, rx, ry, dx, dy, tw, t.row);
                }
                emit(sink, t.row, tx, ty + y, tw, j->channels);
            }
        }
    }
}

void mien_warp(const struct mien_image *src, const struct mien_affine *map, struct mien_image *dst,
               int border)
{
    MIEN_ASSERT(src->data && dst->data);
    MIEN_ASSERT(src->format == dst->format ||
                (src->format == MIEN_FORMAT_GRAY8 && dst->format == MIEN_FORMAT_RGB8));
    struct job j = {.src = src, .channels = mien_format_channels(src->format), .border = border};
    struct sink k = {.channels = mien_format_channels(dst->format), .width = dst->width, .im = dst};
    run(&j, map, dst->width, dst->height, &k);
}

void mien_warp_to_float(const struct mien_image *src, const struct mien_affine *map, int border,
                        const struct mien_float_planes *dst)
{
    MIEN_ASSERT(src->data && (dst->channels == 1 || dst->channels == 3));
    MIEN_ASSERT(dst->channels == 3 || src->format == MIEN_FORMAT_GRAY8);
    struct job j = {.src = src, .channels = mien_format_channels(src->format), .border = border};
    struct sink k = {.f = dst->data,
                     .plane = (size_t)dst->width * (size_t)dst->height,
                     .width = dst->width,
                     .channels = dst->channels,
                     .mean = dst->mean,
                     .scale = dst->scale};
    run(&j, map, dst->width, dst->height, &k);
}

void mien_resize_whole(const struct mien_image *src, struct mien_image *dst)
{
    float k = fmaxf((float)src->width / (float)dst->width, (float)src->height / (float)dst->height);
    float x = 0.5f * ((float)src->width - 1 - k * ((float)dst->width - 1));
    float y = 0.5f * ((float)src->height - 1 - k * ((float)dst->height - 1));
    mien_warp(src, &(struct mien_affine){{k, 0, x, 0, k, y}}, dst, 0);
}

void mien_resize(const struct mien_image *src, struct mien_image *dst)
{
    float sx = (float)src->width / (float)dst->width, sy = (float)src->height / (float)dst->height;
    struct mien_affine map = {{sx, 0, 0.5f * sx - 0.5f, 0, sy, 0.5f * sy - 0.5f}};
    mien_warp(src, &map, dst, -1);
}

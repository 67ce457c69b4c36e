// Choosing a table; maps; packing.
#include "tensor/infer.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/half.h"
#include "base/log.h"
#include "base/mem.h"

extern const struct mien_infer mien_infer_table_plain, mien_infer_table_avx2,
    mien_infer_table_avx512;

enum { LANES = 3 * 16 }; // of the largest group

const struct mien_infer *mien_infer_at(int i)
{
    const struct mien_infer *list[3] = {&mien_infer_table_plain};
    int count = 1;
    const unsigned flags = mien_cpu_flags();
    if (flags & MIEN_CPU_AVX2_FMA) {
        list[count++] = &mien_infer_table_avx2;
    }
    if (flags & MIEN_CPU_AVX512) {
        list[count++] = &mien_infer_table_avx512;
    }
    return i >= 0 && i < count ? list[i] : NULL;
}

const struct mien_infer *mien_infer(void)
{
    int i = 0;
    while (mien_infer_at(i + 1)) {
        i++;
    }
    return mien_infer_at(i);
}

static int whole(int n, int of)
{
    return (n + of - 1) / of * of;
}

struct mien_map mien_map_make(const struct mien_infer *t, int c, int h, int w)
{
    struct mien_map m = {.c = c, .h = h, .w = w, .lanes = whole(c, t->vector)};
    bool vector = h == 1 && w == 1;
    m.row = (size_t)m.lanes * (size_t)(vector ? 1 : w + 2);
    return m;
}

size_t mien_map_floats(const struct mien_map *m)
{
    return m->h == 1 && m->w == 1 ? m->row : m->row * ((size_t)m->h + 2);
}

float *mien_map_origin(const struct mien_map *m, float *buffer)
{
    return m->h == 1 && m->w == 1 ? buffer : buffer + m->row + m->lanes;
}

void mien_map_zero_border(const struct mien_map *m, float *buffer)
{
    if (m->h == 1 && m->w == 1) {
        return;
    }
    const size_t pixel = (size_t)m->lanes * sizeof(float);
    memset(buffer, 0, m->row * sizeof(float));
    memset(buffer + m->row * ((size_t)m->h + 1), 0, m->row * sizeof(float));
    for (int j = 1; j <= m->h; j++) {
        memset(buffer + m->row * (size_t)j, 0, pixel);
        memset(buffer + m->row * (size_t)j + m->row - m->lanes, 0, pixel);
    }
}

void mien_infer_conv_plan(const struct mien_infer *t, struct mien_packed_conv *c)
{
    // Three vectors of output channels where that divides them, else two, else one.
    const int vectors = c->out.lanes / t->vector;
    const int vg = vectors % 3 == 0 ? 3 : vectors % 2 == 0 ? 2 : 1;
    c->group = vg * t->vector;
    c->half = t->half;
    c->planar = c->planar && c->pad <= 1;
    c->copied = c->pad > 1 || (c->pad > 0 && c->in.h == 1 && c->in.w == 1 && !c->planar);
    // Transforms pay for themselves from some channels on, and where whole tiles leave less than
    // half of the products (5x5: 0.64 of them, and four times the weights' memory). A single tile
    // reads four times the weights for each product that it saves.
    const int tiles = ((c->out.h + 3) / 4) * ((c->out.w + 3) / 4);
    bool suits = c->k == 3 && c->stride == 1 && c->pad == 1 && !c->planar && c->in.c >= 16 &&
                 tiles > 1 && 2 * 36 * tiles < 9 * c->out.h * c->out.w;
    c->method = suits ? MIEN_CONV_WINOGRAD : MIEN_CONV_DIRECT;
}

size_t mien_infer_conv_bytes(const struct mien_packed_conv *c)
{
    const size_t taps = c->method == MIEN_CONV_WINOGRAD ? 36 : (size_t)(c->k * c->k);
    return taps * (size_t)c->in.c * (size_t)c->out.lanes *
           (c->half ? sizeof(_Float16) : sizeof(float));
}

size_t mien_infer_conv_scratch(const struct mien_packed_conv *c)
{
    if (c->method == MIEN_CONV_WINOGRAD) {
        return 36 * (mien_infer_plane(c->in.lanes) + mien_infer_plane(c->out.lanes));
    }
    if (c->planar) {
        return 4 * ((size_t)c->in.w + 2) * ((size_t)c->in.h + 2);
    }
    const size_t w = (size_t)(c->in.w + 2 * c->pad), h = (size_t)(c->in.h + 2 * c->pad);
    return c->copied ? w * h * (size_t)c->in.lanes : 0;
}

static void tail_pack(int n, int lanes, const float *bias, const float *slope, enum mien_act act,
                      float *to_bias, float *to_slope)
{
    for (int o = 0; o < lanes; o++) {
        to_bias[o] = bias && o < n ? bias[o] : 0;
        to_slope[o] = o >= n                  ? 0
                      : act == MIEN_ACT_LEAKY ? slope[0]
                      : act == MIEN_ACT_PRELU ? slope[o]
                                              : 0;
    }
}

// G g G' of F(4x4, 3x3), of the filters of many outputs at once: g (9, lanes), u (36, lanes).
static void filter_transform(const float (*restrict g)[LANES], float (*restrict u)[LANES])
{
    static const float G[6][3] = {{0.25f, 0, 0},
                                  {-1.0f / 6, -1.0f / 6, -1.0f / 6},
                                  {-1.0f / 6, 1.0f / 6, -1.0f / 6},
                                  {1.0f / 24, 1.0f / 12, 1.0f / 6},
                                  {1.0f / 24, -1.0f / 12, 1.0f / 6},
                                  {0, 0, 1}};
    float half[6][3][LANES];
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 3; j++) {
            for (int o = 0; o < LANES; o++) {
                half[i][j][o] = G[i][0] * g[j][o] + G[i][1] * g[3 + j][o] + G[i][2] * g[6 + j][o];
            }
        }
    }
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            for (int o = 0; o < LANES; o++) {
                u[6 * i + j][o] =
                    half[i][0][o] * G[j][0] + half[i][1][o] * G[j][1] + half[i][2][o] * G[j][2];
            }
        }
    }
}

static void gather_halves(const uint16_t *half, size_t from, size_t row, int n, uint16_t *to)
{
    for (int o = 0; o < n; o++) {
        to[o] = half[from + (size_t)o * row];
    }
}

// One number of n outputs, which are `row` apart in the file, as it is kept; zeros up to `group`.
static void gather(const struct mien_weights *w, size_t from, size_t row, int n, int group,
                   bool half, void *to)
{
    const size_t size = half ? sizeof(_Float16) : sizeof(float);
    if (n < group) {
        memset((char *)to + (size_t)n * size, 0, (size_t)(group - n) * size);
    }
    if (w->half && half) {
        gather_halves(w->half, from, row, n, to);
        return;
    }
    float some[LANES];
    if (w->half) {
        uint16_t bits[LANES] = {0};
        gather_halves(w->half, from, row, n, bits);
        mien_half_to_float(bits, some, (size_t)n);
    } else {
        for (int o = 0; o < n; o++) {
            some[o] = w->full[from + (size_t)o * row];
        }
    }
    if (half) {
        mien_float_to_half(some, to, (size_t)n);
    } else {
        memcpy(to, some, (size_t)n * sizeof(float));
    }
}

typedef uint16_t eight __attribute__((vector_size(16)));

// Eight numbers each of eight rows: v[i] becomes the rows' i-th.
static inline void transpose(eight v[8])
{
    eight a[8], b[8];
    for (int i = 0; i < 4; i++) { // pairs of rows, then fours, then all
        a[2 * i] = __builtin_shufflevector(v[i], v[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
        a[2 * i + 1] = __builtin_shufflevector(v[i], v[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
    for (int i = 0; i < 4; i++) {
        b[2 * i] = __builtin_shufflevector(a[i], a[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
        b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
    for (int i = 0; i < 4; i++) {
        v[2 * i] = __builtin_shufflevector(b[i], b[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
        v[2 * i + 1] = __builtin_shufflevector(b[i], b[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
}

// One group of 16-bit outputs in whole eights, from rows (c, tap) to (tap, c, lane). Returns how
// many numbers of each row were taken.
static size_t pack_eights(const uint16_t *rows, int c, int taps, int group, uint16_t *to)
{
    const size_t row = (size_t)c * (size_t)taps, whole_row = row / 8 * 8;
    for (int o = 0; o < group; o += 8) {
        const uint16_t *in = rows + (size_t)o * row;
        size_t i = 0, k = 0;
        for (size_t j = 0; j < whole_row; j += 8) {
            eight v[8];
            for (int r = 0; r < 8; r++) {
                memcpy(&v[r], in + (size_t)r * row + j, sizeof(v[r]));
            }
            transpose(v);
            for (int n = 0; n < 8; n++) {
                memcpy(to + (k * (size_t)c + i) * (size_t)group + (size_t)o, &v[n], sizeof(v[n]));
                k++;
                if (k == (size_t)taps) {
                    k = 0;
                    i++;
                }
            }
        }
    }
    return whole_row;
}

// Groups of outputs, each (tap, c, lane), of rows (c, tap).
static void pack_rows(const struct mien_weights *w, int rows, int c, int taps, int group, bool half,
                      void *to)
{
    const size_t row = (size_t)c * (size_t)taps, size = half ? sizeof(_Float16) : sizeof(float);
    for (int o = 0; o < rows; o += group) {
        char *out = (char *)to + (size_t)o * row * size;
        const int n = rows - o < group ? rows - o : group;
        size_t j = 0;
        if (w->half && half && n == group && group % 8 == 0) {
            j = pack_eights((const uint16_t *)w->half + (size_t)o * row, c, taps, group,
                            (uint16_t *)out);
        }
        for (; j < row; j++) {
            const size_t i = j / (size_t)taps, k = j % (size_t)taps;
            gather(w, (size_t)o * row + j, row, n, group, half,
                   out + (k * (size_t)c + i) * (size_t)group * size);
        }
    }
}

// Transformed filters: (tap, group, c, lane), of as many groups at a time as LANES hold.
static void pack_winograd(const struct mien_packed_conv *c, const struct mien_weights *w)
{
    const int group = c->group, many = LANES / group * group;
    const size_t groups = (size_t)(c->out.lanes / group), row = (size_t)c->in.c * 9;
    const size_t size = c->half ? sizeof(_Float16) : sizeof(float);
    float g[9][LANES] = {{0}}, u[36][LANES];
    for (int o = 0; o < c->out.c; o += many) {
        const int n = c->out.c - o < many ? c->out.c - o : many;
        for (int i = 0; i < c->in.c; i++) {
            for (int k = 0; k < 9; k++) {
                gather(w, (size_t)o * row + (size_t)(9 * i + k), row, n, many, false, g[k]);
            }
            filter_transform(g, u);
            for (int k = 0; k < 36; k++) {
                for (int from = 0; from < n; from += group) {
                    const size_t block = (size_t)k * groups + (size_t)((o + from) / group);
                    const size_t to = (block * (size_t)c->in.c + (size_t)i) * (size_t)group;
                    char *out = (char *)c->weight + to * size;
                    if (c->half) {
                        mien_float_to_half(u[k] + from, out, (size_t)group);
                    } else {
                        memcpy(out, u[k] + from, (size_t)group * size);
                    }
                }
            }
        }
    }
}

void mien_infer_conv_pack(struct mien_packed_conv *c, const struct mien_weights *w)
{
    MIEN_ASSERT(c->group <= LANES);
    if (c->method == MIEN_CONV_WINOGRAD) {
        pack_winograd(c, w);
    } else {
        pack_rows(w, c->out.c, c->in.c, c->k * c->k, c->group, c->half, c->weight);
    }
}

void mien_infer_conv_pack_tail(struct mien_packed_conv *c, const float *bias, const float *slope)
{
    tail_pack(c->out.c, c->out.lanes, bias, slope, c->act, c->bias, c->slope);
}

size_t mien_infer_dense_bytes(const struct mien_infer *t, const struct mien_packed_dense *d)
{
    const size_t in = (size_t)d->in.c * (size_t)d->in.h * (size_t)d->in.w;
    return in * (size_t)whole(d->out, MIEN_INFER_DENSE_VECTORS * t->vector) *
           (t->half ? sizeof(_Float16) : sizeof(float));
}

void mien_infer_dense_pack(const struct mien_infer *t, struct mien_packed_dense *d,
                           const struct mien_weights *w)
{
    d->group = MIEN_INFER_DENSE_VECTORS * t->vector;
    pack_rows(w, d->out, d->in.c, d->in.h * d->in.w, d->group, t->half, d->weight);
}

void mien_infer_dense_pack_tail(const struct mien_infer *t, struct mien_packed_dense *d,
                                const float *bias, const float *slope)
{
    tail_pack(d->out, whole(d->out, t->vector), bias, slope, d->act, d->bias, d->slope);
}

// Choosing a table; maps; packing.
#include "tensor/infer.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/half.h"
#include "base/mem.h"

extern const struct mien_infer mien_infer_table_plain, mien_infer_table_avx2,
    mien_infer_table_avx512;

enum { TILES = 16 }; // as in infer.inc

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
    // half of the products (5x5: 0.64 of them, and four times the weights' memory).
    const int tiles = ((c->out.h + 3) / 4) * ((c->out.w + 3) / 4);
    bool suits = c->k == 3 && c->stride == 1 && c->pad == 1 && !c->planar && c->in.c >= 16 &&
                 2 * 36 * tiles < 9 * c->out.h * c->out.w;
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
        return 36 * TILES * ((size_t)c->in.lanes + (size_t)c->out.lanes);
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

// G g G' of F(4x4, 3x3).
static void filter_transform(const float g[9], float u[36])
{
    static const float G[6][3] = {{0.25f, 0, 0},
                                  {-1.0f / 6, -1.0f / 6, -1.0f / 6},
                                  {-1.0f / 6, 1.0f / 6, -1.0f / 6},
                                  {1.0f / 24, 1.0f / 12, 1.0f / 6},
                                  {1.0f / 24, -1.0f / 12, 1.0f / 6},
                                  {0, 0, 1}};
    float half[6][3];
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 3; j++) {
            half[i][j] = G[i][0] * g[j] + G[i][1] * g[3 + j] + G[i][2] * g[6 + j];
        }
    }
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            u[6 * i + j] = half[i][0] * G[j][0] + half[i][1] * G[j][1] + half[i][2] * G[j][2];
        }
    }
}

// Converted at once: a filter after its transform, or that many weights of a row.
enum { CHUNK = 256 };

void mien_infer_conv_pack(struct mien_packed_conv *c, const float *weight, const float *bias,
                          const float *slope)
{
    const bool fast = c->method == MIEN_CONV_WINOGRAD;
    const int taps = fast ? 36 : c->k * c->k, groups = c->out.lanes / c->group;
    // One row an output: (in, tap). Transformed filters come one by one, others in long pieces.
    const int row = c->in.c * taps, piece = fast ? taps : CHUNK;
    float *full = c->weight;
    _Float16 *half = c->weight, few[CHUNK];
    for (int o = 0; o < c->out.c; o++) {
        for (int from = 0; from < row; from += piece) {
            const int n = row - from < piece ? row - from : piece;
            const float *g = weight + (size_t)o * (size_t)row + (size_t)from;
            float u[36];
            if (fast) {
                filter_transform(weight + ((size_t)o * (size_t)c->in.c + (size_t)(from / 36)) * 9,
                                 u);
                g = u;
            }
            if (c->half) {
                mien_float_to_half(g, few, (size_t)n);
            }
            for (int j = 0, i = from / taps, k = from % taps; j < n;
                 j++, i += k + 1 == taps, k = k + 1 == taps ? 0 : k + 1) {
                // direct: (group, tap, c, lane); Winograd: (tap, group, c, lane)
                size_t block = fast ? (size_t)k * (size_t)groups + (size_t)(o / c->group)
                                    : (size_t)(o / c->group) * (size_t)taps + (size_t)k;
                const size_t at = (block * (size_t)c->in.c + (size_t)i) * (size_t)c->group +
                                  (size_t)(o % c->group);
                if (c->half) {
                    half[at] = few[j];
                } else {
                    full[at] = g[j];
                }
            }
        }
    }
    tail_pack(c->out.c, c->out.lanes, bias, slope, c->act, c->bias, c->slope);
}

size_t mien_infer_dense_bytes(const struct mien_infer *t, const struct mien_packed_dense *d)
{
    const size_t in = (size_t)d->in.c * (size_t)d->in.h * (size_t)d->in.w;
    return in * (size_t)whole(d->out, t->vector) * (t->half ? sizeof(_Float16) : sizeof(float));
}

void mien_infer_dense_pack(const struct mien_infer *t, struct mien_packed_dense *d,
                           const float *weight, const float *bias, const float *slope)
{
    const int V = t->vector, lanes = whole(d->out, V);
    const size_t p = (size_t)d->in.h * (size_t)d->in.w, in = (size_t)d->in.c * p;
    float *full = d->weight;
    _Float16 *half = d->weight, few[CHUNK];
    d->group = V;
    for (int o = 0; o < d->out; o++) {
        for (size_t from = 0; from < in; from += CHUNK) {
            const size_t n = in - from < CHUNK ? in - from : CHUNK;
            const float *w = weight + (size_t)o * in + from;
            if (t->half) {
                mien_float_to_half(w, few, n);
            }
            // a row is (c, pixel), packed (pixel, c)
            for (size_t j = 0, i = from / p, q = from % p; j < n;
                 j++, i += q + 1 == p, q = q + 1 == p ? 0 : q + 1) {
                const size_t at =
                    ((size_t)(o / V) * in + q * (size_t)d->in.c + i) * (size_t)V + (size_t)(o % V);
                if (t->half) {
                    half[at] = few[j];
                } else {
                    full[at] = w[j];
                }
            }
        }
    }
    tail_pack(d->out, lanes, bias, slope, d->act, d->bias, d->slope);
}

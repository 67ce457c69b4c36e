// Convolutions over bfloat16 operands without patches: pictures are the innermost dimension, so
// that every tap of the kernel is the same vector of pictures at another place, at any stride, and
// taps beside the picture are left out instead of multiplied by zero.
//
// For 16 pictures at a time an operand x(C,N,P) becomes pairs [P][C/2][16], each 32 bits of two
// neighbouring channels, which is what vdpbf16ps multiplies and adds; weights become pairs
// [rows/R][tap][C/2][R]. One output place takes a few runs through both (struct run: taps side by
// side are one), with R rows of 16 pictures in registers. The input's gradient is the same product
// over dy with the taps turned round. The weights' gradient multiplies along the pictures:
// x as [C][H][W padded][32], dy as [O][OH][OW][32], a tile of 4 rows and 6 columns of dw in
// registers.
//
// Does not: run without AVX512-BF16 (the table is only handed out with it), allocate, or take
// small shards (conv_bf16.h).
#include "tensor/conv_bf16.h"

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { LANES = 16, ROWS_MAX = 24 };

struct run { // of taps: offsets and length in pairs, of x in vectors of pictures, of w in rows
    int x, w, len;
};

// ---- layouts ----

// Transposes 16x16 numbers of 32 bits in place.
ALWAYS_INLINE void transpose16(__m512i t[16])
{
    __m512i u[16];
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
        u[i] = _mm512_unpacklo_epi32(t[i], t[i + 1]);
        u[i + 1] = _mm512_unpackhi_epi32(t[i], t[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) { // t[i + j]: column j of each quarter, of four rows
        t[i] = _mm512_unpacklo_epi64(u[i], u[i + 2]);
        t[i + 1] = _mm512_unpackhi_epi64(u[i], u[i + 2]);
        t[i + 2] = _mm512_unpacklo_epi64(u[i + 1], u[i + 3]);
        t[i + 3] = _mm512_unpackhi_epi64(u[i + 1], u[i + 3]);
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        const __m512i a = _mm512_shuffle_i32x4(t[j], t[j + 4], 0x88);
        const __m512i b = _mm512_shuffle_i32x4(t[j], t[j + 4], 0xdd);
        const __m512i c = _mm512_shuffle_i32x4(t[j + 8], t[j + 12], 0x88);
        const __m512i d = _mm512_shuffle_i32x4(t[j + 8], t[j + 12], 0xdd);
        u[j] = _mm512_shuffle_i32x4(a, c, 0x88);
        u[j + 8] = _mm512_shuffle_i32x4(a, c, 0xdd);
        u[j + 4] = _mm512_shuffle_i32x4(b, d, 0x88);
        u[j + 12] = _mm512_shuffle_i32x4(b, d, 0xdd);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
        t[i] = u[i];
    }
}

// The first `columns` of rows of even and odd numbers, rounded to bfloat16 and paired (even below):
// out[column] holds that column's pairs of 16 rows. Rows beyond `rows` are zero, so are odd numbers
// from row `odd_rows` on.
ALWAYS_INLINE void pair_block(const float *even, const float *odd, size_t row, int rows,
                              int odd_rows, int columns, __m512i out[16])
{
    const __mmask16 mask = columns >= 16 ? 0xffff : (__mmask16)((1u << columns) - 1);
    const __m512i weave =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
        const __mmask16 me = i < rows ? mask : 0, mo = i < odd_rows ? mask : 0;
        const __m512 e = _mm512_maskz_loadu_ps(me, even + i * row);
        const __m512 o = _mm512_maskz_loadu_ps(mo, odd + i * row);
        out[i] = _mm512_permutexvar_epi16(weave, (__m512i)_mm512_cvtne2ps_pbh(o, e));
    }
    transpose16(out);
}

// x(C,N,p), `pictures` of its N from x on -> pairs [p][C/2][16]
static void pair_pictures(int c, int n, int p, int pictures, const float *x, uint32_t *pairs)
{
    const int half = (c + 1) / 2;
    __m512i t[16];
    for (int i = 0; i < half; i++) {
        const float *even = x + (size_t)2 * i * n * p, *odd = even + (size_t)n * p;
        const int odd_rows = 2 * i + 1 < c ? pictures : 0;
        for (int at = 0; at < p; at += 16) {
            const int columns = p - at < 16 ? p - at : 16;
            pair_block(even + at, odd_rows ? odd + at : even, p, pictures, odd_rows, columns, t);
            for (int j = 0; j < columns; j++) {
                _mm512_store_si512(pairs + ((size_t)(at + j) * half + i) * LANES, t[j]);
            }
        }
    }
}

// The rows of one block of weights: all of one height but the last.
static int block_rows(int rows, int done)
{
    const int left = rows - done, most = rows % 24 == 0 ? 24 : 16;
    return left > 8 ? (left < most && most == 24 ? 24 : most) : 8;
}

// w: numbers [row][inner][kk], strides row and inner -> pairs [block][tap][inner/2][R]; turned: the
// taps from last to first.
static void pair_weights(int rows, size_t row, int inner, size_t stride, int kk, bool turned,
                         const float *w, uint32_t *pairs)
{
    const int half = (inner + 1) / 2;
    __m512i t[16];
    for (int done = 0; done < rows;) {
        const int r = block_rows(rows, done);
        for (int from = 0; from < r; from += 16) {
            const int left = rows - done - from, here = left < 0 ? 0 : left < 16 ? left : 16;
            const __mmask16 keep = r - from >= 16 ? 0xffff : 0xff;
            const float *base = w + (size_t)(done + from) * row;
            for (int i = 0; i < half; i++) {
                const float *even = base + 2 * i * stride;
                const int odd_rows = 2 * i + 1 < inner ? here : 0;
                for (int at = 0; at < kk; at += 16) {
                    const int columns = kk - at < 16 ? kk - at : 16;
                    pair_block(even + at, odd_rows ? even + stride + at : even, row, here, odd_rows,
                               columns, t);
                    for (int j = 0; j < columns; j++) {
                        const int tap = turned ? kk - 1 - at - j : at + j;
                        _mm512_mask_storeu_epi32(pairs + ((size_t)tap * half + i) * r + from, keep,
                                                 t[j]);
                    }
                }
            }
        }
        pairs += (size_t)kk * half * r;
        done += r;
    }
}

// ---- y and dx: rows of weights times vectors of pictures ----

#define TILE(R)                                                                                    \
    static void tile_##R(const struct run *run, int runs, const uint32_t *x, const uint32_t *w,    \
                         float *out)                                                               \
    {                                                                                              \
        __m512 sum[R];                                                                             \
        _Pragma("GCC unroll 24") for (int i = 0; i < R; i++)                                       \
        {                                                                                          \
            sum[i] = _mm512_setzero_ps();                                                          \
        }                                                                                          \
        for (int j = 0; j < runs; j++) {                                                           \
            const uint32_t *xj = x + (size_t)run[j].x * LANES, *wj = w + (size_t)run[j].w * R;     \
            for (const uint32_t *end = xj + (size_t)run[j].len * LANES; xj < end;                  \
                 xj += LANES, wj += R) {                                                           \
                const __m512bh v = (__m512bh)_mm512_load_si512(xj);                                \
                _Pragma("GCC unroll 24") for (int i = 0; i < R; i++)                               \
                {                                                                                  \
                    sum[i] = _mm512_dpbf16_ps(sum[i], v, (__m512bh)_mm512_set1_epi32((int)wj[i])); \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        _Pragma("GCC unroll 24") for (int i = 0; i < R; i++)                                       \
        {                                                                                          \
            _mm512_store_ps(out + (size_t)i * LANES * LANES, sum[i]);                              \
        }                                                                                          \
    }
TILE(8)
TILE(16)
TILE(24)

// One row of `tile`, 16 places of 16 pictures, to y's places [at, at+columns) of `pictures`
// pictures; add: onto what is there.
static void unpack_row(const float *tile, int columns, int pictures, int p, bool add, float *y)
{
    const __mmask16 mask = columns >= 16 ? 0xffff : (__mmask16)((1u << columns) - 1);
    __m512i t[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
        t[i] = _mm512_load_si512(tile + i * LANES);
    }
    transpose16(t);
    for (int i = 0; i < pictures; i++, y += p) {
        __m512 v = (__m512)t[i];
        if (add) {
            v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(mask, y));
        }
        _mm512_mask_storeu_ps(y, mask, v);
    }
}

// y(rows,N,p) = or += the blocks' rows times x; place i of y takes runs [first[i],first[i+1]).
static void product(int rows, int n, int p, int pictures, const struct run *run, const int *first,
                    const uint32_t *x, const uint32_t *w, size_t row_pairs, bool add, float *y)
{
    _Alignas(64) float tile[ROWS_MAX * LANES * LANES];
    memset(tile, 0, sizeof tile);
    for (int done = 0; done < rows;) {
        const int r = block_rows(rows, done), valid = rows - done < r ? rows - done : r;
        for (int at = 0; at < p; at += 16) {
            const int columns = p - at < 16 ? p - at : 16;
            if (add && first[at] == first[at + columns]) {
                continue; // places that no output has seen (stride beyond the kernel)
            }
            for (int j = 0; j < columns; j++) {
                const struct run *from = run + first[at + j];
                const int runs = first[at + j + 1] - first[at + j];
                float *out = tile + j * LANES;
                for (int i = 0; i < valid && j < pictures; i++) { // lines far apart, needed soon
                    __builtin_prefetch(y + ((size_t)(done + i) * n + j) * p + at, 1);
                }
                if (r == 24) {
                    tile_24(from, runs, x, w, out);
                } else if (r == 16) {
                    tile_16(from, runs, x, w, out);
                } else {
                    tile_8(from, runs, x, w, out);
                }
            }
            for (int i = 0; i < valid; i++) {
                unpack_row(tile + (size_t)i * LANES * LANES, columns, pictures, p, add,
                           y + (size_t)(done + i) * n * p + at);
            }
        }
        w += row_pairs * r;
        done += r;
    }
}

// Adds the tap (ty,tx) in packed order, which reads place (iy,ix) of the operand.
ALWAYS_INLINE int add_tap(struct run *run, int start, int count, int half, int place, int tap)
{
    struct run *last = run + count - 1;
    if (count > start && last->x + last->len == place * half && last->w + last->len == tap * half) {
        last->len += half;
        return count;
    }
    run[count] = (struct run){place * half, tap * half, half};
    return count + 1;
}

// Runs of y's places: y[oy,ox] = sum w[ky,kx] x[oy s - pad + ky, ox s - pad + kx]
static void forward_runs(const struct mien_conv *s, int half, struct run *run, int *first)
{
    int count = 0;
    for (int oy = 0; oy < s->oh; oy++) {
        for (int ox = 0; ox < s->ow; ox++) {
            const int start = *first++ = count;
            for (int ky = 0; ky < s->k; ky++) {
                const int iy = oy * s->stride - s->pad + ky;
                for (int kx = 0; kx < s->k && iy >= 0 && iy < s->h; kx++) {
                    const int ix = ox * s->stride - s->pad + kx;
                    if (ix >= 0 && ix < s->w) {
                        count = add_tap(run, start, count, half, iy * s->w + ix, ky * s->k + kx);
                    }
                }
            }
        }
    }
    *first = count;
}

// Runs of dx's places: dx[iy,ix] = sum w[ky,kx] dy[(iy + pad - ky)/s, (ix + pad - kx)/s] over the
// whole quotients; the taps are turned round.
static void backward_runs(const struct mien_conv *s, int half, struct run *run, int *first)
{
    int count = 0;
    for (int iy = 0; iy < s->h; iy++) {
        for (int ix = 0; ix < s->w; ix++) {
            const int start = *first++ = count;
            for (int ty = 0; ty < s->k; ty++) {
                const int y = iy + s->pad - (s->k - 1 - ty);
                if (y < 0 || y % s->stride || y / s->stride >= s->oh) {
                    continue;
                }
                for (int tx = 0; tx < s->k; tx++) {
                    const int x = ix + s->pad - (s->k - 1 - tx);
                    if (x >= 0 && x % s->stride == 0 && x / s->stride < s->ow) {
                        count = add_tap(run, start, count, half,
                                        y / s->stride * s->ow + x / s->stride, ty * s->k + tx);
                    }
                }
            }
        }
    }
    *first = count;
}

// ---- dw ----

// x(C,N,h*w), `pictures` of its N, at most 2 `lanes` -> numbers [C][h][wide][2 lanes], `left` zeros
// before each row of a picture, zeros or nothing after it.
ALWAYS_INLINE void lay_pictures(int lanes, int c, int n, int h, int w, int left, int wide,
                                int pictures, const float *x, uint32_t *out)
{
    const int p = h * w, right = wide - left - w;
    const __mmask16 keep = lanes == 16 ? 0xffff : 0xff;
    __m512i t[16];
    for (int i = 0; i < c; i++, x += (size_t)n * p) {
        uint32_t *to = out + (size_t)i * h * wide * lanes;
        for (int y = 0; y < h && (left > 0 || right > 0); y++) {
            uint32_t *row = to + (size_t)y * wide * lanes;
            const int end = left < wide ? left : wide;
            memset(row, 0, sizeof *row * lanes * end);
            if (right > 0) {
                memset(row + (size_t)(left + w) * lanes, 0, sizeof *row * lanes * right);
            }
        }
        int ix = left, iy = 0;
        for (int at = 0; at < p; at += 16) {
            const int columns = p - at < 16 ? p - at : 16;
            pair_block(x + at, pictures > 1 ? x + p + at : x + at, (size_t)2 * p,
                       (pictures + 1) / 2, pictures / 2, columns, t);
            for (int j = 0; j < columns; j++) {
                if (ix < wide) {
                    _mm512_mask_storeu_epi32(to + ((size_t)iy * wide + ix) * lanes, keep, t[j]);
                }
                if (++ix == left + w) {
                    ix = left;
                    iy++;
                }
            }
        }
    }
}

// Halves two vectors at once: every lane of the result is the sum of two lanes of a or of b.
#define FOLD(NAME, LOW, HIGH)                     \
    ALWAYS_INLINE __m512 NAME(__m512 a, __m512 b) \
    {                                             \
        return _mm512_add_ps(LOW, HIGH);          \
    }
FOLD(fold1, _mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b))
FOLD(fold2, _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b))),
     _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b))))
FOLD(fold4, _mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd))

// The sums over the lanes of four vectors, in each quarter a quarter of the sums.
ALWAYS_INLINE __m512 fold_four(const __m512 v[4])
{
    return fold2(fold1(v[0], v[1]), fold1(v[2], v[3]));
}

// sums[i]: over the lanes of vector i.
ALWAYS_INLINE void lane_sums(const __m512 v[24], float sums[32])
{
    const __m512 a = fold4(fold_four(v), fold_four(v + 4));
    const __m512 b = fold4(fold_four(v + 8), fold_four(v + 12));
    const __m512 c = fold4(fold_four(v + 16), fold_four(v + 20));
    _mm512_store_ps(sums, fold4(a, b));
    _mm512_store_ps(sums + 16, fold4(c, c));
}

struct sweep { // over the places that a tile of dw sums: numbers of 32 bits
    int rows, columns;
    size_t dy_row, x_row, x_step; // a row, a row, a place
};

// sums[row][column] (4,6) of dy's rows times x's columns over the places and their pictures: 32 in
// whole vectors, 16 in half ones.
#define COLUMN(J, PAIRS, LOAD, DOT)                  \
    {                                                \
        const PAIRS u = (PAIRS)LOAD(x##J + b);       \
        sum[4 * J] = DOT(sum[4 * J], v0, u);         \
        sum[4 * J + 1] = DOT(sum[4 * J + 1], v1, u); \
        sum[4 * J + 2] = DOT(sum[4 * J + 2], v2, u); \
        sum[4 * J + 3] = DOT(sum[4 * J + 3], v3, u); \
    }
#define GRADIENT_TILE(L, VECTOR, PAIRS, ZERO, LOAD, DOT, WHOLE)                                \
    static void gradient_tile_##L(const struct sweep *s, const uint32_t *const dy[4],          \
                                  const uint32_t *const x[6], float sums[32])                  \
    {                                                                                          \
        VECTOR sum[24];                                                                        \
        _Pragma("GCC unroll 24") for (int i = 0; i < 24; i++)                                  \
        {                                                                                      \
            sum[i] = ZERO();                                                                   \
        }                                                                                      \
        const uint32_t *d0 = dy[0], *d1 = dy[1], *d2 = dy[2], *d3 = dy[3];                     \
        const uint32_t *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3], *x4 = x[4], *x5 = x[5]; \
        for (int r = 0; r < s->rows; r++) {                                                    \
            size_t a = r * s->dy_row, b = r * s->x_row;                                        \
            const size_t end = a + (size_t)s->columns * L;                                     \
            for (; a < end; a += L, b += s->x_step) {                                          \
                const PAIRS v0 = (PAIRS)LOAD(d0 + a), v1 = (PAIRS)LOAD(d1 + a);                \
                const PAIRS v2 = (PAIRS)LOAD(d2 + a), v3 = (PAIRS)LOAD(d3 + a);                \
                COLUMN(0, PAIRS, LOAD, DOT)                                                    \
                COLUMN(1, PAIRS, LOAD, DOT)                                                    \
                COLUMN(2, PAIRS, LOAD, DOT)                                                    \
                COLUMN(3, PAIRS, LOAD, DOT)                                                    \
                COLUMN(4, PAIRS, LOAD, DOT)                                                    \
                COLUMN(5, PAIRS, LOAD, DOT)                                                    \
            }                                                                                  \
        }                                                                                      \
        __m512 whole[24];                                                                      \
        _Pragma("GCC unroll 24") for (int i = 0; i < 24; i++)                                  \
        {                                                                                      \
            whole[i] = WHOLE(sum[i]);                                                          \
        }                                                                                      \
        lane_sums(whole, sums);                                                                \
    }
#define LOAD_HALF(P) _mm256_load_si256((const __m256i *)(P))
GRADIENT_TILE(16, __m512, __m512bh, _mm512_setzero_ps, _mm512_load_si512, _mm512_dpbf16_ps, )
GRADIENT_TILE(8, __m256, __m256bh, _mm256_setzero_ps, LOAD_HALF, _mm256_dpbf16_ps,
              _mm512_zextps256_ps512)

// The output places [*from,*to) whose tap lies in the picture, `shift` = tap - pad.
static void tap_range(int size, int out, int stride, int shift, int *from, int *to)
{
    *from = shift < 0 ? (-shift + stride - 1) / stride : 0;
    *to = size - 1 - shift < 0 ? 0 : (size - 1 - shift) / stride + 1;
    *to = *to > out ? out : *to;
    *from = *from > *to ? *to : *from;
}

struct operands { // of the weight gradient, for one lot of pictures
    const uint32_t *x, *dy;
    int lanes, wide;
};

// One kernel row's and, with `split`, one kernel column's gradients over output rows [y0,y1).
static void gradient_taps(const struct mien_conv *s, const struct operands *q, bool split, int ky,
                          int kx, int y0, int y1, float *dw)
{
    const size_t lanes = (size_t)q->lanes, taps = (size_t)s->k * s->k;
    const int columns = split ? s->c : s->c * s->k;
    int x0 = 0, x1 = s->ow;
    if (split) {
        tap_range(s->w, s->ow, s->stride, kx - s->pad, &x0, &x1);
    }
    if (x0 == x1) {
        return;
    }
    const struct sweep sweep = {.rows = y1 - y0,
                                .columns = x1 - x0,
                                .dy_row = s->ow * lanes,
                                .x_row = (size_t)q->wide * s->stride * lanes,
                                .x_step = s->stride * lanes};
    const size_t plane = (size_t)s->h * q->wide, out = (size_t)s->oh * s->ow;
    const size_t x_at = (size_t)(y0 * s->stride - s->pad + ky) * q->wide + (size_t)x0 * s->stride;
    const size_t dy_at = (size_t)y0 * s->ow + x0;
    for (int j0 = 0; j0 < columns; j0 += 6) {
        const uint32_t *x[6], *dy[4];
        size_t to[6]; // in a row of dw
        for (int j = 0; j < 6; j++) {
            const int column = j0 + j < columns ? j0 + j : columns - 1;
            const int c = split ? column : column / s->k, tap = split ? kx : column % s->k;
            x[j] = q->x + (c * plane + x_at + tap) * lanes;
            to[j] = c * taps + (size_t)ky * s->k + tap;
        }
        const int wide = columns - j0 < 6 ? columns - j0 : 6;
        for (int o0 = 0; o0 < s->o; o0 += 4) {
            _Alignas(64) float sums[32];
            for (int i = 0; i < 4; i++) {
                const int o = o0 + i < s->o ? o0 + i : s->o - 1;
                dy[i] = q->dy + (o * out + dy_at) * lanes;
            }
            (q->lanes == 16 ? gradient_tile_16 : gradient_tile_8)(&sweep, dy, x, sums);
            for (int i = 0; i < 4 && o0 + i < s->o; i++) {
                float *row = dw + (size_t)(o0 + i) * s->c * taps;
                for (int j = 0; j < wide; j++) {
                    row[to[j]] += sums[4 * j + i];
                }
            }
        }
    }
}

// dw[o,c,ky,kx] += sum dy[o,oy,ox] x[c, oy s - pad + ky, ox s - pad + kx] over places and pictures.
// A column of a tile is a channel and a kx, so that the taps of a row share what they load; in
// narrow maps a kx at a time, which leaves out the places beside the picture. Output rows are taken
// in bands whose operands stay in the second-level cache.
static void weight_gradient(const struct mien_conv *s, const float *x, const float *dy, float *dw,
                            uint32_t *scratch)
{
    enum { NARROW = 8, CACHE = 768 * 1024 };
    const int in = s->h * s->w, out = s->oh * s->ow, wide = (s->ow - 1) * s->stride + s->k;
    const bool split = s->ow <= NARROW;
    for (int n = 0; n < s->n; n += 32) {
        const int pictures = s->n - n < 32 ? s->n - n : 32, lanes = pictures > 16 ? 16 : 8;
        uint32_t *dyq = scratch, *xq = dyq + (size_t)s->o * out * lanes;
        const struct operands q = {xq, dyq, lanes, wide};
        const float *xn = x + (size_t)n * in, *dyn = dy + (size_t)n * out;
        if (lanes == 16) {
            lay_pictures(16, s->c, s->n, s->h, s->w, s->pad, wide, pictures, xn, xq);
            lay_pictures(16, s->o, s->n, s->oh, s->ow, 0, s->ow, pictures, dyn, dyq);
        } else {
            lay_pictures(8, s->c, s->n, s->h, s->w, s->pad, wide, pictures, xn, xq);
            lay_pictures(8, s->o, s->n, s->oh, s->ow, 0, s->ow, pictures, dyn, dyq);
        }
        const size_t row = ((size_t)s->o * s->ow + (size_t)s->c * wide * s->stride) * lanes;
        const int most = (int)(CACHE / (row * sizeof *xq)) + 1;
        const int bands = (s->oh + most - 1) / most, band = (s->oh + bands - 1) / bands;
        for (int top = 0; top < s->oh; top += band) {
            const int bottom = top + band < s->oh ? top + band : s->oh;
            for (int ky = 0; ky < s->k; ky++) {
                int y0, y1;
                tap_range(s->h, s->oh, s->stride, ky - s->pad, &y0, &y1);
                y0 = y0 < top ? top : y0;
                y1 = y1 > bottom ? bottom : y1;
                for (int kx = 0; kx < (split ? s->k : 1) && y0 < y1; kx++) {
                    gradient_taps(s, &q, split, ky, kx, y0, y1, dw);
                }
            }
        }
    }
}

// ---- the two functions ----

static uint32_t *aligned(float *scratch)
{
    return (uint32_t *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
}

void mien_bf16_forward(const struct mien_conv *s, const float *x, const float *w, float *y,
                       float *scratch)
{
    const int half = (s->c + 1) / 2, kk = s->k * s->k, in = s->h * s->w, out = s->oh * s->ow;
    uint32_t *pairs = aligned(scratch), *weights = pairs + (size_t)in * half * LANES;
    int *first = (int *)(weights + (size_t)kk * half * (s->o + 24));
    struct run *run = (struct run *)(first + out + 1);
    pair_weights(s->o, (size_t)s->c * kk, s->c, kk, kk, false, w, weights);
    forward_runs(s, half, run, first);
    for (int n = 0; n < s->n; n += LANES) {
        const int pictures = s->n - n < LANES ? s->n - n : LANES;
        pair_pictures(s->c, s->n, in, pictures, x + (size_t)n * in, pairs);
        product(s->o, s->n, out, pictures, run, first, pairs, weights, (size_t)kk * half, false,
                y + (size_t)n * out);
    }
}

void mien_bf16_backward(const struct mien_conv *s, const float *x, const float *w, const float *dy,
                        float *dx, float *dw, float *scratch)
{
    if (dw) {
        weight_gradient(s, x, dy, dw, aligned(scratch));
    }
    if (!dx) {
        return;
    }
    const int half = (s->o + 1) / 2, kk = s->k * s->k, in = s->h * s->w, out = s->oh * s->ow;
    uint32_t *pairs = aligned(scratch), *weights = pairs + (size_t)out * half * LANES;
    int *first = (int *)(weights + (size_t)kk * half * (s->c + 24));
    struct run *run = (struct run *)(first + in + 1);
    pair_weights(s->c, kk, s->o, (size_t)s->c * kk, kk, true, w, weights);
    backward_runs(s, half, run, first);
    for (int n = 0; n < s->n; n += LANES) {
        const int pictures = s->n - n < LANES ? s->n - n : LANES;
        pair_pictures(s->o, s->n, out, pictures, dy + (size_t)n * out, pairs);
        product(s->c, s->n, in, pictures, run, first, pairs, weights, (size_t)kk * half, true,
                dx + (size_t)n * in);
    }
}

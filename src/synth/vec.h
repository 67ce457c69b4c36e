// Four floats side by side: what SSE2 does in one instruction, written in GCC's vector extension,
// so that every x86-64 (and any other machine) computes the same bits.
//
// Does not: fuse multiply and add, or round in any other way than the same loop over four floats.
#ifndef MIEN_SYNTH_VEC_H
#define MIEN_SYNTH_VEC_H

#include <stdint.h>
#include <string.h>

typedef float mien_v4 __attribute__((vector_size(16)));
typedef int32_t mien_v4i __attribute__((vector_size(16)));

static inline mien_v4 mien_v4_load(const float *p) // any alignment
{
    mien_v4 v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void mien_v4_store(float *p, mien_v4 v)
{
    memcpy(p, &v, sizeof v);
}
static inline mien_v4i mien_v4i_load(const void *p)
{
    mien_v4i v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void mien_v4i_store(void *p, mien_v4i v)
{
    memcpy(p, &v, sizeof v);
}
static inline mien_v4 mien_v4_all(float x)
{
    return (mien_v4){x, x, x, x};
}
static inline mien_v4i mien_v4i_all(int32_t x)
{
    return (mien_v4i){x, x, x, x};
}
// Where mask (all bits or none in each element): a, elsewhere b.
static inline mien_v4 mien_v4_pick(mien_v4i mask, mien_v4 a, mien_v4 b)
{
    return (mien_v4)((mask & (mien_v4i)a) | (~mask & (mien_v4i)b));
}
static inline mien_v4i mien_v4i_pick(mien_v4i mask, mien_v4i a, mien_v4i b)
{
    return (mask & a) | (~mask & b);
}
// Elements of a in another order, i, j, k, l in 0…3.
#define MIEN_V4_ORDER(a, i, j, k, l) __builtin_shuffle((a), (mien_v4i){(i), (j), (k), (l)})
// Two elements of a (0…3), then two of b (4…7).
#define MIEN_V4_MIX(a, b, i, j, k, l) __builtin_shuffle((a), (b), (mien_v4i){(i), (j), (k), (l)})

typedef uint8_t mien_v16u8 __attribute__((vector_size(16)));
typedef uint16_t mien_v8u16 __attribute__((vector_size(16)));

// The four bytes of a little-endian word, lowest first, as numbers.
static inline mien_v4 mien_v4_bytes(uint32_t word)
{
    const mien_v16u8 b = (mien_v16u8)(mien_v4i){(int32_t)word, 0, 0, 0}, none = {0};
    const mien_v8u16 w = (mien_v8u16)__builtin_shuffle(
        b, none, (mien_v16u8){0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23});
    const mien_v8u16 two =
        __builtin_shuffle(w, (mien_v8u16)none, (mien_v8u16){0, 8, 1, 9, 2, 10, 3, 11});
    return __builtin_convertvector((mien_v4i)two, mien_v4);
}
static inline uint32_t mien_word(const uint8_t *p) // any alignment
{
    uint32_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

// One bit an element: which are set in a mask.
static inline int mien_v4_bits(mien_v4i mask)
{
#ifdef __SSE2__
    return __builtin_ia32_movmskps((mien_v4)mask);
#else
    return (mask[0] & 1) | (mask[1] & 2) | (mask[2] & 4) | (mask[3] & 8);
#endif
}

#endif

// PCG32 and what is drawn from it. Every call gives the same numbers on every machine.
#include "base/rng.h"

#include <math.h>

void mien_rng_seed(struct mien_rng *r, uint64_t seed, uint64_t stream)
{
    r->state = 0;
    r->inc = stream << 1 | 1;
    mien_rng_u32(r);
    r->state += seed;
    mien_rng_u32(r);
}

uint32_t mien_rng_u32(struct mien_rng *r)
{
    uint64_t old = r->state;
    r->state = old * 6364136223846793005ULL + r->inc;
    uint32_t x = (uint32_t)(((old >> 18) ^ old) >> 27);
    uint32_t rot = (uint32_t)(old >> 59);
    return x >> rot | x << (-rot & 31);
}

uint32_t mien_rng_below(struct mien_rng *r, uint32_t n)
{
    return (uint32_t)((uint64_t)mien_rng_u32(r) * n >> 32);
}

float mien_rng_float(struct mien_rng *r)
{
    return (float)(mien_rng_u32(r) >> 8) * (1.0f / 16777216.0f);
}

float mien_rng_range(struct mien_rng *r, float lo, float hi)
{
    return lo + (hi - lo) * mien_rng_float(r);
}

float mien_rng_normal(struct mien_rng *r)
{
    // Box and Muller 1958; the second value is not kept, so that state is only two numbers.
    float u = ((float)(mien_rng_u32(r) >> 8) + 1.0f) * (1.0f / 16777216.0f);
    return sqrtf(-2 * logf(u)) * cosf(6.2831853f * mien_rng_float(r));
}

int mien_rng_chance(struct mien_rng *r, float p)
{
    return mien_rng_float(r) < p;
}

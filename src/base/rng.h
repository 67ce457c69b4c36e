// Seeded random numbers (PCG32, O'Neill 2014: "PCG: A Family of Simple Fast Space-Efficient
// Statistically Good Algorithms for Random Number Generation"). State is an argument, never global.
#ifndef MIEN_BASE_RNG_H
#define MIEN_BASE_RNG_H

#include <stdint.h>

struct mien_rng {
    uint64_t state, inc;
};

// Streams with different `stream` are independent for the same seed.
void mien_rng_seed(struct mien_rng *r, uint64_t seed, uint64_t stream);
uint32_t mien_rng_u32(struct mien_rng *r);
uint32_t mien_rng_below(struct mien_rng *r, uint32_t n);      // uniform in [0,n), n > 0
float mien_rng_float(struct mien_rng *r);                     // uniform in [0,1)
float mien_rng_range(struct mien_rng *r, float lo, float hi); // uniform in [lo,hi)
float mien_rng_normal(struct mien_rng *r);                    // N(0,1)
int mien_rng_chance(struct mien_rng *r, float p);             // 1 with probability p

#endif

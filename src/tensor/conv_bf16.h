// Inside of tensor/: convolutions of training in mixed precision, for processors with AVX512-BF16.
//
// Operands are rounded to bfloat16 (8 bits of mantissa, the exponent of a float), products are
// summed in float; everything in memory outside of `scratch` stays float (Micikevicius et al. 2018,
// "Mixed Precision Training"; Kalamkar et al. 2019, "A Study of BFLOAT16 for Deep Learning
// Training").
#ifndef MIEN_TENSOR_CONV_BF16_H
#define MIEN_TENSOR_CONV_BF16_H

#include "tensor/kernels.h"

// Vectors run along the shard's pictures, 16 or 32 of them: below this number the float kernels are
// as fast.
enum { MIEN_BF16_PICTURES = 8, MIEN_BF16_KERNEL = 7 };

// Whether the functions below can do the convolution; else the caller uses the float ones.
static inline _Bool mien_bf16_takes(const struct mien_conv *s)
{
    return s->n >= MIEN_BF16_PICTURES && s->k <= MIEN_BF16_KERNEL;
}

// Elements of scratch that the functions need, 0 when mien_bf16_takes says no.
static inline size_t mien_bf16_scratch(const struct mien_conv *s)
{
    if (!mien_bf16_takes(s)) {
        return 0;
    }
    const size_t in = (size_t)s->h * s->w, out = (size_t)s->oh * s->ow, kk = (size_t)s->k * s->k;
    const size_t c = (size_t)s->c, o = (size_t)s->o;
    const size_t wide = ((size_t)s->ow - 1) * s->stride + s->k; // a padded row, see weight_gradient
    const size_t k_run = ((size_t)s->k + s->stride - 1) / s->stride;
    const size_t runs = s->stride == 1 ? (size_t)s->k : k_run * k_run + s->k;
    const size_t more = in > out ? in : out;
    // weights and an operand in pairs, runs of taps; or both operands of the weight gradient
    const size_t weights = kk * ((c + 24) * (o / 2 + 1) + (o + 24) * (c / 2 + 1));
    const size_t product =
        weights + 16 * (in * (c / 2 + 1) + out * (o / 2 + 1)) + more * (3 * runs + 1) + 64;
    const size_t gradient = 16 * (c * s->h * wide + o * out) + 64;
    return product > gradient ? product : gradient;
}

// As conv_forward and conv_backward of the tables.
void mien_bf16_forward(const struct mien_conv *s, const float *x, const float *w, float *y,
                       float *scratch);
void mien_bf16_backward(const struct mien_conv *s, const float *x, const float *w, const float *dy,
                        float *dx, float *dw, float *scratch);

#endif

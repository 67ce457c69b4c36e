// Kernels of training with bfloat16 operands (conv_bf16.h): convolutions that it takes, the rest as
// in the AVX-512 table.
#include <math.h>

#include "tensor/blas.h"
#include "tensor/conv_bf16.h"
#include "tensor/kernels.h"

static void mixed_forward(const struct mien_conv *s, const float *x, const float *w, float *y,
                          float *scratch);
static void mixed_backward(const struct mien_conv *s, const float *x, const float *w,
                           const float *dy, float *dx, float *dw, float *scratch);

#define REAL float
#define SQRT sqrtf
#define TABLE mien_kernels
#define TABLE_NAME mien_kernels_table_bf16
#define LABEL "bf16"
#define BLAS
#define SMALL_GEMM
#define CONV_FORWARD mixed_forward
#define CONV_BACKWARD mixed_backward
#include "tensor/kernels.inc"

static void mixed_forward(const struct mien_conv *s, const float *x, const float *w, float *y,
                          float *scratch)
{
    (mien_bf16_takes(s) ? mien_bf16_forward : conv_forward)(s, x, w, y, scratch);
}

static void mixed_backward(const struct mien_conv *s, const float *x, const float *w,
                           const float *dy, float *dx, float *dw, float *scratch)
{
    (mien_bf16_takes(s) ? mien_bf16_backward : conv_backward)(s, x, w, dy, dx, dw, scratch);
}

// Inside of tensor/: the tables and the tile size of a convolution, shared by its compilations.
#ifndef MIEN_TENSOR_TILE_H
#define MIEN_TENSOR_TILE_H

#include <stdbool.h>

#include "tensor/kernels.h"

// OpenBLAS (0.3.21 for AVX-512) multiplies matrices of up to 10^6 multiply-adds without rearranging
// them first: 105 to 117 instead of 84 to 100 GFLOP/s on one core of a Zen 4. So there products are
// cut into blocks of that size. Elsewhere every block would be rearranged again, so they are not
// cut.
enum { MIEN_SMALL_GEMM = 1000 * 1000 };

// Output rows whose patches are laid out at a time, at least one. Plain: about 512 KB of float
// columns, which stay in the second-level cache between writing and the matrix product. For small
// products: as many columns as leave blocks of 16 output channels, if that is at least 32 columns.
static inline int mien_conv_tile(const struct mien_conv *s, bool small)
{
    const size_t budget = 128 * 1024;
    const size_t k = (size_t)s->c * s->k * s->k, row = k * s->ow, rows = (size_t)s->n * s->oh;
    size_t t = budget / row;
    if (small) {
        size_t t_small = MIEN_SMALL_GEMM / (row * (s->o < 16 ? s->o : 16));
        size_t step = 16; // rows that make whole vectors of 16 columns
        while (step > 1 && step / 2 * s->ow % 16 == 0) {
            step /= 2;
        }
        t_small -= t_small > step ? t_small % step : 0;
        t = t_small * s->ow >= 32 && t_small < t ? t_small : t;
    }
    t = t < 1 ? 1 : t;
    return (int)(t < rows ? t : rows);
}

extern const struct mien_kernels mien_kernels_table_ref, mien_kernels_table_blas,
    mien_kernels_table_avx2, mien_kernels_table_avx512, mien_kernels_table_bf16;
extern const struct mien_kernels_double mien_kernels_table_double;

#endif

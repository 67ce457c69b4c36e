// Inside of tensor/: the tables and the tile size of a convolution, shared by its compilations.
#ifndef MIEN_TENSOR_TILE_H
#define MIEN_TENSOR_TILE_H

#include "tensor/kernels.h"

// Output rows whose patches are laid out at a time: about 512 KB of float columns, which stay in
// the second-level cache between writing and the matrix product. At least one row.
static inline int mien_conv_tile(const struct mien_conv *s)
{
    const size_t budget = 128 * 1024; // elements
    size_t row = (size_t)s->c * s->k * s->k * s->ow;
    int rows = s->n * s->oh;
    size_t t = budget / (row ? row : 1);
    t = t < 1 ? 1 : t;
    return t < (size_t)rows ? (int)t : rows;
}

extern const struct mien_kernels mien_kernels_table_ref, mien_kernels_table_blas,
    mien_kernels_table_avx2, mien_kernels_table_avx512;
extern const struct mien_kernels_double mien_kernels_table_double;

#endif

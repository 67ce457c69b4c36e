// Chooses the table of kernels for this machine.
#include "tensor/kernels.h"

#include "base/cpu.h"
#include "tensor/blas.h"
#include "tensor/conv_bf16.h"
#include "tensor/tile.h"

size_t mien_conv_scratch(const struct mien_conv *s)
{
    // patches of the larger tile, a weight gradient, a transposed tile of dy
    const size_t k = (size_t)s->c * s->k * s->k, cols = (size_t)s->ow * mien_conv_tile(s, false);
    const size_t plain = k * cols + k * s->o + (size_t)s->o * cols, mixed = mien_bf16_scratch(s);
    return plain > mixed ? plain : mixed;
}

const struct mien_kernels *mien_kernels_at(int i)
{
    const struct mien_kernels *list[5] = {&mien_kernels_table_ref, &mien_kernels_table_blas};
    const unsigned flags = mien_cpu_flags();
    int count = 2;
    if (!mien_blas_init()) {
        return i == 0 ? list[0] : NULL;
    }
    if (flags & MIEN_CPU_AVX2_FMA) {
        list[count++] = &mien_kernels_table_avx2;
    }
    if (flags & MIEN_CPU_AVX512) {
        list[count++] = &mien_kernels_table_avx512;
    }
    return i >= 0 && i < count ? list[i] : NULL;
}

const struct mien_kernels *mien_kernels(void)
{
    const struct mien_kernels *best = NULL, *k;
    for (int i = 1; (k = mien_kernels_at(i)); i++) {
        best = k;
    }
    return best;
}

const struct mien_kernels *mien_kernels_bf16(void)
{
    return mien_blas_init() && (mien_cpu_flags() & MIEN_CPU_AVX512_BF16) ? &mien_kernels_table_bf16
                                                                         : NULL;
}

const struct mien_kernels *mien_kernels_plain(void)
{
    return &mien_kernels_table_ref;
}

const struct mien_kernels_double *mien_kernels_in_double(void)
{
    return &mien_kernels_table_double;
}

// Kernels over OpenBLAS, the rest vectorised for AVX-512.
#include <math.h>

#include "tensor/blas.h"
#include "tensor/kernels.h"

#define REAL float
#define SQRT sqrtf
#define TABLE mien_kernels
#define TABLE_NAME mien_kernels_table_avx512
#define LABEL "avx512"
#define BLAS
#define SMALL_GEMM
#include "tensor/kernels.inc"

// Kernels over OpenBLAS, the rest vectorised for AVX2 and FMA.
#include <math.h>

#include "tensor/blas.h"
#include "tensor/kernels.h"

#define REAL float
#define SQRT sqrtf
#define TABLE mien_kernels
#define TABLE_NAME mien_kernels_table_avx2
#define LABEL "avx2"
#define BLAS
#include "tensor/kernels.inc"

// Kernels over OpenBLAS for any x86-64.
#include <math.h>

#include "tensor/blas.h"
#include "tensor/kernels.h"

#define REAL float
#define SQRT sqrtf
#define TABLE mien_kernels
#define TABLE_NAME mien_kernels_table_blas
#define LABEL "blas"
#define BLAS
#include "tensor/kernels.inc"

// The reference kernels: plain C, float.
#include <math.h>

#include "tensor/kernels.h"

#define REAL float
#define SQRT sqrtf
#define TABLE mien_kernels
#define TABLE_NAME mien_kernels_table_ref
#define LABEL "plain"
#include "tensor/kernels.inc"

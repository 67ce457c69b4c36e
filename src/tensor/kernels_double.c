// The reference kernels in double, for gradient checks.
#include <math.h>

#include "tensor/kernels.h"

#define REAL double
#define SQRT sqrt
#define TABLE mien_kernels_double
#define TABLE_NAME mien_kernels_table_double
#define LABEL "double"
#include "tensor/kernels.inc"

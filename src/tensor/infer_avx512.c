// Inference with AVX-512.
#include "tensor/infer.h"

#include <immintrin.h>

#define V 16
#define TABLE mien_infer_table_avx512
#define LABEL "avx512"
#define HALF(p) ((vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(p))))
#define LARGER(a, b) ((vec)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define SMALLER(a, b) ((vec)_mm512_min_ps((__m512)(a), (__m512)(b)))
extern const struct mien_infer TABLE;
#include "tensor/infer.inc"

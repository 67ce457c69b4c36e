// Inference with AVX2, FMA and F16C.
#include "tensor/infer.h"

#include <immintrin.h>

#define V 8
#define TABLE mien_infer_table_avx2
#define LABEL "avx2"
#define HALF(p) ((vec)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p))))
#define LARGER(a, b) ((vec)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define SMALLER(a, b) ((vec)_mm256_min_ps((__m256)(a), (__m256)(b)))
extern const struct mien_infer TABLE;
#include "tensor/infer.inc"

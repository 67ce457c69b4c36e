// Eight at a time with F16C; the compiler's own conversion does the rest.
#include "base/half.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx,f16c"))) static size_t decode_eights(const unsigned char *half,
                                                                float *out, size_t count)
{
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        _mm256_storeu_ps(out + i,
                         _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(half + 2 * i))));
    }
    return i;
}

__attribute__((target("avx,f16c"))) static size_t encode_eights(const float *from,
                                                                unsigned char *half, size_t count)
{
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        _mm_storeu_si128((__m128i *)(half + 2 * i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
    }
    if (i < count) {
        float last[8] = {0};
        __m128i h;
        memcpy(last, from + i, (count - i) * sizeof(float));
        h = _mm256_cvtps_ph(_mm256_loadu_ps(last), _MM_FROUND_TO_NEAREST_INT);
        memcpy(half + 2 * i, &h, 2 * (count - i));
    }
    return count;
}
#endif

void mien_half_to_float(const void *half, float *out, size_t count)
{
    size_t i = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("f16c") && __builtin_cpu_supports("avx")) {
        i = decode_eights(half, out, count);
    }
#endif
    for (; i < count; i++) {
        _Float16 h;
        memcpy(&h, (const unsigned char *)half + 2 * i, sizeof(h));
        out[i] = (float)h;
    }
}

void mien_float_to_half(const float *from, void *half, size_t count)
{
    size_t i = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("f16c") && __builtin_cpu_supports("avx")) {
        i = encode_eights(from, half, count);
    }
#endif
    for (; i < count; i++) {
        const _Float16 h = (_Float16)from[i];
        memcpy((unsigned char *)half + 2 * i, &h, sizeof(h));
    }
}

// Asks the compiler's own CPU detection, once a call; keeps nothing.
#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

unsigned mien_cpu_flags(void)
{
    unsigned flags = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        flags |= MIEN_CPU_AVX2_FMA;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
            flags |= MIEN_CPU_AVX512;
            flags |= __builtin_cpu_supports("avx512bf16") ? MIEN_CPU_AVX512_BF16 : 0;
        }
    }
#endif
    const char *limit = getenv("MIEN_CPU");
    if (limit && !strcmp(limit, "plain")) {
        flags = 0;
    } else if (limit && !strcmp(limit, "avx2")) {
        flags &= MIEN_CPU_AVX2_FMA;
    } else if (limit && !strcmp(limit, "avx512")) {
        flags &= ~(unsigned)MIEN_CPU_AVX512_BF16;
    }
    return flags;
}

// What the processor can do, and compiling one function for several processors.
#ifndef MIEN_BASE_CPU_H
#define MIEN_BASE_CPU_H

enum mien_cpu_flags { MIEN_CPU_AVX2_FMA = 1, MIEN_CPU_AVX512 = 2, MIEN_CPU_AVX512_BF16 = 4 };

// Flags of this machine, masked by $MIEN_CPU ("plain", "avx2", "avx512": no more than these) for
// tests.
unsigned mien_cpu_flags(void);

// Marks a function whose loops the compiler should vectorise: built for plain x86-64 and for AVX2,
// chosen by the loader. Sanitizer builds get the plain one only (their start-up cannot run ifuncs),
// and so does what tests hold it against (MIEN_PLAIN).
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__) || \
    !defined(__x86_64__) || defined(MIEN_PLAIN)
#define MIEN_MULTIVERSION
#else
#define MIEN_MULTIVERSION __attribute__((target_clones("avx2", "default")))
#endif

#endif

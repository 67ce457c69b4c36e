// `mien bench net`: how fast one core runs a network, against what the core could do.
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/clock.h"
#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "bench/description.h"
#include "nn/net.h"

#if defined(__x86_64__)
// Independent chains of fused multiply-adds in registers, eight floats each; returns flops.
__attribute__((target("avx2,fma"), noinline)) static double fma_chains(long rounds, float *sink)
{
    __m256 a0, a1, a2, a3, a4, a5, a6, a7, a8, a9;
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = a8 = a9 = _mm256_set1_ps(*sink);
    const __m256 m = _mm256_set1_ps(*sink * 0.5f), b = _mm256_set1_ps(*sink);
    for (long r = 0; r < rounds; r++) {
        a0 = _mm256_fmadd_ps(a0, m, b);
        a1 = _mm256_fmadd_ps(a1, m, b);
        a2 = _mm256_fmadd_ps(a2, m, b);
        a3 = _mm256_fmadd_ps(a3, m, b);
        a4 = _mm256_fmadd_ps(a4, m, b);
        a5 = _mm256_fmadd_ps(a5, m, b);
        a6 = _mm256_fmadd_ps(a6, m, b);
        a7 = _mm256_fmadd_ps(a7, m, b);
        a8 = _mm256_fmadd_ps(a8, m, b);
        a9 = _mm256_fmadd_ps(a9, m, b);
        // keeps the chains apart and the loop from being folded
        __asm__ volatile("" : "+x"(a0), "+x"(a1), "+x"(a2), "+x"(a3), "+x"(a4));
        __asm__ volatile("" : "+x"(a5), "+x"(a6), "+x"(a7), "+x"(a8), "+x"(a9));
    }
    a0 = _mm256_add_ps(_mm256_add_ps(a0, a1), _mm256_add_ps(a2, a3));
    a4 = _mm256_add_ps(_mm256_add_ps(a4, a5), _mm256_add_ps(a6, a7));
    a0 = _mm256_add_ps(_mm256_add_ps(a0, a4), _mm256_add_ps(a8, a9));
    *sink = _mm256_cvtss_f32(a0) > 0 ? 1 : 0.5f;
    return (double)rounds * 10 * 8 * 2;
}
#endif

// Best of several short runs: what one core does with 8-wide multiply-adds and nothing else,
// flop/s. 0 when it has none.
static double fma_peak(void)
{
#if defined(__x86_64__)
    if (mien_cpu_flags() & MIEN_CPU_AVX2_FMA) {
        double best = 0;
        float sink = 1;
        for (int i = 0; i < 20; i++) {
            int64_t start = mien_now_ns();
            double flops = fma_chains(400000, &sink);
            double rate = flops / ((double)(mien_now_ns() - start) * 1e-9);
            best = rate > best ? rate : best;
        }
        return best;
    }
#endif
    return 0;
}

// A .net file, or a description run with random weights (through a temporary file).
static struct mien_net *load(const char *path, int landmarks)
{
    const char *end = strrchr(path, '.');
    if (!end || strcmp(end, ".txt")) {
        return mien_net_load(path);
    }
    char *text = mien_bench_description(path, landmarks);
    struct mien_graph *g = text ? mien_graph_create(text, 1, 1, 1) : NULL;
    struct mien_net *n = NULL;
    char temporary[] = "/tmp/mien-bench-XXXXXX";
    int fd = g ? mkstemp(temporary) : -1;
    if (fd >= 0) {
        close(fd);
        n = mien_graph_export(g, temporary) ? mien_net_load(temporary) : NULL;
        unlink(temporary);
    } else if (g) {
        mien_error("cannot write %s", temporary);
    }
    mien_graph_destroy(g);
    mien_free(text);
    return n;
}

int mien_bench_net(const struct mien_bench *b)
{
    const char *path = b->net;
    struct mien_net *n = load(path, b->landmarks);
    if (!n) {
        return 2;
    }
    const struct mien_net_io in = mien_net_input(n);
    const size_t count = (size_t)in.c * in.h * in.w;
    float *input = mien_calloc(count, sizeof *input);
    void *work = mien_calloc(mien_net_workspace_bytes(n), 1);
    if (!input || !work) {
        mien_free(input);
        mien_free(work);
        mien_net_destroy(n);
        return 1;
    }
    struct mien_rng r;
    mien_rng_seed(&r, 1, 0);
    for (size_t i = 0; i < count; i++) {
        input[i] = mien_rng_normal(&r);
    }
    const double peak = fma_peak(), macs = mien_net_macs(n);
    mien_net_forward(n, input, work);
    double best = 1e30, sum = 0;
    long runs = 0;
    const int64_t begin = mien_now_ns();
    while ((double)(mien_now_ns() - begin) < b->seconds * 1e9 || runs < 3) {
        int64_t start = mien_now_ns();
        mien_net_forward(n, input, work);
        double ns = (double)(mien_now_ns() - start);
        best = ns < best ? ns : best;
        sum += ns;
        runs++;
    }
    printf("%s: input %dx%dx%d, %.1f MMAC, workspace %.1f MB, kernels %s\n", path, in.c, in.h, in.w,
           macs * 1e-6, (double)mien_net_workspace_bytes(n) * 1e-6, mien_net_kernels(n));
    for (int i = 0; i < mien_net_outputs(n); i++) {
        struct mien_net_io o = mien_net_output(n, i);
        printf("  output %s %dx%dx%d\n", o.name, o.c, o.h, o.w);
    }
    printf("one picture, one core: %.3f ms mean, %.3f ms best; %.1f GFLOP/s best",
           sum / (double)runs * 1e-6, best * 1e-6, 2 * macs / best);
    if (peak > 0) {
        printf(" = %.0f%% of the core's %.1f GFLOP/s (8-wide FMA)",
               200 * macs / best / (peak * 1e-9), peak * 1e-9);
    }
    printf("\n");
    mien_free(input);
    mien_free(work);
    mien_net_destroy(n);
    return 0;
}

// `mien bench`: how fast this machine trains and runs networks, against what its cores could do,
// and renders people.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "app/bench.h"
#include "app/commands.h"
#include "base/args.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/thread.h"
#include "learn/graph.h"
#include "nn/net.h"
#include "tensor/kernels.h"
#include "view/view.h"

// About 50 MMAC of plain 3x3 convolutions, shaped like the face network.
static const char BENCH_NET[] = "input image 3 96 96\n"
                                "conv stem image out 16 s 2 bn relu\n"
                                "block b1 stem out 32 s 2\n"
                                "block b2 b1 out 32\n"
                                "block b3 b2 out 64 s 2\n"
                                "block b4 b3 out 64\n"
                                "block b5 b4 out 64\n"
                                "conv neck b5 out 64 k 1 s 2 bn relu\n"
                                "dense d1 neck out 256 relu\n"
                                "dense d2 d1 out 128\n"
                                "output y d2\n";

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

struct targets {
    int shard, outputs;
};

// Mean squared distance to a fixed pattern: the cheapest loss, so that the network is measured.
static double pattern_loss(void *arg, struct mien_graph *g, int shard)
{
    const struct targets *t = arg;
    double sum = 0;
    for (int o = 0; o < t->outputs; o++) {
        int n = t->shard * mien_graph_output_count(g, o);
        const float *y = mien_graph_output(g, shard, o);
        float *dy = mien_graph_output_grad(g, shard, o);
        for (int i = 0; i < n; i++) {
            float e = y[i] - (float)(i % 7) * 0.1f;
            sum += 0.5 * e * e / n;
            dy[i] = e / (float)n;
        }
    }
    return sum;
}

// A description with $LANDMARKS defined; NULL on failure (logged). Free with mien_free.
static char *read_description(const char *path, int landmarks)
{
    size_t size;
    char *file = mien_file_read(path, 1 << 20, &size), *text = NULL;
    if (file) {
        text = mien_calloc(size + 64, 1);
        if (text) {
            snprintf(text, size + 64, "define LANDMARKS %d\n%s", landmarks, file);
        }
    }
    mien_free(file);
    return text;
}

// A .net file, or a description run with random weights (through a temporary file).
static struct mien_net *load(const char *path, int landmarks)
{
    const char *end = strrchr(path, '.');
    if (!end || strcmp(end, ".txt")) {
        return mien_net_load(path);
    }
    char *text = read_description(path, landmarks);
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

double mien_bench_cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int bench_train(const char *net, int threads, int batch, int shard, double seconds,
                       bool profile, int landmarks, enum mien_precision precision)
{
    char *text = net ? read_description(net, landmarks) : NULL;
    if (net && !text) {
        return 2;
    }
    const int shards = (batch + shard - 1) / shard;
    struct mien_graph *g = mien_graph_create(text ? text : BENCH_NET, shard, shards, 1);
    mien_free(text);
    struct mien_pool *pool = g ? mien_pool_create(threads) : NULL;
    if (!g || !pool || !mien_graph_set_precision(g, precision)) {
        mien_pool_destroy(pool);
        mien_graph_destroy(g);
        return 2;
    }
    int c, h, w;
    mien_graph_input_shape(g, &c, &h, &w);
    for (int s = 0; s < shards; s++) {
        struct mien_rng r;
        mien_rng_seed(&r, 1, (uint64_t)s);
        for (int i = 0; i < shard * c * h * w; i++) {
            mien_graph_input(g, s)[i] = mien_rng_normal(&r);
        }
    }
    const struct mien_adamw o = {.lr = 1e-4f,
                                 .beta1 = 0.9f,
                                 .beta2 = 0.999f,
                                 .eps = 1e-8f,
                                 .weight_decay = 1e-3f,
                                 .clip = 1,
                                 .average = 0.999f};
    struct targets t = {.shard = shard, .outputs = mien_graph_outputs(g)};
    const double macs = mien_graph_macs(g), pictures = (double)shard * shards;
    printf("network: %.1f MMAC, %.2f M weights, input %dx%dx%d; %d threads, %d shards of %d, %s\n",
           macs * 1e-6, (double)mien_graph_parameters(g) * 1e-6, c, h, w, mien_pool_threads(pool),
           shards, shard, mien_graph_precision(g));
    double best = 0, total = 0;
    long steps = 0;
    double step_ns = 0;
    mien_graph_forward_backward(g, pool, pattern_loss, &t); // warm-up: memory is touched
    mien_graph_step(g, pool, &o);
    const double cpu = mien_bench_cpu_seconds();
    const int64_t begin = mien_now_ns();
    while ((double)(mien_now_ns() - begin) < seconds * 1e9 || steps < 3) {
        int64_t start = mien_now_ns();
        double loss = mien_graph_forward_backward(g, pool, pattern_loss, &t);
        int64_t middle = mien_now_ns();
        if (!isfinite(loss)) {
            break;
        }
        mien_graph_step(g, pool, &o);
        double ns = (double)(mien_now_ns() - start);
        step_ns += (double)(mien_now_ns() - middle);
        total += ns;
        steps++;
        best = pictures / ns * 1e9 > best ? pictures / ns * 1e9 : best;
    }
    double rate = pictures * (double)steps / total * 1e9;
    printf("train: %.0f pictures/s (best step %.0f), %.1f GFLOP/s (best %.1f), update %.1f ms a "
           "step\n",
           rate, best, rate * macs * 6e-9, best * macs * 6e-9, step_ns / (double)steps * 1e-6);
    // On a machine that others use too, time on the processor says more than time on the clock.
    printf("       %.0f pictures per second of processor time\n",
           pictures * (double)steps / (mien_bench_cpu_seconds() - cpu));
    if (profile) {
        mien_graph_profile(g, stdout);
    }
    mien_pool_destroy(pool);
    mien_graph_destroy(g);
    return 0;
}

static int bench_net(const char *path, double seconds, int landmarks)
{
    struct mien_net *n = load(path, landmarks);
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
    while ((double)(mien_now_ns() - begin) < seconds * 1e9 || runs < 3) {
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

int mien_cmd_bench(int argc, char **argv)
{
    const char *net = NULL, *textures = NULL;
    int threads = 0, batch = 64, shard = 8, landmarks = 240, size = 160;
    int precision = MIEN_PRECISION_AUTO;
    double seconds = 5;
    bool profile = false;
    const char *picture = "640x480";
    int faces = 0, fps = 30, mode = MIEN_VIEW_WIREFRAME, width = 0, height = 0;
    const struct mien_command cmd = {
        .name = "bench",
        .synopsis = "train | net FILE | synth | step [CLIP] | live [CLIP] [options]",
        .summary = "measure the speed of training, of one network (.net or description .txt), of "
                   "rendering people or of each stage of following a clip on one core, or of the "
                   "live program with several faces",
        .example = "mien bench train --threads 2\nmien bench net models/face.net\n"
                   "mien bench synth --seconds 10\nmien bench step\n"
                   "mien bench live --faces 4 --mode shaded",
        .min_args = 1,
        .max_args = 2,
        .sub = "train|net|synth|step|live"};
    const struct mien_opt opts[] = {
        {"net", 0, MIEN_OPT_INPUT, &net, "FILE",
         "train: description of the network (assets/nets/…); without it a 50-MMAC one of 3x3 "
         "convolutions.",
         0, 0},
        {"threads", 't', MIEN_OPT_INT, &threads, "N", "train: threads, 0 = one per core.", 0, 256},
        {"batch", 'b', MIEN_OPT_INT, &batch, "N", "train: pictures a step.", 1, 4096},
        {"shard", 's', MIEN_OPT_INT, &shard, "N", "train: pictures a shard.", 1, 1024},
        {"precision", 0, MIEN_OPT_CHOICE, &precision, MIEN_PRECISION_NAMES,
         "train: of the convolutions' operands, as in `mien train`.", 0, 0},
        {"landmarks", 0, MIEN_OPT_INT, &landmarks, "N", "value of $LANDMARKS in a description.", 1,
         4096},
        {"size", 0, MIEN_OPT_INT, &size, "PX", "synth: side of a picture.", 64, 1024},
        {"textures", 0, MIEN_OPT_STRING, &textures, "DIR",
         "synth: folder of skins (*.jpg) made by `mien prepare textures`.", 0, 0},
        {"faces", 'n', MIEN_OPT_INT, &faces, "N",
         "live: faces in the picture, 4 unless told. step: followed at most, 1 unless told.", 1,
         MIEN_FACES_MAX},
        {"picture", 0, MIEN_OPT_STRING, &picture, "WxH", "live: its size.", 0, 0},
        {"fps", 0, MIEN_OPT_INT, &fps, "N", "live: frames a second that come.", 1, 240},
        {"mode", 'm', MIEN_OPT_CHOICE, &mode, MIEN_VIEW_MODE_NAMES, "live: what is drawn.", 0, 0},
        {"seconds", 'd', MIEN_OPT_FLOAT, &seconds, "S", "How long to measure.", 0.1, 600},
        {"layers", 0, MIEN_OPT_BOOL, &profile, NULL, "train: time of each layer.", 0, 0},
        {0},
    };
    const char **args = mien_calloc((size_t)argc + 1, sizeof *args);
    int nargs = 0;
    if (!args) {
        return 1;
    }
    int status = mien_args_parse(&cmd, opts, argc, argv, args, &nargs);
    if (status) {
        status = status == 1 ? 0 : 2;
    } else if (!strcmp(args[0], "train") && nargs == 1) {
        status = bench_train(net, threads, batch, shard, seconds, profile, landmarks,
                             (enum mien_precision)precision);
    } else if (!strcmp(args[0], "net") && nargs == 2) {
        status = bench_net(args[1], seconds, landmarks);
    } else if (!strcmp(args[0], "synth") && nargs == 1) {
        status = mien_bench_synth(size, textures, seconds);
    } else if (!strcmp(args[0], "step")) {
        status = mien_bench_step(nargs == 2 ? args[1] : NULL, faces ? faces : 1, seconds);
    } else if (!strcmp(args[0], "live")) {
        char rest;
        if (sscanf(picture, "%dx%d%c", &width, &height, &rest) != 2 || width < 128 ||
            height < 128 || width > 4096 || height > 4096) {
            mien_error("--picture \"%s\": a size is written 640x480, from 128x128 to 4096x4096",
                       picture);
            status = 2;
        } else {
            status = mien_bench_live(nargs == 2 ? args[1] : NULL, faces ? faces : 4, width, height,
                                     fps, mode, seconds);
        }
    } else {
        mien_error(
            "bench: write `mien bench train`, `mien bench net FILE.net`, `mien bench synth`, "
            "`mien bench step` or `mien bench live`");
        status = 2;
    }
    mien_free(args);
    return status;
}

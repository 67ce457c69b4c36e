// `mien bench train`: how fast this machine trains a network.
#include "bench/bench.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/thread.h"
#include "bench/description.h"

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

int mien_bench_train(const struct mien_bench *b)
{
    const int batch = b->batch, shard = b->shard < batch ? b->shard : batch;
    char *text = b->net ? mien_bench_description(b->net, b->landmarks) : NULL;
    if (b->net && !text) {
        return 2;
    }
    const int shards = (batch + shard - 1) / shard;
    struct mien_graph *g = mien_graph_create(text ? text : BENCH_NET, shard, shards, 1);
    mien_free(text);
    struct mien_pool *pool = g ? mien_pool_create(b->threads) : NULL;
    if (!g || !pool || !mien_graph_set_precision(g, b->precision)) {
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
    const int64_t cpu_ns = mien_process_cpu_ns();
    const int64_t begin = mien_now_ns();
    while ((double)(mien_now_ns() - begin) < b->seconds * 1e9 || steps < 3) {
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
           pictures * (double)steps / ((double)(mien_process_cpu_ns() - cpu_ns) * 1e-9));
    if (b->layers) {
        mien_graph_profile(g, stdout);
    }
    mien_pool_destroy(pool);
    mien_graph_destroy(g);
    return 0;
}

// Inside of the training graph: what graph.c, graph_run.c, adamw.c and graph_file.c share.
#ifndef MIEN_LEARN_GRAPH_INTERNAL_H
#define MIEN_LEARN_GRAPH_INTERNAL_H

#include "base/file.h"
#include "base/mem.h"
#include "learn/graph.h"
#include "nn/desc.h"
#include "tensor/kernels.h"

enum { GRAPH_SCALARS = 64, GRAPH_SCALAR_NAME = 48 };

#define GRAPH_BN_EPS 1e-5f
// Share of a batch in the running statistics once they have settled (about 20 batches of memory).
#define GRAPH_BN_MOMENTUM 0.05f

// The activations of one shard while it runs; a worker's are overwritten by its next shard.
struct graph_worker {
    struct mien_arena arena;
    // per layer; feature maps (C,N,H,W)
    float *z[MIEN_DESC_LAYERS];      // output
    float *y[MIEN_DESC_LAYERS];      // before bias, norm and activation; the mask of a dropout
    float *dz[MIEN_DESC_LAYERS];     // gradient of z, NULL when not needed
    float *mean[MIEN_DESC_LAYERS];   // of the shard
    float *invstd[MIEN_DESC_LAYERS]; // 1/sqrt(var+eps)
    float *grads;                    // all dz, to be zeroed together
    size_t grads_count;
    float *dy;      // gradient of the current layer's y
    float *scratch; // of the kernels
    int64_t forward_ns[MIEN_DESC_LAYERS], backward_ns[MIEN_DESC_LAYERS];
};

struct mien_graph {
    bool frozen; // mien_graph_freeze_norm
    struct mien_desc desc;
    char *text;
    const struct mien_kernels *kernels, *train_kernels; // mien_graph_set_precision
    int shard, shards;
    int first_shard; // among those of all processes
    uint64_t seed;
    uint64_t steps, passes; // passes: forward_backward calls, the dropout masks' seed
    size_t count;           // weights: desc.weights, then GRAPH_SCALARS scalars
    struct mien_arena arena;
    float *weights, *grad, *m, *v, *average;
    float *stats, *stats_average;
    float *shard_grad;  // (shards,count)
    float *shard_stats; // (shards,desc.stats)
    float *scalar_grad; // (GRAPH_SCALARS,shards)
    float **input;      // (shards) of (N,C,H,W)
    float **output;     // (shards,outputs) of (N,count)
    float **output_grad;
    double *shard_loss;
    char (*shard_bad)[80]; // the first non-finite tensor of a shard, or empty
    bool was_bad;          // the last pass: that was said
    int scalars;
    char scalar_name[GRAPH_SCALARS][GRAPH_SCALAR_NAME];
    float *muon_scratch; // one for each worker of a step
    int muon_workers;
    bool needs_grad[MIEN_DESC_LAYERS], held[MIEN_DESC_LAYERS]; // held: mien_graph_learn_only
    struct graph_worker **worker;
    int workers;
};

static inline size_t graph_plane(const struct mien_layer *l)
{
    return (size_t)l->h * l->w;
}

// Makes sure that `threads` workers exist. False when memory is short (logged).
bool graph_workers(struct mien_graph *g, int threads);
struct graph_muon {
    float lr, momentum, decay, scale, keep; // scale: of the gradient; keep: of the moving average
};
bool graph_muon_takes(const struct mien_graph *g, const struct mien_param *p);
size_t graph_muon_scratch(const struct mien_graph *g); // floats that one update needs
// One parameter; zeroes its gradient.
void graph_muon_update(const struct graph_muon *o, const struct mien_param *p, float *w,
                       float *grad, float *m, float *average, float *scratch);

bool graph_finite(const float *x, size_t n);

// A checkpoint read and checked against its own description.
struct graph_state {
    uint64_t steps, passes, seed;
    uint32_t shard, shards, scalars, zero;
};
struct graph_checkpoint {
    struct mien_container file;
    struct mien_desc *desc;
    const struct graph_state *state;
    const float *weights, *m, *v, *average, *stats, *stats_average;
    const char (*scalar_name)[GRAPH_SCALAR_NAME];
};
bool graph_checkpoint_open(struct graph_checkpoint *c, const char *path); // false: logged
void graph_checkpoint_close(struct graph_checkpoint *c);
bool graph_same_param(const struct mien_param *a, const struct mien_param *b);

#endif

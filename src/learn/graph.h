// Training: the network of a text description with forward, backward, AdamW and checkpoints.
//
// A batch is cut into shards of fixed size; each shard runs on one thread with its own activations
// and batch-norm statistics, and gradients are summed in shard order: the result does not depend on
// the number of threads.
#ifndef MIEN_LEARN_GRAPH_H
#define MIEN_LEARN_GRAPH_H

#include "base/file.h"
#include "base/pool.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct mien_graph; // opaque

// description: text (the format is documented in nn/desc.h). shard: pictures a shard; shards:
// shards a batch. seed: weight initialisation. NULL on failure (logged with the line).
struct mien_graph *mien_graph_create(const char *description, int shard, int shards, uint64_t seed);
void mien_graph_destroy(struct mien_graph *g);

// What forward_backward multiplies convolutions with; evaluation, weights, activations, gradients
// and checkpoints are float always. bfloat16 operands are faster where the processor has
// AVX512-BF16 (tensor/conv_bf16.h). A new graph has MIEN_PRECISION_FLOAT.
enum mien_precision {
    MIEN_PRECISION_FLOAT,
    MIEN_PRECISION_BF16,
    MIEN_PRECISION_AUTO, // bfloat16 where the processor can
};
#define MIEN_PRECISION_NAMES "float|bf16|auto"
// False when bf16 is asked for and the processor cannot (logged).
bool mien_precision_possible(enum mien_precision precision);
bool mien_graph_set_precision(struct mien_graph *g, enum mien_precision precision);
const char *mien_graph_precision(const struct mien_graph *g); // "float" or "bf16"

size_t mien_graph_parameters(const struct mien_graph *g);
double mien_graph_macs(const struct mien_graph *g); // forward multiply-adds a picture

// Shape of one picture and what the description wants of its pixels: input = (pixel - mean) *
// scale.
void mien_graph_input_shape(const struct mien_graph *g, int *c, int *h, int *w);
void mien_graph_input_scaling(const struct mien_graph *g, float *mean, float *scale);
float *mien_graph_input(struct mien_graph *g, int shard); // (N,C,H,W), the caller fills
int mien_graph_outputs(const struct mien_graph *g);
int mien_graph_find_output(const struct mien_graph *g, const char *name); // -1 when absent
int mien_graph_output_count(const struct mien_graph *g, int output);      // floats a picture
const float *mien_graph_output(const struct mien_graph *g, int shard, int output); // (N,count)
// Zero when the loss is called; what the loss leaves untouched has no gradient.
float *mien_graph_output_grad(struct mien_graph *g, int shard, int output); // the caller fills
// Extra learnable scalars (loss log-variances), created by name before the first step; a scalar
// that a checkpoint brought keeps its value. *grad (may be NULL) points to one number per shard:
// the loss of shard s adds to (*grad)[s] only, so threads do not meet. The value is read through
// the returned pointer. NULL when there are more than 64 (logged).
float *mien_graph_scalar(struct mien_graph *g, const char *name, float init, float **grad);

// loss(arg, g, shard) reads outputs, writes output gradients (of the sum over the batch divided by
// whatever the caller means) and returns the shard's loss; it runs on the shard's thread.
typedef double (*mien_loss_fn)(void *arg, struct mien_graph *g, int shard);
// Forward, loss, backward, gradient sum (added to what is there: several calls before a step make a
// larger batch). Returns the summed loss, or NAN with the first non-finite tensor's name logged,
// once for several such calls in a row; the gradient is then zero and running statistics are left
// alone.
double mien_graph_forward_backward(struct mien_graph *g, struct mien_pool *pool, mien_loss_fn loss,
                                   void *arg);
// From now on batch norm trains as it runs: with the running statistics, which stay as they are,
// and its scale held (the shift still learns). For the last part of a training whose batches mix
// unlike pictures: those of one kind are normalised by themselves there and by the mixture
// afterwards.
void mien_graph_freeze_norm(struct mien_graph *g);
// From now on only layers learn that lead to the named outputs alone (a list with commas): weights,
// norms and statistics of all others stay as they are, and no gradient is computed for them. Before
// the first step. False when a name is no output's (logged), or every layer is shared with others.
bool mien_graph_learn_only(struct mien_graph *g, const char *outputs);
float *mien_graph_gradient(struct mien_graph *g, size_t *count); // all, contiguous (all-reduce)
// For a batch that several processes share: the number of this one's first shard (dropout masks),
// and the running statistics, to be averaged over the processes after each forward_backward.
void mien_graph_first_shard(struct mien_graph *g, int first);
float *mien_graph_statistics(struct mien_graph *g, size_t *count);
// Evaluation: batch norm uses running statistics, dropout is off. use_average: with the moving
// averages of weights and statistics, as export writes them.
void mien_graph_forward(struct mien_graph *g, struct mien_pool *pool, bool use_average);

struct mien_adamw {
    float lr, beta1, beta2, eps, weight_decay; // decay only on convolution and dense weights
    float clip;                                // global gradient norm, 0 = none
    float average;   // exponential moving average of weights, 0.999; 0 = none
    float muon;      // momentum of Muon for hidden layers' matrices, 0.95; 0 = AdamW for all
    float muon_rate; // its learning rate over lr
};
// Zeroes gradients. The pool (NULL is fine) shares out the parameters. False when memory is short.
bool mien_graph_step(struct mien_graph *g, struct mien_pool *pool, const struct mien_adamw *o);

// Checkpoint: weights, moments, averages, statistics, step, and sections of the caller's own, at
// most eight, whose names begin with "train". False: logged.
bool mien_graph_save(const struct mien_graph *g, const char *path, const struct mien_section *more,
                     int count);
// Exact resume. take: reads the caller's sections of a file that is of this network; when it
// refuses them (false, logged by it) the graph is unchanged. NULL: there are none to read.
typedef bool (*mien_graph_take_fn)(void *arg, const struct mien_container *file, const char *path);
bool mien_graph_restore(struct mien_graph *g, const char *path, mien_graph_take_fn take, void *arg);
// Only weights whose names and shapes match are taken (fine tuning; how many is logged); those of a
// dense layer over maps of another size are resampled, so that a network for finer pictures begins
// where a coarser one is. path: a checkpoint, or a network, whose batch norm is folded into its
// weights: as such it does nothing, so that the graph answers alike while norms are frozen.
bool mien_graph_init_from(struct mien_graph *g, const char *path);
// Folds batch norm into the averaged weights and writes a .net file for nn/net.h.
bool mien_graph_export(const struct mien_graph *g, const char *path);
bool mien_graph_export_half(const struct mien_graph *g, const char *path); // 16-bit floats

// For speed work: time per layer since creation, the costliest first, to f.
void mien_graph_profile(const struct mien_graph *g, FILE *f);
uint64_t mien_graph_steps(const struct mien_graph *g); // steps done, restored ones included

#endif

// Trains the multi-task network: loader -> graph -> losses -> AdamW, with checkpoints, validation,
// a JSON log and curves.
//
// Files in the output folder: last.ckpt (exact resume), face.net (averaged weights, for nn/net.h),
// log.jsonl, curves.png. Does not: parse options, install signal handlers, or decide what is good.
#ifndef MIEN_LEARN_TRAINER_H
#define MIEN_LEARN_TRAINER_H

#include <stdatomic.h>

#include "learn/dataset.h"
#include "learn/graph.h"
#include "learn/loss.h"
#include "learn/parallel.h"
#include "learn/weighting.h"

struct mien_train_config {
    const char *net;  // path of the description
    const char *out;  // folder, made when absent
    const char *init; // checkpoint whose matching weights are taken, or NULL
    bool resume;      // go on from out/last.ckpt when it exists
    const struct mien_dataset *data;
    const struct mien_face_model *model;
    long long steps;
    int batch, shard;               // batch = a multiple of shard
    float lr, decay, clip, average; // peak learning rate; weight decay; gradient norm; EMA
    float muon;                     // struct mien_adamw
    float muon_rate;
    long long warmup; // steps of linear rise; then a cosine to a hundredth
    long long ramp;   // steps from the end of the warm-up over which sigma and consistency rise
    enum mien_precision precision;
    int threads; // of the network and, again, of the loader; 0 = cores
    uint64_t seed;
    float weight[MIEN_TASKS];
    enum mien_weighting weighting;
    int period;                     // steps, of the weighting `dwa`
    float drop[MIEN_LABEL_KINDS];   // share of training records without a label, see learn/sample.h
    const struct mien_net *teacher; // fills missing labels of the share below; NULL = masks
    float pseudo_share;
    float adjust;   // of expression logits, see learn/loss.h
    float negative; // share of crops beside a face
    float settled;  // share of crops that lie as a tracker's (learn/sample.h)
    float upended;  // share of crops on their side or upside down (learn/sample.h)
    struct mien_augment augment;
    long long validate_every, log_every; // steps
    size_t validate_count;               // records a source
    double checkpoint_s;                 // seconds between checkpoints
    long long freeze_norm; // from this step on batch norm trains as it runs (graph.h); -1 never
    size_t steadiness; // records a source to judge steadiness on at the end (learn/steadiness.h)
    // Processes that train together, NULL = alone. Each takes `batch` pictures of a step, so a step
    // has ranks * batch; rank 0 alone writes and prints. When mien_train fails on one rank the
    // caller must end them all (mien_parallel_abort).
    struct mien_parallel *parallel;
    bool quiet;             // no progress line, no tables
    const atomic_int *stop; // set: save and end; may be NULL
};
struct mien_train_config mien_train_defaults(void);

// What is written into the folder `out`, by name.
enum mien_train_file {
    MIEN_TRAIN_CHECKPOINT,
    MIEN_TRAIN_NETWORK,
    MIEN_TRAIN_LOG,
    MIEN_TRAIN_CURVES,
    MIEN_TRAIN_FILES
};
const char *mien_train_file(enum mien_train_file f);

struct mien_train_summary {
    long long step;
    double first_loss, last_loss; // weighted, normalised sums over the first and last log interval
    double validation_nme;        // % over all sources, NAN when not measured
    double pictures_per_s;
};
// False on failure (logged). A stop by the flag is no failure. summary may be NULL.
bool mien_train(const struct mien_train_config *config, struct mien_train_summary *summary);

// After a step whose loss or gradient was not finite, and that was left out. bad: such steps in a
// row; zero it after a good one. Warns at the first of a row; false, with an error, when there were
// so many that training is to end.
bool mien_train_leave_out(int *bad, long long step);

// Reads a description and puts the model's number of landmarks before it ("define LANDMARKS n").
// mien_free; NULL on failure (logged).
char *mien_train_description(const char *path, const struct mien_face_model *model);

// A contact sheet of 8x8 training samples with their labels drawn. False on failure (logged).
bool mien_train_sheet(const struct mien_sample_config *sample, uint64_t seed, const char *path);

#endif

// The training loop of every network: schedule, optimiser, skipped steps, validation,
// checkpoints, log, curves, progress, several processes, and being stopped.
//
// What is taught is a lesson: its network, batches, losses, figures and what it keeps in a
// checkpoint (learn/trainer.c: the face network; learn/detect_trainer.c: the detector). Files in
// the output folder: last.ckpt (exact resume), the network (averaged weights, for nn/net.h),
// log.jsonl, curves.png. Does not: parse options, install signal handlers, or know a loss.
#ifndef MIEN_LEARN_LOOP_H
#define MIEN_LEARN_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/file.h"
#include "base/pool.h"
#include "learn/curves.h"
#include "learn/graph.h"
#include "learn/parallel.h"

struct mien_loop_config {
    const char *net;  // path of the description
    const char *out;  // folder, made when absent
    const char *init; // checkpoint or network whose matching weights are taken, or NULL
    bool resume;      // go on from out/last.ckpt when it exists
    long long steps;
    int batch, shard;               // batch = a multiple of shard
    float lr, decay, clip, average; // peak learning rate; weight decay; gradient norm; EMA
    float beta2;                    // of AdamW, struct mien_adamw
    float muon;                     // struct mien_adamw
    float muon_rate;
    long long warmup; // steps of linear rise; then a cosine to a hundredth
    enum mien_precision precision;
    int threads; // of the network and, again, of what makes batches; 0 = cores
    uint64_t seed;
    long long validate_every, log_every; // steps; validation is at the end too
    double checkpoint_s;                 // seconds between checkpoints
    const char *learn;     // only what leads to these outputs alone (graph.h), or NULL: everything
    long long freeze_norm; // from this step on batch norm trains as it runs (graph.h); -1 never
    // Processes that train together, NULL = alone. Each takes `batch` pictures of a step, so a step
    // has ranks * batch; rank 0 alone writes and prints. When the loop fails on one rank the caller
    // must end them all (mien_parallel_abort).
    struct mien_parallel *parallel;
    bool quiet;             // no progress line, no tables
    const atomic_int *stop; // set: save and end; may be NULL
};
// Without net and out.
struct mien_loop_config mien_loop_defaults(void);

// What is written into the folder `out`.
enum mien_train_file {
    MIEN_TRAIN_CHECKPOINT,
    MIEN_TRAIN_NETWORK,
    MIEN_TRAIN_LOG,
    MIEN_TRAIN_CURVES,
    MIEN_TRAIN_FILES
};

struct mien_train_place { // where a training is; section "train" of its checkpoint
    int64_t step, weighting_steps;
    uint64_t seed;
    double seconds;
};

// What a lesson sees of the loop.
struct mien_loop {
    const struct mien_loop_config *config;
    struct mien_parallel *parallel; // never NULL
    struct mien_graph *graph;
    struct mien_pool *pool;
    int shards, threads;           // shards of this process
    struct mien_train_place place; // the step under way
    bool quiet, stop;              // stop: agreed by all ranks
    char path[MIEN_TRAIN_FILES][1024];
};

enum { MIEN_LESSON_VALUES = 64, MIEN_LESSON_SECTIONS = 4 };

// In the order in which they are called; `self` is the lesson's own. What returns false has logged
// why and ends the training.
struct mien_lesson {
    const char *unit;    // of a batch, for progress: "pictures"
    const char *network; // name of the network's file
    // The network's description, mien_free; NULL: logged.
    char *(*describe)(void *self, const struct mien_loop_config *c);
    // The graph is there: its outputs are found, data and validation made ready.
    bool (*open)(void *self, struct mien_loop *l);
    // A new training (the graph has its first weights), or one that goes on (take was called).
    bool (*begin)(void *self, struct mien_loop *l);
    bool (*take)(void *self, const struct mien_container *file, const char *path,
                 struct mien_train_place *place);
    bool (*continue_run)(void *self, struct mien_loop *l); // NULL: nothing is to be done
    // The place is known: whatever makes batches may start. NULL: nothing is to be done.
    bool (*start)(void *self, struct mien_loop *l);
    // Inputs of the graph and targets of step l->place.step. *stop: whether this process is asked
    // to stop; afterwards whether any is.
    bool (*fill)(void *self, struct mien_loop *l, bool *stop);
    // A shard's loss and gradients (mien_graph_loss_fn, runs on the shard's thread), and what it
    // counted: `values` numbers that are added over shards and ranks.
    double (*loss)(void *self, struct mien_graph *g, int shard);
    int values;
    void (*count)(void *self, int shard, double value[MIEN_LESSON_VALUES]);
    // Sums of a step that was taken.
    void (*gather)(void *self, const double value[MIEN_LESSON_VALUES]);
    // Members of a line of the log, each with a comma before it, of the steps since the last one,
    // which are then forgotten. f NULL: they are only forgotten.
    void (*log)(void *self, FILE *f);
    // On all ranks; rank 0 adds a line to the log (mien_loop_log) and, unless quiet, prints.
    bool (*validate)(void *self, struct mien_loop *l);
    void (*summarise)(void *self, char *text, size_t size); // the last validation, for progress
    // Sections of the checkpoint beside the graph's, "train" among them; returns their number. They
    // are the lesson's until its next call.
    int (*record)(void *self, const struct mien_train_place *place,
                  struct mien_section section[MIEN_LESSON_SECTIONS]);
    int (*panels)(void *self, const struct mien_curve_panel **panel); // of the curves
    bool (*end)(void *self, struct mien_loop *l); // saved and not stopped, rank 0; NULL: nothing
};

// The file's name in the folder.
const char *mien_train_file(const struct mien_lesson *lesson, enum mien_train_file f);

struct mien_loop_summary {
    long long step;
    double first_loss, last_loss; // over the first and last interval of the log
    double pictures_per_s;
};

// False on failure (logged). A stop by the flag is no failure. summary may be NULL.
bool mien_loop_run(const struct mien_loop_config *config, const struct mien_lesson *lesson,
                   void *self, struct mien_loop_summary *summary);
// Opens the log to add a line; NULL on ranks that do not write, or when it cannot be written.
FILE *mien_loop_log(const struct mien_loop *l);
// The cosine with warm-up.
float mien_loop_rate(const struct mien_loop_config *c, long long step);

#endif

// Worker threads that make training samples ahead of the trainer.
//
// The unit is a shard (some pictures of one step). Sample i of step k depends on (seed, k, i) only,
// so the stream is the same for any number of workers and can start anywhere: the state to resume
// from is the step. Does not: shuffle files, count epochs, or run the network.
#ifndef MIEN_LEARN_LOADER_H
#define MIEN_LEARN_LOADER_H

#include "learn/sample.h"

struct mien_loader; // opaque

struct mien_loader_config {
    struct mien_sample_config sample;
    int shard, shards; // pictures a shard, shards a step
    // Of a step that several processes share: the number of this one's first shard, and of all
    // shards (0 = shards).
    int first_shard, all_shards;
    int workers; // threads, at least 1
    uint64_t seed;
    long long first_step;
};

struct mien_shard_data {
    long long step;
    int shard;
    float *input;               // (N,C,H,W)
    struct mien_target *target; // (N)
};

struct mien_loader *mien_loader_create(const struct mien_loader_config *c); // NULL: logged
void mien_loader_destroy(struct mien_loader *l); // stops and joins the workers; NULL is fine
// The next shard in order (step by step, shard by shard); waits for it. NULL when the loader was
// stopped. Valid until mien_loader_release; one at a time, one caller.
const struct mien_shard_data *mien_loader_take(struct mien_loader *l);
void mien_loader_release(struct mien_loader *l);
// Makes one shard on the calling thread; what the workers do.
void mien_loader_make(struct mien_sampler *s, const struct mien_loader_config *c, long long step,
                      int shard, float *input, struct mien_target *target);

#endif

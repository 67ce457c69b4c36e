// Makes the fixed crops once and keeps them in memory.
#include "learn/evalset.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

enum { NEGATIVE_EVERY = 6, CROPS_PER_BACKGROUND = 4 };

static size_t source_size(const struct mien_dataset_source *s, bool training)
{
    size_t n = training ? s->train_count : s->validation_count;
    return s->pictures ? n * CROPS_PER_BACKGROUND : n;
}

static uint32_t source_record(const struct mien_dataset_source *s, bool training, size_t i)
{
    if (s->pictures) {
        return (uint32_t)(i / CROPS_PER_BACKGROUND + (training ? 0 : s->picture_train));
    }
    if (!training) {
        return s->validation[i];
    }
    size_t g = 0;
    while (i >= s->group[g].count) {
        i -= s->group[g++].count;
    }
    return s->group[g].record[i];
}

bool mien_evalset_build(struct mien_evalset *e, const struct mien_evalset_config *c)
{
    memset(e, 0, sizeof(*e));
    const struct mien_dataset *d = c->sample.data;
    size_t room = 0;
    for (int s = 0; s < d->count; s++) {
        size_t n = source_size(&d->source[s], c->training_split);
        n = c->per_source && n > c->per_source ? c->per_source : n;
        room += d->source[s].pictures ? n : n + n / NEGATIVE_EVERY + 1;
    }
    const struct mien_sample_config *k = &c->sample;
    e->picture_floats = (size_t)k->channels * (size_t)k->height * (size_t)k->width;
    struct mien_sampler sampler;
    if (!mien_sampler_init(&sampler, k)) {
        return false;
    }
    e->input = mien_calloc(room ? room : 1, e->picture_floats * sizeof(float));
    e->target = mien_calloc(room ? room : 1, sizeof(*e->target));
    if (!e->input || !e->target) {
        mien_sampler_destroy(&sampler);
        mien_evalset_destroy(e);
        return false;
    }
    for (int s = 0; s < d->count; s++) {
        const struct mien_dataset_source *source = &d->source[s];
        size_t all = source_size(source, c->training_split);
        size_t n = c->per_source && all > c->per_source ? c->per_source : all;
        for (size_t i = 0; i < n; i++) {
            struct mien_record_ref ref = {s, source_record(source, c->training_split, i * all / n)};
            // The stream's number keeps a picture's crop the same whatever else is in the set.
            struct mien_rng rng;
            mien_rng_seed(&rng, c->seed, ((uint64_t)s << 32) + i);
            for (int negative = 0; negative < 2; negative++) {
                if (negative && (source->pictures || i % NEGATIVE_EVERY)) {
                    continue;
                }
                if (mien_sampler_make(&sampler, ref, negative, &rng,
                                      e->input + e->count * e->picture_floats,
                                      &e->target[e->count])) {
                    e->count++;
                }
            }
        }
    }
    mien_sampler_destroy(&sampler);
    return true;
}

void mien_evalset_destroy(struct mien_evalset *e)
{
    mien_free(e->input);
    mien_free(e->target);
    memset(e, 0, sizeof(*e));
}

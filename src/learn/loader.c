// Threads that fill shards in the order in which they are asked for; a seed gives one stream.
#include "learn/loader.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

enum { AHEAD_SHARDS_MIN = 4 };

struct worker {
    struct mien_loader *loader;
    struct mien_thread thread;
    struct mien_sampler sampler;
};

struct slot {
    struct mien_shard_data data;
    bool full;
};

struct mien_loader {
    struct mien_loader_config config;
    struct mien_monitor monitor; // guards slot[].full, next_make, next_take and stop
    struct slot *slot;           // ring: unit u lives in slot u % capacity
    long long capacity, next_make, next_take;
    bool stop;
    struct worker *worker;
};

void mien_loader_make(struct mien_sampler *s, const struct mien_loader_config *c, long long step,
                      int shard, float *input, struct mien_target *target)
{
    size_t n = (size_t)c->sample.channels * (size_t)c->sample.height * (size_t)c->sample.width;
    for (int i = 0; i < c->shard; i++) {
        struct mien_rng rng;
        int all = c->all_shards ? c->all_shards : c->shards;
        uint64_t number = (uint64_t)step * (uint64_t)(c->shard * all) +
                          (uint64_t)((c->first_shard + shard) * c->shard + i);
        mien_rng_seed(&rng, c->seed, number);
        mien_sampler_draw(s, &rng, input + (size_t)i * n, &target[i]);
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct mien_loader *l = w->loader;
    for (;;) {
        pthread_mutex_lock(&l->monitor.mutex);
        while (!l->stop && l->next_make - l->next_take >= l->capacity) {
            mien_monitor_wait(&l->monitor, mien_now_ns() + MIEN_NS_PER_S);
        }
        bool stop = l->stop;
        long long unit = l->next_make;
        if (!stop) {
            l->next_make++;
        }
        pthread_mutex_unlock(&l->monitor.mutex);
        if (stop) {
            return NULL;
        }
        struct slot *s = &l->slot[unit % l->capacity];
        s->data.step = l->config.first_step + unit / l->config.shards;
        s->data.shard = (int)(unit % l->config.shards);
        mien_loader_make(&w->sampler, &l->config, s->data.step, s->data.shard, s->data.input,
                         s->data.target);
        pthread_mutex_lock(&l->monitor.mutex);
        s->full = true;
        pthread_cond_broadcast(&l->monitor.cond);
        pthread_mutex_unlock(&l->monitor.mutex);
    }
}

struct mien_loader *mien_loader_create(const struct mien_loader_config *c)
{
    struct mien_loader *l = mien_calloc(1, sizeof(*l));
    if (!l) {
        return NULL;
    }
    l->config = *c;
    l->capacity = 2 * c->shards + c->workers;
    l->capacity = l->capacity < AHEAD_SHARDS_MIN ? AHEAD_SHARDS_MIN : l->capacity;
    size_t n = (size_t)c->sample.channels * (size_t)c->sample.height * (size_t)c->sample.width;
    l->slot = mien_calloc((size_t)l->capacity, sizeof(*l->slot));
    l->worker = mien_calloc((size_t)c->workers, sizeof(*l->worker));
    bool ok = l->slot && l->worker && mien_monitor_init(&l->monitor);
    for (long long i = 0; i < l->capacity && ok; i++) {
        struct mien_shard_data *d = &l->slot[i].data;
        d->input = mien_calloc((size_t)c->shard * n, sizeof(float));
        d->target = mien_calloc((size_t)c->shard, sizeof(*d->target));
        ok = d->input && d->target;
    }
    for (int i = 0; i < c->workers && ok; i++) {
        l->worker[i].loader = l;
        ok = mien_sampler_init(&l->worker[i].sampler, &c->sample);
    }
    for (int i = 0; i < c->workers && ok; i++) {
        char name[16];
        snprintf(name, sizeof(name), "mien-load-%u", (unsigned)i % 1000);
        ok = mien_thread_start(&l->worker[i].thread, name, work, &l->worker[i]);
    }
    if (!ok) {
        mien_loader_destroy(l);
        return NULL;
    }
    return l;
}

void mien_loader_destroy(struct mien_loader *l)
{
    if (!l) {
        return;
    }
    if (l->monitor.ready) {
        pthread_mutex_lock(&l->monitor.mutex);
        l->stop = true;
        pthread_cond_broadcast(&l->monitor.cond);
        pthread_mutex_unlock(&l->monitor.mutex);
    }
    for (int i = 0; l->worker && i < l->config.workers; i++) {
        mien_thread_join(&l->worker[i].thread);
        mien_sampler_destroy(&l->worker[i].sampler);
    }
    for (long long i = 0; l->slot && i < l->capacity; i++) {
        mien_free(l->slot[i].data.input);
        mien_free(l->slot[i].data.target);
    }
    mien_monitor_destroy(&l->monitor);
    mien_free(l->slot);
    mien_free(l->worker);
    mien_free(l);
}

const struct mien_shard_data *mien_loader_take(struct mien_loader *l)
{
    struct slot *s = &l->slot[l->next_take % l->capacity];
    pthread_mutex_lock(&l->monitor.mutex);
    while (!s->full && !l->stop) {
        mien_monitor_wait(&l->monitor, mien_now_ns() + MIEN_NS_PER_S);
    }
    bool full = s->full;
    pthread_mutex_unlock(&l->monitor.mutex);
    return full ? &s->data : NULL;
}

void mien_loader_release(struct mien_loader *l)
{
    pthread_mutex_lock(&l->monitor.mutex);
    l->slot[l->next_take % l->capacity].full = false;
    l->next_take++;
    pthread_cond_broadcast(&l->monitor.cond);
    pthread_mutex_unlock(&l->monitor.mutex);
}

// One mutex guards the next index, which workers and caller take by turns; the work runs outside
// it.
#include "base/pool.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

struct worker {
    struct mien_pool *pool;
    struct mien_thread thread;
    int index;
};

struct mien_pool {
    struct mien_monitor monitor; // guards all below
    struct worker *worker;
    int threads; // including the caller
    void (*fn)(void *, size_t, int);
    void *arg;
    size_t count, next, done;
    unsigned long generation;
    bool stop;
};

// Takes indices until none is left. Mutex held on entry and exit.
static void work(struct mien_pool *p, int worker)
{
    while (p->next < p->count) {
        size_t i = p->next++;
        void (*fn)(void *, size_t, int) = p->fn;
        void *arg = p->arg;
        pthread_mutex_unlock(&p->monitor.mutex);
        fn(arg, i, worker);
        pthread_mutex_lock(&p->monitor.mutex);
        if (++p->done == p->count) {
            pthread_cond_broadcast(&p->monitor.cond);
        }
    }
}

static void *run(void *arg)
{
    struct worker *w = arg;
    struct mien_pool *p = w->pool;
    unsigned long seen = 0;
    pthread_mutex_lock(&p->monitor.mutex);
    for (;;) {
        while (!p->stop && p->generation == seen) {
            pthread_cond_wait(&p->monitor.cond, &p->monitor.mutex);
        }
        if (p->stop) {
            break;
        }
        seen = p->generation;
        work(p, w->index);
    }
    pthread_mutex_unlock(&p->monitor.mutex);
    return NULL;
}

struct mien_pool *mien_pool_create(int threads)
{
    struct mien_pool *p = mien_calloc(1, sizeof *p);
    if (!p) {
        return NULL;
    }
    p->threads = threads > 0 ? threads : mien_cpu_count();
    p->worker = mien_calloc((size_t)p->threads, sizeof *p->worker);
    if (!p->worker || !mien_monitor_init(&p->monitor)) {
        mien_free(p->worker);
        mien_free(p);
        return NULL;
    }
    for (int i = 1; i < p->threads; i++) {
        char name[32];
        snprintf(name, sizeof name, "mien-pool-%d", i);
        p->worker[i] = (struct worker){.pool = p, .index = i};
        name[15] = 0; // the kernel's limit
        if (!mien_thread_start(&p->worker[i].thread, name, run, &p->worker[i])) {
            mien_pool_destroy(p);
            return NULL;
        }
    }
    return p;
}

void mien_pool_destroy(struct mien_pool *p)
{
    if (!p) {
        return;
    }
    pthread_mutex_lock(&p->monitor.mutex);
    p->stop = true;
    pthread_cond_broadcast(&p->monitor.cond);
    pthread_mutex_unlock(&p->monitor.mutex);
    for (int i = 1; i < p->threads; i++) {
        mien_thread_join(&p->worker[i].thread);
    }
    mien_monitor_destroy(&p->monitor);
    mien_free(p->worker);
    mien_free(p);
}

int mien_pool_threads(const struct mien_pool *p)
{
    return p ? p->threads : 1;
}

void mien_pool_run(struct mien_pool *p, size_t count, void (*fn)(void *, size_t, int), void *arg)
{
    if (!p || p->threads == 1) {
        for (size_t i = 0; i < count; i++) {
            fn(arg, i, 0);
        }
        return;
    }
    pthread_mutex_lock(&p->monitor.mutex);
    p->fn = fn;
    p->arg = arg;
    p->count = count;
    p->next = p->done = 0;
    p->generation++;
    pthread_cond_broadcast(&p->monitor.cond);
    work(p, 0);
    while (p->done < p->count) {
        pthread_cond_wait(&p->monitor.cond, &p->monitor.mutex);
    }
    p->count = 0;
    p->next = 0;
    pthread_mutex_unlock(&p->monitor.mutex);
}

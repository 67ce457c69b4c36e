// pthread calls with names and absolute deadlines.
#include "base/thread.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

bool mien_thread_start(struct mien_thread *t, const char *name, void *(*run)(void *), void *arg)
{
    int rc = pthread_create(&t->id, NULL, run, arg);
    if (rc != 0) {
        mien_error("cannot start thread %s: %s", name, strerror(rc));
        return false;
    }
    t->started = true;
    pthread_setname_np(t->id, name);
    return true;
}

void mien_thread_join(struct mien_thread *t)
{
    if (t->started) {
        pthread_join(t->id, NULL);
        t->started = false;
    }
}

bool mien_monitor_init(struct mien_monitor *m)
{
    *m = (struct mien_monitor){0};
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0) {
        return false;
    }
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    bool ok = pthread_mutex_init(&m->mutex, NULL) == 0;
    if (ok && pthread_cond_init(&m->cond, &attr) != 0) {
        pthread_mutex_destroy(&m->mutex);
        ok = false;
    }
    pthread_condattr_destroy(&attr);
    m->ready = ok;
    return ok;
}

void mien_monitor_destroy(struct mien_monitor *m)
{
    if (m->ready) {
        pthread_cond_destroy(&m->cond);
        pthread_mutex_destroy(&m->mutex);
        m->ready = false;
    }
}

bool mien_monitor_wait(struct mien_monitor *m, int64_t deadline_ns)
{
    struct timespec t = {.tv_sec = deadline_ns / MIEN_NS_PER_S,
                         .tv_nsec = deadline_ns % MIEN_NS_PER_S};
    return pthread_cond_timedwait(&m->cond, &m->mutex, &t) != ETIMEDOUT;
}

int mien_cpu_count(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}

// Named threads and bounded waits over pthreads.
#ifndef MIEN_BASE_THREAD_H
#define MIEN_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct mien_thread {
    pthread_t id;
    bool started;
};

// name: at most 15 characters, shown by debuggers and top. False when the system refuses (logged).
bool mien_thread_start(struct mien_thread *t, const char *name, void *(*run)(void *), void *arg);
void mien_thread_join(struct mien_thread *t); // idempotent

// A mutex and a condition on CLOCK_MONOTONIC.
struct mien_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool ready;
};
bool mien_monitor_init(struct mien_monitor *m);
void mien_monitor_destroy(struct mien_monitor *m); // idempotent, accepts a zeroed object
// Waits for a signal or the deadline (CLOCK_MONOTONIC); false at the deadline. Mutex held.
bool mien_monitor_wait(struct mien_monitor *m, int64_t deadline_ns);

int mien_cpu_count(void); // usable cores, at least 1

#endif

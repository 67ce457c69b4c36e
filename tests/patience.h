// How tests treat time. What comes by itself is waited for as an event; a time is only a limit for
// what hangs, and so long that no busy machine reaches it. What takes too long is told by what the
// program does, not by the clock: by the processor time it uses, or by how often it waits.
#ifndef PATIENCE_H
#define PATIENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"

enum { PATIENCE_S = 600 };

static inline int64_t patience_ns(void)
{
    return mien_now_ns() + PATIENCE_S * MIEN_NS_PER_S;
}

// Processor time of this thread.
static inline int64_t used_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * MIEN_NS_PER_S + t.tv_nsec;
}

// How often this thread has given its processor away of its own accord: for others it does not.
static inline long waits(void)
{
    struct rusage u;
    getrusage(RUSAGE_THREAD, &u);
    return u.ru_nvcsw;
}

#endif

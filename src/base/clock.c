#include "base/clock.h"

#include <errno.h>
#include <time.h>

int64_t mien_now_ns(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * MIEN_NS_PER_S + t.tv_nsec;
}

void mien_sleep_until_ns(int64_t deadline_ns)
{
    if (deadline_ns <= 0) {
        return;
    }
    struct timespec t = {.tv_sec = deadline_ns / MIEN_NS_PER_S,
                         .tv_nsec = deadline_ns % MIEN_NS_PER_S};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
    }
}

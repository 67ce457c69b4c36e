// clock_gettime and clock_nanosleep with whole nanoseconds.
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

int64_t mien_process_age_ns(void)
{
    char text[1024];
    FILE *f = fopen("/proc/self/stat", "r");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    if (f) {
        fclose(f);
    }
    text[n] = 0;
    // Field 22; the second one, the name in brackets, may hold blanks (proc(5)).
    const char *p = strrchr(text, ')');
    for (int field = 2; p && field < 22; field++) {
        p = strchr(p + 1, ' ');
    }
    struct timespec now;
    long ticks = sysconf(_SC_CLK_TCK);
    if (!p || ticks <= 0 || clock_gettime(CLOCK_BOOTTIME, &now)) {
        return -1;
    }
    int64_t start = (int64_t)strtoull(p + 1, NULL, 10) * (MIEN_NS_PER_S / ticks);
    return (int64_t)now.tv_sec * MIEN_NS_PER_S + now.tv_nsec - start;
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * MIEN_NS_PER_S + t.tv_nsec;
}

int64_t mien_thread_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

int64_t mien_process_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

// Time: nanoseconds of CLOCK_MONOTONIC.
#ifndef MIEN_BASE_CLOCK_H
#define MIEN_BASE_CLOCK_H

#include <stdint.h>

int64_t mien_now_ns(void);
void mien_sleep_until_ns(int64_t deadline_ns); // for pacing only, never as synchronisation

#define MIEN_NS_PER_S 1000000000LL
#define MIEN_NS_PER_MS 1000000LL

// Time on the processor: of the calling thread, of the whole process.
int64_t mien_thread_cpu_ns(void);
int64_t mien_process_cpu_ns(void);

// Time since the process was started (exec and dynamic linking included; steps of 10 ms); -1 when
// /proc does not say.
int64_t mien_process_age_ns(void);

#endif

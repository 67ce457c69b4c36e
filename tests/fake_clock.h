// A clock of the test's own: sleeping moves it on. For programs that are linked with
// --wrap=mien_now_ns,--wrap=mien_sleep_until_ns.
#ifndef MIEN_TESTS_FAKE_CLOCK_H
#define MIEN_TESTS_FAKE_CLOCK_H

#include "base/clock.h"

static int64_t now = 7 * MIEN_NS_PER_S;

int64_t __wrap_mien_now_ns(void);
int64_t __wrap_mien_now_ns(void)
{
    return now;
}

void __wrap_mien_sleep_until_ns(int64_t deadline_ns);
void __wrap_mien_sleep_until_ns(int64_t deadline_ns)
{
    now = deadline_ns > now ? deadline_ns : now;
}

#endif

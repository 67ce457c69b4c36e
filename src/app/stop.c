// Signal handlers that only set a flag; a second signal ends the program as usual.
#include "app/stop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "base/mem.h"

// Set by the handler, read by any thread; handlers may touch atomics that need no lock.
static atomic_int asked, asked_s;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler sets these");

static int now_s(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int)t.tv_sec;
}

// Whether it is sent by somebody who may be tired of waiting. A terminal that goes away sends more
// than one SIGHUP, and a limit is met at every write.
static bool is_wish(int sig)
{
    return sig == SIGINT || sig == SIGTERM || sig == SIGQUIT;
}

static void on_signal(int sig)
{
    int was = errno; // of whatever is interrupted
    // The first two may be one: `timeout` and shells send SIGTERM to a process and to its group.
    if (asked && is_wish(sig) && now_s() - asked_s >= 2) {
        signal(sig, SIG_DFL);
        raise(sig);
    } else if (!asked) {
        asked_s = now_s();
        asked = 1;
    }
    errno = was;
}

void mien_stop_install(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ, SIGXCPU};
    struct sigaction act = {.sa_handler = on_signal}, old;
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < MIEN_COUNT(signals); i++) {
        // What nohup ignores stays ignored.
        if (signals[i] != SIGHUP || (!sigaction(SIGHUP, NULL, &old) && old.sa_handler != SIG_IGN)) {
            sigaction(signals[i], &act, NULL);
        }
    }
}

bool mien_stop_asked(void)
{
    return asked != 0;
}

const atomic_int *mien_stop_flag(void)
{
    return &asked;
}

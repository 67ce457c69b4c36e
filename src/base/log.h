// Logging to stderr. One line per event, level-prefixed, safe from any thread.
//
// Does not: rotate, buffer or write files. The per-frame path logs only state changes.
#ifndef MIEN_BASE_LOG_H
#define MIEN_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

enum mien_log_level { MIEN_LOG_DEBUG, MIEN_LOG_INFO, MIEN_LOG_WARN, MIEN_LOG_ERROR };

// Messages below `level` are dropped. Default: MIEN_LOG_INFO. Any thread.
void mien_log_set_level(enum mien_log_level level);

// printf-style; the newline is added. Say what happened, to what, and what to do about it.
void mien_log(enum mien_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

// From now on this thread's messages go nowhere but to `text`, which holds its last warning or
// error (cut to size, without prefix): for a library, which must not write to its host's stderr.
// NULL ends it. The memory stays the caller's.
void mien_log_capture(char *text, size_t size);

#define mien_debug(...) mien_log(MIEN_LOG_DEBUG, __VA_ARGS__)
#define mien_info(...) mien_log(MIEN_LOG_INFO, __VA_ARGS__)
#define mien_warn(...) mien_log(MIEN_LOG_WARN, __VA_ARGS__)
#define mien_error(...) mien_log(MIEN_LOG_ERROR, __VA_ARGS__)

// For our own bugs only; stays on in release builds. Files, cameras and arguments are checked
// instead.
#define MIEN_ASSERT(cond)                                                                     \
    do {                                                                                      \
        if (!(cond)) {                                                                        \
            mien_log(MIEN_LOG_ERROR, "%s:%d: internal error: %s", __FILE__, __LINE__, #cond); \
            abort();                                                                          \
        }                                                                                     \
    } while (0)

// A progress line for work longer than a second: redrawn on a terminal, a plain line every ten
// seconds elsewhere; shows rate and time left. Zero-initialise. One thread at a time.
struct mien_progress {
    const char *what; // "rendering", borrowed
    const char *unit; // "pictures", borrowed
    long long total;  // 0 = unknown
    long long start_ns, last_ns;
    long long start_done; // counted as done before this run (resume)
    bool drawn;
};
void mien_progress_begin(struct mien_progress *p, const char *what, const char *unit,
                         long long done, long long total);
// `extra` may be NULL, else appended ("loss 0.123").
void mien_progress_update(struct mien_progress *p, long long done, const char *extra);
void mien_progress_end(struct mien_progress *p, long long done);

#endif

// The level, the capture buffer and their lock are the only global state outside app/ and live/
// that changes.
#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

static _Atomic int threshold = MIEN_LOG_INFO;
static _Thread_local char *captured;
static _Thread_local size_t captured_size;

void mien_log_capture(char *text, size_t size)
{
    captured = size ? text : NULL;
    captured_size = size;
}

void mien_log_set_level(enum mien_log_level level)
{
    atomic_store(&threshold, (int)level);
}

void mien_log(enum mien_log_level level, const char *fmt, ...)
{
    static const char *const prefix[] = {
        "mien: debug: ", "mien: ", "mien: warning: ", "mien: error: "};
    if ((int)level < atomic_load(&threshold)) {
        return;
    }
    if (captured) {
        if (level >= MIEN_LOG_WARN) {
            va_list capture;
            va_start(capture, fmt);
            vsnprintf(captured, captured_size, fmt, capture);
            va_end(capture);
        }
        return;
    }
    // One write per line, so that lines of several threads do not mix.
    char line[1024];
    int n = snprintf(line, sizeof line, "%s", prefix[level]);
    va_list ap;
    va_start(ap, fmt);
    int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
    va_end(ap);
    if (m < 0) {
        return;
    }
    size_t end = (size_t)(n + m);
    if (end > sizeof line - 2) {
        end = sizeof line - 2;
    }
    line[end++] = '\n';
    fwrite(line, 1, end, stderr);
}

static void draw(struct mien_progress *p, long long done, const char *extra, bool terminal)
{
    double seconds = (double)(mien_now_ns() - p->start_ns) * 1e-9;
    double rate = seconds > 0 ? (double)(done - p->start_done) / seconds : 0;
    char line[256];
    int n = 0;
    if (p->total > 0) {
        n = snprintf(line, sizeof line, "%s: %lld of %lld %s, %.1f/s", p->what, done, p->total,
                     p->unit, rate);
        if (rate > 0) {
            long long left = (long long)((double)(p->total - done) / rate);
            n += snprintf(line + n, sizeof line - (size_t)n, ", %lld:%02lld left", left / 60,
                          left % 60);
        }
    } else {
        n = snprintf(line, sizeof line, "%s: %lld %s, %.1f/s", p->what, done, p->unit, rate);
    }
    if (extra && n < (int)sizeof line) {
        snprintf(line + n, sizeof line - (size_t)n, ", %s", extra);
    }
    if (!terminal) {
        fprintf(stderr, "%s\n", line);
        return;
    }
    struct winsize w = {0};
    int columns = ioctl(2, TIOCGWINSZ, &w) == 0 && w.ws_col > 1 ? w.ws_col - 1 : 79;
    fprintf(stderr, "\r%.*s\033[K", columns, line);
    fflush(stderr);
    p->drawn = true;
}

void mien_progress_begin(struct mien_progress *p, const char *what, const char *unit,
                         long long done, long long total)
{
    *p = (struct mien_progress){.what = what, .unit = unit, .total = total, .start_done = done};
    p->start_ns = p->last_ns = mien_now_ns();
}

void mien_progress_update(struct mien_progress *p, long long done, const char *extra)
{
    bool terminal = isatty(2);
    int64_t now = mien_now_ns();
    if (now - p->last_ns < (terminal ? 200 * MIEN_NS_PER_MS : 10 * MIEN_NS_PER_S)) {
        return;
    }
    p->last_ns = now;
    draw(p, done, extra, terminal);
}

void mien_progress_end(struct mien_progress *p, long long done)
{
    if (p->drawn) {
        draw(p, done, NULL, true);
        fputc('\n', stderr);
    } else if (mien_now_ns() - p->start_ns > MIEN_NS_PER_S) {
        draw(p, done, NULL, false);
    }
    p->drawn = false;
}

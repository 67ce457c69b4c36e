// Reads marks: words out of lines and OSC messages (OSC 1.0, Wright 2002), and lists of times.
//
// OSC is taken apart by liblo; what it is not asked to look at is checked here first, for packets
// come from anybody. Does not: know clips or the session.
#include "live/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/thread.h"
#include "late/osc.h"
#include "sink/net.h"

enum { LINE = 4096, MARKS_MOST = 100000, WAIT_MS = 100, OSC_PORT = 9000 };

void mien_mark_words(const char *from, size_t n, char text[MIEN_MARK_TEXT])
{
    char copy[LINE + 4] = ""; // ends in zeros: a sequence that is cut off is broken
    size_t used = 0, i = 0;
    n = strnlen(from, n < LINE ? n : LINE);
    memcpy(copy, from, n);
    while (i < n) {
        int length = mien_utf8_length(copy + i);
        bool control = length == 1 && ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f);
        size_t bytes = length > 0 && !control ? (size_t)length : 1;
        if (used + bytes >= MIEN_MARK_TEXT) {
            break;
        }
        bool blank = control || copy[i] == ' ';
        if (blank && used > 0 && text[used - 1] != ' ') {
            text[used++] = ' ';
        } else if (!blank) {
            memcpy(text + used, length ? copy + i : "?", bytes);
            used += bytes;
        }
        i += bytes;
    }
    while (used > 0 && text[used - 1] == ' ') {
        used--;
    }
    text[used] = 0;
}

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// A message whose address is one of ours.
static bool message_of(const char *data, size_t size, char text[MIEN_MARK_TEXT])
{
    size_t n = strnlen(data, size);
    if (n == size || (strcmp(data, "/mark") != 0 && strcmp(data, "/mien/mark") != 0)) {
        return false;
    }
    int result = 0;
    char *copy = mien_calloc(1, size); // liblo turns numbers round in place
    lo_message m = NULL;
    if (copy) {
        memcpy(copy, data, size);
        m = lo_message_deserialise(copy, size, &result);
    }
    if (m) {
        const char *types = lo_message_get_types(m);
        lo_arg **argv = lo_message_get_argv(m);
        char number[64] = "";
        const char *said = number;
        switch (lo_message_get_argc(m) > 0 ? types[0] : 0) {
        case LO_STRING:
        case LO_SYMBOL:
            said = &argv[0]->s;
            break;
        case LO_INT32:
            snprintf(number, sizeof(number), "%d", (int)argv[0]->i);
            break;
        case LO_INT64:
            snprintf(number, sizeof(number), "%lld", (long long)argv[0]->h);
            break;
        case LO_FLOAT:
            snprintf(number, sizeof(number), "%g", (double)argv[0]->f);
            break;
        case LO_DOUBLE:
            snprintf(number, sizeof(number), "%g", argv[0]->d);
            break;
        default: // no words, or of a kind that says none
            break;
        }
        mien_mark_words(said, strlen(said), text);
        lo_message_free(m);
    }
    mien_free(copy);
    return m != NULL;
}

bool mien_mark_of_osc(const void *data, size_t size, char text[MIEN_MARK_TEXT])
{
    const unsigned char *p = data, *end = p + size;
    if (!mien_osc_load(NULL)) {
        return false; // said when the feed was opened
    }
    if (size < 16 || memcmp(p, "#bundle", 8) != 0) {
        return size > 0 && message_of(data, size, text);
    }
    for (p += 16; end - p >= 4;) { // after its time tag
        size_t n = big_endian(p);
        p += 4;
        if (n > (size_t)(end - p) || n == 0) {
            return false;
        }
        if (message_of((const char *)p, n, text)) {
            return true;
        }
        p += n;
    }
    return false;
}

struct mien_mark_feed {
    int fd;
    char *pipe;    // owned; the path of a pipe that others open by name; NULL: another kind
    bool osc, own; // own: fd is to be closed
    mien_mark_fn take;
    void *arg;
    atomic_bool stop;
    struct mien_thread thread;
    char line[LINE];
    size_t used;
};

static void say(struct mien_mark_feed *f, const char *words, size_t n, int64_t now)
{
    char text[MIEN_MARK_TEXT];
    mien_mark_words(words, n, text);
    f->take(f->arg, text, now);
}

// What has come of a pipe: whole lines are marks. A line that is too long is one when it is full,
// and its rest another.
static void split_lines(struct mien_mark_feed *f, int64_t now)
{
    char *end;
    while (f->used && ((end = memchr(f->line, '\n', f->used)) || f->used == sizeof(f->line))) {
        size_t n = end ? (size_t)(end - f->line) : f->used, gone = n + (end != NULL);
        say(f, f->line, n, now);
        memmove(f->line, f->line + gone, f->used - gone);
        f->used -= gone;
    }
}

// Whoever wrote has closed: what they left is a line, and the next one to write may come. False:
// nobody can.
static bool wait_for_next(struct mien_mark_feed *f, int64_t now)
{
    if (f->used) { // a last line needs no end
        say(f, f->line, f->used, now);
        f->used = 0;
    }
    // Opened anew, before the old one is closed so that nothing is lost: poll waits again then.
    int fd = f->pipe ? open(f->pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    if (fd >= 0) {
        close(f->fd);
        f->fd = fd;
    }
    return fd >= 0;
}

static void *run_feed(void *arg)
{
    struct mien_mark_feed *f = arg;
    while (!f->stop) {
        struct pollfd p = {.fd = f->fd, .events = POLLIN};
        if (poll(&p, 1, WAIT_MS) <= 0) {
            continue;
        }
        int64_t now = mien_now_ns();
        char text[MIEN_MARK_TEXT];
        ssize_t n = read(f->fd, f->line + f->used, sizeof(f->line) - f->used);
        if (f->osc) {
            if (n > 0 && mien_mark_of_osc(f->line, (size_t)n, text)) {
                f->take(f->arg, text, now);
            }
        } else if (n > 0) {
            f->used += (size_t)n;
            split_lines(f, now);
        } else if ((n == 0 || (errno != EAGAIN && errno != EINTR)) && !wait_for_next(f, now)) {
            break;
        }
    }
    return NULL;
}

static bool open_osc(struct mien_mark_feed *f, const char *where)
{
    struct mien_address a;
    struct mien_why why;
    if (!mien_address_parse(where, "127.0.0.1", OSC_PORT, &a, &why)) {
        mien_error("--marks osc:%s: %s", where, why.text);
        return false;
    }
    if (!mien_osc_load(&why)) {
        mien_error("--marks osc: %s", why.text);
        return false;
    }
    f->osc = f->own = true;
    return mien_udp_listen(&f->fd, "--marks", &a);
}

static bool open_pipe(struct mien_mark_feed *f, const char *path)
{
    struct stat st;
    if (stat(path, &st)) {
        mien_error("--marks %s: %s; mkfifo makes a pipe", path, strerror(errno));
        return false;
    }
    if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)) {
        mien_error("--marks %s is not a pipe: lines with times are for mien video; for the live "
                   "program make a pipe (mkfifo), or use - or osc",
                   path);
        return false;
    }
    bool named = S_ISFIFO(st.st_mode);
    f->pipe = named ? mien_copy_text(path) : NULL;
    f->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    f->own = true;
    if (f->fd < 0) {
        mien_error("--marks %s: %s", path, strerror(errno));
    }
    return f->fd >= 0;
}

struct mien_mark_feed *mien_mark_feed_open(const char *from, mien_mark_fn take, void *arg)
{
    struct mien_mark_feed *f = mien_calloc(1, sizeof(*f));
    if (!f) {
        return NULL;
    }
    f->fd = -1;
    f->take = take;
    f->arg = arg;
    bool osc = !strncmp(from, "osc", 3) && (!from[3] || from[3] == ':');
    bool ok = true;
    if (osc) {
        ok = open_osc(f, from[3] ? from + 4 : "");
    } else if (strcmp(from, "-") != 0) {
        ok = open_pipe(f, from);
    } else {
        f->fd = STDIN_FILENO;
    }
    if (!ok || !mien_thread_start(&f->thread, "mien-marks", run_feed, f)) {
        mien_mark_feed_close(f);
        return NULL;
    }
    return f;
}

void mien_mark_feed_close(struct mien_mark_feed *f)
{
    if (!f) {
        return;
    }
    f->stop = true;
    mien_thread_join(&f->thread);
    if (f->own && f->fd >= 0) {
        close(f->fd);
    }
    mien_free(f->pipe);
    mien_free(f);
}

static int by_time(const void *a, const void *b)
{
    const struct mien_listed_mark *m = a, *n = b;
    return m->at_s < n->at_s ? -1 : m->at_s > n->at_s ? 1 : m->line - n->line;
}

// One line of n bytes; false: it is neither a mark nor a comment.
static bool list_line(struct mien_mark_list *l, const char *line, size_t n, int number)
{
    char text[LINE];
    snprintf(text, sizeof(text), "%.*s", (int)(n < LINE ? n : LINE - 1), line);
    char *rest = text + strspn(text, " \t\r");
    if (!*rest || *rest == '#') {
        return true;
    }
    double at = strtod(rest, &rest);
    bool number_ends = *rest == ' ' || *rest == '\t' || *rest == ',' || *rest == '\r' || !*rest;
    if (rest == text || !number_ends || !isfinite(at) || at < 0) {
        return false;
    }
    struct mien_listed_mark *m = &l->mark[l->count++];
    m->at_s = at;
    m->line = number;
    rest += *rest == ',';
    mien_mark_words(rest, strlen(rest), m->text);
    return true;
}

bool mien_mark_list_read(struct mien_mark_list *l, const char *path)
{
    size_t size, lines = 1;
    char *data = mien_file_read(path, 16 << 20, &size);
    if (!data) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n';
    }
    *l = (struct mien_mark_list){0};
    bool ok = lines <= MARKS_MOST;
    if (!ok) {
        mien_error("%s: more than %d lines are too many marks", path, MARKS_MOST);
    }
    l->mark = ok ? mien_calloc(lines, sizeof(*l->mark)) : NULL;
    ok = l->mark != NULL;
    int number = 1;
    for (const char *p = data; ok && p < data + size; number++) {
        const char *end = memchr(p, '\n', (size_t)(data + size - p));
        size_t n = end ? (size_t)(end - p) : (size_t)(data + size - p);
        ok = list_line(l, p, n, number);
        if (!ok) {
            mien_error("%s:%d: a mark is written \"12.5 its words\", the seconds since the first "
                       "frame first",
                       path, number);
        }
        p += n + 1;
    }
    mien_free(data);
    if (!ok) {
        mien_mark_list_destroy(l);
        return false;
    }
    qsort(l->mark, (size_t)l->count, sizeof(*l->mark), by_time);
    return true;
}

void mien_mark_list_set(struct mien_mark_list *l, struct mien_result *r)
{
    if (!l->begun) {
        l->begun = true;
        l->first_ns = r->times.capture_ns;
    }
    const struct mien_listed_mark *m = &l->mark[l->next];
    double since_s = (double)(r->times.capture_ns - l->first_ns) * 1e-9;
    if (l->next == l->count || m->at_s > since_s + 1e-6) {
        return;
    }
    r->mark = ++l->next;
    r->mark_ns = l->first_ns + (int64_t)llrint(m->at_s * 1e9);
    memcpy(r->mark_text, m->text, sizeof(r->mark_text));
}

void mien_mark_list_destroy(struct mien_mark_list *l)
{
    mien_free(l->mark);
    *l = (struct mien_mark_list){0};
}

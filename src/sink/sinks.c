// Parses lists of outputs against the table of kinds and opens them.
#include "sink/sinks.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "sink/net.h"

#define ROW(name) &mien_sink_kind_##name,
static const struct mien_sink_kind *const kinds[] = {MIEN_SINK_KINDS(ROW)};
enum { KINDS = (int)MIEN_COUNT(kinds) };

const struct mien_sink_kind *mien_sink_kind_at(int i)
{
    return i >= 0 && i < KINDS ? kinds[i] : NULL;
}

const struct mien_sink_kind *mien_sink_kind_of(const char *spec)
{
    size_t n = strcspn(spec, ":,");
    for (int i = 0; i < KINDS; i++) {
        if (strlen(kinds[i]->name) == n && !strncmp(kinds[i]->name, spec, n)) {
            return kinds[i];
        }
    }
    return NULL;
}

enum mien_traffic mien_sink_traffic(const char *spec)
{
    const struct mien_sink_kind *k = mien_sink_kind_of(spec);
    return k ? k->traffic : MIEN_TRAFFIC_NETWORK;
}

// Appends to text, which holds size bytes; what does not fit is cut.
static void append(char *text, size_t size, const char *separator, const char *what)
{
    size_t n = strlen(text);
    snprintf(text + n, size - n, "%s%s", separator, what);
}

const char *mien_sinks_help(char text[MIEN_SINKS_HELP_SIZE])
{
    snprintf(text, MIEN_SINKS_HELP_SIZE, "where results go, several with commas:");
    for (int i = 0; i < KINDS; i++) {
        append(text, MIEN_SINKS_HELP_SIZE, i ? ", " : " ", kinds[i]->help);
    }
    return text;
}

struct spec {
    const struct mien_sink_kind *kind; // NULL: there is none of this name
    char name[16], arg[1024];
    bool cut; // did not fit
};

// Takes the next "kind[:arg]" off *text; false at the end.
static bool next_spec(const char **text, struct spec *s)
{
    if (!*text || !**text) {
        return false;
    }
    size_t n = strcspn(*text, ","), k = strcspn(*text, ":,");
    size_t arg = k < n ? n - k - 1 : 0;
    s->cut = k >= sizeof(s->name) || arg >= sizeof(s->arg);
    snprintf(s->name, sizeof(s->name), "%.*s", (int)k, *text);
    snprintf(s->arg, sizeof(s->arg), "%.*s", (int)arg, *text + k + 1);
    s->kind = mien_sink_kind_of(*text);
    *text += n + ((*text)[n] == ',');
    return true;
}

// NULL when nothing is wrong; text: for what has to be put together.
static const char *wrong(const struct spec *s, char *text, size_t size)
{
    if (!s->kind) {
        snprintf(text, size, "there is no such output; there are");
        for (int i = 0; i < KINDS; i++) {
            append(text, size, i ? ", " : " ", kinds[i]->name);
        }
        return text;
    }
    const char *reason = NULL, *arg = s->arg;
    struct mien_address a;
    switch (s->kind->argument) {
    case MIEN_SINK_NONE:
        return arg[0] ? "this output takes no argument" : NULL;
    case MIEN_SINK_FILE_OR_STDOUT:
        return NULL;
    case MIEN_SINK_FILE:
        return !arg[0] || !strcmp(arg, "-") ? "this output needs a file's name" : NULL;
    case MIEN_SINK_DEVICE:
        return arg[0] ? NULL : "this output needs a device, such as loopback:/dev/video10";
    case MIEN_SINK_ADDRESS_OR_TARGET:
        arg += !strncmp(arg, "to=", 3) ? 3 : 0;
        break;
    case MIEN_SINK_ADDRESS:
        break;
    }
    return mien_address_parse(arg, "", 1, &a, &reason) ? NULL : reason;
}

bool mien_sinks_check(const char *list, const char **reason)
{
    static _Thread_local char text[400];
    char found[300];
    struct spec s;
    int n = 0;
    *reason = NULL;
    while (next_spec(&list, &s)) {
        const char *why =
            s.cut && s.kind ? "the argument is too long" : wrong(&s, found, sizeof(found));
        if (why) {
            snprintf(text, sizeof(text), "%s%s%.60s: %s", s.name, s.arg[0] ? ":" : "", s.arg, why);
            *reason = text;
            return false;
        }
        if (++n > MIEN_SINKS_MAX) {
            *reason = "at most 16 outputs";
            return false;
        }
    }
    return true;
}

static const char *path_or_stdout(const struct spec *s)
{
    return s->arg[0] ? s->arg : "-";
}

bool mien_sinks_use_stdout(const char *list)
{
    struct spec s;
    while (next_spec(&list, &s)) {
        if (s.kind && s.kind->argument == MIEN_SINK_FILE_OR_STDOUT &&
            !strcmp(path_or_stdout(&s), "-")) {
            return true;
        }
    }
    return false;
}

bool mien_sinks_next_file(const char **list, char kind[16], char path[1024])
{
    struct spec s;
    while (next_spec(list, &s)) {
        enum mien_sink_argument a = s.kind ? s.kind->argument : MIEN_SINK_NONE;
        bool named = (a == MIEN_SINK_FILE || a == MIEN_SINK_DEVICE) && s.arg[0];
        if (a == MIEN_SINK_FILE_OR_STDOUT || named) {
            snprintf(kind, sizeof(s.name), "%s", s.name);
            snprintf(path, sizeof(s.arg), "%s", path_or_stdout(&s));
            return true;
        }
    }
    return false;
}

bool mien_sinks_need_pictures(const char *list)
{
    struct spec s;
    while (next_spec(&list, &s)) {
        if (s.kind && s.kind->wants_pictures) {
            return true;
        }
    }
    return false;
}

struct mien_sink *mien_sink_open(const char *kind, const char *arg,
                                 const struct mien_sink_context *c)
{
    static const struct mien_sink_context none = {0};
    const struct mien_sink_kind *k = mien_sink_kind_of(kind);
    MIEN_ASSERT(k);
    return k->open(arg, c ? c : &none);
}

bool mien_sinks_open(const char *list, const struct mien_sink_context *c,
                     struct mien_sink *sink[MIEN_SINKS_MAX], int *count)
{
    const char *reason;
    struct spec s;
    *count = 0;
    if (!mien_sinks_check(list, &reason)) {
        mien_error("%s", reason);
        return false;
    }
    while (next_spec(&list, &s)) {
        bool may_be_stdout = s.kind->argument == MIEN_SINK_FILE_OR_STDOUT;
        sink[*count] = s.kind->open(may_be_stdout ? path_or_stdout(&s) : s.arg, c);
        if (!sink[*count]) {
            while (*count > 0) {
                mien_sink_close(sink[--*count]);
            }
            return false;
        }
        ++*count;
    }
    return true;
}

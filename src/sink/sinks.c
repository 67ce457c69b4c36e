// Parses lists of outputs against the table of kinds and opens them.
#include "sink/sinks.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define ROW(name, argument, port, traffic, help, what, example)               \
    {#name,   MIEN_SINK_##argument, port, MIEN_TRAFFIC_##traffic, help, what, \
     example, &mien_sink_##name},
static const struct mien_sink_kind kinds[] = {MIEN_SINK_KINDS(ROW)};
enum { KINDS = (int)MIEN_COUNT(kinds) };

const struct mien_sink_kind *mien_sink_kind_at(int i)
{
    return i >= 0 && i < KINDS ? &kinds[i] : NULL;
}

const struct mien_sink_kind *mien_sink_kind_of(const char *spec)
{
    size_t n = strcspn(spec, ":,");
    for (int i = 0; i < KINDS; i++) {
        if (strlen(kinds[i].name) == n && !strncmp(kinds[i].name, spec, n)) {
            return &kinds[i];
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
    snprintf(text, MIEN_SINKS_HELP_SIZE, "where results go, several separated by commas:");
    for (int i = 0; i < KINDS; i++) {
        append(text, MIEN_SINKS_HELP_SIZE, i ? ", " : " ", kinds[i].help);
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

static const char *path_or_stdout(const struct spec *s)
{
    return s->arg[0] ? s->arg : "-";
}

// The text of *to lies in s.
static bool read_target(const struct spec *s, struct mien_sink_target *to, struct mien_why *why)
{
    *to = (struct mien_sink_target){.path = s->arg};
    if (!s->kind) {
        mien_explain(why, "there is no such output; there are");
        for (int i = 0; i < KINDS; i++) {
            mien_explain_more(why, "%s %s", i ? "," : "", kinds[i].name);
        }
        return false;
    }
    if (s->cut) {
        return mien_explain(why, "the argument is too long");
    }
    const char *arg = s->arg;
    switch (s->kind->argument) {
    case MIEN_SINK_NONE:
        return !arg[0] || mien_explain(why, "this output takes no argument");
    case MIEN_SINK_FILE_OR_STDOUT:
        to->path = path_or_stdout(s);
        return true;
    case MIEN_SINK_FILE:
        return (arg[0] && strcmp(arg, "-") != 0) ||
               mien_explain(why, "this output needs a file's name");
    case MIEN_SINK_DEVICE:
        return arg[0] ||
               mien_explain(why, "this output needs a device, such as loopback:/dev/video10");
    case MIEN_SINK_ADDRESS_OR_TARGET:
        to->unasked = !strncmp(arg, "to=", 3);
        arg += to->unasked ? 3 : 0;
        break;
    case MIEN_SINK_ADDRESS:
        break;
    }
    return mien_address_parse(arg, "127.0.0.1", s->kind->port, &to->address, why);
}

// The same, and *why begins with what was asked for.
static bool check(const struct spec *s, struct mien_sink_target *to, struct mien_why *why)
{
    struct mien_why what;
    if (read_target(s, to, &what)) {
        return true;
    }
    return mien_explain(why, "%s%s%.60s: %s", s->name, s->arg[0] ? ":" : "", s->arg, what.text);
}

bool mien_sinks_check(const char *list, struct mien_why *why)
{
    struct mien_sink_target to;
    struct spec s;
    int n = 0;
    while (next_spec(&list, &s)) {
        if (!check(&s, &to, why)) {
            return false;
        }
        if (++n > MIEN_SINKS_MAX) {
            return mien_explain(why, "at most %d outputs", (int)MIEN_SINKS_MAX);
        }
    }
    return true;
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
        if (s.kind && s.kind->type->wants_pictures) {
            return true;
        }
    }
    return false;
}

// NULL on failure (logged).
static struct mien_sink *open_one(const struct spec *s, const struct mien_sink_context *c)
{
    static const struct mien_sink_context none = {0};
    struct mien_sink_target to;
    struct mien_why why;
    if (!check(s, &to, &why)) {
        mien_error("%s", why.text);
        return NULL;
    }
    struct mien_sink *sink = mien_sink_create(s->kind->type);
    if (sink && !s->kind->type->open(sink, &to, c ? c : &none)) {
        mien_free(sink);
        return NULL;
    }
    return sink;
}

struct mien_sink *mien_sink_open(const char *kind, const char *arg,
                                 const struct mien_sink_context *c)
{
    struct spec s = {.kind = mien_sink_kind_of(kind)};
    MIEN_ASSERT(s.kind);
    snprintf(s.name, sizeof(s.name), "%s", kind);
    s.cut = snprintf(s.arg, sizeof(s.arg), "%s", arg) >= (int)sizeof(s.arg);
    return open_one(&s, c);
}

bool mien_sinks_open(const char *list, const struct mien_sink_context *c,
                     struct mien_sink *sink[MIEN_SINKS_MAX], int *count)
{
    struct mien_why why;
    struct spec s;
    *count = 0;
    if (!mien_sinks_check(list, &why)) {
        mien_error("%s", why.text);
        return false;
    }
    while (next_spec(&list, &s)) {
        sink[*count] = open_one(&s, c);
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

#include "out/sinks.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "out/net.h"

enum argument { ARG_NONE, ARG_FILE, ARG_FILE_OR_STDOUT, ARG_ADDRESS, ARG_DEVICE };
enum kind {
    KIND_JSONL,
    KIND_CSV,
    KIND_MD5,
    KIND_NULL,
    KIND_OPENFACE,
    KIND_MEDIAPIPE,
    KIND_TAKE,
    KIND_GLTF,
    KIND_VMC,
    KIND_OSF,
    KIND_LIVELINK,
    KIND_IFACIALMOCAP,
    KIND_FACECAP,
    KIND_OPENTRACK,
    KIND_WS,
    KIND_LOOPBACK,
    KIND_REPORT,
    KINDS
};
static const struct {
    const char *name;
    enum argument argument;
} kinds[KINDS] = {
    [KIND_JSONL] = {"jsonl", ARG_FILE_OR_STDOUT},
    [KIND_CSV] = {"csv", ARG_FILE_OR_STDOUT},
    [KIND_MD5] = {"md5", ARG_FILE_OR_STDOUT},
    [KIND_NULL] = {"null", ARG_NONE},
    [KIND_OPENFACE] = {"openface", ARG_FILE_OR_STDOUT},
    [KIND_MEDIAPIPE] = {"mediapipe", ARG_FILE_OR_STDOUT},
    [KIND_TAKE] = {"livelinkcsv", ARG_FILE_OR_STDOUT},
    [KIND_GLTF] = {"gltf", ARG_FILE},
    [KIND_VMC] = {"vmc", ARG_ADDRESS},
    [KIND_OSF] = {"osf", ARG_ADDRESS},
    [KIND_LIVELINK] = {"livelink", ARG_ADDRESS},
    [KIND_IFACIALMOCAP] = {"ifacialmocap", ARG_ADDRESS},
    [KIND_FACECAP] = {"facecap", ARG_ADDRESS},
    [KIND_OPENTRACK] = {"opentrack", ARG_ADDRESS},
    [KIND_WS] = {"ws", ARG_ADDRESS},
    [KIND_LOOPBACK] = {"loopback", ARG_DEVICE},
    [KIND_REPORT] = {"report", ARG_FILE},
};

struct spec {
    int kind; // -1: there is none of this name
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
    *text += n + ((*text)[n] == ',');
    s->kind = -1;
    for (int i = 0; i < KINDS && !s->cut; i++) {
        s->kind = strcmp(kinds[i].name, s->name) ? s->kind : i;
    }
    return true;
}

static const char *wrong(const struct spec *s)
{
    if (s->kind < 0) {
        return "there is no such output; there are jsonl, csv, md5, null, openface, mediapipe, "
               "livelinkcsv, gltf, vmc, osf, livelink, ifacialmocap, facecap, opentrack, ws, "
               "loopback, report";
    }
    const char *reason = NULL, *arg = s->arg;
    struct mien_address a;
    switch (kinds[s->kind].argument) {
    case ARG_NONE:
        return arg[0] ? "this output takes no argument" : NULL;
    case ARG_FILE_OR_STDOUT:
        return NULL;
    case ARG_FILE:
        return !arg[0] || !strcmp(arg, "-") ? "this output needs a file's name" : NULL;
    case ARG_DEVICE:
        return arg[0] ? NULL : "this output needs a device, such as loopback:/dev/video10";
    default:
        arg += s->kind == KIND_IFACIALMOCAP && !strncmp(arg, "to=", 3) ? 3 : 0;
        return mien_address_parse(arg, "", 1, &a, &reason) ? NULL : reason;
    }
}

bool mien_sinks_check(const char *list, const char **reason)
{
    static _Thread_local char text[400];
    struct spec s;
    int n = 0;
    *reason = NULL;
    while (next_spec(&list, &s)) {
        const char *why = s.cut && s.kind >= 0 ? "the argument is too long" : wrong(&s);
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
        if (s.kind >= 0 && kinds[s.kind].argument == ARG_FILE_OR_STDOUT &&
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
        enum argument a = s.kind >= 0 ? kinds[s.kind].argument : ARG_NONE;
        if (a == ARG_FILE_OR_STDOUT || ((a == ARG_FILE || a == ARG_DEVICE) && s.arg[0])) {
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
        if (s.kind == KIND_LOOPBACK) {
            return true;
        }
    }
    return false;
}

static struct mien_sink *open_one(const struct spec *s, const struct mien_sink_context *c)
{
    switch (s->kind) {
    case KIND_JSONL:
        return mien_sink_jsonl(path_or_stdout(s));
    case KIND_CSV:
        return mien_sink_csv(path_or_stdout(s));
    case KIND_MD5:
        return mien_sink_md5(path_or_stdout(s));
    case KIND_OPENFACE:
        return mien_sink_openface(path_or_stdout(s), c->model);
    case KIND_MEDIAPIPE:
        return mien_sink_mediapipe(path_or_stdout(s), c->model);
    case KIND_TAKE:
        return mien_sink_livelink_csv(path_or_stdout(s), c->frames_per_s);
    case KIND_GLTF:
        return mien_sink_gltf(s->arg, c->model);
    case KIND_VMC:
        return mien_sink_vmc(s->arg);
    case KIND_OSF:
        return mien_sink_osf(s->arg, c->model);
    case KIND_LIVELINK:
        return mien_sink_livelink(s->arg, c->frames_per_s);
    case KIND_IFACIALMOCAP:
        return mien_sink_ifacialmocap(s->arg);
    case KIND_FACECAP:
        return mien_sink_facecap(s->arg);
    case KIND_OPENTRACK:
        return mien_sink_opentrack(s->arg);
    case KIND_WS:
        return mien_sink_ws(s->arg, c->model);
    case KIND_LOOPBACK:
        return mien_sink_loopback(s->arg, c->frames_per_s, c->model);
    case KIND_REPORT:
        return mien_sink_report(s->arg, c);
    default:
        return mien_sink_null();
    }
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

// A still picture, or a folder of them in natural order, as a source.
//
// Not looped, each picture is one frame. Looped, a still picture repeats and a folder starts again.
// Broken pictures of a folder are skipped and counted. Does not: look into subfolders.
#include "source/internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

struct stills {
    char **path;
    size_t count, next;
    size_t broken;        // since the last good one
    struct mien_image im; // of path[loaded]
    size_t loaded;        // count: none
    struct pace pace;
    int64_t media_ns, period_ns;
};

static void free_paths(struct stills *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->path[i]);
    }
    free(t->path);
}

static void close_stills(struct mien_source *s)
{
    struct stills *t = s->self;
    free_paths(t);
    mien_image_destroy(&t->im);
    mien_free(t);
    s->self = NULL;
}

static enum mien_source_status read_stills(struct mien_source *s, struct mien_payload *p,
                                           int64_t deadline_ns)
{
    struct stills *t = s->self;
    for (;;) {
        if (t->next == t->count) {
            if (!s->options.loop) {
                return MIEN_SOURCE_END;
            }
            t->next = 0;
        }
        if (t->loaded != t->next) {
            mien_image_destroy(&t->im);
            t->loaded = t->count;
            if (!mien_image_load_to_search(t->path[t->next], &t->im)) {
                mien_source_count(s, 0, 1, 1, 0);
                t->next++;
                if (++t->broken >= t->count) {
                    mien_source_say(s, "%s: no picture could be read", s->info.name);
                    return MIEN_SOURCE_FAILED;
                }
                continue;
            }
            t->loaded = t->next;
            t->broken = 0;
        }
        int64_t due = mien_now_ns();
        if (s->options.realtime) {
            enum mien_source_status st =
                mien_pace(s, &t->pace, t->media_ns, t->period_ns, false, deadline_ns, &due);
            if (st != MIEN_SOURCE_OK) {
                return st;
            }
        }
        if (!mien_payload_set_rgb(s, p, &t->im)) {
            return MIEN_SOURCE_FAILED;
        }
        p->capture_ns = due;
        p->media_ns = t->media_ns;
        t->media_ns += t->period_ns;
        t->next++;
        return MIEN_SOURCE_OK;
    }
}

static const struct source_ops stills_ops = {read_stills, close_stills};

// Runs of digits compare by value: "a2" before "a10".
static int natural(const char *a, const char *b)
{
    while (*a && *b) {
        if (*a >= '0' && *a <= '9' && *b >= '0' && *b <= '9') {
            while (*a == '0' && a[1] >= '0' && a[1] <= '9') {
                a++;
            }
            while (*b == '0' && b[1] >= '0' && b[1] <= '9') {
                b++;
            }
            size_t na = strspn(a, "0123456789"), nb = strspn(b, "0123456789");
            int d = na != nb ? (na < nb ? -1 : 1) : strncmp(a, b, na);
            if (d) {
                return d;
            }
            a += na;
            b += nb;
        } else {
            if (*a != *b) {
                return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
            }
            a++;
            b++;
        }
    }
    return *a ? 1 : *b ? -1 : 0;
}

static int compare(const void *a, const void *b)
{
    const char *p = *(char *const *)a, *q = *(char *const *)b;
    int d = natural(p, q);
    return d ? d : strcmp(p, q);
}

static bool is_picture_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot &&
           (!strcasecmp(dot, ".png") || !strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg"));
}

static bool list_folder(struct stills *t, const char *path, struct mien_why *why)
{
    DIR *d = opendir(path);
    if (!d) {
        return mien_explain(why, "%s: the folder cannot be read: %s", path, strerror(errno));
    }
    size_t room = 0;
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d));) {
        if (!is_picture_name(e->d_name)) {
            continue;
        }
        if (t->count == room) {
            room = room ? 2 * room : 64;
            char **more = mien_realloc_array(t->path, room, sizeof *more);
            ok = more != NULL;
            t->path = ok ? more : t->path;
        }
        size_t slash = strlen(path);
        const char *sep = slash && path[slash - 1] == '/' ? "" : "/";
        ok = ok && asprintf(&t->path[t->count], "%s%s%s", path, sep, e->d_name) >= 0;
        t->count += ok;
    }
    closedir(d);
    if (!ok) {
        return mien_explain(why, "%s: out of memory", path);
    }
    if (!t->count) {
        return mien_explain(why, "%s: the folder holds no .jpg, .jpeg or .png", path);
    }
    qsort(t->path, t->count, sizeof *t->path, compare);
    return true;
}

bool mien_stills_files(const char *folder, bool (*each)(void *arg, const char *path), void *arg)
{
    struct stills t = {0};
    bool ok = true;
    if (list_folder(&t, folder, NULL)) {
        for (size_t i = 0; ok && i < t.count; i++) {
            ok = each(arg, t.path[i]);
        }
    }
    free_paths(&t);
    return ok;
}

bool mien_stills_open(struct mien_source *s, const char *path, bool folder, struct mien_why *why)
{
    struct stills *t = mien_calloc(1, sizeof *t);
    if (!t) {
        return mien_explain(why, "out of memory");
    }
    s->self = t;
    s->ops = &stills_ops;
    double fps = s->options.fps > 0 ? s->options.fps : 30;
    t->period_ns = (int64_t)(1e9 / fps);
    if (folder) {
        if (!list_folder(t, path, why)) {
            return false;
        }
    } else {
        t->path = mien_realloc_array(NULL, 1, sizeof *t->path);
        if (!t->path || !(t->path[0] = strdup(path))) {
            return mien_explain(why, "out of memory");
        }
        t->count = 1;
    }
    // The first readable one tells the size.
    size_t first = 0;
    while (first < t->count && !mien_image_load_to_search(t->path[first], &t->im)) {
        first++;
    }
    if (first == t->count) {
        return mien_explain(why, "%s: no picture could be read", path);
    }
    t->loaded = first;
    s->info.width = t->im.width;
    s->info.height = t->im.height;
    s->info.fps = fps;
    s->info.frames = (int64_t)t->count;
    snprintf(s->info.kind, sizeof s->info.kind, folder ? "folder" : "picture");
    snprintf(s->info.name, sizeof s->info.name, "%s", path);
    snprintf(s->info.format, sizeof s->info.format, "RGB");
    return true;
}

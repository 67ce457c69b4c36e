// Learns, applies and stores a range. Does not decide when (the session does).
#include "track/profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/save.h"
#include "base/text.h"

static const double rest_s = 4, all_s = 10;
static const float moved = 0.15f; // less is no movement

void mien_profile_begin(struct mien_profile *p)
{
    *p = (struct mien_profile){.phase = MIEN_PROFILE_REST};
}

static void finish(struct mien_profile *p)
{
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        if (p->high[i] - p->neutral[i] < moved) {
            p->high[i] = 1;
        }
    }
    p->phase = MIEN_PROFILE_READY;
}

void mien_profile_feed(struct mien_profile *p, const float b[MIEN_BLENDSHAPES], double t)
{
    if (p->phase != MIEN_PROFILE_REST && p->phase != MIEN_PROFILE_RANGE) {
        return;
    }
    if (p->frames == 0 || t < p->begin_s) {
        p->begin_s = t;
    }
    double passed = t - p->begin_s;
    if (p->phase == MIEN_PROFILE_REST && passed >= rest_s && p->frames >= 10) {
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            p->neutral[i] = fminf(0.9f, (float)(p->sum[i] / p->frames));
            p->high[i] = p->neutral[i];
            p->last[0][i] = p->last[1][i] = p->neutral[i];
        }
        p->phase = MIEN_PROFILE_RANGE;
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        float v = isfinite(b[i]) ? fminf(1, fmaxf(0, b[i])) : 0;
        p->sum[i] += v;
        // The middle of three: a single odd frame is no range.
        float middle = fmaxf(fminf(p->last[0][i], p->last[1][i]),
                             fminf(fmaxf(p->last[0][i], p->last[1][i]), v));
        if (p->phase == MIEN_PROFILE_RANGE) {
            p->high[i] = fmaxf(p->high[i], middle);
        }
        p->last[0][i] = p->last[1][i];
        p->last[1][i] = v;
    }
    p->frames++;
    if (p->phase == MIEN_PROFILE_RANGE && passed >= all_s) {
        finish(p);
    }
}

void mien_profile_apply(const struct mien_profile *p, float b[MIEN_BLENDSHAPES])
{
    for (int i = 0; i < MIEN_BLENDSHAPES && p->phase == MIEN_PROFILE_READY; i++) {
        b[i] = fminf(1, fmaxf(0, (b[i] - p->neutral[i]) / (p->high[i] - p->neutral[i])));
    }
}

struct mien_face_result *mien_profile_face(struct mien_result *r)
{
    struct mien_face_result *f = NULL;
    for (int i = 0; i < r->count; i++) {
        f = !f || r->face[i].id < f->id ? &r->face[i] : f;
    }
    return f;
}

void mien_profile_result(struct mien_profile *p, struct mien_result *r)
{
    struct mien_face_result *f = mien_profile_face(r);
    if (f) {
        mien_profile_feed(p, f->action, (double)r->times.capture_ns * 1e-9);
        mien_profile_apply(p, f->action);
    }
}

bool mien_profile_path(const char *name, char *out, size_t size)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (!*name || *name == '.' || strchr(name, '/')) {
        mien_error("\"%s\" is no name for a profile: a word without slashes, not beginning with a "
                   "dot",
                   name);
        return false;
    }
    int n = data && *data == '/' ? snprintf(out, size, "%s/mien/profiles/%s", data, name)
            : home && *home ? snprintf(out, size, "%s/.local/share/mien/profiles/%s", home, name)
                            : -1;
    if (n < 0 || (size_t)n >= size) {
        mien_error("there is no folder for profiles: set HOME or XDG_DATA_HOME");
        return false;
    }
    return true;
}

bool mien_profile_load(struct mien_profile *p, const char *path)
{
    size_t size = 0;
    char *text = mien_file_read(path, 1 << 16, &size);
    struct mien_profile fresh = {.phase = MIEN_PROFILE_READY};
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        fresh.high[i] = 1;
    }
    int line_number = 0;
    for (size_t at = 0; text && at < size;) {
        char line[160], name[64];
        float neutral, high;
        size_t n = 0;
        while (at + n < size && text[at + n] != '\n') {
            n++;
        }
        snprintf(line, sizeof(line), "%.*s", n < 159 ? (int)n : 159, text + at);
        at += n + 1;
        line_number++;
        if (line[0] == '#' || !line[0]) {
            continue;
        }
        int k = sscanf(line, "%63s %f %f", name, &neutral, &high) == 3 ? mien_blendshape_find(name)
                                                                       : -1;
        // Written so that what is not a number is refused too.
        if (k < 0 || !(neutral >= 0) || !(high <= 1.001f) || !(high - neutral >= 0.05f)) {
            mien_error("%s:%d: not a blendshape's name, neutral and highest value", path,
                       line_number);
            mien_free(text);
            return false;
        }
        fresh.neutral[k] = neutral;
        fresh.high[k] = high;
    }
    if (text) {
        *p = fresh;
    }
    mien_free(text);
    return text != NULL;
}

static void make_folders(const char *path)
{
    char part[1100];
    snprintf(part, sizeof(part), "%s", path);
    for (char *s = strchr(part + 1, '/'); s; s = strchr(s + 1, '/')) {
        *s = 0;
        mkdir(part, 0700);
        *s = '/';
    }
}

bool mien_profile_save(const struct mien_profile *p, const char *path)
{
    struct mien_save save = {0};
    struct mien_text *t = mien_calloc(1, sizeof(*t));
    make_folders(path);
    bool ok = t && mien_save_begin(&save, path);
    if (ok) {
        mien_text_lend(t, save.file, path);
        fputs("# blendshape, neutral, highest\n", t->file);
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            fprintf(t->file, "%s ", mien_blendshape_name(i));
            mien_text_number(t, p->neutral[i], 4, "0");
            fputc(' ', t->file);
            mien_text_number(t, p->high[i], 4, "1");
            fputc('\n', t->file);
        }
        ok = mien_text_close(t);
        ok = mien_save_end(&save, ok) && ok;
    }
    mien_save_close(&save);
    mien_free(t);
    return ok;
}

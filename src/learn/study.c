// Parses a study's file and runs its trainings one after the other. Tables are in study_write.c.
#include "learn/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

enum { VARIABLES = 64, DEPTH = 4, FILES = 64 };

static const char *const task_names[MIEN_STUDY_TASKS] = {
    "landmarks", "pose", "identity", "blendshapes", "expression", "gaze",
};

// task: the compared task, or -1 for a figure that is only shown.
static const struct {
    const char *name;
    int task;
    bool more; // more is better
} columns[] = {
    {"photo_nme", 0, false},
    {"synth_nme", 0, false},
    {"photo_rotation_deg", 1, false},
    {"synth_rotation_deg", 1, false},
    {"photo_identity_mm", 2, false},
    {"synth_identity_mm", 2, false},
    {"photo_blendshape_mae", 3, false},
    {"synth_blendshape_mae", 3, false},
    {"photo_macro_f1", 4, true},
    {"ferplus_macro_f1", 4, true},
    {"synth_macro_f1", 4, true},
    {"photo_gaze_deg", 5, false},
    {"synth_gaze_deg", 5, false},
    {"photo_accuracy", -1, true},
    {"ferplus_accuracy", -1, true},
    {"presence_auc", -1, true},
    {"steady_jitter", -1, false},
    {"steady_pose_deg", -1, false},
};

int mien_study_columns(void)
{
    return (int)MIEN_COUNT(columns);
}

const char *mien_study_column(int column)
{
    return columns[column].name;
}

struct reader {
    struct mien_study *study;
    char name[VARIABLES][32], value[VARIABLES][256];
    int variables;
    char *base[MIEN_STUDY_OPTIONS];
    int bases;
    int seed[MIEN_STUDY_SEEDS], seeds;
    char baseline[MIEN_STUDY_TASKS][48];
    int files; // read, again for each include
};

static const char *find_variable(const struct reader *r, const char *name, size_t n)
{
    for (int i = 0; i < r->variables; i++) {
        if (strlen(r->name[i]) == n && !strncmp(r->name[i], name, n)) {
            return r->value[i];
        }
    }
    return NULL;
}

static bool is_name(char c)
{
    return (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
}

// Replaces $NAME. False when a name is unknown or the text too long (logged).
static bool expand(const struct reader *r, const char *text, const char *where, int line, char *out,
                   size_t size)
{
    size_t at = 0;
    while (*text) {
        const char *put = text;
        size_t n = 1;
        if (*text == '$') {
            size_t len = 0;
            while (is_name(text[1 + len])) {
                len++;
            }
            put = find_variable(r, text + 1, len);
            if (!put) {
                mien_error("%s:%d: $%.*s is not known; give it with --set %.*s=VALUE", where, line,
                           (int)len, text + 1, (int)len, text + 1);
                return false;
            }
            n = strlen(put);
            text += len;
        }
        text++;
        if (at + n + 1 > size) {
            mien_error("%s:%d: the line is too long", where, line);
            return false;
        }
        memcpy(out + at, put, n);
        at += n;
    }
    out[at] = 0;
    return true;
}

static bool set_variable(struct reader *r, const char *name, const char *value)
{
    if (find_variable(r, name, strlen(name))) {
        return true; // the first one counts
    }
    if (r->variables == VARIABLES || strlen(name) >= sizeof(r->name[0]) ||
        strlen(value) >= sizeof(r->value[0])) {
        return false;
    }
    snprintf(r->name[r->variables], sizeof(r->name[0]), "%s", name);
    snprintf(r->value[r->variables++], sizeof(r->value[0]), "%s", value);
    return true;
}

static bool add_option(char **list, int *count, const char *word)
{
    if (*count + 1 >= MIEN_STUDY_OPTIONS || !(list[*count] = mien_copy_text(word))) {
        return false;
    }
    ++*count;
    return true;
}

static int task_index(const char *name)
{
    for (int i = 0; i < MIEN_STUDY_TASKS; i++) {
        if (!strcmp(name, task_names[i])) {
            return i;
        }
    }
    return -1;
}

// NULL when the line is fine, else what is wrong with it.
static const char *add_run(struct reader *r, char *name, char **save)
{
    struct mien_study *s = r->study;
    if (!name || strlen(name) >= sizeof(s->run[0].name) || strchr(name, '/')) {
        return "a run needs a short name without slashes";
    }
    for (int i = 0; i < s->runs; i++) {
        if (!strcmp(s->run[i].name, name)) {
            return "there is a run of this name already";
        }
    }
    if (s->runs == MIEN_STUDY_RUNS || !r->seeds) {
        return r->seeds ? "too many runs" : "no seeds yet: put `seeds 1 2 3` before the first run";
    }
    struct mien_study_run *run = &s->run[s->runs++];
    snprintf(run->name, sizeof(run->name), "%s", name);
    memcpy(run->seed, r->seed, sizeof(run->seed));
    memcpy(run->baseline, r->baseline, sizeof(run->baseline));
    run->seeds = r->seeds;
    for (int i = 0; i < r->bases; i++) {
        if (!add_option(run->option, &run->options, r->base[i])) {
            return "too many options";
        }
    }
    for (char *w; (w = strtok_r(NULL, " \t", save));) {
        if (!add_option(run->option, &run->options, w)) {
            return "too many options";
        }
    }
    return NULL;
}

static const char *take_line(struct reader *r, char *line)
{
    char *save = NULL, *word = strtok_r(line, " \t", &save), *a = strtok_r(NULL, " \t", &save);
    if (!strcmp(word, "set")) {
        char *b = strtok_r(NULL, " \t", &save);
        return a && b && set_variable(r, a, b) ? NULL : "set needs a short NAME and a VALUE";
    }
    if (!strcmp(word, "base")) {
        for (; a; a = strtok_r(NULL, " \t", &save)) {
            if (!add_option(r->base, &r->bases, a)) {
                return "too many options";
            }
        }
        return NULL;
    }
    if (!strcmp(word, "seeds")) {
        for (r->seeds = 0; a; a = strtok_r(NULL, " \t", &save)) {
            char *end;
            long v = strtol(a, &end, 10);
            if (*end || v < 0 || v > 2000000000 || r->seeds == MIEN_STUDY_SEEDS) {
                return "seeds are at most 16 whole numbers";
            }
            r->seed[r->seeds++] = (int)v;
        }
        return r->seeds ? NULL : "seeds needs numbers";
    }
    if (!strcmp(word, "baseline")) {
        char *b = strtok_r(NULL, " \t", &save);
        int task = a ? task_index(a) : -1;
        if (task < 0 || !b || strlen(b) >= sizeof(r->baseline[0])) {
            return "baseline needs TASK RUN; tasks are landmarks, pose, identity, blendshapes, "
                   "expression, gaze";
        }
        snprintf(r->baseline[task], sizeof(r->baseline[task]), "%s", b);
        return NULL;
    }
    if (!strcmp(word, "run")) {
        return add_run(r, a, &save);
    }
    return "a line begins with set, base, seeds, baseline, run or include";
}

static bool read_config(struct reader *r, const char *path, int depth)
{
    size_t size = 0;
    char *text = mien_file_read(path, 1 << 20, &size);
    if (!text) {
        return false;
    }
    bool ok = true;
    int number = 0;
    for (char *line = text, *next; ok && line; line = next) {
        next = strchr(line, '\n');
        if (next) {
            *next++ = 0;
        }
        number++;
        line[strcspn(line, "#\r")] = 0;
        line += strspn(line, " \t");
        char full[4096];
        if (!*line) {
            continue;
        }
        if (!expand(r, line, path, number, full, sizeof(full))) {
            ok = false;
        } else if (!strncmp(full, "include ", 8)) {
            const char *slash = strrchr(path, '/');
            char other[5200];
            full[8 + strcspn(full + 8, " \t")] = 0;
            snprintf(other, sizeof(other), "%.*s%s", slash ? (int)(slash - path + 1) : 0, path,
                     full + 8);
            ok = depth < DEPTH && ++r->files < FILES;
            if (!ok) {
                mien_error("%s:%d: files include each other too deeply or too often", path, number);
            }
            ok = ok && read_config(r, other, depth + 1);
        } else {
            const char *wrong = take_line(r, full);
            if (wrong) {
                mien_error("%s:%d: %s", path, number, wrong);
                ok = false;
            }
        }
    }
    mien_free(text);
    return ok;
}

bool mien_study_load(struct mien_study *s, const char *path, const char *const *define, int defines)
{
    memset(s, 0, sizeof(*s));
    struct reader *r = mien_calloc(1, sizeof(*r));
    bool ok = r != NULL;
    for (int i = 0; i < defines && ok; i++) {
        char name[32] = "";
        const char *equals = strchr(define[i], '=');
        snprintf(name, sizeof(name), "%.*s", equals ? (int)(equals - define[i]) : 0, define[i]);
        ok = *name && set_variable(r, name, equals + 1);
        if (!ok) {
            mien_error("--set: \"%s\" is not NAME=VALUE", define[i]);
        }
    }
    if (ok) {
        r->study = s;
        ok = read_config(r, path, 0);
    }
    if (ok && !s->runs) {
        mien_error("%s: there is no run in it", path);
        ok = false;
    }
    for (int i = 0; ok && i < s->runs; i++) {
        for (int t = 0; t < MIEN_STUDY_TASKS; t++) {
            bool found = !s->run[i].baseline[t][0];
            for (int k = 0; k < s->runs; k++) {
                found = found || !strcmp(s->run[k].name, s->run[i].baseline[t]);
            }
            if (!found) {
                mien_error("%s: the baseline \"%s\" is no run", path, s->run[i].baseline[t]);
                ok = false;
            }
        }
    }
    for (int i = 0; r && i < r->bases; i++) {
        mien_free(r->base[i]);
    }
    mien_free(r);
    if (!ok) {
        mien_study_destroy(s);
    }
    return ok;
}

void mien_study_destroy(struct mien_study *s)
{
    for (int i = 0; i < s->runs; i++) {
        for (int k = 0; k < s->run[i].options; k++) {
            mien_free(s->run[i].option[k]);
        }
    }
    memset(s, 0, sizeof(*s));
}

void mien_study_folder(const struct mien_study_run *r, int seed_index, const char *out, char *path,
                       size_t size)
{
    snprintf(path, size, "%s/runs/%s.%d", out, r->name, r->seed[seed_index]);
}

int mien_study_spread(const double *x, int n, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    int count = 0;
    for (int i = 0; i < n; i++) {
        if (!isnan(x[i])) {
            sum += x[i];
            count++;
        }
    }
    *mean = count ? sum / count : NAN;
    for (int i = 0; i < n; i++) {
        squares += isnan(x[i]) ? 0 : (x[i] - *mean) * (x[i] - *mean);
    }
    *deviation = count > 1 ? sqrt(squares / (count - 1)) : NAN;
    return count;
}

// The figures of the last validation line.
static void read_log(const char *folder, double value[MIEN_STUDY_COLUMNS])
{
    char path[1200];
    size_t size = 0;
    snprintf(path, sizeof(path), "%s/log.jsonl", folder);
    char *log = mien_file_read(path, 0, &size);
    if (!log) {
        return;
    }
    const char *last = NULL;
    for (const char *p = log; (p = strstr(p, "\"validation\":")); p++) {
        last = p;
    }
    for (size_t i = 0; last && i < MIEN_COUNT(columns); i++) {
        char key[64];
        int n = snprintf(key, sizeof(key), "\"%s\":", columns[i].name);
        const char *at = strstr(last, key);
        if (at) { // in that line or, for steadiness, the one after it
            value[i] = strtod(at + n, NULL);
        }
    }
    mien_free(log);
}

// Mean of a baseline's figure over its seeds.
static double baseline_value(const struct mien_study *s, const char *name, size_t column)
{
    for (int i = 0; i < s->runs; i++) {
        double x[MIEN_STUDY_SEEDS], mean, deviation;
        if (strcmp(s->run[i].name, name)) {
            continue;
        }
        for (int k = 0; k < s->run[i].seeds; k++) {
            x[k] = s->run[i].value[k][column];
        }
        mien_study_spread(x, s->run[i].seeds, &mean, &deviation);
        return mean;
    }
    return NAN;
}

void mien_study_collect(struct mien_study *s, const char *out)
{
    for (int i = 0; i < s->runs; i++) {
        struct mien_study_run *r = &s->run[i];
        for (int k = 0; k < r->seeds; k++) {
            char folder[1024], mark[1100];
            for (int c = 0; c < MIEN_STUDY_COLUMNS; c++) {
                r->value[k][c] = NAN;
            }
            mien_study_folder(r, k, out, folder, sizeof(folder));
            snprintf(mark, sizeof(mark), "%s/done", folder);
            r->done[k] = mien_file_exists(mark);
            if (r->done[k]) {
                read_log(folder, r->value[k]);
            }
        }
    }
    for (int i = 0; i < s->runs; i++) {
        struct mien_study_run *r = &s->run[i];
        for (int k = 0; k < r->seeds; k++) {
            double mean, deviation;
            for (int t = 0; t < MIEN_STUDY_TASKS; t++) {
                double change[MIEN_STUDY_COLUMNS];
                int n = 0;
                for (size_t c = 0; c < MIEN_COUNT(columns); c++) {
                    double b = columns[c].task == t && r->baseline[t][0]
                                   ? baseline_value(s, r->baseline[t], c)
                                   : NAN;
                    if (b > 0 && !isnan(r->value[k][c])) {
                        change[n++] = 100 * (columns[c].more ? 1 : -1) * (r->value[k][c] - b) / b;
                    }
                }
                mien_study_spread(change, n, &r->change[k][t], &deviation);
            }
            mien_study_spread(r->change[k], MIEN_STUDY_TASKS, &mean, &deviation);
            r->delta_m[k] = mean;
        }
    }
}

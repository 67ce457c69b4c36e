// A study's tables and pictures.
#include "learn/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/name.h"

static const char *const change_names[MIEN_STUDY_TASKS] = {
    "landmarks", "pose", "identity", "blendshapes", "expression", "gaze",
};

static bool column_used(const struct mien_study *s, int c)
{
    for (int i = 0; i < s->runs; i++) {
        for (int k = 0; k < s->run[i].seeds; k++) {
            if (!isnan(s->run[i].value[k][c])) {
                return true;
            }
        }
    }
    return false;
}

static int column_spread(const struct mien_study_run *r, int c, double *mean, double *deviation)
{
    double x[MIEN_STUDY_SEEDS];
    for (int k = 0; k < r->seeds; k++) {
        x[k] = c < 0 ? r->delta_m[k] : r->value[k][c];
    }
    return mien_study_spread(x, r->seeds, mean, deviation);
}

static void write_number(FILE *f, double v)
{
    if (!isnan(v)) {
        fprintf(f, ",%.6g", v);
    } else {
        fputc(',', f);
    }
}

static void write_csv(const struct mien_study *s, FILE *f)
{
    fputs("run,seed,finished,delta_m", f);
    for (int t = 0; t < MIEN_STUDY_TASKS; t++) {
        fprintf(f, ",change_%s", change_names[t]);
    }
    for (int c = 0; c < mien_study_columns(); c++) {
        fprintf(f, ",%s", mien_study_column(c));
    }
    fputc('\n', f);
    for (int i = 0; i < s->runs; i++) {
        const struct mien_study_run *r = &s->run[i];
        for (int k = 0; k < r->seeds; k++) {
            mien_name_csv(f, r->name);
            fprintf(f, ",%d,%d", r->seed[k], r->done[k]);
            write_number(f, r->delta_m[k]);
            for (int t = 0; t < MIEN_STUDY_TASKS; t++) {
                write_number(f, r->change[k][t]);
            }
            for (int c = 0; c < mien_study_columns(); c++) {
                write_number(f, r->value[k][c]);
            }
            fputc('\n', f);
        }
    }
}

static void write_cell(FILE *f, int count, double mean, double deviation)
{
    if (!count) {
        fputs(" - |", f);
    } else if (isnan(deviation)) {
        fprintf(f, " %.4g |", mean);
    } else {
        fprintf(f, " %.4g ± %.2g |", mean, deviation);
    }
}

static void write_markdown(const struct mien_study *s, FILE *f)
{
    fputs("Mean ± standard deviation over seeds. Delta-m: mean relative change over tasks against "
          "the single-task runs, in %, positive is better.\n\n| run | seeds | delta-m % |",
          f);
    for (int c = 0; c < mien_study_columns(); c++) {
        if (column_used(s, c)) {
            fprintf(f, " %s |", mien_study_column(c));
        }
    }
    fputs("\n|---|---|---|", f);
    for (int c = 0; c < mien_study_columns(); c++) {
        fputs(column_used(s, c) ? "---|" : "", f);
    }
    fputc('\n', f);
    for (int i = 0; i < s->runs; i++) {
        const struct mien_study_run *r = &s->run[i];
        double mean, deviation;
        int done = 0;
        for (int k = 0; k < r->seeds; k++) {
            done += r->done[k];
        }
        fprintf(f, "| %s | %d of %d |", r->name, done, r->seeds);
        int n = column_spread(r, -1, &mean, &deviation);
        write_cell(f, n, mean, deviation);
        for (int c = 0; c < mien_study_columns(); c++) {
            if (column_used(s, c)) {
                n = column_spread(r, c, &mean, &deviation);
                write_cell(f, n, mean, deviation);
            }
        }
        fputc('\n', f);
    }
}

static bool write_file(const struct mien_study *s, const char *out, const char *name,
                       void (*write)(const struct mien_study *, FILE *))
{
    char path[1200], *text = NULL;
    size_t size = 0;
    snprintf(path, sizeof(path), "%s/%s", out, name);
    FILE *f = open_memstream(&text, &size);
    if (!f) {
        mien_error("%s: out of memory", path);
        return false;
    }
    write(s, f);
    bool ok = fclose(f) == 0 && mien_file_save(path, text, size);
    free(text);
    return ok;
}

bool mien_study_write(const struct mien_study *s, const char *out)
{
    bool ok = write_file(s, out, "table.csv", write_csv);
    ok = write_file(s, out, "table.md", write_markdown) && ok;
    return mien_study_plot(s, out) && ok;
}

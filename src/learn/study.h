// A study: many trainings that differ in one thing each, and what comes out of them as tables and
// pictures.
//
// Does not: start trainings (app/cmd_study.c). Reads a config and the logs that the runs leave.
//
// Config, one thing a line; `#` starts a comment; $NAME stands for a value given by the caller or
// by an earlier `set`:
//   set NAME VALUE            unless the caller gave one
//   base OPTIONS…             `mien train` options of all runs that follow (added up)
//   seeds N…                  seeds of the runs that follow
//   baseline TASK RUN         the single-task run that TASK is compared with, for the runs that
//                             follow
//   run NAME OPTIONS…         {seed} in an option becomes the run's seed; $OUT is the folder of all
//   include FILE              beside this config
//
// Compared figures, by task: landmarks NME, pose degrees, identity mm, blendshapes MAE, gaze
// degrees (less is better) and expression macro-F1 (more is better), each by source of the labels.
// The change of run r against the single-task run b in figure M is 100 % * s * (M_r - M_b) / M_b
// with s = 1 where more is better, else -1; M_b is the mean over the baseline's seeds. A task's
// change is the mean over its sources; delta-m is the mean over the tasks that r learned and that
// have a baseline: positive is better (Maninis et al. 2019, "Attentive Single-Tasking of Multiple
// Tasks", with the sign turned round).
#ifndef MIEN_LEARN_STUDY_H
#define MIEN_LEARN_STUDY_H

#include <stdbool.h>
#include <stddef.h>

enum {
    MIEN_STUDY_RUNS = 128,
    MIEN_STUDY_SEEDS = 16,
    MIEN_STUDY_OPTIONS = 96,
    MIEN_STUDY_TASKS = 6, // landmarks, pose, identity, blendshapes, expression, gaze
    MIEN_STUDY_COLUMNS = 32,
};

struct mien_study_run {
    char name[48];
    char *option[MIEN_STUDY_OPTIONS]; // owned
    int options;
    int seed[MIEN_STUDY_SEEDS], seeds;
    char baseline[MIEN_STUDY_TASKS][48]; // name of a run, or empty
    // Filled by mien_study_collect: [seed][column], NAN where there is none.
    double value[MIEN_STUDY_SEEDS][MIEN_STUDY_COLUMNS];
    bool done[MIEN_STUDY_SEEDS];
    double change[MIEN_STUDY_SEEDS][MIEN_STUDY_TASKS], delta_m[MIEN_STUDY_SEEDS];
};

struct mien_study {
    struct mien_study_run run[MIEN_STUDY_RUNS];
    int runs;
};

// define: "NAME=VALUE" strings. False on failure (logged with the line).
bool mien_study_load(struct mien_study *s, const char *path, const char *const *define,
                     int defines);
void mien_study_destroy(struct mien_study *s); // idempotent

int mien_study_columns(void);
const char *mien_study_column(int column); // name in the log, "photo_nme" …

// Folder of a run and seed below `out`.
void mien_study_folder(const struct mien_study_run *r, int seed_index, const char *out, char *path,
                       size_t size);
// Reads the runs' logs below `out` and computes changes. Runs that are not finished stay NAN.
void mien_study_collect(struct mien_study *s, const char *out);
// Mean and sample standard deviation of n numbers, NAN ones left out; returns how many were there.
int mien_study_spread(const double *x, int n, double *mean, double *deviation);

// table.csv (a line a run and seed), table.md (mean and deviation), bars.png (delta-m and figures),
// curves.png (losses), into out. False on failure (logged).
bool mien_study_write(const struct mien_study *s, const char *out);
bool mien_study_plot(const struct mien_study *s, const char *out); // the pictures alone

#endif

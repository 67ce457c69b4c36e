// Sections of a training's state: "train" (where it is), "train_tasks" (a row a task),
// "train_prior" (shares of the expression classes). Does not: open files.
#include "learn/train_state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

_Static_assert(sizeof(struct mien_train_task) == MIEN_TRAIN_TASK_NAME + MIEN_TRAIN_TASK_VALUES * 8,
               "a task's row is written as it lies in memory");

// What a row's values are, in their order in the file.
static void values_of(struct mien_train_state *s, int task, double *value[MIEN_TRAIN_TASK_VALUES])
{
    struct mien_weighting_state *w = &s->weighting;
    double *const in_order[MIEN_TRAIN_TASK_VALUES] = {
        &s->norm[task],      &w->running[task],  &w->logit[task], &w->moment[task],
        &w->root[task],      &w->last[task],     &w->sum[task],   &w->count[task],
        &w->period[0][task], &w->period[1][task]};
    memcpy(value, in_order, sizeof(in_order));
}

void mien_train_state_record(const struct mien_train_state *s, struct mien_train_record *out)
{
    struct mien_train_state copy = *s;
    *out = (struct mien_train_record){
        .section = {{"train", &out->place, sizeof(out->place)},
                    {"train_tasks", out->task, sizeof(out->task)},
                    {"train_prior", out->log_prior, sizeof(out->log_prior)}},
        .place = {s->step, s->weighting.steps, s->seed, s->seconds}};
    memcpy(out->log_prior, s->log_prior, sizeof(out->log_prior));
    for (int t = 0; t < MIEN_TASKS; t++) {
        double *value[MIEN_TRAIN_TASK_VALUES];
        values_of(&copy, t, value);
        snprintf(out->task[t].name, sizeof(out->task[t].name), "%s", mien_task_name(t));
        for (int i = 0; i < MIEN_TRAIN_TASK_VALUES; i++) {
            out->task[t].value[i] = *value[i];
        }
    }
}

static bool is_finite(const double *value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(value[i])) {
            return false;
        }
    }
    return true;
}

static bool take_task(struct mien_train_state *s, const struct mien_train_task *row,
                      const char *path, bool known[MIEN_TASKS])
{
    if (!memchr(row->name, '\0', sizeof(row->name)) ||
        !is_finite(row->value, MIEN_TRAIN_TASK_VALUES) || !(row->value[0] > 0)) {
        return false;
    }
    int task = mien_task_find(row->name);
    if (task < 0) {
        mien_info("%s: the task \"%s\" is not known here and is left out", path, row->name);
        return true;
    }
    double *value[MIEN_TRAIN_TASK_VALUES];
    values_of(s, task, value);
    for (int i = 0; i < MIEN_TRAIN_TASK_VALUES; i++) {
        *value[i] = row->value[i];
    }
    known[task] = true;
    return true;
}

bool mien_train_state_read(struct mien_train_state *s, const struct mien_container *file,
                           const char *path, bool known[MIEN_TASKS])
{
    size_t size = 0;
    const struct mien_train_task *row = mien_container_get(file, "train_tasks", 0, &size);
    if (!row) {
        mien_error("%s was written by another version of the trainer, or not by `mien train`: it "
                   "cannot be resumed; take its weights with --init",
                   path);
        return false;
    }
    const struct mien_train_place *place = mien_container_get(file, "train", sizeof(*place), NULL);
    const double *prior = mien_container_get(file, "train_prior", sizeof(s->log_prior), NULL);
    struct mien_train_state fresh = {0};
    bool ok = place && prior && size % sizeof(*row) == 0 && place->step >= 0 &&
              place->weighting_steps >= 0 && isfinite(place->seconds) &&
              is_finite(prior, MIEN_EXPRESSIONS);
    memset(known, 0, MIEN_TASKS * sizeof(*known));
    for (size_t i = 0; ok && i < size / sizeof(*row); i++) {
        ok = take_task(&fresh, &row[i], path, known);
    }
    if (!ok) {
        mien_error("%s: the training's state is damaged; take the weights with --init", path);
        return false;
    }
    fresh.step = place->step;
    fresh.weighting.steps = place->weighting_steps;
    fresh.seed = place->seed;
    fresh.seconds = place->seconds;
    memcpy(fresh.log_prior, prior, sizeof(fresh.log_prior));
    *s = fresh;
    return true;
}

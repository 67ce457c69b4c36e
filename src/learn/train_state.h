// What a checkpoint of the face network's training keeps beside the graph: where the training is,
// and of each task, by its name, the loss of the mean predictor and what the weighting schemes
// remember.
//
// A build that knows a task more or less reads it: tasks that this build lacks are left out (said
// so), and those that the file lacks are told to the caller, who measures them. Does not: know the
// graph or measure anything.
#ifndef MIEN_LEARN_TRAIN_STATE_H
#define MIEN_LEARN_TRAIN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/file.h"
#include "learn/loop.h"
#include "learn/loss.h"
#include "learn/weighting.h"

struct mien_train_state { // all zero at the start
    uint64_t seed;
    int64_t step;
    double seconds;
    double norm[MIEN_TASKS], log_prior[MIEN_EXPRESSIONS]; // struct mien_loss
    struct mien_weighting_state weighting;
};

// The state as sections of a file; it is copied, and `section` points into the object.
enum { MIEN_TRAIN_SECTIONS = 3, MIEN_TRAIN_TASK_VALUES = 10, MIEN_TRAIN_TASK_NAME = 32 };
struct mien_train_record {
    struct mien_section section[MIEN_TRAIN_SECTIONS];
    struct mien_train_place place;
    struct mien_train_task {
        char name[MIEN_TRAIN_TASK_NAME];
        double value[MIEN_TRAIN_TASK_VALUES];
    } task[MIEN_TASKS];
    double log_prior[MIEN_EXPRESSIONS];
};
void mien_train_state_record(const struct mien_train_state *s, struct mien_train_record *out);

// known[t]: the file has the task; of the others norm and weighting are zero. False (logged, with
// path) when the file is another version's or damaged; s is unchanged then.
bool mien_train_state_read(struct mien_train_state *s, const struct mien_container *file,
                           const char *path, bool known[MIEN_TASKS]);

#endif

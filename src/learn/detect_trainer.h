// Trains the face detector: the training loop (learn/loop.h) on scenes made on the fly.
//
// Scene i of a training depends on the seed and i alone, so the weights after a step do not depend
// on the number of threads. Validation: scenes of people and backgrounds kept for it. Does not:
// evaluate on pictures (`mien eval detect`), parse options.
#ifndef MIEN_LEARN_DETECT_TRAINER_H
#define MIEN_LEARN_DETECT_TRAINER_H

#include "learn/detect_scene.h"
#include "learn/loop.h"

enum { MIEN_DETECT_BATCH_MAX = 128 };

struct mien_detect_train_config {
    struct mien_loop_config loop;              // batch at most MIEN_DETECT_BATCH_MAX
    const struct mien_detect_data *data;       // with photos
    const struct mien_detect_data *validation; // NULL or without photos: none
    struct mien_detect_recipe recipe;          // bar_gray is the network's own
    int validation_scenes;
};
// Without data.
struct mien_detect_train_config mien_detect_train_defaults(void);

struct mien_detect_train_summary {
    struct mien_loop_summary loop;
    // Of the last validation, a scene; NAN when there was none. found: share of its faces that a
    // find overlaps (intersection over union) by more than 0.4, at the recommended threshold.
    double validation_loss, found;
};
// As mien_loop_run.
bool mien_detect_train(const struct mien_detect_train_config *c,
                       struct mien_detect_train_summary *summary);
const struct mien_lesson *mien_detect_train_lesson(void); // its own object is private

// A picture of 16 scenes of a training with their boxes, green or, where a face is to be ignored,
// red. False on failure (logged).
bool mien_detect_train_sheet(const struct mien_detect_train_config *c, const char *path);

#endif

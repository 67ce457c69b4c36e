// Trains the multi-task face network: the training loop (learn/loop.h) with the losses of
// learn/loss.h on samples of learn/sample.h, validated by the figures of learn/metrics.h.
//
// Does not: parse options, install signal handlers, or decide what is good.
#ifndef MIEN_LEARN_TRAINER_H
#define MIEN_LEARN_TRAINER_H

#include "learn/dataset.h"
#include "learn/loop.h"
#include "learn/loss.h"
#include "learn/weighting.h"

struct mien_train_config {
    struct mien_loop_config loop;
    const struct mien_dataset *data;
    const struct mien_face_model *model;
    long long ramp; // steps from the end of the warm-up over which sigma and consistency rise
    float weight[MIEN_TASKS];
    enum mien_weighting weighting;
    int period;                     // steps, of the weighting `dwa`
    float drop[MIEN_LABEL_KINDS];   // share of training records without a label, see learn/sample.h
    const struct mien_net *teacher; // fills missing labels of the share below; NULL = masks
    float pseudo_share;
    float adjust;   // of expression logits, see learn/loss.h
    float negative; // share of crops beside a face
    float settled;  // share of crops that lie as a tracker's (learn/sample.h)
    float upended;  // share of crops on their side or upside down (learn/sample.h)
    struct mien_augment augment;
    size_t validate_count; // records a source
    size_t steadiness; // records a source to judge steadiness on at the end (learn/steadiness.h)
};
struct mien_train_config mien_train_defaults(void);

// What the loop is told of it; its own object is private.
const struct mien_lesson *mien_train_lesson(void);

struct mien_train_summary {
    long long step;
    double first_loss, last_loss; // weighted, normalised sums over the first and last log interval
    double validation_nme;        // % over all sources, NAN when not measured
    double pictures_per_s;
};
// False on failure (logged). A stop by the flag is no failure. summary may be NULL.
bool mien_train(const struct mien_train_config *config, struct mien_train_summary *summary);

// Reads a description and puts the model's number of landmarks before it ("define LANDMARKS n").
// mien_free; NULL on failure (logged).
char *mien_train_description(const char *path, const struct mien_face_model *model);

// A contact sheet of 8x8 training samples with their labels drawn. False on failure (logged).
bool mien_train_sheet(const struct mien_sample_config *sample, uint64_t seed, const char *path);

#endif

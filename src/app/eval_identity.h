// `mien eval --looks` and `mien eval --pairs`: how much of somebody's anatomy is read.
#ifndef MIEN_APP_EVAL_IDENTITY_H
#define MIEN_APP_EVAL_IDENTITY_H

#include <stdbool.h>

struct mien_eval_identity {
    const char *net, *model; // as in mien_engine_config; NULL = the shipped ones
    const char *portrait;    // the portrait network; NULL = the network's own
    int people;              // looks: how many are rendered
    int seed;
    bool json;
};

// Renders grown-ups, each in ten looks over +-50 degrees of yaw with other faces and light, and
// prints the vertex error of the shape without expression (learn/reconstruction.h) over the mean
// face's: of one look, and of all looks of a person together (track/evidence.h). Returns the exit
// status.
int mien_eval_looks(const struct mien_eval_identity *c);

// Reads the photographs of a folder like ../shared/data/photos whose people are kept for validation
// and who have two or more, and prints the area under the ROC curve of "the same person" by the
// cosine of two photographs' identity coefficients, all pairs against all others.
int mien_eval_pairs(const struct mien_eval_identity *c, const char *dir);

#endif

// `mien eval --shapes`: whether each blendshape is read by itself and at its height.
#ifndef MIEN_APP_EVAL_SHAPES_H
#define MIEN_APP_EVAL_SHAPES_H

#include <stdbool.h>

struct mien_eval_shapes {
    const char *net, *model; // as in mien_engine_config; NULL = the shipped ones
    const char *pictures;    // a folder for the pictures that were looked at, NULL = none
    int people;              // rendered, each with every shape
    int seed;
    bool json;
};

// Renders `people` grown-ups looking about straight ahead, each at rest and with every shape alone
// at 1.0, and reads each picture as `mien image --no-quality` does. Prints, over all people: the
// mean change of the shape's own channel against the picture at rest, whether it changes most, and
// what the other side's channel reads. Returns the exit status.
int mien_eval_shapes(const struct mien_eval_shapes *c);

#endif

// Accuracy of each blendshape channel: over all labelled faces of a set, and where it is high.
//
// Does not: run networks. Fed with decoded estimates (face/decode.h) and labels.
#ifndef MIEN_LEARN_CHANNELS_H
#define MIEN_LEARN_CHANNELS_H

#include <stdio.h>

#include "face/decode.h"
#include "learn/sample.h"

struct mien_channel_sums { // of label x and answer y, weighted by the label's weight
    double n, x, y, xx, yy, xy;
    double high_n, high_y; // where the label is 0.7 and more
};

struct mien_channels { // zero-initialise
    struct mien_channel_sums channel[MIEN_BLENDSHAPES];
};

void mien_channels_add(struct mien_channels *c, const struct mien_estimate *e,
                       const struct mien_target *t);
// A table, one line a channel: correlation, slope of the answer over the label, faces whose label
// is at least 0.7 and the mean answer there; then the means over the channels that vary.
void mien_channels_print(const struct mien_channels *c, FILE *f);
// `,"channels":{"eyeBlinkLeft":{"r":0.9,"slope":0.8,"high":{"faces":12,"answer":0.7}},…}` with a
// leading comma; channels without labels are left out.
void mien_channels_json(const struct mien_channels *c, FILE *f);

#endif

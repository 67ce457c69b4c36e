// Learns from several estimates of each of many people how people differ, and how estimates of one
// person do (face/likeness.h).
#ifndef MIEN_LEARN_LIKENESS_H
#define MIEN_LEARN_LIKENESS_H

#include "face/likeness.h"
#include <stdbool.h>

struct mien_likeness_sample {
    int person;            // a person's samples follow one another
    const float *identity; // (MIEN_IDENTITY)
};

// Samples count alike for how estimates of one person differ, people for how people do. False
// (logged) when memory is short or the samples are too few: 200 people with two and more are
// needed.
bool mien_likeness_learn(const struct mien_likeness_sample *sample, int count,
                         struct mien_likeness *out);

#endif

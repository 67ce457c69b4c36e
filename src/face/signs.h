// Signs read out of the blendshapes: action units and blinks.
//
// Does not: know faces, threads or clocks.
#ifndef MIEN_FACE_SIGNS_H
#define MIEN_FACE_SIGNS_H

#include "face/layout.h"
#include <stdbool.h>

// An action unit of FACS (Ekman and Friesen 1978) as the mean of blendshapes.
struct mien_action_unit {
    int number;
    const char *code, *name; // "AU01"
    int part[2];             // blendshapes, -1 = none
};
extern const struct mien_action_unit mien_action_units[];
int mien_action_unit_count(void);
float mien_action_unit_value(int i, const float blendshape[MIEN_BLENDSHAPES]); // 0…1

// Blinks: the mean of both eyeBlink shapes rises above 0.5 and falls below 0.35 again; from 40 to
// 500 ms it is a blink (Stern, Walrath and Goldstein 1984 give 100 to 400 ms), longer: eyes closed.
struct mien_blink { // zero-initialise
    bool closed;
    double closed_s;
};
enum mien_eyes { MIEN_EYES_NOTHING, MIEN_EYES_BLINKED, MIEN_EYES_WERE_CLOSED };
// The next frame at t_s; what ended with it, when it began and how long it took.
enum mien_eyes mien_blink_feed(struct mien_blink *b, double t_s,
                               const float blendshape[MIEN_BLENDSHAPES], double *start_s,
                               double *length_s);

#endif

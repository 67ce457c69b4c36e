// Signs read out of the blendshapes: action units.
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

#endif

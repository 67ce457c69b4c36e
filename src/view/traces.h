// Live curves of chosen channels: the last seconds of blendshapes, expression probabilities, pose
// and gaze of the first face, one lane each, with the user's event marks.
//
// Does not: allocate, call OpenGL. One thread.
#ifndef MIEN_VIEW_TRACES_H
#define MIEN_VIEW_TRACES_H

#include "face/result.h"
#include "view/draw.h"
#include "view/hud.h"

enum { MIEN_TRACES_MAX = 8, MIEN_TRACE_POINTS = 240 };

struct mien_traces {
    int channel[MIEN_TRACES_MAX], count;
    int first; // the oldest point
    float value[MIEN_TRACES_MAX][MIEN_TRACE_POINTS];
    bool marked[MIEN_TRACE_POINTS];
};

#define MIEN_TRACES_DEFAULT "happy,mouthSmileLeft,jawOpen,browInnerUp,eyeBlinkLeft,yaw"

// list: up to eight names with commas: blendshapes, expression classes, yaw, pitch, roll, gazeYaw,
// gazePitch. False: *wrong points at the name that is none (or one too many); c is unchanged.
bool mien_traces_choose(struct mien_traces *c, const char *list, const char **wrong);
// A new frame's values; without a face the curves go on at their low end.
void mien_traces_add(struct mien_traces *c, const struct mien_result *r);
// At the bottom of the free area, between the panels of pose and expression.
void mien_traces_draw(const struct mien_traces *c, struct mien_draw *d,
                      const struct mien_layout *l);

#endif

// Live curves of chosen channels: the last seconds of blendshapes, expression probabilities, action
// units, pose, gaze and blinks a minute of the first face, one lane each, with the user's event
// marks.
//
// Does not: allocate, call OpenGL. One thread.
#ifndef MIEN_VIEW_TRACES_H
#define MIEN_VIEW_TRACES_H

#include "base/why.h"
#include "face/result.h"
#include "face/signs.h"
#include "view/draw.h"
#include "view/hud.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MIEN_TRACES_MAX = 8, MIEN_TRACE_POINTS = 240, MIEN_TRACE_BLINKS = 128 };

struct mien_traces {
    int channel[MIEN_TRACES_MAX], count;
    int first; // the oldest point
    float value[MIEN_TRACES_MAX][MIEN_TRACE_POINTS];
    bool marked[MIEN_TRACE_POINTS];
    double blink_s[MIEN_TRACE_BLINKS], begin_s; // ring of when they were; when this face came
    int blinks, face;                           // face: its id
};

#define MIEN_TRACES_DEFAULT "happy,mouthSmileLeft,jawOpen,browInnerUp,eyeBlinkLeft,yaw"

// list: up to eight names with commas: blendshapes, expression classes, AU01 …, yaw, pitch, roll,
// gazeYaw, gazePitch, blinkRate. False: *why names the one that is none (or one too many); c is
// unchanged.
bool mien_traces_choose(struct mien_traces *c, const char *list, struct mien_why *why);
void mien_traces_list(const struct mien_traces *c, char *out, size_t size); // the same, written
// The next one of the ready-made sets of channels; its name.
const char *mien_traces_next(struct mien_traces *c);
int mien_traces_sets(void);
const char *mien_traces_set_name(int set);
void mien_traces_set(struct mien_traces *c, int set);

int mien_traces_count(const struct mien_traces *c); // how many there are
int mien_traces_channels(void);
const char *mien_traces_channel_name(int channel);
const char *mien_traces_channel_note(int channel); // what an action unit is; else ""
bool mien_traces_has(const struct mien_traces *c, int channel);
bool mien_traces_toggle(struct mien_traces *c, int channel); // false: there are eight already
// A new frame's values, of face i; without a face the curves go on at their low end.
void mien_traces_add(struct mien_traces *c, const struct mien_result *r, int i);
// In the layout's strip below the picture: the first ones where it has no room for all.
void mien_traces_draw(const struct mien_traces *c, struct mien_draw *d, struct mien_layout *l);

#ifdef __cplusplus
}
#endif

#endif

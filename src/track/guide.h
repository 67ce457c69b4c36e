// The guided way to a person's own range (track/profile.h): the face at rest, then gestures one
// after the other, each ticked when it was really seen in the channels. At the end there is a
// profile that is tried and kept, or thrown away; nothing is stored here.
//
// A gesture counts when its channels, above the face at rest, rise over a level and stay there for
// a while (a blink is no shut eye); it is over when they fall well below what they reached. They
// must have been low before. What is not seen in some seconds is left out, and can be done again.
// Does not: know faces, threads, clocks or files, nor apply anything.
#ifndef MIEN_TRACK_GUIDE_H
#define MIEN_TRACK_GUIDE_H

#include "track/profile.h"
#include <stdbool.h>

enum { MIEN_GUIDE_STEPS = 11, MIEN_GUIDE_CHANNELS = 4, MIEN_GUIDE_SAMPLES = 60 };

struct mien_gesture {
    const char *name, *ask;           // "smile"; what the person is told
    int channel[MIEN_GUIDE_CHANNELS]; // blendshapes that get their range from it
    int channels, judged;             // how many; the first of them say whether it is seen
    float level;                      // their mean above rest from which on it counts
    float hold_s;                     // for so long
};

enum mien_guide_stage {
    MIEN_GUIDE_OFF,
    MIEN_GUIDE_READY, // counts down; the seconds pass while there is a face
    MIEN_GUIDE_STEP,  // step 0 is rest, the others are gestures
    MIEN_GUIDE_REVIEW,
    MIEN_GUIDE_KEPT, // it was stored, and can be undone
};

struct mien_guide { // zero-initialise
    enum mien_guide_stage stage;
    int step;
    bool seen[MIEN_GUIDE_STEPS], tried[MIEN_GUIDE_STEPS];
    float left_s; // until it begins, or until the step is given up
    float level;  // of the gesture now, 0…
    int face;     // id of the face that is guided; 0: none
    struct mien_profile before;
    float neutral[MIEN_BLENDSHAPES], high[MIEN_BLENDSHAPES];
    // Of this step.
    bool alone; // back to the review afterwards
    bool low, active;
    double last_s;
    float held_s, best;
    int samples; // in the ring since the step began
    float sample[MIEN_GUIDE_SAMPLES][MIEN_BLENDSHAPES];
    float sample_gap_s; // since the last one
    float peak[MIEN_GUIDE_CHANNELS];
};

const struct mien_gesture *mien_gesture_at(int step); // 0 is rest, without channels
// before: the range in use, NULL or not ready: none. What is not seen stays as it is there.
void mien_guide_begin(struct mien_guide *g, const struct mien_profile *before);
// A frame: channels as the face shows them, 0…1; face: its id, 0 = there is none (channels may be
// NULL); t_s: its time.
void mien_guide_feed(struct mien_guide *g, int face, const float blendshape[MIEN_BLENDSHAPES],
                     double t_s);
void mien_guide_skip(struct mien_guide *g);            // the next step, now
void mien_guide_again(struct mien_guide *g, int step); // this step; -1: the one before
// The range learnt so far: READY.
void mien_guide_profile(const struct mien_guide *g, struct mien_profile *out);
int mien_guide_seen(const struct mien_guide *g); // how many gestures, rest apart

#endif

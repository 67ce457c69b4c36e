// The lids of a followed face: which eye is shut, blinks, and how long they took.
//
// An open eye reads differently from person to person (narrow eyes, glasses, a camera above), so
// each eye is judged against its own open level, which is learned while it is watched; hysteresis
// keeps one blink one. Does not: look at pictures; know clocks.
#ifndef MIEN_FACE_LIDS_H
#define MIEN_FACE_LIDS_H

#include "face/result.h"

struct mien_lid_watch { // of one face; zero-initialise
    int frames;
    float open[2]; // each eye's own level of eyeBlink while open
    bool shut[2];
    bool closed;    // both eyes
    float greatest; // closure since they are
    float least;    // since they are open
    double time_s, closed_s;
    int blinks;
};

// The next frame, dt_s after the last. blendshape: as fitted, before any calibration by the user.
void mien_lid_watch_feed(struct mien_lid_watch *w, const float blendshape[MIEN_BLENDSHAPES],
                         float dt_s, struct mien_lids *out);
// Of a single picture, by one level for all.
void mien_lids_of_still(const float blendshape[MIEN_BLENDSHAPES], struct mien_lids *out);

// Mean gaze (yaw, pitch) of the eyes that are open. False when both are shut; gaze_deg is then 0,
// 0.
bool mien_open_gaze(const struct mien_face_result *f, float gaze_deg[2]);

#endif

// A person's own neutral expression and range: blendshapes as this face shows them -> 0…1 of what
// it can do. Learnt gesture by gesture (track/guide.h), or, where nobody can be guided, in ten
// seconds of a source: four at rest, then six in which the face is moved as far as it goes. Kept as
// text, one channel a line: name, neutral, highest.
//
// Does not: know faces or threads. A channel that was not moved keeps its scale: noise is not
// stretched.
#ifndef MIEN_TRACK_PROFILE_H
#define MIEN_TRACK_PROFILE_H

#include "face/result.h"
#include <stdbool.h>
#include <stddef.h>

enum mien_profile_phase {
    MIEN_PROFILE_NONE,
    MIEN_PROFILE_REST,  // learning the neutral expression
    MIEN_PROFILE_RANGE, // learning how far the face goes
    MIEN_PROFILE_READY,
};

struct mien_profile { // zero-initialise
    enum mien_profile_phase phase;
    float neutral[MIEN_BLENDSHAPES], high[MIEN_BLENDSHAPES];
    // While learning.
    double begin_s;
    int frames;
    double sum[MIEN_BLENDSHAPES];
    float last[2][MIEN_BLENDSHAPES];
};

void mien_profile_begin(struct mien_profile *p);
// A frame while learning; t_s: its time. Does nothing in the other phases.
void mien_profile_feed(struct mien_profile *p, const float blendshape[MIEN_BLENDSHAPES],
                       double t_s);
// In place, when ready: (b - neutral) / (high - neutral), 0…1.
void mien_profile_apply(const struct mien_profile *p, float blendshape[MIEN_BLENDSHAPES]);
// Whose range it is: the face with the lowest id; NULL when there is none.
struct mien_face_result *mien_profile_face(struct mien_result *r);
// Both for that face, on its actions.
void mien_profile_result(struct mien_profile *p, struct mien_result *r);

// $XDG_DATA_HOME/mien/profiles/NAME, else ~/.local/share/…. False (logged) when the name has a
// slash or begins with a dot, or no folder is known.
bool mien_profile_path(const char *name, char *out, size_t size);
bool mien_profile_load(struct mien_profile *p, const char *path); // false: logged; p is unchanged
bool mien_profile_save(const struct mien_profile *p, const char *path); // makes the folders; atomic

#endif

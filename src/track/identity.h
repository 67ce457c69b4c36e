// Who somebody is: identity coefficients accumulated over a track, then held.
//
// Every look adds its estimate weighted by how much it knows (its trust); once enough was seen the
// mean is locked, because a head that changes shape while it turns is worse than one that is a
// little off. Does not: allocate.
#ifndef MIEN_TRACK_IDENTITY_H
#define MIEN_TRACK_IDENTITY_H

#include "face/layout.h"
#include "track/evidence.h"
#include <stdbool.h>

struct mien_identity { // zero-initialise
    float mean[MIEN_IDENTITY];
    float weight; // sum of trusts so far
    bool locked;
};

// trust: 0…1, 1 for a sharp look from a good side. Nothing happens once locked.
void mien_identity_add(struct mien_identity *id, const float look[MIEN_IDENTITY], float trust);
// What the portrait network's looks know takes the place of the mean: at once at first, then within
// half a second, so that a mesh does not jump. Nothing happens without such looks. dt_s: since the
// last time.
void mien_identity_follow(struct mien_identity *id, const struct mien_evidence *known, float dt_s);
// Trust of a look: its landmarks' mean sigma in face sizes and its rotation (head -> camera).
float mien_identity_trust(float presence, float sigma_in_face, const float R[9]);

// Whether a face whose picture was lost for a moment is still the same person's: what the network
// says of each look's identity, averaged since then, against the average before.
struct mien_same_person { // zero-initialise
    float before[MIEN_IDENTITY], since[MIEN_IDENTITY];
    int looks_before, looks_since; // since: 0 while nothing was lost
    bool asked;
};
// Its picture was lost: the next looks decide.
void mien_same_person_ask(struct mien_same_person *p);
// A look's identity. False once it is clear that the looks since then are of somebody else.
bool mien_same_person_add(struct mien_same_person *p, const float look[MIEN_IDENTITY]);

#endif

// Runs the portrait network: a person's identity, from one crop at a time, rarely.
//
// One crop is processed at a time; a request while it is busy is refused and repeated with a later
// frame. `apart`: a thread of its own does the work, so that no frame waits; else it is done at
// once and the same frames give the same results. Does not: choose crops or moments, or know
// tracks.
#ifndef MIEN_ENGINE_PORTRAIT_H
#define MIEN_ENGINE_PORTRAIT_H

#include "engine/observe.h"
#include "face/likeness.h"

struct mien_portrait; // opaque

// As the network says it: of people whose coefficients are N(0, 1).
struct mien_portrait_answer {
    int id, direction; // the asker's own
    float identity[MIEN_IDENTITY], sigma[MIEN_IDENTITY];
};

// NULL on failure (logged): the file is no network with identity and identity_sigma for this model.
// lean, shared: as mien_observer_load_seldom; what is apart works at a place of its own.
struct mien_portrait *mien_portrait_load(const char *path, const struct mien_face_model *m,
                                         bool lean, bool apart, struct mien_workspace *shared);
// Another one with the same network in memory, which answers at once: `other` must outlive it. NULL
// on failure (logged).
struct mien_portrait *mien_portrait_create_beside(const struct mien_portrait *other,
                                                  struct mien_workspace *shared);
void mien_portrait_destroy(struct mien_portrait *p); // NULL is fine
// The mean of people, (MIEN_IDENTITY), which the file says (numbers "people"); zeros when it does
// not.
const float *mien_portrait_people(const struct mien_portrait *p);
// How alike identities of one person are, as the file says (numbers "likeness"); NULL when it does
// not.
const struct mien_likeness *mien_portrait_likeness(const struct mien_portrait *p);

// Asks about a crop of the frame, which may go afterwards. False when it is busy or an answer has
// not been taken yet.
bool mien_portrait_ask(struct mien_portrait *p, const struct mien_image *frame,
                       const struct mien_crop *crop, int id, int direction);
// The answer, once; false while there is none. When the network's file was written over meanwhile
// (logged), it is id 0's, and nothing is asked any more.
bool mien_portrait_answer(struct mien_portrait *p, struct mien_portrait_answer *out);
// What was asked is of nobody any more: the answer will be id 0's.
void mien_portrait_cancel(struct mien_portrait *p);
// Question and answer in one, with `twice` from the mirrored crop too (the mean of both). Not while
// a question is open. False when the network's file was written over.
bool mien_portrait_look(struct mien_portrait *p, const struct mien_image *frame,
                        const struct mien_crop *crop, bool twice, struct mien_portrait_answer *out);
// Draws the face network's landmarks in the same crop half way to those of the last look.
void mien_portrait_join(const struct mien_portrait *p, struct mien_estimate *est);

#endif

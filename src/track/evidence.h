// What looks at one person say together about the person's anatomy: estimation in information form.
//
// A look of the portrait network answers with the mean and the deviation of each identity
// coefficient after that look; the rendered people that it learned from are N(0, 1). So the look
// itself, without what was known before, has the precision 1 / s^2 - 1 and the information
// mean / s^2 (a Gaussian divided by the prior), and looks add up in both. What is known of people
// before any look is N(people, 1): their mean is not the face model's. Looks of one side of the
// head are mistaken alike: a hundred of them know little more than a few, while another side knows
// what this one cannot (the profile). Hence looks are kept by direction, each direction counts as
// correlated looks do, and directions add up with a smaller correlation. A direction remembers
// about its last eight looks, so that glasses taken off are learned. Somebody who knows better from
// many pictures together (scan/refine.h) may have a shape held until the looks say that it is
// another person. Does not: run the network, know tracks, allocate.
#ifndef MIEN_TRACK_EVIDENCE_H
#define MIEN_TRACK_EVIDENCE_H

#include "face/direction.h"
#include "face/layout.h"
#include <stdbool.h>

struct mien_evidence {                               // zero-initialise
    int looks;                                       // it rests on, 0: nothing is known
    float mean[MIEN_IDENTITY], sigma[MIEN_IDENTITY]; // after all of them
    float people[MIEN_IDENTITY];                     // people's mean
    bool held;
    float held_mean[MIEN_IDENTITY], held_sigma[MIEN_IDENTITY];
    float held_at[MIEN_IDENTITY]; // what the looks said when it was given
    struct mien_evidence_side {
        int looks;
        float information[MIEN_IDENTITY], precision[MIEN_IDENTITY]; // means of the looks
    } side[MIEN_DIRECTIONS];
};

// The direction that a head of this rotation (head -> camera) is seen from; -1 from behind.
int mien_evidence_direction(const float R[9]);
// Whether a look from there would still teach something.
bool mien_evidence_wants(const struct mien_evidence *e, int direction);
// Adds a look; one that is not finite or from behind is left out. people: their mean; NULL: zeros.
void mien_evidence_add(struct mien_evidence *e, const float *people, int direction,
                       const float mean[MIEN_IDENTITY], const float sigma[MIEN_IDENTITY]);
// Has a better founded shape stand for what the looks say, until they say it of somebody else.
void mien_evidence_hold(struct mien_evidence *e, const float mean[MIEN_IDENTITY],
                        const float sigma[MIEN_IDENTITY]);
// What stands for the person: the held shape, else what the looks say; (MIEN_IDENTITY).
const float *mien_evidence_mean(const struct mien_evidence *e);
const float *mien_evidence_sigma(const struct mien_evidence *e);

#endif

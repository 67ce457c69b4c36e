// Whether two shapes are one person's: how much likelier two estimates of an identity are when both
// are of the same person than when they are of two.
//
// Coefficients differ between people, and between estimates of one person; both covariances are
// known from photographs of many people, two and more of each (the two-covariance model: Ioffe
// 2006, "Probabilistic Linear Discriminant Analysis"; Brümmer and de Villiers 2010, "The speaker
// partitioning problem"). Along the directions in which both are diagonal the ratio is a sum. Does
// not: learn the covariances (learn/likeness.h), or know names.
#ifndef MIEN_FACE_LIKENESS_H
#define MIEN_FACE_LIKENESS_H

#include "face/layout.h"

// The directions in which people differ most beside estimates of one person.
enum { MIEN_LIKENESS_AXES = 32 };

struct mien_likeness {
    float mean[MIEN_IDENTITY];
    float between[MIEN_LIKENESS_AXES]; // variance over people, where an estimate's own is 1
    float axis[MIEN_LIKENESS_AXES][MIEN_IDENTITY];
};
// As the section "likeness" of a portrait network's file holds it.
enum { MIEN_LIKENESS_NUMBERS = sizeof(struct mien_likeness) / sizeof(float) };

// The natural logarithm of the likelihood ratio of two estimates, (MIEN_IDENTITY) each: above 0 one
// person is likelier, below 0 two are.
float mien_likeness_compare(const struct mien_likeness *l, const float *a, const float *b);

#endif

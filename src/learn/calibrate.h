// Calibration of a trained network's probabilities on validation pictures.
//
// Confidence of a face by logistic regression on the presence branch's log odds and the landmarks'
// mean uncertainty (Platt 1999, "Probabilistic Outputs for Support Vector Machines"); expression
// classes by one temperature (Guo et al. 2017, "On Calibration of Modern Neural Networks").
// Even-numbered records fit, odd-numbered ones judge. Does not: run the network.
#ifndef MIEN_LEARN_CALIBRATE_H
#define MIEN_LEARN_CALIBRATE_H

#include "face/decode.h"
#include "learn/sample.h"
#include <stdio.h>

struct mien_calibrator { // zero-initialise
    struct mien_calibration_look {
        float log_odds, log_sigma, face;                    // face: 1 or 0
        float log_p[MIEN_EXPRESSIONS], q[MIEN_EXPRESSIONS]; // predicted, labelled (sum 0: no label)
    } * look;
    size_t count, capacity;
};

// False when memory is short (logged). Samples whose presence is not labelled are left out.
bool mien_calibrator_add(struct mien_calibrator *c, const struct mien_estimate *e,
                         const struct mien_target *t);
void mien_calibrator_destroy(struct mien_calibrator *c); // idempotent
// The best calibration of the even-numbered samples. False when they do not hold both faces and no
// faces, or no expressions (then the temperature stays 1, and that alone is no failure).
bool mien_calibrator_fit(const struct mien_calibrator *c, struct mien_calibration *out);
// Reliability on the odd-numbered samples, raw and calibrated, in ten bins: predicted, observed,
// count.
void mien_calibrator_print(const struct mien_calibrator *c, const struct mien_calibration *k,
                           FILE *f);

#endif

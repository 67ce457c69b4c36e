// How the tasks of one network are balanced: a multiplier for each task's mean loss, step by step.
//
// Does not: compute losses or gradients of the network. State is plain data that a checkpoint keeps
// whole; a scheme depends on the state, the step's number and the seed only, so a resumed run goes
// on exactly.
//
// n = the loss's value at the mean predictor, L = the task's mean loss in the batch, K = number of
// balanced tasks. Auxiliary tasks (learn/loss.h) go with others: but for `equal` they keep weight /
// n. Multipliers, by scheme:
//   tuned        weight / n                                        (a fixed list, `--weights`)
//   equal        1: the losses as they come, in their own units
//   normalised   1 / n
//   running      weight * 0.1 / running mean of L
//   uncertainty  weight * exp(-s) / n, s learned with the network's weights from the loss
//                exp(-s) L / n + s (Kendall, Gal, Cipolla 2018, "Multi-Task Learning Using
//                Uncertainty to Weigh Losses"); |s| <= 3, else a hard task starves
//   random       K softmax(z) / n, z normal, anew every step (Lin et al. 2021, "Reasonable
//                Effectiveness of Random Weighting")
//   dwa          K softmax(r / 2) / n, r = ratio of a task's mean losses over the last two periods
//                (Liu, Johns, Davison 2019, "End-to-End Multi-Task Learning with Attention")
//   famo         weights in proportion to softmax(x) / (L / n), sum K; x goes down the gradient of
//                how unequally the logarithms of the losses fall (Liu et al. 2023, "FAMO: Fast
//                Adaptive Multitask Optimization"). One pass: the fall is taken between batches
//                that follow each other, not on one batch twice
#ifndef MIEN_LEARN_WEIGHTING_H
#define MIEN_LEARN_WEIGHTING_H

#include "learn/loss.h"

enum mien_weighting {
    MIEN_WEIGHTING_TUNED,
    MIEN_WEIGHTING_EQUAL,
    MIEN_WEIGHTING_NORMALISED,
    MIEN_WEIGHTING_RUNNING,
    MIEN_WEIGHTING_UNCERTAINTY,
    MIEN_WEIGHTING_RANDOM,
    MIEN_WEIGHTING_DWA,
    MIEN_WEIGHTING_FAMO,
    MIEN_WEIGHTINGS
};
#define MIEN_WEIGHTING_NAMES "tuned|equal|normalised|running|uncertainty|random|dwa|famo"

struct mien_weighting_config {
    enum mien_weighting scheme;
    float weight[MIEN_TASKS]; // 0 = the task is off
    double norm[MIEN_TASKS];  // losses of the mean predictor
    uint64_t seed;            // of `random`
    int period;               // steps, of `dwa`
};

struct mien_weighting_state { // all zero at the start
    int64_t steps;
    double running[MIEN_TASKS];                                     // means of raw losses
    double logit[MIEN_TASKS], moment[MIEN_TASKS], root[MIEN_TASKS]; // famo: x and its Adam state
    double last[MIEN_TASKS]; // famo: L / n of the last batch that had labels; 0 = none yet
    double sum[MIEN_TASKS], count[MIEN_TASKS]; // dwa: of the period under way
    double period[2][MIEN_TASKS]; // dwa: mean losses of the last period and the one before it
};

// Whether a scheme that adapts moves this task.
bool mien_weighting_balances(const struct mien_weighting_config *c, int task);

// Multipliers for the coming step, 0 for tasks that are off. log_variance: the learned s of
// `uncertainty` (else not read).
void mien_weighting_next(const struct mien_weighting_config *c,
                         const struct mien_weighting_state *s,
                         const double log_variance[MIEN_TASKS], double out[MIEN_TASKS]);
// Takes in a step: raw losses summed over the batch and their counts.
void mien_weighting_observe(const struct mien_weighting_config *c, struct mien_weighting_state *s,
                            const double sum[MIEN_TASKS], const double count[MIEN_TASKS]);

// Largest |s| of `uncertainty`.
#define MIEN_WEIGHTING_LOG_VARIANCE_MAX 3.0
// Derivative by s of weight * (exp(-s) L/n + s); weighted: the first summand's value. Beyond the
// cap only a push back is let through. For a part of a batch give that part's share of the weight.
double mien_weighting_uncertainty_slope(double s, double weight, double weighted);

#endif

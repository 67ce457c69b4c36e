// Losses of the multi-task network: masked, normalised, each with its own weight, with gradients.
//
// A label that is not there adds neither loss nor gradient. Every task's loss is divided by what
// the best constant answer would score (mien_loss_measure), so that weights compare like with like.
// Does not: know the graph or threads; mien_loss_sample is pure and may run on any thread.
//
// Per sample (w = label weights; all sums over w are normalised by the sum of w):
//   landmarks    wing loss a coordinate (Feng et al. 2018, "Wing Loss for Robust Facial Landmark
//                Localisation with CNNs"), crop units
//   sigma        Gaussian negative log-likelihood s^b (2 log s + |e|^2 / (2 s^2)), s^b taken as a
//                constant (beta-NLL: Seitzer et al. 2022, "On the Pitfalls of Heteroscedastic
//                Uncertainty Estimation with Probabilistic Neural Networks"); moves mean and s
//   pose         sqrt(|d - d*|^2 + e^2) - e on the first two columns of R as the network outputs
//   them
//                (chordal; the minimum is the rotation, and there is no singularity before the
//                columns are orthonormal) + smooth L1 on x, y, log s
//   identity     squared error of coefficients weighted by their mean effect on the landmarks
//   identity_sigma
//                Gaussian negative log-likelihood log s + e^2 / (2 s^2) of a rendered person's
//                coefficients (those of a fit are not ground truth); moves mean and s
//   blendshapes  cross-entropy less the label's entropy, by shape; a shape at weight 1 counts 3
//   times expression   cross-entropy with soft labels less their entropy, of logits plus `adjust`
//   times
//                the log of the classes' share in the training stream (Menon et al. 2021,
//                "Long-tail learning via logit adjustment"): the network's own logits then mean
//                equally frequent classes, so that rare ones are predicted at all
//   gaze         smooth L1 on yaw and pitch, radians
//   presence     cross-entropy
//   consistency  smooth L1 between the label's landmarks and the model's, posed and projected from
//                the pose, identity and blendshape outputs together: couples the branches
#ifndef MIEN_LEARN_LOSS_H
#define MIEN_LEARN_LOSS_H

#include "face/decode.h"
#include "face/model.h"
#include "learn/sample.h"

// One row a task: identifier, name (options, logs, curves), functions in loss.c (NAME_loss and
// NAME_count), weight at first (0: off until it is asked for), the branches that must be there, and
// what else of struct mien_task_row is not zero.
#define MIEN_TASK_ROWS(X)                                                                   \
    X(LANDMARKS, landmarks, 1, MIEN_NEEDS(LANDMARKS))                                       \
    X(SIGMA, sigma, 0.5f, MIEN_NEEDS(LANDMARKS) | MIEN_NEEDS(SIGMA), .auxiliary = true,     \
      .early = 0.1, .led_by = 1 + MIEN_TASK_LANDMARKS)                                      \
    X(POSE, pose, 1, MIEN_NEEDS(POSE))                                                      \
    X(IDENTITY, identity, 1, MIEN_NEEDS(IDENTITY))                                          \
    X(BLENDSHAPES, blendshapes, 1, MIEN_NEEDS(BLENDSHAPES))                                 \
    X(EXPRESSION, expression, 1, MIEN_NEEDS(EXPRESSION))                                    \
    X(GAZE, gaze, 0.5f, MIEN_NEEDS(GAZE))                                                   \
    X(PRESENCE, presence, 0.3f, MIEN_NEEDS(PRESENCE))                                       \
    X(CONSISTENCY, consistency, 0,                                                          \
      MIEN_NEEDS(POSE) | MIEN_NEEDS(IDENTITY) | MIEN_NEEDS(BLENDSHAPES), .auxiliary = true, \
      .costly = true)                                                                       \
    X(IDENTITY_SIGMA, identity_sigma, 0, MIEN_NEEDS(IDENTITY) | MIEN_NEEDS(IDENTITY_SIGMA), \
      .auxiliary = true, .early = 0.1, .led_by = 1 + MIEN_TASK_IDENTITY)
#define MIEN_NEEDS(branch) (1U << MIEN_BRANCH_##branch)
#define MIEN_TASK_ID(id, ...) MIEN_TASK_##id,
enum mien_task { MIEN_TASK_ROWS(MIEN_TASK_ID) MIEN_TASKS };

struct mien_loss;
struct mien_task_row {
    const char *name;
    float weight;
    unsigned needs; // bits of enum mien_branch
    int led_by;     // 1 + the task that it is switched on and off with in --tasks; 0: none
    bool costly;    // computed only while it is on
    // No weighting scheme balances it, its norm is the mean predictor's landmark distance (its own
    // value there says nothing), and before the ramp it counts only `early` of its weight.
    bool auxiliary;
    double early;
    // The label's weight in this sample: 0 without a label.
    double (*count)(const struct mien_loss *l, const struct mien_target *t);
    // One sample's loss; k times its gradient is added to grad[b] where that is not NULL. False: it
    // cannot be told here.
    bool (*loss)(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                 const struct mien_target *t, double k, float *const grad[MIEN_BRANCHES],
                 double *loss);
};
const struct mien_task_row *mien_task_at(int task); // NULL outside
const char *mien_task_name(int task);               // "landmarks" …; NULL outside
int mien_task_find(const char *name);               // -1 when unknown
// "landmarks, pose, …" for messages; led: with those that follow another. Returns text.
enum { MIEN_TASK_LIST = 200 };
const char *mien_task_list(bool led, char text[MIEN_TASK_LIST]);

struct mien_loss {
    const struct mien_face_model *model;
    float weight[MIEN_TASKS];             // 0 = task off
    double norm[MIEN_TASKS];              // value of the mean predictor; 1 until measured
    float identity_effect[MIEN_IDENTITY]; // sum 1
    float beta;                           // exponent b of the sigma task
    float adjust; // 0: classes as frequent as in training; 1: equally frequent
    double log_prior[MIEN_EXPRESSIONS]; // of the training stream; 0 until measured
};
// Weights as the tasks' rows have them; norm 1; beta 1; adjust 0.
void mien_loss_init(struct mien_loss *l, const struct mien_face_model *model);

// Losses of one sample: adds the raw (not normalised) loss of task i to sum[i] and its label weight
// (0: no label, or no branch; identity: the label's trust; else 1) to count[i]. Where k is not NULL
// the gradient of sum_i k[i] * loss_i is added to grad[b], for branches whose raw and grad are not
// NULL.
void mien_loss_sample(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                      const struct mien_target *t, const double k[MIEN_TASKS],
                      float *const grad[MIEN_BRANCHES], double sum[MIEN_TASKS],
                      double count[MIEN_TASKS]);
// Whether a network with these branches (have[b]) can be taught this task at all.
bool mien_loss_possible(int task, const bool have[MIEN_BRANCHES]);
// What each task would count on this sample (as above), from the label alone, whatever branches
// there are.
void mien_loss_count(const struct mien_loss *l, const struct mien_target *t,
                     double count[MIEN_TASKS]);

// Measures norm[] (the losses of the best constant outputs, means of the labels) and log_prior[] on
// n targets.
// False when memory is short (logged).
bool mien_loss_measure(struct mien_loss *l, const struct mien_target *t, size_t n);

// The consistency task alone (learn/consistency.c). raw pose, identity, blendshapes must be there.
// Returns the loss, or a negative value when the pose is degenerate or a point is behind the
// camera.
double mien_loss_consistency(const struct mien_face_model *model,
                             const float *const raw[MIEN_BRANCHES], const struct mien_target *t,
                             double k, float *const grad[MIEN_BRANCHES]);

#endif

// A network's errors by task and by source of the labels.
//
// Does not: run networks. Fed with decoded estimates (face/decode.h) and crop-frame labels.
#ifndef MIEN_LEARN_METRICS_H
#define MIEN_LEARN_METRICS_H

#include <stdio.h>

#include "face/decode.h"
#include "learn/sample.h"

enum { MIEN_METRIC_SOURCES = 4 }; // enum mien_label_source

struct mien_metric_group {
    double faces;
    double landmark_count, landmark_nme; // mean point distance / sqrt(box area), summed
    double landmark_fail;                // faces over 6 %
    double sigma_count, sigma_ratio;     // sum of |e|^2 / (2 sigma^2): mean 1 when honest
    double pose_count, rotation_deg, yaw_deg, pitch_deg, roll_deg, place, log_s;
    double identity_count, identity_vertex_mm;    // rms landmark displacement between coefficients
    double identity_xy, identity_xx, identity_yy; // correlation, effect-weighted
    double blendshape_count, blendshape_abs;
    double confusion[MIEN_EXPRESSIONS][MIEN_EXPRESSIONS]; // [label][answer]
    double gaze_count, gaze_deg;
};

struct mien_metrics {
    const struct mien_face_model *model;
    struct mien_metric_group group[MIEN_METRIC_SOURCES];
    float *score[2]; // presence of pictures without [0] and with [1] a face
    size_t scores[2], room[2];
};

const char *mien_metric_source_name(int source); // "synth" …; NULL outside
// Adds one face to a group. present[b]: the network has branch b (others are left out).
void mien_metric_group_add(struct mien_metric_group *g, const struct mien_face_model *model,
                           const struct mien_estimate *e, const struct mien_target *t,
                           const bool present[MIEN_BRANCHES]);

void mien_metrics_init(struct mien_metrics *m, const struct mien_face_model *model);
void mien_metrics_destroy(struct mien_metrics *m); // idempotent
// present as above. False when memory is short (logged).
bool mien_metrics_add(struct mien_metrics *m, const struct mien_estimate *e,
                      const struct mien_target *t, const bool present[MIEN_BRANCHES]);
// Area under the ROC curve of presence; NAN without both kinds. Sorts the scores.
double mien_metrics_auc(struct mien_metrics *m);
double mien_metrics_accuracy(const struct mien_metric_group *g); // NAN when nothing was labelled
double mien_metrics_macro_f1(const struct mien_metric_group *g); // over classes that occur
// A table, one line a source.
void mien_metrics_print(struct mien_metrics *m, FILE *f);
// `"photo_nme":1.9,"photo_pose_deg":3.1,…` without braces, for a JSON line.
void mien_metrics_json(struct mien_metrics *m, FILE *f);
// A number in a table, "-" when there is none.
void mien_metric_cell(FILE *f, int width, int digits, double v);

#endif

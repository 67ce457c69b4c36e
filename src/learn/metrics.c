// Sums errors a source and prints them as text and JSON.
#include "learn/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/angle.h"
#include "base/log.h"
#include "base/mem.h"

static const char *const source_names[MIEN_METRIC_SOURCES] = {"synth", "photo", "ferplus",
                                                              "background"};

const char *mien_metric_source_name(int source)
{
    return source >= 0 && source < MIEN_METRIC_SOURCES ? source_names[source] : NULL;
}

void mien_metrics_init(struct mien_metrics *m, const struct mien_face_model *model)
{
    memset(m, 0, sizeof(*m));
    m->model = model;
}

void mien_metrics_destroy(struct mien_metrics *m)
{
    for (int i = 0; i < 2; i++) {
        free(m->score[i]);
        m->score[i] = NULL;
        m->scores[i] = m->room[i] = 0;
    }
}

static bool add_score(struct mien_metrics *m, int kind, float score)
{
    if (m->scores[kind] == m->room[kind]) {
        size_t room = m->room[kind] ? 2 * m->room[kind] : 1024;
        float *p = mien_realloc_array(m->score[kind], room, sizeof(float));
        if (!p) {
            return false;
        }
        m->score[kind] = p;
        m->room[kind] = room;
    }
    m->score[kind][m->scores[kind]++] = score;
    return true;
}

static void add_landmarks(const struct mien_face_model *model, struct mien_metric_group *g,
                          const struct mien_estimate *e, const struct mien_target *t, bool sigma)
{
    double total = 0, distance = 0, ratio = 0;
    for (int i = 0; i < model->landmarks; i++) {
        double w = t->landmark_weight[i];
        double dx = (double)e->landmark[i][0] - t->landmark[i][0];
        double dy = (double)e->landmark[i][1] - t->landmark[i][1];
        double s = e->landmark_sigma[i];
        distance += w * sqrt(dx * dx + dy * dy);
        ratio += w * (dx * dx + dy * dy) / (2 * s * s);
        total += w;
    }
    if (!(total > 0) || !(t->box > 0)) {
        return;
    }
    double nme = distance / total / t->box;
    g->landmark_count++;
    g->landmark_nme += nme;
    g->landmark_fail += nme > 0.06;
    if (sigma) {
        g->sigma_count++;
        g->sigma_ratio += ratio / total;
    }
}

static double angle_between(const float a[2], const float b[2])
{
    double c = sin(a[1]) * sin(b[1]) + cos(a[1]) * cos(b[1]) * cos((double)a[0] - b[0]);
    return acos(fmax(-1, fmin(1, c))) * MIEN_DEG_PER_RAD;
}

static void add_pose(struct mien_metric_group *g, const struct mien_estimate *e,
                     const struct mien_target *t)
{
    float a[3], b[3];
    mien_pose_to_angles(e->pose.R, &a[0], &a[1], &a[2]);
    mien_pose_to_angles(t->pose.R, &b[0], &b[1], &b[2]);
    double d[3];
    for (int i = 0; i < 3; i++) {
        d[i] = fabs(remainder((double)a[i] - b[i], 360));
    }
    g->pose_count++;
    g->rotation_deg += mien_rotation_distance_deg(e->pose.R, t->pose.R);
    g->yaw_deg += d[0];
    g->pitch_deg += d[1];
    g->roll_deg += d[2];
    g->place += hypot((double)e->pose.x - t->pose.x, (double)e->pose.y - t->pose.y);
    g->log_s += fabs((double)e->pose.log_s - t->pose.log_s);
}

static void add_identity(const struct mien_face_model *model, struct mien_metric_group *g,
                         const struct mien_estimate *e, const struct mien_target *t)
{
    size_t n = 3 * (size_t)model->landmarks;
    float d[3 * MIEN_LANDMARKS_MAX] = {0};
    for (size_t k = 0; k < MIEN_IDENTITY; k++) {
        float diff = e->identity[k] - t->identity[k];
        double effect = 0;
        for (size_t i = 0; i < n; i++) {
            float v = model->landmark_identity[k * n + i];
            d[i] += diff * v;
            effect += (double)v * v;
        }
        g->identity_xy += effect * e->identity[k] * t->identity[k];
        g->identity_xx += effect * e->identity[k] * e->identity[k];
        g->identity_yy += effect * t->identity[k] * t->identity[k];
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)d[i] * d[i];
    }
    g->identity_count++;
    g->identity_vertex_mm += sqrt(sum / model->landmarks);
}

static int argmax(const float *p, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++) {
        if (p[i] > p[best]) {
            best = i;
        }
    }
    return best;
}

void mien_metric_group_add(struct mien_metric_group *g, const struct mien_face_model *model,
                           const struct mien_estimate *e, const struct mien_target *t,
                           const bool present[MIEN_BRANCHES])
{
    g->faces++;
    if (present[MIEN_BRANCH_LANDMARKS] && t->mask & MIEN_LABEL_LANDMARKS) {
        add_landmarks(model, g, e, t, present[MIEN_BRANCH_SIGMA]);
    }
    if (present[MIEN_BRANCH_POSE] && t->mask & MIEN_LABEL_POSE) {
        add_pose(g, e, t);
    }
    if (present[MIEN_BRANCH_IDENTITY] && t->mask & MIEN_LABEL_IDENTITY) {
        add_identity(model, g, e, t);
    }
    double sum = 0, weight = 0;
    for (int i = 0; t->mask & MIEN_LABEL_BLENDSHAPES && i < MIEN_BLENDSHAPES; i++) {
        sum += t->blendshape_weight[i] * fabs((double)e->blendshape[i] - t->blendshape[i]);
        weight += t->blendshape_weight[i];
    }
    if (present[MIEN_BRANCH_BLENDSHAPES] && weight > 0) {
        g->blendshape_count++;
        g->blendshape_abs += sum / weight;
    }
    if (present[MIEN_BRANCH_EXPRESSION] && t->mask & MIEN_LABEL_EXPRESSION) {
        g->confusion[argmax(t->expression, MIEN_EXPRESSIONS)]
                    [argmax(e->expression, MIEN_EXPRESSIONS)]++;
    }
    for (int i = 0; present[MIEN_BRANCH_GAZE] && t->mask & MIEN_LABEL_GAZE && i < 2; i++) {
        g->gaze_count += t->gaze_weight[i];
        g->gaze_deg += t->gaze_weight[i] * angle_between(e->gaze_rad[i], t->gaze[i]);
    }
}

bool mien_metrics_add(struct mien_metrics *m, const struct mien_estimate *e,
                      const struct mien_target *t, const bool present[MIEN_BRANCHES])
{
    if (t->mask & MIEN_LABEL_NOFACE) {
        return !present[MIEN_BRANCH_PRESENCE] || add_score(m, 0, e->presence);
    }
    mien_metric_group_add(&m->group[t->source < MIEN_METRIC_SOURCES ? t->source : 0], m->model, e,
                          t, present);
    return !present[MIEN_BRANCH_PRESENCE] || !(t->presence_weight > 0) ||
           add_score(m, 1, e->presence);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

double mien_metrics_auc(struct mien_metrics *m)
{
    size_t n = m->scores[0], p = m->scores[1];
    if (!n || !p) {
        return NAN;
    }
    qsort(m->score[0], n, sizeof(float), by_value);
    qsort(m->score[1], p, sizeof(float), by_value);
    double wins = 0;
    size_t below = 0, upto = 0;
    for (size_t i = 0; i < p; i++) { // ties count half
        while (below < n && m->score[0][below] < m->score[1][i]) {
            below++;
        }
        upto = upto < below ? below : upto;
        while (upto < n && m->score[0][upto] <= m->score[1][i]) {
            upto++;
        }
        wins += (double)below + 0.5 * (double)(upto - below);
    }
    return wins / ((double)n * (double)p);
}

double mien_metrics_accuracy(const struct mien_metric_group *g)
{
    double right = 0, all = 0;
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        for (int j = 0; j < MIEN_EXPRESSIONS; j++) {
            all += g->confusion[i][j];
        }
        right += g->confusion[i][i];
    }
    return all > 0 ? right / all : NAN;
}

double mien_metrics_macro_f1(const struct mien_metric_group *g)
{
    double sum = 0, classes = 0;
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        double said = 0, is = 0;
        for (int j = 0; j < MIEN_EXPRESSIONS; j++) {
            said += g->confusion[j][i];
            is += g->confusion[i][j];
        }
        if (is > 0) {
            sum += 2 * g->confusion[i][i] / (said + is);
            classes++;
        }
    }
    return classes > 0 ? sum / classes : NAN;
}

static double correlation(const struct mien_metric_group *g)
{
    double d = sqrt(g->identity_xx * g->identity_yy);
    return d > 0 ? g->identity_xy / d : NAN;
}

void mien_metric_cell(FILE *f, int width, int digits, double v)
{
    if (isnan(v)) {
        fprintf(f, " %*s", width, "-");
    } else {
        fprintf(f, " %*.*f", width, digits, v);
    }
}

void mien_metrics_print(struct mien_metrics *m, FILE *f)
{
    fprintf(f, "%-10s %6s %6s %6s %6s %6s %6s %6s %6s %6s %6s %6s %6s %6s %6s\n", "source", "faces",
            "NME%", "fail%", "sigma", "rot", "yaw", "pitch", "roll", "id mm", "id r", "bs MAE",
            "expr%", "F1%", "gaze");
    for (int s = 0; s < MIEN_METRIC_SOURCES; s++) {
        const struct mien_metric_group *g = &m->group[s];
        if (!(g->faces > 0)) {
            continue;
        }
        fprintf(f, "%-10s %6.0f", source_names[s], g->faces);
        mien_metric_cell(f, 6, 2, 100 * g->landmark_nme / g->landmark_count);
        mien_metric_cell(f, 6, 1, 100 * g->landmark_fail / g->landmark_count);
        mien_metric_cell(f, 6, 2, sqrt(g->sigma_ratio / g->sigma_count));
        mien_metric_cell(f, 6, 2, g->rotation_deg / g->pose_count);
        mien_metric_cell(f, 6, 2, g->yaw_deg / g->pose_count);
        mien_metric_cell(f, 6, 2, g->pitch_deg / g->pose_count);
        mien_metric_cell(f, 6, 2, g->roll_deg / g->pose_count);
        mien_metric_cell(f, 6, 2, g->identity_vertex_mm / g->identity_count);
        mien_metric_cell(f, 6, 3, correlation(g));
        mien_metric_cell(f, 6, 4, g->blendshape_abs / g->blendshape_count);
        mien_metric_cell(f, 6, 1, 100 * mien_metrics_accuracy(g));
        mien_metric_cell(f, 6, 1, 100 * mien_metrics_macro_f1(g));
        mien_metric_cell(f, 6, 2, g->gaze_deg / g->gaze_count);
        fputc('\n', f);
    }
    double auc = mien_metrics_auc(m);
    if (!isnan(auc)) {
        fprintf(f, "presence   AUC %.4f over %zu pictures without and %zu with a face\n", auc,
                m->scores[0], m->scores[1]);
    }
}

static void write_member(FILE *f, bool *first, const char *source, const char *name, double v)
{
    if (!isnan(v) && !isinf(v)) {
        fprintf(f, "%s\"%s%s%s\":%.6g", *first ? "" : ",", source, *source ? "_" : "", name, v);
        *first = false;
    }
}

void mien_metrics_json(struct mien_metrics *m, FILE *f)
{
    bool first = true;
    for (int s = 0; s < MIEN_METRIC_SOURCES; s++) {
        const struct mien_metric_group *g = &m->group[s];
        const char *n = source_names[s];
        write_member(f, &first, n, "nme", 100 * g->landmark_nme / g->landmark_count);
        write_member(f, &first, n, "fail", 100 * g->landmark_fail / g->landmark_count);
        write_member(f, &first, n, "sigma", sqrt(g->sigma_ratio / g->sigma_count));
        write_member(f, &first, n, "rotation_deg", g->rotation_deg / g->pose_count);
        write_member(f, &first, n, "identity_mm", g->identity_vertex_mm / g->identity_count);
        write_member(f, &first, n, "identity_r", correlation(g));
        write_member(f, &first, n, "blendshape_mae", g->blendshape_abs / g->blendshape_count);
        write_member(f, &first, n, "accuracy", 100 * mien_metrics_accuracy(g));
        write_member(f, &first, n, "macro_f1", 100 * mien_metrics_macro_f1(g));
        write_member(f, &first, n, "gaze_deg", g->gaze_deg / g->gaze_count);
    }
    write_member(f, &first, "", "presence_auc", mien_metrics_auc(m));
}

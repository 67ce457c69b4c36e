// The tasks' losses with their gradients, the table of tasks, and the losses of constant answers.
#include "learn/loss.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

// Wing: slope WING_W/WING_E at zero, logarithmic to WING_W, linear beyond. In crop units; 0.03 is
// 1.5 px of a 96 px crop, where label noise begins.
static const double WING_W = 0.15, WING_E = 0.03;
static const double ROTATION_EPS = 0.03; // about 1.2 degrees
static const double PLACE_DELTA = 0.02;  // crop units and log scale
static const double GAZE_DELTA = 0.05;   // radians

// Value and, in *slope, derivative.
static double wing(double x, double *slope)
{
    double a = fabs(x), sign = x < 0 ? -1 : x > 0 ? 1 : 0;
    if (a < WING_W) {
        *slope = sign * WING_W / (WING_E + a);
        return WING_W * log1p(a / WING_E);
    }
    *slope = sign;
    return a - (WING_W - WING_W * log1p(WING_W / WING_E));
}

static double smooth_l1(double x, double delta, double *slope)
{
    double a = fabs(x);
    if (a < delta) {
        *slope = x / delta;
        return 0.5 * x * x / delta;
    }
    *slope = x < 0 ? -1 : 1;
    return a - 0.5 * delta;
}

static double landmark_total(const struct mien_loss *l, const struct mien_target *t)
{
    double total = 0;
    for (int i = 0; t->mask & MIEN_LABEL_LANDMARKS && i < l->model->landmarks; i++) {
        total += t->landmark_weight[i];
    }
    return total;
}

static double blendshape_total(const struct mien_target *t)
{
    double total = 0;
    for (int i = 0; t->mask & MIEN_LABEL_BLENDSHAPES && i < MIEN_BLENDSHAPES; i++) {
        total += t->blendshape_weight[i];
    }
    return total;
}

static double landmarks_count(const struct mien_loss *l, const struct mien_target *t)
{
    return landmark_total(l, t) > 0;
}

static bool landmarks_loss(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                           const struct mien_target *t, double k, float *const grad[MIEN_BRANCHES],
                           double *loss)
{
    const float *out = raw[MIEN_BRANCH_LANDMARKS];
    float *d_out = grad[MIEN_BRANCH_LANDMARKS];
    double total = landmark_total(l, t);
    double sum = 0;
    for (int i = 0; i < l->model->landmarks; i++) {
        double w = t->landmark_weight[i] / total;
        for (int c = 0; w > 0 && c < 2; c++) {
            double slope;
            sum += w * wing((double)out[2 * i + c] - t->landmark[i][c], &slope);
            if (d_out) {
                d_out[2 * i + c] += (float)(k * w * slope);
            }
        }
    }
    *loss = sum;
    return true;
}

static double sigma_count(const struct mien_loss *l, const struct mien_target *t)
{
    return landmark_total(l, t) > 0;
}

static bool sigma_loss(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                       const struct mien_target *t, double k, float *const grad[MIEN_BRANCHES],
                       double *loss)
{
    const float *out = raw[MIEN_BRANCH_LANDMARKS];
    float *d_out = grad[MIEN_BRANCH_LANDMARKS];
    const float *out_sigma = raw[MIEN_BRANCH_SIGMA];
    float *d_sigma = grad[MIEN_BRANCH_SIGMA];
    double total = landmark_total(l, t);
    double sum = 0;
    for (int i = 0; i < l->model->landmarks; i++) {
        double w = t->landmark_weight[i] / total;
        if (!(w > 0)) {
            continue;
        }
        double z = out_sigma[i];
        double s = fmin(MIEN_LOG_SIGMA_MAX, fmax(MIEN_LOG_SIGMA_MIN, z));
        double inv = exp(-2 * s), hold = exp(l->beta * s);
        double dx = (double)out[2 * i] - t->landmark[i][0];
        double dy = (double)out[2 * i + 1] - t->landmark[i][1];
        double e2 = dx * dx + dy * dy;
        sum += w * hold * (2 * s + 0.5 * e2 * inv);
        if (d_out) {
            d_out[2 * i] += (float)(k * w * hold * dx * inv);
            d_out[2 * i + 1] += (float)(k * w * hold * dy * inv);
        }
        if (d_sigma) {
            double g = hold * (2 - e2 * inv);
            // Beyond the clamp only a push back is let through.
            if ((z <= MIEN_LOG_SIGMA_MAX || g > 0) && (z >= MIEN_LOG_SIGMA_MIN || g < 0)) {
                d_sigma[i] += (float)(k * w * g);
            }
        }
    }
    *loss = sum;
    return true;
}

static double pose_count(const struct mien_loss *l, const struct mien_target *t)
{
    return t->mask & MIEN_LABEL_POSE ? 1 : 0;
}

static bool pose_loss(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                      const struct mien_target *t, double k, float *const grad[MIEN_BRANCHES],
                      double *loss)
{
    const float *out = raw[MIEN_BRANCH_POSE];
    float *d_out = grad[MIEN_BRANCH_POSE];
    float d[6];
    mien_rotation_to_6d(t->pose.R, d);
    double e2 = 0;
    for (int i = 0; i < 6; i++) {
        double e = (double)out[i] - d[i];
        e2 += e * e;
    }
    double root = sqrt(e2 + ROTATION_EPS * ROTATION_EPS), sum = root - ROTATION_EPS;
    const double place[3] = {t->pose.x, t->pose.y, t->pose.log_s};
    for (int i = 0; i < 6 && d_out; i++) {
        d_out[i] += (float)(k * ((double)out[i] - d[i]) / root);
    }
    for (int i = 0; i < 3; i++) {
        double slope;
        sum += smooth_l1((double)out[6 + i] - place[i], PLACE_DELTA, &slope);
        if (d_out) {
            d_out[6 + i] += (float)(k * slope);
        }
    }
    *loss = sum;
    return true;
}

static double identity_count(const struct mien_loss *l, const struct mien_target *t)
{
    return t->mask & MIEN_LABEL_IDENTITY ? (double)t->identity_weight : 0;
}

static bool identity_loss(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                          const struct mien_target *t, double k, float *const grad[MIEN_BRANCHES],
                          double *loss)
{
    const float *out = raw[MIEN_BRANCH_IDENTITY];
    float *d_out = grad[MIEN_BRANCH_IDENTITY];
    double sum = 0;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        double e = (double)out[i] - t->identity[i], w = l->identity_effect[i] * t->identity_weight;
        sum += w * e * e;
        if (d_out) {
            d_out[i] += (float)(k * 2 * w * e);
        }
    }
    *loss = sum;
    return true;
}

static double identity_sigma_count(const struct mien_loss *l, const struct mien_target *t)
{
    // A fit's coefficients are no truth: how far an answer is from them says little.
    return t->source == MIEN_SOURCE_SYNTH ? identity_count(l, t) : 0;
}

static bool identity_sigma_loss(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                                const struct mien_target *t, double k,
                                float *const grad[MIEN_BRANCHES], double *loss)
{
    const float *mean = raw[MIEN_BRANCH_IDENTITY], *out = raw[MIEN_BRANCH_IDENTITY_SIGMA];
    float *d_mean = grad[MIEN_BRANCH_IDENTITY], *d_out = grad[MIEN_BRANCH_IDENTITY_SIGMA];
    const double w = t->identity_weight / (double)MIEN_IDENTITY;
    double sum = 0;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        double z = out[i], e = (double)mean[i] - t->identity[i];
        double s = fmin(MIEN_IDENTITY_LOG_SIGMA_MAX, fmax(MIEN_IDENTITY_LOG_SIGMA_MIN, z));
        double part = e * e * exp(-2 * s), slope = 1 - part;
        sum += w * (s + 0.5 * part);
        if (d_mean) {
            d_mean[i] += (float)(k * w * e * exp(-2 * s));
        }
        // Beyond the clamp only a push back is let through.
        if (d_out && (z <= MIEN_IDENTITY_LOG_SIGMA_MAX || slope > 0) &&
            (z >= MIEN_IDENTITY_LOG_SIGMA_MIN || slope < 0)) {
            d_out[i] += (float)(k * w * slope);
        }
    }
    *loss = sum;
    return true;
}

// Cross-entropy of a Bernoulli label less the label's own entropy; logit z.
static double bernoulli(double z, double target, double *slope)
{
    double p = 1 / (1 + exp(-z));
    double softplus = z > 0 ? z + log1p(exp(-z)) : log1p(exp(z)); // -log(1 - p)
    double entropy = 0;
    if (target > 0 && target < 1) {
        entropy = -target * log(target) - (1 - target) * log1p(-target);
    }
    *slope = p - target;
    return softplus - target * z - entropy;
}

static double blendshapes_count(const struct mien_loss *l, const struct mien_target *t)
{
    return blendshape_total(t) > 0;
}

// A channel at weight 1 counts this much more than one at rest. Most channels rest in most
// pictures: without it their mean (almost zero) stays the cheapest answer, however long the
// training.
static const double active_weight = 2;

static bool blendshapes_loss(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                             const struct mien_target *t, double k,
                             float *const grad[MIEN_BRANCHES], double *loss)
{
    const float *out = raw[MIEN_BRANCH_BLENDSHAPES];
    float *d_out = grad[MIEN_BRANCH_BLENDSHAPES];
    double total = blendshape_total(t);
    double sum = 0;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        double w = t->blendshape_weight[i] / total, slope;
        if (w > 0) {
            double target = fmin(1, fmax(0, t->blendshape[i]));
            w *= 1 + active_weight * target;
            sum += w * bernoulli(out[i], target, &slope);
            if (d_out) {
                d_out[i] += (float)(k * w * slope);
            }
        }
    }
    *loss = sum;
    return true;
}

static double expression_count(const struct mien_loss *l, const struct mien_target *t)
{
    return t->mask & MIEN_LABEL_EXPRESSION ? 1 : 0;
}

static bool expression_loss(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                            const struct mien_target *t, double k, float *const grad[MIEN_BRANCHES],
                            double *loss)
{
    const float *out = raw[MIEN_BRANCH_EXPRESSION];
    float *d_out = grad[MIEN_BRANCH_EXPRESSION];
    double z[MIEN_EXPRESSIONS], top = -1e30, denominator = 0, total = 0, sum = 0;
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        z[i] = out[i] + l->adjust * l->log_prior[i];
        top = fmax(top, z[i]);
        total += t->expression[i];
    }
    if (!(total > 0)) {
        *loss = 0;
        return true;
    }
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        denominator += exp(z[i] - top);
    }
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        double q = t->expression[i] / total, log_p = z[i] - top - log(denominator);
        if (q > 0) {
            sum += q * (log(q) - log_p);
        }
        if (d_out) {
            d_out[i] += (float)(k * (exp(log_p) - q));
        }
    }
    *loss = sum;
    return true;
}

static double gaze_count(const struct mien_loss *l, const struct mien_target *t)
{
    return t->mask & MIEN_LABEL_GAZE && t->gaze_weight[0] + t->gaze_weight[1] > 0;
}

static bool gaze_loss(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                      const struct mien_target *t, double k, float *const grad[MIEN_BRANCHES],
                      double *loss)
{
    const float *out = raw[MIEN_BRANCH_GAZE];
    float *d_out = grad[MIEN_BRANCH_GAZE];
    double total = t->gaze_weight[0] + t->gaze_weight[1], sum = 0;
    for (int i = 0; i < 4; i++) {
        double w = t->gaze_weight[i / 2] / total, slope;
        sum += w * smooth_l1((double)out[i] - t->gaze[i / 2][i % 2], GAZE_DELTA, &slope);
        if (d_out) {
            d_out[i] += (float)(k * w * slope);
        }
    }
    *loss = sum;
    return true;
}

static double presence_count(const struct mien_loss *l, const struct mien_target *t)
{
    return t->presence_weight;
}

static bool presence_loss(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                          const struct mien_target *t, double k, float *const grad[MIEN_BRANCHES],
                          double *loss)
{
    double slope;
    *loss = bernoulli(raw[MIEN_BRANCH_PRESENCE][0], t->presence, &slope);
    if (grad[MIEN_BRANCH_PRESENCE]) {
        grad[MIEN_BRANCH_PRESENCE][0] += (float)(k * slope);
    }
    return true;
}

static double consistency_count(const struct mien_loss *l, const struct mien_target *t)
{
    return landmark_total(l, t) > 0 && t->camera.f_px > 0;
}

static bool consistency_loss(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                             const struct mien_target *t, double k,
                             float *const grad[MIEN_BRANCHES], double *loss)
{
    *loss = mien_loss_consistency(l->model, raw, t, k, grad);
    return *loss >= 0;
}

#define ROW(id, word, first, branches, ...)    \
    [MIEN_TASK_##id] = {.name = #word,         \
                        .weight = first,       \
                        .needs = branches,     \
                        .count = word##_count, \
                        .loss = word##_loss,   \
                        ##__VA_ARGS__},
static const struct mien_task_row rows[MIEN_TASKS] = {MIEN_TASK_ROWS(ROW)};

const struct mien_task_row *mien_task_at(int task)
{
    return task >= 0 && task < MIEN_TASKS ? &rows[task] : NULL;
}

const char *mien_task_name(int task)
{
    return task >= 0 && task < MIEN_TASKS ? rows[task].name : NULL;
}

int mien_task_find(const char *name)
{
    for (int i = 0; i < MIEN_TASKS; i++) {
        if (!strcmp(name, rows[i].name)) {
            return i;
        }
    }
    return -1;
}

const char *mien_task_list(bool led, char text[MIEN_TASK_LIST])
{
    size_t n = 0;
    text[0] = 0;
    for (int i = 0; i < MIEN_TASKS && n < MIEN_TASK_LIST; i++) {
        if (led || !rows[i].led_by) {
            n +=
                (size_t)snprintf(text + n, MIEN_TASK_LIST - n, "%s%s", n ? ", " : "", rows[i].name);
        }
    }
    return text;
}

void mien_loss_init(struct mien_loss *l, const struct mien_face_model *model)
{
    memset(l, 0, sizeof(*l));
    l->model = model;
    l->beta = 1;
    for (int i = 0; i < MIEN_TASKS; i++) {
        l->weight[i] = rows[i].weight;
        l->norm[i] = 1;
    }
    double total = 0;
    size_t n = 3 * (size_t)model->landmarks;
    double effect[MIEN_IDENTITY];
    for (int k = 0; k < MIEN_IDENTITY; k++) {
        effect[k] = 0;
        for (size_t i = 0; i < n; i++) {
            double d = model->landmark_identity[(size_t)k * n + i];
            effect[k] += d * d;
        }
        total += effect[k];
    }
    for (int k = 0; k < MIEN_IDENTITY; k++) {
        l->identity_effect[k] = (float)(total > 0 ? effect[k] / total : 1.0 / MIEN_IDENTITY);
    }
}

void mien_loss_count(const struct mien_loss *l, const struct mien_target *t,
                     double count[MIEN_TASKS])
{
    for (int i = 0; i < MIEN_TASKS; i++) {
        count[i] += rows[i].count(l, t);
    }
}

bool mien_loss_possible(int task, const bool have[MIEN_BRANCHES])
{
    if (task < 0 || task >= MIEN_TASKS) {
        return false;
    }
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        if (rows[task].needs >> b & 1 && !have[b]) {
            return false;
        }
    }
    return true;
}

void mien_loss_sample(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                      const struct mien_target *t, const double k[MIEN_TASKS],
                      float *const grad[MIEN_BRANCHES], double sum[MIEN_TASKS],
                      double count[MIEN_TASKS])
{
    float *none[MIEN_BRANCHES] = {NULL};
    float *const *g = k && grad ? grad : none;
    bool there[MIEN_BRANCHES];
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        there[b] = raw[b] != NULL;
    }
    for (int i = 0; i < MIEN_TASKS; i++) {
        const struct mien_task_row *row = &rows[i];
        double have = row->count(l, t), loss = 0;
        if (have > 0 && mien_loss_possible(i, there) && (!row->costly || l->weight[i] > 0) &&
            row->loss(l, raw, t, k ? k[i] : 0, g, &loss)) {
            sum[i] += loss;
            count[i] += have;
        }
    }
}

// Constant outputs: the labels' means, in each branch's own encoding.
struct constant {
    float landmark[2 * MIEN_LANDMARKS_MAX], sigma[MIEN_LANDMARKS_MAX], pose[9];
    float identity[MIEN_IDENTITY], blendshape[MIEN_BLENDSHAPES], expression[MIEN_EXPRESSIONS];
    float gaze[4], presence[1], identity_sigma[MIEN_IDENTITY];
};

static void mean_predictor(const struct mien_loss *l, const struct mien_target *t, size_t n,
                           struct constant *out, double lw[MIEN_LANDMARKS_MAX])
{
    double lm[MIEN_LANDMARKS_MAX][2] = {{0}}, pose[9] = {0}, poses = 0, id[MIEN_IDENTITY] = {0};
    double ids = 0, bs[MIEN_BLENDSHAPES] = {0}, bw[MIEN_BLENDSHAPES] = {0};
    double ex[MIEN_EXPRESSIONS] = {0}, exs = 0, gz[4] = {0}, gw[4] = {0}, present = 0, presents = 0;
    memset(lw, 0, MIEN_LANDMARKS_MAX * sizeof(*lw));
    for (size_t s = 0; s < n; s++) {
        const struct mien_target *q = &t[s];
        present += q->presence * q->presence_weight;
        presents += q->presence_weight;
        for (int i = 0; q->mask & MIEN_LABEL_LANDMARKS && i < l->model->landmarks; i++) {
            lw[i] += q->landmark_weight[i];
            lm[i][0] += (double)q->landmark_weight[i] * q->landmark[i][0];
            lm[i][1] += (double)q->landmark_weight[i] * q->landmark[i][1];
        }
        if (q->mask & MIEN_LABEL_POSE) {
            float d[6];
            mien_rotation_to_6d(q->pose.R, d);
            for (int i = 0; i < 6; i++) {
                pose[i] += d[i];
            }
            pose[6] += q->pose.x;
            pose[7] += q->pose.y;
            pose[8] += q->pose.log_s;
            poses++;
        }
        for (int i = 0; q->mask & MIEN_LABEL_IDENTITY && i < MIEN_IDENTITY; i++) {
            id[i] += (double)q->identity_weight * q->identity[i];
        }
        ids += q->mask & MIEN_LABEL_IDENTITY ? (double)q->identity_weight : 0;
        for (int i = 0; q->mask & MIEN_LABEL_BLENDSHAPES && i < MIEN_BLENDSHAPES; i++) {
            bs[i] += (double)q->blendshape_weight[i] * q->blendshape[i];
            bw[i] += q->blendshape_weight[i];
        }
        for (int i = 0; q->mask & MIEN_LABEL_EXPRESSION && i < MIEN_EXPRESSIONS; i++) {
            ex[i] += q->expression[i];
            exs += q->expression[i];
        }
        for (int i = 0; q->mask & MIEN_LABEL_GAZE && i < 4; i++) {
            gz[i] += (double)q->gaze_weight[i / 2] * q->gaze[i / 2][i % 2];
            gw[i] += q->gaze_weight[i / 2];
        }
    }
    memset(out, 0, sizeof(*out));
    for (int i = 0; i < l->model->landmarks && i < MIEN_LANDMARKS_MAX; i++) {
        out->landmark[2 * i] = (float)(lm[i][0] / fmax(lw[i], 1e-9));
        out->landmark[2 * i + 1] = (float)(lm[i][1] / fmax(lw[i], 1e-9));
    }
    for (int i = 0; i < 9; i++) {
        out->pose[i] = (float)(pose[i] / fmax(poses, 1));
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        out->identity[i] = (float)(id[i] / fmax(ids, 1e-9));
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        double p = fmin(0.999, fmax(0.001, bs[i] / fmax(bw[i], 1e-9)));
        out->blendshape[i] = (float)log(p / (1 - p));
    }
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        out->expression[i] = (float)log(fmax(1e-4, ex[i] / fmax(exs, 1e-9)));
    }
    for (int i = 0; i < 4; i++) {
        out->gaze[i] = (float)(gz[i] / fmax(gw[i], 1e-9));
    }
    double p = fmin(0.99, fmax(0.01, present / fmax(presents, 1)));
    out->presence[0] = (float)log(p / (1 - p));
}

bool mien_loss_measure(struct mien_loss *l, const struct mien_target *t, size_t n)
{
    if (!n) {
        return true;
    }
    struct constant *c = mien_calloc(1, sizeof(*c));
    if (!c) {
        return false;
    }
    double lw[MIEN_LANDMARKS_MAX], sum[MIEN_TASKS] = {0}, count[MIEN_TASKS] = {0};
    mean_predictor(l, t, n, c, lw);
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) { // the best constant answers around the adjustment
        l->log_prior[i] = fmax(c->expression[i], -5);
        c->expression[i] -= l->adjust * (float)l->log_prior[i];
    }
    const float *raw[MIEN_BRANCHES] = {c->landmark, c->sigma,      c->pose,
                                       c->identity, c->blendshape, c->expression,
                                       c->gaze,     c->presence,   c->identity_sigma};
    double distance = 0;
    for (size_t s = 0; s < n; s++) {
        mien_loss_sample(l, raw, &t[s], NULL, NULL, sum, count);
        double total = landmark_total(l, &t[s]);
        for (int i = 0; total > 0 && i < l->model->landmarks; i++) {
            double w = t[s].landmark_weight[i] / total;
            distance += w * (fabs((double)c->landmark[2 * i] - t[s].landmark[i][0]) +
                             fabs((double)c->landmark[2 * i + 1] - t[s].landmark[i][1]));
        }
    }
    for (int i = 0; i < MIEN_TASKS; i++) {
        double v = count[i] > 0 ? sum[i] / count[i] : 0;
        l->norm[i] = v > 1e-6 ? v : 1;
    }
    for (int i = 0; i < MIEN_TASKS && count[MIEN_TASK_LANDMARKS] > 0 && distance > 0; i++) {
        l->norm[i] = rows[i].auxiliary ? distance / count[MIEN_TASK_LANDMARKS] : l->norm[i];
    }
    mien_free(c);
    return true;
}

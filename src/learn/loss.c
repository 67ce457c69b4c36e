#include "learn/loss.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

// Wing: slope WING_W/WING_E at zero, logarithmic to WING_W, linear beyond. In crop units; 0.03 is
// 1.5 px of a 96 px crop, where label noise begins.
static const double WING_W = 0.15, WING_E = 0.03;
static const double ROTATION_EPS = 0.03; // about 1.2 degrees
static const double PLACE_DELTA = 0.02;  // crop units and log scale
static const double GAZE_DELTA = 0.05;   // radians

static const char *const names[MIEN_TASKS] = {
    "landmarks",  "sigma", "pose",     "identity",    "blendshapes",
    "expression", "gaze",  "presence", "consistency",
};

const char *mien_task_name(int task)
{
    return task >= 0 && task < MIEN_TASKS ? names[task] : NULL;
}

int mien_task_find(const char *name)
{
    for (int i = 0; i < MIEN_TASKS; i++) {
        if (!strcmp(name, names[i])) {
            return i;
        }
    }
    return -1;
}

void mien_loss_init(struct mien_loss *l, const struct mien_face_model *model)
{
    memset(l, 0, sizeof(*l));
    l->model = model;
    l->beta = 1;
    for (int i = 0; i < MIEN_TASKS; i++) {
        l->weight[i] = i == MIEN_TASK_CONSISTENCY ? 0 : 1;
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

void mien_loss_count(const struct mien_loss *l, const struct mien_target *t,
                     double count[MIEN_TASKS])
{
    bool lm = landmark_total(l, t) > 0;
    count[MIEN_TASK_LANDMARKS] += lm;
    count[MIEN_TASK_SIGMA] += lm;
    count[MIEN_TASK_POSE] += t->mask & MIEN_LABEL_POSE ? 1 : 0;
    count[MIEN_TASK_IDENTITY] += t->mask & MIEN_LABEL_IDENTITY ? (double)t->identity_weight : 0;
    count[MIEN_TASK_BLENDSHAPES] += blendshape_total(t) > 0;
    count[MIEN_TASK_EXPRESSION] += t->mask & MIEN_LABEL_EXPRESSION ? 1 : 0;
    count[MIEN_TASK_GAZE] += t->mask & MIEN_LABEL_GAZE && t->gaze_weight[0] + t->gaze_weight[1] > 0;
    count[MIEN_TASK_PRESENCE] += t->presence_weight;
    count[MIEN_TASK_CONSISTENCY] += lm && t->camera.f_px > 0;
}

static double landmarks(const struct mien_loss *l, const float *raw, const struct mien_target *t,
                        double total, double k, float *grad)
{
    double loss = 0;
    for (int i = 0; i < l->model->landmarks; i++) {
        double w = t->landmark_weight[i] / total;
        for (int c = 0; w > 0 && c < 2; c++) {
            double slope;
            loss += w * wing((double)raw[2 * i + c] - t->landmark[i][c], &slope);
            if (grad) {
                grad[2 * i + c] += (float)(k * w * slope);
            }
        }
    }
    return loss;
}

static double sigma(const struct mien_loss *l, const float *raw, const float *raw_sigma,
                    const struct mien_target *t, double total, double k, float *grad,
                    float *grad_sigma)
{
    double loss = 0;
    for (int i = 0; i < l->model->landmarks; i++) {
        double w = t->landmark_weight[i] / total;
        if (!(w > 0)) {
            continue;
        }
        double z = raw_sigma[i];
        double s = fmin(MIEN_LOG_SIGMA_MAX, fmax(MIEN_LOG_SIGMA_MIN, z));
        double inv = exp(-2 * s), hold = exp(l->beta * s);
        double dx = (double)raw[2 * i] - t->landmark[i][0];
        double dy = (double)raw[2 * i + 1] - t->landmark[i][1];
        double e2 = dx * dx + dy * dy;
        loss += w * hold * (2 * s + 0.5 * e2 * inv);
        if (grad) {
            grad[2 * i] += (float)(k * w * hold * dx * inv);
            grad[2 * i + 1] += (float)(k * w * hold * dy * inv);
        }
        if (grad_sigma) {
            double g = hold * (2 - e2 * inv);
            // Beyond the clamp only a push back is let through.
            if ((z <= MIEN_LOG_SIGMA_MAX || g > 0) && (z >= MIEN_LOG_SIGMA_MIN || g < 0)) {
                grad_sigma[i] += (float)(k * w * g);
            }
        }
    }
    return loss;
}

static double pose(const float *raw, const struct mien_target *t, double k, float *grad)
{
    float d[6];
    mien_rotation_to_6d(t->pose.R, d);
    double e2 = 0;
    for (int i = 0; i < 6; i++) {
        double e = (double)raw[i] - d[i];
        e2 += e * e;
    }
    double root = sqrt(e2 + ROTATION_EPS * ROTATION_EPS), loss = root - ROTATION_EPS;
    const double place[3] = {t->pose.x, t->pose.y, t->pose.log_s};
    for (int i = 0; i < 6 && grad; i++) {
        grad[i] += (float)(k * ((double)raw[i] - d[i]) / root);
    }
    for (int i = 0; i < 3; i++) {
        double slope;
        loss += smooth_l1((double)raw[6 + i] - place[i], PLACE_DELTA, &slope);
        if (grad) {
            grad[6 + i] += (float)(k * slope);
        }
    }
    return loss;
}

static double identity(const struct mien_loss *l, const float *raw, const struct mien_target *t,
                       double k, float *grad)
{
    double loss = 0;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        double e = (double)raw[i] - t->identity[i], w = l->identity_effect[i] * t->identity_weight;
        loss += w * e * e;
        if (grad) {
            grad[i] += (float)(k * 2 * w * e);
        }
    }
    return loss;
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

static double blendshapes(const float *raw, const struct mien_target *t, double total, double k,
                          float *grad)
{
    double loss = 0;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        double w = t->blendshape_weight[i] / total, slope;
        if (w > 0) {
            double target = fmin(1, fmax(0, t->blendshape[i]));
            loss += w * bernoulli(raw[i], target, &slope);
            if (grad) {
                grad[i] += (float)(k * w * slope);
            }
        }
    }
    return loss;
}

static double expression(const struct mien_loss *l, const float *raw, const struct mien_target *t,
                         double k, float *grad)
{
    double z[MIEN_EXPRESSIONS], top = -1e30, sum = 0, total = 0, loss = 0;
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        z[i] = raw[i] + l->adjust * l->log_prior[i];
        top = fmax(top, z[i]);
        total += t->expression[i];
    }
    if (!(total > 0)) {
        return 0;
    }
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        sum += exp(z[i] - top);
    }
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        double q = t->expression[i] / total, log_p = z[i] - top - log(sum);
        if (q > 0) {
            loss += q * (log(q) - log_p);
        }
        if (grad) {
            grad[i] += (float)(k * (exp(log_p) - q));
        }
    }
    return loss;
}

static double gaze(const float *raw, const struct mien_target *t, double k, float *grad)
{
    double total = t->gaze_weight[0] + t->gaze_weight[1], loss = 0;
    for (int i = 0; i < 4; i++) {
        double w = t->gaze_weight[i / 2] / total, slope;
        loss += w * smooth_l1((double)raw[i] - t->gaze[i / 2][i % 2], GAZE_DELTA, &slope);
        if (grad) {
            grad[i] += (float)(k * w * slope);
        }
    }
    return loss;
}

bool mien_loss_possible(int task, const bool have[MIEN_BRANCHES])
{
    switch (task) {
    case MIEN_TASK_SIGMA:
        return have[MIEN_BRANCH_LANDMARKS] && have[MIEN_BRANCH_SIGMA];
    case MIEN_TASK_CONSISTENCY:
        return have[MIEN_BRANCH_POSE] && have[MIEN_BRANCH_IDENTITY] &&
               have[MIEN_BRANCH_BLENDSHAPES];
    default: // the first tasks are the branches', in the same order
        return task >= 0 && task < MIEN_BRANCHES && have[task];
    }
}

void mien_loss_sample(const struct mien_loss *l, const float *const raw[MIEN_BRANCHES],
                      const struct mien_target *t, const double k[MIEN_TASKS],
                      float *const grad[MIEN_BRANCHES], double sum[MIEN_TASKS],
                      double count[MIEN_TASKS])
{
    static const double zero[MIEN_TASKS] = {0};
    float *none[MIEN_BRANCHES] = {NULL};
    float *const *g = k && grad ? grad : none;
    const double *f = k ? k : zero;
    double have[MIEN_TASKS] = {0}, loss[MIEN_TASKS] = {0};
    bool there[MIEN_BRANCHES];
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        there[b] = raw[b] != NULL;
    }
    mien_loss_count(l, t, have);
    for (int i = 0; i < MIEN_TASKS; i++) {
        have[i] = mien_loss_possible(i, there) ? have[i] : 0;
    }
    const float *lm = raw[MIEN_BRANCH_LANDMARKS];
    double total = landmark_total(l, t);
    if (have[MIEN_TASK_LANDMARKS] > 0) {
        loss[MIEN_TASK_LANDMARKS] =
            landmarks(l, lm, t, total, f[MIEN_TASK_LANDMARKS], g[MIEN_BRANCH_LANDMARKS]);
    }
    if (have[MIEN_TASK_SIGMA] > 0) {
        loss[MIEN_TASK_SIGMA] = sigma(l, lm, raw[MIEN_BRANCH_SIGMA], t, total, f[MIEN_TASK_SIGMA],
                                      g[MIEN_BRANCH_LANDMARKS], g[MIEN_BRANCH_SIGMA]);
    }
    if (have[MIEN_TASK_POSE] > 0) {
        loss[MIEN_TASK_POSE] =
            pose(raw[MIEN_BRANCH_POSE], t, f[MIEN_TASK_POSE], g[MIEN_BRANCH_POSE]);
    }
    if (have[MIEN_TASK_IDENTITY] > 0) {
        loss[MIEN_TASK_IDENTITY] = identity(l, raw[MIEN_BRANCH_IDENTITY], t, f[MIEN_TASK_IDENTITY],
                                            g[MIEN_BRANCH_IDENTITY]);
    }
    if (have[MIEN_TASK_BLENDSHAPES] > 0) {
        loss[MIEN_TASK_BLENDSHAPES] =
            blendshapes(raw[MIEN_BRANCH_BLENDSHAPES], t, blendshape_total(t),
                        f[MIEN_TASK_BLENDSHAPES], g[MIEN_BRANCH_BLENDSHAPES]);
    }
    if (have[MIEN_TASK_EXPRESSION] > 0) {
        loss[MIEN_TASK_EXPRESSION] = expression(l, raw[MIEN_BRANCH_EXPRESSION], t,
                                                f[MIEN_TASK_EXPRESSION], g[MIEN_BRANCH_EXPRESSION]);
    }
    if (have[MIEN_TASK_GAZE] > 0) {
        loss[MIEN_TASK_GAZE] =
            gaze(raw[MIEN_BRANCH_GAZE], t, f[MIEN_TASK_GAZE], g[MIEN_BRANCH_GAZE]);
    }
    if (have[MIEN_TASK_PRESENCE] > 0) {
        double slope;
        loss[MIEN_TASK_PRESENCE] = bernoulli(raw[MIEN_BRANCH_PRESENCE][0], t->presence, &slope);
        if (g[MIEN_BRANCH_PRESENCE]) {
            g[MIEN_BRANCH_PRESENCE][0] += (float)(f[MIEN_TASK_PRESENCE] * slope);
        }
    }
    if (have[MIEN_TASK_CONSISTENCY] > 0 && l->weight[MIEN_TASK_CONSISTENCY] > 0) {
        double c = mien_loss_consistency(l->model, raw, t, f[MIEN_TASK_CONSISTENCY], g);
        loss[MIEN_TASK_CONSISTENCY] = fmax(0, c);
        have[MIEN_TASK_CONSISTENCY] = c >= 0;
    } else {
        have[MIEN_TASK_CONSISTENCY] = 0;
    }
    for (int i = 0; i < MIEN_TASKS; i++) {
        sum[i] += loss[i];
        count[i] += have[i];
    }
}

// Constant outputs: the labels' means, in each branch's own encoding.
struct constant {
    float landmark[2 * MIEN_LANDMARKS_MAX], sigma[MIEN_LANDMARKS_MAX], pose[9];
    float identity[MIEN_IDENTITY], blendshape[MIEN_BLENDSHAPES], expression[MIEN_EXPRESSIONS];
    float gaze[4], presence[1];
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
    const float *raw[MIEN_BRANCHES] = {c->landmark,   c->sigma,      c->pose, c->identity,
                                       c->blendshape, c->expression, c->gaze, c->presence};
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
    // These two are lengths whose value at the mean predictor says nothing: the distance does.
    if (count[MIEN_TASK_LANDMARKS] > 0 && distance > 0) {
        l->norm[MIEN_TASK_SIGMA] = distance / count[MIEN_TASK_LANDMARKS];
        l->norm[MIEN_TASK_CONSISTENCY] = l->norm[MIEN_TASK_SIGMA];
    }
    mien_free(c);
    return true;
}

// Sigmoid, softmax, Gram-Schmidt and units of the network's outputs. Does not run the network.
#include "face/decode.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const char *const names[MIEN_BRANCHES] = {
    "landmarks",  "landmark_sigma", "pose",     "identity",       "blendshapes",
    "expression", "gaze",           "presence", "identity_sigma",
};

const char *mien_branch_name(int branch)
{
    return branch >= 0 && branch < MIEN_BRANCHES ? names[branch] : NULL;
}

int mien_branch_size(int branch, int landmarks)
{
    switch (branch) {
    case MIEN_BRANCH_LANDMARKS:
        return 2 * landmarks;
    case MIEN_BRANCH_SIGMA:
        return landmarks;
    case MIEN_BRANCH_POSE:
        return 9;
    case MIEN_BRANCH_IDENTITY:
    case MIEN_BRANCH_IDENTITY_SIGMA:
        return MIEN_IDENTITY;
    case MIEN_BRANCH_BLENDSHAPES:
        return MIEN_BLENDSHAPES;
    case MIEN_BRANCH_EXPRESSION:
        return MIEN_EXPRESSIONS;
    case MIEN_BRANCH_GAZE:
        return 4;
    case MIEN_BRANCH_PRESENCE:
        return 1;
    default:
        return 0;
    }
}

static float sigmoid(float z)
{
    return 1 / (1 + expf(-z));
}

static void softmax(const float *z, int n, float *p)
{
    float top = z[0], sum = 0;
    for (int i = 1; i < n; i++) {
        top = fmaxf(top, z[i]);
    }
    for (int i = 0; i < n; i++) {
        p[i] = expf(z[i] - top);
        sum += p[i];
    }
    for (int i = 0; i < n; i++) {
        p[i] /= sum;
    }
}

void mien_estimate_decode(const float *const raw[MIEN_BRANCHES], int landmarks,
                          struct mien_estimate *out)
{
    memset(out, 0, sizeof(*out));
    out->landmarks = landmarks < MIEN_LANDMARKS_MAX ? landmarks : MIEN_LANDMARKS_MAX;
    const float *lm = raw[MIEN_BRANCH_LANDMARKS], *sigma = raw[MIEN_BRANCH_SIGMA];
    for (int i = 0; i < out->landmarks; i++) {
        if (lm) {
            out->landmark[i][0] = lm[2 * i];
            out->landmark[i][1] = lm[2 * i + 1];
        }
        out->landmark_sigma[i] =
            sigma ? expf(fmaxf(MIEN_LOG_SIGMA_MIN, fminf(MIEN_LOG_SIGMA_MAX, sigma[i]))) : 1;
    }
    const float *pose = raw[MIEN_BRANCH_POSE];
    static const float straight[6] = {1, 0, 0, 0, 1, 0};
    mien_rotation_from_6d(pose ? pose : straight, out->pose.R);
    if (pose) {
        out->pose.x = pose[6];
        out->pose.y = pose[7];
        out->pose.log_s = pose[8];
    }
    if (raw[MIEN_BRANCH_IDENTITY]) {
        memcpy(out->identity, raw[MIEN_BRANCH_IDENTITY], sizeof(out->identity));
    }
    const float *spread = raw[MIEN_BRANCH_IDENTITY_SIGMA];
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        out->identity_sigma[i] = spread ? expf(fmaxf(MIEN_IDENTITY_LOG_SIGMA_MIN,
                                                     fminf(MIEN_IDENTITY_LOG_SIGMA_MAX, spread[i])))
                                        : 1;
    }
    if (raw[MIEN_BRANCH_BLENDSHAPES]) {
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            out->blendshape[i] = sigmoid(raw[MIEN_BRANCH_BLENDSHAPES][i]);
        }
    }
    static const float even[MIEN_EXPRESSIONS] = {0};
    softmax(raw[MIEN_BRANCH_EXPRESSION] ? raw[MIEN_BRANCH_EXPRESSION] : even, MIEN_EXPRESSIONS,
            out->expression);
    if (raw[MIEN_BRANCH_GAZE]) {
        memcpy(out->gaze_rad, raw[MIEN_BRANCH_GAZE], sizeof(out->gaze_rad));
    }
    out->presence = raw[MIEN_BRANCH_PRESENCE] ? sigmoid(raw[MIEN_BRANCH_PRESENCE][0]) : 1;
}

struct mien_calibration mien_calibration_none(void)
{
    return (struct mien_calibration){0, 1, 0, 1};
}

void mien_calibration_inputs(const struct mien_estimate *e, float *log_odds, float *log_sigma)
{
    float sum = 0, lo[2] = {INFINITY, INFINITY}, hi[2] = {-INFINITY, -INFINITY};
    for (int i = 0; i < e->landmarks; i++) {
        sum += e->landmark_sigma[i];
        for (int c = 0; c < 2; c++) {
            lo[c] = fminf(lo[c], e->landmark[i][c]);
            hi[c] = fmaxf(hi[c], e->landmark[i][c]);
        }
    }
    float size = sqrtf(fmaxf(1e-4f, (hi[0] - lo[0]) * (hi[1] - lo[1])));
    float p = fminf(1 - 1e-7f, fmaxf(1e-7f, e->presence));
    *log_odds = fminf(12, fmaxf(-12, logf(p / (1 - p))));
    *log_sigma = logf(fmaxf(1e-4f, sum / (fmaxf(1, (float)e->landmarks) * size)));
}

void mien_estimate_calibrate(const struct mien_calibration *c, struct mien_estimate *e)
{
    float odds, sigma, sum = 0;
    if (c->offset != 0 || c->presence != 1 || c->log_sigma != 0) {
        mien_calibration_inputs(e, &odds, &sigma);
        e->presence = sigmoid(c->offset + c->presence * odds + c->log_sigma * sigma);
    }
    for (int i = 0; i < MIEN_EXPRESSIONS && c->temperature != 1; i++) {
        e->expression[i] = powf(fmaxf(1e-9f, e->expression[i]), 1 / c->temperature);
        sum += e->expression[i];
    }
    for (int i = 0; i < MIEN_EXPRESSIONS && sum > 0; i++) {
        e->expression[i] /= sum;
    }
}

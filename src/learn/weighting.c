// The schemes that set the tasks' multipliers. Does not see gradients.
#include "learn/weighting.h"

#include <math.h>

#include "base/rng.h"

static const double RUNNING = 0.01;         // share of a step in the running mean
static const double DWA_TEMPERATURE = 2;    // as in the paper
static const double FAMO_LR = 0.025;        // as in the paper
static const double FAMO_DECAY = 1e-3;      // pulls the logits to equal weights
static const double FAMO_LOSS_MIN = 1e-3;   // of L / n: a solved task does not take all the weight
static const double LOGIT_SPREAD_MAX = 600; // exp() stays finite

bool mien_weighting_balances(const struct mien_weighting_config *c, int task)
{
    return c->weight[task] > 0 && !mien_task_at(task)->auxiliary;
}

// softmax over the balanced tasks, times their number when `count`; 0 elsewhere
static void softmax(const struct mien_weighting_config *c, const double x[MIEN_TASKS], bool count,
                    double out[MIEN_TASKS])
{
    double top = -INFINITY, sum = 0;
    int tasks = 0;
    for (int t = 0; t < MIEN_TASKS; t++) {
        top = mien_weighting_balances(c, t) ? fmax(top, x[t]) : top;
    }
    for (int t = 0; t < MIEN_TASKS; t++) {
        bool on = mien_weighting_balances(c, t);
        out[t] = on ? exp(fmax(-LOGIT_SPREAD_MAX, x[t] - top)) : 0;
        sum += out[t];
        tasks += on;
    }
    for (int t = 0; t < MIEN_TASKS; t++) {
        out[t] *= sum > 0 ? (count ? tasks : 1) / sum : 0;
    }
}

static void random_shares(const struct mien_weighting_config *c, int64_t step,
                          double out[MIEN_TASKS])
{
    struct mien_rng rng;
    double z[MIEN_TASKS];
    mien_rng_seed(&rng, c->seed ^ 0x726c77, (uint64_t)step);
    for (int t = 0; t < MIEN_TASKS; t++) {
        z[t] = mien_rng_normal(&rng);
    }
    softmax(c, z, true, out);
}

static void dwa_shares(const struct mien_weighting_config *c, const struct mien_weighting_state *s,
                       double out[MIEN_TASKS])
{
    double ratio[MIEN_TASKS];
    for (int t = 0; t < MIEN_TASKS; t++) {
        bool known = s->period[0][t] > 0 && s->period[1][t] > 0;
        ratio[t] = (known ? s->period[0][t] / s->period[1][t] : 1) / DWA_TEMPERATURE;
    }
    softmax(c, ratio, true, out);
}

static void famo_shares(const struct mien_weighting_config *c, const struct mien_weighting_state *s,
                        double out[MIEN_TASKS])
{
    double sum = 0;
    int tasks = 0;
    softmax(c, s->logit, false, out);
    for (int t = 0; t < MIEN_TASKS; t++) {
        if (mien_weighting_balances(c, t)) {
            out[t] /= s->last[t] > 0 ? fmax(FAMO_LOSS_MIN, s->last[t]) : 1;
            sum += out[t];
            tasks++;
        }
    }
    for (int t = 0; t < MIEN_TASKS; t++) {
        out[t] *= sum > 0 ? tasks / sum : 0;
    }
}

void mien_weighting_next(const struct mien_weighting_config *c,
                         const struct mien_weighting_state *s,
                         const double log_variance[MIEN_TASKS], double out[MIEN_TASKS])
{
    double share[MIEN_TASKS];
    for (int t = 0; t < MIEN_TASKS; t++) {
        share[t] = c->weight[t];
    }
    if (c->scheme == MIEN_WEIGHTING_RANDOM) {
        random_shares(c, s->steps, share);
    } else if (c->scheme == MIEN_WEIGHTING_DWA) {
        dwa_shares(c, s, share);
    } else if (c->scheme == MIEN_WEIGHTING_FAMO) {
        famo_shares(c, s, share);
    }
    for (int t = 0; t < MIEN_TASKS; t++) {
        double weight = c->weight[t];
        if (!(weight > 0)) {
            out[t] = 0;
        } else if (c->scheme == MIEN_WEIGHTING_EQUAL) {
            out[t] = 1;
        } else if (!mien_weighting_balances(c, t)) {
            out[t] = weight / c->norm[t];
        } else if (c->scheme == MIEN_WEIGHTING_NORMALISED) {
            out[t] = 1 / c->norm[t];
        } else if (c->scheme == MIEN_WEIGHTING_RUNNING && s->running[t] > 0) {
            out[t] = weight * 0.1 / s->running[t]; // losses settle near a tenth of the mean's
        } else if (c->scheme == MIEN_WEIGHTING_UNCERTAINTY) {
            const double cap = MIEN_WEIGHTING_LOG_VARIANCE_MAX;
            out[t] = weight * exp(-fmin(cap, fmax(-cap, log_variance[t]))) / c->norm[t];
        } else {
            out[t] = share[t] / c->norm[t];
        }
    }
}

// One Adam step (Kingma, Ba 2015) of the logits, minimising sum_i z_i (log loss before - after).
static void famo_step(const struct mien_weighting_config *c, struct mien_weighting_state *s,
                      const double fall[MIEN_TASKS])
{
    double z[MIEN_TASKS], mean = 0, t1 = (double)s->steps;
    softmax(c, s->logit, false, z);
    for (int t = 0; t < MIEN_TASKS; t++) {
        mean += z[t] * fall[t];
    }
    for (int t = 0; t < MIEN_TASKS; t++) {
        if (!mien_weighting_balances(c, t)) {
            continue;
        }
        double g = z[t] * (fall[t] - mean) + FAMO_DECAY * s->logit[t];
        s->moment[t] = 0.9 * s->moment[t] + 0.1 * g;
        s->root[t] = 0.999 * s->root[t] + 0.001 * g * g;
        double m = s->moment[t] / (1 - pow(0.9, t1)), v = s->root[t] / (1 - pow(0.999, t1));
        s->logit[t] -= FAMO_LR * m / (sqrt(v) + 1e-8);
    }
}

void mien_weighting_observe(const struct mien_weighting_config *c, struct mien_weighting_state *s,
                            const double sum[MIEN_TASKS], const double count[MIEN_TASKS])
{
    double fall[MIEN_TASKS] = {0};
    for (int t = 0; t < MIEN_TASKS; t++) {
        if (!(count[t] > 0)) {
            continue;
        }
        double mean = sum[t] / count[t], loss = mean / c->norm[t];
        s->running[t] = s->running[t] > 0 ? s->running[t] + RUNNING * (mean - s->running[t]) : mean;
        s->sum[t] += sum[t];
        s->count[t] += count[t];
        if (s->last[t] > 0) {
            fall[t] = log(fmax(FAMO_LOSS_MIN, s->last[t])) - log(fmax(FAMO_LOSS_MIN, loss));
        }
        s->last[t] = fmax(loss, 1e-12);
    }
    // The first batch has no fall; Adam counts from the second.
    if (c->scheme == MIEN_WEIGHTING_FAMO && s->steps > 0) {
        famo_step(c, s, fall);
    }
    s->steps++;
    if (c->period > 0 && s->steps % c->period == 0) {
        for (int t = 0; t < MIEN_TASKS; t++) {
            s->period[1][t] = s->period[0][t];
            s->period[0][t] = s->count[t] > 0 ? s->sum[t] / s->count[t] : 0;
            s->sum[t] = s->count[t] = 0;
        }
    }
}

double mien_weighting_uncertainty_slope(double s, double weight, double weighted)
{
    double slope = weight - weighted;
    const double cap = MIEN_WEIGHTING_LOG_VARIANCE_MAX;
    return (s < cap || slope > 0) && (s > -cap || slope < 0) ? slope : 0;
}

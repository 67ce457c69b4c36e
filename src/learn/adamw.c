// AdamW (Loshchilov, Hutter 2019 "Decoupled Weight Decay Regularization") with clipping by the
// global norm and the moving averages of weights and statistics.
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/log.h"
#include "learn/graph_internal.h"

struct rates {
    float lr, decay, beta1, beta2, eps, scale, fix1, fix2, keep;
};

// m = b1 m + (1-b1) g, v = b2 v + (1-b2) g², w -= lr (m fix1 / (sqrt(v fix2) + eps) + decay w),
// avg = keep avg + (1-keep) w; the gradient is zeroed
MIEN_MULTIVERSION
static void update(const struct rates *r, size_t n, float *restrict w, float *restrict grad,
                   float *restrict m, float *restrict v, float *restrict avg)
{
    const struct rates q = *r;
    for (size_t i = 0; i < n; i++) {
        float g = grad[i] * q.scale;
        float mi = q.beta1 * m[i] + (1 - q.beta1) * g;
        float vi = q.beta2 * v[i] + (1 - q.beta2) * g * g;
        float wi = w[i] - q.lr * (mi * q.fix1 / (sqrtf(vi * q.fix2) + q.eps) + q.decay * w[i]);
        m[i] = mi;
        v[i] = vi;
        w[i] = wi;
        avg[i] = wi + q.keep * (avg[i] - wi);
        grad[i] = 0;
    }
}

static double squares(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i] * x[i];
    }
    return sum;
}

struct step {
    struct mien_graph *g;
    const struct mien_adamw *o;
    struct rates rates;
    size_t scratch;
};

static void update_param(void *arg, size_t index, int worker)
{
    const struct step *s = arg;
    struct mien_graph *g = s->g;
    const struct mien_param *p = &g->desc.param[index];
    struct rates r = s->rates;
    if (g->held[p->layer]) {
        return;
    }
    r.decay = p->role == MIEN_PARAM_WEIGHT ? s->o->weight_decay : 0;
    size_t at = p->offset;
    if (s->o->muon > 0 && graph_muon_takes(g, p)) {
        struct graph_muon m = {r.lr * s->o->muon_rate, s->o->muon, r.decay, r.scale, r.keep};
        graph_muon_update(&m, p, g->weights + at, g->grad + at, g->m + at, g->average + at,
                          g->muon_scratch + (size_t)worker * s->scratch);
    } else {
        update(&r, p->count, g->weights + at, g->grad + at, g->m + at, g->v + at, g->average + at);
    }
}

static bool make_scratch(struct mien_graph *g, size_t each, int workers)
{
    if (each && g->muon_workers < workers) {
        mien_free(g->muon_scratch);
        g->muon_workers = 0;
        g->muon_scratch = mien_calloc(each * (size_t)workers, sizeof(float));
        g->muon_workers = g->muon_scratch ? workers : 0;
    }
    return !each || g->muon_scratch;
}

bool mien_graph_step(struct mien_graph *g, struct mien_pool *pool, const struct mien_adamw *o)
{
    struct step s = {.g = g, .o = o, .scratch = o->muon > 0 ? graph_muon_scratch(g) : 0};
    if (!make_scratch(g, s.scratch, pool ? mien_pool_threads(pool) : 1)) {
        return false;
    }
    const double t = (double)++g->steps;
    // The average follows quickly at first, so that it does not carry the initial weights for long.
    double keep = (1 + t) / (10 + t);
    keep = keep < o->average ? keep : o->average;
    struct rates r = {.lr = o->lr,
                      .beta1 = o->beta1,
                      .beta2 = o->beta2,
                      .eps = o->eps,
                      .scale = 1,
                      .fix1 = (float)(1 / (1 - pow(o->beta1, t))),
                      .fix2 = (float)(1 / (1 - pow(o->beta2, t))),
                      .keep = (float)keep};
    if (o->clip > 0) {
        double norm = sqrt(squares(g->grad, g->count));
        r.scale = norm > o->clip ? (float)(o->clip / norm) : 1;
    }
    s.rates = r;
    mien_pool_run(pool, (size_t)g->desc.params, update_param, &s);
    size_t at = g->desc.weights;
    update(&r, (size_t)g->scalars, g->weights + at, g->grad + at, g->m + at, g->v + at,
           g->average + at);
    for (size_t i = 0; i < g->desc.stats; i++) {
        g->stats_average[i] = g->stats[i] + r.keep * (g->stats_average[i] - g->stats[i]);
    }
    return true;
}

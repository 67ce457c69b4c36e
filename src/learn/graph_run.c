// Forward and backward of the training graph, shard by shard. Layouts: tensor/kernels.h.
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "learn/graph_internal.h"

struct pass { // what the pool's threads share
    struct mien_graph *g;
    mien_loss_fn loss;
    void *arg;
    const float *weights, *stats; // of an evaluation
};

static const float *param(const struct mien_graph *g, const float *weights, int layer,
                          enum mien_param_role role)
{
    int i = g->desc.layer[layer].param[role];
    return i < 0 ? NULL : weights + g->desc.param[i].offset;
}

static const float *slope_of(const struct mien_graph *g, const float *weights, int layer)
{
    const struct mien_layer *l = &g->desc.layer[layer];
    return l->act == MIEN_ACT_LEAKY ? &l->slope : param(g, weights, layer, MIEN_PARAM_SLOPE);
}

// (N,C,p) <-> (C,N,p)
static void swap_outer(int a, int b, size_t p, const float *x, float *y)
{
    for (int i = 0; i < a; i++) {
        for (int j = 0; j < b; j++) {
            if (p == 1) {
                y[(size_t)j * a + i] = x[(size_t)i * b + j];
            } else {
                memcpy(y + ((size_t)j * a + i) * p, x + ((size_t)i * b + j) * p, p * sizeof(float));
            }
        }
    }
}

static void dropout_mask(const struct mien_graph *g, int layer, int shard, float *mask, size_t n)
{
    const float p = g->desc.layer[layer].p, keep = 1 / (1 - p);
    struct mien_rng rng;
    mien_rng_seed(&rng, g->seed ^ (g->passes * 0x9e3779b97f4a7c15u),
                  (uint64_t)shard * MIEN_DESC_LAYERS + layer);
    for (size_t i = 0; i < n; i++) {
        mask[i] = mien_rng_chance(&rng, p) ? 0 : keep;
    }
}

// The folded norm of an evaluation: a = gamma/sqrt(var+eps), b = beta - mean a.
static void norm_of(const struct mien_graph *g, const struct pass *t, int layer, float *a, float *b)
{
    const struct mien_layer *l = &g->desc.layer[layer];
    const float *gamma = param(g, t->weights, layer, MIEN_PARAM_GAMMA);
    const float *beta = param(g, t->weights, layer, MIEN_PARAM_BIAS);
    const float *mean = t->stats + l->stat, *var = mean + l->c;
    for (int c = 0; c < l->c; c++) {
        a[c] = gamma[c] / sqrtf(var[c] + GRAPH_BN_EPS);
        b[c] = beta[c] - mean[c] * a[c];
    }
}

static void scale_channels(int c, size_t m, const float *a, float *y)
{
    for (int i = 0; i < c; i++) {
        for (size_t j = 0; j < m; j++) {
            y[(size_t)i * m + j] *= a[i];
        }
    }
}

static void forward_layer(struct mien_graph *g, struct graph_worker *w, const struct pass *t, int i,
                          int shard)
{
    const bool train = t->loss != NULL;
    const struct mien_kernels *k = train ? g->train_kernels : g->kernels;
    const struct mien_layer *l = &g->desc.layer[i];
    const struct mien_layer *in = l->inputs ? &g->desc.layer[l->input[0]] : NULL;
    const int n = g->shard;
    const size_t m = n * graph_plane(l), size = m * l->c;
    const float *x = l->inputs ? w->z[l->input[0]] : NULL;
    const float *weight = param(g, t->weights, i, MIEN_PARAM_WEIGHT);
    const float *slope = slope_of(g, t->weights, i), *plus = l->plus < 0 ? NULL : w->z[l->plus];
    struct mien_conv s = {0};
    if (in) {
        s = mien_desc_conv(&g->desc, i, n);
    }
    switch (l->kind) {
    case MIEN_LAYER_INPUT:
        swap_outer(n, l->c, graph_plane(l), g->input[shard], w->z[i]);
        return;
    case MIEN_LAYER_CONV:
        k->conv_forward(&s, x, weight, w->y[i], w->scratch);
        break;
    case MIEN_LAYER_DEPTHWISE:
        k->depthwise_forward(&s, x, weight, w->y[i]);
        break;
    case MIEN_LAYER_DENSE:
        k->dense_forward(n, in->c, (int)graph_plane(in), l->c, x, weight, w->y[i], w->scratch);
        break;
    case MIEN_LAYER_ADD:
        k->act_forward(l->c, m, x, NULL, NULL, l->inputs > 1 ? w->z[l->input[1]] : NULL, l->act,
                       slope, w->z[i]);
        return;
    case MIEN_LAYER_MAXPOOL:
        k->maxpool_forward(&s, x, w->z[i]);
        return;
    case MIEN_LAYER_AVGPOOL:
        k->avgpool_forward(&s, x, w->z[i]);
        return;
    case MIEN_LAYER_GAP:
        k->gap_forward(l->c * n, (int)graph_plane(in), x, w->z[i]);
        return;
    case MIEN_LAYER_SOFTARGMAX:
        k->softargmax_forward(in->c, n, in->h, in->w, l->reach, x, w->z[i]);
        return;
    case MIEN_LAYER_UPSAMPLE:
        k->upsample_forward(l->c * n, in->h, in->w, x, w->z[i]);
        return;
    case MIEN_LAYER_CONCAT: {
        float *z = w->z[i];
        for (int j = 0; j < l->inputs; j++) {
            size_t part = m * g->desc.layer[l->input[j]].c;
            memcpy(z, w->z[l->input[j]], part * sizeof(float));
            z += part;
        }
        return;
    }
    case MIEN_LAYER_DROPOUT:
        if (train) {
            dropout_mask(g, i, g->first_shard + shard, w->y[i], size);
            k->mask_forward(size, x, w->y[i], w->z[i]);
        } else {
            memcpy(w->z[i], x, size * sizeof(float));
        }
        return;
    case MIEN_LAYER_STOP:
        return; // z is the input's
    }
    const float *bias = param(g, t->weights, i, MIEN_PARAM_BIAS);
    if (l->bn && train && (g->frozen || g->held[i])) {
        norm_of(g, t, i, w->mean[i], w->invstd[i]);
        scale_channels(l->c, m, w->mean[i], w->y[i]);
        k->act_forward(l->c, m, w->y[i], NULL, w->invstd[i], plus, l->act, slope, w->z[i]);
    } else if (l->bn && train) {
        k->bn_act_forward(l->c, m, w->y[i], param(g, t->weights, i, MIEN_PARAM_GAMMA), bias,
                          GRAPH_BN_EPS, plus, l->act, slope, w->mean[i], w->invstd[i], w->z[i]);
        float *mean = g->shard_stats + shard * g->desc.stats + l->stat, *var = mean + l->c;
        const float unbiased = m > 1 ? (float)m / (float)(m - 1) : 1;
        for (int c = 0; c < l->c; c++) {
            mean[c] = w->mean[i][c];
            var[c] = (1 / (w->invstd[i][c] * w->invstd[i][c]) - GRAPH_BN_EPS) * unbiased;
        }
    } else if (l->bn) {
        norm_of(g, t, i, w->mean[i], w->invstd[i]);
        k->act_forward(l->c, m, w->y[i], w->mean[i], w->invstd[i], plus, l->act, slope, w->z[i]);
    } else {
        k->act_forward(l->c, m, w->y[i], NULL, bias, plus, l->act, slope, w->z[i]);
    }
}

static void forward_shard(struct mien_graph *g, struct graph_worker *w, const struct pass *t,
                          int shard)
{
    int64_t start = mien_now_ns();
    for (int i = 0; i < g->desc.layers; i++) {
        forward_layer(g, w, t, i, shard);
        int64_t now = mien_now_ns();
        w->forward_ns[i] += now - start;
        start = now;
    }
    for (int j = 0; j < g->desc.outputs; j++) {
        int layer = g->desc.output[j].layer;
        const struct mien_layer *l = &g->desc.layer[layer];
        swap_outer(l->c, g->shard, graph_plane(l), w->z[layer],
                   g->output[shard * g->desc.outputs + j]);
    }
}

static void backward_layer(struct mien_graph *g, struct graph_worker *w, int i, float *dweights)
{
    const struct mien_kernels *k = g->train_kernels;
    const struct mien_layer *l = &g->desc.layer[i];
    if (l->kind == MIEN_LAYER_INPUT || l->kind == MIEN_LAYER_STOP) {
        return;
    }
    const struct mien_layer *in = &g->desc.layer[l->input[0]];
    const int n = g->shard;
    const size_t m = n * graph_plane(l), size = m * l->c;
    const float *x = w->z[l->input[0]], *dz = w->dz[i];
    const float *slope = slope_of(g, g->weights, i);
    float *dx = w->dz[l->input[0]];
    float *dslope = (float *)param(g, dweights, i, MIEN_PARAM_SLOPE);
    const struct mien_conv s = mien_desc_conv(&g->desc, i, n);
    if (l->kind != MIEN_LAYER_CONV && l->kind != MIEN_LAYER_DEPTHWISE &&
        l->kind != MIEN_LAYER_DENSE && l->kind != MIEN_LAYER_ADD && l->kind != MIEN_LAYER_CONCAT &&
        !dx) {
        return;
    }
    switch (l->kind) {
    case MIEN_LAYER_ADD: {
        int other = l->inputs > 1 ? l->input[1] : -1;
        k->act_backward(l->c, m, x, NULL, other < 0 ? NULL : w->z[other], l->act, slope, dz, w->dy,
                        NULL, dslope, other < 0 ? NULL : w->dz[other]);
        if (dx) {
            k->accumulate(size, w->dy, dx);
        }
        return;
    }
    case MIEN_LAYER_MAXPOOL:
        k->maxpool_backward(&s, x, dz, dx);
        return;
    case MIEN_LAYER_AVGPOOL:
        k->avgpool_backward(&s, dz, dx);
        return;
    case MIEN_LAYER_GAP:
        k->gap_backward(l->c * n, (int)graph_plane(in), dz, dx);
        return;
    case MIEN_LAYER_SOFTARGMAX:
        k->softargmax_backward(in->c, n, in->h, in->w, l->reach, w->z[l->input[0]], w->z[i], dz,
                               dx);
        return;
    case MIEN_LAYER_UPSAMPLE:
        k->upsample_backward(l->c * n, in->h, in->w, dz, dx);
        return;
    case MIEN_LAYER_CONCAT:
        for (int j = 0; j < l->inputs; j++) {
            size_t part = m * g->desc.layer[l->input[j]].c;
            if (w->dz[l->input[j]]) {
                k->accumulate(part, dz, w->dz[l->input[j]]);
            }
            dz += part;
        }
        return;
    case MIEN_LAYER_DROPOUT:
        k->mask_backward(size, w->y[i], dz, dx);
        return;
    default:
        break;
    }
    const float *plus = l->plus < 0 ? NULL : w->z[l->plus];
    float *dplus = l->plus < 0 ? NULL : w->dz[l->plus];
    const float *bias = param(g, g->weights, i, MIEN_PARAM_BIAS);
    float *dbias = (float *)param(g, dweights, i, MIEN_PARAM_BIAS);
    if (l->bn && (g->frozen ||
                  g->held[i])) { // y holds a y here, and mean and invstd hold a and b of norm_of
        k->act_backward(l->c, m, w->y[i], w->invstd[i], plus, l->act, slope, dz, w->dy, dbias,
                        dslope, dplus);
        scale_channels(l->c, m, w->mean[i], w->dy);
    } else if (l->bn) {
        k->bn_act_backward(l->c, m, w->y[i], param(g, g->weights, i, MIEN_PARAM_GAMMA), bias,
                           w->mean[i], w->invstd[i], plus, l->act, slope, dz, w->dy,
                           (float *)param(g, dweights, i, MIEN_PARAM_GAMMA), dbias, dslope, dplus);
    } else {
        k->act_backward(l->c, m, w->y[i], bias, plus, l->act, slope, dz, w->dy, dbias, dslope,
                        dplus);
    }
    const float *weight = param(g, g->weights, i, MIEN_PARAM_WEIGHT);
    float *dweight = (float *)param(g, dweights, i, MIEN_PARAM_WEIGHT);
    if (l->kind == MIEN_LAYER_CONV) {
        k->conv_backward(&s, x, weight, w->dy, dx, dweight, w->scratch);
    } else if (l->kind == MIEN_LAYER_DEPTHWISE) {
        k->depthwise_backward(&s, x, weight, w->dy, dx, dweight);
    } else {
        k->dense_backward(n, in->c, (int)graph_plane(in), l->c, x, weight, w->dy, dx, dweight,
                          w->scratch);
    }
}

static void backward_shard(struct mien_graph *g, struct graph_worker *w, int shard)
{
    float *dweights = g->shard_grad + (size_t)shard * g->count;
    memset(w->grads, 0, w->grads_count * sizeof(float));
    for (int j = 0; j < g->desc.outputs; j++) {
        int layer = g->desc.output[j].layer;
        const struct mien_layer *l = &g->desc.layer[layer];
        if (w->dz[layer]) {
            swap_outer(g->shard, l->c, graph_plane(l), g->output_grad[shard * g->desc.outputs + j],
                       w->dy);
            g->kernels->accumulate(g->shard * graph_plane(l) * l->c, w->dy, w->dz[layer]);
        }
    }
    int64_t start = mien_now_ns();
    for (int i = g->desc.layers - 1; i >= 0; i--) {
        if (g->needs_grad[i]) {
            backward_layer(g, w, i, dweights);
        }
        int64_t now = mien_now_ns();
        w->backward_ns[i] += now - start;
        start = now;
    }
}

// Names the first tensor, in the order of computation, that is not finite.
static void find_bad(struct mien_graph *g, const struct graph_worker *w, int shard)
{
    char *bad = g->shard_bad[shard];
    const size_t room = sizeof g->shard_bad[0];
    const struct mien_desc *d = &g->desc;
    for (int i = 0; i < d->params; i++) {
        if (!graph_finite(g->weights + d->param[i].offset, d->param[i].count)) {
            snprintf(bad, room, "weight %s", d->param[i].name);
            return;
        }
    }
    for (int i = 0; i < d->layers; i++) {
        const struct mien_layer *l = &d->layer[i];
        if (!graph_finite(w->z[i], g->shard * graph_plane(l) * l->c)) {
            snprintf(bad, room, "the output of %s", l->name);
            return;
        }
    }
    for (int j = 0; j < d->outputs; j++) {
        if (!graph_finite(g->output_grad[shard * d->outputs + j],
                          (size_t)g->shard * mien_graph_output_count(g, j))) {
            snprintf(bad, room, "the loss's gradient of %s", d->output[j].name);
            return;
        }
    }
    const float *dw = g->shard_grad + (size_t)shard * g->count;
    for (int i = d->params - 1; i >= 0; i--) {
        if (!graph_finite(dw + d->param[i].offset, d->param[i].count)) {
            snprintf(bad, room, "the gradient of %s", d->param[i].name);
            return;
        }
    }
    snprintf(bad, room, "the loss");
}

static void train_shard(void *arg, size_t index, int worker)
{
    const struct pass *t = arg;
    struct mien_graph *g = t->g;
    struct graph_worker *w = g->worker[worker];
    const int shard = (int)index, outputs = g->desc.outputs;
    float *dw = g->shard_grad + index * g->count;
    memset(dw, 0, g->count * sizeof(float));
    g->shard_bad[shard][0] = '\0';
    forward_shard(g, w, t, shard);
    for (int j = 0; j < outputs; j++) {
        memset(g->output_grad[shard * outputs + j], 0,
               (size_t)g->shard * mien_graph_output_count(g, j) * sizeof(float));
    }
    for (int j = 0; j < g->scalars; j++) {
        g->scalar_grad[(size_t)j * g->shards + shard] = 0;
    }
    g->shard_loss[shard] = t->loss(t->arg, g, shard);
    bool finite = isfinite(g->shard_loss[shard]);
    for (int j = 0; j < outputs && finite; j++) {
        finite = graph_finite(g->output_grad[shard * outputs + j],
                              (size_t)g->shard * mien_graph_output_count(g, j));
    }
    if (finite) {
        backward_shard(g, w, shard);
        for (int j = 0; j < g->scalars; j++) {
            dw[g->desc.weights + j] = g->scalar_grad[(size_t)j * g->shards + shard];
        }
        finite = graph_finite(dw, g->count);
    }
    if (!finite) {
        find_bad(g, w, shard);
    }
}

enum { SUM_CHUNK = 1 << 15 };

// grad += the shards' gradients, each element in shard order
static void sum_chunk(void *arg, size_t index, int worker)
{
    (void)worker;
    struct mien_graph *g = ((const struct pass *)arg)->g;
    size_t from = index * SUM_CHUNK, n = g->count - from < SUM_CHUNK ? g->count - from : SUM_CHUNK;
    for (int s = 0; s < g->shards; s++) {
        g->kernels->accumulate(n, g->shard_grad + (size_t)s * g->count + from, g->grad + from);
    }
}

static void update_stats(struct mien_graph *g)
{
    // The first batches count more, so that the statistics do not start from a guess.
    float share = 1 / (float)(g->passes + 1);
    share = share > GRAPH_BN_MOMENTUM ? share : GRAPH_BN_MOMENTUM;
    for (int layer = 0; layer < g->desc.layers; layer++) {
        const struct mien_layer *l = &g->desc.layer[layer];
        for (int c = 0; l->stat >= 0 && !g->held[layer] && c < 2 * l->c; c++) {
            float sum = 0, *stat = g->stats + l->stat + c;
            for (int s = 0; s < g->shards; s++) {
                sum += g->shard_stats[(size_t)s * g->desc.stats + (size_t)(l->stat + c)];
            }
            *stat += share * (sum / (float)g->shards - *stat);
        }
    }
}

void mien_graph_freeze_norm(struct mien_graph *g)
{
    g->frozen = true;
}

double mien_graph_forward_backward(struct mien_graph *g, struct mien_pool *pool, mien_loss_fn loss,
                                   void *arg)
{
    struct pass t = {.g = g, .loss = loss, .arg = arg, .weights = g->weights, .stats = g->stats};
    if (!graph_workers(g, pool ? mien_pool_threads(pool) : 1)) {
        return NAN;
    }
    mien_pool_run(pool, (size_t)g->shards, train_shard, &t);
    double sum = 0;
    for (int s = 0; s < g->shards; s++) {
        if (g->shard_bad[s][0]) {
            if (!g->was_bad) {
                mien_warn("%s is not finite (step %llu, shard %d); a lower learning rate may help, "
                          "or a look at that batch's labels",
                          g->shard_bad[s], (unsigned long long)g->steps, s);
            }
            g->was_bad = true;
            memset(g->grad, 0, g->count * sizeof(float));
            return NAN;
        }
        sum += g->shard_loss[s];
    }
    g->was_bad = false;
    mien_pool_run(pool, (g->count + SUM_CHUNK - 1) / SUM_CHUNK, sum_chunk, &t);
    if (!g->frozen) {
        update_stats(g);
    }
    g->passes++;
    return sum;
}

static void eval_shard(void *arg, size_t index, int worker)
{
    const struct pass *t = arg;
    forward_shard(t->g, t->g->worker[worker], t, (int)index);
}

void mien_graph_forward(struct mien_graph *g, struct mien_pool *pool, bool use_average)
{
    struct pass t = {.g = g,
                     .weights = use_average ? g->average : g->weights,
                     .stats = use_average ? g->stats_average : g->stats};
    if (!graph_workers(g, pool ? mien_pool_threads(pool) : 1)) {
        return;
    }
    mien_pool_run(pool, (size_t)g->shards, eval_shard, &t);
}

void mien_graph_profile(const struct mien_graph *g, FILE *f)
{
    bool shown[MIEN_DESC_LAYERS] = {false};
    int64_t ns[MIEN_DESC_LAYERS][2], sum = 0;
    for (int i = 0; i < g->desc.layers; i++) {
        ns[i][0] = ns[i][1] = 0;
        for (int j = 0; j < g->workers; j++) {
            ns[i][0] += g->worker[j]->forward_ns[i];
            ns[i][1] += g->worker[j]->backward_ns[i];
        }
        sum += ns[i][0] + ns[i][1];
    }
    fprintf(f, "%-24s %14s %10s %10s %7s\n", "layer", "shape", "forward s", "backward s", "share");
    for (int row = 0; row < g->desc.layers; row++) {
        int best = -1;
        for (int i = 0; i < g->desc.layers; i++) {
            if (!shown[i] && (best < 0 || ns[i][0] + ns[i][1] > ns[best][0] + ns[best][1])) {
                best = i;
            }
        }
        shown[best] = true;
        const struct mien_layer *l = &g->desc.layer[best];
        char shape[32];
        snprintf(shape, sizeof shape, "%dx%dx%d", l->c, l->h, l->w);
        fprintf(f, "%-24s %14s %10.3f %10.3f %6.1f%%\n", l->name, shape, (double)ns[best][0] * 1e-9,
                (double)ns[best][1] * 1e-9,
                sum ? 100.0 * (double)(ns[best][0] + ns[best][1]) / (double)sum : 0);
    }
}

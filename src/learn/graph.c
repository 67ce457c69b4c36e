// The training graph: set-up, memory, access. The passes are in graph_run.c.
#include "learn/graph.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/rng.h"
#include "learn/graph_internal.h"

// He et al. 2015 "Delving Deep into Rectifiers": deviation sqrt(2/fan_in) before a rectifier,
// sqrt(1/fan_in) elsewhere.
static void init_weights(struct mien_graph *g)
{
    for (int i = 0; i < g->desc.params; i++) {
        const struct mien_param *p = &g->desc.param[i];
        const struct mien_layer *l = &g->desc.layer[p->layer];
        float *w = g->weights + p->offset;
        struct mien_rng rng;
        // A tensor's start depends on its name and not on its place.
        mien_rng_seed(&rng, g->seed, mien_hash(MIEN_HASH_START, p->name, strlen(p->name)));
        float fan = (float)p->shape[1] * (float)p->shape[2] * (float)p->shape[3];
        float gain = l->act == MIEN_ACT_NONE && !l->bn ? 1 : 2;
        for (size_t j = 0; j < p->count; j++) {
            switch (p->role) {
            case MIEN_PARAM_WEIGHT:
                w[j] = mien_rng_normal(&rng) * sqrtf(gain / fan);
                break;
            case MIEN_PARAM_GAMMA:
                w[j] = 1;
                break;
            case MIEN_PARAM_SLOPE:
                w[j] = 0.25f;
                break;
            default:
                w[j] = 0;
                break;
            }
        }
    }
    for (int i = 0; i < g->desc.layers; i++) {
        const struct mien_layer *l = &g->desc.layer[i];
        for (int c = 0; l->stat >= 0 && c < l->c; c++) {
            g->stats[l->stat + l->c + c] = 1;
        }
    }
    memcpy(g->average, g->weights, g->count * sizeof(float));
    memcpy(g->stats_average, g->stats, g->desc.stats * sizeof(float));
}

static bool has_params(const struct mien_layer *l)
{
    for (int j = 0; j < MIEN_PARAM_ROLES; j++) {
        if (l->param[j] >= 0) {
            return true;
        }
    }
    return false;
}

static void find_needs_grad(struct mien_graph *g)
{
    for (int i = 0; i < g->desc.layers; i++) {
        const struct mien_layer *l = &g->desc.layer[i];
        bool needs = has_params(l) && !g->held[i];
        for (int j = 0; j < l->inputs; j++) {
            needs |= g->needs_grad[l->input[j]];
        }
        needs |= l->plus >= 0 && g->needs_grad[l->plus];
        g->needs_grad[i] = needs && l->kind != MIEN_LAYER_STOP;
    }
}

bool mien_graph_learn_only(struct mien_graph *g, const char *outputs)
{
    const struct mien_desc *d = &g->desc;
    bool named[MIEN_DESC_OUTPUTS] = {false}, held[MIEN_DESC_LAYERS] = {false}, any = false;
    for (const char *p = outputs, *end; *p; p = end + (*end == ',')) {
        char name[MIEN_DESC_NAME];
        end = p + strcspn(p, ",");
        snprintf(name, sizeof(name), "%.*s", (int)(end - p), p);
        int output = mien_desc_find_output(d, name);
        if (output < 0) {
            mien_error("\"%s\" is no output of this network; name some of its outputs, with commas "
                       "between them, as its description does",
                       name);
            return false;
        }
        named[output] = true;
    }
    for (int i = 0; i < d->outputs; i++) {
        held[d->output[i].layer] |= !named[i];
    }
    for (int i = d->layers - 1; i >= 0; i--) { // what a held layer takes is held
        const struct mien_layer *l = &d->layer[i];
        for (int j = 0; held[i] && j < l->inputs; j++) {
            held[l->input[j]] = true;
        }
        if (held[i] && l->plus >= 0) {
            held[l->plus] = true;
        }
        any |= !held[i] && has_params(l);
    }
    if (!any) {
        mien_error(
            "no layer leads to \"%s\" alone, so there is nothing to learn; name outputs that "
            "have layers of their own",
            outputs);
        return false;
    }
    memcpy(g->held, held, sizeof(held));
    find_needs_grad(g);
    return true;
}

// Measures (arena without a block) or carves the graph's memory.
static void carve(struct mien_graph *g, struct mien_arena *a)
{
    const struct mien_desc *d = &g->desc;
    const struct mien_layer *in = &d->layer[0];
    const size_t s = (size_t)g->shards, f = sizeof(float);
    g->weights = mien_arena_take(a, g->count, f);
    g->grad = mien_arena_take(a, g->count, f);
    g->m = mien_arena_take(a, g->count, f);
    g->v = mien_arena_take(a, g->count, f);
    g->average = mien_arena_take(a, g->count, f);
    g->stats = mien_arena_take(a, d->stats + 1, f);
    g->stats_average = mien_arena_take(a, d->stats + 1, f);
    g->shard_grad = mien_arena_take(a, s * g->count, f);
    g->shard_stats = mien_arena_take(a, s * (d->stats + 1), f);
    g->scalar_grad = mien_arena_take(a, s * GRAPH_SCALARS, f);
    g->shard_loss = mien_arena_take(a, s, sizeof(double));
    g->shard_bad = mien_arena_take(a, s, sizeof g->shard_bad[0]);
    g->input = mien_arena_take(a, s, sizeof(float *));
    g->output = mien_arena_take(a, s * d->outputs, sizeof(float *));
    g->output_grad = mien_arena_take(a, s * d->outputs, sizeof(float *));
    for (size_t i = 0; i < s; i++) {
        float *x = mien_arena_take(a, (size_t)g->shard * in->c * graph_plane(in), f);
        if (g->input) {
            g->input[i] = x;
        }
        for (int j = 0; j < d->outputs; j++) {
            size_t n = (size_t)g->shard * mien_graph_output_count(g, j);
            float *o = mien_arena_take(a, n, f), *od = mien_arena_take(a, n, f);
            if (g->output) {
                g->output[i * d->outputs + j] = o;
                g->output_grad[i * d->outputs + j] = od;
            }
        }
    }
}

struct mien_graph *mien_graph_create(const char *description, int shard, int shards, uint64_t seed)
{
    if (shard < 1 || shards < 1 || shard > 4096 || shards > 4096) {
        mien_error("graph: %d shards of %d pictures are not possible (1…4096 each)", shards, shard);
        return NULL;
    }
    struct mien_graph *g = mien_calloc(1, sizeof *g);
    if (!g) {
        return NULL;
    }
    if (!mien_desc_parse(&g->desc, description, false, "network description")) {
        goto fail;
    }
    g->text = mien_copy_text(description);
    if (!g->text) {
        goto fail;
    }
    g->kernels = g->train_kernels = mien_kernels();
    if (!g->kernels) {
        goto fail;
    }
    g->shard = shard;
    g->shards = shards;
    g->seed = seed;
    g->count = g->desc.weights + GRAPH_SCALARS;
    struct mien_arena measure = {0};
    carve(g, &measure);
    if (!mien_arena_init(&g->arena, measure.used)) {
        goto fail;
    }
    carve(g, &g->arena);
    find_needs_grad(g);
    init_weights(g);
    if (!graph_workers(g, 1)) {
        goto fail;
    }
    return g;
fail:
    mien_graph_destroy(g);
    return NULL;
}

// Measures or carves a worker's memory.
static void carve_worker(const struct mien_graph *g, struct graph_worker *w, struct mien_arena *a)
{
    const struct mien_desc *d = &g->desc;
    const size_t f = sizeof(float), n = (size_t)g->shard;
    size_t scratch = 1, dy = 1, grads = 0;
    for (int i = 0; i < d->layers; i++) {
        const struct mien_layer *l = &d->layer[i];
        size_t size = n * l->c * graph_plane(l), s = mien_desc_scratch(d, i, g->shard);
        scratch = s > scratch ? s : scratch;
        dy = size > dy ? size : dy;
        w->z[i] = l->kind == MIEN_LAYER_STOP ? w->z[l->input[0]] : mien_arena_take(a, size, f);
        if (l->kind == MIEN_LAYER_CONV || l->kind == MIEN_LAYER_DEPTHWISE ||
            l->kind == MIEN_LAYER_DENSE || l->kind == MIEN_LAYER_DROPOUT) {
            w->y[i] = mien_arena_take(a, size, f);
        }
        if (l->bn) {
            w->mean[i] = mien_arena_take(a, l->c, f);
            w->invstd[i] = mien_arena_take(a, l->c, f);
        }
        grads += g->needs_grad[i] ? (size + 15) / 16 * 16 : 0;
    }
    w->grads_count = grads;
    w->grads = mien_arena_take(a, grads + 1, f);
    w->dy = mien_arena_take(a, dy, f);
    w->scratch = mien_arena_take(a, scratch, f);
    size_t at = 0;
    for (int i = 0; i < d->layers && w->grads; i++) {
        const struct mien_layer *l = &d->layer[i];
        if (g->needs_grad[i]) {
            w->dz[i] = w->grads + at;
            at += (n * l->c * graph_plane(l) + 15) / 16 * 16;
        }
    }
}

bool graph_workers(struct mien_graph *g, int threads)
{
    if (threads <= g->workers) {
        return true;
    }
    struct graph_worker **list = mien_calloc((size_t)threads, sizeof *list);
    if (!list) {
        return false;
    }
    if (g->workers) {
        memcpy(list, g->worker, (size_t)g->workers * sizeof *list);
    }
    mien_free(g->worker);
    g->worker = list;
    while (g->workers < threads) {
        struct graph_worker *w = mien_calloc(1, sizeof *w);
        if (!w) {
            return false;
        }
        struct mien_arena measure = {0};
        carve_worker(g, w, &measure);
        if (!mien_arena_init(&w->arena, measure.used)) {
            mien_free(w);
            return false;
        }
        carve_worker(g, w, &w->arena);
        g->worker[g->workers++] = w;
    }
    return true;
}

void mien_graph_destroy(struct mien_graph *g)
{
    if (!g) {
        return;
    }
    for (int i = 0; i < g->workers; i++) {
        mien_arena_destroy(&g->worker[i]->arena);
        mien_free(g->worker[i]);
    }
    mien_free(g->worker);
    mien_free(g->muon_scratch);
    mien_arena_destroy(&g->arena);
    mien_free(g->text);
    mien_free(g);
}

bool mien_precision_possible(enum mien_precision precision)
{
    if (precision == MIEN_PRECISION_BF16 && !mien_kernels_bf16()) {
        mien_error("this processor has no bfloat16 arithmetic (AVX512-BF16): precision bf16 is not "
                   "possible here, float or auto is");
        return false;
    }
    return true;
}

bool mien_graph_set_precision(struct mien_graph *g, enum mien_precision precision)
{
    const struct mien_kernels *mixed = mien_kernels_bf16();
    if (!mien_precision_possible(precision)) {
        return false;
    }
    g->train_kernels = mixed && precision != MIEN_PRECISION_FLOAT ? mixed : g->kernels;
    return true;
}

const char *mien_graph_precision(const struct mien_graph *g)
{
    return g->train_kernels == g->kernels ? "float" : "bf16";
}

size_t mien_graph_parameters(const struct mien_graph *g)
{
    size_t n = 0;
    for (int i = 0; i < g->desc.params; i++) {
        n += g->desc.param[i].count;
    }
    return n;
}

double mien_graph_macs(const struct mien_graph *g)
{
    return g->desc.macs;
}

void mien_graph_first_shard(struct mien_graph *g, int first)
{
    g->first_shard = first;
}

float *mien_graph_statistics(struct mien_graph *g, size_t *count)
{
    *count = g->desc.stats;
    return g->stats;
}

uint64_t mien_graph_steps(const struct mien_graph *g)
{
    return g->steps;
}

void mien_graph_input_shape(const struct mien_graph *g, int *c, int *h, int *w)
{
    *c = g->desc.layer[0].c;
    *h = g->desc.layer[0].h;
    *w = g->desc.layer[0].w;
}

void mien_graph_input_scaling(const struct mien_graph *g, float *mean, float *scale)
{
    *mean = g->desc.mean;
    *scale = g->desc.scale;
}

float *mien_graph_input(struct mien_graph *g, int shard)
{
    MIEN_ASSERT(shard >= 0 && shard < g->shards);
    return g->input[shard];
}

int mien_graph_outputs(const struct mien_graph *g)
{
    return g->desc.outputs;
}

int mien_graph_find_output(const struct mien_graph *g, const char *name)
{
    return mien_desc_find_output(&g->desc, name);
}

int mien_graph_output_count(const struct mien_graph *g, int output)
{
    MIEN_ASSERT(output >= 0 && output < g->desc.outputs);
    const struct mien_layer *l = &g->desc.layer[g->desc.output[output].layer];
    return (int)(l->c * graph_plane(l));
}

const float *mien_graph_output(const struct mien_graph *g, int shard, int output)
{
    MIEN_ASSERT(shard >= 0 && shard < g->shards && output >= 0 && output < g->desc.outputs);
    return g->output[shard * g->desc.outputs + output];
}

float *mien_graph_output_grad(struct mien_graph *g, int shard, int output)
{
    MIEN_ASSERT(shard >= 0 && shard < g->shards && output >= 0 && output < g->desc.outputs);
    return g->output_grad[shard * g->desc.outputs + output];
}

float *mien_graph_scalar(struct mien_graph *g, const char *name, float init, float **grad)
{
    int i = 0;
    while (i < g->scalars && strcmp(g->scalar_name[i], name)) {
        i++;
    }
    float *value = g->weights + g->desc.weights + i;
    if (i == g->scalars) {
        if (i == GRAPH_SCALARS || strlen(name) >= GRAPH_SCALAR_NAME) {
            mien_error("graph: no room for the scalar \"%s\" (%d of at most %d letters)", name,
                       GRAPH_SCALARS, GRAPH_SCALAR_NAME - 1);
            return NULL;
        }
        memcpy(g->scalar_name[g->scalars++], name, strlen(name) + 1);
        *value = g->average[g->desc.weights + i] = init;
    }
    if (grad) {
        *grad = g->scalar_grad + (size_t)i * g->shards;
    }
    return value;
}

float *mien_graph_gradient(struct mien_graph *g, size_t *count)
{
    *count = g->count;
    return g->grad;
}

bool graph_finite(const float *x, size_t n)
{
    // On the bits, because -fassociative-math may cancel x - x; vectorised where isfinite is not.
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bad |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return !bad;
}

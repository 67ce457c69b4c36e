// Checkpoints of the training graph (container "CKPT") and the network file for inference ("NETW").
//
// CKPT sections: desc (text), state, weights, m, v, average, stats, stats_avg, scalars (names), and
// the caller's. NETW sections: desc (text), then weights (float) or half (IEEE 16-bit) in the order
// of the folded description's parameters (nn/desc.h), each padded to 16 numbers.
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "learn/graph_internal.h"

enum { MORE_SECTIONS = 8 };

bool mien_graph_save(const struct mien_graph *g, const char *path, const struct mien_section *more,
                     int count)
{
    const struct graph_state state = {.steps = g->steps,
                                      .passes = g->passes,
                                      .seed = g->seed,
                                      .shard = (uint32_t)g->shard,
                                      .shards = (uint32_t)g->shards,
                                      .scalars = (uint32_t)g->scalars};
    const size_t bytes = g->count * sizeof(float), stats = g->desc.stats * sizeof(float);
    const struct mien_section own[] = {
        {"desc", g->text, strlen(g->text) + 1},
        {"state", &state, sizeof state},
        {"weights", g->weights, bytes},
        {"m", g->m, bytes},
        {"v", g->v, bytes},
        {"average", g->average, bytes},
        {"stats", g->stats, stats},
        {"stats_avg", g->stats_average, stats},
        {"scalars", g->scalar_name, sizeof g->scalar_name},
    };
    struct mien_section all[MIEN_COUNT(own) + MORE_SECTIONS];
    MIEN_ASSERT(count >= 0 && count <= MORE_SECTIONS);
    memcpy(all, own, sizeof own);
    for (int i = 0; i < count; i++) {
        all[MIEN_COUNT(own) + (size_t)i] = more[i];
    }
    return mien_container_save(path, "CKPT", MIEN_CKPT_VERSION, all, (int)MIEN_COUNT(own) + count);
}

void graph_checkpoint_close(struct graph_checkpoint *c)
{
    mien_free(c->desc);
    mien_container_destroy(&c->file);
}

bool graph_checkpoint_open(struct graph_checkpoint *c, const char *path)
{
    *c = (struct graph_checkpoint){0};
    if (!mien_container_load(&c->file, path, "CKPT", MIEN_CKPT_VERSION)) {
        return false;
    }
    size_t size = 0;
    const char *text = mien_container_get(&c->file, "desc", 0, &size);
    c->desc = mien_calloc(1, sizeof *c->desc);
    if (!c->desc || !text || size == 0 || text[size - 1] != '\0') {
        mien_error("%s: the description is missing; the file is damaged", path);
        goto fail;
    }
    if (!mien_desc_parse(c->desc, text, false, path)) {
        goto fail;
    }
    const size_t bytes = (c->desc->weights + GRAPH_SCALARS) * sizeof(float);
    const size_t stats = c->desc->stats * sizeof(float);
    const struct mien_container *f = &c->file;
    c->state = mien_container_get(f, "state", sizeof *c->state, NULL);
    c->weights = mien_container_get(f, "weights", bytes, NULL);
    c->m = mien_container_get(f, "m", bytes, NULL);
    c->v = mien_container_get(f, "v", bytes, NULL);
    c->average = mien_container_get(f, "average", bytes, NULL);
    c->stats = mien_container_get(f, "stats", stats, NULL);
    c->stats_average = mien_container_get(f, "stats_avg", stats, NULL);
    bool ok = stats == 0 || (c->stats && c->stats_average);
    c->scalar_name =
        mien_container_get(f, "scalars", (size_t)GRAPH_SCALARS * GRAPH_SCALAR_NAME, NULL);
    if (!ok || !c->state || !c->weights || !c->m || !c->v || !c->average || !c->scalar_name ||
        c->state->scalars > GRAPH_SCALARS) {
        mien_error("%s: parts of the checkpoint are missing; the file is damaged", path);
        goto fail;
    }
    for (uint32_t i = 0; i < c->state->scalars; i++) {
        if (!memchr(c->scalar_name[i], '\0', GRAPH_SCALAR_NAME)) {
            mien_error("%s: a scalar's name is damaged", path);
            goto fail;
        }
    }
    return true;
fail:
    graph_checkpoint_close(c);
    return false;
}

bool graph_same_param(const struct mien_param *a, const struct mien_param *b)
{
    return !strcmp(a->name, b->name) && !memcmp(a->shape, b->shape, sizeof a->shape);
}

bool mien_graph_restore(struct mien_graph *g, const char *path, mien_graph_take_fn take, void *arg)
{
    struct graph_checkpoint c;
    if (!graph_checkpoint_open(&c, path)) {
        return false;
    }
    bool ok = false;
    if (c.desc->params != g->desc.params || c.desc->stats != g->desc.stats) {
        mien_error("%s: the checkpoint is of another network (%d parameter tensors, here %d); "
                   "start from its weights instead of resuming",
                   path, c.desc->params, g->desc.params);
        goto done;
    }
    for (int i = 0; i < g->desc.params; i++) {
        if (!graph_same_param(&c.desc->param[i], &g->desc.param[i])) {
            mien_error("%s: the checkpoint is of another network: it has %s where %s is expected",
                       path, c.desc->param[i].name, g->desc.param[i].name);
            goto done;
        }
    }
    if (take && !take(arg, &c.file, path)) {
        goto done;
    }
    const size_t weights = g->desc.weights;
    const float *const from[] = {c.weights, c.m, c.v, c.average};
    float *const to[] = {g->weights, g->m, g->v, g->average};
    for (uint32_t i = 0; i < c.state->scalars; i++) {
        float *value = mien_graph_scalar(g, c.scalar_name[i], 0, NULL);
        if (!value) {
            goto done;
        }
        size_t slot = (size_t)(value - g->weights);
        for (size_t j = 0; j < MIEN_COUNT(from); j++) {
            to[j][slot] = from[j][weights + i];
        }
    }
    for (size_t j = 0; j < MIEN_COUNT(from); j++) {
        memcpy(to[j], from[j], weights * sizeof(float));
    }
    memcpy(g->stats, c.stats, g->desc.stats * sizeof(float));
    memcpy(g->stats_average, c.stats_average, g->desc.stats * sizeof(float));
    memset(g->grad, 0, g->count * sizeof(float));
    g->steps = c.state->steps;
    g->passes = c.state->passes;
    g->seed = c.state->seed;
    if ((uint32_t)g->shard != c.state->shard || (uint32_t)g->shards != c.state->shards) {
        mien_warn("%s: saved with %u shards of %u pictures, going on with %d of %d", path,
                  c.state->shards, c.state->shard, g->shards, g->shard);
    }
    ok = true;
done:
    graph_checkpoint_close(&c);
    return ok;
}

// w' = w a, b' = b - mean a with a = gamma/sqrt(var+eps)
static void fold(const struct mien_graph *g, const struct mien_desc *d, float *out)
{
    for (int i = 0; i < d->params; i++) {
        const struct mien_param *p = &d->param[i];
        const struct mien_param *q = &g->desc.param[mien_desc_find_param(&g->desc, p->name)];
        const struct mien_layer *l = &g->desc.layer[q->layer];
        const float *src = g->average + q->offset;
        float *dst = out + p->offset;
        memcpy(dst, src, p->count * sizeof(float));
        if (!l->bn || p->role == MIEN_PARAM_SLOPE) {
            continue;
        }
        const float *gamma = g->average + g->desc.param[l->param[MIEN_PARAM_GAMMA]].offset;
        const float *mean = g->stats_average + l->stat, *var = mean + l->c;
        const size_t fan = p->count / l->c;
        for (int c = 0; c < l->c; c++) {
            double a = gamma[c] / sqrt((double)var[c] + GRAPH_BN_EPS);
            if (p->role == MIEN_PARAM_BIAS) {
                dst[c] = (float)(src[c] - mean[c] * a);
                continue;
            }
            for (size_t j = 0; j < fan; j++) {
                dst[c * fan + j] = (float)(src[c * fan + j] * a);
            }
        }
    }
}

static bool export_as(const struct mien_graph *g, const char *path, bool half)
{
    struct mien_desc *d = mien_calloc(1, sizeof *d);
    float *weights = NULL;
    _Float16 *small = NULL;
    bool ok = false;
    if (!d || !mien_desc_parse(d, g->text, true, path)) {
        goto done;
    }
    weights = mien_calloc(d->weights, sizeof *weights);
    small = mien_calloc(d->weights, sizeof *small);
    if (!weights || !small) {
        goto done;
    }
    fold(g, d, weights);
    if (!graph_finite(weights, d->weights)) {
        mien_error("%s: not written: the folded weights are not finite", path);
        goto done;
    }
    for (size_t i = 0; i < d->weights; i++) {
        if (half && fabsf(weights[i]) > 65504) {
            mien_error("%s: not written: a weight of %g does not fit 16 bits", path, weights[i]);
            goto done;
        }
        small[i] = (_Float16)weights[i];
    }
    const struct mien_section sections[] = {
        {"desc", g->text, strlen(g->text) + 1},
        {"weights", weights, d->weights * sizeof *weights},
    };
    const struct mien_section halves[] = {
        {"desc", g->text, strlen(g->text) + 1},
        {"half", small, d->weights * sizeof *small},
    };
    ok = mien_container_save(path, "NETW", MIEN_NETW_VERSION, half ? halves : sections, 2);
done:
    mien_free(weights);
    mien_free(small);
    mien_free(d);
    return ok;
}

bool mien_graph_export(const struct mien_graph *g, const char *path)
{
    return export_as(g, path, false);
}

bool mien_graph_export_half(const struct mien_graph *g, const char *path)
{
    return export_as(g, path, true);
}

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

struct state {
    uint64_t steps, passes, seed;
    uint32_t shard, shards, scalars, zero;
};

bool mien_graph_save(const struct mien_graph *g, const char *path, const struct mien_section *more,
                     int count)
{
    const struct state state = {.steps = g->steps,
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

// A checkpoint read and checked against its own description.
struct checkpoint {
    struct mien_container file;
    struct mien_desc *desc;
    const struct state *state;
    const float *weights, *m, *v, *average, *stats, *stats_average;
    const char (*scalar_name)[GRAPH_SCALAR_NAME];
};

static void checkpoint_close(struct checkpoint *c)
{
    mien_free(c->desc);
    mien_container_destroy(&c->file);
}

static bool checkpoint_open(struct checkpoint *c, const char *path)
{
    *c = (struct checkpoint){0};
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
    checkpoint_close(c);
    return false;
}

static bool same_param(const struct mien_param *a, const struct mien_param *b)
{
    return !strcmp(a->name, b->name) && !memcmp(a->shape, b->shape, sizeof a->shape);
}

bool mien_graph_restore(struct mien_graph *g, const char *path, mien_graph_take_fn take, void *arg)
{
    struct checkpoint c;
    if (!checkpoint_open(&c, path)) {
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
        if (!same_param(&c.desc->param[i], &g->desc.param[i])) {
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
    checkpoint_close(&c);
    return ok;
}

// A dense layer's weights over maps of another size: each output's map of weights is resampled
// (bilinear) and scaled, so that it answers to the same picture, finer or coarser, as before. False
// when the layers are not alike but for that.
static bool resample_dense(const struct mien_desc *from, const struct mien_param *a,
                           const float *in, const struct mien_desc *to, const struct mien_param *b,
                           float *out)
{
    const struct mien_layer *l = &from->layer[a->layer], *m = &to->layer[b->layer];
    if (strcmp(a->name, b->name) != 0 || l->kind != MIEN_LAYER_DENSE ||
        m->kind != MIEN_LAYER_DENSE || a->role != MIEN_PARAM_WEIGHT || l->c != m->c) {
        return false;
    }
    const struct mien_layer *s = &from->layer[l->input[0]], *t = &to->layer[m->input[0]];
    if (s->c != t->c || s->h * s->w < 2 || t->h * t->w < 2) {
        return false;
    }
    const float scale = (float)(s->h * s->w) / (float)(t->h * t->w);
    const size_t source = (size_t)(s->h * s->w), target = (size_t)(t->h * t->w);
    for (int y = 0; y < t->h; y++) {
        for (int x = 0; x < t->w; x++) {
            float v = ((float)y + 0.5f) * (float)s->h / (float)t->h - 0.5f;
            float u = ((float)x + 0.5f) * (float)s->w / (float)t->w - 0.5f;
            v = fminf(fmaxf(v, 0), (float)(s->h - 1));
            u = fminf(fmaxf(u, 0), (float)(s->w - 1));
            int y0 = (int)v, x0 = (int)u, y1 = y0 + (y0 < s->h - 1), x1 = x0 + (x0 < s->w - 1);
            float fy = v - (float)y0, fx = u - (float)x0;
            for (size_t k = 0; k < (size_t)(l->c * s->c); k++) {
                const float *map = in + k * source;
                float top = map[y0 * s->w + x0] * (1 - fx) + map[y0 * s->w + x1] * fx;
                float low = map[y1 * s->w + x0] * (1 - fx) + map[y1 * s->w + x1] * fx;
                out[k * target + (size_t)(y * t->w + x)] = scale * (top * (1 - fy) + low * fy);
            }
        }
    }
    return true;
}

bool mien_graph_init_from(struct mien_graph *g, const char *path)
{
    struct checkpoint c;
    if (!checkpoint_open(&c, path)) {
        return false;
    }
    int taken = 0;
    for (int i = 0; i < g->desc.params; i++) {
        const struct mien_param *p = &g->desc.param[i];
        int j = mien_desc_find_param(c.desc, p->name);
        if (j >= 0 && resample_dense(c.desc, &c.desc->param[j], c.average + c.desc->param[j].offset,
                                     &g->desc, p, g->weights + p->offset)) {
            taken++;
            continue;
        }
        if (j < 0 || !same_param(&c.desc->param[j], p)) {
            continue;
        }
        memcpy(g->weights + p->offset, c.average + c.desc->param[j].offset,
               p->count * sizeof(float));
        taken++;
    }
    for (int i = 0; i < g->desc.layers; i++) {
        const struct mien_layer *l = &g->desc.layer[i];
        int j = mien_desc_find(c.desc, l->name);
        if (l->stat >= 0 && j >= 0 && c.desc->layer[j].stat >= 0 && c.desc->layer[j].c == l->c) {
            memcpy(g->stats + l->stat, c.stats_average + c.desc->layer[j].stat,
                   2 * (size_t)l->c * sizeof(float));
        }
    }
    memcpy(g->average, g->weights, g->desc.weights * sizeof(float));
    memcpy(g->stats_average, g->stats, g->desc.stats * sizeof(float));
    mien_info("%s: %d of %d parameter tensors taken over", path, taken, g->desc.params);
    checkpoint_close(&c);
    return true;
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

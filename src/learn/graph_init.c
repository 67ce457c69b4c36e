// Where a training's first weights come from: another training's checkpoint, or a network (.net),
// whose batch norm is folded into its weights.
//
// Does not: resume a training exactly (graph_file.c).
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "learn/graph_internal.h"
#include "nn/stored.h"

// Weights and statistics that a graph may begin with, in the order of their own description.
struct source {
    struct mien_desc *desc;
    const float *weights, *stats;
    struct graph_checkpoint checkpoint;
    float *unfolded; // a network's
};

static void close_source(struct source *s)
{
    if (s->unfolded) {
        mien_free(s->unfolded);
        mien_free(s->desc);
    } else {
        graph_checkpoint_close(&s->checkpoint);
    }
}

// A folded layer is one whose norm does nothing: scale 1, mean 0, variance 1 and no bias but the
// folded one.
static bool unfold(struct source *s, const struct mien_desc *folded, const float *weights)
{
    const struct mien_desc *d = s->desc;
    s->unfolded = mien_calloc(d->weights + d->stats, sizeof(*s->unfolded));
    if (!s->unfolded) {
        return false;
    }
    for (int i = 0; i < d->params; i++) {
        const struct mien_param *p = &d->param[i];
        float *to = s->unfolded + p->offset;
        int j = mien_desc_find_param(folded, p->name);
        if (j >= 0) {
            memcpy(to, weights + folded->param[j].offset, p->count * sizeof(*to));
        }
        for (size_t k = 0; k < p->count && p->role == MIEN_PARAM_GAMMA; k++) {
            to[k] = 1;
        }
    }
    float *stats = s->unfolded + d->weights;
    for (int i = 0; i < d->layers; i++) {
        for (int c = 0; d->layer[i].stat >= 0 && c < d->layer[i].c; c++) {
            stats[d->layer[i].stat + d->layer[i].c + c] = 1 - GRAPH_BN_EPS;
        }
    }
    s->weights = s->unfolded;
    s->stats = stats;
    return true;
}

static bool open_network(struct source *s, const char *path)
{
    struct mien_stored stored = {0};
    snprintf(stored.name, sizeof(stored.name), "%.255s", path);
    if (!mien_container_load_open(&stored.file, path, "NETW", MIEN_NETW_VERSION)) {
        return false;
    }
    size_t size = 0;
    const char *text = mien_container_get(&stored.file, "desc", 0, &size);
    struct mien_desc *folded = mien_calloc(1, sizeof(*folded));
    float *weights = NULL;
    s->desc = mien_calloc(1, sizeof(*s->desc));
    bool ok = folded && s->desc;
    if (ok && (!text || !size || text[size - 1])) {
        mien_error("%s: the network's description is missing; the file is damaged", path);
        ok = false;
    }
    ok = ok && mien_desc_parse(s->desc, text, false, path) &&
         mien_desc_parse(folded, text, true, path) && mien_stored_find(&stored, folded->weights) &&
         (weights = mien_calloc(folded->weights + 1, sizeof(*weights))) &&
         mien_stored_floats(&stored, 0, folded->weights, weights) && unfold(s, folded, weights);
    if (!ok) {
        mien_free(s->desc);
    }
    mien_free(weights);
    mien_free(folded);
    mien_container_destroy(&stored.file);
    return ok;
}

static bool open_source(struct source *s, const char *path)
{
    char head[8] = "";
    FILE *f = fopen(path, "rb");
    bool network =
        f && fread(head, 1, sizeof(head), f) == sizeof(head) && !memcmp(head + 4, "NETW", 4);
    if (f) {
        fclose(f);
    }
    *s = (struct source){0};
    if (network) {
        return open_network(s, path);
    }
    if (!graph_checkpoint_open(&s->checkpoint, path)) {
        return false;
    }
    s->desc = s->checkpoint.desc;
    s->weights = s->checkpoint.average;
    s->stats = s->checkpoint.stats_average;
    return true;
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
    struct source s;
    if (!open_source(&s, path)) {
        return false;
    }
    int taken = 0;
    for (int i = 0; i < g->desc.params; i++) {
        const struct mien_param *p = &g->desc.param[i];
        int j = mien_desc_find_param(s.desc, p->name);
        const struct mien_param *q = j >= 0 ? &s.desc->param[j] : NULL;
        if (q &&
            resample_dense(s.desc, q, s.weights + q->offset, &g->desc, p, g->weights + p->offset)) {
            taken++;
        } else if (q && graph_same_param(q, p)) {
            memcpy(g->weights + p->offset, s.weights + q->offset, p->count * sizeof(float));
            taken++;
        }
    }
    for (int i = 0; i < g->desc.layers; i++) {
        const struct mien_layer *l = &g->desc.layer[i];
        int j = mien_desc_find(s.desc, l->name);
        if (l->stat >= 0 && j >= 0 && s.desc->layer[j].stat >= 0 && s.desc->layer[j].c == l->c) {
            memcpy(g->stats + l->stat, s.stats + s.desc->layer[j].stat,
                   2 * (size_t)l->c * sizeof(float));
        }
    }
    memcpy(g->average, g->weights, g->desc.weights * sizeof(float));
    memcpy(g->stats_average, g->stats, g->desc.stats * sizeof(float));
    mien_info("%s: %d of %d parameter tensors taken over", path, taken, g->desc.params);
    close_source(&s);
    return true;
}

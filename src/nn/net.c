// Inference: loading and checking a .net file, the plan of its buffers, and the forward pass.
//
// One picture at a time, in the layout of tensor/infer.h; weights are packed for it while loading.
// A buffer's place in the workspace is reused once its last reader has run.
#include "nn/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/half.h"
#include "base/log.h"
#include "base/mem.h"
#include "nn/desc.h"
#include "tensor/infer.h"

enum { ALIGN = 16 };

enum { NUMBERS = 8, NUMBERS_LONG = 64 };

struct mien_net {
    struct mien_desc desc;
    struct numbers { // sections beside description and weights
        char name[16];
        float value[NUMBERS_LONG];
        int count;
    } numbers[NUMBERS];
    int numbers_count;
    const struct mien_infer *infer;
    struct mien_arena arena; // packed weights
    struct op {
        struct mien_map map; // of the layer's output
        struct mien_packed_conv conv;
        struct mien_packed_dense dense;
        const float *slope, *bias; // of the other kinds, in `weights`
    } op[MIEN_DESC_LAYERS];
    float *weights;                   // as in the file; NULL where no layer reads them there
    int root[MIEN_DESC_LAYERS];       // the layer whose buffer holds this layer's output
    size_t offset[MIEN_DESC_LAYERS];  // of that buffer in the workspace, in floats
    size_t planar[MIEN_DESC_OUTPUTS]; // of an output map's plain copy
    size_t scratch;                   // its offset
    size_t total;                     // floats of the workspace
    bool input_map;                   // somebody else than a first convolution reads the input
};

static size_t layer_size(const struct mien_net *n, int i)
{
    return (mien_map_floats(&n->op[i].map) + ALIGN - 1) / ALIGN * ALIGN;
}

// First place where `size` floats fit between the buffers that are in use.
static size_t find_gap(const struct mien_net *n, const int *live, int count, size_t size)
{
    size_t at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < count; i++) {
            size_t from = n->offset[live[i]], to = from + layer_size(n, live[i]);
            if (at < to && from < at + size) {
                at = to;
                moved = true;
            }
        }
    }
    return at;
}

// A first convolution takes the picture as it comes; anything else wants it as a map.
static bool takes_picture(const struct mien_net *n, const struct mien_layer *l)
{
    return l->kind == MIEN_LAYER_CONV && n->root[l->input[0]] == 0 && n->desc.layer[0].c <= 4 &&
           l->pad <= 1;
}

static void find_roots(struct mien_net *n)
{
    const struct mien_desc *d = &n->desc;
    for (int i = 0; i < d->layers; i++) {
        const struct mien_layer *l = &d->layer[i];
        bool same = l->kind == MIEN_LAYER_STOP || l->kind == MIEN_LAYER_DROPOUT;
        n->root[i] = same ? n->root[l->input[0]] : i;
        n->op[i].map = mien_map_make(n->infer, l->c, l->h, l->w);
        for (int j = 0; j < l->inputs && !same; j++) {
            n->input_map |= n->root[l->input[j]] == 0 && !takes_picture(n, l);
        }
        n->input_map |= l->plus >= 0 && n->root[l->plus] == 0;
    }
    for (int i = 0; i < d->outputs; i++) {
        n->input_map |= n->root[d->output[i].layer] == 0;
    }
}

static void plan(struct mien_net *n)
{
    const struct mien_desc *d = &n->desc;
    int last[MIEN_DESC_LAYERS], live[MIEN_DESC_LAYERS], count = 0;
    size_t scratch = 0;
    for (int i = 0; i < d->layers; i++) {
        const struct mien_layer *l = &d->layer[i];
        last[i] = i;
        for (int j = 0; j < l->inputs; j++) {
            last[n->root[l->input[j]]] = i;
        }
        if (l->plus >= 0) {
            last[n->root[l->plus]] = i;
        }
        size_t s = l->kind == MIEN_LAYER_CONV ? mien_infer_conv_scratch(&n->op[i].conv)
                   : l->kind == MIEN_LAYER_SOFTARGMAX
                       ? 2 * (size_t)n->op[n->root[l->input[0]]].map.lanes
                       : 0;
        scratch = s > scratch ? s : scratch;
    }
    for (int i = 0; i < d->outputs; i++) {
        last[n->root[d->output[i].layer]] = d->layers;
    }
    n->total = 0;
    for (int i = 0; i < d->layers; i++) {
        if (n->root[i] == i && (i > 0 || n->input_map)) {
            size_t size = layer_size(n, i);
            n->offset[i] = find_gap(n, live, count, size);
            n->total = n->offset[i] + size > n->total ? n->offset[i] + size : n->total;
            live[count++] = i;
        }
        int kept = 0;
        for (int j = 0; j < count; j++) {
            if (last[live[j]] > i) {
                live[kept++] = live[j];
            }
        }
        count = kept;
    }
    for (int i = 0; i < d->outputs; i++) {
        const struct mien_layer *l = &d->layer[d->output[i].layer];
        n->planar[i] = n->total;
        n->total += l->h * l->w > 1 ? ((size_t)l->c * l->h * l->w + ALIGN - 1) / ALIGN * ALIGN : 0;
    }
    n->scratch = n->total;
    n->total += (scratch + ALIGN - 1) / ALIGN * ALIGN;
}

// Weights as they lie in the file, while it is loaded.
struct stored {
    const float *full;              // either these
    const void *half;               // or these
    float *layer[MIEN_PARAM_ROLES]; // one layer's, a role's parameter each
};

static bool is_finite_half(const void *half, size_t i)
{
    uint16_t bits;
    memcpy(&bits, (const unsigned char *)half + 2 * i, sizeof(bits));
    return (bits & 0x7c00) != 0x7c00;
}

static bool find_weights(const struct mien_net *n, const struct mien_container *file,
                         const char *path, struct stored *s)
{
    size_t size = 0, count = n->desc.weights;
    s->full = mien_container_get(file, "weights", 0, &size);
    if (!s->full) {
        s->half = mien_container_get(file, "half", 0, &size);
    }
    const size_t expected = count * (s->full ? sizeof(float) : sizeof(_Float16));
    if ((!s->full && !s->half) || size != expected) {
        mien_error(
            "%s: %zu bytes of weights where the description asks for %zu; the file is damaged",
            path, size, expected);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (s->full ? !isfinite(s->full[i]) : !is_finite_half(s->half, i)) {
            mien_error("%s: weight %zu is not finite; the file is damaged", path, i);
            return false;
        }
    }
    return true;
}

static void expand(const struct stored *s, size_t from, size_t count, float *to)
{
    if (s->full) {
        memcpy(to, s->full + from, count * sizeof(*to));
    } else {
        mien_half_to_float((const unsigned char *)s->half + from * sizeof(_Float16), to, count);
    }
}

static bool is_packed(const struct mien_layer *l)
{
    return l->kind == MIEN_LAYER_CONV || l->kind == MIEN_LAYER_DENSE;
}

// Room for the parameters of the largest layer that is packed; all weights where another kind of
// layer reads its own while it runs.
static bool make_room(struct mien_net *n, struct stored *s)
{
    size_t most[MIEN_PARAM_ROLES] = {0};
    bool kept = false;
    for (int i = 0; i < n->desc.layers; i++) {
        for (int role = 0; role < MIEN_PARAM_ROLES; role++) {
            const struct mien_layer *l = &n->desc.layer[i];
            const int k = l->param[role];
            const size_t count = k < 0 ? 0 : n->desc.param[k].count;
            kept |= count > 0 && !is_packed(l);
            most[role] = count > most[role] ? count : most[role];
        }
    }
    bool ok = true;
    if (kept) {
        n->weights = mien_alloc(n->desc.weights, sizeof(float));
        ok = n->weights != NULL;
        if (ok) {
            expand(s, 0, n->desc.weights, n->weights);
        }
    }
    for (int role = 0; role < MIEN_PARAM_ROLES && ok; role++) {
        s->layer[role] = mien_alloc(most[role] + 1, sizeof(float));
        ok = s->layer[role] != NULL;
    }
    return ok;
}

static const float *param(const struct mien_net *n, const struct mien_layer *l,
                          enum mien_param_role role)
{
    int i = l->param[role];
    return i < 0 || !n->weights ? NULL : n->weights + n->desc.param[i].offset;
}

// The same of a layer that is packed.
static const float *stored_param(const struct mien_net *n, const struct stored *s,
                                 const struct mien_layer *l, enum mien_param_role role)
{
    int i = l->param[role];
    if (i < 0) {
        return NULL;
    }
    expand(s, n->desc.param[i].offset, n->desc.param[i].count, s->layer[role]);
    return s->layer[role];
}

// Sets up a layer's products; with an arena that has room, packs its weights too.
static void set_up(struct mien_net *n, const struct stored *s, int i, struct mien_arena *a)
{
    const struct mien_layer *l = &n->desc.layer[i];
    struct op *op = &n->op[i];
    const bool packed = is_packed(l) && a->base;
    const float *weight = packed ? stored_param(n, s, l, MIEN_PARAM_WEIGHT) : NULL;
    const float *bias =
        packed ? stored_param(n, s, l, MIEN_PARAM_BIAS) : param(n, l, MIEN_PARAM_BIAS);
    const float *slope = l->act == MIEN_ACT_LEAKY ? &l->slope
                         : packed                 ? stored_param(n, s, l, MIEN_PARAM_SLOPE)
                                                  : param(n, l, MIEN_PARAM_SLOPE);
    const size_t lanes = (size_t)op->map.lanes;
    if (l->kind == MIEN_LAYER_CONV) {
        const struct mien_map *in = &n->op[n->root[l->input[0]]].map;
        struct mien_packed_conv *c = &op->conv;
        *c = (struct mien_packed_conv){.in = *in,
                                       .out = op->map,
                                       .k = l->k,
                                       .stride = l->stride,
                                       .pad = l->pad,
                                       .act = l->act,
                                       .planar = takes_picture(n, l)};
        mien_infer_conv_plan(n->infer, c);
        c->weight = mien_arena_take(a, mien_infer_conv_bytes(c), 1);
        c->bias = mien_arena_take(a, lanes, sizeof(float));
        c->slope = mien_arena_take(a, lanes, sizeof(float));
        if (packed) {
            mien_infer_conv_pack(c, weight, bias, slope);
        }
    } else if (l->kind == MIEN_LAYER_DENSE) {
        struct mien_packed_dense *d = &op->dense;
        *d = (struct mien_packed_dense){
            .in = n->op[n->root[l->input[0]]].map, .out = l->c, .act = l->act};
        d->weight = mien_arena_take(a, mien_infer_dense_bytes(n->infer, d), 1);
        d->bias = mien_arena_take(a, lanes, sizeof(float));
        d->slope = mien_arena_take(a, lanes, sizeof(float));
        if (packed) {
            mien_infer_dense_pack(n->infer, d, weight, bias, slope);
        }
    } else {
        op->bias = bias;
        op->slope = slope;
    }
}

static bool pack(struct mien_net *n, struct stored *s)
{
    bool ok = make_room(n, s);
    for (int i = 0; i < n->desc.layers && ok; i++) {
        set_up(n, s, i, &n->arena);
    }
    const size_t need = n->arena.used;
    ok = ok && mien_arena_init(&n->arena, need);
    for (int i = 0; i < n->desc.layers && ok; i++) {
        set_up(n, s, i, &n->arena);
    }
    for (int role = 0; role < MIEN_PARAM_ROLES; role++) {
        mien_free(s->layer[role]);
    }
    return ok;
}

static bool is_own_section(const char *name)
{
    return !strcmp(name, "desc") || !strcmp(name, "weights") || !strcmp(name, "half");
}

static void read_numbers(struct mien_net *n, const struct mien_container *file)
{
    for (int i = 0; i < file->count && n->numbers_count < NUMBERS; i++) {
        const struct mien_section *s = &file->section[i];
        struct numbers *k = &n->numbers[n->numbers_count];
        if (!is_own_section(s->name) && s->size % sizeof(float) == 0 &&
            s->size <= sizeof(k->value)) {
            memcpy(k->name, s->name, sizeof(k->name));
            memcpy(k->value, s->data, s->size);
            k->count = (int)(s->size / sizeof(float));
            n->numbers_count++;
        }
    }
}

bool mien_net_numbers(const struct mien_net *n, const char *name, float *out, int count)
{
    for (int i = 0; i < n->numbers_count; i++) {
        const struct numbers *k = &n->numbers[i];
        if (strncmp(k->name, name, sizeof(k->name)) != 0 || k->count != count) {
            continue;
        }
        for (int j = 0; j < count; j++) {
            if (!isfinite(k->value[j])) {
                return false;
            }
        }
        memcpy(out, k->value, (size_t)count * sizeof(float));
        return true;
    }
    return false;
}

bool mien_net_save_numbers(const char *path, const char *name, const float *value, int count)
{
    struct mien_container file;
    struct mien_section section[NUMBERS + 4];
    int n = 0;
    if (count < 1 || count > NUMBERS_LONG ||
        !mien_container_load(&file, path, "NETW", MIEN_NETW_VERSION)) {
        return false;
    }
    for (int i = 0; i < file.count && n < NUMBERS + 3; i++) {
        if (strncmp(file.section[i].name, name, sizeof(section[0].name)) != 0) {
            section[n++] = file.section[i];
        }
    }
    section[n] = (struct mien_section){.data = value, .size = (size_t)count * sizeof(float)};
    snprintf(section[n++].name, sizeof(section[0].name), "%s", name);
    bool ok = mien_container_save(path, "NETW", MIEN_NETW_VERSION, section, n);
    mien_container_destroy(&file);
    return ok;
}

struct mien_net *mien_net_load(const char *path)
{
    struct mien_container file;
    if (!mien_container_load(&file, path, "NETW", MIEN_NETW_VERSION)) {
        return NULL;
    }
    struct mien_net *n = mien_calloc(1, sizeof *n);
    size_t size = 0;
    const char *text = mien_container_get(&file, "desc", 0, &size);
    if (!n) {
        goto fail;
    }
    if (!text || size == 0 || text[size - 1] != '\0') {
        mien_error("%s: the network's description is missing; the file is damaged", path);
        goto fail;
    }
    struct stored stored = {0};
    if (!mien_desc_parse(&n->desc, text, true, path) || !find_weights(n, &file, path, &stored)) {
        goto fail;
    }
    read_numbers(n, &file);
    n->infer = mien_infer();
    find_roots(n);
    if (!pack(n, &stored)) {
        goto fail;
    }
    mien_container_destroy(&file);
    plan(n);
    return n;
fail:
    mien_container_destroy(&file);
    mien_net_destroy(n);
    return NULL;
}

void mien_net_destroy(struct mien_net *n)
{
    if (n) {
        mien_arena_destroy(&n->arena);
        mien_free(n->weights);
        mien_free(n);
    }
}

static struct mien_net_io io(const char *name, const struct mien_layer *l)
{
    return (struct mien_net_io){.name = name, .c = l->c, .h = l->h, .w = l->w};
}

struct mien_net_io mien_net_input(const struct mien_net *n)
{
    return io(n->desc.layer[0].name, &n->desc.layer[0]);
}

float mien_net_input_mean(const struct mien_net *n)
{
    return n->desc.mean;
}

float mien_net_input_scale(const struct mien_net *n)
{
    return n->desc.scale;
}

int mien_net_outputs(const struct mien_net *n)
{
    return n->desc.outputs;
}

struct mien_net_io mien_net_output(const struct mien_net *n, int i)
{
    MIEN_ASSERT(i >= 0 && i < n->desc.outputs);
    return io(n->desc.output[i].name, &n->desc.layer[n->desc.output[i].layer]);
}

int mien_net_find_output(const struct mien_net *n, const char *name)
{
    return mien_desc_find_output(&n->desc, name);
}

double mien_net_macs(const struct mien_net *n)
{
    return n->desc.macs;
}

const char *mien_net_kernels(const struct mien_net *n)
{
    return n->infer->name;
}

size_t mien_net_workspace_bytes(const struct mien_net *n)
{
    return (n->total + ALIGN) * sizeof(float);
}

// The other operations, on pixel-major maps. Lanes beyond a map's channels stay zero.

static float act_one(enum mien_act act, float u, float slope)
{
    switch (act) {
    case MIEN_ACT_RELU:
        return fmaxf(u, 0);
    case MIEN_ACT_LEAKY:
    case MIEN_ACT_PRELU:
        return fmaxf(u, 0) + slope * fminf(u, 0);
    case MIEN_ACT_HARDSWISH:
        return u * fminf(fmaxf(u + 3, 0), 6) / 6;
    default:
        return u;
    }
}

// z = act(x + bias + other), pixel by pixel; bias and other may be NULL, z may be x.
static void act_map(const struct mien_layer *l, const struct op *op, const float *x,
                    const float *other, float *z)
{
    const struct mien_map *m = &op->map;
    for (int j = 0; j < m->h; j++) {
        for (int i = 0; i < m->w; i++) {
            const size_t at = (size_t)j * m->row + (size_t)i * (size_t)m->lanes;
            for (int c = 0; c < m->c; c++) {
                float u = x[at + (size_t)c] + (op->bias ? op->bias[c] : 0);
                u += other ? other[at + (size_t)c] : 0;
                float slope = l->act == MIEN_ACT_LEAKY   ? op->slope[0]
                              : l->act == MIEN_ACT_PRELU ? op->slope[c]
                                                         : 0;
                z[at + (size_t)c] = act_one(l->act, u, slope);
            }
        }
    }
}

// Each output pixel from the input's window that is not beyond the border.
enum window { WINDOW_MAX, WINDOW_MEAN, WINDOW_OWN };

static void window_map(const struct mien_layer *l, const struct mien_map *in,
                       const struct mien_map *out, enum window kind, const float *weight,
                       const float *x, float *z)
{
    for (int j = 0; j < out->h; j++) {
        for (int i = 0; i < out->w; i++) {
            float *to = z + (size_t)j * out->row + (size_t)i * (size_t)out->lanes;
            int seen = 0;
            for (int c = 0; c < out->c; c++) {
                to[c] = kind == WINDOW_MAX ? -INFINITY : 0;
            }
            for (int k = 0; k < l->k * l->k; k++) {
                int y = j * l->stride - l->pad + k / l->k, u = i * l->stride - l->pad + k % l->k;
                if (y < 0 || u < 0 || y >= in->h || u >= in->w) {
                    continue;
                }
                const float *from = x + (size_t)y * in->row + (size_t)u * (size_t)in->lanes;
                seen++;
                for (int c = 0; c < out->c; c++) {
                    to[c] = kind == WINDOW_MAX    ? fmaxf(to[c], from[c])
                            : kind == WINDOW_MEAN ? to[c] + from[c]
                                                  : to[c] + weight[c * l->k * l->k + k] * from[c];
                }
            }
            for (int c = 0; c < out->c && kind == WINDOW_MEAN; c++) {
                to[c] /= (float)(seen > 0 ? seen : 1);
            }
        }
    }
}

static void gap_map(const struct mien_map *in, const float *x, float *z)
{
    memset(z, 0, (size_t)in->c * sizeof(float));
    for (int j = 0; j < in->h; j++) {
        for (int i = 0; i < in->w; i++) {
            const float *from = x + (size_t)j * in->row + (size_t)i * (size_t)in->lanes;
            for (int c = 0; c < in->c; c++) {
                z[c] += from[c];
            }
        }
    }
    for (int c = 0; c < in->c; c++) {
        z[c] /= (float)(in->h * in->w);
    }
}

static void upsample_map(const struct mien_map *in, const struct mien_map *out, const float *x,
                         float *z)
{
    const size_t pixel = (size_t)in->lanes * sizeof(float);
    for (int j = 0; j < out->h; j++) {
        for (int i = 0; i < out->w; i++) {
            memcpy(z + (size_t)j * out->row + (size_t)i * (size_t)out->lanes,
                   x + (size_t)(j / 2) * in->row + (size_t)(i / 2) * (size_t)in->lanes, pixel);
        }
    }
}

// Channels of a map behind `first` others.
static void place_channels(const struct mien_map *in, const struct mien_map *out, int first,
                           const float *x, float *z)
{
    for (int j = 0; j < in->h; j++) {
        for (int i = 0; i < in->w; i++) {
            memcpy(z + (size_t)j * out->row + (size_t)i * (size_t)out->lanes + first,
                   x + (size_t)j * in->row + (size_t)i * (size_t)in->lanes,
                   (size_t)in->c * sizeof(float));
        }
    }
}

// A layer's first pixel in the workspace.
static float *map_of(const struct mien_net *n, float *work, int layer)
{
    int r = n->root[layer];
    return mien_map_origin(&n->op[r].map, work + n->offset[r]);
}

static void forward_layer(const struct mien_net *n, int i, const float *picture, float *work)
{
    const struct mien_layer *l = &n->desc.layer[i];
    const struct op *op = &n->op[i];
    const struct mien_map *in = &n->op[n->root[l->input[0]]].map;
    const float *plus = l->plus < 0 ? NULL : map_of(n, work, l->plus);
    const float *weight = param(n, l, MIEN_PARAM_WEIGHT);
    float *z = map_of(n, work, i);
    if (l->kind == MIEN_LAYER_CONV) {
        const float *x = op->conv.planar ? picture : map_of(n, work, l->input[0]);
        n->infer->conv(&op->conv, x, plus, z, work + n->scratch);
        return;
    }
    const float *x = map_of(n, work, l->input[0]);
    switch (l->kind) {
    case MIEN_LAYER_DENSE:
        n->infer->dense(&op->dense, x, plus, z);
        break;
    case MIEN_LAYER_DEPTHWISE:
        window_map(l, in, &op->map, WINDOW_OWN, weight, x, z);
        act_map(l, op, z, plus, z);
        break;
    case MIEN_LAYER_ADD:
        act_map(l, op, x, l->inputs > 1 ? map_of(n, work, l->input[1]) : NULL, z);
        break;
    case MIEN_LAYER_MAXPOOL:
        window_map(l, in, &op->map, WINDOW_MAX, NULL, x, z);
        break;
    case MIEN_LAYER_AVGPOOL:
        window_map(l, in, &op->map, WINDOW_MEAN, NULL, x, z);
        break;
    case MIEN_LAYER_GAP:
        gap_map(in, x, z);
        break;
    case MIEN_LAYER_SOFTARGMAX:
        n->infer->softargmax(in, l->reach, x, z, work + n->scratch);
        break;
    case MIEN_LAYER_UPSAMPLE:
        upsample_map(in, &op->map, x, z);
        break;
    case MIEN_LAYER_CONCAT:
        for (int j = 0, first = 0; j < l->inputs; j++) {
            const struct mien_map *part = &n->op[n->root[l->input[j]]].map;
            place_channels(part, &op->map, first, map_of(n, work, l->input[j]), z);
            first += part->c;
        }
        break;
    default:
        break; // input, stop, dropout: no work
    }
}

// Between a plain (C,H,W) array and a map.
static void to_map(const struct mien_map *m, const float *x, float *z)
{
    for (int c = 0; c < m->c; c++) {
        for (int j = 0; j < m->h; j++) {
            for (int i = 0; i < m->w; i++) {
                z[(size_t)j * m->row + (size_t)(i * m->lanes + c)] = *x++;
            }
        }
    }
}

static void from_map(const struct mien_map *m, const float *z, float *x)
{
    for (int c = 0; c < m->c; c++) {
        for (int j = 0; j < m->h; j++) {
            for (int i = 0; i < m->w; i++) {
                *x++ = z[(size_t)j * m->row + (size_t)(i * m->lanes + c)];
            }
        }
    }
}

void mien_net_forward(const struct mien_net *n, const float *input, void *workspace)
{
    float *work = workspace;
    for (int i = 0; i < n->desc.layers; i++) {
        if (n->root[i] != i || (i == 0 && !n->input_map)) {
            continue;
        }
        const struct mien_map *m = &n->op[i].map;
        float *buffer = work + n->offset[i];
        if (m->c < m->lanes && n->desc.layer[i].kind != MIEN_LAYER_CONV) {
            memset(buffer, 0, mien_map_floats(m) * sizeof(float));
        } else {
            mien_map_zero_border(m, buffer);
        }
        if (i == 0) {
            to_map(m, input, mien_map_origin(m, buffer));
        } else {
            forward_layer(n, i, input, work);
        }
    }
    for (int i = 0; i < n->desc.outputs; i++) {
        const struct mien_map *m = &n->op[n->root[n->desc.output[i].layer]].map;
        if (m->h * m->w > 1) {
            from_map(m, map_of(n, work, n->desc.output[i].layer), work + n->planar[i]);
        }
    }
}

const float *mien_net_output_data(const struct mien_net *n, const void *workspace, int i)
{
    MIEN_ASSERT(i >= 0 && i < n->desc.outputs);
    const int r = n->root[n->desc.output[i].layer];
    const bool map = n->op[r].map.h * n->op[r].map.w > 1;
    return (const float *)workspace + (map ? n->planar[i] : n->offset[r]);
}

// Inference: loading and checking a .net file, the plan of its buffers, and the forward pass.
//
// One picture at a time, in the layout of tensor/infer.h; weights are packed for it while loading,
// or, of a lean network, by each forward pass, a layer at a time, from the file.
// A buffer's place in the workspace is reused once its last reader has run.
#include "nn/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "nn/desc.h"
#include "nn/stored.h"
#include "tensor/infer.h"

enum { ALIGN = 16 };

enum { NUMBERS = 8, NUMBERS_LONG = 4096 };

struct mien_net {
    struct mien_desc desc;
    struct numbers { // sections beside description and weights
        char name[16];
        float *value;
        int count;
    } numbers[NUMBERS];
    int numbers_count;
    const struct mien_infer *infer;
    struct mien_arena arena; // packed weights
    struct mien_stored stored;
    bool lean;   // it stays open, and the arena has no weights
    bool direct; // no transformed weights
    struct op {
        struct mien_map map; // of the layer's output
        uint32_t crc;        // of a lean network's weights as they are stored
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
    size_t raw, packed; // a lean network's offsets: a layer's weights as stored, as packed
    bool input_map;     // somebody else than a first convolution reads the input
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

static bool is_packed(const struct mien_layer *l)
{
    return l->kind == MIEN_LAYER_CONV || l->kind == MIEN_LAYER_DENSE;
}

static size_t layer_weights(const struct mien_net *n, int i)
{
    const int k = n->desc.layer[i].param[MIEN_PARAM_WEIGHT];
    return k < 0 ? 0 : n->desc.param[k].count;
}

static size_t packed_bytes(const struct mien_net *n, int i)
{
    const struct op *op = &n->op[i];
    return n->desc.layer[i].kind == MIEN_LAYER_CONV ? mien_infer_conv_bytes(&op->conv)
                                                    : mien_infer_dense_bytes(n->infer, &op->dense);
}

// Outputs of a dense layer whose weights are in memory together, of a lean network.
static int rows_at_once(const struct mien_net *n, int i)
{
    enum { BYTES = 256 * 1024 };
    const int group = MIEN_INFER_DENSE_VECTORS * n->infer->vector;
    const size_t row = layer_weights(n, i) / (size_t)n->desc.layer[i].c * n->stored.bytes;
    return row * (size_t)group < BYTES ? (int)(BYTES / (row * (size_t)group)) * group : group;
}

// A lean network's place for weights.
static void plan_layers_weights(struct mien_net *n)
{
    size_t raw = 0, packed = 0;
    for (int i = 0; i < n->desc.layers && n->lean; i++) {
        if (is_packed(&n->desc.layer[i])) {
            size_t r = layer_weights(n, i) * n->stored.bytes, p = packed_bytes(n, i);
            if (n->desc.layer[i].kind == MIEN_LAYER_DENSE) {
                const size_t rows = (size_t)rows_at_once(n, i), out = (size_t)n->op[i].dense.out;
                r = rows < out ? r / out * rows : r;
                p = rows < out ? p / out * rows : p;
            }
            raw = r > raw ? r : raw;
            packed = p > packed ? p : packed;
        }
    }
    const size_t line = ALIGN * sizeof(float);
    n->raw = n->total;
    n->packed = n->raw + (raw + line - 1) / line * ALIGN;
    n->total = n->packed + (packed + line - 1) / line * ALIGN;
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
    plan_layers_weights(n);
}

// How many of a packed layer's weights are in memory together while it is loaded.
static size_t weights_at_once(const struct mien_net *n, int i)
{
    enum { LOOKED_AT = 32 * 1024 }; // only, as a lean network's are
    const size_t all = layer_weights(n, i);
    size_t some = all;
    if (n->lean) {
        some = LOOKED_AT;
    } else if (n->desc.layer[i].kind == MIEN_LAYER_DENSE) {
        some = all / (size_t)n->desc.layer[i].c * (size_t)rows_at_once(n, i);
    }
    return some < all ? some : all;
}

// Room for a layer's parameters while the network is loaded.
struct room {
    struct mien_arena arena;        // of what follows
    void *weight;                   // as stored
    float *value[MIEN_PARAM_ROLES]; // a parameter each
};

// Room for the parameters of the largest layer that is packed; all weights where another kind of
// layer reads its own while it runs.
static bool make_room(struct mien_net *n, struct room *r)
{
    size_t most[MIEN_PARAM_ROLES] = {0};
    bool kept = false;
    for (int i = 0; i < n->desc.layers; i++) {
        for (int role = 0; role < MIEN_PARAM_ROLES; role++) {
            const struct mien_layer *l = &n->desc.layer[i];
            const int k = l->param[role];
            const size_t count = k < 0 ? 0 : n->desc.param[k].count;
            kept |= count > 0 && !is_packed(l);
            const size_t some =
                role == MIEN_PARAM_WEIGHT && is_packed(l) ? weights_at_once(n, i) : count;
            most[role] = is_packed(l) && some > most[role] ? some : most[role];
        }
    }
    bool ok = true;
    if (kept) {
        n->weights = mien_alloc(n->desc.weights, sizeof(float));
        ok = n->weights && mien_stored_floats(&n->stored, 0, n->desc.weights, n->weights);
    }
    for (int pass = 0; pass < 2 && ok; pass++) { // measured, then taken
        r->weight = mien_arena_take(&r->arena, most[MIEN_PARAM_WEIGHT] + 1, n->stored.bytes);
        for (int role = MIEN_PARAM_WEIGHT + 1; role < MIEN_PARAM_ROLES; role++) {
            r->value[role] = mien_arena_take(&r->arena, most[role] + 1, sizeof(float));
        }
        const size_t need = r->arena.used;
        ok = pass > 0 || mien_arena_init(&r->arena, need);
    }
    return ok;
}

static const float *param(const struct mien_net *n, const struct mien_layer *l,
                          enum mien_param_role role)
{
    int i = l->param[role];
    return i < 0 || !n->weights ? NULL : n->weights + n->desc.param[i].offset;
}

// The same of a layer that is packed. False on failure (logged).
static bool stored_param(const struct mien_net *n, struct room *r, const struct mien_layer *l,
                         enum mien_param_role role, const float **value)
{
    int i = l->param[role];
    *value = i < 0 ? NULL : r->value[role];
    return i < 0 || mien_stored_floats(&n->stored, n->desc.param[i].offset, n->desc.param[i].count,
                                       r->value[role]);
}

static struct mien_weights weights_at(const struct mien_net *n, const void *raw)
{
    return n->stored.half ? (struct mien_weights){.half = raw} : (struct mien_weights){.full = raw};
}

static size_t weights_from(const struct mien_net *n, int i)
{
    return n->desc.param[n->desc.layer[i].param[MIEN_PARAM_WEIGHT]].offset;
}

// Reads a layer's weights, a part at a time, looks at them, and packs them where they are kept.
static bool pack_weights(struct mien_net *n, const struct room *r, int i)
{
    struct op *op = &n->op[i];
    const size_t all = layer_weights(n, i), some = weights_at_once(n, i);
    const struct mien_weights w = weights_at(n, r->weight);
    struct mien_packed_dense d = op->dense;
    const size_t row = d.out > 0 ? all / (size_t)d.out : 0;
    const size_t stored = n->infer->half ? sizeof(_Float16) : sizeof(float);
    for (size_t at = 0; at < all; at += some) {
        const size_t count = all - at < some ? all - at : some;
        if (!mien_stored_read(&n->stored, weights_from(n, i) + at, count, r->weight)) {
            return false;
        }
        op->crc = mien_crc32(op->crc, r->weight, count * n->stored.bytes);
        if (n->lean) {
            continue;
        }
        if (n->desc.layer[i].kind == MIEN_LAYER_CONV) {
            mien_infer_conv_pack(&op->conv, &w);
        } else {
            d.out = (int)(count / row);
            d.weight = (char *)op->dense.weight + at * stored;
            mien_infer_dense_pack(n->infer, &d, &w);
        }
    }
    return true;
}

// What is packed of a layer: its products are set up and have their place.
static bool pack_layer(struct mien_net *n, struct room *r, int i)
{
    const struct mien_layer *l = &n->desc.layer[i];
    struct op *op = &n->op[i];
    const float *bias, *slope = &l->slope;
    if (!pack_weights(n, r, i) || !stored_param(n, r, l, MIEN_PARAM_BIAS, &bias) ||
        (l->act != MIEN_ACT_LEAKY && !stored_param(n, r, l, MIEN_PARAM_SLOPE, &slope))) {
        return false;
    }
    if (l->kind == MIEN_LAYER_CONV) {
        mien_infer_conv_pack_tail(&op->conv, bias, slope);
    } else {
        mien_infer_dense_pack_tail(n->infer, &op->dense, bias, slope);
    }
    return true;
}

// Sets up a layer's products, with places from the arena where it has room.
static void set_up(struct mien_net *n, int i)
{
    const struct mien_layer *l = &n->desc.layer[i];
    struct mien_arena *a = &n->arena;
    struct op *op = &n->op[i];
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
        c->method = n->direct ? MIEN_CONV_DIRECT : c->method;
        c->weight = n->lean ? NULL : mien_arena_take(a, mien_infer_conv_bytes(c), 1);
        c->bias = mien_arena_take(a, lanes, sizeof(float));
        c->slope = mien_arena_take(a, lanes, sizeof(float));
    } else if (l->kind == MIEN_LAYER_DENSE) {
        struct mien_packed_dense *d = &op->dense;
        *d = (struct mien_packed_dense){
            .in = n->op[n->root[l->input[0]]].map, .out = l->c, .act = l->act};
        d->weight = n->lean ? NULL : mien_arena_take(a, mien_infer_dense_bytes(n->infer, d), 1);
        d->bias = mien_arena_take(a, lanes, sizeof(float));
        d->slope = mien_arena_take(a, lanes, sizeof(float));
    } else {
        op->bias = param(n, l, MIEN_PARAM_BIAS);
        op->slope = l->act == MIEN_ACT_LEAKY ? &l->slope : param(n, l, MIEN_PARAM_SLOPE);
    }
}

static bool pack(struct mien_net *n)
{
    struct room room = {0};
    bool ok = make_room(n, &room);
    for (int i = 0; i < n->desc.layers && ok; i++) {
        set_up(n, i);
    }
    const size_t need = n->arena.used;
    ok = ok && mien_arena_init(&n->arena, need);
    for (int i = 0; i < n->desc.layers && ok; i++) {
        set_up(n, i);
        ok = !is_packed(&n->desc.layer[i]) || pack_layer(n, &room, i);
    }
    mien_arena_destroy(&room.arena);
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
        if (is_own_section(s->name) || s->size == 0 || s->size % sizeof(float) != 0 ||
            s->size > NUMBERS_LONG * sizeof(float)) {
            continue;
        }
        k->value = mien_alloc(s->size, 1);
        if (!k->value || !mien_container_fetch(file, s, 0, s->size, k->value)) {
            mien_free(k->value);
            k->value = NULL;
            continue;
        }
        memcpy(k->name, s->name, sizeof(k->name));
        k->count = (int)(s->size / sizeof(float));
        n->numbers_count++;
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

// The text at the beginning of the file; NULL when there is none that ends.
static char *read_text(const struct mien_container *file)
{
    const struct mien_section *s = mien_container_find(file, "desc");
    const size_t size = s ? s->size : 0;
    char *text = size ? mien_alloc(size, 1) : NULL;
    if (text && (!mien_container_fetch(file, s, 0, size, text) || text[size - 1] != '\0')) {
        mien_free(text);
        text = NULL;
    }
    return text;
}

static struct mien_net *load(const char *path, bool direct, bool lean)
{
    struct mien_net *n = mien_calloc(1, sizeof *n);
    char *text = NULL;
    if (!n) {
        return NULL;
    }
    const size_t length = strlen(path), most = sizeof(n->stored.name) - 1;
    snprintf(n->stored.name, sizeof(n->stored.name), "%s",
             path + (length > most ? length - most : 0));
    n->lean = lean;
    n->direct = direct;
    if (!mien_container_open(&n->stored.file, path, "NETW", MIEN_NETW_VERSION)) {
        goto fail;
    }
    text = read_text(&n->stored.file);
    if (!text) {
        mien_error("%s: the network's description is missing; the file is damaged", path);
        goto fail;
    }
    if (!mien_desc_parse(&n->desc, text, true, path) ||
        !mien_stored_find(&n->stored, n->desc.weights)) {
        goto fail;
    }
    read_numbers(n, &n->stored.file);
    n->infer = mien_infer();
    find_roots(n);
    if (!pack(n)) {
        goto fail;
    }
    mien_free(text);
    if (!lean) {
        mien_container_destroy(&n->stored.file);
    }
    plan(n);
    return n;
fail:
    mien_free(text);
    mien_net_destroy(n);
    return NULL;
}

struct mien_net *mien_net_load(const char *path)
{
    return load(path, false, false);
}

struct mien_net *mien_net_load_seldom(const char *path, bool lean)
{
    return load(path, true, lean);
}

void mien_net_destroy(struct mien_net *n)
{
    if (n) {
        mien_container_destroy(&n->stored.file);
        mien_arena_destroy(&n->arena);
        mien_free(n->weights);
        for (int i = 0; i < n->numbers_count; i++) {
            mien_free(n->numbers[i].value);
        }
        mien_free(n);
    }
}

bool mien_workspace_grow(struct mien_workspace *w, size_t bytes)
{
    if (bytes <= w->size) {
        return true;
    }
    void *base = mien_alloc(1, bytes);
    if (!base) {
        return false;
    }
    mien_free(w->base);
    *w = (struct mien_workspace){base, bytes};
    return true;
}

void mien_workspace_rest(struct mien_workspace *w)
{
    mien_rest(w->base, w->size);
}

void mien_workspace_destroy(struct mien_workspace *w)
{
    mien_free(w->base);
    *w = (struct mien_workspace){0};
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

static bool is_as_loaded(const struct mien_net *n, int i, uint32_t crc)
{
    if (crc != n->op[i].crc) {
        mien_error("%s: it was written over while it was in use; start again", n->stored.name);
    }
    return crc == n->op[i].crc;
}

// Layers of a lean network: weights are read, packed and used in the workspace. False when they are
// not what was loaded (logged).
static bool conv_lean(const struct mien_net *n, int i, const float *x, const float *plus, float *z,
                      float *work)
{
    struct mien_packed_conv c = n->op[i].conv;
    const size_t count = layer_weights(n, i);
    const struct mien_weights w = weights_at(n, work + n->raw);
    if (!mien_stored_again(&n->stored, weights_from(n, i), count, work + n->raw) ||
        !is_as_loaded(n, i, mien_crc32(0, work + n->raw, count * n->stored.bytes))) {
        return false;
    }
    c.weight = work + n->packed;
    mien_infer_conv_pack(&c, &w);
    n->infer->conv(&c, x, plus, z, work + n->scratch);
    return true;
}

static bool dense_lean(const struct mien_net *n, int i, const float *x, const float *plus, float *z,
                       float *work)
{
    const struct mien_packed_dense *all = &n->op[i].dense;
    const int rows = rows_at_once(n, i);
    const size_t row = layer_weights(n, i) / (size_t)all->out;
    const struct mien_weights w = weights_at(n, work + n->raw);
    uint32_t crc = 0;
    for (int o = 0; o < all->out; o += rows) {
        struct mien_packed_dense d = *all;
        d.out = all->out - o < rows ? all->out - o : rows;
        d.weight = work + n->packed;
        d.bias = all->bias + o;
        d.slope = all->slope + o;
        if (!mien_stored_again(&n->stored, weights_from(n, i) + (size_t)o * row,
                               (size_t)d.out * row, work + n->raw)) {
            return false;
        }
        crc = mien_crc32(crc, work + n->raw, (size_t)d.out * row * n->stored.bytes);
        mien_infer_dense_pack(n->infer, &d, &w);
        n->infer->dense(&d, x, plus ? plus + o : NULL, z + o);
    }
    return is_as_loaded(n, i, crc);
}

static bool forward_layer(const struct mien_net *n, int i, const float *picture, float *work)
{
    const struct mien_layer *l = &n->desc.layer[i];
    const struct op *op = &n->op[i];
    const struct mien_map *in = &n->op[n->root[l->input[0]]].map;
    const float *plus = l->plus < 0 ? NULL : map_of(n, work, l->plus);
    const float *weight = param(n, l, MIEN_PARAM_WEIGHT);
    float *z = map_of(n, work, i);
    if (l->kind == MIEN_LAYER_CONV) {
        const float *x = op->conv.planar ? picture : map_of(n, work, l->input[0]);
        if (n->lean) {
            return conv_lean(n, i, x, plus, z, work);
        }
        n->infer->conv(&op->conv, x, plus, z, work + n->scratch);
        return true;
    }
    const float *x = map_of(n, work, l->input[0]);
    switch (l->kind) {
    case MIEN_LAYER_DENSE:
        if (n->lean) {
            return dense_lean(n, i, x, plus, z, work);
        }
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
    return true;
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

bool mien_net_forward(const struct mien_net *n, const float *input, void *workspace)
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
        } else if (!forward_layer(n, i, input, work)) {
            return false;
        }
    }
    for (int i = 0; i < n->desc.outputs; i++) {
        const struct mien_map *m = &n->op[n->root[n->desc.output[i].layer]].map;
        if (m->h * m->w > 1) {
            from_map(m, map_of(n, work, n->desc.output[i].layer), work + n->planar[i]);
        }
    }
    return true;
}

const float *mien_net_output_data(const struct mien_net *n, const void *workspace, int i)
{
    MIEN_ASSERT(i >= 0 && i < n->desc.outputs);
    const int r = n->root[n->desc.output[i].layer];
    const bool map = n->op[r].map.h * n->op[r].map.w > 1;
    return (const float *)workspace + (map ? n->planar[i] : n->offset[r]);
}

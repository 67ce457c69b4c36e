// Inference: loading and checking a .net file, the plan of its buffers, and the forward pass.
//
// One picture at a time, so feature maps are plain (C,H,W). A buffer's place in the workspace is
// reused once its last reader has run.
#include "nn/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "nn/desc.h"
#include "tensor/blas.h"

enum { NETW_VERSION = 1, ALIGN = 16 };

enum { NUMBERS = 8, NUMBERS_LONG = 32 };

struct mien_net {
    struct mien_desc desc;
    struct numbers { // sections beside description and weights
        char name[16];
        float value[NUMBERS_LONG];
        int count;
    } numbers[NUMBERS];
    int numbers_count;
    const struct mien_kernels *kernels;
    float *weights;
    int root[MIEN_DESC_LAYERS];      // the layer whose buffer holds this layer's output
    size_t offset[MIEN_DESC_LAYERS]; // of that buffer in the workspace, in floats
    size_t scratch;                  // its offset
    size_t total;                    // floats of the workspace
    bool copy_input;                 // an output shows the input itself
};

static size_t layer_size(const struct mien_layer *l)
{
    return ((size_t)l->c * l->h * l->w + ALIGN - 1) / ALIGN * ALIGN;
}

// First place where `size` floats fit between the buffers that are in use.
static size_t find_gap(const struct mien_net *n, const int *live, int count, size_t size)
{
    size_t at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < count; i++) {
            size_t from = n->offset[live[i]], to = from + layer_size(&n->desc.layer[live[i]]);
            if (at < to && from < at + size) {
                at = to;
                moved = true;
            }
        }
    }
    return at;
}

static void plan(struct mien_net *n)
{
    const struct mien_desc *d = &n->desc;
    int last[MIEN_DESC_LAYERS], live[MIEN_DESC_LAYERS], count = 0;
    size_t scratch = 0;
    for (int i = 0; i < d->layers; i++) {
        const struct mien_layer *l = &d->layer[i];
        bool same = l->kind == MIEN_LAYER_STOP || l->kind == MIEN_LAYER_DROPOUT;
        n->root[i] = same ? n->root[l->input[0]] : i;
        last[i] = i;
        for (int j = 0; j < l->inputs; j++) {
            last[n->root[l->input[j]]] = i;
        }
        if (l->plus >= 0) {
            last[n->root[l->plus]] = i;
        }
        size_t s = mien_desc_scratch(d, i, 1);
        scratch = s > scratch ? s : scratch;
    }
    for (int i = 0; i < d->outputs; i++) {
        last[n->root[d->output[i].layer]] = d->layers;
        n->copy_input |= n->root[d->output[i].layer] == 0;
    }
    n->total = 0;
    for (int i = 0; i < d->layers; i++) {
        if (n->root[i] == i && (i > 0 || n->copy_input)) {
            size_t size = layer_size(&d->layer[i]);
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
    n->scratch = n->total;
    n->total += (scratch + ALIGN - 1) / ALIGN * ALIGN;
}

static bool read_weights(struct mien_net *n, const struct mien_container *file, const char *path)
{
    size_t size = 0, count = n->desc.weights;
    const float *full = mien_container_get(file, "weights", 0, &size);
    const void *half = NULL;
    if (!full) {
        half = mien_container_get(file, "half", 0, &size);
    }
    const size_t expected = count * (full ? sizeof(float) : sizeof(_Float16));
    if ((!full && !half) || size != expected) {
        mien_error(
            "%s: %zu bytes of weights where the description asks for %zu; the file is damaged",
            path, size, expected);
        return false;
    }
    n->weights = mien_calloc(count, sizeof(float));
    if (!n->weights) {
        return false;
    }
    if (full) {
        memcpy(n->weights, full, size);
    } else {
        const _Float16 *h = half;
        for (size_t i = 0; i < count; i++) {
            n->weights[i] = (float)h[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(n->weights[i])) {
            mien_error("%s: weight %zu is not finite; the file is damaged", path, i);
            return false;
        }
    }
    return true;
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
        if (!is_own_section(s->name) && s->size % sizeof(float) == 0 && s->size <= sizeof(k->value)) {
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
    if (count < 1 || count > NUMBERS_LONG || !mien_container_load(&file, path, "NETW", NETW_VERSION)) {
        return false;
    }
    for (int i = 0; i < file.count && n < NUMBERS + 3; i++) {
        if (strncmp(file.section[i].name, name, sizeof(section[0].name)) != 0) {
            section[n++] = file.section[i];
        }
    }
    section[n] = (struct mien_section){.data = value, .size = (size_t)count * sizeof(float)};
    snprintf(section[n++].name, sizeof(section[0].name), "%s", name);
    bool ok = mien_container_save(path, "NETW", file.version, section, n);
    mien_container_destroy(&file);
    return ok;
}

bool mien_net_possible(void)
{
    return mien_blas_init();
}

struct mien_net *mien_net_load(const char *path)
{
    struct mien_container file;
    if (!mien_container_load(&file, path, "NETW", NETW_VERSION)) {
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
    if (!mien_desc_parse(&n->desc, text, true, path) || !read_weights(n, &file, path)) {
        goto fail;
    }
    n->kernels = mien_kernels();
    if (!n->kernels) {
        goto fail;
    }
    plan(n);
    read_numbers(n, &file);
    mien_container_destroy(&file);
    return n;
fail:
    mien_container_destroy(&file);
    mien_net_destroy(n);
    return NULL;
}

void mien_net_destroy(struct mien_net *n)
{
    if (n) {
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

size_t mien_net_workspace_bytes(const struct mien_net *n)
{
    return (n->total + ALIGN) * sizeof(float);
}

static const float *param(const struct mien_net *n, const struct mien_layer *l,
                          enum mien_param_role role)
{
    int i = l->param[role];
    return i < 0 ? NULL : n->weights + n->desc.param[i].offset;
}

// x: the first input, plus: the added layer or NULL, z: the output
static void forward_layer(const struct mien_net *n, int i, const float *input, float *work,
                          const float *x, const float *plus, float *z)
{
    const struct mien_kernels *k = n->kernels;
    const struct mien_layer *l = &n->desc.layer[i], *in = &n->desc.layer[l->input[0]];
    const struct mien_conv s = mien_desc_conv(&n->desc, i, 1);
    const size_t m = (size_t)l->h * l->w;
    float *scratch = work + n->scratch;
    const float *weight = param(n, l, MIEN_PARAM_WEIGHT);
    const float *slope = l->act == MIEN_ACT_LEAKY ? &l->slope : param(n, l, MIEN_PARAM_SLOPE);
    switch (l->kind) {
    case MIEN_LAYER_CONV:
        k->conv_forward(&s, x, weight, z, scratch);
        break;
    case MIEN_LAYER_DEPTHWISE:
        k->depthwise_forward(&s, x, weight, z);
        break;
    case MIEN_LAYER_DENSE:
        k->dense_forward(1, in->c, in->h * in->w, l->c, x, weight, z, scratch);
        break;
    case MIEN_LAYER_ADD: {
        const float *other = NULL;
        if (l->inputs > 1) {
            int r = n->root[l->input[1]];
            other = r == 0 && !n->copy_input ? input : work + n->offset[r];
        }
        k->act_forward(l->c, m, x, NULL, NULL, other, l->act, slope, z);
        return;
    }
    case MIEN_LAYER_MAXPOOL:
        k->maxpool_forward(&s, x, z);
        return;
    case MIEN_LAYER_AVGPOOL:
        k->avgpool_forward(&s, x, z);
        return;
    case MIEN_LAYER_GAP:
        k->gap_forward(l->c, in->h * in->w, x, z);
        return;
    case MIEN_LAYER_UPSAMPLE:
        k->upsample_forward(l->c, in->h, in->w, x, z);
        return;
    case MIEN_LAYER_CONCAT:
        for (int j = 0; j < l->inputs; j++) {
            int r = n->root[l->input[j]];
            const float *part = r == 0 && !n->copy_input ? input : work + n->offset[r];
            size_t size = m * n->desc.layer[l->input[j]].c;
            memcpy(z, part, size * sizeof(float));
            z += size;
        }
        return;
    default:
        return; // input, stop, dropout: no work
    }
    k->act_forward(l->c, m, z, NULL, param(n, l, MIEN_PARAM_BIAS), plus, l->act, slope, z);
}

void mien_net_forward(const struct mien_net *n, const float *input, void *workspace)
{
    float *work = workspace;
    if (n->copy_input) {
        const struct mien_layer *l = &n->desc.layer[0];
        memcpy(work + n->offset[0], input, (size_t)l->c * l->h * l->w * sizeof(float));
    }
    for (int i = 1; i < n->desc.layers; i++) {
        const struct mien_layer *l = &n->desc.layer[i];
        if (n->root[i] != i) {
            continue;
        }
        int x = n->root[l->input[0]], plus = l->plus < 0 ? -1 : n->root[l->plus];
        const float *first = x == 0 && !n->copy_input ? input : work + n->offset[x];
        const float *added = plus < 0                      ? NULL
                             : plus == 0 && !n->copy_input ? input
                                                           : work + n->offset[plus];
        forward_layer(n, i, input, work, first, added, work + n->offset[i]);
    }
}

const float *mien_net_output_data(const struct mien_net *n, const void *workspace, int i)
{
    MIEN_ASSERT(i >= 0 && i < n->desc.outputs);
    return (const float *)workspace + n->offset[n->root[n->desc.output[i].layer]];
}

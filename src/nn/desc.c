// Parser of network descriptions: tokens of a line -> a layer, shapes inferred as it goes.
#include "nn/desc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { TOKENS = 32, TOKEN = MIEN_DESC_NAME, DEFINES = 32, SIDE_MAX = 8192 };

struct parser {
    struct mien_desc *d;
    const char *what;
    bool folded;
    int line;
    int tokens, at;
    char token[TOKENS][TOKEN];
    int defines;
    char define[DEFINES][2][TOKEN];
};

__attribute__((format(printf, 2, 3))) static bool fail(const struct parser *p, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    mien_error("%s: line %d: %s", p->what, p->line, text);
    return false;
}

int mien_desc_find(const struct mien_desc *d, const char *name)
{
    for (int i = 0; i < d->layers; i++) {
        if (!strcmp(d->layer[i].name, name)) {
            return i;
        }
    }
    return -1;
}

int mien_desc_find_param(const struct mien_desc *d, const char *name)
{
    for (int i = 0; i < d->params; i++) {
        if (!strcmp(d->param[i].name, name)) {
            return i;
        }
    }
    return -1;
}

int mien_desc_find_output(const struct mien_desc *d, const char *name)
{
    for (int i = 0; i < d->outputs; i++) {
        if (!strcmp(d->output[i].name, name)) {
            return i;
        }
    }
    return -1;
}

struct mien_conv mien_desc_conv(const struct mien_desc *d, int layer, int n)
{
    const struct mien_layer *l = &d->layer[layer], *in = &d->layer[l->input[0]];
    return (struct mien_conv){.n = n,
                              .c = in->c,
                              .h = in->h,
                              .w = in->w,
                              .o = l->c,
                              .k = l->k,
                              .stride = l->stride,
                              .pad = l->pad,
                              .oh = l->h,
                              .ow = l->w};
}

size_t mien_desc_scratch(const struct mien_desc *d, int layer, int n)
{
    const struct mien_layer *l = &d->layer[layer];
    if (l->kind == MIEN_LAYER_CONV) {
        struct mien_conv s = mien_desc_conv(d, layer, n);
        return mien_conv_scratch(&s);
    }
    if (l->kind == MIEN_LAYER_DENSE) {
        const struct mien_layer *in = &d->layer[l->input[0]];
        return (size_t)in->c * in->h * in->w * n;
    }
    return 0;
}

// ---- tokens ----

// $NAME, or N*$NAME of a whole number; other words stay as they are.
static bool substitute(const struct parser *p, const char *word, char value[TOKEN])
{
    const char *dollar = strchr(word, '$');
    if (!dollar) {
        memcpy(value, word, strlen(word) + 1);
        return true;
    }
    const char *found = NULL;
    for (int j = 0; j < p->defines && !found; j++) {
        if (!strcmp(p->define[j][0], dollar + 1)) {
            found = p->define[j][1];
        }
    }
    if (!found) {
        return fail(p, "%s is not defined; write `define %s VALUE` above", dollar, dollar + 1);
    }
    if (dollar == word) {
        memcpy(value, found, strlen(found) + 1);
        return true;
    }
    char *end, *end2;
    long a = strtol(word, &end, 10), b = strtol(found, &end2, 10);
    if (end + 1 != dollar || *end != '*' || *end2 || a < 0 || b < 0 || a > 9999 || b > 9999) {
        return fail(p, "\"%s\": a variable stands alone or after `N*`, N a whole number", word);
    }
    snprintf(value, TOKEN, "%ld", a * b);
    return true;
}

static bool split(struct parser *p, const char *line, size_t len)
{
    p->tokens = p->at = 0;
    for (size_t i = 0; i < len && line[i] != '#';) {
        if (line[i] == ' ' || line[i] == '\t' || line[i] == '\r') {
            i++;
            continue;
        }
        size_t n = 0;
        char word[TOKEN];
        for (; i < len && !strchr(" \t\r#", line[i]); i++) {
            if (line[i] == '\0' || n + 1 >= sizeof word) {
                return fail(p, "a word is longer than %d characters", TOKEN - 1);
            }
            word[n++] = line[i];
        }
        word[n] = '\0';
        char value[TOKEN];
        if (!substitute(p, word, value)) {
            return false;
        }
        if (p->tokens == TOKENS) {
            return fail(p, "more than %d words", TOKENS);
        }
        memcpy(p->token[p->tokens++], value, strlen(value) + 1);
    }
    return true;
}

static const char *next(struct parser *p)
{
    return p->at < p->tokens ? p->token[p->at++] : NULL;
}

static bool take(struct parser *p, const char *word)
{
    if (p->at < p->tokens && !strcmp(p->token[p->at], word)) {
        p->at++;
        return true;
    }
    return false;
}

static bool take_int(struct parser *p, const char *what, int lo, int hi, int *out)
{
    const char *t = next(p);
    char *end = NULL;
    long v = t ? strtol(t, &end, 10) : 0;
    if (!t || end == t || *end || v < lo || v > hi) {
        return fail(p, "%s must be a whole number in %d…%d, not \"%s\"", what, lo, hi, t ? t : "");
    }
    *out = (int)v;
    return true;
}

static bool take_float(struct parser *p, const char *what, float lo, float hi, float *out)
{
    const char *t = next(p);
    char *end = NULL;
    float v = t ? strtof(t, &end) : 0;
    if (!t || end == t || *end || !(v >= lo && v <= hi)) {
        return fail(p, "%s must be a number in %g…%g, not \"%s\"", what, lo, hi, t ? t : "");
    }
    *out = v;
    return true;
}

static bool take_layer(struct parser *p, int *out)
{
    const char *t = next(p);
    if (!t) {
        return fail(p, "the name of an input layer is missing");
    }
    *out = mien_desc_find(p->d, t);
    return *out >= 0 || fail(p, "there is no layer \"%s\" above this line", t);
}

// ---- layers ----

static bool add_param(struct parser *p, int layer, enum mien_param_role role, int a, int b, int c,
                      int e)
{
    static const char *const suffix[] = {"weight", "bias", "gamma", "slope"};
    struct mien_desc *d = p->d;
    if (d->params == MIEN_DESC_PARAMS) {
        return fail(p, "more than %d parameter tensors", MIEN_DESC_PARAMS);
    }
    struct mien_param *q = &d->param[d->params];
    char layer_name[MIEN_DESC_NAME];
    memcpy(layer_name, d->layer[layer].name, sizeof layer_name);
    snprintf(q->name, sizeof q->name, "%s.%s", layer_name, suffix[role]);
    q->role = role;
    q->layer = layer;
    q->shape[0] = a;
    q->shape[1] = b;
    q->shape[2] = c;
    q->shape[3] = e;
    q->count = (size_t)a * b * c * e;
    q->offset = d->weights;
    d->weights += (q->count + 15) / 16 * 16; // every tensor starts on a cache line
    d->layer[layer].param[role] = d->params++;
    return d->weights < (size_t)1 << 28 || fail(p, "more than 2^28 weights");
}

// A layer with nothing set; NULL (logged) when the name is taken or there is no room.
static struct mien_layer *new_layer(struct parser *p, enum mien_layer_kind kind, const char *name)
{
    struct mien_desc *d = p->d;
    if (!name) {
        fail(p, "the layer's name is missing");
        return NULL;
    }
    if (mien_desc_find(d, name) >= 0) {
        fail(p, "the name \"%s\" is taken", name);
        return NULL;
    }
    if (d->layers == MIEN_DESC_LAYERS) {
        fail(p, "more than %d layers", MIEN_DESC_LAYERS);
        return NULL;
    }
    struct mien_layer *l = &d->layer[d->layers];
    *l = (struct mien_layer){.kind = kind, .plus = -1, .stat = -1, .k = 1, .stride = 1};
    for (int i = 0; i < MIEN_PARAM_ROLES; i++) {
        l->param[i] = -1;
    }
    snprintf(l->name, sizeof l->name, "%s", name);
    return l;
}

static bool take_act(struct parser *p, struct mien_layer *l, bool *taken)
{
    *taken = true;
    if (take(p, "relu")) {
        l->act = MIEN_ACT_RELU;
    } else if (take(p, "prelu")) {
        l->act = MIEN_ACT_PRELU;
    } else if (take(p, "hardswish")) {
        l->act = MIEN_ACT_HARDSWISH;
    } else if (take(p, "leaky")) {
        l->act = MIEN_ACT_LEAKY;
        return take_float(p, "leaky's slope", 0, 1, &l->slope);
    } else {
        *taken = false;
    }
    return true;
}

static bool same_shape(const struct mien_layer *a, const struct mien_layer *b)
{
    return a->c == b->c && a->h == b->h && a->w == b->w;
}

// Output side length of a window operation; false when it is empty.
static bool window_size(struct parser *p, const struct mien_layer *l, const struct mien_layer *in,
                        int *h, int *w)
{
    int y = in->h + 2 * l->pad - l->k, x = in->w + 2 * l->pad - l->k;
    if (y < 0 || x < 0) {
        return fail(p, "%s: a %dx%d window does not fit into %dx%d", l->name, l->k, l->k, in->h,
                    in->w);
    }
    *h = y / l->stride + 1;
    *w = x / l->stride + 1;
    return true;
}

// Shapes, parameters and statistics of the layer after d->layers, then counts it.
static bool finish(struct parser *p, struct mien_layer *l, int out)
{
    struct mien_desc *d = p->d;
    const struct mien_layer *in = l->inputs ? &d->layer[l->input[0]] : NULL;
    const int index = d->layers;
    bool weighted = true, window = false;
    int fan = 1;
    switch (l->kind) {
    case MIEN_LAYER_CONV:
        window = true;
        l->c = out;
        fan = in->c * l->k * l->k;
        break;
    case MIEN_LAYER_DEPTHWISE:
        window = true;
        l->c = in->c;
        fan = l->k * l->k;
        break;
    case MIEN_LAYER_DENSE:
        l->c = out;
        l->h = l->w = 1;
        fan = in->c * in->h * in->w;
        break;
    case MIEN_LAYER_MAXPOOL:
    case MIEN_LAYER_AVGPOOL:
        window = true;
        weighted = false;
        l->c = in->c;
        break;
    default:
        weighted = false;
        break;
    }
    if (window && !window_size(p, l, in, &l->h, &l->w)) {
        return false;
    }
    if (l->c > 1 << 16 || (size_t)l->c * l->h * l->w > (size_t)1 << 26) {
        return fail(p, "%s has more than 65536 channels or 2^26 numbers", l->name);
    }
    if (l->plus >= 0 && !same_shape(l, &d->layer[l->plus])) {
        const struct mien_layer *o = &d->layer[l->plus];
        return fail(p, "%s is %dx%dx%d, but %s is %dx%dx%d", l->name, l->c, l->h, l->w, o->name,
                    o->c, o->h, o->w);
    }
    d->layers++;
    bool ok = true;
    if (weighted) {
        d->macs += (double)fan * l->c * l->h * l->w;
        if (l->kind == MIEN_LAYER_CONV) {
            ok = add_param(p, index, MIEN_PARAM_WEIGHT, l->c, in->c, l->k, l->k);
        } else if (l->kind == MIEN_LAYER_DEPTHWISE) {
            ok = add_param(p, index, MIEN_PARAM_WEIGHT, l->c, 1, l->k, l->k);
        } else {
            ok = add_param(p, index, MIEN_PARAM_WEIGHT, l->c, in->c, in->h, in->w);
        }
        ok = ok && add_param(p, index, MIEN_PARAM_BIAS, l->c, 1, 1, 1);
        if (l->bn && p->folded) {
            l->bn = false;
        }
        if (l->bn) {
            ok = ok && add_param(p, index, MIEN_PARAM_GAMMA, l->c, 1, 1, 1);
            l->stat = (int)d->stats;
            d->stats += 2 * (size_t)l->c;
        }
    }
    if (l->act == MIEN_ACT_PRELU) {
        ok = ok && add_param(p, index, MIEN_PARAM_SLOPE, l->c, 1, 1, 1);
    }
    return ok;
}

static bool parse_weighted(struct parser *p, enum mien_layer_kind kind)
{
    struct mien_layer *l = new_layer(p, kind, next(p));
    if (!l || !take_layer(p, &l->input[0])) {
        return false;
    }
    l->inputs = 1;
    bool window = kind != MIEN_LAYER_DENSE, pad = false;
    int out = 0;
    l->k = window ? 3 : 1;
    while (p->at < p->tokens) {
        bool taken = false, ok = true;
        if (kind != MIEN_LAYER_DEPTHWISE && take(p, "out")) {
            ok = take_int(p, "out", 1, SIDE_MAX, &out);
        } else if (window && take(p, "k")) {
            ok = take_int(p, "k", 1, 15, &l->k);
        } else if (window && take(p, "s")) {
            ok = take_int(p, "s", 1, 8, &l->stride);
        } else if (window && take(p, "pad")) {
            pad = true;
            ok = take_int(p, "pad", 0, 7, &l->pad);
        } else if (take(p, "bn")) {
            l->bn = true;
        } else if (take(p, "plus")) {
            ok = take_layer(p, &l->plus);
        } else {
            ok = take_act(p, l, &taken);
            if (ok && !taken) {
                return fail(p, "what is \"%s\"? See nn/desc.h for a layer's options",
                            p->token[p->at]);
            }
        }
        if (!ok) {
            return false;
        }
    }
    if (kind != MIEN_LAYER_DEPTHWISE && out == 0) {
        return fail(p, "%s: `out N` is missing", l->name);
    }
    if (!pad) {
        l->pad = (l->k - 1) / 2;
    } else if (l->pad >= l->k) {
        return fail(p, "%s: pad must be smaller than k", l->name);
    }
    return finish(p, l, out);
}

static bool parse_block(struct parser *p)
{
    const char *name = next(p);
    int in = -1, out = 0, stride = 1;
    struct mien_layer act = {.act = MIEN_ACT_RELU};
    if (!name) {
        return fail(p, "the layer's name is missing");
    }
    if (!take_layer(p, &in)) {
        return false;
    }
    while (p->at < p->tokens) {
        bool taken = false, ok = true;
        if (take(p, "out")) {
            ok = take_int(p, "out", 1, SIDE_MAX, &out);
        } else if (take(p, "s")) {
            ok = take_int(p, "s", 1, 8, &stride);
        } else {
            ok = take_act(p, &act, &taken);
            if (ok && !taken) {
                return fail(p, "what is \"%s\"? A block takes out, s and an activation",
                            p->token[p->at]);
            }
        }
        if (!ok) {
            return false;
        }
    }
    if (out == 0) {
        return fail(p, "%s: `out N` is missing", name);
    }
    if (strlen(name) + 6 > MIEN_DESC_NAME) {
        return fail(p, "the name \"%s\" is too long for a block", name);
    }
    char part[MIEN_DESC_NAME + 8];
    snprintf(part, sizeof part, "%s.a", name);
    struct mien_layer *a = new_layer(p, MIEN_LAYER_CONV, part);
    if (!a) {
        return false;
    }
    a->inputs = 1;
    a->input[0] = in;
    a->k = 3;
    a->pad = 1;
    a->stride = stride;
    a->bn = true;
    a->act = act.act;
    a->slope = act.slope;
    if (!finish(p, a, out)) {
        return false;
    }
    const int first = p->d->layers - 1;
    int skip = in;
    if (stride != 1 || p->d->layer[in].c != out) {
        snprintf(part, sizeof part, "%s.skip", name);
        struct mien_layer *s = new_layer(p, MIEN_LAYER_CONV, part);
        if (!s) {
            return false;
        }
        s->inputs = 1;
        s->input[0] = in;
        s->stride = stride;
        s->bn = true;
        if (!finish(p, s, out)) {
            return false;
        }
        skip = p->d->layers - 1;
    }
    struct mien_layer *b = new_layer(p, MIEN_LAYER_CONV, name);
    if (!b) {
        return false;
    }
    b->inputs = 1;
    b->input[0] = first;
    b->plus = skip;
    b->k = 3;
    b->pad = 1;
    b->bn = true;
    b->act = act.act;
    b->slope = act.slope;
    return finish(p, b, out);
}

static bool parse_simple(struct parser *p, enum mien_layer_kind kind, int min_inputs,
                         int max_inputs)
{
    struct mien_layer *l = new_layer(p, kind, next(p));
    if (!l) {
        return false;
    }
    while (p->at < p->tokens && l->inputs < max_inputs &&
           mien_desc_find(p->d, p->token[p->at]) >= 0) {
        l->input[l->inputs++] = mien_desc_find(p->d, p->token[p->at++]);
    }
    if (l->inputs < min_inputs) {
        int none;
        return p->at < p->tokens ? take_layer(p, &none)
                                 : fail(p, "%s needs %d inputs", l->name, min_inputs);
    }
    const struct mien_layer *in = &p->d->layer[l->input[0]];
    l->c = in->c;
    l->h = in->h;
    l->w = in->w;
    bool taken = false;
    switch (kind) {
    case MIEN_LAYER_ADD:
        if (!take_act(p, l, &taken)) {
            return false;
        }
        if (l->inputs == 1 && !taken) {
            return fail(p, "%s: the activation is missing", l->name);
        }
        if (l->inputs == 2 && !same_shape(in, &p->d->layer[l->input[1]])) {
            return fail(p, "%s: the two inputs differ in shape", l->name);
        }
        break;
    case MIEN_LAYER_MAXPOOL:
    case MIEN_LAYER_AVGPOOL:
        l->k = l->stride = 2;
        while (p->at < p->tokens) {
            if (take(p, "k")     ? !take_int(p, "k", 1, 64, &l->k)
                : take(p, "s")   ? !take_int(p, "s", 1, 64, &l->stride)
                : take(p, "pad") ? !take_int(p, "pad", 0, 31, &l->pad)
                                 : !fail(p, "what is \"%s\"?", p->token[p->at])) {
                return false;
            }
        }
        if (l->pad * 2 > l->k) {
            return fail(p, "%s: pad must be at most half of k", l->name);
        }
        break;
    case MIEN_LAYER_GAP:
        l->h = l->w = 1;
        break;
    case MIEN_LAYER_SOFTARGMAX:
        l->c *= 2;
        l->h = l->w = 1;
        l->reach = 1;
        if (take(p, "reach") && !take_float(p, "reach", 0.1f, 10, &l->reach)) {
            return false;
        }
        break;
    case MIEN_LAYER_UPSAMPLE:
        l->h *= 2;
        l->w *= 2;
        break;
    case MIEN_LAYER_CONCAT:
        for (int i = 1; i < l->inputs; i++) {
            const struct mien_layer *o = &p->d->layer[l->input[i]];
            if (o->h != l->h || o->w != l->w) {
                return fail(p, "%s: %s is %dx%d, but %s is %dx%d", l->name, in->name, in->h, in->w,
                            o->name, o->h, o->w);
            }
            l->c += o->c;
        }
        break;
    case MIEN_LAYER_DROPOUT:
        if (!take(p, "p")) {
            return fail(p, "%s: `p P` is missing", l->name);
        }
        if (!take_float(p, "dropout's p", 0, 0.95f, &l->p)) {
            return false;
        }
        break;
    default:
        break;
    }
    if (p->at < p->tokens) {
        return fail(p, "what is \"%s\"?", p->token[p->at]);
    }
    return finish(p, l, 0);
}

static bool parse_input(struct parser *p)
{
    struct mien_desc *d = p->d;
    if (d->layers) {
        return fail(p, "only one input is possible, and it comes first");
    }
    struct mien_layer *l = new_layer(p, MIEN_LAYER_INPUT, next(p));
    if (!l || !take_int(p, "channels", 1, 64, &l->c) ||
        !take_int(p, "height", 1, SIDE_MAX, &l->h) || !take_int(p, "width", 1, SIDE_MAX, &l->w)) {
        return false;
    }
    while (p->at < p->tokens) {
        if (take(p, "mean")    ? !take_float(p, "mean", -1e6f, 1e6f, &d->mean)
            : take(p, "scale") ? !take_float(p, "scale", 1e-6f, 1e6f, &d->scale)
                               : !fail(p, "what is \"%s\"?", p->token[p->at])) {
            return false;
        }
    }
    return finish(p, l, 0);
}

static bool parse_output(struct parser *p)
{
    struct mien_desc *d = p->d;
    const char *name = next(p);
    int layer = -1;
    if (!name) {
        return fail(p, "the output's name is missing");
    }
    if (!take_layer(p, &layer)) {
        return false;
    }
    if (mien_desc_find_output(d, name) >= 0) {
        return fail(p, "there is an output \"%s\" already", name);
    }
    if (d->outputs == MIEN_DESC_OUTPUTS) {
        return fail(p, "more than %d outputs", MIEN_DESC_OUTPUTS);
    }
    if (p->at < p->tokens) {
        return fail(p, "what is \"%s\"?", p->token[p->at]);
    }
    snprintf(d->output[d->outputs].name, MIEN_DESC_NAME, "%s", name);
    d->output[d->outputs++].layer = layer;
    return true;
}

static bool parse_define(struct parser *p)
{
    const char *name = next(p), *value = next(p);
    if (!name || !value || p->at < p->tokens) {
        return fail(p, "write `define NAME VALUE`");
    }
    for (int i = 0; i < p->defines; i++) {
        if (!strcmp(p->define[i][0], name)) {
            return true;
        }
    }
    if (p->defines == DEFINES) {
        return fail(p, "more than %d definitions", DEFINES);
    }
    memcpy(p->define[p->defines][0], name, strlen(name) + 1);
    memcpy(p->define[p->defines++][1], value, strlen(value) + 1);
    return true;
}

static bool parse_line(struct parser *p)
{
    static const struct {
        const char *word;
        enum mien_layer_kind kind;
        int min, max; // inputs
    } simple[] = {
        {"add", MIEN_LAYER_ADD, 2, 2},           {"act", MIEN_LAYER_ADD, 1, 1},
        {"maxpool", MIEN_LAYER_MAXPOOL, 1, 1},   {"avgpool", MIEN_LAYER_AVGPOOL, 1, 1},
        {"gap", MIEN_LAYER_GAP, 1, 1},           {"softargmax", MIEN_LAYER_SOFTARGMAX, 1, 1},
        {"upsample", MIEN_LAYER_UPSAMPLE, 1, 1}, {"concat", MIEN_LAYER_CONCAT, 2, MIEN_DESC_INPUTS},
        {"dropout", MIEN_LAYER_DROPOUT, 1, 1},   {"stop", MIEN_LAYER_STOP, 1, 1},
    };
    const char *word = next(p);
    if (!strcmp(word, "define")) {
        return parse_define(p);
    }
    if (!strcmp(word, "input")) {
        return parse_input(p);
    }
    if (p->d->layers == 0) {
        return fail(p, "the first layer must be `input NAME C H W`, not \"%s\"", word);
    }
    if (!strcmp(word, "conv")) {
        return parse_weighted(p, MIEN_LAYER_CONV);
    }
    if (!strcmp(word, "depthwise")) {
        return parse_weighted(p, MIEN_LAYER_DEPTHWISE);
    }
    if (!strcmp(word, "dense")) {
        return parse_weighted(p, MIEN_LAYER_DENSE);
    }
    if (!strcmp(word, "block")) {
        return parse_block(p);
    }
    if (!strcmp(word, "output")) {
        return parse_output(p);
    }
    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++) {
        if (!strcmp(word, simple[i].word)) {
            return parse_simple(p, simple[i].kind, simple[i].min, simple[i].max);
        }
    }
    return fail(p, "there is no layer kind \"%s\"", word);
}

bool mien_desc_parse(struct mien_desc *d, const char *text, bool folded, const char *what)
{
    memset(d, 0, sizeof *d);
    d->scale = 1;
    struct parser p = {.d = d, .what = what, .folded = folded};
    for (const char *s = text; *s;) {
        size_t len = strcspn(s, "\n");
        p.line++;
        if (!split(&p, s, len) || (p.tokens > 0 && !parse_line(&p))) {
            return false;
        }
        s += len + (s[len] == '\n');
    }
    if (d->outputs == 0) {
        return fail(&p, "the network has no output");
    }
    return true;
}

// SRC: src/nn/desc.c
// Fuzz entry: a network's text description, for training and for inference.
#include "fuzz/fuzz.h"

#include <math.h>

#include "nn/desc.h"

static void check_desc(const struct mien_desc *d)
{
    size_t weights = 0, stats = 0;
    FUZZ_CHECK(d->outputs > 0 && d->layers > 0 && isfinite(d->macs));
    FUZZ_CHECK(isfinite(d->mean) && isfinite(d->scale));
    for (int i = 0; i < d->layers; i++) {
        const struct mien_layer *l = &d->layer[i];
        FUZZ_CHECK(l->c > 0 && l->h > 0 && l->w > 0 && l->plus < i &&
                   memchr(l->name, 0, sizeof l->name));
        for (int k = 0; k < l->inputs; k++) {
            FUZZ_CHECK(l->input[k] >= 0 && l->input[k] < i);
        }
        if (i) {
            struct mien_conv c = mien_desc_conv(d, i, 64);
            FUZZ_CHECK(c.oh == l->h && c.c > 0);
            // Of any layer that the parser lets through a batch can be counted.
            FUZZ_CHECK(mien_desc_scratch(d, i, 64) < SIZE_MAX / 8);
        }
        stats += l->stat >= 0 ? 2 * (size_t)l->c : 0;
    }
    for (int i = 0; i < d->params; i++) {
        const struct mien_param *p = &d->param[i];
        FUZZ_CHECK(p->offset >= weights && p->count > 0);
        weights = p->offset + p->count;
    }
    FUZZ_CHECK(weights <= d->weights && stats == d->stats);
    for (int i = 0; i < d->outputs; i++) {
        FUZZ_CHECK(d->output[i].layer >= 0 && d->output[i].layer < d->layers);
        FUZZ_CHECK(mien_desc_find_output(d, d->output[i].name) == i);
    }
}

bool fuzz_desc(const uint8_t *data, size_t size)
{
    static struct mien_desc d;
    char *text = fuzz_copy(data, size);
    bool good = false;
    for (int folded = 0; folded < 2; folded++) {
        good = mien_desc_parse(&d, text, folded, "fuzz");
        if (good) {
            check_desc(&d);
        }
    }
    mien_free(text);
    return good;
}

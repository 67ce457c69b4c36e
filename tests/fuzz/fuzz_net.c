// SRC: src/nn/net.c src/nn/desc.c src/tensor/infer.c src/tensor/infer_plain.c
// ALONE: clang 14 has no _Float16.
// Fuzz entry: a network's file, made of a description from outside and the weights that it asks
// for, loaded and run once: whatever shapes the description may have.
#include "fuzz/fuzz.h"

#include <math.h>

#include "nn/desc.h"
#include "nn/net.h"

enum { NUMBERS_MAX = 1 << 16 };

// Whether a pass is a matter of milliseconds.
static bool is_small(const struct mien_desc *d)
{
    for (int i = 0; i < d->layers; i++) {
        const struct mien_layer *l = &d->layer[i];
        if ((double)l->c * l->h * l->w * l->k * l->k > NUMBERS_MAX) {
            return false;
        }
    }
    return d->weights <= NUMBERS_MAX && d->macs < 1e7;
}

static void put_section(uint8_t *entry, const char *name, uint64_t at, uint64_t size)
{
    memcpy(entry, name, strlen(name));
    memcpy(entry + 16, &at, 8);
    memcpy(entry + 24, &size, 8);
}

// A file of the two sections.
static uint8_t *make_file(const char *text, size_t text_size, size_t weights, size_t *size)
{
    const uint32_t head[] = {1, 2};
    size_t at[2] = {128, (128 + text_size + 63) / 64 * 64};
    *size = at[1] + weights * sizeof(float);
    uint8_t *block = mien_calloc(1, *size);
    FUZZ_CHECK(block);
    memcpy(block, "MIENNETW", 8);
    memcpy(block + 8, head, sizeof(head));
    put_section(block + 32, "desc", at[0], text_size);
    put_section(block + 64, "weights", at[1], weights * sizeof(float));
    memcpy(block + at[0], text, text_size);
    for (size_t i = 0; i < weights; i++) {
        float w = 0.01f * (float)(i % 7) - 0.03f;
        memcpy(block + at[1] + i * sizeof(w), &w, sizeof(w));
    }
    fuzz_seal(block, *size);
    return block;
}

static void run_net(const struct mien_net *n)
{
    struct mien_net_io in = mien_net_input(n);
    size_t count = (size_t)in.c * (size_t)in.h * (size_t)in.w;
    float *x = mien_calloc(count, sizeof(*x));
    void *workspace = mien_calloc(1, mien_net_workspace_bytes(n));
    FUZZ_CHECK(x && workspace);
    for (size_t i = 0; i < count; i++) {
        x[i] = (float)(i % 5) - 2;
    }
    mien_net_forward(n, x, workspace);
    float sum = 0;
    for (int i = 0; i < mien_net_outputs(n); i++) {
        struct mien_net_io out = mien_net_output(n, i);
        const float *y = mien_net_output_data(n, workspace, i);
        for (int k = 0; k < out.c * out.h * out.w; k++) {
            sum += y[k];
        }
    }
    FUZZ_CHECK(!isnan(sum) || count > 0);
    mien_free(workspace);
    mien_free(x);
}

bool fuzz_net(const uint8_t *data, size_t size)
{
    static struct mien_desc d;
    char *text = fuzz_copy(data, size);
    bool good = mien_desc_parse(&d, text, true, "fuzz") && is_small(&d);
    if (good) {
        size_t bytes;
        uint8_t *block = make_file(text, strlen(text) + 1, d.weights, &bytes);
        struct fuzz_file f;
        fuzz_file_open(&f, block, bytes);
        struct mien_net *n = mien_net_load(f.path);
        FUZZ_CHECK(n);
        run_net(n);
        mien_net_destroy(n);
        fuzz_file_close(&f);
        mien_free(block);
    }
    mien_free(text);
    return good;
}

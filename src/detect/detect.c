// The detector: letterbox -> network -> cells -> merged boxes. See detect.h.
#include "detect/detect.h"

#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "detect/code.h"
#include "detect/letterbox.h"
#include "nn/net.h"

struct mien_detector {
    struct mien_net *net;
    bool borrowed;                    // net is another detector's
    struct mien_workspace *work, own; // work: own, or shared with others
    float *input;                     // (1,H,W)
    int width, height;
    int output[MIEN_DETECT_LEVELS]; // indices of the network's outputs
    struct mien_detection list[MIEN_DETECT_CANDIDATES];
};

static bool check(struct mien_detector *d, const char *path)
{
    struct mien_net_io in = mien_net_input(d->net);
    if (in.c != 1 || in.w < 32 || in.h < 32 || in.w > 1024 || in.h > 1024) {
        mien_error("%s is no detector: its input is %dx%dx%d, a grey picture was expected", path,
                   in.c, in.h, in.w);
        return false;
    }
    d->width = in.w;
    d->height = in.h;
    for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
        static const char *const names[MIEN_DETECT_LEVELS] = {"det8", "det16", "det32"};
        int stride = mien_detect_stride[k];
        d->output[k] = mien_net_find_output(d->net, names[k]);
        if (d->output[k] < 0) {
            mien_error("%s is no detector: it has no output \"%s\"", path, names[k]);
            return false;
        }
        struct mien_net_io o = mien_net_output(d->net, d->output[k]);
        if (o.c != MIEN_DETECT_PLANES || o.w != (in.w + stride - 1) / stride ||
            o.h != (in.h + stride - 1) / stride) {
            mien_error("%s: output \"%s\" is %dx%dx%d, expected %dx%dx%d", path, names[k], o.c, o.h,
                       o.w, MIEN_DETECT_PLANES, (in.h + stride - 1) / stride,
                       (in.w + stride - 1) / stride);
            return false;
        }
    }
    return true;
}

static bool make_scratch(struct mien_detector *d, struct mien_workspace *shared)
{
    d->work = shared ? shared : &d->own;
    d->input = mien_calloc((size_t)d->width * (size_t)d->height, sizeof(float));
    return d->input && mien_workspace_grow(d->work, mien_net_workspace_bytes(d->net));
}

struct mien_detector *mien_detector_load(const char *path, struct mien_workspace *shared)
{
    char found[1024];
    if (!path) {
        if (!mien_find_file("models", "detect.net", found, sizeof(found))) {
            return NULL;
        }
        path = found;
    }
    struct mien_detector *d = mien_calloc(1, sizeof(*d));
    if (!d) {
        return NULL;
    }
    d->net = mien_net_load(path);
    if (!d->net || !check(d, path)) {
        goto fail;
    }
    if (!make_scratch(d, shared)) {
        goto fail;
    }
    return d;

fail:
    mien_detector_destroy(d);
    return NULL;
}

struct mien_detector *mien_detector_create_beside(const struct mien_detector *other,
                                                  struct mien_workspace *shared)
{
    struct mien_detector *d = mien_calloc(1, sizeof(*d));
    if (d) {
        d->net = other->net;
        d->borrowed = true;
        d->width = other->width;
        d->height = other->height;
        memcpy(d->output, other->output, sizeof(d->output)); // not the list: it may be in use
        if (!make_scratch(d, shared)) {
            mien_detector_destroy(d);
            return NULL;
        }
    }
    return d;
}

void mien_detector_destroy(struct mien_detector *d)
{
    if (!d) {
        return;
    }
    mien_free(d->input);
    mien_workspace_destroy(&d->own);
    if (!d->borrowed) {
        mien_net_destroy(d->net);
    }
    mien_free(d);
}

int mien_detector_run(struct mien_detector *d, const struct mien_image *im, float threshold,
                      struct mien_detection *out, int max)
{
    if (!im->data || im->width < 1 || im->height < 1 || max < 1 ||
        mien_format_channels(im->format) == 0) {
        return 0;
    }
    struct mien_letterbox box = mien_letterbox_fit(im->width, im->height, d->width, d->height);
    const struct mien_float_planes input = {d->input,
                                            1,
                                            d->width,
                                            d->height,
                                            mien_net_input_mean(d->net),
                                            mien_net_input_scale(d->net)};
    mien_letterbox_gray(&box, im, &input);
    mien_net_forward(d->net, d->input, d->work->base);
    threshold = threshold > 0 ? threshold : MIEN_DETECT_THRESHOLD;
    int count = 0;
    for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
        struct mien_net_io o = mien_net_output(d->net, d->output[k]);
        count = mien_detect_collect(mien_net_output_data(d->net, d->work->base, d->output[k]), o.w,
                                    o.h, mien_detect_stride[k], threshold, d->list, count);
    }
    count = mien_detect_merge(d->list, count, max);
    for (int k = 0; k < count; k++) {
        out[k] = d->list[k];
        float *b = out[k].box_px;
        mien_letterbox_to_picture(&box, b[0], b[1], &b[0], &b[1]);
        mien_letterbox_to_picture(&box, b[2], b[3], &b[2], &b[3]);
    }
    return count;
}

// Payload to RGB8: camera formats and MJPEG. Does not: wait, log, or keep frames.
#include "source/source.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct mien_decoder {
    struct mien_jpeg_decoder *jpeg;
};

struct mien_decoder *mien_decoder_create(void)
{
    struct mien_decoder *d = mien_calloc(1, sizeof *d);
    if (!d) {
        return NULL;
    }
    d->jpeg = mien_jpeg_decoder_create();
    if (!d->jpeg) {
        mien_free(d);
        return NULL;
    }
    return d;
}

void mien_decoder_destroy(struct mien_decoder *d)
{
    if (d) {
        mien_jpeg_decoder_destroy(d->jpeg);
        mien_free(d);
    }
}

static bool fit(struct mien_image *rgb, int width, int height)
{
    if (rgb->owned && rgb->format == MIEN_FORMAT_RGB8 && rgb->width == width &&
        rgb->height == height) {
        return true;
    }
    mien_image_destroy(rgb);
    return mien_image_create(rgb, width, height, MIEN_FORMAT_RGB8);
}

static bool copy_rows(const struct mien_payload *p, struct mien_image *rgb, size_t row)
{
    size_t h = (size_t)p->height;
    if (p->stride < row || p->size < p->stride * (h - 1) + row) {
        return false;
    }
    for (size_t y = 0; y < h; y++) {
        memcpy(rgb->data + y * rgb->stride, p->data + y * p->stride, row);
    }
    return true;
}

static bool gray(const struct mien_payload *p, struct mien_image *rgb)
{
    size_t w = (size_t)p->width, h = (size_t)p->height;
    if (p->stride < w || p->size < p->stride * (h - 1) + w) {
        return false;
    }
    struct mien_image view = {p->data, p->width, p->height, p->stride, MIEN_FORMAT_GRAY8, false};
    mien_gray_to_rgb(&view, rgb);
    return true;
}

bool mien_decoder_decode(struct mien_decoder *d, const struct mien_payload *p,
                         struct mien_image *rgb, struct mien_why *why)
{
    if (!p->data || p->width < 1 || p->height < 1) {
        return mien_explain(why, "an empty frame");
    }
    if (p->kind == MIEN_PAYLOAD_MJPG) {
        struct mien_why damage;
        if (!mien_jpeg_decode(d->jpeg, p->data, p->size, MIEN_FORMAT_RGB8, true, rgb, &damage)) {
            return mien_explain(why, "damaged JPEG: %.100s", damage.text);
        }
        if (rgb->width != p->width || rgb->height != p->height) {
            return mien_explain(why, "a JPEG of %d x %d instead of %d x %d", rgb->width,
                                rgb->height, p->width, p->height);
        }
        return true;
    }
    if (!fit(rgb, p->width, p->height)) {
        return mien_explain(why, "not enough memory for %d×%d pixels", p->width, p->height);
    }
    bool ok = false;
    switch (p->kind) {
    case MIEN_PAYLOAD_RGB:
        ok = copy_rows(p, rgb, 3 * (size_t)p->width);
        break;
    case MIEN_PAYLOAD_YUYV:
        ok = mien_yuyv_to_rgb(p->data, p->stride, p->size, rgb);
        break;
    case MIEN_PAYLOAD_NV12:
        ok = mien_nv12_to_rgb(p->data, p->stride, p->size, rgb);
        break;
    case MIEN_PAYLOAD_GREY:
        ok = gray(p, rgb);
        break;
    default:
        break;
    }
    if (!ok) {
        mien_explain(why, "only %zu bytes for %d x %d pixels", p->size, p->width, p->height);
    }
    return ok;
}

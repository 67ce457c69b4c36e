// A virtual camera: pictures into a v4l2loopback device, or another one that takes them.
//
// YUYV (or UYVY), BT.601 limited range, which every reader of cameras takes. The size is that of
// the first picture (an odd last column is cut off) or what the device insists on; pictures of
// another size are fitted into it, black beside. Live it shows what the window shows; without a
// window the frames with mesh, landmarks and axes drawn over them. A frame for which there is no
// room is dropped and counted. Does not: load the kernel module (modprobe v4l2loopback
// exclusive_caps=1).
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "sink/overlay.h"
#include "sink/sinks.h"
#include "sink/video_device.h"

struct loopback_sink {
    struct mien_sink sink;
    struct mien_video_device device;
    double frames_per_s;
    uint8_t *frame;
    struct mien_overlay *overlay;
    struct mien_image scratch, fitted;
    bool dropping;
    unsigned long long sent, lost;
};

static bool set_format(struct loopback_sink *s, const struct mien_image *im)
{
    struct mien_video_device *d = &s->device;
    if (!mien_video_device_format(d, im->width & ~1, im->height, s->frames_per_s)) {
        return false;
    }
    s->frame = mien_calloc(d->size, 1);
    if (!s->frame || !mien_image_create(&s->fitted, d->width, d->height, MIEN_FORMAT_RGB8)) {
        return false;
    }
    mien_info("%s: virtual camera of %dx%d%s", d->path, d->width, d->height,
              d->width == (im->width & ~1) && d->height == im->height
                  ? ""
                  : ": it insists on this size, pictures are fitted into it");
    return true;
}

// As large as it fits, black beside it.
static const struct mien_image *fit(struct loopback_sink *s, const struct mien_image *im)
{
    struct mien_image *out = &s->fitted;
    if ((im->width & ~1) == out->width && im->height == out->height) {
        return im;
    }
    mien_resize_whole(im, out);
    return out;
}

static uint8_t clip(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

// ITU-R BT.601, 8 bits, limited range, 8-bit fixed point; chroma of a pair is its mean's.
static void to_yuyv(const struct mien_image *im, int width, bool uyvy, uint8_t *out, size_t stride)
{
    int luma = uyvy ? 1 : 0, chroma = 1 - luma;
    for (int y = 0; y < im->height; y++) {
        const uint8_t *p = im->data + (size_t)y * im->stride;
        uint8_t *o = out + (size_t)y * stride;
        for (int x = 0; x < width; x += 2, p += 6, o += 4) {
            int r = p[0] + p[3], g = p[1] + p[4], b = p[2] + p[5];
            o[luma] = clip(16 + ((66 * p[0] + 129 * p[1] + 25 * p[2] + 128) >> 8));
            o[chroma] = clip(128 + ((-38 * r - 74 * g + 112 * b + 256) >> 9));
            o[luma + 2] = clip(16 + ((66 * p[3] + 129 * p[4] + 25 * p[5] + 128) >> 8));
            o[chroma + 2] = clip(128 + ((112 * r - 94 * g - 18 * b + 256) >> 9));
        }
    }
}

static bool loopback_show(struct mien_sink *sink, const struct mien_image *im)
{
    struct loopback_sink *s = (struct loopback_sink *)sink;
    struct mien_video_device *d = &s->device;
    if (im->format != MIEN_FORMAT_RGB8 || im->width < 2) {
        return true;
    }
    if (!s->frame && !set_format(s, im)) {
        return false;
    }
    to_yuyv(fit(s, im), d->width, d->uyvy, s->frame, d->stride);
    switch (mien_video_device_send(d, s->frame)) {
    case MIEN_VIDEO_SENT:
        s->sent++;
        s->dropping = false;
        return true;
    case MIEN_VIDEO_BROKEN:
        return false;
    default:
        break;
    }
    s->lost++;
    if (!s->dropping) {
        mien_warn("%s: the reader is too slow: pictures are dropped", d->path);
    }
    s->dropping = true;
    return true;
}

static bool loopback_write(struct mien_sink *sink, const struct mien_sink_frame *f)
{
    struct loopback_sink *s = (struct loopback_sink *)sink;
    const struct mien_image *im = f->picture;
    if (!im) {
        return true;
    }
    if (!mien_overlay_canvas(&s->scratch, im)) {
        return false;
    }
    mien_overlay_draw(s->overlay, &s->scratch, f->result, MIEN_OVERLAY_ALL);
    return loopback_show(sink, &s->scratch);
}

static bool loopback_close(struct mien_sink *sink)
{
    struct loopback_sink *s = (struct loopback_sink *)sink;
    if (s->sent || s->lost) {
        mien_info("%s: %llu pictures went to the virtual camera, %llu were dropped", s->device.path,
                  s->sent, s->lost);
    }
    mien_video_device_close(&s->device);
    mien_overlay_destroy(s->overlay);
    mien_image_destroy(&s->scratch);
    mien_image_destroy(&s->fitted);
    mien_free(s->frame);
    return true;
}

static bool open_loopback(struct mien_sink *sink, const struct mien_sink_target *to,
                          const struct mien_sink_context *c)
{
    struct loopback_sink *s = (struct loopback_sink *)sink;
    s->frames_per_s = c->frames_per_s;
    bool ok = mien_video_device_open(&s->device, to->path) &&
              (s->overlay = mien_overlay_create(c->model));
    if (!ok) {
        loopback_close(sink);
    }
    return ok;
}

const struct mien_sink_type mien_sink_loopback = {
    .name = "virtual camera",
    .size = sizeof(struct loopback_sink),
    .wants_pictures = true,
    .open = open_loopback,
    .write = loopback_write,
    .show = loopback_show,
    .close = loopback_close,
};

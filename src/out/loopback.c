// A virtual camera: pictures into a v4l2loopback device (VIDIOC_S_FMT on the output side, write()).
//
// YUYV, BT.601 limited range, which every reader of cameras takes. An odd last column is cut off;
// the size is that of the first picture. Live it shows what the window shows; without a window the
// frames with mesh, landmarks and axes drawn over them. A write that would wait is dropped and
// counted. Does not: load the kernel module (modprobe v4l2loopback exclusive_caps=1).
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "out/overlay.h"
#include "out/sinks.h"

struct loopback_sink {
    struct mien_sink sink;
    char path[256];
    int fd;
    int width, height; // 0: no picture yet
    size_t stride, size;
    uint8_t *frame;
    struct mien_overlay *overlay;
    struct mien_image scratch;
    bool dropping, wrong_size;
    unsigned long long sent, lost;
};

static int request(int fd, unsigned long code, void *arg)
{
    int rc;
    do {
        rc = ioctl(fd, code, arg);
    } while (rc < 0 && errno == EINTR);
    return rc;
}

static bool set_format(struct loopback_sink *s, const struct mien_image *im)
{
    int width = im->width & ~1;
    struct v4l2_format f = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT};
    if (request(s->fd, VIDIOC_G_FMT, &f) < 0 && errno != EINVAL) {
        mien_error("%s: no output format: %s", s->path, strerror(errno));
        return false;
    }
    f.fmt.pix = (struct v4l2_pix_format){
        .width = (unsigned)width,
        .height = (unsigned)im->height,
        .pixelformat = V4L2_PIX_FMT_YUYV,
        .field = V4L2_FIELD_NONE,
        .bytesperline = 2 * (unsigned)width,
        .sizeimage = 2 * (unsigned)width * (unsigned)im->height,
        .colorspace = V4L2_COLORSPACE_SMPTE170M,
    };
    if (request(s->fd, VIDIOC_S_FMT, &f) < 0) {
        mien_error("%s: refuses %dx%d YUYV: %s (is another program writing to it?)", s->path, width,
                   im->height, strerror(errno));
        return false;
    }
    const struct v4l2_pix_format *g = &f.fmt.pix; // what was granted counts
    if (g->width != (unsigned)width || g->height != (unsigned)im->height ||
        g->pixelformat != V4L2_PIX_FMT_YUYV) {
        mien_error(
            "%s: grants %ux%u instead of %dx%d YUYV; set it free (v4l2loopback-ctl, or close "
            "the program that reads it) and try again",
            s->path, g->width, g->height, width, im->height);
        return false;
    }
    s->stride = g->bytesperline >= 2 * (unsigned)width ? g->bytesperline : 2 * (size_t)width;
    s->size = s->stride * (size_t)im->height;
    s->frame = mien_calloc(s->size, 1);
    if (!s->frame) {
        return false;
    }
    s->width = width;
    s->height = im->height;
    mien_info("%s: virtual camera of %dx%d", s->path, s->width, s->height);
    return true;
}

static uint8_t clip(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

// ITU-R BT.601, 8 bits, limited range, 8-bit fixed point; chroma of a pair is its mean's.
static void to_yuyv(const struct mien_image *im, int width, uint8_t *out, size_t stride)
{
    for (int y = 0; y < im->height; y++) {
        const uint8_t *p = im->data + (size_t)y * im->stride;
        uint8_t *o = out + (size_t)y * stride;
        for (int x = 0; x < width; x += 2, p += 6, o += 4) {
            int r = p[0] + p[3], g = p[1] + p[4], b = p[2] + p[5];
            o[0] = clip(16 + ((66 * p[0] + 129 * p[1] + 25 * p[2] + 128) >> 8));
            o[1] = clip(128 + ((-38 * r - 74 * g + 112 * b + 256) >> 9));
            o[2] = clip(16 + ((66 * p[3] + 129 * p[4] + 25 * p[5] + 128) >> 8));
            o[3] = clip(128 + ((112 * r - 94 * g - 18 * b + 256) >> 9));
        }
    }
}

static bool loopback_show(struct mien_sink *sink, const struct mien_image *im)
{
    struct loopback_sink *s = (struct loopback_sink *)sink;
    if (im->format != MIEN_FORMAT_RGB8 || im->width < 2) {
        return true;
    }
    if (!s->width && !set_format(s, im)) {
        return false;
    }
    if ((im->width & ~1) != s->width || im->height != s->height) {
        if (!s->wrong_size) {
            mien_warn("%s: pictures of %dx%d are left out: the virtual camera is %dx%d", s->path,
                      im->width, im->height, s->width, s->height);
        }
        s->wrong_size = true;
        s->lost++;
        return true;
    }
    to_yuyv(im, s->width, s->frame, s->stride);
    ssize_t n = write(s->fd, s->frame, s->size);
    if (n == (ssize_t)s->size) {
        s->sent++;
        s->dropping = s->wrong_size = false;
        return true;
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        mien_error("%s: cannot write on: %s", s->path, strerror(errno));
        return false;
    }
    s->lost++;
    if (!s->dropping) {
        mien_warn("%s: the reader is too slow: pictures are dropped", s->path);
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
    if (s->fd >= 0) {
        close(s->fd);
        mien_debug("%s: %llu pictures, %llu dropped", s->path, s->sent, s->lost);
    }
    mien_overlay_destroy(s->overlay);
    mien_image_destroy(&s->scratch);
    mien_free(s->frame);
    mien_free(s);
    return true;
}

static bool open_device(struct loopback_sink *s)
{
    struct v4l2_capability c = {0};
    s->fd = open(s->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (s->fd < 0) {
        mien_error("%s: cannot open: %s%s", s->path, strerror(errno),
                   errno == ENOENT ? " (sudo modprobe v4l2loopback video_nr=10 exclusive_caps=1 "
                                     "makes /dev/video10)"
                                   : "");
        return false;
    }
    if (request(s->fd, VIDIOC_QUERYCAP, &c) < 0) {
        mien_error("%s: is no video device: %s", s->path, strerror(errno));
        return false;
    }
    unsigned caps = c.capabilities & V4L2_CAP_DEVICE_CAPS ? c.device_caps : c.capabilities;
    if (!(caps & V4L2_CAP_VIDEO_OUTPUT)) {
        mien_error("%s: \"%.32s\" takes no pictures: a virtual camera of v4l2loopback is needed",
                   s->path, (const char *)c.card);
        return false;
    }
    return true;
}

struct mien_sink *mien_sink_loopback(const char *path, const struct mien_face_model *m)
{
    struct loopback_sink *s = mien_calloc(1, sizeof(*s));
    if (!s) {
        return NULL;
    }
    s->sink = (struct mien_sink){.name = "virtual camera",
                                 .write = loopback_write,
                                 .show = loopback_show,
                                 .close = loopback_close};
    s->fd = -1;
    if (strlen(path) >= sizeof(s->path)) {
        mien_error("%s: the name is too long", path);
        mien_free(s);
        return NULL;
    }
    strcpy(s->path, path);
    if (!open_device(s) || !(s->overlay = mien_overlay_create(m))) {
        loopback_close(&s->sink);
        return NULL;
    }
    return &s->sink;
}

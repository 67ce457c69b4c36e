// The V4L2 calls of an output device, by write() or memory-mapped buffers.
#include "sink/video_device.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "base/log.h"
#include "base/mem.h"

static int request(int fd, unsigned long code, void *arg)
{
    int rc;
    do {
        rc = ioctl(fd, code, arg);
    } while (rc < 0 && errno == EINTR);
    return rc;
}

bool mien_video_device_open(struct mien_video_device *d, const char *path)
{
    memset(d, 0, sizeof(*d));
    d->fd = -1;
    if (strlen(path) >= sizeof(d->path)) {
        mien_error("%s: the name is too long", path);
        return false;
    }
    strcpy(d->path, path);
    struct v4l2_capability c = {0};
    d->fd = open(d->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (d->fd < 0) {
        mien_error("%s: cannot open: %s%s", d->path, strerror(errno),
                   errno == ENOENT ? " (sudo modprobe v4l2loopback video_nr=10 exclusive_caps=1 "
                                     "makes /dev/video10)"
                                   : "");
        return false;
    }
    if (request(d->fd, VIDIOC_QUERYCAP, &c) < 0) {
        mien_error("%s: is not a video device: %s", d->path, strerror(errno));
        mien_video_device_close(d);
        return false;
    }
    uint32_t caps = c.capabilities & V4L2_CAP_DEVICE_CAPS ? c.device_caps : c.capabilities;
    if (!(caps & V4L2_CAP_VIDEO_OUTPUT)) {
        mien_error("%s: \"%.32s\" takes no pictures: a virtual camera of v4l2loopback is needed",
                   d->path, (const char *)c.card);
        mien_video_device_close(d);
        return false;
    }
    d->can_stream = caps & V4L2_CAP_STREAMING;
    d->can_write = (caps & V4L2_CAP_READWRITE) || !d->can_stream;
    return true;
}

static bool try_format(struct mien_video_device *d, int width, int height, uint32_t fourcc,
                       struct v4l2_format *f)
{
    *f = (struct v4l2_format){.type = V4L2_BUF_TYPE_VIDEO_OUTPUT};
    request(d->fd, VIDIOC_G_FMT, f); // a driver's private members stay as they are
    f->type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
    f->fmt.pix = (struct v4l2_pix_format){
        .width = (unsigned)width,
        .height = (unsigned)height,
        .pixelformat = fourcc,
        .field = V4L2_FIELD_NONE,
        .bytesperline = 2 * (unsigned)width,
        .sizeimage = 2 * (unsigned)width * (unsigned)height,
        .colorspace = V4L2_COLORSPACE_SMPTE170M,
    };
    if (request(d->fd, VIDIOC_S_FMT, f) < 0) {
        mien_error("%s: refuses %dx%d: %s (is another program writing to it?)", d->path, width,
                   height, strerror(errno));
        return false;
    }
    return true;
}

bool mien_video_device_format(struct mien_video_device *d, int width, int height,
                              double frames_per_s)
{
    struct v4l2_format f;
    if (!try_format(d, width, height, V4L2_PIX_FMT_YUYV, &f)) {
        return false;
    }
    if (f.fmt.pix.pixelformat != V4L2_PIX_FMT_YUYV &&
        !try_format(d, width, height, V4L2_PIX_FMT_UYVY, &f)) {
        return false;
    }
    const struct v4l2_pix_format *g = &f.fmt.pix; // what was granted counts
    d->uyvy = g->pixelformat == V4L2_PIX_FMT_UYVY;
    if ((g->pixelformat != V4L2_PIX_FMT_YUYV && !d->uyvy) || g->width < 2 || g->height < 2 ||
        g->width > 16384 || g->height > 16384 || g->width % 2) {
        mien_error("%s: grants %.4s of %ux%u, which mien cannot write; release it "
                   "(v4l2loopback-ctl, or close the program that reads it) and try again",
                   d->path, (const char *)&g->pixelformat, g->width, g->height);
        return false;
    }
    d->frames_per_s = frames_per_s;
    size_t row = 2 * (size_t)g->width;
    d->stride = g->bytesperline > row && g->bytesperline < 4 * row ? g->bytesperline : row;
    d->size = d->stride * g->height;
    d->field = g->field;
    d->width = (int)g->width;
    d->height = (int)g->height;
    struct v4l2_streamparm p = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT};
    if (frames_per_s > 0 && !request(d->fd, VIDIOC_G_PARM, &p)) {
        p.parm.output.timeperframe =
            (struct v4l2_fract){1000, (uint32_t)lrint(1000 * fmin(frames_per_s, 1000))};
        request(d->fd, VIDIOC_S_PARM, &p); // one that has its own rate keeps it
    }
    return true;
}

static bool map_buffers(struct mien_video_device *d)
{
    struct v4l2_requestbuffers r = {.count = MIEN_VIDEO_DEVICE_BUFFERS,
                                    .type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
                                    .memory = V4L2_MEMORY_MMAP};
    if (request(d->fd, VIDIOC_REQBUFS, &r) < 0 || r.count < 1) {
        return false;
    }
    d->mapped = true;
    for (uint32_t i = 0; i < r.count && i < MIEN_VIDEO_DEVICE_BUFFERS; i++) {
        struct v4l2_buffer b = {
            .index = i, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
        if (request(d->fd, VIDIOC_QUERYBUF, &b) < 0) {
            return false;
        }
        void *p = mmap(NULL, b.length, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, b.m.offset);
        if (p == MAP_FAILED) {
            return false;
        }
        d->buffer[i].start = p;
        d->buffer[i].length = b.length;
        d->buffer[i].queued = false;
        d->buffers++;
        if (b.length < d->size) {
            errno = ENOSPC;
            return false;
        }
    }
    return true;
}

static enum mien_video_device_sent report_broken(struct mien_video_device *d, const char *doing)
{
    mien_error("%s: %s failed: %s%s", d->path, doing, strerror(errno),
               errno == EBUSY ? " (is another program writing to it?)" : "");
    return MIEN_VIDEO_BROKEN;
}

// An own buffer that the driver does not hold, or -1.
static int free_buffer(struct mien_video_device *d)
{
    for (int i = 0; i < d->buffers; i++) {
        if (!d->buffer[i].queued) {
            return i;
        }
    }
    struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
    if (request(d->fd, VIDIOC_DQBUF, &b) < 0 || b.index >= (uint32_t)d->buffers) {
        return -1;
    }
    d->buffer[b.index].queued = false;
    return (int)b.index;
}

static enum mien_video_device_sent stream(struct mien_video_device *d, const uint8_t *frame)
{
    if (!d->mapped && !map_buffers(d)) {
        return report_broken(d, "asking for buffers");
    }
    errno = EAGAIN;
    int i = free_buffer(d);
    if (i < 0) {
        return errno == EAGAIN ? MIEN_VIDEO_NO_ROOM : report_broken(d, "taking a buffer back");
    }
    memcpy(d->buffer[i].start, frame, d->size);
    struct v4l2_buffer b = {.index = (uint32_t)i,
                            .type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
                            .memory = V4L2_MEMORY_MMAP,
                            .bytesused = (uint32_t)d->size,
                            .field = d->field};
    if (request(d->fd, VIDIOC_QBUF, &b) < 0) {
        return report_broken(d, "giving a buffer");
    }
    d->buffer[i].queued = true;
    int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
    if (!d->streaming && request(d->fd, VIDIOC_STREAMON, &type) < 0) {
        return report_broken(d, "starting the stream");
    }
    d->streaming = true;
    return MIEN_VIDEO_SENT;
}

enum mien_video_device_sent mien_video_device_send(struct mien_video_device *d,
                                                   const uint8_t *frame)
{
    if (!d->can_write) {
        return stream(d, frame);
    }
    ssize_t n = write(d->fd, frame, d->size);
    if (n == (ssize_t)d->size) {
        d->accepted = true;
        return MIEN_VIDEO_SENT;
    }
    if (n >= 0 || errno == EAGAIN || errno == EINTR) {
        return MIEN_VIDEO_NO_ROOM;
    }
    if (d->accepted || !d->can_stream) {
        return report_broken(d, "writing");
    }
    // It says that it can, but does not; the attempt holds the driver's buffers until it is closed.
    struct mien_video_device was = *d;
    mien_video_device_close(d);
    if (!mien_video_device_open(d, was.path) ||
        !mien_video_device_format(d, was.width, was.height, was.frames_per_s)) {
        return MIEN_VIDEO_BROKEN;
    }
    d->can_write = false;
    if (d->width != was.width || d->height != was.height || d->stride != was.stride ||
        d->uyvy != was.uyvy) {
        mien_error("%s: grants a different format than a moment ago", d->path);
        return MIEN_VIDEO_BROKEN;
    }
    return stream(d, frame);
}

void mien_video_device_close(struct mien_video_device *d)
{
    if (d->fd < 0) {
        return;
    }
    int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
    if (d->streaming) {
        request(d->fd, VIDIOC_STREAMOFF, &type);
    }
    for (int i = 0; i < d->buffers; i++) {
        munmap(d->buffer[i].start, d->buffer[i].length);
    }
    d->buffers = 0;
    d->streaming = d->mapped = false;
    close(d->fd);
    d->fd = -1;
}

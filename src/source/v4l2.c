// A camera through V4L2: memory-mapped streaming, newest frame wins, and coming back after trouble.
//
// close_camera is idempotent and is the error path of open_camera. While the camera is away the
// source stays open: each read looks for a device of the same identity and opens it again. The
// driver's buffers are copied out at once and given back, so that four are enough.
// Does not: start threads, decode, touch other controls than exposure_dynamic_framerate unasked.
#include "source/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum { BUFFERS = 4, MAX_NODES = 64 };
#define FREEZE_NS (3 * MIEN_NS_PER_S)   // no frame for so long: the camera hangs
#define RETRY_NS (250 * MIEN_NS_PER_MS) // between attempts to open a camera that is away
#define RATE_WINDOW_NS (2 * MIEN_NS_PER_S)

struct config {            // what was asked for and granted
    struct v4l2_node node; // identity
    enum mien_payload_kind kind;
    size_t stride, size_image;
};

struct device { // the open camera
    int fd;     // -1 when away
    struct {
        void *start;
        size_t length;
    } map[BUFFERS];
    int maps;
    bool streaming;
};

struct progress {          // of the frames
    int64_t last_frame_ns; // when the last good frame, or the start, was
    int64_t first_capture_ns;
    int64_t retry_ns; // when to try again to open it
    bool have_sequence;
    uint32_t sequence;
};

struct rate {
    uint32_t sequence; // at the window's start
    int64_t start_ns;  // 0: no measurement runs
    double told_fps;   // the low rate that was told; 0: none
};

struct scratch {
    struct mien_camera_info modes;
    struct v4l2_node nodes[MAX_NODES];
};

struct camera {
    struct config config;
    struct device device;
    struct progress progress;
    struct rate rate;
    struct scratch scratch;
};

static void close_camera(struct camera *c)
{
    if (c->device.streaming) {
        int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
        mien_v4l2_ioctl(c->device.fd, VIDIOC_STREAMOFF, &type);
    }
    c->device.streaming = false;
    for (int i = 0; i < c->device.maps; i++) {
        munmap(c->device.map[i].start, c->device.map[i].length);
    }
    c->device.maps = 0;
    if (c->device.fd >= 0) {
        close(c->device.fd);
    }
    c->device.fd = -1;
}

static bool fail(struct camera *c, const char *doing, struct mien_why *why)
{
    mien_v4l2_explain(errno, doing, c->config.node.device, why);
    return false;
}

static size_t bytes_of_row(enum mien_payload_kind kind, int width)
{
    return kind == MIEN_PAYLOAD_YUYV  ? 2 * (size_t)width
           : kind == MIEN_PAYLOAD_RGB ? 3 * (size_t)width
                                      : (size_t)width;
}

static bool explain_formats(const struct camera *c, struct mien_why *why)
{
    const struct mien_camera_info *m = &c->scratch.modes;
    mien_explain(why, "%s (%s) offers no format that mien reads; it offers", c->config.node.device,
                 c->config.node.name);
    for (int i = 0; i < m->modes; i++) {
        if (!i || strcmp(m->mode[i].format, m->mode[i - 1].format) != 0) {
            mien_explain_more(why, " %s", m->mode[i].format);
        }
    }
    return false;
}

// The mode to ask for. Where the driver lists nothing: what the user wants, to ask and see.
static bool choose_mode(const struct mien_source_options *o, struct camera *c,
                        struct mien_camera_mode *m, struct mien_why *why)
{
    struct mien_camera_info *modes = &c->scratch.modes;
    mien_v4l2_modes(c->device.fd, modes);
    int k = mien_v4l2_choose(modes->mode, modes->modes, o);
    if (k < 0 && modes->modes > 0) {
        return explain_formats(c, why);
    }
    *m = (struct mien_camera_mode){.format = "YUYV", .width = 640, .height = 480};
    if (k >= 0) {
        *m = modes->mode[k];
    } else if (o->width > 0 && o->height > 0) {
        m->width = o->width;
        m->height = o->height;
    }
    return true;
}

// What was granted is read back into c and info.
static bool set_format(struct mien_source *s, struct camera *c, const struct mien_camera_mode *m,
                       struct mien_why *why)
{
    struct v4l2_format f = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    f.fmt.pix.width = (uint32_t)m->width;
    f.fmt.pix.height = (uint32_t)m->height;
    f.fmt.pix.pixelformat = mien_v4l2_fourcc(m->format);
    f.fmt.pix.field = V4L2_FIELD_ANY;
    if (mien_v4l2_ioctl(c->device.fd, VIDIOC_S_FMT, &f) < 0) {
        return fail(c, "setting the picture format", why);
    }
    const struct v4l2_pix_format *p = &f.fmt.pix;
    struct config *g = &c->config;
    g->kind = mien_v4l2_kind(p->pixelformat);
    if (g->kind == MIEN_PAYLOAD_NONE || p->width < 2 || p->height < 2 || p->width > 16384 ||
        p->height > 16384) {
        return mien_explain(why, "%s gave format %.4s of %u x %u pixels, which mien cannot read",
                            g->node.device, (const char *)&p->pixelformat, p->width, p->height);
    }
    size_t row = bytes_of_row(g->kind, (int)p->width);
    g->stride = g->kind == MIEN_PAYLOAD_MJPG ? 0 : p->bytesperline > row ? p->bytesperline : row;
    g->size_image = p->sizeimage;
    s->info.width = (int)p->width;
    s->info.height = (int)p->height;
    snprintf(s->info.format, sizeof s->info.format, "%.4s", (const char *)&p->pixelformat);
    return true;
}

// Asks for a rate, at most 60 unless more is wanted; the granted one is read back into info.
static void set_rate(struct mien_source *s, const struct camera *c,
                     const struct mien_camera_mode *m)
{
    const struct mien_source_options *o = &s->options;
    struct v4l2_streamparm parm = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    double fps = o->fps > 0 && (m->fps <= 0 || o->fps < m->fps) ? o->fps : m->fps;
    fps = fps > 60 && o->fps <= 60 ? 60 : fps;
    s->info.fps = 0;
    if (mien_v4l2_ioctl(c->device.fd, VIDIOC_G_PARM, &parm) < 0) {
        return;
    }
    if ((parm.parm.capture.capability & V4L2_CAP_TIMEPERFRAME) && fps > 0) {
        parm.parm.capture.timeperframe = (struct v4l2_fract){1000, (uint32_t)lrint(fps * 1000)};
        if (mien_v4l2_ioctl(c->device.fd, VIDIOC_S_PARM, &parm) < 0) {
            mien_v4l2_ioctl(c->device.fd, VIDIOC_G_PARM, &parm);
        }
    }
    struct v4l2_fract t = parm.parm.capture.timeperframe;
    s->info.fps = t.numerator && t.denominator ? (double)t.denominator / t.numerator : 0;
}

static bool negotiate(struct mien_source *s, struct camera *c, struct mien_why *why)
{
    struct mien_camera_mode m;
    if (!choose_mode(&s->options, c, &m, why) || !set_format(s, c, &m, why)) {
        return false;
    }
    set_rate(s, c, &m);
    return true;
}

static bool start_streaming(struct camera *c, struct mien_why *why)
{
    struct v4l2_requestbuffers req = {
        .count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (mien_v4l2_ioctl(c->device.fd, VIDIOC_REQBUFS, &req) < 0) {
        return fail(c, "asking for buffers", why);
    }
    if (req.count < 2) {
        return mien_explain(why, "%s: not enough memory for capture buffers",
                            c->config.node.device);
    }
    uint32_t count = req.count < BUFFERS ? req.count : BUFFERS;
    for (uint32_t i = 0; i < count; i++) {
        struct v4l2_buffer b = {
            .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (mien_v4l2_ioctl(c->device.fd, VIDIOC_QUERYBUF, &b) < 0) {
            return fail(c, "asking for a buffer's place", why);
        }
        void *p =
            mmap(NULL, b.length, PROT_READ | PROT_WRITE, MAP_SHARED, c->device.fd, b.m.offset);
        if (p == MAP_FAILED) {
            return fail(c, "mapping a buffer", why);
        }
        c->device.map[c->device.maps].start = p;
        c->device.map[c->device.maps++].length = b.length;
        if (mien_v4l2_ioctl(c->device.fd, VIDIOC_QBUF, &b) < 0) {
            return fail(c, "queueing a buffer", why);
        }
    }
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (mien_v4l2_ioctl(c->device.fd, VIDIOC_STREAMON, &type) < 0) {
        return fail(c, "starting the camera", why);
    }
    c->device.streaming = true;
    return true;
}

// Off: a camera in dim light then keeps its rate and darkens, instead of slowing down.
static void hold_rate(const struct camera *c)
{
    struct v4l2_queryctrl q = {.id = V4L2_CID_EXPOSURE_AUTO_PRIORITY};
    if (mien_v4l2_ioctl(c->device.fd, VIDIOC_QUERYCTRL, &q) == 0 &&
        !(q.flags & V4L2_CTRL_FLAG_DISABLED)) {
        struct v4l2_control v = {.id = V4L2_CID_EXPOSURE_AUTO_PRIORITY, .value = 0};
        mien_v4l2_ioctl(c->device.fd, VIDIOC_S_CTRL, &v);
    }
}

static bool open_camera(struct mien_source *s, struct camera *c, struct mien_why *why)
{
    c->device.fd = open(c->config.node.device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (c->device.fd < 0) {
        return fail(c, "opening", why);
    }
    if (!negotiate(s, c, why)) {
        close_camera(c);
        return false;
    }
    hold_rate(c);
    const char *controls = s->options.controls;
    if ((controls && !mien_v4l2_set_controls(c->device.fd, c->config.node.device, controls, why)) ||
        !start_streaming(c, why)) {
        close_camera(c);
        return false;
    }
    memcpy(s->info.device, c->config.node.device, sizeof s->info.device);
    memcpy(s->info.by_id, c->config.node.by_id, sizeof s->info.by_id);
    snprintf(s->info.name, sizeof s->info.name, "%s",
             c->config.node.name[0] ? c->config.node.name : "camera");
    c->progress.last_frame_ns = mien_now_ns();
    c->progress.have_sequence = false;
    c->rate.start_ns = 0;
    c->rate.told_fps = 0;
    return true;
}

static bool same_camera(const struct v4l2_node *a, const struct v4l2_node *b)
{
    if (strcmp(a->name, b->name) != 0) {
        return false;
    }
    if (a->by_id[0] && b->by_id[0]) {
        return !strcmp(a->by_id, b->by_id);
    }
    return !strcmp(a->bus, b->bus);
}

// Finds the camera again, under whatever number, and opens it.
static bool reopen(struct mien_source *s, struct camera *c)
{
    struct mien_why why;
    int n = mien_v4l2_scan(c->scratch.nodes, MAX_NODES);
    for (int i = 0; i < n; i++) {
        if (c->scratch.nodes[i].error || !same_camera(&c->config.node, &c->scratch.nodes[i])) {
            continue;
        }
        struct v4l2_node old = c->config.node;
        c->config.node = c->scratch.nodes[i];
        if (open_camera(s, c, &why)) {
            mien_source_count(s, 0, 0, 0, 1);
            mien_source_say(s, "%s", "");
            mien_info("%s is back: %s, %d x %d %s at %.4g fps", s->info.name, s->info.device,
                      s->info.width, s->info.height, s->info.format, s->info.fps);
            return true;
        }
        c->config.node = old;
        mien_source_say(s, "%s; trying again", why.text);
    }
    return false;
}

static int remaining_ms(int64_t until_ns)
{
    int64_t ms = (until_ns - mien_now_ns() + MIEN_NS_PER_MS - 1) / MIEN_NS_PER_MS;
    return ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms;
}

static void lose(struct mien_source *s, struct camera *c, int error)
{
    close_camera(c);
    c->progress.retry_ns = mien_now_ns() + RETRY_NS;
    if (error == ENODEV || error == ENXIO) {
        mien_source_say(s, "%s (%s) was unplugged; waiting for it to return", s->info.name,
                        s->info.device);
    } else {
        mien_source_say(s, "%s (%s) failed: %s; restarting it", s->info.name, s->info.device,
                        strerror(error));
    }
}

// Long exposures are the usual reason for a low rate; the control counts in 100 µs.
static bool exposure_limits(struct camera *c, double fps)
{
    struct v4l2_control v = {.id = V4L2_CID_EXPOSURE_ABSOLUTE};
    return mien_v4l2_ioctl(c->device.fd, VIDIOC_G_CTRL, &v) == 0 && v.value * 1e-4 > 0.7 / fps;
}

// Compares the rate over a window with what the driver promised.
static void watch_rate(struct mien_source *s, struct camera *c, uint32_t sequence, int64_t at_ns)
{
    if (!c->rate.start_ns || sequence < c->rate.sequence) {
        c->rate.start_ns = at_ns;
        c->rate.sequence = sequence;
        return;
    }
    int64_t dt = at_ns - c->rate.start_ns;
    if (dt < RATE_WINDOW_NS || s->info.fps <= 0) {
        return;
    }
    double fps = (sequence - c->rate.sequence) * 1e9 / (double)dt;
    c->rate.start_ns = at_ns;
    c->rate.sequence = sequence;
    if (fps < 0.75 * s->info.fps) {
        if (c->rate.told_fps > 0 && fabs(fps - c->rate.told_fps) < 0.25 * c->rate.told_fps) {
            return; // it wavers a little: nothing new
        }
        c->rate.told_fps = fps;
        mien_source_say(
            s, "the camera gives %.0f frames a second instead of %.0f: %s", fps, s->info.fps,
            exposure_limits(c, fps) ? "its exposure is that long; more light helps"
                                    : "too little light, or the USB bus is too slow for this size");
    } else if (fps > 0.85 * s->info.fps) {
        c->rate.told_fps = 0;
        mien_source_say(s, "%s", "");
    }
}

static bool is_valid(const struct camera *c, const struct mien_source *s,
                     const struct v4l2_buffer *b)
{
    if ((b->flags & V4L2_BUF_FLAG_ERROR) || b->index >= (uint32_t)c->device.maps ||
        b->bytesused > c->device.map[b->index].length) {
        return false;
    }
    const uint8_t *p = c->device.map[b->index].start;
    if (c->config.kind == MIEN_PAYLOAD_MJPG) {
        return b->bytesused >= 4 && p[0] == 0xff && p[1] == 0xd8;
    }
    size_t rows = (size_t)s->info.height;
    rows += c->config.kind == MIEN_PAYLOAD_NV12 ? (rows + 1) / 2 : 0;
    size_t row = bytes_of_row(c->config.kind, s->info.width);
    return b->bytesused >= c->config.stride * (rows - 1) + row;
}

// Takes what the driver has; *newest is the last valid buffer. Returns 1: one found, 0: none, -1:
// errno says why.
static int drain(struct mien_source *s, struct camera *c, struct v4l2_buffer *newest)
{
    int found = 0;
    for (int i = 0; i < 2 * BUFFERS; i++) {
        struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (mien_v4l2_ioctl(c->device.fd, VIDIOC_DQBUF, &b) < 0) {
            if (errno == EAGAIN) {
                break;
            }
            return found ? found : -1; // a frame in hand first; the error will come again
        }
        uint32_t gap = c->progress.have_sequence ? b.sequence - c->progress.sequence - 1 : 0;
        if (gap > 0 && gap < 1000) {
            mien_source_count(s, 0, gap, 0, 0);
        }
        c->progress.sequence = b.sequence;
        c->progress.have_sequence = true;
        if (!is_valid(c, s, &b)) {
            mien_source_count(s, 0, 1, 1, 0);
            mien_v4l2_ioctl(c->device.fd, VIDIOC_QBUF, &b);
            continue;
        }
        if (found) {
            mien_source_count(s, 0, 1, 0, 0);
            mien_v4l2_ioctl(c->device.fd, VIDIOC_QBUF, newest);
        }
        *newest = b;
        found = 1;
    }
    return found;
}

// Some cameras' clocks run wild: a time ahead, or seconds old, is not believed.
static int64_t captured_ns(const struct v4l2_buffer *b, int64_t now)
{
    int64_t t = b->timestamp.tv_sec * MIEN_NS_PER_S + b->timestamp.tv_usec * 1000LL;
    bool monotonic = (b->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    return monotonic && t <= now && t > now - 2 * MIEN_NS_PER_S ? t : now;
}

static bool deliver(struct mien_source *s, struct camera *c, struct v4l2_buffer *b,
                    struct mien_payload *p)
{
    size_t room = c->config.size_image > b->bytesused ? c->config.size_image : b->bytesused;
    bool ok = mien_payload_reserve(p, room);
    int64_t now = mien_now_ns();
    if (ok) {
        memcpy(p->data, c->device.map[b->index].start, b->bytesused);
        p->size = b->bytesused;
        p->kind = c->config.kind;
        p->width = s->info.width;
        p->height = s->info.height;
        p->stride = c->config.stride;
        p->capture_ns = captured_ns(b, now);
        c->progress.first_capture_ns =
            c->progress.first_capture_ns ? c->progress.first_capture_ns : p->capture_ns;
        p->media_ns = p->capture_ns - c->progress.first_capture_ns;
        p->index = s->counts.delivered;
        p->dropped = s->counts.dropped;
        mien_source_count(s, 1, 0, 0, 0);
    }
    c->progress.last_frame_ns = now;
    watch_rate(s, c, b->sequence, p->capture_ns);
    mien_v4l2_ioctl(c->device.fd, VIDIOC_QBUF, b); // a failure here shows at the next read
    return ok;
}

// Tries to open a camera that is away. False: the deadline comes first.
static bool wait_for_return(struct mien_source *s, struct camera *c, int64_t deadline_ns)
{
    while (c->device.fd < 0) {
        if (c->progress.retry_ns > deadline_ns) {
            mien_sleep_until_ns(deadline_ns);
            return false;
        }
        mien_sleep_until_ns(c->progress.retry_ns);
        if (!reopen(s, c)) {
            c->progress.retry_ns = mien_now_ns() + RETRY_NS;
        }
    }
    return true;
}

static void restart_frozen(struct mien_source *s, struct camera *c, int64_t now)
{
    close_camera(c);
    c->progress.retry_ns = now;
    mien_source_say(s, "%s (%s) has sent no picture for 3 seconds; restarting it", s->info.name,
                    s->info.device);
    if (!reopen(s, c)) {
        c->progress.retry_ns = now + RETRY_NS;
    }
}

static enum mien_source_status read_camera(struct mien_source *s, struct mien_payload *p,
                                           int64_t deadline_ns)
{
    struct camera *c = s->self;
    for (;;) {
        if (!wait_for_return(s, c, deadline_ns)) {
            return MIEN_SOURCE_LOST;
        }
        int64_t frozen_ns = c->progress.last_frame_ns + FREEZE_NS;
        struct pollfd fd = {.fd = c->device.fd, .events = POLLIN};
        int r = poll(&fd, 1, remaining_ms(deadline_ns < frozen_ns ? deadline_ns : frozen_ns));
        if (r < 0 && errno != EINTR) {
            lose(s, c, errno);
            continue;
        }
        if (r > 0) {
            struct v4l2_buffer b;
            int got = drain(s, c, &b);
            if (got > 0 && !deliver(s, c, &b, p)) {
                mien_source_say(s, "%s: out of memory", s->info.name);
                return MIEN_SOURCE_FAILED;
            }
            if (got > 0) {
                return MIEN_SOURCE_OK;
            }
            if (got < 0 || (fd.revents & (POLLERR | POLLHUP))) {
                lose(s, c, got < 0 ? errno : fd.revents & POLLHUP ? ENODEV : EIO);
                continue;
            }
        }
        int64_t now = mien_now_ns();
        if (now >= frozen_ns) {
            restart_frozen(s, c, now);
        } else if (now >= deadline_ns) {
            return MIEN_SOURCE_TIMEOUT;
        }
    }
}

static void close_v4l2(struct mien_source *s)
{
    struct camera *c = s->self;
    close_camera(c);
    mien_free(c);
    s->self = NULL;
}

static const struct source_ops camera_ops = {read_camera, close_v4l2};

static bool explain_no_match(const struct camera *c, int n, const char *selector,
                             struct mien_why *why)
{
    if (!n) {
        return mien_explain(why, "%s", mien_camera_none_text());
    }
    mien_explain(why, "no camera matches \"%s\"; there is", selector);
    for (int i = 0; i < n; i++) {
        mien_explain_more(why, "%s %s (%s)", i ? "," : "", c->scratch.nodes[i].name,
                          c->scratch.nodes[i].device);
    }
    return false;
}

// A path may be a link (by-id, or the user's own): its end is the device.
static bool follow_path(struct camera *c, const char *selector, struct mien_why *why)
{
    char *path = realpath(selector, NULL);
    const char *end = path ? path : selector;
    bool fits = strlen(end) < sizeof c->config.node.device;
    if (fits) {
        snprintf(c->config.node.device, sizeof c->config.node.device, "%.63s", end);
    } else {
        mien_explain(why, "%s: the name is too long", end);
    }
    free(path);
    return fits;
}

static bool refuse(struct camera *c, struct mien_why *why)
{
    c->device.fd = open(c->config.node.device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (c->device.fd < 0) {
        return fail(c, "opening", why);
    }
    struct v4l2_capability cap;
    bool v4l2 = mien_v4l2_ioctl(c->device.fd, VIDIOC_QUERYCAP, &cap) == 0;
    return mien_explain(why, "%s is not a camera%s; `mien cameras` lists them",
                        c->config.node.device,
                        v4l2 ? " (it cannot capture and stream pictures)" : "");
}

// The camera that the selector, a path or a part of a name, means: the first one that can be
// opened, else the first.
static bool find_camera(struct camera *c, const char *selector, struct mien_why *why)
{
    const bool is_path = selector[0] == '/';
    if (is_path && !follow_path(c, selector, why)) {
        return false;
    }
    struct v4l2_node *list = c->scratch.nodes;
    int n = mien_v4l2_scan(list, MAX_NODES), found = -1;
    for (int i = 0; i < n; i++) {
        bool hit = is_path ? !strcmp(list[i].device, c->config.node.device)
                           : mien_v4l2_matches(list[i].name, list[i].by_id, selector);
        if (hit && (found < 0 || (list[found].error && !list[i].error))) {
            found = i;
        }
    }
    if (found >= 0) {
        c->config.node = list[found];
        return true;
    }
    if (is_path) {
        return refuse(c, why);
    }
    return explain_no_match(c, n, selector, why);
}

bool mien_v4l2_open(struct mien_source *s, const char *selector, struct mien_why *why)
{
    struct camera *c = mien_calloc(1, sizeof *c);
    if (!c) {
        return mien_explain(why, "out of memory");
    }
    c->device.fd = -1;
    s->self = c;
    s->ops = &camera_ops;
    s->info.live = true;
    snprintf(s->info.kind, sizeof s->info.kind, "camera");
    if (!find_camera(c, selector, why) || !open_camera(s, c, why)) {
        return false;
    }
    mien_info("%s (%s): %d x %d %s at %.4g fps", s->info.name, s->info.device, s->info.width,
              s->info.height, s->info.format, s->info.fps);
    return true;
}

// A make-believe camera driver behind the system calls, for tests: it checks the protocol (buffers
// are queued before they are given out, everything is unmapped and closed) and misbehaves on
// request. Its one node comes, goes and changes its name as the test says.
//
// Link with --wrap for open, close, ioctl, mmap, munmap, poll and stat. Where the program has
// threads, the test changes `cam` between cam_lock() and cam_unlock().
#ifndef FAKE_CAMERA_H
#define FAKE_CAMERA_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <linux/videodev2.h>

#include "base/clock.h"

// How the driver lets time pass, on the clock of base/clock.h. A test that has its own defines
// this.
#ifndef FAKE_CAMERA_SLEEP
#define FAKE_CAMERA_SLEEP(ms) __real_poll(NULL, 0, ms)
#endif

int __real_open(const char *path, int flags, int mode);
int __real_close(int fd);
int __real_poll(struct pollfd *p, nfds_t n, int timeout);
void *__real_mmap(void *a, size_t n, int prot, int flags, int fd, off_t off);
int __real_munmap(void *a, size_t n);
int __real_ioctl(int fd, unsigned long request, void *arg);
int __real_stat(const char *path, struct stat *st);

enum { FD = 10000, BUFFERS = 4, ROOM = 1280 * 720 * 2 };

struct mode {
    uint32_t fourcc;
    int w, h, fps;
};

// A control of its: what VIDIOC_QUERY_EXT_CTRL tells. ruled_by: another one's id; while that is not
// 1 (manual) this one is inactive and refused.
struct fake_control {
    uint32_t id, type;
    const char *name;
    int min, max, usual, value;
    const char *item[4];
    uint32_t ruled_by, flags;
};

static struct {
    bool present;
    int number; // /dev/videoN
    const char *card, *bus;
    uint32_t caps;
    struct mode mode[8];
    int modes;
    int open_error, fmt_error, streamon_error, dqbuf_error, reqbufs_error;
    uint32_t force_fourcc; // what S_FMT grants
    int force_fps;
    bool has_control;
    int control, exposure;
    struct fake_control setting[8]; // by rising id
    int settings;
    // Frames waiting: each has a sequence number, flags, and bytes.
    struct {
        uint32_t sequence, flags, bytes;
        int64_t at_ns;
        uint8_t fill;
    } frame[32];
    int frames, next;
    bool queued[BUFFERS];
    uint32_t fourcc;
    int w, h, fps;
    int opens, maps, streams;
    int leaks_open, leaks_map; // must be 0 at the end
    bool streaming;
    int max_queued;
    unsigned errors;   // protocol broken
    int64_t period_ns; // frames come by themselves; 0: add_frame
    int64_t due_ns;
    uint32_t sequence;
    int node; // another number each time the node is made or changed
} cam;
// The frame loop's thread, when a test has set it, and how often it opened the device: never, it is
// meant to be.
static bool loop_known;
static pthread_t loop_thread;
static int loop_opens;
static pthread_mutex_t cam_mutex = PTHREAD_MUTEX_INITIALIZER;

static inline void cam_lock(void)
{
    pthread_mutex_lock(&cam_mutex);
}

static inline void cam_unlock(void)
{
    pthread_mutex_unlock(&cam_mutex);
}

static uint8_t memory[BUFFERS][ROOM];
static const uint8_t *jpeg;
static size_t jpeg_size;

static inline void reset(void)
{
    memset(&cam, 0, sizeof cam);
    cam.present = true;
    cam.card = "Test Cam";
    cam.bus = "usb-0000:00:14.0-1";
    cam.caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    cam.mode[0] = (struct mode){V4L2_PIX_FMT_MJPEG, 640, 480, 30};
    cam.mode[1] = (struct mode){V4L2_PIX_FMT_MJPEG, 1280, 720, 30};
    cam.mode[2] = (struct mode){V4L2_PIX_FMT_YUYV, 640, 480, 30};
    cam.mode[3] = (struct mode){V4L2_PIX_FMT_YUYV, 1280, 720, 10};
    cam.mode[4] = (struct mode){V4L2_PIX_FMT_GREY, 640, 480, 60};
    cam.modes = 5;
    cam.exposure = 100;
}

static inline void add_frame(uint32_t sequence, uint32_t flags, uint32_t bytes)
{
    int i = cam.frames++;
    cam.errors += i >= 32;
    i %= 32;
    cam.frame[i].sequence = sequence;
    cam.frame[i].flags = flags | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    cam.frame[i].bytes = bytes;
    cam.frame[i].at_ns = mien_now_ns();
    cam.frame[i].fill = (uint8_t)(sequence + 1);
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
    if (strncmp(path, "/dev/video", 10) != 0) {
        va_list ap;
        va_start(ap, flags);
        int mode = flags & O_CREAT ? va_arg(ap, int) : 0;
        va_end(ap);
        return __real_open(path, flags, mode);
    }
    char name[32];
    cam_lock();
    loop_opens += loop_known && pthread_equal(pthread_self(), loop_thread);
    snprintf(name, sizeof name, "/dev/video%d", cam.number);
    int error = !cam.present || strcmp(path, name) != 0 ? ENOENT : cam.open_error;
    if (!error) {
        cam.opens++;
        cam.leaks_open++;
    }
    cam_unlock();
    return error ? refuse(error) : FD;
}

int __wrap_stat(const char *path, struct stat *st)
{
    if (strncmp(path, "/dev/video", 10) != 0) {
        return __real_stat(path, st);
    }
    char name[32];
    cam_lock();
    snprintf(name, sizeof name, "/dev/video%d", cam.number);
    bool there = cam.present && !strcmp(path, name);
    memset(st, 0, sizeof(*st));
    st->st_mode = S_IFCHR | 0660;
    st->st_ino = (ino_t)cam.node;
    cam_unlock();
    return there ? 0 : refuse(ENOENT);
}

int __wrap_close(int fd)
{
    if (fd != FD) {
        return __real_close(fd);
    }
    cam_lock();
    cam.leaks_open--;
    cam_unlock();
    return 0;
}

void *__wrap_mmap(void *a, size_t n, int prot, int flags, int fd, off_t off)
{
    if (fd != FD) {
        return __real_mmap(a, n, prot, flags, fd, off);
    }
    cam_lock();
    cam.leaks_map++;
    cam_unlock();
    return memory[off / ROOM];
}

int __wrap_munmap(void *a, size_t n)
{
    uint8_t *p = a;
    if (p < memory[0] || p >= memory[0] + sizeof memory) {
        return __real_munmap(a, n);
    }
    cam_lock();
    cam.leaks_map--;
    cam_unlock();
    return 0;
}

static short events(void)
{
    if (!cam.present || cam.dqbuf_error) {
        return (short)(POLLERR | (cam.present ? 0 : POLLHUP));
    }
    int64_t now_ns = mien_now_ns();
    if (cam.period_ns && cam.next == cam.frames && now_ns >= cam.due_ns) {
        cam.due_ns = now_ns + cam.period_ns;
        cam.next = cam.frames = 0;
        add_frame(cam.sequence++, 0, (uint32_t)(cam.w * cam.h * 2));
    }
    return cam.next < cam.frames ? POLLIN : 0;
}

int __wrap_poll(struct pollfd *p, nfds_t n, int timeout)
{
    if (n != 1 || p->fd != FD) {
        return __real_poll(p, n, timeout);
    }
    for (int waited = 0;; waited += 10) {
        cam_lock();
        p->revents = events();
        bool by_itself = cam.period_ns > 0;
        cam_unlock();
        if (p->revents || waited >= timeout) {
            return p->revents != 0;
        }
        FAKE_CAMERA_SLEEP(by_itself ? 10 : timeout);
        waited += by_itself ? 0 : timeout;
    }
}

static int enumerate(unsigned long request, void *arg)
{
    if (request == VIDIOC_ENUM_FMT) {
        struct v4l2_fmtdesc *f = arg;
        uint32_t k = 0;
        for (int i = 0; i < cam.modes; i++) {
            if (i && cam.mode[i].fourcc == cam.mode[i - 1].fourcc) {
                continue;
            }
            if (k++ == f->index) {
                f->pixelformat = cam.mode[i].fourcc;
                return 0;
            }
        }
        return refuse(EINVAL);
    }
    if (request == VIDIOC_ENUM_FRAMESIZES) {
        struct v4l2_frmsizeenum *s = arg;
        uint32_t k = 0;
        for (int i = 0; i < cam.modes; i++) {
            if (cam.mode[i].fourcc == s->pixel_format && k++ == s->index) {
                s->type = V4L2_FRMSIZE_TYPE_DISCRETE;
                s->discrete.width = (uint32_t)cam.mode[i].w;
                s->discrete.height = (uint32_t)cam.mode[i].h;
                return 0;
            }
        }
        return refuse(EINVAL);
    }
    struct v4l2_frmivalenum *v = arg;
    for (int i = 0; i < cam.modes && v->index == 0; i++) {
        const struct mode *m = &cam.mode[i];
        if (m->fourcc == v->pixel_format && m->w == (int)v->width && m->h == (int)v->height) {
            v->type = V4L2_FRMIVAL_TYPE_DISCRETE;
            v->discrete = (struct v4l2_fract){1, (uint32_t)m->fps};
            return 0;
        }
    }
    return refuse(EINVAL);
}

static int dequeue(struct v4l2_buffer *b)
{
    if (cam.dqbuf_error) {
        return refuse(cam.dqbuf_error);
    }
    if (cam.next == cam.frames) {
        return refuse(EAGAIN);
    }
    int i = 0;
    while (i < BUFFERS && !cam.queued[i]) {
        i++;
    }
    if (i == BUFFERS) { // the program keeps all buffers: a driver would drop
        return refuse(EAGAIN);
    }
    cam.queued[i] = false;
    b->index = (uint32_t)i;
    b->sequence = cam.frame[cam.next].sequence;
    b->flags = cam.frame[cam.next].flags;
    b->bytesused = cam.frame[cam.next].bytes;
    b->timestamp.tv_sec = cam.frame[cam.next].at_ns / MIEN_NS_PER_S;
    b->timestamp.tv_usec = cam.frame[cam.next].at_ns % MIEN_NS_PER_S / 1000;
    if (cam.fourcc == V4L2_PIX_FMT_MJPEG && jpeg) {
        memcpy(memory[i], jpeg, jpeg_size);
    } else {
        memset(memory[i], cam.frame[cam.next].fill, ROOM);
    }
    cam.next++;
    return 0;
}

static inline struct fake_control *setting_of(uint32_t id)
{
    for (int i = 0; i < cam.settings; i++) {
        if (cam.setting[i].id == id) {
            return &cam.setting[i];
        }
    }
    return NULL;
}

static inline bool is_ruled(const struct fake_control *c)
{
    return c->ruled_by && setting_of(c->ruled_by)->value != 1;
}

static int describe_setting(struct v4l2_query_ext_ctrl *q)
{
    uint32_t after = q->id & ~V4L2_CTRL_FLAG_NEXT_CTRL;
    for (int i = 0; i < cam.settings; i++) {
        const struct fake_control *c = &cam.setting[i];
        if (c->id > after) {
            *q = (struct v4l2_query_ext_ctrl){.id = c->id,
                                              .type = c->type,
                                              .minimum = c->min,
                                              .maximum = c->max,
                                              .step = 1,
                                              .default_value = c->usual,
                                              .flags = c->flags,
                                              .elems = 1};
            q->flags |= is_ruled(c) ? V4L2_CTRL_FLAG_INACTIVE : 0;
            snprintf(q->name, sizeof(q->name), "%s", c->name);
            return 0;
        }
    }
    return refuse(EINVAL);
}

// -2: not one of the settings.
static int answer_setting(unsigned long request, void *arg)
{
    struct v4l2_control *v = arg;
    if (request == VIDIOC_QUERY_EXT_CTRL) {
        return describe_setting(arg);
    }
    if (request == VIDIOC_QUERYMENU) {
        struct v4l2_querymenu *m = arg;
        const struct fake_control *c = setting_of(m->id);
        if (!c || m->index > 3 || !c->item[m->index]) {
            return refuse(EINVAL);
        }
        snprintf((char *)m->name, sizeof(m->name), "%s", c->item[m->index]);
        return 0;
    }
    struct fake_control *c =
        request == VIDIOC_G_CTRL || request == VIDIOC_S_CTRL ? setting_of(v->id) : NULL;
    if (!c) {
        return -2;
    }
    if (request == VIDIOC_G_CTRL) {
        v->value = c->value;
    } else if (is_ruled(c)) {
        return refuse(EACCES);
    } else if (v->value < c->min || v->value > c->max) {
        return refuse(ERANGE);
    } else {
        c->value = v->value;
    }
    return 0;
}

// A webcam's usual ones.
static inline void give_settings(void)
{
    const struct fake_control all[] = {
        {.id = V4L2_CID_BRIGHTNESS,
         .type = V4L2_CTRL_TYPE_INTEGER,
         .name = "Brightness",
         .min = -64,
         .max = 64,
         .value = 10},
        {.id = V4L2_CID_AUTO_WHITE_BALANCE,
         .type = V4L2_CTRL_TYPE_BOOLEAN,
         .name = "White Balance, Automatic",
         .max = 1,
         .usual = 1,
         .value = 1},
        {.id = V4L2_CID_GAIN,
         .type = V4L2_CTRL_TYPE_INTEGER,
         .name = "Gain",
         .max = 100,
         .usual = 20,
         .value = 20},
        {.id = V4L2_CID_POWER_LINE_FREQUENCY,
         .type = V4L2_CTRL_TYPE_MENU,
         .name = "Power Line Frequency",
         .max = 2,
         .usual = 1,
         .value = 1,
         .item = {"Disabled", "50 Hz", "60 Hz"}},
        {.id = V4L2_CID_CAMERA_CLASS, .type = V4L2_CTRL_TYPE_CTRL_CLASS, .name = "Camera Controls"},
        {.id = V4L2_CID_EXPOSURE_AUTO,
         .type = V4L2_CTRL_TYPE_MENU,
         .name = "Auto Exposure",
         .max = 3,
         .usual = 3,
         .value = 3,
         .item = {NULL, "Manual Mode", NULL, "Aperture Priority Mode"}},
        {.id = V4L2_CID_EXPOSURE_ABSOLUTE,
         .type = V4L2_CTRL_TYPE_INTEGER,
         .name = "Exposure Time, Absolute",
         .min = 3,
         .max = 2047,
         .usual = 250,
         .value = 1000,
         .ruled_by = V4L2_CID_EXPOSURE_AUTO},
        {.id = V4L2_CID_EXPOSURE_AUTO_PRIORITY,
         .type = V4L2_CTRL_TYPE_BOOLEAN,
         .name = "Exposure, Dynamic Framerate",
         .max = 1,
         .value = 1},
    };
    memcpy(cam.setting, all, sizeof(all));
    cam.settings = 8;
}

static int answer(unsigned long request, void *arg)
{
    if (!cam.present) {
        return refuse(ENODEV);
    }
    int done = cam.settings ? answer_setting(request, arg) : -2;
    if (done != -2) {
        return done;
    }
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *c = arg;
        snprintf((char *)c->card, sizeof c->card, "%s", cam.card);
        snprintf((char *)c->bus_info, sizeof c->bus_info, "%s", cam.bus);
        c->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS;
        c->device_caps = cam.caps;
        return 0;
    }
    case VIDIOC_ENUM_FMT:
    case VIDIOC_ENUM_FRAMESIZES:
    case VIDIOC_ENUM_FRAMEINTERVALS:
        return enumerate(request, arg);
    case VIDIOC_S_FMT: {
        struct v4l2_pix_format *p = &((struct v4l2_format *)arg)->fmt.pix;
        if (cam.fmt_error) {
            return refuse(cam.fmt_error);
        }
        p->pixelformat = cam.force_fourcc ? cam.force_fourcc : p->pixelformat;
        cam.fourcc = p->pixelformat;
        cam.w = (int)p->width;
        cam.h = (int)p->height;
        uint32_t px = p->pixelformat == V4L2_PIX_FMT_GREY ? 1 : 2;
        p->bytesperline = p->pixelformat == V4L2_PIX_FMT_MJPEG ? 0 : p->width * px;
        p->sizeimage = p->width * p->height * px;
        return 0;
    }
    case VIDIOC_S_PARM:
    case VIDIOC_G_PARM: {
        struct v4l2_captureparm *p = &((struct v4l2_streamparm *)arg)->parm.capture;
        if (request == VIDIOC_S_PARM) {
            cam.fps = (int)(p->timeperframe.denominator / p->timeperframe.numerator);
        }
        p->capability = V4L2_CAP_TIMEPERFRAME;
        p->timeperframe =
            (struct v4l2_fract){1, (uint32_t)(cam.force_fps ? cam.force_fps : cam.fps)};
        return 0;
    }
    case VIDIOC_QUERYCTRL:
        return cam.has_control ? 0 : refuse(EINVAL);
    case VIDIOC_S_CTRL:
        cam.control = ((struct v4l2_control *)arg)->value;
        return 0;
    case VIDIOC_G_CTRL:
        ((struct v4l2_control *)arg)->value = cam.exposure;
        return 0;
    case VIDIOC_REQBUFS:
        cam.streaming = false;
        memset(cam.queued, 0, sizeof cam.queued);
        ((struct v4l2_requestbuffers *)arg)->count = BUFFERS;
        return cam.reqbufs_error ? refuse(cam.reqbufs_error) : 0;
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *b = arg;
        b->length = ROOM;
        b->m.offset = b->index * ROOM;
        return 0;
    }
    case VIDIOC_QBUF: {
        struct v4l2_buffer *b = arg;
        cam.errors += b->index >= BUFFERS || cam.queued[b->index];
        cam.queued[b->index % BUFFERS] = true;
        return 0;
    }
    case VIDIOC_DQBUF:
        cam.errors += !cam.streaming;
        return dequeue(arg);
    case VIDIOC_STREAMON:
        if (cam.streamon_error) {
            return refuse(cam.streamon_error);
        }
        cam.streaming = true;
        cam.streams++;
        return 0;
    case VIDIOC_STREAMOFF:
        cam.streaming = false;
        memset(cam.queued, 0, sizeof cam.queued);
        return 0;
    default:
        return refuse(ENOTTY);
    }
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
    if (fd != FD) {
        return __real_ioctl(fd, request, arg);
    }
    cam_lock();
    int r = answer(request, arg), error = errno;
    cam_unlock();
    errno = error;
    return r;
}

#endif

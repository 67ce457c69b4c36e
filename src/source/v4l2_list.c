// Which cameras there are, what they offer, which mode to take, and what an error means in words.
//
// Nodes are told apart by what they say they can do (device_caps): metadata, memory-to-memory
// codecs, touch sensors and pure outputs are not cameras.
#include "source/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "base/hash.h"
#include "base/mem.h"

enum { MAX_NODES = 64 };

int mien_v4l2_ioctl(int fd, unsigned long request, void *arg)
{
    int r;
    do {
        r = ioctl(fd, request, arg);
    } while (r < 0 && errno == EINTR);
    return r;
}

uint32_t mien_v4l2_fourcc(const char *f)
{
    return v4l2_fourcc(f[0], f[1], f[2], f[3]);
}

enum mien_payload_kind mien_v4l2_kind(uint32_t fourcc)
{
    switch (fourcc) {
    case V4L2_PIX_FMT_YUYV:
        return MIEN_PAYLOAD_YUYV;
    case V4L2_PIX_FMT_MJPEG:
    case V4L2_PIX_FMT_JPEG:
        return MIEN_PAYLOAD_MJPG;
    case V4L2_PIX_FMT_NV12:
        return MIEN_PAYLOAD_NV12;
    case V4L2_PIX_FMT_GREY:
        return MIEN_PAYLOAD_GREY;
    case V4L2_PIX_FMT_RGB24:
        return MIEN_PAYLOAD_RGB;
    default:
        return MIEN_PAYLOAD_NONE;
    }
}

const char *mien_camera_none_text(void)
{
    return "no camera was found. Plug one in (`mien cameras` lists them), or give a video or a "
           "picture with --source FILE. In a container or a virtual machine /dev/video* must be "
           "passed through.";
}

void mien_v4l2_explain(int error, const char *doing, const char *device, struct mien_why *why)
{
    switch (error) {
    case EACCES:
    case EPERM:
        mien_explain(
            why,
            "no permission to use %s: add yourself to the group \"video\" (sudo usermod -aG "
            "video $USER), then log out and in again",
            device);
        break;
    case EBUSY:
        mien_explain(
            why,
            "%s is in use by another program: close it (`fuser -v %s` names it), then try again",
            device, device);
        break;
    case ENOENT:
        mien_explain(why, "%s does not exist; `mien cameras` lists the cameras", device);
        break;
    case ENODEV:
    case ENXIO:
        mien_explain(why, "%s has been unplugged", device);
        break;
    case ENOSPC:
        mien_explain(
            why,
            "%s: the USB bus has no bandwidth left for this size and rate: use another port, or "
            "a smaller --width, --height or --fps",
            device);
        break;
    default:
        mien_explain(why, "%s: %s failed: %s", device, doing, strerror(error));
    }
}

// The link in /dev/v4l/by-id that leads to /dev/videoN; left empty when there is none.
static void find_by_id(const char *device, char *out, size_t size)
{
    out[0] = 0;
    const char *base = strrchr(device, '/');
    DIR *d = opendir("/dev/v4l/by-id");
    if (!d || !base) {
        if (d) {
            closedir(d);
        }
        return;
    }
    for (struct dirent *e; (e = readdir(d));) {
        char link[512], to[256];
        snprintf(link, sizeof link, "/dev/v4l/by-id/%s", e->d_name);
        ssize_t n = readlink(link, to, sizeof to - 1);
        if (n <= 0) {
            continue;
        }
        to[n] = 0;
        const char *end = strrchr(to, '/');
        if (end && !strcmp(end, base) && strlen(link) < size) {
            snprintf(out, size, "%.190s", link);
            break;
        }
    }
    closedir(d);
}

static bool sysfs_text(const char *device, const char *what, char *out, size_t size)
{
    char path[160];
    snprintf(path, sizeof path, "/sys/class/video4linux/%s/%s", strrchr(device, '/') + 1, what);
    FILE *f = fopen(path, "r");
    if (!f) {
        return false;
    }
    bool ok = fgets(out, (int)size, f) != NULL;
    fclose(f);
    if (ok) {
        out[strcspn(out, "\n")] = 0;
    }
    return ok;
}

uint64_t mien_camera_fingerprint(void)
{
    uint64_t h = MIEN_HASH_START;
    for (int i = 0; i < MAX_NODES; i++) {
        char path[32];
        struct stat st;
        snprintf(path, sizeof path, "/dev/video%d", i);
        if (stat(path, &st) != 0) {
            continue;
        }
        uint64_t of[] = {(uint64_t)i,
                         st.st_rdev,
                         st.st_ino,
                         st.st_mode,
                         st.st_uid,
                         st.st_gid,
                         (uint64_t)st.st_ctim.tv_sec,
                         (uint64_t)st.st_ctim.tv_nsec};
        h = mien_hash(h, of, sizeof of);
    }
    return h;
}

bool mien_v4l2_matches(const char *name, const char *by_id, const char *selector)
{
    if (!strncmp(selector, "camera:", 7)) {
        return strcasestr(name, selector + 7) != NULL;
    }
    if (!strncmp(selector, "v4l2:", 5)) {
        return by_id[0] && strstr(by_id, selector + 5) != NULL;
    }
    return !selector[0] || !strcmp(selector, "camera");
}

bool mien_camera_matches(const struct mien_camera_info *c, const char *uri)
{
    if (uri[0] != '/') {
        return mien_v4l2_matches(c->name, c->by_id, uri);
    }
    char *end = realpath(uri, NULL); // a path may be a link
    bool same = !strcmp(end ? end : uri, c->device);
    free(end);
    return same;
}

static bool can_capture(const struct v4l2_capability *c)
{
    uint32_t caps = c->capabilities & V4L2_CAP_DEVICE_CAPS ? c->device_caps : c->capabilities;
    uint32_t never = V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_TOUCH;
    return (caps & V4L2_CAP_VIDEO_CAPTURE) && (caps & V4L2_CAP_STREAMING) && !(caps & never);
}

int mien_v4l2_scan(struct v4l2_node *list, int max)
{
    int n = 0;
    for (int i = 0; i < MAX_NODES && n < max; i++) {
        struct v4l2_node node = {0};
        snprintf(node.device, sizeof node.device, "/dev/video%d", i);
        int fd = open(node.device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) {
            // Which kind of node it is cannot be asked; a device's first node is its camera.
            char index[16] = "0";
            node.error = errno;
            if (node.error == ENOENT || node.error == ENODEV || node.error == ENXIO ||
                (sysfs_text(node.device, "index", index, sizeof index) &&
                 strcmp(index, "0") != 0)) {
                continue;
            }
            sysfs_text(node.device, "name", node.name, sizeof node.name);
        } else {
            struct v4l2_capability cap = {0};
            int r = mien_v4l2_ioctl(fd, VIDIOC_QUERYCAP, &cap);
            close(fd);
            if (r < 0 || !can_capture(&cap)) {
                continue;
            }
            snprintf(node.name, sizeof node.name, "%.32s", (const char *)cap.card);
            snprintf(node.bus, sizeof node.bus, "%.32s", (const char *)cap.bus_info);
        }
        find_by_id(node.device, node.by_id, sizeof node.by_id);
        list[n++] = node;
    }
    return n;
}

static double best_rate(int fd, uint32_t fourcc, int width, int height)
{
    double best = 0;
    for (uint32_t i = 0; i < 64; i++) {
        struct v4l2_frmivalenum v = {.index = i, .pixel_format = fourcc};
        v.width = (uint32_t)width;
        v.height = (uint32_t)height;
        if (mien_v4l2_ioctl(fd, VIDIOC_ENUM_FRAMEINTERVALS, &v) < 0) {
            break;
        }
        bool discrete = v.type == V4L2_FRMIVAL_TYPE_DISCRETE;
        struct v4l2_fract t = discrete ? v.discrete : v.stepwise.min;
        if (t.numerator) {
            best = fmax(best, (double)t.denominator / t.numerator);
        }
        if (!discrete) {
            break;
        }
    }
    return best;
}

static void add_mode(int fd, struct mien_camera_info *cam, uint32_t fourcc, uint32_t w, uint32_t h)
{
    if (cam->modes >= (int)MIEN_COUNT(cam->mode) || !w || !h || w > 16384 || h > 16384) {
        return;
    }
    struct mien_camera_mode *m = &cam->mode[cam->modes++];
    *m = (struct mien_camera_mode){.width = (int)w, .height = (int)h};
    for (int i = 0; i < 4; i++) {
        char c = (char)(fourcc >> (8 * i) & 127);
        m->format[i] = c >= 32 && c < 127 ? c : '?';
    }
    m->fps = best_rate(fd, fourcc, m->width, m->height);
    m->usable = mien_v4l2_kind(fourcc) != MIEN_PAYLOAD_NONE;
}

void mien_v4l2_modes(int fd, struct mien_camera_info *cam)
{
    static const uint32_t common[][2] = {{320, 240},  {640, 360},   {640, 480},  {800, 600},
                                         {1280, 720}, {1920, 1080}, {3840, 2160}};
    cam->modes = 0;
    for (uint32_t i = 0; i < 64; i++) {
        struct v4l2_fmtdesc f = {.index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
        if (mien_v4l2_ioctl(fd, VIDIOC_ENUM_FMT, &f) < 0) {
            break;
        }
        if (f.flags & V4L2_FMT_FLAG_EMULATED) { // converted in the library or driver: slower
            continue;
        }
        for (uint32_t k = 0; k < 64; k++) {
            struct v4l2_frmsizeenum s = {.index = k, .pixel_format = f.pixelformat};
            if (mien_v4l2_ioctl(fd, VIDIOC_ENUM_FRAMESIZES, &s) < 0) {
                break;
            }
            if (s.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
                add_mode(fd, cam, f.pixelformat, s.discrete.width, s.discrete.height);
                continue;
            }
            for (size_t c = 0; c < MIEN_COUNT(common); c++) {
                uint32_t w = common[c][0], h = common[c][1];
                if (w >= s.stepwise.min_width && w <= s.stepwise.max_width &&
                    h >= s.stepwise.min_height && h <= s.stepwise.max_height) {
                    add_mode(fd, cam, f.pixelformat, w, h);
                }
            }
            break;
        }
    }
}

// Lower is better. MJPG above 640x480: raw video of that size does not fit USB 2 at full rate.
static int format_rank(const struct mien_camera_mode *m)
{
    bool large = m->width * m->height > 640 * 480;
    switch (mien_v4l2_kind(mien_v4l2_fourcc(m->format))) {
    case MIEN_PAYLOAD_MJPG:
        return large ? 0 : 3;
    case MIEN_PAYLOAD_YUYV:
        return 1;
    case MIEN_PAYLOAD_NV12:
    case MIEN_PAYLOAD_RGB:
        return 2;
    default:
        return 4;
    }
}

int mien_v4l2_choose(const struct mien_camera_mode *m, int n, const struct mien_source_options *o)
{
    int width = o->width > 0 ? o->width : 640, height = o->height > 0 ? o->height : 480;
    double rate = o->fps > 0 ? o->fps : 60;
    int best = -1;
    for (int i = 0; i < n; i++) {
        if (!m[i].usable) {
            continue;
        }
        if (best < 0) {
            best = i;
            continue;
        }
        const struct mien_camera_mode *a = &m[i], *b = &m[best];
        uint32_t wanted = o->format == MIEN_CAMERA_MJPG   ? V4L2_PIX_FMT_MJPEG
                          : o->format == MIEN_CAMERA_YUYV ? V4L2_PIX_FMT_YUYV
                                                          : 0;
        bool fa = mien_v4l2_fourcc(a->format) == wanted, fb = mien_v4l2_fourcc(b->format) == wanted;
        bool ga = format_rank(a) == 4, gb = format_rank(b) == 4; // grey: an infrared camera
        int da = abs(a->width - width) + abs(a->height - height);
        int db = abs(b->width - width) + abs(b->height - height);
        double ra = fmin(a->fps, rate), rb = fmin(b->fps, rate);
        if (fa != fb) {
            best = fa ? i : best;
        } else if (ga != gb) {
            best = gb ? i : best;
        } else if (da != db) {
            best = da < db ? i : best;
        } else if (fabs(ra - rb) > 0.5) {
            best = ra > rb ? i : best;
        } else if (format_rank(a) < format_rank(b)) {
            best = i;
        }
    }
    return best;
}

int mien_camera_list(struct mien_camera_info *list, int max)
{
    struct v4l2_node nodes[MAX_NODES];
    int n = mien_v4l2_scan(nodes, max < MAX_NODES ? max : MAX_NODES);
    for (int i = 0; i < n; i++) {
        struct mien_camera_info *c = &list[i];
        *c = (struct mien_camera_info){0};
        memcpy(c->device, nodes[i].device, sizeof c->device);
        memcpy(c->name, nodes[i].name, sizeof c->name);
        memcpy(c->bus, nodes[i].bus, sizeof c->bus);
        memcpy(c->by_id, nodes[i].by_id, sizeof c->by_id);
        int fd = nodes[i].error ? -1 : open(c->device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) {
            int error = nodes[i].error ? nodes[i].error : errno;
            struct mien_why why;
            mien_v4l2_explain(error, "opening", c->device, &why);
            snprintf(c->problem, sizeof c->problem, "%.255s", why.text);
            continue;
        }
        mien_v4l2_modes(fd, c);
        close(fd);
    }
    return n;
}

// LINK: -Wl,--wrap=ioctl -Wl,--wrap=open -Wl,--wrap=write
// Sinks that write files, and the virtual camera (with a device of our own). Files are read by
// tests/readers.py, which shares no code with what wrote them.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "face/signs.h"
#include "sink/sinks.h"
#include "sinks_scene.h"
#include "words_scene.h"
#include "sinks_folder.h"
#include "run_tests.h"

static const struct mien_sink_context with_model = {.model = &model};
static const struct mien_sink_context camera_context = {.model = &model, .frames_per_s = 25};

// A video output device: a file in memory that answers the requests.
static struct {
    int fd;
    bool output;                    // it takes pictures
    unsigned width, height, stride; // granted; width 0: as asked
    int formats;
    uint32_t fourcc, caps; // granted whatever is asked; beside VIDEO_OUTPUT; 0: as asked, none
    int write_error;
    int queued, done, streamed; // buffers given; to be given back; the stream runs
    double rate;                // told
} device = {.fd = -1};
enum { BUFFERS = 4 };

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = (mode_t)va_arg(list, int);
    va_end(list);
    if (!strcmp(name, "/dev/test-video")) {
        assert_true(flags & O_NONBLOCK);
        return device.fd = memfd_create("video", MFD_CLOEXEC);
    }
    return __real_open(name, flags, mode);
}

int __real_ioctl(int fd, unsigned long code, void *arg);
int __wrap_ioctl(int fd, unsigned long code, void *arg);
int __wrap_ioctl(int fd, unsigned long code, void *arg)
{
    if (fd != device.fd || fd < 0) {
        return __real_ioctl(fd, code, arg);
    }
    if (code == VIDIOC_QUERYCAP) {
        struct v4l2_capability *c = arg;
        strcpy((char *)c->card, "Dummy");
        c->capabilities = V4L2_CAP_DEVICE_CAPS | V4L2_CAP_VIDEO_CAPTURE;
        c->device_caps = device.output ? V4L2_CAP_VIDEO_OUTPUT : V4L2_CAP_VIDEO_CAPTURE;
        c->device_caps |= device.caps;
        return 0;
    }
    struct v4l2_format *f = arg;
    if (code == VIDIOC_G_FMT || code == VIDIOC_S_FMT) {
        assert_int_equal(f->type, V4L2_BUF_TYPE_VIDEO_OUTPUT);
        if (code == VIDIOC_S_FMT) {
            uint32_t asked = f->fmt.pix.pixelformat;
            assert_true(asked == V4L2_PIX_FMT_YUYV ||
                        (device.fourcc && asked == V4L2_PIX_FMT_UYVY));
            f->fmt.pix.pixelformat = device.fourcc ? device.fourcc : asked;
            assert_int_equal(f->fmt.pix.sizeimage, f->fmt.pix.bytesperline * f->fmt.pix.height);
            device.formats++;
            f->fmt.pix.width = device.width ? device.width : f->fmt.pix.width;
            f->fmt.pix.bytesperline = device.stride ? device.stride : f->fmt.pix.bytesperline;
        }
        return 0;
    }
    if (code == VIDIOC_G_PARM || code == VIDIOC_S_PARM) {
        const struct v4l2_fract *t = &((struct v4l2_streamparm *)arg)->parm.output.timeperframe;
        device.rate = code == VIDIOC_S_PARM ? (double)t->denominator / t->numerator : 0;
        return 0;
    }
    struct v4l2_buffer *b = arg;
    switch (device.caps & V4L2_CAP_STREAMING ? code : 0) {
    case VIDIOC_REQBUFS:
        assert_int_equal(ftruncate(fd, BUFFERS * 640 * 480 * 2), 0);
        return 0;
    case VIDIOC_QUERYBUF:
        b->length = 640 * 480 * 2;
        b->m.offset = b->index * b->length;
        return 0;
    case VIDIOC_QBUF:
        assert_int_equal(b->bytesused, 640 * 480 * 2);
        device.queued++;
        return 0;
    case VIDIOC_DQBUF:
        b->index = 2;
        errno = EAGAIN;
        return device.done-- > 0 ? 0 : -1;
    case VIDIOC_STREAMON:
    case VIDIOC_STREAMOFF:
        device.streamed += code == VIDIOC_STREAMON ? 1 : -1;
        return 0;
    default:
        break;
    }
    errno = ENOTTY;
    return -1;
}

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    if (fd == device.fd && fd >= 0 && device.write_error) {
        errno = device.write_error;
        return -1;
    }
    return __real_write(fd, data, size);
}

static void reader_says(const char *format, const char *name)
{
    char command[700];
    if (system("python3 -c '' 2>/dev/null")) {
        skip();
    }
    snprintf(command, sizeof(command), "python3 tests/readers.py %s '%s'", format, in_dir(name));
    assert_int_equal(system(command), 0);
}

// The scene, and a frame without a face.
static void write_two(struct mien_sink *s)
{
    assert_non_null(s);
    struct mien_result *r = scene_result(&model);
    struct mien_sink_frame f = {.source = "test", .result = r};
    assert_true(mien_sink_write(s, &f));
    r->frame = 1;
    r->count = 0;
    assert_true(mien_sink_write(s, &f));
    assert_true(mien_sink_close(s));
}

// As pandas reads it: each row has every column, and what is not measured is empty.
static void test_tidy(void **state)
{
    struct mien_result *r = scene_result(&model);
    struct mien_sink_frame f = {.source = "a, b", .result = r};
    struct mien_sink *s = mien_sink_open("tidy", in_dir("t.csv"), NULL);
    assert_non_null(s);
    r->times.capture_ns = 5000000000;
    assert_true(mien_sink_write(s, &f));
    r->frame = 1;
    r->times.capture_ns += 500000000;
    r->mark = 3;
    strcpy(r->mark_text, "say \"ah\"");
    r->mark_ns = r->times.capture_ns - 250000000; // typed while time went on
    for (int e = 0; e < 2; e++) {
        r->face[0].lids.shut[e] = true;
    }
    assert_true(mien_sink_write(s, &f));
    r->frame = 2;
    r->mark = 0;
    r->count = 0;
    assert_true(mien_sink_write(s, &f));
    assert_true(mien_sink_close(s));
    size_t size;
    char *text = mien_file_read(in_dir("t.csv"), 1 << 20, &size);
    assert_non_null(text);
    const char *head = "session,wall,time_s,frame,mark,mark_text,mark_s,face,usable,face_px,";
    assert_memory_equal(text, head, strlen(head));
    assert_non_null(strstr(text, "\n\"a, b\",,0.000000,0,,,,1,"));
    assert_non_null(strstr(text, "\n\"a, b\",,0.500000,1,3,\"say \"\"ah\"\"\",0.250000,1,"));
    assert_non_null(strstr(text, "\n\"a, b\",,0.500000,2,,,,,,"));
    int want = 8 + 18 + MIEN_EXPRESSIONS + mien_action_unit_count() + MIEN_BLENDSHAPES, rows = 0;
    for (const char *p = text; *p; rows++) {
        int n = 1;
        bool quoted = false;
        for (; *p != '\n'; p++) {
            quoted = *p == '"' ? !quoted : quoted;
            n += *p == ',' && !quoted;
        }
        assert_int_equal(n, want);
        p++;
    }
    assert_int_equal(rows, 4);
    // With shut eyes there is no gaze: columns 20 and 21.
    const char *cell = strstr(text, ",0.250000,1,");
    for (int i = 0; i < 14; i++) {
        cell = strchr(cell, ',') + 1;
    }
    assert_memory_equal(cell, ",,1,", 4);
    mien_free(text);
}

static void test_openface(void **state)
{
    write_two(mien_sink_open("openface", in_dir("a.csv"), &with_model));
    reader_says("openface", "a.csv");
    // The 68 points of the picture are the result's own.
    const struct mien_face_result *f = &scene_result(&model)->face[0];
    static char row[20000];
    FILE *file = fopen(in_dir("a.csv"), "r");
    assert_non_null(file);
    assert_true(fgets(row, sizeof(row), file) && fgets(row, sizeof(row), file));
    fclose(file);
    const char *cell = row;
    float apart = 0;
    for (int i = 0; i < 299 + 2 * MIEN_IBUG; i++) { // x_0 is column 299, y_0 follows x_67
        if (i >= 299) {
            int at = (i - 299) % MIEN_IBUG, k = (i - 299) / MIEN_IBUG;
            float v = strtof(cell, NULL);
            assert_float_equal(v, f->ibug_px[at][k], 0.0501);
            apart = fmaxf(apart, fabsf(v - f->landmark_px[model.ibug[at]][k]));
        }
        cell = strchr(cell, ',');
        assert_non_null(cell);
        cell++;
    }
    assert_true(apart > 5); // no single landmark would do
}

// Also numbers that are none leave cells that are empty, not blank.
static void test_openface_cells(void **state)
{
    struct mien_sink *s = mien_sink_open("openface", in_dir("b.csv"), &with_model);
    assert_non_null(s);
    struct mien_result *r = scene_result(&model);
    r->face[0].ibug_px[3][0] = NAN;
    r->face[0].pose.t[2] = 600; // behind the camera: its points are nowhere in the picture
    struct mien_sink_frame f = {.source = "test", .result = r};
    assert_true(mien_sink_write(s, &f));
    assert_true(mien_sink_close(s));
    char *csv = mien_file_read(in_dir("b.csv"), 0, &(size_t){0});
    assert_non_null(csv);
    const char *row = strchr(csv, '\n') + 1;
    int cells = 1, empty = 0;
    for (const char *c = strchr(row, ','); c; c = strchr(c + 1, ','), cells++) {
        size_t blanks = strspn(c + 1, " ");
        bool none = strchr(",\r\n", c[1 + blanks]) != NULL;
        assert_false(none && blanks);
        empty += none;
    }
    assert_int_equal(cells, 714);
    assert_true(empty > 34 + 1); // the shape's, that one, and the eyes'
    mien_free(csv);
}

static void test_mediapipe(void **state)
{
    write_two(mien_sink_open("mediapipe", in_dir("a.json"), &with_model));
    reader_says("mediapipe", "a.json");
    write_two(mien_sink_open("mediapipe", in_dir("a.jsonl"), &with_model));
    char line[16];
    FILE *f = fopen(in_dir("a.jsonl"), "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    fclose(f);
    assert_memory_equal(line, "{\"timestampMs\"", 14);
}

static void test_livelink_take(void **state)
{
    struct mien_sink *s = mien_sink_open("livelinkcsv", in_dir("take.csv"),
                                         &(struct mien_sink_context){.frames_per_s = 30});
    assert_non_null(s);
    struct mien_result *r = scene_result(&model);
    struct mien_sink_frame f = {.source = "test", .result = r};
    assert_true(mien_sink_write(s, &f));
    r->times.capture_ns += 3661 * MIEN_NS_PER_S + MIEN_NS_PER_S / 2;
    assert_true(mien_sink_write(s, &f));
    assert_true(mien_sink_close(s));
    reader_says("take", "take.csv");
}

static void test_gltf(void **state)
{
    struct mien_sink *s = mien_sink_open("gltf", in_dir("a.glb"), &with_model);
    assert_non_null(s);
    struct mien_result *r = scene_result(&model);
    strcpy(r->network, "my \"best\".net"); // what JSON would have to escape is written as "_"
    struct mien_sink_frame f = {.source = "test", .result = r};
    for (int i = 0; i < 700; i++) {
        assert_true(mien_sink_write(s, &f));
        assert_true(mien_sink_write(s, &f)); // the same time again: no key
        r->times.capture_ns += 33 * MIEN_NS_PER_MS;
    }
    assert_true(mien_sink_close(s));
    reader_says("glb", "a.glb");
    size_t got;
    char *glb = mien_file_read(in_dir("a.glb"), 0, &got);
    assert_non_null(glb);
    static const char extras[] = "\"extras\":{\"network\":\"my__best_.net\"}";
    assert_non_null(memmem(glb, got, extras, strlen(extras)));
    mien_free(glb);
}

static void test_virtual_camera(void **state)
{
    device.output = false;
    assert_null(mien_sink_open("loopback", "/dev/test-video", &camera_context));
    device.output = true;
    device.stride = 16;
    struct mien_sink *s = mien_sink_open("loopback", "/dev/test-video", &camera_context);
    assert_non_null(s);
    struct mien_image im;
    assert_true(mien_image_create(&im, 5, 2, MIEN_FORMAT_RGB8)); // the fifth column is cut off
    static const uint8_t pixels[2][15] = {
        {255, 255, 255, 255, 255, 255, 255, 0, 0, 255, 0, 0, 9, 9, 9},
        {0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 255, 0, 9, 9, 9}};
    for (int y = 0; y < 2; y++) {
        memcpy(im.data + (size_t)y * im.stride, pixels[y], 15);
    }
    assert_true(mien_sink_show(s, &im));
    assert_true(mien_sink_show(s, &im));
    assert_int_equal(device.formats, 1);
    assert_true(device.rate > 24.9 && device.rate < 25.1);
    uint8_t got[64];
    assert_int_equal(pread(device.fd, got, sizeof(got), 0), 64);
    // BT.601: white 235 128 128; red 82 90 240; black 16; blue and green share their chroma.
    static const uint8_t first[8] = {235, 128, 235, 128, 82, 90, 82, 240};
    for (int i = 0; i < 8; i++) {
        assert_in_range(got[i], first[i] - 1, first[i] + 1);
        assert_int_equal(got[i], got[32 + i]); // the second picture is the same
    }
    static const uint8_t second[8] = {16, 128, 16, 128, 41, 147, 145, 72};
    for (int i = 0; i < 8; i++) {
        assert_in_range(got[16 + i], second[i] - 1, second[i] + 1); // rows at the granted stride
    }
    struct mien_image other;
    assert_true(mien_image_create(&other, 8, 2, MIEN_FORMAT_RGB8));
    memset(other.data, 255, other.stride * 2);
    assert_true(mien_sink_show(s, &other)); // another size is fitted in, black beside it
    assert_int_equal(lseek(device.fd, 0, SEEK_END), 96);
    assert_int_equal(pread(device.fd, got, 32, 64), 32);
    assert_true(got[0] > 100 && got[0] < 200 && got[16] > 100 && got[16] < 200); // 4x1 between rows
    assert_true(mien_sink_close(s));
    mien_image_destroy(&im);
    mien_image_destroy(&other);
    // A device that insists on another size gets it.
    device.width = 1280;
    device.stride = 0;
    s = mien_sink_open("loopback", "/dev/test-video", &camera_context);
    assert_non_null(s);
    assert_true(mien_image_create(&im, 640, 480, MIEN_FORMAT_RGB8));
    memset(im.data, 255, im.stride * 480);
    assert_true(mien_sink_show(s, &im));
    uint8_t *wide = mien_calloc(1280 * 480, 2);
    assert_int_equal(pread(device.fd, wide, 1280 * 480 * 2, 0), 1280 * 480 * 2);
    assert_int_equal(wide[2 * (240 * 1280 + 640)], 235);
    assert_int_equal(wide[2 * (240 * 1280 + 300)], 16);
    mien_free(wide);
    assert_true(mien_sink_close(s));
    memset(im.data, 0, im.stride * 480);
    // One that does not speak YUYV gets UYVY; one that speaks neither is refused with words.
    device.width = 0;
    device.fourcc = V4L2_PIX_FMT_UYVY;
    s = mien_sink_open("loopback", "/dev/test-video", &camera_context);
    assert_true(mien_sink_show(s, &im));
    assert_int_equal(pread(device.fd, got, 4, 0), 4);
    assert_memory_equal(got, ((uint8_t[]){128, 16, 128, 16}), 4);
    assert_true(mien_sink_close(s));
    device.fourcc = V4L2_PIX_FMT_RGB565;
    s = mien_sink_open("loopback", "/dev/test-video", &camera_context);
    assert_false(mien_sink_show(s, &im));
    assert_false(mien_sink_close(s));
    device.fourcc = 0;
    // One that has no write(), and one that says it has: memory-mapped buffers.
    for (int k = 0; k < 2; k++) {
        device.caps = V4L2_CAP_STREAMING | (k ? V4L2_CAP_READWRITE : 0);
        device.write_error = k ? EINVAL : 0;
        device.queued = device.streamed = 0;
        s = mien_sink_open("loopback", "/dev/test-video", &camera_context);
        for (int i = 0; i < 6; i++) { // the last two find no buffer
            memset(im.data, 40 * i, im.stride * 480);
            assert_true(mien_sink_show(s, &im));
        }
        assert_int_equal(device.streamed, 1);
        assert_int_equal(device.queued, BUFFERS);
        for (int i = 0; i < BUFFERS; i++) {
            assert_int_equal(pread(device.fd, got, 2, (off_t)i * 640 * 480 * 2), 2);
            assert_in_range(got[0], 16 + 40 * i * 220 / 256 - 1, 16 + 40 * i * 220 / 256 + 1);
        }
        device.done = 1; // shown: free again
        assert_true(mien_sink_show(s, &im));
        assert_int_equal(device.queued, BUFFERS + 1);
        assert_true(mien_sink_close(s));
        assert_int_equal(device.streamed, 0);
    }
    device.caps = 0;
    device.write_error = 0;
    memset(im.data, 0, im.stride * 480);
    // Without a window: the frame with its face drawn over it.
    device.width = 0;
    s = mien_sink_open("loopback", "/dev/test-video", &camera_context);
    struct mien_sink_frame f = {.source = "x", .picture = &im, .result = scene_result(&model)};
    assert_true(mien_sink_write(s, &f));
    size_t bright = 0;
    uint8_t *all = mien_calloc(640 * 480, 2);
    assert_int_equal(pread(device.fd, all, 640 * 480 * 2, 0), 640 * 480 * 2);
    for (size_t i = 0; i < 640 * 480; i++) {
        bright += all[2 * i] > 60;
    }
    assert_true(bright > 1000);
    mien_free(all);
    assert_true(mien_sink_close(s));
    mien_image_destroy(&im);
    device.fd = -1;
}

// Two UDP sockets beside each other would hide each other's packets: one port a kind.
static int open_udp(int *port)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

// A packet came, or somebody listens there.
static bool is_sent_or_served(int fd, int port)
{
    char packet[65536];
    if (recv(fd, packet, sizeof(packet), MSG_DONTWAIT) > 0) {
        return true;
    }
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    bool listens = connect(tcp, (struct sockaddr *)&a, sizeof(a)) == 0;
    close(tcp);
    return listens;
}

// One kind: opened as on the command line, given two frames, closed; what it promises to let out
// came out.
static void walk_kind(const struct mien_sink_kind *k)
{
    static const enum mien_traffic traffic_of[] = {
        [MIEN_SINK_NONE] = MIEN_TRAFFIC_NONE,
        [MIEN_SINK_FILE] = MIEN_TRAFFIC_FILE,
        [MIEN_SINK_FILE_OR_STDOUT] = MIEN_TRAFFIC_FILE,
        [MIEN_SINK_ADDRESS] = MIEN_TRAFFIC_NETWORK,
        [MIEN_SINK_ADDRESS_OR_TARGET] = MIEN_TRAFFIC_NETWORK,
        [MIEN_SINK_DEVICE] = MIEN_TRAFFIC_CAMERA,
    };
    char spec[400];
    int port = 0, fd = open_udp(&port), n = 0;
    struct mien_sink *s[MIEN_SINKS_MAX];
    assert_int_equal(k->traffic, traffic_of[k->argument]);
    switch (k->traffic) {
    case MIEN_TRAFFIC_FILE:
        snprintf(spec, sizeof(spec), "%s:%s", k->name, in_dir(k->name));
        break;
    case MIEN_TRAFFIC_NETWORK:
        snprintf(spec, sizeof(spec), "%s:%s127.0.0.1:%d", k->name,
                 k->argument == MIEN_SINK_ADDRESS_OR_TARGET ? "to=" : "", port);
        break;
    case MIEN_TRAFFIC_CAMERA:
        snprintf(spec, sizeof(spec), "%s:/dev/test-video", k->name);
        break;
    default:
        snprintf(spec, sizeof(spec), "%s", k->name);
    }
    assert_true(mien_sinks_check(spec, NULL));
    assert_int_equal(mien_sink_traffic(spec), k->traffic);
    assert_true(mien_sinks_open(spec, &camera_context, s, &n));
    struct mien_image im = {0};
    assert_true(mien_image_create(&im, 640, 480, MIEN_FORMAT_RGB8));
    struct mien_result *r = scene_result(&model);
    struct mien_sink_frame f = {.source = "test", .picture = &im, .result = r};
    for (int i = 0; i < 2; i++) {
        r->frame = (uint64_t)i;
        assert_true(mien_sink_write(s[0], &f));
        mien_sink_idle(s[0]);
    }
    if (k->traffic == MIEN_TRAFFIC_NETWORK && !is_sent_or_served(fd, port)) {
        fail_msg("%s sends nothing", spec);
    }
    if (k->traffic == MIEN_TRAFFIC_CAMERA) {
        assert_true(lseek(device.fd, 0, SEEK_END) > 0);
    }
    assert_true(mien_sink_close(s[0]));
    struct stat st;
    if (k->traffic == MIEN_TRAFFIC_FILE && (stat(in_dir(k->name), &st) || st.st_size < 40)) {
        fail_msg("%s writes nothing", spec);
    }
    mien_image_destroy(&im);
    close(fd);
    device.fd = -1;
}

static void test_every_kind(void **state)
{
    const struct mien_sink_kind *k;
    size_t size;
    char *guides = read_guides(), help[MIEN_SINKS_HELP_SIZE];
    char *man = mien_file_read("assets/mien.1", 1 << 20, &size);
    mien_sinks_help(help);
    assert_true(strlen(help) + 1 < sizeof(help));
    memset(&device, 0, sizeof(device));
    device.fd = -1;
    device.output = true;
    int kinds = 0;
    for (; (k = mien_sink_kind_at(kinds)); kinds++) {
        if (!names_word(guides, k->name) || !names_word(man, k->name)) {
            fail_msg("README.md and its pages, or assets/mien.1, do not name the output %s",
                     k->name);
        }
        assert_true(strlen(k->name) < 16 && k->what && strlen(k->what) < 40);
        assert_int_equal(strncmp(k->help, k->name, strlen(k->name)), 0);
        assert_ptr_equal(mien_sink_kind_of(k->name), k); // no other one before it
        if (k->example) {
            assert_true(mien_sinks_check(k->example, NULL));
            assert_ptr_equal(mien_sink_kind_of(k->example), k);
        }
        walk_kind(k);
    }
    assert_true(kinds >= 17);
    assert_null(mien_sink_kind_of("bogus:x"));
    assert_int_equal(mien_sink_traffic("bogus:x"), MIEN_TRAFFIC_NETWORK);
    mien_free(guides);
    mien_free(man);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(test_tidy), cmocka_unit_test(test_openface),
          cmocka_unit_test(test_openface_cells), cmocka_unit_test(test_mediapipe),
          cmocka_unit_test(test_livelink_take), cmocka_unit_test(test_gltf),
          cmocka_unit_test(test_virtual_camera), cmocka_unit_test(test_every_kind))

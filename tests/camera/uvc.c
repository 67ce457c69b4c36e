// A USB Video Class webcam without hardware, for the camera tests: a USB/IP device emulated in this
// process and attached through the kernel's vhci_hcd, so that the real uvcvideo driver binds to it.
//
//   uvc [-m MODE] SMALL.jpg LARGE.jpg
//
// Streams YUYV and MJPG at 640x480 and 1280x720, 30 or 15 frames a second, over one bulk endpoint.
// MODE: "good", "truncate" (every fifth JPEG is cut in half), "error" (every fifth frame carries
// the UVC error bit), "freeze" (the first stream stops after 20 frames). SIGTERM unplugs it.
//
// The wire protocol is USB/IP (kernel: Documentation/usb/usbip_protocol.rst): 48-byte big-endian
// headers. The descriptors follow USB Video Class 1.0, little-endian. One thread, one socket.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CMD_SUBMIT = 1, CMD_UNLINK = 2, RET_SUBMIT = 3, RET_UNLINK = 4 };
enum { PAYLOAD = 16384, QUEUE = 64, FORMAT_YUYV = 1, FORMAT_MJPG = 2 };
enum { INTERVAL_30 = 333333, INTERVAL_15 = 666666 }; // 100 ns

struct packet {
    uint32_t command, sequence, device, direction, endpoint;
    uint32_t word[5]; // submit: flags, length, …; unlink: the victim's sequence number
    uint8_t setup[8];
};

#define U16(v) (uint8_t)((v)&255), (uint8_t)((v) >> 8 & 255)
#define U32(v) U16((v)&0xffff), U16((uint32_t)(v) >> 16)

static const uint8_t device_descriptor[] = {18,          1,           U16(0x200), 0xef, 2, 1, 64,
                                            U16(0x1d6b), U16(0x0102), U16(0x100), 1,    2, 3, 1};

#define FRAME(kind, number, w, h)                                                              \
    34, 0x24, kind, number, 0, U16(w), U16(h), U32((w) * (h)*16 * 15), U32((w) * (h)*16 * 30), \
        U32((w) * (h)*2), U32(INTERVAL_30), 2, U32(INTERVAL_30), U32(INTERVAL_15)

enum { STREAM_HEADER = 15, UNCOMPRESSED = 27, MJPEG = 11, FRAMES = 2 * 34, COLOUR = 6 };
enum { CONTROL_LENGTH = 13 + 17 + 9 };
enum { STREAM_LENGTH = STREAM_HEADER + UNCOMPRESSED + FRAMES + COLOUR + MJPEG + FRAMES + COLOUR };
enum { TOTAL = 9 + 8 + 9 + CONTROL_LENGTH + 9 + STREAM_LENGTH + 7 };

static const uint8_t configuration[] = {
    9,
    2,
    U16(TOTAL),
    2,
    1,
    0,
    0x80,
    250, // two interfaces
    8,
    11,
    0,
    2,
    14,
    3,
    0,
    2, // association: video
    9,
    4,
    0,
    0,
    0,
    14,
    1,
    0,
    2, // interface 0: control
    13,
    0x24,
    1,
    U16(0x100),
    U16(CONTROL_LENGTH),
    U32(48000000),
    1,
    1,
    17,
    0x24,
    2,
    1,
    U16(0x201),
    0,
    0,
    U16(0),
    U16(0),
    U16(0),
    2,
    0x0e, // exposure: mode, priority, time
    0,    // terminal 1: camera
    9,
    0x24,
    3,
    2,
    U16(0x101),
    0,
    1,
    0, // terminal 2: USB, fed by 1
    9,
    4,
    1,
    0,
    1,
    14,
    2,
    0,
    0, // interface 1: streaming
    15,
    0x24,
    1,
    2,
    U16(STREAM_LENGTH),
    0x81,
    0,
    2,
    0,
    0,
    0,
    1,
    0,
    0,
    27,
    0x24,
    4,
    FORMAT_YUYV,
    2,
    'Y',
    'U',
    'Y',
    '2',
    0,
    0,
    0x10,
    0,
    0x80,
    0,
    0,
    0xaa,
    0,
    0x38,
    0x9b,
    0x71,
    16,
    1,
    0,
    0,
    0,
    0,
    FRAME(5, 1, 640, 480),
    FRAME(5, 2, 1280, 720),
    6,
    0x24,
    13,
    1,
    1,
    4,
    11,
    0x24,
    6,
    FORMAT_MJPG,
    2,
    0,
    1,
    0,
    0,
    0,
    0,
    FRAME(7, 1, 640, 480),
    FRAME(7, 2, 1280, 720),
    6,
    0x24,
    13,
    1,
    1,
    4,
    7,
    5,
    0x81,
    2,
    U16(512),
    0 // bulk in
};
_Static_assert(sizeof configuration == TOTAL, "descriptor length");

static const int width_of[3] = {0, 640, 1280}, height_of[3] = {0, 480, 720};

static struct {
    int fd;
    const char *mode;
    uint8_t *jpeg[3];
    size_t jpeg_size[3];
    uint8_t probe[26], commit[26];
    struct packet pending[QUEUE]; // bulk requests that wait for data
    int count;
    const uint8_t *frame; // being sent, NULL between frames
    size_t size, sent;
    unsigned number;  // of frames since the stream began
    unsigned streams; // begun so far
    uint8_t toggle;
    uint32_t exposure[3]; // mode (1: manual, 8: automatic), may slow down, time in 100 us
    int64_t due_ns;
    uint8_t yuyv[1280 * 720 * 2];
} cam;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static bool transfer(bool out, void *data, size_t n)
{
    uint8_t *p = data;
    while (n) {
        ssize_t r = out ? write(cam.fd, p, n) : read(cam.fd, p, n);
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r <= 0) {
            return false;
        }
        p += r;
        n -= (size_t)r;
    }
    return true;
}

static bool reply(const struct packet *to, int status, void *data, uint32_t n)
{
    struct packet r = {.command = htonl(RET_SUBMIT), .sequence = to->sequence};
    r.word[0] = htonl((uint32_t)status);
    r.word[1] = htonl(n);
    return transfer(true, &r, sizeof r) && (!data || !n || transfer(true, data, n));
}

static uint32_t get32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

// The streaming parameters nearest to what was asked for.
static void settle(uint8_t *out, int format, int frame, uint32_t interval)
{
    format = format == FORMAT_MJPG ? FORMAT_MJPG : FORMAT_YUYV;
    frame = frame == 2 ? 2 : 1;
    interval = interval == INTERVAL_15 ? INTERVAL_15 : INTERVAL_30;
    uint8_t v[26] = {1, 0, (uint8_t)format, (uint8_t)frame, U32(interval)};
    uint8_t sizes[8] = {U32(width_of[frame] * height_of[frame] * 2), U32(PAYLOAD)};
    memcpy(v + 18, sizes, 8);
    memcpy(out, v, 26);
}

static void begin_frame(void)
{
    int size = cam.commit[3];
    bool fifth = cam.number % 5 == 4;
    if (cam.commit[2] == FORMAT_MJPG) {
        cam.frame = cam.jpeg[size];
        cam.size = cam.jpeg_size[size];
        if (fifth && !strcmp(cam.mode, "truncate")) {
            cam.size /= 2;
        }
    } else {
        int w = width_of[size], h = height_of[size];
        cam.size = (size_t)w * (size_t)h * 2;
        // A grey ramp that moves, so that frames differ.
        for (size_t i = 0; i < cam.size; i += 2) {
            cam.yuyv[i] = (uint8_t)(16 + (i / 2 % (size_t)w / 8 + cam.number) % 200);
            cam.yuyv[i + 1] = 128;
        }
        cam.frame = cam.yuyv;
    }
    cam.sent = 0;
    cam.number++;
}

// Answers waiting requests while there is something to send. False when the host is gone.
static bool pump(void)
{
    static uint8_t b[PAYLOAD];
    while (cam.count) {
        if (!cam.frame) {
            int64_t t = now_ns();
            if (t < cam.due_ns ||
                (!strcmp(cam.mode, "freeze") && cam.streams == 1 && cam.number == 20)) {
                return true;
            }
            cam.due_ns += get32(cam.commit + 4) * 100LL;
            cam.due_ns = cam.due_ns < t - 500000000LL ? t : cam.due_ns;
            begin_frame();
        }
        uint32_t room = ntohl(cam.pending[0].word[1]);
        room = room > PAYLOAD ? PAYLOAD : room;
        size_t n = room - 2 < cam.size - cam.sent ? room - 2 : cam.size - cam.sent;
        bool last = cam.sent + n == cam.size;
        bool bad = last && !strcmp(cam.mode, "error") && cam.number % 5 == 0;
        b[0] = 2; // header: length, then end of header | toggle | end of frame | error
        b[1] = (uint8_t)(0x80 | cam.toggle | (last ? 2 : 0) | (bad ? 0x40 : 0));
        memcpy(b + 2, cam.frame + cam.sent, n);
        if (!reply(&cam.pending[0], 0, b, (uint32_t)n + 2)) {
            return false;
        }
        memmove(cam.pending, cam.pending + 1, sizeof cam.pending[0] * (size_t)--cam.count);
        cam.sent += n;
        if (last) {
            cam.frame = NULL;
            cam.toggle ^= 1;
        }
    }
    return true;
}

static int string_descriptor(int i, uint8_t *b)
{
    static const char *const text[] = {"", "mien tests", "Paper Cam", "0042"};
    if (i == 0) {
        memcpy(b, (uint8_t[]){4, 3, U16(0x0409)}, 4);
        return 4;
    }
    if (i > 3) {
        return -1;
    }
    int n = 2;
    for (const char *c = text[i]; *c; c++) {
        b[n++] = (uint8_t)*c;
        b[n++] = 0;
    }
    b[0] = (uint8_t)n;
    b[1] = 3;
    return n;
}

static int standard_request(const uint8_t *s, uint8_t *b)
{
    static const uint8_t qualifier[10] = {10, 6, U16(0x200), 0xef, 2, 1, 64, 1, 0};
    int type = s[3], index = s[2];
    if (s[0] == 0x80 && s[1] == 6) { // GET_DESCRIPTOR
        switch (type) {
        case 1:
            memcpy(b, device_descriptor, sizeof device_descriptor);
            return sizeof device_descriptor;
        case 2:
            memcpy(b, configuration, sizeof configuration);
            return sizeof configuration;
        case 3:
            return string_descriptor(index, b);
        case 6:
            memcpy(b, qualifier, sizeof qualifier);
            return sizeof qualifier;
        default:
            return -1;
        }
    }
    if (s[0] == 0x80 && s[1] == 0) { // GET_STATUS
        b[0] = b[1] = 0;
        return 2;
    }
    if (s[0] == 0x81 && s[1] == 10) { // GET_INTERFACE
        b[0] = 0;
        return 1;
    }
    if (!(s[0] & 0x80)) {
        if (s[0] == 2 && s[1] == 1) { // CLEAR_FEATURE of the endpoint: the stream stops
            cam.frame = NULL;
            cam.toggle = 0;
        }
        return 0;
    }
    return -1;
}

// Probe and commit of the streaming interface (USB Video Class 1.0, 4.3.1.1).
// The camera's exposure (CT_AE_MODE_CONTROL 2, CT_AE_PRIORITY_CONTROL 3,
// CT_EXPOSURE_TIME_ABSOLUTE_CONTROL 4): automatic, free to slow down, 50 ms until it is told.
static int exposure_request(const uint8_t *s, const uint8_t *data, uint8_t *b)
{
    static const struct {
        uint8_t size;
        uint32_t least, most, step, usual;
    } controls[] = {{1, 1, 8, 1 | 8, 8}, {1, 0, 1, 1, 1}, {4, 1, 5000, 1, 500}};
    unsigned i = s[3] - 2u;
    if (i > 2) {
        return -1;
    }
    uint32_t v = 0;
    switch (s[1]) {
    case 0x01: // SET_CUR
        cam.exposure[i] = i == 2 ? get32(data) : data[0];
        printf("uvc: exposure control %u is %u\n", i + 2, cam.exposure[i]);
        return 0;
    case 0x81: // GET_CUR
        v = cam.exposure[i];
        break;
    case 0x82: // GET_MIN
        v = controls[i].least;
        break;
    case 0x83: // GET_MAX
        v = controls[i].most;
        break;
    case 0x84: // GET_RES
        v = controls[i].step;
        break;
    case 0x85: // GET_LEN
        b[0] = controls[i].size;
        b[1] = 0;
        return 2;
    case 0x86: // GET_INFO
        b[0] = 3;
        return 1;
    case 0x87: // GET_DEF
        v = controls[i].usual;
        break;
    default:
        return -1;
    }
    memcpy(b, (uint8_t[]){U32(v)}, 4);
    return controls[i].size;
}

static int video_request(const uint8_t *s, const uint8_t *data, uint8_t *b)
{
    if (s[4] == 0 && s[5] == 1) {
        return exposure_request(s, data, b);
    }
    uint8_t *t = s[3] == 1 ? cam.probe : s[3] == 2 ? cam.commit : NULL;
    if (s[4] != 1 || !t) {
        return -1;
    }
    switch (s[1]) {
    case 0x01: // SET_CUR
        settle(t, data[2], data[3], get32(data + 4));
        if (t == cam.commit) {
            cam.frame = NULL;
            cam.number = 0;
            cam.streams++;
            cam.due_ns = now_ns();
            printf("uvc: streams format %d size %d\n", t[2], t[3]);
        }
        return 0;
    case 0x81: // GET_CUR
        memcpy(b, t, 26);
        return 26;
    case 0x82: // GET_MIN
    case 0x87: // GET_DEF
        settle(b, FORMAT_YUYV, 1, INTERVAL_30);
        return 26;
    case 0x83: // GET_MAX
        settle(b, FORMAT_MJPG, 2, INTERVAL_15);
        return 26;
    case 0x84: // GET_RES
        memset(b, 0, 26);
        return 26;
    case 0x85: // GET_LEN
        b[0] = 26;
        b[1] = 0;
        return 2;
    case 0x86: // GET_INFO
        b[0] = 3;
        return 1;
    default:
        return -1;
    }
}

static bool control(const struct packet *p, const uint8_t *data)
{
    uint8_t b[1024] = {0};
    const uint8_t *s = p->setup;
    int wanted = s[6] | s[7] << 8;
    int n = (s[0] & 0x60) == 0x20 ? video_request(s, data, b) : standard_request(s, b);
    if (n < 0) {
        return reply(p, -EPIPE, NULL, 0);
    }
    if (p->direction == htonl(1)) {
        return reply(p, 0, b, (uint32_t)(n < wanted ? n : wanted));
    }
    return reply(p, 0, NULL, (uint32_t)wanted);
}

static bool unlink_request(const struct packet *p)
{
    struct packet r = {.command = htonl(RET_UNLINK), .sequence = p->sequence};
    for (int i = 0; i < cam.count; i++) {
        if (cam.pending[i].sequence == p->word[0]) {
            memmove(cam.pending + i, cam.pending + i + 1,
                    sizeof cam.pending[0] * (size_t)(--cam.count - i));
            r.word[0] = htonl((uint32_t)-ECONNRESET);
            break;
        }
    }
    return transfer(true, &r, sizeof r);
}

static bool serve_one(void)
{
    struct packet p;
    uint8_t data[4096] = {0};
    if (!transfer(false, &p, sizeof p)) {
        return false;
    }
    if (ntohl(p.command) == CMD_UNLINK) {
        return unlink_request(&p);
    }
    uint32_t n = ntohl(p.word[1]);
    bool in = p.direction == htonl(1);
    if (!in && n && (n > sizeof data || !transfer(false, data, n))) {
        return false;
    }
    if (ntohl(p.endpoint) == 0) {
        return control(&p, data);
    }
    if (!in || cam.count == QUEUE) {
        return reply(&p, -EPIPE, NULL, 0);
    }
    cam.pending[cam.count++] = p;
    return true;
}

static bool load(const char *path, int k)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return false;
    }
    cam.jpeg[k] = malloc(1 << 20);
    cam.jpeg_size[k] = cam.jpeg[k] ? fread(cam.jpeg[k], 1, 1 << 20, f) : 0;
    fclose(f);
    return cam.jpeg_size[k] > 0;
}

static bool attach(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
        return false;
    }
    int f = open("/sys/devices/platform/vhci_hcd.0/attach", O_WRONLY);
    char text[64];
    // port, socket, device id (bus 1, device 1), speed 3 = high
    int n = snprintf(text, sizeof text, "0 %d %d 3", pair[1], 1 << 16 | 1);
    bool ok = f >= 0 && write(f, text, (size_t)n) == n;
    if (!ok) {
        perror("uvc: attaching to vhci_hcd");
    }
    if (f >= 0) {
        close(f);
    }
    close(pair[1]);
    cam.fd = pair[0];
    return ok;
}

int main(int argc, char **argv)
{
    cam.mode = "good";
    int at = 1;
    if (argc > 2 && !strcmp(argv[1], "-m")) {
        cam.mode = argv[2];
        at = 3;
    }
    if (argc - at != 2 || !load(argv[at], 1) || !load(argv[at + 1], 2)) {
        fprintf(stderr, "usage: uvc [-m good|truncate|error|freeze] SMALL.jpg LARGE.jpg\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    memcpy(cam.exposure, (uint32_t[]){8, 1, 500}, sizeof cam.exposure);
    settle(cam.probe, FORMAT_YUYV, 1, INTERVAL_30);
    settle(cam.commit, FORMAT_YUYV, 1, INTERVAL_30);
    if (!attach()) {
        return 1;
    }
    for (;;) {
        int wait_ms = 100;
        if (cam.count && !cam.frame) {
            int64_t ms = (cam.due_ns - now_ns()) / 1000000 + 1;
            wait_ms = ms < 1 ? 20 : ms > 100 ? 100 : (int)ms;
        }
        struct pollfd f = {.fd = cam.fd, .events = POLLIN};
        if (poll(&f, 1, wait_ms) > 0 && !serve_one()) {
            return 0;
        }
        if (!pump()) {
            return 0;
        }
    }
}

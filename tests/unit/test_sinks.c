// Sinks that send: packets byte by byte against the specification, and through real readers
// (liblo's server; tests/readers.py, which shares no code with them).
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <lo/lo.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "sink/avatar.h"
#include "sink/net.h"
#include "sink/sinks.h"
#include "patience.h"
#include "sinks_scene.h"
#include "sinks_folder.h"
#include "run_tests.h"

static const struct mien_sink_context with_model = {.model = &model};

// A receiver on loopback and the text "127.0.0.1:PORT" for a sink.
static int receiver(char *where, size_t size)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&a, n));
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    snprintf(where, size, "127.0.0.1:%d", ntohs(a.sin_port));
    return fd;
}

static size_t receive(int fd, uint8_t *packet, size_t size)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, PATIENCE_S * 1000), 1);
    ssize_t n = recv(fd, packet, size, 0);
    assert_true(n > 0);
    return (size_t)n;
}

// Writes one frame to a sink, receives what it sends and closes it.
static size_t packet_of(struct mien_sink *s, const struct mien_result *r, int fd, uint8_t *packet,
                        size_t size)
{
    assert_non_null(s);
    struct mien_sink_frame f = {.source = "test", .result = r};
    assert_true(mien_sink_write(s, &f));
    size_t n = receive(fd, packet, size);
    assert_true(mien_sink_close(s));
    close(fd);
    return n;
}

// Writes frames until a packet says it: a request may reach the sink later than a frame does.
static size_t receive_until(struct mien_sink *s, const struct mien_sink_frame *f, int fd,
                            const char *what, uint8_t *packet, size_t size)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t limit = patience_ns();
    while (mien_now_ns() < limit) {
        assert_true(mien_sink_write(s, f));
        ssize_t n = poll(&p, 1, 20) == 1 ? recv(fd, packet, size - 1, 0) : 0;
        packet[n > 0 ? n : 0] = 0;
        if (strstr((char *)packet, what)) {
            return (size_t)n;
        }
    }
    fail_msg("no packet says %s", what);
    return 0;
}

// What an independent decoder says of these bytes: a line of "name value" pairs in Python.
static void decoder_says(const char *format, const uint8_t *packet, size_t size)
{
    char path[300], command[700];
    snprintf(path, sizeof(path), "%s/%s.bin", dir, format);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(packet, 1, size, f), size);
    fclose(f);
    if (system("python3 -c '' 2>/dev/null")) {
        skip();
    }
    snprintf(command, sizeof(command), "python3 tests/readers.py %s '%s'", format, path);
    assert_int_equal(system(command), 0);
}

static void test_addresses(void **state)
{
    static const struct {
        const char *text, *host, *port; // host NULL: refused
    } cases[] = {
        {"", "d", "7"},
        {"9000", "d", "9000"},
        {":9000", "d", "9000"},
        {"host", "host", "7"},
        {"host:1", "host", "1"},
        {"host:65535", "host", "65535"},
        {"10.0.0.1:80", "10.0.0.1", "80"},
        {"[::1]:80", "::1", "80"},
        {"[::1]", "::1", "7"},
        {"::1", "::1", "7"},
        {"fe80::1", "fe80::1", "7"},
        {"host:0", NULL, NULL},
        {"host:65536", NULL, NULL},
        {"host:", NULL, NULL},
        {"host:x", NULL, NULL},
        {"host:-1", NULL, NULL},
        {"host: 1", NULL, NULL},
        {"0", NULL, NULL},
        {"123456", NULL, NULL},
        {"[::1", NULL, NULL},
        {"[::1]80", NULL, NULL},
        {"[host]:80", NULL, NULL},
        {"a:b:c", NULL, NULL},
    };
    for (size_t i = 0; i < MIEN_COUNT(cases); i++) {
        struct mien_address a;
        struct mien_why why = {0};
        bool ok = mien_address_parse(cases[i].text, "d", 7, &a, &why);
        if (ok != (cases[i].host != NULL)) {
            fail_msg("\"%s\" is %s", cases[i].text, ok ? "taken" : "refused");
        }
        if (ok) {
            assert_string_equal(a.host, cases[i].host);
            assert_string_equal(a.port, cases[i].port);
        } else {
            assert_true(*why.text);
        }
    }
}

static void test_lists_are_checked(void **state)
{
    struct mien_why why = {0};
    static const char *const good[] = {"vmc",
                                       "vmc:127.0.0.1:39539,osf,livelink:[::1]:11111",
                                       "ifacialmocap:to=10.0.0.2:49983",
                                       "ws:8080,null",
                                       "gltf:a.glb,csv:x,jsonl",
                                       "loopback:/dev/video9",
                                       "facecap,opentrack:4242"};
    static const char *const bad[] = {"vmx",      "vmc:host:port", "gltf",
                                      "gltf:-",   "loopback",      "null:x",
                                      "ws:a:b:c", ",vmc",          "ifacialmocap:to=x:99999"};
    for (size_t i = 0; i < MIEN_COUNT(good); i++) {
        if (!mien_sinks_check(good[i], &why)) {
            fail_msg("%s: %s", good[i], why.text);
        }
    }
    for (size_t i = 0; i < MIEN_COUNT(bad); i++) {
        if (mien_sinks_check(bad[i], &why)) {
            fail_msg("%s is taken", bad[i]);
        }
        assert_true(*why.text);
    }
    assert_true(mien_sinks_use_stdout("vmc,openface"));
    assert_false(mien_sinks_use_stdout("vmc,openface:x.csv,ws"));
    assert_true(mien_sinks_need_pictures("vmc,loopback:/dev/video9"));
}

static void test_names_that_cannot_be_resolved_and_lists_that_fail(void **state)
{
    struct mien_sink *sink[MIEN_SINKS_MAX];
    struct mien_sink_context c = {.model = &model, .frames_per_s = 30};
    int n = 5;
    assert_false(mien_sinks_open("null,vmc:no.such.host.invalid:1", &c, sink, &n));
    assert_int_equal(n, 0); // the first was closed again
    assert_false(mien_sinks_open("gltf:/no/such/folder/a.glb", &c, sink, &n));
    assert_false(mien_sinks_open("loopback:/dev/null", &c, sink, &n));
    assert_false(mien_sinks_open("loopback:/dev/no-such-device", &c, sink, &n));
}

static void test_opentrack_bytes(void **state)
{
    char where[64];
    uint8_t packet[256];
    int fd = receiver(where, sizeof(where));
    struct mien_result *r = scene_result(&model);
    mien_pose_from_angles(0, 0, 0, r->face[0].pose.R);
    memcpy(r->face[0].pose.t, (float[]){-10, 20, -5120}, 12);
    assert_int_equal(
        packet_of(mien_sink_open("opentrack", where, NULL), r, fd, packet, sizeof(packet)), 48);
    // 1.0, 2.0, 512.0, little-endian IEEE 754; then angles of zero (of either sign).
    static const uint8_t want[24] = {0, 0, 0, 0,    0, 0, 0xF0, 0x3F, 0, 0, 0,    0,
                                     0, 0, 0, 0x40, 0, 0, 0,    0,    0, 0, 0x80, 0x40};
    double v[3];
    memcpy(v, packet, 24); // 0.1 is no power of two: the last bits may differ
    assert_float_equal(v[0], 1, 1e-6);
    assert_int_equal(packet[7], want[7]);
    assert_float_equal(v[1], 2, 1e-6);
    assert_int_equal(packet[15], want[15]);
    assert_float_equal(v[2], 512, 1e-4);
    for (int i = 24; i < 48; i++) {
        assert_true(packet[i] == 0 || (i % 8 == 7 && packet[i] == 0x80));
    }
}

static void test_livelink_bytes(void **state)
{
    char where[64];
    uint8_t packet[1024];
    int fd = receiver(where, sizeof(where));
    struct mien_result *r = scene_result(&model);
    r->face[0].action[MIEN_BS_EYE_BLINK_LEFT] = 0.5f;
    r->face[0].action[MIEN_BS_TONGUE_OUT] = 1;
    size_t n = packet_of(
        mien_sink_open("livelink", where, &(struct mien_sink_context){.frames_per_s = 60}), r, fd,
        packet, sizeof(packet));
    // 1 + 4 + 36 + 4 + 4 + 16 + 1 + 244
    assert_int_equal(n, 310);
    static const uint8_t head[] = {6, 0, 0, 0, 36, 'm', 'i', 'e', 'n', '0', '0', '0', '0', '-'};
    assert_memory_equal(packet, head, sizeof(head));
    static const uint8_t rest[] = {0,  0,    0, 4,  'm', 'i', 'e', 'n', // subject
                                   0,  0,    0, 0,  0,   0,   0,   0,   // frame 0, part 0
                                   0,  0,    0, 60, 0,   0,   0,   1,   // 60/1
                                   61, 0x3F, 0, 0,  0};                 // 61 curves; 0.5
    assert_memory_equal(packet + 41, rest, sizeof(rest));
    static const uint8_t one[] = {0x3F, 0x80, 0, 0};
    assert_memory_equal(packet + 66 + 4 * 51, one, 4);
    decoder_says("livelink", packet, n);
    // Without a face the packet ends after the frame time.
    fd = receiver(where, sizeof(where));
    r->count = 0;
    assert_int_equal(packet_of(mien_sink_open("livelink", where,
                                              &(struct mien_sink_context){.frames_per_s = 60}),
                               r, fd, packet, sizeof(packet)),
                     65);
}

static void test_osf_bytes(void **state)
{
    char where[64];
    static uint8_t packet[20000];
    int fd = receiver(where, sizeof(where));
    struct mien_result *r = scene_result(&model);
    r->face[0].action[MIEN_BS_EYE_BLINK_RIGHT] = 1;
    size_t n = packet_of(mien_sink_open("osf", where, &with_model), r, fd, packet, sizeof(packet));
    assert_int_equal(n, 1785);
    static const uint8_t head[] = {0, 0, 0,    0,    0, 0, 0xF8, 0x3F, // 1.5 s
                                   0, 0, 0,    0,                      // the first face
                                   0, 0, 0x20, 0x44,                   // 640
                                   0, 0, 0xF0, 0x43,                   // 480
                                   0, 0, 0,    0,                      // right eye closed
                                   0, 0, 0x80, 0x3F, 1};               // left open; pose is good
    assert_memory_equal(packet, head, sizeof(head));
    decoder_says("osf", packet, n);
    fd = receiver(where, sizeof(where));
    scene_add_face(r, &model, -20, 5, 3, 80, -700);
    assert_int_equal(
        packet_of(mien_sink_open("osf", where, &with_model), r, fd, packet, sizeof(packet)), 3570);
    assert_int_equal(packet[1785 + 8], 1); // the second's id
}

static float f32_at(const uint8_t *packet, size_t at)
{
    float v;
    memcpy(&v, packet + at, sizeof(v));
    return v;
}

// OpenSeeFace's points are iBUG's as the result and the model mix them, and so is the one anchor
// of translation and model points: the nose of this face with this expression.
static void test_osf_points(void **state)
{
    char where[64];
    static uint8_t packet[20000];
    int fd = receiver(where, sizeof(where));
    struct mien_result *r = scene_result(&model);
    struct mien_face_result *f = &r->face[0];
    f->blendshape[MIEN_BS_NOSE_SNEER_LEFT] = f->blendshape[MIEN_BS_NOSE_SNEER_RIGHT] = 1;
    int vague = model.ibug_mix[2].landmark[0]; // known to be nowhere: point 2 has it, 45 has not
    f->landmark_sigma_px[vague] = 1000;
    assert_int_equal(
        packet_of(mien_sink_open("osf", where, &with_model), r, fd, packet, sizeof(packet)), 1785);
    float apart = 0;
    for (int i = 0; i < 48; i++) { // so far their numbers are iBUG's
        for (int k = 0; k < 2; k++) {
            float sent = f32_at(packet, 345 + 8 * (size_t)i + 4 * (size_t)k);
            assert_true(sent == f->ibug_px[i][k]);
            apart = fmaxf(apart, fabsf(sent - f->landmark_px[model.ibug[i]][k]));
        }
    }
    assert_true(apart > 5); // no single landmark would do
    assert_true(f32_at(packet, 73 + 4 * 2) < 0.5f * f32_at(packet, 73 + 4 * 45));
    assert_true(f32_at(packet, 73 + 4 * 2) >= 0);
    // The outer corners of the mean model's eyes are 0.65962 apart.
    float a[3], b[3], nose[3], turned[3], head[MIEN_LANDMARKS_MAX][3], calm[MIEN_LANDMARKS_MAX][3];
    mien_face_model_ibug(&model, 36, model.landmark_mean, 3, 3, a);
    mien_face_model_ibug(&model, 45, model.landmark_mean, 3, 3, b);
    float unit = hypotf(hypotf(a[0] - b[0], a[1] - b[1]), a[2] - b[2]) / 0.65962f;
    mien_face_model_landmarks(&model, f->identity, f->blendshape, &head[0][0]);
    mien_face_model_landmarks(&model, f->identity, NULL, &calm[0][0]);
    mien_face_model_ibug(&model, 30, &calm[0][0], 3, 3, a);
    mien_face_model_ibug(&model, 30, &head[0][0], 3, 3, nose);
    assert_true(fabsf(a[1] - nose[1]) > 0.1f); // a sneer lifts the nose
    mien_mat3_mul_vec(f->pose.R, nose, turned);
    assert_float_equal(f32_at(packet, 61), (turned[1] + f->pose.t[1]) / unit, 1e-4);
    assert_float_equal(f32_at(packet, 65), -(turned[0] + f->pose.t[0]) / unit, 1e-4);
    assert_float_equal(f32_at(packet, 69), (turned[2] + f->pose.t[2]) / unit, 1e-4);
    // Point 1 of the model, whose y and z are sent with the other sign.
    mien_face_model_ibug(&model, 1, &head[0][0], 3, 3, a);
    assert_float_equal(f32_at(packet, 889 + 12), (nose[0] - a[0]) / unit, 1e-5);
    assert_float_equal(f32_at(packet, 889 + 16), (nose[1] - a[1]) / unit, 1e-5);
    assert_float_equal(f32_at(packet, 889 + 20), (nose[2] - a[2]) / unit, 1e-5);
}

static void test_ifacialmocap(void **state)
{
    uint8_t packet[4096];
    char where[80];
    int probe = receiver(where, sizeof(where)); // a free port
    close(probe);
    struct mien_sink *s = mien_sink_open("ifacialmocap", where, NULL);
    assert_non_null(s);
    struct mien_result *r = scene_result(&model);
    r->face[0].action[MIEN_BS_MOUTH_SMILE_LEFT] = 0.734f;
    mien_pose_from_angles(20, 0, 0, r->face[0].pose.R);
    // In the head, the left eye looks 10 degrees to its side, the right one 5 the other way.
    memcpy(r->face[0].gaze_deg, (float[2][2]){{30, 0}, {15, 0}}, sizeof(r->face[0].gaze_deg));
    struct mien_sink_frame f = {.source = "test", .result = r};
    assert_true(mien_sink_write(s, &f)); // nobody asked
    char own[64];
    int fd = receiver(own, sizeof(own));
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strchr(where, ':') + 1)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static const char wrong[] = "iFacialMocap_sahua",
                      hello[] = "iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719",
                      second[] = "iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719|"
                                 "sendDataVersion=v2";
    sendto(fd, wrong, sizeof(wrong) - 1, 0, (struct sockaddr *)&to, sizeof(to));
    usleep(20000);
    mien_sink_write(s, &f);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 100), 0); // not for them
    sendto(fd, hello, sizeof(hello) - 1, 0, (struct sockaddr *)&to, sizeof(to));
    size_t n = receive_until(s, &f, fd, "|mouthSmile_L-73|", packet, sizeof(packet));
    assert_non_null(strstr((char *)packet, "|mouthLeft-0|"));
    assert_non_null(strstr((char *)packet, "|jawOpen-50|"));
    assert_non_null(strstr((char *)packet, "|=head#0.0000,20.0000,0.0000,0.0300,0.0000,-0.6000|"
                                           "rightEye#0.0000,-5.0000,0.0000|"
                                           "leftEye#0.0000,10.0000,0.0000|"));
    decoder_says("ifacialmocap", packet, n);
    sendto(fd, second, sizeof(second) - 1, 0, (struct sockaddr *)&to, sizeof(to));
    receive_until(s, &f, fd, "|mouthSmile_L&73|", packet, sizeof(packet));
    // A client that went away is forgotten, and nothing waits for it.
    close(fd);
    for (int i = 0; i < 40; i++) {
        assert_true(mien_sink_write(s, &f));
    }
    assert_true(mien_sink_close(s));
    fd = receiver(own, sizeof(own));
    snprintf(where, sizeof(where), "to=%s", own);
    n = packet_of(mien_sink_open("ifacialmocap", where, NULL), r, fd, packet, sizeof(packet) - 1);
    packet[n] = 0;
    assert_memory_equal(packet, "eyeBlink_L-0|eyeLookDown_L-0|", 29);
}

struct heard {
    int ok, time, root, bones, values, apply, arkit, vrm0;
    float jaw, blink_left, neck[4], head[4], tracking;
    bool bundle_in_order;
};

// liblo's arguments lie at multiples of four bytes, its union wants eight.
static float get_f(const lo_arg *a)
{
    float v;
    memcpy(&v, a, sizeof(v));
    return v;
}

static int32_t get_i(const lo_arg *a)
{
    int32_t v;
    memcpy(&v, a, sizeof(v));
    return v;
}

static int on_osc(const char *path, const char *types, lo_arg **v, int argc, lo_message m,
                  void *user)
{
    struct heard *h = user;
    if (!strcmp(path, "/VMC/Ext/OK")) {
        assert_string_equal(types, "iiii");
        assert_int_equal(get_i(v[0]), 1);
        h->tracking = (float)get_i(v[3]);
        h->ok++;
    } else if (!strcmp(path, "/VMC/Ext/T")) {
        assert_string_equal(types, "f");
        h->time++;
    } else if (!strcmp(path, "/VMC/Ext/Root/Pos")) {
        assert_string_equal(types, "sfffffff");
        assert_string_equal((const char *)v[0], "root");
        assert_float_equal(get_f(v[7]), 1, 0);
        h->root++;
    } else if (!strcmp(path, "/VMC/Ext/Bone/Pos")) {
        assert_string_equal(types, "sfffffff");
        h->bones++;
        float length = 0;
        for (int i = 4; i < 8; i++) {
            length += get_f(v[i]) * get_f(v[i]);
        }
        assert_float_equal(length, 1, 1e-4);
        for (int i = 0; i < 4; i++) {
            if (!strcmp((const char *)v[0], "Neck")) {
                h->neck[i] = get_f(v[4 + i]);
            } else if (!strcmp((const char *)v[0], "Head")) {
                h->head[i] = get_f(v[4 + i]);
            }
        }
    } else if (!strcmp(path, "/VMC/Ext/Blend/Val")) {
        assert_string_equal(types, "sf");
        h->values++;
        h->arkit += mien_blendshape_find((const char *)v[0]) >= 0;
        for (int i = 0; i < MIEN_VRM_COUNT; i++) {
            h->vrm0 += !strcmp(mien_vrm_name(i), (const char *)v[0]);
        }
        h->jaw = strcmp((const char *)v[0], "jawOpen") ? h->jaw : get_f(v[1]);
        h->blink_left = strcmp((const char *)v[0], "Blink_L") ? h->blink_left : get_f(v[1]);
    } else if (!strcmp(path, "/VMC/Ext/Blend/Apply")) {
        assert_int_equal(argc, 0);
        h->bundle_in_order = h->values == MIEN_BLENDSHAPES + MIEN_VRM_COUNT;
        h->apply++;
    } else {
        fail_msg("%s %s", path, types);
    }
    return 0;
}

static void test_vmc_through_liblo(void **state)
{
    lo_server server = lo_server_new(NULL, NULL);
    assert_non_null(server);
    struct heard h = {0};
    lo_server_add_method(server, NULL, NULL, on_osc, &h);
    char where[64];
    snprintf(where, sizeof(where), "127.0.0.1:%d", lo_server_get_port(server));
    struct mien_sink *s = mien_sink_open("vmc", where, NULL);
    assert_non_null(s);
    struct mien_result *r = scene_result(&model);
    r->face[0].action[MIEN_BS_EYE_BLINK_LEFT] = 0.25f;
    struct mien_sink_frame f = {.source = "test", .result = r};
    assert_true(mien_sink_write(s, &f));
    while (lo_server_recv_noblock(server, 500) > 0 && !h.apply) {
    }
    assert_int_equal(h.ok + h.time + h.root, 3);
    assert_int_equal(h.bones, 4);
    assert_int_equal(h.arkit, MIEN_BLENDSHAPES);
    assert_int_equal(h.vrm0, MIEN_VRM_COUNT);
    assert_true(h.bundle_in_order);
    assert_float_equal(h.jaw, 0.5, 1e-6);
    assert_float_equal(h.blink_left, 0.25, 1e-6);
    assert_float_equal(h.tracking, 1, 0);
    // Neck and head together are the head's rotation: yaw 20 to the subject's left is -20 about y.
    float whole = 2 * asinf(h.neck[1]) + 2 * asinf(h.head[1]);
    assert_float_equal(2 * asinf(h.neck[1]) / whole, 0.35, 1e-3); // the head does most of it
    assert_in_range(lroundf(-whole * 57.29578f), 18, 22);
    memset(&h, 0, sizeof(h));
    r->count = 0;
    assert_true(mien_sink_write(s, &f));
    while (lo_server_recv_noblock(server, 500) > 0 && !h.time) {
    }
    assert_int_equal(h.ok + h.time, 2);
    assert_int_equal(h.values + h.bones, 0);
    assert_float_equal(h.tracking, 0, 0);
    assert_true(mien_sink_close(s));
    lo_server_free(server);
}

static void test_vmc_bytes(void **state)
{
    char where[64];
    static uint8_t packet[20000];
    int fd = receiver(where, sizeof(where));
    struct mien_result *r = scene_result(&model);
    r->count = 0;
    size_t n = packet_of(mien_sink_open("vmc", where, NULL), r, fd, packet, sizeof(packet));
    static const uint8_t want[] = {
        '#', 'b', 'u', 'n', 'd', 'l', 'e', 0,   0,   0,   0,   0,   0,   0,   0,   1, // at once
        0,   0,   0,   36,  '/', 'V', 'M', 'C', '/', 'E', 'x', 't', '/', 'O', 'K', 0,
        ',', 'i', 'i', 'i', 'i', 0,   0,   0,   0,   0,   0,   1,   0,   0,   0,   3,
        0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   20,  '/', 'V', 'M', 'C',
        '/', 'E', 'x', 't', '/', 'T', 0,   0,   ',', 'f', 0,   0,   0,   0,   0,   0};
    assert_int_equal(n, sizeof(want));
    assert_memory_equal(packet, want, n);
}

// A frame of VMC in datagrams that no network has to cut: bundles of whole messages, values first,
// one Apply at the very end.
static void test_vmc_datagrams(void **state)
{
    char where[64];
    static uint8_t packet[20000];
    int fd = receiver(where, sizeof(where)), values = 0;
    struct mien_sink *s = mien_sink_open("vmc", where, NULL);
    assert_non_null(s);
    struct mien_sink_frame f = {.source = "test", .result = scene_result(&model)};
    assert_true(mien_sink_write(s, &f));
    for (bool applied = false; !applied;) {
        size_t n = receive(fd, packet, sizeof(packet));
        assert_true(n <= 1200 && n > 16);
        assert_memory_equal(packet, "#bundle", 8);
        for (size_t at = 16; at < n;) {
            assert_false(applied);
            size_t length = (size_t)packet[at + 2] << 8 | packet[at + 3];
            assert_true(length > 0 && at + 4 + length <= n);
            const char *path = (const char *)packet + at + 4;
            values += !strcmp(path, "/VMC/Ext/Blend/Val");
            applied = !strcmp(path, "/VMC/Ext/Blend/Apply");
            at += 4 + length;
        }
    }
    assert_int_equal(values, MIEN_BLENDSHAPES + MIEN_VRM_COUNT);
    assert_true(recv(fd, packet, sizeof(packet), MSG_DONTWAIT) < 0);
    assert_true(mien_sink_close(s));
    close(fd);
}

static int on_cap(const char *path, const char *types, lo_arg **v, int argc, lo_message m,
                  void *user)
{
    int *seen = user;
    if (!strcmp(path, "/W")) {
        assert_string_equal(types, "if");
        seen[1]++;
        if (get_i(v[0]) == MIEN_BS_JAW_OPEN) {
            assert_float_equal(get_f(v[1]), 0.5, 1e-6);
        }
    } else if (!strcmp(path, "/HR")) {
        assert_string_equal(types, "fff");
        assert_float_equal(get_f(v[1]), 20, 0.01);
        seen[0]++;
    } else if (!strcmp(path, "/HT")) {
        assert_float_equal(get_f(v[2]), -0.6, 1e-5);
    }
    return 0;
}

static void test_facecap_through_liblo(void **state)
{
    lo_server server = lo_server_new(NULL, NULL);
    int seen[2] = {0};
    lo_server_add_method(server, NULL, NULL, on_cap, seen);
    char where[64];
    snprintf(where, sizeof(where), "%d", lo_server_get_port(server));
    struct mien_sink *s = mien_sink_open("facecap", where, NULL);
    assert_non_null(s);
    struct mien_sink_frame f = {.source = "test", .result = scene_result(&model)};
    mien_pose_from_angles(20, 0, 0, scene_result(&model)->face[0].pose.R);
    assert_true(mien_sink_write(s, &f));
    while (seen[1] < MIEN_BLENDSHAPES && lo_server_recv_noblock(server, 500) > 0) {
    }
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], MIEN_BLENDSHAPES);
    assert_true(mien_sink_close(s));
    lo_server_free(server);
}

// Nobody listens, and numbers that are none: nothing fails, nothing waits, packets stay numbers.
static void test_nobody_and_nothing(void **state)
{
    struct mien_sink *sink[MIEN_SINKS_MAX];
    struct mien_sink_context c = {.model = &model, .frames_per_s = 30};
    int n = 0;
    char where[64], list[500];
    int fd = receiver(where, sizeof(where));
    close(fd);
    snprintf(list, sizeof(list), "vmc:%s,osf:%s,livelink:%s,opentrack:%s,facecap:%s", where, where,
             where, where, where);
    assert_true(mien_sinks_open(list, &c, sink, &n));
    assert_int_equal(n, 5);
    struct mien_result *r = scene_result(&model);
    struct mien_face_result *p = &r->face[0];
    struct mien_sink_frame f = {.source = "test", .result = r};
    long before = waits();
    for (int k = 0; k < 40; k++) {
        if (k == 20) {
            for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
                p->action[i] = i % 2 ? NAN : INFINITY;
            }
            p->gaze_deg[0][0] = NAN;
            p->pose.t[1] = INFINITY;
        }
        for (int i = 0; i < n; i++) {
            assert_true(mien_sink_write(sink[i], &f));
        }
    }
    assert_true(waits() - before < 40); // not one a write
    for (int i = 0; i < n; i++) {
        assert_true(mien_sink_close(sink[i]));
    }
}

static void test_a_sink_for_one_stays_with_its_person(void **state)
{
    struct mien_result *r = scene_result(&model);
    scene_add_face(r, &model, 0, 0, 0, 100, -700);
    int id = 0;
    assert_ptr_equal(mien_avatar_pick(r, &id), &r->face[0]);
    struct mien_face_result t = r->face[0];
    r->face[0] = r->face[1];
    r->face[1] = t;
    assert_ptr_equal(mien_avatar_pick(r, &id), &r->face[1]);
    r->count = 1;
    assert_ptr_equal(mien_avatar_pick(r, &id), &r->face[0]);
    assert_int_equal(id, 2);
    r->count = 0;
    assert_null(mien_avatar_pick(r, &id));
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(test_addresses),
          cmocka_unit_test(test_lists_are_checked),
          cmocka_unit_test(test_names_that_cannot_be_resolved_and_lists_that_fail),
          cmocka_unit_test(test_opentrack_bytes), cmocka_unit_test(test_livelink_bytes),
          cmocka_unit_test(test_osf_bytes), cmocka_unit_test(test_osf_points),
          cmocka_unit_test(test_ifacialmocap), cmocka_unit_test(test_vmc_bytes),
          cmocka_unit_test(test_vmc_datagrams), cmocka_unit_test(test_vmc_through_liblo),
          cmocka_unit_test(test_facecap_through_liblo), cmocka_unit_test(test_nobody_and_nothing),
          cmocka_unit_test(test_a_sink_for_one_stays_with_its_person))

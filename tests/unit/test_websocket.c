// LINK: -Wl,--wrap=mien_now_ns
// The WebSocket with its page: what readers get, who is refused, and that silent ones cost nobody
// their place. The sink's clock is moved by the test.
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
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

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sink/sinks.h"
#include "sink/welcome.h"
#include "patience.h"
#include "sinks_scene.h"
#include "run_tests.h"

static struct mien_face_model model;
static const struct mien_sink_context with_model = {.model = &model};
static int64_t ahead_ns; // of the real clock

int64_t __real_mien_now_ns(void);
int64_t __wrap_mien_now_ns(void);
int64_t __wrap_mien_now_ns(void)
{
    return __real_mien_now_ns() + ahead_ns;
}

static int set_up(void **state)
{
    return mien_face_model_load(&model, NULL) ? 0 : -1;
}

static int tear_down(void **state)
{
    mien_face_model_destroy(&model);
    return 0;
}

static int dial(const char *where)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)atoi(strchr(where, ':') + 1)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connect(fd, (struct sockaddr *)&a, sizeof(a));
    return fd;
}

// Serves until `want` bytes are there, the other side closed, or time is up; the number of bytes.
static size_t read_bytes(struct mien_sink *s, int fd, uint8_t *out, size_t want)
{
    size_t at = 0;
    int64_t until = patience_ns();
    while (at < want && mien_now_ns() < until) {
        mien_sink_idle(s);
        ssize_t n = recv(fd, out + at, want - at, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            break;
        }
        at += n > 0 ? (size_t)n : 0;
        if (n < 0) {
            usleep(1000);
        }
    }
    return at;
}

static size_t ask(struct mien_sink *s, int fd, const char *request, char *answer, size_t size)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    poll(&p, 1, PATIENCE_S * 1000);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    size_t at = 0;
    memset(answer, 0, size);
    while (at + 1 < size && !strstr(answer, "\r\n\r\n")) { // the head, byte by byte
        if (read_bytes(s, fd, (uint8_t *)answer + at, 1) != 1) {
            break;
        }
        at++;
    }
    return at;
}

// One message, fragments joined; *opcode 1 text, 2 binary. Server frames are not masked (RFC 6455).
static size_t message(struct mien_sink *s, int fd, int *opcode, uint8_t *out, size_t room)
{
    size_t at = 0;
    for (bool last = false; !last;) {
        uint8_t h[10];
        assert_int_equal(read_bytes(s, fd, h, 2), 2);
        last = h[0] >> 7;
        *opcode = h[0] & 15 ? h[0] & 15 : *opcode;
        uint64_t n = h[1];
        assert_true(h[1] < 128);
        if (n >= 126) {
            int wide = n == 126 ? 2 : 8;
            assert_int_equal(read_bytes(s, fd, h, (size_t)wide), wide);
            n = 0;
            for (int i = 0; i < wide; i++) {
                n = n << 8 | h[i];
            }
        }
        assert_true(at + n < room);
        assert_int_equal(read_bytes(s, fd, out + at, n), n);
        at += n;
    }
    out[at] = 0;
    return at;
}

static void upgrade(char *out, size_t size, const char *where, const char *origin)
{
    snprintf(out, size,
             "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Protocol: mien\r\n%s%s%s\r\n",
             where, origin ? "Origin: " : "", origin ? origin : "", origin ? "\r\n" : "");
}

static struct mien_sink *open_ws(char *where, size_t size)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0); // a port that is free
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&a, n));
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    close(fd);
    snprintf(where, size, "127.0.0.1:%d", ntohs(a.sin_port));
    struct mien_sink *s = mien_sink_open("ws", where, &with_model);
    assert_non_null(s);
    return s;
}

static void test_websocket(void **state)
{
    char where[64], request[1024], answer[4096], origin[100];
    struct mien_sink *s = open_ws(where, sizeof(where));
    enum { ROOM = 1 << 20 };
    uint8_t *in = mien_calloc(ROOM, 1);
    struct mien_result *r = scene_result(&model);
    struct mien_sink_frame f = {.source = "test", .result = r};
    assert_true(mien_sink_write(s, &f)); // nobody is there
    int fd = dial(where);
    snprintf(origin, sizeof(origin), "http://%s", where);
    upgrade(request, sizeof(request), where, origin);
    ask(s, fd, request, answer, sizeof(answer));
    assert_memory_equal(answer, "HTTP/1.1 101", 12);
    // The answer to the key of RFC 6455, section 1.3.
    assert_non_null(strstr(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    int kind = 0;
    message(s, fd, &kind, in, ROOM);
    assert_int_equal(kind, 1);
    cJSON *hello = cJSON_Parse((char *)in);
    assert_non_null(hello);
    int vertices = cJSON_GetObjectItem(hello, "vertices")->valueint, corners = 0;
    assert_true(vertices > 500);
    for (cJSON *i = cJSON_GetObjectItem(hello, "triangles")->child; i; i = i->next, corners++) {
        assert_in_range(i->valueint, 0, vertices - 1);
    }
    assert_true(corners > 3000 && corners % 3 == 0);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(hello, "blendshapes")), 52);
    cJSON_Delete(hello);
    scene_add_face(r, &model, 0, 0, 0, -80, -800);
    r->frame = 7;
    assert_true(mien_sink_write(s, &f));
    message(s, fd, &kind, in, ROOM);
    assert_int_equal(kind, 1);
    cJSON *frame = cJSON_Parse((char *)in);
    assert_non_null(frame);
    assert_int_equal(cJSON_GetObjectItem(frame, "frame")->valueint, 7);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(frame, "faces")), 2);
    cJSON_Delete(frame);
    for (uint32_t face = 0; face < 2; face++) {
        size_t n = message(s, fd, &kind, in, ROOM);
        assert_int_equal(kind, 2);
        assert_int_equal(n, 16 + 6 * vertices);
        const uint32_t head[3] = {7, face, (uint32_t)vertices};
        assert_memory_equal(in, "MESH", 4);
        assert_memory_equal(in + 4, head, 12);
        int16_t p[3];
        memcpy(p, in + 16, 6);
        float far = 0.01f * sqrtf((float)p[0] * p[0] + (float)p[1] * p[1] + (float)p[2] * p[2]);
        assert_true(far > 20 && far < 250); // on a head, in mm
    }
    // One that does not read costs others and us nothing but its own frames.
    long before = waits();
    for (int i = 0; i < 200; i++) {
        assert_true(mien_sink_write(s, &f));
    }
    assert_true(waits() - before < 200); // not one a write
    close(fd);
    for (int i = 0; i < 20; i++) {
        mien_sink_idle(s);
    }
    assert_true(mien_sink_close(s));
    mien_free(in);
}

static void test_who_is_welcome(void **state)
{
    static const char *const names[] = {"", "studio", "studio.local", NULL};
    static const struct {
        const char *host, *origin;
        bool loopback, network; // whether it is let in where we listen on
    } cases[] = {
        {"127.0.0.1:8765", "", true, true},
        {"127.0.0.1", "http://127.0.0.1", true, true},
        {"127.255.3.4:1", "http://127.255.3.4:1", true, true},
        {"localhost", "", true, true},
        {"LocalHost:8765", "http://localhost:8765", true, true},
        {"[::1]:8765", "http://[::1]:8765", true, true},
        {"[::ffff:127.0.0.1]:8765", "", true, true},
        {"192.168.1.7:8765", "http://192.168.1.7:8765", false, true},
        {"[fe80::1]", "", false, true},
        {"studio:8765", "http://studio:8765", false, true},
        {"studio.local", "", false, true},
        // Names that anybody can own and point here.
        {"127.evil.example:8765", "http://127.evil.example:8765", false, false},
        {"127.0.0.1.evil.example", "", false, false},
        {"localhost.evil.example:8765", "", false, false},
        {"evil.example:8765", "http://evil.example:8765", false, false},
        {"studio.evil.example", "", false, false},
        {"[::1].evil.example", "", false, false},
        {"127.1:8765", "", false, false},
        {"127.0.0.1:80:80", "", false, false},
        {"127.0.0.1:8765x", "", false, false},
        {"127.0.0.1@evil.example", "", false, false},
        {"[::1", "", false, false},
        {"[]", "", false, false},
        {":8765", "", false, false},
        {"", "", false, false},
        {"", "http://", false, false},
        // Pages of others.
        {"127.0.0.1:8765", "http://evil.example", false, false},
        {"127.0.0.1:8765", "http://127.0.0.1:8766", false, false},
        {"127.0.0.1:8765", "http://127.0.0.1:87650", false, false},
        {"127.0.0.1:8765", "https://127.0.0.1:8765", false, false},
        {"127.0.0.1:8765", "null", false, false},
    };
    for (size_t i = 0; i < MIEN_COUNT(cases); i++) {
        for (int network = 0; network < 2; network++) {
            bool want = network ? cases[i].network : cases[i].loopback;
            if (mien_welcome(cases[i].host, cases[i].origin, !network, names) != want) {
                fail_msg("\"%s\" by \"%s\", %s: not %d", cases[i].host, cases[i].origin,
                         network ? "network" : "loopback", want);
            }
        }
    }
    assert_true(mien_welcome("localhost", "", false, NULL));
    assert_false(mien_welcome("studio", "", false, NULL));
}

static void test_page_and_strangers(void **state)
{
    char where[64], request[4096], answer[4096];
    struct mien_sink *s = open_ws(where, sizeof(where));
    static const struct {
        const char *file, *type, *status;
    } files[] = {{"/", "text/html", "200"},
                 {"/mien.js", "javascript", "200"},
                 {"/mien.css", "text/css", "200"},
                 {"/../sinks.c", "", "40"},
                 {"/no-such", "", "404"}};
    for (size_t i = 0; i < MIEN_COUNT(files); i++) {
        int fd = dial(where);
        snprintf(request, sizeof(request),
                 "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", files[i].file, where);
        ask(s, fd, request, answer, sizeof(answer));
        if (strncmp(answer + 9, files[i].status, strlen(files[i].status)) ||
            !strstr(answer, files[i].type)) {
            fail_msg("%s: %s", files[i].file, answer);
        }
        close(fd);
    }
    // A page of somebody else's, however long its address, and ours under another name.
    static char longer[400] = "http://", longest[3000] = "http://";
    memset(longer + 7, 'a', sizeof(longer) - 8);
    memset(longest + 7, 'a', sizeof(longest) - 8);
    static const struct {
        const char *host, *origin;
    } strangers[] = {{NULL, "http://example.org"}, {"example.org", NULL}, {NULL, "null"},
                     {"127.example.org", NULL},    {NULL, longer},        {NULL, longest}};
    for (size_t i = 0; i < MIEN_COUNT(strangers); i++) {
        const char *host = strangers[i].host ? strangers[i].host : where;
        for (int page = 0; page < 2; page++) {
            int fd = dial(where);
            if (page) {
                snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s\r\n%s%s\r\n\r\n",
                         host, strangers[i].origin ? "Origin: " : "Accept: ",
                         strangers[i].origin ? strangers[i].origin : "*/*");
            } else {
                upgrade(request, sizeof(request), host, strangers[i].origin);
            }
            ask(s, fd, request, answer, sizeof(answer));
            if (strstr(answer, " 101 ") || strstr(answer, " 200 ")) {
                fail_msg("host %s, origin %.40s: %s", host, strangers[i].origin, answer);
            }
            close(fd);
        }
    }
    // The port is taken: said in words, no sink.
    assert_null(mien_sink_open("ws", where, &with_model));
    assert_true(mien_sink_close(s));
}

// Whether the other side has closed, after some rounds of service.
static bool closed(struct mien_sink *s, int fd)
{
    uint8_t byte;
    for (int i = 0; i < 20; i++) {
        mien_sink_idle(s);
    }
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return n == 0 || (n < 0 && errno != EAGAIN);
}

static int descriptors(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        n++;
    }
    closedir(d);
    return n;
}

// Connections that say nothing, or never end what they say, are closed after a while, and however
// many there are of them, one who asks gets in.
static void test_silent_visitors(void **state)
{
    enum { SILENT = 90 };
    char where[64], request[1024], answer[4096];
    struct mien_sink *s = open_ws(where, sizeof(where));
    int fd[SILENT], left = 0, before = descriptors();
    for (int i = 0; i < SILENT; i++) {
        // Nothing, half a request, one that is refused.
        static const char *const said[] = {
            "", "GET / HTTP/1.1\r\nHost: ", "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"};
        fd[i] = dial(where);
        mien_sink_idle(s);
        send(fd[i], said[i % 3], strlen(said[i % 3]), MSG_NOSIGNAL);
    }
    int reader = dial(where);
    upgrade(request, sizeof(request), where, NULL);
    ask(s, reader, request, answer, sizeof(answer));
    assert_memory_equal(answer, "HTTP/1.1 101", 12);
    for (int i = 0; i < SILENT; i++) {
        left += !closed(s, fd[i]);
    }
    assert_true(left > 10 && left < SILENT); // not emptied, thinned out
    ahead_ns += 14 * MIEN_NS_PER_S;
    int late = dial(where);
    assert_false(closed(s, late));
    ahead_ns += 2 * MIEN_NS_PER_S;
    for (int i = 0; i < SILENT; i++) {
        assert_true(closed(s, fd[i]));
    }
    assert_int_equal(descriptors(), before + SILENT + 4); // theirs are gone, but for these two
    assert_false(closed(s, late));
    assert_false(closed(s, reader));
    for (int i = 0; i < SILENT; i++) {
        close(fd[i]);
    }
    close(late);
    close(reader);
    assert_true(mien_sink_close(s));
}

// A client that answers pings stays, silent as it is; one that does not is gone after a minute.
static void test_clients_that_are_gone(void **state)
{
    enum { ROOM = 1 << 20 };
    char where[64], request[1024], answer[4096];
    struct mien_sink *s = open_ws(where, sizeof(where));
    uint8_t *in = mien_calloc(ROOM, 1);
    int fd[2], kind;
    for (int i = 0; i < 2; i++) {
        fd[i] = dial(where);
        upgrade(request, sizeof(request), where, NULL);
        ask(s, fd[i], request, answer, sizeof(answer));
        assert_memory_equal(answer, "HTTP/1.1 101", 12);
        message(s, fd[i], &kind, in, ROOM);
        assert_memory_equal(in, "{\"hello\"", 8);
    }
    for (int k = 0; k < 6; k++) { // two minutes
        ahead_ns += 21 * MIEN_NS_PER_S;
        kind = 0;
        assert_int_equal(message(s, fd[0], &kind, in, ROOM), 4);
        assert_int_equal(kind, 9); // a ping is answered with what it says, masked
        uint8_t pong[] = {0x8A, 0x84, 1, 2, 3, 4, in[0] ^ 1, in[1] ^ 2, in[2] ^ 3, in[3] ^ 4};
        assert_int_equal(send(fd[0], pong, sizeof(pong), MSG_NOSIGNAL), sizeof(pong));
        assert_false(closed(s, fd[0])); // and has heard it
        if (k == 1) {                   // a ping and half a minute later it may still come back
            for (int i = 0; i < 2; i++) {
                assert_int_equal(message(s, fd[1], &kind, in, ROOM), 4);
                assert_int_equal(kind, 9);
            }
            assert_false(closed(s, fd[1]));
        }
    }
    assert_int_equal(read_bytes(s, fd[1], in, ROOM), 0);
    assert_false(closed(s, fd[0]));
    struct mien_sink_frame f = {.source = "test", .result = scene_result(&model)};
    assert_true(mien_sink_write(s, &f));
    kind = 0;
    message(s, fd[0], &kind, in, ROOM);
    assert_int_equal(kind, 1);
    close(fd[0]);
    close(fd[1]);
    assert_true(mien_sink_close(s));
    mien_free(in);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(test_who_is_welcome),
          cmocka_unit_test(test_websocket), cmocka_unit_test(test_page_and_strangers),
          cmocka_unit_test(test_silent_visitors), cmocka_unit_test(test_clients_that_are_gone))

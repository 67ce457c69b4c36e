// LINK: -Wl,--wrap=mien_now_ns
// iFacialMocap's clients: they ask to stay, and who is gone or never was there is forgotten. The
// sink's clock is moved by the test. What is sent: test_sinks.c.
#include <arpa/inet.h>
#include <netinet/in.h>
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

#include "base/clock.h"
#include "sink/sinks.h"
#include "sinks_scene.h"

enum { PLACES = 8 };

static struct mien_face_model model;
static struct mien_sink *sink;
static struct sockaddr_in server = {.sin_family = AF_INET};
static int64_t now_ns;

int64_t __wrap_mien_now_ns(void);
int64_t __wrap_mien_now_ns(void)
{
    return now_ns;
}

// A socket on loopback, and its address.
static int open_socket(struct sockaddr_in *a)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(*a);
    assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)a, n));
    assert_int_equal(getsockname(fd, (struct sockaddr *)a, &n), 0);
    return fd;
}

static int open_sink(void **state)
{
    char where[64];
    close(open_socket(&server)); // a port that is free
    snprintf(where, sizeof(where), "127.0.0.1:%d", ntohs(server.sin_port));
    sink = mien_sink_open("ifacialmocap", where, NULL);
    return sink ? 0 : -1;
}

static int close_sink(void **state)
{
    return mien_sink_close(sink) ? 0 : -1;
}

// Waits until loopback has delivered what was sent so far, and the answers to it: packets of our
// own, one after another, stand in the same queue.
static void settle(void)
{
    struct sockaddr_in a;
    int fd = open_socket(&a);
    for (int i = 0; i < 4; i++) {
        char c = 0;
        assert_int_equal(sendto(fd, &c, 1, 0, (struct sockaddr *)&a, sizeof(a)), 1);
        assert_int_equal(recv(fd, &c, 1, 0), 1);
    }
    close(fd);
}

static void ask_to(int fd)
{
    static const char hello[] = "iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719";
    assert_int_equal(
        sendto(fd, hello, sizeof(hello) - 1, 0, (struct sockaddr *)&server, sizeof(server)),
        sizeof(hello) - 1);
}

static void write_frames(int n)
{
    struct mien_sink_frame f = {.source = "test", .result = scene_result(&model)};
    for (int i = 0; i < n; i++) {
        assert_true(mien_sink_write(sink, &f));
        settle();
    }
}

static int packets(int fd)
{
    char in[4096];
    int n = 0;
    while (recv(fd, in, sizeof(in), MSG_DONTWAIT) > 0) {
        n++;
    }
    return n;
}

static void test_who_stops_asking_is_forgotten(void **state)
{
    struct sockaddr_in a;
    int once = open_socket(&a), often = open_socket(&a);
    ask_to(once);
    for (int s = 0; s < 120; s += 10) {
        ask_to(often);
        write_frames(3);
        assert_int_equal(packets(often), 3);
        assert_int_equal(packets(once), s <= 30 ? 3 : 0);
        now_ns += 10 * MIEN_NS_PER_S;
    }
    ask_to(once);
    write_frames(1);
    assert_int_equal(packets(once), 1);
    close(once);
    close(often);
}

// Clients that ended without a word keep nobody out, nor cost those who are there a packet.
static void test_the_dead_make_room(void **state)
{
    struct sockaddr_in a;
    int alive = open_socket(&a);
    ask_to(alive);
    for (int round = 0; round < 3; round++) {
        for (int i = 1; i < PLACES; i++) {
            int fd = open_socket(&a);
            ask_to(fd);
            mien_sink_idle(sink);
            close(fd);
        }
        int late = open_socket(&a);
        ask_to(late);
        write_frames(1);
        assert_int_equal(packets(late), 0); // every place is taken
        write_frames(29);
        assert_int_equal(packets(alive), 30);
        ask_to(late);
        write_frames(1);
        assert_int_equal(packets(late), 1);
        assert_int_equal(packets(alive), 1);
        close(late);
        write_frames(30);
        assert_int_equal(packets(alive), 30);
    }
    close(alive);
}

// Those that are silent, but whose computer answers nothing: the same after a while.
static void test_the_silent_make_room(void **state)
{
    struct sockaddr_in a;
    int fd[PLACES], late = open_socket(&a);
    for (int i = 0; i < PLACES; i++) {
        ask_to(fd[i] = open_socket(&a));
    }
    mien_sink_idle(sink);
    ask_to(late);
    write_frames(1);
    assert_int_equal(packets(late), 0);
    now_ns += 31 * MIEN_NS_PER_S;
    mien_sink_idle(sink); // also while there is no frame
    ask_to(late);
    write_frames(1);
    assert_int_equal(packets(late), 1);
    for (int i = 0; i < PLACES; i++) {
        assert_int_equal(packets(fd[i]), 1);
        close(fd[i]);
    }
    close(late);
}

int main(void)
{
    if (!mien_face_model_load(&model, NULL)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_stops_asking_is_forgotten, open_sink, close_sink),
        cmocka_unit_test_setup_teardown(test_the_dead_make_room, open_sink, close_sink),
        cmocka_unit_test_setup_teardown(test_the_silent_make_room, open_sink, close_sink),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mien_face_model_destroy(&model);
    return failed;
}

// Event marks from outside: words of any bytes, OSC messages as a client makes them, lines of a
// pipe and a socket, lists of times.
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/inbox.h"
#include "base/mem.h"
#include "late/osc.h"
#include "live/marks.h"
#include "folder.h"

static char dir[64];

static const char *in_dir(const char *name)
{
    return folder_path(dir, name);
}

static void test_words(void **state)
{
    static const struct {
        const char *from, *want;
    } table[] = {
        {"stimulus A", "stimulus A"},
        {"", ""},
        {" \t blank  s\r", "blank s"},
        {"a\nb\001c", "a b c"},
        {"grün 日本", "grün 日本"},
        {"bad \xff byte", "bad ? byte"},
        {"\xe6\x97", "??"},
    };
    char text[MIEN_MARK_TEXT];
    for (size_t i = 0; i < MIEN_COUNT(table); i++) {
        mien_mark_words(table[i].from, strlen(table[i].from), text);
        assert_string_equal(text, table[i].want);
    }
    // Cut where a character ends.
    char longer[300] = "";
    for (int i = 0; i < 60; i++) {
        strcat(longer, "ü");
    }
    mien_mark_words(longer, strlen(longer), text);
    assert_int_equal(strlen(text), 78);
    mien_mark_words("abc", 2, text);
    assert_string_equal(text, "ab");
}

static size_t osc_message(char *out, const char *path, const char *types, ...)
{
    lo_message m = lo_message_new();
    va_list v;
    va_start(v, types);
    for (; *types; types++) {
        if (*types == 's') {
            lo_message_add_string(m, va_arg(v, const char *));
        } else if (*types == 'i') {
            lo_message_add_int32(m, va_arg(v, int));
        } else {
            lo_message_add_float(m, (float)va_arg(v, double));
        }
    }
    va_end(v);
    size_t size = lo_message_length(m, path);
    assert_true(size < 512);
    lo_message_serialise(m, path, out, &size);
    lo_message_free(m);
    return size;
}

static void test_osc(void **state)
{
    char data[1024], text[MIEN_MARK_TEXT] = "before";
    assert_true(mien_osc_load(NULL));
    size_t n = osc_message(data, "/mark", "s", "cue: left");
    assert_true(mien_mark_of_osc(data, n, text));
    assert_string_equal(text, "cue: left");
    for (size_t cut = 0; cut < n; cut++) { // any part of it is none, and does no harm
        char *part = mien_calloc(1, cut + 1);
        memcpy(part, data, cut);
        mien_mark_of_osc(part, cut, text);
        mien_free(part);
    }
    n = osc_message(data, "/mien/mark", "if", 7, 2.5);
    assert_true(mien_mark_of_osc(data, n, text));
    assert_string_equal(text, "7");
    n = osc_message(data, "/mark", "f", 2.5);
    assert_true(mien_mark_of_osc(data, n, text));
    assert_string_equal(text, "2.5");
    n = osc_message(data, "/mark", "");
    assert_true(mien_mark_of_osc(data, n, text));
    assert_string_equal(text, "");
    n = osc_message(data, "/marker", "s", "not ours");
    assert_false(mien_mark_of_osc(data, n, text));
    // In a bundle, the second.
    char bundle[1200] = "#bundle";
    size_t at = 16;
    for (int i = 0; i < 2; i++) {
        n = osc_message(data, i ? "/mark" : "/other", "s", "in a bundle");
        uint32_t be = htonl((uint32_t)n);
        memcpy(bundle + at, &be, 4);
        memcpy(bundle + at + 4, data, n);
        at += 4 + n;
    }
    assert_true(mien_mark_of_osc(bundle, at, text));
    assert_string_equal(text, "in a bundle");
    assert_false(mien_mark_of_osc(bundle, at - 8, text)); // cut short
}

struct taken {
    char text[MIEN_MARK_TEXT];
    int64_t at_ns;
};

static void take(void *arg, const char *text, int64_t at_ns)
{
    struct taken t = {.at_ns = at_ns};
    strcpy(t.text, text);
    mien_inbox_put(arg, &t);
}

static void expect(struct mien_inbox *inbox, const char *text)
{
    struct taken t;
    while (!mien_inbox_take(inbox, &t)) {
        mien_sleep_until_ns(mien_now_ns() + MIEN_NS_PER_MS);
    }
    assert_string_equal(t.text, text);
    assert_true(t.at_ns > 0 && t.at_ns <= mien_now_ns());
}

static void test_pipe(void **state)
{
    struct mien_inbox inbox = {0};
    assert_true(mien_inbox_init(&inbox, "taken", sizeof(struct taken), 16));
    assert_null(mien_mark_feed_open(in_dir("none"), take, &inbox));
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    struct mien_mark_feed *f = mien_mark_feed_open(in_dir("pipe"), take, &inbox);
    assert_non_null(f);
    for (int i = 0; i < 2; i++) { // writers come and go
        int fd = open(in_dir("pipe"), O_WRONLY);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "one\ntw", 6), 6);
        expect(&inbox, "one");
        assert_int_equal(write(fd, "o\n\n", 3), 3);
        expect(&inbox, "two");
        expect(&inbox, "");
        assert_int_equal(write(fd, "without an end", 14), 14);
        close(fd);
        expect(&inbox, "without an end");
    }
    mien_mark_feed_close(f);
    FILE *file = fopen(in_dir("plain"), "w");
    fclose(file);
    assert_null(mien_mark_feed_open(in_dir("plain"), take, &inbox)); // it has no times of its own
    mien_inbox_destroy(&inbox);
}

static void test_socket(void **state)
{
    struct mien_inbox inbox = {0};
    assert_true(mien_inbox_init(&inbox, "taken", sizeof(struct taken), 16));
    assert_null(mien_mark_feed_open("osc:99999", take, &inbox));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(a);
    struct mien_mark_feed *f = NULL;
    for (int i = 0; i < 20 && !f; i++) { // a port that was free may be taken by now
        char from[32];
        int probe = socket(AF_INET, SOCK_DGRAM, 0);
        a.sin_port = 0;
        assert_int_equal(bind(probe, (struct sockaddr *)&a, sizeof(a)), 0);
        assert_int_equal(getsockname(probe, (struct sockaddr *)&a, &size), 0);
        close(probe);
        snprintf(from, sizeof(from), "osc:%d", ntohs(a.sin_port));
        f = mien_mark_feed_open(from, take, &inbox);
    }
    assert_non_null(f);
    char data[512];
    assert_true(sendto(fd, "nonsense", 8, 0, (struct sockaddr *)&a, sizeof(a)) == 8);
    size_t n = osc_message(data, "/mark", "s", "sent");
    assert_true(sendto(fd, data, n, 0, (struct sockaddr *)&a, sizeof(a)) == (ssize_t)n);
    expect(&inbox, "sent");
    mien_mark_feed_close(f);
    close(fd);
    mien_inbox_destroy(&inbox);
}

static void write_list(const char *text)
{
    FILE *f = fopen(in_dir("list"), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_list(void **state)
{
    struct mien_mark_list l = {0};
    struct mien_result *r = mien_calloc(1, sizeof(*r));
    write_list("# of the experiment\n2.5 second\n\n1,first\n2.5\tat the same time\r\n100 never");
    assert_true(mien_mark_list_read(&l, in_dir("list")));
    assert_int_equal(l.count, 4);
    int frame_of[4] = {0};
    for (int i = 0; i < 100; i++) { // 10 a second, from 7 s
        r->times.capture_ns = 7 * MIEN_NS_PER_S + i * (MIEN_NS_PER_S / 10);
        r->mark = 0;
        mien_mark_list_set(&l, r);
        if (r->mark) {
            frame_of[r->mark] = i;
            assert_string_equal(r->mark_text, r->mark == 1   ? "first"
                                              : r->mark == 2 ? "second"
                                                             : "at the same time");
            assert_int_equal(r->mark_ns, (r->mark == 1 ? 8000 : 9500) * (int64_t)1000000);
        }
    }
    assert_int_equal(frame_of[1], 10);
    assert_int_equal(frame_of[2], 25);
    assert_int_equal(frame_of[3], 26);
    mien_mark_list_destroy(&l);
    mien_mark_list_destroy(&l);
    static const char *const wrong[] = {"one 1", "-1 early", "nan x", "1x", "inf"};
    for (size_t i = 0; i < MIEN_COUNT(wrong); i++) {
        write_list(wrong[i]);
        assert_false(mien_mark_list_read(&l, in_dir("list")));
    }
    write_list("");
    assert_true(mien_mark_list_read(&l, in_dir("list")));
    mien_mark_list_destroy(&l);
    mien_free(r);
}

int main(void)
{
    if (!folder_make(dir, "marks")) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),  cmocka_unit_test(test_osc),  cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_socket), cmocka_unit_test(test_list),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    folder_remove(dir);
    return rc;
}

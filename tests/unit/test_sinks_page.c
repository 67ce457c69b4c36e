// The page of the WebSocket sink in a headless Chromium: it connects, gets mesh and frames, draws.
// Skipped where there is no Chromium. With MIEN_PAGE_PNG=FILE in the environment the picture stays.
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/image.h"
#include "sink/sinks.h"
#include "patience.h"
#include "sinks_scene.h"
#include "run_tests.h"

static const char *browser(void)
{
    static const char *const names[] = {"chromium", "chromium-browser", "google-chrome"};
    for (size_t i = 0; i < MIEN_COUNT(names); i++) {
        char command[100];
        snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", names[i]);
        if (!system(command)) {
            return names[i];
        }
    }
    return NULL;
}

// Serves frames of a nodding head until the browser has ended; false: it did not in time.
static bool serve(struct mien_sink *s, const struct mien_face_model *m, pid_t child)
{
    int64_t until = patience_ns();
    for (int i = 0; mien_now_ns() < until; i++) {
        struct mien_result *r = scene_result(m);
        float swing = 20 * sinf((float)i * 0.1f);
        r->count = 0;
        r->frame = (uint64_t)i;
        scene_add_face(r, m, swing, 5, 0.2f * swing, -60, -650);
        scene_add_face(r, m, -swing, 0, 0, 90, -700);
        struct mien_sink_frame f = {.source = "test", .result = r};
        assert_true(mien_sink_write(s, &f));
        int status = 0;
        if (waitpid(child, &status, WNOHANG) == child) {
            return true;
        }
        usleep(20000);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return false;
}

static pid_t start(const char *program, const char *dir, const char *url, const char *picture)
{
    char profile[200], out[200];
    snprintf(profile, sizeof(profile), "%s/profile", dir);
    snprintf(out, sizeof(out), "%s/dom.html", dir);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, 1);
        execlp("python3", "python3", "tests/browser.py", program, profile, url, picture, NULL);
        _exit(127);
    }
    return child;
}

static void test_page_in_chromium(void **state)
{
    const char *program = browser();
    if (!program || system("command -v python3 >/dev/null 2>&1")) {
        print_message("no Chromium or no Python here\n");
        skip();
    }
    struct mien_face_model m = {0};
    assert_true(mien_face_model_load(&m, NULL));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&a, n));
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    close(fd);
    char port[16], url[64], dir[] = "/tmp/mien-test-page-XXXXXX", path[200];
    snprintf(port, sizeof(port), "%d", ntohs(a.sin_port));
    snprintf(url, sizeof(url), "http://127.0.0.1:%s/", port);
    assert_non_null(mkdtemp(dir));
    struct mien_sink *s = mien_sink_open("ws", port, &(struct mien_sink_context){.model = &m});
    assert_non_null(s);
    assert_true(serve(s, &m, start(program, dir, url, getenv("MIEN_PAGE_PNG"))));
    snprintf(path, sizeof(path), "%s/dom.html", dir);
    size_t size = 0;
    char *dom = mien_file_read(path, 0, &size);
    assert_non_null(dom);
    int frames = 0, meshes = 0, triangles = 0;
    const char *p = strstr(dom, "data-frames=\"");
    assert_non_null(p);
    sscanf(p, "data-frames=\"%d", &frames);
    p = strstr(dom, "data-meshes=\"");
    sscanf(p ? p : "", "data-meshes=\"%d", &meshes);
    p = strstr(dom, "data-triangles=\"");
    sscanf(p ? p : "", "data-triangles=\"%d", &triangles);
    if (frames < 5 || meshes < 5 || triangles < 1000 || strstr(dom, "data-webgl=\"broken\"")) {
        fail_msg("%d frames, %d meshes, %d triangles: %.600s", frames, meshes, triangles, dom);
    }
    assert_non_null(strstr(dom, ">live</span>"));
    assert_non_null(strstr(dom, "2 faces"));
    assert_non_null(strstr(dom, "<span>jawOpen</span>"));
    mien_free(dom);
    // The head alone, turned by the mouse, where the browser draws at all.
    snprintf(url, sizeof(url), "http://127.0.0.1:%s/#head", port);
    assert_true(serve(s, &m, start(program, dir, url, getenv("MIEN_HEAD_PNG"))));
    dom = mien_file_read(path, 0, &size);
    assert_non_null(dom);
    int heads = 0;
    p = strstr(dom, "data-heads=\"");
    sscanf(p ? p : "", "data-heads=\"%d", &heads);
    if ((heads < 3 && !strstr(dom, "data-webgl=\"no\"")) || strstr(dom, "data-webgl=\"broken\"")) {
        fail_msg("%d heads drawn: %.600s", heads, dom);
    }
    mien_free(dom);
    assert_true(mien_sink_close(s));
    mien_face_model_destroy(&m);
    char command[300];
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(test_page_in_chromium))

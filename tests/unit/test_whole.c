// What a program leaves that is killed, at any moment: glTF, MediaPipe JSON, report and tables are
// read again after every system call that wrote to them. The clock is the test's own.
// LINK: -Wl,--wrap=mien_now_ns -Wl,--wrap=pwrite
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "sink/sinks.h"
#include "folder.h"
#include "sinks_scene.h"
#include "run_tests.h"

static const int64_t period_ns = 33 * MIEN_NS_PER_MS;
static struct mien_face_model model;
static const struct mien_sink_context with_model = {.model = &model};
static char dir[64], path[128];
static int64_t now_ns;
static void (*check)(void); // after what is written
static int checks;

int64_t __wrap_mien_now_ns(void);
int64_t __wrap_mien_now_ns(void)
{
    return now_ns;
}

ssize_t __real_pwrite(int fd, const void *data, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t at)
{
    ssize_t n = __real_pwrite(fd, data, size, at);
    if (check) {
        check();
    }
    return n;
}

static int set_up(void **state)
{
    checks = 0;
    check = NULL;
    now_ns = MIEN_NS_PER_S;
    return folder_make(dir, "whole") && mien_face_model_load(&model, NULL) ? 0 : -1;
}

static int tear_down(void **state)
{
    check = NULL;
    mien_face_model_destroy(&model);
    return folder_remove(dir);
}

static const char *in_dir(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static char *slurp(const char *name, size_t *size)
{
    char *text = mien_file_read(in_dir(name), 0, size);
    assert_non_null(text);
    return text;
}

// glTF: keys of the animation, and that everything it says is there.
static int keys;
static bool compact; // no room to spare
static uint32_t word(const char *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static const cJSON *item(const cJSON *o, const char *name, int index)
{
    const cJSON *a = cJSON_GetObjectItem(o, name);
    return index < 0 ? a : cJSON_GetArrayItem(a, index);
}

static int number(const cJSON *o, const char *name)
{
    assert_true(cJSON_IsNumber(item(o, name, -1)));
    return item(o, name, -1)->valueint;
}

static const float *track(const cJSON *root, const char *bin, int accessor, int width, int *count)
{
    const cJSON *a = item(root, "accessors", accessor);
    const cJSON *v = item(root, "bufferViews", number(a, "bufferView"));
    *count = number(a, "count");
    int need = *count * width * 4, have = number(v, "byteLength");
    assert_true(compact ? need == have : need <= have);
    return (const float *)(bin + number(v, "byteOffset"));
}

static void read_glb(void)
{
    size_t size;
    char *glb = slurp("a.glb", &size);
    assert_true(size > 28 && !memcmp(glb, "glTF", 4) && word(glb + 8) == size);
    uint32_t json = word(glb + 12);
    assert_true(word(glb + 20 + json) == size - 28 - json);
    cJSON *root = cJSON_ParseWithLength(glb + 20, json);
    assert_non_null(root);
    const cJSON *take = item(root, "animations", 0);
    const char *bin = glb + 28 + json;
    keys = 0;
    checks++;
    if (take) {
        int n[4], sampler[3];
        for (int i = 0; i < 3; i++) {
            sampler[i] = number(item(take, "samplers", i), "output");
        }
        int input = number(item(take, "samplers", 0), "input");
        const float *time = track(root, bin, input, 1, &n[0]);
        track(root, bin, sampler[0], 3, &n[1]);
        const float *q = track(root, bin, sampler[1], 4, &n[2]);
        const float *weight = track(root, bin, sampler[2], 1, &n[3]);
        assert_true(n[1] == n[0] && n[2] == n[0] && n[3] == n[0] * MIEN_BLENDSHAPES);
        for (int i = 0; i < n[0]; i++) {
            float unit = 0;
            for (int k = 0; k < 4; k++) {
                unit += q[4 * i + k] * q[4 * i + k];
            }
            assert_float_equal(unit, 1, 1e-4);
            assert_float_equal(time[i], 0.033 * i, 1e-4);
            assert_float_equal(weight[i * MIEN_BLENDSHAPES + MIEN_BS_JAW_OPEN], 0.5, 1e-6);
        }
        const cJSON *a = item(root, "accessors", input);
        assert_float_equal(item(a, "max", 0)->valuedouble, time[n[0] - 1], 1e-6);
        keys = n[0];
    }
    cJSON_Delete(root);
    mien_free(glb);
}

static void gltf_has_all_but_the_last_second(void **state)
{
    struct mien_result *r = scene_result(&model);
    struct mien_sink_frame f = {.source = "test", .result = r};
    struct mien_sink *s = mien_sink_open("gltf", in_dir("a.glb"), &with_model);
    assert_non_null(s);
    check = read_glb;
    for (int i = 0; i < 300; i++) {
        assert_true(mien_sink_write(s, &f));
        r->times.capture_ns += period_ns;
        now_ns += period_ns;
        read_glb();
        if (i + 1 - keys > 31) {
            fail_msg("only %d of %d keys are in the file", keys, i + 1);
        }
    }
    assert_true(checks > 300 + 4 * 5); // some were written in place
    // Nothing comes any more: what is there is written all the same.
    now_ns += 2 * MIEN_NS_PER_S;
    mien_sink_idle(s);
    read_glb();
    assert_int_equal(keys, 300);
    assert_true(mien_sink_write(s, &f));
    assert_true(mien_sink_close(s));
    compact = true;
    read_glb();
    compact = false;
    assert_int_equal(keys, 301);
}

// MediaPipe: an array at any time.
static int items;
static void read_array(void)
{
    size_t size;
    char *text = slurp("a.json", &size);
    cJSON *root = cJSON_ParseWithOpts(text, NULL, true);
    if (!root) {
        fail_msg("no JSON: …%s", text + (size > 60 ? size - 60 : 0));
    }
    items = cJSON_GetArraySize(root);
    cJSON_Delete(root);
    mien_free(text);
    checks++;
}

static void mediapipe_is_an_array_at_any_time(void **state)
{
    struct mien_result *r = scene_result(&model);
    while (r->count < MIEN_FACES_MAX) { // longer than stdio's usual buffers
        scene_add_face(r, &model, 0, 0, 0, 100, -700);
    }
    struct mien_sink_frame f = {.source = "test", .result = r};
    struct mien_sink *s = mien_sink_open("mediapipe", in_dir("a.json"), &with_model);
    assert_non_null(s);
    for (int i = 0; i < 5; i++) {
        read_array();
        assert_int_equal(items, i);
        assert_true(mien_sink_write(s, &f));
    }
    assert_true(mien_sink_close(s));
    read_array();
    assert_int_equal(items, 5);
    // A pipe cannot go back; it gets the end at the end.
    assert_int_equal(mkfifo(in_dir("pipe.json"), 0600), 0);
    int reader = open(in_dir("pipe.json"), O_RDONLY | O_NONBLOCK);
    s = mien_sink_open("mediapipe", in_dir("pipe.json"), &with_model);
    r->count = 0;
    assert_true(mien_sink_write(s, &f) && mien_sink_write(s, &f) && mien_sink_close(s));
    char text[1000] = "";
    assert_true(read(reader, text, sizeof(text) - 1) > 0);
    close(reader);
    cJSON *root = cJSON_ParseWithOpts(text, NULL, true);
    assert_int_equal(cJSON_GetArraySize(root), 2);
    cJSON_Delete(root);
}

static int page_frames(void)
{
    size_t size;
    char *text = slurp("r.html", &size), *at;
    assert_non_null(strstr(text, "</html>"));
    int n = -1;
    at = strstr(text, "frames</span>");
    assert_non_null(at);
    while (at > text && strncmp(at, "<b>", 3) != 0) {
        at--;
    }
    assert_int_equal(sscanf(at, "<b>%d", &n), 1);
    mien_free(text);
    return n;
}

static void report_has_all_but_the_last_second(void **state)
{
    struct mien_result *r = scene_result(&model);
    struct mien_sink_frame f = {.source = "test", .result = r};
    struct mien_sink *s = mien_sink_open("report", in_dir("r.html"), NULL);
    assert_non_null(s);
    assert_int_equal(page_frames(), 0);
    for (int i = 0; i < 100; i++) {
        assert_true(mien_sink_write(s, &f));
        r->times.capture_ns += period_ns;
        now_ns += period_ns;
        if (i + 1 - page_frames() > 31) {
            fail_msg("only %d of %d frames are in the page", page_frames(), i + 1);
        }
    }
    now_ns += 2 * MIEN_NS_PER_S;
    mien_sink_idle(s);
    assert_int_equal(page_frames(), 100);
    assert_true(mien_sink_close(s));
    assert_int_equal(page_frames(), 100);
    // A pipe gets one page.
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    int reader = open(in_dir("pipe"), O_RDONLY | O_NONBLOCK);
    assert_true(fcntl(reader, F_SETPIPE_SZ, 1 << 20) >= 1 << 20);
    s = mien_sink_open("report", in_dir("pipe"), NULL);
    for (int i = 0; i < 100; i++) {
        r->times.capture_ns += period_ns;
        now_ns += period_ns;
        assert_true(mien_sink_write(s, &f));
    }
    assert_true(mien_sink_close(s));
    char *text = mien_calloc(1, 1 << 20);
    assert_true(read(reader, text, (1 << 20) - 1) > 1000);
    assert_null(strstr(strstr(text, "</html>") + 1, "</html>"));
    close(reader);
    mien_free(text);
}

// Where the disk is full, or the file may not be larger, no line is left in part.
static void no_line_is_left_in_part(void **state)
{
    static const struct {
        const char *name, *kind;
    } sinks[] = {{"a.csv", "csv"}, {"a.jsonl", "jsonl"}, {"a.md5", "md5"}, {"a.json", "mediapipe"}};
    struct rlimit was, low;
    struct mien_result *r = scene_result(&model);
    struct mien_sink_frame f = {.source = "test", .result = r};
    getrlimit(RLIMIT_FSIZE, &was);
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < MIEN_COUNT(sinks); i++) {
        const char *name = sinks[i].name;
        struct mien_sink *s = mien_sink_open(sinks[i].kind, in_dir(name), &with_model);
        assert_non_null(s);
        assert_true(mien_sink_write(s, &f));
        size_t size;
        mien_free(slurp(name, &size));
        low = (struct rlimit){size + 20, was.rlim_max};
        setrlimit(RLIMIT_FSIZE, &low);
        mien_log_set_level(MIEN_LOG_ERROR + 1);
        bool ok = mien_sink_write(s, &f);
        bool closed = mien_sink_close(s);
        mien_log_set_level(MIEN_LOG_INFO);
        setrlimit(RLIMIT_FSIZE, &was);
        size_t left;
        char *text = slurp(name, &left);
        assert_false(ok || closed);
        assert_int_equal(left, size);
        assert_true(text[left - 1] == '\n');
        mien_free(text);
    }
    read_array();
    assert_int_equal(items, 1);
}

RUN_TESTS(NULL, NULL,
          cmocka_unit_test_setup_teardown(gltf_has_all_but_the_last_second, set_up, tear_down),
          cmocka_unit_test_setup_teardown(mediapipe_is_an_array_at_any_time, set_up, tear_down),
          cmocka_unit_test_setup_teardown(report_has_all_but_the_last_second, set_up, tear_down),
          cmocka_unit_test_setup_teardown(no_line_is_left_in_part, set_up, tear_down))

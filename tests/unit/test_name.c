// Names from outside: every format can be read, says the same, and is no spreadsheet's formula.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "face/model.h"
#include "image/image.h"
#include "sink/sinks.h"
#include "folder.h"
#include "run_tests.h"

static char dir[64];

static const char *in_dir(const char *name)
{
    return folder_path(dir, name);
}

static int set_up(void **state)
{
    return folder_make(dir, "name") ? 0 : -1;
}

static int tear_down(void **state)
{
    return folder_remove(dir);
}

static const struct {
    const char *name, *said;
} names[] = {
    {"plain.jpg", "plain.jpg"},
    {"a, \"b\" c.jpg", "a, \"b\" c.jpg"},
    {"new\nline.jpg", "new\nline.jpg"},
    {"cr\rlf\r\n.jpg", "cr\rlf\r\n.jpg"},
    {"tab\there.jpg", "tab\there.jpg"},
    {"\x01\x1b[31m\x7f.jpg", "\x01\x1b[31m\x7f.jpg"},
    {"caf\xe9.jpg", "caf\\xE9.jpg"},
    {"cut \xe2\x82", "cut \\xE2\\x82"},
    {"\xed\xa0\x80.jpg", "\\xED\\xA0\\x80.jpg"},
    {"\xff", "\\xFF"},
    {"Grüße €𝄞.jpg", "Grüße €𝄞.jpg"},
    {"back\\slash", "back\\slash"},
    {"<b>&amp;'\"</b>", "<b>&amp;'\"</b>"},
    {"=1+1.jpg", "./=1+1.jpg"},
    {"+x", "./+x"},
    {"-x", "./-x"},
    {"@x", "./@x"},
    {" \t=x", "./ \t=x"},
    {"\r\n=x", "./\r\n=x"},
    {"a=b", "a=b"},
    {" ", " "},
    {"#hash?%20 &amp;", "#hash?%20 &amp;"},
};

// A CSV's first cell of its second row.
static void second_row(const char *text, char *cell, size_t size)
{
    const char *p = strchr(text, '\n') + 1;
    size_t n = 0;
    bool quoted = *p == '"';
    for (p += quoted; quoted ? *p != '"' || p[1] == '"' : *p != ',' && *p != '\n'; p++) {
        assert_true(*p && n + 1 < size);
        p += quoted && *p == '"';
        cell[n++] = *p;
    }
    cell[n] = 0;
}

// The page's text from after its heading up to the size of the picture, references resolved.
static void heading(const char *text, char *out, size_t size)
{
    static const char *const refs[][2] = {
        {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}, {"&quot;", "\""}, {"&#13;", "\r"}};
    const char *p = strstr(text, "</h1><p>");
    assert_non_null(p);
    p += strlen("</h1><p>");
    const char *end = strstr(p, " · 640");
    assert_non_null(end);
    size_t n = 0;
    while (p < end) {
        size_t i = 0;
        assert_true(*p != '<' && *p != '\r' && n + 1 < size);
        while (i < MIEN_COUNT(refs) && strncmp(p, refs[i][0], strlen(refs[i][0])) != 0) {
            i++;
        }
        assert_true(*p != '&' || i < MIEN_COUNT(refs));
        out[n++] = i < MIEN_COUNT(refs) ? *refs[i][1] : *p;
        p += i < MIEN_COUNT(refs) ? strlen(refs[i][0]) : 1;
    }
    out[n] = 0;
}

static char *write_one(struct mien_sink *s, const char *name, const char *file)
{
    static struct mien_result r = {.width_px = 640, .height_px = 480};
    struct mien_sink_frame f = {name, NULL, &r};
    assert_non_null(s);
    assert_true(mien_sink_write(s, &f) && mien_sink_close(s));
    size_t size;
    char *text = mien_file_read(in_dir(file), 0, &size);
    assert_non_null(text);
    for (const char *p = text; *p; p += mien_utf8_length(p)) {
        assert_true(mien_utf8_length(p) > 0);
    }
    return text;
}

static void all_formats_say_the_same(void **state)
{
    char said[300];
    for (size_t i = 0; i < MIEN_COUNT(names); i++) {
        char *text =
            write_one(mien_sink_open("jsonl", in_dir("a.jsonl"), NULL), names[i].name, "a.jsonl");
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); // one line
        cJSON *root = cJSON_ParseWithOpts(text, NULL, true);
        assert_non_null(root);
        assert_string_equal(cJSON_GetObjectItem(root, "source")->valuestring, names[i].said);
        cJSON_Delete(root);
        mien_free(text);
        text = write_one(mien_sink_open("csv", in_dir("a.csv"), NULL), names[i].name, "a.csv");
        second_row(text, said, sizeof(said));
        assert_string_equal(said, names[i].said);
        assert_null(strchr("=+-@", said[0] ? said[0] : 'x'));
        mien_free(text);
        text = write_one(mien_sink_open("report", in_dir("a.html"), NULL), names[i].name, "a.html");
        heading(text, said, sizeof(said));
        assert_string_equal(said, names[i].said);
        mien_free(text);
    }
}

// Pictures, meshes and what the meshes name.
static struct mien_face_model model;
static struct mien_image picture;

static int set_up_model(void **state)
{
    return !set_up(state) && mien_face_model_load(&model, NULL) &&
                   mien_image_create(&picture, 640, 480, MIEN_FORMAT_RGB8)
               ? 0
               : -1;
}

static int tear_down_model(void **state)
{
    mien_image_destroy(&picture);
    mien_face_model_destroy(&model);
    return tear_down(state);
}

static const struct mien_result *one_face(void)
{
    static struct mien_result r = {.width_px = 640, .height_px = 480, .count = 1};
    r.camera = mien_camera_make(640, 480, 60);
    mien_pose_from_angles(0, 0, 0, r.face[0].pose.R);
    r.face[0].pose.t[2] = -600;
    return &r;
}

static void named_file_is_there(const char *line)
{
    const char *name = strchr(line, ' ') + 1;
    assert_true(*name && !strpbrk(name, " \t#\r") && *name != '-');
    assert_true(mien_file_exists(in_dir(name)));
}

static void meshes_name_files_that_are_there(void **state)
{
    static const char *const odd[] = {
        "new\nline.jpg", "#hash?.jpg",  "sp ace.jpg",      "-dash.jpg",          "caf\xe9.jpg",
        "Grüße.jpg",     "\n.jpg",      "nel\xc2\x85.jpg", "\xe2\x80\xa8ls.jpg", "sp ace.png",
        "a\\b.jpg",      "sp\tace.jpg", "=x.jpg",
    };
    mien_log_set_level(MIEN_LOG_WARN);
    for (size_t i = 0; i < MIEN_COUNT(odd); i++) {
        char inside[100], command[300];
        snprintf(command, sizeof(command), "rm -rf %s/*", dir);
        assert_int_equal(system(command), 0);
        struct mien_sink *s = mien_sink_mesh(dir, &model, NULL);
        assert_non_null(s);
        snprintf(inside, sizeof(inside), "photos/%s", odd[i]);
        struct mien_sink_frame f = {inside, &picture, one_face()};
        assert_true(mien_sink_write(s, &f));
        assert_true(mien_sink_close(s));
        snprintf(command, sizeof(command), "cat %s/*.obj %s/*.mtl >%s/all", dir, dir, dir);
        assert_int_equal(system(command), 0);
        size_t size;
        char *text = mien_file_read(in_dir("all"), 0, &size), *save = NULL;
        int libraries = 0, maps = 0, said = 0;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
            if (!strncmp(line, "mtllib", 6)) {
                named_file_is_there(line);
                libraries++;
            } else if (!strncmp(line, "map_Kd", 6)) {
                named_file_is_there(line);
                maps++;
            } else if (!strncmp(line, "# picture: ", 11)) {
                cJSON *name = cJSON_Parse(line + 11);
                assert_non_null(name);
                said += !strcmp(name->valuestring, i == 4 ? "photos/caf\\xE9.jpg" : inside);
                cJSON_Delete(name);
            } else if (!strchr("#vfgunKN", line[0])) {
                fail_msg("a stray line: %s", line);
            }
        }
        assert_int_equal(libraries, 1);
        assert_int_equal(maps, 2);
        assert_int_equal(said, 1);
        mien_free(text);
    }
    mien_log_set_level(MIEN_LOG_INFO);
}

static void expect_photograph(const char *name)
{
    size_t size;
    char *text = mien_file_read(in_dir(name), 0, &size);
    assert_string_equal(text, "a photograph");
    mien_free(text);
}

static void write_both(struct mien_claims *claims, const char *const *source, int n)
{
    struct mien_sink *o = mien_sink_overlay(dir, &model, 0, claims);
    struct mien_sink *m = mien_sink_mesh(dir, &model, claims);
    assert_true(o && m);
    for (int i = 0; i < n; i++) {
        struct mien_sink_frame f = {source[i], &picture, one_face()};
        assert_true(mien_sink_write(o, &f) && mien_sink_write(m, &f));
    }
    assert_true(mien_sink_close(o) && mien_sink_close(m));
}

static int count_files(const char *pattern)
{
    char command[200];
    int n = -1;
    snprintf(command, sizeof(command), "ls %s/%s 2>/dev/null | wc -l", dir, pattern);
    FILE *f = popen(command, "r");
    assert_int_equal(fscanf(f, "%d", &n), 1);
    pclose(f);
    return n;
}

static void files_of_a_folder_are_never_destroyed(void **state)
{
    mien_log_set_level(MIEN_LOG_WARN);
    // x.png is an input, y.png and z.obj are somebody's; x and y come twice, from two folders.
    assert_true(mien_file_save(in_dir("x.png"), "a photograph", 12));
    assert_true(mien_file_save(in_dir("y.png"), "a photograph", 12));
    assert_true(mien_file_save(in_dir("z.obj"), "a photograph", 12));
    char input[256];
    snprintf(input, sizeof(input), "%s", in_dir("x.png"));
    const char *const source[] = {input, "b/x.jpg", "a/y.jpg", "z.jpg", "x-2.jpg"};
    for (int run = 0; run < 2; run++) { // again: what was made is replaced, not added to
        struct mien_claims claims = {0};
        assert_true(mien_claims_read(&claims, "the picture", input));
        write_both(&claims, source, 5);
        mien_claims_destroy(&claims);
        expect_photograph("x.png");
        expect_photograph("y.png");
        expect_photograph("z.obj");
        assert_int_equal(count_files("*.ply"), 5);
        assert_int_equal(count_files("*.mtl"), 5);
        assert_int_equal(count_files("*.obj"), 5 + 1);
        assert_int_equal(count_files("*-photo.png"), 5);
        assert_int_equal(count_files("*.png"), 5 + 5 + 5 + 2);
    }
    mien_log_set_level(MIEN_LOG_INFO);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test_setup_teardown(all_formats_say_the_same, set_up, tear_down),
          cmocka_unit_test_setup_teardown(meshes_name_files_that_are_there, set_up_model,
                                          tear_down_model),
          cmocka_unit_test_setup_teardown(files_of_a_folder_are_never_destroyed, set_up_model,
                                          tear_down_model))

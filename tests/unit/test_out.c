// Sinks: what is written is read back by another reader (cJSON, FFmpeg, libpng, scanf).
#include <math.h>
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
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "face/posed.h"
#include "sink/light.h"
#include "sink/md5.h"
#include "sink/mesh.h"
#include "sink/texture.h"
#include "sink/overlay.h"
#include "sink/sinks.h"
#include "sink/video.h"
#include "sinks_folder.h"
#include "sinks_scene.h"
#include "run_tests.h"

static struct mien_result *result_of(int width, int height)
{
    static struct mien_result r;
    memset(&r, 0, sizeof(r));
    r.width_px = width;
    r.height_px = height;
    r.camera = mien_camera_make(width, height, 0);
    r.times.capture_ns = 1500 * MIEN_NS_PER_MS;
    return &r;
}

static char *slurp(const char *name)
{
    size_t size = 0;
    char *s = mien_file_read(in_dir(name), 0, &size);
    assert_non_null(s);
    assert_int_equal(strlen(s), size);
    return s;
}

static double number(const cJSON *o, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
    assert_true(cJSON_IsNumber(v));
    return v->valuedouble;
}

static void test_jsonl_is_read_back(void **state)
{
    const char *source = "fo\"l\\der/na\nme \xC3\xA9 \xFF.jpg";
    struct mien_sink *s = mien_sink_open("jsonl", in_dir("a.jsonl"), NULL);
    assert_non_null(s);
    struct mien_result *r = result_of(640, 480);
    struct mien_sink_frame f = {source, NULL, r};
    assert_true(mien_sink_write(s, &f));
    scene_add_face(r, &model, 20, -10, 5, -60, -700);
    scene_add_face(r, &model, -30, 0, 0, 60, -700);
    for (int i = 0; i < model.landmarks; i++) {
        r->face[0].landmark_sigma_px[i] = 0.5f + 0.01f * (float)i;
    }
    memcpy(r->face[0].gaze_deg, (float[2][2]){{11, 2}, {-7, 3}}, sizeof(r->face[0].gaze_deg));
    r->face[1].lids.shut[1] = true;
    r->frame = 1;
    strcpy(r->network, "my \"best\".net");
    assert_true(mien_sink_write(s, &f));
    assert_true(mien_sink_close(s));
    char *text = slurp("a.jsonl"), *second = strchr(text, '\n') + 1;
    second[-1] = 0;
    cJSON *empty = cJSON_Parse(text), *full = cJSON_Parse(second);
    assert_non_null(empty);
    assert_non_null(full);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(empty, "faces")), 0);
    assert_string_equal(cJSON_GetObjectItem(full, "source")->valuestring,
                        "fo\"l\\der/na\nme \xC3\xA9 \\xFF.jpg");
    assert_null(cJSON_GetObjectItem(empty, "network")); // unknown
    assert_string_equal(cJSON_GetObjectItem(full, "network")->valuestring, "my \"best\".net");
    assert_float_equal(number(full, "time_s"), 1.5, 1e-9);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(full, "faces")), 2);
    const cJSON *face = cJSON_GetArrayItem(cJSON_GetObjectItem(full, "faces"), 0);
    const cJSON *pose = cJSON_GetObjectItem(face, "pose");
    assert_float_equal(number(pose, "yaw"), 20, 0.001);
    assert_float_equal(number(pose, "pitch"), -10, 0.001);
    assert_float_equal(number(pose, "roll"), 5, 0.001);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(pose, "R")), 9);
    for (int k = 0; k < 9; k++) {
        assert_float_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(pose, "R"), k)->valuedouble,
                           r->face[0].pose.R[k], 1e-6);
    }
    const cJSON *marks = cJSON_GetObjectItem(face, "landmarks68");
    assert_int_equal(cJSON_GetArraySize(marks), 68);
    assert_float_equal(cJSON_GetArrayItem(cJSON_GetArrayItem(marks, 30), 1)->valuedouble,
                       r->face[0].ibug_px[30][1], 0.006);
    // Each landmark: x, y, and how unsure it is.
    marks = cJSON_GetObjectItem(face, "landmarks");
    assert_int_equal(cJSON_GetArraySize(marks), model.landmarks);
    for (int i = 0; i < model.landmarks; i++) {
        const struct mien_face_result *f0 = &r->face[0];
        const cJSON *mark = cJSON_GetArrayItem(marks, i);
        const float want[3] = {f0->landmark_px[i][0], f0->landmark_px[i][1],
                               f0->landmark_sigma_px[i]};
        assert_int_equal(cJSON_GetArraySize(mark), 3);
        for (int k = 0; k < 3; k++) {
            assert_float_equal(cJSON_GetArrayItem(mark, k)->valuedouble, want[k], 0.006);
        }
    }
    // The subject's left eye is the left one; a shut eye looks nowhere.
    const cJSON *gaze = cJSON_GetObjectItem(face, "gaze");
    const cJSON *left = cJSON_GetObjectItem(gaze, "left"),
                *right = cJSON_GetObjectItem(gaze, "right");
    assert_float_equal(cJSON_GetArrayItem(left, 0)->valuedouble, 11, 1e-9);
    assert_float_equal(cJSON_GetArrayItem(left, 1)->valuedouble, 2, 1e-9);
    assert_float_equal(cJSON_GetArrayItem(right, 0)->valuedouble, -7, 1e-9);
    gaze = cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(full, "faces"), 1), "gaze");
    assert_true(cJSON_IsArray(cJSON_GetObjectItem(gaze, "left")));
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(gaze, "right")));
    const cJSON *shapes = cJSON_GetObjectItem(face, "blendshapes");
    assert_int_equal(cJSON_GetArraySize(shapes), MIEN_BLENDSHAPES);
    assert_float_equal(number(shapes, "jawOpen"), 0.5, 1e-9);
    const cJSON *expression = cJSON_GetObjectItem(face, "expression");
    assert_string_equal(cJSON_GetObjectItem(expression, "label")->valuestring, "happy");
    assert_float_equal(number(cJSON_GetObjectItem(expression, "probabilities"), "sad"), 0.25, 1e-9);
    cJSON_Delete(empty);
    cJSON_Delete(full);
    mien_free(text);
}

static int lines_in(const char *name)
{
    char *text = slurp(name);
    int n = 0;
    for (const char *p = text; *p; p++) {
        n += *p == '\n';
    }
    mien_free(text);
    return n;
}

// A program that reads along, or that is left when this one is killed, has every line at once.
static void test_lines_are_in_the_file_at_once(void **state)
{
    struct mien_result *r = result_of(640, 480);
    scene_add_face(r, &model, 0, 0, 0, 0, -700);
    struct mien_sink_frame f = {.source = "test", .result = r};
    struct mien_sink *jsonl = mien_sink_open("jsonl", in_dir("now.jsonl"), NULL),
                     *csv = mien_sink_open("csv", in_dir("now.csv"), NULL);
    assert_non_null(jsonl);
    assert_non_null(csv);
    for (int i = 1; i <= 3; i++) {
        assert_true(mien_sink_write(jsonl, &f));
        assert_true(mien_sink_write(csv, &f));
        assert_int_equal(lines_in("now.jsonl"), i);
        assert_int_equal(lines_in("now.csv"), i + 1);
    }
    assert_true(mien_sink_close(jsonl));
    assert_true(mien_sink_close(csv));
}

static void test_nothing_but_numbers(void **state)
{
    struct mien_result *r = result_of(640, 480);
    scene_add_face(r, &model, 0, 0, 0, 0, -700);
    struct mien_face_result *f = &r->face[0];
    f->blendshape[0] = f->action[0] = NAN;
    f->pose.t[1] = INFINITY;
    f->box_px[2] = -INFINITY;
    f->yaw_deg = -0.0001f;
    f->gaze_deg[0][0] = 3e38f;
    struct mien_sink *s[2] = {mien_sink_open("jsonl", in_dir("n.jsonl"), NULL), NULL};
    s[1] = mien_sink_open("csv", in_dir("n.csv"), NULL);
    for (int i = 0; i < 2; i++) {
        assert_true(mien_sink_write(s[i], &(struct mien_sink_frame){"x", NULL, r}));
        assert_true(mien_sink_close(s[i]));
    }
    char *text = slurp("n.jsonl");
    cJSON *o = cJSON_Parse(text);
    assert_non_null(o);
    cJSON_Delete(o);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    assert_non_null(strstr(text, "\"yaw\":0.000"));
    mien_free(text);
    text = slurp("n.csv");
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf,"));
    mien_free(text);
}

static void test_number_table(void **state)
{
    static const struct {
        double v;
        int digits;
        const char *text;
    } table[] = {
        {0, 2, "0.00"},        {-0.0, 2, "0.00"},
        {-0.004, 2, "0.00"},   {-0.006, 2, "-0.01"},
        {1.005, 0, "1"},       {0.999999, 4, "1.0000"},
        {-12.5, 1, "-12.5"},   {123456.789, 3, "123456.789"},
        {1e-9, 6, "0.000000"}, {NAN, 2, "null"},
        {INFINITY, 2, "null"}, {-1e12, 2, "null"},
        {7.05, 2, "7.05"},
    };
    static struct mien_text t;
    assert_true(mien_text_open(&t, in_dir("numbers")));
    for (size_t i = 0; i < MIEN_COUNT(table); i++) {
        mien_text_number(&t, table[i].v, table[i].digits, "null");
        assert_true(mien_text_end_line(&t));
    }
    assert_true(mien_text_close(&t));
    char *text = slurp("numbers"), *p = text;
    for (size_t i = 0; i < MIEN_COUNT(table); i++) {
        char *end = strchr(p, '\n');
        *end = 0;
        assert_string_equal(p, table[i].text);
        p = end + 1;
    }
    mien_free(text);
}

static int columns(const char *line)
{
    int n = 1;
    bool quoted = false;
    for (; *line && *line != '\n'; line++) {
        quoted = *line == '"' ? !quoted : quoted;
        n += *line == ',' && !quoted;
    }
    return n;
}

static void test_csv_has_its_columns(void **state)
{
    struct mien_sink *s = mien_sink_open("csv", in_dir("a.csv"), NULL);
    struct mien_result *r = result_of(640, 480);
    struct mien_sink_frame f = {"odd, \"name\".jpg", NULL, r};
    assert_true(mien_sink_write(s, &f));
    scene_add_face(r, &model, 1, 2, 3, 0, -700);
    scene_add_face(r, &model, 1, 2, 3, 100, -700);
    strcpy(r->network, "clean");
    assert_true(mien_sink_write(s, &f));
    assert_true(mien_sink_close(s));
    char *text = slurp("a.csv"), *p = text;
    int want = columns(p), rows = 0;
    assert_int_equal(want, 32 + MIEN_EXPRESSIONS + MIEN_BLENDSHAPES + 2 * MIEN_IBUG);
    for (; *p; p = strchr(p, '\n') + 1) {
        assert_int_equal(columns(p), want);
        rows++;
    }
    assert_int_equal(rows, 1 + 1 + 2);
    assert_non_null(strstr(text, ",mark,network,mark_text\n"));
    assert_non_null(strstr(text, ",0,,\n")); // not known
    assert_string_equal(text + strlen(text) - 10, ",0,clean,\n");
    assert_non_null(strstr(text, "\"odd, \"\"name\"\".jpg\",0,1.500000,-1,"));
    mien_free(text);
}

static void test_md5_of_the_rfc(void **state)
{
    static const char *const table[][2] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
    };
    for (size_t i = 0; i < MIEN_COUNT(table); i++) {
        struct mien_md5 m;
        char hex[33];
        mien_md5_begin(&m);
        for (const char *p = table[i][0]; *p; p++) {
            mien_md5_add(&m, p, 1);
        }
        mien_md5_end(&m, hex);
        assert_string_equal(hex, table[i][1]);
    }
}

static void test_md5_sees_every_change_but_time(void **state)
{
    char *text[3];
    for (int i = 0; i < 3; i++) {
        struct mien_result *r = result_of(640, 480);
        scene_add_face(r, &model, 1, 2, 3, 0, -700);
        r->times.network_ns = 1000 * i;
        r->face[0].blendshape[51] = i == 2 ? 1e-6f : 0;
        struct mien_sink *s = mien_sink_open("md5", in_dir("md5"), NULL);
        assert_true(mien_sink_write(s, &(struct mien_sink_frame){"x", NULL, r}));
        assert_true(mien_sink_close(s));
        text[i] = slurp("md5");
    }
    assert_string_equal(text[0], text[1]);
    assert_string_not_equal(text[0], text[2]);
    for (int i = 0; i < 3; i++) {
        mien_free(text[i]);
    }
}

static void test_unwritable_places_are_told(void **state)
{
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_null(mien_sink_open("jsonl", "/nonexistent/x.jsonl", NULL));
    assert_null(mien_sink_open("csv", "/nonexistent/x.csv", NULL));
    assert_null(mien_sink_overlay("/proc/nowhere", &model, MIEN_OVERLAY_ALL, NULL));
    assert_null(mien_video_writer_open("/nonexistent/x.mp4", 320, 240, 30, 0, NULL));
    assert_null(mien_video_writer_open(in_dir("small.mp4"), 3, 3, 30, 0, NULL));
    struct mien_sink *s = mien_sink_open("jsonl", "/dev/full", NULL);
    struct mien_sink_frame f = {"x", NULL, result_of(64, 64)};
    assert_false(mien_sink_write(s, &f));
    assert_false(mien_sink_write(s, &f));
    assert_false(mien_sink_close(s));
    mien_log_set_level(MIEN_LOG_INFO);
}

static void test_depth_hides_what_is_behind(void **state)
{
    struct mien_depth d = {0};
    assert_true(mien_depth_begin(&d, (float[4]){-5, -5, 40, 40}, 32, 32));
    assert_int_equal(d.w, 32);
    float a[3] = {0, 0, 1 / 500.0f}, b[3] = {31, 0, 1 / 500.0f}, c[3] = {0, 31, 1 / 600.0f};
    mien_depth_triangle(&d, a, b, c);
    assert_true(mien_depth_visible(&d, (float[3]){8, 0, 1 / 499.0f}, 2));
    assert_true(mien_depth_visible(&d, (float[3]){8, 0, 1 / 501.0f}, 2));
    assert_false(mien_depth_visible(&d, (float[3]){8, 0, 1 / 505.0f}, 2));
    assert_true(mien_depth_visible(&d, (float[3]){0, 29, 1 / 593.0f}, 2));
    assert_false(mien_depth_visible(&d, (float[3]){0, 29, 1 / 605.0f}, 2));
    assert_true(mien_depth_visible(&d, (float[3]){30, 30, 1 / 9000.0f}, 2)); // nothing there
    assert_true(mien_depth_visible(&d, (float[3]){-100, 3, 1 / 9000.0f}, 2));
    assert_false(mien_depth_begin(&d, (float[4]){50, 0, 60, 9}, 32, 32));
    assert_false(mien_depth_begin(&d, (float[4]){NAN, 0, NAN, 9}, 32, 32));
    mien_depth_destroy(&d);
}

static int changed(const struct mien_image *a, int x0, int y0, int x1, int y1, int grey)
{
    int n = 0;
    for (int y = y0 < 0 ? 0 : y0; y < y1 && y < a->height; y++) {
        for (int x = x0 < 0 ? 0 : x0; x < x1 && x < a->width; x++) {
            n += a->data[(size_t)y * a->stride + 3 * (size_t)x] != grey;
        }
    }
    return n;
}

static void test_overlay_draws_on_the_face_only(void **state)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, 400, 300, MIEN_FORMAT_RGB8));
    memset(im.data, 100, im.stride * 300);
    struct mien_result *r = result_of(400, 300);
    scene_add_face(r, &model, 15, 5, 0, 0, -800);
    struct mien_overlay *o = mien_overlay_create(&model);
    mien_overlay_draw(o, &im, r, MIEN_OVERLAY_MESH);
    const float *b = r->face[0].box_px;
    int all = changed(&im, 0, 0, 400, 300, 100);
    int inside = changed(&im, (int)b[0] - 12, (int)b[1] - 12, (int)b[2] + 12, (int)b[3] + 40, 100);
    assert_true(inside > 2000);
    assert_int_equal(all, inside);
    // Faces half out, behind the camera and broken do no harm.
    scene_add_face(r, &model, 0, 0, 0, -300, -800);
    scene_add_face(r, &model, 80, 0, 0, 0, -90);
    r->face[2].pose.t[2] = -30;
    scene_add_face(r, &model, 0, 0, 0, 0, -800);
    r->face[3].pose.R[0] = NAN;
    mien_overlay_draw(o, &im, r, MIEN_OVERLAY_ALL);
    mien_overlay_destroy(o);
    mien_image_destroy(&im);
}

static void test_texture_takes_the_pictures_colours(void **state)
{
    // A picture whose left half is red and whose right half is blue: so is the texture, by sides.
    struct mien_image im, texture;
    assert_true(mien_image_create(&im, 400, 300, MIEN_FORMAT_RGB8));
    struct mien_result *r = result_of(400, 300);
    scene_add_face(r, &model, 0, 0, 0, 0, -800);
    float middle = r->camera.cx_px;
    for (int y = 0; y < 300; y++) {
        for (int x = 0; x < 400; x++) {
            uint8_t *p = im.data + (size_t)y * im.stride + 3 * (size_t)x;
            p[0] = (float)x < middle ? 220 : 20;
            p[2] = (float)x < middle ? 20 : 220;
        }
    }
    struct mien_posed posed;
    assert_true(mien_posed_create(&posed, &model));
    assert_true(mien_posed_set(&posed, &r->camera, &r->face[0]));
    assert_true(mien_image_create(&texture, 256, 256, MIEN_FORMAT_RGB8));
    float *weight = mien_calloc(4 * 256 * 256, sizeof(float));
    mien_texture_unwrap(&posed, &im, &texture, weight);
    int checked = 0;
    for (int i = 0; i < model.landmarks; i++) {
        const struct mien_landmark *l = &model.landmark[i];
        float x = r->face[0].landmark_px[i][0] - middle;
        bool facing = posed.facing[l->vertex[0]] > 0.7f;
        if (fabsf(x) < 8 || !facing || l->region == MIEN_REGION_IRIS ||
            l->region == MIEN_REGION_MOUTH || l->region == MIEN_REGION_EYE) {
            continue;
        }
        // The texel of the landmark's first vertex, by any triangle of the face that has it.
        for (int t = 0; t < 3 * model.triangles; t++) {
            if (model.triangle[t] == l->vertex[0] && model.part[t / 3] == MIEN_PART_FACE) {
                const float *uv = model.uv + 2 * model.uv_triangle[t];
                int u = (int)(uv[0] * 255.9f), v = (int)((1 - uv[1]) * 255.9f);
                const uint8_t *p = texture.data + (size_t)v * texture.stride + 3 * (size_t)u;
                assert_true(x < 0 ? p[0] > p[2] : p[2] > p[0]);
                checked++;
                break;
            }
        }
    }
    assert_true(checked > 30);
    assert_true(mien_mesh_save_obj(&posed, &im, "m.jpg", in_dir("m")));
    assert_true(mien_mesh_save_ply(&posed, &im, in_dir("m")));
    mien_free(weight);
    mien_image_destroy(&texture);
    mien_image_destroy(&im);
    mien_posed_destroy(&posed);
    // What the OBJ says: counts, indices in range, textures that exist.
    char *text = slurp("m.obj");
    int v = 0, vt = 0, vn = 0, faces = 0;
    for (char *p = strtok(text, "\n"); p; p = strtok(NULL, "\n")) {
        int a[9];
        v += !strncmp(p, "v ", 2);
        vt += !strncmp(p, "vt ", 3);
        vn += !strncmp(p, "vn ", 3);
        if (*p == 'f') {
            faces++;
            assert_int_equal(sscanf(p, "f %d/%d/%d %d/%d/%d %d/%d/%d", a, a + 1, a + 2, a + 3,
                                    a + 4, a + 5, a + 6, a + 7, a + 8),
                             9);
            for (int k = 0; k < 3; k++) {
                assert_in_range(a[3 * k], 1, model.vertices);
                assert_in_range(a[3 * k + 1], 1, model.uvs + model.vertices);
            }
        }
    }
    assert_int_equal(v, model.vertices);
    assert_int_equal(vn, model.vertices);
    assert_int_equal(vt, model.uvs + model.vertices);
    assert_true(faces > model.triangles / 2 && faces <= model.triangles);
    mien_free(text);
    assert_true(mien_file_exists(in_dir("m.png")));
    assert_true(mien_file_exists(in_dir("m-photo.png")));
    size_t size = 0;
    char *ply = mien_file_read(in_dir("m.ply"), 0, &size);
    size_t head = (size_t)(strstr(ply, "end_header\n") - ply) + 11;
    assert_int_equal(size, head + 27 * (size_t)model.vertices + 13 * (size_t)model.triangles);
    mien_free(ply);
}

// Frames that FFmpeg decodes from a file.
static int frames_in(const char *file, int *width, double *seconds)
{
    AVFormatContext *f = NULL;
    assert_int_equal(avformat_open_input(&f, file, NULL, NULL), 0);
    assert_true(avformat_find_stream_info(f, NULL) >= 0);
    const AVCodec *codec = avcodec_find_decoder(f->streams[0]->codecpar->codec_id);
    AVCodecContext *c = avcodec_alloc_context3(codec);
    avcodec_parameters_to_context(c, f->streams[0]->codecpar);
    assert_true(avcodec_open2(c, codec, NULL) >= 0);
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int n = 0;
    bool more = true;
    while (more) {
        more = av_read_frame(f, packet) >= 0;
        avcodec_send_packet(c, more ? packet : NULL);
        av_packet_unref(packet);
        while (avcodec_receive_frame(c, frame) >= 0) {
            *width = frame->width;
            *seconds = (double)frame->pts * av_q2d(f->streams[0]->time_base);
            n++;
        }
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&c);
    avformat_close_input(&f);
    return n;
}

static void test_video_is_read_back(void **state)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, 321, 240, MIEN_FORMAT_RGB8));
    struct mien_video_writer *v = mien_video_writer_open(in_dir("a.mp4"), 321, 240, 30, 0, NULL);
    assert_non_null(v);
    for (int i = 0; i < 95; i++) {
        memset(im.data, 40 + i, im.stride * 240);
        // One frame comes late and one twice: time stamps go on rising.
        int64_t t = i * MIEN_NS_PER_S / 30;
        assert_true(mien_video_writer_add(v, &im, i == 50 ? t - 2 * MIEN_NS_PER_S : t));
    }
    im.width = 100;
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_false(mien_video_writer_add(v, &im, -1));
    mien_log_set_level(MIEN_LOG_INFO);
    im.width = 321;
    assert_false(mien_video_writer_close(v)); // the wrong frame counts
    mien_image_destroy(&im);
    int width = 0;
    double seconds = 0;
    assert_true(frames_in(in_dir("a.mp4"), &width, &seconds) >= 60);
    assert_int_equal(width, 320);
}

static void test_cut_off_video_opens(void **state)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, 64, 48, MIEN_FORMAT_RGB8));
    struct mien_video_writer *v = mien_video_writer_open(in_dir("cut.mp4"), 64, 48, 30, 0, NULL);
    for (int i = 0; i < 150; i++) {
        memset(im.data, i, im.stride * 48);
        assert_true(mien_video_writer_add(v, &im, -1));
    }
    assert_true(mien_video_writer_close(v));
    mien_image_destroy(&im);
    int width = 0;
    double seconds = 0;
    assert_int_equal(frames_in(in_dir("cut.mp4"), &width, &seconds), 150);
    assert_float_equal(seconds, 149 / 30.0, 0.001);
    // As after a kill: the file ends in the middle.
    size_t size = 0;
    void *data = mien_file_read(in_dir("cut.mp4"), 0, &size);
    mien_free(data);
    assert_int_equal(truncate(in_dir("cut.mp4"), (off_t)(size * 7 / 10)), 0);
    av_log_set_level(AV_LOG_QUIET);
    assert_true(frames_in(in_dir("cut.mp4"), &width, &seconds) >= 55);
    av_log_set_level(AV_LOG_ERROR);
}

// Killed while it records: of what was added, all but the last seconds is in the file. Each second
// is a fragment, and the encoder looks ten frames ahead.
static void test_fragments_are_in_the_file_at_once(void **state)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, 64, 48, MIEN_FORMAT_RGB8));
    struct mien_video_writer *v = mien_video_writer_open(in_dir("live.mp4"), 64, 48, 30, 0, NULL);
    assert_non_null(v);
    for (int i = 0; i < 300; i++) {
        memset(im.data, i, im.stride * 48);
        assert_true(mien_video_writer_add(v, &im, -1));
    }
    int width = 0;
    double seconds = 0;
    av_log_set_level(AV_LOG_QUIET);
    int n = frames_in(in_dir("live.mp4"), &width, &seconds);
    av_log_set_level(AV_LOG_ERROR);
    assert_true(n >= 300 - 2 * 30 - 10 && n < 300);
    assert_true(mien_video_writer_close(v));
    assert_int_equal(frames_in(in_dir("live.mp4"), &width, &seconds), 300);
    mien_image_destroy(&im);
}

// What unwrapping the skin of a plain picture takes.
struct skin {
    struct mien_image im, atlas; // (300,400), written by the test; what came of it
    struct mien_texture t;
    struct mien_posed posed;
};

static void begin_skin(struct skin *s)
{
    s->atlas = (struct mien_image){0};
    assert_true(mien_image_create(&s->im, 400, 300, MIEN_FORMAT_RGB8));
    assert_true(mien_texture_create(&s->t, &model, 128));
    assert_true(mien_posed_create(&s->posed, &model));
}

// The colour at a triangle's first corner; NULL beside the atlas.
static const uint8_t *texel_of(const struct skin *s, int triangle)
{
    const float *uv = model.uv + 2 * model.uv_triangle[3 * triangle];
    int x = (int)(uv[0] * 128), y = (int)((1 - uv[1]) * 128);
    return x < 256 && y >= 0 && y < 128
               ? s->atlas.data + (size_t)y * s->atlas.stride + 3 * (size_t)x
               : NULL;
}

static void end_skin(struct skin *s)
{
    mien_image_destroy(&s->im);
    mien_image_destroy(&s->atlas);
    mien_posed_destroy(&s->posed);
    mien_texture_destroy(&s->t);
}

// Two looks at a plain head, the second by half of the light: the skin has the first one's colour
// everywhere, also where no look saw it.
static void test_a_heads_texture_is_of_one_light(void **state)
{
    struct skin s;
    begin_skin(&s);
    for (int look = 0; look < 2; look++) {
        struct mien_result *r = result_of(400, 300);
        scene_add_face(r, &model, look ? 40 : 0, 0, 0, 0, -800);
        for (int i = 0; i < 300; i++) {
            for (int x = 0; x < 400; x++) {
                uint8_t *p = s.im.data + (size_t)i * s.im.stride + 3 * (size_t)x;
                p[0] = look ? 100 : 200;
                p[1] = look ? 60 : 120;
                p[2] = look ? 40 : 80;
            }
        }
        assert_true(mien_posed_set(&s.posed, &r->camera, &r->face[0]));
        mien_texture_add(&s.t, &s.posed, &s.im, NULL);
    }
    assert_int_equal(s.t.looks, 2);
    assert_true(mien_texture_finish(&s.t, &s.atlas));
    assert_int_equal(s.atlas.width, 256);
    assert_int_equal(s.atlas.height, 128);
    for (int y = 0; y < 128; y++) {
        const uint8_t *p = s.atlas.data + (size_t)y * s.atlas.stride;
        for (int x = 0; x < 256; x++, p += 3) {
            assert_in_range(p[0], 196, 204);
            assert_in_range(p[1], 116, 124);
            assert_in_range(p[2], 76, 84);
        }
    }
    end_skin(&s);
}

// Hair over forehead and temples, of a head that nobody sees from above and that is lower than the
// model's, so that the wall is seen over it: skull, temples and the back of the head have the
// hair's colour, the face has the skin's.
static void test_hair_is_known_from_over_the_temples(void **state)
{
    static const uint8_t colours[3][3] = {{200, 120, 80}, {120, 50, 25}, {190, 160, 170}};
    struct skin s;
    begin_skin(&s);
    for (int look = -1; look <= 1; look++) {
        struct mien_result *r = result_of(400, 300);
        scene_add_face(r, &model, 40 * (float)look, 0, 0, 0, -800);
        const float *R = r->face[0].pose.R, *at = r->face[0].pose.t;
        float up = model.eye_centre[0][1] + 40; // of the hair, above the eyes
        float px_per_mm = r->camera.f_px / -at[2];
        int line = (int)(r->camera.cy_px - px_per_mm * (R[4] * up + at[1]));
        assert_in_range(line, 60, 150);
        for (int i = 0; i < 300; i++) {
            for (int x = 0; x < 400; x++) {
                memcpy(s.im.data + (size_t)i * s.im.stride + 3 * (size_t)x,
                       colours[(i < line) + (i < line - (int)(40 * px_per_mm))], 3);
            }
        }
        assert_true(mien_posed_set(&s.posed, &r->camera, &r->face[0]));
        mien_texture_add(&s.t, &s.posed, &s.im, NULL);
    }
    assert_true(mien_texture_finish(&s.t, &s.atlas));
    int wrong = 0, hair = 0;
    for (int k = 0; k < model.triangles; k++) {
        const float *p = model.mean + 3 * model.triangle[3 * k];
        const uint8_t *c = texel_of(&s, k);
        float over = p[1] - model.eye_centre[0][1];
        if (model.part[k] > MIEN_PART_HEAD || !c || (over > 20 && over < 70)) {
            continue; // where hair and skin meet
        }
        hair += over > 70;
        wrong += over > 70 && c[0] > 160;
        wrong += over < 20 && over > -100 && p[2] > 30 && c[0] < 160;
        wrong += over < 20 && over > -20 && p[2] < -40 && c[0] > 160; // the back, which nobody sees
    }
    assert_in_range(hair, 1000, 100000);
    assert_in_range(wrong, 0, hair / 50);
    // Where two places of the atlas are one of the head, they have one colour.
    const uint8_t **place = mien_calloc((size_t)model.vertices, sizeof(*place));
    int seams = 0, apart = 0;
    assert_non_null(place);
    for (int i = 0; i < 3 * model.triangles; i++) {
        const float *uv = model.uv + 2 * model.uv_triangle[i];
        int x = (int)(uv[0] * 128), y = (int)((1 - uv[1]) * 128);
        if (model.part[i / 3] > MIEN_PART_HEAD || x < 0 || y < 0 || x > 255 || y > 127) {
            continue;
        }
        const uint8_t *c = s.atlas.data + (size_t)y * s.atlas.stride + 3 * (size_t)x,
                      **other = &place[model.triangle[i]];
        if (*other && *other != c) {
            seams++;
            apart += abs(c[0] - (*other)[0]) + abs(c[1] - (*other)[1]) + abs(c[2] - (*other)[2]);
        }
        *other = c;
    }
    mien_free(place);
    assert_in_range(seams, 100, 100000);
    assert_true(apart < 3 * 3 * seams); // 1 step of 255 on average, 7 as they were seen
    end_skin(&s);
}

// A face leaner than the model's, seen from the front: the wall beside its cheeks, on which the
// model still lies, is not taken for skin where the cheeks turn away.
static void test_wall_beside_lean_cheeks_is_left_out(void **state)
{
    static const uint8_t skin[3] = {200, 120, 80}, wall[3] = {120, 160, 220};
    struct skin s;
    begin_skin(&s);
    struct mien_result *r = result_of(400, 300);
    scene_add_face(r, &model, 0, 0, 0, 0, -600);
    float lean_px = 66 * r->camera.f_px / 560;
    for (int i = 0; i < 300; i++) {
        for (int x = 0; x < 400; x++) {
            memcpy(s.im.data + (size_t)i * s.im.stride + 3 * (size_t)x,
                   fabsf((float)x - r->camera.cx_px) < lean_px ? skin : wall, 3);
        }
    }
    assert_true(mien_posed_set(&s.posed, &r->camera, &r->face[0]));
    mien_texture_add(&s.t, &s.posed, &s.im, NULL);
    assert_true(mien_texture_finish(&s.t, &s.atlas));
    int aslant = 0, blue = 0;
    for (int k = 0; k < model.triangles; k++) {
        const float *p = model.mean + 3 * model.triangle[3 * k];
        const uint8_t *c = texel_of(&s, k);
        if (model.part[k] != MIEN_PART_FACE || p[2] < 32 || fabsf(p[0]) < 50 ||
            s.posed.facing[model.triangle[3 * k]] > 0.3f || !c) {
            continue;
        }
        aslant++;
        blue += c[2] > c[0];
    }
    assert_in_range(aslant, 200, 100000);
    assert_in_range(blue, 0, aslant / 50);
    end_skin(&s);
}

// A head of one colour, lit from one side, in three looks: each vertex shows its shade. The light
// that is found leaves the skin even; colours of the skin's own stay.
static void test_light_is_divided_out(void **state)
{
    struct mien_posed posed;
    struct mien_lights l;
    struct mien_light light[3];
    assert_true(mien_posed_create(&posed, &model));
    assert_true(mien_lights_create(&l, &model, 3));
    for (int look = 0; look < 3; look++) {
        struct mien_result *r = result_of(400, 300);
        struct mien_image im;
        assert_true(mien_image_create(&im, 400, 300, MIEN_FORMAT_RGB8));
        scene_add_face(r, &model, 30 * (float)(look - 1), 0, 0, 0, -500);
        assert_true(mien_posed_set(&posed, &r->camera, &r->face[0]));
        for (int v = 0; v < model.vertices; v++) {
            const float *s = posed.screen + 3 * v, *n = posed.normals + 3 * v;
            float shade = 0.6f + 0.35f * n[0] + 0.1f * n[1];
            int level = (int)(255 * powf(0.5f * shade, 1 / 2.2f));
            for (int y = (int)s[1] - 2; s[2] > 0 && y < (int)s[1] + 3; y++) {
                for (int x = (int)s[0] - 2; x < (int)s[0] + 3; x++) {
                    if (posed.facing[v] > 0.2f && mien_depth_visible(&posed.depth, s, 2) &&
                        x >= 0 && y >= 0 && x < 400 && y < 300) {
                        memset(im.data + (size_t)y * im.stride + 3 * (size_t)x, level, 3);
                    }
                }
            }
        }
        mien_lights_add(&l, &posed, &im);
        mien_image_destroy(&im);
    }
    mien_lights_find(&l, light);
    float dark = 255, bright = 0;
    for (int i = -8; i <= 8; i++) {
        float n[3] = {0.1f * (float)i, 0, sqrtf(1 - 0.01f * (float)(i * i))};
        float rgb[3], level = 255 * powf(0.5f * (0.6f + 0.35f * n[0]), 1 / 2.2f);
        rgb[0] = rgb[1] = rgb[2] = level;
        mien_light_divide(&light[1], n, rgb);
        dark = fminf(dark, rgb[1]);
        bright = fmaxf(bright, rgb[1]);
    }
    print_message("even to %.3f\n", (double)(bright / dark));
    assert_true(bright < 1.2f * dark); // 1.58 before
    assert_true(bright < 180 && dark > 100);
    // Twice as bright a place is that under any light.
    float n[3] = {0.5f, 0, 0.866f}, a[3] = {80, 80, 80}, b[3];
    b[0] = b[1] = b[2] = 80 * powf(2, 1 / 2.2f);
    mien_light_divide(&light[1], n, a);
    mien_light_divide(&light[1], n, b);
    assert_true(fabsf(powf(b[0] / a[0], 2.2f) - 2) < 0.01f);
    // Nothing seen: even light.
    l.views = 0;
    mien_lights_find(&l, light);
    mien_lights_destroy(&l);
    mien_lights_destroy(&l);
    mien_posed_destroy(&posed);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(test_light_is_divided_out),
          cmocka_unit_test(test_jsonl_is_read_back),
          cmocka_unit_test(test_lines_are_in_the_file_at_once),
          cmocka_unit_test(test_nothing_but_numbers), cmocka_unit_test(test_number_table),
          cmocka_unit_test(test_csv_has_its_columns), cmocka_unit_test(test_md5_of_the_rfc),
          cmocka_unit_test(test_md5_sees_every_change_but_time),
          cmocka_unit_test(test_unwritable_places_are_told),
          cmocka_unit_test(test_depth_hides_what_is_behind),
          cmocka_unit_test(test_overlay_draws_on_the_face_only),
          cmocka_unit_test(test_texture_takes_the_pictures_colours),
          cmocka_unit_test(test_a_heads_texture_is_of_one_light),
          cmocka_unit_test(test_hair_is_known_from_over_the_temples),
          cmocka_unit_test(test_wall_beside_lean_cheeks_is_left_out),
          cmocka_unit_test(test_video_is_read_back), cmocka_unit_test(test_cut_off_video_opens),
          cmocka_unit_test(test_fragments_are_in_the_file_at_once))

// Rendered people: rasteriser by hand, labels against the model, determinism, damaged data.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "synth/clip.h"
#include "synth/raster.h"
#include "synth/render.h"
#include "run_tests.h"

static struct mien_face_model model;
static struct mien_synth_assets plain; // without any data folder

static int load(void **state)
{
    return mien_face_model_load(&model, NULL) &&
                   mien_synth_assets_load(&plain, &model, NULL, NULL, 0)
               ? 0
               : -1;
}

static int unload(void **state)
{
    mien_synth_assets_destroy(&plain);
    mien_face_model_destroy(&model);
    return 0;
}

static void test_triangle_by_hand(void **state)
{
    struct mien_raster r;
    assert_true(mien_raster_create(&r, 8, 8));
    // Counter-clockwise as seen is the front. Edges run through sample centres: the top and the
    // left one own theirs, the slanted one (x + y = 4) does not.
    const mien_raster_vertex v[3] = {{0, 0, 1, 0}, {4, 0, 1, 0}, {0, 4, 1, 0}};
    const int32_t front[3] = {0, 2, 1}, back[3] = {0, 1, 2};
    mien_raster_draw(&r, v, back, 1, 5, MIEN_RASTER_FRONT);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(r.id[i], 0);
    }
    mien_raster_draw(&r, v, front, 1, 5, MIEN_RASTER_FRONT);
    for (int y = 0; y < 8; y++) {
        for (int x = 0; x < 8; x++) {
            assert_int_equal(r.id[y * 8 + x], x + y < 4 ? 5 : 0);
        }
    }
    mien_raster_destroy(&r);
    mien_raster_destroy(&r);
}

// A fan of triangles round an inner point, whatever its place, covers each sample of the square
// exactly once.
static void test_shared_edges(void **state)
{
    struct mien_raster r;
    assert_true(mien_raster_create(&r, 32, 32));
    struct mien_rng rng;
    mien_rng_seed(&rng, 5, 0);
    for (int trial = 0; trial < 200; trial++) {
        float x = trial % 3 ? mien_rng_range(&rng, 3, 28) : (float)(3 + mien_rng_below(&rng, 25));
        float y = trial % 3 ? mien_rng_range(&rng, 3, 28) : (float)(3 + mien_rng_below(&rng, 25));
        const mien_raster_vertex v[5] = {
            {2, 2, 1, 0}, {29, 2, 1, 0}, {29, 29, 1, 0}, {2, 29, 1, 0}, {x, y, 1, 0}};
        static const int32_t tri[4][3] = {{0, 1, 4}, {1, 2, 4}, {2, 3, 4}, {3, 0, 4}};
        int hits[32 * 32] = {0};
        for (int t = 0; t < 4; t++) {
            mien_raster_clear(&r);
            mien_raster_draw(&r, v, tri[t], 1, 1, MIEN_RASTER_BOTH);
            for (int i = 0; i < 32 * 32; i++) {
                hits[i] += r.id[i] != 0;
            }
        }
        for (int i = 0; i < 32 * 32; i++) {
            int px = i % 32, py = i / 32;
            assert_int_equal(hits[i], px >= 2 && px < 29 && py >= 2 && py < 29);
        }
    }
    mien_raster_destroy(&r);
}

static void test_nearer_wins_and_weights(void **state)
{
    struct mien_raster r;
    assert_true(mien_raster_create(&r, 16, 16));
    const mien_raster_vertex v[6] = {{0, 0, .5f, 0},  {15, 0, .5f, 0}, {0, 15, .5f, 0},
                                     {0, 0, .25f, 0}, {15, 0, 1, 0},   {0, 15, .25f, 0}};
    const int32_t a[3] = {0, 1, 2}, b[3] = {3, 4, 5};
    mien_raster_draw(&r, v, a, 1, 1, MIEN_RASTER_BOTH);
    mien_raster_draw(&r, v, b, 1, 2, MIEN_RASTER_BOTH);
    // The second plane's nearness is 0.25 + 0.05 x: it wins where x > 5.
    assert_int_equal(r.id[2 * 16 + 2], 1);
    assert_int_equal(r.id[2 * 16 + 8], 2);
    // Perspective: half-way on the picture between depths 1 and 4 is a fifth of the way in space.
    const mien_raster_vertex p = {0, 0, 1, 0}, q = {10, 0, .25f, 0}, s = {0, 10, 1, 0};
    float w[3];
    assert_true(mien_raster_weights(p, q, s, 5, 0, w));
    assert_float_equal(w[1], 0.2f, 1e-5f);
    assert_float_equal(w[0] + w[1] + w[2], 1, 1e-5f);
    // A vertex behind the eye and a triangle outside draw nothing and break nothing.
    const mien_raster_vertex bad[3] = {{-1e9f, 0, 1, 0}, {-1e8f, 5, 1, 0}, {NAN, 2, 1, 0}};
    const mien_raster_vertex eye[3] = {{0, 0, -1, 0}, {9, 0, 1, 0}, {0, 9, 1, 0}};
    mien_raster_clear(&r);
    mien_raster_draw(&r, bad, a, 1, 1, MIEN_RASTER_BOTH);
    mien_raster_draw(&r, eye, a, 1, 1, MIEN_RASTER_BOTH);
    for (int i = 0; i < 256; i++) {
        assert_int_equal(r.id[i], 0);
    }
    mien_raster_destroy(&r);
}

static void picture(struct mien_image *im, int w, int h)
{
    assert_true(mien_image_create(im, w, h, MIEN_FORMAT_RGB8));
}

static void test_same_index_same_picture(void **state)
{
    struct mien_synth_renderer *a = mien_synth_renderer_create(&plain, 96, 96);
    struct mien_synth_renderer *b = mien_synth_renderer_create(&plain, 96, 96);
    const struct mien_synth_series series = {.seed = 11, .children = 0.3f};
    struct mien_image x = {0}, y = {0};
    struct mien_label lx, ly;
    int q = 0;
    assert_non_null(a);
    assert_non_null(b);
    picture(&x, 96, 96);
    picture(&y, 96, 96);
    // b sees the indices in another order.
    static const uint64_t order[2][4] = {{0, 1, 7, 30}, {30, 7, 1, 0}};
    uint32_t crc[2][4];
    for (int i = 0; i < 4; i++) {
        mien_synth_render_index(a, &series, order[0][i], &x, &lx, &q);
        crc[0][i] = mien_crc32(mien_crc32(0, x.data, x.stride * 96), &lx, sizeof lx);
        mien_synth_render_index(b, &series, order[1][i], &y, &ly, &q);
        crc[1][3 - i] = mien_crc32(mien_crc32(0, y.data, y.stride * 96), &ly, sizeof ly);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(crc[0][i], crc[1][i]);
        for (int j = 0; j < i; j++) {
            assert_int_not_equal(crc[0][i], crc[0][j]);
        }
    }
    mien_image_destroy(&x);
    mien_image_destroy(&y);
    mien_synth_renderer_destroy(a);
    mien_synth_renderer_destroy(b);
}

static void test_labels_are_the_model(void **state)
{
    struct mien_synth_renderer *r = mien_synth_renderer_create(&plain, 128, 128);
    const struct mien_synth_series series = {.seed = 3};
    struct mien_image im = {0};
    static float lm[MIEN_LANDMARKS_MAX * 3];
    assert_non_null(r);
    picture(&im, 128, 128);
    for (uint64_t k = 0; k < 24; k++) {
        struct mien_label l;
        int q = 0;
        mien_synth_render_index(r, &series, k, &im, &l, &q);
        assert_true(q >= 1 && q <= 100);
        mien_face_model_landmarks(&model, l.identity, l.blendshape, lm);
        int seen = 0;
        for (int i = 0; i < model.landmarks; i++) {
            float p[3], px[2];
            mien_mat3_mul_vec(l.pose.R, lm + 3 * i, p);
            for (int c = 0; c < 3; c++) {
                p[c] += l.pose.t[c];
            }
            assert_true(mien_camera_project(&l.camera, p, px));
            assert_float_equal(px[0], l.landmark_px[i][0], 0.01f);
            assert_float_equal(px[1], l.landmark_px[i][1], 0.01f);
            assert_true(l.landmark_weight[i] > 0.2f && l.landmark_weight[i] <= 1);
            seen += l.landmark_weight[i] >= 1;
        }
        float side = fmaxf(l.box_px[2] - l.box_px[0], l.box_px[3] - l.box_px[1]);
        assert_true(side > 0.35f * 128 && side < 0.68f * 128);
        float sum = 0;
        for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
            sum += l.expression[i];
        }
        assert_float_equal(sum, ((l.mask & MIEN_LABEL_EXPRESSION) ? 1 : 0), 1e-6f);
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            assert_true(l.blendshape[i] >= 0 && l.blendshape[i] <= 1);
        }
        assert_true(l.blendshape_weight[MIEN_BS_TONGUE_OUT] == 0);
    }
    mien_image_destroy(&im);
    mien_synth_renderer_destroy(r);
}

// Grown-ups stay as they are whatever the share of children; children's labels say so, their faces
// are short below large eyes, and their landmarks are where the picture has them.
static void test_children(void **state)
{
    struct mien_synth_renderer *r = mien_synth_renderer_create(&plain, 128, 128);
    struct mien_image im = {0};
    assert_non_null(r);
    picture(&im, 128, 128);
    int children = 0;
    double chin[2] = {0}, eye[2] = {0};
    for (uint64_t k = 0; k < 48; k += 2) {
        struct mien_label l[2];
        uint32_t crc[2];
        for (int i = 0; i < 2; i++) {
            const struct mien_synth_series series = {.seed = 5, .children = i ? 0.5f : 0};
            int q;
            mien_synth_render_index(r, &series, k, &im, &l[i], &q);
            crc[i] = mien_crc32(0, im.data, im.stride * 128);
        }
        bool child = l[1].tags & MIEN_TAG_CHILD;
        assert_false(l[0].tags & MIEN_TAG_CHILD);
        assert_true(l[0].mask & MIEN_LABEL_IDENTITY);
        assert_int_equal(!child, (l[1].mask & MIEN_LABEL_IDENTITY) != 0);
        assert_int_equal(child, crc[0] != crc[1]);
        children += child;
        for (int i = 0; i < 2 && child; i++) { // in widths between the eyes' outer corners
            const float(*p)[2] = (const float(*)[2])l[i].landmark_px;
            const int *n = model.ibug;
            double wide = hypot(p[n[45]][0] - p[n[36]][0], p[n[45]][1] - p[n[36]][1]);
            chin[i] += hypot(p[n[27]][0] - p[n[8]][0], p[n[27]][1] - p[n[8]][1]) / wide;
            eye[i] += hypot(p[n[45]][0] - p[n[42]][0], p[n[45]][1] - p[n[42]][1]) / wide;
        }
    }
    assert_in_range(children, 6, 18);
    assert_true(chin[1] < 0.95 * chin[0]);
    assert_true(eye[1] > 1.02 * eye[0]);
    mien_image_destroy(&im);
    mien_synth_renderer_destroy(r);
}

// Wide open mouths are all that changes, and no class is said of them.
static void test_gaping(void **state)
{
    struct mien_synth_renderer *r = mien_synth_renderer_create(&plain, 96, 96);
    struct mien_image im = {0};
    assert_non_null(r);
    picture(&im, 96, 96);
    for (uint64_t k = 0; k < 8; k++) {
        struct mien_label l[2];
        for (int i = 0; i < 2; i++) {
            const struct mien_synth_series series = {.seed = 6, .gaping = (float)i};
            int q;
            mien_synth_render_index(r, &series, k, &im, &l[i], &q);
        }
        assert_true(l[1].blendshape[MIEN_BS_JAW_OPEN] >= 0.5f);
        assert_true(l[1].blendshape[MIEN_BS_MOUTH_CLOSE] == 0);
        assert_false(l[1].mask & MIEN_LABEL_EXPRESSION);
        assert_memory_equal(l[0].pose.R, l[1].pose.R, sizeof l[0].pose.R);
        assert_memory_equal(l[0].identity, l[1].identity, sizeof l[0].identity);
    }
    mien_image_destroy(&im);
    mien_synth_renderer_destroy(r);
}

// A bare person seen from a fixed camera.
static void simple(struct mien_synth_person *p, struct mien_synth_scene *s, float yaw)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 1, 1);
    mien_synth_person_sample(p, &plain, &rng);
    memset(p->identity, 0, sizeof p->identity);
    p->hair_kind = MIEN_HAIR_BALD;
    p->glasses = MIEN_GLASSES_NONE;
    p->hat = MIEN_HAT_NONE;
    mien_synth_scene_sample(s, &plain, p, 160, NULL, 0, &rng);
    memset(s->blendshape, 0, sizeof s->blendshape);
    s->occluder = MIEN_OCCLUDER_NONE;
    s->yaw = s->body_yaw = yaw;
    s->pitch = s->roll = s->body_pitch = s->body_roll = 0;
    s->fixed_camera = true;
    s->camera = mien_camera_make(160, 160, 30);
    s->position[0] = s->position[1] = 0;
    s->position[2] = -700;
    s->gaze_yaw = s->gaze_pitch = 0;
    s->gaze_distance_mm = 1e6f;
}

static void test_visibility(void **state)
{
    struct mien_synth_renderer *r = mien_synth_renderer_create(&plain, 160, 160);
    struct mien_image im = {0};
    struct mien_synth_person p;
    struct mien_synth_scene s;
    struct mien_label l;
    assert_non_null(r);
    picture(&im, 160, 160);
    simple(&p, &s, 0);
    mien_synth_render(r, &p, &s, &im, &l);
    int seen = 0;
    for (int i = 17; i < 68; i++) { // brows, nose, eyes, mouth
        seen += l.landmark_weight[model.ibug[i]] >= 1;
    }
    assert_true(seen >= 48);
    assert_true(l.gaze_weight[0] == 1 && l.gaze_weight[1] == 1);
    // Yaw 90 turns the nose to the picture's right: the subject's right side is seen.
    for (int side = 0; side < 2; side++) {
        simple(&p, &s, side ? -90 : 90);
        mien_synth_render(r, &p, &s, &im, &l);
        static const int right[] = {1, 2, 36, 48, 17}, left[] = {15, 14, 45, 54, 26};
        for (int i = 0; i < 5; i++) {
            assert_true(l.landmark_weight[model.ibug[side ? left[i] : right[i]]] >= 1);
            assert_true(l.landmark_weight[model.ibug[side ? right[i] : left[i]]] < 1);
        }
        const float *nose = l.landmark_px[model.ibug[30]],
                    *ear = l.landmark_px[model.ibug[side ? 16 : 0]];
        assert_true(side ? nose[0] < ear[0] : nose[0] > ear[0]);
    }
    // Shut eyes hide the irises.
    simple(&p, &s, 0);
    s.blendshape[MIEN_BS_EYE_BLINK_LEFT] = s.blendshape[MIEN_BS_EYE_BLINK_RIGHT] = 1;
    mien_synth_render(r, &p, &s, &im, &l);
    assert_true(l.landmark_weight[model.iris[0]] < 1 && l.gaze_weight[0] == 0);
    // Their lids meet in the labels, and none hides its own edge.
    for (int eye = 0; eye < 2; eye++) {
        const float *lid[16];
        for (int i = 0; i < 16; i++) {
            char name[32];
            snprintf(name, sizeof name, "lid_%s_%d", eye ? "right" : "left", i);
            int k = 0;
            while (k < model.landmarks && strcmp(model.landmark[k].name, name)) {
                k++;
            }
            assert_true(k < model.landmarks && l.landmark_weight[k] >= 1);
            lid[i] = l.landmark_px[k];
        }
        float x = lid[8][0] - lid[0][0], y = lid[8][1] - lid[0][1];
        float height = 0, width = hypotf(x, y);
        for (int k = 3; k <= 5; k++) { // across the line between the corners
            float dx = lid[k][0] - lid[16 - k][0], dy = lid[k][1] - lid[16 - k][1];
            height += fabsf(dx * y - dy * x) / width / 3;
        }
        assert_true(height < 0.05f * width);
    }
    // A mask covers nose and mouth, not the eyes.
    simple(&p, &s, 0);
    s.occluder = MIEN_OCCLUDER_MASK;
    mien_synth_render(r, &p, &s, &im, &l);
    assert_true(l.landmark_weight[model.ibug[51]] < 1 && l.landmark_weight[model.ibug[30]] < 1);
    assert_true(l.landmark_weight[model.ibug[37]] >= 1 && (l.tags & MIEN_TAG_OCCLUDED));
    mien_image_destroy(&im);
    mien_synth_renderer_destroy(r);
}

static void test_gaze(void **state)
{
    struct mien_synth_renderer *r = mien_synth_renderer_create(&plain, 160, 160);
    struct mien_image im = {0};
    struct mien_synth_person p;
    struct mien_synth_scene s;
    struct mien_label l;
    picture(&im, 160, 160);
    static const float want[][2] = {{0, 0}, {15, 0}, {-20, 6}, {8, -12}};
    for (int k = 0; k < 4; k++) {
        simple(&p, &s, 0);
        s.gaze_yaw = want[k][0];
        s.gaze_pitch = want[k][1];
        mien_synth_render(r, &p, &s, &im, &l);
        for (int e = 0; e < 2; e++) {
            // The model's eyes turn by straight-line shapes: mixed directions are off by a little.
            assert_float_equal(l.gaze_deg[e][0], want[k][0], 3);
            assert_float_equal(l.gaze_deg[e][1], want[k][1], 3);
        }
    }
    // A near target makes the eyes converge.
    simple(&p, &s, 0);
    s.gaze_distance_mm = 300;
    mien_synth_render(r, &p, &s, &im, &l);
    assert_true(l.gaze_deg[0][0] < -3 && l.gaze_deg[1][0] > 3);
    mien_image_destroy(&im);
    mien_synth_renderer_destroy(r);
}

static void test_broken_hdr(void **state)
{
    struct mien_synth_environment e;
    char flat[64 + 8 * 4 * 4] = "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 8\n";
    size_t head = strlen(flat), size = head + 8 * 4 * 4;
    for (size_t i = head; i < size; i++) {
        flat[i] = (char)128; // 0.5, 0.5, 0.5 with exponent 128: grey
    }
    assert_true(mien_synth_hdr_parse(flat, size, "flat", &e));
    assert_int_equal(e.width, 8);
    // Even light from everywhere: irradiance / pi is the radiance, which was scaled to 1.
    assert_float_equal(e.sh[0][0] * 0.282095f, 1, 0.03f);
    assert_float_equal(e.sh[1][0], 0, 0.02f);
    mien_free(e.pixel);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    for (size_t n = 0; n < size; n += n < head ? 1 : 13) {
        assert_false(mien_synth_hdr_parse(flat, n, "cut", &e));
    }
    char rle[] = "#?RADIANCE\n\n-Y 4 +X 8\n\2\2\0\10\377\1\1\1\1\1\1";
    assert_false(mien_synth_hdr_parse(rle, sizeof rle - 1, "run too long", &e));
    assert_false(mien_synth_hdr_parse("#?R\n\n-Y 99999 +X 99999\n", 23, "huge", &e));
    mien_log_set_level(MIEN_LOG_INFO);
}

static void test_broken_obj(void **state)
{
    struct mien_synth_hair h = {0};
    char good[] = "v 0 0 1\nv 1 0 1\nv 0 1 1\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n";
    assert_true(mien_synth_obj_parse(good, "good", &h));
    assert_int_equal(h.triangles, 1);
    assert_float_equal(h.vertex[3], 10, 1e-6f); // centimetres became millimetres
    mien_synth_hair_destroy(&h);
    mien_synth_hair_destroy(&h);
    static const char *bad[] = {
        "",
        "v 0 0\n",
        "v 0 0 1\nv 1 0 1\nv 0 1 1\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 4/3\n",
        "v 0 0 1\nv 1 0 1\nv 0 1 1\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 -1/3\n",
        "v 0 0 1\nv 1 0 x\nv 0 1 1\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n",
        "v 0 0 1\nv nan 0 1\nv 0 1 1\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n",
        "v 0 0 1\nv 1 0 1\nv 0 1 1\nvt 0 0\nvt 1 0\nvt 0 1\nf 1 2 3\n"};
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    for (size_t i = 0; i < MIEN_COUNT(bad); i++) {
        char text[256];
        snprintf(text, sizeof text, "%s", bad[i]);
        assert_false(mien_synth_obj_parse(text, "bad", &h));
    }
    mien_log_set_level(MIEN_LOG_INFO);
}

static void test_broken_folder(void **state)
{
    char dir[] = "/tmp/mien-synth-XXXXXX", path[128];
    assert_non_null(mkdtemp(dir));
    struct mien_synth_assets a;
    // An empty folder is fine, a broken file is not.
    assert_true(mien_synth_assets_load(&a, &model, dir, NULL, 0));
    mien_synth_assets_destroy(&a);
    mien_synth_assets_destroy(&a);
    snprintf(path, sizeof path, "%s/environments", dir);
    assert_true(mien_dir_make(path));
    snprintf(path, sizeof path, "%s/environments/x.hdr", dir);
    assert_true(mien_file_save(path, "rubbish", 7));
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_false(mien_synth_assets_load(&a, &model, dir, NULL, 0));
    mien_log_set_level(MIEN_LOG_INFO);
    remove(path);
    snprintf(path, sizeof path, "%s/environments", dir);
    rmdir(path);
    rmdir(dir);
}

static void test_expressions(void **state)
{
    struct mien_rng r;
    mien_rng_seed(&r, 2, 0);
    int classes[MIEN_EXPRESSIONS] = {0}, none = 0;
    for (int i = 0; i < 4000; i++) {
        float b[MIEN_BLENDSHAPES], c[MIEN_EXPRESSIONS];
        bool has = mien_synth_expression_sample(b, c, i % 2, &r);
        for (int k = 0; k < MIEN_BLENDSHAPES; k++) {
            assert_true(b[k] >= 0 && b[k] <= 1);
        }
        assert_true(b[MIEN_BS_TONGUE_OUT] == 0);
        int hot = -1;
        for (int k = 0; k < MIEN_EXPRESSIONS; k++) {
            if (c[k] > 0) {
                assert_int_equal(hot, -1);
                hot = k;
            }
        }
        assert_int_equal(has, hot >= 0);
        if (hot >= 0) {
            classes[hot]++;
        } else {
            none++;
        }
    }
    for (int k = 0; k < MIEN_EXPRESSIONS; k++) {
        assert_true(classes[k] > 60);
    }
    assert_true(none > 800);
}

static void test_clip(void **state)
{
    struct mien_synth_clip *c = mien_synth_clip_open(1, 160, 120, 30, NULL);
    struct mien_image a = {0}, b = {0};
    struct mien_label l, m;
    assert_non_null(c);
    picture(&a, 160, 120);
    picture(&b, 160, 120);
    assert_true(mien_synth_clip_frame(c, 40, &a, &l));
    assert_true(mien_synth_clip_frame(c, 200, &b, &m));
    assert_memory_not_equal(a.data, b.data, a.stride * 120);
    assert_true(fabsf(l.landmark_px[30][0] - m.landmark_px[30][0]) +
                    fabsf(l.landmark_px[30][1] - m.landmark_px[30][1]) >
                0.5f);
    assert_true(mien_synth_clip_frame(c, 40, &b, &m));
    assert_memory_equal(a.data, b.data, a.stride * 120);
    assert_memory_equal(&l, &m, sizeof l);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_false(mien_synth_clip_frame(c, -1, &a, NULL));
    b.width = 100;
    assert_false(mien_synth_clip_frame(c, 0, &b, NULL));
    b.width = 160;
    assert_null(mien_synth_clip_open(1, 10, 10, 30, NULL));
    assert_null(mien_synth_clip_open(1, 160, 120, 0, NULL));
    mien_log_set_level(MIEN_LOG_INFO);
    mien_image_destroy(&a);
    mien_image_destroy(&b);
    mien_synth_clip_close(c);
    mien_synth_clip_close(NULL);
}

static void test_with_data(void **state)
{
    const char *data = mien_data_dir();
    if (!data) {
        skip();
    }
    static struct mien_synth_assets a;
    assert_true(mien_synth_assets_load(&a, &model, data, NULL, 4));
    assert_true(a.hairs >= 8 && a.environments >= 46 && a.backgrounds == 4);
    // A person with each style of hair: its cards stay near the head and cover some of the picture.
    struct mien_synth_renderer *r = mien_synth_renderer_create(&a, 96, 96);
    struct mien_image im = {0};
    assert_non_null(r);
    picture(&im, 96, 96);
    for (int k = 0; k < a.hairs; k++) {
        struct mien_synth_person p;
        struct mien_synth_scene s;
        struct mien_label l;
        simple(&p, &s, 20);
        s.camera = mien_camera_make(96, 96, 30);
        p.hair_kind = MIEN_HAIR_MESH;
        p.hair = k;
        mien_synth_render(r, &p, &s, &im, &l);
        assert_true(l.tags & MIEN_TAG_HAIR);
        assert_true(l.landmark_weight[model.ibug[30]] >= 1); // the nose is free
    }
    mien_image_destroy(&im);
    mien_synth_renderer_destroy(r);
    mien_synth_assets_destroy(&a);
}

RUN_TESTS(load, unload, cmocka_unit_test(test_triangle_by_hand),
          cmocka_unit_test(test_shared_edges), cmocka_unit_test(test_nearer_wins_and_weights),
          cmocka_unit_test(test_same_index_same_picture),
          cmocka_unit_test(test_labels_are_the_model), cmocka_unit_test(test_children),
          cmocka_unit_test(test_gaping), cmocka_unit_test(test_visibility),
          cmocka_unit_test(test_gaze), cmocka_unit_test(test_broken_hdr),
          cmocka_unit_test(test_broken_obj), cmocka_unit_test(test_broken_folder),
          cmocka_unit_test(test_expressions), cmocka_unit_test(test_clip),
          cmocka_unit_test(test_with_data))

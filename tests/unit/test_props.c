// What is worn: mien's own props load, broken files are refused without harm, anchors follow the
// face, and the light estimate finds a known light.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "view/coarse.h"
#include "view/light.h"
#include "view/prop.h"
#include "view/shadow.h"
#include "run_tests.h"

static void own_props_load(void **state)
{
    static const char *const names[] = {
        "glasses.glb", "sunglasses.glb", "hat.glb",   "moustache.glb", "crown.glb",
        "ears.glb",    "nose.glb",       "party.glb", "tiger.png",     "mask.png"};
    for (size_t i = 0; i < MIEN_COUNT(names); i++) {
        char path[256];
        struct mien_prop p;
        struct mien_why why = {0};
        snprintf(path, sizeof(path), "assets/props/%s", names[i]);
        if (!mien_prop_load(&p, path, &why)) {
            fail_msg("%s: %s", path, why.text);
        }
        if (p.paint.data) {
            assert_false(p.full);
            mien_prop_destroy(&p);
            continue;
        }
        assert_true(p.vertices > 100 && p.indices % 3 == 0 && p.opaque <= p.indices);
        assert_int_equal(p.opaque < p.indices, i < 2); // lenses
        for (int k = 0; k < p.vertices; k++) {
            const float *n = p.vertex[k].normal, *q = p.vertex[k].position;
            assert_true(fabsf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2] - 1) < 1e-3f);
            assert_true(fabsf(q[0]) < 200 && fabsf(q[1]) < 250 && fabsf(q[2]) < 200);
        }
        mien_prop_destroy(&p);
        mien_prop_destroy(&p);
    }
}

// Every cut and thousands of damaged bytes: refused or read, never outside the file (ASan looks).
static void broken_files_are_refused(void **state)
{
    size_t size = 0;
    uint8_t *good = mien_file_read("assets/props/moustache.glb", 0, &size);
    assert_non_null(good);
    struct mien_prop p;
    struct mien_why why = {0};
    for (size_t n = 0; n < size; n += n < 3000 ? 61 : 2003) {
        uint8_t *cut = mien_calloc(n + 1, 1);
        memcpy(cut, good, n);
        assert_false(mien_prop_parse(&p, cut, n, NULL, &why));
        assert_true(*why.text);
        mien_free(cut);
    }
    struct mien_rng rng;
    mien_rng_seed(&rng, 3, 0);
    uint8_t *bad = mien_calloc(size, 1);
    for (int k = 0; k < 400; k++) {
        memcpy(bad, good, size);
        for (int j = 0; j < 3; j++) {
            bad[mien_rng_below(&rng, 2600)] = (uint8_t)mien_rng_below(&rng, 256);
        }
        if (mien_prop_parse(&p, bad, size, NULL, &why)) {
            for (int i = 0; i < p.indices; i++) {
                assert_true(p.index[i] < (uint32_t)p.vertices);
            }
        }
        mien_prop_destroy(&p);
    }
    mien_free(bad);
    mien_free(good);
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"asset\":{\"version\":\"1.0\"}}",
        "{\"asset\":{\"version\":\"2.0\"},\"scenes\":[{\"nodes\":[0]}],\"nodes\":[{\"children\":[0]"
        "}]}",
        "{\"asset\":{\"version\":\"2.0\"},\"scenes\":[{\"nodes\":[-1]}]}",
        "{\"asset\":{\"version\":\"2.0\"},\"scenes\":[{\"nodes\":[],\"extras\":{\"anchor\":\"toe\"}"
        "}]}",
        "{\"asset\":{\"version\":\"2.0\"},\"scenes\":[{}],\"buffers\":[{\"uri\":\"../../etc/"
        "passwd\","
        "\"byteLength\":4}]}",
        "{\"asset\":{\"version\":\"2.0\"},\"scenes\":[{}],\"buffers\":[{\"uri\":"
        "\"data:;base64,AAAA\",\"byteLength\":400}]}",
    };
    for (size_t i = 0; i < MIEN_COUNT(texts); i++) {
        assert_false(mien_prop_parse(&p, texts[i], strlen(texts[i]), NULL, &why));
    }
}

static void anchors_follow_the_face(void **state)
{
    static struct mien_face_model model;
    static struct mien_face_result face;
    struct mien_mesh m;
    assert_true(mien_face_model_load(&model, NULL));
    assert_true(mien_mesh_init(&m, &model));
    struct mien_mesh_point *point = mien_calloc((size_t)m.points, sizeof(*point));
    float at[MIEN_ANCHORS][3], scale;
    mien_mesh_pose(&m, 0, &face, MIEN_MESH_HEAD, point);
    for (int i = 0; i < MIEN_ANCHORS; i++) {
        struct mien_prop p = {.anchor = (enum mien_anchor)i, .fit = true};
        mien_prop_place(&p, &m, at[i], &scale);
        assert_true(fabsf(scale - 1) < 1e-3f && fabsf(at[i][0]) < 6);
    }
    assert_true(at[MIEN_ANCHOR_HEAD_TOP][1] > at[MIEN_ANCHOR_NOSE_BRIDGE][1] + 50);
    assert_true(at[MIEN_ANCHOR_NOSE_BRIDGE][1] > at[MIEN_ANCHOR_UPPER_LIP][1] + 30);
    assert_true(at[MIEN_ANCHOR_UPPER_LIP][1] > at[MIEN_ANCHOR_CHIN][1] + 30);
    float open[3];
    struct mien_prop chin = {.anchor = MIEN_ANCHOR_CHIN};
    face.blendshape[MIEN_BS_JAW_OPEN] = 1;
    mien_mesh_pose(&m, 0, &face, MIEN_MESH_HEAD, point);
    mien_prop_place(&chin, &m, open, &scale);
    assert_true(open[1] < at[MIEN_ANCHOR_CHIN][1] - 10);
    mien_free(point);
    mien_mesh_destroy(&m);
    mien_face_model_destroy(&model);
}

// Ears and the sides round them hide like flat walls, nothing of the face does.
static void hull_stands_out(void **state)
{
    static struct mien_face_model model;
    static struct mien_mesh m;
    assert_true(mien_face_model_load(&model, NULL));
    assert_true(mien_mesh_init(&m, &model));
    const float *jaw = model.landmark_mean + 3 * (size_t)model.ibug[16];
    int walls = 0;
    float lowest = 1000, widest = 0;
    for (int i = 0; i < m.points; i++) {
        const float *p = model.mean + 3 * (size_t)m.corner[m.vertex[i]];
        float h = m.fixed[i].hull_mm;
        if (i < m.group_point[MIEN_MESH_HEAD]) {
            assert_true(h == 0);
            continue;
        }
        assert_true(h * p[0] >= 0); // outwards
        widest = fmaxf(widest, fabsf(p[0]) * (p[1] > jaw[1] - 45 && p[1] < jaw[1]));
        // From the ear's front to its back, from the lobe up.
        if (p[0] > 60 && p[2] < jaw[2] - 26 && p[2] > jaw[2] - 65 && p[1] > jaw[1] - 40 &&
            p[1] < jaw[1] + 20) {
            walls++;
            lowest = fminf(lowest, p[0] + h);
        }
    }
    assert_true(walls > 100);
    assert_true(lowest > widest - 1);
    mien_mesh_destroy(&m);
    mien_face_model_destroy(&model);
}

// A plate before the skin: what is behind it along the light is covered, its rim is soft, and its
// underside is as high as it is.
static void shadow_lies_behind(void **state)
{
    static struct mien_prop_vertex v[4];
    static uint32_t index[6] = {0, 1, 2, 0, 2, 3};
    static struct mien_prop_part part = {.count = 6, .texture = -1, .cutoff = -1};
    static const float corner[4][2] = {{-20, -10}, {20, -10}, {20, 10}, {-20, 10}};
    struct mien_prop p = {
        .vertex = v, .index = index, .part = &part, .vertices = 4, .indices = 6, .parts = 1};
    struct mien_shadow s;
    const float *d = mien_shadow_to_light;
    for (int i = 0; i < 4; i++) {
        v[i].position[0] = corner[i][0];
        v[i].position[1] = corner[i][1];
        v[i].position[2] = 30;
        v[i].color[3] = 255;
    }
    assert_true(mien_shadow_make(&p, &s));
    float least = 1, most = 0; // cover in the middle and outside
    int rim = 0;
    for (int y = 0; y < MIEN_SHADOW_PX; y++) {
        for (int x = 0; x < MIEN_SHADOW_PX; x++) {
            const uint8_t *t = s.map.data + (size_t)y * s.map.stride + 4 * (size_t)x;
            float across = s.area[0] + ((float)x + 0.5f) / MIEN_SHADOW_PX * s.area[2];
            float along = s.area[1] + ((float)y + 0.5f) / MIEN_SHADOW_PX * s.area[3];
            float at = (along + 30 * d[1]) / d[2]; // y on the plate
            float cover = (float)t[0] / 255;
            bool in = fabsf(across) < 15 && fabsf(at) < 5;
            bool out = fabsf(across) > 26 || fabsf(at) > 17;
            least = in ? fminf(least, cover) : least;
            most = out ? fmaxf(most, cover) : most;
            rim += !in && !out && cover > 0.1f && cover < 0.9f;
            float height = s.height[0] + (float)t[2] / 255 * s.height[1];
            assert_true(!in || fabsf(height - (at * d[1] + 30 * d[2])) < 3);
        }
    }
    assert_true(least > 0.9f && most < 0.05f && rim > 200);
    mien_image_destroy(&s.map);
    struct mien_prop none = {0};
    assert_false(mien_shadow_make(&none, &s));
}

// A sphere's front lit by a known light, in a picture: the estimate says the same.
static void light_is_found(void **state)
{
    enum { N = 900, W = 200 };
    static struct mien_mesh_point point[N];
    struct mien_image im = {0};
    assert_true(mien_image_create(&im, W, W, MIEN_FORMAT_RGB8));
    struct mien_camera camera = mien_camera_make(W, W, 30);
    struct mien_pose pose = {.R = {1, 0, 0, 0, 1, 0, 0, 0, 1}, .t = {0, 0, -600}};
    static const float want[MIEN_SH] = {2.4f, 0.5f, 0.6f, -0.7f, 0, 0, 0, 0, 0};
    for (int y = 0; y < W; y++) {
        for (int x = 0; x < W; x++) {
            float u = ((float)x - 99.5f) * 600 / camera.f_px / 100;
            float v = -((float)y - 99.5f) * 600 / camera.f_px / 100;
            float z2 = 1 - u * u - v * v, basis[MIEN_SH], l = 0;
            float n[3] = {u, v, z2 > 0 ? sqrtf(z2) : 0};
            mien_harmonics(n, basis);
            for (int k = 0; k < MIEN_SH; k++) {
                l += want[k] * basis[k];
            }
            uint8_t g = (uint8_t)lroundf(fminf(fmaxf(90 * l, 0), 255));
            memset(im.data + (size_t)y * im.stride + 3 * (size_t)x, g, 3);
        }
    }
    for (int i = 0; i < N; i++) { // a spiral over the front
        float r = 0.85f * sqrtf((float)i / N), a = 2.4f * (float)i;
        float n[3] = {r * cosf(a), r * sinf(a), sqrtf(1 - r * r)};
        for (int k = 0; k < 3; k++) {
            point[i].normal[k] = n[k];
            point[i].position[k] = k < 2 ? 100 * n[k] : 0; // flat: projects where it was drawn
        }
    }
    float got[MIEN_SH];
    assert_true(mien_light_estimate(&im, &camera, &pose, point, N, got));
    assert_true(got[3] < -0.25f && got[1] > 0.15f); // from the same side
    float ratio = got[3] / got[1];
    assert_true(ratio < -0.9f && ratio > -2.0f); // true: -1.4
    memset(im.data, 0, im.stride * (size_t)im.height);
    assert_false(mien_light_estimate(&im, &camera, &pose, point, N, got)); // black
    assert_true(got[0] > 2);
    mien_image_destroy(&im);
}

// What hides things has few triangles, lies where the mesh does, and leaves no eyeball to a lid.
static void coarse_mesh_hides_as_much(void **state)
{
    static struct mien_face_model model;
    static struct mien_mesh m;
    struct mien_coarse c;
    const float cell_mm = 8;
    assert_true(mien_face_model_load(&model, NULL));
    assert_true(mien_mesh_init(&m, &model));
    assert_true(mien_coarse_make(&c, &m, cell_mm));
    int all = m.group_triangle[MIEN_MESH_GROUPS], left = c.group_triangle[MIEN_MESH_GROUPS];
    assert_in_range(left, all / 20, all / 3);
    uint8_t *used = mien_calloc((size_t)m.points, 1);
    for (int g = 0; g < MIEN_MESH_GROUPS; g++) {
        for (int t = 3 * c.group_triangle[g]; t < 3 * c.group_triangle[g + 1]; t++) {
            assert_true(c.triangle[t] < (uint32_t)m.points);
            used[c.triangle[t]] = 1;
            if (g == MIEN_MESH_FACE || g == MIEN_MESH_EYES) {
                assert_int_equal((int)m.fixed[c.triangle[t]].part == MIEN_MESH_EYES,
                                 g == MIEN_MESH_EYES);
            }
        }
    }
    float worst = 0;
    for (int i = 0; i < m.points; i += 7) {
        const float *p = model.mean + 3 * (size_t)m.corner[m.vertex[i]];
        float best = 1e9f;
        for (int k = 0; k < m.points; k++) {
            const float *q = model.mean + 3 * (size_t)m.corner[m.vertex[k]];
            float d2 = 0;
            for (int a = 0; used[k] && a < 3; a++) {
                d2 += (p[a] - q[a]) * (p[a] - q[a]);
            }
            best = used[k] ? fminf(best, d2) : best;
        }
        worst = fmaxf(worst, sqrtf(best));
    }
    assert_true(worst < 1.75f * cell_mm); // a cell's diagonal
    mien_free(used);
    mien_coarse_destroy(&c);
    mien_coarse_destroy(&c);
    assert_false(mien_coarse_make(&c, &m, 0));
    assert_null(c.triangle);
    mien_mesh_destroy(&m);
    mien_face_model_destroy(&model);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(coarse_mesh_hides_as_much), cmocka_unit_test(own_props_load),
          cmocka_unit_test(broken_files_are_refused), cmocka_unit_test(anchors_follow_the_face),
          cmocka_unit_test(hull_stands_out), cmocka_unit_test(shadow_lies_behind),
          cmocka_unit_test(light_is_found))

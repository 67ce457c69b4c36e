// The engine's network and its second look, exchanged while it runs: results are those of an engine
// that was made so.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/observe.h"
#include "network_scene.h"
#include "nn/registry.h"
#include "patience.h"
#include "source/source.h"
#include "run_tests.h"

enum { FRAMES = 14 };

static char home[64];
static struct mien_frame frame[FRAMES];
static int frames;
static struct mien_result before[FRAMES], wanted[FRAMES], got[FRAMES];

static int set_up(void **state)
{
    char clip[1024], path[1024];
    snprintf(home, sizeof(home), "/tmp/mien-networks-%d", (int)getpid());
    if (!mien_find_file("assets", "demo.mp4", clip, sizeof(clip)) ||
        !mien_find_file("models", "detect.net", path, sizeof(path)) || !network_scene(home)) {
        return 0; // the tests are skipped
    }
    struct mien_source *s = mien_source_open(clip, NULL, NULL);
    while (s && frames < FRAMES &&
           mien_source_read(s, &frame[frames], patience_ns()) == MIEN_SOURCE_OK) {
        frames++;
    }
    mien_source_close(s);
    return frames == FRAMES ? 0 : -1;
}

static int tear_down(void **state)
{
    for (int i = 0; i < frames; i++) {
        mien_frame_destroy(&frame[i]);
    }
    network_scene_end(home);
    rmdir(home);
    return 0;
}

static struct mien_engine *engine(const char *net, bool quality)
{
    struct mien_engine *e =
        mien_engine_create(&(struct mien_engine_config){.net_path = net, .quality = quality});
    assert_non_null(e);
    return e;
}

static void run(struct mien_engine *e, struct mien_result *out)
{
    memset(out, 0, FRAMES * sizeof(*out));
    for (int i = 0; i < FRAMES; i++) {
        assert_true(mien_engine_run(e, &frame[i].rgb, i * MIEN_NS_PER_S / 30, &out[i]));
        assert_int_equal(out[i].count, 1);
    }
}

// To the bit, in every frame.
static bool same(const struct mien_result *a, const struct mien_result *b)
{
    for (int i = 0; i < FRAMES; i++) {
        const struct mien_face_result *f = &a[i].face[0], *g = &b[i].face[0];
        if (memcmp(f->landmark_px, g->landmark_px, sizeof(f->landmark_px)) != 0 ||
            memcmp(f->blendshape, g->blendshape, sizeof(f->blendshape)) != 0 ||
            memcmp(f->identity, g->identity, sizeof(f->identity)) != 0) {
            return false;
        }
    }
    return true;
}

static void another_network_is_as_if_made_with_it(void **state)
{
    if (!frames) {
        skip();
    }
    struct mien_engine *made = engine("other", false), *e = engine(NULL, false);
    run(made, wanted);
    run(e, before);
    assert_false(same(before, wanted));
    assert_true(mien_engine_set_network(e, "other"));
    run(e, got);
    assert_true(same(got, wanted));
    assert_int_equal(got[0].frame, 0);
    assert_string_equal(before[0].network, "standard"); // every result says whose it is
    assert_string_equal(got[0].network, "other");
    assert_string_equal(wanted[0].network, "other");
    assert_true(mien_engine_set_network(e, NULL)); // and back
    run(e, got);
    assert_true(same(got, before));
    mien_engine_destroy(made);
    mien_engine_destroy(e);
}

static void a_second_look_is_as_if_made_with_it(void **state)
{
    if (!frames) {
        skip();
    }
    struct mien_engine *made = engine(NULL, true), *e = engine(NULL, false);
    run(made, wanted);
    run(e, before);
    assert_false(same(before, wanted));
    mien_engine_set_quality(e, true);
    mien_engine_reset(e);
    run(e, got);
    assert_true(same(got, wanted));
    mien_engine_set_quality(e, false);
    mien_engine_reset(e);
    run(e, got);
    assert_true(same(got, before));
    mien_engine_destroy(made);
    mien_engine_destroy(e);
}

// Four people in one picture, each some frames behind the other.
static void tile(int i, struct mien_image *out)
{
    for (int k = 0; k < 4; k++) {
        const struct mien_image *from = &frame[(i + 3 * k) % FRAMES].rgb;
        for (int y = 0; y < from->height; y++) {
            memcpy(out->data + (size_t)(k / 2 * from->height + y) * out->stride +
                       3 * (size_t)(k % 2 * from->width),
                   from->data + (size_t)y * from->stride, 3 * (size_t)from->width);
        }
    }
}

// Several threads look at the faces of a frame: as one does, also with fewer faces wanted than are
// followed, and with another network.
static void a_pools_results_are_one_threads(void **state)
{
    if (!frames) {
        skip();
    }
    struct mien_image im = {0};
    struct mien_pool *pool = mien_pool_create(3);
    struct mien_engine_config c = {.max_faces = 4};
    struct mien_engine *alone = mien_engine_create(&c);
    c.pool = pool;
    struct mien_engine *e = mien_engine_create(&c);
    assert_non_null(pool);
    assert_non_null(alone);
    assert_non_null(e);
    assert_true(
        mien_image_create(&im, 2 * frame[0].rgb.width, 2 * frame[0].rgb.height, MIEN_FORMAT_RGB8));
    for (int turn = 0; turn < 2; turn++) {
        int most = 0;
        for (int i = 0; i < FRAMES; i++) {
            static struct mien_result a, b;
            const int max = i < 9 ? 4 : 2;
            mien_engine_set_max_faces(alone, max);
            mien_engine_set_max_faces(e, max);
            tile(i, &im);
            assert_true(mien_engine_run(alone, &im, i * MIEN_NS_PER_S / 30, &a));
            assert_true(mien_engine_run(e, &im, i * MIEN_NS_PER_S / 30, &b));
            assert_int_equal(a.count, b.count);
            assert_memory_equal(a.face, b.face, (size_t)a.count * sizeof(a.face[0]));
            assert_true(a.count <= max);
            most = a.count > most ? a.count : most;
        }
        assert_true(most >= 3);
        assert_true(mien_engine_set_network(alone, "other"));
        assert_true(mien_engine_set_network(e, "other"));
    }
    mien_image_destroy(&im);
    mien_engine_destroy(alone);
    mien_engine_destroy(e);
    mien_pool_destroy(pool);
}

// What cannot be loaded changes nothing, not even the face that is followed.
static void what_cannot_be_loaded_changes_nothing(void **state)
{
    if (!frames) {
        skip();
    }
    static const char *const bad[] = {"broken", "nosuch", "/nonexistent.net", "/proc/self/exe"};
    struct mien_engine *e = engine(NULL, false), *undisturbed = engine(NULL, false);
    run(undisturbed, wanted);
    run(undisturbed, before); // a second round, still followed
    run(e, got);
    for (size_t i = 0; i < MIEN_COUNT(bad); i++) {
        char why[400] = "";
        mien_log_capture(why, sizeof(why));
        assert_false(mien_engine_set_network(e, bad[i]));
        mien_log_capture(NULL, 0);
        assert_true(why[0]); // and it is told
    }
    run(e, got);
    assert_true(same(got, before));
    assert_string_equal(got[0].network, "standard");
    mien_engine_destroy(undisturbed);
    mien_engine_destroy(e);
}

static void networks_are_named(void **state)
{
    static const char *const names[][2] = {
        {NULL, "standard"},
        {"", "standard"},
        {"standard", "standard"},
        {"clean", "clean"},
        {"a/b/face.net", "face.net"},
        {"mine.net", "mine.net"},
        {"/tmp/x/y", "y"},
    };
    char label[MIEN_NETWORK_NAME], longest[200];
    for (size_t i = 0; i < MIEN_COUNT(names); i++) {
        mien_network_label(names[i][0], label);
        assert_string_equal(label, names[i][1]);
    }
    memset(longest, 'x', sizeof(longest));
    strcpy(longest + 190, ".net");
    mien_network_label(longest, label);
    assert_int_equal(strlen(label), MIEN_NETWORK_NAME - 1);
}

// models/detect-other.net serves the network "other" and no other; a broken one is an error, not
// silently the standard detector, for whoever asked for a clean network must not get another's.
static void a_network_brings_its_detector(void **state)
{
    char path[1100], own[256], folder[100];
    static const char *const none[] = {NULL, "", "standard", "clean.net", "./clean", "other"};
    if (!frames) {
        skip();
    }
    for (size_t i = 0; i < MIEN_COUNT(none); i++) {
        assert_false(mien_network_detector(none[i], i == 5 ? home : NULL, path, sizeof(path)));
    }
    snprintf(folder, sizeof(folder), "%s/models", home);
    snprintf(own, sizeof(own), "%s/detect-other.net", folder);
    struct mien_engine *e = engine(NULL, false);
    run(e, before);
    assert_true(mien_file_save(own, "no detector", 11));
    assert_true(mien_network_detector("other", NULL, path, sizeof(path)));
    assert_string_equal(path, own);
    assert_true(mien_network_detector("other", folder, path, sizeof(path)));
    assert_string_equal(path, own);
    char by_path[200];
    snprintf(by_path, sizeof(by_path), "%s/face-other.net", folder);
    assert_true(mien_network_detector(by_path, NULL, path, sizeof(path)));
    assert_string_equal(path, own);
    assert_false(mien_network_detector("face-other.net", NULL, path, sizeof(path))); // not here
    char why[400] = "";
    mien_log_capture(why, sizeof(why));
    assert_false(mien_engine_set_network(e, "other"));
    assert_null(mien_engine_create(&(struct mien_engine_config){.net_path = "other"}));
    mien_log_capture(NULL, 0);
    assert_non_null(strstr(why, "detect-other.net"));
    size_t size = 0;
    assert_true(mien_find_file("models", "detect.net", path, sizeof(path)));
    char *bytes = mien_file_read(path, 0, &size);
    assert_true(bytes && mien_file_save(own, bytes, size));
    mien_free(bytes);
    assert_true(mien_engine_set_network(e, "other"));
    run(e, got);
    struct mien_engine *made = engine("other", false);
    run(made, wanted);
    assert_true(same(got, wanted));
    assert_true(mien_engine_set_network(e, NULL)); // and back to the standard detector
    run(e, got);
    assert_true(same(got, before));
    mien_engine_destroy(made);
    mien_engine_destroy(e);
    unlink(own);
}

static void networks_are_listed(void **state)
{
    if (!frames) {
        skip();
    }
    static const char *const others[] = {"face-standard.net", "face-.net", "other.net"};
    char path[256], name[8][MIEN_NETWORK_NAME];
    for (size_t i = 0; i < MIEN_COUNT(others); i++) { // are no names
        snprintf(path, sizeof(path), "%s/models/%s", home, others[i]);
        assert_true(mien_file_save(path, "", 0));
    }
    int n = mien_network_list(name, 8), broken = 0, other = 0;
    assert_string_equal(name[0], "standard");
    for (int i = 1; i < n; i++) { // shipped ones may be among them
        broken = strcmp(name[i], "broken") ? broken : i;
        other = strcmp(name[i], "other") ? other : i;
        assert_true(i == 1 || strcmp(name[i - 1], name[i]) < 0);
        assert_true(name[i][0] && strcmp(name[i], "standard") != 0);
    }
    assert_true(broken > 0 && other > broken);
    assert_int_equal(mien_network_list(name, 2), 2);
    assert_int_equal(mien_network_list(name, 0), 0);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(another_network_is_as_if_made_with_it),
          cmocka_unit_test(a_second_look_is_as_if_made_with_it),
          cmocka_unit_test(a_pools_results_are_one_threads),
          cmocka_unit_test(what_cannot_be_loaded_changes_nothing),
          cmocka_unit_test(networks_are_named), cmocka_unit_test(a_network_brings_its_detector),
          cmocka_unit_test(networks_are_listed))

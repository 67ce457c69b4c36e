// The portrait network at work: answers at once and from a thread of its own, one question at a
// time, and files that are no portrait network.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "engine/portrait.h"
#include "face/crop.h"
#include "learn/graph.h"
#include "patience.h"

static const char *const path = "build/test_portrait.net", *const other = "build/test_face.net";
static struct mien_face_model model;
static struct mien_image picture;
static const struct mien_crop crop = {60, 50, 70, 0.1f};

static bool make_net(const char *file, bool whole)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "input image 3 32 32 mean 127.5 scale 0.0078125\n"
             "conv c image out 8 k 3 s 2 bn relu\n"
             "conv d c out 8 k 3 s 2 bn relu\n"
             "dense lm d out %d\ndense pose d out 9\ndense who d out 60\ndense spread d out 60\n"
             "output landmarks lm\noutput pose pose\noutput identity who\n%s",
             2 * model.landmarks, whole ? "output identity_sigma spread\n" : "");
    struct mien_graph *g = mien_graph_create(text, 1, 1, 7);
    bool ok = g && mien_graph_export(g, file);
    mien_graph_destroy(g);
    return ok;
}

static int set_up(void **state)
{
    struct mien_rng rng;
    if (!mien_face_model_load(&model, NULL) || !make_net(path, true) || !make_net(other, false) ||
        !mien_image_create(&picture, 120, 100, MIEN_FORMAT_RGB8)) {
        return -1;
    }
    mien_rng_seed(&rng, 3, 1);
    for (size_t i = 0; i < picture.stride * (size_t)picture.height; i++) {
        picture.data[i] = (uint8_t)mien_rng_below(&rng, 256);
    }
    return 0;
}

static int tear_down(void **state)
{
    mien_face_model_destroy(&model);
    mien_image_destroy(&picture);
    remove(path);
    remove(other);
    return 0;
}

static bool answer_in_time(struct mien_portrait *p, struct mien_portrait_answer *out)
{
    for (int64_t end = mien_now_ns() + patience_ns(); mien_now_ns() < end; usleep(1000)) {
        if (mien_portrait_answer(p, out)) {
            return true;
        }
    }
    return false;
}

static void a_thread_says_the_same(void **state)
{
    struct mien_portrait *at_once = mien_portrait_load(path, &model, false, false, NULL),
                         *apart = mien_portrait_load(path, &model, true, true, NULL);
    assert_true(at_once && apart);
    struct mien_portrait *beside = mien_portrait_create_beside(apart, NULL);
    assert_non_null(beside);
    struct mien_portrait_answer look, a = {0}, b = {0}, c = {0};
    mien_portrait_look(at_once, &picture, &crop, false, &look);
    assert_false(mien_portrait_answer(at_once, &a));
    assert_true(mien_portrait_ask(at_once, &picture, &crop, 4, 11));
    assert_false(mien_portrait_ask(at_once, &picture, &crop, 5, 11)); // not yet taken
    assert_true(mien_portrait_answer(at_once, &a));
    assert_false(mien_portrait_answer(at_once, &a)); // once
    assert_int_equal(a.id, 4);
    assert_int_equal(a.direction, 11);
    for (int n = 0; n < 20; n++) {
        assert_true(mien_portrait_ask(apart, &picture, &crop, 4, n));
        assert_true(answer_in_time(apart, &b));
        assert_int_equal(b.direction, n);
        assert_memory_equal(a.identity, b.identity, sizeof(a.identity));
        assert_memory_equal(a.sigma, b.sigma, sizeof(a.sigma));
    }
    assert_true(mien_portrait_ask(beside, &picture, &crop, 4, 0));
    assert_true(mien_portrait_answer(beside, &c));
    assert_memory_equal(a.identity, look.identity, sizeof(a.identity));
    assert_memory_equal(a.identity, c.identity, sizeof(a.identity));
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        assert_true(a.sigma[i] > 0.01f && a.sigma[i] < 2);
    }
    mien_portrait_destroy(beside);
    mien_portrait_destroy(at_once);
    mien_portrait_destroy(apart);
}

// Mirrored crops are looked at too: a mirrored picture gives the mirrored face's coefficients.
static void twice_is_the_same_from_either_side(void **state)
{
    struct mien_portrait *p = mien_portrait_load(path, &model, false, false, NULL);
    struct mien_image turned;
    assert_non_null(p);
    assert_true(mien_image_create(&turned, picture.width, picture.height, MIEN_FORMAT_RGB8));
    for (int y = 0; y < picture.height; y++) {
        for (int x = 0; x < picture.width; x++) {
            memcpy(turned.data + (size_t)y * turned.stride + 3 * (size_t)x,
                   picture.data + (size_t)y * picture.stride + 3 * (size_t)(picture.width - 1 - x),
                   3);
        }
    }
    struct mien_crop there = {(float)(picture.width - 1) - crop.cx_px, crop.cy_px, crop.side_px,
                              -crop.roll_rad};
    struct mien_portrait_answer a, b, once;
    mien_portrait_look(p, &picture, &crop, true, &a);
    mien_portrait_look(p, &picture, &crop, false, &once);
    mien_portrait_look(p, &turned, &there, true, &b);
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        assert_float_equal(b.identity[i], a.identity[i] * model.identity_mirror[i], 1e-3);
        assert_float_equal(b.sigma[i], a.sigma[i], 1e-3);
    }
    assert_memory_not_equal(a.identity, once.identity, sizeof(a.identity));
    mien_image_destroy(&turned);
    mien_portrait_destroy(p);
}

// Who asks is forgotten, or goes, while the thread still works.
static void questions_may_be_left_open(void **state)
{
    struct mien_portrait_answer a;
    for (int n = 0; n < 20; n++) {
        struct mien_portrait *p = mien_portrait_load(path, &model, true, true, NULL);
        assert_non_null(p);
        assert_true(mien_portrait_ask(p, &picture, &crop, 9, 1));
        if (n % 2) {
            mien_portrait_cancel(p);
            assert_true(answer_in_time(p, &a));
            assert_int_equal(a.id, 0);
            assert_true(mien_portrait_ask(p, &picture, &crop, 9, 1)); // and it goes on
        }
        mien_portrait_destroy(p);
    }
}

static void other_files_are_refused(void **state)
{
    assert_null(mien_portrait_load(other, &model, false, true, NULL));
    assert_null(mien_portrait_load("build/there-is-none.net", &model, false, false, NULL));
    assert_null(mien_portrait_load("tests/unit/test_portrait.c", &model, false, false, NULL));
    mien_portrait_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_says_the_same),
        cmocka_unit_test(twice_is_the_same_from_either_side),
        cmocka_unit_test(questions_may_be_left_open),
        cmocka_unit_test(other_files_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

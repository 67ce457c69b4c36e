// Libraries that are loaded when they are needed: what is absent is said, with what to install;
// what is there fills its table.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "late/ffmpeg.h"
#include "late/late.h"
#include "late/osc.h"
#include "late/websockets.h"
#include "run_tests.h"

static struct mien_why why;

struct two {
    void *first, *second;
};

static bool load(const char *library, const char *second, struct two *t, bool *full)
{
    const char *const libraries[] = {library, NULL};
    const struct mien_late_function functions[] = {
        {"cos", offsetof(struct two, first), NULL},
        {second, offsetof(struct two, second), NULL},
    };
    why.text[0] = 0;
    return mien_late_load(
        &(struct mien_late){"Cosines", libraries, functions, MIEN_COUNT(functions), t, full}, &why);
}

static void missing_library(void **state)
{
    struct two t = {0};
    bool full = false;
    assert_false(load("libnosuchthing.so.59", "sin", &t, &full));
    assert_false(full);
    assert_non_null(strstr(why.text, "Cosines cannot be loaded"));
    assert_non_null(strstr(why.text, "apt-get install libnosuchthing59)"));
    assert_true(load("libm.so.6", "sin", &t, &full)); // it is there now
    assert_true(full && t.first && t.second && t.first != t.second);
}

static void missing_function(void **state)
{
    struct two t = {0};
    bool full = false;
    assert_false(load("libm.so.6", "cos_of_another_version", &t, &full));
    assert_false(full);
    assert_non_null(strstr(why.text, "cos_of_another_version"));
    assert_non_null(strstr(why.text, "install"));
}

static double one(double x)
{
    return 1 + 0 * x;
}

// A test that is linked with a library, or replaces one of its functions, gets what it is linked
// with.
static void linked(void **state)
{
    struct two t = {0};
    bool full = false;
    const char *const libraries[] = {"libm.so.6", NULL};
    const struct mien_late_function functions[] = {
        {"cos", offsetof(struct two, first), (void *)one},
        {"sin", offsetof(struct two, second), NULL},
    };
    assert_true(
        mien_late_load(&(struct mien_late){"Cosines", libraries, functions, 2, &t, &full}, &why));
    assert_ptr_equal(t.first, one);
    assert_non_null(t.second);
}

static void whole(const void *table, size_t size)
{
    void *const *f = table;
    for (size_t i = 0; i < size / sizeof(*f); i++) {
        assert_non_null(f[i]);
    }
}

// This program is linked with none of them: nothing is there before it is loaded.
static void tables(void **state)
{
    static const struct mien_ffmpeg empty;
    assert_memory_equal(mien_ffmpeg(), &empty, sizeof(empty));
    assert_true(mien_ffmpeg_load(&why));
    whole(mien_ffmpeg(), sizeof(struct mien_ffmpeg));
    AVFrame *f = av_frame_alloc(); // through the table
    assert_non_null(f);
    av_frame_free(&f);
    assert_true(mien_osc_load(&why));
    whole(mien_osc(), sizeof(struct mien_osc));
    assert_true(mien_websockets_load(&why));
    whole(mien_websockets(), sizeof(struct mien_websockets));
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(missing_library), cmocka_unit_test(missing_function),
          cmocka_unit_test(linked), cmocka_unit_test(tables))

// A sink's frame loop does not allocate, the libraries below it included: the program's own malloc
// stands before the C library's and counts. (Not under the sanitizers, which have theirs. glTF
// keeps its keys and the WebSocket server is libwebsockets' own: these two are left out.)
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/sinks.h"
#include "sinks_scene.h"
#include "run_tests.h"

static int counting, allocations;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS 1
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t a, size_t b);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t a, size_t n);

void *malloc(size_t n)
{
    allocations += counting;
    return __libc_malloc(n);
}

void *calloc(size_t a, size_t b)
{
    allocations += counting;
    return __libc_calloc(a, b);
}

void *realloc(void *p, size_t n)
{
    allocations += counting;
    return __libc_realloc(p, n);
}

int posix_memalign(void **p, size_t a, size_t n)
{
    allocations += counting;
    *p = __libc_memalign(a, n);
    return *p ? 0 : 12;
}

void *aligned_alloc(size_t a, size_t n)
{
    allocations += counting;
    return __libc_memalign(a, n);
}
#else
#define COUNTS 0
#endif

static void test_frames_allocate_nothing(void **state)
{
    static const char list[] =
        "vmc:40001,osf:40002,livelink:40003,opentrack:40004,facecap:40005,ifacialmocap:to=40006,"
        "openface:/dev/null,mediapipe:/dev/null,livelinkcsv:/dev/null,jsonl:/dev/null,csv:/dev/"
        "null,"
        "md5:/dev/null";
    struct mien_face_model m = {0};
    struct mien_sink *sink[MIEN_SINKS_MAX];
    int n = 0;
    if (!COUNTS) {
        skip();
    }
    assert_true(mien_face_model_load(&m, NULL));
    struct mien_sink_context c = {.model = &m, .frames_per_s = 30};
    assert_true(mien_sinks_open(list, &c, sink, &n));
    assert_int_equal(n, 12);
    struct mien_result *r = scene_result(&m);
    struct mien_sink_frame f = {.source = "test", .result = r};
    for (int i = 0; i < n; i++) {
        mien_sink_write(sink[i], &f); // the C library's own first times
    }
    for (int i = 0; i < n; i++) {
        allocations = 0;
        counting = 1;
        for (int k = 0; k < 20; k++) {
            r->times.capture_ns += 33333333;
            mien_sink_write(sink[i], &f);
        }
        counting = 0;
        if (allocations) {
            fail_msg("%s allocates %d times in 20 frames", sink[i]->type->name, allocations);
        }
    }
    void *volatile p = NULL; // the counter counts
    counting = 1;
    p = malloc(10);
    counting = 0;
    free(p);
    assert_int_equal(allocations, 1);
    for (int i = 0; i < n; i++) {
        assert_true(mien_sink_close(sink[i]));
    }
    mien_face_model_destroy(&m);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(test_frames_allocate_nothing))

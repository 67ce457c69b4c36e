// The live curves' channels and ring.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "view/traces.h"
#include "run_tests.h"

static void test_channels(void **state)
{
    struct mien_traces *c = mien_calloc(1, sizeof(*c));
    struct mien_why why;
    assert_true(mien_traces_choose(c, MIEN_TRACES_DEFAULT, NULL));
    assert_int_equal(c->count, 6);
    assert_false(mien_traces_choose(c, "jawOpen,nose,yaw", &why));
    assert_string_equal(why.text, "\"nose\" is not a channel");
    assert_int_equal(c->count, 6);
    assert_false(mien_traces_choose(c, "yaw,yaw,yaw,yaw,yaw,yaw,yaw,yaw,roll", &why));
    assert_non_null(strstr(why.text, "\"roll\" is a ninth"));
    assert_false(mien_traces_choose(c, "yaw,,roll", &why));
    mien_free(c);
}

static void test_ring(void **state)
{
    struct mien_traces *c = mien_calloc(1, sizeof(*c));
    struct mien_result *r = mien_calloc(1, sizeof(*r));
    assert_true(mien_traces_choose(c, "jawOpen,happy,yaw,gazePitch", NULL));
    for (int i = 0; i < MIEN_TRACE_POINTS + 10; i++) {
        r->count = i == 5 ? 0 : 1;
        r->mark = i == MIEN_TRACE_POINTS ? 3 : 0;
        r->face[0].action[MIEN_BS_JAW_OPEN] = (float)i;
        r->face[0].expression[MIEN_EXPRESSION_HAPPY] = 0.5f;
        r->face[0].yaw_deg = i == 20 ? NAN : -7;
        r->face[0].gaze_deg[0][1] = 2;
        r->face[0].gaze_deg[1][1] = 4;
        mien_traces_add(c, r, 0);
    }
    assert_int_equal(c->first, 10);
    assert_float_equal(c->value[0][c->first], 10, 0); // the oldest
    assert_float_equal(c->value[0][c->first - 1], MIEN_TRACE_POINTS + 9, 0);
    assert_float_equal(c->value[1][3], 0.5, 0);
    assert_float_equal(c->value[2][20], 0, 0);
    assert_float_equal(c->value[2][21], -7, 0);
    assert_float_equal(c->value[3][0], 3, 0);
    assert_true(c->marked[0]);
    assert_false(c->marked[1]);
    mien_free(r);
    mien_free(c);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(test_channels), cmocka_unit_test(test_ring))

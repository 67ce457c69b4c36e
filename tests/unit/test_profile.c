// A person's own neutral expression and range: learnt, applied, kept, and refused when broken.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "track/profile.h"
#include "run_tests.h"

// At rest: smile 0.1, jaw 0.05. Then a smile to 0.6, the jaw to 0.1 (no movement), one odd frame of
// the brow.
static void learn(struct mien_profile *p)
{
    mien_profile_begin(p);
    for (int i = 0; i <= 330; i++) {
        float b[MIEN_BLENDSHAPES] = {0};
        b[MIEN_BS_MOUTH_SMILE_LEFT] = i > 150 && i < 200 ? 0.6f : 0.1f;
        b[MIEN_BS_JAW_OPEN] = i > 150 ? 0.1f : 0.05f;
        b[MIEN_BS_BROW_INNER_UP] = i == 180 ? 1 : 0;
        b[MIEN_BS_EYE_WIDE_LEFT] = i % 7 ? 0 : NAN;
        enum mien_profile_phase before = p->phase;
        mien_profile_feed(p, b, 100 + i / 30.0);
        assert_true(p->phase == before || p->phase == before + 1);
    }
    assert_int_equal(p->phase, MIEN_PROFILE_READY);
}

static void test_learns_and_applies(void **state)
{
    struct mien_profile p = {0};
    float same[MIEN_BLENDSHAPES] = {[3] = 0.4f};
    mien_profile_apply(&p, same); // nothing learnt: nothing changed
    assert_float_equal(same[3], 0.4, 0);
    learn(&p);
    float b[MIEN_BLENDSHAPES] = {0};
    b[MIEN_BS_MOUTH_SMILE_LEFT] = 0.35f;
    b[MIEN_BS_JAW_OPEN] = 0.525f;
    b[MIEN_BS_BROW_INNER_UP] = 0.5f;
    mien_profile_apply(&p, b);
    assert_float_equal(b[MIEN_BS_MOUTH_SMILE_LEFT], 0.5, 1e-3);
    assert_float_equal(b[MIEN_BS_JAW_OPEN], 0.5, 1e-3); // neutral taken off, not stretched
    assert_float_equal(b[MIEN_BS_BROW_INNER_UP], 0.5, 1e-3);
    assert_float_equal(b[MIEN_BS_EYE_WIDE_LEFT], 0, 0);
    memset(b, 0, sizeof(b));
    b[MIEN_BS_MOUTH_SMILE_LEFT] = 0.9f;
    mien_profile_apply(&p, b);
    assert_float_equal(b[MIEN_BS_MOUTH_SMILE_LEFT], 1, 0);
    assert_float_equal(b[MIEN_BS_JAW_OPEN], 0, 0);
}

static void test_lowest_id_only(void **state)
{
    struct mien_profile p = {0};
    learn(&p);
    struct mien_result *r = mien_calloc(1, sizeof(*r));
    r->count = 2;
    for (int i = 0; i < 2; i++) {
        r->face[i].id = 5 - i;
        r->face[i].action[MIEN_BS_MOUTH_SMILE_LEFT] = 0.6f;
    }
    mien_profile_result(&p, r);
    assert_float_equal(r->face[0].action[MIEN_BS_MOUTH_SMILE_LEFT], 0.6, 1e-6);
    assert_float_equal(r->face[1].action[MIEN_BS_MOUTH_SMILE_LEFT], 1, 1e-6);
    mien_free(r);
}

static void test_kept(void **state)
{
    char dir[] = "/tmp/mien-profile-XXXXXX", path[1024];
    assert_non_null(mkdtemp(dir));
    setenv("XDG_DATA_HOME", dir, 1);
    assert_true(mien_profile_path("me", path, sizeof(path)));
    assert_false(mien_profile_path("../me", path, sizeof(path)));
    assert_false(mien_profile_path("", path, sizeof(path)));
    assert_true(mien_profile_path("me", path, sizeof(path)));
    struct mien_profile p = {0}, q = {0};
    assert_false(mien_profile_load(&q, path));
    learn(&p);
    assert_true(mien_profile_save(&p, path));
    assert_true(mien_profile_load(&q, path));
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        assert_float_equal(p.neutral[i], q.neutral[i], 1e-4);
        assert_float_equal(p.high[i], q.high[i], 1e-4);
    }
    static const char *const broken[] = {"jawOpen 0.5 0.5\n", "jawOpen nan 1\n", "noShape 0 1\n",
                                         "jawOpen 0\n", "jawOpen 0 7\n"};
    for (size_t i = 0; i < MIEN_COUNT(broken); i++) {
        FILE *f = fopen(path, "w");
        fputs(broken[i], f);
        fclose(f);
        assert_false(mien_profile_load(&q, path));
        assert_float_equal(p.high[0], q.high[0], 1e-4); // as it was
    }
    char command[200];
    snprintf(command, sizeof(command), "rm -r '%s'", dir);
    assert_int_equal(system(command), 0);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(test_learns_and_applies),
          cmocka_unit_test(test_lowest_id_only), cmocka_unit_test(test_kept))

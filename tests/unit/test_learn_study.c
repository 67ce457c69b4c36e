// Unit tests of studies: reading configs, and delta-m against numbers computed by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/image.h"
#include "learn/study.h"
#include "run_tests.h"

#define DIR "build/test_study"

static struct mien_study study;

static void save(const char *path, const char *text)
{
    assert_true(mien_file_save(path, text, strlen(text)));
}

static int set_up(void **state)
{
    (void)state;
    return mien_dir_make(DIR) ? 0 : -1;
}

static void reads_configs(void **state)
{
    (void)state;
    save(DIR "/base.txt", "set STEPS 10 # a comment\nbase --steps $STEPS\nseeds 1 2\n"
                          "run pose --tasks pose\nbaseline pose pose\n");
    save(DIR "/a.txt", "\n# nothing\ninclude base.txt\nbase --data $PACKS/x.pack:1\n"
                       "seeds 7\nrun all --lr 0.1 \n");
    const char *define[] = {"PACKS=some/where", "STEPS=99"};
    assert_true(mien_study_load(&study, DIR "/a.txt", define, 2));
    assert_int_equal(study.runs, 2);
    const struct mien_study_run *p = &study.run[0], *a = &study.run[1];
    assert_string_equal(p->name, "pose");
    assert_int_equal(p->options, 4);
    assert_string_equal(p->option[1], "99"); // the caller's value wins
    assert_string_equal(p->option[3], "pose");
    assert_int_equal(p->seeds, 2);
    assert_string_equal(p->baseline[1], "");
    assert_int_equal(a->options, 6);
    assert_string_equal(a->option[3], "some/where/x.pack:1");
    assert_int_equal(a->seed[0], 7);
    assert_string_equal(a->baseline[1], "pose");
    mien_study_destroy(&study);
    mien_study_destroy(&study);
}

static void refuses_wrong_configs(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "seeds 1\n",
        "run a --x\n",                         // no seeds
        "seeds 1\nrun a\nrun a\n",             // twice
        "seeds one\nrun a\n",                  //
        "seeds 1\nrun a --x $NOWHERE\n",       //
        "seeds 1\nbaseline nose a\nrun a\n",   //
        "seeds 1\nbaseline pose b\nrun a\n",   // no such run
        "seeds 1\nrun a/b\n",                  //
        "walk a\n",                            //
        "seeds 1\ninclude none.txt\nrun a\n",  //
        "seeds 1\ninclude wrong.txt\nrun a\n", // itself
        "seeds 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\nrun a\n",
    };
    for (size_t i = 0; i < MIEN_COUNT(wrong); i++) {
        save(DIR "/wrong.txt", wrong[i]);
        assert_false(mien_study_load(&study, DIR "/wrong.txt", NULL, 0));
    }
    // Each level reads the next one a hundred times: 10^8 files, were they not counted.
    char many[100 * 20 + 40];
    for (int level = 0; level < 5; level++) {
        char name[40], *p = many;
        p += sprintf(p, "seeds 1\n");
        for (int i = 0; i < 100 && level < 4; i++) {
            p += sprintf(p, "include many%d.txt\n", level + 1);
        }
        snprintf(name, sizeof(name), DIR "/many%d.txt", level);
        save(name, many);
    }
    assert_false(mien_study_load(&study, DIR "/many0.txt", NULL, 0));
    const char *define[] = {"NOVALUE"};
    assert_false(mien_study_load(&study, DIR "/base.txt", define, 1));
}

static void finish(const char *name, const char *log)
{
    char path[256];
    snprintf(path, sizeof(path), DIR "/runs/%s", name);
    assert_true(mien_dir_make(path));
    snprintf(path, sizeof(path), DIR "/runs/%s/log.jsonl", name);
    save(path, log);
    snprintf(path, sizeof(path), DIR "/runs/%s/done", name);
    save(path, "x");
}

// Baselines: NME 4 (seeds 3 and 5), rotation 10 and 20 by source, F1 50. Seed 1 of `all`: NME 3
// (+25 %), rotation 8 and 22 (+20, -10: +5), F1 60 (+20): 50/3. Seed 2: NME 4.4 (-10), no rotation,
// F1 40 (-20): -15.
static void changes_by_hand(void **state)
{
    (void)state;
    save(DIR "/hand.txt", "seeds 1 2\nrun lm\nrun po\nrun ex\nbaseline landmarks lm\n"
                          "baseline pose po\nbaseline expression ex\nrun all\nrun open\n");
    assert_true(mien_study_load(&study, DIR "/hand.txt", NULL, 0));
    finish("lm.1", "{\"step\":1,\"validation\":9,\"photo_nme\":77}\n"
                   "{\"step\":2,\"loss\":5}\n{\"step\":2,\"validation\":9,\"photo_nme\":3}\n"
                   "{\"step\":2,\"steady_jitter\":0.25}\n");
    finish("lm.2", "{\"step\":2,\"validation\":9,\"photo_nme\":5}\n");
    for (int i = 1; i <= 2; i++) {
        finish(i == 1 ? "po.1" : "po.2", "{\"step\":2,\"validation\":9,\"photo_rotation_deg\":10,"
                                         "\"synth_rotation_deg\":20}\n");
        finish(i == 1 ? "ex.1" : "ex.2", "{\"step\":2,\"validation\":9,\"ferplus_macro_f1\":50}\n");
    }
    finish("all.1", "{\"step\":2,\"validation\":9,\"photo_nme\":3,\"photo_rotation_deg\":8,"
                    "\"synth_rotation_deg\":22,\"ferplus_macro_f1\":60}\n");
    finish("all.2", "{\"step\":2,\"validation\":9,\"photo_nme\":4.4,\"ferplus_macro_f1\":40}\n");
    mien_study_collect(&study, DIR);
    const struct mien_study_run *all = &study.run[3];
    assert_true(all->done[0] && all->done[1]);
    assert_float_equal(all->change[0][0], 25, 1e-9);
    assert_float_equal(all->change[0][1], 5, 1e-9);
    assert_float_equal(all->change[0][4], 20, 1e-9);
    assert_true(isnan(all->change[0][2]));
    assert_float_equal(all->delta_m[0], 50 / 3., 1e-9);
    assert_float_equal(all->delta_m[1], -15, 1e-9);
    assert_false(study.run[4].done[0]);
    assert_true(isnan(study.run[4].delta_m[0]));
    for (int c = 0; c < mien_study_columns(); c++) {
        if (!strcmp(mien_study_column(c), "steady_jitter")) {
            assert_float_equal(study.run[0].value[0][c], 0.25, 1e-9);
        }
    }
    double mean, deviation;
    assert_int_equal(mien_study_spread(all->delta_m, 2, &mean, &deviation), 2);
    assert_float_equal(mean, 5 / 6., 1e-9);
    assert_float_equal(deviation, 22.391715, 1e-5); // (50/3 + 15) / sqrt 2
    assert_true(mien_study_write(&study, DIR));
    size_t size;
    char *csv = mien_file_read(DIR "/table.csv", 0, &size);
    assert_non_null(strstr(csv, "\nall,2,1,-15,-10,,,,-20,,4.4,"));
    assert_non_null(strstr(csv, "\nopen,1,0,,"));
    mien_free(csv);
    char *md = mien_file_read(DIR "/table.md", 0, &size);
    assert_non_null(strstr(md, "| all | 2 of 2 | 0.8333 ± 22 |"));
    mien_free(md);
    struct mien_image im = {0};
    assert_true(mien_image_load(DIR "/bars.png", &im));
    mien_image_destroy(&im);
    assert_true(mien_image_load(DIR "/curves.png", &im));
    mien_image_destroy(&im);
    mien_study_destroy(&study);
}

RUN_TESTS(set_up, NULL, cmocka_unit_test(reads_configs), cmocka_unit_test(refuses_wrong_configs),
          cmocka_unit_test(changes_by_hand))

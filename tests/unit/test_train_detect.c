// Unit tests of `mien train detect`: a step whose loss or gradient is not finite is left out and
// said once; after many in a row training ends; it learns and resumes exactly. Made-up faces; the
// loss is poisoned where a test says so.
//
// LINK: -Wl,--wrap=mien_detect_loss -Wl,--wrap=mien_graph_step
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "base/file.h"
#include "learn/detect_loss.h"
#include "learn/graph.h"
#include "learn_scene.h"
#include "nn/net.h"
#include "run_tests.h"

#define DIR "build/test_train_detect"
enum { BATCH = 16, LEVELS = 3 };

static const char net[] = "input picture 1 48 64 mean 120 scale 0.0166667\n"
                          "conv c2 picture out 8 s 2 bn relu\n"
                          "conv c4 c2 out 8 s 2 bn relu\n"
                          "conv c8 c4 out 8 s 2 bn relu\n"
                          "conv c16 c8 out 8 s 2 bn relu\n"
                          "conv c32 c16 out 8 s 2 bn relu\n"
                          "conv o8 c8 out 7 k 1\n"
                          "conv o16 c16 out 7 k 1\n"
                          "conv o32 c32 out 7 k 1\n"
                          "output det8 o8\noutput det16 o16\noutput det32 o32\n";

static enum { LOSS, GRADIENT } poison;
static int first_bad, last_bad; // steps, counted from 0
static atomic_int calls;
static int steps_taken;

double __real_mien_detect_loss(const struct mien_detect_target *t, const float *planes,
                               double scale, float *grad, struct mien_detect_losses *parts);
double __wrap_mien_detect_loss(const struct mien_detect_target *t, const float *planes,
                               double scale, float *grad, struct mien_detect_losses *parts)
{
    int step = atomic_fetch_add(&calls, 1) / (BATCH * LEVELS);
    double loss = __real_mien_detect_loss(t, planes, scale, grad, parts);
    if (step < first_bad || step > last_bad) {
        return loss;
    }
    parts->face = poison == LOSS ? NAN : parts->face;
    grad[3] = poison == GRADIENT ? NAN : grad[3];
    return poison == LOSS ? NAN : loss;
}

bool __real_mien_graph_step(struct mien_graph *g, struct mien_pool *pool,
                            const struct mien_adamw *o);
bool __wrap_mien_graph_step(struct mien_graph *g, struct mien_pool *pool,
                            const struct mien_adamw *o)
{
    steps_taken++;
    return __real_mien_graph_step(g, pool, o);
}

static int set_up(void **state)
{
    (void)state;
    struct mien_face_model model;
    struct mien_image im = {0};
    if (!mien_face_model_load(&model, "models/ict.face") || !mien_dir_make(DIR) ||
        !mien_dir_make(DIR "/data") || !mien_dir_make(DIR "/data/backgrounds") ||
        !mien_file_save(DIR "/net.txt", net, sizeof(net) - 1) ||
        !mien_image_create(&im, 96, 96, MIEN_FORMAT_RGB8)) {
        return -1;
    }
    // The first of ten is kept for validation.
    if (!mien_image_save(DIR "/data/backgrounds/0.jpg", &im) ||
        !mien_image_save(DIR "/data/backgrounds/1.jpg", &im)) {
        return -1;
    }
    mien_image_destroy(&im);
    scene_write_pack_of(&model, DIR "/faces.pack", 6, 0, MIEN_SOURCE_PHOTO);
    scene_write_pack_of(&model, DIR "/both.pack", 6, 4, MIEN_SOURCE_PHOTO);
    mien_face_model_destroy(&model);
    return 0;
}

// One command; returns the exit status. err: what was said.
static int run(char **argv, int argc, char *err, size_t room)
{
    fflush(stderr);
    int kept = dup(2);
    assert_non_null(freopen(DIR "/err.txt", "w", stderr));
    int status = mien_cmd_train_detect(argc, argv);
    fflush(stderr);
    dup2(kept, 2);
    close(kept);
    size_t size;
    char *text = mien_file_read(DIR "/err.txt", 1 << 20, &size);
    assert_non_null(text);
    snprintf(err, room, "%s", text);
    mien_free(text);
    return status;
}

#define COMMON                                                                         \
    "detect", "--net", DIR "/net.txt", "--data", DIR, "--packs-only", "--batch", "16", \
        "--log-every", "4", "--precision", "float", "--synth-share", "0"

// Trains for 20 steps, the given ones poisoned.
static int train(int what, int first, int last, char *err, size_t room)
{
    poison = what;
    first_bad = first;
    last_bad = last;
    atomic_store(&calls, 0);
    steps_taken = 0;
    remove(DIR "/run/detect.net");
    char *argv[] = {COMMON,    "--pack", DIR "/faces.pack", "--out", DIR "/run",
                    "--steps", "20",     "--threads",       "1"};
    return run(argv, MIEN_COUNT(argv), err, room);
}

static int count_of(const char *text, const char *word)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, word)); p++) {
        n++;
    }
    return n;
}

static void a_bad_batch_is_left_out(void **state)
{
    (void)state;
    for (int what = LOSS; what <= GRADIENT; what++) {
        char err[8192];
        // Nine in a row are not yet too many, and the count begins anew after a good one.
        assert_int_equal(train(what, 3, 11, err, sizeof(err)), 0);
        assert_int_equal(steps_taken, 20 - 9);
        assert_int_equal(count_of(err, "is left out"), 1);
        assert_int_equal(count_of(err, "not finite ("), 1);
        size_t size;
        char *log = mien_file_read(DIR "/run/log.jsonl", 1 << 16, &size);
        assert_non_null(log);
        assert_true(count_of(log, "\n") > 1);
        assert_null(strstr(log, "nan"));
        mien_free(log);
        struct mien_net *n =
            mien_net_load(DIR "/run/detect.net"); // refuses weights that are not finite
        assert_non_null(n);
        mien_net_destroy(n);
    }
}

static void many_in_a_row_end_training(void **state)
{
    (void)state;
    char err[8192];
    assert_int_equal(train(GRADIENT, 4, 1000, err, sizeof(err)), 1);
    assert_int_equal(steps_taken, 4);
    assert_int_equal(atomic_load(&calls), (4 + 10) * BATCH * LEVELS);
    assert_int_equal(count_of(err, "is left out"), 1);
    assert_int_equal(count_of(err, "10 steps in a row"), 1);
    assert_false(mien_file_exists(DIR "/run/detect.net"));
}

static double member_of(const char *line, const char *name)
{
    const char *p = strstr(line, name);
    assert_non_null(p);
    return strtod(p + strlen(name), NULL);
}

// It learns; validation, on faces kept for it, is in the log; 11 steps and as many more as make 24,
// by another number of threads, give the network of 24 in one go. The warm-up is longer than the
// run, so that the schedule does not depend on where a run ends.
static void learns_and_resumes_exactly(void **state)
{
    (void)state;
    char err[8192];
    first_bad = 1 << 30;
    char *whole[] = {COMMON,     "--pack", DIR "/both.pack", "--out", DIR "/whole", "--steps", "24",
                     "--warmup", "100",    "--validation",   "24",    "--lr",       "0.02"};
    char *half[] = {COMMON,    "--pack", DIR "/both.pack", "--out",     DIR "/half",
                    "--steps", "11",     "--warmup",       "100",       "--validation",
                    "0",       "--lr",   "0.02",           "--threads", "1"};
    char *rest[] = {COMMON,    "--pack", DIR "/both.pack", "--out",   DIR "/half",
                    "--steps", "24",     "--warmup",       "100",     "--validation",
                    "0",       "--lr",   "0.02",           "--resume"};
    assert_int_equal(run(whole, MIEN_COUNT(whole), err, sizeof(err)), 0);
    assert_int_equal(count_of(err, "validation at step 24"), 1);
    assert_int_equal(run(half, MIEN_COUNT(half), err, sizeof(err)), 0);
    assert_int_equal(run(rest, MIEN_COUNT(rest), err, sizeof(err)), 0);
    assert_int_equal(count_of(err, "resuming " DIR "/half/last.ckpt at step 11"), 1);
    size_t n, m;
    void *a = mien_file_read(DIR "/whole/detect.net", 0, &n);
    void *b = mien_file_read(DIR "/half/detect.net", 0, &m);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    mien_free(a);
    mien_free(b);
    char *log = mien_file_read(DIR "/whole/log.jsonl", 1 << 16, &n);
    assert_non_null(log);
    const char *last = strstr(log, "{\"step\":24,\"loss\"");
    assert_non_null(last);
    assert_true(member_of(last, "\"loss\":") < 0.6 * member_of(log, "\"loss\":"));
    assert_int_equal(count_of(log, "\"validation\":24"), 1);
    assert_true(member_of(log, "\"val_face\":") > 0);
    mien_free(log);
}

RUN_TESTS(set_up, NULL, cmocka_unit_test(a_bad_batch_is_left_out),
          cmocka_unit_test(many_in_a_row_end_training),
          cmocka_unit_test(learns_and_resumes_exactly))

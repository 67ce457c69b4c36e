// Unit tests of the trainer: it learns a handful of pictures by heart, resumes exactly, and stops
// when asked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "learn/curves.h"
#include "learn/graph_internal.h"
#include "learn/pseudo.h"
#include "learn/steadiness.h"
#include "learn/train_state.h"
#include "learn/trainer.h"
#include "learn_scene.h"
#include "run_tests.h"

#define DIR "build/test_trainer"

static struct mien_face_model model;
static struct mien_dataset data;

static const char net[] = "input image 3 32 32 mean 127.5 scale 0.0078125\n"
                          "conv a image out 12 k 3 s 2 bn relu\n"
                          "conv b a out 16 k 3 s 2 bn relu\n"
                          "conv c b out 24 k 3 s 2 bn relu\n"
                          "dense d c out 96 relu\n"
                          "dense lm d out 2*$LANDMARKS\n"
                          "dense ls d out $LANDMARKS\n"
                          "dense po d out 9\n"
                          "dense id d out 60\n"
                          "dense bs d out 52\n"
                          "dense ex d out 8\n"
                          "dense ga d out 4\n"
                          "dense pr d out 1\n"
                          "dense is d out 60\n"
                          "output landmarks lm\noutput landmark_sigma ls\noutput pose po\n"
                          "output identity id\noutput blendshapes bs\noutput expression ex\n"
                          "output gaze ga\noutput presence pr\noutput identity_sigma is\n";

static int set_up(void **state)
{
    (void)state;
    if (!mien_face_model_load(&model, "models/ict.face") || !mien_dir_make(DIR) ||
        !mien_file_save(DIR "/net.txt", net, sizeof(net) - 1)) {
        return -1;
    }
    scene_write_pack(&model, DIR "/faces.pack", 8, 4);
    mien_dataset_init(&data);
    return mien_dataset_add(&data, DIR "/faces.pack", false) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mien_dataset_destroy(&data);
    mien_face_model_destroy(&model);
    return 0;
}

static struct mien_train_config config(const char *out, long long steps)
{
    struct mien_train_config c = mien_train_defaults();
    c.loop.net = DIR "/net.txt";
    c.loop.out = out;
    c.data = &data;
    c.model = &model;
    c.loop.steps = steps;
    c.loop.batch = 16;
    c.loop.shard = 8;
    c.loop.threads = 2;
    c.loop.warmup = 10;
    c.ramp = 20;
    c.loop.log_every = 5;
    c.loop.validate_every = 0;
    c.loop.quiet = true;
    return c;
}

static void wipe(const char *dir)
{
    static const char *const names[] = {"last.ckpt", "face.net", "log.jsonl", "curves.png"};
    for (size_t i = 0; i < MIEN_COUNT(names); i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        unlink(path);
    }
}

// Eight faces without augmentation, sigma off (its likelihood has no floor): the loss must fall to
// a tenth. Jitter and flips stay, so this is not mere memory.
static void learns_a_handful(void **state)
{
    (void)state;
    struct mien_train_summary s;
    struct mien_train_config c = config(DIR "/heart", 1300);
    memset(&c.augment, 0, sizeof(c.augment));
    c.negative = 0;
    c.loop.average = 0.98f;
    c.loop.decay = 0;
    for (int i = 0; i < MIEN_TASKS; i++) {
        c.weight[i] = 0;
    }
    c.weight[MIEN_TASK_POSE] = c.weight[MIEN_TASK_BLENDSHAPES] = 1;
    c.weight[MIEN_TASK_EXPRESSION] = c.weight[MIEN_TASK_GAZE] = 1;
    c.weight[MIEN_TASK_IDENTITY] = 1;
    c.weight[MIEN_TASK_LANDMARKS] = 1;
    wipe(c.loop.out);
    assert_true(mien_train(&c, &s));
    assert_int_equal(s.step, 1300);
    print_message("loss %.3f -> %.3f\n", s.first_loss, s.last_loss);
    assert_true(s.last_loss < 0.1 * s.first_loss);
    assert_true(mien_file_exists(DIR "/heart/face.net"));
    assert_true(mien_file_exists(DIR "/heart/curves.png"));
}

static void same_file(const char *a, const char *b)
{
    size_t n, m;
    void *p = mien_file_read(a, 0, &n), *q = mien_file_read(b, 0, &m);
    assert_non_null(p);
    assert_non_null(q);
    assert_int_equal(n, m);
    assert_memory_equal(p, q, n);
    mien_free(p);
    mien_free(q);
}

// 24 steps in one go, and 11 + 13 steps with another number of threads: the same network. The
// warm-up is longer than the run, so that the schedule does not depend on where a run ends.
static void resumes_exactly(void **state)
{
    (void)state;
    for (int weighting = 0; weighting < MIEN_WEIGHTINGS; weighting++) {
        struct mien_train_config whole = config(DIR "/whole", 24);
        whole.weighting = (enum mien_weighting)weighting;
        whole.weight[MIEN_TASK_CONSISTENCY] = 0.5f;
        whole.loop.warmup = 100;
        struct mien_train_config half = whole;
        half.loop.out = DIR "/half";
        half.loop.steps = 11;
        wipe(whole.loop.out);
        wipe(half.loop.out);
        assert_true(mien_train(&whole, NULL));
        assert_true(mien_train(&half, NULL));
        half.loop.steps = 24;
        half.loop.threads = 1;
        half.loop.resume = true;
        assert_true(mien_train(&half, NULL));
        same_file(DIR "/whole/face.net", DIR "/half/face.net");
    }
}

// The checkpoint as a build would have written it that knows one task less (gaze) and another one
// (of a name that no task has) more. row_bytes: of the last row; less than all is a damaged file.
static void write_of_another_build(const char *from, const char *to, size_t row_bytes)
{
    struct mien_container c;
    assert_true(mien_container_load(&c, from, "CKPT", MIEN_CKPT_VERSION));
    struct mien_train_task row[MIEN_TASKS + 1];
    for (int i = 0; i < c.count; i++) {
        struct mien_section *s = &c.section[i];
        if (!strcmp(s->name, "train_tasks")) {
            assert_int_equal(s->size, MIEN_TASKS * sizeof(*row));
            memcpy(row, s->data, s->size);
            memmove(row + MIEN_TASK_GAZE, row + MIEN_TASK_GAZE + 1,
                    (MIEN_TASKS - MIEN_TASK_GAZE - 1) * sizeof(*row));
            row[MIEN_TASKS - 1] = row[0];
            snprintf(row[MIEN_TASKS - 1].name, sizeof(row->name), "elsewhere");
            s->data = row;
            s->size = (MIEN_TASKS - 1) * sizeof(*row) + row_bytes;
        }
    }
    assert_true(mien_container_save(to, "CKPT", MIEN_CKPT_VERSION, c.section, c.count));
    mien_container_destroy(&c);
}

static void read_state(const char *path, struct mien_train_state *s, bool known[MIEN_TASKS])
{
    struct mien_container c;
    assert_true(mien_container_load(&c, path, "CKPT", MIEN_CKPT_VERSION));
    assert_true(mien_train_state_read(s, &c, path, known));
    mien_container_destroy(&c);
}

// A checkpoint of a build that knows other tasks is resumed: what both know goes on, what is new
// here is measured, what is new there is left out.
static void other_tasks_resume(void **state)
{
    (void)state;
    struct mien_train_config c = config(DIR "/half", 6);
    struct mien_train_state before, after;
    bool known[MIEN_TASKS];
    c.loop.warmup = 100;
    wipe(c.loop.out);
    assert_true(mien_train(&c, NULL));
    read_state(DIR "/half/last.ckpt", &before, known);
    for (int t = 0; t < MIEN_TASKS; t++) {
        assert_true(known[t]);
    }
    write_of_another_build(DIR "/half/last.ckpt", DIR "/other.ckpt",
                           sizeof(struct mien_train_task));
    read_state(DIR "/other.ckpt", &after, known);
    for (int t = 0; t < MIEN_TASKS; t++) {
        assert_true(known[t] == (t != MIEN_TASK_GAZE));
    }
    assert_true(after.norm[MIEN_TASK_GAZE] == 0);
    assert_int_equal(rename(DIR "/other.ckpt", DIR "/half/last.ckpt"), 0);
    c.loop.steps = 9;
    c.loop.resume = true;
    assert_true(mien_train(&c, NULL));
    read_state(DIR "/half/last.ckpt", &after, known);
    assert_int_equal(after.step, 9);
    for (int t = 0; t < MIEN_TASKS; t++) { // measured anew: the same pictures, so the same figure
        assert_true(known[t] && after.norm[t] == before.norm[t]);
    }
    assert_true(after.weighting.running[MIEN_TASK_POSE] > 0);
    // A row that is not whole, and a checkpoint without any.
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    struct mien_container whole;
    write_of_another_build(DIR "/half/last.ckpt", DIR "/other.ckpt", 8);
    assert_true(mien_container_load(&whole, DIR "/other.ckpt", "CKPT", MIEN_CKPT_VERSION));
    assert_false(mien_train_state_read(&after, &whole, "other", known));
    whole.count = 1;
    assert_false(mien_train_state_read(&after, &whole, "other", known));
    mien_container_destroy(&whole);
    mien_log_set_level(MIEN_LOG_INFO);
    remove(DIR "/other.ckpt");
}

// Whether all parameters of a layer are as they were made.
static bool untouched(const char *layer)
{
    char *text = mien_train_description(DIR "/net.txt", &model), name[64];
    struct mien_graph *a = mien_graph_create(text, 8, 2, 1);
    struct mien_graph *b = mien_graph_create(text, 8, 2, 1);
    assert_non_null(a);
    assert_non_null(b);
    assert_true(mien_graph_init_from(b, DIR "/some/last.ckpt"));
    bool same = true;
    static const char *const roles[] = {"weight", "bias"};
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof(name), "%s.%s", layer, roles[i]);
        int p = mien_desc_find_param(&a->desc, name);
        assert_true(p >= 0);
        same = same &&
               !memcmp(a->weights + a->desc.param[p].offset, b->weights + b->desc.param[p].offset,
                       a->desc.param[p].count * sizeof(float));
    }
    mien_graph_destroy(a);
    mien_graph_destroy(b);
    mien_free(text);
    return same;
}

// Tasks that are off have no gradient and no figures.
static void tasks_can_be_chosen(void **state)
{
    (void)state;
    for (int weighting = 0; weighting < MIEN_WEIGHTINGS; weighting++) {
        struct mien_train_config c = config(DIR "/some", 5);
        for (int t = 0; t < MIEN_TASKS; t++) {
            c.weight[t] = t == MIEN_TASK_POSE || t == MIEN_TASK_EXPRESSION;
        }
        c.weighting = (enum mien_weighting)weighting;
        c.loop.decay = 0;
        wipe(c.loop.out);
        assert_true(mien_train(&c, NULL));
        assert_false(untouched("po"));
        assert_false(untouched("ex"));
        assert_false(untouched("a"));
        static const char *const off[] = {"lm", "ls", "id", "bs", "ga", "pr", "is"};
        for (size_t i = 0; i < MIEN_COUNT(off); i++) {
            assert_true(untouched(off[i]));
        }
        size_t n;
        char *log = mien_file_read(DIR "/some/log.jsonl", 0, &n);
        assert_non_null(log);
        assert_non_null(strstr(log, "\"pose\":"));
        assert_non_null(strstr(log, "rotation_deg"));
        assert_null(strstr(log, "landmarks"));
        assert_null(strstr(log, "_nme"));
        mien_free(log);
    }
}

// Every task by itself: a few steps teach the branches that it needs and no others, and its loss is
// in the log; without a weight it is neither taught nor logged, and a task nobody gave a weight to
// in its row is off in a new training.
static void every_task_trains_and_is_off_when_it_is_off(void **state)
{
    static const char *const layer[MIEN_BRANCHES] = {
        [MIEN_BRANCH_LANDMARKS] = "lm",     [MIEN_BRANCH_SIGMA] = "ls",
        [MIEN_BRANCH_POSE] = "po",          [MIEN_BRANCH_IDENTITY] = "id",
        [MIEN_BRANCH_BLENDSHAPES] = "bs",   [MIEN_BRANCH_EXPRESSION] = "ex",
        [MIEN_BRANCH_GAZE] = "ga",          [MIEN_BRANCH_PRESENCE] = "pr",
        [MIEN_BRANCH_IDENTITY_SIGMA] = "is"};
    struct mien_train_config defaults = mien_train_defaults();
    char member[64];
    for (int t = 0; t < MIEN_TASKS; t++) {
        const struct mien_task_row *row = mien_task_at(t);
        assert_float_equal(defaults.weight[t], row->weight, 0);
        assert_int_equal(mien_task_find(row->name), t);
        assert_true(row->led_by <= t); // its leader stands before it
        struct mien_train_config c = config(DIR "/some", 4);
        for (int i = 0; i < MIEN_TASKS; i++) {
            c.weight[i] = i == t;
        }
        c.ramp = 1;
        c.loop.warmup = 1;
        c.loop.decay = 0;
        c.loop.log_every = 1;
        wipe(c.loop.out);
        assert_true(mien_train(&c, NULL));
        for (int b = 0; b < MIEN_BRANCHES; b++) {
            if (untouched(layer[b]) == (row->needs >> b & 1)) {
                fail_msg("%s alone: branch %s is %staught", row->name, mien_branch_name(b),
                         row->needs >> b & 1 ? "not " : "");
            }
        }
        size_t n;
        char *log = mien_file_read(DIR "/some/log.jsonl", 0, &n);
        assert_non_null(log);
        for (int i = 0; i < MIEN_TASKS; i++) {
            snprintf(member, sizeof(member), "\"%s\":", mien_task_name(i));
            if ((strstr(log, member) != NULL) != (i == t)) {
                fail_msg("%s alone: %s is %s the log", row->name, mien_task_name(i),
                         i == t ? "missing from" : "in");
            }
        }
        mien_free(log);
    }
}

// A task whose branch the network lacks is as one that is switched off, to every weighting scheme.
static void missing_branches_are_off(void **state)
{
    char less[sizeof(net)];
    const char *lines = strstr(net, "dense id"), *outputs = strstr(net, "output landmarks");
    snprintf(less, sizeof(less), "%.*s%s", (int)(lines - net), net, outputs);
    *strstr(less, "output identity") = 0;
    assert_true(mien_file_save(DIR "/less.txt", less, strlen(less)));
    for (int weighting = 0; weighting < MIEN_WEIGHTINGS; weighting++) {
        for (int off = 0; off < 2; off++) {
            struct mien_train_config c = config(off ? DIR "/off" : DIR "/missing", 12);
            c.loop.net = DIR "/less.txt";
            c.weighting = (enum mien_weighting)weighting;
            c.period = 4;
            for (int t = 0; t < MIEN_TASKS; t++) {
                bool there =
                    t == MIEN_TASK_LANDMARKS || t == MIEN_TASK_SIGMA || t == MIEN_TASK_POSE;
                c.weight[t] = there || !off ? 1 : 0;
            }
            wipe(c.loop.out);
            assert_true(mien_train(&c, NULL));
        }
        same_file(DIR "/off/face.net", DIR "/missing/face.net");
    }
}

// The records that keep a label: a fixed choice, the smaller share inside the larger; validation
// keeps all; a teacher fills in what is missing, in the crop's own frame.
static void labels_can_be_thinned(void **state)
{
    (void)state;
    scene_write_pack(&model, DIR "/many.pack", 200, 20);
    struct mien_dataset many;
    mien_dataset_init(&many);
    assert_true(mien_dataset_add(&many, DIR "/many.pack", false));
    struct mien_net *teacher = mien_net_load(DIR "/heart/face.net");
    assert_non_null(teacher);
    bool kept[2][220], drawn[220] = {false};
    static const float drop[2] = {0.5f, 0.75f}; // pass 2, pass 1 and 3
    static float input[3 * 32 * 32];
    static struct mien_target t, truth[220];
    int count[2] = {0}, fills = 0;
    double error = 0;
    for (int pass = 0; pass < 4; pass++) {
        struct mien_sample_config c = {
            .data = &many, .model = &model, .channels = 3, .width = 32, .height = 32};
        c.jitter = true;
        c.mean = 127.5f;
        c.scale = 1 / 128.f;
        c.drop[0] = c.drop[4] = pass < 1 ? 0 : drop[pass % 2];
        c.teacher = pass == 3 ? teacher : NULL;
        c.pseudo_share = 1;
        struct mien_sampler s;
        assert_true(mien_sampler_init(&s, &c));
        for (uint32_t i = 0; i < 220; i++) {
            struct mien_rng rng;
            struct mien_record_ref ref = {0, i};
            mien_rng_seed(&rng, 3, i);
            struct mien_target *o = pass == 0 ? &truth[i] : &t;
            assert_true(mien_sampler_make(&s, ref, false, &rng, input, o));
            bool lm = o->mask & MIEN_LABEL_LANDMARKS, ex = o->mask & MIEN_LABEL_EXPRESSION;
            assert_true(lm == ex); // all kinds go together
            assert_true(o->mask & MIEN_LABEL_POSE);
            drawn[i] = o->split == 0;
            if (pass == 0) {
                assert_true(lm);
            } else if (pass < 3) {
                kept[pass % 2][i] = lm;
                count[pass % 2] += lm && drawn[i];
                assert_true(lm || drawn[i]);
            } else if (!kept[1][i] && lm) {
                fills++;
                assert_true(o->landmark_weight[0] == 1);
                for (int k = 0; k < model.landmarks; k++) {
                    error += hypot((double)o->landmark[k][0] - truth[i].landmark[k][0],
                                   (double)o->landmark[k][1] - truth[i].landmark[k][1]) /
                             model.landmarks;
                }
            }
        }
        mien_sampler_destroy(&s);
    }
    for (int i = 0; i < 220; i++) {
        assert_true(kept[0][i] || !kept[1][i]);
    }
    print_message("kept %d and %d of 200, %d filled in, %.3f crop units off\n", count[0], count[1],
                  fills, error / fills);
    assert_in_range(count[0], 75, 125);
    assert_in_range(count[1], 30, 70);
    // This teacher never learned what a face is; where it sees none it fills nothing in; and
    // it knows only eight faces. How many it sees is chance: 35 and 67 were met.
    assert_in_range(fills, 15, 200 - count[1]);
    assert_true(error / fills < 0.2);
    mien_net_destroy(teacher);
    mien_dataset_destroy(&many);
}

// A network that answers the same whatever it sees moves with the crop: by two independent normal
// steps of 0.5 px of its 32 px input along each axis, so 1 px rms. The face's size is sqrt of its
// box's area over a crop of MIEN_CROP_SCALE times the longer side.
static void steadiness_of_a_constant(void **state)
{
    (void)state;
    char *text = mien_train_description(DIR "/net.txt", &model);
    struct mien_graph *g = mien_graph_create(text, 8, 1, 1);
    mien_free(text);
    assert_non_null(g);
    memset(g->average, 0, g->desc.weights * sizeof(float));
    assert_true(mien_graph_export(g, DIR "/constant.net"));
    mien_graph_destroy(g);
    struct mien_net *n = mien_net_load(DIR "/constant.net");
    assert_non_null(n);
    scene_write_pack(&model, DIR "/still.pack", 0, 40);
    struct mien_dataset still;
    mien_dataset_init(&still);
    assert_true(mien_dataset_add(&still, DIR "/still.pack", false));
    double square = 0;
    for (uint32_t i = 0; i < 40; i++) {
        struct mien_label l;
        const uint8_t *jpeg;
        struct mien_crop crop;
        mien_pack_get(&still.source[0].pack, i, &l, &jpeg);
        assert_true(mien_label_crop(&model, &l, &crop));
        float w = l.box_px[2] - l.box_px[0], h = l.box_px[3] - l.box_px[1];
        square += pow((double)crop.side_px / 32, 2) / (double)(w * h) / 40;
    }
    struct mien_steadiness s;
    assert_true(mien_steadiness_measure(n, &model, &still, 0, &s));
    print_message("jitter %.3f %%, by hand %.3f %%\n", s.jitter, 100 * sqrt(square));
    assert_float_equal(s.jitter / (100 * sqrt(square)), 1, 0.06); // 280 steps of two axes
    mien_dataset_destroy(&still);
    mien_net_destroy(n);
}

static void stops_when_asked(void **state)
{
    (void)state;
    atomic_int stop = 1;
    struct mien_train_summary s;
    struct mien_train_config c = config(DIR "/stop", 1000000);
    c.loop.stop = &stop;
    wipe(c.loop.out);
    assert_true(mien_train(&c, &s));
    assert_int_equal(s.step, 0);
    assert_true(mien_file_exists(DIR "/stop/last.ckpt"));
}

static void bad_configurations_are_refused(void **state)
{
    (void)state;
    struct mien_train_config c = config(DIR "/bad", 5);
    c.loop.shard = 5;
    assert_false(mien_train(&c, NULL));
    c = config(DIR "/bad", 5);
    c.loop.net = DIR "/there-is-none.txt";
    assert_false(mien_train(&c, NULL));
    static const char wrong[] = "input image 3 32 32\ngap g image\ndense d g out 7\n"
                                "output landmarks d\n";
    assert_true(mien_file_save(DIR "/wrong.txt", wrong, sizeof(wrong) - 1));
    c.loop.net = DIR "/wrong.txt";
    assert_false(mien_train(&c, NULL));
}

static void log_is_trimmed(void **state)
{
    (void)state;
    static const char text[] = "{\"step\":5,\"loss\":1}\n{\"step\":10,\"loss\":0.5}\n"
                               "{\"step\":15,\"loss\":0.4}\n{\"step\":20,\"lo";
    assert_true(mien_file_save(DIR "/log.jsonl", text, sizeof(text) - 1));
    assert_true(mien_curves_trim_log(DIR "/log.jsonl", 10));
    size_t n;
    char *got = mien_file_read(DIR "/log.jsonl", 0, &n);
    assert_non_null(got);
    assert_int_equal(n, strlen("{\"step\":5,\"loss\":1}\n{\"step\":10,\"loss\":0.5}\n"));
    mien_free(got);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(learns_a_handful), cmocka_unit_test(resumes_exactly),
          cmocka_unit_test(other_tasks_resume), cmocka_unit_test(stops_when_asked),
          cmocka_unit_test(bad_configurations_are_refused),
          cmocka_unit_test(steadiness_of_a_constant), cmocka_unit_test(log_is_trimmed),
          cmocka_unit_test(tasks_can_be_chosen),
          cmocka_unit_test(every_task_trains_and_is_off_when_it_is_off),
          cmocka_unit_test(missing_branches_are_off), cmocka_unit_test(labels_can_be_thinned))

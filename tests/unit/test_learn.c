// Unit tests of learn: labels follow the crop, losses have the gradients they claim, missing labels
// are silent, the loader is deterministic, metrics count right.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "face/crop.h"
#include "face/decode.h"
#include "learn/loader.h"
#include "learn/loss.h"
#include "learn/metrics.h"
#include "learn_scene.h"
#include "model_scene.h"
#include "run_tests.h"

// ------------------------------------------------------------------ geometry

static void project_crop(const struct mien_target *t, const float *X, float u[2])
{
    struct mien_pose p;
    float c[3], px[2];
    mien_pose_from_crop(&t->camera, &t->crop, &t->pose, &p);
    mien_mat3_mul_vec(p.R, X, c);
    for (int i = 0; i < 3; i++) {
        c[i] += p.t[i];
    }
    assert_true(mien_camera_project(&t->camera, c, px));
    mien_crop_to_unit(&t->crop, px, u);
}

// The crop-frame pose and camera put the model's points where the crop-frame landmarks are: for any
// crop, rolled, and for the mirrored face too (whose shape is the mirrored one).
static void labels_follow_crop_and_mirror(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct mien_rng rng;
        struct mien_label l;
        float X[3 * MIEN_LANDMARKS_MAX], M[3 * MIEN_LANDMARKS_MAX];
        mien_rng_seed(&rng, seed, 1);
        scene_label(&model, &rng, &l, X);
        bool flip = seed & 1;
        if (flip) {
            mien_label_mirror(&model, &l);
            for (int i = 0; i < model.landmarks; i++) {
                int j = model.landmark[i].mirror;
                M[3 * i] = -X[3 * j];
                M[3 * i + 1] = X[3 * j + 1];
                M[3 * i + 2] = X[3 * j + 2];
            }
        } else {
            memcpy(M, X, sizeof(M));
        }
        struct mien_crop crop;
        assert_true(mien_label_crop(&model, &l, &crop));
        crop.roll_rad += mien_rng_range(&rng, -0.6f, 0.6f);
        crop.cx_px += mien_rng_range(&rng, -15, 15);
        crop.cy_px += mien_rng_range(&rng, -15, 15);
        crop.side_px *= mien_rng_range(&rng, 0.8f, 1.3f);
        struct mien_target t;
        mien_target_from_label(&model, &l, &crop, &t);
        for (int i = 0; i < model.landmarks; i++) {
            float u[2];
            project_crop(&t, M + 3 * i, u);
            assert_float_equal(u[0], t.landmark[i][0], 2e-3);
            assert_float_equal(u[1], t.landmark[i][1], 2e-3);
        }
    }
}

static void mirror_twice_is_the_label(void **state)
{
    (void)state;
    struct mien_rng rng;
    struct mien_label l, once;
    float X[3 * MIEN_LANDMARKS_MAX];
    mien_rng_seed(&rng, 9, 1);
    scene_label(&model, &rng, &l, X);
    once = l;
    mien_label_mirror(&model, &once);
    assert_float_equal(once.blendshape[MIEN_BS_MOUTH_SMILE_LEFT],
                       l.blendshape[MIEN_BS_MOUTH_SMILE_RIGHT], 0);
    assert_float_equal(once.gaze_deg[0][0], -l.gaze_deg[1][0], 0);
    assert_float_equal(once.gaze_deg[0][1], l.gaze_deg[1][1], 0);
    mien_label_mirror(&model, &once);
    for (int i = 0; i < model.landmarks; i++) {
        assert_float_equal(once.landmark_px[i][0], l.landmark_px[i][0], 1e-3);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        assert_float_equal(once.blendshape[i], l.blendshape[i], 0);
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        assert_float_equal(once.identity[i], l.identity[i], 0);
    }
    assert_float_equal(mien_rotation_distance_deg(once.pose.R, l.pose.R), 0, 0.05);
}

static void canonical_crop_is_upright(void **state)
{
    (void)state;
    for (int k = -3; k <= 3; k++) {
        struct mien_rng rng;
        struct mien_label l;
        float X[3 * MIEN_LANDMARKS_MAX];
        mien_rng_seed(&rng, 5, 1);
        scene_label_at(&model, &rng, 10, -5, (float)(20 * k), &l, X);
        struct mien_crop crop;
        assert_true(mien_crop_from_landmarks(&model, l.landmark_px, &crop));
        assert_float_equal(crop.roll_rad * 57.29578f, 20 * k, 6);
        float box[4], u[2];
        assert_true(mien_crop_bounds(l.landmark_px, model.landmarks, box));
        assert_float_equal(crop.cx_px, 0.5f * (box[0] + box[2]), 1e-3);
        mien_crop_to_unit(&crop, l.landmark_px[0], u);
        float back[2];
        mien_crop_to_px(&crop, u, back);
        assert_float_equal(back[0], l.landmark_px[0][0], 1e-2);
        assert_float_equal(back[1], l.landmark_px[0][1], 1e-2);
    }
    // No jump on the way to profile and a little beyond: the eyes' line turns round there.
    for (int yaw = -95; yaw <= 95; yaw += 5) {
        struct mien_rng rng;
        struct mien_label l;
        float X[3 * MIEN_LANDMARKS_MAX];
        struct mien_crop crop;
        mien_rng_seed(&rng, 5, 1);
        scene_label_at(&model, &rng, (float)yaw, 0, 15, &l, X);
        assert_true(mien_crop_from_landmarks(&model, l.landmark_px, &crop));
        assert_float_equal(crop.roll_rad * 57.29578f, 15, 12);
    }
    float bad[MIEN_LANDMARKS_MAX][2] = {{NAN, 0}};
    struct mien_crop crop;
    assert_false(mien_crop_from_landmarks(&model, bad, &crop));
    assert_false(mien_crop_from_box((const float[4]){5, 5, 5, 5}, &crop));
}

static void gaze_turns_with_the_crop(void **state)
{
    (void)state;
    struct mien_camera cam = mien_camera_make(640, 480, 60);
    struct mien_crop middle = {cam.cx_px, cam.cy_px, 200, 0}, rolled = middle, side = middle;
    float deg[2] = {20, 0}, out[2], back[2];
    mien_crop_gaze_from_camera(&cam, &middle, deg, out);
    assert_float_equal(out[0], 20 / 57.29578f, 1e-4);
    assert_float_equal(out[1], 0, 1e-4);
    // The crop turned a quarter clockwise: what was to the picture's right is now up in the crop.
    rolled.roll_rad = 1.5707963f;
    mien_crop_gaze_from_camera(&cam, &rolled, deg, out);
    assert_float_equal(out[1], 20 / 57.29578f, 1e-3);
    side.cx_px += 250;
    mien_crop_gaze_from_camera(&cam, &side, deg, out);
    mien_crop_gaze_to_camera(&cam, &side, out, back);
    assert_float_equal(back[0], deg[0], 1e-3);
    assert_float_equal(back[1], deg[1], 1e-3);
}

// ------------------------------------------------------------------ losses

struct outputs {
    float v[MIEN_BRANCHES][2 * MIEN_LANDMARKS_MAX];
};

static void pointers(struct outputs *o, float *p[MIEN_BRANCHES])
{
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        p[b] = o->v[b];
    }
}

static void random_outputs(struct mien_rng *rng, const struct mien_target *t, struct outputs *o)
{
    memset(o, 0, sizeof(*o));
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        for (int i = 0; i < mien_branch_size(b, model.landmarks); i++) {
            o->v[b][i] = 0.7f * mien_rng_normal(rng);
        }
    }
    float d[6];
    mien_rotation_to_6d(t->pose.R, d);
    for (int i = 0; i < 6; i++) {
        o->v[MIEN_BRANCH_POSE][i] = d[i] + 0.2f * mien_rng_normal(rng);
    }
    o->v[MIEN_BRANCH_POSE][6] = t->pose.x + 0.1f;
    o->v[MIEN_BRANCH_POSE][7] = t->pose.y - 0.07f;
    o->v[MIEN_BRANCH_POSE][8] = t->pose.log_s + 0.1f;
    for (int i = 0; i < model.landmarks; i++) {
        for (int c = 0; c < 2; c++) { // away from the wing's kink at 0 and its corner at 0.15
            float e = mien_rng_chance(rng, 0.5f) ? mien_rng_range(rng, 0.01f, 0.14f)
                                                 : mien_rng_range(rng, 0.16f, 0.3f);
            e = mien_rng_chance(rng, 0.5f) ? e : -e;
            o->v[MIEN_BRANCH_LANDMARKS][2 * i + c] = t->landmark[i][c] + e;
        }
        o->v[MIEN_BRANCH_SIGMA][i] = mien_rng_range(rng, -4, -1);
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        o->v[MIEN_BRANCH_IDENTITY_SIGMA][i] = mien_rng_range(rng, -2, 0.2f);
    }
}

static double value(const struct mien_loss *l, struct outputs *o, const struct mien_target *t,
                    int task)
{
    float *p[MIEN_BRANCHES];
    double sum[MIEN_TASKS] = {0}, count[MIEN_TASKS] = {0};
    pointers(o, p);
    mien_loss_sample(l, (const float *const *)p, t, NULL, NULL, sum, count);
    return sum[task];
}

static void make_target(uint64_t seed, struct mien_target *t)
{
    struct mien_rng rng;
    struct mien_label l;
    float X[3 * MIEN_LANDMARKS_MAX];
    mien_rng_seed(&rng, seed, 2);
    scene_label(&model, &rng, &l, X);
    struct mien_crop crop;
    assert_true(mien_label_crop(&model, &l, &crop));
    crop.roll_rad += 0.3f;
    mien_target_from_label(&model, &l, &crop, t);
}

// Central differences of every task against the gradient, along every number of every branch that
// the task may move (landmarks: a sample of them). The losses compute in double, the outputs are
// float: a step of 1e-3 leaves 1e-3 relative.
static void gradients_match_differences(void **state)
{
    (void)state;
    struct mien_loss l;
    mien_loss_init(&l, &model);
    l.beta = 0; // with beta the likelihood's factor is held constant on purpose
    l.weight[MIEN_TASK_CONSISTENCY] = 1;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct mien_target t;
        struct mien_rng rng;
        static struct outputs o, g;
        make_target(seed, &t);
        mien_rng_seed(&rng, seed, 3);
        random_outputs(&rng, &t, &o);
        for (int task = 0; task < MIEN_TASKS; task++) {
            double k[MIEN_TASKS] = {0}, sum[MIEN_TASKS] = {0}, count[MIEN_TASKS] = {0};
            float *po[MIEN_BRANCHES], *pg[MIEN_BRANCHES];
            k[task] = 1;
            memset(&g, 0, sizeof(g));
            pointers(&o, po);
            pointers(&g, pg);
            mien_loss_sample(&l, (const float *const *)po, &t, k, pg, sum, count);
            assert_true(count[task] > 0);
            double moved = 0, largest = 0;
            for (int b = 0; b < MIEN_BRANCHES; b++) {
                for (int i = 0; i < mien_branch_size(b, model.landmarks); i++) {
                    largest = fmax(largest, fabs((double)g.v[b][i]));
                }
            }
            for (int b = 0; b < MIEN_BRANCHES; b++) {
                int n = mien_branch_size(b, model.landmarks);
                for (int i = 0; i<n; i += n> 100 ? 17 : 1) {
                    float keep = o.v[b][i], h = 1e-3f;
                    o.v[b][i] = keep + h;
                    double up = value(&l, &o, &t, task), width = o.v[b][i];
                    o.v[b][i] = keep - h;
                    double down = value(&l, &o, &t, task);
                    width -= o.v[b][i];
                    o.v[b][i] = keep;
                    double numeric = (up - down) / width, analytic = g.v[b][i];
                    // Smooth L1's corners blur a step's width.
                    double tolerance = 2e-3 * largest + 2e-2 * fabs(numeric) + 1e-6;
                    if (fabs(numeric - analytic) > tolerance) {
                        fail_msg("task %s branch %s number %d: difference %g, gradient %g",
                                 mien_task_name(task), mien_branch_name(b), i, numeric, analytic);
                    }
                    moved += fabs(analytic);
                }
            }
            assert_true(moved > 0);
        }
    }
}

// Every row of the table: without any label a task counts nothing and moves nothing.
static void unlabelled_samples_teach_no_task(void **state)
{
    (void)state;
    struct mien_loss l;
    struct mien_target t;
    struct mien_rng rng;
    static struct outputs o, g;
    mien_loss_init(&l, &model);
    make_target(4, &t);
    mien_rng_seed(&rng, 1, 3);
    random_outputs(&rng, &t, &o);
    t.mask = 0;
    t.presence_weight = 0;
    memset(t.landmark_weight, 0, sizeof(t.landmark_weight));
    memset(t.blendshape_weight, 0, sizeof(t.blendshape_weight));
    double k[MIEN_TASKS], sum[MIEN_TASKS] = {0}, count[MIEN_TASKS] = {0};
    for (int task = 0; task < MIEN_TASKS; task++) {
        l.weight[task] = 1;
        k[task] = 1;
    }
    float *po[MIEN_BRANCHES], *pg[MIEN_BRANCHES];
    memset(&g, 0, sizeof(g));
    pointers(&o, po);
    pointers(&g, pg);
    mien_loss_sample(&l, (const float *const *)po, &t, k, pg, sum, count);
    for (int task = 0; task < MIEN_TASKS; task++) {
        if (count[task] > 0) {
            fail_msg("task %s counts a sample without labels", mien_task_name(task));
        }
    }
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        for (int i = 0; i < 2 * MIEN_LANDMARKS_MAX; i++) {
            assert_float_equal(g.v[b][i], 0, 0);
        }
    }
}

static void no_label_no_gradient(void **state)
{
    (void)state;
    const struct {
        uint32_t bit;
        int tasks[4];
    } rows[] = {
        {MIEN_LABEL_LANDMARKS, {MIEN_TASK_LANDMARKS, MIEN_TASK_SIGMA, MIEN_TASK_CONSISTENCY, -1}},
        {MIEN_LABEL_POSE, {MIEN_TASK_POSE, -1}},
        {MIEN_LABEL_IDENTITY, {MIEN_TASK_IDENTITY, MIEN_TASK_IDENTITY_SIGMA, -1}},
        {MIEN_LABEL_BLENDSHAPES, {MIEN_TASK_BLENDSHAPES, -1}},
        {MIEN_LABEL_EXPRESSION, {MIEN_TASK_EXPRESSION, -1}},
        {MIEN_LABEL_GAZE, {MIEN_TASK_GAZE, -1}},
        {0, {MIEN_TASK_PRESENCE, -1}},
    };
    struct mien_loss l;
    mien_loss_init(&l, &model);
    l.weight[MIEN_TASK_CONSISTENCY] = 1;
    for (size_t r = 0; r < MIEN_COUNT(rows); r++) {
        struct mien_target t;
        struct mien_rng rng;
        static struct outputs o, g;
        make_target(4, &t);
        t.mask &= ~rows[r].bit;
        t.presence_weight = rows[r].bit != 0;
        mien_rng_seed(&rng, 1, 3);
        random_outputs(&rng, &t, &o);
        double k[MIEN_TASKS] = {0}, sum[MIEN_TASKS] = {0}, count[MIEN_TASKS] = {0};
        for (int i = 0; i < 4 && rows[r].tasks[i] >= 0; i++) {
            k[rows[r].tasks[i]] = 1;
        }
        float *po[MIEN_BRANCHES], *pg[MIEN_BRANCHES];
        memset(&g, 0, sizeof(g));
        pointers(&o, po);
        pointers(&g, pg);
        mien_loss_sample(&l, (const float *const *)po, &t, k, pg, sum, count);
        for (int b = 0; b < MIEN_BRANCHES; b++) {
            for (int i = 0; i < 2 * MIEN_LANDMARKS_MAX; i++) {
                assert_float_equal(g.v[b][i], 0, 0);
            }
        }
        for (int i = 0; i < 4 && rows[r].tasks[i] >= 0; i++) {
            assert_float_equal(count[rows[r].tasks[i]], 0, 0);
        }
    }
}

// A task whose row needs a branch that the network lacks is not counted, whatever labels there are;
// all others are, and read nothing of that branch (it is NULL).
static void no_branch_no_count(void **state)
{
    (void)state;
    struct mien_loss l;
    struct mien_target t;
    struct mien_rng rng;
    static struct outputs o;
    mien_loss_init(&l, &model);
    l.weight[MIEN_TASK_CONSISTENCY] = 1;
    make_target(4, &t);
    t.presence_weight = 1;
    mien_rng_seed(&rng, 1, 3);
    random_outputs(&rng, &t, &o);
    for (int gone = -1; gone < MIEN_BRANCHES; gone++) {
        float *po[MIEN_BRANCHES];
        double sum[MIEN_TASKS] = {0}, count[MIEN_TASKS] = {0};
        pointers(&o, po);
        if (gone >= 0) {
            po[gone] = NULL;
        }
        mien_loss_sample(&l, (const float *const *)po, &t, NULL, NULL, sum, count);
        for (int i = 0; i < MIEN_TASKS; i++) {
            bool off = gone >= 0 && mien_task_at(i)->needs & 1U << gone;
            assert_true((count[i] > 0) == !off);
            assert_true(!off || !(sum[i] < 0 || sum[i] > 0));
        }
    }
}

// Outputs that say what the label says: every loss at its floor, decoded errors zero.
static void perfect_answer_scores_perfectly(void **state)
{
    (void)state;
    struct mien_target t;
    static struct outputs o;
    make_target(6, &t);
    memset(&o, 0, sizeof(o));
    for (int i = 0; i < model.landmarks; i++) {
        memcpy(&o.v[MIEN_BRANCH_LANDMARKS][2 * i], t.landmark[i], sizeof(t.landmark[i]));
        o.v[MIEN_BRANCH_SIGMA][i] = -3;
    }
    mien_rotation_to_6d(t.pose.R, o.v[MIEN_BRANCH_POSE]);
    o.v[MIEN_BRANCH_POSE][6] = t.pose.x;
    o.v[MIEN_BRANCH_POSE][7] = t.pose.y;
    o.v[MIEN_BRANCH_POSE][8] = t.pose.log_s;
    memcpy(o.v[MIEN_BRANCH_IDENTITY], t.identity, sizeof(t.identity));
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        float b = fminf(0.9999f, fmaxf(1e-4f, t.blendshape[i]));
        o.v[MIEN_BRANCH_BLENDSHAPES][i] = logf(b / (1 - b));
    }
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        o.v[MIEN_BRANCH_EXPRESSION][i] = logf(fmaxf(1e-6f, t.expression[i]));
    }
    memcpy(o.v[MIEN_BRANCH_GAZE], t.gaze, sizeof(t.gaze));
    o.v[MIEN_BRANCH_PRESENCE][0] = 12;
    struct mien_loss l;
    mien_loss_init(&l, &model);
    l.weight[MIEN_TASK_CONSISTENCY] = 1;
    for (int task = 0; task < MIEN_TASKS; task++) {
        if (task != MIEN_TASK_SIGMA && task != MIEN_TASK_IDENTITY_SIGMA) {
            assert_float_equal(value(&l, &o, &t, task), 0, 2e-3);
        }
    }
    float *p[MIEN_BRANCHES];
    struct mien_estimate e;
    bool present[MIEN_BRANCHES];
    pointers(&o, p);
    memset(present, 1, sizeof(present));
    mien_estimate_decode((const float *const *)p, model.landmarks, &e);
    struct mien_metrics m;
    mien_metrics_init(&m, &model);
    assert_true(mien_metrics_add(&m, &e, &t, present));
    const struct mien_metric_group *g = &m.group[MIEN_SOURCE_SYNTH];
    assert_float_equal(g->landmark_nme, 0, 1e-6);
    assert_float_equal(g->rotation_deg, 0, 0.1);
    assert_float_equal(g->identity_vertex_mm, 0, 1e-4);
    assert_float_equal(g->gaze_deg, 0, 0.1);
    assert_float_equal(mien_metrics_accuracy(g), 1, 0);
    mien_metrics_destroy(&m);
}

static void mean_predictor_measures_one(void **state)
{
    (void)state;
    enum { N = 40 };
    static struct mien_target t[N];
    struct mien_loss l;
    mien_loss_init(&l, &model);
    for (int i = 0; i < N; i++) {
        make_target((uint64_t)i, &t[i]);
    }
    assert_true(mien_loss_measure(&l, t, N));
    // Coefficients drawn with unit variance: the mean scores about one.
    assert_true(l.norm[MIEN_TASK_IDENTITY] > 0.5 && l.norm[MIEN_TASK_IDENTITY] < 1.5);
    assert_true(l.norm[MIEN_TASK_LANDMARKS] > 0.02 && l.norm[MIEN_TASK_LANDMARKS] < 1);
    assert_true(l.norm[MIEN_TASK_POSE] > 0.05);
}

// Sigma beyond its limits: the loss no longer falls there, and only what leads back is learnt.
static void sigma_is_led_back_into_its_limits(void **state)
{
    (void)state;
    struct mien_loss l;
    struct mien_target t;
    static struct outputs o, g;
    mien_loss_init(&l, &model);
    make_target(3, &t);
    static const struct {
        float z, error;                                 // of every landmark
        int sign;                                       // of the gradient
    } cases[] = {{(float)MIEN_LOG_SIGMA_MIN - 1, 0, 0}, // surer than sure of what is right
                 {(float)MIEN_LOG_SIGMA_MIN - 1, 1, -1},
                 {(float)MIEN_LOG_SIGMA_MAX + 1, 0, 1},
                 {(float)MIEN_LOG_SIGMA_MAX + 1, 1000, 0}};
    for (size_t i = 0; i < MIEN_COUNT(cases); i++) {
        float *po[MIEN_BRANCHES], *pg[MIEN_BRANCHES];
        double k[MIEN_TASKS] = {0}, sum[MIEN_TASKS] = {0}, count[MIEN_TASKS] = {0};
        k[MIEN_TASK_SIGMA] = 1;
        memset(&g, 0, sizeof(g));
        pointers(&o, po);
        pointers(&g, pg);
        for (int m = 0; m < model.landmarks; m++) {
            o.v[MIEN_BRANCH_LANDMARKS][2 * m] = t.landmark[m][0] + cases[i].error;
            o.v[MIEN_BRANCH_LANDMARKS][2 * m + 1] = t.landmark[m][1];
            o.v[MIEN_BRANCH_SIGMA][m] = cases[i].z;
        }
        mien_loss_sample(&l, (const float *const *)po, &t, k, pg, sum, count);
        for (int m = 0; m < model.landmarks; m++) {
            float slope = g.v[MIEN_BRANCH_SIGMA][m];
            assert_int_equal((slope > 0) - (slope < 0), cases[i].sign);
        }
    }
}

// What a task is counted by: consistency needs the camera, the others their own labels.
static void labels_are_counted(void **state)
{
    (void)state;
    struct mien_loss l;
    struct mien_target t;
    double with[MIEN_TASKS] = {0}, without[MIEN_TASKS] = {0};
    mien_loss_init(&l, &model);
    make_target(3, &t);
    assert_true(t.camera.f_px > 0);
    mien_loss_count(&l, &t, with);
    t.camera.f_px = 0;
    mien_loss_count(&l, &t, without);
    for (int i = 0; i < MIEN_TASKS; i++) {
        assert_true(with[i] > 0 || i == MIEN_TASK_PRESENCE);
        assert_true(without[i] == (i == MIEN_TASK_CONSISTENCY ? 0 : with[i]));
    }
}

// A face whose points are off by more than 6 % of its size has failed.
static void failures_are_over_six_per_cent(void **state)
{
    (void)state;
    struct mien_metrics m;
    struct mien_target t;
    static struct mien_estimate e;
    bool present[MIEN_BRANCHES] = {[MIEN_BRANCH_LANDMARKS] = true};
    make_target(6, &t);
    mien_metrics_init(&m, &model);
    static const float off[] = {0.03f, 0.059f, 0.061f, 0.2f};
    for (size_t i = 0; i < MIEN_COUNT(off); i++) {
        for (int k = 0; k < model.landmarks; k++) {
            e.landmark[k][0] = t.landmark[k][0] + 0.6f * off[i] * t.box;
            e.landmark[k][1] = t.landmark[k][1] - 0.8f * off[i] * t.box;
            e.landmark_sigma[k] = 0.05f;
        }
        assert_true(mien_metrics_add(&m, &e, &t, present));
    }
    const struct mien_metric_group *g = &m.group[MIEN_SOURCE_SYNTH];
    assert_float_equal(g->landmark_count, 4, 0);
    assert_float_equal(g->landmark_nme, 0.03 + 0.059 + 0.061 + 0.2, 1e-4);
    assert_float_equal(g->landmark_fail, 2, 0);
    mien_metrics_destroy(&m);
}

static void auc_counts_pairs(void **state)
{
    (void)state;
    struct mien_metrics m;
    struct mien_estimate e = {0};
    struct mien_target t = {0};
    bool present[MIEN_BRANCHES] = {0};
    present[MIEN_BRANCH_PRESENCE] = true;
    mien_metrics_init(&m, &model);
    assert_true(isnan(mien_metrics_auc(&m)));
    const float with[] = {0.9f, 0.5f, 0.4f}, without[] = {0.1f, 0.5f};
    for (int i = 0; i < 3; i++) {
        t.mask = MIEN_LABEL_BOX;
        t.presence_weight = 1;
        e.presence = with[i];
        assert_true(mien_metrics_add(&m, &e, &t, present));
    }
    for (int i = 0; i < 2; i++) {
        t.mask = MIEN_LABEL_NOFACE;
        e.presence = without[i];
        assert_true(mien_metrics_add(&m, &e, &t, present));
    }
    // pairs won: 2 + 1.5 + 1 of 6
    assert_float_equal(mien_metrics_auc(&m), 4.5 / 6, 1e-9);
    mien_metrics_destroy(&m);
}

// ------------------------------------------------------------------ loader

enum { SHARD = 8, SHARDS = 2, STEPS = 4, SIDE = 48 };

static struct mien_loader_config loader_config(const struct mien_dataset *d, int workers)
{
    struct mien_loader_config c = {.sample = {.data = d,
                                              .model = &model,
                                              .channels = 3,
                                              .width = SIDE,
                                              .height = SIDE,
                                              .mean = 127.5f,
                                              .scale = 1 / 128.0f,
                                              .jitter = true,
                                              .augment = mien_augment_default(),
                                              .negative = 0.2f},
                                   .shard = SHARD,
                                   .shards = SHARDS,
                                   .workers = workers,
                                   .seed = 77};
    return c;
}

static uint64_t checksum(const struct mien_shard_data *s)
{
    uint64_t h = 1469598103934665603u;
    const unsigned char *p = (const unsigned char *)s->input;
    for (size_t i = 0; i < (size_t)SHARD * 3 * SIDE * SIDE * sizeof(float); i++) {
        h = (h ^ p[i]) * 1099511628211u;
    }
    for (int k = 0; k < SHARD; k++) {
        p = (const unsigned char *)s->target[k].landmark;
        for (size_t i = 0; i < sizeof(s->target[k].landmark); i++) {
            h = (h ^ p[i]) * 1099511628211u;
        }
    }
    return h;
}

static void loader_is_the_same_for_any_workers(void **state)
{
    (void)state;
    struct mien_dataset d;
    scene_write_pack(&model, "build/test_learn.pack", 24, 6);
    mien_dataset_init(&d);
    assert_true(mien_dataset_add(&d, "build/test_learn.pack:1", true));
    assert_int_equal(d.source[0].train_count, 24);
    assert_int_equal(d.source[0].validation_count, 6);
    uint64_t sum[STEPS * SHARDS];
    for (int workers = 1; workers <= 4; workers++) {
        struct mien_loader_config c = loader_config(&d, workers);
        struct mien_loader *l = mien_loader_create(&c);
        assert_non_null(l);
        for (int i = 0; i < STEPS * SHARDS; i++) {
            const struct mien_shard_data *s = mien_loader_take(l);
            assert_non_null(s);
            assert_int_equal(s->step, i / SHARDS);
            assert_int_equal(s->shard, i % SHARDS);
            uint64_t h = checksum(s);
            assert_true(workers == 1 || h == sum[i]);
            sum[i] = h;
            mien_loader_release(l);
        }
        mien_loader_destroy(l);
    }
    for (int i = 1; i < STEPS * SHARDS; i++) {
        assert_true(sum[i] != sum[0]);
    }
    // Started in the middle it goes on with the same pictures.
    struct mien_loader_config c = loader_config(&d, 2);
    c.first_step = 2;
    struct mien_loader *l = mien_loader_create(&c);
    const struct mien_shard_data *s = mien_loader_take(l);
    assert_true(checksum(s) == sum[2 * SHARDS]);
    mien_loader_release(l);
    mien_loader_destroy(l);
    mien_dataset_destroy(&d);
}

// The pixels move with the labels: the scene paints a bright disc at each iris.
static void pixels_follow_labels(void **state)
{
    (void)state;
    struct mien_dataset d;
    scene_write_pack(&model, "build/test_learn.pack", 24, 6);
    mien_dataset_init(&d);
    assert_true(mien_dataset_add(&d, "build/test_learn.pack", false));
    struct mien_sample_config c = loader_config(&d, 1).sample;
    memset(&c.augment, 0, sizeof(c.augment));
    c.negative = 0;
    c.width = c.height = 96;
    struct mien_sampler s;
    assert_true(mien_sampler_init(&s, &c));
    float *x = mien_calloc(3 * 96 * 96, sizeof(float));
    int checked = 0, flipped = 0;
    for (uint64_t i = 0; i < 40; i++) {
        struct mien_rng rng;
        struct mien_target t;
        mien_rng_seed(&rng, 3, i);
        assert_true(mien_sampler_draw(&s, &rng, x, &t));
        flipped += t.flipped;
        for (int e = 0; e < 2; e++) {
            const float *u = t.landmark[model.iris[e]];
            int px = (int)lrintf((u[0] + 1) * 48 - 0.5f), py = (int)lrintf((u[1] + 1) * 48 - 0.5f);
            if (px < 2 || py < 2 || px > 93 || py > 93) {
                continue;
            }
            // Left iris red, right iris blue; a mirrored left iris was painted as the right one.
            float r = x[py * 96 + px], b = x[2 * 96 * 96 + py * 96 + px];
            assert_true((e == 0) != t.flipped ? r > b + 0.3f : b > r + 0.3f);
            checked++;
        }
    }
    assert_true(checked > 60 && flipped > 5 && flipped < 35);
    mien_free(x);
    mien_sampler_destroy(&s);
    mien_dataset_destroy(&d);
}

static void negatives_have_no_face(void **state)
{
    (void)state;
    struct mien_dataset d;
    scene_write_pack(&model, "build/test_learn.pack", 24, 6);
    mien_dataset_init(&d);
    assert_true(mien_dataset_add(&d, "build/test_learn.pack", false));
    struct mien_sample_config c = loader_config(&d, 1).sample;
    struct mien_sampler s;
    assert_true(mien_sampler_init(&s, &c));
    float *x = mien_calloc(3 * SIDE * SIDE, sizeof(float));
    int none = 0;
    for (uint64_t i = 0; i < 40; i++) {
        struct mien_rng rng;
        struct mien_target t;
        mien_rng_seed(&rng, 3, i);
        struct mien_record_ref ref = {0, (uint32_t)(i % 24)};
        assert_true(mien_sampler_make(&s, ref, true, &rng, x, &t));
        if (t.mask & MIEN_LABEL_NOFACE) {
            struct mien_label l;
            const uint8_t *jpeg;
            mien_pack_get(&d.source[0].pack, ref.record, &l, &jpeg);
            float dx = fabsf(t.crop.cx_px - 0.5f * (l.box_px[0] + l.box_px[2]));
            float dy = fabsf(t.crop.cy_px - 0.5f * (l.box_px[1] + l.box_px[3]));
            assert_true(fmaxf(dx / (l.box_px[2] - l.box_px[0]), dy / (l.box_px[3] - l.box_px[1])) >
                        0.3f);
            assert_float_equal(t.presence, 0, 0);
            none++;
        }
    }
    assert_true(none > 10);
    mien_free(x);
    mien_sampler_destroy(&s);
    mien_dataset_destroy(&d);
}

// Root mean square deviation of drawn crops from the canonical one: side (log), centre (of the
// box's larger side), roll (degrees).
static void crop_spread(const struct mien_sample_config *c, double out[3])
{
    struct mien_sampler s;
    assert_true(mien_sampler_init(&s, c));
    float *x = mien_calloc(3 * SIDE * SIDE, sizeof(float));
    double sum[3] = {0};
    const int n = 400;
    for (int i = 0; i < n; i++) {
        struct mien_rng rng;
        struct mien_target t;
        struct mien_label l;
        struct mien_crop own;
        const uint8_t *jpeg;
        mien_rng_seed(&rng, 5, (uint64_t)i);
        struct mien_record_ref ref = {0, (uint32_t)(i % 24)};
        assert_true(mien_sampler_make(&s, ref, false, &rng, x, &t));
        mien_pack_get(&c->data->source[0].pack, ref.record, &l, &jpeg);
        if (t.flipped) {
            mien_label_mirror(&model, &l);
        }
        assert_true(mien_label_crop(&model, &l, &own));
        const double larger = own.side_px / MIEN_CROP_SCALE;
        const double side = log(t.crop.side_px / own.side_px);
        const double dx = (t.crop.cx_px - own.cx_px) / larger;
        const double roll = (t.crop.roll_rad - own.roll_rad) * 57.29578;
        sum[0] += side * side;
        sum[1] += dx * dx;
        sum[2] += roll * roll;
    }
    for (int k = 0; k < 3; k++) {
        out[k] = sqrt(sum[k] / n);
    }
    mien_free(x);
    mien_sampler_destroy(&s);
}

// 400 draws know a deviation to 4 %; the bounds are four times that.
static void settled_crops_lie_near_the_face(void **state)
{
    (void)state;
    struct mien_dataset d;
    double settled[3], coarse[3], half[3];
    scene_write_pack(&model, "build/test_learn.pack", 24, 6);
    mien_dataset_init(&d);
    assert_true(mien_dataset_add(&d, "build/test_learn.pack", false));
    struct mien_sample_config c = loader_config(&d, 1).sample;
    c.negative = 0;
    crop_spread(&c, coarse);
    c.settled = 1;
    crop_spread(&c, settled);
    c.settled = 0.5f;
    crop_spread(&c, half);
    static const double wanted[3] = {0.05, 0.02, 4};
    for (int k = 0; k < 3; k++) {
        assert_float_equal(settled[k] / wanted[k], 1, 0.16);
        assert_true(coarse[k] > 1.8 * settled[k]);
        assert_float_equal(half[k] / sqrt(0.5 * (pow(settled[k], 2) + pow(coarse[k], 2))), 1, 0.16);
    }
    mien_dataset_destroy(&d);
}

static void noise_is_centred(void **state)
{
    (void)state;
    enum { N = 100000 };
    float *x = mien_calloc(N, sizeof(float));
    mien_augment_noise(x, N, 10, 12345);
    double mean = 0, var = 0, lag = 0;
    for (int i = 0; i < N; i++) {
        mean += x[i];
        var += (double)x[i] * x[i];
        lag += i ? (double)x[i] * x[i - 1] : 0;
    }
    assert_float_equal(mean / N, 0, 0.15);
    assert_float_equal(sqrt(var / N), 10, 0.15);
    assert_float_equal(lag / var, 0, 0.015);
    mien_free(x);
}

static void bad_data_is_refused(void **state)
{
    (void)state;
    struct mien_dataset d;
    mien_dataset_init(&d);
    assert_false(mien_dataset_add(&d, "build/there-is-none.pack", true));
    assert_false(mien_dataset_add(&d, "build/test_learn.pack:heavy", true));
    assert_false(mien_dataset_add(&d, "build/test_learn.pack:-1", true));
    assert_int_equal(d.count, 0);
    struct mien_record_ref ref;
    struct mien_rng rng;
    mien_rng_seed(&rng, 1, 1);
    assert_false(mien_dataset_draw(&d, &rng, &ref));
    mien_dataset_destroy(&d);
}

RUN_TESTS(load_model, drop_model, cmocka_unit_test(labels_follow_crop_and_mirror),
          cmocka_unit_test(mirror_twice_is_the_label), cmocka_unit_test(canonical_crop_is_upright),
          cmocka_unit_test(gaze_turns_with_the_crop), cmocka_unit_test(gradients_match_differences),
          cmocka_unit_test(unlabelled_samples_teach_no_task),
          cmocka_unit_test(no_label_no_gradient), cmocka_unit_test(no_branch_no_count),
          cmocka_unit_test(perfect_answer_scores_perfectly),
          cmocka_unit_test(mean_predictor_measures_one),
          cmocka_unit_test(sigma_is_led_back_into_its_limits), cmocka_unit_test(labels_are_counted),
          cmocka_unit_test(failures_are_over_six_per_cent), cmocka_unit_test(auc_counts_pairs),
          cmocka_unit_test(loader_is_the_same_for_any_workers),
          cmocka_unit_test(pixels_follow_labels), cmocka_unit_test(negatives_have_no_face),
          cmocka_unit_test(settled_crops_lie_near_the_face), cmocka_unit_test(noise_is_centred),
          cmocka_unit_test(bad_data_is_refused))

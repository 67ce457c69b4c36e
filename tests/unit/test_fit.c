// Unit tests of fit/: synthetic truth (a known pose in, the same pose out), bad input, speed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "fit/fit.h"
#include "fit/points.h"
#include "fit/solve.h"
#include "run_tests.h"

static struct mien_face_model model;
static struct mien_fit *fit;

static int set_up(void **state)
{
    (void)state;
    if (!mien_face_model_load(&model, "models/ict.face")) {
        return -1;
    }
    fit = mien_fit_create(&model);
    return fit ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mien_fit_destroy(fit);
    mien_fit_destroy(NULL);
    mien_face_model_destroy(&model);
    return 0;
}

struct scene {
    struct mien_fit_state truth;
    struct mien_fit_input in;
    float px[MIEN_LANDMARKS_MAX][2];
};

static void make_scene(struct scene *s, struct mien_rng *r, float yaw, float pitch, float roll,
                       float identity_sd, float noise_px)
{
    memset(s, 0, sizeof *s);
    s->in.camera = mien_camera_make(640, 480, 60);
    s->in.landmark_px = s->px;
    mien_pose_from_angles(yaw, pitch, roll, s->truth.pose.R);
    s->truth.pose.t[0] = mien_rng_range(r, -80, 80);
    s->truth.pose.t[1] = mien_rng_range(r, -60, 60);
    s->truth.pose.t[2] = mien_rng_range(r, -900, -450);
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        s->truth.identity[i] = identity_sd * mien_rng_normal(r);
    }
    static const int used[] = {MIEN_BS_JAW_OPEN,          MIEN_BS_MOUTH_SMILE_LEFT,
                               MIEN_BS_MOUTH_SMILE_RIGHT, MIEN_BS_EYE_BLINK_LEFT,
                               MIEN_BS_BROW_INNER_UP,     MIEN_BS_EYE_LOOK_IN_LEFT,
                               MIEN_BS_EYE_LOOK_OUT_RIGHT};
    for (size_t i = 0; i < MIEN_COUNT(used); i++) {
        s->truth.blendshape[used[i]] = mien_rng_range(r, 0, 0.8f);
    }
    assert_true(mien_fit_project(&model, &s->in.camera, &s->truth, s->px, NULL));
    for (int l = 0; l < model.landmarks; l++) {
        s->px[l][0] += noise_px * mien_rng_normal(r);
        s->px[l][1] += noise_px * mien_rng_normal(r);
    }
}

// Exact landmarks, wide priors: the truth comes back, to the side as far as a profile.
static void exact_landmarks_give_the_pose(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 11, 1);
    for (int yaw = -90; yaw <= 90; yaw += 30) {
        for (int pitch = -20; pitch <= 20; pitch += 20) {
            struct scene s;
            make_scene(&s, &r, (float)yaw, (float)pitch, 10, 0.5f, 0);
            float sigma[MIEN_LANDMARKS_MAX];
            for (int l = 0; l < model.landmarks; l++) {
                sigma[l] = 0.02f;
            }
            s.in.sigma_px = sigma;
            s.in.iterations = 100;
            s.in.identity_sigma_all = 100;
            s.in.blendshape_prior[0].sigma_all = 100;
            struct mien_fit_state got;
            assert_true(mien_fit_start(fit, &s.in, &got));
            assert_true(mien_fit_run(fit, &s.in, &got));
            const float d = mien_rotation_distance_deg(got.pose.R, s.truth.pose.R);
            if (!(d < 0.1f)) {
                fail_msg("yaw %d pitch %d: off by %.3f degrees after %d steps, rms %g", yaw, pitch,
                         (double)d, got.iterations, (double)got.rms);
            }
            assert_true(got.rms < 1e-3f);
        }
    }
}

static void noise_is_bounded(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 12, 1);
    double worst = 0, sum = 0;
    const int n = 40;
    for (int i = 0; i < n; i++) {
        struct scene s;
        make_scene(&s, &r, mien_rng_range(&r, -60, 60), mien_rng_range(&r, -25, 25),
                   mien_rng_range(&r, -30, 30), 1, 1.0f);
        s.in.blendshape_prior[0].sigma_all = 0.5f;
        struct mien_fit_state got;
        assert_true(mien_fit_start(fit, &s.in, &got));
        assert_true(mien_fit_run(fit, &s.in, &got));
        const double d = (double)mien_rotation_distance_deg(got.pose.R, s.truth.pose.R);
        sum += d / n;
        worst = fmax(worst, d);
        assert_true(got.rms < 0.02f);
    }
    print_message("noise of 1 px: pose off by %.2f degrees in the mean, %.2f at worst\n", sum,
                  worst);
    assert_true(sum < 1.5 && worst < 5);
}

// From a start 40 degrees off, with the last frame's state as it would be after a jump.
static void bad_start(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 13, 1);
    for (int i = 0; i < 20; i++) {
        struct scene s;
        make_scene(&s, &r, 20, 5, 0, 0.7f, 0.3f);
        s.in.blendshape_prior[0].sigma_all = 0.5f;
        struct mien_fit_state got = s.truth, ref;
        mien_pose_from_angles(-20, 10, 25, got.pose.R);
        got.pose.t[2] *= 1.5f;
        memset(got.identity, 0, sizeof got.identity);
        assert_true(mien_fit_run(fit, &s.in, &got));
        assert_true(mien_fit_start(fit, &s.in, &ref));
        assert_true(mien_fit_run(fit, &s.in, &ref));
        assert_true(mien_rotation_distance_deg(got.pose.R, ref.pose.R) < 1.0f);
    }
}

// Live: identity locked, three steps from the last frame reach what the long fit reaches.
static void live_steps_follow(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 14, 1);
    struct scene s;
    make_scene(&s, &r, 0, 0, 0, 1, 0);
    struct mien_fit_state live = s.truth;
    struct mien_pose last;
    for (int frame = 0; frame < 60; frame++) {
        const float yaw = 40 * sinf(0.12f * (float)frame); // up to 5 degrees a frame
        mien_pose_from_angles(yaw, 0.3f * yaw, 0, s.truth.pose.R);
        s.truth.blendshape[MIEN_BS_JAW_OPEN] = 0.5f + 0.5f * sinf(0.3f * (float)frame);
        assert_true(mien_fit_project(&model, &s.in.camera, &s.truth, s.px, NULL));
        s.in.lock_identity = true;
        s.in.iterations = 3;
        s.in.blendshape_prior[0].sigma_all = 1;
        last = live.pose;
        s.in.pose_prior[0].pose = &last;
        s.in.pose_prior[0].rotation_sigma_rad = 0.3f;
        assert_true(mien_fit_run(fit, &s.in, &live));
        assert_true(mien_rotation_distance_deg(live.pose.R, s.truth.pose.R) < 0.6f);
        assert_true(fabsf(live.blendshape[MIEN_BS_JAW_OPEN] -
                          s.truth.blendshape[MIEN_BS_JAW_OPEN]) < 0.12f);
    }
    int64_t best[2] = {INT64_MAX, INT64_MAX};
    for (int i = 0; i < 60; i++) {
        s.in.lock_identity = i & 1;
        struct mien_fit_state again = live;
        mien_pose_from_angles(5, 5, 5, again.pose.R);
        const int64_t t = mien_now_ns();
        assert_true(mien_fit_run(fit, &s.in, &again));
        const int64_t d = mien_now_ns() - t;
        best[i & 1] = d < best[i & 1] ? d : best[i & 1];
    }
    print_message("three steps: %.2f ms with identity locked, %.2f ms with it free\n",
                  (double)best[1] / 1e6, (double)best[0] / 1e6);
}

// Landmarks count by how squarely they face the camera: a twentieth where they are hidden.
static void hidden_landmarks_count_little(void **state)
{
    (void)state;
    enum { ST = 8 };
    static const float cosine[ST] = {1, 0.5f, 0.3f, 0.125f, -0.0325f, -0.04f, -0.5f, -1};
    static const float want[ST] = {1, 1, 1, 0.5f, 0.05f, 0.05f, 0.05f, 0.05f};
    static const float v[3] = {0, 0, 1};
    float given[ST], normal[3 * ST] = {0}, trust[ST];
    for (int i = 0; i < ST; i++) {
        given[i] = 2;
        normal[i] = sqrtf(1 - cosine[i] * cosine[i]);
        normal[2 * ST + i] = cosine[i];
    }
    mien_fit_weigh(given, normal, v, ST, trust);
    for (int i = 0; i < ST; i++) {
        assert_float_equal(trust[i], 2 * want[i], 1e-5);
    }
}

// The rows are the derivatives of what a landmark costs, also where it is far off and counts less:
// J'e is half the slope of the cost along each of the pose's six ways.
static void pose_rows_follow_the_cost(void **state)
{
    (void)state;
    enum { ST = 8 };
    struct mien_rng r;
    struct mien_camera c = mien_camera_make(640, 480, 60);
    struct mien_pose p = {.t = {20, -10, -600}};
    float x[3 * ST], wanted[2 * ST], trust[ST], J[12 * ST], e[2 * ST], a[6 * ST];
    mien_pose_from_angles(15, -8, 5, p.R);
    mien_rng_seed(&r, 12, 0);
    for (int i = 0; i < ST; i++) {
        float X[3], Y[3], px[2];
        for (int k = 0; k < 3; k++) {
            X[k] = x[k * ST + i] = mien_rng_range(&r, -60, 60);
        }
        mien_mat3_mul_vec(p.R, X, Y);
        for (int k = 0; k < 3; k++) {
            Y[k] += p.t[k];
        }
        assert_true(mien_camera_project(&c, Y, px));
        // From well within a sigma to thirty away.
        wanted[i] = px[0] + mien_rng_range(&r, -1, 1) * (float)(i * i);
        wanted[ST + i] = px[1] + mien_rng_range(&r, -1, 1) * (float)(i * i);
        trust[i] = 1;
    }
    mien_fit_pose_rows(x, wanted, trust, ST, &c, &p, J, e, a);
    for (int way = 0; way < 6; way++) {
        double slope = 0, cost[2];
        for (int i = 0; i < 2 * ST; i++) {
            slope += (double)J[way * 2 * ST + i] * e[i];
        }
        const float step = way < 3 ? 1e-3f : 0.1f;
        for (int side = 0; side < 2; side++) {
            struct mien_pose q = p;
            float w[3] = {0}, D[9];
            w[way % 3] = side ? step : -step;
            if (way < 3) {
                mien_mat3_exp(w, D);
                mien_mat3_mul(D, p.R, q.R);
            } else {
                q.t[way - 3] += w[way - 3];
            }
            cost[side] = mien_fit_cost(x, wanted, trust, ST, &c, &q);
        }
        double numeric = (cost[1] - cost[0]) / (2 * (double)step);
        assert_float_equal(2 * slope, numeric, 0.01 * fabs(numeric) + 0.02);
    }
}

static void priors_hold(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 15, 1);
    struct scene s;
    make_scene(&s, &r, 10, 0, 0, 0, 0.5f);
    struct mien_pose want = s.truth.pose;
    mien_pose_from_angles(30, 0, 0, want.R);
    float sigma[MIEN_LANDMARKS_MAX], mean[MIEN_BLENDSHAPES], bs_sigma[MIEN_BLENDSHAPES];
    for (int l = 0; l < model.landmarks; l++) {
        sigma[l] = 1e4f; // the landmarks say nothing
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        mean[i] = (float)(i % 5) / 4;
        bs_sigma[i] = 0.1f;
    }
    s.in.sigma_px = sigma;
    s.in.pose_prior[1].pose = &want;
    s.in.pose_prior[1].rotation_sigma_rad = 0.01f;
    for (int i = 0; i < 3; i++) {
        s.in.pose_prior[1].translation_sigma_mm[i] = 1;
    }
    s.in.blendshape_prior[2].mean = mean;
    s.in.blendshape_prior[2].sigma = bs_sigma;
    struct mien_fit_state got = s.truth;
    assert_true(mien_fit_run(fit, &s.in, &got));
    assert_true(mien_rotation_distance_deg(got.pose.R, want.R) < 0.1f);
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        assert_true(fabsf(got.blendshape[i] - mean[i]) < 0.01f);
    }
}

static void blendshapes_stay_in_the_box(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 16, 1);
    for (int i = 0; i < 10; i++) {
        struct scene s;
        make_scene(&s, &r, 0, 0, 0, 0, 4.0f); // noise beyond what any face does
        s.in.blendshape_prior[0].sigma_all = 10;
        struct mien_fit_state got;
        assert_true(mien_fit_start(fit, &s.in, &got));
        assert_true(mien_fit_run(fit, &s.in, &got));
        for (int k = 0; k < MIEN_BLENDSHAPES; k++) {
            assert_true(got.blendshape[k] >= 0 && got.blendshape[k] <= 1);
        }
    }
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 17, 1);
    struct scene s;
    make_scene(&s, &r, 0, 0, 0, 0, 0);
    struct mien_fit_state got, before;
    // some landmarks not finite: skipped
    for (int l = 0; l < 50; l++) {
        s.px[3 * l][l & 1] = l & 2 ? NAN : INFINITY;
    }
    s.in.blendshape_prior[0].sigma_all = 0.5f;
    assert_true(mien_fit_start(fit, &s.in, &got));
    assert_true(mien_fit_run(fit, &s.in, &got));
    assert_true(got.used == model.landmarks - 50);
    assert_true(mien_rotation_distance_deg(got.pose.R, s.truth.pose.R) < 1);
    // bad states: refused, and left alone
    for (int k = 0; k < 5; k++) {
        struct mien_fit_state bad = got;
        struct mien_fit_input in = s.in;
        if (k == 0) {
            bad.pose.R[4] = NAN;
        } else if (k == 1) {
            bad.pose.t[2] = 100; // behind the camera
        } else if (k == 2) {
            bad.identity[59] = INFINITY;
        } else if (k == 3) {
            in.camera.f_px = 0;
        } else {
            in.landmark_px = NULL;
        }
        before = bad;
        if (mien_fit_run(fit, &in, &bad)) {
            fail_msg("bad state %d was taken", k);
        }
        assert_memory_equal(&before, &bad, sizeof bad);
    }
    // all NaN, and all one point
    for (int l = 0; l < model.landmarks; l++) {
        s.px[l][0] = s.px[l][1] = NAN;
    }
    assert_false(mien_fit_start(fit, &s.in, &before));
    assert_false(mien_fit_run(fit, &s.in, &got));
    memset(s.px, 0, sizeof s.px);
    assert_false(mien_fit_start(fit, &s.in, &before));
    assert_false(mien_fit_run(fit, &s.in, &got));
}

// The plain ones are sums of products, whatever the number of rows (test_kernels holds the others
// against them).
static void normal_equations_are_sums(void **state)
{
    (void)state;
    enum { MOST = 14, COLUMNS = 24, STRIDE = 16 };
    struct mien_rng r;
    mien_rng_seed(&r, 19, 1);
    float J[MOST * COLUMNS], H[(MOST + 1) * STRIDE];
    for (int i = 0; i < MOST * COLUMNS; i++) {
        J[i] = mien_rng_normal(&r);
    }
    for (int n = 1; n <= MOST; n++) {
        H[n * STRIDE] = 12345; // nothing behind the last row is written
        mien_fit_normal_plain(J, n, COLUMNS, H, STRIDE);
        assert_true(H[n * STRIDE] == 12345);
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                float sum = 0;
                for (int c = 0; c < COLUMNS; c++) {
                    sum += J[i * COLUMNS + c] * J[j * COLUMNS + c];
                }
                assert_float_equal(H[i * STRIDE + j], sum, 2e-5);
            }
        }
    }
}

// Random positive definite systems, in one go and with the unknowns split in two; what lies below
// the diagonal and beside the matrix does not matter.
static void systems_are_solved(void **state)
{
    (void)state;
    enum { MOST = 23, STRIDE = 28 };
    struct mien_rng r;
    mien_rng_seed(&r, 18, 1);
    for (int n = 1; n <= MOST; n++) {
        double full[MOST][MOST] = {{0}}, x[MOST], b[MOST] = {0}, y[MOST];
        for (int k = 0; k < 2 * n; k++) {
            double v[MOST];
            for (int i = 0; i < n; i++) {
                v[i] = (double)mien_rng_normal(&r);
            }
            for (int i = 0; i < n * n; i++) {
                full[i / n][i % n] += v[i / n] * v[i % n];
            }
        }
        for (int i = 0; i < n; i++) {
            x[i] = (double)mien_rng_normal(&r);
        }
        for (int i = 0; i < n * n; i++) {
            b[i / n] += full[i / n][i % n] * x[i % n];
        }
        for (int first = 0; first <= n; first++) {
            double A[(MOST + 1) * STRIDE], rest[(MOST + 1) * STRIDE] = {0};
            for (int i = 0; i < (MOST + 1) * STRIDE; i++) {
                const int row = i / STRIDE, column = i % STRIDE;
                A[i] = row <= column && column < n ? full[row][column] : 7;
            }
            memcpy(y, b, sizeof y);
            assert_true(mien_fit_eliminate(A, y, n, STRIDE, first));
            for (int i = first; i < n; i++) {
                memcpy(rest + (size_t)(i - first) * STRIDE, A + (size_t)i * STRIDE + first,
                       (size_t)(n - first) * sizeof *A);
            }
            assert_true(mien_fit_cholesky(rest, y + first, n - first, STRIDE));
            mien_fit_substitute(A, y, n, STRIDE, first);
            for (int i = 0; i < n; i++) {
                if (!(fabs(y[i] - x[i]) < 1e-7)) {
                    fail_msg("%d unknowns, %d first: x[%d] is %g, not %g", n, first, i, y[i], x[i]);
                }
            }
        }
        full[n - 1][n - 1] = -1; // no longer positive definite
        double A[(MOST + 1) * STRIDE] = {0};
        for (int i = 0; i < n; i++) {
            memcpy(A + (size_t)i * STRIDE, full[i], (size_t)n * sizeof *A);
        }
        assert_false(mien_fit_cholesky(A, y, n, STRIDE));
    }
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(exact_landmarks_give_the_pose),
          cmocka_unit_test(noise_is_bounded), cmocka_unit_test(bad_start),
          cmocka_unit_test(live_steps_follow), cmocka_unit_test(hidden_landmarks_count_little),
          cmocka_unit_test(pose_rows_follow_the_cost), cmocka_unit_test(priors_hold),
          cmocka_unit_test(blendshapes_stay_in_the_box), cmocka_unit_test(bad_input_is_refused),
          cmocka_unit_test(normal_equations_are_sums), cmocka_unit_test(systems_are_solved))

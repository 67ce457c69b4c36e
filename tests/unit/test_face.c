// Unit tests of face/: angles, crops, mirrors, names, and the shipped model.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "face/crop.h"
#include "face/gaze.h"
#include "face/layout.h"
#include "face/model.h"
#include "face/pose.h"
#include "model_scene.h"
#include "run_tests.h"

static void near_(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance)) {
        fail_msg("%g is not %g within %g", a, b, tolerance);
    }
}

static void random_rotation(struct mien_rng *r, float R[9])
{
    float w[3];
    for (int i = 0; i < 3; i++) {
        w[i] = mien_rng_normal(r);
    }
    mien_mat3_exp(w, R);
}

static void angles_round_trip(void **state)
{
    (void)state;
    for (int yaw = -85; yaw <= 85; yaw += 17) {
        for (int pitch = -80; pitch <= 80; pitch += 16) {
            for (int roll = -170; roll <= 170; roll += 34) {
                float R[9], y = 0, p = 0, r = 0;
                mien_pose_from_angles((float)yaw, (float)pitch, (float)roll, R);
                mien_pose_to_angles(R, &y, &p, &r);
                near_(y, yaw, 1e-3);
                near_(p, pitch, 1e-3);
                near_(r, roll, 1e-3);
            }
        }
    }
}

static void angles_at_profile_keep_the_matrix(void **state)
{
    (void)state;
    for (int s = -1; s <= 1; s += 2) {
        float R[9], again[9], y = 0, p = 0, r = 0;
        mien_pose_from_angles(90.0f * (float)s, 20, 30, R);
        mien_pose_to_angles(R, &y, &p, &r);
        mien_pose_from_angles(y, p, r, again);
        near_(mien_rotation_distance_deg(R, again), 0, 0.05);
    }
}

// The signs, as a person reads them, by projecting points of a face.
static void signs_by_projection(void **state)
{
    (void)state;
    const struct mien_camera c = mien_camera_make(640, 480, 60);
    static const float nose[3] = {0, 0, 100}, top[3] = {0, 100, 0}, left[3] = {70, 0, 0};
    const struct {
        float yaw, pitch, roll;
        const float *point;
        int axis;   // 0 = x, 1 = y of the picture
        float sign; // of the point against the origin, picture axes
    } table[] = {
        {0, 0, 0, left, 0, 1},  // the subject's left is at the picture's right
        {0, 0, 0, top, 1, -1},  // up is up
        {30, 0, 0, nose, 0, 1}, // yaw > 0: nose to the picture's right
        {-30, 0, 0, nose, 0, -1}, {0, 30, 0, nose, 1, -1}, // pitch > 0: nose lifted
        {0, -30, 0, nose, 1, 1},  {0, 0, 30, top, 0, 1}, // roll > 0: clockwise, the top goes right
        {0, 0, 30, left, 1, 1},                          // and the right side goes down
    };
    for (size_t i = 0; i < MIEN_COUNT(table); i++) {
        float R[9], v[3], a[2], b[2];
        const float t[3] = {0, 0, -600};
        mien_pose_from_angles(table[i].yaw, table[i].pitch, table[i].roll, R);
        mien_mat3_mul_vec(R, table[i].point, v);
        for (int k = 0; k < 3; k++) {
            v[k] += t[k];
        }
        assert_true(mien_camera_project(&c, v, a));
        assert_true(mien_camera_project(&c, t, b));
        if (!((a[table[i].axis] - b[table[i].axis]) * table[i].sign > 5)) {
            fail_msg("row %zu has the wrong sign", i);
        }
    }
}

static void camera_projects(void **state)
{
    (void)state;
    const struct mien_camera c = mien_camera_make(640, 480, 90);
    near_(c.f_px, 320, 1e-3);
    near_(c.cx_px, 319.5, 1e-6);
    float px[2];
    const float right[3] = {100, 0, -100}, behind[3] = {0, 0, 1}, nan3[3] = {0, 0, NAN};
    assert_true(mien_camera_project(&c, right, px));
    near_(px[0], 639.5, 1e-3);
    near_(px[1], 239.5, 1e-3);
    assert_false(mien_camera_project(&c, behind, px));
    assert_false(mien_camera_project(&c, nan3, px));
    near_(mien_camera_make(640, 480, 0).f_px, 768, 1e-3);
}

static void exp_log_quaternion(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 7, 1);
    for (int i = 0; i < 500; i++) {
        float w[3], back[3], R[9], q[4];
        // lengths from tiny to just under pi
        const float length = i < 20   ? 1e-5f * (float)i
                             : i < 40 ? 3.13f
                                      : mien_rng_range(&r, 0, 3.1f);
        float n = 0;
        for (int k = 0; k < 3; k++) {
            w[k] = mien_rng_normal(&r);
            n += w[k] * w[k];
        }
        for (int k = 0; k < 3; k++) {
            w[k] *= length / sqrtf(n);
        }
        mien_mat3_exp(w, R);
        mien_mat3_log(R, back);
        for (int k = 0; k < 3; k++) {
            near_(back[k], w[k], 2e-3);
        }
        mien_rotation_to_quaternion(R, q);
        near_(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3], 1, 1e-5);
        assert_true(q[3] >= 0);
        near_(2 * acos(fmin(1, q[3])), length, 2e-3);
    }
}

static void six_d(void **state)
{
    (void)state;
    struct mien_rng r;
    mien_rng_seed(&r, 8, 1);
    for (int i = 0; i < 100; i++) {
        float R[9], d[6], back[9];
        random_rotation(&r, R);
        mien_rotation_to_6d(R, d);
        assert_true(d[1] == R[3] && d[3] == R[1]); // columns
        for (int k = 0; k < 6; k++) {
            d[k] *= 2.5f;
        }
        mien_rotation_from_6d(d, back);
        near_(mien_rotation_distance_deg(R, back), 0, 0.05);
    }
    static const float bad[][6] = {
        {0, 0, 0, 0, 0, 0},
        {1, 0, 0, 2, 0, 0},
        {NAN, 0, 0, 0, 1, 0},
        {1, 0, 0, 0, INFINITY, 0},
    };
    for (size_t i = 0; i < MIEN_COUNT(bad); i++) {
        float R[9];
        mien_rotation_from_6d(bad[i], R);
        assert_true(R[0] == 1 && R[4] == 1 && R[8] == 1 && R[1] == 0);
    }
}

static void crop_pose_round_trip(void **state)
{
    (void)state;
    const struct mien_camera c = mien_camera_make(1280, 720, 70);
    struct mien_rng r;
    mien_rng_seed(&r, 9, 1);
    for (int i = 0; i < 300; i++) {
        struct mien_pose p, back;
        struct mien_crop_pose cp;
        random_rotation(&r, p.R);
        p.t[0] = mien_rng_range(&r, -300, 300);
        p.t[1] = mien_rng_range(&r, -150, 150);
        p.t[2] = mien_rng_range(&r, -1500, -300);
        float px[2];
        assert_true(mien_camera_project(&c, p.t, px));
        const struct mien_crop crop = {px[0] + mien_rng_range(&r, -30, 30),
                                       px[1] + mien_rng_range(&r, -30, 30),
                                       mien_rng_range(&r, 60, 500), mien_rng_range(&r, -3, 3)};
        mien_pose_to_crop(&c, &crop, &p, &cp);
        mien_pose_from_crop(&c, &crop, &cp, &back);
        near_(mien_rotation_distance_deg(p.R, back.R), 0, 0.1);
        for (int k = 0; k < 3; k++) {
            near_(back.t[k], p.t[k], 0.5);
        }
    }
}

// A face that turns towards the camera's centre from the side looks frontal in its crop, whatever
// the crop's roll.
static void crop_pose_means_what_it_says(void **state)
{
    (void)state;
    const struct mien_camera c = mien_camera_make(1000, 1000, 90);
    struct mien_pose p;
    // 45 degrees to the picture's right, facing the camera: nose to the picture's left
    mien_pose_from_angles(-45, 0, 0, p.R);
    p.t[0] = 500;
    p.t[1] = 0;
    p.t[2] = -500;
    float px[2];
    assert_true(mien_camera_project(&c, p.t, px));
    struct mien_crop crop = {px[0], px[1], 200, 0};
    struct mien_crop_pose cp;
    mien_pose_to_crop(&c, &crop, &p, &cp);
    const float eye[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    near_(mien_rotation_distance_deg(cp.R, eye), 0, 0.1);
    near_(cp.x, 0, 1e-4);
    near_(cp.log_s, log(500 * 100 / (500 * sqrt(2)) / 100), 1e-3);
    // a face rolled clockwise by 30 in a crop rolled alike is upright
    mien_pose_from_angles(0, 0, 30, p.R);
    p.t[0] = 0;
    crop = (struct mien_crop){c.cx_px, c.cy_px, 200, 30 * 3.14159265f / 180};
    mien_pose_to_crop(&c, &crop, &p, &cp);
    near_(mien_rotation_distance_deg(cp.R, eye), 0, 0.1);
    // the head's origin right of the centre of an upright crop: x > 0; below: y > 0
    crop = (struct mien_crop){c.cx_px - 20, c.cy_px - 10, 200, 0};
    mien_pose_to_crop(&c, &crop, &p, &cp);
    near_(cp.x, 0.2, 1e-4);
    near_(cp.y, 0.1, 1e-4);
}

static void mirrors(void **state)
{
    (void)state;
    float R[9], M[9];
    mien_pose_from_angles(25, 10, -15, R);
    mien_pose_from_angles(-25, 10, 15, M);
    mien_rotation_mirror(R);
    near_(mien_rotation_distance_deg(R, M), 0, 0.05);
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        assert_int_equal(mien_blendshape_mirror(mien_blendshape_mirror(i)), i);
    }
    assert_int_equal(mien_blendshape_mirror(MIEN_BS_JAW_LEFT), MIEN_BS_JAW_RIGHT);
    assert_int_equal(mien_blendshape_mirror(MIEN_BS_EYE_LOOK_IN_LEFT), MIEN_BS_EYE_LOOK_IN_RIGHT);
    assert_int_equal(mien_blendshape_mirror(MIEN_BS_JAW_OPEN), MIEN_BS_JAW_OPEN);
    assert_int_equal(mien_blendshape_mirror(-1), -1);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(mien_blendshape_name(MIEN_BS_TONGUE_OUT), "tongueOut");
    assert_string_equal(mien_blendshape_name(MIEN_BS_BROW_INNER_UP), "browInnerUp");
    assert_string_equal(mien_blendshape_name(MIEN_BS_MOUTH_CLOSE), "mouthClose");
    assert_null(mien_blendshape_name(MIEN_BLENDSHAPES));
    assert_null(mien_blendshape_name(-1));
    assert_int_equal(mien_blendshape_find("eyeBlink_L"), MIEN_BS_EYE_BLINK_LEFT);
    assert_int_equal(mien_blendshape_find("noseSneerRight"), MIEN_BS_NOSE_SNEER_RIGHT);
    assert_int_equal(mien_blendshape_find("browInnerUp_L"), -1);
    assert_int_equal(mien_blendshape_find(NULL), -1);
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        assert_int_equal(mien_blendshape_find(mien_blendshape_name(i)), i);
    }
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        assert_int_equal(mien_expression_find(mien_expression_name(i)), i);
    }
    assert_null(mien_expression_name(8));
    assert_int_equal(mien_expression_find("bored"), -1);
}

static void model_is_a_head(void **state)
{
    (void)state;
    assert_true(model.landmarks >= 200 && model.landmarks <= MIEN_LANDMARKS_MAX);
    // the nose tip is foremost, the left iris at the subject's left, the jaw's end below it
    const float *nose = model.landmark_mean + 3 * model.ibug[30];
    const float *chin = model.landmark_mean + 3 * model.ibug[8];
    const float *iris = model.landmark_mean + 3 * model.iris[0];
    assert_true(nose[2] > 100 && fabsf(nose[0]) < 0.5f);
    assert_true(chin[1] < nose[1] - 50);
    assert_true(iris[0] > 25 && iris[0] < 40);
    // outside: normals of the nose tip and of the back of the head point away
    float *n = mien_calloc(MIEN_NORMAL_ROOM * (size_t)model.vertices, sizeof *n);
    assert_non_null(n);
    mien_face_model_normals(&model, model.mean, n);
    int outward = 0, skin = 0;
    for (int i = 0; i < model.vertices; i++) {
        if (model.vertex_mask[i] & (1u << MIEN_PART_FACE)) {
            skin++;
            outward += n[3 * i] * model.mean[3 * i] + n[3 * i + 2] * model.mean[3 * i + 2] > 0;
        }
    }
    assert_true(outward > skin * 8 / 10);
    mien_free(n);
}

static void landmarks_mirror(void **state)
{
    (void)state;
    for (int l = 0; l < model.landmarks; l++) {
        const int k = model.landmark[l].mirror;
        assert_int_equal(model.landmark[k].mirror, l);
        const float *a = model.landmark_mean + 3 * l, *b = model.landmark_mean + 3 * k;
        near_(a[0], -b[0], 0.6);
        near_(a[1], b[1], 0.6);
        near_(a[2], b[2], 0.6);
        for (int j = 0; j < l; j++) { // no two are the same point
            const float *c = model.landmark_mean + 3 * j;
            const float d = hypotf(hypotf(a[0] - c[0], a[1] - c[1]), a[2] - c[2]);
            if (d < 0.1f) {
                fail_msg("%s and %s coincide", model.landmark[l].name, model.landmark[j].name);
            }
        }
    }
    static const int pair[][2] = {{0, 16},  {17, 26}, {31, 35}, {36, 45},
                                  {39, 42}, {48, 54}, {60, 64}, {41, 46}};
    for (size_t i = 0; i < MIEN_COUNT(pair); i++) {
        assert_int_equal(model.landmark[model.ibug[pair[i][0]]].mirror, model.ibug[pair[i][1]]);
        assert_true(model.landmark_mean[3 * model.ibug[pair[i][0]]] < 0); // subject's right first
    }
}

// The 68 points where people mark them: the same on both sides, near the mixtures from any side,
// and the mixtures themselves where the model has no shift.
static void marks_mirror(void **state)
{
    (void)state;
    struct mien_face_model without = model;
    without.ibug_shift = NULL;
    assert_non_null(model.ibug_shift);
    for (float yaw = -90; yaw <= 90; yaw += 30) {
        float R[9], px[2][MIEN_LANDMARKS_MAX][2], out[2][MIEN_IBUG][2], plain[MIEN_IBUG][2];
        mien_pose_from_angles(yaw, 10, 15, R);
        for (int l = 0; l < model.landmarks; l++) {
            float X[3];
            mien_mat3_mul_vec(R, model.landmark_mean + 3 * l, X);
            px[0][l][0] = 320 + X[0];
            px[0][l][1] = 240 - X[1];
        }
        for (int l = 0; l < model.landmarks; l++) {
            px[1][l][0] = 640 - px[0][model.landmark[l].mirror][0];
            px[1][l][1] = px[0][model.landmark[l].mirror][1];
        }
        mien_face_model_mark(&model, (const float(*)[2])px[0], out[0]);
        mien_face_model_mark(&model, (const float(*)[2])px[1], out[1]);
        mien_face_model_mark(&without, (const float(*)[2])px[0], plain);
        float moved = 0;
        for (int i = 0; i < MIEN_IBUG; i++) {
            float mixed[2];
            mien_face_model_ibug(&model, i, &px[0][0][0], 2, 2, mixed);
            assert_memory_equal(plain[i], mixed, sizeof(mixed));
            moved = fmaxf(moved, hypotf(out[0][i][0] - mixed[0], out[0][i][1] - mixed[1]));
            // the counterpart: whose point lies nearest to the mirror image
            float best = INFINITY;
            for (int k = 0; k < MIEN_IBUG; k++) {
                best = fminf(
                    best, hypotf(640 - out[1][k][0] - out[0][i][0], out[1][k][1] - out[0][i][1]));
            }
            assert_true(best < 0.05f); // mm
        }
        assert_true(moved > 0.2f && moved < 12);
    }
}

// A vertex's mirror image is one to whom it is the mirror image in turn, and lies where a mirror in
// the middle plane shows it; those in the middle are their own. Few have none.
static void vertices_mirror(void **state)
{
    (void)state;
    int none = 0, central = 0, wrong = 0;
    for (int i = 0; i < model.vertices; i++) {
        const int k = model.mirror[i];
        if (k < 0) {
            none++;
            continue;
        }
        assert_in_range(k, 0, model.vertices - 1);
        const float *a = model.mean + 3 * (size_t)i, *b = model.mean + 3 * (size_t)k;
        wrong +=
            model.mirror[k] != i || hypotf(hypotf(a[0] + b[0], a[1] - b[1]), a[2] - b[2]) > 0.5f;
        central += k == i;
    }
    assert_int_equal(wrong, 0);
    assert_true(none < model.vertices / 50);
    assert_in_range(central, 30, model.vertices / 20);
}

static void crops_of_boxes(void **state)
{
    (void)state;
    struct mien_crop c;
    assert_true(
        mien_crop_from_box((const float[4]){10, 20, 110, 220}, &c)); // the longer side counts
    near_(c.cx_px, 60, 1e-5);
    near_(c.cy_px, 120, 1e-5);
    near_(c.side_px, 1.06 * 200, 1e-3);
    assert_true(c.roll_rad == 0);
    assert_true(mien_crop_from_box((const float[4]){0, 0, 300, 100}, &c));
    near_(c.side_px, 1.06 * 300, 1e-3);
}

// A blendshape named Left moves the left side.
static void blendshape_sides(void **state)
{
    (void)state;
    for (int b = 0; b < MIEN_BLENDSHAPES; b++) {
        double side[2] = {0, 0};
        for (int i = 0; i < model.vertices; i++) {
            float d[3];
            mien_face_model_blendshape(&model, b, i, d);
            side[model.mean[3 * i] > 0] += hypotf(hypotf(d[0], d[1]), d[2]);
        }
        const char *s = mien_blendshape_name(b);
        if (b == MIEN_BS_TONGUE_OUT) {
            assert_true(side[0] + side[1] == 0);
        } else if (strncmp(s, "jaw", 3) && strcmp(s, "mouthLeft") && strcmp(s, "mouthRight")) {
            const size_t n = strlen(s);
            if (!strcmp(s + n - 4, "Left")) {
                assert_true(side[1] > 1.5 * side[0]);
            } else if (!strcmp(s + n - 5, "Right")) {
                assert_true(side[0] > 1.5 * side[1]);
            }
            assert_true(side[0] + side[1] > 1);
        }
    }
    const int l = model.ibug[8]; // jawLeft moves the chin to the subject's left
    assert_true(model.landmark_blendshape[3 * (MIEN_BS_JAW_LEFT * model.landmarks + l)] > 1);
    assert_true(model.landmark_blendshape[3 * (MIEN_BS_JAW_OPEN * model.landmarks + l) + 1] < -10);
}

// Height of an eye over its width, of landmarks (landmarks, 3).
static double lid_opening(const float *at, const char *side)
{
    const float *p[16];
    char name[32];
    for (int i = 0; i < 16; i++) {
        snprintf(name, sizeof name, "lid_%s_%d", side, i);
        int l = 0;
        while (l < model.landmarks && strcmp(model.landmark[l].name, name)) {
            l++;
        }
        assert_true(l < model.landmarks);
        p[i] = at + 3 * l;
    }
    // Across the line between the corners: lids that meet may have slid along each other.
    double x = p[8][0] - p[0][0], y = p[8][1] - p[0][1], height = 0, width = hypot(x, y);
    for (int k = 3; k <= 5; k++) {
        double dx = p[k][0] - p[16 - k][0], dy = p[k][1] - p[16 - k][1];
        height += fabs(dx * y - dy * x) / width / 3;
    }
    return height / width;
}

// Lid landmarks lie on the lids' edges: they meet when an eye is shut, whoever it is.
static void lids_meet(void **state)
{
    float id[MIEN_IDENTITY] = {0}, bs[MIEN_BLENDSHAPES] = {0}, at[3 * MIEN_LANDMARKS_MAX];
    struct mien_rng r;
    mien_rng_seed(&r, 7, 1);
    for (int person = 0; person < 10; person++) {
        bs[MIEN_BS_EYE_BLINK_LEFT] = bs[MIEN_BS_EYE_BLINK_RIGHT] = 0;
        mien_face_model_landmarks(&model, id, bs, at);
        assert_true(lid_opening(at, "left") > 0.2 && lid_opening(at, "right") > 0.2);
        bs[MIEN_BS_EYE_BLINK_LEFT] = 1; // each by itself
        mien_face_model_landmarks(&model, id, bs, at);
        double shut = lid_opening(at, "left");
        assert_true(lid_opening(at, "right") > 0.2);
        bs[MIEN_BS_EYE_BLINK_RIGHT] = 1;
        mien_face_model_landmarks(&model, id, bs, at);
        shut = fmax(shut, lid_opening(at, "right"));
        if (shut > (person ? 0.08 : 0.05)) {
            fail_msg("person %d: an eye shut is open by %.3f of its width", person, shut);
        }
        for (int i = 0; i < MIEN_IDENTITY; i++) {
            id[i] = 0.7f * mien_rng_normal(&r);
        }
    }
}

// Landmarks of a mesh that is shown: wide and narrow eyes are shut alike.
static void shown_lids_meet_whoever_it_is(void **state)
{
    const float blink[MIEN_BLENDSHAPES] = {
        [MIEN_BS_EYE_BLINK_LEFT] = 1, [MIEN_BS_EYE_BLINK_RIGHT] = 1};
    float at[3 * MIEN_LANDMARKS_MAX], *v = mien_calloc(3 * (size_t)model.vertices, sizeof(float));
    struct mien_face_base base;
    struct mien_rng r;
    mien_rng_seed(&r, 7, 1);
    float without = 0; // mm that lids of the model alone miss or overlap
    assert_true(v && mien_face_base_init(&base, &model));
    for (int person = 0; person < 10; person++) {
        float id[MIEN_IDENTITY];
        for (int i = 0; i < MIEN_IDENTITY; i++) {
            id[i] = mien_rng_normal(&r);
        }
        for (int shown = 0; shown < 2; shown++) {
            if (shown) {
                mien_face_base_pose(&base, id, blink, v);
                mien_face_model_gather(&model, v, at);
            } else {
                mien_face_model_landmarks(&model, id, blink, at);
            }
            for (int e = 0; e < 2; e++) {
                int lid[16];
                float gap = 0;
                assert_true(mien_face_model_lids(&model, e == 1, lid));
                for (int k = 2; k <= 6; k++) {
                    gap += (at[3 * lid[16 - k] + 1] - at[3 * lid[k] + 1]) / 5;
                }
                if (shown) {
                    near_(gap, 0, 0.02);
                } else {
                    without = fmaxf(without, fabsf(gap));
                }
            }
        }
    }
    assert_true(without > 0.8f);
    mien_face_base_destroy(&base);
    mien_free(v);
}

static void evaluation_agrees_with_the_sum(void **state)
{
    (void)state;
    const size_t n = 3 * (size_t)model.vertices;
    float *a = mien_calloc(n, 4), *b = mien_calloc(n, 4), *c = mien_calloc(n, 4);
    double *sum = mien_calloc(n, sizeof(*sum));
    assert_true(a && b && c && sum);
    struct mien_rng r;
    mien_rng_seed(&r, 3, 1);
    float id[MIEN_IDENTITY], bs[MIEN_BLENDSHAPES], lm[3 * MIEN_LANDMARKS_MAX];
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        id[i] = mien_rng_normal(&r);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        bs[i] = mien_rng_chance(&r, 0.5f) ? mien_rng_float(&r) : 0;
    }
    const int64_t t0 = mien_now_ns();
    mien_face_model_vertices(&model, id, bs, a);
    print_message("one evaluation: %.2f ms\n", (double)(mien_now_ns() - t0) / 1e6);
    mien_face_model_vertices(&model, id, NULL, b);
    mien_face_model_landmarks(&model, id, bs, lm);
    for (size_t i = 0; i < n; i++) {
        sum[i] = model.mean[i];
    }
    for (int k = 0; k < MIEN_IDENTITY + MIEN_BLENDSHAPES; k++) {
        if (k < MIEN_IDENTITY) {
            float coefficient[MIEN_IDENTITY] = {0};
            coefficient[k] = 1;
            mien_face_model_vertices(&model, coefficient, NULL, c);
            for (size_t i = 0; i < n; i++) {
                c[i] -= model.mean[i];
            }
        }
        for (int v = 0; v < model.vertices && k >= MIEN_IDENTITY; v++) {
            mien_face_model_blendshape(&model, k - MIEN_IDENTITY, v, c + 3 * v);
        }
        const double w = k < MIEN_IDENTITY ? id[k] : bs[k - MIEN_IDENTITY];
        for (size_t i = 0; i < n; i++) {
            sum[i] += w * c[i];
        }
    }
    mien_face_model_add_blendshapes(&model, b, bs, c);
    for (size_t i = 0; i < n; i++) {
        near_(a[i], sum[i], 2e-4);
        near_(c[i], sum[i], 2e-4);
    }
    for (int l = 0; l < model.landmarks; l++) {
        const struct mien_landmark *k = &model.landmark[l];
        for (int x = 0; x < 3; x++) {
            const double s = k->weight[0] * a[3 * k->vertex[0] + x] +
                             k->weight[1] * a[3 * k->vertex[1] + x] +
                             k->weight[2] * a[3 * k->vertex[2] + x];
            near_(lm[3 * l + x], s, 3e-3);
        }
    }
    mien_free(a);
    mien_free(b);
    mien_free(c);
    mien_free(sum);
}

// The mirrored coefficients are the mirrored face's: landmark for landmark within a quarter of a
// millimetre at the edge of people, where without their signs it is several.
static void identity_has_a_mirror_image(void **state)
{
    (void)state;
    float id[MIEN_IDENTITY], other[MIEN_IDENTITY], a[3 * MIEN_LANDMARKS_MAX],
        b[3 * MIEN_LANDMARKS_MAX], same[3 * MIEN_LANDMARKS_MAX];
    struct mien_rng r;
    double worst = 0, unsigned_worst = 0;
    mien_rng_seed(&r, 4, 1);
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        id[i] = 3 * (mien_rng_chance(&r, 0.5f) ? 1.0f : -1.0f);
        other[i] = id[i] * model.identity_mirror[i];
    }
    mien_face_model_landmarks(&model, id, NULL, a);
    mien_face_model_landmarks(&model, other, NULL, b);
    mien_face_model_landmarks(&model, NULL, NULL, same);
    for (int l = 0; l < model.landmarks; l++) {
        const int j = model.landmark[l].mirror;
        for (int x = 0; x < 3; x++) {
            const double side = x ? 1 : -1;
            // the mean's own asymmetry is not the components'
            const double deviation = side * ((double)a[3 * j + x] - same[3 * j + x]);
            worst = fmax(worst, fabs(b[3 * l + x] - same[3 * l + x] - deviation));
            unsigned_worst = fmax(unsigned_worst, fabs(a[3 * l + x] - same[3 * l + x] - deviation));
        }
    }
    print_message("mirrored: within %.3f mm; unsigned %.1f\n", worst, unsigned_worst);
    assert_true(worst < 0.25 && unsigned_worst > 2);
}

// A base follows its identity and is not evaluated anew while it stays.
static void base_is_of_its_identity(void **state)
{
    (void)state;
    const size_t n = 3 * (size_t)model.vertices;
    float *a = mien_calloc(n, 4), *b = mien_calloc(n, 4);
    struct mien_face_base base;
    assert_true(a && b && mien_face_base_init(&base, &model));
    float id[MIEN_IDENTITY] = {0}, bs[MIEN_BLENDSHAPES] = {[MIEN_BS_JAW_OPEN] = 0.5f};
    for (int k = 0; k < 3; k++) {
        id[k] = 1 + (float)k;
        mien_face_model_vertices(&model, id, bs, a);
        mien_face_base_pose(&base, id, bs, b);
        assert_memory_equal(a, b, n * sizeof(float));
        base.vertices[5] += 1; // seen as long as the base is kept
        mien_face_base_pose(&base, id, bs, b);
        near_(b[5] - a[5], 1, 1e-4);
    }
    mien_face_base_destroy(&base);
    mien_face_base_destroy(&base);
    mien_free(a);
    mien_free(b);
}

// Each against the sum over its own triangles; a vertex of no triangle points forward.
static void normals_agree_with_the_sum(void **state)
{
    (void)state;
    const size_t V = (size_t)model.vertices;
    double *sum = mien_calloc(3 * V, sizeof(*sum));
    float *n = mien_calloc(MIEN_NORMAL_ROOM * V, sizeof(*n));
    assert_true(sum && n);
    for (int t = 0; t < model.triangles; t++) {
        const int32_t *k = model.triangle + 3 * t;
        double e[2][3];
        for (int c = 0; c < 3; c++) {
            for (int i = 0; i < 2; i++) {
                e[i][c] = (double)model.mean[3 * k[i + 1] + c] - (double)model.mean[3 * k[0] + c];
            }
        }
        for (int c = 0; c < 3; c++) {
            const int p = (c + 1) % 3, q = (c + 2) % 3;
            for (int i = 0; i < 3; i++) {
                sum[3 * k[i] + c] += e[0][p] * e[1][q] - e[0][q] * e[1][p];
            }
        }
    }
    mien_face_model_normals(&model, model.mean, n);
    for (size_t v = 0; v < V; v++) {
        const double *s = sum + 3 * v, l = sqrt(s[0] * s[0] + s[1] * s[1] + s[2] * s[2]);
        for (size_t c = 0; c < 3 && l > 1e-3; c++) {
            near_(n[3 * v + c], s[c] / l, 1e-4);
        }
        if (!(l > 0)) {
            assert_true(n[3 * v] == 0 && n[3 * v + 1] == 0 && n[3 * v + 2] == 1);
        }
    }
    mien_free(sum);
    mien_free(n);
}

static void gaze_round_trip(void **state)
{
    (void)state;
    float R[9];
    mien_pose_from_angles(20, -10, 0, R);
    const float eye[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    for (int e = 0; e < 2; e++) {
        float bs[MIEN_BLENDSHAPES] = {0}, y = 0, p = 0;
        mien_gaze_angles(&model, R, bs, e, &y, &p); // rest: along the nose
        near_(y, 20, 0.01);
        near_(p, -10, 0.01);
        mien_gaze_to_blendshapes(&model, R, 30, 5, e, bs);
        mien_gaze_angles(&model, R, bs, e, &y, &p);
        near_(y, 30, 1);
        near_(p, 5, 1);
        memset(bs, 0, sizeof bs);
        bs[e ? MIEN_BS_EYE_LOOK_UP_RIGHT : MIEN_BS_EYE_LOOK_UP_LEFT] = 1;
        mien_gaze_angles(&model, eye, bs, e, &y, &p);
        assert_true(p > 15);
        memset(bs, 0, sizeof bs);
        bs[e ? MIEN_BS_EYE_LOOK_IN_RIGHT : MIEN_BS_EYE_LOOK_IN_LEFT] = 1;
        mien_gaze_angles(&model, eye, bs, e, &y, &p);
        assert_true(e ? y > 20 : y < -20); // inward: the left eye looks to the subject's right
    }
}

static void broken_files_are_refused(void **state)
{
    (void)state;
    size_t size = 0;
    unsigned char *data = mien_file_read("models/ict.face", 0, &size);
    assert_non_null(data);
    struct mien_face_model m;
    const char *path = "build/test_face.tmp";
    static const size_t cut[] = {0, 7, 31, 40, 200, 5000, 4000000};
    for (size_t i = 0; i < MIEN_COUNT(cut); i++) {
        assert_true(mien_file_save(path, data, cut[i]));
        assert_false(mien_face_model_load(&m, path));
        mien_face_model_destroy(&m);
    }
    data[size / 2] ^= 1; // the checksum sees it
    assert_true(mien_file_save(path, data, size));
    assert_false(mien_face_model_load(&m, path));
    assert_false(mien_face_model_load(&m, "build/there-is-none.face"));
    mien_free(data);
    remove(path);
}

RUN_TESTS(load_model, drop_model, cmocka_unit_test(angles_round_trip),
          cmocka_unit_test(angles_at_profile_keep_the_matrix),
          cmocka_unit_test(signs_by_projection), cmocka_unit_test(camera_projects),
          cmocka_unit_test(exp_log_quaternion), cmocka_unit_test(six_d),
          cmocka_unit_test(crop_pose_round_trip), cmocka_unit_test(crop_pose_means_what_it_says),
          cmocka_unit_test(mirrors), cmocka_unit_test(names), cmocka_unit_test(model_is_a_head),
          cmocka_unit_test(landmarks_mirror), cmocka_unit_test(marks_mirror),
          cmocka_unit_test(vertices_mirror), cmocka_unit_test(crops_of_boxes),
          cmocka_unit_test(blendshape_sides), cmocka_unit_test(lids_meet),
          cmocka_unit_test(shown_lids_meet_whoever_it_is),
          cmocka_unit_test(evaluation_agrees_with_the_sum),
          cmocka_unit_test(identity_has_a_mirror_image), cmocka_unit_test(base_is_of_its_identity),
          cmocka_unit_test(normals_agree_with_the_sum), cmocka_unit_test(gaze_round_trip),
          cmocka_unit_test(broken_files_are_refused))

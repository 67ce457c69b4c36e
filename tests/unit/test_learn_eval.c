// Judging a network by shape and by group: distances and alignments worked out by hand, bins and
// tags of made-up faces.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "learn/groups.h"
#include "learn/reconstruction.h"
#include "model_scene.h"
#include "run_tests.h"

// ------------------------------------------------------------------ distances

static const float corners[5][3] = {{10, 0, 0}, {-10, 0, 0}, {0, 10, 0}, {0, -10, 0}, {0, 0, 30}};
enum { N = 5 };

static void distance_is_the_mean_length(void **state)
{
    (void)state;
    float b[N][3];
    memcpy(b, corners, sizeof(b));
    assert_float_equal(mien_shape_distance(corners[0], b[0], N), 0, 0);
    b[0][0] += 3;
    b[0][1] += 4; // one of five points is 5 off
    assert_float_equal(mien_shape_distance(corners[0], b[0], N), 1, 1e-6);
}

static void alignment_takes_out_motion_only(void **state)
{
    (void)state;
    float b[N][3], R[9];
    mien_pose_from_angles(70, -35, 140, R);
    for (int i = 0; i < N; i++) {
        mien_mat3_mul_vec(R, corners[i], b[i]);
        b[i][0] += 7;
        b[i][1] -= 100;
        b[i][2] += 2;
    }
    assert_true(mien_shape_distance(corners[0], b[0], N) > 90);
    assert_float_equal(mien_shape_distance_aligned(corners[0], b[0], N, false), 0, 1e-4);
    assert_float_equal(mien_shape_distance_aligned(corners[0], b[0], N, true), 0, 1e-4);
    // Twice as large, about the centroid (0,0,6): each point is as far off as it is from there.
    double want = (4 * sqrt(136.0) + 24) / 5;
    for (int i = 0; i < N; i++) {
        float turned[3], big[3] = {2 * corners[i][0], 2 * corners[i][1], 2 * corners[i][2]};
        mien_mat3_mul_vec(R, big, turned);
        memcpy(b[i], turned, sizeof(turned));
    }
    assert_float_equal(mien_shape_distance_aligned(corners[0], b[0], N, false), want, 1e-4);
    assert_float_equal(mien_shape_distance_aligned(corners[0], b[0], N, true), 0, 1e-4);
    // A mirror image is another shape: no motion makes one of the other.
    float chiral[4][3] = {{0, 0, 0}, {10, 0, 0}, {0, 20, 0}, {0, 0, 30}}, image[4][3];
    for (int i = 0; i < 4; i++) {
        image[i][0] = -chiral[i][0];
        image[i][1] = chiral[i][1];
        image[i][2] = chiral[i][2];
    }
    assert_true(mien_shape_distance_aligned(chiral[0], image[0], 4, true) > 1);
    // Half a turn about each axis: where a quaternion's real part is zero.
    for (int axis = 0; axis < 3; axis++) {
        for (int i = 0; i < 4; i++) {
            for (int k = 0; k < 3; k++) {
                image[i][k] = k == axis ? chiral[i][k] : -chiral[i][k];
            }
        }
        assert_float_equal(mien_shape_distance_aligned(chiral[0], image[0], 4, false), 0, 1e-4);
    }
}

static void errors_are_of_the_narrow_face(void **state)
{
    (void)state;
    struct mien_reconstruction r;
    assert_true(mien_reconstruction_init(&r, &model));
    assert_true(r.count > 1000 && r.count < model.vertices);
    assert_true(isnan(mien_reconstruction_mm(&r, MIEN_RECONSTRUCTION_FIT, 0)));
    // One coefficient and one shape: the mean face is off by their own displacements.
    float identity[MIEN_IDENTITY] = {0}, half[MIEN_IDENTITY] = {0};
    float open[MIEN_BLENDSHAPES] = {0};
    identity[4] = 2;
    half[4] = 1;
    open[MIEN_BS_JAW_OPEN] = 1;
    double basis = 0, square = 0, both = 0;
    float *component = mien_calloc((size_t)model.vertices, 3 * sizeof(float));
    assert_non_null(component);
    mien_face_model_vertices(&model, half, NULL, component); // its coefficient is 1
    for (int i = 0; i < 3 * model.vertices; i++) {
        component[i] -= model.mean[i];
    }
    for (int k = 0; k < r.count; k++) {
        const float *v = component + 3 * (size_t)r.vertex[k];
        float j[3];
        mien_face_model_blendshape(&model, MIEN_BS_JAW_OPEN, r.vertex[k], j);
        basis += sqrt((double)(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])) / r.count;
        square += (double)(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) / r.count;
        double d2 = 0;
        for (int c = 0; c < 3; c++) {
            d2 += pow(2.0 * (double)v[c] + (double)j[c], 2);
        }
        both += sqrt(d2) / r.count;
    }
    mien_free(component);
    mien_reconstruction_truth(&r, identity, open);
    mien_reconstruction_add(&r, MIEN_RECONSTRUCTION_MEAN, NULL, NULL);
    mien_reconstruction_add(&r, MIEN_RECONSTRUCTION_EXPRESSION, NULL, open);
    mien_reconstruction_add(&r, MIEN_RECONSTRUCTION_BRANCHES, half, open);
    mien_reconstruction_add(&r, MIEN_RECONSTRUCTION_FIT, identity, open);
    enum { HEAD = MIEN_RECONSTRUCTION_HEAD, ID = MIEN_RECONSTRUCTION_IDENTITY };
    assert_float_equal(mien_reconstruction_mm(&r, MIEN_RECONSTRUCTION_MEAN, HEAD), both, 1e-4);
    assert_float_equal(mien_reconstruction_mm(&r, MIEN_RECONSTRUCTION_MEAN, ID), 2 * basis, 1e-4);
    assert_float_equal(mien_reconstruction_mm(&r, MIEN_RECONSTRUCTION_EXPRESSION, HEAD), 2 * basis,
                       1e-4);
    assert_float_equal(mien_reconstruction_ratio(&r, MIEN_RECONSTRUCTION_BRANCHES, ID), 0.5, 1e-4);
    for (int m = 0; m < MIEN_RECONSTRUCTION_MEASURES; m++) {
        assert_float_equal(mien_reconstruction_ratio(&r, MIEN_RECONSTRUCTION_MEAN, m), 1, 1e-9);
        assert_float_equal(mien_reconstruction_ratio(&r, MIEN_RECONSTRUCTION_FIT, m), 0, 1e-3);
        // Alignment lowers the mean square, which bounds the mean length.
        double branches = mien_reconstruction_mm(&r, MIEN_RECONSTRUCTION_BRANCHES, m);
        assert_true(branches > 0 && branches < sqrt(square) + 1e-4);
    }
    mien_reconstruction_destroy(&r);
    mien_reconstruction_destroy(&r);
}

// ------------------------------------------------------------------ groups

static uint32_t bit(const char *name)
{
    for (int g = 0; g < MIEN_METRIC_GROUPS; g++) {
        if (!strcmp(mien_metric_group_name(g), name)) {
            return 1u << g;
        }
    }
    fail_msg("no group %s", name);
    return 0;
}

static void faces_fall_into_their_groups(void **state)
{
    (void)state;
    static const struct {
        float yaw, pitch;
        uint32_t tags;
        const char *group[4];
    } cases[] = {
        {0, 0, 0, {"yaw_0_30", "pitch_0_20", "plain"}},
        {29, -19, MIEN_TAG_GLASSES, {"yaw_0_30", "pitch_0_20", "glasses"}},
        {-31, 21, MIEN_TAG_OCCLUDED, {"yaw_30_60", "pitch_20_40", "occluded"}},
        {59, -39, MIEN_TAG_LOW_LIGHT, {"yaw_30_60", "pitch_20_40", "low_light"}},
        {61, 41, MIEN_TAG_SIDE_LIGHT, {"yaw_60_90", "pitch_40_90", "side_light"}},
        {-85, -60, MIEN_TAG_BLUR, {"yaw_60_90", "pitch_40_90", "blur"}},
        {10, 10, MIEN_TAG_BEARD | MIEN_TAG_GRAY, {"yaw_0_30", "pitch_0_20", "beard", "gray"}},
        {10, 10, MIEN_TAG_HAIR, {"yaw_0_30", "pitch_0_20", "hair"}},
        {10,
         10,
         MIEN_TAG_MOTION | MIEN_TAG_MASK,
         {"yaw_0_30", "pitch_0_20", "motion_blur", "mask"}},
        {10,
         10,
         MIEN_TAG_HAND | MIEN_TAG_DARK_SKIN,
         {"yaw_0_30", "pitch_0_20", "hand", "dark_skin"}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mien_target t = {.mask = MIEN_LABEL_POSE, .tags = cases[i].tags};
        // How the head is rolled is no matter.
        mien_pose_from_angles(cases[i].yaw, cases[i].pitch, 25, t.pose.R);
        uint32_t want = 0, tags = 0;
        for (int k = 0; k < 4 && cases[i].group[k]; k++) {
            want |= bit(cases[i].group[k]);
            tags |= k >= 2 ? bit(cases[i].group[k]) : 0;
        }
        assert_int_equal(mien_metric_groups_of(&t), want);
        t.mask = MIEN_LABEL_LANDMARKS; // no pose is known
        assert_int_equal(mien_metric_groups_of(&t), tags);
        t.mask = MIEN_LABEL_NOFACE;
        assert_int_equal(mien_metric_groups_of(&t), 0);
    }
    struct mien_target t = {.mask = MIEN_LABEL_BLENDSHAPES};
    t.blendshape[MIEN_BS_EYE_BLINK_LEFT] = 0.9f; // a wink
    t.blendshape[MIEN_BS_JAW_OPEN] = 0.3f;
    assert_int_equal(mien_metric_groups_of(&t), bit("plain"));
    t.blendshape[MIEN_BS_EYE_BLINK_RIGHT] = 0.7f;
    assert_int_equal(mien_metric_groups_of(&t), bit("plain") | bit("eyes_closed"));
    t.blendshape[MIEN_BS_JAW_OPEN] = 0.4f;
    assert_int_equal(mien_metric_groups_of(&t),
                     bit("plain") | bit("eyes_closed") | bit("mouth_open"));
    t.mask = MIEN_LABEL_LANDMARKS; // nobody says what the face does
    assert_int_equal(mien_metric_groups_of(&t), bit("plain"));
    assert_null(mien_metric_group_name(-1));
    assert_null(mien_metric_group_name(MIEN_METRIC_GROUPS));
}

static void groups_hold_their_own_errors(void **state)
{
    (void)state;
    struct mien_metric_groups *s = calloc(1, sizeof(*s));
    struct mien_estimate e = {.landmarks = model.landmarks};
    struct mien_target t = {.mask = MIEN_LABEL_LANDMARKS | MIEN_LABEL_POSE | MIEN_LABEL_BLENDSHAPES,
                            .source = MIEN_SOURCE_PHOTO,
                            .box = 1};
    bool present[MIEN_BRANCHES] = {0};
    present[MIEN_BRANCH_LANDMARKS] = present[MIEN_BRANCH_POSE] = present[MIEN_BRANCH_BLENDSHAPES] =
        true;
    assert_non_null(s);
    mien_pose_from_angles(0, 0, 0, e.pose.R);
    for (int i = 0; i < model.landmarks; i++) {
        t.landmark_weight[i] = 1;
        e.landmark_sigma[i] = 1;
        e.landmark[i][0] = 0.03f; // 3 % of the box
    }
    t.blendshape_weight[3] = t.blendshape_weight[5] = 1;
    t.blendshape[3] = 0.4f; // answered with 0: 0.2 over the two that count
    t.tags = MIEN_TAG_GLASSES;
    mien_pose_from_angles(12, 0, 0, t.pose.R);
    mien_metric_groups_add(s, &model, &e, &t, present);
    t.tags = MIEN_TAG_GLASSES | MIEN_TAG_BLUR;
    for (int i = 0; i < model.landmarks; i++) {
        e.landmark[i][0] = 0.07f;
    }
    mien_pose_from_angles(40, 0, 0, t.pose.R);
    mien_metric_groups_add(s, &model, &e, &t, present);

    static const struct {
        const char *name;
        double faces, nme, fail, rotation, blendshape;
    } want[] = {
        {"yaw_0_30", 1, 0.03, 0, 12, 0.2},   {"yaw_30_60", 1, 0.07, 1, 40, 0.2},
        {"pitch_0_20", 2, 0.10, 1, 52, 0.4}, {"glasses", 2, 0.10, 1, 52, 0.4},
        {"blur", 1, 0.07, 1, 40, 0.2},       {"plain", 0, 0, 0, 0, 0},
        {"pitch_40_90", 0, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        int g = __builtin_ctz(bit(want[i].name));
        const struct mien_metric_group *a = &s->group[MIEN_SOURCE_PHOTO][g]; // sums
        assert_float_equal(a->faces, want[i].faces, 0);
        assert_float_equal(a->landmark_nme, want[i].nme, 1e-6);
        assert_float_equal(a->landmark_fail, want[i].fail, 0);
        assert_float_equal(a->rotation_deg, want[i].rotation, 0.01);
        assert_float_equal(a->blendshape_abs, want[i].blendshape, 1e-6);
        assert_float_equal(s->group[MIEN_SOURCE_SYNTH][g].faces, 0, 0);
    }

    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    mien_metric_groups_json(s, f);
    fclose(f);
    assert_non_null(strstr(text, ",\"groups\":{\"photo\":{\"yaw_0_30\":{\"faces\":1,\"nme\":3,"));
    assert_non_null(strstr(text, "\"glasses\":{\"faces\":2,\"nme\":5,\"fail\":50,"
                                 "\"rotation_deg\":26,\"blendshape_mae\":0.2}"));
    assert_null(strstr(text, "plain"));
    free(text);
    free(s);
}

RUN_TESTS(load_model, drop_model, cmocka_unit_test(distance_is_the_mean_length),
          cmocka_unit_test(alignment_takes_out_motion_only),
          cmocka_unit_test(errors_are_of_the_narrow_face),
          cmocka_unit_test(faces_fall_into_their_groups),
          cmocka_unit_test(groups_hold_their_own_errors))

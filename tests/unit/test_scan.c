// Unit tests of scan/: bundle adjustment of known points, patches found again, which pictures are
// kept.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "fit/bundle.h"
#include "fit/shape.h"
#include "scan/head_scan.h"
#include "scan/scan.h"
#include "scan/tracks.h"
#include "model_scene.h"
#include "run_tests.h"

enum { FRAMES = 6, POINTS = 250, SIDE = 400 };

struct truth {
    struct mien_bundle b;
    struct mien_bundle_frame frame[FRAMES], start[FRAMES];
    struct mien_bundle_point point[POINTS];
    struct mien_bundle_sight sight[POINTS * FRAMES];
    float shape[POINTS][MIEN_BUNDLE_SHAPES][3];
    float identity[MIEN_IDENTITY];
};

// Landmarks of a head that turns, as a camera of another focal length sees them; each of them is
// seen `slide` beside where it is thought to be on the surface.
static struct truth *make_truth(float focal, float slide, float blend)
{
    struct truth *t = mien_calloc(1, sizeof(*t));
    struct mien_rng r;
    assert_non_null(t);
    mien_rng_seed(&r, 5, 6);
    const int L = model.landmarks < POINTS ? model.landmarks : POINTS;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        t->identity[i] = mien_rng_normal(&r);
        t->b.identity_sigma[i] = 1;
    }
    float aside[POINTS][2];
    for (int l = 0; l < L; l++) {
        struct mien_bundle_point *p = &t->point[l];
        memcpy(p->mean, model.landmark_mean + 3 * l, sizeof(p->mean));
        for (int k = 0; k < MIEN_BUNDLE_SHAPES; k++) {
            const float *from =
                k < MIEN_IDENTITY
                    ? model.landmark_identity + 3 * ((size_t)k * (size_t)model.landmarks)
                    : model.landmark_blendshape +
                          3 * ((size_t)(k - MIEN_IDENTITY) * (size_t)model.landmarks);
            memcpy(t->shape[l][k], from + 3 * l, sizeof(t->shape[l][k]));
        }
        p->shape = &t->shape[l][0][0];
        p->slide[0][0] = p->slide[1][1] = 1;
        p->slide_sigma = fmaxf(0.01f, slide);
        aside[l][0] = slide * mien_rng_normal(&r);
        aside[l][1] = slide * mien_rng_normal(&r);
    }
    int n = 0;
    for (int f = 0; f < FRAMES; f++) {
        struct mien_bundle_frame *k = &t->frame[f];
        k->camera = mien_camera_make(640, 480, 60);
        mien_pose_from_angles(-45 + 18 * (float)f, 10 * (float)(f % 3) - 10, 4, k->pose.R);
        k->pose.t[0] = 10 * (float)f - 30;
        k->pose.t[2] = -380;
        k->blendshape[MIEN_BS_JAW_OPEN] = blend * (float)(f % 3) / 2;
        k->blendshape[MIEN_BS_MOUTH_SMILE_LEFT] = blend * (float)(f % 2);
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            k->blendshape_sigma[i] = 0.3f;
        }
        struct mien_camera c = k->camera;
        c.f_px *= focal;
        for (int l = 0; l < L; l++) {
            float x[3], X[3], px[2];
            memcpy(x, t->point[l].mean, sizeof(x));
            for (int k2 = 0; k2 < MIEN_BUNDLE_SHAPES; k2++) {
                float w = k2 < MIEN_IDENTITY ? t->identity[k2] : k->blendshape[k2 - MIEN_IDENTITY];
                for (int q = 0; q < 3; q++) {
                    x[q] += w * t->shape[l][k2][q];
                }
            }
            x[0] += aside[l][0];
            x[1] += aside[l][1];
            mien_mat3_mul_vec(k->pose.R, x, X);
            for (int q = 0; q < 3; q++) {
                X[q] += k->pose.t[q];
            }
            assert_true(mien_camera_project(&c, X, px));
            t->sight[n++] = (struct mien_bundle_sight){l, f, {px[0], px[1]}, {16, 0, 16}};
        }
        // It starts a little off.
        t->start[f] = *k;
        float turn[3] = {0.03f, -0.04f, 0.02f}, D[9], R[9];
        mien_mat3_exp(turn, D);
        mien_mat3_mul(D, k->pose.R, R);
        memcpy(t->start[f].pose.R, R, sizeof(R));
        t->start[f].pose.t[2] -= 20;
        memset(t->start[f].blendshape, 0, sizeof(t->start[f].blendshape));
    }
    t->b.frames = FRAMES;
    t->b.points = L;
    t->b.sights = n;
    t->b.frame = t->start;
    t->b.point = t->point;
    t->b.sight = t->sight;
    return t;
}

// Mean distance of the landmarks' places, mm.
static float shape_error(const struct truth *t, const float *identity)
{
    float a[3 * MIEN_LANDMARKS_MAX], b[3 * MIEN_LANDMARKS_MAX];
    double sum = 0;
    mien_face_model_landmarks(&model, t->identity, NULL, a);
    mien_face_model_landmarks(&model, identity, NULL, b);
    for (int l = 0; l < model.landmarks; l++) {
        sum += sqrt(pow((double)(a[3 * l] - b[3 * l]), 2) +
                    pow((double)(a[3 * l + 1] - b[3 * l + 1]), 2) +
                    pow((double)(a[3 * l + 2] - b[3 * l + 2]), 2));
    }
    return (float)(sum / model.landmarks);
}

static void the_truth_is_found(void **state)
{
    (void)state;
    struct truth *t = make_truth(1, 0, 0.6f);
    float zero[MIEN_IDENTITY] = {0}, before = shape_error(t, zero);
    assert_true(mien_bundle_solve(&t->b, 12));
    assert_true(shape_error(t, t->b.identity) < 0.12f * before);
    for (int f = 0; f < FRAMES; f++) {
        assert_true(mien_rotation_distance_deg(t->start[f].pose.R, t->frame[f].pose.R) < 0.7f);
        float jaw = t->frame[f].blendshape[MIEN_BS_JAW_OPEN];
        assert_true(fabsf(t->start[f].blendshape[MIEN_BS_JAW_OPEN] - jaw) < 0.08f);
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            assert_true(t->start[f].blendshape[i] >= 0 && t->start[f].blendshape[i] <= 1);
        }
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        assert_true(t->b.sigma[i] > 0 && t->b.sigma[i] <= 1);
    }
    mien_bundle_destroy(&t->b);
    mien_free(t);
}

static void the_focal_length_is_found(void **state)
{
    (void)state;
    struct truth *t = make_truth(1.4f, 0, 0);
    t->b.log_focal_sigma = 0.5f;
    for (int i = 0; i < MIEN_IDENTITY; i++) { // whose head it is is known well
        t->b.identity_mean[i] = t->identity[i];
        t->b.identity_sigma[i] = 0.1f;
    }
    assert_true(mien_bundle_solve(&t->b, 20));
    assert_true(fabsf(expf(t->b.log_focal) - 1.4f) < 0.07f);
    // One that is known stays.
    t->b.log_focal = 0;
    t->b.log_focal_sigma = 0;
    assert_true(mien_bundle_solve(&t->b, 3));
    assert_true(t->b.log_focal == 0);
    mien_bundle_destroy(&t->b);
    mien_free(t);
}

static void what_slides_says_depth_alone(void **state)
{
    (void)state;
    struct truth *t = make_truth(1, 3, 0);
    float zero[MIEN_IDENTITY] = {0}, before = shape_error(t, zero);
    assert_true(mien_bundle_solve(&t->b, 12));
    float with = shape_error(t, t->b.identity);
    assert_true(with < 0.6f * before);
    mien_bundle_destroy(&t->b);
    mien_free(t);
    // Points that are taken for exact drag the shape along.
    t = make_truth(1, 3, 0);
    for (int p = 0; p < t->b.points; p++) {
        t->point[p].slide_sigma = 0.01f;
    }
    assert_true(mien_bundle_solve(&t->b, 12));
    assert_true(with < shape_error(t, t->b.identity));
    mien_bundle_destroy(&t->b);
    mien_free(t);
}

static void what_cannot_be_used_is_left(void **state)
{
    (void)state;
    struct truth *t = make_truth(1, 0, 0);
    t->start[1].pose.t[2] = 100; // behind the camera
    struct mien_bundle_frame kept = t->start[0];
    assert_false(mien_bundle_solve(&t->b, 3));
    assert_memory_equal(&kept, &t->start[0], sizeof(kept));
    t->b.sights = 0;
    assert_false(mien_bundle_solve(&t->b, 3));
    mien_bundle_destroy(&t->b);
    mien_free(t);
}

// A face with a pattern of its own on the skin, seen from `yaw`: what a camera would show of it,
// by painting every pixel from the UV plane.
static void paint(struct mien_posed *p, struct mien_image *im)
{
    for (int y = 0; y < im->height; y++) {
        memset(im->data + (size_t)y * im->stride, 128, 3 * (size_t)im->width);
    }
    for (int k = 0; k < model.triangles; k++) {
        const int32_t *v = model.triangle + 3 * k, *uv = model.uv_triangle + 3 * k;
        const float *a = p->screen + 3 * v[0], *b = p->screen + 3 * v[1], *c = p->screen + 3 * v[2];
        float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        if (model.part[k] != MIEN_PART_FACE || area > -1e-3f) {
            continue;
        }
        for (int y = (int)fminf(a[1], fminf(b[1], c[1]));
             y <= (int)fmaxf(a[1], fmaxf(b[1], c[1])) + 1; y++) {
            for (int x = (int)fminf(a[0], fminf(b[0], c[0]));
                 x <= (int)fmaxf(a[0], fmaxf(b[0], c[0])) + 1; x++) {
                float px = (float)x, py = (float)y;
                float q = ((px - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (py - a[1])) / area;
                float r = ((b[0] - a[0]) * (py - a[1]) - (px - a[0]) * (b[1] - a[1])) / area;
                float z = (1 - q - r) * a[2] + q * b[2] + r * c[2], at[3] = {px, py, z};
                if (q < 0 || r < 0 || q + r > 1 || x < 0 || y < 0 || x >= im->width ||
                    y >= im->height || !mien_depth_visible(&p->depth, at, 1)) {
                    continue;
                }
                float u = (1 - q - r) * model.uv[2 * uv[0]] + q * model.uv[2 * uv[1]] +
                          r * model.uv[2 * uv[2]];
                float w = (1 - q - r) * model.uv[2 * uv[0] + 1] + q * model.uv[2 * uv[1] + 1] +
                          r * model.uv[2 * uv[2] + 1];
                float l = 128 + 35 * sinf(130 * u + 3 * sinf(40 * w)) +
                          35 * sinf(120 * w + 4 * sinf(50 * u));
                memset(im->data + (size_t)y * im->stride + 3 * (size_t)x, (uint8_t)l, 3);
            }
        }
    }
}

static void the_shape_is_found_from_skin(void **state)
{
    (void)state;
    static const float yaw[] = {-40, -20, 0, 20, 40};
    struct mien_scan *s = mien_calloc(1, sizeof(*s));
    struct mien_posed posed;
    struct mien_rng r;
    float identity[MIEN_IDENTITY], sigma[MIEN_IDENTITY], zero[MIEN_IDENTITY] = {0};
    assert_non_null(s);
    assert_true(mien_posed_create(&posed, &model));
    mien_rng_seed(&r, 9, 9);
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        identity[i] = i < 12 ? mien_rng_normal(&r) : 0;
        sigma[i] = 1;
    }
    s->side_px = SIDE;
    for (size_t k = 0; k < MIEN_COUNT(yaw); k++) {
        struct mien_image im = {0};
        struct mien_camera c = mien_camera_make(SIDE, SIDE, 50);
        struct mien_face_result f = {.box_px = {100, 100, 300, 300}};
        mien_pose_from_angles(yaw[k], 0, 0, f.pose.R);
        f.yaw_deg = yaw[k];
        f.pose.t[2] = -320;
        memcpy(f.identity, identity, sizeof(identity));
        assert_true(mien_image_create(&im, SIDE, SIDE, MIEN_FORMAT_RGB8));
        assert_true(mien_posed_set(&posed, &c, &f));
        paint(&posed, &im);
        // What landmarks a network would have said of the mean face, turned the same way: right
        // about the pose, not about the person.
        f.landmark_count = model.landmarks;
        for (int l = 0; l < model.landmarks; l++) {
            float X[3];
            mien_mat3_mul_vec(f.pose.R, model.landmark_mean + 3 * l, X);
            for (int q = 0; q < 3; q++) {
                X[q] += f.pose.t[q];
            }
            assert_true(mien_camera_project(&c, X, f.landmark_px[l]));
            f.landmark_sigma_px[l] = 3;
        }
        assert_true(mien_scan_offer(s, &im, &c, &f));
        mien_image_destroy(&im);
    }
    static struct mien_scan_found found;
    struct truth t;
    memcpy(t.identity, identity, sizeof(identity));
    float before = shape_error(&t, zero);
    assert_true(mien_scan_refine(
        s, &model, &(struct mien_scan_known){.identity = zero, .sigma = sigma, .camera = true},
        &found));
    float after = shape_error(&t, found.identity);
    print_message("mean face %.2f mm, found %.2f mm, %d patches\n", (double)before, (double)after,
                  found.patches);
    assert_true(found.patches > 500);
    assert_true(after < 0.8f * before);
    assert_true(found.focal == 1);
    // The scan itself stays as it was kept: asked again, it says the same.
    float once = found.identity[0];
    assert_true(s->frame[0].face.identity[0] == identity[0]);
    assert_true(mien_scan_refine(
        s, &model, &(struct mien_scan_known){.identity = zero, .sigma = sigma, .camera = true},
        &found));
    assert_true(found.identity[0] == once && found.frame[0].face.identity[0] == once);
    assert_int_equal(mien_scan_directions(s), 5);
    mien_scan_destroy(s);
    mien_scan_destroy(s);
    assert_false(mien_scan_refine(
        s, &model, &(struct mien_scan_known){.identity = zero, .sigma = sigma, .camera = true},
        &found));
    mien_posed_destroy(&posed);
    mien_free(s);
}

// One of the truth's pictures, as a network would have read it that says so much of its expression.
static bool solve_one(const struct truth *t, int f, float share, float *mean, float *sigma)
{
    struct mien_shape_one *o = mien_shape_one_create(&model);
    float px[MIEN_LANDMARKS_MAX][2], sigma_px[MIEN_LANDMARKS_MAX] = {0}, read[MIEN_BLENDSHAPES];
    assert_non_null(o);
    for (int i = 0; i < t->b.sights; i++) {
        if (t->sight[i].frame == f) {
            memcpy(px[t->sight[i].point], t->sight[i].px, sizeof(px[0]));
            sigma_px[t->sight[i].point] = share < 0 ? 0 : 0.5f;
        }
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        read[i] = fmaxf(0, share) * t->frame[f].blendshape[i];
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        mean[i] = 0;
        sigma[i] = 1;
    }
    const struct mien_shape_picture p = {
        t->frame[f].camera, t->start[f].pose, read, {(const float(*)[2])px, sigma_px, t->b.points}};
    bool ok = mien_shape_one_solve(o, &p, mean, sigma);
    mien_shape_one_destroy(o);
    return ok;
}

static void one_picture_tells_a_shape(void **state)
{
    (void)state;
    struct truth *rest = make_truth(1, 0, 0), *smile = make_truth(1, 0, 0.8f);
    float mean[MIEN_IDENTITY] = {0}, sigma[MIEN_IDENTITY];
    float before = shape_error(rest, mean);
    assert_true(solve_one(rest, 1, 1, mean, sigma));
    float known = shape_error(rest, mean), sure = 0;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        assert_true(sigma[i] > 0 && sigma[i] < 1.01f);
        sure += sigma[i] < 0.7f;
    }
    assert_true(solve_one(smile, 1, 1, mean, sigma));
    float smiling = shape_error(smile, mean);
    assert_true(solve_one(smile, 1, 0, mean, sigma));
    float unread = shape_error(smile, mean);
    print_message("mean face %.2f mm, at rest %.2f, smiling %.2f, a smile that was not read %.2f\n",
                  (double)before, (double)known, (double)smiling, (double)unread);
    assert_true(known < 0.6f * before && sure >= 5);
    assert_true(smiling < 0.6f * before && smiling < unread);
    // Nothing seen: all stays.
    assert_false(solve_one(rest, 1, -1, mean, sigma));
    assert_true(mean[0] == 0 && sigma[0] == 1);
    mien_free(rest);
    mien_free(smile);
    mien_shape_one_destroy(NULL);
}

static void pictures_are_spread(void **state)
{
    (void)state;
    struct mien_scan *s = mien_calloc(1, sizeof(*s));
    struct mien_image im = {0};
    struct mien_camera c = mien_camera_make(64, 64, 50);
    assert_non_null(s);
    assert_true(mien_image_create(&im, 64, 64, MIEN_FORMAT_RGB8));
    memset(im.data, 0, 64 * im.stride);
    s->side_px = 64;
    // Two hundred looks straight on, then a turn to one side, then one from behind.
    struct mien_face_result f = {.box_px = {16, 16, 48, 48}};
    for (int k = 0; k < 200; k++) {
        f.yaw_deg = 0.01f * (float)k;
        assert_true(mien_scan_offer(s, &im, &c, &f));
    }
    assert_int_equal(s->count, MIEN_SCAN_FRAMES);
    for (int k = 0; k < 60; k++) {
        f.yaw_deg = (float)k;
        assert_true(mien_scan_offer(s, &im, &c, &f));
    }
    f.yaw_deg = 170;
    assert_true(mien_scan_offer(s, &im, &c, &f));
    assert_int_equal(s->count, MIEN_SCAN_FRAMES);
    float most = 0;
    int turned = 0;
    for (int i = 0; i < s->count; i++) {
        most = fmaxf(most, s->frame[i].face.yaw_deg);
        turned += s->frame[i].face.yaw_deg > 10;
        assert_non_null(s->frame[i].picture.data);
    }
    assert_true(most > 50 && most < 100);
    assert_true(turned > MIEN_SCAN_FRAMES / 2);
    mien_scan_destroy(s);
    mien_image_destroy(&im);
    mien_free(s);
}

// Four pictures of one person and one of somebody else: that one alone is unlike the rest.
static void somebody_else_is_told_from_the_rest(void **state)
{
    (void)state;
    enum { SOURCES = 5, OTHER = 3 };
    struct mien_head_scan *s = mien_calloc(1, sizeof(*s));
    struct mien_rng r;
    assert_non_null(s);
    if (!mien_head_scan_open(s, &(struct mien_head_scan_options){0})) {
        mien_head_scan_close(s);
        mien_free(s);
        skip(); // no networks
    }
    mien_rng_seed(&r, 4, 4);
    for (int i = 0; i < SOURCES; i++) {
        mien_head_scan_next(s);
        for (int k = 0; k < MIEN_IDENTITY; k++) {
            // Far from each other in what differs most between people.
            const float person = k < 12 ? (i == OTHER ? -1.f : 1.f) * (k & 1 ? 0.8f : -0.8f) : 0;
            s->source[i].mean[k] = person + 0.05f * mien_rng_normal(&r);
        }
        s->source[i].looks = 1;
    }
    for (int i = 0; i < SOURCES; i++) {
        const float ratio = mien_head_scan_likeness(s, i);
        assert_true(i == OTHER ? ratio < -2 : ratio > 0);
    }
    s->source[OTHER].looks = 0; // no face there
    assert_true(isnan(mien_head_scan_likeness(s, OTHER)));
    assert_true(mien_head_scan_likeness(s, 0) > 0);
    s->sources = 1;
    assert_true(isnan(mien_head_scan_likeness(s, 0))); // alone
    mien_head_scan_close(s);
    mien_free(s);
}

RUN_TESTS(load_model, drop_model, cmocka_unit_test(somebody_else_is_told_from_the_rest),
          cmocka_unit_test(the_truth_is_found), cmocka_unit_test(the_focal_length_is_found),
          cmocka_unit_test(what_slides_says_depth_alone),
          cmocka_unit_test(what_cannot_be_used_is_left),
          cmocka_unit_test(the_shape_is_found_from_skin),
          cmocka_unit_test(one_picture_tells_a_shape), cmocka_unit_test(pictures_are_spread))

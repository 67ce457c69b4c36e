// The engine on synthetic truth: a network that knows the answer, known pose in, same pose out.
// LINK: -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc
// LINK: -Wl,--wrap=aligned_alloc -Wl,--wrap=posix_memalign
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "engine/observe.h"
#include "engine/parts.h"
#include "face/crop.h"
#include "track/track.h"
#include "run_tests.h"

// Allocations of our own code (libraries have their own calls).
static long allocations;
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t m);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t a, size_t n);
int __real_posix_memalign(void **p, size_t a, size_t n);
void *__wrap_malloc(size_t n)
{
    allocations++;
    return __real_malloc(n);
}
void *__wrap_calloc(size_t n, size_t m)
{
    allocations++;
    return __real_calloc(n, m);
}
void *__wrap_realloc(void *p, size_t n)
{
    allocations++;
    return __real_realloc(p, n);
}
void *__wrap_aligned_alloc(size_t a, size_t n)
{
    allocations++;
    return __real_aligned_alloc(a, n);
}
int __wrap_posix_memalign(void **p, size_t a, size_t n)
{
    allocations++;
    return __real_posix_memalign(p, a, n);
}

static struct mien_face_model model;

static int load(void **state)
{
    return mien_face_model_load(&model, NULL) ? 0 : -1;
}

static int unload(void **state)
{
    mien_face_model_destroy(&model);
    return 0;
}

// ---- a world of people that the fake network and detector see

struct person {
    bool away;
    struct mien_pose pose;
    float identity[MIEN_IDENTITY], blendshape[MIEN_BLENDSHAPES];
    float gaze_deg[2];
    float unsure; // sigma of the landmarks, crop units; 0: the noise's
};
struct world {
    struct mien_camera camera;
    struct person person[3];
    int people;
    float noise;        // sd of a landmark, crop units
    float pose_noise;   // rad
    int finds_a_person; // detections of each (double finds)
    struct mien_rng rng;
    int looks, detects;
};

static void marks_of(const struct world *w, const struct person *p, float (*px)[2])
{
    float h[MIEN_LANDMARKS_MAX][3];
    mien_face_model_landmarks(&model, p->identity, p->blendshape, &h[0][0]);
    for (int i = 0; i < model.landmarks; i++) {
        float X[3];
        mien_mat3_mul_vec(p->pose.R, h[i], X);
        for (int k = 0; k < 3; k++) {
            X[k] += p->pose.t[k];
        }
        assert_true(mien_camera_project(&w->camera, X, px[i]));
    }
}

static int fake_detect(void *user, const struct mien_image *frame, float threshold,
                       struct mien_detection *out, int max)
{
    struct world *w = user;
    int n = 0;
    w->detects++;
    for (int i = 0; i < w->people; i++) {
        float px[MIEN_LANDMARKS_MAX][2], box[4];
        if (w->person[i].away) {
            continue;
        }
        marks_of(w, &w->person[i], px);
        mien_crop_bounds((const float(*)[2])px, model.landmarks, box);
        for (int k = 0; k < w->finds_a_person && n < max; k++) {
            float size = box[2] - box[0];
            out[n] = (struct mien_detection){.score = 0.9f - 0.1f * (float)k};
            for (int q = 0; q < 4; q++) {
                out[n].box_px[q] = box[q] + 0.06f * size * mien_rng_normal(&w->rng);
            }
            n++;
        }
    }
    return n;
}

static void fake_look(void *user, const struct mien_image *frame, const struct mien_crop *crop,
                      bool mirror, struct mien_estimate *out)
{
    struct world *w = user;
    const struct person *p = NULL;
    float px[MIEN_LANDMARKS_MAX][2], best = 0.3f;
    float seen[4] = {crop->cx_px - crop->side_px / 2, crop->cy_px - crop->side_px / 2,
                     crop->cx_px + crop->side_px / 2, crop->cy_px + crop->side_px / 2};
    w->looks++;
    memset(out, 0, sizeof(*out));
    out->landmarks = model.landmarks;
    for (int i = 0; i < w->people; i++) {
        float box[4];
        if (w->person[i].away) {
            continue;
        }
        marks_of(w, &w->person[i], px);
        mien_crop_bounds((const float(*)[2])px, model.landmarks, box);
        float o = mien_box_overlap(box, seen);
        if (o > best) {
            best = o;
            p = &w->person[i];
        }
    }
    static const float straight[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    memcpy(out->pose.R, straight, sizeof(straight));
    out->presence = 0.02f;
    for (int i = 0; i < model.landmarks; i++) {
        out->landmark_sigma[i] = 0.3f;
    }
    if (!p) {
        return;
    }
    out->presence = 0.98f;
    marks_of(w, p, px);
    for (int i = 0; i < model.landmarks; i++) {
        mien_crop_to_unit(crop, px[i], out->landmark[i]);
        out->landmark[i][0] += w->noise * mien_rng_normal(&w->rng);
        out->landmark[i][1] += w->noise * mien_rng_normal(&w->rng);
        out->landmark_sigma[i] = fmaxf(p->unsure, fmaxf(w->noise, 0.01f));
    }
    mien_pose_to_crop(&w->camera, crop, &p->pose, &out->pose);
    float turn[3], D[9], R[9];
    for (int k = 0; k < 3; k++) {
        turn[k] = w->pose_noise * mien_rng_normal(&w->rng);
    }
    mien_mat3_exp(turn, D);
    mien_mat3_mul(D, out->pose.R, R);
    memcpy(out->pose.R, R, sizeof(R));
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        out->identity[i] = p->identity[i] + 8 * w->noise * mien_rng_normal(&w->rng);
    }
    memcpy(out->blendshape, p->blendshape, sizeof(out->blendshape));
    out->expression[MIEN_EXPRESSION_HAPPY] = 1;
    for (int e = 0; e < 2; e++) {
        mien_crop_gaze_from_camera(&w->camera, crop, p->gaze_deg, out->gaze_rad[e]);
    }
    if (mirror) {
        mien_estimate_mirror(&model, out);
    }
}

static struct world *new_world(int width, int height, int people)
{
    static struct world w;
    memset(&w, 0, sizeof(w));
    mien_rng_seed(&w.rng, 21, 0);
    w.camera = mien_camera_make(width, height, 0);
    w.people = people;
    w.finds_a_person = 1;
    for (int i = 0; i < people; i++) {
        w.person[i].pose.t[2] = -800;
        mien_pose_from_angles(0, 0, 0, w.person[i].pose.R);
        for (int k = 0; k < 12; k++) {
            w.person[i].identity[k] = 0.8f * mien_rng_normal(&w.rng);
        }
    }
    return &w;
}

static struct mien_engine *engine_of(struct world *w, struct mien_engine_config c)
{
    // The world's camera, f = 1.2 times the longer side: stills of unknown cameras get another.
    c.fov_deg = c.fov_deg > 0 ? c.fov_deg : 2 * atanf(0.5f / 1.2f) * 180 / (float)M_PI;
    struct mien_engine_parts parts = {
        .model = &model, .detect = fake_detect, .look = fake_look, .user = w};
    struct mien_engine *e = mien_engine_create_with(&c, &parts);
    assert_non_null(e);
    return e;
}

static struct mien_image frame_of(const struct world *w)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, w->camera.width_px, w->camera.height_px, MIEN_FORMAT_RGB8));
    memset(im.data, 90, im.stride * (size_t)im.height);
    return im;
}

static void check_pose(const struct person *p, const struct mien_face_result *f, float degrees,
                       float distance_part)
{
    assert_true(mien_rotation_distance_deg(p->pose.R, f->pose.R) < degrees);
    for (int k = 0; k < 3; k++) {
        assert_true(fabsf(p->pose.t[k] - f->pose.t[k]) < -distance_part * p->pose.t[2]);
    }
}

static struct mien_result result;

static void test_known_pose_in_same_pose_out(void **state)
{
    struct world *w = new_world(640, 480, 1);
    struct mien_engine *e = engine_of(w, (struct mien_engine_config){.still = true});
    struct mien_image im = frame_of(w);
    struct person *p = &w->person[0];
    p->blendshape[MIEN_BS_JAW_OPEN] = 0.5f;
    p->gaze_deg[0] = 12;
    p->gaze_deg[1] = -7;
    int n = 0;
    for (float yaw = -60; yaw <= 60; yaw += 30) {
        for (float pitch = -25; pitch <= 25; pitch += 25) {
            for (float roll = -35; roll <= 35; roll += 35) {
                mien_pose_from_angles(yaw, pitch, roll, p->pose.R);
                // Left, right, above and below the middle by turns.
                p->pose.t[0] = (float)(n % 3 - 1) * 180;
                p->pose.t[1] = (float)(n % 2) * 90 - 45;
                p->pose.t[2] = -700 - (float)(n % 4) * 150;
                n++;
                assert_true(mien_engine_run(e, &im, 0, &result));
                assert_int_equal(result.count, 1);
                const struct mien_face_result *f = &result.face[0];
                check_pose(p, f, 1.5f, 0.02f);
                assert_float_equal(f->yaw_deg, yaw, 2.0f);
                assert_float_equal(f->pitch_deg, pitch, 2.0f);
                assert_float_equal(f->roll_deg, roll, 2.0f);
                assert_float_equal(f->gaze_deg[1][0], 12, 0.1f);
                assert_float_equal(f->gaze_deg[1][1], -7, 0.1f);
                assert_float_equal(f->blendshape[MIEN_BS_JAW_OPEN], 0.5f, 0.1f);
                assert_int_equal(f->expression_class, MIEN_EXPRESSION_HAPPY);
                assert_true(f->fit_rms < 0.01f);
                float px[MIEN_LANDMARKS_MAX][2], marked[MIEN_IBUG][2];
                marks_of(w, p, px);
                mien_face_model_mark(&model, (const float(*)[2])px, marked);
                for (int i = 0; i < MIEN_IBUG; i++) {
                    assert_float_equal(f->ibug_px[i][0], marked[i][0], 0.05f);
                    assert_float_equal(f->ibug_px[i][1], marked[i][1], 0.05f);
                }
                // The nose's tip is nearer to the camera than the outer eye corners.
                assert_true(yaw != 0 || pitch != 0 || f->ibug_px[30][2] > f->ibug_px[36][2]);
                assert_float_equal(f->light_hint, 90, 2);
            }
        }
    }
    mien_image_destroy(&im);
    mien_engine_destroy(e);
}

static void test_still_faces_are_found_once_each(void **state)
{
    struct world *w = new_world(1280, 720, 3);
    w->finds_a_person = 3;
    w->noise = 0.005f;
    for (int i = 0; i < 3; i++) {
        w->person[i].pose.t[0] = 260 * (float)(i - 1);
    }
    for (int quality = 0; quality < 2; quality++) {
        struct mien_engine *e =
            engine_of(w, (struct mien_engine_config){.still = true, .quality = quality});
        struct mien_image im = frame_of(w);
        w->looks = 0;
        assert_true(mien_engine_run(e, &im, 0, &result));
        assert_int_equal(result.count, 3);
        // The surest comes first: each is the one beside its person.
        bool seen[3] = {false};
        for (int i = 0; i < 3; i++) {
            int who = (int)lroundf(result.face[i].pose.t[0] / 260) + 1;
            assert_in_range(who, 0, 2);
            assert_false(seen[who]);
            seen[who] = true;
            check_pose(&w->person[who], &result.face[i], 3, 0.04f);
        }
        // Each person until crops agree; with quality at least a crop that agrees and three more.
        assert_true(w->looks >= (quality ? 3 * 5 : 9));
        // One wanted: one given.
        mien_engine_set_max_faces(e, 1);
        assert_true(mien_engine_run(e, &im, 0, &result));
        assert_int_equal(result.count, 1);
        mien_image_destroy(&im);
        mien_engine_destroy(e);
    }
}

// The surest face comes first, whatever the detector's order, and is the one where one is wanted.
// What is nothing that the network was taught is zero: a tongue.
static void test_still_faces_come_by_their_sureness(void **state)
{
    struct world *w = new_world(1280, 720, 3);
    static const float unsure[3] = {0.05f, 0.08f, 0.02f};
    static const int order[3] = {2, 0, 1};
    for (int i = 0; i < 3; i++) {
        w->person[i].pose.t[0] = 260 * (float)(i - 1);
        w->person[i].unsure = unsure[i];
        w->person[i].blendshape[MIEN_BS_TONGUE_OUT] = 0.5f;
    }
    struct mien_engine *e = engine_of(w, (struct mien_engine_config){.still = true});
    struct mien_image im = frame_of(w);
    for (int wanted = 3; wanted >= 1; wanted -= 2) {
        mien_engine_set_max_faces(e, wanted);
        assert_true(mien_engine_run(e, &im, 0, &result));
        assert_int_equal(result.count, wanted);
        for (int i = 0; i < wanted; i++) {
            assert_int_equal(lroundf(result.face[i].pose.t[0] / 260) + 1, order[i]);
            assert_int_equal(result.face[i].id, i + 1);
            assert_true(result.face[i].blendshape[MIEN_BS_TONGUE_OUT] == 0);
        }
    }
    mien_image_destroy(&im);
    mien_engine_destroy(e);
}

// What is said in crop units, half sides from its middle, is so many pixels, sigma like places.
static void test_sights_are_in_pixels(void **state)
{
    static struct mien_estimate est;
    static struct mien_sight sight;
    struct mien_camera camera = mien_camera_make(640, 480, 60);
    struct mien_crop crop = {300, 200, 160, 0};
    est.landmarks = model.landmarks;
    est.pose.R[0] = est.pose.R[4] = est.pose.R[8] = 1;
    for (int i = 0; i < model.landmarks; i++) {
        est.landmark[i][0] = 0.5f;
        est.landmark[i][1] = -0.25f;
        est.landmark_sigma[i] = 0.05f;
    }
    mien_sight_from_estimate(&camera, &crop, &est, &sight);
    assert_float_equal(sight.landmark_px[7][0], 340, 1e-3);
    assert_float_equal(sight.landmark_px[7][1], 180, 1e-3);
    assert_float_equal(sight.sigma_px[7], 4, 1e-4);
}

// Looks at a still's face: until two crops agree, then with quality three more; further finds of
// the same face cost none.
static void test_a_still_takes_few_looks(void **state)
{
    int looks[2][2];
    for (int quality = 0; quality < 2; quality++) {
        for (int finds = 1; finds <= 3; finds += 2) {
            struct world *w = new_world(640, 480, 1);
            w->finds_a_person = finds;
            struct mien_engine *e =
                engine_of(w, (struct mien_engine_config){.still = true, .quality = quality});
            struct mien_image im = frame_of(w);
            assert_true(mien_engine_run(e, &im, 0, &result));
            assert_int_equal(result.count, 1);
            looks[quality][finds / 2] = w->looks;
            mien_image_destroy(&im);
            mien_engine_destroy(e);
        }
    }
    assert_in_range(looks[0][0], 2, 3);
    assert_in_range(looks[0][1], 2, 3);
    assert_int_equal(looks[1][0], looks[0][0] + 3);
    assert_int_equal(looks[1][1], looks[0][1] + 3);
}

static void test_a_picture_without_faces_has_none(void **state)
{
    struct world *w = new_world(640, 480, 1);
    w->person[0].away = true;
    for (int still = 0; still < 2; still++) {
        struct mien_engine *e = engine_of(w, (struct mien_engine_config){.still = still});
        struct mien_image im = frame_of(w);
        for (int t = 0; t < 3; t++) {
            assert_true(mien_engine_run(e, &im, t, &result));
            assert_int_equal(result.count, 0);
        }
        mien_image_destroy(&im);
        mien_engine_destroy(e);
    }
}

// A head that sways, nods, speaks and blinks.
static void act(struct world *w, int t)
{
    struct person *p = &w->person[0];
    float s = (float)t / 30;
    mien_pose_from_angles(35 * sinf(2 * s), 12 * sinf(3 * s), 10 * sinf(1.3f * s), p->pose.R);
    p->pose.t[0] = 110 * sinf(1.7f * s);
    p->pose.t[1] = 30 * sinf(2.3f * s);
    p->pose.t[2] = -700 - 80 * sinf(0.9f * s);
    p->blendshape[MIEN_BS_JAW_OPEN] = 0.3f + 0.3f * sinf(9 * s);
    float blink = t % 60 >= 40 && t % 60 < 45 ? 1 : 0;
    p->blendshape[MIEN_BS_EYE_BLINK_LEFT] = p->blendshape[MIEN_BS_EYE_BLINK_RIGHT] = blink;
}

static void test_moving_face_is_followed(void **state)
{
    struct world *w = new_world(640, 480, 1);
    w->noise = 0.006f;
    w->pose_noise = 0.03f;
    struct mien_engine *e = engine_of(w, (struct mien_engine_config){0});
    struct mien_image im = frame_of(w);
    double degrees = 0, jaw = 0, blink = 0, identity = 0;
    float held[MIEN_IDENTITY] = {0};
    int blinks = 0;
    for (int t = 0; t < 300; t++) {
        act(w, t);
        assert_true(mien_engine_run(e, &im, t * MIEN_NS_PER_S / 30, &result));
        assert_int_equal(result.frame, t);
        assert_int_equal(result.count, 1);
        const struct mien_face_result *f = &result.face[0];
        assert_int_equal(f->id, 1);
        degrees += (double)mien_rotation_distance_deg(w->person[0].pose.R, f->pose.R) / 300;
        jaw += (double)fabsf(f->blendshape[MIEN_BS_JAW_OPEN] -
                             w->person[0].blendshape[MIEN_BS_JAW_OPEN]) /
               300;
        if (t % 60 == 42) {
            blink += (double)f->blendshape[MIEN_BS_EYE_BLINK_LEFT];
            blinks++;
        }
        if (t == 250) {
            memcpy(held, f->identity, sizeof(held));
        }
        assert_true(t < 5 || f->state == MIEN_TRACK_STEADY);
    }
    for (int i = 0; i < 12; i++) {
        identity += fabs((double)(held[i] - w->person[0].identity[i])) / 12;
    }
    assert_true(degrees < 0.4);
    assert_true(jaw < 0.02);
    assert_true(blink / blinks > 0.85);
    assert_true(identity < 0.35);
    assert_memory_equal(held, result.face[0].identity, sizeof(held)); // locked
    assert_int_equal(w->detects, 1);
    mien_image_destroy(&im);
    mien_engine_destroy(e);
}

// Rms distance of the reported landmarks from the truth, px.
static double landmark_error(const struct world *w, const struct mien_face_result *f)
{
    float px[MIEN_LANDMARKS_MAX][2];
    double sum = 0;
    marks_of(w, &w->person[0], px);
    for (int i = 0; i < model.landmarks; i++) {
        sum += pow((double)(f->landmark_px[i][0] - px[i][0]), 2) +
               pow((double)(f->landmark_px[i][1] - px[i][1]), 2);
    }
    return sqrt(sum / model.landmarks);
}

static void test_steady_at_rest_quick_in_motion(void **state)
{
    struct world *w = new_world(640, 480, 1);
    w->noise = 0.004f;
    w->pose_noise = 0.02f;
    struct mien_engine *e = engine_of(w, (struct mien_engine_config){0});
    struct mien_image im = frame_of(w);
    double still = 0, moving = 0, input = 0;
    for (int t = 0; t < 270; t++) {
        float a = t < 150 ? 0 : sinf(2 * (float)M_PI * (float)(t - 150) / 30);
        mien_pose_from_angles(10 * a, 0, 7 * a, w->person[0].pose.R);
        w->person[0].pose.t[0] = 60 * a;
        assert_true(mien_engine_run(e, &im, t * MIEN_NS_PER_S / 30, &result));
        double error = landmark_error(w, &result.face[0]);
        input = sqrt(2.0) * (double)(w->noise * result.face[0].crop.side_px / 2);
        still += t >= 30 && t < 150 ? error / 120 : 0;
        moving += t >= 150 ? error / 120 : 0;
    }
    assert_true(still < 0.3 * input);
    // One frame late would be 8 px.
    assert_true(moving < 1.0 * input);
    mien_image_destroy(&im);
    mien_engine_destroy(e);
}

static void test_a_yawn_does_not_move_the_brows(void **state)
{
    struct world *w = new_world(640, 480, 1);
    w->noise = 0.003f;
    struct mien_engine *e = engine_of(w, (struct mien_engine_config){0});
    struct mien_image im = frame_of(w);
    static float before[MIEN_LANDMARKS_MAX][2], truth[MIEN_LANDMARKS_MAX][2];
    for (int t = 0; t < 107; t++) {
        w->person[0].blendshape[MIEN_BS_JAW_OPEN] = t < 100 ? 0 : (float)(t - 99) / 7;
        assert_true(mien_engine_run(e, &im, t * MIEN_NS_PER_S / 30, &result));
        if (t == 99) {
            memcpy(before, result.face[0].landmark_px, sizeof(before));
        }
    }
    const struct mien_face_result *f = &result.face[0];
    marks_of(w, &w->person[0], truth);
    for (int i = 0; i < model.landmarks; i++) {
        const float *p = f->landmark_px[i];
        if (model.landmark[i].region == MIEN_REGION_BROW) {
            assert_true(hypotf(p[0] - before[i][0], p[1] - before[i][1]) < 1.0f);
        } else if (model.landmark[i].region == MIEN_REGION_MOUTH) {
            assert_true(hypotf(p[0] - truth[i][0], p[1] - truth[i][1]) < 2.0f);
        }
    }
    mien_image_destroy(&im);
    mien_engine_destroy(e);
}

static void test_face_that_leaves_is_lost_and_found(void **state)
{
    struct world *w = new_world(640, 480, 1);
    struct mien_engine *e = engine_of(w, (struct mien_engine_config){0});
    struct mien_image im = frame_of(w);
    for (int t = 0; t < 120; t++) {
        w->person[0].away = t >= 40 && t < 80;
        assert_true(mien_engine_run(e, &im, t * MIEN_NS_PER_S / 30, &result));
        assert_int_equal(result.count, w->person[0].away ? 0 : 1);
        if (result.count) {
            assert_int_equal(result.face[0].id, 1);
        }
    }
    mien_engine_reset(e);
    assert_true(mien_engine_run(e, &im, 0, &result));
    assert_int_equal(result.frame, 0);
    mien_image_destroy(&im);
    mien_engine_destroy(e);
}

static void test_several_faces_are_followed(void **state)
{
    struct world *w = new_world(640, 480, 2);
    w->noise = 0.004f;
    struct mien_engine *e = engine_of(w, (struct mien_engine_config){.max_faces = 2});
    struct mien_image im = frame_of(w);
    for (int t = 0; t < 90; t++) {
        w->person[1].away = t < 20; // comes later
        w->person[0].pose.t[0] = -160;
        w->person[1].pose.t[0] = 160;
        w->person[1].pose.t[1] = 40 * sinf((float)t / 8);
        assert_true(mien_engine_run(e, &im, t * MIEN_NS_PER_S / 30, &result));
        if (t > 30) {
            assert_int_equal(result.count, 2);
            check_pose(&w->person[0], &result.face[0], 3, 0.04f);
            check_pose(&w->person[1], &result.face[1], 3, 0.04f);
            assert_int_equal(result.face[0].id, 1);
            assert_int_equal(result.face[1].id, 2);
        }
    }
    mien_image_destroy(&im);
    mien_engine_destroy(e);
}

static int64_t odd_clock(void)
{
    static int64_t t;
    return t += 12345;
}

static void test_results_depend_on_frames_only(void **state)
{
    static struct mien_result first[60];
    for (int round = 0; round < 2; round++) {
        struct world *w = new_world(640, 480, 1);
        w->noise = 0.006f;
        struct mien_engine *e =
            engine_of(w, (struct mien_engine_config){.clock_ns = round ? odd_clock : NULL});
        struct mien_image im = frame_of(w);
        for (int t = 0; t < 60; t++) {
            act(w, t);
            memset(&result, round ? 0xAA : 0, sizeof(result));
            mien_engine_run(e, &im, t * MIEN_NS_PER_S / 30, &result);
            if (!round) {
                first[t] = result;
                continue;
            }
            assert_int_equal(result.count, 1);
            assert_memory_equal(&result.face[0], &first[t].face[0], sizeof(result.face[0]));
            assert_true(result.times.network_ns > 0 && first[t].times.network_ns == 0);
        }
        mien_image_destroy(&im);
        mien_engine_destroy(e);
    }
}

static void test_frames_do_not_allocate(void **state)
{
    struct world *w = new_world(640, 480, 2);
    w->person[0].pose.t[0] = -160;
    w->person[1].pose.t[0] = 160;
    struct mien_engine *e = engine_of(w, (struct mien_engine_config){.max_faces = 4});
    struct mien_image im = frame_of(w);
    mien_engine_run(e, &im, 0, &result);
    allocations = 0;
    for (int t = 1; t < 60; t++) {
        w->person[1].away = t % 20 > 10;
        mien_engine_run(e, &im, t * MIEN_NS_PER_S / 30, &result);
    }
    assert_int_equal(allocations, 0);
    mien_image_destroy(&im);
    mien_engine_destroy(e);
}

static void test_unusable_frames_are_refused(void **state)
{
    struct world *w = new_world(640, 480, 1);
    struct mien_engine *e = engine_of(w, (struct mien_engine_config){0});
    struct mien_image none = {0}, small, rgba;
    mien_image_create(&small, 2, 2, MIEN_FORMAT_RGB8);
    mien_image_create(&rgba, 64, 64, MIEN_FORMAT_RGBA8);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    result.count = 5;
    assert_false(mien_engine_run(e, &none, 0, &result));
    assert_int_equal(result.count, 0);
    assert_false(mien_engine_run(e, &small, 0, &result));
    assert_false(mien_engine_run(e, &rgba, 0, &result));
    struct mien_engine_config bad = {.face_path = "/nonexistent.face"};
    assert_null(mien_engine_create(&bad));
    bad = (struct mien_engine_config){.net_path = "/nonexistent.net"};
    assert_null(mien_engine_create(&bad));
    bad.net_path = "/proc/self/exe"; // no network
    assert_null(mien_engine_create(&bad));
    mien_log_set_level(MIEN_LOG_INFO);
    mien_image_destroy(&small);
    mien_image_destroy(&rgba);
    mien_engine_destroy(e);
    mien_engine_destroy(NULL);
}

static void test_mirror_twice_is_nothing(void **state)
{
    struct world *w = new_world(640, 480, 1);
    static struct mien_estimate a, b;
    struct mien_crop crop = {320, 240, 260, 0.2f};
    mien_pose_from_angles(30, 10, 5, w->person[0].pose.R);
    w->person[0].blendshape[MIEN_BS_EYE_BLINK_LEFT] = 1;
    fake_look(w, NULL, &crop, false, &a);
    b = a;
    mien_estimate_mirror(&model, &b);
    assert_float_equal(b.blendshape[MIEN_BS_EYE_BLINK_RIGHT], 1, 0);
    assert_float_equal(b.blendshape[MIEN_BS_EYE_BLINK_LEFT], 0, 0);
    assert_float_equal(b.landmark[model.iris[0]][0], -a.landmark[model.iris[1]][0], 1e-6);
    mien_estimate_mirror(&model, &b);
    assert_memory_equal(a.landmark, b.landmark, sizeof(a.landmark));
    assert_memory_equal(a.blendshape, b.blendshape, sizeof(a.blendshape));
    for (int k = 0; k < 9; k++) {
        assert_float_equal(a.pose.R[k], b.pose.R[k], 1e-6);
    }
    mien_estimate_average(&b, &a, 0.5f);
    for (int k = 0; k < 9; k++) {
        assert_float_equal(a.pose.R[k], b.pose.R[k], 1e-5);
    }
}

// The same face through crops of two sizes: rescaled, one estimate is the other.
static void test_rescaled_estimate_is_that_of_the_other_crop(void **state)
{
    struct world *w = new_world(640, 480, 1);
    static struct mien_estimate a, b;
    struct mien_crop crop = {320, 240, 260, 0.2f}, larger = crop;
    larger.side_px *= 1.1f;
    w->noise = w->pose_noise = 0;
    mien_pose_from_angles(30, 10, 5, w->person[0].pose.R);
    fake_look(w, NULL, &crop, false, &a);
    fake_look(w, NULL, &larger, false, &b);
    assert_true(fabsf(a.pose.log_s - b.pose.log_s) > 0.05f);
    mien_estimate_rescale(&b, 1.1f);
    for (int i = 0; i < a.landmarks; i++) {
        assert_float_equal(a.landmark[i][0], b.landmark[i][0], 1e-4);
        assert_float_equal(a.landmark[i][1], b.landmark[i][1], 1e-4);
    }
    assert_float_equal(a.pose.x, b.pose.x, 1e-4);
    assert_float_equal(a.pose.y, b.pose.y, 1e-4);
    assert_float_equal(a.pose.log_s, b.pose.log_s, 1e-4);
}

static void test_camera_of_a_still_is_far_unless_told(void **state)
{
    struct world *w = new_world(640, 480, 0);
    struct mien_image im = frame_of(w);
    const struct mien_engine_parts parts = {
        .model = &model, .detect = fake_detect, .look = fake_look, .user = w};
    for (int told = 0; told < 2; told++) {
        struct mien_engine *e = mien_engine_create_with(
            &(struct mien_engine_config){.still = true, .fov_deg = told ? 90 : 0}, &parts);
        assert_non_null(e);
        assert_true(mien_engine_run(e, &im, 0, &result));
        assert_float_equal(result.camera.f_px, told ? 320 : 4 * 640, 0.5);
        mien_engine_destroy(e);
    }
    mien_image_destroy(&im);
}

// ---- what a detector sees of parts and turned copies of a picture

static struct mien_image whole; // the picture that the engine was given

// As a real detector: only faces that are large in what it is given, with their own place in it.
static int near_sighted(void *user, const struct mien_image *frame, float threshold,
                        struct mien_detection *out, int max)
{
    int n = fake_detect(user, frame, threshold, out, max), kept = 0;
    ptrdiff_t at = frame->data - whole.data;
    bool part = at >= 0 && (size_t)at < whole.stride * (size_t)whole.height;
    float y0 = part ? (float)((size_t)at / whole.stride) : 0;
    float x0 = part ? (float)((size_t)at % whole.stride) / 3 : 0;
    for (int i = 0; i < n && part; i++) {
        float *b = out[i].box_px,
              side = (float)(frame->width > frame->height ? frame->width : frame->height);
        struct mien_detection d = out[i];
        if (b[2] - b[0] < side / 20 || b[0] < x0 || b[1] < y0 || b[2] > x0 + (float)frame->width ||
            b[3] > y0 + (float)frame->height) {
            continue;
        }
        for (int k = 0; k < 4; k++) {
            d.box_px[k] -= k & 1 ? y0 : x0;
        }
        out[kept++] = d;
    }
    return kept;
}

static void test_small_faces_of_large_pictures_are_found(void **state)
{
    static const float far_mm[] = {1000, 5200, 11000};
    for (int i = 0; i < 3; i++) { // of 1920 pixels a fifth, a 26th, a 55th
        struct world *w = new_world(1920, 1280, 1);
        w->person[0].pose.t[2] = -far_mm[i];
        w->person[0].pose.t[0] = 0.25f * far_mm[i];
        w->person[0].pose.t[1] = 0.13f * far_mm[i];
        struct mien_engine_parts parts = {
            .model = &model, .detect = near_sighted, .look = fake_look, .user = w};
        struct mien_engine *e = mien_engine_create_with(
            &(struct mien_engine_config){.still = true, .fov_deg = 45.24f}, &parts);
        whole = frame_of(w);
        assert_true(mien_engine_run(e, &whole, 0, &result));
        assert_int_equal(result.count, 1);
        check_pose(&w->person[0], &result.face[0], 1, 0.02f);
        mien_image_destroy(&whole);
        mien_engine_destroy(e);
    }
}

// Sees upright faces alone: of one that lies, only a turned copy of the picture shows it.
static int upright_only(void *user, const struct mien_image *frame, float threshold,
                        struct mien_detection *out, int max)
{
    struct world *w = user;
    float yaw, pitch, roll, px[MIEN_LANDMARKS_MAX][2], box[4];
    mien_pose_to_angles(w->person[0].pose.R, &yaw, &pitch, &roll);
    int need = (4 - (int)lrintf(roll / 90)) % 4;
    w->detects++;
    // The engine turns by one quarter, two, three after two tries on the picture itself.
    int quarter = frame->data == whole.data ? 0 : ++w->finds_a_person;
    if (quarter != need) {
        return 0;
    }
    marks_of(w, &w->person[0], px);
    mien_crop_bounds((const float(*)[2])px, model.landmarks, box);
    float W = (float)whole.width - 1, H = (float)whole.height - 1;
    float a[4][4] = {{box[0], box[1], box[2], box[3]},
                     {H - box[3], box[0], H - box[1], box[2]},
                     {W - box[2], H - box[3], W - box[0], H - box[1]},
                     {box[1], W - box[2], box[3], W - box[0]}};
    *out = (struct mien_detection){.score = 0.9f};
    memcpy(out->box_px, a[quarter], sizeof(out->box_px));
    return 1;
}

// A crop sees a face in it only when it is turned as the face is.
static void upright_look(void *user, const struct mien_image *frame, const struct mien_crop *crop,
                         bool mirror, struct mien_estimate *out)
{
    struct world *w = user;
    float yaw, pitch, roll;
    mien_pose_to_angles(w->person[0].pose.R, &yaw, &pitch, &roll);
    float off = fabsf(remainderf(crop->roll_rad - roll * (float)M_PI / 180, 2 * (float)M_PI));
    w->person[0].away = off > 0.7f;
    fake_look(user, frame, crop, mirror, out);
    w->person[0].away = false;
}

static void test_faces_on_their_side_are_found(void **state)
{
    for (int quarters = 0; quarters < 4; quarters++) {
        struct world *w = new_world(640, 480, 1);
        mien_pose_from_angles(5, 3, 90 * (float)quarters, w->person[0].pose.R);
        w->person[0].pose.t[0] = 90;
        w->person[0].pose.t[1] = 40;
        w->finds_a_person = 0; // counts the turned copies
        struct mien_engine_parts parts = {
            .model = &model, .detect = upright_only, .look = upright_look, .user = w};
        struct mien_engine *e = mien_engine_create_with(
            &(struct mien_engine_config){.still = true, .fov_deg = 45.24f}, &parts);
        whole = frame_of(w);
        assert_true(mien_engine_run(e, &whole, 0, &result));
        assert_int_equal(result.count, 1);
        check_pose(&w->person[0], &result.face[0], 1, 0.02f);
        mien_image_destroy(&whole);
        mien_engine_destroy(e);
    }
}

static void paint(struct mien_image *im, unsigned seed)
{
    struct mien_rng r;
    mien_rng_seed(&r, seed, 0);
    for (int y = 0; y < im->height; y += 40) {
        for (int x = 0; x < im->width; x += 40) {
            int grey = (int)mien_rng_below(&r, 256);
            for (int j = y; j < y + 40 && j < im->height; j++) {
                memset(im->data + (size_t)j * im->stride + 3 * (size_t)x, grey, 3 * 40);
            }
        }
    }
}

static void test_another_shot_is_another_track(void **state)
{
    struct world *w = new_world(640, 480, 1);
    struct mien_engine *e = engine_of(w, (struct mien_engine_config){0});
    struct mien_image im = frame_of(w);
    for (int t = 0; t < 60; t++) {
        paint(&im, 1 + (t >= 30)); // the face stays where it was
        assert_true(mien_engine_run(e, &im, t * MIEN_NS_PER_S / 30, &result));
        assert_int_equal(result.count, 1);
        assert_int_equal(result.face[0].id, t < 30 ? 1 : 2);
    }
    mien_image_destroy(&im);
    mien_engine_destroy(e);
}

static void test_another_person_is_another_track(void **state)
{
    for (int other = 0; other < 2; other++) {
        struct world *w = new_world(640, 480, 1);
        w->noise = 0.004f;
        struct mien_engine *e = engine_of(w, (struct mien_engine_config){0});
        struct mien_image im = frame_of(w);
        int id = 0;
        for (int t = 0; t < 90; t++) {
            w->person[0].away = t >= 40 && t < 44;
            if (t == 42 && other) {
                for (int k = 0; k < 12; k++) {
                    w->person[0].identity[k] *= -1;
                }
            }
            assert_true(mien_engine_run(e, &im, t * MIEN_NS_PER_S / 30, &result));
            id = result.count ? result.face[0].id : id;
            assert_true(t >= 40 || id == 1);
        }
        assert_int_equal(id, other ? 2 : 1);
        mien_image_destroy(&im);
        mien_engine_destroy(e);
    }
}

// One face is asked for: somebody else is shown while the first is away, and gives way to it.
static void test_the_face_it_had_comes_back(void **state)
{
    struct world *w = new_world(640, 480, 2);
    struct mien_engine *e = engine_of(w, (struct mien_engine_config){0});
    struct mien_image im = frame_of(w);
    w->person[0].pose.t[0] = -170;
    w->person[1].pose.t[0] = 170;
    for (int t = 0; t < 150; t++) {
        w->person[1].away = t < 20;
        w->person[0].away = t >= 60 && t < 100;
        assert_true(mien_engine_run(e, &im, t * MIEN_NS_PER_S / 30, &result));
        if (t < 60 || t > 112) {
            assert_int_equal(result.count, 1);
            assert_int_equal(result.face[0].id, 1);
            check_pose(&w->person[0], &result.face[0], 3, 0.04f);
        } else if (t > 80 && t < 100) {
            assert_int_equal(result.face[0].id, 2);
        }
    }
    mien_image_destroy(&im);
    mien_engine_destroy(e);
}

RUN_TESTS(load, unload, cmocka_unit_test(test_camera_of_a_still_is_far_unless_told),
          cmocka_unit_test(test_rescaled_estimate_is_that_of_the_other_crop),
          cmocka_unit_test(test_known_pose_in_same_pose_out),
          cmocka_unit_test(test_still_faces_are_found_once_each),
          cmocka_unit_test(test_still_faces_come_by_their_sureness),
          cmocka_unit_test(test_sights_are_in_pixels),
          cmocka_unit_test(test_a_still_takes_few_looks),
          cmocka_unit_test(test_a_picture_without_faces_has_none),
          cmocka_unit_test(test_moving_face_is_followed),
          cmocka_unit_test(test_steady_at_rest_quick_in_motion),
          cmocka_unit_test(test_a_yawn_does_not_move_the_brows),
          cmocka_unit_test(test_face_that_leaves_is_lost_and_found),
          cmocka_unit_test(test_several_faces_are_followed),
          cmocka_unit_test(test_small_faces_of_large_pictures_are_found),
          cmocka_unit_test(test_faces_on_their_side_are_found),
          cmocka_unit_test(test_another_shot_is_another_track),
          cmocka_unit_test(test_another_person_is_another_track),
          cmocka_unit_test(test_the_face_it_had_comes_back),
          cmocka_unit_test(test_results_depend_on_frames_only),
          cmocka_unit_test(test_frames_do_not_allocate),
          cmocka_unit_test(test_unusable_frames_are_refused),
          cmocka_unit_test(test_mirror_twice_is_nothing))

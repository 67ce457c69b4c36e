// Filters and tracks on synthetic truth: noise, steps, ramps, sines; ids, crossing, loss, recovery.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "track/track.h"
#include "model_scene.h"
#include "run_tests.h"

static const float dt = 1.0f / 30;
static const int64_t step_ns = MIEN_NS_PER_S / 30;

// A group of n channels under noise sd: rms deviation at rest / sd.
static double rest_ratio(int n, float sd, float strength)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 5, (uint64_t)n);
    struct mien_filter f = {.noise_min = 1e-8f};
    struct mien_channel c[64] = {0};
    double sum = 0;
    int count = 0;
    for (int t = 0; t < 400; t++) {
        float z[64];
        for (int i = 0; i < n; i++) {
            z[i] = (float)i + sd * mien_rng_normal(&rng);
        }
        mien_filter_step(&f, c, NULL, n, z, dt, strength);
        for (int i = 0; t >= 30 && i < n; i++) {
            sum += pow((double)c[i].x - i, 2);
            count++;
        }
    }
    return sqrt(sum / count) / (double)sd;
}

static void test_noise_at_rest_falls_to_a_quarter(void **state)
{
    for (float sd = 1e-3f; sd < 20; sd *= 10) {
        assert_true(rest_ratio(40, sd, 1) < 0.25);
        assert_true(rest_ratio(4, sd, 1) < 0.30);
        assert_true(rest_ratio(1, sd, 1) < 0.55); // one channel cannot tell noise from motion well
    }
    assert_true(rest_ratio(8, 1, 2) < 0.8 * rest_ratio(8, 1, 1));
    assert_true(fabs(rest_ratio(8, 1, 0) - 1) < 0.05);
}

// The gain itself: a group that has come to rest goes towards a measurement by 1 - exp(-dt / 0.7
// s) a frame, each time, while the way is too short to be motion; all the way when it is a jump.
static void test_gain_at_rest_is_the_time_constants(void **state)
{
    struct mien_filter f = {.noise_min = 1e-8f};
    struct mien_channel c[2] = {0};
    float z[2] = {0, 0};
    for (int t = 0; t < 200; t++) {
        mien_filter_step(&f, c, NULL, 2, z, dt, 1);
    }
    const float way = 0.5e-4f; // half the noise
    double rest = 1 - exp(-1.0 / 30 / 0.7), left = 1;
    z[0] = z[1] = way;
    for (int t = 0; t < 10; t++) {
        mien_filter_step(&f, c, NULL, 2, z, dt, 1);
        left *= 1 - rest;
        assert_float_equal(c[0].x / way, 1 - left, 1e-3);
        assert_float_equal(f.gain, rest, 1e-4);
    }
    z[0] = z[1] = 1;
    mien_filter_step(&f, c, NULL, 2, z, dt, 1);
    assert_float_equal(c[0].x, 1, 1e-6);
    // Half opened, it goes that share of the way, whatever it is.
    struct mien_filter h = {.noise_min = 1};
    struct mien_channel d[2] = {0};
    z[0] = z[1] = 0;
    for (int t = 0; t < 200; t++) {
        mien_filter_step(&h, d, NULL, 2, z, dt, 1);
    }
    z[0] = z[1] = 4.2f;
    mien_filter_step(&h, d, NULL, 2, z, dt, 1);
    assert_in_range((int)(100 * h.gain), 30, 70);
    assert_float_equal(d[0].x / 4.2f, h.gain, 1e-5);
}

// A jerk is no noise: one frame raises the estimate by a few per cent at most.
static void test_a_jerk_raises_the_noise_little(void **state)
{
    struct mien_filter f = {.noise_min = 1e-4f};
    struct mien_channel c[2] = {0};
    float z[2] = {0, 0};
    for (int t = 0; t < 200; t++) {
        mien_filter_step(&f, c, NULL, 2, z, dt, 1);
    }
    assert_float_equal(f.noise, 1e-4, 1e-7);
    z[0] = z[1] = 10;
    mien_filter_step(&f, c, NULL, 2, z, dt, 1);
    assert_float_equal(f.noise, 1e-4 * (1 + 2 / 45.0), 1e-7);
}

// A pose that stays is left as it is, wherever the head looks; one that turns about the middle of
// its face keeps that in its place, although the head's origin moves.
static void test_poses_keep_their_place(void **state)
{
    struct mien_smooth_layout l;
    float b[MIEN_BLENDSHAPES] = {0};
    mien_smooth_layout_make(&l, &model);
    for (int look = 0; look < 4; look++) {
        struct mien_smooth s = {0};
        struct mien_pose want = {.t = {40, -25, -700}};
        mien_pose_from_angles(25 * (float)(look - 1), 15 * (float)(look % 2), 10, want.R);
        for (int t = 0; t < 5; t++) {
            struct mien_pose p = want;
            mien_smooth_fit(&l, &s, &p, b, dt, 1);
            for (int k = 0; k < 3; k++) {
                assert_float_equal(p.t[k], want.t[k], 0.02);
            }
            assert_true(mien_rotation_distance_deg(p.R, want.R) < 0.01f);
        }
    }
    struct mien_smooth s = {0};
    for (int t = 0; t < 60; t++) {
        struct mien_pose p;
        float offset[3];
        mien_pose_from_angles(0.2f * (float)t, 0, 0, p.R);
        mien_mat3_mul_vec(p.R, l.centre, offset);
        for (int k = 0; k < 3; k++) {
            p.t[k] = (k == 2 ? -700 : 0) - offset[k];
        }
        mien_smooth_fit(&l, &s, &p, b, dt, 1);
        mien_mat3_mul_vec(p.R, l.centre, offset);
        for (int k = 0; k < 3; k++) {
            assert_float_equal(p.t[k] + offset[k], k == 2 ? -700 : 0, 0.05);
        }
    }
}

static void test_step_passes_in_two_frames(void **state)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 6, 0);
    struct mien_filter f = {.noise_min = 1e-8f};
    struct mien_channel c[4] = {0};
    for (int t = 0; t < 120; t++) {
        float z[4];
        for (int i = 0; i < 4; i++) {
            z[i] = (t >= 100 ? 10 : 0) + 0.1f * mien_rng_normal(&rng);
        }
        mien_filter_step(&f, c, NULL, 4, z, dt, 1);
        if (t >= 101) {
            assert_float_equal(c[0].x, 10, 0.5);
        }
    }
}

// Lag of a sine of `hz` and amplitude 1 with noise sd: by the phase of the output, in frames.
static double sine_lag(float hz, float sd)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 7, 0);
    struct mien_filter f = {.noise_min = 1e-8f};
    struct mien_channel c[4] = {0};
    double s = 0, k = 0;
    for (int t = 0; t < 660; t++) {
        double w = 2 * M_PI * (double)hz * t / 30;
        float z[4];
        for (int i = 0; i < 4; i++) {
            z[i] = (float)sin(w) + sd * mien_rng_normal(&rng);
        }
        mien_filter_step(&f, c, NULL, 4, z, dt, 1);
        if (t >= 60) {
            s += (double)c[0].x * sin(w);
            k += (double)c[0].x * cos(w);
        }
    }
    return -atan2(k, s) / (2 * M_PI * (double)hz) * 30;
}

static void test_motion_has_no_lag(void **state)
{
    // Sways of a head: half the face wide, noise a half percent of it.
    assert_true(sine_lag(0.25f, 0.01f) < 0.15);
    assert_true(sine_lag(1, 0.01f) < 0.1);
    assert_true(sine_lag(2, 0.01f) < 0.1);
    assert_true(sine_lag(1, 0.01f) > -0.1);
}

static void test_ramp_stays_within_the_noise(void **state)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 8, 0);
    for (float speed = 0.01f; speed < 3; speed *= 3) { // a frame, in noise sds
        struct mien_filter f = {.noise_min = 1e-8f};
        struct mien_channel c[10] = {0};
        for (int t = 0; t < 300; t++) {
            float z[10];
            for (int i = 0; i < 10; i++) {
                z[i] = speed * (float)t + mien_rng_normal(&rng);
            }
            mien_filter_step(&f, c, NULL, 10, z, dt, 1);
            float mean = 0;
            for (int i = 0; i < 10; i++) {
                mean += c[i].x / 10;
            }
            assert_true(t < 20 || fabsf(mean - speed * (float)t) < 2.5f);
        }
    }
}

// ---- faces

struct person {
    float x, y, size, roll; // centre and head size, px
    float open;             // jaw
    float shape[MIEN_LANDMARKS_MAX][2];
};

static void landmarks_of(const struct person *p, float (*px)[2])
{
    float b[MIEN_BLENDSHAPES] = {0}, h[MIEN_LANDMARKS_MAX][3];
    b[MIEN_BS_JAW_OPEN] = p->open;
    mien_face_model_landmarks(&model, NULL, b, &h[0][0]);
    float c = cosf(p->roll), s = sinf(p->roll), k = p->size / 200;
    for (int i = 0; i < model.landmarks; i++) {
        float x = k * h[i][0], y = -k * h[i][1];
        px[i][0] = p->x + c * x - s * y;
        px[i][1] = p->y + s * x + c * y;
    }
}

static void see(const struct person *p, float noise_px, struct mien_rng *rng, struct mien_sight *s)
{
    memset(s, 0, sizeof(*s));
    landmarks_of(p, s->landmark_px);
    for (int i = 0; i < model.landmarks; i++) {
        s->landmark_px[i][0] += noise_px * mien_rng_normal(rng);
        s->landmark_px[i][1] += noise_px * mien_rng_normal(rng);
        s->sigma_px[i] = 0.01f * p->size;
    }
    s->presence = 0.98f;
    mien_pose_from_angles(0, 0, p->roll * 57.29578f, s->pose.R);
    s->pose.t[2] = -600;
    s->expression[0] = 1;
}

// What the network would say in a crop: the person nearest to its middle, when near enough.
static void look(const struct person *p, int n, const struct mien_crop *crop, struct mien_rng *rng,
                 struct mien_sight *s)
{
    int best = -1;
    float least = 0.45f * crop->side_px;
    for (int i = 0; i < n; i++) {
        float d = hypotf(p[i].x - crop->cx_px, p[i].y - crop->cy_px);
        if (d < least && p[i].size > 0) {
            least = d;
            best = i;
        }
    }
    struct person nobody = {.x = crop->cx_px, .y = crop->cy_px, .size = 0.5f * crop->side_px};
    see(best < 0 ? &nobody : &p[best], 0.3f, rng, s);
    s->presence = best < 0 ? 0.03f : 0.97f;
}

// One frame; which track sees which person, 0 where none. Detector every fifth frame.
static void frame(struct mien_tracker *t, const struct person *p, int n, int number, int id[4],
                  struct mien_rng *rng)
{
    int64_t now = number * step_ns;
    memset(id, 0, 4 * sizeof(*id));
    for (int i = 0; number % 5 == 0 && i < n; i++) {
        float px[MIEN_LANDMARKS_MAX][2], box[4];
        if (p[i].size > 0) {
            landmarks_of(&p[i], px);
            mien_crop_bounds((const float(*)[2])px, model.landmarks, box);
            mien_tracker_start(t, box, 0, now);
        }
    }
    for (int k = 0; k < MIEN_FACES_MAX; k++) {
        struct mien_track *tr = &t->track[k];
        static struct mien_sight s;
        if (!tr->id) {
            continue;
        }
        mien_track_predict(t, tr, now);
        look(p, n, &tr->crop, rng, &s);
        if (!mien_track_look(t, tr, &s, 640, 480, now)) {
            continue;
        }
        for (int i = 0; i < n; i++) {
            float box[4], px[MIEN_LANDMARKS_MAX][2];
            landmarks_of(&p[i], px);
            mien_crop_bounds((const float(*)[2])px, model.landmarks, box);
            if (p[i].size > 0 && mien_box_overlap(box, tr->box_px) > 0.8f) {
                id[i] = tr->id;
            }
        }
    }
    mien_tracker_settle(t, now);
}

static struct mien_tracker tracker;

static void test_crossing_faces_keep_their_ids(void **state)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 11, 0);
    mien_tracker_init(&tracker, &model);
    int id[4];
    for (int t = 0; t < 150; t++) {
        float u = fminf(1, fmaxf(0, ((float)t - 20) / 90));
        struct person p[2] = {{.x = 150 + 340 * u, .y = 200, .size = 120},
                              {.x = 490 - 340 * u, .y = 285, .size = 120}};
        frame(&tracker, p, 2, t, id, &rng);
        if (t == 10 || t == 149) {
            assert_int_equal(id[0], 1);
            assert_int_equal(id[1], 2);
        }
        assert_true(mien_tracker_count(&tracker) <= 2);
    }
}

static void test_quick_face_is_not_lost(void **state)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 12, 0);
    mien_tracker_init(&tracker, &model);
    int id[4];
    for (int t = 0; t < 120; t++) {
        // 1.3 Hz, 200 px: up to 55 px a frame, a third of the face.
        float x = 320 + 200 * sinf(2 * (float)M_PI * 1.3f * (float)t / 30);
        struct person p = {.x = x, .y = 240, .size = 160};
        frame(&tracker, &p, 1, t, id, &rng);
        assert_int_equal(id[0], 1);
    }
}

static void test_loss_and_recovery(void **state)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 13, 0);
    mien_tracker_init(&tracker, &model);
    int id[4];
    for (int t = 0; t < 330; t++) {
        struct person p = {.x = 320, .y = 240, .size = 160};
        bool away = (t >= 60 && t < 90) || (t >= 150 && t < 280);
        p.size = away ? 0 : 160;
        frame(&tracker, &p, 1, t, id, &rng);
        if (t > 2 && !away && (t % 10) == 9) {
            // One second away: the same person; over four: somebody new.
            assert_int_equal(id[0], t < 150 ? 1 : 2);
        }
        if (t == 75 || t == 200) {
            assert_int_equal(mien_tracker_count(&tracker), 0);
        }
    }
}

static void test_short_cover_is_bridged(void **state)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 14, 0);
    mien_tracker_init(&tracker, &model);
    int id[4];
    for (int t = 1; t < 90; t++) { // no detector between 5 and 10 finds it for us
        struct person p = {.x = 320, .y = 240, .size = t >= 41 && t < 45 ? 0 : 160};
        frame(&tracker, &p, 1, t, id, &rng);
        if (t > 10 && p.size > 0) {
            assert_int_equal(id[0], 1);
        }
    }
}

static void test_two_tracks_on_one_face_become_one(void **state)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 15, 0);
    mien_tracker_init(&tracker, &model);
    int id[4];
    for (int t = 0; t < 120; t++) {
        // The second person walks behind the first and stays hidden.
        struct person p[2] = {{.x = 320, .y = 240, .size = 160},
                              {.x = 520 - 2 * (float)t, .y = 240, .size = 160}};
        frame(&tracker, p, p[1].x > 420 ? 2 : 1, t, id, &rng);
    }
    assert_int_equal(mien_tracker_count(&tracker), 1);
    assert_int_equal(id[0], 1);
}

static void test_broken_numbers_end_in_nothing(void **state)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 16, 0);
    mien_tracker_init(&tracker, &model);
    float box[4] = {200, 150, 400, 350};
    assert_null(mien_tracker_start(&tracker, (float[4]){NAN, 0, 1, 1}, 0, 0));
    struct mien_track *tr = mien_tracker_start(&tracker, box, 0, 0);
    assert_non_null(tr);
    struct person p = {.x = 300, .y = 250, .size = 150};
    static struct mien_sight s;
    for (int t = 0; t < 30; t++) {
        mien_track_predict(&tracker, tr, t * step_ns);
        see(&p, 0.3f, &rng, &s);
        if (t == 20) {
            s.landmark_px[17][1] = NAN;
        } else if (t == 22) {
            s.blendshape[3] = INFINITY;
        } else if (t == 24) {
            s.pose.R[4] = NAN;
        }
        bool seen = mien_track_look(&tracker, tr, &s, 640, 480, t * step_ns);
        assert_int_equal(seen, t != 20 && t != 22 && t != 24);
        assert_true(isfinite(tr->landmark_px[17][1] + tr->crop.cx_px));
    }
}

static void test_identity_is_the_trusted_mean_then_held(void **state)
{
    struct mien_identity id = {0};
    struct mien_rng rng;
    mien_rng_seed(&rng, 17, 0);
    float look_at[MIEN_IDENTITY];
    for (int n = 0; n < 500; n++) {
        bool good = n % 2 == 0;
        for (int i = 0; i < MIEN_IDENTITY; i++) {
            look_at[i] = (good ? 1.0f : -3.0f) + 0.5f * mien_rng_normal(&rng);
        }
        mien_identity_add(&id, look_at, good ? 1.0f : 0.01f);
    }
    assert_true(id.locked);
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        assert_float_equal(id.mean[i], 1 - 4 * 0.01f, 0.25);
    }
    float front[9], side[9], back[9];
    mien_pose_from_angles(0, 0, 0, front);
    mien_pose_from_angles(50, 0, 0, side);
    mien_pose_from_angles(85, 0, 0, back);
    assert_true(mien_identity_trust(0.9f, 0.02f, front) > mien_identity_trust(0.9f, 0.02f, side));
    assert_true(mien_identity_trust(0.9f, 0.02f, front) > mien_identity_trust(0.9f, 0.06f, front));
    assert_true(mien_identity_trust(0.9f, 0.02f, back) == 0);
}

// Looks at people whose coefficients are N(0, 1), each with a mistake of its own, one that all
// looks from that direction make and one that all make; as the network, it answers with what it
// then expects.
static void look_at_somebody(struct mien_rng *rng, const float *truth, const float *of_the_side,
                             float mean[MIEN_IDENTITY], float sigma[MIEN_IDENTITY])
{
    const float noise = 1.2f; // of both together
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        float seen = truth[i] + of_the_side[i] + 0.46f * mien_rng_normal(rng);
        mean[i] = seen / (1 + noise * noise);
        sigma[i] = noise / sqrtf(1 + noise * noise);
    }
}

static float rms_from(const float *a, const float *b)
{
    float sum = 0;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        sum += (a[i] - b[i]) * (a[i] - b[i]) / MIEN_IDENTITY;
    }
    return sqrtf(sum);
}

static void test_looks_add_up_by_direction(void **state)
{
    struct mien_rng rng;
    float error[3] = {0}, said[3] = {0};
    enum { PEOPLE = 40 };
    mien_rng_seed(&rng, 29, 0);
    for (int person = 0; person < PEOPLE; person++) {
        struct mien_evidence e = {0};
        float truth[MIEN_IDENTITY], side[5][MIEN_IDENTITY], mean[MIEN_IDENTITY],
            sigma[MIEN_IDENTITY];
        for (int i = 0; i < MIEN_IDENTITY; i++) {
            truth[i] = mien_rng_normal(&rng);
            float always = mien_rng_normal(&rng);
            for (int k = 0; k < 5; k++) {
                side[k][i] = always + 0.46f * mien_rng_normal(&rng);
            }
        }
        for (int k = 0; k < 5; k++) {
            float R[9];
            mien_pose_from_angles((float)(25 * (k - 2)), 0, 0, R);
            int direction = mien_evidence_direction(R);
            assert_true(mien_evidence_wants(&e, direction));
            for (int n = 0; n < (k ? 4 : 100); n++) {
                look_at_somebody(&rng, truth, side[k], mean, sigma);
                mien_evidence_add(&e, NULL, direction, mean, sigma);
                if (k + n == 0) { // one look: what it said
                    assert_float_equal(rms_from(e.mean, mean), 0, 1e-5);
                    assert_float_equal(rms_from(e.sigma, sigma), 0, 1e-5);
                }
                int at = k + n == 0 ? 0 : k == 0 && n == 99 ? 1 : k == 4 && n == 3 ? 2 : -1;
                if (at >= 0) {
                    error[at] += rms_from(e.mean, truth) / PEOPLE;
                    said[at] += e.sigma[0] / PEOPLE;
                }
            }
            assert_false(mien_evidence_wants(&e, direction));
        }
    }
    print_message(
        "one look %.3f (said %.3f), 100 of one side %.3f (%.3f), five sides %.3f (%.3f)\n",
        error[0], said[0], error[1], said[1], error[2], said[2]);
    assert_true(error[1] < error[0] && error[2] < 0.99f * error[1]);
    for (int k = 0; k < 3; k++) {
        assert_float_equal(said[k], error[k], 0.15 * error[k]);
    }
}

static void test_what_is_no_look_is_left_out(void **state)
{
    struct mien_evidence e = {0}, none = {0};
    float R[9], mean[MIEN_IDENTITY] = {0}, sigma[MIEN_IDENTITY];
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        sigma[i] = 0.8f;
    }
    mien_pose_from_angles(0, 85, 0, R);
    assert_int_equal(mien_evidence_direction(R), -1);
    assert_false(mien_evidence_wants(&e, -1));
    mien_evidence_add(&e, NULL, -1, mean, sigma);
    mien_evidence_add(&e, NULL, MIEN_DIRECTIONS, mean, sigma);
    mean[3] = NAN;
    mien_evidence_add(&e, NULL, 0, mean, sigma);
    mean[3] = 0;
    sigma[7] = 0;
    mien_evidence_add(&e, NULL, 0, mean, sigma);
    assert_memory_equal(&e, &none, sizeof(e));
}

// A shape from elsewhere stands while the looks say what they said, and not for another person.
static void test_a_held_shape_stands(void **state)
{
    struct mien_evidence e = {0};
    float mean[MIEN_IDENTITY] = {0}, sigma[MIEN_IDENTITY], better[MIEN_IDENTITY] = {0.3f, -2},
          sure[MIEN_IDENTITY];
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        sigma[i] = 0.3f;
        sure[i] = 0.1f;
    }
    mean[0] = 1;
    mien_evidence_add(&e, NULL, 17, mean, sigma);
    assert_ptr_equal(mien_evidence_mean(&e), e.mean);
    mien_evidence_hold(&e, better, sure);
    for (int n = 0; n < 20; n++) { // a little else from the side
        mean[1] = 0.4f;
        mien_evidence_add(&e, NULL, 16, mean, sigma);
        assert_memory_equal(mien_evidence_mean(&e), better, sizeof(better));
        assert_memory_equal(mien_evidence_sigma(&e), sure, sizeof(sure));
    }
    int n = 0;
    for (mean[0] = -2; n < 40 && e.held; n++) {
        mien_evidence_add(&e, NULL, 17, mean, sigma);
    }
    assert_true(n > 1 && n < 40);
    assert_ptr_equal(mien_evidence_mean(&e), e.mean);
    assert_ptr_equal(mien_evidence_sigma(&e), e.sigma);
}

// Another look of the same person, as without glasses, is learned from new looks.
static void test_evidence_follows_what_changes(void **state)
{
    struct mien_evidence e = {0};
    struct mien_identity id = {0};
    float mean[MIEN_IDENTITY], sigma[MIEN_IDENTITY];
    mien_identity_follow(&id, &e, 0.03f);
    assert_false(id.locked); // nothing is known
    for (int n = 0; n < 200; n++) {
        for (int i = 0; i < MIEN_IDENTITY; i++) {
            mean[i] = n < 100 ? 1 : -1;
            sigma[i] = 0.3f;
        }
        mien_evidence_add(&e, NULL, 16, mean, sigma);
        float before = id.mean[0];
        mien_identity_follow(&id, &e, 1 / 30.0f);
        assert_true(n == 0 || fabsf(id.mean[0] - before) < 0.3f); // never a jump
    }
    assert_true(id.locked);
    assert_float_equal(e.mean[5], -1, 0.1);
    assert_float_equal(id.mean[5], e.mean[5], 0.02);
}

static void test_neutral_is_taken_off(void **state)
{
    struct mien_track tr = {0};
    float b[MIEN_BLENDSHAPES] = {0}, out[MIEN_BLENDSHAPES];
    b[MIEN_BS_MOUTH_FROWN_LEFT] = 0.2f;
    mien_track_apply_neutral(&tr, b, out);
    assert_float_equal(out[MIEN_BS_MOUTH_FROWN_LEFT], 0.2f, 1e-6);
    mien_track_calibrate(&tr, false);
    for (int i = 0; i < 30; i++) {
        mien_track_apply_neutral(&tr, b, out);
    }
    assert_float_equal(out[MIEN_BS_MOUTH_FROWN_LEFT], 0, 1e-5);
    b[MIEN_BS_MOUTH_FROWN_LEFT] = 1;
    b[MIEN_BS_JAW_OPEN] = 0.5f;
    mien_track_apply_neutral(&tr, b, out);
    assert_float_equal(out[MIEN_BS_MOUTH_FROWN_LEFT], 1, 1e-5);
    assert_float_equal(out[MIEN_BS_JAW_OPEN], 0.5f, 1e-5);
    mien_track_calibrate(&tr, true);
    b[MIEN_BS_MOUTH_FROWN_LEFT] = 0.2f;
    mien_track_apply_neutral(&tr, b, out);
    assert_float_equal(out[MIEN_BS_MOUTH_FROWN_LEFT], 0.2f, 1e-6);
}

RUN_TESTS(load_model, drop_model, cmocka_unit_test(test_noise_at_rest_falls_to_a_quarter),
          cmocka_unit_test(test_gain_at_rest_is_the_time_constants),
          cmocka_unit_test(test_a_jerk_raises_the_noise_little),
          cmocka_unit_test(test_poses_keep_their_place),
          cmocka_unit_test(test_step_passes_in_two_frames),
          cmocka_unit_test(test_motion_has_no_lag),
          cmocka_unit_test(test_ramp_stays_within_the_noise),
          cmocka_unit_test(test_crossing_faces_keep_their_ids),
          cmocka_unit_test(test_quick_face_is_not_lost), cmocka_unit_test(test_loss_and_recovery),
          cmocka_unit_test(test_short_cover_is_bridged),
          cmocka_unit_test(test_two_tracks_on_one_face_become_one),
          cmocka_unit_test(test_broken_numbers_end_in_nothing),
          cmocka_unit_test(test_identity_is_the_trusted_mean_then_held),
          cmocka_unit_test(test_looks_add_up_by_direction),
          cmocka_unit_test(test_what_is_no_look_is_left_out),
          cmocka_unit_test(test_a_held_shape_stands),
          cmocka_unit_test(test_evidence_follows_what_changes),
          cmocka_unit_test(test_neutral_is_taken_off))

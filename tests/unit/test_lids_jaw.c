// Blinking and talking must not move the head: rendered people hold still before a fixed camera,
// shut their eyes, open their mouths and speak; the pose that the engine reports is held against
// its median over the frames without expression, in time (tracked, the usual filter) and as single
// pictures. The same frames tell whether lids and jaw are seen at all.
//
// The goal is half a degree. The bounds below are what the shipped network reaches, with some room;
// the figures are printed. They are to be lowered as networks get better, never raised.
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
#include "engine/engine.h"
#include "synth/render.h"
#include "run_tests.h"

#ifdef __SANITIZE_ADDRESS__
enum { PEOPLE = 1 }; // ten times slower
#else
enum { PEOPLE = 3 };
#endif
enum { WIDTH = 320, HEIGHT = 240, FPS = 30 };
static const double goal_deg = 0.5, pose_bound_deg[2] = {1.5, 3.2}; // tracked, single

static struct mien_face_model model;
static struct mien_synth_assets assets;
static struct mien_synth_renderer *renderer;
static struct mien_engine *tracked, *still;
static struct mien_image picture;

static int load(void **state)
{
    (void)state;
    bool ok = mien_face_model_load(&model, NULL) &&
              mien_synth_assets_load(&assets, &model, NULL, NULL, 0) &&
              (renderer = mien_synth_renderer_create(&assets, WIDTH, HEIGHT)) &&
              mien_image_create(&picture, WIDTH, HEIGHT, MIEN_FORMAT_RGB8);
    tracked = ok ? mien_engine_create(&(struct mien_engine_config){.fov_deg = 60}) : NULL;
    still = ok ? mien_engine_create(
                     &(struct mien_engine_config){.fov_deg = 60, .still = true, .max_faces = 1})
               : NULL;
    return tracked && still ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    mien_engine_destroy(tracked);
    mien_engine_destroy(still);
    mien_image_destroy(&picture);
    mien_synth_renderer_destroy(renderer);
    mien_synth_assets_destroy(&assets);
    mien_face_model_destroy(&model);
    return 0;
}

// ------------------------------------------------------------------ the people

// An ordinary person before a webcam, with nothing before the face.
static void make_person(int number, struct mien_synth_person *p, struct mien_synth_scene *s)
{
    struct mien_rng r;
    mien_rng_seed(&r, 84, (uint64_t)number);
    mien_synth_person_sample(p, &assets, &r);
    mien_synth_scene_sample(s, &assets, p, HEIGHT, NULL, 0, &r);
    mien_synth_make_plain(p, s, 1);
    memset(s->blendshape, 0, sizeof(s->blendshape));
    static const float at[4][3] = {{0, 0, 0}, {18, -6, 4}, {-22, 8, -6}, {6, 12, 8}};
    s->yaw = at[number % 4][0];
    s->pitch = at[number % 4][1];
    s->roll = at[number % 4][2];
    s->body_yaw = 0.3f * s->yaw;
    s->body_pitch = s->body_roll = 0;
    s->gaze_yaw = -0.75f * s->yaw; // into the camera
    s->gaze_pitch = -0.75f * s->pitch;
    s->gaze_distance_mm = 600;
    s->own_look = false;
    s->fixed_camera = true;
    s->camera = mien_camera_make(WIDTH, HEIGHT, 60);
    s->position[0] = 12;
    s->position[1] = 8;
    s->position[2] = -430;
}

enum movement { NEUTRAL, BLINK, JAW, TALK, MOVEMENTS };
static const char *const movement_name[MOVEMENTS] = {"neutral", "blinks", "jaw", "talk"};

struct moment {
    float blendshape[MIEN_BLENDSHAPES];
    enum movement what;
    bool shut, open; // eyes fully shut, mouth wide open
    bool single;     // also looked at as a single picture
};

static float bump(float t) // 0 … 1 … 0 for t 0…1
{
    return 0.5f - 0.5f * cosf(6.2831853f * t);
}

// One second at rest; a quick blink and a long one; a wide opening of the mouth; every viseme in
// turn, cross-faded.
enum { REST = 30, QUICK = 7, LONG = 12, GAPE = 16, VISEME = 2, PAUSE = 6, MOMENTS_MAX = 256 };

static void shut(struct moment *m, float w)
{
    m->what = BLINK;
    m->blendshape[MIEN_BS_EYE_BLINK_LEFT] = m->blendshape[MIEN_BS_EYE_BLINK_RIGHT] = w;
    m->shut = w > 0.99f;
}

static int script(struct moment *m)
{
    int n = 0;
    memset(m, 0, MOMENTS_MAX * sizeof(*m));
    n += REST;
    for (int k = 0; k < 2; k++) {
        int frames = k < 1 ? QUICK : LONG;
        for (int i = 0; i < frames; i++) {
            // Down in 80 ms, up in 150; the long one stays shut in between.
            float down = (float)(i + 1) / 2.5f, up = (float)(frames - i) / 4.5f;
            shut(&m[n++], fminf(1, fminf(down, up)));
        }
        n += PAUSE;
    }
    for (int i = 0; i < GAPE; i++) {
        float w = fminf(1, 1.15f * bump(((float)i + 1) / (GAPE + 1)));
        m[n].what = JAW;
        m[n].blendshape[MIEN_BS_JAW_OPEN] = w;
        m[n++].open = w > 0.95f;
    }
    n += PAUSE;
    for (int i = 0; i < VISEME * MIEN_SYNTH_VISEMES; i++) {
        float f = (float)(i % VISEME) / VISEME;
        mien_synth_viseme(i / VISEME, 1 - f, m[n].blendshape);
        mien_synth_viseme((i / VISEME + 1) % MIEN_SYNTH_VISEMES, f, m[n].blendshape);
        m[n++].what = TALK;
    }
    // Single pictures: some at rest, and of the movements what differs.
    for (int i = 0, seen[MOVEMENTS] = {0}; i < n; i++) {
        int every = m[i].what == NEUTRAL ? 8 : m[i].what == TALK ? VISEME : 4;
        m[i].single = seen[m[i].what]++ % every == 0 || (m[i].shut && !m[i - 1].shut);
    }
    return n;
}

// ------------------------------------------------------------------ figures

struct record {
    enum movement what;
    bool shut, open;
    float R[9], blink, jaw;
};

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

// Median rotation of the records at rest: of the rotation vectors from the first of them.
static void median_pose(const struct record *r, int n, float out[9])
{
    static float w[3][MOMENTS_MAX];
    const float *base = NULL;
    int count = 0;
    for (int i = 0; i < n; i++) {
        if (r[i].what == NEUTRAL) {
            float back[9], d[9], v[3];
            base = base ? base : r[i].R;
            mien_mat3_transpose(base, back);
            mien_mat3_mul(r[i].R, back, d);
            mien_mat3_log(d, v);
            for (int k = 0; k < 3; k++) {
                w[k][count] = v[k];
            }
            count++;
        }
    }
    assert_true(count >= 3);
    float v[3], turn[9];
    for (int k = 0; k < 3; k++) {
        qsort(w[k], (size_t)count, sizeof(float), by_value);
        v[k] = w[k][count / 2];
    }
    mien_mat3_exp(v, turn);
    mien_mat3_mul(turn, base, out);
}

struct figures {
    double worst_deg[MOVEMENTS], sum_deg[MOVEMENTS];
    int frames[MOVEMENTS];
    float blink_shut, blink_open, jaw_open, jaw_shut; // lowest, highest, lowest, highest
};

static void judge(const struct record *r, int n, struct figures *f)
{
    float middle[9];
    median_pose(r, n, middle);
    for (int i = 0; i < n; i++) {
        double d = (double)mien_rotation_distance_deg(r[i].R, middle);
        f->worst_deg[r[i].what] = fmax(f->worst_deg[r[i].what], d);
        f->sum_deg[r[i].what] += d;
        f->frames[r[i].what]++;
        if (r[i].shut) {
            f->blink_shut = fminf(f->blink_shut, r[i].blink);
        } else if (r[i].what == NEUTRAL || r[i].what == JAW) {
            f->blink_open = fmaxf(f->blink_open, r[i].blink);
        }
        if (r[i].open) {
            f->jaw_open = fminf(f->jaw_open, r[i].jaw);
        } else if (r[i].what == NEUTRAL || r[i].what == BLINK) {
            f->jaw_shut = fmaxf(f->jaw_shut, r[i].jaw);
        }
    }
}

static struct record record_of(const struct moment *m, const struct mien_face_result *f)
{
    struct record r = {.what = m->what, .shut = m->shut, .open = m->open};
    memcpy(r.R, f->pose.R, sizeof(r.R));
    r.blink =
        0.5f * (f->blendshape[MIEN_BS_EYE_BLINK_LEFT] + f->blendshape[MIEN_BS_EYE_BLINK_RIGHT]);
    r.jaw = f->blendshape[MIEN_BS_JAW_OPEN];
    return r;
}

// A figure that may grow up to `bound` (or, with `least`, must reach it); the goal is what it
// should be and is said when it is not yet.
static void check(const char *mode, const char *what, double value, bool least, double bound,
                  double goal)
{
    bool ok = least ? value >= bound : value <= bound,
         reached = least ? value >= goal : value <= goal;
    if (!reached) {
        print_message("%s: %s %.2f misses the goal of %s %.2f\n", mode, what, value,
                      least ? "at least" : "at most", goal);
    }
    if (!ok) {
        fail_msg("%s: %s is %.2f; it was %s %.2f before and should become %s %.2f", mode, what,
                 value, least ? "over" : "under", bound, least ? "over" : "under", goal);
    }
}

static void print(const char *name, const struct figures *f)
{
    printf("%-8s pose moves by", name);
    for (int k = 0; k < MOVEMENTS; k++) {
        printf("  %s %.2f (mean %.2f)", movement_name[k], f->worst_deg[k],
               f->sum_deg[k] / f->frames[k]);
    }
    printf(" degrees; goal %.1f\n%-8s eyeBlink shut >= %.2f, open <= %.2f; jawOpen open >= %.2f, "
           "shut <= %.2f\n",
           goal_deg, "", (double)f->blink_shut, (double)f->blink_open, (double)f->jaw_open,
           (double)f->jaw_shut);
}

static struct figures figures[2]; // tracked, single

static void blinking_and_talking(void **state)
{
    (void)state;
    static struct moment moment[MOMENTS_MAX];
    static struct record in_time[MOMENTS_MAX], single[MOMENTS_MAX];
    static struct mien_result result;
    int moments = script(moment);
    assert_true(moments < MOMENTS_MAX);
    for (int k = 0; k < 2; k++) {
        figures[k] = (struct figures){.blink_shut = 1, .jaw_open = 1};
    }
    for (int person = 0; person < PEOPLE; person++) {
        struct mien_synth_person p;
        struct mien_synth_scene s;
        make_person(person, &p, &s);
        mien_engine_reset(tracked);
        int n = 0, singles = 0;
        for (int i = 0; i < moments; i++) {
            memcpy(s.blendshape, moment[i].blendshape, sizeof(s.blendshape));
            s.noise_seed = (uint32_t)(1000 * person + i);
            mien_synth_render(renderer, &p, &s, &picture, NULL);
            assert_true(mien_engine_run(tracked, &picture, (int64_t)i * 1000000000 / FPS, &result));
            assert_int_equal(result.count, 1);
            if (i >= REST / 2) { // settled
                in_time[n++] = record_of(&moment[i], &result.face[0]);
            }
            if (moment[i].single) {
                assert_true(mien_engine_run(still, &picture, 0, &result));
                assert_int_equal(result.count, 1);
                single[singles++] = record_of(&moment[i], &result.face[0]);
            }
        }
        judge(in_time, n, &figures[0]);
        judge(single, singles, &figures[1]);
    }
    print("tracked", &figures[0]);
    print("single", &figures[1]);
    for (int k = 0; k < 2; k++) {
        const struct figures *f = &figures[k];
        const char *mode = k ? "single" : "tracked";
        for (int m = BLINK; m < MOVEMENTS; m++) {
            check(mode, movement_name[m], f->worst_deg[m], false, pose_bound_deg[k], goal_deg);
        }
        check(mode, "eyeBlink with shut eyes", (double)f->blink_shut, true, 0.75, 0.5);
        check(mode, "eyeBlink with open eyes", (double)f->blink_open, false, 0.25, 0.25);
        // The first of the three has a dark beard around his mouth, whose black inside is taken for
        // more of it; many_mouths says how mouths are read in general.
        check(mode, "jawOpen with an open mouth", (double)f->jaw_open, true, 0.2, 0.5);
        check(mode, "jawOpen with a shut mouth", (double)f->jaw_shut, false, 0.25, 0.25);
    }
}

// ------------------------------------------------------------------ mouths

static void many_mouths(void **state)
{
    (void)state;
    enum { MANY = 20 * PEOPLE };
    static struct mien_result result;
    double sum = 0;
    int misread = 0, misread_shut = 0;
    float shut_most = 0;
    for (int person = 0; person < MANY; person++) {
        struct mien_synth_person p;
        struct mien_synth_scene s;
        make_person(person, &p, &s);
        for (int open = 0; open < 2; open++) {
            s.blendshape[MIEN_BS_JAW_OPEN] = (float)open;
            mien_synth_render(renderer, &p, &s, &picture, NULL);
            assert_true(mien_engine_run(still, &picture, 0, &result));
            assert_int_equal(result.count, 1);
            float jaw = result.face[0].blendshape[MIEN_BS_JAW_OPEN];
            if (open) {
                sum += (double)jaw;
                misread += jaw < 0.5f;
            } else {
                shut_most = fmaxf(shut_most, jaw);
                misread_shut += jaw > 0.2f;
            }
        }
    }
    printf("%d mouths: wide open ones are read as %.2f, %d of them under 0.5; shut ones as at most "
           "%.2f, %d of them above 0.2\n",
           MANY, sum / MANY, misread, (double)shut_most, misread_shut);
    assert_true(sum / MANY > 0.78);
    assert_true(misread <= 1 + MANY / 30);
    assert_true(misread_shut <= 1 + MANY / 30);
    assert_true(shut_most < 0.4f);
}

// ------------------------------------------------------------------ a head that turns

enum { TURN = 120, LAG = 4 };

// The delay in frames at which b follows a best, from their correlation around none.
static double delay(const float *a, const float *b, int n)
{
    double c[2 * LAG + 1];
    int best = 0;
    for (int d = -LAG; d <= LAG; d++) {
        double aa = 0, bb = 0, ab = 0;
        for (int i = LAG; i + LAG < n; i++) {
            aa += (double)a[i] * a[i];
            bb += (double)b[i + d] * b[i + d];
            ab += (double)a[i] * b[i + d];
        }
        c[d + LAG] = ab / sqrt(aa * bb);
        best = c[d + LAG] > c[best] ? d + LAG : best;
    }
    if (best == 0 || best == 2 * LAG) {
        return best - LAG;
    }
    return best - LAG +
           0.5 * (c[best - 1] - c[best + 1]) / (c[best - 1] - 2 * c[best] + c[best + 1]);
}

static void less_mean(float *x, int n)
{
    float sum = 0;
    for (int i = 0; i < n; i++) {
        sum += x[i];
    }
    for (int i = 0; i < n; i++) {
        x[i] -= sum / (float)n;
    }
}

// What holds the pose still must not hold it back: turning and nodding heads, their reported angles
// against the true ones.
static void a_turning_head_is_followed(void **state)
{
    (void)state;
    static float truth[2][TURN], said[2][TURN];
    static struct mien_result result;
    double worst_delay = 0, worst_share = 1, sum = 0;
    for (int person = 0; person < PEOPLE; person++) {
        struct mien_synth_person p;
        struct mien_synth_scene s;
        make_person(4 * person, &p, &s);
        mien_engine_reset(tracked);
        for (int i = 0; i < TURN; i++) {
            float t = (float)i / FPS;
            s.yaw = truth[0][i] = 22 * sinf(6.2831853f * 0.5f * t);
            s.pitch = truth[1][i] = 12 * sinf(6.2831853f * 0.8f * t);
            s.noise_seed = (uint32_t)(5000 * person + i);
            mien_synth_render(renderer, &p, &s, &picture, NULL);
            assert_true(mien_engine_run(tracked, &picture, (int64_t)i * 1000000000 / FPS, &result));
            assert_int_equal(result.count, 1);
            said[0][i] = result.face[0].yaw_deg;
            said[1][i] = result.face[0].pitch_deg;
        }
        for (int k = 0; k < 2; k++) {
            double error = 0, square = 0, move = 0;
            less_mean(truth[k] + 15, TURN - 15);
            less_mean(said[k] + 15, TURN - 15);
            for (int i = 15; i < TURN; i++) {
                error += fabs((double)said[k][i] - truth[k][i]);
                square += (double)truth[k][i] * truth[k][i];
                move += (double)said[k][i] * truth[k][i];
            }
            double late = delay(truth[k] + 15, said[k] + 15, TURN - 15);
            printf("%s: delay %.2f frames, share of the movement %.2f, mean error %.2f degrees\n",
                   k ? "pitch" : "yaw", late, move / square, error / (TURN - 15));
            worst_delay = fmax(worst_delay, fabs(late));
            worst_share = fmin(worst_share, move / square);
            sum += error / (TURN - 15) / (2 * PEOPLE);
        }
    }
    printf("mean error %.2f degrees\n", sum);
    assert_true(worst_delay < 1);
    assert_true(worst_share > 0.7);
    assert_true(sum < 3);
}

RUN_TESTS(load, unload, cmocka_unit_test(blinking_and_talking), cmocka_unit_test(many_mouths),
          cmocka_unit_test(a_turning_head_is_followed))

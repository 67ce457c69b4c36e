// What mien says about a living face, on a rendered person before a fixed camera: shut eyes are
// shut, a wink is one eye, a head that turns while it smiles is followed, and hands, clothes and
// lettering are nobody.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/engine.h"
#include "synth/render.h"
#include "run_tests.h"

enum { WIDTH = 320, HEIGHT = 240, FPS = 30 };
#ifdef __SANITIZE_ADDRESS__
enum { PEOPLE = 1 }; // ten times slower
#else
enum { PEOPLE = 3 };
#endif

static struct mien_face_model model;
static struct mien_synth_assets assets;
static struct mien_synth_renderer *renderer;
static struct mien_engine *engine;
static struct mien_image picture;
static int lid[2][16]; // left, right: landmarks round the eye from its outer corner

static int load(void **state)
{
    (void)state;
    bool ok = mien_face_model_load(&model, NULL) &&
              mien_synth_assets_load(&assets, &model, NULL, NULL, 0) &&
              (renderer = mien_synth_renderer_create(&assets, WIDTH, HEIGHT)) &&
              mien_image_create(&picture, WIDTH, HEIGHT, MIEN_FORMAT_RGB8) &&
              (engine = mien_engine_create(&(struct mien_engine_config){.fov_deg = 60}));
    for (int e = 0; ok && e < 2; e++) {
        ok = mien_face_model_lids(&model, e == 1, lid[e]);
    }
    return ok ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    mien_engine_destroy(engine);
    mien_image_destroy(&picture);
    mien_synth_renderer_destroy(renderer);
    mien_synth_assets_destroy(&assets);
    mien_face_model_destroy(&model);
    return 0;
}

struct stage {
    struct mien_synth_person person;
    struct mien_synth_scene scene;
    struct mien_result result;
    int64_t now_ns;
};

// An ordinary person before a webcam.
static void enter(struct stage *s, int number)
{
    struct mien_rng r;
    mien_rng_seed(&r, 1234, (uint64_t)number);
    memset(s, 0, sizeof(*s));
    mien_synth_person_sample(&s->person, &assets, &r);
    mien_synth_scene_sample(&s->scene, &assets, &s->person, HEIGHT, NULL, 0, &r);
    mien_synth_make_plain(&s->person, &s->scene, 1);
    s->person.hair_kind = MIEN_HAIR_CAP;
    struct mien_synth_scene *c = &s->scene;
    memset(c->blendshape, 0, sizeof(c->blendshape));
    c->own_look = false;
    c->yaw = c->pitch = c->roll = c->body_yaw = c->body_pitch = c->body_roll = 0;
    c->gaze_yaw = c->gaze_pitch = 0;
    c->gaze_distance_mm = 600;
    c->fixed_camera = true;
    c->camera = mien_camera_make(WIDTH, HEIGHT, 60);
    c->position[0] = 10;
    c->position[1] = 5;
    c->position[2] = -430;
    mien_engine_reset(engine);
}

static const struct mien_face_result *frame(struct stage *s)
{
    s->scene.noise_seed++;
    mien_synth_render(renderer, &s->person, &s->scene, &picture, NULL);
    assert_true(mien_engine_run(engine, &picture, s->now_ns, &s->result));
    s->now_ns += 1000000000 / FPS;
    return s->result.count ? &s->result.face[0] : NULL;
}

static const struct mien_face_result *frames(struct stage *s, int n)
{
    const struct mien_face_result *f = NULL;
    for (int i = 0; i < n; i++) {
        f = frame(s);
        assert_non_null(f);
    }
    return f;
}

// Height of an eye, across the line between its corners, over its width.
static float opening(const struct mien_face_result *f, int eye)
{
    const float *a = f->landmark_px[lid[eye][0]], *b = f->landmark_px[lid[eye][8]];
    float x = b[0] - a[0], y = b[1] - a[1], width = hypotf(x, y), height = 0;
    for (int k = 3; k <= 5; k++) {
        const float *upper = f->landmark_px[lid[eye][k]], *lower = f->landmark_px[lid[eye][16 - k]];
        float dx = upper[0] - lower[0], dy = upper[1] - lower[1];
        height += fabsf(dx * y - dy * x) / width / 3;
    }
    return height / width;
}

static void shut_eyes_are_shut(void **state)
{
    (void)state;
    for (int p = 0; p < PEOPLE; p++) {
        struct stage s;
        enter(&s, p);
        const struct mien_face_result *f = frames(&s, 20);
        float open = 0.5f * (opening(f, 0) + opening(f, 1));
        assert_false(f->lids.shut[0] || f->lids.shut[1]);
        float *b = s.scene.blendshape;
        b[MIEN_BS_EYE_BLINK_LEFT] = b[MIEN_BS_EYE_BLINK_RIGHT] = 1;
        f = frames(&s, 5);
        float shut = 0.5f * (opening(f, 0) + opening(f, 1));
        float blink =
            0.5f * (f->blendshape[MIEN_BS_EYE_BLINK_LEFT] + f->blendshape[MIEN_BS_EYE_BLINK_RIGHT]);
        printf("person %d: lids %.3f of the width open, %.3f shut; eyeBlink %.2f\n", p,
               (double)open, (double)shut, (double)blink);
        assert_true(shut < 0.25f);
        assert_true(shut < 0.65f * open);
        assert_true(blink > 0.6f);
        assert_true(f->lids.shut[0] && f->lids.shut[1]);
        b[MIEN_BS_EYE_BLINK_LEFT] = b[MIEN_BS_EYE_BLINK_RIGHT] = 0;
        f = frames(&s, 10);
        assert_int_equal(f->lids.blinks, 1);
    }
}

static void a_wink_is_one_eye(void **state)
{
    (void)state;
    static const int blink[2] = {MIEN_BS_EYE_BLINK_LEFT, MIEN_BS_EYE_BLINK_RIGHT};
    for (int p = 0; p < PEOPLE; p++) {
        struct stage s;
        enter(&s, p);
        for (int e = 0; e < 2; e++) {
            frames(&s, 15);
            s.scene.blendshape[blink[e]] = 1;
            const struct mien_face_result *f = frames(&s, 8);
            printf("person %d, %s eye: shut %.2f, open %.2f\n", p, e ? "right" : "left",
                   (double)f->blendshape[blink[e]], (double)f->blendshape[blink[1 - e]]);
            assert_true(f->blendshape[blink[e]] > 0.5f);
            assert_true(f->blendshape[blink[1 - e]] < 0.35f);
            assert_true(f->lids.shut[e] && !f->lids.shut[1 - e]);
            s.scene.blendshape[blink[e]] = 0;
        }
        assert_int_equal(frames(&s, 5)->lids.blinks, 0);
    }
}

static void a_smiling_head_turns(void **state)
{
    (void)state;
    for (int p = 0; p < PEOPLE; p++) {
        struct stage s;
        enter(&s, p);
        float rest = frames(&s, 30)->yaw_deg, worst = 0, last = 0;
        float *b = s.scene.blendshape;
        for (int i = 0; i < 40; i++) {
            b[MIEN_BS_MOUTH_SMILE_LEFT] = b[MIEN_BS_MOUTH_SMILE_RIGHT] =
                fminf(0.9f, 0.15f * (float)i);
            s.scene.yaw = fminf(14, 0.7f * (float)i);
            last = frames(&s, 1)->yaw_deg - rest - s.scene.yaw;
            worst = fmaxf(worst, fabsf(last));
        }
        printf("person %d: at most %.1f degrees off, %.1f in the end\n", p, (double)worst,
               (double)last);
        assert_true(worst < 5.5f);
        assert_true(fabsf(last) < 3);
    }
}

static void nobody_is_there(void **state)
{
    (void)state;
    int found = 0, all = 0;
    for (int p = 0; p < 4 * PEOPLE; p++) {
        struct stage s;
        enter(&s, p);
        s.scene.nobody = true;
        s.scene.occluder = p % 3 == 2 ? MIEN_OCCLUDER_OBJECT : MIEN_OCCLUDER_HAND;
        s.scene.occluder_at[0] = 0.8f * sinf((float)p);
        for (int i = 0; i < 3; i++) {
            s.scene.occluder_rgb[i] = 0.9f * s.person.skin[i];
        }
        s.scene.letters = p % 2 ? 5 : 0;
        for (int i = 0; i < 6; i++, all++) {
            s.scene.occluder_turn = 30 * (float)i;
            found += frame(&s) != NULL;
        }
    }
    printf("faces in %d of %d frames without one\n", found, all);
    assert_int_equal(found, 0);
}

RUN_TESTS(load, unload, cmocka_unit_test(shut_eyes_are_shut), cmocka_unit_test(a_wink_is_one_eye),
          cmocka_unit_test(a_smiling_head_turns), cmocka_unit_test(nobody_is_there))

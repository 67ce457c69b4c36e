// The animated person: poses, talk, smiles and blinks as functions of time. See clip.h.
#include "synth/clip.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "synth/render.h"

struct mien_synth_clip {
    struct mien_face_model model;
    struct mien_synth_assets assets;
    struct mien_synth_renderer *renderer;
    struct mien_synth_person person;
    struct mien_synth_scene scene; // what does not move
    uint64_t seed;
    double fps;
    float phase[16];
    bool gestures;
};

static float wave(const struct mien_synth_clip *c, double t, double period, int k)
{
    return sinf((float)(t * 6.28318531 / period) + c->phase[k & 15]);
}

// 1 from a to b seconds with soft edges of `soft` seconds.
static float window(float t, float a, float b, float soft)
{
    float up = (t - a) / soft, down = (b - t) / soft;
    up = up < 0 ? 0 : up > 1 ? 1 : up;
    down = down < 0 ? 0 : down > 1 ? 1 : down;
    float m = up < down ? up : down;
    return m * m * (3 - 2 * m);
}

static uint32_t pick(uint64_t seed, uint32_t i)
{
    struct mien_rng r;
    mien_rng_seed(&r, seed, 1000 + i);
    return mien_rng_u32(&r);
}

// Speech: a viseme every 0.13 s, cross-faded, while `strength` > 0.
static void talk(const struct mien_synth_clip *c, float t, float strength, float *b)
{
    if (strength <= 0) {
        return;
    }
    float f = t / 0.13f;
    int i = (int)f;
    f -= (float)i;
    f = f * f * (3 - 2 * f);
    for (int k = 0; k < 2; k++) {
        uint32_t h = pick(c->seed, (uint32_t)(i + k));
        // Two of nine are pauses for breath.
        int viseme = h % 9 < 2 ? 0 : 1 + (int)(h / 9 % (MIEN_SYNTH_VISEMES - 1));
        mien_synth_viseme(viseme,
                          strength * (k ? f : 1 - f) * (0.7f + 0.3f * (float)(h >> 24) / 255), b);
    }
}

static void animate(const struct mien_synth_clip *c, double time, struct mien_synth_scene *s)
{
    *s = c->scene;
    // A programme of twelve seconds: looks in, turns left and right, talks, laughs, is surprised.
    float t = (float)fmod(time, 12.0);
    s->yaw = 4 * wave(c, time, 5.3, 0) + 2 * wave(c, time, 2.1, 1);
    s->pitch = 3 * wave(c, time, 4.1, 2) + 1.5f * wave(c, time, 1.7, 3);
    s->roll = 3 * wave(c, time, 6.7, 4);
    s->yaw += 48 * window(t, 1.4f, 2.9f, 0.7f) - 52 * window(t, 2.9f, 4.4f, 0.7f);
    s->pitch += 17 * window(t, 4.5f, 5.6f, 0.5f) - 20 * window(t, 5.5f, 6.6f, 0.5f);
    s->roll += 16 * window(t, 9.6f, 11, 0.6f) - 12 * window(t, 8.0f, 9.4f, 0.6f);
    s->body_yaw = 0.3f * s->yaw;
    s->body_pitch = 0.15f * s->pitch;
    s->body_roll = 0.2f * s->roll;
    float *b = s->blendshape;
    memset(b, 0, MIEN_BLENDSHAPES * sizeof *b);
    talk(c, (float)time, window(t, 0.3f, 3.9f, 0.3f) + window(t, 6.4f, 8.2f, 0.3f), b);
    float smile = window(t, 4.2f, 6.2f, 0.4f) + 0.35f * window(t, 0.0f, 1.5f, 0.5f);
    float laugh = window(t, 9.4f, 11.4f, 0.4f), surprise = window(t, 8.1f, 9.4f, 0.25f);
    smile += 0.9f * laugh;
    b[MIEN_BS_MOUTH_SMILE_LEFT] += 0.8f * smile;
    b[MIEN_BS_MOUTH_SMILE_RIGHT] += 0.75f * smile;
    b[MIEN_BS_CHEEK_SQUINT_LEFT] += 0.5f * smile;
    b[MIEN_BS_CHEEK_SQUINT_RIGHT] += 0.5f * smile;
    b[MIEN_BS_EYE_SQUINT_LEFT] += 0.3f * smile;
    b[MIEN_BS_EYE_SQUINT_RIGHT] += 0.3f * smile;
    b[MIEN_BS_JAW_OPEN] += laugh * (0.3f + 0.1f * wave(c, time, 0.35, 5)) + 0.45f * surprise;
    b[MIEN_BS_MOUTH_UPPER_UP_LEFT] += 0.3f * laugh;
    b[MIEN_BS_MOUTH_UPPER_UP_RIGHT] += 0.3f * laugh;
    b[MIEN_BS_BROW_INNER_UP] += 0.9f * surprise + 0.25f * fmaxf(0, wave(c, time, 1.9, 6));
    b[MIEN_BS_BROW_OUTER_UP_LEFT] += 0.8f * surprise + 0.2f * fmaxf(0, wave(c, time, 2.3, 7));
    b[MIEN_BS_BROW_OUTER_UP_RIGHT] += 0.8f * surprise + 0.2f * fmaxf(0, wave(c, time, 2.3, 7));
    b[MIEN_BS_EYE_WIDE_LEFT] += 0.7f * surprise;
    b[MIEN_BS_EYE_WIDE_RIGHT] += 0.7f * surprise;
    b[MIEN_BS_BROW_DOWN_LEFT] += 0.5f * window(t, 6.7f, 7.9f, 0.3f);
    b[MIEN_BS_BROW_DOWN_RIGHT] += 0.5f * window(t, 6.7f, 7.9f, 0.3f);
    // A blink about every two and a half seconds: 80 ms down, 150 ms up.
    int n = (int)(time / 2.5);
    float at = 2.5f * (float)n + 0.4f +
               1.6f * (float)(pick(c->seed, 900000u + (uint32_t)n) & 0xffff) / 65536;
    float d = (float)time - at, blink = 0;
    if (d > -0.08f && d < 0.15f) {
        blink = d < 0 ? 1 + d / 0.08f : 1 - d / 0.15f;
    }
    b[MIEN_BS_EYE_BLINK_LEFT] += blink;
    b[MIEN_BS_EYE_BLINK_RIGHT] += blink;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        b[i] = b[i] < 0 ? 0 : b[i] > 1 ? 1 : b[i];
    }
    // Eyes hold the camera through small turns and lead large ones.
    s->gaze_yaw = fminf(fmaxf(-0.75f * s->yaw, -24), 24) + 14 * window(t, 6.9f, 7.7f, 0.1f);
    s->gaze_pitch = fminf(fmaxf(-0.75f * s->pitch, -18), 16);
    // The light moves round and changes colour.
    float az = 0.9f * wave(c, time, 12, 8), el = 0.5f + 0.25f * wave(c, time, 9, 9);
    s->light_dir[0] = sinf(az) * cosf(el);
    s->light_dir[1] = sinf(el);
    s->light_dir[2] = cosf(az) * cosf(el);
    s->light = 0.9f + 0.5f * wave(c, time, 8, 10);
    s->light_rgb[0] = 1 + 0.15f * wave(c, time, 10, 11);
    s->light_rgb[2] = 1 - 0.15f * wave(c, time, 10, 11);
    s->exposure = 1 + 0.18f * wave(c, time, 7, 12);
    s->position[0] = 45 * wave(c, time, 6.1, 13);
    s->position[1] = 15 + 12 * wave(c, time, 7.7, 14);
    s->position[2] = -560 + 50 * wave(c, time, 11, 15);
    s->noise_seed = pick(c->seed, 700000u + (uint32_t)(time * 1000));
}

void mien_synth_clip_show_gestures(struct mien_synth_clip *c)
{
    c->gestures = true;
}

// Over a person who sits still: what gesture k has moved by the share `on`.
static void make_gesture(struct mien_synth_scene *s, int k, float on)
{
    static const struct {
        int shape[5];
        float height, yaw_deg, pitch_deg; // of the look: to the subject's left, up
    } gestures[] = {
        {{MIEN_BS_EYE_BLINK_LEFT, MIEN_BS_EYE_BLINK_RIGHT}, 1, 0, 0},
        {{MIEN_BS_MOUTH_SMILE_LEFT, MIEN_BS_MOUTH_SMILE_RIGHT, MIEN_BS_CHEEK_SQUINT_LEFT,
          MIEN_BS_CHEEK_SQUINT_RIGHT},
         0.85f,
         0,
         0},
        {{MIEN_BS_JAW_OPEN}, 0.8f, 0, 0},
        {{MIEN_BS_MOUTH_PUCKER}, 0.95f, 0, 0},
        {{MIEN_BS_BROW_INNER_UP, MIEN_BS_BROW_OUTER_UP_LEFT, MIEN_BS_BROW_OUTER_UP_RIGHT},
         0.95f,
         0,
         0},
        {{MIEN_BS_BROW_DOWN_LEFT, MIEN_BS_BROW_DOWN_RIGHT}, 0.9f, 0, 0},
        {{0}, 0, 30, 0},
        {{0}, 0, -30, 0},
        {{0}, 0, 0, 25},
        {{0}, 0, 0, -25},
    };
    if (k < 0 || k >= (int)MIEN_COUNT(gestures)) {
        return;
    }
    for (int i = 0; i < 5 && gestures[k].height > 0; i++) {
        if (i == 0 || gestures[k].shape[i]) {
            s->blendshape[gestures[k].shape[i]] = gestures[k].height * on;
        }
    }
    s->gaze_yaw += gestures[k].yaw_deg * on;
    s->gaze_pitch += gestures[k].pitch_deg * on;
}

static void pose_for_gestures(const struct mien_synth_clip *c, double time,
                              struct mien_synth_scene *s)
{
    const float first = 7, each = 2;
    float t = (float)fmod(time, 30);
    *s = c->scene;
    s->yaw = 1.5f * wave(c, time, 5.3, 0);
    s->pitch = wave(c, time, 4.1, 2);
    s->roll = wave(c, time, 6.7, 4);
    s->body_yaw = s->body_pitch = s->body_roll = 0;
    memset(s->blendshape, 0, sizeof(s->blendshape));
    s->gaze_yaw = -0.75f * s->yaw;
    s->gaze_pitch = -0.75f * s->pitch;
    int k = (int)floorf((t - first) / each);
    float begin = first + each * (float)k;
    make_gesture(s, t < first ? -1 : k, window(t, begin, begin + 1.6f, 0.3f));
    s->light_dir[0] = 0.4f;
    s->light_dir[1] = 0.5f;
    s->light_dir[2] = 0.77f;
    s->light = 1;
    s->light_rgb[0] = s->light_rgb[2] = 1;
    s->exposure = 1;
    s->position[0] = 0;
    s->position[1] = 15;
    s->position[2] = -520;
    s->noise_seed = pick(c->seed, 700000u + (uint32_t)(time * 1000));
}

struct mien_synth_clip *mien_synth_clip_open(uint64_t seed, int width, int height, double fps,
                                             const char *data_dir)
{
    if (width < 64 || height < 64 || width > 1920 || height > 1920 || !(fps >= 1 && fps <= 240)) {
        mien_error("synth: %dx%d at %g frames a second: sides of 64 to 1920 px and 1 to 240 work",
                   width, height, fps);
        return NULL;
    }
    struct mien_synth_clip *c = mien_calloc(1, sizeof *c);
    if (!c || !mien_face_model_load(&c->model, NULL) ||
        !mien_synth_assets_load(&c->assets, &c->model, data_dir, NULL, 8)) {
        mien_synth_clip_close(c);
        return NULL;
    }
    c->renderer = mien_synth_renderer_create(&c->assets, width, height);
    if (!c->renderer) {
        mien_synth_clip_close(c);
        return NULL;
    }
    c->seed = seed;
    c->fps = fps;
    struct mien_rng r;
    mien_rng_seed(&r, seed, 4711);
    mien_synth_person_sample(&c->person, &c->assets, &r);
    mien_synth_scene_sample(&c->scene, &c->assets, &c->person, width < height ? width : height,
                            NULL, 0, &r);
    for (int i = 0; i < 16; i++) {
        c->phase[i] = mien_rng_range(&r, 0, 6.2831853f);
    }
    // An ordinary webcam picture: nothing before the face, no extremes.
    c->person.hat = MIEN_HAT_NONE;
    if (c->person.glasses == MIEN_GLASSES_DARK) {
        c->person.glasses = MIEN_GLASSES_NONE;
    }
    struct mien_synth_scene *s = &c->scene;
    s->occluder = MIEN_OCCLUDER_NONE;
    s->fixed_camera = true;
    s->camera = mien_camera_make(width, height, 60);
    s->gaze_distance_mm = 700;
    s->background_gain = 0.7f;
    s->background_blur = s->background >= 0 ? 2 : s->background_blur;
    s->blur_px = 0.4f * (float)width / 640;
    s->motion_px = 0;
    s->low_resolution = 1;
    s->noise = 0.008f;
    s->vignette = 0.1f;
    s->gray = false;
    s->gamma = 2.2f;
    s->contrast = 1;
    s->saturation = 1;
    s->light_soft = 2;
    s->tint[0] = s->tint[1] = s->tint[2] = 1;
    return c;
}

void mien_synth_clip_close(struct mien_synth_clip *c)
{
    if (!c) {
        return;
    }
    mien_synth_renderer_destroy(c->renderer);
    mien_synth_assets_destroy(&c->assets);
    mien_face_model_destroy(&c->model);
    mien_free(c);
}

bool mien_synth_clip_frame(struct mien_synth_clip *c, long long index, struct mien_image *im,
                           struct mien_label *label)
{
    const struct mien_camera *k = &c->scene.camera;
    if (index < 0 || im->format != MIEN_FORMAT_RGB8 || im->width != k->width_px ||
        im->height != k->height_px) {
        mien_error("synth: frame %lld into %dx%d: want an RGB picture of %dx%d", index, im->width,
                   im->height, k->width_px, k->height_px);
        return false;
    }
    struct mien_synth_scene s;
    (c->gestures ? pose_for_gestures : animate)(c, (double)index / c->fps, &s);
    mien_synth_render(c->renderer, &c->person, &s, im, label);
    return true;
}

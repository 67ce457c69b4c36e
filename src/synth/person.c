// Drawing people and scenes at random. Ranges were set by looking at contact sheets beside photos.
#include "synth/person.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "face/gaze.h"

static float to_linear(float srgb255)
{
    return powf(srgb255 / 255, 2.2f);
}

static void mix_rgb(float out[3], const float a[3], const float b[3], float t)
{
    for (int i = 0; i < 3; i++) {
        out[i] = a[i] + (b[i] - a[i]) * t;
    }
}

static void pick(const float (*table)[3], int n, float jitter, float out[3], struct mien_rng *r)
{
    const float *c = table[mien_rng_below(r, (uint32_t)n)];
    float all = 1 + jitter * mien_rng_normal(r);
    for (int i = 0; i < 3; i++) {
        float v = to_linear(c[i]) * all * (1 + 0.3f * jitter * mien_rng_normal(r));
        out[i] = v < 0.002f ? 0.002f : v > 0.95f ? 0.95f : v;
    }
}

static void skin_tone(float out[3], float *depth, struct mien_rng *r)
{
    static const float tone[][3] = {{240, 206, 188}, {232, 190, 166}, {220, 172, 145},
                                    {204, 152, 120}, {182, 128, 96},  {150, 101, 73},
                                    {122, 81, 60},   {96, 65, 49},    {76, 53, 42}};
    int n = (int)MIEN_COUNT(tone);
    // Half light to tan, the rest even over all tones.
    float x = mien_rng_chance(r, 0.5f) ? mien_rng_range(r, 0, 0.5f) : mien_rng_float(r);
    *depth = x;
    float f = x * (float)(n - 1);
    int i = f >= (float)(n - 1) ? n - 2 : (int)f;
    float a[3], b[3];
    for (int c = 0; c < 3; c++) {
        a[c] = to_linear(tone[i][c]);
        b[c] = to_linear(tone[i + 1][c]);
    }
    mix_rgb(out, a, b, f - (float)i);
    float warm = mien_rng_normal(r) * 0.06f, light = 1 + mien_rng_normal(r) * 0.06f;
    out[0] *= light * (1 + warm * 0.3f);
    out[1] *= light * (1 + mien_rng_normal(r) * 0.02f);
    out[2] *= light * (1 - warm);
}

static void sample_hair(struct mien_synth_person *p, const struct mien_synth_assets *a, float depth,
                        struct mien_rng *r)
{
    static const float color[][3] = {{26, 22, 20},   {34, 27, 23},    {48, 35, 27},
                                     {66, 46, 32},   {92, 64, 42},    {120, 86, 54},
                                     {160, 122, 76}, {200, 164, 110}, {222, 192, 146},
                                     {128, 62, 34},  {168, 84, 42}};
    // Dark skin has dark hair, mostly.
    int n = depth > 0.45f && mien_rng_chance(r, 0.9f) ? 3 : (int)MIEN_COUNT(color);
    pick(color, n, 0.15f, p->hair_rgb, r);
    p->gray_share = p->age > 0.5f ? mien_rng_range(r, 0, 1) * (p->age - 0.4f) * 1.8f : 0;
    p->gray_share = p->gray_share > 1 ? 1 : p->gray_share;
    float gray[3] = {0.42f, 0.41f, 0.40f};
    float own[3];
    memcpy(own, p->hair_rgb, sizeof own);
    mix_rgb(p->hair_rgb, own, gray, p->gray_share);
    if (mien_rng_chance(r, 0.012f)) { // dyed
        for (int i = 0; i < 3; i++) {
            p->hair_rgb[i] = mien_rng_float(r) * 0.4f;
        }
    }
    float brow_dark = mien_rng_range(r, 0.35f, 0.8f);
    for (int i = 0; i < 3; i++) {
        p->brow_rgb[i] = fminf(own[i] * (1 - 0.5f * p->gray_share) + gray[i] * 0.5f * p->gray_share,
                               p->skin[i]) *
                         brow_dark;
        p->beard_rgb[i] = p->hair_rgb[i] * mien_rng_range(r, 0.7f, 1.1f);
    }
    float kind = mien_rng_float(r);
    p->hair_kind = kind < 0.07f   ? MIEN_HAIR_BALD
                   : kind < 0.15f ? MIEN_HAIR_BUZZ
                   : kind < 0.28f ? MIEN_HAIR_CAP
                                  : MIEN_HAIR_MESH;
    if (!a->hairs && p->hair_kind == MIEN_HAIR_MESH) {
        p->hair_kind = MIEN_HAIR_CAP;
    }
    p->hair = a->hairs ? (int)mien_rng_below(r, (uint32_t)a->hairs) : 0;
    p->hair_flip = mien_rng_chance(r, 0.5f);
    for (int i = 0; i < 3; i++) {
        p->hair_scale[i] = 1 + 0.02f + 0.025f * mien_rng_normal(r);
    }
    p->hairline = mien_rng_normal(r) * 0.5f;
    if (p->age > 0.5f && mien_rng_chance(r, 0.5f)) {
        p->hairline += mien_rng_range(r, 0.5f, 3.5f);
    }
}

static void sample_extras(struct mien_synth_person *p, struct mien_rng *r)
{
    static const float cloth[][3] = {
        {20, 22, 28},   {38, 42, 60},   {240, 240, 238}, {200, 204, 210}, {120, 24, 30},
        {30, 60, 110},  {60, 90, 60},   {90, 80, 70},    {180, 150, 110}, {210, 180, 60},
        {160, 60, 120}, {70, 130, 150}, {128, 128, 128}, {220, 120, 90},  {50, 40, 36}};
    int n = (int)MIEN_COUNT(cloth);
    pick(cloth, n, 0.2f, p->cloth_rgb[0], r);
    pick(cloth, n, 0.2f, p->cloth_rgb[1], r);
    p->collar = (int)mien_rng_below(r, 4);
    p->shoulder_mm = mien_rng_range(r, 175, 235);
    float g = mien_rng_float(r);
    p->glasses = g < 0.74f ? MIEN_GLASSES_NONE : g < 0.95f ? MIEN_GLASSES_CLEAR : MIEN_GLASSES_DARK;
    p->rim_half_width = mien_rng_range(r, 22, 29);
    p->rim_half_height = p->rim_half_width * mien_rng_range(r, 0.58f, 0.92f);
    p->rim_power = mien_rng_range(r, 2, 4.5f);
    p->rim_thick =
        mien_rng_chance(r, 0.5f) ? mien_rng_range(r, 0.7f, 1.4f) : mien_rng_range(r, 1.6f, 4);
    static const float rim[][3] = {{18, 18, 20},    {30, 24, 22},  {90, 60, 36}, {150, 120, 70},
                                   {150, 150, 155}, {110, 20, 24}, {30, 40, 80}, {210, 205, 200}};
    pick(rim, MIEN_COUNT(rim), 0.1f, p->rim_rgb, r);
    p->lens_opacity = mien_rng_range(r, 0.03f, 0.14f);
    static const float dark[][3] = {{12, 12, 14}, {30, 22, 14}, {14, 22, 20}, {40, 20, 30}};
    pick(dark, MIEN_COUNT(dark), 0.1f, p->lens_rgb, r);
    if (p->glasses == MIEN_GLASSES_DARK) {
        p->lens_opacity = mien_rng_range(r, 0.7f, 0.97f);
        p->rim_half_width += 3;
        p->rim_half_height = p->rim_half_width * mien_rng_range(r, 0.72f, 0.9f);
    }
    p->glasses_drop = mien_rng_range(r, -1, 7);
    float h = mien_rng_float(r);
    p->hat = h < 0.9f     ? MIEN_HAT_NONE
             : h < 0.93f  ? MIEN_HAT_BEANIE
             : h < 0.965f ? MIEN_HAT_BASEBALL
             : h < 0.98f  ? MIEN_HAT_BRIM
                          : MIEN_HAT_SCARF;
    pick(cloth, n, 0.2f, p->hat_rgb, r);
    p->hat_low = mien_rng_range(r, -8, 14);
    if (p->hat != MIEN_HAT_NONE && p->hair_kind == MIEN_HAIR_MESH && mien_rng_chance(r, 0.5f)) {
        p->hair_kind = MIEN_HAIR_CAP;
    }
}

void mien_synth_person_sample(struct mien_synth_person *p, const struct mien_synth_assets *a,
                              struct mien_rng *r)
{
    memset(p, 0, sizeof *p);
    float damp = mien_rng_chance(r, 0.25f) ? mien_rng_range(r, 0.3f, 0.9f) : 1;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        float v = mien_rng_normal(r) * damp;
        p->identity[i] = v < -3 ? -3 : v > 3 ? 3 : v;
    }
    float depth;
    p->age = mien_rng_float(r);
    skin_tone(p->skin, &depth, r);
    p->texture = a->textures && mien_rng_chance(r, 0.75f)
                     ? (int)mien_rng_below(r, (uint32_t)a->textures)
                     : -1;
    p->texture_share = mien_rng_range(r, 0.6f, 1);
    p->texture_flip = mien_rng_chance(r, 0.5f);
    // A photographed skin mostly keeps its own tone.
    if (p->texture >= 0 && mien_rng_chance(r, 0.8f)) {
        const float *mean = a->texture_mean[p->texture];
        float light = 1 + 0.07f * mien_rng_normal(r),
              l = 0.3f * mean[0] + 0.6f * mean[1] + 0.1f * mean[2];
        for (int i = 0; i < 3; i++) {
            p->skin[i] = fminf(mean[i] * light, 0.85f);
        }
        depth = 1 - powf(l, 1 / 2.2f) * 1.25f;
        depth = depth < 0 ? 0 : depth;
    }
    p->mottle = mien_rng_range(r, 0.2f, 1);
    p->pores = mien_rng_range(r, 0.2f, 1);
    p->redness = mien_rng_range(r, 0, 1);
    p->freckles = depth < 0.4f && mien_rng_chance(r, 0.15f) ? mien_rng_range(r, 0.2f, 1) : 0;
    p->gloss = mien_rng_range(r, 0.1f, 1);
    p->noise_at[0] = mien_rng_float(r);
    p->noise_at[1] = mien_rng_float(r);
    bool painted = mien_rng_chance(r, 0.3f); // make-up
    static const float stick[][3] = {{170, 40, 50}, {190, 70, 80},   {150, 50, 70}, {200, 90, 90},
                                     {120, 30, 40}, {210, 120, 110}, {180, 60, 100}};
    if (painted) {
        pick(stick, MIEN_COUNT(stick), 0.15f, p->lip, r);
        p->lip_share = mien_rng_range(r, 0.3f, 0.85f);
    } else {
        static const float natural[3] = {0.95f, 0.62f, 0.62f};
        float lighter = mien_rng_range(r, 0.8f, 1.05f), pink = mien_rng_range(r, 0.75f, 1.25f);
        for (int i = 0; i < 3; i++) {
            p->lip[i] =
                p->skin[i] * natural[i] * lighter * (i ? 1 / pink : 1) + (i == 0 ? 0.02f : 0.012f);
        }
        p->lip_share = mien_rng_range(r, 0.45f, 1);
    }
    p->blush = painted ? mien_rng_range(r, 0, 0.8f) : mien_rng_range(r, 0, 0.4f);
    p->eyeshadow = painted ? mien_rng_range(r, 0, 0.7f) : 0;
    static const float shadow[][3] = {
        {70, 50, 50}, {90, 60, 80}, {50, 60, 90}, {120, 80, 60}, {40, 40, 44}};
    pick(shadow, MIEN_COUNT(shadow), 0.2f, p->eyeshadow_rgb, r);
    p->eyeliner = painted ? mien_rng_range(r, 0.5f, 1) : mien_rng_range(r, 0.15f, 0.65f);
    p->lashes = painted ? mien_rng_range(r, 0.6f, 1) : mien_rng_range(r, 0.3f, 0.8f);
    sample_hair(p, a, depth, r);
    p->brow = (int)mien_rng_below(r, MIEN_SYNTH_BROWS);
    p->brow_density = mien_rng_range(r, 0.75f, 1.5f);
    if (!painted) {
        float b = mien_rng_float(r);
        p->beard = b < 0.5f    ? 0
                   : b < 0.75f ? mien_rng_range(r, 0.05f, 0.35f)
                               : mien_rng_range(r, 0.35f, 1);
        p->moustache = mien_rng_chance(r, 0.75f)  ? p->beard
                       : mien_rng_chance(r, 0.5f) ? mien_rng_range(r, 0.3f, 1)
                                                  : 0;
        if (p->beard > 0.35f && p->moustache > 0.3f && mien_rng_chance(r, 0.2f)) {
            p->beard *= 0.2f; // moustache over stubble
        }
    }
    static const float iris[][3] = {{62, 38, 22},   {52, 32, 20},    {76, 48, 26},
                                    {96, 66, 36},   {104, 92, 52},   {92, 110, 84},
                                    {96, 122, 144}, {120, 144, 164}, {84, 100, 112}};
    int n = depth > 0.4f && mien_rng_chance(r, 0.92f) ? 3 : (int)MIEN_COUNT(iris);
    pick(iris, n, 0.2f, p->iris_rgb, r);
    for (int i = 0; i < 3; i++) {
        p->iris_edge_rgb[i] = p->iris_rgb[i] * mien_rng_range(r, 0.15f, 0.45f);
    }
    p->iris_mm = mien_rng_range(r, 5.6f, 6.5f);
    p->pupil_mm = mien_rng_range(r, 1.4f, 3.2f);
    p->sclera_tint = mien_rng_range(r, 0, 1);
    p->teeth_tint = mien_rng_range(r, 0, 1);
    sample_extras(p, r);
}

void mien_synth_person_make_child(struct mien_synth_person *p, struct mien_rng *r)
{
    p->child = mien_rng_range(r, 0.25f, 1);
    p->age = 0;
    p->gray_share = 0;
    p->beard = p->moustache = 0;
    p->hairline = fminf(p->hairline, 0.3f) - 0.2f;
    if (p->hair_kind == MIEN_HAIR_BALD && p->child < 0.9f) {
        p->hair_kind = MIEN_HAIR_CAP;
    }
    if (mien_rng_chance(r, 0.5f)) { // most photographed skins are adults'
        p->texture = -1;
    }
    p->texture_share *= 0.75f;
    p->pores *= 0.3f;
    p->mottle *= 0.6f;
    p->gloss *= 0.8f;
    p->brow_density *= 1 - 0.4f * p->child;
    for (int i = 0; i < 3; i++) { // no make-up: lips near the skin's own colour
        p->lip[i] = p->skin[i] * (i ? 0.68f : 1) * mien_rng_range(r, 0.95f, 1.1f);
    }
    p->lip_share = mien_rng_range(r, 0.4f, 0.8f);
    p->blush = mien_rng_range(r, 0.1f, 0.6f);
    p->eyeshadow = 0;
    p->eyeliner *= 0.4f;
    p->lashes = mien_rng_range(r, 0.3f, 0.7f);
    p->shoulder_mm *= 0.8f - 0.2f * p->child;
    if (p->glasses != MIEN_GLASSES_NONE) {
        if (mien_rng_chance(r, 0.6f)) {
            p->glasses = MIEN_GLASSES_NONE;
        }
        p->rim_half_width *= 0.9f;
        p->rim_half_height *= 0.9f;
    }
}

void mien_synth_person_make_strange(struct mien_synth_person *p, struct mien_rng *r)
{
    p->strange = mien_rng_range(r, 0.4f, 1.2f);
    p->strange_seed = mien_rng_u32(r);
}

static void sample_pose(struct mien_synth_scene *s, struct mien_rng *r)
{
    float k = mien_rng_float(r);
    s->yaw = k < 0.5f   ? mien_rng_normal(r) * 14
             : k < 0.8f ? mien_rng_range(r, -60, 60)
                        : (mien_rng_chance(r, 0.5f) ? 1 : -1) * mien_rng_range(r, 50, 90);
    k = mien_rng_float(r);
    s->pitch = k < 0.5f   ? mien_rng_normal(r) * 12 - 2
               : k < 0.8f ? mien_rng_range(r, -42, 42)
                          : (mien_rng_chance(r, 0.5f) ? 1 : -1) * mien_rng_range(r, 30, 60);
    // The two extremes together are rare in life and show mostly hair.
    if (fabsf(s->pitch) > 35 && fabsf(s->yaw) > 60) {
        s->pitch *= 0.6f;
    }
    s->roll = mien_rng_chance(r, 0.75f) ? mien_rng_normal(r) * 8 : mien_rng_range(r, -40, 40);
    s->yaw = fminf(fmaxf(s->yaw, -90), 90);
    s->pitch = fminf(fmaxf(s->pitch, -60), 60);
    s->roll = fminf(fmaxf(s->roll, -40), 40);
    float follow = mien_rng_range(r, 0.1f, 0.9f);
    s->body_yaw = s->yaw * follow + mien_rng_normal(r) * 8;
    s->body_yaw = fmaxf(s->yaw - 65, fminf(s->yaw + 65, s->body_yaw));
    s->body_pitch = s->pitch * mien_rng_range(r, 0, 0.35f) + mien_rng_normal(r) * 4;
    s->body_roll = s->roll * mien_rng_range(r, 0, 0.6f) + mien_rng_normal(r) * 3;
}

static void sample_light(struct mien_synth_scene *s, const struct mien_synth_assets *a,
                         struct mien_rng *r)
{
    s->environment = a->environments && mien_rng_chance(r, 0.85f)
                         ? (int)mien_rng_below(r, (uint32_t)a->environments)
                         : -1;
    s->environment_turn[0] = mien_rng_range(r, -180, 180);
    s->environment_turn[1] = mien_rng_normal(r) * 12;
    s->environment_turn[2] = mien_rng_normal(r) * 8;
    float warm = mien_rng_normal(r) * 0.06f;
    s->ambient = 1;
    s->white_balance = mien_rng_range(r, 0.4f, 1);
    s->ambient_rgb[0] = 1 + warm;
    s->ambient_rgb[1] = 1;
    s->ambient_rgb[2] = 1 - warm;
    // A key light: from soft frontal to hard side light.
    float kind = mien_rng_float(r);
    s->light = kind < 0.3f   ? mien_rng_range(r, 0, 0.4f)
               : kind < 0.8f ? mien_rng_range(r, 0.5f, 2.2f)
                             : mien_rng_range(r, 1.5f, 4);
    float az = mien_rng_chance(r, 0.7f) ? mien_rng_normal(r) * 45 : mien_rng_range(r, -130, 130);
    float el = mien_rng_range(r, -10, 70);
    if (mien_rng_chance(r, 0.12f)) { // flash or ring light
        az = mien_rng_normal(r) * 6;
        el = mien_rng_range(r, -2, 12);
    }
    az *= 0.01745329f;
    el *= 0.01745329f;
    s->light_dir[0] = sinf(az) * cosf(el);
    s->light_dir[1] = sinf(el);
    s->light_dir[2] = cosf(az) * cosf(el);
    warm = mien_rng_normal(r) * 0.13f;
    s->light_rgb[0] = 1 + warm;
    s->light_rgb[1] = 1;
    s->light_rgb[2] = 1 - warm;
    s->light_soft = mien_rng_range(r, 0.6f, 4);
    s->exposure = expf(mien_rng_normal(r) * 0.28f);
    if (mien_rng_chance(r, 0.06f)) { // too dark
        s->exposure *= mien_rng_range(r, 0.2f, 0.5f);
    }
    s->gamma = mien_rng_range(r, 1.9f, 2.5f);
}

static void sample_camera(struct mien_synth_scene *s, struct mien_rng *r, int size)
{
    float scale = (float)size / 160;
    s->noise = mien_rng_chance(r, 0.35f) ? mien_rng_range(r, 0.012f, 0.05f)
                                         : mien_rng_range(r, 0.001f, 0.012f);
    s->chroma_noise = mien_rng_range(r, 0.2f, 1);
    s->blur_px = scale * (mien_rng_chance(r, 0.3f) ? mien_rng_range(r, 0.6f, 1.6f)
                                                   : mien_rng_range(r, 0.2f, 0.6f));
    s->motion_px = mien_rng_chance(r, 0.1f) ? scale * mien_rng_range(r, 2, 7) : 0;
    s->motion_angle = mien_rng_range(r, 0, 3.14159f);
    s->vignette = mien_rng_chance(r, 0.3f) ? mien_rng_range(r, 0, 0.4f) : 0;
    s->contrast = 1.14f + mien_rng_normal(r) * 0.11f;
    s->contrast = s->contrast < 0.85f ? 0.85f : s->contrast;
    s->saturation = 1 + mien_rng_normal(r) * 0.18f;
    for (int i = 0; i < 3; i++) {
        s->tint[i] = 1 + mien_rng_normal(r) * 0.05f;
    }
    s->low_resolution = mien_rng_chance(r, 0.15f) ? mien_rng_range(r, 1.5f, 3.2f) : 1;
    s->gray = mien_rng_chance(r, 0.08f);
    s->jpeg_quality = mien_rng_chance(r, 0.25f) ? 35 + (int)mien_rng_below(r, 40)
                                                : 75 + (int)mien_rng_below(r, 20);
    s->noise_seed = mien_rng_u32(r);
}

void mien_synth_scene_sample(struct mien_synth_scene *s, const struct mien_synth_assets *a,
                             const struct mien_synth_person *p, int size, const float *bank,
                             int bank_count, struct mien_rng *r)
{
    memset(s, 0, sizeof *s);
    if (bank && bank_count > 0 && mien_rng_chance(r, 0.35f)) {
        memcpy(s->blendshape,
               bank + (size_t)mien_rng_below(r, (uint32_t)bank_count) * MIEN_BLENDSHAPES,
               sizeof s->blendshape);
        s->blendshape[MIEN_BS_TONGUE_OUT] = 0;
    } else {
        s->has_class = mien_synth_expression_sample(s->blendshape, s->expression, false, r);
    }
    sample_pose(s, r);
    // Half look into the camera, as far as the eyes turn; the others somewhere.
    bool camera = mien_rng_chance(r, 0.5f);
    float gy = camera ? -s->yaw + mien_rng_normal(r) * 4 : mien_rng_normal(r) * 16;
    float gp = camera ? -s->pitch + mien_rng_normal(r) * 4 : mien_rng_normal(r) * 11 - 3;
    s->gaze_yaw = fminf(fmaxf(gy, -32), 32);
    s->gaze_pitch = fminf(fmaxf(gp, -26), 22);
    s->gaze_distance_mm = mien_rng_chance(r, 0.7f) ? mien_rng_range(r, 450, 1500) : 10000;
    s->own_look = mien_rng_chance(r, 0.08f);
    for (int e = 0; e < 2 && s->own_look; e++) { // no two eyes do, but a face model's may
        static const float facing[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
        mien_gaze_to_blendshapes(a->model, facing, mien_rng_range(r, -34, 34),
                                 mien_rng_range(r, -28, 24), e, s->blendshape);
        if (mien_rng_chance(r, 0.4f)) {
            memset(s->blendshape + (e ? MIEN_BS_EYE_LOOK_DOWN_RIGHT : MIEN_BS_EYE_LOOK_DOWN_LEFT),
                   0, 4 * sizeof *s->blendshape);
        }
    }
    s->frame_fov_deg =
        mien_rng_chance(r, 0.7f) ? mien_rng_range(r, 35, 80) : mien_rng_range(r, 15, 40);
    s->face_px = (float)size * mien_rng_range(r, 0.42f, 0.6f);
    s->face_share = mien_rng_chance(r, 0.75f) ? mien_rng_range(r, 0.12f, 0.42f)
                                              : mien_rng_range(r, 0.3f, 0.65f);
    float room = 0.5f - 0.5f * s->face_share;
    s->frame_at[0] = mien_rng_range(r, -room, room) * 0.9f;
    s->frame_at[1] = mien_rng_range(r, -room, room) * 0.6f;
    s->picture_at[0] = (float)size * mien_rng_normal(r) * 0.025f;
    s->picture_at[1] = (float)size * mien_rng_normal(r) * 0.025f;
    sample_light(s, a, r);
    float b = mien_rng_float(r);
    s->background = a->backgrounds && b < 0.6f ? (int)mien_rng_below(r, (uint32_t)a->backgrounds)
                    : a->environments && b < 0.82f ? -1
                                                   : -2;
    if (s->background == -1 && s->environment < 0) {
        s->background = -2;
    }
    s->background_gain = mien_rng_range(r, 0.3f, 1.5f);
    s->background_blur = mien_rng_chance(r, 0.5f) ? mien_rng_range(r, 1, 5) : 0;
    s->background_zoom = mien_rng_range(r, 0.5f, 1);
    s->background_at[0] = mien_rng_float(r);
    s->background_at[1] = mien_rng_float(r);
    float base = mien_rng_range(r, 0.02f, 0.9f);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 3; i++) {
            s->background_rgb[k][i] = base * mien_rng_range(r, 0.4f, 1.1f);
        }
    }
    sample_camera(s, r, size);
    float o = mien_rng_float(r);
    s->occluder = o < 0.86f    ? MIEN_OCCLUDER_NONE
                  : o < 0.91f  ? MIEN_OCCLUDER_HAND
                  : o < 0.965f ? MIEN_OCCLUDER_OBJECT
                               : MIEN_OCCLUDER_MASK;
    s->occluder_at[0] = mien_rng_range(r, -1, 1);
    s->occluder_at[1] = mien_rng_range(r, -1, 1);
    s->occluder_turn = mien_rng_range(r, -180, 180);
    s->occluder_size = mien_rng_range(r, 0.7f, 1.3f);
    for (int i = 0; i < 3; i++) {
        s->occluder_rgb[i] = s->occluder == MIEN_OCCLUDER_HAND
                                 ? p->skin[i] * 0.95f
                                 : mien_rng_float(r) * mien_rng_float(r) * 0.9f + 0.01f;
    }
    if (s->occluder == MIEN_OCCLUDER_MASK && mien_rng_chance(r, 0.7f)) {
        bool blue = mien_rng_chance(r, 0.5f);
        s->occluder_rgb[0] = blue ? 0.35f : 0.75f;
        s->occluder_rgb[1] = blue ? 0.6f : 0.75f;
        s->occluder_rgb[2] = blue ? 0.75f : 0.74f;
    }
}

static float limit_to(float v, float limit)
{
    return fminf(limit, fmaxf(-limit, v));
}

void mien_synth_scene_make_webcam(struct mien_synth_scene *s, int size, struct mien_rng *r)
{
    const float scale = (float)size / 160;
    s->has_class = mien_synth_expression_sample(s->blendshape, s->expression, true, r);
    s->own_look = false;
    s->yaw = limit_to(mien_rng_normal(r) * 13, 38);
    s->pitch = limit_to(mien_rng_normal(r) * 9 - 1, 28);
    s->roll = limit_to(mien_rng_normal(r) * 5, 18);
    s->body_yaw = s->yaw * mien_rng_range(r, 0, 0.6f) + mien_rng_normal(r) * 5;
    s->body_pitch = s->pitch * mien_rng_range(r, 0, 0.3f) + mien_rng_normal(r) * 3;
    s->body_roll = s->roll * mien_rng_range(r, 0, 0.4f) + mien_rng_normal(r) * 2;
    bool camera = mien_rng_chance(r, 0.6f);
    s->gaze_yaw = limit_to((camera ? -s->yaw : 0) + mien_rng_normal(r) * (camera ? 6 : 14), 32);
    s->gaze_pitch =
        limit_to((camera ? -s->pitch : -3) + mien_rng_normal(r) * (camera ? 5 : 10), 24);
    s->gaze_distance_mm = mien_rng_range(r, 450, 900);
    s->frame_fov_deg = mien_rng_range(r, 45, 80);
    s->face_px = (float)size * mien_rng_range(r, 0.5f, 0.63f);
    s->face_share = mien_rng_range(r, 0.15f, 0.5f);
    s->light = fminf(s->light, 2);
    s->exposure = expf(mien_rng_normal(r) * 0.15f);
    s->noise = fminf(s->noise, 0.02f);
    s->blur_px = scale * mien_rng_range(r, 0.2f, 0.8f);
    s->motion_px = mien_rng_chance(r, 0.1f) ? scale * mien_rng_range(r, 1, 4) : 0;
    s->low_resolution = mien_rng_chance(r, 0.1f) ? mien_rng_range(r, 1.3f, 2) : 1;
    s->occluder = mien_rng_chance(r, 0.95f) ? MIEN_OCCLUDER_NONE : s->occluder;
}

void mien_synth_make_plain(struct mien_synth_person *p, struct mien_synth_scene *s, float light_max)
{
    p->hat = MIEN_HAT_NONE;
    p->glasses = MIEN_GLASSES_NONE;
    s->occluder = MIEN_OCCLUDER_NONE;
    s->exposure = 1;
    s->gamma = 2.2f;
    s->contrast = s->saturation = s->low_resolution = 1;
    s->light = fminf(s->light, light_max);
    s->blur_px = 0.3f;
    s->motion_px = 0;
    s->noise = 0.008f;
    s->gray = false;
}

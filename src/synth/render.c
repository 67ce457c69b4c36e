// From a person and a scene to a picture and labels: the order of things. See render.h.
#include "synth/shade.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "image/luma.h"

struct mien_synth_renderer *mien_synth_renderer_create(const struct mien_synth_assets *a, int width,
                                                       int height)
{
    if (width < 32 || height < 32 || width > 2048 || height > 2048) {
        mien_error("cannot render %dx%d: sides of 32 to 2048 px work", width, height);
        return NULL;
    }
    struct mien_synth_renderer *r = mien_calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    r->a = a;
    r->width = width;
    r->height = height;
    r->sw = width * MIEN_SAMPLES;
    r->sh = height * MIEN_SAMPLES;
    size_t v = (size_t)a->model->vertices, px = (size_t)width * (size_t)height;
    int hv = 0, ht = 0;
    for (int i = 0; i < a->hairs; i++) {
        hv = a->hair[i].vertices > hv ? a->hair[i].vertices : hv;
        ht = a->hair[i].triangles > ht ? a->hair[i].triangles : ht;
    }
    size_t largest = v > MIEN_PROP_VERTICES ? v : MIEN_PROP_VERTICES;
    largest = largest > (size_t)hv ? largest : (size_t)hv;
    r->base = mien_calloc(v * 3 + 1, sizeof(float));
    r->vertex = mien_calloc(v * 3 + 1, sizeof(float));
    r->normal = mien_calloc(v * MIEN_NORMAL_ROOM, sizeof(float));
    r->pos = mien_calloc(v * 3 + 1, sizeof(float));
    r->light = mien_calloc(v * 3 + 1, sizeof(float));
    r->screen = mien_calloc(v, sizeof *r->screen);
    r->shadow_screen = mien_calloc(largest, sizeof *r->shadow_screen);
    // Rows are read and written some pixels at a time: room behind the last.
    r->color = mien_calloc(px * MIEN_SAMPLES * MIEN_SAMPLES * 3 + 1, sizeof(float));
    r->work = mien_calloc(px * 3 + 96, sizeof(float));
    r->tone = mien_calloc(4096, 1);
    r->batch = mien_calloc(MIEN_SHADERS, sizeof *r->batch);
    r->jpeg = mien_jpeg_decoder_create();
    bool ok = mien_raster_create(&r->raster, r->sw, r->sh) &&
              mien_raster_create(&r->shadow, MIEN_SHADOW, MIEN_SHADOW) &&
              mien_synth_mesh_create(&r->hair, hv, 0) &&
              mien_synth_mesh_create(&r->prop, MIEN_PROP_VERTICES, MIEN_PROP_TRIANGLES);
    if (!ok || !r->base || !r->vertex || !r->normal || !r->pos || !r->light || !r->screen ||
        !r->shadow_screen || !r->color || !r->work || !r->tone || !r->batch || !r->jpeg) {
        mien_synth_renderer_destroy(r);
        return NULL;
    }
    return r;
}

void mien_synth_renderer_destroy(struct mien_synth_renderer *r)
{
    if (!r) {
        return;
    }
    mien_free(r->base);
    mien_free(r->vertex);
    mien_free(r->normal);
    mien_free(r->pos);
    mien_free(r->light);
    mien_free(r->screen);
    mien_free(r->shadow_screen);
    mien_free(r->color);
    mien_free(r->work);
    mien_free(r->tone);
    mien_free(r->batch);
    mien_jpeg_decoder_destroy(r->jpeg);
    mien_image_destroy(&r->background);
    mien_raster_destroy(&r->raster);
    mien_raster_destroy(&r->shadow);
    mien_synth_mesh_destroy(&r->hair);
    mien_synth_mesh_destroy(&r->prop);
    mien_free(r);
}

// Camera and position: the face's landmark box gets the wanted size and place in the picture, which
// is a part of a larger frame with the wanted field of view.
static void place(struct mien_synth_renderer *r)
{
    const struct mien_synth_scene *s = r->s;
    const struct mien_face_model *m = r->a->model;
    mien_pose_from_angles(s->yaw, s->pitch, s->roll, r->pose.R);
    mien_pose_from_angles(s->body_yaw, s->body_pitch, s->body_roll, r->body);
    if (s->fixed_camera) {
        r->camera = s->camera;
        memcpy(r->pose.t, s->position, sizeof r->pose.t);
        return;
    }
    float frame_px = s->face_px / s->face_share;
    float f = frame_px * 0.5f / tanf(s->frame_fov_deg * 0.5f * 0.01745329f);
    // Start from a face of 170 mm, then correct size and place twice.
    float d = f * 170 / s->face_px;
    d = d < 260 ? 260 : d;
    float ray[3] = {s->frame_at[0] * frame_px / f, -s->frame_at[1] * frame_px / f, -1};
    r->camera = (struct mien_camera){.f_px = f, .width_px = r->width, .height_px = r->height};
    for (int pass = 0; pass < 3; pass++) {
        for (int c = 0; c < 3; c++) {
            r->pose.t[c] = ray[c] * d;
        }
        float x0 = 1e9f, y0 = 1e9f, x1 = -1e9f, y1 = -1e9f;
        for (int i = 0; i < m->landmarks; i++) {
            float q[3], px[2];
            mien_mat3_mul_vec(r->pose.R, r->landmark[i], q);
            for (int c = 0; c < 3; c++) {
                q[c] += r->pose.t[c];
            }
            if (!mien_camera_project(&r->camera, q, px)) {
                continue;
            }
            x0 = fminf(x0, px[0]);
            x1 = fmaxf(x1, px[0]);
            y0 = fminf(y0, px[1]);
            y1 = fmaxf(y1, px[1]);
        }
        float size = fmaxf(x1 - x0, y1 - y0);
        if (pass < 2) {
            d *= size / s->face_px;
            d = d < 240 ? 240 : d;
            continue;
        }
        // Whatever the closest distance left too large is zoomed out.
        float zoom = s->face_px / size;
        r->camera.f_px *= zoom;
        r->camera.cx_px = (float)(r->width - 1) / 2 + s->picture_at[0] - 0.5f * (x0 + x1) * zoom;
        r->camera.cy_px = (float)(r->height - 1) / 2 + s->picture_at[1] - 0.5f * (y0 + y1) * zoom;
    }
}

static void set_light(struct mien_synth_renderer *r)
{
    const struct mien_synth_scene *s = r->s;
    static const float level[9][3] = {
        {3.2f, 3.2f, 3.2f}, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}};
    const struct mien_synth_environment *e =
        s->environment >= 0 && s->environment < r->a->environments
            ? &r->a->environment[s->environment]
            : NULL;
    mien_pose_from_angles(s->environment_turn[0], s->environment_turn[1], s->environment_turn[2],
                          r->to_env);
    const float up[3] = {0.2f, 0.9f, 0.39f};
    float back[9];
    mien_mat3_transpose(r->to_env, back);
    mien_mat3_mul_vec(back, e ? e->sun : up, r->sun);
    memcpy(r->light_dir, s->light_dir, sizeof r->light_dir);
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 9; i++) {
            r->sh_light[i][c] = (e ? e->sh[i][c] : level[i][c]) * s->ambient * s->ambient_rgb[c];
        }
    }
    // Meter: what a camera would see on average on a face turned to it, and the key light's share.
    float mean = 0, tint[3] = {1e-6f, 1e-6f, 1e-6f};
    static const float dir[5][3] = {
        {0, 0, 1}, {0.6f, 0, 0.8f}, {-0.6f, 0, 0.8f}, {0, 0.6f, 0.8f}, {0, -0.6f, 0.8f}};
    for (int k = 0; k < 5; k++) {
        float v[3];
        mien_synth_irradiance(r, dir[k], v);
        for (int c = 0; c < 3; c++) {
            tint[c] += v[c] / 5;
        }
        mean += mien_luminance(v[0], v[1], v[2]) / 5;
    }
    // The surroundings give 1; the key light adds `light` times that where it hits.
    float total = 0;
    for (int k = 0; k < 5; k++) {
        float nl = mien_dot(dir[k], r->light_dir);
        total += (1 + s->light * (nl > 0 ? nl : 0)) / 5;
    }
    float ev = 0.78f * s->exposure / total;
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 9; i++) {
            r->sh_light[i][c] *=
                ev / (mean + 1e-6f) * powf((mean + 1e-6f) / tint[c], s->white_balance);
        }
        r->light_rgb[c] = s->light * s->light_rgb[c] * ev;
    }
}

static void shadow_screen(struct mien_synth_renderer *r, const float *pos, int n)
{
    for (int i = 0; i < n; i++) {
        for (int c = 0; c < 3; c++) {
            r->shadow_screen[i][c] = mien_dot(r->shadow_axis[c], pos + 3 * i) + r->shadow_at[c];
        }
    }
}

static void cast_shadows(struct mien_synth_renderer *r)
{
    const struct mien_synth_assets *a = r->a;
    const float *d = r->light_dir;
    float u[3] = {d[2], 0, -d[0]}, l = sqrtf(u[0] * u[0] + u[2] * u[2]);
    u[0] = l > 1e-3f ? u[0] / l : 1;
    u[2] = l > 1e-3f ? u[2] / l : 0;
    float w[3] = {d[1] * u[2] - d[2] * u[1], d[2] * u[0] - d[0] * u[2], d[0] * u[1] - d[1] * u[0]};
    const float scale = MIEN_SHADOW / 400.0f; // 400 mm across
    static const float mid[3] = {0, 0, 12};
    float centre[3];
    mien_mat3_mul_vec(r->pose.R, mid, centre);
    for (int c = 0; c < 3; c++) {
        centre[c] += r->pose.t[c];
    }
    for (int c = 0; c < 3; c++) {
        r->shadow_axis[0][c] = u[c] * scale;
        r->shadow_axis[1][c] = -w[c] * scale;
        r->shadow_axis[2][c] = d[c];
    }
    r->shadow_at[0] = MIEN_SHADOW / 2.0f - mien_dot(r->shadow_axis[0], centre);
    r->shadow_at[1] = MIEN_SHADOW / 2.0f - mien_dot(r->shadow_axis[1], centre);
    r->shadow_at[2] = 1000 - mien_dot(r->shadow_axis[2], centre);
    mien_raster_clear(&r->shadow);
    if (r->s->light <= 0.02f) {
        return;
    }
    const mien_raster_vertex *v = (const mien_raster_vertex *)r->shadow_screen;
    if (!r->s->nobody) {
        shadow_screen(r, r->pos, a->model->vertices);
        mien_raster_draw(&r->shadow, v, a->skin, a->skin_count, 1, MIEN_RASTER_FRONT);
    }
    if (r->hair.triangles && !r->s->nobody) {
        const struct mien_synth_hair *h = &a->hair[r->p->hair];
        shadow_screen(r, r->hair.pos, r->hair.vertices);
        const struct mien_raster_sheet sheet = {h->uv, h->uv_triangle, h->alpha, h->size};
        mien_raster_draw_alpha(&r->shadow, v, h->triangle, h->triangles, 1, &sheet);
    }
    shadow_screen(r, r->prop.pos, r->prop.vertices);
    mien_raster_draw(&r->shadow, v, r->prop.triangle,
                     r->p->glasses == MIEN_GLASSES_DARK ? r->prop.triangles : r->lens_first, 1,
                     MIEN_RASTER_BOTH);
}

static void draw_head(struct mien_synth_renderer *r)
{
    const struct mien_synth_assets *a = r->a;
    const mien_raster_vertex *v = (const mien_raster_vertex *)r->screen;
    mien_raster_draw(&r->raster, v, a->skin, a->skin_count, mien_object_id(MIEN_OBJECT_SKIN),
                     MIEN_RASTER_FRONT);
    mien_raster_draw(&r->raster, v, a->eyes, a->eyes_count, mien_object_id(MIEN_OBJECT_EYE),
                     MIEN_RASTER_FRONT);
    // A shut mouth shows nothing of its inside.
    const struct mien_face_model *m = a->model;
    float gap = 0;
    for (int i = 0; i < 3; i++) {
        const float *up = r->landmark[m->ibug[61 + i]], *low = r->landmark[m->ibug[67 - i]];
        gap = fmaxf(gap, up[1] - low[1]);
    }
    mien_raster_draw(&r->raster, v, a->inner, gap > 1.5f ? a->inner_count : a->socket_count,
                     mien_object_id(MIEN_OBJECT_INNER), MIEN_RASTER_FRONT);
}

static void draw(struct mien_synth_renderer *r)
{
    const struct mien_synth_assets *a = r->a;
    mien_raster_clear(&r->raster);
    if (!r->s->nobody) {
        draw_head(r);
    }
    mien_raster_draw(&r->raster, (const mien_raster_vertex *)r->prop.screen, r->prop.triangle,
                     r->lens_first, mien_object_id(MIEN_OBJECT_PROP), MIEN_RASTER_BOTH);
    if (r->hair.triangles && !r->s->nobody) {
        const struct mien_synth_hair *h = &a->hair[r->p->hair];
        mien_raster_draw_alpha(
            &r->raster, (const mien_raster_vertex *)r->hair.screen, h->triangle, h->triangles,
            mien_object_id(MIEN_OBJECT_HAIR),
            &(struct mien_raster_sheet){h->uv, h->uv_triangle, h->alpha, h->size});
    }
}

// Lines of random letters anywhere on the picture.
static void draw_letters(const struct mien_synth_scene *s, struct mien_image *im)
{
    struct mien_rng r;
    mien_rng_seed(&r, s->noise_seed, 0x1e77e4);
    for (int i = 0; i < s->letters; i++) {
        char text[16];
        int n = 1 + (int)mien_rng_below(&r, 12);
        for (int k = 0; k < n; k++) {
            text[k] = (char)(mien_rng_chance(&r, 0.7f) ? 'A' + (int)mien_rng_below(&r, 26)
                                                       : '!' + (int)mien_rng_below(&r, 60));
        }
        text[n] = 0;
        struct mien_rgb c = {(uint8_t)mien_rng_below(&r, 256), (uint8_t)mien_rng_below(&r, 256),
                             (uint8_t)mien_rng_below(&r, 256)};
        mien_draw_text(im, (int)mien_rng_below(&r, (uint32_t)im->width) - im->width / 4,
                       (int)mien_rng_below(&r, (uint32_t)im->height),
                       1 + (int)mien_rng_below(&r, 9), text, c);
    }
}

void mien_synth_render(struct mien_synth_renderer *r, const struct mien_synth_person *p,
                       const struct mien_synth_scene *s, struct mien_image *im,
                       struct mien_label *label)
{
    MIEN_ASSERT(im->format == MIEN_FORMAT_RGB8 && im->width == r->width && im->height == r->height);
    r->p = p;
    r->s = s;
    mien_synth_build_head(r);
    place(r);
    set_light(r);
    mien_synth_build_hair(r);
    mien_synth_build_props(r);
    mien_synth_light_mesh(r);
    cast_shadows(r);
    draw(r);
    mien_synth_background(r);
    mien_synth_shade(r);
    if (label) {
        mien_synth_label(r, label);
    }
    mien_synth_camera(r, im);
    draw_letters(s, im);
}

// What is left when nobody is there.
static void leave(struct mien_synth_person *p, struct mien_synth_scene *s, struct mien_rng *r)
{
    s->nobody = true;
    s->has_class = false;
    p->glasses = MIEN_GLASSES_NONE;
    p->hat = mien_rng_chance(r, 0.5f) ? MIEN_HAT_NONE : p->hat;
    float o = mien_rng_float(r);
    s->occluder = o < 0.55f   ? MIEN_OCCLUDER_HAND
                  : o < 0.75f ? MIEN_OCCLUDER_OBJECT
                              : MIEN_OCCLUDER_NONE;
    s->occluder_size = mien_rng_range(r, 0.7f, 1.6f);
    for (int i = 0; i < 3; i++) {
        s->occluder_rgb[i] = s->occluder == MIEN_OCCLUDER_HAND ? p->skin[i] * 0.95f
                                                               : mien_rng_float(r) * 0.8f + 0.01f;
    }
    s->letters = mien_rng_chance(r, 0.4f) ? 1 + (int)mien_rng_below(r, 6) : 0;
}

// A mouth open from a half to as far as it goes: an O, a shout, a yawn.
static void open_mouth(struct mien_synth_scene *s, struct mien_rng *r)
{
    float *b = s->blendshape;
    b[MIEN_BS_JAW_OPEN] = mien_rng_range(r, 0.5f, 1);
    b[MIEN_BS_MOUTH_CLOSE] = 0;
    float funnel = mien_rng_chance(r, 0.3f) ? mien_rng_range(r, 0, 0.8f) : 0;
    float lips = mien_rng_chance(r, 0.4f) ? mien_rng_range(r, 0, 0.7f) : 0;
    b[MIEN_BS_MOUTH_FUNNEL] = funnel;
    b[MIEN_BS_MOUTH_PUCKER] *= 0.3f;
    b[MIEN_BS_MOUTH_LOWER_DOWN_LEFT] = b[MIEN_BS_MOUTH_LOWER_DOWN_RIGHT] = lips;
    b[MIEN_BS_MOUTH_UPPER_UP_LEFT] = b[MIEN_BS_MOUTH_UPPER_UP_RIGHT] =
        lips * mien_rng_range(r, 0.3f, 1);
    s->has_class = false; // whatever was drawn before
}

void mien_synth_render_index(struct mien_synth_renderer *r, const struct mien_synth_series *series,
                             uint64_t index, struct mien_image *im, struct mien_label *label,
                             int *quality)
{
    // Streams of their own, so that what others draw does not change.
    static const uint64_t child_stream = 1ULL << 62, gaping_stream = 1ULL << 61,
                          strange_stream = 1ULL << 60, nobody_stream = 1ULL << 59,
                          webcam_stream = 1ULL << 58;
    struct mien_rng who, own, how;
    struct mien_synth_person p;
    struct mien_synth_scene s;
    mien_rng_seed(&who, series->seed, 2 * (index / 2));
    mien_rng_seed(&own, series->seed, child_stream + index / 2);
    mien_rng_seed(&how, series->seed, 2 * index + 1);
    mien_synth_person_sample(&p, r->a, &who);
    if (mien_rng_chance(&own, series->children)) {
        mien_synth_person_make_child(&p, &own);
    }
    mien_rng_seed(&own, series->seed, strange_stream + index / 2);
    if (mien_rng_chance(&own, series->strange)) {
        mien_synth_person_make_strange(&p, &own);
    }
    mien_synth_scene_sample(&s, r->a, &p, r->width < r->height ? r->width : r->height, series->bank,
                            series->bank_count, &how);
    mien_rng_seed(&own, series->seed, webcam_stream + index);
    if (mien_rng_chance(&own, series->webcam)) {
        mien_synth_scene_make_webcam(&s, r->width < r->height ? r->width : r->height, &own);
    }
    mien_rng_seed(&own, series->seed, gaping_stream + index);
    if (mien_rng_chance(&own, series->gaping)) {
        open_mouth(&s, &own);
    }
    mien_rng_seed(&own, series->seed, nobody_stream + index);
    if (mien_rng_chance(&own, series->nobody)) {
        leave(&p, &s, &own);
    }
    mien_synth_render(r, &p, &s, im, label);
    *quality = s.jpeg_quality;
}

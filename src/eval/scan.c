// Renders people who turn before a camera, scans their heads, and compares shape and skin with the
// truth.
#include "eval/eval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "learn/reconstruction.h"
#include "scan/head_scan.h"
#include "sink/texture.h"
#include "synth/render.h"

enum { WIDTH = 640, HEIGHT = 480, FRAMES = 60, SKIN = 256, EVEN_LOOKS = 5 };
static const float fov_deg = 50;

struct scans {
    struct mien_face_model model;
    struct mien_synth_assets assets;
    struct mien_synth_renderer *renderer;
    struct mien_image picture, other;
    struct mien_posed posed;
    uint8_t *narrow; // (SKIN,SKIN) 1: a texel of the narrow face
    struct mien_reconstruction before, after;
    double skin, focal;
    int people, missed;
};

// A guided scan: straight, to the left, to the right, up, down, while the face talks, smiles and
// blinks a little. The light stays where it is.
static void make_frame(const struct mien_synth_scene *base, int k, struct mien_rng *r,
                       struct mien_synth_scene *s)
{
    static const float way[][2] = {{0, 0}, {45, 0}, {0, 0}, {-45, 0}, {0, 0}, {0, 16}, {0, -16}};
    enum { LEGS = sizeof(way) / sizeof(way[0]) - 1 };
    float at = (float)k * LEGS / FRAMES, u = at - floorf(at);
    int leg = (int)at;
    *s = *base;
    s->yaw = way[leg][0] * (1 - u) + way[leg + 1][0] * u + mien_rng_range(r, -3, 3);
    s->pitch = way[leg][1] * (1 - u) + way[leg + 1][1] * u + mien_rng_range(r, -3, 3);
    s->roll = mien_rng_range(r, -4, 4);
    s->position[0] = mien_rng_range(r, -30, 30);
    s->position[1] = mien_rng_range(r, -20, 20);
    s->position[2] = base->position[2] + mien_rng_range(r, -20, 20);
    memset(s->blendshape, 0, sizeof(s->blendshape));
    mien_synth_viseme((int)mien_rng_below(r, MIEN_SYNTH_VISEMES), mien_rng_range(r, 0, 0.6f),
                      s->blendshape);
    float smile = fmaxf(0, mien_rng_range(r, -0.6f, 0.6f));
    s->blendshape[MIEN_BS_MOUTH_SMILE_LEFT] += smile;
    s->blendshape[MIEN_BS_MOUTH_SMILE_RIGHT] += smile;
    s->blendshape[MIEN_BS_CHEEK_SQUINT_LEFT] += 0.5f * smile;
    s->blendshape[MIEN_BS_CHEEK_SQUINT_RIGHT] += 0.5f * smile;
    s->blendshape[MIEN_BS_BROW_INNER_UP] += fmaxf(0, mien_rng_range(r, -0.6f, 0.4f));
    if (k % 13 == 7) {
        s->blendshape[MIEN_BS_EYE_BLINK_LEFT] = s->blendshape[MIEN_BS_EYE_BLINK_RIGHT] = 0.9f;
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        s->blendshape[i] = fminf(1, s->blendshape[i]);
    }
    s->gaze_yaw = fmaxf(-25, fminf(25, -s->yaw));
    s->gaze_pitch = fmaxf(-15, fminf(15, -s->pitch));
    s->noise_seed = mien_rng_u32(r);
}

static void make_person(const struct mien_synth_assets *a, struct mien_rng *r,
                        struct mien_synth_person *p, struct mien_synth_scene *s)
{
    mien_synth_person_sample(p, a, r);
    mien_synth_scene_sample(s, a, p, HEIGHT, NULL, 0, r);
    mien_synth_make_plain(p, s, 1.5f);
    s->body_yaw = s->body_pitch = s->body_roll = 0;
    s->fixed_camera = true;
    s->camera = mien_camera_make(WIDTH, HEIGHT, fov_deg);
    s->position[2] = -mien_rng_range(r, 400, 560);
}

// The skin under even light: the mean of two renderings whose light comes from opposite sides.
static bool render_even(struct scans *e, const struct mien_synth_person *p,
                        struct mien_synth_scene *s, struct mien_label *label)
{
    s->environment = -1;
    s->ambient = s->ambient_rgb[0] = s->ambient_rgb[1] = s->ambient_rgb[2] = 1;
    s->light = 0;
    s->noise = s->chroma_noise = s->vignette = 0;
    memset(s->environment_turn, 0, sizeof(s->environment_turn));
    mien_synth_render(e->renderer, p, s, &e->picture, label);
    s->environment_turn[1] = 180;
    mien_synth_render(e->renderer, p, s, &e->other, NULL);
    for (int y = 0; y < HEIGHT; y++) {
        uint8_t *a = e->picture.data + (size_t)y * e->picture.stride;
        const uint8_t *b = e->other.data + (size_t)y * e->other.stride;
        for (int x = 0; x < 3 * WIDTH; x++) {
            a[x] = (uint8_t)((a[x] + b[x] + 1) / 2);
        }
    }
    return true;
}

static bool paint_truth(struct scans *e, const struct mien_synth_person *p,
                        const struct mien_synth_scene *base, struct mien_texture *t)
{
    bool ok = mien_texture_create(t, &e->model, SKIN);
    for (int k = 0; ok && k < EVEN_LOOKS; k++) {
        struct mien_synth_scene s = *base;
        struct mien_label label;
        struct mien_face_result f = {0};
        memset(s.blendshape, 0, sizeof(s.blendshape));
        s.yaw = -50 + 25 * (float)k;
        s.pitch = s.roll = s.position[0] = s.position[1] = s.gaze_yaw = s.gaze_pitch = 0;
        ok = render_even(e, p, &s, &label);
        f.pose = label.pose;
        memcpy(f.identity, p->identity, sizeof(f.identity));
        memcpy(f.blendshape, label.blendshape, sizeof(f.blendshape));
        if (ok && mien_posed_set(&e->posed, &label.camera, &f)) {
            mien_texture_add(t, &e->posed, &e->picture, NULL);
        }
    }
    return ok;
}

// Marks the narrow face's texels: neither hair nor clothes are there.
static bool mark_narrow(struct scans *e)
{
    const struct mien_face_model *m = &e->model;
    e->narrow = mien_calloc((size_t)SKIN * SKIN, 1);
    for (int k = 0; e->narrow && k < m->triangles; k++) {
        struct mien_texture_patch p = {0};
        bool all = m->part[k] == MIEN_PART_FACE && !mien_face_model_under_jaw(m, k) &&
                   mien_texture_patch(m, m->uv_triangle + 3 * k, SKIN, SKIN, &p);
        for (int i = 0; i < 3; i++) {
            all = all && m->vertex_mask[m->triangle[3 * k + i]] >> MIEN_PART_FACE & 1;
        }
        for (int y = p.y0; all && y <= p.y1; y++) {
            for (int x = p.x0; x <= p.x1; x++) {
                float b[3];
                if (mien_texture_within(&p, x, y, b) && fminf(b[0], fminf(b[1], b[2])) >= 0) {
                    e->narrow[y * SKIN + x] = 1;
                }
            }
        }
    }
    return e->narrow != NULL;
}

// Mean difference over the narrow face's texels that were seen, over their mean; a channel's gain,
// which nobody can tell from the light, is taken out.
static double compare_skin(const struct scans *e, const struct mien_texture *truth,
                           const struct mien_image *skin)
{
    double a[3] = {0}, b[3] = {0}, off = 0, all = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int y = 0; y < SKIN; y++) {
            for (int x = 0; x < SKIN; x++) {
                const float *t = truth->sum + 4 * ((size_t)y * 2 * SKIN + (size_t)x);
                const uint8_t *o = skin->data + (size_t)y * skin->stride + 3 * (size_t)x;
                for (int k = 0; e->narrow[y * SKIN + x] && t[3] > 0.3f && k < 3; k++) {
                    double v = (double)(t[k] / t[3]);
                    if (pass) {
                        off += fabs(o[k] * a[k] / b[k] - v);
                        all += v;
                    } else {
                        a[k] += v;
                        b[k] += o[k];
                    }
                }
            }
        }
    }
    return off / all;
}

static bool scan_person(struct scans *e, struct mien_head_scan *s, struct mien_rng *r)
{
    struct mien_synth_person p;
    struct mien_synth_scene base, scene;
    struct mien_head h = {0};
    struct mien_texture truth = {0};
    make_person(&e->assets, r, &p, &base);
    bool ok = true;
    for (int k = 0; ok && k < FRAMES; k++) {
        make_frame(&base, k, r, &scene);
        mien_synth_render(e->renderer, &p, &scene, &e->picture, NULL);
        ok = mien_head_scan_look(s, &e->picture);
    }
    if (!ok || !mien_head_scan_finish(s, SKIN, &h)) {
        e->missed++;
        return ok;
    }
    struct mien_reconstruction *both[2] = {&e->before, &e->after};
    for (int i = 0; i < 2; i++) {
        mien_reconstruction_truth(both[i], p.identity, NULL);
        mien_reconstruction_add(both[i], MIEN_RECONSTRUCTION_MEAN, NULL, NULL);
        mien_reconstruction_add(both[i], MIEN_RECONSTRUCTION_FIT, i ? h.identity : s->known.mean,
                                NULL);
    }
    ok = paint_truth(e, &p, &base, &truth);
    if (ok) {
        e->skin += compare_skin(e, &truth, &h.skin);
        e->focal += fabs(log((double)(s->found.focal)));
        e->people++;
    }
    mien_texture_destroy(&truth);
    mien_image_destroy(&h.skin);
    return ok;
}

static void print_scans(const struct scans *e, bool json)
{
    enum { M = MIEN_RECONSTRUCTION_IDENTITY_ALIGNED };
    double mean = mien_reconstruction_mm(&e->after, MIEN_RECONSTRUCTION_MEAN, M);
    double before = mien_reconstruction_ratio(&e->before, MIEN_RECONSTRUCTION_FIT, M);
    double after = mien_reconstruction_ratio(&e->after, MIEN_RECONSTRUCTION_FIT, M);
    double skin = e->skin / e->people;
    if (json) {
        printf("{\"people\":%d,\"missed\":%d,\"mean_face_mm\":%.4g,\"looks\":%.4g,\"scan\":%.4g,"
               "\"texture\":%.4g}\n",
               e->people, e->missed, mean, before, after, skin);
        return;
    }
    printf("%d rendered people scanned in %d frames each, %d not seen; the mean face is %.2f mm "
           "from them\nvertex error over the mean face's: by all looks of the portrait network "
           "%.3f, refined together %.3f\ntexture error where the skin was seen: %.1f %%\n",
           e->people, FRAMES, e->missed, mean, before, after, 100 * skin);
}

int mien_eval_scan(const struct mien_eval *c)
{
    struct scans *e = mien_calloc(1, sizeof(*e));
    struct mien_head_scan *s = mien_calloc(1, sizeof(*s));
    int status = 2;
    if (!e || !s || !mien_face_model_load(&e->model, c->model) ||
        !mien_synth_assets_load(&e->assets, &e->model, NULL, NULL, 0) ||
        !(e->renderer = mien_synth_renderer_create(&e->assets, WIDTH, HEIGHT)) ||
        !mien_image_create(&e->picture, WIDTH, HEIGHT, MIEN_FORMAT_RGB8) ||
        !mien_image_create(&e->other, WIDTH, HEIGHT, MIEN_FORMAT_RGB8) ||
        !mien_posed_create(&e->posed, &e->model) || !mark_narrow(e) ||
        !mien_reconstruction_init(&e->before, &e->model) ||
        !mien_reconstruction_init(&e->after, &e->model)) {
        goto out;
    }
    struct mien_progress bar = {0};
    mien_progress_begin(&bar, "scanning", "people", 0, c->people);
    bool ok = true;
    for (int i = 0; ok && i < c->people; i++) {
        struct mien_rng r;
        mien_rng_seed(&r, (uint64_t)c->seed, 0x5ca0ULL + (uint64_t)i);
        ok = mien_head_scan_open(
                 s, &(struct mien_head_scan_options){.net = c->net,
                                                     .face = c->model,
                                                     .portrait = c->portrait,
                                                     .fov_deg = c->camera_unknown ? 0 : fov_deg}) &&
             scan_person(e, s, &r);
        mien_head_scan_close(s);
        memset(s, 0, sizeof(*s));
        mien_progress_update(&bar, i + 1, NULL);
    }
    mien_progress_end(&bar, c->people);
    if (ok && e->people) {
        print_scans(e, c->json);
        status = 0;
    }
out:
    if (s) {
        mien_head_scan_close(s);
    }
    if (e) {
        mien_posed_destroy(&e->posed);
        mien_free(e->narrow);
        mien_reconstruction_destroy(&e->before);
        mien_reconstruction_destroy(&e->after);
        mien_image_destroy(&e->picture);
        mien_image_destroy(&e->other);
        mien_synth_renderer_destroy(e->renderer);
        mien_synth_assets_destroy(&e->assets);
        mien_face_model_destroy(&e->model);
    }
    mien_free(e);
    mien_free(s);
    return status;
}

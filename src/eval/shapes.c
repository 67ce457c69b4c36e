// Renders each blendshape at increasing weights on several people and records the network's
// answers.
#include "eval/eval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "synth/render.h"

enum { WIDTH = 320, HEIGHT = 320, SHAPES = MIEN_BLENDSHAPES - 1 }; // there is no tongueOut

struct reading {
    double value[MIEN_BLENDSHAPES]; // sum over people of each channel
    int people;
};

struct table {
    struct reading rest, shape[SHAPES];
    int missed; // pictures in which no face was found
};

// An adult with nothing before the face, in plain light.
static void make_person(const struct mien_synth_assets *a, int seed, int number,
                        struct mien_synth_person *p, struct mien_synth_scene *s)
{
    struct mien_rng r;
    mien_rng_seed(&r, (uint64_t)seed, 0x5a5aULL + (uint64_t)number);
    mien_synth_person_sample(p, a, &r);
    mien_synth_scene_sample(s, a, p, HEIGHT, NULL, 0, &r);
    mien_synth_make_plain(p, s, 1.5f);
    p->hair_kind = MIEN_HAIR_CAP;
    s->yaw = mien_rng_range(&r, -12, 12);
    s->pitch = mien_rng_range(&r, -8, 8);
    s->roll = mien_rng_range(&r, -5, 5);
    s->body_yaw = s->body_pitch = s->body_roll = 0;
    s->fixed_camera = true;
    s->camera = mien_camera_make(WIDTH, HEIGHT, 50);
    s->position[0] = s->position[1] = 0;
    s->position[2] = -480;
    s->own_look = true;
}

static void read_face(struct mien_engine *e, const struct mien_image *im, struct reading *r,
                      struct table *t)
{
    struct mien_result result;
    if (!mien_engine_run(e, im, 0, &result) || result.count == 0) {
        t->missed++;
        return;
    }
    for (int k = 0; k < MIEN_BLENDSHAPES; k++) {
        r->value[k] += (double)result.face[0].blendshape[k];
    }
    r->people++;
}

static bool keep_picture(const char *dir, int person, const char *shape,
                         const struct mien_image *im)
{
    char path[1200];
    if (!dir) {
        return true;
    }
    snprintf(path, sizeof(path), "%s/%02d-%s.png", dir, person, shape);
    return mien_image_save(path, im);
}

static bool read_people(const struct mien_eval *c, struct mien_engine *e,
                        const struct mien_synth_assets *a, struct mien_synth_renderer *renderer,
                        struct mien_image *im, struct table *t)
{
    struct mien_progress bar = {0};
    bool ok = true;
    mien_progress_begin(&bar, "reading", "people", 0, c->people);
    for (int i = 0; i < c->people && ok; i++) {
        struct mien_synth_person p;
        struct mien_synth_scene s;
        make_person(a, c->seed, i, &p, &s);
        for (int k = -1; k < SHAPES && ok; k++) {
            memset(s.blendshape, 0, sizeof(s.blendshape));
            if (k >= 0) {
                s.blendshape[k] = 1;
                // Lips that stay closed over a lowered jaw: without it they would pass each other.
                s.blendshape[MIEN_BS_JAW_OPEN] += k == MIEN_BS_MOUTH_CLOSE;
            }
            mien_synth_render(renderer, &p, &s, im, NULL);
            read_face(e, im, k < 0 ? &t->rest : &t->shape[k], t);
            ok = keep_picture(c->pictures, i, k < 0 ? "rest" : mien_blendshape_name(k), im);
        }
        mien_progress_update(&bar, i + 1, NULL);
    }
    mien_progress_end(&bar, c->people);
    return ok;
}

// Mean of a channel, less its mean at rest.
static double change(const struct table *t, int shape, int channel)
{
    const struct reading *r = &t->shape[shape];
    return r->value[channel] / fmax(1, r->people) -
           t->rest.value[channel] / fmax(1, t->rest.people);
}

// The channel that changes most; mouthClose is rendered with a lowered jaw, which is let off.
static int strongest_change(const struct table *t, int shape)
{
    int best = 0;
    for (int k = 0; k < SHAPES; k++) {
        bool given = shape == MIEN_BS_MOUTH_CLOSE && k == MIEN_BS_JAW_OPEN;
        if (!given && fabs(change(t, shape, k)) > fabs(change(t, shape, best))) {
            best = k;
        }
    }
    return best;
}

static void print_table(const struct table *t, bool json)
{
    int most = 0, sides = 0;
    double own = 0, other = 0;
    if (!json) {
        printf("%-22s %6s %6s   %s\n", "shape at 1.0", "own", "other", "changes most");
    }
    for (int s = 0; s < SHAPES; s++) {
        int m = strongest_change(t, s), mirror = mien_blendshape_mirror(s);
        double v = change(t, s, s), o = change(t, s, mirror);
        most += m == s;
        own += v / SHAPES;
        sides += mirror != s;
        other += mirror != s ? o : 0;
        if (json) {
            printf("%s\"%s\":{\"own\":%.3f,\"other\":%.3f,\"most\":\"%s\",\"change\":%.3f}",
                   s ? "," : "{\"shapes\":{", mien_blendshape_name(s), v, mirror != s ? o : 0,
                   mien_blendshape_name(m), change(t, s, m));
        } else if (mirror != s) {
            printf("%-22s %6.2f %6.2f   %s %.2f\n", mien_blendshape_name(s), v, o,
                   m == s ? "itself" : mien_blendshape_name(m), change(t, s, m));
        } else {
            printf("%-22s %6.2f %6s   %s %.2f\n", mien_blendshape_name(s), v, "-",
                   m == s ? "itself" : mien_blendshape_name(m), change(t, s, m));
        }
    }
    other /= sides > 0 ? sides : 1;
    if (json) {
        printf("},\"most\":%d,\"of\":%d,\"own\":%.3f,\"other\":%.3f,\"missed\":%d}\n", most, SHAPES,
               own, other, t->missed);
    } else {
        printf(
            "changes most itself: %d of %d; own value %.3f; other side %.3f; no face found in %d "
            "pictures\n",
            most, SHAPES, own, other, t->missed);
    }
}

int mien_eval_shapes(const struct mien_eval *c)
{
    struct mien_face_model model = {0};
    struct mien_synth_assets assets = {0};
    struct mien_synth_renderer *renderer = NULL;
    struct mien_engine *engine = NULL;
    struct mien_image im = {0};
    struct table *t = mien_calloc(1, sizeof(*t));
    int status = 2;
    if (!t || (c->pictures && !mien_dir_make(c->pictures)) ||
        !mien_face_model_load(&model, c->model) ||
        !mien_synth_assets_load(&assets, &model, NULL, NULL, 0) ||
        !(renderer = mien_synth_renderer_create(&assets, WIDTH, HEIGHT)) ||
        !mien_image_create(&im, WIDTH, HEIGHT, MIEN_FORMAT_RGB8) ||
        !(engine = mien_engine_create(&(struct mien_engine_config){.face_path = c->model,
                                                                   .net_path = c->net,
                                                                   .fov_deg = 50,
                                                                   .still = true,
                                                                   .max_faces = 1}))) {
        goto out;
    }
    status = read_people(c, engine, &assets, renderer, &im, t) ? 0 : 1;
    if (!status) {
        print_table(t, c->json);
    }
out:
    mien_free(t);
    mien_engine_destroy(engine);
    mien_image_destroy(&im);
    mien_synth_renderer_destroy(renderer);
    mien_synth_assets_destroy(&assets);
    mien_face_model_destroy(&model);
    return status;
}

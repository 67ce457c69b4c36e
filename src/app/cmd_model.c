// `mien model build|info|seal`: compiles the morphable model, describes one, and rewrites files of
// older versions.
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/args.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "face/model.h"
#include "prepare/model_build.h"

struct options {
    const char *ict, *out; // build
    struct mien_model_lists lists;
    bool landmarks; // info
};

static int build(const struct options *o)
{
    const char *ict = o->ict;
    if (!o->out) {
        mien_error("model build: --out FILE is missing");
        return 2;
    }
    char dir[1024];
    if (!ict) {
        const char *data = mien_data_dir();
        if (!data) {
            mien_error("no training data: give --ict FOLDER, or set MIEN_DATA");
            return 2;
        }
        snprintf(dir, sizeof dir, "%s/data/ict-facekit", data);
        ict = dir;
    }
    return mien_face_model_build(ict, &o->lists, o->out) ? 0 : 2;
}

static double best_ms(int runs, void (*fn)(void *), void *arg)
{
    int64_t best = INT64_MAX;
    for (int i = 0; i < runs; i++) {
        const int64_t t = mien_now_ns();
        fn(arg);
        const int64_t d = mien_now_ns() - t;
        best = d < best ? d : best;
    }
    return (double)best / 1e6;
}

struct timing {
    struct mien_face_model m;
    float identity[MIEN_IDENTITY], blendshape[MIEN_BLENDSHAPES];
    float *base, *out;
};

static void run_full(void *arg)
{
    struct timing *t = arg;
    mien_face_model_vertices(&t->m, t->identity, t->blendshape, t->out);
}

static void run_locked(void *arg)
{
    struct timing *t = arg;
    mien_face_model_add_blendshapes(&t->m, t->base, t->blendshape, t->out);
}

static void run_normals(void *arg)
{
    struct timing *t = arg;
    mien_face_model_normals(&t->m, t->base, t->out);
}

static int info(const char *path, bool landmarks)
{
    static const char *const part[MIEN_PARTS] = {
        "face",       "head",         "mouth",         "gums",  "teeth",
        "eye socket", "left eyeball", "right eyeball", "other",
    };
    struct timing t = {0};
    if (!mien_face_model_load(&t.m, path)) {
        return 2;
    }
    const struct mien_face_model *m = &t.m;
    printf("vertices %d  triangles %d  uv points %d  landmarks %d  identity %d  blendshapes %d\n",
           m->vertices, m->triangles, m->uvs, m->landmarks, MIEN_IDENTITY, MIEN_BLENDSHAPES);
    int count[MIEN_PARTS] = {0}, alone = 0;
    for (int i = 0; i < m->triangles; i++) {
        count[m->part[i]]++;
    }
    for (int i = 0; i < MIEN_PARTS; i++) {
        printf("  %-14s %6d triangles\n", part[i], count[i]);
    }
    for (int i = 0; i < m->vertices; i++) {
        alone += m->mirror[i] < 0;
    }
    printf("vertices without a mirror image: %d\n", alone);
    printf("eye centres (%.1f %.1f %.1f) (%.1f %.1f %.1f) mm, radius %.1f mm\n",
           (double)m->eye_centre[0][0], (double)m->eye_centre[0][1], (double)m->eye_centre[0][2],
           (double)m->eye_centre[1][0], (double)m->eye_centre[1][1], (double)m->eye_centre[1][2],
           (double)m->eye_radius_mm);
    for (int i = 0; landmarks && i < m->landmarks; i++) {
        const struct mien_landmark *l = &m->landmark[i];
        printf("%3d %-20s mediapipe %3d mirror %3d weight %.1f  (%6.1f %6.1f %6.1f) mm", i, l->name,
               l->mediapipe, l->mirror, (double)l->fit_weight, (double)m->landmark_mean[3 * i],
               (double)m->landmark_mean[3 * i + 1], (double)m->landmark_mean[3 * i + 2]);
        for (int k = 0; k < MIEN_IBUG; k++) {
            if (m->ibug[k] == i) {
                printf(" ibug %d", k);
            }
        }
        printf("\n");
    }
    struct mien_rng rng;
    mien_rng_seed(&rng, 1, 1);
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        t.identity[i] = mien_rng_normal(&rng);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        t.blendshape[i] = mien_rng_float(&rng);
    }
    t.base = mien_calloc(3 * (size_t)m->vertices, sizeof(float));
    t.out = mien_calloc(MIEN_NORMAL_ROOM * (size_t)m->vertices, sizeof(float));
    int status = 1;
    if (t.base && t.out) {
        mien_face_model_vertices(m, t.identity, NULL, t.base);
        printf("time of one evaluation, best of 50: identity + all blendshapes %.2f ms, locked "
               "identity + all blendshapes %.2f ms, normals %.2f ms\n",
               best_ms(50, run_full, &t), best_ms(50, run_locked, &t),
               best_ms(50, run_normals, &t));
        status = 0;
    }
    mien_free(t.base);
    mien_free(t.out);
    mien_face_model_destroy(&t.m);
    return status;
}

static int run(const struct options *o, const char *const *args, int nargs)
{
    int status = 0;
    if (!strcmp(args[0], "build") && nargs == 1) {
        return build(o);
    }
    if (!strcmp(args[0], "seal") && nargs > 1) {
        for (int i = 1; i < nargs; i++) {
            status = mien_container_seal(args[i]) ? status : 2;
        }
        return status;
    }
    if (!strcmp(args[0], "info") && nargs <= 2) {
        return info(nargs > 1 ? args[1] : NULL, o->landmarks);
    }
    mien_error("model: `build` takes no file (use --out), `info` one at most, `seal` one at least");
    return 2;
}

int mien_cmd_model(int argc, char **argv)
{
    struct options o = {0};
    const struct mien_command cmd = {
        .name = "model",
        .synopsis = "build|info [FILE]|seal FILE… [options]",
        .summary =
            "compile the morphable face model (build), describe one (info), or rewrite models, "
            "networks and checkpoints of older versions in the present format (seal)",
        .example = "mien model build --out models/ict.face --refine assets/landmarks.txt "
                   "--ibug assets/ibug68.txt --ibug-shift assets/ibug68_shift.txt\n"
                   "mien model info models/ict.face --landmarks\n"
                   "mien model seal models/ict.face models/*.net",
        .min_args = 1,
        .max_args = -1,
        .sub = "build|info|seal",
    };
    const struct mien_opt opts[] = {
        {"ict", 0, MIEN_OPT_FIELD(&o.ict), "FOLDER", "ICT-FaceKit's arrays (build)", 0, 0},
        {"ibug", 0, MIEN_OPT_INPUT, &o.lists.ibug, "FILE",
         "the iBUG 68 points as mixtures of landmarks (build)", 0, 0},
        {"ibug-shift", 0, MIEN_OPT_INPUT, &o.lists.shift, "FILE",
         "by how much people mark them elsewhere, depending on the face's shape (build)", 0, 0},
        {"refine", 0, MIEN_OPT_INPUT, &o.lists.refine, "FILE",
         "corrected landmark positions (build)", 0, 0},
        {"out", 'o', MIEN_OPT_OUTPUT, &o.out, "FILE", "file to write the model to (build)", 0, 0},
        {"landmarks", 'l', MIEN_OPT_FIELD(&o.landmarks), NULL, "list the landmarks (info)", 0, 0},
        {0},
    };
    const char **args = mien_calloc((size_t)argc + 1, sizeof(*args));
    int nargs = 0, status = args ? mien_args_parse(&cmd, opts, argc, argv, args, &nargs) : 2;
    if (!status) {
        status = mien_args_keep_apart(opts) ? run(&o, args, nargs) : 2;
    } else if (status == 1) {
        status = 0;
    }
    mien_free(args);
    return status;
}

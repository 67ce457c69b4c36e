// `mien synth`: rendered people with exact labels, as a pack, a contact sheet or a clip.
#include "app/commands.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/thread.h"
#include "image/image.h"
#include "learn/pack.h"
#include "learn/parallel.h"
#include "synth/clip.h"
#include "synth/render.h"

enum { ROUND = 64, THREADS_MAX = 256, PART = 1420 }; // pairs of pictures a round

struct options {
    const char *out, *sheet, *clip; // one of them
    int count, size_px, seconds, threads;
    int split; // 0 training, 1 validation
    bool labels;
    const char *data, *textures, *expressions, *model;
    struct mien_synth_series series;
};

struct slot {
    struct mien_label label;
    void *jpeg;
    size_t size;
};

struct job {
    const struct options *o;
    struct mien_pool *pool;
    int workers; // with a renderer and a picture each
    struct mien_synth_renderer *renderer[THREADS_MAX];
    struct mien_image image[THREADS_MAX];
    struct slot slot[2 * ROUND];
    uint64_t first, end;
    bool raw; // keep pixels for the sheet instead of JPEG
    struct mien_image sheet[2 * ROUND];
};

static void render_pair(void *arg, size_t index, int worker)
{
    struct job *j = arg;
    for (size_t k = 2 * index; k < 2 * index + 2; k++) {
        if (j->first + k >= j->end) {
            return;
        }
        struct slot *s = &j->slot[k];
        struct mien_image *im = j->raw ? &j->sheet[k] : &j->image[worker];
        int quality = 90;
        mien_synth_render_index(j->renderer[worker], &j->o->series, j->first + k, im, &s->label,
                                &quality);
        if (!j->raw && !mien_jpeg_encode(im, quality, &s->jpeg, &s->size)) {
            s->jpeg = NULL;
        }
    }
}

static void draw_labels(struct mien_image *im, const struct mien_label *l, float k)
{
    static const struct mien_rgb seen = {60, 255, 90}, hidden = {255, 70, 60};
    for (int i = 0; i < MIEN_LANDMARKS_MAX; i++) {
        if (l->landmark_weight[i] > 0) {
            mien_draw_disc(im, (l->landmark_px[i][0] + 0.5f) * k - 0.5f,
                           (l->landmark_px[i][1] + 0.5f) * k - 0.5f, 1.1f,
                           l->landmark_weight[i] > 0.5f ? seen : hidden, 0.9f);
        }
    }
    static const struct mien_rgb axis[3] = {{255, 60, 60}, {60, 255, 60}, {80, 120, 255}};
    float o[2];
    if (!mien_camera_project(&l->camera, l->pose.t, o)) {
        return;
    }
    for (int a = 0; a < 3; a++) {
        float q[3], p[2];
        for (int c = 0; c < 3; c++) {
            q[c] = l->pose.t[c] + 90 * l->pose.R[3 * c + a];
        }
        if (mien_camera_project(&l->camera, q, p)) {
            mien_draw_line(im, (o[0] + .5f) * k - .5f, (o[1] + .5f) * k - .5f,
                           (p[0] + .5f) * k - .5f, (p[1] + .5f) * k - .5f, 2, axis[a], 1);
        }
    }
}

static int make_sheet(struct job *j)
{
    const struct options *o = j->o;
    int count = o->count < 1 ? 48 : o->count > 2 * ROUND ? 2 * ROUND : o->count;
    int columns = 8, rows = (count + columns - 1) / columns, zoom = o->labels ? 2 : 1,
        size = o->size_px, cell = size * zoom;
    struct mien_image sheet = {0};
    if (!mien_image_create(&sheet, columns * cell, rows * cell, MIEN_FORMAT_RGB8)) {
        return 1;
    }
    bool ok = true;
    j->raw = true;
    for (int i = 0; ok && i < count; i++) {
        ok = mien_image_create(&j->sheet[i], size, size, MIEN_FORMAT_RGB8);
    }
    j->end = (uint64_t)count;
    if (ok) {
        mien_pool_run(j->pool, (size_t)(count + 1) / 2, render_pair, j);
    }
    for (int i = 0; ok && i < count; i++) {
        struct mien_image cut = {.data = sheet.data + (size_t)(i / columns * cell) * sheet.stride +
                                         3 * (size_t)(i % columns * cell),
                                 .width = cell,
                                 .height = cell,
                                 .stride = sheet.stride,
                                 .format = MIEN_FORMAT_RGB8};
        mien_resize(&j->sheet[i], &cut);
        if (o->labels) {
            draw_labels(&cut, &j->slot[i].label, (float)zoom);
        }
    }
    ok = ok && mien_image_save(o->sheet, &sheet);
    for (int i = 0; i < count; i++) {
        mien_image_destroy(&j->sheet[i]);
    }
    mien_image_destroy(&sheet);
    return ok ? 0 : 1;
}

static bool part_name(const char *path, uint64_t number, int rank, char out[PART])
{
    int n = snprintf(out, PART, "%s.%013" PRIx64 ".rank%d", path, number, rank);
    return n > 0 && n < PART;
}

// The same number on all ranks, that nobody can guess: 52 bits, which a double holds.
static bool draw_number(struct mien_parallel *parallel, uint64_t *number)
{
    uint64_t drawn = 0;
    bool ok = parallel->rank || getrandom(&drawn, sizeof drawn, 0) == (ssize_t)sizeof drawn;
    double shared = (double)(drawn >> 12);
    ok = mien_parallel_sum_doubles(parallel, &shared, 1) && ok;
    *number = (uint64_t)shared;
    return ok;
}

// The parts that the ranks wrote, one after the other.
static bool gather_parts(const char *path, uint64_t number, int ranks)
{
    struct mien_pack_writer w = {0};
    bool ok = mien_pack_writer_open(&w, path, false);
    for (int r = 0; ok && r < ranks; r++) {
        char part[PART];
        struct mien_pack p = {0};
        part_name(path, number, r, part);
        ok = mien_pack_open(&p, part);
        for (size_t i = 0; ok && i < p.count; i++) {
            struct mien_label l;
            const uint8_t *jpeg = NULL;
            mien_pack_get(&p, i, &l, &jpeg);
            ok = mien_pack_write(&w, &l, jpeg);
        }
        mien_pack_close(&p);
    }
    return mien_pack_writer_close(&w, ok);
}

// Rank r renders the r-th part of the indices; rank 0 puts the parts together, so that the pack
// does not depend on the number of ranks.
static int make_pack(struct job *j, struct mien_parallel *parallel)
{
    const char *path = j->o->out;
    const int total = j->o->count;
    char part[PART] = "";
    uint64_t number = 0;
    long long pairs = (total + 1) / 2, from = 2 * (pairs * parallel->rank / parallel->ranks);
    long long to = 2 * (pairs * (parallel->rank + 1) / parallel->ranks);
    long long count = (to < total ? to : total) - from;
    struct mien_pack_writer w = {0};
    bool split = parallel->ranks > 1;
    if (split &&
        (!draw_number(parallel, &number) || !part_name(path, number, parallel->rank, part))) {
        mien_error("--out: no name for the parts: the path is too long");
        return 2;
    }
    if (!mien_pack_writer_open(&w, split ? part : path, false)) {
        return 2;
    }
    struct mien_progress progress = {0};
    bool quiet = parallel->rank > 0;
    if (!quiet) {
        mien_progress_begin(&progress, "rendering", "pictures", 0, count);
    }
    long long done = 0;
    bool ok = true;
    while (ok && done < count && !mien_stop_asked()) {
        j->first = (uint64_t)(from + done);
        j->end = (uint64_t)(from + count);
        long long n = count - done < 2 * ROUND ? count - done : 2 * ROUND;
        mien_pool_run(j->pool, (size_t)(n + 1) / 2, render_pair, j);
        for (int i = 0; i < n; i++) {
            struct slot *s = &j->slot[i];
            s->label.split = j->o->split;
            s->label.jpeg_bytes = (uint32_t)s->size;
            ok = ok && s->jpeg && mien_pack_write(&w, &s->label, s->jpeg);
            mien_free(s->jpeg);
            s->jpeg = NULL;
        }
        done += n;
        if (!quiet) {
            mien_progress_update(&progress, done, NULL);
        }
    }
    if (!quiet) {
        mien_progress_end(&progress, done);
    }
    ok = mien_pack_writer_close(&w, ok);
    double all[2] = {(double)done, ok ? 0 : 1};
    ok = mien_parallel_sum_doubles(parallel, all, 2) && all[1] == 0;
    done = (long long)all[0];
    if (split) {
        ok = ok && (parallel->rank || gather_parts(path, number, parallel->ranks));
        mien_parallel_wait(parallel);
        remove(part);
    }
    if (!ok) {
        return 1;
    }
    if (parallel->rank) {
        return 0;
    }
    if (mien_stop_asked()) {
        mien_info("stopped: %s holds the %lld pictures that were done", path, done);
    } else {
        mien_info("%s: %lld pictures", path, done);
    }
    return 0;
}

// Expressions of a pack's labels, for --expressions. (count,52), mien_free.
static float *load_bank(const char *path, int *count)
{
    struct mien_pack pack;
    if (!mien_pack_open(&pack, path)) {
        return NULL;
    }
    float *bank = mien_calloc(pack.count ? pack.count : 1, MIEN_BLENDSHAPES * sizeof *bank);
    int n = 0;
    for (size_t i = 0; bank && i < pack.count && n < 1000000; i++) {
        struct mien_label l;
        const uint8_t *jpeg;
        mien_pack_get(&pack, i, &l, &jpeg);
        if (!(l.mask & MIEN_LABEL_BLENDSHAPES)) {
            continue;
        }
        for (int k = 0; k < MIEN_BLENDSHAPES; k++) {
            float v = l.blendshape_weight[k] > 0 ? l.blendshape[k] : 0;
            bank[(size_t)n * MIEN_BLENDSHAPES + (size_t)k] = v > 0 ? (v < 1 ? v : 1) : 0;
        }
        n++;
    }
    mien_pack_close(&pack);
    if (bank && !n) {
        mien_error("%s: no record has an expression", path);
        mien_free(bank);
        return NULL;
    }
    *count = n;
    return bank;
}

// Frames as PNG files; OUT.mp4 is for the caller to encode.
static int make_clip(const struct options *o)
{
    struct mien_synth_clip *c = mien_synth_clip_open(o->series.seed, 640, 480, 30, o->data);
    struct mien_image im = {0};
    int status = 1, total = o->seconds * 30;
    if (!c || !mien_dir_make(o->clip) || !mien_image_create(&im, 640, 480, MIEN_FORMAT_RGB8)) {
        goto out;
    }
    struct mien_progress progress = {0};
    mien_progress_begin(&progress, "rendering", "frames", 0, total);
    status = 0;
    int i = 0;
    for (; i < total && !mien_stop_asked() && !status; i++) {
        char path[1400];
        snprintf(path, sizeof path, "%s/%05d.png", o->clip, i);
        status = mien_synth_clip_frame(c, i, &im, NULL) && mien_png_save(path, &im) ? 0 : 1;
        mien_progress_update(&progress, i + 1, NULL);
    }
    mien_progress_end(&progress, i);
out:
    mien_image_destroy(&im);
    mien_synth_clip_close(c);
    return status;
}

// Renderers and pictures for as many threads as there are. False: what there is, is still closed.
static bool open_job(struct job *j, const struct mien_synth_assets *assets, int threads)
{
    const int size = j->o->size_px;
    j->pool = mien_pool_create(threads);
    const int workers = j->pool ? mien_pool_threads(j->pool) : 0;
    bool ok = workers > 0;
    for (; ok && j->workers < workers && j->workers < THREADS_MAX; j->workers++) {
        const int i = j->workers;
        j->renderer[i] = mien_synth_renderer_create(assets, size, size);
        ok = j->renderer[i] && mien_image_create(&j->image[i], size, size, MIEN_FORMAT_RGB8);
    }
    return ok;
}

static void close_job(struct job *j)
{
    for (int i = 0; i < j->workers; i++) {
        mien_synth_renderer_destroy(j->renderer[i]);
        mien_image_destroy(&j->image[i]);
    }
    mien_pool_destroy(j->pool);
    mien_free(j);
}

static int make_pictures(struct options *o, struct mien_parallel *parallel)
{
    static struct mien_synth_assets assets; // large
    struct mien_face_model model;
    float *bank = NULL;
    int status = 2;
    struct job *j = mien_calloc(1, sizeof(*j));
    if (!j || !mien_face_model_load(&model, o->model)) {
        mien_free(j);
        return 2;
    }
    j->o = o;
    if (mien_synth_assets_load(&assets, &model, o->data, o->textures, 0) &&
        (!o->expressions || (bank = load_bank(o->expressions, &o->series.bank_count)))) {
        o->series.bank = bank;
        status = 1;
        if (open_job(j, &assets, mien_parallel_threads(parallel, o->threads))) {
            status = o->out ? make_pack(j, parallel) : parallel->rank ? 0 : make_sheet(j);
        }
    }
    close_job(j);
    mien_free(bank);
    mien_synth_assets_destroy(&assets);
    mien_face_model_destroy(&model);
    return status;
}

int mien_cmd_synth(int argc, char **argv)
{
    struct options o = {
        .size_px = 160,
        .seconds = 12,
        .series = {.seed = 1, .children = 0.05f, .gaping = 0.02f, .strange = 0.3f, .webcam = 0.3f},
    };
    const struct mien_opt opts[] = {
        {"count", 0, MIEN_OPT_FIELD(&o.count), "N", "how many pictures (a sheet: 48, at most 128)",
         0, 1e8},
        {"out", 'o', MIEN_OPT_OUTPUT, &o.out, "FILE", "write a pack of labelled pictures", 0, 0},
        {"sheet", 0, MIEN_OPT_OUTPUT, &o.sheet, "FILE", "write a contact sheet (PNG or JPEG)", 0,
         0},
        {"labels", 0, MIEN_OPT_FIELD(&o.labels), NULL,
         "draw landmarks (green seen, red hidden) and pose axes on the sheet", 0, 0},
        {"clip", 0, MIEN_OPT_FIELD(&o.clip), "DIR",
         "write the frames of an animated person (640x480, 30 a second) as PNG", 0, 0},
        {"seconds", 0, MIEN_OPT_FIELD(&o.seconds), "S", "length of the clip", 1, 3600},
        {"seed", 0, MIEN_OPT_FIELD(&o.series.seed), "N", "another seed is other people", 0,
         2147483647},
        {"size", 0, MIEN_OPT_FIELD(&o.size_px), "PX", "side of a picture", 64, 1024},
        {"threads", 't', MIEN_OPT_FIELD(&o.threads), "N", "worker threads, 0 = one a core", 0,
         THREADS_MAX},
        {"split", 0, MIEN_OPT_CHOICE, &o.split, "train|val", "what the pictures are for", 0, 0},
        {"data", 0, MIEN_OPT_FIELD(&o.data), "DIR",
         "folder with hair, environments and backgrounds ($MIEN_DATA or ../shared); without it "
         "people look plainer",
         0, 0},
        {"textures", 0, MIEN_OPT_FIELD(&o.textures), "DIR",
         "folder of skins (*.jpg) made by `mien prepare textures`", 0, 0},
        {"expressions", 0, MIEN_OPT_INPUT, &o.expressions, "FILE",
         "a pack whose expressions are used in a third of the pictures", 0, 0},
        {"children", 0, MIEN_OPT_FIELD(&o.series.children), "SHARE",
         "share of people who are children (their heads are outside the face model: no identity)",
         0, 1},
        {"strange", 0, MIEN_OPT_FIELD(&o.series.strange), "SHARE",
         "share of people whose heads do not come from the face model (no identity)", 0, 1},
        {"webcam", 0, MIEN_OPT_FIELD(&o.series.webcam), "SHARE",
         "share of pictures as a webcam sees people: nearly frontal, well lit, expressive", 0, 1},
        {"nobody", 0, MIEN_OPT_FIELD(&o.series.nobody), "SHARE",
         "share of pictures without a face: clothes, hands, objects, lettering", 0, 1},
        {"gaping", 0, MIEN_OPT_FIELD(&o.series.gaping), "SHARE",
         "share of pictures with a wide-open mouth", 0, 1},
        {"model", 0, MIEN_OPT_INPUT, &o.model, "FILE", "face model (the shipped one)", 0, 0},
        {0},
    };
    const struct mien_command cmd = {
        .name = "synth",
        .synopsis = "[options]",
        .summary = "Renders people with exact labels for training and testing.",
        .example = "mien synth --count 1000 --out people.pack\n"
                   "mien synth --sheet people.png --labels --seed 3\n"
                   "mien synth --clip frames/ --seconds 12",
        .min_args = 0,
        .max_args = 0,
    };
    int nargs = 0, status = mien_args_parse(&cmd, opts, argc, argv, NULL, &nargs);
    if (status) {
        return status == 1 ? 0 : status;
    }
    if (!o.out == !o.sheet && !o.clip) {
        mien_error("synth: say what to make: --out FILE, --sheet FILE or --clip DIR");
        return 2;
    }
    if (o.out && o.count < 1) {
        mien_error("synth: --out needs --count N");
        return 2;
    }
    if (!mien_args_keep_apart(opts)) {
        return 2;
    }
    o.data = o.data ? o.data : mien_data_dir();
    mien_stop_install();
    if (o.clip) {
        return make_clip(&o);
    }
    struct mien_parallel parallel;
    if (!mien_parallel_start(&parallel)) {
        return 2;
    }
    status = make_pictures(&o, &parallel);
    if (status) {
        mien_parallel_abort(&parallel);
    }
    mien_parallel_stop(&parallel);
    return status;
}

// `mien train detect`: trains the face detector on scenes made on the fly.
//
// Does not: evaluate on pictures (`mien eval detect`). One process, `--threads` workers; the
// weights after a given number of scenes do not depend on how many.
#include "app/commands.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "learn/detect_data.h"
#include "learn/detect_loss.h"
#include "learn/detect_scene.h"
#include "learn/graph.h"
#include "learn/trainer.h"

enum { SHARD = 16, BATCH_MAX = 128 }; // bfloat16 products want 16 pictures

struct options {
    const char *net, *out, *checkpoint, *data, *pack, *init, *log, *scenes;
    int scenes_total, batch, threads, seed, photos, synths, every, precision;
    double lr, muon, muon_rate, synth, side, empty;
    bool resume, packs_only;
};

struct trainer {
    struct options o;
    struct mien_detect_data data;
    struct mien_detect_recipe recipe;
    struct mien_detect_scene scene[BATCH_MAX];
    struct mien_detect_target target[BATCH_MAX][MIEN_DETECT_LEVELS];
    struct mien_detect_losses parts[BATCH_MAX / SHARD];
    struct mien_graph *graph;
    struct mien_pool *pool;
    int output[MIEN_DETECT_LEVELS];
    float mean, scale;
    uint64_t done; // scenes
};

static void make_scene(void *arg, size_t i, int worker)
{
    struct trainer *t = arg;
    struct mien_rng rng;
    struct mien_detect_scene *s = &t->scene[i];
    mien_rng_seed(&rng, (uint64_t)t->o.seed, t->done + i);
    mien_detect_scene_make(s, &t->data, &t->recipe, &rng);
    for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
        mien_detect_target_make(&t->target[i][k], k, s);
    }
    if (!t->graph) {
        return;
    }
    size_t n = (size_t)s->width * (size_t)s->height;
    float *in = mien_graph_input(t->graph, (int)i / SHARD) + (i % SHARD) * n;
    for (size_t p = 0; p < n; p++) {
        in[p] = ((float)s->gray[p] - t->mean) * t->scale;
    }
}

static double shard_loss(void *arg, struct mien_graph *g, int shard)
{
    struct trainer *t = arg;
    double sum = 0, scale = 1.0 / t->o.batch;
    memset(&t->parts[shard], 0, sizeof(t->parts[shard]));
    for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
        const float *out = mien_graph_output(g, shard, t->output[k]);
        float *grad = mien_graph_output_grad(g, shard, t->output[k]);
        size_t count = (size_t)mien_graph_output_count(g, t->output[k]);
        for (size_t i = 0; i < SHARD; i++) {
            sum += mien_detect_loss(&t->target[(size_t)shard * SHARD + i][k], out + i * count,
                                    scale, grad + i * count, &t->parts[shard]);
        }
    }
    return sum;
}

// A sheet of scenes with their boxes, to look at.
static bool write_sheet(struct trainer *t)
{
    enum { COLUMNS = 4, ROWS = 4 };
    struct mien_image sheet = {0};
    int w = t->scene[0].width, h = t->scene[0].height;
    if (!mien_image_create(&sheet, w * COLUMNS, h * ROWS, MIEN_FORMAT_RGB8)) {
        return false;
    }
    for (int i = 0; i < COLUMNS * ROWS; i++) {
        make_scene(t, 0, 0);
        t->done++;
        struct mien_detect_scene *s = &t->scene[0];
        struct mien_image part = sheet;
        part.owned = false;
        part.width = w;
        part.height = h;
        part.data += (size_t)(i / COLUMNS * h) * sheet.stride + (size_t)(i % COLUMNS * w) * 3;
        mien_gray_to_rgb(&s->canvas, &part);
        for (int k = 0; k < s->faces; k++) {
            const struct mien_detect_face *f = &s->face[k];
            const float *b = f->box_px;
            struct mien_rgb c = {f->ignore ? 255 : 0, f->ignore ? 0 : 255, 0};
            float x = (b[0] + b[2]) * 0.5f, y = (b[1] + b[3]) * 0.5f, r = (b[3] - b[1]) * 0.5f;
            mien_draw_line(&part, b[0], b[1], b[2], b[1], 1, c, 1);
            mien_draw_line(&part, b[2], b[1], b[2], b[3], 1, c, 1);
            mien_draw_line(&part, b[2], b[3], b[0], b[3], 1, c, 1);
            mien_draw_line(&part, b[0], b[3], b[0], b[1], 1, c, 1);
            mien_draw_line(&part, x, y, x + r * sinf(f->roll_rad), y - r * cosf(f->roll_rad), 1, c,
                           1);
        }
    }
    bool ok = mien_image_save(t->o.scenes, &sheet);
    mien_image_destroy(&sheet);
    return ok;
}

static bool load_data(struct trainer *t)
{
    char path[1024];
    const char *root = t->o.data ? t->o.data : mien_data_dir();
    if (!root) {
        mien_error("no training data: give --data DIR (with data/photos and data/backgrounds)");
        return false;
    }
    snprintf(path, sizeof(path), "%s/data/backgrounds", root);
    if (!mien_detect_data_add_backgrounds(&t->data, path, false)) {
        return false;
    }
    snprintf(path, sizeof(path), "%s/data/photos", root);
    if (!t->o.packs_only &&
        !mien_detect_data_add_photos(&t->data, path, false, (size_t)t->o.photos)) {
        return false;
    }
    for (const char *p = t->o.pack; p && *p;) {
        size_t n = strcspn(p, ",");
        if (n >= sizeof(path)) {
            mien_error("--pack: a path of %zu letters is too long", n);
            return false;
        }
        snprintf(path, sizeof(path), "%.*s", (int)n, p);
        if (n && !mien_detect_data_add_pack(&t->data, path, false, (size_t)t->o.synths)) {
            return false;
        }
        p += n + (p[n] == ',');
    }
    if (!t->data.members[MIEN_DETECT_PHOTO]) {
        mien_error("no photo of a face to train on: without --packs-only the folder's are taken");
        return false;
    }
    mien_info("detector: %zu photos (%zu in side view), %zu rendered faces, %zu backgrounds",
              t->data.members[MIEN_DETECT_PHOTO], t->data.members[MIEN_DETECT_PHOTO_SIDE],
              t->data.members[MIEN_DETECT_SYNTH], t->data.backgrounds);
    return true;
}

static bool set_up_graph(struct trainer *t)
{
    static const char *const names[MIEN_DETECT_LEVELS] = {"det8", "det16", "det32"};
    char found[1024];
    const char *path = t->o.net;
    if (!path) {
        if (!mien_find_file("assets", "nets/detect.txt", found, sizeof(found))) {
            return false;
        }
        path = found;
    }
    size_t size;
    char *text = mien_file_read(path, 1 << 20, &size);
    if (!text) {
        return false;
    }
    t->graph = mien_graph_create(text, SHARD, t->o.batch / SHARD, (uint64_t)t->o.seed);
    mien_free(text);
    if (!t->graph || !mien_graph_set_precision(t->graph, (enum mien_precision)t->o.precision)) {
        return false;
    }
    int c, h, w;
    mien_graph_input_shape(t->graph, &c, &h, &w);
    mien_graph_input_scaling(t->graph, &t->mean, &t->scale);
    if (c != 1 || w % 4 || h % 4) {
        mien_error("%s: the input must be grey and its size divisible by 4", path);
        return false;
    }
    for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
        int s = mien_detect_stride[k];
        t->output[k] = mien_graph_find_output(t->graph, names[k]);
        int want = MIEN_DETECT_PLANES * ((w + s - 1) / s) * ((h + s - 1) / s);
        if (t->output[k] < 0 || mien_graph_output_count(t->graph, t->output[k]) != want) {
            mien_error("%s: output \"%s\" is missing or not of %d numbers", path, names[k], want);
            return false;
        }
    }
    mien_info("detector: %zu weights, %.1f million multiply-adds a picture",
              mien_graph_parameters(t->graph), mien_graph_macs(t->graph) * 1e-6);
    return true;
}

static bool set_up_scenes(struct trainer *t, int count)
{
    int c = 1, h = 240, w = 320;
    if (t->graph) {
        mien_graph_input_shape(t->graph, &c, &h, &w);
    }
    for (int i = 0; i < count; i++) {
        if (!mien_detect_scene_init(&t->scene[i], w, h)) {
            return false;
        }
        for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
            if (!mien_detect_target_init(&t->target[i][k], w, h, mien_detect_stride[k])) {
                return false;
            }
        }
    }
    t->recipe = (struct mien_detect_recipe){.synth = (float)t->o.synth,
                                            .side = (float)t->o.side,
                                            .empty = (float)t->o.empty,
                                            .bar_gray = (uint8_t)(t->graph ? t->mean : 120)};
    return true;
}

static bool take_done(void *arg, const struct mien_container *file, const char *path)
{
    struct trainer *t = arg;
    const uint64_t *done = mien_container_get(file, "train_detect", sizeof(*done), NULL);
    if (!done) {
        mien_error(
            "%s is not a checkpoint of the detector's training; take its weights with --init",
            path);
        return false;
    }
    t->done = *done;
    return true;
}

static bool save(struct trainer *t)
{
    const struct mien_section done = {"train_detect", &t->done, sizeof(t->done)};
    return (!t->o.checkpoint || mien_graph_save(t->graph, t->o.checkpoint, &done, 1)) &&
           mien_graph_export_half(t->graph, t->o.out);
}

static bool train(struct trainer *t)
{
    const uint64_t total = (uint64_t)t->o.scenes_total, batch = (uint64_t)t->o.batch;
    const double warm_up = 200.0 * (double)batch;
    struct mien_progress progress = {0};
    struct mien_detect_losses mean = {0};
    int64_t last_save = mien_now_ns(), log_start = last_save;
    uint64_t log_done = t->done;
    double taught = 0; // scenes since the last line of the log
    int bad = 0;
    FILE *log = t->o.log ? fopen(t->o.log, t->done ? "a" : "w") : NULL;
    if (t->o.log && !log) {
        mien_warn("cannot write %s; training goes on without a log", t->o.log);
    }
    bool ok = true;
    mien_progress_begin(&progress, "training the detector", "scenes", (long long)t->done,
                        (long long)total);
    while (ok && t->done < total && !mien_stop_asked()) {
        mien_pool_run(t->pool, (size_t)batch, make_scene, t);
        double loss = mien_graph_forward_backward(t->graph, t->pool, shard_loss, t);
        if (!isfinite(loss)) {
            ok = mien_train_leave_out(&bad, (long long)(t->done / batch));
            t->done += batch;
            continue;
        }
        bad = 0;
        double at = (double)t->done;
        double lr = at < warm_up ? at / warm_up
                                 : 0.5 + 0.5 * cos(3.14159265358979 * (at - warm_up) /
                                                   fmax((double)total - warm_up, 1));
        struct mien_adamw adam = {.lr = (float)(t->o.lr * (lr > 0.001 ? lr : 0.001)),
                                  .beta1 = 0.9f,
                                  .beta2 = 0.99f,
                                  .eps = 1e-8f,
                                  .weight_decay = 0.01f,
                                  .clip = 5,
                                  .average = 0.995f,
                                  .muon = (float)t->o.muon,
                                  .muon_rate = (float)t->o.muon_rate};
        ok = mien_graph_step(t->graph, t->pool, &adam);
        t->done += batch;
        taught += (double)batch;
        for (int s = 0; s < t->o.batch / SHARD; s++) {
            mean.face += t->parts[s].face;
            mean.box += t->parts[s].box;
            mean.roll += t->parts[s].roll;
        }
        if (t->done - log_done >= (uint64_t)t->o.every || t->done >= total) {
            double n = taught;
            char extra[128];
            snprintf(extra, sizeof(extra), "face %.3f box %.3f roll %.3f", mean.face / n,
                     mean.box / n, mean.roll / n);
            mien_progress_update(&progress, (long long)t->done, extra);
            if (log) {
                int64_t now = mien_now_ns();
                fprintf(log,
                        "{\"scenes\":%llu,\"face\":%.4f,\"box\":%.4f,\"roll\":%.4f,\"lr\":%.6f,"
                        "\"scenes_per_s\":%.1f}\n",
                        (unsigned long long)t->done, mean.face / n, mean.box / n, mean.roll / n,
                        (double)adam.lr, n * 1e9 / (double)(now - log_start));
                fflush(log);
                log_start = now;
            }
            memset(&mean, 0, sizeof(mean));
            log_done = t->done;
            taught = 0;
        }
        if (mien_now_ns() - last_save > 60 * MIEN_NS_PER_S) {
            ok = save(t) && ok;
            last_save = mien_now_ns();
        }
    }
    mien_progress_end(&progress, (long long)t->done);
    if (log) {
        fclose(log);
    }
    if (ok) {
        ok = save(t);
        mien_info("detector: %llu scenes; wrote %s%s", (unsigned long long)t->done, t->o.out,
                  mien_stop_asked() ? " (stopped early; --resume goes on)" : "");
    }
    return ok;
}

static bool keep_apart(const struct mien_opt *opts, const char *packs)
{
    struct mien_claims c = {0};
    bool ok = true;
    for (const char *p = packs; p && *p && ok;) {
        char path[1024];
        size_t n = strcspn(p, ",");
        snprintf(path, sizeof(path), "%.*s", (int)n, p);
        ok = mien_claims_read(&c, "--pack", path);
        p += n + (p[n] == ',');
    }
    ok = ok && mien_args_claim(opts, &c);
    mien_claims_destroy(&c);
    return ok;
}

int mien_cmd_train_detect(int argc, char **argv)
{
    struct trainer *t = mien_calloc(1, sizeof(*t));
    if (!t) {
        return 1;
    }
    struct options *o = &t->o;
    *o = (struct options){.out = "detect.net",
                          .scenes_total = 120000,
                          .batch = 32,
                          .seed = 1,
                          .every = 1600,
                          .precision = MIEN_PRECISION_AUTO,
                          .synths = 12000,
                          .lr = 2e-3,
                          .muon_rate = 1,
                          .synth = 0.35,
                          .side = 0.15,
                          .empty = 0.12};
    const struct mien_opt opts[] = {
        {"out", 'o', MIEN_OPT_OUTPUT, &o->out, "FILE", "the network to write", 0, 0},
        {"net", 0, MIEN_OPT_INPUT, &o->net, "FILE", "its description (assets/nets/detect.txt)", 0,
         0},
        {"data", 0, MIEN_OPT_STRING, &o->data, "DIR",
         "folder that holds data/photos and data/backgrounds", 0, 0},
        {"pack", 0, MIEN_OPT_STRING, &o->pack, "FILE[,FILE…]",
         "rendered faces (mien synth), also photos and turned photos (mien prepare)", 0, 0},
        {"packs-only", 0, MIEN_OPT_BOOL, &o->packs_only, NULL,
         "no photos but those of --pack, for example of public-domain sources alone", 0, 0},
        {"checkpoint", 0, MIEN_OPT_OUTPUT, &o->checkpoint, "FILE", "written every minute", 0, 0},
        {"resume", 0, MIEN_OPT_BOOL, &o->resume, NULL, "go on from the checkpoint", 0, 0},
        {"init", 0, MIEN_OPT_INPUT, &o->init, "FILE", "start from this checkpoint's weights", 0, 0},
        {"log", 0, MIEN_OPT_OUTPUT, &o->log, "FILE", "JSON lines of losses", 0, 0},
        {"scenes", 's', MIEN_OPT_INT, &o->scenes_total, "N", "how many scenes to train on", 1, 1e9},
        {"batch", 'b', MIEN_OPT_INT, &o->batch, "N", "scenes a step, a multiple of 16", SHARD,
         BATCH_MAX},
        {"threads", 't', MIEN_OPT_INT, &o->threads, "N", "workers, 0 = one per core", 0, 256},
        {"precision", 0, MIEN_OPT_CHOICE, &o->precision, MIEN_PRECISION_NAMES,
         "of the convolutions' operands, as in `mien train`", 0, 0},
        {"lr", 0, MIEN_OPT_FLOAT, &o->lr, "X", "learning rate after warm-up", 1e-6, 1},
        {"muon", 0, MIEN_OPT_FLOAT, &o->muon, "X",
         "momentum of Muon for hidden layers' weights (0.95), 0 = AdamW for all", 0, 0.9999},
        {"muon-rate", 0, MIEN_OPT_FLOAT, &o->muon_rate, "X", "its learning rate over --lr", 0, 100},
        {"seed", 0, MIEN_OPT_INT, &o->seed, "N", "of weights and scenes", 0, 1e9},
        {"photos", 0, MIEN_OPT_INT, &o->photos, "N", "at most so many photos, 0 = all", 0, 1e9},
        {"synths", 0, MIEN_OPT_INT, &o->synths, "N", "at most so many faces of each pack, 0 = all",
         0, 1e9},
        {"synth-share", 0, MIEN_OPT_FLOAT, &o->synth, "X", "share of rendered faces", 0, 1},
        {"side-share", 0, MIEN_OPT_FLOAT, &o->side, "X", "extra share of photos in side view", 0,
         1},
        {"empty-share", 0, MIEN_OPT_FLOAT, &o->empty, "X", "share of scenes without a face", 0, 1},
        {"log-every", 0, MIEN_OPT_INT, &o->every, "N", "scenes between lines of the log", 1, 1e9},
        {"sheet", 0, MIEN_OPT_OUTPUT, &o->scenes, "FILE", "write a picture of 16 scenes and stop",
         0, 0},
        {0},
    };
    const struct mien_command cmd = {
        .name = "train detect",
        .synopsis = "[options]",
        .summary = "train the face detector",
        .example = "mien train detect --out detect.net --checkpoint detect.ckpt\n"
                   "mien train detect --sheet scenes.png",
        .min_args = 0,
        .max_args = 0,
    };
    const char *args[64];
    int nargs = 0, status = 1;
    int r = argc < 64 ? mien_args_parse(&cmd, opts, argc, argv, args, &nargs) : 2;
    if (r) {
        mien_free(t);
        return r == 1 ? 0 : r;
    }
    if (o->batch % SHARD) {
        mien_error("--batch %d is not a multiple of %d", o->batch, SHARD);
        mien_free(t);
        return 2;
    }
    if (!mien_precision_possible((enum mien_precision)o->precision) || !keep_apart(opts, o->pack) ||
        !load_data(t)) {
        status = 2;
        goto done;
    }
    if (o->scenes) {
        status = set_up_scenes(t, 1) && write_sheet(t) ? 0 : 1;
        goto done;
    }
    t->pool = mien_pool_create(o->threads);
    if (!t->pool || !set_up_graph(t) || !set_up_scenes(t, o->batch)) {
        goto done;
    }
    if ((o->init && !mien_graph_init_from(t->graph, o->init)) ||
        (o->resume &&
         (!o->checkpoint || !mien_graph_restore(t->graph, o->checkpoint, take_done, t)))) {
        mien_error("cannot start from the checkpoint: see above, or leave out --resume and --init");
        status = 2;
        goto done;
    }
    mien_stop_install();
    status = train(t) ? 0 : 1;

done:
    for (int i = 0; i < BATCH_MAX; i++) {
        mien_detect_scene_destroy(&t->scene[i]);
        for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
            mien_detect_target_destroy(&t->target[i][k]);
        }
    }
    mien_graph_destroy(t->graph);
    mien_pool_destroy(t->pool);
    mien_detect_data_destroy(&t->data);
    mien_free(t);
    return status;
}

// `mien train detect`: trains the face detector on scenes made on the fly. Does not: evaluate on
// pictures (`mien eval detect`).
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/file.h"
#include "base/log.h"
#include "learn/detect_trainer.h"
#include "learn/pack.h"
#include "learn/train_options.h"

struct options {
    struct mien_detect_train_config train;
    const char *root, *packs, *sheet;
    size_t photos, synths;
    bool packs_only;
};

// Calls f with each path of "FILE,FILE…" until it returns false.
static bool for_each_pack(const struct options *o, bool (*f)(void *arg, const char *path),
                          void *arg)
{
    for (const char *p = o->packs; p && *p;) {
        char path[1024];
        size_t n = strcspn(p, ",");
        if (n >= sizeof(path)) {
            mien_error("--pack: a path of %zu characters is too long", n);
            return false;
        }
        snprintf(path, sizeof(path), "%.*s", (int)n, p);
        if (n && !f(arg, path)) {
            return false;
        }
        p += n + (p[n] == ',');
    }
    return true;
}

struct filling {
    const struct options *options;
    struct mien_detect_data *data;
};

static bool add_pack(void *arg, const char *path)
{
    struct filling *f = arg;
    return mien_detect_data_add_pack(f->data, path, false, f->options->synths);
}

// Where the pack keeps records for it.
static bool add_validation(void *arg, const char *path)
{
    struct filling *f = arg;
    struct mien_pack pack = {0};
    bool holds = false;
    if (!mien_pack_open(&pack, path)) {
        return false;
    }
    for (size_t i = 0; i < pack.count && !holds; i++) {
        struct mien_label l;
        const uint8_t *jpeg;
        mien_pack_get(&pack, (uint32_t)i, &l, &jpeg);
        holds = l.split == 1;
    }
    mien_pack_close(&pack);
    return !holds || mien_detect_data_add_pack(f->data, path, true, f->options->synths);
}

static bool load_data(struct options *o, struct mien_detect_data *data,
                      struct mien_detect_data *validation)
{
    enum { VALIDATION_PHOTOS = 600 };
    char path[1024];
    const char *root = o->root ? o->root : mien_data_dir();
    if (!root) {
        mien_error("no training data: give --data DIR (with data/photos and data/backgrounds)");
        return false;
    }
    snprintf(path, sizeof(path), "%s/data/backgrounds", root);
    if (!mien_detect_data_add_backgrounds(data, path, false) ||
        !mien_detect_data_add_backgrounds(validation, path, true)) {
        return false;
    }
    snprintf(path, sizeof(path), "%s/data/photos", root);
    if (!o->packs_only &&
        (!mien_detect_data_add_photos(data, path, false, o->photos) ||
         !mien_detect_data_add_photos(validation, path, true, VALIDATION_PHOTOS))) {
        return false;
    }
    if (!for_each_pack(o, add_pack, &(struct filling){o, data}) ||
        !for_each_pack(o, add_validation, &(struct filling){o, validation})) {
        return false;
    }
    if (!data->members[MIEN_DETECT_PHOTO]) {
        mien_error("no photo of a face to train on: without --packs-only the folder's are taken");
        return false;
    }
    mien_info("detector: %zu photos (%zu in side view), %zu rendered faces, %zu backgrounds; kept "
              "for validation: %zu faces",
              data->members[MIEN_DETECT_PHOTO], data->members[MIEN_DETECT_PHOTO_SIDE],
              data->members[MIEN_DETECT_SYNTH], data->backgrounds, validation->count);
    return true;
}

static bool claim_pack(void *arg, const char *path)
{
    return mien_claims_read(arg, "--pack", path);
}

// The checkpoint of --resume is both read and written, by intent.
static bool keep_apart(const struct options *o, const struct mien_opt *opts)
{
    struct mien_claims c = {0};
    bool ok = for_each_pack(o, claim_pack, &c) && mien_args_claim(opts, &c) &&
              (o->sheet || mien_claim_training(&c, mien_detect_train_lesson(), o->train.loop.out));
    mien_claims_destroy(&c);
    return ok;
}

static int run(struct options *o)
{
    struct mien_detect_data data = {0}, validation = {0};
    struct mien_detect_train_config *c = &o->train;
    struct mien_parallel parallel;
    char found[1024];
    if (!mien_parallel_start(&parallel)) {
        return 2;
    }
    if (parallel.rank) {
        mien_log_set_level(MIEN_LOG_WARN); // rank 0 says the rest
    }
    int status = 2;
    if (!c->loop.net && mien_find_file("assets", "nets/detect.txt", found, sizeof(found))) {
        c->loop.net = found;
    }
    if (c->loop.net && load_data(o, &data, &validation)) {
        c->data = &data;
        c->validation = &validation;
        c->loop.parallel = &parallel;
        c->loop.stop = mien_stop_flag();
        if (o->sheet) {
            status = mien_detect_train_sheet(c, o->sheet) ? 0 : 1;
        } else {
            mien_stop_install();
            status = mien_detect_train(c, NULL) ? 0 : 1;
        }
    }
    mien_detect_data_destroy(&data);
    mien_detect_data_destroy(&validation);
    if (status) {
        mien_parallel_abort(&parallel);
    }
    mien_parallel_stop(&parallel);
    return status;
}

int mien_cmd_train_detect(int argc, char **argv)
{
    struct options o = {.train = mien_detect_train_defaults(), .synths = 12000};
    struct mien_detect_recipe *recipe = &o.train.recipe;
    const struct mien_opt opts[] = {
        {"net", 0, MIEN_OPT_INPUT, &o.train.loop.net, "FILE",
         "network description (assets/nets/detect.txt when not given)", 0, 0},
        MIEN_LOOP_OPTIONS(o.train.loop),
        {"data", 0, MIEN_OPT_FIELD(&o.root), "DIR",
         "folder that holds data/photos and data/backgrounds", 0, 0},
        {"pack", 0, MIEN_OPT_FIELD(&o.packs), "FILE[,FILE…]",
         "rendered faces (mien synth), also photos and turned photos (mien prepare)", 0, 0},
        {"packs-only", 0, MIEN_OPT_FIELD(&o.packs_only), NULL,
         "only the photos of --pack, for example of public-domain sources alone", 0, 0},
        {"photos", 0, MIEN_OPT_FIELD(&o.photos), "N", "at most N photos, 0 = all", 0, 1e9},
        {"synths", 0, MIEN_OPT_FIELD(&o.synths), "N", "at most N faces of each pack, 0 = all", 0,
         1e9},
        {"synth-share", 0, MIEN_OPT_FIELD(&recipe->synth), "X", "share of rendered faces", 0, 1},
        {"side-share", 0, MIEN_OPT_FIELD(&recipe->side), "X", "extra share of photos in side view",
         0, 1},
        {"empty-share", 0, MIEN_OPT_FIELD(&recipe->empty), "X", "share of scenes without a face", 0,
         1},
        {"validation", 0, MIEN_OPT_FIELD(&o.train.validation_scenes), "N",
         "validation scenes, of held-out people; 0 = none", 0, 1e6},
        {"sheet", 0, MIEN_OPT_OUTPUT, &o.sheet, "FILE", "only write a picture of 16 scenes", 0, 0},
        {0},
    };
    const struct mien_command cmd = {
        .name = "train detect",
        .synopsis = "--out DIR [options]",
        .summary = "train the face detector",
        .example = "mien train detect --out run1\nmien train detect --out run1 --resume\n"
                   "mien train detect --sheet scenes.png",
        .min_args = 0,
        .max_args = 0,
    };
    int nargs = 0, status = mien_args_parse(&cmd, opts, argc, argv, NULL, &nargs);
    if (status) {
        return status == 1 ? 0 : status;
    }
    if (!o.train.loop.out && !o.sheet) {
        mien_error("train detect needs --out DIR (or --sheet); see `mien train detect --help`");
        return 2;
    }
    return mien_precision_possible(o.train.loop.precision) && keep_apart(&o, opts) ? run(&o) : 2;
}

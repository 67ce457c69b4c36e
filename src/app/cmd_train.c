// `mien train`: trains the multi-task face network; `mien train detect` the detector.
#include "app/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "learn/train_options.h"
#include "learn/trainer.h"
#include "nn/net.h"

static bool write_sheet(struct mien_train_config *c, const char *path)
{
    char *text = mien_train_description(c->loop.net, c->model);
    struct mien_graph *g = text ? mien_graph_create(text, 1, 1, c->loop.seed) : NULL;
    mien_free(text);
    if (!g) {
        return false;
    }
    struct mien_sample_config s = {.data = c->data,
                                   .model = c->model,
                                   .jitter = true,
                                   .augment = c->augment,
                                   .negative = c->negative,
                                   .settled = c->settled,
                                   .upended = c->upended};
    mien_graph_input_shape(g, &s.channels, &s.height, &s.width);
    mien_graph_input_scaling(g, &s.mean, &s.scale);
    mien_graph_destroy(g);
    return mien_train_sheet(&s, c->loop.seed, path);
}

// The checkpoint of --resume is both read and written, by intent.
static bool keep_apart(const struct mien_opt *opts, const struct mien_opt_list *sources,
                       const char *out)
{
    struct mien_claims c = {0};
    char path[1200];
    bool ok = true;
    for (int i = 0; i < sources->count && ok; i++) {
        snprintf(path, sizeof(path), "%.*s", (int)strcspn(sources->item[i], ":"), sources->item[i]);
        ok = mien_claims_read(&c, "--data", path);
    }
    ok = ok && mien_args_claim(opts, &c);
    ok = ok && (!out || mien_claim_training(&c, mien_train_lesson(), out));
    mien_claims_destroy(&c);
    return ok;
}

int mien_cmd_train(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "detect")) {
        return mien_cmd_train_detect(argc - 1, argv + 1);
    }
    struct mien_train_config c = mien_train_defaults();
    char weights_help[MIEN_WEIGHTS_HELP];
    const char *item[MIEN_DATASET_SOURCES];
    struct mien_opt_list sources = {item, MIEN_DATASET_SOURCES, 0};
    const char *weights = NULL, *tasks = NULL, *fractions = NULL;
    const char *model_path = NULL, *pseudo = NULL, *sheet = NULL;
    struct mien_net *teacher = NULL;
    struct mien_parallel parallel;
    bool balance = true, plain = false;
    const struct mien_opt opts[] = {
        {"net", 0, MIEN_OPT_INPUT, &c.loop.net, "FILE",
         "network description (assets/nets/face96.txt when not given)", 0, 0},
        {"data", 0, MIEN_OPT_FIELD(&sources), MIEN_DATASET_ARG, MIEN_DATASET_HELP, 0, 0},
        MIEN_LOOP_OPTIONS(c.loop),
        {"ramp", 0, MIEN_OPT_FIELD(&c.ramp), "N",
         "steps after the warm-up until the likelihood and consistency losses have full weight", 0,
         1e9},
        {"weights", 'w', MIEN_OPT_FIELD(&weights), "LIST", mien_describe_weights(weights_help), 0,
         0},
        {"weighting", 0, MIEN_OPT_CHOICE, &c.weighting, MIEN_WEIGHTING_NAMES,
         "how tasks are balanced (see learn/weighting.h)", 0, 0},
        {"period", 0, MIEN_OPT_FIELD(&c.period), "N", "steps per period of --weighting dwa", 1,
         1e9},
        {"tasks", 0, MIEN_OPT_FIELD(&tasks), "LIST",
         "learn only these, for example landmarks,pose; others get no gradient", 0, 0},
        {"label-fraction", 0, MIEN_OPT_FIELD(&fractions), "LIST",
         "keep only this share of training labels, for example landmarks=0.25 or all=0.1", 0, 0},
        {"pseudo", 0, MIEN_OPT_INPUT, &pseudo, "NET",
         "a trained network that supplies missing labels (otherwise they are masked)", 0, 0},
        {"pseudo-fraction", 0, MIEN_OPT_FIELD(&c.pseudo_share), "X",
         "share of training records that --pseudo may fill in", 0, 1},
        {"negative", 0, MIEN_OPT_FIELD(&c.negative), "X", "share of crops that miss the face", 0,
         0.9},
        {"settled", 0, MIEN_OPT_FIELD(&c.settled), "X",
         "share of crops that deviate as little as a settled tracker's", 0, 1},
        {"upended", 0, MIEN_OPT_FIELD(&c.upended), "X",
         "share of crops on their side or upside down, which are labelled as no face", 0, 0.9},
        {"balance", 0, MIEN_OPT_FIELD(&balance), NULL,
         "sample expression classes with 1/sqrt(count)", 0, 0},
        {"adjust", 0, MIEN_OPT_FIELD(&c.adjust), "X",
         "logit adjustment of the expression classes: 0 = class frequencies of the data, 1 = equal "
         "frequencies",
         0, 1},
        {"plain", 0, MIEN_OPT_FIELD(&plain), NULL, "no photometric augmentation", 0, 0},
        {"steadiness", 0, MIEN_OPT_FIELD(&c.steadiness), "N",
         "at the end, log the jitter of outputs under camera noise on N still pictures per source",
         0, 1e6},
        {"model", 0, MIEN_OPT_INPUT, &model_path, "FILE", "face model (the shipped one)", 0, 0},
        {"sheet", 0, MIEN_OPT_OUTPUT, &sheet, "PNG",
         "only write a contact sheet of augmented crops", 0, 0},
        {0},
    };
    const struct mien_command cmd = {
        .name = "train",
        .synopsis = "--data PACK[:WEIGHT]… --out DIR [options]",
        .summary = "train the multi-task face network (`mien train detect --help`: the detector)",
        .example =
            "mien train --data photos.pack --data ferplus.pack:0.4 --data backgrounds --out run1\n"
            "mien train --data photos.pack --sheet sheet.png",
        .min_args = 0,
        .max_args = 0,
        .sub = "detect",
    };
    int nargs = 0, status = mien_args_parse(&cmd, opts, argc, argv, NULL, &nargs);
    if (status) {
        return status == 1 ? 0 : status;
    }
    if (!sources.count || (!c.loop.out && !sheet)) {
        mien_error("train needs --data and --out (or --sheet); see `mien train --help`");
        return 2;
    }
    if (!mien_parse_weights(weights, c.weight) || !mien_parse_tasks(tasks, c.weight) ||
        !mien_parse_fractions(fractions, c.drop) || !mien_precision_possible(c.loop.precision) ||
        !keep_apart(opts, &sources, sheet ? NULL : c.loop.out)) {
        return 2;
    }
    if (!mien_parallel_start(&parallel)) {
        return 2;
    }
    if (parallel.rank) {
        mien_log_set_level(MIEN_LOG_WARN); // rank 0 says the rest
    }
    char found[1024];
    if (!c.loop.net) {
        if (!mien_find_file("assets", "nets/face96.txt", found, sizeof(found))) {
            status = 2;
            goto stop;
        }
        c.loop.net = found;
    }
    struct mien_dataset data;
    struct mien_face_model model;
    if (!mien_face_model_load(&model, model_path)) {
        status = 2;
        goto stop;
    }
    mien_dataset_init(&data);
    for (int i = 0; i < sources.count; i++) {
        if (!mien_dataset_add(&data, item[i], balance)) {
            status = 2;
            goto done;
        }
    }
    if (pseudo && !(teacher = mien_net_load(pseudo))) {
        status = 2;
        goto done;
    }
    c.teacher = teacher;
    c.data = &data;
    c.model = &model;
    c.loop.parallel = &parallel;
    c.loop.stop = mien_stop_flag();
    if (plain) {
        memset(&c.augment, 0, sizeof(c.augment));
    }
    if (sheet) {
        status = write_sheet(&c, sheet) ? 0 : 1;
        goto done;
    }
    mien_stop_install();
    status = mien_train(&c, NULL) ? 0 : 1;

done:
    mien_net_destroy(teacher);
    mien_dataset_destroy(&data);
    mien_face_model_destroy(&model);
stop:
    if (status) {
        mien_parallel_abort(&parallel);
    }
    mien_parallel_stop(&parallel);
    return status;
}

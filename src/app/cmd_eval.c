// `mien eval`: what a network is worth on labelled pictures; `mien eval detect` judges the
// detector.
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

#include "app/learn_options.h"
#include "base/args.h"
#include "base/log.h"
#include "base/mem.h"
#include "learn/evalset.h"
#include "learn/metrics.h"
#include "nn/net.h"

// Runs the network on the whole set.
static bool judge(const struct mien_net *net, const struct mien_evalset *set,
                  struct mien_metrics *m)
{
    int output[MIEN_BRANCHES], L = m->model->landmarks;
    bool present[MIEN_BRANCHES];
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        output[b] = mien_net_find_output(net, mien_branch_name(b));
        present[b] = output[b] >= 0;
        struct mien_net_io io =
            present[b] ? mien_net_output(net, output[b]) : (struct mien_net_io){0};
        if (present[b] && io.c * io.h * io.w != mien_branch_size(b, L)) {
            mien_error("output \"%s\" has %d numbers, %d expected: made for another face model?",
                       io.name, io.c * io.h * io.w, mien_branch_size(b, L));
            return false;
        }
    }
    void *workspace = mien_calloc(1, mien_net_workspace_bytes(net));
    if (!workspace) {
        return false;
    }
    struct mien_progress progress = {0};
    struct mien_estimate e;
    bool ok = true;
    mien_progress_begin(&progress, "evaluating", "pictures", 0, (long long)set->count);
    for (size_t i = 0; i < set->count && ok; i++) {
        const float *raw[MIEN_BRANCHES];
        mien_net_forward(net, set->input + i * set->picture_floats, workspace);
        for (int b = 0; b < MIEN_BRANCHES; b++) {
            raw[b] = present[b] ? mien_net_output_data(net, workspace, output[b]) : NULL;
        }
        mien_estimate_decode(raw, L, &e);
        ok = mien_metrics_add(m, &e, &set->target[i], present);
        mien_progress_update(&progress, (long long)i + 1, NULL);
    }
    mien_progress_end(&progress, (long long)set->count);
    mien_free(workspace);
    return ok;
}

int mien_cmd_eval(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "detect")) {
        return mien_cmd_eval_detect(argc - 1, argv + 1);
    }
    const char *spec[MIEN_DATASET_SOURCES], *path = NULL, *model_path = NULL;
    int split = 0, limit = 0, seed = 7;
    bool jitter = false, augment = false, json = false;
    const struct mien_opt opts[] = {
        {"net", 0, MIEN_OPT_STRING, &path, "FILE", "network to judge (.net)", 0, 0},
        {"split", 0, MIEN_OPT_CHOICE, &split, "validation|train", "which records", 0, 0},
        {"limit", 0, MIEN_OPT_INT, &limit, "N", "at most so many records a source, 0 = all", 0,
         1e9},
        {"jitter", 0, MIEN_OPT_BOOL, &jitter, NULL, "crops as a detector gives them", 0, 0},
        {"augment", 0, MIEN_OPT_BOOL, &augment, NULL, "pictures as spoilt as in training", 0, 0},
        {"seed", 0, MIEN_OPT_INT, &seed, "N", "of jitter and of crops without a face", 0, 2e9},
        {"model", 0, MIEN_OPT_STRING, &model_path, "FILE", "face model (the shipped one)", 0, 0},
        {"json", 0, MIEN_OPT_BOOL, &json, NULL, "print one JSON object instead of a table", 0, 0},
        {0},
    };
    const struct mien_command cmd = {
        "eval",
        "--net FILE --data PACK… [options]",
        "judge a face network on labelled pictures (`mien eval detect --help`: the detector)",
        "mien eval --net models/face.net --data photos.pack --data ferplus.pack",
        0,
        0};
    const char *args[4];
    int nargs = 0, sources = mien_take_data_options(&argc, argv, spec);
    int status = sources < 0 ? 2 : mien_args_parse(&cmd, opts, argc, argv, args, &nargs);
    if (status) {
        return status == 1 ? 0 : status;
    }
    if (!sources || !path) {
        mien_error("eval needs --net and --data; see `mien eval --help`");
        return 2;
    }
    struct mien_dataset data;
    struct mien_face_model model;
    struct mien_evalset set = {0};
    struct mien_metrics metrics = {0};
    if (!mien_face_model_load(&model, model_path)) {
        return 2;
    }
    mien_dataset_init(&data);
    struct mien_net *net = mien_net_load(path);
    status = net ? 0 : 2;
    for (int i = 0; i < sources && !status; i++) {
        status = mien_dataset_add(&data, spec[i], false) ? 0 : 2;
    }
    if (status) {
        goto done;
    }
    struct mien_net_io in = mien_net_input(net);
    if ((in.c != 1 && in.c != 3) || in.h != in.w) {
        mien_error("%s: input %dx%dx%d is not a square crop: not a face network", path, in.c, in.h,
                   in.w);
        status = 2;
        goto done;
    }
    struct mien_evalset_config c = {
        .sample = {.data = &data,
                   .model = &model,
                   .channels = in.c,
                   .height = in.h,
                   .width = in.w,
                   .mean = mien_net_input_mean(net),
                   .scale = mien_net_input_scale(net),
                   .jitter = jitter},
        .per_source = (size_t)limit,
        .training_split = split == 1,
        .seed = (uint64_t)seed,
    };
    if (augment) {
        c.sample.augment = mien_augment_default();
    }
    mien_metrics_init(&metrics, &model);
    if (!mien_evalset_build(&set, &c) || !judge(net, &set, &metrics)) {
        status = 1;
        goto done;
    }
    if (json) {
        printf("{\"network\":\"%s\",\"pictures\":%zu,", path, set.count);
        mien_metrics_json(&metrics, stdout);
        puts("}");
    } else {
        mien_metrics_print(&metrics, stdout);
    }

done:
    mien_metrics_destroy(&metrics);
    mien_evalset_destroy(&set);
    mien_net_destroy(net);
    mien_dataset_destroy(&data);
    mien_face_model_destroy(&model);
    return status;
}

// `mien eval`: what a network is worth on labelled pictures; `mien eval detect` judges the
// detector.
#include "app/commands.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/eval_identity.h"
#include "app/eval_shapes.h"
#include "app/learn_options.h"
#include "base/args.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "engine/observe.h"
#include "engine/solve.h"
#include "learn/calibrate.h"
#include "learn/channels.h"
#include "learn/evalset.h"
#include "learn/groups.h"
#include "learn/metrics.h"
#include "learn/reconstruction.h"
#include "nn/net.h"

struct judgement {
    const struct mien_face_model *model;
    struct mien_metrics metrics;
    struct mien_metric_groups groups;
    struct mien_calibrator calibrator;
    struct mien_channels channels;
    struct mien_reconstruction shape;
    struct mien_solver *solver;
    struct mien_sight sight;
    struct mien_face_result fitted;
};

static bool judgement_init(struct judgement *j, const struct mien_face_model *model)
{
    j->model = model;
    mien_metrics_init(&j->metrics, model);
    j->solver = mien_solver_create(model);
    return j->solver && mien_reconstruction_init(&j->shape, model);
}

static void judgement_destroy(struct judgement *j) // NULL is fine
{
    if (j) {
        mien_metrics_destroy(&j->metrics);
        mien_reconstruction_destroy(&j->shape);
        mien_calibrator_destroy(&j->calibrator);
        mien_solver_destroy(j->solver);
        mien_free(j);
    }
}

// Rendered people's shapes are known exactly: what is left of the difference from the mean face by
// the branches, and by the fit that the program makes of a still picture (with the true camera).
static void judge_shape(struct judgement *j, const struct mien_estimate *e,
                        const struct mien_target *t, const bool present[MIEN_BRANCHES])
{
    static const uint32_t needed = MIEN_LABEL_IDENTITY | MIEN_LABEL_BLENDSHAPES;
    if (t->source != MIEN_SOURCE_SYNTH || (t->mask & needed) != needed ||
        !present[MIEN_BRANCH_IDENTITY] || !present[MIEN_BRANCH_BLENDSHAPES]) {
        return;
    }
    struct mien_reconstruction *r = &j->shape;
    mien_reconstruction_truth(r, t->identity, t->blendshape);
    mien_reconstruction_add(r, MIEN_RECONSTRUCTION_MEAN, NULL, NULL);
    mien_reconstruction_add(r, MIEN_RECONSTRUCTION_EXPRESSION, NULL, e->blendshape);
    mien_reconstruction_add(r, MIEN_RECONSTRUCTION_BRANCHES, e->identity, e->blendshape);
    if (!present[MIEN_BRANCH_LANDMARKS] || !present[MIEN_BRANCH_POSE] || !(t->camera.f_px > 0)) {
        return;
    }
    mien_sight_from_estimate(&t->camera, &t->crop, e, &j->sight);
    // Where the fit fails, which is rare, the branches' answer stands.
    bool ok = mien_solve_still(j->solver, &t->camera, &j->sight, &j->fitted);
    mien_reconstruction_add(r, MIEN_RECONSTRUCTION_FIT, ok ? j->fitted.identity : e->identity,
                            ok ? j->fitted.blendshape : e->blendshape);
}

// Runs the network on the whole set.
static bool judge(const struct mien_net *net, const struct mien_evalset *set, struct judgement *j)
{
    int output[MIEN_BRANCHES], L = j->model->landmarks;
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
        ok = mien_metrics_add(&j->metrics, &e, &set->target[i], present) &&
             mien_calibrator_add(&j->calibrator, &e, &set->target[i]);
        mien_metric_groups_add(&j->groups, j->model, &e, &set->target[i], present);
        if (present[MIEN_BRANCH_BLENDSHAPES]) {
            mien_channels_add(&j->channels, &e, &set->target[i]);
        }
        judge_shape(j, &e, &set->target[i], present);
        mien_progress_update(&progress, (long long)i + 1, NULL);
    }
    mien_progress_end(&progress, (long long)set->count);
    mien_free(workspace);
    return ok;
}

static bool calibrate_network(const struct judgement *j, const char *path)
{
    struct mien_calibration k;
    if (!mien_calibrator_fit(&j->calibrator, &k)) {
        mien_error("--calibrate needs pictures with and without faces (a folder of "
                   "backgrounds), ten of each at least");
        return false;
    }
    float v[MIEN_CALIBRATION_NUMBERS] = {k.offset, k.presence, k.log_sigma, k.temperature};
    mien_calibrator_print(&j->calibrator, &k, stdout);
    printf("log odds of a face = %.3f + %.3f log odds of the branch %+.3f log(sigma / size); "
           "temperature of the classes %.3f\n",
           (double)v[0], (double)v[1], (double)v[2], (double)v[3]);
    return mien_net_save_numbers(path, "calibration", v, MIEN_CALIBRATION_NUMBERS);
}

// What is known of people before a portrait network has looked: the mean of the photographs' fits.
static bool calibrate_portrait(const struct mien_evalset *set, const char *path)
{
    double sum[MIEN_IDENTITY] = {0}, n = 0;
    float mean[MIEN_IDENTITY];
    for (size_t i = 0; i < set->count; i++) {
        const struct mien_target *t = &set->target[i];
        if (t->source == MIEN_SOURCE_PHOTO && t->mask & MIEN_LABEL_IDENTITY) {
            for (int k = 0; k < MIEN_IDENTITY; k++) {
                sum[k] += (double)t->identity[k];
            }
            n++;
        }
    }
    if (n < 100) {
        mien_error("--calibrate of a portrait network needs the fits of 100 photographs at least "
                   "(`mien prepare photos`, --split train); here are %.0f",
                   n);
        return false;
    }
    double size = 0;
    for (int k = 0; k < MIEN_IDENTITY; k++) {
        mean[k] = (float)(sum[k] / n);
        size += sum[k] / n * sum[k] / n;
    }
    printf("people's mean of %.0f photographs is %.2f from the face model's\n", n, sqrt(size));
    return mien_net_save_numbers(path, "people", mean, MIEN_IDENTITY);
}

int mien_cmd_eval(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "detect")) {
        return mien_cmd_eval_detect(argc - 1, argv + 1);
    }
    const char *spec[MIEN_DATASET_SOURCES], *path = NULL, *model_path = NULL, *pictures = NULL,
                                            *pairs = NULL, *portrait = NULL;
    int split = 0, limit = 0, seed = 7, people = 20;
    bool jitter = false, augment = false, json = false, groups = false, shapes = false,
         calibrate = false, channels = false, looks = false;
    double upended = 0;
    const struct mien_opt opts[] = {
        {"net", 0, MIEN_OPT_INPUT, &path, "FILE", "network to judge (.net)", 0, 0},
        {"split", 0, MIEN_OPT_CHOICE, &split, "validation|train", "which records", 0, 0},
        {"limit", 0, MIEN_OPT_INT, &limit, "N", "at most so many records a source, 0 = all", 0,
         1e9},
        {"jitter", 0, MIEN_OPT_BOOL, &jitter, NULL, "crops as a detector gives them", 0, 0},
        {"augment", 0, MIEN_OPT_BOOL, &augment, NULL, "pictures as spoilt as in training", 0, 0},
        {"seed", 0, MIEN_OPT_INT, &seed, "N", "of jitter and of crops without a face", 0, 2e9},
        {"model", 0, MIEN_OPT_INPUT, &model_path, "FILE", "face model (the shipped one)", 0, 0},
        {"groups", 0, MIEN_OPT_BOOL, &groups, NULL,
         "a second table: results by pose, glasses, light and other tags", 0, 0},
        {"channels", 0, MIEN_OPT_BOOL, &channels, NULL,
         "a table of the blendshapes branch: how well each channel is read", 0, 0},
        {"upended", 0, MIEN_OPT_FLOAT, &upended, "X",
         "share of crops on their side or upside down, which count as no face", 0, 0.9},
        {"calibrate", 0, MIEN_OPT_BOOL, &calibrate, NULL,
         "fit what the network's probabilities are worth (of a portrait network: what people are "
         "on average), print it, and write it into its file",
         0, 0},
        {"shapes", 0, MIEN_OPT_BOOL, &shapes, NULL,
         "instead: is each blendshape alone, at its height, read from unseen rendered people?", 0,
         0},
        {"looks", 0, MIEN_OPT_BOOL, &looks, NULL,
         "instead: how near the shapes of unseen rendered people are, of one look and of ten", 0,
         0},
        {"pairs", 0, MIEN_OPT_INPUT, &pairs, "DIR",
         "instead: do the shapes tell whether two photographs (of DIR/index.csv) show the same "
         "person?",
         0, 0},
        {"portrait", 0, MIEN_OPT_INPUT, &portrait, "FILE",
         "looks and pairs: portrait network (the network's own)", 0, 0},
        {"people", 0, MIEN_OPT_INT, &people, "N", "shapes and looks: rendered people", 1, 1000},
        {"pictures", 0, MIEN_OPT_STRING, &pictures, "DIR", "shapes: keep the pictures there", 0, 0},
        {"json", 0, MIEN_OPT_BOOL, &json, NULL, "print one JSON object instead of a table", 0, 0},
        {0},
    };
    const struct mien_command cmd = {
        .name = "eval",
        .synopsis = "--net FILE --data PACK… [options]",
        .summary =
            "judge a face network on labelled pictures (`mien eval detect --help`: the detector)",
        .example = "mien eval --net models/face.net --data photos.pack --data ferplus.pack\n"
                   "mien eval --shapes --net models/face.net\n"
                   "mien eval --pairs ../shared/data/photos",
        .min_args = 0,
        .max_args = 0,
        .sub = "detect",
    };
    const char *args[4];
    int nargs = 0, sources = mien_take_data_options(&argc, argv, spec);
    int status = sources < 0 ? 2 : mien_args_parse(&cmd, opts, argc, argv, args, &nargs);
    if (status) {
        return status == 1 ? 0 : status;
    }
    if (shapes) {
        return mien_eval_shapes(&(struct mien_eval_shapes){.net = path,
                                                           .model = model_path,
                                                           .pictures = pictures,
                                                           .people = people,
                                                           .seed = seed,
                                                           .json = json});
    }
    if (looks || pairs) {
        struct mien_eval_identity c = {path, model_path, portrait, people, seed, json};
        return pairs ? mien_eval_pairs(&c, pairs) : mien_eval_looks(&c);
    }
    if (!sources || !path) {
        mien_error("eval needs --net and --data; see `mien eval --help`");
        return 2;
    }
    struct mien_dataset data;
    struct mien_face_model model;
    struct mien_evalset set = {0};
    if (!mien_face_model_load(&model, model_path)) {
        return 2;
    }
    mien_dataset_init(&data);
    struct mien_net *net = mien_net_load(path);
    struct judgement *j = mien_calloc(1, sizeof(*j));
    status = net && j ? 0 : 2;
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
                   .jitter = jitter,
                   .upended = (float)upended},
        .per_source = (size_t)limit,
        .training_split = split == 1,
        .seed = (uint64_t)seed,
    };
    if (augment) {
        c.sample.augment = mien_augment_default();
    }
    if (!judgement_init(j, &model) || !mien_evalset_build(&set, &c) || !judge(net, &set, j)) {
        status = 1;
        goto done;
    }
    if (calibrate) {
        bool is_portrait =
            mien_net_find_output(net, mien_branch_name(MIEN_BRANCH_IDENTITY_SIGMA)) >= 0;
        status =
            (is_portrait ? calibrate_portrait(&set, path) : calibrate_network(j, path)) ? 0 : 1;
        goto done;
    }
    if (json) {
        fputs("{\"network\":", stdout);
        mien_name_json(stdout, path);
        printf(",\"pictures\":%zu,", set.count);
        mien_metrics_json(&j->metrics, stdout);
        mien_reconstruction_json(&j->shape, stdout);
        mien_metric_groups_json(&j->groups, stdout);
        mien_channels_json(&j->channels, stdout);
        puts("}");
    } else {
        mien_metrics_print(&j->metrics, stdout);
        mien_reconstruction_print(&j->shape, stdout);
        if (groups) {
            mien_metric_groups_print(&j->groups, stdout);
        }
        if (channels) {
            mien_channels_print(&j->channels, stdout);
        }
    }

done:
    judgement_destroy(j);
    mien_evalset_destroy(&set);
    mien_net_destroy(net);
    mien_dataset_destroy(&data);
    mien_face_model_destroy(&model);
    return status;
}

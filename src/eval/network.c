// `mien eval`: how accurate a face network is on labelled pictures.
#include "eval/eval.h"

#include <math.h>
#include <stdio.h>

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
    j->solver = mien_solver_create(model, true);
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

static int print(const struct mien_eval *e, struct judgement *j, size_t pictures)
{
    if (e->json) {
        fputs("{\"network\":", stdout);
        mien_name_json(stdout, e->net);
        printf(",\"pictures\":%zu,", pictures);
        mien_metrics_json(&j->metrics, stdout);
        mien_reconstruction_json(&j->shape, stdout);
        mien_metric_groups_json(&j->groups, stdout);
        mien_channels_json(&j->channels, stdout);
        puts("}");
        return 0;
    }
    mien_metrics_print(&j->metrics, stdout);
    mien_reconstruction_print(&j->shape, stdout);
    if (e->groups) {
        mien_metric_groups_print(&j->groups, stdout);
    }
    if (e->channels) {
        mien_channels_print(&j->channels, stdout);
    }
    return 0;
}

static int calibrate(const struct mien_eval *e, const struct mien_net *net,
                     const struct judgement *j, const struct mien_evalset *set)
{
    bool is_portrait = mien_net_find_output(net, mien_branch_name(MIEN_BRANCH_IDENTITY_SIGMA)) >= 0;
    bool ok = is_portrait ? calibrate_portrait(set, e->net) : calibrate_network(j, e->net);
    return ok ? 0 : 1;
}

// Crops as the network takes them. False: it is not a face network (logged).
static bool describe_pictures(const struct mien_eval *e, const struct mien_net *net,
                              const struct mien_dataset *data, const struct mien_face_model *model,
                              struct mien_evalset_config *c)
{
    struct mien_net_io in = mien_net_input(net);
    if ((in.c != 1 && in.c != 3) || in.h != in.w) {
        mien_error("%s: input %dx%dx%d is not a square crop: not a face network", e->net, in.c,
                   in.h, in.w);
        return false;
    }
    *c = (struct mien_evalset_config){
        .sample = {.data = data, .model = model, .jitter = e->jitter, .upended = e->upended},
        .per_source = e->limit,
        .training_split = e->split == 1,
        .seed = (uint64_t)e->seed,
    };
    mien_sample_suit(&c->sample, net);
    if (e->augment) {
        c->sample.augment = mien_augment_default();
    }
    return true;
}

int mien_eval_network(const struct mien_eval *e)
{
    struct mien_dataset data;
    struct mien_face_model model;
    struct mien_evalset set = {0};
    struct mien_evalset_config c;
    if (!mien_face_model_load(&model, e->model)) {
        return 2;
    }
    mien_dataset_init(&data);
    struct mien_net *net = mien_net_load(e->net);
    struct judgement *j = mien_calloc(1, sizeof(*j));
    int status = net && j ? 0 : 2;
    for (int i = 0; i < e->data.count && !status; i++) {
        status = mien_dataset_add(&data, e->data.item[i], false) ? 0 : 2;
    }
    if (!status && !describe_pictures(e, net, &data, &model, &c)) {
        status = 2;
    }
    if (!status &&
        (!judgement_init(j, &model) || !mien_evalset_build(&set, &c) || !judge(net, &set, j))) {
        status = 1;
    }
    if (!status) {
        status = e->calibrate ? calibrate(e, net, j, &set) : print(e, j, set.count);
    }
    judgement_destroy(j);
    mien_evalset_destroy(&set);
    mien_net_destroy(net);
    mien_dataset_destroy(&data);
    mien_face_model_destroy(&model);
    return status;
}

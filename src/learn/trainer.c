// The face network as a lesson of the training loop: its tasks, batches, validation and state. Does
// not: step, schedule or save (learn/loop.c).
#include "learn/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "learn/curves.h"
#include "learn/evalset.h"
#include "learn/loader.h"
#include "learn/metrics.h"
#include "learn/steadiness.h"
#include "learn/train_state.h"
#include "nn/net.h"

enum { MEASURE_PICTURES = 1536, SHARDS_MAX = 64 };

struct shard_loss {
    double sum[MIEN_TASKS], count[MIEN_TASKS];
};

static const struct mien_curve_panel panels[] = {
    {"loss (weighted, mean predictor = 1 a task)", {"loss"}, true},
    {"losses / mean predictor's", {0}, true}, // PANEL_LOSSES: the tasks
    {"landmark NME, % of face size", {"photo_nme", "synth_nme"}, false},
    {"pose error, deg", {"photo_rotation_deg", "synth_rotation_deg"}, false},
    {"expression accuracy, %", {"photo_accuracy", "ferplus_accuracy", "ferplus_macro_f1"}, false},
    {"gaze error, deg", {"photo_gaze_deg", "synth_gaze_deg"}, false},
    {"identity r, blendshape MAE",
     {"photo_identity_r", "synth_identity_r", "photo_blendshape_mae", "synth_blendshape_mae"},
     false},
    {"sigma honesty (1 is honest), presence AUC",
     {"photo_sigma", "synth_sigma", "presence_auc"},
     false},
};

enum { PANELS = MIEN_COUNT(panels), PANEL_LOSSES = 1 };

struct run {
    const struct mien_train_config *config;
    struct mien_loop *loop; // from open on
    struct mien_loader *loader;
    struct mien_loss loss;
    struct mien_train_state state;
    struct mien_train_record record;
    bool known[MIEN_TASKS]; // the checkpoint has the task; else its norm is measured
    struct mien_weighting_config weighting;
    struct mien_evalset evalset;
    struct mien_sample_config sample;
    int output[MIEN_BRANCHES], size[MIEN_BRANCHES]; // -1: the network lacks it
    float *variance[MIEN_TASKS], *variance_grad[MIEN_TASKS];
    struct mien_target *target; // of the batch
    double k[MIEN_TASKS];
    struct shard_loss part[SHARDS_MAX];
    struct shard_loss interval; // since the last log line
    double nme;
    struct mien_curve_panel panel[PANELS];
};

struct mien_train_config mien_train_defaults(void)
{
    struct mien_train_config c = {
        .loop = mien_loop_defaults(),
        .ramp = 1000,
        .adjust = 0.7f,
        .period = 200,
        .pseudo_share = 1,
        .negative = 0.05f,
        .augment = mien_augment_default(),
        .validate_count = 400,
    };
    for (int i = 0; i < MIEN_TASKS; i++) {
        c.weight[i] = mien_task_at(i)->weight;
    }
    return c;
}

char *mien_train_description(const char *path, const struct mien_face_model *model)
{
    size_t size = 0;
    char *text = mien_file_read(path, 1 << 20, &size);
    if (!text) {
        return NULL;
    }
    char *out = mien_calloc(size + 64, 1);
    if (out) {
        snprintf(out, size + 64, "define LANDMARKS %d\n%s", model->landmarks, text);
    }
    mien_free(text);
    return out;
}

static bool find_outputs(struct run *r)
{
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        int want = mien_branch_size(b, r->config->model->landmarks);
        r->output[b] = mien_graph_find_output(r->loop->graph, mien_branch_name(b));
        r->size[b] = want;
        if (r->output[b] < 0) {
            mien_info("%s has no output \"%s\": that task is off", r->config->loop.net,
                      mien_branch_name(b));
        } else if (mien_graph_output_count(r->loop->graph, r->output[b]) != want) {
            mien_error("%s: output \"%s\" has %d numbers, %d expected", r->config->loop.net,
                       mien_branch_name(b), mien_graph_output_count(r->loop->graph, r->output[b]),
                       want);
            return false;
        }
    }
    return true;
}

// A task is off where the network lacks its branch: no weighting scheme is to wait for it.
static void turn_off(struct run *r)
{
    bool have[MIEN_BRANCHES];
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        have[b] = r->output[b] >= 0;
    }
    for (int t = 0; t < MIEN_TASKS; t++) {
        r->loss.weight[t] = mien_loss_possible(t, have) ? r->config->weight[t] : 0;
    }
}

// A step's losses and gradients for one shard; runs on the shard's thread.
static double shard_loss(void *arg, struct mien_graph *g, int shard)
{
    struct run *r = arg;
    int n = r->config->loop.shard;
    struct shard_loss *part = &r->part[shard];
    memset(part, 0, sizeof(*part));
    for (int i = 0; i < n; i++) {
        const float *raw[MIEN_BRANCHES];
        float *grad[MIEN_BRANCHES];
        for (int b = 0; b < MIEN_BRANCHES; b++) {
            size_t at = (size_t)i * (size_t)r->size[b];
            bool have = r->output[b] >= 0;
            raw[b] = have ? mien_graph_output(g, shard, r->output[b]) + at : NULL;
            grad[b] = have ? mien_graph_output_grad(g, shard, r->output[b]) + at : NULL;
        }
        mien_loss_sample(&r->loss, raw, &r->target[shard * n + i], r->k, grad, part->sum,
                         part->count);
    }
    double total = 0;
    for (int t = 0; t < MIEN_TASKS; t++) {
        total += r->k[t] * part->sum[t];
        if (r->variance_grad[t]) { // d/ds of w exp(-s) L + w s, with s = theta/10
            double slope = mien_weighting_uncertainty_slope(
                0.1 * *r->variance[t],
                r->loss.weight[t] / (r->loop->shards * r->loop->parallel->ranks),
                r->k[t] * part->sum[t]);
            r->variance_grad[t][shard] += (float)(0.1 * slope);
        }
    }
    return total;
}

// Multipliers of each task's summed loss for this batch. Also agrees on stopping.
static bool weigh(struct run *r, bool *stop)
{
    const struct mien_train_config *c = r->config;
    struct mien_parallel *all = r->loop->parallel;
    double count[MIEN_TASKS + 1] = {0}, log_variance[MIEN_TASKS] = {0}, weight[MIEN_TASKS];
    for (int i = 0; i < c->loop.batch; i++) {
        mien_loss_count(&r->loss, &r->target[i], count);
    }
    count[MIEN_TASKS] = *stop;
    if (!mien_parallel_sum_doubles(all, count, MIEN_TASKS + 1)) {
        return false;
    }
    *stop = count[MIEN_TASKS] > 0;
    double batch = (double)c->loop.batch * all->ranks;
    double ramp =
        fmin(1, fmax(0, (double)(r->loop->place.step - c->loop.warmup) / (double)fmax(1, c->ramp)));
    for (int t = 0; t < MIEN_TASKS; t++) {
        log_variance[t] = r->variance[t] ? 0.1 * *r->variance[t] : 0;
        r->weighting.norm[t] = r->loss.norm[t];
    }
    mien_weighting_next(&r->weighting, &r->state.weighting, log_variance, weight);
    for (int t = 0; t < MIEN_TASKS; t++) {
        // A task with few labels in the batch does not get a louder voice for each of them.
        double n = fmax(count[t], batch / 8);
        double w = weight[t];
        if (mien_task_at(t)->auxiliary) {
            double early = mien_task_at(t)->early;
            w *= early + (1 - early) * ramp;
        }
        r->k[t] = w / n;
    }
    return true;
}

static bool measure_norms(struct run *r)
{
    int shard = r->config->loop.shard, shards = MEASURE_PICTURES / shard;
    struct mien_loader_config lc = {.sample = r->sample,
                                    .shard = shard,
                                    .shards = shards,
                                    .workers = 1,
                                    .seed = r->config->loop.seed ^ 0x6d656173};
    struct mien_sampler s;
    struct mien_target *t = mien_calloc((size_t)(shard * shards), sizeof(*t));
    float *x = mien_calloc((size_t)shard * r->evalset.picture_floats, sizeof(float));
    bool ok = mien_sampler_init(&s, &r->sample) && t && x;
    for (int i = 0; i < shards && ok; i++) {
        mien_loader_make(&s, &lc, 0, i, x, t + i * shard);
    }
    ok = ok && mien_loss_measure(&r->loss, t, (size_t)(shard * shards));
    memcpy(r->state.norm, r->loss.norm, sizeof(r->state.norm));
    memcpy(r->state.log_prior, r->loss.log_prior, sizeof(r->state.log_prior));
    mien_sampler_destroy(&s);
    mien_free(t);
    mien_free(x);
    return ok;
}

static void log_values(void *self, FILE *f)
{
    struct run *r = self;
    for (int t = 0; t < MIEN_TASKS && f; t++) {
        if (r->interval.count[t] > 0 && r->loss.weight[t] > 0) {
            fprintf(f, ",\"%s\":%.5g", mien_task_name(t),
                    r->interval.sum[t] / r->interval.count[t] / r->loss.norm[t]);
        }
        if (r->variance[t]) {
            fprintf(f, ",\"s_%s\":%.4g", mien_task_name(t), 0.1 * *r->variance[t]);
        }
    }
    memset(&r->interval, 0, sizeof(r->interval));
}

// Runs the averaged network on the validation pictures, shared out over the ranks. out:
// (count,floats), the same on all ranks.
static bool validation_outputs(struct run *r, size_t floats, float *out)
{
    const struct mien_loop_config *c = &r->config->loop;
    const struct mien_loop *l = r->loop;
    const size_t pf = r->evalset.picture_floats, batch = (size_t)c->batch;
    const size_t first = batch * (size_t)l->parallel->rank;
    for (size_t at = first; at < r->evalset.count; at += batch * (size_t)l->parallel->ranks) {
        for (size_t i = 0; i < batch && at + i < r->evalset.count; i++) {
            size_t shard = i / (size_t)c->shard, in = i % (size_t)c->shard;
            memcpy(mien_graph_input(l->graph, (int)shard) + in * pf,
                   r->evalset.input + (at + i) * pf, pf * sizeof(float));
        }
        mien_graph_forward(l->graph, l->pool, true);
        for (size_t i = 0; i < batch && at + i < r->evalset.count; i++) {
            float *to = out + (at + i) * floats;
            for (int b = 0; b < MIEN_BRANCHES; b++) {
                if (r->output[b] >= 0) {
                    const float *from =
                        mien_graph_output(l->graph, (int)(i / (size_t)c->shard), r->output[b]);
                    memcpy(to, from + i % (size_t)c->shard * (size_t)r->size[b],
                           (size_t)r->size[b] * sizeof(float));
                    to += r->size[b];
                }
            }
        }
    }
    return mien_parallel_sum(l->parallel, out, r->evalset.count * floats);
}

static bool validate(void *self, struct mien_loop *l)
{
    struct run *r = self;
    if (!r->evalset.count) {
        return true;
    }
    const struct mien_train_config *c = r->config;
    struct mien_metrics m;
    bool present[MIEN_BRANCHES];
    size_t floats = 0;
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        floats += r->output[b] >= 0 ? (size_t)r->size[b] : 0;
    }
    float *out = mien_calloc(r->evalset.count * floats, sizeof(float));
    if (!out || !validation_outputs(r, floats, out)) {
        mien_free(out);
        return false;
    }
    mien_metrics_init(&m, c->model);
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        // The first tasks are the branches', in the same order.
        present[b] = r->output[b] >= 0 && r->loss.weight[b] > 0;
    }
    struct mien_estimate e;
    for (size_t i = 0; i < r->evalset.count; i++) {
        const float *raw[MIEN_BRANCHES], *at = out + i * floats;
        for (int b = 0; b < MIEN_BRANCHES; b++) {
            raw[b] = present[b] ? at : NULL;
            at += r->output[b] >= 0 ? r->size[b] : 0;
        }
        mien_estimate_decode(raw, c->model->landmarks, &e);
        mien_metrics_add(&m, &e, &r->evalset.target[i], present);
    }
    mien_free(out);
    double sum = 0, n = 0;
    for (int s = 0; s < MIEN_METRIC_SOURCES; s++) {
        sum += m.group[s].landmark_nme;
        n += m.group[s].landmark_count;
    }
    r->nme = n > 0 ? 100 * sum / n : NAN;
    FILE *f = mien_loop_log(l);
    if (f) {
        fprintf(f, "{\"step\":%lld,\"validation\":%zu,", (long long)l->place.step,
                r->evalset.count);
        mien_metrics_json(&m, f);
        fputs("}\n", f);
        fclose(f);
    }
    if (!l->quiet) {
        fprintf(stderr, "\nvalidation at step %lld\n", (long long)l->place.step);
        mien_metrics_print(&m, stderr);
    }
    mien_metrics_destroy(&m);
    return true;
}

static int curve_panels(void *self, const struct mien_curve_panel **panel)
{
    struct run *r = self;
    int n = 0;
    memcpy(r->panel, panels, sizeof(panels));
    for (int t = 0; t < MIEN_TASKS && n < (int)MIEN_COUNT(r->panel[0].member); t++) {
        if (!mien_task_at(t)->led_by) {
            r->panel[PANEL_LOSSES].member[n++] = mien_task_name(t);
        }
    }
    *panel = r->panel;
    return PANELS;
}

static int record(void *self, const struct mien_train_place *place,
                  struct mien_section section[MIEN_LESSON_SECTIONS])
{
    struct run *r = self;
    r->state.step = place->step;
    r->state.seed = place->seed;
    r->state.seconds = place->seconds;
    mien_train_state_record(&r->state, &r->record);
    memcpy(section, r->record.section, sizeof(r->record.section));
    return MIEN_TRAIN_SECTIONS;
}

// Logs how steady the exported network is.
static bool judge_steadiness(void *self, struct mien_loop *l)
{
    struct run *r = self;
    struct mien_steadiness s;
    if (!r->config->steadiness) {
        return true;
    }
    struct mien_net *net = mien_net_load(l->path[MIEN_TRAIN_NETWORK]);
    bool ok = net && mien_steadiness_measure(net, r->config->model, r->config->data,
                                             r->config->steadiness, &s);
    mien_net_destroy(net);
    FILE *f = ok ? mien_loop_log(l) : NULL;
    if (f) {
        fprintf(f, "{\"step\":%lld,\"steady_pictures\":%zu", (long long)l->place.step, s.pictures);
        if (r->loss.weight[MIEN_TASK_LANDMARKS] > 0 && !isnan(s.jitter)) {
            fprintf(f, ",\"steady_jitter\":%.5g", s.jitter);
        }
        if (r->loss.weight[MIEN_TASK_POSE] > 0 && !isnan(s.pose_deg)) {
            fprintf(f, ",\"steady_pose_deg\":%.5g", s.pose_deg);
        }
        fputs("}\n", f);
        fclose(f);
    }
    return ok;
}

static bool take_shards(struct run *r)
{
    int n = r->config->loop.shard;
    size_t bytes = (size_t)n * r->evalset.picture_floats * sizeof(float);
    for (int s = 0; s < r->loop->shards; s++) {
        const struct mien_shard_data *d = mien_loader_take(r->loader);
        if (!d) {
            return false;
        }
        memcpy(mien_graph_input(r->loop->graph, s), d->input, bytes);
        memcpy(r->target + s * n, d->target, (size_t)n * sizeof(*d->target));
        mien_loader_release(r->loader);
    }
    return true;
}

static bool fill(void *self, struct mien_loop *l, bool *stop)
{
    struct run *r = self;
    (void)l;
    return take_shards(r) && weigh(r, stop);
}

static char *describe(void *self, const struct mien_loop_config *c)
{
    const struct run *r = self;
    if (!mien_dataset_train_count(r->config->data)) {
        mien_error("the data holds nothing to train on; see --data");
        return NULL;
    }
    return mien_train_description(c->net, r->config->model);
}

static void choose_losses(struct run *r)
{
    const struct mien_train_config *c = r->config;
    mien_loss_init(&r->loss, c->model);
    turn_off(r);
    r->loss.adjust = c->adjust;
    r->weighting.scheme = c->weighting;
    memcpy(r->weighting.weight, r->loss.weight, sizeof(r->weighting.weight));
    r->weighting.seed = c->loop.seed;
    r->weighting.period = c->period;
}

static bool describe_samples(struct run *r)
{
    const struct mien_train_config *c = r->config;
    r->sample = (struct mien_sample_config){.data = c->data,
                                            .model = c->model,
                                            .jitter = true,
                                            .augment = c->augment,
                                            .negative = c->negative,
                                            .settled = c->settled,
                                            .upended = c->upended,
                                            .teacher = c->teacher,
                                            .pseudo_share = c->pseudo_share};
    memcpy(r->sample.drop, c->drop, sizeof(r->sample.drop));
    mien_graph_input_shape(r->loop->graph, &r->sample.channels, &r->sample.height,
                           &r->sample.width);
    mien_graph_input_scaling(r->loop->graph, &r->sample.mean, &r->sample.scale);
    if ((r->sample.channels != 1 && r->sample.channels != 3) ||
        r->sample.width != r->sample.height) {
        mien_error("%s: the input must be square with 1 or 3 channels", c->loop.net);
        return false;
    }
    return true;
}

// The pictures of the validation: as the trained ones, but none is turned or coloured anew.
static bool build_evalset(struct run *r)
{
    struct mien_evalset_config ec = {
        .sample = r->sample, .per_source = r->config->validate_count, .seed = 7};
    ec.sample.jitter = false;
    ec.sample.negative = ec.sample.upended = 0;
    memset(&ec.sample.augment, 0, sizeof(ec.sample.augment));
    return mien_evalset_build(&r->evalset, &ec);
}

// The learned variances of the scheme `uncertainty`.
static bool find_variances(struct run *r)
{
    for (int t = 0; t < MIEN_TASKS && r->config->weighting == MIEN_WEIGHTING_UNCERTAINTY; t++) {
        if (mien_weighting_balances(&r->weighting, t)) {
            char name[48];
            snprintf(name, sizeof(name), "log_variance.%s", mien_task_name(t));
            r->variance[t] = mien_graph_scalar(r->loop->graph, name, 0, &r->variance_grad[t]);
            if (!r->variance[t]) {
                return false;
            }
        }
    }
    return true;
}

static bool take_state(void *self, const struct mien_container *file, const char *path,
                       struct mien_train_place *place)
{
    struct run *r = self;
    if (!mien_train_state_read(&r->state, file, path, r->known)) {
        return false;
    }
    place->step = r->state.step;
    place->seed = r->state.seed;
    place->seconds = r->state.seconds;
    return true;
}

// Of a task that is new since the checkpoint was written the norm is measured, as at the beginning
// of a training.
static bool continue_run(void *self, struct mien_loop *l)
{
    struct run *r = self;
    struct mien_train_state saved = r->state;
    bool all = true;
    for (int t = 0; t < MIEN_TASKS; t++) {
        all = all && r->known[t];
    }
    if (!all && !measure_norms(r)) {
        return false;
    }
    for (int t = 0; t < MIEN_TASKS; t++) {
        if (!r->known[t]) {
            mien_info("%s has no task \"%s\": its loss is measured now",
                      l->path[MIEN_TRAIN_CHECKPOINT], mien_task_name(t));
            saved.norm[t] = r->state.norm[t];
        }
    }
    r->state = saved;
    memcpy(r->loss.norm, r->state.norm, sizeof(r->loss.norm));
    memcpy(r->loss.log_prior, r->state.log_prior, sizeof(r->loss.log_prior));
    return true;
}

static bool begin(void *self, struct mien_loop *l)
{
    (void)l;
    return measure_norms(self);
}

static bool start_loader(void *self, struct mien_loop *l)
{
    struct run *r = self;
    struct mien_loader_config lc = {.sample = r->sample,
                                    .shard = l->config->shard,
                                    .shards = l->shards,
                                    .first_shard = l->parallel->rank * l->shards,
                                    .all_shards = l->parallel->ranks * l->shards,
                                    .workers = l->threads,
                                    .seed = l->place.seed,
                                    .first_step = l->place.step};
    r->loader = mien_loader_create(&lc);
    return r->loader != NULL;
}

static bool open_run(void *self, struct mien_loop *l)
{
    struct run *r = self;
    r->loop = l;
    r->target = mien_calloc((size_t)l->config->batch, sizeof(*r->target));
    if (!r->target || !find_outputs(r)) {
        return false;
    }
    choose_losses(r);
    if (!describe_samples(r) || !build_evalset(r) || !find_variances(r)) {
        return false;
    }
    if (!l->quiet) {
        mien_info("%zu validation pictures", r->evalset.count);
    }
    return true;
}

static void count(void *self, int shard, double value[MIEN_LESSON_VALUES])
{
    const struct run *r = self;
    memcpy(value, r->part[shard].sum, sizeof(r->part->sum));
    memcpy(value + MIEN_TASKS, r->part[shard].count, sizeof(r->part->count));
}

static void gather(void *self, const double value[MIEN_LESSON_VALUES])
{
    struct run *r = self;
    for (int t = 0; t < MIEN_TASKS; t++) {
        r->interval.sum[t] += value[t];
        r->interval.count[t] += value[MIEN_TASKS + t];
    }
    mien_weighting_observe(&r->weighting, &r->state.weighting, value, value + MIEN_TASKS);
}

static void summarise(void *self, char *text, size_t size)
{
    const struct run *r = self;
    snprintf(text, size, "val NME %.2f %%", r->nme);
}

static const struct mien_lesson lesson = {
    .unit = "pictures",
    .network = "face.net",
    .describe = describe,
    .open = open_run,
    .begin = begin,
    .take = take_state,
    .continue_run = continue_run,
    .start = start_loader,
    .fill = fill,
    .loss = shard_loss,
    .values = 2 * MIEN_TASKS,
    .count = count,
    .gather = gather,
    .log = log_values,
    .validate = validate,
    .summarise = summarise,
    .record = record,
    .panels = curve_panels,
    .end = judge_steadiness,
};
_Static_assert(2 * MIEN_TASKS <= MIEN_LESSON_VALUES, "what a shard counts fits");

const struct mien_lesson *mien_train_lesson(void)
{
    return &lesson;
}

bool mien_train(const struct mien_train_config *c, struct mien_train_summary *summary)
{
    struct run *r = mien_calloc(1, sizeof(*r));
    if (!r) {
        return false;
    }
    struct mien_loop_summary sum = {0};
    r->config = c;
    r->nme = NAN;
    bool ok = mien_loop_run(&c->loop, &lesson, r, &sum);
    if (summary) {
        *summary = (struct mien_train_summary){.step = sum.step,
                                               .first_loss = sum.first_loss,
                                               .last_loss = sum.last_loss,
                                               .validation_nme = r->nme,
                                               .pictures_per_s = sum.pictures_per_s};
    }
    mien_loader_destroy(r->loader);
    mien_evalset_destroy(&r->evalset);
    mien_free(r->target);
    mien_free(r);
    return ok;
}

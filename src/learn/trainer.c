// The training loop of the face network, its checkpoints and its log.
#include "learn/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "learn/curves.h"
#include "learn/evalset.h"
#include "learn/loader.h"
#include "learn/metrics.h"
#include "learn/steadiness.h"
#include "learn/train_state.h"
#include "nn/net.h"

enum { MEASURE_PICTURES = 1536, BAD_STEPS_MAX = 10, SHARDS_MAX = 64 };

struct shard_loss {
    double sum[MIEN_TASKS], count[MIEN_TASKS];
};

struct run {
    const struct mien_train_config *config;
    struct mien_parallel alone, *parallel;
    bool quiet, stop; // stop: agreed by all ranks
    struct mien_graph *graph;
    struct mien_pool *pool;
    struct mien_loader *loader;
    struct mien_loss loss;
    struct mien_train_state state;
    bool known[MIEN_TASKS]; // the checkpoint has the task; else its norm is measured
    struct mien_weighting_config weighting;
    struct mien_evalset evalset;
    struct mien_sample_config sample;
    int output[MIEN_BRANCHES], size[MIEN_BRANCHES]; // -1: the network lacks it
    int shards, threads;
    float *variance[MIEN_TASKS], *variance_grad[MIEN_TASKS];
    struct mien_target *target; // of the batch
    double k[MIEN_TASKS], denominator[MIEN_TASKS];
    struct shard_loss part[SHARDS_MAX];
    struct shard_loss interval; // since the last log line
    double interval_loss, weighted;
    long long interval_steps;
    int64_t interval_ns;
    char checkpoint[1024], network[1024], log[1024], curves[1024];
    double nme;
};

const char *mien_train_file(enum mien_train_file f)
{
    static const char *const names[MIEN_TRAIN_FILES] = {[MIEN_TRAIN_CHECKPOINT] = "last.ckpt",
                                                        [MIEN_TRAIN_NETWORK] = "face.net",
                                                        [MIEN_TRAIN_LOG] = "log.jsonl",
                                                        [MIEN_TRAIN_CURVES] = "curves.png"};
    return names[f];
}

struct mien_train_config mien_train_defaults(void)
{
    struct mien_train_config c = {
        .steps = 20000,
        .batch = 64,
        .shard = 16,
        .precision = MIEN_PRECISION_AUTO,
        .lr = 2e-3f,
        .decay = 1e-3f,
        .clip = 5,
        .average = 0.999f,
        .warmup = 300,
        .ramp = 1000,
        .adjust = 0.7f,
        .seed = 1,
        .muon_rate = 1,
        .freeze_norm = -1,
        .period = 200,
        .pseudo_share = 1,
        .negative = 0.05f,
        .augment = mien_augment_default(),
        .validate_every = 500,
        .log_every = 50,
        .validate_count = 400,
        .checkpoint_s = 150,
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
        r->output[b] = mien_graph_find_output(r->graph, mien_branch_name(b));
        r->size[b] = want;
        if (r->output[b] < 0) {
            mien_info("%s has no output \"%s\": that task is off", r->config->net,
                      mien_branch_name(b));
        } else if (mien_graph_output_count(r->graph, r->output[b]) != want) {
            mien_error("%s: output \"%s\" has %d numbers, %d expected", r->config->net,
                       mien_branch_name(b), mien_graph_output_count(r->graph, r->output[b]), want);
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
    int n = r->config->shard;
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
                0.1 * *r->variance[t], r->loss.weight[t] / (r->shards * r->parallel->ranks),
                r->k[t] * part->sum[t]);
            r->variance_grad[t][shard] += (float)(0.1 * slope);
        }
    }
    return total;
}

// Multipliers of each task's summed loss for this batch. Also agrees on stopping.
static bool weigh(struct run *r)
{
    const struct mien_train_config *c = r->config;
    double count[MIEN_TASKS + 1] = {0}, log_variance[MIEN_TASKS] = {0}, weight[MIEN_TASKS];
    for (int i = 0; i < c->batch; i++) {
        mien_loss_count(&r->loss, &r->target[i], count);
    }
    count[MIEN_TASKS] = c->stop && *c->stop;
    if (!mien_parallel_sum_doubles(r->parallel, count, MIEN_TASKS + 1)) {
        return false;
    }
    r->stop = count[MIEN_TASKS] > 0;
    double batch = (double)c->batch * r->parallel->ranks;
    double ramp = fmin(1, fmax(0, (double)(r->state.step - c->warmup) / (double)fmax(1, c->ramp)));
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
        r->denominator[t] = n;
    }
    return true;
}

static float learning_rate(const struct mien_train_config *c, long long step)
{
    if (step < c->warmup) {
        return c->lr * (float)(step + 1) / (float)c->warmup;
    }
    double done =
        (double)(step - c->warmup) / (double)(c->steps > c->warmup ? c->steps - c->warmup : 1);
    return c->lr * (float)(0.01 + 0.99 * 0.5 * (1 + cos(M_PI * fmin(1, done))));
}

static bool measure_norms(struct run *r)
{
    int shard = r->config->shard, shards = MEASURE_PICTURES / shard;
    struct mien_loader_config lc = {.sample = r->sample,
                                    .shard = shard,
                                    .shards = shards,
                                    .workers = 1,
                                    .seed = r->config->seed ^ 0x6d656173};
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

static void report_values(FILE *f, const struct run *r)
{
    for (int t = 0; t < MIEN_TASKS; t++) {
        if (r->interval.count[t] > 0 && r->loss.weight[t] > 0) {
            fprintf(f, ",\"%s\":%.5g", mien_task_name(t),
                    r->interval.sum[t] / r->interval.count[t] / r->loss.norm[t]);
        }
        if (r->variance[t]) {
            fprintf(f, ",\"s_%s\":%.4g", mien_task_name(t), 0.1 * *r->variance[t]);
        }
    }
}

static void log_line(struct run *r, float lr, double *rate)
{
    int64_t now = mien_now_ns();
    double s = (double)(now - r->interval_ns) / 1e9;
    *rate = s > 0 ? (double)(r->interval_steps * r->config->batch * r->parallel->ranks) / s : 0;
    r->weighted = r->interval_loss / (double)r->interval_steps;
    FILE *f = r->parallel->rank ? NULL : fopen(r->log, "a");
    if (f) {
        fprintf(f, "{\"step\":%lld,\"loss\":%.6g,\"lr\":%.4g,\"pictures_per_s\":%.1f",
                (long long)r->state.step, r->weighted, lr, *rate);
        report_values(f, r);
        fputs("}\n", f);
        fclose(f);
    }
    memset(&r->interval, 0, sizeof(r->interval));
    r->interval_loss = 0;
    r->interval_steps = 0;
    r->interval_ns = now;
}

// Runs the averaged network on the validation pictures, shared out over the ranks. out:
// (count,floats), the same on all ranks.
static bool validation_outputs(struct run *r, size_t floats, float *out)
{
    const struct mien_train_config *c = r->config;
    const size_t pf = r->evalset.picture_floats, batch = (size_t)c->batch;
    const size_t first = batch * (size_t)r->parallel->rank;
    for (size_t at = first; at < r->evalset.count; at += batch * (size_t)r->parallel->ranks) {
        for (size_t i = 0; i < batch && at + i < r->evalset.count; i++) {
            size_t shard = i / (size_t)c->shard, in = i % (size_t)c->shard;
            memcpy(mien_graph_input(r->graph, (int)shard) + in * pf,
                   r->evalset.input + (at + i) * pf, pf * sizeof(float));
        }
        mien_graph_forward(r->graph, r->pool, true);
        for (size_t i = 0; i < batch && at + i < r->evalset.count; i++) {
            float *to = out + (at + i) * floats;
            for (int b = 0; b < MIEN_BRANCHES; b++) {
                if (r->output[b] >= 0) {
                    const float *from =
                        mien_graph_output(r->graph, (int)(i / (size_t)c->shard), r->output[b]);
                    memcpy(to, from + i % (size_t)c->shard * (size_t)r->size[b],
                           (size_t)r->size[b] * sizeof(float));
                    to += r->size[b];
                }
            }
        }
    }
    return mien_parallel_sum(r->parallel, out, r->evalset.count * floats);
}

static bool validate(struct run *r)
{
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
    FILE *f = r->parallel->rank ? NULL : fopen(r->log, "a");
    if (f) {
        fprintf(f, "{\"step\":%lld,\"validation\":%zu,", (long long)r->state.step,
                r->evalset.count);
        mien_metrics_json(&m, f);
        fputs("}\n", f);
        fclose(f);
    }
    if (!r->quiet) {
        fprintf(stderr, "\nvalidation at step %lld\n", (long long)r->state.step);
        mien_metrics_print(&m, stderr);
    }
    mien_metrics_destroy(&m);
    return true;
}

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

enum { PANEL_LOSSES = 1 };

static bool draw_curves(const struct run *r)
{
    struct mien_curve_panel all[MIEN_COUNT(panels)];
    memcpy(all, panels, sizeof(all));
    int n = 0;
    for (int t = 0; t < MIEN_TASKS && n < (int)MIEN_COUNT(all[0].member); t++) {
        if (!mien_task_at(t)->led_by) {
            all[PANEL_LOSSES].member[n++] = mien_task_name(t);
        }
    }
    return mien_curves_draw(r->log, all, (int)MIEN_COUNT(all), r->curves);
}

static bool save(struct run *r)
{
    if (r->parallel->rank) {
        return true;
    }
    struct mien_train_record record;
    mien_train_state_record(&r->state, &record);
    bool ok = mien_graph_save(r->graph, r->checkpoint, record.section, MIEN_TRAIN_SECTIONS);
    ok = mien_graph_export_half(r->graph, r->network) && ok;
    ok = draw_curves(r) && ok;
    return ok;
}

// Logs how steady the exported network is.
static bool judge_steadiness(struct run *r)
{
    struct mien_steadiness s;
    struct mien_net *net = mien_net_load(r->network);
    bool ok = net && mien_steadiness_measure(net, r->config->model, r->config->data,
                                             r->config->steadiness, &s);
    mien_net_destroy(net);
    FILE *f = ok ? fopen(r->log, "a") : NULL;
    if (f) {
        fprintf(f, "{\"step\":%lld,\"steady_pictures\":%zu", (long long)r->state.step, s.pictures);
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

static bool fill_batch(struct run *r)
{
    int n = r->config->shard;
    size_t bytes = (size_t)n * r->evalset.picture_floats * sizeof(float);
    for (int s = 0; s < r->shards; s++) {
        const struct mien_shard_data *d = mien_loader_take(r->loader);
        if (!d) {
            return false;
        }
        memcpy(mien_graph_input(r->graph, s), d->input, bytes);
        memcpy(r->target + s * n, d->target, (size_t)n * sizeof(*d->target));
        mien_loader_release(r->loader);
    }
    return true;
}

static bool check_batch(const struct mien_train_config *c)
{
    if (c->batch < 1 || c->shard < 1 || c->batch % c->shard || c->batch / c->shard > SHARDS_MAX) {
        mien_error("batch %d is not 1 to %d times the shard (%d pictures)", c->batch, SHARDS_MAX,
                   c->shard);
        return false;
    }
    if (!mien_dataset_train_count(c->data)) {
        mien_error("the data holds nothing to train on; see --data");
        return false;
    }
    return true;
}

static bool name_files(struct run *r)
{
    char *const path[MIEN_TRAIN_FILES] = {[MIEN_TRAIN_CHECKPOINT] = r->checkpoint,
                                          [MIEN_TRAIN_NETWORK] = r->network,
                                          [MIEN_TRAIN_LOG] = r->log,
                                          [MIEN_TRAIN_CURVES] = r->curves};
    for (int i = 0; i < MIEN_TRAIN_FILES; i++) {
        snprintf(path[i], sizeof(r->checkpoint), "%s/%s", r->config->out,
                 mien_train_file((enum mien_train_file)i));
    }
    return mien_dir_make(r->config->out);
}

static bool make_graph(struct run *r)
{
    const struct mien_train_config *c = r->config;
    r->shards = c->batch / c->shard;
    r->threads = mien_parallel_threads(r->parallel, c->threads);
    char *text = mien_train_description(c->net, c->model);
    r->graph = text ? mien_graph_create(text, c->shard, r->shards, c->seed) : NULL;
    mien_free(text);
    r->pool = mien_pool_create(r->threads);
    r->target = mien_calloc((size_t)c->batch, sizeof(*r->target));
    if (!r->graph || !r->pool || !r->target || !find_outputs(r) ||
        !mien_graph_set_precision(r->graph, c->precision)) {
        return false;
    }
    mien_graph_first_shard(r->graph, r->parallel->rank * r->shards);
    return true;
}

static void choose_losses(struct run *r)
{
    const struct mien_train_config *c = r->config;
    mien_loss_init(&r->loss, c->model);
    turn_off(r);
    r->loss.adjust = c->adjust;
    r->weighting.scheme = c->weighting;
    memcpy(r->weighting.weight, r->loss.weight, sizeof(r->weighting.weight));
    r->weighting.seed = c->seed;
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
    mien_graph_input_shape(r->graph, &r->sample.channels, &r->sample.height, &r->sample.width);
    mien_graph_input_scaling(r->graph, &r->sample.mean, &r->sample.scale);
    if ((r->sample.channels != 1 && r->sample.channels != 3) ||
        r->sample.width != r->sample.height) {
        mien_error("%s: the input must be square with 1 or 3 channels", c->net);
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
            r->variance[t] = mien_graph_scalar(r->graph, name, 0, &r->variance_grad[t]);
            if (!r->variance[t]) {
                return false;
            }
        }
    }
    return true;
}

static bool take_state(void *arg, const struct mien_container *file, const char *path)
{
    struct run *r = arg;
    return mien_train_state_read(&r->state, file, path, r->known);
}

// Goes on from the checkpoint. Of a task that is new since it was written the norm is measured, as
// at the beginning of a training.
static bool resume(struct run *r)
{
    if (!mien_graph_restore(r->graph, r->checkpoint, take_state, r)) {
        return false;
    }
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
            mien_info("%s has no task \"%s\": its loss is measured now", r->checkpoint,
                      mien_task_name(t));
            saved.norm[t] = r->state.norm[t];
        }
    }
    r->state = saved;
    memcpy(r->loss.norm, r->state.norm, sizeof(r->loss.norm));
    memcpy(r->loss.log_prior, r->state.log_prior, sizeof(r->loss.log_prior));
    if (!r->parallel->rank && mien_file_exists(r->log) &&
        !mien_curves_trim_log(r->log, r->state.step)) {
        return false;
    }
    mien_info("resuming %s at step %lld", r->checkpoint, (long long)r->state.step);
    return true;
}

static bool begin(struct run *r)
{
    const struct mien_train_config *c = r->config;
    if (c->init && !mien_graph_init_from(r->graph, c->init)) {
        return false;
    }
    r->state.seed = c->seed;
    return measure_norms(r) && (r->parallel->rank || mien_file_save(r->log, "", 0));
}

static bool start_loader(struct run *r)
{
    struct mien_loader_config lc = {.sample = r->sample,
                                    .shard = r->config->shard,
                                    .shards = r->shards,
                                    .first_shard = r->parallel->rank * r->shards,
                                    .all_shards = r->parallel->ranks * r->shards,
                                    .workers = r->threads,
                                    .seed = r->state.seed,
                                    .first_step = r->state.step};
    r->loader = mien_loader_create(&lc);
    return r->loader != NULL;
}

static bool open_run(struct run *r)
{
    if (!check_batch(r->config) || !name_files(r) || !make_graph(r)) {
        return false;
    }
    choose_losses(r);
    if (!describe_samples(r) || !build_evalset(r) || !find_variances(r)) {
        return false;
    }
    bool goes_on = r->config->resume && mien_file_exists(r->checkpoint);
    return (goes_on ? resume(r) : begin(r)) && start_loader(r);
}

static void close_run(struct run *r)
{
    mien_loader_destroy(r->loader);
    mien_evalset_destroy(&r->evalset);
    mien_graph_destroy(r->graph);
    mien_pool_destroy(r->pool);
    mien_free(r->target);
}

// Gradients, statistics and losses over all ranks. Returns the loss; NAN when it was not finite on
// any of them (no rank keeps a gradient then). False in *ok when memory is short.
static double combine(struct run *r, double loss, double sum[MIEN_TASKS], double count[MIEN_TASKS],
                      bool *ok)
{
    double all[2 * MIEN_TASKS + 1] = {0};
    all[2 * MIEN_TASKS] = loss;
    for (int s = 0; s < r->shards; s++) {
        for (int t = 0; t < MIEN_TASKS; t++) {
            all[t] += r->part[s].sum[t];
            all[MIEN_TASKS + t] += r->part[s].count[t];
        }
    }
    size_t gradients, statistics;
    float *gradient = mien_graph_gradient(r->graph, &gradients);
    float *statistic = mien_graph_statistics(r->graph, &statistics);
    *ok = mien_parallel_sum_doubles(r->parallel, all, MIEN_COUNT(all)) &&
          mien_parallel_sum(r->parallel, gradient, gradients) &&
          mien_parallel_sum(r->parallel, statistic, statistics);
    loss = all[2 * MIEN_TASKS];
    if (r->parallel->ranks > 1) {
        for (size_t i = 0; i < statistics; i++) {
            statistic[i] /= (float)r->parallel->ranks;
        }
        if (isnan(loss)) {
            memset(gradient, 0, gradients * sizeof(*gradient));
        }
    }
    memcpy(sum, all, MIEN_TASKS * sizeof(*sum));
    memcpy(count, all + MIEN_TASKS, MIEN_TASKS * sizeof(*count));
    return loss;
}

static void gather(struct run *r, double loss, const double sum[MIEN_TASKS],
                   const double count[MIEN_TASKS])
{
    for (int t = 0; t < MIEN_TASKS; t++) {
        r->interval.sum[t] += sum[t];
        r->interval.count[t] += count[t];
    }
    mien_weighting_observe(&r->weighting, &r->state.weighting, sum, count);
    r->interval_loss += loss;
    r->interval_steps++;
}

bool mien_train_leave_out(int *bad, long long step)
{
    if (++*bad == 1) {
        mien_warn("step %lld is left out: its loss or gradient is not finite", step);
    }
    if (*bad < BAD_STEPS_MAX) {
        return true;
    }
    mien_error("training ends: %d steps in a row were not finite; lower the learning rate, or look "
               "at the labels",
               *bad);
    return false;
}

static bool step(struct run *r, float lr, int *bad)
{
    double sum[MIEN_TASKS], count[MIEN_TASKS];
    bool ok = true;
    if (!fill_batch(r) || !weigh(r)) {
        return false;
    }
    double loss = mien_graph_forward_backward(r->graph, r->pool, shard_loss, r);
    loss = combine(r, loss, sum, count, &ok);
    if (!ok) {
        return false;
    }
    if (isnan(loss)) {
        if (!mien_train_leave_out(bad, (long long)r->state.step)) {
            return false;
        }
    } else {
        struct mien_adamw o = {.lr = lr,
                               .beta1 = 0.9f,
                               .beta2 = 0.999f,
                               .eps = 1e-8f,
                               .weight_decay = r->config->decay,
                               .clip = r->config->clip,
                               .average = r->config->average,
                               .muon = r->config->muon,
                               .muon_rate = r->config->muon_rate};
        if (!mien_graph_step(r->graph, r->pool, &o)) {
            return false;
        }
        gather(r, loss, sum, count);
        *bad = 0;
    }
    r->state.step++;
    return true;
}

static bool stopped(const struct run *r)
{
    const struct mien_train_config *c = r->config;
    return r->stop || (r->parallel->ranks == 1 && c->stop && *c->stop);
}

bool mien_train(const struct mien_train_config *c, struct mien_train_summary *summary)
{
    struct run *r = mien_calloc(1, sizeof(*r));
    if (!r) {
        return false;
    }
    r->config = c;
    r->alone.ranks = r->alone.local_ranks = 1;
    r->parallel = c->parallel ? c->parallel : &r->alone;
    r->quiet = c->quiet || r->parallel->rank > 0;
    long long step_pictures = (long long)c->batch * r->parallel->ranks;
    r->nme = NAN;
    bool ok = open_run(r);
    struct mien_train_summary sum = {.first_loss = NAN, .last_loss = NAN};
    struct mien_progress progress = {0};
    if (ok && !r->quiet) {
        mien_info(
            "%.2f M parameters, %.1f M multiply-adds a picture in %s, %zu validation pictures",
            (double)mien_graph_parameters(r->graph) / 1e6, mien_graph_macs(r->graph) / 1e6,
            mien_graph_precision(r->graph), r->evalset.count);
        mien_progress_begin(&progress, "training", "pictures", r->state.step * step_pictures,
                            c->steps * step_pictures);
    }
    int64_t saved_ns = mien_now_ns(), start_ns = saved_ns;
    long long start_step = r->state.step, trained = start_step;
    int bad = 0;
    r->interval_ns = start_ns;
    while (ok && r->state.step < c->steps && !stopped(r)) {
        float lr = learning_rate(c, r->state.step);
        if (c->freeze_norm >= 0 && r->state.step >= c->freeze_norm) {
            mien_graph_freeze_norm(r->graph);
        }
        ok = step(r, lr, &bad);
        trained = r->state.step;
        if (ok && r->interval_steps && r->state.step % c->log_every == 0) {
            log_line(r, lr, &sum.pictures_per_s);
            sum.first_loss = isnan(sum.first_loss) ? r->weighted : sum.first_loss;
            sum.last_loss = r->weighted;
        }
        if (ok && c->validate_every && r->state.step % c->validate_every == 0 &&
            r->state.step < c->steps) {
            ok = validate(r);
        }
        if (ok && (double)(mien_now_ns() - saved_ns) > c->checkpoint_s * 1e9) {
            ok = save(r);
            saved_ns = mien_now_ns();
        }
        if (!r->quiet) {
            char extra[96];
            snprintf(extra, sizeof(extra), "step %lld, loss %.4f, val NME %.2f %%",
                     (long long)r->state.step, r->weighted, r->nme);
            mien_progress_update(&progress, r->state.step * step_pictures, extra);
        }
    }
    if (ok) {
        if (!r->quiet) {
            mien_progress_end(&progress, r->state.step * step_pictures);
        }
        ok = validate(r);
        r->state.seconds += (double)(mien_now_ns() - start_ns) / 1e9;
        ok = save(r) && ok;
        if (ok && c->steadiness && !stopped(r) && !r->parallel->rank) {
            ok = judge_steadiness(r);
        }
        if (stopped(r) && !r->parallel->rank) {
            mien_info("stopped at step %lld; --resume goes on", (long long)r->state.step);
        }
    }
    double s = (double)(mien_now_ns() - start_ns) / 1e9;
    sum.pictures_per_s = s > 0 ? (double)((trained - start_step) * step_pictures) / s : 0;
    sum.step = r->state.step;
    sum.validation_nme = r->nme;
    if (summary) {
        *summary = sum;
    }
    close_run(r);
    mien_free(r);
    return ok;
}

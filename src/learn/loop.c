// The loop: what every training does, whatever it teaches. See loop.h.
#include "learn/loop.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum { BAD_STEPS_MAX = 10, SHARDS_MAX = 64 };

struct run {
    struct mien_loop loop; // what the lesson sees
    const struct mien_loop_config *config;
    const struct mien_lesson *lesson;
    void *self;
    struct mien_parallel alone;
    int bad; // steps in a row that were left out
    struct {
        double loss;
        long long steps;
        int64_t start_ns;
    } interval;  // since the last line of the log
    double loss; // mean of the last interval
};

struct mien_loop_config mien_loop_defaults(void)
{
    return (struct mien_loop_config){
        .steps = 20000,
        .batch = 64,
        .shard = 16,
        .precision = MIEN_PRECISION_AUTO,
        .lr = 2e-3f,
        .decay = 1e-3f,
        .clip = 5,
        .average = 0.999f,
        .beta2 = 0.999f,
        .muon_rate = 1,
        .warmup = 300,
        .seed = 1,
        .freeze_norm = -1,
        .validate_every = 500,
        .log_every = 50,
        .checkpoint_s = 150,
    };
}

float mien_loop_rate(const struct mien_loop_config *c, long long step)
{
    if (step < c->warmup) {
        return c->lr * (float)(step + 1) / (float)c->warmup;
    }
    double done =
        (double)(step - c->warmup) / (double)(c->steps > c->warmup ? c->steps - c->warmup : 1);
    return c->lr * (float)(0.01 + 0.99 * 0.5 * (1 + cos(M_PI * fmin(1, done))));
}

FILE *mien_loop_log(const struct mien_loop *l)
{
    return l->parallel->rank ? NULL : fopen(l->path[MIEN_TRAIN_LOG], "a");
}

// ---- before the first step ----

static bool check_batch(const struct mien_loop_config *c)
{
    if (c->batch < 1 || c->shard < 1 || c->batch % c->shard || c->batch / c->shard > SHARDS_MAX) {
        mien_error("batch %d is not 1 to %d times the shard (%d pictures)", c->batch, SHARDS_MAX,
                   c->shard);
        return false;
    }
    return true;
}

const char *mien_train_file(const struct mien_lesson *lesson, enum mien_train_file f)
{
    const char *const names[MIEN_TRAIN_FILES] = {[MIEN_TRAIN_CHECKPOINT] = "last.ckpt",
                                                 [MIEN_TRAIN_NETWORK] = lesson->network,
                                                 [MIEN_TRAIN_LOG] = "log.jsonl",
                                                 [MIEN_TRAIN_CURVES] = "curves.png"};
    return names[f];
}

static bool name_files(struct run *r)
{
    for (int i = 0; i < MIEN_TRAIN_FILES; i++) {
        snprintf(r->loop.path[i], sizeof(r->loop.path[i]), "%s/%s", r->config->out,
                 mien_train_file(r->lesson, (enum mien_train_file)i));
    }
    return mien_dir_make(r->config->out);
}

static bool make_graph(struct run *r)
{
    const struct mien_loop_config *c = r->config;
    struct mien_loop *l = &r->loop;
    l->shards = c->batch / c->shard;
    l->threads = mien_parallel_threads(l->parallel, c->threads);
    char *text = r->lesson->describe(r->self, c);
    l->graph = text ? mien_graph_create(text, c->shard, l->shards, c->seed) : NULL;
    mien_free(text);
    l->pool = mien_pool_create(l->threads);
    if (!l->graph || !l->pool || !mien_graph_set_precision(l->graph, c->precision)) {
        return false;
    }
    if (c->learn && !mien_graph_learn_only(l->graph, c->learn)) {
        return false;
    }
    mien_graph_first_shard(l->graph, l->parallel->rank * l->shards);
    return true;
}

static bool take(void *arg, const struct mien_container *file, const char *path)
{
    struct run *r = arg;
    return r->lesson->take(r->self, file, path, &r->loop.place);
}

static bool resume(struct run *r)
{
    struct mien_loop *l = &r->loop;
    const char *checkpoint = l->path[MIEN_TRAIN_CHECKPOINT], *log = l->path[MIEN_TRAIN_LOG];
    if (!mien_graph_restore(l->graph, checkpoint, take, r) ||
        (r->lesson->continue_run && !r->lesson->continue_run(r->self, l))) {
        return false;
    }
    if (!l->parallel->rank && mien_file_exists(log) && !mien_curves_trim_log(log, l->place.step)) {
        return false;
    }
    mien_info("resuming %s at step %lld", checkpoint, (long long)l->place.step);
    return true;
}

static bool begin(struct run *r)
{
    struct mien_loop *l = &r->loop;
    if (r->config->init && !mien_graph_init_from(l->graph, r->config->init)) {
        return false;
    }
    l->place.seed = r->config->seed;
    return r->lesson->begin(r->self, l) &&
           (l->parallel->rank || mien_file_save(l->path[MIEN_TRAIN_LOG], "", 0));
}

static bool open_run(struct run *r)
{
    struct mien_loop *l = &r->loop;
    if (!check_batch(r->config) || !name_files(r) || !make_graph(r) ||
        !r->lesson->open(r->self, l)) {
        return false;
    }
    bool goes_on = r->config->resume && mien_file_exists(l->path[MIEN_TRAIN_CHECKPOINT]);
    return (goes_on ? resume(r) : begin(r)) && (!r->lesson->start || r->lesson->start(r->self, l));
}

// ---- a step ----

// Gradients, statistics and what was counted over all ranks. Returns the loss; NAN when it was not
// finite on any of them (no rank keeps a gradient then). False in *ok when memory is short.
static double combine(struct run *r, double loss, double value[MIEN_LESSON_VALUES], bool *ok)
{
    struct mien_loop *l = &r->loop;
    const int n = r->lesson->values;
    double all[MIEN_LESSON_VALUES + 1] = {0};
    MIEN_ASSERT(n <= MIEN_LESSON_VALUES);
    for (int s = 0; s < l->shards; s++) {
        double part[MIEN_LESSON_VALUES] = {0};
        r->lesson->count(r->self, s, part);
        for (int i = 0; i < n; i++) {
            all[i] += part[i];
        }
    }
    all[n] = loss;
    size_t gradients, statistics;
    float *gradient = mien_graph_gradient(l->graph, &gradients);
    float *statistic = mien_graph_statistics(l->graph, &statistics);
    *ok = mien_parallel_sum_doubles(l->parallel, all, (size_t)n + 1) &&
          mien_parallel_sum(l->parallel, gradient, gradients) &&
          mien_parallel_sum(l->parallel, statistic, statistics);
    loss = all[n];
    if (l->parallel->ranks > 1) {
        for (size_t i = 0; i < statistics; i++) {
            statistic[i] /= (float)l->parallel->ranks;
        }
        if (isnan(loss)) {
            memset(gradient, 0, gradients * sizeof(*gradient));
        }
    }
    memcpy(value, all, (size_t)n * sizeof(*value));
    return loss;
}

// After a step whose loss or gradient was not finite, and that was left out. Says so at the first
// of a row; false, with an error, when there were so many that training is to end.
static bool leave_out(struct run *r)
{
    if (++r->bad == 1) {
        mien_warn("step %lld is left out: its loss or gradient is not finite",
                  (long long)r->loop.place.step);
    }
    if (r->bad < BAD_STEPS_MAX) {
        return true;
    }
    mien_error("training ends: %d steps in a row were not finite; lower the learning rate, or look "
               "at the labels",
               r->bad);
    return false;
}

static bool step(struct run *r, float lr)
{
    struct mien_loop *l = &r->loop;
    const struct mien_loop_config *c = r->config;
    double value[MIEN_LESSON_VALUES];
    bool ok = true, stop = c->stop && *c->stop;
    if (!r->lesson->fill(r->self, l, &stop)) {
        return false;
    }
    l->stop = stop;
    double loss = mien_graph_forward_backward(l->graph, l->pool, r->lesson->loss, r->self);
    loss = combine(r, loss, value, &ok);
    if (!ok) {
        return false;
    }
    if (isnan(loss)) {
        if (!leave_out(r)) {
            return false;
        }
    } else {
        struct mien_adamw o = {.lr = lr,
                               .beta1 = 0.9f,
                               .beta2 = c->beta2,
                               .eps = 1e-8f,
                               .weight_decay = c->decay,
                               .clip = c->clip,
                               .average = c->average,
                               .muon = c->muon,
                               .muon_rate = c->muon_rate};
        if (!mien_graph_step(l->graph, l->pool, &o)) {
            return false;
        }
        r->lesson->gather(r->self, value);
        r->interval.loss += loss;
        r->interval.steps++;
        r->bad = 0;
    }
    l->place.step++;
    return true;
}

// ---- between steps ----

static void log_line(struct run *r, float lr, double *rate)
{
    int64_t now = mien_now_ns();
    double s = (double)(now - r->interval.start_ns) / 1e9;
    long long pictures = r->interval.steps * r->config->batch * (long long)r->loop.parallel->ranks;
    *rate = s > 0 ? (double)pictures / s : 0;
    r->loss = r->interval.loss / (double)r->interval.steps;
    FILE *f = mien_loop_log(&r->loop);
    if (f) {
        fprintf(f, "{\"step\":%lld,\"loss\":%.6g,\"lr\":%.4g,\"pictures_per_s\":%.1f",
                (long long)r->loop.place.step, r->loss, lr, *rate);
    }
    r->lesson->log(r->self, f);
    if (f) {
        fputs("}\n", f);
        fclose(f);
    }
    memset(&r->interval, 0, sizeof(r->interval));
    r->interval.start_ns = now;
}

static bool save(struct run *r)
{
    struct mien_loop *l = &r->loop;
    if (l->parallel->rank) {
        return true;
    }
    struct mien_section section[MIEN_LESSON_SECTIONS];
    const struct mien_curve_panel *panel;
    int sections = r->lesson->record(r->self, &l->place, section);
    bool ok = mien_graph_save(l->graph, l->path[MIEN_TRAIN_CHECKPOINT], section, sections);
    ok = mien_graph_export_half(l->graph, l->path[MIEN_TRAIN_NETWORK]) && ok;
    int panels = r->lesson->panels(r->self, &panel);
    return mien_curves_draw(l->path[MIEN_TRAIN_LOG], panel, panels, l->path[MIEN_TRAIN_CURVES]) &&
           ok;
}

static bool is_stopped(const struct run *r)
{
    const struct mien_loop_config *c = r->config;
    return r->loop.stop || (r->loop.parallel->ranks == 1 && c->stop && *c->stop);
}

static void show_progress(struct run *r, struct mien_progress *progress, long long step_pictures)
{
    char extra[128], brief[64] = "";
    if (r->loop.quiet) {
        return;
    }
    r->lesson->summarise(r->self, brief, sizeof(brief));
    snprintf(extra, sizeof(extra), "step %lld, loss %.4f%s%s", (long long)r->loop.place.step,
             r->loss, *brief ? ", " : "", brief);
    mien_progress_update(progress, r->loop.place.step * step_pictures, extra);
}

// The steps, with what belongs between them.
static bool walk(struct run *r, struct mien_progress *progress, struct mien_loop_summary *sum)
{
    const struct mien_loop_config *c = r->config;
    struct mien_loop *l = &r->loop;
    const long long step_pictures = (long long)c->batch * l->parallel->ranks;
    int64_t saved_ns = mien_now_ns();
    bool ok = true;
    r->interval.start_ns = saved_ns;
    while (ok && l->place.step < c->steps && !is_stopped(r)) {
        float lr = mien_loop_rate(c, l->place.step);
        if (c->freeze_norm >= 0 && l->place.step >= c->freeze_norm) {
            mien_graph_freeze_norm(l->graph);
        }
        ok = step(r, lr);
        if (ok && r->interval.steps && l->place.step % c->log_every == 0) {
            log_line(r, lr, &sum->pictures_per_s);
            sum->first_loss = isnan(sum->first_loss) ? r->loss : sum->first_loss;
            sum->last_loss = r->loss;
        }
        if (ok && c->validate_every && l->place.step % c->validate_every == 0 &&
            l->place.step < c->steps) {
            ok = r->lesson->validate(r->self, l);
        }
        if (ok && (double)(mien_now_ns() - saved_ns) > c->checkpoint_s * 1e9) {
            ok = save(r);
            saved_ns = mien_now_ns();
        }
        show_progress(r, progress, step_pictures);
    }
    return ok;
}

static bool finish(struct run *r, int64_t start_ns)
{
    struct mien_loop *l = &r->loop;
    bool ok = r->lesson->validate(r->self, l);
    l->place.seconds += (double)(mien_now_ns() - start_ns) / 1e9;
    ok = save(r) && ok;
    if (ok && r->lesson->end && !is_stopped(r) && !l->parallel->rank) {
        ok = r->lesson->end(r->self, l);
    }
    if (is_stopped(r) && !l->parallel->rank) {
        mien_info("stopped at step %lld; --resume goes on", (long long)l->place.step);
    }
    return ok;
}

bool mien_loop_run(const struct mien_loop_config *c, const struct mien_lesson *lesson, void *self,
                   struct mien_loop_summary *summary)
{
    struct run *r = mien_calloc(1, sizeof(*r));
    if (!r) {
        return false;
    }
    struct mien_loop *l = &r->loop;
    r->config = l->config = c;
    r->lesson = lesson;
    r->self = self;
    r->alone.ranks = r->alone.local_ranks = 1;
    l->parallel = c->parallel ? c->parallel : &r->alone;
    l->quiet = c->quiet || l->parallel->rank > 0;
    const long long step_pictures = (long long)c->batch * l->parallel->ranks;
    struct mien_loop_summary sum = {.first_loss = NAN, .last_loss = NAN};
    struct mien_progress progress = {0};
    bool ok = open_run(r);
    if (ok && !l->quiet) {
        mien_info("%.2f M parameters, %.1f M multiply-adds a picture in %s",
                  (double)mien_graph_parameters(l->graph) / 1e6, mien_graph_macs(l->graph) / 1e6,
                  mien_graph_precision(l->graph));
        mien_progress_begin(&progress, "training", lesson->unit, l->place.step * step_pictures,
                            c->steps * step_pictures);
    }
    const int64_t start_ns = mien_now_ns();
    const long long start_step = l->place.step;
    ok = ok && walk(r, &progress, &sum);
    const long long trained = l->place.step - start_step;
    if (ok) {
        if (!l->quiet) {
            mien_progress_end(&progress, l->place.step * step_pictures);
        }
        ok = finish(r, start_ns);
    }
    double s = (double)(mien_now_ns() - start_ns) / 1e9;
    sum.pictures_per_s = s > 0 ? (double)(trained * step_pictures) / s : 0;
    sum.step = l->place.step;
    if (summary) {
        *summary = sum;
    }
    mien_graph_destroy(l->graph);
    mien_pool_destroy(l->pool);
    mien_free(r);
    return ok;
}

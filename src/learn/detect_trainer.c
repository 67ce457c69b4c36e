// The detector as a lesson of the training loop: scenes, targets, losses, validation. Does not:
// step, schedule or save (learn/loop.c).
#include "learn/detect_trainer.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "learn/detect_loss.h"

enum { WIDTH = 320, HEIGHT = 240 }; // of the sheet, where there is no network
enum { VALIDATION_SEED = 7, PARTS = 3, SHARDS_MAX = 64 };

struct run {
    const struct mien_detect_train_config *config;
    struct mien_loop *loop; // NULL: scenes alone, for the sheet
    struct mien_detect_recipe recipe;
    // What the scenes under way are made of: those of a training step, or of validation.
    struct {
        const struct mien_detect_data *data;
        uint64_t seed, first;
    } from;
    struct mien_detect_scene scene[MIEN_DETECT_BATCH_MAX];
    struct mien_detect_target target[MIEN_DETECT_BATCH_MAX][MIEN_DETECT_LEVELS];
    struct mien_detect_losses part[SHARDS_MAX];
    struct mien_detect_losses interval; // since the last line of the log
    double scenes;
    int output[MIEN_DETECT_LEVELS];
    float mean, scale;
    double validation_loss, found;
    struct mien_train_place place; // as it is written into a checkpoint
};

struct mien_detect_train_config mien_detect_train_defaults(void)
{
    struct mien_detect_train_config c = {
        .loop = mien_loop_defaults(),
        .recipe = {.synth = 0.35f, .side = 0.15f, .empty = 0.12f},
        .validation_scenes = 256,
    };
    c.loop.steps = 3750;
    c.loop.batch = 32;
    c.loop.decay = 0.01f;
    c.loop.average = 0.995f;
    c.loop.beta2 = 0.99f;
    c.loop.warmup = 200;
    c.loop.checkpoint_s = 60;
    return c;
}

// ---- scenes ----

static bool init_scenes(struct run *r, int count, int w, int h)
{
    for (int i = 0; i < count; i++) {
        if (!mien_detect_scene_init(&r->scene[i], w, h)) {
            return false;
        }
        for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
            if (!mien_detect_target_init(&r->target[i][k], w, h, mien_detect_stride[k])) {
                return false;
            }
        }
    }
    return true;
}

static void destroy_scenes(struct run *r)
{
    for (int i = 0; i < MIEN_DETECT_BATCH_MAX; i++) {
        mien_detect_scene_destroy(&r->scene[i]);
        for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
            mien_detect_target_destroy(&r->target[i][k]);
        }
    }
}

static void make_scene(void *arg, size_t i, int worker)
{
    struct run *r = arg;
    struct mien_rng rng;
    struct mien_detect_scene *s = &r->scene[i];
    (void)worker;
    mien_rng_seed(&rng, r->from.seed, r->from.first + i);
    mien_detect_scene_make(s, r->from.data, &r->recipe, &rng);
    for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
        mien_detect_target_make(&r->target[i][k], k, s);
    }
    if (!r->loop) {
        return;
    }
    const size_t n = (size_t)s->width * (size_t)s->height, shard = (size_t)r->loop->config->shard;
    float *in = mien_graph_input(r->loop->graph, (int)(i / shard)) + i % shard * n;
    for (size_t p = 0; p < n; p++) {
        in[p] = ((float)s->gray[p] - r->mean) * r->scale;
    }
}

static void make_scenes(struct run *r, const struct mien_detect_data *data, uint64_t seed,
                        uint64_t first)
{
    r->from.data = data;
    r->from.seed = seed;
    r->from.first = first;
    mien_pool_run(r->loop->pool, (size_t)r->loop->config->batch, make_scene, r);
}

static bool fill(void *self, struct mien_loop *l, bool *stop)
{
    struct run *r = self;
    const uint64_t batch = (uint64_t)l->config->batch, ranks = (uint64_t)l->parallel->ranks;
    double asked = *stop;
    if (!mien_parallel_sum_doubles(l->parallel, &asked, 1)) {
        return false;
    }
    *stop = asked > 0;
    make_scenes(r, r->config->data, l->place.seed,
                batch * ((uint64_t)l->place.step * ranks + (uint64_t)l->parallel->rank));
    return true;
}

// ---- losses ----

static double shard_loss(void *self, struct mien_graph *g, int shard)
{
    struct run *r = self;
    const size_t n = (size_t)r->loop->config->shard;
    const double scale = 1.0 / ((double)r->loop->config->batch * r->loop->parallel->ranks);
    double sum = 0;
    memset(&r->part[shard], 0, sizeof(r->part[shard]));
    for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
        const float *out = mien_graph_output(g, shard, r->output[k]);
        float *grad = mien_graph_output_grad(g, shard, r->output[k]);
        const size_t count = (size_t)mien_graph_output_count(g, r->output[k]);
        for (size_t i = 0; i < n; i++) {
            sum += mien_detect_loss(&r->target[(size_t)shard * n + i][k], out + i * count, scale,
                                    grad + i * count, &r->part[shard]);
        }
    }
    return sum;
}

static void count(void *self, int shard, double value[MIEN_LESSON_VALUES])
{
    const struct run *r = self;
    value[0] = r->part[shard].face;
    value[1] = r->part[shard].box;
    value[2] = r->part[shard].roll;
    value[PARTS] = r->loop->config->shard;
}

static void gather(void *self, const double value[MIEN_LESSON_VALUES])
{
    struct run *r = self;
    r->interval.face += value[0];
    r->interval.box += value[1];
    r->interval.roll += value[2];
    r->scenes += value[PARTS];
}

static void log_values(void *self, FILE *f)
{
    struct run *r = self;
    if (f) {
        fprintf(f, ",\"face\":%.4f,\"box\":%.4f,\"roll\":%.4f", r->interval.face / r->scenes,
                r->interval.box / r->scenes, r->interval.roll / r->scenes);
    }
    memset(&r->interval, 0, sizeof(r->interval));
    r->scenes = 0;
}

// ---- validation ----

enum { FACES = PARTS, FOUND, EXTRA, SCENES, FIGURES }; // after the three losses

// What the network says of the scene at `i`, added to the figures.
static void judge(struct run *r, int i, double figure[FIGURES])
{
    const struct mien_detect_scene *s = &r->scene[i];
    const int shard = r->loop->config->shard;
    struct mien_detection list[MIEN_DETECT_CANDIDATES];
    struct mien_detect_losses sum = {0};
    bool used[MIEN_DETECT_MAX] = {false};
    int n = 0;
    for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
        const struct mien_detect_target *t = &r->target[i][k];
        const size_t count = (size_t)mien_graph_output_count(r->loop->graph, r->output[k]);
        const size_t at = (size_t)(i % shard) * count;
        const float *planes = mien_graph_output(r->loop->graph, i / shard, r->output[k]) + at;
        // Written over by the next step.
        float *grad = mien_graph_output_grad(r->loop->graph, i / shard, r->output[k]) + at;
        mien_detect_loss(t, planes, 1, grad, &sum);
        n = mien_detect_collect(planes, t->w, t->h, t->stride, MIEN_DETECT_THRESHOLD, list, n);
    }
    n = mien_detect_merge(list, n, MIEN_DETECT_MAX);
    for (int k = 0; k < s->faces; k++) {
        float best = 0;
        for (int m = 0; m < n; m++) {
            float o = mien_box_iou(s->face[k].box_px, list[m].box_px);
            best = fmaxf(best, o);
            used[m] = used[m] || o > 0.4f || (s->face[k].ignore && o > 0);
        }
        figure[FACES] += !s->face[k].ignore;
        figure[FOUND] += !s->face[k].ignore && best > 0.4f;
    }
    for (int m = 0; m < n; m++) {
        figure[EXTRA] += !used[m];
    }
    figure[0] += sum.face;
    figure[1] += sum.box;
    figure[2] += sum.roll;
    figure[SCENES]++;
}

static bool validate(void *self, struct mien_loop *l)
{
    struct run *r = self;
    const struct mien_detect_data *data = r->config->validation;
    const int batch = l->config->batch, all = r->config->validation_scenes;
    if (!data || !data->members[MIEN_DETECT_PHOTO] || all < 1) {
        return true;
    }
    double figure[FIGURES] = {0};
    for (int at = batch * l->parallel->rank; at < all; at += batch * l->parallel->ranks) {
        make_scenes(r, data, VALIDATION_SEED, (uint64_t)at);
        mien_graph_forward(l->graph, l->pool, true);
        for (int i = 0; i < batch && at + i < all; i++) {
            judge(r, i, figure);
        }
    }
    if (!mien_parallel_sum_doubles(l->parallel, figure, FIGURES)) {
        return false;
    }
    const double n = figure[SCENES];
    r->validation_loss = (figure[0] + figure[1] + figure[2]) / n;
    r->found = figure[FACES] > 0 ? figure[FOUND] / figure[FACES] : NAN;
    FILE *f = mien_loop_log(l);
    if (f) {
        fprintf(f,
                "{\"step\":%lld,\"validation\":%.0f,\"val_face\":%.4f,\"val_box\":%.4f,"
                "\"val_roll\":%.4f,\"val_extra\":%.4f",
                (long long)l->place.step, n, figure[0] / n, figure[1] / n, figure[2] / n,
                figure[EXTRA] / n);
        if (!isnan(r->found)) {
            fprintf(f, ",\"val_found\":%.2f", 100 * r->found);
        }
        fputs("}\n", f);
        fclose(f);
    }
    if (!l->quiet) {
        fprintf(stderr,
                "\nvalidation at step %lld: loss %.3f (face %.3f box %.3f roll %.3f), %.1f %% of "
                "%.0f faces found, %.3f extra a scene\n",
                (long long)l->place.step, r->validation_loss, figure[0] / n, figure[1] / n,
                figure[2] / n, 100 * r->found, figure[FACES], figure[EXTRA] / n);
    }
    return true;
}

static void summarise(void *self, char *text, size_t size)
{
    const struct run *r = self;
    if (!isnan(r->found)) {
        snprintf(text, size, "%.1f %% found", 100 * r->found);
    }
}

static int curve_panels(void *self, const struct mien_curve_panel **panel)
{
    static const struct mien_curve_panel panels[] = {
        {"loss a scene", {"loss"}, true},
        {"its parts", {"face", "box", "roll"}, true},
        {"parts of validation", {"val_face", "val_box", "val_roll"}, true},
        {"faces found, %; finds beside faces a scene", {"val_found", "val_extra"}, false},
    };
    (void)self;
    *panel = panels;
    return MIEN_COUNT(panels);
}

// ---- begin and end ----

static char *describe(void *self, const struct mien_loop_config *c)
{
    size_t size;
    (void)self;
    if (c->batch > MIEN_DETECT_BATCH_MAX) {
        mien_error("batch %d is more than %d scenes", c->batch, MIEN_DETECT_BATCH_MAX);
        return NULL;
    }
    return mien_file_read(c->net, 1 << 20, &size);
}

static bool open_run(void *self, struct mien_loop *l)
{
    static const char *const names[MIEN_DETECT_LEVELS] = {"det8", "det16", "det32"};
    struct run *r = self;
    const char *net = l->config->net;
    int c, h, w;
    r->loop = l;
    mien_graph_input_shape(l->graph, &c, &h, &w);
    mien_graph_input_scaling(l->graph, &r->mean, &r->scale);
    if (c != 1 || w % 4 || h % 4) {
        mien_error("%s: the input must be grey and its size divisible by 4", net);
        return false;
    }
    for (int k = 0; k < MIEN_DETECT_LEVELS; k++) {
        const int s = mien_detect_stride[k];
        r->output[k] = mien_graph_find_output(l->graph, names[k]);
        const int want = MIEN_DETECT_PLANES * ((w + s - 1) / s) * ((h + s - 1) / s);
        if (r->output[k] < 0 || mien_graph_output_count(l->graph, r->output[k]) != want) {
            mien_error("%s: output \"%s\" is missing or not of %d numbers", net, names[k], want);
            return false;
        }
    }
    r->recipe = r->config->recipe;
    r->recipe.bar_gray = (uint8_t)r->mean;
    return init_scenes(r, l->config->batch, w, h);
}

static bool begin(void *self, struct mien_loop *l)
{
    (void)self;
    (void)l;
    return true;
}

static const uint32_t lesson_version = 1;

static bool take_state(void *self, const struct mien_container *file, const char *path,
                       struct mien_train_place *place)
{
    (void)self;
    const struct mien_train_place *p = mien_container_get(file, "train", sizeof(*p), NULL);
    const uint32_t *version = mien_container_get(file, "train_detect", sizeof(*version), NULL);
    if (!p || !version || *version != lesson_version || p->step < 0 || !isfinite(p->seconds)) {
        mien_error("%s is not a checkpoint of the detector's training, or of another version of "
                   "it; take its weights with --init",
                   path);
        return false;
    }
    *place = *p;
    return true;
}

static int record(void *self, const struct mien_train_place *place,
                  struct mien_section section[MIEN_LESSON_SECTIONS])
{
    struct run *r = self;
    r->place = *place;
    section[0] = (struct mien_section){"train", &r->place, sizeof(r->place)};
    section[1] = (struct mien_section){"train_detect", &lesson_version, sizeof(lesson_version)};
    return 2;
}

static const struct mien_lesson lesson = {
    .unit = "scenes",
    .network = "detect.net",
    .describe = describe,
    .open = open_run,
    .begin = begin,
    .take = take_state,
    .fill = fill,
    .loss = shard_loss,
    .values = PARTS + 1,
    .count = count,
    .gather = gather,
    .log = log_values,
    .validate = validate,
    .summarise = summarise,
    .record = record,
    .panels = curve_panels,
};

const struct mien_lesson *mien_detect_train_lesson(void)
{
    return &lesson;
}

bool mien_detect_train(const struct mien_detect_train_config *c,
                       struct mien_detect_train_summary *summary)
{
    struct run *r = mien_calloc(1, sizeof(*r));
    if (!r) {
        return false;
    }
    struct mien_loop_summary sum = {0};
    r->config = c;
    r->validation_loss = r->found = NAN;
    bool ok = mien_loop_run(&c->loop, &lesson, r, &sum);
    if (summary) {
        *summary = (struct mien_detect_train_summary){sum, r->validation_loss, r->found};
    }
    destroy_scenes(r);
    mien_free(r);
    return ok;
}

// ---- a sheet ----

static void draw_face(struct mien_image *part, const struct mien_detect_face *f)
{
    const float *b = f->box_px;
    const struct mien_rgb c = {f->ignore ? 255 : 0, f->ignore ? 0 : 255, 0};
    const float x = (b[0] + b[2]) * 0.5f, y = (b[1] + b[3]) * 0.5f, r = (b[3] - b[1]) * 0.5f;
    mien_draw_line(part, b[0], b[1], b[2], b[1], 1, c, 1);
    mien_draw_line(part, b[2], b[1], b[2], b[3], 1, c, 1);
    mien_draw_line(part, b[2], b[3], b[0], b[3], 1, c, 1);
    mien_draw_line(part, b[0], b[3], b[0], b[1], 1, c, 1);
    mien_draw_line(part, x, y, x + r * sinf(f->roll_rad), y - r * cosf(f->roll_rad), 1, c, 1);
}

static bool draw_sheet(struct run *r, struct mien_image *sheet)
{
    enum { COLUMNS = 4, ROWS = 4 };
    if (!init_scenes(r, 1, WIDTH, HEIGHT) ||
        !mien_image_create(sheet, WIDTH * COLUMNS, HEIGHT * ROWS, MIEN_FORMAT_RGB8)) {
        return false;
    }
    for (int i = 0; i < COLUMNS * ROWS; i++) {
        struct mien_detect_scene *s = &r->scene[0];
        struct mien_image part = *sheet;
        r->from.first = (uint64_t)i;
        make_scene(r, 0, 0);
        part.owned = false;
        part.width = WIDTH;
        part.height = HEIGHT;
        part.data +=
            (size_t)(i / COLUMNS * HEIGHT) * sheet->stride + (size_t)(i % COLUMNS * WIDTH) * 3;
        mien_gray_to_rgb(&s->canvas, &part);
        for (int k = 0; k < s->faces; k++) {
            draw_face(&part, &s->face[k]);
        }
    }
    return true;
}

bool mien_detect_train_sheet(const struct mien_detect_train_config *c, const char *path)
{
    struct run *r = mien_calloc(1, sizeof(*r));
    struct mien_image sheet = {0};
    if (!r) {
        return false;
    }
    r->config = c;
    r->recipe = c->recipe;
    r->recipe.bar_gray = 120;
    r->from.data = c->data;
    r->from.seed = c->loop.seed;
    bool ok = draw_sheet(r, &sheet) && mien_image_save(path, &sheet);
    mien_image_destroy(&sheet);
    destroy_scenes(r);
    mien_free(r);
    return ok;
}

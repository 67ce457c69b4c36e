// `mien eval detect`: how many marked faces the detector finds, how many false detections it makes,
// and how long it takes.
//
// A face counts as found when a detection overlaps its box (intersection over union) by more than
// 0.4; the share above 0.1, the scorer's rule, is printed too, with the median deviation of size
// and place, by which a systematic difference of box conventions shows.
#include "eval/eval.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/angle.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stats.h"
#include "detect/code.h"
#include "learn/detect_data.h"
#include "learn/detect_scene.h"

enum { SHEET_TILE = 240, SHEET_COLUMNS = 6, SHEET_TILES = 36 };

struct evaluation {
    struct mien_detector *detector;
    double threshold;
    struct mien_image sheet; // failures of one set; no data when none is wanted
    int tiles;
    struct mien_stats time_ms;
};

static void draw_box(struct mien_image *im, const float *b, float k, struct mien_rgb c)
{
    const float x[5] = {b[0], b[2], b[2], b[0], b[0]}, y[5] = {b[1], b[1], b[3], b[3], b[1]};
    for (int i = 0; i < 4; i++) {
        mien_draw_line(im, x[i] * k, y[i] * k, x[i + 1] * k, y[i + 1] * k, 1.5f, c, 1);
    }
}

static void add_tile(struct evaluation *e, const struct mien_image *im, const float *truth,
                     const struct mien_detection *found, int count, const char *name)
{
    if (!e->sheet.data || e->tiles >= SHEET_TILES) {
        return;
    }
    struct mien_image tile = e->sheet;
    tile.owned = false;
    tile.width = tile.height = SHEET_TILE;
    tile.data += (size_t)(e->tiles / SHEET_COLUMNS * SHEET_TILE) * tile.stride +
                 (size_t)(e->tiles % SHEET_COLUMNS * SHEET_TILE) * 3;
    e->tiles++;
    float k = (float)SHEET_TILE / (float)(im->width > im->height ? im->width : im->height);
    struct mien_affine map = {{1 / k, 0, 0, 0, 1 / k, 0}};
    mien_warp(im, &map, &tile, 0);
    if (truth) {
        draw_box(&tile, truth, k, (struct mien_rgb){0, 255, 0});
    }
    for (int i = 0; i < count; i++) {
        char text[16];
        draw_box(&tile, found[i].box_px, k, (struct mien_rgb){255, 60, 60});
        snprintf(text, sizeof(text), "%.2f", found[i].score);
        mien_draw_text(&tile, (int)(found[i].box_px[0] * k) + 2, (int)(found[i].box_px[1] * k) + 2,
                       1, text, (struct mien_rgb){255, 255, 0});
    }
    mien_draw_text(&tile, 2, SHEET_TILE - 12, 1, name, (struct mien_rgb){255, 255, 255});
}

static int detect(struct evaluation *e, const struct mien_image *im, struct mien_detection *found)
{
    int64_t start = mien_now_ns();
    int n = mien_detector_run(e->detector, im, (float)e->threshold, found, MIEN_DETECT_MAX);
    mien_stats_add(&e->time_ms, (double)(mien_now_ns() - start) / MIEN_NS_PER_MS);
    return n;
}

static bool start_sheet(struct evaluation *e)
{
    mien_image_destroy(&e->sheet);
    e->tiles = 0;
    return mien_image_create(&e->sheet, SHEET_TILE * SHEET_COLUMNS,
                             SHEET_TILE * SHEET_TILES / SHEET_COLUMNS, MIEN_FORMAT_RGB8);
}

static void save_sheet(struct evaluation *e, const char *dir, const char *name)
{
    char path[1024];
    if (dir && e->tiles > 0) {
        snprintf(path, sizeof(path), "%s/detect_%s.png", dir, name);
        mien_image_save(path, &e->sheet);
    }
}

static bool is_match(const float *t, const float *f)
{
    float x = (f[0] + f[2]) * 0.5f, y = (f[1] + f[3]) * 0.5f;
    float k = sqrtf(fmaxf((f[2] - f[0]) * (f[3] - f[1]), 0) /
                    fmaxf((t[2] - t[0]) * (t[3] - t[1]), 1e-6f));
    return x > t[0] && x < t[2] && y > t[1] && y < t[3] && k > 0.6f && k < 2.5f;
}

static bool judge_set(struct evaluation *e, const char *dir, const char *name, const char *sheets)
{
    char path[1024];
    size_t size;
    snprintf(path, sizeof(path), "%s/%s/truth.json", dir, name);
    char *text = mien_file_read(path, 0, &size);
    cJSON *root = text ? cJSON_Parse(text) : NULL;
    cJSON *images = cJSON_GetObjectItem(root, "images"), *image;
    mien_free(text);
    if (!cJSON_IsObject(images)) {
        mien_error("%s: no object \"images\" in it", path);
        cJSON_Delete(root);
        return false;
    }
    if (sheets && !start_sheet(e)) {
        cJSON_Delete(root);
        return false;
    }
    struct mien_stats iou = {0}, dx = {0}, dy = {0}, dw = {0}, dh = {0}, score = {0};
    int faces = 0, good = 0, strict = 0, found_any = 0, extra = 0;
    cJSON_ArrayForEach(image, images)
    {
        struct mien_image im = {0};
        struct mien_detection found[MIEN_DETECT_MAX];
        cJSON *face;
        snprintf(path, sizeof(path), "%s/%s/%s", dir, name, image->string);
        if (!mien_image_load(path, &im)) {
            continue;
        }
        int n = detect(e, &im, found);
        int matched = 0;
        cJSON_ArrayForEach(face, cJSON_GetObjectItem(image, "faces"))
        {
            cJSON *box = cJSON_GetObjectItem(face, "box");
            float b[4], best = 0;
            int at = -1;
            for (int k = 0; k < 4; k++) {
                cJSON *v = cJSON_GetArrayItem(box, k);
                b[k] = cJSON_IsNumber(v) ? (float)v->valuedouble : 0;
            }
            for (int k = 0; k < n; k++) {
                float o = mien_box_iou(b, found[k].box_px);
                if (o > best) {
                    best = o;
                    at = k;
                }
            }
            faces++;
            bool good_one = best > 0.4f || (at >= 0 && is_match(b, found[at].box_px));
            good += good_one;
            strict += best > 0.4f;
            found_any += best > 0.1f;
            if (best > 0.1f) {
                const float *f = found[at].box_px;
                float s = sqrtf((b[2] - b[0]) * (b[3] - b[1]));
                matched++;
                mien_stats_add(&iou, best);
                mien_stats_add(&score, found[at].score);
                mien_stats_add(&dx, (f[0] + f[2] - b[0] - b[2]) * 0.5f / s);
                mien_stats_add(&dy, (f[1] + f[3] - b[1] - b[3]) * 0.5f / s);
                mien_stats_add(&dw, (f[2] - f[0]) / (b[2] - b[0]));
                mien_stats_add(&dh, (f[3] - f[1]) / (b[3] - b[1]));
            }
            if (!good_one) {
                add_tile(e, &im, b, found, n, image->string);
            }
        }
        extra += n - matched;
        mien_image_destroy(&im);
    }
    cJSON_Delete(root);
    if (faces == 0) {
        mien_error("%s/%s: no picture could be read", dir, name);
        return false;
    }
    printf("%-15s faces %4d  found %6.2f %%  (IoU > 0.4: %6.2f %%, > 0.1: %6.2f %%)  extra %d  "
           "score p5 %.2f "
           "p50 %.2f\n",
           name, faces, 100.0 * good / faces, 100.0 * strict / faces, 100.0 * found_any / faces,
           extra, mien_stats_quantile(&score, 0.05), mien_stats_quantile(&score, 0.5));
    printf("%-15s IoU p5 %.2f p50 %.2f  centre %+.3f %+.3f of the size  width x%.2f height x%.2f\n",
           "", mien_stats_quantile(&iou, 0.05), mien_stats_quantile(&iou, 0.5),
           mien_stats_quantile(&dx, 0.5), mien_stats_quantile(&dy, 0.5),
           mien_stats_quantile(&dw, 0.5), mien_stats_quantile(&dh, 0.5));
    save_sheet(e, sheets, name);
    return true;
}

static int jpeg_name(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 4 && !strcmp(d->d_name + n - 4, ".jpg");
}

// Every tenth background was kept out of training.
static bool judge_backgrounds(struct evaluation *e, const char *dir, const char *sheets)
{
    struct dirent **name = NULL;
    int n = scandir(dir, &name, jpeg_name, alphasort), pictures = 0, finds = 0;
    if (n <= 0) {
        mien_error("%s: no .jpg pictures there", dir);
        free(name);
        return false;
    }
    if (sheets && !start_sheet(e)) {
        sheets = NULL;
    }
    struct mien_stats score = {0};
    for (int i = 0; i < n; i++) {
        char path[2048];
        struct mien_image im = {0};
        struct mien_detection found[MIEN_DETECT_MAX];
        snprintf(path, sizeof(path), "%s/%s", dir, name[i]->d_name);
        if (i % 10 == 0 && mien_image_load(path, &im)) {
            int k = detect(e, &im, found);
            pictures++;
            finds += k;
            if (k > 0) {
                mien_stats_add(&score, found[0].score);
                add_tile(e, &im, NULL, found, k, name[i]->d_name);
            }
            mien_image_destroy(&im);
        }
        free(name[i]);
    }
    free(name);
    printf("%-15s pictures %d  finds %d  highest score %.2f\n", "backgrounds", pictures, finds,
           finds ? score.max : 0.0);
    save_sheet(e, sheets, "backgrounds");
    return true;
}

// Scenes of people and backgrounds that training never saw: faces found by size, and how well.
static bool judge_scenes(struct evaluation *e, const char *data, const char *pack, int count)
{
    static const float limit_px[] = {16, 24, 48, 96, 1000};
    enum { BINS = MIEN_COUNT(limit_px) };
    char path[1024];
    struct mien_detect_data d = {0};
    struct mien_detect_scene s = {0};
    struct mien_stats iou = {0}, roll = {0};
    int faces[BINS] = {0}, found_faces[BINS] = {0}, extra = 0;
    bool ok = false;
    snprintf(path, sizeof(path), "%s/data/backgrounds", data);
    ok = mien_detect_data_add_backgrounds(&d, path, true);
    snprintf(path, sizeof(path), "%s/data/photos", data);
    ok = ok && mien_detect_data_add_photos(&d, path, true, 0) &&
         (!pack || mien_detect_data_add_pack(&d, pack, true, 0)) &&
         mien_detect_scene_init(&s, 320, 240);
    struct mien_detect_recipe recipe = {
        .synth = pack ? 0.45f : 0, .side = 0.2f, .empty = 0.1f, .bar_gray = 120};
    for (int i = 0; ok && i < count; i++) {
        struct mien_rng rng;
        struct mien_detection found[MIEN_DETECT_MAX];
        bool used[MIEN_DETECT_MAX] = {false};
        mien_rng_seed(&rng, 1, (uint64_t)i);
        mien_detect_scene_make(&s, &d, &recipe, &rng);
        int n =
            mien_detector_run(e->detector, &s.canvas, (float)e->threshold, found, MIEN_DETECT_MAX);
        for (int k = 0; k < s.faces; k++) {
            const float *b = s.face[k].box_px;
            float best = 0, size = sqrtf((b[2] - b[0]) * (b[3] - b[1]));
            int at = 0, bin = 0;
            for (int m = 0; m < n; m++) {
                float o = mien_box_iou(b, found[m].box_px);
                at = o > best ? m : at;
                best = fmaxf(best, o);
                used[m] = used[m] || o > 0.4f || (s.face[k].ignore && o > 0);
            }
            while (bin + 1 < (int)BINS && size > limit_px[bin]) {
                bin++;
            }
            if (s.face[k].ignore) {
                continue;
            }
            faces[bin]++;
            if (best > 0.4f) {
                float r = fabsf(found[at].roll_rad - s.face[k].roll_rad) * (float)MIEN_DEG_PER_RAD;
                found_faces[bin]++;
                mien_stats_add(&iou, best);
                mien_stats_add(&roll, fminf(r, 360 - r));
            }
        }
        for (int m = 0; m < n; m++) {
            extra += !used[m];
        }
    }
    for (int k = 0; ok && k < (int)BINS; k++) {
        printf("%-15s faces of %s %4.0f px of 320: %4d  found %6.2f %%\n", k ? "" : "scenes",
               k + 1 < (int)BINS ? "up to" : "over ", limit_px[k + 1 < (int)BINS ? k : k - 1],
               faces[k], 100.0 * found_faces[k] / (faces[k] ? faces[k] : 1));
    }
    if (ok) {
        printf("%-15s IoU p50 %.2f  roll error p50 %.1f deg p95 %.1f  extra %.3f a scene\n", "",
               mien_stats_quantile(&iou, 0.5), mien_stats_quantile(&roll, 0.5),
               mien_stats_quantile(&roll, 0.95), (double)extra / count);
    }
    mien_detect_scene_destroy(&s);
    mien_detect_data_destroy(&d);
    return ok;
}

static void time_frame(struct evaluation *e)
{
    struct mien_image frame = {0};
    struct mien_stats wall = {0}, cpu = {0};
    struct mien_detection found[MIEN_DETECT_MAX];
    if (!mien_image_create(&frame, 640, 480, MIEN_FORMAT_RGB8)) {
        return;
    }
    for (size_t i = 0; i < frame.stride * 480; i++) {
        frame.data[i] = (uint8_t)((i * 2654435761u) >> 13);
    }
    for (int k = 0; k < 110; k++) {
        int64_t start = mien_now_ns();
        int64_t start_cpu_ns = mien_thread_cpu_ns();
        mien_detector_run(e->detector, &frame, (float)e->threshold, found, MIEN_DETECT_MAX);
        if (k >= 10) {
            mien_stats_add(&wall, (double)(mien_now_ns() - start) / MIEN_NS_PER_MS);
            mien_stats_add(&cpu, (double)(mien_thread_cpu_ns() - start_cpu_ns) / MIEN_NS_PER_MS);
        }
    }
    printf("640x480 frame, one thread: %.2f ms p50, %.2f ms p95; processor time %.2f ms p50\n",
           mien_stats_quantile(&wall, 0.5), mien_stats_quantile(&wall, 0.95),
           mien_stats_quantile(&cpu, 0.5));
    mien_image_destroy(&frame);
}

int mien_eval_detect(const struct mien_eval_detect *o)
{
    static const char *const sets[] = {"lfpw-dev", "pointing04-dev", "ferplus-dev"};
    const char *data = o->data ? o->data : mien_data_dir();
    if (!data) {
        mien_error("no evaluation data: give --data DIR (with eval/ and data/)");
        return 2;
    }
    struct evaluation *e = mien_calloc(1, sizeof(*e));
    if (!e) {
        return 1;
    }
    int status = 2;
    char path[1024];
    e->threshold = o->threshold;
    e->detector = mien_detector_load(o->net, NULL);
    if (!e->detector) {
        goto done;
    }
    status = 0;
    snprintf(path, sizeof(path), "%s/eval", data);
    for (size_t i = 0; i < MIEN_COUNT(sets); i++) {
        status = judge_set(e, path, sets[i], o->sheets) ? status : 2;
    }
    snprintf(path, sizeof(path), "%s/data/backgrounds", data);
    status = judge_backgrounds(e, path, o->sheets) ? status : 2;
    if (o->scenes > 0) {
        status = judge_scenes(e, data, o->pack, o->scenes) ? status : 2;
    }
    printf("these pictures: %.2f ms p50 each\n", mien_stats_quantile(&e->time_ms, 0.5));
    time_frame(e);

done:
    mien_detector_destroy(e->detector);
    mien_image_destroy(&e->sheet);
    mien_free(e);
    return status;
}

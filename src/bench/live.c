// `mien bench live`: the live program's own threads and drawing on a clip that shows so many faces,
// with the time on the clock and on the processor.
//
// The picture is a grid of the bundled clip, each cell at another place of it. Does not: use a
// camera, write anything.
#include "bench/bench.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "live/live.h"
#include "live/live_show.h"

enum { FRAMES = 120, APART = 31 }; // frames of the clip that are used; between neighbours

struct feed {
    struct mien_image cell[FRAMES]; // of a cell's size
    int frames;
    int width, height, faces, columns, rows;
    int64_t period_ns, due_ns;
    uint64_t next;
    double capture_s, infer_s; // processor time of the threads; their own until they were joined
    atomic_ullong results, faces_seen;
};

static bool load_cells(struct feed *f, const char *clip)
{
    struct mien_source *s = mien_source_open(clip, NULL, NULL);
    struct mien_frame frame = {0};
    int w = f->width / f->columns, h = f->height / f->rows;
    bool ok = s != NULL;
    while (ok && f->frames < FRAMES &&
           mien_source_read(s, &frame, mien_now_ns() + 5 * MIEN_NS_PER_S) == MIEN_SOURCE_OK) {
        struct mien_image *im = &f->cell[f->frames];
        ok = mien_image_create(im, w, h, MIEN_FORMAT_RGB8);
        if (ok) {
            mien_resize_whole(&frame.rgb, im);
            f->frames++;
        }
    }
    mien_frame_destroy(&frame);
    mien_source_close(s);
    return ok && f->frames > 0;
}

static enum mien_source_status read_grid(void *arg, struct mien_payload *p, int64_t deadline_ns)
{
    struct feed *f = arg;
    size_t row = 3 * (size_t)f->width, size = row * (size_t)f->height;
    if (p->capacity < size) {
        mien_free(p->data);
        p->data = mien_calloc(size, 1);
        p->capacity = p->data ? size : 0;
        if (!p->data) {
            return MIEN_SOURCE_FAILED;
        }
    }
    f->due_ns = f->due_ns ? f->due_ns + f->period_ns : mien_now_ns();
    mien_sleep_until_ns(f->due_ns);
    for (int k = 0; k < f->columns * f->rows; k++) {
        const struct mien_image *im = &f->cell[(f->next + (uint64_t)(k * APART)) % FRAMES];
        im = im->data ? im : &f->cell[0]; // a clip that is shorter
        uint8_t *to = p->data + (size_t)(k / f->columns) * row * (size_t)im->height +
                      (size_t)(k % f->columns) * 3 * (size_t)im->width;
        for (int y = 0; y < im->height; y++) {
            memcpy(to + (size_t)y * row, im->data + (size_t)y * im->stride, 3 * (size_t)im->width);
        }
    }
    p->kind = MIEN_PAYLOAD_RGB;
    p->width = f->width;
    p->height = f->height;
    p->stride = row;
    p->size = size;
    p->capture_ns = f->due_ns;
    p->media_ns = (int64_t)f->next * f->period_ns;
    p->index = f->next++;
    f->capture_s = 1e-9 * (double)mien_thread_cpu_ns();
    return MIEN_SOURCE_OK;
}

static void count(void *arg, const struct mien_shot *shot)
{
    struct feed *f = arg;
    f->infer_s = 1e-9 * (double)mien_thread_cpu_ns();
    f->results++;
    f->faces_seen += (unsigned)shot->result.count;
}

static void tell(const struct feed *f, const struct mien_show *w, const struct mien_live_counts *n,
                 double total_s)
{
    double results = (double)f->results, draw_s = total_s - f->infer_s - f->capture_s;
    double infer_ms = 1e3 * f->infer_s / results, draw_ms = 1e3 * draw_s / (double)w->frames;
    printf("live: %d faces in %dx%d, %.2f of them followed on average\n", f->faces, f->width,
           f->height, (double)f->faces_seen / results);
    printf("  %.1f frames a second offered, %.1f shown, %llu of %llu dropped; latency p50 %.1f p95 "
           "%.1f ms\n",
           1e9 / (double)f->period_ns, mien_show_fps(w), (unsigned long long)n->dropped,
           (unsigned long long)n->captured, mien_stats_quantile(&w->latency_ms, 0.5),
           mien_stats_quantile(&w->latency_ms, 0.95));
    printf("  processor time a frame: following %.2f ms, drawing %.2f ms, making the picture %.2f "
           "ms\n",
           infer_ms, draw_ms, 1e3 * f->capture_s / (double)f->next);
    printf("  on the clock: detector %.2f, network %.2f, fit %.2f, drawing %.2f ms\n",
           mien_stats_mean(&w->detect_ms), mien_stats_mean(&w->network_ms),
           mien_stats_mean(&w->fit_ms), mien_stats_mean(&w->draw_ms));
}

static bool measure(struct feed *f, const struct mien_view_settings *look, double seconds)
{
    static struct mien_show show; // large
    struct mien_live *l = mien_live_open(
        &(struct mien_live_config){.read = read_grid,
                                   .read_arg = f,
                                   .engine = {.max_faces = f->faces, .clock_ns = mien_now_ns},
                                   .result = count,
                                   .result_arg = f});
    struct mien_show_config c = {.title = "mien bench",
                                 .model = l ? mien_live_model(l) : NULL,
                                 .picture_w = f->width,
                                 .picture_h = f->height,
                                 .headless = true,
                                 .settings = *look};
    bool ok = l && mien_show_open(&show, &c);
    int64_t before_ns = mien_process_cpu_ns();
    ok = ok && mien_live_start(l);
    int64_t end = mien_now_ns() + (int64_t)(1e9 * seconds);
    while (ok && mien_now_ns() < end && !mien_live_ended(l)) {
        struct mien_shot *shot = mien_live_take(l, mien_now_ns() + 100 * MIEN_NS_PER_MS);
        if (shot) {
            mien_show_draw(&show, shot);
        }
    }
    double total_s = 1e-9 * (double)(mien_process_cpu_ns() - before_ns);
    mien_live_join(l);
    if (ok && show.frames > 0 && f->results > 0) {
        struct mien_live_counts n;
        mien_live_counts(l, &n);
        tell(f, &show, &n, total_s);
    } else if (ok) {
        mien_error("bench live: not one frame in %.1f s", seconds);
        ok = false;
    }
    mien_show_close(&show);
    mien_live_close(l);
    return ok;
}

int mien_bench_live(const struct mien_bench *b)
{
    const char *clip = b->clip;
    const int faces = b->faces ? b->faces : 4;
    char path[1024];
    struct feed *f = mien_calloc(1, sizeof(*f));
    if (!f) {
        return 1;
    }
    if (!clip && !mien_find_file("assets", "demo.mp4", path, sizeof(path))) {
        mien_free(f);
        return 2; // logged
    }
    f->faces = faces;
    f->columns = faces > 6 ? 4 : faces > 4 ? 3 : faces > 1 ? 2 : 1;
    f->rows = faces > 2 ? 2 : 1;
    f->width = b->width / f->columns * f->columns;
    f->height = b->height / f->rows * f->rows;
    f->period_ns = MIEN_NS_PER_S / b->fps;
    struct mien_view_settings look = {
        .mode = (enum mien_view_mode)b->mode, .hud = MIEN_HUD_FULL, .bars = true, .axes = true};
    int status = !load_cells(f, clip ? clip : path) ? 2 : measure(f, &look, b->seconds) ? 0 : 1;
    for (int i = 0; i < FRAMES; i++) {
        mien_image_destroy(&f->cell[i]);
    }
    mien_free(f);
    return status;
}

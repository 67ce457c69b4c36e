// `mien bench step`: what each stage of following a clip costs, in processor time a frame.
//
// One thread does what `mien video` does: decode, convert, the engine, the dense mesh with its
// normals, one JSON line. Processor time, so that a machine that others use too gives figures that
// can be compared; medians over rounds of the whole clip. Does not: write a file, draw.
#include "bench/bench.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stats.h"
#include "engine/engine.h"
#include "sink/sinks.h"
#include "source/source.h"
#include "tensor/infer.h"

enum stage {
    DECODE,
    CONVERT,
    DETECT,
    FOLLOW,
    NETWORK,
    FIT,
    FILTER,
    REST,
    PORTRAIT,
    MESH,
    OUTPUT,
    STAGES
};
static const char *const stage_name[STAGES] = {"decode",   "convert", "detect", "follow",
                                               "network",  "fit",     "filter", "rest",
                                               "portrait", "mesh",    "output"};
enum { ROUNDS_MIN = 3, ROUNDS_MAX = 99 };

struct step {
    struct mien_engine *engine;
    struct mien_sink *sink;
    struct mien_frame frame;
    struct mien_result result;
    struct mien_face_base base[MIEN_FACES_MAX];
    float *vertices, *normals; // (V,3)
    int rounds;
    struct mien_stats ms[STAGES], step, mesh, whole; // means of the rounds' frames
    int64_t frames, faces, looks;                    // of one round
};

static void make_mesh(struct step *s)
{
    const struct mien_face_model *m = mien_engine_model(s->engine);
    for (int i = 0; i < s->result.count; i++) {
        const struct mien_face_result *f = &s->result.face[i];
        mien_face_base_pose(&s->base[i], f->identity, f->blendshape, s->vertices);
        mien_face_model_normals(m, s->vertices, s->normals);
    }
}

static void add_times(int64_t ns[STAGES], const struct mien_times *t)
{
    ns[DETECT] += t->detect_ns;
    ns[FOLLOW] += t->follow_ns;
    ns[NETWORK] += t->network_ns;
    ns[FIT] += t->fit_ns;
    ns[FILTER] += t->filter_ns;
    ns[REST] += t->end_ns - t->start_ns - t->detect_ns - t->follow_ns - t->network_ns - t->fit_ns -
                t->filter_ns - t->portrait_ns;
    ns[PORTRAIT] += t->portrait_ns;
}

// One round of the clip. False when it cannot be read (logged) or the sink fails.
static bool play(struct step *s, const char *clip)
{
    struct mien_source *source =
        mien_source_open(clip, &(struct mien_source_options){.clock_ns = mien_thread_cpu_ns}, NULL);
    if (!source) {
        return false;
    }
    enum mien_source_status st;
    int64_t ns[STAGES] = {0};
    bool ok = true;
    s->frames = s->faces = s->looks = 0;
    mien_engine_reset(s->engine);
    for (;;) {
        int64_t t0 = mien_thread_cpu_ns();
        st = mien_source_read(source, &s->frame, mien_now_ns() + MIEN_NS_PER_S);
        if (st == MIEN_SOURCE_TIMEOUT) {
            continue;
        }
        int64_t t1 = mien_thread_cpu_ns();
        ns[DECODE] += t1 - t0;
        if (st != MIEN_SOURCE_OK) {
            break;
        }
        mien_engine_run(s->engine, &s->frame.rgb, s->frame.media_ns, &s->result);
        add_times(ns, &s->result.times);
        s->looks += s->result.times.portrait_looks;
        int64_t t2 = mien_thread_cpu_ns();
        make_mesh(s);
        int64_t t3 = mien_thread_cpu_ns();
        ok = mien_sink_write(s->sink, &(struct mien_sink_frame){clip, NULL, &s->result});
        ns[MESH] += t3 - t2;
        ns[OUTPUT] += mien_thread_cpu_ns() - t3;
        s->frames++;
        s->faces += s->result.count;
        if (!ok) {
            break;
        }
    }
    struct mien_source_counts counts;
    mien_source_counts(source, &counts);
    ns[CONVERT] = counts.convert_ns;
    ns[DECODE] -= counts.convert_ns;
    mien_source_close(source);
    if (!ok || st != MIEN_SOURCE_END || s->frames == 0) {
        return false;
    }
    double step = 0, mesh = 0, whole = 0;
    for (int i = 0; i < STAGES; i++) {
        double ms = (double)ns[i] * 1e-6 / (double)s->frames;
        mien_stats_add(&s->ms[i], ms);
        step += i >= DETECT && i <= REST ? ms : 0;
        mesh += (i >= DETECT && i <= REST) || i == MESH ? ms : 0;
        whole += ms;
    }
    mien_stats_add(&s->step, step);
    mien_stats_add(&s->mesh, mesh);
    mien_stats_add(&s->whole, whole);
    s->rounds++;
    return true;
}

static void tell(struct step *s, const char *clip, int faces)
{
    printf("%s: %dx%d, %lld frames, %.2f faces a frame of at most %d; kernels %s\n", clip,
           s->frame.rgb.width, s->frame.rgb.height, (long long)s->frames,
           (double)s->faces / (double)s->frames, faces, mien_infer()->name);
    printf("processor time of one thread, ms a frame, median of %d rounds\n", s->rounds);
    for (int i = 0; i < STAGES; i++) {
        const double ms = mien_stats_quantile(&s->ms[i], 0.5);
        printf("  %-10s%7.3f", stage_name[i], ms);
        if (i == PORTRAIT && s->looks > 0) {
            printf("  (%lld looks at who it is, %.2f ms each)", (long long)s->looks,
                   ms * (double)s->frames / (double)s->looks);
        }
        printf("\n");
    }
    printf("  %-10s%7.3f  (detect to rest)\n", "step", mien_stats_quantile(&s->step, 0.5));
    printf("  %-10s%7.3f  (and mesh)\n", "with mesh", mien_stats_quantile(&s->mesh, 0.5));
    printf("  %-10s%7.3f\n", "whole", mien_stats_quantile(&s->whole, 0.5));
}

int mien_bench_step(const struct mien_bench *b)
{
    const char *clip = b->clip;
    const int faces = b->faces ? b->faces : 1;
    char path[1024];
    struct step *s = mien_calloc(1, sizeof(*s));
    int status = 2;
    if (!s || (!clip && !mien_find_file("assets", "demo.mp4", path, sizeof(path)))) {
        goto out;
    }
    clip = clip ? clip : path;
    s->engine = mien_engine_create(&(struct mien_engine_config){
        .max_faces = faces, .lean = true, .clock_ns = mien_thread_cpu_ns});
    s->sink = mien_sink_open("jsonl", "/dev/null", NULL);
    if (!s->engine || !s->sink) {
        goto out;
    }
    status = 1;
    size_t v3 = 3 * (size_t)mien_engine_model(s->engine)->vertices;
    s->vertices = mien_calloc(v3, sizeof(float));
    s->normals = mien_calloc(v3 / 3, MIEN_NORMAL_ROOM * sizeof(float));
    if (!s->vertices || !s->normals) {
        goto out;
    }
    for (int i = 0; i < faces; i++) {
        if (!mien_face_base_init(&s->base[i], mien_engine_model(s->engine))) {
            goto out;
        }
    }
    int64_t end = mien_now_ns() + (int64_t)(b->seconds * 1e9);
    while (s->rounds < ROUNDS_MIN || (s->rounds < ROUNDS_MAX && mien_now_ns() < end)) {
        if (!play(s, clip)) {
            status = 2;
            goto out;
        }
    }
    tell(s, clip, faces);
    status = 0;
out:
    if (s) {
        mien_sink_close(s->sink);
        mien_engine_destroy(s->engine);
        mien_frame_destroy(&s->frame);
        for (int i = 0; i < faces; i++) {
            mien_face_base_destroy(&s->base[i]);
        }
        mien_free(s->vertices);
        mien_free(s->normals);
    }
    mien_free(s);
    return status;
}

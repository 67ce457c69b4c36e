// `mien video`: faces in a video file or in a folder of frames, followed over time.
//
// Every frame is processed, in order, as fast as it goes; the times are the file's own, so that the
// results do not depend on the machine's speed.
#include "app/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/stats.h"
#include "base/thread.h"
#include "live/files.h"
#include "live/marks.h"
#include "live/outputs.h"
#include "scan/refine.h"
#include "scan/scan.h"
#include "sink/report.h"
#include "sink/sinks.h"
#include "source/source.h"
#include "track/profile.h"

struct options {
    struct mien_engine_options engine;
    const char *json, *csv, *overlay, *md5, *out, *report, *profile, *marks, *mesh, *control;
    int frames, fps;
    bool no_refine, share;
};

static bool is_naming_output(const struct options *o)
{
    return o->json || o->csv || o->overlay || o->md5 || o->out || o->report || o->mesh;
}

// clip: whose sound an overlay has too; NULL: a folder's, which has none.
static bool open_outputs(const struct options *o, const struct mien_face_model *m, double fps,
                         const char *clip, struct mien_outputs *out)
{
    char settings[MIEN_REPORT_SETTINGS];
    mien_report_settings_text(
        &(struct mien_report_settings){.faces = o->engine.max_faces > 0 ? o->engine.max_faces : 1,
                                       .filter = mien_engine_filter_strength(o->engine.filter),
                                       .fov_deg = o->engine.fov_deg,
                                       .quality = o->engine.quality,
                                       .range = o->profile},
        settings);
    const struct mien_sink_context c = {
        .model = m, .frames_per_s = fps, .dated = true, .settings = settings};
    return (!o->json || mien_outputs_add(out, mien_sink_open("jsonl", o->json, NULL))) &&
           (!o->csv || mien_outputs_add(out, mien_sink_open("csv", o->csv, NULL))) &&
           (!o->md5 || mien_outputs_add(out, mien_sink_open("md5", o->md5, NULL))) &&
           (!o->overlay ||
            mien_outputs_add(out, mien_sink_video(o->overlay, fps, m, MIEN_OVERLAY_ALL, clip))) &&
           (!o->report || mien_outputs_add(out, mien_sink_open("report", o->report, &c))) &&
           (!o->out || mien_outputs_add_list(out, o->out, &c)) &&
           (is_naming_output(o) || mien_outputs_add(out, mien_sink_open("jsonl", "-", NULL)));
}

// Before anything is opened.
static bool claim(struct mien_claims *c, const char *source, const char *profile,
                  const struct options *o, const struct mien_opt *opts)
{
    return mien_files_source(c, source) &&
           (!profile || mien_claims_read(c, "--profile", profile)) &&
           mien_files_models(c, o->engine.net, o->engine.detect, o->engine.face) &&
           mien_args_claim(opts, c) && mien_files_sinks(c, NULL, o->out) &&
           (is_naming_output(o) || mien_claims_write(c, "the results", "-"));
}

struct tally {
    struct mien_profile profile;
    struct mien_mark_list marks;
    long long frames, with_face, faces;
    bool failed, lost_output;
    struct mien_stats detect_ms, network_ms, fit_ms;
};

static void count(struct tally *t, const struct mien_result *r)
{
    t->frames++;
    t->with_face += r->count > 0;
    t->faces += r->count;
    if (r->times.detect_ns) {
        mien_stats_add(&t->detect_ms, (double)r->times.detect_ns * 1e-6);
    }
    if (r->count) {
        mien_stats_add(&t->network_ms, (double)r->times.network_ns * 1e-6 / r->count);
        mien_stats_add(&t->fit_ms, (double)r->times.fit_ns * 1e-6 / r->count);
    }
}

// Frames go through three stages in order: they are read and decoded, looked at, and written. Each
// is a thread where there are so many; what a stage has done lies in the ring until the last stage
// has written it, so nothing is further ahead than the ring is long.
enum { RING = 3 };
struct place {
    struct mien_frame frame;
    struct mien_result result;
};
struct stages {
    struct mien_source *source;
    struct mien_engine *engine;
    struct mien_refiner *refiner; // the engine's; NULL: shapes are not refined
    long long most;               // frames; 0: all
    struct place *place;
    bool read_apart, look_apart; // have threads of their own
    struct mien_monitor monitor; // guards what follows
    long long read, looked_at, written;
    bool all_read, failed, ended; // ended: nobody wants more
};

// The next frame into its place. False after the last.
static bool read_one(struct stages *s, long long i)
{
    enum mien_source_status status = MIEN_SOURCE_END;
    struct mien_frame *frame = &s->place[i % RING].frame;
    bool wanted = !s->most || i < s->most;
    while (wanted && !mien_stop_asked()) {
        status = mien_source_read(s->source, frame, mien_now_ns() + MIEN_NS_PER_S);
        if (status != MIEN_SOURCE_TIMEOUT && status != MIEN_SOURCE_LOST) {
            break;
        }
    }
    pthread_mutex_lock(&s->monitor.mutex);
    bool ok = wanted && status == MIEN_SOURCE_OK;
    s->read += ok;
    s->all_read = !ok;
    s->failed = wanted && status == MIEN_SOURCE_FAILED;
    pthread_cond_broadcast(&s->monitor.cond);
    pthread_mutex_unlock(&s->monitor.mutex);
    return ok;
}

static void look_at_one(struct stages *s, long long i)
{
    struct place *p = &s->place[i % RING];
    // One that is not usable was logged; it has a line without faces all the same.
    mien_engine_run(s->engine, &p->frame.rgb, p->frame.media_ns, &p->result);
    p->result.frame = p->frame.index;
    if (s->refiner) {
        mien_refiner_see(s->refiner, s->engine, &p->frame.rgb, &p->result);
    }
    pthread_mutex_lock(&s->monitor.mutex);
    s->looked_at++;
    pthread_cond_broadcast(&s->monitor.cond);
    pthread_mutex_unlock(&s->monitor.mutex);
}

// Waits until *count is above i. False when it never will be.
static bool wait_for(struct stages *s, const long long *count, long long i)
{
    pthread_mutex_lock(&s->monitor.mutex);
    while (*count <= i && !s->ended && !(s->all_read && s->read <= i)) {
        pthread_cond_wait(&s->monitor.cond, &s->monitor.mutex);
    }
    bool there = *count > i && !s->ended;
    pthread_mutex_unlock(&s->monitor.mutex);
    return there;
}

static void *read_ahead(void *arg)
{
    struct stages *s = arg;
    bool more = true;
    for (long long i = 0; more; i++) {
        more = (i < RING || wait_for(s, &s->written, i - RING)) && read_one(s, i);
    }
    return NULL;
}

static void *look_ahead(void *arg)
{
    struct stages *s = arg;
    for (long long i = 0; wait_for(s, &s->read, i); i++) {
        look_at_one(s, i);
    }
    return NULL;
}

// The place of the next frame when it was looked at, NULL after the last.
static struct place *next_place(struct stages *s, long long i)
{
    if (!s->read_apart && !read_one(s, i)) {
        return NULL;
    }
    if (!s->look_apart) {
        if (!wait_for(s, &s->read, i)) {
            return NULL;
        }
        look_at_one(s, i);
    } else if (!wait_for(s, &s->looked_at, i)) {
        return NULL;
    }
    return &s->place[i % RING];
}

// The first person's looks, for the head that --mesh asks for.
struct person {
    struct mien_scan kept;
    struct mien_face_result last; // what was said of it last
};

enum { LOOK_EVERY = 3, LOOK_PX = 900, SKIN_PX = 1024 };

static bool keep_look(struct person *who, const struct mien_image *frame,
                      const struct mien_result *r)
{
    const struct mien_face_result *f = NULL;
    for (int i = 0; i < r->count && !f; i++) {
        f = !who->last.id || r->face[i].id == who->last.id ? &r->face[i] : NULL;
    }
    if (!f) {
        return true;
    }
    who->last = *f;
    who->kept.side_px = LOOK_PX;
    return r->frame % LOOK_EVERY != 0 || mien_scan_offer(&who->kept, frame, &r->camera, f);
}

static bool save_head(const struct person *who, const struct mien_engine *e, const char *path)
{
    const struct mien_face_model *m = mien_engine_model(e);
    struct mien_scan_found *found = mien_calloc(1, sizeof(*found));
    struct mien_scan_known known = {.identity = who->last.looked_identity,
                                    .sigma = who->last.looked_sigma,
                                    .camera = mien_engine_knows_fov(e)};
    struct mien_head h = {.model = m, .looks = who->last.identity_looks};
    bool ok = found != NULL;
    if (ok && !who->kept.count) {
        mien_error("%s is not written: no frame shows a face", path);
        ok = false;
    }
    if (ok) {
        mien_scan_refine(&who->kept, m, &known, found); // else it is what was known
        memcpy(h.identity, found->identity, sizeof(h.identity));
        memcpy(h.sigma, found->sigma, sizeof(h.sigma));
        ok = mien_views_paint(found->frame, who->kept.count, SKIN_PX, &h) &&
             mien_head_save_glb(&h, path);
    }
    mien_image_destroy(&h.skin);
    mien_free(found);
    return ok;
}

// Threads that look at the faces of one frame: no more than there may be faces.
static struct mien_pool *create_pool(const struct mien_engine_options *o)
{
    const int faces = o->max_faces > 0 ? o->max_faces : 1;
    const int threads = o->threads > 0 ? o->threads : mien_cpu_count();
    return mien_pool_create(threads < faces ? threads : faces);
}

static void run(struct mien_engine *e, struct mien_source *source, const struct options *o,
                struct mien_outputs *out, struct person *who, struct tally *t)
{
    struct stages s = {.source = source, .engine = e, .most = o->frames};
    struct mien_thread reader = {0}, looker = {0};
    struct mien_progress progress = {0};
    const struct mien_source_info *info = mien_source_info(source);
    // Three also on two cores: none of the stages takes a whole one. A camera is not read ahead.
    int threads = o->engine.threads > 0 ? o->engine.threads : mien_cpu_count() > 1 ? 3 : 1;
    threads = info->live ? 1 : threads;
    s.refiner = o->no_refine ? NULL : mien_refiner_create(mien_engine_model(e), false);
    s.place = mien_calloc(RING, sizeof(*s.place));
    if (!s.place || !mien_monitor_init(&s.monitor)) {
        mien_free(s.place);
        mien_refiner_destroy(s.refiner);
        t->failed = true;
        return;
    }
    s.read_apart = threads > 1 && mien_thread_start(&reader, "mien-read", read_ahead, &s);
    s.look_apart =
        threads > 2 && s.read_apart && mien_thread_start(&looker, "mien-look", look_ahead, &s);
    long long total = info->frames;
    if (o->frames > 0 && (total == 0 || total > o->frames)) {
        total = o->frames;
    }
    mien_progress_begin(&progress, "following", "frames", 0, total);
    struct place *p;
    while (!mien_stop_asked() && (p = next_place(&s, t->frames))) {
        mien_profile_result(&t->profile, &p->result);
        if (t->marks.count) {
            mien_mark_list_set(&t->marks, &p->result);
        }
        count(t, &p->result);
        struct mien_sink_frame f = {info->name, &p->frame.rgb, &p->result};
        bool kept = !o->mesh || keep_look(who, &p->frame.rgb, &p->result);
        if (!kept || !mien_outputs_write(out, &f)) {
            t->lost_output = true;
            break;
        }
        mien_progress_update(&progress, t->frames, NULL);
        pthread_mutex_lock(&s.monitor.mutex);
        s.written++;
        pthread_cond_broadcast(&s.monitor.cond);
        pthread_mutex_unlock(&s.monitor.mutex);
    }
    mien_progress_end(&progress, t->frames);
    pthread_mutex_lock(&s.monitor.mutex);
    s.ended = true;
    pthread_cond_broadcast(&s.monitor.cond);
    pthread_mutex_unlock(&s.monitor.mutex);
    mien_thread_join(&reader);
    mien_thread_join(&looker);
    t->failed = s.failed;
    for (int i = 0; i < RING; i++) {
        mien_frame_destroy(&s.place[i].frame);
    }
    mien_free(s.place);
    mien_monitor_destroy(&s.monitor);
    mien_refiner_destroy(s.refiner);
}

int mien_cmd_video(int argc, char **argv)
{
    struct options o = {0};
    char sinks[MIEN_SINKS_HELP_SIZE];
    const struct mien_command command = {
        .name = "video",
        .synopsis = "FILE|FOLDER [options]",
        .summary = "Follows the faces of a video, or of a folder of frames, over time.",
        .example = "mien video clip.mp4 --overlay seen.mp4 --csv faces.csv\n"
                   "  mien video frames/ --fps 25 --json faces.jsonl",
        .min_args = 1,
        .max_args = 1,
    };
    const struct mien_opt opts[] = {
        {"json", 'j', MIEN_OPT_OUTPUT, &o.json, "FILE",
         "results as JSON lines, one per frame; - is standard output, the default when no output "
         "is named",
         0, 0},
        {"csv", 0, MIEN_OPT_OUTPUT, &o.csv, "FILE", "results as a table, one row per face", 0, 0},
        {"overlay", 0, MIEN_OPT_OUTPUT, &o.overlay, "FILE",
         "an MP4 of the frames with mesh, landmarks and axes drawn over them, with the clip's own "
         "sound",
         0, 0},
        {"md5", 0, MIEN_OPT_OUTPUT, &o.md5, "FILE", "digests of the results, to compare runs", 0,
         0},
        {"mesh", 0, MIEN_OPT_OUTPUT, &o.mesh, "FILE.glb",
         "the first person's head at rest, refined on the best frames together, as mien head does",
         0, 0},
        {"out", 'o', MIEN_OPT_STRING, &o.out, "SINK", mien_sinks_help(sinks), 0, 0},
        {"report", 0, MIEN_OPT_OUTPUT, &o.report, "FILE.html",
         "a page about expression, blinks, head and gaze over time", 0, 0},
        {"profile", 0, MIEN_OPT_STRING, &o.profile, "NAME",
         "a person's own neutral expression and range, learnt by mien live --profile", 0, 0},
        {"marks", 0, MIEN_OPT_INPUT, &o.marks, "FROM",
         "event marks for records and report: a file of lines \"SECONDS WORDS\"", 0, 0},
        {"control", 0, MIEN_OPT_STRING, &o.control, "NAME=VALUE",
         "set a camera's controls, separated by commas; mien cameras --controls lists them", 0, 0},
        {"frames", 0, MIEN_OPT_INT, &o.frames, "N", "stop after N frames; 0: all", 0, 1e9},
        {"fps", 0, MIEN_OPT_INT, &o.fps, "N", "frames per second of a folder; 0: 30", 0, 1000},
        {"filter", 0, MIEN_OPT_FLOAT, &o.engine.filter, "F", MIEN_HELP_FILTER, -1, 10},
        {"no-refine", 0, MIEN_OPT_BOOL, &o.no_refine, NULL,
         "identity from single frames alone, without refining the shape on several pictures of a "
         "turning head",
         0, 0},
        MIEN_FILES_SHARE_OPT(o.share),
        MIEN_ENGINE_OPTS(o.engine),
        {0},
    };
    const char **args = mien_calloc((size_t)argc + 1, sizeof(*args));
    struct tally *t = mien_calloc(1, sizeof(*t));
    struct person *who = mien_calloc(1, sizeof(*who));
    struct mien_outputs out = {0};
    struct mien_claims claims = {0};
    struct mien_engine *e = NULL;
    struct mien_pool *pool = NULL;
    struct mien_source *source = NULL;
    int nargs = 0, status = 1;
    if (!args || !t || !who) {
        goto done;
    }
    status = mien_args_parse(&command, opts, argc, argv, args, &nargs);
    if (status) {
        status = status == 1 ? 0 : status;
        goto done;
    }
    status = 2;
    mien_files_private(o.share);
    mien_stop_install();
    struct mien_why why;
    size_t name = o.mesh ? strlen(o.mesh) : 0;
    if (o.mesh && (name < 5 || strcasecmp(o.mesh + name - 4, ".glb"))) {
        mien_error("--mesh %s: a head is written as FILE.glb; `mien head` writes .obj too", o.mesh);
        goto done;
    }
    if (o.out && !mien_sinks_check(o.out, &why)) {
        mien_error("--out %s", why.text);
        goto done;
    }
    char profile[1024];
    if ((o.profile && !mien_profile_path(o.profile, profile, sizeof(profile))) ||
        !claim(&claims, args[0], o.profile ? profile : NULL, &o, opts)) {
        goto done;
    }
    pool = create_pool(&o.engine);
    if (!pool) {
        goto done;
    }
    // First, so that what it needs while loading has gone when FFmpeg comes.
    e = mien_engine_create(&(struct mien_engine_config){
        .face_path = o.engine.face,
        .net_path = o.engine.net,
        .detect_path = o.engine.detect,
        .fov_deg = (float)o.engine.fov_deg,
        .max_faces = o.engine.max_faces,
        .quality = o.engine.quality,
        .filter = (float)o.engine.filter,
        .lean = true,
        .pool = pool,
        .clock_ns = mien_now_ns,
    });
    source =
        e ? mien_source_open(
                args[0], &(struct mien_source_options){.fps = o.fps, .controls = o.control}, NULL)
          : NULL;
    if (!source || (o.profile && !mien_profile_load(&t->profile, profile)) ||
        (o.marks && !mien_mark_list_read(&t->marks, o.marks))) {
        goto done;
    }
    double fps = mien_source_info(source)->fps;
    if (!open_outputs(&o, mien_engine_model(e), fps > 0 ? fps : 30,
                      strcmp(mien_source_info(source)->kind, "video") ? NULL : args[0], &out)) {
        goto done;
    }
    run(e, source, &o, &out, who, t);
    bool closed = mien_outputs_close(&out);
    bool saved = !o.mesh || t->frames == 0 || save_head(who, e, o.mesh);
    mien_info("%lld frames, %lld with a face; detector %.1f ms, network %.1f ms and fit %.1f ms a "
              "face%s",
              t->frames, t->with_face, mien_stats_mean(&t->detect_ms),
              mien_stats_mean(&t->network_ms), mien_stats_mean(&t->fit_ms),
              mien_stop_asked() ? " (stopped early)" : "");
    bool clean = closed && saved && !t->failed && !t->lost_output && !mien_stop_asked();
    status = t->frames == 0 && !mien_stop_asked() ? 2 : clean ? 0 : 1;
done:
    mien_outputs_close(&out);
    mien_engine_destroy(e);
    mien_pool_destroy(pool);
    mien_source_close(source);
    mien_claims_destroy(&claims);
    mien_free(args);
    if (who) {
        mien_scan_destroy(&who->kept);
    }
    mien_free(who);
    if (t) {
        mien_mark_list_destroy(&t->marks);
    }
    mien_free(t);
    return status;
}

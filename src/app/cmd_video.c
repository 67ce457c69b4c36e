// `mien video`: faces in a video file or in a folder of frames, followed over time.
//
// Every frame is processed, in order, as fast as it goes; the times are the file's own, so that the
// results do not depend on the machine's speed.
#include "app/commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stats.h"
#include "live/files.h"
#include "live/outputs.h"
#include "sink/report.h"
#include "sink/sinks.h"
#include "source/source.h"
#include "track/profile.h"

struct options {
    struct mien_engine_options engine;
    const char *json, *csv, *overlay, *md5, *out, *report, *profile;
    int frames, fps;
    bool share;
};

static bool names_output(const struct options *o)
{
    return o->json || o->csv || o->overlay || o->md5 || o->out || o->report;
}

static bool open_outputs(const struct options *o, const struct mien_face_model *m, double fps,
                         struct mien_outputs *out)
{
    char settings[MIEN_REPORT_SETTINGS];
    mien_report_settings_text(&(struct mien_report_settings){.faces = o->engine.max_faces,
                                                             .filter = o->engine.filter,
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
            mien_outputs_add(out, mien_sink_video(o->overlay, fps, m, MIEN_OVERLAY_ALL))) &&
           (!o->report || mien_outputs_add(out, mien_sink_open("report", o->report, &c))) &&
           (!o->out || mien_outputs_add_list(out, o->out, &c)) &&
           (names_output(o) || mien_outputs_add(out, mien_sink_open("jsonl", "-", NULL)));
}

// Before anything is opened.
static bool claim(struct mien_claims *c, const char *source, const char *profile,
                  const struct options *o, const struct mien_opt *opts)
{
    return mien_files_source(c, source) &&
           (!profile || mien_claims_read(c, "--profile", profile)) &&
           mien_files_models(c, o->engine.net, o->engine.detect, o->engine.face) &&
           mien_args_claim(opts, c) && mien_files_sinks(c, NULL, o->out) &&
           (names_output(o) || mien_claims_write(c, "the results", "-"));
}

struct tally {
    struct mien_profile profile;
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

static void run(struct mien_engine *e, struct mien_source *source, const struct options *o,
                struct mien_outputs *out, struct tally *t)
{
    struct mien_result *result = mien_calloc(1, sizeof(*result));
    struct mien_frame frame = {0};
    struct mien_progress progress = {0};
    const struct mien_source_info *info = mien_source_info(source);
    long long total = info->frames;
    if (o->frames > 0 && (total == 0 || total > o->frames)) {
        total = o->frames;
    }
    mien_progress_begin(&progress, "following", "frames", 0, total);
    while (result && !mien_stop_asked() && (!o->frames || t->frames < o->frames)) {
        enum mien_source_status s = mien_source_read(source, &frame, mien_now_ns() + MIEN_NS_PER_S);
        if (s == MIEN_SOURCE_TIMEOUT || s == MIEN_SOURCE_LOST) {
            continue;
        }
        if (s != MIEN_SOURCE_OK) {
            t->failed = s == MIEN_SOURCE_FAILED;
            break;
        }
        // One that is not usable was logged; it has a line without faces all the same.
        mien_engine_run(e, &frame.rgb, frame.media_ns, result);
        result->frame = frame.index;
        mien_profile_result(&t->profile, result);
        count(t, result);
        struct mien_sink_frame f = {info->name, &frame.rgb, result};
        if (!mien_outputs_write(out, &f)) {
            t->lost_output = true;
            break;
        }
        mien_progress_update(&progress, t->frames, NULL);
    }
    mien_progress_end(&progress, t->frames);
    mien_frame_destroy(&frame);
    mien_free(result);
}

int mien_cmd_video(int argc, char **argv)
{
    struct options o = {.engine = {.max_faces = 1, .filter = 1}};
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
         "results as JSON lines, one a frame; - is standard output, and what happens when no "
         "output is named",
         0, 0},
        {"csv", 0, MIEN_OPT_OUTPUT, &o.csv, "FILE", "results as a table, one row a face", 0, 0},
        {"overlay", 'o', MIEN_OPT_OUTPUT, &o.overlay, "FILE",
         "an MP4 with mesh, landmarks and axes drawn over the frames", 0, 0},
        {"md5", 0, MIEN_OPT_OUTPUT, &o.md5, "FILE", "digests of the results, to compare runs", 0,
         0},
        {"out", 0, MIEN_OPT_STRING, &o.out, "SINK", mien_sinks_help(sinks), 0, 0},
        {"report", 0, MIEN_OPT_OUTPUT, &o.report, "FILE.html",
         "a page about expression, blinks, head and gaze over time", 0, 0},
        {"profile", 0, MIEN_OPT_STRING, &o.profile, "NAME",
         "a person's own neutral expression and range, learnt by mien live --profile", 0, 0},
        {"frames", 0, MIEN_OPT_INT, &o.frames, "N", "stop after N frames; 0: all", 0, 1e9},
        {"fps", 0, MIEN_OPT_INT, &o.fps, "N", "frames a second of a folder; 0: 30", 0, 1000},
        {"filter", 0, MIEN_OPT_FLOAT, &o.engine.filter, "S",
         "strength of smoothing: 0 none, 1 usual, 2 twice as steady", 0, 10},
        MIEN_FILES_SHARE_OPT(o.share),
        MIEN_ENGINE_OPTS(o.engine),
        {0},
    };
    const char **args = mien_calloc((size_t)argc + 1, sizeof(*args));
    struct tally *t = mien_calloc(1, sizeof(*t));
    struct mien_outputs out = {0};
    struct mien_claims claims = {0};
    struct mien_engine *e = NULL;
    struct mien_source *source = NULL;
    int nargs = 0, status = 1;
    if (!args || !t) {
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
    const char *reason;
    if (o.out && !mien_sinks_check(o.out, &reason)) {
        mien_error("--out %s", reason);
        goto done;
    }
    char profile[1024];
    if ((o.profile && !mien_profile_path(o.profile, profile, sizeof(profile))) ||
        !claim(&claims, args[0], o.profile ? profile : NULL, &o, opts)) {
        goto done;
    }
    source = mien_source_open(args[0], &(struct mien_source_options){.fps = o.fps}, NULL, 0);
    if (!source || (o.profile && !mien_profile_load(&t->profile, profile))) {
        goto done;
    }
    double fps = mien_source_info(source)->fps;
    e = mien_engine_create(&(struct mien_engine_config){
        .face_path = o.engine.face,
        .net_path = o.engine.net,
        .detect_path = o.engine.detect,
        .fov_deg = (float)o.engine.fov_deg,
        .max_faces = o.engine.max_faces,
        .quality = o.engine.quality,
        .filter = o.engine.filter > 0 ? (float)o.engine.filter : -1,
        .clock_ns = mien_now_ns,
    });
    if (!e || !open_outputs(&o, mien_engine_model(e), fps > 0 ? fps : 30, &out)) {
        goto done;
    }
    run(e, source, &o, &out, t);
    bool closed = mien_outputs_close(&out);
    mien_info("%lld frames, %lld with a face; detector %.1f ms, network %.1f ms and fit %.1f ms a "
              "face%s",
              t->frames, t->with_face, mien_stats_mean(&t->detect_ms),
              mien_stats_mean(&t->network_ms), mien_stats_mean(&t->fit_ms),
              mien_stop_asked() ? " (stopped early)" : "");
    bool clean = closed && !t->failed && !t->lost_output && !mien_stop_asked();
    status = t->frames == 0 && !mien_stop_asked() ? 2 : clean ? 0 : 1;
done:
    mien_outputs_close(&out);
    mien_engine_destroy(e);
    mien_source_close(source);
    mien_claims_destroy(&claims);
    mien_free(args);
    mien_free(t);
    return status;
}

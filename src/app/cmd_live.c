// `mien live`: camera or clip -> fitted face on the screen, in real time.
#include "app/commands.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/live.h"
#include "app/live_out.h"
#include "app/live_show.h"
#include "base/args.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "out/sinks.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

struct options {
    const char *source, *size, *capture, *screenshot, *record, *out, *net, *detect;
    bool headless, pace, loop, mirror, fullscreen, hud, bars, axes, head, quality;
    int frames, fps, mode, faces;
    double fov, filter;
};

struct session {
    struct options o;
    int width, height; // of the window, 0 = chosen
    int capture_w, capture_h;
    struct mien_live *live;
    struct mien_live_out *out;
    struct mien_show *show;
    int64_t first_media_ns;
    bool waits; // nothing may be lost
    bool was_paused;
    uint64_t drops_at_pause, drops_in_pauses; // not the program's fault
};

static bool parse_size(const char *text, const char *option, int *w, int *h)
{
    char rest;
    if (sscanf(text, "%dx%d%c", w, h, &rest) == 2 && *w >= 64 && *h >= 64 && *w <= 8192 &&
        *h <= 8192) {
        return true;
    }
    mien_error("%s \"%s\": a size is written 1280x720, from 64x64 to 8192x8192", option, text);
    return false;
}

static void publish(void *arg, const struct mien_shot *shot)
{
    struct session *s = arg;
    mien_live_out_result(s->out, &shot->result);
}

static bool is_camera(const char *uri)
{
    return !*uri || !strncmp(uri, "camera", 6) || !strncmp(uri, "/dev/", 5) ||
           !strncmp(uri, "v4l2:", 5);
}

static bool open_live(struct session *s)
{
    const struct options *o = &s->o;
    struct mien_live_config c = {
        .uri = o->source,
        .source = {.width = s->capture_w,
                   .height = s->capture_h,
                   .fps = o->fps,
                   .loop = o->loop || !o->headless || o->frames > 0,
                   .realtime = !s->waits},
        .engine = {.net_path = o->net,
                   .detect_path = o->detect,
                   .fov_deg = (float)o->fov,
                   .max_faces = o->faces,
                   .quality = o->quality,
                   .filter = (float)o->filter,
                   .clock_ns = mien_now_ns},
        .every_frame = s->waits,
        // In real time what counts is what was shown: some results may come too late for that.
        .frames = s->waits ? (uint64_t)o->frames : 0,
        .result = o->out ? publish : NULL,
        .result_arg = s,
    };
    s->live = mien_live_open(&c);
    return s->live != NULL;
}

static bool open_show(struct session *s)
{
    const struct options *o = &s->o;
    const struct mien_source_info *info = mien_live_source(s->live);
    struct mien_show_config c = {
        .title = "mien",
        .model = mien_live_model(s->live),
        .source = info->name,
        .picture_w = info->width > 0 ? info->width : 640,
        .picture_h = info->height > 0 ? info->height : 480,
        .width = s->width,
        .height = s->height,
        .headless = o->headless,
        .fullscreen = o->fullscreen,
        .settings = {.mode = (enum mien_view_mode)o->mode,
                     .mirror = o->mirror,
                     .hud = o->hud,
                     .bars = o->bars,
                     .axes = o->axes,
                     .head = o->head},
    };
    return mien_show_open(s->show, &c);
}

static bool open_out(struct session *s)
{
    if (!s->o.out && !s->o.record) {
        return true;
    }
    const struct mien_source_info *info = mien_live_source(s->live);
    struct mien_live_out_config c = {.sinks = s->o.out,
                                     .record = s->o.record,
                                     .source = s->o.source[0] ? s->o.source : info->name,
                                     .frames_per_s = info->fps > 0 ? info->fps : 30,
                                     .model = mien_live_model(s->live),
                                     .wait = s->waits};
    mien_view_size(s->show->view, &c.width_px, &c.height_px);
    s->out = mien_live_out_open(&c);
    s->show->info.recording = s->o.record != NULL;
    return s->out != NULL;
}

static void screenshot(struct session *s)
{
    char path[512], text[560];
    time_t now = time(NULL);
    struct tm tm;
    strftime(path, sizeof(path), "mien-%Y%m%d-%H%M%S.png", localtime_r(&now, &tm));
    bool ok = mien_show_screenshot(s->show, path);
    snprintf(text, sizeof(text), ok ? "saved %s" : "could not save %s", path);
    mien_show_notice(s->show, text);
    s->show->want_screenshot = false;
}

static void record(struct session *s, const struct mien_shot *shot)
{
    struct mien_image *im = mien_live_out_picture(s->out);
    if (!im) {
        return;
    }
    if (!mien_view_read(s->show->view, im)) {
        if (!s->show->notice[0]) { // the window was resized: the recording keeps its size
            mien_show_notice(s->show, "recording stands still: the window's size has changed");
        }
        memset(im->data, 0, im->stride * (size_t)im->height);
    }
    if (s->show->frames == 1) {
        s->first_media_ns = shot->media_ns;
    }
    mien_live_out_record(s->out, im, shot->media_ns - s->first_media_ns);
}

static uint64_t dropped(struct session *s)
{
    struct mien_live_counts c;
    mien_live_counts(s->live, &c);
    return c.dropped - s->drops_in_pauses;
}

static void once(struct session *s, int64_t *state_at)
{
    struct mien_show *show = s->show;
    mien_show_events(show);
    if (show->want_calibrate) {
        mien_live_calibrate(s->live, show->want_calibrate < 0);
        show->want_calibrate = 0;
    }
    if (show->want_screenshot) {
        screenshot(s);
    }
    int64_t now = mien_now_ns();
    if (now >= *state_at) {
        mien_live_state(s->live, show->state, sizeof(show->state));
        *state_at = now + MIEN_NS_PER_S / 2;
    }
    bool paused = show->info.paused;
    if (paused != s->was_paused) {
        uint64_t drops = dropped(s);
        s->drops_in_pauses += paused ? 0 : drops - s->drops_at_pause;
        s->drops_at_pause = drops;
        s->was_paused = paused;
    }
    struct mien_shot *shot = NULL;
    if (paused) { // what is on the screen stays in our hands
        mien_sleep_until_ns(now + 20 * MIEN_NS_PER_MS);
    } else {
        shot = mien_live_take(s->live, now + 10 * MIEN_NS_PER_MS);
    }
    if (shot) {
        show->info.dropped = dropped(s);
        mien_show_draw(show, shot);
        if (s->out) {
            record(s, shot);
        }
    } else if (show->dirty || (!s->o.headless && now - show->drawn_ns > MIEN_NS_PER_S / 4)) {
        mien_show_draw(show, NULL);
    }
}

static void summary(struct session *s, FILE *f)
{
    struct mien_show *w = s->show;
    fprintf(f,
            "mien: %llu frames, %.1f fps, dropped %llu, network %.1f ms, fit %.1f ms, latency p50 "
            "%.1f p95 %.1f ms, draw %.1f ms\n",
            (unsigned long long)w->frames, mien_show_fps(w), (unsigned long long)dropped(s),
            mien_stats_mean(&w->network_ms), mien_stats_mean(&w->fit_ms),
            mien_stats_quantile(&w->latency_ms, 0.5), mien_stats_quantile(&w->latency_ms, 0.95),
            mien_stats_mean(&w->draw_ms));
}

static int run(struct session *s)
{
    int status = 1;
    int64_t state_at = 0;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (!open_live(s)) {
        status = is_camera(s->o.source) ? 1 : 2; // a file that cannot be used
        goto out;
    }
    if (!open_show(s) || !open_out(s)) {
        goto out;
    }
    if (!mien_live_start(s->live)) {
        goto out;
    }
    uint64_t limit = s->o.frames > 0 ? (uint64_t)s->o.frames : UINT64_MAX;
    while (!s->show->quit && !interrupted && s->show->frames < limit &&
           !mien_live_ended(s->live)) {
        once(s, &state_at);
    }
    status = mien_live_failed(s->live) || s->show->frames == 0 ? 1 : 0;
    if (s->show->frames == 0 && !s->show->quit && !interrupted) {
        mien_error("not one frame came from \"%s\"", s->o.source);
    } else if (s->show->frames == 0) {
        status = 0;
    }
    mien_live_stop(s->live);
    if (s->o.screenshot && s->show->frames > 0) {
        status = mien_show_screenshot(s->show, s->o.screenshot) ? status : 1;
    }
    // The result callback uses `out`: the threads end first.
    mien_live_join(s->live);
    uint64_t lost = 0;
    if (!mien_live_out_close(s->out, &lost)) {
        status = 1;
    }
    s->out = NULL;
    if (lost) {
        mien_warn("%llu records could not be written in time and are missing in the output",
                  (unsigned long long)lost);
    }
    summary(s, s->o.out && mien_live_out_uses_stdout(s->o.out) ? stderr : stdout);
out:
    mien_live_join(s->live);
    mien_live_out_close(s->out, NULL);
    mien_show_close(s->show);
    mien_live_close(s->live);
    return status;
}

int mien_cmd_live(int argc, char **argv)
{
    struct session s = {.o = {.source = "", .pace = true, .hud = true, .bars = true, .axes = true}};
    struct options *o = &s.o;
    const struct mien_opt opts[] = {
        {"source", 's', MIEN_OPT_STRING, &o->source, "URI",
         "camera (nothing, camera:NAME, /dev/videoN), video, picture, folder or synth:seed=N", 0,
         0},
        {"capture", 0, MIEN_OPT_STRING, &o->capture, "WxH", "the camera's picture size", 0, 0},
        {"fps", 0, MIEN_OPT_INT, &o->fps, "N", "the camera's rate; 0 is its best up to 60", 0, 240},
        {"fov", 0, MIEN_OPT_FLOAT, &o->fov, "DEG",
         "the camera's horizontal field of view; 0 when unknown", 0, 170},
        {"faces", 0, MIEN_OPT_INT, &o->faces, "N", "faces to follow; 0 is one", 0, MIEN_FACES_MAX},
        {"quality", 0, MIEN_OPT_BOOL, &o->quality, NULL,
         "look at every face twice, mirrored: steadier, twice the network's time", 0, 0},
        {"filter", 0, MIEN_OPT_FLOAT, &o->filter, "F",
         "strength of smoothing; 0 is the default, -1 none, 2 twice as steady", -1, 10},
        {"mode", 'm', MIEN_OPT_CHOICE, &o->mode, MIEN_VIEW_MODE_NAMES,
         "what is drawn over the face", 0, 0},
        {"mirror", 0, MIEN_OPT_BOOL, &o->mirror, NULL, "show the picture as in a mirror", 0, 0},
        {"hud", 0, MIEN_OPT_BOOL, &o->hud, NULL, "times, pose and expression", 0, 0},
        {"bars", 0, MIEN_OPT_BOOL, &o->bars, NULL, "blendshape bars", 0, 0},
        {"axes", 0, MIEN_OPT_BOOL, &o->axes, NULL, "head axes and gaze", 0, 0},
        {"head", 0, MIEN_OPT_BOOL, &o->head, NULL, "draw the whole head, not only the face", 0, 0},
        {"size", 0, MIEN_OPT_STRING, &o->size, "WxH", "the window's size", 0, 0},
        {"fullscreen", 'f', MIEN_OPT_BOOL, &o->fullscreen, NULL, "fill the screen", 0, 0},
        {"headless", 0, MIEN_OPT_BOOL, &o->headless, NULL, "without a display", 0, 0},
        {"frames", 'n', MIEN_OPT_INT, &o->frames, "N",
         "end after N frames, starting a clip again when it is shorter; 0 is no limit", 0, 1e9},
        {"loop", 0, MIEN_OPT_BOOL, &o->loop, NULL,
         "start a clip again at its end (windows always do)", 0, 0},
        {"pace", 0, MIEN_OPT_BOOL, &o->pace, NULL,
         "play clips at their own rate; --no-pace: every frame, as fast as it goes", 0, 0},
        {"screenshot", 0, MIEN_OPT_STRING, &o->screenshot, "FILE.png",
         "save the last picture shown", 0, 0},
        {"record", 0, MIEN_OPT_STRING, &o->record, "FILE.mp4", "record what is shown", 0, 0},
        {"out", 'o', MIEN_OPT_STRING, &o->out, "SINK", MIEN_SINKS_HELP, 0, 0},
        {"net", 0, MIEN_OPT_STRING, &o->net, "FILE", "another face network", 0, 0},
        {"detector", 0, MIEN_OPT_STRING, &o->detect, "FILE", "another detector", 0, 0},
        {0},
    };
    static const struct mien_command cmd = {
        .name = "live",
        .synopsis = "[URI] [options]",
        .summary = "head pose, expression and face shape, live over the camera's picture",
        .example =
            "mien live\n"
            "  mien live clip.mp4 --mode shaded\n"
            "  mien live clip.mp4 --headless --frames 300 --record out.mp4 --out jsonl:out.jsonl",
        .min_args = 0,
        .max_args = 1,
    };
    const char *args[64];
    int nargs = 0;
    if (argc > 64) {
        mien_error("too many arguments");
        return 2;
    }
    int rc = mien_args_parse(&cmd, opts, argc, argv, args, &nargs);
    if (rc) {
        return rc == 1 ? 0 : rc;
    }
    if (nargs == 1) {
        o->source = args[0];
    }
    const char *reason;
    if (o->size && !parse_size(o->size, "--size", &s.width, &s.height)) {
        return 2;
    }
    if (o->capture && !parse_size(o->capture, "--capture", &s.capture_w, &s.capture_h)) {
        return 2;
    }
    if (o->out && !mien_live_out_check(o->out, &reason)) {
        mien_error("--out %s", reason);
        return 2;
    }
    s.waits = !o->pace;
    s.show = mien_calloc(1, sizeof(*s.show));
    if (!s.show) {
        return 1;
    }
    int status = run(&s);
    mien_free(s.show);
    return status;
}

// A run of the live program: its rooms, how they open and close, and the loop.
#include "live/live_session.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "live/frame.h"
#include "live/live_props.h"
#include "live/live_stage.h"
#include "live/marks.h"
#include "live/session_parts.h"
#include "live/settings.h"

static int open_live(struct mien_session *s)
{
    const struct mien_session_options *o = &s->o;
    bool source_recalled = mien_settings_recalled(s->settings, &o->source);
    struct mien_live_config c = {
        .uri = o->source,
        .source = mien_session_source_options(s, o->capture_w, o->capture_h, o->fps),
        .engine = {.net_path = o->net,
                   .lean = true,
                   .apart = !o->waits,
                   .detect_path = o->detect,
                   .fov_deg = (float)o->fov,
                   .max_faces = o->faces,
                   .quality = o->quality,
                   .filter = (float)o->filter,
                   .clock_ns = mien_now_ns},
        // A window opens without a camera too: one may be plugged in, or a file opened.
        .may_wait = !o->headless && !source_recalled && mien_session_is_camera(o->source),
        // One that was unplugged may be exchanged for one that does not open either.
        .may_lose = !o->headless || mien_session_is_camera(o->source),
        .may_replace = mien_settings_recalled(s->settings, &o->net),
        .every_frame = o->waits,
        // In real time what counts is what was shown: some results may come too late for that.
        .frames = o->waits ? (uint64_t)o->frames : 0,
        .profile = &s->person.profile,
        .result = mien_frame_publish,
        .result_arg = s,
        .events = &s->events,
    };
    s->live = mien_live_open(&c);
    if (!s->live && source_recalled) {
        mien_warn("\"%s\", shown last time, is not there: using the first camera", o->source);
        s->o.source = c.uri = "";
        c.may_wait = !o->headless;
        c.source = mien_session_source_options(s, 0, 0, 0);
        s->live = mien_live_open(&c);
    }
    // A file that cannot be used is a mistake of the command line.
    return s->live ? 0 : mien_session_is_camera(s->o.source) ? 1 : 2;
}

// The avatar, and the ground behind it. False: it cannot be used; one that was remembered may be
// gone.
static bool open_stage(struct mien_session *s)
{
    const struct mien_session_options *o = &s->o;
    struct mien_show *show = s->show;
    struct mien_ui_controls *k = &show->controls;
    enum mien_programme programme = k->programme;
    bool beside = show->settings.stage.beside;
    mien_stage_set_ground(show, o->ground && *o->ground ? o->ground : "grey");
    if (o->avatar && *o->avatar) {
        if (!mien_stage_take(show, o->avatar) && !mien_settings_recalled(s->settings, &o->avatar)) {
            return false;
        }
        show->settings.stage.beside = beside;
        show->notice[0] = 0;
    }
    k->programme = programme;
    if (o->my_head) {
        mien_stage_toggle_head(show);
    }
    snprintf(s->stage.avatar, sizeof(s->stage.avatar), "%s", k->avatar);
    snprintf(s->stage.ground, sizeof(s->stage.ground), "%s", k->ground);
    return true;
}

static int open_show(struct mien_session *s)
{
    struct mien_session_options *o = &s->o;
    const struct mien_source_info *info = mien_live_source(s->live);
    s->show = mien_calloc(1, sizeof(*s->show));
    if (!s->show) {
        return 1;
    }
    o->smoothing = mien_engine_filter_strength(o->filter);
    mien_settings_show(o, s->show);
    s->show->settings.fade = 1 - (float)o->opacity;
    struct mien_show_config c = {
        .title = "mien",
        .model = mien_live_model(s->live),
        .picture_w = info->width > 0 ? info->width : 640,
        .picture_h = info->height > 0 ? info->height : 480,
        .width = o->width,
        .height = o->height,
        .headless = o->headless,
        .fullscreen = o->fullscreen,
        .settings = s->show->settings,
    };
    if (!mien_show_open(s->show, &c)) {
        return 1;
    }
    mien_settings_show(o, s->show); // what is shown beside the picture, too
    struct mien_ui_controls *k = &s->show->controls;
    k->faces = o->faces > 0 ? o->faces : 1;
    snprintf(k->folder, sizeof(k->folder), "%s", s->folder.path);
    s->show->capture = mien_frame_capture;
    s->show->capture_arg = s;
    s->show->bindings = s->bindings;
    mien_session_list_presets(s);
    snprintf(k->preset, sizeof(k->preset), "%s", o->preset ? o->preset : "");
    // The list was checked with the options.
    mien_traces_choose(&s->show->curves, o->curves ? o->curves : MIEN_TRACES_DEFAULT, NULL);
    s->show->info.curves = k->curves = &s->show->curves;
    mien_traces_list(&s->show->curves, s->curves.before, sizeof(s->curves.before));
    k->profile_on = !o->profile_off;
    mien_live_use_profile(s->live, k->profile_on);
    s->mirror.of[0] = o->mirror > 0;
    s->mirror.of[1] = s->mirror.before = o->mirror < 0 ? o->mirror_camera : o->mirror > 0;
    s->show->settings.mirror = s->mirror.of[0];
    mien_session_note_wish(s, o->source);
    mien_session_note_source(s, o->source);
    mien_session_list_networks(s);
    mien_session_open_sound(s);
    mien_props_list(k, s->show->prop_path);
    mien_props_set_favourites(k, o->favourites);
    mien_props_favourites(k, s->props.favourites_before, sizeof(s->props.favourites_before));
    bool staged = open_stage(s);
    bool worn = !o->prop || !*o->prop || mien_props_wear(s->show, o->prop) ||
                mien_settings_recalled(s->settings, &o->prop);
    if (!staged || !worn) {
        return 2;
    }
    s->props.before = k->prop;
    memcpy(s->props.also_before, k->also, sizeof(s->props.also_before));
    if (o->audience) {
        mien_action_ask(&s->show->actions, MIEN_ACTION_AUDIENCE);
    }
    if (o->menu != MIEN_UI_NONE && s->show->ui) {
        s->show->menus_in_screenshot = true;
        mien_ui_show(s->show->ui, (enum mien_ui_menu)o->menu);
    }
    if (o->menu == MIEN_UI_GUIDE || s->person.guided) {
        mien_action_ask(&s->show->actions, MIEN_ACTION_LEARN);
    }
    return 0;
}

static uint64_t dropped(struct mien_session *s)
{
    struct mien_live_counts c;
    mien_live_counts(s->live, &c);
    return c.dropped - s->pause.drops;
}

// What is on the screen is stale when several pictures should have come since, but a second at
// least: a picture may take its time.
static void look_at_age(struct mien_session *s, const struct mien_shot *fresh, int64_t now)
{
    struct mien_show *show = s->show;
    float fps = show->controls.fps;
    int64_t period = fps > 0 ? (int64_t)(1e9 / (double)fps) : 0, limit = MIEN_NS_PER_S;
    limit = 3 * period > limit ? 3 * period : limit;
    bool stale = !fresh && (!show->shot || now - show->last_ns > limit);
    show->dirty = show->dirty || stale != show->info.stale;
    show->info.stale = stale;
}

void mien_session_note_shot(struct mien_session *s, const struct mien_shot *shot)
{
    struct mien_show *show = s->show;
    mien_session_set_lamps(s);
    if (!show->info.paused) {
        show->info.dropped = dropped(s);
    }
    look_at_age(s, shot, mien_now_ns());
    mien_session_guide(s, shot);
    if (shot) {
        mien_session_keep_look(s, shot);
    }
    mien_session_show_head(s);
}

// What is missed in a pause is not the program's fault.
static void note_pause(struct mien_session *s)
{
    bool paused = s->show->info.paused;
    if (paused != s->pause.was) {
        uint64_t drops = dropped(s);
        s->pause.drops += paused ? 0 : drops - s->pause.drops_before;
        s->pause.drops_before = drops;
        s->pause.was = paused;
    }
}

// Twice a second.
static void note_state(struct mien_session *s)
{
    struct mien_show *show = s->show;
    struct stat st;
    mien_live_state(s->live, show->state, sizeof(show->state));
    mien_session_tell_waiting(s);
    if (s->recording.out && !stat(show->controls.record_path, &st)) {
        show->controls.recorded_bytes = st.st_size;
    }
}

// One round: what was asked for, what was told, what follows by itself, and a frame.
static void take_turn(struct mien_session *s)
{
    mien_show_events(s->show);
    mien_session_act(s);
    mien_session_hear(s);
    if (mien_live_failed(s->live) && !mien_live_source(s->live)) {
        return;
    }
    int64_t now = mien_now_ns();
    if (now >= s->loop.state_ns) {
        note_state(s);
        s->loop.state_ns = now + MIEN_NS_PER_S / 2;
    }
    mien_session_watch_cameras(s, now);
    note_pause(s);
    int64_t patience = (s->show->info.paused ? 20 : 10) * MIEN_NS_PER_MS;
    if (mien_frame_show(s, now + patience) && !s->loop.first_shown_ns) {
        s->loop.first_shown_ns = mien_process_age_ns();
    }
}

static void print_summary(struct mien_session *s)
{
    struct mien_show *w = s->show;
    FILE *f = s->o.out && mien_live_out_uses_stdout(s->o.out) ? stderr : stdout;
    fprintf(f,
            "mien: %llu frames, %.1f fps, dropped %llu, network %.1f ms, fit %.1f ms, latency p50 "
            "%.1f p95 %.1f ms, draw %.1f ms, first picture after %.2f s\n",
            (unsigned long long)w->frames, mien_show_fps(w), (unsigned long long)dropped(s),
            mien_stats_mean(&w->network_ms), mien_stats_mean(&w->fit_ms),
            mien_stats_quantile(&w->latency_ms, 0.5), mien_stats_quantile(&w->latency_ms, 0.95),
            mien_stats_mean(&w->draw_ms), (double)s->loop.first_shown_ns / MIEN_NS_PER_S);
}

static int run_loop(struct mien_session *s, bool (*stopped)(void))
{
    uint64_t limit = s->o.frames > 0 ? (uint64_t)s->o.frames : UINT64_MAX;
    s->loop.running = true;
    while (!s->show->quit && !stopped() && s->show->frames < limit && !mien_live_ended(s->live)) {
        take_turn(s);
    }
    s->loop.running = false;
    int status = mien_live_failed(s->live) || s->show->frames == 0 ? 1 : 0;
    if (s->show->frames == 0 && !s->show->quit && !stopped()) {
        mien_error("no frame came from \"%s\"", s->source.name);
    } else if (s->show->frames == 0) {
        status = 0;
    }
    mien_session_remember(s);
    mien_live_stop(s->live);
    if (s->o.screenshot && s->show->frames > 0) {
        status = mien_show_screenshot(s->show, s->o.screenshot) ? status : 1;
    }
    return status;
}

static int open_queues(struct mien_session *s)
{
    bool ok = mien_monitor_init(&s->outputs.guard) &&
              mien_inbox_init(&s->events, "events", sizeof(struct mien_event), MIEN_EVENTS_WAITING);
    return ok ? 0 : 1;
}

static void close_queues(struct mien_session *s)
{
    mien_inbox_destroy(&s->events);
    mien_monitor_destroy(&s->outputs.guard);
}

static int open_person(struct mien_session *s)
{
    return mien_session_open_profile(s) ? 0 : 2;
}

static int open_claims(struct mien_session *s)
{
    return mien_session_claim_files(s) ? 0 : 2;
}

static void close_claims(struct mien_session *s)
{
    mien_claims_destroy(&s->claims);
}

static int open_folder(struct mien_session *s)
{
    return mien_session_open_folder(s) ? 0 : 2;
}

static void close_live(struct mien_session *s)
{
    mien_live_close(s->live);
}

static void close_show(struct mien_session *s)
{
    mien_session_end_guide(s);
    if (s->show) {
        mien_show_close(s->show);
    }
    mien_free(s->show);
}

static int open_outputs(struct mien_session *s)
{
    return mien_session_open_outputs(s) ? 0 : 1;
}

static int open_marks(struct mien_session *s)
{
    return mien_session_open_marks(s) ? 0 : 1;
}

static void end_marks(struct mien_session *s)
{
    mien_mark_feed_close(s->marks);
    s->marks = NULL;
}

static int start_threads(struct mien_session *s)
{
    return mien_live_start(s->live) ? 0 : 1;
}

static void join_threads(struct mien_session *s)
{
    mien_live_join(s->live);
}

// The rooms of a session in the order in which they open. open: 0, or the exit status when it
// cannot (logged). join, in the opposite order: threads have ended and files are whole. close,
// likewise: nothing is left. Both are fine with what was never opened.
static const struct {
    int (*open)(struct mien_session *s);
    void (*join)(struct mien_session *s);
    void (*close)(struct mien_session *s);
} rooms[] = {
    {open_queues, NULL, close_queues},
    {open_person, NULL, NULL},
    {open_claims, NULL, close_claims},
    {open_folder, NULL, NULL},
    {open_live, NULL, close_live},
    {open_show, NULL, close_show},
    {open_outputs, mien_session_close_outputs, NULL},
    {open_marks, end_marks, NULL},
    {NULL, mien_session_finish_head, NULL},
    {NULL, mien_session_finish_sound, NULL},
    {NULL, mien_session_close_controls, NULL},
    {NULL, mien_session_stop_watch, NULL},
    {start_threads, join_threads, NULL}, // they use all of the above
};

int mien_session_run(struct mien_session *s, bool (*stopped)(void))
{
    int status = 0;
    bool ran = false;
    for (size_t i = 0; i < MIEN_COUNT(rooms) && !status; i++) {
        status = rooms[i].open ? rooms[i].open(s) : 0;
    }
    if (!status) {
        status = run_loop(s, stopped);
        ran = true;
    }
    for (size_t i = MIEN_COUNT(rooms); i-- > 0;) {
        if (rooms[i].join) {
            rooms[i].join(s);
        }
    }
    status = s->outputs.failed ? 1 : status;
    if (s->outputs.lost) {
        mien_warn("%llu records could not be written in time and are missing from the output",
                  (unsigned long long)s->outputs.lost);
    }
    if (ran) {
        print_summary(s);
    }
    for (size_t i = MIEN_COUNT(rooms); i-- > 0;) {
        if (rooms[i].close) {
            rooms[i].close(s);
        }
    }
    return status;
}

// A run of the live program.
#include "app/live_session.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/live_props.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "out/overlay.h"

static bool is_camera(const char *uri)
{
    return !*uri || !strncmp(uri, "camera", 6) || !strncmp(uri, "/dev/", 5) ||
           !strncmp(uri, "v4l2:", 5);
}

static void publish(void *arg, const struct mien_shot *shot)
{
    struct mien_session *s = arg;
    pthread_mutex_lock(&s->outputs.mutex);
    for (int i = 0; i < MIEN_UI_SINKS; i++) {
        if (s->output[i]) {
            mien_live_out_result(s->output[i], &shot->result);
        }
    }
    pthread_mutex_unlock(&s->outputs.mutex);
}

static struct mien_source_options source_options(const struct mien_session *s, int w, int h,
                                                 int fps)
{
    const struct mien_session_options *o = &s->o;
    return (struct mien_source_options){.width = w,
                                        .height = h,
                                        .fps = fps,
                                        .loop = o->loop || !o->headless || o->frames > 0,
                                        .realtime = !o->waits};
}

static bool open_live(struct mien_session *s)
{
    const struct mien_session_options *o = &s->o;
    struct mien_live_config c = {
        .uri = o->source,
        .source = source_options(s, o->capture_w, o->capture_h, o->fps),
        .engine = {.net_path = o->net,
                   .detect_path = o->detect,
                   .fov_deg = (float)o->fov,
                   .max_faces = o->faces,
                   .quality = o->quality,
                   .filter = (float)o->filter,
                   .clock_ns = mien_now_ns},
        .every_frame = o->waits,
        // In real time what counts is what was shown: some results may come too late for that.
        .frames = o->waits ? (uint64_t)o->frames : 0,
        .profile = &s->profile,
        .result = publish,
        .result_arg = s,
    };
    s->live = mien_live_open(&c);
    if (!s->live && o->source_recalled) {
        mien_warn("\"%s\", shown last time, is not there: taking the first camera", o->source);
        s->o.source = c.uri = "";
        c.source = source_options(s, 0, 0, 0);
        s->live = mien_live_open(&c);
    }
    return s->live != NULL;
}

// After the source was opened or exchanged.
static void source_known(struct mien_session *s, const char *uri)
{
    const struct mien_source_info *info = mien_live_source(s->live);
    struct mien_ui_controls *c = &s->show->controls;
    snprintf(s->shown_name, sizeof(s->shown_name), "%s", info->name);
    snprintf(s->source_name, sizeof(s->source_name), "%s", *uri ? uri : info->name);
    s->show->info.source = s->shown_name;
    c->width = info->width;
    c->height = info->height;
    c->fps = (float)info->fps;
    s->camera_source = info->live;
    c->camera_now = -1;
    for (int i = 0; i < c->cameras; i++) {
        if (info->live && !strcmp(c->camera[i].device, info->device)) {
            c->camera_now = i;
        }
    }
}

static void capture(void *arg, const struct mien_shot *shot);

// What is chosen in the controls; nothing when it cannot be used.
static bool put_on(struct mien_session *s)
{
    struct mien_ui_controls *c = &s->show->controls;
    const char *reason, *path = s->prop_path[c->prop];
    s->prop_on = c->prop;
    if (mien_view_wear(s->show->view, path, &reason)) {
        return true;
    }
    char text[300];
    mien_error("%s cannot be worn: %s", path, reason);
    snprintf(text, sizeof(text), "%s: %s", c->prop_name[c->prop], reason);
    mien_show_notice(s->show, text);
    mien_view_wear(s->show->view, NULL, &reason);
    s->prop_on = c->prop = 0;
    return false;
}

static bool open_show(struct mien_session *s)
{
    const struct mien_session_options *o = &s->o;
    const struct mien_source_info *info = mien_live_source(s->live);
    struct mien_show_config c = {
        .title = "mien",
        .model = mien_live_model(s->live),
        .picture_w = info->width > 0 ? info->width : 640,
        .picture_h = info->height > 0 ? info->height : 480,
        .width = o->width,
        .height = o->height,
        .headless = o->headless,
        .fullscreen = o->fullscreen,
        .settings = {.mode = (enum mien_view_mode)o->mode,
                     .mirror = o->mirror,
                     .hud = o->hud,
                     .bars = o->bars,
                     .axes = o->axes,
                     .head = o->head,
                     .points = o->points,
                     .curves = o->show_curves,
                     .fade = 1 - (float)o->opacity},
    };
    if (!mien_show_open(s->show, &c)) {
        return false;
    }
    struct mien_ui_controls *k = &s->show->controls;
    k->fov_deg = (float)o->fov;
    k->filter = o->filter < 0 ? 0 : o->filter > 0 ? (float)o->filter : 1;
    k->faces = o->faces > 0 ? o->faces : 1;
    k->light = o->light;
    k->record_plain = o->record_plain;
    s->show->capture = capture;
    s->show->capture_arg = s;
    const char *wrong; // the list was checked with the options
    mien_traces_choose(&s->show->curves, o->curves ? o->curves : MIEN_TRACES_DEFAULT, &wrong);
    s->show->info.curves = &s->show->curves;
    source_known(s, o->source);
    mien_props_list(k, s->prop_path);
    if (o->prop && *o->prop) {
        int i = mien_props_find(k, s->prop_path, o->prop);
        if (i < 0 && !o->prop_recalled) {
            return false;
        }
        k->prop = i < 0 ? 0 : i;
        if (!put_on(s) && !o->prop_recalled) {
            return false;
        }
    }
    s->prop_before = k->prop;
    if (o->menu != MIEN_UI_NONE && s->show->ui) {
        s->show->menus_in_screenshot = true;
        mien_ui_show(s->show->ui, (enum mien_ui_menu)o->menu);
    }
    return true;
}

// Outputs.

static struct mien_live_out *open_out(struct mien_session *s, const char *sink, const char *record)
{
    const struct mien_source_info *info = mien_live_source(s->live);
    struct mien_live_out_config c = {.sinks = sink,
                                     .record = record,
                                     .source = s->source_name,
                                     .frames_per_s = info->fps > 0 ? info->fps : 30,
                                     .model = mien_live_model(s->live),
                                     .wait = s->o.waits};
    mien_view_size(s->show->view, &c.width_px, &c.height_px);
    if (record && s->show->controls.record_plain) {
        c.width_px = info->width;
        c.height_px = info->height;
    }
    return mien_live_out_open(&c);
}

static void close_out(struct mien_session *s, struct mien_live_out *o)
{
    uint64_t lost = 0;
    s->output_failed = !mien_live_out_close(o, &lost) || s->output_failed;
    s->lost += lost;
}

static void lamps(struct mien_session *s)
{
    static const enum mien_lamp lamp[] = {MIEN_LAMP_FILE, MIEN_LAMP_FILE, MIEN_LAMP_NETWORK,
                                          MIEN_LAMP_CAMERA};
    const struct mien_ui_controls *c = &s->show->controls;
    struct mien_hud_info *info = &s->show->info;
    int n = 0;
    if (c->recording) {
        int t = (int)c->recorded_s;
        info->lamp[n].kind = MIEN_LAMP_RECORD;
        snprintf(info->lamp[n++].text, sizeof(info->lamp[0].text), "recording %d:%02d  %.1f MB",
                 t / 60, t % 60, (double)c->recorded_bytes / 1e6);
    }
    for (int i = 0; i < c->sinks && n < MIEN_LAMPS; i++) {
        int kind = mien_ui_sink_kind(c->sink[i].spec);
        if (c->sink[i].on && kind) {
            info->lamp[n].kind = lamp[kind];
            snprintf(info->lamp[n++].text, sizeof(info->lamp[0].text), "%s: %.34s",
                     kind == 1   ? "writing"
                     : kind == 2 ? "sending"
                                 : "camera",
                     c->sink[i].spec);
        }
    }
    info->lamps = n;
}

static bool set_output(struct mien_session *s, int i, bool on)
{
    struct mien_ui_sink *k = &s->show->controls.sink[i];
    struct mien_live_out *fresh = on ? open_out(s, k->spec, NULL) : NULL, *old;
    pthread_mutex_lock(&s->outputs.mutex);
    old = s->output[i];
    s->output[i] = fresh;
    pthread_mutex_unlock(&s->outputs.mutex);
    close_out(s, old);
    k->on = fresh != NULL;
    return k->on == on;
}

static bool add_output(struct mien_session *s, const char *spec, size_t n)
{
    struct mien_ui_controls *c = &s->show->controls;
    if (c->sinks >= MIEN_UI_SINKS || n >= sizeof(c->sink[0].spec)) {
        mien_error("the output \"%.*s\" is one too many, or its name is too long", (int)n, spec);
        return false;
    }
    snprintf(c->sink[c->sinks].spec, sizeof(c->sink[0].spec), "%.*s", (int)n, spec);
    return set_output(s, c->sinks++, true);
}

static bool start_recording(struct mien_session *s, const char *path)
{
    struct mien_ui_controls *c = &s->show->controls;
    s->recording = open_out(s, NULL, path);
    c->recording = s->recording != NULL;
    c->recorded_s = 0;
    c->recorded_bytes = 0;
    s->record_first_ns = -1;
    snprintf(c->record_path, sizeof(c->record_path), "%s", path);
    return c->recording;
}

static bool open_outputs(struct mien_session *s)
{
    const char *p = s->o.out;
    char report[1024];
    if (s->o.report) {
        int n = snprintf(report, sizeof(report), "report:%s", s->o.report);
        if (n < 0 || (size_t)n >= sizeof(report) || !add_output(s, report, (size_t)n)) {
            return false;
        }
    }
    while (p && *p) {
        size_t n = strcspn(p, ",");
        if (n && !add_output(s, p, n)) {
            return false;
        }
        p += n + (p[n] == ',');
    }
    return !s->o.record || start_recording(s, s->o.record);
}

static void record_into(struct mien_session *s, struct mien_live_out *o,
                        const struct mien_shot *shot, bool plain)
{
    struct mien_image *im = mien_live_out_picture(o);
    if (!im) {
        return;
    }
    bool ok = plain ? im->width == shot->picture.width && im->height == shot->picture.height &&
                          shot->picture.format == im->format &&
                          mien_overlay_canvas(im, &shot->picture)
                    : mien_view_read(s->show->view, im);
    if (!ok) {
        if (!s->show->notice[0]) {
            mien_show_notice(s->show, "recording stands still: the picture's size has changed");
        }
        memset(im->data, 0, im->stride * (size_t)im->height);
    }
    mien_live_out_record(o, im, shot->media_ns - s->record_first_ns);
}

static void capture(void *arg, const struct mien_shot *shot)
{
    struct mien_session *s = arg;
    struct mien_ui_controls *c = &s->show->controls;
    if (s->record_first_ns < 0 || shot->media_ns < s->record_first_ns) {
        s->record_first_ns = shot->media_ns;
    }
    for (int i = 0; i < c->sinks; i++) { // sinks that are shown pictures; the others have none
        if (s->output[i]) {
            record_into(s, s->output[i], shot, false);
        }
    }
    if (s->recording) {
        record_into(s, s->recording, shot, c->record_plain);
        c->recorded_s = (double)(shot->media_ns - s->record_first_ns) / MIEN_NS_PER_S;
    }
}

static void stamped(char *path, size_t size, const char *ending)
{
    time_t now = time(NULL);
    struct tm tm;
    char stamp[32];
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
    snprintf(path, size, "mien-%s.%s", stamp, ending);
}

static void toggle_recording(struct mien_session *s)
{
    char path[256], text[400];
    if (s->recording) {
        close_out(s, s->recording);
        s->recording = NULL;
        s->show->controls.recording = false;
        snprintf(text, sizeof(text), "saved %.300s", s->show->controls.record_path);
    } else {
        stamped(path, sizeof(path), "mp4");
        bool ok = start_recording(s, path);
        snprintf(text, sizeof(text), ok ? "recording %s" : "%s cannot be recorded", path);
    }
    mien_show_notice(s->show, text);
}

static void screenshot(struct mien_session *s)
{
    char path[256], text[300];
    stamped(path, sizeof(path), "png");
    bool menus = s->show->menus_in_screenshot;
    s->show->menus_in_screenshot = false;
    bool ok = mien_show_screenshot(s->show, path);
    s->show->menus_in_screenshot = menus;
    snprintf(text, sizeof(text), ok ? "saved %s" : "could not save %s", path);
    mien_show_notice(s->show, text);
    s->show->want_screenshot = false;
}

// Cameras and sources.

static void add_mode(struct mien_ui_camera *k, const struct mien_camera_mode *m)
{
    for (int i = 0; i < k->modes; i++) {
        if (k->mode[i].width == m->width && k->mode[i].height == m->height) {
            k->mode[i].fps = fmaxf(k->mode[i].fps, (float)m->fps);
            return;
        }
    }
    if (m->usable && k->modes < MIEN_UI_CAMERA_MODES) {
        k->mode[k->modes++] = (struct mien_ui_camera_mode){m->width, m->height, (float)m->fps};
    }
}

static void scan(struct mien_session *s)
{
    struct mien_ui_controls *c = &s->show->controls;
    struct mien_camera_info *list = mien_calloc(MIEN_UI_CAMERAS, sizeof(*list));
    s->scanned = true;
    if (!list) {
        return;
    }
    c->cameras = mien_camera_list(list, MIEN_UI_CAMERAS);
    for (int i = 0; i < c->cameras; i++) {
        struct mien_ui_camera *k = &c->camera[i];
        memset(k, 0, sizeof(*k));
        snprintf(k->name, sizeof(k->name), "%s", list[i].name);
        snprintf(k->device, sizeof(k->device), "%s", list[i].device);
        snprintf(k->problem, sizeof(k->problem), "%s", list[i].problem);
        for (int m = 0; m < list[i].modes; m++) {
            add_mode(k, &list[i].mode[m]);
        }
    }
    mien_free(list);
    source_known(s, s->source_name);
}

static void open_source(struct mien_session *s, const char *uri, int w, int h, int fps)
{
    char text[512], reason[400] = "";
    struct mien_show *show = s->show;
    if (!strncmp(uri, "file://", 7)) {
        uri += 7;
    }
    snprintf(text, sizeof(text), "opening %.200s …", uri);
    mien_show_notice(show, text);
    mien_show_draw(show, NULL);
    show->shot = NULL; // it was the old source's
    struct mien_source_options o = source_options(s, w, h, fps);
    bool ok = mien_live_switch(s->live, uri, &o, reason, sizeof(reason));
    show->info.paused = s->was_paused = false;
    s->drops_in_pauses = 0;
    if (!mien_live_source(s->live)) {
        return; // the loop ends with an error
    }
    if (!ok) {
        snprintf(text, sizeof(text), "%s", reason[0] ? reason : "it cannot be opened");
        mien_show_notice(show, text);
        return;
    }
    source_known(s, uri);
    struct mien_ui_controls *c = &show->controls;
    snprintf(text, sizeof(text), "%s, %d × %d", s->shown_name, c->width, c->height);
    mien_show_notice(show, text);
    if (s->config && s->camera_source) {
        mien_config_set(s->config, "source", uri);
        mien_config_set_number(s->config, "capture_width", w);
        mien_config_set_number(s->config, "capture_height", h);
        mien_config_set_number(s->config, "capture_rate", fps);
    }
}

static void next_camera(struct mien_session *s)
{
    scan(s);
    struct mien_ui_controls *c = &s->show->controls;
    for (int i = 1; i <= c->cameras; i++) {
        int k = (c->camera_now + i + c->cameras) % c->cameras;
        if (k != c->camera_now && !c->camera[k].problem[0]) {
            open_source(s, c->camera[k].device, 0, 0, 0);
            return;
        }
    }
    mien_show_notice(s->show, c->cameras ? "there is no other camera" : "no camera found");
}

static void mark(struct mien_session *s)
{
    char text[32];
    snprintf(text, sizeof(text), "mark %d", mien_live_mark(s->live));
    mien_show_notice(s->show, text);
    s->show->want_mark = false;
}

// Says what the user has to do while a profile is learnt, and keeps it.
static void profile(struct mien_session *s)
{
    if (s->show->want_profile) {
        s->show->want_profile = false;
        s->profile_phase = MIEN_PROFILE_NONE;
        mien_live_learn_profile(s->live);
        mien_show_notice(s->show, "your own range: look at rest for four seconds");
        return;
    }
    enum mien_profile_phase phase = mien_live_profile_phase(s->live);
    if (phase == s->profile_phase) {
        return;
    }
    char text[160];
    enum mien_profile_phase before = s->profile_phase;
    s->profile_phase = phase;
    if (phase == MIEN_PROFILE_RANGE) {
        mien_show_notice(s->show,
                         "now smile, frown, blink, raise your brows, open your mouth wide");
    } else if (phase == MIEN_PROFILE_READY && before == MIEN_PROFILE_RANGE) {
        bool ok = mien_profile_save(&s->profile, s->profile_path);
        snprintf(text, sizeof(text), "your range is %s%.100s",
                 ok ? "kept in " : "used, not kept: ", s->profile_path);
        mien_show_notice(s->show, text);
    }
}

// The profile named, learnt at once when there is none of this name yet.
static bool open_profile(struct mien_session *s)
{
    const char *name = s->o.profile ? s->o.profile : "default";
    if (!mien_profile_path(name, s->profile_path, sizeof(s->profile_path))) {
        return !s->o.profile;
    }
    if (!s->o.profile) {
        return true; // learnt when asked
    }
    if (access(s->profile_path, F_OK) != 0) {
        mien_info("there is no profile \"%s\" yet: look at rest for four seconds, then move your "
                  "face as far as it goes for six",
                  name);
        mien_profile_begin(&s->profile);
        return true;
    }
    return mien_profile_load(&s->profile, s->profile_path);
}

static void requests(struct mien_session *s)
{
    struct mien_show *show = s->show;
    struct mien_ui_controls *c = &show->controls;
    if (show->want_mark) {
        mark(s);
    }
    profile(s);
    if (show->want_calibrate) {
        mien_live_calibrate(s->live, show->want_calibrate < 0);
        show->want_calibrate = 0;
    }
    if (show->want_screenshot) {
        screenshot(s);
    }
    if (c->ask.tracking) {
        mien_live_tune(s->live, c->fov_deg, c->filter > 0 ? c->filter : -1, c->faces);
    }
    if (c->ask.record) {
        toggle_recording(s);
    }
    if (c->ask.sink) {
        int i = c->ask.sink - 1;
        if (!set_output(s, i, !c->sink[i].on)) {
            mien_show_notice(show, "this output cannot be opened: the terminal says why");
        }
    }
    if (c->prop != s->prop_on) {
        put_on(s);
    }
    const char *reason;
    if (c->ask.add_sink && !mien_live_out_check(c->ask.sink_spec, &reason)) {
        mien_show_notice(show, reason);
    } else if (c->ask.add_sink && !add_output(s, c->ask.sink_spec, strlen(c->ask.sink_spec))) {
        mien_show_notice(show, "this output cannot be opened: the terminal says why");
    }
    bool want_scan = c->ask.rescan || (!s->scanned && show->ui && mien_ui_visible(show->ui, NULL));
    bool next = c->ask.next_camera, open = c->ask.open;
    char uri[MIEN_UI_PATH];
    snprintf(uri, sizeof(uri), "%s", c->ask.open_uri);
    int w = c->ask.open_w, h = c->ask.open_h, fps = c->ask.open_fps;
    memset(&c->ask, 0, sizeof(c->ask));
    if (want_scan) {
        scan(s);
    }
    if (open) {
        open_source(s, uri, w, h, fps);
    } else if (next) {
        next_camera(s);
    }
}

static uint64_t dropped(struct mien_session *s)
{
    struct mien_live_counts c;
    mien_live_counts(s->live, &c);
    return c.dropped - s->drops_in_pauses;
}

static void once(struct mien_session *s)
{
    struct mien_show *show = s->show;
    mien_show_events(show);
    requests(s);
    if (mien_live_failed(s->live) && !mien_live_source(s->live)) {
        return;
    }
    int64_t now = mien_now_ns();
    if (now >= s->state_ns) {
        mien_live_state(s->live, show->state, sizeof(show->state));
        s->state_ns = now + MIEN_NS_PER_S / 2;
        struct stat st;
        if (s->recording && !stat(show->controls.record_path, &st)) {
            show->controls.recorded_bytes = st.st_size;
        }
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
    lamps(s);
    if (shot) {
        show->info.dropped = dropped(s);
        mien_show_draw(show, shot);
    } else if (show->dirty || (!s->o.headless && now - show->drawn_ns > MIEN_NS_PER_S / 4)) {
        mien_show_draw(show, NULL);
    }
}

static void summary(struct mien_session *s, FILE *f)
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

// What is remembered.

void mien_session_recall(struct mien_session_options *o, const struct mien_config *c, char *source,
                         size_t source_size)
{
    double x;
    const char *text = mien_config_get(c, "source");
    if (text && is_camera(text)) {
        snprintf(source, source_size, "%s", text);
        o->source = source;
    }
    if (mien_config_get_number(c, "capture_width", 0, 8192, &x)) {
        o->capture_w = (int)x;
    }
    if (mien_config_get_number(c, "capture_height", 0, 8192, &x)) {
        o->capture_h = (int)x;
    }
    if (mien_config_get_number(c, "capture_rate", 0, 240, &x)) {
        o->fps = (int)x;
    }
    text = mien_config_get(c, "prop");
    if (text && *text) {
        o->prop = text;
        o->prop_recalled = true;
    }
    mien_config_get_choice(c, "mode", MIEN_VIEW_MODE_NAMES, &o->mode);
    mien_config_get_number(c, "opacity", 0, 1, &o->opacity);
    mien_config_get_bool(c, "mirror", &o->mirror);
    mien_config_get_bool(c, "fullscreen", &o->fullscreen);
    mien_config_get_bool(c, "hud", &o->hud);
    mien_config_get_bool(c, "bars", &o->bars);
    mien_config_get_bool(c, "curves", &o->show_curves);
    mien_config_get_bool(c, "axes", &o->axes);
    mien_config_get_bool(c, "points", &o->points);
    mien_config_get_bool(c, "head", &o->head);
    mien_config_get_bool(c, "light", &o->light);
    mien_config_get_bool(c, "record_plain", &o->record_plain);
    mien_config_get_number(c, "fov", 0, 170, &o->fov);
    if (mien_config_get_number(c, "smoothing", 0, 10, &x)) {
        o->filter = x > 0 ? x : -1;
    }
    if (mien_config_get_number(c, "faces", 1, MIEN_FACES_MAX, &x)) {
        o->faces = (int)x;
    }
}

static void remember_bool(struct mien_config *c, const char *key, bool before, bool now)
{
    if (before != now) {
        mien_config_set_bool(c, key, now);
    }
}

static void remember_number(struct mien_config *c, const char *key, double before, double now)
{
    if (fabs(before - now) > 1e-6) {
        mien_config_set_number(c, key, now);
    }
}

// Only what was changed while it ran: what the command line asked for holds for this run.
static void remember(struct mien_session *s)
{
    struct mien_config *c = s->config;
    const struct mien_session_options *o = &s->o;
    const struct mien_view_settings *v = &s->show->settings;
    const struct mien_ui_controls *k = &s->show->controls;
    if (!c) {
        return;
    }
    if (v->mode != (enum mien_view_mode)o->mode) {
        mien_config_set(c, "mode", mien_view_mode_name(v->mode));
    }
    remember_number(c, "opacity", 1 - (1 - (float)o->opacity), 1 - v->fade);
    remember_bool(c, "mirror", o->mirror, v->mirror);
    remember_bool(c, "hud", o->hud, v->hud);
    remember_bool(c, "bars", o->bars, v->bars);
    remember_bool(c, "curves", o->show_curves, v->curves);
    remember_bool(c, "axes", o->axes, v->axes);
    remember_bool(c, "points", o->points, v->points);
    remember_bool(c, "head", o->head, v->head);
    remember_bool(c, "fullscreen", o->fullscreen, s->show->window.fullscreen);
    remember_bool(c, "light", o->light, k->light);
    remember_bool(c, "record_plain", o->record_plain, k->record_plain);
    remember_number(c, "fov", o->fov, (double)k->fov_deg);
    remember_number(c, "smoothing",
                    o->filter < 0   ? 0
                    : o->filter > 0 ? (double)(float)o->filter
                                    : 1,
                    (double)k->filter);
    remember_number(c, "faces", o->faces > 0 ? o->faces : 1, k->faces);
    if (k->prop != s->prop_before) {
        mien_config_set(c, "prop", k->prop ? k->prop_name[k->prop] : "");
    }
    mien_config_save(c);
}

static int loop(struct mien_session *s, bool (*stopped)(void))
{
    uint64_t limit = s->o.frames > 0 ? (uint64_t)s->o.frames : UINT64_MAX;
    while (!s->show->quit && !stopped() && s->show->frames < limit && !mien_live_ended(s->live)) {
        once(s);
    }
    int status = mien_live_failed(s->live) || s->show->frames == 0 ? 1 : 0;
    if (s->show->frames == 0 && !s->show->quit && !stopped()) {
        mien_error("not one frame came from \"%s\"", s->source_name);
    } else if (s->show->frames == 0) {
        status = 0;
    }
    remember(s);
    mien_live_stop(s->live);
    if (s->o.screenshot && s->show->frames > 0) {
        status = mien_show_screenshot(s->show, s->o.screenshot) ? status : 1;
    }
    // The result callback uses the outputs: the threads end first.
    mien_live_join(s->live);
    return status;
}

static void close_outputs(struct mien_session *s)
{
    for (int i = 0; i < MIEN_UI_SINKS; i++) {
        close_out(s, s->output[i]);
        s->output[i] = NULL;
    }
    close_out(s, s->recording);
    s->recording = NULL;
}

int mien_session_run(struct mien_session *s, bool (*stopped)(void))
{
    int status = 1;
    bool ran = false;
    s->show = mien_calloc(1, sizeof(*s->show));
    s->prop_path = mien_calloc(MIEN_UI_PROPS, sizeof(*s->prop_path));
    if (!s->show || !s->prop_path || !mien_monitor_init(&s->outputs)) {
        mien_free(s->show);
        mien_free(s->prop_path);
        return 1;
    }
    if (!open_profile(s)) {
        status = 2;
    } else if (!open_live(s)) {
        status = is_camera(s->o.source) ? 1 : 2; // a file that cannot be used
    } else if (open_show(s) && open_outputs(s) && mien_live_start(s->live)) {
        status = loop(s, stopped);
        ran = true;
    }
    mien_live_join(s->live);
    close_outputs(s);
    status = s->output_failed ? 1 : status;
    if (s->lost) {
        mien_warn("%llu records could not be written in time and are missing in the output",
                  (unsigned long long)s->lost);
    }
    if (ran) {
        summary(s, s->to_stdout ? stderr : stdout);
    }
    mien_show_close(s->show);
    mien_live_close(s->live);
    mien_monitor_destroy(&s->outputs);
    mien_free(s->prop_path);
    mien_free(s->show);
    return status;
}

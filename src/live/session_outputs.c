// What a session writes and sends: recording, pictures, sinks; and the lamps that say so.
#include "live/session_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "live/files.h"
#include "sink/overlay.h"
#include "sink/report.h"
#include "sink/sinks.h"

static struct mien_live_out *open_out(struct mien_session *s, const char *sink, const char *record)
{
    const struct mien_source_info *info = mien_live_source(s->live);
    const struct mien_ui_controls *k = &s->show->controls;
    char settings[MIEN_REPORT_SETTINGS];
    mien_report_settings_text(
        &(struct mien_report_settings){.faces = k->faces,
                                       .filter = (double)k->filter,
                                       .fov_deg = (double)k->fov_deg,
                                       .quality = k->quality,
                                       .range = k->profile_on && k->profile_known ? s->person.name
                                                                                  : NULL},
        settings);
    struct mien_live_out_config c = {.sinks = sink,
                                     .settings = settings,
                                     .record = record,
                                     .sound = mien_session_microphone(s),
                                     .frames_per_s = info->fps > 0 ? info->fps : 30,
                                     .model = mien_live_model(s->live),
                                     .wait = s->o.waits,
                                     .background = s->loop.running && !s->o.waits,
                                     .events = &s->events,
                                     .number = ++s->outputs.opened};
    mien_view_size(s->show->view, &c.width_px, &c.height_px);
    enum mien_programme p = mien_show_programme(s->show, record ? 0 : k->camera_programme);
    bool all = p == MIEN_PROGRAMME_ALL;
    if (!all && info->width >= 16 && info->height >= 16) {
        c.width_px = info->width;
        c.height_px = info->height;
    }
    return mien_live_out_open(&c);
}

static bool close_out(struct mien_session *s, struct mien_live_out *o)
{
    uint64_t lost = 0;
    bool ok = mien_live_out_close(o, &lost);
    s->outputs.failed = s->outputs.failed || !ok;
    s->outputs.lost += lost;
    return ok;
}

// It has ended, or is waited for.
static void settle(struct mien_session *s, struct mien_ending *e)
{
    char text[400];
    bool ok = close_out(s, e->out);
    if (e->file[0]) {
        snprintf(text, sizeof(text),
                 ok ? "saved %.300s" : "%.300s could not be written: the terminal says why",
                 e->file);
        mien_show_notice(s->show, text);
    }
    mien_claims_release(&s->claims, e->spec[0] ? e->spec : e->file);
    *e = (struct mien_ending){0};
}

// Writes its files' ends behind the frame loop's back. file: to be told when it is whole; may be
// NULL.
static void close_later(struct mien_session *s, struct mien_live_out *o, const char *spec,
                        const char *file)
{
    struct mien_ending *e = s->outputs.ending;
    if (!o) {
        return;
    }
    for (int i = 0; i < (int)MIEN_COUNT(s->outputs.ending) && e->out; i++) {
        e = &s->outputs.ending[i];
    }
    if (e->out) { // all are taken
        settle(s, e);
    }
    e->out = o;
    snprintf(e->spec, sizeof(e->spec), "%s", spec);
    snprintf(e->file, sizeof(e->file), "%s", file ? file : "");
    mien_live_out_finish(o);
}

// A file that is written anew must be finished first.
static void wait_for(struct mien_session *s, const char *spec)
{
    for (int i = 0; i < (int)MIEN_COUNT(s->outputs.ending); i++) {
        if (s->outputs.ending[i].out && !strcmp(s->outputs.ending[i].spec, spec)) {
            settle(s, &s->outputs.ending[i]);
        }
    }
}

void mien_session_set_lamps(struct mien_session *s)
{
    static const struct {
        enum mien_lamp lamp;
        const char *doing;
    } of[MIEN_TRAFFICS] = {
        [MIEN_TRAFFIC_FILE] = {MIEN_LAMP_FILE, "writing"},
        [MIEN_TRAFFIC_NETWORK] = {MIEN_LAMP_NETWORK, "sending"},
        [MIEN_TRAFFIC_CAMERA] = {MIEN_LAMP_CAMERA, "camera"},
    };
    const struct mien_ui_controls *c = &s->show->controls;
    struct mien_hud_info *info = &s->show->info;
    int n = 0;
    if (c->recording) {
        int t = (int)c->recorded_s;
        info->lamp[n].kind = MIEN_LAMP_RECORD;
        snprintf(info->lamp[n++].text, sizeof(info->lamp[0].text), "recording %d:%02d  %.1f MB",
                 t / 60, t % 60, (double)c->recorded_bytes / 1e6);
    }
    int heard = c->recording ? mien_live_out_sound(s->recording.out) : 0;
    if (heard) {
        info->lamp[n].kind = heard > 0 ? MIEN_LAMP_RECORD : MIEN_LAMP_FILE;
        snprintf(info->lamp[n++].text, sizeof(info->lamp[0].text), "%s",
                 heard > 0 ? "the microphone is recorded" : "no microphone: silence is recorded");
    }
    for (int i = 0; i < c->sinks && n < MIEN_LAMPS; i++) {
        enum mien_traffic traffic = c->sink[i].traffic;
        const char *slash = strrchr(c->sink[i].spec, '/'); // a file's folder may be long
        bool short_name = traffic == MIEN_TRAFFIC_FILE && slash;
        if (c->sink[i].on && traffic != MIEN_TRAFFIC_NONE) {
            info->lamp[n].kind = of[traffic].lamp;
            const char *name = short_name ? slash + 1 : c->sink[i].spec;
            snprintf(info->lamp[n++].text, sizeof(info->lamp[0].text), "%s: %.*s%s",
                     of[traffic].doing, strlen(name) > 34 ? 31 : 34, name,
                     strlen(name) > 34 ? "…" : "");
        }
    }
    info->lamps = n;
}

// What the menu offers: what sends first, files last.
static void offer_kinds(struct mien_ui_controls *c)
{
    const struct mien_sink_kind *k;
    static const enum mien_traffic order[] = {MIEN_TRAFFIC_NETWORK, MIEN_TRAFFIC_CAMERA,
                                              MIEN_TRAFFIC_FILE};
    c->offers = 0;
    for (int turn = 0; turn < (int)MIEN_COUNT(order); turn++) {
        for (int i = 0; (k = mien_sink_kind_at(i)); i++) {
            if (k->traffic == order[turn] && k->example && c->offers < MIEN_UI_OFFERS) {
                c->offer[c->offers].spec = k->example;
                c->offer[c->offers++].what = k->what;
            }
        }
    }
}

static struct mien_live_out *exchange_output(struct mien_session *s, int i,
                                             struct mien_live_out *fresh)
{
    pthread_mutex_lock(&s->outputs.guard.mutex);
    struct mien_live_out *old = s->outputs.out[i];
    s->outputs.out[i] = fresh;
    pthread_mutex_unlock(&s->outputs.guard.mutex);
    return old;
}

// A picture is saved on a thread of its own: packing it takes longer than a frame may.
static void *run_save(void *arg)
{
    struct mien_session *s = arg;
    s->picture.ok = mien_png_save(s->picture.path, &s->picture.image);
    mien_event_tell(&s->events, MIEN_EVENT_PICTURE, 0, NULL);
    return NULL;
}

void mien_session_end_picture(struct mien_session *s, const struct mien_event *e)
{
    char text[400];
    mien_thread_join(&s->picture.thread);
    s->picture.busy = false;
    if (!s->picture.ok) {
        mien_session_drop_file(s->picture.path);
    }
    snprintf(text, sizeof(text), s->picture.ok ? "saved %.300s" : "could not save %.300s",
             s->picture.path);
    mien_show_notice(s->show, text);
    if (s->picture.again) {
        mien_action_ask(&s->show->actions, MIEN_ACTION_SCREENSHOT);
    }
}

static const char *report_file(const char *spec)
{
    return !strncmp(spec, "report:", 7) ? spec + 7 : NULL;
}

static bool set_output(struct mien_session *s, int i, bool on)
{
    struct mien_ui_sink *k = &s->show->controls.sink[i];
    if (on) {
        wait_for(s, k->spec);
    }
    struct mien_live_out *fresh = NULL;
    if (on && mien_files_sinks(&s->claims, k->spec, k->spec)) {
        fresh = open_out(s, k->spec, NULL);
        if (!fresh) {
            mien_claims_release(&s->claims, k->spec);
        }
    }
    close_later(s, exchange_output(s, i, fresh), k->spec, report_file(k->spec));
    k->on = fresh != NULL;
    return k->on == on;
}

void mien_session_end_output(struct mien_session *s, const struct mien_event *event)
{
    struct mien_ui_controls *c = &s->show->controls;
    char text[400];
    for (int i = 0; i < (int)MIEN_COUNT(s->outputs.ending); i++) {
        if (mien_live_out_number(s->outputs.ending[i].out) == event->number) {
            settle(s, &s->outputs.ending[i]);
        }
    }
    for (int i = 0; i < c->sinks; i++) {
        if (mien_live_out_number(s->outputs.out[i]) == event->number) { // it cannot be opened
            mien_live_out_close(exchange_output(s, i, NULL), NULL);
            mien_claims_release(&s->claims, c->sink[i].spec);
            if (report_file(c->sink[i].spec)) {
                mien_session_drop_file(report_file(c->sink[i].spec));
            }
            c->sink[i].on = false;
            snprintf(text, sizeof(text), "%.200s cannot be opened: the terminal says why",
                     c->sink[i].spec);
            mien_show_notice_for(s->show, text, 6);
        }
    }
    if (mien_live_out_number(s->recording.out) == event->number) {
        mien_live_out_close(s->recording.out, NULL);
        mien_claims_release(&s->claims, c->record_path);
        mien_session_drop_file(c->record_path);
        s->recording.out = NULL;
        c->recording = false;
        snprintf(text, sizeof(text), "%.300s cannot be recorded: the terminal says why",
                 c->record_path);
        mien_show_notice_for(s->show, text, 6);
    }
}

static bool add_output(struct mien_session *s, const char *spec, size_t n, bool on)
{
    struct mien_ui_controls *c = &s->show->controls;
    if (c->sinks >= MIEN_UI_SINKS || n >= sizeof(c->sink[0].spec)) {
        mien_error("the output \"%.*s\" is one too many, or its name is too long", (int)n, spec);
        return false;
    }
    snprintf(c->sink[c->sinks].spec, sizeof(c->sink[0].spec), "%.*s", (int)n, spec);
    c->sink[c->sinks].traffic = mien_sink_traffic(c->sink[c->sinks].spec);
    c->sinks++;
    return !on || set_output(s, c->sinks - 1, true);
}

void mien_session_add_typed(struct mien_session *s, const struct mien_action *a)
{
    struct mien_why why;
    const char *list = a->text;
    s->outputs.added = true;
    if (!mien_live_out_check(list, &why)) {
        mien_show_notice(s->show, why.text);
        return;
    }
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        char spec[sizeof(s->show->controls.sink[0].spec)];
        snprintf(spec, sizeof(spec), "%.*s", (int)n, p);
        if (n >= sizeof(spec)) {
            mien_show_notice(s->show, "the output's name is too long");
            return;
        }
        if (n && !mien_session_sink_file(s, spec, sizeof(spec))) {
            return; // told
        }
        if (n && !add_output(s, spec, strlen(spec), true)) {
            mien_show_notice(s->show, "this output cannot be opened: the terminal says why");
            return;
        }
        p += n + (p[n] == ',');
    }
}

void mien_session_toggle_output(struct mien_session *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->show->controls;
    int i = (int)a->number;
    if (i >= 0 && i < c->sinks && !set_output(s, i, !c->sink[i].on)) {
        mien_show_notice(s->show, "this output cannot be opened: the terminal says why");
    }
}

static bool start_recording(struct mien_session *s, const char *path)
{
    struct mien_ui_controls *c = &s->show->controls;
    if (!mien_claims_write(&s->claims, path, path)) {
        return false;
    }
    s->recording.out = open_out(s, NULL, path);
    if (!s->recording.out) {
        mien_claims_release(&s->claims, path);
    }
    c->recording = s->recording.out != NULL;
    c->recorded_s = 0;
    c->recorded_bytes = 0;
    s->recording.first_ns = -1;
    s->recording.gone_ns = 0;
    snprintf(c->record_path, sizeof(c->record_path), "%s", path);
    return c->recording;
}

static bool is_listed(const struct mien_session *s, const char *spec)
{
    const struct mien_ui_controls *c = &s->show->controls;
    for (int i = 0; i < c->sinks; i++) {
        if (!strcmp(c->sink[i].spec, spec)) {
            return true;
        }
    }
    return false;
}

bool mien_session_open_outputs(struct mien_session *s)
{
    const char *p = s->o.out;
    char report[1024];
    offer_kinds(&s->show->controls);
    if (s->o.report) {
        int n = snprintf(report, sizeof(report), "report:%s", s->o.report);
        if (n < 0 || (size_t)n >= sizeof(report) || !add_output(s, report, (size_t)n, true)) {
            return false;
        }
    }
    while (p && *p) {
        size_t n = strcspn(p, ",");
        if (n && !add_output(s, p, n, true)) {
            return false;
        }
        p += n + (p[n] == ',');
    }
    for (p = s->o.sinks; p && *p;) {
        size_t n = strcspn(p, ",");
        char spec[256];
        snprintf(spec, sizeof(spec), "%.*s", (int)n, p);
        if (n && n < sizeof(spec) && mien_live_out_check(spec, NULL) && !is_listed(s, spec)) {
            add_output(s, spec, n, false);
        }
        p += n + (p[n] == ',');
    }
    return !s->o.record || start_recording(s, s->o.record);
}

// A picture of the source at the size of the recording: as large as it fits, black beside it.
static bool fit_plain(struct mien_image *im, const struct mien_image *picture)
{
    if (im->width == picture->width && im->height == picture->height) {
        return im->format == picture->format && mien_overlay_canvas(im, picture);
    }
    mien_resize_whole(picture, im);
    return true;
}

bool mien_session_paint_programme(struct mien_session *s, enum mien_programme p,
                                  const struct mien_shot *shot, struct mien_image *im)
{
    struct mien_show *w = s->show;
    bool worn = p == MIEN_PROGRAMME_PROPS && shot->result.count > 0 && mien_view_wears(w->view);
    bool ok =
        p == MIEN_PROGRAMME_ALL      ? mien_view_read_fitted(w->view, im)
        : p == MIEN_PROGRAMME_AVATAR ? mien_view_avatar(w->view, &shot->result, im)
        : worn ? mien_view_programme(w->view, &shot->picture, &shot->result, w->controls.light, im)
               : fit_plain(im, &shot->picture);
    if (!ok) {
        memset(im->data, 0, im->stride * (size_t)im->height);
    }
    return ok;
}

int64_t mien_session_record_time(struct mien_session *s, const struct mien_shot *shot)
{
    if (s->recording.first_ns < 0) {
        s->recording.first_ns = shot->media_ns;
    } else if (s->source.changed || shot->media_ns < s->recording.last_ns) {
        float fps = s->show->controls.fps;
        int64_t period = (int64_t)(1e9 / (fps > 0 ? (double)fps : 30));
        s->recording.gone_ns += s->recording.last_ns - s->recording.first_ns + period;
        s->recording.first_ns = shot->media_ns;
    }
    s->source.changed = false;
    s->recording.last_ns = shot->media_ns;
    int64_t time_ns = shot->media_ns - s->recording.first_ns + s->recording.gone_ns;
    s->show->controls.recorded_s = (double)time_ns / MIEN_NS_PER_S;
    return time_ns;
}

void mien_session_toggle_recording(struct mien_session *s, const struct mien_action *a)
{
    char path[512], text[400];
    if (s->recording.out) {
        snprintf(text, sizeof(text), "saving %.300s …", s->show->controls.record_path);
        close_later(s, s->recording.out, "", s->show->controls.record_path);
        s->recording.out = NULL;
        s->show->controls.recording = false;
    } else if (mien_session_file(s, "mp4", path, sizeof(path))) {
        bool ok = start_recording(s, path);
        if (!ok) {
            mien_session_drop_file(path);
        }
        snprintf(text, sizeof(text),
                 ok ? "recording %.300s" : "%.300s cannot be recorded: the terminal says why",
                 path);
    } else {
        return; // told
    }
    mien_show_notice(s->show, text);
}

// The report of this session is one of the outputs: the one of the options or, else, one that is
// named after the time.
void mien_session_toggle_report(struct mien_session *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->show->controls;
    char path[512], spec[sizeof(c->sink[0].spec)], text[400];
    int i = 0;
    while (i < c->sinks && strncmp(c->sink[i].spec, "report:", 7) != 0) {
        i++;
    }
    if (i < c->sinks && c->sink[i].on) {
        set_output(s, i, false); // it says so when it is saved
        return;
    }
    if (!mien_session_file(s, "html", path, sizeof(path))) {
        return; // told
    }
    snprintf(spec, sizeof(spec), "report:%.240s", path);
    bool ok;
    if (i < c->sinks) { // what was finished keeps its file
        snprintf(c->sink[i].spec, sizeof(c->sink[i].spec), "%s", spec);
        ok = set_output(s, i, true);
    } else {
        ok = add_output(s, spec, strlen(spec), true);
    }
    if (!ok) {
        mien_session_drop_file(path);
    }
    snprintf(text, sizeof(text),
             ok ? "the report goes to %.300s" : "%.300s cannot be written: the terminal says why",
             path);
    mien_show_notice(s->show, text);
}

// What a recording would show now.
static bool take_picture(struct mien_session *s, struct mien_image *im)
{
    struct mien_show *w = s->show;
    const struct mien_shot *shot = w->shot;
    if (shot && w->controls.programme != MIEN_PROGRAMME_ALL) {
        if (im->width != shot->picture.width || im->height != shot->picture.height) {
            mien_image_destroy(im);
            if (!mien_image_create(im, shot->picture.width, shot->picture.height,
                                   MIEN_FORMAT_RGB8)) {
                return false;
            }
        }
        return mien_session_paint_programme(s, w->controls.programme, shot, im);
    }
    bool menus = w->menus_in_screenshot;
    w->menus_in_screenshot = false;
    bool ok = mien_show_picture(w, im);
    w->menus_in_screenshot = menus;
    return ok;
}

void mien_session_save_picture(struct mien_session *s, const struct mien_action *a)
{
    char path[512];
    s->picture.again = s->picture.busy; // the next one when this one is saved
    if (s->picture.busy) {
        return;
    }
    if (!mien_session_file(s, "png", path, sizeof(path))) {
        return; // told
    }
    s->picture.busy = take_picture(s, &s->picture.image);
    if (!s->picture.busy) {
        mien_session_drop_file(path);
        mien_show_notice(s->show, "there is not enough memory for the picture");
        return;
    }
    snprintf(s->picture.path, sizeof(s->picture.path), "%s", path);
    if (!mien_thread_start(&s->picture.thread, "mien-save", run_save, s)) {
        run_save(s); // here, then
    }
}

void mien_session_close_outputs(struct mien_session *s)
{
    mien_thread_join(&s->picture.thread);
    mien_image_destroy(&s->picture.image);
    for (int i = 0; i < (int)MIEN_COUNT(s->outputs.ending); i++) {
        if (s->outputs.ending[i].out) {
            settle(s, &s->outputs.ending[i]);
        }
    }
    for (int i = 0; i < MIEN_UI_SINKS; i++) {
        close_out(s, s->outputs.out[i]);
        s->outputs.out[i] = NULL;
    }
    close_out(s, s->recording.out);
    s->recording.out = NULL;
}

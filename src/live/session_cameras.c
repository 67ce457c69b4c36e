// Cameras that come and go while a session runs: the menu's list follows them; without a camera the
// first that comes is shown; one that was unplugged is shown again when it is back (its source sees
// to that), or else one that is plugged in instead.
//
// Does not: take a file's or picture's place, nor that of a camera that works.
#include "live/session_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "live/camera_watch.h"

// The source itself takes a camera that is back, four times a second: another one comes after that.
static const int64_t patience_ns = 3 * MIEN_NS_PER_S / 2;
static const int64_t retry_ns = 3 * MIEN_NS_PER_S; // of a camera that cannot be opened

bool mien_session_is_waiting(const struct mien_session *s)
{
    const struct mien_source_info *info = mien_live_source(s->live);
    return info && !strcmp(info->kind, "none");
}

static bool was_usable(const struct mien_session *s, const struct mien_camera_info *k)
{
    const struct mien_ui_controls *c = &s->show->controls;
    for (int i = 0; i < c->cameras; i++) {
        if (!strcmp(c->camera[i].device, k->device) && !strcmp(c->camera[i].name, k->name)) {
            return !c->camera[i].problem[0];
        }
    }
    return false;
}

// A camera that was asked for by its name stands for no other one; a number does.
static bool may_stand_in(const struct mien_session *s, const struct mien_camera_info *k)
{
    bool named = !strncmp(s->cameras.uri, "camera:", 7) || !strncmp(s->cameras.uri, "v4l2:", 5);
    return !named || mien_camera_matches(k, s->cameras.uri);
}

// A new list: the menu's, and what may be shown of it.
static void take_list(struct mien_session *s, int n, int64_t now_ns)
{
    bool lost = mien_live_lost(s->live);
    char before[sizeof(s->cameras.candidate)];
    memcpy(before, s->cameras.candidate, sizeof(before));
    s->cameras.candidate[0] = 0;
    for (int i = 0; i < n; i++) {
        const struct mien_camera_info *k = &s->cameras.found[i];
        if (k->problem[0]) {
            continue;
        }
        if (lost && s->cameras.listed && !was_usable(s, k) && may_stand_in(s, k)) {
            snprintf(s->cameras.newcomer, sizeof(s->cameras.newcomer), "%s", k->device);
            s->cameras.newcomer_ns = now_ns;
        }
        bool wanted =
            mien_camera_matches(k, s->cameras.uri) || !strcmp(s->cameras.newcomer, k->device);
        if (!s->cameras.candidate[0] && wanted) {
            snprintf(s->cameras.candidate, sizeof(s->cameras.candidate), "%s", k->device);
        }
    }
    if (strcmp(before, s->cameras.candidate) != 0) {
        s->cameras.told[0] = 0;
    }
    s->cameras.listed = true;
    s->cameras.retry_ns = 0;
    mien_session_take_list(s, s->cameras.found, n);
}

// Nobody has asked for it: what fails is logged once, and nothing of it is remembered.
void mien_session_tell_unasked(struct mien_session *s, bool ok, const char *reason)
{
    char text[400];
    s->cameras.retry_ns = mien_now_ns() + retry_ns;
    if (ok) {
        s->cameras.newcomer[0] = s->cameras.told[0] = 0;
        snprintf(text, sizeof(text), "%s is connected: %d × %d", s->source.shown_name,
                 s->show->controls.width, s->show->controls.height);
        mien_info("%s", text);
        mien_show_notice(s->show, text);
    } else if (strcmp(reason, s->cameras.told) != 0) {
        snprintf(s->cameras.told, sizeof(s->cameras.told), "%s", reason);
        mien_warn("%s", reason);
        mien_show_notice_for(s->show, reason, 6);
    }
}

static void open_by_itself(struct mien_session *s, const char *device)
{
    mien_session_open_source(s, device, s->o.capture_w, s->o.capture_h, s->o.fps, false);
}

// What is told while another source is being opened is of the old one.
void mien_session_miss_camera(struct mien_session *s, const struct mien_event *e)
{
    s->cameras.was_lost = !s->opening.on;
    s->controls.met[0] = 0; // one that comes back has forgotten what it was set to
}

void mien_session_welcome_camera(struct mien_session *s, const struct mien_event *e)
{
    char text[200];
    if (s->cameras.was_lost) { // under another number, maybe, and with another size
        s->cameras.was_lost = false;
        mien_session_note_source(s, s->cameras.uri);
        s->cameras.newcomer[0] = 0;
        snprintf(text, sizeof(text), "%s is back", s->source.shown_name);
        mien_show_notice(s->show, text);
    }
}

static bool watch(struct mien_session *s, bool need)
{
    if (!s->cameras.watch && need && !s->cameras.failed) {
        s->cameras.found = s->cameras.found
                               ? s->cameras.found
                               : mien_calloc(MIEN_UI_CAMERAS, sizeof(*s->cameras.found));
        s->cameras.watch = s->cameras.found ? mien_camera_watch_start(&s->events) : NULL;
        s->cameras.failed = !s->cameras.watch;
        s->cameras.needed = true;
    }
    if (s->cameras.watch && need != s->cameras.needed) {
        mien_camera_watch_need(s->cameras.watch, need);
        s->cameras.needed = need;
    }
    return s->cameras.watch != NULL;
}

void mien_session_take_cameras(struct mien_session *s, const struct mien_event *e)
{
    if (!s->cameras.watch) {
        return;
    }
    int n = mien_camera_watch_list(s->cameras.watch, s->cameras.found, MIEN_UI_CAMERAS);
    take_list(s, n, mien_now_ns());
    if (s->cameras.next_asked && !s->opening.on) {
        mien_session_next_camera(s);
    }
    s->cameras.next_asked = false;
}

void mien_session_watch_cameras(struct mien_session *s, int64_t now_ns)
{
    struct mien_show *show = s->show;
    bool waiting = mien_session_is_waiting(s);
    bool menus = show->ui && mien_ui_visible(show->ui, NULL);
    if (!watch(s, waiting || s->source.is_camera || menus || s->cameras.next_asked)) {
        if (s->cameras.next_asked) {
            s->cameras.next_asked = false;
            mien_show_notice(show, "no camera found");
        }
        return;
    }
    if (now_ns < s->cameras.retry_ns || s->opening.on) {
        return;
    }
    if (waiting && s->cameras.wanted && s->cameras.candidate[0]) {
        open_by_itself(s, s->cameras.candidate);
    } else if (s->cameras.was_lost && s->cameras.newcomer[0] &&
               now_ns > s->cameras.newcomer_ns + patience_ns) {
        open_by_itself(s, s->cameras.newcomer);
    }
}

static void look_again(struct mien_session *s)
{
    if (s->cameras.watch) {
        mien_camera_watch_again(s->cameras.watch);
    }
}

// What the look-out knows is a second old while it looks; otherwise it looks first.
void mien_session_ask_next_camera(struct mien_session *s)
{
    if (s->cameras.watch && s->cameras.needed && s->cameras.listed) {
        mien_session_next_camera(s);
        return;
    }
    s->cameras.next_asked = true;
    mien_show_notice(s->show, "looking for cameras …");
    look_again(s);
}

void mien_session_look_for_cameras(struct mien_session *s, const struct mien_action *a)
{
    look_again(s);
}

void mien_session_tell_waiting(struct mien_session *s)
{
    struct mien_show *show = s->show;
    show->controls.waiting = mien_session_is_waiting(s);
    show->controls.why[0] = 0;
    if (!show->controls.waiting) {
        return;
    }
    bool any = s->cameras.wanted && (!*s->cameras.uri || !strcmp(s->cameras.uri, "camera"));
    if (s->cameras.told[0]) {
        snprintf(show->state, sizeof(show->state), "%s", s->cameras.told);
    } else if (any) { // the source's own words are for a terminal
        snprintf(show->state, sizeof(show->state),
                 "no camera: plug one in, drop a picture or a video here, or open one with o");
    }
    if (s->cameras.told[0] || !any) {
        snprintf(show->controls.why, sizeof(show->controls.why), "%s", show->state);
    }
    show->dirty = true;
}

void mien_session_stop_watch(struct mien_session *s)
{
    mien_camera_watch_stop(s->cameras.watch);
    s->cameras.watch = NULL;
    mien_free(s->cameras.found);
    s->cameras.found = NULL;
}

// Cameras and other sources of a session, and exchanging them while it runs.
#include "live/session_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "live/files.h"

bool mien_session_is_camera(const char *uri)
{
    return !*uri || !strncmp(uri, "camera", 6) || !strncmp(uri, "/dev/", 5) ||
           !strncmp(uri, "v4l2:", 5);
}

struct mien_source_options mien_session_source_options(const struct mien_session *s, int w, int h,
                                                       int fps)
{
    const struct mien_session_options *o = &s->o;
    return (struct mien_source_options){.width = w,
                                        .height = h,
                                        .fps = fps,
                                        .controls = o->control,
                                        .loop = o->loop || !o->headless || o->frames > 0,
                                        .realtime = !o->waits};
}

void mien_session_find_shown_camera(struct mien_session *s)
{
    struct mien_ui_controls *c = &s->show->controls;
    c->camera_now = -1;
    for (int i = 0; i < c->cameras; i++) {
        if (s->source.is_camera && !strcmp(c->camera[i].device, s->source.device)) {
            c->camera_now = i;
        }
    }
}

void mien_session_note_wish(struct mien_session *s, const char *uri)
{
    s->cameras.wanted = mien_session_is_camera(uri);
    snprintf(s->cameras.uri, sizeof(s->cameras.uri), "%s", s->cameras.wanted ? uri : "");
}

// What a source is called where there is little room: a file without its folder.
static void name_source(struct mien_session *s, const struct mien_source_info *info)
{
    int n = (int)strlen(info->name);
    while (!info->live && n > 1 && info->name[n - 1] == '/') { // a folder of pictures
        n--;
    }
    int first = info->live ? 0 : n;
    while (first > 0 && info->name[first - 1] != '/') {
        first--;
    }
    snprintf(s->source.shown_name, sizeof(s->source.shown_name), "%.*s", n - first,
             info->name + first);
}

void mien_session_note_source(struct mien_session *s, const char *uri)
{
    const struct mien_source_info *info = mien_live_source(s->live);
    struct mien_ui_controls *c = &s->show->controls;
    name_source(s, info);
    snprintf(s->source.device, sizeof(s->source.device), "%s", info->device);
    pthread_mutex_lock(&s->outputs.guard.mutex);
    snprintf(s->source.name, sizeof(s->source.name), "%s", *uri ? uri : info->name);
    pthread_mutex_unlock(&s->outputs.guard.mutex);
    s->show->info.source = s->source.shown_name;
    c->width = info->width;
    c->height = info->height;
    c->fps = (float)info->fps;
    // Cameras are shown as in a mirror, files are not; what the user changed is kept for each.
    bool *mirror = &s->show->settings.mirror;
    s->mirror.of[s->source.is_camera] = *mirror;
    s->source.is_camera = info->live;
    *mirror = s->mirror.of[s->source.is_camera];
    mien_session_meet_camera(s);
    mien_session_find_shown_camera(s);
}

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

void mien_session_take_list(struct mien_session *s, const struct mien_camera_info *list, int n)
{
    struct mien_ui_controls *c = &s->show->controls;
    c->cameras = n < MIEN_UI_CAMERAS ? n : MIEN_UI_CAMERAS;
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
    mien_session_find_shown_camera(s);
    s->show->dirty = true;
}

bool mien_session_open_source(struct mien_session *s, const char *uri, int w, int h, int fps,
                              bool asked)
{
    char text[512];
    struct mien_source_options o = mien_session_source_options(s, w, h, fps);
    if (!strncmp(uri, "file://", 7)) {
        uri += 7;
    }
    if (s->opening.on || strlen(uri) >= sizeof(s->opening.uri)) {
        return false;
    }
    if (!mien_files_source(&s->claims, uri)) { // logged
        mien_show_notice(s->show, "this file is still being written: stop that output first");
        return false;
    }
    snprintf(s->opening.uri, sizeof(s->opening.uri), "%s", uri);
    s->opening.on = mien_live_switch(s->live, s->opening.uri, &o, !asked);
    s->opening.asked = asked;
    s->opening.w = w;
    s->opening.h = h;
    s->opening.fps = fps;
    s->cameras.was_lost = false;
    if (asked) {
        snprintf(text, sizeof(text), "opening %.200s …", uri);
        mien_show_notice_for(s->show, text, 60); // until the outcome
    }
    return s->opening.on;
}

static void tell_result(struct mien_session *s, bool ok, const char *reason)
{
    char text[512];
    struct mien_ui_controls *c = &s->show->controls;
    if (!ok) {
        mien_show_notice_for(s->show, reason[0] ? reason : "it cannot be opened", 5);
        return;
    }
    mien_session_note_wish(s, s->opening.uri);
    snprintf(text, sizeof(text), "%s, %d × %d", s->source.shown_name, c->width, c->height);
    mien_show_notice(s->show, text);
    if (s->config && s->source.is_camera) {
        mien_config_set(s->config, "source", s->opening.uri);
        mien_config_set_number(s->config, "capture_width", s->opening.w);
        mien_config_set_number(s->config, "capture_height", s->opening.h);
        mien_config_set_number(s->config, "capture_rate", s->opening.fps);
    }
}

// While another one is being opened the wish waits; the last one counts.
static bool must_wait(struct mien_session *s, const struct mien_action *a)
{
    if (s->opening.on) {
        s->opening.next = *a;
        s->opening.waits = true;
    }
    return s->opening.on;
}

void mien_session_show_source(struct mien_session *s, const struct mien_action *a)
{
    if (!must_wait(s, a)) {
        mien_session_open_source(s, a->text, a->width, a->height, a->fps, true);
    }
}

void mien_session_show_next_camera(struct mien_session *s, const struct mien_action *a)
{
    if (!must_wait(s, a)) {
        mien_session_ask_next_camera(s);
    }
}

void mien_session_show_demo(struct mien_session *s, const struct mien_action *a)
{
    char clip[1024];
    if (must_wait(s, a)) {
        return;
    }
    if (mien_find_file("assets", "demo.mp4", clip, sizeof(clip))) {
        mien_session_open_source(s, clip, 0, 0, 0, true);
    } else {
        mien_show_notice(s->show, "the demo clip is not installed: assets/demo.mp4");
    }
}

void mien_session_take_source(struct mien_session *s, const struct mien_event *e)
{
    struct mien_why why;
    bool ok = mien_live_opened(s->live, &why);
    s->opening.on = false;
    s->show->shot = NULL; // it was the old source's
    s->show->info.paused = s->pause.was = false;
    s->pause.drops = 0;
    s->source.changed = true;
    if (ok || mien_session_is_waiting(s)) {
        mien_session_note_source(s, ok ? s->opening.uri : "");
    }
    if (!mien_live_source(s->live)) {
        return; // the loop ends with an error
    }
    if (s->opening.asked) {
        tell_result(s, ok, why.text);
    } else {
        mien_session_tell_unasked(s, ok, why.text);
    }
    if (s->opening.waits) {
        s->opening.waits = false;
        mien_inbox_put(&s->show->actions, &s->opening.next);
    }
}

void mien_session_next_camera(struct mien_session *s)
{
    struct mien_ui_controls *c = &s->show->controls;
    for (int i = 1; i <= c->cameras; i++) {
        int k = (c->camera_now + i + c->cameras) % c->cameras;
        if (k != c->camera_now && !c->camera[k].problem[0]) {
            mien_session_open_source(s, c->camera[k].device, 0, 0, 0, true);
            return;
        }
    }
    mien_show_notice(s->show, c->cameras ? "there is no other camera" : "no camera found");
}

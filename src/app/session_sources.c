// Cameras and other sources of a session, and exchanging them while it runs.
#include "app/session_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

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
                                        .loop = o->loop || !o->headless || o->frames > 0,
                                        .realtime = !o->waits};
}

void mien_session_which_camera(struct mien_session *s)
{
    struct mien_ui_controls *c = &s->show->controls;
    c->camera_now = -1;
    for (int i = 0; i < c->cameras; i++) {
        if (s->camera_source && !strcmp(c->camera[i].device, s->device)) {
            c->camera_now = i;
        }
    }
}

void mien_session_source_chosen(struct mien_session *s, const char *uri)
{
    s->wants_camera = mien_session_is_camera(uri);
    snprintf(s->camera_uri, sizeof(s->camera_uri), "%s", s->wants_camera ? uri : "");
}

void mien_session_source_known(struct mien_session *s, const char *uri)
{
    const struct mien_source_info *info = mien_live_source(s->live);
    struct mien_ui_controls *c = &s->show->controls;
    snprintf(s->shown_name, sizeof(s->shown_name), "%s", info->name);
    snprintf(s->device, sizeof(s->device), "%s", info->device);
    pthread_mutex_lock(&s->outputs.mutex);
    snprintf(s->source_name, sizeof(s->source_name), "%s", *uri ? uri : info->name);
    pthread_mutex_unlock(&s->outputs.mutex);
    s->show->info.source = s->shown_name;
    c->width = info->width;
    c->height = info->height;
    c->fps = (float)info->fps;
    s->camera_source = info->live;
    mien_session_which_camera(s);
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
    mien_session_which_camera(s);
    s->show->dirty = true;
}

static void scan(struct mien_session *s) // here and now
{
    struct mien_camera_info *list = mien_calloc(MIEN_UI_CAMERAS, sizeof(*list));
    if (list) {
        mien_session_take_list(s, list, mien_camera_list(list, MIEN_UI_CAMERAS));
    }
    mien_free(list);
}

bool mien_session_exchange(struct mien_session *s, const char *uri, int w, int h, int fps,
                           char *reason, size_t reason_size)
{
    s->show->shot = NULL; // it was the old source's
    struct mien_source_options o = mien_session_source_options(s, w, h, fps);
    bool ok = mien_live_switch(s->live, uri, &o, reason, reason_size);
    s->show->info.paused = s->was_paused = false;
    s->drops_in_pauses = 0;
    s->source_changed = true;
    s->was_lost = false;
    if (ok || mien_session_is_waiting(s)) {
        mien_session_source_known(s, ok ? uri : "");
    }
    return ok;
}

void mien_session_open_source(struct mien_session *s, const char *uri, int w, int h, int fps)
{
    char text[512], reason[400] = "";
    struct mien_show *show = s->show;
    if (!strncmp(uri, "file://", 7)) {
        uri += 7;
    }
    snprintf(text, sizeof(text), "opening %.200s …", uri);
    mien_show_notice(show, text);
    mien_show_draw(show, NULL);
    bool ok = mien_session_exchange(s, uri, w, h, fps, reason, sizeof(reason));
    if (!mien_live_source(s->live)) {
        return; // the loop ends with an error
    }
    if (!ok) {
        snprintf(text, sizeof(text), "%s", reason[0] ? reason : "it cannot be opened");
        mien_show_notice(show, text);
        return;
    }
    mien_session_source_chosen(s, uri);
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

void mien_session_next_camera(struct mien_session *s)
{
    scan(s);
    struct mien_ui_controls *c = &s->show->controls;
    for (int i = 1; i <= c->cameras; i++) {
        int k = (c->camera_now + i + c->cameras) % c->cameras;
        if (k != c->camera_now && !c->camera[k].problem[0]) {
            mien_session_open_source(s, c->camera[k].device, 0, 0, 0);
            return;
        }
    }
    mien_show_notice(s->show, c->cameras ? "there is no other camera" : "no camera found");
}

// The camera's controls in a session: its page, and what is remembered for each camera.
//
// A camera's settings are a line of the settings file, camera.NAME = exposure=150,gain=20: they are
// set again when it is opened. Does not: talk to the camera (live/control_desk.h).
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "live/control_desk.h"
#include "live/session_parts.h"
#include "source/controls.h"

static bool ask(struct mien_session *s, enum mien_desk_wish wish, const char *text)
{
    if (!s->source.is_camera || !s->source.device[0]) {
        mien_show_notice(s->show, "no camera is shown: there is nothing to set");
        return false;
    }
    if (!s->controls.desk) {
        s->controls.desk = mien_control_desk_start(&s->events);
    }
    return s->controls.desk &&
           mien_control_desk_ask(s->controls.desk, wish, s->source.device, text);
}

// The line's key: names may hold what a key may not.
static void key_of(const struct mien_session *s, char key[64])
{
    int n = snprintf(key, 64, "camera.");
    for (const char *p = s->source.shown_name; *p && n < 60; p++) {
        key[n++] = isalnum((unsigned char)*p) ? *p : '_';
    }
    key[n] = 0;
}

void mien_session_meet_camera(struct mien_session *s)
{
    char key[64];
    struct mien_ui_controls *c = &s->show->controls;
    if (!strcmp(s->controls.met, s->source.device)) {
        return;
    }
    snprintf(s->controls.met, sizeof(s->controls.met), "%s", s->source.device);
    c->camera_controls = 0;
    if (!s->source.is_camera || !s->config || s->o.control) { // the command line's are set
        return;
    }
    key_of(s, key);
    const char *text = mien_config_get(s->config, key);
    if (text && *text) {
        ask(s, MIEN_DESK_SET, text);
    }
}

void mien_session_open_controls(struct mien_session *s, const struct mien_action *a)
{
    if (ask(s, MIEN_DESK_LIST, "") && s->show->ui) {
        mien_ui_show(s->show->ui, MIEN_UI_CAMERA);
    }
}

void mien_session_set_control(struct mien_session *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->show->controls;
    size_t n = strcspn(a->text, "=");
    int value;
    for (int i = 0; i < c->camera_controls; i++) { // shown at once
        struct mien_control *k = &c->camera_control[i];
        if (strlen(k->key) == n && !strncmp(k->key, a->text, n) &&
            sscanf(a->text + n, "=%d", &value) == 1) {
            k->value = value;
        }
    }
    s->controls.changed = ask(s, MIEN_DESK_SET, a->text) || s->controls.changed;
}

void mien_session_reset_controls(struct mien_session *s, const struct mien_action *a)
{
    s->controls.changed = ask(s, MIEN_DESK_RESET, "") || s->controls.changed;
}

void mien_session_hold_rate(struct mien_session *s, const struct mien_action *a)
{
    s->controls.changed = ask(s, MIEN_DESK_HOLD, "") || s->controls.changed;
}

void mien_session_take_controls(struct mien_session *s, const struct mien_event *e)
{
    struct mien_ui_controls *c = &s->show->controls;
    char device[64], key[64], text[MIEN_CONTROL_TEXT];
    int n = mien_control_desk_list(s->controls.desk, s->controls.found, device);
    if (e->text[0]) {
        mien_show_notice_for(s->show, e->text, e->number < 0 ? 6 : 3);
    }
    if (strcmp(device, s->source.device) != 0) {
        return; // another camera is shown by now
    }
    c->camera_controls = n;
    memcpy(c->camera_control, s->controls.found, sizeof(c->camera_control));
    s->show->dirty = true;
    if (s->controls.changed && s->config && e->number > MIEN_DESK_LIST) {
        key_of(s, key);
        mien_controls_text(s->controls.found, n, text, sizeof(text));
        mien_config_set(s->config, key, text);
    }
}

void mien_session_close_controls(struct mien_session *s)
{
    mien_control_desk_stop(s->controls.desk);
    s->controls.desk = NULL;
}

// What a session reads from the settings file and notes in it.
#include "live/session_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

// A text of the settings, when there is one; *recalled tells it from an option's.
static void recall(const struct mien_config *c, const char *key, const char **text, bool *recalled)
{
    const char *found = mien_config_get(c, key);
    if (found && *found) {
        *text = found;
        *recalled = true;
    }
}

void mien_session_recall(struct mien_session_options *o, const struct mien_config *c, char *source,
                         size_t source_size)
{
    double x;
    const char *text = mien_config_get(c, "source");
    if (text && mien_session_is_camera(text)) {
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
    recall(c, "prop", &o->prop, &o->prop_recalled);
    recall(c, "profile", &o->profile, &o->profile_recalled);
    recall(c, "folder", &o->folder, &o->folder_recalled);
    recall(c, "network", &o->net, &o->net_recalled);
    mien_config_get_bool(c, "quality", &o->quality);
    text = mien_config_get(c, "curve_channels");
    static struct mien_traces try; // large
    const char *wrong;
    if (text && *text && mien_traces_choose(&try, text, &wrong)) {
        o->curves = text;
    } else if (text && *text) {
        mien_warn("%s: curve_channels: \"%.40s\" is no channel: left out", c->path, wrong);
    }
    o->sinks = mien_config_get(c, "outputs");
    mien_config_get_choice(c, "mode", MIEN_VIEW_MODE_NAMES, &o->mode);
    mien_config_get_number(c, "opacity", 0, 1, &o->opacity);
    mien_config_get_bool(c, "mirror", &o->mirror_camera);
    mien_config_get_bool(c, "fullscreen", &o->fullscreen);
    mien_config_get_choice(c, "hud", MIEN_HUD_NAMES, &o->hud);
    mien_config_get_bool(c, "bars", &o->bars);
    mien_config_get_bool(c, "curves", &o->show_curves);
    mien_config_get_bool(c, "axes", &o->axes);
    mien_config_get_bool(c, "points", &o->points);
    mien_config_get_bool(c, "head", &o->head);
    mien_config_get_bool(c, "light", &o->light);
    mien_config_get_choice(c, "programme", MIEN_PROGRAMME_NAMES, &o->programme);
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

// Where results went is offered again, but never opened by itself. The files of reports have the
// day in their names.
static void remember_sinks(struct mien_session *s, struct mien_config *c)
{
    const struct mien_ui_controls *k = &s->show->controls;
    char list[MIEN_CONFIG_LINE - 64] = "";
    size_t n = 0;
    if (!s->sinks_added) {
        return;
    }
    for (int i = 0; i < k->sinks; i++) {
        const char *spec = k->sink[i].spec;
        if (strncmp(spec, "report:", 7) && n + strlen(spec) + 2 < sizeof(list)) {
            n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? "," : "", spec);
        }
    }
    mien_config_set(c, "outputs", list);
}

// Only what was changed while it ran: what the command line asked for holds for this run.
void mien_session_remember(struct mien_session *s)
{
    struct mien_config *c = s->config;
    const struct mien_session_options *o = &s->o;
    const struct mien_view_settings *v = &s->show->settings;
    const struct mien_ui_controls *k = &s->show->controls;
    if (!c) {
        return;
    }
    if (v->mode != (enum mien_view_mode)o->mode) {
        mien_config_set(c, "mode", mien_view_mode_at(v->mode)->name);
    }
    remember_number(c, "opacity", 1 - (1 - (float)o->opacity), 1 - v->fade);
    s->mirrored[s->camera_source] = v->mirror;
    remember_bool(c, "mirror", s->mirror_before, s->mirrored[1]);
    if (v->hud != (enum mien_hud_level)o->hud) {
        static const char *const levels[] = {"off", "line", "full"};
        mien_config_set(c, "hud", levels[v->hud]);
    }
    remember_bool(c, "bars", o->bars, v->bars);
    remember_bool(c, "curves", o->show_curves, v->curves);
    remember_bool(c, "axes", o->axes, v->axes);
    remember_bool(c, "points", o->points, v->points);
    remember_bool(c, "head", o->head, v->head);
    remember_bool(c, "fullscreen", o->fullscreen, s->show->window.fullscreen);
    remember_bool(c, "light", o->light, k->light);
    if (k->programme != (enum mien_programme)o->programme) {
        static const char *const names[] = {"props", "picture", "everything"};
        mien_config_set(c, "programme", names[k->programme]);
    }
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
    if (k->profile_known && k->profile_on == s->o.profile_off) {
        mien_config_set(c, "profile", k->profile_on ? s->profile_name : "");
    }
    char list[MIEN_CONFIG_LINE - 64];
    mien_traces_list(&s->show->curves, list, sizeof(list));
    if (strcmp(list, s->curves_before)) {
        mien_config_set(c, "curve_channels", list);
    }
    mien_session_remember_network(s, c);
    if (s->folder_chosen) {
        mien_config_set(c, "folder", s->folder);
    }
    remember_sinks(s, c);
    mien_config_save(c);
}

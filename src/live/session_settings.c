// What a session notes in the settings file: what was changed while it ran.
#include <stdio.h>
#include <string.h>

#include "live/live_props.h"
#include "live/session_parts.h"
#include "live/settings.h"

// Where results went is offered again, but never opened by itself. The files of reports have the
// day in their names.
static void list_sinks(const struct mien_session *s, bool all, char *list, size_t size)
{
    const struct mien_ui_controls *k = &s->show->controls;
    size_t n = 0;
    list[0] = 0;
    for (int i = 0; i < k->sinks; i++) {
        const char *spec = k->sink[i].spec;
        if ((all || k->sink[i].on) && strncmp(spec, "report:", 7) && n + strlen(spec) + 2 < size) {
            n += (size_t)snprintf(list + n, size - n, "%s%s", n ? "," : "", spec);
        }
    }
}

// What is worn, with commas; empty: nothing.
static void list_props(const struct mien_ui_controls *k, char *list, size_t size)
{
    size_t n = 0;
    list[0] = 0;
    for (int i = 1; i < k->props; i++) {
        if ((i == k->prop || k->also[i]) && n + strlen(k->prop_name[i]) + 2 < size) {
            n += (size_t)snprintf(list + n, size - n, "%s%s", n ? "," : "", k->prop_name[i]);
        }
    }
}

// The settings as they are now. A text that nobody has exchanged stays the very one that it was.
struct mien_session_options mien_session_present(const struct mien_session *s,
                                                 struct mien_session_texts *t, bool whole)
{
    struct mien_session_options now = s->o;
    const struct mien_ui_controls *k = &s->show->controls;
    mien_settings_take(s->show, &now);
    now.opacity = (double)(1 - s->show->settings.fade);
    now.mirror_camera = s->mirror.of[1];
    now.fullscreen = s->show->window.fullscreen;
    now.audience = k->audience;
    now.faces = s->o.faces == 0 && k->faces == 1 ? 0 : k->faces;
    if (whole || k->prop != s->props.before ||
        memcmp(k->also, s->props.also_before, sizeof(k->also)) != 0) {
        list_props(k, t->props, sizeof(t->props));
        now.prop = t->props;
    }
    mien_props_favourites(k, t->favourites, sizeof(t->favourites));
    if (strcmp(t->favourites, s->props.favourites_before) != 0) {
        now.favourites = t->favourites;
    }
    if (k->profile_known && k->profile_on == s->o.profile_off) {
        now.profile = k->profile_on ? s->person.name : "";
    }
    mien_traces_list(&s->show->curves, t->curves, sizeof(t->curves));
    if (whole || strcmp(t->curves, s->curves.before) != 0) {
        now.curves = t->curves;
    }
    if (whole || strcmp(k->avatar, s->stage.avatar) != 0) {
        now.avatar = k->avatar;
    }
    if (whole || strcmp(k->ground, s->stage.ground) != 0) {
        now.ground = k->ground;
    }
    if (s->network.chosen) {
        now.net = mien_session_network_name(s);
    }
    if (whole || s->sound.chosen) {
        now.record_sound = k->sound;
    }
    if (whole || s->folder.chosen) {
        now.folder = s->folder.path;
    }
    if (whole || s->outputs.added) {
        list_sinks(s, !whole, t->sinks, sizeof(t->sinks));
        now.sinks = t->sinks;
    }
    return now;
}

// Only what was changed while it ran: what the command line asked for holds for this run.
void mien_session_remember(struct mien_session *s)
{
    struct mien_session_options *o = &s->o;
    struct mien_session_texts texts;
    if (!s->config) {
        return;
    }
    s->mirror.of[s->source.is_camera] = s->show->settings.mirror;
    o->mirror_camera = s->mirror.before;
    const struct mien_session_options now = mien_session_present(s, &texts, false);
    mien_settings_note(o, &now, s->config);
    mien_config_save(s->config);
}

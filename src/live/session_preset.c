// Presets of a session: taken at once while it runs, and kept. What a preset does not name stays.
//
// Most settings are asked for by their own actions (live/settings.c names them), so that whatever
// follows from one follows here too. Does not: change the source, the network or whose range is
// used.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "live/live_props.h"
#include "live/presets.h"
#include "live/session_parts.h"
#include "live/settings.h"

static void ask(struct mien_session *s, enum mien_action_id id, double number)
{
    mien_inbox_put(&s->show->actions,
                   &(struct mien_action){.id = id, .quiet = true, .number = number});
}

static double number_of(const struct mien_opt *r)
{
    return r->type == MIEN_OPT_FLOAT  ? *(const double *)r->value
           : r->type == MIEN_OPT_BOOL ? *(const bool *)r->value
                                      : *(const int *)r->value;
}

static void wear(struct mien_session *s, const char *list)
{
    struct mien_ui_controls *c = &s->show->controls;
    c->prop = 0;
    memset(c->also, 0, sizeof(c->also));
    mien_props_wear(s->show, list ? list : "");
}

static void send(struct mien_session *s, const char *list)
{
    const struct mien_ui_controls *c = &s->show->controls;
    for (const char *p = list; p && *p;) {
        size_t n = strcspn(p, ",");
        int i = 0;
        while (i < c->sinks && (strncmp(c->sink[i].spec, p, n) != 0 || c->sink[i].spec[n])) {
            i++;
        }
        if (i == c->sinks) {
            struct mien_action a = {.id = MIEN_ACTION_ADD_OUTPUT, .quiet = true};
            snprintf(a.text, sizeof(a.text), "%.*s", (int)n, p);
            mien_inbox_put(&s->show->actions, &a);
        } else if (!c->sink[i].on) {
            ask(s, MIEN_ACTION_OUTPUT, i);
        }
        p += n + (p[n] == ',');
    }
}

// A setting of a preset, which is another than now.
static void take(struct mien_session *s, const struct mien_opt *r, int action)
{
    const char *text = r->type == MIEN_OPT_INPUT || r->type == MIEN_OPT_STRING
                           ? *(const char *const *)r->value
                           : NULL;
    switch (action) {
    case MIEN_ACTION_WEAR_TOO:
        wear(s, text);
        break;
    case MIEN_ACTION_CHANNEL: // was checked
        mien_traces_choose(&s->show->curves, text ? text : MIEN_TRACES_DEFAULT, NULL);
        break;
    case MIEN_ACTION_ADD_OUTPUT:
        send(s, text);
        break;
    case MIEN_ACTION_FOLDER:
    case MIEN_ACTION_SOUND:
        mien_action_ask_text(&s->show->actions, (enum mien_action_id)action, text ? text : "");
        break;
    case MIEN_ACTION_AVATAR:
    case MIEN_ACTION_GROUND:
        mien_action_ask_text(&s->show->actions, (enum mien_action_id)action, text ? text : "");
        break;
    case MIEN_ACTION_MIRROR: // of cameras
        s->mirror.of[1] = *(const bool *)r->value;
        if (s->source.is_camera && s->show->settings.mirror != s->mirror.of[1]) {
            ask(s, MIEN_ACTION_MIRROR, 0);
        }
        break;
    case MIEN_ACTION_OPACITY: // per cent
        ask(s, MIEN_ACTION_OPACITY, 100 * number_of(r));
        break;
    default:
        ask(s, (enum mien_action_id)action, number_of(r));
        break;
    }
}

static bool stays(int action)
{
    return action < 0 || action == MIEN_ACTION_SOURCE || action == MIEN_ACTION_RANGE ||
           action == MIEN_ACTION_SET_NETWORK || action == MIEN_ACTION_REPORT;
}

static bool same(const struct mien_opt *a, const struct mien_opt *b)
{
    if (a->type == MIEN_OPT_INPUT || a->type == MIEN_OPT_STRING) {
        const char *x = *(const char *const *)a->value, *y = *(const char *const *)b->value;
        return !strcmp(x ? x : "", y ? y : "");
    }
    return fabs(number_of(a) - number_of(b)) < 1e-6;
}

void mien_session_use_preset(struct mien_session *s, const struct mien_action *a)
{
    char path[1200], text[100];
    struct mien_session_texts texts;
    struct mien_session_options now = mien_session_present(s, &texts, true), want = now;
    struct mien_settings of_now, of_want;
    struct mien_config c;
    if (!mien_preset_path(a->text, path, sizeof(path))) {
        snprintf(text, sizeof(text), "there is no preset %.60s", a->text);
        mien_show_notice(s->show, text);
        return;
    }
    mien_config_load(&c, path);
    mien_settings_bind(&of_now, &now);
    mien_settings_bind(&of_want, &want);
    mien_settings_load(&of_want, &want, &c);
    for (int i = 0; of_now.row[i].name; i++) {
        bool named = of_now.key[i] && mien_config_get(&c, of_now.key[i]);
        if (named && !mien_config_get(&c, of_now.key[i])[0] &&
            of_now.action[i] == MIEN_ACTION_WEAR_TOO) {
            want.prop = NULL; // "prop =": nothing is worn
        }
        if (named && !stays(of_now.action[i]) && !same(&of_now.row[i], &of_want.row[i])) {
            take(s, &of_want.row[i], of_now.action[i]);
        }
    }
    mien_settings_destroy(&of_want);
    mien_config_destroy(&c);
    snprintf(s->show->controls.preset, sizeof(s->show->controls.preset), "%.31s", a->text);
    snprintf(text, sizeof(text), "preset %.60s", a->text);
    mien_show_notice(s->show, text);
}

void mien_session_save_preset(struct mien_session *s, const struct mien_action *a)
{
    char path[1200], text[1400];
    struct mien_session_texts texts;
    struct mien_session_options now = mien_session_present(s, &texts, true);
    struct mien_settings rows;
    struct mien_config c = {0};
    bool ok = mien_preset_own_path(a->text, path, sizeof(path));
    if (ok) {
        mien_config_load(&c, path); // its comments stay
        mien_settings_bind(&rows, &now);
        for (int i = 0; rows.row[i].name; i++) {
            if (rows.key[i] && !stays(rows.action[i])) {
                mien_settings_write(&rows.row[i], rows.key[i], &c);
            }
        }
        ok = mien_config_save(&c);
        mien_config_destroy(&c);
    }
    snprintf(text, sizeof(text),
             ok ? "the preset is kept in %.1200s" : "not kept: %.60s (the terminal says why)",
             ok ? path : a->text);
    mien_show_notice(s->show, text);
    if (ok) {
        snprintf(s->show->controls.preset, sizeof(s->show->controls.preset), "%.31s", a->text);
        mien_session_list_presets(s);
    }
}

void mien_session_list_presets(struct mien_session *s)
{
    struct mien_ui_controls *k = &s->show->controls;
    k->presets = 0;
    while (k->presets < MIEN_UI_PRESETS &&
           mien_preset_name(k->presets, k->preset_name[k->presets])) {
        k->presets++;
    }
}

// What actions of the window itself do: rows of view/actions.h that say SHOW. They change what is
// shown, and nothing that is computed, sent or written.
#include "live/live_show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "live/live_props.h"
#include "live/live_stage.h"

static void say(struct mien_show *s, const struct mien_action *a, const char *text)
{
    if (!a->quiet) {
        mien_show_notice(s, text);
    }
}

static void set_mode(struct mien_show *s, const struct mien_action *a)
{
    int mode = (int)a->number;
    s->settings.mode = (enum mien_view_mode)(mien_view_mode_at(mode) ? mode : MIEN_VIEW_OFF);
}

static void turn_mode(struct mien_show *s, const struct mien_action *a, int by)
{
    int mode = ((int)s->settings.mode + by + MIEN_VIEW_MODES) % MIEN_VIEW_MODES;
    s->settings.mode = (enum mien_view_mode)mode;
    say(s, a, mien_view_mode_at(mode)->name);
}

static void show_next_mode(struct mien_show *s, const struct mien_action *a)
{
    turn_mode(s, a, 1);
}

static void show_mode_before(struct mien_show *s, const struct mien_action *a)
{
    turn_mode(s, a, -1);
}

static void set_opacity(struct mien_show *s, const struct mien_action *a) // per cent
{
    s->settings.fade = 1 - fminf(fmaxf((float)a->number, 0), 100) / 100;
}

static void fade(struct mien_show *s, const struct mien_action *a, float by)
{
    char text[64];
    s->settings.fade = fminf(fmaxf(s->settings.fade + by, 0), 1);
    snprintf(text, sizeof(text), "opacity %.0f %%", 100 * (1 - (double)s->settings.fade));
    say(s, a, text);
}

static void make_fainter(struct mien_show *s, const struct mien_action *a)
{
    fade(s, a, 0.1f);
}

static void make_stronger(struct mien_show *s, const struct mien_action *a)
{
    fade(s, a, -0.1f);
}

static void wear_alone(struct mien_show *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->controls;
    c->prop = a->number >= 0 && a->number < c->props ? (int)a->number : 0;
    memset(c->also, 0, sizeof(c->also));
    mien_props_put_on(s);
}

// Puts on what is not worn, besides what is; takes off what is worn.
static void wear_besides(struct mien_show *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->controls;
    int i = (int)a->number;
    if (i <= 0 || i >= c->props) {
        return;
    }
    if (c->prop == i) {
        int next = 0;
        for (int k = c->props - 1; k > 0; k--) {
            next = c->also[k] ? k : next;
        }
        c->prop = next;
        c->also[next] = false;
    } else if (!c->prop) {
        c->prop = i;
    } else {
        c->also[i] = !c->also[i];
    }
    mien_props_put_on(s);
}

static void toggle_favourite(struct mien_show *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->controls;
    int i = (int)a->number;
    if (i > 0 && i < c->props) {
        c->favourite[i] = !c->favourite[i];
    }
}

static void turn_prop(struct mien_show *s, const struct mien_action *a, int by)
{
    struct mien_ui_controls *c = &s->controls;
    c->prop = (c->prop + by + c->props) % c->props;
    memset(c->also, 0, sizeof(c->also));
    say(s, a, c->prop_name[c->prop]);
    mien_props_put_on(s);
}

static void wear_next(struct mien_show *s, const struct mien_action *a)
{
    turn_prop(s, a, 1);
}

static void wear_before(struct mien_show *s, const struct mien_action *a)
{
    turn_prop(s, a, -1);
}

static void toggle_light(struct mien_show *s, const struct mien_action *a)
{
    s->controls.light = !s->controls.light;
    say(s, a, s->controls.light ? "what is worn is lit like the face" : "plain light");
}

static void toggle_head(struct mien_show *s, const struct mien_action *a)
{
    s->settings.head = !s->settings.head;
}

static void toggle_points(struct mien_show *s, const struct mien_action *a)
{
    s->settings.points = !s->settings.points;
}

static void toggle_axes(struct mien_show *s, const struct mien_action *a)
{
    s->settings.axes = !s->settings.axes;
}

static void toggle_bars(struct mien_show *s, const struct mien_action *a)
{
    s->settings.bars = !s->settings.bars;
}

static void toggle_curves(struct mien_show *s, const struct mien_action *a)
{
    s->settings.curves = !s->settings.curves;
}

static void toggle_mirror(struct mien_show *s, const struct mien_action *a)
{
    s->settings.mirror = !s->settings.mirror;
}

static void set_figures(struct mien_show *s, const struct mien_action *a)
{
    bool level = a->number >= 0 && a->number < MIEN_HUD_LEVELS;
    s->settings.hud = level ? (enum mien_hud_level)a->number : MIEN_HUD_OFF;
}

static void show_next_figures(struct mien_show *s, const struct mien_action *a)
{
    s->settings.hud = (enum mien_hud_level)((s->settings.hud + 1) % MIEN_HUD_LEVELS);
}

static void show_next_channels(struct mien_show *s, const struct mien_action *a)
{
    say(s, a, mien_traces_next(&s->curves));
    s->settings.curves = true;
}

static void set_channels(struct mien_show *s, const struct mien_action *a)
{
    if (a->number >= 0 && a->number < mien_traces_sets()) {
        mien_traces_set(&s->curves, (int)a->number);
        s->settings.curves = true;
    }
}

static void toggle_channel(struct mien_show *s, const struct mien_action *a)
{
    if (a->number >= 0 && a->number < mien_traces_channels()) {
        mien_traces_toggle(&s->curves, (int)a->number);
        s->settings.curves = true;
    }
}

static void show_face(struct mien_show *s, const struct mien_action *a) // its identifier
{
    s->settings.face = (int)a->number;
}

// The figures are those of the next face in the picture.
static void show_next_face(struct mien_show *s, const struct mien_action *a)
{
    const struct mien_result *r = s->shot ? &s->shot->result : NULL;
    char text[64];
    if (!r || r->count < 2) {
        say(s, a, r && r->count ? "there is no other face" : "there is no face");
        return;
    }
    s->settings.face = r->face[(mien_hud_face(r, s->settings.face) + 1) % r->count].id;
    snprintf(text, sizeof(text), "figures of face %d", s->settings.face);
    say(s, a, text);
}

static void give_programme(struct mien_show *s, const struct mien_action *a)
{
    bool known = a->number >= 0 && a->number < MIEN_PROGRAMMES;
    s->controls.programme = known ? (enum mien_programme)a->number : MIEN_PROGRAMME_PROPS;
}

static void give_next_programme(struct mien_show *s, const struct mien_action *a)
{
    static const char *const told[MIEN_PROGRAMMES] = {
        [MIEN_PROGRAMME_PROPS] = "others get the picture with what is worn",
        [MIEN_PROGRAMME_PICTURE] = "others get the picture alone",
        [MIEN_PROGRAMME_ALL] = "others get all that you see",
        [MIEN_PROGRAMME_AVATAR] = "others get the avatar, and never the picture"};
    int next = (s->controls.programme + 1) % MIEN_PROGRAMMES;
    if (next == MIEN_PROGRAMME_AVATAR && !mien_view_stages(s->view, MIEN_STAGE_AVATAR)) {
        next = (next + 1) % MIEN_PROGRAMMES;
    }
    s->controls.programme = (enum mien_programme)next;
    say(s, a, told[s->controls.programme]);
}

static int programme_of(const struct mien_action *a)
{
    return a->number >= 0 && a->number <= MIEN_PROGRAMMES ? (int)a->number : 0;
}

static void give_camera_programme(struct mien_show *s, const struct mien_action *a)
{
    s->controls.camera_programme = programme_of(a);
}

static void give_window_programme(struct mien_show *s, const struct mien_action *a)
{
    s->controls.window_programme = programme_of(a);
}

static void toggle_audience(struct mien_show *s, const struct mien_action *a)
{
    const char *why = NULL;
    if (s->controls.audience) {
        mien_audience_close(&s->audience);
        s->controls.audience = false;
        return;
    }
    s->controls.audience = mien_show_open_audience(s, &why);
    if (why) {
        mien_show_notice_for(s, why, 6);
    }
}

static void toggle_audience_fullscreen(struct mien_show *s, const struct mien_action *a)
{
    if (s->controls.audience) {
        mien_audience_toggle_fullscreen(&s->audience);
    } else {
        say(s, a, "the second window is not open: W opens it");
    }
}

static void move_audience(struct mien_show *s, const struct mien_action *a)
{
    if (!mien_audience_next_screen(&s->audience)) {
        say(s, a,
            s->controls.audience ? "there is no other screen"
                                 : "the second window is not open: W opens it");
    }
}

static void toggle_my_head(struct mien_show *s, const struct mien_action *a)
{
    mien_stage_toggle_head(s);
    if (s->settings.stage.shows == MIEN_STAGE_HEAD) {
        say(s, a, "look straight, then turn left, right, up and down");
    }
}

static void move_stage(struct mien_show *s, const struct mien_action *a)
{
    say(s, a, mien_stage_next(s));
}

static void set_stage(struct mien_show *s, const struct mien_action *a)
{
    bool known = a->number >= 0 && a->number < MIEN_STAGES;
    s->settings.stage.shows = known ? (enum mien_stage_shows)a->number : MIEN_STAGE_OFF;
}

static void toggle_beside(struct mien_show *s, const struct mien_action *a)
{
    s->settings.stage.beside = !s->settings.stage.beside;
}

static void set_figure_look(struct mien_show *s, const struct mien_action *a)
{
    bool known = a->number >= 0 && a->number < MIEN_FIGURE_LOOKS;
    s->settings.stage.look = known ? (enum mien_figure_look)a->number : MIEN_FIGURE_TEXTURED;
}

static void see_from_front(struct mien_show *s, const struct mien_action *a)
{
    struct mien_stage_settings *stage = &s->settings.stage;
    stage->turn_deg = stage->lift_deg = 0;
    stage->zoom = 1;
}

static void toggle_rest(struct mien_show *s, const struct mien_action *a)
{
    s->settings.stage.rest = !s->settings.stage.rest;
}

static void toggle_lit(struct mien_show *s, const struct mien_action *a)
{
    s->settings.stage.lit = !s->settings.stage.lit;
}

static void set_mean(struct mien_show *s, const struct mien_action *a) // per cent
{
    s->settings.stage.mean = fminf(fmaxf((float)a->number, 0), 100) / 100;
}

static void take_avatar(struct mien_show *s, const struct mien_action *a)
{
    mien_stage_take(s, a->text);
}

static void set_ground(struct mien_show *s, const struct mien_action *a)
{
    if (!mien_stage_set_ground(s, a->text)) {
        say(s, a, "a colour is " MIEN_STAGE_COLOURS);
    }
}

static void toggle_presentation(struct mien_show *s, const struct mien_action *a)
{
    s->presenting = !s->presenting;
}

static void toggle_pause(struct mien_show *s, const struct mien_action *a)
{
    s->info.paused = !s->info.paused;
}

static void toggle_fullscreen(struct mien_show *s, const struct mien_action *a)
{
    mien_window_toggle_fullscreen(&s->window);
}

static void show_menu(struct mien_show *s, enum mien_ui_menu menu)
{
    if (s->ui) {
        mien_ui_show(s->ui, menu);
    }
}

static void show_open_dialog(struct mien_show *s, const struct mien_action *a)
{
    show_menu(s, MIEN_UI_OPEN);
}

static void write_mark(struct mien_show *s, const struct mien_action *a)
{
    show_menu(s, MIEN_UI_MARK);
}

static void toggle_settings(struct mien_show *s, const struct mien_action *a)
{
    show_menu(s, MIEN_UI_SETTINGS);
}

static void show_menus(struct mien_show *s, const struct mien_action *a)
{
    show_menu(s, MIEN_UI_SOURCE);
}

static void show_next_help(struct mien_show *s, const struct mien_action *a)
{
    int page = s->settings.help;
    s->settings.help = page < mien_view_help_pages(s->view) ? page + 1 : 0;
}

static void toggle_help(struct mien_show *s, const struct mien_action *a)
{
    s->settings.help = !s->settings.help;
}

static void leave(struct mien_show *s, const struct mien_action *a)
{
    s->quit = true;
}

// Ends, or asks first while files are written.
static void leave_or_ask(struct mien_show *s, const struct mien_action *a)
{
    if (s->ui && mien_ui_writes(&s->controls)) {
        mien_ui_show(s->ui, MIEN_UI_QUIT);
    } else {
        leave(s, a);
    }
}

// The sheet of keys goes, presentation, full screen, the program.
static void step_back(struct mien_show *s, const struct mien_action *a)
{
    if (s->settings.help) {
        s->settings.help = 0;
    } else if (s->presenting) {
        s->presenting = false;
    } else if (s->window.fullscreen) {
        mien_window_toggle_fullscreen(&s->window);
    } else {
        leave_or_ask(s, a);
    }
}

#define RUN_SHOW(id, run) [MIEN_ACTION_##id] = run,
#define RUN_SESSION(id, run)
#define RUN(id, by, takes, words, character, label, shown, text, run) RUN_##by(id, run)
static void (*const runs[MIEN_ACTIONS])(struct mien_show *,
                                        const struct mien_action *) = {MIEN_ACTION_ROWS(RUN)};

bool mien_show_act(struct mien_show *s, const struct mien_action *a)
{
    s->dirty = true;
    if (runs[a->id]) {
        runs[a->id](s, a);
    }
    return runs[a->id] != NULL;
}

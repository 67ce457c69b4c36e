// The table of the live program's settings, and what is made of it. The parts that a field's own
// meaning needs: a source of the file must be a camera, curves must name channels, smoothing is
// written otherwise in the file than on the command line.
#include "live/settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/help.h"
#include "live/files.h"
#include "live/session_parts.h"
#include "sink/sinks.h"

// Last columns of a row: the action that changes the setting while the program runs, whose function
// sees to what follows, and where in struct mien_show its present value is.
#define LIVE(action, field) MIEN_ACTION_##action, offsetof(struct mien_show, field)
#define BY(action) MIEN_ACTION_##action, 0 // elsewhere: session_settings.c
#define NEVER -1, 0                        // as it is at the start

struct mien_session_options mien_settings_defaults(void)
{
    return (struct mien_session_options){.source = "",
                                         .hud = MIEN_HUD_LINE,
                                         .mirror = -1,
                                         .mirror_camera = true,
                                         .light = true,
                                         .opacity = 1,
                                         .smoothing = 1,
                                         .pace = true};
}

void mien_settings_bind(struct mien_settings *s, struct mien_session_options *o)
{
    *s = (struct mien_settings){0};
    // The option; its key in the settings file; what changes it.
    const struct {
        struct mien_opt option;
        const char *key;
        int action;
        size_t shown;
    } rows[] = {
        {{"source", 's', MIEN_OPT_FIELD(&o->source), "URI",
          "camera (nothing, camera:NAME, /dev/videoN), video, picture, folder or synth:seed=N", 0,
          0},
         "source",
         BY(SOURCE)},
        {{"capture", 0, MIEN_OPT_FIELD(&o->capture), "WxH", "the camera's picture size", 0, 0},
         NULL,
         BY(SOURCE)},
        {{"fps", 0, MIEN_OPT_FIELD(&o->fps), "N", "the camera's rate; 0 is its best up to 60", 0,
          240},
         "capture_rate",
         BY(SOURCE)},
        {{"control", 0, MIEN_OPT_FIELD(&o->control), "NAME=VALUE",
          "set a camera's controls, separated by commas; mien cameras --controls lists them", 0, 0},
         NULL,
         BY(SET_CONTROL)},
        {{"fov", 0, MIEN_OPT_FIELD(&o->fov), "DEG", MIEN_HELP_FOV, 0, 170},
         "fov",
         LIVE(FOV, controls.fov_deg)},
        {{"faces", 'n', MIEN_OPT_FIELD(&o->faces), "N", MIEN_HELP_FACES, 0, MIEN_FACES_MAX},
         "faces",
         BY(FACES)},
        {{"quality", 'q', MIEN_OPT_FIELD(&o->quality), NULL, MIEN_HELP_QUALITY, 0, 0},
         "quality",
         LIVE(QUALITY, controls.quality)},
        {{"filter", 0, MIEN_OPT_FIELD(&o->filter), "F", MIEN_HELP_FILTER, -1, 10},
         NULL,
         BY(SMOOTHING)},
        {{"mode", 'm', MIEN_OPT_CHOICE, &o->mode, MIEN_VIEW_MODE_NAMES,
          "what is drawn over the face", 0, 0},
         "mode",
         LIVE(SET_MODE, settings.mode)},
        {{"opacity", 0, MIEN_OPT_FIELD(&o->opacity), "F", "opacity of what is drawn, 0 to 1", 0, 1},
         "opacity",
         BY(OPACITY)},
        {{"prop", 0, MIEN_OPT_INPUT, &o->prop, "NAME|FILE",
          "what is worn: glasses, sunglasses, hat, party, crown, ears, nose, moustache, tiger, "
          "mask, or a glTF or PNG file; several are separated by commas",
          0, 0},
         "prop",
         BY(WEAR_TOO)},
        {{"light", 0, MIEN_OPT_FIELD(&o->light), NULL, "light what is worn like the face", 0, 0},
         "light",
         LIVE(LIGHT, controls.light)},
        {{"avatar", 0, MIEN_OPT_INPUT, &o->avatar, "FILE",
          "a head or figure that your face moves: VRM, or glTF (.glb, .gltf) with ARKit-named "
          "shapes; shown instead of the picture, also to others",
          0, 0},
         "avatar",
         BY(AVATAR)},
        {{"ground", 0, MIEN_OPT_FIELD(&o->ground), "COLOUR",
          "behind the avatar: " MIEN_STAGE_COLOURS, 0, 0},
         "ground",
         BY(GROUND)},
        {{"beside", 0, MIEN_OPT_FIELD(&o->beside), NULL,
          "the window shows the avatar beside the picture, not instead of it", 0, 0},
         "beside",
         LIVE(BESIDE, settings.stage.beside)},
        {{"lit", 0, MIEN_OPT_FIELD(&o->lit), NULL,
          "light the avatar like the face instead of with a lamp of its own", 0, 0},
         "lit",
         LIVE(LIT, settings.stage.lit)},
        {{"figure", 0, MIEN_OPT_CHOICE, &o->figure, MIEN_FIGURE_LOOK_NAMES,
          "how the window draws the avatar or your own head", 0, 0},
         "figure",
         LIVE(SET_FIGURE, settings.stage.look)},
        {{"my-head", 0, MIEN_OPT_FIELD(&o->my_head), NULL,
          "start with your own head, built while the program runs, beside the picture", 0, 0},
         NULL,
         NEVER},
        {{"mirror", 0, MIEN_OPT_SWITCH, &o->mirror, NULL,
          "mirror the picture, or with --no-mirror do not; by default cameras are mirrored and "
          "files are not",
          0, 0},
         NULL,
         BY(MIRROR)},
        {{"hud", 0, MIEN_OPT_CHOICE, &o->hud, MIEN_HUD_NAMES,
          "text over the picture: none, one line of status, or times, pose and expression too", 0,
          0},
         "hud",
         LIVE(SET_HUD, settings.hud)},
        {{"bars", 0, MIEN_OPT_FIELD(&o->bars), NULL, "blendshape bars", 0, 0},
         "bars",
         LIVE(BARS, settings.bars)},
        {{"curves", 0, MIEN_OPT_FIELD(&o->curves), "LIST",
          "live curves of up to eight blendshapes, expression classes, action units (AU01 …), yaw, "
          "pitch, roll, gazeYaw, gazePitch, blinkRate, separated by commas",
          0, 0},
         "curve_channels",
         BY(CHANNEL)},
        {{"axes", 0, MIEN_OPT_FIELD(&o->axes), NULL, "head axes and gaze", 0, 0},
         "axes",
         LIVE(AXES, settings.axes)},
        {{"points", 0, MIEN_OPT_FIELD(&o->points), NULL, "landmarks with their uncertainty", 0, 0},
         "points",
         LIVE(POINTS, settings.points)},
        {{"head", 0, MIEN_OPT_FIELD(&o->head), NULL, "draw the whole head, not only the face", 0,
          0},
         "head",
         LIVE(HEAD, settings.head)},
        {{"size", 0, MIEN_OPT_FIELD(&o->size), "WxH", "the window's size", 0, 0}, NULL, NEVER},
        {{"fullscreen", 'f', MIEN_OPT_FIELD(&o->fullscreen), NULL, "fill the screen", 0, 0},
         "fullscreen",
         BY(FULLSCREEN)},
        {{"headless", 0, MIEN_OPT_FIELD(&o->headless), NULL, "without a display", 0, 0},
         NULL,
         NEVER},
        {{"frames", 0, MIEN_OPT_FIELD(&o->frames), "N",
          "stop after N frames, repeating a shorter clip; 0: no limit", 0, 1e9},
         NULL,
         NEVER},
        {{"loop", 0, MIEN_OPT_FIELD(&o->loop), NULL,
          "repeat a clip when it ends (windows always do)", 0, 0},
         NULL,
         NEVER},
        {{"pace", 0, MIEN_OPT_FIELD(&o->pace), NULL,
          "play clips at their own rate; --no-pace: every frame, as fast as it goes", 0, 0},
         NULL,
         NEVER},
        {{"screenshot", 0, MIEN_OPT_OUTPUT, &o->screenshot, "FILE.png",
          "save the last picture shown", 0, 0},
         NULL,
         NEVER},
        {{"record", 0, MIEN_OPT_OUTPUT, &o->record, "FILE.mp4",
          "record the picture; --programme says what of it", 0, 0},
         NULL,
         BY(RECORD)},
        {{"record-sound", 0, MIEN_OPT_FIELD(&o->record_sound), "NAME",
          "a recording's sound: off, as it is by default; \"default\", the system's microphone; or "
          "the one whose name contains NAME",
          0, 0},
         "record_sound",
         BY(SOUND)},
        {{"programme", 0, MIEN_OPT_CHOICE, &o->programme, MIEN_PROGRAMME_NAMES,
          "what recordings, virtual cameras and the second window get: the picture with what is "
          "worn, alone, all that the window shows, or the avatar",
          0, 0},
         "programme",
         LIVE(SET_PROGRAMME, controls.programme)},
        {{"programme-camera", 0, MIEN_OPT_CHOICE, &o->camera_programme, MIEN_PROGRAMME_OF_NAMES,
          "what virtual cameras get, if different", 0, 0},
         "programme_camera",
         LIVE(SET_CAMERA_PROGRAMME, controls.camera_programme)},
        {{"programme-window", 0, MIEN_OPT_CHOICE, &o->window_programme, MIEN_PROGRAMME_OF_NAMES,
          "what the second window gets, if different", 0, 0},
         "programme_window",
         LIVE(SET_WINDOW_PROGRAMME, controls.window_programme)},
        {{"audience", 0, MIEN_OPT_FIELD(&o->audience), NULL,
          "open a second window that shows the audience only what others get, on another screen if "
          "there is one",
          0, 0},
         "audience",
         BY(AUDIENCE)},
        {{"folder", 0, MIEN_OPT_FIELD(&o->folder), "DIR",
          "folder for recordings, pictures, reports and records that keys and menus start; created "
          "if missing; the current folder by default",
          0, 0},
         "folder",
         BY(FOLDER)},
        {{"out", 'o', MIEN_OPT_FIELD(&o->out), "SINK", mien_sinks_help(s->sinks_help), 0, 0},
         NULL,
         BY(ADD_OUTPUT)},
        {{"report", 0, MIEN_OPT_OUTPUT, &o->report, "FILE.html",
          "a page about expression, blinks, head and gaze over time", 0, 0},
         NULL,
         BY(REPORT)},
        {{"marks", 0, MIEN_OPT_FIELD(&o->marks), "FROM",
          "event marks with words for records and report: - (lines of standard input), a pipe, or "
          "osc[:[HOST:]PORT] (messages to /mark, port 9000 of this computer)",
          0, 0},
         NULL,
         NEVER},
        {{"preset", 0, MIEN_OPT_FIELD(&o->preset), "NAME",
          "a named set of settings: booth, stream, lab, or one of your own (menu View)", 0, 0},
         NULL,
         BY(PRESET)},
        {MIEN_FILES_SHARE_OPT(o->share), NULL, NEVER},
        {{"profile", 0, MIEN_OPT_FIELD(&o->profile), "NAME",
          "a person's own neutral expression and range; a new name opens the calibration page (C "
          "opens it again), or without a window is learnt from the first ten seconds of the source",
          0, 0},
         "profile",
         BY(RANGE)},
        {{"net", 0, MIEN_OPT_INPUT, &o->net, "NAME", MIEN_HELP_NET, 0, 0},
         "network",
         BY(SET_NETWORK)},
        {{"detector", 0, MIEN_OPT_INPUT, &o->detect, "FILE", MIEN_HELP_DETECTOR, 0, 0},
         NULL,
         NEVER},
        {{"menu", 0, MIEN_OPT_CHOICE, &o->menu, MIEN_UI_MENU_NAMES,
          "start with this menu or window open", 0, 0},
         NULL,
         NEVER},
        {{"config", 0, MIEN_OPT_FIELD(&o->config), "FILE",
          "settings are read from and remembered in this file instead of "
          "$XDG_CONFIG_HOME/mien/config; --headless uses none unless it is named",
          0, 0},
         NULL,
         NEVER},
        {{"show-settings", 0, MIEN_OPT_FIELD(&o->show_settings), NULL,
          "print every setting with its value and where that comes from (default, file and line, "
          "command line), and exit",
          0, 0},
         NULL,
         NEVER},
        {{"no-config", 0, MIEN_OPT_FIELD(&o->no_config), NULL, "use no settings file", 0, 0},
         NULL,
         NEVER},
        // In the file only.
        {{"", 0, MIEN_OPT_FIELD(&o->capture_w), NULL, NULL, 0, 8192}, "capture_width", BY(SOURCE)},
        {{"", 0, MIEN_OPT_FIELD(&o->capture_h), NULL, NULL, 0, 8192}, "capture_height", BY(SOURCE)},
        {{"", 0, MIEN_OPT_FIELD(&o->mirror_camera), NULL, NULL, 0, 0}, "mirror", BY(MIRROR)},
        {{"", 0, MIEN_OPT_FIELD(&o->show_curves), NULL, NULL, 0, 0},
         "curves",
         LIVE(CURVES, settings.curves)},
        {{"", 0, MIEN_OPT_FIELD(&o->smoothing), NULL, NULL, 0, 10},
         "smoothing",
         LIVE(SMOOTHING, controls.filter)},
        {{"", 0, MIEN_OPT_FIELD(&o->sinks), NULL, NULL, 0, 0}, "outputs", BY(ADD_OUTPUT)},
        {{"", 0, MIEN_OPT_FIELD(&o->favourites), NULL, NULL, 0, 0}, "favourites", BY(FAVOURITE)},
    };
    _Static_assert(MIEN_COUNT(rows) < MIEN_SETTINGS_MAX, "the last row has no name");
    for (size_t i = 0; i < MIEN_COUNT(rows); i++) {
        s->row[i] = rows[i].option;
        s->key[i] = rows[i].key;
        s->action[i] = rows[i].action;
        s->shown[i] = rows[i].shown;
    }
}

void mien_settings_destroy(struct mien_settings *s)
{
    for (int i = 0; i < MIEN_SETTINGS_MAX; i++) {
        mien_free(s->text[i]);
        s->text[i] = NULL;
    }
}

static int find(const struct mien_settings *s, const void *field)
{
    for (int i = 0; s && s->row[i].name; i++) {
        if (s->row[i].value == field) {
            return i;
        }
    }
    return -1;
}

static bool comes_from(const struct mien_settings *s, const void *field, int from)
{
    int i = find(s, field);
    return i >= 0 && (int)s->origin[i].from == from;
}

bool mien_settings_given(const struct mien_settings *s, const void *field)
{
    return comes_from(s, field, MIEN_FROM_OPTION);
}

bool mien_settings_recalled(const struct mien_settings *s, const void *field)
{
    return comes_from(s, field, MIEN_FROM_FILE);
}

void mien_settings_give(struct mien_settings *s, const void *field)
{
    int i = find(s, field);
    MIEN_ASSERT(i >= 0);
    s->origin[i] = (struct mien_origin){.from = MIEN_FROM_OPTION};
}

static bool is_text(const struct mien_opt *r)
{
    return r->type == MIEN_OPT_STRING || r->type == MIEN_OPT_INPUT || r->type == MIEN_OPT_OUTPUT;
}

// Whether a text of the file can be used; says why not where the user is to know.
static bool is_acceptable(const struct mien_session_options *o, const void *field, const char *text,
                          const char *path, int line)
{
    static struct mien_traces try; // large
    struct mien_why why;
    if (field == &o->source) {
        return mien_session_is_camera(text);
    }
    if (field == &o->curves && !mien_traces_choose(&try, text, &why)) {
        mien_warn("%s:%d: curve_channels: %s: left out", path, line, why.text);
        return false;
    }
    return true;
}

// A row's value of the file. False: there is none, or it cannot be used.
static bool take(struct mien_settings *s, int i, const struct mien_session_options *o,
                 const struct mien_config *c)
{
    const struct mien_opt *r = &s->row[i];
    const char *key = s->key[i], *text = mien_config_get(c, key);
    double lo = r->min < r->max ? r->min : -HUGE_VAL, hi = r->min < r->max ? r->max : HUGE_VAL, x;
    if (is_text(r)) {
        char *copy;
        if (!text || !*text ||
            !is_acceptable(o, r->value, text, c->path, mien_config_line(c, key)) ||
            !(copy = mien_copy_text(text))) {
            return false;
        }
        mien_free(s->text[i]); // of a file before this one
        *(const char **)r->value = s->text[i] = copy;
        return true;
    }
    if (r->type == MIEN_OPT_BOOL) {
        return mien_config_get_bool(c, key, r->value);
    }
    if (r->type == MIEN_OPT_CHOICE) {
        return mien_config_get_choice(c, key, r->arg, r->value);
    }
    MIEN_ASSERT(r->type == MIEN_OPT_INT || r->type == MIEN_OPT_FLOAT);
    if (!mien_config_get_number(c, key, lo, hi, &x)) {
        return false;
    }
    if (r->type == MIEN_OPT_INT) {
        *(int *)r->value = (int)x;
    } else {
        *(double *)r->value = x;
    }
    return true;
}

void mien_settings_load(struct mien_settings *s, struct mien_session_options *o,
                        const struct mien_config *c)
{
    for (int i = 0; s->row[i].name; i++) {
        bool given = s->origin[i].from == MIEN_FROM_OPTION;
        if (s->key[i] && !given && take(s, i, o, c)) {
            s->origin[i] =
                (struct mien_origin){MIEN_FROM_FILE, c->path, mien_config_line(c, s->key[i])};
        }
    }
    if (mien_settings_recalled(s, &o->smoothing) && !mien_settings_given(s, &o->filter)) {
        o->filter = o->smoothing > 0 ? o->smoothing : -1;
    }
}

// A value between a row's field and where it is shown, which holds enumerations and floats.
static void move_value(const struct mien_opt *r, char *shown, bool to_show)
{
    if (r->type == MIEN_OPT_FLOAT) {
        float x = (float)*(double *)r->value;
        memcpy(to_show ? shown : (char *)&x, to_show ? (char *)&x : shown, sizeof(x));
        *(double *)r->value = to_show ? *(double *)r->value : (double)x;
        return;
    }
    MIEN_ASSERT(r->type == MIEN_OPT_BOOL || r->type == MIEN_OPT_CHOICE);
    memcpy(to_show ? shown : r->value, to_show ? r->value : shown,
           r->type == MIEN_OPT_BOOL ? sizeof(bool) : sizeof(int));
}

static void move_values(struct mien_session_options *o, struct mien_show *show, bool to_show)
{
    struct mien_settings s;
    mien_settings_bind(&s, o);
    for (int i = 0; s.row[i].name; i++) {
        if (s.shown[i]) {
            move_value(&s.row[i], (char *)show + s.shown[i], to_show);
        }
    }
}

void mien_settings_show(struct mien_session_options *o, struct mien_show *show)
{
    move_values(o, show, true);
}

void mien_settings_take(struct mien_show *show, struct mien_session_options *now)
{
    move_values(now, show, false);
}

static bool differ(double a, double b) // the window has them as floats
{
    return fabs(a - b) > 1e-6 * fmax(1, fabs(a));
}

void mien_settings_write(const struct mien_opt *r, const char *key, struct mien_config *c)
{
    char text[64];
    const char *long_one = is_text(r) ? *(const char *const *)r->value : NULL;
    mien_config_set(c, key, long_one ? long_one : mien_opt_text(r, text, sizeof(text)));
}

void mien_settings_print(const struct mien_settings *s, FILE *f)
{
    for (int i = 0; s->row[i].name; i++) {
        const struct mien_opt *r = &s->row[i];
        const struct mien_origin *from = &s->origin[i];
        char text[1024];
        int n = fprintf(f, "%s = %s", *r->name ? r->name : s->key[i],
                        mien_opt_text(r, text, sizeof(text)));
        fprintf(f, "%*s  # ", n < 36 ? 36 - n : 0, "");
        if (from->from == MIEN_FROM_FILE) {
            fprintf(f, "%s:%d\n", from->file, from->line);
        } else {
            fprintf(f, "%s\n", from->from == MIEN_FROM_OPTION ? "command line" : "default");
        }
    }
}

void mien_settings_note(const struct mien_session_options *before,
                        const struct mien_session_options *now, struct mien_config *c)
{
    struct mien_session_options a = *before, b = *now;
    struct mien_settings of_a, of_b;
    mien_settings_bind(&of_a, &a);
    mien_settings_bind(&of_b, &b);
    for (int i = 0; of_a.row[i].name; i++) {
        const struct mien_opt *r = &of_a.row[i];
        const char *key = of_a.key[i];
        const void *x = r->value, *y = of_b.row[i].value;
        if (!key || of_a.action[i] < 0) {
            continue;
        }
        bool other = is_text(r)                 ? *(const char *const *)x != *(const char *const *)y
                     : r->type == MIEN_OPT_BOOL ? *(const bool *)x != *(const bool *)y
                     : r->type == MIEN_OPT_FLOAT ? differ(*(const double *)x, *(const double *)y)
                                                 : *(const int *)x != *(const int *)y;
        if (other) {
            mien_settings_write(&of_b.row[i], key, c);
        }
    }
}

// `mien live`: camera or clip -> fitted face on the screen, in real time.
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/log.h"
#include "live/files.h"
#include "live/live_session.h"
#include "live/presets.h"
#include "live/settings.h"
#include "source/controls.h"
#include "view/actions.h"

static bool parse_size(const char *text, const char *option, int *w, int *h)
{
    char rest;
    if (sscanf(text, "%dx%d%c", w, h, &rest) == 2 && *w >= 64 && *h >= 64 && *w <= 8192 &&
        *h <= 8192) {
        return true;
    }
    mien_error("%s \"%s\": a size is written 1280x720, from 64x64 to 8192x8192", option, text);
    return false;
}

// The settings file that this run uses; NULL: none. Without a window only one that is named.
static const char *settings_file(const struct mien_session_options *o, char path[1024])
{
    if (o->no_config || (o->headless && !o->config)) {
        return NULL;
    }
    return o->config ? o->config : mien_config_default_path(path, 1024) ? path : NULL;
}

static void list_keys(void)
{
    const char *shown, *said;
    char text[MIEN_KEY_TEXT];
    printf("\nkeys:\n");
    for (int i = 0; (said = mien_key_line(i, &shown, text)); i++) {
        printf("  %-7s  %s\n", shown, said);
    }
    printf(
        "\nkeys of your own, in the settings file: key.X = ACTION [WORDS]; X is a letter, space or "
        "f5; the actions are\n ");
    for (int i = 0, column = 2; i < MIEN_ACTIONS; i++) {
        const struct mien_action_row *row = mien_action_at(i);
        int n = (int)strlen(row->name) + 1;
        printf("%s%s", column + n > 100 ? "\n  " : " ", row->name);
        column = column + n > 100 ? 2 + n : column + n;
    }
    printf("\n");
}

// What the options say beyond what their rows check, and what follows from them. uri: the argument,
// NULL without.
static bool apply_options(struct mien_session *s, struct mien_settings *settings, const char *uri)
{
    static struct mien_traces try; // large
    struct mien_session_options *o = &s->o;
    struct mien_why why;
    if (uri && mien_settings_given(settings, &o->source)) {
        mien_error("two sources are given, \"%s\" and --source \"%s\": one is shown at a time", uri,
                   o->source);
        return false;
    }
    if (uri) {
        o->source = uri;
        mien_settings_give(settings, &o->source);
    }
    if ((o->size && !parse_size(o->size, "--size", &o->width, &o->height)) ||
        (o->capture && !parse_size(o->capture, "--capture", &o->capture_w, &o->capture_h))) {
        return false;
    }
    if (o->curves && !mien_traces_choose(&try, o->curves, &why)) {
        mien_error("--curves: %s; mien live --help lists them", why.text);
        return false;
    }
    uint8_t rgb[3];
    if (o->ground && !mien_stage_colour(o->ground, rgb)) {
        mien_error("--ground \"%.40s\" is not a colour: " MIEN_STAGE_COLOURS, o->ground);
        return false;
    }
    if (mien_settings_given(settings, &o->avatar) &&
        !mien_settings_given(settings, &o->programme)) {
        o->programme = MIEN_PROGRAMME_AVATAR;
    }
    o->show_curves = o->show_curves || mien_settings_given(settings, &o->curves);
    if (o->out && !mien_live_out_check(o->out, &why)) {
        mien_error("--out %s", why.text);
        return false;
    }
    if (o->control && !mien_controls_check(o->control, &why)) {
        mien_error("--control %s", why.text);
        return false;
    }
    o->waits = !o->pace;
    if (o->waits && mien_settings_given(settings, &o->record_sound)) {
        mien_error("--record-sound: with --no-pace nothing happens in real time, so no sound fits: "
                   "leave one of them out");
        return false;
    }
    return true;
}

// What it says stands before the settings file and behind the command line. Its outputs are opened.
static bool take_preset(struct mien_session *s, struct mien_settings *settings,
                        struct mien_config *preset)
{
    struct mien_session_options *o = &s->o;
    char path[1200];
    if (!mien_preset_path(o->preset, path, sizeof(path))) {
        return false;
    }
    mien_config_load(preset, path);
    const char *prop = mien_config_get(preset, "prop"),
               *outputs = mien_config_get(preset, "outputs");
    if (prop && !*prop && !mien_settings_given(settings, &o->prop)) {
        o->prop = NULL;
    }
    mien_settings_load(settings, o, preset);
    if (outputs && *outputs && !mien_settings_given(settings, &o->out)) {
        o->out = outputs;
    }
    return true;
}

int mien_cmd_live(int argc, char **argv)
{
    static const struct mien_command cmd = {
        .name = "live",
        .synopsis = "[URI] [options]",
        .summary = "head pose, expression and face shape, live over the camera's picture",
        .example =
            "mien live\n"
            "  mien live clip.mp4 --mode shaded\n"
            "  mien live clip.mp4 --headless --frames 300 --record out.mp4 --out jsonl:out.jsonl",
        .min_args = 0,
        .max_args = 1,
    };
    struct mien_command noting = cmd;
    struct mien_session s = {.o = mien_settings_defaults()};
    struct mien_settings settings;
    struct mien_config config = {0}, preset = {0};
    static struct mien_bindings bindings; // large
    char path[1024];
    const char *args[1], *file;
    int nargs = 0;
    mien_settings_bind(&settings, &s.o);
    noting.origin = settings.origin;
    int rc = mien_args_parse(&noting, settings.row, argc, argv, args, &nargs);
    if (rc) {
        if (rc == 1) { // --help was shown, with the program's defaults, not the user's
            list_keys();
        }
        return rc == 1 ? 0 : rc;
    }
    file = settings_file(&s.o, path);
    if (file) {
        mien_config_load(&config, file);
        mien_settings_load(&settings, &s.o, &config);
        mien_bindings_load(&bindings, &config);
        s.bindings = &bindings;
    }
    if (s.o.preset && !take_preset(&s, &settings, &preset)) {
        mien_settings_destroy(&settings);
        mien_config_destroy(&config);
        return 2;
    }
    rc = apply_options(&s, &settings, nargs ? args[0] : NULL) ? 0 : 2;
    if (!rc && s.o.show_settings) {
        mien_settings_print(&settings, stdout);
    } else if (!rc) {
        s.config = file ? &config : NULL;
        s.settings = &settings;
        mien_files_private(s.o.share);
        mien_stop_install();
        rc = mien_session_run(&s, mien_stop_asked);
    }
    mien_settings_destroy(&settings);
    mien_config_destroy(&config);
    mien_config_destroy(&preset);
    return rc;
}

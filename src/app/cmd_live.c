// `mien live`: camera or clip -> fitted face on the screen, in real time.
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/log.h"
#include "live/config.h"
#include "live/files.h"
#include "live/live_session.h"
#include "sink/sinks.h"
#include "view/keys.h"

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

// The settings file comes before the command line, which wins: so its own options are looked for
// first. --help shows the program's defaults, not the user's. False: no settings are remembered.
static bool recall(int argc, char **argv, struct mien_session_options *o,
                   struct mien_config *config, char *source, size_t source_size)
{
    char path[1024];
    const char *named = NULL;
    bool use = true, headless = false;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *a = argv[i];
        if (!strcmp(a, "--help") || !strcmp(a, "-h") || !strcmp(a, "--no-config")) {
            use = false;
        } else if (!strcmp(a, "--headless")) {
            headless = true;
        } else if (!strcmp(a, "--config") && i + 1 < argc) {
            named = argv[++i];
        } else if (!strncmp(a, "--config=", 9)) {
            named = a + 9;
        }
    }
    if (!use || (headless && !named)) {
        return false;
    }
    if (!named) {
        if (!mien_config_default_path(path, sizeof(path))) {
            return false;
        }
        named = path;
    }
    mien_config_load(config, named);
    mien_session_recall(o, config, source, source_size);
    return true;
}

int mien_cmd_live(int argc, char **argv)
{
    struct mien_session s = {.o = {.source = "",
                                   .hud = MIEN_HUD_LINE,
                                   .mirror = -1,
                                   .mirror_camera = true,
                                   .light = true,
                                   .opacity = 1}};
    struct mien_session_options *o = &s.o;
    struct mien_config config = {0};
    char recalled[1024];
    char sinks[MIEN_SINKS_HELP_SIZE];
    const char *size = NULL, *sensor = NULL, *config_path = NULL;
    bool pace = true, no_config = false, share = false;
    bool remembers = recall(argc, argv, o, &config, recalled, sizeof(recalled));
    const struct mien_opt opts[] = {
        {"source", 's', MIEN_OPT_STRING, &o->source, "URI",
         "camera (nothing, camera:NAME, /dev/videoN), video, picture, folder or synth:seed=N", 0,
         0},
        {"capture", 0, MIEN_OPT_STRING, &sensor, "WxH", "the camera's picture size", 0, 0},
        {"fps", 0, MIEN_OPT_INT, &o->fps, "N", "the camera's rate; 0 is its best up to 60", 0, 240},
        {"fov", 0, MIEN_OPT_FLOAT, &o->fov, "DEG",
         "the camera's horizontal field of view; 0 when unknown", 0, 170},
        {"faces", 0, MIEN_OPT_INT, &o->faces, "N", "faces to follow; 0 is one", 0, MIEN_FACES_MAX},
        {"quality", 0, MIEN_OPT_BOOL, &o->quality, NULL,
         "look at every face twice, mirrored: steadier, twice the network's time", 0, 0},
        {"filter", 0, MIEN_OPT_FLOAT, &o->filter, "F",
         "strength of smoothing; 0 is the default, -1 none, 2 twice as steady", -1, 10},
        {"mode", 'm', MIEN_OPT_CHOICE, &o->mode, MIEN_VIEW_MODE_NAMES,
         "what is drawn over the face", 0, 0},
        {"opacity", 0, MIEN_OPT_FLOAT, &o->opacity, "F", "of what is drawn, 0 to 1", 0, 1},
        {"prop", 0, MIEN_OPT_INPUT, &o->prop, "NAME|FILE",
         "what is worn: glasses, sunglasses, hat, moustache, tiger, mask, or a glTF or PNG file", 0,
         0},
        {"light", 0, MIEN_OPT_BOOL, &o->light, NULL, "light what is worn like the face", 0, 0},
        {"mirror", 0, MIEN_OPT_SWITCH, &o->mirror, NULL,
         "show the picture as in a mirror, or with --no-mirror not; without either, cameras are "
         "and "
         "files are not",
         0, 0},
        {"hud", 0, MIEN_OPT_CHOICE, &o->hud, MIEN_HUD_NAMES,
         "what is written over the picture: one line of state, or times, pose and expression too",
         0, 0},
        {"bars", 0, MIEN_OPT_BOOL, &o->bars, NULL, "blendshape bars", 0, 0},
        {"curves", 0, MIEN_OPT_STRING, &o->curves, "LIST",
         "live curves of up to eight blendshapes, expression classes, action units (AU01 …), yaw, "
         "pitch, roll, gazeYaw, gazePitch, blinkRate, with commas",
         0, 0},
        {"axes", 0, MIEN_OPT_BOOL, &o->axes, NULL, "head axes and gaze", 0, 0},
        {"points", 0, MIEN_OPT_BOOL, &o->points, NULL, "landmarks with their uncertainty", 0, 0},
        {"head", 0, MIEN_OPT_BOOL, &o->head, NULL, "draw the whole head, not only the face", 0, 0},
        {"size", 0, MIEN_OPT_STRING, &size, "WxH", "the window's size", 0, 0},
        {"fullscreen", 'f', MIEN_OPT_BOOL, &o->fullscreen, NULL, "fill the screen", 0, 0},
        {"headless", 0, MIEN_OPT_BOOL, &o->headless, NULL, "without a display", 0, 0},
        {"frames", 'n', MIEN_OPT_INT, &o->frames, "N",
         "end after N frames, starting a clip again when it is shorter; 0 is no limit", 0, 1e9},
        {"loop", 0, MIEN_OPT_BOOL, &o->loop, NULL,
         "start a clip again at its end (windows always do)", 0, 0},
        {"pace", 0, MIEN_OPT_BOOL, &pace, NULL,
         "play clips at their own rate; --no-pace: every frame, as fast as it goes", 0, 0},
        {"screenshot", 0, MIEN_OPT_OUTPUT, &o->screenshot, "FILE.png",
         "save the last picture shown", 0, 0},
        {"record", 0, MIEN_OPT_OUTPUT, &o->record, "FILE.mp4",
         "record the picture; --programme says what of it", 0, 0},
        {"programme", 0, MIEN_OPT_CHOICE, &o->programme, MIEN_PROGRAMME_NAMES,
         "what recordings and virtual cameras get: the picture with what is worn, alone, or all "
         "that "
         "the window shows",
         0, 0},
        {"folder", 0, MIEN_OPT_STRING, &o->folder, "DIR",
         "where recordings, pictures, reports and records go that keys and menus begin; made when "
         "it is not there; the current folder by default",
         0, 0},
        {"out", 'o', MIEN_OPT_STRING, &o->out, "SINK", mien_sinks_help(sinks), 0, 0},
        {"report", 0, MIEN_OPT_OUTPUT, &o->report, "FILE.html",
         "a page about expression, blinks, head and gaze over time", 0, 0},
        MIEN_FILES_SHARE_OPT(share),
        {"profile", 0, MIEN_OPT_STRING, &o->profile, "NAME",
         "a person's own neutral expression and range; learnt in ten seconds when new, again with "
         "C; P uses it or not",
         0, 0},
        {"net", 0, MIEN_OPT_INPUT, &o->net, "NAME",
         "face network: standard, clean (licence-clean), or a file", 0, 0},
        {"detector", 0, MIEN_OPT_INPUT, &o->detect, "FILE", "another detector", 0, 0},
        {"menu", 0, MIEN_OPT_CHOICE, &o->menu, MIEN_UI_MENU_NAMES,
         "start with this menu or window open", 0, 0},
        {"config", 0, MIEN_OPT_STRING, &config_path, "FILE",
         "settings are read from and remembered in this file instead of "
         "$XDG_CONFIG_HOME/mien/config; --headless uses none unless it is named",
         0, 0},
        {"no-config", 0, MIEN_OPT_BOOL, &no_config, NULL, "use no settings file", 0, 0},
        {0},
    };
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
    const char *recalled_prop = o->prop, *recalled_profile = o->profile;
    const char *before = o->source; // the settings', or none
    const char *recalled_curves = o->curves, *recalled_net = o->net, *recalled_folder = o->folder;
    const char *args[64];
    int nargs = 0;
    if (argc > 64) {
        mien_error("too many arguments");
        return 2;
    }
    int rc = mien_args_parse(&cmd, opts, argc, argv, args, &nargs);
    const char *reason;
    if (rc == 1) { // --help was shown
        const char *shown, *said;
        char text[MIEN_KEY_TEXT];
        printf("\nkeys:\n");
        for (int i = 0; (said = mien_key_line(i, &shown, text)); i++) {
            printf("  %-7s  %s\n", shown, said);
        }
        rc = 0;
        goto out;
    }
    if (rc) {
        goto out;
    }
    rc = 2;
    if (nargs == 1 && o->source != before) {
        mien_error("two sources are given, \"%s\" and --source \"%s\": one is shown at a time",
                   args[0], o->source);
        goto out;
    }
    if (nargs == 1) {
        o->source = args[0];
    }
    if (size && !parse_size(size, "--size", &o->width, &o->height)) {
        goto out;
    }
    if (sensor && !parse_size(sensor, "--capture", &o->capture_w, &o->capture_h)) {
        goto out;
    }
    static struct mien_traces try; // large
    if (o->curves && !mien_traces_choose(&try, o->curves, &reason)) {
        mien_error("--curves: \"%.40s\" is no channel (mien live --help), or a ninth one", reason);
        goto out;
    }
    o->show_curves = o->show_curves || o->curves != recalled_curves;
    if (o->out && !mien_live_out_check(o->out, &reason)) {
        mien_error("--out %s", reason);
        goto out;
    }
    s.to_stdout = o->out && mien_live_out_uses_stdout(o->out);
    o->waits = !pace;
    o->prop_recalled = o->prop_recalled && o->prop == recalled_prop;
    o->profile_recalled = o->profile_recalled && o->profile == recalled_profile;
    o->folder_recalled = o->folder_recalled && o->folder == recalled_folder;
    o->net_recalled = o->net_recalled && o->net == recalled_net;
    o->source_recalled = o->source == recalled;
    s.config = remembers ? &config : NULL;
    mien_files_private(share);
    mien_stop_install();
    rc = mien_session_run(&s, mien_stop_asked);
out:
    mien_config_destroy(&config);
    return rc;
}

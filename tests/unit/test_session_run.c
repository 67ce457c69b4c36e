// A whole run of the live program by script: the real thread graph, engine, menus and outputs on
// the bundled clip; keys and dropped files come as SDL events, menus ask as they do when clicked.
// Every menu, mode, thing to wear, kind of output; recording over a change of the window's size and
// of the source; range, marks and report; what is remembered, and what is not opened by itself.
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <SDL2/SDL.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "live/live_session.h"
#include "live/settings.h"
#include "network_scene.h"
#include "patience.h"
#include "press_key.h"
#include "run_tests.h"

enum { W = 640, H = 360, CLIP_W = 640, CLIP_H = 480 };

static struct mien_session session;
static struct mien_config config;
static char dir[64], clip[1024], recorded[1024], trouble[400];
static int step, since, ports;
static bool acted, heard;
static int64_t until_ns;
static struct mien_ui_controls *c;

static void drop(const char *path)
{
    SDL_Event e = {.drop = {.type = SDL_DROPFILE, .file = SDL_strdup(path)}};
    SDL_PushEvent(&e);
}

static bool frames(int n)
{
    return session.show->frames >= (uint64_t)(since + n);
}

// Since the deed: notices go away by themselves, sooner than a slow machine draws some frames.
static bool said(const char *text)
{
    heard = heard || strstr(session.show->notice, text);
    return heard;
}

static bool is_file(const char *path)
{
    struct stat st;
    return !stat(path, &st) && st.st_size > 0;
}

// A step: what the user does (called once, k counts repeats), and what is true some rounds later.
struct deed {
    const char *name;
    void (*act)(int k);
    bool (*done)(int k);
    int times;
};

static void nothing(int k)
{
}

static bool sees_a_face(int k)
{
    return frames(3) && session.show->shot && session.show->shot->result.count == 1;
}

static void open_menu(int k)
{
    mien_ui_show(session.show->ui, (enum mien_ui_menu)(MIEN_UI_SOURCE + k));
}

static bool menu_is_open(int k)
{
    return frames(3) && mien_ui_visible(session.show->ui, NULL);
}

static void escape(int k)
{
    press_key(SDLK_ESCAPE, false);
}

static bool no_menu(int k)
{
    return frames(3) && !mien_ui_visible(session.show->ui, NULL) && !session.show->quit;
}

static void next_mode(int k)
{
    press_key(SDLK_m, false);
}

static bool mode_is_next(int k)
{
    return frames(2) && (int)session.show->settings.mode == (k + 1) % MIEN_VIEW_MODES;
}

static void next_prop(int k)
{
    press_key(SDLK_g, false);
}

static bool prop_is_worn(int k)
{
    return frames(2) && c->prop == (k + 1) % c->props;
}

// Every kind but the virtual camera, which needs a driver (tests/camera).
static const char *const kinds[] = {"jsonl:a.jsonl",
                                    "csv:a.csv",
                                    "tidy:t.csv",
                                    "md5:a.md5",
                                    "null",
                                    "openface:of.csv",
                                    "mediapipe:mp.json",
                                    "livelinkcsv:ll.csv",
                                    "gltf:a.glb",
                                    "vmc:127.0.0.1:%d",
                                    "osf:127.0.0.1:%d",
                                    "livelink:127.0.0.1:%d",
                                    "ifacialmocap:%d",
                                    "facecap:127.0.0.1:%d",
                                    "opentrack:127.0.0.1:%d",
                                    "ws:%d"};

static void add_sink(int k)
{
    char spec[64];
    snprintf(spec, sizeof(spec), kinds[k], ports + k);
    mien_action_ask_text(c->actions, MIEN_ACTION_ADD_OUTPUT, spec);
}

static bool sink_is_on(int k)
{
    return frames(2) && c->sinks == k + 1 && c->sink[k].on;
}

static void add_nonsense(int k)
{
    mien_action_ask_text(c->actions, MIEN_ACTION_ADD_OUTPUT, k ? "loopback:/dev/null" : "jsn:x");
}

static bool it_is_refused(int k)
{
    int last = (int)MIEN_COUNT(kinds);
    return k ? said("cannot be opened") && c->sinks == last + 1 && !c->sink[last].on
             : said("jsn") && c->sinks == last;
}

static void press_report(int k)
{
    press_key(SDLK_r, true);
}

static bool report_is_on(int k)
{
    return said("report") && frames(5) && session.show->info.lamps == MIEN_LAMPS;
}

static bool report_is_saved(int k)
{
    return said("saved mien-") && strstr(session.show->notice, ".html");
}

static void free_a_place(int k) // the refused virtual camera's, for the report
{
    c->sinks--;
}

static void press_mark(int k)
{
    press_key(SDLK_k, false);
}

static bool it_is_marked(int k)
{
    return said(k ? "mark 2" : "mark 1") && frames(3);
}

static void toggle_sink(int k)
{
    mien_action_ask_number(c->actions, MIEN_ACTION_OUTPUT, k);
}

static bool sink_is_off(int k)
{
    return frames(1) && !c->sink[k].on;
}

static void press_record(int k)
{
    press_key(SDLK_r, false);
}

static bool it_records(int k)
{
    return frames(40) && c->recording && session.show->info.lamp[0].kind == MIEN_LAMP_RECORD;
}

static void resize(int k) // what MIEN_KEY_RESIZED does with a window
{
    assert_true(mien_view_resize(session.show->view, k ? 900 : 500, k ? 300 : 700));
}

static bool ten_frames(int k)
{
    return frames(10);
}

static void drop_picture(int k)
{
    drop("still.png");
}

static bool picture_is_shown(int k)
{
    return frames(10) && !strcmp(session.source.shown_name, "still.png") && c->width == 300;
}

static void drop_clip(int k)
{
    char uri[1100];
    snprintf(uri, sizeof(uri), "file://%s", clip);
    drop(uri);
}

static bool clip_is_shown(int k)
{
    return frames(40) && !strcmp(session.source.shown_name, "demo.mp4");
}

static bool recording_is_saved(int k)
{
    snprintf(recorded, sizeof(recorded), "%s", c->record_path);
    return !c->recording && said("saved mien-");
}

static void drop_missing(int k)
{
    drop(k ? "broken.mp4" : "nosuch.mp4");
}

static bool the_old_one_goes_on(int k)
{
    return (said("nosuch") || said("broken")) && frames(5) &&
           strstr(session.source.shown_name, "demo.mp4");
}

static void press_camera(int k)
{
    press_key(SDLK_c, false);
}

static bool no_camera_is_told(int k)
{
    return (said("no camera") || said("no other camera") || session.source.is_camera) && frames(3);
}

static void press_learn(int k)
{
    press_key(SDLK_c, true);
}

static bool it_guides(int k)
{
    return c->guide.stage == MIEN_UI_GUIDE_READY && frames(2);
}

static void skip_all(int k)
{
    for (int i = 0; i <= MIEN_GUIDE_STEPS; i++) {
        mien_action_ask(c->actions, MIEN_ACTION_GUIDE_SKIP);
    }
}

static bool it_is_reviewed(int k)
{
    return c->guide.stage == MIEN_UI_GUIDE_REVIEW && frames(2);
}

static void press_keep(int k) // gestures that are seen: test_session_guide
{
    session.person.guide.seen[2] = true;
    press_key(SDLK_RETURN, false);
}

static bool it_is_kept(int k)
{
    return c->profile_known && c->profile_on && said("kept in");
}

static bool page_is_closed(int k)
{
    return c->guide.stage == MIEN_UI_GUIDE_OFF && frames(2);
}

static void press_use(int k)
{
    press_key(SDLK_p, true);
}

static bool use_changes(int k)
{
    return frames(2) && c->profile_on == k;
}

static void press_all(int k)
{
    static const SDL_Keycode keys[] = {SDLK_h,        SDLK_b, SDLK_a, SDLK_p, SDLK_e,
                                       SDLK_x,        SDLK_l, SDLK_w, SDLK_n, SDLK_v,
                                       SDLK_QUESTION, SDLK_s, SDLK_f, SDLK_2};
    for (size_t i = 0; i < MIEN_COUNT(keys); i++) {
        press_key(keys[i], false);
    }
    press_key(SDLK_n, true);
    press_key(SDLK_v, true);
}

static bool all_is_changed(int k)
{
    const struct mien_view_settings *v = &session.show->settings;
    return frames(2) && v->points && v->head && v->mirror && v->help && v->curves && !v->hud &&
           !v->bars && !v->axes && !c->light && c->programme == MIEN_PROGRAMME_PICTURE &&
           c->faces == 2;
}

static void press_pause(int k)
{
    press_key(SDLK_SPACE, false);
}

static bool it_pauses(int k)
{
    return session.show->info.paused == !k && (!k || frames(2));
}

static int network(const char *name)
{
    for (int i = 0; i < c->networks; i++) {
        if (!strcmp(c->network_name[i], name)) {
            return i;
        }
    }
    return -1;
}

static void choose_network(int k) // as the list in the menu does
{
    mien_action_ask_number(c->actions, MIEN_ACTION_SET_NETWORK,
                           network(k == 1 ? "broken" : "other"));
}

// The broken one is refused; the other one goes on, and with it the pictures and the face.
static bool network_is_used(int k)
{
    bool told =
        k == 1 ? said("broken cannot be used, so other stays in use") : said("network other");
    return told && frames(5) && session.network.on == network("other") &&
           c->network == session.network.on && session.show->shot->result.count > 0 &&
           !strcmp(session.show->shot->result.network, "other");
}

static void press_network(int k)
{
    press_key(SDLK_t, true);
}

static bool next_network_is_used(int k)
{
    return said("network standard") && frames(5) && session.network.on == 0 &&
           session.show->shot->result.count > 0;
}

static void press_twice(int k)
{
    press_key(SDLK_t, false);
}

static bool it_looks_twice(int k)
{
    return said("looks twice") && c->quality && frames(5) && session.show->shot->result.count > 0;
}

static const char *folder_text[] = {"made/here/", "", "~/again", "still.png/sub", "a,b"};
static const char *folder_wanted[] = {"/made/here", NULL, "/again", "/again", "/again"};

static void type_folder(int k) // as in the menu Record; the last two cannot be
{
    mien_action_ask_text(c->actions, MIEN_ACTION_FOLDER, folder_text[k]);
}

static int files_in(const char *folder, const char *ending)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        size_t at = strlen(e->d_name);
        n += at > strlen(ending) && !strcmp(e->d_name + at - strlen(ending), ending);
    }
    if (d) {
        closedir(d);
    }
    return n;
}

static bool folder_is_taken(int k)
{
    char want[200] = "";
    if (folder_wanted[k]) {
        snprintf(want, sizeof(want), "%s%s", dir, folder_wanted[k]);
    }
    return said(k > 2    ? "cannot be written"
                : k == 1 ? "go to the current"
                         : want) &&
           !strcmp(c->folder, want) && !strcmp(session.folder.path, want) &&
           (!*want || !access(want, W_OK));
}

static void press_picture(int k)
{
    press_key(SDLK_s, false);
}

static bool picture_is_in_the_folder(int k) // also several of one second
{
    return said("again/mien-") && files_in("again", ".png") == k + 1;
}

static bool report_is_in_the_folder(int k)
{
    return k ? said("saved ") && files_in("again", ".html") == 1 : said("again/mien-") && frames(3);
}

static bool recording_is_in_the_folder(int k)
{
    return k ? said("saved ") && files_in("again", ".mp4") == 1 : c->recording && frames(3);
}

static void add_record(int k)
{
    c->sinks--; // an old one's place
    mien_action_ask_text(c->actions, MIEN_ACTION_ADD_OUTPUT, "jsonl:b.jsonl");
}

static bool record_is_in_the_folder(int k)
{
    return frames(3) && c->sink[c->sinks - 1].on && is_file("again/b.jsonl");
}

static void spoil_folder(int k)
{
    assert_int_equal(rename("again", "moved"), 0);
    assert_true(mien_file_save("again", "", 0));
    press_key(k ? SDLK_r : SDLK_s, false);
}

static bool it_says_what_to_do(int k)
{
    if (!said("a file of that name is in the way") || !said("choose another folder") ||
        c->recording) {
        return false;
    }
    return !remove("again") && !rename("moved", "again");
}

// What a preset holds.
static struct look {
    struct mien_view_settings view;
    int faces, prop, programme;
    bool quality, light;
} looked;

static struct look look_now(void)
{
    return (struct look){session.show->settings, c->faces,   c->prop,
                         (int)c->programme,      c->quality, c->light};
}

static void keep_preset(int k)
{
    looked = look_now();
    mien_action_ask_text(c->actions, MIEN_ACTION_SAVE_PRESET, k ? "../mine" : "mine");
}

static bool preset_is_kept(int k)
{
    return k ? said("not kept")
             : said("the preset is kept in") && c->presets == 4 && !strcmp(c->preset, "mine");
}

static void take_preset(int k)
{
    static const char *const name[] = {"lab", "booth", "mine", "none"};
    mien_action_ask_text(c->actions, MIEN_ACTION_PRESET, name[k]);
}

static bool preset_is_taken(int k)
{
    if (!frames(3)) {
        return false;
    }
    struct look now = look_now();
    const struct mien_view_settings *v = &now.view;
    switch (k) {
    case 0:
        return v->mode == MIEN_VIEW_WIREFRAME && v->hud == MIEN_HUD_FULL && v->curves && v->axes &&
               now.quality && !now.prop && now.programme == MIEN_PROGRAMME_PICTURE &&
               v->fade > 0.49f && v->fade < 0.51f;
    case 1:
        return v->mode == MIEN_VIEW_OFF && v->hud == MIEN_HUD_OFF && !v->curves && now.faces == 4 &&
               now.prop > 0 && !strcmp(c->prop_name[now.prop], "sunglasses") &&
               now.programme == MIEN_PROGRAMME_PROPS;
    case 2:
        return v->mode == looked.view.mode && v->hud == looked.view.hud &&
               v->bars == looked.view.bars && v->curves == looked.view.curves &&
               v->axes == looked.view.axes && v->points == looked.view.points &&
               v->head == looked.view.head && fabsf(v->fade - looked.view.fade) < 1e-5f &&
               now.faces == looked.faces && now.prop == looked.prop &&
               now.programme == looked.programme && now.quality == looked.quality &&
               now.light == looked.light;
    default:
        return said("there is no preset none");
    }
}

static void quit(int k)
{
    press_key(SDLK_q, false);
}

static bool it_asks(int k) // records are still written
{
    return frames(2) && mien_ui_visible(session.show->ui, NULL) && !session.show->quit;
}

static bool never(int k)
{
    return false; // the loop ends first
}

static const struct deed deeds[] = {
    {"a face is seen", nothing, sees_a_face, 1},
    {"menus open", open_menu, menu_is_open, 1},
    {"menus close", escape, no_menu, 1},
    {"every menu opens", open_menu, menu_is_open, MIEN_UI_HELP},
    {"the last menu closes", escape, no_menu, 1},
    {"every mode", next_mode, mode_is_next, MIEN_VIEW_MODES},
    {"everything to wear", next_prop, prop_is_worn, 11},
    {"every kind of output", add_sink, sink_is_on, MIEN_COUNT(kinds)},
    {"what cannot be is refused", add_nonsense, it_is_refused, 2},
    {"a place for the report", free_a_place, ten_frames, 1},
    {"the report begins", press_report, report_is_on, 1},
    {"marks are set", press_mark, it_is_marked, 2},
    {"the report is saved", press_report, report_is_saved, 1},
    {"every output ends", toggle_sink, sink_is_off, MIEN_COUNT(kinds)},
    {"recording begins", press_record, it_records, 1},
    {"the window's size changes", resize, ten_frames, 2},
    {"a picture is dropped", drop_picture, picture_is_shown, 1},
    {"the clip is dropped", drop_clip, clip_is_shown, 1},
    {"recording ends", press_record, recording_is_saved, 1},
    {"what is no video is told", drop_missing, the_old_one_goes_on, 2},
    {"the next camera", press_camera, no_camera_is_told, 1},
    {"calibration begins", press_learn, it_guides, 1},
    {"gestures are skipped", skip_all, it_is_reviewed, 1},
    {"the range is kept", press_keep, it_is_kept, 1},
    {"calibration is left", escape, page_is_closed, 1},
    {"the range is used or not", press_use, use_changes, 2},
    {"all keys", press_all, all_is_changed, 1},
    {"pause", press_pause, it_pauses, 2},
    {"other networks", choose_network, network_is_used, 2},
    {"the next network", press_network, next_network_is_used, 1},
    {"the other network", choose_network, network_is_used, 1},
    {"a second look", press_twice, it_looks_twice, 1},
    {"settings are kept", keep_preset, preset_is_kept, 2},
    {"presets are taken", take_preset, preset_is_taken, 4},
    {"a folder is typed", type_folder, folder_is_taken, MIEN_COUNT(folder_text)},
    {"pictures go there", press_picture, picture_is_in_the_folder, 3},
    {"reports go there", press_report, report_is_in_the_folder, 2},
    {"recordings go there", press_record, recording_is_in_the_folder, 2},
    {"records go there", add_record, record_is_in_the_folder, 1},
    {"a folder that went away", spoil_folder, it_says_what_to_do, 2},
    {"quit asks", quit, it_asks, 1},
    {"quit", quit, never, 1},
};

// Called every round of the program's loop.
static bool script(void)
{
    static int k;
    if (step >= (int)MIEN_COUNT(deeds) || trouble[0]) {
        return true;
    }
    const struct deed *d = &deeds[step];
    c = &session.show->controls;
    if (!acted) {
        since = (int)session.show->frames;
        d->act(k);
        acted = true;
        heard = false;
        until_ns = patience_ns();
        return false; // events are handled in the round that follows
    }
    if (d->done(k)) {
        acted = false;
        step += ++k == d->times;
        k = k == d->times ? 0 : k;
    } else if (mien_now_ns() > until_ns) {
        snprintf(trouble, sizeof(trouble), "\"%s\" (%d) did not come; notice: %.200s", d->name, k,
                 session.show->notice);
    }
    return false;
}

// Every line of a file is whole.
static int lines(const char *path)
{
    size_t size = 0;
    char *text = mien_file_read(path, 1 << 26, &size);
    int n = 0;
    if (!text) {
        fail_msg("%s is not there", path);
    }
    assert_int_equal(text[size - 1], '\n');
    for (size_t i = 0; i < size; i++) {
        n += text[i] == '\n';
    }
    mien_free(text);
    return n;
}

static int set_up(void **state)
{
    snprintf(dir, sizeof(dir), "/tmp/mien-run-%d", (int)getpid());
    if (mkdir(dir, 0700) || chdir(dir)) {
        return -1;
    }
    network_scene(dir); // without the shipped network the tests are skipped
    setenv("XDG_DATA_HOME", dir, 1);
    setenv("HOME", dir, 1);
    ports = 20000 + (int)getpid() % 20000;
    struct mien_image im = {0};
    if (!mien_image_create(&im, 300, 200, MIEN_FORMAT_RGB8)) {
        return -1;
    }
    memset(im.data, 200, im.stride * 200);
    bool ok = mien_png_save("still.png", &im);
    mien_image_destroy(&im);
    FILE *f = fopen("broken.mp4", "w");
    if (f) {
        fputs("this is no video", f);
        fclose(f);
    }
    return ok && f ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];
    mien_config_destroy(&config);
    if (chdir("/")) {
        return -1;
    }
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

static bool can_run(void)
{
    char path[1024];
    return mien_find_file("assets", "demo.mp4", clip, sizeof(clip)) &&
           mien_find_file("models", "face.net", path, sizeof(path)) &&
           mien_find_file("models", "detect.net", path, sizeof(path));
}

static void options(struct mien_session_options *o)
{
    *o = (struct mien_session_options){.source = clip,
                                       .headless = true,
                                       .loop = true,
                                       .waits = true, // nothing is lost, and no time either
                                       .hud = MIEN_HUD_FULL,
                                       .bars = true,
                                       .axes = true,
                                       .light = true,
                                       .opacity = 1,
                                       .width = W,
                                       .height = H};
}

static void everything_once(void **state)
{
    if (!can_run()) {
        skip();
    }
    options(&session.o);
    assert_true(mien_config_load(&config, "settings"));
    session.config = &config;
    int status = mien_session_run(&session, script);
    if (trouble[0]) {
        fail_msg("%s", trouble);
    }
    assert_int_equal(status, 0);
    assert_int_equal(step, MIEN_COUNT(deeds) - 1);
    static const char *const files[] = {"a.jsonl", "a.csv", "a.md5", "of.csv", "mp.json", "ll.csv"};
    for (size_t i = 0; i < MIEN_COUNT(files); i++) {
        assert_true(lines(files[i]) > 10);
    }
    assert_true(is_file("a.glb") && is_file("mien/profiles/default"));
    size_t size = 0;
    char *text = mien_file_read("a.jsonl", 1 << 26, &size);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"mark\":1"));
    assert_non_null(strstr(text, "\"mark\":2"));
    mien_free(text);
}

// The recording has the size that it began with, no black frame, and its time goes on.
static void recording_is_whole(void **state)
{
    if (step < (int)MIEN_COUNT(deeds) - 1) {
        skip();
    }
    struct mien_source *s = mien_source_open(recorded, NULL, NULL);
    struct mien_frame f = {0};
    int64_t last = -1;
    int n = 0, widest = 0;
    assert_non_null(s);
    while (mien_source_read(s, &f, patience_ns()) == MIEN_SOURCE_OK) {
        assert_int_equal(f.rgb.width, CLIP_W); // the picture's, not the window's
        assert_int_equal(f.rgb.height, CLIP_H);
        const uint8_t *middle = f.rgb.data + (CLIP_H / 2) * f.rgb.stride;
        long sum = 0;
        for (int x = 0; x < CLIP_W; x++) {
            sum += middle[3 * x + 1];
        }
        assert_true(sum / CLIP_W > 15);
        assert_true(f.media_ns > last);
        widest = n && (f.media_ns - last) / 1000000 > widest ? (int)((f.media_ns - last) / 1000000)
                                                             : widest;
        last = f.media_ns;
        n++;
    }
    mien_source_close(s);
    mien_frame_destroy(&f);
    assert_true(n >= 100);
    assert_in_range(widest, 30, 150); // ms: no gap where the source changed
}

// What was changed is there again; outputs are offered, none is opened.
static bool look_again(void)
{
    static int rounds;
    return session.show->frames >= 3 || rounds++ > 6000;
}

static void settings_come_back(void **state)
{
    if (step < (int)MIEN_COUNT(deeds) - 1) {
        skip();
    }
    static struct mien_settings settings;
    mien_config_destroy(&config);
    assert_true(mien_config_load(&config, "settings"));
    memset(&session, 0, sizeof(session));
    options(&session.o);
    mien_settings_bind(&settings, &session.o);
    mien_settings_load(&settings, &session.o, &config);
    session.settings = &settings;
    session.o.source = clip;
    struct mien_session_options *o = &session.o;
    assert_true(o->points && o->head && o->show_curves && o->programme == MIEN_PROGRAMME_PICTURE);
    assert_null(mien_config_get(&config, "mirror")); // a clip's is not a camera's
    assert_false(o->hud || o->bars || o->axes || o->light);
    assert_int_equal(o->faces, 2);
    assert_string_equal(o->curves, "neutral,happy,sad,surprise,fear,disgust,anger,contempt");
    assert_string_equal(o->profile, "default");
    assert_non_null(strstr(o->sinks, "jsonl:a.jsonl,csv:a.csv"));
    char folder[100];
    snprintf(folder, sizeof(folder), "%s/again", dir);
    assert_string_equal(o->folder, folder);
    assert_string_equal(o->net, "other");
    assert_true(o->quality);
    int before = lines("a.jsonl");
    for (int gone = 0; gone < 2; gone++) {
        if (gone) { // a network that was remembered and is there no more: the standard one
            network_scene_end(dir);
        }
        assert_int_equal(mien_session_run(&session, look_again), 0);
        assert_int_equal(lines("a.jsonl"), before); // nothing was written
        assert_true(gone ? session.network.on == 0 : session.network.on > 0);
        struct mien_session_options again = *o;
        memset(&session, 0, sizeof(session));
        session.o = again;
        session.settings = &settings;
    }
    assert_true(mien_settings_recalled(&settings, &session.o.net));
    mien_settings_give(&settings, &session.o.net); // the same on the command line is a mistake
    assert_int_not_equal(mien_session_run(&session, look_again), 0);
    mien_settings_destroy(&settings);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(everything_once),
          cmocka_unit_test(recording_is_whole), cmocka_unit_test(settings_come_back))

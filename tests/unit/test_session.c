// A scripted session: events as a user makes them open every menu, window and dialog, go through
// every mode and everything there is to wear; each leaves its mark on the picture, and some are
// compared with stored ones (tests/golden, MIEN_GOLDEN=write stores them anew, to be looked at).
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <SDL2/SDL.h>

#include "base/file.h"
#include "base/mem.h"
#include "live/live_props.h"
#include "live/live_show.h"
#include "folder.h"
#include "press_key.h"

enum { W = 872, H = 480 };

static struct mien_face_model model;
static struct mien_show show;
static struct mien_shot shot;
static bool have_gl;

static int set_up(void **state)
{
    if (!mien_face_model_load(&model, NULL) ||
        !mien_image_create(&shot.picture, 640, 480, MIEN_FORMAT_RGB8)) {
        return -1;
    }
    for (int y = 0; y < 480; y++) {
        for (int x = 0; x < 640; x++) {
            uint8_t *p = shot.picture.data + (size_t)y * shot.picture.stride + 3 * (size_t)x;
            p[0] = (uint8_t)(90 + x / 8);
            p[1] = (uint8_t)(100 + y / 8);
            p[2] = 120;
        }
    }
    struct mien_result *r = &shot.result;
    strcpy(r->network, "standard");
    r->width_px = 640;
    r->height_px = 480;
    r->camera = mien_camera_make(640, 480, 50);
    r->count = 2;
    for (int i = 0; i < 2; i++) {
        struct mien_face_result *f = &r->face[i];
        f->id = i + 1;
        f->state = MIEN_TRACK_STEADY;
        mien_pose_from_angles(i ? -20 : 15, -4, i ? 6 : -5, f->pose.R);
        f->pose.t[0] = i ? 130 : -110;
        f->pose.t[2] = -700;
        f->box_px[0] = i ? 370 : 160;
        f->box_px[1] = 150;
        f->box_px[2] = f->box_px[0] + 130;
        f->box_px[3] = 320;
        f->light_hint = 110;
        f->expression[0] = 1;
        f->landmark_count = model.landmarks;
        for (int k = 0; k < model.landmarks; k++) {
            float at[3];
            mien_mat3_mul_vec(f->pose.R, model.landmark_mean + 3 * k, at);
            for (int c = 0; c < 3; c++) {
                at[c] += f->pose.t[c];
            }
            assert_true(mien_camera_project(&r->camera, at, f->landmark_px[k]));
            f->landmark_sigma_px[k] = 1 + (float)(k % 5);
        }
    }
    struct mien_show_config c = {.title = "test",
                                 .model = &model,
                                 .picture_w = 640,
                                 .picture_h = 480,
                                 .width = W,
                                 .height = H,
                                 .headless = true,
                                 .settings = {.hud = MIEN_HUD_FULL, .bars = true}};
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", "/nowhere", 1); // the golden menus show mien's own props only
    have_gl = mien_show_open(&show, &c) && show.ui;
    if (have_gl) {
        show.menus_in_screenshot = true;
        assert_true(mien_traces_choose(&show.curves, MIEN_TRACES_DEFAULT, NULL));
        show.info.curves = show.controls.curves = &show.curves;
        mien_props_list(&show.controls, show.prop_path);
    }
    return 0;
}

static int tear_down(void **state)
{
    mien_show_close(&show);
    mien_image_destroy(&shot.picture);
    mien_face_model_destroy(&model);
    return 0;
}

static void press_shifted(SDL_Keycode key)
{
    SDL_Event e = {.key = {.type = SDL_KEYDOWN, .keysym = {.sym = key, .mod = KMOD_LSHIFT}}};
    SDL_PushEvent(&e);
}

// Does what was asked for that is the window's own; notes the rest.
static struct mien_action asked[32];
static int asks;

static void act(void)
{
    struct mien_action a;
    asks = 0;
    mien_show_events(&show);
    while (mien_inbox_take(&show.actions, &a)) {
        if (!mien_show_act(&show, &a)) {
            asked[asks++] = a;
        }
    }
}

// Events, a few frames, and what is on the screen then.
static void picture(struct mien_image *out)
{
    act();
    for (int i = 0; i < 4; i++) { // windows find their size in the first frames
        show.shot = &shot;
        mien_show_draw(&show, NULL);
    }
    char path[64];
    snprintf(path, sizeof(path), "/tmp/mien-session-%d.png", (int)getpid());
    show.notice[0] = 0;
    assert_true(mien_show_screenshot(&show, path));
    mien_image_destroy(out);
    assert_true(mien_image_load(path, out));
    remove(path);
}

static double difference(const struct mien_image *a, const struct mien_image *b)
{
    double sum = 0;
    assert_int_equal(a->width, b->width);
    for (int y = 0; y < a->height; y++) {
        for (int x = 0; x < 3 * a->width; x++) {
            sum += abs(a->data[(size_t)y * a->stride + (size_t)x] -
                       b->data[(size_t)y * b->stride + (size_t)x]);
        }
    }
    return sum / (3.0 * a->width * a->height);
}

// The largest mean difference of a 12x12 block: a word that is missing, not only a window.
static double worst_block(const struct mien_image *a, const struct mien_image *b)
{
    double worst = 0;
    for (int y = 0; y + 12 <= a->height; y += 6) {
        for (int x = 0; x + 12 <= a->width; x += 6) {
            double sum = 0;
            for (int i = 0; i < 12 * 36; i++) {
                size_t at = (size_t)(y + i / 36) * a->stride + (size_t)(3 * x + i % 36);
                sum += abs(a->data[at] - b->data[at]);
            }
            worst = sum / 432 > worst ? sum / 432 : worst;
        }
    }
    return worst;
}

// Stored pictures have half the size. The tolerances leave room for another renderer's rounding and
// edges; a line of text that is not there makes a worst block of 40 and more.
// What differs is told and counted: the case goes on, so that it leaves the window as the next one
// expects it, and fails at its end (no_differences).
static int differences;

static void golden(const struct mien_image *got, const char *name)
{
    char path[256];
    struct mien_image want = {0}, half = {0};
    assert_true(mien_image_create(&half, W / 2, H / 2, MIEN_FORMAT_RGB8));
    mien_resize(got, &half);
    snprintf(path, sizeof(path), "tests/golden/session_%s.png", name);
    const char *write = getenv("MIEN_GOLDEN");
    if (write && !strcmp(write, "write")) {
        assert_true(mien_png_save(path, &half));
    }
    assert_true(mien_image_load(path, &want));
    assert_int_equal(want.height, half.height);
    double d = difference(&half, &want), block = worst_block(&half, &want);
    if (d > 2 || block > 25) {
        snprintf(path, sizeof(path), "/tmp/session_%s-got.png", name);
        mien_png_save(path, &half);
        print_error("%s: mean difference %.2f, worst block %.1f, see %s\n", name, d, block, path);
        differences++;
    }
    mien_image_destroy(&want);
    mien_image_destroy(&half);
}

static void no_differences(void)
{
    int n = differences;
    differences = 0;
    assert_int_equal(n, 0);
}

// What the menus have to show: cameras, one of which is in use, outputs, a profile.
static void fill_menus(struct mien_ui_controls *c)
{
    static const struct mien_control lens[] = {
        {.name = "Brightness", .key = "brightness", .min = -64, .max = 64, .step = 1, .value = 10},
        {.kind = MIEN_CONTROL_SWITCH, .name = "White Balance, Automatic", .max = 1, .value = 1},
        {.name = "White Balance Temperature",
         .min = 2800,
         .max = 6500,
         .step = 10,
         .value = 4600,
         .ruled = true},
        {.kind = MIEN_CONTROL_CHOICE,
         .name = "Power Line Frequency",
         .max = 2,
         .value = 1,
         .item = {{0, "Disabled"}, {1, "50 Hz"}, {2, "60 Hz"}},
         .items = 3},
    };
    memcpy(c->camera_control, lens, sizeof(lens));
    c->camera_controls = (int)MIEN_COUNT(lens);
    c->cameras = 2;
    c->camera_now = 0;
    c->width = 640;
    c->height = 480;
    c->fps = 30;
    c->camera[0] = (struct mien_ui_camera){.name = "Desk Camera",
                                           .device = "/dev/video0",
                                           .mode = {{640, 480, 30}, {1280, 720, 30}},
                                           .modes = 2};
    c->camera[1] = (struct mien_ui_camera){.name = "Other Camera",
                                           .device = "/dev/video2",
                                           .problem = "another program uses it: close that one"};
    c->sinks = 3;
    c->sink[0] = (struct mien_ui_sink){.spec = "jsonl:faces.jsonl", .on = true};
    c->sink[1] = (struct mien_ui_sink){.spec = "vmc:127.0.0.1:39539", .on = true};
    c->sink[2] = (struct mien_ui_sink){.spec = "report:today.html"};
    c->profile_known = c->profile_on = true;
}

static int find_prop(const char *name)
{
    int i = 0;
    while (strcmp(show.controls.prop_name[i], name) != 0) {
        assert_true(++i < show.controls.props);
    }
    return i;
}

static void things_have_pictures_and_stars(void **state)
{
    if (!have_gl) {
        skip();
    }
    struct mien_ui_controls *c = &show.controls;
    char list[256];
    mien_props_set_favourites(c, "tiger,nothing of this name,hat");
    mien_props_favourites(c, list, sizeof(list));
    assert_string_equal(list, "hat,tiger");
    mien_action_ask_number(&show.actions, MIEN_ACTION_FAVOURITE, find_prop("tiger"));
    mien_action_ask_number(&show.actions, MIEN_ACTION_FAVOURITE, 0);      // nothing at all
    mien_action_ask_number(&show.actions, MIEN_ACTION_FAVOURITE, 100000); // out of the list
    act();
    mien_props_favourites(c, list, sizeof(list));
    assert_string_equal(list, "hat");
    assert_int_equal(c->prop_picture[1], 0); // nobody has looked at them yet
    unsigned hat = mien_view_thumbnail(show.view, show.prop_path[find_prop("hat")]);
    unsigned nose = mien_view_thumbnail(show.view, show.prop_path[find_prop("nose")]);
    assert_true(hat && nose && hat != nose);
    assert_int_equal(mien_view_thumbnail(show.view, show.prop_path[find_prop("hat")]), hat);
    assert_int_equal(mien_view_thumbnail(show.view, "/no/such/thing.glb"), 0);
    assert_false(mien_view_wears(show.view)); // the user wears nothing of it
}

// A square before the face, grey, whose roughness and metalness are a picture of two halves.
static void write_square(const char *folder, bool shiny)
{
    static const float at[4][3] = {
        {-0.05f, -0.05f, 0}, {0.05f, -0.05f, 0}, {0.05f, 0.05f, 0}, {-0.05f, 0.05f, 0}};
    char path[128];
    struct {
        float position[4][3], normal[4][3], uv[4][2];
        uint16_t index[6];
    } b = {.index = {0, 1, 2, 0, 2, 3}};
    for (int i = 0; i < 4; i++) {
        memcpy(b.position[i], at[i], sizeof(at[i]));
        b.normal[i][2] = 1;
        b.uv[i][0] = at[i][0] > 0;
        b.uv[i][1] = at[i][1] < 0;
    }
    snprintf(path, sizeof(path), "%s/square.bin", folder);
    assert_true(mien_file_save(path, &b, 140));
    struct mien_image im = {0};
    assert_true(mien_image_create(&im, 16, 16, MIEN_FORMAT_RGB8));
    for (int y = 0; y < 16; y++) {
        for (int x = 0; x < 16; x++) {
            bool metal = shiny && x >= 8;
            memcpy(im.data + (size_t)y * im.stride + 3 * (size_t)x,
                   (uint8_t[3]){0, metal ? 0 : 255, metal ? 255 : 0}, 3);
        }
    }
    snprintf(path, sizeof(path), "%s/surface.png", folder);
    assert_true(mien_png_save(path, &im));
    mien_image_destroy(&im);
    static const char json[] =
        "{'asset':{'version':'2.0'},'scenes':[{'nodes':[0],'extras':{'anchor':'face',"
        "'offset_mm':[0,0,60]}}],'nodes':[{'mesh':0}],'meshes':[{'primitives':[{'attributes':"
        "{'POSITION':0,'NORMAL':1,'TEXCOORD_0':2},'indices':3,'material':0}]}],'materials':[{"
        "'pbrMetallicRoughness':{'baseColorFactor':[0.5,0.5,0.5,1],'metallicRoughnessTexture':"
        "{'index':0}}}],'textures':[{'source':0,'sampler':0}],'samplers':[{'wrapS':33071,'"
        "magFilter':9728}],'images':[{'uri':'surface.png'}],'buffers':[{"
        "'uri':'square.bin','byteLength':140}],'bufferViews':[{'buffer':0,'byteLength':48},"
        "{'buffer':0,'byteOffset':48,'byteLength':48},{'buffer':0,'byteOffset':96,'byteLength':32},"
        "{'buffer':0,'byteOffset':128,'byteLength':12}],'accessors':[{'bufferView':0,"
        "'componentType':5126,'count':4,'type':'VEC3'},{'bufferView':1,'componentType':5126,"
        "'count':4,'type':'VEC3'},{'bufferView':2,'componentType':5126,'count':4,'type':'VEC2'},"
        "{'bufferView':3,'componentType':5123,'count':6,'type':'SCALAR'}]}";
    char text[sizeof(json)];
    memcpy(text, json, sizeof(json));
    for (char *p = text; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    snprintf(path, sizeof(path), "%s/square.gltf", folder);
    assert_true(mien_file_save(path, text, strlen(text)));
}

// Columns (from, to) in which two pictures differ clearly.
static void columns_that_differ(const struct mien_image *a, const struct mien_image *b, int *from,
                                int *to)
{
    *from = a->width;
    *to = -1;
    for (int y = 0; y < a->height; y++) {
        for (int x = 0; x < a->width; x++) {
            size_t at = (size_t)y * a->stride + 3 * (size_t)x;
            if (abs(a->data[at + 1] - b->data[at + 1]) > 3) {
                *from = x < *from ? x : *from;
                *to = x > *to ? x : *to;
            }
        }
    }
}

static void surfaces_have_textures(void **state)
{
    if (!have_gl) {
        skip();
    }
    char folder[64], path[128];
    struct mien_image plain = {0}, dull = {0}, half = {0};
    struct mien_why why;
    assert_true(folder_make(folder, "square"));
    snprintf(path, sizeof(path), "%s/square.gltf", folder);
    int faces = shot.result.count;
    shot.result.count = 1;
    picture(&plain);
    for (int shiny = 0; shiny < 2; shiny++) {
        write_square(folder, shiny);
        mien_view_wear(show.view, NULL, NULL);
        if (!mien_view_wear(show.view, path, &why)) {
            fail_msg("%s", why.text);
        }
        picture(shiny ? &half : &dull);
    }
    mien_view_wear(show.view, NULL, NULL);
    shot.result.count = faces;
    int from, to, begin, end;
    columns_that_differ(&plain, &dull, &from, &to);
    columns_that_differ(&dull, &half, &begin, &end);
    assert_true(to - from > 40);
    assert_true(end - begin > (to - from) / 4); // the one half
    assert_true(begin > (from + to) / 2 - 12);  // and not the other
    assert_true(end <= to + 2);
    mien_image_destroy(&plain);
    mien_image_destroy(&dull);
    mien_image_destroy(&half);
    static const char *const files[] = {"square.bin", "square.gltf", "surface.png"};
    for (size_t i = 0; i < MIEN_COUNT(files); i++) { // the goldens lie in the present folder
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        remove(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void every_menu_opens_and_closes(void **state)
{
    if (!have_gl) {
        skip();
    }
    static const char *const stored[MIEN_UI_MENUS] = {
        [MIEN_UI_SOURCE] = "menu_source", [MIEN_UI_VIEW] = "menu_view",
        [MIEN_UI_PROP] = "menu_props",    [MIEN_UI_TRACK] = "menu_track",
        [MIEN_UI_RECORD] = "menu_record", [MIEN_UI_AUDIENCE] = "menu_audience",
        [MIEN_UI_SEND] = "menu_send",     [MIEN_UI_HEAD] = "menu_head",
        [MIEN_UI_HELP] = "menu_help"};
    fill_menus(&show.controls);
    struct mien_image plain = {0}, open = {0}, last = {0};
    picture(&plain);
    for (int m = MIEN_UI_SOURCE; m <= MIEN_UI_HELP; m++) {
        mien_ui_show(show.ui, (enum mien_ui_menu)m);
        picture(&open);
        assert_true(difference(&open, &plain) > 1);
        assert_true(!last.data || difference(&open, &last) > 0.3);
        golden(&open, stored[m]);
        mien_image_destroy(&last);
        last = open;
        open = (struct mien_image){0};
        press_key(SDLK_ESCAPE, false);
        picture(&open);
        assert_false(show.quit); // it closed the menu, not the program
        assert_true(difference(&open, &plain) < 0.05);
    }
    press_key(SDLK_TAB, false);
    picture(&open);
    assert_true(difference(&open, &plain) > 2);
    golden(&open, "settings");
    press_key(SDLK_TAB, false);
    picture(&open);
    assert_true(difference(&open, &plain) < 0.05);
    mien_ui_show(show.ui, MIEN_UI_CAMERA);
    picture(&open);
    golden(&open, "camera");
    press_key(SDLK_ESCAPE, false);
    picture(&open);
    assert_true(difference(&open, &plain) < 0.05);
    press_key(SDLK_o, false);
    picture(&open);
    assert_true(difference(&open, &plain) > 2);
    press_key(SDLK_ESCAPE, false);
    picture(&open);
    assert_true(difference(&open, &plain) < 0.05);
    press_key(SDLK_QUESTION, false);
    picture(&open);
    golden(&open, "help");
    press_key(SDLK_QUESTION, false);
    mien_image_destroy(&open);
    mien_image_destroy(&last);
    mien_image_destroy(&plain);
    no_differences();
}

static void every_mode_and_prop_shows(void **state)
{
    if (!have_gl) {
        skip();
    }
    struct mien_image before = {0}, now = {0};
    for (int m = 0; m < MIEN_VIEW_MODES; m++) {
        picture(&now);
        assert_true(!before.data || difference(&now, &before) > 0.05);
        char name[64];
        snprintf(name, sizeof(name), "mode_%s", mien_view_mode_at(m)->name);
        golden(&now, name);
        mien_image_destroy(&before);
        before = now;
        now = (struct mien_image){0};
        press_key(SDLK_m, false);
    }
    act();
    show.settings.mode = MIEN_VIEW_OFF;
    struct mien_why why = {0};
    assert_int_equal(show.controls.props, 11); // each of them has a stored picture
    for (int p = 1; p < show.controls.props; p++) {
        press_key(SDLK_g, false);
        act();
        assert_int_equal(show.controls.prop, p);
        assert_true(mien_view_wear(show.view, show.prop_path[p], &why));
        picture(&now);
        assert_true(difference(&now, &before) > 0.1);
        char name[64];
        snprintf(name, sizeof(name), "prop_%s", show.controls.prop_name[p]);
        golden(&now, name);
        mien_image_destroy(&before);
        before = now;
        now = (struct mien_image){0};
    }
    assert_false(mien_view_wear(show.view, "tests/unit/test_session.c", &why));
    assert_true(*why.text);
    // Several at once: each hides nothing of the others; one is taken off, the other stays.
    struct mien_image both = {0};
    char *paths[2] = {show.prop_path[find_prop("glasses")], show.prop_path[find_prop("hat")]};
    assert_true(mien_view_wear(show.view, paths[0], &why));
    picture(&before);
    assert_true(mien_view_wear_too(show.view, paths[1], &why));
    assert_true(mien_view_wear_too(show.view, paths[1], &why)); // worn already
    picture(&both);
    assert_true(difference(&both, &before) > 0.1);
    mien_view_take_off(show.view, paths[1]);
    picture(&now);
    assert_true(difference(&now, &before) < 0.01); // but for the light, which goes on
    assert_true(mien_view_wear(show.view, paths[1], &why));
    picture(&now);
    assert_true(difference(&both, &now) > 0.05); // without the glasses
    int worn = 1;
    for (int p = 1; p < show.controls.props; p++) {
        bool again = !strcmp(show.prop_path[p], paths[1]);
        assert_int_equal(mien_view_wear_too(show.view, show.prop_path[p], &why), again || worn < 6);
        worn += !again && worn < 6;
    }
    assert_true(mien_view_wear(show.view, NULL, &why));
    mien_image_destroy(&both);
    mien_image_destroy(&now);
    mien_image_destroy(&before);
    no_differences();
}

// How green a pixel is, 0 … 255.
static int green(const struct mien_image *im, int x, int y)
{
    const uint8_t *p = im->data + (size_t)y * im->stride + 3 * (size_t)x;
    return p[1] > (p[0] > p[2] ? p[0] : p[2]) ? p[1] - (p[0] > p[2] ? p[0] : p[2]) : 0;
}

// A face painted all over, near the camera: skin shows through nowhere, and its lower edge is a
// smooth line, not that of the mesh's triangles.
static void paint_is_whole(void **state)
{
    if (!have_gl) {
        skip();
    }
    struct mien_image paint = {0}, now = {0};
    char path[64];
    snprintf(path, sizeof(path), "/tmp/mien-paint-%d.png", (int)getpid());
    assert_true(mien_image_create(&paint, 16, 16, MIEN_FORMAT_RGB8));
    for (int y = 0; y < 16; y++) {
        for (int x = 0; x < 16; x++) {
            memcpy(paint.data + (size_t)y * paint.stride + 3 * (size_t)x, (uint8_t[3]){0, 255, 0},
                   3);
        }
    }
    assert_true(mien_image_save(path, &paint));
    mien_image_destroy(&paint);
    struct mien_why why = {0};
    struct mien_result kept = shot.result;
    struct mien_view_settings settings = show.settings;
    show.settings = (struct mien_view_settings){.mode = MIEN_VIEW_OFF};
    for (int turn = -30; turn <= 30; turn += 30) {
        shot.result.count = 1;
        shot.result.face[0].id = 9; // the light on it is its own
        mien_pose_from_angles((float)turn, 8, 0, shot.result.face[0].pose.R);
        memcpy(shot.result.face[0].pose.t, (float[3]){0, 10, -380}, 3 * sizeof(float));
        assert_true(mien_view_wear(show.view, path, &why));
        picture(&now);
        int holes = 0, rough = 0, columns = 0, edge[W], lowest = 0;
        for (int x = 0; x < W; x++) {
            edge[x] = 0;
            for (int y = H / 2; y < H; y++) { // the lower half: no eyes
                edge[x] = green(&now, x, y) > 60 ? y : edge[x];
            }
            lowest = edge[x] > lowest ? edge[x] : lowest;
            for (int y = H / 2; y < edge[x] - 12; y++) {
                bool bare = green(&now, x, y) < 20, left = false, right = false;
                for (int k = 1; bare && k <= 5 && x >= k && x + k < W; k++) {
                    left = left || green(&now, x - k, y) > 60;
                    right = right || green(&now, x + k, y) > 60;
                }
                holes += left && right;
            }
        }
        for (int x = 1; x + 1 < W; x++) {
            if (edge[x] > lowest - 25) { // the chin
                int bend = edge[x + 1] - 2 * edge[x] + edge[x - 1];
                rough += bend > 3 || bend < -3;
                columns++;
            }
        }
        print_message("turned by %d: %d holes, %d of %d columns rough, lowest %d\n", turn, holes,
                      rough, columns, lowest);
        assert_true(columns > 60);
        assert_in_range(holes, 0, 5); // where the lips meet
        assert_int_equal(rough, 0);
    }
    assert_true(mien_view_wear(show.view, NULL, &why));
    shot.result = kept;
    show.settings = settings;
    mien_image_destroy(&now);
    remove(path);
}

// Pixels whose one channel, or two (magenta), stands out.
static void count_colours(const struct mien_image *im, int count[4])
{
    memset(count, 0, 4 * sizeof(*count));
    for (int y = 0; y < im->height; y++) {
        const uint8_t *p = im->data + (size_t)y * im->stride;
        for (int x = 0; x < im->width; x++, p += 3) {
            bool high[3];
            for (int c = 0; c < 3; c++) {
                int a = p[(c + 1) % 3], b = p[(c + 2) % 3];
                high[c] = p[c] > 40 && p[c] > 2 * (a < b ? a : b);
            }
            int which = high[0] && high[2] ? 3 : high[0] ? 0 : high[1] ? 1 : high[2] ? 2 : -1;
            count[which < 0 ? 0 : which] += which >= 0;
        }
    }
}

// A sheet before the face with a texture of four colours, the last of which is transparent, or
// half.
static void worn_textures_show(void **state)
{
    if (!have_gl) {
        skip();
    }
    static const float sheet[4][5] = {
        {-0.05f, 0.05f, 0.1f}, {0.05f, 0.05f, 0.1f}, {-0.05f, -0.05f, 0.1f}, {0.05f, -0.05f, 0.1f}};
    static const float uv[4][2] = {{0, 0}, {1, 0}, {0, 1}, {1, 1}};
    static const uint16_t index[6] = {0, 2, 1, 1, 2, 3};
    static const char format[] =
        "{\"asset\":{\"version\":\"2.0\"},\"scenes\":[{\"nodes\":[0]}],\"nodes\":[{\"mesh\":0}],"
        "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":0,\"TEXCOORD_0\":1},"
        "\"indices\":2,\"material\":0}]}],\"accessors\":["
        "{\"bufferView\":0,\"componentType\":5126,\"count\":4,\"type\":\"VEC3\"},"
        "{\"bufferView\":1,\"componentType\":5126,\"count\":4,\"type\":\"VEC2\"},"
        "{\"bufferView\":2,\"componentType\":5123,\"count\":6,\"type\":\"SCALAR\"}],"
        "\"bufferViews\":[{\"buffer\":0,\"byteLength\":80,\"byteStride\":20},"
        "{\"buffer\":0,\"byteOffset\":80,\"byteLength\":32},"
        "{\"buffer\":0,\"byteOffset\":112,\"byteLength\":12}],"
        "\"buffers\":[{\"byteLength\":124,\"uri\":\"sheet.bin\"}],"
        "\"images\":[{\"uri\":\"sheet.png\"}],\"samplers\":[{\"magFilter\":9728}],"
        "\"textures\":[{\"source\":0,\"sampler\":0}],\"materials\":[{\"alphaMode\":\"%s\","
        "\"pbrMetallicRoughness\":{\"baseColorTexture\":{\"index\":0}}}]}";
    char dir[] = "/tmp/mien-sheet-XXXXXX", path[64], text[2048];
    struct mien_why why;
    uint8_t bytes[124];
    assert_non_null(mkdtemp(dir));
    memcpy(bytes, sheet, 80);
    memcpy(bytes + 80, uv, 32);
    memcpy(bytes + 112, index, 12);
    snprintf(path, sizeof(path), "%s/sheet.bin", dir);
    assert_true(mien_file_save(path, bytes, sizeof(bytes)));
    struct mien_image im = {0}, now = {0};
    static const char *const modes[] = {"OPAQUE", "MASK", "BLEND"};
    int bare[4], count[4];
    picture(&now);
    count_colours(&now, bare);
    for (size_t i = 0; i < MIEN_COUNT(modes); i++) {
        assert_true(mien_image_create(&im, 2, 2, MIEN_FORMAT_RGBA8));
        memcpy(im.data, (uint8_t[8]){255, 0, 0, 255, 0, 255, 0, 255}, 8);
        memcpy(im.data + im.stride, (uint8_t[8]){0, 0, 255, 255, 255, 0, 255, i ? 120 : 0}, 8);
        snprintf(path, sizeof(path), "%s/sheet.png", dir);
        assert_true(mien_png_save(path, &im));
        mien_image_destroy(&im);
        snprintf(text, sizeof(text), format, modes[i]);
        snprintf(path, sizeof(path), "%s/sheet.gltf", dir);
        assert_true(mien_file_save(path, text, strlen(text)));
        if (!mien_view_wear(show.view, path, &why)) {
            fail_msg("%s: %s", modes[i], why.text);
        }
        picture(&now);
        count_colours(&now, count);
        for (int c = 0; c < 4; c++) {    // two faces wear it; a quarter is some 55 pixels wide
            bool want = c < 3 || i != 1; // alpha does not count, is under the cutoff, is half
            int more = count[c] - bare[c];
            if (want ? more < 2000 : more > 200) {
                fail_msg("%s: %d more pixels of colour %d", modes[i], more, c);
            }
        }
    }
    assert_true(mien_view_wear(show.view, NULL, &why));
    mien_image_destroy(&now);
    static const char *const names[] = {"sheet.bin", "sheet.png", "sheet.gltf"};
    for (size_t i = 0; i < MIEN_COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        remove(path);
    }
    rmdir(dir);
}

static void keys_ask(void **state)
{
    if (!have_gl) {
        skip();
    }
    press_key(SDLK_3, false);
    press_key(SDLK_r, false);
    press_key(SDLK_c, false);
    press_key(SDLK_k, false);
    press_key(SDLK_w, false);
    press_key(SDLK_t, false);
    press_shifted(SDLK_t);
    press_shifted(SDLK_r);
    press_shifted(SDLK_c);
    press_shifted(SDLK_p);
    SDL_Event text = {.text = {.type = SDL_TEXTINPUT, .text = "["}};
    SDL_PushEvent(&text);
    text.text.text[0] = '.';
    SDL_PushEvent(&text);
    SDL_Event drop = {.drop = {.type = SDL_DROPFILE, .file = SDL_strdup("/tmp/some.mp4")}};
    SDL_PushEvent(&drop);
    act();
    static const enum mien_action_id wanted[] = {
        MIEN_ACTION_FACES,   MIEN_ACTION_RECORD,  MIEN_ACTION_CAMERA, MIEN_ACTION_MARK,
        MIEN_ACTION_QUALITY, MIEN_ACTION_NETWORK, MIEN_ACTION_REPORT, MIEN_ACTION_LEARN,
        MIEN_ACTION_RANGE,   MIEN_ACTION_WIDER,   MIEN_ACTION_SOURCE};
    assert_int_equal(asks, MIEN_COUNT(wanted));
    for (int i = 0; i < asks; i++) {
        assert_int_equal(asked[i].id, wanted[i]); // in their order
    }
    assert_true(asked[0].number == 3);
    assert_string_equal(asked[asks - 1].text, "/tmp/some.mp4");
    assert_int_equal(show.controls.programme, MIEN_PROGRAMME_PICTURE);
    assert_true(show.settings.fade > 0.05f && show.settings.fade < 0.15f);
}

// Every ready-made set of channels, and the curves with a mark.
static void curves_show(void **state)
{
    if (!have_gl) {
        skip();
    }
    struct mien_image now = {0};
    static struct mien_result r; // large
    r = shot.result;
    press_key(SDLK_v, false);
    press_key(SDLK_b, false);
    act();
    assert_true(show.settings.curves && !show.settings.bars);
    char before[512], list[512];
    for (int i = 0; i < mien_traces_sets(); i++) {
        mien_traces_list(&show.curves, before, sizeof(before));
        press_shifted(SDLK_v);
        act();
        mien_traces_list(&show.curves, list, sizeof(list));
        assert_string_not_equal(list, before);
    }
    assert_string_equal(list, MIEN_TRACES_DEFAULT); // once round
    for (int i = 0; i < 300; i++) {
        r.times.capture_ns = i * 33333333LL;
        r.mark = i == 200;
        struct mien_face_result *f = &r.face[0];
        f->action[MIEN_BS_MOUTH_SMILE_LEFT] = 0.5f + 0.4f * sinf((float)i * 0.06f);
        f->action[MIEN_BS_EYE_BLINK_LEFT] = i % 60 < 4;
        f->expression[MIEN_EXPRESSION_HAPPY] = (float)(i % 120) / 120;
        f->yaw_deg = 30 * cosf((float)i * 0.03f);
        mien_traces_add(&show.curves, &r, 0);
    }
    picture(&now);
    golden(&now, "curves");
    press_key(SDLK_v, false);
    press_key(SDLK_b, false);
    act();
    mien_image_destroy(&now);
    no_differences();
}

// A long notice is broken into lines that stay inside; one word that is too long does no harm.
static void notices_wrap(void **state)
{
    if (!have_gl) {
        skip();
    }
    struct mien_image plain = {0}, told = {0};
    picture(&plain);
    char endless[399];
    memset(endless, 'w', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = 0;
    static const char sentence[] =
        "the camera was unplugged: plug it in again, or choose another one in the menu Source; "
        "what was recorded until now is kept, and goes on when pictures come again from it";
    for (int i = 0; i < 2; i++) {
        mien_show_notice(&show, i ? sentence : endless);
        show.shot = &shot;
        mien_show_draw(&show, NULL);
        assert_true(mien_image_create(&told, W, H, MIEN_FORMAT_RGB8));
        assert_true(mien_view_read(show.view, &told));
        assert_true(difference(&told, &plain) > 1);
        if (i) {
            golden(&told, "notice");
            for (int y = 0; y < H; y++) { // the window's left border stays as it was
                assert_memory_equal(told.data + (size_t)y * told.stride,
                                    plain.data + (size_t)y * plain.stride, 21);
            }
        }
        mien_image_destroy(&told);
    }
    show.notice[0] = 0;
    mien_image_destroy(&plain);
    no_differences();
}

// What is on the screen, in a picture of another size: fitted, with black beside it.
static void screen_fits_another_size(void **state)
{
    if (!have_gl) {
        skip();
    }
    struct mien_image same = {0}, wide = {0}, small = {0}, shrunk = {0};
    assert_true(mien_image_create(&same, W, H, MIEN_FORMAT_RGB8));
    assert_true(mien_image_create(&wide, 1201, 300, MIEN_FORMAT_RGB8));
    assert_true(mien_image_create(&small, W / 2, H / 2, MIEN_FORMAT_RGB8));
    assert_true(mien_image_create(&shrunk, W / 2, H / 2, MIEN_FORMAT_RGB8));
    picture(&same);
    assert_true(mien_view_read(show.view, &same));
    for (int i = 0; i < 2; i++) {
        assert_true(mien_view_read_fitted(show.view, &wide));
        int shown = 300 * W / H, left = (1201 - shown) / 2;
        for (int y = 0; y < 300; y += 13) {
            const uint8_t *row = wide.data + (size_t)y * wide.stride;
            for (int x = 0; x < left - 2; x++) {
                assert_int_equal(row[3 * x], 0);
                assert_int_equal(row[3 * (1200 - x)], 0);
            }
        }
        // The middle of the left half shows the gradient of the picture.
        const uint8_t *p = wide.data + 150 * wide.stride + 3 * (size_t)(left + 20);
        const uint8_t *q = same.data + 240 * same.stride + 3 * (size_t)(20 * H / 300);
        for (int k = 0; k < 3; k++) {
            assert_in_range(p[k], q[k] - 4, q[k] + 4);
        }
        assert_true(mien_view_read_fitted(show.view, &small));
        mien_resize(&same, &shrunk);
        assert_true(difference(&small, &shrunk) < 3);
    }
    mien_image_destroy(&same);
    mien_image_destroy(&wide);
    mien_image_destroy(&small);
    mien_image_destroy(&shrunk);
}

// In the smallest windows too an open menu or page leaves the picture a place where its effect is
// seen.
static void menus_leave_room(void **state)
{
    if (!have_gl) {
        skip();
    }
    static const int size[][2] = {{320, 240}, {400, 300}, {640, 480}, {300, 600}, {700, 260}};
    for (size_t k = 0; k < MIEN_COUNT(size); k++) {
        for (int m = MIEN_UI_SOURCE; m <= MIEN_UI_SETTINGS; m++) {
            float w = (float)size[k][0], h = (float)size[k][1];
            mien_ui_show(show.ui, (enum mien_ui_menu)m);
            for (int i = 0; i < 8; i++) { // it finds its size, then gives some of it up
                mien_ui_draw(show.ui, &show.controls, size[k][0], size[k][1]);
            }
            struct mien_edges e = mien_ui_page(show.ui, &show.controls, size[k][0], size[k][1]);
            float wide = w - e.left - e.right, high = h - e.top - e.bottom;
            if (e.left + e.right + e.top + e.bottom <= 0 || wide < 0.25f * w || high < 0.25f * h) {
                fail_msg("menu %d leaves %.0fx%.0f of %dx%d", m, (double)wide, (double)high,
                         size[k][0], size[k][1]);
            }
            m == MIEN_UI_PROP || m == MIEN_UI_SETTINGS ? mien_ui_show(show.ui, m)
                                                       : press_key(SDLK_ESCAPE, false);
            act();
            mien_ui_draw(show.ui, &show.controls, size[k][0], size[k][1]);
            mien_ui_draw(show.ui, &show.controls, size[k][0], size[k][1]);
        }
    }
    struct mien_image now = {0};
    picture(&now); // in the window's own size again
    mien_image_destroy(&now);
}

// The figures are those of the face that is clicked, or of the next one.
static void a_face_is_chosen(void **state)
{
    if (!have_gl) {
        skip();
    }
    struct mien_image one = {0}, two = {0};
    struct mien_view_settings before = show.settings;
    show.settings = (struct mien_view_settings){.mode = MIEN_VIEW_OFF, .bars = true};
    shot.result.face[1].blendshape[MIEN_BS_JAW_OPEN] = 0.9f;
    picture(&one);
    SDL_Event e = {.button = {.type = SDL_MOUSEBUTTONDOWN, .button = SDL_BUTTON_LEFT}};
    e.button.x = 435; // the second face: the picture is shown pixel for pixel
    e.button.y = 235;
    SDL_PushEvent(&e);
    picture(&two);
    assert_int_equal(show.settings.face, 2);
    assert_true(difference(&one, &two) > 0.05);
    press_key(SDLK_j, false);
    picture(&two);
    assert_int_equal(show.settings.face, 1);
    assert_true(difference(&one, &two) == 0);
    e.button.x = 300; // between them
    e.button.y = 20;
    SDL_PushEvent(&e);
    picture(&two);
    assert_int_equal(show.settings.face, 1);
    shot.result.face[1].blendshape[MIEN_BS_JAW_OPEN] = 0;
    show.settings = before;
    mien_image_destroy(&one);
    mien_image_destroy(&two);
}

// The same pixels, of which one has four bytes.
static bool same_pixels(const struct mien_view_pixels *p, const struct mien_image *im)
{
    bool same = p->width == im->width && p->height == im->height;
    for (int y = 0; same && y < im->height; y++) {
        const uint8_t *a = p->data + (size_t)y * p->stride, *b = im->data + (size_t)y * im->stride;
        for (int x = 0; same && x < im->width; x++, a += 4, b += 3) {
            same = a[0] == b[2] && a[1] == b[1] && a[2] == b[0];
        }
    }
    return same;
}

// A second window's pixels are what a recording would have, each with its own choice.
static void composed_is_what_others_get(struct mien_image *clean)
{
    static uint8_t data[480][640][4];
    const struct mien_view_pixels pixels = {data[0][0], sizeof(data[0]), 640, 480};
    struct mien_image im = {0};
    assert_true(mien_view_compose(show.view, MIEN_PROGRAMME_PROPS, &shot.picture, &shot.result,
                                  true, &pixels));
    assert_true(same_pixels(&pixels, clean));
    assert_true(mien_view_compose(show.view, MIEN_PROGRAMME_PICTURE, &shot.picture, &shot.result,
                                  true, &pixels));
    assert_false(same_pixels(&pixels, clean));
    assert_true(same_pixels(&pixels, &shot.picture));
    assert_true(mien_image_create(&im, 640, 480, MIEN_FORMAT_RGB8));
    assert_true(mien_view_read_fitted(show.view, &im));
    assert_true(mien_view_compose(show.view, MIEN_PROGRAMME_ALL, &shot.picture, &shot.result, true,
                                  &pixels));
    assert_true(same_pixels(&pixels, &im));
    show.controls.programme = MIEN_PROGRAMME_PICTURE;
    assert_int_equal(mien_show_programme(&show, 0), MIEN_PROGRAMME_PICTURE);
    assert_int_equal(mien_show_programme(&show, 1), MIEN_PROGRAMME_PROPS);
    assert_int_equal(mien_show_programme(&show, 3), MIEN_PROGRAMME_ALL);
    show.controls.programme = MIEN_PROGRAMME_PROPS;
    mien_image_destroy(&im);
}

// What the audience gets: the picture with what is worn, not mirrored, whatever else is shown.
static void programme_is_clean(void **state)
{
    if (!have_gl) {
        skip();
    }
    struct mien_image got = {0}, again = {0};
    struct mien_why why = {0};
    struct mien_view_settings before = show.settings;
    int glasses = 0;
    while (strcmp(show.controls.prop_name[glasses], "sunglasses") != 0) {
        glasses++;
    }
    assert_true(mien_view_wear(show.view, show.prop_path[glasses], &why));
    assert_true(mien_view_wears(show.view));
    assert_true(mien_image_create(&got, 640, 480, MIEN_FORMAT_RGB8));
    assert_true(mien_image_create(&again, 640, 480, MIEN_FORMAT_RGB8));
    show.settings = (struct mien_view_settings){.mode = MIEN_VIEW_OFF};
    show.shot = &shot;
    mien_show_draw(&show, NULL);
    assert_true(mien_view_programme(show.view, &shot.picture, &shot.result, true, &again));
    show.settings = (struct mien_view_settings){.mode = MIEN_VIEW_SHADED,
                                                .mirror = true,
                                                .hud = MIEN_HUD_FULL,
                                                .bars = true,
                                                .axes = true,
                                                .points = true,
                                                .help = true};
    mien_show_draw(&show, NULL);
    assert_true(mien_view_programme(show.view, &shot.picture, &shot.result, true, &got));
    assert_true(difference(&got, &again) == 0);
    composed_is_what_others_get(&got);
    int worn = 0;
    for (int y = 0; y < 480; y++) {
        for (int x = 0; x < 640; x++) {
            const uint8_t *p = got.data + (size_t)y * got.stride + 3 * (size_t)x;
            const uint8_t *q = shot.picture.data + (size_t)y * shot.picture.stride + 3 * (size_t)x;
            int d = abs(p[0] - q[0]) + abs(p[1] - q[1]) + abs(p[2] - q[2]);
            bool face = y > 100 && y < 350 && x > 100 && x < 550; // with shadows
            worn += d > 60;
            assert_true(face || d <= 3);
        }
    }
    assert_in_range(worn, 1500, 20000); // two pairs of lenses
    assert_true(mien_view_wear(show.view, NULL, &why));
    assert_false(mien_view_wears(show.view));
    // Presentation shows it in the window too.
    show.settings = (struct mien_view_settings){.hud = MIEN_HUD_FULL, .axes = true};
    press_key(SDLK_z, false); // a letter of its own
    picture(&again);
    assert_false(show.presenting);
    press_key(SDLK_F5, false);
    picture(&again);
    assert_true(show.presenting);
    show.settings = (struct mien_view_settings){.mode = MIEN_VIEW_OFF};
    press_key(SDLK_ESCAPE, false);
    mien_image_destroy(&got);
    picture(&got);
    assert_false(show.presenting || show.quit);
    assert_true(difference(&got, &again) == 0);
    show.settings = before;
    mien_image_destroy(&got);
    mien_image_destroy(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_have_pictures_and_stars),
        cmocka_unit_test(surfaces_have_textures),
        cmocka_unit_test(every_menu_opens_and_closes),
        cmocka_unit_test(every_mode_and_prop_shows),
        cmocka_unit_test(paint_is_whole),
        cmocka_unit_test(worn_textures_show),
        cmocka_unit_test(curves_show),
        cmocka_unit_test(notices_wrap),
        cmocka_unit_test(screen_fits_another_size),
        cmocka_unit_test(menus_leave_room),
        cmocka_unit_test(a_face_is_chosen),
        cmocka_unit_test(programme_is_clean),
        cmocka_unit_test(keys_ask),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

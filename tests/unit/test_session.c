// A scripted session: events as a user makes them open every menu, window and dialog, go through
// every mode and everything there is to wear; each leaves its mark on the picture, and some are
// compared with stored ones (tests/golden, MIEN_GOLDEN=write stores them anew, to be looked at).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <SDL2/SDL.h>

#include "app/live_props.h"
#include "app/live_show.h"
#include "base/mem.h"

enum { W = 872, H = 480 };

static struct mien_face_model model;
static struct mien_show show;
static struct mien_shot shot;
static char (*prop_path)[1024];
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
    }
    struct mien_show_config c = {.title = "test",
                                 .model = &model,
                                 .picture_w = 640,
                                 .picture_h = 480,
                                 .width = W,
                                 .height = H,
                                 .headless = true,
                                 .settings = {.hud = true, .bars = true}};
    prop_path = mien_calloc(MIEN_UI_PROPS, sizeof(*prop_path));
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", "/nowhere", 1); // the golden menus show mien's own props only
    have_gl = prop_path && mien_show_open(&show, &c) && show.ui;
    if (have_gl) {
        show.menus_in_screenshot = true;
        mien_props_list(&show.controls, prop_path);
    }
    return 0;
}

static int tear_down(void **state)
{
    mien_show_close(&show);
    mien_image_destroy(&shot.picture);
    mien_free(prop_path);
    mien_face_model_destroy(&model);
    return 0;
}

static void press(SDL_Keycode key)
{
    SDL_Event e = {.key = {.type = SDL_KEYDOWN, .keysym = {.sym = key}}};
    SDL_PushEvent(&e);
    e.key.type = SDL_KEYUP;
    SDL_PushEvent(&e);
}

// Events, a few frames, and what is on the screen then.
static void picture(struct mien_image *out)
{
    mien_show_events(&show);
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

static void golden(const struct mien_image *got, const char *name)
{
    char path[256];
    struct mien_image want = {0};
    snprintf(path, sizeof(path), "tests/golden/session_%s.png", name);
    const char *write = getenv("MIEN_GOLDEN");
    if (write && !strcmp(write, "write")) {
        assert_true(mien_png_save(path, got));
    }
    assert_true(mien_image_load(path, &want));
    double d = difference(got, &want);
    if (d > 2) {
        snprintf(path, sizeof(path), "/tmp/session_%s-got.png", name);
        mien_png_save(path, got);
        fail_msg("%s: mean difference %.2f, see %s", name, d, path);
    }
    mien_image_destroy(&want);
}

static void every_menu_opens_and_closes(void **state)
{
    if (!have_gl) {
        skip();
    }
    static const char *const stored[MIEN_UI_MENUS] = {
        [MIEN_UI_VIEW] = "menu_view", [MIEN_UI_TRACK] = "menu_track"};
    struct mien_image plain = {0}, open = {0}, last = {0};
    picture(&plain);
    for (int m = MIEN_UI_SOURCE; m <= MIEN_UI_HELP; m++) {
        mien_ui_show(show.ui, (enum mien_ui_menu)m);
        picture(&open);
        assert_true(difference(&open, &plain) > 1);
        assert_true(!last.data || difference(&open, &last) > 0.3);
        if (stored[m]) {
            golden(&open, stored[m]);
        }
        mien_image_destroy(&last);
        last = open;
        open = (struct mien_image){0};
        press(SDLK_ESCAPE);
        picture(&open);
        assert_false(show.quit); // it closed the menu, not the program
        assert_true(difference(&open, &plain) < 0.05);
    }
    press(SDLK_TAB);
    picture(&open);
    assert_true(difference(&open, &plain) > 2);
    golden(&open, "settings");
    press(SDLK_TAB);
    picture(&open);
    assert_true(difference(&open, &plain) < 0.05);
    press(SDLK_o);
    picture(&open);
    assert_true(difference(&open, &plain) > 2);
    press(SDLK_ESCAPE);
    picture(&open);
    assert_true(difference(&open, &plain) < 0.05);
    press(SDLK_QUESTION);
    picture(&open);
    golden(&open, "help");
    press(SDLK_QUESTION);
    mien_image_destroy(&open);
    mien_image_destroy(&last);
    mien_image_destroy(&plain);
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
        mien_image_destroy(&before);
        before = now;
        now = (struct mien_image){0};
        press(SDLK_m);
    }
    mien_show_events(&show);
    show.settings.mode = MIEN_VIEW_OFF;
    assert_true(show.controls.props >= 7);
    for (int p = 1; p < show.controls.props; p++) {
        const char *why;
        press(SDLK_g);
        mien_show_events(&show);
        assert_int_equal(show.controls.prop, p);
        assert_true(mien_view_wear(show.view, prop_path[p], &why));
        picture(&now);
        assert_true(difference(&now, &before) > 0.1);
        if (!strcmp(show.controls.prop_name[p], "sunglasses") ||
            !strcmp(show.controls.prop_name[p], "hat")) {
            char name[64];
            snprintf(name, sizeof(name), "prop_%s", show.controls.prop_name[p]);
            golden(&now, name);
        }
        mien_image_destroy(&before);
        before = now;
        now = (struct mien_image){0};
    }
    const char *why;
    assert_false(mien_view_wear(show.view, "tests/unit/test_session.c", &why));
    assert_true(*why);
    assert_true(mien_view_wear(show.view, NULL, &why));
    mien_image_destroy(&before);
}

static void keys_ask(void **state)
{
    if (!have_gl) {
        skip();
    }
    press(SDLK_3);
    press(SDLK_r);
    press(SDLK_c);
    SDL_Event text = {.text = {.type = SDL_TEXTINPUT, .text = "["}};
    SDL_PushEvent(&text);
    text.text.text[0] = '.';
    SDL_PushEvent(&text);
    SDL_Event drop = {.drop = {.type = SDL_DROPFILE, .file = SDL_strdup("/tmp/some.mp4")}};
    SDL_PushEvent(&drop);
    mien_show_events(&show);
    const struct mien_ui_controls *c = &show.controls;
    assert_int_equal(c->faces, 3);
    assert_true(c->ask.tracking && c->ask.record && c->ask.next_camera && c->ask.open);
    assert_string_equal(c->ask.open_uri, "/tmp/some.mp4");
    assert_true(c->fov_deg == 40 && show.settings.fade > 0.05f && show.settings.fade < 0.15f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_menu_opens_and_closes),
        cmocka_unit_test(every_mode_and_prop_shows),
        cmocka_unit_test(keys_ask),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

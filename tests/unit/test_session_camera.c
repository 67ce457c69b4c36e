// Cameras that come and go while the live program runs, by script: real thread graph, engine and
// drawing in a window of SDL's offscreen driver, a make-believe camera driver behind the system
// calls. Without a camera, plugged in, not permitted yet, unplugged, back under another number,
// another one instead, one that is in use; a file is left alone; nothing of it is remembered. The
// key for the next camera. A camera's controls. The frame loop itself never opens a device.
// LINK: -Wl,--wrap=ioctl -Wl,--wrap=open -Wl,--wrap=close
// LINK: -Wl,--wrap=mmap -Wl,--wrap=munmap -Wl,--wrap=poll -Wl,--wrap=stat
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
#include "base/log.h"
#include "base/mem.h"
#include "fake_camera.h"
#include "session_script.h"
#include "run_tests.h"

static struct mien_config config;
static char picture[64];
static int opens;

static bool stands(const char *text) // until something else is the case
{
    return strstr(session.show->state, text) != NULL;
}

static void plug(const char *card, int number, int open_error, int streamon_error)
{
    cam_lock();
    cam.present = card != NULL;
    cam.card = card ? card : cam.card;
    cam.number = number;
    cam.open_error = open_error;
    cam.streamon_error = streamon_error;
    cam.node++;
    cam_unlock();
}

static void nothing(void)
{
}

static void unplug(void)
{
    plug(NULL, cam.number, 0, 0);
}

static void plug_not_permitted(void)
{
    plug("Test Cam", 0, EACCES, 0);
}

static void plug_test(void)
{
    plug("Test Cam", 0, 0, 0);
}

static void plug_test_elsewhere(void)
{
    plug("Test Cam", 2, 0, 0);
}

static void plug_other(void)
{
    plug("Other Cam", 0, 0, 0);
}

static void plug_busy(void)
{
    plug("Third Cam", 1, 0, EBUSY);
}

static void free_it(void)
{
    plug("Third Cam", 1, 0, 0);
}

static void drop_picture(void)
{
    SDL_Event e = {.drop = {.type = SDL_DROPFILE, .file = SDL_strdup(picture)}};
    SDL_PushEvent(&e);
}

static void replace(void)
{
    plug("Fourth Cam", 3, 0, 0);
    opens = cam.opens;
}

static void quit(void)
{
    SDL_Event e = {.type = SDL_QUIT};
    SDL_PushEvent(&e);
}

static bool it_waits(void)
{
    return c->waiting && !c->why[0] && mien_ui_visible(session.show->ui, NULL) &&
           stands("no camera: plug one in") && after(1200) && c->cameras == 0 &&
           !session.source.is_camera;
}

static bool it_may_not(void)
{
    return c->cameras == 1 && strstr(c->camera[0].problem, "group \"video\"") &&
           !session.source.is_camera;
}

static bool mirrored = true; // as cameras are, until x

static void press_x(void)
{
    SDL_Event e = {.key = {.type = SDL_KEYDOWN, .keysym = {.sym = SDLK_x}}};
    SDL_PushEvent(&e);
    mirrored = !mirrored;
}

static bool mirror_is_turned(void)
{
    return frames(3) && session.show->settings.mirror == mirrored;
}

static bool shows(const char *name, const char *device)
{
    return frames(3) && !strcmp(session.source.shown_name, name) && session.source.is_camera &&
           !session.show->state[0] && c->cameras == 1 && c->camera_now == 0 && !c->waiting &&
           session.show->settings.mirror == mirrored && !strcmp(c->camera[0].device, device) &&
           c->width == 640 && session.show->shot;
}

static bool test_is_here(void)
{
    return said("Test Cam is connected") && shows("Test Cam", "/dev/video0");
}

static bool it_is_missed(void)
{
    return stands("was unplugged") && c->cameras == 0 && c->camera_now < 0;
}

static bool test_is_back(void)
{
    return said("Test Cam is back") && shows("Test Cam", "/dev/video2");
}

static bool other_is_here(void)
{
    return said("Other Cam is connected") && shows("Other Cam", "/dev/video0");
}

static bool it_is_in_use(void)
{
    return said("in use by another program") && stands("in use by another program") &&
           c->cameras == 1 && c->camera_now < 0 && !session.source.is_camera &&
           after(4500); // it was tried more than once, and the session goes on
}

static bool third_is_here(void)
{
    return said("Third Cam is connected") && shows("Third Cam", "/dev/video1");
}

static bool picture_is_shown(void)
{
    return frames(3) && strstr(session.source.shown_name, "picture.png") &&
           !session.cameras.needed && !session.show->settings.mirror;
}

static bool picture_is_left_alone(void)
{
    return after(2000) && picture_is_shown() && cam.opens == opens && !session.show->state[0];
}

static void press_c(void)
{
    SDL_Event e = {.key = {.type = SDL_KEYDOWN, .keysym = {.sym = SDLK_c}}};
    SDL_PushEvent(&e);
}

static void press_c_twice(void)
{
    press_c();
    press_c();
}

static void plug_and_press_c(void)
{
    plug_test();
    press_c();
}

static void unplug_and_press_c(void)
{
    unplug();
    drop_picture();
    press_c(); // the last wish counts
}

static bool none_is_found(void)
{
    return said("no camera found") && frames(1) && !session.source.is_camera;
}

static bool next_is_shown(void)
{
    return said("Test Cam, 640 × 480") && shows("Test Cam", "/dev/video0");
}

static bool there_is_no_other(void)
{
    return said("there is no other camera") && shows("Test Cam", "/dev/video0");
}

static bool picture_is_there(void)
{
    return frames(3) && strstr(session.source.shown_name, "picture.png") && !session.opening.on;
}

static const struct deed any[] = {
    {"no camera", nothing, it_waits},
    {"one that may not be opened yet", plug_not_permitted, it_may_not},
    {"it may be opened", plug_test, test_is_here},
    {"the mirror is turned off", press_x, mirror_is_turned},
    {"unplugged", unplug, it_is_missed},
    {"back under another number", plug_test_elsewhere, test_is_back},
    {"unplugged again", unplug, it_is_missed},
    {"another one instead", plug_other, other_is_here},
    {"that one unplugged", unplug, it_is_missed},
    {"one that is in use", plug_busy, it_is_in_use},
    {"in use no more", free_it, third_is_here},
    {"a picture", drop_picture, picture_is_shown},
    {"a camera comes meanwhile", replace, picture_is_left_alone},
    {"quit", quit, never},
};

static bool other_is_not_taken(void)
{
    return after(2500) && c->cameras == 1 && !c->camera[0].problem[0] && !session.source.is_camera;
}

static bool it_stays_away(void)
{
    return after(2600) && c->cameras == 1 && stands("was unplugged") && session.cameras.was_lost;
}

static const struct deed named[] = {
    {"no camera of this name", plug_other, other_is_not_taken},
    {"it comes", plug_test, test_is_here},
    {"it goes", unplug, it_is_missed},
    {"another one does not stand in", plug_other, it_stays_away},
    {"quit", quit, never},
};

static const struct deed keyed[] = {
    {"no camera for c", press_c, none_is_found},
    {"one is plugged in for c", plug_and_press_c, next_is_shown},
    {"it is the only one", press_c_twice, there_is_no_other},
    {"a picture, and c when it is gone", unplug_and_press_c, picture_is_there},
    {"c finds it gone", press_c, none_is_found},
    {"quit", quit, never},
};

// Another one of its kind, at another place: as it was made.
static void plug_with_controls(void)
{
    cam_lock();
    give_settings();
    cam_unlock();
    plug("Test Cam", cam.number, 0, 0);
}

static void replug_with_controls(void)
{
    unplug();
}

static bool it_is_set_as_remembered(void)
{
    if (c->camera_controls && session.cameras.was_lost) { // it was missed: now it comes
        cam_lock();
        bool away = !cam.present;
        cam_unlock();
        if (away) {
            plug_with_controls();
        }
        return false;
    }
    cam_lock();
    bool set = cam.present && setting_of(V4L2_CID_GAIN)->value == 33;
    cam_unlock();
    return set && !session.cameras.was_lost;
}

static void ask(enum mien_action_id id, const char *text)
{
    assert_true(mien_action_ask_text(&session.show->actions, id, text));
}

static void open_page(void)
{
    ask(MIEN_ACTION_CAMERA_PAGE, "");
}

static bool controls_are_shown(void)
{
    return c->camera_controls == 7 && !strcmp(c->camera_control[2].key, "gain") &&
           c->camera_control[5].ruled && mien_ui_visible(session.show->ui, NULL);
}

static void set_gain(void)
{
    ask(MIEN_ACTION_SET_CONTROL, "gain=90");
    ask(MIEN_ACTION_SET_CONTROL, "gain=33");
}

static bool gain_is_set(void)
{
    const char *kept = mien_config_get(&config, "camera.Test_Cam");
    cam_lock();
    bool set = setting_of(V4L2_CID_GAIN)->value == 33;
    cam_unlock();
    return set && c->camera_control[2].value == 33 && kept && strstr(kept, "gain=33");
}

static void hold(void)
{
    ask(MIEN_ACTION_HOLD_RATE, "");
}

static bool it_holds(void)
{
    return said("holds 30 a second") && c->camera_control[6].value == 0;
}

static void set_wrong(void)
{
    ask(MIEN_ACTION_SET_CONTROL, "gain=900");
}

static bool it_is_told(void)
{
    return said("a number from 0 to 100");
}

static void make_usual(void)
{
    ask(MIEN_ACTION_RESET_CONTROLS, "");
}

static bool it_is_usual(void)
{
    return said("defaults are restored") && c->camera_control[2].value == 20 &&
           !strstr(mien_config_get(&config, "camera.Test_Cam"), "gain");
}

static const struct deed set[] = {
    {"one with controls", plug_with_controls, test_is_here},
    {"its page", open_page, controls_are_shown},
    {"its gain", set_gain, gain_is_set},
    {"a gain that it cannot have", set_wrong, it_is_told},
    {"30 a second", hold, it_holds},
    {"plugged in again", replug_with_controls, it_is_set_as_remembered},
    {"as it was made", make_usual, it_is_usual},
    {"quit", quit, never},
};

static bool script(void)
{
    if (!step && !acted) { // the loop has begun
        cam_lock();
        loop_thread = pthread_self();
        loop_known = true;
        cam_unlock();
    }
    return script_round();
}

static bool can_run(void)
{
    char path[1024];
    return mien_find_file("models", "face.net", path, sizeof(path)) &&
           mien_find_file("models", "detect.net", path, sizeof(path));
}

// chosen: the camera that is remembered at the end; NULL: nobody has chosen one.
static void run(const char *source, const struct deed *script_deeds, int n, const char *chosen)
{
    memset(&session, 0, sizeof(session));
    session.o = (struct mien_session_options){.source = source,
                                              .mirror = -1,
                                              .mirror_camera = true,
                                              .hud = MIEN_HUD_FULL,
                                              .light = true,
                                              .opacity = 1,
                                              .width = 640,
                                              .height = 360};
    memset(&config, 0, sizeof(config));
    session.config = &config;
    reset();
    cam.present = false;
    cam.period_ns = 50 * MIEN_NS_PER_MS;
    cam.force_fps = 10; // a slow machine does not make it a slow camera
    mirrored = true;
    loop_known = false;
    loop_opens = 0;
    assert_int_equal(script_play(script_deeds, n, script), 0);
    assert_int_equal(cam.leaks_open, 0);
    assert_int_equal(cam.leaks_map, 0);
    assert_int_equal(cam.errors, 0);
    assert_int_equal(loop_opens, 0);
    const char *turned = mien_config_get(&config, "mirror");
    assert_true(mirrored ? !turned : turned && !strcmp(turned, "no"));
    if (chosen) {
        assert_string_equal(mien_config_get(&config, "source"), chosen);
    } else {
        assert_null(mien_config_get(&config, "source"));
    }
    mien_config_destroy(&config);
}

static void any_camera(void **state)
{
    if (!can_run()) {
        skip();
    }
    run("", any, MIEN_COUNT(any), NULL);
}

static void camera_of_a_name(void **state)
{
    if (!can_run()) {
        skip();
    }
    run("camera:test", named, MIEN_COUNT(named), NULL);
}

static void next_camera(void **state)
{
    if (!can_run()) {
        skip();
    }
    run(picture, keyed, MIEN_COUNT(keyed), "/dev/video0");
}

static void camera_is_set(void **state)
{
    if (!can_run()) {
        skip();
    }
    run("", set, MIEN_COUNT(set), NULL);
}

static int set_up(void **state)
{
    setenv("SDL_VIDEODRIVER", "offscreen", 1);
    setenv("HOME", "/nowhere", 1);
    unsetenv("XDG_DATA_HOME");
    snprintf(picture, sizeof(picture), "/tmp/mien-%d-picture.png", (int)getpid());
    struct mien_image im = {0};
    if (!mien_image_create(&im, 64, 64, MIEN_FORMAT_RGB8)) {
        return -1;
    }
    memset(im.data, 99, im.stride * 64);
    bool ok = mien_png_save(picture, &im);
    mien_image_destroy(&im);
    return ok ? 0 : -1;
}

static int tear_down(void **state)
{
    return remove(picture);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(any_camera), cmocka_unit_test(camera_of_a_name),
          cmocka_unit_test(next_camera), cmocka_unit_test(camera_is_set))

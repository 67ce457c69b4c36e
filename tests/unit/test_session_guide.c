// The page of calibration in a whole run: a rendered person does what it asks for, and each gesture
// is seen; nothing is stored before it is kept, keeping can be undone, Esc leaves all as it was.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <SDL2/SDL.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "folder.h"
#include "live/session_parts.h"
#include "session_script.h"
#include "press_key.h"
#include "run_tests.h"

static const char source[] = "synth:seed=3,fps=10,size=320x240,gestures";
static const char kept[] = "mien/profiles/default";
static char dir[64];
static float blink; // of the avatar, the highest that was seen

static void nothing(void)
{
}

static bool a_face(void)
{
    return frames(3) && session.show->shot && session.show->shot->result.count == 1;
}

static void calibrate(void)
{
    press_key(SDLK_c, true);
}

static bool it_counts_down(void)
{
    return frames(2) && c->guide.stage == MIEN_UI_GUIDE_READY && c->guide.rows == MIEN_GUIDE_STEPS;
}

static bool all_is_seen(void)
{
    static bool asked; // too early: some gestures are still to come
    if (!asked && c->guide.stage == MIEN_UI_GUIDE_STEP && c->guide.now >= 3 &&
        c->guide.row[1].seen) {
        asked = mien_action_ask(c->actions, MIEN_ACTION_GUIDE_KEEP);
    }
    assert_true(asked || c->guide.stage != MIEN_UI_GUIDE_REVIEW);
    assert_false(mien_file_exists(kept));
    assert_false(c->profile_known);
    return c->guide.stage == MIEN_UI_GUIDE_REVIEW;
}

static bool it_can_be_tried(void) // an avatar's blink is a full one, of a lid that hangs
{
    const struct mien_shot *shot = session.show->shot;
    for (int i = 0; i < MIEN_GUIDE_STEPS; i++) {
        assert_true(c->guide.row[i].seen && c->guide.row[i].tried);
    }
    if (shot->result.count) {
        float b = shot->result.face[0].action[MIEN_BS_EYE_BLINK_LEFT];
        blink = b > blink ? b : blink;
    }
    if (session.person.phase != MIEN_PROFILE_READY) {
        return false;
    }
    assert_false(c->profile_known); // what is tried is not had
    return blink > 0.98f && !mien_file_exists(kept);
}

static void enter(void)
{
    press_key(SDLK_RETURN, false);
}

static bool it_is_kept(void)
{
    return c->guide.stage == MIEN_UI_GUIDE_KEPT && mien_file_exists(kept) && c->profile_known &&
           c->profile_on && said("kept in");
}

static void backspace(void)
{
    press_key(SDLK_BACKSPACE, false);
}

static bool it_is_undone(void)
{
    return c->guide.stage == MIEN_UI_GUIDE_REVIEW && !mien_file_exists(kept) && !c->profile_known;
}

static void escape(void)
{
    press_key(SDLK_ESCAPE, false);
}

static bool it_is_closed(void)
{
    return frames(2) && c->guide.stage == MIEN_UI_GUIDE_OFF && !session.show->quit;
}

static bool closed_with_range(void)
{
    return it_is_closed() && c->profile_known && mien_file_exists(kept);
}

static bool closed_without(void)
{
    return it_is_closed() && !c->profile_known && !mien_file_exists(kept);
}

static void right(void)
{
    press_key(SDLK_RIGHT, false);
}

static bool next_gesture(void)
{
    static int before;
    bool is_next = c->guide.stage == MIEN_UI_GUIDE_STEP && c->guide.now > before && frames(1);
    before = is_next ? c->guide.now : before;
    return is_next;
}

static void keep_at_once(void) // while gestures are asked for there is nothing to keep
{
    mien_action_ask(c->actions, MIEN_ACTION_GUIDE_KEEP);
    mien_action_ask(c->actions, MIEN_ACTION_GUIDE_UNDO);
}

static bool it_still_asks(void)
{
    return frames(2) && c->guide.stage == MIEN_UI_GUIDE_STEP && mien_file_exists(kept);
}

static void end(void)
{
    session.show->quit = true;
}

static const struct deed first[] = {
    {"a face", nothing, a_face},
    {"the page", calibrate, it_counts_down},
    {"Esc", escape, closed_without},
    {"the page again", calibrate, it_counts_down},
    {"gestures", nothing, all_is_seen},
    {"trying", nothing, it_can_be_tried},
    {"keep", enter, it_is_kept},
    {"undo", backspace, it_is_undone},
    {"thrown away", escape, closed_without},
    {"end", end, never},
};

static const struct deed second[] = {
    {"a face", nothing, a_face},
    {"the page", calibrate, it_counts_down},
    {"rest", right, next_gesture},
    {"the next", right, next_gesture},
    {"nothing to keep", keep_at_once, it_still_asks},
    {"Esc", escape, closed_with_range},
    {"end", end, never},
};

static void run(const struct deed *script, int count)
{
    memset(&session, 0, sizeof(session));
    session.o = script_options(source);
    session.o.waits = true;
    session.o.faces = 1;
    assert_int_equal(script_play(script, count, script_round), 0);
}

static void gestures_are_kept_and_undone(void **state)
{
    char clip[1024];
    if (!script_can_run(clip)) {
        skip();
    }
    run(first, MIEN_COUNT(first));
    assert_false(mien_file_exists(kept));
}

static void a_range_that_was_there_stays(void **state)
{
    char clip[1024];
    if (!script_can_run(clip)) {
        skip();
    }
    assert_true(mien_dir_make("mien/profiles"));
    static const char range[] = "# mine\njawOpen 0.1 0.6\n";
    assert_true(mien_file_save(kept, range, strlen(range)));
    run(second, MIEN_COUNT(second));
    size_t size = 0;
    char *text = mien_file_read(kept, 4096, &size);
    assert_non_null(text);
    assert_string_equal(text, range);
    mien_free(text);
}

static int set_up(void **state)
{
    return folder_make(dir, "guide") && !setenv("XDG_DATA_HOME", dir, 1) ? chdir(dir) : -1;
}

static int tear_down(void **state)
{
    return folder_remove(dir);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(gestures_are_kept_and_undone),
          cmocka_unit_test(a_range_that_was_there_stays))

// A session's files: what menus and keys begin while it runs destroys neither what is read nor what
// is written already, and no name is given twice.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <SDL2/SDL.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "live/session_parts.h"
#include "folder.h"
#include "session_script.h"
#include "run_tests.h"

static char dir[64], clip[1024];
static size_t clip_size;

static void press(SDL_Keycode key)
{
    SDL_Event e = {.key = {.type = SDL_KEYDOWN, .keysym = {.sym = key}}};
    SDL_PushEvent(&e);
}

static void add(const char *spec)
{
    mien_action_ask_text(c->actions, MIEN_ACTION_ADD_OUTPUT, spec);
}

static void open_file(const char *uri)
{
    mien_action_ask_text(c->actions, MIEN_ACTION_SOURCE, uri);
}

static bool is_whole(void)
{
    struct stat st;
    return !stat("clip.mp4", &st) && (size_t)st.st_size == clip_size;
}

static bool last_is_refused(void)
{
    assert_true(is_whole());
    return said("cannot be opened") && !c->sink[c->sinks - 1].on && frames(1);
}

static bool last_is_on(void)
{
    const struct mien_live_out *o = session.outputs.out[c->sinks - 1];
    return c->sink[c->sinks - 1].on && o && mien_live_out_state(o) == MIEN_LIVE_OUT_OPEN &&
           frames(2);
}

static void over_the_source(void)
{
    add("csv:link.mp4");
}

static void a_table(void)
{
    add("csv:table");
}

static void another_in_it(void)
{
    add("jsonl:./table");
}

static void the_table_as_source(void)
{
    open_file("table");
}

static bool it_is_being_written(void)
{
    return said("being written") && frames(1);
}

static void end_the_table(void)
{
    mien_action_ask_number(c->actions, MIEN_ACTION_OUTPUT, c->sinks - 2);
}

static bool the_table_is_free(void)
{
    for (int i = 0; i < (int)MIEN_COUNT(session.outputs.ending); i++) {
        if (session.outputs.ending[i].out) {
            return false;
        }
    }
    return !session.outputs.out[c->sinks - 2];
}

static void the_other_again(void)
{
    mien_action_ask_number(c->actions, MIEN_ACTION_OUTPUT, c->sinks - 1);
}

static void save_head(void)
{
    SDL_Event e = {.key = {.type = SDL_KEYDOWN, .keysym = {.sym = SDLK_h, .mod = KMOD_SHIFT}}};
    SDL_PushEvent(&e);
}

// A whole glTF of some megabytes, of a name of its own.
static bool the_head_is_saved(void)
{
    if (!said("your head is saved: mien-")) {
        return false;
    }
    char path[300] = "";
    size_t size = 0;
    const char *name = strstr(session.show->notice, "mien-");
    if (name) {
        snprintf(path, sizeof(path), "%.*s", (int)strcspn(name, " "), name);
        char *data = mien_file_read(path, 0, &size);
        assert_true(data && size > 1000000 && !memcmp(data, "glTF", 4));
        mien_free(data);
    }
    return true;
}

static void another_source(void)
{
    open_file("still.png");
}

static bool it_shows(void)
{
    return !strcmp(session.source.name, "still.png") && frames(2);
}

static void over_the_first_source(void)
{
    add("md5:clip.mp4");
}

static void over_the_second_source(void)
{
    add("md5:still.png");
}

static void record(void)
{
    press(SDLK_r);
}

static bool it_records(void)
{
    return c->recording && mien_live_out_state(session.recording.out) == MIEN_LIVE_OUT_OPEN &&
           frames(2);
}

static void the_recording_as_source(void)
{
    open_file(c->record_path);
}

static bool it_is_saved(void)
{
    return !c->recording && said("saved mien-");
}

static void two_names(void)
{
    char first[512], second[512];
    assert_true(mien_session_file(&session, "txt", first, sizeof(first)));
    assert_true(mien_session_file(&session, "txt", second, sizeof(second)));
    assert_string_not_equal(first, second);
    assert_true(mien_file_exists(first) && mien_file_exists(second));
    mien_session_drop_file(second);
    assert_false(mien_file_exists(second));
    assert_true(mien_file_save(first, "x", 1));
    mien_session_drop_file(first); // something came of it
    assert_true(mien_file_exists(first));
}

static bool at_once(void)
{
    return true;
}

static void quit(void)
{
    press(SDLK_q);
}

static const struct deed script[] = {
    {"a table over the source", over_the_source, last_is_refused},
    {"a table", a_table, last_is_on},
    {"another output in it", another_in_it, last_is_refused},
    {"the table as source", the_table_as_source, it_is_being_written},
    {"the table's end", end_the_table, the_table_is_free},
    {"the other output in it now", the_other_again, last_is_on},
    {"the head of who was seen", save_head, the_head_is_saved},
    {"another source", another_source, it_shows},
    {"a table over the first source", over_the_first_source, last_is_refused},
    {"a table over the second source", over_the_second_source, last_is_refused},
    {"two names in one second", two_names, at_once},
    {"a recording", record, it_records},
    {"the recording as source", the_recording_as_source, it_is_being_written},
    {"its end", record, it_is_saved},
    {"quit asks", quit, it_asks},
    {"quit", quit, never},
};

static void files_are_kept_apart(void **state)
{
    size_t size = 0;
    if (!script_can_run(clip)) {
        skip();
    }
    char *data = mien_file_read(clip, 0, &size);
    assert_non_null(data);
    assert_int_equal(chdir(dir), 0);
    assert_true(mien_file_save("clip.mp4", data, size));
    mien_free(data);
    clip_size = size;
    assert_int_equal(symlink("clip.mp4", "link.mp4"), 0);
    struct mien_image im = {0};
    assert_true(mien_image_create(&im, 300, 200, MIEN_FORMAT_RGB8));
    assert_true(mien_png_save("still.png", &im));
    mien_image_destroy(&im);
    session.o = script_options("clip.mp4");
    script_play(script, MIEN_COUNT(script), script_round);
    assert_true(is_whole());
}

static int set_up(void **state)
{
    return folder_make(dir, "session-files") ? 0 : -1;
}

static int tear_down(void **state)
{
    return folder_remove(dir);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(files_are_kept_apart))

// The live program over a decoder that is made slow, or stands still: the picture keeps moving,
// what was left out is counted and shown, and nothing is said of faces over a picture that is
// stale. A real run over the bundled clip; what is waited for is what the session shows.
// LINK: -Wl,--wrap=avcodec_receive_frame
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <SDL2/SDL.h>

#include "base/file.h"
#include "base/mem.h"
#include "session_script.h"
#include "view/words.h"
#include "run_tests.h"

static atomic_bool blocked;
static atomic_int let_through; // so many frames all the same
static atomic_int delay_ms;    // of each frame
static char clip[1024];
static uint64_t dropped_before;

struct AVCodecContext;
struct AVFrame;
int __real_avcodec_receive_frame(struct AVCodecContext *c, struct AVFrame *f);
int __wrap_avcodec_receive_frame(struct AVCodecContext *c, struct AVFrame *f);
int __wrap_avcodec_receive_frame(struct AVCodecContext *a, struct AVFrame *f)
{
    int r = __real_avcodec_receive_frame(a, f);
    if (r < 0) {
        return r; // it wants data first
    }
    mien_sleep_until_ns(mien_now_ns() + delay_ms * MIEN_NS_PER_MS);
    while (blocked && let_through <= 0) {
        mien_sleep_until_ns(mien_now_ns() + 5 * MIEN_NS_PER_MS);
    }
    let_through -= let_through > 0;
    return r;
}

static const char *state_shown(void)
{
    const struct mien_hud_info *i = &session.show->info;
    const char *state, *reason;
    mien_words(session.show->shot ? &session.show->shot->result : &(struct mien_result){0}, 0,
               i->paused  ? MIEN_PICTURE_PAUSED
               : i->stale ? MIEN_PICTURE_STALE
                          : MIEN_PICTURE_NEW,
               &state, &reason);
    return state;
}

static void nothing(void)
{
}

static bool it_tracks(void)
{
    return frames(5) && !strcmp(state_shown(), "tracking");
}

static void make_slow(void) // three times as slow as the clip plays
{
    dropped_before = session.show->info.dropped;
    delay_ms = 100;
}

static bool it_moves(void)
{
    return frames(8) && session.show->info.dropped > dropped_before;
}

static bool it_is_told(void)
{
    return strstr(session.show->state, "slower than it should") != NULL;
}

static void stand_still(void)
{
    delay_ms = 0;
    blocked = true;
}

static bool it_waits(void)
{
    return !strcmp(state_shown(), "waiting");
}

static void one_late_frame(void)
{
    dropped_before = session.show->info.dropped;
    let_through = 1;
}

// Although no picture came. One that is shown, since the one before it was left out, is followed by
// another, when the source has waited for longer than it has patience: what it leaves out sooner is
// counted with the next one only.
static bool it_is_counted(void)
{
    static bool again;
    if (frames(1)) {
        since = (int)session.show->frames;
        acted_ns = mien_now_ns();
        again = true;
    }
    if (again && after(500)) {
        again = false;
        one_late_frame();
    }
    return !again && session.show->info.dropped > dropped_before;
}

static void go_on(void)
{
    blocked = false;
}

static void press(SDL_Keycode key)
{
    SDL_Event e = {.key = {.type = SDL_KEYDOWN, .keysym = {.sym = key}}};
    SDL_PushEvent(&e);
}

static void pause_it(void)
{
    press(SDLK_SPACE);
}

static bool it_is_paused(void)
{
    return !strcmp(state_shown(), "paused");
}

static void quit(void)
{
    press(SDLK_q);
}

static const struct deed script[] = {
    {"a face", nothing, it_tracks},
    {"a slow decoder", make_slow, it_moves},
    {"slower for a while", nothing, it_is_told},
    {"a decoder that stands still", stand_still, it_waits},
    {"a frame that is left out", one_late_frame, it_is_counted},
    {"it goes on", go_on, it_tracks},
    {"pause", pause_it, it_is_paused},
    {"no pause", pause_it, it_tracks},
    {"quit", quit, never},
};

static void a_slow_source_keeps_moving(void **state)
{
    if (!script_can_run(clip)) {
        skip();
    }
    session.o = script_options(clip);
    session.o.hud = MIEN_HUD_FULL;
    int status = script_play(script, MIEN_COUNT(script), script_round);
    blocked = false;
    assert_int_equal(status, 0);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(a_slow_source_keeps_moving))

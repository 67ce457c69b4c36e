// What takes longer than a frame may is kept off the frame loop: resolving a host's name, the end
// of a recording, packing a picture, pages and models that are written. A real run over the bundled
// clip at its own rate; the calls that take long are counted by the thread that makes them.
// LINK: -Wl,--wrap=getaddrinfo -Wl,--wrap=av_write_trailer
// LINK: -Wl,--wrap=mien_png_save -Wl,--wrap=fsync
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <SDL2/SDL.h>

#include "base/file.h"
#include "base/mem.h"
#include "folder.h"
#include "session_script.h"
#include "run_tests.h"

enum call { RESOLVE, TRAILER, PICTURE, SYNC, CALLS };
static atomic_int calls[CALLS], in_loop[CALLS];
static pthread_t loop_thread;
static char dir[64], clip[1024];

static void count(enum call k)
{
    calls[k]++;
    in_loop[k] += pthread_equal(pthread_self(), loop_thread) && session.loop.running;
}

int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *want,
                       struct addrinfo **out);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *want,
                       struct addrinfo **out);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *want,
                       struct addrinfo **out)
{
    count(RESOLVE);
    if (!strcmp(host, "slow.example")) { // a name server that does not answer
        mien_sleep_until_ns(mien_now_ns() + 300 * MIEN_NS_PER_MS);
        return EAI_AGAIN;
    }
    return __real_getaddrinfo(host, port, want, out);
}

struct AVFormatContext;
int __real_av_write_trailer(struct AVFormatContext *f);
int __wrap_av_write_trailer(struct AVFormatContext *f);
int __wrap_av_write_trailer(struct AVFormatContext *f)
{
    count(TRAILER);
    return __real_av_write_trailer(f);
}

bool __real_mien_png_save(const char *path, const struct mien_image *im);
bool __wrap_mien_png_save(const char *path, const struct mien_image *im);
bool __wrap_mien_png_save(const char *path, const struct mien_image *im)
{
    count(PICTURE);
    return __real_mien_png_save(path, im);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    count(SYNC);
    return __real_fsync(fd);
}

static void press(SDL_Keycode key, bool shift)
{
    SDL_Event e = {.key = {.type = SDL_KEYDOWN,
                           .keysym = {.sym = key, .mod = shift ? KMOD_LSHIFT : KMOD_NONE}}};
    SDL_PushEvent(&e);
}

static void add(const char *spec)
{
    mien_action_ask_text(c->actions, MIEN_ACTION_ADD_OUTPUT, spec);
}

static void add_slow(void)
{
    add("vmc:slow.example:39539");
}

static bool slow_is_told(void)
{
    return said("vmc:slow.example:39539 cannot be opened") && c->sinks == 1 && !c->sink[0].on &&
           !session.outputs.out[0];
}

static void add_near(void)
{
    add("vmc:localhost:39539,gltf:a.glb,jsonl:a.jsonl");
}

static bool near_is_open(void)
{
    bool all = c->sinks == 4;
    for (int i = 1; i < 4 && all; i++) {
        all = session.outputs.out[i] &&
              mien_live_out_state(session.outputs.out[i]) == MIEN_LIVE_OUT_OPEN;
    }
    return all && frames(3);
}

static void off_and_on(void) // the second opening has to wait for the file's end
{
    mien_action_ask_number(c->actions, MIEN_ACTION_OUTPUT, 2);
}

static bool model_is_off(void)
{
    return !c->sink[2].on && !session.outputs.out[2];
}

static bool model_is_on(void)
{
    return c->sink[2].on && session.outputs.out[2] && frames(2);
}

static void press_r(void)
{
    press(SDLK_r, false);
}

static bool it_records(void)
{
    return c->recording && frames(3);
}

static bool it_is_saved(void)
{
    return !c->recording && said("saved mien-");
}

static void press_s(void)
{
    press(SDLK_s, false);
    press(SDLK_s, false);
}

static void press_R(void)
{
    press(SDLK_r, true);
}

static bool it_reports(void) // its notice may give way to a picture's before it is seen here
{
    return c->sinks == 5 && c->sink[4].on && !strncmp(c->sink[4].spec, "report:", 7) && frames(2);
}

static void add_nowhere(void)
{
    add("gltf:/nonexistent/x.glb");
}

static bool it_is_refused(void)
{
    return said("cannot be opened") && !c->sink[c->sinks - 1].on;
}

static void quit(void)
{
    press(SDLK_q, false);
}

static const struct deed script[] = {
    {"a host whose name takes long", add_slow, slow_is_told},
    {"hosts and files", add_near, near_is_open},
    {"a model is finished", off_and_on, model_is_off},
    {"and begun anew", off_and_on, model_is_on},
    {"recording", press_r, it_records},
    {"its end", press_r, it_is_saved},
    {"a picture", press_s, it_is_saved},
    {"a report", press_R, it_reports},
    {"its end", press_R, it_is_saved},
    {"a file that cannot be", add_nowhere, it_is_refused},
    {"quit while it records", press_r, it_records},
    {"quit asks", quit, it_asks},
    {"quit", quit, never},
};

static void nothing_holds_the_frame_loop_up(void **state)
{
    if (!script_can_run(clip)) {
        skip();
    }
    assert_int_equal(chdir(dir), 0);
    session.o = script_options(clip);
    session.o.hud = MIEN_HUD_FULL;
    loop_thread = pthread_self();
    int status = script_play(script, MIEN_COUNT(script), script_round);
    assert_int_equal(status, 0);
    for (int k = 0; k < CALLS; k++) {
        assert_true(calls[k] > 0); // or it was not tried
        assert_int_equal(in_loop[k], 0);
    }
    assert_int_equal(calls[TRAILER], 2);
}

static int set_up(void **state)
{
    return folder_make(dir, "stalls") ? 0 : -1;
}

static int tear_down(void **state)
{
    return folder_remove(dir);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(nothing_holds_the_frame_loop_up))

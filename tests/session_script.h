// A script for the live program, for tests: the session's own loop is asked every round, and what a
// user does comes one deed after the other, each when the one before has shown its effect.
//
// What is waited for is what the session shows; time is only a limit for a hang.
#ifndef SESSION_SCRIPT_H
#define SESSION_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "live/live_session.h"
#include "patience.h"

struct deed {
    const char *name;
    void (*act)(void);
    bool (*done)(void);
};

static struct mien_session session;
static struct mien_ui_controls *c; // the session's
static const struct deed *deeds;   // the script
static int step, since;            // the deed; frames shown when it was done
static bool acted, heard;
static int64_t acted_ns;
static char trouble[400]; // what did not come

// Whether a session can run here, over the bundled clip, whose path is put into clip.
static inline bool script_can_run(char clip[1024])
{
    char path[1024];
    return mien_find_file("assets", "demo.mp4", clip, 1024) &&
           mien_find_file("models", "face.net", path, sizeof(path)) &&
           mien_find_file("models", "detect.net", path, sizeof(path));
}

// A small one without a window, over and over.
static inline struct mien_session_options script_options(const char *source)
{
    return (struct mien_session_options){.source = source,
                                         .headless = true,
                                         .loop = true,
                                         .light = true,
                                         .opacity = 1,
                                         .width = 320,
                                         .height = 240};
}

static inline bool frames(int n)
{
    return session.show->frames >= (uint64_t)(since + n);
}

// Since the deed: notices go away by themselves, sooner than a slow machine draws some frames.
static inline bool said(const char *text)
{
    heard = heard || strstr(session.show->notice, text);
    return heard;
}

static inline bool after(int ms)
{
    return mien_now_ns() > acted_ns + ms * MIEN_NS_PER_MS;
}

// After a wish to quit: files are still written.
static inline bool it_asks(void)
{
    return mien_ui_visible(session.show->ui, NULL) && !session.show->quit;
}

// The last deed of a script ends the loop; nothing is waited for.
static inline bool never(void)
{
    return false;
}

// Once a round, with the present deed. True: the loop is to end, there is trouble.
static inline bool script_round(void)
{
    const struct deed *d = &deeds[step];
    c = &session.show->controls;
    if (trouble[0]) {
        return true;
    }
    if (!acted) {
        since = (int)session.show->frames;
        heard = false;
        acted = true;
        acted_ns = mien_now_ns();
        d->act();
    } else if (d->done()) {
        acted = false;
        step++;
    } else if (after(PATIENCE_S * 1000)) {
        snprintf(trouble, sizeof(trouble), "\"%s\" did not come; notice: %.100s; state: %.100s",
                 d->name, session.show->notice, session.show->state);
    }
    return false;
}

// Runs a session of the options in session.o through the script; round is script_round, or calls
// it. The session's status.
static inline int script_play(const struct deed *script, int count, bool (*round)(void))
{
    deeds = script;
    step = 0;
    acted = false;
    trouble[0] = 0;
    int status = mien_session_run(&session, round);
    if (trouble[0]) {
        fail_msg("%s", trouble);
    }
    assert_int_equal(step, count - 1);
    return status;
}

#endif

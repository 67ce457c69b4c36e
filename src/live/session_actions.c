// What actions do that are the session's: the small ones, which only pass something on to the
// thread graph, and the loop that does all. The others are in the file of what they change.
#include "live/session_parts.h"

#include <math.h>
#include <stdio.h>

static void tune(struct mien_session *s)
{
    const struct mien_ui_controls *c = &s->show->controls;
    mien_live_tune(s->live, c->fov_deg, c->filter > 0 ? c->filter : -1, c->faces, c->quality);
}

static void say(struct mien_session *s, const struct mien_action *a, const char *text)
{
    if (!a->quiet) {
        mien_show_notice(s->show, text);
    }
}

void mien_session_take_neutral(struct mien_session *s, const struct mien_action *a)
{
    mien_live_calibrate(s->live, false);
    say(s, a, "neutral expression taken");
}

void mien_session_forget_neutral(struct mien_session *s, const struct mien_action *a)
{
    mien_live_calibrate(s->live, true);
    say(s, a, "neutral expression forgotten");
}

void mien_session_set_faces(struct mien_session *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->show->controls;
    char text[64];
    c->faces = (int)fmin(fmax(a->number, 1), MIEN_FACES_MAX);
    snprintf(text, sizeof(text), c->faces > 1 ? "%d faces at most" : "one face", c->faces);
    say(s, a, text);
    tune(s);
}

void mien_session_set_smoothing(struct mien_session *s, const struct mien_action *a)
{
    char text[64];
    float filter = fminf(fmaxf((float)a->number, 0), 4);
    s->show->controls.filter = filter;
    snprintf(text, sizeof(text), filter > 0 ? "smoothing %.2f" : "no smoothing", (double)filter);
    say(s, a, text);
    tune(s);
}

static void smooth(struct mien_session *s, const struct mien_action *a, float by)
{
    struct mien_action set = {.quiet = a->quiet, .number = (double)(s->show->controls.filter + by)};
    mien_session_set_smoothing(s, &set);
}

void mien_session_smooth_less(struct mien_session *s, const struct mien_action *a)
{
    smooth(s, a, -0.25f);
}

void mien_session_smooth_more(struct mien_session *s, const struct mien_action *a)
{
    smooth(s, a, 0.25f);
}

void mien_session_set_fov(struct mien_session *s, const struct mien_action *a)
{
    char text[64];
    float fov = fminf(fmaxf((float)a->number, 0), 170);
    s->show->controls.fov_deg = fov;
    snprintf(text, sizeof(text), fov > 0 ? "field of view %.0f°" : "field of view unknown",
             (double)fov);
    say(s, a, text);
    tune(s);
}

void mien_session_narrow_view(struct mien_session *s, const struct mien_action *a)
{
    float fov = s->show->controls.fov_deg;
    struct mien_action set = {.quiet = a->quiet, .number = fov > 40 ? (double)fov - 2 : 0};
    mien_session_set_fov(s, &set);
}

void mien_session_widen_view(struct mien_session *s, const struct mien_action *a)
{
    float fov = fminf(fmaxf(s->show->controls.fov_deg, 38) + 2, 120);
    struct mien_action set = {.quiet = a->quiet, .number = (double)fov};
    mien_session_set_fov(s, &set);
}

void mien_session_toggle_quality(struct mien_session *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->show->controls;
    c->quality = !c->quality;
    say(s, a, c->quality ? "looks twice: steadier, twice the time" : "looks once");
    tune(s);
}

#define RUN_SHOW(id, run)
#define RUN_SESSION(id, run) [MIEN_ACTION_##id] = run,
#define RUN(id, by, takes, words, character, label, shown, text, run) RUN_##by(id, run)
static void (*const runs[MIEN_ACTIONS])(struct mien_session *,
                                        const struct mien_action *) = {MIEN_ACTION_ROWS(RUN)};

void mien_session_act(struct mien_session *s)
{
    struct mien_action a;
    while (mien_inbox_take(&s->show->actions, &a)) {
        if (!mien_show_act(s->show, &a)) {
            runs[a.id](s, &a);
        }
    }
}

#define TAKE(id, run) [MIEN_EVENT_##id] = run,
static void (*const takes[MIEN_EVENTS])(struct mien_session *,
                                        const struct mien_event *) = {MIEN_EVENT_ROWS(TAKE)};

void mien_session_hear(struct mien_session *s)
{
    struct mien_event e;
    while (mien_inbox_take(&s->events, &e)) {
        takes[e.kind](s, &e);
    }
}

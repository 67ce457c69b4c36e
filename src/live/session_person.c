// A person's own range (track/profile.h) and event marks.
#include "live/session_parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "live/marks.h"
#include "live/settings.h"

void mien_session_set_mark(struct mien_session *s, const struct mien_action *a)
{
    char text[64 + MIEN_MARK_TEXT], words[MIEN_MARK_TEXT];
    mien_mark_words(a->text, strlen(a->text), words);
    int n = mien_live_mark(s->live, words, (int64_t)a->number);
    snprintf(text, sizeof(text), !n ? "too many marks wait: this one is not set" : "mark %d%s%s", n,
             words[0] ? ": " : "", words);
    mien_show_notice(s->show, text);
}

// On mien-marks.
static void take_mark(void *arg, const char *words, int64_t at_ns)
{
    struct mien_session *s = arg;
    struct mien_action a = {.id = MIEN_ACTION_MARK_AS, .number = (double)at_ns};
    snprintf(a.text, sizeof(a.text), "%s", words);
    mien_inbox_put(&s->show->actions, &a);
}

bool mien_session_open_marks(struct mien_session *s)
{
    s->marks = s->o.marks ? mien_mark_feed_open(s->o.marks, take_mark, s) : NULL;
    return !s->o.marks || s->marks;
}

static void learnt(struct mien_session *s)
{
    char text[200];
    bool ok = mien_profile_save(&s->person.profile, s->person.path);
    snprintf(text, sizeof(text), "your range is %s%.150s",
             ok ? "kept in " : "used, not kept: ", s->person.path);
    mien_show_notice(s->show, text);
    if (ok && s->config) {
        mien_config_set(s->config, "profile", s->person.name);
    }
}

void mien_session_learn_range(struct mien_session *s, const struct mien_action *a)
{
    s->person.phase = MIEN_PROFILE_NONE;
    mien_live_learn_profile(s->live);
    mien_live_use_profile(s->live, true);
    s->show->controls.profile_on = true;
    mien_show_notice_for(s->show, "your own range: look at rest for four seconds", 4);
}

void mien_session_toggle_range(struct mien_session *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->show->controls;
    c->profile_on = c->profile_known && !c->profile_on;
    mien_show_notice(s->show, !c->profile_known ? "there is no range of yours yet: C learns it"
                              : c->profile_on   ? "your own range is used"
                                                : "your own range is not used");
    mien_live_use_profile(s->live, c->profile_on);
}

void mien_session_take_phase(struct mien_session *s, const struct mien_event *e)
{
    struct mien_show *show = s->show;
    struct mien_ui_controls *c = &show->controls;
    enum mien_profile_phase phase = (enum mien_profile_phase)e->number;
    c->profile_learning = phase == MIEN_PROFILE_REST || phase == MIEN_PROFILE_RANGE;
    c->profile_known = phase == MIEN_PROFILE_READY;
    enum mien_profile_phase before = s->person.phase;
    s->person.phase = phase;
    if (phase == MIEN_PROFILE_RANGE) {
        mien_show_notice_for(show,
                             "now smile, frown, blink, raise your brows, open your mouth wide", 6);
    } else if (phase == MIEN_PROFILE_READY && before == MIEN_PROFILE_RANGE) {
        learnt(s);
    }
}

// The profile named, learnt at once when there is none of this name yet.
bool mien_session_open_profile(struct mien_session *s)
{
    const char *name = s->o.profile ? s->o.profile : "default";
    snprintf(s->person.name, sizeof(s->person.name), "%s", name);
    if (!mien_profile_path(name, s->person.path, sizeof(s->person.path))) {
        return !s->o.profile;
    }
    s->o.profile_off = !s->o.profile;
    if (!s->o.profile ||
        mien_settings_recalled(s->settings, &s->o.profile)) { // what was learnt before is offered
        if (!s->o.profile && access(s->person.path, F_OK)) {
            return true;
        }
        if (access(s->person.path, F_OK) ||
            !mien_profile_load(&s->person.profile, s->person.path)) {
            mien_warn("the profile \"%s\" of last time cannot be used", name);
        }
        return true;
    }
    if (access(s->person.path, F_OK) != 0) {
        mien_info("there is no profile \"%s\" yet: look at rest for four seconds, then move your "
                  "face as far as it goes for six",
                  name);
        mien_profile_begin(&s->person.profile);
        return true;
    }
    return mien_profile_load(&s->person.profile, s->person.path);
}

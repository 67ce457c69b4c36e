// A person's own range (track/profile.h), its guided calibration (track/guide.h), and event marks.
#include "live/session_parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "live/marks.h"
#include "live/settings.h"

void mien_session_set_mark(struct mien_session *s, const struct mien_action *a)
{
    char text[64 + MIEN_MARK_TEXT], words[MIEN_MARK_TEXT];
    mien_mark_words(a->text, strlen(a->text), words);
    int n = mien_live_mark(s->live, words, (int64_t)a->number);
    snprintf(text, sizeof(text),
             !n ? "too many marks are waiting: this one is not set" : "mark %d%s%s", n,
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

// Keeps the range; *ok: whether it is in its file.
static void tell_kept(struct mien_session *s, const struct mien_profile *p, bool *ok)
{
    char text[200];
    *ok = mien_profile_save(p, s->person.path);
    snprintf(text, sizeof(text), "your range is %s%.150s",
             *ok ? "kept in " : "used, but could not be kept in ", s->person.path);
    mien_show_notice(s->show, text);
    if (*ok && s->config) {
        mien_config_set(s->config, "profile", s->person.name);
    }
}

static void use(struct mien_session *s, const struct mien_profile *p, bool on)
{
    mien_live_set_profile(s->live, p);
    mien_live_use_profile(s->live, on);
}

static void forget_file(struct mien_session_person *p)
{
    mien_free(p->file);
    p->file = NULL;
    p->file_size = 0;
}

void mien_session_end_guide(struct mien_session *s)
{
    forget_file(&s->person);
}

void mien_session_open_guide(struct mien_session *s, const struct mien_action *a)
{
    struct mien_session_person *p = &s->person;
    if (s->show->controls.profile_learning) {
        mien_show_notice(s->show, "a calibration is running already");
        return;
    }
    if (p->guide.stage != MIEN_GUIDE_OFF) { // begins anew
        mien_session_close_guide(s, a);
    }
    mien_guide_begin(&p->guide, &p->range);
    s->show->controls.guide.stage = MIEN_UI_GUIDE_READY;
}

void mien_session_skip_gesture(struct mien_session *s, const struct mien_action *a)
{
    mien_guide_skip(&s->person.guide);
}

void mien_session_repeat_gesture(struct mien_session *s, const struct mien_action *a)
{
    mien_guide_again(&s->person.guide, (int)a->number);
}

void mien_session_keep_range(struct mien_session *s, const struct mien_action *a)
{
    struct mien_session_person *p = &s->person;
    struct mien_ui_controls *c = &s->show->controls;
    if (p->guide.stage != MIEN_GUIDE_REVIEW) {
        return;
    }
    if (!mien_guide_seen(&p->guide)) {
        mien_show_notice(s->show, "no gesture was seen: click one to do it again");
        return;
    }
    forget_file(p);
    if (mien_file_exists(p->path)) {
        p->file = mien_file_read(p->path, 1 << 16, &p->file_size);
    }
    mien_guide_profile(&p->guide, &p->range);
    tell_kept(s, &p->range, &p->stored);
    p->was_on = c->profile_on;
    c->profile_known = c->profile_on = true;
    use(s, &p->range, true);
    p->guide.stage = MIEN_GUIDE_KEPT;
}

void mien_session_undo_range(struct mien_session *s, const struct mien_action *a)
{
    struct mien_session_person *p = &s->person;
    struct mien_ui_controls *c = &s->show->controls;
    if (p->guide.stage != MIEN_GUIDE_KEPT) {
        return;
    }
    p->range = p->guide.before;
    if (p->stored && p->file) {
        mien_file_save(p->path, p->file, p->file_size);
    } else if (p->stored) {
        unlink(p->path);
    }
    c->profile_known = p->range.phase == MIEN_PROFILE_READY;
    c->profile_on = p->was_on;
    if (s->config) {
        mien_config_set(s->config, "profile", c->profile_known && p->was_on ? p->name : "");
    }
    p->guide.stage = MIEN_GUIDE_REVIEW; // it can be tried and kept all the same
    p->trying = false;
    mien_show_notice(s->show, "your range was left as it was");
}

void mien_session_close_guide(struct mien_session *s, const struct mien_action *a)
{
    struct mien_session_person *p = &s->person;
    struct mien_ui_controls *c = &s->show->controls;
    if (p->trying && p->guide.stage != MIEN_GUIDE_KEPT) {
        use(s, &p->range, c->profile_on);
    }
    p->trying = false;
    p->guide.stage = MIEN_GUIDE_OFF;
    c->guide.stage = MIEN_UI_GUIDE_OFF;
    forget_file(p);
}

// Of a gesture's judged channels the mean, in these channels.
static float mean_of(const struct mien_gesture *k, const float *b)
{
    float sum = 0;
    for (int i = 0; i < k->judged; i++) {
        sum += b[k->channel[i]];
    }
    return k->judged ? sum / (float)k->judged : 0;
}

static void show_guide(struct mien_session *s, const float *now)
{
    _Static_assert((int)MIEN_GUIDE_STEPS <= (int)MIEN_UI_GESTURES, "a row for each");
    static const enum mien_ui_guide_stage stages[] = {
        [MIEN_GUIDE_OFF] = MIEN_UI_GUIDE_OFF,   [MIEN_GUIDE_READY] = MIEN_UI_GUIDE_READY,
        [MIEN_GUIDE_STEP] = MIEN_UI_GUIDE_STEP, [MIEN_GUIDE_REVIEW] = MIEN_UI_GUIDE_REVIEW,
        [MIEN_GUIDE_KEPT] = MIEN_UI_GUIDE_KEPT,
    };
    const struct mien_guide *g = &s->person.guide;
    struct mien_ui_guide *u = &s->show->controls.guide;
    struct mien_profile after;
    mien_guide_profile(g, &after);
    u->stage = stages[g->stage];
    u->face = g->face != 0;
    u->now = g->step;
    u->rows = MIEN_GUIDE_STEPS;
    u->left_s = g->left_s;
    float level = mien_gesture_at(g->step)->level;
    u->share = g->level / (level > 0 ? level : 1);
    bool had = g->before.phase == MIEN_PROFILE_READY;
    for (int i = 0; i < MIEN_GUIDE_STEPS; i++) {
        const struct mien_gesture *k = mien_gesture_at(i);
        u->row[i] = (struct mien_ui_gesture){
            .name = k->name,
            .ask = k->ask,
            .seen = g->seen[i],
            .tried = g->tried[i],
            .ranged = k->judged > 0,
            .value = now ? mean_of(k, now) : 0,
            .before = {had ? mean_of(k, g->before.neutral) : 0,
                       had ? mean_of(k, g->before.high) : 1},
            .after = {mean_of(k, after.neutral), mean_of(k, after.high)},
        };
    }
}

void mien_session_guide(struct mien_session *s, const struct mien_shot *shot)
{
    struct mien_session_person *p = &s->person;
    if (p->guide.stage == MIEN_GUIDE_OFF) {
        return;
    }
    const float *now = shot && shot->range_face ? shot->plain : NULL;
    if (shot) {
        mien_guide_feed(&p->guide, shot->range_face, now,
                        (double)shot->result.times.capture_ns * 1e-9);
    }
    bool review = p->guide.stage == MIEN_GUIDE_REVIEW;
    if (review && !p->trying) { // at once, for who watches an avatar
        struct mien_profile trial;
        mien_guide_profile(&p->guide, &trial);
        use(s, &trial, true);
    }
    p->trying = review || (p->trying && p->guide.stage == MIEN_GUIDE_KEPT);
    if (shot) {
        show_guide(s, now);
    } else {
        s->show->controls.guide.stage = (enum mien_ui_guide_stage)p->guide.stage;
    }
}

void mien_session_toggle_range(struct mien_session *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->show->controls;
    c->profile_on = c->profile_known && !c->profile_on;
    mien_show_notice(s->show, !c->profile_known ? "you have no range of your own yet: C calibrates"
                              : c->profile_on   ? "your own range is used"
                                                : "your own range is not used");
    mien_live_use_profile(s->live, c->profile_on);
}

void mien_session_take_phase(struct mien_session *s, const struct mien_event *e)
{
    struct mien_ui_controls *c = &s->show->controls;
    struct mien_session_person *p = &s->person;
    enum mien_profile_phase phase = (enum mien_profile_phase)e->number, before = p->phase;
    c->profile_learning = phase == MIEN_PROFILE_REST || phase == MIEN_PROFILE_RANGE;
    p->phase = phase;
    if (phase == MIEN_PROFILE_READY && before == MIEN_PROFILE_RANGE) {
        bool ok;
        p->range = p->profile; // which is only read now
        tell_kept(s, &p->range, &ok);
    }
    c->profile_known = p->range.phase == MIEN_PROFILE_READY; // one that is tried is not had
}

// The profile named. When there is none of this name yet the page of calibration opens; without a
// window it is learnt from the source.
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
            mien_warn("the profile \"%s\", used last time, cannot be used now", name);
        }
        s->person.range = s->person.profile;
        return true;
    }
    if (access(s->person.path, F_OK) != 0) {
        s->person.guided = !s->o.headless;
        if (!s->person.guided) {
            mien_info("there is no profile \"%s\" yet: the source's first four seconds are taken "
                      "as the face at rest, the next six as all that it can do",
                      name);
            mien_profile_begin(&s->person.profile);
        }
        return true;
    }
    bool ok = mien_profile_load(&s->person.profile, s->person.path);
    s->person.range = s->person.profile;
    return ok;
}

// The sound of a session's recordings: whose it is, and which microphones there are.
//
// Does not: listen (live/microphone.h, for live/live_out.c) or list microphones before the menu
// asks.
#include <stdio.h>
#include <string.h>

#include "live/microphone.h"
#include "live/session_parts.h"

void mien_session_open_sound(struct mien_session *s)
{
    const char *name = s->o.record_sound;
    struct mien_ui_controls *c = &s->show->controls;
    snprintf(c->sound, sizeof(c->sound), "%s", name && *name ? name : MIEN_MICROPHONE_OFF);
}

const char *mien_session_microphone(const struct mien_session *s)
{
    const char *name = s->show->controls.sound;
    return strcmp(name, MIEN_MICROPHONE_OFF) && !s->o.waits ? name : NULL;
}

void mien_session_use_sound(struct mien_session *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->show->controls;
    char text[300];
    snprintf(c->sound, sizeof(c->sound), "%.127s", a->text[0] ? a->text : MIEN_MICROPHONE_OFF);
    s->sound.chosen = true;
    bool off = !strcmp(c->sound, MIEN_MICROPHONE_OFF);
    bool any = !strcmp(c->sound, MIEN_MICROPHONE_DEFAULT);
    snprintf(text, sizeof(text), "%s %s%s",
             c->recording ? "the next recording has" : "recordings have",
             off   ? "no sound"
             : any ? "the microphone's sound"
                   : "the sound of ",
             off || any ? "" : c->sound);
    mien_show_notice(s->show, text);
}

static void *run_list(void *arg)
{
    struct mien_session *s = arg;
    struct mien_why why;
    s->sound.found = mien_microphone_list(s->sound.name, &why);
    mien_event_tell(&s->events, MIEN_EVENT_MICROPHONES, 0, s->sound.found ? NULL : why.text);
    return NULL;
}

// Asking the sound system takes a moment: another thread does.
void mien_session_list_microphones(struct mien_session *s, const struct mien_action *a)
{
    if (!s->sound.lists) {
        s->sound.lists = true;
        if (!mien_thread_start(&s->sound.thread, "mien-sound", run_list, s)) {
            s->sound.lists = false;
        }
    }
}

void mien_session_take_microphones(struct mien_session *s, const struct mien_event *e)
{
    struct mien_ui_controls *c = &s->show->controls;
    _Static_assert((int)MIEN_UI_MICROPHONES == (int)MIEN_MICROPHONES &&
                       sizeof(c->microphone) == sizeof(s->sound.name),
                   "the list is copied whole");
    mien_thread_join(&s->sound.thread);
    s->sound.lists = false;
    c->microphones = s->sound.found;
    memcpy(c->microphone, s->sound.name, sizeof(c->microphone));
    s->show->dirty = true;
}

void mien_session_finish_sound(struct mien_session *s)
{
    mien_thread_join(&s->sound.thread);
}

void mien_session_miss_sound(struct mien_session *s, const struct mien_event *e)
{
    char text[400];
    if (mien_live_out_number(s->recording.out) == e->number) {
        snprintf(text, sizeof(text), "silence is recorded: %.360s", e->text);
        mien_show_notice_for(s->show, text, 8);
    }
}

// Camera controls in the background.
#include "live/control_desk.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/clock.h"
#include "base/thread.h"
#include "live/events.h"
#include "source/controls.h"

enum { WAITING = 16 };

struct wish {
    enum mien_desk_wish what;
    char device[64], text[MIEN_CONTROL_TEXT];
};

struct mien_control_desk {
    struct mien_thread thread;
    struct mien_inbox *events;
    struct mien_monitor lock;  // guards all below but `found`
    struct wish wish[WAITING]; // the oldest first
    int wishes;
    bool stop;
    struct mien_control list[MIEN_CONTROLS];
    int count;
    char device[64];
    struct mien_control found[MIEN_CONTROLS]; // the thread's own
};

static bool grant(const struct wish *w, char *said, size_t size, struct mien_why *why)
{
    switch (w->what) {
    case MIEN_DESK_SET:
        return mien_controls_set(w->device, w->text, why);
    case MIEN_DESK_RESET:
        snprintf(said, size, "the camera's defaults are restored");
        return mien_controls_reset(w->device, why);
    case MIEN_DESK_HOLD:
        return mien_controls_hold_rate(w->device, 30, said, size, why);
    default:
        return true;
    }
}

static void serve(struct mien_control_desk *d, const struct wish *w)
{
    struct mien_why why = {0};
    char said[200] = "";
    bool ok = grant(w, said, sizeof(said), &why);
    int n = mien_controls_list(w->device, d->found, MIEN_CONTROLS, ok ? &why : NULL);
    ok = ok && n >= 0;
    pthread_mutex_lock(&d->lock.mutex);
    d->count = n > 0 ? n : 0;
    memcpy(d->list, d->found, sizeof(d->list));
    memcpy(d->device, w->device, sizeof(d->device));
    pthread_mutex_unlock(&d->lock.mutex);
    mien_event_tell(d->events, MIEN_EVENT_CONTROLS, ok ? (int)w->what : -1, ok ? said : why.text);
}

static void *run(void *arg)
{
    struct mien_control_desk *d = arg;
    struct wish w;
    pthread_mutex_lock(&d->lock.mutex);
    while (!d->stop) {
        if (!d->wishes) {
            mien_monitor_wait(&d->lock, mien_now_ns() + 60 * MIEN_NS_PER_S);
            continue;
        }
        w = d->wish[0];
        d->wishes--;
        memmove(d->wish, d->wish + 1, (size_t)d->wishes * sizeof(d->wish[0]));
        pthread_mutex_unlock(&d->lock.mutex);
        serve(d, &w);
        pthread_mutex_lock(&d->lock.mutex);
    }
    pthread_mutex_unlock(&d->lock.mutex);
    return NULL;
}

struct mien_control_desk *mien_control_desk_start(struct mien_inbox *events)
{
    struct mien_control_desk *d = mien_calloc(1, sizeof(*d));
    if (!d) {
        return NULL;
    }
    d->events = events;
    if (!mien_monitor_init(&d->lock) || !mien_thread_start(&d->thread, "mien-controls", run, d)) {
        mien_control_desk_stop(d);
        return NULL;
    }
    return d;
}

void mien_control_desk_stop(struct mien_control_desk *d)
{
    if (!d) {
        return;
    }
    if (d->thread.started) {
        pthread_mutex_lock(&d->lock.mutex);
        d->stop = true;
        pthread_cond_signal(&d->lock.cond);
        pthread_mutex_unlock(&d->lock.mutex);
    }
    mien_thread_join(&d->thread);
    mien_monitor_destroy(&d->lock);
    mien_free(d);
}

// Of the same control: a slider that is dragged asks for a value a frame.
static bool replaces(const struct wish *old, const struct wish *fresh)
{
    size_t n = strcspn(fresh->text, "=") + 1;
    return old->what == MIEN_DESK_SET && fresh->what == MIEN_DESK_SET &&
           !strcmp(old->device, fresh->device) && !strchr(old->text, ',') &&
           !strncmp(old->text, fresh->text, n);
}

bool mien_control_desk_ask(struct mien_control_desk *d, enum mien_desk_wish what,
                           const char *device, const char *text)
{
    struct wish w = {.what = what};
    snprintf(w.device, sizeof(w.device), "%.63s", device);
    snprintf(w.text, sizeof(w.text), "%.999s", text);
    pthread_mutex_lock(&d->lock.mutex);
    bool again = d->wishes && replaces(&d->wish[d->wishes - 1], &w);
    bool room = again || d->wishes < WAITING;
    if (room) {
        d->wishes -= again;
        d->wish[d->wishes++] = w;
        pthread_cond_signal(&d->lock.cond);
    }
    pthread_mutex_unlock(&d->lock.mutex);
    return room;
}

int mien_control_desk_list(struct mien_control_desk *d, struct mien_control list[MIEN_CONTROLS],
                           char device[64])
{
    pthread_mutex_lock(&d->lock.mutex);
    int n = d->count;
    memcpy(list, d->list, sizeof(d->list));
    memcpy(device, d->device, sizeof(d->device));
    pthread_mutex_unlock(&d->lock.mutex);
    return n;
}

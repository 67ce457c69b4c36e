// Looks for cameras in the background.
#include "live/camera_watch.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "live/events.h"

enum { CAMERAS = 8, PATIENCE = 5 }; // looks until a camera that had a problem is tried again

struct mien_camera_watch {
    struct mien_thread thread;
    struct mien_inbox *events;
    struct mien_monitor lock; // guards need, again, stop, told
    bool need, again, stop;
    int cameras; // told
    struct mien_camera_info told[CAMERAS];
    // The thread's own.
    uint64_t seen;
    bool looked;
    int waited;
    struct mien_camera_info found[CAMERAS];
};

static bool has_problem(const struct mien_camera_info *c, int n)
{
    bool any = false;
    for (int i = 0; i < n; i++) {
        any = any || c[i].problem[0];
    }
    return any;
}

// Without the lock but for telling.
static void look(struct mien_camera_watch *w, bool again)
{
    uint64_t now = mien_camera_fingerprint();
    // told and cameras change on this thread only
    bool stuck = has_problem(w->told, w->cameras) && ++w->waited >= PATIENCE;
    if (w->looked && now == w->seen && !again && !stuck) {
        return;
    }
    memset(w->found, 0, sizeof(w->found));
    int n = mien_camera_list(w->found, CAMERAS);
    bool other = !w->looked || n != w->cameras || memcmp(w->found, w->told, sizeof(w->found)) != 0;
    w->looked = true;
    w->seen = now;
    w->waited = 0;
    if (!other && !again) {
        return;
    }
    pthread_mutex_lock(&w->lock.mutex);
    memcpy(w->told, w->found, sizeof(w->told));
    w->cameras = n;
    pthread_mutex_unlock(&w->lock.mutex);
    mien_event_tell(w->events, MIEN_EVENT_CAMERAS, n, NULL);
}

static void *run(void *arg)
{
    struct mien_camera_watch *w = arg;
    int64_t due_ns = 0;
    pthread_mutex_lock(&w->lock.mutex);
    while (!w->stop) {
        int64_t now_ns = mien_now_ns();
        if (!w->again && (!w->need || now_ns < due_ns)) {
            mien_monitor_wait(&w->lock, w->need ? due_ns : now_ns + 60 * MIEN_NS_PER_S);
            continue;
        }
        bool again = w->again;
        w->again = false;
        due_ns = now_ns + MIEN_NS_PER_S;
        pthread_mutex_unlock(&w->lock.mutex);
        look(w, again);
        pthread_mutex_lock(&w->lock.mutex);
    }
    pthread_mutex_unlock(&w->lock.mutex);
    return NULL;
}

struct mien_camera_watch *mien_camera_watch_start(struct mien_inbox *events)
{
    struct mien_camera_watch *w = mien_calloc(1, sizeof(*w));
    if (!w) {
        return NULL;
    }
    w->events = events;
    w->need = true;
    if (!mien_monitor_init(&w->lock) || !mien_thread_start(&w->thread, "mien-devices", run, w)) {
        mien_camera_watch_stop(w);
        return NULL;
    }
    return w;
}

static void set(struct mien_camera_watch *w, bool *what, bool value)
{
    pthread_mutex_lock(&w->lock.mutex);
    if (*what != value) {
        *what = value;
        pthread_cond_signal(&w->lock.cond);
    }
    pthread_mutex_unlock(&w->lock.mutex);
}

void mien_camera_watch_stop(struct mien_camera_watch *w)
{
    if (!w) {
        return;
    }
    if (w->thread.started) {
        set(w, &w->stop, true);
    }
    mien_thread_join(&w->thread);
    mien_monitor_destroy(&w->lock);
    mien_free(w);
}

void mien_camera_watch_need(struct mien_camera_watch *w, bool need)
{
    set(w, &w->need, need);
}

void mien_camera_watch_again(struct mien_camera_watch *w)
{
    set(w, &w->again, true);
}

int mien_camera_watch_list(struct mien_camera_watch *w, struct mien_camera_info *list, int max)
{
    pthread_mutex_lock(&w->lock.mutex);
    int n = w->cameras < max ? w->cameras : max;
    memcpy(list, w->told, (size_t)n * sizeof(*list));
    pthread_mutex_unlock(&w->lock.mutex);
    return n;
}

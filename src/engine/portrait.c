// A network, room for one request, and the thread that serves it.
#include "engine/portrait.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

enum state { IDLE, ASKED, ANSWERED, LEAVING };

struct mien_portrait {
    struct mien_observer *observer;
    const struct mien_face_model *model;
    float people[MIEN_IDENTITY];
    struct mien_estimate estimate, mirrored;
    struct mien_portrait_answer answer;
    bool broken; // the network cannot be read any more: nothing is asked again
    // With a thread of its own: who holds what is said by the state. ASKED: observer, estimate and
    // answer are the thread's; else the asker's.
    struct mien_thread thread;
    struct mien_monitor monitor; // guards `state`
    enum state state;
};

static void say(const struct mien_portrait *p, struct mien_portrait_answer *out)
{
    memcpy(out->identity, p->estimate.identity, sizeof(out->identity));
    memcpy(out->sigma, p->estimate.identity_sigma, sizeof(out->sigma));
}

static void read_answer(struct mien_portrait *p)
{
    p->broken = !mien_observer_read(p->observer, &p->estimate);
    if (p->broken) {
        p->answer.id = 0;
    }
    say(p, &p->answer);
}

static enum state state_of(struct mien_portrait *p)
{
    pthread_mutex_lock(&p->monitor.mutex);
    enum state s = p->state;
    pthread_mutex_unlock(&p->monitor.mutex);
    return s;
}

static void set_state(struct mien_portrait *p, enum state s)
{
    pthread_mutex_lock(&p->monitor.mutex);
    if (p->state != LEAVING) {
        p->state = s;
    }
    pthread_cond_broadcast(&p->monitor.cond);
    pthread_mutex_unlock(&p->monitor.mutex);
}

static void *work(void *arg)
{
    struct mien_portrait *p = arg;
    for (;;) {
        pthread_mutex_lock(&p->monitor.mutex);
        while (p->state != ASKED && p->state != LEAVING) {
            pthread_cond_wait(&p->monitor.cond, &p->monitor.mutex);
        }
        bool leaving = p->state == LEAVING;
        pthread_mutex_unlock(&p->monitor.mutex);
        if (leaving) {
            return NULL;
        }
        read_answer(p);
        set_state(p, ANSWERED);
    }
}

static struct mien_portrait *finish(struct mien_portrait *p, bool apart)
{
    if (!p->observer || !mien_monitor_init(&p->monitor) ||
        (apart && !mien_thread_start(&p->thread, "portrait", work, p))) {
        mien_portrait_destroy(p);
        return NULL;
    }
    return p;
}

struct mien_portrait *mien_portrait_load(const char *path, const struct mien_face_model *m,
                                         bool lean, bool apart, struct mien_workspace *shared)
{
    struct mien_portrait *p = mien_calloc(1, sizeof(*p));
    if (!p) {
        return NULL;
    }
    p->model = m;
    p->observer = mien_observer_load_seldom(path, m, lean, apart ? NULL : shared);
    if (p->observer && (!mien_observer_has(p->observer, MIEN_BRANCH_IDENTITY) ||
                        !mien_observer_has(p->observer, MIEN_BRANCH_IDENTITY_SIGMA))) {
        mien_error("%s: it does not say identity and identity_sigma: this is not a portrait "
                   "network",
                   path);
        mien_portrait_destroy(p);
        return NULL;
    }
    if (p->observer) { // without them: zeros
        mien_observer_numbers(p->observer, "people", p->people, MIEN_IDENTITY);
    }
    return finish(p, apart);
}

struct mien_portrait *mien_portrait_create_beside(const struct mien_portrait *other,
                                                  struct mien_workspace *shared)
{
    struct mien_portrait *p = mien_calloc(1, sizeof(*p));
    if (!p) {
        return NULL;
    }
    p->model = other->model;
    memcpy(p->people, other->people, sizeof(p->people));
    p->observer = mien_observer_create_beside(other->observer, shared);
    return finish(p, false);
}

const float *mien_portrait_people(const struct mien_portrait *p)
{
    return p->people;
}

void mien_portrait_destroy(struct mien_portrait *p)
{
    if (!p) {
        return;
    }
    if (p->thread.started) {
        set_state(p, LEAVING);
        mien_thread_join(&p->thread);
    }
    mien_monitor_destroy(&p->monitor);
    mien_observer_destroy(p->observer);
    mien_free(p);
}

bool mien_portrait_ask(struct mien_portrait *p, const struct mien_image *frame,
                       const struct mien_crop *crop, int id, int direction)
{
    if (state_of(p) != IDLE || p->broken) {
        return false;
    }
    p->answer.id = id;
    p->answer.direction = direction;
    mien_observer_take(p->observer, frame, crop, false);
    if (p->thread.started) {
        set_state(p, ASKED);
    } else {
        read_answer(p);
        p->state = ANSWERED;
    }
    return true;
}

bool mien_portrait_answer(struct mien_portrait *p, struct mien_portrait_answer *out)
{
    if (state_of(p) != ANSWERED) {
        return false;
    }
    *out = p->answer;
    set_state(p, IDLE);
    return true;
}

void mien_portrait_cancel(struct mien_portrait *p)
{
    p->answer.id = 0; // the thread does not touch it
}

bool mien_portrait_look(struct mien_portrait *p, const struct mien_image *frame,
                        const struct mien_crop *crop, bool twice, struct mien_portrait_answer *out)
{
    MIEN_ASSERT(state_of(p) == IDLE);
    p->broken = p->broken || !mien_observer_look(p->observer, frame, crop, false, &p->estimate);
    if (twice && !p->broken) {
        p->broken = !mien_observer_look(p->observer, frame, crop, true, &p->mirrored);
        mien_estimate_mirror(p->model, &p->mirrored);
        mien_estimate_average(&p->estimate, &p->mirrored, 0.5f);
    }
    say(p, out);
    return !p->broken;
}

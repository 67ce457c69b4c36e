// A network, room for one request, and the thread that serves it.
#include "engine/portrait.h"

#include <string.h>

#include "base/job.h"
#include "base/log.h"
#include "base/mem.h"

struct mien_portrait {
    struct mien_observer *observer;
    const struct mien_face_model *model;
    float people[MIEN_IDENTITY];
    struct mien_likeness likeness;
    bool has_likeness;
    struct mien_estimate estimate, mirrored;
    struct mien_portrait_answer answer;
    bool broken;         // the network cannot be read any more: nothing is asked again
    struct mien_job job; // of observer, estimate and answer
};

static void say(const struct mien_portrait *p, struct mien_portrait_answer *out)
{
    memcpy(out->identity, p->estimate.identity, sizeof(out->identity));
    memcpy(out->sigma, p->estimate.identity_sigma, sizeof(out->sigma));
}

static void read_answer(void *arg)
{
    struct mien_portrait *p = arg;
    p->broken = !mien_observer_read(p->observer, &p->estimate);
    if (p->broken) {
        p->answer.id = 0;
    }
    say(p, &p->answer);
    mien_observer_rest(p->observer);
}

static struct mien_portrait *finish(struct mien_portrait *p, bool apart)
{
    if (!p->observer || !mien_job_init(&p->job, apart ? "portrait" : NULL, read_answer, p)) {
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
        p->has_likeness = mien_observer_numbers(p->observer, "likeness", (float *)&p->likeness,
                                                MIEN_LIKENESS_NUMBERS);
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
    p->likeness = other->likeness;
    p->has_likeness = other->has_likeness;
    p->observer = mien_observer_create_beside(other->observer, shared);
    return finish(p, false);
}

const float *mien_portrait_people(const struct mien_portrait *p)
{
    return p->people;
}

const struct mien_likeness *mien_portrait_likeness(const struct mien_portrait *p)
{
    return p->has_likeness ? &p->likeness : NULL;
}

void mien_portrait_destroy(struct mien_portrait *p)
{
    if (!p) {
        return;
    }
    mien_job_destroy(&p->job);
    mien_observer_destroy(p->observer);
    mien_free(p);
}

bool mien_portrait_ask(struct mien_portrait *p, const struct mien_image *frame,
                       const struct mien_crop *crop, int id, int direction)
{
    if (mien_job_state(&p->job) != MIEN_JOB_IDLE || p->broken) {
        return false;
    }
    p->answer.id = id;
    p->answer.direction = direction;
    mien_observer_take(p->observer, frame, crop, false);
    mien_job_begin(&p->job);
    return true;
}

bool mien_portrait_answer(struct mien_portrait *p, struct mien_portrait_answer *out)
{
    if (mien_job_state(&p->job) != MIEN_JOB_DONE) {
        return false;
    }
    *out = p->answer;
    mien_job_end(&p->job);
    return true;
}

void mien_portrait_cancel(struct mien_portrait *p)
{
    p->answer.id = 0; // the thread does not touch it
}

bool mien_portrait_look(struct mien_portrait *p, const struct mien_image *frame,
                        const struct mien_crop *crop, bool twice, struct mien_portrait_answer *out)
{
    MIEN_ASSERT(mien_job_state(&p->job) == MIEN_JOB_IDLE);
    p->broken = p->broken || !mien_observer_look(p->observer, frame, crop, false, &p->estimate);
    if (twice && !p->broken) {
        p->broken = !mien_observer_look(p->observer, frame, crop, true, &p->mirrored);
        mien_estimate_mirror(p->model, &p->mirrored);
        mien_estimate_average(&p->estimate, &p->mirrored, 0.5f);
    }
    say(p, out);
    return !p->broken;
}

void mien_portrait_join(const struct mien_portrait *p, struct mien_estimate *est)
{
    for (int i = 0; i < est->landmarks; i++) {
        for (int c = 0; c < 2; c++) {
            est->landmark[i][c] = 0.5f * (est->landmark[i][c] + p->estimate.landmark[i][c]);
        }
    }
}

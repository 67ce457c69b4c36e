// One shape for all photographs of one person: the consensus of their fits.
//
// A single photograph says little of the shape: over photographs of the same person a coefficient
// varies as much as between people, and each fit is drawn to the mean face by its prior. A person's
// photographs share one identity, so their landmarks are explained together, with the prior counted
// once: global variable consensus by the alternating direction method of multipliers (Boyd et al.,
// Distributed optimization and statistical learning via ADMM, 2011, section 7.1), each photograph's
// step a fit of its own with a Gaussian prior at the consensus. Does not: find out who is on a
// photograph (the index says it), or touch pictures.
#include "prepare/prepare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"

enum { ROUNDS = 12, STEPS = 6 };
// Weights: a photograph's tie to the consensus, and the face model's own prior, N(0, 1).
static const float tie = 4, prior = 1;

struct people {
    struct mien_photos *photos;
    const struct mien_face_model *model;
    struct mien_fit **fit; // one a worker
    int *row;              // photographs of named people, a person's beside one another
    int *begin;            // (people + 1) into row
    int count;             // of people
    bool failed;
};

static int by_person(const void *a, const void *b, void *arg)
{
    const struct mien_photos *p = arg;
    const int i = *(const int *)a, k = *(const int *)b;
    const int names = strcmp(p->row[i].person, p->row[k].person);
    return names ? names : i - k;
}

static bool list_people(struct people *s, int first, int end)
{
    const struct mien_photos *p = s->photos;
    s->row = mien_calloc((size_t)p->count + 1, sizeof(*s->row));
    s->begin = mien_calloc((size_t)p->count + 1, sizeof(*s->begin));
    if (!s->row || !s->begin) {
        return false;
    }
    int named = 0;
    for (int i = first; i < end; i++) {
        if (p->row[i].person[0] && p->row[i].agree <= MIEN_PHOTO_DISAGREE) {
            s->row[named++] = i;
        }
    }
    qsort_r(s->row, (size_t)named, sizeof(*s->row), by_person, s->photos);
    for (int i = 0; i < named; i++) {
        if (i == 0 || strcmp(p->row[s->row[i]].person, p->row[s->row[i - 1]].person) != 0) {
            s->begin[s->count++] = i;
        }
    }
    s->begin[s->count] = named;
    return true;
}

struct look { // one photograph's part of the consensus
    int row;
    struct mien_fit_state state;
    float dual[MIEN_IDENTITY];
};

// Those of the person's photographs that a face explains, each fitted by itself.
static int begin_looks(struct people *s, struct mien_fit *f, int person, struct look *look)
{
    const struct mien_camera camera = mien_photo_camera(1);
    int n = 0;
    for (int i = s->begin[person]; i < s->begin[person + 1]; i++) {
        struct look *l = &look[n];
        l->row = s->row[i];
        n += mien_photo_fit(s->photos, s->model, f, &camera, l->row, &l->state) &&
             l->state.rms < MIEN_PHOTO_RMS;
    }
    return n;
}

static bool agree(struct people *s, struct mien_fit *f, struct look *look, int n, float *shared)
{
    const struct mien_camera camera = mien_photo_camera(1);
    float target[MIEN_IDENTITY];
    memset(shared, 0, MIEN_IDENTITY * sizeof(*shared));
    for (int round = 0; round < ROUNDS; round++) {
        for (int k = 0; k < MIEN_IDENTITY; k++) {
            float sum = 0;
            for (int i = 0; i < n; i++) {
                sum += tie * (look[i].state.identity[k] + look[i].dual[k]);
            }
            shared[k] = sum / (prior + (float)n * tie);
        }
        for (int i = 0; i < n; i++) {
            struct look *l = &look[i];
            for (int k = 0; k < MIEN_IDENTITY; k++) {
                l->dual[k] += l->state.identity[k] - shared[k];
                target[k] = shared[k] - l->dual[k];
            }
            const struct mien_photo_tie to = {
                .identity = target, .sigma = 1 / sqrtf(tie), .iterations = STEPS};
            if (!mien_photo_fit_tied(s->photos, s->model, f, &camera, l->row, &to, &l->state)) {
                return false;
            }
        }
    }
    return true;
}

static void share(void *arg, size_t person, int worker)
{
    struct people *s = arg;
    const int most = s->begin[person + 1] - s->begin[person];
    struct look *look = most > 1 ? mien_calloc((size_t)most, sizeof(*look)) : NULL;
    float shared[MIEN_IDENTITY];
    if (most < 2) {
        return;
    }
    if (!look) {
        s->failed = true;
        return;
    }
    const int n = begin_looks(s, s->fit[worker], (int)person, look);
    if (n > 1 && agree(s, s->fit[worker], look, n, shared)) {
        for (int i = 0; i < n; i++) {
            struct mien_photo_shape *to = &s->photos->shape[look[i].row];
            memcpy(to->identity, shared, sizeof(shared));
            to->looks = n;
        }
    }
    mien_free(look);
}

bool mien_photos_share(struct mien_photos *p, const struct mien_face_model *m, int first, int end)
{
    struct people s = {.photos = p, .model = m};
    struct mien_pool *pool = mien_pool_create(0);
    bool ok = false;
    const int workers = pool ? mien_pool_threads(pool) : 0;
    struct mien_photo_shape *shape = mien_calloc((size_t)p->count, sizeof(*shape));
    s.fit = mien_calloc((size_t)workers + 1, sizeof(*s.fit));
    if (!pool || !shape || !s.fit || !list_people(&s, first, end)) {
        goto out;
    }
    for (int i = 0; i < workers; i++) {
        if (!(s.fit[i] = mien_fit_create(m))) {
            goto out;
        }
    }
    mien_free(p->shape);
    p->shape = shape;
    shape = NULL;
    mien_pool_run(pool, (size_t)s.count, share, &s);
    int people = 0, photos = 0;
    for (int i = 0; i < s.count; i++) {
        int of = 0;
        for (int k = s.begin[i]; k < s.begin[i + 1]; k++) {
            of += p->shape[s.row[k]].looks > 1;
        }
        people += of > 0;
        photos += of;
    }
    ok = !s.failed;
    mien_info("%d people share one shape over %d photographs", people, photos);
out:
    for (int i = 0; i < workers && s.fit; i++) {
        mien_fit_destroy(s.fit[i]);
    }
    mien_free(s.fit);
    mien_free(s.row);
    mien_free(s.begin);
    mien_free(shape);
    mien_pool_destroy(pool);
    return ok;
}

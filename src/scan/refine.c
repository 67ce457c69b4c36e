// Pictures of each person, when to refine, and the thread that does. See refine.h.
#include "scan/refine.h"

#include <math.h>
#include <string.h>

#include "base/job.h"
#include "base/mem.h"
#include "scan/scan.h"

enum {
    PEOPLE = 3,       // whose pictures are kept at a time
    KEPT_FRAMES = 6,  // of each: the work grows with their square
    KEPT_PX = 320,    // the plane that skin is compared on has no more of the face (scan/tracks.c)
    LEAST_FRAMES = 5, // for patches of skin
    NEWS = 4,         // of pictures and looks: the landmarks say a shape anew
};
static const float apart_deg = 4; // of two pictures that are worth it
// Yaws seen, from the leftmost to the rightmost, before landmarks of several pictures say more than
// the looks.
static const float least_deg = 20;
// Patches of skin are worth their time when yaws were seen from the leftmost to the rightmost by so
// much; and again when it is so much more.
static const float first_deg = 40, more = 1.4f;

struct person {
    int id; // 0: free
    uint64_t seen;
    struct mien_scan kept;
    int news, looks;          // since the last shape; looks of it that were counted
    bool by_skin;             // the shape that is held rests on patches of skin
    float wanted_deg;         // the yaws' range that the next ones wait for
    float yaw_deg, pitch_deg; // of the picture offered last
};

// A shape that is asked for. Its person's pictures stay as they are until it is taken.
struct question {
    struct person *person;
    int id; // 0: of nobody any more
    float identity[MIEN_IDENTITY], sigma[MIEN_IDENTITY];
    struct mien_scan_known known;
    bool answered; // else there was nothing to refine from
};

struct mien_refiner {
    const struct mien_face_model *model;
    struct person person[PEOPLE];
    struct mien_scan_room *room; // NULL: memory is taken for each question (14 MB)
    struct question question;
    struct mien_scan_found found;
    struct mien_job job; // of found and the question's `answered`
};

static void answer(void *arg)
{
    struct mien_refiner *r = arg;
    struct question *q = &r->question;
    q->answered = r->room ? mien_scan_refine_in(r->room, &q->person->kept, &q->known, &r->found)
                          : mien_scan_refine(&q->person->kept, r->model, &q->known, &r->found);
}

struct mien_refiner *mien_refiner_create(const struct mien_face_model *m, bool apart)
{
    struct mien_refiner *r = mien_calloc(1, sizeof(*r));
    if (!r) {
        return NULL;
    }
    bool ok = true;
    for (int i = 0; ok && i < PEOPLE; i++) {
        r->person[i].kept.side_px = KEPT_PX;
        r->person[i].kept.most = KEPT_FRAMES;
        ok = mien_scan_reserve(&r->person[i].kept);
    }
    r->model = m;
    r->room = ok && !apart ? mien_scan_room_create(m, &r->person[0].kept) : NULL;
    ok = ok && (apart || r->room);
    if (!ok || !mien_job_init(&r->job, apart ? "mien-refine" : NULL, answer, r)) {
        mien_refiner_destroy(r);
        return NULL;
    }
    return r;
}

void mien_refiner_destroy(struct mien_refiner *r)
{
    if (!r) {
        return;
    }
    mien_job_destroy(&r->job);
    for (int i = 0; i < PEOPLE; i++) {
        mien_scan_destroy(&r->person[i].kept);
    }
    mien_scan_room_destroy(r->room);
    mien_free(r);
}

static void begin(struct person *p, int id)
{
    mien_scan_forget(&p->kept);
    p->id = id;
    p->news = p->looks = 0;
    p->by_skin = false;
    p->wanted_deg = first_deg;
    p->yaw_deg = HUGE_VALF;
}

// The place of the person with this id, or the one that was not seen for longest and is emptied;
// NULL when all are seen now. asked: about this one a question is open, NULL: there is none.
static struct person *place_of(struct mien_refiner *r, int id, uint64_t frame,
                               const struct person *asked)
{
    struct person *p = NULL;
    for (int i = 0; i < PEOPLE; i++) {
        struct person *k = &r->person[i];
        if (k->id == id) {
            return k;
        }
        p = k != asked && (!p || k->seen < p->seen) ? k : p;
    }
    if (p->id && p->seen == frame) {
        return NULL; // more people than places: the first stay
    }
    begin(p, id);
    return p;
}

static float range_deg(const struct mien_scan *s)
{
    float least = HUGE_VALF, most = -HUGE_VALF;
    for (int i = 0; i < s->count; i++) {
        least = fminf(least, s->frame[i].face.yaw_deg);
        most = fmaxf(most, s->frame[i].face.yaw_deg);
    }
    return s->count ? most - least : 0;
}

// Holds an answer that is there. The person about whom a question is still open, or NULL.
static struct person *take_done(struct mien_refiner *r, struct mien_engine *e)
{
    const struct question *q = &r->question;
    if (mien_job_state(&r->job) != MIEN_JOB_DONE) {
        return q->person;
    }
    if (q->answered && q->id) { // the engine may not know that face any more
        mien_engine_hold_identity(e, q->id, r->found.identity, r->found.sigma);
    }
    mien_job_end(&r->job);
    return NULL;
}

// Has the shape said anew when there is reason to, and held once it is known. The person about whom
// a question is open then, or NULL.
static struct person *refine(struct mien_refiner *r, struct mien_engine *e, struct person *p,
                             const struct mien_face_result *f)
{
    float range = range_deg(&p->kept);
    bool skin = p->kept.count >= LEAST_FRAMES && range >= p->wanted_deg;
    bool landmarks = !p->by_skin && range >= least_deg &&
                     (p->news >= NEWS || (p->news && p->kept.count < KEPT_FRAMES));
    if ((!skin && !landmarks) || !f->identity_looks) {
        return NULL;
    }
    p->news = 0;
    if (skin) {
        p->wanted_deg = more * range;
        p->by_skin = true;
    }
    struct question *q = &r->question;
    q->person = p;
    q->id = p->id;
    memcpy(q->identity, f->looked_identity, sizeof(q->identity));
    memcpy(q->sigma, f->looked_sigma, sizeof(q->sigma));
    q->known = (struct mien_scan_known){.identity = q->identity,
                                        .sigma = q->sigma,
                                        .camera = mien_engine_knows_fov(e),
                                        .landmarks_alone = !skin};
    mien_job_begin(&r->job);
    return take_done(r, e);
}

// Keeps the picture when the face is seen from elsewhere than last.
static void keep(struct person *p, const struct mien_image *frame, const struct mien_camera *camera,
                 const struct mien_face_result *f)
{
    if (f->identity_looks < p->looks) {
        begin(p, p->id); // another one, in an engine that began anew
    }
    p->news += f->identity_looks != p->looks;
    p->looks = f->identity_looks;
    if (hypotf(f->yaw_deg - p->yaw_deg, f->pitch_deg - p->pitch_deg) >= apart_deg) {
        p->yaw_deg = f->yaw_deg;
        p->pitch_deg = f->pitch_deg;
        p->news++;
        mien_scan_offer(&p->kept, frame, camera, f); // else logged
    }
}

// Takes up the answer, if there is one. The person about whom a question is open still, or NULL.
static struct person *take_answer(struct mien_refiner *r, struct mien_engine *e,
                                  const struct mien_result *result)
{
    struct question *q = &r->question;
    if (mien_job_state(&r->job) == MIEN_JOB_IDLE) {
        return NULL;
    }
    for (int i = 0; i < result->count; i++) {
        const struct mien_face_result *f = &result->face[i];
        if (f->id == q->id && f->identity_looks < q->person->looks) {
            q->id = 0; // another one, in an engine that began anew
        }
    }
    return take_done(r, e);
}

void mien_refiner_see(struct mien_refiner *r, struct mien_engine *e, const struct mien_image *frame,
                      const struct mien_result *result)
{
    struct person *asked = take_answer(r, e, result);
    for (int i = 0; i < result->count; i++) {
        const struct mien_face_result *f = &result->face[i];
        struct person *p = place_of(r, f->id, result->frame, asked);
        if (!p) {
            continue;
        }
        p->seen = result->frame;
        if (f->state == MIEN_TRACK_STEADY && p != asked) {
            keep(p, frame, &result->camera, f);
            if (!asked) {
                asked = refine(r, e, p, f);
            }
        }
    }
}

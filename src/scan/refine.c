// Pictures of each person, and when to refine. See refine.h.
#include "scan/refine.h"

#include <math.h>
#include <string.h>

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

struct mien_refiner {
    struct person person[PEOPLE];
    struct mien_scan_found found;
};

struct mien_refiner *mien_refiner_create(void)
{
    struct mien_refiner *r = mien_calloc(1, sizeof(*r));
    if (!r) {
        return NULL;
    }
    for (int i = 0; i < PEOPLE; i++) {
        r->person[i].kept.side_px = KEPT_PX;
        r->person[i].kept.most = KEPT_FRAMES;
    }
    return r;
}

void mien_refiner_destroy(struct mien_refiner *r)
{
    if (!r) {
        return;
    }
    for (int i = 0; i < PEOPLE; i++) {
        mien_scan_destroy(&r->person[i].kept);
    }
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

// The place of the person with this id, or the one not seen for longest and is
// emptied; NULL when all are seen now.
static struct person *place_of(struct mien_refiner *r, int id, uint64_t frame)
{
    struct person *p = &r->person[0];
    for (int i = 0; i < PEOPLE; i++) {
        if (r->person[i].id == id) {
            return &r->person[i];
        }
        p = r->person[i].seen < p->seen ? &r->person[i] : p;
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

// Has the shape said anew, and held, when there is reason to.
static void refine(struct mien_refiner *r, struct mien_engine *e, struct person *p,
                   const struct mien_face_result *f)
{
    float range = range_deg(&p->kept);
    bool skin = p->kept.count >= LEAST_FRAMES && range >= p->wanted_deg;
    bool landmarks = !p->by_skin && range >= least_deg &&
                     (p->news >= NEWS || (p->news && p->kept.count < KEPT_FRAMES));
    if ((!skin && !landmarks) || !f->identity_looks) {
        return;
    }
    p->news = 0;
    if (skin) {
        p->wanted_deg = more * range;
        p->by_skin = true;
    }
    const struct mien_scan_known known = {.identity = f->looked_identity,
                                          .sigma = f->looked_sigma,
                                          .camera = mien_engine_knows_fov(e),
                                          .landmarks_alone = !skin};
    if (mien_scan_refine(&p->kept, mien_engine_model(e), &known, &r->found)) {
        mien_engine_hold_identity(e, p->id, r->found.identity, r->found.sigma);
    }
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

void mien_refiner_see(struct mien_refiner *r, struct mien_engine *e, const struct mien_image *frame,
                      const struct mien_result *result)
{
    for (int i = 0; i < result->count; i++) {
        const struct mien_face_result *f = &result->face[i];
        struct person *p = place_of(r, f->id, result->frame);
        if (!p) {
            continue;
        }
        p->seen = result->frame;
        if (f->state == MIEN_TRACK_STEADY) {
            keep(p, frame, &result->camera, f);
            refine(r, e, p, f);
        }
    }
}

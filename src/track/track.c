// Matches finds to tracks, ages them, and says where to look in the next frame.
#include "track/track.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

// A track starts above `sure` and goes on above `still_there` (hysteresis).
static const float sure = 0.5f, still_there = 0.25f;
// Looks in a row without a face before a track ends: a hand passing by takes about this long.
enum { MISSES = 6, MISSES_NEW = 1, LOOKS_NEW = 3, OVERLAPS = 4, NEUTRAL_LOOKS = 30 };
static const int64_t remember_ns = 4 * MIEN_NS_PER_S;
// Rms residual of the fit in face sizes: a good fit has 0.01 to 0.02, a fit of nothing over 0.1.
static const float bad_fit = 0.08f;
// A crop is kept while the face would move it by less than this (fractions of its side, radians):
// a still face is then resampled in the same way in every frame, which takes off a third of the
// jitter; more, and the network sees faces off its middle.
static const float keep_place = 0.02f, keep_size = 0.03f, keep_roll = 0.03f;
// A second look pays beyond this: training shifts crops by about as much.
static const float far_place = 0.07f, far_size = 0.12f, far_roll = 0.10f;

static float common(const float a[4], const float b[4])
{
    float w = fminf(a[2], b[2]) - fmaxf(a[0], b[0]), h = fminf(a[3], b[3]) - fmaxf(a[1], b[1]);
    return w > 0 && h > 0 ? w * h : 0;
}

static float area(const float a[4])
{
    return (a[2] - a[0]) * (a[3] - a[1]);
}

float mien_box_overlap(const float a[4], const float b[4])
{
    float both = common(a, b);
    return both / fmaxf(area(a) + area(b) - both, 1e-6f);
}

float mien_box_cover(const float a[4], const float b[4])
{
    return common(a, b) / fmaxf(fminf(area(a), area(b)), 1e-6f);
}

static float turn(const struct mien_crop *a, const struct mien_crop *b)
{
    return fabsf(remainderf(a->roll_rad - b->roll_rad, 2 * (float)M_PI));
}

bool mien_crop_beyond(const struct mien_crop *a, const struct mien_crop *b, float place, float size,
                      float roll)
{
    return !(hypotf(a->cx_px - b->cx_px, a->cy_px - b->cy_px) < place * a->side_px &&
             fabsf(logf(b->side_px / a->side_px)) < size && turn(a, b) < roll);
}

bool mien_crop_far(const struct mien_crop *a, const struct mien_crop *b)
{
    return mien_crop_beyond(a, b, far_place, far_size, far_roll);
}

void mien_tracker_init(struct mien_tracker *t, const struct mien_face_model *m)
{
    memset(t, 0, sizeof(*t));
    t->model = m;
    t->next_id = 1;
    mien_smooth_layout_make(&t->layout, m);
}

void mien_tracker_reset(struct mien_tracker *t)
{
    memset(t->track, 0, sizeof(t->track));
    memset(t->lost, 0, sizeof(t->lost));
    t->next_id = 1;
}

int mien_tracker_count(const struct mien_tracker *t)
{
    int n = 0;
    for (size_t i = 0; i < MIEN_COUNT(t->track); i++) {
        n += t->track[i].id != 0;
    }
    return n;
}

// Distance of two boxes' centres in units of the first's size.
static float distance(const float a[4], const float b[4])
{
    float size = fmaxf(1, sqrtf(fmaxf(1, (a[2] - a[0]) * (a[3] - a[1]))));
    return hypotf(a[0] + a[2] - b[0] - b[2], a[1] + a[3] - b[1] - b[3]) / (2 * size);
}

static struct mien_lost *recall(struct mien_tracker *t, const float box[4], int64_t now_ns)
{
    struct mien_lost *best = NULL;
    for (size_t i = 0; i < MIEN_COUNT(t->lost); i++) {
        struct mien_lost *l = &t->lost[i];
        if (!l->id || now_ns - l->lost_ns > remember_ns || distance(box, l->box_px) > 1.2f) {
            continue;
        }
        float ratio = (box[3] - box[1]) / fmaxf(1, l->box_px[3] - l->box_px[1]);
        if (ratio < 0.6f || ratio > 1.7f) {
            continue;
        }
        if (!best || distance(box, l->box_px) < distance(box, best->box_px)) {
            best = l;
        }
    }
    return best;
}

struct mien_track *mien_tracker_start(struct mien_tracker *t, const float box_px[4], float roll_rad,
                                      int64_t now_ns)
{
    struct mien_track *free_place = NULL;
    for (size_t i = 0; i < MIEN_COUNT(t->track); i++) {
        struct mien_track *tr = &t->track[i];
        if (!tr->id) {
            free_place = free_place ? free_place : tr;
        } else if (mien_box_overlap(tr->box_px, box_px) > 0.3f ||
                   distance(box_px, tr->box_px) < 0.35f) {
            return NULL;
        }
    }
    struct mien_crop crop;
    if (!free_place || !mien_crop_from_box(box_px, &crop)) {
        return NULL;
    }
    memset(free_place, 0, sizeof(*free_place));
    struct mien_lost *old = recall(t, box_px, now_ns);
    if (old) {
        free_place->id = old->id;
        free_place->identity = old->identity;
        free_place->evidence = old->evidence;
        free_place->neutral = old->neutral;
        free_place->same = old->same; // its first looks tell whether it is the same person
        mien_same_person_ask(&free_place->same);
        old->id = 0;
    } else {
        free_place->id = t->next_id++;
    }
    crop.roll_rad = roll_rad;
    free_place->crop = crop;
    free_place->state = MIEN_TRACK_NEW;
    free_place->start_ns = free_place->seen_ns = now_ns;
    memcpy(free_place->box_px, box_px, sizeof(free_place->box_px));
    return free_place;
}

void mien_track_end(struct mien_tracker *t, struct mien_track *tr, int64_t now_ns)
{
    if (tr->id && tr->looks >= LOOKS_NEW) {
        struct mien_lost *place = &t->lost[0];
        for (size_t i = 0; i < MIEN_COUNT(t->lost); i++) {
            struct mien_lost *l = &t->lost[i];
            if (!l->id || now_ns - l->lost_ns > remember_ns) {
                place = l;
                break;
            }
            place = l->lost_ns < place->lost_ns ? l : place;
        }
        *place = (struct mien_lost){.id = tr->id,
                                    .looks = tr->looks,
                                    .lost_ns = tr->seen_ns,
                                    .identity = tr->identity,
                                    .evidence = tr->evidence,
                                    .same = tr->same,
                                    .neutral = tr->neutral};
        memcpy(place->box_px, tr->box_px, sizeof(place->box_px));
    }
    tr->id = 0;
    tr->state = MIEN_TRACK_NONE;
}

void mien_track_forget(struct mien_track *tr)
{
    tr->id = 0;
    tr->state = MIEN_TRACK_NONE;
}

void mien_tracker_forget(struct mien_tracker *t)
{
    for (size_t i = 0; i < MIEN_COUNT(t->track); i++) {
        mien_track_forget(&t->track[i]);
    }
    memset(t->lost, 0, sizeof(t->lost));
}

const struct mien_lost *mien_tracker_missed(const struct mien_tracker *t, int64_t now_ns)
{
    const struct mien_lost *best = NULL;
    int looks = 0;
    for (size_t i = 0; i < MIEN_COUNT(t->track); i++) {
        looks = t->track[i].id && t->track[i].looks > looks ? t->track[i].looks : looks;
    }
    for (size_t i = 0; i < MIEN_COUNT(t->lost); i++) {
        const struct mien_lost *l = &t->lost[i];
        if (l->id && now_ns - l->lost_ns <= remember_ns && l->looks > looks) {
            best = l;
            looks = l->looks;
        }
    }
    return best;
}

void mien_track_predict(const struct mien_tracker *t, struct mien_track *tr, int64_t now_ns)
{
    struct mien_crop next;
    if (!tr->have_landmarks ||
        !mien_crop_from_landmarks(t->model, (const float(*)[2])tr->landmark_px, &next)) {
        return;
    }
    // A face that was not seen is where it was going, but not for long.
    float dt = fminf((float)(now_ns - tr->seen_ns) * 1e-9f, 0.15f);
    if (dt > 0) {
        next.cx_px += tr->velocity[0] * dt;
        next.cy_px += tr->velocity[1] * dt;
        next.side_px *= expf(fmaxf(-0.3f, fminf(0.3f, tr->velocity[2] * dt)));
    }
    if (tr->looks <= 1 || mien_crop_beyond(&tr->crop, &next, keep_place, keep_size, keep_roll)) {
        tr->crop = next;
    }
}

static bool finite_sight(const struct mien_sight *s, int landmarks)
{
    float sum = s->presence;
    for (int i = 0; i < landmarks; i++) {
        sum += s->landmark_px[i][0] + s->landmark_px[i][1] + s->sigma_px[i];
    }
    for (int i = 0; i < 9; i++) {
        sum += s->pose.R[i];
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        sum += s->identity[i];
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        sum += s->blendshape[i];
    }
    return isfinite(sum + s->pose.t[0] + s->pose.t[1] + s->pose.t[2] + s->gaze_deg[0][0] +
                    s->gaze_deg[0][1] + s->gaze_deg[1][0] + s->gaze_deg[1][1]);
}

static void miss(struct mien_tracker *t, struct mien_track *tr, int64_t now_ns)
{
    tr->missed++;
    tr->state = MIEN_TRACK_WEAK;
    if (tr->missed >= (tr->looks < LOOKS_NEW ? MISSES_NEW : MISSES)) {
        mien_track_end(t, tr, now_ns);
    }
}

static void move(struct mien_track *tr, const float box[4], float dt)
{
    float size = fmaxf(1, box[3] - box[1]), before = fmaxf(1, tr->box_px[3] - tr->box_px[1]);
    if (!tr->have_landmarks || !(dt > 0)) {
        memset(tr->velocity, 0, sizeof(tr->velocity));
        return;
    }
    float v[3] = {0.5f * (box[0] + box[2] - tr->box_px[0] - tr->box_px[2]) / dt,
                  0.5f * (box[1] + box[3] - tr->box_px[1] - tr->box_px[3]) / dt,
                  logf(size / before) / dt};
    // Half of the last velocity is kept; below 0.3 face sizes a second it is noise.
    for (int i = 0; i < 3; i++) {
        tr->velocity[i] = 0.5f * tr->velocity[i] + 0.5f * v[i];
    }
    if (hypotf(tr->velocity[0], tr->velocity[1]) < 0.3f * size) {
        tr->velocity[0] = tr->velocity[1] = 0;
    }
    if (fabsf(tr->velocity[2]) < 0.5f) {
        tr->velocity[2] = 0;
    }
}

bool mien_track_look(struct mien_tracker *t, struct mien_track *tr, const struct mien_sight *sight,
                     int width_px, int height_px, int64_t now_ns)
{
    int n = t->model->landmarks;
    float box[4];
    bool seen = finite_sight(sight, n) &&
                sight->presence >= (tr->looks < LOOKS_NEW ? sure : still_there) &&
                mien_crop_bounds((const float(*)[2])sight->landmark_px, n, box);
    // A face whose middle left the picture is gone, whatever the network makes of the border.
    if (seen) {
        float x = 0.5f * (box[0] + box[2]), y = 0.5f * (box[1] + box[3]);
        float size = hypotf(box[2] - box[0], box[3] - box[1]);
        seen = x > -0.1f * size && y > -0.1f * size && x < (float)width_px + 0.1f * size &&
               y < (float)height_px + 0.1f * size && size > 8 &&
               mien_box_overlap(box, (float[4]){tr->crop.cx_px - 0.5f * tr->crop.side_px,
                                                tr->crop.cy_px - 0.5f * tr->crop.side_px,
                                                tr->crop.cx_px + 0.5f * tr->crop.side_px,
                                                tr->crop.cy_px + 0.5f * tr->crop.side_px}) > 0.1f;
    }
    if (!seen) {
        miss(t, tr, now_ns);
        return false;
    }
    float dt = tr->have_landmarks ? (float)(now_ns - tr->seen_ns) * 1e-9f : 0;
    dt = dt > 0 ? fminf(dt, 1) : 0;
    if (tr->missed > 2) {
        mien_smooth_reset(&tr->smooth); // it may be elsewhere now
        tr->have_fit = false;
    }
    move(tr, box, dt);
    memcpy(tr->box_px, box, sizeof(box));
    memcpy(tr->landmark_px, sight->landmark_px, sizeof(tr->landmark_px));
    tr->have_landmarks = true;
    tr->seen_ns = now_ns;
    tr->missed = 0;
    tr->looks++;
    tr->dt_s = dt;
    bool weak = sight->presence < sure;
    tr->state = weak ? MIEN_TRACK_WEAK : tr->looks < LOOKS_NEW ? MIEN_TRACK_NEW : MIEN_TRACK_STEADY;
    return true;
}

void mien_track_judge(struct mien_tracker *t, struct mien_track *tr, float fit_rms, int64_t now_ns)
{
    if (fit_rms < bad_fit) {
        tr->bad_fits = 0;
        return;
    }
    tr->have_fit = false;
    tr->state = MIEN_TRACK_WEAK;
    if (++tr->bad_fits >= MISSES) {
        mien_track_end(t, tr, now_ns);
    }
}

void mien_tracker_settle(struct mien_tracker *t, int64_t now_ns)
{
    for (size_t i = 0; i < MIEN_COUNT(t->track); i++) {
        struct mien_track *a = &t->track[i];
        bool doubled = false;
        for (size_t k = 0; a->id && k < MIEN_COUNT(t->track); k++) {
            const struct mien_track *b = &t->track[k];
            bool older = b->start_ns < a->start_ns || (b->start_ns == a->start_ns && k < i);
            if (k == i || !b->id || !older) {
                continue;
            }
            // The same face: nearly the same box and nearly the same centre.
            doubled = doubled || (mien_box_overlap(a->box_px, b->box_px) > 0.6f &&
                                  distance(a->box_px, b->box_px) < 0.2f);
        }
        a->overlap = doubled ? a->overlap + 1 : 0;
        if (a->overlap >= OVERLAPS || (a->overlap > 0 && a->looks < LOOKS_NEW)) {
            a->id = 0; // not remembered: the other one goes on
            a->state = MIEN_TRACK_NONE;
        }
    }
}

void mien_track_lids(struct mien_track *tr, struct mien_face_result *f)
{
    mien_lid_watch_feed(&tr->lids, f->blendshape, tr->dt_s, &f->lids);
    for (int e = 0; e < 2; e++) {
        if (f->lids.shut[e] && tr->lids.frames > 1) {
            memcpy(f->gaze_deg[e], tr->gaze_deg[e], sizeof(tr->gaze_deg[e]));
        } else {
            memcpy(tr->gaze_deg[e], f->gaze_deg[e], sizeof(tr->gaze_deg[e]));
        }
    }
}

void mien_track_calibrate(struct mien_track *tr, bool clear)
{
    memset(&tr->neutral, 0, sizeof(tr->neutral));
    tr->neutral.collecting = !clear;
}

void mien_track_apply_neutral(struct mien_track *tr, const float b[MIEN_BLENDSHAPES],
                              float out[MIEN_BLENDSHAPES])
{
    struct mien_neutral *n = &tr->neutral;
    if (n->collecting) {
        n->frames++;
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            n->sum[i] += b[i];
        }
        if (n->frames == NEUTRAL_LOOKS) {
            n->collecting = false;
            for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
                // A shape that is half on is no resting face: the calibration keeps some range.
                n->value[i] = fminf(n->sum[i] / (float)n->frames, 0.6f);
            }
        }
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        out[i] = fmaxf(0, fminf(1, (b[i] - n->value[i]) / (1 - n->value[i])));
    }
}

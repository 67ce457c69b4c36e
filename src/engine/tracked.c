// The next frame in time: the detector while faces may be missing, then one crop and one fit for
// each tracked face.
#include "engine/internal.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "image/luma.h"

// A followed face is at rest while its picture moves by less than this in its crop (shares of the
// side, radians): the crop then stays, and the jitter with it.
static const float still_place = 0.004f, still_size = 0.006f, still_roll = 0.006f;
// Where the landmarks want another crop by more than this, the face is followed from there on.
// Wider limits make motion smoother (motion.py's error is 1.31 % with 0.04, 1.43 % with 0.03 and
// with 0.02, 2.52 % without following), but landmarks are a little worse off the crop's middle.
static const float off_place = 0.03f, off_size = 0.045f, off_roll = 0.045f;
// The picture is taken anew when less of it is found than this: the head has turned.
static const float stale = 0.93f;
// The same for the head's rigid parts, and the turn (rad) that their picture is good for.
static const float rigid_stale = 0.76f, rigid_turn = 0.12f;

// Frames of one shot are alike even when somebody walks through them (correlation of their small
// pictures above 0.7 in all clips of video-dev), those of two shots are not (below 0.4 at its cuts,
// with a mean difference of 30 and more of 255 grey levels).
static const float other_shot = 0.55f, other_levels = 12;

// Grey levels of the frame at the points of a grid, a few pixels each.
static void shrink(const struct mien_image *frame, float out[MIEN_SHOT_PIXELS])
{
    int channels = mien_format_channels(frame->format);
    for (int j = 0; j < MIEN_SHOT_H; j++) {
        for (int i = 0; i < MIEN_SHOT_W; i++) {
            int sum = 0;
            for (int k = 0; k < 16; k++) {
                int x = (frame->width - 1) * (4 * i + (k & 3)) / (4 * MIEN_SHOT_W - 1);
                int y = (frame->height - 1) * (4 * j + (k >> 2)) / (4 * MIEN_SHOT_H - 1);
                const uint8_t *p =
                    frame->data + (size_t)y * frame->stride + (size_t)x * (size_t)channels;
                sum += channels == 1 ? 256 * p[0] : mien_luma_256(p[0], p[1], p[2]);
            }
            out[j * MIEN_SHOT_W + i] = (float)sum / (16 * 256);
        }
    }
}

// Whether the frame begins another shot. Keeps its small picture for the next.
static bool shot_begins(struct mien_engine *e, const struct mien_image *frame)
{
    float now[MIEN_SHOT_PIXELS], *last = e->small;
    double a = 0, b = 0, aa = 0, bb = 0, ab = 0, off = 0;
    shrink(frame, now);
    for (int i = 0; i < MIEN_SHOT_PIXELS; i++) {
        a += (double)now[i];
        b += (double)last[i];
        aa += (double)(now[i] * now[i]);
        bb += (double)(last[i] * last[i]);
        ab += (double)(now[i] * last[i]);
        off += (double)fabsf(now[i] - last[i]);
    }
    double n = MIEN_SHOT_PIXELS, va = aa - a * a / n, vb = bb - b * b / n;
    double alike = (ab - a * b / n) / sqrt(fmax(1, va) * fmax(1, vb));
    bool begins = e->have_small && alike < (double)other_shot && off / n > (double)other_levels;
    memcpy(last, now, sizeof(now));
    e->have_small = true;
    return begins;
}

// Where the face's picture is in this frame, from where it should be. At rest the crop stays. False
// when a picture was remembered and is not found.
static bool follow_crop(struct mien_follow *fo, const struct mien_image *frame,
                        const struct mien_crop *last, struct mien_crop *crop)
{
    struct mien_follow_motion motion;
    if (!mien_follow_find(fo, frame, crop, &motion)) {
        mien_follow_forget(fo);
        return false;
    }
    bool still = !mien_crop_beyond(last, &motion.crop, still_place, still_size, still_roll);
    *crop = still ? *last : motion.crop;
    if (motion.match < stale) {
        mien_follow_forget(fo);
    }
    return true;
}

// How the head turned since its rigid parts were remembered, for the solver.
static void turn_head(struct mien_engine_head *head, const struct mien_image *frame,
                      const struct mien_crop *crop)
{
    struct mien_follow_motion motion;
    bool found = mien_follow_find(&head->rigid, frame, crop, &motion);
    mien_steady_motion(&head->steady, found ? &motion.crop : NULL, motion.turn);
    if (!found || motion.match < rigid_stale ||
        hypotf(motion.turn[0], motion.turn[1]) > rigid_turn) {
        mien_follow_forget(&head->rigid);
    }
}

// The head's rigid parts, of this frame, when none are remembered any more.
static void remember_head(struct mien_engine_head *head, const struct mien_face_model *m,
                          const struct mien_image *frame, const struct mien_camera *camera,
                          const struct mien_track *tr)
{
    if (!head->rigid.have) {
        mien_follow_remember(&head->rigid, m, frame, &tr->crop, (const float(*)[2])tr->landmark_px,
                             true);
        mien_steady_remembered(&head->steady, camera, &tr->crop);
    }
}

// Looks of the portrait network at one face are at least this far apart: nothing new is seen
// sooner.
static const int64_t portrait_every_ns = 120 * 1000000LL;
// … and once everything is known, one now and then: glasses come off.
static const int64_t portrait_again_ns = 3 * MIEN_NS_PER_S;
static const float sure_presence = 0.6f;

// What was asked of the portrait network and is answered by now joins what is known of that face.
static void hear_portrait(struct mien_engine *e)
{
    if (!e->portrait || !mien_portrait_answer(e->portrait, &e->who)) {
        return;
    }
    for (int i = 0; i < MIEN_FACES_MAX; i++) {
        struct mien_track *tr = &e->tracker.track[i];
        if (tr->id && tr->id == e->who.id) {
            mien_evidence_add(&tr->evidence, mien_portrait_people(e->portrait), e->who.direction,
                              e->who.identity, e->who.sigma);
        }
    }
}

// Asks about a face that was just seen well, when it is seen from where little is known yet.
static void ask_portrait(struct mien_engine *e, const struct mien_image *frame,
                         struct mien_track *tr, int64_t capture_ns, struct mien_times *times)
{
    const struct mien_sight *sight = &e->seen[tr - e->tracker.track].sight;
    if (!e->portrait || sight->presence < sure_presence ||
        (tr->evidence.looks && capture_ns - tr->portrait_ns < portrait_every_ns)) {
        return;
    }
    int direction = mien_evidence_direction(sight->pose.R);
    bool wants = mien_evidence_wants(&tr->evidence, direction) ||
                 (direction >= 0 && capture_ns - tr->portrait_ns > portrait_again_ns);
    int64_t t0 = mien_engine_now(e);
    if (wants && mien_portrait_ask(e->portrait, frame, &tr->crop, tr->id, direction)) {
        tr->portrait_ns = capture_ns;
        times->portrait_looks++;
        hear_portrait(e);
    }
    times->portrait_ns += mien_engine_now(e) - t0;
}

// Where a tracked face is in the frame and what the network says of it there, into its e->seen.
// Touches nothing of other tracks, nor the tracker: several may be looked at at the same time.
static void see_face(struct mien_engine *e, struct mien_engine_eye *eye,
                     const struct mien_image *frame, const struct mien_camera *camera,
                     struct mien_track *tr, int64_t capture_ns)
{
    const int place = (int)(tr - e->tracker.track);
    struct mien_engine_seen *seen = &e->seen[place];
    struct mien_follow *fo = &e->follow[place];
    struct mien_engine_head *head = &e->head[place];
    struct mien_times *times = &seen->times;
    const struct mien_engine_target at = {frame, camera, &tr->crop};
    const bool quality = e->config.quality;
    struct mien_crop last = tr->crop;
    *times = (struct mien_times){0};
    seen->fresh = !tr->have_landmarks;
    mien_track_predict(&e->tracker, tr, capture_ns);
    if (seen->fresh || tr->missed > 0) {
        mien_follow_forget(fo);
        mien_follow_forget(&head->rigid);
        mien_same_person_ask(&tr->same);
    } else if (fo->have) {
        int64_t t0 = mien_engine_now(e);
        if (!follow_crop(fo, frame, &last, &tr->crop)) {
            mien_same_person_ask(&tr->same);
        }
        times->follow_ns += mien_engine_now(e) - t0;
    }
    mien_engine_look(e, eye, &at, quality, times);
    // A detector's box is a coarse crop, and a quick face is not where it was going: look again
    // from the landmarks.
    struct mien_crop better;
    if (mien_crop_from_landmarks(e->parts.model, (const float(*)[2])eye->sight.landmark_px,
                                 &better) &&
        (seen->fresh || mien_crop_far(&tr->crop, &better))) {
        tr->crop = better;
        mien_engine_look(e, eye, &at, quality, times);
        mien_follow_forget(fo);
    }
    int64_t t0 = mien_engine_now(e);
    // From here on, or from where the crop should be when the face has left its middle.
    if (mien_crop_from_landmarks(e->parts.model, (const float(*)[2])eye->sight.landmark_px,
                                 &better)) {
        bool off = mien_crop_beyond(&tr->crop, &better, off_place, off_size, off_roll);
        if (off || !fo->have) {
            mien_follow_remember(fo, e->parts.model, frame, off ? &better : &tr->crop,
                                 (const float(*)[2])eye->sight.landmark_px, false);
        }
    }
    // Nothing is held without filters.
    if (seen->fresh || !(mien_engine_filter_strength((double)e->config.filter) > 0)) {
        *head = (struct mien_engine_head){0};
    } else {
        turn_head(head, frame, &tr->crop);
    }
    times->follow_ns += mien_engine_now(e) - t0;
    seen->sight = eye->sight;
}

// What was seen of a tracked face, into its fit and the frame's results. False when there is
// nothing to report.
static bool report_face(struct mien_engine *e, const struct mien_image *frame,
                        struct mien_track *tr, int64_t capture_ns, struct mien_result *out)
{
    const struct mien_camera *camera = &out->camera;
    const int place = (int)(tr - e->tracker.track);
    struct mien_engine_seen *seen = &e->seen[place];
    struct mien_engine_head *head = &e->head[place];
    float strength = (float)mien_engine_filter_strength((double)e->config.filter);
    out->times.follow_ns += seen->times.follow_ns;
    out->times.network_ns += seen->times.network_ns;
    if (!mien_track_look(&e->tracker, tr, &seen->sight, frame->width, frame->height, capture_ns)) {
        return false;
    }
    if (!mien_same_person_add(&tr->same, seen->sight.identity)) {
        mien_track_forget(tr);
        return false;
    }
    ask_portrait(e, frame, tr, capture_ns, &out->times);
    int64_t t1 = mien_engine_now(e);
    struct mien_face_result *f = &out->face[out->count];
    memset(f, 0, sizeof(*f));
    const struct mien_solve_frame in = {.camera = camera,
                                        .crop = &tr->crop,
                                        .sight = &seen->sight,
                                        .steady = strength > 0 ? &head->steady : NULL,
                                        .layout = &e->tracker.layout,
                                        .strength = strength};
    bool ok = mien_solve_tracked(e->solver, &in, tr, f);
    int64_t t2 = mien_engine_now(e), filter_ns = mien_solver_filter_ns(e->solver);
    out->times.fit_ns += t2 - t1 - filter_ns;
    out->times.filter_ns += filter_ns;
    if (ok && strength > 0) {
        remember_head(head, e->parts.model, frame, camera, tr);
    }
    out->times.follow_ns += mien_engine_now(e) - t2;
    f->id = tr->id; // an ending track reports no more
    mien_track_judge(&e->tracker, tr, ok ? f->fit_rms : INFINITY, capture_ns);
    if (!ok || !tr->id) {
        return false;
    }
    f->state = tr->state;
    f->crop = tr->crop;
    f->light_hint = mien_solve_light(frame, f->box_px);
    mien_track_apply_neutral(tr, f->blendshape, f->action);
    return true;
}

struct faces { // of one frame, for the pool
    struct mien_engine *e;
    const struct mien_image *frame;
    const struct mien_camera *camera;
    int64_t capture_ns;
    struct mien_track *track[MIEN_FACES_MAX];
};

static void see_one(void *arg, size_t index, int worker)
{
    const struct faces *s = arg;
    struct mien_engine_eye *eye = worker ? &s->e->beside[worker - 1] : &s->e->eye;
    see_face(s->e, eye, s->frame, s->camera, s->track[index], s->capture_ns);
}

static float box_distance(const float a[4], const float b[4])
{
    return hypotf(a[0] + a[2] - b[0] - b[2], a[1] + a[3] - b[1] - b[3]);
}

// The detector's finds nearest to a face that was followed and lost come first.
static void nearest_first(struct mien_detection *found, int n, const struct mien_lost *lost)
{
    for (int i = 1; lost && i < n; i++) {
        for (int k = i; k > 0 && box_distance(found[k].box_px, lost->box_px) <
                                     box_distance(found[k - 1].box_px, lost->box_px);
             k--) {
            struct mien_detection swap = found[k];
            found[k] = found[k - 1];
            found[k - 1] = swap;
        }
    }
}

// Looks for new faces. While there is room for none, only for one that was followed longer than
// those that are, where it was lost: it takes the place of the youngest.
static void search(struct mien_engine *e, const struct mien_image *frame, int64_t capture_ns,
                   struct mien_result *out)
{
    struct mien_tracker *t = &e->tracker;
    int tracked = mien_tracker_count(t), max = e->config.max_faces;
    const struct mien_lost *missed = mien_tracker_missed(t, capture_ns);
    e->since_detect++;
    if ((tracked >= max && !missed) || (tracked > 0 && e->since_detect < e->config.detect_every)) {
        return;
    }
    e->since_detect = 0;
    int n = mien_engine_detect(e, frame, 0, &out->times);
    nearest_first(e->found, n, missed);
    if (tracked >= max && n > 0 && mien_box_overlap(e->found[0].box_px, missed->box_px) > 0.3f) {
        struct mien_track *youngest = NULL;
        for (int i = 0; i < MIEN_FACES_MAX; i++) {
            struct mien_track *tr = &t->track[i];
            youngest = tr->id && (!youngest || tr->looks < youngest->looks) ? tr : youngest;
        }
        if (mien_box_overlap(e->found[0].box_px, youngest->box_px) < 0.1f) {
            mien_track_forget(youngest);
            tracked--;
        }
    }
    for (int i = 0; i < n && tracked < max; i++) {
        tracked +=
            mien_tracker_start(t, e->found[i].box_px, e->found[i].roll_rad, capture_ns) != NULL;
    }
}

void mien_engine_run_tracked(struct mien_engine *e, const struct mien_image *frame,
                             int64_t capture_ns, struct mien_result *out)
{
    if (shot_begins(e, frame)) {
        mien_tracker_forget(&e->tracker);
        e->since_detect = e->config.detect_every;
    }
    search(e, frame, capture_ns, out);
    hear_portrait(e);
    struct faces all = {e, frame, &out->camera, capture_ns, {NULL}};
    int n = 0;
    for (int i = 0; i < MIEN_FACES_MAX; i++) {
        if (e->tracker.track[i].id) {
            all.track[n++] = &e->tracker.track[i];
        }
    }
    // More than max, after max was lowered: the others only as those before them are lost.
    const int first = n < e->config.max_faces ? n : e->config.max_faces;
    mien_pool_run(e->beside && first > 1 ? e->config.pool : NULL, (size_t)first, see_one, &all);
    for (int i = 0; i < n && out->count < e->config.max_faces; i++) {
        if (i >= first) {
            see_one(&all, (size_t)i, 0);
        }
        out->count += report_face(e, frame, all.track[i], capture_ns, out);
    }
    mien_tracker_settle(&e->tracker, capture_ns);
}

// The next frame in time: the detector while faces may be missing, then one look and one fit for each
// tracked face.
#include "engine/internal.h"

#include <math.h>
#include <string.h>

// A followed face is at rest while its picture moves by less than this in its crop (shares of the
// side, radians): the crop then stays, and the jitter with it.
static const float still_place = 0.004F, still_size = 0.006F, still_roll = 0.006F;
// Where the landmarks want another crop by more than this, the face is followed from there on.
// Wider limits make motion smoother (motion.py's error is 1.31 % with 0.04, 1.43 % with 0.03 and
// with 0.02, 2.52 % without following), but landmarks are a little worse off the crop's middle.
static const float off_place = 0.03F, off_size = 0.045F, off_roll = 0.045F;
// The picture is taken anew when less of it is found than this: the head has turned.
static const float stale = 0.93F;
// The same for the head's rigid parts, and the turn (rad) that their picture is good for.
static const float rigid_stale = 0.76F, rigid_turn = 0.12F;

// Where the face's picture is in this frame, from where it should be. At rest the crop stays.
static void follow_crop(struct mien_follow *fo, const struct mien_image *frame,
                        const struct mien_crop *last, struct mien_crop *crop)
{
    struct mien_follow_motion motion;
    if (!mien_follow_find(fo, frame, crop, &motion)) {
        mien_follow_forget(fo);
        return;
    }
    bool still = !mien_crop_beyond(last, &motion.crop, still_place, still_size, still_roll);
    *crop = still ? *last : motion.crop;
    if (motion.match < stale) {
        mien_follow_forget(fo);
    }
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

// A tracked face's frame. False when there is nothing to report.
static bool track_face(struct mien_engine *e, const struct mien_image *frame, struct mien_track *tr,
                       int64_t capture_ns, struct mien_result *out)
{
    const struct mien_camera *camera = &out->camera;
    bool fresh = !tr->have_landmarks;
    struct mien_follow *fo = &e->follow[tr - e->tracker.track];
    struct mien_engine_head *head = &e->head[tr - e->tracker.track];
    float strength = e->config.filter < 0 ? 0 : e->config.filter > 0 ? e->config.filter : 1;
    struct mien_crop last = tr->crop;
    mien_track_predict(&e->tracker, tr, capture_ns);
    if (fresh || tr->missed > 0) {
        mien_follow_forget(fo);
        mien_follow_forget(&head->rigid);
    } else if (fo->have) {
        follow_crop(fo, frame, &last, &tr->crop);
    }
    mien_engine_look(e, frame, camera, &tr->crop, &out->times);
    // A detector's box is a coarse crop, and a quick face is not where it was going: look again
    // from the landmarks.
    struct mien_crop better;
    if (mien_crop_from_landmarks(e->parts.model, (const float(*)[2])e->sight.landmark_px,
                                 &better) &&
        (fresh || mien_crop_far(&tr->crop, &better))) {
        tr->crop = better;
        mien_engine_look(e, frame, camera, &tr->crop, &out->times);
        mien_follow_forget(fo);
    }
    // From here on, or from where the crop should be when the face has left its middle.
    if (mien_crop_from_landmarks(e->parts.model, (const float(*)[2])e->sight.landmark_px,
                                 &better)) {
        bool off = mien_crop_beyond(&tr->crop, &better, off_place, off_size, off_roll);
        if (off || !fo->have) {
            mien_follow_remember(fo, e->parts.model, frame, off ? &better : &tr->crop,
                                 (const float(*)[2])e->sight.landmark_px, false);
        }
    }
    if (fresh || !(strength > 0)) { // nothing is held without filters
        *head = (struct mien_engine_head){0};
    } else {
        turn_head(head, frame, &tr->crop);
    }
    if (!mien_track_look(&e->tracker, tr, &e->sight, frame->width, frame->height, capture_ns)) {
        return false;
    }
    int64_t t0 = mien_engine_now(e);
    struct mien_face_result *f = &out->face[out->count];
    memset(f, 0, sizeof(*f));
    bool ok = mien_solve_tracked(e->solver, camera, &e->tracker.layout, tr, strength,
                                 strength > 0 ? &head->steady : NULL, &tr->crop, &e->sight, f);
    if (ok && strength > 0) {
        remember_head(head, e->parts.model, frame, camera, tr);
    }
    out->times.fit_ns += mien_engine_now(e) - t0;
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

void mien_engine_run_tracked(struct mien_engine *e, const struct mien_image *frame, int64_t capture_ns,
                        struct mien_result *out)
{
    int tracked = mien_tracker_count(&e->tracker);
    e->since_detect++;
    if (tracked < e->config.max_faces &&
        (tracked == 0 || e->since_detect >= e->config.detect_every)) {
        e->since_detect = 0;
        int n = mien_engine_detect(e, frame, 0, &out->times);
        for (int i = 0; i < n && tracked < e->config.max_faces; i++) {
            tracked += mien_tracker_start(&e->tracker, e->found[i].box_px, e->found[i].roll_rad,
                                          capture_ns) != NULL;
        }
    }
    for (int i = 0; i < MIEN_FACES_MAX && out->count < e->config.max_faces; i++) {
        struct mien_track *tr = &e->tracker.track[i];
        if (tr->id && track_face(e, frame, tr, capture_ns, out)) {
            out->count++;
        }
    }
    mien_tracker_settle(&e->tracker, capture_ns);
}

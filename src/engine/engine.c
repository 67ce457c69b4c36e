#include "engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/follow.h"
#include "engine/observe.h"
#include "engine/parts.h"
#include "engine/solve.h"
#include "track/track.h"

enum { STILL_LOOKS = 3, DETECT_EVERY = 8, FOUND_MAX = 32 };
// A picture's face is kept when the network is at least this sure; the second, lower threshold of
// the detector is tried when the first finds nothing, and the network decides.
// Focal length of a photograph from nobody knows which camera, in longer sides: photographers stand
// back and crop. A near camera, as webcams are, would see faces beside the picture's middle from
// the side.
static const float still_focal = 4;
static const float still_presence = 0.35F, detect_again = 0.12F;
// Beside a sure face, a find above this counts as none (see doubt). On pointing04-dev 95 % of the
// true faces were below 0.113, 90 % of the false finds above 0.096.
static const float doubtful = 0.12F;

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

struct mien_engine {
    struct mien_engine_config config;
    struct mien_face_model model; // own, when loaded by create
    struct mien_detector *detector;
    char detector_path[1100]; // "" the standard one
    struct mien_observer *observer;
    char network[MIEN_NETWORK_NAME]; // observer's
    struct mien_engine_parts parts;
    struct mien_solver *solver;
    struct mien_tracker tracker;
    struct mien_follow follow[MIEN_FACES_MAX]; // of each track
    struct head {
        struct mien_follow rigid; // its parts that do not move by themselves
        struct mien_steady steady;
    } head[MIEN_FACES_MAX]; // of each track
    uint64_t frame;
    int since_detect;
    bool complained; // about unusable frames, until a good one comes
    // Scratch of one look.
    struct mien_estimate estimate, mirrored, other;
    struct mien_sight sight;
    struct mien_detection found[FOUND_MAX];
};

static int part_detect(void *user, const struct mien_image *frame, float threshold,
                       struct mien_detection *out, int max)
{
    struct mien_engine *e = user;
    return mien_detector_run(e->detector, frame, threshold, out, max);
}

static void part_look(void *user, const struct mien_image *frame, const struct mien_crop *crop,
                      bool mirror, struct mien_estimate *out)
{
    struct mien_engine *e = user;
    mien_observer_look(e->observer, frame, crop, mirror, out);
}

static struct mien_engine *make(const struct mien_engine_config *c)
{
    struct mien_engine *e = mien_calloc(1, sizeof(*e));
    if (e) {
        e->config = *c;
        mien_engine_set_max_faces(e, c->max_faces);
        if (e->config.detect_every <= 0) {
            e->config.detect_every = DETECT_EVERY;
        }
    }
    return e;
}

static bool finish(struct mien_engine *e)
{
    e->solver = mien_solver_create(e->parts.model);
    if (!e->solver) {
        return false;
    }
    mien_tracker_init(&e->tracker, e->parts.model);
    mien_engine_reset(e);
    return true;
}

// The network, and the detector where it has one of its own and none was asked for.
static bool load_networks(struct mien_engine *e, const char *net)
{
    char path[sizeof(e->detector_path)] = "";
    const char *asked = e->config.detect_path;
    struct mien_observer *observer = mien_observer_load(net, e->parts.model);
    if (!observer) {
        return false;
    }
    if (asked) {
        snprintf(path, sizeof(path), "%s", asked);
    } else if (!mien_network_detector(net, NULL, path, sizeof(path))) {
        path[0] = 0;
    }
    if (!e->detector || strcmp(path, e->detector_path) != 0) {
        struct mien_detector *detector = mien_detector_load(path[0] ? path : NULL);
        if (!detector) {
            mien_observer_destroy(observer);
            return false;
        }
        mien_detector_destroy(e->detector);
        e->detector = detector;
        memcpy(e->detector_path, path, sizeof(path));
    }
    mien_observer_destroy(e->observer);
    e->observer = observer;
    mien_network_label(net, e->network);
    return true;
}

struct mien_engine *mien_engine_create(const struct mien_engine_config *c)
{
    struct mien_engine *e = make(c);
    if (!e) {
        return NULL;
    }
    e->parts = (struct mien_engine_parts){
        .model = &e->model, .detect = part_detect, .look = part_look, .user = e};
    if (!mien_face_model_load(&e->model, c->face_path)) {
        goto fail;
    }
    if (!load_networks(e, c->net_path) || !finish(e)) {
        goto fail;
    }
    e->config.detect_path = e->config.detect_path ? e->detector_path : NULL; // the caller's may go
    return e;
fail:
    mien_engine_destroy(e);
    return NULL;
}

struct mien_engine *mien_engine_create_with(const struct mien_engine_config *c,
                                            const struct mien_engine_parts *parts)
{
    struct mien_engine *e = make(c);
    if (!e) {
        return NULL;
    }
    e->parts = *parts;
    if (!finish(e)) {
        mien_engine_destroy(e);
        return NULL;
    }
    return e;
}

void mien_engine_destroy(struct mien_engine *e)
{
    if (!e) {
        return;
    }
    mien_solver_destroy(e->solver);
    mien_detector_destroy(e->detector);
    mien_observer_destroy(e->observer);
    mien_face_model_destroy(&e->model);
    mien_free(e);
}

void mien_engine_reset(struct mien_engine *e)
{
    mien_tracker_reset(&e->tracker);
    memset(e->follow, 0, sizeof(e->follow));
    e->frame = 0;
    e->since_detect = e->config.detect_every;
}

const struct mien_face_model *mien_engine_model(const struct mien_engine *e)
{
    return e->parts.model;
}

void mien_engine_set_fov(struct mien_engine *e, float fov_deg)
{
    e->config.fov_deg = fov_deg;
}

void mien_engine_set_filter(struct mien_engine *e, float strength)
{
    e->config.filter = strength;
}

void mien_engine_set_max_faces(struct mien_engine *e, int max_faces)
{
    int standard = e->config.still ? MIEN_FACES_MAX : 1;
    int n = max_faces > 0 ? max_faces : standard;
    e->config.max_faces = n < MIEN_FACES_MAX ? n : MIEN_FACES_MAX;
}

void mien_engine_set_quality(struct mien_engine *e, bool quality)
{
    e->config.quality = quality;
}

bool mien_engine_set_network(struct mien_engine *e, const char *net)
{
    if (!e->observer) {
        mien_error("this engine was made without a network: there is none to exchange");
        return false;
    }
    if (!load_networks(e, net)) {
        return false;
    }
    mien_engine_reset(e);
    return true;
}

void mien_engine_calibrate_neutral(struct mien_engine *e, bool clear)
{
    for (int i = 0; i < MIEN_FACES_MAX; i++) {
        if (e->tracker.track[i].id) {
            mien_track_calibrate(&e->tracker.track[i], clear);
        }
    }
}

static int64_t now(const struct mien_engine *e)
{
    return e->config.clock_ns ? e->config.clock_ns() : 0;
}

// The network's estimate of a crop into *est; mirrored too where quality is asked for.
static void estimate(struct mien_engine *e, const struct mien_image *frame,
                     const struct mien_crop *crop, struct mien_estimate *est)
{
    e->parts.look(e->parts.user, frame, crop, false, est);
    if (e->config.quality) {
        e->parts.look(e->parts.user, frame, crop, true, &e->mirrored);
        mien_estimate_mirror(e->parts.model, &e->mirrored);
        mien_estimate_average(est, &e->mirrored, 0.5F);
    }
}

// The network's estimate of a crop, in the picture's and the camera's frames, into e->sight.
static void look(struct mien_engine *e, const struct mien_image *frame,
                 const struct mien_camera *camera, const struct mien_crop *crop,
                 struct mien_times *times)
{
    int64_t t0 = now(e);
    struct mien_estimate *est = &e->estimate;
    estimate(e, frame, crop, est);
    mien_sight_from_estimate(camera, crop, est, &e->sight);
    times->network_ns += now(e) - t0;
}

static int detect(struct mien_engine *e, const struct mien_image *frame, float threshold,
                  struct mien_times *times)
{
    int64_t t0 = now(e);
    int n = e->parts.detect(e->parts.user, frame, threshold, e->found, FOUND_MAX);
    times->detect_ns += now(e) - t0;
    return n;
}

// Crops a little smaller and larger than the last one join its estimate (four of them are worth a
// tenth of a point of AUC over two on still photographs).
static void look_again(struct mien_engine *e, const struct mien_image *frame,
                       const struct mien_camera *camera, const struct mien_crop *crop,
                       struct mien_times *times)
{
    static const float size[] = {0.91F, 0.96F, 1.05F, 1.1F};
    int64_t t0 = now(e);
    for (int i = 0; i < (int)MIEN_COUNT(size); i++) {
        struct mien_crop other = *crop;
        other.side_px *= size[i];
        estimate(e, frame, &other, &e->other);
        mien_estimate_rescale(&e->other, size[i]);
        mien_estimate_average(&e->estimate, &e->other, 1.0F / (float)(i + 2));
    }
    mien_sight_from_estimate(camera, crop, &e->estimate, &e->sight);
    times->network_ns += now(e) - t0;
}

// One face of a still picture: crops from the network's own landmarks until they agree. False when
// the network sees no face there. The last look is in e->sight.
static bool look_still(struct mien_engine *e, const struct mien_image *frame,
                       const struct mien_camera *camera, struct mien_crop *crop,
                       struct mien_times *times)
{
    for (int k = 0; k < STILL_LOOKS; k++) {
        look(e, frame, camera, crop, times);
        if (k + 1 == STILL_LOOKS) {
            if (e->config.quality) {
                look_again(e, frame, camera, crop, times);
            }
            break;
        }
        struct mien_crop next;
        // The first crop is often far off the training's: it need not be sure yet.
        if (e->sight.presence < 0.3F * still_presence ||
            !mien_crop_from_landmarks(e->parts.model, (const float(*)[2])e->sight.landmark_px,
                                      &next)) {
            return false;
        }
        *crop = next;
    }
    return e->sight.presence >= still_presence;
}

// How little the network and the fit believe in a face: sigma of the landmarks and residual of the
// fit, both in face sizes, raised where the presence is low. Faces have 0.02 to 0.08, ears and
// curls that a detector takes for faces 0.1 to 0.4.
static float doubt(const struct mien_face_result *f)
{
    float size = sqrtf(fmaxf(1, (f->box_px[2] - f->box_px[0]) * (f->box_px[3] - f->box_px[1])));
    float sum = 0;
    for (int i = 0; i < f->landmark_count; i++) {
        sum += f->landmark_sigma_px[i];
    }
    return sum / (fmaxf(1, (float)f->landmark_count) * size) + f->fit_rms +
           0.3F * (1 - f->confidence);
}

// What orders the finds of a picture: doubt, less up to `large_bonus` for a find that fills it.
// Half a cheek or an eye that looks like a face to the network lies inside the true, larger one;
// the reverse is rare. Found on ferplus-dev, whose faces fill half the picture: 20 of 523 lost
// without.
static const float large_bonus = 0.2F;
static float rank(const struct mien_face_result *f, const struct mien_result *r)
{
    float side = (float)(r->width_px < r->height_px ? r->width_px : r->height_px);
    return doubt(f) - large_bonus * fminf(1, (f->box_px[3] - f->box_px[1]) / (0.5F * side));
}

// Whether two boxes can only be one person's: they cover each other, or the smaller one lies where
// the larger one's ears and hair are.
static bool same_head(const float a[4], const float b[4])
{
    const float *large = a[3] - a[1] > b[3] - b[1] ? a : b, *small = large == a ? b : a;
    float margin = 0.25F * (large[3] - large[1]);
    float head[4] = {large[0] - margin, large[1] - margin, large[2] + margin, large[3]};
    bool smaller = small[3] - small[1] < 0.6F * (large[3] - large[1]);
    return mien_box_cover(a, b) > 0.5F || (smaller && mien_box_cover(head, small) > 0.5F);
}

// Keeps at most max faces, the surest first, and drops what is doubtful beside a face that is not.
static void drop_doubtful(struct mien_result *out, int max)
{
    for (int i = 1; i < out->count; i++) {
        for (int k = i; k > 0 && rank(&out->face[k], out) < rank(&out->face[k - 1], out); k--) {
            struct mien_face_result swap = out->face[k];
            out->face[k] = out->face[k - 1];
            out->face[k - 1] = swap;
        }
    }
    int kept = 0;
    while (kept < out->count && kept < max && (kept == 0 || doubt(&out->face[kept]) < doubtful)) {
        out->face[kept].id = kept + 1;
        kept++;
    }
    out->count = kept;
}

static bool still_face(struct mien_engine *e, const struct mien_image *frame,
                       const struct mien_camera *camera, struct mien_crop crop,
                       struct mien_result *out)
{
    if (!look_still(e, frame, camera, &crop, &out->times)) {
        return false;
    }
    int64_t t0 = now(e);
    struct mien_face_result *f = &out->face[out->count];
    memset(f, 0, sizeof(*f));
    bool ok = mien_solve_still(e->solver, camera, &e->sight, f);
    out->times.fit_ns += now(e) - t0;
    if (!ok) {
        return false;
    }
    // Two finds of one face: the surer one stays.
    for (int i = 0; i < out->count; i++) {
        struct mien_face_result *g = &out->face[i];
        if (same_head(f->box_px, g->box_px)) {
            if (rank(f, out) < rank(g, out)) {
                int id = g->id;
                *g = *f;
                g->id = id;
                g->crop = crop;
                g->state = MIEN_TRACK_NEW;
                g->light_hint = mien_solve_light(frame, g->box_px);
            }
            return true;
        }
    }
    f->crop = crop;
    f->id = out->count + 1;
    f->state = MIEN_TRACK_NEW;
    f->light_hint = mien_solve_light(frame, f->box_px);
    out->count++;
    return true;
}

static bool centre_inside(const float box[4], const struct mien_result *r)
{
    float x = 0.5F * (box[0] + box[2]), y = 0.5F * (box[1] + box[3]);
    for (int i = 0; i < r->count; i++) {
        const float *b = r->face[i].box_px;
        if (x > b[0] && x < b[2] && y > b[1] && y < b[3] && mien_box_overlap(box, b) > 0.3F) {
            return true;
        }
    }
    return false;
}

// Whether a picture's main face was found: a sure one that is not small in it.
static bool convincing(const struct mien_result *r)
{
    float side = (float)(r->width_px < r->height_px ? r->width_px : r->height_px);
    for (int i = 0; i < r->count; i++) {
        const float *b = r->face[i].box_px;
        if (doubt(&r->face[i]) < 0.08F && b[3] - b[1] > 0.2F * side) {
            return true;
        }
    }
    return false;
}

static void run_still(struct mien_engine *e, const struct mien_image *frame,
                      struct mien_result *out)
{
    float threshold[2] = {0, detect_again};
    for (int pass = 0; pass < 2 && !convincing(out); pass++) {
        int n = detect(e, frame, threshold[pass], &out->times);
        for (int i = 0; i < n && out->count < MIEN_FACES_MAX; i++) {
            struct mien_crop crop;
            if (!centre_inside(e->found[i].box_px, out) &&
                mien_crop_from_box(e->found[i].box_px, &crop)) {
                crop.roll_rad = e->found[i].roll_rad;
                still_face(e, frame, &out->camera, crop, out);
            }
        }
    }
    // A picture that is nothing but a face is larger than what a detector looks for.
    float w = (float)frame->width, h = (float)frame->height;
    float part[2] = {1, 0.65F};
    for (int k = 0; k < 2 && !convincing(out) && w < 1.6F * h && h < 1.6F * w; k++) {
        if (out->count < MIEN_FACES_MAX) {
            struct mien_crop crop = {0.5F * (w - 1), 0.5F * (h - 1), part[k] * fmaxf(w, h), 0};
            still_face(e, frame, &out->camera, crop, out);
        }
    }
    drop_doubtful(out, e->config.max_faces);
}

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
static void turn_head(struct head *head, const struct mien_image *frame,
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
static void remember_head(struct head *head, const struct mien_face_model *m,
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
    struct head *head = &e->head[tr - e->tracker.track];
    float strength = e->config.filter < 0 ? 0 : e->config.filter > 0 ? e->config.filter : 1;
    struct mien_crop last = tr->crop;
    mien_track_predict(&e->tracker, tr, capture_ns);
    if (fresh || tr->missed > 0) {
        mien_follow_forget(fo);
        mien_follow_forget(&head->rigid);
    } else if (fo->have) {
        follow_crop(fo, frame, &last, &tr->crop);
    }
    look(e, frame, camera, &tr->crop, &out->times);
    // A detector's box is a coarse crop, and a quick face is not where it was going: look again
    // from the landmarks.
    struct mien_crop better;
    if (mien_crop_from_landmarks(e->parts.model, (const float(*)[2])e->sight.landmark_px,
                                 &better) &&
        (fresh || mien_crop_far(&tr->crop, &better))) {
        tr->crop = better;
        look(e, frame, camera, &tr->crop, &out->times);
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
        *head = (struct head){0};
    } else {
        turn_head(head, frame, &tr->crop);
    }
    if (!mien_track_look(&e->tracker, tr, &e->sight, frame->width, frame->height, capture_ns)) {
        return false;
    }
    int64_t t0 = now(e);
    struct mien_face_result *f = &out->face[out->count];
    memset(f, 0, sizeof(*f));
    bool ok = mien_solve_tracked(e->solver, camera, &e->tracker.layout, tr, strength,
                                 strength > 0 ? &head->steady : NULL, &tr->crop, &e->sight, f);
    if (ok && strength > 0) {
        remember_head(head, e->parts.model, frame, camera, tr);
    }
    out->times.fit_ns += now(e) - t0;
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

static void run_tracked(struct mien_engine *e, const struct mien_image *frame, int64_t capture_ns,
                        struct mien_result *out)
{
    int tracked = mien_tracker_count(&e->tracker);
    e->since_detect++;
    if (tracked < e->config.max_faces &&
        (tracked == 0 || e->since_detect >= e->config.detect_every)) {
        e->since_detect = 0;
        int n = detect(e, frame, 0, &out->times);
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

bool mien_engine_run(struct mien_engine *e, const struct mien_image *frame, int64_t capture_ns,
                     struct mien_result *out)
{
    out->frame = e->frame++;
    memcpy(out->network, e->network, sizeof(out->network));
    out->width_px = frame->width;
    out->height_px = frame->height;
    out->count = 0;
    out->mark = 0;
    out->times = (struct mien_times){.capture_ns = capture_ns, .start_ns = now(e)};
    bool usable = frame->data && frame->width >= 8 && frame->height >= 8 &&
                  (frame->format == MIEN_FORMAT_RGB8 || frame->format == MIEN_FORMAT_GRAY8);
    if (!usable) {
        if (!e->complained) {
            mien_error("the engine got a frame of %d×%d pixels, format %d: it takes RGB8 or GRAY8 "
                       "of at least 8×8",
                       frame->width, frame->height, (int)frame->format);
        }
        e->complained = true;
        return false;
    }
    e->complained = false;
    out->camera = mien_camera_make(frame->width, frame->height, e->config.fov_deg);
    if (e->config.still && !(e->config.fov_deg > 0)) {
        out->camera.f_px = still_focal * fmaxf((float)frame->width, (float)frame->height);
    }
    if (e->config.still) {
        run_still(e, frame, out);
    } else {
        run_tracked(e, frame, capture_ns, out);
    }
    out->times.end_ns = now(e);
    return true;
}

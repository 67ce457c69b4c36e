// Creates the parts of the engine and runs one frame through them; the parts do the work.
#include "engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "nn/registry.h"

enum { DETECT_EVERY = 8 };
// Focal length of a photograph from nobody knows which camera, in longer sides: photographers stand
// back and crop. A near camera, as webcams are, would see faces beside the picture's middle from
// the side.
static const float still_focal = 4;

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
        e->calibration = mien_calibration_none();
        mien_engine_set_max_faces(e, c->max_faces);
        if (e->config.detect_every <= 0) {
            e->config.detect_every = DETECT_EVERY;
        }
    }
    return e;
}

static bool finish(struct mien_engine *e)
{
    e->solver = mien_solver_create(e->parts.model, e->config.still);
    if (!e->solver) {
        return false;
    }
    mien_solver_clock(e->solver, e->config.clock_ns);
    mien_tracker_init(&e->tracker, e->parts.model);
    mien_engine_reset(e);
    return true;
}

// The portrait network that goes with a network, NULL when it has none. False when there is one
// that cannot be loaded (logged).
static bool load_portrait(struct mien_engine *e, const char *net, struct mien_portrait **out)
{
    char file[1024];
    const char *path = e->config.portrait_path;
    if (!path && mien_network_portrait(net, NULL, file, sizeof(file))) {
        path = file;
    }
    *out = path && *path ? mien_portrait_load(path, e->parts.model, e->config.lean,
                                              e->config.apart && !e->config.still, &e->work)
                         : NULL;
    return *out || !path || !*path;
}

static struct mien_observer *load_observer(struct mien_engine *e, const char *net)
{
    char file[1024];
    return mien_network_path(net, file, sizeof(file))
               ? mien_observer_load(file, e->parts.model, &e->work)
               : NULL;
}

// Threads that may look at faces of one frame at the same time, beside the caller's.
static int count_beside(const struct mien_engine *e)
{
    return e->config.still ? 0 : mien_pool_threads(e->config.pool) - 1;
}

static void destroy_beside(const struct mien_engine *e, struct mien_engine_eye *beside)
{
    for (int i = 0; beside && i < count_beside(e); i++) {
        mien_observer_destroy(beside[i].observer);
    }
    mien_free(beside);
}

// *out: NULL where the caller is alone. False when memory is short (logged).
static bool create_beside(const struct mien_engine *e, const struct mien_observer *observer,
                          struct mien_engine_eye **out)
{
    const int n = count_beside(e);
    *out = NULL;
    if (n == 0) {
        return true;
    }
    struct mien_engine_eye *eye = mien_calloc((size_t)n, sizeof(*eye));
    bool ok = eye != NULL;
    for (int i = 0; i < n && ok; i++) {
        eye[i].observer = mien_observer_create_beside(observer, NULL);
        ok = eye[i].observer != NULL;
    }
    if (!ok) {
        destroy_beside(e, eye);
        return false;
    }
    *out = eye;
    return true;
}

// The network with its portrait network, and its detector where it has one of its own and none was
// asked for. The largest comes first: loading takes twice what is then kept.
static bool load_networks(struct mien_engine *e, const char *net)
{
    struct mien_engine_eye *beside = NULL;
    char path[sizeof(e->detector_path)] = "";
    const char *asked = e->config.detect_path;
    struct mien_portrait *portrait = NULL;
    struct mien_observer *observer = NULL;
    if (!load_portrait(e, net, &portrait) || !(observer = load_observer(e, net)) ||
        !create_beside(e, observer, &beside)) {
        mien_observer_destroy(observer);
        mien_portrait_destroy(portrait);
        return false;
    }
    if (asked) {
        snprintf(path, sizeof(path), "%s", asked);
    } else if (!mien_network_detector(net, NULL, path, sizeof(path))) {
        path[0] = 0;
    }
    if (!e->detector || strcmp(path, e->detector_path) != 0) {
        struct mien_detector *detector = mien_detector_load(path[0] ? path : NULL, &e->work);
        if (!detector) {
            destroy_beside(e, beside);
            mien_observer_destroy(observer);
            mien_portrait_destroy(portrait);
            return false;
        }
        mien_detector_destroy(e->detector);
        e->detector = detector;
        memcpy(e->detector_path, path, sizeof(path));
    }
    destroy_beside(e, e->beside);
    mien_observer_destroy(e->observer);
    mien_portrait_destroy(e->portrait);
    e->beside = beside;
    e->observer = observer;
    e->portrait = portrait;
    e->calibration = mien_observer_calibration(observer);
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
    mien_solver_stretch(e->solver);
    e->config.detect_path = e->config.detect_path ? e->detector_path : NULL; // the caller's may go
    return e;
fail:
    mien_engine_destroy(e);
    return NULL;
}

struct mien_engine *mien_engine_create_beside(const struct mien_engine *e)
{
    MIEN_ASSERT(e->observer); // parts of a test's own belong to one engine
    struct mien_engine *n = make(&e->config);
    if (!n) {
        return NULL;
    }
    n->parts = (struct mien_engine_parts){
        .model = e->parts.model, .detect = part_detect, .look = part_look, .user = n};
    memcpy(n->detector_path, e->detector_path, sizeof(n->detector_path));
    memcpy(n->network, e->network, sizeof(n->network));
    n->config.detect_path = e->config.detect_path ? n->detector_path : NULL;
    n->config.pool = NULL; // one engine's
    n->calibration = e->calibration;
    n->observer = mien_observer_create_beside(e->observer, &n->work);
    n->detector = mien_detector_create_beside(e->detector, &n->work);
    n->portrait = e->portrait ? mien_portrait_create_beside(e->portrait, &n->work) : NULL;
    if (!n->observer || !n->detector || (e->portrait && !n->portrait) || !finish(n)) {
        mien_engine_destroy(n);
        return NULL;
    }
    mien_solver_stretch(n->solver);
    return n;
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
    destroy_beside(e, e->beside);
    mien_detector_destroy(e->detector);
    mien_observer_destroy(e->observer);
    mien_portrait_destroy(e->portrait);
    mien_workspace_destroy(&e->work);
    mien_image_destroy(&e->turned);
    mien_face_model_destroy(&e->model);
    mien_free(e);
}

void mien_engine_reset(struct mien_engine *e)
{
    mien_tracker_reset(&e->tracker);
    if (e->portrait) {
        mien_portrait_cancel(e->portrait);
    }
    memset(e->follow, 0, sizeof(e->follow));
    e->have_small = false;
    e->frame = 0;
    e->since_detect = e->config.detect_every;
}

const struct mien_face_model *mien_engine_model(const struct mien_engine *e)
{
    return e->parts.model;
}

struct mien_portrait *mien_engine_portrait(const struct mien_engine *e)
{
    return e->portrait;
}

float mien_engine_compare(const struct mien_engine *e, const float *a, const float *b)
{
    const struct mien_likeness *l = e->portrait ? mien_portrait_likeness(e->portrait) : NULL;
    return l ? mien_likeness_compare(l, a, b) : NAN;
}

void mien_engine_set_fov(struct mien_engine *e, float fov_deg)
{
    e->config.fov_deg = fov_deg;
}

void mien_engine_set_filter(struct mien_engine *e, float strength)
{
    e->config.filter = strength;
}

double mien_engine_filter_strength(double filter)
{
    return filter < 0 ? 0 : filter > 0 ? filter : 1;
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
        mien_error("this engine was made without a network: there is none to replace");
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

int64_t mien_engine_now(const struct mien_engine *e)
{
    return e->config.clock_ns ? e->config.clock_ns() : 0;
}

int mien_engine_detect(struct mien_engine *e, const struct mien_image *frame, float threshold,
                       struct mien_times *times)
{
    int64_t t0 = mien_engine_now(e);
    int n = e->parts.detect(e->parts.user, frame, threshold, e->found, MIEN_ENGINE_FOUND);
    times->detect_ns += mien_engine_now(e) - t0;
    return n;
}

void mien_engine_estimate(const struct mien_engine *e, const struct mien_engine_eye *eye,
                          const struct mien_image *frame, const struct mien_crop *crop, bool mirror,
                          struct mien_estimate *est)
{
    if (eye->observer) {
        mien_observer_look(eye->observer, frame, crop, mirror, est);
    } else {
        e->parts.look(e->parts.user, frame, crop, mirror, est);
    }
    if (mirror) {
        mien_estimate_mirror(e->parts.model, est);
    }
}

void mien_engine_see(const struct mien_engine *e, struct mien_engine_eye *eye,
                     const struct mien_camera *camera, const struct mien_crop *crop)
{
    eye->other = eye->estimate;
    mien_estimate_calibrate(&e->calibration, &eye->other);
    mien_sight_from_estimate(camera, crop, &eye->other, &eye->sight);
}

void mien_engine_look(const struct mien_engine *e, struct mien_engine_eye *eye,
                      const struct mien_engine_target *at, bool twice, struct mien_times *times)
{
    int64_t t0 = mien_engine_now(e);
    mien_engine_estimate(e, eye, at->frame, at->crop, false, &eye->estimate);
    if (twice) {
        mien_engine_estimate(e, eye, at->frame, at->crop, true, &eye->other);
        mien_estimate_average(&eye->estimate, &eye->other, 0.5f);
    }
    mien_engine_see(e, eye, at->camera, at->crop);
    times->network_ns += mien_engine_now(e) - t0;
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
    out->mark_text[0] = 0;
    out->mark_ns = 0;
    out->times = (struct mien_times){.capture_ns = capture_ns, .start_ns = mien_engine_now(e)};
    bool usable = frame->data && frame->width >= MIEN_IMAGE_LEAST_PX &&
                  frame->height >= MIEN_IMAGE_LEAST_PX &&
                  (frame->format == MIEN_FORMAT_RGB8 || frame->format == MIEN_FORMAT_GRAY8);
    if (!usable) {
        if (!e->complained) {
            mien_error("the engine got a frame of %d×%d pixels, format %d: it takes RGB8 or GRAY8 "
                       "of at least %d×%d",
                       frame->width, frame->height, (int)frame->format, MIEN_IMAGE_LEAST_PX,
                       MIEN_IMAGE_LEAST_PX);
        }
        e->complained = true;
        return false;
    }
    e->complained = false;
    out->camera = mien_camera_make(frame->width, frame->height, e->config.fov_deg);
    if (e->config.still && !e->config.near_camera && !(e->config.fov_deg > 0)) {
        out->camera.f_px = still_focal * fmaxf((float)frame->width, (float)frame->height);
    }
    if (e->config.still) {
        mien_engine_run_still(e, frame, out);
    } else {
        mien_engine_run_tracked(e, frame, capture_ns, out);
    }
    out->times.end_ns = mien_engine_now(e);
    return true;
}

bool mien_engine_knows_fov(const struct mien_engine *e)
{
    return e->config.fov_deg > 0;
}

bool mien_engine_hold_identity(struct mien_engine *e, int id, const float mean[MIEN_IDENTITY],
                               const float sigma[MIEN_IDENTITY])
{
    for (int i = 0; i < MIEN_FACES_MAX; i++) {
        struct mien_track *tr = &e->tracker.track[i];
        if (id && tr->id == id && tr->evidence.looks) {
            mien_evidence_hold(&tr->evidence, mean, sigma);
            return true;
        }
    }
    return false;
}

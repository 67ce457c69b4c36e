// Loads a network and runs crops through it.
#include "engine/observe.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "face/crop.h"
#include "nn/net.h"

struct mien_observer {
    struct mien_net *net;
    bool borrowed; // net is another observer's
    struct mien_net_io in;
    float mean, scale;
    int output[MIEN_BRANCHES]; // -1: the network lacks the branch
    int landmarks;
    float *input;
    struct mien_workspace *work, own; // work: own, or shared with others
};

static bool bind_outputs(struct mien_observer *o, const char *path, const struct mien_face_model *m)
{
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        o->output[b] = mien_net_find_output(o->net, mien_branch_name(b));
        if (o->output[b] < 0) {
            if (b == MIEN_BRANCH_LANDMARKS || b == MIEN_BRANCH_POSE) {
                mien_error("%s: no output \"%s\": this is not a face network", path,
                           mien_branch_name(b));
                return false;
            }
            continue;
        }
        struct mien_net_io io = mien_net_output(o->net, o->output[b]);
        long long got = (long long)io.c * io.h * io.w, want = mien_branch_size(b, m->landmarks);
        if (got != want) {
            mien_error("%s: output \"%s\" has %lld numbers where the face model needs %lld: the "
                       "network and the model do not belong together",
                       path, mien_branch_name(b), got, want);
            return false;
        }
    }
    return true;
}

static bool make_scratch(struct mien_observer *o, struct mien_workspace *shared)
{
    o->own = (struct mien_workspace){0};
    o->work = shared ? shared : &o->own;
    o->input = mien_calloc((size_t)o->in.c * (size_t)o->in.h * (size_t)o->in.w, sizeof(float));
    return o->input && mien_workspace_grow(o->work, mien_net_workspace_bytes(o->net));
}

// net: the file's, taken over; NULL is fine.
static struct mien_observer *wrap(struct mien_net *net, const char *path,
                                  const struct mien_face_model *m, struct mien_workspace *shared)
{
    struct mien_observer *o = mien_calloc(1, sizeof(*o));
    if (!o) {
        mien_net_destroy(net);
        return NULL;
    }
    o->net = net;
    if (!o->net || !bind_outputs(o, path, m)) {
        goto fail;
    }
    o->in = mien_net_input(o->net);
    if ((o->in.c != 1 && o->in.c != 3) || o->in.h != o->in.w || o->in.w < 8) {
        mien_error("%s: its input is %d×%d×%d; a face network takes a square picture of 1 or 3 "
                   "channels",
                   path, o->in.c, o->in.h, o->in.w);
        goto fail;
    }
    o->mean = mien_net_input_mean(o->net);
    o->scale = mien_net_input_scale(o->net);
    o->landmarks = m->landmarks;
    if (!make_scratch(o, shared)) {
        goto fail;
    }
    return o;
fail:
    mien_observer_destroy(o);
    return NULL;
}

struct mien_observer *mien_observer_load(const char *path, const struct mien_face_model *m,
                                         struct mien_workspace *shared)
{
    return wrap(mien_net_load(path), path, m, shared);
}

struct mien_observer *mien_observer_load_seldom(const char *path, const struct mien_face_model *m,
                                                bool lean, struct mien_workspace *shared)
{
    return wrap(mien_net_load_seldom(path, lean), path, m, shared);
}

struct mien_observer *mien_observer_create_beside(const struct mien_observer *other,
                                                  struct mien_workspace *shared)
{
    struct mien_observer *o = mien_calloc(1, sizeof(*o));
    if (o) {
        *o = *other;
        o->borrowed = true;
        if (!make_scratch(o, shared)) {
            mien_observer_destroy(o);
            return NULL;
        }
    }
    return o;
}

void mien_observer_destroy(struct mien_observer *o)
{
    if (!o) {
        return;
    }
    if (!o->borrowed) {
        mien_net_destroy(o->net);
    }
    mien_free(o->input);
    mien_workspace_destroy(&o->own);
    mien_free(o);
}

bool mien_observer_numbers(const struct mien_observer *o, const char *name, float *out, int n)
{
    return mien_net_numbers(o->net, name, out, n);
}

bool mien_observer_has(const struct mien_observer *o, int branch)
{
    return branch >= 0 && branch < MIEN_BRANCHES && o->output[branch] >= 0;
}

void mien_observer_take(struct mien_observer *o, const struct mien_image *frame,
                        const struct mien_crop *crop, bool mirror)
{
    struct mien_affine map =
        mien_affine_crop(crop->cx_px, crop->cy_px, crop->side_px, crop->roll_rad, o->in.w, mirror);
    // The edge is repeated outside the picture, as in training.
    mien_warp_to_float(
        frame, &map, -1,
        &(struct mien_float_planes){o->input, o->in.c, o->in.w, o->in.h, o->mean, o->scale});
}

bool mien_observer_read(struct mien_observer *o, struct mien_estimate *out)
{
    if (!mien_net_forward(o->net, o->input, o->work->base)) {
        return false;
    }
    const float *raw[MIEN_BRANCHES];
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        raw[b] =
            o->output[b] < 0 ? NULL : mien_net_output_data(o->net, o->work->base, o->output[b]);
    }
    mien_estimate_decode(raw, o->landmarks, out);
    return true;
}

void mien_observer_rest(struct mien_observer *o)
{
    mien_workspace_rest(&o->own);
}

bool mien_observer_look(struct mien_observer *o, const struct mien_image *frame,
                        const struct mien_crop *crop, bool mirror, struct mien_estimate *out)
{
    mien_observer_take(o, frame, crop, mirror);
    return mien_observer_read(o, out);
}

struct mien_calibration mien_observer_calibration(const struct mien_observer *o)
{
    struct mien_calibration c = mien_calibration_none();
    float v[MIEN_CALIBRATION_NUMBERS];
    if (mien_net_numbers(o->net, "calibration", v, MIEN_CALIBRATION_NUMBERS) && v[3] > 0) {
        c = (struct mien_calibration){v[0], v[1], v[2], v[3]};
    }
    return c;
}

void mien_estimate_mirror(const struct mien_face_model *m, struct mien_estimate *e)
{
    for (int i = 0; i < e->landmarks; i++) {
        int k = m->landmark[i].mirror;
        if (k < i) {
            continue;
        }
        float x = e->landmark[i][0], y = e->landmark[i][1], s = e->landmark_sigma[i];
        e->landmark[i][0] = -e->landmark[k][0];
        e->landmark[i][1] = e->landmark[k][1];
        e->landmark_sigma[i] = e->landmark_sigma[k];
        if (k != i) {
            e->landmark[k][0] = -x;
            e->landmark[k][1] = y;
            e->landmark_sigma[k] = s;
        }
    }
    mien_rotation_mirror(e->pose.R);
    e->pose.x = -e->pose.x;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        int k = mien_blendshape_mirror(i);
        if (k > i) {
            float b = e->blendshape[i];
            e->blendshape[i] = e->blendshape[k];
            e->blendshape[k] = b;
        }
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        e->identity[i] *= m->identity_mirror[i];
    }
    float left[2] = {e->gaze_rad[0][0], e->gaze_rad[0][1]};
    e->gaze_rad[0][0] = -e->gaze_rad[1][0];
    e->gaze_rad[0][1] = e->gaze_rad[1][1];
    e->gaze_rad[1][0] = -left[0];
    e->gaze_rad[1][1] = left[1];
}

void mien_estimate_rescale(struct mien_estimate *e, float times)
{
    for (int i = 0; i < e->landmarks; i++) {
        e->landmark[i][0] *= times;
        e->landmark[i][1] *= times;
        e->landmark_sigma[i] *= times;
    }
    e->pose.x *= times;
    e->pose.y *= times;
    e->pose.log_s += logf(times);
}

static void mix(float *a, const float *b, int n, float share)
{
    for (int i = 0; i < n; i++) {
        a[i] += share * (b[i] - a[i]);
    }
}

void mien_estimate_average(struct mien_estimate *a, const struct mien_estimate *b, float share)
{
    mix(&a->landmark[0][0], &b->landmark[0][0], 2 * a->landmarks, share);
    mix(a->landmark_sigma, b->landmark_sigma, a->landmarks, share);
    float d[6], e[6];
    mien_rotation_to_6d(a->pose.R, d);
    mien_rotation_to_6d(b->pose.R, e);
    mix(d, e, 6, share);
    mien_rotation_from_6d(d, a->pose.R);
    mix(&a->pose.x, &b->pose.x, 1, share);
    mix(&a->pose.y, &b->pose.y, 1, share);
    mix(&a->pose.log_s, &b->pose.log_s, 1, share);
    mix(a->identity, b->identity, MIEN_IDENTITY, share);
    mix(a->identity_sigma, b->identity_sigma, MIEN_IDENTITY, share);
    mix(a->blendshape, b->blendshape, MIEN_BLENDSHAPES, share);
    mix(a->expression, b->expression, MIEN_EXPRESSIONS, share);
    mix(&a->gaze_rad[0][0], &b->gaze_rad[0][0], 4, share);
    mix(&a->presence, &b->presence, 1, share);
}

void mien_sight_from_estimate(const struct mien_camera *camera, const struct mien_crop *crop,
                              const struct mien_estimate *est, struct mien_sight *out)
{
    out->presence = est->presence;
    for (int i = 0; i < est->landmarks; i++) {
        mien_crop_to_px(crop, est->landmark[i], out->landmark_px[i]);
        out->sigma_px[i] = est->landmark_sigma[i] * 0.5f * crop->side_px;
    }
    mien_pose_from_crop(camera, crop, &est->pose, &out->pose);
    memcpy(out->identity, est->identity, sizeof(out->identity));
    memset(out->identity_sigma, 0, sizeof(out->identity_sigma));
    memcpy(out->blendshape, est->blendshape, sizeof(out->blendshape));
    memcpy(out->expression, est->expression, sizeof(out->expression));
    for (int eye = 0; eye < 2; eye++) {
        mien_crop_gaze_to_camera(camera, crop, est->gaze_rad[eye], out->gaze_deg[eye]);
    }
}

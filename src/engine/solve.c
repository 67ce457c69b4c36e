// The fit of one face, and the order in which filters and derived values follow it.
#include "engine/solve.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "face/lids.h"
#include "fit/fit.h"
#include "fit/shape.h"
#include "image/luma.h"

// Trust in the branches as the fit's priors. The errors of neighbouring landmarks go together: two
// hundred of them know no more than about twenty independent ones, so their sigma is widened by
// `landmark_widen` before it meets the priors.
static const float landmark_widen = 3.0f;
static const float prior_rotation_rad = 0.07f;
static const float prior_place = 0.02f; // of the distance, sideways
static const float prior_depth = 0.06f; // of the distance
// Landmarks alone tell little of a shape: on rendered people the aligned vertex error
// of branches and fit is 3.76 mm with 0.6, 3.70 with 0.3, 3.70 with 0.15 (branches alone 3.68).
static const float prior_identity = 0.3f;
// The face network's landmarks are mistaken about shapes as one, and not as the portrait network
// is: its deviation is taken for so much. Six heads of real geometry from nine sides (heads.py):
// the distance is 0.894 of the mean face's with 1, 0.875 with 0.6, 0.868 with 0.3, 0.870 with
// almost 0.
static const float portrait_deviation = 0.4f;
static const float prior_blendshape = 0.12f;
// What a least-squares answer says of a rare shape is drawn to the mean: a channel is read at 1 /
// stretch of its height. Stretched by 1.3 channels range over 0.96 of what MediaPipe's do for
// people on video. Those that are read lower still, both there and alone at 1 on rendered people
// (`mien eval --shapes`), are stretched until they are no further from either than the others, at
// most doubly: beyond, what they say at rest would look like an expression.
#define BOTH(name, by) [MIEN_BS_##name##_LEFT] = (by), [MIEN_BS_##name##_RIGHT] = (by)
static const float shrunk_by = 1.3f, shrunk_more[MIEN_BLENDSHAPES] = {
                                         BOTH(EYE_LOOK_DOWN, 2),
                                         BOTH(EYE_LOOK_OUT, 1.5f),
                                         BOTH(EYE_LOOK_IN, 1.2f),
                                         [MIEN_BS_JAW_FORWARD] = 2,
                                         [MIEN_BS_JAW_LEFT] = 1.6f,
                                         [MIEN_BS_JAW_RIGHT] = 1.6f,
                                         [MIEN_BS_MOUTH_PUCKER] = 1.55f,
                                         [MIEN_BS_MOUTH_LEFT] = 1.4f,
                                         [MIEN_BS_MOUTH_RIGHT] = 1.4f,
                                         BOTH(MOUTH_FROWN, 1.3f),

                                         BOTH(MOUTH_STRETCH, 1.5f),
                                         [MIEN_BS_MOUTH_ROLL_UPPER] = 2,
                                         [MIEN_BS_MOUTH_ROLL_LOWER] = 1.2f,
                                         [MIEN_BS_MOUTH_SHRUG_UPPER] = 1.3f,
                                         [MIEN_BS_MOUTH_SHRUG_LOWER] = 1.1f,
                                         BOTH(MOUTH_PRESS, 1.3f),
                                         BOTH(CHEEK_SQUINT, 1.5f),
                                         BOTH(NOSE_SNEER, 1.4f),
};
#undef BOTH
static const float held_rotation_rad = 0.002f;
// A class is named when it leads by this; closer ones are told apart little better than by chance.
static const float sure_lead = 0.15f;
enum { STEPS_STILL = 25, STEPS_START = 12, STEPS_TRACKED = 3, STEPS_HELD = 2 };

struct mien_solver {
    const struct mien_face_model *model;
    struct mien_fit *fit;
    struct mien_shape_one *shape; // NULL: not for stills
    struct mien_fit_input in;
    struct mien_fit_state state;
    float stretch;
    int64_t (*clock_ns)(void); // may be NULL
    int64_t filter_ns;
    float sigma_px[MIEN_LANDMARKS_MAX];
    float identity_sigma[MIEN_IDENTITY];
    float head[MIEN_LANDMARKS_MAX][3];   // landmarks of the fit, head frame
    float fitted[MIEN_LANDMARKS_MAX][2]; // the same in the picture
};

struct mien_solver *mien_solver_create(const struct mien_face_model *m, bool stills)
{
    struct mien_solver *s = mien_calloc(1, sizeof(*s));
    if (!s) {
        return NULL;
    }
    s->model = m;
    s->stretch = 1;
    s->fit = mien_fit_create(m);
    s->shape = stills ? mien_shape_one_create(m) : NULL;
    if (!s->fit || (stills && !s->shape)) {
        mien_solver_destroy(s);
        return NULL;
    }
    return s;
}

void mien_solver_clock(struct mien_solver *s, int64_t (*clock_ns)(void))
{
    s->clock_ns = clock_ns;
}

int64_t mien_solver_filter_ns(const struct mien_solver *s)
{
    return s->filter_ns;
}

static int64_t now(const struct mien_solver *s)
{
    return s->clock_ns ? s->clock_ns() : 0;
}

void mien_solver_stretch(struct mien_solver *s)
{
    s->stretch = shrunk_by;
}

void mien_solver_destroy(struct mien_solver *s)
{
    if (s) {
        mien_fit_destroy(s->fit);
        mien_shape_one_destroy(s->shape);
        mien_free(s);
    }
}

// Landmarks and priors of one sight; the sight must stay until the fit is done.
static void set_up(struct mien_solver *s, const struct mien_camera *camera,
                   const struct mien_sight *sight)
{
    struct mien_fit_input *in = &s->in;
    memset(in, 0, sizeof(*in));
    in->camera = *camera;
    in->landmark_px = (const float(*)[2])sight->landmark_px;
    for (int i = 0; i < s->model->landmarks; i++) {
        s->sigma_px[i] = landmark_widen * sight->sigma_px[i];
    }
    in->sigma_px = s->sigma_px;
    float distance = fmaxf(1, -sight->pose.t[2]);
    in->pose_prior[0].pose = &sight->pose;
    in->pose_prior[0].rotation_sigma_rad = prior_rotation_rad;
    in->pose_prior[0].translation_sigma_mm[0] = prior_place * distance;
    in->pose_prior[0].translation_sigma_mm[1] = prior_place * distance;
    in->pose_prior[0].translation_sigma_mm[2] = prior_depth * distance;
    in->identity_mean = sight->identity;
    in->identity_sigma_all = prior_identity;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        s->identity_sigma[i] = portrait_deviation * sight->identity_sigma[i];
    }
    in->identity_sigma = sight->identity_sigma[0] > 0 ? s->identity_sigma : NULL;
    in->blendshape_prior[0].mean = sight->blendshape;
    in->blendshape_prior[0].sigma_all = prior_blendshape;
}

// Where the fit has the landmarks in the picture.
static bool project(struct mien_solver *s, const struct mien_camera *camera)
{
    return mien_fit_project(s->model, camera, &s->state, s->fitted, NULL);
}

// What follows from the fit, which is projected.
static bool derive(struct mien_solver *s, const struct mien_camera *camera,
                   const struct mien_sight *sight, struct mien_face_result *out)
{
    const struct mien_face_model *m = s->model;
    const struct mien_fit_state *st = &s->state;
    if (!mien_crop_bounds((const float(*)[2])s->fitted, m->landmarks, out->box_px)) {
        return false;
    }
    out->confidence = sight->presence;
    out->landmark_count = m->landmarks;
    memcpy(out->landmark_px, sight->landmark_px, sizeof(out->landmark_px));
    memcpy(out->landmark_sigma_px, sight->sigma_px, sizeof(out->landmark_sigma_px));
    out->pose = st->pose;
    mien_pose_to_angles(st->pose.R, &out->yaw_deg, &out->pitch_deg, &out->roll_deg);
    memcpy(out->identity, st->identity, sizeof(out->identity));
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        const bool more = s->stretch > 1 && shrunk_more[i] > 0;
        out->blendshape[i] = fminf(1, s->stretch * (more ? shrunk_more[i] : 1) * st->blendshape[i]);
    }
    // The model has no such shape, so nothing taught the network this output.
    out->blendshape[MIEN_BS_TONGUE_OUT] = 0;
    memcpy(out->action, out->blendshape, sizeof(out->action));
    memcpy(out->expression, sight->expression, sizeof(out->expression));
    out->expression_class = 0;
    for (int i = 1; i < MIEN_EXPRESSIONS; i++) {
        if (out->expression[i] > out->expression[out->expression_class]) {
            out->expression_class = i;
        }
    }
    float next = 0;
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        next = i != out->expression_class ? fmaxf(next, out->expression[i]) : next;
    }
    out->expression_sure = out->expression[out->expression_class] - next > sure_lead;
    memcpy(out->gaze_deg, sight->gaze_deg, sizeof(out->gaze_deg));
    out->fit_rms = st->rms;
    mien_face_model_landmarks(m, st->identity, st->blendshape, &s->head[0][0]);
    float marked[MIEN_IBUG][2];
    mien_face_model_mark(m, (const float(*)[2])sight->landmark_px, marked);
    float px_per_mm = camera->f_px / fmaxf(1, -st->pose.t[2]);
    for (int i = 0; i < MIEN_IBUG; i++) {
        float head[3], turned[3];
        mien_face_model_ibug(m, i, &s->head[0][0], 3, 3, head);
        mien_mat3_mul_vec(st->pose.R, head, turned);
        memcpy(out->ibug_px[i], marked[i], sizeof(marked[i]));
        out->ibug_px[i][2] = turned[2] * px_per_mm;
    }
    return isfinite(st->rms) && st->pose.t[2] < -1;
}

static void start_from_branches(struct mien_solver *s, const struct mien_sight *sight)
{
    memset(&s->state, 0, sizeof(s->state));
    s->state.pose = sight->pose;
    memcpy(s->state.identity, sight->identity, sizeof(s->state.identity));
    memcpy(s->state.blendshape, sight->blendshape, sizeof(s->state.blendshape));
}

// The shape that the portrait network and the landmarks say together, then pose and expression
// anew with it. sigma: of the identity, in and out.
static bool shape_of_still(struct mien_solver *s, const struct mien_camera *camera,
                           const struct mien_sight *sight, float sigma[MIEN_IDENTITY])
{
    float mean[MIEN_IDENTITY], read[MIEN_BLENDSHAPES];
    memcpy(mean, sight->identity, sizeof(mean));
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        read[i] = fminf(1, fmaxf(0, s->stretch * s->state.blendshape[i]));
    }
    const struct mien_shape_picture p = {
        *camera,
        s->state.pose,
        read,
        {(const float(*)[2])sight->landmark_px, sight->sigma_px, s->model->landmarks}};
    if (mien_shape_one_solve(s->shape, &p, mean, sigma)) {
        memcpy(s->state.identity, mean, sizeof(mean));
        s->in.lock_identity = true;
        return mien_fit_run(s->fit, &s->in, &s->state);
    }
    return true;
}

bool mien_solve_still(struct mien_solver *s, const struct mien_camera *camera,
                      const struct mien_sight *sight, struct mien_face_result *out)
{
    set_up(s, camera, sight);
    start_from_branches(s, sight);
    s->in.iterations = STEPS_STILL;
    if (!mien_fit_run(s->fit, &s->in, &s->state)) {
        return false;
    }
    if (sight->identity_sigma[0] > 0) {
        out->identity_looks = 1;
        memcpy(out->identity_sigma, sight->identity_sigma, sizeof(out->identity_sigma));
        memcpy(out->looked_identity, sight->identity, sizeof(out->looked_identity));
        memcpy(out->looked_sigma, sight->identity_sigma, sizeof(out->looked_sigma));
        if (!shape_of_still(s, camera, sight, out->identity_sigma)) {
            return false;
        }
    }
    if (!project(s, camera) || !derive(s, camera, sight, out)) {
        return false;
    }
    mien_lids_of_still(out->blendshape, &out->lids);
    return true;
}

static float mean_sigma(const struct mien_solver *s, const struct mien_sight *sight,
                        const float box[4])
{
    float sum = 0;
    for (int i = 0; i < s->model->landmarks; i++) {
        sum += sight->sigma_px[i];
    }
    float size = sqrtf(fmaxf(1, (box[2] - box[0]) * (box[3] - box[1])));
    return sum / ((float)s->model->landmarks * size);
}

// Fit of the landmarks as seen, from the track's last one.
static bool fit_tracked(struct mien_solver *s, const struct mien_solve_frame *in,
                        struct mien_track *tr)
{
    const struct mien_sight *sight = in->sight;
    set_up(s, in->camera, sight);
    start_from_branches(s, sight);
    if (tr->have_fit) {
        s->state.pose = tr->fit_pose;
        memcpy(s->state.blendshape, tr->fit_blendshape, sizeof(s->state.blendshape));
    }
    s->in.iterations = tr->have_fit ? STEPS_TRACKED : STEPS_START;
    mien_identity_follow(&tr->identity, &tr->evidence, tr->dt_s);
    // While the identity is open: a fit of everything, whose identity joins the mean …
    if (!tr->identity.locked) {
        if (!mien_fit_run(s->fit, &s->in, &s->state)) {
            return false;
        }
        float trust =
            mien_identity_trust(sight->presence, mean_sigma(s, sight, tr->box_px), s->state.pose.R);
        bool first = !(tr->identity.weight > 0);
        mien_identity_add(&tr->identity, s->state.identity, first ? fmaxf(trust, 0.05f) : trust);
    }
    // … then one of pose and expression with the identity held.
    memcpy(s->state.identity, tr->identity.mean, sizeof(s->state.identity));
    s->in.lock_identity = true;
    if (!mien_fit_run(s->fit, &s->in, &s->state)) {
        return false;
    }
    // The rotation that the picture tells is held, the rest follows from it.
    struct mien_pose held = s->state.pose;
    if (in->steady && mien_steady_rotation(in->steady, in->camera, in->crop, s->state.blendshape,
                                           tr->dt_s, held.R)) {
        memcpy(s->state.pose.R, held.R, sizeof(held.R));
        s->in.pose_prior[1].pose = &held;
        s->in.pose_prior[1].rotation_sigma_rad = held_rotation_rad;
        s->in.iterations = STEPS_HELD;
        if (!mien_fit_run(s->fit, &s->in, &s->state)) {
            return false;
        }
    }
    tr->have_fit = true;
    tr->fit_pose = s->state.pose;
    memcpy(tr->fit_blendshape, s->state.blendshape, sizeof(tr->fit_blendshape));
    return true;
}

bool mien_solve_tracked(struct mien_solver *s, const struct mien_solve_frame *in,
                        struct mien_track *tr, struct mien_face_result *out)
{
    const struct mien_camera *camera = in->camera;
    const struct mien_smooth_layout *layout = in->layout;
    struct mien_sight *sight = in->sight;
    const float strength = in->strength;
    s->filter_ns = 0;
    if (!fit_tracked(s, in, tr)) {
        return false;
    }
    struct mien_fit_state *st = &s->state;
    int64_t t0 = now(s);
    mien_smooth_fit(layout, &tr->smooth, &st->pose, st->blendshape, tr->dt_s, strength);
    if (!project(s, camera)) {
        return false;
    }
    float yaw, pitch, roll;
    mien_pose_to_angles(st->pose.R, &yaw, &pitch, &roll);
    float unit_px = 100 * camera->f_px / fmaxf(1, -st->pose.t[2]);
    mien_smooth_landmarks(layout, &tr->smooth, sight->landmark_px, (const float(*)[2])s->fitted,
                          unit_px, roll * (float)M_PI / 180, tr->dt_s, strength);
    mien_smooth_rest(&tr->smooth, sight, tr->dt_s, strength);
    s->filter_ns = now(s) - t0;
    if (!derive(s, camera, sight, out)) {
        return false;
    }
    mien_track_lids(tr, out);
    out->identity_looks = tr->evidence.looks;
    memcpy(out->identity_sigma, mien_evidence_sigma(&tr->evidence), sizeof(out->identity_sigma));
    memcpy(out->looked_identity, tr->evidence.mean, sizeof(out->looked_identity));
    memcpy(out->looked_sigma, tr->evidence.sigma, sizeof(out->looked_sigma));
    return true;
}

float mien_solve_light(const struct mien_image *frame, const float box_px[4])
{
    int channels = mien_format_channels(frame->format);
    unsigned sum = 0, count = 0;
    for (int j = 0; j < 16; j++) {
        for (int i = 0; i < 16; i++) {
            float x = box_px[0] + (box_px[2] - box_px[0]) * (0.2f + 0.6f * ((float)i + 0.5f) / 16);
            float y = box_px[1] + (box_px[3] - box_px[1]) * (0.2f + 0.6f * ((float)j + 0.5f) / 16);
            if (!(x >= 0) || !(y >= 0) || x >= (float)frame->width || y >= (float)frame->height) {
                continue;
            }
            const uint8_t *p =
                frame->data + (size_t)y * frame->stride + (size_t)x * (size_t)channels;
            sum += channels == 1 ? p[0] : (unsigned)mien_luma_256(p[0], p[1], p[2]) >> 8;
            count++;
        }
    }
    return count ? (float)sum / (float)count : 0;
}

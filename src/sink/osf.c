// OpenSeeFace's UDP packet: 1785 bytes a face, all faces in one datagram, little-endian.
//
// Layout: f64 time, i32 id, f32 width, height, eye open right, left, u8 success, f32 fit error,
// f32[4] quaternion, f32[3] Euler angles, f32[3] translation, f32[68] confidence, f32[68][2] points
// (x, y px), f32[70][3] model points (x, -y, -z), f32[14] features. Points are iBUG's 68 without
// the two outer mouth corners, as the face model mixes them from its landmarks (in the picture:
// the result's own), then right and left pupil; the model's two last ones are the eyeballs. Poses:
// sink/convention.h. The features are -1…1 about a neutral face, as OpenSeeFace's own, which
// calibrates them from what it has seen; here they come from the blendshapes.
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "sink/avatar.h"
#include "sink/convention.h"
#include "sink/net.h"
#include "sink/sinks.h"

enum {
    PACKET = 1785,
    POINTS = 68,
    POINTS_3D = 70,
    IBUG_POINTS = 66, // the first of POINTS; the other two are the irises
    FEATURES = 14,
    NOSE = 30, // iBUG's numbers
    OUTER_RIGHT = 36,
    OUTER_LEFT = 45
};

struct osf_sink {
    struct mien_sink sink;
    struct mien_udp udp;
    const struct mien_face_model *model;
    float unit_mm;
    uint8_t packet[MIEN_FACES_MAX * PACKET];
};

// Which of iBUG's points is OpenSeeFace's point i < IBUG_POINTS.
static int ibug_of(int i)
{
    return i < 48 ? i : i < 53 ? i + 1 : i + 2;
}

static int iris_of(const struct mien_face_model *m, int i) // of the two others, right first
{
    return m->iris[i == IBUG_POINTS]; // left, right
}

static void features(const struct mien_face_result *f, float out[FEATURES])
{
    const float *b = f->action;
    float *o = out;
    for (int eye = 0; eye < 2; eye++) { // left first
        o[eye] = b[MIEN_BS_EYE_WIDE_LEFT + 7 * eye] - b[MIEN_BS_EYE_BLINK_LEFT + 7 * eye];
    }
    for (int side = 0; side < 2; side++) {
        float down = b[MIEN_BS_BROW_DOWN_LEFT + side], inner = b[MIEN_BS_BROW_INNER_UP];
        float outer = b[MIEN_BS_BROW_OUTER_UP_LEFT + side];
        o[2 + 3 * side] = inner - outer - down;          // steepness: inner end up
        o[3 + 3 * side] = 0.5f * (inner + outer) - down; // up, down
        o[4 + 3 * side] = outer - down;                  // quirk: how arched
        float smile = b[MIEN_BS_MOUTH_SMILE_LEFT + side],
              frown = b[MIEN_BS_MOUTH_FROWN_LEFT + side];
        float stretch = b[MIEN_BS_MOUTH_STRETCH_LEFT + side], pucker = b[MIEN_BS_MOUTH_PUCKER];
        o[8 + 2 * side] = frown - smile; // a corner that rises counts down
        o[9 + 2 * side] = 0.7f * smile + stretch - pucker;
    }
    o[12] = b[MIEN_BS_JAW_OPEN] - b[MIEN_BS_MOUTH_CLOSE];
    o[13] = 0.5f * (o[9] + o[11]);
    for (int i = 0; i < FEATURES; i++) {
        o[i] = isfinite(o[i]) ? fmaxf(-1, fminf(1, o[i])) : 0;
    }
}

static void eyeball(const float point[][3], int outer, int inner, float out[3])
{
    float corner = 0;
    for (int k = 0; k < 3; k++) {
        float d = point[outer][k] - point[inner][k];
        corner += d * d;
        out[k] = 0.5f * (point[outer][k] + point[inner][k]);
    }
    out[2] -= 0.385f * sqrtf(corner); // eyeballs are 0.385 of the corners' distance deep
}

// One standard deviation of a point. The errors of neighbouring landmarks go together, so a mixture
// is as good as its landmarks, each counted by what it has in the mixture.
static float sigma_of(const struct mien_face_model *m, const struct mien_face_result *f, int i)
{
    if (i >= IBUG_POINTS) {
        return f->landmark_sigma_px[iris_of(m, i)];
    }
    const struct mien_ibug_point *p = &m->ibug_mix[ibug_of(i)];
    float sum = 0, weight = 0;
    for (int k = 0; k < MIEN_IBUG_TERMS; k++) {
        sum += fabsf(p->weight[k]) * f->landmark_sigma_px[p->landmark[k]];
        weight += fabsf(p->weight[k]);
    }
    return sum / weight; // the weights' own sum is 1
}

// head: the face's landmarks; nose: the model's origin among them.
static uint8_t *put_points(const struct osf_sink *s, const struct mien_face_result *f,
                           const float (*head)[3], const float nose[3], uint8_t *p)
{
    const struct mien_face_model *m = s->model;
    float size = sqrtf(fmaxf(1, (f->box_px[2] - f->box_px[0]) * (f->box_px[3] - f->box_px[1])));
    for (int i = 0; i < POINTS; i++) {
        float sigma = sigma_of(m, f, i) / size; // one deviation of 5 % of the face: 0.37
        p = mien_put_f32_le(p, mien_unit(f->confidence * expf(-20 * sigma)));
    }
    for (int i = 0; i < POINTS; i++) {
        const float *px = i < IBUG_POINTS ? f->ibug_px[ibug_of(i)] : f->landmark_px[iris_of(m, i)];
        p = mien_put_f32_le(p, px[0]);
        p = mien_put_f32_le(p, px[1]);
    }
    float point[POINTS_3D][3];
    for (int i = 0; i < POINTS; i++) {
        float mixed[3];
        if (i < IBUG_POINTS) {
            mien_face_model_ibug(m, ibug_of(i), &head[0][0], 3, 3, mixed);
        }
        mien_convention_openseeface_point(i < IBUG_POINTS ? mixed : head[iris_of(m, i)], nose,
                                          s->unit_mm, point[i]);
    }
    eyeball(point, 36, 39, point[68]);
    eyeball(point, 42, 45, point[69]);
    for (int i = 0; i < POINTS_3D; i++) {
        p = mien_put_f32_le(p, point[i][0]);
        p = mien_put_f32_le(p, -point[i][1]);
        p = mien_put_f32_le(p, -point[i][2]);
    }
    return p;
}

static uint8_t *put_face(const struct osf_sink *s, const struct mien_result *r,
                         const struct mien_face_result *f, uint8_t *p)
{
    p = mien_put_f64_le(p, (double)r->times.capture_ns * 1e-9);
    p = mien_put_u32_le(p, (uint32_t)(f->id - 1)); // theirs count from 0
    p = mien_put_f32_le(p, (float)r->width_px);
    p = mien_put_f32_le(p, (float)r->height_px);
    p = mien_put_f32_le(p, 1 - mien_unit(f->action[MIEN_BS_EYE_BLINK_RIGHT]));
    p = mien_put_f32_le(p, 1 - mien_unit(f->action[MIEN_BS_EYE_BLINK_LEFT]));
    *p++ = 1;
    float size = sqrtf(fmaxf(1, (f->box_px[2] - f->box_px[0]) * (f->box_px[3] - f->box_px[1])));
    p = mien_put_f32_le(p, f->fit_rms * size); // px
    float head[MIEN_LANDMARKS_MAX][3], nose[3];
    mien_face_model_landmarks(s->model, f->identity, f->blendshape, &head[0][0]);
    mien_face_model_ibug(s->model, NOSE, &head[0][0], 3, 3, nose);
    struct mien_openseeface_pose pose;
    mien_convention_openseeface(&f->pose, nose, s->unit_mm, &pose);
    for (int i = 0; i < 4; i++) {
        p = mien_put_f32_le(p, pose.q[i]);
    }
    for (int i = 0; i < 3; i++) {
        p = mien_put_f32_le(p, pose.euler_deg[i]);
    }
    for (int i = 0; i < 3; i++) {
        p = mien_put_f32_le(p, pose.t[i]);
    }
    p = put_points(s, f, (const float(*)[3])head, nose, p);
    float feature[FEATURES];
    features(f, feature);
    for (int i = 0; i < FEATURES; i++) {
        p = mien_put_f32_le(p, feature[i]);
    }
    return p;
}

static bool osf_write(struct mien_sink *sink, const struct mien_sink_frame *frame)
{
    struct osf_sink *s = (struct osf_sink *)sink;
    const struct mien_result *r = frame->result;
    uint8_t *p = s->packet;
    for (int i = 0; i < r->count && i < MIEN_FACES_MAX; i++) {
        p = put_face(s, r, &r->face[i], p);
    }
    if (p > s->packet) { // receivers notice by their own clock that a face is gone
        mien_udp_send(&s->udp, s->packet, (size_t)(p - s->packet));
    }
    return true;
}

static bool osf_close(struct mien_sink *sink)
{
    mien_udp_close(&((struct osf_sink *)sink)->udp);
    return true;
}

static bool open_osf(struct mien_sink *sink, const struct mien_sink_target *to,
                     const struct mien_sink_context *c)
{
    struct osf_sink *s = (struct osf_sink *)sink;
    s->model = c->model;
    // Their model's outer eye corners are 0.65962 apart.
    float a[3], b[3];
    mien_face_model_ibug(c->model, OUTER_RIGHT, c->model->landmark_mean, 3, 3, a);
    mien_face_model_ibug(c->model, OUTER_LEFT, c->model->landmark_mean, 3, 3, b);
    float d[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
    s->unit_mm = sqrtf(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) / 0.65962f;
    return mien_udp_open(&s->udp, "OpenSeeFace", &to->address);
}

const struct mien_sink_type mien_sink_osf = {
    .name = "OpenSeeFace",
    .size = sizeof(struct osf_sink),
    .open = open_osf,
    .write = osf_write,
    .close = osf_close,
};

// OpenFace 2.x's CSV: 714 columns, one row a face. Camera x right, y down, z away, mm, radians.
//
// eye_lmk: for the picture's left eye (the subject's right), then the other: 8 points round the
// iris, 12 on the lids, 8 round the pupil, made from iris centre, gaze and lid points. Action units
// come from the blendshapes (FACS as listed by ICT-FaceKit and Py-Feat), intensity 0…5, present
// from 1. p_scale to p_ty are the pose as a weak perspective camera; p_0 to p_33 stay empty: they
// are coefficients of OpenFace's own shape model. A frame without a face has one row with success
// 0.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "face/gaze.h"
#include "sink/avatar.h"
#include "sink/convention.h"
#include "sink/sinks.h"

enum { EYE_POINTS = 56, SHAPE = 34, IRIS = 8, LIDS = 12, INTENSITIES = 17, PRESENCES = 18 };
static const float iris_mm = 5.9f, pupil_mm = 2.0f; // radii; HVID 11.8 mm

static const struct unit {
    int number;
    int part[4]; // blendshapes whose mean it is, -1 ends
} units[INTENSITIES] = {
    {1, {MIEN_BS_BROW_INNER_UP, -1}},
    {2, {MIEN_BS_BROW_OUTER_UP_LEFT, MIEN_BS_BROW_OUTER_UP_RIGHT, -1}},
    {4, {MIEN_BS_BROW_DOWN_LEFT, MIEN_BS_BROW_DOWN_RIGHT, -1}},
    {5, {MIEN_BS_EYE_WIDE_LEFT, MIEN_BS_EYE_WIDE_RIGHT, -1}},
    {6, {MIEN_BS_CHEEK_SQUINT_LEFT, MIEN_BS_CHEEK_SQUINT_RIGHT, -1}},
    {7, {MIEN_BS_EYE_SQUINT_LEFT, MIEN_BS_EYE_SQUINT_RIGHT, -1}},
    {9, {MIEN_BS_NOSE_SNEER_LEFT, MIEN_BS_NOSE_SNEER_RIGHT, -1}},
    {10, {MIEN_BS_MOUTH_UPPER_UP_LEFT, MIEN_BS_MOUTH_UPPER_UP_RIGHT, -1}},
    {12, {MIEN_BS_MOUTH_SMILE_LEFT, MIEN_BS_MOUTH_SMILE_RIGHT, -1}},
    {14, {MIEN_BS_MOUTH_DIMPLE_LEFT, MIEN_BS_MOUTH_DIMPLE_RIGHT, -1}},
    {15, {MIEN_BS_MOUTH_FROWN_LEFT, MIEN_BS_MOUTH_FROWN_RIGHT, -1}},
    {17, {MIEN_BS_MOUTH_SHRUG_LOWER, -1}},
    {20, {MIEN_BS_MOUTH_STRETCH_LEFT, MIEN_BS_MOUTH_STRETCH_RIGHT, -1}},
    {23, {MIEN_BS_MOUTH_PRESS_LEFT, MIEN_BS_MOUTH_PRESS_RIGHT, -1}},
    {25, {-1}}, // lips part: below
    {26, {MIEN_BS_JAW_OPEN, -1}},
    {45, {MIEN_BS_EYE_BLINK_LEFT, MIEN_BS_EYE_BLINK_RIGHT, -1}},
};

static float intensity(const struct unit *u, const float *b) // 0…1
{
    if (u->number == 25) {
        float jaw = 2 * (b[MIEN_BS_JAW_OPEN] - b[MIEN_BS_MOUTH_CLOSE]); // parted before it drops
        float lower = 0.5f * (b[MIEN_BS_MOUTH_LOWER_DOWN_LEFT] + b[MIEN_BS_MOUTH_LOWER_DOWN_RIGHT]);
        float upper = 0.5f * (b[MIEN_BS_MOUTH_UPPER_UP_LEFT] + b[MIEN_BS_MOUTH_UPPER_UP_RIGHT]);
        return mien_unit(fmaxf(jaw, fmaxf(lower, upper)));
    }
    float sum = 0;
    int n = 0;
    while (n < 4 && u->part[n] >= 0) {
        sum += b[u->part[n++]];
    }
    return mien_unit(sum / (float)n);
}

struct openface_sink {
    struct mien_sink sink;
    const struct mien_face_model *model;
    struct mien_text text;
    float camera[MIEN_LANDMARKS_MAX][3]; // the face's landmarks, our camera frame, mm
    float point[MIEN_IBUG][3];           // iBUG's points, mixed from them
    float eye[EYE_POINTS][3];
};

static void write_cells(struct mien_text *t, const float *v, int n, int stride, int digits)
{
    for (int i = 0; i < n; i++) {
        // An empty cell has no blank, which pandas and others would take for text.
        fputs(isfinite(v[i * stride]) ? ", " : ",", t->file);
        mien_text_number(t, v[i * stride], digits, "");
    }
}

static void fit_circle(const float centre[3], const float normal[3], float radius, int n,
                       float out[][3])
{
    float u[3] = {normal[2], 0, -normal[0]}; // level, across the line of sight
    float length = sqrtf(u[0] * u[0] + u[2] * u[2]);
    if (length < 1e-6f) {
        u[0] = length = 1;
    }
    u[0] /= length;
    u[2] /= length;
    const float *w = normal;
    float v[3] = {w[1] * u[2] - w[2] * u[1], w[2] * u[0] - w[0] * u[2], w[0] * u[1] - w[1] * u[0]};
    for (int i = 0; i < n; i++) {
        float a = (float)i * 6.2831853f / (float)n, c = radius * cosf(a), s = radius * sinf(a);
        for (int k = 0; k < 3; k++) {
            out[i][k] = centre[k] + c * u[k] + s * v[k];
        }
    }
}

// Points of one eye: side 0 the subject's right (first in the file), 1 the left.
static void eye_points(struct openface_sink *o, const struct mien_face_result *f, int side)
{
    float gaze[3], (*out)[3] = o->eye + 28 * side;
    mien_direction_from_angles(f->gaze_deg[1 - side][0], f->gaze_deg[1 - side][1], gaze);
    const float *centre = o->camera[o->model->iris[1 - side]];
    fit_circle(centre, gaze, iris_mm, IRIS, out);
    for (int i = 0; i < LIDS; i++) { // iBUG's six points and the middles between them
        const float *a = o->point[36 + 6 * side + i / 2];
        const float *b = o->point[36 + 6 * side + (i / 2 + i % 2) % 6];
        for (int k = 0; k < 3; k++) {
            out[IRIS + i][k] = 0.5f * (a[k] + b[k]);
        }
    }
    fit_circle(centre, gaze, pupil_mm, IRIS, out + IRIS + LIDS);
}

static void write_gaze(struct openface_sink *o, const struct mien_face_result *f)
{
    float sum[3] = {0};
    for (int side = 0; side < 2; side++) {
        float ours[3], theirs[3];
        mien_direction_from_angles(f->gaze_deg[1 - side][0], f->gaze_deg[1 - side][1], ours);
        mien_convention_openface_point(ours, theirs);
        write_cells(&o->text, theirs, 3, 1, 6);
        for (int k = 0; k < 3; k++) {
            sum[k] += 0.5f * theirs[k];
        }
    }
    float angle[2] = {atan2f(sum[0], -sum[2]), atan2f(sum[1], -sum[2])};
    write_cells(&o->text, angle, 2, 1, 3);
}

// x…, y…, X…, Y…, Z… of n points in our camera frame; px NULL: projected.
static void write_points(struct openface_sink *o, const struct mien_camera *camera,
                         const float (*point)[3], const float (*px)[2], int n)
{
    float flat[MIEN_IBUG][5];
    for (int i = 0; i < n; i++) {
        if (px) {
            memcpy(flat[i], px[i], 2 * sizeof(float));
        } else if (!mien_camera_project(camera, point[i], flat[i])) {
            flat[i][0] = flat[i][1] = NAN;
        }
        mien_convention_openface_point(point[i], flat[i] + 2);
    }
    for (int k = 0; k < 5; k++) {
        write_cells(&o->text, &flat[0][k], n, 5, 1 + (k > 1));
    }
}

static void write_face(struct openface_sink *o, const struct mien_result *r,
                       const struct mien_face_result *f)
{
    const struct mien_face_model *m = o->model;
    struct mien_text *t = &o->text;
    float head[MIEN_LANDMARKS_MAX][3], px[MIEN_IBUG][2], rad[3], place[3];
    mien_face_model_landmarks(m, f->identity, f->blendshape, &head[0][0]);
    for (int i = 0; i < m->landmarks; i++) {
        mien_mat3_mul_vec(f->pose.R, head[i], o->camera[i]);
        for (int k = 0; k < 3; k++) {
            o->camera[i][k] += f->pose.t[k];
        }
    }
    for (int i = 0; i < MIEN_IBUG; i++) {
        mien_face_model_ibug(m, i, &o->camera[0][0], 3, 3, o->point[i]);
        memcpy(px[i], f->ibug_px[i], sizeof(px[i]));
    }
    eye_points(o, f, 0);
    eye_points(o, f, 1);
    write_gaze(o, f);
    write_points(o, &r->camera, (const float(*)[3])o->eye, NULL, EYE_POINTS);
    mien_convention_openface(f->pose.R, rad);
    mien_convention_openface_point(f->pose.t, place);
    write_cells(t, place, 3, 1, 1);
    write_cells(t, rad, 3, 1, 3);
    write_points(o, &r->camera, (const float(*)[3])o->point, (const float(*)[2])px, MIEN_IBUG);
    float depth = fmaxf(1, -f->pose.t[2]), scale = r->camera.f_px / depth;
    float origin[2] = {r->camera.cx_px + scale * f->pose.t[0],
                       r->camera.cy_px - scale * f->pose.t[1]};
    write_cells(t, &scale, 1, 1, 3);
    write_cells(t, rad, 3, 1, 3);
    write_cells(t, origin, 2, 1, 3);
    for (int i = 0; i < SHAPE; i++) {
        fputs(",", t->file);
    }
    float unit[INTENSITIES];
    for (int i = 0; i < INTENSITIES; i++) {
        unit[i] = 5 * intensity(&units[i], f->action);
    }
    write_cells(t, unit, INTENSITIES, 1, 2);
    // Presence has AU28 (lips sucked in) before AU45.
    float lips = 2.5f * (mien_unit(f->action[MIEN_BS_MOUTH_ROLL_UPPER]) +
                         mien_unit(f->action[MIEN_BS_MOUTH_ROLL_LOWER]));
    for (int i = 0; i < PRESENCES; i++) {
        float v = i < 16 ? unit[i] : i == 16 ? lips : unit[16];
        write_cells(t, (float[]){v >= 1}, 1, 1, 2);
    }
}

static bool openface_write(struct mien_sink *s, const struct mien_sink_frame *frame)
{
    struct openface_sink *o = (struct openface_sink *)s;
    const struct mien_result *r = frame->result;
    for (int i = 0; i < r->count || i == 0; i++) {
        fprintf(o->text.file, "%llu, %d, ", (unsigned long long)r->frame + 1,
                r->count ? r->face[i].id - 1 : 0);
        mien_text_number(&o->text, (double)r->times.capture_ns * 1e-9, 3, "");
        if (r->count) {
            write_cells(&o->text, &r->face[i].confidence, 1, 1, 2);
            fputs(", 1", o->text.file);
            write_face(o, r, &r->face[i]);
        } else {
            fputs(", 0, 0", o->text.file);
            int rest = 8 + 5 * EYE_POINTS + 6 + 5 * MIEN_IBUG + 6 + SHAPE + INTENSITIES + PRESENCES;
            for (int k = 0; k < rest; k++) {
                fputs(", 0", o->text.file);
            }
        }
        if (!mien_text_end_line(&o->text)) {
            return false;
        }
    }
    return true;
}

static bool openface_close(struct mien_sink *s)
{
    return mien_text_close(&((struct openface_sink *)s)->text);
}

static void write_names(FILE *f, const char *stem, int n)
{
    for (int i = 0; i < n; i++) {
        fprintf(f, ", %s_%d", stem, i);
    }
}

static void write_header(FILE *f)
{
    fputs("frame, face_id, timestamp, confidence, success, gaze_0_x, gaze_0_y, gaze_0_z, gaze_1_x, "
          "gaze_1_y, gaze_1_z, gaze_angle_x, gaze_angle_y",
          f);
    static const char *const eye[] = {"eye_lmk_x", "eye_lmk_y", "eye_lmk_X", "eye_lmk_Y",
                                      "eye_lmk_Z"};
    static const char *const point[] = {"x", "y", "X", "Y", "Z"};
    for (int k = 0; k < 5; k++) {
        write_names(f, eye[k], EYE_POINTS);
    }
    fputs(", pose_Tx, pose_Ty, pose_Tz, pose_Rx, pose_Ry, pose_Rz", f);
    for (int k = 0; k < 5; k++) {
        write_names(f, point[k], MIEN_IBUG);
    }
    fputs(", p_scale, p_rx, p_ry, p_rz, p_tx, p_ty", f);
    write_names(f, "p", SHAPE);
    for (int i = 0; i < INTENSITIES; i++) {
        fprintf(f, ", AU%02d_r", units[i].number);
    }
    for (int i = 0; i < INTENSITIES; i++) {
        fprintf(f, i == INTENSITIES - 1 ? ", AU28_c, AU%02d_c" : ", AU%02d_c", units[i].number);
    }
}

static bool open_openface(struct mien_sink *sink, const struct mien_sink_target *to,
                          const struct mien_sink_context *c)
{
    struct openface_sink *o = (struct openface_sink *)sink;
    o->model = c->model;
    if (!mien_text_open(&o->text, to->path)) {
        return false;
    }
    write_header(o->text.file);
    return mien_text_end_first_line(&o->text);
}

const struct mien_sink_type mien_sink_openface = {
    .name = "OpenFace CSV",
    .size = sizeof(struct openface_sink),
    .open = open_openface,
    .write = openface_write,
    .close = openface_close,
};

// A result whose landmarks are the model's own, for the sinks' tests.
#ifndef MIEN_TESTS_SINKS_SCENE_H
#define MIEN_TESTS_SINKS_SCENE_H

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "face/model.h"
#include "face/result.h"

static inline void scene_add_face(struct mien_result *r, const struct mien_face_model *m, float yaw,
                                  float pitch, float roll, float x_mm, float z_mm)
{
    struct mien_face_result *f = &r->face[r->count++];
    memset(f, 0, sizeof(*f));
    f->id = r->count;
    f->state = MIEN_TRACK_STEADY;
    f->confidence = 0.97f;
    mien_pose_from_angles(yaw, pitch, roll, f->pose.R);
    f->pose.t[0] = x_mm;
    f->pose.t[2] = z_mm;
    f->yaw_deg = yaw;
    f->pitch_deg = pitch;
    f->roll_deg = roll;
    f->landmark_count = m->landmarks;
    f->expression[MIEN_EXPRESSION_HAPPY] = 0.75f;
    f->expression[MIEN_EXPRESSION_SAD] = 0.25f;
    f->expression_class = MIEN_EXPRESSION_HAPPY;
    f->blendshape[MIEN_BS_JAW_OPEN] = f->action[MIEN_BS_JAW_OPEN] = 0.5f;
    float h[MIEN_LANDMARKS_MAX][3], box[4] = {1e9f, 1e9f, -1e9f, -1e9f};
    mien_face_model_landmarks(m, f->identity, f->blendshape, &h[0][0]);
    for (int i = 0; i < m->landmarks; i++) {
        float X[3];
        mien_mat3_mul_vec(f->pose.R, h[i], X);
        for (int k = 0; k < 3; k++) {
            X[k] += f->pose.t[k];
        }
        mien_camera_project(&r->camera, X, f->landmark_px[i]);
        f->landmark_sigma_px[i] = 1.5f;
        for (int k = 0; k < 2; k++) {
            box[k] = fminf(box[k], f->landmark_px[i][k]);
            box[2 + k] = fmaxf(box[2 + k], f->landmark_px[i][k]);
        }
    }
    memcpy(f->box_px, box, sizeof(box));
    for (int i = 0; i < MIEN_IBUG; i++) { // as the model mixes them: not any one landmark
        float mixed[3], X[3];
        mien_face_model_ibug(m, i, &h[0][0], 3, 3, mixed);
        mien_mat3_mul_vec(f->pose.R, mixed, X);
        f->ibug_px[i][2] = X[2] * r->camera.f_px / -f->pose.t[2];
        for (int k = 0; k < 3; k++) {
            X[k] += f->pose.t[k];
        }
        mien_camera_project(&r->camera, X, f->ibug_px[i]);
    }
}

// 640x480 at 1.5 s, one face: yaw 20, pitch -10, roll 5 degrees, 30 mm right of the middle, 600 mm
// away.
static inline struct mien_result *scene_result(const struct mien_face_model *m)
{
    static struct mien_result r;
    memset(&r, 0, sizeof(r));
    r.width_px = 640;
    r.height_px = 480;
    r.camera = mien_camera_make(640, 480, 60);
    r.times.capture_ns = 1500 * MIEN_NS_PER_MS;
    scene_add_face(&r, m, 20, -10, 5, 30, -600);
    return &r;
}

#endif

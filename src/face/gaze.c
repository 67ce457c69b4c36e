// Gaze from the displacement of the iris centre about the eyeball's centre. See gaze.h.
#include "face/gaze.h"

#include <math.h>

#define DEG (180.0f / 3.14159265358979323846f)

// Look shapes of the left and the right eye that turn it to the subject's left, right, up, down.
static const int look[2][4] = {
    {MIEN_BS_EYE_LOOK_OUT_LEFT, MIEN_BS_EYE_LOOK_IN_LEFT, MIEN_BS_EYE_LOOK_UP_LEFT,
     MIEN_BS_EYE_LOOK_DOWN_LEFT},
    {MIEN_BS_EYE_LOOK_IN_RIGHT, MIEN_BS_EYE_LOOK_OUT_RIGHT, MIEN_BS_EYE_LOOK_UP_RIGHT,
     MIEN_BS_EYE_LOOK_DOWN_RIGHT},
};

void mien_direction_to_angles(const float d[3], float *yaw_deg, float *pitch_deg)
{
    *yaw_deg = atan2f(d[0], d[2]) * DEG;
    *pitch_deg = atan2f(d[1], hypotf(d[0], d[2])) * DEG;
}

void mien_direction_from_angles(float yaw_deg, float pitch_deg, float d[3])
{
    const float y = yaw_deg / DEG, p = pitch_deg / DEG;
    d[0] = sinf(y) * cosf(p);
    d[1] = sinf(p);
    d[2] = cosf(y) * cosf(p);
}

// Yaw and pitch in the head frame of one look shape at weight 1; the mean eye's own direction is
// taken as straight ahead (its visual axis), whatever the mesh's iris centre says.
static void shape_angles(const struct mien_face_model *m, int eye, int k, float *yaw, float *pitch)
{
    const int l = m->iris[eye];
    const float *p = m->landmark_mean + 3 * l;
    const float *s =
        m->landmark_blendshape + 3 * ((size_t)look[eye][k] * (size_t)m->landmarks) + 3 * l;
    float rest[3], turned[3], y0 = 0, p0 = 0;
    for (int i = 0; i < 3; i++) {
        rest[i] = p[i] - m->eye_centre[eye][i];
        turned[i] = rest[i] + s[i];
    }
    mien_direction_to_angles(rest, &y0, &p0);
    mien_direction_to_angles(turned, yaw, pitch);
    *yaw -= y0;
    *pitch -= p0;
}

void mien_gaze_direction(const struct mien_face_model *m, const float *blendshape, int eye,
                         float dir[3])
{
    float yaw = 0, pitch = 0;
    for (int k = 0; k < 4; k++) {
        float y = 0, p = 0;
        shape_angles(m, eye, k, &y, &p);
        yaw += y * blendshape[look[eye][k]];
        pitch += p * blendshape[look[eye][k]];
    }
    mien_direction_from_angles(yaw, pitch, dir);
}

void mien_gaze_angles(const struct mien_face_model *m, const float R[9], const float *blendshape,
                      int eye, float *yaw_deg, float *pitch_deg)
{
    float head[3], camera[3];
    mien_gaze_direction(m, blendshape, eye, head);
    mien_mat3_mul_vec(R, head, camera);
    mien_direction_to_angles(camera, yaw_deg, pitch_deg);
}

void mien_gaze_to_blendshapes(const struct mien_face_model *m, const float R[9], float yaw_deg,
                              float pitch_deg, int eye, float *blendshape)
{
    float camera[3], head[3], t[9], yaw = 0, pitch = 0;
    mien_direction_from_angles(yaw_deg, pitch_deg, camera);
    mien_mat3_transpose(R, t);
    mien_mat3_mul_vec(t, camera, head);
    mien_direction_to_angles(head, &yaw, &pitch);
    float y[4], p[4];
    for (int k = 0; k < 4; k++) {
        shape_angles(m, eye, k, &y[k], &p[k]);
        blendshape[look[eye][k]] = 0;
    }
    // The shapes are nearly orthogonal: a 2x2 solve of one horizontal and one vertical shape.
    const int h = yaw >= 0 ? 0 : 1, v = pitch >= 0 ? 2 : 3;
    const float det = y[h] * p[v] - y[v] * p[h];
    if (fabsf(det) < 1) {
        return;
    }
    const float a = (yaw * p[v] - y[v] * pitch) / det, b = (y[h] * pitch - p[h] * yaw) / det;
    blendshape[look[eye][h]] = fminf(fmaxf(a, 0), 1);
    blendshape[look[eye][v]] = fminf(fmaxf(b, 0), 1);
}

void mien_gaze_rotation(const float R[9], const float gaze_deg[2], float eye[9])
{
    float camera[3], head[3], back[9], yaw, pitch;
    mien_direction_from_angles(gaze_deg[0], gaze_deg[1], camera);
    mien_mat3_transpose(R, back);
    mien_mat3_mul_vec(back, camera, head);
    mien_direction_to_angles(head, &yaw, &pitch);
    mien_pose_from_angles(yaw, pitch, 0, eye);
}

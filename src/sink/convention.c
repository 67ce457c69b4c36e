// Axes, signs and units of other programs. Does not send anything.
#include "sink/convention.h"

#include <math.h>
#include <string.h>

#include "base/angle.h"
#include "face/gaze.h"

static float arcsine(float v)
{
    return asinf(fmaxf(-1, fminf(1, v)));
}

void mien_euler_yxz(const float R[9], float xyz[3])
{
    xyz[0] = arcsine(-R[5]);
    if (fabsf(R[5]) < 0.99999f) {
        xyz[1] = atan2f(R[2], R[8]);
        xyz[2] = atan2f(R[3], R[4]);
    } else { // straight up or down: roll is not to be told from yaw
        xyz[1] = atan2f(-R[6], R[0]);
        xyz[2] = 0;
    }
}

void mien_euler_xyz(const float R[9], float xyz[3])
{
    xyz[1] = arcsine(R[2]);
    if (fabsf(R[2]) < 0.99999f) {
        xyz[0] = atan2f(-R[5], R[8]);
        xyz[2] = atan2f(-R[1], R[0]);
    } else {
        xyz[0] = atan2f(R[7], R[4]);
        xyz[2] = 0;
    }
}

void mien_convention_unity(const float R[9], float q[4])
{
    mien_rotation_to_quaternion(R, q); // mirrored along x: an axis is a pseudovector
    q[1] = -q[1];
    q[2] = -q[2];
}

void mien_convention_unity_position(const float mm[3], float m[3])
{
    m[0] = -mm[0] * 0.001f;
    m[1] = mm[1] * 0.001f;
    m[2] = mm[2] * 0.001f;
}

void mien_convention_arkit(const float R[9], float deg[3])
{
    mien_euler_yxz(R, deg);
    for (int i = 0; i < 3; i++) {
        deg[i] *= (float)MIEN_DEG_PER_RAD;
    }
}

void mien_convention_livelink(const float R[9], float yaw_pitch_roll[3])
{
    float xyz[3];
    mien_euler_yxz(R, xyz);
    yaw_pitch_roll[0] = xyz[1];
    yaw_pitch_roll[1] = -xyz[0];
    yaw_pitch_roll[2] = xyz[2];
}

// Quaternion of the inverse rotation, with the case distinction (and so the sign) of Mike Day,
// "Converting a Rotation Matrix to a Quaternion" (2014), which OpenSeeFace follows.
static void quaternion_day(const float m[9], float q[4])
{
    float t;
    if (m[8] < 0) {
        if (m[0] > m[4]) {
            t = 1 + m[0] - m[4] - m[8];
            memcpy(q, (float[]){t, m[1] + m[3], m[6] + m[2], m[5] - m[7]}, 16);
        } else {
            t = 1 - m[0] + m[4] - m[8];
            memcpy(q, (float[]){m[1] + m[3], t, m[5] + m[7], m[6] - m[2]}, 16);
        }
    } else if (m[0] < -m[4]) {
        t = 1 - m[0] - m[4] + m[8];
        memcpy(q, (float[]){m[6] + m[2], m[5] + m[7], t, m[1] - m[3]}, 16);
    } else {
        t = 1 + m[0] + m[4] + m[8];
        memcpy(q, (float[]){m[5] - m[7], m[6] - m[2], m[1] - m[3], t}, 16);
    }
    for (int i = 0; i < 4; i++) {
        q[i] *= 0.5f / sqrtf(t);
    }
}

// Angle of a Givens rotation with this cosine and sine, degrees in -180…180, 180 for (-1, 0).
static float givens_deg(float c, float s)
{
    float a = acosf(fmaxf(-1, fminf(1, c))) * (float)MIEN_DEG_PER_RAD;
    return s >= 0 ? a : -a;
}

static void unit(float *c, float *s)
{
    float z = 1 / sqrtf(*c * *c + *s * *s + 1e-12f);
    *c *= z;
    *s *= z;
}

// RQ decomposition by Givens rotations about x, y, z (Hartley and Zisserman, "Multiple View
// Geometry", A4.1.1): M Qx Qy Qz is upper triangular, here with a positive diagonal because M is a
// rotation. The angles of Qx, Qy, Qz as OpenCV's RQDecomp3x3 reports them.
static void rq_angles(const float M[9], float deg[3])
{
    float c = M[8], s = M[7], A[9], B[9];
    unit(&c, &s);
    deg[0] = givens_deg(c, s);
    mien_mat3_mul(M, (float[]){1, 0, 0, 0, c, s, 0, -s, c}, A);
    c = A[8];
    s = -A[6];
    unit(&c, &s);
    deg[1] = givens_deg(c, s);
    mien_mat3_mul(A, (float[]){c, 0, -s, 0, 1, 0, s, 0, c}, B);
    c = B[4];
    s = B[3];
    unit(&c, &s);
    deg[2] = givens_deg(c, s);
}

void mien_convention_openseeface(const struct mien_pose *p, const float nose_mm[3], float unit_mm,
                                 struct mien_openseeface_pose *out)
{
    // Front solution: camera (x down, y right, z away) = P ours, model = D ours; the one behind the
    // camera has x and y turned round, and a translation of the other sign.
    static const float to_camera[9] = {0, 1, 0, -1, 0, 0, 0, 0, -1};
    const float *R = p->R;
    float mirrored[9] = {-R[0], R[1], R[2], -R[3], R[4], R[5], -R[6], R[7], R[8]}, theirs[9];
    mien_mat3_mul(to_camera, mirrored, theirs);
    quaternion_day(theirs, out->q);
    rq_angles(theirs, out->euler_deg);
    float nose[3];
    mien_mat3_mul_vec(R, nose_mm, nose);
    for (int i = 0; i < 3; i++) {
        nose[i] = (nose[i] + p->t[i]) / unit_mm;
    }
    out->t[0] = nose[1];
    out->t[1] = -nose[0];
    out->t[2] = nose[2];
}

void mien_convention_openseeface_point(const float head_mm[3], const float nose_mm[3],
                                       float unit_mm, float out[3])
{
    out[0] = -(head_mm[0] - nose_mm[0]) / unit_mm;
    out[1] = (head_mm[1] - nose_mm[1]) / unit_mm;
    out[2] = (head_mm[2] - nose_mm[2]) / unit_mm;
}

void mien_convention_opentrack(const struct mien_pose *p, double out[6])
{
    float yaw, pitch, roll;
    mien_pose_to_angles(p->R, &yaw, &pitch, &roll);
    // The user looks at the camera: the picture's right is the user's left.
    out[0] = -p->t[0] * 0.1;
    out[1] = p->t[1] * 0.1;
    out[2] = -p->t[2] * 0.1;
    out[3] = -yaw;
    out[4] = pitch;
    out[5] = -roll;
}

void mien_convention_openface(const float R[9], float rad[3])
{
    // C R C with C = diag(1,-1,-1), head and camera alike.
    const float turned[9] = {R[0], -R[1], -R[2], -R[3], R[4], R[5], -R[6], R[7], R[8]};
    mien_euler_xyz(turned, rad);
}

void mien_convention_openface_point(const float camera_mm[3], float out[3])
{
    out[0] = camera_mm[0];
    out[1] = -camera_mm[1];
    out[2] = -camera_mm[2];
}

void mien_convention_mediapipe(const struct mien_pose *p, float m[16])
{
    for (int c = 0; c < 3; c++) {
        for (int r = 0; r < 3; r++) {
            m[4 * c + r] = p->R[3 * r + c];
        }
        m[4 * c + 3] = 0;
        m[12 + c] = p->t[c] * 0.1f;
    }
    m[15] = 1;
}

void mien_convention_gltf(const struct mien_pose *p, float q[4], float t[3])
{
    mien_rotation_to_quaternion(p->R, q);
    for (int i = 0; i < 3; i++) {
        t[i] = p->t[i] * 0.001f;
    }
}

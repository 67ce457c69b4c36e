// Pose and camera maths: angles, rotations, projection, crop-relative poses. See pose.h for frames.
#include "face/pose.h"

#include <math.h>
#include <string.h>

#include "base/angle.h"

static const float identity3[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

static float clamp(float v, float lo, float hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

struct mien_camera mien_camera_make(int width_px, int height_px, float fov_deg)
{
    struct mien_camera c = {0};
    c.width_px = width_px;
    c.height_px = height_px;
    c.cx_px = 0.5f * (float)(width_px - 1);
    c.cy_px = 0.5f * (float)(height_px - 1);
    if (fov_deg > 0 && fov_deg < 180) {
        c.f_px = 0.5f * (float)width_px / tanf(0.5f * fov_deg * (float)MIEN_RAD_PER_DEG);
    } else {
        c.f_px = 1.2f * (float)(width_px > height_px ? width_px : height_px);
    }
    return c;
}

bool mien_camera_project(const struct mien_camera *c, const float X[3], float px[2])
{
    if (!(X[2] <= -1.0f)) {
        return false;
    }
    const float s = c->f_px / -X[2];
    px[0] = c->cx_px + s * X[0];
    px[1] = c->cy_px - s * X[1];
    return true;
}

void mien_mat3_mul(const float a[9], const float b[9], float out[9])
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            out[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
        }
    }
}

void mien_mat3_mul_vec(const float a[9], const float v[3], float out[3])
{
    const float x = v[0], y = v[1], z = v[2];
    out[0] = a[0] * x + a[1] * y + a[2] * z;
    out[1] = a[3] * x + a[4] * y + a[5] * z;
    out[2] = a[6] * x + a[7] * y + a[8] * z;
}

void mien_mat3_transpose(const float a[9], float out[9])
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            out[3 * i + j] = a[3 * j + i];
        }
    }
}

// R = Rz(-roll) Ry(yaw) Rx(-pitch), written out:
// [ cz*cy, cz*sy*sx - sz*cx, cz*sy*cx + sz*sx ]
// [ sz*cy, sz*sy*sx + cz*cx, sz*sy*cx - cz*sx ]
// [   -sy,            cy*sx,            cy*cx ]   with x = -pitch, y = yaw, z = -roll.
void mien_pose_from_angles(float yaw_deg, float pitch_deg, float roll_deg, float R[9])
{
    const float cx = cosf(pitch_deg * (float)MIEN_RAD_PER_DEG),
                sx = sinf(-pitch_deg * (float)MIEN_RAD_PER_DEG);
    const float cy = cosf(yaw_deg * (float)MIEN_RAD_PER_DEG),
                sy = sinf(yaw_deg * (float)MIEN_RAD_PER_DEG);
    const float cz = cosf(roll_deg * (float)MIEN_RAD_PER_DEG),
                sz = sinf(-roll_deg * (float)MIEN_RAD_PER_DEG);
    R[0] = cz * cy;
    R[1] = cz * sy * sx - sz * cx;
    R[2] = cz * sy * cx + sz * sx;
    R[3] = sz * cy;
    R[4] = sz * sy * sx + cz * cx;
    R[5] = sz * sy * cx - cz * sx;
    R[6] = -sy;
    R[7] = cy * sx;
    R[8] = cy * cx;
}

void mien_pose_to_angles(const float R[9], float *yaw_deg, float *pitch_deg, float *roll_deg)
{
    const float cy = hypotf(R[7], R[8]);
    *yaw_deg = atan2f(-R[6], cy) / (float)MIEN_RAD_PER_DEG;
    if (cy > 1e-4f) {
        *pitch_deg = -atan2f(R[7], R[8]) / (float)MIEN_RAD_PER_DEG;
        *roll_deg = -atan2f(R[3], R[0]) / (float)MIEN_RAD_PER_DEG;
    } else { // yaw = +-90: only a combination of pitch and roll is known; roll 0 is chosen
        *pitch_deg = -atan2f(-R[5], R[4]) / (float)MIEN_RAD_PER_DEG;
        *roll_deg = 0;
    }
}

void mien_mat3_exp(const float w[3], float R[9])
{
    const float t2 = w[0] * w[0] + w[1] * w[1] + w[2] * w[2];
    const float t = sqrtf(t2);
    const float a = t > 1e-3f ? sinf(t) / t : 1.0f - t2 / 6.0f;
    const float h = sinf(0.5f * t);
    const float b = t > 1e-3f ? 2.0f * h * h / t2 : 0.5f - t2 / 24.0f;
    const float x = w[0], y = w[1], z = w[2];
    R[0] = 1 - b * (y * y + z * z);
    R[1] = -a * z + b * x * y;
    R[2] = a * y + b * x * z;
    R[3] = a * z + b * x * y;
    R[4] = 1 - b * (x * x + z * z);
    R[5] = -a * x + b * y * z;
    R[6] = -a * y + b * x * z;
    R[7] = a * x + b * y * z;
    R[8] = 1 - b * (x * x + y * y);
}

void mien_rotation_to_quaternion(const float R[9], float q[4])
{
    // Shepperd 1978: the largest of the four squares is taken as the pivot.
    const float tr = R[0] + R[4] + R[8];
    const float c[4] = {R[0], R[4], R[8], tr};
    int k = 3;
    for (int i = 0; i < 3; i++) {
        if (c[i] > c[k]) {
            k = i;
        }
    }
    if (k == 3) {
        const float s = 2 * sqrtf(fmaxf(1 + tr, 0));
        q[3] = 0.25f * s;
        q[0] = (R[7] - R[5]) / s;
        q[1] = (R[2] - R[6]) / s;
        q[2] = (R[3] - R[1]) / s;
    } else {
        const int i = k, j = (k + 1) % 3, l = (k + 2) % 3;
        const float s = 2 * sqrtf(fmaxf(1 + R[4 * i] - R[4 * j] - R[4 * l], 1e-12f));
        q[i] = 0.25f * s;
        q[j] = (R[3 * j + i] + R[3 * i + j]) / s;
        q[l] = (R[3 * l + i] + R[3 * i + l]) / s;
        q[3] = (R[3 * l + j] - R[3 * j + l]) / s;
    }
    const float n = sqrtf(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    const float s = n > 0 ? (q[3] < 0 ? -1 / n : 1 / n) : 0;
    for (int i = 0; i < 4; i++) {
        q[i] *= s;
    }
}

void mien_mat3_log(const float R[9], float w[3])
{
    float q[4]; // well-behaved at 0 and at 180 degrees, unlike the trace formula
    mien_rotation_to_quaternion(R, q);
    const float n = sqrtf(q[0] * q[0] + q[1] * q[1] + q[2] * q[2]);
    const float s = n > 1e-6f ? 2 * atan2f(n, q[3]) / n : 2;
    for (int i = 0; i < 3; i++) {
        w[i] = s * q[i];
    }
}

static float normalise(float v[3])
{
    const float n = sqrtf(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    if (n > 1e-8f) {
        v[0] /= n;
        v[1] /= n;
        v[2] /= n;
    }
    return n;
}

void mien_rotation_to_6d(const float R[9], float d[6])
{
    for (int i = 0; i < 3; i++) {
        d[i] = R[3 * i];
        d[3 + i] = R[3 * i + 1];
    }
}

void mien_rotation_from_6d(const float d[6], float R[9])
{
    float a[3] = {d[0], d[1], d[2]}, b[3] = {d[3], d[4], d[5]};
    if (!(normalise(a) > 1e-6f) || !isfinite(a[0] + a[1] + a[2])) {
        memcpy(R, identity3, sizeof identity3);
        return;
    }
    const float length = sqrtf(b[0] * b[0] + b[1] * b[1] + b[2] * b[2]);
    const float dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    for (int i = 0; i < 3; i++) {
        b[i] -= dot * a[i];
    }
    if (!(normalise(b) > 1e-5f * length) || !(length > 1e-6f) || !isfinite(b[0] + b[1] + b[2])) {
        memcpy(R, identity3, sizeof identity3);
        return;
    }
    const float c[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                        a[0] * b[1] - a[1] * b[0]};
    for (int i = 0; i < 3; i++) {
        R[3 * i] = a[i];
        R[3 * i + 1] = b[i];
        R[3 * i + 2] = c[i];
    }
}

void mien_mat3_orthonormalise(float R[9])
{
    float d[6];
    mien_rotation_to_6d(R, d);
    mien_rotation_from_6d(d, R);
}

float mien_rotation_distance_deg(const float a[9], const float b[9])
{
    float at[9], d[9], q[4];
    mien_mat3_transpose(a, at);
    mien_mat3_mul(at, b, d);
    mien_rotation_to_quaternion(d, q);
    return 2 * atan2f(sqrtf(q[0] * q[0] + q[1] * q[1] + q[2] * q[2]), q[3]) /
           (float)MIEN_RAD_PER_DEG;
}

// The rotation that turns the optical axis (0,0,-1) onto the unit vector d by the shortest way:
// axis = (0,0,-1) x d, Rodrigues with cos = -d[2] (d points before the camera: cos > 0).
static void ray_rotation(const float d[3], float R[9])
{
    const float x = d[1], y = -d[0]; // axis * sin
    const float c = -d[2], k = 1 / (1 + c);
    R[0] = c + k * x * x;
    R[1] = k * x * y;
    R[2] = y;
    R[3] = k * x * y;
    R[4] = c + k * y * y;
    R[5] = -x;
    R[6] = -y;
    R[7] = x;
    R[8] = c;
}

static void crop_ray(const struct mien_camera *c, const struct mien_crop *crop, float d[3])
{
    d[0] = (crop->cx_px - c->cx_px) / c->f_px;
    d[1] = -(crop->cy_px - c->cy_px) / c->f_px;
    d[2] = -1;
    normalise(d);
}

static void roll_matrix(float roll_rad, float R[9]) // Rz(+roll)
{
    const float c = cosf(roll_rad), s = sinf(roll_rad);
    const float m[9] = {c, -s, 0, s, c, 0, 0, 0, 1};
    memcpy(R, m, sizeof m);
}

void mien_pose_to_crop(const struct mien_camera *c, const struct mien_crop *crop,
                       const struct mien_pose *p, struct mien_crop_pose *out)
{
    float d[3], ray[9], rt[9], rz[9], tmp[9];
    crop_ray(c, crop, d);
    ray_rotation(d, ray);
    mien_mat3_transpose(ray, rt);
    roll_matrix(crop->roll_rad, rz);
    mien_mat3_mul(rt, p->R, tmp);
    mien_mat3_mul(rz, tmp, out->R);
    const float z = fminf(p->t[2], -1.0f); // behind the camera: clamped, never divides by zero
    const float px = c->cx_px + c->f_px * p->t[0] / -z;
    const float py = c->cy_px - c->f_px * p->t[1] / -z;
    const float half = 0.5f * crop->side_px;
    const float cr = cosf(crop->roll_rad), sr = sinf(crop->roll_rad);
    const float dx = px - crop->cx_px, dy = py - crop->cy_px;
    out->x = (cr * dx + sr * dy) / half;
    out->y = (-sr * dx + cr * dy) / half;
    const float depth = fmaxf(d[0] * p->t[0] + d[1] * p->t[1] + d[2] * z, 1.0f);
    out->log_s = logf(c->f_px * 100.0f / depth / half);
}

void mien_pose_from_crop(const struct mien_camera *c, const struct mien_crop *crop,
                         const struct mien_crop_pose *in, struct mien_pose *p)
{
    float d[3], ray[9], rz[9], tmp[9];
    crop_ray(c, crop, d);
    ray_rotation(d, ray);
    roll_matrix(-crop->roll_rad, rz);
    mien_mat3_mul(rz, in->R, tmp);
    mien_mat3_mul(ray, tmp, p->R);
    const float half = 0.5f * crop->side_px;
    const float cr = cosf(crop->roll_rad), sr = sinf(crop->roll_rad);
    const float px = crop->cx_px + half * (cr * in->x - sr * in->y);
    const float py = crop->cy_px + half * (sr * in->x + cr * in->y);
    const float depth = c->f_px * 100.0f / half * expf(-clamp(in->log_s, -20, 20));
    const float q[3] = {(px - c->cx_px) / c->f_px, -(py - c->cy_px) / c->f_px, -1};
    const float along = d[0] * q[0] + d[1] * q[1] + d[2] * q[2];
    const float lambda = depth / fmaxf(along, 0.05f);
    for (int i = 0; i < 3; i++) {
        p->t[i] = lambda * q[i];
    }
}

void mien_rotation_mirror(float R[9])
{
    // M R M with M = diag(-1,1,1)
    R[1] = -R[1];
    R[2] = -R[2];
    R[3] = -R[3];
    R[6] = -R[6];
}

#include "face/crop.h"

#include <math.h>

static const float rad = 0.017453292519943295f;

bool mien_crop_bounds(const float (*px)[2], int n, float box_px[4])
{
    if (n < 1) {
        return false;
    }
    float x0 = px[0][0], y0 = px[0][1], x1 = x0, y1 = y0;
    for (int i = 0; i < n; i++) {
        if (!isfinite(px[i][0]) || !isfinite(px[i][1])) {
            return false;
        }
        x0 = fminf(x0, px[i][0]);
        x1 = fmaxf(x1, px[i][0]);
        y0 = fminf(y0, px[i][1]);
        y1 = fmaxf(y1, px[i][1]);
    }
    box_px[0] = x0;
    box_px[1] = y0;
    box_px[2] = x1;
    box_px[3] = y1;
    return true;
}

bool mien_crop_from_box(const float box_px[4], struct mien_crop *out)
{
    float w = box_px[2] - box_px[0], h = box_px[3] - box_px[1];
    float larger = fmaxf(w, h);
    if (!isfinite(w) || !isfinite(h) || !(larger >= 1)) {
        return false;
    }
    out->cx_px = 0.5f * (box_px[0] + box_px[2]);
    out->cy_px = 0.5f * (box_px[1] + box_px[3]);
    out->side_px = MIEN_CROP_SCALE * larger;
    out->roll_rad = 0;
    return true;
}

bool mien_crop_from_landmarks(const struct mien_face_model *model, const float (*landmark_px)[2],
                              struct mien_crop *out)
{
    float box[4];
    if (!mien_crop_bounds(landmark_px, model->landmarks, box) || !mien_crop_from_box(box, out)) {
        return false;
    }
    // [0]: the subject's left eye (head x > 0), which is on the picture's right.
    float sum[2][2] = {{0}};
    int count[2] = {0};
    for (int i = 0; i < model->landmarks; i++) {
        if (model->landmark[i].region == MIEN_REGION_EYE) {
            int side = model->landmark_mean[3 * i] > 0 ? 0 : 1;
            sum[side][0] += landmark_px[i][0];
            sum[side][1] += landmark_px[i][1];
            count[side]++;
        }
    }
    if (count[0] && count[1]) {
        float dx = sum[0][0] / (float)count[0] - sum[1][0] / (float)count[1];
        float dy = sum[0][1] / (float)count[0] - sum[1][1] / (float)count[1];
        // Beyond a profile the eyes change sides or meet: then the line says nothing about roll.
        float larger = out->side_px / MIEN_CROP_SCALE;
        if (dx * dx + dy * dy > 0.0025f * larger * larger) {
            out->roll_rad = atan2f(dy, dx);
        }
    }
    return true;
}

void mien_crop_to_unit(const struct mien_crop *crop, const float px[2], float u[2])
{
    float c = cosf(crop->roll_rad), s = sinf(crop->roll_rad), k = 2 / crop->side_px;
    float dx = px[0] - crop->cx_px, dy = px[1] - crop->cy_px;
    u[0] = k * (c * dx + s * dy);
    u[1] = k * (c * dy - s * dx);
}

void mien_crop_to_px(const struct mien_crop *crop, const float u[2], float px[2])
{
    float c = cosf(crop->roll_rad), s = sinf(crop->roll_rad), k = crop->side_px / 2;
    float x = k * u[0], y = k * u[1];
    px[0] = crop->cx_px + c * x - s * y;
    px[1] = crop->cy_px + s * x + c * y;
}

void mien_crop_rotation(const struct mien_camera *camera, const struct mien_crop *crop, float C[9])
{
    struct mien_pose straight = {.R = {1, 0, 0, 0, 1, 0, 0, 0, 1}, .t = {0, 0, -1000}};
    struct mien_crop_pose p;
    mien_pose_to_crop(camera, crop, &straight, &p);
    for (int i = 0; i < 9; i++) {
        C[i] = p.R[i];
    }
}

// R = Ry(yaw) Rx(-pitch) turns +z into (sin yaw cos pitch, sin pitch, cos yaw cos pitch).
static void direction(float yaw, float pitch, float d[3])
{
    d[0] = sinf(yaw) * cosf(pitch);
    d[1] = sinf(pitch);
    d[2] = cosf(yaw) * cosf(pitch);
}

static void angles(const float d[3], float *yaw, float *pitch)
{
    *yaw = atan2f(d[0], d[2]);
    *pitch = asinf(fmaxf(-1, fminf(1, d[1])));
}

void mien_crop_gaze_from_camera(const struct mien_camera *camera, const struct mien_crop *crop,
                                const float camera_deg[2], float crop_rad[2])
{
    float C[9], d[3], e[3];
    mien_crop_rotation(camera, crop, C);
    direction(camera_deg[0] * rad, camera_deg[1] * rad, d);
    mien_mat3_mul_vec(C, d, e);
    angles(e, &crop_rad[0], &crop_rad[1]);
}

void mien_crop_gaze_to_camera(const struct mien_camera *camera, const struct mien_crop *crop,
                              const float crop_rad[2], float camera_deg[2])
{
    float C[9], T[9], d[3], e[3];
    mien_crop_rotation(camera, crop, C);
    mien_mat3_transpose(C, T);
    direction(crop_rad[0], crop_rad[1], d);
    mien_mat3_mul_vec(T, d, e);
    angles(e, &camera_deg[0], &camera_deg[1]);
    camera_deg[0] /= rad;
    camera_deg[1] /= rad;
}

// The formula of the crop and its maps. Does not resample pictures (image/warp.c does).
#include "face/crop.h"

#include <math.h>

#include "base/angle.h"

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

// The direction of the head's +x in the picture, px per mm, from two lines that do not vanish
// together: between the eyes, and along the face's middle. Beside the eyes' line alone, which is a
// point in profile and turns round behind it, the sum is steady from -90 to 90 degrees of yaw.
static void head_right(const struct mien_face_model *model, const float (*px)[2], float out[2])
{
    float eye[2][3] = {{0}}, count[2] = {0}; // [0]: the subject's left (head x > 0)
    float mean_y = 0, middle = 0;
    for (int i = 0; i < model->landmarks; i++) {
        const float *X = model->landmark_mean + 3 * i;
        if (model->landmark[i].region == MIEN_REGION_EYE) {
            int side = X[0] > 0 ? 0 : 1;
            eye[side][0] += px[i][0];
            eye[side][1] += px[i][1];
            eye[side][2] += X[0];
            count[side]++;
        }
        if (model->landmark[i].mirror == i) {
            mean_y += X[1];
            middle++;
        }
    }
    out[0] = out[1] = 0;
    if (count[0] > 0 && count[1] > 0) {
        float mm = eye[0][2] / count[0] - eye[1][2] / count[1];
        for (int k = 0; k < 2 && mm > 1; k++) {
            out[k] = (eye[0][k] / count[0] - eye[1][k] / count[1]) / mm;
        }
    }
    float up[2] = {0}, square = 0; // regression of px on head y
    mean_y /= fmaxf(middle, 1);
    for (int i = 0; i < model->landmarks; i++) {
        if (model->landmark[i].mirror == i) {
            float y = model->landmark_mean[3 * i + 1] - mean_y;
            up[0] += y * px[i][0];
            up[1] += y * px[i][1];
            square += y * y;
        }
    }
    if (square > 1) { // a quarter turn from up, clockwise as seen: (x,y) -> (-y,x)
        out[0] -= up[1] / square;
        out[1] += up[0] / square;
    }
}

bool mien_crop_from_landmarks(const struct mien_face_model *model, const float (*landmark_px)[2],
                              struct mien_crop *out)
{
    float box[4], right[2];
    if (!mien_crop_bounds(landmark_px, model->landmarks, box) || !mien_crop_from_box(box, out)) {
        return false;
    }
    head_right(model, landmark_px, right);
    float scale = out->side_px / 300; // px per mm, roughly: a face is some 230 mm high
    if (right[0] * right[0] + right[1] * right[1] > 0.04f * scale * scale) {
        out->roll_rad = atan2f(right[1], right[0]);
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
    direction(camera_deg[0] * (float)MIEN_RAD_PER_DEG, camera_deg[1] * (float)MIEN_RAD_PER_DEG, d);
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
    camera_deg[0] /= (float)MIEN_RAD_PER_DEG;
    camera_deg[1] /= (float)MIEN_RAD_PER_DEG;
}

// Pose and camera maths. The only place where angles and rotation matrices meet.
//
// Frames: camera right-handed, x right, y up, looking along -z, millimetres. Head: x to the
// subject's left, y up, z out of the face. R maps head to camera; the identity is a face looking
// straight into the camera. Picture: pixels, origin top-left, x right, y down.
// Angles (degrees, for people): yaw > 0 turns the nose to the picture's right (the subject's left),
// pitch > 0 lifts it, roll > 0 turns the picture of the face clockwise:
// R = Rz(-roll) Ry(yaw) Rx(-pitch). Matrices are row-major float[9].
#ifndef MIEN_FACE_POSE_H
#define MIEN_FACE_POSE_H

#include <stdbool.h>

struct mien_pose {
    float R[9]; // head -> camera
    float t[3]; // mm, the head's origin in the camera's frame; t[2] < 0 before the camera
};

// Pinhole camera, square pixels: px = cx + f * X / -Z, py = cy - f * Y / -Z. Pixel centres are at
// integer coordinates.
struct mien_camera {
    float f_px;
    float cx_px, cy_px;
    int width_px, height_px;
};

// fov_deg: horizontal field of view, (0,180); 0 = unknown: f = 1.2 * the longer side.
struct mien_camera mien_camera_make(int width_px, int height_px, float fov_deg);
// False when the point is not before the camera (Z > -1 mm).
bool mien_camera_project(const struct mien_camera *c, const float X[3], float px[2]);

void mien_pose_from_angles(float yaw_deg, float pitch_deg, float roll_deg, float R[9]);
void mien_pose_to_angles(const float R[9], float *yaw_deg, float *pitch_deg, float *roll_deg);
void mien_mat3_mul(const float a[9], const float b[9], float out[9]); // out may not alias
void mien_mat3_mul_vec(const float a[9], const float v[3], float out[3]);
void mien_mat3_transpose(const float a[9], float out[9]);
void mien_mat3_exp(const float w[3], float R[9]); // Rodrigues, radians
void mien_mat3_log(const float R[9], float w[3]);
void mien_mat3_orthonormalise(float R[9]); // nearest-by-Gram-Schmidt on columns
float mien_rotation_distance_deg(const float a[9], const float b[9]); // geodesic
// 6D representation (Zhou et al. 2019, "On the Continuity of Rotation Representations in Neural
// Networks"): the first two columns of R, d = {R00,R10,R20,R01,R11,R21}.
void mien_rotation_to_6d(const float R[9], float d[6]);
void mien_rotation_from_6d(const float d[6], float R[9]); // Gram-Schmidt; identity when degenerate
void mien_rotation_to_quaternion(const float R[9], float q[4]); // x,y,z,w; w >= 0

// Crop-relative pose, what the network sees and says. A square crop of the picture with centre
// (cx,cy) px, side `side_px` and roll (clockwise as seen, radians; the crop's x axis in the picture
// is (cos roll, sin roll)) is seen along the ray through its centre. `ray` is the rotation that
// turns the optical axis onto that ray by the shortest way; R_crop = Rz(+roll_cw) * ray^T * R, i.e.
// the pose that the face would have at the middle of an upright picture. Position in the crop:
// u = {x, y, log s}: the projection of the head's origin in crop units (-1…1 over the crop, y down)
// and s = f_px * 100 mm / (distance along the ray) / (side_px / 2): the size of 100 mm in crop
// units.
struct mien_crop_pose {
    float R[9];
    float x, y, log_s;
};
struct mien_crop {
    float cx_px, cy_px, side_px, roll_rad;
};
void mien_pose_to_crop(const struct mien_camera *c, const struct mien_crop *crop,
                       const struct mien_pose *p, struct mien_crop_pose *out);
void mien_pose_from_crop(const struct mien_camera *c, const struct mien_crop *crop,
                         const struct mien_crop_pose *in, struct mien_pose *p);
// Mirrored left-right (labels of a flipped picture): the pose of the mirrored face.
void mien_rotation_mirror(float R[9]);

#endif

// Poses in other people's conventions: the one place where mien's frames become theirs.
//
// Ours (face/pose.h): camera x right, y up, looking along -z, mm; head x to the subject's left, y
// up, z out of the face; R maps head to camera. Every function takes ours and says what it gives.
// Left and right are the subject's own throughout: nothing here mirrors a person.
#ifndef MIEN_SINK_CONVENTION_H
#define MIEN_SINK_CONVENTION_H

#include "face/pose.h"

// R = Ry(y) Rx(x) Rz(z) and R = Rx(x) Ry(y) Rz(z), radians, right-handed about each axis.
void mien_euler_yxz(const float R[9], float xyz[3]);
void mien_euler_xyz(const float R[9], float xyz[3]);

// Unity, for an avatar that looks along +z: left-handed, y up, x to the subject's right, metres. q
// is x,y,z,w of a rotation given in head axes.
void mien_convention_unity(const float R[9], float q[4]);
void mien_convention_unity_position(const float mm[3], float m[3]);

// ARKit's face anchor (its axes are our head's), degrees about x, y, z in the order that Unity's
// Quaternion.Euler(x, -y, -z) puts together again. iFacialMocap's numbers. Position in metres.
void mien_convention_arkit(const float R[9], float deg[3]);

// Live Link Face: yaw, pitch, roll in radians; yaw > 0 to the subject's left, pitch > 0 up, roll
// right-handed about the axis out of the face.
void mien_convention_livelink(const float R[9], float yaw_pitch_roll[3]);

// OpenSeeFace: its face model is x to the subject's right, y up, z out of the face, its nose tip
// the origin, and its pose is the solution behind a camera whose x goes down and y right (its
// trackers start there and stay; receivers count on roll 90 and x ±180 degrees for a face looking
// straight). nose_mm: the nose tip in the head frame; unit_mm: one unit of its model. q is what its
// matrix_to_quaternion gives (of the inverse, x,y,z,w), euler_deg what OpenCV's RQDecomp3x3 gives.
struct mien_openseeface_pose {
    float q[4], euler_deg[3], t[3];
};
void mien_convention_openseeface(const struct mien_pose *p, const float nose_mm[3], float unit_mm,
                                 struct mien_openseeface_pose *out);
void mien_convention_openseeface_point(const float head_mm[3], const float nose_mm[3],
                                       float unit_mm, float out[3]); // in its model's axes

// opentrack: x, y, z cm and yaw, pitch, roll degrees as the user sits before the screen: x to the
// user's right, y up, z away from the screen; yaw > 0 to the right, pitch > 0 up, roll > 0 the head
// tilted onto the right shoulder. Position relative to the camera.
void mien_convention_opentrack(const struct mien_pose *p, double out[6]);

// OpenFace: camera x right, y down, z away, mm; R = Rx Ry Rz of the three angles (radians); a face
// that looks into the camera has none.
void mien_convention_openface(const float R[9], float rad[3]);
void mien_convention_openface_point(const float camera_mm[3], float out[3]);

// MediaPipe's facial transformation matrix: our axes, centimetres, 4x4 column-major.
void mien_convention_mediapipe(const struct mien_pose *p, float m[16]);

// glTF 2.0: our axes (right-handed, y up, a face looks along +z), metres; q is x,y,z,w.
void mien_convention_gltf(const struct mien_pose *p, float q[4], float t[3]);

#endif

// What sinks for avatars share: whom to follow, weights, names of other rigs.
#ifndef MIEN_SINK_AVATAR_H
#define MIEN_SINK_AVATAR_H

#include "face/result.h"

// The face that a sink for one person follows: the one with *id as long as it is there, else the
// first; NULL when there is none. *id is updated.
const struct mien_face_result *mien_avatar_pick(const struct mien_result *r, int *id);

// VRM 0.x expressions from ARKit weights and expression probabilities: the visemes by how the mouth
// is shaped, blinks as they are, Joy, Angry and Sorrow as probabilities, Fun a smile that is not
// Joy.
enum mien_vrm {
    MIEN_VRM_A,
    MIEN_VRM_I,
    MIEN_VRM_U,
    MIEN_VRM_E,
    MIEN_VRM_O,
    MIEN_VRM_BLINK_L,
    MIEN_VRM_BLINK_R,
    MIEN_VRM_JOY,
    MIEN_VRM_ANGRY,
    MIEN_VRM_SORROW,
    MIEN_VRM_FUN,
    MIEN_VRM_COUNT
};
const char *mien_vrm_name(int i); // "A" … "Fun"
void mien_vrm_weights(const struct mien_face_result *f, float weight[MIEN_VRM_COUNT]);

float mien_unit(float v); // 0…1; not finite: 0

// The 61 curves of Live Link Face: ARKit's 52, then yaw, pitch, roll (radians) of head, left eye,
// right eye.
enum { MIEN_LIVELINK_CURVES = 61 };
void mien_livelink_curves(const struct mien_face_result *f, float curve[MIEN_LIVELINK_CURVES]);
// "EyeBlinkLeft" … "RightEyeRoll"; out at least 32 bytes.
void mien_livelink_name(int i, char out[32]);

#endif

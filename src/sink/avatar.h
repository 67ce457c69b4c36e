// What sinks for avatars share: whom to follow, names of other rigs.
#ifndef MIEN_SINK_AVATAR_H
#define MIEN_SINK_AVATAR_H

#include "face/result.h"
#include "face/vrm.h"

// The face that a sink for one person follows: the one with *id as long as it is there, else the
// first; NULL when there is none. *id is updated.
const struct mien_face_result *mien_avatar_pick(const struct mien_result *r, int *id);

// The 61 curves of Live Link Face: ARKit's 52, then yaw, pitch, roll (radians) of head, left eye,
// right eye.
enum { MIEN_LIVELINK_CURVES = 61 };
void mien_livelink_curves(const struct mien_face_result *f, float curve[MIEN_LIVELINK_CURVES]);
// "EyeBlinkLeft" … "RightEyeRoll"; out at least 32 bytes.
void mien_livelink_name(int i, char out[32]);

#endif

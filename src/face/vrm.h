// VRM's expressions, as avatars that have no ARKit shapes know them: made for those that mien sends
// to, and for those that it shows.
#ifndef MIEN_FACE_VRM_H
#define MIEN_FACE_VRM_H

#include "face/result.h"

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

#endif

// Choosing the followed face and naming its blendshapes as avatars' programs do.
#include "sink/avatar.h"

#include <ctype.h>
#include <stdio.h>

#include "face/gaze.h"
#include "sink/convention.h"

const struct mien_face_result *mien_avatar_pick(const struct mien_result *r, int *id)
{
    const struct mien_face_result *f = r->count > 0 ? &r->face[0] : NULL;
    for (int i = 0; i < r->count; i++) {
        if (r->face[i].id == *id) {
            f = &r->face[i];
            break;
        }
    }
    if (f) {
        *id = f->id;
    }
    return f;
}

void mien_livelink_curves(const struct mien_face_result *f, float curve[MIEN_LIVELINK_CURVES])
{
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        curve[i] = mien_unit(f->action[i]);
    }
    mien_convention_livelink(f->pose.R, curve + MIEN_BLENDSHAPES);
    for (int eye = 0; eye < 2; eye++) {
        float R[9];
        mien_gaze_rotation(f->pose.R, f->gaze_deg[eye], R);
        mien_convention_livelink(R, curve + MIEN_BLENDSHAPES + 3 + 3 * eye);
    }
}

void mien_livelink_name(int i, char out[32])
{
    static const char *const part[] = {"Head", "LeftEye", "RightEye"};
    static const char *const angle[] = {"Yaw", "Pitch", "Roll"};
    if (i < MIEN_BLENDSHAPES) {
        snprintf(out, 32, "%s", mien_blendshape_name(i));
        out[0] = (char)toupper((unsigned char)out[0]);
    } else {
        i -= MIEN_BLENDSHAPES;
        snprintf(out, 32, "%s%s", part[i / 3], angle[i % 3]);
    }
}

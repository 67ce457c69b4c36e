#include "track/identity.h"

#include <math.h>

// About four seconds of good looks at 30 frames a second.
static const float enough = 120;

void mien_identity_add(struct mien_identity *id, const float look[MIEN_IDENTITY], float trust)
{
    if (id->locked || !(trust > 0)) {
        return;
    }
    id->weight += trust;
    float k = trust / id->weight;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        id->mean[i] += k * (look[i] - id->mean[i]);
    }
    id->locked = id->weight >= enough;
}

float mien_identity_trust(float presence, float sigma_in_face, const float R[9])
{
    // 0.02 of the face is a good landmark; the error of the coefficients grows with sigma.
    float s = sigma_in_face / 0.02F;
    float sharp = 1 / (1 + s * s);
    // R[8] is the cosine between the nose's direction and the one towards the camera. A face turned
    // away by more than 75 degrees hides half of itself.
    float side = R[8] < 0.25F ? 0 : R[8];
    float t = 2 * presence * sharp * (0.5F + 0.5F * side) * (side > 0);
    return t < 1 ? t : 1;
}

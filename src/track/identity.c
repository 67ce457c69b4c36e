// A weighted running mean of coefficients that is held once enough was seen.
#include "track/identity.h"

#include <math.h>
#include <string.h>

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

void mien_identity_follow(struct mien_identity *id, const struct mien_evidence *known, float dt_s)
{
    static const float within_s = 0.25f, there = 1e-3f;
    if (!known->looks) {
        return;
    }
    const float *mean = mien_evidence_mean(known);
    float far = 0, k = id->weight > 0 ? 1 - expf(-fmaxf(0, dt_s) / within_s) : 1;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        far = fmaxf(far, fabsf(mean[i] - id->mean[i]));
    }
    for (int i = 0; i < MIEN_IDENTITY && far > 0; i++) {
        id->mean[i] = far < there ? mean[i] : id->mean[i] + k * (mean[i] - id->mean[i]);
    }
    id->weight = fmaxf(id->weight, 1);
    id->locked = true;
}

float mien_identity_trust(float presence, float sigma_in_face, const float R[9])
{
    // 0.02 of the face is a good landmark; the error of the coefficients grows with sigma.
    float s = sigma_in_face / 0.02f;
    float sharp = 1 / (1 + s * s);
    // R[8] is the cosine between the nose's direction and the one towards the camera. A face turned
    // away by more than 75 degrees hides half of itself.
    float side = R[8] < 0.25f ? 0 : R[8];
    float t = 2 * presence * sharp * (0.5f + 0.5f * side) * (side > 0);
    return t < 1 ? t : 1;
}

// Identities of single looks at one person are 0.6 to 0.9 from their mean (at most 1.6), means of
// different people 1.1 to 2.9 apart (seven people of video-dev). Six looks halve the first.
enum { DECIDE_LOOKS = 6, KNOWN_LOOKS = 15 };
static const float somebody_else = 1.2f;

void mien_same_person_ask(struct mien_same_person *p)
{
    if (p->looks_before >= KNOWN_LOOKS && !p->asked) {
        p->asked = true;
        p->looks_since = 0;
        memset(p->since, 0, sizeof(p->since));
    }
}

bool mien_same_person_add(struct mien_same_person *p, const float look[MIEN_IDENTITY])
{
    float *mean = p->asked ? p->since : p->before;
    int *looks = p->asked ? &p->looks_since : &p->looks_before;
    *looks += *looks < 300;
    float d2 = 0;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        mean[i] += (look[i] - mean[i]) / (float)*looks;
        d2 += (p->since[i] - p->before[i]) * (p->since[i] - p->before[i]);
    }
    if (!p->asked || p->looks_since < DECIDE_LOOKS) {
        return true;
    }
    p->asked = false;
    return d2 < somebody_else * somebody_else;
}

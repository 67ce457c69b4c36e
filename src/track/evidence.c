// Sums of information and precision by direction, and the posterior that follows.
#include "track/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "face/pose.h"

// Correlation of the errors of two looks from one direction, and from two directions.
static const float same_side = 0.85f, other_side = 0.7f;
// What a look is worth by how far the head is turned: from the front a network that learned from
// rendered people is misled by real skin and light, and says so too little; a turned head shows its
// depth. Six heads' clips (heads.py) are at 0.97 of the mean face's distance by looks within 10
// degrees alone, 0.94 around 20, 0.84 around 40.
static const float worth_of_yaw[] = {0.25f, 0.5f, 1}, worth_of_pitch = 0.5f;
enum { ENOUGH = 4, KEPT = 8 };
// What looks at one person say moves by up to 1 as other sides are seen; of two people they are 1.1
// to 2.9 apart (track/identity.c).
static const float somebody_else = 1.2f;
// A look never knows a coefficient better than this, nor less than nothing.
static const float sharpest = 0.05f;

int mien_evidence_direction(const float R[9])
{
    float yaw, pitch, roll;
    mien_pose_to_angles(R, &yaw, &pitch, &roll);
    return mien_direction(yaw, pitch);
}

bool mien_evidence_wants(const struct mien_evidence *e, int direction)
{
    return direction >= 0 && direction < MIEN_DIRECTIONS && e->side[direction].looks < ENOUGH;
}

// What n looks count whose errors have this correlation: n without one, 1 / correlation at most.
static float worth(float n, float correlation)
{
    return n > 1 ? n / (1 + (n - 1) * correlation) : n;
}

static float worth_of_direction(int d)
{
    int yaw = abs(d % MIEN_DIRECTION_YAWS - MIEN_DIRECTION_YAWS / 2),
        pitch = d / MIEN_DIRECTION_YAWS - MIEN_DIRECTION_PITCHES / 2;
    return worth_of_yaw[yaw < 2 ? yaw : 2] * (pitch ? worth_of_pitch : 1);
}

static void conclude(struct mien_evidence *e)
{
    float information[MIEN_IDENTITY] = {0}, precision[MIEN_IDENTITY] = {0};
    float sides = 0;
    for (int d = 0; d < MIEN_DIRECTIONS; d++) {
        const struct mien_evidence_side *s = &e->side[d];
        float share = s->looks ? worth_of_direction(d) : 0;
        float k = share * worth((float)s->looks, same_side);
        sides += share;
        for (int i = 0; k > 0 && i < MIEN_IDENTITY; i++) {
            information[i] += k * s->information[i];
            precision[i] += k * s->precision[i];
        }
    }
    float k = sides > 0 ? worth(sides, other_side) / sides : 0;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        float total = 1 + k * precision[i]; // people's own
        e->mean[i] = (e->people[i] + k * information[i]) / total;
        e->sigma[i] = 1 / sqrtf(total);
    }
}

void mien_evidence_add(struct mien_evidence *e, const float *people, int direction,
                       const float mean[MIEN_IDENTITY], const float sigma[MIEN_IDENTITY])
{
    if (direction < 0 || direction >= MIEN_DIRECTIONS) {
        return;
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        if (!isfinite(mean[i]) || !(sigma[i] > 0)) {
            return;
        }
    }
    struct mien_evidence_side *s = &e->side[direction];
    s->looks += s->looks < KEPT;
    float k = 1 / (float)s->looks;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        float sharp = 1 / fmaxf(sharpest * sharpest, sigma[i] * sigma[i]);
        // Where the look knows no more than people in general do, it says nothing.
        float precision = fmaxf(0, sharp - 1), information = precision > 0 ? mean[i] * sharp : 0;
        s->information[i] += k * (information - s->information[i]);
        s->precision[i] += k * (precision - s->precision[i]);
    }
    e->looks++;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        e->people[i] = people ? people[i] : 0;
    }
    conclude(e);
    float d2 = 0;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        float d = e->mean[i] - e->held_at[i];
        d2 += d * d;
    }
    e->held = e->held && d2 < somebody_else * somebody_else;
}

void mien_evidence_hold(struct mien_evidence *e, const float mean[MIEN_IDENTITY],
                        const float sigma[MIEN_IDENTITY])
{
    e->held = true;
    memcpy(e->held_mean, mean, sizeof(e->held_mean));
    memcpy(e->held_sigma, sigma, sizeof(e->held_sigma));
    memcpy(e->held_at, e->mean, sizeof(e->held_at));
}

const float *mien_evidence_mean(const struct mien_evidence *e)
{
    return e->held ? e->held_mean : e->mean;
}

const float *mien_evidence_sigma(const struct mien_evidence *e)
{
    return e->held ? e->held_sigma : e->sigma;
}

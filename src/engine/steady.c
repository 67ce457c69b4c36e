#include "engine/steady.h"

#include <math.h>
#include <string.h>

// A frame's own answer errs by about two degrees, and errs alike in the next: a hundred frames know
// little more than thirty, so the variance of their mean does not fall below `least`.
static const float answer = 0.035F * 0.035F, least = 0.035F * 0.035F / 100;
// A turn is known to this share of itself, and of its speed per frame: whoever turns is followed.
static const float turn_share = 1.5F, speed_share = 6.0F, speed_keep = 0.75F;
// Turns smaller than this are mostly the camera's noise and skin that moves.
static const float quiet = 0.025F;
// Blendshapes that far from their usual values make an answer count a half.
static const float stir = 0.1F;
static const float usual_s = 1.0F;
// … and those right after: answers for a tenth of a second, pixels longer.
static const float calm_s = 0.1F, pixels_calm_s = 0.3F;
// Skin that lids and mouth take along looks like a turn: the square of what is quiet grows by this
// much for all blendshapes together that far from usual.
static const float stirred_skin = 6;

void mien_steady_forget(struct mien_steady *s)
{
    memset(s, 0, sizeof(*s));
}

void mien_steady_motion(struct mien_steady *s, const struct mien_crop *crop, const float turn[2])
{
    s->moved = crop != NULL;
    if (!crop) {
        return;
    }
    // A turn about the vertical moves what is near to the right, one about the horizontal down.
    float size2 = turn[0] * turn[0] + turn[1] * turn[1], skin = s->skin / stir;
    float share = size2 / (size2 + quiet * quiet * (1 + stirred_skin * skin * skin));
    s->share = share;
    float w[3] = {share * turn[1], share * turn[0], 0};
    mien_mat3_exp(w, s->turn);
    for (int k = 0; k < 2; k++) {
        float step = turn[k] - s->turn_rad[k];
        s->speed_rad[k] = step + speed_keep * (s->speed_rad[k] - step);
        s->turn_rad[k] = turn[k];
    }
    s->crop = *crop;
}

// Variance of the turn since the remembered picture.
static float unsure(const struct mien_steady *s)
{
    float turn = turn_share * hypotf(s->turn_rad[0], s->turn_rad[1]);
    float speed = speed_share * hypotf(s->speed_rad[0], s->speed_rad[1]);
    return turn * turn + speed * speed;
}

void mien_steady_remembered(struct mien_steady *s, const struct mien_camera *camera,
                            const struct mien_crop *crop)
{
    if (!s->have) {
        return;
    }
    // The last rotation, seen in the new crop's frame.
    float from[9], back[9], to[9], R[9];
    mien_crop_rotation(camera, &s->crop, from);
    mien_crop_rotation(camera, crop, to);
    mien_mat3_transpose(from, back);
    mien_mat3_mul(back, s->last, R);
    mien_mat3_mul(to, R, s->anchor);
    // What was taken for skin that moves is none the less sure.
    s->variance = fminf(answer, s->variance + s->share * s->share * unsure(s));
    s->crop = *crop;
    s->turn_rad[0] = s->turn_rad[1] = 0;
}

// a -> share of the way to b.
static void towards(float a[9], const float b[9], float share)
{
    float back[9], d[9], w[3], turn[9], out[9];
    mien_mat3_transpose(a, back);
    mien_mat3_mul(b, back, d);
    mien_mat3_log(d, w);
    for (int k = 0; k < 3; k++) {
        w[k] *= share;
    }
    mien_mat3_exp(w, turn);
    mien_mat3_mul(turn, a, out);
    mien_mat3_orthonormalise(out);
    memcpy(a, out, sizeof(out));
}

// How much less a frame's answer counts for its expression: lids and jaw away from where they
// usually are. Remembers how much of the skin moves.
static float doubt(struct mien_steady *s, const float b[MIEN_BLENDSHAPES], float dt_s)
{
    float share = fminf(1, fmaxf(dt_s / usual_s, 1 / (float)(s->frames + 1)));
    float most = 0, sum = 0;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        float d = b[i] - s->usual[i];
        bool stirs = i == MIEN_BS_EYE_BLINK_LEFT || i == MIEN_BS_EYE_BLINK_RIGHT ||
                     i == MIEN_BS_JAW_OPEN || i == MIEN_BS_MOUTH_FUNNEL ||
                     i == MIEN_BS_MOUTH_PUCKER || i == MIEN_BS_MOUTH_SMILE_LEFT ||
                     i == MIEN_BS_MOUTH_SMILE_RIGHT;
        bool skin = i == MIEN_BS_EYE_BLINK_LEFT || i == MIEN_BS_EYE_BLINK_RIGHT ||
                    (i >= MIEN_BS_JAW_FORWARD && i <= MIEN_BS_MOUTH_UPPER_UP_RIGHT);
        most = stirs && s->frames ? fmaxf(most, fabsf(d)) : most;
        sum += skin && s->frames ? d * d : 0;
        s->usual[i] += share * d;
    }
    s->frames += s->frames < 1000;
    s->stirred = fmaxf(most, s->stirred * expf(-dt_s / calm_s));
    s->skin = fmaxf(sqrtf(sum), s->skin * expf(-dt_s / pixels_calm_s));
    return 1 + (s->stirred / stir) * (s->stirred / stir);
}

bool mien_steady_rotation(struct mien_steady *s, const struct mien_camera *camera,
                          const struct mien_crop *fallback,
                          const float blendshape[MIEN_BLENDSHAPES], float dt_s, float R[9])
{
    float C[9], seen[9];
    float less = doubt(s, blendshape, dt_s), noise = answer * less;
    bool moved = s->have && s->moved;
    if (!moved) {
        s->crop = *fallback;
    }
    mien_crop_rotation(camera, &s->crop, C);
    mien_mat3_mul(C, R, seen);
    s->moved = false;
    if (!moved) {
        memcpy(s->anchor, seen, sizeof(seen));
        memcpy(s->last, seen, sizeof(seen));
        s->variance = noise;
        s->turn_rad[0] = s->turn_rad[1] = s->speed_rad[0] = s->speed_rad[1] = 0;
        s->have = true;
        return false;
    }
    float back[9], then[9], out[9], turned = unsure(s) / less;
    mien_mat3_mul(s->turn, s->anchor, out);
    towards(out, seen, (s->variance + turned) / (s->variance + turned + noise));
    mien_mat3_transpose(s->turn, back);
    mien_mat3_mul(back, seen, then);
    float gain = s->variance / (s->variance + turned + noise);
    towards(s->anchor, then, gain);
    s->variance = fmaxf(least, (1 - gain) * s->variance);
    memcpy(s->last, out, sizeof(out));
    mien_mat3_transpose(C, back);
    mien_mat3_mul(back, out, R);
    mien_mat3_orthonormalise(R);
    return true;
}

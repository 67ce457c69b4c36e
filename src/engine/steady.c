// The Kalman filter of the head's rotation. Does not look at pixels.
#include "engine/steady.h"

#include <math.h>
#include <string.h>

// A frame's own answer errs by about two degrees, and errs alike in the next: a hundred frames know
// little more than thirty, so the variance of the state does not fall below the second.
static const float measurement_variance = 0.035f * 0.035f;
static const float state_variance_min = 0.035f * 0.035f / 100;
// Process noise: a turn that the pixels show is known to this share of itself, and of its speed per
// frame: whoever turns is followed.
static const float turn_share = 1.5f, speed_share = 6.0f, speed_keep = 0.75f;
// Turns smaller than this (rad) are mostly the camera's noise and skin that moves.
static const float turn_noise_rad = 0.025f;
// Blendshapes that far from their usual values double the measurement's variance.
static const float expression_scale = 0.1f;
static const float usual_s = 1.0f;
// … and those right after: measurements for a tenth of a second, pixels longer.
static const float expression_s = 0.1f, skin_s = 0.3f;
// Skin that lids and mouth take along looks like a turn: the square of the turn noise grows by this
// much for all blendshapes together that far from usual.
static const float skin_weight = 6;
// Answers that keep disagreeing with the state by this much, in one direction, are a turn, whatever
// the face does. Blinks and speech move an answer by up to two degrees; on video-dev a limit of 3
// to 4 degrees halves what the head lags behind single pictures while it smiles or blinks.
static const float innovation_limit_rad = 0.05f, innovation_s = 0.1f;

void mien_steady_forget(struct mien_steady *s)
{
    memset(s, 0, sizeof(*s));
}

// The share of an expression's variance growth that counts: 1 while measurements agree with the
// state, less the longer the innovations point one way.
static float growth_share(const struct mien_steady *s)
{
    const float *v = s->innovation;
    float e =
        (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) / (innovation_limit_rad * innovation_limit_rad);
    return 1 / (1 + e * e);
}

void mien_steady_motion(struct mien_steady *s, const struct mien_crop *crop, const float turn[2])
{
    s->moved = crop != NULL;
    if (!crop) {
        return;
    }
    for (int k = 0; k < 2; k++) {
        float step = turn[k] - s->turn_rad[k];
        s->speed_rad[k] = step + speed_keep * (s->speed_rad[k] - step);
        s->turn_rad[k] = turn[k];
    }
    s->crop = *crop;
}

// The turn that is believed of the one that the pixels show, now that this frame's skin is known.
static void believe_turn(struct mien_steady *s)
{
    const float *turn = s->turn_rad;
    const float size2 = turn[0] * turn[0] + turn[1] * turn[1];
    const float skin = growth_share(s) * s->skin / expression_scale;
    const float noise2 = turn_noise_rad * turn_noise_rad * (1 + skin_weight * skin * skin);
    s->share = size2 / (size2 + noise2);
    // A turn about the vertical moves what is near to the right, one about the horizontal down.
    const float w[3] = {s->share * turn[1], s->share * turn[0], 0};
    mien_mat3_exp(w, s->turn);
}

// Variance of the turn since the remembered picture.
static float process_variance(const struct mien_steady *s)
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
    s->state_variance =
        fminf(measurement_variance, s->state_variance + s->share * s->share * process_variance(s));
    s->crop = *crop;
    s->turn_rad[0] = s->turn_rad[1] = 0;
}

// Rotation vector from a to b.
static void difference(const float a[9], const float b[9], float w[3])
{
    float back[9], d[9];
    mien_mat3_transpose(a, back);
    mien_mat3_mul(b, back, d);
    mien_mat3_log(d, w);
}

// a turns by share of w.
static void update(float a[9], const float w[3], float gain)
{
    float step[3] = {gain * w[0], gain * w[1], gain * w[2]}, turn[9], out[9];
    mien_mat3_exp(step, turn);
    mien_mat3_mul(turn, a, out);
    mien_mat3_orthonormalise(out);
    memcpy(a, out, sizeof(out));
}

// How many times the variance of a frame's answer grows for its expression: lids and jaw away from
// where they usually are. Remembers how much of the skin moves.
static float variance_growth(struct mien_steady *s, const float b[MIEN_BLENDSHAPES], float dt_s)
{
    float share = fminf(1, fmaxf(dt_s / usual_s, 1 / (float)(s->frames + 1)));
    float most = 0, sum = 0;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        float d = b[i] - s->usual[i];
        bool lids_or_mouth = i == MIEN_BS_EYE_BLINK_LEFT || i == MIEN_BS_EYE_BLINK_RIGHT ||
                             i == MIEN_BS_JAW_OPEN || i == MIEN_BS_MOUTH_FUNNEL ||
                             i == MIEN_BS_MOUTH_PUCKER || i == MIEN_BS_MOUTH_SMILE_LEFT ||
                             i == MIEN_BS_MOUTH_SMILE_RIGHT;
        bool skin = i == MIEN_BS_EYE_BLINK_LEFT || i == MIEN_BS_EYE_BLINK_RIGHT ||
                    (i >= MIEN_BS_JAW_FORWARD && i <= MIEN_BS_MOUTH_UPPER_UP_RIGHT);
        most = lids_or_mouth && s->frames ? fmaxf(most, fabsf(d)) : most;
        sum += skin && s->frames ? d * d : 0;
        s->usual[i] += share * d;
    }
    s->frames += s->frames < 1000;
    s->expression = fmaxf(most, s->expression * expf(-dt_s / expression_s));
    s->skin = fmaxf(sqrtf(sum), s->skin * expf(-dt_s / skin_s));
    return 1 + (s->expression / expression_scale) * (s->expression / expression_scale);
}

bool mien_steady_rotation(struct mien_steady *s, const struct mien_camera *camera,
                          const struct mien_crop *fallback,
                          const float blendshape[MIEN_BLENDSHAPES], float dt_s, float R[9])
{
    float C[9], measured[9];
    float growth = variance_growth(s, blendshape, dt_s);
    bool moved = s->have && s->moved;
    if (!moved) {
        s->crop = *fallback;
    }
    mien_crop_rotation(camera, &s->crop, C);
    mien_mat3_mul(C, R, measured);
    s->moved = false;
    if (!moved) {
        memcpy(s->anchor, measured, sizeof(measured));
        memcpy(s->last, measured, sizeof(measured));
        s->state_variance = measurement_variance * growth;
        s->turn_rad[0] = s->turn_rad[1] = s->speed_rad[0] = s->speed_rad[1] = 0;
        memset(s->innovation, 0, sizeof(s->innovation));
        s->have = true;
        return false;
    }
    float back[9], then[9], out[9], innovation[3], w[3];
    believe_turn(s);
    mien_mat3_mul(s->turn, s->anchor, out); // predicted
    difference(out, measured, innovation);
    float pass = 1 - expf(-dt_s / innovation_s);
    for (int k = 0; k < 3; k++) {
        s->innovation[k] += pass * (innovation[k] - s->innovation[k]);
    }
    growth = 1 + growth_share(s) * (growth - 1);
    float noise = measurement_variance * growth, process = process_variance(s) / growth;
    float predicted = s->state_variance + process;
    update(out, innovation, predicted / (predicted + noise));
    mien_mat3_transpose(s->turn, back);
    mien_mat3_mul(back, measured, then);
    difference(s->anchor, then, w);
    float gain = s->state_variance / (predicted + noise);
    update(s->anchor, w, gain);
    s->state_variance = fmaxf(state_variance_min, (1 - gain) * s->state_variance);
    memcpy(s->last, out, sizeof(out));
    mien_mat3_transpose(C, back);
    mien_mat3_mul(back, out, R);
    mien_mat3_orthonormalise(R);
    return true;
}

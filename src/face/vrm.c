// VRM expressions from ARKit weights and expression probabilities.
#include "face/vrm.h"

#include <math.h>
#include <stddef.h>

const char *mien_vrm_name(int i)
{
    static const char *const names[MIEN_VRM_COUNT] = {
        "A", "I", "U", "E", "O", "Blink_L", "Blink_R", "Joy", "Angry", "Sorrow", "Fun"};
    return i >= 0 && i < MIEN_VRM_COUNT ? names[i] : NULL;
}

float mien_unit(float v)
{
    return v > 0 ? fminf(v, 1) : 0; // NaN compares false
}

void mien_vrm_weights(const struct mien_face_result *f, float weight[MIEN_VRM_COUNT])
{
    const float *b = f->action;
    float jaw = mien_unit(b[MIEN_BS_JAW_OPEN] - b[MIEN_BS_MOUTH_CLOSE]);
    float round = mien_unit(fmaxf(b[MIEN_BS_MOUTH_FUNNEL], b[MIEN_BS_MOUTH_PUCKER]));
    float wide = mien_unit(0.5f * (b[MIEN_BS_MOUTH_STRETCH_LEFT] + b[MIEN_BS_MOUTH_STRETCH_RIGHT]) +
                           0.25f * (b[MIEN_BS_MOUTH_SMILE_LEFT] + b[MIEN_BS_MOUTH_SMILE_RIGHT]));
    // Round lips: O when open, U when nearly closed. Wide lips: E when open, I when nearly closed.
    float open = mien_unit(2 * jaw);
    weight[MIEN_VRM_O] = round * open;
    weight[MIEN_VRM_U] = round * (1 - open);
    float flat = wide * (1 - round) * mien_unit(8 * jaw); // a closed mouth says nothing
    weight[MIEN_VRM_E] = flat * open;
    weight[MIEN_VRM_I] = flat * (1 - open);
    weight[MIEN_VRM_A] = mien_unit(1.4f * jaw) * (1 - round) * (1 - 0.5f * flat);
    weight[MIEN_VRM_BLINK_L] = mien_unit(b[MIEN_BS_EYE_BLINK_LEFT]);
    weight[MIEN_VRM_BLINK_R] = mien_unit(b[MIEN_BS_EYE_BLINK_RIGHT]);
    weight[MIEN_VRM_JOY] = mien_unit(f->expression[MIEN_EXPRESSION_HAPPY]);
    weight[MIEN_VRM_ANGRY] = mien_unit(f->expression[MIEN_EXPRESSION_ANGER]);
    weight[MIEN_VRM_SORROW] = mien_unit(f->expression[MIEN_EXPRESSION_SAD]);
    float smile = 0.5f * (b[MIEN_BS_MOUTH_SMILE_LEFT] + b[MIEN_BS_MOUTH_SMILE_RIGHT]);
    weight[MIEN_VRM_FUN] = mien_unit(smile * (1 - weight[MIEN_VRM_JOY]));
}

// Action units.
#include "face/signs.h"

#include <math.h>

#include "base/mem.h"

const struct mien_action_unit mien_action_units[] = {
    {1, "AU01", "inner brow raiser", {MIEN_BS_BROW_INNER_UP, -1}},
    {2, "AU02", "outer brow raiser", {MIEN_BS_BROW_OUTER_UP_LEFT, MIEN_BS_BROW_OUTER_UP_RIGHT}},
    {4, "AU04", "brow lowerer", {MIEN_BS_BROW_DOWN_LEFT, MIEN_BS_BROW_DOWN_RIGHT}},
    {5, "AU05", "upper lid raiser", {MIEN_BS_EYE_WIDE_LEFT, MIEN_BS_EYE_WIDE_RIGHT}},
    {6, "AU06", "cheek raiser", {MIEN_BS_CHEEK_SQUINT_LEFT, MIEN_BS_CHEEK_SQUINT_RIGHT}},
    {7, "AU07", "lid tightener", {MIEN_BS_EYE_SQUINT_LEFT, MIEN_BS_EYE_SQUINT_RIGHT}},
    {9, "AU09", "nose wrinkler", {MIEN_BS_NOSE_SNEER_LEFT, MIEN_BS_NOSE_SNEER_RIGHT}},
    {10, "AU10", "upper lip raiser", {MIEN_BS_MOUTH_UPPER_UP_LEFT, MIEN_BS_MOUTH_UPPER_UP_RIGHT}},
    {12, "AU12", "lip corner puller", {MIEN_BS_MOUTH_SMILE_LEFT, MIEN_BS_MOUTH_SMILE_RIGHT}},
    {14, "AU14", "dimpler", {MIEN_BS_MOUTH_DIMPLE_LEFT, MIEN_BS_MOUTH_DIMPLE_RIGHT}},
    {15, "AU15", "lip corner depressor", {MIEN_BS_MOUTH_FROWN_LEFT, MIEN_BS_MOUTH_FROWN_RIGHT}},
    {16,
     "AU16",
     "lower lip depressor",
     {MIEN_BS_MOUTH_LOWER_DOWN_LEFT, MIEN_BS_MOUTH_LOWER_DOWN_RIGHT}},
    {17, "AU17", "chin raiser", {MIEN_BS_MOUTH_SHRUG_LOWER, -1}},
    {18, "AU18", "lip pucker", {MIEN_BS_MOUTH_PUCKER, -1}},
    {20, "AU20", "lip stretcher", {MIEN_BS_MOUTH_STRETCH_LEFT, MIEN_BS_MOUTH_STRETCH_RIGHT}},
    {22, "AU22", "lip funneler", {MIEN_BS_MOUTH_FUNNEL, -1}},
    {24, "AU24", "lip pressor", {MIEN_BS_MOUTH_PRESS_LEFT, MIEN_BS_MOUTH_PRESS_RIGHT}},
    {26, "AU26", "jaw drop", {MIEN_BS_JAW_OPEN, -1}},
    {28, "AU28", "lip suck", {MIEN_BS_MOUTH_ROLL_LOWER, MIEN_BS_MOUTH_ROLL_UPPER}},
    {29, "AU29", "jaw thrust", {MIEN_BS_JAW_FORWARD, -1}},
    {34, "AU34", "puff", {MIEN_BS_CHEEK_PUFF, -1}},
    {45, "AU45", "blink", {MIEN_BS_EYE_BLINK_LEFT, MIEN_BS_EYE_BLINK_RIGHT}},
};

int mien_action_unit_count(void)
{
    return (int)MIEN_COUNT(mien_action_units);
}

float mien_action_unit_value(int i, const float b[MIEN_BLENDSHAPES])
{
    const int *part = mien_action_units[i].part;
    float v = part[1] < 0 ? b[part[0]] : 0.5f * (b[part[0]] + b[part[1]]);
    return fminf(1, fmaxf(0, v));
}

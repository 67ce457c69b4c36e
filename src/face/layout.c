// Names of expression classes and blendshapes, and their mirror images.
#include "face/layout.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const expression[MIEN_EXPRESSIONS] = {
    "neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt",
};

static const char *const blendshape[MIEN_BLENDSHAPES] = {
    "eyeBlinkLeft",      "eyeLookDownLeft",    "eyeLookInLeft",
    "eyeLookOutLeft",    "eyeLookUpLeft",      "eyeSquintLeft",
    "eyeWideLeft",       "eyeBlinkRight",      "eyeLookDownRight",
    "eyeLookInRight",    "eyeLookOutRight",    "eyeLookUpRight",
    "eyeSquintRight",    "eyeWideRight",       "jawForward",
    "jawLeft",           "jawRight",           "jawOpen",
    "mouthClose",        "mouthFunnel",        "mouthPucker",
    "mouthLeft",         "mouthRight",         "mouthSmileLeft",
    "mouthSmileRight",   "mouthFrownLeft",     "mouthFrownRight",
    "mouthDimpleLeft",   "mouthDimpleRight",   "mouthStretchLeft",
    "mouthStretchRight", "mouthRollLower",     "mouthRollUpper",
    "mouthShrugLower",   "mouthShrugUpper",    "mouthPressLeft",
    "mouthPressRight",   "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthUpperUpLeft",  "mouthUpperUpRight",  "browDownLeft",
    "browDownRight",     "browInnerUp",        "browOuterUpLeft",
    "browOuterUpRight",  "cheekPuff",          "cheekSquintLeft",
    "cheekSquintRight",  "noseSneerLeft",      "noseSneerRight",
    "tongueOut",
};

const char *mien_expression_name(int i)
{
    return i >= 0 && i < MIEN_EXPRESSIONS ? expression[i] : NULL;
}

int mien_expression_find(const char *name)
{
    for (int i = 0; name && i < MIEN_EXPRESSIONS; i++) {
        if (!strcmp(name, expression[i])) {
            return i;
        }
    }
    return -1;
}

const char *mien_blendshape_name(int i)
{
    return i >= 0 && i < MIEN_BLENDSHAPES ? blendshape[i] : NULL;
}

int mien_blendshape_find(const char *name)
{
    char full[64];
    if (!name || strlen(name) > 48) {
        return -1;
    }
    const size_t n = strlen(name);
    if (n > 2 && (!strcmp(name + n - 2, "_L") || !strcmp(name + n - 2, "_R"))) {
        snprintf(full, sizeof full, "%.*s%s", (int)(n - 2), name,
                 name[n - 1] == 'L' ? "Left" : "Right");
    } else {
        snprintf(full, sizeof full, "%s", name);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        if (!strcmp(full, blendshape[i])) {
            return i;
        }
    }
    return -1;
}

int mien_blendshape_mirror(int i)
{
    if (i < 0 || i >= MIEN_BLENDSHAPES) {
        return -1;
    }
    char other[64];
    const char *s = blendshape[i];
    const size_t n = strlen(s);
    if (n > 4 && !strcmp(s + n - 4, "Left")) {
        snprintf(other, sizeof other, "%.*sRight", (int)(n - 4), s);
    } else if (n > 5 && !strcmp(s + n - 5, "Right")) {
        snprintf(other, sizeof other, "%.*sLeft", (int)(n - 5), s);
    } else {
        return i;
    }
    const int j = mien_blendshape_find(other);
    return j < 0 ? i : j;
}

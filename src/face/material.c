// The table of a head's materials.
#include "face/material.h"

#include <stddef.h>

#include "face/model.h"

const struct mien_material *mien_material_at(int i)
{
    static const struct mien_material all[MIEN_MATERIALS] = {
        {"skin",
         1U << MIEN_PART_FACE | 1U << MIEN_PART_HEAD,
         {0.80f, 0.60f, 0.50f},
         0.6f,
         0.05f,
         20},
        {"eyes",
         1U << MIEN_PART_EYEBALL_LEFT | 1U << MIEN_PART_EYEBALL_RIGHT,
         {0.90f, 0.90f, 0.88f},
         0.2f,
         0.4f,
         100},
        {"teeth", 1U << MIEN_PART_TEETH, {0.87f, 0.84f, 0.78f}, 0.4f, 0.2f, 60},
        {"gums", 1U << MIEN_PART_GUMS, {0.68f, 0.38f, 0.36f}, 0.5f, 0.15f, 40},
        {"mouth",
         1U << MIEN_PART_MOUTH | 1U << MIEN_PART_EYE_SOCKET,
         {0.45f, 0.20f, 0.18f},
         0.7f,
         0.1f,
         30},
    };
    return i >= 0 && i < MIEN_MATERIALS ? &all[i] : NULL;
}

// The shipped face model, for tests of what stands on it.
#ifndef MIEN_TESTS_MODEL_SCENE_H
#define MIEN_TESTS_MODEL_SCENE_H

#include "face/model.h"

static struct mien_face_model model;

static inline int load_model(void **state)
{
    return mien_face_model_load(&model, "models/ict.face") ? 0 : -1;
}

static inline int drop_model(void **state)
{
    mien_face_model_destroy(&model);
    mien_face_model_destroy(&model); // idempotent
    return 0;
}

#endif

// The model compiler: ICT-FaceKit's arrays -> models/*.face.
//
// Does not: run in the live program or in libmien (face/model.h loads what it wrote).
#ifndef MIEN_PREPARE_MODEL_BUILD_H
#define MIEN_PREPARE_MODEL_BUILD_H

#include <stdbool.h>

// Files of corrections (prepare/lists.h); each may be NULL.
struct mien_model_lists {
    const char *refine; // landmark positions
    const char *ibug; // how the iBUG 68 mix from landmarks; without it each is its nearest landmark
    const char *shift; // by how much people mark them elsewhere
};
// Compiles ict-facekit's folder into `out`. False on failure (logged).
bool mien_face_model_build(const char *ict_dir, const struct mien_model_lists *lists,
                           const char *out);

#endif

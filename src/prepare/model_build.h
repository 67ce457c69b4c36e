// The model compiler: ICT-FaceKit's arrays -> models/*.face.
//
// Does not: run in the live program or in libmien (face/model.h loads what it wrote).
#ifndef MIEN_PREPARE_MODEL_BUILD_H
#define MIEN_PREPARE_MODEL_BUILD_H

#include <stdbool.h>

// Compiles ict-facekit's folder into `out`. `refine` (may be NULL): a file of corrected landmark
// positions. `ibug` (may be NULL): a file of how the iBUG 68 mix from landmarks; without it each is
// its nearest landmark. False on failure (logged).
bool mien_face_model_build(const char *ict_dir, const char *refine, const char *ibug,
                           const char *out);

#endif

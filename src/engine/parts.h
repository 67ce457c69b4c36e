// What the engine is made of: the detector and the network behind two functions, so that a test can
// put known answers in their place. The program uses mien_engine_create.
#ifndef MIEN_ENGINE_PARTS_H
#define MIEN_ENGINE_PARTS_H

#include "detect/detect.h"
#include "engine/engine.h"
#include "face/decode.h"

struct mien_engine_parts {
    const struct mien_face_model *model; // borrowed
    // Faces of the frame, best first, at most max.
    int (*detect)(void *user, const struct mien_image *frame, float threshold,
                  struct mien_detection *out, int max);
    // What the network says of one crop of the frame, in the crop's own frame; mirror: of the crop
    // mirrored left-right.
    void (*look)(void *user, const struct mien_image *frame, const struct mien_crop *crop,
                 bool mirror, struct mien_estimate *out);
    void *user;
};

// The parts stay the caller's and must outlive the engine. NULL on failure (logged).
struct mien_engine *mien_engine_create_with(const struct mien_engine_config *c,
                                            const struct mien_engine_parts *parts);

#endif

// Where the face of a training picture is, by what a network sees: the same landmarks, and so the
// same crops, as when the program runs.
#ifndef MIEN_PREPARE_LOCATE_H
#define MIEN_PREPARE_LOCATE_H

#include "engine/engine.h"
#include "face/label.h"
#include "image/image.h"

struct mien_locator {
    struct mien_engine *engine; // NULL = none: nothing is found
    struct mien_jpeg_decoder *jpeg;
    struct mien_image picture, large;
    struct mien_result result;
};

// net: as for mien_engine_create, NULL = no engine. quality: mirrored and resized looks are
// averaged. False on failure (logged).
bool mien_locator_create(struct mien_locator *k, const char *net, bool quality);
void mien_locator_destroy(struct mien_locator *k); // idempotent
// Faces of the JPEG picture enlarged `times`, in its own pixels, into k->result. Returns how many.
int mien_locator_run(struct mien_locator *k, const void *jpeg, size_t bytes, int times);
// Landmarks and box of a found face into the label.
void mien_locator_label(const struct mien_face_result *f, struct mien_label *l);

#endif

// Draws results over a picture in software: wireframe with hidden lines removed, landmarks, axes.
//
// The same picture for the same result on every machine; no window, no GPU. Does not: allocate per
// frame once the largest face was drawn.
#ifndef MIEN_SINK_OVERLAY_H
#define MIEN_SINK_OVERLAY_H

#include "face/model.h"
#include "face/result.h"
#include "image/image.h"
#include "sink/sink.h"

struct mien_overlay; // opaque; one thread at a time

struct mien_overlay *
mien_overlay_create(const struct mien_face_model *m); // m borrowed; NULL: logged
void mien_overlay_destroy(struct mien_overlay *o);    // NULL is fine
// picture: RGB8 of the result's size. parts: enum mien_overlay_parts.
void mien_overlay_draw(struct mien_overlay *o, struct mien_image *picture,
                       const struct mien_result *r, unsigned parts);

// Copies the frame into a picture to draw on: made, or made anew when the size has changed; zeroed
// at first, the caller destroys it. False: no memory (logged).
bool mien_overlay_canvas(struct mien_image *canvas, const struct mien_image *frame);

#endif

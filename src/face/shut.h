// How the face of one person shuts: lips that meet at rest, lids that meet at eyeBlink 1 and lie on
// the eyeball.
//
// The model moves everybody's lids and lips alike. Added to somebody's own shape, its blink leaves
// a slit here and crosses the lower lid there, an eyeball that stands out comes through the lid,
// and between lips at rest there may be a strip of teeth. For heads that are shown or saved by
// themselves; what is fitted, learned or laid over a picture keeps the model's own motion. Does
// not: mend what other blendshapes do.
#ifndef MIEN_FACE_SHUT_H
#define MIEN_FACE_SHUT_H

#include "face/model.h"

struct mien_shut {
    float *lid[2]; // (V,3) mm by which this person's eyeBlink (left, right) at 1 moves the vertices
};

// at: (V,3) mm, this person without expression. False when memory is short.
bool mien_shut_find(struct mien_shut *s, const struct mien_face_model *m, const float *at);
void mien_shut_destroy(struct mien_shut *s); // a zeroed one too
// Moves the lips of a face without expression, at (V,3) mm, together, or apart where they pass
// through one another.
void mien_shut_lips(const struct mien_face_model *m, float *at);

#endif

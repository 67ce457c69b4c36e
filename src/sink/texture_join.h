// What makes one skin of a texture's pieces: soft borders of what was seen, and colours that agree
// where two places of the atlas are one place of the head.
//
// Does not: know pictures; fill what nobody saw (sink/texture.c).
#ifndef MIEN_SINK_TEXTURE_JOIN_H
#define MIEN_SINK_TEXTURE_JOIN_H

#include "sink/texture.h"

// colour: (side, 2 side, 4), weights 0…1. Towards where nothing was seen the weights fall to nearly
// nothing, so that what is filled in there shows no edge. False when memory is short.
bool mien_texture_soften(const struct mien_texture *t, float *colour);
// colour: of the whole atlas; weight: (side, 2 side) how surely each texel was seen. Along the
// atlas's seams both sides take the surer one's colour; the change dies away over the mesh around.
// False when memory is short.
bool mien_texture_join(const struct mien_texture *t, const float *weight, float *colour);

#endif

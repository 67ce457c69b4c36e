// One face as a mesh file: OBJ with material and textures, PLY with vertex colours.
//
// Head frame in millimetres (x to the subject's left, y up, z out of the face), identity and
// expression of the result. The skin's texture is unwrapped from the picture onto the model's UV:
// seen parts from their own pixels, hidden ones from the mirrored side, the rest in the mean
// colour. Does not: relight; invent what no side shows.
#ifndef MIEN_SINK_MESH_H
#define MIEN_SINK_MESH_H

#include "image/image.h"
#include "face/posed.h"

// What files say near their beginning whose names a sink chose: such a one may be replaced.
#define MIEN_MADE "mien: "

// posed: set to this face. Writes base.obj, base.mtl, base.png (skin) and base-photo.png (the piece
// of the picture that colours the eyes). picture NULL: no textures. source: the picture's name.
// False on failure (logged).
bool mien_mesh_save_obj(const struct mien_posed *posed, const struct mien_image *picture,
                        const char *source, const char *base);
bool mien_mesh_save_ply(const struct mien_posed *posed, const struct mien_image *picture,
                        const char *base);
#endif

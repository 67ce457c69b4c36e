// Pictures unwrapped onto the model's UV: the skin's texture of one picture, and of a head from
// many.
//
// Of one picture: visible parts from their own pixels, hidden ones from the mirrored side, the rest
// in the mean colour. Of many: each part from the pictures that show it, weighted by how straight
// they see it, after each picture's colours were matched to those of the pictures before it where
// both show the skin; what none shows from the mirrored side, and what neither sees from its
// surroundings, coarse to fine (push-pull: Gortler, Grzeszczuk, Szeliski and Cohen 1996, "The
// Lumigraph"), so that nothing ends in an edge. Near depth edges of a picture, its outline above
// all, nothing counts: the shape is not exactly the person's. On skull and neck only what has
// the skin's or the hair's colour counts, without the rim of other pixels. Does not: find the light
// (sink/light.h); sharpen.
#ifndef MIEN_SINK_TEXTURE_H
#define MIEN_SINK_TEXTURE_H

#include "image/image.h"
#include "face/posed.h"
#include "sink/light.h"
#include <stdbool.h>

// One look's skin texture (the face's picture), RGB8 of texture->width², created by the caller.
// weight: scratch of 4 * width * height floats.
void mien_texture_unwrap(const struct mien_posed *posed, const struct mien_image *picture,
                         struct mien_image *texture, float *weight);
// A surface point: colour times weight and weight (0…1), from its own side, else from the mirrored
// one.
void mien_texture_texel(const struct mien_posed *p, const struct mien_image *picture,
                        const int32_t v[3], const float bary[3], float out[4]);

// Texels of one triangle in a picture of the UV plane, `side` px a unit and `width` px wide. uv:
// its corners among the model's. False when it has no area; the box is filled all the same.
struct mien_texture_patch {
    float x[3], y[3], area; // px
    int x0, y0, x1, y1;     // the texels' box, inclusive
};
bool mien_texture_patch(const struct mien_face_model *m, const int32_t uv[3], int side, int width,
                        struct mien_texture_patch *p);
// Where a texel lies in the triangle; a little beyond its edge too (one of b is then negative), so
// that no seam shows. False outside.
bool mien_texture_within(const struct mien_texture_patch *p, int i, int j, float b[3]);

struct mien_texture { // of a head; an atlas of the face's picture and, right of it, the head's
    const struct mien_face_model *model; // borrowed
    int side;                            // of either, px
    int looks;
    float *sum, *one; // (side, 2 side, 4): colour times weight, and weight
};
bool mien_texture_create(struct mien_texture *t, const struct mien_face_model *m, int side);
void mien_texture_destroy(struct mien_texture *t); // idempotent
// Adds a look. posed: set to it. light: divided out; NULL: it stays.
void mien_texture_add(struct mien_texture *t, const struct mien_posed *posed,
                      const struct mien_image *picture, const struct mien_light *light);
// The whole atlas, RGB8 of (2 side, side), created here. False when memory is short (logged).
bool mien_texture_finish(const struct mien_texture *t, struct mien_image *out);

#endif

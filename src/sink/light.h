// The light on a face in several pictures, so that it can be divided out of the skin.
//
// Each picture's light is nine spherical harmonics a channel of the surface's normal (Ramamoorthi
// and Hanrahan 2001, "An Efficient Representation for Irradiance Environment Maps"), the skin one
// albedo a vertex that is the same in all pictures; the two are found in turns, beginning with skin
// of one colour: what can be either is light. Linear light; normals in the head's frame, so every
// picture has a light of its own although the room's stays. Does not: know cast shadows or gloss
// (what differs much is left out).
#ifndef MIEN_SINK_LIGHT_H
#define MIEN_SINK_LIGHT_H

#include "face/posed.h"
#include "image/image.h"

struct mien_light {
    float sh[3][9]; // irradiance of each channel; where the skin is lit as it is on average: 1
};
// What the skin's colour (RGB, 0…255, sRGB) would be under even light, in place. normal: unit, head
// frame.
void mien_light_divide(const struct mien_light *l, const float normal[3], float rgb[3]);

struct mien_lights { // zero-initialise
    const struct mien_face_model *model;
    int views, room, points;
    int32_t *vertex; // (points)
    float *colour;   // (room,points,4) linear, and how well it is seen
    float *normal;   // (room,points,3)
    float *albedo;   // (points,4)
};
// False when out of memory (logged). Destroy it all the same.
bool mien_lights_create(struct mien_lights *l, const struct mien_face_model *m, int room);
void mien_lights_destroy(struct mien_lights *l); // idempotent
// The next picture. picture: RGB8.
void mien_lights_add(struct mien_lights *l, const struct mien_posed *posed,
                     const struct mien_image *picture);
// out: (views) in the order in which they were added. A picture that shows too little has even
// light.
void mien_lights_find(struct mien_lights *l, struct mien_light *out);

#endif

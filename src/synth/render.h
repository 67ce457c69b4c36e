// One picture of a person, with its exact labels.
//
// A renderer owns all buffers for one picture size; one thread uses it at a time; rendering does
// not allocate. The result depends on (assets, person, scene, size) only. Does not: choose anything
// at random except sensor noise (seeded by the scene).
#ifndef MIEN_SYNTH_RENDER_H
#define MIEN_SYNTH_RENDER_H

#include "face/label.h"
#include "image/image.h"
#include "synth/person.h"

struct mien_synth_renderer; // opaque

// width, height: 32…2048 px. NULL on failure (logged).
struct mien_synth_renderer *mien_synth_renderer_create(const struct mien_synth_assets *a, int width,
                                                       int height);
void mien_synth_renderer_destroy(struct mien_synth_renderer *r); // NULL is fine

// im: RGB8 of the renderer's size. label may be NULL; jpeg_bytes, split are left 0. The person's
// morph is kept between calls while the identity stays the same.
void mien_synth_render(struct mien_synth_renderer *r, const struct mien_synth_person *p,
                       const struct mien_synth_scene *s, struct mien_image *im,
                       struct mien_label *label);

// What the pictures of a series are drawn from.
struct mien_synth_series {
    uint64_t seed;     // another seed is other people
    const float *bank; // see mien_synth_scene_sample
    int bank_count;
    // Shares, 0…1; the other people and pictures stay the same whatever they are.
    float children; // people who are children
    float gaping;   // pictures with a wide open mouth
    float strange;  // people with a head of another make than the face model's
    float webcam;   // pictures as before a webcam: near straight, well lit, lively
    float nobody;   // pictures without a face: clothes, hands, things, lettering
};
// Picture number `index` of a series: samples person and scene (people come in pairs of pictures:
// the same head twice in other poses and light) and renders. *quality: the JPEG quality that the
// scene asks for.
void mien_synth_render_index(struct mien_synth_renderer *r, const struct mien_synth_series *series,
                             uint64_t index, struct mien_image *im, struct mien_label *label,
                             int *quality);

#endif

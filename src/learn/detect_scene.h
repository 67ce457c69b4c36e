// Training scenes for the detector, made on the fly: faces pasted onto pictures without people,
// single photos that fill the frame, and mosaics, all with exact boxes; then what cameras do.
//
// A paste's seam must not give the face away: the same masks also paste pieces of backgrounds, and
// mosaics and filled frames have no feathered seam at all.
// Frame: px of the network's input.
#ifndef MIEN_LEARN_DETECT_SCENE_H
#define MIEN_LEARN_DETECT_SCENE_H

#include "base/rng.h"
#include "learn/detect_data.h"

#include <stdint.h>

enum { MIEN_DETECT_SCENE_FACES = 24 };

struct mien_detect_face {
    float box_px[4]; // may cross the border
    float roll_rad;
    bool ignore;   // mostly covered or cut off: neither a face nor none
    bool rendered; // nobody else is around it
};

struct mien_detect_scene {
    int width, height;
    uint8_t *gray; // (H,W)
    uint8_t *soft; // (H/4,W/4): 1 where a photo's surroundings may hold another, unmarked person
    int faces;
    struct mien_detect_face face[MIEN_DETECT_SCENE_FACES];
    // Scratch of the maker.
    struct mien_image canvas, temp;
    uint8_t *owner; // (H/4,W/4): number of the face whose paste lies on top, 0 = none
    int8_t *noise;
    struct mien_jpeg_decoder *decoder;
    struct mien_image decoded;
};

// width and height divisible by 4. False when
// memory is short (logged).
bool mien_detect_scene_init(struct mien_detect_scene *s, int width, int height);
void mien_detect_scene_destroy(struct mien_detect_scene *s);

struct mien_detect_recipe {
    float synth;      // share of rendered faces among all (0 when there are none)
    float side;       // share of photos in side view
    float empty;      // share of scenes without a face
    uint8_t bar_gray; // of letterbox bars: the input's mean
};
// The same rng state gives the same scene.
void mien_detect_scene_make(struct mien_detect_scene *s, const struct mien_detect_data *data,
                            const struct mien_detect_recipe *recipe, struct mien_rng *rng);

#endif

// What the detector's training scenes are cut from: faces with known outlines, and pictures without
// people, all grey and in memory.
//
// Does not: compose scenes (detect_scene.h). Frames: px of each picture's own valid part.
#ifndef MIEN_LEARN_DETECT_DATA_H
#define MIEN_LEARN_DETECT_DATA_H

#include "image/image.h"

#include <stdbool.h>
#include <stddef.h>

enum { MIEN_DETECT_HULL = 32 };

enum mien_detect_group {
    MIEN_DETECT_PHOTO,
    MIEN_DETECT_PHOTO_SIDE,
    MIEN_DETECT_SYNTH,
    MIEN_DETECT_GROUPS
};

struct mien_detect_source {
    struct mien_image gray;             // owned; only the part that is real
    float hull_px[MIEN_DETECT_HULL][2]; // outermost landmarks in 32 directions
    float box_px[4];                    // their bounds
    float roll_rad;                     // > 0: turned clockwise as seen
    bool rendered;                      // nobody else is in the picture
};

struct mien_detect_data {
    struct mien_detect_source *source;
    size_t count, capacity;
    size_t *member[MIEN_DETECT_GROUPS]; // indices of sources; PHOTO holds the side views too
    size_t members[MIEN_DETECT_GROUPS];
    struct mien_image *background; // owned, GRAY8
    size_t backgrounds;
};

// The folder of photos (photos.jpgs, index.csv, landmarks.i16): rows whose two machines agree.
// validation: the people kept for it instead of the others. limit 0 = all. False on failure
// (logged).
bool mien_detect_data_add_photos(struct mien_detect_data *d, const char *dir, bool validation,
                                 size_t limit);
// A pack (learn/pack.h) with landmarks and poses; every `step`-th record. Its pictures without a
// face join the backgrounds.
bool mien_detect_data_add_pack(struct mien_detect_data *d, const char *path, bool validation,
                               size_t limit);
// The folder of backgrounds; every tenth picture is kept for validation.
bool mien_detect_data_add_backgrounds(struct mien_detect_data *d, const char *dir, bool validation);
void mien_detect_data_destroy(struct mien_detect_data *d); // a zeroed object is fine

#endif

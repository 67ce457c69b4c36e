// The table of the dense landmark set: which points there are. Used by the model compiler only; the
// running program reads the table from the .face file.
#ifndef MIEN_FACE_LANDMARKS_H
#define MIEN_FACE_LANDMARKS_H

#include <stdint.h>

// Pairs (right, left) of MediaPipe points, or a central point (the same number twice).
struct mien_landmark_pair {
    int16_t right, left;
    uint8_t region; // enum mien_region
    float fit_weight;
    const char *name; // a group: numbered within it
};
extern const struct mien_landmark_pair mien_landmark_pairs[];
extern const int mien_landmark_pair_count;
// Where the source's table of nearest vertices is too coarse (the lips): a position on the mean
// head to begin with. lip: 1 the upper lip, -1 the lower, 0 either.
struct mien_landmark_hint {
    int16_t mediapipe; // right or central
    float at_mm[3];
    int8_t lip;
};
extern const struct mien_landmark_hint mien_landmark_hints[];
extern const int mien_landmark_hint_count;
// MediaPipe number of each of the 68 iBUG points.
extern const int16_t mien_ibug_mediapipe[68];

#endif

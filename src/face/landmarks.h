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
// MediaPipe number of each of the 68 iBUG points.
extern const int16_t mien_ibug_mediapipe[68];

#endif

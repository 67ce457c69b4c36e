// Text files that name landmarks, one thing a line; a line that begins with `#` is a comment.
//
// Does not: read files or know what the numbers are for. Every reader cuts its text up, and says
// which line is wrong (logged with `path`) before it returns false.
#ifndef MIEN_PREPARE_LISTS_H
#define MIEN_PREPARE_LISTS_H

#include "face/model.h"
#include <stdbool.h>
#include <stdint.h>

enum { MIEN_MIXTURE_POINTS = 192, MIEN_MIXTURE_TERMS = 24 };

// Points that people mark, as sums of weighted landmarks: lines "POINT LANDMARK WEIGHT".
struct mien_mixtures {
    int points; // the highest one's number + 1
    struct mien_mixture {
        int landmark[MIEN_MIXTURE_TERMS], terms;
        float weight[MIEN_MIXTURE_TERMS];
    } point[MIEN_MIXTURE_POINTS];
};
// landmark (landmarks). At most `points` points and `terms` lines of each are taken.
bool mien_mixtures_parse(struct mien_mixtures *m, char *text, const char *path,
                         const struct mien_landmark *landmark, int landmarks, int points,
                         int terms);

// By how much people mark the iBUG points elsewhere (face/model.h): lines "mean POINT X Y", "shape
// SHAPE POINT X Y" and "shift SHAPE POINT X Y", where shift 0 is the mean face's and shift 1 that
// of shape 0. Every number must be given.
bool mien_ibug_shift_parse(struct mien_ibug_shift *s, char *text, const char *path);

// Where a landmark lies: lines "LANDMARK v0 v1 v2 w0 w1 w2".
struct mien_landmark_place {
    bool given;
    int32_t vertex[3];
    float weight[3];
};
// place (landmarks): the last line of a landmark counts. mirror (vertices): a vertex without mirror
// image (-1) is refused.
bool mien_landmark_places_parse(struct mien_landmark_place *place, char *text, const char *path,
                                const struct mien_landmark *landmark, int landmarks,
                                const int32_t *mirror, int vertices);

// `count` numbers of vertices, apart by blanks or lines.
bool mien_vertex_list_parse(int32_t *vertex, int count, char *text, const char *path, int vertices);

#endif

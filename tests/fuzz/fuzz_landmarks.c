// SRC: src/prepare/lists.c
// Fuzz entry: text files that name landmarks, read as each kind.
#include "fuzz/fuzz.h"

#include <math.h>

#include "prepare/lists.h"

enum { LANDMARKS = 3, VERTICES = 9, POINTS = 68, TERMS = 8 };

bool fuzz_landmarks(const uint8_t *data, size_t size)
{
    static const struct mien_landmark landmark[LANDMARKS] = {
        {.name = "lid_right_0"}, {.name = "lip_outer_5"}, {.name = "oval_6"}};
    static const int32_t mirror[VERTICES] = {8, 7, 6, 5, 4, 3, 2, 1, -1};
    static struct mien_mixtures m;
    struct mien_landmark_place place[LANDMARKS];
    int32_t vertex[6];
    static struct mien_ibug_shift shift;
    char *text[4];
    for (int i = 0; i < 4; i++) {
        text[i] = fuzz_copy(data, size);
    }
    bool mixtures = mien_mixtures_parse(&m, text[0], "fuzz", landmark, LANDMARKS, POINTS, TERMS);
    for (int i = 0; mixtures && i < m.points; i++) {
        FUZZ_CHECK(m.points <= POINTS && m.point[i].terms <= TERMS);
        for (int t = 0; t < m.point[i].terms; t++) {
            FUZZ_CHECK(m.point[i].landmark[t] >= 0 && m.point[i].landmark[t] < LANDMARKS);
            FUZZ_CHECK(isfinite(m.point[i].weight[t]));
        }
    }
    bool places =
        mien_landmark_places_parse(place, text[1], "fuzz", landmark, LANDMARKS, mirror, VERTICES);
    for (int i = 0; places && i < LANDMARKS; i++) {
        for (int k = 0; place[i].given && k < 3; k++) {
            FUZZ_CHECK(place[i].vertex[k] >= 0 && place[i].vertex[k] < VERTICES - 1);
            FUZZ_CHECK(isfinite(place[i].weight[k]));
        }
    }
    bool list = mien_vertex_list_parse(vertex, 6, text[2], "fuzz", VERTICES);
    for (int i = 0; list && i < 6; i++) {
        FUZZ_CHECK(vertex[i] >= 0 && vertex[i] < VERTICES);
    }
    bool shifted = mien_ibug_shift_parse(&shift, text[3], "fuzz");
    for (size_t i = 0; shifted && i < sizeof(shift) / sizeof(float); i++) {
        FUZZ_CHECK(isfinite(((const float *)&shift)[i]));
    }
    for (int i = 0; i < 4; i++) {
        mien_free(text[i]);
    }
    return size > 0 && (mixtures || places || list || shifted);
}

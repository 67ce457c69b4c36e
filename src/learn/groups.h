// A network's errors by group of faces: how far they are turned, and what makes them hard.
//
// A face is in one group of each pose axis (when its pose is labelled: yaw and pitch as seen, in
// the crop's frame) and in one for each of its tags (face/label.h); without tags it is in "plain".
// Where blendshapes are labelled, faces with both eyes closed and with an open mouth are groups.
// Does not: run networks, or mix sources.
#ifndef MIEN_LEARN_GROUPS_H
#define MIEN_LEARN_GROUPS_H

#include "face/label.h"
#include "learn/metrics.h"

enum { MIEN_METRIC_GROUPS = 3 + 3 + 1 + MIEN_TAGS + 2 };

struct mien_metric_groups { // zero-initialise
    struct mien_metric_group group[MIEN_METRIC_SOURCES][MIEN_METRIC_GROUPS];
};
const char *mien_metric_group_name(int g); // "yaw_0_30" …; NULL outside
// Bit g: the face is in group g. No bits for pictures without a face.
uint32_t mien_metric_groups_of(const struct mien_target *t);
void mien_metric_groups_add(struct mien_metric_groups *s, const struct mien_face_model *model,
                            const struct mien_estimate *e, const struct mien_target *t,
                            const bool present[MIEN_BRANCHES]);
// A table, one line a source and group that occurs.
void mien_metric_groups_print(const struct mien_metric_groups *s, FILE *f);
// `,"groups":{"photo":{"yaw_0_30":{"faces":12,"nme":1.9,…},…},…}` with a leading comma.
void mien_metric_groups_json(const struct mien_metric_groups *s, FILE *f);

#endif

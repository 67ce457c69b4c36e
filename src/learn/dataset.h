// What can be drawn for training: packs and a folder of pictures without faces, with mixture
// weights, and the mirror image of a label.
//
// Does not: decode or augment pictures of packs (learn/sample.h). Immutable after opening; any
// thread. Background pictures are kept decoded, at most 320 px a side, because occluders and
// presence-0 crops read them all the time.
#ifndef MIEN_LEARN_DATASET_H
#define MIEN_LEARN_DATASET_H

#include "base/rng.h"
#include "face/label.h"
#include "face/model.h"
#include "image/image.h"
#include "learn/pack.h"

enum { MIEN_DATASET_SOURCES = 32 };
// What --help says of an option that names them.
#define MIEN_DATASET_ARG "PACK[:WEIGHT[:no-KIND,…]]"
#define MIEN_DATASET_HELP                                                                    \
    "a pack, or a folder of pictures without faces, with its weight in the mixture and the " \
    "labels that are not used; may be repeated"

enum { MIEN_DATASET_GROUPS = 4 * (MIEN_EXPRESSIONS + 1) };

// Records of one expression class (or without one), looking ahead or turned away, with a usual or a
// rare use of the lids: drawn alike.
struct mien_dataset_group {
    uint32_t *record;
    size_t count;
    double weight; // of the whole group among the source's groups
};

struct mien_dataset_source {
    char path[512];
    double weight;   // of the source in the mixture
    bool pictures;   // a folder of backgrounds, not a pack
    uint32_t ignore; // label kinds (enum mien_label_mask) that training records do not teach
    struct mien_pack pack;
    struct mien_dataset_group group[MIEN_DATASET_GROUPS]; // of the training split
    uint32_t *validation;                                 // records with split 1
    size_t train_count, validation_count;
    struct mien_image *picture;          // backgrounds
    size_t picture_count, picture_train; // the last twentieth is for validation
};

#define MIEN_DATASET_TURNED 3.0
#define MIEN_DATASET_RARE 4.0

struct mien_dataset {
    struct mien_dataset_source source[MIEN_DATASET_SOURCES];
    int count;
    int backgrounds; // index of the source that holds pictures, -1 when none
};

// spec: "PATH", "PATH:WEIGHT" or "PATH:WEIGHT:no-KIND,no-KIND…" (default weight 1; a folder is a
// set of backgrounds, default 0.08). KIND: landmarks, pose, identity, blendshapes, expression or
// gaze: labels of that kind are not taught from this source. class_balance: records are drawn with
// weight 1/sqrt(count of their expression class) within a pack (records without a class count as
// one more class), unless most of it teaches landmarks. Heads turned by more than 25 degrees are
// drawn MIEN_DATASET_TURNED times as often as their number says, faces with an eye shut or eyes
// unlike each other MIEN_DATASET_RARE times: photos have few of them. False on failure (logged).
bool mien_dataset_add(struct mien_dataset *d, const char *spec, bool class_balance);
void mien_dataset_init(struct mien_dataset *d);
void mien_dataset_destroy(struct mien_dataset *d);
// Records that can be drawn for training, over all sources.
size_t mien_dataset_train_count(const struct mien_dataset *d);

struct mien_record_ref {
    int source;
    uint32_t record; // of the pack, or picture of the folder
};
// Draws a training record. False when the dataset is empty.
bool mien_dataset_draw(const struct mien_dataset *d, struct mien_rng *rng,
                       struct mien_record_ref *out);

// Turns the label into that of the picture mirrored left-right: points, pose, camera, boxes,
// blendshapes and gaze change sides, identity is the mirrored face's (model.identity_mirror).
void mien_label_mirror(const struct mien_face_model *model, struct mien_label *label);

#endif

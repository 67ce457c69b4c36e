// The evaluations of `mien eval`: one function each, which prints its figures and returns the exit
// status. Does not: parse options.
#ifndef MIEN_EVAL_EVAL_H
#define MIEN_EVAL_EVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/args.h"

struct mien_eval {             // options; each judgement reads what its comment names
    const char *net, *model;   // as in mien_engine_config; NULL = the shipped ones
    const char *portrait;      // the portrait network; NULL = the network's own
    const char *pictures;      // a folder for the pictures that were looked at, NULL = none
    const char *pairs;         // a folder of photographs
    struct mien_opt_list data; // packs and folders, as mien_dataset_add
    int split;                 // 0: the validation's records, 1: the training's
    size_t limit;              // records a source, 0 = all
    int people;                // rendered
    int seed;
    float upended; // share of crops on their side or upside down, which count as no face
    bool jitter, augment, calibrate;
    bool camera_unknown;
    bool json, groups, channels;
};

// The network on labelled pictures: errors, vertex errors, and by groups and by blendshapes where
// asked for. calibrate: calibrates the network's probabilities and writes that into its file
// instead.
int mien_eval_network(const struct mien_eval *e);

// Renders `people` adults looking about straight ahead, each at rest and with every shape alone
// at 1.0, and reads each picture as `mien image --no-quality` does. Prints, over all people: the
// mean change of the shape's own channel against the picture at rest, whether it changes most, and
// what the other side's channel reads.
int mien_eval_shapes(const struct mien_eval *e);

// Renders adults, each in ten pictures over +-50 degrees of yaw with different expressions and
// light, and prints the vertex error of the shape without expression (learn/reconstruction.h)
// relative to the mean face's: of one estimate, of all estimates of a person combined
// (track/evidence.h), and of these refined together (scan/scan.h).
int mien_eval_looks(const struct mien_eval *e);

// Renders adults who turn before a webcam, 60 frames each, scans their heads as `mien head`
// does, and prints the vertex error over the mean face's, before and after the refinement, and how
// far the painted skin is from the true one under even light. camera_unknown: the field of view has
// to be found.
int mien_eval_scan(const struct mien_eval *e);

// Reads the photographs of the folder `pairs`, like ../shared/data/photos, whose people are kept
// for validation and who have two or more, and prints the area under the ROC curve of "the same
// person", all pairs against all others: by the likelihood ratio of two photographs' identities
// (face/likeness.h), where the portrait network's file has what it needs, and by their cosine.
// calibrate: learns that from the training's people, and writes it into the file, instead.
int mien_eval_pairs(const struct mien_eval *e);

struct mien_eval_detect {
    const char *net;    // NULL: the shipped one
    const char *data;   // folder that holds eval/ and data/; NULL: mien_data_dir()
    const char *pack;   // rendered faces for the scenes, or NULL
    const char *sheets; // folder for pictures of the failures, or NULL
    double threshold;   // lowest score
    int scenes;         // of people kept out of training
};
// The detector on marked pictures, on backgrounds and on scenes.
int mien_eval_detect(const struct mien_eval_detect *o);

#endif

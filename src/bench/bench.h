// What `mien bench` measures: one function a measure, which prints its figures and returns the exit
// status. Does not: parse options.
#ifndef MIEN_BENCH_BENCH_H
#define MIEN_BENCH_BENCH_H

#include <stdbool.h>

#include "learn/graph.h"

struct mien_bench { // options; each measure reads what its comment names
    const char *net, *textures, *clip;
    int threads, batch, shard, landmarks, size, faces, fps, mode;
    int width, height; // px
    enum mien_precision precision;
    double seconds; // to measure for
    bool layers;
};

// Forward, backward and update of `net` (a description; NULL: a 50-MMAC one of 3x3 convolutions,
// `landmarks` its $LANDMARKS) on noise, with threads, batch, shard and precision; layers: the time
// of each.
int mien_bench_train(const struct mien_bench *b);
// One picture through `net` (.net, or a description with random weights) on one core, against what
// the core could do.
int mien_bench_net(const struct mien_bench *b);
// Renders people of one series of pictures, size x size px, JPEG included, on this thread (at least
// eight pictures): pictures a second by the clock and processor milliseconds a picture. textures:
// folder of skins as `mien synth --textures`, NULL for none. Data comes from mien_data_dir().
int mien_bench_synth(const struct mien_bench *b);
// The live program on a picture of so many faces (0: 4), width x height px, fps offered, mode: enum
// mien_view_mode. clip NULL: the bundled one.
int mien_bench_live(const struct mien_bench *b);
// What each stage of following a clip costs, of at most so many faces (0: 1), in processor time a
// frame: medians of the rounds that fit into `seconds`, at least three. clip NULL: the bundled one.
int mien_bench_step(const struct mien_bench *b);

#endif

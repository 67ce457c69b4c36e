// The outputs that `mien image` and `mien video` share: options -> open sinks -> one write a frame.
#ifndef MIEN_LIVE_OUTPUTS_H
#define MIEN_LIVE_OUTPUTS_H

#include "engine/engine.h"
#include "engine/help.h"
#include "sink/sinks.h"

enum { MIEN_OUTPUTS_MAX = 8 + MIEN_SINKS_MAX };

struct mien_outputs {
    struct mien_sink *sink[MIEN_OUTPUTS_MAX];
    int count;
};

// Adds a sink; false when it is NULL (its opening failed and was logged).
bool mien_outputs_add(struct mien_outputs *o, struct mien_sink *s);
// Adds those of a list (sink/sinks.h); false when one cannot be opened (logged).
bool mien_outputs_add_list(struct mien_outputs *o, const char *list,
                           const struct mien_sink_context *c);
// Writes to all that still work; false once none does.
bool mien_outputs_write(struct mien_outputs *o, const struct mien_sink_frame *f);
bool mien_outputs_close(struct mien_outputs *o); // idempotent; false when anything was lost

// Engine options that both commands have.
struct mien_engine_options {
    const char *face, *net, *detect;
    double fov_deg, filter;
    int max_faces, threads;
    bool quality;
};
// clang-format off
#define MIEN_ENGINE_OPTS(o)                                                                        \
    {"faces", 'n', MIEN_OPT_INT, &(o).max_faces, "N", MIEN_HELP_FACES, 0, MIEN_FACES_MAX},         \
    {"fov", 0, MIEN_OPT_FLOAT, &(o).fov_deg, "DEG", MIEN_HELP_FOV, 0, 170},                        \
    {"quality", 'q', MIEN_OPT_BOOL, &(o).quality, NULL, MIEN_HELP_QUALITY, 0, 0},                  \
    {"threads", 't', MIEN_OPT_INT, &(o).threads, "N",                                              \
     "use N threads; 0: one per core. Results do not depend on it", 0, 256},                       \
    {"net", 0, MIEN_OPT_INPUT, &(o).net, "NAME", MIEN_HELP_NET, 0, 0},                             \
    {"detector", 0, MIEN_OPT_INPUT, &(o).detect, "FILE", MIEN_HELP_DETECTOR, 0, 0},                \
    {"face", 0, MIEN_OPT_INPUT, &(o).face, "FILE", MIEN_HELP_FACE, 0, 0}
// clang-format on

#endif

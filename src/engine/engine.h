// The engine: one frame in, results out. Detector, crops, network, decoding, model fit and filters
// behind one object (ARCHITECTURE: "One face, one frame").
//
// Does not: start threads (but for config.apart; config.pool brings its own), read files after
// create (but for mien_engine_set_network), draw, or read a clock for anything but the stage
// durations. The same frames and capture times give the same results on every run. mien_engine_run
// does not allocate, except while a picture larger than any seen before comes in.
//
//     struct mien_engine *e = mien_engine_create(&(struct mien_engine_config){.fov_deg = 60});
//     while (next(&frame, &t)) { mien_engine_run(e, &frame, t, &result); show(&result); }
//     mien_engine_destroy(e);
#ifndef MIEN_ENGINE_ENGINE_H
#define MIEN_ENGINE_ENGINE_H

#include "base/pool.h"
#include "face/model.h"
#include "face/result.h"
#include "image/image.h"
#include <stdbool.h>
#include <stdint.h>

struct mien_engine_config {    // zero means default everywhere
    const char *face_path;     // NULL = models/ict.face
    const char *net_path;      // a path or a shipped network's name (nn/registry.h)
    const char *detect_path;   // NULL = the network's own (nn/registry.h) or models/detect.net
    const char *portrait_path; // NULL = the network's own (nn/registry.h), "" = none
    float fov_deg;    // horizontal field of view of the camera; 0 = f is 1.2 times the longer side,
                      // for stills 4 times
    int max_faces;    // 1…MIEN_FACES_MAX; 0 = 1 for frames in time, MIEN_FACES_MAX for stills
    bool still;       // every picture is a new scene: no tracking, no filters, more crops a face
    bool near_camera; // stills of an unknown camera are taken from nearby, as with a webcam or a
                      // phone: f is 1.2 times the longer side
    bool quality; // average with the mirrored crop (twice the network's time; stills: with crops of
                  // other sizes too)
    float filter; // strength of smoothing: 0 = default (1), <0 = none, 2 = twice as steady
    int detect_every; // frames between detector runs while fewer than max_faces are tracked
                      // and at least one is; 0 = 8
    bool lean;  // the portrait network stays in its file: less memory (14 MB) for some milliseconds
                // each time that it is asked; the same results
    bool apart; // the portrait network has a thread of its own, so that no frame waits for it:
                // results then depend on when it is ready
    struct mien_pool *pool; // borrowed, for this engine alone: its threads look at the tracked
                            // faces of a frame at the same time, with the same results; NULL = the
                            // caller does
    int64_t (*clock_ns)(void); // for stage durations only; NULL = durations stay 0
};

struct mien_engine; // opaque; belongs to one thread at a time
struct mien_portrait;

// NULL on failure (logged).
struct mien_engine *mien_engine_create(const struct mien_engine_config *c);
// Another engine for another thread, with e's settings, and with e's face model and networks in
// memory: e must outlive it and keep its network. It has seen no frame yet. NULL on failure
// (logged).
struct mien_engine *mien_engine_create_beside(const struct mien_engine *e);
void mien_engine_destroy(struct mien_engine *e); // NULL is fine

// One RGB8 frame (GRAY8 too) taken at capture_ns (CLOCK_MONOTONIC, or any clock that goes on as the
// frames do; stills: ignored). Fills *out, also when there is no face
// (count 0); a still's faces come surest first. out->frame counts
// from 0 since create or reset; callers with a better number overwrite it. False when the frame is
// unusable (no pixels, another format: logged once); *out then has count 0.
bool mien_engine_run(struct mien_engine *e, const struct mien_image *frame, int64_t capture_ns,
                     struct mien_result *out);
void mien_engine_reset(struct mien_engine *e); // forgets faces, identities and the frame count

const struct mien_face_model *mien_engine_model(const struct mien_engine *e);
// The portrait network, for looks of the caller's own between an engine of stills' runs; borrowed,
// NULL: there is none.
struct mien_portrait *mien_engine_portrait(const struct mien_engine *e);
// mien_likeness_compare of two results' identities; NAN where the portrait network does not say how
// alike they are, or there is none.
float mien_engine_compare(const struct mien_engine *e, const float *a, const float *b);

// Settings that a user turns while it runs; take effect with the next frame.
void mien_engine_set_fov(struct mien_engine *e, float fov_deg);
void mien_engine_set_filter(struct mien_engine *e, float strength);
// What such a number stands for: 0 for none, 1 for the default, else the number.
double mien_engine_filter_strength(double filter);
void mien_engine_set_max_faces(struct mien_engine *e, int max_faces);
void mien_engine_set_quality(struct mien_engine *e, bool quality);
// Another face network (as net_path), loaded here: takes a while and allocates. Forgets faces and
// identities as mien_engine_reset does: they are the other network's. False when it cannot be
// loaded (logged); the old one then goes on as if nothing had been asked.
bool mien_engine_set_network(struct mien_engine *e, const char *net);
// The present expression of every tracked face becomes its neutral one: about a second of frames is
// averaged and taken off the blendshapes from then on. clear: back to none.
void mien_engine_calibrate_neutral(struct mien_engine *e, bool clear);

// Whether the field of view was given (else the focal length is a guess).
bool mien_engine_knows_fov(const struct mien_engine *e);
// Has a tracked face keep this shape, from a better source (scan/refine.h), until the portrait
// network's estimates show another person. False when no face has this id or there is no estimate
// of it yet.
bool mien_engine_hold_identity(struct mien_engine *e, int id, const float mean[MIEN_IDENTITY],
                               const float sigma[MIEN_IDENTITY]);

#endif

// The engine's inside: what engine.c, still.c and tracked.c share. Not for use outside src/engine.
#ifndef MIEN_ENGINE_INTERNAL_H
#define MIEN_ENGINE_INTERNAL_H

#include "engine/follow.h"
#include "engine/observe.h"
#include "engine/parts.h"
#include "engine/portrait.h"
#include "engine/solve.h"
#include "engine/steady.h"
#include "track/track.h"

enum {
    MIEN_ENGINE_FOUND = 32,
    MIEN_SHOT_W = 24,
    MIEN_SHOT_H = 18,
    MIEN_SHOT_PIXELS = MIEN_SHOT_W * MIEN_SHOT_H,
};

// What looks at a crop, with the scratch of one look: for each thread one.
struct mien_engine_eye {
    struct mien_observer *observer; // NULL: e->parts.look
    struct mien_estimate estimate, other;
    struct mien_sight sight;
};

struct mien_engine {
    struct mien_engine_config config;
    struct mien_face_model model; // own, when loaded by create
    struct mien_workspace work;   // of the networks, which run in turn
    struct mien_detector *detector;
    char detector_path[1100]; // "" the standard one
    struct mien_observer *observer;
    struct mien_portrait *portrait;  // NULL: the network has none
    struct mien_portrait_answer who; // the last one's
    char network[MIEN_NETWORK_NAME]; // observer's
    struct mien_engine_parts parts;
    struct mien_solver *solver;
    struct mien_tracker tracker;
    struct mien_follow follow[MIEN_FACES_MAX]; // of each track
    struct mien_engine_head {
        struct mien_follow rigid; // its parts that do not move by themselves
        struct mien_steady steady;
    } head[MIEN_FACES_MAX];        // of each track
    float small[MIEN_SHOT_PIXELS]; // the last frame, very small: another shot looks otherwise
    bool have_small;
    uint64_t frame;
    int since_detect;
    bool complained;                     // about unusable frames, until a good one comes
    struct mien_calibration calibration; // of the network's probabilities
    struct mien_engine_eye eye;          // the caller's
    struct mien_engine_eye *beside;      // those of the pool's other threads, or NULL
    struct mien_engine_seen {            // of each track, in this frame
        struct mien_sight sight;
        struct mien_times times; // durations alone
        bool fresh;              // nothing was known of the track before
    } seen[MIEN_FACES_MAX];
    struct mien_detection found[MIEN_ENGINE_FOUND];
    struct mien_image turned; // the picture on its side, small
};

int64_t mien_engine_now(const struct mien_engine *e); // 0 without a clock
// Faces of the frame into e->found, best first; threshold 0 = the detector's own. Returns how many.
int mien_engine_detect(struct mien_engine *e, const struct mien_image *frame, float threshold,
                       struct mien_times *times);
// The network's estimate of a crop into *est; mirror: of the crop mirrored, brought back.
void mien_engine_estimate(const struct mien_engine *e, const struct mien_engine_eye *eye,
                          const struct mien_image *frame, const struct mien_crop *crop, bool mirror,
                          struct mien_estimate *est);
// eye->estimate of the crop, with probabilities that mean what they say, into eye->sight.
// Overwrites eye->other.
void mien_engine_see(const struct mien_engine *e, struct mien_engine_eye *eye,
                     const struct mien_camera *camera, const struct mien_crop *crop);
struct mien_engine_target { // of a look
    const struct mien_image *frame;
    const struct mien_camera *camera;
    const struct mien_crop *crop;
};
// Both: the network looks at a crop, with `twice` at the mirrored one too; what it says is in
// eye->estimate, of both the mean, and in eye->sight.
void mien_engine_look(const struct mien_engine *e, struct mien_engine_eye *eye,
                      const struct mien_engine_target *at, bool twice, struct mien_times *times);

// The faces of a picture that stands for itself; of the next frame in time. out is set up but for
// its faces.
void mien_engine_run_still(struct mien_engine *e, const struct mien_image *frame,
                           struct mien_result *out);
void mien_engine_run_tracked(struct mien_engine *e, const struct mien_image *frame,
                             int64_t capture_ns, struct mien_result *out);

#endif

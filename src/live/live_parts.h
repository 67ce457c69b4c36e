// The rooms of the thread graph (live/live.h), each with who may enter it. For live.c, which makes
// them, and frame.c, through which frames go; nobody else includes it.
#ifndef MIEN_LIVE_LIVE_PARTS_H
#define MIEN_LIVE_LIVE_PARTS_H

#include "live/live.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/inbox.h"
#include "base/mailbox.h"

// The longest that a thread waits before it looks at the stop flag.
#define MIEN_LIVE_PATIENCE_NS (200 * MIEN_NS_PER_MS)

enum { MIEN_CALIBRATE_NONE, MIEN_CALIBRATE_TAKE, MIEN_CALIBRATE_CLEAR };

struct mien_live_input {        // what mien-capture reads
    struct mien_source *source; // its own while it runs
    char uri[1024];             // config.uri after a switch
    atomic_bool failed, lost;
    atomic_ullong captured, dropped;
    uint64_t dropped_before;      // by the sources before this one
    struct mien_source_info none; // what is told while there is no source
    struct mien_why away;         // why there is none
};

struct mien_live_inference {      // what mien-infer does
    struct mien_engine *engine;   // its own while it runs
    struct mien_pool *pool;       // the engine's, for several faces
    struct mien_decoder *decoder; // its own
    struct mien_refiner *refiner; // its own; NULL: shapes are not refined
    atomic_ullong done, corrupt;
    atomic_int calibrate;
};

struct mien_live_mark { // that waits for a frame
    int number;
    int64_t at_ns;
    char text[MIEN_MARK_TEXT];
};
struct mien_live_marks {
    atomic_int set;
    struct mien_inbox waiting; // of struct mien_live_mark
};

struct mien_live_range { // a person's own range
    atomic_bool off;
    atomic_bool wanted;           // another one is, under the guard of struct mien_live_tuning:
    struct mien_profile next;     // this one
    enum mien_profile_phase told; // mien-infer's
};

struct mien_live_tuning {
    atomic_bool wanted;
    struct mien_monitor guard; // of the values that follow, and of struct mien_live_network
    float fov_deg, filter;
    int faces;
    bool quality;
};

struct mien_live_network { // another one, between two frames
    atomic_bool wanted;
    char net[1024];
    bool replaced;
};

struct mien_live_opening { // of another source
    struct mien_thread thread;
    bool on, quietly;
    // mien-open's until it has told of it.
    char uri[1024];
    struct mien_why why;
    struct mien_source_options options;
    bool ok;
    struct mien_source_info info; // what is told meanwhile
};

struct mien_live {
    struct mien_live_config config;
    struct mien_payload payload[3];
    struct mien_shot shot[3];
    struct mien_mailbox frames, results;
    struct mien_thread capture, infer;
    atomic_bool stop;
    struct mien_live_input input;
    struct mien_live_inference inference;
    struct mien_live_marks marks;
    struct mien_live_range range;
    struct mien_live_tuning tuning;
    struct mien_live_network network;
    struct mien_live_opening opening;
};

// live.c. On mien-capture: counts what the source has dropped, tells that a camera went or came.
void mien_live_note_reading(struct mien_live *l, enum mien_source_status s,
                            const struct mien_payload *p);
// On mien-infer: what was asked for since the last time; calibrating waits for a frame.
void mien_live_adjust(struct mien_live *l, bool frame);
// On mien-infer, after a frame: the people's shapes are refined, a result gets its event mark and
// the person's own range.
void mien_live_personalize(struct mien_live *l, struct mien_shot *s);

#endif

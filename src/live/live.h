// The live thread graph: mien-capture -> frame mailbox -> mien-infer -> result mailbox -> the
// caller.
//
// The newest frame wins: a frame that nobody took in time is replaced and counted. A result travels
// with the very picture that it describes. Nothing is allocated once the first frames went through.
// Does not: draw, open windows, write files.
//
//     struct mien_live *l = mien_live_open(&config);
//     mien_live_start(l);
//     while (!mien_live_ended(l)) { if ((shot = mien_live_take(l, deadline))) show(shot); }
//     mien_live_close(l);   // stop, join, destroy
#ifndef MIEN_LIVE_LIVE_H
#define MIEN_LIVE_LIVE_H

#include "base/inbox.h"
#include "base/why.h"
#include "engine/engine.h"
#include "face/result.h"
#include "image/image.h"
#include "source/source.h"
#include "track/profile.h"
#include <stdbool.h>
#include <stdint.h>

struct mien_shot {             // a picture and what it shows
    struct mien_image picture; // RGB8
    struct mien_result result;
    int64_t captured_ns; // CLOCK_MONOTONIC
    int64_t media_ns;    // position in a file; cameras: since the first frame
    // Of the face that the range is of: its id (0: there is none), and its actions before the
    // range.
    int range_face;
    float plain[MIEN_BLENDSHAPES];
};

// Stand-ins for source and engine, for tests. NULL = the real ones.
typedef enum mien_source_status (*mien_live_read_fn)(void *arg, struct mien_payload *p,
                                                     int64_t deadline_ns);
typedef bool (*mien_live_infer_fn)(void *arg, const struct mien_image *picture, int64_t capture_ns,
                                   struct mien_result *out);
// Called on mien-infer with every result, in order.
typedef void (*mien_live_result_fn)(void *arg, const struct mien_shot *shot);

struct mien_live_config { // zero means default
    const char *uri;      // see source/source.h
    struct mien_source_options source;
    struct mien_engine_config engine;
    bool may_wait; // without a source that opens it waits for mien_live_switch instead of failing
    bool may_lose; // the same when mien_live_switch can open neither the new one nor the old one
    bool may_replace; // an engine.net_path that cannot be loaded: the standard one (said so)
    bool every_frame; // hand over in step: nothing is dropped, time is the file's own
    uint64_t frames;  // ends after this many results; 0 = with the source
    struct mien_profile *profile; // borrowed; learnt and applied to results; NULL = none
    mien_live_read_fn read;
    mien_live_infer_fn infer;
    mien_live_result_fn result;
    void *read_arg, *infer_arg, *result_arg;
    struct mien_inbox *events; // borrowed: what the threads tell (live/events.h); NULL = nobody
};

struct mien_live; // opaque

// Opens source and engine. NULL on failure (logged by whoever failed).
struct mien_live *mien_live_open(const struct mien_live_config *c);
// NULL with stand-ins. The source's granted size and rate; while it waits the kind is "none", while
// another one is being opened "opening" (and the rest is the old one's).
const struct mien_source_info *mien_live_source(const struct mien_live *l);
const struct mien_face_model *mien_live_model(const struct mien_live *l); // NULL with stand-ins
bool mien_live_start(struct mien_live *l); // the two threads; false when one does not start

// The newest shot nobody has seen, valid until the next take; NULL at the deadline or when ended.
struct mien_shot *mien_live_take(struct mien_live *l, int64_t deadline_ns);
bool mien_live_ended(struct mien_live *l);  // no shot will come any more
bool mien_live_failed(struct mien_live *l); // and that because the source failed
// The camera is away, but may return. Its info (mien_live_source) is not to be read then: it
// changes when the camera is back.
bool mien_live_lost(struct mien_live *l);

struct mien_live_counts {
    uint64_t captured, inferred;
    uint64_t dropped; // by source and mailboxes together
    uint64_t corrupt; // frames that could not be decoded
};
void mien_live_counts(struct mien_live *l, struct mien_live_counts *out);
// What is wrong with the source, in words; "" when all is well.
void mien_live_state(struct mien_live *l, char *out, size_t out_size);
void mien_live_calibrate(struct mien_live *l, bool clear); // with the next frame
// The next frame gets an event mark; its number. Numbers go on as marks are set.
// text: its words, copied; "" = none. at_ns: when it was meant, before now; 0: with that frame.
// What waits is set one a frame; 0 when too many wait (logged).
int mien_live_mark(struct mien_live *l, const char *text, int64_t at_ns);
// Another profile in place of it, copied, with the next frame.
void mien_live_set_profile(struct mien_live *l, const struct mien_profile *p);
// Whether a profile that is READY is applied (it is at the start), with the next frame.
void mien_live_use_profile(struct mien_live *l, bool use);
// With the next frame; meanings and limits: engine.h's setters.
void mien_live_tune(struct mien_live *l, float fov_deg, float filter, int faces, bool quality);
// Another face network (as engine.net_path, copied), loaded between two frames on mien-infer.
// Pictures go on; faces are found anew. MIEN_EVENT_NETWORK tells of it; one that cannot be loaded
// leaves the old one.
void mien_live_use_network(struct mien_live *l, const char *net);
// Whether the network of the config could not be loaded and the standard one is in its place.
bool mien_live_network_replaced(const struct mien_live *l);
// Another source for the same engine, in the same object: stops; opens on thread mien-open, for a
// driver takes its time. MIEN_EVENT_SOURCE tells when that is done; until mien_live_opened no shot
// comes, and the last one stays valid. quietly: what fails is not logged. False when one is being
// opened already, or with stand-ins.
bool mien_live_switch(struct mien_live *l, const char *uri, const struct mien_source_options *o,
                      bool quietly);
// After MIEN_EVENT_SOURCE: goes on. True: with the new one; shots taken before are no longer valid.
// False: it cannot be opened (*why), and the old one was opened again. When that
// failed too there is none, or the session has ended.
bool mien_live_opened(struct mien_live *l, struct mien_why *why);

void mien_live_stop(struct mien_live *l); // asks; any thread; returns at once
void mien_live_join(
    struct mien_live *l); // stop, and wait until both threads have ended; NULL is fine
void mien_live_close(struct mien_live *l); // join, destroy; NULL is fine

#endif

// The writing side of the live program: thread mien-out with its sinks and the video recording.
//
// Results come from mien-infer, drawn pictures from the main thread; both are copied into records
// made at set-up and handed over through one bounded queue. When all records are on their way, a
// live program drops (and counts), one that must lose nothing waits. Opening may have to ask for a
// host's address and closing has a file's end to write: both can go on behind the caller's back.
// Does not: draw, choose names.
#ifndef MIEN_LIVE_LIVE_OUT_H
#define MIEN_LIVE_LIVE_OUT_H

#include "base/inbox.h"
#include "base/why.h"
#include "face/model.h"
#include "face/result.h"
#include "image/image.h"
#include <stdbool.h>
#include <stdint.h>

struct mien_live_out; // opaque

struct mien_live_out_config {
    const char *sinks;                   // see sink/sinks.h; NULL
    const char *record;                  // MP4 file, or NULL
    const char *sound;                   // a microphone's (live/microphone.h) beside it; NULL: none
    const struct mien_face_model *model; // borrowed
    int width_px, height_px;             // of the recording and of what sinks are shown
    double frames_per_s;                 // of the recording
    const char *settings;                // see sink/sinks.h; copied
    bool wait;                           // lose nothing
    bool background;                     // open on mien-out; what comes before is left out
    // Borrowed: MIEN_EVENT_OUTPUT with this number tells that it has FAILED or ENDED
    // (live/events.h); MIEN_EVENT_SOUND that there is no microphone, or none any more: silence is
    // recorded.
    struct mien_inbox *events;
    int number;
};
enum mien_live_out_state {
    MIEN_LIVE_OUT_OPENING,
    MIEN_LIVE_OUT_OPEN,
    MIEN_LIVE_OUT_FAILED, // to open: logged; to be closed
    MIEN_LIVE_OUT_ENDED   // after mien_live_out_finish: closing does not wait any more
};

// Checks the syntax of `sinks`; false: *why says what is wrong.
bool mien_live_out_check(const char *sinks, struct mien_why *why);
// Whether a sink writes to standard output.
bool mien_live_out_uses_stdout(const char *sinks);
struct mien_live_out *mien_live_out_open(const struct mien_live_out_config *c); // NULL: logged
enum mien_live_out_state mien_live_out_state(const struct mien_live_out *o);
// Whether a microphone's sound is being recorded: 1; -1: silence in its place; 0: none was asked
// for.
int mien_live_out_sound(const struct mien_live_out *o);
int mien_live_out_number(const struct mien_live_out *o); // of its config; 0 for NULL
// On mien-infer. source: its name for the records, copied.
void mien_live_out_result(struct mien_live_out *o, const struct mien_result *r, const char *source);
// A picture of that size to be filled with what is shown, NULL when there is none free (counted) or
// nobody wants one. Then hand it back with its time since the first one, and with the moment when
// it was taken (CLOCK_MONOTONIC).
struct mien_image *mien_live_out_picture(struct mien_live_out *o);
void mien_live_out_record(struct mien_live_out *o, struct mien_image *picture, int64_t time_ns,
                          int64_t captured_ns);
// Nothing more will come: it drains and closes the files by itself. Returns at once.
void mien_live_out_finish(struct mien_live_out *o);
// Drains, closes the files. False when something was not written. *dropped may be NULL.
bool mien_live_out_close(struct mien_live_out *o, uint64_t *dropped); // NULL is fine

#endif

// The way of a frame, step by step (live/frame.c): the functions that the threads of the live
// program run for each one.
//
//     mien-capture   camera -> payload                     newest wins
//     mien-infer     payload -> picture -> result          newest wins; results -> mien-out
//     main           result -> window; picture -> mien-out
//     mien-out       results and pictures -> sinks, recording
#ifndef MIEN_LIVE_FRAME_H
#define MIEN_LIVE_FRAME_H

#include "live/live_show.h"
#include "live/sound.h"
#include "sink/sinks.h"
#include "sink/video.h"

struct mien_session;

// 1, 2: threads. arg: struct mien_live.
void *mien_frame_run_capture(void *arg);
void *mien_frame_run_infer(void *arg);
// 3: on mien-infer, the result to every sink. arg: struct mien_session.
void mien_frame_publish(void *arg, const struct mien_shot *shot);
// 4: on the main thread: waits for a shot until the deadline and draws it. Without one the last
// picture is drawn again where it has to be. False: there was none.
bool mien_frame_show(struct mien_session *s, int64_t deadline_ns);
// 5: on the main thread: what is on the screen, without menus, to those who record or send pictures
// (mien_show's capture). arg: struct mien_session.
void mien_frame_capture(void *arg, const struct mien_shot *shot);

struct mien_frame_record {     // on its way to mien-out
    struct mien_image picture; // first: handed out; data NULL: a result
    struct mien_result result;
    char source[1024];
    int64_t time_ns;     // of the picture, in the recording
    int64_t captured_ns; // and when it was taken, CLOCK_MONOTONIC
};
struct mien_frame_ends { // what mien-out writes into
    struct mien_sink *sink[MIEN_SINKS_MAX];
    int sinks;
    struct mien_video_writer *video; // NULL: nothing is recorded
    struct mien_sound *sound;        // for the video; NULL: none is heard
    bool failed;                     // something was not written
};
// 6: on mien-out: a record into its ends.
void mien_frame_write(struct mien_frame_ends *to, const struct mien_frame_record *r);

#endif

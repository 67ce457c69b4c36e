// What a microphone hears, with the times at which it was heard, on its way to a recording.
//
// The microphone's thread puts blocks in when they come; mien-out takes them with their times. A
// block comes late, by more on a busy machine, but never before it was heard: the least delay of
// each second tells when its samples were taken, and follows a sound card whose clock runs apart
// from ours. What nobody takes for a second is forgotten, the oldest first.
// Does not: know microphones (live/microphone.h).
#ifndef MIEN_LIVE_SOUND_H
#define MIEN_LIVE_SOUND_H

#include "base/thread.h"
#include "sink/sound_track.h"
#include "sink/video.h"
#include <stdbool.h>
#include <stdint.h>

enum { MIEN_SOUND_KEPT = MIEN_SOUND_RATE, MIEN_SOUND_BLOCK = 1024 };

struct mien_sound_clock { // times are CLOCK_MONOTONIC
    bool started;
    int64_t end_ns;              // of what came, as far as is known
    int64_t window_ns, least_ns; // since the last adjustment: how long, and the least delay
};
// A block of n samples has come: when its first one was heard.
int64_t mien_sound_clock_block(struct mien_sound_clock *c, int n, int64_t now_ns);

struct mien_sound {           // zero-initialise
    struct mien_monitor lock; // guards all below
    struct mien_sound_clock clock;
    float (*sample)[MIEN_SOUND_CHANNELS]; // ring of MIEN_SOUND_KEPT
    uint64_t put, taken;                  // so many samples were
    // Where blocks begin, and when: a ring too.
    struct {
        uint64_t at;
        int64_t time_ns;
    } block[256];
    unsigned blocks; // so many were put
};

bool mien_sound_init(struct mien_sound *s);    // false: logged
void mien_sound_destroy(struct mien_sound *s); // idempotent, accepts a zeroed object
// samples (n, MIEN_SOUND_CHANNELS) that have come now. Any thread; never waits long.
void mien_sound_put(struct mien_sound *s, const float *samples, int n, int64_t now_ns);
// The oldest samples, of one block, if they were heard before until_ns. Returns how many, up to
// MIEN_SOUND_BLOCK; *time_ns: when the first one was.
int mien_sound_take(struct mien_sound *s, int64_t until_ns,
                    float out[MIEN_SOUND_BLOCK][MIEN_SOUND_CHANNELS], int64_t *time_ns);
// Takes what was heard until a picture was taken and writes it beside that picture, which the
// recording has at time_ns. Later sound waits for the next one, whose time in the recording need
// not follow on: another source may come between. False: it was not written (logged).
bool mien_sound_write(struct mien_sound *s, struct mien_video_writer *video, int64_t captured_ns,
                      int64_t time_ns);

#endif

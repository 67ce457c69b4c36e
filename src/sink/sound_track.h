// The sound of a video that is written: samples with the times at which they were taken become an
// AAC track in step with the picture, or a clip's own sound is copied packet by packet.
//
// A track begins at 0 and has no holes: where samples are missing it is silent, where too many come
// they are left out, and where their clock and ours run apart a little they are stretched by as
// much (libswresample). Both kinds add their stream before the file's header is written, and are
// of the thread that writes the file.
// Does not: record (live/microphone.c), write the file's header or end (sink/video.c).
#ifndef MIEN_SINK_SOUND_TRACK_H
#define MIEN_SINK_SOUND_TRACK_H

#include "base/why.h"
#include <stdbool.h>
#include <stdint.h>

struct AVFormatContext;

// Samples are float, -1…1, the channels of one moment beside one another: (N, MIEN_SOUND_CHANNELS).
enum { MIEN_SOUND_RATE = 48000, MIEN_SOUND_CHANNELS = 2 };

struct mien_sound_track; // opaque

// global_header: as the file's format wants it. NULL: why says so.
struct mien_sound_track *mien_sound_track_open(struct AVFormatContext *file, struct mien_why *why);
void mien_sound_track_close(struct mien_sound_track *t); // writes nothing; NULL is fine
// n samples of which the first was taken at time_ns since the picture's first; before it: left out.
bool mien_sound_track_add(struct mien_sound_track *t, const float *samples, int n, int64_t time_ns,
                          struct mien_why *why);
// Silence where nothing has come until then.
bool mien_sound_track_fill(struct mien_sound_track *t, int64_t until_ns, struct mien_why *why);
bool mien_sound_track_finish(struct mien_sound_track *t, struct mien_why *why); // the last packets

struct mien_sound_copy; // opaque

// video: a file with picture and, perhaps, sound. NULL: why says that there is none, or that it
// cannot be in such a file; a video is written without it, then.
struct mien_sound_copy *mien_sound_copy_open(struct AVFormatContext *file, const char *video,
                                             struct mien_why *why);
void mien_sound_copy_close(struct mien_sound_copy *c); // NULL is fine
// Packets until that time since the picture's first.
bool mien_sound_copy_until(struct mien_sound_copy *c, int64_t until_ns, struct mien_why *why);

#endif

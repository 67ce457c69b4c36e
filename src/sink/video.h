// H.264 in MP4 through FFmpeg's libraries (MPEG-4 Part 2 where no H.264 encoder is built in).
//
// The file is fragmented: a recording that is cut off opens up to its last fragment (a second; the
// encoder holds ten frames more).
// Sound lies beside it as AAC, or as the clip's own (sink/sound_track.h).
// Does not: hear anything, scale pictures.
#ifndef MIEN_SINK_VIDEO_H
#define MIEN_SINK_VIDEO_H

#include "image/image.h"
#include <stdbool.h>
#include <stdint.h>

struct mien_video_writer; // opaque; one thread at a time

struct mien_video_sound {
    bool track;     // as mien_video_writer_sound says
    const char *of; // else: that of this clip, if it has some; NULL is none
};

// width, height: 16…8192; an odd last column or row is cut off. frames_per_s: nominal rate (of the
// time base); quality 0 = good (CRF 20), larger is worse up to 51. sound: NULL is none. NULL on
// failure (logged).
struct mien_video_writer *mien_video_writer_open(const char *path, int width, int height,
                                                 double frames_per_s, int quality,
                                                 const struct mien_video_sound *sound);
// RGB8 of the opened size. time_ns since the first frame, rising; < 0: the next 1/frames_per_s.
// False on failure (logged).
bool mien_video_writer_add(struct mien_video_writer *v, const struct mien_image *frame,
                           int64_t time_ns);
// n samples (N, MIEN_SOUND_CHANNELS) of MIEN_SOUND_RATE, the first taken at time_ns since the first
// frame. What is missing is silent, half a second behind the picture. False: logged. Without a
// track nothing is written.
bool mien_video_writer_sound(struct mien_video_writer *v, const float *samples, int n,
                             int64_t time_ns);
// Flushes, writes the index, frees. False when the file is not complete (logged). NULL is fine.
bool mien_video_writer_close(struct mien_video_writer *v);

#endif

// The table of FFmpeg's libraries. Calls none of the functions.
#define MIEN_FFMPEG_ITSELF
#include "late/ffmpeg.h"

#include "late/late.h"

MIEN_LATE_TABLE(ffmpeg, MIEN_FFMPEG_FUNCTIONS, "FFmpeg, which reads and writes videos,",
                MIEN_SO_avformat, MIEN_SO_avcodec, MIEN_SO_avutil, MIEN_SO_swscale,
                MIEN_SO_swresample)

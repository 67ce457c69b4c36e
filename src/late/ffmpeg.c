// The table of FFmpeg's libraries. Calls none of the functions.
#define MIEN_FFMPEG_ITSELF
#include "late/ffmpeg.h"

#include "base/mem.h"
#include "late/late.h"

MIEN_FFMPEG_FUNCTIONS(MIEN_LATE_WEAK)

static struct mien_ffmpeg *table(void)
{
    static struct mien_ffmpeg t;
    return &t;
}

const struct mien_ffmpeg *mien_ffmpeg(void)
{
    return table();
}

bool mien_ffmpeg_load(char *reason, size_t size)
{
#define ROW(f) {#f, offsetof(struct mien_ffmpeg, f), (void *)f},
    const struct mien_late_function functions[] = {MIEN_FFMPEG_FUNCTIONS(ROW)};
    static const char *const libraries[] = {MIEN_SO_avformat, MIEN_SO_avcodec, MIEN_SO_avutil,
                                            MIEN_SO_swscale, NULL};
    static bool full;
    return mien_late_load(&(struct mien_late){.what = "FFmpeg, which reads and writes videos,",
                                              .libraries = libraries,
                                              .function = functions,
                                              .count = MIEN_COUNT(functions),
                                              .table = table(),
                                              .full = &full},
                          reason, size);
}

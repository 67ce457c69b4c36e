// Shared by the files of source/; nobody else includes it.
#ifndef MIEN_SOURCE_INTERNAL_H
#define MIEN_SOURCE_INTERNAL_H

#include "base/thread.h"
#include "source/source.h"

// One kind of source. close accepts a half-opened self and frees it.
struct source_ops {
    enum mien_source_status (*read_raw)(struct mien_source *s, struct mien_payload *p,
                                        int64_t deadline_ns);
    void (*close)(struct mien_source *s);
};

struct mien_source {
    struct mien_source_info info;
    struct mien_source_options options;
    const struct source_ops *ops;
    void *self;                   // of the kind
    struct mien_decoder *decoder; // for mien_source_read, made at the first read
    struct mien_payload payload;  // the same
    struct mien_monitor lock;     // guards what follows
    struct mien_source_counts counts;
    char state[256];
};

// Each fills s->info, ops and self; false with why set (not logged).
bool mien_v4l2_open(struct mien_source *s, const char *selector, struct mien_why *why);
// The pictures of a folder, in order; ends with false when `each` says so.
bool mien_stills_files(const char *folder, bool (*each)(void *arg, const char *path), void *arg);
bool mien_stills_open(struct mien_source *s, const char *path, bool folder, struct mien_why *why);
bool mien_video_open(struct mien_source *s, const char *path, struct mien_why *why);
bool mien_synth_source_open(struct mien_source *s, const char *spec, struct mien_why *why);

// Sets the state; a change is logged: empty as information, words as a warning.
void mien_source_say(struct mien_source *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void mien_source_count(struct mien_source *s, uint64_t delivered, uint64_t dropped,
                       uint64_t corrupt, uint64_t reconnects);
int64_t mien_source_clock(const struct mien_source *s);            // 0 without a clock
void mien_source_count_convert(struct mien_source *s, int64_t ns); // added
// Room for size bytes; never shrinks. False when memory is short (logged).
bool mien_payload_reserve(struct mien_payload *p, size_t size);
// Copies an RGB8 picture in; index and dropped from the source's counts.
bool mien_payload_set_rgb(struct mien_source *s, struct mien_payload *p,
                          const struct mien_image *im);

// Files at their own pace: when a frame at media_ns is due, from the first call on. What comes too
// late is left out, but never more than MIEN_PACE_SKIPS frames in a row, and none where that makes
// up no time: then the origin gives way, and the file plays slower than it should (which the
// source's state says when it stays so).
enum { MIEN_PACE_SKIPS = 9 };
struct pace {
    bool started;
    int64_t origin_ns;
    int skipped;     // in a row
    int64_t late_ns; // the last of them
    int gave_way;    // times, since the pace was kept for a while
    int64_t gave_ns, gave_at_ns;
    bool slow; // and the state says so
};
// OK: deliver now (*due_ns = when it was due). TIMEOUT: due after the deadline, which was waited
// for. LOST, only with may_skip: leave it out; it was counted.
enum mien_source_status mien_pace(struct mien_source *s, struct pace *p, int64_t media_ns,
                                  int64_t period_ns, bool may_skip, int64_t deadline_ns,
                                  int64_t *due_ns);

// HDR video frames to 8 bits (tone.c).
enum mien_tone_kind { MIEN_TONE_PQ, MIEN_TONE_HLG };
struct mien_tone;                                             // opaque, immutable
struct mien_tone *mien_tone_create(enum mien_tone_kind kind); // NULL: no memory (logged)
void mien_tone_destroy(struct mien_tone *t);                  // NULL is fine
// rgb: BT.2020 code values R, G, B of 16 bits, full range, rows `stride` bytes apart, of the size
// of out (RGB8).
void mien_tone_apply(const struct mien_tone *t, const uint16_t *rgb, size_t stride,
                     struct mien_image *out);

// --- V4L2
// A node under /dev that captures pictures, without its modes.
struct v4l2_node {
    char device[64], name[64], bus[64], by_id[192];
    int error; // errno of open, 0 = usable
};
// Whether a selector that is no path means a camera of this name and by-id path.
bool mien_v4l2_matches(const char *name, const char *by_id, const char *selector);
int mien_v4l2_scan(struct v4l2_node *list, int max);
void mien_v4l2_modes(int fd, struct mien_camera_info *cam);
// Index of the best mode for the options, -1 when none is usable.
int mien_v4l2_choose(const struct mien_camera_mode *m, int n, const struct mien_source_options *o);
uint32_t mien_v4l2_fourcc(const char *format);
enum mien_payload_kind mien_v4l2_kind(uint32_t fourcc); // NONE: we cannot decode it
void mien_v4l2_explain(int error, const char *doing, const char *device, struct mien_why *why);
// On an open camera, as mien_controls_set.
bool mien_v4l2_set_controls(int fd, const char *device, const char *text, struct mien_why *why);
int mien_v4l2_ioctl(int fd, unsigned long request,
                    void *arg); // again when interrupted; -1 and errno

#endif

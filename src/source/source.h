// Where frames come from: cameras (V4L2), video files, folders of pictures, still pictures, and
// rendered people.
//
//   ""  "camera"             the first camera
//   "camera:NAME"            the first camera whose name contains NAME (any case)
//   "/dev/video2"            that device
//   "v4l2:usb-Maker_Cam-…"   a name under /dev/v4l/by-id (or any part of one)
//   "face.jpg"  "clip.mp4"   a picture or a video, told apart by content
//   "pictures/"              every picture of a folder, in natural order (2 before 10)
//   "synth:seed=1,frames=300" a rendered person
//
// Use:
//   struct mien_source *s = mien_source_open(uri, &options, &why);
//   struct mien_frame f = {0};
//   while (mien_source_read(s, &f, mien_now_ns() + MIEN_NS_PER_S) …) use f.rgb
//   mien_frame_destroy(&f); mien_source_close(s);
// Live programs split that: the capture thread calls mien_source_read_raw into payloads that it
// passes on, the inference thread owns a decoder and calls mien_decoder_decode.
//
// A source belongs to one thread, except mien_source_state and mien_source_counts (any thread).
// It starts none. Reads wait no longer than their deadline. Nothing is allocated once the first
// frame of the largest size was read into a frame or payload.
// Does not: mirror, scale or rotate; record; support multi-planar V4L2 devices.
#ifndef MIEN_SOURCE_SOURCE_H
#define MIEN_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

enum mien_source_status {
    MIEN_SOURCE_OK,      // a frame
    MIEN_SOURCE_TIMEOUT, // none before the deadline; read again
    MIEN_SOURCE_END,     // the last frame was delivered
    MIEN_SOURCE_LOST,    // the camera is away (mien_source_state says why); keep reading, it may
                         // return
    MIEN_SOURCE_FAILED   // it cannot go on (logged; mien_source_state has the words)
};

enum mien_camera_format { MIEN_CAMERA_AUTO, MIEN_CAMERA_YUYV, MIEN_CAMERA_MJPG };

// Zero is the default for everything.
struct mien_source_options {
    int width, height; // cameras: wanted size, nearest wins; 0 = 640x480
    int fps;           // cameras: wanted rate, 0 = best up to 60; pictures: 0 = 30
    enum mien_camera_format
        format;                // cameras: AUTO = MJPG above 640x480, else YUYV, best rate first
    const char *controls;      // cameras: set when it opens, as mien_controls_set takes them
                               // (source/controls.h); borrowed while it is open; NULL = none
    bool loop;                 // files: start again at the end; index and time go on
    bool realtime;             // files, synth: deliver at their own times; late frames are
                               // dropped and counted. Otherwise every frame, as fast as read
    int64_t (*clock_ns)(void); // for convert_ns only; NULL = that stays 0
};

struct mien_source_info {
    char kind[12];     // "camera", "picture", "folder", "video", "synth"
    char name[1024];   // the camera's name, else the file's
    char device[64];   // "/dev/video0"; empty for files
    char by_id[192];   // "/dev/v4l/by-id/…"; empty when there is none
    char format[8];    // "YUYV", "MJPG", "NV12", "GREY", "RGB"
    int width, height; // px, granted; the first picture's for folders
    double fps;        // granted or the file's own; 0 = unknown
    int64_t frames;    // total when known, else 0
    bool live;         // a camera: frames come at their own time
};

// A frame as it came, not yet decoded. Zero-initialise; the reader owns data.
enum mien_payload_kind {
    MIEN_PAYLOAD_NONE,
    MIEN_PAYLOAD_RGB, // 3 bytes a pixel
    MIEN_PAYLOAD_YUYV,
    MIEN_PAYLOAD_NV12,
    MIEN_PAYLOAD_GREY,
    MIEN_PAYLOAD_MJPG
};
struct mien_payload {
    enum mien_payload_kind kind;
    int width, height; // px
    size_t stride;     // bytes from row to row; 0 for MJPG
    uint8_t *data;
    size_t size, capacity; // bytes used, bytes owned
    int64_t
        capture_ns;   // cameras: the driver's timestamp; files: when it was due (realtime) or read
    int64_t media_ns; // files: position in the file; cameras: capture_ns minus the first one
    uint64_t index;   // frames delivered before this one
    uint64_t dropped; // frames lost so far: late, skipped for a newer one, marked bad
};
void mien_payload_destroy(struct mien_payload *p); // idempotent

// A decoded frame. Zero-initialise; rgb is RGB8, owned by the frame and reused by the next read.
struct mien_frame {
    struct mien_image rgb;
    int64_t capture_ns, media_ns;
    uint64_t index, dropped;
};
void mien_frame_destroy(struct mien_frame *f); // idempotent

struct mien_source; // opaque

// options may be NULL. NULL on failure: logged, and why (may be NULL) holds what happened and
// what to do, for a window or a message.
struct mien_source *mien_source_open(const char *uri, const struct mien_source_options *options,
                                     struct mien_why *why);
// The files that a source of this URI reads, without opening them: none of a camera by its name.
// Ends with false when `each` says so.
bool mien_source_files(const char *uri, bool (*each)(void *arg, const char *path), void *arg);
void mien_source_close(struct mien_source *s); // NULL is fine
const struct mien_source_info *
mien_source_info(const struct mien_source *s); // may change after LOST

// The newest frame. deadline_ns: CLOCK_MONOTONIC. A camera's undecodable frames are skipped and
// counted.
enum mien_source_status mien_source_read(struct mien_source *s, struct mien_frame *f,
                                         int64_t deadline_ns);
enum mien_source_status mien_source_read_raw(struct mien_source *s, struct mien_payload *p,
                                             int64_t deadline_ns);

// In words, one line, empty when all is well: "the camera gives 7 frames a second instead of 30:
// …".
void mien_source_state(struct mien_source *s, char *out, size_t out_size);
struct mien_source_counts {
    uint64_t delivered;
    uint64_t dropped;    // as in mien_payload
    uint64_t corrupt;    // of those: marked bad by the driver, or (mien_source_read) undecodable
    uint64_t reconnects; // times the camera was opened again
    int64_t convert_ns;  // of mien_source_read: from what was decoded to RGB8
};
void mien_source_counts(struct mien_source *s, struct mien_source_counts *out);

struct mien_decoder;                            // opaque; one thread
struct mien_decoder *mien_decoder_create(void); // NULL on failure (logged)
void mien_decoder_destroy(struct mien_decoder *d);
// Into rgb (RGB8, created or re-created when the size differs). False for damaged data: why
// (may be NULL) is valid until the next call; rgb is then undefined but destroyable. Not logged:
// cameras send damaged frames now and then.
bool mien_decoder_decode(struct mien_decoder *d, const struct mien_payload *p,
                         struct mien_image *rgb, struct mien_why *why);

// The cameras of this machine.
struct mien_camera_mode {
    char format[8]; // four characters
    int width, height;
    double fps;  // best
    bool usable; // mien can decode the format
};
struct mien_camera_info { // face/pose.h owns the name mien_camera
    char device[64], name[64], bus[64], by_id[192];
    char problem[256]; // empty, or why it cannot be opened and what to do
    int modes;
    struct mien_camera_mode mode[128];
};
// Fills list (up to max) in device order; returns the number. Nodes that are not cameras are left
// out.
int mien_camera_list(struct mien_camera_info *list, int max);
// A number that changes when a camera's node comes, goes or gets other permissions. Opens none.
uint64_t mien_camera_fingerprint(void);
// Whether uri, of the forms for cameras above, means this one ("" and "camera" mean any).
bool mien_camera_matches(const struct mien_camera_info *c, const char *uri);
// What to do when mien_camera_list finds none: one or two sentences.
const char *mien_camera_none_text(void);

#endif

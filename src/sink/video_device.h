// A V4L2 device that takes pictures: format, and frames by write() or, where the driver has no such
// thing or refuses it, through memory-mapped buffers.
//
// One thread at a time. Nothing waits: a frame for which the driver has no room is told as such.
// Does not: convert pictures, load drivers.
#ifndef MIEN_SINK_VIDEO_DEVICE_H
#define MIEN_SINK_VIDEO_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MIEN_VIDEO_DEVICE_BUFFERS = 4 };

struct mien_video_device {
    char path[256];
    int fd; // -1: closed
    bool can_write, can_stream;
    // Granted.
    int width, height;   // 0: no format yet
    bool uyvy;           // the bytes of YUYV swapped in pairs
    size_t stride, size; // bytes
    uint32_t field;
    double frames_per_s; // as asked
    // Memory-mapped buffers.
    bool mapped, streaming, accepted; // accepted: a frame was taken by write()
    struct {
        void *start;
        size_t length;
        bool queued;
    } buffer[MIEN_VIDEO_DEVICE_BUFFERS];
    int buffers;
};

enum mien_video_device_sent { MIEN_VIDEO_SENT, MIEN_VIDEO_NO_ROOM, MIEN_VIDEO_BROKEN };

// False with d closed: logged, with what to do.
bool mien_video_device_open(struct mien_video_device *d, const char *path);
// YUYV, else UYVY; what was granted stands in d: the size may be another one. frames_per_s: told to
// the driver where it wants to know; 0 = unknown. False: logged.
bool mien_video_device_format(struct mien_video_device *d, int width, int height,
                              double frames_per_s);
// frame: d->size bytes, rows d->stride apart. BROKEN: logged.
enum mien_video_device_sent mien_video_device_send(struct mien_video_device *d,
                                                   const uint8_t *frame);
void mien_video_device_close(struct mien_video_device *d); // idempotent after open

#endif

// A camera's controls: exposure, gain, white balance, focus, the mains' frequency …,
// as its driver lists it (V4L2).
//
// Each call opens the device for itself, beside whoever streams from it, and takes as long as the
// camera does: some tenths of a second now and then. Any thread. Does not: remember anything.
#ifndef MIEN_SOURCE_CONTROLS_H
#define MIEN_SOURCE_CONTROLS_H

#include "base/control.h"
#include "base/why.h"
#include <stdbool.h>
#include <stddef.h>

// Up to max of them, in the driver's order. -1: why says so. Buttons and what has no number are
// left out.
int mien_controls_list(const char *device, struct mien_control *list, int max,
                       struct mien_why *why);
// text: NAME=VALUE with commas, where NAME is a key, or the only one that begins so, and VALUE a
// number, on, off, a choice's words, or "default". In its order; the first that cannot be ends it.
bool mien_controls_set(const char *device, const char *text, struct mien_why *why);
bool mien_controls_check(const char *text, struct mien_why *why);   // only how it is written
bool mien_controls_reset(const char *device, struct mien_why *why); // all that can be
// What a camera does in dim light is to expose longer than a picture of that rate has time: this
// forbids it. said: what was done.
bool mien_controls_hold_rate(const char *device, double frames_per_s, char *said, size_t said_size,
                             struct mien_why *why);
// All that can be set and are not as usual, as mien_controls_set takes them.
void mien_controls_text(const struct mien_control *list, int n, char *text, size_t text_size);

#endif

// Looks for cameras in the background: thread mien-devices, which once a second compares what is
// under /dev with what was there before, and lists the cameras anew when that has changed.
//
// Looking opens no device; listing opens each one shortly, which can take a while, and is why it
// has a thread. Does not: open a camera to show it, decide which one is shown.
#ifndef MIEN_LIVE_CAMERA_WATCH_H
#define MIEN_LIVE_CAMERA_WATCH_H

#include <stdbool.h>

#include "base/inbox.h"
#include "source/source.h"

struct mien_camera_watch; // opaque; all functions on one thread, the owner's

// Looks at once, then every second. events: borrowed; MIEN_EVENT_CAMERAS (live/events.h) tells when
// there are others than those told before, or it was asked to list them again. NULL: logged.
struct mien_camera_watch *mien_camera_watch_start(struct mien_inbox *events);
void mien_camera_watch_stop(struct mien_camera_watch *w); // NULL is fine
// Whether looking is needed now; otherwise the thread sleeps. It is, after the start.
void mien_camera_watch_need(struct mien_camera_watch *w, bool need);
// Lists them at once and tells of it, although nothing may have changed.
void mien_camera_watch_again(struct mien_camera_watch *w);
// Those told last; how many there are. Does not wait.
int mien_camera_watch_list(struct mien_camera_watch *w, struct mien_camera_info *list, int max);

#endif

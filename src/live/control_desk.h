// A camera's controls (source/controls.h) on a thread of their own, mien-controls: a camera takes
// its time over each. What is asked for is done in its order, but of one control's values that wait
// only the last. MIEN_EVENT_CONTROLS tells of each that is done.
//
// Main thread only. Does not: know which camera is shown, or remember anything.
#ifndef MIEN_LIVE_CONTROL_DESK_H
#define MIEN_LIVE_CONTROL_DESK_H

#include "base/control.h"
#include "base/inbox.h"

enum mien_desk_wish {
    MIEN_DESK_LIST,
    MIEN_DESK_SET, // text: as mien_controls_set takes it
    MIEN_DESK_RESET,
    MIEN_DESK_HOLD, // 30 frames a second
};

struct mien_control_desk; // opaque

// events: borrowed. NULL: logged.
struct mien_control_desk *mien_control_desk_start(struct mien_inbox *events);
void mien_control_desk_stop(struct mien_control_desk *d); // NULL is fine; what waits is not done
// False: too many wait.
bool mien_control_desk_ask(struct mien_control_desk *d, enum mien_desk_wish wish,
                           const char *device, const char *text);
// As they were when something was done last, and of which device. Returns how many.
int mien_control_desk_list(struct mien_control_desk *d, struct mien_control list[MIEN_CONTROLS],
                           char device[64]);

#endif

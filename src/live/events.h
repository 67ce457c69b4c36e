// What threads tell the frame loop: one queue (base/inbox.h) of small events, in their order; each
// kind is a row with the function of the session that takes it up.
//
// Does not: carry pictures or results, of which only the newest counts (base/mailbox.h).
#ifndef MIEN_LIVE_EVENTS_H
#define MIEN_LIVE_EVENTS_H

#include "base/inbox.h"

// kind, who takes it up. They come from mien-open, mien-capture, mien-infer, mien-devices,
// mien-out, mien-sound, mien-save and mien-head.
#define MIEN_EVENT_ROWS(X)                                                                        \
    X(SOURCE, mien_session_take_source)   /* another source is there, or not: mien_live_opened */ \
    X(LOST, mien_session_miss_camera)     /* the camera is away */                                \
    X(BACK, mien_session_welcome_camera)  /* and here again, under another number maybe */        \
    X(NETWORK, mien_session_take_network) /* number: it is in use; else text: why not */          \
    X(PROFILE, mien_session_take_phase)   /* number: enum mien_profile_phase */                   \
    X(CAMERAS, mien_session_take_cameras) /* others than before: mien_camera_watch_list */        \
    X(CONTROLS,                                                                                   \
      mien_session_take_controls)      /* of a camera: listed or set (control_desk.h); text */    \
    X(OUTPUT, mien_session_end_output) /* number: which has ended, or was not opened */           \
    X(SOUND, mien_session_miss_sound)  /* number: silence is recorded there; text: why */         \
    X(MICROPHONES, mien_session_take_microphones) /* they were looked for */                      \
    X(PICTURE, mien_session_end_picture)          /* it is saved, or not */                       \
    X(HEAD, mien_session_end_head)                /* the same */

#define MIEN_EVENT_ID(id, run) MIEN_EVENT_##id,
enum mien_event_kind { MIEN_EVENT_ROWS(MIEN_EVENT_ID) MIEN_EVENTS };

enum { MIEN_EVENTS_WAITING = 128 };

struct mien_event {
    enum mien_event_kind kind;
    int number;
    char text[400];
};

// queue: NULL is fine, nobody listens. text: NULL is "".
void mien_event_tell(struct mien_inbox *queue, enum mien_event_kind kind, int number,
                     const char *text);

#endif

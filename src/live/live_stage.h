// The figure on the stage of the window: taking an avatar from its file, where it is shown, the
// ground behind it.
//
// Main thread only. Does not: draw it (view/stage.h), make the person's own head
// (live/session_head.c).
#ifndef MIEN_LIVE_LIVE_STAGE_H
#define MIEN_LIVE_LIVE_STAGE_H

#include "live/live_show.h"

// Shows the avatar of this file, and gives it to others; "": none any more. False: it cannot be
// used (logged, and the window says why); the one before stays.
bool mien_stage_take(struct mien_show *s, const char *path);
bool mien_stage_set_ground(struct mien_show *s, const char *colour); // false: it is none
// The next place: instead of the picture, beside it, nowhere; what to say of it.
const char *mien_stage_next(struct mien_show *s);
void mien_stage_toggle_head(struct mien_show *s); // one's own head, or what was there before
// Whether a file's name ends as those of avatars do.
bool mien_stage_is_avatar(const char *path);

#endif

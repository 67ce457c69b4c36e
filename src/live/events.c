// Telling the frame loop something.
#include "live/events.h"

#include <stdio.h>

void mien_event_tell(struct mien_inbox *queue, enum mien_event_kind kind, int number,
                     const char *text)
{
    struct mien_event e = {.kind = kind, .number = number};
    if (queue) {
        snprintf(e.text, sizeof(e.text), "%s", text ? text : "");
        mien_inbox_put(queue, &e);
    }
}

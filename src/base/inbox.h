// A bounded queue of small values, copied in by any thread and copied out by its owner, in order.
//
// Does not: wait, neither for room nor for a value; allocate after its start.
#ifndef MIEN_BASE_INBOX_H
#define MIEN_BASE_INBOX_H

#include "base/thread.h"

struct mien_inbox {
    struct mien_monitor monitor; // guards all below
    unsigned char *item;
    size_t size, capacity, count, head; // size: bytes of a value
    const char *name;
};

// name: for the log, borrowed. False when memory is short (logged).
bool mien_inbox_init(struct mien_inbox *b, const char *name, size_t size, size_t capacity);
void mien_inbox_destroy(struct mien_inbox *b); // idempotent, accepts a zeroed object
// False when it is full (logged) or was never initialised; what is in it stays.
bool mien_inbox_put(struct mien_inbox *b, const void *value);
bool mien_inbox_take(struct mien_inbox *b, void *value); // the oldest; false when it is empty

#endif

// Bounded queue of pointers for any number of producers and consumers.
#ifndef MIEN_BASE_QUEUE_H
#define MIEN_BASE_QUEUE_H

#include "base/thread.h"

struct mien_queue {
    struct mien_monitor monitor; // guards all below
    void **item;
    size_t capacity, count, head;
    bool closed;
    uint64_t dropped;
};

bool mien_queue_init(struct mien_queue *q, size_t capacity);
void mien_queue_destroy(struct mien_queue *q);
bool mien_queue_push(struct mien_queue *q, void *item);     // waits for room; false when closed
bool mien_queue_try_push(struct mien_queue *q, void *item); // false when full (counted) or closed
void *mien_queue_pop(struct mien_queue *q,
                     int64_t deadline_ns);   // NULL: deadline, or closed and empty
void mien_queue_close(struct mien_queue *q); // producers fail, consumers drain

#endif

// Latest-value mailbox between two threads: three slots; the writer never waits, an unread value is
// replaced and counted as dropped.
//
// Does not: own what the slots hold; the user allocates three payloads at set-up and the mailbox
// hands their pointers round. Writer: back = mien_mailbox_back(); fill it; mien_mailbox_post().
// Reader: front = mien_mailbox_take(deadline) stays valid until the next take.
#ifndef MIEN_BASE_MAILBOX_H
#define MIEN_BASE_MAILBOX_H

#include "base/thread.h"

struct mien_mailbox {
    struct mien_monitor monitor; // guards all below
    void *slot[3];
    int back, ready, front; // indices into slot
    bool full;              // `ready` holds a value nobody has taken
    bool stopped;
    uint64_t posted, dropped;
};

bool mien_mailbox_init(struct mien_mailbox *m, void *a, void *b, void *c);
void mien_mailbox_destroy(struct mien_mailbox *m);
void *mien_mailbox_back(struct mien_mailbox *m); // writer's slot, no lock needed
void mien_mailbox_post(struct mien_mailbox *m);
// Newest unread value, or NULL at the deadline or when stopped and empty. deadline 0 = do not wait.
void *mien_mailbox_take(struct mien_mailbox *m, int64_t deadline_ns);
// For writers that must lose nothing: waits until the posted value was taken; false at the deadline
// or when stopped.
bool mien_mailbox_wait_taken(struct mien_mailbox *m, int64_t deadline_ns);
void mien_mailbox_stop(struct mien_mailbox *m); // wakes reader and writer
bool mien_mailbox_stopped(struct mien_mailbox *m);
void mien_mailbox_counts(struct mien_mailbox *m, uint64_t *posted, uint64_t *dropped);

#endif

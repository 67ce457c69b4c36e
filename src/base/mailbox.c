// Three slots that change roles under one short lock; nothing is copied.
#include "base/mailbox.h"

#include "base/clock.h"

bool mien_mailbox_init(struct mien_mailbox *m, void *a, void *b, void *c)
{
    *m = (struct mien_mailbox){.slot = {a, b, c}, .back = 0, .ready = 1, .front = 2};
    return mien_monitor_init(&m->monitor);
}

void mien_mailbox_destroy(struct mien_mailbox *m)
{
    mien_monitor_destroy(&m->monitor);
}

void *mien_mailbox_back(struct mien_mailbox *m)
{
    return m->slot[m->back]; // only the writer changes `back`
}

void mien_mailbox_post(struct mien_mailbox *m)
{
    pthread_mutex_lock(&m->monitor.mutex);
    int t = m->back;
    m->back = m->ready;
    m->ready = t;
    m->dropped += m->full;
    m->posted++;
    m->full = true;
    pthread_cond_signal(&m->monitor.cond);
    pthread_mutex_unlock(&m->monitor.mutex);
}

void *mien_mailbox_take(struct mien_mailbox *m, int64_t deadline_ns)
{
    void *taken = NULL;
    pthread_mutex_lock(&m->monitor.mutex);
    while (!m->full && !m->stopped && mien_now_ns() < deadline_ns) {
        mien_monitor_wait(&m->monitor, deadline_ns);
    }
    if (m->full) {
        int t = m->front;
        m->front = m->ready;
        m->ready = t;
        m->full = false;
        taken = m->slot[m->front];
        pthread_cond_signal(&m->monitor.cond); // a writer that waits for this
    }
    pthread_mutex_unlock(&m->monitor.mutex);
    return taken;
}

bool mien_mailbox_wait_taken(struct mien_mailbox *m, int64_t deadline_ns)
{
    pthread_mutex_lock(&m->monitor.mutex);
    while (m->full && !m->stopped && mien_now_ns() < deadline_ns) {
        mien_monitor_wait(&m->monitor, deadline_ns);
    }
    bool taken = !m->full && !m->stopped;
    pthread_mutex_unlock(&m->monitor.mutex);
    return taken;
}

void mien_mailbox_stop(struct mien_mailbox *m)
{
    pthread_mutex_lock(&m->monitor.mutex);
    m->stopped = true;
    pthread_cond_broadcast(&m->monitor.cond);
    pthread_mutex_unlock(&m->monitor.mutex);
}

bool mien_mailbox_stopped(struct mien_mailbox *m)
{
    pthread_mutex_lock(&m->monitor.mutex);
    bool stopped = m->stopped;
    pthread_mutex_unlock(&m->monitor.mutex);
    return stopped;
}

void mien_mailbox_counts(struct mien_mailbox *m, uint64_t *posted, uint64_t *dropped)
{
    pthread_mutex_lock(&m->monitor.mutex);
    *posted = m->posted;
    *dropped = m->dropped;
    pthread_mutex_unlock(&m->monitor.mutex);
}

// A ring of pointers under one mutex with two conditions.
#include "base/queue.h"

#include "base/clock.h"
#include "base/mem.h"

bool mien_queue_init(struct mien_queue *q, size_t capacity)
{
    *q = (struct mien_queue){.capacity = capacity ? capacity : 1};
    q->item = mien_calloc(q->capacity, sizeof *q->item);
    if (!q->item) {
        return false;
    }
    if (!mien_monitor_init(&q->monitor)) {
        mien_free(q->item);
        q->item = NULL;
        return false;
    }
    return true;
}

void mien_queue_destroy(struct mien_queue *q)
{
    mien_monitor_destroy(&q->monitor);
    mien_free(q->item);
    q->item = NULL;
}

static void put(struct mien_queue *q, void *item)
{
    q->item[(q->head + q->count++) % q->capacity] = item;
    pthread_cond_broadcast(&q->monitor.cond);
}

bool mien_queue_push(struct mien_queue *q, void *item)
{
    pthread_mutex_lock(&q->monitor.mutex);
    while (q->count == q->capacity && !q->closed) {
        pthread_cond_wait(&q->monitor.cond, &q->monitor.mutex);
    }
    bool ok = !q->closed;
    if (ok) {
        put(q, item);
    }
    pthread_mutex_unlock(&q->monitor.mutex);
    return ok;
}

bool mien_queue_try_push(struct mien_queue *q, void *item)
{
    pthread_mutex_lock(&q->monitor.mutex);
    bool ok = !q->closed && q->count < q->capacity;
    if (ok) {
        put(q, item);
    } else if (!q->closed) {
        q->dropped++;
    }
    pthread_mutex_unlock(&q->monitor.mutex);
    return ok;
}

void *mien_queue_pop(struct mien_queue *q, int64_t deadline_ns)
{
    void *item = NULL;
    pthread_mutex_lock(&q->monitor.mutex);
    while (q->count == 0 && !q->closed && mien_now_ns() < deadline_ns) {
        mien_monitor_wait(&q->monitor, deadline_ns);
    }
    if (q->count > 0) {
        item = q->item[q->head];
        q->head = (q->head + 1) % q->capacity;
        q->count--;
        pthread_cond_broadcast(&q->monitor.cond);
    }
    pthread_mutex_unlock(&q->monitor.mutex);
    return item;
}

void mien_queue_close(struct mien_queue *q)
{
    pthread_mutex_lock(&q->monitor.mutex);
    q->closed = true;
    pthread_cond_broadcast(&q->monitor.cond);
    pthread_mutex_unlock(&q->monitor.mutex);
}

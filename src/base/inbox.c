// A ring of values under one mutex.
#include "base/inbox.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

bool mien_inbox_init(struct mien_inbox *b, const char *name, size_t size, size_t capacity)
{
    *b = (struct mien_inbox){.size = size, .capacity = capacity, .name = name};
    b->item = mien_calloc(capacity, size);
    if (!b->item || !mien_monitor_init(&b->monitor)) {
        mien_free(b->item);
        *b = (struct mien_inbox){0};
        return false;
    }
    return true;
}

void mien_inbox_destroy(struct mien_inbox *b)
{
    mien_monitor_destroy(&b->monitor);
    mien_free(b->item);
    *b = (struct mien_inbox){0};
}

bool mien_inbox_put(struct mien_inbox *b, const void *value)
{
    if (!b->item) {
        return false;
    }
    pthread_mutex_lock(&b->monitor.mutex);
    bool ok = b->count < b->capacity;
    if (ok) {
        memcpy(b->item + (b->head + b->count++) % b->capacity * b->size, value, b->size);
    }
    pthread_mutex_unlock(&b->monitor.mutex);
    if (!ok) {
        mien_warn("more than %zu %s wait: one is left out", b->capacity, b->name);
    }
    return ok;
}

bool mien_inbox_take(struct mien_inbox *b, void *value)
{
    pthread_mutex_lock(&b->monitor.mutex);
    bool ok = b->count > 0;
    if (ok) {
        memcpy(value, b->item + b->head * b->size, b->size);
        b->head = (b->head + 1) % b->capacity;
        b->count--;
    }
    pthread_mutex_unlock(&b->monitor.mutex);
    return ok;
}

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

bool mien_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

bool mien_add_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

void *mien_calloc(size_t count, size_t size)
{
    size_t bytes = 0, rounded = 0;
    if (!mien_mul_size(count, size, &bytes) || !mien_add_size(bytes, 63, &rounded)) {
        mien_error("cannot allocate %zu x %zu bytes: the size overflows", count, size);
        return NULL;
    }
    rounded &= ~(size_t)63;
    if (rounded == 0) {
        rounded = 64;
    }
    void *p = aligned_alloc(64, rounded);
    if (!p) {
        mien_error("out of memory: %zu bytes were asked for", rounded);
        return NULL;
    }
    memset(p, 0, rounded);
    return p;
}

void *mien_realloc_array(void *p, size_t count, size_t size)
{
    void *q = reallocarray(p, count ? count : 1, size);
    if (!q) {
        mien_error("out of memory: %zu x %zu bytes were asked for", count, size);
    }
    return q;
}

void mien_free(void *p)
{
    free(p);
}

bool mien_arena_init(struct mien_arena *a, size_t size)
{
    *a = (struct mien_arena){.base = mien_calloc(1, size), .size = size};
    return a->base != NULL;
}

void *mien_arena_take(struct mien_arena *a, size_t count, size_t size)
{
    size_t bytes = 0, end = 0;
    size_t start = (a->used + 63) & ~(size_t)63;
    if (!mien_mul_size(count, size, &bytes) || !mien_add_size(start, bytes, &end)) {
        return NULL;
    }
    if (!a->base) {
        a->used = end;
        return NULL;
    }
    if (end > a->size) {
        return NULL;
    }
    a->used = end;
    return a->base + start;
}

void mien_arena_destroy(struct mien_arena *a)
{
    mien_free(a->base);
    *a = (struct mien_arena){0};
}

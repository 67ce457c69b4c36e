// Overflow-checked sizes, 64-byte alignment, and arenas carved from one block.
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

bool mien_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

bool mien_add_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

// The process's first number of /proc/self/statm (what ulimit -v limits) or the sixth (-d), bytes;
// 0 when it is not told.
static size_t taken(int which)
{
    unsigned long pages[6] = {0};
    char text[160];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC); // without memory of its own
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        close(fd);
    }
    text[n > 0 ? n : 0] = 0;
    if (sscanf(text, "%lu %lu %lu %lu %lu %lu", &pages[0], &pages[1], &pages[2], &pages[3],
               &pages[4], &pages[5]) != 6) {
        return 0;
    }
    return pages[which] * (size_t)sysconf(_SC_PAGESIZE);
}

__attribute__((noinline)) void mien_stack_reserve(void)
{
    volatile char room[512 << 10];
    room[0] = 0; // its far end: a stack grows downwards
    (void)room[0];
}

void mien_memory_short(size_t bytes)
{
    static const struct {
        int resource, which;
        char option;
    } limits[] = {{RLIMIT_AS, 0, 'v'}, {RLIMIT_DATA, 5, 'd'}};
    const size_t mib = (size_t)1 << 20;
    for (size_t i = 0; i < MIEN_COUNT(limits); i++) {
        struct rlimit r;
        size_t used = taken(limits[i].which), need;
        if (getrlimit(limits[i].resource, &r) == 0 && r.rlim_cur != RLIM_INFINITY && used &&
            mien_add_size(used, bytes, &need) && need > r.rlim_cur) {
            mien_error("out of memory: %zu bytes were asked for; at least %zu MiB are needed, and "
                       "ulimit -%c allows %zu",
                       bytes, need / mib + 1, limits[i].option, (size_t)r.rlim_cur / mib);
            return;
        }
    }
    mien_error("out of memory: %zu bytes were asked for", bytes);
}

// Blocks of so much are wished for in large pages, and begin where one does: a page fault every
// 4 KiB was half of what it takes to start.
enum { LARGE = 2 << 20, PAGE = 4096 };

static void wish(void *p, size_t size, int advice)
{
    uintptr_t from = ((uintptr_t)p + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    madvise((void *)from, ((uintptr_t)p + size - from) & ~(size_t)(PAGE - 1), advice);
}

// A block that is about to be written from end to end has its pages at once, where the system can
// do that: one by one, each of them is a fault.
static void take_pages(void *p, size_t size)
{
    enum { WORTH = 128 * 1024 };
#ifdef MADV_POPULATE_WRITE
    if (size >= WORTH) {
        wish(p, size, MADV_POPULATE_WRITE);
    }
#endif
}

// *rounded_size: how much it is. now: its pages are taken at once.
static void *allocate(size_t count, size_t size, bool now, size_t *rounded_size)
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
    void *p = NULL;
    const bool large = now && rounded >= LARGE;
    if (posix_memalign(&p, large ? LARGE : 64, rounded) != 0) {
        mien_memory_short(large ? rounded + LARGE + PAGE : rounded);
        return NULL;
    }
    if (large) {
        wish(p, rounded, MADV_HUGEPAGE);
    }
    if (now) {
        take_pages(p, rounded);
    }
    *rounded_size = rounded;
    return p;
}

void *mien_alloc(size_t count, size_t size)
{
    size_t rounded;
    return allocate(count, size, true, &rounded);
}

void *mien_reserve(size_t count, size_t size)
{
    size_t rounded;
    return allocate(count, size, false, &rounded);
}

void mien_rest(void *p, size_t size)
{
    if (size >= 2 * PAGE) {
        wish(p, size, MADV_DONTNEED);
    }
}

void *mien_calloc(size_t count, size_t size)
{
    size_t rounded;
    void *p = allocate(count, size, true, &rounded);
    return p ? memset(p, 0, rounded) : NULL;
}

void *mien_realloc_array(void *p, size_t count, size_t size)
{
    void *q = reallocarray(p, count ? count : 1, size);
    size_t bytes;
    if (!q) {
        mien_memory_short(mien_mul_size(count, size, &bytes) ? bytes : SIZE_MAX);
    }
    return q;
}

char *mien_copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mien_calloc(size, 1);
    return copy ? memcpy(copy, text, size) : NULL;
}

void mien_free(void *p)
{
    free(p);
}

bool mien_arena_init(struct mien_arena *a, size_t size)
{
    *a = (struct mien_arena){.size = size};
    if (size < LARGE) {
        a->base = mien_calloc(1, size);
        return a->base != NULL;
    }
    // From the system, which gives zeros: nothing is written twice, and what is never used takes no
    // memory.
    const size_t kept = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
    unsigned char *p =
        kept < size || kept > SIZE_MAX - LARGE
            ? MAP_FAILED
            : mmap(NULL, kept + LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        mien_memory_short(kept < size ? size : kept + LARGE);
        return false;
    }
    const size_t before = -(uintptr_t)p % LARGE;
    if (before > 0) {
        munmap(p, before);
    }
    munmap(p + before + kept, LARGE - before);
    wish(p + before, size, MADV_HUGEPAGE);
    a->base = p + before;
    a->mapped = true;
    return true;
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
    if (a->mapped) {
        munmap(a->base, a->size);
    } else {
        mien_free(a->base);
    }
    *a = (struct mien_arena){0};
}

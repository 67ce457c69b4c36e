// Memory: checked allocation and one-block arenas carved at set-up.
//
// Does not: free single blocks of an arena; grow one.
#ifndef MIEN_BASE_MEM_H
#define MIEN_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Zeroed, 64-byte aligned, count*size overflow-checked. NULL on failure (logged). Free with
// mien_free.
void *mien_calloc(size_t count, size_t size);
// The same, but what it holds is undefined: for what is written whole at once.
void *mien_alloc(size_t count, size_t size);
// realloc for growing arrays of plain data (not aligned beyond malloc's): keeps contents; new bytes
// undefined. NULL on failure (logged; the old block stays valid). Free with free().
void *mien_realloc_array(void *p, size_t count, size_t size);
// The same again, and memory is taken only as it is written: for room of which little is mostly
// used.
void *mien_reserve(size_t count, size_t size);
// Gives the memory of a block back until it is written again; what it held is undefined then.
void mien_rest(void *p, size_t size);
char *mien_copy_text(const char *text); // with its zero; NULL when memory is short. mien_free
void mien_free(void *p);                // NULL is fine
// Takes the address space of half a megabyte of the calling thread's stack now, one page of it
// written: a stack that must grow when a limit (ulimit -v) is used up ends the program.
void mien_stack_reserve(void);
// Logs that so many bytes could not be had and, where the process has a limit (ulimit -v, -d), what
// would be needed at least.
void mien_memory_short(size_t bytes);

// Products and sums for sizes that come from files: false when the result would overflow.
bool mien_mul_size(size_t a, size_t b, size_t *out);
bool mien_add_size(size_t a, size_t b, size_t *out);

// An arena is first measured (base == NULL: mien_arena_take only counts), then carved from a block.
struct mien_arena {
    unsigned char *base;
    size_t used, size;
    bool mapped;
};
bool mien_arena_init(struct mien_arena *a, size_t size); // zeroed block, 64-byte aligned
void *mien_arena_take(struct mien_arena *a, size_t count,
                      size_t size); // NULL when measuring or full
void mien_arena_destroy(struct mien_arena *a);

#define MIEN_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif

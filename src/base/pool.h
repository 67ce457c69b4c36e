// A fixed pool of threads that runs an indexed loop; the caller works too.
#ifndef MIEN_BASE_POOL_H
#define MIEN_BASE_POOL_H

#include <stddef.h>

struct mien_pool; // opaque

// threads: total workers including the caller; 0 = one per core. NULL on failure (logged).
struct mien_pool *mien_pool_create(int threads);
void mien_pool_destroy(struct mien_pool *p); // NULL is fine
int mien_pool_threads(const struct mien_pool *p);
// Calls fn(arg, index, worker) once for each index < count, worker in [0, threads); returns when
// all are done. Which worker gets which index is not fixed: results must not depend on it. A NULL
// pool runs the loop on the caller. Not reentrant.
void mien_pool_run(struct mien_pool *p, size_t count,
                   void (*fn)(void *arg, size_t index, int worker), void *arg);

#endif

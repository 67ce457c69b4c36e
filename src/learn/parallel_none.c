// A build without MPI (make MPI=0): one process.
#include "learn/parallel.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

bool mien_parallel_start(struct mien_parallel *p)
{
    memset(p, 0, sizeof(*p));
    p->ranks = p->local_ranks = 1;
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");
    if (size && atoi(size) > 1) {
        mien_error("run by mpirun -n %s, but this mien was built without MPI: install "
                   "libopenmpi-dev and build again, or run it once",
                   size);
        return false;
    }
    return true;
}

void mien_parallel_stop(struct mien_parallel *p)
{
    memset(p, 0, sizeof(*p));
    p->ranks = p->local_ranks = 1;
}

void mien_parallel_abort(const struct mien_parallel *p)
{
    (void)p;
}

void mien_parallel_wait(const struct mien_parallel *p)
{
    (void)p;
}

bool mien_parallel_sum(struct mien_parallel *p, float *x, size_t count)
{
    (void)p;
    (void)x;
    (void)count;
    return true;
}

bool mien_parallel_sum_doubles(struct mien_parallel *p, double *x, size_t count)
{
    (void)p;
    (void)x;
    (void)count;
    return true;
}

// Several processes that train one network, or render one pack, together (mpirun -n N mien …).
//
// Open MPI is used in one file (parallel_mpi.c); a build without it has parallel_none.c, where
// there is always one process. Without mpirun nothing is started either. Sums are taken in the
// order of the ranks, so every rank has the same bits and a run can be repeated. Calls are
// collective: all ranks make the same ones, from the main thread. Does not: recover from a lost
// process.
#ifndef MIEN_LEARN_PARALLEL_H
#define MIEN_LEARN_PARALLEL_H

#include <stdbool.h>
#include <stddef.h>

struct mien_parallel {
    int rank, ranks; // 0 of 1 when alone
    int local_ranks; // of them on this machine
    bool started;
    void *scratch; // of sums
    size_t room;
};

// False on failure (logged). A program run by mpirun but built without MPI says so and fails: N
// copies of one job would overwrite each other.
bool mien_parallel_start(struct mien_parallel *p);
void mien_parallel_stop(struct mien_parallel *p); // idempotent
// Ends all ranks when one has failed; returns only when alone.
void mien_parallel_abort(const struct mien_parallel *p);
void mien_parallel_wait(const struct mien_parallel *p); // until all ranks are here
// x[i] = sum over the ranks of x[i], rank 0 first. False when memory is short (logged).
bool mien_parallel_sum(struct mien_parallel *p, float *x, size_t count);
bool mien_parallel_sum_doubles(struct mien_parallel *p, double *x, size_t count);
// Threads that a rank should use: asked, or an even share of the machine's cores when 0.
int mien_parallel_threads(const struct mien_parallel *p, int asked);

#endif

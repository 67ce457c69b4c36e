// Open MPI. The only file that includes mpi.h.
//
// A sum is shared out: each rank receives one part of the array from every rank (alltoall), adds
// the parts up in rank order, and the sums are handed to all (allgather). Twice the array's size
// goes through each rank, whatever their number, and the order of additions is fixed; MPI_Allreduce
// leaves it to the library.
#include "learn/parallel.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static void run_alone(struct mien_parallel *p)
{
    memset(p, 0, sizeof(*p));
    p->ranks = p->local_ranks = 1;
}

bool mien_parallel_start(struct mien_parallel *p)
{
    run_alone(p);
    // Not under mpirun: no MPI at all (a start costs a quarter of a second and helper processes).
    const char *size = getenv("OMPI_COMM_WORLD_SIZE"),
               *local = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    if (!size) {
        return true;
    }
    int given = 0;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS ||
        given < MPI_THREAD_FUNNELED) {
        mien_error("MPI does not start here (thread level %d)", given);
        return false;
    }
    MPI_Comm_rank(MPI_COMM_WORLD, &p->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &p->ranks);
    p->local_ranks = local && atoi(local) > 0 ? atoi(local) : 1;
    p->started = true;
    return true;
}

void mien_parallel_stop(struct mien_parallel *p)
{
    mien_free(p->scratch);
    if (p->started) {
        MPI_Finalize();
    }
    run_alone(p);
}

void mien_parallel_abort(const struct mien_parallel *p)
{
    if (p->started) {
        mien_error("rank %d of %d failed: all ranks end", p->rank, p->ranks);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

void mien_parallel_wait(const struct mien_parallel *p)
{
    if (p->ranks > 1) {
        MPI_Barrier(MPI_COMM_WORLD);
    }
}

// At least so many bytes, or NULL (logged).
static void *scratch(struct mien_parallel *p, size_t bytes)
{
    if (p->room < bytes) {
        mien_free(p->scratch);
        p->room = 0;
        p->scratch = mien_calloc(bytes, 1);
        p->room = p->scratch ? bytes : 0;
    }
    return p->scratch;
}

// Elements of an array that go through MPI at once: counts are ints, and scratch stays small.
enum { AT_ONCE = 1 << 20 };

bool mien_parallel_sum(struct mien_parallel *p, float *x, size_t count)
{
    const size_t ranks = (size_t)p->ranks;
    if (p->ranks <= 1) {
        return true;
    }
    for (size_t from = 0; from < count; from += AT_ONCE) {
        size_t n = count - from < AT_ONCE ? count - from : AT_ONCE;
        size_t part = (n + ranks - 1) / ranks; // the last part is padded with zeros
        float *send = scratch(p, (2 * ranks + 1) * part * sizeof(float));
        if (!send) {
            return false;
        }
        float *got = send + ranks * part, *sum = got + ranks * part;
        memcpy(send, x + from, n * sizeof(float));
        memset(send + n, 0, (ranks * part - n) * sizeof(float));
        MPI_Alltoall(send, (int)part, MPI_FLOAT, got, (int)part, MPI_FLOAT, MPI_COMM_WORLD);
        memcpy(sum, got, part * sizeof(float));
        for (size_t r = 1; r < ranks; r++) {
            for (size_t i = 0; i < part; i++) {
                sum[i] += got[r * part + i];
            }
        }
        MPI_Allgather(sum, (int)part, MPI_FLOAT, send, (int)part, MPI_FLOAT, MPI_COMM_WORLD);
        memcpy(x + from, send, n * sizeof(float));
    }
    return true;
}

bool mien_parallel_sum_doubles(struct mien_parallel *p, double *x, size_t count)
{
    if (p->ranks <= 1) {
        return true;
    }
    // Few numbers: every rank gets all and adds them up itself.
    double *all = scratch(p, (size_t)p->ranks * count * sizeof(double));
    if (!all) {
        return false;
    }
    MPI_Allgather(x, (int)count, MPI_DOUBLE, all, (int)count, MPI_DOUBLE, MPI_COMM_WORLD);
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (int r = 0; r < p->ranks; r++) {
            sum += all[(size_t)r * count + i];
        }
        x[i] = sum;
    }
    return true;
}

// What does not depend on MPI: sharing out the cores.
#include "learn/parallel.h"

#include <unistd.h>

#include "base/thread.h"

int mien_parallel_threads(const struct mien_parallel *p, int asked)
{
    if (asked > 0) {
        return asked;
    }
    // mpirun may have bound each rank to its own cores already.
    int usable = mien_cpu_count();
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int threads = usable < online ? usable : usable / (p->local_ranks > 0 ? p->local_ranks : 1);
    return threads > 0 ? threads : 1;
}

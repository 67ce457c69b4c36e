// The only file that knows OpenBLAS. Threads are ours: the library is kept to one. It is loaded
// when it is first asked for: only training and preparing multiply matrices, and its mere presence
// costs a program a thread a core and 128 MiB of address space for each.
//
// OpenBLAS takes a block of memory for each product that runs at the same time, keeps it, and tries
// for ever when it cannot have one. So room for a block is looked for before OpenBLAS asks, and a
// product for which there is none waits for another one's. So do all but one where the library was
// built without threads (Debian's libopenblas0-serial): it has no locks either, and products at the
// same time spoil each other.
#include "tensor/blas.h"

#include <cblas.h>
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/mem.h"

// OpenBLAS's BUFFER_SIZE for x86-64, and what the library itself (40 MiB), face model, networks and
// a picture take beside it (the program's own figures, rounded up): without that nothing would work
// either.
static const size_t block_bytes = (size_t)128 << 20, beside_bytes = (size_t)144 << 20;

struct blocks {
    pthread_mutex_t mutex; // guards what follows
    pthread_cond_t freed;
    int have, busy; // blocks that OpenBLAS has; those in use
    bool full;      // there is to be no other one
};

// LAPACK's, whose lengths of strings come last (Debian has no header for it beside OpenBLAS).
typedef void lapack_dsygv(const int *type, const char *job, const char *triangle, const int *n,
                          double *a, const int *lda, double *b, const int *ldb, double *value,
                          double *work, const int *work_size, int *info, size_t job_length,
                          size_t triangle_length);

struct openblas { // its functions; NULL until it is loaded
    __typeof__(cblas_sgemm) *sgemm;
    lapack_dsygv *dsygv;
    __typeof__(openblas_set_num_threads) *set_num_threads;
    __typeof__(openblas_get_parallel) *get_parallel;
};

static struct openblas *openblas(void)
{
    static struct openblas o;
    return &o;
}

static struct blocks *blocks(void)
{
    static struct blocks b = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                              .freed = PTHREAD_COND_INITIALIZER};
    return &b;
}

static bool room(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED && munmap(p, bytes) == 0;
}

static void product(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
                    int ldb, float beta, float *c, int ldc)
{
    openblas()->sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans,
                      m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
}

// A product so large that OpenBLAS takes a block for it: small ones do without, and would leave it
// to a later one to ask for memory that nobody has looked for.
static bool take(void)
{
    enum { SIDE = 128 };
    float *x = mien_calloc(2 * SIDE * SIDE, sizeof(float)); // logs
    if (x) {
        product(false, false, SIDE, SIDE, SIDE, x, SIDE, x, SIDE, 0, x + SIDE * SIDE, SIDE);
    }
    mien_free(x);
    return x != NULL;
}

static bool load(struct openblas *o)
{
    if (o->sgemm) {
        return true;
    }
    setenv("OPENBLAS_NUM_THREADS", "1", 1); // it starts its threads while it is loaded
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library) {
        *(void **)&o->set_num_threads = dlsym(library, "openblas_set_num_threads");
        *(void **)&o->get_parallel = dlsym(library, "openblas_get_parallel");
        *(void **)&o->dsygv = dlsym(library, "dsygv_");
        *(void **)&o->sgemm = dlsym(library, "cblas_sgemm");
    }
    if (!library || !o->set_num_threads || !o->get_parallel || !o->dsygv || !o->sgemm) {
        mien_error("OpenBLAS, which training and preparing compute with, cannot be loaded (%s): "
                   "install libopenblas0",
                   dlerror());
        o->sgemm = NULL;
        return false;
    }
    o->set_num_threads(1);
    return true;
}

bool mien_blas_init(void)
{
    struct blocks *b = blocks();
    pthread_mutex_lock(&b->mutex);
    if (!b->have && !room(block_bytes + beside_bytes)) {
        mien_memory_short(block_bytes + beside_bytes);
    } else if (!b->have && load(openblas()) && take()) {
        b->have = 1;
        b->full = openblas()->get_parallel() == OPENBLAS_SEQUENTIAL;
    }
    bool ok = b->have > 0;
    pthread_mutex_unlock(&b->mutex);
    return ok;
}

// A block for the calling thread's product. Others are kept out while a new one is taken: once a
// thread that multiplies.
static void enter(struct blocks *b)
{
    pthread_mutex_lock(&b->mutex);
    MIEN_ASSERT(b->have > 0); // mien_blas_init was asked
    while (b->busy == b->have) {
        b->full = b->full || !room(block_bytes + beside_bytes) || !take();
        if (!b->full) {
            b->have++;
        } else {
            pthread_cond_wait(&b->freed, &b->mutex);
        }
    }
    b->busy++;
    pthread_mutex_unlock(&b->mutex);
}

static void leave(struct blocks *b)
{
    pthread_mutex_lock(&b->mutex);
    b->busy--;
    pthread_cond_signal(&b->freed);
    pthread_mutex_unlock(&b->mutex);
}

void mien_sgemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
                int ldb, float beta, float *c, int ldc)
{
    enter(blocks());
    product(ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc);
    leave(blocks());
}

bool mien_symmetric_eigen(int n, double *a, double *b, double *value)
{
    const int type = 1, work_size = 40 * n;
    int info = 0;
    double *work = mien_calloc((size_t)work_size, sizeof(*work));
    if (!work) {
        return false;
    }
    enter(blocks());
    openblas()->dsygv(&type, "V", "U", &n, a, &n, b, &n, value, work, &work_size, &info, 1, 1);
    leave(blocks());
    mien_free(work);
    for (int i = 0; i < n && info == 0; i++) {
        info = !isfinite(value[i]);
    }
    return info == 0;
}

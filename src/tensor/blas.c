// The only file that knows OpenBLAS. Threads are ours: the library is kept to one.
#include "tensor/blas.h"

#include <cblas.h>
#include <pthread.h>

static void init(void)
{
    openblas_set_num_threads(1);
}

void mien_blas_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init);
}

void mien_sgemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
                int ldb, float beta, float *c, int ldc)
{
    cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n,
                k, 1.0f, a, lda, b, ldb, beta, c, ldc);
}

// Linear algebra of the fit over OpenBLAS. See solve.h.
#include "fit/solve.h"

#include <cblas.h>

// LAPACK: solves with a Cholesky factorisation, column-major.
extern void dposv_(const char *uplo, const int *n, const int *nrhs, double *a, const int *lda,
                   double *b, const int *ldb, int *info);

void mien_fit_normal(const float *J, const float *r, int n, int m, float *H, float *g)
{
    cblas_ssyrk(CblasRowMajor, CblasLower, CblasNoTrans, n, m, 1, J, m, 0, H, n);
    cblas_sgemv(CblasRowMajor, CblasNoTrans, n, m, 1, J, m, r, 1, 0, g, 1);
}

bool mien_fit_cholesky(double *A, double *b, int n)
{
    const int one = 1;
    int info = 0;
    // the row-major lower triangle is the column-major upper one
    dposv_("U", &n, &one, A, &n, b, &n, &info);
    return info == 0;
}

// The one door to OpenBLAS, on the calling thread: single-precision matrix product, row-major, and
// the eigenvectors of a pair of symmetric matrices.
#ifndef MIEN_TENSOR_BLAS_H
#define MIEN_TENSOR_BLAS_H

#include <stdbool.h>

// Makes OpenBLAS usable, on the calling threads only; called by mien_kernels(), any number of
// times, from any thread. False when it cannot be loaded or there is too little memory for it
// (logged, with what is needed): then there are no products, and it may be asked again.
bool mien_blas_init(void);

// C(m,n) = op(A)(m,k) op(B)(k,n) + beta C; ta/tb: the operand is stored transposed.
void mien_sgemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
                int ldb, float beta, float *c, int ldc);

// A x = value B x, A and B symmetric (n,n), B positive definite (LAPACK's dsygv). a: row i becomes
// the i-th eigenvector, with x B x = 1; b is overwritten; value (n) ascends. False when memory is
// short (logged), B is not positive definite, or a matrix has something that is no number.
bool mien_symmetric_eigen(int n, double *a, double *b, double *value);

#endif

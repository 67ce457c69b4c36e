// Linear algebra of the fit: the only file of fit/ that calls BLAS and LAPACK.
#ifndef MIEN_FIT_SOLVE_H
#define MIEN_FIT_SOLVE_H

#include <stdbool.h>

// H = J J^T and g = J r, J (n, m) row-major, r (m). H (n,n) float work, row-major, lower triangle.
void mien_fit_normal(const float *J, const float *r, int n, int m, float *H, float *g);
// Solves A x = b in place of b, A (n,n) symmetric positive definite, lower triangle of row-major,
// destroyed. False when it is not positive definite.
bool mien_fit_cholesky(double *A, double *b, int n);

#endif

// Linear algebra of the fit.
//
// Symmetric systems A x = b of up to some hundred unknowns: A is (n, stride) row-major, its upper
// triangle is used, stride a multiple of 4 and at least n. What lies below the diagonal and, up to
// the next multiple of 4, right of column n must be finite and is overwritten; so is one more row
// where n is odd.
#ifndef MIEN_FIT_SOLVE_H
#define MIEN_FIT_SOLVE_H

#include <stdbool.h>

// Upper triangle of H = J J^T, J (n, m) row-major, m a multiple of 8; H (n, stride) row-major,
// stride a multiple of 4; what is not the upper triangle is undefined.
typedef void (*mien_fit_normal)(const float *J, int n, int m, float *H, int stride);
mien_fit_normal mien_fit_normal_choose(void); // the fastest for this processor
void mien_fit_normal_plain(const float *J, int n, int m, float *H, int stride);
void mien_fit_normal_avx2(const float *J, int n, int m, float *H, int stride); // AVX2 and FMA
// Eliminates the first `first` unknowns by Cholesky's method: their rows of A and b become the
// factor's and its right side's, the rest of A and b the system that is left for the others. False
// when A is not positive definite there.
bool mien_fit_eliminate(double *A, double *b, int n, int stride, int first);
// Solves for the eliminated unknowns in place of b, whose others hold their values.
void mien_fit_substitute(const double *A, double *b, int n, int stride, int first);
// Both, for all unknowns.
bool mien_fit_cholesky(double *A, double *b, int n, int stride);

#endif

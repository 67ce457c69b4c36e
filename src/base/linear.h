// Small systems of linear equations. Large ones, with a stride of their own: fit/solve.h.
#ifndef MIEN_BASE_LINEAR_H
#define MIEN_BASE_LINEAR_H

#include <math.h>
#include <stdbool.h>

// A x = b in place of b, for a symmetric positive A (n,n) row-major, whose lower triangle is used
// and becomes Cholesky's factor. False when a pivot is not more than `least`; A and b are then
// undefined. In the header, so that n is a constant to the compiler.
static inline bool mien_solve_positive(double *A, double *b, int n, double least)
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            double s = A[i * n + j];
            for (int k = 0; k < j; k++) {
                s -= A[i * n + k] * A[j * n + k];
            }
            if (i == j && !(s > least)) {
                return false;
            }
            A[i * n + j] = i == j ? sqrt(s) : s / A[j * n + j];
        }
    }
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++) {
            b[i] -= A[i * n + k] * b[k];
        }
        b[i] /= A[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++) {
            b[i] -= A[k * n + i] * b[k];
        }
        b[i] /= A[i * n + i];
    }
    return true;
}

#endif

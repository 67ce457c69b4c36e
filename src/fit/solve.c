// Linear algebra of the fit. See solve.h.
//
// Systems are solved here and not by OpenBLAS, which wants 128 MiB for its first product: with
// about a hundred unknowns its dposv spends most of its time on packing and on calls (118 unknowns:
// 53 us, here 15 us on the same core).
#include "fit/solve.h"

#include <math.h>
#include <stddef.h>

#include "base/cpu.h"

enum { PANEL = 4 };

void mien_fit_normal_plain(const float *J, int n, int m, float *H, int stride)
{
    for (int i = 0; i < n; i++) {
        const float *restrict a = J + (size_t)i * (size_t)m;
        for (int j = i; j < n; j++) {
            const float *restrict b = J + (size_t)j * (size_t)m;
            float lane[8] = {0};
            for (int k = 0; k < m; k += 8) {
                for (int l = 0; l < 8; l++) {
                    lane[l] += a[k + l] * b[k + l];
                }
            }
            H[(size_t)i * (size_t)stride + (size_t)j] =
                ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
                ((lane[1] + lane[5]) + (lane[3] + lane[7]));
        }
    }
}

mien_fit_normal mien_fit_normal_choose(void)
{
    return mien_cpu_flags() & MIEN_CPU_AVX2_FMA ? mien_fit_normal_avx2 : mien_fit_normal_plain;
}

// Takes the outer product of rows k … k + 3, which are final, off the rows below, two at a time.
MIEN_MULTIVERSION static void take_off(double *A, double *b, int n, int stride, int k)
{
    const int width = (n + 3) & ~3;
    const double *restrict u0 = A + (size_t)k * (size_t)stride;
    const double *restrict u1 = u0 + stride;
    const double *restrict u2 = u1 + stride;
    const double *restrict u3 = u2 + stride;
    for (int i = k + PANEL; i < n; i++) {
        b[i] -= u0[i] * b[k] + u1[i] * b[k + 1] + u2[i] * b[k + 2] + u3[i] * b[k + 3];
    }
    for (int i = k + PANEL; i < n; i += 2) {
        double *restrict p = A + (size_t)i * (size_t)stride;
        double *restrict q = p + stride;
        const double p0 = u0[i], p1 = u1[i], p2 = u2[i], p3 = u3[i];
        const double q0 = u0[i + 1], q1 = u1[i + 1], q2 = u2[i + 1], q3 = u3[i + 1];
#pragma GCC ivdep
        for (int j = i & ~3; j < width; j++) { // whole vectors: some of it is below the diagonal
            const double a0 = u0[j], a1 = u1[j], a2 = u2[j], a3 = u3[j];
            p[j] -= (p0 * a0 + p1 * a1) + (p2 * a2 + p3 * a3);
            q[j] -= (q0 * a0 + q1 * a1) + (q2 * a2 + q3 * a3);
        }
    }
}

// The same for row k alone, off the rows below it down to `end`.
MIEN_MULTIVERSION static void take_off_one(double *A, double *b, int end, int stride, int width,
                                           int k)
{
    const double *restrict u = A + (size_t)k * (size_t)stride;
    for (int i = k + 1; i < end; i++) {
        double *restrict p = A + (size_t)i * (size_t)stride;
        const double c = u[i];
        b[i] -= c * b[k];
#pragma GCC ivdep
        for (int j = i & ~3; j < width; j++) {
            p[j] -= c * u[j];
        }
    }
}

bool mien_fit_eliminate(double *A, double *b, int n, int stride, int first)
{
    const int width = (n + 3) & ~3;
    for (int k = 0; k < first; k += PANEL) {
        const int end = k + PANEL < first ? k + PANEL : first;
        for (int i = k; i < end; i++) {
            double *u = A + (size_t)i * (size_t)stride;
            if (!(u[i] > 0) || !isfinite(u[i])) {
                return false;
            }
            const double s = 1 / sqrt(u[i]);
            for (int j = i; j < width; j++) {
                u[j] *= s;
            }
            b[i] *= s;
            take_off_one(A, b, end - k == PANEL ? end : n, stride, width, i);
        }
        if (end - k == PANEL) {
            take_off(A, b, n, stride, k);
        }
    }
    return true;
}

void mien_fit_substitute(const double *A, double *b, int n, int stride, int first)
{
    for (int i = first - 1; i >= 0; i--) {
        const double *u = A + (size_t)i * (size_t)stride;
        double sum = b[i];
        for (int j = i + 1; j < n; j++) {
            sum -= u[j] * b[j];
        }
        b[i] = sum / u[i];
    }
}

bool mien_fit_cholesky(double *A, double *b, int n, int stride)
{
    if (!mien_fit_eliminate(A, b, n, stride, n)) {
        return false;
    }
    mien_fit_substitute(A, b, n, stride, n);
    return true;
}

// Sums over landmarks. See points.h. What loops over them is compiled for several processors, as
// static functions: a resolved symbol is not for export.
#include "fit/points.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cpu.h"
#include "face/layout.h"

enum { TERMS_MAX = MIEN_IDENTITY + MIEN_BLENDSHAPES };

MIEN_MULTIVERSION static void add_four(float *restrict x, const float *const v[4], const float *c,
                                       int n)
{
    const float *restrict v0 = v[0], *restrict v1 = v[1], *restrict v2 = v[2], *restrict v3 = v[3];
    const float c0 = c[0], c1 = c[1], c2 = c[2], c3 = c[3];
#pragma GCC ivdep
    for (int i = 0; i < n; i++) {
        x[i] += (c0 * v0[i] + c1 * v1[i]) + (c2 * v2[i] + c3 * v3[i]);
    }
}

void mien_fit_add_shapes(float *x, const float *shape, const float *w, int terms, int n)
{
    const float *from[TERMS_MAX + 3];
    float c[TERMS_MAX + 3];
    int count = 0;
    for (int k = 0; k < terms; k++) {
        if (w[k] != 0) {
            c[count] = w[k];
            from[count++] = shape + (size_t)k * (size_t)n;
        }
    }
    for (; count & 3; count++) {
        c[count] = 0;
        from[count] = shape;
    }
    for (int k = 0; k < count; k += 4) {
        add_four(x, from + k, c + k, n);
    }
}

MIEN_MULTIVERSION static void weigh(const float *restrict given, const float *restrict normal,
                                    const float v[3], int st, float *restrict trust)
{
    for (int l = 0; l < st; l++) {
        const float facing = normal[l] * v[0] + normal[st + l] * v[1] + normal[2 * st + l] * v[2];
        float seen = (facing + 0.05f) / 0.35f;
        seen = seen < 0.05f ? 0.05f : seen;
        trust[l] = given[l] * (seen > 1 ? 1 : seen);
    }
}

void mien_fit_weigh(const float *given, const float *normal, const float v[3], int st, float *trust)
{
    weigh(given, normal, v, st, trust);
}

MIEN_MULTIVERSION static double cost_of(const float *restrict x, const float *restrict wanted,
                                        const float *restrict trust, int st,
                                        const struct mien_camera *c, const struct mien_pose *p)
{
    const float *R = p->R, *t = p->t;
    const float f = c->f_px, cx = c->cx_px, cy = c->cy_px;
    double cost = 0;
    int behind = 0;
    for (int l = 0; l < st; l++) {
        const float a = x[l], b = x[st + l], d = x[2 * st + l];
        const float X = R[0] * a + R[1] * b + R[2] * d + t[0];
        const float Y = R[3] * a + R[4] * b + R[5] * d + t[1];
        const float Z = R[6] * a + R[7] * b + R[8] * d + t[2];
        behind += !(Z < -1);
        const float k = f / -Z;
        const float ex = cx + k * X - wanted[l];
        const float ey = cy - k * Y - wanted[st + l];
        const float r = (ex * ex + ey * ey) * trust[l];
        cost += (double)(sqrtf(1 + r / 9) - 1);
    }
    return behind ? HUGE_VAL : 18 * cost;
}

double mien_fit_cost(const float *x, const float *wanted, const float *trust, int st,
                     const struct mien_camera *c, const struct mien_pose *p)
{
    return cost_of(x, wanted, trust, st, c, p);
}

MIEN_MULTIVERSION static void pose_rows(const float *restrict x, const float *restrict wanted,
                                        const float *restrict trust, int st,
                                        const struct mien_camera *c, const struct mien_pose *p,
                                        float *restrict J, float *restrict e, float *restrict A)
{
    const float *R = p->R, *t = p->t;
    const float f = c->f_px, cx = c->cx_px, cy = c->cy_px;
#pragma GCC ivdep
    for (int l = 0; l < st; l++) {
        const float a = x[l], b = x[st + l], d = x[2 * st + l];
        const float q0 = R[0] * a + R[1] * b + R[2] * d;
        const float q1 = R[3] * a + R[4] * b + R[5] * d;
        const float q2 = R[6] * a + R[7] * b + R[8] * d;
        const float X = q0 + t[0], Y = q1 + t[1], iz = 1 / -(q2 + t[2]), k = f * iz;
        const float ex = cx + k * X - wanted[l];
        const float ey = cy - k * Y - wanted[st + l];
        const float r = (ex * ex + ey * ey) * trust[l];
        const float w = sqrtf(trust[l] / sqrtf(1 + r / 9));
        const float px = w * k, pxz = px * X * iz, pyz = -px * Y * iz;
        e[l] = w * ex;
        e[st + l] = w * ey;
        A[l] = px * R[0] + pxz * R[6]; // P R: from the head's frame
        A[st + l] = px * R[1] + pxz * R[7];
        A[2 * st + l] = px * R[2] + pxz * R[8];
        A[3 * st + l] = pyz * R[6] - px * R[3];
        A[4 * st + l] = pyz * R[7] - px * R[4];
        A[5 * st + l] = pyz * R[8] - px * R[5];
        // rotation: dX = w x q
        J[l] = pxz * q1;
        J[st + l] = px * q2 + pyz * q1;
        J[2 * st + l] = px * q2 - pxz * q0;
        J[3 * st + l] = -pyz * q0;
        J[4 * st + l] = -px * q1;
        J[5 * st + l] = -px * q0;
        // translation
        J[6 * st + l] = px;
        J[7 * st + l] = 0;
        J[8 * st + l] = 0;
        J[9 * st + l] = -px;
        J[10 * st + l] = pxz;
        J[11 * st + l] = pyz;
    }
}

void mien_fit_pose_rows(const float *x, const float *wanted, const float *trust, int st,
                        const struct mien_camera *c, const struct mien_pose *p, float *J, float *e,
                        float *a)
{
    pose_rows(x, wanted, trust, st, c, p, J, e, a);
}

MIEN_MULTIVERSION static void shape_rows(const float *restrict a, const float *restrict shape,
                                         int terms, int st, float *restrict J)
{
    for (int k = 0; k < terms; k++) {
        const float *restrict v = shape + (size_t)k * 3 * (size_t)st;
        float *restrict out = J + (size_t)k * 2 * (size_t)st;
        for (int c = 0; c < 2; c++) {
            const float *restrict b = a + c * 3 * st;
            for (int l = 0; l < st; l++) {
                out[c * st + l] =
                    b[l] * v[l] + b[st + l] * v[st + l] + b[2 * st + l] * v[2 * st + l];
            }
        }
    }
}

void mien_fit_shape_rows(const float *a, const float *shape, int terms, int st, float *J)
{
    shape_rows(a, shape, terms, st, J);
}

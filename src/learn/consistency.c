// The consistency task (learn/loss.h): the model's landmarks, posed and projected from what the
// pose, identity and blendshape branches say together, against the label's landmarks.
#include "learn/loss.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"

static const double DELTA = 0.02; // crop units

static double dot3(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross3(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

struct columns { // Gram-Schmidt of a 6D rotation
    double a2[3], b[3][3], n1, n2;
};

// b1 = a1/|a1|; b2 = (a2 - (b1.a2) b1)/|…|; b3 = b1 x b2.
static bool orthonormalise(const float d[6], struct columns *c)
{
    double a1[3], u[3];
    for (int i = 0; i < 3; i++) {
        a1[i] = d[i];
        c->a2[i] = d[3 + i];
    }
    c->n1 = sqrt(dot3(a1, a1));
    if (!(c->n1 > 0.05)) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        c->b[0][i] = a1[i] / c->n1;
    }
    double along = dot3(c->b[0], c->a2);
    for (int i = 0; i < 3; i++) {
        u[i] = c->a2[i] - along * c->b[0][i];
    }
    c->n2 = sqrt(dot3(u, u));
    if (!(c->n2 > 0.05)) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        c->b[1][i] = u[i] / c->n2;
    }
    cross3(c->b[0], c->b[1], c->b[2]);
    return true;
}

// From the gradient of the columns g[j] to the gradient of the six numbers.
static void orthonormalise_backward(const struct columns *c, double g[3][3], double out[6])
{
    double x[3], gu[3];
    cross3(c->b[1], g[2], x); // b3 = b1 x b2
    for (int i = 0; i < 3; i++) {
        g[0][i] += x[i];
    }
    cross3(g[2], c->b[0], x);
    for (int i = 0; i < 3; i++) {
        g[1][i] += x[i];
    }
    double along = dot3(c->b[1], g[1]); // b2 = u/|u|
    for (int i = 0; i < 3; i++) {
        gu[i] = (g[1][i] - along * c->b[1][i]) / c->n2;
    }
    double b1gu = dot3(c->b[0], gu), b1a2 = dot3(c->b[0], c->a2); // u = a2 - (b1.a2) b1
    for (int i = 0; i < 3; i++) {
        out[3 + i] = gu[i] - b1gu * c->b[0][i];
        g[0][i] -= b1a2 * gu[i] + b1gu * c->a2[i];
    }
    along = dot3(c->b[0], g[0]); // b1 = a1/|a1|
    for (int i = 0; i < 3; i++) {
        out[i] = (g[0][i] - along * c->b[0][i]) / c->n1;
    }
}

MIEN_MULTIVERSION
static void add_scaled(float *out, const float *in, float k, int n)
{
    for (int i = 0; i < n; i++) {
        out[i] += k * in[i];
    }
}

MIEN_MULTIVERSION
static float dot(const float *a, const float *b, int n)
{
    float s = 0;
    for (int i = 0; i < n; i++) {
        s += a[i] * b[i];
    }
    return s;
}

double mien_loss_consistency(const struct mien_face_model *model,
                             const float *const raw[MIEN_BRANCHES], const struct mien_target *t,
                             double k, float *const grad[MIEN_BRANCHES])
{
    const float *pose = raw[MIEN_BRANCH_POSE];
    int L = model->landmarks, n = 3 * L;
    float X[3 * MIEN_LANDMARKS_MAX], gX[3 * MIEN_LANDMARKS_MAX], b[MIEN_BLENDSHAPES];
    struct columns col;
    if (!orthonormalise(pose, &col) || !(t->camera.f_px > 0)) {
        return -1;
    }
    // X = mean + sum identity * basis + sum sigmoid(logit) * shape
    memcpy(X, model->landmark_mean, (size_t)n * sizeof(float));
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        add_scaled(X, model->landmark_identity + (size_t)i * (size_t)n,
                   raw[MIEN_BRANCH_IDENTITY][i], n);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        b[i] = 1 / (1 + expf(-raw[MIEN_BRANCH_BLENDSHAPES][i]));
        add_scaled(X, model->landmark_blendshape + (size_t)i * (size_t)n, b[i], n);
    }
    // M = C^T R; T = depth/(d.q) q, as mien_pose_from_crop.
    float C[9];
    mien_crop_rotation(&t->camera, &t->crop, C);
    double M[3][3], f = t->camera.f_px, half = 0.5 * t->crop.side_px;
    for (int r = 0; r < 3; r++) {
        for (int c = 0; c < 3; c++) {
            M[r][c] = 0;
            for (int i = 0; i < 3; i++) {
                M[r][c] += (double)C[3 * i + r] * col.b[c][i];
            }
        }
    }
    double cr = cos(t->crop.roll_rad), sr = sin(t->crop.roll_rad);
    double ox = t->crop.cx_px + half * (cr * pose[6] - sr * pose[7]) - t->camera.cx_px;
    double oy = t->crop.cy_px + half * (sr * pose[6] + cr * pose[7]) - t->camera.cy_px;
    const double d[3] = {-C[6], -C[7], -C[8]}, q[3] = {ox / f, -oy / f, -1};
    double depth = 100 * f / half * exp(-pose[8]), dq = dot3(d, q), T[3];
    if (!(dq > 0.05) || !isfinite(depth)) {
        return -1;
    }
    for (int i = 0; i < 3; i++) {
        T[i] = depth / dq * q[i];
    }
    double total = 0, loss = 0, gM[3][3] = {{0}}, gT[3] = {0};
    for (int i = 0; i < L; i++) {
        total += t->landmark_weight[i];
    }
    memset(gX, 0, (size_t)n * sizeof(float));
    for (int i = 0; i < L; i++) {
        double w = t->landmark_weight[i] / total, P[3];
        if (!(w > 0)) {
            continue;
        }
        for (int r = 0; r < 3; r++) {
            P[r] = M[r][0] * X[3 * i] + M[r][1] * X[3 * i + 1] + M[r][2] * X[3 * i + 2] + T[r];
        }
        double Z = -P[2];
        if (!(Z > 1)) {
            return -1;
        }
        double px = t->camera.cx_px + f * P[0] / Z - t->crop.cx_px;
        double py = t->camera.cy_px - f * P[1] / Z - t->crop.cy_px;
        double e[2] = {(cr * px + sr * py) / half - t->landmark[i][0],
                       (cr * py - sr * px) / half - t->landmark[i][1]};
        double gu[2];
        for (int c = 0; c < 2; c++) { // smooth L1
            double a = fabs(e[c]);
            loss += w * (a < DELTA ? 0.5 * a * a / DELTA : a - 0.5 * DELTA);
            gu[c] = w * (a < DELTA ? e[c] / DELTA : e[c] < 0 ? -1 : 1);
        }
        double gpx = (cr * gu[0] - sr * gu[1]) / half, gpy = (sr * gu[0] + cr * gu[1]) / half;
        double gP[3] = {gpx * f / Z, -gpy * f / Z, f * (gpx * P[0] - gpy * P[1]) / (Z * Z)};
        for (int r = 0; r < 3; r++) {
            gT[r] += gP[r];
            for (int c = 0; c < 3; c++) {
                gM[r][c] += gP[r] * X[3 * i + c];
                gX[3 * i + c] += (float)(k * M[r][c] * gP[r]);
            }
        }
    }
    float *gp = grad[MIEN_BRANCH_POSE], *gi = grad[MIEN_BRANCH_IDENTITY];
    float *gb = grad[MIEN_BRANCH_BLENDSHAPES];
    if (gp) {
        double gR[3][3], g6[6]; // gR[c]: gradient of column c of R = C M
        for (int c = 0; c < 3; c++) {
            for (int r = 0; r < 3; r++) {
                gR[c][r] = C[3 * r] * gM[0][c] + C[3 * r + 1] * gM[1][c] + C[3 * r + 2] * gM[2][c];
            }
        }
        orthonormalise_backward(&col, gR, g6);
        for (int i = 0; i < 6; i++) {
            gp[i] += (float)(k * g6[i]);
        }
        double gq[2], gTq = dot3(gT, q);
        for (int i = 0; i < 2; i++) {
            gq[i] = depth / dq * (gT[i] - gTq / dq * d[i]);
        }
        double gox = gq[0] / f, goy = -gq[1] / f;
        gp[6] += (float)(k * half * (cr * gox + sr * goy));
        gp[7] += (float)(k * half * (cr * goy - sr * gox));
        gp[8] += (float)(-k * dot3(gT, T));
    }
    for (int i = 0; gi && i < MIEN_IDENTITY; i++) {
        gi[i] += dot(gX, model->landmark_identity + (size_t)i * (size_t)n, n);
    }
    for (int i = 0; gb && i < MIEN_BLENDSHAPES; i++) {
        gb[i] += b[i] * (1 - b[i]) * dot(gX, model->landmark_blendshape + (size_t)i * (size_t)n, n);
    }
    return loss;
}

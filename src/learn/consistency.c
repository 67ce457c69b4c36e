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

struct shape { // the model's landmarks (L,3) and the gradient of them
    float X[3 * MIEN_LANDMARKS_MAX], gX[3 * MIEN_LANDMARKS_MAX], b[MIEN_BLENDSHAPES];
    int n; // 3 L
};

struct view { // of the head by the camera: P = M X + T
    struct columns col;
    float C[9]; // crop rotation
    double M[3][3], T[3], gM[3][3], gT[3];
    double f, half, cr, sr, depth, dq, d[3], q[3];
};

// X = mean + sum identity * basis + sum b * shape, b = sigmoid(logit)
static void shape_forward(const struct mien_face_model *m, const float *identity,
                          const float *logit, struct shape *s)
{
    s->n = 3 * m->landmarks;
    memcpy(s->X, m->landmark_mean, (size_t)s->n * sizeof(float));
    memset(s->gX, 0, (size_t)s->n * sizeof(float));
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        add_scaled(s->X, m->landmark_identity + (size_t)i * (size_t)s->n, identity[i], s->n);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        s->b[i] = 1 / (1 + expf(-logit[i]));
        add_scaled(s->X, m->landmark_blendshape + (size_t)i * (size_t)s->n, s->b[i], s->n);
    }
}

// gi, gb: gradients to add to, or NULL.
static void shape_backward(const struct mien_face_model *m, const struct shape *s, float *gi,
                           float *gb)
{
    const int n = s->n;
    for (int i = 0; gi && i < MIEN_IDENTITY; i++) { // X = … + identity * basis
        gi[i] += dot(s->gX, m->landmark_identity + (size_t)i * (size_t)n, n);
    }
    for (int i = 0; gb && i < MIEN_BLENDSHAPES; i++) { // X = … + b * shape, b = sigmoid(logit)
        gb[i] +=
            s->b[i] * (1 - s->b[i]) * dot(s->gX, m->landmark_blendshape + (size_t)i * (size_t)n, n);
    }
}

// M = C^T R; T = depth / (d.q) q, depth = 100 f/half exp(-pose[8]), as mien_pose_from_crop. False:
// there is no such pose.
static bool view_forward(const struct mien_target *t, const float *pose, struct view *v)
{
    memset(v, 0, sizeof(*v));
    if (!orthonormalise(pose, &v->col) || !(t->camera.f_px > 0)) {
        return false;
    }
    mien_crop_rotation(&t->camera, &t->crop, v->C);
    for (int r = 0; r < 3; r++) {
        for (int c = 0; c < 3; c++) {
            for (int i = 0; i < 3; i++) {
                v->M[r][c] += (double)v->C[3 * i + r] * v->col.b[c][i];
            }
        }
    }
    v->f = t->camera.f_px;
    v->half = 0.5 * t->crop.side_px;
    v->cr = cos(t->crop.roll_rad);
    v->sr = sin(t->crop.roll_rad);
    double ox = t->crop.cx_px + v->half * (v->cr * pose[6] - v->sr * pose[7]) - t->camera.cx_px;
    double oy = t->crop.cy_px + v->half * (v->sr * pose[6] + v->cr * pose[7]) - t->camera.cy_px;
    for (int i = 0; i < 3; i++) {
        v->d[i] = -v->C[6 + i];
    }
    v->q[0] = ox / v->f;
    v->q[1] = -oy / v->f;
    v->q[2] = -1;
    v->depth = 100 * v->f / v->half * exp(-pose[8]);
    v->dq = dot3(v->d, v->q);
    for (int i = 0; i < 3; i++) {
        v->T[i] = v->depth / v->dq * v->q[i];
    }
    return v->dq > 0.05 && isfinite(v->depth);
}

// gp: gradient of the pose to add k times to.
static void view_backward(struct view *v, double k, float *gp)
{
    double gR[3][3], g6[6]; // gR[c]: gradient of column c of R
    for (int c = 0; c < 3; c++) {
        for (int r = 0; r < 3; r++) { // M = C^T R
            gR[c][r] = v->C[3 * r] * v->gM[0][c] + v->C[3 * r + 1] * v->gM[1][c] +
                       v->C[3 * r + 2] * v->gM[2][c];
        }
    }
    orthonormalise_backward(&v->col, gR, g6);
    for (int i = 0; i < 6; i++) {
        gp[i] += (float)(k * g6[i]);
    }
    double gq[2], gTq = dot3(v->gT, v->q);
    for (int i = 0; i < 2; i++) { // T = depth / (d.q) q
        gq[i] = v->depth / v->dq * (v->gT[i] - gTq / v->dq * v->d[i]);
    }
    double gox = gq[0] / v->f, goy = -gq[1] / v->f;              // q = (ox, -oy)/f
    gp[6] += (float)(k * v->half * (v->cr * gox + v->sr * goy)); // ox = … + half (cr p6 - sr p7)
    gp[7] += (float)(k * v->half * (v->cr * goy - v->sr * gox)); // oy = … + half (sr p6 + cr p7)
    gp[8] += (float)(-k * dot3(v->gT, v->T));                    // T ~ depth ~ exp(-p8)
}

// One landmark's loss w smooth_l1(e), its gradient by P in gP. False: it is behind the camera.
static bool point_loss(const struct mien_target *t, const struct view *v, const double P[3], int i,
                       double w, double *loss, double gP[3])
{
    const double Z = -P[2], f = v->f;
    if (!(Z > 1)) {
        return false;
    }
    double px = t->camera.cx_px + f * P[0] / Z - t->crop.cx_px;
    double py = t->camera.cy_px - f * P[1] / Z - t->crop.cy_px;
    double e[2] = {(v->cr * px + v->sr * py) / v->half - t->landmark[i][0],
                   (v->cr * py - v->sr * px) / v->half - t->landmark[i][1]};
    double gu[2];
    for (int c = 0; c < 2; c++) { // smooth L1 and its slope
        double a = fabs(e[c]);
        *loss += w * (a < DELTA ? 0.5 * a * a / DELTA : a - 0.5 * DELTA);
        gu[c] = w * (a < DELTA ? e[c] / DELTA : e[c] < 0 ? -1 : 1);
    }
    double gpx =
        (v->cr * gu[0] - v->sr * gu[1]) / v->half; // e = (cr px + sr py, cr py - sr px)/half
    double gpy = (v->sr * gu[0] + v->cr * gu[1]) / v->half;
    gP[0] = gpx * f / Z;                             // px = … + f P0/Z
    gP[1] = -gpy * f / Z;                            // py = … - f P1/Z
    gP[2] = f * (gpx * P[0] - gpy * P[1]) / (Z * Z); // Z = -P2
    return true;
}

double mien_loss_consistency(const struct mien_face_model *model,
                             const float *const raw[MIEN_BRANCHES], const struct mien_target *t,
                             double k, float *const grad[MIEN_BRANCHES])
{
    struct shape s;
    struct view v;
    double total = 0, loss = 0;
    if (!view_forward(t, raw[MIEN_BRANCH_POSE], &v)) {
        return -1;
    }
    shape_forward(model, raw[MIEN_BRANCH_IDENTITY], raw[MIEN_BRANCH_BLENDSHAPES], &s);
    for (int i = 0; i < model->landmarks; i++) {
        total += t->landmark_weight[i];
    }
    for (int i = 0; i < model->landmarks; i++) {
        double w = t->landmark_weight[i] / total, P[3], gP[3];
        const float *X = s.X + 3 * i;
        if (!(w > 0)) {
            continue;
        }
        for (int r = 0; r < 3; r++) {
            P[r] = v.M[r][0] * X[0] + v.M[r][1] * X[1] + v.M[r][2] * X[2] + v.T[r];
        }
        if (!point_loss(t, &v, P, i, w, &loss, gP)) {
            return -1;
        }
        for (int r = 0; r < 3; r++) { // P = M X + T
            v.gT[r] += gP[r];
            for (int c = 0; c < 3; c++) {
                v.gM[r][c] += gP[r] * X[c];
                s.gX[3 * i + c] += (float)(k * v.M[r][c] * gP[r]);
            }
        }
    }
    if (grad[MIEN_BRANCH_POSE]) {
        view_backward(&v, k, grad[MIEN_BRANCH_POSE]);
    }
    shape_backward(model, &s, grad[MIEN_BRANCH_IDENTITY], grad[MIEN_BRANCH_BLENDSHAPES]);
    return loss;
}

// Levenberg-Marquardt fit of the morphable model to landmarks. See fit.h for what is minimised.
//
// Parameters of a step: 3 rotation (left-multiplied, radians, camera axes), 3 translation (mm),
// MIEN_IDENTITY unless locked, MIEN_BLENDSHAPES. Landmark shapes are kept coordinate by coordinate
// so that every inner loop runs over landmarks.
#include "fit/fit.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "fit/solve.h"

enum {
    SHAPES = MIEN_IDENTITY + MIEN_BLENDSHAPES,
    PARAMS_MAX = 6 + SHAPES,
    LANDMARKS_MIN = 6,
    BOX_PASSES = 4,
};
static const float near_mm = 50; // nothing is fitted nearer to the camera

struct mien_fit {
    const struct mien_face_model *m;
    int count, stride; // landmarks; padded to whole vectors
    float *shape;      // (SHAPES,3,stride)
    float *mean;       // (3,stride)
    float *normal;     // (3,stride): which way a landmark faces, head frame
    float *x;          // (3,stride): landmarks in the head frame
    float *a;          // (6,stride): d(residual)/d(head position), rows of x then of y
    float *J;          // (PARAMS_MAX, 2*stride)
    float *e;          // (2*stride): residuals times their weight
    float *trust;      // (stride): weight / sigma^2 before the robust part
    float *wanted;     // (2,stride)
    float *H32, *g32;
    double *H, *A, *g, *step;
    struct mien_arena arena;
};

static void carve(struct mien_fit *f)
{
    struct mien_arena *a = &f->arena;
    const size_t s = (size_t)f->stride;
    f->shape = mien_arena_take(a, SHAPES * 3 * s, sizeof(float));
    f->mean = mien_arena_take(a, 3 * s, sizeof(float));
    f->normal = mien_arena_take(a, 3 * s, sizeof(float));
    f->x = mien_arena_take(a, 3 * s, sizeof(float));
    f->a = mien_arena_take(a, 6 * s, sizeof(float));
    f->J = mien_arena_take(a, PARAMS_MAX * 2 * s, sizeof(float));
    f->e = mien_arena_take(a, 2 * s, sizeof(float));
    f->trust = mien_arena_take(a, s, sizeof(float));
    f->wanted = mien_arena_take(a, 2 * s, sizeof(float));
    f->H32 = mien_arena_take(a, PARAMS_MAX * PARAMS_MAX, sizeof(float));
    f->g32 = mien_arena_take(a, PARAMS_MAX, sizeof(float));
    f->H = mien_arena_take(a, PARAMS_MAX * PARAMS_MAX, sizeof(double));
    f->A = mien_arena_take(a, PARAMS_MAX * PARAMS_MAX, sizeof(double));
    f->g = mien_arena_take(a, PARAMS_MAX, sizeof(double));
    f->step = mien_arena_take(a, PARAMS_MAX, sizeof(double));
}

// Lips, lids and nostrils curl: what hides them is the head's turn, so they face away from the
// head's vertical axis; the others have the surface's own normal.
static void find_normals(struct mien_fit *f, const float *surface)
{
    const struct mien_face_model *m = f->m;
    for (int l = 0; l < f->count; l++) {
        const struct mien_landmark *k = &m->landmark[l];
        float n[3] = {0, 0, 0};
        if (k->region == MIEN_REGION_EYE || k->region == MIEN_REGION_IRIS ||
            k->region == MIEN_REGION_MOUTH || k->region == MIEN_REGION_NOSE) {
            n[0] = m->landmark_mean[3 * l];
            n[2] = m->landmark_mean[3 * l + 2] - 30;
        } else {
            for (int c = 0; c < 3; c++) {
                for (int i = 0; i < 3; i++) {
                    n[c] += k->weight[i] * surface[3 * k->vertex[i] + c];
                }
            }
        }
        const float s = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        for (int c = 0; c < 3; c++) {
            f->normal[c * f->stride + l] = s > 0 ? n[c] / s : 0;
        }
    }
}

struct mien_fit *mien_fit_create(const struct mien_face_model *m)
{
    struct mien_fit *f = mien_calloc(1, sizeof *f);
    float *surface = mien_calloc(3 * (size_t)m->vertices, sizeof *surface);
    if (!f || !surface) {
        goto fail;
    }
    f->m = m;
    f->count = m->landmarks;
    f->stride = (m->landmarks + 15) & ~15;
    carve(f);
    const size_t need = f->arena.used;
    if (!mien_arena_init(&f->arena, need)) {
        goto fail;
    }
    carve(f);
    const int L = f->count, s = f->stride;
    for (int l = 0; l < L; l++) {
        for (int c = 0; c < 3; c++) {
            f->mean[c * s + l] = m->landmark_mean[3 * l + c];
            for (int k = 0; k < SHAPES; k++) {
                const float *from =
                    k < MIEN_IDENTITY
                        ? m->landmark_identity + (size_t)k * 3 * (size_t)L
                        : m->landmark_blendshape + (size_t)(k - MIEN_IDENTITY) * 3 * (size_t)L;
                f->shape[((size_t)k * 3 + (size_t)c) * (size_t)s + (size_t)l] = from[3 * l + c];
            }
        }
    }
    mien_face_model_normals(m, m->mean, surface);
    find_normals(f, surface);
    mien_free(surface);
    return f;
fail:
    mien_free(surface);
    mien_fit_destroy(f);
    return NULL;
}

void mien_fit_destroy(struct mien_fit *f)
{
    if (f) {
        mien_arena_destroy(&f->arena);
        mien_free(f);
    }
}

static bool camera_usable(const struct mien_camera *c)
{
    return isfinite(c->f_px) && c->f_px > 1 && isfinite(c->cx_px) && isfinite(c->cy_px);
}

static bool all_finite(const float *v, int n)
{
    for (int i = 0; i < n; i++) {
        if (!isfinite(v[i])) {
            return false;
        }
    }
    return true;
}

static bool usable(const struct mien_fit_input *in, int l)
{
    const float *p = in->landmark_px[l];
    return isfinite(p[0]) && isfinite(p[1]) && fabsf(p[0]) < 1e6f && fabsf(p[1]) < 1e6f &&
           (!in->sigma_px || (in->sigma_px[l] > 0 && isfinite(in->sigma_px[l])));
}

// Box size of the usable landmarks, sqrt(w h); 0 when there are too few or they are one point.
static float landmark_size(const struct mien_fit *f, const struct mien_fit_input *in, int *used)
{
    float lo[2] = {1e9f, 1e9f}, hi[2] = {-1e9f, -1e9f};
    *used = 0;
    for (int l = 0; l < f->count; l++) {
        if (!usable(in, l)) {
            continue;
        }
        ++*used;
        for (int c = 0; c < 2; c++) {
            lo[c] = fminf(lo[c], in->landmark_px[l][c]);
            hi[c] = fmaxf(hi[c], in->landmark_px[l][c]);
        }
    }
    if (*used < LANDMARKS_MIN) {
        return 0;
    }
    const float size = sqrtf((hi[0] - lo[0]) * (hi[1] - lo[1]));
    return size > 1 ? size : 0;
}

bool mien_fit_start(struct mien_fit *f, const struct mien_fit_input *in, struct mien_fit_state *s)
{
    int used = 0;
    if (!in->landmark_px || !camera_usable(&in->camera) || landmark_size(f, in, &used) <= 0) {
        return false;
    }
    // Affine least squares (x,y) = B (X,Y,Z,1): normal equations shared by both rows.
    double N[16] = {0}, N2[16], b[2][4] = {{0}};
    for (int l = 0; l < f->count; l++) {
        if (!usable(in, l)) {
            continue;
        }
        const double v[4] = {f->mean[l], f->mean[f->stride + l], f->mean[2 * f->stride + l], 1};
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j <= i; j++) {
                N[4 * i + j] += v[i] * v[j];
            }
            b[0][i] += v[i] * (in->landmark_px[l][0] - in->camera.cx_px);
            b[1][i] -= v[i] * (in->landmark_px[l][1] - in->camera.cy_px);
        }
    }
    for (int i = 0; i < 4; i++) {
        N[5 * i] += i < 3 ? 1e-3 : 1e-9; // flat sets of points stay solvable
    }
    memcpy(N2, N, sizeof N);
    if (!mien_fit_cholesky(N, b[0], 4) || !mien_fit_cholesky(N2, b[1], 4)) {
        return false;
    }
    const double sx = sqrt(b[0][0] * b[0][0] + b[0][1] * b[0][1] + b[0][2] * b[0][2]);
    const double sy = sqrt(b[1][0] * b[1][0] + b[1][1] * b[1][1] + b[1][2] * b[1][2]);
    const double scale = fmax(sqrt(sx * sy), 1e-6); // px per mm
    // The rows of B are rows of R: their transpose's columns are orthonormalised.
    float d[6], Rt[9];
    for (int i = 0; i < 3; i++) {
        d[i] = (float)b[0][i];
        d[3 + i] = (float)b[1][i];
    }
    memset(s, 0, sizeof *s);
    mien_rotation_from_6d(d, Rt);
    mien_mat3_transpose(Rt, s->pose.R);
    const double depth = fmin(fmax(in->camera.f_px / scale, 2 * near_mm), 1e5);
    s->pose.t[0] = (float)(b[0][3] * depth / in->camera.f_px);
    s->pose.t[1] = (float)(b[1][3] * depth / in->camera.f_px);
    s->pose.t[2] = (float)-depth;
    return all_finite(s->pose.R, 9) && all_finite(s->pose.t, 3);
}

MIEN_MULTIVERSION static void add_shapes(float *restrict x, const float *restrict shape,
                                         const float *w, int terms, int n)
{
    for (int k = 0; k < terms; k++) {
        const float c = w[k];
        const float *restrict v = shape + (size_t)k * (size_t)n;
        if (c != 0) {
            for (int i = 0; i < n; i++) {
                x[i] += c * v[i];
            }
        }
    }
}

static void place(struct mien_fit *f, const struct mien_fit_state *s)
{
    const int n = 3 * f->stride;
    memcpy(f->x, f->mean, (size_t)n * sizeof(float));
    add_shapes(f->x, f->shape, s->identity, MIEN_IDENTITY, n);
    add_shapes(f->x, f->shape + (size_t)MIEN_IDENTITY * (size_t)n, s->blendshape, MIEN_BLENDSHAPES,
               n);
}

// Weight of each landmark before the robust part: 1/sigma^2, the model's trust in the landmark, and
// how squarely it faces the camera (hidden points count a twentieth).
static void set_trust(struct mien_fit *f, const struct mien_fit_input *in,
                      const struct mien_fit_state *s, float default_sigma)
{
    const float *R = s->pose.R, *t = s->pose.t;
    const int st = f->stride;
    const float dist = sqrtf(t[0] * t[0] + t[1] * t[1] + t[2] * t[2]);
    // the direction from the head to the camera, in the head's frame
    float v[3];
    for (int i = 0; i < 3; i++) {
        v[i] = -(R[i] * t[0] + R[3 + i] * t[1] + R[6 + i] * t[2]) / dist;
    }
    for (int l = 0; l < f->count; l++) {
        f->trust[l] = 0;
        f->wanted[l] = f->wanted[st + l] = 0;
        if (!usable(in, l)) {
            continue;
        }
        const float facing =
            f->normal[l] * v[0] + f->normal[st + l] * v[1] + f->normal[2 * st + l] * v[2];
        const float seen = fminf(fmaxf((facing + 0.05f) / 0.35f, 0.05f), 1);
        const float sigma = in->sigma_px ? in->sigma_px[l] : default_sigma;
        f->trust[l] = f->m->landmark[l].fit_weight * seen / (sigma * sigma);
        f->wanted[l] = in->landmark_px[l][0];
        f->wanted[st + l] = in->landmark_px[l][1];
    }
}

// rho(s) = 18 (sqrt(1 + s/9) - 1), s = (r/sigma)^2; rho' = 1/sqrt(1 + s/9). trust holds the
// landmark's own weight too, so s is taken with it: an untrusted point is less of an outlier.
static double landmark_cost(struct mien_fit *f, const struct mien_camera *c,
                            const struct mien_fit_state *s, bool jacobian)
{
    const float *R = s->pose.R, *t = s->pose.t;
    const int st = f->stride;
    double cost = 0;
    for (int l = 0; l < f->count; l++) {
        const float x = f->x[l], y = f->x[st + l], z = f->x[2 * st + l];
        const float q[3] = {R[0] * x + R[1] * y + R[2] * z, R[3] * x + R[4] * y + R[5] * z,
                            R[6] * x + R[7] * y + R[8] * z};
        const float X = q[0] + t[0], Y = q[1] + t[1], Z = q[2] + t[2];
        if (!(Z < -1)) {
            return HUGE_VAL;
        }
        const float iz = 1 / -Z, k = c->f_px * iz;
        const float ex = c->cx_px + k * X - f->wanted[l];
        const float ey = c->cy_px - k * Y - f->wanted[st + l];
        const float r = (ex * ex + ey * ey) * f->trust[l];
        const float root = sqrtf(1 + r / 9);
        cost += 18.0 * (double)(root - 1);
        if (!jacobian) {
            continue;
        }
        const float w = sqrtf(f->trust[l] / root);
        const float px = w * k, pxz = w * k * X * iz, pyz = -w * k * Y * iz;
        f->e[l] = w * ex;
        f->e[st + l] = w * ey;
        for (int j = 0; j < 3; j++) { // P R: from the head's frame
            f->a[j * st + l] = px * R[j] + pxz * R[6 + j];
            f->a[(3 + j) * st + l] = -px * R[3 + j] + pyz * R[6 + j];
        }
        float *J = f->J + l;
        const size_t row = 2 * (size_t)st;
        // rotation: dX = w x q
        J[0] = pxz * q[1];
        J[st] = px * q[2] + pyz * q[1];
        J[row] = px * q[2] - pxz * q[0];
        J[row + (size_t)st] = -pyz * q[0];
        J[2 * row] = -px * q[1];
        J[2 * row + (size_t)st] = -px * q[0];
        // translation
        J[3 * row] = px;
        J[3 * row + (size_t)st] = 0;
        J[4 * row] = 0;
        J[4 * row + (size_t)st] = -px;
        J[5 * row] = pxz;
        J[5 * row + (size_t)st] = pyz;
    }
    return cost;
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

// Adds (value - mean)^2 / sigma^2 to one parameter: cost, gradient and curvature.
static double prior(struct mien_fit *f, int n, int at, double value, double mean, double sigma)
{
    if (!(sigma > 0) || !isfinite(sigma) || !isfinite(mean)) {
        return 0;
    }
    const double w = 1 / (sigma * sigma), d = value - mean;
    if (at >= 0) {
        f->H[(size_t)at * (size_t)n + (size_t)at] += w;
        f->g[at] += w * d;
    }
    return w * d * d;
}

// All priors. n > 0: into H and g too.
static double prior_cost(struct mien_fit *f, const struct mien_fit_input *in,
                         const struct mien_fit_state *s, int n)
{
    double cost = 0;
    const int bs0 = 6 + (in->lock_identity ? 0 : MIEN_IDENTITY);
    for (int p = 0; p < MIEN_FIT_PRIORS; p++) {
        const struct mien_pose *want = in->pose_prior[p].pose;
        if (want) {
            float t[9], d[9], w[3];
            mien_mat3_transpose(want->R, t);
            mien_mat3_mul(s->pose.R, t, d);
            mien_mat3_log(d, w);
            for (int i = 0; i < 3; i++) {
                cost += prior(f, n, n ? i : -1, w[i], 0, in->pose_prior[p].rotation_sigma_rad);
                cost += prior(f, n, n ? 3 + i : -1, s->pose.t[i], want->t[i],
                              in->pose_prior[p].translation_sigma_mm[i]);
            }
        }
        const float *mean = in->blendshape_prior[p].mean, *sigma = in->blendshape_prior[p].sigma;
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            cost += prior(f, n, n ? bs0 + i : -1, s->blendshape[i], mean ? mean[i] : 0,
                          sigma ? sigma[i] : in->blendshape_prior[p].sigma_all);
        }
    }
    for (int i = 0; i < MIEN_IDENTITY && !in->lock_identity; i++) {
        const float all = in->identity_sigma_all > 0 ? in->identity_sigma_all : 1;
        cost += prior(f, n, n ? 6 + i : -1, s->identity[i],
                      in->identity_mean ? in->identity_mean[i] : 0,
                      in->identity_sigma ? in->identity_sigma[i] : all);
    }
    return cost;
}

// H and g at s; returns the cost.
static double linearise(struct mien_fit *f, const struct mien_fit_input *in,
                        const struct mien_fit_state *s, int n)
{
    double cost = landmark_cost(f, &in->camera, s, true);
    const int st = f->stride, first = in->lock_identity ? MIEN_IDENTITY : 0;
    shape_rows(f->a, f->shape + (size_t)first * 3 * (size_t)st, SHAPES - first, st,
               f->J + 6 * 2 * (size_t)st);
    mien_fit_normal(f->J, f->e, n, 2 * st, f->H32, f->g32);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            f->H[(size_t)i * (size_t)n + (size_t)j] = f->H32[(size_t)i * (size_t)n + (size_t)j];
        }
        f->g[i] = f->g32[i];
    }
    return cost + prior_cost(f, in, s, n);
}

// The damped step, blendshapes kept in 0…1: those that would leave are put on their bound and the
// rest is solved again.
static bool solve_step(struct mien_fit *f, const struct mien_fit_state *s, int n, double lambda)
{
    bool fixed[PARAMS_MAX] = {false};
    double value[PARAMS_MAX] = {0};
    const int bs0 = n - MIEN_BLENDSHAPES;
    for (int pass = 0; pass < BOX_PASSES; pass++) {
        memcpy(f->A, f->H, (size_t)n * (size_t)n * sizeof(double));
        for (int i = 0; i < n; i++) {
            f->step[i] = -f->g[i];
            double *d = &f->A[(size_t)i * (size_t)n + (size_t)i];
            *d += lambda * *d + 1e-6;
        }
        for (int j = bs0; j < n; j++) {
            if (!fixed[j]) {
                continue;
            }
            for (int i = 0; i < n; i++) {
                double *a = i >= j ? &f->A[(size_t)i * (size_t)n + (size_t)j]
                                   : &f->A[(size_t)j * (size_t)n + (size_t)i];
                f->step[i] -= i == j ? 0 : *a * value[j];
                *a = i == j;
            }
        }
        for (int j = bs0; j < n; j++) {
            if (fixed[j]) {
                f->step[j] = value[j];
            }
        }
        if (!mien_fit_cholesky(f->A, f->step, n)) {
            return false;
        }
        bool again = false;
        for (int j = bs0; j < n; j++) {
            const double b = s->blendshape[j - bs0];
            if (!fixed[j] && (b + f->step[j] < -1e-6 || b + f->step[j] > 1 + 1e-6)) {
                fixed[j] = again = true;
                value[j] = b + f->step[j] < 0 ? -b : 1 - b;
            }
        }
        if (!again) {
            break;
        }
    }
    return true;
}

static bool apply_step(const struct mien_fit *f, const struct mien_fit_state *s, int n,
                       struct mien_fit_state *out)
{
    const double *d = f->step;
    const double turn = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    const double k = turn > 0.6 ? 0.6 / turn : 1; // a linear step beyond this means nothing
    const float w[3] = {(float)(k * d[0]), (float)(k * d[1]), (float)(k * d[2])};
    float E[9];
    *out = *s;
    mien_mat3_exp(w, E);
    mien_mat3_mul(E, s->pose.R, out->pose.R);
    mien_mat3_orthonormalise(out->pose.R);
    for (int i = 0; i < 3; i++) {
        out->pose.t[i] += (float)(k * d[3 + i]);
    }
    out->pose.t[2] = fminf(out->pose.t[2], fmaxf(0.5f * s->pose.t[2], -1e6f)); // at most halve
    const int bs0 = n - MIEN_BLENDSHAPES;
    for (int i = 6; i < bs0; i++) {
        out->identity[i - 6] += (float)(k * d[i]);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        const float b = s->blendshape[i] + (float)(k * d[bs0 + i]);
        out->blendshape[i] = fminf(fmaxf(b, 0), 1);
    }
    return all_finite(out->pose.t, 3) && all_finite(out->identity, MIEN_IDENTITY) &&
           all_finite(out->blendshape, MIEN_BLENDSHAPES) && out->pose.t[2] < -near_mm;
}

static void report(struct mien_fit *f, const struct mien_fit_input *in, struct mien_fit_state *s,
                   float size)
{
    double sum = 0, weight = 0;
    place(f, s);
    for (int l = 0; l < f->count; l++) {
        float v[3], px[2];
        const float x[3] = {f->x[l], f->x[f->stride + l], f->x[2 * f->stride + l]};
        mien_mat3_mul_vec(s->pose.R, x, v);
        for (int i = 0; i < 3; i++) {
            v[i] += s->pose.t[i];
        }
        s->residual_px[l] = -1;
        if (!(f->trust[l] > 0) || !mien_camera_project(&in->camera, v, px)) {
            continue;
        }
        const float dx = px[0] - f->wanted[l], dy = px[1] - f->wanted[f->stride + l];
        s->residual_px[l] = hypotf(dx, dy);
        sum += (double)(f->trust[l] * (dx * dx + dy * dy));
        weight += (double)f->trust[l];
    }
    s->rms = weight > 0 ? (float)sqrt(sum / weight) / size : 0;
}

bool mien_fit_run(struct mien_fit *f, const struct mien_fit_input *in, struct mien_fit_state *state)
{
    int used = 0;
    if (!in->landmark_px || !camera_usable(&in->camera) || !all_finite(state->pose.R, 9) ||
        !all_finite(state->pose.t, 3) || !(state->pose.t[2] < -near_mm) ||
        !all_finite(state->identity, MIEN_IDENTITY) ||
        !all_finite(state->blendshape, MIEN_BLENDSHAPES)) {
        return false;
    }
    const float size = landmark_size(f, in, &used);
    if (size <= 0) {
        return false;
    }
    struct mien_fit_state s = *state, next;
    mien_mat3_orthonormalise(s.pose.R);
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        s.blendshape[i] = fminf(fmaxf(s.blendshape[i], 0), 1);
    }
    const int n = 6 + (in->lock_identity ? 0 : MIEN_IDENTITY) + MIEN_BLENDSHAPES;
    const int iterations = in->iterations > 0 ? in->iterations : 25;
    double lambda = 1e-4;
    int it = 0;
    for (; it < iterations; it++) {
        place(f, &s);
        set_trust(f, in, &s, 0.012f * size);
        const double cost = linearise(f, in, &s, n);
        if (!isfinite(cost)) {
            return false;
        }
        bool better = false;
        double now = cost;
        for (int attempt = 0; attempt < 4 && !better; attempt++) {
            if (!solve_step(f, &s, n, lambda)) {
                return false;
            }
            if (apply_step(f, &s, n, &next)) {
                place(f, &next);
                now = landmark_cost(f, &in->camera, &next, false) + prior_cost(f, in, &next, 0);
                better = now <= cost;
            }
            lambda = better ? fmax(lambda * 0.3, 1e-7) : fmin(lambda * 10, 1e3);
        }
        if (!better) {
            break;
        }
        s = next;
        if (cost - now < 1e-5 * cost) {
            it++;
            break;
        }
    }
    set_trust(f, in, &s, 0.012f * size);
    report(f, in, &s, size);
    s.used = used;
    s.iterations = it;
    *state = s;
    return true;
}

bool mien_fit_project(const struct mien_face_model *m, const struct mien_camera *c,
                      const struct mien_fit_state *s, float (*px)[2], float *depth_mm)
{
    float x[3 * MIEN_LANDMARKS_MAX];
    mien_face_model_landmarks(m, s->identity, s->blendshape, x);
    bool ok = true;
    for (int l = 0; l < m->landmarks; l++) {
        float v[3];
        mien_mat3_mul_vec(s->pose.R, x + 3 * l, v);
        for (int i = 0; i < 3; i++) {
            v[i] += s->pose.t[i];
        }
        ok = mien_camera_project(c, v, px[l]) && ok;
        if (depth_mm) {
            depth_mm[l] = -v[2];
        }
    }
    return ok;
}

// Normal equations of all pictures, Schur complements, damped steps. See bundle.h.
//
// Parameters: MIEN_BLENDSHAPES + 6 a picture (rotation left-multiplied, translation, blendshapes),
// then identity and the logarithm of the focal length.
#include "fit/bundle.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "fit/solve.h"

enum {
    FRAME = 6 + MIEN_BLENDSHAPES,
    SHARED = MIEN_IDENTITY + 1,
    LOCAL = FRAME + SHARED, // what one sight depends on
    LOCAL_ROW = (LOCAL + 1 + 3) & ~3,
    ATTEMPTS = 4,
};
static const double no_gain = 1e-5; // of the cost: a step that gains less is the last

struct saved {
    struct mien_bundle_frame *frame;
    float *at, identity[MIEN_IDENTITY], log_focal;
};

struct work {
    struct mien_bundle *b;
    mien_fit_normal normal_equations;
    int n, stride; // parameters; of a system's row
    int most;      // sights of a picture, at most, padded
    int wide;      // 2 * points, padded
    float *J;      // (LOCAL + 1, 2 * most): one picture's rows, the last one the residuals
    float *H32;    // (LOCAL + 1, LOCAL_ROW)
    float *slid;   // (n + 1, wide): columns of the slides, whitened; the last row their gradient
    float *S32;    // (n + 1, stride)
    float *placed; // (points, 3): mm, as the identity has them
    float *root;   // (points, 3): Cholesky factor of each slide's own block
    double *H, *A; // (n, stride)
    double *g, *step;
    struct saved begin, last;
};

static void carve(struct work *w, struct mien_arena *a)
{
    size_t n = (size_t)w->n, stride = (size_t)w->stride;
    w->J = mien_arena_take(a, (LOCAL + 1) * 2 * (size_t)w->most, sizeof(float));
    w->H32 = mien_arena_take(a, (LOCAL + 1) * LOCAL_ROW, sizeof(float));
    w->slid = mien_arena_take(a, (n + 1) * (size_t)w->wide, sizeof(float));
    w->S32 = mien_arena_take(a, (n + 1) * stride, sizeof(float));
    w->placed = mien_arena_take(a, 3 * (size_t)w->b->points, sizeof(float));
    w->root = mien_arena_take(a, 3 * (size_t)w->b->points, sizeof(float));
    w->H = mien_arena_take(a, (n + 2) * stride, sizeof(double));
    w->A = mien_arena_take(a, (n + 2) * stride, sizeof(double));
    w->g = mien_arena_take(a, stride, sizeof(double));
    w->step = mien_arena_take(a, stride, sizeof(double));
    struct saved *both[2] = {&w->begin, &w->last};
    for (int i = 0; i < 2; i++) {
        both[i]->frame = mien_arena_take(a, (size_t)w->b->frames, sizeof(struct mien_bundle_frame));
        both[i]->at = mien_arena_take(a, (size_t)w->b->points, 2 * sizeof(float));
    }
}

// most: sights of a picture, at most.
static bool make_work(struct work *w, struct mien_bundle *b, int most)
{
    *w = (struct work){.b = b, .most = most, .normal_equations = mien_fit_normal_choose()};
    w->n = b->frames * FRAME + SHARED;
    w->stride = (w->n + 1 + 3) & ~3;
    w->most = (w->most + 3) & ~3; // two rows a sight
    w->wide = (2 * b->points + 7) & ~7;
    struct mien_arena need = {0};
    carve(w, &need);
    if (need.used > b->room.size) {
        mien_arena_destroy(&b->room);
        if (!mien_arena_init(&b->room, need.used)) {
            return false;
        }
    }
    b->room.used = 0;
    memset(b->room.base, 0, need.used);
    carve(w, &b->room);
    return true;
}

// All points in the head frame as the identity has them, without expression and slide.
static void place_all(struct work *w)
{
    const struct mien_bundle *b = w->b;
    for (int p = 0; p < b->points; p++) {
        float *x = w->placed + 3 * p;
        const float *v = b->point[p].shape;
        memcpy(x, b->point[p].mean, 3 * sizeof(float));
        for (int k = 0; k < MIEN_IDENTITY; k++, v += 3) {
            for (int c = 0; c < 3; c++) {
                x[c] += b->identity[k] * v[c];
            }
        }
    }
}

// One of them with expression and slide.
static void place(const struct mien_bundle_point *p, const float placed[3], const float *blendshape,
                  float x[3])
{
    memcpy(x, placed, 3 * sizeof(float));
    const float *v = p->shape + 3 * MIEN_IDENTITY;
    for (int k = 0; k < MIEN_BLENDSHAPES; k++, v += 3) {
        for (int c = 0; blendshape[k] != 0 && c < 3; c++) {
            x[c] += blendshape[k] * v[c];
        }
    }
    for (int k = 0; k < 2; k++) {
        for (int c = 0; c < 3; c++) {
            x[c] += p->at[k] * p->slide[k][c];
        }
    }
}

struct seen {
    float q[3], X[3]; // turned; in the camera's frame
    float e[2], f;    // residual, px; focal length
    float root[3];    // of the sight's weight times rho': upper factor U, U'U
    double cost;
};

// After place_all. False when the point is behind the camera.
static bool look(const struct work *w, const struct mien_bundle_sight *s, struct seen *o)
{
    const struct mien_bundle *b = w->b;
    const struct mien_bundle_frame *f = &b->frame[s->frame];
    float x[3];
    place(&b->point[s->point], w->placed + 3 * s->point, f->blendshape, x);
    mien_mat3_mul_vec(f->pose.R, x, o->q);
    for (int c = 0; c < 3; c++) {
        o->X[c] = o->q[c] + f->pose.t[c];
    }
    if (!(o->X[2] < -1)) {
        return false;
    }
    o->f = f->camera.f_px * expf(b->log_focal);
    float k = o->f / -o->X[2];
    o->e[0] = f->camera.cx_px + k * o->X[0] - s->px[0];
    o->e[1] = f->camera.cy_px - k * o->X[1] - s->px[1];
    const float *W = s->weight, *e = o->e;
    float r = fmaxf(0, e[0] * e[0] * W[0] + 2 * e[0] * e[1] * W[1] + e[1] * e[1] * W[2]);
    o->cost = 18 * (sqrt(1 + (double)r / 9) - 1);
    float rho = 1 / sqrtf(1 + r / 9);
    o->root[0] = sqrtf(fmaxf(1e-12f, rho * W[0]));
    o->root[1] = rho * W[1] / o->root[0];
    o->root[2] = sqrtf(fmaxf(0, rho * W[2] - o->root[1] * o->root[1]));
    return isfinite(r);
}

static double prior(double value, double mean, double sigma, double *H, double *g)
{
    double w = 1 / (sigma * sigma), d = value - mean;
    if (H) {
        *H += w;
        *g += w * d;
    }
    return w * d * d;
}

// All priors but the slides'; `build`: into H and g too.
static double prior_cost(const struct work *w, bool build)
{
    const struct mien_bundle *b = w->b;
    double cost = 0;
    size_t step = (size_t)w->stride + 1;
    for (int f = 0; f < b->frames; f++) {
        const struct mien_bundle_frame *k = &b->frame[f];
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            int at = f * FRAME + 6 + i;
            cost += prior((double)k->blendshape[i], (double)k->blendshape_mean[i],
                          (double)k->blendshape_sigma[i], build ? &w->H[(size_t)at * step] : NULL,
                          build ? &w->g[at] : NULL);
        }
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        int at = b->frames * FRAME + i;
        cost +=
            prior((double)b->identity[i], (double)b->identity_mean[i], (double)b->identity_sigma[i],
                  build ? &w->H[(size_t)at * step] : NULL, build ? &w->g[at] : NULL);
    }
    if (b->size_sigma > 0) {
        double off = -(double)b->size_mean, k = 1 / ((double)b->size_sigma * (double)b->size_sigma);
        for (int i = 0; i < MIEN_IDENTITY; i++) {
            off += (double)(b->size[i] * b->identity[i]);
        }
        cost += k * off * off;
        for (int i = 0; build && i < MIEN_IDENTITY; i++) {
            int at = b->frames * FRAME + i;
            w->g[at] += k * off * (double)b->size[i];
            for (int j = i; j < MIEN_IDENTITY; j++) {
                w->H[(size_t)at * (size_t)w->stride + (size_t)(at - i + j)] +=
                    k * (double)b->size[i] * (double)b->size[j];
            }
        }
    }
    if (b->log_focal_sigma > 0) {
        int at = w->n - 1;
        cost += prior((double)b->log_focal, 0, (double)b->log_focal_sigma,
                      build ? &w->H[(size_t)at * step] : NULL, build ? &w->g[at] : NULL);
    }
    return cost;
}

// Infinite when a point is behind the camera.
static double whole_cost(struct work *w)
{
    const struct mien_bundle *b = w->b;
    double cost = prior_cost(w, false);
    place_all(w);
    for (int s = 0; s < b->sights; s++) {
        struct seen o;
        if (!look(w, &b->sight[s], &o)) {
            return HUGE_VAL;
        }
        cost += o.cost;
    }
    for (int p = 0; p < b->points; p++) {
        const struct mien_bundle_point *k = &b->point[p];
        for (int i = 0; i < 2; i++) {
            cost += prior((double)k->at[i], 0, (double)k->slide_sigma, NULL, NULL);
        }
    }
    return cost;
}

// Two rows of a sight's Jacobian, column `at` of J and the next; its slide's columns T (2,2). The
// derivatives by the head's coordinates are P R, P the projection's.
static void sight_rows(struct work *w, const struct mien_bundle_sight *s, const struct seen *o,
                       int at, float T[4])
{
    const struct mien_bundle *b = w->b;
    const struct mien_bundle_point *p = &b->point[s->point];
    const struct mien_pose *pose = &b->frame[s->frame].pose;
    const float iz = 1 / -o->X[2], k = o->f * iz;
    const float P[2][3] = {{k, 0, k * o->X[0] * iz}, {0, -k, -k * o->X[1] * iz}};
    float Q[2][3], A[2][3]; // whitened: by the camera's coordinates, by the head's
    for (int c = 0; c < 3; c++) {
        Q[0][c] = o->root[0] * P[0][c] + o->root[1] * P[1][c];
        Q[1][c] = o->root[2] * P[1][c];
    }
    for (int r = 0; r < 2; r++) {
        for (int c = 0; c < 3; c++) {
            A[r][c] = Q[r][0] * pose->R[c] + Q[r][1] * pose->R[3 + c] + Q[r][2] * pose->R[6 + c];
        }
    }
    size_t row = 2 * (size_t)w->most;
    const float e[2] = {o->root[0] * o->e[0] + o->root[1] * o->e[1], o->root[2] * o->e[1]};
    const float px[2] = {k * o->X[0], -k * o->X[1]};
    for (int r = 0; r < 2; r++) {
        float *J = w->J + at + r;
        const float *q = o->q, *d = Q[r], *a = A[r], *v = p->shape;
        J[0] = d[2] * q[1] - d[1] * q[2];
        J[row] = d[0] * q[2] - d[2] * q[0];
        J[2 * row] = d[1] * q[0] - d[0] * q[1];
        for (int c = 0; c < 3; c++) {
            J[(size_t)(3 + c) * row] = d[c];
        }
        for (int i = 0; i < MIEN_IDENTITY; i++, v += 3) {
            J[(size_t)(FRAME + i) * row] = a[0] * v[0] + a[1] * v[1] + a[2] * v[2];
        }
        for (int i = 0; i < MIEN_BLENDSHAPES; i++, v += 3) {
            J[(size_t)(6 + i) * row] = a[0] * v[0] + a[1] * v[1] + a[2] * v[2];
        }
        float focal = r ? o->root[2] * px[1] : o->root[0] * px[0] + o->root[1] * px[1];
        J[(size_t)(LOCAL - 1) * row] = b->log_focal_sigma > 0 ? focal : 0;
        J[(size_t)LOCAL * row] = e[r];
        for (int i = 0; i < 2; i++) {
            const float *t = p->slide[i];
            T[2 * r + i] = a[0] * t[0] + a[1] * t[1] + a[2] * t[2];
        }
    }
}

// Where the local parameter i of a picture is among all; LOCAL: the gradient's row.
static int global_of(const struct work *w, int frame, int i)
{
    return i < FRAME ? frame * FRAME + i : i < LOCAL ? w->b->frames * FRAME + i - FRAME : w->n;
}

static void add_picture(struct work *w, int f, int count)
{
    w->normal_equations(w->J, LOCAL + 1, 2 * w->most, w->H32, LOCAL_ROW);
    (void)count;
    for (int i = 0; i < LOCAL; i++) {
        double *to = w->H + (size_t)global_of(w, f, i) * (size_t)w->stride;
        for (int j = i; j < LOCAL; j++) {
            to[global_of(w, f, j)] += (double)w->H32[i * LOCAL_ROW + j];
        }
        w->g[global_of(w, f, i)] += (double)w->H32[i * LOCAL_ROW + LOCAL];
    }
}

// The slides' blocks, factored, and their columns whitened by them: their outer product is what
// eliminating them takes off the rest.
static void eliminate_slides(struct work *w)
{
    const struct mien_bundle *b = w->b;
    for (int p = 0; p < b->points; p++) {
        const struct mien_bundle_point *k = &b->point[p];
        float *L = w->root + 3 * p, own = 1 / (k->slide_sigma * k->slide_sigma);
        float *g = w->slid + (size_t)w->n * (size_t)w->wide + 2 * p;
        g[0] += own * k->at[0];
        g[1] += own * k->at[1];
        L[0] = sqrtf(L[0] + own);
        L[1] /= L[0];
        L[2] = sqrtf(fmaxf(own, L[2] + own - L[1] * L[1]));
    }
    for (int i = 0; i <= w->n; i++) {
        float *c = w->slid + (size_t)i * (size_t)w->wide;
        for (int p = 0; p < b->points; p++, c += 2) {
            const float *L = w->root + 3 * p;
            c[0] /= L[0];
            c[1] = (c[1] - L[1] * c[0]) / L[2];
        }
    }
    w->normal_equations(w->slid, w->n + 1, w->wide, w->S32, w->stride);
    for (int i = 0; i < w->n; i++) {
        const float *from = w->S32 + (size_t)i * (size_t)w->stride;
        double *to = w->H + (size_t)i * (size_t)w->stride;
        for (int j = i; j < w->n; j++) {
            to[j] -= (double)from[j];
        }
        w->g[i] -= (double)from[w->n];
    }
}

// H and g at the present state. False when a point is behind the camera.
static bool linearise(struct work *w)
{
    const struct mien_bundle *b = w->b;
    size_t row = 2 * (size_t)w->most;
    memset(w->H, 0, (size_t)w->n * (size_t)w->stride * sizeof(double));
    memset(w->g, 0, (size_t)w->stride * sizeof(double));
    memset(w->slid, 0, (size_t)(w->n + 1) * (size_t)w->wide * sizeof(float));
    memset(w->root, 0, 3 * (size_t)b->points * sizeof(float));
    place_all(w);
    for (int f = 0; f < b->frames; f++) {
        int count = 0;
        memset(w->J, 0, (LOCAL + 1) * row * sizeof(float));
        for (int s = 0; s < b->sights; s++) {
            struct seen o;
            float T[4];
            if (b->sight[s].frame != f) {
                continue;
            }
            if (!look(w, &b->sight[s], &o)) {
                return false;
            }
            int at = 2 * count++, p = b->sight[s].point;
            sight_rows(w, &b->sight[s], &o, at, T);
            for (int i = 0; i <= LOCAL; i++) {
                const float *J = w->J + (size_t)i * row + at;
                float *c = w->slid + (size_t)global_of(w, f, i) * (size_t)w->wide + 2 * p;
                c[0] += J[0] * T[0] + J[1] * T[2];
                c[1] += J[0] * T[1] + J[1] * T[3];
            }
            float *L = w->root + 3 * p;
            L[0] += T[0] * T[0] + T[2] * T[2];
            L[1] += T[0] * T[1] + T[2] * T[3];
            L[2] += T[1] * T[1] + T[3] * T[3];
        }
        add_picture(w, f, count);
    }
    eliminate_slides(w);
    prior_cost(w, true);
    return true;
}

// A blendshape on its bound that wants to leave 0…1 stays, as does a focal length that is known.
static void hold_bounds(struct work *w)
{
    const struct mien_bundle *b = w->b;
    for (int i = 0; i < w->n; i++) {
        bool held = i == w->n - 1 && !(b->log_focal_sigma > 0);
        int k = i % FRAME - 6;
        if (i < b->frames * FRAME && k >= 0) {
            float v = b->frame[i / FRAME].blendshape[k];
            held = (!(v > 0) && w->g[i] > 0) || (!(v < 1) && w->g[i] < 0);
        }
        if (held) {
            for (int j = 0; j < w->n; j++) {
                w->H[(size_t)(j < i ? j : i) * (size_t)w->stride + (size_t)(j < i ? i : j)] = 0;
            }
            w->H[(size_t)i * ((size_t)w->stride + 1)] = 1;
            w->g[i] = 0;
        }
    }
}

// The damped step. With lambda 0, what is left in A of the shared parameters is the inverse of
// their covariance.
static bool solve(struct work *w, double lambda, int first)
{
    memcpy(w->A, w->H, (size_t)w->n * (size_t)w->stride * sizeof(double));
    for (int i = 0; i < w->n; i++) {
        double *d = &w->A[(size_t)i * ((size_t)w->stride + 1)];
        *d += lambda * *d + 1e-9;
        w->step[i] = -w->g[i];
    }
    return mien_fit_eliminate(w->A, w->step, w->n, w->stride, first);
}

static void keep(const struct mien_bundle *b, struct saved *s)
{
    memcpy(s->frame, b->frame, (size_t)b->frames * sizeof(*b->frame));
    for (int p = 0; p < b->points; p++) {
        memcpy(s->at + 2 * p, b->point[p].at, sizeof(b->point[p].at));
    }
    memcpy(s->identity, b->identity, sizeof(s->identity));
    s->log_focal = b->log_focal;
}

static void restore(struct mien_bundle *b, const struct saved *s)
{
    memcpy(b->frame, s->frame, (size_t)b->frames * sizeof(*b->frame));
    for (int p = 0; p < b->points; p++) {
        memcpy(b->point[p].at, s->at + 2 * p, sizeof(b->point[p].at));
    }
    memcpy(b->identity, s->identity, sizeof(s->identity));
    b->log_focal = s->log_focal;
}

// Takes w->step, and with it the slides' that follows from it.
static void apply(struct work *w)
{
    struct mien_bundle *b = w->b;
    const double *d = w->step;
    for (int p = 0; p < b->points; p++) {
        const float *L = w->root + 3 * p;
        const float *c = w->slid + 2 * p;
        double y[2] = {(double)c[(size_t)w->n * (size_t)w->wide],
                       (double)c[(size_t)w->n * (size_t)w->wide + 1]};
        for (int i = 0; i < w->n; i++) {
            y[0] += (double)c[(size_t)i * (size_t)w->wide] * d[i];
            y[1] += (double)c[(size_t)i * (size_t)w->wide + 1] * d[i];
        }
        double v = -y[1] / (double)L[2], u = (-y[0] - (double)L[1] * v) / (double)L[0];
        b->point[p].at[0] += (float)u;
        b->point[p].at[1] += (float)v;
    }
    for (int f = 0; f < b->frames; f++, d += FRAME) {
        struct mien_bundle_frame *k = &b->frame[f];
        float turn[3] = {(float)d[0], (float)d[1], (float)d[2]}, D[9], R[9];
        mien_mat3_exp(turn, D);
        mien_mat3_mul(D, k->pose.R, R);
        memcpy(k->pose.R, R, sizeof(R));
        mien_mat3_orthonormalise(k->pose.R);
        for (int i = 0; i < 3; i++) {
            k->pose.t[i] += (float)d[3 + i];
        }
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            k->blendshape[i] = fminf(1, fmaxf(0, k->blendshape[i] + (float)d[6 + i]));
        }
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        b->identity[i] += (float)d[i];
    }
    b->log_focal += (float)d[MIEN_IDENTITY];
}

// The identity's deviations: diagonal of the inverse of what is left when all else is eliminated.
// That is S; eliminating its unknowns from (S I; I' 0) leaves the inverse, negative, in the last
// block.
static bool find_sigma(struct work *w)
{
    enum { BOTH = SHARED + MIEN_IDENTITY, STRIDE = (BOTH + 3) & ~3 };
    double S[(BOTH + 1) * STRIDE], e[BOTH + 1];
    int first = w->n - SHARED;
    if (!linearise(w)) {
        return false;
    }
    hold_bounds(w);
    if (!solve(w, 0, first)) {
        return false;
    }
    memset(S, 0, sizeof(S));
    for (int i = 0; i < SHARED; i++) {
        memcpy(S + (size_t)i * STRIDE + i,
               w->A + (size_t)(first + i) * (size_t)w->stride + first + i,
               (size_t)(SHARED - i) * sizeof(double));
    }
    memset(e, 0, sizeof(e));
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        S[(size_t)i * STRIDE + SHARED + i] = 1;
    }
    if (!mien_fit_eliminate(S, e, BOTH, STRIDE, SHARED)) {
        return false;
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        w->b->sigma[i] = (float)sqrt(fmax(0, -S[(size_t)(SHARED + i) * (STRIDE + 1)]));
    }
    return true;
}

static bool steps(struct work *w, int iterations)
{
    struct mien_bundle *b = w->b;
    double lambda = 1e-4;
    b->cost = whole_cost(w);
    b->iterations = 0;
    if (!isfinite(b->cost)) {
        return false;
    }
    while (b->iterations < iterations) {
        if (!linearise(w)) {
            return false;
        }
        hold_bounds(w);
        keep(b, &w->last);
        double cost = HUGE_VAL;
        for (int attempt = 0; attempt < ATTEMPTS && !(cost <= b->cost); attempt++) {
            if (!solve(w, lambda, w->n)) {
                return false;
            }
            mien_fit_substitute(w->A, w->step, w->n, w->stride, w->n);
            apply(w);
            cost = whole_cost(w);
            bool better = cost <= b->cost;
            lambda = better ? fmax(0.3 * lambda, 1e-7) : fmin(10 * lambda, 1e3);
            if (!better) {
                restore(b, &w->last);
            }
        }
        if (!(cost <= b->cost)) {
            break;
        }
        double gain = b->cost - cost;
        b->cost = cost;
        b->iterations++;
        if (gain < no_gain * cost) {
            break;
        }
    }
    return b->rough || find_sigma(w);
}

bool mien_bundle_reserve(struct mien_bundle *b)
{
    struct work w;
    return make_work(&w, b, b->sights);
}

static int most_sights(const struct mien_bundle *b)
{
    int most = 0;
    for (int f = 0; f < b->frames; f++) {
        int count = 0;
        for (int s = 0; s < b->sights; s++) {
            count += b->sight[s].frame == f;
        }
        most = count > most ? count : most;
    }
    return most;
}

bool mien_bundle_solve(struct mien_bundle *b, int iterations)
{
    struct work w;
    if (b->frames <= 0 || b->points <= 0 || b->sights <= 0 || !make_work(&w, b, most_sights(b))) {
        return false;
    }
    keep(b, &w.begin);
    bool ok = steps(&w, iterations);
    if (!ok) {
        restore(b, &w.begin);
    }
    return ok;
}

void mien_bundle_destroy(struct mien_bundle *b)
{
    mien_arena_destroy(&b->room);
}

// Levenberg-Marquardt fit of the morphable model to landmarks. See fit.h for what is minimised.
//
// Parameters of a step: 3 rotation (left-multiplied, radians, camera axes), 3 translation (mm),
// MIEN_IDENTITY unless locked, MIEN_BLENDSHAPES. Landmark shapes are kept coordinate by coordinate
// so that every inner loop runs over landmarks.
#include "fit/fit.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "fit/points.h"
#include "fit/solve.h"

enum {
    SHAPES = MIEN_IDENTITY + MIEN_BLENDSHAPES,
    PARAMS_MAX = 6 + SHAPES,
    ROW = (PARAMS_MAX + 1 + 3) & ~3, // of a system and its right side, at most: fit/solve.h
    LANDMARKS_MIN = 6,
    BOX_PASSES = 4,
};
static const float near_mm = 50; // nothing is fitted nearer to the camera
// The cost is a sum of single-precision residuals: two evaluations at nearly one place differ by up
// to 4e-6 of it (webcam pictures). Less than this does not refuse a step.
static const double cost_noise = 5e-6;

struct mien_fit {
    const struct mien_face_model *m;
    mien_fit_normal normal_equations;
    int count, stride; // landmarks; padded to whole vectors
    float *shape;      // (SHAPES,3,stride)
    float *mean;       // (3,stride)
    float *normal;     // (3,stride): which way a landmark faces, head frame
    float *held;       // (3,stride): mean and identity, where the identity is locked
    float *x;          // (3,stride): landmarks in the head frame
    float *a;          // (6,stride): d(residual)/d(head position), rows of x then of y
    float *J;          // (PARAMS_MAX + 1, 2*stride): the last row is the residuals
    float *given;      // (stride): the landmark's weight / sigma^2, 0 = unknown
    float *trust;      // (stride): given, less for what the pose hides; before the robust part
    float *wanted;     // (2,stride)
    float *H32;        // J J^T
    double *H, *g;     // normal equations, rows of `ROW`
    double *A, *B;     // the same with damping; what is left of them for the free blendshapes
    double *step, *rest;
    struct mien_arena arena;
};

static void carve(struct mien_fit *f)
{
    struct mien_arena *a = &f->arena;
    const size_t s = (size_t)f->stride;
    f->shape = mien_arena_take(a, SHAPES * 3 * s, sizeof(float));
    f->mean = mien_arena_take(a, 3 * s, sizeof(float));
    f->normal = mien_arena_take(a, 3 * s, sizeof(float));
    f->held = mien_arena_take(a, 3 * s, sizeof(float));
    f->x = mien_arena_take(a, 3 * s, sizeof(float));
    f->a = mien_arena_take(a, 6 * s, sizeof(float));
    f->J = mien_arena_take(a, (PARAMS_MAX + 1) * 2 * s, sizeof(float));
    f->given = mien_arena_take(a, s, sizeof(float));
    f->trust = mien_arena_take(a, s, sizeof(float));
    f->wanted = mien_arena_take(a, 2 * s, sizeof(float));
    f->H32 = mien_arena_take(a, (PARAMS_MAX + 1) * ROW, sizeof(float));
    f->H = mien_arena_take(a, (PARAMS_MAX + 1) * ROW, sizeof(double));
    f->A = mien_arena_take(a, (PARAMS_MAX + 1) * ROW, sizeof(double));
    f->B = mien_arena_take(a, (PARAMS_MAX + 1) * ROW, sizeof(double));
    f->g = mien_arena_take(a, ROW, sizeof(double));
    f->step = mien_arena_take(a, ROW, sizeof(double));
    f->rest = mien_arena_take(a, ROW, sizeof(double));
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
    float *surface = mien_calloc(MIEN_NORMAL_ROOM * (size_t)m->vertices, sizeof *surface);
    if (!f || !surface) {
        goto fail;
    }
    f->m = m;
    f->normal_equations = mien_fit_normal_choose();
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

static bool is_usable_camera(const struct mien_camera *c)
{
    return isfinite(c->f_px) && c->f_px > 1 && isfinite(c->cx_px) && isfinite(c->cy_px);
}

static bool are_all_finite(const float *v, int n)
{
    for (int i = 0; i < n; i++) {
        if (!isfinite(v[i])) {
            return false;
        }
    }
    return true;
}

static bool is_usable(const struct mien_fit_input *in, int l)
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
        if (!is_usable(in, l)) {
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
    if (!in->landmark_px || !is_usable_camera(&in->camera) || landmark_size(f, in, &used) <= 0) {
        return false;
    }
    // Affine least squares (x,y) = B (X,Y,Z,1): normal equations shared by both rows.
    double N[16] = {0}, N2[16], b[2][4] = {{0}};
    for (int l = 0; l < f->count; l++) {
        if (!is_usable(in, l)) {
            continue;
        }
        const double v[4] = {f->mean[l], f->mean[f->stride + l], f->mean[2 * f->stride + l], 1};
        for (int i = 0; i < 4; i++) {
            for (int j = i; j < 4; j++) {
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
    if (!mien_fit_cholesky(N, b[0], 4, 4) || !mien_fit_cholesky(N2, b[1], 4, 4)) {
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
    return are_all_finite(s->pose.R, 9) && are_all_finite(s->pose.t, 3);
}

// mean + identity, for a fit that leaves the identity as it is
static void hold(struct mien_fit *f, const struct mien_fit_state *s)
{
    const int n = 3 * f->stride;
    memcpy(f->held, f->mean, (size_t)n * sizeof(float));
    mien_fit_add_shapes(f->held, f->shape, s->identity, MIEN_IDENTITY, n);
}

static void place(struct mien_fit *f, const struct mien_fit_state *s, bool held)
{
    const int n = 3 * f->stride;
    memcpy(f->x, held ? f->held : f->mean, (size_t)n * sizeof(float));
    if (!held) {
        mien_fit_add_shapes(f->x, f->shape, s->identity, MIEN_IDENTITY, n);
    }
    mien_fit_add_shapes(f->x, f->shape + (size_t)MIEN_IDENTITY * (size_t)n, s->blendshape,
                        MIEN_BLENDSHAPES, n);
}

// What is known of each landmark: its place and 1/sigma^2 times the model's trust in it.
static void set_given(struct mien_fit *f, const struct mien_fit_input *in, float default_sigma)
{
    for (int l = 0; l < f->count; l++) {
        const bool known = is_usable(in, l);
        const float sigma = in->sigma_px ? in->sigma_px[l] : default_sigma;
        f->given[l] = known ? f->m->landmark[l].fit_weight / (sigma * sigma) : 0;
        f->wanted[l] = known ? in->landmark_px[l][0] : 0;
        f->wanted[f->stride + l] = known ? in->landmark_px[l][1] : 0;
    }
}

static void set_trust(struct mien_fit *f, const struct mien_fit_state *s)
{
    const float *R = s->pose.R, *t = s->pose.t;
    const float dist = sqrtf(t[0] * t[0] + t[1] * t[1] + t[2] * t[2]);
    float v[3];
    for (int i = 0; i < 3; i++) {
        v[i] = -(R[i] * t[0] + R[3 + i] * t[1] + R[6 + i] * t[2]) / dist;
    }
    mien_fit_weigh(f->given, f->normal, v, f->stride, f->trust);
}

// Adds (value - mean)^2 / sigma^2 to one parameter: cost, gradient and curvature.
static double prior(struct mien_fit *f, int at, double value, double mean, double sigma)
{
    if (!(sigma > 0) || !isfinite(sigma) || !isfinite(mean)) {
        return 0;
    }
    const double w = 1 / (sigma * sigma), d = value - mean;
    if (at >= 0) {
        f->H[(size_t)at * (ROW + 1)] += w;
        f->g[at] += w * d;
    }
    return w * d * d;
}

// All priors; `build`: into H and g too.
static double prior_cost(struct mien_fit *f, const struct mien_fit_input *in,
                         const struct mien_fit_state *s, bool build)
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
                cost += prior(f, build ? i : -1, w[i], 0, in->pose_prior[p].rotation_sigma_rad);
                cost += prior(f, build ? 3 + i : -1, s->pose.t[i], want->t[i],
                              in->pose_prior[p].translation_sigma_mm[i]);
            }
        }
        const float *mean = in->blendshape_prior[p].mean, *sigma = in->blendshape_prior[p].sigma;
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            cost += prior(f, build ? bs0 + i : -1, s->blendshape[i], mean ? mean[i] : 0,
                          sigma ? sigma[i] : in->blendshape_prior[p].sigma_all);
        }
    }
    for (int i = 0; i < MIEN_IDENTITY && !in->lock_identity; i++) {
        const float all = in->identity_sigma_all > 0 ? in->identity_sigma_all : 1;
        cost += prior(f, build ? 6 + i : -1, s->identity[i],
                      in->identity_mean ? in->identity_mean[i] : 0,
                      in->identity_sigma ? in->identity_sigma[i] : all);
    }
    return cost;
}

// H and g at s, whose landmarks are placed; returns the cost.
static double linearise(struct mien_fit *f, const struct mien_fit_input *in,
                        const struct mien_fit_state *s, int n)
{
    const int st = f->stride, first = in->lock_identity ? MIEN_IDENTITY : 0;
    const size_t row = 2 * (size_t)st;
    const double cost = mien_fit_cost(f->x, f->wanted, f->trust, st, &in->camera, &s->pose);
    mien_fit_pose_rows(f->x, f->wanted, f->trust, st, &in->camera, &s->pose, f->J,
                       f->J + (size_t)n * row, f->a);
    mien_fit_shape_rows(f->a, f->shape + (size_t)first * 3 * (size_t)st, SHAPES - first, st,
                        f->J + 6 * row);
    f->normal_equations(f->J, n + 1, 2 * st, f->H32, ROW);
    for (int i = 0; i < n; i++) {
        const float *from = f->H32 + (size_t)i * ROW;
        double *to = f->H + (size_t)i * ROW;
        for (int j = i; j < n; j++) {
            to[j] = from[j];
        }
        f->g[i] = from[n];
    }
    return cost + prior_cost(f, in, s, true);
}

// The damped step, blendshapes kept in 0…1: those that would leave are put on their bound and the
// rest is solved again. Pose and identity are eliminated first: that is the same whatever bounds
// hold the blendshapes, which come last.
static bool solve_step(struct mien_fit *f, const struct mien_fit_state *s, int n, double lambda)
{
    bool fixed[MIEN_BLENDSHAPES] = {false};
    const int bs0 = n - MIEN_BLENDSHAPES;
    for (int i = 0; i < n; i++) {
        const size_t at = (size_t)i * ROW + (size_t)(i & ~3); // all that eliminating touches
        memcpy(f->A + at, f->H + at, (size_t)(((n + 3) & ~3) - (i & ~3)) * sizeof(double));
        f->step[i] = -f->g[i];
        double *d = &f->A[(size_t)i * (ROW + 1)];
        *d += lambda * *d + 1e-6;
    }
    if (!mien_fit_eliminate(f->A, f->step, n, ROW, bs0)) {
        return false;
    }
    double right[MIEN_BLENDSHAPES], *value = f->step + bs0;
    memcpy(right, value, sizeof right);
    for (int pass = 0; pass < BOX_PASSES; pass++) {
        int free[MIEN_BLENDSHAPES], count = 0;
        for (int j = 0; j < MIEN_BLENDSHAPES; j++) {
            if (!fixed[j]) {
                free[count++] = j;
            }
        }
        const int stride = (count + 3) & ~3;
        for (int i = 0; i < count; i++) {
            const double *from = f->A + (size_t)(bs0 + free[i]) * ROW + bs0;
            double *to = f->B + (size_t)i * (size_t)stride;
            memset(to + (i & ~3), 0, (size_t)(stride - (i & ~3)) * sizeof(double));
            for (int j = i; j < count; j++) {
                to[j] = from[free[j]];
            }
            f->rest[i] = right[free[i]];
        }
        for (int k = 0; k < MIEN_BLENDSHAPES; k++) { // what the fixed ones do to the others
            for (int i = 0; i < count && fixed[k]; i++) {
                const int lo = free[i] < k ? free[i] : k, hi = free[i] < k ? k : free[i];
                f->rest[i] -= f->A[(size_t)(bs0 + lo) * ROW + (size_t)(bs0 + hi)] * value[k];
            }
        }
        if (!mien_fit_cholesky(f->B, f->rest, count, stride)) {
            return false;
        }
        bool again = false;
        for (int i = 0; i < count; i++) {
            const int j = free[i];
            const double b = s->blendshape[j];
            value[j] = f->rest[i];
            if (b + value[j] < -1e-6 || b + value[j] > 1 + 1e-6) {
                fixed[j] = again = true;
                if (pass + 1 < BOX_PASSES) {
                    value[j] = b + value[j] < 0 ? -b : 1 - b;
                }
            }
        }
        if (!again) {
            break;
        }
    }
    mien_fit_substitute(f->A, f->step, n, ROW, bs0);
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
    return are_all_finite(out->pose.t, 3) && are_all_finite(out->identity, MIEN_IDENTITY) &&
           are_all_finite(out->blendshape, MIEN_BLENDSHAPES) && out->pose.t[2] < -near_mm;
}

// f->x: the landmarks of s
static void report(struct mien_fit *f, const struct mien_fit_input *in, struct mien_fit_state *s,
                   float size)
{
    double sum = 0, weight = 0;
    const int st = f->stride;
    const float *R = s->pose.R, *t = s->pose.t;
    for (int l = 0; l < f->count; l++) {
        float px[2];
        const float x = f->x[l], y = f->x[st + l], z = f->x[2 * st + l];
        const float v[3] = {R[0] * x + R[1] * y + R[2] * z + t[0],
                            R[3] * x + R[4] * y + R[5] * z + t[1],
                            R[6] * x + R[7] * y + R[8] * z + t[2]};
        s->residual_px[l] = -1;
        if (!(f->trust[l] > 0) || !mien_camera_project(&in->camera, v, px)) {
            continue;
        }
        const float dx = px[0] - f->wanted[l], dy = px[1] - f->wanted[st + l];
        const float square = dx * dx + dy * dy;
        s->residual_px[l] = sqrtf(square);
        sum += (double)(f->trust[l] * square);
        weight += (double)f->trust[l];
    }
    s->rms = weight > 0 ? (float)sqrt(sum / weight) / size : 0;
}

bool mien_fit_run(struct mien_fit *f, const struct mien_fit_input *in, struct mien_fit_state *state)
{
    int used = 0;
    if (!in->landmark_px || !is_usable_camera(&in->camera) || !are_all_finite(state->pose.R, 9) ||
        !are_all_finite(state->pose.t, 3) || !(state->pose.t[2] < -near_mm) ||
        !are_all_finite(state->identity, MIEN_IDENTITY) ||
        !are_all_finite(state->blendshape, MIEN_BLENDSHAPES)) {
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
    const bool held = in->lock_identity;
    if (held) {
        hold(f, &s);
    }
    set_given(f, in, 0.012f * size);
    place(f, &s, held);
    double lambda = 1e-4, before = 0;
    int it = 0;
    for (; it < iterations; it++) {
        set_trust(f, &s);
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
                place(f, &next, held);
                now = mien_fit_cost(f->x, f->wanted, f->trust, f->stride, &in->camera, &next.pose) +
                      prior_cost(f, in, &next, false);
                better = now <= cost * (1 + cost_noise);
            }
            lambda = better ? fmax(lambda * 0.3, 1e-7) : fmin(lambda * 10, 1e3);
        }
        if (!better) {
            place(f, &s, held);
            break;
        }
        s = next;
        // Near the minimum each step gains less than the last by about the same factor: when the
        // next one would gain nothing, its equations need not be set up.
        const double gain = cost - now;
        if (gain < 1e-5 * cost || gain * gain < 1e-7 * before * cost) {
            it++;
            break;
        }
        before = gain;
    }
    set_trust(f, &s);
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

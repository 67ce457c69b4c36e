// Rows of fit/, face/model and engine/follow: what is done to every landmark, vertex and pixel of a
// face. The reference is the same source compiled for plain x86-64 (plain_…), see the Makefile.
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/follow.h"
#include "face/model.h"
#include "fit/points.h"
#include "fit/solve.h"

bool plain_mien_fit_cholesky(double *A, double *b, int n, int stride);
void plain_mien_fit_add_shapes(float *x, const float *shape, const float *w, int terms, int n);
void plain_mien_fit_weigh(const float *given, const float *normal, const float v[3], int st,
                          float *trust);
double plain_mien_fit_cost(const float *x, const float *wanted, const float *trust, int st,
                           const struct mien_camera *c, const struct mien_pose *p);
void plain_mien_fit_pose_rows(const float *x, const float *wanted, const float *trust, int st,
                              const struct mien_camera *c, const struct mien_pose *p, float *J,
                              float *e, float *a);
void plain_mien_fit_shape_rows(const float *a, const float *shape, int terms, int st, float *J);
void plain_mien_face_model_vertices(const struct mien_face_model *m, const float *identity,
                                    const float *blendshape, float *out);
void plain_mien_face_model_landmarks(const struct mien_face_model *m, const float *identity,
                                     const float *blendshape, float *out);
void plain_mien_face_model_normals(const struct mien_face_model *m, const float *vertices,
                                   float *out);
void plain_mien_follow_remember(struct mien_follow *f, const struct mien_face_model *m,
                                const struct mien_image *frame, const struct mien_crop *crop,
                                const float (*landmark_px)[2], bool rigid);
bool plain_mien_follow_find(const struct mien_follow *f, const struct mien_image *frame,
                            const struct mien_crop *start, struct mien_follow_motion *out);

#define CALL(table, name, ...) ((table) ? mien_##name(__VA_ARGS__) : plain_mien_##name(__VA_ARGS__))

// ---- J J^T: {n, m / 8} ----

static bool normal_ways(int i, struct kernel_way *way)
{
    static const mien_fit_normal ways[] = {mien_fit_normal_plain, mien_fit_normal_avx2};
    *way = (struct kernel_way){.name = i ? "avx2" : "plain", .table = &ways[i ? 1 : 0]};
    return i == 0 || (i == 1 && (mien_cpu_flags() & MIEN_CPU_AVX2_FMA));
}

static void draw_normal(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 130);
    d[1] = kernel_between(r, 1, 60);
}

static int round_up(int n, int to)
{
    return (n + to - 1) / to * to;
}

static void make_normal(struct kernel_case *c)
{
    const size_t n = (size_t)c->dim[0], m = 8 * (size_t)c->dim[1];
    const size_t stride = (size_t)round_up(c->dim[0], 4);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, n * m, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, n * stride, 1);
    kernel_tolerate(c, 1e-5 * sqrt((double)m));
    c->flops[0] = (double)(n * (n + 1) * m);
}

static void run_normal(struct kernel_case *c, const void *table)
{
    const mien_fit_normal *normal = table;
    const int n = c->dim[0];
    (*normal)(kernel_floats(c, 0), n, 8 * c->dim[1], kernel_floats(c, 1), round_up(n, 4));
}

static void finish_normal(struct kernel_case *c, const void *table) // the upper triangle counts
{
    const int n = c->dim[0], stride = round_up(n, 4);
    (void)table;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < stride; j++) {
            if (j < i || j >= n) {
                kernel_floats(c, 1)[i * stride + j] = 0;
            }
        }
    }
}

static const int normal_fixed[][KERNEL_DIMS] = {{1, 1}, {2, 1}, {3, 2}, {4, 3}, {5, 64}, {-1}};
static const int normal_timed[][KERNEL_DIMS] = {{119, 64}, {59, 64}, {-1}};

// ---- A x = b: {n} ----

static void draw_system(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 125);
}

// A = M M' / n + 1: symmetric and well conditioned.
static void make_system(struct kernel_case *c)
{
    const int n = c->dim[0], stride = round_up(n, 4), rows = n + n % 2;
    kernel_add(c, KERNEL_IN, KERNEL_DOUBLE, (size_t)n * (size_t)n, 1);
    kernel_add(c, KERNEL_IN, KERNEL_DOUBLE, (size_t)rows, 1);
    kernel_add(c, KERNEL_IN, KERNEL_DOUBLE, (size_t)rows * (size_t)stride, 1);
    kernel_add(c, KERNEL_WORK, KERNEL_DOUBLE, (size_t)rows * (size_t)stride, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_DOUBLE, (size_t)rows, 1);
    kernel_tolerate(c, 1e-9);
    const double *M = kernel_doubles(c, 0);
    double *A = kernel_doubles(c, 2);
    memset(A, 0, (size_t)rows * (size_t)stride * sizeof(*A));
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            double sum = i == j;
            for (int k = 0; k < n; k++) {
                sum += M[i * n + k] * M[j * n + k] / n;
            }
            A[i * stride + j] = sum;
        }
    }
    c->flops[0] = (double)n * n * n / 3;
}

static void run_system(struct kernel_case *c, const void *table)
{
    const int n = c->dim[0], stride = round_up(n, 4);
    double *A = kernel_doubles(c, 3), *x = kernel_doubles(c, 4);
    memcpy(A, kernel_doubles(c, 2), c->buffer[3].count * sizeof(*A));
    memcpy(x, kernel_doubles(c, 1), c->buffer[4].count * sizeof(*x));
    if (!CALL(table, fit_cholesky, A, x, n, stride)) {
        memset(x, 0xff, c->buffer[4].count * sizeof(*x));
    }
    if (n % 2) {
        x[n] = 0;
    }
}

static const int system_timed[][KERNEL_DIMS] = {{118}, {-1}};

// ---- landmarks: {landmarks / 8, terms} ----

static void draw_points(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 1, 32);
    d[1] = kernel_between(r, 1, 60);
}

static const int points_timed[][KERNEL_DIMS] = {{30, 60}, {-1}};

static void make_shapes(struct kernel_case *c)
{
    const size_t n = 24 * (size_t)c->dim[0], terms = (size_t)c->dim[1];
    kernel_add(c, KERNEL_SUM, KERNEL_REAL, n, 1);
    kernel_tolerate(c, 1e-5 * sqrt((double)terms));
    kernel_add(c, KERNEL_IN, KERNEL_REAL, n * terms, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, terms, 1);
    for (size_t i = 0; i < terms; i += 3) { // some have no weight
        kernel_floats(c, 2)[i] = 0;
    }
    c->bytes[0] = 4 * (double)(n * terms);
}

static void run_shapes(struct kernel_case *c, const void *table)
{
    CALL(table, fit_add_shapes, kernel_floats(c, 0), kernel_floats(c, 1), kernel_floats(c, 2),
         c->dim[1], 24 * c->dim[0]);
}

// x, wanted, trust, and what the fit makes of them.
static const struct mien_camera camera = {600, 320, 240, 640, 480};
static const struct mien_pose pose = {
    {0.96f, 0.05f, 0.28f, 0.02f, 0.98f, -0.2f, -0.28f, 0.2f, 0.94f}, {10, -20, -700}};

static void add_landmarks(struct kernel_case *c)
{
    const size_t st = 8 * (size_t)c->dim[0];
    kernel_add(c, KERNEL_IN, KERNEL_REAL, 3 * st, 40);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, 2 * st, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, st, 0.4);
    float *x = kernel_floats(c, 0), *wanted = kernel_floats(c, 1), *trust = kernel_floats(c, 2);
    for (size_t i = 0; i < st; i++) { // near where they are seen
        const float X[3] = {x[i], x[st + i], x[2 * st + i]};
        float at[3], px[2];
        mien_mat3_mul_vec(pose.R, X, at);
        for (int k = 0; k < 3; k++) {
            at[k] += pose.t[k];
        }
        mien_camera_project(&camera, at, px);
        wanted[i] += px[0];
        wanted[st + i] += px[1];
        trust[i] = fabsf(trust[i]);
    }
}

static void make_weigh(struct kernel_case *c)
{
    const size_t st = 8 * (size_t)c->dim[0];
    kernel_add(c, KERNEL_IN, KERNEL_REAL, st, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, 3 * st, 0.6);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, st, 1);
    kernel_tolerate(c, 1e-5);
    c->bytes[0] = 20 * (double)st;
}

static void run_weigh(struct kernel_case *c, const void *table)
{
    static const float v[3] = {0.3f, -0.2f, 0.93f};
    CALL(table, fit_weigh, kernel_floats(c, 0), kernel_floats(c, 1), v, 8 * c->dim[0],
         kernel_floats(c, 2));
}

static void make_cost(struct kernel_case *c)
{
    add_landmarks(c);
    kernel_add(c, KERNEL_OUT, KERNEL_DOUBLE, 1, 1);
    kernel_tolerate(c, 1e-5);
    c->bytes[0] = 24 * 8 * (double)c->dim[0];
}

static void run_cost(struct kernel_case *c, const void *table)
{
    kernel_doubles(c, 3)[0] = CALL(table, fit_cost, kernel_floats(c, 0), kernel_floats(c, 1),
                                   kernel_floats(c, 2), 8 * c->dim[0], &camera, &pose);
}

static void make_pose_rows(struct kernel_case *c)
{
    const size_t st = 8 * (size_t)c->dim[0];
    add_landmarks(c);
    for (int i = 0; i < 3; i++) {
        static const size_t rows[] = {12, 2, 6};
        kernel_add(c, KERNEL_OUT, KERNEL_REAL, rows[i] * st, 1);
        kernel_tolerate(c, 3e-5);
    }
    c->bytes[0] = 26 * 4 * (double)st;
}

static void run_pose_rows(struct kernel_case *c, const void *table)
{
    CALL(table, fit_pose_rows, kernel_floats(c, 0), kernel_floats(c, 1), kernel_floats(c, 2),
         8 * c->dim[0], &camera, &pose, kernel_floats(c, 3), kernel_floats(c, 4),
         kernel_floats(c, 5));
}

static void make_shape_rows(struct kernel_case *c)
{
    const size_t st = 8 * (size_t)c->dim[0], terms = (size_t)c->dim[1];
    kernel_add(c, KERNEL_IN, KERNEL_REAL, 6 * st, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, 3 * st * terms, 1);
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, 2 * st * terms, 1);
    kernel_tolerate(c, 1e-5);
    c->bytes[0] = 20 * (double)(st * terms);
}

static void run_shape_rows(struct kernel_case *c, const void *table)
{
    CALL(table, fit_shape_rows, kernel_floats(c, 0), kernel_floats(c, 1), c->dim[1], 8 * c->dim[0],
         kernel_floats(c, 2));
}

// ---- the model: {terms of identity in use, blendshapes in use} ----

static const struct mien_face_model *model(void)
{
    static struct mien_face_model m;
    if (!m.vertices) {
        MIEN_ASSERT(mien_face_model_load(&m, NULL));
    }
    return &m;
}

static void draw_face(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 0, MIEN_IDENTITY);
    d[1] = kernel_between(r, 0, MIEN_BLENDSHAPES);
}

static const int face_timed[][KERNEL_DIMS] = {{MIEN_IDENTITY, MIEN_BLENDSHAPES}, {-1}};

static void add_coefficients(struct kernel_case *c, size_t out)
{
    kernel_add(c, KERNEL_IN, KERNEL_REAL, MIEN_IDENTITY, 1);
    kernel_add(c, KERNEL_IN, KERNEL_REAL, MIEN_BLENDSHAPES, 0.5);
    memset(kernel_floats(c, 0) + c->dim[0], 0, (size_t)(MIEN_IDENTITY - c->dim[0]) * sizeof(float));
    memset(kernel_floats(c, 1) + c->dim[1], 0,
           (size_t)(MIEN_BLENDSHAPES - c->dim[1]) * sizeof(float));
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, out, 1);
    kernel_tolerate(c, 1e-5);
    c->bytes[0] = 4 * (double)out;
}

static void make_vertices(struct kernel_case *c)
{
    add_coefficients(c, 3 * (size_t)model()->vertices);
}

static void run_vertices(struct kernel_case *c, const void *table)
{
    CALL(table, face_model_vertices, model(), kernel_floats(c, 0), kernel_floats(c, 1),
         kernel_floats(c, 2));
}

static void make_landmarks(struct kernel_case *c)
{
    add_coefficients(c, 3 * (size_t)model()->landmarks);
}

static void run_landmarks(struct kernel_case *c, const void *table)
{
    CALL(table, face_model_landmarks, model(), kernel_floats(c, 0), kernel_floats(c, 1),
         kernel_floats(c, 2));
}

static void make_normals(struct kernel_case *c)
{
    const size_t v = (size_t)model()->vertices;
    add_coefficients(c, 3 * v);
    c->buffer[2].role = KERNEL_WORK;
    plain_mien_face_model_vertices(model(), kernel_floats(c, 0), kernel_floats(c, 1),
                                   kernel_floats(c, 2));
    kernel_add(c, KERNEL_OUT, KERNEL_REAL, MIEN_NORMAL_ROOM * v, 1);
    kernel_tolerate(c, 1e-3); // of triangles that are almost lines
}

static void run_normals(struct kernel_case *c, const void *table)
{
    CALL(table, face_model_normals, model(), kernel_floats(c, 2), kernel_floats(c, 3));
}

static void finish_normals(struct kernel_case *c, const void *table) // the rest is room
{
    const size_t v = (size_t)model()->vertices;
    (void)table;
    memset(kernel_floats(c, 3) + 3 * v, 0, (MIEN_NORMAL_ROOM - 3) * v * sizeof(float));
}

// ---- following: {side, shift x in 1/8 px, y, turn in 1/100, rigid} ----

static void draw_follow(struct mien_rng *r, int d[KERNEL_DIMS])
{
    d[0] = kernel_between(r, 60, 200);
    d[1] = kernel_between(r, -30, 30);
    d[2] = kernel_between(r, -30, 30);
    d[3] = kernel_between(r, -10, 10);
    d[4] = kernel_between(r, 0, 1);
}

static const int follow_timed[][KERNEL_DIMS] = {{160, 20, -13, 4, 0}, {-1}};

enum { FRAME = 256 };

// Soft blobs, as a face is.
static void make_frame(struct kernel_case *c)
{
    kernel_add(c, KERNEL_IN, KERNEL_BYTE, 3 * FRAME * FRAME, 1);
    float blob[24][4];
    for (int i = 0; i < 24; i++) {
        blob[i][0] = mien_rng_range(&c->rng, 60, 196);
        blob[i][1] = mien_rng_range(&c->rng, 60, 196);
        blob[i][2] = mien_rng_range(&c->rng, 4, 20);
        blob[i][3] = mien_rng_range(&c->rng, -90, 90);
    }
    uint8_t *to = kernel_bytes(c, 0);
    for (int p = 0; p < FRAME * FRAME; p++) {
        float v = 128;
        for (int i = 0; i < 24; i++) {
            const float x = (float)(p % FRAME) - blob[i][0], y = (float)(p / FRAME) - blob[i][1];
            v += blob[i][3] * expf(-(x * x + y * y) / (2 * blob[i][2] * blob[i][2]));
        }
        v = fminf(fmaxf(v, 0), 255);
        for (int k = 0; k < 3; k++) {
            to[3 * p + k] = (uint8_t)(v * (1 - 0.1f * (float)k));
        }
    }
}

static struct mien_image frame_of(const struct kernel_case *c)
{
    return (struct mien_image){.data = kernel_bytes(c, 0),
                               .width = FRAME,
                               .height = FRAME,
                               .stride = 3 * FRAME,
                               .format = MIEN_FORMAT_RGB8};
}

// What is remembered comes from the reference, so that the search alone is held against it.
static void remember(const struct kernel_case *c, bool plain, struct mien_follow *f)
{
    const struct mien_face_model *m = model();
    const struct mien_crop crop = {.cx_px = 128, .cy_px = 128, .side_px = (float)c->dim[0]};
    const struct mien_image frame = frame_of(c);
    float(*px)[2] = mien_calloc((size_t)m->landmarks, sizeof(*px));
    for (int i = 0; i < m->landmarks; i++) {
        px[i][0] = 128 + m->landmark_mean[3 * i] * crop.side_px / 180;
        px[i][1] = 128 - m->landmark_mean[3 * i + 1] * crop.side_px / 180;
    }
    (plain ? plain_mien_follow_remember
           : mien_follow_remember)(f, m, &frame, &crop, (const float(*)[2])px, c->dim[4] != 0);
    mien_free(px);
}

static void make_remember(struct kernel_case *c)
{
    make_frame(c);
    for (int i = 0; i < 2; i++) {
        kernel_add(c, KERNEL_OUT, KERNEL_REAL, MIEN_FOLLOW_PIXELS, 1);
        kernel_tolerate(c, 1e-5);
    }
    c->bytes[0] = 8 * MIEN_FOLLOW_PIXELS;
}

static void run_remember(struct kernel_case *c, const void *table)
{
    struct mien_follow f = {0};
    remember(c, !table, &f);
    memcpy(kernel_floats(c, 1), f.picture, sizeof(f.picture));
    memcpy(kernel_floats(c, 2), f.weight, sizeof(f.weight));
}

static void make_find(struct kernel_case *c)
{
    make_frame(c);
    kernel_add(c, KERNEL_OUT, KERNEL_DOUBLE, 8, 1);
    // Steps are alike to rounding, and end when they are small.
    kernel_tolerate(c, 2e-4);
    kernel_add(c, KERNEL_WORK, KERNEL_BYTE, sizeof(struct mien_follow), 1);
    remember(c, true, (struct mien_follow *)kernel_bytes(c, 2));
    c->bytes[0] = 4 * MIEN_FOLLOW_PIXELS;
}

static void run_find(struct kernel_case *c, const void *table)
{
    const struct mien_follow *f = (const struct mien_follow *)kernel_bytes(c, 2);
    const struct mien_image frame = frame_of(c);
    const struct mien_crop start = {.cx_px = 128 + (float)c->dim[1] / 8,
                                    .cy_px = 128 + (float)c->dim[2] / 8,
                                    .side_px = (float)c->dim[0],
                                    .roll_rad = (float)c->dim[3] / 100};
    struct mien_follow_motion m = {0};
    const bool found = CALL(table, follow_find, f, &frame, &start, &m);
    const double out[8] = {found,           m.crop.cx_px, m.crop.cy_px, m.crop.side_px,
                           m.crop.roll_rad, m.match,      m.turn[0],    m.turn[1]};
    for (int i = 0; i < 8; i++) {
        kernel_doubles(c, 1)[i] = found ? out[i] : 0;
    }
}

const struct kernel_row kernel_face_rows[] = {
    KERNEL_ROW("normal equations", "mien_fit_normal_avx2", normal_ways, normal_timed, draw_normal,
               make_normal, .fixed = normal_fixed, .pass = {run_normal}, .finish = finish_normal,
               .exact = true),
    KERNEL_COMPILED_ROW("cholesky", "take_off take_off_one", system_timed, draw_system, make_system,
                        run_system),
    KERNEL_COMPILED_ROW("add shapes", "add_four", points_timed, draw_points, make_shapes,
                        run_shapes),
    KERNEL_COMPILED_ROW("weigh", "weigh", points_timed, draw_points, make_weigh, run_weigh),
    KERNEL_COMPILED_ROW("cost", "cost_of", points_timed, draw_points, make_cost, run_cost),
    KERNEL_COMPILED_ROW("pose rows", "pose_rows", points_timed, draw_points, make_pose_rows,
                        run_pose_rows),
    KERNEL_COMPILED_ROW("shape rows", "shape_rows", points_timed, draw_points, make_shape_rows,
                        run_shape_rows),
    KERNEL_COMPILED_ROW("vertices", "add_steps add_wide add_blocks", face_timed, draw_face,
                        make_vertices, run_vertices),
    KERNEL_COMPILED_ROW("landmarks", "add_dense", face_timed, draw_face, make_landmarks,
                        run_landmarks),
    KERNEL_ROW("normals", "mien_face_model_normals", kernel_compiled_ways, face_timed, draw_face,
               make_normals, .pass = {run_normals}, .finish = finish_normals),
    KERNEL_COMPILED_ROW("follow, remember", "blur to_grey", follow_timed, draw_follow,
                        make_remember, run_remember),
    KERNEL_COMPILED_ROW("follow, find", "blur to_grey sample sum_up", follow_timed, draw_follow,
                        make_find, run_find),
};
const int kernel_face_count = MIEN_COUNT(kernel_face_rows);

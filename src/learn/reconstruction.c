// Distances of vertices after the alignments that the literature uses.
#include "learn/reconstruction.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static const char *const way_names[MIEN_RECONSTRUCTIONS] = {"mean", "expression", "branches",
                                                            "fit"};
static const char *const measure_names[MIEN_RECONSTRUCTION_MEASURES] = {
    "", "aligned_", "scaled_", "identity_", "identity_aligned_"};

double mien_shape_distance(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = 0; i < 3 * n; i += 3) {
        double x = (double)a[i] - b[i], y = (double)a[i + 1] - b[i + 1],
               z = (double)a[i + 2] - b[i + 2];
        sum += sqrt(x * x + y * y + z * z);
    }
    return n > 0 ? sum / n : 0;
}

static void centroid(const float *p, int n, double c[3])
{
    c[0] = c[1] = c[2] = 0;
    for (int i = 0; i < 3 * n; i++) {
        c[i % 3] += p[i];
    }
    for (int k = 0; k < 3; k++) {
        c[k] /= n;
    }
}

// The eigenvector of the largest eigenvalue of a symmetric 4×4 matrix: Jacobi's rotations.
static void largest_eigenvector(double A[4][4], double q[4])
{
    double V[4][4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
    for (int sweep = 0; sweep < 30; sweep++) {
        double off = 0, all = 0;
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 4; j++) {
                all += A[i][j] * A[i][j];
                off += i != j ? A[i][j] * A[i][j] : 0;
            }
        }
        if (off <= 1e-28 * all) {
            break;
        }
        for (int i = 0; i < 3; i++) {
            for (int j = i + 1; j < 4; j++) {
                if (A[i][j] == 0) {
                    continue;
                }
                double theta = 0.5 * atan2(2 * A[i][j], A[j][j] - A[i][i]);
                double c = cos(theta), s = sin(theta);
                for (int k = 0; k < 4; k++) { // columns
                    double x = A[k][i], y = A[k][j];
                    A[k][i] = c * x - s * y;
                    A[k][j] = s * x + c * y;
                    x = V[k][i];
                    y = V[k][j];
                    V[k][i] = c * x - s * y;
                    V[k][j] = s * x + c * y;
                }
                for (int k = 0; k < 4; k++) { // rows
                    double x = A[i][k], y = A[j][k];
                    A[i][k] = c * x - s * y;
                    A[j][k] = s * x + c * y;
                }
            }
        }
    }
    int best = 0;
    for (int i = 1; i < 4; i++) {
        best = A[i][i] > A[best][best] ? i : best;
    }
    for (int k = 0; k < 4; k++) {
        q[k] = V[k][best];
    }
}

double mien_shape_distance_aligned(const float *a, const float *b, int n, bool scale)
{
    if (n < 1) {
        return 0;
    }
    double ca[3], cb[3], S[3][3] = {{0}};
    centroid(a, n, ca);
    centroid(b, n, cb);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < 3; j++) {
            for (int k = 0; k < 3; k++) {
                S[j][k] += (b[3 * i + j] - cb[j]) * (a[3 * i + k] - ca[k]);
            }
        }
    }
    // Horn's matrix for the rotation b -> a; its largest eigenvector is the unit quaternion
    // w,x,y,z.
    double N[4][4] = {
        {S[0][0] + S[1][1] + S[2][2], S[1][2] - S[2][1], S[2][0] - S[0][2], S[0][1] - S[1][0]},
        {0, S[0][0] - S[1][1] - S[2][2], S[0][1] + S[1][0], S[2][0] + S[0][2]},
        {0, 0, S[1][1] - S[0][0] - S[2][2], S[1][2] + S[2][1]},
        {0, 0, 0, S[2][2] - S[0][0] - S[1][1]},
    };
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < i; j++) {
            N[i][j] = N[j][i];
        }
    }
    double q[4];
    largest_eigenvector(N, q);
    double w = q[0], x = q[1], y = q[2], z = q[3];
    double R[3][3] = {
        {w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)},
        {2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)},
        {2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z},
    };
    double along = 0, square = 0;
    for (int j = 0; j < 3; j++) {
        for (int k = 0; k < 3; k++) {
            along += R[k][j] * S[j][k];
        }
    }
    for (int i = 0; i < 3 * n; i++) {
        square += (b[i] - cb[i % 3]) * (b[i] - cb[i % 3]);
    }
    double size = scale && square > 0 ? along / square : 1, sum = 0;
    for (int i = 0; i < n; i++) {
        double d[3], e2 = 0;
        for (int k = 0; k < 3; k++) {
            d[k] = size * (b[3 * i + k] - cb[k]);
        }
        for (int k = 0; k < 3; k++) {
            double e = R[k][0] * d[0] + R[k][1] * d[1] + R[k][2] * d[2] - (a[3 * i + k] - ca[k]);
            e2 += e * e;
        }
        sum += sqrt(e2);
    }
    return sum / n;
}

bool mien_reconstruction_init(struct mien_reconstruction *r, const struct mien_face_model *model)
{
    memset(r, 0, sizeof(*r));
    r->model = model;
    for (int i = 0; i < model->vertices; i++) {
        r->count += model->vertex_mask[i] >> MIEN_PART_FACE & 1;
    }
    if (!r->count) {
        mien_error("the face model has no vertices marked as the narrow face: nothing to measure a "
                   "reconstruction on");
        return false;
    }
    size_t n = (size_t)r->count;
    r->vertex = mien_calloc(n, sizeof(int));
    r->full = mien_calloc((size_t)model->vertices, 3 * sizeof(float));
    r->shape = mien_calloc(n, 3 * sizeof(float));
    r->truth[0] = mien_calloc(n, 3 * sizeof(float));
    r->truth[1] = mien_calloc(n, 3 * sizeof(float));
    if (!r->vertex || !r->full || !r->shape || !r->truth[0] || !r->truth[1]) {
        mien_reconstruction_destroy(r);
        return false;
    }
    for (int i = 0, k = 0; i < model->vertices; i++) {
        if (model->vertex_mask[i] >> MIEN_PART_FACE & 1) {
            r->vertex[k++] = i;
        }
    }
    return true;
}

void mien_reconstruction_destroy(struct mien_reconstruction *r)
{
    mien_free(r->vertex);
    mien_free(r->full);
    mien_free(r->shape);
    mien_free(r->truth[0]);
    mien_free(r->truth[1]);
    memset(r, 0, sizeof(*r));
}

static void face_shape(struct mien_reconstruction *r, const float *identity,
                       const float *blendshape, float *out)
{
    mien_face_model_vertices(r->model, identity, blendshape, r->full);
    for (int i = 0; i < r->count; i++) {
        memcpy(out + 3 * (size_t)i, r->full + 3 * (size_t)r->vertex[i], 3 * sizeof(float));
    }
}

void mien_reconstruction_truth(struct mien_reconstruction *r, const float identity[MIEN_IDENTITY],
                               const float blendshape[MIEN_BLENDSHAPES])
{
    face_shape(r, identity, blendshape, r->truth[0]);
    face_shape(r, identity, NULL, r->truth[1]);
}

void mien_reconstruction_add(struct mien_reconstruction *r, enum mien_reconstruction_way way,
                             const float *identity, const float *blendshape)
{
    double *sum = r->sum_mm[way];
    face_shape(r, identity, blendshape, r->shape);
    sum[MIEN_RECONSTRUCTION_HEAD] += mien_shape_distance(r->truth[0], r->shape, r->count);
    sum[MIEN_RECONSTRUCTION_ALIGNED] +=
        mien_shape_distance_aligned(r->truth[0], r->shape, r->count, false);
    sum[MIEN_RECONSTRUCTION_SCALED] +=
        mien_shape_distance_aligned(r->truth[0], r->shape, r->count, true);
    face_shape(r, identity, NULL, r->shape);
    sum[MIEN_RECONSTRUCTION_IDENTITY] += mien_shape_distance(r->truth[1], r->shape, r->count);
    sum[MIEN_RECONSTRUCTION_IDENTITY_ALIGNED] +=
        mien_shape_distance_aligned(r->truth[1], r->shape, r->count, false);
    r->faces[way]++;
}

double mien_reconstruction_mm(const struct mien_reconstruction *r, int way, int measure)
{
    return r->faces[way] > 0 ? r->sum_mm[way][measure] / r->faces[way] : NAN;
}

double mien_reconstruction_ratio(const struct mien_reconstruction *r, int way, int measure)
{
    double mean = mien_reconstruction_mm(r, MIEN_RECONSTRUCTION_MEAN, measure);
    return mean > 0 ? mien_reconstruction_mm(r, way, measure) / mean : NAN;
}

void mien_reconstruction_print(const struct mien_reconstruction *r, FILE *f)
{
    static const char *const title[MIEN_RECONSTRUCTIONS] = {"mean face", "mean, expression",
                                                            "branches", "branches and fit"};
    if (!(r->faces[MIEN_RECONSTRUCTION_MEAN] > 0)) {
        return;
    }
    fprintf(f,
            "vertex error of %.0f rendered faces, mm (share of the mean face's); identity: without "
            "expression\n%-17s %14s %14s %14s %14s %16s\n",
            r->faces[MIEN_RECONSTRUCTION_MEAN], "", "head frame", "aligned", "and scaled",
            "identity", "identity aligned");
    for (int way = 0; way < MIEN_RECONSTRUCTIONS; way++) {
        if (!(r->faces[way] > 0)) {
            continue;
        }
        fprintf(f, "%-17s", title[way]);
        for (int k = 0; k < MIEN_RECONSTRUCTION_MEASURES; k++) {
            fprintf(f,
                    k == MIEN_RECONSTRUCTION_IDENTITY_ALIGNED ? " %8.3f (%.3f)" : " %6.3f (%.3f)",
                    mien_reconstruction_mm(r, way, k), mien_reconstruction_ratio(r, way, k));
        }
        fputc('\n', f);
    }
}

void mien_reconstruction_json(const struct mien_reconstruction *r, FILE *f)
{
    for (int way = 0; way < MIEN_RECONSTRUCTIONS; way++) {
        if (!(r->faces[way] > 0)) {
            continue;
        }
        for (int k = 0; k < MIEN_RECONSTRUCTION_MEASURES; k++) {
            const char *w = way_names[way], *m = measure_names[k];
            fprintf(f, ",\"vertex_%s_%smm\":%.6g", w, m, mien_reconstruction_mm(r, way, k));
            double ratio = mien_reconstruction_ratio(r, way, k);
            if (way != MIEN_RECONSTRUCTION_MEAN && !isnan(ratio)) {
                fprintf(f, ",\"vertex_%s_%sratio\":%.6g", w, m, ratio);
            }
        }
    }
}

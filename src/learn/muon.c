// Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"): the
// momentum of a weight matrix is replaced by the nearest matrix with orthonormal rows or columns,
// so that all directions of it are learned at one speed. Scaled as by Liu et al. 2025 ("Muon is
// scalable for LLM training") to the size of an AdamW step, which allows one learning rate for
// both.
#include <math.h>
#include <string.h>

#include "learn/graph_internal.h"
#include "tensor/blas.h"

enum { ITERATIONS = 5, SMALLEST = 16 };

// Rows are the outputs. Hidden convolutions and dense layers only: the first layer and those that
// give an output keep AdamW, as their authors advise, and so do small ones and `shared`-sized dense
// ones, whose matrices would cost more than the pictures.
bool graph_muon_takes(const struct mien_graph *g, const struct mien_param *p)
{
    const struct mien_layer *l = &g->desc.layer[p->layer];
    if (p->role != MIEN_PARAM_WEIGHT ||
        (l->kind != MIEN_LAYER_CONV && l->kind != MIEN_LAYER_DENSE)) {
        return false;
    }
    for (int i = 0; i < g->desc.outputs; i++) {
        if (g->desc.output[i].layer == p->layer) {
            return false;
        }
    }
    int rows = p->shape[0], columns = (int)(p->count / (size_t)rows);
    bool first = g->desc.layer[l->input[0]].kind == MIEN_LAYER_INPUT;
    return !first && rows >= SMALLEST && columns >= SMALLEST &&
           (double)(rows < columns ? rows : columns) * (double)p->count < 6e7;
}

size_t graph_muon_scratch(const struct mien_graph *g)
{
    size_t most = 0;
    for (int i = 0; i < g->desc.params; i++) {
        const struct mien_param *p = &g->desc.param[i];
        if (graph_muon_takes(g, p)) {
            size_t rows = (size_t)p->shape[0], columns = p->count / rows;
            size_t side = rows < columns ? rows : columns;
            size_t need = 2 * p->count + 4 * side * side;
            most = need > most ? need : most;
        }
    }
    return most;
}

// x (rows,columns) -> nearly orthonormal, in out: Newton-Schulz steps of the quintic that sends
// singular values from 0…1 to about 1, x <- p(x x') x with p(g) = a + b g + c g². All steps
// multiply x from its shorter side by polynomials of g, which commute: so only the squares are
// iterated, q <- p(g) q and g <- p(g) g p(g), and x is touched twice. With a side of 128 and 1152
// columns that is 35 products of squares instead of 95. square: four of (side,side).
static void orthogonalise(float *x, float *out, float *square, int rows, int columns)
{
    const float a = 3.4445f, b = -4.7750f, c = 2.0315f;
    const bool wide = rows <= columns;
    const int side = wide ? rows : columns;
    const size_t n = (size_t)rows * (size_t)columns, size = (size_t)side * (size_t)side;
    float *g = square, *p = g + size, *q = p + size, *t = q + size;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i] * x[i];
    }
    const float scale = (float)(1 / (sqrt(sum) + 1e-12));
    for (size_t i = 0; i < n; i++) {
        x[i] *= scale;
    }
    mien_sgemm(!wide, wide, side, side, wide ? columns : rows, x, columns, x, columns, 0, g, side);
    for (int it = 0; it < ITERATIONS; it++) {
        for (size_t i = 0; i < size; i++) {
            p[i] = b / c * g[i];
        }
        mien_sgemm(false, false, side, side, side, g, side, g, side, 1, p, side);
        for (size_t i = 0; i < size; i++) {
            p[i] *= c;
        }
        for (size_t i = 0; i < size; i += (size_t)side + 1) {
            p[i] += a;
        }
        if (it == 0) {
            memcpy(q, p, size * sizeof *q);
        } else {
            mien_sgemm(false, false, side, side, side, p, side, q, side, 0, t, side);
            float *swap = q;
            q = t;
            t = swap;
        }
        if (it + 1 < ITERATIONS) {
            mien_sgemm(false, false, side, side, side, g, side, p, side, 0, t, side);
            mien_sgemm(false, false, side, side, side, p, side, t, side, 0, g, side);
        }
    }
    if (wide) {
        mien_sgemm(false, false, rows, columns, side, q, side, x, columns, 0, out, columns);
    } else {
        mien_sgemm(false, false, rows, columns, side, x, columns, q, side, 0, out, columns);
    }
}

void graph_muon_update(const struct graph_muon *o, const struct mien_param *p, float *w,
                       float *grad, float *m, float *average, float *scratch)
{
    int rows = p->shape[0], columns = (int)(p->count / (size_t)rows);
    float *x = scratch, *step = x + p->count;
    for (size_t i = 0; i < p->count; i++) { // Nesterov's momentum
        float g = grad[i] * o->scale;
        m[i] = o->momentum * m[i] + (1 - o->momentum) * g;
        x[i] = o->momentum * m[i] + (1 - o->momentum) * g;
        grad[i] = 0;
    }
    orthogonalise(x, step, step + p->count, rows, columns);
    float size = 0.2f * sqrtf((float)(rows > columns ? rows : columns));
    for (size_t i = 0; i < p->count; i++) {
        w[i] -= o->lr * (size * step[i] + o->decay * w[i]);
        average[i] = w[i] + o->keep * (average[i] - w[i]);
    }
}

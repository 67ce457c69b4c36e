// Box filters over the atlas, and a few rounds of diffusion over the mesh.
#include "sink/texture_join.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

// Sums of 2 r + 1 neighbours in a row or column of n values `step` apart. scratch: n.
static void box(float *v, int n, size_t step, int r, float *scratch)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        scratch[i] = v[(size_t)i * step];
    }
    for (int i = 0; i < r && i < n; i++) {
        sum += (double)scratch[i];
    }
    for (int i = 0; i < n; i++) {
        sum += i + r < n ? (double)scratch[i + r] : 0;
        sum -= i - r - 1 >= 0 ? (double)scratch[i - r - 1] : 0;
        v[(size_t)i * step] = (float)sum;
    }
}

static void blur(float *v, int width, int height, int r, float *scratch)
{
    for (int y = 0; y < height; y++) {
        box(v + (size_t)y * (size_t)width, width, 1, r, scratch);
    }
    for (int x = 0; x < width; x++) {
        box(v + x, height, (size_t)width, r, scratch);
    }
}

// 1 in the texels that are some skin's.
static void cover(const struct mien_texture *t, float *there)
{
    const struct mien_face_model *m = t->model;
    struct mien_texture_patch p;
    for (int k = 0; k < m->triangles; k++) {
        if (!mien_part_is_skin(m->part[k]) ||
            !mien_texture_patch(m, m->uv_triangle + 3 * k, t->side, 2 * t->side, &p)) {
            continue;
        }
        for (int j = p.y0; j <= p.y1; j++) {
            for (int i = p.x0; i <= p.x1; i++) {
                float b[3];
                if (mien_texture_within(&p, i, j, b)) {
                    there[(size_t)j * 2 * (size_t)t->side + (size_t)i] = 1;
                }
            }
        }
    }
}

bool mien_texture_soften(const struct mien_texture *t, float *colour)
{
    // A weight that counts as seen, and what is kept of one: that of what is only likely.
    static const float seen = 0.1f, guessed = 0.02f;
    const int width = 2 * t->side, r = t->side / 64 > 1 ? t->side / 64 : 1;
    size_t n = (size_t)width * (size_t)t->side;
    float *there = mien_calloc(n, sizeof(float)), *known = mien_calloc(n, sizeof(float));
    float *scratch = mien_calloc((size_t)width, sizeof(float));
    bool ok = there && known && scratch;
    if (ok) {
        cover(t, there);
        for (size_t i = 0; i < n; i++) {
            known[i] = there[i] > 0 && colour[4 * i + 3] > seen ? 1 : 0;
        }
        blur(there, width, t->side, r, scratch);
        blur(known, width, t->side, r, scratch);
        for (size_t i = 0; i < n; i++) {
            // Half of the neighbours are known at a straight border, all of them r away.
            float share = there[i] > 0.5f ? known[i] / there[i] : 0;
            float *w = colour + 4 * i + 3;
            *w = fmaxf(*w * fminf(fmaxf(2 * share - 1, 0), 1), fminf(*w, guessed));
        }
    }
    mien_free(there);
    mien_free(known);
    mien_free(scratch);
    return ok;
}

// The atlas around a vertex's place: colour and, in the fourth place, how surely it was seen.
static void sample(const struct mien_texture *t, const float *weight, const float *colour, int uv,
                   float out[4])
{
    const int width = 2 * t->side;
    int x = (int)lroundf(t->model->uv[2 * uv] * (float)t->side - 0.5f);
    int y = (int)lroundf((1 - t->model->uv[2 * uv + 1]) * (float)t->side - 0.5f);
    int n = 0;
    memset(out, 0, 4 * sizeof(*out));
    for (int j = y - 1; j <= y + 1; j++) {
        for (int i = x - 1; i <= x + 1; i++) {
            if (i < 0 || j < 0 || i >= width || j >= t->side) {
                continue;
            }
            size_t at = (size_t)j * (size_t)width + (size_t)i;
            for (int c = 0; c < 3; c++) {
                out[c] += colour[4 * at + (size_t)c];
            }
            out[3] += weight[at];
            n++;
        }
    }
    for (int c = 0; c < 4 && n; c++) {
        out[c] /= (float)n;
    }
}

struct joint {          // of the atlas's places (uvs)
    float (*change)[3]; // to be added
    float (*around)[4]; // scratch: sums over neighbours, and how many
    float (*sum)[4];    // of a vertex of the mesh: colours times weights, and weights
    uint8_t *places;    // of a vertex of the mesh: how many in the atlas, 2: more
    int32_t *first;     // of a vertex of the mesh: one of them
    uint8_t *fixed;     // it lies on a seam
    int32_t *vertex;    // of the mesh
};

static void find_seams(const struct mien_texture *t, struct joint *k)
{
    const struct mien_face_model *m = t->model;
    for (int i = 0; i < 3 * m->triangles; i++) {
        int v = m->triangle[i], u = m->uv_triangle[i];
        if (!mien_part_is_skin(m->part[i / 3])) {
            continue;
        }
        k->vertex[u] = v + 1;
        if (!k->places[v]) {
            k->places[v] = 1;
            k->first[v] = u;
        } else if (k->first[v] != u) {
            k->places[v] = 2;
        }
    }
}

static void agree(const struct mien_texture *t, const float *weight, const float *colour,
                  struct joint *k)
{
    static const float unseen = 0.02f; // counts so much
    const struct mien_face_model *m = t->model;
    float c[4];
    for (int u = 0; u < m->uvs; u++) {
        int v = k->vertex[u] - 1;
        if (v < 0 || k->places[v] < 2) {
            continue;
        }
        k->fixed[u] = 1;
        sample(t, weight, colour, u, c);
        for (int i = 0; i < 3; i++) {
            k->sum[v][i] += (c[3] + unseen) * c[i];
        }
        k->sum[v][3] += c[3] + unseen;
    }
    for (int u = 0; u < m->uvs; u++) {
        int v = k->vertex[u] - 1;
        if (k->fixed[u]) {
            sample(t, weight, colour, u, c);
            for (int i = 0; i < 3; i++) {
                k->change[u][i] = k->sum[v][i] / k->sum[v][3] - c[i];
            }
        }
    }
}

// The mean of the neighbours, a little less each step away: over some four vertices.
static void spread(const struct mien_face_model *m, struct joint *k)
{
    static const float stays = 0.96f;
    for (int round = 0; round < 40; round++) {
        memset(k->around, 0, (size_t)m->uvs * sizeof(*k->around));
        for (int i = 0; i < 3 * m->triangles; i++) {
            int a = m->uv_triangle[i], b = m->uv_triangle[i % 3 < 2 ? i + 1 : i - 2];
            for (int c = 0; c < 3 && mien_part_is_skin(m->part[i / 3]); c++) {
                k->around[a][c] += k->change[b][c];
                k->around[b][c] += k->change[a][c];
                k->around[a][3] += c == 0;
                k->around[b][3] += c == 0;
            }
        }
        for (int u = 0; u < m->uvs; u++) {
            for (int c = 0; c < 3 && !k->fixed[u] && k->around[u][3] > 0; c++) {
                k->change[u][c] = stays * k->around[u][c] / k->around[u][3];
            }
        }
    }
}

static void apply(const struct mien_texture *t, const struct joint *k, uint8_t *done, float *colour)
{
    const struct mien_face_model *m = t->model;
    const int width = 2 * t->side;
    struct mien_texture_patch p;
    for (int q = 0; q < m->triangles; q++) {
        const int32_t *u = m->uv_triangle + 3 * q;
        if (!mien_part_is_skin(m->part[q]) || !mien_texture_patch(m, u, t->side, width, &p)) {
            continue;
        }
        for (int j = p.y0; j <= p.y1; j++) {
            for (int i = p.x0; i <= p.x1; i++) {
                size_t at = (size_t)j * (size_t)width + (size_t)i;
                float b[3];
                if (!mien_texture_within(&p, i, j, b) || done[at]) {
                    continue;
                }
                for (int c = 0; c < 3; c++) {
                    float add = b[0] * k->change[u[0]][c] + b[1] * k->change[u[1]][c] +
                                b[2] * k->change[u[2]][c];
                    colour[4 * at + (size_t)c] =
                        fminf(fmaxf(colour[4 * at + (size_t)c] + add, 0), 255);
                }
                done[at] = 1;
            }
        }
    }
}

bool mien_texture_join(const struct mien_texture *t, const float *weight, float *colour)
{
    const size_t U = (size_t)t->model->uvs, V = (size_t)t->model->vertices;
    struct joint k = {.change = mien_calloc(U, sizeof(*k.change)),
                      .around = mien_calloc(U, sizeof(*k.around)),
                      .sum = mien_calloc(V, sizeof(*k.sum)),
                      .places = mien_calloc(V, 1),
                      .first = mien_calloc(V, sizeof(*k.first)),
                      .fixed = mien_calloc(U, 1),
                      .vertex = mien_calloc(U, sizeof(*k.vertex))};
    uint8_t *done = mien_calloc(2 * (size_t)t->side * (size_t)t->side, 1);
    bool ok = k.change && k.around && k.sum && k.places && k.first && k.fixed && k.vertex && done;
    if (ok) {
        find_seams(t, &k);
        agree(t, weight, colour, &k);
        spread(t->model, &k);
        apply(t, &k, done, colour);
    }
    void *all[] = {k.change, k.around, k.sum, k.places, k.first, k.fixed, k.vertex, done};
    for (size_t i = 0; i < MIEN_COUNT(all); i++) {
        mien_free(all[i]);
    }
    return ok;
}

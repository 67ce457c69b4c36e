// A mesh's triangles made fewer by clustering its points.
#include "view/coarse.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

struct cluster { // of a hash table with open addresses
    int cell[5]; // x, y, z; up or down; eyeball or not
    int point;   // that stands for it; -1: free
    float off;   // its distance from the cell's middle, squared
};

static struct cluster *find(struct cluster *table, uint32_t mask, const int cell[5])
{
    uint64_t h = mien_hash(MIEN_HASH_START, cell, sizeof(table->cell));
    h ^= h >> 32;
    while (table[h & mask].point >= 0 &&
           memcmp(table[h & mask].cell, cell, sizeof(table->cell)) != 0) {
        h++;
    }
    return &table[h & mask];
}

// The mean face's normals at its corners, not of unit length.
static void mean_normals(const struct mien_mesh *m, float *normal)
{
    const float *at = m->model->mean;
    for (int t = 0; t < m->group_triangle[MIEN_MESH_GROUPS]; t++) {
        const int *k = m->corner_triangle + 3 * (size_t)t;
        const float *p[3];
        float a[3], b[3];
        for (int i = 0; i < 3; i++) {
            p[i] = at + 3 * (size_t)m->corner[k[i]];
        }
        for (int c = 0; c < 3; c++) {
            a[c] = p[1][c] - p[0][c];
            b[c] = p[2][c] - p[0][c];
        }
        for (int i = 0; i < 3; i++) {
            float *n = normal + 3 * (size_t)k[i];
            n[0] += a[1] * b[2] - a[2] * b[1];
            n[1] += a[2] * b[0] - a[0] * b[2];
            n[2] += a[0] * b[1] - a[1] * b[0];
        }
    }
}

// Of point i: the cell it lies in, and how far from the middle.
static float locate(const struct mien_mesh *m, const float *normal, float cell_mm, int i,
                    int cell[5])
{
    int corner = m->vertex[i];
    const float *p = m->model->mean + 3 * (size_t)m->corner[corner];
    float off = 0;
    for (int c = 0; c < 3; c++) {
        float x = p[c] / cell_mm;
        cell[c] = (int)floorf(x);
        off += (x - floorf(x) - 0.5f) * (x - floorf(x) - 0.5f);
    }
    cell[3] = normal[3 * (size_t)corner + 1] > 0;
    cell[4] = (int)m->fixed[i].part == MIEN_MESH_EYES;
    return off;
}

bool mien_coarse_make(struct mien_coarse *out, const struct mien_mesh *m, float cell_mm)
{
    memset(out, 0, sizeof(*out));
    if (!m->model || m->points < 1 || !(cell_mm > 0)) {
        return false;
    }
    uint32_t size = 1;
    while (size < 2 * (uint32_t)m->points) {
        size *= 2;
    }
    int triangles = m->group_triangle[MIEN_MESH_GROUPS];
    struct cluster *table = mien_alloc(size, sizeof(*table));
    float *normal = mien_calloc(3 * (size_t)m->corners, sizeof(*normal));
    int *stands = mien_alloc((size_t)m->points, sizeof(*stands)); // for each point
    out->triangle = mien_alloc(3 * (size_t)triangles + 1, sizeof(*out->triangle));
    bool ok = table && normal && stands && out->triangle;
    for (uint32_t h = 0; ok && h < size; h++) {
        table[h].point = -1;
    }
    if (ok) {
        mean_normals(m, normal);
    }
    for (int i = 0; ok && i < m->points; i++) {
        int cell[5];
        float off = locate(m, normal, cell_mm, i, cell);
        struct cluster *c = find(table, size - 1, cell);
        if (c->point < 0 || off < c->off) {
            *c = (struct cluster){.point = i, .off = off};
            memcpy(c->cell, cell, sizeof(cell));
        }
    }
    for (int i = 0; ok && i < m->points; i++) {
        int cell[5];
        locate(m, normal, cell_mm, i, cell);
        stands[i] = find(table, size - 1, cell)->point;
    }
    int n = 0;
    for (int g = 0; ok && g < MIEN_MESH_GROUPS; g++) {
        out->group_triangle[g] = n;
        for (int t = m->group_triangle[g]; t < m->group_triangle[g + 1]; t++) {
            const uint32_t *p = m->triangle + 3 * (size_t)t;
            uint32_t q[3] = {(uint32_t)stands[p[0]], (uint32_t)stands[p[1]],
                             (uint32_t)stands[p[2]]};
            if (q[0] != q[1] && q[1] != q[2] && q[2] != q[0]) {
                memcpy(out->triangle + 3 * (size_t)n++, q, sizeof(q));
            }
        }
    }
    out->group_triangle[MIEN_MESH_GROUPS] = n;
    mien_free(table);
    mien_free(normal);
    mien_free(stands);
    if (!ok) {
        mien_coarse_destroy(out);
    }
    return ok;
}

void mien_coarse_destroy(struct mien_coarse *c)
{
    mien_free(c->triangle);
    memset(c, 0, sizeof(*c));
}

// Which of the face model's triangles are drawn, in a compact numbering.
#include "view/mesh.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"

static int group_of(const struct mien_face_model *f, int t)
{
    switch (f->part[t]) {
    case MIEN_PART_FACE: // a face ends at the jaw's edge; what hangs below it is the throat
        return mien_face_model_under_jaw(f, t) ? MIEN_MESH_HEAD : MIEN_MESH_FACE;
    case MIEN_PART_EYEBALL_LEFT:
    case MIEN_PART_EYEBALL_RIGHT:
        return MIEN_MESH_EYES;
    case MIEN_PART_TEETH:
        return MIEN_MESH_TEETH;
    case MIEN_PART_MOUTH:
    case MIEN_PART_GUMS:
    case MIEN_PART_EYE_SOCKET:
        return MIEN_MESH_MOUTH;
    case MIEN_PART_HEAD:
        return MIEN_MESH_HEAD;
    default:
        return -1; // lashes, fluid: nothing to see
    }
}

// Two triangles that share an edge and lie side by side in the model came from one quad. Returns
// the corner of a opposite to that edge (0…2), or -1.
static int diagonal(const int32_t *a, const int32_t *b)
{
    for (int i = 0; i < 3; i++) {
        int32_t p = a[(i + 1) % 3], q = a[(i + 2) % 3];
        for (int j = 0; j < 3; j++) {
            if (b[j] == q && b[(j + 1) % 3] == p) {
                return i;
            }
        }
    }
    return -1;
}

struct builder {
    struct mien_mesh *m;
    int *corner_of; // model vertex -> corner, -1
    int *first;     // corner -> its first point, -1
    int *next;      // point -> the corner's next point, -1
    int *uv_of;     // point -> uv index
    uint8_t *key;   // point -> group and grid corner
};

// The point of a model vertex with this UV and grid corner; made when `make`, else -1 if absent.
static int point(struct builder *b, int32_t vertex, int32_t uv, int group, int grid, bool make)
{
    struct mien_mesh *m = b->m;
    int c = b->corner_of[vertex];
    if (c < 0) {
        if (!make) {
            return -1;
        }
        c = b->corner_of[vertex] = m->corners++;
        m->corner[c] = vertex;
        b->first[c] = -1;
    }
    for (int p = b->first[c]; p >= 0; p = b->next[p]) {
        if (b->uv_of[p] == uv && b->key[p] == group * 4 + grid) {
            return p;
        }
    }
    if (!make) {
        return -1;
    }
    int p = m->points++;
    b->next[p] = b->first[c];
    b->first[c] = p;
    b->uv_of[p] = uv;
    b->key[p] = (uint8_t)(group * 4 + grid);
    m->vertex[p] = c;
    struct mien_mesh_fixed *f = &m->fixed[p];
    *f = (struct mien_mesh_fixed){.part = (float)group,
                                  .iris_mm = 99,
                                  .grid = {(float)(grid & 1), (float)(grid >> 1)},
                                  .jaw_mm = fminf(mien_face_model_above_jaw(m->model, vertex), 12)};
    if (m->model->uv && uv >= 0 && uv < m->model->uvs) {
        f->u = m->model->uv[2 * uv];
        f->v = m->model->uv[2 * uv + 1];
    }
    return p;
}

static float distance(const float *a, const float *b)
{
    float x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
    return sqrtf(x * x + y * y + z * z);
}

// mm from a vertex of the mean face to the iris centre of the eye it belongs to.
static float iris_distance(const struct mien_mesh *m, int32_t vertex, uint8_t part)
{
    const struct mien_face_model *f = m->model;
    int l = f->iris[part == MIEN_PART_EYEBALL_LEFT ? 0 : 1];
    return l >= 0 && l < f->landmarks && f->landmark_mean
               ? distance(f->mean + 3 * (size_t)vertex, f->landmark_mean + 3 * (size_t)l)
               : 99;
}

// Lids and gaze together uncover no more of an eyeball than this far from the iris centre; the rest
// of its triangles, two thirds, is never seen.
static const float eye_front_mm = 15;

static bool eye_front(const struct mien_mesh *m, int t)
{
    const int32_t *v = m->model->triangle + 3 * (size_t)t;
    float d = iris_distance(m, v[0], m->model->part[t]);
    return d < eye_front_mm || d >= 99;
}

struct corner {
    int32_t vertex, uv;
};

static struct corner corner_at(const struct mien_face_model *f, int t, int i)
{
    size_t k = 3 * (size_t)t + (size_t)(i % 3);
    return (struct corner){f->triangle[k], f->uv_triangle ? f->uv_triangle[k] : -1};
}

// Grid corners for the 4 vertices of a quad, in turn round it: of the 8 ways the one that shares
// the most points with the quads before. In a regular mesh all are shared.
static void choose_grid(struct builder *b, const struct corner q[4], int group, int grid[4])
{
    static const int round[4] = {0, 1, 3, 2};
    int best = -1;
    for (int way = 0; way < 8; way++) {
        int g[4], shared = 0;
        for (int i = 0; i < 4; i++) {
            g[i] = round[(way + (way & 4 ? 4 - i : i)) & 3];
            shared += point(b, q[i].vertex, q[i].uv, group, g[i], false) >= 0;
        }
        if (shared > best) {
            best = shared;
            memcpy(grid, g, sizeof(g));
        }
    }
}

static void add_triangle(struct builder *b, int t, int group, const struct corner c[3],
                         const int grid[3], int *triangles)
{
    struct mien_mesh *m = b->m;
    for (int i = 0; i < 3; i++) {
        int p = point(b, c[i].vertex, c[i].uv, group, grid[i], true);
        m->triangle[3 * (size_t)*triangles + (size_t)i] = (uint32_t)p;
        m->corner_triangle[3 * (size_t)*triangles + (size_t)i] = m->vertex[p];
        if (group == MIEN_MESH_EYES) {
            m->fixed[p].iris_mm = iris_distance(m, c[i].vertex, m->model->part[t]);
        }
    }
    ++*triangles;
}

static bool drawn(const struct mien_mesh *m, int t, int group)
{
    return group_of(m->model, t) == group && (group != MIEN_MESH_EYES || eye_front(m, t));
}

static void build(struct builder *b)
{
    struct mien_mesh *m = b->m;
    const struct mien_face_model *f = m->model;
    int triangles = 0;
    for (int g = 0; g < MIEN_MESH_GROUPS; g++) {
        m->group_triangle[g] = triangles;
        m->group_point[g] = m->points;
        m->group_corner[g] = m->corners;
        for (int t = 0; t < f->triangles; t++) {
            if (!drawn(m, t, g)) {
                continue;
            }
            const int32_t *v = f->triangle + 3 * (size_t)t;
            int k = t + 1 < f->triangles && drawn(m, t + 1, g) ? diagonal(v, v + 3) : -1;
            if (k < 0) {
                static const int lone[3] = {0, 1, 2};
                struct corner c[3] = {corner_at(f, t, 0), corner_at(f, t, 1), corner_at(f, t, 2)};
                add_triangle(b, t, g, c, lone, &triangles);
                continue;
            }
            // Round the quad: k, k+1, the other triangle's far corner, k+2.
            int far = diagonal(v + 3, v), grid[4];
            struct corner q[4] = {corner_at(f, t, k), corner_at(f, t, k + 1),
                                  corner_at(f, t + 1, far), corner_at(f, t, k + 2)};
            choose_grid(b, q, g, grid);
            struct corner one[3] = {q[0], q[1], q[3]}, two[3] = {q[1], q[2], q[3]};
            add_triangle(b, t, g, one, (int[3]){grid[0], grid[1], grid[3]}, &triangles);
            add_triangle(b, t + 1, g, two, (int[3]){grid[1], grid[2], grid[3]}, &triangles);
            t++;
        }
    }
    m->group_triangle[MIEN_MESH_GROUPS] = triangles;
    m->group_point[MIEN_MESH_GROUPS] = m->points;
    m->group_corner[MIEN_MESH_GROUPS] = m->corners;
}

static void carve(struct mien_mesh *m, struct builder *b, struct mien_arena *a,
                  struct mien_arena *tmp)
{
    const struct mien_face_model *f = m->model;
    size_t v = (size_t)f->vertices, t = (size_t)f->triangles, p = 3 * t;
    m->vertex = mien_arena_take(a, p, sizeof(*m->vertex));
    m->fixed = mien_arena_take(a, p, sizeof(*m->fixed));
    m->corner = mien_arena_take(a, v, sizeof(*m->corner));
    m->triangle = mien_arena_take(a, p, sizeof(*m->triangle));
    m->posed = mien_arena_take(a, 3 * v, sizeof(float));
    m->normal = mien_arena_take(a, 3 * v, sizeof(float));
    m->corner_triangle = mien_arena_take(a, p, sizeof(int));
    b->corner_of = mien_arena_take(tmp, v, sizeof(int));
    b->first = mien_arena_take(tmp, v, sizeof(int));
    b->next = mien_arena_take(tmp, p, sizeof(int));
    b->uv_of = mien_arena_take(tmp, p, sizeof(int));
    b->key = mien_arena_take(tmp, p, 1);
}

static float step(float from, float to, float v) // 0 at `from` … 1 at `to`, smooth
{
    float t = fminf(fmaxf((v - from) / (to - from), 0), 1);
    return t * t * (3 - 2 * t);
}

// The hull of ears and hair side, on the mean face and in mm from the uppermost jaw points, which
// lie 20 mm before the ears: from there back, from the lobes to above the ears. Hair and ears of
// people differ more than a model of them could help; a wall hides what goes behind them.
static void hull(struct mien_mesh *m)
{
    const struct mien_face_model *f = m->model;
    int left = f->ibug[16], right = f->ibug[0];
    if (left < 0 || right < 0 || left >= f->landmarks || right >= f->landmarks ||
        !f->landmark_mean) {
        return;
    }
    const float *a = f->landmark_mean + 3 * (size_t)left;
    const float *b = f->landmark_mean + 3 * (size_t)right;
    float y = (a[1] + b[1]) / 2, z = (a[2] + b[2]) / 2, ear = 0;
    for (int c = m->group_corner[MIEN_MESH_HEAD]; c < m->corners; c++) {
        const float *p = f->mean + 3 * (size_t)m->corner[c];
        if (p[1] > y - 50 && p[1] < y + 15 && p[2] > z - 80) {
            ear = fmaxf(ear, fabsf(p[0]));
        }
    }
    for (int i = m->group_point[MIEN_MESH_HEAD]; i < m->points; i++) {
        const float *p = f->mean + 3 * (size_t)m->corner[m->vertex[i]];
        float w = step(z - 19, z - 26, p[2]) * step(z - 120, z - 90, p[2]) *
                  step(y - 65, y - 45, p[1]) * step(y + 60, y + 35, p[1]) *
                  step(25, 45, fabsf(p[0]));
        // Above the ears hair lies some 7 mm thick; what a hat's back shows is behind it.
        float hair =
            step(y + 25, y + 50, p[1]) * step(z + 40, z + 10, p[2]) * step(25, 55, fabsf(p[0]));
        float out = fmaxf(w * fmaxf(0, ear + 2 - fabsf(p[0])), 7 * hair);
        m->fixed[i].hull_mm = out * (p[0] < 0 ? -1 : 1);
    }
}

bool mien_mesh_init(struct mien_mesh *m, const struct mien_face_model *model)
{
    memset(m, 0, sizeof(*m));
    m->model = model;
    struct builder b = {.m = m};
    struct mien_arena measure = {0}, measure_tmp = {0}, tmp = {0};
    carve(m, &b, &measure, &measure_tmp);
    struct mien_arena *a = mien_calloc(1, sizeof(*a));
    if (!a || !mien_arena_init(a, measure.used) || !mien_arena_init(&tmp, measure_tmp.used)) {
        if (a) {
            mien_arena_destroy(a);
        }
        mien_free(a);
        memset(m, 0, sizeof(*m));
        return false;
    }
    m->owned = a;
    carve(m, &b, a, &tmp);
    memset(b.corner_of, 0xff, (size_t)model->vertices * sizeof(int));
    build(&b);
    hull(m);
    mien_arena_destroy(&tmp);
    bool ok = true;
    for (int i = 0; i < MIEN_FACES_MAX; i++) {
        ok = mien_face_base_init(&m->base[i], model) && ok;
    }
    if (!ok) {
        mien_mesh_destroy(m);
    }
    return ok;
}

void mien_mesh_destroy(struct mien_mesh *m)
{
    for (int i = 0; i < MIEN_FACES_MAX; i++) {
        mien_face_base_destroy(&m->base[i]);
    }
    if (m->owned) {
        mien_arena_destroy(m->owned);
        mien_free(m->owned);
    }
    memset(m, 0, sizeof(*m));
}

// Area-weighted vertex normals: the cross product's length is twice the triangle's area.
static void normals(struct mien_mesh *m, int triangles, int corners)
{
    memset(m->normal, 0, 3 * (size_t)corners * sizeof(float));
    for (int t = 0; t < triangles; t++) {
        const int *c = m->corner_triangle + 3 * (size_t)t;
        const float *p = m->posed + 3 * (size_t)m->corner[c[0]];
        const float *q = m->posed + 3 * (size_t)m->corner[c[1]];
        const float *r = m->posed + 3 * (size_t)m->corner[c[2]];
        float a[3] = {q[0] - p[0], q[1] - p[1], q[2] - p[2]};
        float b[3] = {r[0] - p[0], r[1] - p[1], r[2] - p[2]};
        float n[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                      a[0] * b[1] - a[1] * b[0]};
        for (int i = 0; i < 3; i++) {
            float *o = m->normal + 3 * (size_t)c[i];
            o[0] += n[0];
            o[1] += n[1];
            o[2] += n[2];
        }
    }
    for (int c = 0; c < corners; c++) {
        float *n = m->normal + 3 * (size_t)c;
        float l = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        float s = l > 1e-12f ? 1 / l : 0;
        n[0] *= s;
        n[1] *= s;
        n[2] *= s;
    }
}

// mm between two landmarks of a face (model vertices,3); -1 when the model lacks them.
static float gap(const struct mien_mesh *m, const float *vertices, int a, int b)
{
    float p[2][3] = {{0}};
    for (int side = 0; side < 2; side++) {
        int l = m->model->ibug[side ? b : a];
        if (l < 0 || l >= m->model->landmarks || !m->model->landmark) {
            return -1;
        }
        const struct mien_landmark *mark = &m->model->landmark[l];
        for (int k = 0; k < 9; k++) {
            p[side][k % 3] +=
                mark->weight[k / 3] * vertices[3 * (size_t)mark->vertex[k / 3] + (size_t)(k % 3)];
        }
    }
    return distance(p[0], p[1]);
}

// Whether the inner lips are further apart than the same face's at rest, where they touch (iBUG
// points, counted from 0).
static bool lips_open(const struct mien_mesh *m, const float *base)
{
    static const int pair[3][2] = {{61, 67}, {62, 66}, {63, 65}};
    for (int k = 0; k < 3; k++) {
        float rest = gap(m, base, pair[k][0], pair[k][1]);
        if (rest < 0 || gap(m, m->posed, pair[k][0], pair[k][1]) - rest > 0.7f) {
            return true;
        }
    }
    return false;
}

enum mien_mesh_group mien_mesh_pose(struct mien_mesh *m, int slot,
                                    const struct mien_face_result *face,
                                    enum mien_mesh_group wanted, struct mien_mesh_point *out)
{
    const float *base = mien_face_base_of(&m->base[slot], face->identity);
    mien_face_base_pose(&m->base[slot], face->identity, face->blendshape, m->posed);
    enum mien_mesh_group last = wanted;
    m->lips_open = lips_open(m, base);
    if ((wanted == MIEN_MESH_TEETH || wanted == MIEN_MESH_MOUTH) && !m->lips_open) {
        last = MIEN_MESH_EYES;
    }
    normals(m, m->group_triangle[last + 1], m->group_corner[last + 1]);
    for (int p = 0; p < m->group_point[last + 1]; p++) {
        int c = m->vertex[p];
        memcpy(out[p].position, m->posed + 3 * (size_t)m->corner[c], sizeof(out->position));
        memcpy(out[p].normal, m->normal + 3 * (size_t)c, sizeof(out->normal));
    }
    return last;
}

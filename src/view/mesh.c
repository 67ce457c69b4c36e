// Which of the face model's triangles are drawn, in a compact numbering.
#include "view/mesh.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"

static int group_of(uint8_t part)
{
    switch (part) {
    case MIEN_PART_FACE:
        return MIEN_MESH_FACE;
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

// The edge that a triangle shares with the next one is a quad's diagonal when the two came from one
// quad, which the model keeps side by side. Returns the corner opposite to it (0…2), or -1.
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

struct edge_set { // open addressing over pairs of model vertices
    uint64_t *key;
    size_t mask;
};

static bool edge_insert(struct edge_set *s, int32_t a, int32_t b)
{
    uint64_t k = a < b ? (uint64_t)(uint32_t)a << 32 | (uint32_t)b
                       : (uint64_t)(uint32_t)b << 32 | (uint32_t)a;
    k += 1; // 0 is empty
    for (size_t h = (size_t)(k * 0x9e3779b97f4a7c15ull >> 20) & s->mask;; h = (h + 1) & s->mask) {
        if (s->key[h] == k) {
            return false;
        }
        if (!s->key[h]) {
            s->key[h] = k;
            return true;
        }
    }
}

struct builder {
    struct mien_mesh *m;
    int *corner_of; // model vertex -> corner, -1
    int *first;     // corner -> its first point, -1
    int *next;      // point -> the corner's next point, -1
    int *uv_of;     // point -> uv index
    uint8_t *group; // point -> group
};

static uint32_t point(struct builder *b, int32_t vertex, int32_t uv, int group)
{
    struct mien_mesh *m = b->m;
    int c = b->corner_of[vertex];
    if (c < 0) {
        c = b->corner_of[vertex] = m->corners++;
        m->corner[c] = vertex;
        b->first[c] = -1;
    }
    for (int p = b->first[c]; p >= 0; p = b->next[p]) {
        if (b->uv_of[p] == uv && b->group[p] == group) {
            return (uint32_t)p;
        }
    }
    int p = m->points++;
    b->next[p] = b->first[c];
    b->first[c] = p;
    b->uv_of[p] = uv;
    b->group[p] = (uint8_t)group;
    m->vertex[p] = c;
    struct mien_mesh_fixed *f = &m->fixed[p];
    *f = (struct mien_mesh_fixed){.part = (float)group, .iris_mm = 99};
    if (m->model->uv && uv >= 0 && uv < m->model->uvs) {
        f->u = m->model->uv[2 * uv];
        f->v = m->model->uv[2 * uv + 1];
    }
    return (uint32_t)p;
}

static float distance(const float *a, const float *b)
{
    float x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
    return sqrtf(x * x + y * y + z * z);
}

static void mark_iris(struct mien_mesh *m, uint32_t p, uint8_t part)
{
    const struct mien_face_model *f = m->model;
    int l = f->iris[part == MIEN_PART_EYEBALL_LEFT ? 0 : 1];
    if (l >= 0 && l < f->landmarks && f->landmark_mean) {
        m->fixed[p].iris_mm = distance(f->mean + 3 * (size_t)m->corner[m->vertex[p]],
                                       f->landmark_mean + 3 * (size_t)l);
    }
}

static void build(struct builder *b, struct edge_set *seen)
{
    struct mien_mesh *m = b->m;
    const struct mien_face_model *f = m->model;
    int triangles = 0, edges = 0;
    for (int g = 0; g < MIEN_MESH_GROUPS; g++) {
        m->group_triangle[g] = triangles;
        m->group_edge[g] = edges;
        int skip = -1; // this triangle's corner opposite to a diagonal, from the one before
        for (int t = 0; t < f->triangles; t++) {
            int hidden = skip;
            skip = -1;
            const int32_t *v = f->triangle + 3 * (size_t)t;
            if (group_of(f->part[t]) != g) {
                continue;
            }
            if (hidden < 0 && t + 1 < f->triangles && f->part[t + 1] == f->part[t]) {
                hidden = diagonal(v, v + 3);
                skip = hidden >= 0 ? diagonal(v + 3, v) : -1;
            }
            uint32_t p[3];
            for (int i = 0; i < 3; i++) {
                int32_t uv = f->uv_triangle ? f->uv_triangle[3 * (size_t)t + (size_t)i] : -1;
                p[i] = m->triangle[3 * (size_t)triangles + (size_t)i] = point(b, v[i], uv, g);
                m->corner_triangle[3 * (size_t)triangles + (size_t)i] = b->corner_of[v[i]];
                if (g == MIEN_MESH_EYES) {
                    mark_iris(m, p[i], f->part[t]);
                }
            }
            triangles++;
            for (int i = 0; i < 3; i++) {
                int j = (i + 1) % 3;
                if ((i + 2) % 3 != hidden && edge_insert(seen, v[i], v[j])) {
                    m->edge[2 * (size_t)edges] = p[i];
                    m->edge[2 * (size_t)edges + 1] = p[j];
                    edges++;
                }
            }
        }
    }
    m->group_triangle[MIEN_MESH_GROUPS] = triangles;
    m->group_edge[MIEN_MESH_GROUPS] = edges;
}

static void carve(struct mien_mesh *m, struct builder *b, struct edge_set *s, struct mien_arena *a,
                  struct mien_arena *tmp)
{
    const struct mien_face_model *f = m->model;
    size_t v = (size_t)f->vertices, t = (size_t)f->triangles, p = 3 * t;
    m->vertex = mien_arena_take(a, p, sizeof(*m->vertex));
    m->fixed = mien_arena_take(a, p, sizeof(*m->fixed));
    m->corner = mien_arena_take(a, v, sizeof(*m->corner));
    m->triangle = mien_arena_take(a, p, sizeof(*m->triangle));
    m->edge = mien_arena_take(a, 2 * p, sizeof(*m->edge));
    m->base = mien_arena_take(a, MIEN_FACES_MAX * 3 * v, sizeof(float));
    m->posed = mien_arena_take(a, 3 * v, sizeof(float));
    m->normal = mien_arena_take(a, 3 * v, sizeof(float));
    m->corner_triangle = mien_arena_take(a, p, sizeof(int));
    b->corner_of = mien_arena_take(tmp, v, sizeof(int));
    b->first = mien_arena_take(tmp, v, sizeof(int));
    b->next = mien_arena_take(tmp, p, sizeof(int));
    b->uv_of = mien_arena_take(tmp, p, sizeof(int));
    b->group = mien_arena_take(tmp, p, 1);
    size_t slots = 1024;
    while (slots < 4 * p) {
        slots *= 2;
    }
    s->key = mien_arena_take(tmp, slots, sizeof(*s->key));
    s->mask = slots - 1;
}

bool mien_mesh_init(struct mien_mesh *m, const struct mien_face_model *model)
{
    memset(m, 0, sizeof(*m));
    m->model = model;
    struct builder b = {.m = m};
    struct edge_set s = {0};
    struct mien_arena measure = {0}, measure_tmp = {0}, tmp = {0};
    carve(m, &b, &s, &measure, &measure_tmp);
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
    carve(m, &b, &s, a, &tmp);
    memset(b.corner_of, 0xff, (size_t)model->vertices * sizeof(int));
    build(&b, &s);
    mien_arena_destroy(&tmp);
    return true;
}

void mien_mesh_destroy(struct mien_mesh *m)
{
    if (m->owned) {
        mien_arena_destroy(m->owned);
        mien_free(m->owned);
    }
    memset(m, 0, sizeof(*m));
}

// Area-weighted vertex normals: the cross product's length is twice the triangle's area.
static void normals(struct mien_mesh *m, int triangles)
{
    memset(m->normal, 0, 3 * (size_t)m->corners * sizeof(float));
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
    for (int c = 0; c < m->corners; c++) {
        float *n = m->normal + 3 * (size_t)c;
        float l = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        float s = l > 1e-12f ? 1 / l : 0;
        n[0] *= s;
        n[1] *= s;
        n[2] *= s;
    }
}

void mien_mesh_pose(struct mien_mesh *m, int slot, const struct mien_face_result *face,
                    enum mien_mesh_group last, struct mien_mesh_point *out)
{
    float *base = m->base + (size_t)slot * 3 * (size_t)m->model->vertices;
    if (!m->base_ready[slot] ||
        memcmp(m->identity[slot], face->identity, sizeof(face->identity)) != 0) {
        mien_face_model_vertices(m->model, face->identity, NULL, base);
        memcpy(m->identity[slot], face->identity, sizeof(face->identity));
        m->base_ready[slot] = true;
    }
    mien_face_model_add_blendshapes(m->model, base, face->blendshape, m->posed);
    normals(m, m->group_triangle[last + 1]);
    for (int p = 0; p < m->points; p++) {
        int c = m->vertex[p];
        memcpy(out[p].position, m->posed + 3 * (size_t)m->corner[c], sizeof(out->position));
        memcpy(out[p].normal, m->normal + 3 * (size_t)c, sizeof(out->normal));
    }
}

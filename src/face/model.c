// The morphable model at run time: loads models/ict.face and evaluates it. See model.h.
//
// File (container kind "FACE", version 3): "counts" i32[8] = {vertices, triangles, uvs, landmarks,
// identity, blendshapes, ibug, 0}; "mean" f32 (V,3); "tri", "uvtri" u16 (T,3); "uv" u16 (U,2),
// 65535 = 2.0; "part" u8 (T); "mirror" u16 (V), 65535 = none; "idwide" i32 (I): 1 = that component
// is 16-bit on skin; "idscale" f32 (I,2): mm per step on skin and on the rest; "id16" i16, "id8"
// i8; "bscount" i32 (B), "bsscale" f32 (B), "bsindex" u16, "bsvalue" i16 (.,3); "landmark" structs;
// "ibug" i32 (68); "ibugmix" structs (68); "eyes" f32 (7) = centres left, right, radius; "iris" i32
// (2).
#include "face/model.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "face/model_file.h"
#include "face/pose.h"

struct owned {
    struct mien_arena arena;
    int32_t *first; // (B+1) of each blendshape in index/delta
    int32_t *index; // vertices that a blendshape moves
    float *delta;   // (.,3) mm
    int16_t *steps; // (MIEN_IDENTITY,V,3): the identity basis as stored, half the bytes to read
    float scale[MIEN_IDENTITY][2]; // mm per step on skin, on the rest
};

static const void *section(const struct mien_container *c, const char *name, size_t count,
                           size_t size)
{
    size_t bytes = 0;
    if (!mien_mul_size(count, size, &bytes)) {
        return NULL;
    }
    return mien_container_get(c, name, bytes, NULL);
}

static bool in_range(const int32_t *v, size_t n, int32_t lo, int32_t hi)
{
    for (size_t i = 0; i < n; i++) {
        if (v[i] < lo || v[i] >= hi) {
            return false;
        }
    }
    return true;
}

static bool all_below(const float *v, size_t n, float limit)
{
    for (size_t i = 0; i < n; i++) {
        if (!(fabsf(v[i]) < limit)) { // not a number is not below either
            return false;
        }
    }
    return true;
}

static bool landmarks_valid(const struct mien_face_model *m)
{
    for (int l = 0; l < m->landmarks; l++) {
        const struct mien_landmark *k = &m->landmark[l];
        if (!in_range(k->vertex, 3, 0, m->vertices) || k->mirror < 0 || k->mirror >= m->landmarks ||
            k->mediapipe < -1 || k->mediapipe >= 478 || k->region >= MIEN_REGIONS ||
            !memchr(k->name, 0, sizeof k->name)) {
            return false;
        }
        if (!all_below(k->weight, 3, 10)) {
            return false;
        }
    }
    for (int k = 0; k < MIEN_IBUG; k++) {
        if (!in_range(m->ibug_mix[k].landmark, MIEN_IBUG_TERMS, 0, m->landmarks)) {
            return false;
        }
        if (!all_below(m->ibug_mix[k].weight, MIEN_IBUG_TERMS, 10)) {
            return false;
        }
    }
    return in_range(m->ibug, MIEN_IBUG, 0, m->landmarks) && in_range(m->iris, 2, 0, m->landmarks);
}

void mien_face_model_ibug(const struct mien_face_model *m, int k, const float *value, int stride,
                          int n, float *out)
{
    const struct mien_ibug_point *p = &m->ibug_mix[k];
    for (int c = 0; c < n; c++) {
        out[c] = 0;
        for (int i = 0; i < MIEN_IBUG_TERMS; i++) {
            out[c] += p->weight[i] * value[(size_t)p->landmark[i] * (size_t)stride + (size_t)c];
        }
    }
}

void mien_face_model_gather(const struct mien_face_model *m, const float *v, float *out)
{
    for (int l = 0; l < m->landmarks; l++) {
        const struct mien_landmark *k = &m->landmark[l];
        for (int c = 0; c < 3; c++) {
            float s = 0;
            for (int i = 0; i < 3; i++) {
                s += k->weight[i] * v[3 * k->vertex[i] + c];
            }
            out[3 * l + c] = s;
        }
    }
}

// Carves everything; called twice: measuring, then for real.
static void carve(struct mien_face_model *m, struct owned *o, size_t moved)
{
    struct mien_arena *a = &o->arena;
    const size_t v3 = 3 * (size_t)m->vertices, l3 = 3 * (size_t)m->landmarks;
    const size_t t3 = 3 * (size_t)m->triangles;
    m->mean = mien_arena_take(a, v3, sizeof(float));
    m->triangle = mien_arena_take(a, t3, sizeof(int32_t));
    m->uv_triangle = mien_arena_take(a, t3, sizeof(int32_t));
    m->uv = mien_arena_take(a, 2 * (size_t)m->uvs, sizeof(float));
    m->part = mien_arena_take(a, (size_t)m->triangles, 1);
    m->vertex_mask = mien_arena_take(a, (size_t)m->vertices, 1);
    m->mirror = mien_arena_take(a, (size_t)m->vertices, sizeof(int32_t));
    m->identity = mien_arena_take(a, MIEN_IDENTITY * v3, sizeof(float));
    m->blendshape = mien_arena_take(a, MIEN_BLENDSHAPES * v3, sizeof(float));
    m->landmark = mien_arena_take(a, (size_t)m->landmarks, sizeof(struct mien_landmark));
    m->landmark_mean = mien_arena_take(a, l3, sizeof(float));
    m->landmark_identity = mien_arena_take(a, MIEN_IDENTITY * l3, sizeof(float));
    m->landmark_blendshape = mien_arena_take(a, MIEN_BLENDSHAPES * l3, sizeof(float));
    o->first = mien_arena_take(a, MIEN_BLENDSHAPES + 1, sizeof(int32_t));
    o->index = mien_arena_take(a, moved, sizeof(int32_t));
    o->delta = mien_arena_take(a, 3 * moved, sizeof(float));
    o->steps = mien_arena_take(a, MIEN_IDENTITY * v3, sizeof(int16_t));
}

static bool read_identity(struct mien_face_model *m, struct owned *o,
                          const struct mien_container *c)
{
    const int skin = MIEN_FACE_SKIN_VERTICES;
    const size_t rest = (size_t)(m->vertices - skin);
    const int32_t *wide = section(c, "idwide", MIEN_IDENTITY, sizeof(int32_t));
    const float *scale = section(c, "idscale", MIEN_IDENTITY * 2, sizeof(float));
    if (!wide || !scale || !all_below(scale, MIEN_IDENTITY * 2, 10)) { // mm a step
        return false;
    }
    size_t n16 = 0, n8 = 0;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        n16 += wide[i] ? 3 * (size_t)skin : 0;
        n8 += (wide[i] ? 0 : 3 * (size_t)skin) + 3 * rest;
    }
    const int16_t *q16 = section(c, "id16", n16, sizeof(int16_t));
    const int8_t *q8 = section(c, "id8", n8, 1);
    if ((n16 && !q16) || !q8) {
        return false;
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        const size_t n = 3 * (size_t)m->vertices, skin3 = 3 * (size_t)skin;
        float *out = m->identity + (size_t)i * n;
        int16_t *q = o->steps + (size_t)i * n;
        o->scale[i][0] = scale[2 * i];
        o->scale[i][1] = scale[2 * i + 1];
        for (size_t k = 0; k < n; k++) {
            q[k] = k < skin3 && wide[i] ? *q16++ : *q8++;
            out[k] = o->scale[i][k >= skin3] * (float)q[k];
        }
    }
    return true;
}

static bool read_blendshapes(struct mien_face_model *m, struct owned *o,
                             const struct mien_container *c, size_t moved)
{
    const int32_t *count = section(c, "bscount", MIEN_BLENDSHAPES, sizeof(int32_t));
    const float *scale = section(c, "bsscale", MIEN_BLENDSHAPES, sizeof(float));
    const uint16_t *index = section(c, "bsindex", moved, sizeof(uint16_t));
    const int16_t *value = section(c, "bsvalue", 3 * moved, sizeof(int16_t));
    if (!count || !scale || !index || !value || !all_below(scale, MIEN_BLENDSHAPES, 10)) {
        return false;
    }
    size_t n = 0;
    for (int b = 0; b < MIEN_BLENDSHAPES; b++) {
        o->first[b] = (int32_t)n;
        float *out = m->blendshape + (size_t)b * 3 * (size_t)m->vertices;
        for (int k = 0; k < count[b]; k++, n++) {
            if (index[n] >= m->vertices) {
                return false;
            }
            o->index[n] = index[n];
            for (int d = 0; d < 3; d++) {
                o->delta[3 * n + d] = scale[b] * (float)value[3 * n + d];
                out[3 * index[n] + d] = o->delta[3 * n + d];
            }
        }
    }
    o->first[MIEN_BLENDSHAPES] = (int32_t)n;
    return true;
}

static bool read_mesh(struct mien_face_model *m, const struct mien_container *c)
{
    const size_t V = (size_t)m->vertices, T = (size_t)m->triangles, U = (size_t)m->uvs;
    const float *mean = section(c, "mean", V * 3, sizeof(float));
    const uint16_t *tri = section(c, "tri", T * 3, sizeof(uint16_t));
    const uint16_t *uvtri = section(c, "uvtri", T * 3, sizeof(uint16_t));
    const uint16_t *uv = section(c, "uv", U * 2, sizeof(uint16_t));
    const uint8_t *part = section(c, "part", T, 1);
    const uint16_t *mirror = section(c, "mirror", V, sizeof(uint16_t));
    const struct mien_landmark *lm =
        section(c, "landmark", (size_t)m->landmarks, sizeof(struct mien_landmark));
    const int32_t *ibug = section(c, "ibug", MIEN_IBUG, sizeof(int32_t));
    const struct mien_ibug_point *mix =
        section(c, "ibugmix", MIEN_IBUG, sizeof(struct mien_ibug_point));
    const int32_t *iris = section(c, "iris", 2, sizeof(int32_t));
    const float *eyes = section(c, "eyes", 7, sizeof(float));
    if (!mean || !tri || !uvtri || !uv || !part || !mirror || !lm || !ibug || !mix || !iris ||
        !eyes) {
        return false;
    }
    memcpy((float *)m->mean, mean, V * 3 * sizeof(float));
    memcpy((uint8_t *)m->part, part, T);
    for (size_t i = 0; i < V; i++) {
        ((int32_t *)m->mirror)[i] = mirror[i] == 65535 ? -1 : mirror[i];
    }
    memcpy((struct mien_landmark *)m->landmark, lm, (size_t)m->landmarks * sizeof *lm);
    memcpy(m->ibug, ibug, sizeof m->ibug);
    memcpy(m->ibug_mix, mix, sizeof m->ibug_mix);
    memcpy(m->iris, iris, sizeof m->iris);
    memcpy(m->eye_centre, eyes, sizeof m->eye_centre);
    m->eye_radius_mm = eyes[6];
    for (size_t i = 0; i < U * 2; i++) {
        ((float *)m->uv)[i] = (float)uv[i] * (2.0f / 65535.0f);
    }
    uint8_t *mask = (uint8_t *)m->vertex_mask;
    for (size_t i = 0; i < T * 3; i++) {
        if (tri[i] >= V || uvtri[i] >= U || part[i / 3] >= MIEN_PARTS) {
            return false;
        }
        ((int32_t *)m->triangle)[i] = tri[i];
        ((int32_t *)m->uv_triangle)[i] = uvtri[i];
        if (part[i / 3] < 8) {
            mask[tri[i]] = (uint8_t)(mask[tri[i]] | 1u << part[i / 3]);
        }
    }
    return all_below(mean, V * 3, 1e4f) && all_below(eyes, 7, 1e4f) && m->eye_radius_mm > 1 &&
           in_range(m->mirror, V, -1, m->vertices) && landmarks_valid(m);
}

static void find_jaw(struct mien_face_model *m)
{
    static const int outline[] = {152, 148, 176, 149, 150, 136, 172, 58}; // MediaPipe's face oval
    m->jaw_points = 0;
    for (size_t k = 0; k < MIEN_COUNT(outline); k++) {
        for (int l = 0; l < m->landmarks; l++) {
            if (m->landmark[l].mediapipe == outline[k]) {
                m->jaw[m->jaw_points][0] = fabsf(m->landmark_mean[3 * l]);
                m->jaw[m->jaw_points++][1] = m->landmark_mean[3 * l + 1];
            }
        }
    }
}

bool mien_face_model_load(struct mien_face_model *m, const char *path)
{
    char shipped[1024];
    struct mien_container c = {0};
    struct owned *o = NULL;
    memset(m, 0, sizeof *m);
    if (!path) {
        if (!mien_find_file("models", "ict.face", shipped, sizeof shipped)) {
            return false;
        }
        path = shipped;
    }
    if (!mien_container_load(&c, path, "FACE", MIEN_FACE_VERSION)) {
        return false;
    }
    const int32_t *n = section(&c, "counts", 8, sizeof(int32_t));
    const int32_t *bs = section(&c, "bscount", MIEN_BLENDSHAPES, sizeof(int32_t));
    if (!n || !bs) {
        goto bad;
    }
    if (n[0] < MIEN_FACE_SKIN_VERTICES || n[0] > 65535 || n[1] < 1 || n[1] > 1000000 || n[2] < 1 ||
        n[2] > 65535 || n[3] < 1 || n[3] > MIEN_LANDMARKS_MAX || n[4] != MIEN_IDENTITY ||
        n[5] != MIEN_BLENDSHAPES || n[6] != MIEN_IBUG) {
        goto bad;
    }
    size_t moved = 0;
    for (int b = 0; b < MIEN_BLENDSHAPES; b++) {
        if (bs[b] < 0 || bs[b] > n[0]) {
            goto bad;
        }
        moved += (size_t)bs[b];
    }
    m->vertices = n[0];
    m->triangles = n[1];
    m->uvs = n[2];
    m->landmarks = n[3];
    o = mien_calloc(1, sizeof *o);
    if (!o) {
        goto fail;
    }
    carve(m, o, moved);
    const size_t need = o->arena.used;
    if (!mien_arena_init(&o->arena, need)) {
        goto fail;
    }
    carve(m, o, moved);
    m->owned = o;
    if (!read_mesh(m, &c) || !read_identity(m, o, &c) || !read_blendshapes(m, o, &c, moved)) {
        goto bad;
    }
    mien_face_model_gather(m, m->mean, m->landmark_mean);
    find_jaw(m);
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        mien_face_model_gather(m, m->identity + (size_t)i * 3 * (size_t)m->vertices,
                               m->landmark_identity + (size_t)i * 3 * (size_t)m->landmarks);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        mien_face_model_gather(m, m->blendshape + (size_t)i * 3 * (size_t)m->vertices,
                               m->landmark_blendshape + (size_t)i * 3 * (size_t)m->landmarks);
    }
    mien_container_destroy(&c);
    return true;
bad:
    mien_error("%s: not a face model of this version (sections or numbers disagree); run "
               "`mien model build` again",
               path);
fail:
    if (o) {
        mien_arena_destroy(&o->arena);
        mien_free(o);
    }
    mien_container_destroy(&c);
    memset(m, 0, sizeof *m);
    return false;
}

void mien_face_model_destroy(struct mien_face_model *m)
{
    struct owned *o = m->owned;
    if (o) {
        mien_arena_destroy(&o->arena);
        mien_free(o);
    }
    memset(m, 0, sizeof *m);
}

// out[i] += sum_k w[k] * basis[k][i], in blocks that stay in the first-level cache.
MIEN_MULTIVERSION static void add_dense(float *restrict out, const float *restrict basis,
                                        size_t stride, const float *w, int terms, size_t n)
{
    enum { BLOCK = 1024 };
    for (size_t at = 0; at < n; at += BLOCK) {
        const size_t len = n - at < BLOCK ? n - at : BLOCK;
        float *restrict y = out + at;
        int k = 0;
        for (; k + 4 <= terms; k += 4) {
            const float *a = basis + (size_t)k * stride + at, *b = a + stride;
            const float *c = b + stride, *d = c + stride;
            const float wa = w[k], wb = w[k + 1], wc = w[k + 2], wd = w[k + 3];
            for (size_t i = 0; i < len; i++) {
                y[i] += (wa * a[i] + wb * b[i]) + (wc * c[i] + wd * d[i]);
            }
        }
        for (; k < terms; k++) {
            const float *a = basis + (size_t)k * stride + at;
            for (size_t i = 0; i < len; i++) {
                y[i] += w[k] * a[i];
            }
        }
    }
}

// The same from 16-bit steps: w[k] includes the step's size.
MIEN_MULTIVERSION static void add_steps(float *restrict out, const int16_t *restrict basis,
                                        size_t stride, const float *w, int terms, size_t n)
{
    enum { BLOCK = 2048 };
    for (size_t at = 0; at < n; at += BLOCK) {
        const size_t len = n - at < BLOCK ? n - at : BLOCK;
        float *restrict y = out + at;
        int k = 0;
        for (; k + 4 <= terms; k += 4) {
            const int16_t *a = basis + (size_t)k * stride + at, *b = a + stride;
            const int16_t *c = b + stride, *d = c + stride;
            const float wa = w[k], wb = w[k + 1], wc = w[k + 2], wd = w[k + 3];
            for (size_t i = 0; i < len; i++) {
                y[i] +=
                    (wa * (float)a[i] + wb * (float)b[i]) + (wc * (float)c[i] + wd * (float)d[i]);
            }
        }
        for (; k < terms; k++) {
            const int16_t *a = basis + (size_t)k * stride + at;
            for (size_t i = 0; i < len; i++) {
                y[i] += w[k] * (float)a[i];
            }
        }
    }
}

static void add_sparse(const struct mien_face_model *m, const float *blendshape, float *out)
{
    const struct owned *o = m->owned;
    for (int b = 0; b < MIEN_BLENDSHAPES; b++) {
        const float w = blendshape[b];
        if (w == 0) {
            continue;
        }
        for (int32_t k = o->first[b]; k < o->first[b + 1]; k++) {
            float *v = out + 3 * (size_t)o->index[k];
            v[0] += w * o->delta[3 * k];
            v[1] += w * o->delta[3 * k + 1];
            v[2] += w * o->delta[3 * k + 2];
        }
    }
}

static int nonzero_terms(const float *w, int n) // coefficients after the last one in use are free
{
    while (n > 0 && w[n - 1] == 0) {
        n--;
    }
    return n;
}

void mien_face_model_vertices(const struct mien_face_model *m, const float *identity,
                              const float *blendshape, float *out)
{
    const size_t n = 3 * (size_t)m->vertices;
    memcpy(out, m->mean, n * sizeof(float));
    if (identity) {
        const struct owned *o = m->owned;
        const int terms = nonzero_terms(identity, MIEN_IDENTITY);
        const size_t skin3 = 3 * MIEN_FACE_SKIN_VERTICES;
        float w[2][MIEN_IDENTITY];
        for (int k = 0; k < terms; k++) {
            w[0][k] = identity[k] * o->scale[k][0];
            w[1][k] = identity[k] * o->scale[k][1];
        }
        add_steps(out, o->steps, n, w[0], terms, skin3);
        add_steps(out + skin3, o->steps + skin3, n, w[1], terms, n - skin3);
    }
    if (blendshape) {
        add_sparse(m, blendshape, out);
    }
}

void mien_face_model_add_blendshapes(const struct mien_face_model *m, const float *base,
                                     const float *blendshape, float *out)
{
    memcpy(out, base, 3 * (size_t)m->vertices * sizeof(float));
    add_sparse(m, blendshape, out);
}

void mien_face_model_landmarks(const struct mien_face_model *m, const float *identity,
                               const float *blendshape, float *out)
{
    const size_t n = 3 * (size_t)m->landmarks;
    memcpy(out, m->landmark_mean, n * sizeof(float));
    if (identity) {
        add_dense(out, m->landmark_identity, n, identity, MIEN_IDENTITY, n);
    }
    if (blendshape) {
        add_dense(out, m->landmark_blendshape, n, blendshape, MIEN_BLENDSHAPES, n);
    }
}

void mien_face_model_normals(const struct mien_face_model *m, const float *v, float *out)
{
    memset(out, 0, 3 * (size_t)m->vertices * sizeof(float));
    for (int t = 0; t < m->triangles; t++) {
        const int32_t *k = m->triangle + 3 * t;
        const float *a = v + 3 * k[0], *b = v + 3 * k[1], *c = v + 3 * k[2];
        const float e[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]};
        const float f[3] = {c[0] - a[0], c[1] - a[1], c[2] - a[2]};
        const float n[3] = {e[1] * f[2] - e[2] * f[1], e[2] * f[0] - e[0] * f[2],
                            e[0] * f[1] - e[1] * f[0]};
        for (int i = 0; i < 3; i++) {
            out[3 * k[i]] += n[0];
            out[3 * k[i] + 1] += n[1];
            out[3 * k[i] + 2] += n[2];
        }
    }
    for (int i = 0; i < m->vertices; i++) {
        float *n = out + 3 * i;
        const float s = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        const float r = s > 1e-12f ? 1 / s : 0;
        n[0] *= r;
        n[1] *= r;
        n[2] = s > 1e-12f ? n[2] * r : 1;
    }
}

static const float source_origin_mm[3] = {0, 12, 8};
static const float source_turn_deg = 4.5f; // see prepare/model_build.c

void mien_face_model_from_source(const float source_mm[3], float head_mm[3])
{
    float R[9];
    const float v[3] = {source_mm[0] - source_origin_mm[0], source_mm[1] - source_origin_mm[1],
                        source_mm[2] - source_origin_mm[2]};
    mien_pose_from_angles(0, -source_turn_deg, 0, R);
    mien_mat3_mul_vec(R, v, head_mm);
}

// The outline's height at a distance from the middle; far below where it has ended.
static float jaw_height(const struct mien_face_model *m, float x)
{
    for (int k = 1; k < m->jaw_points; k++) {
        const float *a = m->jaw[k - 1], *b = m->jaw[k];
        if (x <= b[0]) {
            return a[1] + (b[1] - a[1]) * (x - a[0]) / fmaxf(1e-3f, b[0] - a[0]);
        }
    }
    return -1e9f;
}

bool mien_face_model_under_jaw(const struct mien_face_model *m, int triangle)
{
    const int32_t *v = m->triangle + 3 * (size_t)triangle;
    float x = 0, y = 0;
    for (int i = 0; i < 3; i++) {
        x += m->mean[3 * v[i]] / 3;
        y += m->mean[3 * v[i] + 1] / 3;
    }
    return m->part[triangle] == MIEN_PART_FACE && y < -30 && y < jaw_height(m, fabsf(x));
}

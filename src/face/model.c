// The morphable model at run time: loads models/ict.face and evaluates it. See model.h.
//
// File (container kind "FACE", version 3): "counts" i32[8] = {vertices, triangles, uvs, landmarks,
// identity, blendshapes, ibug, 0}; "mean" f32 (V,3); "tri", "uvtri" u16 (T,3); "uv" u16 (U,2),
// 65535 = 2.0; "part" u8 (T); "mirror" u16 (V), 65535 = none; "idwide" i32 (I): 1 = that component
// is 16-bit on skin; "idscale" f32 (I,2): mm per step on skin and on the rest; "id16" i16, "id8"
// i8; "bscount" i32 (B), "bsscale" f32 (B), "bsindex" u16, "bsvalue" i16 (.,3); "landmark" structs;
// "ibug" i32 (68); "ibugmix" structs (68); "ibugshift" a struct, may be absent; "eyes" f32 (7) =
// centres left, right, radius; "iris" i32 (2).
#include "face/model.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "face/model_file.h"
#include "face/pose.h"

// Blendshapes are kept by blocks of neighbouring vertices: each lists the shapes that move any of
// them. One block's place stays in registers while its shapes are added.
enum { BLOCK_VERTICES = 8, BLOCK = 3 * BLOCK_VERTICES };

// Displacements of all vertices: 9 MB that only a mesh needs.
struct dense {
    struct mien_arena arena;
    const int16_t *wide[MIEN_IDENTITY]; // (skin,3) steps, or NULL …
    const int8_t *skin[MIEN_IDENTITY];  // … the same in 8 bits
    const int8_t *rest[MIEN_IDENTITY];  // (V - skin,3)
    int32_t *first;                     // (blocks + 1) in shape and step
    uint8_t *shape;                     // blendshapes, ascending within a block
    int16_t *step;                      // (.,BLOCK), zero where a shape leaves a vertex alone
};

// Sections that `dense` is made of.
enum { ID16, ID8, COUNT, SCALE, INDEX, VALUE, SECTIONS };
static const char *const section_name[SECTIONS] = {"id16",    "id8",     "bscount",
                                                   "bsscale", "bsindex", "bsvalue"};

struct owned {
    struct mien_container file; // stays open for `dense`
    uint32_t crc[SECTIONS];
    struct mien_arena arena;
    bool wide[MIEN_IDENTITY];         // this component is 16-bit on skin
    float scale[MIEN_IDENTITY][2];    // mm per step on skin, on the rest
    float shape_mm[MIEN_BLENDSHAPES]; // of a step
    int lid[2][16];                   // landmarks of the left and the right eye's lids
    bool has_lids[2];
    int blocks;
    size_t entries;
    struct dense dense;
    _Atomic int ready;    // dense is there, or what there can be of it
    pthread_mutex_t lock; // of who makes it
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

static bool are_all_below(const float *v, size_t n, float limit)
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
        if (!are_all_below(k->weight, 3, 10)) {
            return false;
        }
    }
    for (int k = 0; k < MIEN_IBUG; k++) {
        if (!in_range(m->ibug_mix[k].landmark, MIEN_IBUG_TERMS, 0, m->landmarks)) {
            return false;
        }
        if (!are_all_below(m->ibug_mix[k].weight, MIEN_IBUG_TERMS, 10)) {
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

// A shape further out than this, in standard deviations, is taken for as far out.
static const float shape_most = 3;

void mien_face_model_mark(const struct mien_face_model *m, const float (*landmark_px)[2],
                          float (*out)[2])
{
    const struct mien_ibug_shift *s = m->ibug_shift;
    float middle[2] = {0, 0}, along = 0, across = 0, by[MIEN_IBUG][2];
    for (int i = 0; i < MIEN_IBUG; i++) {
        mien_face_model_ibug(m, i, &landmark_px[0][0], 2, 2, out[i]);
        middle[0] += out[i][0] / MIEN_IBUG;
        middle[1] += out[i][1] / MIEN_IBUG;
    }
    if (!s) {
        return;
    }
    for (int i = 0; i < MIEN_IBUG; i++) { // size and roll: of the nearest similar mean face
        const float x = (out[i][0] - middle[0]) / MIEN_IBUG,
                    y = (out[i][1] - middle[1]) / MIEN_IBUG;
        along += x * s->mean[i][0] + y * s->mean[i][1];
        across += y * s->mean[i][0] - x * s->mean[i][1];
    }
    const float size2 = along * along + across * across;
    if (!(size2 > 1e-6f)) {
        return;
    }
    float *d = &by[0][0]; // the face in the mean face's frame, less it
    for (int i = 0; i < MIEN_IBUG; i++) {
        const float x = out[i][0] - middle[0], y = out[i][1] - middle[1];
        by[i][0] = (along * x + across * y) / size2 - s->mean[i][0];
        by[i][1] = (along * y - across * x) / size2 - s->mean[i][1];
    }
    float total[2 * MIEN_IBUG];
    memcpy(total, s->shift[0], sizeof(total));
    for (int k = 0; k < MIEN_IBUG_SHAPES; k++) {
        const float *shape = &s->shape[k][0][0], *shift = &s->shift[1 + k][0][0];
        float w = 0;
        for (int i = 0; i < 2 * MIEN_IBUG; i++) {
            w += shape[i] * d[i];
        }
        w = fminf(shape_most, fmaxf(-shape_most, w));
        for (int i = 0; i < 2 * MIEN_IBUG; i++) {
            total[i] += w * shift[i];
        }
    }
    for (int i = 0; i < MIEN_IBUG; i++) {
        out[i][0] += along * total[2 * i] - across * total[2 * i + 1];
        out[i][1] += along * total[2 * i + 1] + across * total[2 * i];
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

// Carves everything but `dense`; called twice: measuring, then for real.
static void carve(struct mien_face_model *m, struct owned *o)
{
    struct mien_arena *a = &o->arena;
    const size_t l3 = 3 * (size_t)m->landmarks, t3 = 3 * (size_t)m->triangles;
    m->triangle = mien_arena_take(a, t3, sizeof(int32_t));
    m->uv_triangle = mien_arena_take(a, t3, sizeof(int32_t));
    m->uv = mien_arena_take(a, 2 * (size_t)m->uvs, sizeof(float));
    m->vertex_mask = mien_arena_take(a, (size_t)m->vertices, 1);
    m->mirror = mien_arena_take(a, (size_t)m->vertices, sizeof(int32_t));
    m->mean = mien_arena_take(a, 3 * (size_t)m->vertices, sizeof(float));
    m->part = mien_arena_take(a, (size_t)m->triangles, 1);
    m->landmark = mien_arena_take(a, (size_t)m->landmarks, sizeof(struct mien_landmark));
    m->landmark_mean = mien_arena_take(a, l3, sizeof(float));
    m->landmark_identity = mien_arena_take(a, MIEN_IDENTITY * l3, sizeof(float));
    m->landmark_blendshape = mien_arena_take(a, MIEN_BLENDSHAPES * l3, sizeof(float));
    m->ibug_shift = mien_arena_take(a, 1, sizeof(*m->ibug_shift));
}

static bool read_shift(struct mien_face_model *m, const struct mien_container *c)
{
    if (!mien_container_find(c, "ibugshift")) {
        m->ibug_shift = NULL;
        return true;
    }
    const float *v = section(c, "ibugshift", 1, sizeof(*m->ibug_shift));
    if (!v || !are_all_below(v, sizeof(*m->ibug_shift) / sizeof(float), 100)) {
        return false;
    }
    memcpy((struct mien_ibug_shift *)m->ibug_shift, v, sizeof(*m->ibug_shift));
    return true;
}

static bool read_identity(struct mien_face_model *m, struct owned *o)
{
    const int32_t *wide = section(&o->file, "idwide", MIEN_IDENTITY, sizeof(int32_t));
    const float *scale = section(&o->file, "idscale", MIEN_IDENTITY * 2, sizeof(float));
    if (!wide || !scale || !are_all_below(scale, MIEN_IDENTITY * 2, 10)) { // mm a step
        return false;
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        o->scale[i][0] = scale[2 * i];
        o->scale[i][1] = scale[2 * i + 1];
        o->wide[i] = wide[i] != 0;
    }
    return true;
}

// How many steps of 16 and of 8 bits there are.
static void count_identity(const struct mien_face_model *m, const struct owned *o, size_t *n16,
                           size_t *n8)
{
    const size_t skin3 = 3 * MIEN_FACE_SKIN_VERTICES, rest3 = 3 * (size_t)m->vertices - skin3;
    *n16 = *n8 = 0;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        *n16 += o->wide[i] ? skin3 : 0;
        *n8 += (o->wide[i] ? 0 : skin3) + rest3;
    }
}

// Where each component begins.
static void place_identity(const struct mien_face_model *m, const struct owned *o,
                           const int16_t *q16, const int8_t *q8, struct dense *d)
{
    const size_t skin3 = 3 * MIEN_FACE_SKIN_VERTICES, rest3 = 3 * (size_t)m->vertices - skin3;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        d->wide[i] = o->wide[i] ? q16 : NULL;
        d->skin[i] = o->wide[i] ? NULL : q8;
        q16 += o->wide[i] ? skin3 : 0;
        q8 += o->wide[i] ? 0 : skin3;
        d->rest[i] = q8;
        q8 += rest3;
    }
}

// The blendshapes as stored: for each the vertices that it moves, ascending, and their steps.
struct stored {
    const int32_t *count;
    const float *scale;
    const uint16_t *index;
    const int16_t *value; // (.,3)
};

// How many pairs of a block and a shape that moves it there are; -1: not a model (logged or not).
static long find_blendshapes(const struct mien_face_model *m, const struct mien_container *c,
                             struct stored *s)
{
    size_t moved = 0;
    s->count = section(c, section_name[COUNT], MIEN_BLENDSHAPES, sizeof(int32_t));
    s->scale = section(c, section_name[SCALE], MIEN_BLENDSHAPES, sizeof(float));
    for (int b = 0; s->count && b < MIEN_BLENDSHAPES; b++) {
        if (s->count[b] < 0 || s->count[b] > m->vertices) {
            return -1;
        }
        moved += (size_t)s->count[b];
    }
    s->index = section(c, section_name[INDEX], moved, sizeof(uint16_t));
    s->value = section(c, section_name[VALUE], 3 * moved, sizeof(int16_t));
    if (!s->count || !s->scale || !s->index || !s->value ||
        !are_all_below(s->scale, MIEN_BLENDSHAPES, 10)) {
        return -1;
    }
    long entries = 0;
    const uint16_t *index = s->index;
    for (int b = 0; b < MIEN_BLENDSHAPES; index += s->count[b++]) {
        for (int k = 0; k < s->count[b]; k++) {
            if (index[k] >= m->vertices || (k > 0 && index[k] <= index[k - 1])) {
                return -1;
            }
            entries += k == 0 || index[k] / BLOCK_VERTICES != index[k - 1] / BLOCK_VERTICES;
        }
    }
    return entries;
}

static void read_blendshapes(struct dense *o, int blocks, const struct stored *s)
{
    const uint16_t *index = s->index;
    const int16_t *value = s->value;
    for (int b = 0; b < MIEN_BLENDSHAPES; index += s->count[b++]) { // first[i + 1]: how many in i
        for (int k = 0; k < s->count[b]; k++) {
            int block = index[k] / BLOCK_VERTICES;
            o->first[block + 1] += k == 0 || block != index[k - 1] / BLOCK_VERTICES;
        }
    }
    for (int i = 0; i < blocks; i++) {
        o->first[i + 1] += o->first[i];
    }
    index = s->index; // first[i]: where the next of i goes
    for (int b = 0; b < MIEN_BLENDSHAPES; index += s->count[b++]) {
        for (int k = 0; k < s->count[b]; k++, value += 3) {
            int block = index[k] / BLOCK_VERTICES;
            if (k == 0 || block != index[k - 1] / BLOCK_VERTICES) {
                o->shape[o->first[block]++] = (uint8_t)b;
            }
            memcpy(o->step + (size_t)BLOCK * (size_t)(o->first[block] - 1) +
                       3 * (index[k] % BLOCK_VERTICES),
                   value, 3 * sizeof(int16_t));
        }
    }
    memmove(o->first + 1, o->first, (size_t)blocks * sizeof(int32_t));
    o->first[0] = 0;
}

// One component's displacement of a vertex, mm.
static void read_identity_at(const struct owned *o, const struct dense *d, int i, int vertex,
                             float out[3])
{
    const bool on_skin = vertex < MIEN_FACE_SKIN_VERTICES;
    const size_t at = 3 * (size_t)(on_skin ? vertex : vertex - MIEN_FACE_SKIN_VERTICES);
    for (int c = 0; c < 3; c++) {
        int q = !on_skin     ? d->rest[i][at + (size_t)c]
                : d->wide[i] ? d->wide[i][at + (size_t)c]
                             : d->skin[i][at + (size_t)c];
        out[c] = o->scale[i][on_skin ? 0 : 1] * (float)q;
    }
}

// One shape's displacement of a vertex, mm. value: of this shape.
static void read_stored_at(const struct stored *s, int b, const uint16_t *index,
                           const int16_t *value, int vertex, float out[3])
{
    int from = 0, to = s->count[b];
    while (from < to) { // the first that is not below
        const int middle = (from + to) / 2;
        from = index[middle] < vertex ? middle + 1 : from;
        to = index[middle] < vertex ? to : middle;
    }
    const bool moved = from < s->count[b] && index[from] == vertex;
    for (int c = 0; c < 3; c++) {
        out[c] = moved ? s->scale[b] * (float)value[3 * from + c] : 0;
    }
}

// A landmark's displacement: of its triangle's corners.
static void add_landmark(const struct mien_landmark *k, const float d[3][3], float to[3])
{
    for (int i = 0; i < 3; i++) {
        for (int c = 0; c < 3; c++) {
            to[c] += k->weight[i] * d[i][c];
        }
    }
}

// Identity and blendshapes of the landmarks alone.
static void gather_landmarks(struct mien_face_model *m, const struct dense *all,
                             const struct stored *s)
{
    const size_t l3 = 3 * (size_t)m->landmarks;
    float d[3][3];
    for (int n = 0; n < MIEN_IDENTITY; n++) {
        for (int l = 0; l < m->landmarks; l++) {
            for (int i = 0; i < 3; i++) {
                read_identity_at(m->owned, all, n, m->landmark[l].vertex[i], d[i]);
            }
            add_landmark(&m->landmark[l], d, m->landmark_identity + (size_t)n * l3 + 3 * l);
        }
    }
    const uint16_t *index = s->index;
    const int16_t *value = s->value;
    for (int b = 0; b < MIEN_BLENDSHAPES;
         value += 3 * (size_t)s->count[b], index += s->count[b++]) {
        for (int l = 0; l < m->landmarks; l++) {
            for (int i = 0; i < 3; i++) {
                read_stored_at(s, b, index, value, m->landmark[l].vertex[i], d[i]);
            }
            add_landmark(&m->landmark[l], d, m->landmark_blendshape + (size_t)b * l3 + 3 * l);
        }
    }
}

static void carve_dense(const struct owned *o, size_t n16, size_t n8, struct dense *d,
                        void *from[SECTIONS])
{
    struct mien_arena *a = &d->arena;
    from[ID16] = mien_arena_take(a, n16, sizeof(int16_t));
    from[ID8] = mien_arena_take(a, n8, 1);
    d->first = mien_arena_take(a, (size_t)o->blocks + 1, sizeof(int32_t));
    d->shape = mien_arena_take(a, o->entries, 1);
    d->step = mien_arena_take(a, BLOCK * o->entries, sizeof(int16_t));
}

// A section again, as it was when the model was loaded.
static bool fetch(const struct owned *o, int i, void *to)
{
    const struct mien_section *s = mien_container_find(&o->file, section_name[i]);
    return !s || (mien_container_fetch(&o->file, s, 0, s->size, to) &&
                  mien_crc32(0, to, s->size) == o->crc[i]);
}

static bool make_dense(const struct mien_face_model *m, struct owned *o, struct dense *d)
{
    void *from[SECTIONS] = {0};
    size_t n16, n8;
    count_identity(m, o, &n16, &n8);
    carve_dense(o, n16, n8, d, from);
    const size_t need = d->arena.used;
    bool ok = mien_arena_init(&d->arena, need);
    if (ok) {
        carve_dense(o, n16, n8, d, from);
    }
    for (int i = COUNT; i < SECTIONS && ok; i++) {
        from[i] = mien_alloc(mien_container_find(&o->file, section_name[i])->size + 1, 1);
        ok = from[i] != NULL;
    }
    for (int i = 0; i < SECTIONS && ok; i++) {
        ok = fetch(o, i, from[i]);
        if (!ok) {
            mien_error("the face model's file was written over while it was in use: faces stay "
                       "without their shapes; start again");
        }
    }
    if (ok) {
        place_identity(m, o, from[ID16], from[ID8], d);
        read_blendshapes(d, o->blocks,
                         &(struct stored){from[COUNT], from[SCALE], from[INDEX], from[VALUE]});
    }
    for (int i = COUNT; i < SECTIONS; i++) {
        mien_free(from[i]);
    }
    return ok;
}

// Made when it is first asked for; NULL when it cannot be (logged, once).
static const struct dense *dense_of(const struct mien_face_model *m)
{
    enum { NOT_YET, THERE, NEVER };
    struct owned *o = m->owned;
    int ready = atomic_load_explicit(&o->ready, memory_order_acquire);
    if (ready == NOT_YET) {
        pthread_mutex_lock(&o->lock);
        ready = atomic_load_explicit(&o->ready, memory_order_relaxed);
        if (ready == NOT_YET) {
            ready = make_dense(m, o, &o->dense) ? THERE : NEVER;
            atomic_store_explicit(&o->ready, ready, memory_order_release);
        }
        pthread_mutex_unlock(&o->lock);
    }
    return ready == THERE ? &o->dense : NULL;
}

void mien_face_model_blendshape(const struct mien_face_model *m, int b, int vertex, float out[3])
{
    const struct owned *o = m->owned;
    const struct dense *d = dense_of(m);
    const int block = vertex / BLOCK_VERTICES;
    out[0] = out[1] = out[2] = 0;
    for (int32_t e = d ? d->first[block] : 0; d && e < d->first[block + 1]; e++) {
        if (d->shape[e] == b) {
            const int16_t *q = d->step + (size_t)BLOCK * (size_t)e + 3 * (vertex % BLOCK_VERTICES);
            for (int c = 0; c < 3; c++) {
                out[c] = o->shape_mm[b] * (float)q[c];
            }
        }
    }
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
    memcpy((struct mien_landmark *)m->landmark, lm, (size_t)m->landmarks * sizeof(*lm));
    for (size_t i = 0; i < V; i++) {
        ((int32_t *)m->mirror)[i] = mirror[i] == 65535 ? -1 : mirror[i];
    }
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
    return are_all_below(mean, V * 3, 1e4f) && are_all_below(eyes, 7, 1e4f) &&
           m->eye_radius_mm > 1 && in_range(m->mirror, V, -1, m->vertices) && landmarks_valid(m);
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

static void find_lids(const struct mien_face_model *m, struct owned *o)
{
    for (int e = 0; e < 2; e++) {
        unsigned found = 0;
        for (int l = 0; l < m->landmarks; l++) {
            int k = -1;
            if (sscanf(m->landmark[l].name, e ? "lid_right_%d" : "lid_left_%d", &k) == 1 &&
                k >= 0 && k < 16) {
                o->lid[e][k] = l;
                found |= 1U << k;
            }
        }
        o->has_lids[e] = found == 0xffff;
    }
}

// Whether a component is its own mirror image or the opposite of it.
static void find_symmetry(struct mien_face_model *m)
{
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        const float *v = m->landmark_identity + (size_t)i * 3 * (size_t)m->landmarks;
        double along = 0;
        for (int l = 0; l < m->landmarks; l++) {
            const float *a = v + 3 * l, *b = v + 3 * m->landmark[l].mirror;
            along += (double)a[1] * b[1] + (double)a[2] * b[2] - (double)a[0] * b[0];
        }
        m->identity_mirror[i] = along < 0 ? -1 : 1;
    }
}

static void destroy(struct owned *o)
{
    if (o) {
        mien_arena_destroy(&o->arena);
        mien_arena_destroy(&o->dense.arena);
        pthread_mutex_destroy(&o->lock);
        mien_container_destroy(&o->file);
        mien_free(o);
    }
}

static bool read_counts(struct mien_face_model *m, const struct mien_container *c)
{
    const int32_t *n = section(c, "counts", 8, sizeof(int32_t));
    if (!n || n[0] < MIEN_FACE_SKIN_VERTICES || n[0] > 65535 || n[1] < 1 || n[1] > 1000000 ||
        n[2] < 1 || n[2] > 65535 || n[3] < 1 || n[3] > MIEN_LANDMARKS_MAX ||
        n[4] != MIEN_IDENTITY || n[5] != MIEN_BLENDSHAPES || n[6] != MIEN_IBUG) {
        return false;
    }
    m->vertices = n[0];
    m->triangles = n[1];
    m->uvs = n[2];
    m->landmarks = n[3];
    return true;
}

// The identity's displacements where they lie in the file.
static bool find_identity(const struct mien_face_model *m, const struct owned *o, struct dense *d)
{
    size_t n16, n8;
    count_identity(m, o, &n16, &n8);
    const int16_t *q16 = section(&o->file, section_name[ID16], n16, sizeof(int16_t));
    const int8_t *q8 = section(&o->file, section_name[ID8], n8, 1);
    if ((n16 && !q16) || !q8) {
        return false;
    }
    place_identity(m, o, q16, q8, d);
    return true;
}

bool mien_face_model_load(struct mien_face_model *m, const char *path)
{
    char shipped[1024];
    memset(m, 0, sizeof *m);
    if (!path) {
        if (!mien_find_file("models", "ict.face", shipped, sizeof shipped)) {
            return false;
        }
        path = shipped;
    }
    struct owned *o = mien_calloc(1, sizeof *o);
    if (!o || pthread_mutex_init(&o->lock, NULL) != 0) {
        mien_free(o);
        return false;
    }
    if (!mien_container_load_open(&o->file, path, "FACE", MIEN_FACE_VERSION)) {
        goto fail;
    }
    struct stored shapes;
    long entries = read_counts(m, &o->file) ? find_blendshapes(m, &o->file, &shapes) : -1;
    if (entries < 0) {
        goto bad;
    }
    o->blocks = (m->vertices + BLOCK_VERTICES - 1) / BLOCK_VERTICES;
    o->entries = (size_t)entries;
    carve(m, o);
    const size_t need = o->arena.used;
    if (!mien_arena_init(&o->arena, need)) {
        goto fail;
    }
    carve(m, o);
    m->owned = o;
    struct dense all;
    if (!read_mesh(m, &o->file) || !read_shift(m, &o->file) || !read_identity(m, o) ||
        !find_identity(m, o, &all)) {
        goto bad;
    }
    memcpy(o->shape_mm, shapes.scale, sizeof(o->shape_mm));
    mien_face_model_gather(m, m->mean, m->landmark_mean);
    find_jaw(m);
    find_lids(m, o);
    gather_landmarks(m, &all, &shapes);
    find_symmetry(m);
    for (int i = 0; i < SECTIONS; i++) {
        const struct mien_section *s = mien_container_find(&o->file, section_name[i]);
        o->crc[i] = s ? mien_crc32(0, s->data, s->size) : 0;
    }
    mien_container_release(&o->file);
    return true;
bad:
    mien_error("%s: not a face model of this version (sections or numbers disagree); run "
               "`mien model build` again",
               path);
fail:
    destroy(o);
    memset(m, 0, sizeof *m);
    return false;
}

void mien_face_model_destroy(struct mien_face_model *m)
{
    destroy(m->owned);
    memset(m, 0, sizeof *m);
}

// out[i] += sum_k w[k] * basis[k][i], in blocks that stay in the first-level cache.
MIEN_MULTIVERSION static void add_dense(float *restrict out, const float *restrict basis,
                                        size_t stride, const float *w, int terms, size_t n)
{
    enum { PIECE = 1024 };
    for (size_t at = 0; at < n; at += PIECE) {
        const size_t len = n - at < PIECE ? n - at : PIECE;
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

// out[i] += sum_k w[k] * basis[k][i] from 8-bit steps: w[k] includes the step's size.
MIEN_MULTIVERSION static void add_steps(float *restrict out, const int8_t *const *basis,
                                        const float *w, int terms, size_t n)
{
    enum { PIECE = 2048 };
    for (size_t at = 0; at < n; at += PIECE) {
        const size_t len = n - at < PIECE ? n - at : PIECE;
        float *restrict y = out + at;
        int k = 0;
        for (; k + 4 <= terms; k += 4) {
            const int8_t *a = basis[k] + at, *b = basis[k + 1] + at;
            const int8_t *c = basis[k + 2] + at, *d = basis[k + 3] + at;
            const float wa = w[k], wb = w[k + 1], wc = w[k + 2], wd = w[k + 3];
            for (size_t i = 0; i < len; i++) {
                y[i] +=
                    (wa * (float)a[i] + wb * (float)b[i]) + (wc * (float)c[i] + wd * (float)d[i]);
            }
        }
        for (; k < terms; k++) {
            const int8_t *a = basis[k] + at;
            for (size_t i = 0; i < len; i++) {
                y[i] += w[k] * (float)a[i];
            }
        }
    }
}

// The same of one component in 16-bit steps.
MIEN_MULTIVERSION static void add_wide(float *restrict out, const int16_t *restrict basis, float w,
                                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] += w * (float)basis[i];
    }
}

typedef float lanes __attribute__((vector_size(32)));
typedef int32_t lanes_int __attribute__((vector_size(32)));
typedef int16_t lanes_step __attribute__((vector_size(16)));

// to = from + the shapes of one block; w: mm per step and shape.
static inline __attribute__((always_inline)) void
add_block(const struct dense *o, int block, const float *w, const float *from, float *to)
{
    lanes sum[3];
    memcpy(sum, from, sizeof(sum));
    for (int32_t e = o->first[block]; e < o->first[block + 1]; e++) {
        const lanes_step *q = (const lanes_step *)(o->step + (size_t)BLOCK * (size_t)e);
        const float wk = w[o->shape[e]];
        for (int i = 0; i < 3; i++) {
            sum[i] += wk * __builtin_convertvector(__builtin_convertvector(q[i], lanes_int), lanes);
        }
    }
    memcpy(to, sum, sizeof(sum));
}

MIEN_MULTIVERSION static void add_blocks(const struct dense *o, int vertices, const float *w,
                                         const float *from, float *to)
{
    const int whole = vertices / BLOCK_VERTICES;
    for (int i = 0; i < whole; i++) {
        add_block(o, i, w, from + (size_t)BLOCK * (size_t)i, to + (size_t)BLOCK * (size_t)i);
    }
    if (whole * BLOCK_VERTICES < vertices) {
        float last[BLOCK] = {0};
        const size_t at = (size_t)BLOCK * (size_t)whole;
        const size_t bytes = (3 * (size_t)vertices - at) * sizeof(float);
        memcpy(last, from + at, bytes);
        add_block(o, whole, w, last, last);
        memcpy(to + at, last, bytes);
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
    const struct owned *o = m->owned;
    const struct dense *d = dense_of(m);
    const size_t n = 3 * (size_t)m->vertices, skin3 = 3 * MIEN_FACE_SKIN_VERTICES;
    memcpy(out, m->mean, n * sizeof(float));
    const int terms = identity && d ? nonzero_terms(identity, MIEN_IDENTITY) : 0;
    const int8_t *basis[MIEN_IDENTITY];
    float w[2][MIEN_IDENTITY];
    int narrow = 0;
    for (int k = 0; k < terms; k++) {
        w[1][k] = identity[k] * o->scale[k][1];
        if (o->wide[k]) {
            add_wide(out, d->wide[k], identity[k] * o->scale[k][0], skin3);
        } else {
            w[0][narrow] = identity[k] * o->scale[k][0];
            basis[narrow++] = d->skin[k];
        }
    }
    add_steps(out, basis, w[0], narrow, skin3);
    if (terms) {
        add_steps(out + skin3, d->rest, w[1], terms, n - skin3);
    }
    if (blendshape) {
        mien_face_model_add_blendshapes(m, out, blendshape, out);
    }
}

void mien_face_model_add_blendshapes(const struct mien_face_model *m, const float *base,
                                     const float *blendshape, float *out)
{
    const struct owned *o = m->owned;
    const struct dense *d = dense_of(m);
    float w[MIEN_BLENDSHAPES];
    for (int b = 0; b < MIEN_BLENDSHAPES; b++) {
        w[b] = blendshape[b] * o->shape_mm[b];
    }
    if (d) {
        add_blocks(d, m->vertices, w, base, out);
    } else if (out != base) {
        memcpy(out, base, 3 * (size_t)m->vertices * sizeof(float));
    }
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

typedef float quad __attribute__((vector_size(16)));

// Sums of the triangles' normals, four floats a vertex, the last of them unused.
static void add_normals(const struct mien_face_model *m, const float *v, float *out)
{
    const int last = m->vertices - 1; // four floats cannot be read of it
    const float end[4] = {v[3 * last], v[3 * last + 1], v[3 * last + 2], 0};
    for (int t = 0; t < m->triangles; t++) {
        const int32_t *k = m->triangle + 3 * t;
        quad p[3];
        for (int i = 0; i < 3; i++) {
            memcpy(&p[i], k[i] == last ? end : v + 3 * k[i], sizeof(quad));
        }
        const quad e = p[1] - p[0], f = p[2] - p[0];
        const quad d = e * __builtin_shufflevector(f, f, 1, 2, 0, 3) -
                       __builtin_shufflevector(e, e, 1, 2, 0, 3) * f;
        const quad n = __builtin_shufflevector(d, d, 1, 2, 0, 3);
        for (int i = 0; i < 3; i++) {
            quad sum;
            memcpy(&sum, out + 4 * k[i], sizeof(sum));
            sum += n;
            memcpy(out + 4 * k[i], &sum, sizeof(sum));
        }
    }
}

MIEN_MULTIVERSION
void mien_face_model_normals(const struct mien_face_model *m, const float *v, float *out)
{
    enum { PIECE = 64 };
    memset(out, 0, MIEN_NORMAL_ROOM * (size_t)m->vertices * sizeof(float));
    add_normals(m, v, out);
    for (int at = 0; at < m->vertices; at += PIECE) { // four floats to three, in place
        const int n = m->vertices - at < PIECE ? m->vertices - at : PIECE;
        float sum[4 * PIECE], scale[PIECE];
        memcpy(sum, out + 4 * (size_t)at, (size_t)n * 4 * sizeof(float));
        for (int i = 0; i < n; i++) {
            const float *s = sum + 4 * i;
            scale[i] = 1 / sqrtf(s[0] * s[0] + s[1] * s[1] + s[2] * s[2]);
        }
        for (int i = 0; i < n; i++) {
            float *to = out + 3 * (size_t)(at + i);
            const bool flat = !(scale[i] < 1e12f);
            to[0] = flat ? 0 : sum[4 * i] * scale[i];
            to[1] = flat ? 0 : sum[4 * i + 1] * scale[i];
            to[2] = flat ? 1 : sum[4 * i + 2] * scale[i];
        }
    }
}

bool mien_face_model_lids(const struct mien_face_model *m, bool right, int lid[16])
{
    const struct owned *o = m->owned;
    memcpy(lid, o->lid[right], sizeof(o->lid[right]));
    return o->has_lids[right];
}

void mien_face_model_lid_travel(const struct mien_face_model *m, const float *identity,
                                float travel[2])
{
    static const int blink[2] = {MIEN_BS_EYE_BLINK_LEFT, MIEN_BS_EYE_BLINK_RIGHT};
    const float least = 0.5f, most = 1.6f; // outside, the shape is nobody's
    const size_t n = 3 * (size_t)m->landmarks;
    for (int e = 0; e < 2; e++) {
        // Summed over the pairs between the corners, mm: how far the blink brings upper and lower
        // lid together, and how far apart they are.
        float way = 0, gap = 0;
        int lid[16];
        travel[e] = 1;
        if (!mien_face_model_lids(m, e == 1, lid)) {
            continue;
        }
        for (int k = 2; k <= 6; k++) {
            const size_t low = 3 * (size_t)lid[k] + 1, high = 3 * (size_t)lid[16 - k] + 1;
            const float *moved = m->landmark_blendshape + (size_t)blink[e] * n;
            way += moved[low] - moved[high];
            gap += m->landmark_mean[high] - m->landmark_mean[low];
            for (int i = 0; i < MIEN_IDENTITY; i++) {
                const float *moves = m->landmark_identity + (size_t)i * n;
                gap += identity[i] * (moves[high] - moves[low]);
            }
        }
        if (way > 0) {
            travel[e] = fminf(fmaxf(gap / way, least), most);
        }
    }
}

bool mien_face_base_init(struct mien_face_base *b, const struct mien_face_model *m)
{
    *b = (struct mien_face_base){.model = m};
    b->vertices = mien_reserve((size_t)m->vertices, 3 * sizeof(float));
    return b->vertices != NULL;
}

void mien_face_base_destroy(struct mien_face_base *b)
{
    mien_free(b->vertices);
    *b = (struct mien_face_base){0};
}

const float *mien_face_base_of(struct mien_face_base *b, const float *identity)
{
    if (!b->ready || memcmp(b->identity, identity, sizeof(b->identity)) != 0) {
        mien_face_model_vertices(b->model, identity, NULL, b->vertices);
        mien_face_model_lid_travel(b->model, identity, b->travel);
        memcpy(b->identity, identity, sizeof(b->identity));
        b->ready = true;
    }
    return b->vertices;
}

void mien_face_base_pose(struct mien_face_base *b, const float *identity, const float *blendshape,
                         float *out)
{
    const float *base = mien_face_base_of(b, identity);
    float shape[MIEN_BLENDSHAPES];
    memcpy(shape, blendshape, sizeof(shape));
    shape[MIEN_BS_EYE_BLINK_LEFT] *= b->travel[0];
    shape[MIEN_BS_EYE_BLINK_RIGHT] *= b->travel[1];
    mien_face_model_add_blendshapes(b->model, base, shape, out);
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

// The outline's height at a distance from the middle; far below where it has ended. Higher up than
// the mouth nothing is under it.
static float jaw_height(const struct mien_face_model *m, float x)
{
    for (int k = 1; k < m->jaw_points; k++) {
        const float *a = m->jaw[k - 1], *b = m->jaw[k];
        if (x <= b[0]) {
            float y = a[1] + (b[1] - a[1]) * (x - a[0]) / fmaxf(1e-3f, b[0] - a[0]);
            return fminf(y, -30);
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
    return m->part[triangle] == MIEN_PART_FACE && y < jaw_height(m, fabsf(x));
}

float mien_face_model_above_jaw(const struct mien_face_model *m, int vertex)
{
    const float *p = m->mean + 3 * (size_t)vertex;
    float last = m->jaw_points ? m->jaw[m->jaw_points - 1][0] : 0;
    return fminf(p[1] - jaw_height(m, fminf(fabsf(p[0]), last)), 999);
}

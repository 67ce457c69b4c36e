// Reading a figure: nodes, skins, primitives, morph targets.
//
// First nodes are put in order and what the scene shows is listed and counted; then memory is
// taken and filled. Primitives of a mesh that name the same arrays share their vertices.
#include "view/avatar_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "view/camera.h"

struct item { // a primitive where a node shows it
    const cJSON *primitive;
    int surface;
    struct mien_gltf_look look;
};

struct reader {
    struct mien_gltf g;
    struct mien_avatar *a;
    struct mien_gltf_textures textures;
    bool *shown;             // (nodes)
    int *node_weight;        // (nodes) the first of its weights, -1
    const cJSON **primitive; // (surfaces) whose vertices they are
    struct item *item;
    int items, item_room, surface_room;
    long vertices, indices, targets, read;
};

static bool refuse(struct reader *r, const char *why)
{
    return mien_gltf_refuse(&r->g, "%s", why);
}

static const cJSON *node_at(struct reader *r, long i)
{
    return mien_gltf_element(&r->g, MIEN_GLTF_NODES, i);
}

// Every node's parent: the first that names it.
static bool read_nodes(struct reader *r)
{
    struct mien_avatar *a = r->a;
    long n = r->g.list[MIEN_GLTF_NODES].count;
    if (n < 1 || n > MIEN_AVATAR_NODES) {
        return refuse(r, n ? "it has too many nodes" : "there is no mesh in it");
    }
    a->node = mien_calloc((size_t)n, sizeof(*a->node));
    a->order = mien_calloc((size_t)n, sizeof(*a->order));
    r->shown = mien_calloc((size_t)n, sizeof(*r->shown));
    r->node_weight = mien_calloc((size_t)n, sizeof(*r->node_weight));
    if (!a->node || !a->order || !r->shown || !r->node_weight) {
        return refuse(r, "out of memory");
    }
    a->nodes = (int)n;
    for (int i = 0; i < a->nodes; i++) {
        a->node[i].parent = -1;
        r->node_weight[i] = -1;
        mien_gltf_local_matrix(node_at(r, i), a->node[i].local);
    }
    for (int i = 0; i < a->nodes; i++) {
        const cJSON *o;
        cJSON_ArrayForEach(o, mien_gltf_item(node_at(r, i), "children"))
        {
            long child = mien_gltf_index_of(o);
            if (!node_at(r, child)) {
                return refuse(r, "a node is missing");
            }
            if (a->node[child].parent < 0) {
                a->node[child].parent = i;
            }
        }
    }
    return true;
}

// Parents before children. What goes round in a circle has no beginning.
static bool order_nodes(struct reader *r)
{
    struct mien_avatar *a = r->a;
    int n = 0;
    for (int i = 0; i < a->nodes; i++) {
        if (a->node[i].parent < 0) {
            a->order[n++] = i;
        }
    }
    for (int k = 0; k < n; k++) {
        const cJSON *o;
        cJSON_ArrayForEach(o, mien_gltf_item(node_at(r, a->order[k]), "children"))
        {
            long child = mien_gltf_index_of(o);
            bool first = a->node[child].parent == a->order[k];
            for (int i = k + 1; first && i < n; i++) { // named twice
                first = a->order[i] != child;
            }
            if (first && n < a->nodes) {
                a->order[n++] = (int)child;
            }
        }
    }
    return n == a->nodes || refuse(r, "its nodes form a loop");
}

static bool mark_shown(struct reader *r)
{
    struct mien_avatar *a = r->a;
    const cJSON *scene =
        mien_gltf_element(&r->g, MIEN_GLTF_SCENES, mien_gltf_whole(r->g.root, "scene", 0, 1 << 20));
    const cJSON *o;
    if (!scene && r->g.list[MIEN_GLTF_SCENES].count) {
        return refuse(r, "its scene is missing");
    }
    for (int i = 0; i < a->nodes && !scene; i++) {
        r->shown[i] = true;
    }
    cJSON_ArrayForEach(o, mien_gltf_item(scene, "nodes"))
    {
        long i = mien_gltf_index_of(o);
        if (!node_at(r, i)) {
            return refuse(r, "a node is missing");
        }
        r->shown[i] = true;
    }
    for (int k = 0; k < a->nodes; k++) {
        int i = a->order[k], up = a->node[i].parent;
        r->shown[i] = r->shown[i] || (up >= 0 && r->shown[up]);
    }
    return true;
}

static bool read_skin(struct reader *r, const cJSON *o, struct mien_avatar_skin *k)
{
    const cJSON *all = mien_gltf_item(o, "joints"), *j;
    int n = cJSON_IsArray(all) ? cJSON_GetArraySize(all) : 0;
    static const float one[16] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
    if (n < 1 || n > MIEN_AVATAR_JOINTS) {
        return refuse(r, "a skin has no joints, or too many");
    }
    k->joint = mien_calloc((size_t)n, sizeof(*k->joint));
    k->inverse = mien_calloc((size_t)n, 16 * sizeof(float));
    k->now = mien_calloc((size_t)n, 16 * sizeof(float));
    if (!k->joint || !k->inverse || !k->now) {
        return refuse(r, "out of memory");
    }
    cJSON_ArrayForEach(j, all)
    {
        long i = mien_gltf_index_of(j);
        if (!node_at(r, i)) {
            return refuse(r, "a skin names a joint that is not there");
        }
        memcpy(k->inverse + 16 * k->joints, one, sizeof(one));
        k->joint[k->joints++] = (int)i;
    }
    if (mien_gltf_item(o, "inverseBindMatrices")) {
        struct mien_gltf_array m = {0};
        long accessor = mien_gltf_index(o, "inverseBindMatrices");
        bool ok = mien_gltf_count(&r->g, accessor) >= n &&
                  mien_gltf_read_array(&r->g, accessor, 16, 16, false, &m);
        if (ok) {
            memcpy(k->inverse, m.value, (size_t)n * 16 * sizeof(float));
        }
        mien_free(m.value);
        return ok || refuse(r, "a skin's arrays do not match");
    }
    return true;
}

static bool read_skins(struct reader *r)
{
    struct mien_avatar *a = r->a;
    long n = r->g.list[MIEN_GLTF_SKINS].count;
    if (n > 256) {
        return refuse(r, "it has too many skins");
    }
    a->skin = mien_calloc((size_t)n + 1, sizeof(*a->skin));
    if (!a->skin) {
        return refuse(r, "out of memory");
    }
    for (a->skins = 0; a->skins < n;) {
        struct mien_avatar_skin *k = &a->skin[a->skins++];
        if (!read_skin(r, mien_gltf_element(&r->g, MIEN_GLTF_SKINS, a->skins - 1), k)) {
            return false;
        }
    }
    return true;
}

static bool same_number(const cJSON *a, const cJSON *b, const char *key)
{
    return mien_gltf_index(a, key) == mien_gltf_index(b, key);
}

static bool same_targets(const cJSON *a, const cJSON *b)
{
    const cJSON *x = mien_gltf_item(a, "targets"), *y = mien_gltf_item(b, "targets");
    return (!x && !y) || (x && y && cJSON_Compare(x, y, true));
}

static bool same_places(const struct mien_gltf_look *a, const struct mien_gltf_look *b)
{
    return a->set == b->set && !memcmp(a->turn, b->turn, sizeof(a->turn)) &&
           !memcmp(a->off, b->off, sizeof(a->off)) &&
           mien_gltf_has_texture(a) == mien_gltf_has_texture(b);
}

// The surface that the primitive's vertices are, one of this node's before or a new one; -1:
// refused.
static int find_surface(struct reader *r, const cJSON *o, int node, int skin,
                        const struct mien_gltf_look *look)
{
    static const char *const arrays[] = {"POSITION", "NORMAL",   "TEXCOORD_0", "TEXCOORD_1",
                                         "COLOR_0",  "JOINTS_0", "WEIGHTS_0"};
    struct mien_avatar *a = r->a;
    const cJSON *attributes = mien_gltf_item(o, "attributes");
    for (int i = r->items; i-- > 0 && a->surface[r->item[i].surface].node == node;) {
        const struct item *k = &r->item[i];
        const cJSON *other = mien_gltf_item(r->primitive[k->surface], "attributes");
        bool same = same_places(&k->look, look);
        for (size_t c = 0; c < MIEN_COUNT(arrays) && same; c++) {
            same = same_number(attributes, other, arrays[c]);
        }
        if (same && same_targets(o, r->primitive[k->surface])) {
            return k->surface;
        }
    }
    if (a->surfaces == r->surface_room) {
        refuse(r, "it has too many parts");
        return -1;
    }
    long count = mien_gltf_count(&r->g, mien_gltf_index(attributes, "POSITION"));
    int targets = cJSON_GetArraySize(mien_gltf_item(o, "targets"));
    if (count < 0) {
        return -1;
    }
    r->vertices += count;
    r->read += count * (4 + 2L * targets);
    r->targets += targets;
    if (r->vertices > MIEN_AVATAR_VERTICES || r->read > MIEN_AVATAR_READ ||
        r->targets > MIEN_AVATAR_SHAPES) {
        refuse(r, "it has more than 250,000 vertices, or too many shapes");
        return -1;
    }
    r->primitive[a->surfaces] = o;
    a->surface[a->surfaces] = (struct mien_avatar_surface){.first = (int)(r->vertices - count),
                                                           .count = (int)count,
                                                           .node = node,
                                                           .skin = skin,
                                                           .target = (int)(r->targets - targets),
                                                           .targets = targets};
    return a->surfaces++;
}

static bool list_primitive(struct reader *r, const cJSON *o, int node, int skin)
{
    struct item k = {.primitive = o};
    const cJSON *a = mien_gltf_item(o, "attributes");
    long vertices = mien_gltf_count(&r->g, mien_gltf_index(a, "POSITION"));
    long n = vertices < 0 ? -1 : mien_gltf_count_triangles(&r->g, o, vertices);
    if (n < 1) {
        return n == 0; // points and lines are no skin
    }
    if (r->items == r->item_room) {
        return refuse(r, "it has too many parts");
    }
    if (!mien_gltf_read_look(&r->g, &r->textures, mien_gltf_index(o, "material"), &k.look)) {
        return false;
    }
    skin = mien_gltf_item(a, "JOINTS_0") && mien_gltf_item(a, "WEIGHTS_0") ? skin : -1;
    k.surface = find_surface(r, o, node, skin, &k.look);
    if (k.surface < 0) {
        return false;
    }
    r->indices += n;
    if (r->indices > MIEN_AVATAR_INDICES) {
        return refuse(r, "it has more than 500,000 triangles");
    }
    r->item[r->items++] = k;
    return true;
}

// The weights of a node's mesh: one for each morph target.
static bool take_weights(struct reader *r, int node, const cJSON *mesh)
{
    int n = cJSON_GetArraySize(
        mien_gltf_item(cJSON_GetArrayItem(mien_gltf_item(mesh, "primitives"), 0), "targets"));
    r->node_weight[node] = r->a->weights;
    r->a->weights += n;
    return r->a->weights <= MIEN_AVATAR_SHAPES || refuse(r, "it has too many shapes");
}

static bool list_meshes(struct reader *r)
{
    struct mien_avatar *a = r->a;
    for (int k = 0; k < a->nodes; k++) {
        int i = a->order[k];
        const cJSON *node = node_at(r, i), *o;
        if (!r->shown[i] || !mien_gltf_item(node, "mesh")) {
            continue;
        }
        const cJSON *mesh =
            mien_gltf_element(&r->g, MIEN_GLTF_MESHES, mien_gltf_index(node, "mesh"));
        long skin = mien_gltf_whole(node, "skin", -1, MIEN_GLTF_ITEMS_MAX);
        if (!mesh || (mien_gltf_item(node, "skin") && (skin < 0 || skin >= a->skins))) {
            return refuse(r, "a node's mesh or skin is missing");
        }
        if (!take_weights(r, i, mesh)) {
            return false;
        }
        cJSON_ArrayForEach(o, mien_gltf_item(mesh, "primitives"))
        {
            if (!list_primitive(r, o, i, (int)skin)) {
                return false;
            }
        }
    }
    return r->items > 0 || refuse(r, "there is no mesh in it");
}

static bool take_memory(struct reader *r)
{
    struct mien_avatar *a = r->a;
    size_t n = (size_t)r->vertices;
    a->vertex = mien_calloc(n, sizeof(*a->vertex));
    a->rest = mien_calloc(n, 6 * sizeof(float));
    a->joint = mien_calloc(n, 4 * sizeof(*a->joint));
    a->share = mien_calloc(n, 4 * sizeof(float));
    a->index = mien_calloc((size_t)r->indices, sizeof(*a->index));
    a->part = mien_calloc((size_t)r->items, sizeof(*a->part));
    a->target = mien_calloc((size_t)r->targets + 1, sizeof(*a->target));
    a->weight = mien_calloc((size_t)a->weights + 1, sizeof(float));
    a->weight_rest = mien_calloc((size_t)a->weights + 1, sizeof(float));
    if (!a->vertex || !a->rest || !a->joint || !a->share || !a->index || !a->part || !a->target ||
        !a->weight || !a->weight_rest) {
        return refuse(r, "out of memory");
    }
    a->vertices = (int)n;
    return true;
}

struct wanted { // an attribute, and what mien_gltf_read_array lets it be
    const char *key;
    int low, high; // components
    bool fractions;
};

// An array of the surface's vertices. False: refused; missing ones are empty.
static bool read_array(struct reader *r, const cJSON *o, struct wanted w, long count,
                       struct mien_gltf_array *a)
{
    *a = (struct mien_gltf_array){0};
    if (!mien_gltf_item(o, w.key)) {
        return true;
    }
    long accessor = mien_gltf_index(o, w.key);
    if (mien_gltf_count(&r->g, accessor) != count) { // before it is read
        return refuse(r, "a mesh's arrays do not match");
    }
    return mien_gltf_read_array(&r->g, accessor, w.low, w.high, w.fractions, a);
}

static bool read_joints(struct reader *r, const cJSON *attributes,
                        const struct mien_avatar_surface *s)
{
    struct mien_avatar *a = r->a;
    struct mien_gltf_array joint = {0}, share = {0};
    bool ok =
        read_array(r, attributes, (struct wanted){"JOINTS_0", 4, 4, false}, s->count, &joint) &&
        read_array(r, attributes, (struct wanted){"WEIGHTS_0", 4, 4, true}, s->count, &share);
    int joints = a->skin[s->skin].joints;
    for (int i = 0; ok && i < s->count; i++) {
        uint16_t *j = a->joint + 4 * (size_t)(s->first + i);
        float *w = a->share + 4 * (size_t)(s->first + i), sum = 0;
        for (int k = 0; k < 4 && ok; k++) {
            float x = joint.value[4 * i + k];
            w[k] = fmaxf(share.value[4 * i + k], 0);
            sum += w[k];
            ok = (x >= 0 && x < (float)joints) || !(w[k] > 0) ||
                 refuse(r, "a vertex names a joint that is not there");
            j[k] = w[k] > 0 && ok ? (uint16_t)x : 0;
        }
        for (int k = 0; k < 4; k++) {
            w[k] = sum > 1e-6f ? w[k] / sum : (float)(k == 0);
        }
    }
    mien_free(joint.value);
    mien_free(share.value);
    return ok;
}

static void fill_vertex(struct mien_avatar *a, int i, const struct mien_gltf_look *l,
                        const struct mien_gltf_array *uv, const struct mien_gltf_array *color,
                        int at)
{
    struct mien_avatar_vertex *v = &a->vertex[i];
    for (int c = 0; c < 4; c++) {
        float x = color->value && c < color->components
                      ? color->value[color->components * (long)at + c]
                      : 1;
        v->color[c] = (uint8_t)lroundf(255 * fminf(fmaxf(x, 0), 1));
    }
    for (int c = 0; c < 2 && uv->value; c++) {
        const float *p = uv->value + 2 * (long)at;
        float x = l->turn[2 * c] * p[0] + l->turn[2 * c + 1] * p[1] + l->off[c];
        v->uv[c] = fminf(fmaxf(x, -1e4f), 1e4f);
    }
}

static bool read_vertices(struct reader *r, const struct item *k)
{
    struct mien_avatar *a = r->a;
    const struct mien_avatar_surface *s = &a->surface[k->surface];
    const cJSON *attributes = mien_gltf_item(k->primitive, "attributes");
    struct mien_gltf_array position = {0}, normal = {0}, uv = {0}, color = {0};
    char set[16];
    snprintf(set, sizeof(set), "TEXCOORD_%d", k->look.set);
    bool ok =
        read_array(r, attributes, (struct wanted){"POSITION", 3, 3, false}, s->count, &position) &&
        read_array(r, attributes, (struct wanted){"NORMAL", 3, 3, false}, s->count, &normal) &&
        read_array(r, attributes, (struct wanted){"COLOR_0", 3, 4, true}, s->count, &color) &&
        (!mien_gltf_has_texture(&k->look) ||
         read_array(r, attributes, (struct wanted){set, 2, 2, true}, s->count, &uv)) &&
        (s->skin < 0 || read_joints(r, attributes, s));
    for (int i = 0; ok && i < s->count; i++) {
        float *rest = a->rest + 6 * (size_t)(s->first + i);
        for (int c = 0; c < 3; c++) {
            rest[c] = fminf(fmaxf(position.value[3 * i + c], -1e5f), 1e5f);
        }
        if (normal.value) {
            memcpy(rest + 3, normal.value + 3 * (size_t)i, 3 * sizeof(float));
        }
        fill_vertex(a, s->first + i, &k->look, &uv, &color, i);
    }
    mien_free(position.value);
    mien_free(normal.value);
    mien_free(uv.value);
    mien_free(color.value);
    return ok;
}

// Keeps what moves.
static bool keep_target(struct mien_avatar_target *t, const struct mien_gltf_array *at,
                        const struct mien_gltf_array *normal, int count)
{
    static const float least_m = 1e-7f;
    int n = 0;
    for (int pass = 0; pass < 2; pass++) {
        n = 0;
        for (int i = 0; i < count; i++) {
            const float *p = at->value ? at->value + 3 * (size_t)i : NULL;
            const float *q = normal->value ? normal->value + 3 * (size_t)i : NULL;
            bool moves = (p && fabsf(p[0]) + fabsf(p[1]) + fabsf(p[2]) > least_m) ||
                         (q && fabsf(q[0]) + fabsf(q[1]) + fabsf(q[2]) > 1e-4f);
            if (moves && pass) {
                t->vertex[n] = (uint32_t)i;
                for (int c = 0; c < 3; c++) {
                    t->moved[3 * n + c] = p ? fminf(fmaxf(p[c], -1e5f), 1e5f) : 0;
                    if (t->normal) {
                        t->normal[3 * n + c] = q[c];
                    }
                }
            }
            n += moves;
        }
        if (!pass && n) {
            t->vertex = mien_calloc((size_t)n, sizeof(*t->vertex));
            t->moved = mien_calloc((size_t)n, 3 * sizeof(float));
            t->normal = normal->value ? mien_calloc((size_t)n, 3 * sizeof(float)) : NULL;
            if (!t->vertex || !t->moved || (normal->value && !t->normal)) {
                return false;
            }
        }
    }
    t->count = n;
    return true;
}

static bool read_targets(struct reader *r, const struct item *k)
{
    struct mien_avatar *a = r->a;
    struct mien_avatar_surface *s = &a->surface[k->surface];
    const cJSON *o;
    int i = 0;
    cJSON_ArrayForEach(o, mien_gltf_item(k->primitive, "targets"))
    {
        struct mien_avatar_target *t = &a->target[s->target + i];
        struct mien_gltf_array at = {0}, normal = {0};
        t->weight = r->node_weight[s->node] + i++;
        if (t->weight >= a->weights) {
            return refuse(r, "a mesh's parts have different numbers of shapes");
        }
        bool ok = read_array(r, o, (struct wanted){"POSITION", 3, 3, false}, s->count, &at) &&
                  read_array(r, o, (struct wanted){"NORMAL", 3, 3, false}, s->count, &normal) &&
                  (keep_target(t, &at, &normal, s->count) || refuse(r, "out of memory"));
        s->folds = s->folds || (t->count && !t->normal);
        a->targets = s->target + i;
        mien_free(at.value);
        mien_free(normal.value);
        if (!ok) {
            return false;
        }
    }
    return true;
}

// Left and right exchanged: triangles are seen from their other side.
static bool mirrors(const struct mien_avatar *a, const struct mien_avatar_surface *s)
{
    double det = 1;
    for (int i = s->node; i >= 0 && s->skin < 0; i = a->node[i].parent) {
        const float *m = a->node[i].local;
        det *= (double)(m[0] * (m[5] * m[10] - m[6] * m[9]) - m[4] * (m[1] * m[10] - m[2] * m[9]) +
                        m[8] * (m[1] * m[6] - m[2] * m[5])) < 0
                   ? -1
                   : 1;
    }
    return det < 0;
}

static bool read_triangles(struct reader *r, const struct item *k)
{
    struct mien_avatar *a = r->a;
    const struct mien_avatar_surface *s = &a->surface[k->surface];
    uint32_t *index = NULL, *out = a->index + a->indices;
    long n;
    if (!mien_gltf_read_triangles(&r->g, k->primitive, s->count, &index, &n)) {
        return false;
    }
    for (long i = 0; i < n; i++) {
        out[i] = (uint32_t)s->first + index[i];
    }
    for (long i = 0; mirrors(a, s) && i < n; i += 3) {
        uint32_t t = out[i];
        out[i] = out[i + 1];
        out[i + 1] = t;
    }
    mien_free(index);
    a->part[a->parts++] = (struct mien_avatar_part){
        .first = a->indices, .count = (int)n, .surface = k->surface, .look = k->look};
    a->indices += (int)n;
    return true;
}

// A surface without normals has those of its triangles.
static void make_normals(struct reader *r, int surface)
{
    struct mien_avatar *a = r->a;
    const struct mien_avatar_surface *s = &a->surface[surface];
    const cJSON *attributes = mien_gltf_item(r->primitive[surface], "attributes");
    if (mien_gltf_item(attributes, "NORMAL")) {
        return;
    }
    for (int p = 0; p < a->parts; p++) {
        for (int i = 0; a->part[p].surface == surface && i < a->part[p].count; i += 3) {
            const uint32_t *t = a->index + a->part[p].first + i;
            const float *x = a->rest + 6 * (size_t)t[0], *y = a->rest + 6 * (size_t)t[1],
                        *z = a->rest + 6 * (size_t)t[2];
            for (int c = 0; c < 3; c++) {
                int d = (c + 1) % 3, e = (c + 2) % 3;
                float n = (y[d] - x[d]) * (z[e] - x[e]) - (y[e] - x[e]) * (z[d] - x[d]);
                for (int k = 0; k < 3; k++) {
                    a->rest[6 * (size_t)t[k] + 3 + (size_t)c] += n;
                }
            }
        }
    }
    for (int i = 0; i < s->count; i++) {
        mien_gltf_normalise(a->rest + 6 * (size_t)(s->first + i) + 3);
    }
}

static bool read_items(struct reader *r)
{
    struct mien_avatar *a = r->a;
    int read = 0;                        // surfaces
    for (int i = 0; i < r->items; i++) { // the first item of a surface comes before the others
        const struct item *k = &r->item[i];
        if (k->surface == read) {
            if (!read_vertices(r, k) || !read_targets(r, k)) {
                return false;
            }
            read++;
        }
    }
    for (int blended = 0; blended < 2; blended++) {
        for (int i = 0; i < r->items; i++) {
            if (r->item[i].look.blended == blended && !read_triangles(r, &r->item[i])) {
                return false;
            }
        }
    }
    for (int i = 0; i < a->surfaces; i++) {
        make_normals(r, i);
    }
    return true;
}

static void read_rest_weights(struct reader *r)
{
    struct mien_avatar *a = r->a;
    for (int i = 0; i < a->nodes; i++) {
        const cJSON *node = node_at(r, i), *o,
                    *mesh =
                        mien_gltf_element(&r->g, MIEN_GLTF_MESHES, mien_gltf_index(node, "mesh"));
        const cJSON *all = mien_gltf_item(node, "weights");
        int k = r->node_weight[i];
        all = all ? all : mien_gltf_item(mesh, "weights");
        cJSON_ArrayForEach(o, (k >= 0 ? all : NULL))
        {
            if (k < a->weights && cJSON_IsNumber(o) && isfinite(o->valuedouble)) {
                a->weight_rest[k] = (float)fmin(fmax(o->valuedouble, -1), 1);
            }
            k++;
        }
    }
}

static bool read_all(struct reader *r)
{
    struct mien_avatar *a = r->a;
    r->surface_room = MIEN_AVATAR_SURFACES;
    r->item_room = 4 * MIEN_AVATAR_SURFACES;
    a->surface = mien_calloc(MIEN_AVATAR_SURFACES, sizeof(*a->surface));
    r->primitive = mien_calloc(MIEN_AVATAR_SURFACES, sizeof(*r->primitive));
    r->item = mien_calloc((size_t)r->item_room, sizeof(*r->item));
    if (!a->surface || !r->primitive || !r->item) {
        return refuse(r, "out of memory");
    }
    if (!read_nodes(r) || !order_nodes(r) || !mark_shown(r) || !read_skins(r) || !list_meshes(r) ||
        !take_memory(r)) {
        return false;
    }
    read_rest_weights(r);
    return read_items(r) && mien_avatar_name(a, &r->g, r->node_weight) &&
           (mien_avatar_settle(a) || refuse(r, "out of memory"));
}

bool mien_avatar_parse(struct mien_avatar *a, const void *data, size_t size, const char *folder,
                       struct mien_why *why)
{
    memset(a, 0, sizeof(*a));
    struct reader r = {.a = a};
    r.textures = (struct mien_gltf_textures){.item = a->texture,
                                             .room = MIEN_AVATAR_TEXTURES,
                                             .side_px = MIEN_AVATAR_TEXTURE_PX,
                                             .bumps = true};
    bool ok = mien_gltf_open(&r.g, data, size, folder) && read_all(&r);
    a->textures = r.textures.count;
    if (!ok) {
        mien_avatar_destroy(a);
        mien_explain(why, "%s", r.g.why.text);
    }
    mien_free(r.shown);
    mien_free(r.node_weight);
    mien_free(r.primitive);
    mien_free(r.item);
    mien_gltf_destroy(&r.g);
    return ok;
}

bool mien_avatar_load(struct mien_avatar *a, const char *path, struct mien_why *why)
{
    size_t size = 0;
    char folder[1024];
    memset(a, 0, sizeof(*a));
    uint8_t *data = mien_file_read(path, MIEN_GLTF_BYTES_MAX, &size);
    if (!data) {
        return mien_explain(why, "it cannot be read, or is larger than %d MB",
                            MIEN_GLTF_BYTES_MAX >> 20);
    }
    bool ok = mien_avatar_parse(a, data, size, mien_gltf_folder(path, folder), why);
    mien_free(data);
    return ok;
}

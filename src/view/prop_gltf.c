// Things to wear: reading glTF 2.0 into a prop.
//
// First the node graph is walked, once a node, and what is to be drawn is listed and counted; then
// memory is taken, and vertices and indices are read, the opaque ones first.
#include "view/prop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "view/camera.h"
#include "view/gltf_look.h"

struct item { // a primitive where a node puts it
    const cJSON *primitive;
    float m[16];
    struct mien_gltf_look look;
    bool flat; // has no normals
};

struct reader {
    struct mien_gltf g;
    struct mien_prop *prop;
    struct mien_gltf_textures textures;
    float scale;       // metres -> mm
    struct item *item; // (items)
    int items;
    long vertices, indices, read; // in all
};

static bool refuse(struct reader *r, const char *why)
{
    return mien_gltf_refuse(&r->g, "%s", why);
}

static bool list_primitive(struct reader *r, const cJSON *o, const float m[16])
{
    const cJSON *a = mien_gltf_item(o, "attributes");
    struct item k = {.primitive = o, .flat = !mien_gltf_item(a, "NORMAL")};
    memcpy(k.m, m, sizeof(k.m));
    long vertices = mien_gltf_count(&r->g, mien_gltf_index(a, "POSITION"));
    long indices = vertices < 0 ? -1 : mien_gltf_count_triangles(&r->g, o, vertices);
    if (indices < 1) {
        return indices ? false : refuse(r, "it has points or lines: save it with triangles only");
    }
    r->vertices += k.flat ? indices : vertices;
    r->indices += indices;
    r->read += vertices;
    if (r->read > MIEN_PROP_READ || vertices > MIEN_PROP_VERTICES ||
        r->vertices > MIEN_PROP_VERTICES || r->indices > MIEN_PROP_INDICES ||
        r->items == MIEN_PROP_PRIMITIVES) {
        return refuse(r, "it has too many vertices to be worn");
    }
    if (!mien_gltf_read_look(&r->g, &r->textures, mien_gltf_index(o, "material"), &k.look)) {
        return false;
    }
    r->item[r->items++] = k;
    return true;
}

static void flat_normals(struct mien_prop_vertex *v, long count)
{
    for (long i = 0; i + 2 < count; i += 3) {
        float a[3], b[3];
        for (int c = 0; c < 3; c++) {
            a[c] = v[i + 1].position[c] - v[i].position[c];
            b[c] = v[i + 2].position[c] - v[i].position[c];
        }
        float n[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                      a[0] * b[1] - a[1] * b[0]};
        mien_gltf_normalise(n);
        for (int k = 0; k < 3; k++) {
            memcpy(v[i + k].normal, n, sizeof(n));
        }
    }
}

struct arrays {
    struct mien_gltf_array position, normal, color, uv;
    uint32_t *index;
    long count; // of indices
};

static void free_arrays(struct arrays *a)
{
    mien_free(a->position.value);
    mien_free(a->normal.value);
    mien_free(a->color.value);
    mien_free(a->uv.value);
    mien_free(a->index);
}

static bool read_optional(struct reader *r, const cJSON *attributes, const char *key, int low,
                          int high, long count, struct mien_gltf_array *a)
{
    if (!mien_gltf_item(attributes, key)) {
        return true;
    }
    long accessor = mien_gltf_index(attributes, key);
    if (mien_gltf_count(&r->g, accessor) != count) { // before it is read
        return refuse(r, "a mesh's arrays do not match");
    }
    return mien_gltf_read_array(&r->g, accessor, low, high, !strcmp(key, "COLOR_0"), a);
}

static bool read_arrays(struct reader *r, const struct item *k, struct arrays *a)
{
    const cJSON *o = k->primitive, *attributes = mien_gltf_item(o, "attributes");
    char set[16];
    snprintf(set, sizeof(set), "TEXCOORD_%d", k->look.set);
    if (!mien_gltf_read_array(&r->g, mien_gltf_index(attributes, "POSITION"), 3, 3, false,
                              &a->position)) {
        return false;
    }
    long n = a->count = a->position.count;
    if (!read_optional(r, attributes, "NORMAL", 3, 3, n, &a->normal) ||
        !read_optional(r, attributes, "COLOR_0", 3, 4, n, &a->color) ||
        (mien_gltf_has_texture(&k->look) && !read_optional(r, attributes, set, 2, 2, n, &a->uv))) {
        return false;
    }
    return mien_gltf_read_triangles(&r->g, o, n, &a->index, &a->count);
}

static void make_vertex(const struct reader *r, const struct item *k, const struct arrays *a,
                        long i, struct mien_prop_vertex *v)
{
    const struct mien_gltf_look *l = &k->look;
    mien_gltf_point(k->m, a->position.value + 3 * i, v->position);
    for (int c = 0; c < 3; c++) {
        v->position[c] = fminf(fmaxf(v->position[c] * r->scale, -5000), 5000);
    }
    if (a->normal.value) {
        mien_gltf_normal(k->m, a->normal.value + 3 * i, v->normal);
    }
    for (int c = 0; c < 4; c++) {
        bool given = a->color.value && c < a->color.components;
        float x = l->color[c] * (given ? a->color.value[a->color.components * i + c] : 1);
        x = c == 3 && !l->blended && l->cutoff < 0 ? 1 : x; // solid, whatever alpha says
        v->color[c] = (uint8_t)lroundf(255 * fminf(fmaxf(x, 0), 1));
    }
    v->gloss = l->gloss;
    v->metal = l->metal;
    if (a->uv.value) {
        const float *uv = a->uv.value + 2 * i;
        for (int c = 0; c < 2; c++) {
            float x = l->turn[2 * c] * uv[0] + l->turn[2 * c + 1] * uv[1] + l->off[c];
            v->uv[c] = fminf(fmaxf(x, -1e4f), 1e4f);
        }
    }
}

static bool same_part(const struct mien_prop_part *a, const struct mien_prop_part *b)
{
    return a->texture == b->texture && a->surface == b->surface && a->blended == b->blended &&
           a->cutoff == b->cutoff;
}

// Appends what k draws to the prop.
static bool add_item(struct reader *r, const struct item *k)
{
    struct mien_prop *p = r->prop;
    struct arrays a = {0};
    if (!read_arrays(r, k, &a)) {
        free_arrays(&a);
        return false;
    }
    struct mien_prop_vertex *v = p->vertex + p->vertices;
    struct mien_prop_part part = {.first = p->indices,
                                  .count = (int)a.count,
                                  .texture = k->look.texture,
                                  .surface = k->look.surface,
                                  .blended = k->look.blended,
                                  .cutoff = k->look.cutoff};
    long vertices = k->flat ? a.count : a.position.count;
    for (long i = 0; i < vertices; i++) {
        make_vertex(r, k, &a, k->flat ? a.index[i] : i, &v[i]);
    }
    if (k->flat) {
        flat_normals(v, vertices);
    }
    for (long i = 0; i < a.count; i++) {
        p->index[p->indices + i] = (uint32_t)p->vertices + (k->flat ? (uint32_t)i : a.index[i]);
    }
    p->vertices += (int)vertices;
    p->indices += (int)a.count;
    if (p->parts && same_part(&p->part[p->parts - 1], &part)) {
        p->part[p->parts - 1].count += part.count;
    } else {
        p->part[p->parts++] = part;
    }
    free_arrays(&a);
    return true;
}

struct place { // of a node that is to be visited
    long node;
    float parent[16];
};

struct walk {
    struct place *stack; // (nodes)
    long top;
    bool *seen; // (nodes): visited, or to be
};

// Puts the nodes of a list on the stack, the first uppermost. One that was seen before is left out:
// a node has one parent, whatever the file says.
static bool push(struct reader *r, struct walk *w, const cJSON *list, const float parent[16])
{
    const cJSON *o;
    long from = w->top;
    cJSON_ArrayForEach(o, list)
    {
        long i = mien_gltf_index_of(o);
        if (!mien_gltf_element(&r->g, MIEN_GLTF_NODES, i)) {
            return refuse(r, "a node is missing");
        }
        if (!w->seen[i]) {
            w->seen[i] = true;
            w->stack[w->top].node = i;
            memcpy(w->stack[w->top++].parent, parent, 16 * sizeof(float));
        }
    }
    for (long a = from, b = w->top - 1; a < b; a++, b--) {
        struct place t = w->stack[a];
        w->stack[a] = w->stack[b];
        w->stack[b] = t;
    }
    return true;
}

static bool visit(struct reader *r, struct walk *w)
{
    struct place at = w->stack[--w->top];
    const cJSON *node = mien_gltf_element(&r->g, MIEN_GLTF_NODES, at.node), *o;
    float local[16], m[16];
    mien_gltf_local_matrix(node, local);
    mien_mat4_mul(at.parent, local, m);
    if (mien_gltf_item(node, "mesh")) {
        const cJSON *mesh =
            mien_gltf_element(&r->g, MIEN_GLTF_MESHES, mien_gltf_index(node, "mesh"));
        if (!mesh) {
            return refuse(r, "a node's mesh is missing");
        }
        cJSON_ArrayForEach(o, mien_gltf_item(mesh, "primitives"))
        {
            if (!list_primitive(r, o, m)) {
                return false;
            }
        }
    }
    return push(r, w, mien_gltf_item(node, "children"), m);
}

// The nodes that are nobody's child, in reverse: the first ends up uppermost.
static void push_roots(struct reader *r, struct walk *w, const float one[16])
{
    const cJSON *o;
    long n = r->g.list[MIEN_GLTF_NODES].count;
    for (long i = 0; i < n; i++) {
        cJSON_ArrayForEach(o,
                           mien_gltf_item(mien_gltf_element(&r->g, MIEN_GLTF_NODES, i), "children"))
        {
            long child = mien_gltf_index_of(o);
            if (child >= 0 && child < n) {
                w->seen[child] = true;
            }
        }
    }
    for (long i = n - 1; i >= 0; i--) {
        if (!w->seen[i]) {
            w->stack[w->top].node = i;
            memcpy(w->stack[w->top++].parent, one, 16 * sizeof(float));
        }
    }
    for (long i = 0; i < n; i++) { // from here on: roots are, the others will be
        w->seen[i] = !w->seen[i];
    }
}

// scene NULL: all nodes.
static bool list_items(struct reader *r, const cJSON *scene)
{
    static const float one[16] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
    size_t n = (size_t)r->g.list[MIEN_GLTF_NODES].count;
    if (!n) {
        return true;
    }
    struct walk w = {.stack = mien_calloc(n, sizeof(*w.stack)),
                     .seen = mien_calloc(n, sizeof(*w.seen))};
    r->item = mien_calloc(MIEN_PROP_PRIMITIVES, sizeof(*r->item));
    bool ok = (w.stack && w.seen && r->item) || refuse(r, "out of memory");
    if (ok && scene) {
        ok = push(r, &w, mien_gltf_item(scene, "nodes"), one);
    } else if (ok) {
        push_roots(r, &w, one);
    }
    while (ok && w.top > 0) {
        ok = visit(r, &w);
    }
    mien_free(w.stack);
    mien_free(w.seen);
    return ok;
}

static bool extras(struct reader *r, const cJSON *scene)
{
    struct mien_prop *p = r->prop;
    const cJSON *e = mien_gltf_item(scene, "extras");
    e = e ? e : mien_gltf_item(mien_gltf_item(r->g.root, "asset"), "extras");
    p->anchor = MIEN_ANCHOR_FACE;
    p->fit = !cJSON_IsFalse(mien_gltf_item(e, "fit"));
    mien_gltf_numbers(e, "offset_mm", 3, p->offset);
    r->scale = 1000 * (float)mien_gltf_number(e, "scale", 1);
    const cJSON *anchor = mien_gltf_item(e, "anchor");
    if (!anchor) {
        return true;
    }
    for (int i = 0; i < MIEN_ANCHORS; i++) {
        if (cJSON_IsString(anchor) && !strcmp(anchor->valuestring, mien_anchor_name(i))) {
            p->anchor = (enum mien_anchor)i;
            return true;
        }
    }
    struct mien_why why = {"its anchor is not one of"};
    for (int i = 0; i < MIEN_ANCHORS; i++) {
        mien_explain_more(&why, "%s %s", i ? "," : "", mien_anchor_name(i));
    }
    return refuse(r, why.text);
}

static bool read_scene(struct reader *r)
{
    struct mien_prop *p = r->prop;
    const cJSON *scene =
        mien_gltf_element(&r->g, MIEN_GLTF_SCENES, mien_gltf_whole(r->g.root, "scene", 0, 1 << 20));
    if (!scene && r->g.list[MIEN_GLTF_SCENES].count) {
        return refuse(r, "its scene is missing");
    }
    if (!extras(r, scene) || !list_items(r, scene)) {
        return false;
    }
    if (!r->items) {
        return refuse(r, "there is no mesh in it");
    }
    p->vertex = mien_calloc((size_t)r->vertices, sizeof(*p->vertex));
    p->index = mien_calloc((size_t)r->indices, sizeof(*p->index));
    p->part = mien_calloc((size_t)r->items, sizeof(*p->part));
    if (!p->vertex || !p->index || !p->part) {
        return refuse(r, "out of memory");
    }
    for (int blended = 0; blended < 2; blended++) {
        for (int i = 0; i < r->items; i++) {
            if (r->item[i].look.blended == blended && !add_item(r, &r->item[i])) {
                return false;
            }
        }
        p->opaque = blended ? p->opaque : p->indices;
    }
    return true;
}

bool mien_prop_parse(struct mien_prop *p, const void *data, size_t size, const char *folder,
                     struct mien_why *why)
{
    memset(p, 0, sizeof(*p));
    struct reader r = {.prop = p};
    r.textures = (struct mien_gltf_textures){.item = p->texture,
                                             .surfaces = true,
                                             .room = MIEN_PROP_TEXTURES,
                                             .side_px = MIEN_PROP_TEXTURE_PX};
    bool ok = mien_gltf_open(&r.g, data, size, folder) && read_scene(&r);
    p->textures = r.textures.count;
    if (!ok) {
        mien_prop_destroy(p);
        mien_explain(why, "%s", r.g.why.text);
    }
    mien_free(r.item);
    mien_gltf_destroy(&r.g);
    return ok;
}

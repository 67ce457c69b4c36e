// Things to wear: reading glTF 2.0 into a prop.
#include "view/prop.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "view/gltf.h"

enum { DEPTH_MAX = 16 };

struct reader {
    struct mien_gltf g;
    struct mien_prop *prop;
    bool blended;   // this pass takes the transparent primitives
    bool measuring; // this pass only counts
    int vertices, indices;
    float scale; // metres -> mm
};

static bool refuse(struct reader *r, const char *why)
{
    return mien_gltf_refuse(&r->g, why);
}

struct look {
    float color[4], gloss;
    bool blended;
};

static struct look material(const struct reader *r, const cJSON *primitive)
{
    struct look l = {.color = {0.8f, 0.8f, 0.8f, 1}, .gloss = 0.2f};
    const cJSON *m = mien_gltf_element(r->g.root, "materials",
                                       mien_gltf_whole(primitive, "material", -1, 1 << 20));
    const cJSON *pbr = mien_gltf_item(m, "pbrMetallicRoughness"),
                *mode = mien_gltf_item(m, "alphaMode");
    if (pbr) {
        mien_gltf_numbers(pbr, "baseColorFactor", 4, l.color);
        l.gloss = 1 - fminf(fmaxf((float)mien_gltf_number(pbr, "roughnessFactor", 1), 0), 1);
    }
    l.blended = cJSON_IsString(mode) && !strcmp(mode->valuestring, "BLEND");
    return l;
}

static void transform_point(const float m[16], const float v[3], float w, float out[3])
{
    for (int i = 0; i < 3; i++) {
        out[i] = m[i] * v[0] + m[4 + i] * v[1] + m[8 + i] * v[2] + m[12 + i] * w;
    }
}

static void add_vertices(struct reader *r, const float m[16], const struct look *l,
                         const struct mien_gltf_array *position,
                         const struct mien_gltf_array *normal, const struct mien_gltf_array *color)
{
    for (long i = 0; i < position->count; i++) {
        struct mien_prop_vertex *v = &r->prop->vertex[r->vertices + (int)i];
        float p[3], n[3] = {0, 0, 1};
        for (int c = 0; c < 3; c++) {
            p[c] = mien_gltf_component(position, i, c);
            n[c] = normal->data ? mien_gltf_component(normal, i, c) : n[c];
        }
        transform_point(m, p, 1, v->position);
        transform_point(m, n, 0, v->normal);
        float length = sqrtf(v->normal[0] * v->normal[0] + v->normal[1] * v->normal[1] +
                             v->normal[2] * v->normal[2]);
        for (int c = 0; c < 3; c++) {
            v->position[c] = fminf(fmaxf(v->position[c] * r->scale, -5000), 5000);
            v->normal[c] = length > 1e-12f ? v->normal[c] / length : (float)(c == 2);
        }
        for (int c = 0; c < 4; c++) {
            float k = l->color[c];
            k *= color->data && c < color->components ? mien_gltf_component(color, i, c) : 1;
            v->color[c] = (uint8_t)lroundf(255 * fminf(fmaxf(k, 0), 1));
        }
        v->gloss = l->gloss;
    }
}

static bool read_primitive(struct reader *r, const cJSON *o, const float m[16])
{
    struct look l = material(r, o);
    struct mien_gltf_array position = {0}, normal = {0}, color = {0}, index = {0};
    const cJSON *a = mien_gltf_item(o, "attributes");
    if (mien_gltf_whole(o, "mode", 4, 6) != 4) {
        return refuse(r, "it has something else than triangles");
    }
    if (l.blended != r->blended && !r->measuring) {
        return true;
    }
    if (!mien_gltf_get_array(&r->g, mien_gltf_whole(a, "POSITION", -1, 1 << 20), &position) ||
        (mien_gltf_item(a, "NORMAL") &&
         !mien_gltf_get_array(&r->g, mien_gltf_whole(a, "NORMAL", -1, 1 << 20), &normal)) ||
        (mien_gltf_item(a, "COLOR_0") &&
         !mien_gltf_get_array(&r->g, mien_gltf_whole(a, "COLOR_0", -1, 1 << 20), &color)) ||
        (mien_gltf_item(o, "indices") &&
         !mien_gltf_get_array(&r->g, mien_gltf_whole(o, "indices", -1, 1 << 20), &index))) {
        return false;
    }
    bool good =
        position.type == 5126 && position.components == 3 && position.count <= MIEN_PROP_VERTICES;
    good = good && (!normal.data || (normal.type == 5126 && normal.components == 3 &&
                                     normal.count == position.count));
    good = good && (!color.data ||
                    (color.type != 5125 && color.components >= 3 && color.count == position.count));
    good = good && (!index.data || (index.type != 5126 && index.components == 1));
    long count = index.data ? index.count : position.count;
    if (!good || count % 3) {
        return refuse(r, "a mesh's arrays do not belong together");
    }
    if (r->vertices + position.count > MIEN_PROP_VERTICES ||
        r->indices + count > MIEN_PROP_INDICES) {
        return refuse(r, "it has too many vertices to be worn");
    }
    if (!r->measuring) {
        add_vertices(r, m, &l, &position, &normal, &color);
    }
    for (long i = 0; i < count; i++) {
        uint32_t v = index.data ? mien_gltf_whole_at(&index, i) : (uint32_t)i;
        if (v >= (uint32_t)position.count) {
            return refuse(r, "a triangle names a vertex that is not there");
        }
        if (!r->measuring) {
            r->prop->index[r->indices + (int)i] = v + (uint32_t)r->vertices;
        }
    }
    r->vertices += (int)position.count;
    r->indices += (int)count;
    return true;
}

static void multiply(const float a[16], const float b[16], float out[16])
{
    for (int c = 0; c < 4; c++) {
        for (int i = 0; i < 4; i++) {
            out[c * 4 + i] = a[i] * b[c * 4] + a[4 + i] * b[c * 4 + 1] + a[8 + i] * b[c * 4 + 2] +
                             a[12 + i] * b[c * 4 + 3];
        }
    }
}

static void local_matrix(const cJSON *node, float m[16])
{
    if (mien_gltf_numbers(node, "matrix", 16, m)) {
        return;
    }
    float t[3] = {0, 0, 0}, q[4] = {0, 0, 0, 1}, s[3] = {1, 1, 1};
    mien_gltf_numbers(node, "translation", 3, t);
    mien_gltf_numbers(node, "rotation", 4, q);
    mien_gltf_numbers(node, "scale", 3, s);
    float x = q[0], y = q[1], z = q[2], w = q[3];
    const float R[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - z * w),     2 * (x * z + y * w),
                        2 * (x * y + z * w),     1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
                        2 * (x * z - y * w),     2 * (y * z + x * w),     1 - 2 * (x * x + y * y)};
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 3; i++) {
            m[c * 4 + i] = R[i * 3 + c] * s[c];
        }
        m[c * 4 + 3] = 0;
        m[12 + c] = t[c];
    }
    m[15] = 1;
}

static bool read_node(struct reader *r, long index, const float parent[16], int depth)
{
    const cJSON *node = mien_gltf_element(r->g.root, "nodes", index), *o;
    if (!node || depth > DEPTH_MAX) {
        return refuse(r, "its nodes are missing or nested too deep");
    }
    float local[16], m[16];
    local_matrix(node, local);
    multiply(parent, local, m);
    if (mien_gltf_item(node, "mesh")) {
        const cJSON *mesh =
            mien_gltf_element(r->g.root, "meshes", mien_gltf_whole(node, "mesh", -1, 1 << 20));
        if (!mesh) {
            return refuse(r, "a node's mesh is missing");
        }
        cJSON_ArrayForEach(o, mien_gltf_item(mesh, "primitives"))
        {
            if (!read_primitive(r, o, m)) {
                return false;
            }
        }
    }
    cJSON_ArrayForEach(o, mien_gltf_item(node, "children"))
    {
        double child = cJSON_IsNumber(o) ? o->valuedouble : -1;
        if (!(child >= 0 && child < 1e6) || !read_node(r, (long)child, m, depth + 1)) {
            return refuse(r, "a node's child is missing");
        }
    }
    return true;
}

static bool pass(struct reader *r, const cJSON *scene)
{
    static const float one[16] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
    const cJSON *o;
    cJSON_ArrayForEach(o, mien_gltf_item(scene, "nodes"))
    {
        double root = cJSON_IsNumber(o) ? o->valuedouble : -1;
        if (!(root >= 0 && root < 1e6) || !read_node(r, (long)root, one, 0)) {
            return refuse(r, "the scene's nodes are missing");
        }
    }
    return true;
}

static bool extras(struct reader *r, const cJSON *scene)
{
    static const char *const names[MIEN_ANCHORS] = {"nose_bridge", "head_top", "upper_lip",
                                                    "chin",        "face",     "head"};
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
        if (cJSON_IsString(anchor) && !strcmp(anchor->valuestring, names[i])) {
            p->anchor = (enum mien_anchor)i;
            return true;
        }
    }
    return refuse(r, "its anchor is none of nose_bridge, head_top, upper_lip, chin, face, head");
}

static bool read_scene(struct reader *r)
{
    const cJSON *version = mien_gltf_item(mien_gltf_item(r->g.root, "asset"), "version");
    if (!cJSON_IsString(version) || strncmp(version->valuestring, "2.", 2) != 0) {
        return refuse(r, "it is not glTF 2");
    }
    const cJSON *scene =
        mien_gltf_element(r->g.root, "scenes", mien_gltf_whole(r->g.root, "scene", 0, 1 << 20));
    r->measuring = true;
    if (!scene || !extras(r, scene) || !pass(r, scene)) {
        return refuse(r, "it has no scene");
    }
    if (!r->vertices || !r->indices) {
        return refuse(r, "there is no mesh in it");
    }
    struct mien_prop *p = r->prop;
    p->vertex = mien_calloc((size_t)r->vertices, sizeof(*p->vertex));
    p->index = mien_calloc((size_t)r->indices, sizeof(*p->index));
    if (!p->vertex || !p->index) {
        return refuse(r, "memory is short");
    }
    r->measuring = false;
    r->vertices = r->indices = 0;
    for (int k = 0; k < 2; k++) {
        r->blended = k;
        if (!pass(r, scene)) {
            return false;
        }
        p->opaque = k ? p->opaque : r->indices;
    }
    p->vertices = r->vertices;
    p->indices = r->indices;
    return true;
}

static uint32_t word(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

bool mien_prop_parse(struct mien_prop *p, const void *data, size_t size, const char **reason)
{
    memset(p, 0, sizeof(*p));
    struct reader r = {.prop = p};
    const uint8_t *d = data;
    const char *json = data;
    size_t json_size = size;
    struct mien_gltf_bytes binary = {0};
    bool ok = true;
    if (size >= 20 && word(d) == 0x46546c67) { // "glTF"
        size_t n = word(d + 12);
        if (word(d + 4) != 2 || word(d + 8) > size || n > size - 20 || word(d + 16) != 0x4e4f534a) {
            ok = refuse(&r, "its header is damaged");
        } else {
            json = (const char *)d + 20;
            json_size = n;
            size_t at = 20 + ((n + 3) & ~(size_t)3);
            if (at + 8 <= size && word(d + at + 4) == 0x004e4942) {
                size_t left = size - at - 8, want = word(d + at);
                binary = (struct mien_gltf_bytes){d + at + 8, want < left ? want : left, NULL};
            }
        }
    }
    if (ok) {
        r.g.root = cJSON_ParseWithLength(json, json_size);
        ok = r.g.root ? mien_gltf_read_buffers(&r.g, binary) && read_scene(&r)
                      : refuse(&r, "it is neither glTF nor PNG");
    }
    if (!ok) {
        mien_prop_destroy(p);
        *reason = r.g.reason ? r.g.reason : "it cannot be read";
    }
    mien_gltf_destroy(&r.g);
    return ok;
}

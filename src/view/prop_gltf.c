// Things to wear: reading glTF 2.0 (Khronos Group, "glTF 2.0 Specification").
#include "view/prop.h"

#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/file.h"
#include "base/mem.h"

enum { FILE_MAX = MIEN_PROP_FILE_MAX, DEPTH_MAX = 16, BUFFERS = 8 };

struct bytes {
    const uint8_t *data;
    size_t size;
    void *owned;
};

struct reader {
    cJSON *root;
    struct bytes buffer[BUFFERS];
    int buffers;
    struct mien_prop *prop;
    bool blended;   // this pass takes the transparent primitives
    bool measuring; // this pass only counts
    int vertices, indices;
    float scale; // metres -> mm
    const char *reason;
};

static bool refuse(struct reader *r, const char *why)
{
    if (!r->reason) {
        r->reason = why;
    }
    return false;
}

static const cJSON *item(const cJSON *o, const char *key)
{
    return cJSON_IsObject(o) ? cJSON_GetObjectItemCaseSensitive(o, key) : NULL;
}

// A whole number at key, or `missing` when absent; -1 when it is anything else or over limit.
static long whole(const cJSON *o, const char *key, long missing, long limit)
{
    const cJSON *v = item(o, key);
    if (!v) {
        return missing;
    }
    double x = cJSON_IsNumber(v) ? v->valuedouble : -1;
    return x >= 0 && x <= (double)limit && x == floor(x) ? (long)x : -1;
}

static double number(const cJSON *o, const char *key, double missing)
{
    const cJSON *v = item(o, key);
    return cJSON_IsNumber(v) && isfinite(v->valuedouble) ? v->valuedouble : missing;
}

static bool numbers(const cJSON *o, const char *key, int n, float *out)
{
    const cJSON *v = item(o, key);
    if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != n) {
        return false;
    }
    int i = 0;
    const cJSON *x;
    cJSON_ArrayForEach(x, v)
    {
        if (!cJSON_IsNumber(x) || !isfinite(x->valuedouble) || fabs(x->valuedouble) > 1e9) {
            return false;
        }
        out[i++] = (float)x->valuedouble;
    }
    return true;
}

static const cJSON *element(const cJSON *root, const char *key, long i)
{
    const cJSON *a = item(root, key);
    return cJSON_IsArray(a) && i >= 0 && i < cJSON_GetArraySize(a) ? cJSON_GetArrayItem(a, (int)i)
                                                                   : NULL;
}

static int base64_value(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

static bool decode_base64(const char *text, struct bytes *out)
{
    size_t n = strlen(text), got = 0;
    uint8_t *data = mien_calloc(n / 4 * 3 + 3, 1);
    unsigned bits = 0;
    int have = 0;
    if (!data) {
        return false;
    }
    for (; *text && *text != '='; text++) {
        int v = base64_value(*text);
        if (v < 0) {
            mien_free(data);
            return false;
        }
        bits = bits << 6 | (unsigned)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            data[got++] = (uint8_t)(bits >> have);
        }
    }
    *out = (struct bytes){data, got, data};
    return true;
}

static bool read_buffers(struct reader *r, struct bytes binary)
{
    const cJSON *all = item(r->root, "buffers"), *b;
    cJSON_ArrayForEach(b, all)
    {
        if (r->buffers == BUFFERS) {
            return refuse(r, "it has more than eight buffers");
        }
        struct bytes *out = &r->buffer[r->buffers];
        const cJSON *uri = item(b, "uri");
        if (cJSON_IsString(uri)) {
            const char *comma = strstr(uri->valuestring, ";base64,");
            if (strncmp(uri->valuestring, "data:", 5) != 0 || !comma) {
                return refuse(r, "it refers to another file: embed its data, or save it as .glb");
            }
            if (!decode_base64(comma + 8, out)) {
                return refuse(r, "its embedded data is damaged");
            }
        } else {
            *out = binary;
        }
        r->buffers++;
        long length = whole(b, "byteLength", -1, FILE_MAX);
        if (length < 0 || (size_t)length > out->size) {
            return refuse(r, "a buffer is longer than its data");
        }
    }
    return true;
}

// The elements of an accessor: count of them, each `components` of a type.
struct array {
    const uint8_t *data;
    size_t stride;
    long count;
    int type, components;
};

static int type_size(int type)
{
    return type == 5121 ? 1 : type == 5123 ? 2 : type == 5125 || type == 5126 ? 4 : 0;
}

static bool get_array(struct reader *r, long index, struct array *a)
{
    const cJSON *o = element(r->root, "accessors", index);
    long view_index = whole(o, "bufferView", -1, 1 << 20);
    const cJSON *view = element(r->root, "bufferViews", view_index);
    const cJSON *kind = item(o, "type");
    if (!o || !view || item(o, "sparse") || !cJSON_IsString(kind)) {
        return refuse(r, "an accessor is missing or of a kind that is not read");
    }
    const char *k = kind->valuestring;
    *a = (struct array){.count = whole(o, "count", -1, MIEN_PROP_INDICES),
                        .type = (int)whole(o, "componentType", -1, 10000),
                        .components = !strcmp(k, "SCALAR") ? 1
                                      : !strcmp(k, "VEC2") ? 2
                                      : !strcmp(k, "VEC3") ? 3
                                      : !strcmp(k, "VEC4") ? 4
                                                           : 0};
    long at = whole(o, "byteOffset", 0, FILE_MAX), view_at = whole(view, "byteOffset", 0, FILE_MAX);
    long length = whole(view, "byteLength", -1, FILE_MAX);
    long stride = whole(view, "byteStride", 0, 252), buffer = whole(view, "buffer", -1, BUFFERS);
    size_t element_size = (size_t)(type_size(a->type) * a->components);
    if (a->count < 1 || !element_size || at < 0 || view_at < 0 || length < 0 || stride < 0 ||
        buffer < 0 || buffer >= r->buffers) {
        return refuse(r, "an accessor's numbers are out of range");
    }
    a->stride = stride ? (size_t)stride : element_size;
    size_t need = (size_t)at + (size_t)(a->count - 1) * a->stride + element_size;
    if (a->stride < element_size || need > (size_t)length ||
        (size_t)view_at + (size_t)length > r->buffer[buffer].size) {
        return refuse(r, "an accessor reaches outside its data");
    }
    a->data = r->buffer[buffer].data + view_at + at;
    return true;
}

static float component(const struct array *a, long i, int c)
{
    const uint8_t *p = a->data + (size_t)i * a->stride + (size_t)(c * type_size(a->type));
    if (a->type == 5126) {
        float f;
        memcpy(&f, p, 4);
        return isfinite(f) ? f : 0;
    }
    if (a->type == 5123) {
        return (float)(p[0] | p[1] << 8) / 65535;
    }
    return (float)p[0] / 255;
}

static uint32_t whole_at(const struct array *a, long i)
{
    const uint8_t *p = a->data + (size_t)i * a->stride;
    return a->type == 5121 ? p[0]
           : a->type == 5123
               ? (uint32_t)(p[0] | p[1] << 8)
               : p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

struct look {
    float color[4], gloss;
    bool blended;
};

static struct look material(const struct reader *r, const cJSON *primitive)
{
    struct look l = {.color = {0.8f, 0.8f, 0.8f, 1}, .gloss = 0.2f};
    const cJSON *m = element(r->root, "materials", whole(primitive, "material", -1, 1 << 20));
    const cJSON *pbr = item(m, "pbrMetallicRoughness"), *mode = item(m, "alphaMode");
    if (pbr) {
        numbers(pbr, "baseColorFactor", 4, l.color);
        l.gloss = 1 - fminf(fmaxf((float)number(pbr, "roughnessFactor", 1), 0), 1);
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
                         const struct array *position, const struct array *normal,
                         const struct array *color)
{
    for (long i = 0; i < position->count; i++) {
        struct mien_prop_vertex *v = &r->prop->vertex[r->vertices + (int)i];
        float p[3], n[3] = {0, 0, 1};
        for (int c = 0; c < 3; c++) {
            p[c] = component(position, i, c);
            n[c] = normal->data ? component(normal, i, c) : n[c];
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
            k *= color->data && c < color->components ? component(color, i, c) : 1;
            v->color[c] = (uint8_t)lroundf(255 * fminf(fmaxf(k, 0), 1));
        }
        v->gloss = l->gloss;
    }
}

static bool read_primitive(struct reader *r, const cJSON *o, const float m[16])
{
    struct look l = material(r, o);
    struct array position = {0}, normal = {0}, color = {0}, index = {0};
    const cJSON *a = item(o, "attributes");
    if (whole(o, "mode", 4, 6) != 4) {
        return refuse(r, "it has something else than triangles");
    }
    if (l.blended != r->blended && !r->measuring) {
        return true;
    }
    if (!get_array(r, whole(a, "POSITION", -1, 1 << 20), &position) ||
        (item(a, "NORMAL") && !get_array(r, whole(a, "NORMAL", -1, 1 << 20), &normal)) ||
        (item(a, "COLOR_0") && !get_array(r, whole(a, "COLOR_0", -1, 1 << 20), &color)) ||
        (item(o, "indices") && !get_array(r, whole(o, "indices", -1, 1 << 20), &index))) {
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
        uint32_t v = index.data ? whole_at(&index, i) : (uint32_t)i;
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
    if (numbers(node, "matrix", 16, m)) {
        return;
    }
    float t[3] = {0, 0, 0}, q[4] = {0, 0, 0, 1}, s[3] = {1, 1, 1};
    numbers(node, "translation", 3, t);
    numbers(node, "rotation", 4, q);
    numbers(node, "scale", 3, s);
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
    const cJSON *node = element(r->root, "nodes", index), *o;
    if (!node || depth > DEPTH_MAX) {
        return refuse(r, "its nodes are missing or nested too deep");
    }
    float local[16], m[16];
    local_matrix(node, local);
    multiply(parent, local, m);
    if (item(node, "mesh")) {
        const cJSON *mesh = element(r->root, "meshes", whole(node, "mesh", -1, 1 << 20));
        if (!mesh) {
            return refuse(r, "a node's mesh is missing");
        }
        cJSON_ArrayForEach(o, item(mesh, "primitives"))
        {
            if (!read_primitive(r, o, m)) {
                return false;
            }
        }
    }
    cJSON_ArrayForEach(o, item(node, "children"))
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
    cJSON_ArrayForEach(o, item(scene, "nodes"))
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
    const cJSON *e = item(scene, "extras");
    e = e ? e : item(item(r->root, "asset"), "extras");
    p->anchor = MIEN_ANCHOR_FACE;
    p->fit = !cJSON_IsFalse(item(e, "fit"));
    numbers(e, "offset_mm", 3, p->offset);
    r->scale = 1000 * (float)number(e, "scale", 1);
    const cJSON *anchor = item(e, "anchor");
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
    const cJSON *version = item(item(r->root, "asset"), "version");
    if (!cJSON_IsString(version) || strncmp(version->valuestring, "2.", 2) != 0) {
        return refuse(r, "it is not glTF 2");
    }
    const cJSON *scene = element(r->root, "scenes", whole(r->root, "scene", 0, 1 << 20));
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
    struct bytes binary = {0};
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
                binary = (struct bytes){d + at + 8, want < left ? want : left, NULL};
            }
        }
    }
    if (ok) {
        r.root = cJSON_ParseWithLength(json, json_size);
        ok = r.root ? read_buffers(&r, binary) && read_scene(&r)
                    : refuse(&r, "it is neither glTF nor PNG");
    }
    cJSON_Delete(r.root);
    for (int i = 0; i < r.buffers; i++) {
        mien_free(r.buffer[i].owned);
    }
    if (!ok) {
        mien_prop_destroy(p);
        *reason = r.reason ? r.reason : "it cannot be read";
    }
    return ok;
}

// Reading glTF 2.0: buffers, accessors, pictures, and what the file says where they are.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/below.h"
#include "base/mem.h"
#include "view/gltf.h"

static int base64_value(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

static bool decode_base64(struct mien_gltf *g, const char *text, struct mien_gltf_bytes *out)
{
    size_t n = strlen(text), got = 0;
    uint8_t *data = mien_calloc(n / 4 * 3 + 3, 1);
    unsigned bits = 0;
    int have = 0;
    if (!data) {
        return mien_gltf_refuse(g, "out of memory");
    }
    for (; *text && *text != '='; text++) {
        int v = base64_value(*text);
        if (v < 0) {
            mien_free(data);
            return mien_gltf_refuse(g, "its embedded data is damaged");
        }
        bits = bits << 6 | (unsigned)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            data[got++] = (uint8_t)(bits >> have);
        }
    }
    *out = (struct mien_gltf_bytes){data, got, data};
    return true;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// "my%20ball.bin" -> "my ball.bin" (RFC 3986, 2.1). False: too long, or with a zero in it.
static bool decode_percent(const char *uri, char *out, size_t size)
{
    size_t n = 0;
    for (; *uri && n + 1 < size; uri++) {
        int v = *uri == '%' && hex(uri[1]) >= 0 && hex(uri[2]) >= 0 ? hex(uri[1]) * 16 + hex(uri[2])
                                                                    : -1;
        if (v == 0) {
            return false;
        }
        out[n++] = v < 0 ? *uri : (char)v;
        uri += v < 0 ? 0 : 2;
    }
    out[n] = 0;
    return !*uri;
}

// "http:", "file:": a scheme (RFC 3986, 3.1).
static bool has_scheme(const char *uri)
{
    size_t n = strspn(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    return n > 0 && uri[n] == ':';
}

static bool read_uri(struct mien_gltf *g, const char *uri, struct mien_gltf_bytes *out)
{
    char name[1024];
    struct mien_why why = {0};
    if (!strncmp(uri, "data:", 5)) {
        const char *comma = strchr(uri, ',');
        if (!comma || comma - uri < 7 || strncmp(comma - 7, ";base64", 7) != 0) {
            return mien_gltf_refuse(g, "its embedded data is of a kind that mien does not read");
        }
        return decode_base64(g, comma + 1, out);
    }
    if (has_scheme(uri) || !decode_percent(uri, name, sizeof(name))) {
        return mien_gltf_refuse(g, "it names \"%.80s\", which is not a file beside it", uri);
    }
    if (!g->folder) {
        return mien_gltf_refuse(g, "it names another file, \"%.80s\"", name);
    }
    size_t size;
    uint8_t *data = mien_below_read(g->folder, name, g->left, &size, &why);
    if (!data) {
        return mien_gltf_refuse(g, "it names \"%.80s\", which cannot be read: %s", name, why.text);
    }
    g->left -= size;
    *out = (struct mien_gltf_bytes){data, size, data};
    return true;
}

static bool get_buffer(struct mien_gltf *g, long index, struct mien_gltf_bytes *out)
{
    const cJSON *o = mien_gltf_element(g, MIEN_GLTF_BUFFERS, index);
    if (!o) {
        return mien_gltf_refuse(g, "a buffer is missing");
    }
    struct mien_gltf_bytes *b = &g->buffer[index];
    if (!b->data) {
        if (!mien_gltf_item(o, "uri")) {
            *b = g->binary;
        } else if (!read_uri(g, mien_gltf_text(o, "uri"), b)) {
            return false;
        }
    }
    long length = mien_gltf_whole(o, "byteLength", -1, MIEN_GLTF_BYTES_MAX);
    if (!b->data || length < 0 || (size_t)length > b->size) {
        return mien_gltf_refuse(g, "a buffer is longer than its data");
    }
    *out = *b;
    return true;
}

struct view {
    const uint8_t *data;
    size_t size, stride; // stride 0: tightly packed
};

static bool get_view(struct mien_gltf *g, long index, struct view *v)
{
    const cJSON *o = mien_gltf_element(g, MIEN_GLTF_VIEWS, index);
    struct mien_gltf_bytes b = {0};
    if (!o) {
        return mien_gltf_refuse(g, "a part of a buffer is missing");
    }
    long at = mien_gltf_whole(o, "byteOffset", 0, MIEN_GLTF_BYTES_MAX),
         length = mien_gltf_whole(o, "byteLength", -1, MIEN_GLTF_BYTES_MAX),
         stride = mien_gltf_whole(o, "byteStride", 0, 252);
    if (!get_buffer(g, mien_gltf_index(o, "buffer"), &b)) {
        return false;
    }
    if (at < 0 || length < 0 || stride < 0 || (size_t)at + (size_t)length > b.size) {
        return mien_gltf_refuse(g, "a part of a buffer reaches outside it");
    }
    *v = (struct view){b.data + at, (size_t)length, (size_t)stride};
    return true;
}

enum { INT8 = 5120, UINT8, INT16, UINT16, UINT32 = 5125, FLOAT32 };

static size_t type_size(int type)
{
    return type == INT8 || type == UINT8       ? 1
           : type == INT16 || type == UINT16   ? 2
           : type == UINT32 || type == FLOAT32 ? 4
                                               : 0;
}

// Elements that lie in a view.
struct run {
    const uint8_t *data; // NULL: zeros
    size_t stride;
    long count;
    int type, components;
};

// Points r, whose count, type and components are set, into the view that o names.
static bool place(struct mien_gltf *g, const cJSON *o, struct run *r)
{
    struct view v;
    long at = mien_gltf_whole(o, "byteOffset", 0, MIEN_GLTF_BYTES_MAX);
    size_t size = type_size(r->type) * (size_t)r->components;
    if (!get_view(g, mien_gltf_index(o, "bufferView"), &v)) {
        return false;
    }
    r->stride = v.stride ? v.stride : size;
    // Vertex data is aligned to four bytes (3.6.2.4): a view whose length says so, and whose stride
    // was forgotten, is read like that.
    size_t aligned = (size + 3) & ~(size_t)3, all = (size_t)r->count * aligned;
    if (!v.stride && r->components > 1 && at >= 0 && v.size - (size_t)at <= all &&
        v.size - (size_t)at >= all - (aligned - size) && (size_t)at <= v.size) {
        r->stride = aligned;
    }
    if (at < 0 || r->stride < size ||
        (size_t)at + (size_t)(r->count - 1) * r->stride + size > v.size) {
        return mien_gltf_refuse(g, "an accessor reaches outside its data");
    }
    r->data = v.data + at;
    return true;
}

static uint32_t whole_at(const struct run *r, long i)
{
    const uint8_t *p = r->data + (size_t)i * r->stride;
    return r->type == UINT8 ? p[0]
           : r->type == UINT16
               ? p[0] | (uint32_t)p[1] << 8
               : p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// glTF 2.0, 3.6.2.2 and 3.11: a normalised whole number stands for -1…1 or 0…1.
static float component(const struct run *r, long i, int c, bool normalised)
{
    const uint8_t *p = r->data + (size_t)i * r->stride + (size_t)c * type_size(r->type);
    float f;
    switch (r->type) {
    case INT8:
        return normalised ? fmaxf((float)(int8_t)p[0] / 127, -1) : (float)(int8_t)p[0];
    case UINT8:
        return normalised ? (float)p[0] / 255 : (float)p[0];
    case INT16:
        f = (float)(int16_t)(p[0] | p[1] << 8);
        return normalised ? fmaxf(f / 32767, -1) : f;
    case UINT16:
        f = (float)(p[0] | p[1] << 8);
        return normalised ? f / 65535 : f;
    case UINT32:
        f = (float)(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
        return normalised ? f / 4294967295.0f : f;
    default:
        memcpy(&f, p, 4);
        return isfinite(f) ? f : 0;
    }
}

static int components_of(const char *type)
{
    return !strcmp(type, "SCALAR") ? 1
           : !strcmp(type, "VEC2") ? 2
           : !strcmp(type, "VEC3") ? 3
           : !strcmp(type, "VEC4") ? 4
           : !strcmp(type, "MAT4") ? 16
                                   : 0;
}

long mien_gltf_count(struct mien_gltf *g, long accessor)
{
    const cJSON *o = mien_gltf_element(g, MIEN_GLTF_ACCESSORS, accessor);
    long n = mien_gltf_whole(o, "count", -1, MIEN_GLTF_COUNT_MAX);
    if (n < 1) {
        mien_gltf_refuse(g, o ? "an accessor is empty or too long" : "an accessor is missing");
    }
    return n < 1 ? -1 : n;
}

static bool describe(struct mien_gltf *g, long accessor, const cJSON **o, struct run *r)
{
    *o = mien_gltf_element(g, MIEN_GLTF_ACCESSORS, accessor);
    *r = (struct run){.count = mien_gltf_count(g, accessor),
                      .type = (int)mien_gltf_whole(*o, "componentType", -1, 10000),
                      .components = components_of(mien_gltf_text(*o, "type"))};
    if (r->count < 0) {
        return false;
    }
    if (!r->components || !type_size(r->type)) {
        return mien_gltf_refuse(g, "an accessor is of a kind that mien does not read");
    }
    // Without a view all are zeros (3.6.2.3), but for what a sparse one fills in.
    return !mien_gltf_item(*o, "bufferView") || place(g, *o, r);
}

static bool describe_sparse(struct mien_gltf *g, const cJSON *o, const struct run *all,
                            struct run *where, struct run *what)
{
    const cJSON *sparse = mien_gltf_item(o, "sparse"), *indices = mien_gltf_item(sparse, "indices");
    long n = mien_gltf_whole(sparse, "count", -1, all->count);
    *where = (struct run){.count = n,
                          .type = (int)mien_gltf_whole(indices, "componentType", -1, 10000),
                          .components = 1};
    *what = (struct run){.count = n, .type = all->type, .components = all->components};
    if (!sparse) {
        where->count = what->count = 0;
        return true;
    }
    if (n < 1 || (where->type != UINT8 && where->type != UINT16 && where->type != UINT32)) {
        return mien_gltf_refuse(g, "a sparse accessor's numbers are out of range");
    }
    if (!place(g, indices, where) || !place(g, mien_gltf_item(sparse, "values"), what)) {
        return false;
    }
    for (long i = 0; i < n; i++) {
        if (whole_at(where, i) >= (uint32_t)all->count) {
            return mien_gltf_refuse(g, "a sparse accessor names an element that is not there");
        }
    }
    return true;
}

bool mien_gltf_read_array(struct mien_gltf *g, long accessor, int low, int high, bool fractions,
                          struct mien_gltf_array *a)
{
    const cJSON *o;
    struct run all, where, what;
    *a = (struct mien_gltf_array){0};
    if (!describe(g, accessor, &o, &all) || !describe_sparse(g, o, &all, &where, &what)) {
        return false;
    }
    if (all.components < low || all.components > high) {
        return mien_gltf_refuse(g, "a mesh's arrays do not match");
    }
    bool normalised = fractions || cJSON_IsTrue(mien_gltf_item(o, "normalized"));
    int n = all.components;
    a->value = mien_calloc((size_t)all.count * (size_t)n, sizeof(float));
    if (!a->value) {
        return mien_gltf_refuse(g, "out of memory");
    }
    a->count = all.count;
    a->components = n;
    for (long i = 0; all.data && i < all.count; i++) {
        for (int c = 0; c < n; c++) {
            a->value[i * n + c] = component(&all, i, c, normalised);
        }
    }
    for (long i = 0; i < where.count; i++) {
        for (int c = 0; c < n; c++) {
            a->value[(long)whole_at(&where, i) * n + c] = component(&what, i, c, normalised);
        }
    }
    return true;
}

// An accessor's indices, each below `limit`: *out (count): owned.
static bool read_indices(struct mien_gltf *g, long accessor, long limit, uint32_t **out,
                         long *count)
{
    const cJSON *o;
    struct run all, where, what;
    if (!describe(g, accessor, &o, &all) || !describe_sparse(g, o, &all, &where, &what)) {
        return false;
    }
    if (all.components != 1 || (all.type != UINT8 && all.type != UINT16 && all.type != UINT32)) {
        return mien_gltf_refuse(g, "a mesh's arrays do not match");
    }
    uint32_t *v = mien_calloc((size_t)all.count, sizeof(*v));
    if (!v) {
        return mien_gltf_refuse(g, "out of memory");
    }
    for (long i = 0; all.data && i < all.count; i++) {
        v[i] = whole_at(&all, i);
    }
    for (long i = 0; i < where.count; i++) {
        v[whole_at(&where, i)] = whole_at(&what, i);
    }
    for (long i = 0; i < all.count; i++) {
        if (v[i] >= limit) {
            mien_free(v);
            return mien_gltf_refuse(g, "a triangle names a vertex that is not there");
        }
    }
    *out = v;
    *count = all.count;
    return true;
}

enum { TRIANGLES = 4, STRIP, FAN }; // modes; below them points and lines

long mien_gltf_count_triangles(struct mien_gltf *g, const cJSON *primitive, long vertices)
{
    long mode = mien_gltf_whole(primitive, "mode", TRIANGLES, FAN), n = vertices;
    if (mode < 0) {
        mien_gltf_refuse(g, "a mesh is of a kind that glTF does not have");
        return -1;
    }
    if (mode < TRIANGLES) {
        return 0;
    }
    if (mien_gltf_item(primitive, "indices")) {
        n = mien_gltf_count(g, mien_gltf_index(primitive, "indices"));
    }
    if (n < 0 || (mode == TRIANGLES ? n % 3 != 0 : n < 3)) {
        mien_gltf_refuse(g, "a mesh's arrays do not match");
        return -1;
    }
    return mode == TRIANGLES ? n : 3 * (n - 2);
}

bool mien_gltf_read_triangles(struct mien_gltf *g, const cJSON *primitive, long vertices,
                              uint32_t **out, long *count)
{
    long mode = mien_gltf_whole(primitive, "mode", TRIANGLES, FAN), n = vertices;
    uint32_t *index = NULL;
    *out = NULL;
    *count = mien_gltf_count_triangles(g, primitive, vertices);
    if (*count < 1) {
        return *count == 0;
    }
    if (mien_gltf_item(primitive, "indices") &&
        !read_indices(g, mien_gltf_index(primitive, "indices"), vertices, &index, &n)) {
        return false;
    }
    if (index && mode == TRIANGLES) {
        *out = index;
        return true;
    }
    uint32_t *v = mien_calloc((size_t)*count, sizeof(*v));
    if (!v) {
        mien_free(index);
        return mien_gltf_refuse(g, "out of memory");
    }
    for (long i = 0; i < *count; i++) {
        // Of a strip, every second triangle is turned round; a fan's hang on its first point
        // (3.7.2.1).
        long t = i / 3, k = i % 3;
        long turned = t % 2 ? (3 - k) % 3 : k, from = i;
        if (mode != TRIANGLES) {
            from = mode == STRIP ? t + turned : k == 2 ? 0 : t + 1 + k;
        }
        v[i] = index ? index[from] : (uint32_t)from;
    }
    mien_free(index);
    *out = v;
    return true;
}

bool mien_gltf_read_picture(struct mien_gltf *g, long image, struct mien_gltf_bytes *out)
{
    const cJSON *o = mien_gltf_element(g, MIEN_GLTF_IMAGES, image);
    struct view v;
    *out = (struct mien_gltf_bytes){0};
    if (!o) {
        return mien_gltf_refuse(
            g, "a texture's picture is missing, or of a kind that mien does not read");
    }
    if (mien_gltf_item(o, "uri")) {
        return read_uri(g, mien_gltf_text(o, "uri"), out);
    }
    if (!get_view(g, mien_gltf_index(o, "bufferView"), &v)) {
        return false;
    }
    *out = (struct mien_gltf_bytes){.data = v.data, .size = v.size};
    return true;
}

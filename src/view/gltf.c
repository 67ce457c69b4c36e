// Reading glTF 2.0: the file's parts, and its JSON. Buffers and accessors: view/gltf_data.c.
#include "view/gltf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/name.h"

bool mien_gltf_refuse(struct mien_gltf *g, const char *format, ...)
{
    if (g->why.text[0]) {
        return false;
    }
    va_list list;
    va_start(list, format);
    vsnprintf(g->why.text, sizeof(g->why.text), format, list);
    va_end(list);
    mien_name_make_plain(g->why.text);
    return false;
}

const cJSON *mien_gltf_item(const cJSON *o, const char *key)
{
    return cJSON_IsObject(o) ? cJSON_GetObjectItemCaseSensitive(o, key) : NULL;
}

static long whole(const cJSON *v, long limit)
{
    double x = cJSON_IsNumber(v) ? v->valuedouble : -1;
    return x >= 0 && x <= (double)limit && x == floor(x) ? (long)x : -1;
}

long mien_gltf_whole(const cJSON *o, const char *key, long missing, long limit)
{
    const cJSON *v = mien_gltf_item(o, key);
    return v ? whole(v, limit) : missing;
}

long mien_gltf_index(const cJSON *o, const char *key)
{
    return mien_gltf_whole(o, key, -1, MIEN_GLTF_ITEMS_MAX);
}

long mien_gltf_index_of(const cJSON *number)
{
    return whole(number, MIEN_GLTF_ITEMS_MAX);
}

double mien_gltf_number(const cJSON *o, const char *key, double missing)
{
    const cJSON *v = mien_gltf_item(o, key);
    return cJSON_IsNumber(v) && isfinite(v->valuedouble) ? v->valuedouble : missing;
}

bool mien_gltf_numbers(const cJSON *o, const char *key, int n, float *out)
{
    const cJSON *v = mien_gltf_item(o, key);
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

const char *mien_gltf_text(const cJSON *o, const char *key)
{
    const cJSON *v = mien_gltf_item(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

const cJSON *mien_gltf_element(const struct mien_gltf *g, enum mien_gltf_kind kind, long i)
{
    return i >= 0 && i < g->list[kind].count ? g->list[kind].item[i] : NULL;
}

static uint32_t word(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// The JSON of a .gltf or .glb, and the binary of the latter.
static bool split(struct mien_gltf *g, const uint8_t *d, size_t size, struct mien_gltf_bytes *json)
{
    *json = (struct mien_gltf_bytes){.data = d, .size = size};
    if (size < 20 || word(d) != 0x46546c67) { // "glTF"
        return true;
    }
    size_t n = word(d + 12), at = 20 + ((n + 3) & ~(size_t)3);
    if (word(d + 4) != 2 || word(d + 8) > size || n > size - 20 || word(d + 16) != 0x4e4f534a) {
        return mien_gltf_refuse(g, "its header is damaged");
    }
    *json = (struct mien_gltf_bytes){.data = d + 20, .size = n};
    if (at + 8 <= size && word(d + at + 4) == 0x004e4942) {
        size_t left = size - at - 8, want = word(d + at);
        g->binary = (struct mien_gltf_bytes){.data = d + at + 8, .size = want < left ? want : left};
    }
    return true;
}

// What parsing would make of a text: at most one item for each of these, outside of strings.
static long items(const char *text)
{
    long n = 1;
    bool quoted = false;
    for (const char *c = text; *c; c++) {
        if (quoted) {
            c += *c == '\\' && c[1];
            quoted = *c != '"';
        } else {
            quoted = *c == '"';
            n += *c == ',' || *c == '[' || *c == '{';
        }
    }
    return n;
}

// cJSON allows a thousand levels: recursion is bounded.
static bool objects_are_small(const cJSON *o)
{
    int members = 0;
    for (const cJSON *c = o->child; c; c = c->next) {
        if ((cJSON_IsObject(o) && ++members > MIEN_GLTF_MEMBERS_MAX) || !objects_are_small(c)) {
            return false;
        }
    }
    return true;
}

static bool parse(struct mien_gltf *g, const struct mien_gltf_bytes *json)
{
    char *text = mien_calloc(json->size + 8, 1); // zeros behind it
    if (!text) {
        return mien_gltf_refuse(g, "out of memory");
    }
    memcpy(text, json->data, json->size);
    bool small = items(text) <= MIEN_GLTF_ITEMS_MAX;
    g->root = small ? cJSON_Parse(text) : NULL;
    mien_free(text);
    if (!small || (g->root && !objects_are_small(g->root))) {
        return mien_gltf_refuse(g, "its JSON is larger than a head or a thing to wear needs");
    }
    return cJSON_IsObject(g->root) || mien_gltf_refuse(g, "it is neither glTF nor PNG");
}

static bool make_lists(struct mien_gltf *g)
{
    static const char *const keys[MIEN_GLTF_KINDS] = {
        "scenes",   "nodes",     "meshes",      "materials", "textures", "images",
        "samplers", "accessors", "bufferViews", "buffers",   "skins"};
    for (int k = 0; k < MIEN_GLTF_KINDS; k++) {
        const cJSON *all = mien_gltf_item(g->root, keys[k]), *o;
        all = cJSON_IsArray(all) ? all : NULL;
        long n = cJSON_GetArraySize(all);
        g->list[k].item = n ? mien_calloc((size_t)n, sizeof(*g->list[k].item)) : NULL;
        if (n && !g->list[k].item) {
            return mien_gltf_refuse(g, "out of memory");
        }
        cJSON_ArrayForEach(o, all)
        {
            g->list[k].item[g->list[k].count++] = o;
        }
    }
    long n = g->list[MIEN_GLTF_BUFFERS].count;
    g->buffer = n ? mien_calloc((size_t)n, sizeof(*g->buffer)) : NULL;
    return !n || g->buffer || mien_gltf_refuse(g, "out of memory");
}

static bool check_extensions(struct mien_gltf *g)
{
    // The last ones say how something moves or shines: it is shown all the same.
    static const char *const read[] = {"KHR_mesh_quantization",
                                       "KHR_texture_transform",
                                       "KHR_materials_unlit",
                                       "KHR_materials_emissive_strength",
                                       "KHR_materials_specular",
                                       "KHR_materials_ior",
                                       "KHR_materials_clearcoat",
                                       "KHR_materials_sheen",
                                       "VRM",
                                       "VRMC_vrm",
                                       "VRMC_materials_mtoon",
                                       "VRMC_springBone",
                                       "VRMC_node_constraint"};
    const cJSON *all = mien_gltf_item(g->root, "extensionsRequired"), *o;
    cJSON_ArrayForEach(o, all)
    {
        bool known = false;
        for (size_t i = 0; i < MIEN_COUNT(read) && cJSON_IsString(o); i++) {
            known = known || !strcmp(o->valuestring, read[i]);
        }
        if (!known) {
            return mien_gltf_refuse(
                g, "it requires %.80s, which mien does not support: save it without",
                cJSON_IsString(o) ? o->valuestring : "an extension");
        }
    }
    return true;
}

bool mien_gltf_open(struct mien_gltf *g, const void *data, size_t size, const char *folder)
{
    struct mien_gltf_bytes json;
    g->folder = folder;
    g->left = MIEN_GLTF_BYTES_MAX;
    if (size > MIEN_GLTF_BYTES_MAX) {
        return mien_gltf_refuse(g, "it is larger than %d MB", MIEN_GLTF_BYTES_MAX >> 20);
    }
    if (!split(g, data, size, &json) || !parse(g, &json)) {
        return false;
    }
    if (strncmp(mien_gltf_text(mien_gltf_item(g->root, "asset"), "version"), "2.", 2) != 0) {
        return mien_gltf_refuse(g, "it is not glTF 2");
    }
    return check_extensions(g) && make_lists(g);
}

const char *mien_gltf_folder(const char *path, char folder[1024])
{
    const char *slash = strrchr(path, '/');
    int n = slash ? (int)(slash - path) + 1 : 0;
    snprintf(folder, 1024, "%.*s", n < 1024 ? n : 0, path);
    return n >= 1024 ? NULL : n ? folder : ".";
}

void mien_gltf_destroy(struct mien_gltf *g)
{
    for (long i = 0; g->buffer && i < g->list[MIEN_GLTF_BUFFERS].count; i++) {
        mien_free(g->buffer[i].owned);
    }
    mien_free(g->buffer);
    for (int k = 0; k < MIEN_GLTF_KINDS; k++) {
        mien_free(g->list[k].item);
    }
    cJSON_Delete(g->root);
    memset(g, 0, sizeof(*g));
}

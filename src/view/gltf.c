// Reading glTF 2.0: JSON, buffers, accessors.
#include "view/gltf.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

bool mien_gltf_refuse(struct mien_gltf *g, const char *why)
{
    g->reason = g->reason ? g->reason : why;
    return false;
}

const cJSON *mien_gltf_item(const cJSON *o, const char *key)
{
    return cJSON_IsObject(o) ? cJSON_GetObjectItemCaseSensitive(o, key) : NULL;
}

long mien_gltf_whole(const cJSON *o, const char *key, long missing, long limit)
{
    const cJSON *v = mien_gltf_item(o, key);
    if (!v) {
        return missing;
    }
    double x = cJSON_IsNumber(v) ? v->valuedouble : -1;
    return x >= 0 && x <= (double)limit && x == floor(x) ? (long)x : -1;
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

const cJSON *mien_gltf_element(const cJSON *root, const char *key, long i)
{
    const cJSON *a = mien_gltf_item(root, key);
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

static bool decode_base64(const char *text, struct mien_gltf_bytes *out)
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
    *out = (struct mien_gltf_bytes){data, got, data};
    return true;
}

bool mien_gltf_read_buffers(struct mien_gltf *g, struct mien_gltf_bytes binary)
{
    const cJSON *all = mien_gltf_item(g->root, "buffers"), *b;
    cJSON_ArrayForEach(b, all)
    {
        if (g->buffers == MIEN_GLTF_BUFFERS) {
            return mien_gltf_refuse(g, "it has more than eight buffers");
        }
        struct mien_gltf_bytes *out = &g->buffer[g->buffers];
        const cJSON *uri = mien_gltf_item(b, "uri");
        if (cJSON_IsString(uri)) {
            const char *comma = strstr(uri->valuestring, ";base64,");
            if (strncmp(uri->valuestring, "data:", 5) != 0 || !comma) {
                return mien_gltf_refuse(
                    g, "it refers to another file: embed its data, or save it as .glb");
            }
            if (!decode_base64(comma + 8, out)) {
                return mien_gltf_refuse(g, "its embedded data is damaged");
            }
        } else {
            *out = binary;
        }
        g->buffers++;
        long length = mien_gltf_whole(b, "byteLength", -1, MIEN_GLTF_FILE_MAX);
        if (length < 0 || (size_t)length > out->size) {
            return mien_gltf_refuse(g, "a buffer is longer than its data");
        }
    }
    return true;
}

static int type_size(int type)
{
    return type == 5121 ? 1 : type == 5123 ? 2 : type == 5125 || type == 5126 ? 4 : 0;
}

bool mien_gltf_get_array(struct mien_gltf *g, long index, struct mien_gltf_array *a)
{
    const cJSON *o = mien_gltf_element(g->root, "accessors", index);
    long view_index = mien_gltf_whole(o, "bufferView", -1, 1 << 20);
    const cJSON *view = mien_gltf_element(g->root, "bufferViews", view_index);
    const cJSON *kind = mien_gltf_item(o, "type");
    if (!o || !view || mien_gltf_item(o, "sparse") || !cJSON_IsString(kind)) {
        return mien_gltf_refuse(g, "an accessor is missing or of a kind that is not read");
    }
    const char *k = kind->valuestring;
    *a = (struct mien_gltf_array){.count = mien_gltf_whole(o, "count", -1, MIEN_GLTF_COUNT_MAX),
                                  .type = (int)mien_gltf_whole(o, "componentType", -1, 10000),
                                  .components = !strcmp(k, "SCALAR") ? 1
                                                : !strcmp(k, "VEC2") ? 2
                                                : !strcmp(k, "VEC3") ? 3
                                                : !strcmp(k, "VEC4") ? 4
                                                                     : 0};
    long at = mien_gltf_whole(o, "byteOffset", 0, MIEN_GLTF_FILE_MAX),
         view_at = mien_gltf_whole(view, "byteOffset", 0, MIEN_GLTF_FILE_MAX);
    long length = mien_gltf_whole(view, "byteLength", -1, MIEN_GLTF_FILE_MAX);
    long stride = mien_gltf_whole(view, "byteStride", 0, 252),
         buffer = mien_gltf_whole(view, "buffer", -1, MIEN_GLTF_BUFFERS);
    size_t element_size = (size_t)(type_size(a->type) * a->components);
    if (a->count < 1 || !element_size || at < 0 || view_at < 0 || length < 0 || stride < 0 ||
        buffer < 0 || buffer >= g->buffers) {
        return mien_gltf_refuse(g, "an accessor's numbers are out of range");
    }
    a->stride = stride ? (size_t)stride : element_size;
    size_t need = (size_t)at + (size_t)(a->count - 1) * a->stride + element_size;
    if (a->stride < element_size || need > (size_t)length ||
        (size_t)view_at + (size_t)length > g->buffer[buffer].size) {
        return mien_gltf_refuse(g, "an accessor reaches outside its data");
    }
    a->data = g->buffer[buffer].data + view_at + at;
    return true;
}

float mien_gltf_component(const struct mien_gltf_array *a, long i, int c)
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

uint32_t mien_gltf_whole_at(const struct mien_gltf_array *a, long i)
{
    const uint8_t *p = a->data + (size_t)i * a->stride;
    return a->type == 5121 ? p[0]
           : a->type == 5123
               ? (uint32_t)(p[0] | p[1] << 8)
               : p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void mien_gltf_destroy(struct mien_gltf *g)
{
    cJSON_Delete(g->root);
    for (int i = 0; i < g->buffers; i++) {
        mien_free(g->buffer[i].owned);
    }
    memset(g, 0, sizeof(*g));
}

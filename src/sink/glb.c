// Text and bytes that grow, and the views and accessors that name them.
#include "sink/glb.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sink/net.h"

static bool reserve(struct mien_growing *g, size_t more)
{
    if (g->ok && g->size + more > g->room) {
        size_t room = 2 * g->room + more + 4096;
        char *p = mien_realloc_array(g->data, room, 1);
        g->ok = p != NULL;
        g->data = p ? p : g->data;
        g->room = p ? room : g->room;
    }
    return g->ok;
}

void mien_glb_put(struct mien_growing *g, const void *data, size_t n)
{
    if (reserve(g, n)) {
        memcpy(g->data + g->size, data, n);
        g->size += n;
    }
}

void mien_glb_print(struct mien_growing *g, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    mien_glb_put(g, text, n > 0 && (size_t)n < sizeof(text) ? (size_t)n : 0);
}

// A JSON number of a float, whatever the locale says.
void mien_glb_number(struct mien_growing *g, double v)
{
    char text[40];
    snprintf(text, sizeof(text), "%.9g", isfinite(v) ? v : 0);
    for (char *c = text; *c; c++) {
        *c = *c == ',' ? '.' : *c;
    }
    mien_glb_print(g, "%s", text);
}

void mien_glb_numbers(struct mien_growing *g, const char *name, const float *v, int n)
{
    mien_glb_print(g, ",\"%s\":[", name);
    for (int i = 0; i < n; i++) {
        mien_glb_print(g, i ? "," : "");
        mien_glb_number(g, v[i]);
    }
    mien_glb_print(g, "]");
}

// A view of the bytes that come next; its index.
int mien_glb_name_view(struct mien_glb *f, size_t size, int target)
{
    mien_glb_print(&f->views, "%s{\"buffer\":0,\"byteOffset\":%zu,\"byteLength\":%zu",
                   f->view_count ? "," : "", f->bin.size + f->tracks_size, size);
    if (target) {
        mien_glb_print(&f->views, ",\"target\":%d", target);
    }
    mien_glb_print(&f->views, "}");
    return f->view_count++;
}

// Appends data (padded to four bytes) as a view; its index.
int mien_glb_add_view(struct mien_glb *f, const void *data, size_t size, int target)
{
    int view = mien_glb_name_view(f, size, target);
    mien_glb_put(&f->bin, data, size);
    mien_glb_put(&f->bin, "\0\0\0", (4 - size % 4) % 4);
    return view;
}

// Begins an accessor of a view (-1: zeros); the caller adds members and the closing brace.
int mien_glb_begin_accessor(struct mien_glb *f, int view, int component, const char *type,
                            size_t count)
{
    mien_glb_print(&f->accessors, "%s{\"componentType\":%d,\"type\":\"%s\",\"count\":%zu",
                   f->accessor_count ? "," : "", component, type, count);
    if (view >= 0) {
        mien_glb_print(&f->accessors, ",\"bufferView\":%d", view);
    }
    return f->accessor_count++;
}

static void find_bounds(const float *v, size_t n, int width, float low[3], float high[3])
{
    for (int k = 0; k < width; k++) {
        low[k] = high[k] = n ? v[k] : 0;
        for (size_t i = 1; i < n; i++) {
            low[k] = fminf(low[k], v[i * (size_t)width + (size_t)k]);
            high[k] = fmaxf(high[k], v[i * (size_t)width + (size_t)k]);
        }
    }
}

int mien_glb_add_floats(struct mien_glb *f, const float *v, size_t n, int width, const char *type,
                        int target, bool with_bounds)
{
    int a = mien_glb_begin_accessor(
        f, mien_glb_add_view(f, v, n * (size_t)width * sizeof(float), target), MIEN_GLB_FLOAT, type,
        n);
    if (with_bounds) {
        float low[3], high[3];
        find_bounds(v, n, width, low, high);
        mien_glb_numbers(&f->accessors, "min", low, width);
        mien_glb_numbers(&f->accessors, "max", high, width);
    }
    mien_glb_print(&f->accessors, "}");
    return a;
}

int mien_glb_add_target(struct mien_glb *f, const struct mien_face_model *m, int shape,
                        const int32_t *vertex, size_t vertices, uint32_t *index, float *moved)
{
    size_t n = 0;
    float low[3] = {0}, high[3] = {0};
    bool blink = shape == MIEN_BS_EYE_BLINK_LEFT || shape == MIEN_BS_EYE_BLINK_RIGHT;
    for (size_t i = 0; i < vertices; i++) {
        float d[3];
        int v = vertex ? vertex[i] : (int)i;
        if (blink) {
            memcpy(d, f->shut->lid[shape == MIEN_BS_EYE_BLINK_RIGHT] + 3 * (size_t)v, sizeof(d));
        } else {
            mien_face_model_blendshape(m, shape, v, d);
        }
        if (fabsf(d[0]) + fabsf(d[1]) + fabsf(d[2]) < 1e-4f) { // a tenth of a micrometre
            continue;
        }
        index[n] = (uint32_t)i;
        for (int k = 0; k < 3; k++) {
            moved[3 * n + (size_t)k] = d[k] * 0.001f;
            low[k] = fminf(low[k], moved[3 * n + (size_t)k]);
            high[k] = fmaxf(high[k], moved[3 * n + (size_t)k]);
        }
        n++;
    }
    if (!n) {
        index[0] = 0;
        memset(moved, 0, 3 * sizeof(float));
        n = 1;
    }
    int i_view = mien_glb_add_view(f, index, n * sizeof(*index), 0);
    int v_view = mien_glb_add_view(f, moved, n * 3 * sizeof(float), 0);
    int a = mien_glb_begin_accessor(f, -1, MIEN_GLB_FLOAT, "VEC3", vertices);
    mien_glb_numbers(&f->accessors, "min", low, 3);
    mien_glb_numbers(&f->accessors, "max", high, 3);
    mien_glb_print(
        &f->accessors,
        ",\"sparse\":{\"count\":%zu,\"indices\":{\"bufferView\":%d,\"componentType\":%d},"
        "\"values\":{\"bufferView\":%d}}}",
        n, i_view, MIEN_GLB_UINT, v_view);
    return a;
}

void mien_glb_end_primitive(struct mien_growing *json, const int *target, int extra)
{
    mien_glb_print(json, ",\"targets\":[");
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        mien_glb_print(json, "%s{\"POSITION\":%d}", i ? "," : "", target[i]);
    }
    if (extra >= 0) {
        mien_glb_print(json, ",{\"POSITION\":%d}", extra);
    }
    mien_glb_print(json, "]}");
}

void mien_glb_end_meshes(struct mien_growing *json, const char *extra)
{
    mien_glb_print(json, "],\"weights\":[");
    for (int i = 0; i < MIEN_BLENDSHAPES + (extra != NULL); i++) {
        mien_glb_print(json, i ? ",0" : "0");
    }
    mien_glb_print(json, "],\"extras\":{\"targetNames\":[");
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        mien_glb_print(json, "%s\"%s\"", i ? "," : "", mien_blendshape_name(i));
    }
    if (extra) {
        mien_glb_print(json, ",\"%s\"", extra);
    }
    mien_glb_print(json, "]}}]");
}

void mien_glb_add_material(struct mien_growing *json, const struct mien_material *k, int texture)
{
    float rgba[4] = {0, 0, 0, 1}; // glTF's factors are linear (3.9.2)
    for (int c = 0; c < 3; c++) {
        float v = k->rgb[c];
        rgba[c] = v <= 0.04045f ? v / 12.92f : powf((v + 0.055f) / 1.055f, 2.4f);
    }
    mien_glb_print(json,
                   "{\"name\":\"%s\",\"doubleSided\":true,\"pbrMetallicRoughness\":{"
                   "\"metallicFactor\":0,\"roughnessFactor\":",
                   k->name);
    mien_glb_number(json, (double)k->roughness);
    if (texture >= 0) {
        mien_glb_print(json, ",\"baseColorTexture\":{\"index\":%d}", texture);
    } else {
        mien_glb_numbers(json, "baseColorFactor", rgba, 4);
    }
    mien_glb_print(json, "}}");
}

void mien_glb_wrap(struct mien_glb *f, struct mien_growing *json, struct mien_growing *out,
                   size_t *accessors_at)
{
    size_t bin_size = f->bin.size + f->tracks_size;
    mien_glb_print(json, ",\"accessors\":[");
    size_t at = json->size;
    mien_glb_put(json, f->accessors.data, f->accessors.size);
    mien_glb_print(json, "],\"bufferViews\":[");
    mien_glb_put(json, f->views.data, f->views.size);
    mien_glb_print(json, "],\"buffers\":[{\"byteLength\":%zu}]}", bin_size);
    while (json->ok && json->size % 4) {
        mien_glb_put(json, " ", 1);
    }
    uint8_t head[20], chunk[8];
    uint8_t *p = mien_put_u32_le(head, 0x46546C67); // "glTF"
    p = mien_put_u32_le(p, 2);
    p = mien_put_u32_le(p, (uint32_t)(12 + 8 + json->size + 8 + bin_size));
    p = mien_put_u32_le(p, (uint32_t)json->size);
    mien_put_u32_le(p, 0x4E4F534A);                                          // "JSON"
    mien_put_u32_le(mien_put_u32_le(chunk, (uint32_t)bin_size), 0x004E4942); // "BIN"
    mien_glb_put(out, head, sizeof(head));
    mien_glb_put(out, json->data, json->size);
    mien_glb_put(out, chunk, sizeof(chunk));
    *accessors_at = at + sizeof(head);
    out->ok = out->ok && json->ok && f->views.ok && f->accessors.ok;
}

void mien_glb_destroy(struct mien_glb *f)
{
    free(f->bin.data);
    free(f->views.data);
    free(f->accessors.data);
    memset(f, 0, sizeof(*f));
}

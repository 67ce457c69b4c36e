// Reading glTF 2.0 (Khronos Group, "glTF 2.0 Specification"): JSON, buffers, accessors.
//
// Does not: know what the meshes are for, read files beside the one given, sparse accessors. Every
// offset and count is checked.
#ifndef MIEN_VIEW_GLTF_H
#define MIEN_VIEW_GLTF_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MIEN_GLTF_FILE_MAX = 16 << 20, MIEN_GLTF_BUFFERS = 8, MIEN_GLTF_COUNT_MAX = 300000 };

struct mien_gltf_bytes {
    const uint8_t *data;
    size_t size;
    void *owned;
};

struct mien_gltf { // zero-initialise; root: owned
    cJSON *root;
    struct mien_gltf_bytes buffer[MIEN_GLTF_BUFFERS];
    int buffers;
    const char *reason; // the first refusal (static text)
};

void mien_gltf_destroy(struct mien_gltf *g);                 // idempotent
bool mien_gltf_refuse(struct mien_gltf *g, const char *why); // notes why; always false
// The buffers of root; binary: the one inside a .glb.
bool mien_gltf_read_buffers(struct mien_gltf *g, struct mien_gltf_bytes binary);

// Members; o may be NULL or anything else than an object.
const cJSON *mien_gltf_item(const cJSON *o, const char *key);
// A whole number at key, or `missing` when absent; -1 when it is anything else or over limit.
long mien_gltf_whole(const cJSON *o, const char *key, long missing, long limit);
double mien_gltf_number(const cJSON *o, const char *key, double missing);
bool mien_gltf_numbers(const cJSON *o, const char *key, int n, float *out); // exactly n
const cJSON *mien_gltf_element(const cJSON *root, const char *key, long i); // of an array; or NULL

// The elements of an accessor: count of them, each `components` of a type (glTF's number).
struct mien_gltf_array {
    const uint8_t *data;
    size_t stride;
    long count;
    int type, components;
};
bool mien_gltf_get_array(struct mien_gltf *g, long index, struct mien_gltf_array *a);
float mien_gltf_component(const struct mien_gltf_array *a, long i, int c); // whole numbers: 0…1
uint32_t mien_gltf_whole_at(const struct mien_gltf_array *a, long i);

#endif

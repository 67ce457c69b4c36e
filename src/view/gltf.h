// Reading glTF 2.0 (Khronos Group, "glTF 2.0 Specification"): its JSON, buffers, accessors,
// pictures. Also read: KHR_mesh_quantization, KHR_texture_transform (by who reads the material).
//
// The file is somebody else's: every offset and count is checked, every loop is bounded by the
// file's own size or a total below, and what it names is read only beside it or below
// (base/below.h). Weighed against Debian's libraries and kept: assimp reads some fifty formats with
// 10 MB of C++, guesses which one a file is and follows what it names; tinygltf is C++ and leaves
// to its caller most of what is here (bounds of accessors, sparse and quantised ones, node graph).
// Does not: know what the meshes are for; decode pictures; follow the node graph.
#ifndef MIEN_VIEW_GLTF_H
#define MIEN_VIEW_GLTF_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum {
    MIEN_GLTF_BYTES_MAX = 256 << 20, // of the file, and of all that it names
    MIEN_GLTF_ITEMS_MAX = 500000,    // numbers, texts, lists … of its JSON
    MIEN_GLTF_MEMBERS_MAX = 256,     // of one object: they are searched one after another
    MIEN_GLTF_COUNT_MAX = 1500000    // elements of an accessor
};

enum mien_gltf_kind { // the lists at the top
    MIEN_GLTF_SCENES,
    MIEN_GLTF_NODES,
    MIEN_GLTF_MESHES,
    MIEN_GLTF_MATERIALS,
    MIEN_GLTF_TEXTURES,
    MIEN_GLTF_IMAGES,
    MIEN_GLTF_SAMPLERS,
    MIEN_GLTF_ACCESSORS,
    MIEN_GLTF_VIEWS,
    MIEN_GLTF_BUFFERS,
    MIEN_GLTF_SKINS,
    MIEN_GLTF_KINDS
};

struct mien_gltf_bytes {
    const uint8_t *data; // NULL: none
    size_t size;
    void *owned;
};

struct mien_gltf { // zero-initialise
    cJSON *root;
    struct mien_gltf_list {
        const cJSON **item; // (count)
        long count;
    } list[MIEN_GLTF_KINDS];
    const char *folder;             // borrowed; NULL: nothing that the file names is read
    struct mien_gltf_bytes binary;  // inside a .glb: borrowed
    struct mien_gltf_bytes *buffer; // (buffers): read when first asked for
    size_t left;                    // bytes of other files that may still be read
    struct mien_why why;            // of the first refusal; "" while there is none
};

// data, a .gltf or .glb, and folder must outlive g. False: g->why.
bool mien_gltf_open(struct mien_gltf *g, const void *data, size_t size, const char *folder);
void mien_gltf_destroy(struct mien_gltf *g); // idempotent
// The folder of what a file names, for mien_gltf_open: `folder`, or NULL when it does not fit.
const char *mien_gltf_folder(const char *path, char folder[1024]);
// Notes why, where nothing is noted yet; other than plain characters become "?". Always false.
bool mien_gltf_refuse(struct mien_gltf *g, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Members; o may be NULL or anything else than an object.
const cJSON *mien_gltf_item(const cJSON *o, const char *key);
// A whole number at key, or `missing` when absent; -1 when it is anything else or over limit.
long mien_gltf_whole(const cJSON *o, const char *key, long missing, long limit);
double mien_gltf_number(const cJSON *o, const char *key, double missing);
bool mien_gltf_numbers(const cJSON *o, const char *key, int n, float *out); // exactly n
const char *mien_gltf_text(const cJSON *o, const char *key);                // "" when there is none
// Element i of a list; NULL when it is not there.
const cJSON *mien_gltf_element(const struct mien_gltf *g, enum mien_gltf_kind kind, long i);
long mien_gltf_index(const cJSON *o, const char *key); // -1: none
long mien_gltf_index_of(const cJSON *number);          // of a list of indices; -1: none

// Elements of an accessor, sparse ones filled in, whole numbers turned into what they stand for.
struct mien_gltf_array {
    float *value; // (count, components): owned, finite
    long count;
    int components;
};
// How many elements there are, for totals; -1 when that is out of range (refused).
long mien_gltf_count(struct mien_gltf *g, long accessor);
// components: a vector of low to high. fractions: whole numbers are 0…1 also where the accessor
// does not say so (colours). False (refused): a is empty.
bool mien_gltf_read_array(struct mien_gltf *g, long accessor, int low, int high, bool fractions,
                          struct mien_gltf_array *a);
// How many indices a primitive's triangles have, its strips and fans taken apart; vertices: of its
// arrays. 0: it is of points or lines. -1: refused.
long mien_gltf_count_triangles(struct mien_gltf *g, const cJSON *primitive, long vertices);
// Those indices, each below `vertices`: *out (count): owned. False: refused.
bool mien_gltf_read_triangles(struct mien_gltf *g, const cJSON *primitive, long vertices,
                              uint32_t **out, long *count);
// The bytes of a picture, as they lie in the file; free out->owned with mien_free. False: refused.
bool mien_gltf_read_picture(struct mien_gltf *g, long image, struct mien_gltf_bytes *out);

#endif

// A binary glTF 2.0 file in the making: buffer, views, accessors and JSON, from which the whole is
// put together. Does not: know what the file shows, or write it.
//
// Source: Khronos Group, "glTF 2.0 Specification", 2021.
#ifndef MIEN_SINK_GLB_H
#define MIEN_SINK_GLB_H

#include "face/material.h"
#include "face/model.h"
#include "face/shut.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Text and bytes that grow, begun with .ok = true; `ok` is false once memory was short. data:
// free().
struct mien_growing {
    char *data;
    size_t size, room;
    bool ok;
};
void mien_glb_put(struct mien_growing *g, const void *data, size_t n);
void mien_glb_print(struct mien_growing *g, const char *format, ...)
    __attribute__((format(printf, 2, 3)));              // at most 1,023 bytes
void mien_glb_number(struct mien_growing *g, double v); // JSON, whatever the locale says
void mien_glb_numbers(struct mien_growing *g, const char *name, const float *v, int n);

enum {
    MIEN_GLB_FLOAT = 5126,
    MIEN_GLB_UINT = 5125,
    MIEN_GLB_BYTE = 5121,
    MIEN_GLB_ARRAY = 34962,
    MIEN_GLB_ELEMENT = 34963,
};

struct mien_glb { // bin, views and accessors begun with .ok = true
    struct mien_growing bin, views, accessors;
    size_t tracks_size; // bytes that follow those of bin and are somebody else's to write
    int view_count, accessor_count;
    const struct mien_shut *shut; // the lids of the person whose targets are added, borrowed
};
void mien_glb_destroy(struct mien_glb *f);
// A view of the `size` bytes that come next; its index.
int mien_glb_name_view(struct mien_glb *f, size_t size, int target);
// Appends data (padded to four bytes) as a view; its index.
int mien_glb_add_view(struct mien_glb *f, const void *data, size_t size, int target);
// Begins an accessor of a view (-1: zeros); the caller adds members and the closing brace.
int mien_glb_begin_accessor(struct mien_glb *f, int view, int component, const char *type,
                            size_t count);
// v: (n, width). Its accessor's index.
int mien_glb_add_floats(struct mien_glb *f, const float *v, size_t n, int width, const char *type,
                        int target, bool with_bounds);
// A morph target in metres: only the vertices that move. vertex: (vertices) which of the model's
// each is, NULL = the same. scratch: `vertices` indices, 3 * vertices floats. One that moves
// nothing names a vertex too: an accessor without any data is zeros by the specification, and
// refused by readers.
int mien_glb_add_target(struct mien_glb *f, const struct mien_face_model *m, int shape,
                        const int32_t *vertex, size_t vertices, uint32_t *index, float *moved);
// Ends a primitive of "meshes", begun with its attributes, indices and material: its targets, one a
// blendshape (MIEN_BLENDSHAPES), and one more unless extra is -1.
void mien_glb_end_primitive(struct mien_growing *json, const int *target, int extra);
// Ends "meshes", whose last mesh has such primitives: weights at rest, and the targets' names;
// extra: the name of the one more, NULL: there is none.
void mien_glb_end_meshes(struct mien_growing *json, const char *extra);
// An element of "materials". texture: that colours it; -1: its own colour does.
void mien_glb_add_material(struct mien_growing *json, const struct mien_material *k, int texture);
// Ends the JSON (an object without its last members, to which accessors, views and buffers are
// added) and puts head, JSON and the buffer's own head into *out, whose ok says whether memory
// sufficed; bin.data follows. *accessors_at: where in *out the accessors begin.
void mien_glb_wrap(struct mien_glb *f, struct mien_growing *json, struct mien_growing *out,
                   size_t *accessors_at);

#endif

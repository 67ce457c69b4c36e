// Things to wear: glTF 2.0 meshes with an anchor on the head, and face paint.
//
// A mesh is a .glb or a .gltf with embedded data, in metres, +Y up, +Z out of the face, +X to the
// wearer's left, its origin at the anchor. Read are positions, normals, vertex colours, indices,
// node transforms, and of materials base colour, roughness and alpha mode. `extras` of the scene
// (or of the asset) hold: "anchor": nose_bridge | head_top | upper_lip | chin | face | head;
// "scale": 1; "offset_mm": [x,y,z]; "fit": false keeps the size instead of the face's.
// Face paint is a PNG with alpha over the face's UV picture; twice as wide as high it covers the
// head as well (right half) and is a full mask.
// Does not: call OpenGL; read textures, skins, animations or files beside the one named. Every
// offset and count of the file is checked.
#ifndef MIEN_VIEW_PROP_H
#define MIEN_VIEW_PROP_H

#include "image/image.h"
#include "view/mesh.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mien_anchor {
    MIEN_ANCHOR_NOSE_BRIDGE,
    MIEN_ANCHOR_HEAD_TOP,
    MIEN_ANCHOR_UPPER_LIP,
    MIEN_ANCHOR_CHIN,
    MIEN_ANCHOR_FACE, // the middle between the eyes, on the skin's plane
    MIEN_ANCHOR_HEAD, // the head frame's origin
    MIEN_ANCHORS
};

enum { MIEN_PROP_VERTICES = 60000, MIEN_PROP_INDICES = 300000 };

struct mien_prop_vertex {
    float position[3], normal[3]; // mm from the anchor, head frame's axes
    float gloss;                  // 0 dull … 1 shiny
    uint8_t color[4];
};

struct mien_prop {
    enum mien_anchor anchor;
    bool fit;                        // sized with the face
    float offset[3];                 // mm
    struct mien_prop_vertex *vertex; // owned
    uint32_t *index;                 // owned; the opaque triangles first
    int vertices, indices, opaque;   // opaque: indices
    struct mien_image paint;         // RGBA8; data NULL when it is a mesh
    bool full;                       // the paint covers the head
};

// By the file's content. False: *reason (static text) says why; nothing is logged or kept.
bool mien_prop_load(struct mien_prop *p, const char *path, const char **reason);
bool mien_prop_parse(struct mien_prop *p, const void *data, size_t size, const char **reason);
void mien_prop_destroy(struct mien_prop *p); // idempotent
// Where the anchor is (head frame, mm) on the face that mien_mesh_pose posed last, and the face's
// size relative to the mean one.
void mien_prop_place(const struct mien_prop *p, const struct mien_mesh *m, float position[3],
                     float *scale);

#endif

// Things to wear: glTF 2.0 meshes with an anchor on the head, and face paint.
//
// A mesh is a .glb or a .gltf, in metres, +Y up, +Z out of the face, +X to the wearer's left, its
// origin at the anchor. Read are positions, normals (else flat ones are made), vertex colours,
// texture coordinates, indices, node transforms, and of materials base colour with its texture
// (PNG, JPEG), roughness and metalness with theirs (at the same texture coordinates) and alpha
// mode; sparse and quantised accessors too. A file without scenes shows all its nodes. Colours are
// taken as they are shown (sRGB). `extras` of the scene (or of the asset) hold: "anchor":
// nose_bridge | nose_tip | head_top | upper_lip | chin | face | head; "scale": 1; "offset_mm":
// [x,y,z]; "fit": false keeps the size instead of the face's. Face paint is a PNG with alpha over
// the face's UV picture; twice as wide as high it covers the head as well (right half) and is a
// full mask. Does not: call OpenGL; read skins, animations, or files elsewhere than beside the one
// named and below. What the file says is checked (view/gltf.h), and totals are bounded.
#ifndef MIEN_VIEW_PROP_H
#define MIEN_VIEW_PROP_H

#include "base/why.h"
#include "image/image.h"
#include "view/gltf_look.h"
#include "view/mesh.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// identifier, name in files, and the landmarks (iBUG, counted from 0) between which it lies; -1:
// the crown, -2: the head frame's origin
#define MIEN_ANCHOR_ROWS(X)                                                        \
    X(NOSE_BRIDGE, "nose_bridge", 27, 27)                                          \
    X(HEAD_TOP, "head_top", -1, -1)                                                \
    X(NOSE_TIP, "nose_tip", 30, 30)                                                \
    X(UPPER_LIP, "upper_lip", 33, 51)                                              \
    X(CHIN, "chin", 8, 8)                                                          \
    X(FACE, "face", 39, 42) /* the middle between the eyes, on the skin's plane */ \
    X(HEAD, "head", -2, -2)
#define MIEN_ANCHOR_ID(id, ...) MIEN_ANCHOR_##id,
enum mien_anchor { MIEN_ANCHOR_ROWS(MIEN_ANCHOR_ID) MIEN_ANCHORS };
const char *mien_anchor_name(int anchor); // NULL outside

enum {
    MIEN_PROP_VERTICES = 60000,
    MIEN_PROP_INDICES = 300000,
    MIEN_PROP_READ = 1000000, // vertices read, again for each primitive that shares them
    MIEN_PROP_PRIMITIVES = 1024,
    MIEN_PROP_TEXTURES = 16,
    MIEN_PROP_TEXTURE_PX = 2048 // a side that is kept: more than the window shows of a face
};

struct mien_prop_vertex {
    float position[3], normal[3]; // mm from the anchor, head frame's axes
    float gloss, metal;           // 0 dull … 1 shiny; 0 … 1 metal
    float uv[2];                  // of the texture, from its top left
    uint8_t color[4];             // times the texture's
};

struct mien_prop_part { // triangles that look alike
    int first, count;   // indices
    int texture;        // -1: none
    int surface;        // of roughness (green) and metalness (blue); -1: none
    bool blended;
    float cutoff; // alpha below it is a hole, above it solid; < 0: all is solid
};

struct mien_prop {
    enum mien_anchor anchor;
    bool fit;                        // sized with the face
    float offset[3];                 // mm
    struct mien_prop_vertex *vertex; // owned
    uint32_t *index;                 // owned; the opaque triangles first
    int vertices, indices, opaque;   // opaque: indices
    struct mien_prop_part *part;     // (parts) owned; in the order of the indices
    int parts, textures;
    struct mien_gltf_texture texture[MIEN_PROP_TEXTURES];
    struct mien_image paint; // RGBA8; data NULL when it is a mesh
    bool full;               // the paint covers the head
};

// By the file's content. False: *why says why; nothing is kept.
bool mien_prop_load(struct mien_prop *p, const char *path, struct mien_why *why);
// A mesh in memory. folder: of what it names; NULL: that is refused.
bool mien_prop_parse(struct mien_prop *p, const void *data, size_t size, const char *folder,
                     struct mien_why *why);
void mien_prop_destroy(struct mien_prop *p); // idempotent
// Where the anchor is (head frame, mm) on the face that mien_mesh_pose posed last, and the face's
// size relative to the mean one.
void mien_prop_place(const struct mien_prop *p, const struct mien_mesh *m, float position[3],
                     float *scale);
// The same on other vertices (model vertices,3).
void mien_prop_place_on(const struct mien_prop *p, const struct mien_mesh *m, const float *vertices,
                        float position[3], float *scale);

#endif

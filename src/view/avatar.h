// A head or a whole figure from a file that a person's face moves: glTF 2.0 (.glb, .gltf) and VRM
// 0.x and 1.0, with skins, morph targets, textures, alpha modes, emission and toon shades.
//
// Shapes are found by ARKit's names (in any case, with "_L" and "_R" for the sides, behind a
// prefix), else by VRM's expressions; view/avatar_names.c has the table. The head turns with its
// bone and the neck's, else the figure turns as a whole; eyes turn by their bones unless a shape
// moves them. Space: metres, y up, looking along +z, x to the figure's left; VRM 0.x, which looks
// along -z, is turned round. Arms that are spread out are let down. Does not: call OpenGL
// (view/figure.h); read animations, springs, constraints or more than four joints a vertex. The
// file is somebody else's: what it says is checked (view/gltf.h) and totals are bounded.
#ifndef MIEN_VIEW_AVATAR_H
#define MIEN_VIEW_AVATAR_H

#include "base/why.h"
#include "face/result.h"
#include "face/vrm.h"
#include "view/gltf_look.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MIEN_AVATAR_VERTICES = 250000,
    MIEN_AVATAR_INDICES = 1500000,
    MIEN_AVATAR_READ = 80000000, // elements of arrays read, morph targets included
    MIEN_AVATAR_SURFACES = 512,
    MIEN_AVATAR_NODES = 8192,
    MIEN_AVATAR_JOINTS = 2048, // of a skin
    MIEN_AVATAR_SHAPES = 8192, // morph targets, of all nodes
    MIEN_AVATAR_TEXTURES = 48,
    MIEN_AVATAR_TEXTURE_PX = 2048, // a side that is kept
};

// What moves a figure: ARKit's 52 weights, VRM's expressions, and what only some figures know.
enum mien_avatar_channel {
    MIEN_AVATAR_VRM = MIEN_BLENDSHAPES,                   // MIEN_VRM_COUNT of them
    MIEN_AVATAR_BLINK = MIEN_AVATAR_VRM + MIEN_VRM_COUNT, // both eyes
    MIEN_AVATAR_SURPRISED,
    MIEN_AVATAR_LOOK_UP,
    MIEN_AVATAR_LOOK_DOWN,
    MIEN_AVATAR_LOOK_LEFT, // the figure's own
    MIEN_AVATAR_LOOK_RIGHT,
    MIEN_AVATAR_SMILE,
    MIEN_AVATAR_MEAN, // back to the mean face: in the heads that mien makes of a person (1)
    MIEN_AVATAR_CHANNELS
};

struct mien_avatar_drive { // zeros: at rest
    float channel[MIEN_AVATAR_CHANNELS];
    float turn[3];       // of the head: axis times angle, radians
    float eye_deg[2][2]; // left, right: yaw and pitch in the head frame
};
// own: by what the mesh shows, for a head that mien made of this very person; else by what is left
// of it when the neutral expression is taken off, both eyes looking the same way.
void mien_avatar_drive_by(const struct mien_face_result *f, bool own, struct mien_avatar_drive *d);
// Moves d towards `to`, share 1: all the way.
void mien_avatar_drive_toward(struct mien_avatar_drive *d, const struct mien_avatar_drive *to,
                              float share);

struct mien_avatar_vertex { // as it is drawn
    float position[3], normal[3], uv[2];
    uint8_t color[4]; // times the look's and the texture's
};

struct mien_avatar_part { // triangles that look alike
    int first, count;     // indices
    int surface;
    struct mien_gltf_look look;
};

struct mien_avatar_surface { // vertices that move together
    int first, count;        // vertices
    int node, skin;          // skin -1: none
    int target, targets;
    uint32_t *moving; // (movings) vertices, from `first`, that a face can move
    int movings;
    bool folds; // a shape moves vertices and says nothing of their normals
};

struct mien_avatar_target { // what a morph target does to a surface
    int weight;             // of avatar->weight
    int count;
    uint32_t *vertex; // (count) from the surface's first
    float *moved;     // (count,3) metres
    float *normal;    // (count,3); NULL: it does not say
};

struct mien_avatar_driver {
    int channel, weight;
    float factor;
    bool whole; // either not at all or all of it: above half of the channel
};

struct mien_avatar_node {
    int parent; // -1
    float local[16], world[16];
    bool turns; // it or one above it is turned by a face
};

struct mien_avatar_skin {
    int joints;
    int *joint;     // (joints) nodes
    float *inverse; // (joints,16)
    float *now;     // (joints,16) of the pose
};

struct mien_avatar {
    struct mien_avatar_vertex *vertex; // (vertices) as posed last
    uint32_t *index;                   // (indices)
    struct mien_avatar_part *part;     // (parts) the opaque first
    struct mien_avatar_surface *surface;
    struct mien_avatar_target *target;
    struct mien_avatar_node *node;
    struct mien_avatar_skin *skin;
    struct mien_avatar_driver *driver;
    int vertices, indices, parts, surfaces, targets, nodes, skins, drivers;
    int *order;      // (nodes) each behind its parent
    float *rest;     // (vertices,6) position and normal in the surface's own space
    uint16_t *joint; // (vertices,4)
    float *share;    // (vertices,4) of the joints, sum 1
    int *twin;      // (vertices) the first vertex of the surface at the same place with that normal
    float *fold;    // (vertices,3) the mesh's own normal at rest, where a surface folds
    float *scratch; // (vertices,9)
    float *weight, *weight_rest; // (weights) of morph targets
    int weights;
    struct mien_gltf_texture texture[MIEN_AVATAR_TEXTURES];
    int textures;
    int head, neck, eye[2]; // nodes, -1
    int arm[2], elbow[2];   // left, right: upper and lower arm; -1: no two such bones
    float lowered[2][9];    // how the upper arms are turned at rest: files have them spread out
    bool eyes_by_shape;     // their bones stay
    bool has[MIEN_AVATAR_CHANNELS];
    float focus[3], size; // what to look at, and how high it is: the head
    bool whole;           // it has no head's bone: turned as a whole, about `focus`
};

// A .glb, .gltf or .vrm. False: `why` says what is wrong with it; nothing is kept.
bool mien_avatar_load(struct mien_avatar *a, const char *path, struct mien_why *why);
// One in memory. folder: of what it names; NULL: that is refused.
bool mien_avatar_parse(struct mien_avatar *a, const void *data, size_t size, const char *folder,
                       struct mien_why *why);
void mien_avatar_destroy(struct mien_avatar *a); // idempotent
// Fills a->vertex. `whole` figures are not turned: mien_avatar_turn says how they are.
void mien_avatar_pose(struct mien_avatar *a, const struct mien_avatar_drive *d);
// What it can and cannot do, in one line: "52 of ARKit's 52 shapes; head and eyes by their bones".
void mien_avatar_describe(const struct mien_avatar *a, char *text, size_t size);

#endif

// Reading glTF 2.0: what surfaces look like (base colour and its texture, roughness, alpha mode,
// and where asked for the map of normals), and where nodes put them.
//
// KHR_texture_transform and KHR_materials_emissive_strength are read, KHR_materials_unlit, and of
// VRM's toon material (1.0's extension, 0.x's "VRM/MToon") the shade and where it begins. Does not:
// read outlines, rims, matcaps, or what else a material says.
#ifndef MIEN_VIEW_GLTF_LOOK_H
#define MIEN_VIEW_GLTF_LOOK_H

#include "image/image.h"
#include "view/gltf.h"

enum { MIEN_GLTF_PICTURE_PX = 4096 }; // a side that is read

enum mien_gltf_wrap { MIEN_GLTF_REPEAT, MIEN_GLTF_CLAMP, MIEN_GLTF_MIRROR };

struct mien_gltf_texture {
    struct mien_image picture; // RGBA8
    enum mien_gltf_wrap wrap[2];
    bool nearest; // enlarged in squares
    long image;   // of the file
};

struct mien_gltf_textures {         // those that materials asked for
    struct mien_gltf_texture *item; // (room)
    int count, room;
    int side_px;   // a larger one is shrunk to it
    bool bumps;    // maps of normals, and what glows or shades, are wanted too
    bool surfaces; // and those of roughness and metalness
};
void mien_gltf_free_textures(struct mien_gltf_texture *item, int count); // what they hold

struct mien_gltf_look {
    float color[4], gloss, metal; // metal: 0 … 1
    float cutoff;                 // alpha below it is a hole, above it solid; < 0: all is solid
    bool blended, both_sides;
    bool flat_light; // drawn, not lit
    float glow[3];   // added, linear
    int glows;       // texture that multiplies it, -1
    // A toon: `shade` (linear, times the texture `shades`, -1) where the cosine to the light is
    // below toon[0], the colour above toon[1]; between them mixed. Not one: toon[1] <= toon[0].
    float shade[3], toon[2];
    int shades;
    int texture; // of the textures, -1
    int surface; // texture of roughness (green) and metalness (blue), at the same coordinates; -1
    int bumps;   // map of normals, -1
    float bump_scale;
    int set;               // of texture coordinates
    float turn[4], off[2]; // uv -> turn (2,2) uv + off
};
// material: its index, -1: none, which is light grey. False: refused.
bool mien_gltf_read_look(struct mien_gltf *g, struct mien_gltf_textures *all, long material,
                         struct mien_gltf_look *l);

// Whether it needs texture coordinates.
bool mien_gltf_has_texture(const struct mien_gltf_look *l);

// A node's own matrix, column-major.
void mien_gltf_local_matrix(const cJSON *node, float m[16]);
void mien_gltf_point(const float m[16], const float v[3], float out[3]);
// Normals stay upright on what they stand on: by the cofactors of the matrix. They are scaled to
// what single precision can square.
void mien_gltf_normal(const float m[16], const float v[3], float out[3]);
void mien_gltf_normalise(float n[3]); // to length 1; (0,0,1) when it has none

#endif

// Draws what is worn (view/prop.h) on the fitted faces with OpenGL, onto a layer of the picture
// (view/layer.h): the face and head, with a hull for ears and hair side, hide what is behind them,
// the face's own light falls on it, and its soft shadow on the face.
//
// Main thread only. GL objects are made by mien_wear_init and, when another thing is put on, by
// mien_wear_add; never while drawing, except the layer's when the picture's size changes.
#ifndef MIEN_VIEW_WEAR_H
#define MIEN_VIEW_WEAR_H

#include "base/why.h"
#include "view/coarse.h"
#include "view/gl.h"
#include "view/layer.h"
#include "view/light.h"
#include "view/prop.h"

enum { MIEN_WEAR_MAX = 6 }; // things at once

enum mien_wear_skin { MIEN_WEAR_BARE, MIEN_WEAR_PAINTED, MIEN_WEAR_SKINS };

struct mien_worn {
    char *path; // owned; as it was asked for
    struct mien_prop prop;
    struct mien_gl_mesh mesh;
    GLuint paint; // texture
    GLuint part_texture[MIEN_PROP_TEXTURES];
    float low[3], high[3];    // of the vertices, mm from the anchor
    float area[4], height[2]; // of the shadow, as its shader takes them
    uint8_t *under;           // (points of the mesh) whether the shadow can reach it; NULL: none
    int slot;                 // its picture in the texture of shadows
};

struct mien_wear {
    struct mien_worn item[MIEN_WEAR_MAX]; // in the order in which they were put on
    int count;
    const struct mien_mesh *mesh; // borrowed
    struct mien_coarse coarse;
    GLuint hull; // indices of its triangles that stand further out as a hull
    int hull_count;
    // Indices of the triangles of a face with closed lips: in part b those that are reached by the
    // shadows of the items whose bits b has.
    GLuint parts;
    struct {
        int first, count; // of the indices
    } part[MIEN_WEAR_SKINS][1 << MIEN_WEAR_MAX];
    GLuint shadows;             // texture of MIEN_WEAR_MAX pictures
    bool painted, painted_full; // the face by one of them; the whole head
    unsigned change;            // counts puttings on and takings off
    struct mien_layer layer;
    GLuint mesh_program, fine_program, paint_program, depth_program;
    GLuint shadow_program[MIEN_WEAR_MAX]; // [n - 1] for n shadows; 0: not needed yet
    GLint mesh_uniform[8], fine_uniform[8], paint_uniform[9], depth_uniform[3];
    GLint shadow_uniform[MIEN_WEAR_MAX][7];
    bool ready; // all of them are there
    GLuint white;
    float light[MIEN_FACES_MAX][MIEN_SH]; // smoothed in time
    int id[MIEN_FACES_MAX];               // whose light it is
    int64_t light_ns[MIEN_FACES_MAX];     // of which result
};

// The mesh must outlive w; it is the one of every face that is drawn.
bool mien_wear_init(struct mien_wear *w, const struct mien_mesh *m);
void mien_wear_destroy(struct mien_wear *w);
// This and nothing else. False: nothing changes; *why says why.
bool mien_wear_set(struct mien_wear *w, const char *path, struct mien_why *why);
// One thing more; one that is worn already stays. False: nothing changes; *why says why.
bool mien_wear_add(struct mien_wear *w, const char *path, struct mien_why *why);
void mien_wear_remove(struct mien_wear *w, const char *path); // NULL: all

struct mien_wear_face {           // what is needed of the face that is drawn
    const struct mien_mesh *mesh; // posed, whole head
    const struct mien_mesh_point *point;
    GLuint array, index; // of the mesh, filled with `point`; its buffer of indices
    GLuint video;        // texture of the picture, its first row the top
    const struct mien_image *picture;
    const struct mien_result *result;
    int slot;
    const float *projection, *pose; // column-major; not mirrored
    bool light;                     // the face's own; else even light
    bool first;                     // nothing is on the layer yet
};
// Between mien_layer_begin and mien_layer_end. Of several faces the farthest comes first: what is
// behind the next one's head is taken away.
void mien_wear_draw(struct mien_wear *w, const struct mien_wear_face *f);

#endif

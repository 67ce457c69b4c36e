// Draws what is worn (view/prop.h) on the fitted faces with OpenGL: the face and head, with a
// hull for ears and hair side, hide what is behind them, the face's own light falls on it.
//
// Main thread only. GL objects are made by mien_wear_init and, when another thing is put on, by
// mien_wear_put; never while drawing.
#ifndef MIEN_VIEW_WEAR_H
#define MIEN_VIEW_WEAR_H

#include "view/gl.h"
#include "view/light.h"
#include "view/prop.h"

struct mien_wear {
    struct mien_prop prop;
    bool on;
    GLuint mesh_program, paint_program, depth_program;
    GLint mesh_uniform[7], paint_uniform[6], depth_uniform[3];
    GLuint buffer, index, array, texture, white;
    GLuint part_texture[MIEN_PROP_TEXTURES];
    float light[MIEN_FACES_MAX][MIEN_SH]; // smoothed in time
    int id[MIEN_FACES_MAX];               // whose light it is
    int64_t light_ns[MIEN_FACES_MAX];     // of which result
};

bool mien_wear_init(struct mien_wear *w);
void mien_wear_destroy(struct mien_wear *w);
// path NULL or "": nothing. False: it stays as it is; `reason` says why.
bool mien_wear_put(struct mien_wear *w, const char *path, char reason[MIEN_PROP_REASON]);

struct mien_wear_face {           // what is needed of the face that is drawn
    const struct mien_mesh *mesh; // posed, whole head
    const struct mien_mesh_point *point;
    GLuint array; // of the mesh, filled with `point`
    const struct mien_image *picture;
    const struct mien_result *result;
    int slot;
    const float *projection, *pose; // column-major
    bool light;                     // the face's own; else even light
};
// Viewport, scissor and depth test are set for the picture's rectangle.
void mien_wear_draw(struct mien_wear *w, const struct mien_wear_face *f);

#endif

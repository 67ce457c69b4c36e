// Draws a figure (view/avatar.h) with OpenGL: textured, as clay or as lines, under a lamp, a sky
// and a rim, or under the light of a face, seen from any side.
//
// Main thread only. GL objects are made by mien_figure_init and mien_figure_take, never while
// drawing, except the layer's when the size changes. Does not: read files, decide what moves it.
#ifndef MIEN_VIEW_FIGURE_H
#define MIEN_VIEW_FIGURE_H

#include "face/harmonics.h"
#include "view/avatar.h"
#include "view/gl.h"
#include "view/layer.h"

#define MIEN_FIGURE_LOOK_NAMES "textured|clay|wireframe"
enum mien_figure_look {
    MIEN_FIGURE_TEXTURED,
    MIEN_FIGURE_CLAY,
    MIEN_FIGURE_LINES,
    MIEN_FIGURE_LOOKS
};

struct mien_figure_view { // how it is seen
    enum mien_figure_look look;
    float turn_deg, lift_deg; // of who looks: to the figure's left, upwards
    float zoom;               // 1: the head and some air
    const float *light;       // (MIEN_SH) of a face; NULL: the lamp
};

struct mien_figure_programs { // of all figures
    GLuint program, white;
    GLint uniform[24];
};
bool mien_figure_programs_init(struct mien_figure_programs *p); // false: nothing is drawn (logged)
void mien_figure_programs_destroy(struct mien_figure_programs *p);

struct mien_figure { // zero-initialise
    struct mien_avatar avatar;
    struct mien_gl_mesh mesh;
    GLuint texture[MIEN_AVATAR_TEXTURES];
    float turn[3]; // of one that turns as a whole, as posed last
    bool there;
};
// Takes the avatar over (it is empty then), in place of the one before.
void mien_figure_take(struct mien_figure *f, struct mien_avatar *a);
void mien_figure_destroy(struct mien_figure *f); // idempotent
void mien_figure_pose(struct mien_figure *f, const struct mien_avatar_drive *d);
// Into the layer, which is as large as what is to be covered, width by height px.
void mien_figure_draw(struct mien_figure *f, const struct mien_figure_programs *p,
                      const struct mien_figure_view *how, struct mien_layer *layer, int width,
                      int height);

#endif

// What can be drawn over the face: one row a mode. Command line, settings file, menu, sheet of keys
// and drawing read it.
//
// Does not: draw (view/scene.c and view/view.c do what `draws` says). A mode of its own shader is
// one row here and one file in shaders/.
#ifndef MIEN_VIEW_MODES_H
#define MIEN_VIEW_MODES_H

#include <stdbool.h>

enum mien_view_draws {      // beside the mesh under its shader
    MIEN_DRAWS_LINES = 1,   // the mesh is lines: fainter the finer it is on the screen; with teeth
    MIEN_DRAWS_CLAY = 2,    // the first face is grey, the others are tinted
    MIEN_DRAWS_CHECKER = 4, // a checker in the model's own coordinates
    MIEN_DRAWS_NEEDLES = 8, // short lines along the normals
    MIEN_DRAWS_POINTS = 16, // landmarks with their uncertainty
    MIEN_DRAWS_STAGE = 32,  // the picture is darker, and the face is shown turned in an inset
    MIEN_DRAWS_TAGS = 64,   // numbers, where there are several faces
};

// identifier, name (command line, settings), menu's label, word for the sheet of keys, menu's
// explanation, fragment shader over the mesh (NULL: no mesh), draws
#define MIEN_VIEW_MODE_ROWS(X)                                                                 \
    X(WIREFRAME, "wireframe", "wireframe", "wireframe", "the mesh as lines", "wire.frag",      \
      MIEN_DRAWS_LINES | MIEN_DRAWS_TAGS)                                                      \
    X(SHADED, "shaded", "shaded", "shaded", "clay under three lights", "shaded.frag",          \
      MIEN_DRAWS_CLAY | MIEN_DRAWS_TAGS)                                                       \
    X(TEXTURED, "textured", "textured", "textured", "the video on the mesh", "textured.frag",  \
      MIEN_DRAWS_STAGE | MIEN_DRAWS_TAGS)                                                      \
    X(UV, "uv", "UV checker", "UV", "the model's own coordinates", "textured.frag",            \
      MIEN_DRAWS_CHECKER | MIEN_DRAWS_TAGS)                                                    \
    X(NORMALS, "normals", "normals", "normals", "the surface's direction as colour",           \
      "normals.frag", MIEN_DRAWS_NEEDLES | MIEN_DRAWS_TAGS)                                    \
    X(LANDMARKS, "landmarks", "landmarks", "landmarks", "points with their uncertainty", NULL, \
      MIEN_DRAWS_POINTS | MIEN_DRAWS_TAGS)                                                     \
    X(OFF, "off", "off", "nothing", "the picture alone", NULL, 0)

#define MIEN_VIEW_MODE_ID(id, ...) MIEN_VIEW_##id,
enum mien_view_mode { MIEN_VIEW_MODE_ROWS(MIEN_VIEW_MODE_ID) MIEN_VIEW_MODES };
// "wireframe|shaded|…", in their order, as options and settings take it.
#define MIEN_VIEW_MODE_CHOICE(id, name, ...) "|" name
#define MIEN_VIEW_MODE_NAMES (&(MIEN_VIEW_MODE_ROWS(MIEN_VIEW_MODE_CHOICE))[1])

struct mien_view_mode_row {
    const char *name, *label, *word, *what, *shader;
    unsigned draws; // enum mien_view_draws
};

#ifdef __cplusplus
extern "C" {
#endif
const struct mien_view_mode_row *mien_view_mode_at(int mode); // NULL outside
#ifdef __cplusplus
}
#endif

#endif

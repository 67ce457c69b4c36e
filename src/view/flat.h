// Shows a draw list (view/draw.h) with OpenGL. Main thread only.
#ifndef MIEN_VIEW_FLAT_H
#define MIEN_VIEW_FLAT_H

#include "view/draw.h"
#include "view/gl.h"

enum { MIEN_GL_RING = 3 }; // buffers in turn, so that none is written while it may still be read

struct mien_flat {
    GLuint program, atlas, index, buffer[MIEN_GL_RING], array[MIEN_GL_RING];
    GLint uniform[2];
    size_t capacity; // quads
    int turn;
};

bool mien_flat_init(struct mien_flat *f, size_t capacity); // false: nothing will be drawn (logged)
void mien_flat_atlas(struct mien_flat *f, const struct mien_font *font);
void mien_flat_destroy(struct mien_flat *f);
void mien_flat_draw(struct mien_flat *f, const struct mien_draw *d, int width_px, int height_px);

#endif

// OpenGL start-up, programs and textures. The only other files that call OpenGL are scene.c,
// flat.c, layer.c, wear.c, figure.c, stage.c and view.c.
//
// Main thread only.
#ifndef MIEN_VIEW_GL_H
#define MIEN_VIEW_GL_H

#include <GL/glew.h>
#include "view/gltf_look.h"
#include <stdbool.h>

// Loads the entry points of the current context. Debian's GLEW returns 4 (no GLX display) under EGL
// with everything loaded, which counts as success. False when there is no OpenGL 3.3 (logged).
bool mien_gl_load(void);
// Whether the CPU draws (Mesa's llvmpipe or softpipe): each pixel and sample counts then.
bool mien_gl_software(void);
// Compiles shaders/VERT and shaders/FRAG; "A+B" is file A with B behind it,
// "NAME=VALUE+B" is B with a definition before it. 0 on failure (logged once, with the driver's
// words); what it should draw is then skipped. uniforms: names, NULL-terminated; location[i] is -1
// where unused.
GLuint mien_gl_program(const char *vert, const char *frag, const char *const *uniforms,
                       GLint *location);

// An RGB8 or RGBA8 picture as a new texture, which is bound and ends at its edges.
GLuint mien_gl_picture(const struct mien_image *im);
// The same, shrunk smoothly.
GLuint mien_gl_texture(const struct mien_image *im);
// The same, wrapped as the file says; its picture is freed: the driver has it.
GLuint mien_gl_gltf_texture(struct mien_gltf_texture *t);
GLuint mien_gl_white(void); // one white pixel: for what has no texture

// A mesh in the driver's memory; zeros: none.
struct mien_gl_mesh {
    GLuint array, buffer, index;
};
struct mien_gl_attribute { // of a vertex: where in its struct, and whether whole numbers mean 0…1
    GLint size;
    GLenum type;
    GLboolean whole;
    size_t at;
};
struct mien_gl_vertices {
    const void *data;
    size_t count, bytes; // bytes: of one
    const struct mien_gl_attribute *attribute;
    GLuint attributes;
    GLenum use; // GL_STATIC_DRAW, GL_STREAM_DRAW …
};
// Attribute i of the vertices is the shaders' location i.
void mien_gl_mesh_make(struct mien_gl_mesh *m, const struct mien_gl_vertices *v, const void *index,
                       size_t index_bytes);
void mien_gl_mesh_destroy(struct mien_gl_mesh *m); // idempotent

#endif

// OpenGL start-up and programs. The only other files that call OpenGL are scene.c, flat.c,
// layer.c, wear.c and view.c.
//
// Main thread only.
#ifndef MIEN_VIEW_GL_H
#define MIEN_VIEW_GL_H

#include <GL/glew.h>
#include <stdbool.h>

// Loads the entry points of the current context. Debian's GLEW returns 4 (no GLX display) under EGL
// with everything loaded, which counts as success. False when there is no OpenGL 3.3 (logged).
bool mien_gl_load(void);
// Whether the CPU draws (Mesa's llvmpipe or softpipe): each pixel and sample counts then.
bool mien_gl_software(void);
// Compiles shaders/VERT and shaders/FRAG. 0 on failure (logged once, with the driver's words); what
// it should draw is then skipped. uniforms: names, NULL-terminated; location[i] is -1 where unused.
GLuint mien_gl_program(const char *vert, const char *frag, const char *const *uniforms,
                       GLint *location);

#endif

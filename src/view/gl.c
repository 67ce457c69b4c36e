// Loads OpenGL's functions, compiles programs from shaders/ and logs why one failed.
#include "view/gl.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

bool mien_gl_load(void)
{
    GLenum e = glewInit();
    if (e != GLEW_OK && e != 4 /* GLEW_ERROR_NO_GLX_DISPLAY */) {
        mien_error("OpenGL cannot be loaded: %s", (const char *)glewGetErrorString(e));
        return false;
    }
    GLint major = 0, minor = 0;
    glGetIntegerv(GL_MAJOR_VERSION, &major);
    glGetIntegerv(GL_MINOR_VERSION, &minor);
    if (major * 10 + minor < 33 || !glGenVertexArrays) {
        mien_error("OpenGL 3.3 is needed, this system offers %d.%d (%s): install a newer driver or "
                   "Mesa's software one (libgl1-mesa-dri)",
                   major, minor, (const char *)glGetString(GL_RENDERER));
        return false;
    }
    return true;
}

bool mien_gl_software(void)
{
    const char *name = (const char *)glGetString(GL_RENDERER);
    return name && (strstr(name, "llvmpipe") || strstr(name, "softpipe"));
}

enum { PIECES = 2 };

// "NAME=VALUE" as the beginning of a shader.
static char *define(const char *piece, size_t *size)
{
    const char *is = strchr(piece, '=');
    char text[160];
    int n = snprintf(text, sizeof(text), "#version 330 core\n#define %.*s %s\n", (int)(is - piece),
                     piece, is + 1);
    *size = (size_t)n;
    return mien_copy_text(text);
}

// The pieces that `names` joins with '+', as text to be freed. Returns how many; 0: one cannot be
// read (logged).
static int read_pieces(const char *names, char *text[PIECES], GLint length[PIECES])
{
    int n = 0;
    for (size_t most; *names && n < PIECES; names += most + (names[most] == '+')) {
        most = strcspn(names, "+");
        char name[128], path[1024];
        size_t size = 0;
        snprintf(name, sizeof(name), "%.*s", (int)most, names);
        text[n] = strchr(name, '=') ? define(name, &size)
                  : mien_find_file("shaders", name, path, sizeof(path))
                      ? mien_file_read(path, 1 << 20, &size)
                      : NULL;
        if (!text[n]) {
            break;
        }
        length[n++] = (GLint)size;
    }
    return *names ? 0 : n;
}

static GLuint compile(GLenum type, const char *name)
{
    char *text[PIECES] = {NULL};
    GLint length[PIECES];
    int pieces = read_pieces(name, text, length);
    GLuint s = pieces ? glCreateShader(type) : 0;
    if (s) {
        glShaderSource(s, pieces, (const GLchar *const *)text, length);
        glCompileShader(s);
    }
    for (int i = 0; i < PIECES; i++) {
        mien_free(text[i]);
    }
    if (!s) {
        return 0;
    }
    GLint ok = 0;
    glGetShaderiv(s, GL_COMPILE_STATUS, &ok);
    if (!ok) {
        char log[1024] = "";
        glGetShaderInfoLog(s, sizeof(log), NULL, log);
        mien_error("the shader %s does not compile: %s", name, log);
        glDeleteShader(s);
        return 0;
    }
    return s;
}

GLuint mien_gl_program(const char *vert, const char *frag, const char *const *uniforms,
                       GLint *location)
{
    GLuint v = compile(GL_VERTEX_SHADER, vert), f = v ? compile(GL_FRAGMENT_SHADER, frag) : 0;
    GLuint p = v && f ? glCreateProgram() : 0;
    if (p) {
        glAttachShader(p, v);
        glAttachShader(p, f);
        glLinkProgram(p);
        GLint ok = 0;
        glGetProgramiv(p, GL_LINK_STATUS, &ok);
        if (!ok) {
            char log[1024] = "";
            glGetProgramInfoLog(p, sizeof(log), NULL, log);
            mien_error("the shaders %s and %s do not link: %s", vert, frag, log);
            glDeleteProgram(p);
            p = 0;
        }
    }
    if (v) {
        glDeleteShader(v);
    }
    if (f) {
        glDeleteShader(f);
    }
    for (int i = 0; uniforms && uniforms[i]; i++) {
        location[i] = p ? glGetUniformLocation(p, uniforms[i]) : -1;
    }
    return p;
}

GLuint mien_gl_picture(const struct mien_image *im)
{
    const int channels = mien_format_channels(im->format);
    const bool alpha = channels == 4;
    GLuint texture = 0;
    glGenTextures(1, &texture);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, texture);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    glPixelStorei(GL_UNPACK_ROW_LENGTH, (GLint)(im->stride / (size_t)channels));
    glTexImage2D(GL_TEXTURE_2D, 0, alpha ? GL_RGBA8 : GL_RGB8, im->width, im->height, 0,
                 alpha ? GL_RGBA : GL_RGB, GL_UNSIGNED_BYTE, im->data);
    glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    return texture;
}

GLuint mien_gl_texture(const struct mien_image *im)
{
    GLuint texture = mien_gl_picture(im);
    glGenerateMipmap(GL_TEXTURE_2D);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR_MIPMAP_LINEAR);
    return texture;
}

GLuint mien_gl_gltf_texture(struct mien_gltf_texture *t)
{
    static const GLint wrap[] = {GL_REPEAT, GL_CLAMP_TO_EDGE, GL_MIRRORED_REPEAT};
    GLuint texture = mien_gl_texture(&t->picture);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, t->nearest ? GL_NEAREST : GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, wrap[t->wrap[0]]);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, wrap[t->wrap[1]]);
    mien_image_destroy(&t->picture);
    return texture;
}

GLuint mien_gl_white(void)
{
    static const uint8_t white[4] = {255, 255, 255, 255};
    GLuint texture = 0;
    glGenTextures(1, &texture);
    glBindTexture(GL_TEXTURE_2D, texture);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, 1, 1, 0, GL_RGBA, GL_UNSIGNED_BYTE, white);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    return texture;
}

void mien_gl_mesh_make(struct mien_gl_mesh *m, const struct mien_gl_vertices *v, const void *index,
                       size_t index_bytes)
{
    glGenBuffers(1, &m->buffer);
    glGenBuffers(1, &m->index);
    glGenVertexArrays(1, &m->array);
    glBindVertexArray(m->array);
    glBindBuffer(GL_ARRAY_BUFFER, m->buffer);
    glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)(v->count * v->bytes), v->data, v->use);
    for (GLuint i = 0; i < v->attributes; i++) {
        const struct mien_gl_attribute *a = &v->attribute[i];
        glEnableVertexAttribArray(i);
        glVertexAttribPointer(i, a->size, a->type, a->whole, (GLsizei)v->bytes,
                              (const void *)a->at);
    }
    glBindBuffer(GL_ELEMENT_ARRAY_BUFFER, m->index);
    glBufferData(GL_ELEMENT_ARRAY_BUFFER, (GLsizeiptr)index_bytes, index, GL_STATIC_DRAW);
    glBindVertexArray(0);
}

void mien_gl_mesh_destroy(struct mien_gl_mesh *m)
{
    if (m->array) {
        glDeleteVertexArrays(1, &m->array);
        glDeleteBuffers(1, &m->buffer);
        glDeleteBuffers(1, &m->index);
    }
    *m = (struct mien_gl_mesh){0};
}

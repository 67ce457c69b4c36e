// One buffer, one program, one draw call a texture.
#include "view/flat.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

bool mien_flat_init(struct mien_flat *f, size_t capacity)
{
    static const char *const uniforms[] = {"u_screen", "u_atlas", NULL};
    memset(f, 0, sizeof(*f));
    f->program = mien_gl_program("flat.vert", "flat.frag", uniforms, f->uniform);
    uint32_t *index = mien_calloc(capacity, 6 * sizeof(*index));
    if (!f->program || !index) {
        mien_free(index);
        return false;
    }
    for (size_t i = 0; i < capacity; i++) {
        static const uint32_t corner[6] = {0, 1, 2, 0, 2, 3};
        for (size_t k = 0; k < 6; k++) {
            index[6 * i + k] = (uint32_t)(4 * i) + corner[k];
        }
    }
    f->capacity = capacity;
    glGenBuffers(1, &f->index);
    glGenBuffers(MIEN_GL_RING, f->buffer);
    glGenVertexArrays(MIEN_GL_RING, f->array);
    for (int i = 0; i < MIEN_GL_RING; i++) {
        static const struct {
            int count, type, normalised;
            size_t offset;
        } field[] = {{2, GL_FLOAT, GL_FALSE, offsetof(struct mien_draw_vertex, x)},
                     {2, GL_FLOAT, GL_FALSE, offsetof(struct mien_draw_vertex, u)},
                     {4, GL_FLOAT, GL_FALSE, offsetof(struct mien_draw_vertex, hx)},
                     {1, GL_FLOAT, GL_FALSE, offsetof(struct mien_draw_vertex, kind)},
                     {4, GL_UNSIGNED_BYTE, GL_TRUE, offsetof(struct mien_draw_vertex, color)}};
        glBindVertexArray(f->array[i]);
        glBindBuffer(GL_ARRAY_BUFFER, f->buffer[i]);
        glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)(capacity * 4 * sizeof(struct mien_draw_vertex)),
                     NULL, GL_STREAM_DRAW);
        for (GLuint k = 0; k < MIEN_COUNT(field); k++) {
            glEnableVertexAttribArray(k);
            glVertexAttribPointer(k, field[k].count, (GLenum)field[k].type,
                                  (GLboolean)field[k].normalised, sizeof(struct mien_draw_vertex),
                                  (const void *)field[k].offset);
        }
        glBindBuffer(GL_ELEMENT_ARRAY_BUFFER, f->index);
        if (i == 0) {
            glBufferData(GL_ELEMENT_ARRAY_BUFFER, (GLsizeiptr)(capacity * 6 * sizeof(*index)),
                         index, GL_STATIC_DRAW);
        }
    }
    glBindVertexArray(0);
    mien_free(index);
    glGenTextures(1, &f->atlas);
    return true;
}

void mien_flat_atlas(struct mien_flat *f, const struct mien_font *font)
{
    if (!f->atlas || !font->atlas) {
        return;
    }
    glBindTexture(GL_TEXTURE_2D, f->atlas);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_R8, font->side, font->side, 0, GL_RED, GL_UNSIGNED_BYTE,
                 font->atlas);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
}

void mien_flat_destroy(struct mien_flat *f)
{
    if (f->capacity) {
        glDeleteProgram(f->program);
        glDeleteTextures(1, &f->atlas);
        glDeleteBuffers(1, &f->index);
        glDeleteBuffers(MIEN_GL_RING, f->buffer);
        glDeleteVertexArrays(MIEN_GL_RING, f->array);
    }
    memset(f, 0, sizeof(*f));
}

void mien_flat_draw(struct mien_flat *f, const struct mien_draw *d, int width_px, int height_px)
{
    size_t quads = d->quads < f->capacity ? d->quads : f->capacity;
    if (!f->program || !quads) {
        return;
    }
    f->turn = (f->turn + 1) % MIEN_GL_RING;
    glBindBuffer(GL_ARRAY_BUFFER, f->buffer[f->turn]);
    glBufferSubData(GL_ARRAY_BUFFER, 0, (GLsizeiptr)(quads * 4 * sizeof(*d->vertex)), d->vertex);
    glViewport(0, 0, width_px, height_px);
    glUseProgram(f->program);
    glUniform2f(f->uniform[0], (float)width_px, (float)height_px);
    glUniform1i(f->uniform[1], 0);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, f->atlas);
    glDisable(GL_DEPTH_TEST);
    glDisable(GL_CULL_FACE);
    glEnable(GL_BLEND);
    glBlendFuncSeparate(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA, GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
    glBindVertexArray(f->array[f->turn]);
    glDrawElements(GL_TRIANGLES, (GLsizei)(6 * quads), GL_UNSIGNED_INT, NULL);
    glBindVertexArray(0);
}

// Draws what is worn on the fitted faces.
#include "view/wear.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { U_PROJECTION, U_POSE, U_LIGHT, U_PLACE, U_TEXTURE, U_FULL, U_CUTOFF = U_FULL, U_SOLID };

bool mien_wear_init(struct mien_wear *w)
{
    static const char *const mesh[] = {"u_projection", "u_pose",   "u_light", "u_place",
                                       "u_texture",    "u_cutoff", "u_solid", NULL};
    static const char *const paint[] = {"u_projection", "u_pose", "u_light", "u_place",
                                        "u_paint",      "u_full", NULL};
    static const char *const depth[] = {"u_projection", "u_pose", "u_hull", NULL};
    memset(w, 0, sizeof(*w));
    w->mesh_program = mien_gl_program("prop.vert", "prop.frag", mesh, w->mesh_uniform);
    w->paint_program = mien_gl_program("mesh.vert", "paint.frag", paint, w->paint_uniform);
    w->depth_program = mien_gl_program("depth.vert", "depth.frag", depth, w->depth_uniform);
    glGenBuffers(1, &w->buffer);
    glGenBuffers(1, &w->index);
    glGenVertexArrays(1, &w->array);
    glGenTextures(1, &w->texture);
    glGenTextures(1, &w->white);
    glGenTextures(MIEN_PROP_TEXTURES, w->part_texture);
    glBindTexture(GL_TEXTURE_2D, w->white);
    static const uint8_t white[4] = {255, 255, 255, 255};
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, 1, 1, 0, GL_RGBA, GL_UNSIGNED_BYTE, white);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glBindVertexArray(w->array);
    glBindBuffer(GL_ARRAY_BUFFER, w->buffer);
    for (GLuint k = 0; k < 2; k++) {
        glEnableVertexAttribArray(k);
        glVertexAttribPointer(k, 3, GL_FLOAT, GL_FALSE, sizeof(struct mien_prop_vertex),
                              (const void *)(k * 3 * sizeof(float)));
    }
    glEnableVertexAttribArray(2);
    glVertexAttribPointer(2, 1, GL_FLOAT, GL_FALSE, sizeof(struct mien_prop_vertex),
                          (const void *)offsetof(struct mien_prop_vertex, gloss));
    glEnableVertexAttribArray(3);
    glVertexAttribPointer(3, 4, GL_UNSIGNED_BYTE, GL_TRUE, sizeof(struct mien_prop_vertex),
                          (const void *)offsetof(struct mien_prop_vertex, color));
    glEnableVertexAttribArray(4);
    glVertexAttribPointer(4, 2, GL_FLOAT, GL_FALSE, sizeof(struct mien_prop_vertex),
                          (const void *)offsetof(struct mien_prop_vertex, uv));
    glBindBuffer(GL_ELEMENT_ARRAY_BUFFER, w->index);
    glBindVertexArray(0);
    return w->mesh_program && w->paint_program && w->depth_program;
}

void mien_wear_destroy(struct mien_wear *w)
{
    if (w->array) {
        glDeleteVertexArrays(1, &w->array);
        glDeleteBuffers(1, &w->buffer);
        glDeleteBuffers(1, &w->index);
        glDeleteTextures(1, &w->texture);
        glDeleteTextures(1, &w->white);
        glDeleteTextures(MIEN_PROP_TEXTURES, w->part_texture);
    }
    GLuint all[] = {w->mesh_program, w->paint_program, w->depth_program};
    for (size_t i = 0; i < MIEN_COUNT(all); i++) {
        if (all[i]) {
            glDeleteProgram(all[i]);
        }
    }
    mien_prop_destroy(&w->prop);
    memset(w, 0, sizeof(*w));
}

// The picture into a texture, which is bound and shrunk smoothly.
static void upload(GLuint texture, const struct mien_image *im)
{
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, texture);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    glPixelStorei(GL_UNPACK_ROW_LENGTH, (GLint)(im->stride / 4));
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, im->width, im->height, 0, GL_RGBA, GL_UNSIGNED_BYTE,
                 im->data);
    glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
    glGenerateMipmap(GL_TEXTURE_2D);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR_MIPMAP_LINEAR);
}

static void upload_paint(struct mien_wear *w)
{
    upload(w->texture, &w->prop.paint);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
}

static void upload_mesh(struct mien_wear *w)
{
    static const GLint wrap[] = {GL_REPEAT, GL_CLAMP_TO_EDGE, GL_MIRRORED_REPEAT};
    struct mien_prop *p = &w->prop;
    glBindVertexArray(w->array);
    glBindBuffer(GL_ARRAY_BUFFER, w->buffer);
    glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)((size_t)p->vertices * sizeof(*p->vertex)), p->vertex,
                 GL_STATIC_DRAW);
    glBufferData(GL_ELEMENT_ARRAY_BUFFER, (GLsizeiptr)((size_t)p->indices * sizeof(*p->index)),
                 p->index, GL_STATIC_DRAW);
    glBindVertexArray(0);
    for (int i = 0; i < p->textures; i++) {
        struct mien_prop_texture *t = &p->texture[i];
        upload(w->part_texture[i], &t->picture);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, t->nearest ? GL_NEAREST : GL_LINEAR);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, wrap[t->wrap[0]]);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, wrap[t->wrap[1]]);
        mien_image_destroy(&t->picture); // the driver has it
    }
}

bool mien_wear_put(struct mien_wear *w, const char *path, char reason[MIEN_PROP_REASON])
{
    if (!path || !*path) {
        w->on = false;
        return true;
    }
    struct mien_prop p;
    if (!w->array) {
        snprintf(reason, MIEN_PROP_REASON, "there is no OpenGL to draw it with");
        return false;
    }
    if (!mien_prop_load(&p, path, reason)) {
        return false;
    }
    mien_prop_destroy(&w->prop);
    w->prop = p;
    if (p.paint.data) {
        upload_paint(w);
    } else {
        upload_mesh(w);
    }
    w->on = true;
    return true;
}

static const float *light(struct mien_wear *w, const struct mien_wear_face *f, float even[MIEN_SH])
{
    mien_light_even(even);
    const struct mien_face_result *face = &f->result->face[f->slot];
    float now[MIEN_SH], *slow = w->light[f->slot];
    int64_t time_ns = f->result->times.capture_ns;
    bool same = w->id[f->slot] == face->id + 1;
    if (f->light && same && time_ns && w->light_ns[f->slot] == time_ns) { // drawn a second time
        return slow;
    }
    if (!f->light || !mien_light_estimate(f->picture, &f->result->camera, &face->pose, f->point,
                                          f->mesh->group_point[MIEN_MESH_FACE + 1], now)) {
        return even;
    }
    float k = same ? 0.15f : 1;
    w->light_ns[f->slot] = time_ns;
    w->id[f->slot] = face->id + 1;
    for (int i = 0; i < MIEN_SH; i++) {
        slow[i] += k * (now[i] - slow[i]);
    }
    return slow;
}

static void triangles(int first, int count)
{
    glDrawElements(GL_TRIANGLES, count, GL_UNSIGNED_INT,
                   (const void *)((size_t)first * sizeof(uint32_t)));
}

static void draw_paint(struct mien_wear *w, const struct mien_wear_face *f, const float *sh)
{
    const GLint *u = w->paint_uniform;
    glUseProgram(w->paint_program);
    glUniformMatrix4fv(u[U_PROJECTION], 1, GL_FALSE, f->projection);
    glUniformMatrix4fv(u[U_POSE], 1, GL_FALSE, f->pose);
    glUniform1fv(u[U_LIGHT], MIEN_SH, sh);
    glUniform1i(u[U_TEXTURE], 0);
    glUniform1f(u[U_FULL], w->prop.full ? 1 : 0);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, w->texture);
    glDepthFunc(GL_LEQUAL);
    glEnable(GL_POLYGON_OFFSET_FILL);
    glPolygonOffset(-1, -1);
    glBindVertexArray(f->array);
    const int *g = f->mesh->group_triangle;
    triangles(0, 3 * g[MIEN_MESH_FACE + 1]);
    if (w->prop.full) {
        triangles(3 * g[MIEN_MESH_HEAD], 3 * (g[MIEN_MESH_HEAD + 1] - g[MIEN_MESH_HEAD]));
    }
    glDisable(GL_POLYGON_OFFSET_FILL);
}

static void draw_mesh(struct mien_wear *w, const struct mien_wear_face *f, const float *sh)
{
    const GLint *u = w->mesh_uniform;
    float place[4];
    mien_prop_place(&w->prop, f->mesh, place, &place[3]);
    glUseProgram(w->mesh_program);
    glUniformMatrix4fv(u[U_PROJECTION], 1, GL_FALSE, f->projection);
    glUniformMatrix4fv(u[U_POSE], 1, GL_FALSE, f->pose);
    glUniform1fv(u[U_LIGHT], MIEN_SH, sh);
    glUniform4fv(u[U_PLACE], 1, place);
    glUniform1i(u[U_TEXTURE], 0);
    glActiveTexture(GL_TEXTURE0);
    glDisable(GL_CULL_FACE); // thin things have two sides
    glBindVertexArray(w->array);
    for (int i = 0; i < w->prop.parts; i++) {
        const struct mien_prop_part *p = &w->prop.part[i];
        glBindTexture(GL_TEXTURE_2D, p->texture < 0 ? w->white : w->part_texture[p->texture]);
        glUniform1f(u[U_CUTOFF], p->cutoff);
        glUniform1f(u[U_SOLID], !p->blended && p->cutoff < 0 ? 1 : 0);
        glDepthMask(p->blended ? GL_FALSE : GL_TRUE);
        triangles(p->first, p->count);
    }
    glDepthMask(GL_TRUE);
}

void mien_wear_draw(struct mien_wear *w, const struct mien_wear_face *f)
{
    if (!w->on || !w->depth_program || !w->mesh_program || !w->paint_program) {
        return;
    }
    float even[MIEN_SH];
    const float *sh = light(w, f, even);
    // The head alone into the depth, a little deeper so that what lies on the skin is seen.
    glUseProgram(w->depth_program);
    glUniformMatrix4fv(w->depth_uniform[0], 1, GL_FALSE, f->projection);
    glUniformMatrix4fv(w->depth_uniform[1], 1, GL_FALSE, f->pose);
    glUniform1f(w->depth_uniform[2], w->prop.paint.data ? 0 : 1); // paint lies on the skin itself
    glColorMask(GL_FALSE, GL_FALSE, GL_FALSE, GL_FALSE);
    glDepthFunc(GL_LESS);
    glEnable(GL_POLYGON_OFFSET_FILL);
    glPolygonOffset(1, 8);
    glDisable(GL_BLEND);
    glBindVertexArray(f->array);
    triangles(0, 3 * f->mesh->group_triangle[MIEN_MESH_GROUPS]);
    glDisable(GL_POLYGON_OFFSET_FILL);
    glColorMask(GL_TRUE, GL_TRUE, GL_TRUE, GL_TRUE);
    glEnable(GL_BLEND);
    glBlendFuncSeparate(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA, GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
    if (w->prop.paint.data) {
        draw_paint(w, f, sh);
    } else {
        draw_mesh(w, f, sh);
    }
    glDepthFunc(GL_LESS);
    glDisable(GL_BLEND);
    glBindVertexArray(0);
}

// Buffers, textures and draw calls of a figure.
#include "view/figure.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "view/camera.h"

enum {
    U_PROJECTION,
    U_POSE,
    U_TEXTURE,
    U_BUMPS,
    U_COLOR,
    U_GLOSS,
    U_CUTOFF,
    U_SOLID,
    U_FLAT,
    U_BUMP,
    U_LOOK,
    U_FACE,
    U_LIGHT,
    U_FINE,
    U_GLOW,
    U_GLOWS,
    U_SHADE,
    U_SHADES,
    U_TOON
};

// The view: what is `high` times the head's size fits, seen by a lens of so many degrees.
static const float lens_deg = 24, high = 1.75f;

bool mien_figure_programs_init(struct mien_figure_programs *p)
{
    static const char *const uniforms[] = {
        "u_projection", "u_pose",  "u_texture", "u_bumps",  "u_color", "u_gloss", "u_cutoff",
        "u_solid",      "u_flat",  "u_bump",    "u_look",   "u_face",  "u_light", "u_fine",
        "u_glow",       "u_glows", "u_shade",   "u_shades", "u_toon",  NULL};
    memset(p, 0, sizeof(*p));
    p->program = mien_gl_program("figure.vert", "figure.frag", uniforms, p->uniform);
    p->white = mien_gl_white();
    return p->program != 0;
}

void mien_figure_programs_destroy(struct mien_figure_programs *p)
{
    if (p->program) {
        glDeleteProgram(p->program);
    }
    glDeleteTextures(1, &p->white); // 0 is passed over
    memset(p, 0, sizeof(*p));
}

void mien_figure_destroy(struct mien_figure *f)
{
    if (f->mesh.array) {
        glDeleteTextures(MIEN_AVATAR_TEXTURES, f->texture);
    }
    mien_gl_mesh_destroy(&f->mesh);
    mien_avatar_destroy(&f->avatar);
    memset(f, 0, sizeof(*f));
}

void mien_figure_take(struct mien_figure *f, struct mien_avatar *a)
{
    static const struct mien_gl_attribute attribute[] = {
        {3, GL_FLOAT, GL_FALSE, offsetof(struct mien_avatar_vertex, position)},
        {3, GL_FLOAT, GL_FALSE, offsetof(struct mien_avatar_vertex, normal)},
        {2, GL_FLOAT, GL_FALSE, offsetof(struct mien_avatar_vertex, uv)},
        {4, GL_UNSIGNED_BYTE, GL_TRUE, offsetof(struct mien_avatar_vertex, color)}};
    mien_figure_destroy(f);
    f->avatar = *a;
    memset(a, 0, sizeof(*a));
    a = &f->avatar;
    mien_gl_mesh_make(&f->mesh,
                      &(struct mien_gl_vertices){a->vertex, (size_t)a->vertices, sizeof(*a->vertex),
                                                 attribute, MIEN_COUNT(attribute), GL_STREAM_DRAW},
                      a->index, (size_t)a->indices * sizeof(*a->index));
    for (int i = 0; i < a->textures; i++) {
        f->texture[i] = mien_gl_gltf_texture(&a->texture[i]);
    }
    f->there = true;
}

void mien_figure_pose(struct mien_figure *f, const struct mien_avatar_drive *d)
{
    if (!f->there) {
        return;
    }
    mien_avatar_pose(&f->avatar, d);
    memcpy(f->turn, d->turn, sizeof(f->turn));
    glBindBuffer(GL_ARRAY_BUFFER, f->mesh.buffer);
    // A buffer that is being read is left to the driver, and another one filled.
    size_t size = (size_t)f->avatar.vertices * sizeof(*f->avatar.vertex);
    glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)size, f->avatar.vertex, GL_STREAM_DRAW);
}

// Figure -> camera: its head in the middle, turned, at a distance.
static void see(const struct mien_figure *f, const struct mien_figure_view *how, float distance,
                float pose[16])
{
    float turn[9], side[9], lift[9], seen[9], R[9], back[3];
    float whole[3] = {0};
    memcpy(whole, f->turn, f->avatar.whole ? sizeof(whole) : 0);
    mien_mat3_exp(whole, turn);
    mien_pose_from_angles(-how->turn_deg, 0, 0, side);
    mien_mat3_exp((float[3]){how->lift_deg * (float)M_PI / 180, 0, 0}, lift);
    mien_mat3_mul(lift, side, seen);
    mien_mat3_mul(seen, turn, R);
    mien_mat3_mul_vec(R, f->avatar.focus, back);
    struct mien_pose p = {.t = {-back[0], -back[1], -back[2] - distance}};
    memcpy(p.R, R, sizeof(p.R));
    mien_pose_matrix(&p, pose);
}

static void set_look(const struct mien_figure *f, const struct mien_figure_programs *p,
                     const struct mien_gltf_look *l)
{
    const GLint *u = p->uniform;
    glUniform4fv(u[U_COLOR], 1, l->color);
    glUniform1f(u[U_GLOSS], l->gloss);
    glUniform1f(u[U_CUTOFF], l->cutoff);
    glUniform1f(u[U_SOLID], !l->blended && l->cutoff < 0 ? 1 : 0);
    glUniform1f(u[U_FLAT], l->flat_light ? 1 : 0);
    glUniform1f(u[U_BUMP], l->bumps >= 0 ? l->bump_scale : 0);
    glUniform3fv(u[U_GLOW], 1, l->glow);
    glUniform3fv(u[U_SHADE], 1, l->shade);
    glUniform2fv(u[U_TOON], 1, l->toon);
    const int texture[] = {l->texture, l->bumps, l->glows, l->shades};
    for (int i = MIEN_COUNT(texture); i-- > 0;) {
        glActiveTexture(GL_TEXTURE0 + (GLenum)i);
        glBindTexture(GL_TEXTURE_2D, texture[i] >= 0 ? f->texture[texture[i]] : p->white);
    }
    if (l->both_sides) {
        glDisable(GL_CULL_FACE);
    } else {
        glEnable(GL_CULL_FACE);
    }
}

static void draw_parts(const struct mien_figure *f, const struct mien_figure_programs *p)
{
    for (int i = 0; i < f->avatar.parts; i++) {
        const struct mien_avatar_part *k = &f->avatar.part[i];
        set_look(f, p, &k->look);
        glDepthMask(!k->look.blended);
        glDrawElements(GL_TRIANGLES, k->count, GL_UNSIGNED_INT,
                       (const void *)((size_t)k->first * sizeof(uint32_t)));
    }
    glDepthMask(GL_TRUE);
}

// How strong lines are that lie as near to one another as the figure's triangles do: those of a
// head, of which half are seen.
static float fineness(const struct mien_figure *f, const struct mien_figure_view *how, float height)
{
    float side_px =
        how->zoom * height / high * 1.6f / sqrtf(fmaxf(1, (float)f->avatar.indices / 6));
    return fminf(fmaxf(side_px / 9, 0.1f), 0.85f);
}

void mien_figure_draw(struct mien_figure *f, const struct mien_figure_programs *p,
                      const struct mien_figure_view *how, struct mien_layer *layer, int width,
                      int height)
{
    static const float all[2][2] = {{-1, -1}, {1, 1}};
    if (!f->there || !p->program || !mien_layer_begin(layer, width, height, true)) {
        return;
    }
    mien_layer_reach(layer, all[0], all[1]);
    float wide = (float)width / (float)height, projection[16], pose[16];
    float distance = high * f->avatar.size / (2 * tanf(lens_deg * (float)M_PI / 360));
    distance /= fminf(fmaxf(how->zoom, 0.2f), 8) * fminf(1, wide * 1.25f);
    struct mien_camera camera = {
        .width_px = width,
        .height_px = height,
        .f_px = (float)height / (2 * tanf(lens_deg * (float)M_PI / 360)),
        .cx_px = (float)width / 2 - 0.5f,
        .cy_px = (float)height / 2 - 0.5f,
    };
    mien_projection(&camera, 0.05f * distance, distance + 40 * f->avatar.size, false, projection);
    see(f, how, distance, pose);
    const GLint *u = p->uniform;
    glUseProgram(p->program);
    glUniformMatrix4fv(u[U_PROJECTION], 1, GL_FALSE, projection);
    glUniformMatrix4fv(u[U_POSE], 1, GL_FALSE, pose);
    glUniform1i(u[U_TEXTURE], 0);
    glUniform1i(u[U_BUMPS], 1);
    glUniform1i(u[U_GLOWS], 2);
    glUniform1i(u[U_SHADES], 3);
    glUniform1f(u[U_FACE], how->light ? 1 : 0);
    if (how->light) {
        glUniform1fv(u[U_LIGHT], MIEN_SH, how->light);
    }
    glFrontFace(GL_CCW);
    glDepthFunc(GL_LEQUAL);
    glEnable(GL_BLEND);
    glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
    glBindVertexArray(f->mesh.array);
    glUniform1f(u[U_LOOK], (float)how->look);
    if (how->look == MIEN_FIGURE_LINES) {
        glEnable(GL_POLYGON_OFFSET_FILL); // the lines lie on it
        glPolygonOffset(1, 2);
        draw_parts(f, p);
        glDisable(GL_POLYGON_OFFSET_FILL);
        glPolygonMode(GL_FRONT_AND_BACK, GL_LINE);
        glUniform1f(u[U_LOOK], (float)(MIEN_FIGURE_LINES + 1));
        glUniform1f(u[U_FINE], fineness(f, how, (float)height));
        draw_parts(f, p);
        glPolygonMode(GL_FRONT_AND_BACK, GL_FILL);
    } else {
        draw_parts(f, p);
    }
    glBindVertexArray(0);
    glDisable(GL_BLEND);
    glDisable(GL_CULL_FACE);
    glDepthFunc(GL_LESS);
    mien_layer_end(layer);
}

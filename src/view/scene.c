// Vertex buffers in a ring, the programs of the modes, and their draw calls.
#include "view/scene.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "view/palette.h"

enum { U_PROJECTION, U_POSE, U_SEEN, U_ALPHA, U_PICTURE, U_CHECKER, U_EYE, U_OPACITY, U_PAINT };
static const char *const mesh_uniforms[] = {"u_projection", "u_pose",    "u_seen", "u_alpha",
                                            "u_picture",    "u_checker", "u_eye",  "u_opacity",
                                            "u_paint",      NULL};
// Depth range of the projection. 24 bits resolve 0.05 mm at 5 m with it.
static const float near_mm = 30, far_mm = 20000;

static void make_buffers(struct mien_scene *s)
{
    const struct mien_mesh *m = &s->mesh;
    glGenBuffers(1, &s->fixed);
    glGenBuffers(1, &s->index);
    glGenBuffers(MIEN_GL_RING, s->buffer);
    glGenVertexArrays(MIEN_GL_RING, s->array);
    glBindVertexArray(0);
    glBindBuffer(GL_ARRAY_BUFFER, s->fixed);
    glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)((size_t)m->points * sizeof(*m->fixed)), m->fixed,
                 GL_STATIC_DRAW);
    for (int i = 0; i < MIEN_GL_RING; i++) {
        glBindVertexArray(s->array[i]);
        glBindBuffer(GL_ARRAY_BUFFER, s->fixed);
        glEnableVertexAttribArray(2);
        glVertexAttribPointer(2, 4, GL_FLOAT, GL_FALSE, sizeof(struct mien_mesh_fixed), NULL);
        glEnableVertexAttribArray(3);
        glVertexAttribPointer(3, 2, GL_FLOAT, GL_FALSE, sizeof(struct mien_mesh_fixed),
                              (const void *)offsetof(struct mien_mesh_fixed, grid));
        glEnableVertexAttribArray(4);
        glVertexAttribPointer(4, 1, GL_FLOAT, GL_FALSE, sizeof(struct mien_mesh_fixed),
                              (const void *)offsetof(struct mien_mesh_fixed, hull_mm));
        glEnableVertexAttribArray(5);
        glVertexAttribPointer(5, 1, GL_FLOAT, GL_FALSE, sizeof(struct mien_mesh_fixed),
                              (const void *)offsetof(struct mien_mesh_fixed, jaw_mm));
        glBindBuffer(GL_ARRAY_BUFFER, s->buffer[i]);
        glBufferData(GL_ARRAY_BUFFER,
                     (GLsizeiptr)((size_t)m->points * sizeof(struct mien_mesh_point)), NULL,
                     GL_STREAM_DRAW);
        for (GLuint k = 0; k < 2; k++) {
            glEnableVertexAttribArray(k);
            glVertexAttribPointer(k, 3, GL_FLOAT, GL_FALSE, sizeof(struct mien_mesh_point),
                                  (const void *)(k * 3 * sizeof(float)));
        }
        glBindBuffer(GL_ELEMENT_ARRAY_BUFFER, s->index);
        if (i == 0) {
            glBufferData(GL_ELEMENT_ARRAY_BUFFER,
                         (GLsizeiptr)(3 * (size_t)m->group_triangle[MIEN_MESH_GROUPS] * 4),
                         m->triangle, GL_STATIC_DRAW);
        }
    }
    glBindVertexArray(0);
    s->ready = true;
}

// The program of a mode; modes with the same shader share one.
static void make_program(struct mien_scene *s, int mode)
{
    const char *shader = mien_view_mode_at(mode)->shader;
    for (int i = 0; shader && i < mode; i++) {
        const char *other = mien_view_mode_at(i)->shader;
        if (other && !strcmp(other, shader)) {
            s->program[mode] = s->program[i];
            memcpy(s->uniform[mode], s->uniform[i], sizeof(s->uniform[mode]));
            return;
        }
    }
    if (shader) {
        s->program[mode] = mien_gl_program("mesh.vert", shader, mesh_uniforms, s->uniform[mode]);
        s->program_made[mode] = true;
    }
}

bool mien_scene_init(struct mien_scene *s, const struct mien_face_model *model)
{
    static const char *const video_uniforms[] = {"u_mirror", "u_picture", "u_gain", NULL};
    memset(s, 0, sizeof(*s));
    s->video_program =
        mien_gl_program("video.vert", "video.frag", video_uniforms, s->video_uniform);
    glGenVertexArrays(1, &s->blank);
    for (int i = 0; i < MIEN_VIEW_MODES; i++) {
        make_program(s, i);
    }
    if (!model) {
        return true;
    }
    if (!mien_mesh_init(&s->mesh, model)) {
        return false;
    }
    s->point = mien_calloc((size_t)s->mesh.points + 1, sizeof(*s->point));
    if (!s->point) {
        return false;
    }
    make_buffers(s);
    return true;
}

void mien_scene_destroy(struct mien_scene *s)
{
    if (s->ready) {
        glDeleteBuffers(1, &s->fixed);
        glDeleteBuffers(1, &s->index);
        glDeleteBuffers(MIEN_GL_RING, s->buffer);
        glDeleteVertexArrays(MIEN_GL_RING, s->array);
    }
    if (s->blank) {
        glDeleteVertexArrays(1, &s->blank);
    }
    if (s->picture) {
        glDeleteTextures(1, &s->picture);
    }
    if (s->video_program) {
        glDeleteProgram(s->video_program);
    }
    for (int i = 0; i < MIEN_VIEW_MODES; i++) {
        if (s->program_made[i] && s->program[i]) {
            glDeleteProgram(s->program[i]);
        }
    }
    mien_mesh_destroy(&s->mesh);
    mien_free(s->point);
    mien_free(s->wide);
    memset(s, 0, sizeof(*s));
}

// Software renderers keep four bytes a pixel, and are slower at spreading three than this is.
static void widen(const struct mien_image *im, uint32_t *out)
{
    for (int y = 0; y < im->height; y++, out += im->width) {
        const uint8_t *p = im->data + (size_t)y * im->stride;
        int x = 0;
        for (; x < im->width - 1; x++) { // the fourth byte is the next pixel's, or was
            uint32_t four;
            memcpy(&four, p + 3 * (size_t)x, sizeof(four));
            out[x] = four | 0xff000000u;
        }
        p += 3 * (size_t)x;
        out[x] = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | 0xff000000u;
    }
}

void mien_scene_picture(struct mien_scene *s, const struct mien_image *im)
{
    int channels = im ? mien_format_channels(im->format) : 0;
    if (!channels || !im->data) {
        return;
    }
    const void *data = im->data;
    GLenum format = channels == 1 ? GL_RED : channels == 3 ? GL_RGB : GL_RGBA;
    size_t row = im->stride / (size_t)channels;
    glActiveTexture(GL_TEXTURE0);
    if (!s->picture || s->picture_width != im->width || s->picture_height != im->height) {
        if (!s->picture) {
            glGenTextures(1, &s->picture);
        }
        glBindTexture(GL_TEXTURE_2D, s->picture);
        glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, im->width, im->height, 0, GL_RGBA,
                     GL_UNSIGNED_BYTE, NULL);
        mien_free(s->wide);
        s->wide = mien_alloc((size_t)im->width * (size_t)im->height, sizeof(*s->wide));
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
        s->picture_width = im->width;
        s->picture_height = im->height;
    }
    glBindTexture(GL_TEXTURE_2D, s->picture);
    GLint swizzle[2][4] = {{GL_RED, GL_GREEN, GL_BLUE, GL_ONE}, {GL_RED, GL_RED, GL_RED, GL_ONE}};
    glTexParameteriv(GL_TEXTURE_2D, GL_TEXTURE_SWIZZLE_RGBA, swizzle[channels == 1]);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    if (channels == 3 && s->wide) {
        widen(im, s->wide);
        data = s->wide;
        format = GL_RGBA;
        row = (size_t)im->width;
    }
    glPixelStorei(GL_UNPACK_ROW_LENGTH, (GLint)row);
    glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, im->width, im->height, format, GL_UNSIGNED_BYTE, data);
    glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
}

static void viewport(struct mien_rect r, int height_px)
{
    int x = (int)lroundf(r.x), w = (int)lroundf(r.w), h = (int)lroundf(r.h);
    glViewport(x, height_px - (int)lroundf(r.y) - h, w, h);
}

void mien_scene_video(struct mien_scene *s, const struct mien_map *map, int height_px, float gain)
{
    if (!s->video_program || !s->picture) {
        return;
    }
    viewport(map->rect, height_px);
    glDisable(GL_DEPTH_TEST);
    glDisable(GL_BLEND);
    glDisable(GL_CULL_FACE);
    glUseProgram(s->video_program);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, s->picture);
    // One screen pixel a picture pixel, or whole multiples: nothing to interpolate.
    float k = map->rect.w / (float)map->width_px;
    GLint filter = fabsf(k - roundf(k)) < 1e-4f && k < 1.5f ? GL_NEAREST : GL_LINEAR;
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, filter);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, filter);
    glUniform1f(s->video_uniform[0], map->mirror ? 1 : 0);
    glUniform1i(s->video_uniform[1], 0);
    glUniform1f(s->video_uniform[2], gain);
    glBindVertexArray(s->blank);
    glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
    glBindVertexArray(0);
}

struct stage { // how a mesh is placed and seen
    float projection[16], pose[16];
    enum mien_view_mode mode;
    float alpha, opacity;
    int triangles;
};

static void draw_surface(struct mien_scene *s, const struct stage *at, const struct mien_result *r,
                         int i)
{
    enum mien_view_mode mode = at->mode;
    unsigned draws = mien_view_mode_at(mode)->draws;
    const struct mien_pose *p = &r->face[i].pose;
    const GLint *u = s->uniform[mode];
    float seen_projection[16], seen_pose[16], seen[16], eye[3], back[9];
    mien_projection(&r->camera, near_mm, far_mm, false, seen_projection);
    mien_pose_matrix(p, seen_pose);
    mien_mat4_mul(seen_projection, seen_pose, seen);
    mien_mat3_transpose(p->R, back);
    mien_mat3_mul_vec(back, p->t, eye);
    glUseProgram(s->program[mode]);
    glUniformMatrix4fv(u[U_PROJECTION], 1, GL_FALSE, at->projection);
    glUniformMatrix4fv(u[U_POSE], 1, GL_FALSE, at->pose);
    glUniformMatrix4fv(u[U_SEEN], 1, GL_FALSE, seen);
    glUniform3f(u[U_EYE], -eye[0], -eye[1], -eye[2]);
    glUniform1f(u[U_ALPHA], at->alpha);
    glUniform1f(u[U_OPACITY], at->opacity);
    float paint[3];
    mien_face_paint(r->face[i].id, draws & MIEN_DRAWS_CLAY, paint);
    glUniform3fv(u[U_PAINT], 1, paint);
    glUniform1f(u[U_CHECKER], draws & MIEN_DRAWS_CHECKER ? 1 : 0);
    glUniform1i(u[U_PICTURE], 0);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, s->picture);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
    // The shaders mix the video in themselves: no blending, so no order and no pre-pass.
    glDepthFunc(GL_LESS);
    glDisable(GL_BLEND);
    glDrawElements(GL_TRIANGLES, 3 * at->triangles, GL_UNSIGNED_INT, NULL);
}

static void begin_depth(struct mien_rect r, int height_px)
{
    viewport(r, height_px);
    int x = (int)lroundf(r.x), w = (int)lroundf(r.w), h = (int)lroundf(r.h);
    glScissor(x, height_px - (int)lroundf(r.y) - h, w, h);
    glEnable(GL_SCISSOR_TEST);
    glEnable(GL_DEPTH_TEST);
    glEnable(GL_CULL_FACE);
    glDepthMask(GL_TRUE);
}

static void end_depth(void)
{
    glDisable(GL_SCISSOR_TEST);
    glDisable(GL_DEPTH_TEST);
    glDisable(GL_CULL_FACE);
    glFrontFace(GL_CCW);
    glBindVertexArray(0);
}

// Poses the face in slot i and fills the next buffer of the ring with it, whose vertex array is
// bound. Returns the last group that is filled.
static enum mien_mesh_group pose_face(struct mien_scene *s, const struct mien_result *r, int i,
                                      enum mien_mesh_group wanted)
{
    struct mien_mesh *m = &s->mesh;
    enum mien_mesh_group filled = mien_mesh_pose(m, i, &r->face[i], wanted, s->point);
    s->last = filled;
    s->turn = (s->turn + 1) % MIEN_GL_RING;
    glBindBuffer(GL_ARRAY_BUFFER, s->buffer[s->turn]);
    glBufferSubData(GL_ARRAY_BUFFER, 0,
                    (GLsizeiptr)((size_t)m->group_point[filled + 1] * sizeof(*s->point)), s->point);
    glBindVertexArray(s->array[s->turn]);
    return filled;
}

void mien_scene_face(struct mien_scene *s, const struct mien_map *map, int height_px,
                     const struct mien_result *r, int i, const struct mien_scene_look *look)
{
    bool lines = mien_view_mode_at(look->mode)->draws & MIEN_DRAWS_LINES;
    if (!s->ready || !s->program[look->mode]) {
        return;
    }
    struct stage at = {.mode = look->mode, .alpha = 0.78f, .opacity = look->opacity};
    mien_projection(&r->camera, near_mm, far_mm, map->mirror, at.projection);
    mien_pose_matrix(&r->face[i].pose, at.pose);
    enum mien_mesh_group last = pose_face(s, r, i,
                                          look->head ? MIEN_MESH_HEAD
                                          : lines    ? MIEN_MESH_TEETH
                                                     : MIEN_MESH_MOUTH);
    begin_depth(map->rect, height_px);
    glFrontFace(map->mirror ? GL_CW : GL_CCW);
    if (lines) {
        // The finer the mesh on the screen, the fainter its lines.
        float size = (r->face[i].box_px[2] - r->face[i].box_px[0]) * mien_map_scale(map);
        at.alpha = fminf(fmaxf(0.2f + size / 500, 0.35f), 0.8f);
    }
    at.triangles = s->mesh.group_triangle[last + 1];
    draw_surface(s, &at, r, i);
    end_depth();
}

void mien_scene_worn(struct mien_scene *s, const struct mien_result *r, struct mien_wear *wear,
                     const struct mien_image *picture, bool light)
{
    int order[MIEN_FACES_MAX], n = r->count < MIEN_FACES_MAX ? r->count : MIEN_FACES_MAX;
    if (!s->ready || !wear->count || n < 1 ||
        !mien_layer_begin(&wear->layer, picture->width, picture->height, false)) {
        return;
    }
    for (int i = 0; i < n; i++) { // the farthest first
        int k = i;
        for (; k > 0 && r->face[order[k - 1]].pose.t[2] > r->face[i].pose.t[2]; k--) {
            order[k] = order[k - 1];
        }
        order[k] = i;
    }
    float projection[16], pose[16];
    mien_projection(&r->camera, near_mm, far_mm, false, projection);
    glEnable(GL_CULL_FACE);
    glFrontFace(GL_CCW);
    for (int i = 0; i < n; i++) {
        mien_pose_matrix(&r->face[order[i]].pose, pose);
        pose_face(s, r, order[i], MIEN_MESH_HEAD);
        mien_wear_draw(wear, &(struct mien_wear_face){.mesh = &s->mesh,
                                                      .point = s->point,
                                                      .array = s->array[s->turn],
                                                      .index = s->index,
                                                      .video = s->picture,
                                                      .picture = picture,
                                                      .result = r,
                                                      .slot = order[i],
                                                      .projection = projection,
                                                      .pose = pose,
                                                      .light = light,
                                                      .first = i == 0});
    }
    mien_layer_end(&wear->layer);
    glDisable(GL_CULL_FACE);
    glBindVertexArray(0);
}

bool mien_scene_light(struct mien_scene *s, const struct mien_result *r, int i,
                      const struct mien_image *picture, float out[MIEN_SH])
{
    if (!s->ready) {
        return false;
    }
    mien_mesh_pose(&s->mesh, i, &r->face[i], MIEN_MESH_FACE, s->point);
    return mien_light_estimate(picture, &r->camera, &r->face[i].pose, s->point,
                               s->mesh.group_point[MIEN_MESH_FACE + 1], out);
}

void mien_scene_bust(struct mien_scene *s, struct mien_rect rect, int height_px,
                     const struct mien_result *r, int i, float turn_deg)
{
    if (!s->ready || !s->program[MIEN_VIEW_TEXTURED]) {
        return;
    }
    int size = (int)fmaxf(rect.w, 1);
    struct mien_camera camera = mien_camera_make(size, (int)fmaxf(rect.h, 1), 24);
    struct mien_pose p = {.t = {0, 0, -620}};
    mien_pose_from_angles(turn_deg, 0, 0, p.R);
    struct stage at = {.mode = MIEN_VIEW_TEXTURED,
                       .alpha = 1,
                       .opacity = 1,
                       .triangles = s->mesh.group_triangle[s->last + 1]};
    mien_projection(&camera, near_mm, far_mm, false, at.projection);
    mien_pose_matrix(&p, at.pose);
    begin_depth(rect, height_px);
    glFrontFace(GL_CCW);
    glClear(GL_DEPTH_BUFFER_BIT); // inside the scissor
    glBindVertexArray(s->array[s->turn]);
    draw_surface(s, &at, r, i);
    end_depth();
}

// Draws what is worn on the fitted faces.
#include "view/wear.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "view/shadow.h"

// The first three are the same in every program.
enum {
    U_PROJECTION,
    U_POSE,
    U_LIGHT,
    U_PLACE,
    U_TEXTURE,
    U_CUTOFF,
    U_SOLID,
    U_SURFACE,
    U_FULL = U_CUTOFF,
    U_SEEN = U_SOLID,
    U_PICTURE,
    U_SKIN,
    U_AREA = U_CUTOFF,
    U_HEIGHT,
    U_TO_LIGHT = U_LIGHT
};

// A mesh that hides things and takes their shadow: chords of this length stay within half a
// millimetre of a head. On a face 250 pixels high the mesh's own triangles have two pixels each.
static const float cell_mm = 8;
// Painted skin lies so much before the coarse head beside it and the eyeballs: 1.5 mm at 0.6 m.
static const float near_units = 2000;
// From so many triangles on the highlights on a thing are larger than they are.
enum { FINE_TRIANGLES = 500 };

// The triangles of a group whose corners have these bits together, after those that index has.
// Returns how many numbers it has then.
static int choose(const struct mien_coarse *m, enum mien_mesh_group group, const uint8_t *bits,
                  unsigned wanted, uint32_t *index, int n)
{
    for (int t = m->group_triangle[group]; t < m->group_triangle[group + 1]; t++) {
        const uint32_t *p = m->triangle + 3 * (size_t)t;
        if ((unsigned)(bits[p[0]] | bits[p[1]] | bits[p[2]]) == wanted) {
            memcpy(index + n, p, 3 * sizeof(*p));
            n += 3;
        }
    }
    return n;
}

// A buffer of indices in the place of the one there was; 0: none.
static void upload(GLuint *buffer, const uint32_t *index, int n)
{
    glDeleteBuffers(1, buffer); // 0 is passed over
    *buffer = 0;
    if (n > 0) {
        glGenBuffers(1, buffer);
        glBindVertexArray(0);
        glBindBuffer(GL_ARRAY_BUFFER, *buffer);
        glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)((size_t)n * sizeof(*index)), index,
                     GL_STATIC_DRAW);
    }
}

static uint32_t *room_for_all(const struct mien_mesh *m)
{
    return mien_alloc(3 * (size_t)m->group_triangle[MIEN_MESH_GROUPS] + 1, sizeof(uint32_t));
}

static void find_hull(struct mien_wear *w)
{
    const struct mien_mesh *m = w->mesh;
    uint8_t *bits = mien_calloc((size_t)m->points + 1, 1);
    uint32_t *index = room_for_all(m);
    for (int i = 0; bits && i < m->points; i++) {
        bits[i] = m->fixed[i].hull_mm != 0;
    }
    w->hull_count = bits && index ? choose(&w->coarse, MIEN_MESH_HEAD, bits, 1, index, 0) : 0;
    upload(&w->hull, index, w->hull_count);
    mien_free(bits);
    mien_free(index);
}

// One picture a thing, in one texture: all of them fall on the skin in one pass.
static void make_shadows(struct mien_wear *w)
{
    glGenTextures(1, &w->shadows);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D_ARRAY, w->shadows);
    glTexImage3D(GL_TEXTURE_2D_ARRAY, 0, GL_RGBA8, MIEN_SHADOW_PX, MIEN_SHADOW_PX,
                 MIEN_WEAR_MAX + 1, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
    glTexParameteri(GL_TEXTURE_2D_ARRAY, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D_ARRAY, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D_ARRAY, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D_ARRAY, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
}

bool mien_wear_init(struct mien_wear *w, const struct mien_mesh *m)
{
    static const char *const mesh[] = {"u_projection", "u_pose",    "u_light",
                                       "u_place",      "u_texture", "u_cutoff",
                                       "u_solid",      "u_surface", NULL};
    static const char *const paint[] = {"u_projection", "u_pose", "u_light",   "u_place", "u_paint",
                                        "u_full",       "u_seen", "u_picture", "u_skin",  NULL};
    static const char *const depth[] = {"u_projection", "u_pose", "u_hull", NULL};
    memset(w, 0, sizeof(*w));
    w->mesh = m;
    mien_coarse_make(&w->coarse, m, cell_mm); // without it nothing is hidden
    find_hull(w);
    make_shadows(w);
    mien_layer_init(&w->layer);
    w->mesh_program =
        mien_gl_program("prop.vert", "prop_light.glsl+prop.frag", mesh, w->mesh_uniform);
    w->fine_program =
        mien_gl_program("prop_light.glsl+prop_fine.vert", "prop_fine.frag", mesh, w->fine_uniform);
    w->paint_program = mien_gl_program("mesh.vert", "paint.frag", paint, w->paint_uniform);
    w->depth_program = mien_gl_program("depth.vert", "depth.frag", depth, w->depth_uniform);
    w->white = mien_gl_white();
    w->ready = w->mesh_program && w->fine_program && w->paint_program && w->depth_program;
    return w->ready;
}

static void take_off(struct mien_worn *k)
{
    mien_gl_mesh_destroy(&k->mesh);
    glDeleteTextures(1, &k->paint); // 0 is passed over
    mien_free(k->under);
    glDeleteTextures(MIEN_PROP_TEXTURES, k->part_texture);
    mien_prop_destroy(&k->prop);
    mien_free(k->path);
    memset(k, 0, sizeof(*k));
}

// The programs for as many shadows as things are worn. Where the CPU draws, a loop of unknown
// length and what it reads from arrays would take as long as all the rest.
static void make_shadow_programs(struct mien_wear *w)
{
    static const char *const uniforms[] = {"u_projection", "u_pose", "u_to_light", "u_place",
                                           "u_shadow",     "u_area", "u_height",   NULL};
    for (int n = 0; n < w->count; n++) {
        char name[40];
        snprintf(name, sizeof(name), "COUNT=%d+shadow.frag", n + 1);
        if (!w->shadow_program[n]) {
            w->shadow_program[n] =
                mien_gl_program("shadow.vert", name, uniforms, w->shadow_uniform[n]);
        }
    }
}

// What of a face with closed lips lies under the shadows that wanted has: of skin that is painted
// the mesh's own triangles, of the rest the coarse ones. Returns how many numbers index has then.
static int choose_part(const struct mien_wear *w, enum mien_wear_skin skin, const uint8_t *bits,
                       unsigned wanted, uint32_t *index, int n)
{
    static const enum mien_mesh_group outside[] = {MIEN_MESH_FACE, MIEN_MESH_EYES, MIEN_MESH_HEAD};
    struct mien_coarse own = {.triangle = w->mesh->triangle};
    memcpy(own.group_triangle, w->mesh->group_triangle, sizeof(own.group_triangle));
    for (size_t g = 0; g < MIEN_COUNT(outside); g++) {
        bool painted = (w->painted && outside[g] == MIEN_MESH_FACE) ||
                       (w->painted_full && outside[g] == MIEN_MESH_HEAD);
        if (painted == (skin == MIEN_WEAR_PAINTED)) {
            n = choose(painted ? &own : &w->coarse, outside[g], bits, wanted, index, n);
        }
    }
    return n;
}

// What is worn now is other than it was: what of the head lies under a shadow, and what does not.
static void changed(struct mien_wear *w)
{
    const struct mien_mesh *m = w->mesh;
    make_shadow_programs(w);
    w->painted = w->painted_full = false;
    for (int i = 0; i < w->count; i++) {
        bool paint = w->item[i].prop.paint.data != NULL;
        w->painted = w->painted || paint;
        w->painted_full = w->painted_full || (paint && w->item[i].prop.full);
    }
    w->change++;
    uint8_t *bits = mien_calloc((size_t)m->points + 1, 1);
    uint32_t *index = room_for_all(m);
    for (int i = 0; bits && i < w->count; i++) {
        for (int p = 0; w->item[i].under && p < m->points; p++) {
            bits[p] |= (uint8_t)(w->item[i].under[p] << i);
        }
    }
    int n = 0;
    for (enum mien_wear_skin skin = 0; skin < MIEN_WEAR_SKINS; skin++) {
        for (unsigned b = 0; b < MIEN_COUNT(w->part[skin]); b++) {
            int first = n;
            n = bits && index && !(b >> w->count) ? choose_part(w, skin, bits, b, index, n) : n;
            w->part[skin][b].first = first;
            w->part[skin][b].count = n - first;
        }
    }
    upload(&w->parts, index, n);
    mien_free(bits);
    mien_free(index);
}

static bool remove_items(struct mien_wear *w, const char *path)
{
    int kept = 0;
    for (int i = 0; i < w->count; i++) {
        if (path && strcmp(w->item[i].path, path) != 0) {
            struct mien_worn k = w->item[i];
            w->item[kept++] = k;
        } else {
            take_off(&w->item[i]);
        }
    }
    bool fewer = kept < w->count;
    w->count = kept;
    return fewer;
}

void mien_wear_remove(struct mien_wear *w, const char *path)
{
    if (remove_items(w, path)) {
        changed(w);
    }
}

void mien_wear_destroy(struct mien_wear *w)
{
    remove_items(w, NULL); // the mesh may be gone already
    mien_layer_destroy(&w->layer);
    mien_coarse_destroy(&w->coarse);
    if (w->white) {
        glDeleteTextures(1, &w->white);
        glDeleteTextures(1, &w->shadows);
        glDeleteBuffers(1, &w->hull);
        glDeleteBuffers(1, &w->parts);
    }
    GLuint all[4 + MIEN_WEAR_MAX] = {w->mesh_program, w->fine_program, w->paint_program,
                                     w->depth_program};
    memcpy(all + 4, w->shadow_program, sizeof(w->shadow_program));
    for (size_t i = 0; i < MIEN_COUNT(all); i++) {
        if (all[i]) {
            glDeleteProgram(all[i]);
        }
    }
    memset(w, 0, sizeof(*w));
}

// Whether the shadow reaches a point of the prop's own space, or one at most `near_mm` beside it:
// faces differ, and move.
static bool shaded(const struct mien_shadow *s, const float q[3])
{
    static const float near_mm = 14;
    const float *d = mien_shadow_to_light;
    float per_mm = MIEN_SHADOW_PX / s->area[2];
    float at[2] = {q[0] - s->area[0], q[1] * d[2] - q[2] * d[1] - s->area[1]};
    float above = q[1] * d[1] + q[2] * d[2] - s->height[0] - s->height[1];
    int lo[2], hi[2];
    for (int c = 0; c < 2; c++) {
        lo[c] = (int)fminf(fmaxf((at[c] - near_mm) * per_mm, 0), MIEN_SHADOW_PX);
        hi[c] = (int)fminf(fmaxf((at[c] + near_mm) * per_mm, -1), MIEN_SHADOW_PX - 1);
    }
    if (above > near_mm) {
        return false;
    }
    for (int y = lo[1]; y <= hi[1]; y += 2) { // the rim is wider than two cells
        const uint8_t *row = s->map.data + (size_t)y * s->map.stride;
        for (int x = lo[0]; x <= hi[0]; x += 2) {
            if (row[4 * x] || row[4 * x + 1]) {
                return true;
            }
        }
    }
    return false;
}

// Which points of the mesh the shadow falls on, by the mean face.
static void find_under(const struct mien_wear *w, struct mien_worn *k, const struct mien_shadow *s)
{
    const struct mien_face_model *f = w->mesh->model;
    uint8_t *under = f ? mien_calloc((size_t)w->mesh->points + 1, 1) : NULL;
    if (!under) {
        return;
    }
    float place[3], scale;
    mien_prop_place_on(&k->prop, w->mesh, f->mean, place, &scale);
    for (int i = 0; i < w->mesh->points; i++) {
        const float *p = f->mean + 3 * (size_t)w->mesh->corner[w->mesh->vertex[i]];
        float q[3];
        for (int c = 0; c < 3; c++) {
            q[c] = (p[c] - place[c]) / scale;
        }
        under[i] = shaded(s, q);
    }
    k->under = under;
}

static int free_slot(const struct mien_wear *w)
{
    int slot = 0;
    for (int i = 0; i < w->count; i++) {
        if (w->item[i].under && w->item[i].slot == slot) {
            slot++;
            i = -1; // from the first again
        }
    }
    return slot;
}

static void upload_shadow(const struct mien_wear *w, struct mien_worn *k)
{
    struct mien_shadow s;
    if (mien_shadow_make(&k->prop, &s)) {
        k->slot = free_slot(w);
        glActiveTexture(GL_TEXTURE0);
        glBindTexture(GL_TEXTURE_2D_ARRAY, w->shadows);
        glPixelStorei(GL_UNPACK_ROW_LENGTH, (GLint)(s.map.stride / 4));
        glTexSubImage3D(GL_TEXTURE_2D_ARRAY, 0, 0, 0, k->slot, MIEN_SHADOW_PX, MIEN_SHADOW_PX, 1,
                        GL_RGBA, GL_UNSIGNED_BYTE, s.map.data);
        glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
        memcpy(k->area, (float[4]){s.area[0], s.area[1], 1 / s.area[2], 1 / s.area[3]},
               sizeof(k->area));
        memcpy(k->height, s.height, sizeof(k->height));
        find_under(w, k, &s);
    }
    mien_image_destroy(&s.map);
}

static void upload_mesh(const struct mien_wear *w, struct mien_worn *k)
{
    static const struct mien_gl_attribute attribute[] = {
        {3, GL_FLOAT, GL_FALSE, offsetof(struct mien_prop_vertex, position)},
        {3, GL_FLOAT, GL_FALSE, offsetof(struct mien_prop_vertex, normal)},
        {2, GL_FLOAT, GL_FALSE, offsetof(struct mien_prop_vertex, gloss)},
        {4, GL_UNSIGNED_BYTE, GL_TRUE, offsetof(struct mien_prop_vertex, color)},
        {2, GL_FLOAT, GL_FALSE, offsetof(struct mien_prop_vertex, uv)}};
    struct mien_prop *p = &k->prop;
    mien_gl_mesh_make(&k->mesh,
                      &(struct mien_gl_vertices){p->vertex, (size_t)p->vertices, sizeof(*p->vertex),
                                                 attribute, MIEN_COUNT(attribute), GL_STATIC_DRAW},
                      p->index, (size_t)p->indices * sizeof(*p->index));
    for (int i = 0; i < p->textures; i++) {
        k->part_texture[i] = mien_gl_gltf_texture(&p->texture[i]);
    }
    for (int c = 0; c < 3; c++) {
        k->low[c] = 1e6f;
        k->high[c] = -1e6f;
        for (int i = 0; i < p->vertices; i++) {
            k->low[c] = fminf(k->low[c], p->vertex[i].position[c]);
            k->high[c] = fmaxf(k->high[c], p->vertex[i].position[c]);
        }
    }
    upload_shadow(w, k);
}

static bool load(struct mien_wear *w, const char *path, struct mien_worn *k, struct mien_why *why)
{
    *k = (struct mien_worn){.path = mien_copy_text(path)};
    if (!w->white || !k->path) {
        mien_free(k->path);
        return mien_explain(why, w->white ? "out of memory" : "there is no OpenGL to draw it with");
    }
    if (!mien_prop_load(&k->prop, path, why)) {
        mien_free(k->path);
        return false;
    }
    if (k->prop.paint.data) {
        k->paint = mien_gl_texture(&k->prop.paint);
    } else {
        upload_mesh(w, k);
    }
    return true;
}

bool mien_wear_set(struct mien_wear *w, const char *path, struct mien_why *why)
{
    struct mien_worn k;
    if (!load(w, path, &k, why)) {
        return false;
    }
    mien_wear_remove(w, NULL);
    w->item[w->count++] = k;
    changed(w);
    return true;
}

bool mien_wear_add(struct mien_wear *w, const char *path, struct mien_why *why)
{
    for (int i = 0; i < w->count; i++) {
        if (!strcmp(w->item[i].path, path)) {
            return true;
        }
    }
    if (w->count == MIEN_WEAR_MAX) {
        return mien_explain(why, "%d things are worn already: take one off first", MIEN_WEAR_MAX);
    }
    bool ok = load(w, path, &w->item[w->count], why);
    if (ok) {
        w->count++;
        changed(w);
    }
    return ok;
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

// The cheeks' mean colour (0…1), by which hair on the forehead is told from skin; all 0 for a
// picture without colours.
static void skin_colour(const struct mien_wear_face *f, float out[3])
{
    const struct mien_mesh *m = f->mesh;
    const struct mien_image *im = f->picture;
    double sum[3] = {0};
    int n = 0;
    memset(out, 0, 3 * sizeof(*out));
    if (im->format != MIEN_FORMAT_RGB8) {
        return;
    }
    for (int i = 0; i < m->group_point[MIEN_MESH_FACE + 1]; i++) {
        float u = fabsf(m->fixed[i].u - 0.5f), v = m->fixed[i].v, at[3], px[2];
        if (u < 0.10f || u > 0.24f || v < 0.52f || v > 0.64f) {
            continue;
        }
        mien_mat3_mul_vec(f->result->face[f->slot].pose.R, f->point[i].position, at);
        for (int c = 0; c < 3; c++) {
            at[c] += f->result->face[f->slot].pose.t[c];
        }
        if (!mien_camera_project(&f->result->camera, at, px)) {
            continue;
        }
        int x = (int)lroundf(px[0]), y = (int)lroundf(px[1]);
        if (x >= 0 && y >= 0 && x < im->width && y < im->height) {
            const uint8_t *p = im->data + (size_t)y * im->stride + 3 * (size_t)x;
            for (int c = 0; c < 3; c++) {
                sum[c] += p[c];
            }
            n++;
        }
    }
    for (int c = 0; n > 0 && c < 3; c++) {
        out[c] = (float)(sum[c] / n / 255);
    }
}

static void begin_program(GLuint program, const GLint *u, const struct mien_wear_face *f)
{
    glUseProgram(program);
    glUniformMatrix4fv(u[U_PROJECTION], 1, GL_FALSE, f->projection);
    glUniformMatrix4fv(u[U_POSE], 1, GL_FALSE, f->pose);
}

static void group(const struct mien_mesh *m, enum mien_mesh_group from, enum mien_mesh_group last)
{
    const int *g = m->group_triangle;
    triangles(3 * g[from], 3 * (g[last + 1] - g[from]));
}

// The mesh's triangles that a buffer of indices names, count of them from the first on.
static void chosen(const struct mien_wear_face *f, GLuint buffer, int first, int count)
{
    if (count > 0) {
        glBindVertexArray(f->array);
        glBindBuffer(GL_ELEMENT_ARRAY_BUFFER, buffer);
        triangles(first, count);
        glBindBuffer(GL_ELEMENT_ARRAY_BUFFER, f->index);
    }
}

// The shadows of all things, each part of the head with those that can reach it.
static void draw_shadows(const struct mien_wear *w, enum mien_wear_skin skin,
                         const struct mien_wear_face *f, float place[MIEN_WEAR_MAX][4])
{
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D_ARRAY, w->shadows);
    for (unsigned b = 1; b < MIEN_COUNT(w->part[skin]); b++) {
        float at[MIEN_WEAR_MAX][4], area[MIEN_WEAR_MAX][4], height[MIEN_WEAR_MAX][3];
        int n = 0;
        for (int i = 0; i < w->count && w->part[skin][b].count > 0; i++) {
            const struct mien_worn *k = &w->item[i];
            if (b >> i & 1) {
                memcpy(at[n], place[i], sizeof(at[n]));
                memcpy(area[n], k->area, sizeof(area[n]));
                memcpy(height[n], (float[3]){k->height[0], k->height[1], (float)k->slot},
                       sizeof(height[n]));
                n++;
            }
        }
        if (n > 0 && w->shadow_program[n - 1]) {
            const GLint *u = w->shadow_uniform[n - 1];
            begin_program(w->shadow_program[n - 1], u, f);
            glUniform3fv(u[U_TO_LIGHT], 1, mien_shadow_to_light);
            glUniform1i(u[U_TEXTURE], 0);
            glUniform4fv(u[U_PLACE], n, at[0]);
            glUniform4fv(u[U_AREA], n, area[0]);
            glUniform3fv(u[U_HEIGHT], n, height[0]);
            chosen(f, w->parts, w->part[skin][b].first, w->part[skin][b].count);
        }
    }
}

// The first paint lays the painted skin into the depth, and takes the place of what was drawn
// there: that belongs to somebody behind it. Further ones go over it.
static void draw_paint(const struct mien_wear *w, const struct mien_worn *k,
                       const struct mien_wear_face *f, const float *sh, const float seen[16],
                       bool first)
{
    const GLint *u = w->paint_uniform;
    float skin[3];
    skin_colour(f, skin);
    begin_program(w->paint_program, u, f);
    glUniformMatrix4fv(u[U_SEEN], 1, GL_FALSE, seen);
    glUniform1fv(u[U_LIGHT], MIEN_SH, sh);
    glUniform1i(u[U_TEXTURE], 0);
    glUniform1i(u[U_PICTURE], 1);
    glUniform1f(u[U_FULL], k->prop.full ? 1 : 0);
    glUniform3fv(u[U_SKIN], 1, skin);
    glActiveTexture(GL_TEXTURE1);
    glBindTexture(GL_TEXTURE_2D, f->video);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, k->paint);
    glBindVertexArray(f->array);
    if (first) {
        glDisable(GL_BLEND);
        glDepthFunc(GL_LESS);
    } else {
        glEnable(GL_BLEND);
        glDepthFunc(GL_EQUAL);
        glDepthMask(GL_FALSE);
    }
    group(f->mesh, MIEN_MESH_FACE, MIEN_MESH_FACE);
    if (first ? w->painted_full : k->prop.full) {
        group(f->mesh, MIEN_MESH_HEAD, MIEN_MESH_HEAD);
    }
    glDepthMask(GL_TRUE);
}

// All paint, and over it the shadows.
static void draw_painted(const struct mien_wear *w, const struct mien_wear_face *f, const float *sh,
                         const float seen[16], float place[MIEN_WEAR_MAX][4])
{
    bool first = true;
    glEnable(GL_POLYGON_OFFSET_FILL);
    glPolygonOffset(1, 8);
    for (int i = 0; i < w->count; i++) {
        if (w->item[i].prop.paint.data) {
            draw_paint(w, &w->item[i], f, sh, seen, first);
            first = false;
        }
    }
    glEnable(GL_BLEND);
    glDepthFunc(GL_EQUAL);
    glDepthMask(GL_FALSE);
    draw_shadows(w, MIEN_WEAR_PAINTED, f, place);
    glDepthMask(GL_TRUE);
    glDisable(GL_POLYGON_OFFSET_FILL);
}

// Whether the CPU lights this part once a vertex: its triangles have a few pixels each then, and
// what is computed for each pixel is half of the time.
static bool is_fine(const struct mien_wear *w, const struct mien_prop_part *p)
{
    return w->layer.software && p->surface < 0 && p->count >= 3 * FINE_TRIANGLES;
}

static void draw_mesh(const struct mien_wear *w, const struct mien_worn *k,
                      const struct mien_wear_face *f, const float *sh, const float place[4],
                      bool blended)
{
    GLuint program = 0;
    glDisable(GL_CULL_FACE); // thin things have two sides
    glDepthFunc(GL_LEQUAL);
    glDepthMask(blended ? GL_FALSE : GL_TRUE);
    glBindVertexArray(k->mesh.array);
    for (int i = 0; i < k->prop.parts; i++) {
        const struct mien_prop_part *p = &k->prop.part[i];
        if (p->blended != blended) {
            continue;
        }
        bool fine = is_fine(w, p);
        const GLint *u = fine ? w->fine_uniform : w->mesh_uniform;
        GLuint wanted = fine ? w->fine_program : w->mesh_program;
        if (wanted != program) {
            program = wanted;
            begin_program(program, u, f);
            glUniform1fv(u[U_LIGHT], MIEN_SH, sh);
            glUniform4fv(u[U_PLACE], 1, place);
            glUniform1i(u[U_TEXTURE], 0);
            glUniform1i(u[U_SURFACE], 1);
        }
        glActiveTexture(GL_TEXTURE1);
        glBindTexture(GL_TEXTURE_2D, p->surface < 0 ? w->white : k->part_texture[p->surface]);
        glActiveTexture(GL_TEXTURE0);
        glBindTexture(GL_TEXTURE_2D, p->texture < 0 ? w->white : k->part_texture[p->texture]);
        glUniform1f(u[U_CUTOFF], p->cutoff);
        glUniform1f(u[U_SOLID], !p->blended && p->cutoff < 0 ? 1 : 0);
        triangles(p->first, p->count);
    }
    glDepthMask(GL_TRUE);
    glEnable(GL_CULL_FACE);
}

// Widens low and high (clip coordinates) by a box of the head frame (mm).
static void enclose(const float seen[16], const float box[2][3], float low[2], float high[2])
{
    for (int i = 0; i < 8; i++) {
        float p[3] = {box[i & 1][0], box[i >> 1 & 1][1], box[i >> 2][2]}, q[4];
        for (int r = 0; r < 4; r++) {
            q[r] = seen[r] * p[0] + seen[4 + r] * p[1] + seen[8 + r] * p[2] + seen[12 + r];
        }
        for (int c = 0; c < 2; c++) {
            bool before = q[3] > 1; // mm in front of the camera; else it may be anywhere
            low[c] = fminf(low[c], before ? q[c] / q[3] : -1);
            high[c] = fmaxf(high[c], before ? q[c] / q[3] : 1);
        }
    }
}

// What of the picture can change: things with their shadows, painted skin.
static void reach(struct mien_wear *w, const struct mien_wear_face *f, const float seen[16],
                  float place[MIEN_WEAR_MAX][4])
{
    static const float shadow_mm = 60;
    float low[2] = {1, 1}, high[2] = {-1, -1}, box[2][3];
    for (int i = 0; i < w->count; i++) {
        const struct mien_worn *k = &w->item[i];
        if (k->prop.paint.data) {
            const struct mien_mesh *m = f->mesh;
            int last = m->group_point[k->prop.full ? MIEN_MESH_GROUPS : MIEN_MESH_FACE + 1];
            for (int c = 0; c < 3; c++) {
                box[0][c] = 1e6f;
                box[1][c] = -1e6f;
                for (int p = 0; p < last; p++) {
                    box[0][c] = fminf(box[0][c], f->point[p].position[c]);
                    box[1][c] = fmaxf(box[1][c], f->point[p].position[c]);
                }
            }
        } else {
            mien_prop_place(&k->prop, f->mesh, place[i], &place[i][3]);
            for (int c = 0; c < 3; c++) {
                box[0][c] = place[i][c] + place[i][3] * k->low[c] - (c == 1 ? shadow_mm : 0);
                box[1][c] = place[i][c] + place[i][3] * k->high[c];
            }
        }
        enclose(seen, box, low, high);
    }
    mien_layer_reach(&w->layer, low, high);
}

// The head into the depth, a little deeper so that what lies on the skin is seen, and out of the
// layer: what was drawn there belongs to somebody behind it. With the shadows on it. Painted skin
// comes after it, and is let before it: there the mesh is its own, not the coarse one.
static void draw_head(const struct mien_wear *w, const struct mien_wear_face *f,
                      float place[MIEN_WEAR_MAX][4])
{
    glDepthFunc(GL_LESS);
    glEnable(GL_POLYGON_OFFSET_FILL);
    glPolygonOffset(1, w->painted ? near_units : 8);
    glDisable(GL_BLEND);
    draw_shadows(w, MIEN_WEAR_BARE, f, place);
    GLboolean colours = f->first ? GL_FALSE : GL_TRUE;
    glColorMask(colours, colours, colours, colours);
    begin_program(w->depth_program, w->depth_uniform, f);
    glUniform1f(w->depth_uniform[2], 0);
    chosen(f, w->parts, w->part[MIEN_WEAR_BARE][0].first, w->part[MIEN_WEAR_BARE][0].count);
    if (f->mesh->lips_open) { // closed ones hide what is behind them, but some of it pierces them
        group(f->mesh, MIEN_MESH_TEETH, MIEN_MESH_MOUTH);
    }
    glColorMask(GL_TRUE, GL_TRUE, GL_TRUE, GL_TRUE);
    glDisable(GL_POLYGON_OFFSET_FILL);
}

// What of the head stands out further, as if it had hair, into the depth only.
static void draw_hull(const struct mien_wear *w, const struct mien_wear_face *f)
{
    begin_program(w->depth_program, w->depth_uniform, f);
    glUniform1f(w->depth_uniform[2], 1);
    glColorMask(GL_FALSE, GL_FALSE, GL_FALSE, GL_FALSE);
    glDepthFunc(GL_LESS);
    glEnable(GL_POLYGON_OFFSET_FILL);
    glPolygonOffset(1, 8);
    glDisable(GL_BLEND);
    chosen(f, w->hull, 0, w->hull_count);
    glDisable(GL_POLYGON_OFFSET_FILL);
    glColorMask(GL_TRUE, GL_TRUE, GL_TRUE, GL_TRUE);
}

void mien_wear_draw(struct mien_wear *w, const struct mien_wear_face *f)
{
    if (!w->count || !w->ready) {
        return;
    }
    float even[MIEN_SH], seen[16], place[MIEN_WEAR_MAX][4];
    const float *sh = light(w, f, even);
    mien_mat4_mul(f->projection, f->pose, seen);
    reach(w, f, seen, place);
    draw_head(w, f, place);
    glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
    if (w->painted) {
        draw_painted(w, f, sh, seen, place);
    }
    draw_hull(w, f);
    glEnable(GL_BLEND);
    for (int blended = 0; blended < 2; blended++) {
        for (int i = 0; i < w->count; i++) {
            if (!w->item[i].prop.paint.data) {
                draw_mesh(w, &w->item[i], f, sh, place[i], blended);
            }
        }
    }
    glDepthFunc(GL_LESS);
    glDisable(GL_BLEND);
    glBindVertexArray(0);
}

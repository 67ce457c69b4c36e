// Writes OBJ, MTL and PLY of one face.
#include "sink/mesh.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/save.h"
#include "base/text.h"
#include "face/material.h"
#include "sink/texture.h"

// The piece of the picture around the face, for the eyes.
static bool photo_piece(const struct mien_posed *p, const struct mien_image *picture,
                        const char *path, float origin[2], float size[2])
{
    const struct mien_depth *d = &p->depth;
    struct mien_image view = *picture;
    view.data = picture->data + (size_t)d->y0 * picture->stride + 3 * (size_t)d->x0;
    view.width = d->w;
    view.height = d->h;
    view.owned = false;
    origin[0] = (float)d->x0;
    origin[1] = (float)d->y0;
    size[0] = (float)d->w;
    size[1] = (float)d->h;
    return mien_png_save_noted(path, &view, MIEN_MADE "texture");
}

static bool save_materials(const char *base, const char *leaf, bool textures)
{
    struct mien_save save = {0};
    char path[1300];
    snprintf(path, sizeof(path), "%s.mtl", base);
    if (!mien_save_begin(&save, path)) {
        return false;
    }
    FILE *f = save.file;
    fputs("# " MIEN_MADE "materials of a fitted face\n", f);
    struct mien_text t = {.file = f};
    for (int i = 0; i < MIEN_MATERIALS; i++) {
        const struct mien_material *k = mien_material_at(i);
        bool map = i == MIEN_MATERIAL_SKIN || i == MIEN_MATERIAL_EYES;
        fprintf(f, "%snewmtl %s\nKd", i ? "\n" : "", k->name);
        for (int c = 0; c < 3; c++) {
            fputc(' ', f);
            mien_text_number(&t, map ? 1 : k->rgb[c], 3, "0");
        }
        fputs("\nKs", f);
        for (int c = 0; c < 3; c++) {
            fputc(' ', f);
            mien_text_number(&t, k->specular, 3, "0");
        }
        fputs("\nNs ", f);
        mien_text_number(&t, k->shininess, 1, "0");
        fputc('\n', f);
        if (map) { // the eyes from the piece of the picture
            fprintf(f, "%s%s%s.png\n", textures ? "map_Kd " : "# no picture: ", leaf,
                    i == MIEN_MATERIAL_EYES ? "-photo" : "");
        }
    }
    bool ok = mien_save_end(&save, true);
    mien_save_close(&save);
    return ok;
}

static void write_obj(struct mien_text *t, const struct mien_posed *p, const char *source,
                      const char *leaf, const float origin[2], const float size[2])
{
    const struct mien_face_model *m = p->model;
    fputs("# " MIEN_MADE "fitted face, millimetres\n# picture: ", t->file);
    mien_name_json(t->file, source);
    fprintf(t->file, "\nmtllib %s.mtl\n", leaf);
    for (int i = 0; i < m->vertices; i++) {
        fputs("v", t->file);
        for (int k = 0; k < 3; k++) {
            fputc(' ', t->file);
            mien_text_number(t, p->vertices[3 * i + k], 3, "0");
        }
        fputs("\nvn", t->file);
        for (int k = 0; k < 3; k++) {
            fputc(' ', t->file);
            mien_text_number(t, p->normals[3 * i + k], 4, "0");
        }
        fputc('\n', t->file);
    }
    // The model's UV first, then one for each vertex: its place in the piece of the picture.
    for (int i = 0; i < m->uvs; i++) {
        fputs("vt ", t->file);
        mien_text_number(t, m->uv[2 * i], 5, "0");
        fputc(' ', t->file);
        mien_text_number(t, m->uv[2 * i + 1], 5, "0");
        fputc('\n', t->file);
    }
    for (int i = 0; i < m->vertices; i++) {
        const float *s = p->screen + 3 * i;
        fputs("vt ", t->file);
        mien_text_number(t, (s[0] + 0.5f - origin[0]) / size[0], 5, "0");
        fputc(' ', t->file);
        mien_text_number(t, 1 - (s[1] + 0.5f - origin[1]) / size[1], 5, "0");
        fputc('\n', t->file);
    }
    for (int g = 0; g < MIEN_MATERIALS; g++) {
        const struct mien_material *of = mien_material_at(g);
        fprintf(t->file, "g %s\nusemtl %s\n", of->name, of->name);
        for (int i = 0; i < m->triangles; i++) {
            if (!(of->parts >> m->part[i] & 1)) {
                continue;
            }
            const int32_t *v = m->triangle + 3 * i, *u = m->uv_triangle + 3 * i;
            fputc('f', t->file);
            for (int k = 0; k < 3; k++) {
                int vt = g == MIEN_MATERIAL_EYES ? m->uvs + v[k] + 1 : u[k] + 1;
                fprintf(t->file, " %d/%d/%d", v[k] + 1, vt, v[k] + 1);
            }
            fputc('\n', t->file);
        }
    }
}

static bool save_obj(const struct mien_posed *posed, const char *source, const char *leaf,
                     const char *base, const float origin[2], const float size[2])
{
    struct mien_save save = {0};
    char path[1300];
    struct mien_text *t = mien_calloc(1, sizeof(*t));
    snprintf(path, sizeof(path), "%s.obj", base);
    bool ok = t && mien_save_begin(&save, path);
    if (ok) {
        mien_text_lend(t, save.file, path);
        write_obj(t, posed, source, leaf, origin, size);
        ok = mien_text_close(t);
        ok = mien_save_end(&save, ok) && ok;
    }
    mien_save_close(&save);
    mien_free(t);
    return ok;
}

bool mien_mesh_save_obj(const struct mien_posed *posed, const struct mien_image *picture,
                        const char *source, const char *base)
{
    const char *slash = strrchr(base, '/');
    const char *leaf = slash ? slash + 1 : base;
    char path[1300];
    float origin[2] = {0, 0}, size[2] = {1, 1};
    if (strlen(base) > 1250) {
        mien_error("%s: the name is too long", base);
        return false;
    }
    if (picture) {
        // As many texels as the face has pixels, within reason.
        float face = fmaxf((float)posed->depth.w, (float)posed->depth.h);
        int side = face > 700 ? 2048 : face > 300 ? 1024 : 512;
        struct mien_image texture = {0};
        float *weight = mien_calloc((size_t)side * (size_t)side, 4 * sizeof(float));
        bool ok = weight && mien_image_create(&texture, side, side, MIEN_FORMAT_RGB8);
        if (ok) {
            mien_texture_unwrap(posed, picture, &texture, weight);
            snprintf(path, sizeof(path), "%s.png", base);
            ok = mien_png_save_noted(path, &texture, MIEN_MADE "texture");
            snprintf(path, sizeof(path), "%s-photo.png", base);
            ok = ok && photo_piece(posed, picture, path, origin, size);
        }
        mien_image_destroy(&texture);
        mien_free(weight);
        if (!ok) {
            return false;
        }
    }
    return save_materials(base, leaf, picture != NULL) &&
           save_obj(posed, source, leaf, base, origin, size);
}

static uint8_t *put(uint8_t *p, const void *v, size_t n)
{
    memcpy(p, v, n);
    return p + n;
}

bool mien_mesh_save_ply(const struct mien_posed *posed, const struct mien_image *picture,
                        const char *base)
{
    const struct mien_face_model *m = posed->model;
    char path[1300], head[512];
    if (strlen(base) > 1250) {
        mien_error("%s: the name is too long", base);
        return false;
    }
    snprintf(path, sizeof(path), "%s.ply", base);
    int n = snprintf(head, sizeof(head),
                     "ply\nformat binary_little_endian 1.0\ncomment " MIEN_MADE
                     "fitted face, millimetres\n"
                     "element vertex %d\nproperty float x\nproperty float y\nproperty float z\n"
                     "property float nx\nproperty float ny\nproperty float nz\n"
                     "property uchar red\nproperty uchar green\nproperty uchar blue\n"
                     "element face %d\nproperty list uchar int vertex_indices\nend_header\n",
                     m->vertices, m->triangles);
    size_t size = (size_t)n + (size_t)m->vertices * 27 + (size_t)m->triangles * 13;
    uint8_t *data = mien_calloc(size, 1), *p = data;
    if (!data) {
        return false;
    }
    p = put(p, head, (size_t)n);
    for (int i = 0; i < m->vertices; i++) {
        p = put(p, posed->vertices + 3 * i, 12);
        p = put(p, posed->normals + 3 * i, 12);
        float c[4] = {0};
        int32_t v[3] = {i, i, i};
        if (picture) {
            mien_texture_texel(posed, picture, v, (float[]){1, 0, 0}, c);
        }
        for (int k = 0; k < 3; k++) {
            float value = c[3] > 0.05f ? c[k] / c[3] : 170;
            *p++ = (uint8_t)fmaxf(0, fminf(255, value + 0.5f));
        }
    }
    for (int i = 0; i < m->triangles; i++) {
        *p++ = 3;
        p = put(p, m->triangle + 3 * i, 12);
    }
    bool ok = mien_file_save(path, data, size);
    mien_free(data);
    return ok;
}

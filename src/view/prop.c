// Things to wear: files, and where they sit on the face. Reading glTF: view/prop_gltf.c.
#include "view/prop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

#define ROW(id, name, from, to) [MIEN_ANCHOR_##id] = {name, {from, to}},
static const struct {
    const char *name;
    int between[2];
} anchors[MIEN_ANCHORS] = {MIEN_ANCHOR_ROWS(ROW)};

const char *mien_anchor_name(int anchor)
{
    return anchor >= 0 && anchor < MIEN_ANCHORS ? anchors[anchor].name : NULL;
}

bool mien_prop_load(struct mien_prop *p, const char *path, struct mien_why *why)
{
    size_t size = 0;
    char folder[1024];
    struct mien_why picture;
    memset(p, 0, sizeof(*p));
    uint8_t *data = mien_file_read(path, MIEN_GLTF_BYTES_MAX, &size);
    if (!data) {
        return mien_explain(why, "it cannot be read");
    }
    bool ok;
    if (size > 8 && !memcmp(data, "\x89PNG", 4)) {
        ok = mien_image_decode_rgba(data, size, MIEN_GLTF_PICTURE_PX, &p->paint, &picture);
        p->full = p->paint.width == 2 * p->paint.height;
        if (!ok) {
            mien_prop_destroy(p);
            mien_explain(why, "the picture cannot be used: %s", picture.text);
        }
    } else {
        ok = mien_prop_parse(p, data, size, mien_gltf_folder(path, folder), why);
    }
    mien_free(data);
    return ok;
}

void mien_prop_destroy(struct mien_prop *p)
{
    mien_free(p->vertex);
    mien_free(p->index);
    mien_free(p->part);
    mien_gltf_free_textures(p->texture, p->textures);
    mien_image_destroy(&p->paint);
    memset(p, 0, sizeof(*p));
}

// A landmark (iBUG, counted from 0) on the vertices (model vertices,3).
static bool mark(const struct mien_face_model *f, const float *vertices, int ibug, float out[3])
{
    int l = f->ibug[ibug];
    if (l < 0 || l >= f->landmarks || !f->landmark) {
        return false;
    }
    const struct mien_landmark *m = &f->landmark[l];
    for (int c = 0; c < 3; c++) {
        out[c] = 0;
        for (int k = 0; k < 3; k++) {
            out[c] += m->weight[k] * vertices[3 * (size_t)m->vertex[k] + (size_t)c];
        }
    }
    return true;
}

static float width(const struct mien_face_model *f, const float *vertices)
{
    float a[3], b[3];
    if (!mark(f, vertices, 36, a) || !mark(f, vertices, 45, b)) {
        return 0;
    }
    return sqrtf((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
                 (a[2] - b[2]) * (a[2] - b[2]));
}

static void find_crown(const struct mien_mesh *m, const float *vertices, float position[3])
{
    for (int i = 0; i < m->corners; i++) {
        const float *q = vertices + 3 * (size_t)m->corner[i];
        if (q[1] > position[1]) {
            memcpy(position, q, 3 * sizeof(*position));
        }
    }
    position[0] = 0;
    position[2] = -10; // the crown's axis: the highest vertex itself jumps
}

void mien_prop_place(const struct mien_prop *p, const struct mien_mesh *m, float position[3],
                     float *scale)
{
    mien_prop_place_on(p, m, m->posed, position, scale);
}

void mien_prop_place_on(const struct mien_prop *p, const struct mien_mesh *m, const float *v,
                        float position[3], float *scale)
{
    const struct mien_face_model *f = m->model;
    float a[3] = {0, 0, 0}, b[3] = {0, 0, 0};
    memset(position, 0, 3 * sizeof(*position));
    const int *between = anchors[p->anchor].between;
    if (between[0] >= 0) {
        mark(f, v, between[0], a);
        mark(f, v, between[1], b);
        for (int c = 0; c < 3; c++) {
            position[c] = (a[c] + b[c]) / 2;
        }
    } else if (between[0] == -1) {
        find_crown(m, v, position);
    }
    float mean = width(f, f->mean), now = width(f, v);
    *scale = p->fit && mean > 1 && now > 1 ? fminf(fmaxf(now / mean, 0.6f), 1.6f) : 1;
    for (int c = 0; c < 3; c++) {
        position[c] += p->offset[c] * *scale;
    }
}

// Vertices by their places in the texture, morph targets, materials and pictures of a head's file.
#include "sink/head.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/save.h"
#include "base/text.h"
#include "base/version.h"
#include "face/material.h"
#include "face/shut.h"
#include "face/vrm.h"
#include "sink/glb.h"
#include "sink/mesh.h"

enum { EYE_PX = 256, JPEG_QUALITY = 92 };
static const float iris_mm = 6, pupil_mm = 2.1f, sclera = 228;
// From the iris centre to the edge of the eyes' picture: what lies further off is white.
static const float eye_reach_mm = 9;

// The file's pictures, by the material that each colours.
enum { SKIN = MIEN_MATERIAL_SKIN, EYES = MIEN_MATERIAL_EYES };

// Places in the texture are the file's vertices: each belongs to one of the model's.
struct split {
    size_t n;
    int32_t *vertex; // (n) of the model
    float *at, *normal, *uv;
    float *whole; // (V,3) of the model's vertices, mm
};

static void free_split(struct split *s)
{
    mien_free(s->vertex);
    mien_free(s->at);
    mien_free(s->normal);
    mien_free(s->uv);
    mien_free(s->whole);
}

// An eyeball is two shells whose places in the model's texture lie over one another: theirs are
// made anew, by distance and direction from the axis through the iris centre.
static void lay_eyes(const struct mien_face_model *m, float *uv)
{
    for (int i = 0; i < 3 * m->triangles; i++) {
        uint8_t part = m->part[i / 3];
        if (part != MIEN_PART_EYEBALL_LEFT && part != MIEN_PART_EYEBALL_RIGHT) {
            continue;
        }
        const int e = part == MIEN_PART_EYEBALL_RIGHT;
        const float *p = m->mean + 3 * (size_t)m->triangle[i], *centre = m->eye_centre[e];
        const float *iris = m->landmark_mean + 3 * (size_t)m->iris[e];
        float length2 = 0, along = 0, d[3], mm = 0;
        for (int c = 0; c < 3; c++) {
            length2 += (iris[c] - centre[c]) * (iris[c] - centre[c]);
            along += (iris[c] - centre[c]) * (p[c] - centre[c]);
        }
        for (int c = 0; c < 3; c++) {
            d[c] = p[c] - centre[c] - along / length2 * (iris[c] - centre[c]);
            mm += d[c] * d[c];
        }
        mm = sqrtf(mm);
        // The back is white like the rim of the front.
        float reach = along > 0 ? fminf(mm, eye_reach_mm) : eye_reach_mm;
        float k = 0.5f * reach / (eye_reach_mm * fmaxf(hypotf(d[0], d[1]), 1e-6f));
        uv[2 * (size_t)m->uv_triangle[i]] = 0.5f + k * d[0];
        uv[2 * (size_t)m->uv_triangle[i] + 1] = 0.5f + k * d[1];
    }
}

static bool split_vertices(const struct mien_head *h, struct split *s)
{
    const struct mien_face_model *m = h->model;
    size_t V = (size_t)m->vertices, n = (size_t)m->uvs;
    float *at = mien_calloc(V, 3 * sizeof(float)),
          *normal = mien_calloc(V, MIEN_NORMAL_ROOM * sizeof(float));
    *s = (struct split){n,
                        mien_calloc(n, sizeof(int32_t)),
                        mien_calloc(n, 3 * sizeof(float)),
                        mien_calloc(n, 3 * sizeof(float)),
                        mien_calloc(n, 2 * sizeof(float)),
                        at};
    bool ok = at && normal && s->vertex && s->at && s->normal && s->uv;
    if (ok) {
        mien_face_model_vertices(m, h->identity, NULL, at);
        mien_shut_lips(m, at);
        mien_face_model_normals(m, at, normal);
        for (int i = 0; i < 3 * m->triangles; i++) {
            s->vertex[m->uv_triangle[i]] = m->triangle[i];
        }
        for (size_t i = 0; i < n; i++) {
            memcpy(s->at + 3 * i, at + 3 * (size_t)s->vertex[i], 3 * sizeof(float));
            memcpy(s->normal + 3 * i, normal + 3 * (size_t)s->vertex[i], 3 * sizeof(float));
        }
        memcpy(s->uv, m->uv, n * 2 * sizeof(float));
        lay_eyes(m, s->uv);
        // The skin's pictures lie side by side in one; that of the eyes is another.
        uint8_t *done = mien_calloc(n, 1);
        ok = done != NULL;
        for (int i = 0; ok && i < 3 * m->triangles; i++) {
            int32_t k = m->uv_triangle[i];
            if (mien_material_at(SKIN)->parts >> m->part[i / 3] & 1 && !done[k]) {
                s->uv[2 * k] *= 0.5f;
                done[k] = 1;
            }
        }
        mien_free(done);
    }
    mien_free(normal);
    return ok;
}

// The eyes' picture: rings about the iris centre, `eye_reach_mm` to its edge.
static bool paint_eyes(const struct mien_head *h, struct mien_image *im)
{
    if (!mien_image_create(im, EYE_PX, EYE_PX, MIEN_FORMAT_RGB8)) {
        return false;
    }
    for (int y = 0; y < EYE_PX; y++) {
        for (int x = 0; x < EYE_PX; x++) {
            const float centre = 0.5f * (EYE_PX - 1), scale = eye_reach_mm / (0.5f * EYE_PX);
            float mm = hypotf((float)x - centre, (float)y - centre) * scale;
            float edge = mien_unit((iris_mm - mm) / 0.5f), hole = mien_unit((pupil_mm - mm) / 0.4f);
            float dark =
                1 - 0.4f * mien_unit((mm / iris_mm - 0.75f) / 0.15f); // the ring at its rim
            uint8_t *o = im->data + (size_t)y * im->stride + 3 * (size_t)x;
            for (int k = 0; k < 3; k++) {
                float c = sclera + edge * (dark * h->iris_rgb[k] - sclera);
                o[k] = (uint8_t)(c + hole * (12 - c));
            }
        }
    }
    return true;
}

// Indices of a material's triangles into *index; how many.
static size_t list_triangles(const struct mien_face_model *m, unsigned parts, uint32_t *index)
{
    size_t n = 0;
    for (int t = 0; t < m->triangles; t++) {
        for (int k = 0; k < 3 && (parts >> m->part[t] & 1); k++) {
            index[n++] = (uint32_t)m->uv_triangle[3 * t + k];
        }
    }
    return n;
}

static bool add_picture(struct mien_glb *f, struct mien_growing *json, const struct mien_image *im,
                        const char *name, bool first)
{
    void *jpeg = NULL;
    size_t size = 0;
    if (!mien_jpeg_encode(im, JPEG_QUALITY, &jpeg, &size)) {
        return false;
    }
    int view = mien_glb_add_view(f, jpeg, size, 0);
    free(jpeg);
    mien_glb_print(json, "%s{\"name\":\"%s\",\"mimeType\":\"image/jpeg\",\"bufferView\":%d}",
                   first ? "" : ",", name, view);
    return true;
}

// The texture that colours a material; -1: none.
static int texture_of(const struct mien_head *h, int material)
{
    bool skin = h->skin.data != NULL;
    return material == SKIN && skin ? 0 : material == EYES ? skin : -1;
}

static void add_materials(const struct mien_head *h, struct mien_growing *json)
{
    mien_glb_print(json, "\"materials\":[");
    for (int i = 0; i < MIEN_MATERIALS; i++) {
        mien_glb_print(json, i ? "," : "");
        mien_glb_add_material(json, mien_material_at(i), texture_of(h, i));
    }
    mien_glb_print(json, "],");
}

// The skeleton: what stays, neck, head and eyes, each hanging on the one before, the eyes on the
// head. In the mean head's frame, mm; the eyes' places are the person's.
enum { CHEST, NECK, HEAD, LEFT_EYE, RIGHT_EYE, JOINTS };
static const struct {
    const char *name;
    int parent;
    float at[3];
} joints[JOINTS] = {{"Chest", -1, {0, -190, -30}},
                    {"Neck", CHEST, {0, -120, -40}},
                    {"Head", NECK, {0, -15, -5}}, // where the skull sits on the spine
                    {"LeftEye", HEAD, {0}},
                    {"RightEye", HEAD, {0}}};

static float step(float from, float to, float v) // 0 at `from` … 1 at `to`, smooth
{
    float t = fminf(fmaxf((v - from) / (to - from), 0), 1);
    return t * t * (3 - 2 * t);
}

// How much of a vertex is the head's and the neck's. Both borders run from the nape down to the
// front: the chin is the head's, the throat below it is not.
static void share_vertex(const float at[3], float *head, float *neck)
{
    float along = at[1] + 0.5f * at[2];
    *head = step(-130, -75, along);
    *neck = (1 - *head) * step(-175, -125, along);
}

// Shares (n,4) of the joints CHEST, NECK, HEAD and, in the fourth place, of the eye that the vertex
// belongs to; joint (n,4); the eyes' places.
static void share_vertices(const struct mien_head *h, const struct split *s, uint8_t *joint,
                           float *share, float eye[2][3])
{
    const struct mien_face_model *m = h->model;
    double sum[2][4] = {{0}};
    for (size_t i = 0; i < s->n; i++) {
        float *w = share + 4 * i;
        share_vertex(m->mean + 3 * s->vertex[i], &w[HEAD], &w[NECK]);
        w[CHEST] = 1 - w[HEAD] - w[NECK];
        for (int k = 0; k < 4; k++) {
            joint[4 * i + (size_t)k] = (uint8_t)(k < 3 && w[k] > 0 ? k : 0); // unused ones are 0
        }
    }
    for (int i = 0; i < 3 * m->triangles; i++) {
        int part = m->part[i / 3], e = part == MIEN_PART_EYEBALL_RIGHT;
        size_t k = (size_t)m->uv_triangle[i];
        if (part != MIEN_PART_EYEBALL_LEFT && part != MIEN_PART_EYEBALL_RIGHT) {
            continue;
        }
        memcpy(share + 4 * k, (float[4]){0, 0, 0, 1}, 4 * sizeof(float));
        memcpy(joint + 4 * k, (uint8_t[4]){0, 0, 0, (uint8_t)(LEFT_EYE + e)}, 4);
        for (int c = 0; c < 3; c++) {
            sum[e][c] += (double)(s->at[3 * k + (size_t)c] - m->mean[3 * s->vertex[k] + c]);
        }
        sum[e][3]++;
    }
    for (int e = 0; e < 2; e++) {
        for (int c = 0; c < 3; c++) {
            double moved = sum[e][3] > 0 ? sum[e][c] / sum[e][3] : 0;
            eye[e][c] = m->eye_centre[e][c] + (float)moved;
        }
    }
}

// Light that reaches the mouth: what lies deep in it is dark. color: (n,4), linear.
static void shade_mouth(const struct mien_head *h, const struct split *s, uint8_t *color)
{
    const struct mien_face_model *m = h->model;
    const unsigned mouth = 1U << MIEN_PART_MOUTH | 1U << MIEN_PART_GUMS | 1U << MIEN_PART_TEETH;
    const float lips =
        s->whole[3 * (size_t)m->landmark[m->ibug[62]].vertex[0] + 2]; // the inner rim
    const float deep_mm = 45, darkest = 0.06f;
    memset(color, 255, 4 * s->n);
    for (int i = 0; i < 3 * m->triangles; i++) {
        size_t k = (size_t)m->uv_triangle[i];
        if (mouth >> m->part[i / 3] & 1) {
            float light = 1 - (1 - darkest) * step(0, deep_mm, lips - s->at[3 * k + 2]);
            memset(color + 4 * k, (int)lroundf(255 * light), 3);
        }
    }
}

static const float *place_of(int joint, float eye[2][3])
{
    return joint >= LEFT_EYE ? eye[joint - LEFT_EYE] : joints[joint].at;
}

static void add_nodes(struct mien_growing *json, float eye[2][3])
{
    mien_glb_print(json, "\"scene\":0,\"scenes\":[{\"nodes\":[0,1]}],\"nodes\":[{\"name\":\"head\","
                         "\"mesh\":0,\"skin\":0}");
    for (int j = 0; j < JOINTS; j++) {
        const float *at = place_of(j, eye);
        const float none[3] = {0},
                    *up = joints[j].parent < 0 ? none : place_of(joints[j].parent, eye);
        float t[3] = {(at[0] - up[0]) * 0.001f, (at[1] - up[1]) * 0.001f, (at[2] - up[2]) * 0.001f};
        mien_glb_print(json, ",{\"name\":\"%s\"", joints[j].name);
        mien_glb_numbers(json, "translation", t, 3);
        bool any = false;
        for (int k = 0; k < JOINTS; k++) {
            if (joints[k].parent == j) {
                mien_glb_print(json, any ? ",%d" : ",\"children\":[%d", k + 1);
                any = true;
            }
        }
        mien_glb_print(json, any ? "]}" : "}");
    }
    mien_glb_print(json, "],");
}

static void add_skin(struct mien_glb *f, struct mien_growing *json, float eye[2][3])
{
    float inverse[JOINTS][16] = {{0}};
    mien_glb_print(json, "\"skins\":[{\"joints\":[");
    for (int j = 0; j < JOINTS; j++) {
        const float *at = place_of(j, eye);
        for (int c = 0; c < 4; c++) {
            inverse[j][5 * c] = 1;
            inverse[j][12 + c] = c < 3 ? -at[c] * 0.001f : 1;
        }
        mien_glb_print(json, j ? ",%d" : "%d", j + 1);
    }
    mien_glb_print(json, "],\"skeleton\":1,\"inverseBindMatrices\":%d}],",
                   mien_glb_add_floats(f, inverse[0], JOINTS, 16, "MAT4", 0, false));
}

// A target that leads from this head to the mean one. moved: scratch of 3 n floats; whole: of
// (V,3).
static int add_mean(struct mien_glb *f, const struct mien_head *h, const struct split *s,
                    float *moved, float *whole)
{
    memcpy(whole, h->model->mean, 3 * (size_t)h->model->vertices * sizeof(float));
    mien_shut_lips(h->model, whole);
    for (size_t i = 0; i < 3 * s->n; i++) {
        moved[i] = whole[3 * s->vertex[i / 3] + (int)(i % 3)] * 0.001f - s->at[i];
    }
    return mien_glb_add_floats(f, moved, s->n, 3, "VEC3", 0, true);
}

static bool add_head(struct mien_glb *f, const struct mien_head *h, bool mean,
                     struct mien_growing *json)
{
    const struct mien_face_model *m = h->model;
    struct split s;
    uint32_t *index = mien_calloc((size_t)m->triangles * 3 + (size_t)m->uvs, sizeof(uint32_t));
    float *moved = mien_calloc((size_t)m->uvs, 4 * sizeof(float)), eye[2][3];
    uint8_t *joint = mien_calloc((size_t)m->uvs, 4); // and colours
    struct mien_shut shut = {{0}};
    bool ok = split_vertices(h, &s) && index && moved && joint && mien_shut_find(&shut, m, s.whole);
    int attribute[6], target[MIEN_BLENDSHAPES], extra = -1;
    if (ok) {
        share_vertices(h, &s, joint, moved, eye);
        attribute[3] = mien_glb_begin_accessor(
            f, mien_glb_add_view(f, joint, 4 * s.n, MIEN_GLB_ARRAY), MIEN_GLB_BYTE, "VEC4", s.n);
        mien_glb_print(&f->accessors, "}");
        attribute[4] = mien_glb_add_floats(f, moved, s.n, 4, "VEC4", MIEN_GLB_ARRAY, false);
        shade_mouth(h, &s, joint);
        attribute[5] = mien_glb_begin_accessor(
            f, mien_glb_add_view(f, joint, 4 * s.n, MIEN_GLB_ARRAY), MIEN_GLB_BYTE, "VEC4", s.n);
        mien_glb_print(&f->accessors, ",\"normalized\":true}");
        for (size_t i = 0; i < 3 * s.n; i++) {
            s.at[i] *= 0.001f;
        }
        for (size_t i = 0; i < s.n; i++) { // glTF counts v from the top
            s.uv[2 * i + 1] = 1 - s.uv[2 * i + 1];
        }
        attribute[0] = mien_glb_add_floats(f, s.at, s.n, 3, "VEC3", MIEN_GLB_ARRAY, true);
        attribute[1] = mien_glb_add_floats(f, s.normal, s.n, 3, "VEC3", MIEN_GLB_ARRAY, false);
        attribute[2] = mien_glb_add_floats(f, s.uv, s.n, 2, "VEC2", MIEN_GLB_ARRAY, false);
        f->shut = &shut;
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            target[i] = mien_glb_add_target(f, m, i, s.vertex, s.n, index, moved);
        }
        extra = mean ? add_mean(f, h, &s, moved, s.whole) : -1;
        add_nodes(json, eye);
        add_skin(f, json, eye);
        mien_glb_print(json, "\"meshes\":[{\"name\":\"head\",\"primitives\":[");
        for (int g = 0; g < MIEN_MATERIALS; g++) {
            size_t n = list_triangles(m, mien_material_at(g)->parts, index);
            int a = mien_glb_begin_accessor(
                f, mien_glb_add_view(f, index, n * sizeof(*index), MIEN_GLB_ELEMENT), MIEN_GLB_UINT,
                "SCALAR", n);
            mien_glb_print(&f->accessors, "}");
            mien_glb_print(json,
                           "%s{\"attributes\":{\"POSITION\":%d,\"NORMAL\":%d,\"TEXCOORD_0\":%d,"
                           "\"JOINTS_0\":%d,\"WEIGHTS_0\":%d,\"COLOR_0\":%d},\"indices\":%d,"
                           "\"material\":%d",
                           g ? "," : "", attribute[0], attribute[1], attribute[2], attribute[3],
                           attribute[4], attribute[5], a, g);
            mien_glb_end_primitive(json, target, extra);
        }
        mien_glb_end_meshes(json, mean ? "mien_mean" : NULL);
    }
    f->shut = NULL;
    mien_shut_destroy(&shut);
    free_split(&s);
    mien_free(index);
    mien_free(moved);
    mien_free(joint);
    return ok;
}

bool mien_head_make_glb(const struct mien_head *h, bool mean, void **data, size_t *size)
{
    struct mien_glb f = {.bin.ok = true, .views.ok = true, .accessors.ok = true};
    struct mien_growing json = {.ok = true}, out = {.ok = true};
    struct mien_image eyes = {0};
    size_t at;
    mien_glb_print(&json,
                   "{\"asset\":{\"version\":\"2.0\",\"generator\":\"mien " MIEN_VERSION
                   "\",\"extras\":{\"looks\":%d",
                   h->looks);
    mien_glb_numbers(&json, "identity", h->identity, MIEN_IDENTITY);
    mien_glb_numbers(&json, "identity_sigma", h->sigma, MIEN_IDENTITY);
    mien_glb_print(&json, "}},\"images\":[");
    bool skin = h->skin.data != NULL;
    bool ok = (!skin || add_picture(&f, &json, &h->skin, "skin", true)) && paint_eyes(h, &eyes) &&
              add_picture(&f, &json, &eyes, "eyes", !skin);
    mien_glb_print(&json, "],\"textures\":[{\"source\":0}%s],", skin ? ",{\"source\":1}" : "");
    add_materials(h, &json);
    ok = ok && add_head(&f, h, mean, &json);
    if (ok) {
        mien_glb_wrap(&f, &json, &out, &at);
        mien_glb_put(&out, f.bin.data, f.bin.size);
        ok = out.ok && f.bin.ok;
    }
    mien_image_destroy(&eyes);
    mien_glb_destroy(&f);
    free(json.data);
    *data = ok ? out.data : NULL;
    *size = ok ? out.size : 0;
    if (!ok) {
        free(out.data);
    }
    return ok;
}

bool mien_head_save_glb(const struct mien_head *h, const char *path)
{
    void *data = NULL;
    size_t size = 0;
    bool ok = mien_head_make_glb(h, false, &data, &size) && mien_file_save(path, data, size);
    free(data);
    return ok;
}

static bool save_materials(const struct mien_head *h, const char *base, const char *leaf)
{
    struct mien_save save = {0};
    char path[1300];
    snprintf(path, sizeof(path), "%s.mtl", base);
    if (!mien_save_begin(&save, path)) {
        return false;
    }
    fputs("# " MIEN_MADE "materials of a head\n", save.file);
    for (int i = 0; i < MIEN_MATERIALS; i++) {
        const struct mien_material *k = mien_material_at(i);
        bool map = texture_of(h, i) >= 0;
        fprintf(save.file, "newmtl %s\n", k->name);
        if (map) {
            fprintf(save.file, "Kd 1 1 1\nmap_Kd %s-%s.png\n", leaf, k->name);
        } else {
            struct mien_text t = {.file = save.file};
            fputs("Kd", save.file);
            for (int c = 0; c < 3; c++) {
                fputc(' ', save.file);
                mien_text_number(&t, k->rgb[c], 3, "0");
            }
            fputc('\n', save.file);
        }
    }
    return mien_save_end(&save, true);
}

static bool write_obj(const struct mien_head *h, const struct split *s, const char *path,
                      const char *leaf)
{
    struct mien_save save = {0};
    if (!mien_save_begin(&save, path)) {
        return false;
    }
    const struct mien_face_model *m = h->model;
    struct mien_text t = {.file = save.file};
    fprintf(save.file, "# " MIEN_MADE "a head at rest, millimetres; from %d looks\nmtllib %s.mtl\n",
            h->looks, leaf);
    const struct {
        const char *word;
        const float *v;
        int width, digits;
    } lines[] = {{"v", s->at, 3, 4}, {"vt", s->uv, 2, 6}, {"vn", s->normal, 3, 4}};
    for (size_t l = 0; l < MIEN_COUNT(lines); l++) {
        for (size_t i = 0; i < s->n; i++) {
            fputs(lines[l].word, save.file);
            for (int k = 0; k < lines[l].width; k++) {
                fputc(' ', save.file);
                mien_text_number(&t, lines[l].v[i * (size_t)lines[l].width + (size_t)k],
                                 lines[l].digits, "0");
            }
            fputc('\n', save.file);
        }
    }
    for (int g = 0; g < MIEN_MATERIALS; g++) {
        fprintf(save.file, "usemtl %s\n", mien_material_at(g)->name);
        for (int i = 0; i < m->triangles; i++) {
            const int32_t *v = m->uv_triangle + 3 * i;
            if (mien_material_at(g)->parts >> m->part[i] & 1) {
                fprintf(save.file, "f %d/%d/%d %d/%d/%d %d/%d/%d\n", v[0] + 1, v[0] + 1, v[0] + 1,
                        v[1] + 1, v[1] + 1, v[1] + 1, v[2] + 1, v[2] + 1, v[2] + 1);
            }
        }
    }
    return mien_save_end(&save, true);
}

bool mien_head_save_obj(const struct mien_head *h, const char *path)
{
    char base[1200], file[1300];
    size_t n = strlen(path);
    if (n < 5 || n >= sizeof(base)) {
        mien_error("%s: the name is too long", path);
        return false;
    }
    snprintf(base, sizeof(base), "%.*s", (int)(n - 4), path);
    const char *slash = strrchr(base, '/'), *leaf = slash ? slash + 1 : base;
    struct split s;
    struct mien_image eyes = {0};
    bool ok = split_vertices(h, &s) && paint_eyes(h, &eyes);
    snprintf(file, sizeof(file), "%s-eyes.png", base);
    ok = ok && mien_png_save_noted(file, &eyes, MIEN_MADE "texture");
    snprintf(file, sizeof(file), "%s-skin.png", base);
    ok = ok && (!h->skin.data || mien_png_save_noted(file, &h->skin, MIEN_MADE "texture")) &&
         save_materials(h, base, leaf) && write_obj(h, &s, path, leaf);
    free_split(&s);
    mien_image_destroy(&eyes);
    return ok;
}

// Loading: what is derived from the face model once, and the data folder. See assets.h.
#include "synth/assets.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "face/pose.h"
#include "synth/raster.h"

static bool part_is_inner(int part)
{
    return part == MIEN_PART_MOUTH || part == MIEN_PART_GUMS || part == MIEN_PART_TEETH ||
           part == MIEN_PART_EYE_SOCKET;
}
static bool part_is_eye(int part)
{
    return part == MIEN_PART_EYEBALL_LEFT || part == MIEN_PART_EYEBALL_RIGHT;
}

static bool split_triangles(struct mien_synth_assets *a)
{
    const struct mien_face_model *m = a->model;
    size_t t3 = (size_t)m->triangles * 3, t1 = (size_t)m->triangles;
    a->skin = mien_calloc(t3, sizeof(int32_t));
    a->inner = mien_calloc(t3, sizeof(int32_t));
    a->eyes = mien_calloc(t3, sizeof(int32_t));
    a->skin_uv = mien_calloc(t3, sizeof(int32_t));
    a->inner_source = mien_calloc(t1, sizeof(int32_t));
    a->eye_side = mien_calloc((size_t)m->vertices, 1);
    if (!a->skin || !a->inner || !a->eyes || !a->skin_uv || !a->inner_source || !a->eye_side) {
        return false;
    }
    for (int pass = 0; pass < 2; pass++) { // eye sockets before the mouth
        for (int t = 0; t < m->triangles; t++) {
            const int32_t *k = m->triangle + 3 * t;
            int part = m->part[t];
            if (part_is_inner(part) && (part == MIEN_PART_EYE_SOCKET) == (pass == 0)) {
                memcpy(a->inner + 3 * a->inner_count, k, 3 * sizeof *k);
                a->inner_source[a->inner_count++] = t;
            } else if (pass == 0 && mien_part_is_skin(part)) {
                memcpy(a->skin + 3 * a->skin_count, k, 3 * sizeof *k);
                for (int i = 0; i < 3; i++) {
                    a->skin_uv[3 * a->skin_count + i] =
                        part == MIEN_PART_FACE ? m->uv_triangle[3 * t + i] : -1;
                }
                a->skin_count++;
            } else if (pass == 0 && part_is_eye(part)) {
                memcpy(a->eyes + 3 * a->eyes_count++, k, 3 * sizeof *k);
                for (int i = 0; i < 3; i++) {
                    a->eye_side[k[i]] = part == MIEN_PART_EYEBALL_LEFT ? 1 : 2;
                }
            }
        }
        a->socket_count = pass == 0 ? a->inner_count : a->socket_count;
    }
    return true;
}

void mien_synth_to_head(const struct mien_synth_assets *a, const float rest[3], float head[3])
{
    mien_mat3_mul_vec(a->turn, rest, head);
    for (int c = 0; c < 3; c++) {
        head[c] += a->origin[c];
    }
}

void mien_synth_to_rest(const struct mien_synth_assets *a, const float head[3], float rest[3])
{
    const float *T = a->turn;
    float v[3] = {head[0] - a->origin[0], head[1] - a->origin[1], head[2] - a->origin[2]};
    for (int c = 0; c < 3; c++) {
        rest[c] = T[c] * v[0] + T[3 + c] * v[1] + T[6 + c] * v[2];
    }
}

static bool rest_shape(struct mien_synth_assets *a)
{
    const struct mien_face_model *m = a->model;
    size_t v = (size_t)m->vertices;
    a->rest = mien_calloc(v * 3, sizeof(float));
    a->place = mien_calloc(v * 4, sizeof(float));
    a->scalp = mien_calloc(v, sizeof(float));
    a->ao = mien_calloc(v, sizeof(float));
    if (!a->rest || !a->place || !a->scalp || !a->ao) {
        return false;
    }
    // The rigid map, read off the model's own conversion at the origin and along the axes.
    const float zero[3] = {0, 0, 0};
    mien_face_model_from_source(zero, a->origin);
    for (int c = 0; c < 3; c++) {
        float axis[3] = {0, 0, 0}, end[3];
        axis[c] = 1;
        mien_face_model_from_source(axis, end);
        for (int k = 0; k < 3; k++) {
            a->turn[3 * k + c] = end[k] - a->origin[k];
        }
    }
    for (size_t i = 0; i < v; i++) {
        float *r = a->rest + 3 * i;
        mien_synth_to_rest(a, m->mean + 3 * i, r);
        float angle = atan2f(r[0], r[2] - 10);
        memcpy(a->place + 4 * i, r, 3 * sizeof *r);
        a->place[4 * i + 3] = angle / 6.2831853f;
        float s = (r[1] - mien_synth_hairline(fabsf(angle))) / 10;
        bool ear = fabsf(r[0]) > 70 && r[1] < 62 && r[1] > -30 && r[2] > -32 && r[2] < 34;
        a->scalp[i] = ear && s > -1 ? -1 : s;
    }
    return true;
}

// Ambient occlusion of the mean head: from how many directions of the sphere a vertex is seen.
static bool occlusion(struct mien_synth_assets *a)
{
    const struct mien_face_model *m = a->model;
    enum { SIDE = 256, DIRECTIONS = 96 };
    struct mien_raster r;
    mien_raster_vertex *v = mien_calloc((size_t)m->vertices, sizeof *v);
    float *normal = mien_calloc((size_t)m->vertices * MIEN_NORMAL_ROOM, sizeof *normal);
    float *total = mien_calloc((size_t)m->vertices, sizeof *total);
    bool ok = mien_raster_create(&r, SIDE, SIDE) && v && normal && total;
    if (ok) {
        mien_face_model_normals(m, m->mean, normal);
    }
    for (int k = 0; ok && k < DIRECTIONS; k++) {
        // Fibonacci sphere; below is darkened by the body.
        float y = 1 - (2 * (float)k + 1) / DIRECTIONS, s = sqrtf(1 - y * y),
              phi = 2.3999632f * (float)k;
        float d[3] = {s * cosf(phi), y, s * sinf(phi)};
        float u[3] = {d[2], 0, -d[0]}, l = sqrtf(u[0] * u[0] + u[2] * u[2]);
        u[0] = l > 1e-4f ? u[0] / l : 1;
        u[2] = l > 1e-4f ? u[2] / l : 0;
        float w[3] = {d[1] * u[2] - d[2] * u[1], d[2] * u[0] - d[0] * u[2],
                      d[0] * u[1] - d[1] * u[0]};
        for (int i = 0; i < m->vertices; i++) {
            const float *p = m->mean + 3 * i;
            float q[3] = {p[0], p[1] - 10, p[2] - 10};
            v[i][0] = SIDE / 2.0f + (q[0] * u[0] + q[1] * u[1] + q[2] * u[2]) * 0.62f;
            v[i][1] = SIDE / 2.0f - (q[0] * w[0] + q[1] * w[1] + q[2] * w[2]) * 0.62f;
            v[i][2] = 500 + q[0] * d[0] + q[1] * d[1] + q[2] * d[2];
        }
        mien_raster_clear(&r);
        mien_raster_draw(&r, (const mien_raster_vertex *)v, a->skin, a->skin_count, 1,
                         MIEN_RASTER_BOTH);
        for (int i = 0; i < m->vertices; i++) {
            const float *n = normal + 3 * i;
            float cosine = n[0] * d[0] + n[1] * d[1] + n[2] * d[2];
            if (cosine <= 0) {
                continue;
            }
            total[i] += cosine;
            int x = (int)(v[i][0] + 0.5f), yy = (int)(v[i][1] + 0.5f);
            if (x < 0 || yy < 0 || x >= SIDE || yy >= SIDE) {
                a->ao[i] += cosine;
                continue;
            }
            if (v[i][2] + 3.0f > r.near_[yy * SIDE + x]) {
                a->ao[i] += cosine;
            }
        }
    }
    for (int i = 0; ok && i < m->vertices; i++) {
        a->ao[i] = total[i] > 0 ? a->ao[i] / total[i] : 1;
    }
    mien_raster_destroy(&r);
    mien_free(v);
    mien_free(normal);
    mien_free(total);
    return ok;
}

static bool hair_picture(struct mien_synth_hair *h, const char *path)
{
    struct mien_image im = {0};
    if (!mien_png_load_rgba(path, &im)) {
        return false;
    }
    bool ok = im.width == im.height && (im.width & (im.width - 1)) == 0 && im.width <= 4096;
    if (!ok) {
        mien_error("%s: a hair picture is square with a power of two a side, not %dx%d", path,
                   im.width, im.height);
    }
    size_t n = (size_t)im.width * (size_t)im.height;
    h->size = im.width;
    h->alpha = ok ? mien_calloc(n, 1) : NULL;
    h->shade = ok ? mien_calloc(n, 1) : NULL;
    ok = ok && h->alpha && h->shade;
    double sum = 0, weight = 1e-6;
    for (int pass = 0; ok && pass < 2; pass++) {
        for (int y = 0; y < im.height; y++) {
            const uint8_t *row = im.data + (size_t)y * im.stride;
            for (int x = 0; x < im.width; x++) {
                const uint8_t *p = row + 4 * x;
                float l = 0.3f * p[0] + 0.59f * p[1] + 0.11f * p[2];
                size_t i = (size_t)y * (size_t)im.width + (size_t)x;
                if (pass == 0) {
                    sum += (double)(l * p[3]);
                    weight += p[3];
                    h->alpha[i] = p[3];
                } else {
                    float s = l * 128 / (float)(sum / weight + 1);
                    h->shade[i] = s > 255 ? 255 : (uint8_t)s;
                }
            }
        }
    }
    mien_image_destroy(&im);
    return ok;
}

// Ties each hair vertex to three vertices of the scalp near it, so that it follows other heads.
static bool bind(struct mien_synth_assets *a, struct mien_synth_hair *h)
{
    const struct mien_face_model *m = a->model;
    h->bind = mien_calloc((size_t)h->vertices * 3, sizeof *h->bind);
    if (!h->bind) {
        return false;
    }
    int32_t *pool = mien_calloc((size_t)m->vertices, sizeof *pool), n = 0;
    if (!pool) {
        return false;
    }
    for (int i = 0; i < m->vertices; i += 5) {
        if ((m->vertex_mask[i] & (1 << MIEN_PART_FACE | 1 << MIEN_PART_HEAD)) && a->scalp[i] > -4) {
            pool[n++] = i;
        }
    }
    for (int v = 0; v < h->vertices; v++) {
        float best[3] = {1e30f, 1e30f, 1e30f};
        const float *p = h->vertex + 3 * v;
        for (int k = 0; k < n; k++) {
            const float *q = a->rest + 3 * pool[k];
            float d = (p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]) +
                      (p[2] - q[2]) * (p[2] - q[2]);
            for (int j = 0; j < 3; j++) {
                if (d < best[j]) {
                    for (int i = 2; i > j; i--) {
                        best[i] = best[i - 1];
                        h->bind[3 * v + i] = h->bind[3 * v + i - 1];
                    }
                    best[j] = d;
                    h->bind[3 * v + j] = pool[k];
                    break;
                }
            }
        }
    }
    mien_free(pool);
    return n > 2;
}

static int by_name(const struct dirent **x, const struct dirent **y)
{
    return strcmp((*x)->d_name, (*y)->d_name);
}

// Calls use(a, path, name) for each file of a folder with the ending, in name order. A missing
// folder is fine.
static bool for_each_file(struct mien_synth_assets *a, const char *folder, const char *ending,
                          int limit,
                          bool (*use)(struct mien_synth_assets *, const char *, const char *))
{
    struct dirent **list = NULL;
    int n = scandir(folder, &list, NULL, by_name);
    bool ok = true;
    int used = 0;
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name, *dot = strrchr(name, '.');
        if (ok && name[0] != '.' && dot && !strcmp(dot, ending) && (limit <= 0 || used < limit)) {
            char path[1500];
            snprintf(path, sizeof path, "%s/%s", folder, name);
            ok = use(a, path, name);
            used++;
        }
        free(list[i]);
    }
    free(list);
    return ok;
}

static bool use_hair(struct mien_synth_assets *a, const char *path, const char *name)
{
    if (a->hairs >= MIEN_SYNTH_HAIRS) {
        return true;
    }
    struct mien_synth_hair *h = &a->hair[a->hairs];
    size_t size = 0;
    char *text = mien_file_read(path, 64 << 20, &size);
    if (!text) {
        return false;
    }
    bool ok = mien_synth_obj_parse(text, path, h);
    mien_free(text);
    char png[1500];
    snprintf(png, sizeof png, "%.*s.png", (int)(strlen(path) - 4), path);
    snprintf(h->name, sizeof h->name, "%.*s", (int)(strlen(name) - 4), name);
    ok = ok && hair_picture(h, png) && bind(a, h);
    if (!ok) {
        mien_synth_hair_destroy(h);
        return false;
    }
    a->hairs++;
    return true;
}

static bool use_environment(struct mien_synth_assets *a, const char *path, const char *name)
{
    (void)name;
    if (a->environments >= MIEN_SYNTH_ENVIRONMENTS) {
        return true;
    }
    size_t size = 0;
    void *data = mien_file_read(path, 64 << 20, &size);
    if (!data) {
        return false;
    }
    bool ok = mien_synth_hdr_parse(data, size, path, &a->environment[a->environments]);
    mien_free(data);
    a->environments += ok;
    return ok;
}

static bool use_background(struct mien_synth_assets *a, const char *path, const char *name)
{
    (void)name;
    if (a->backgrounds >= 4096) {
        return true;
    }
    struct mien_synth_blob *b = &a->background[a->backgrounds];
    b->data = mien_file_read(path, 16 << 20, &b->size);
    a->backgrounds += b->data != NULL;
    return b->data != NULL;
}

static bool use_texture(struct mien_synth_assets *a, const char *path, const char *name)
{
    (void)name;
    if (a->textures >= MIEN_SYNTH_TEXTURES) {
        return true;
    }
    struct mien_image *t = &a->texture[a->textures];
    if (!mien_image_load(path, t)) {
        return false;
    }
    if (t->width != t->height || t->width < 16) {
        mien_error("%s: a skin is square and at least 16 px a side, not %dx%d", path, t->width,
                   t->height);
        mien_image_destroy(t);
        return false;
    }
    double sum[3] = {0}, weight = 1e-9, linear[256];
    for (int i = 0; i < 256; i++) {
        linear[i] = pow(i / 255.0, 2.2);
    }
    for (int y = 0; y < t->height; y++) {
        for (int x = 0; x < t->width; x++) {
            const uint8_t *p = t->data + (size_t)y * t->stride + 3 * (size_t)x;
            size_t at = (size_t)(y * MIEN_SYNTH_UV / t->height) * MIEN_SYNTH_UV +
                        (size_t)(x * MIEN_SYNTH_UV / t->width);
            const uint8_t *m = a->mask + at * MIEN_MASKS;
            double w = m[MIEN_MASK_INSIDE] * (m[MIEN_MASK_CHEEK] + 8);
            for (int c = 0; c < 3; c++) {
                sum[c] += w * linear[p[c]];
            }
            weight += w;
        }
    }
    for (int c = 0; c < 3; c++) {
        a->texture_mean[a->textures][c] = fmaxf(0.01f, (float)(sum[c] / weight));
    }
    a->textures++;
    return true;
}

bool mien_synth_assets_load(struct mien_synth_assets *a, const struct mien_face_model *m,
                            const char *data_dir, const char *texture_dir, int few)
{
    memset(a, 0, sizeof *a);
    a->model = m;
    a->background = mien_calloc(4096, sizeof *a->background);
    bool ok = a->background && split_triangles(a) && rest_shape(a) && occlusion(a) &&
              mien_synth_make_masks(a) && mien_synth_make_noise(a);
    if (ok && data_dir) {
        char folder[1200];
        // The whole data folder, or its part that holds these three.
        char inner[1024];
        snprintf(inner, sizeof inner, "%s/data", data_dir);
        if (mien_file_exists(inner)) {
            data_dir = inner;
        }
        snprintf(folder, sizeof folder, "%s/hair", data_dir);
        ok = for_each_file(a, folder, ".obj", 0, use_hair);
        snprintf(folder, sizeof folder, "%s/environments", data_dir);
        ok = ok && for_each_file(a, folder, ".hdr", 0, use_environment);
        snprintf(folder, sizeof folder, "%s/backgrounds", data_dir);
        ok = ok && for_each_file(a, folder, ".jpg", few, use_background);
    }
    if (ok && texture_dir) {
        ok = for_each_file(a, texture_dir, ".jpg", few, use_texture);
        if (ok && !a->textures) {
            mien_error("%s: there is no picture of a skin (*.jpg) in it", texture_dir);
            ok = false;
        }
    }
    if (!ok) {
        mien_synth_assets_destroy(a);
    }
    return ok;
}

void mien_synth_assets_destroy(struct mien_synth_assets *a)
{
    mien_free(a->rest);
    mien_free(a->place);
    mien_free(a->ao);
    mien_free(a->scalp);
    mien_free(a->eye_side);
    mien_free(a->skin);
    mien_free(a->inner);
    mien_free(a->eyes);
    mien_free(a->skin_uv);
    mien_free(a->inner_source);
    mien_free(a->mask);
    mien_free(a->noise);
    for (int i = 0; i < MIEN_SYNTH_BROWS; i++) {
        mien_free(a->brow[i]);
    }
    for (int i = 0; i < a->hairs; i++) {
        mien_synth_hair_destroy(&a->hair[i]);
    }
    for (int i = 0; i < a->environments; i++) {
        mien_free(a->environment[i].pixel);
    }
    for (int i = 0; i < a->backgrounds; i++) {
        mien_free(a->background[i].data);
    }
    mien_free(a->background);
    for (int i = 0; i < a->textures; i++) {
        mien_image_destroy(&a->texture[i]);
    }
    memset(a, 0, sizeof *a);
}

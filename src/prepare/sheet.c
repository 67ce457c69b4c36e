// A contact sheet of fitted meshes over photos, for people to judge the fit by.
#include "prepare/prepare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "image/image.h"

enum { SCALE = 2, TILE = MIEN_PHOTO_SIDE_PX * SCALE, COLUMNS = 6 };

static void draw_mesh(struct mien_image *im, const struct mien_face_model *m,
                      const struct mien_fit_state *s, float *v, float *px, int x0, int y0)
{
    const struct mien_camera c = mien_photo_camera(1);
    mien_face_model_vertices(m, s->identity, s->blendshape, v);
    for (int i = 0; i < m->vertices; i++) {
        float q[3], p[2] = {0, 0};
        mien_mat3_mul_vec(s->pose.R, v + 3 * i, q);
        for (int k = 0; k < 3; k++) {
            q[k] += s->pose.t[k];
        }
        mien_camera_project(&c, q, p);
        px[2 * i] = (float)x0 + (p[0] + 0.5f) * SCALE - 0.5f;
        px[2 * i + 1] = (float)y0 + (p[1] + 0.5f) * SCALE - 0.5f;
    }
    for (int t = 0; t < m->triangles; t++) {
        if (m->part[t] != MIEN_PART_FACE && m->part[t] < MIEN_PART_EYEBALL_LEFT) {
            continue;
        }
        const int32_t *k = m->triangle + 3 * t;
        const float *a = px + 2 * k[0], *b = px + 2 * k[1], *d = px + 2 * k[2];
        // facing the camera: counter-clockwise with y up is clockwise in the picture
        if ((b[0] - a[0]) * (d[1] - a[1]) - (b[1] - a[1]) * (d[0] - a[0]) >= 0) {
            continue;
        }
        const bool eye = m->part[t] >= MIEN_PART_EYEBALL_LEFT;
        if (eye) {
            continue;
        }
        const struct mien_rgb colour = {80, 255, 120};
        mien_draw_line(im, a[0], a[1], b[0], b[1], 0.6f, colour, 0.25f);
        mien_draw_line(im, b[0], b[1], d[0], d[1], 0.6f, colour, 0.25f);
    }
}

struct drawer {
    struct mien_photos photos;
    struct mien_face_model model;
    struct mien_fit *fit;
    struct mien_jpeg_decoder *jpeg;
    struct mien_image sheet;
    float *vertex, *screen; // scratch: (vertices,3), (vertices,2)
};

// Photo i with its fit, in place `slot`.
static void draw_tile(struct drawer *k, int i, int slot)
{
    const struct mien_photos *p = &k->photos;
    const struct mien_face_model *m = &k->model;
    const struct mien_image *sheet = &k->sheet;
    const int x0 = slot % COLUMNS * TILE, y0 = slot / COLUMNS * TILE;
    struct mien_image photo = {0};
    struct mien_why why = {0};
    if (!mien_jpeg_decode(k->jpeg, p->jpeg + p->row[i].offset, p->row[i].bytes, MIEN_FORMAT_RGB8,
                          false, &photo, &why)) {
        mien_warn("photo %d: %s", i, why.text);
        return;
    }
    struct mien_image tile = *sheet;
    tile.owned = false;
    tile.data += (size_t)y0 * sheet->stride + (size_t)x0 * 3;
    tile.width = tile.height = TILE;
    mien_resize(&photo, &tile);
    mien_image_destroy(&photo);
    struct mien_fit_state s;
    char text[64] = "no fit";
    float px[MIEN_LANDMARKS_MAX][2], mine[MIEN_LANDMARKS_MAX][2];
    mien_photo_landmarks(p, m, i, px);
    const struct mien_camera c = mien_photo_camera(1);
    if (mien_photo_fit(p, m, k->fit, &c, i, &s)) {
        float yaw = 0, pitch = 0, roll = 0;
        draw_mesh(&tile, m, &s, k->vertex, k->screen, 0, 0);
        mien_fit_project(m, &c, &s, mine, NULL);
        mien_pose_to_angles(s.pose.R, &yaw, &pitch, &roll);
        snprintf(text, sizeof text, "%d %.1f%% y%.0f p%.0f", i, (double)(100 * s.rms), (double)yaw,
                 (double)pitch);
        for (int l = 0; l < m->landmarks; l++) {
            if (m->landmark[l].mediapipe < 0) {
                continue;
            }
            const float ax = (px[l][0] + 0.5f) * SCALE, ay = (px[l][1] + 0.5f) * SCALE;
            const float bx = (mine[l][0] + 0.5f) * SCALE, by = (mine[l][1] + 0.5f) * SCALE;
            mien_draw_line(&tile, ax, ay, bx, by, 1, (struct mien_rgb){255, 220, 0}, 0.9f);
            mien_draw_disc(&tile, ax, ay, 1.3f, (struct mien_rgb){255, 40, 40}, 1);
        }
    }
    mien_draw_text(&tile, 4, 4, 1, text, (struct mien_rgb){255, 255, 255});
}

int mien_prepare_sheet(const struct mien_prepare_options *o)
{
    char dir[1024];
    struct drawer k = {.jpeg = mien_jpeg_decoder_create()};
    int status = 1;
    const int count = o->limit > 0 ? o->limit : 30;
    if (!k.jpeg || !mien_photos_dir(dir) || !mien_photos_load(&k.photos, dir) ||
        !mien_face_model_load(&k.model, NULL) || !(k.fit = mien_fit_create(&k.model)) ||
        !(k.vertex = mien_calloc((size_t)k.model.vertices * 3, sizeof(float))) ||
        !(k.screen = mien_calloc((size_t)k.model.vertices * 2, sizeof(float))) ||
        !mien_image_create(&k.sheet, COLUMNS * TILE, (count + COLUMNS - 1) / COLUMNS * TILE,
                           MIEN_FORMAT_RGB8)) {
        goto out;
    }
    const int photos = k.photos.count;
    for (int i = 0; i < count; i++) { // spread over the whole set
        draw_tile(&k, (int)(((long long)o->first + (long long)i * photos / count) % photos), i);
    }
    status = mien_image_save(o->out, &k.sheet) ? 0 : 1;
out:
    mien_image_destroy(&k.sheet);
    mien_jpeg_decoder_destroy(k.jpeg);
    mien_fit_destroy(k.fit);
    mien_free(k.vertex);
    mien_free(k.screen);
    mien_photos_destroy(&k.photos);
    mien_face_model_destroy(&k.model);
    return status;
}

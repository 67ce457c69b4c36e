// Scores pictures, cuts the face out, and paints a head's skin from such pictures.
#include "sink/views.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/luma.h"
#include "sink/texture.h"

// A face of so many pixels fills a texture; a larger one shows no more.
static const float enough_px = 400;

// How much fine detail the middle of the face shows: mean step of luma between neighbours, times
// the face's size up to what a texture can hold. At most some hundred thousand pixels are looked
// at.
static float sharpness(const struct mien_image *im, const float box[4])
{
    int x0 = (int)fmaxf(0, box[0] + 0.2f * (box[2] - box[0])),
        x1 = (int)fminf((float)im->width - 2, box[2] - 0.2f * (box[2] - box[0])),
        y0 = (int)fmaxf(0, box[1] + 0.2f * (box[3] - box[1])),
        y1 = (int)fminf((float)im->height - 2, box[3] - 0.2f * (box[3] - box[1]));
    int every = 1 + (y1 - y0) / 256;
    double sum = 0;
    long n = 0;
    for (int y = y0; y < y1; y += every) {
        const uint8_t *p = im->data + (size_t)y * im->stride;
        for (int x = x0; x < x1; x++, n++) {
            const uint8_t *a = p + 3 * (size_t)x, *b = a + 3, *c = a + im->stride;
            int here = (int)mien_luma_256(a[0], a[1], a[2]);
            sum += abs((int)mien_luma_256(b[0], b[1], b[2]) - here) +
                   abs((int)mien_luma_256(c[0], c[1], c[2]) - here);
        }
    }
    return n ? (float)(sum / (double)n) * fminf(1, (box[3] - box[1]) / enough_px) : 0;
}

float mien_view_score(const struct mien_image *picture, const struct mien_face_result *f)
{
    // Shut eyes and an open mouth are no skin for a head at rest.
    float moved = f->blendshape[MIEN_BS_EYE_BLINK_LEFT] + f->blendshape[MIEN_BS_EYE_BLINK_RIGHT] +
                  2 * f->blendshape[MIEN_BS_JAW_OPEN];
    return sharpness(picture, f->box_px) / (1 + 2 * moved);
}

bool mien_view_cut(int side_px, const struct mien_image *im, const struct mien_camera *camera,
                   const float box[4], struct mien_view_kept *v)
{
    float side = 1.9f * fmaxf(box[2] - box[0], box[3] - box[1]);
    float x0 = 0.5f * (box[0] + box[2] - side), y0 = 0.5f * (box[1] + box[3] - side) - 0.06f * side;
    int px = (int)fmaxf(32, fminf(side, (float)side_px));
    float step = side / (float)px;
    struct mien_affine map = {{step, 0, x0, 0, step, y0}};
    if (!v->picture.data || v->room_px < px) {
        mien_image_destroy(&v->picture);
        if (!mien_image_create(&v->picture, px, px, MIEN_FORMAT_RGB8)) {
            return false;
        }
        v->room_px = px;
    }
    v->picture.width = v->picture.height = px;
    v->picture.stride = 3 * (size_t)px;
    mien_warp(im, &map, &v->picture, 0);
    v->camera = (struct mien_camera){.width_px = px,
                                     .height_px = px,
                                     .f_px = camera->f_px / step,
                                     .cx_px = (camera->cx_px - x0) / step,
                                     .cy_px = (camera->cy_px - y0) / step};
    return true;
}

// Colour of the ring around the irises' centres: the pixels that are neither glint nor lid.
static void iris_colour(const struct mien_view_kept *v, const struct mien_posed *p, double sum[4])
{
    const struct mien_face_model *m = p->model;
    const struct mien_image *im = &v->picture;
    for (int e = 0; e < 2; e++) {
        const struct mien_landmark *l = &m->landmark[m->iris[e]];
        float x = 0, y = 0, r = 3.6f * v->camera.f_px / fmaxf(1, -v->face.pose.t[2]);
        for (int k = 0; k < 3; k++) {
            x += l->weight[k] * p->screen[3 * l->vertex[k]];
            y += l->weight[k] * p->screen[3 * l->vertex[k] + 1];
        }
        for (int k = 0; k < 16 && !v->face.lids.shut[e]; k++) {
            float a = (float)k * (float)M_PI / 8;
            int i = (int)lroundf(x + r * cosf(a)), j = (int)lroundf(y + r * sinf(a));
            if (i < 0 || j < 0 || i >= im->width || j >= im->height) {
                continue;
            }
            const uint8_t *c = im->data + (size_t)j * im->stride + 3 * (size_t)i;
            int bright = c[0] + c[1] + c[2];
            if (bright > 60 && bright < 420) {
                for (int q = 0; q < 3; q++) {
                    sum[q] += c[q];
                }
                sum[3]++;
            }
        }
    }
}

// Which views there are, the straightest first; how many.
static int order_views(const struct mien_view_kept *view, int count, int order[MIEN_VIEWS_MOST])
{
    int n = 0;
    for (int i = 0; i < count && n < MIEN_VIEWS_MOST; i++) {
        if (!view[i].picture.data) {
            continue;
        }
        int at = n++;
        float turned = hypotf(view[i].face.yaw_deg, view[i].face.pitch_deg);
        for (; at > 0; at--) {
            const struct mien_face_result *f = &view[order[at - 1]].face;
            if (!(hypotf(f->yaw_deg, f->pitch_deg) > turned)) {
                break;
            }
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return n;
}

static bool pose_view(struct mien_posed *posed, const struct mien_view_kept *k,
                      const struct mien_head *h)
{
    struct mien_face_result f = k->face;
    memcpy(f.identity, h->identity, sizeof(f.identity));
    return mien_posed_set(posed, &k->camera, &f);
}

bool mien_views_paint(const struct mien_view_kept *view, int count, int side, struct mien_head *h)
{
    struct mien_texture t = {0};
    struct mien_posed posed = {0};
    struct mien_lights lights = {0};
    struct mien_light light[MIEN_VIEWS_MOST];
    double iris[4] = {0};
    int order[MIEN_VIEWS_MOST], n = order_views(view, count, order), lit[MIEN_VIEWS_MOST];
    bool ok = mien_texture_create(&t, h->model, side) && mien_posed_create(&posed, h->model) &&
              mien_lights_create(&lights, h->model, n > 0 ? n : 1);
    for (int i = 0; ok && i < n; i++) {
        lit[i] = -1;
        if (pose_view(&posed, &view[order[i]], h)) {
            lit[i] = lights.views;
            mien_lights_add(&lights, &posed, &view[order[i]].picture);
        }
    }
    if (ok) {
        mien_lights_find(&lights, light);
    }
    for (int i = 0; ok && i < n; i++) {
        const struct mien_view_kept *k = &view[order[i]];
        if (lit[i] >= 0 && pose_view(&posed, k, h)) {
            mien_texture_add(&t, &posed, &k->picture, &light[lit[i]]);
            iris_colour(k, &posed, iris);
        }
    }
    for (int k = 0; k < 3; k++) {
        static const float brown[3] = {84, 58, 40};
        h->iris_rgb[k] = iris[3] > 8 ? (float)(iris[k] / iris[3]) : brown[k];
    }
    mien_image_destroy(&h->skin);
    ok = ok && mien_texture_finish(&t, &h->skin);
    mien_lights_destroy(&lights);
    mien_posed_destroy(&posed);
    mien_texture_destroy(&t);
    return ok;
}

// Draws into a picture on the processor; needs no OpenGL.
#include "sink/overlay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "face/posed.h"

struct edge {
    int32_t a, b;
    int32_t triangle[2]; // the second is -1 at a border
};

struct mien_overlay {
    struct mien_posed posed;
    struct edge *edge; // of the skin, quads' diagonals left out
    int edges;
};

static int by_ends(const void *pa, const void *pb)
{
    const struct edge *x = pa, *y = pb;
    int d = (x->a > y->a) - (x->a < y->a);
    return d ? d : (x->b > y->b) - (x->b < y->b);
}

static float length2(const float *mean, int a, int b)
{
    float s = 0;
    for (int k = 0; k < 3; k++) {
        float d = mean[3 * a + k] - mean[3 * b + k];
        s += d * d;
    }
    return s;
}

// The model's quads come as two triangles: the shared edge that is the longest of both is their
// diagonal, which a wireframe does not show.
static bool is_diagonal(const struct mien_face_model *m, const struct edge *e)
{
    if (e->triangle[1] < 0) {
        return false;
    }
    float own = length2(m->mean, e->a, e->b);
    for (int i = 0; i < 2; i++) {
        const int32_t *v = m->triangle + 3 * e->triangle[i];
        for (int k = 0; k < 3; k++) {
            if (length2(m->mean, v[k], v[(k + 1) % 3]) > own * 1.0001f) {
                return false;
            }
        }
    }
    return true;
}

static bool collect_edges(struct mien_overlay *o)
{
    const struct mien_face_model *m = o->posed.model;
    struct edge *all = mien_calloc((size_t)m->triangles, 3 * sizeof(*all));
    if (!all) {
        return false;
    }
    int n = 0;
    for (int t = 0; t < m->triangles; t++) {
        if (m->part[t] != MIEN_PART_FACE || mien_face_model_under_jaw(m, t)) {
            continue;
        }
        for (int k = 0; k < 3; k++) {
            int32_t a = m->triangle[3 * t + k], b = m->triangle[3 * t + (k + 1) % 3];
            all[n++] = (struct edge){a < b ? a : b, a < b ? b : a, {t, -1}};
        }
    }
    qsort(all, (size_t)n, sizeof(*all), by_ends);
    int kept = 0;
    for (int i = 0; i < n; i++) {
        if (kept && !by_ends(&all[kept - 1], &all[i])) {
            all[kept - 1].triangle[1] = all[i].triangle[0];
        } else {
            all[kept++] = all[i];
        }
    }
    for (int i = 0; i < kept; i++) {
        if (!is_diagonal(m, &all[i])) {
            all[o->edges++] = all[i];
        }
    }
    o->edge = all;
    return true;
}

struct mien_overlay *mien_overlay_create(const struct mien_face_model *m)
{
    struct mien_overlay *o = mien_calloc(1, sizeof(*o));
    if (o && (!mien_posed_create(&o->posed, m) || !collect_edges(o))) {
        mien_overlay_destroy(o);
        return NULL;
    }
    return o;
}

void mien_overlay_destroy(struct mien_overlay *o)
{
    if (o) {
        mien_posed_destroy(&o->posed);
        mien_free(o->edge);
        mien_free(o);
    }
}

static void blend(struct mien_image *im, int x, int y, struct mien_rgb c, float alpha)
{
    if (x < 0 || y < 0 || x >= im->width || y >= im->height || alpha <= 0) {
        return;
    }
    uint8_t *p = im->data + (size_t)y * im->stride + 3 * (size_t)x;
    const uint8_t v[3] = {c.r, c.g, c.b};
    for (int k = 0; k < 3; k++) {
        p[k] = (uint8_t)((float)p[k] + alpha * ((float)v[k] - (float)p[k]) + 0.5f);
    }
}

// An antialiased line of one pixel's width whose pixels are tested for depth: a step along the
// longer axis covers the two pixels beside the line by their distance from it (Wu 1991).
static void draw_line(const struct mien_depth *d, struct mien_image *im, const float a[3],
                      const float b[3], struct mien_rgb c, float alpha)
{
    float dx = b[0] - a[0], dy = b[1] - a[1];
    bool steep = fabsf(dy) > fabsf(dx);
    float span = steep ? dy : dx;
    int n = (int)ceilf(fabsf(span));
    if (n < 1 || n > 4096) {
        return;
    }
    for (int i = 0; i < n; i++) {
        float t = ((float)i + 0.5f) / (float)n;
        float p[3] = {a[0] + t * dx, a[1] + t * dy, a[2] + t * (b[2] - a[2])};
        if (!mien_depth_visible(d, p, 2.5f)) {
            continue;
        }
        float along = roundf(steep ? p[1] : p[0]), across = steep ? p[0] : p[1];
        float low = floorf(across), part = across - low;
        for (int k = 0; k < 2; k++) {
            int u = (int)along, v = (int)low + k;
            float cover = k ? part : 1 - part;
            blend(im, steep ? v : u, steep ? u : v, c, alpha * cover);
        }
    }
}

static bool is_front(const struct mien_posed *p, int triangle)
{
    if (triangle < 0) {
        return false;
    }
    const int32_t *v = p->model->triangle + 3 * triangle;
    const float *a = p->screen + 3 * v[0], *b = p->screen + 3 * v[1], *c = p->screen + 3 * v[2];
    // Counter-clockwise from outside is clockwise in a picture whose y points down.
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) < 0;
}

static void draw_mesh(struct mien_overlay *o, struct mien_image *im)
{
    const struct mien_posed *p = &o->posed;
    double sum = 0;
    int count = 0;
    for (int i = 0; i < o->edges; i += 7) {
        const float *a = p->screen + 3 * o->edge[i].a, *b = p->screen + 3 * o->edge[i].b;
        if (a[2] > 0 && b[2] > 0) {
            sum += hypotf(a[0] - b[0], a[1] - b[1]);
            count++;
        }
    }
    // Lines that lie closer than about five pixels would cover the face: they fade.
    float mean = count ? (float)(sum / count) : 1;
    float alpha = fminf(0.75f, fmaxf(0.12f, mean / 8));
    const struct mien_rgb colour = {90, 255, 190};
    for (int i = 0; i < o->edges; i++) {
        const struct edge *e = &o->edge[i];
        const float *a = p->screen + 3 * e->a, *b = p->screen + 3 * e->b;
        if (a[2] > 0 && b[2] > 0 && (is_front(p, e->triangle[0]) || is_front(p, e->triangle[1]))) {
            draw_line(&p->depth, im, a, b, colour, alpha);
        }
    }
}

static void draw_axes(struct mien_image *im, const struct mien_camera *camera,
                      const struct mien_face_result *f, float width)
{
    static const struct mien_rgb colour[3] = {{255, 70, 60}, {80, 230, 70}, {80, 140, 255}};
    float origin[2];
    if (!mien_camera_project(camera, f->pose.t, origin)) {
        return;
    }
    for (int k = 0; k < 3; k++) {
        float X[3], px[2];
        for (int i = 0; i < 3; i++) {
            X[i] = f->pose.t[i] + f->pose.R[3 * i + k] * (k == 2 ? 140.0f : 90.0f);
        }
        if (mien_camera_project(camera, X, px)) {
            mien_draw_line(im, origin[0], origin[1], px[0], px[1], width, colour[k], 0.9f);
        }
    }
}

static void draw_text(struct mien_image *im, const struct mien_face_result *f)
{
    char line1[64], line2[64];
    const char *label = f->expression_sure ? mien_expression_name(f->expression_class) : "unsure";
    snprintf(line1, sizeof(line1), "%d %s %.0f%%", f->id, label ? label : "",
             100.0 * (double)f->expression[f->expression_class]);
    snprintf(line2, sizeof(line2), "yaw %+.0f pitch %+.0f roll %+.0f", (double)f->yaw_deg,
             (double)f->pitch_deg, (double)f->roll_deg);
    float size = f->box_px[3] - f->box_px[1];
    int scale = size > 700 ? 3 : size > 300 ? 2 : 1, height = 12 * scale;
    int x = (int)fmaxf(2, f->box_px[0]), y = (int)fmaxf(2, f->box_px[1] - 2.6f * (float)height);
    float wide = 6.0f * (float)scale * (float)strlen(line2);
    mien_draw_rect(im, (float)x - 2, (float)y - 2, (float)x + wide, (float)(y + 2 * height),
                   (struct mien_rgb){0, 0, 0}, 0.55f);
    mien_draw_text(im, x, y, scale, line1, (struct mien_rgb){255, 230, 120});
    mien_draw_text(im, x, y + height, scale, line2, (struct mien_rgb){235, 235, 235});
}

void mien_overlay_draw(struct mien_overlay *o, struct mien_image *picture,
                       const struct mien_result *r, unsigned parts)
{
    for (int i = 0; i < r->count; i++) {
        const struct mien_face_result *f = &r->face[i];
        float size = sqrtf(fmaxf(1, (f->box_px[2] - f->box_px[0]) * (f->box_px[3] - f->box_px[1])));
        if ((parts & MIEN_OVERLAY_MESH) && mien_posed_set(&o->posed, &r->camera, f)) {
            draw_mesh(o, picture);
        }
        if (parts & MIEN_OVERLAY_LANDMARKS) {
            float radius = fmaxf(0.8f, size / 190);
            for (int k = 0; k < f->landmark_count; k++) {
                bool iris = k == o->posed.model->iris[0] || k == o->posed.model->iris[1];
                mien_draw_disc(
                    picture, f->landmark_px[k][0], f->landmark_px[k][1],
                    iris ? 1.6f * radius : radius,
                    iris ? (struct mien_rgb){80, 200, 255} : (struct mien_rgb){255, 220, 40}, 0.9f);
            }
        }
        if (parts & MIEN_OVERLAY_AXES) {
            draw_axes(picture, &r->camera, f, fmaxf(1.5f, size / 90));
        }
        if (parts & MIEN_OVERLAY_TEXT) {
            draw_text(picture, f);
        }
    }
}

bool mien_overlay_canvas(struct mien_image *canvas, const struct mien_image *frame)
{
    if (!canvas->data || canvas->width != frame->width || canvas->height != frame->height ||
        canvas->format != frame->format) {
        mien_image_destroy(canvas);
        if (!mien_image_create(canvas, frame->width, frame->height, frame->format)) {
            return false;
        }
    }
    size_t row = (size_t)frame->width * (size_t)mien_format_channels(frame->format);
    for (int y = 0; y < frame->height; y++) {
        memcpy(canvas->data + (size_t)y * canvas->stride, frame->data + (size_t)y * frame->stride,
               row);
    }
    return true;
}

// Rasterises triangles into a depth buffer and asks points against it.
#include "face/posed.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

bool mien_depth_begin(struct mien_depth *d, const float box_px[4], int width, int height)
{
    if (!isfinite(box_px[0] + box_px[1] + box_px[2] + box_px[3])) {
        return false;
    }
    float x0 = fmaxf(0, floorf(box_px[0])), y0 = fmaxf(0, floorf(box_px[1]));
    float x1 = fminf((float)width - 1, ceilf(box_px[2]));
    float y1 = fminf((float)height - 1, ceilf(box_px[3]));
    if (!(x1 >= x0) || !(y1 >= y0)) {
        return false;
    }
    d->x0 = (int)x0;
    d->y0 = (int)y0;
    d->w = (int)x1 - d->x0 + 1;
    d->h = (int)y1 - d->y0 + 1;
    size_t n = (size_t)d->w * (size_t)d->h;
    if (n > d->capacity) {
        mien_free(d->inverse);
        d->capacity = 0;
        d->inverse = mien_calloc(n, sizeof(float));
        if (!d->inverse) {
            return false;
        }
        d->capacity = n;
    }
    memset(d->inverse, 0, n * sizeof(float));
    return true;
}

void mien_depth_destroy(struct mien_depth *d)
{
    mien_free(d->inverse);
    memset(d, 0, sizeof(*d));
}

void mien_depth_triangle(struct mien_depth *d, const float a[3], const float b[3], const float c[3])
{
    float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if (!(fabsf(area) > 1e-9f)) {
        return;
    }
    float lo_x = fminf(a[0], fminf(b[0], c[0])), hi_x = fmaxf(a[0], fmaxf(b[0], c[0]));
    float lo_y = fminf(a[1], fminf(b[1], c[1])), hi_y = fmaxf(a[1], fmaxf(b[1], c[1]));
    float left = (float)d->x0, top = (float)d->y0;
    if (hi_x < left || hi_y < top || lo_x > left + (float)d->w || lo_y > top + (float)d->h) {
        return;
    }
    int x0 = (int)ceilf(fmaxf(lo_x, left)), x1 = (int)floorf(fminf(hi_x, left + (float)d->w - 1));
    int y0 = (int)ceilf(fmaxf(lo_y, top)), y1 = (int)floorf(fminf(hi_y, top + (float)d->h - 1));
    float inv = 1 / area;
    for (int y = y0; y <= y1; y++) {
        float *row = d->inverse + (size_t)(y - d->y0) * (size_t)d->w - d->x0;
        for (int x = x0; x <= x1; x++) {
            float px = (float)x, py = (float)y;
            float u = ((b[0] - px) * (c[1] - py) - (b[1] - py) * (c[0] - px)) * inv;
            float v = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) * inv;
            float w = 1 - u - v;
            if (u < 0 || v < 0 || w < 0) {
                continue;
            }
            float z = u * a[2] + v * b[2] + w * c[2];
            row[x] = z > row[x] ? z : row[x];
        }
    }
}

bool mien_depth_visible(const struct mien_depth *d, const float p[3], float bias_mm)
{
    float fx = roundf(p[0]) - (float)d->x0, fy = roundf(p[1]) - (float)d->y0;
    if (!(fx >= 0) || !(fy >= 0) || fx >= (float)d->w || fy >= (float)d->h) {
        return true;
    }
    float nearest = d->inverse[(size_t)fy * (size_t)d->w + (size_t)fx];
    // 1/p <= 1/nearest + bias, written without dividing by zero.
    return nearest <= 0 || nearest <= p[2] * (1 + bias_mm * nearest);
}

bool mien_posed_create(struct mien_posed *p, const struct mien_face_model *m)
{
    memset(p, 0, sizeof(*p));
    p->model = m;
    size_t n = (size_t)m->vertices;
    p->vertices = mien_calloc(n, 3 * sizeof(float));
    p->normals = mien_calloc(n, MIEN_NORMAL_ROOM * sizeof(float));
    p->screen = mien_calloc(n, 3 * sizeof(float));
    p->facing = mien_calloc(n, sizeof(float));
    bool ok = mien_face_base_init(&p->base, m);
    if (!ok || !p->vertices || !p->normals || !p->screen || !p->facing) {
        mien_posed_destroy(p);
        return false;
    }
    return true;
}

void mien_posed_destroy(struct mien_posed *p)
{
    mien_face_base_destroy(&p->base);
    mien_free(p->vertices);
    mien_free(p->normals);
    mien_free(p->screen);
    mien_free(p->facing);
    mien_depth_destroy(&p->depth);
    memset(p, 0, sizeof(*p));
}

bool mien_posed_solid(uint8_t part)
{
    return mien_part_is_skin(part) || part == MIEN_PART_EYEBALL_LEFT ||
           part == MIEN_PART_EYEBALL_RIGHT;
}

bool mien_posed_set(struct mien_posed *p, const struct mien_camera *camera,
                    const struct mien_face_result *f)
{
    const struct mien_face_model *m = p->model;
    mien_face_base_pose(&p->base, f->identity, f->blendshape, p->vertices);
    mien_face_model_normals(m, p->vertices, p->normals);
    float box[4] = {1e9f, 1e9f, -1e9f, -1e9f};
    for (int i = 0; i < m->vertices; i++) {
        float X[3], N[3], px[2], *s = p->screen + 3 * i;
        mien_mat3_mul_vec(f->pose.R, p->vertices + 3 * i, X);
        mien_mat3_mul_vec(f->pose.R, p->normals + 3 * i, N);
        for (int k = 0; k < 3; k++) {
            X[k] += f->pose.t[k];
        }
        if (!mien_camera_project(camera, X, px)) {
            s[0] = s[1] = s[2] = 0;
            p->facing[i] = 0;
            continue;
        }
        float r = sqrtf(X[0] * X[0] + X[1] * X[1] + X[2] * X[2]);
        p->facing[i] = -(N[0] * X[0] + N[1] * X[1] + N[2] * X[2]) / r;
        s[0] = px[0];
        s[1] = px[1];
        s[2] = -1 / X[2];
        box[0] = fminf(box[0], px[0]);
        box[1] = fminf(box[1], px[1]);
        box[2] = fmaxf(box[2], px[0]);
        box[3] = fmaxf(box[3], px[1]);
    }
    if (!mien_depth_begin(&p->depth, box, camera->width_px, camera->height_px)) {
        return false;
    }
    for (int t = 0; t < m->triangles; t++) {
        const int32_t *v = m->triangle + 3 * t;
        const float *a = p->screen + 3 * v[0], *b = p->screen + 3 * v[1], *c = p->screen + 3 * v[2];
        if (mien_posed_solid(m->part[t]) && a[2] > 0 && b[2] > 0 && c[2] > 0) {
            mien_depth_triangle(&p->depth, a, b, c);
        }
    }
    return true;
}

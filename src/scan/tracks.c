// Unwraps, evens out, and registers patches. See tracks.h.
#include "scan/tracks.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum {
    SIDE = 256,       // of the UV plane, texels
    SPACING = 8,      // of points
    WINDOW = 7,       // of a patch, texels to each side of its middle
    SURROUNDINGS = 9, // whose mean and deviation are the light's
    AREA = (2 * WINDOW + 1) * (2 * WINDOW + 1),
};
static const float facing_min = 0.4f;
// 0…255. Skin that varies less than this shows nothing but noise; and shades that move over the
// skin as the head turns (edges of shadows, gloss) differ by so much: skin without marks of its own
// says little. Without that, rendered people of smooth skin were further off than by the looks.
static const float flat_levels = 2, noise_levels = 10;
static const float seen_share = 0.8f; // of a patch's texels
static const float sharpest = 0.12f;  // texels: nothing is found more exactly
static const float alike = 0.6f;      // of the patch's energy may be left
static const float far_off = 4;       // texels: more is not what was meant
static const float slide_free = 3;    // texels
// What the eyes' lids and the inner lips hide and show is no skin that stays.
static const float eye_mm = 15;

struct texel {
    int32_t triangle;
    float bary[3];
};

struct picture {
    float *value;   // (SIDE,SIDE)
    uint8_t *shown; // (SIDE,SIDE) 0 or 1
    float *at;      // (points,2) px
    float *across;  // (points,4) px a texel: d x / d u, d x / d v, d y / d u, d y / d v
    float *facing;  // (points), 0: not seen
    float *gain;    // (points) what one level is worth there
};

struct mien_tracks {
    const struct mien_face_model *model;
    struct texel *texel; // (SIDE,SIDE); triangle -1: nothing there
    float *edges;        // (T,4) the inverse of a triangle's edges in texels; zeros: too thin
    int32_t *point;      // (points) texel
    float *mean, *shape; // (points,3), (points,MIEN_BUNDLE_SHAPES,3)
    int points, frames, room, blur;
    struct picture *picture;
    float *light, *work, *mean_value, *weight; // (SIDE,SIDE)
    float *vertices;                           // (V,3)
};

static float uv_x(const struct mien_face_model *m, int32_t uv)
{
    return m->uv[2 * uv] * SIDE - 0.5f;
}

static float uv_y(const struct mien_face_model *m, int32_t uv)
{
    return (1 - m->uv[2 * uv + 1]) * SIDE - 0.5f;
}

static void lay_triangle(struct mien_tracks *t, int k)
{
    const struct mien_face_model *m = t->model;
    const int32_t *uv = m->uv_triangle + 3 * k;
    float x[3], y[3];
    for (int i = 0; i < 3; i++) {
        x[i] = uv_x(m, uv[i]);
        y[i] = uv_y(m, uv[i]);
    }
    float a = x[1] - x[0], b = x[2] - x[0], c = y[1] - y[0], d = y[2] - y[0];
    float area = a * d - b * c;
    if (!(fabsf(area) > 1e-3f)) {
        return;
    }
    float *e = t->edges + 4 * k;
    e[0] = d / area;
    e[1] = -b / area;
    e[2] = -c / area;
    e[3] = a / area;
    int x0 = (int)fmaxf(0, ceilf(fminf(x[0], fminf(x[1], x[2])))),
        x1 = (int)fminf(SIDE - 1, floorf(fmaxf(x[0], fmaxf(x[1], x[2])))),
        y0 = (int)fmaxf(0, ceilf(fminf(y[0], fminf(y[1], y[2])))),
        y1 = (int)fminf(SIDE - 1, floorf(fmaxf(y[0], fmaxf(y[1], y[2]))));
    for (int j = y0; j <= y1; j++) {
        for (int i = x0; i <= x1; i++) {
            float u = (float)i - x[0], v = (float)j - y[0];
            float p = e[0] * u + e[1] * v, q = e[2] * u + e[3] * v;
            if (p >= 0 && q >= 0 && p + q <= 1) {
                t->texel[j * SIDE + i] = (struct texel){k, {1 - p - q, p, q}};
            }
        }
    }
}

// Whether a triangle is skin that stays what it is: of the narrow face, not under the chin, not
// around the eyes.
static bool steady_skin(const struct mien_face_model *m, int k)
{
    if (m->part[k] != MIEN_PART_FACE || mien_face_model_under_jaw(m, k)) {
        return false;
    }
    const float *p = m->mean + 3 * m->triangle[3 * k];
    for (int e = 0; e < 2; e++) {
        float dx = p[0] - m->eye_centre[e][0], dy = p[1] - m->eye_centre[e][1];
        if (dx * dx + dy * dy < eye_mm * eye_mm && p[2] > m->eye_centre[e][2] - 5) {
            return false;
        }
    }
    return true;
}

static void gather(const struct mien_tracks *t, const float *vertices, float *out, size_t step)
{
    const struct mien_face_model *m = t->model;
    for (int p = 0; p < t->points; p++) {
        const struct texel *k = &t->texel[t->point[p]];
        for (int c = 0; c < 3; c++) {
            float sum = 0;
            for (int i = 0; i < 3; i++) {
                sum += k->bary[i] * vertices[3 * m->triangle[3 * k->triangle + i] + c];
            }
            out[(size_t)p * step + (size_t)c] = sum;
        }
    }
}

// What each coefficient moves every point by.
static void gather_shapes(struct mien_tracks *t)
{
    float identity[MIEN_IDENTITY] = {0}, blendshape[MIEN_BLENDSHAPES] = {0};
    const size_t step = 3 * (size_t)MIEN_BUNDLE_SHAPES;
    gather(t, t->model->mean, t->mean, 3);
    for (int k = 0; k < MIEN_BUNDLE_SHAPES; k++) {
        float *one = k < MIEN_IDENTITY ? identity + k : blendshape + k - MIEN_IDENTITY;
        *one = 1;
        mien_face_model_vertices(t->model, identity, blendshape, t->vertices);
        *one = 0;
        gather(t, t->vertices, t->shape + 3 * k, step);
        for (int p = 0; p < t->points; p++) {
            for (int c = 0; c < 3; c++) {
                t->shape[(size_t)p * step + (size_t)(3 * k + c)] -= t->mean[3 * p + c];
            }
        }
    }
}

static bool make_picture(struct picture *p, int points)
{
    p->value = mien_calloc((size_t)SIDE * SIDE, sizeof(float));
    p->shown = mien_calloc((size_t)SIDE * SIDE, 1);
    p->at = mien_calloc((size_t)points, 2 * sizeof(float));
    p->across = mien_calloc((size_t)points, 4 * sizeof(float));
    p->facing = mien_calloc((size_t)points, sizeof(float));
    p->gain = mien_calloc((size_t)points, sizeof(float));
    return p->value && p->shown && p->at && p->across && p->facing && p->gain;
}

struct mien_tracks *mien_tracks_create(const struct mien_face_model *m, int frames)
{
    struct mien_tracks *t = mien_calloc(1, sizeof(*t));
    if (!t) {
        return NULL;
    }
    const size_t n = (size_t)SIDE * SIDE;
    t->model = m;
    t->room = frames;
    t->texel = mien_calloc(n, sizeof(*t->texel));
    t->edges = mien_calloc((size_t)m->triangles, 4 * sizeof(float));
    t->vertices = mien_calloc((size_t)m->vertices, 3 * sizeof(float));
    t->point = mien_calloc(n / (SPACING * SPACING), sizeof(*t->point));
    t->picture = mien_calloc((size_t)frames, sizeof(*t->picture));
    float **plane[] = {&t->light, &t->work, &t->mean_value, &t->weight};
    bool ok = t->texel && t->edges && t->vertices && t->point && t->picture;
    for (size_t i = 0; ok && i < MIEN_COUNT(plane); i++) {
        ok = (*plane[i] = mien_calloc(n, sizeof(float))) != NULL;
    }
    for (size_t i = 0; ok && i < n; i++) {
        t->texel[i].triangle = -1;
    }
    for (int k = 0; ok && k < m->triangles; k++) {
        if (steady_skin(m, k)) {
            lay_triangle(t, k);
        }
    }
    for (int j = SPACING / 2; ok && j < SIDE; j += SPACING) {
        for (int i = SPACING / 2; i < SIDE; i += SPACING) {
            if (t->texel[j * SIDE + i].triangle >= 0) {
                t->point[t->points++] = j * SIDE + i;
            }
        }
    }
    t->mean = ok ? mien_calloc((size_t)t->points, 3 * sizeof(float)) : NULL;
    t->shape = ok ? mien_calloc((size_t)t->points * 3, MIEN_BUNDLE_SHAPES * sizeof(float)) : NULL;
    ok = t->mean && t->shape;
    for (int i = 0; ok && i < frames; i++) {
        ok = make_picture(&t->picture[i], t->points);
    }
    if (!ok) {
        mien_tracks_destroy(t);
        return NULL;
    }
    gather_shapes(t);
    return t;
}

void mien_tracks_destroy(struct mien_tracks *t)
{
    if (!t) {
        return;
    }
    for (int i = 0; t->picture && i < t->room; i++) {
        struct picture *p = &t->picture[i];
        void *owned[] = {p->value, p->shown, p->at, p->across, p->facing, p->gain};
        for (size_t k = 0; k < MIEN_COUNT(owned); k++) {
            mien_free(owned[k]);
        }
    }
    void *owned[] = {t->picture, t->texel, t->edges, t->vertices,   t->point,  t->mean,
                     t->shape,   t->light, t->work,  t->mean_value, t->weight, t};
    for (size_t k = 0; k < MIEN_COUNT(owned); k++) {
        mien_free(owned[k]);
    }
}

int mien_tracks_points(const struct mien_tracks *t)
{
    return t->points;
}

void mien_tracks_begin(struct mien_tracks *t, int blur)
{
    t->frames = 0;
    t->blur = blur;
}

// Luma, bilinear; -1 outside.
static float sample(const struct mien_image *im, float x, float y)
{
    if (!(x >= 0) || !(y >= 0) || !(x < (float)(im->width - 1)) || !(y < (float)(im->height - 1))) {
        return -1;
    }
    int i = (int)x, j = (int)y;
    float u = x - (float)i, v = y - (float)j, l[4];
    const uint8_t *a = im->data + (size_t)j * im->stride + 3 * (size_t)i;
    const uint8_t *corner[4] = {a, a + 3, a + im->stride, a + im->stride + 3};
    for (int k = 0; k < 4; k++) {
        const uint8_t *p = corner[k];
        l[k] = 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
    }
    return (l[0] * (1 - u) + l[1] * u) * (1 - v) + (l[2] * (1 - u) + l[3] * u) * v;
}

// Where a texel is in the picture, px, and its step from one texel to the next (2,2). The facing,
// 0 where it is not seen.
static float find_texel(const struct mien_tracks *t, const struct mien_posed *p,
                        const struct texel *k, float s[2], float J[4])
{
    const int32_t *v = t->model->triangle + 3 * k->triangle;
    const float *a = p->screen + 3 * v[0], *b = p->screen + 3 * v[1], *c = p->screen + 3 * v[2];
    const float *e = t->edges + 4 * k->triangle;
    float at[3], facing = 0;
    for (int i = 0; i < 3; i++) {
        at[i] = k->bary[0] * a[i] + k->bary[1] * b[i] + k->bary[2] * c[i];
        facing += k->bary[i] * p->facing[v[i]];
    }
    if (!(a[2] > 0 && b[2] > 0 && c[2] > 0) || facing < facing_min ||
        !mien_depth_visible(&p->depth, at, 3)) {
        return 0;
    }
    for (int r = 0; r < 2; r++) {
        float f0 = b[r] - a[r], f1 = c[r] - a[r];
        s[r] = at[r];
        J[2 * r] = f0 * e[0] + f1 * e[2];
        J[2 * r + 1] = f0 * e[1] + f1 * e[3];
    }
    return facing;
}

// Sums over boxes of 2 r + 1 texels a side, in place; `work` is as large. Down the columns whole
// rows are added at a time.
static void box(float *a, int r, float *work)
{
    float sums[SIDE] = {0};
    for (size_t line = 0; line < SIDE; line++) {
        const float *in = a + line * SIDE;
        float *out = work + line * SIDE, sum = 0;
        for (int i = 0; i < r; i++) {
            sum += in[i];
        }
        for (int i = 0; i < SIDE; i++) {
            sum += i + r < SIDE ? in[i + r] : 0;
            out[i] = sum;
            sum -= i - r >= 0 ? in[i - r] : 0;
        }
    }
    for (int i = -r; i < SIDE; i++) {
        const float *more = work + (i + r) * SIDE, *less = work + (i < r ? 0 : i - r) * SIDE;
        for (int x = 0; i + r < SIDE && x < SIDE; x++) {
            sums[x] += more[x];
        }
        for (int x = 0; i >= 0 && x < SIDE; x++) {
            a[(size_t)i * SIDE + (size_t)x] = sums[x];
        }
        for (int x = 0; i >= r && x < SIDE; x++) {
            sums[x] -= less[x];
        }
    }
}

// Takes the light off: each shown texel less the mean of what is shown around it, over its
// deviation.
static void even_out(struct mien_tracks *t, struct picture *p)
{
    const size_t n = (size_t)SIDE * SIDE;
    float *count = t->light, *sum = t->mean_value, *square = t->weight;
    for (int k = 0; k < t->blur; k++) {
        for (size_t i = 0; i < n; i++) {
            count[i] = p->shown[i];
            p->value[i] *= p->shown[i];
        }
        box(count, 1, t->work);
        box(p->value, 1, t->work);
        for (size_t i = 0; i < n; i++) {
            p->value[i] = p->shown[i] > 0 ? p->value[i] / count[i] : 0;
        }
    }
    for (size_t i = 0; i < n; i++) {
        count[i] = p->shown[i];
        sum[i] = p->shown[i] * p->value[i];
        square[i] = sum[i] * p->value[i];
    }
    box(count, SURROUNDINGS, t->work);
    box(sum, SURROUNDINGS, t->work);
    box(square, SURROUNDINGS, t->work);
    for (int k = 0; k < t->points; k++) {
        float c = fmaxf(1, count[t->point[k]]), mean = sum[t->point[k]] / c;
        float variance = fmaxf(0, square[t->point[k]] / c - mean * mean);
        p->gain[k] = 1 / sqrtf(variance + flat_levels * flat_levels);
    }
    for (size_t i = 0; i < n; i++) {
        if (p->shown[i] > 0) {
            float mean = sum[i] / count[i];
            float variance = fmaxf(0, square[i] / count[i] - mean * mean);
            p->value[i] = (p->value[i] - mean) / sqrtf(variance + flat_levels * flat_levels);
        } else {
            p->value[i] = 0;
        }
    }
}

void mien_tracks_add(struct mien_tracks *t, const struct mien_posed *posed,
                     const struct mien_image *picture)
{
    struct picture *p = &t->picture[t->frames++];
    for (int i = 0; i < SIDE * SIDE; i++) {
        float s[2], J[4], sum = 0;
        p->shown[i] = 0;
        float facing = t->texel[i].triangle < 0 ? 0 : find_texel(t, posed, &t->texel[i], s, J);
        if (facing > 0) {
            bool inside = true;
            for (int k = 0; k < 4; k++) {
                float u = k & 1 ? 0.25f : -0.25f, v = k & 2 ? 0.25f : -0.25f;
                float l = sample(picture, s[0] + u * J[0] + v * J[1], s[1] + u * J[2] + v * J[3]);
                inside = inside && l >= 0;
                sum += 0.25f * l;
            }
            p->shown[i] = inside;
            p->value[i] = inside ? sum : 0;
        } else {
            p->value[i] = 0;
        }
    }
    for (int k = 0; k < t->points; k++) {
        p->facing[k] = p->shown[t->point[k]] > 0 ? find_texel(t, posed, &t->texel[t->point[k]],
                                                              p->at + 2 * k, p->across + 4 * k)
                                                 : 0;
    }
    even_out(t, p);
}

// The mean of all pictures and how many show each texel.
static void average(struct mien_tracks *t)
{
    const size_t n = (size_t)SIDE * SIDE;
    memset(t->mean_value, 0, n * sizeof(float));
    memset(t->weight, 0, n * sizeof(float));
    for (int f = 0; f < t->frames; f++) {
        const struct picture *p = &t->picture[f];
        for (size_t i = 0; i < n; i++) {
            t->mean_value[i] += p->value[i];
            t->weight[i] += p->shown[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        t->mean_value[i] /= fmaxf(1, t->weight[i]);
    }
}

// How far the patch around a texel lies beside the mean's: d, texels, and the inverse covariance W
// (xx, xy, yy). False when it cannot be said.
static bool register_patch(const struct mien_tracks *t, const struct picture *p, int point,
                           float d[2], float W[3])
{
    int texel = t->point[point];
    int x = texel % SIDE, y = texel / SIDE, seen = 0, there = 0;
    if (x <= WINDOW || y <= WINDOW || x >= SIDE - 1 - WINDOW || y >= SIDE - 1 - WINDOW) {
        return false;
    }
    double G[3] = {0}, b[2] = {0}, energy = 0, off = 0;
    for (int j = y - WINDOW; j <= y + WINDOW; j++) {
        for (int i = x - WINDOW; i <= x + WINDOW; i++) {
            int k = j * SIDE + i;
            there += t->texel[k].triangle >= 0;
            if (!(p->shown[k] > 0) || !(t->weight[k] > 1)) {
                continue;
            }
            seen++;
            const float *m = t->mean_value + k;
            float r = m[0] - p->value[k];
            off += (double)(r * r);
            energy += (double)(m[0] * m[0]);
            if (!(t->weight[k - 1] > 1 && t->weight[k + 1] > 1 && t->weight[k - SIDE] > 1 &&
                  t->weight[k + SIDE] > 1)) {
                continue;
            }
            float gx = 0.5f * (m[1] - m[-1]), gy = 0.5f * (m[SIDE] - m[-SIDE]);
            G[0] += (double)(gx * gx);
            G[1] += (double)(gx * gy);
            G[2] += (double)(gy * gy);
            b[0] += (double)(gx * r);
            b[1] += (double)(gy * r);
        }
    }
    // Edges tell one direction only: what they do not tell stays as it is.
    double soft = 0.02 * (G[0] + G[2]) + 1e-3;
    double det = (G[0] + soft) * (G[2] + soft) - G[1] * G[1];
    if (seen < seen_share * (float)there || seen < AREA / 3 || !(energy > 0)) {
        return false;
    }
    double u = ((G[2] + soft) * b[0] - G[1] * b[1]) / det,
           v = ((G[0] + soft) * b[1] - G[1] * b[0]) / det;
    double left = fmax(0, off - u * b[0] - v * b[1]);
    if (left > (double)alike * energy || u * u + v * v > (double)(far_off * far_off)) {
        return false;
    }
    // Patches overlap and their noise is blurred: each texel counts once among all.
    double noise = fmax(left / seen, pow((double)(noise_levels * p->gain[point]), 2)) *
                   (double)AREA / (SPACING * SPACING);
    double A = G[0] / noise + 1e-4, B = G[1] / noise, C = G[2] / noise + 1e-4;
    det = A * C - B * B;
    double s2 = (double)(sharpest * sharpest);
    double xx = C / det + s2, xy = -B / det, yy = A / det + s2;
    det = xx * yy - xy * xy;
    W[0] = (float)(yy / det);
    W[1] = (float)(-xy / det);
    W[2] = (float)(xx / det);
    d[0] = (float)u;
    d[1] = (float)v;
    return isfinite(W[0] + W[1] + W[2] + d[0] + d[1]);
}

// A texel's sight as one of the picture.
static void to_picture(const float *at, const float *J, const float d[2], const float W[3],
                       struct mien_bundle_sight *s)
{
    float det = J[0] * J[3] - J[1] * J[2];
    float I[4] = {J[3] / det, -J[1] / det, -J[2] / det, J[0] / det}; // texels a px
    s->px[0] = at[0] + J[0] * d[0] + J[1] * d[1];
    s->px[1] = at[1] + J[2] * d[0] + J[3] * d[1];
    float a = W[0] * I[0] + W[1] * I[2], b = W[0] * I[1] + W[1] * I[3],
          c = W[1] * I[0] + W[2] * I[2], e = W[1] * I[1] + W[2] * I[3];
    s->weight[0] = I[0] * a + I[2] * c;
    s->weight[1] = I[0] * b + I[2] * e;
    s->weight[2] = I[1] * b + I[3] * e;
}

int mien_tracks_find(struct mien_tracks *t, const float identity[MIEN_IDENTITY], int first,
                     struct mien_bundle_point *point, struct mien_bundle_sight *sight)
{
    int n = 0;
    average(t);
    mien_face_model_vertices(t->model, identity, NULL, t->vertices);
    for (int p = 0; p < t->points; p++) {
        const struct texel *k = &t->texel[t->point[p]];
        const int32_t *v = t->model->triangle + 3 * k->triangle;
        const float *e = t->edges + 4 * k->triangle, *a = t->vertices + 3 * v[0],
                    *b = t->vertices + 3 * v[1], *c = t->vertices + 3 * v[2];
        struct mien_bundle_point *o = &point[p];
        *o = (struct mien_bundle_point){.shape = t->shape + (size_t)p * 3 * MIEN_BUNDLE_SHAPES,
                                        .slide_sigma = slide_free};
        memcpy(o->mean, t->mean + 3 * p, sizeof(o->mean));
        for (int i = 0; i < 3; i++) {
            o->slide[0][i] = (b[i] - a[i]) * e[0] + (c[i] - a[i]) * e[2];
            o->slide[1][i] = (b[i] - a[i]) * e[1] + (c[i] - a[i]) * e[3];
        }
        int begin = n;
        for (int f = 0; f < t->frames; f++) {
            const struct picture *q = &t->picture[f];
            float d[2], W[3];
            if (q->facing[p] > 0 && register_patch(t, q, p, d, W)) {
                struct mien_bundle_sight *s = &sight[n++];
                s->point = first + p;
                s->frame = f;
                to_picture(q->at + 2 * p, q->across + 4 * p, d, W, s);
                float w = fminf(1, (q->facing[p] - facing_min) / 0.2f);
                for (int i = 0; i < 3; i++) {
                    s->weight[i] *= fmaxf(0.05f, w);
                }
            }
        }
        n = n - begin < 2 ? begin : n;
    }
    return n;
}

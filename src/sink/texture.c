// Rasterises triangles in the UV plane and takes their colours from pictures.
#include "sink/texture.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "sink/texture_join.h"

// Bilinear; false outside the picture.
static bool sample(const struct mien_image *im, float x, float y, float rgb[3])
{
    if (!(x >= 0) || !(y >= 0) || x > (float)im->width - 1 || y > (float)im->height - 1) {
        return false;
    }
    int x0 = (int)x, y0 = (int)y;
    int x1 = x0 + 1 < im->width ? x0 + 1 : x0, y1 = y0 + 1 < im->height ? y0 + 1 : y0;
    float u = x - (float)x0, v = y - (float)y0;
    const uint8_t *a = im->data + (size_t)y0 * im->stride, *b = im->data + (size_t)y1 * im->stride;
    for (int k = 0; k < 3; k++) {
        float top = (float)a[3 * x0 + k] * (1 - u) + (float)a[3 * x1 + k] * u;
        float low = (float)b[3 * x0 + k] * (1 - u) + (float)b[3 * x1 + k] * u;
        rgb[k] = top * (1 - v) + low * v;
    }
    return true;
}

// How well the picture shows a surface point, 0…1: seen, and not at a grazing angle.
static float visibility(const struct mien_posed *p, const float s[3], float facing)
{
    float w = (facing - 0.15f) / 0.35f;
    w = w < 0 ? 0 : w > 1 ? 1 : w;
    return w > 0 && s[2] > 0 && mien_depth_visible(&p->depth, s, 4) ? w : 0;
}

static void interpolate(const struct mien_posed *p, const int32_t v[3], const float bary[3],
                        float s[3], float *facing)
{
    s[0] = s[1] = s[2] = *facing = 0;
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 3; i++) {
            s[i] += bary[k] * p->screen[3 * v[k] + i];
        }
        *facing += bary[k] * p->facing[v[k]];
    }
}

void mien_texture_texel(const struct mien_posed *p, const struct mien_image *picture,
                        const int32_t v[3], const float bary[3], float out[4])
{
    const struct mien_face_model *m = p->model;
    float s[3], facing, rgb[3], other[3];
    interpolate(p, v, bary, s, &facing);
    float own = visibility(p, s, facing), back = 0;
    if (own > 0 && !sample(picture, s[0], s[1], rgb)) {
        own = 0;
    }
    int32_t w[3] = {m->mirror[v[0]], m->mirror[v[1]], m->mirror[v[2]]};
    if (own < 1 && w[0] >= 0 && w[1] >= 0 && w[2] >= 0) {
        interpolate(p, w, bary, s, &facing);
        back = visibility(p, s, facing);
        back = back > 0 && sample(picture, s[0], s[1], other) ? back * (1 - own) : 0;
    }
    out[3] = own + back;
    for (int k = 0; k < 3; k++) {
        out[k] = (own > 0 ? own * rgb[k] : 0) + (back > 0 ? back * other[k] : 0);
    }
}

bool mien_texture_patch(const struct mien_face_model *m, const int32_t uv[3], int side, int width,
                        struct mien_texture_patch *p)
{
    for (int k = 0; k < 3; k++) {
        p->x[k] = m->uv[2 * uv[k]] * (float)side - 0.5f;
        p->y[k] = (1 - m->uv[2 * uv[k] + 1]) * (float)side - 0.5f;
    }
    const float *x = p->x, *y = p->y;
    p->area = (x[1] - x[0]) * (y[2] - y[0]) - (y[1] - y[0]) * (x[2] - x[0]);
    p->x0 = (int)fmaxf(0, ceilf(fminf(x[0], fminf(x[1], x[2])) - 1));
    p->y0 = (int)fmaxf(0, ceilf(fminf(y[0], fminf(y[1], y[2])) - 1));
    p->x1 = (int)fminf((float)width - 1, fmaxf(x[0], fmaxf(x[1], x[2])) + 1);
    p->y1 = (int)fminf((float)side - 1, fmaxf(y[0], fmaxf(y[1], y[2])) + 1);
    return fabsf(p->area) > 1e-6f;
}

bool mien_texture_within(const struct mien_texture_patch *p, int i, int j, float b[3])
{
    const float *x = p->x, *y = p->y, px = (float)i, py = (float)j;
    b[0] = ((x[1] - px) * (y[2] - py) - (y[1] - py) * (x[2] - px)) / p->area;
    b[1] = ((x[2] - px) * (y[0] - py) - (y[2] - py) * (x[0] - px)) / p->area;
    b[2] = 1 - b[0] - b[1];
    return fminf(b[0], fminf(b[1], b[2])) >= -0.02f - 0.7f / sqrtf(fabsf(p->area));
}

static void unwrap_triangle(const struct mien_posed *posed, const struct mien_image *picture, int t,
                            int size, float *weight)
{
    const struct mien_face_model *m = posed->model;
    const int32_t *v = m->triangle + 3 * t;
    struct mien_texture_patch p;
    if (!mien_texture_patch(m, m->uv_triangle + 3 * t, size, size, &p)) {
        return;
    }
    for (int j = p.y0; j <= p.y1; j++) {
        for (int i = p.x0; i <= p.x1; i++) {
            float b[3], c[4], *o = weight + 4 * ((size_t)j * (size_t)size + (size_t)i);
            // A texel inside a triangle wins.
            if (!mien_texture_within(&p, i, j, b) ||
                (fminf(b[0], fminf(b[1], b[2])) < 0 && o[3] > 0)) {
                continue;
            }
            mien_texture_texel(posed, picture, v, b, c);
            // The weight is kept above zero where the skin is, to tell it from empty texture.
            memcpy(o, c, 3 * sizeof(float));
            o[3] = fmaxf(c[3], 1e-6f);
        }
    }
}

void mien_texture_unwrap(const struct mien_posed *posed, const struct mien_image *picture,
                         struct mien_image *texture, float *weight)
{
    const struct mien_face_model *m = posed->model;
    int size = texture->width;
    size_t n = (size_t)size * (size_t)size;
    memset(weight, 0, 4 * n * sizeof(float));
    for (int t = 0; t < m->triangles; t++) {
        if (mien_part_is_skin(m->part[t])) {
            unwrap_triangle(posed, picture, t, size, weight);
        }
    }
    double mean[4] = {0};
    for (size_t i = 0; i < n; i++) {
        if (weight[4 * i + 3] > 0.5f) {
            for (int k = 0; k < 4; k++) {
                mean[k] += weight[4 * i + (size_t)k];
            }
        }
    }
    float flat[3] = {200, 160, 140};
    for (int k = 0; k < 3 && mean[3] > 0; k++) {
        flat[k] = (float)(mean[k] / mean[3]);
    }
    for (int j = 0; j < size; j++) {
        for (int i = 0; i < size; i++) {
            const float *w = weight + 4 * ((size_t)j * (size_t)size + (size_t)i);
            uint8_t *o = texture->data + (size_t)j * texture->stride + 3 * (size_t)i;
            float rest = fmaxf(0, 1 - w[3]), sum = w[3] + rest;
            for (int k = 0; k < 3; k++) {
                o[k] = (uint8_t)fmaxf(0, fminf(255, (w[k] + rest * flat[k]) / sum + 0.5f));
            }
        }
    }
}

bool mien_texture_create(struct mien_texture *t, const struct mien_face_model *m, int side)
{
    memset(t, 0, sizeof(*t));
    t->model = m;
    t->side = side;
    size_t n = 2 * (size_t)side * (size_t)side;
    t->sum = mien_calloc(n, 4 * sizeof(float));
    t->one = mien_calloc(n, 4 * sizeof(float));
    if (!t->sum || !t->one) {
        mien_texture_destroy(t);
        return false;
    }
    return true;
}

void mien_texture_destroy(struct mien_texture *t)
{
    mien_free(t->sum);
    mien_free(t->one);
    memset(t, 0, sizeof(*t));
}

// Skull and neck are where the model has them, not where this person's are under the hair: near
// their outline a picture shows what is behind.
static const float head_facing = 0.55f;

// Where the surface ends in the picture, or another part of it far behind begins, what is seen is
// not surely it: the shape is not exactly the person's, and pictures are soft. So far from such an
// edge nothing counts, and twice as far from it all does; a step in depth is one from so much on.
// Above the forehead hair stands further out than the surface: what is seen there is not behind it.
static const float edge_mm = 3, step_mm = 15, hair_mm = 50; // over the eyes

// Pixels a millimetre, of what is seen squarely.
static float scale_of(const struct mien_posed *p)
{
    const struct mien_face_model *m = p->model;
    double px = 0, mm = 0;
    for (int t = 0; t < m->triangles; t += 7) {
        const int32_t *v = m->triangle + 3 * t;
        if (m->part[t] != MIEN_PART_FACE || p->facing[v[0]] < 0.8f || p->facing[v[1]] < 0.8f) {
            continue;
        }
        const float *a = p->screen + 3 * v[0], *b = p->screen + 3 * v[1];
        const float *x = p->vertices + 3 * v[0], *y = p->vertices + 3 * v[1];
        px += (double)hypotf(a[0] - b[0], a[1] - b[1]);
        mm += (double)hypotf(hypotf(x[0] - y[0], x[1] - y[1]), x[2] - y[2]);
    }
    return mm > 0 ? (float)(px / mm) : 0;
}

static bool ends_at(const struct mien_depth *d, const float s[3], float dx, float dy)
{
    float x = roundf(s[0] + dx) - (float)d->x0, y = roundf(s[1] + dy) - (float)d->y0;
    if (!(x >= 0) || !(y >= 0) || x >= (float)d->w || y >= (float)d->h) {
        return false; // of the picture's end nothing is known
    }
    float nearest = d->inverse[(size_t)y * (size_t)d->w + (size_t)x];
    return nearest <= 0 || s[2] > nearest * (1 + step_mm * s[2]);
}

// 0 at an edge … 1 away from it.
static float inside(const struct mien_depth *d, const float s[3], float px_per_mm)
{
    static const float round[8][2] = {{1, 0},       {0, 1},        {-1, 0},        {0, -1},
                                      {0.7f, 0.7f}, {-0.7f, 0.7f}, {-0.7f, -0.7f}, {0.7f, -0.7f}};
    float w = 1;
    for (int k = 0; k < 16 && w > 0; k++) {
        float r = (k < 8 ? 1 : 2) * edge_mm * px_per_mm;
        if (ends_at(d, s, r * round[k % 8][0], r * round[k % 8][1])) {
            w = k < 8 ? 0 : fminf(w, 0.3f);
        }
    }
    return w;
}

// The weight of a look at a point rises with the third power of how straight it is seen: of two,
// the better one counts, and where they change places they blend.
static void look_at_triangle(struct mien_texture *t, const struct mien_posed *posed,
                             const struct mien_image *picture, const struct mien_light *light,
                             float px_per_mm, int triangle)
{
    const struct mien_face_model *m = t->model;
    const int32_t *v = m->triangle + 3 * triangle;
    bool hair = m->mean[3 * v[0] + 1] - m->eye_centre[0][1] > hair_mm;
    struct mien_texture_patch p;
    if (!mien_texture_patch(m, m->uv_triangle + 3 * triangle, t->side, 2 * t->side, &p)) {
        return;
    }
    for (int j = p.y0; j <= p.y1; j++) {
        for (int i = p.x0; i <= p.x1; i++) {
            float b[3], s[3], facing, rgb[3];
            if (!mien_texture_within(&p, i, j, b)) {
                continue;
            }
            interpolate(posed, v, b, s, &facing);
            float w = visibility(posed, s, facing) * fmaxf(0, facing) * fmaxf(0, facing);
            if (m->part[triangle] == MIEN_PART_HEAD) {
                w *= fminf(1, fmaxf(0, (facing - head_facing) / 0.25f));
            }
            w *= w > 0 && !hair ? inside(&posed->depth, s, px_per_mm) : 1;
            if (w > 0 && sample(picture, s[0], s[1], rgb)) {
                if (light) {
                    float n[3] = {0};
                    for (int k = 0; k < 9; k++) {
                        n[k % 3] += b[k / 3] * posed->normals[3 * v[k / 3] + k % 3];
                    }
                    mien_light_divide(light, n, rgb);
                }
                float *o = t->one + 4 * ((size_t)j * 2 * (size_t)t->side + (size_t)i);
                for (int k = 0; k < 3; k++) {
                    o[k] = w * rgb[k];
                }
                o[3] = w;
            }
        }
    }
}

void mien_texture_add(struct mien_texture *t, const struct mien_posed *posed,
                      const struct mien_image *picture, const struct mien_light *light)
{
    static const float seen_well = 0.3f, most = 2;
    size_t n = 2 * (size_t)t->side * (size_t)t->side;
    float px_per_mm = scale_of(posed);
    memset(t->one, 0, n * 4 * sizeof(float));
    for (int i = 0; i < t->model->triangles; i++) {
        if (mien_part_is_skin(t->model->part[i])) {
            look_at_triangle(t, posed, picture, light, px_per_mm, i);
        }
    }
    // Another exposure or white balance, where both see the skin.
    double before[3] = {0}, now[3] = {0};
    for (size_t i = 0; i < n; i++) {
        const float *a = t->sum + 4 * i, *b = t->one + 4 * i;
        for (int k = 0; a[3] > seen_well && b[3] > seen_well && k < 3; k++) {
            before[k] += (double)(a[k] / a[3]);
            now[k] += (double)(b[k] / b[3]);
        }
    }
    for (int k = 0; k < 3; k++) {
        float gain = before[k] > 0 && now[k] > 0 ? (float)(before[k] / now[k]) : 1;
        gain = fminf(most, fmaxf(1 / most, gain));
        for (size_t i = 0; i < n; i++) {
            t->sum[4 * i + (size_t)k] += gain * t->one[4 * i + (size_t)k];
        }
    }
    for (size_t i = 0; i < n; i++) {
        t->sum[4 * i + 3] += t->one[4 * i + 3];
    }
    t->looks++;
}

// What no look saw well, from the other side of the head: into (side, 2 side, 4) colours with
// weights up to 1, of which `seen` is a copy. uv_of: for each vertex one of its places in the
// atlas.
static void fill_mirrored(const struct mien_texture *t, const int32_t *uv_of, const float *seen,
                          float *out)
{
    const struct mien_face_model *m = t->model;
    const int width = 2 * t->side;
    for (int k = 0; k < m->triangles; k++) {
        const int32_t *v = m->triangle + 3 * k;
        int32_t other[3] = {m->mirror[v[0]], m->mirror[v[1]], m->mirror[v[2]]};
        struct mien_texture_patch p;
        if (!mien_part_is_skin(m->part[k]) || other[0] < 0 || other[1] < 0 || other[2] < 0 ||
            !mien_texture_patch(m, m->uv_triangle + 3 * k, t->side, width, &p)) {
            continue;
        }
        float u[3], w[3];
        for (int i = 0; i < 3; i++) {
            u[i] = m->uv[2 * uv_of[other[i]]] * (float)t->side - 0.5f;
            w[i] = (1 - m->uv[2 * uv_of[other[i]] + 1]) * (float)t->side - 0.5f;
        }
        // A triangle across a seam has no one place on the other side.
        if (fabsf(u[0] - u[1]) + fabsf(u[1] - u[2]) + fabsf(w[0] - w[1]) + fabsf(w[1] - w[2]) >
            0.2f * (float)t->side) {
            continue;
        }
        for (int j = p.y0; j <= p.y1; j++) {
            for (int i = p.x0; i <= p.x1; i++) {
                float b[3], *o = out + 4 * ((size_t)j * (size_t)width + (size_t)i);
                if (!mien_texture_within(&p, i, j, b) || o[3] >= 1) {
                    continue;
                }
                int x = (int)lroundf(b[0] * u[0] + b[1] * u[1] + b[2] * u[2]);
                int y = (int)lroundf(b[0] * w[0] + b[1] * w[1] + b[2] * w[2]);
                if (x < 0 || y < 0 || x >= width || y >= t->side) {
                    continue;
                }
                const float *s = seen + 4 * ((size_t)y * (size_t)width + (size_t)x);
                float own = o[3], add = s[3] * (1 - own);
                for (int c = 0; c < 3 && add > 0; c++) {
                    o[c] = (o[c] * own + add * s[c]) / (own + add);
                }
                o[3] = own + add;
            }
        }
    }
}

// Colours (h, w, 4) with weights 0…1: what has little weight takes its surroundings', which come
// from the picture at half the size.
static bool fill_from_around(float *colour, int width, int height)
{
    if (width < 2 || height < 2) {
        return true;
    }
    int w = (width + 1) / 2, h = (height + 1) / 2;
    float *half = mien_calloc((size_t)w * (size_t)h, 4 * sizeof(float));
    if (!half) {
        return false;
    }
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            const float *c = colour + 4 * ((size_t)y * (size_t)width + (size_t)x);
            float *o = half + 4 * ((size_t)(y / 2) * (size_t)w + (size_t)(x / 2));
            for (int k = 0; k < 3; k++) {
                o[k] += c[3] * c[k];
            }
            o[3] += c[3];
        }
    }
    for (size_t i = 0; i < (size_t)w * (size_t)h; i++) {
        float *o = half + 4 * i;
        for (int k = 0; k < 3; k++) {
            o[k] = o[3] > 0 ? o[k] / o[3] : 0;
        }
        o[3] = fminf(1, o[3]);
    }
    bool ok = fill_from_around(half, w, h);
    for (int y = 0; ok && y < height; y++) {
        for (int x = 0; x < width; x++) {
            float *c = colour + 4 * ((size_t)y * (size_t)width + (size_t)x);
            float v = fminf((float)h - 1, fmaxf(0, 0.5f * (float)y - 0.25f)),
                  u = fminf((float)w - 1, fmaxf(0, 0.5f * (float)x - 0.25f));
            int y0 = (int)v, x0 = (int)u, y1 = y0 + (y0 < h - 1), x1 = x0 + (x0 < w - 1);
            float fy = v - (float)y0, fx = u - (float)x0;
            for (int k = 0; k < 3 && c[3] < 1; k++) {
                float top =
                    half[4 * (y0 * w + x0) + k] * (1 - fx) + half[4 * (y0 * w + x1) + k] * fx;
                float low =
                    half[4 * (y1 * w + x0) + k] * (1 - fx) + half[4 * (y1 * w + x1) + k] * fx;
                c[k] = c[3] * c[k] + (1 - c[3]) * (top * (1 - fy) + low * fy);
            }
            c[3] = 1;
        }
    }
    mien_free(half);
    return ok;
}

// A colour as light and hue: logarithm of green, of red and blue over green.
static void light_and_hue(const float rgb[3], float out[3])
{
    float g = logf(fmaxf(0, rgb[1]) + 4);
    out[0] = g;
    out[1] = logf(fmaxf(0, rgb[0]) + 4) - g;
    out[2] = logf(fmaxf(0, rgb[2]) + 4) - g;
}

struct colours { // of a material
    double n, sum[3], square[3];
    float
        middle[3]; // what is far from it is something else: added only when near, once it is known
    bool known;
};

static void add_colour(struct colours *c, const float rgb[3])
{
    static const float far_off[3] = {0.6f, 0.13f, 0.15f};
    float h[3];
    light_and_hue(rgb, h);
    for (int k = 0; k < 3 && c->known; k++) {
        if (fabsf(h[k] - c->middle[k]) > far_off[k]) {
            return;
        }
    }
    c->n++;
    for (int k = 0; k < 3; k++) {
        c->sum[k] += (double)h[k];
        c->square[k] += (double)(h[k] * h[k]);
    }
}

// 1: a colour of that material, 0: none. tolerance: 1, more where something else is not likely.
static float membership(const struct colours *c, const float rgb[3], float tolerance)
{
    static const float least[3] = {0.2f, 0.06f, 0.06f}; // deviations
    if (c->n < 50) {
        return 0;
    }
    float h[3], d = 0;
    light_and_hue(rgb, h);
    for (int k = 0; k < 3; k++) {
        double mean = c->sum[k] / c->n, variance = c->square[k] / c->n - mean * mean;
        float off =
            (h[k] - (float)mean) / (tolerance * fmaxf(least[k], (float)sqrt(fmax(0, variance))));
        d += off * off;
    }
    return fminf(1, fmaxf(0, (11 - d) / 6));
}

// What most have in common, of what was added: the mean, from which others are then kept away.
static void settle_mean(struct colours *c)
{
    for (int k = 0; k < 3 && c->n > 0; k++) {
        c->middle[k] = (float)(c->sum[k] / c->n);
        c->sum[k] = c->square[k] = 0;
    }
    c->known = c->n > 0;
    c->n = 0;
}

static void mean_colour(const struct colours *c, float rgb[3])
{
    float g = (float)(c->sum[0] / c->n);
    for (int k = 0; k < 3; k++) {
        int of = k == 0 ? 1 : k == 2 ? 2 : 0;
        rgb[k] = fmaxf(0, expf(of ? g + (float)(c->sum[of] / c->n) : g) - 4);
    }
}

// The front of the face, whose colours are believed whatever they are where they are seen well.
static bool is_front(const struct mien_face_model *m, int k)
{
    return m->part[k] == MIEN_PART_FACE && m->mean[3 * m->triangle[3 * k] + 2] > 30 &&
           !mien_face_model_under_jaw(m, k);
}

// What is gone over the head for: the skin's colours, the hair's, and what is neither.
enum purpose { SKIN_COLOURS, HAIR_COLOURS, SORTING };
// Texels that must be skin or hair; where nobody sees them, skin, or hair if the person has any, or
// between the two a mixture of both.
enum { OTHER = 1, BARE, HAIRY = 255 };
static const float temple_mm = 45, neck_mm = -15, low_mm = -70; // over the eyes
static const float crown_mm = 60, nape_mm = -36, bare_mm = -66, behind_mm = -15;
// Of a texel's weight: what has less was only seen aslant, where the wall begins beside a cheek
// that is leaner than the head's.
static const float seen_well = 0.5f;

// Ears stand out from the skull.
static bool is_ear(const float at[3], float over)
{
    return fabsf(at[0]) > (over > -5 ? 81 : 74) && at[2] > -35 && at[2] < 5 && over > -55 &&
           over < 18;
}

// at: on the mean head.
static uint8_t unseen_kind(const struct mien_face_model *m, int triangle, const float at[3])
{
    float over = at[1] - m->eye_centre[0][1];
    if (m->part[triangle] != MIEN_PART_HEAD) {
        return over > crown_mm ? HAIRY : OTHER;
    }
    if (over < low_mm || is_ear(at, over)) {
        return BARE;
    }
    if (over > crown_mm || at[2] < behind_mm) {
        float hair = fminf(fmaxf((over - bare_mm) / (nape_mm - bare_mm), 0), 1);
        return (uint8_t)lroundf(BARE + (HAIRY - BARE) * hair * hair * (3 - 2 * hair));
    }
    return OTHER;
}

static bool is_concerned(const struct mien_face_model *m, int triangle, enum purpose what)
{
    const float *at = m->mean + 3 * m->triangle[3 * triangle];
    float over = at[1] - m->eye_centre[0][1];
    switch (what) {
    case SKIN_COLOURS:
        return is_front(m, triangle) && over < 0;
    case HAIR_COLOURS: // not behind the ears: there pictures show the wall beside the hair, too
        return mien_part_is_skin(m->part[triangle]) && over > temple_mm && at[2] > 0;
    default:
        return mien_part_is_skin(m->part[triangle]);
    }
}

struct sorting {         // of an atlas's texels
    const float *colour; // 4 a texel
    uint8_t *done;       // what it is, 0: always believed
    float *is;           // how far it is skin or hair, where done
    struct colours skin, hair;
};

static void sort_out(const struct mien_texture *t, int triangle, enum purpose what,
                     struct sorting *s)
{
    const struct mien_face_model *m = t->model;
    const int width = 2 * t->side;
    struct mien_texture_patch p;
    float over = m->mean[3 * m->triangle[3 * triangle] + 1] - m->eye_centre[0][1];
    bool front = is_front(m, triangle); // a beard has the hair's colour
    bool forehead = over > temple_mm && m->mean[3 * m->triangle[3 * triangle] + 2] > 0;
    if (!is_concerned(m, triangle, what) ||
        !mien_texture_patch(m, m->uv_triangle + 3 * triangle, t->side, width, &p)) {
        return;
    }
    for (int j = p.y0; j <= p.y1; j++) {
        for (int i = p.x0; i <= p.x1; i++) {
            size_t at = (size_t)j * (size_t)width + (size_t)i;
            float b[3];
            const float *c = s->colour + 4 * at;
            if (!mien_texture_within(&p, i, j, b)) {
                continue;
            }
            if (what == SKIN_COLOURS && c[3] > 0.5f) {
                add_colour(&s->skin, c);
            } else if (what == HAIR_COLOURS && c[3] >= 1 && membership(&s->skin, c, 1) < 0.5f) {
                add_colour(&s->hair, c);
            } else if (what == SORTING && !s->done[at] && !(front && c[3] > seen_well)) {
                // A forehead that is well seen shines, and its hairline is a mixture.
                float tolerance = forehead && c[3] > seen_well ? 1.7f : 1;
                s->is[at] = membership(&s->skin, c, tolerance);
                if (front || over > neck_mm) {
                    s->is[at] = fmaxf(s->is[at], membership(&s->hair, c, tolerance));
                }
                float place[3] = {0};
                for (int k = 0; k < 9; k++) {
                    place[k % 3] +=
                        b[k / 3] * m->mean[3 * m->triangle[3 * triangle + k / 3] + k % 3];
                }
                s->done[at] = unseen_kind(m, triangle, place);
            }
        }
    }
}

// What is none of it within r texels is none of it: the least of the neighbours, row by row and
// then column by column. Only texels with a mark count.
static void shrink(float *is, const uint8_t *mark, int width, int height, int r)
{
    for (int pass = 0; pass < 2; pass++) {
        int step = pass ? width : 1, length = pass ? height : width, lines = pass ? width : height;
        for (int line = 0; line < lines; line++) {
            size_t first = (size_t)line * (size_t)(pass ? 1 : width);
            float low[64];
            int n = 2 * r + 1 < 64 ? 2 * r + 1 : 63;
            for (int i = 0; i < length + n / 2; i++) {
                size_t at = first + (size_t)i * (size_t)step;
                low[i % n] = i < length && mark[at] ? is[at] : 1;
                int centre = i - n / 2;
                size_t to = first + (size_t)(centre < 0 ? 0 : centre) * (size_t)step;
                float least = 1;
                for (int k = 0; k < n && k <= i && centre >= 0; k++) {
                    least = fminf(least, low[(i - k) % n]);
                }
                if (centre >= 0 && mark[to]) {
                    is[to] = least;
                }
            }
        }
    }
}

// Skull, neck, throat and the cheeks' outline end where the model has them, and a picture shows
// what lies behind or hangs over them there: what is neither of the face's colour nor, above the
// eyes, of the hair's is left out. The hair's is what is seen well over forehead and temples and is
// not the skin's. Neck and shoulders that nobody sees are skin, crown and nape are hair. done: a
// zero a texel; is: scratch, one a texel.
static void leave_out_others(const struct mien_texture *t, float *colour, uint8_t *done, float *is)
{
    static const float little = 0.02f;
    const double few = 0.002 * t->side * t->side; // of hair: there is none
    const struct mien_face_model *m = t->model;
    const int width = 2 * t->side;
    size_t n = (size_t)width * (size_t)t->side;
    struct sorting sorting = {.colour = colour, .done = done, .is = is};
    for (int round = 0; round < 5; round++) { // each colour's middle, then its deviations
        enum purpose what = round < 2 ? SKIN_COLOURS : round < 4 ? HAIR_COLOURS : SORTING;
        for (int k = 0; k < m->triangles; k++) {
            sort_out(t, k, what, &sorting);
        }
        if (round == 0 || round == 2) {
            settle_mean(round ? &sorting.hair : &sorting.skin);
        }
    }
    // The rim of what is something else is a mixture: it goes as well.
    shrink(is, done, width, t->side, t->side / 100);
    float bare[3] = {0}, hairy[3] = {0};
    bool has_skin = sorting.skin.n > 0, has_hair = sorting.hair.n > few;
    if (has_skin) {
        mean_colour(&sorting.skin, bare);
    }
    if (has_hair) {
        mean_colour(&sorting.hair, hairy);
    }
    for (size_t i = 0; i < n; i++) {
        float *c = colour + 4 * i;
        if (done[i] >= BARE && (done[i] == BARE || has_hair) && has_skin) {
            float own = c[3] * is[i], hair = (float)(done[i] - BARE) / (HAIRY - BARE);
            for (int q = 0; q < 3; q++) {
                float likely = bare[q] + hair * (hairy[q] - bare[q]);
                c[q] = (own * c[q] + little * likely) / (own + little);
            }
            c[3] = fminf(1, own + little);
        } else if (done[i]) {
            c[3] *= is[i];
        }
    }
}

bool mien_texture_finish(const struct mien_texture *t, struct mien_image *out)
{
    const struct mien_face_model *m = t->model;
    const int width = 2 * t->side;
    size_t n = (size_t)width * (size_t)t->side;
    float *colour = mien_calloc(n, 4 * sizeof(float)), *seen = mien_calloc(n, 4 * sizeof(float));
    uint8_t *done = mien_calloc(n, 1);
    float *is = mien_calloc(n, sizeof(float));
    int32_t *uv_of = mien_calloc((size_t)m->vertices, sizeof(int32_t));
    bool ok = colour && seen && done && is && uv_of &&
              mien_image_create(out, width, t->side, MIEN_FORMAT_RGB8);
    for (int i = 0; ok && i < 3 * m->triangles; i++) {
        if (mien_part_is_skin(m->part[i / 3])) {
            uv_of[m->triangle[i]] = m->uv_triangle[i];
        }
    }
    for (size_t i = 0; ok && i < n; i++) {
        const float *s = t->sum + 4 * i;
        for (int k = 0; s[3] > 0 && k < 3; k++) {
            colour[4 * i + (size_t)k] = s[k] / s[3];
        }
        // A look at 60 degrees has half of the weight of certainty, and looks add up.
        colour[4 * i + 3] = fminf(1, 4 * s[3]);
    }
    if (ok) {
        leave_out_others(t, colour, done, is);
        ok = mien_texture_soften(t, colour);
    }
    if (ok) {
        memcpy(seen, colour, 4 * n * sizeof(float));
        fill_mirrored(t, uv_of, seen, colour);
        for (size_t i = 0; i < n; i++) { // how surely each was seen
            is[i] = colour[4 * i + 3];
        }
        ok = fill_from_around(colour, width, t->side) && mien_texture_join(t, is, colour);
    }
    for (size_t i = 0; ok && i < n; i++) {
        uint8_t *o = out->data + (i / (size_t)width) * out->stride + 3 * (i % (size_t)width);
        for (int k = 0; k < 3; k++) {
            o[k] = (uint8_t)fminf(255, fmaxf(0, colour[4 * i + (size_t)k] + 0.5f));
        }
    }
    mien_free(colour);
    mien_free(seen);
    mien_free(done);
    mien_free(is);
    mien_free(uv_of);
    return ok;
}

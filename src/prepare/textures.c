// Skin textures from photos: unwraps fitted near-frontal portraits into the face's UV picture,
// divides the light out and fills what the photo does not show.
//
// Light: order-2 spherical harmonics of the surface normal (Ramamoorthi and Hanrahan 2001, "An
// Efficient Representation for Irradiance Environment Maps") fitted by least squares to texture /
// mean texture; only its variation over the face is divided out, so that a skin keeps its tone. Two
// passes: the mean texture comes from the first. Colours are linear inside, sRGB in the JPEG files.
// Rows of a texture run down, v runs up. Does not: touch textures of eyes, teeth, hair.
#include "prepare/prepare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "fit/solve.h"
#include "image/image.h"

enum { SIZE = 256, TEXELS = SIZE * SIZE, ZSCALE = 2, ZSIZE = MIEN_PHOTO_SIDE_PX * ZSCALE };
enum { SH = 9, SH_ROW = 12 }; // spherical harmonics; a row of a system of them (fit/solve.h)
static const float depth_margin_mm = 3.5f;
static const float facing_min = 0.15f;
// Found by looking: 0.25 keeps 102 portraits, hardly one with glasses; 0.36 keeps 388, about one in
// ten with glasses; above it most faces wear them or stand in hard light.
static const double strange_max = 0.36;

struct texel {
    int32_t triangle; // -1: no skin here
    float w[3];
    float mirror[2]; // texel coordinates of the other side
};

struct work {
    struct mien_face_model m;
    struct mien_photos photos;
    struct mien_fit *fit;
    struct mien_jpeg_decoder *jpeg;
    struct texel *texel;             // (TEXELS)
    float *vertex, *normal, *screen; // (V,3) camera mm, (V,3) camera, (V,2) px
    float *zbuffer;                  // (ZSIZE,ZSIZE) mm from the camera
    float *colour;                   // (TEXELS,3) linear
    float *known;                    // (TEXELS) 0...1
    float *texel_normal;             // (TEXELS,3)
    float *mean, *count;             // (TEXELS,3), (TEXELS)
    float *ratio, *weight;           // push-pull pyramids: 4/3 of TEXELS
    float linear[256];
    uint8_t *srgb; // 4096 steps
};

static float to_srgb(float x)
{
    return x <= 0.0031308f ? 12.92f * x : 1.055f * powf(x, 1 / 2.4f) - 0.055f;
}

static void make_tables(struct work *k)
{
    for (int i = 0; i < 256; i++) {
        const float x = (float)i / 255;
        k->linear[i] = x <= 0.04045f ? x / 12.92f : powf((x + 0.055f) / 1.055f, 2.4f);
    }
    for (int i = 0; i < 4096; i++) {
        k->srgb[i] = (uint8_t)lrintf(255 * to_srgb((float)i / 4095));
    }
}

// UV points (texel coordinates) of a triangle's corners; false when it is not on the face's
// picture.
static bool get_corners(const struct mien_face_model *m, int t, float p[3][2])
{
    if (m->part[t] > MIEN_PART_HEAD) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        const float *uv = m->uv + 2 * m->uv_triangle[3 * t + i];
        if (uv[0] > 1) {
            return false;
        }
        p[i][0] = uv[0] * SIZE - 0.5f;
        p[i][1] = (1 - uv[1]) * SIZE - 0.5f;
    }
    return true;
}

static bool rasterise_uv(struct work *k)
{
    const struct mien_face_model *m = &k->m;
    float *uv_of = mien_calloc((size_t)m->vertices * 2, sizeof *uv_of);
    if (!uv_of) {
        return false;
    }
    for (int i = 0; i < TEXELS; i++) {
        k->texel[i].triangle = -1;
    }
    for (int t = 0; t < m->triangles; t++) {
        float p[3][2];
        if (!get_corners(m, t, p)) {
            continue;
        }
        for (int i = 0; i < 3; i++) {
            memcpy(uv_of + 2 * m->triangle[3 * t + i], p[i], sizeof p[i]);
        }
        const float area =
            (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[1][1] - p[0][1]) * (p[2][0] - p[0][0]);
        if (fabsf(area) < 1e-9f) {
            continue;
        }
        const int x0 = (int)fmaxf(0, ceilf(fminf(fminf(p[0][0], p[1][0]), p[2][0]) - 0.5f));
        const int y0 = (int)fmaxf(0, ceilf(fminf(fminf(p[0][1], p[1][1]), p[2][1]) - 0.5f));
        const int x1 = (int)fminf(SIZE - 1, fmaxf(fmaxf(p[0][0], p[1][0]), p[2][0]) + 0.5f);
        const int y1 = (int)fminf(SIZE - 1, fmaxf(fmaxf(p[0][1], p[1][1]), p[2][1]) + 0.5f);
        for (int y = y0; y <= y1; y++) {
            for (int x = x0; x <= x1; x++) {
                float w[3];
                for (int i = 0; i < 3; i++) {
                    const float *a = p[(i + 1) % 3], *b = p[(i + 2) % 3];
                    w[i] = ((a[0] - (float)x) * (b[1] - (float)y) -
                            (a[1] - (float)y) * (b[0] - (float)x)) /
                           area;
                }
                if (w[0] < -0.1f || w[1] < -0.1f || w[2] < -0.1f) {
                    continue;
                }
                struct texel *e = &k->texel[y * SIZE + x];
                e->triangle = t;
                memcpy(e->w, w, sizeof w);
            }
        }
    }
    for (int i = 0; i < TEXELS; i++) {
        struct texel *e = &k->texel[i];
        for (int c = 0; c < 3 && e->triangle >= 0; c++) {
            const int other = m->mirror[m->triangle[3 * e->triangle + c]];
            const float *uv = uv_of + 2 * (other >= 0 ? other : m->triangle[3 * e->triangle + c]);
            e->mirror[0] += e->w[c] * uv[0];
            e->mirror[1] += e->w[c] * uv[1];
        }
    }
    mien_free(uv_of);
    return true;
}

static void place_head(struct work *k, const struct mien_fit_state *s)
{
    const struct mien_face_model *m = &k->m;
    const struct mien_camera c = mien_photo_camera(1);
    mien_face_model_vertices(m, s->identity, s->blendshape, k->vertex);
    for (int i = 0; i < m->vertices; i++) {
        float q[3];
        mien_mat3_mul_vec(s->pose.R, k->vertex + 3 * i, q);
        for (int j = 0; j < 3; j++) {
            k->vertex[3 * i + j] = q[j] + s->pose.t[j];
        }
        mien_camera_project(&c, k->vertex + 3 * i, k->screen + 2 * i);
    }
    mien_face_model_normals(m, k->vertex, k->normal);
}

static void fill_zbuffer(struct work *k)
{
    const struct mien_face_model *m = &k->m;
    for (int i = 0; i < ZSIZE * ZSIZE; i++) {
        k->zbuffer[i] = 1e9f;
    }
    for (int t = 0; t < m->triangles; t++) {
        float p[3][2], z[3];
        for (int i = 0; i < 3; i++) {
            const int v = m->triangle[3 * t + i];
            p[i][0] = k->screen[2 * v] * ZSCALE;
            p[i][1] = k->screen[2 * v + 1] * ZSCALE;
            z[i] = -k->vertex[3 * v + 2];
        }
        const float area =
            (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[1][1] - p[0][1]) * (p[2][0] - p[0][0]);
        if (fabsf(area) < 1e-6f) {
            continue;
        }
        const int x0 = (int)fmaxf(0, ceilf(fminf(fminf(p[0][0], p[1][0]), p[2][0])));
        const int y0 = (int)fmaxf(0, ceilf(fminf(fminf(p[0][1], p[1][1]), p[2][1])));
        const int x1 = (int)fminf(ZSIZE - 1, fmaxf(fmaxf(p[0][0], p[1][0]), p[2][0]));
        const int y1 = (int)fminf(ZSIZE - 1, fmaxf(fmaxf(p[0][1], p[1][1]), p[2][1]));
        for (int y = y0; y <= y1; y++) {
            for (int x = x0; x <= x1; x++) {
                float w[3], depth = 0;
                for (int i = 0; i < 3; i++) {
                    const float *a = p[(i + 1) % 3], *b = p[(i + 2) % 3];
                    w[i] = ((a[0] - (float)x) * (b[1] - (float)y) -
                            (a[1] - (float)y) * (b[0] - (float)x)) /
                           area;
                    depth += w[i] * z[i];
                }
                if (w[0] >= 0 && w[1] >= 0 && w[2] >= 0 && depth < k->zbuffer[y * ZSIZE + x]) {
                    k->zbuffer[y * ZSIZE + x] = depth;
                }
            }
        }
    }
}

// colour, known and texel_normal of one photo.
static void unwrap(struct work *k, const struct mien_image *im, const float valid[4])
{
    const struct mien_face_model *m = &k->m;
    const struct mien_camera c = mien_photo_camera(1);
    memset(k->known, 0, TEXELS * sizeof(float));
    for (int i = 0; i < TEXELS; i++) {
        const struct texel *e = &k->texel[i];
        if (e->triangle < 0) {
            continue;
        }
        float p[3] = {0}, n[3] = {0}, px[2];
        for (int j = 0; j < 3; j++) {
            const int v = m->triangle[3 * e->triangle + j];
            for (int a = 0; a < 3; a++) {
                p[a] += e->w[j] * k->vertex[3 * v + a];
                n[a] += e->w[j] * k->normal[3 * v + a];
            }
        }
        memcpy(k->texel_normal + 3 * i, n, sizeof n);
        const float away = sqrtf(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
        const float facing = -(n[0] * p[0] + n[1] * p[1] + n[2] * p[2]) / away;
        if (facing < facing_min || !mien_camera_project(&c, p, px) || px[0] < valid[0] + 1 ||
            px[1] < valid[1] + 1 || px[0] > valid[2] - 2 || px[1] > valid[3] - 2) {
            continue;
        }
        const int zx = (int)(px[0] * ZSCALE + 0.5f), zy = (int)(px[1] * ZSCALE + 0.5f);
        if (-p[2] > k->zbuffer[zy * ZSIZE + zx] + depth_margin_mm) {
            continue;
        }
        const int x = (int)px[0], y = (int)px[1];
        const float fx = px[0] - (float)x, fy = px[1] - (float)y;
        const uint8_t *a = im->data + (size_t)y * im->stride + (size_t)x * 3, *b = a + im->stride;
        for (int j = 0; j < 3; j++) {
            const float top = k->linear[a[j]] * (1 - fx) + k->linear[a[j + 3]] * fx;
            const float low = k->linear[b[j]] * (1 - fx) + k->linear[b[j + 3]] * fx;
            k->colour[3 * i + j] = top * (1 - fy) + low * fy;
        }
        // Only the narrow face: ears, throat and scalp are hair and clothes on most photos, and are
        // filled from the face's own tone instead.
        const float *rest = m->mean + 3 * m->triangle[3 * e->triangle];
        const bool rim = rest[2] < 32 || (rest[1] < -92 && rest[2] < 72); // sideburns, collar
        if (m->part[e->triangle] == MIEN_PART_FACE && !rim) {
            k->known[i] = fminf((facing - facing_min) / 0.25f, 1);
        }
    }
}

static void sh_basis(const float *n, double b[SH])
{
    const double x = n[0], y = n[1], z = n[2];
    const double v[SH] = {1, x, y, z, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y};
    memcpy(b, v, sizeof v);
}

// Divides the light's variation out of `colour`: with a mean texture by spherical harmonics of
// colour / mean; returns false when the face shows too little.
static bool divide_light(struct work *k)
{
    double A[(SH + 1) * SH_ROW] = {0}, rhs[3][SH] = {{0}}, basis[SH], average[3] = {0}, total = 0;
    for (int i = 0; i < TEXELS; i++) {
        if (k->known[i] < 0.3f || k->count[i] < 20) {
            continue;
        }
        float r[3];
        for (int c = 0; c < 3; c++) {
            r[c] = k->colour[3 * i + c] / fmaxf(k->mean[3 * i + c], 0.01f);
        }
        sh_basis(k->texel_normal + 3 * i, basis);
        for (int a = 0; a < SH; a++) {
            for (int b = a; b < SH; b++) {
                A[a * SH_ROW + b] += basis[a] * basis[b];
            }
            for (int c = 0; c < 3; c++) {
                rhs[c][a] += basis[a] * fminf(r[c], 3);
            }
        }
        total++;
    }
    if (total < TEXELS / 10) {
        return false;
    }
    for (int a = 0; a < SH; a++) {
        A[a * SH_ROW + a] += 0.003 * total; // steep light where few texels face is not believed
    }
    for (int c = 0; c < 3; c++) {
        double copy[(SH + 1) * SH_ROW];
        memcpy(copy, A, sizeof A);
        if (!mien_fit_cholesky(copy, rhs[c], SH, SH_ROW)) {
            return false;
        }
    }
    for (int pass = 0; pass < 2; pass++) { // the average light, then the division
        for (int i = 0; i < TEXELS; i++) {
            if (k->known[i] <= 0) {
                continue;
            }
            sh_basis(k->texel_normal + 3 * i, basis);
            for (int c = 0; c < 3; c++) {
                double light = 0;
                for (int a = 0; a < SH; a++) {
                    light += basis[a] * rhs[c][a];
                }
                if (pass == 0) {
                    average[c] += light / total * (k->known[i] >= 0.3f && k->count[i] >= 20);
                } else {
                    k->colour[3 * i + c] *= (float)(average[c] / fmax(light, 0.25 * average[c]));
                }
            }
        }
    }
    return true;
}

// Fills the holes of an image of ratios by averages of ever larger squares (push-pull; Gortler et
// al. 1996, "The Lumigraph"). ratio and weight hold the level 0 and room for the smaller ones.
static void push_pull(float *ratio, float *weight)
{
    int side = SIZE;
    size_t at = 0;
    while (side > 1) {
        const size_t next = at + (size_t)side * (size_t)side;
        const int half = side / 2;
        for (int i = 0; i < half * half; i++) {
            const int x = i % half * 2, y = i / half * 2;
            float w = 0, c[3] = {0};
            for (int j = 0; j < 4; j++) {
                const size_t k = at + (size_t)((y + j / 2) * side + x + j % 2);
                w += weight[k];
                for (int a = 0; a < 3; a++) {
                    c[a] += weight[k] * ratio[3 * k + (size_t)a];
                }
            }
            for (int a = 0; a < 3; a++) {
                ratio[3 * (next + (size_t)i) + (size_t)a] = w > 1e-6f ? c[a] / w : 0;
            }
            weight[next + (size_t)i] = fminf(w, 1);
        }
        at = next;
        side = half;
    }
    while (side < SIZE) {
        const size_t coarse = at;
        const int half = side;
        side *= 2;
        at -= (size_t)side * (size_t)side;
        for (int i = 0; i < side * side; i++) {
            const float w = weight[at + (size_t)i];
            if (w >= 1) {
                continue;
            }
            // bilinear from the coarser level
            const float fx = fminf(fmaxf(((float)(i % side) - 0.5f) / 2, 0), (float)half - 1.001f);
            const float fy = fminf(fmaxf(((float)(i / side) - 0.5f) / 2, 0), (float)half - 1.001f);
            const int x = half > 1 ? (int)fx : 0, y = half > 1 ? (int)fy : 0;
            const int dx = half > 1, dy = half > 1 ? half : 0;
            const float u = half > 1 ? fx - (float)x : 0, v = half > 1 ? fy - (float)y : 0;
            const size_t k = coarse + (size_t)(y * half + x);
            for (size_t a = 0; a < 3; a++) {
                const float top = ratio[3 * k + a] * (1 - u) + ratio[3 * (k + (size_t)dx) + a] * u;
                const float low = ratio[3 * (k + (size_t)dy) + a] * (1 - u) +
                                  ratio[3 * (k + (size_t)(dy + dx)) + a] * u;
                float *r = &ratio[3 * (at + (size_t)i) + a];
                *r = w * *r + (1 - w) * (top * (1 - v) + low * v);
            }
            weight[at + (size_t)i] = 1;
        }
    }
}

// Smooths `known` and keeps it below its worst neighbour: seams fade over some texels.
static void feather_edges(float *known, float *scratch)
{
    enum { REACH = 4 };
    for (int axis = 0; axis < 2; axis++) {
        const int step = axis ? SIZE : 1;
        for (int i = 0; i < TEXELS; i++) {
            const int at = axis ? i / SIZE : i % SIZE;
            float least = 1;
            for (int d = -REACH; d <= REACH; d++) {
                if (at + d >= 0 && at + d < SIZE) {
                    const float soft = known[i + d * step] + (float)abs(d) / (REACH + 1);
                    least = fminf(least, soft);
                }
            }
            scratch[i] = least;
        }
        memcpy(known, scratch, TEXELS * sizeof(float));
    }
}

// Hair, hats and hands: texels much darker or brighter than the face's own ratio to the mean, above
// the brows and at the rim. Beards (lower half) stay.
static void drop_strangers(struct work *k)
{
    double sum = 0, n = 0;
    for (int i = 0; i < TEXELS; i++) {
        if (k->known[i] > 0.5f && k->count[i] > 20) {
            sum += log(fmaxf(k->colour[3 * i + 1], 0.003f) / fmaxf(k->mean[3 * i + 1], 0.01f));
            n++;
        }
    }
    const float own = n > 0 ? expf((float)(sum / n)) : 1;
    for (int i = 0; i < TEXELS; i++) {
        if (k->known[i] <= 0) {
            continue;
        }
        float worst = 0;
        for (int c = 0; c < 3; c++) {
            const float r =
                fmaxf(k->colour[3 * i + c], 0.003f) / (own * fmaxf(k->mean[3 * i + c], 0.01f));
            worst = fmaxf(worst, fabsf(logf(r)));
        }
        const float *p = k->m.mean + 3 * k->m.triangle[3 * k->texel[i].triangle];
        const bool upper = p[1] > 45 || p[2] < 40; // forehead; sides
        const float limit = upper ? 0.45f : 1.3f;
        if (worst > limit) {
            k->known[i] *= fmaxf(0, 1 - (worst - limit) / 0.15f);
        }
    }
}

// The texture of the photo in `colour`/`known` into RGB8.
static void complete_texture(struct work *k, struct mien_image *out)
{
    feather_edges(k->known, k->weight);
    // the other side, where only it is seen
    for (int i = 0; i < TEXELS; i++) {
        const struct texel *e = &k->texel[i];
        k->weight[i] = k->known[i];
        for (int c = 0; c < 3; c++) {
            k->ratio[3 * i + c] = k->colour[3 * i + c];
        }
        if (e->triangle < 0 || k->known[i] >= 1) {
            continue;
        }
        const int x = (int)fminf(fmaxf(e->mirror[0] + 0.5f, 0), SIZE - 1);
        const int y = (int)fminf(fmaxf(e->mirror[1] + 0.5f, 0), SIZE - 1);
        const int j = y * SIZE + x;
        const float w = fminf(k->known[j], 1 - k->known[i]), all = k->known[i] + w;
        if (all > 1e-3f) {
            for (int c = 0; c < 3; c++) {
                k->ratio[3 * i + c] =
                    (k->known[i] * k->colour[3 * i + c] + w * k->colour[3 * j + c]) / all;
            }
            k->weight[i] = all;
        }
    }
    // the mean at low frequency: the ratio to it is filled, then multiplied back
    for (int i = 0; i < TEXELS; i++) {
        for (int c = 0; c < 3; c++) {
            k->ratio[3 * i + c] =
                k->weight[i] > 0 ? k->ratio[3 * i + c] / fmaxf(k->mean[3 * i + c], 0.01f) : 0;
        }
    }
    push_pull(k->ratio, k->weight);
    for (int i = 0; i < TEXELS; i++) {
        uint8_t *p = out->data + (size_t)(i / SIZE) * out->stride + (size_t)(i % SIZE) * 3;
        for (int c = 0; c < 3; c++) {
            const float v = k->ratio[3 * i + c] * fmaxf(k->mean[3 * i + c], 0.01f);
            p[c] = k->srgb[(int)(4095 * fminf(fmaxf(v, 0), 1))];
        }
    }
}

static bool is_suitable(struct work *k, int i, struct mien_fit_state *s)
{
    const struct mien_photo_row *r = &k->photos.row[i];
    const struct mien_camera camera = mien_photo_camera(1);
    float yaw = 0, pitch = 0, roll = 0;
    if (strncmp(r->source, "portraits", 9) || !r->colour || r->validation || r->agree > 2 ||
        !mien_photo_fit(&k->photos, &k->m, k->fit, &camera, i, s) || s->rms > 0.009f) {
        return false;
    }
    mien_pose_to_angles(s->pose.R, &yaw, &pitch, &roll);
    return fabsf(yaw) < 18 && fabsf(pitch) < 15 && s->blendshape[MIEN_BS_JAW_OPEN] < 0.25f;
}

// Light and dark halves alike, enough light, and the colour of skin (linear R : G : B of skins of
// all tones is near 1.6 : 1 : 0.75; sepia prints and tinted scans are not).
static bool is_evenly_lit(const struct work *k)
{
    double side[2] = {0}, n[2] = {0}, all[3] = {0};
    for (int i = 0; i < TEXELS; i++) {
        if (k->known[i] < 0.5f) {
            continue;
        }
        const int s = k->m.mean[3 * k->m.triangle[3 * k->texel[i].triangle]] > 0;
        side[s] += (double)k->colour[3 * i + 1];
        n[s]++;
        for (int c = 0; c < 3; c++) {
            all[c] += (double)k->colour[3 * i + c];
        }
    }
    if (n[0] < TEXELS / 20 || n[1] < TEXELS / 20) {
        return false;
    }
    const double a = side[0] / n[0], b = side[1] / n[1];
    const double rg = all[0] / all[1], gb = all[1] / all[2];
    return rg > 1.2 && rg < 2.5 && gb > 0.95 && gb < 2.2 && a < 1.8 * b && b < 1.8 * a &&
           a + b > 0.08 && a + b < 1.2;
}

// How unlike the mean the eyes' surroundings are once light and tone are divided out: glasses, deep
// shadows and hair over the eyes score high. Standard deviation of the logarithm.
static double strangeness(const struct work *k)
{
    double sum = 0, square = 0, n = 0;
    for (int i = 0; i < TEXELS; i++) {
        if (k->known[i] < 0.5f || k->count[i] < 20) {
            continue;
        }
        const float *p = k->m.mean + 3 * k->m.triangle[3 * k->texel[i].triangle];
        if (p[1] < -20 || p[1] > 35) { // from the nose's tip to the brows
            continue;
        }
        const double r =
            log(fmaxf(k->colour[3 * i + 1], 0.003f) / fmaxf(k->mean[3 * i + 1], 0.01f));
        sum += r;
        square += r * r;
        n++;
    }
    return n > 0 ? sqrt(fmax(0, square / n - sum / n * sum / n)) : 1;
}

static void normalise_mean(struct work *k)
{
    memcpy(k->weight, k->count, TEXELS * sizeof(float));
    for (int i = 0; i < TEXELS; i++) {
        const float n = k->count[i];
        for (int c = 0; c < 3; c++) {
            k->ratio[3 * i + c] = n > 0 ? k->mean[3 * i + c] / n : 0;
        }
        k->weight[i] = fminf(n / 20, 1);
    }
    push_pull(k->ratio, k->weight);
    memcpy(k->mean, k->ratio, TEXELS * 3 * sizeof(float));
}

// One pass over the photos. pass 0 adds to the mean; pass 1 divides the light by it and adds to a
// second mean; pass 2 writes.
static int run_pass(struct work *k, int pass, const char *dir, int limit)
{
    int made = 0;
    float *next = NULL, *next_count = NULL;
    struct mien_image photo = {0}, out = {0};
    if (pass == 1) {
        next = mien_calloc(TEXELS * 3, sizeof *next);
        next_count = mien_calloc(TEXELS, sizeof *next_count);
    }
    if ((pass == 1 && (!next || !next_count)) ||
        !mien_image_create(&out, SIZE, SIZE, MIEN_FORMAT_RGB8)) {
        goto out;
    }
    for (int i = 0; i < k->photos.count && made < limit; i++) {
        struct mien_fit_state s;
        const struct mien_photo_row *r = &k->photos.row[i];
        if (!is_suitable(k, i, &s) ||
            !mien_jpeg_decode(k->jpeg, k->photos.jpeg + r->offset, r->bytes, MIEN_FORMAT_RGB8,
                              false, &photo, NULL) ||
            photo.width != MIEN_PHOTO_SIDE_PX || photo.height != MIEN_PHOTO_SIDE_PX) {
            continue;
        }
        place_head(k, &s);
        fill_zbuffer(k);
        unwrap(k, &photo, r->valid_px);
        if (!is_evenly_lit(k) || (pass > 0 && !divide_light(k))) {
            continue;
        }
        if (pass > 0) {
            const double odd = strangeness(k);
            mien_debug("photo %d: strangeness %.3f", i, odd);
            if (odd > strange_max) {
                continue;
            }
            drop_strangers(k);
        }
        float *mean = pass == 0 ? k->mean : next, *count = pass == 0 ? k->count : next_count;
        if (pass < 2) {
            for (int t = 0; t < TEXELS; t++) {
                count[t] += k->known[t];
                for (int c = 0; c < 3; c++) {
                    mean[3 * t + c] += k->known[t] * k->colour[3 * t + c];
                }
            }
        } else {
            char path[1100];
            complete_texture(k, &out);
            snprintf(path, sizeof path, "%s/skin%04d.jpg", dir, made);
            if (!mien_jpeg_save(path, &out, 93)) {
                made = -1;
                break;
            }
        }
        made++;
    }
    if (pass == 1) {
        memcpy(k->mean, next, TEXELS * 3 * sizeof(float));
        memcpy(k->count, next_count, TEXELS * sizeof(float));
    }
    if (pass < 2) {
        normalise_mean(k);
    }
out:
    mien_image_destroy(&photo);
    mien_image_destroy(&out);
    mien_free(next);
    mien_free(next_count);
    return made;
}

int mien_prepare_textures(const struct mien_prepare_options *o)
{
    char dir[1024];
    struct work k = {0};
    int status = 1;
    if (!mien_photos_dir(dir)) {
        return 2;
    }
    const size_t pyramid = TEXELS / 3 * 4 + 64;
    if (mien_dir_make(o->out) && mien_photos_load(&k.photos, dir) &&
        mien_face_model_load(&k.m, NULL) && (k.fit = mien_fit_create(&k.m)) &&
        (k.jpeg = mien_jpeg_decoder_create()) && (k.texel = mien_calloc(TEXELS, sizeof *k.texel)) &&
        (k.vertex = mien_calloc((size_t)k.m.vertices * 3, sizeof(float))) &&
        (k.normal = mien_calloc((size_t)k.m.vertices * MIEN_NORMAL_ROOM, sizeof(float))) &&
        (k.screen = mien_calloc((size_t)k.m.vertices * 2, sizeof(float))) &&
        (k.zbuffer = mien_calloc(ZSIZE * ZSIZE, sizeof(float))) &&
        (k.colour = mien_calloc(TEXELS * 3, sizeof(float))) &&
        (k.known = mien_calloc(TEXELS, sizeof(float))) &&
        (k.texel_normal = mien_calloc(TEXELS * 3, sizeof(float))) &&
        (k.mean = mien_calloc(TEXELS * 3, sizeof(float))) &&
        (k.count = mien_calloc(TEXELS, sizeof(float))) &&
        (k.ratio = mien_calloc(pyramid * 3, sizeof(float))) &&
        (k.weight = mien_calloc(pyramid, sizeof(float))) && (k.srgb = mien_calloc(4096, 1)) &&
        rasterise_uv(&k)) {
        make_tables(&k);
        const int limit = o->limit > 0 ? o->limit : 450;
        // a hundred faces give a mean that more do not change
        int made = run_pass(&k, 0, o->out, limit < 100 ? limit : 100);
        made = made > 0 ? run_pass(&k, 1, o->out, limit < 100 ? limit : 100) : made;
        made = made > 0 ? run_pass(&k, 2, o->out, limit) : made;
        if (made > 0) {
            printf("textures: %d of %d x %d px in %s\n", made, SIZE, SIZE, o->out);
            status = 0;
        } else {
            mien_error("no texture was made");
        }
    }
    mien_photos_destroy(&k.photos);
    mien_fit_destroy(k.fit);
    mien_jpeg_decoder_destroy(k.jpeg);
    mien_face_model_destroy(&k.m);
    void *const block[] = {k.texel,  k.vertex, k.normal,       k.screen, k.zbuffer,
                           k.colour, k.known,  k.texel_normal, k.mean,   k.count,
                           k.ratio,  k.weight, k.srgb};
    for (size_t i = 0; i < MIEN_COUNT(block); i++) {
        mien_free(block[i]);
    }
    return status;
}

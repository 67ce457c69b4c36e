// The mask pictures over the face part's UV square, brow styles and tiling noise.
//
// Regions are drawn from the 68 iBUG points' places in UV and from rest positions (assets.h), so
// that they hold for any face model with the same landmarks. Deterministic.
#include "synth/assets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "synth/raster.h"

enum { N = MIEN_SYNTH_UV };

static float smooth(float lo, float hi, float x)
{
    float t = (x - lo) / (hi - lo);
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return t * t * (3 - 2 * t);
}

static float segment_distance(const float *p, const float *a, const float *b)
{
    float dx = b[0] - a[0], dy = b[1] - a[1], l = dx * dx + dy * dy;
    float t = l > 0 ? ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / l : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    float ex = p[0] - a[0] - t * dx, ey = p[1] - a[1] - t * dy;
    return sqrtf(ex * ex + ey * ey);
}

// Negative inside.
static float polygon_distance(const float *p, const float (*q)[2], int n)
{
    float best = 1e9f;
    bool in = false;
    for (int i = 0, j = n - 1; i < n; j = i++) {
        float d = segment_distance(p, q[j], q[i]);
        best = d < best ? d : best;
        if ((q[i][1] > p[1]) != (q[j][1] > p[1]) &&
            p[0] < (q[j][0] - q[i][0]) * (p[1] - q[i][1]) / (q[j][1] - q[i][1]) + q[i][0]) {
            in = !in;
        }
    }
    return in ? -best : best;
}

static float line_distance(const float *p, const float (*q)[2], int n)
{
    float best = 1e9f;
    for (int i = 0; i + 1 < n; i++) {
        float d = segment_distance(p, q[i], q[i + 1]);
        best = d < best ? d : best;
    }
    return best;
}

static float blob(const float *p, float x, float y, float rx, float ry)
{
    float dx = (p[0] - x) / rx, dy = (p[1] - y) / ry, d = dx * dx + dy * dy;
    return expf(-d);
}

// UV of the iBUG points, found through the landmark triangles' corners.
static bool ibug_uv(const struct mien_synth_assets *a, float uv[MIEN_IBUG][2])
{
    const struct mien_face_model *m = a->model;
    int32_t *map = mien_calloc((size_t)m->vertices, sizeof *map);
    if (!map) {
        return false;
    }
    for (int t = 0; t < m->triangles; t++) {
        for (int i = 0; i < 3 && m->part[t] == MIEN_PART_FACE; i++) {
            map[m->triangle[3 * t + i]] = m->uv_triangle[3 * t + i] + 1;
        }
    }
    bool ok = true;
    for (int k = 0; k < MIEN_IBUG; k++) {
        const struct mien_landmark *l = &m->landmark[m->ibug[k]];
        float w = 0;
        uv[k][0] = uv[k][1] = 0;
        for (int i = 0; i < 3; i++) {
            int u = map[l->vertex[i]] - 1;
            if (u >= 0) {
                uv[k][0] += l->weight[i] * m->uv[2 * u];
                uv[k][1] += l->weight[i] * m->uv[2 * u + 1];
                w += l->weight[i];
            }
        }
        if (w < 0.2f) {
            mien_error("face model: iBUG point %d does not lie on the face part", k);
            ok = false;
            break;
        }
        uv[k][0] /= w;
        uv[k][1] /= w;
    }
    mien_free(map);
    return ok;
}

// Rest positions over UV space: (N,N,3), and which texels are covered.
static bool unwrap(const struct mien_synth_assets *a, float *rest, struct mien_raster *r)
{
    const struct mien_face_model *m = a->model;
    mien_raster_vertex *v = mien_calloc((size_t)m->uvs, sizeof *v);
    int32_t *tri = mien_calloc((size_t)m->triangles * 3, sizeof *tri);
    int32_t *source = mien_calloc((size_t)m->triangles, sizeof *source);
    bool ok = v && tri && source;
    int n = 0;
    for (int i = 0; ok && i < m->uvs; i++) {
        v[i][0] = m->uv[2 * i] * N - 0.5f;
        v[i][1] = (1 - m->uv[2 * i + 1]) * N - 0.5f;
        v[i][2] = 1;
    }
    for (int t = 0; ok && t < m->triangles; t++) {
        if (m->part[t] == MIEN_PART_FACE) {
            memcpy(tri + 3 * n, m->uv_triangle + 3 * t, 3 * sizeof *tri);
            source[n++] = t;
        }
    }
    if (ok) {
        mien_raster_draw(r, (const mien_raster_vertex *)v, tri, n, 1, MIEN_RASTER_BOTH);
    }
    for (int i = 0; ok && i < N * N; i++) {
        float w[3];
        if (!r->id[i]) {
            continue;
        }
        const int32_t *u = tri + 3 * (r->id[i] - 1);
        const int32_t *k = m->triangle + 3 * source[r->id[i] - 1];
        if (!mien_raster_weights(v[u[0]], v[u[1]], v[u[2]], (float)(i % N), (float)(i / N), w)) {
            continue;
        }
        for (int c = 0; c < 3; c++) {
            rest[3 * i + c] = w[0] * a->rest[3 * k[0] + c] + w[1] * a->rest[3 * k[1] + c] +
                              w[2] * a->rest[3 * k[2] + c];
        }
    }
    mien_free(v);
    mien_free(tri);
    mien_free(source);
    return ok;
}

static void put(uint8_t *mask, int channel, float x)
{
    mask[channel] = (uint8_t)(255 * (x < 0 ? 0 : x > 1 ? 1 : x) + 0.5f);
}

static void texel(const float (*u)[2], const float *p, const float *rest, bool covered,
                  uint8_t *out)
{
    // Lips: inside the outer contour; the inner contour's slit is the mouth's own edge.
    float lip = polygon_distance(p, u + 48, 12);
    put(out, MIEN_MASK_LIP, 1 - smooth(-0.005f, 0.004f, lip));
    float seam[5][2], lash = 1e9f, lid = 0, under = 0;
    memcpy(seam, u + 60, sizeof seam);
    put(out, MIEN_MASK_LIP_LINE,
        expf(-line_distance(p, u + 60, 5) * 220) + 0.6f * expf(-fabsf(lip) * 260));
    float fold = 0;
    for (int e = 0; e < 2; e++) {
        // Points of one eye from the outer to the inner corner along the upper lid, then back.
        const int *k = (const int[2][6]){{36, 37, 38, 39, 40, 41}, {45, 44, 43, 42, 47, 46}}[e];
        float upper[4][2], lower[4][2], s = e ? 1 : -1;
        for (int i = 0; i < 4; i++) {
            memcpy(upper[i], u[k[i]], sizeof upper[i]);
        }
        memcpy(lower[0], u[k[0]], sizeof lower[0]);
        memcpy(lower[1], u[k[5]], sizeof lower[1]);
        memcpy(lower[2], u[k[4]], sizeof lower[2]);
        memcpy(lower[3], u[k[3]], sizeof lower[3]);
        float dark = line_distance(p, (const float(*)[2])upper, 4);
        lash = fminf(lash, dark);
        lash = fminf(lash, line_distance(p, (const float(*)[2])lower, 4) * 1.6f + 0.004f);
        float cx = (u[k[0]][0] + u[k[3]][0]) / 2, cy = (u[k[1]][1] + u[k[4]][1]) / 2;
        lid = fmaxf(lid, blob(p, cx + s * 0.008f, cy + 0.033f, 0.062f, 0.03f));
        under = fmaxf(under, blob(p, cx - s * 0.006f, cy - 0.036f, 0.055f, 0.022f));
        // Lid crease, bag under the eye, crow's feet.
        float crease[4][2], bag[4][2];
        for (int i = 0; i < 4; i++) {
            crease[i][0] = upper[i][0] + (i == 0 ? s * 0.008f : 0);
            crease[i][1] = upper[i][1] + (float[]){0.012f, 0.022f, 0.022f, 0.012f}[i];
            bag[i][0] = lower[i][0];
            bag[i][1] = lower[i][1] - (float[]){0.02f, 0.036f, 0.04f, 0.022f}[i];
        }
        fold = fmaxf(fold, 0.8f * expf(-line_distance(p, (const float(*)[2])crease, 4) * 180));
        fold = fmaxf(fold, 0.6f * expf(-line_distance(p, (const float(*)[2])bag, 4) * 150));
        for (int i = 0; i < 3; i++) {
            float q[2][2] = {{u[k[0]][0] + s * 0.025f, u[k[0]][1] + 0.004f - 0.012f * (float)i},
                             {u[k[0]][0] + s * 0.065f, u[k[0]][1] + 0.022f - 0.026f * (float)i}};
            fold = fmaxf(fold, 0.6f * expf(-segment_distance(p, q[0], q[1]) * 320));
        }
        // Nasolabial fold: from the wing of the nose past the corner of the mouth.
        const float *wing = u[e ? 35 : 31], *corner = u[e ? 54 : 48];
        float n[4][2] = {{wing[0] + s * 0.03f, wing[1] + 0.035f},
                         {wing[0] + s * 0.06f, wing[1] - 0.005f},
                         {corner[0] + s * 0.04f, corner[1] + 0.02f},
                         {corner[0] + s * 0.035f, corner[1] - 0.03f}};
        fold = fmaxf(fold, expf(-line_distance(p, (const float(*)[2])n, 4) * 130));
        float mario[2][2] = {{corner[0] + s * 0.012f, corner[1] - 0.01f},
                             {corner[0] + s * 0.025f, corner[1] - 0.07f}};
        fold = fmaxf(fold, 0.5f * expf(-segment_distance(p, mario[0], mario[1]) * 160));
        float frown[2][2] = {{0.5f + s * 0.018f, u[27][1] + 0.04f},
                             {0.5f + s * 0.022f, u[27][1] + 0.1f}};
        fold = fmaxf(fold, 0.6f * expf(-segment_distance(p, frown[0], frown[1]) * 260));
    }
    put(out, MIEN_MASK_LASH, 1 - smooth(0.002f, 0.012f, lash));
    put(out, MIEN_MASK_LID, lid);
    put(out, MIEN_MASK_UNDER_EYE, under);
    put(out, MIEN_MASK_FOLD, fold);
    // Forehead lines: gently waved levels above the brows.
    float brow = (u[19][1] + u[24][1]) / 2, lines = 0;
    for (int i = 0; i < 4; i++) {
        float level = brow + 0.045f + 0.028f * (float)i + 0.006f * cosf((p[0] - 0.5f) * 20);
        lines = fmaxf(lines, expf(-fabsf(p[1] - level) * 300));
    }
    put(out, MIEN_MASK_FOREHEAD, lines * (1 - smooth(0.1f, 0.17f, fabsf(p[0] - 0.5f))));
    float cheek = fmaxf(blob(p, 0.3f, 0.57f, 0.075f, 0.06f), blob(p, 0.7f, 0.57f, 0.075f, 0.06f));
    put(out, MIEN_MASK_CHEEK, cheek);
    put(out, MIEN_MASK_RED,
        fmaxf(blob(p, 0.5f, u[30][1], 0.05f, 0.05f), covered && fabsf(rest[0]) > 74 ? 1.0f : 0));
    // Beard: below a line from the sideburn to the corner of the mouth and the lower lip.
    float x = fabsf(rest[0]), y = rest[1];
    float line = x < 28 ? -50 + 0.3f * x : -42 + (x - 28) * (x - 28) * 0.0295f;
    float chin =
        smooth(9, -12, y - line) * smooth(-128, -92, y) * (1 - smooth(-8, 8, 20 - rest[2]));
    float patch = x < 7 && y > -62 ? 0.7f : 1;
    put(out, MIEN_MASK_BEARD, covered ? chin * patch * smooth(0.0f, 0.012f, lip) : 0);
    float top = -13 - x * x * 0.006f, bottom = -24 - x * x * 0.022f;
    float lipside = smooth(-0.002f, 0.006f, lip);
    float tache =
        smooth(3, -5, y - top) * smooth(-16, -5, y - bottom) * smooth(38, 27, x) * lipside;
    float corner =
        smooth(-60, -50, y) * smooth(-24, -32, y) * smooth(40, 34, x) * smooth(25, 30, x) * lipside;
    put(out, MIEN_MASK_MOUSTACHE, covered && rest[2] > 60 ? fmaxf(tache, corner * 0.8f) : 0);
    // Where a photo's texture is trusted: away from the edge of the narrow face.
    float inside =
        smooth(78, 62, x) * smooth(-100, -82, y) * smooth(100, 84, y) * smooth(10, 35, rest[2]);
    put(out, MIEN_MASK_INSIDE, covered ? inside : 0);
}

// Strands along a brow: rooted around the line through the five brow points.
static void draw_brow(const float (*u)[2], int style, uint8_t *out)
{
    struct mien_rng r;
    mien_rng_seed(&r, 77, (uint64_t)style);
    float thick = 0.011f + 0.0017f * (float)(style % 6), arch = mien_rng_range(&r, -0.004f, 0.008f);
    float drop = mien_rng_range(&r, -0.006f, 0.005f), tail = mien_rng_range(&r, 0, 0.009f);
    int strands = 260 + 90 * (style % 6);
    float *acc = mien_calloc((size_t)N * N, sizeof *acc);
    if (!acc) {
        return;
    }
    for (int side = 0; side < 2; side++) {
        const float(*b)[2] = u + (side ? 22 : 17);
        for (int k = 0; k < strands * 2; k++) {
            float t = mien_rng_float(&r), across = mien_rng_normal(&r) * 0.42f;
            across = across < -1 ? -1 : across > 1 ? 1 : across;
            // t = 0 at the inner end.
            float f = (side ? t : 1 - t) * 4, x, y;
            int i = f >= 4 ? 3 : (int)f;
            f -= (float)i;
            x = b[i][0] + (b[i + 1][0] - b[i][0]) * f;
            y = b[i][1] + (b[i + 1][1] - b[i][1]) * f;
            float s = side ? 1 : -1;
            y += arch * sinf(t * 3.0f) + drop * (1 - t) - tail * smooth(0.6f, 1, t) - 0.012f;
            x += s * tail * 0.5f * t;
            float width = thick * (0.65f + 0.7f * sinf(0.5f + t * 2.0f)) * (1 - 0.75f * t * t * t);
            y += across * width;
            float length = mien_rng_range(&r, 0.012f, 0.024f) * (1 - 0.3f * t);
            // Inner hairs stand up, outer ones lie along.
            float angle = 1.35f - 1.35f * smooth(0, 0.45f, t) -
                          across * 0.5f * smooth(0.2f, 0.6f, t) + mien_rng_normal(&r) * 0.12f -
                          0.25f * smooth(0.6f, 1, t);
            float dx = s * cosf(angle), dy = sinf(angle), dark = mien_rng_range(&r, 0.25f, 0.5f);
            for (int q = 0; q < 14; q++) {
                float w = (float)q / 13, px = (x + dx * length * w) * N - 0.5f,
                      py = (1 - y - dy * length * w) * N - 0.5f;
                int ix = (int)floorf(px), iy = (int)floorf(py);
                if (ix < 0 || iy < 0 || ix + 1 >= N || iy + 1 >= N) {
                    continue;
                }
                float fx = px - (float)ix, fy = py - (float)iy, v = dark * (1 - w * 0.7f) * 0.55f;
                acc[iy * N + ix] += v * (1 - fx) * (1 - fy);
                acc[iy * N + ix + 1] += v * fx * (1 - fy);
                acc[(iy + 1) * N + ix] += v * (1 - fx) * fy;
                acc[(iy + 1) * N + ix + 1] += v * fx * fy;
            }
        }
    }
    for (int i = 0; i < N * N; i++) {
        out[i] = (uint8_t)(255 * (1 - expf(-acc[i] * 1.3f)));
    }
    mien_free(acc);
}

bool mien_synth_make_masks(struct mien_synth_assets *a)
{
    float uv[MIEN_IBUG][2];
    struct mien_raster r;
    float *rest = mien_calloc((size_t)N * N * 3, sizeof *rest);
    a->mask = mien_calloc((size_t)N * N, MIEN_MASKS);
    bool ok =
        mien_raster_create(&r, N, N) && rest && a->mask && ibug_uv(a, uv) && unwrap(a, rest, &r);
    for (int i = 0; ok && i < N * N; i++) {
        float p[2] = {((float)(i % N) + 0.5f) / N, 1 - ((float)(i / N) + 0.5f) / N};
        texel((const float(*)[2])uv, p, rest + 3 * i, r.id[i] != 0,
              a->mask + (size_t)i * MIEN_MASKS);
    }
    for (int k = 0; ok && k < MIEN_SYNTH_BROWS; k++) {
        a->brow[k] = mien_calloc((size_t)N * N, 1);
        ok = a->brow[k] != NULL;
        if (ok) {
            draw_brow((const float(*)[2])uv, k, a->brow[k]);
        }
    }
    mien_raster_destroy(&r);
    mien_free(rest);
    return ok;
}

// Value noise on a tiling lattice of nx by ny cells.
static float lattice(uint32_t seed, int x, int y, int nx, int ny)
{
    uint32_t h = seed * 0x9e3779b9u + (uint32_t)((x % nx + nx) % nx) * 0x85ebca6bu +
                 (uint32_t)((y % ny + ny) % ny) * 0xc2b2ae35u;
    h ^= h >> 15;
    h *= 0x2c1b3c6du;
    h ^= h >> 12;
    h *= 0x297a2d39u;
    h ^= h >> 15;
    return (float)(h & 0xffff) / 32767.5f - 1;
}

static float value_noise(uint32_t seed, float x, float y, int nx, int ny)
{
    int ix = (int)floorf(x), iy = (int)floorf(y);
    float fx = x - (float)ix, fy = y - (float)iy;
    fx = fx * fx * (3 - 2 * fx);
    fy = fy * fy * (3 - 2 * fy);
    float a = lattice(seed, ix, iy, nx, ny), b = lattice(seed, ix + 1, iy, nx, ny);
    float c = lattice(seed, ix, iy + 1, nx, ny), d = lattice(seed, ix + 1, iy + 1, nx, ny);
    return (a + (b - a) * fx) * (1 - fy) + (c + (d - c) * fx) * fy;
}

bool mien_synth_make_noise(struct mien_synth_assets *a)
{
    enum { S = MIEN_SYNTH_NOISE };
    a->noise = mien_calloc((size_t)S * S, 4);
    if (!a->noise) {
        return false;
    }
    for (int y = 0; y < S; y++) {
        for (int x = 0; x < S; x++) {
            float u = (float)x / S, v = (float)y / S, n[4];
            n[0] = 0.6f * value_noise(1, u * 8, v * 8, 8, 8) +
                   0.4f * value_noise(2, u * 16, v * 16, 16, 16);
            n[1] = 0.6f * value_noise(3, u * 32, v * 32, 32, 32) +
                   0.4f * value_noise(4, u * 64, v * 64, 64, 64);
            n[2] = 0.5f * value_noise(5, u * 128, v * 128, 128, 128) +
                   0.5f * value_noise(6, (float)x, (float)y, S, S);
            n[3] = 0.5f * value_noise(7, u * 128, v * 8, 128, 8) +
                   0.5f * value_noise(8, u * 64, v * 4, 64, 4);
            for (int c = 0; c < 4; c++) {
                float p = 128 + 127 * n[c];
                a->noise[4 * (y * S + x) + c] = (uint8_t)(p < 0 ? 0 : p > 255 ? 255 : p);
            }
        }
    }
    return true;
}

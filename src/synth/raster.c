// The rasteriser's loops. See raster.h for frames and the method.
#include "synth/raster.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "synth/vec.h"

bool mien_raster_create(struct mien_raster *r, int width, int height)
{
    memset(r, 0, sizeof *r);
    size_t n = 0;
    if (width < 1 || height < 1 || !mien_mul_size((size_t)width, (size_t)height, &n)) {
        return false;
    }
    // Four samples are read and written at a time: room behind the last.
    r->near_ = mien_calloc(n + 3, sizeof *r->near_);
    r->id = mien_calloc(n + 3, sizeof *r->id);
    if (!r->near_ || !r->id) {
        mien_raster_destroy(r);
        return false;
    }
    r->width = width;
    r->height = height;
    return true;
}

void mien_raster_destroy(struct mien_raster *r)
{
    mien_free(r->near_);
    mien_free(r->id);
    memset(r, 0, sizeof *r);
}

void mien_raster_clear(struct mien_raster *r)
{
    size_t n = (size_t)r->width * (size_t)r->height;
    memset(r->near_, 0, n * sizeof *r->near_);
    memset(r->id, 0, n * sizeof *r->id);
}

// One triangle made ready: edge functions e_i(x,y) = a_i x + b_i y + c_i, positive inside, and the
// plane of nearness. Element 3 of a vector is unused.
struct setup {
    int x0, y0, x1, y1; // samples that may be covered, inclusive
    mien_v4 a, b, c;
    float limit[3];
    float zx, zy, z0;
    float scale; // 1 / (sum of the edge functions)
    bool turned; // the second and the third vertex changed places
};

// Triangles are made ready many at a time, one array a quantity, and those that cover no sample,
// are turned away or lie behind the eye are dropped without a branch: which ones is a coin's toss.
enum { GROUP = 64 };
typedef float lane[GROUP];
struct group {
    lane x[3], y[3], z[3];
    int32_t x0[GROUP], y0[GROUP], x1[GROUP], y1[GROUP], keep[GROUP];
    lane a[3], b[3], c[3], limit[3], zx, zy, z0, scale, area;
    uint8_t kept[GROUP];
};

// Inline: fminf must treat NaN and costs a call.
static inline float lesser(float a, float b)
{
    return a < b ? a : b;
}
static inline float greater(float a, float b)
{
    return a > b ? a : b;
}

// Returns how many of `count` triangles are left; their numbers are in g->kept. Elements past count
// hold an older group's triangles, or zeros.
static inline __attribute__((always_inline)) int prepare(const struct mien_raster *r,
                                                         const mien_raster_vertex *v,
                                                         const int32_t *tri, int count, bool both,
                                                         struct group *g)
{
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < 3; j++) {
            const float *p = v[tri[3 * i + j]];
            g->x[j][i] = p[0];
            g->y[j][i] = p[1];
            g->z[j][i] = p[2];
        }
    }
    const float right = (float)r->width, bottom = (float)r->height;
    for (int i = 0; i < GROUP; i++) {
        const float x0 = g->x[0][i], x1 = g->x[1][i], x2 = g->x[2][i];
        const float y0 = g->y[0][i], y1 = g->y[1][i], y2 = g->y[2][i];
        const float area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
        const float size = both ? -fabsf(area) : area;
        const float near_ = lesser(g->z[0][i], lesser(g->z[1][i], g->z[2][i]));
        // The box, kept near the buffer.
        const float left = lesser(greater(lesser(x0, lesser(x1, x2)), 0), right);
        const float top = lesser(greater(lesser(y0, lesser(y1, y2)), 0), bottom);
        const int fx = (int)left, fy = (int)top;
        const int tx = (int)greater(lesser(greater(x0, greater(x1, x2)), right - 1), -1);
        const int ty = (int)greater(lesser(greater(y0, greater(y1, y2)), bottom - 1), -1);
        g->x0[i] = fx + ((float)fx < left ? 1 : 0); // rounded up
        g->y0[i] = fy + ((float)fy < top ? 1 : 0);
        g->x1[i] = tx;
        g->y1[i] = ty;
        g->area[i] = area;
        // Not-a-numbers fail the area's test.
        g->keep[i] = (g->x0[i] <= tx) & (g->y0[i] <= ty) & (near_ > 0) & (size < -1e-12f);
    }
    for (int i = 0; i < GROUP; i++) {
        // A turned triangle's second and third vertex change places.
        const float area = g->area[i], fx = (float)g->x0[i], fy = (float)g->y0[i];
        const bool turned = area > 0;
        // Relative to the box's corner: keeps products small, so that shared edges agree.
        const float x0 = g->x[0][i] - fx, y0 = g->y[0][i] - fy, z0 = g->z[0][i];
        const float x1 = (turned ? g->x[2][i] : g->x[1][i]) - fx;
        const float x2 = (turned ? g->x[1][i] : g->x[2][i]) - fx;
        const float y1 = (turned ? g->y[2][i] : g->y[1][i]) - fy;
        const float y2 = (turned ? g->y[1][i] : g->y[2][i]) - fy;
        const float z1 = turned ? g->z[2][i] : g->z[1][i], z2 = turned ? g->z[1][i] : g->z[2][i];
        const float a0 = y2 - y1, a1 = y0 - y2, a2 = y1 - y0;
        const float b0 = x1 - x2, b1 = x2 - x0, b2 = x0 - x1;
        const float c0 = x2 * y1 - x1 * y2, c1 = x0 * y2 - x2 * y0, c2 = x1 * y0 - x0 * y1;
        const float scale = -1 / (turned ? -area : area);
        g->a[0][i] = a0;
        g->a[1][i] = a1;
        g->a[2][i] = a2;
        g->b[0][i] = b0;
        g->b[1][i] = b1;
        g->b[2][i] = b2;
        g->c[0][i] = c0;
        g->c[1][i] = c1;
        g->c[2][i] = c2;
        // Seen with y down and this orientation, an edge is a left one when a > 0 and a top one
        // when it is level and b > 0.
        g->limit[0][i] = (a0 > 0) | ((a0 == 0) & (b0 > 0)) ? 0 : FLT_MIN;
        g->limit[1][i] = (a1 > 0) | ((a1 == 0) & (b1 > 0)) ? 0 : FLT_MIN;
        g->limit[2][i] = (a2 > 0) | ((a2 == 0) & (b2 > 0)) ? 0 : FLT_MIN;
        g->scale[i] = scale;
        g->zx[i] = (a0 * z0 + a1 * z1 + a2 * z2) * scale;
        g->zy[i] = (b0 * z0 + b1 * z1 + b2 * z2) * scale;
        g->z0[i] = (c0 * z0 + c1 * z1 + c2 * z2) * scale;
    }
    int kept = 0;
    for (int i = 0; i < count; i++) {
        g->kept[kept] = (uint8_t)i;
        kept += g->keep[i];
    }
    return kept;
}

static inline struct setup take(const struct group *g, int i)
{
    return (struct setup){.x0 = g->x0[i],
                          .y0 = g->y0[i],
                          .x1 = g->x1[i],
                          .y1 = g->y1[i],
                          .a = {g->a[0][i], g->a[1][i], g->a[2][i], 0},
                          .b = {g->b[0][i], g->b[1][i], g->b[2][i], 0},
                          .c = {g->c[0][i], g->c[1][i], g->c[2][i], 0},
                          .limit = {g->limit[0][i], g->limit[1][i], g->limit[2][i]},
                          .zx = g->zx[i],
                          .zy = g->zy[i],
                          .z0 = g->z0[i],
                          .scale = g->scale[i],
                          .turned = g->area[i] > 0};
}

static const mien_v4 steps = {0, 1, 2, 3};

// Four samples of a row at a time: most triangles cover a few samples, and which ones is a branch
// often lost. What lies right of the box is written back unchanged.
static inline void fill(struct mien_raster *r, const struct setup *s, mien_v4i id)
{
    for (int x = s->x0; x <= s->x1; x += 4) {
        mien_v4 dx = mien_v4_all((float)(x - s->x0)) + steps;
        mien_v4i box = dx <= mien_v4_all((float)(s->x1 - s->x0));
        mien_v4 ax = s->a[0] * dx, bx = s->a[1] * dx, cx = s->a[2] * dx, zx = s->zx * dx;
        size_t at = (size_t)s->y0 * (size_t)r->width + (size_t)x;
        for (int y = s->y0; y <= s->y1; y++, at += (size_t)r->width) {
            float dy = (float)(y - s->y0);
            mien_v4 e = s->b * dy + s->c, z = zx + (s->zy * dy + s->z0);
            mien_v4 near_ = mien_v4_load(r->near_ + at);
            mien_v4i in = (ax + e[0] >= s->limit[0]) & (bx + e[1] >= s->limit[1]) &
                          (cx + e[2] >= s->limit[2]) & (z > near_) & box;
            mien_v4_store(r->near_ + at, mien_v4_pick(in, z, near_));
            mien_v4i_store(r->id + at, mien_v4i_pick(in, id, mien_v4i_load(r->id + at)));
        }
    }
}

MIEN_MULTIVERSION void mien_raster_draw(struct mien_raster *r, const mien_raster_vertex *v,
                                        const int32_t *tri, int count, uint32_t id0,
                                        enum mien_raster_cull cull)
{
    struct group g;
    memset(&g, 0, sizeof g);
    for (int first = 0; first < count; first += GROUP) {
        const int n = count - first < GROUP ? count - first : GROUP;
        const int kept = prepare(r, v, tri + 3 * first, n, cull == MIEN_RASTER_BOTH, &g);
        for (int i = 0; i < kept; i++) {
            const struct setup s = take(&g, g.kept[i]);
            const mien_v4i id = mien_v4i_all((int32_t)(id0 + (uint32_t)(first + g.kept[i])));
            fill(r, &s, id);
        }
    }
}

// 4x4 ordered dither (Bayer), in 1/256 with a half step.
static const uint8_t dither[16] = {8,  136, 40, 168, 200, 72,  232, 104,
                                   56, 184, 24, 152, 248, 120, 216, 88};

// As fill(), where the sheet's alpha covers. z3: nearness of its vertices; t: its corners'
// numbers in the sheet's uv.
static inline void fill_alpha(struct mien_raster *r, const struct setup *s, const float z3[3],
                              const int32_t *t, const struct mien_raster_sheet *sheet, mien_v4i id)
{
    // u and v times nearness are planes, too.
    const int j = s->turned ? 2 : 1, k = 3 - j, size = sheet->size;
    const float width = (float)size;
    const float n0 = z3[0] * s->scale * width, n1 = z3[j] * s->scale * width,
                n2 = z3[k] * s->scale * width;
    const float *t0 = sheet->uv + 2 * t[0], *t1 = sheet->uv + 2 * t[j], *t2 = sheet->uv + 2 * t[k];
    const float u0 = t0[0] * n0, u1 = t1[0] * n1, u2 = t2[0] * n2;
    const float v0 = (1 - t0[1]) * n0, v1 = (1 - t1[1]) * n1, v2 = (1 - t2[1]) * n2;
    const float ux = s->a[0] * u0 + s->a[1] * u1 + s->a[2] * u2;
    const float uy = s->b[0] * u0 + s->b[1] * u1 + s->b[2] * u2;
    const float uc = s->c[0] * u0 + s->c[1] * u1 + s->c[2] * u2;
    const float vx = s->a[0] * v0 + s->a[1] * v1 + s->a[2] * v2;
    const float vy = s->b[0] * v0 + s->b[1] * v1 + s->b[2] * v2;
    const float vc = s->c[0] * v0 + s->c[1] * v1 + s->c[2] * v2;
    for (int x = s->x0; x <= s->x1; x += 4) {
        mien_v4 dx = mien_v4_all((float)(x - s->x0)) + steps;
        mien_v4i box = dx <= mien_v4_all((float)(s->x1 - s->x0));
        mien_v4 ax = s->a[0] * dx, bx = s->a[1] * dx, cx = s->a[2] * dx, zx = s->zx * dx;
        size_t at = (size_t)s->y0 * (size_t)r->width + (size_t)x;
        for (int y = s->y0; y <= s->y1; y++, at += (size_t)r->width) {
            float dy = (float)(y - s->y0);
            mien_v4 e = s->b * dy + s->c, z = zx + (s->zy * dy + s->z0);
            mien_v4 near_ = mien_v4_load(r->near_ + at);
            mien_v4i in = (ax + e[0] >= s->limit[0]) & (bx + e[1] >= s->limit[1]) &
                          (cx + e[2] >= s->limit[2]) & (z > near_) & box;
            if (!mien_v4_bits(in)) {
                continue;
            }
            mien_v4 far_ = 1 / z;
            mien_v4 tu = (ux * dx + (uy * dy + uc)) * far_;
            mien_v4 tv = (vx * dx + (vy * dy + vc)) * far_;
            mien_v4i px = __builtin_convertvector(tu, mien_v4i) & (size - 1);
            mien_v4i py = __builtin_convertvector(tv, mien_v4i) & (size - 1);
            mien_v4i texel = py * size + px;
            const uint8_t *d = dither + (y & 3) * 4;
            const mien_v4i level = {d[x & 3], d[(x + 1) & 3], d[(x + 2) & 3], d[(x + 3) & 3]};
            const mien_v4i cover = {sheet->alpha[texel[0]], sheet->alpha[texel[1]],
                                    sheet->alpha[texel[2]], sheet->alpha[texel[3]]};
            in &= cover > level;
            mien_v4_store(r->near_ + at, mien_v4_pick(in, z, near_));
            mien_v4i_store(r->id + at, mien_v4i_pick(in, id, mien_v4i_load(r->id + at)));
        }
    }
}

MIEN_MULTIVERSION void mien_raster_draw_alpha(struct mien_raster *r, const mien_raster_vertex *v,
                                              const int32_t *tri, int count, uint32_t id0,
                                              const struct mien_raster_sheet *sheet)
{
    struct group g;
    memset(&g, 0, sizeof g);
    for (int first = 0; first < count; first += GROUP) {
        const int n = count - first < GROUP ? count - first : GROUP;
        const int kept = prepare(r, v, tri + 3 * first, n, true, &g);
        for (int i = 0; i < kept; i++) {
            const int k = g.kept[i];
            const struct setup s = take(&g, k);
            const float z[3] = {g.z[0][k], g.z[1][k], g.z[2][k]};
            fill_alpha(r, &s, z, sheet->corners + 3 * (first + k), sheet,
                       mien_v4i_all((int32_t)(id0 + (uint32_t)(first + k))));
        }
    }
}

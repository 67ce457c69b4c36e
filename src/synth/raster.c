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
    mien_v4 a, b, c, limit;
    float zx, zy, z0;
    float scale; // 1 / (sum of the edge functions)
    bool turned; // the second and the third vertex changed places
};

// False when the triangle covers no sample, is turned away or lies behind the eye. last: the
// buffer's last sample (x, y).
static inline bool prepare(const mien_v4 last, const float *v0, const float *v1, const float *v2,
                           bool both, struct setup *s)
{
    const mien_v4 zero = {0, 0, 0, 0};
    mien_v4 p0 = mien_v4_load(v0), p1 = mien_v4_load(v1), p2 = mien_v4_load(v2);
    // The box of x and y, and the least of the nearnesses; not-a-numbers end as comparisons that
    // fail.
    mien_v4 low = mien_v4_min(p0, mien_v4_min(p1, p2)), high = mien_v4_max(p0, mien_v4_max(p1, p2));
    float area = (v1[0] - v0[0]) * (v2[1] - v0[1]) - (v2[0] - v0[0]) * (v1[1] - v0[1]);
    s->turned = area > 0;
    float inside = both && s->turned ? -area : area;
    mien_v4 from = mien_v4_max(low, zero), to = mien_v4_min(high, last);
    mien_v4i first = __builtin_convertvector(from, mien_v4i);
    mien_v4i final = __builtin_convertvector(to, mien_v4i);
    first -= __builtin_convertvector(first, mien_v4) < from; // a mask is -1: rounded up
    mien_v4i empty = (first > final) | ~(high >= zero) | ~(low <= last);
    if ((empty[0] | empty[1]) || !(low[2] > 0) || !(inside < -1e-12f)) {
        return false;
    }
    s->x0 = first[0];
    s->y0 = first[1];
    s->x1 = final[0];
    s->y1 = final[1];
    if (s->turned) {
        mien_v4 t = p1;
        p1 = p2;
        p2 = t;
    }
    // Vertices to rows of x, y and nearness; element i is the vertex opposite edge i.
    mien_v4 xy01 = MIEN_V4_MIX(p0, p1, 0, 4, 1, 5);
    mien_v4 x = MIEN_V4_MIX(xy01, p2, 0, 1, 4, 7), y = MIEN_V4_MIX(xy01, p2, 2, 3, 5, 7);
    // Relative to the box's corner: keeps products small, so that shared edges agree.
    x -= mien_v4_all((float)s->x0);
    y -= mien_v4_all((float)s->y0);
    mien_v4 ux = MIEN_V4_ORDER(x, 1, 2, 0, 3), uy = MIEN_V4_ORDER(y, 1, 2, 0, 3);
    mien_v4 wx = MIEN_V4_ORDER(x, 2, 0, 1, 3), wy = MIEN_V4_ORDER(y, 2, 0, 1, 3);
    s->a = wy - uy;
    s->b = ux - wx;
    s->c = wx * uy - ux * wy;
    // Seen with y down and this orientation, an edge is a left one when a > 0 and a top one when it
    // is level and b > 0.
    mien_v4i top_left = (s->a > zero) | ((s->a == zero) & (s->b > zero));
    s->limit = mien_v4_pick(top_left, zero, mien_v4_all(FLT_MIN));
    s->scale = -1 / inside;
    s->zx = (s->a[0] * p0[2] + s->a[1] * p1[2] + s->a[2] * p2[2]) * s->scale;
    s->zy = (s->b[0] * p0[2] + s->b[1] * p1[2] + s->b[2] * p2[2]) * s->scale;
    s->z0 = (s->c[0] * p0[2] + s->c[1] * p1[2] + s->c[2] * p2[2]) * s->scale;
    return true;
}

static const mien_v4 steps = {0, 1, 2, 3};

// Four samples of a row at a time: most triangles cover a few samples, and which ones is a coin's
// toss that a branch would lose. What lies right of the box is written back unchanged.
MIEN_MULTIVERSION void mien_raster_draw(struct mien_raster *r, const mien_raster_vertex *v,
                                        const int32_t *tri, int count, uint32_t id0,
                                        enum mien_raster_cull cull)
{
    const mien_v4 last = {(float)(r->width - 1), (float)(r->height - 1), 0, 0};
    for (int t = 0; t < count; t++, tri += 3) {
        struct setup s;
        if (!prepare(last, v[tri[0]], v[tri[1]], v[tri[2]], cull == MIEN_RASTER_BOTH, &s)) {
            continue;
        }
        const mien_v4i id = mien_v4i_all((int32_t)(id0 + (uint32_t)t));
        for (int x = s.x0; x <= s.x1; x += 4) {
            mien_v4 dx = mien_v4_all((float)(x - s.x0)) + steps;
            mien_v4i box = dx <= mien_v4_all((float)(s.x1 - s.x0));
            mien_v4 ax = s.a[0] * dx, bx = s.a[1] * dx, cx = s.a[2] * dx, zx = s.zx * dx;
            size_t at = (size_t)s.y0 * (size_t)r->width + (size_t)x;
            for (int y = s.y0; y <= s.y1; y++, at += (size_t)r->width) {
                float dy = (float)(y - s.y0);
                mien_v4 e = s.b * dy + s.c, z = zx + (s.zy * dy + s.z0);
                mien_v4 near_ = mien_v4_load(r->near_ + at);
                mien_v4i in = (ax + e[0] >= s.limit[0]) & (bx + e[1] >= s.limit[1]) &
                              (cx + e[2] >= s.limit[2]) & (z > near_) & box;
                mien_v4_store(r->near_ + at, mien_v4_pick(in, z, near_));
                mien_v4i_store(r->id + at, mien_v4i_pick(in, id, mien_v4i_load(r->id + at)));
            }
        }
    }
}

// 4x4 ordered dither (Bayer), in 1/256 with a half step.
static const uint8_t dither[16] = {8,  136, 40, 168, 200, 72,  232, 104,
                                   56, 184, 24, 152, 248, 120, 216, 88};

MIEN_MULTIVERSION void mien_raster_draw_alpha(struct mien_raster *r, const mien_raster_vertex *v,
                                              const int32_t *tri, int count, uint32_t id0,
                                              const float *uv, const int32_t *uv_tri,
                                              const uint8_t *alpha, int size)
{
    const mien_v4 last = {(float)(r->width - 1), (float)(r->height - 1), 0, 0};
    for (int t = 0; t < count; t++, tri += 3, uv_tri += 3) {
        struct setup s;
        const float *p0 = v[tri[0]], *p1 = v[tri[1]], *p2 = v[tri[2]];
        if (!prepare(last, p0, p1, p2, true, &s)) {
            continue;
        }
        // u and v times nearness are planes, too.
        const int j = s.turned ? 2 : 1, k = 3 - j;
        const float n0 = p0[2] * s.scale, n1 = v[tri[j]][2] * s.scale, n2 = v[tri[k]][2] * s.scale;
        const float *t0 = uv + 2 * uv_tri[0], *t1 = uv + 2 * uv_tri[j], *t2 = uv + 2 * uv_tri[k];
        const float width = (float)size;
        const float u0 = t0[0] * n0 * width, u1 = t1[0] * n1 * width, u2 = t2[0] * n2 * width;
        const float v0 = (1 - t0[1]) * n0 * width, v1 = (1 - t1[1]) * n1 * width,
                    v2 = (1 - t2[1]) * n2 * width;
        const float ux = s.a[0] * u0 + s.a[1] * u1 + s.a[2] * u2;
        const float uy = s.b[0] * u0 + s.b[1] * u1 + s.b[2] * u2;
        const float uc = s.c[0] * u0 + s.c[1] * u1 + s.c[2] * u2;
        const float vx = s.a[0] * v0 + s.a[1] * v1 + s.a[2] * v2;
        const float vy = s.b[0] * v0 + s.b[1] * v1 + s.b[2] * v2;
        const float vc = s.c[0] * v0 + s.c[1] * v1 + s.c[2] * v2;
        const uint32_t id = id0 + (uint32_t)t;
        for (int x = s.x0; x <= s.x1; x += 4) {
            mien_v4 dx = mien_v4_all((float)(x - s.x0)) + steps;
            mien_v4i box = dx <= mien_v4_all((float)(s.x1 - s.x0));
            mien_v4 ax = s.a[0] * dx, bx = s.a[1] * dx, cx = s.a[2] * dx, zx = s.zx * dx;
            size_t at = (size_t)s.y0 * (size_t)r->width + (size_t)x;
            for (int y = s.y0; y <= s.y1; y++, at += (size_t)r->width) {
                float dy = (float)(y - s.y0);
                mien_v4 e = s.b * dy + s.c, z = zx + (s.zy * dy + s.z0);
                int in = mien_v4_bits((ax + e[0] >= s.limit[0]) & (bx + e[1] >= s.limit[1]) &
                                      (cx + e[2] >= s.limit[2]) &
                                      (z > mien_v4_load(r->near_ + at)) & box);
                if (!in) {
                    continue;
                }
                mien_v4 far_ = 1 / z;
                mien_v4 tu = (ux * dx + (uy * dy + uc)) * far_;
                mien_v4 tv = (vx * dx + (vy * dy + vc)) * far_;
                mien_v4i px = __builtin_convertvector(tu, mien_v4i) & (size - 1);
                mien_v4i py = __builtin_convertvector(tv, mien_v4i) & (size - 1);
                mien_v4i texel = py * size + px;
                const uint8_t *level = dither + (y & 3) * 4;
                for (; in; in &= in - 1) {
                    int i = __builtin_ctz((unsigned)in);
                    if (alpha[texel[i]] > level[(x + i) & 3]) {
                        r->near_[at + (size_t)i] = z[i];
                        r->id[at + (size_t)i] = id;
                    }
                }
            }
        }
    }
}

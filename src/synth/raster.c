// The rasteriser's loops. See raster.h for frames and the method.
#include "synth/raster.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

bool mien_raster_create(struct mien_raster *r, int width, int height)
{
    memset(r, 0, sizeof *r);
    size_t n = 0;
    if (width < 1 || height < 1 || !mien_mul_size((size_t)width, (size_t)height, &n)) {
        return false;
    }
    r->near_ = mien_calloc(n, sizeof *r->near_);
    r->id = mien_calloc(n, sizeof *r->id);
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

// Inline: fminf must treat NaN and costs a call.
static inline float lesser(float a, float b)
{
    return a < b ? a : b;
}
static inline float greater(float a, float b)
{
    return a > b ? a : b;
}

// One triangle made ready: edge functions e_i(x,y) = a_i x + b_i y + c_i, positive inside, and the
// plane of nearness.
struct setup {
    int x0, y0, x1, y1; // samples that may be covered, inclusive
    float a[3], b[3], c[3], limit[3];
    float zx, zy, z0;
    float scale; // 1 / (sum of the edge functions)
};

static inline bool prepare(const struct mien_raster *r, const float *p0, const float *p1,
                           const float *p2, bool both, struct setup *s)
{
    if (p0[2] <= 0 || p1[2] <= 0 || p2[2] <= 0) {
        return false;
    }
    float area = (p1[0] - p0[0]) * (p2[1] - p0[1]) - (p2[0] - p0[0]) * (p1[1] - p0[1]);
    if (area > 0) {
        if (!both) {
            return false;
        }
        const float *t = p1;
        p1 = p2;
        p2 = t;
        area = -area;
    }
    if (!(area < -1e-12f)) {
        return false;
    }
    float xmin = lesser(p0[0], lesser(p1[0], p2[0])), xmax = greater(p0[0], greater(p1[0], p2[0]));
    float ymin = lesser(p0[1], lesser(p1[1], p2[1])), ymax = greater(p0[1], greater(p1[1], p2[1]));
    if (!(xmax >= 0 && ymax >= 0 && xmin <= (float)(r->width - 1) &&
          ymin <= (float)(r->height - 1))) {
        return false;
    }
    s->x0 = xmin <= 0 ? 0 : (int)ceilf(xmin);
    s->y0 = ymin <= 0 ? 0 : (int)ceilf(ymin);
    s->x1 = xmax >= (float)(r->width - 1) ? r->width - 1 : (int)xmax;
    s->y1 = ymax >= (float)(r->height - 1) ? r->height - 1 : (int)ymax;
    if (s->x0 > s->x1 || s->y0 > s->y1) {
        return false;
    }
    const float *p[3] = {p0, p1, p2};
    for (int i = 0; i < 3; i++) {
        const float *u = p[(i + 1) % 3], *w = p[(i + 2) % 3];
        // Relative to the box's corner: keeps products small, so that shared edges agree.
        float ux = u[0] - (float)s->x0, uy = u[1] - (float)s->y0;
        float wx = w[0] - (float)s->x0, wy = w[1] - (float)s->y0;
        s->a[i] = wy - uy;
        s->b[i] = ux - wx;
        s->c[i] = wx * uy - ux * wy;
        // Seen with y down and this orientation, an edge is a left one when a > 0 and a top one
        // when it is level and b > 0.
        bool top_left = s->a[i] > 0 || (s->a[i] == 0 && s->b[i] > 0);
        s->limit[i] = top_left ? 0 : FLT_MIN;
    }
    s->scale = -1 / area;
    s->zx = (s->a[0] * p0[2] + s->a[1] * p1[2] + s->a[2] * p2[2]) * s->scale;
    s->zy = (s->b[0] * p0[2] + s->b[1] * p1[2] + s->b[2] * p2[2]) * s->scale;
    s->z0 = (s->c[0] * p0[2] + s->c[1] * p1[2] + s->c[2] * p2[2]) * s->scale;
    return true;
}

// Most triangles cover a few samples: a vectorised inner loop only adds set-up.
__attribute__((optimize("no-tree-vectorize"))) void
mien_raster_draw(struct mien_raster *r, const mien_raster_vertex *v, const int32_t *tri, int count,
                 uint32_t id0, enum mien_raster_cull cull)
{
    for (int t = 0; t < count; t++, tri += 3) {
        struct setup s;
        if (!prepare(r, v[tri[0]], v[tri[1]], v[tri[2]], cull == MIEN_RASTER_BOTH, &s)) {
            continue;
        }
        uint32_t id = id0 + (uint32_t)t;
        for (int y = s.y0; y <= s.y1; y++) {
            float dy = (float)(y - s.y0);
            float e0 = s.b[0] * dy + s.c[0], e1 = s.b[1] * dy + s.c[1], e2 = s.b[2] * dy + s.c[2],
                  z = s.zy * dy + s.z0;
            float *near_row = r->near_ + (size_t)y * (size_t)r->width;
            uint32_t *id_row = r->id + (size_t)y * (size_t)r->width;
            for (int x = s.x0; x <= s.x1; x++) {
                float dx = (float)(x - s.x0);
                if (e0 + s.a[0] * dx >= s.limit[0] && e1 + s.a[1] * dx >= s.limit[1] &&
                    e2 + s.a[2] * dx >= s.limit[2] && z + s.zx * dx > near_row[x]) {
                    near_row[x] = z + s.zx * dx;
                    id_row[x] = id;
                }
            }
        }
    }
}

// 4x4 ordered dither (Bayer), in 1/256 with a half step.
static const uint8_t dither[16] = {8,  136, 40, 168, 200, 72,  232, 104,
                                   56, 184, 24, 152, 248, 120, 216, 88};

void mien_raster_draw_alpha(struct mien_raster *r, const mien_raster_vertex *v, const int32_t *tri,
                            int count, uint32_t id0, const float *uv, const int32_t *uv_tri,
                            const uint8_t *alpha, int size)
{
    for (int t = 0; t < count; t++, tri += 3, uv_tri += 3) {
        struct setup s;
        const float *a = v[tri[0]], *b = v[tri[1]], *c = v[tri[2]];
        if (!prepare(r, a, b, c, true, &s)) {
            continue;
        }
        const float *ta = uv + 2 * uv_tri[0], *tb = uv + 2 * uv_tri[1], *tc = uv + 2 * uv_tri[2];
        uint32_t id = id0 + (uint32_t)t;
        for (int y = s.y0; y <= s.y1; y++) {
            float dy = (float)(y - s.y0);
            size_t row = (size_t)y * (size_t)r->width;
            for (int x = s.x0; x <= s.x1; x++) {
                float dx = (float)(x - s.x0), w[3];
                bool in = true;
                for (int i = 0; i < 3; i++) {
                    in = in && s.a[i] * dx + s.b[i] * dy + s.c[i] >= s.limit[i];
                }
                float z = s.zx * dx + s.zy * dy + s.z0;
                if (!in || z <= r->near_[row + (size_t)x] ||
                    !mien_raster_weights(a, b, c, (float)x, (float)y, w)) {
                    continue;
                }
                float tu = w[0] * ta[0] + w[1] * tb[0] + w[2] * tc[0];
                float tv = w[0] * ta[1] + w[1] * tb[1] + w[2] * tc[1];
                int px = (int)(tu * (float)size) & (size - 1);
                int py = (int)((1 - tv) * (float)size) & (size - 1);
                if (alpha[py * size + px] > dither[(y & 3) * 4 + (x & 3)]) {
                    r->near_[row + (size_t)x] = z;
                    r->id[row + (size_t)x] = id;
                }
            }
        }
    }
}

bool mien_raster_weights(const mien_raster_vertex a, const mien_raster_vertex b,
                         const mien_raster_vertex c, float x, float y, float w[3])
{
    float ax = a[0] - x, ay = a[1] - y, bx = b[0] - x, by = b[1] - y, cx = c[0] - x, cy = c[1] - y;
    float w0 = (bx * cy - cx * by) * a[2], w1 = (cx * ay - ax * cy) * b[2],
          w2 = (ax * by - bx * ay) * c[2];
    float sum = w0 + w1 + w2;
    if (fabsf(sum) < 1e-20f) {
        return false;
    }
    float k = 1 / sum;
    w[0] = w0 * k;
    w[1] = w1 * k;
    w[2] = w2 * k;
    return true;
}

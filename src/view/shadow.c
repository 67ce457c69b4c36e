// The shadow that a thing throws on who wears it.
#include "view/shadow.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum { N = MIEN_SHADOW_PX, CELLS = N * N };

// 35 degrees above the line of sight: between a lamp at the ceiling and a window.
const float mien_shadow_to_light[3] = {0, 0.574f, 0.819f};

static const float margin_mm = 24, narrow_mm = 1.4f, wide_mm = 4.5f;

struct maker {
    float *cover, *height, *wide, *tmp; // (CELLS)
    float left, bottom, per_mm;         // cells
};

// Where a point is seen along the light: x and y of the map in cells, and how near to the light.
static void see(const struct maker *m, const float p[3], float out[3])
{
    const float *d = mien_shadow_to_light;
    out[0] = (p[0] - m->left) * m->per_mm;
    out[1] = (p[1] * d[2] - p[2] * d[1] - m->bottom) * m->per_mm;
    out[2] = p[1] * d[1] + p[2] * d[2];
}

// Cells whose middle the triangle covers: the most cover, the lowest height.
static void fill(struct maker *m, float p[3][3], float cover)
{
    float area =
        (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[2][0] - p[0][0]) * (p[1][1] - p[0][1]);
    if (!(fabsf(area) > 1e-6f)) {
        return;
    }
    int lo[2], hi[2];
    for (int c = 0; c < 2; c++) {
        float a = fminf(fminf(p[0][c], p[1][c]), p[2][c]);
        float b = fmaxf(fmaxf(p[0][c], p[1][c]), p[2][c]);
        lo[c] = (int)fmaxf(ceilf(a - 0.5f), 0);
        hi[c] = (int)fminf(floorf(b - 0.5f), N - 1);
    }
    for (int y = lo[1]; y <= hi[1]; y++) {
        for (int x = lo[0]; x <= hi[0]; x++) {
            float w[3], u = (float)x + 0.5f, v = (float)y + 0.5f;
            for (int i = 0; i < 3; i++) {
                const float *a = p[(i + 1) % 3], *b = p[(i + 2) % 3];
                w[i] = ((b[0] - a[0]) * (v - a[1]) - (u - a[0]) * (b[1] - a[1])) / area;
            }
            if (w[0] < 0 || w[1] < 0 || w[2] < 0) {
                continue;
            }
            float h = w[0] * p[0][2] + w[1] * p[1][2] + w[2] * p[2][2];
            int k = y * N + x;
            m->height[k] = m->cover[k] > 0 ? fminf(m->height[k], h) : h;
            m->cover[k] = fmaxf(m->cover[k], cover);
        }
    }
}

// Gaussian blur of a (N,N) in place: three running means each way (Wells 1986, "Efficient
// Synthesis of Gaussian Filters by Cascaded Uniform Filters").
static void blur(float *a, float *tmp, float sigma)
{
    int r = (int)lroundf((sqrtf(4 * sigma * sigma + 1) - 1) / 2);
    for (int pass = 0; pass < 6 && r > 0; pass++) { // each is turned: 6 blur both ways three times
        for (int y = 0; y < N; y++) {
            float sum = 0;
            for (int x = -r; x < N; x++) {
                sum += x + r < N ? a[y * N + x + r] : 0;
                sum -= x - r - 1 >= 0 ? a[y * N + x - r - 1] : 0;
                if (x >= 0) {
                    tmp[x * N + y] = sum / (float)(2 * r + 1);
                }
            }
        }
        memcpy(a, tmp, CELLS * sizeof(*a));
    }
}

static bool frame(const struct mien_prop *p, struct mien_shadow *s, struct maker *m)
{
    float lo[2] = {1e9f, 1e9f}, hi[2] = {-1e9f, -1e9f};
    struct maker whole = {.per_mm = 1};
    for (int i = 0; i < p->indices; i++) {
        float q[3];
        see(&whole, p->vertex[p->index[i]].position, q);
        for (int c = 0; c < 2; c++) {
            lo[c] = fminf(lo[c], q[c]);
            hi[c] = fmaxf(hi[c], q[c]);
        }
    }
    float side = fmaxf(hi[0] - lo[0], hi[1] - lo[1]) + 2 * margin_mm;
    if (!p->indices || !(side < 2000)) {
        return false;
    }
    m->per_mm = N / side;
    m->left = (lo[0] + hi[0] - side) / 2;
    m->bottom = (lo[1] + hi[1] - side) / 2;
    memcpy(s->area, (float[4]){m->left, m->bottom, side, side}, sizeof(s->area));
    return true;
}

static void draw(const struct mien_prop *p, struct maker *m)
{
    for (int i = 0; i < p->parts; i++) {
        const struct mien_prop_part *part = &p->part[i];
        for (int k = part->first; k + 2 < part->first + part->count; k += 3) {
            float q[3][3], alpha = 0;
            for (int c = 0; c < 3; c++) {
                const struct mien_prop_vertex *v = &p->vertex[p->index[k + c]];
                see(m, v->position, q[c]);
                alpha += (float)v->color[3] / (3 * 255);
            }
            fill(m, q, part->blended ? alpha : 1);
        }
    }
}

// Cells beside the thing get the height of what is next to them.
static void spread(struct maker *m, struct mien_shadow *s)
{
    float lo = 1e9f, hi = -1e9f;
    for (int k = 0; k < CELLS; k++) {
        m->wide[k] = m->cover[k] > 0 ? 1 : 0;
        if (m->cover[k] > 0) {
            lo = fminf(lo, m->height[k]);
            hi = fmaxf(hi, m->height[k]);
        } else {
            m->height[k] = 0;
        }
    }
    s->height[0] = lo;
    s->height[1] = fmaxf(hi - lo, 1);
    for (int k = 0; k < CELLS; k++) {
        m->height[k] = m->wide[k] > 0 ? (m->height[k] - lo) / s->height[1] : 0;
    }
    float sigma = wide_mm * m->per_mm;
    blur(m->wide, m->tmp, sigma);
    blur(m->height, m->tmp, sigma);
    for (int k = 0; k < CELLS; k++) {
        m->height[k] = m->wide[k] > 1e-4f ? m->height[k] / m->wide[k] : 0;
    }
}

static uint8_t byte(float x)
{
    return (uint8_t)lroundf(255 * fminf(fmaxf(x, 0), 1));
}

bool mien_shadow_make(const struct mien_prop *p, struct mien_shadow *s)
{
    memset(s, 0, sizeof(*s));
    struct maker m = {0};
    float *all = p->vertices ? mien_calloc(4 * CELLS, sizeof(*all)) : NULL;
    if (!all || !frame(p, s, &m) || !mien_image_create(&s->map, N, N, MIEN_FORMAT_RGBA8)) {
        mien_free(all);
        return false;
    }
    m.cover = all;
    m.height = all + CELLS;
    m.wide = all + 2 * CELLS;
    m.tmp = all + 3 * CELLS;
    draw(p, &m);
    spread(&m, s);
    memcpy(m.wide, m.cover, CELLS * sizeof(*m.wide));
    blur(m.cover, m.tmp, narrow_mm * m.per_mm);
    blur(m.wide, m.tmp, wide_mm * m.per_mm);
    for (int y = 0; y < N; y++) {
        uint8_t *o = s->map.data + (size_t)y * s->map.stride;
        for (int x = 0; x < N; x++, o += 4) {
            int k = y * N + x;
            o[0] = byte(m.cover[k]);
            o[1] = byte(m.wide[k]);
            o[2] = byte(m.height[k]);
            o[3] = 255;
        }
    }
    mien_free(all);
    return true;
}

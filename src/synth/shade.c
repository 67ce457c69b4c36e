// Colours: once a sample, from what the raster found there.
//
// Light: order-2 harmonics of the surroundings (a vertex) times the head's own occlusion, and one
// directional light (a sample) with a shadow map. Skin lets light in: its diffuse term wraps past
// the terminator, red furthest (a cheap stand-in for subsurface scattering, after Green 2004,
// "Real- Time Approximations to Subsurface Scattering", GPU Gems 1). Highlights: Blinn-Phong,
// Fresnel by Schlick. All in linear light. This file walks over the samples and lights them; what
// surfaces look like is in shade_skin.c and shade_parts.c.
#include "synth/shade.h"

#include "base/cpu.h"

// Share of the directional light that arrives, 0…1: five taps of the shadow map.
MIEN_INLINE void shadow(const struct mien_synth_renderer *r, const struct mien_batch *b,
                        const float *along, float *lit)
{
    static const float tap[5][2] = {
        {0, 0}, {0.9f, 0.4f}, {-0.4f, 0.9f}, {-0.9f, -0.4f}, {0.4f, -0.9f}};
    const float soft = r->s->light_soft;
    const float *near_ = r->shadow.near_;
    mien_lane q[3], sum;
    for (int c = 0; c < 3; c++) {
        const float x = r->shadow_axis[c][0], y = r->shadow_axis[c][1], z = r->shadow_axis[c][2];
        const float at = r->shadow_at[c];
        for (int i = 0; i < MIEN_BATCH; i++) {
            q[c][i] = x * b->pos[0][i] + y * b->pos[1][i] + z * b->pos[2][i] + at;
        }
    }
    for (int i = 0; i < MIEN_BATCH; i++) {
        q[2][i] += 2.5f + 4 * (1 - (along[i] > 0 ? along[i] : 0)); // bias
        sum[i] = 0;
    }
    for (int k = 0; k < 5; k++) {
        const float dx = tap[k][0] * soft + 0.5f, dy = tap[k][1] * soft + 0.5f;
        int cell[MIEN_BATCH];
        mien_lane there;
        for (int i = 0; i < MIEN_BATCH; i++) {
            int x = (int)(q[0][i] + dx), y = (int)(q[1][i] + dy);
            x = x < -1 ? -1 : x > MIEN_SHADOW ? MIEN_SHADOW : x;
            y = y < -1 ? -1 : y > MIEN_SHADOW ? MIEN_SHADOW : y;
            bool out = (x < 0) | (y < 0) | (x >= MIEN_SHADOW) | (y >= MIEN_SHADOW);
            cell[i] = out ? 0 : y * MIEN_SHADOW + x;
            there[i] = out ? 1 : 0;
        }
        for (int i = 0; i < MIEN_BATCH; i++) {
            float d = 1 - (near_[cell[i]] - q[2][i]) * (1 / 3.0f);
            d = d > there[i] ? d : there[i];
            sum[i] += d < 1 ? d : 1;
        }
    }
    for (int i = 0; i < MIEN_BATCH; i++) {
        // What faces away is lit by wrapping only: its shadow is its own.
        lit[i] = along[i] > -0.4f ? sum[i] * 0.2f : 0;
    }
}

static inline mien_v4 mix(const float *v, const size_t k[3], float w0, float w1, float w2)
{
    return w0 * mien_v4_load(v + k[0]) + w1 * mien_v4_load(v + k[1]) + w2 * mien_v4_load(v + k[2]);
}

// Position, normal and light of a batch. Vertices are asked for ahead: they lie all over the mesh.
MIEN_INLINE void interpolate(struct mien_batch *b)
{
    for (int i = 0; i < b->n; i++) {
        const int32_t *k = b->triangles + 3 * b->index[i];
        for (int j = 0; j < 3; j++) {
            __builtin_prefetch(b->screen + k[j]);
            __builtin_prefetch(b->mesh_pos + 3 * k[j]);
            __builtin_prefetch(b->mesh_normal + 3 * k[j]);
            __builtin_prefetch(b->mesh_light + 3 * k[j]);
        }
    }
    for (int i = 0; i < b->n; i++) {
        const int32_t *k = b->triangles + 3 * b->index[i];
        const size_t at[3] = {3 * (size_t)k[0], 3 * (size_t)k[1], 3 * (size_t)k[2]};
        float w[3] = {0, 0, 0}; // a degenerate triangle is black
        mien_raster_weights(b->screen[k[0]], b->screen[k[1]], b->screen[k[2]], b->x[i], b->y[i], w);
        for (int j = 0; j < 3; j++) {
            b->w[j][i] = w[j];
        }
        mien_lane_set3(b->pos, i, mix(b->mesh_pos, at, w[0], w[1], w[2]));
        mien_lane_set3(b->normal, i, mix(b->mesh_normal, at, w[0], w[1], w[2]));
        mien_lane_set3(b->light, i, mix(b->mesh_light, at, w[0], w[1], w[2]));
    }
}

MIEN_MULTIVERSION
void mien_shade_light(const struct mien_synth_renderer *r, struct mien_batch *b)
{
    interpolate(b);
    const float turn = b->shader >= MIEN_SHADER_HAIR ? -1 : 1; // hair and props have two sides
    const float lx = r->light_dir[0], ly = r->light_dir[1], lz = r->light_dir[2];
    mien_lane along, lit;
    for (int i = 0; i < MIEN_BATCH; i++) {
        float px = b->pos[0][i], py = b->pos[1][i], pz = b->pos[2][i];
        float x = b->normal[0][i], y = b->normal[1][i], z = b->normal[2][i];
        float lp = -1 / (sqrtf(px * px + py * py + pz * pz) + 1e-9f);
        float ln = 1 / (sqrtf(x * x + y * y + z * z) + 1e-9f);
        px *= lp;
        py *= lp;
        pz *= lp;
        ln *= x * px + y * py + z * pz < 0 ? turn : 1;
        x *= ln;
        y *= ln;
        z *= ln;
        b->view[0][i] = px;
        b->view[1][i] = py;
        b->view[2][i] = pz;
        b->normal[0][i] = x;
        b->normal[1][i] = y;
        b->normal[2][i] = z;
        along[i] = x * lx + y * ly + z * lz;
    }
    if (r->s->light > 0.02f) {
        shadow(r, b, along, lit);
    } else {
        memset(lit, 0, sizeof lit);
    }
    for (int c = 0; c < 3; c++) {
        const float rgb = r->light_rgb[c];
        for (int i = 0; i < MIEN_BATCH; i++) {
            b->direct[c][i] = rgb * lit[i];
        }
    }
}

static void flush(struct mien_synth_renderer *r, struct mien_batch *b)
{
    if (!b->n) {
        return;
    }
    mien_shade_light(r, b);
    switch (b->shader) {
    case MIEN_SHADER_SKIN:
        mien_shade_skin(r, b);
        break;
    case MIEN_SHADER_INNER:
        mien_shade_inner(r, b);
        break;
    case MIEN_SHADER_EYE:
        mien_shade_eye(r, b);
        break;
    case MIEN_SHADER_HAIR:
        mien_shade_hair(r, b);
        break;
    case MIEN_SHADER_LENS:
        mien_shade_lens(r, b);
        break;
    default:
        mien_shade_prop(r, b);
        break;
    }
    const size_t row = 3 * (size_t)r->sw;
    for (int i = 0; i < b->n; i++) {
        float *o = r->color + 3 * (size_t)b->at[i];
        const float c[6] = {b->out[0][i], b->out[1][i], b->out[2][i],
                            b->out[0][i], b->out[1][i], b->out[2][i]};
        if (b->whole[i]) {
            memcpy(o, c, sizeof c);
            memcpy(o + row, c, sizeof c);
        } else if (b->shader == MIEN_SHADER_LENS) {
            for (int j = 0; j < 3; j++) {
                o[j] = o[j] * (1 - b->cover[i]) + c[j];
            }
        } else {
            memcpy(o, c, sizeof c / 2);
        }
    }
    b->n = 0;
}

// Notes that triangle `index` is seen at (x,y).
static inline void put(struct mien_synth_renderer *r, struct mien_batch *b, int32_t index, float x,
                       float y, size_t at, bool whole)
{
    __builtin_prefetch(b->triangles + 3 * index);
    int i = b->n++;
    b->index[i] = index;
    b->at[i] = (uint32_t)at;
    b->whole[i] = whole;
    b->x[i] = x;
    b->y[i] = y;
    if (b->n == MIEN_BATCH) {
        flush(r, b);
    }
}

// Lenses: blended over what is behind them, with the surroundings' glare.
static void shade_lenses(struct mien_synth_renderer *r, struct mien_batch *b)
{
    const struct mien_synth_mesh *m = &r->prop;
    for (int t = r->lens_first; t < m->triangles; t++) {
        const int32_t *k = m->triangle + 3 * t;
        const float *p = m->screen[k[0]], *q = m->screen[k[1]], *s = m->screen[k[2]];
        if (p[2] <= 0 || q[2] <= 0 || s[2] <= 0) {
            continue;
        }
        int x0 = (int)fmaxf(0, ceilf(fminf(p[0], fminf(q[0], s[0]))));
        int x1 = (int)fminf((float)r->sw - 1, floorf(fmaxf(p[0], fmaxf(q[0], s[0]))));
        int y0 = (int)fmaxf(0, ceilf(fminf(p[1], fminf(q[1], s[1]))));
        int y1 = (int)fminf((float)r->sh - 1, floorf(fmaxf(p[1], fmaxf(q[1], s[1]))));
        for (int y = y0; y <= y1; y++) {
            for (int x = x0; x <= x1; x++) {
                float w[3];
                if (!mien_raster_weights(p, q, s, (float)x, (float)y, w) || w[0] < 0 || w[1] < 0 ||
                    w[2] < 0) {
                    continue;
                }
                float z = 1 / (w[0] / p[2] + w[1] / q[2] + w[2] / s[2]);
                size_t i = (size_t)y * (size_t)r->sw + (size_t)x;
                if (z >= r->raster.near_[i]) {
                    put(r, b, t, (float)x, (float)y, i, false);
                }
            }
        }
    }
    flush(r, b);
}

static void prepare(const struct mien_synth_renderer *r, struct mien_batch *b, int shader)
{
    const struct mien_synth_assets *a = r->a;
    const struct mien_synth_mesh *m = shader == MIEN_SHADER_HAIR ? &r->hair : &r->prop;
    b->n = 0;
    b->shader = (enum mien_shader)shader;
    if (shader < MIEN_SHADER_HAIR) {
        b->triangles = shader == MIEN_SHADER_SKIN    ? a->skin
                       : shader == MIEN_SHADER_INNER ? a->inner
                                                     : a->eyes;
        b->screen = (const mien_raster_vertex *)r->screen;
        b->mesh_pos = r->pos;
        b->mesh_normal = r->normal;
        b->mesh_light = r->light;
        return;
    }
    b->triangles =
        shader == MIEN_SHADER_HAIR && m->triangles ? a->hair[r->p->hair].triangle : m->triangle;
    b->screen = (const mien_raster_vertex *)m->screen;
    b->mesh_pos = m->pos;
    b->mesh_normal = m->normal;
    b->mesh_light = m->light;
}

// A pixel whose four samples lie on one smooth piece of skin or cloth is shaded once, at its
// middle; edges, eyes, mouth and hair sample by sample.
void mien_synth_shade(struct mien_synth_renderer *r)
{
    static const uint8_t shader[] = {
        [MIEN_OBJECT_SKIN] = MIEN_SHADER_SKIN, [MIEN_OBJECT_INNER] = MIEN_SHADER_INNER,
        [MIEN_OBJECT_EYE] = MIEN_SHADER_EYE,   [MIEN_OBJECT_HAIR] = MIEN_SHADER_HAIR,
        [MIEN_OBJECT_PROP] = MIEN_SHADER_PROP,
    };
    struct mien_batch *batch = r->batch;
    for (int k = 0; k < MIEN_SHADERS; k++) {
        prepare(r, batch + k, k);
    }
    const size_t row = (size_t)r->sw;
    const size_t step[4] = {0, 1, row, row + 1};
    for (int y = 0; y < r->sh; y += MIEN_SAMPLES) {
        for (int x = 0; x < r->sw; x += MIEN_SAMPLES) {
            size_t i = (size_t)y * row + (size_t)x;
            const uint32_t *id = r->raster.id + i;
            const float *near_ = r->raster.near_ + i;
            uint32_t object = id[0] >> 24;
            if (!(id[0] | id[1] | id[row] | id[row + 1])) {
                continue;
            }
            bool one =
                (object == MIEN_OBJECT_SKIN || object == MIEN_OBJECT_PROP) &&
                id[1] >> 24 == object && id[row] >> 24 == object && id[row + 1] >> 24 == object &&
                fabsf(near_[0] - near_[row + 1]) + fabsf(near_[1] - near_[row]) < 0.008f * near_[0];
            if (one) {
                put(r, batch + shader[object], (int32_t)(id[0] & 0xffffff), (float)x + 0.5f,
                    (float)y + 0.5f, i, true);
                continue;
            }
            for (int k = 0; k < MIEN_SAMPLES * MIEN_SAMPLES; k++) {
                uint32_t d = id[step[k]];
                if (d) {
                    put(r, batch + shader[d >> 24], (int32_t)(d & 0xffffff), (float)(x + (k & 1)),
                        (float)(y + (k >> 1)), i + step[k], false);
                }
            }
        }
    }
    for (int k = 0; k < MIEN_SHADERS; k++) {
        flush(r, batch + k);
    }
    if (r->lens_first < r->prop.triangles) {
        shade_lenses(r, batch + MIEN_SHADER_LENS);
    }
}

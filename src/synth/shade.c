// Colours: once a sample, from what the raster found there.
//
// Light: order-2 harmonics of the surroundings (a vertex) times the head's own occlusion, and one
// directional light (a sample) with a shadow map. Skin lets light in: its diffuse term wraps past
// the terminator, red furthest (a cheap stand-in for subsurface scattering, after Green 2004,
// "Real- Time Approximations to Subsurface Scattering", GPU Gems 1). Highlights: Blinn-Phong,
// Fresnel by Schlick. All in linear light.
#include "synth/frame.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"

struct sample {
    float pos[3], normal[3], light[3], view[3];
    float lit;       // share of the directional light that arrives, 0…1
    float direct[3]; // the directional light's colour times lit
};

static const uint8_t *texel(const uint8_t *map, int size, int channels, float u, float v)
{
    int x = (int)(u * (float)size), y = (int)(v * (float)size);
    x = x < 0 ? 0 : x >= size ? size - 1 : x;
    y = y < 0 ? 0 : y >= size ? size - 1 : y;
    return map + ((size_t)y * (size_t)size + (size_t)x) * (size_t)channels;
}

static void bilinear(const uint8_t *map, int size, int channels, float u, float v, float *out)
{
    float fx = u * (float)size - 0.5f, fy = v * (float)size - 0.5f;
    fx = fx < 0 ? 0 : fx > (float)(size - 1) - 0.001f ? (float)(size - 1) - 0.001f : fx;
    fy = fy < 0 ? 0 : fy > (float)(size - 1) - 0.001f ? (float)(size - 1) - 0.001f : fy;
    int x = (int)fx, y = (int)fy;
    fx -= (float)x;
    fy -= (float)y;
    const uint8_t *p = map + ((size_t)y * (size_t)size + (size_t)x) * (size_t)channels;
    const uint8_t *q = p + (size_t)size * (size_t)channels;
    float a = (1 - fx) * (1 - fy) / 255, b = fx * (1 - fy) / 255, c = (1 - fx) * fy / 255,
          d = fx * fy / 255;
    for (int i = 0; i < channels; i++) {
        out[i] = a * p[i] + b * p[i + channels] + c * q[i] + d * q[i + channels];
    }
}

// Noise -1…1, wrapping, nearest; channel as in assets.h.
static float noise(const struct mien_synth_assets *a, float u, float v, int channel)
{
    // Shifted to be positive: truncation is the floor then.
    int x = (int)(u * MIEN_SYNTH_NOISE + 65536) & (MIEN_SYNTH_NOISE - 1);
    int y = (int)(v * MIEN_SYNTH_NOISE + 65536) & (MIEN_SYNTH_NOISE - 1);
    return ((float)a->noise[4 * (y * MIEN_SYNTH_NOISE + x) + channel] - 128) / 127;
}

// The same between lattice points: for what is seen close.
static float soft_noise(const struct mien_synth_assets *a, float u, float v, int channel)
{
    enum { S = MIEN_SYNTH_NOISE };
    float fx = u * S, fy = v * S;
    float gx = (float)((int)(fx + 65536) - 65536), gy = (float)((int)(fy + 65536) - 65536);
    gx -= gx > fx; // the shift rounds
    gy -= gy > fy;
    int x = (int)gx & (S - 1), y = (int)gy & (S - 1), x1 = (x + 1) & (S - 1),
        y1 = (y + 1) & (S - 1);
    fx -= gx;
    fy -= gy;
    const uint8_t *n = a->noise + channel;
    float p = n[4 * (y * S + x)] + (float)(n[4 * (y * S + x1)] - n[4 * (y * S + x)]) * fx;
    float q = n[4 * (y1 * S + x)] + (float)(n[4 * (y1 * S + x1)] - n[4 * (y1 * S + x)]) * fx;
    return (p + (q - p) * fy - 128) / 127;
}

static float shadow(const struct mien_synth_renderer *r, const float *pos, const float *normal)
{
    float q[3];
    for (int i = 0; i < 3; i++) {
        q[i] = mien_dot(r->shadow_axis[i], pos) + r->shadow_at[i];
    }
    float facing = mien_dot(normal, r->light_dir);
    float bias = 2.5f + 4 * (1 - (facing > 0 ? facing : 0)), soft = r->s->light_soft, sum = 0;
    static const float tap[5][2] = {
        {0, 0}, {0.9f, 0.4f}, {-0.4f, 0.9f}, {-0.9f, -0.4f}, {0.4f, -0.9f}};
    for (int i = 0; i < 5; i++) {
        int x = (int)(q[0] + tap[i][0] * soft + 0.5f), y = (int)(q[1] + tap[i][1] * soft + 0.5f);
        if (x < 0 || y < 0 || x >= MIEN_SHADOW || y >= MIEN_SHADOW) {
            sum += 1;
            continue;
        }
        float d = r->shadow.near_[y * MIEN_SHADOW + x] - q[2] - bias;
        sum += d <= 0 ? 1 : d < 3 ? 1 - d / 3 : 0;
    }
    return sum / 5;
}

static float power(float x, int n) // x^(2^n)
{
    while (n-- > 0) {
        x *= x;
    }
    return x;
}

// Blinn-Phong with exponent 2^n, and the surroundings' sheen at grazing angles.
static void highlight(const struct mien_synth_renderer *r, const struct sample *s, int n, float k,
                      float fresnel, float out[3])
{
    float h[3], l = 0;
    for (int i = 0; i < 3; i++) {
        h[i] = r->light_dir[i] + s->view[i];
        l += h[i] * h[i];
    }
    float hn = mien_dot(h, s->normal) / (sqrtf(l) + 1e-6f);
    float spec = hn > 0 ? power(hn, n) * k : 0;
    float nv = mien_dot(s->normal, s->view);
    nv = 1 - (nv > 0 ? nv : 0);
    float edge = fresnel * nv * nv * nv * nv;
    for (int i = 0; i < 3; i++) {
        out[i] += spec * s->direct[i] + edge * (s->light[i] + 0.3f * s->direct[i]);
    }
}

static void diffuse(const struct mien_synth_renderer *r, const struct sample *s,
                    const float *albedo, float wrap, float out[3])
{
    float nl = mien_dot(s->normal, r->light_dir);
    for (int i = 0; i < 3; i++) {
        float w = i == 0 ? wrap : i == 1 ? wrap * 0.45f : wrap * 0.3f;
        float d = (nl + w) / (1 + w);
        d = d > 0 ? d : 0;
        out[i] = albedo[i] * (s->light[i] + d * s->direct[i]);
    }
}

static void blend(float c[3], const float to[3], float t)
{
    for (int i = 0; i < 3; i++) {
        c[i] += (to[i] - c[i]) * t;
    }
}

static void hair_color(const struct mien_synth_renderer *r, float u, float v, float out[3])
{
    const struct mien_synth_assets *a = r->a;
    float strand = noise(a, u * 6 + r->p->noise_at[0], v * 0.9f, 3);
    float lump = noise(a, u * 2 + r->p->noise_at[1], v * 1.1f, 0);
    for (int i = 0; i < 3; i++) {
        out[i] = r->p->hair_rgb[i] * (0.85f + 0.45f * strand + 0.25f * lump);
        out[i] = out[i] > 0.001f ? out[i] : 0.001f;
    }
}

static void skin(const struct mien_synth_renderer *r, int index, const float w[3], struct sample *s,
                 float out[3])
{
    const struct mien_synth_assets *a = r->a;
    const struct mien_synth_person *p = r->p;
    const struct mien_face_model *m = a->model;
    int source = a->skin_source[index];
    const int32_t *k = m->triangle + 3 * source;
    float rest[3], cyl[2] = {0, 0};
    for (int i = 0; i < 3; i++) {
        rest[i] = w[0] * a->rest[3 * k[0] + i] + w[1] * a->rest[3 * k[1] + i] +
                  w[2] * a->rest[3 * k[2] + i];
        cyl[0] += w[i] * a->cylinder[2 * k[i]];
        cyl[1] += w[i] * a->cylinder[2 * k[i] + 1];
    }
    float nu = cyl[0] * 2.2f + p->noise_at[0], nv = cyl[1] * 0.8f + p->noise_at[1];
    float mask[MIEN_MASKS] = {0}, brow = 0, uv[2] = {0, 0};
    bool face = m->part[source] == MIEN_PART_FACE;
    if (face) {
        const int32_t *t = m->uv_triangle + 3 * source;
        for (int i = 0; i < 3; i++) {
            uv[0] += w[i] * m->uv[2 * t[i]];
            uv[1] += w[i] * m->uv[2 * t[i] + 1];
        }
        bilinear(a->mask, MIEN_SYNTH_UV, MIEN_MASKS, uv[0], 1 - uv[1], mask);
        if (uv[1] > 0.7f && uv[1] < 0.95f) {
            bilinear(a->brow[p->brow], MIEN_SYNTH_UV, 1, uv[0], 1 - uv[1], &brow);
        }
    }
    float c[3];
    memcpy(c, p->skin, sizeof c);
    float coarse = noise(a, nu, nv, 0), middle = soft_noise(a, nu * 1.7f, nv * 1.7f, 1);
    float fine = soft_noise(a, nu * 2.3f, nv * 2.3f, 2);
    float photo = 0;
    if (p->texture >= 0 && face) {
        const struct mien_image *t = &a->texture[p->texture];
        photo = mask[MIEN_MASK_INSIDE] * p->texture_share;
        if (photo > 0.01f && t->format == MIEN_FORMAT_RGB8 && t->width == t->height) {
            float q[3];
            bilinear(t->data, t->width, 3, p->texture_flip ? 1 - uv[0] : uv[0], 1 - uv[1], q);
            for (int i = 0; i < 3; i++) {
                float lin = q[i] * q[i] * (0.8f + 0.2f * q[i]) * r->skin_gain[i]; // about q^2.2
                c[i] += (lin - c[i]) * photo;
            }
        }
    }
    float own = 1 - photo;
    float tone =
        1 + own * (p->mottle * (0.06f * coarse + 0.05f * middle)) + p->pores * 0.045f * fine;
    float blood = p->redness * (0.35f * mask[MIEN_MASK_RED] + 0.12f * mask[MIEN_MASK_CHEEK]) * own +
                  p->mottle * 0.05f * noise(a, nu * 0.9f + 0.4f, nv * 0.9f, 0) +
                  0.35f * p->blush * mask[MIEN_MASK_CHEEK];
    tone *= 1 - own * (0.16f * mask[MIEN_MASK_UNDER_EYE] * (0.5f + p->age) +
                       0.07f * mask[MIEN_MASK_LID]);
    float wrinkle = own * (p->age * 0.36f * mask[MIEN_MASK_FOLD] + 0.06f * mask[MIEN_MASK_FOLD]);
    if (p->age > 0.35f) {
        wrinkle +=
            own * (p->age - 0.35f) * 0.3f * mask[MIEN_MASK_FOREHEAD] * (0.6f + 0.6f * middle);
    }
    tone *= 1 - (wrinkle > 0 ? wrinkle : 0);
    c[0] *= tone * (1 - 0.05f * blood);
    c[1] *= tone * (1 - 0.75f * blood);
    c[2] *= tone * (1 - 0.7f * blood);
    if (p->freckles > 0) {
        float f = soft_noise(a, nu * 2.3f, nv * 2.3f, 1) + 0.3f * coarse;
        float t = p->freckles * mien_smooth(0.35f, 0.6f, f) * mien_smooth(-60, 0, rest[1]);
        const float brown[3] = {c[0] * 0.76f, c[1] * 0.6f, c[2] * 0.5f};
        blend(c, brown, t);
    }
    float gloss = p->gloss * (0.7f + 0.5f * middle), wet = 0;
    if (face) {
        if (mask[MIEN_MASK_LIP] > 0.003f) {
            float l =
                mask[MIEN_MASK_LIP] * p->lip_share * (1 - 0.6f * photo * (p->lip_share < 0.86f));
            float t[3];
            for (int i = 0; i < 3; i++) {
                t[i] = p->lip[i] * (1 + 0.12f * noise(a, nu * 3, nv * 0.8f, 3));
            }
            blend(c, t, l);
            wet = mask[MIEN_MASK_LIP];
        }
        float line = 1 - mask[MIEN_MASK_LIP_LINE] * 0.45f * own;
        for (int i = 0; i < 3; i++) {
            c[i] *= i == 0 ? 0.3f + 0.7f * line : line;
        }
        if (p->eyeshadow > 0) {
            blend(c, p->eyeshadow_rgb,
                  p->eyeshadow * 0.7f * mien_clamp01(mask[MIEN_MASK_LID] * 1.4f - 0.2f));
        }
        const float black[3] = {0.012f, 0.009f, 0.008f};
        blend(c, black, mask[MIEN_MASK_LASH] * p->eyeliner * (1 - 0.3f * photo));
        float b = brow * p->brow_density * (1 - 0.25f * photo);
        blend(c, p->brow_rgb, mien_clamp01(b));
        // Beard: stubble is a tint with speckles, a full beard hides the skin.
        for (int k2 = 0; k2 < 2; k2++) {
            float full = k2 ? p->moustache : p->beard;
            float where = mask[k2 ? MIEN_MASK_MOUSTACHE : MIEN_MASK_BEARD];
            if (full <= 0.01f || where <= 0.01f) {
                continue;
            }
            float speck = soft_noise(a, nu * 3.1f, nv * 1.6f, 2),
                  edge = where + 0.35f * (middle - 0.1f);
            float t = mien_smooth(0.15f, 0.85f, edge + 0.12f * speck) *
                      (full < 0.35f ? full * (1.1f + 0.8f * speck)
                                    : 0.45f + 0.5f * full + 0.3f * speck * (1.2f - full));
            float q[3], dark = 0.75f + 0.35f * noise(a, nu * 5, nv, 3) + 0.2f * speck;
            for (int i = 0; i < 3; i++) {
                q[i] = p->beard_rgb[i] * (dark > 0.2f ? dark : 0.2f);
            }
            blend(c, q, mien_clamp01(t));
            gloss *= 1 - 0.7f * mien_clamp01(t);
        }
    }
    // Hair painted on the scalp, also below hair meshes.
    float hair = 0;
    if (p->hair_kind != MIEN_HAIR_BALD || p->age > 0.5f) {
        float ear = mien_smooth(67, 74, fabsf(rest[0])) * mien_smooth(66, 54, rest[1]) *
                    mien_smooth(-38, -24, rest[2]) * mien_smooth(38, 26, rest[2]);
        float scalp = (rest[1] - mien_synth_hairline(fabsf(cyl[0]) * 6.2831853f)) / 10 - 6 * ear;
        float at = scalp - p->hairline * (rest[2] > 0 ? 1 : 0.3f);
        if (p->hair_kind == MIEN_HAIR_BALD) { // a wreath of hair
            at = fminf(at, (75 - rest[1]) / 10 - mien_smooth(-10, 40, rest[2]) * 4);
        } else if (p->hair_kind == MIEN_HAIR_MESH) {
            at -= 1.0f;
        }
        float jag = 0.35f * noise(a, cyl[0] * 5, cyl[1] * 0.8f, 3) + 0.4f * coarse + 0.15f * fine;
        hair = mien_smooth(-0.5f, 0.9f, at + jag) * (p->hair_kind == MIEN_HAIR_BUZZ   ? 0.72f
                                                     : p->hair_kind == MIEN_HAIR_BALD ? 0.6f
                                                                                      : 0.98f);
        if (hair > 0.01f) {
            float h[3];
            hair_color(r, cyl[0] * 1.5f, cyl[1] * 0.5f, h);
            if (p->hair_kind == MIEN_HAIR_BUZZ || p->hair_kind == MIEN_HAIR_BALD) {
                hair *= 0.85f + 0.4f * fine;
            }
            blend(c, h, mien_clamp01(hair));
            gloss *= 1 - hair;
        }
    }
    // Clothes begin on the neck.
    float collar = (const float[4]){-140, -124, -104, -190}[p->collar] + 0.12f * rest[2];
    float cloth = mien_smooth(3, -3, rest[1] - collar);
    if (cloth > 0) {
        blend(c, p->cloth_rgb[0], cloth);
        gloss *= 1 - cloth;
    }
    // Bumps tilt the normal a little: pores and wrinkles catch the light.
    float bump = 0.1f * p->pores * fine + 0.05f * middle;
    s->normal[0] += bump * 0.6f;
    s->normal[1] += bump;
    float l = 1 / (sqrtf(mien_dot(s->normal, s->normal)) + 1e-6f);
    for (int i = 0; i < 3; i++) {
        s->normal[i] *= l;
        c[i] = c[i] < 0.002f ? 0.002f : c[i];
    }
    diffuse(r, s, c, 0.35f * (1 - cloth), out);
    highlight(r, s, 4, 0.055f * gloss, 0.05f * (1 - hair), out);
    highlight(r, s, 6, 0.12f * gloss * gloss + 0.22f * wet, 0, out);
}

static void eye(const struct mien_synth_renderer *r, int index, const float w[3], struct sample *s,
                float out[3])
{
    const struct mien_synth_assets *a = r->a;
    const struct mien_synth_person *p = r->p;
    const struct mien_face_model *m = a->model;
    const int32_t *k = m->triangle + 3 * a->eyes_source[index];
    int e = a->eye_side[k[0]] == 2;
    const float *iris = m->landmark_mean + 3 * m->iris[e];
    float axis[3], d[3], height = 0, l;
    for (int i = 0; i < 3; i++) {
        axis[i] = iris[i] - m->eye_centre[e][i];
        d[i] = w[0] * m->mean[3 * k[0] + i] + w[1] * m->mean[3 * k[1] + i] +
               w[2] * m->mean[3 * k[2] + i] - m->eye_centre[e][i];
        height += w[i] * r->vertex[3 * k[i] + 1];
    }
    l = 1 / sqrtf(mien_dot(axis, axis));
    float along = mien_dot(axis, d) * l, q[3];
    for (int i = 0; i < 3; i++) {
        q[i] = d[i] - along * axis[i] * l;
    }
    float rad = sqrtf(mien_dot(q, q)), angle = atan2f(q[1], q[0]);
    float vein = noise(a, angle * 0.7f, rad * 0.02f + (float)e * 0.3f, 3);
    float c[3] = {0.66f, 0.62f - 0.05f * p->sclera_tint, 0.58f - 0.09f * p->sclera_tint};
    float red = mien_smooth(7, 13, rad) * (0.25f + 0.2f * (vein > 0 ? vein : 0));
    c[1] *= 1 - red;
    c[2] *= 1 - red;
    if (along > 0) {
        float R = p->iris_mm, P = p->pupil_mm, t = rad / R;
        float fibre = noise(a, angle / 6.2831853f * 2, rad * 0.012f, 3);
        float in[3];
        for (int i = 0; i < 3; i++) {
            float v = p->iris_rgb[i] * (1.15f + 0.7f * fibre) *
                      (0.85f + 0.5f * mien_smooth(0.3f, 0.6f, t));
            v += (p->iris_edge_rgb[i] - v) * mien_smooth(0.72f, 0.97f, t);
            in[i] = v + (0.004f - v) * mien_smooth(P + 0.35f, P - 0.1f, rad);
        }
        blend(c, in, mien_smooth(R + 0.35f, R - 0.35f, rad));
    }
    // The upper lid's shadow, and the ball's curve into the socket.
    float under = r->lid_y[e] - height;
    float lid = 0.38f + 0.62f * mien_smooth(-0.5f, 5.0f, under);
    float socket = 1 - 0.55f * mien_smooth(7.5f, 13.5f, rad);
    for (int i = 0; i < 3; i++) {
        s->light[i] *= lid * socket * 0.9f;
        s->direct[i] *= lid * (0.3f + 0.7f * socket);
    }
    diffuse(r, s, c, 0.2f, out);
    highlight(r, s, 8, 1.6f, 0.03f, out);
    // The brightest part of the surroundings mirrored in the cornea.
    float h[3], hl = 0;
    for (int i = 0; i < 3; i++) {
        h[i] = r->sun[i] + s->view[i];
        hl += h[i] * h[i];
    }
    float hn = mien_dot(h, s->normal) / (sqrtf(hl) + 1e-6f);
    float spot = mien_smooth(0.975f, 0.99f, hn) * lid;
    for (int i = 0; i < 3; i++) {
        out[i] += spot * 0.9f * s->light[i];
    }
}

static void inner(const struct mien_synth_renderer *r, int index, const float w[3],
                  struct sample *s, float out[3])
{
    const struct mien_synth_assets *a = r->a;
    const struct mien_face_model *m = a->model;
    int source = a->inner_source[index], part = m->part[source];
    const int32_t *k = m->triangle + 3 * source;
    float z = 0, x = 0;
    for (int i = 0; i < 3; i++) {
        z += w[i] * r->vertex[3 * k[i] + 2];
        x += w[i] * r->vertex[3 * k[i]];
    }
    float c[3] = {0.28f, 0.06f, 0.05f}, shine = 0.05f, depth = 1;
    if (part == MIEN_PART_TEETH) {
        float y = r->p->teeth_tint;
        c[0] = 0.72f - 0.06f * y;
        c[1] = 0.68f - 0.1f * y;
        c[2] = 0.6f - 0.2f * y;
        shine = 0.25f;
    } else if (part == MIEN_PART_GUMS) {
        c[0] = 0.42f;
        c[1] = 0.15f;
        c[2] = 0.14f;
        shine = 0.12f;
    }
    if (part != MIEN_PART_EYE_SOCKET) {
        // The deeper behind the lips, the less light.
        float behind = r->lip_z - z + 0.05f * fabsf(x);
        depth = expf(-(behind > 0 ? behind : 0) / (part == MIEN_PART_TEETH ? 19.0f : 14.0f));
        depth *= part == MIEN_PART_MOUTH ? 0.5f : 0.85f;
    } else {
        depth = 0.5f;
    }
    float e[3];
    mien_synth_irradiance(r, s->normal, e);
    for (int i = 0; i < 3; i++) {
        s->light[i] = e[i] * depth;
        s->direct[i] *= depth;
    }
    diffuse(r, s, c, 0.3f, out);
    highlight(r, s, 6, shine, 0, out);
}

static void hair(const struct mien_synth_renderer *r, int index, const float w[3], struct sample *s,
                 float out[3])
{
    const struct mien_synth_hair *h = &r->a->hair[r->p->hair];
    const int32_t *t = h->uv_triangle + 3 * index, *k = h->triangle + 3 * index;
    float u = 0, v = 0, inside = 0;
    for (int i = 0; i < 3; i++) {
        u += w[i] * h->uv[2 * t[i]];
        v += w[i] * h->uv[2 * t[i] + 1];
        inside += w[i] * r->hair.color[3 * k[i]];
    }
    u -= floorf(u);
    v -= floorf(v);
    float shade = (float)*texel(h->shade, h->size, 1, u, 1 - v) / 128;
    float c[3];
    for (int i = 0; i < 3; i++) {
        c[i] = r->p->hair_rgb[i] * (0.25f + 0.75f * shade);
    }
    float nl = mien_dot(s->normal, r->light_dir);
    float d = (nl + 0.3f) / 1.3f, low = 0.55f + 0.45f * mien_smooth(-120, 60, inside);
    d = d > 0 ? d : 0;
    // Strands shine in a band across the light (after Kajiya and Kay 1989), tinted.
    float hl[3], l = 0;
    for (int i = 0; i < 3; i++) {
        hl[i] = r->light_dir[i] + s->view[i];
        l += hl[i] * hl[i];
    }
    float hn = mien_dot(hl, s->normal) / (sqrtf(l) + 1e-6f);
    float band = hn > 0 ? power(hn, 4) * 0.1f * shade : 0;
    for (int i = 0; i < 3; i++) {
        out[i] = c[i] * (s->light[i] * low + d * s->direct[i]) +
                 band * (0.3f + 2 * r->p->hair_rgb[i]) * s->direct[i] +
                 0.015f * shade * s->light[i];
    }
}

static void prop(const struct mien_synth_renderer *r, int index, const float w[3], struct sample *s,
                 float out[3])
{
    const struct mien_synth_mesh *m = &r->prop;
    const int32_t *k = m->triangle + 3 * index;
    float c[3];
    for (int i = 0; i < 3; i++) {
        c[i] = w[0] * m->color[3 * k[0] + i] + w[1] * m->color[3 * k[1] + i] +
               w[2] * m->color[3 * k[2] + i];
    }
    int material = m->material[index];
    float x = s->pos[0] - r->pose.t[0], y = s->pos[1] - r->pose.t[1];
    if (material == MIEN_MATERIAL_CLOTH) {
        float n = noise(r->a, x * 0.011f, y * 0.011f, 1) * 0.1f +
                  noise(r->a, x * 0.004f, y * 0.002f, 0) * 0.16f;
        s->normal[0] += n;
        for (int i = 0; i < 3; i++) {
            c[i] *= 1 + n;
        }
    } else if (material == MIEN_MATERIAL_SKIN) {
        float n = noise(r->a, s->pos[0] * 0.01f, s->pos[1] * 0.01f, 0);
        c[0] *= 1 + 0.05f * n;
        c[1] *= 1 - 0.08f * n;
        c[2] *= 1 - 0.08f * n;
    }
    diffuse(r, s, c, material == MIEN_MATERIAL_SKIN ? 0.35f : 0.1f, out);
    if (material == MIEN_MATERIAL_GLOSSY) {
        highlight(r, s, 6, 0.5f, 0.3f, out);
    }
}

static void gather(const struct mien_synth_renderer *r, const float *pos, const float *normal,
                   const float *light, const int32_t *k, const float w[3], bool two_sided,
                   struct sample *s)
{
    for (int i = 0; i < 3; i++) {
        s->pos[i] = w[0] * pos[3 * k[0] + i] + w[1] * pos[3 * k[1] + i] + w[2] * pos[3 * k[2] + i];
        s->normal[i] =
            w[0] * normal[3 * k[0] + i] + w[1] * normal[3 * k[1] + i] + w[2] * normal[3 * k[2] + i];
        s->light[i] =
            w[0] * light[3 * k[0] + i] + w[1] * light[3 * k[1] + i] + w[2] * light[3 * k[2] + i];
    }
    float ln = 1 / (sqrtf(mien_dot(s->normal, s->normal)) + 1e-9f);
    float lp = -1 / (sqrtf(mien_dot(s->pos, s->pos)) + 1e-9f);
    for (int i = 0; i < 3; i++) {
        s->normal[i] *= ln;
        s->view[i] = s->pos[i] * lp;
    }
    if (two_sided && mien_dot(s->normal, s->view) < 0) {
        for (int i = 0; i < 3; i++) {
            s->normal[i] = -s->normal[i];
        }
    }
    // Skin and cloth that face away are lit by wrapping only: their shadow is their own.
    bool faces = mien_dot(s->normal, r->light_dir) > -0.4f;
    s->lit = r->s->light > 0.02f && faces ? shadow(r, s->pos, s->normal) : 0;
    for (int i = 0; i < 3; i++) {
        s->direct[i] = r->light_rgb[i] * s->lit;
    }
}

// Lenses: blended over what is behind them, with the surroundings' glare.
static void lenses(struct mien_synth_renderer *r)
{
    const struct mien_synth_mesh *m = &r->prop;
    for (int t = r->lens_first; t < m->triangles; t++) {
        const int32_t *k = m->triangle + 3 * t;
        const float *a = m->screen[k[0]], *b = m->screen[k[1]], *c = m->screen[k[2]];
        if (a[2] <= 0 || b[2] <= 0 || c[2] <= 0) {
            continue;
        }
        int x0 = (int)fmaxf(0, ceilf(fminf(a[0], fminf(b[0], c[0]))));
        int x1 = (int)fminf((float)r->sw - 1, floorf(fmaxf(a[0], fmaxf(b[0], c[0]))));
        int y0 = (int)fmaxf(0, ceilf(fminf(a[1], fminf(b[1], c[1]))));
        int y1 = (int)fminf((float)r->sh - 1, floorf(fmaxf(a[1], fmaxf(b[1], c[1]))));
        for (int y = y0; y <= y1; y++) {
            for (int x = x0; x <= x1; x++) {
                float w[3];
                if (!mien_raster_weights(a, b, c, (float)x, (float)y, w) || w[0] < 0 || w[1] < 0 ||
                    w[2] < 0) {
                    continue;
                }
                float z = 1 / (w[0] / a[2] + w[1] / b[2] + w[2] / c[2]);
                size_t i = (size_t)y * (size_t)r->sw + (size_t)x;
                if (z < r->raster.near_[i]) {
                    continue;
                }
                struct sample s;
                gather(r, m->pos, m->normal, m->light, k, w, true, &s);
                float glare[3] = {0, 0, 0}, e[3], mirror[3], nv = mien_dot(s.normal, s.view);
                for (int j = 0; j < 3; j++) {
                    mirror[j] = 2 * nv * s.normal[j] - s.view[j];
                }
                mien_synth_irradiance(r, mirror, e);
                // A sky-lit streak where the mirrored ray points up.
                float f = 0.04f + 0.6f * power(1 - (nv > 0 ? nv : 0), 2);
                float sky = mien_smooth(0.1f, 0.55f, mirror[1] + 0.25f * mirror[0]);
                highlight(r, &s, 8, 2.5f, 0, glare);
                float dark = r->p->glasses == MIEN_GLASSES_DARK ? r->p->lens_opacity
                                                                : r->p->lens_opacity * 0.6f;
                for (int j = 0; j < 3; j++) {
                    float *o = r->color + 3 * i + j;
                    *o = *o * (1 - dark) + dark * r->p->lens_rgb[j] * s.light[j] +
                         e[j] * f * (0.3f + 0.9f * sky) *
                             (r->p->glasses == MIEN_GLASSES_DARK ? 1 : 0.6f) +
                         glare[j];
                }
            }
        }
    }
}

// Shades what triangle `id` shows at sample position (x,y).
MIEN_MULTIVERSION
static bool shade_one(const struct mien_synth_renderer *r, uint32_t id, float x, float y,
                      float out[3])
{
    const struct mien_synth_assets *a = r->a;
    int object = (int)(id >> 24), index = (int)(id & 0xffffff);
    float w[3];
    struct sample s;
    const int32_t *k;
    const mien_raster_vertex *v = (const mien_raster_vertex *)r->screen;
    const float *pos = r->pos, *normal = r->normal, *light = r->light;
    bool both = false;
    switch (object) {
    case MIEN_OBJECT_SKIN:
        k = a->skin + 3 * index;
        break;
    case MIEN_OBJECT_INNER:
        k = a->inner + 3 * index;
        break;
    case MIEN_OBJECT_EYE:
        k = a->eyes + 3 * index;
        break;
    default: {
        const struct mien_synth_mesh *m = object == MIEN_OBJECT_HAIR ? &r->hair : &r->prop;
        k = object == MIEN_OBJECT_HAIR ? a->hair[r->p->hair].triangle + 3 * index
                                       : m->triangle + 3 * index;
        v = (const mien_raster_vertex *)m->screen;
        pos = m->pos;
        normal = m->normal;
        light = m->light;
        both = true;
        break;
    }
    }
    if (!mien_raster_weights(v[k[0]], v[k[1]], v[k[2]], x, y, w)) {
        return false;
    }
    gather(r, pos, normal, light, k, w, both, &s);
    switch (object) {
    case MIEN_OBJECT_SKIN:
        skin(r, index, w, &s, out);
        break;
    case MIEN_OBJECT_INNER:
        inner(r, index, w, &s, out);
        break;
    case MIEN_OBJECT_EYE:
        eye(r, index, w, &s, out);
        break;
    case MIEN_OBJECT_HAIR:
        hair(r, index, w, &s, out);
        break;
    default:
        prop(r, index, w, &s, out);
        break;
    }
    return true;
}

// A pixel whose four samples lie on one smooth piece of skin or cloth is shaded once, at its
// middle; edges, eyes, mouth and hair sample by sample.
void mien_synth_shade(struct mien_synth_renderer *r)
{
    const size_t row = (size_t)r->sw;
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
            if (one && shade_one(r, id[0], (float)x + 0.5f, (float)y + 0.5f, r->color + 3 * i)) {
                memcpy(r->color + 3 * (i + 1), r->color + 3 * i, 3 * sizeof(float));
                memcpy(r->color + 3 * (i + row), r->color + 3 * i, 3 * sizeof(float));
                memcpy(r->color + 3 * (i + row + 1), r->color + 3 * i, 3 * sizeof(float));
                continue;
            }
            for (int k = 0; k < MIEN_SAMPLES * MIEN_SAMPLES; k++) {
                size_t j = i + (size_t)(k / MIEN_SAMPLES) * row + (size_t)(k % MIEN_SAMPLES);
                if (r->raster.id[j]) {
                    shade_one(r, r->raster.id[j], (float)(x + k % MIEN_SAMPLES),
                              (float)(y + k / MIEN_SAMPLES), r->color + 3 * j);
                }
            }
        }
    }
    if (r->lens_first < r->prop.triangles) {
        lenses(r);
    }
}

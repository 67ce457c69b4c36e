// What is not skin: eyes, the mouth's inside, hair, clothes and other props, lenses. Batches as in
// shade.h.
#include "synth/shade.h"

#include "base/cpu.h"

// One eye sample: iris, pupil, veins, and how much light the lid and the socket leave. Returns the
// lid's share.
static float eyeball(const struct mien_synth_renderer *r, struct mien_batch *b, int i)
{
    const struct mien_synth_assets *a = r->a;
    const struct mien_synth_person *p = r->p;
    const struct mien_face_model *m = a->model;
    const int32_t *k = b->triangles + 3 * b->index[i];
    int e = a->eye_side[k[0]] == 2;
    const float *iris = m->landmark_mean + 3 * m->iris[e];
    float axis[3], d[3], height = 0, l;
    for (int c = 0; c < 3; c++) {
        axis[c] = iris[c] - m->eye_centre[e][c];
        d[c] = b->w[0][i] * m->mean[3 * k[0] + c] + b->w[1][i] * m->mean[3 * k[1] + c] +
               b->w[2][i] * m->mean[3 * k[2] + c] - m->eye_centre[e][c];
        height += b->w[c][i] * r->vertex[3 * k[c] + 1];
    }
    l = 1 / sqrtf(mien_dot(axis, axis));
    float along = mien_dot(axis, d) * l, q[3];
    for (int c = 0; c < 3; c++) {
        q[c] = d[c] - along * axis[c] * l;
    }
    float rad = sqrtf(mien_dot(q, q)), angle = atan2f(q[1], q[0]);
    float vein = mien_noise(a->noise, angle * 0.7f, rad * 0.02f + (float)e * 0.3f, 3);
    float c[3] = {0.66f, 0.62f - 0.05f * p->sclera_tint, 0.58f - 0.09f * p->sclera_tint};
    float red = mien_smooth(7, 13, rad) * (0.25f + 0.2f * (vein > 0 ? vein : 0));
    c[1] *= 1 - red;
    c[2] *= 1 - red;
    if (along > 0) {
        float R = p->iris_mm, P = p->pupil_mm, t = rad / R,
              share = mien_smooth(R + 0.35f, R - 0.35f, rad);
        float fibre = mien_noise(a->noise, angle / 6.2831853f * 2, rad * 0.012f, 3);
        for (int j = 0; j < 3; j++) {
            float v = p->iris_rgb[j] * (1.15f + 0.7f * fibre) *
                      (0.85f + 0.5f * mien_smooth(0.3f, 0.6f, t));
            v += (p->iris_edge_rgb[j] - v) * mien_smooth(0.72f, 0.97f, t);
            v += (0.004f - v) * mien_smooth(P + 0.35f, P - 0.1f, rad);
            c[j] += (v - c[j]) * share;
        }
    }
    // The upper lid's shadow, and the ball's curve into the socket.
    float lid = 0.38f + 0.62f * mien_smooth(-0.5f, 5.0f, r->lid_y[e] - height);
    float socket = 1 - 0.55f * mien_smooth(7.5f, 13.5f, rad);
    for (int j = 0; j < 3; j++) {
        b->albedo[j][i] = c[j];
        b->light[j][i] *= lid * socket * 0.9f;
        b->direct[j][i] *= lid * (0.3f + 0.7f * socket);
    }
    return lid;
}

MIEN_MULTIVERSION
void mien_shade_eye(const struct mien_synth_renderer *r, struct mien_batch *b)
{
    mien_lane lid = {0}, shine, fresnel;
    for (int i = 0; i < b->n; i++) {
        lid[i] = eyeball(r, b, i);
    }
    for (int i = 0; i < MIEN_BATCH; i++) {
        b->wrap[i] = 0.2f;
        shine[i] = 1.6f;
        fresnel[i] = 0.03f;
    }
    mien_shade_angles(r, b);
    mien_shade_diffuse(b);
    mien_shade_highlight(b, 8, shine, fresnel);
    // The brightest part of the surroundings mirrored in the cornea.
    const float sx = r->sun[0], sy = r->sun[1], sz = r->sun[2];
    for (int i = 0; i < MIEN_BATCH; i++) {
        float x = sx + b->view[0][i], y = sy + b->view[1][i], z = sz + b->view[2][i];
        float h = (x * b->normal[0][i] + y * b->normal[1][i] + z * b->normal[2][i]) /
                  (sqrtf(x * x + y * y + z * z) + 1e-6f);
        float spot = mien_smooth(0.975f, 0.99f, h) * lid[i] * 0.9f;
        for (int c = 0; c < 3; c++) {
            b->out[c][i] += spot * b->light[c][i];
        }
    }
}

// Colour, light and shine of the mouth's inside or an eye socket.
static float cavity(const struct mien_synth_renderer *r, struct mien_batch *b, int i)
{
    const struct mien_synth_assets *a = r->a;
    int part = a->model->part[a->inner_source[b->index[i]]];
    const int32_t *k = b->triangles + 3 * b->index[i];
    float z = 0, x = 0;
    for (int j = 0; j < 3; j++) {
        z += b->w[j][i] * r->vertex[3 * k[j] + 2];
        x += b->w[j][i] * r->vertex[3 * k[j]];
    }
    float c[3] = {0.28f, 0.06f, 0.05f}, shine = 0.05f, depth = 0.5f;
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
    }
    const float n[3] = {b->normal[0][i], b->normal[1][i], b->normal[2][i]};
    float e[3];
    mien_synth_irradiance(r, n, e);
    for (int j = 0; j < 3; j++) {
        b->albedo[j][i] = c[j];
        b->light[j][i] = e[j] * depth;
        b->direct[j][i] *= depth;
    }
    return shine;
}

MIEN_MULTIVERSION
void mien_shade_inner(const struct mien_synth_renderer *r, struct mien_batch *b)
{
    mien_lane shine = {0};
    for (int i = 0; i < b->n; i++) {
        shine[i] = cavity(r, b, i);
    }
    for (int i = 0; i < MIEN_BATCH; i++) {
        b->wrap[i] = 0.3f;
    }
    mien_shade_angles(r, b);
    mien_shade_diffuse(b);
    mien_shade_highlight(b, 6, shine, NULL);
}

MIEN_MULTIVERSION
void mien_shade_hair(const struct mien_synth_renderer *r, struct mien_batch *b)
{
    const struct mien_synth_hair *h = &r->a->hair[r->p->hair];
    const float size = (float)h->size;
    const int wrap = h->size - 1;
    mien_lane shade = {0}, height = {0};
    for (int i = 0; i < b->n; i++) {
        const int32_t *t = h->uv_triangle + 3 * b->index[i], *k = b->triangles + 3 * b->index[i];
        float u = 0, v = 0, y = 0;
        for (int j = 0; j < 3; j++) {
            float w = b->w[j][i];
            u += w * h->uv[2 * t[j]];
            v += w * h->uv[2 * t[j] + 1];
            y += w * r->hair.color[3 * k[j]];
        }
        int px = (int)(u * size) & wrap, py = (int)((1 - v) * size) & wrap;
        shade[i] = (float)h->shade[py * h->size + px] * (1 / 128.0f);
        height[i] = y;
    }
    mien_shade_angles(r, b);
    for (int c = 0; c < 3; c++) {
        const float rgb = r->p->hair_rgb[c];
        for (int i = 0; i < MIEN_BATCH; i++) {
            float d = (b->along[i] + 0.3f) / 1.3f;
            float low = 0.55f + 0.45f * mien_smooth(-120, 60, height[i]);
            d = d > 0 ? d : 0;
            // Strands shine in a band across the light (after Kajiya and Kay 1989), tinted.
            float band = b->half[i];
            band *= band;
            band *= band;
            band *= band;
            band *= band * 0.1f * shade[i];
            b->out[c][i] =
                rgb * (0.25f + 0.75f * shade[i]) * (b->light[c][i] * low + d * b->direct[c][i]) +
                band * (0.3f + 2 * rgb) * b->direct[c][i] + 0.015f * shade[i] * b->light[c][i];
        }
    }
}

MIEN_MULTIVERSION
void mien_shade_prop(const struct mien_synth_renderer *r, struct mien_batch *b)
{
    const uint8_t *noise = r->a->noise;
    const float *color = r->prop.color;
    mien_lane shine, fresnel;
    for (int i = 0; i < b->n; i++) {
        const int32_t *k = b->triangles + 3 * b->index[i];
        mien_v4 c = b->w[0][i] * mien_v4_load(color + 3 * k[0]) +
                    b->w[1][i] * mien_v4_load(color + 3 * k[1]) +
                    b->w[2][i] * mien_v4_load(color + 3 * k[2]);
        int material = r->prop.material[b->index[i]];
        if (material == MIEN_MATERIAL_CLOTH) {
            float x = b->pos[0][i] - r->pose.t[0], y = b->pos[1][i] - r->pose.t[1];
            float n = mien_noise(noise, x * 0.011f, y * 0.011f, 1) * 0.1f +
                      mien_noise(noise, x * 0.004f, y * 0.002f, 0) * 0.16f;
            b->normal[0][i] += n;
            c *= 1 + n;
        } else if (material == MIEN_MATERIAL_SKIN) {
            float n = mien_noise(noise, b->pos[0][i] * 0.01f, b->pos[1][i] * 0.01f, 0);
            c *= (mien_v4){1 + 0.05f * n, 1 - 0.08f * n, 1 - 0.08f * n, 1};
        }
        mien_lane_set3(b->albedo, i, c);
        b->wrap[i] = material == MIEN_MATERIAL_SKIN ? 0.35f : 0.1f;
        shine[i] = material == MIEN_MATERIAL_GLOSSY ? 0.5f : 0;
        fresnel[i] = material == MIEN_MATERIAL_GLOSSY ? 0.3f : 0;
    }
    for (int i = b->n; i < MIEN_BATCH; i++) {
        shine[i] = fresnel[i] = 0;
    }
    mien_shade_angles(r, b);
    mien_shade_diffuse(b);
    mien_shade_highlight(b, 6, shine, fresnel);
}

MIEN_MULTIVERSION
void mien_shade_lens(const struct mien_synth_renderer *r, struct mien_batch *b)
{
    const bool black = r->p->glasses == MIEN_GLASSES_DARK;
    const float dark = r->p->lens_opacity * (black ? 1 : 0.6f), glare = black ? 1 : 0.6f;
    mien_lane shine;
    mien_shade_angles(r, b);
    for (int i = 0; i < b->n; i++) {
        float e[3], mirror[3], nv = b->facing[i];
        for (int c = 0; c < 3; c++) {
            mirror[c] = 2 * nv * b->normal[c][i] - b->view[c][i];
        }
        mien_synth_irradiance(r, mirror, e);
        // A sky-lit streak where the mirrored ray points up.
        float away = 1 - (nv > 0 ? nv : 0), f = 0.04f + 0.6f * away * away * away * away;
        float sky = mien_smooth(0.1f, 0.55f, mirror[1] + 0.25f * mirror[0]);
        b->cover[i] = dark;
        for (int c = 0; c < 3; c++) {
            b->out[c][i] =
                dark * r->p->lens_rgb[c] * b->light[c][i] + e[c] * f * (0.3f + 0.9f * sky) * glare;
        }
    }
    for (int i = 0; i < MIEN_BATCH; i++) {
        shine[i] = 2.5f;
    }
    mien_shade_highlight(b, 8, shine, NULL);
}

// Skin and what is painted on it: tone, photographed texture, lips, make-up, brows, beard, scalp
// hair, collar. Batches as in shade.h.
#include "synth/grid.h"

#include "base/cpu.h"

struct skin {
    mien_lane rest[3], cylinder[2]; // where on the mean head
    mien_lane uv[2];                // where on the face part's square, v down; u < 0: not on it
    mien_lane mask[MIEN_MASKS], brow;
    mien_lane photo[3]; // the photographed skin, 0…1
    mien_lane middle, fine, dots, speck;
    mien_lane coarse, blotch; // noise
    mien_lane own;            // share that is not photographed
    mien_lane gloss, wet, bump, cloth, hair;
    struct mien_grid middle_at, fine_at, speck_at, mask_at, photo_at;
};

// Looks up what is painted on the face part's square.
static inline void paint(const struct mien_synth_renderer *r, struct skin *s, int i,
                         const struct mien_image *texture)
{
    const struct mien_grid *g = &s->mask_at;
    const uint8_t *m = r->a->mask + g->at[0][i], *n = r->a->mask + g->at[2][i];
    const mien_v4 w = mien_grid_weights(g, i);
    for (int c = 0; c < MIEN_MASKS; c += 4) {
        mien_v4 x = w[0] * mien_grid_four(m + c) + w[1] * mien_grid_four(m + c + MIEN_MASKS) +
                    w[2] * mien_grid_four(n + c) + w[3] * mien_grid_four(n + c + MIEN_MASKS);
        for (int k = 0; k < 4; k++) {
            s->mask[c + k][i] = x[k];
        }
    }
    s->brow[i] = 0;
    if (s->uv[1][i] > 0.05f && s->uv[1][i] < 0.3f) {
        const uint8_t *b = r->a->brow[r->p->brow] + g->at[0][i] / MIEN_MASKS,
                      *d = b + MIEN_SYNTH_UV;
        s->brow[i] = w[0] * b[0] + w[1] * b[1] + w[2] * d[0] + w[3] * d[1];
    }
    if (texture) {
        g = &s->photo_at;
        const uint8_t *b = texture->data + g->at[0][i], *d = texture->data + g->at[2][i];
        const mien_v4 q = mien_grid_weights(g, i);
        // The right neighbour's three bytes, read from one before them to stay in the picture.
        mien_lane_set3(s->photo, i,
                       q[0] * mien_grid_four(b) + q[1] * mien_v4_bytes(mien_word(b + 2) >> 8) +
                           q[2] * mien_grid_four(d) + q[3] * mien_v4_bytes(mien_word(d + 2) >> 8));
    }
}

// Everything that is looked up sample by sample.
MIEN_INLINE void fetch(const struct mien_synth_renderer *r, const struct mien_batch *b,
                       struct skin *s, const struct mien_image *texture)
{
    const struct mien_synth_assets *a = r->a;
    const struct mien_synth_person *p = r->p;
    const uint8_t *noise = a->noise;
    const bool beard = p->beard > 0.01f || p->moustache > 0.01f;
    const float *uv = a->model->uv;
    for (int i = 0; i < b->n; i++) {
        const int32_t *k = a->skin + 3 * b->index[i], *t = a->skin_uv + 3 * b->index[i];
        const float w0 = b->w[0][i], w1 = b->w[1][i], w2 = b->w[2][i];
        const mien_v4 place = w0 * mien_v4_load(a->place + 4 * k[0]) +
                              w1 * mien_v4_load(a->place + 4 * k[1]) +
                              w2 * mien_v4_load(a->place + 4 * k[2]);
        mien_lane_set3(s->rest, i, place);
        s->cylinder[0][i] = place[3];
        s->cylinder[1][i] = place[1] * 0.01f;
        s->uv[0][i] = -1;
        if (t[0] >= 0) {
            const float *t0 = uv + 2 * t[0], *t1 = uv + 2 * t[1], *t2 = uv + 2 * t[2];
            s->uv[0][i] = w0 * t0[0] + w1 * t1[0] + w2 * t2[0];
            s->uv[1][i] = 1 - (w0 * t0[1] + w1 * t1[1] + w2 * t2[1]);
        }
    }
    const float u0 = p->noise_at[0], v0 = p->noise_at[1];
    mien_lane nu, nv;
    for (int i = 0; i < MIEN_BATCH; i++) {
        nu[i] = s->cylinder[0][i] * 2.2f + u0;
        nv[i] = s->cylinder[1][i] * 0.8f + v0;
    }
    mien_grid_noise(nu, 1.7f, nv, 1.7f, &s->middle_at);
    mien_grid_ask(noise, &s->middle_at, b->n);
    mien_grid_noise(nu, 2.3f, nv, 2.3f, &s->fine_at);
    mien_grid_ask(noise, &s->fine_at, b->n);
    mien_grid_picture(MIEN_SYNTH_UV, MIEN_MASKS, s->uv[0], false, s->uv[1], &s->mask_at);
    mien_grid_ask(a->mask, &s->mask_at, b->n);
    if (texture) {
        mien_grid_picture(texture->width, 3, s->uv[0], p->texture_flip, s->uv[1], &s->photo_at);
        mien_grid_ask(texture->data, &s->photo_at, b->n);
    }
    if (beard) {
        mien_grid_noise(nu, 3.1f, nv, 1.6f, &s->speck_at);
        mien_grid_ask(noise, &s->speck_at, b->n);
    }
    for (int i = 0; i < b->n; i++) {
        s->middle[i] = mien_grid_soft_noise(noise, &s->middle_at, i)[1];
        mien_v4 n = mien_grid_soft_noise(noise, &s->fine_at, i);
        s->dots[i] = n[1];
        s->fine[i] = n[2];
        if (s->uv[0][i] < 0) {
            for (int c = 0; c < MIEN_MASKS; c++) {
                s->mask[c][i] = 0;
            }
            s->brow[i] = 0;
            continue;
        }
        paint(r, s, i, texture);
        if (beard) {
            s->speck[i] = mien_grid_soft_noise(noise, &s->speck_at, i)[2];
        }
    }
}

MIEN_INLINE void blend(struct mien_batch *b, const float to[3], const float *t)
{
    for (int c = 0; c < 3; c++) {
        const float x = to[c];
        for (int i = 0; i < MIEN_BATCH; i++) {
            b->albedo[c][i] += (x - b->albedo[c][i]) * t[i];
        }
    }
}

// Tone, blood, wrinkles, freckles.
MIEN_INLINE void complexion(const struct mien_synth_renderer *r, struct mien_batch *b,
                            struct skin *s, bool texture)
{
    const struct mien_synth_person p = *r->p; // a copy: see shade.h
    const float share = texture ? p.texture_share : 0;
    for (int c = 0; c < 3; c++) {
        const float own = p.skin[c], gain = texture ? r->skin_gain[c] : 0;
        for (int i = 0; i < MIEN_BATCH; i++) {
            float q = s->photo[c][i];
            float lin = q * q * (0.8f + 0.2f * q) * gain; // about q^2.2
            b->albedo[c][i] = own + (lin - own) * (s->mask[MIEN_MASK_INSIDE][i] * share);
        }
    }
    const float old = p.age > 0.35f ? (p.age - 0.35f) * 0.3f : 0;
    for (int i = 0; i < MIEN_BATCH; i++) {
        float own = 1 - s->mask[MIEN_MASK_INSIDE][i] * share, middle = s->middle[i];
        float cheek = s->mask[MIEN_MASK_CHEEK][i], fold = s->mask[MIEN_MASK_FOLD][i];
        float tone = 1 + own * (p.mottle * (0.06f * s->coarse[i] + 0.05f * middle)) +
                     p.pores * 0.045f * s->fine[i];
        float blood = p.redness * (0.35f * s->mask[MIEN_MASK_RED][i] + 0.12f * cheek) * own +
                      p.mottle * 0.05f * s->blotch[i] + 0.35f * p.blush * cheek;
        tone *= 1 - own * (0.16f * s->mask[MIEN_MASK_UNDER_EYE][i] * (0.5f + p.age) +
                           0.07f * s->mask[MIEN_MASK_LID][i]);
        float wrinkle = own * (p.age * 0.36f * fold + 0.06f * fold) +
                        own * old * s->mask[MIEN_MASK_FOREHEAD][i] * (0.6f + 0.6f * middle);
        tone *= 1 - (wrinkle > 0 ? wrinkle : 0);
        b->albedo[0][i] *= tone * (1 - 0.05f * blood);
        b->albedo[1][i] *= tone * (1 - 0.75f * blood);
        b->albedo[2][i] *= tone * (1 - 0.7f * blood);
        s->own[i] = own;
        s->gloss[i] = p.gloss * (0.7f + 0.5f * middle);
        s->wet[i] = s->mask[MIEN_MASK_LIP][i];
        // Bumps tilt the normal a little: pores and wrinkles catch the light.
        s->bump[i] = 0.1f * p.pores * s->fine[i] + 0.05f * middle;
    }
    if (p.freckles > 0) {
        for (int i = 0; i < MIEN_BATCH; i++) {
            float t = p.freckles * mien_smooth(0.35f, 0.6f, s->dots[i] + 0.3f * s->coarse[i]) *
                      mien_smooth(-60, 0, s->rest[1][i]);
            b->albedo[0][i] *= 1 - 0.24f * t;
            b->albedo[1][i] *= 1 - 0.4f * t;
            b->albedo[2][i] *= 1 - 0.5f * t;
        }
    }
}

// Stubble is a tint with speckles, a full beard hides the skin.
MIEN_INLINE void beard(struct mien_batch *b, struct skin *s, float full, const float *where,
                       const float *strand, const float rgb[3])
{
    mien_lane t, dark;
    for (int i = 0; i < MIEN_BATCH; i++) {
        float speck = s->speck[i], edge = where[i] + 0.35f * (s->middle[i] - 0.1f);
        float k = mien_smooth(0.15f, 0.85f, edge + 0.12f * speck) *
                  (full < 0.35f ? full * (1.1f + 0.8f * speck)
                                : 0.45f + 0.5f * full + 0.3f * speck * (1.2f - full));
        k = where[i] > 0.01f ? mien_clamp01(k) : 0;
        float d = 0.75f + 0.35f * strand[i] + 0.2f * speck;
        dark[i] = d > 0.2f ? d : 0.2f;
        t[i] = k;
        s->gloss[i] *= 1 - 0.7f * k;
    }
    for (int c = 0; c < 3; c++) {
        const float x = rgb[c];
        for (int i = 0; i < MIEN_BATCH; i++) {
            b->albedo[c][i] += (x * dark[i] - b->albedo[c][i]) * t[i];
        }
    }
}

// Lips, eyeshadow, lashes, brows, beard.
MIEN_INLINE void features(const struct mien_synth_renderer *r, struct mien_batch *b, struct skin *s)
{
    const struct mien_synth_person p = *r->p;
    const uint8_t *noise = r->a->noise;
    const float nu = 2.2f, nv = 0.8f;
    mien_lane strand, t;
    mien_noise_lane(noise, s->cylinder[0], nu * 3, p.noise_at[0] * 3, s->cylinder[1], nv * 0.8f,
                    p.noise_at[1] * 0.8f, 3, strand);
    const float photo = p.lip_share < 0.86f ? 0.6f : 0;
    for (int i = 0; i < MIEN_BATCH; i++) {
        t[i] = s->wet[i] * p.lip_share * (1 - photo * (1 - s->own[i]));
        strand[i] = 1 + 0.12f * strand[i];
    }
    for (int c = 0; c < 3; c++) {
        const float x = p.lip[c], keep = c ? 0 : 0.3f;
        for (int i = 0; i < MIEN_BATCH; i++) {
            float line = 1 - s->mask[MIEN_MASK_LIP_LINE][i] * 0.45f * s->own[i];
            b->albedo[c][i] += (x * strand[i] - b->albedo[c][i]) * t[i];
            b->albedo[c][i] *= keep + (1 - keep) * line;
        }
    }
    if (p.eyeshadow > 0) {
        for (int i = 0; i < MIEN_BATCH; i++) {
            t[i] = p.eyeshadow * 0.7f * mien_clamp01(s->mask[MIEN_MASK_LID][i] * 1.4f - 0.2f);
        }
        blend(b, p.eyeshadow_rgb, t);
    }
    static const float black[3] = {0.012f, 0.009f, 0.008f};
    for (int i = 0; i < MIEN_BATCH; i++) {
        t[i] = s->mask[MIEN_MASK_LASH][i] * p.eyeliner * (1 - 0.3f * (1 - s->own[i]));
    }
    blend(b, black, t);
    for (int i = 0; i < MIEN_BATCH; i++) {
        t[i] = mien_clamp01(s->brow[i] * p.brow_density * (1 - 0.25f * (1 - s->own[i])));
    }
    blend(b, p.brow_rgb, t);
    if (p.beard > 0.01f || p.moustache > 0.01f) {
        mien_noise_lane(noise, s->cylinder[0], nu * 5, p.noise_at[0] * 5, s->cylinder[1], nv,
                        p.noise_at[1], 3, strand);
    }
    if (p.beard > 0.01f) {
        beard(b, s, p.beard, s->mask[MIEN_MASK_BEARD], strand, p.beard_rgb);
    }
    if (p.moustache > 0.01f) {
        beard(b, s, p.moustache, s->mask[MIEN_MASK_MOUSTACHE], strand, p.beard_rgb);
    }
}

// Hair painted on the scalp, also below hair meshes.
MIEN_INLINE void scalp(const struct mien_synth_renderer *r, struct mien_batch *b, struct skin *s)
{
    const struct mien_synth_person p = *r->p;
    const uint8_t *noise = r->a->noise;
    const bool bald = p.hair_kind == MIEN_HAIR_BALD, buzz = p.hair_kind == MIEN_HAIR_BUZZ;
    const float most = buzz ? 0.72f : bald ? 0.6f : 0.98f, speckle = buzz || bald ? 1 : 0;
    const float lower = p.hair_kind == MIEN_HAIR_MESH ? 1 : 0;
    mien_lane jag, strand, lump;
    mien_noise_lane(noise, s->cylinder[0], 5, 0, s->cylinder[1], 0.8f, 0, 3, jag);
    mien_noise_lane(noise, s->cylinder[0], 9, p.noise_at[0], s->cylinder[1], 0.45f, 0, 3, strand);
    mien_noise_lane(noise, s->cylinder[0], 3, p.noise_at[1], s->cylinder[1], 0.55f, 0, 0, lump);
    for (int i = 0; i < MIEN_BATCH; i++) {
        float x = s->rest[0][i], y = s->rest[1][i], z = s->rest[2][i];
        float ear = mien_smooth(67, 74, fabsf(x)) * mien_smooth(66, 54, y) *
                    mien_smooth(-38, -24, z) * mien_smooth(38, 26, z);
        float line = mien_synth_hairline(fabsf(s->cylinder[0][i]) * 6.2831853f);
        float at = (y - line) / 10 - 6 * ear - p.hairline * (z > 0 ? 1 : 0.3f);
        float wreath = (75 - y) / 10 - mien_smooth(-10, 40, z) * 4;
        wreath = wreath < at ? wreath : at;
        at = bald ? wreath : at - lower;
        at += 0.35f * jag[i] + 0.4f * s->coarse[i] + 0.15f * s->fine[i];
        float h = mien_smooth(-0.5f, 0.9f, at) * most;
        h *= h > 0.01f ? 1 + speckle * (0.4f * s->fine[i] - 0.15f) : 0;
        s->hair[i] = h;
        s->gloss[i] *= 1 - h;
    }
    for (int c = 0; c < 3; c++) {
        const float x = p.hair_rgb[c];
        for (int i = 0; i < MIEN_BATCH; i++) {
            float q = x * (0.85f + 0.45f * strand[i] + 0.25f * lump[i]);
            q = q > 0.001f ? q : 0.001f;
            b->albedo[c][i] += (q - b->albedo[c][i]) * mien_clamp01(s->hair[i]);
        }
    }
}

MIEN_MULTIVERSION
void mien_shade_skin(const struct mien_synth_renderer *r, struct mien_batch *b)
{
    const struct mien_synth_person *p = r->p;
    const uint8_t *noise = r->a->noise;
    struct skin s;
    if (b->n < MIEN_BATCH) { // what is not looked up is defined
        memset(&s, 0, sizeof s);
    }
    memset(s.uv, 0, sizeof s.uv);
    const struct mien_image *texture = p->texture >= 0 ? &r->a->texture[p->texture] : NULL;
    if (texture && (texture->format != MIEN_FORMAT_RGB8 || texture->width != texture->height)) {
        texture = NULL;
    }
    memset(s.photo, 0, sizeof s.photo);
    memset(s.speck, 0, sizeof s.speck);
    fetch(r, b, &s, texture);
    mien_noise_lane(noise, s.cylinder[0], 2.2f, p->noise_at[0], s.cylinder[1], 0.8f, p->noise_at[1],
                    0, s.coarse);
    mien_noise_lane(noise, s.cylinder[0], 2.2f * 0.9f, p->noise_at[0] * 0.9f + 0.4f, s.cylinder[1],
                    0.8f * 0.9f, p->noise_at[1] * 0.9f, 0, s.blotch);
    complexion(r, b, &s, texture != NULL);
    features(r, b, &s);
    memset(s.hair, 0, sizeof s.hair);
    if (p->hair_kind != MIEN_HAIR_BALD || p->age > 0.5f) {
        scalp(r, b, &s);
    }
    // Clothes begin on the neck.
    const float collar = (const float[4]){-140, -124, -104, -190}[p->collar];
    for (int i = 0; i < MIEN_BATCH; i++) {
        s.cloth[i] = mien_smooth(3, -3, s.rest[1][i] - (collar + 0.12f * s.rest[2][i]));
        s.gloss[i] *= 1 - s.cloth[i];
    }
    blend(b, p->cloth_rgb[0], s.cloth);
    mien_lane fresnel, sharp;
    for (int i = 0; i < MIEN_BATCH; i++) {
        float x = b->normal[0][i] + s.bump[i] * 0.6f, y = b->normal[1][i] + s.bump[i],
              z = b->normal[2][i];
        float l = 1 / (sqrtf(x * x + y * y + z * z) + 1e-6f);
        b->normal[0][i] = x * l;
        b->normal[1][i] = y * l;
        b->normal[2][i] = z * l;
        b->wrap[i] = 0.35f * (1 - s.cloth[i]);
        fresnel[i] = 0.05f * (1 - s.hair[i]);
        sharp[i] = 0.12f * s.gloss[i] * s.gloss[i] + 0.22f * s.wet[i];
        s.gloss[i] *= 0.055f;
    }
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < MIEN_BATCH; i++) {
            b->albedo[c][i] = b->albedo[c][i] < 0.002f ? 0.002f : b->albedo[c][i];
        }
    }
    mien_shade_angles(r, b);
    mien_shade_diffuse(b);
    mien_shade_highlight(b, 4, s.gloss, fresnel);
    mien_shade_highlight(b, 6, sharp, NULL);
}

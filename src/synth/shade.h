// Shading's inside: samples of one kind of object are gathered in batches, and every step runs over
// a whole batch, one array a quantity, so that the compiler turns the loops into vector code.
//
// Loops run over all MIEN_BATCH elements: those past n hold what an earlier sample left (finite,
// zero at first) and are not written out. What depends on the person only is loaded before a loop:
// pointers into the renderer could alias the arrays.
#ifndef MIEN_SYNTH_SHADE_H
#define MIEN_SYNTH_SHADE_H

#include <math.h>

#include "synth/frame.h"
#include "synth/vec.h"

enum { MIEN_BATCH = 64 };
typedef float mien_lane[MIEN_BATCH];

enum mien_shader {
    MIEN_SHADER_SKIN,
    MIEN_SHADER_INNER,
    MIEN_SHADER_EYE,
    MIEN_SHADER_HAIR,
    MIEN_SHADER_PROP,
    MIEN_SHADER_LENS,
    MIEN_SHADERS
};

struct mien_batch {
    int n;
    enum mien_shader shader;
    const int32_t *triangles;         // (.,3) of the mesh
    const mien_raster_vertex *screen; // and its vertices
    const float *mesh_pos, *mesh_normal, *mesh_light;
    uint32_t at[MIEN_BATCH];   // place in the samples' colours
    bool whole[MIEN_BATCH];    // stands for all samples of its pixel
    int32_t index[MIEN_BATCH]; // triangle
    mien_lane x, y;            // where in the raster
    mien_lane w[3];            // the corners' weights there, from mien_shade_light()
    // From mien_shade_light().
    mien_lane pos[3], normal[3], view[3]; // normal and view: unit length
    mien_lane light[3];                   // irradiance from the surroundings
    mien_lane direct[3];                  // the directional light that arrives
    // From the shaders: what the surface is like; the colour.
    mien_lane albedo[3], wrap;
    mien_lane along, half, facing; // cosines: normal to light, to the half vector, to the viewer
    mien_lane out[3];
    mien_lane cover; // lenses: how much of what is behind them they take away
};

// Interpolates position, normal and light of a batch and finds how much of the directional light
// arrives.
void mien_shade_light(const struct mien_synth_renderer *r, struct mien_batch *b);
// From there to b->out.
void mien_shade_skin(const struct mien_synth_renderer *r, struct mien_batch *b);
void mien_shade_inner(const struct mien_synth_renderer *r, struct mien_batch *b);
void mien_shade_eye(const struct mien_synth_renderer *r, struct mien_batch *b);
void mien_shade_hair(const struct mien_synth_renderer *r, struct mien_batch *b);
void mien_shade_prop(const struct mien_synth_renderer *r, struct mien_batch *b);
void mien_shade_lens(const struct mien_synth_renderer *r, struct mien_batch *b);

#define MIEN_INLINE static inline __attribute__((always_inline))

MIEN_INLINE void mien_lane_set3(mien_lane *out, int i, mien_v4 v)
{
    out[0][i] = v[0];
    out[1][i] = v[1];
    out[2][i] = v[2];
}

// Noise -1…1, wrapping, nearest; channel as in assets.h. Shifted to be positive: truncation is the
// floor then.
MIEN_INLINE float mien_noise(const uint8_t *noise, float u, float v, int channel)
{
    int x = (int)(u * MIEN_SYNTH_NOISE + 65536) & (MIEN_SYNTH_NOISE - 1);
    int y = (int)(v * MIEN_SYNTH_NOISE + 65536) & (MIEN_SYNTH_NOISE - 1);
    return (float)(noise[4 * (y * MIEN_SYNTH_NOISE + x) + channel] - 128) * (1 / 127.0f);
}

// The same of a batch at (u su + u0, v sv + v0).
MIEN_INLINE void mien_noise_lane(const uint8_t *noise, const float *u, float su, float u0,
                                 const float *v, float sv, float v0, int channel, float *out)
{
    enum { S = MIEN_SYNTH_NOISE };
    int at[MIEN_BATCH];
    for (int i = 0; i < MIEN_BATCH; i++) {
        int x = (int)((u[i] * su + u0) * S + 65536) & (S - 1);
        int y = (int)((v[i] * sv + v0) * S + 65536) & (S - 1);
        at[i] = 4 * (y * S + x) + channel;
    }
    int byte[MIEN_BATCH];
    for (int i = 0; i < MIEN_BATCH; i++) {
        byte[i] = noise[at[i]];
    }
    for (int i = 0; i < MIEN_BATCH; i++) {
        out[i] = (float)(byte[i] - 128) * (1 / 127.0f);
    }
}

// The cosines that light needs, once the normals are what they shall be.
MIEN_INLINE void mien_shade_angles(const struct mien_synth_renderer *r, struct mien_batch *b)
{
    const float lx = r->light_dir[0], ly = r->light_dir[1], lz = r->light_dir[2];
    for (int i = 0; i < MIEN_BATCH; i++) {
        float x = b->normal[0][i], y = b->normal[1][i], z = b->normal[2][i];
        float hx = lx + b->view[0][i], hy = ly + b->view[1][i], hz = lz + b->view[2][i];
        float l = sqrtf(hx * hx + hy * hy + hz * hz) + 1e-6f;
        float h = (hx * x + hy * y + hz * z) / l;
        b->half[i] = h > 0 ? h : 0;
        b->along[i] = x * lx + y * ly + z * lz;
        b->facing[i] = x * b->view[0][i] + y * b->view[1][i] + z * b->view[2][i];
    }
}

// out = albedo times the light, which wraps past the terminator by b->wrap.
MIEN_INLINE void mien_shade_diffuse(struct mien_batch *b)
{
    static const float share[3] = {1, 0.45f, 0.3f};
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < MIEN_BATCH; i++) {
            float w = b->wrap[i] * share[c], d = (b->along[i] + w) / (1 + w);
            d = d > 0 ? d : 0;
            b->out[c][i] = b->albedo[c][i] * (b->light[c][i] + d * b->direct[c][i]);
        }
    }
}

// Blinn-Phong with exponent 2^n and strength k, and the surroundings' sheen at grazing angles.
MIEN_INLINE void mien_shade_highlight(struct mien_batch *b, int n, const float *k,
                                      const float *fresnel)
{
    for (int i = 0; i < MIEN_BATCH; i++) {
        float spec = b->half[i];
        for (int j = 0; j < n; j++) {
            spec *= spec;
        }
        spec *= k[i];
        float away = 1 - (b->facing[i] > 0 ? b->facing[i] : 0);
        away *= away;
        float edge = fresnel ? fresnel[i] * away * away : 0;
        for (int c = 0; c < 3; c++) {
            b->out[c][i] +=
                spec * b->direct[c][i] + edge * (b->light[c][i] + 0.3f * b->direct[c][i]);
        }
    }
}

#endif

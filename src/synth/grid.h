// Look-ups between the elements of tables, for a batch of samples: of noise, masks and pictures.
#ifndef MIEN_SYNTH_GRID_H
#define MIEN_SYNTH_GRID_H

#include "synth/shade.h"

// Where four neighbours lie in a table, for each sample of a batch, and the sample's place between
// them. Places are worked out ahead of the look-ups: the tables do not fit the first-level cache,
// and what is asked for early waits less.
struct mien_grid {
    int at[4][MIEN_BATCH]; // upper left, upper right, lower left, lower right; bytes
    mien_lane fx, fy;
};

// Four bytes as numbers.
static inline mien_v4 mien_grid_four(const uint8_t *p)
{
    return mien_v4_bytes(mien_word(p));
}

// Asks for a table's places ahead.
MIEN_INLINE void mien_grid_ask(const uint8_t *table, const struct mien_grid *g, int n)
{
    for (int i = 0; i < n; i++) {
        __builtin_prefetch(table + g->at[0][i]);
        __builtin_prefetch(table + g->at[2][i]);
    }
}

// The noise's lattice at (nu su, nv sv).
MIEN_INLINE void mien_grid_noise(const float *nu, float su, const float *nv, float sv,
                                 struct mien_grid *g)
{
    enum { S = MIEN_SYNTH_NOISE };
    for (int i = 0; i < MIEN_BATCH; i++) {
        float fx = nu[i] * su * S, fy = nv[i] * sv * S;
        int x = (int)fx, y = (int)fy;
        x -= (float)x > fx ? 1 : 0;
        y -= (float)y > fy ? 1 : 0;
        g->fx[i] = fx - (float)x;
        g->fy[i] = fy - (float)y;
        int x0 = x & (S - 1), x1 = (x + 1) & (S - 1);
        int y0 = (y & (S - 1)) * S, y1 = ((y + 1) & (S - 1)) * S;
        g->at[0][i] = 4 * (y0 + x0);
        g->at[1][i] = 4 * (y0 + x1);
        g->at[2][i] = 4 * (y1 + x0);
        g->at[3][i] = 4 * (y1 + x1);
    }
}

// All four channels of the noise between lattice points, -1…1.
static inline mien_v4 mien_grid_soft_noise(const uint8_t *noise, const struct mien_grid *g, int i)
{
    mien_v4 a = mien_grid_four(noise + g->at[0][i]), b = mien_grid_four(noise + g->at[2][i]);
    mien_v4 p = a + (mien_grid_four(noise + g->at[1][i]) - a) * g->fx[i];
    mien_v4 q = b + (mien_grid_four(noise + g->at[3][i]) - b) * g->fx[i];
    return (p + (q - p) * g->fy[i] - 128) * (1 / 127.0f);
}

// The texels of a square picture round (u,v) or, flipped, (1-u,v).
MIEN_INLINE void mien_grid_picture(int size, int channels, const float *u, bool flip,
                                   const float *v, struct mien_grid *g)
{
    const float side = (float)size, end = (float)(size - 1) - 0.001f;
    const float turn = flip ? -side : side, from = flip ? side - 0.5f : -0.5f;
    for (int i = 0; i < MIEN_BATCH; i++) {
        float fx = u[i] * turn + from, fy = v[i] * side - 0.5f;
        fx = fx < 0 ? 0 : fx;
        fx = fx > end ? end : fx;
        fy = fy < 0 ? 0 : fy;
        fy = fy > end ? end : fy;
        int x = (int)fx, y = (int)fy, at = y * size + x;
        g->fx[i] = fx - (float)x;
        g->fy[i] = fy - (float)y;
        g->at[0][i] = channels * at;
        g->at[1][i] = channels * (at + 1);
        g->at[2][i] = channels * (at + size);
        g->at[3][i] = channels * (at + size + 1);
    }
}

// Weights of the four neighbours / 255.
static inline mien_v4 mien_grid_weights(const struct mien_grid *g, int i)
{
    float x = g->fx[i], y = g->fy[i];
    return (mien_v4){1 - x, x, 1 - x, x} * (mien_v4){1 - y, 1 - y, y, y} * (1 / 255.0f);
}

#endif

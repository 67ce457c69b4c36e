// Heads outside the face model. The model's people all differ along the same sixty components, and
// a network trained on them alone underestimates the rotations of other heads: a head of real
// geometry bowed by 20 degrees was estimated at 15. So some people's heads are deformed in ways
// that the model does not have: stretched along each axis, and pushed in and out by a few broad
// bumps, nearly the same on both sides. Pose, landmarks and expression stay exact; identity
// coefficients do not describe them.
#include "synth/frame.h"

#include <math.h>

enum { BUMPS = 7 };
// Deviation of the stretches (width, height, depth) and of a bump's push.
static const float stretch[3] = {0.04f, 0.05f, 0.08f}, push_mm = 3;

struct bump {
    float at[3], push[3], reach; // rest mm
};

// A place on the front of the head, on one side of it.
static void draw_bump(struct bump *b, struct mien_rng *r)
{
    b->at[0] = mien_rng_range(r, 0, 65);
    b->at[1] = mien_rng_range(r, -70, 90);
    b->at[2] = mien_rng_range(r, 10, 100);
    b->reach = mien_rng_range(r, 22, 55);
    for (int c = 0; c < 3; c++) {
        b->push[c] = push_mm * mien_rng_normal(r);
    }
}

void mien_synth_make_strange(const struct mien_synth_assets *a, float strength, uint32_t seed,
                             float *vertex)
{
    struct mien_rng r;
    struct bump bump[BUMPS];
    float times[3], lopsided[BUMPS];
    mien_rng_seed(&r, seed, 0x57a3);
    for (int c = 0; c < 3; c++) {
        times[c] = 1 + strength * stretch[c] * mien_rng_normal(&r);
    }
    for (int k = 0; k < BUMPS; k++) {
        draw_bump(&bump[k], &r);
        lopsided[k] = mien_rng_range(&r, 0.8f, 1.2f); // the left side against the right
    }
    for (int i = 0; i < a->model->vertices; i++) {
        float v[3], moved[3] = {0, 0, 0};
        mien_synth_to_rest(a, vertex + 3 * i, v);
        for (int k = 0; k < BUMPS; k++) {
            const struct bump *b = &bump[k];
            for (int side = 0; side < 2; side++) {
                float d[3] = {v[0] - (side ? b->at[0] : -b->at[0]), v[1] - b->at[1],
                              v[2] - b->at[2]};
                float w = mien_dot(d, d) / (b->reach * b->reach);
                if (w > 9) {
                    continue;
                }
                w = strength * (side ? lopsided[k] : 1) * expf(-0.5f * w);
                moved[0] += side ? w * b->push[0] : -w * b->push[0];
                moved[1] += w * b->push[1];
                moved[2] += w * b->push[2];
            }
        }
        for (int c = 0; c < 3; c++) {
            v[c] = times[c] * v[c] + moved[c];
        }
        mien_synth_to_head(a, v, vertex + 3 * i);
    }
}

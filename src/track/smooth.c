// Applies track/filter.h to pose, blendshapes, gaze and landmarks of one face.
#include "track/smooth.h"

#include <math.h>
#include <string.h>

void mien_smooth_layout_make(struct mien_smooth_layout *l, const struct mien_face_model *m)
{
    memset(l, 0, sizeof(*l));
    l->landmarks = m->landmarks;
    float sum = 0;
    for (int i = 0; i < m->landmarks; i++) {
        float w = m->landmark[i].fit_weight;
        for (int k = 0; k < 3; k++) {
            l->centre[k] += w * m->landmark_mean[3 * i + k];
        }
        sum += w;
    }
    for (int k = 0; k < 3 && sum > 0; k++) {
        l->centre[k] /= sum;
    }
    // A region's left half, then its right half; central points go left.
    int n = 0;
    for (int side = 0; side < 2; side++) {
        for (int region = 0; region < MIEN_REGIONS; region++) {
            l->first[l->groups] = n;
            for (int i = 0; i < m->landmarks; i++) {
                bool right = m->landmark_mean[3 * i] < -1e-3f;
                if (m->landmark[i].region == region && right == (side == 1)) {
                    l->channel[n++] = (int16_t)(2 * i);
                    l->channel[n++] = (int16_t)(2 * i + 1);
                }
            }
            if (n > l->first[l->groups]) {
                l->groups++;
            }
        }
    }
    l->first[l->groups] = n;
}

static float square(float v)
{
    return v * v;
}

void mien_smooth_reset(struct mien_smooth *s)
{
    memset(s, 0, sizeof(*s));
}

// The smallest noise that each filter believes in: far below what is seen on a screen.
static void start(struct mien_smooth *s)
{
    s->rotation_filter.noise_min = square(3e-4f);
    s->place_filter.noise_min = square(2e-5f);
    s->depth_filter.noise_min = square(2e-4f);
    for (int g = 0; g < MIEN_SMOOTH_GROUPS; g++) {
        s->residual_filter[g].noise_min = square(3e-4f);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        s->blendshape_filter[i].noise_min = square(4e-3f);
    }
    for (int e = 0; e < 2; e++) {
        s->gaze_filter[e].noise_min = square(0.2f);
    }
    s->started = true;
}

static void filter_pose(const struct mien_smooth_layout *l, struct mien_smooth *s,
                        struct mien_pose *p, float dt_s, float strength)
{
    float offset[3], d[6];
    mien_mat3_mul_vec(p->R, l->centre, offset);
    float z = fmaxf(1, -(p->t[2] + offset[2]));
    float place[3] = {(p->t[0] + offset[0]) / z, (p->t[1] + offset[1]) / z, logf(z)};
    static const int16_t depth[1] = {2};
    mien_filter_step(&s->place_filter, s->place, NULL, 2, place, dt_s, strength);
    mien_filter_step(&s->depth_filter, s->place, depth, 1, place, dt_s, strength);
    mien_rotation_to_6d(p->R, d);
    mien_filter_step(&s->rotation_filter, s->rotation, NULL, 6, d, dt_s, strength);
    for (int i = 0; i < 6; i++) {
        d[i] = s->rotation[i].x;
    }
    mien_rotation_from_6d(d, p->R);
    mien_mat3_mul_vec(p->R, l->centre, offset);
    z = expf(s->place[2].x);
    p->t[0] = s->place[0].x * z - offset[0];
    p->t[1] = s->place[1].x * z - offset[1];
    p->t[2] = -z - offset[2];
}

void mien_smooth_fit(const struct mien_smooth_layout *l, struct mien_smooth *s,
                     struct mien_pose *pose, float blendshape[MIEN_BLENDSHAPES], float dt_s,
                     float strength)
{
    if (!s->started) {
        start(s);
    }
    filter_pose(l, s, pose, dt_s, strength);
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        // Half the strength: an expression is short, and its noise is seen less than its delay.
        mien_filter_step(&s->blendshape_filter[i], &s->blendshape[i], NULL, 1, &blendshape[i], dt_s,
                         0.5f * strength);
        blendshape[i] = s->blendshape[i].x;
    }
}

void mien_smooth_landmarks(const struct mien_smooth_layout *l, struct mien_smooth *s,
                           float (*landmark_px)[2], const float (*fitted_px)[2], float unit_px,
                           float roll_rad, float dt_s, float strength)
{
    float c = cosf(roll_rad) / unit_px, d = sinf(roll_rad) / unit_px;
    float z[2 * MIEN_LANDMARKS_MAX];
    for (int i = 0; i < l->landmarks; i++) {
        float x = landmark_px[i][0] - fitted_px[i][0], y = landmark_px[i][1] - fitted_px[i][1];
        z[2 * i] = c * x + d * y;
        z[2 * i + 1] = c * y - d * x;
    }
    for (int g = 0; g < l->groups; g++) {
        mien_filter_step(&s->residual_filter[g], s->residual, &l->channel[l->first[g]],
                         l->first[g + 1] - l->first[g], z, dt_s, strength);
    }
    c *= unit_px * unit_px;
    d *= unit_px * unit_px;
    for (int i = 0; i < l->landmarks; i++) {
        float x = s->residual[2 * i].x, y = s->residual[2 * i + 1].x;
        landmark_px[i][0] = fitted_px[i][0] + c * x - d * y;
        landmark_px[i][1] = fitted_px[i][1] + d * x + c * y;
    }
}

void mien_smooth_rest(struct mien_smooth *s, struct mien_sight *sight, float dt_s, float strength)
{
    bool first = s->gaze_filter[0].count == 0;
    for (int e = 0; e < 2; e++) {
        mien_filter_step(&s->gaze_filter[e], &s->gaze[2 * e], NULL, 2, sight->gaze_deg[e], dt_s,
                         0.5f * strength);
        sight->gaze_deg[e][0] = s->gaze[2 * e].x;
        sight->gaze_deg[e][1] = s->gaze[2 * e + 1].x;
    }
    // Class probabilities flicker at the borders between classes: 0.25 s.
    float k = first || strength <= 0 ? 1 : 1 - expf(-dt_s / (0.25f * strength));
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        s->expression[i] += k * (sight->expression[i] - s->expression[i]);
        sight->expression[i] = s->expression[i];
    }
    k = first ? 1 : 1 - expf(-dt_s / 0.1f);
    s->presence += k * (sight->presence - s->presence);
    sight->presence = s->presence;
}

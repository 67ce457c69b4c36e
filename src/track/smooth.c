#include "track/smooth.h"

#include <math.h>
#include <string.h>

// How much a region tells about the rigid motion: lips and jaw move on their own.
static float rigid_weight(int region)
{
    switch (region) {
    case MIEN_REGION_NOSE:
        return 1.0F;
    case MIEN_REGION_EYE:
        return 0.8F;
    case MIEN_REGION_CHEEK:
    case MIEN_REGION_FOREHEAD:
    case MIEN_REGION_EAR:
        return 0.4F;
    case MIEN_REGION_BROW:
        return 0.3F;
    case MIEN_REGION_JAW:
        return 0.2F;
    default:
        return 0.05F;
    }
}

void mien_smooth_layout_make(struct mien_smooth_layout *l, const struct mien_face_model *m)
{
    memset(l, 0, sizeof(*l));
    l->landmarks = m->landmarks;
    float sum = 0;
    for (int i = 0; i < m->landmarks; i++) {
        float w = rigid_weight(m->landmark[i].region) * (0.1F + m->landmark[i].fit_weight);
        l->weight[i] = w;
        sum += w;
    }
    for (int i = 0; i < m->landmarks; i++) {
        l->weight[i] /= sum;
    }
    // A region's left half, then its right half; central points go left.
    int n = 0;
    for (int side = 0; side < 2; side++) {
        for (int region = 0; region < MIEN_REGIONS; region++) {
            l->first[l->groups] = n;
            for (int i = 0; i < m->landmarks; i++) {
                bool right = m->landmark_mean[3 * i] < -1e-3F;
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

void mien_similarity_fit(const float *from, const float *to, const float *weight, int n, float m[4])
{
    double fx = 0, fy = 0, gx = 0, gy = 0;
    for (int i = 0; i < n; i++) {
        fx += weight[i] * from[2 * i];
        fy += weight[i] * from[2 * i + 1];
        gx += weight[i] * to[2 * i];
        gy += weight[i] * to[2 * i + 1];
    }
    double dot = 0, cross = 0, norm = 0;
    for (int i = 0; i < n; i++) {
        double px = from[2 * i] - fx, py = from[2 * i + 1] - fy;
        double qx = to[2 * i] - gx, qy = to[2 * i + 1] - gy;
        dot += weight[i] * (px * qx + py * qy);
        cross += weight[i] * (px * qy - py * qx);
        norm += weight[i] * (px * px + py * py);
    }
    double a = norm > 1e-12 ? dot / norm : 1, b = norm > 1e-12 ? cross / norm : 0;
    if (a * a + b * b < 1e-12) {
        a = 1;
        b = 0;
    }
    m[0] = (float)a;
    m[1] = (float)b;
    m[2] = (float)(gx - a * fx + b * fy);
    m[3] = (float)(gy - b * fx - a * fy);
}

void mien_smooth_reset(struct mien_smooth *s)
{
    memset(s, 0, sizeof(*s));
}

static float square(float v)
{
    return v * v;
}

// The first shape: centred at the weighted mean, size 1 (weighted rms distance), roll as seen.
static void start(const struct mien_smooth_layout *l, struct mien_smooth *s,
                  const struct mien_sight *sight)
{
    double cx = 0, cy = 0, size = 0;
    for (int i = 0; i < l->landmarks; i++) {
        cx += l->weight[i] * sight->landmark_px[i][0];
        cy += l->weight[i] * sight->landmark_px[i][1];
    }
    for (int i = 0; i < l->landmarks; i++) {
        double dx = sight->landmark_px[i][0] - cx, dy = sight->landmark_px[i][1] - cy;
        size += l->weight[i] * (dx * dx + dy * dy);
    }
    size = size > 1e-6 ? sqrt(size) : 1;
    for (int i = 0; i < l->landmarks; i++) {
        s->reference[2 * i] = (float)((sight->landmark_px[i][0] - cx) / size);
        s->reference[2 * i + 1] = (float)((sight->landmark_px[i][1] - cy) / size);
    }
    s->rigid_unit_px = (float)size;
    s->rigid_filter.noise_min = square(2e-4F);
    for (int g = 0; g < l->groups; g++) {
        s->shape_filter[g].noise_min = square(5e-4F);
    }
    s->rotation_filter.noise_min = square(1e-3F);
    s->place_filter.noise_min = square(5e-5F);
    s->depth_filter.noise_min = square(1e-3F);
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        s->blendshape_filter[i].noise_min = square(4e-3F);
    }
    for (int e = 0; e < 2; e++) {
        s->gaze_filter[e].noise_min = square(0.2F);
    }
    s->started = true;
}

static void step_landmarks(const struct mien_smooth_layout *l, struct mien_smooth *s,
                           struct mien_sight *sight, float dt_s, float strength)
{
    const float *seen = &sight->landmark_px[0][0];
    float m[4];
    mien_similarity_fit(s->reference, seen, l->weight, l->landmarks, m);
    float scale2 = m[0] * m[0] + m[1] * m[1];
    float shape[2 * MIEN_LANDMARKS_MAX];
    for (int i = 0; i < l->landmarks; i++) {
        float x = seen[2 * i] - m[2], y = seen[2 * i + 1] - m[3];
        shape[2 * i] = (m[0] * x + m[1] * y) / scale2;
        shape[2 * i + 1] = (m[0] * y - m[1] * x) / scale2;
    }
    for (int g = 0; g < l->groups; g++) {
        mien_filter_step(&s->shape_filter[g], s->shape, &l->channel[l->first[g]],
                         l->first[g + 1] - l->first[g], shape, dt_s, strength);
    }
    // Roll goes on beyond half a turn instead of jumping.
    float roll = atan2f(m[1], m[0]);
    if (s->rigid_filter.count > 0) {
        roll += 2 * (float)M_PI * roundf((s->rigid[3].x - roll) / (2 * (float)M_PI));
    }
    float rigid[4] = {m[2] / s->rigid_unit_px, m[3] / s->rigid_unit_px,
                      logf(sqrtf(scale2) / s->rigid_unit_px), roll};
    mien_filter_step(&s->rigid_filter, s->rigid, NULL, 4, rigid, dt_s, strength);
    float size = s->rigid_unit_px * expf(s->rigid[2].x);
    float a = size * cosf(s->rigid[3].x), b = size * sinf(s->rigid[3].x);
    float tx = s->rigid[0].x * s->rigid_unit_px, ty = s->rigid[1].x * s->rigid_unit_px;
    for (int i = 0; i < l->landmarks; i++) {
        float x = s->shape[2 * i].x, y = s->shape[2 * i + 1].x;
        sight->landmark_px[i][0] = a * x - b * y + tx;
        sight->landmark_px[i][1] = b * x + a * y + ty;
    }
}

static void step_pose(struct mien_smooth *s, struct mien_pose *p, float dt_s, float strength)
{
    float d[6];
    mien_rotation_to_6d(p->R, d);
    mien_filter_step(&s->rotation_filter, s->rotation, NULL, 6, d, dt_s, strength);
    for (int i = 0; i < 6; i++) {
        d[i] = s->rotation[i].x;
    }
    mien_rotation_from_6d(d, p->R);
    float z = p->t[2] < -1 ? -p->t[2] : 1;
    float place[3] = {p->t[0] / z, p->t[1] / z, logf(z)};
    static const int16_t depth[1] = {2};
    mien_filter_step(&s->place_filter, s->place, NULL, 2, place, dt_s, strength);
    mien_filter_step(&s->depth_filter, s->place, depth, 1, place, dt_s, strength);
    z = expf(s->place[2].x);
    p->t[0] = s->place[0].x * z;
    p->t[1] = s->place[1].x * z;
    p->t[2] = -z;
}

void mien_smooth_step(const struct mien_smooth_layout *l, struct mien_smooth *s,
                      struct mien_sight *sight, float dt_s, float strength)
{
    bool first = !s->started;
    if (first) {
        start(l, s, sight);
    }
    step_landmarks(l, s, sight, dt_s, strength);
    step_pose(s, &sight->pose, dt_s, strength);
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        // Half the strength: an expression is short, and its noise is seen less than its delay.
        mien_filter_step(&s->blendshape_filter[i], &s->blendshape[i], NULL, 1,
                         &sight->blendshape[i], dt_s, 0.5F * strength);
        sight->blendshape[i] = s->blendshape[i].x;
    }
    for (int e = 0; e < 2; e++) {
        mien_filter_step(&s->gaze_filter[e], &s->gaze[2 * e], NULL, 2, sight->gaze_deg[e], dt_s,
                         0.5F * strength);
        sight->gaze_deg[e][0] = s->gaze[2 * e].x;
        sight->gaze_deg[e][1] = s->gaze[2 * e + 1].x;
    }
    // Class probabilities flicker at the borders between classes: 0.25 s.
    float k = first || strength <= 0 ? 1 : 1 - expf(-dt_s / (0.25F * strength));
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        s->expression[i] += k * (sight->expression[i] - s->expression[i]);
        sight->expression[i] = s->expression[i];
    }
    k = first ? 1 : 1 - expf(-dt_s / 0.1F);
    s->presence += k * (sight->presence - s->presence);
    sight->presence = s->presence;
}

// Posing a figure: nodes, shapes, skins, and what drives them.
#include "view/avatar_parts.h"

#include <math.h>
#include <string.h>

#include "base/linear.h"
#include "base/mem.h"
#include "face/gaze.h"
#include "view/camera.h"

// Part of the head's rotation that the neck takes: about what necks do in small turns (sink/vmc.c).
static const float neck_part = 0.35f;
// How far eyes turn, and what look shapes call 1.
static const float eye_yaw_deg = 35, eye_pitch_deg = 25;
// Shapes below it are not added: nobody sees them.
static const float least_weight = 1e-3f;

static float clamp(float v, float low, float high)
{
    return isfinite(v) ? fminf(fmaxf(v, low), high) : 0;
}

// Somebody else's eyes look the same way: a squint of some degrees that was measured shows on them.
static void look_together(struct mien_avatar_drive *d)
{
    static const int out[2] = {MIEN_BS_EYE_LOOK_OUT_LEFT, MIEN_BS_EYE_LOOK_OUT_RIGHT},
                     in[2] = {MIEN_BS_EYE_LOOK_IN_LEFT, MIEN_BS_EYE_LOOK_IN_RIGHT},
                     up[2] = {MIEN_BS_EYE_LOOK_UP_LEFT, MIEN_BS_EYE_LOOK_UP_RIGHT},
                     down[2] = {MIEN_BS_EYE_LOOK_DOWN_LEFT, MIEN_BS_EYE_LOOK_DOWN_RIGHT};
    float *c = d->channel;
    float left = 0.5f * (c[out[0]] - c[in[0]] - c[out[1]] + c[in[1]]);
    float high = 0.5f * (c[up[0]] - c[down[0]] + c[up[1]] - c[down[1]]);
    const float yaw = 0.5f * (d->eye_deg[0][0] + d->eye_deg[1][0]);
    const float pitch = 0.5f * (d->eye_deg[0][1] + d->eye_deg[1][1]);
    for (int e = 0; e < 2; e++) {
        float outward = e ? -left : left;
        c[out[e]] = fmaxf(outward, 0);
        c[in[e]] = fmaxf(-outward, 0);
        c[up[e]] = fmaxf(high, 0);
        c[down[e]] = fmaxf(-high, 0);
        d->eye_deg[e][0] = yaw;
        d->eye_deg[e][1] = pitch;
    }
}

void mien_avatar_drive_by(const struct mien_face_result *f, bool own, struct mien_avatar_drive *d)
{
    float vrm[MIEN_VRM_COUNT], *c = d->channel, R[9], forward[3], yaw = 0, pitch = 0;
    memset(d, 0, sizeof(*d));
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        c[i] = mien_unit(own ? f->blendshape[i] : f->action[i]);
    }
    mien_vrm_weights(f, vrm);
    // A laugh shuts the eyes itself: both together would go too far.
    for (int i = MIEN_VRM_BLINK_L; i <= MIEN_VRM_BLINK_R; i++) {
        vrm[i] *= 1 - vrm[MIEN_VRM_JOY];
    }
    memcpy(c + MIEN_AVATAR_VRM, vrm, sizeof(vrm));
    c[MIEN_AVATAR_BLINK] = 0.5f * (vrm[MIEN_VRM_BLINK_L] + vrm[MIEN_VRM_BLINK_R]);
    c[MIEN_AVATAR_SURPRISED] = mien_unit(f->expression[MIEN_EXPRESSION_SURPRISE]);
    c[MIEN_AVATAR_SMILE] = 0.5f * (c[MIEN_BS_MOUTH_SMILE_LEFT] + c[MIEN_BS_MOUTH_SMILE_RIGHT]);
    mien_mat3_log(f->pose.R, d->turn);
    for (int i = 0; i < 3; i++) {
        d->turn[i] = clamp(d->turn[i], -3, 3);
    }
    for (int e = 0; e < 2; e++) {
        mien_gaze_rotation(f->pose.R, f->gaze_deg[e], R);
        memcpy(forward, (float[3]){R[2], R[5], R[8]}, sizeof(forward));
        mien_direction_to_angles(forward, &d->eye_deg[e][0], &d->eye_deg[e][1]);
        d->eye_deg[e][0] = clamp(d->eye_deg[e][0], -eye_yaw_deg, eye_yaw_deg);
        d->eye_deg[e][1] = clamp(d->eye_deg[e][1], -eye_pitch_deg, eye_pitch_deg);
        yaw += 0.5f * d->eye_deg[e][0];
        pitch += 0.5f * d->eye_deg[e][1];
    }
    c[MIEN_AVATAR_LOOK_LEFT] = mien_unit(yaw / eye_yaw_deg);
    c[MIEN_AVATAR_LOOK_RIGHT] = mien_unit(-yaw / eye_yaw_deg);
    c[MIEN_AVATAR_LOOK_UP] = mien_unit(pitch / eye_pitch_deg);
    c[MIEN_AVATAR_LOOK_DOWN] = mien_unit(-pitch / eye_pitch_deg);
    if (!own) {
        look_together(d);
    }
}

void mien_avatar_drive_toward(struct mien_avatar_drive *d, const struct mien_avatar_drive *to,
                              float share)
{
    for (int i = 0; i < MIEN_AVATAR_CHANNELS; i++) {
        d->channel[i] += share * (to->channel[i] - d->channel[i]);
    }
    for (int i = 0; i < 3; i++) {
        d->turn[i] += share * (to->turn[i] - d->turn[i]);
    }
    for (int i = 0; i < 4; i++) {
        d->eye_deg[i / 2][i % 2] += share * (to->eye_deg[i / 2][i % 2] - d->eye_deg[i / 2][i % 2]);
    }
}

// Turns a node about its own place in the figure's space.
static void turn_node(struct mien_avatar_node *n, const float R[9])
{
    float m[16];
    memcpy(m, n->world, sizeof(m));
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 3; i++) {
            n->world[4 * c + i] =
                R[3 * i] * m[4 * c] + R[3 * i + 1] * m[4 * c + 1] + R[3 * i + 2] * m[4 * c + 2];
        }
    }
}

static void turn_part(struct mien_avatar_node *n, const float turn[3], float part)
{
    float v[3] = {turn[0] * part, turn[1] * part, turn[2] * part}, R[9];
    mien_mat3_exp(v, R);
    turn_node(n, R);
}

// An eye's own rotation is the head's frame's: it goes on top of the head's.
static void turn_eye(struct mien_avatar_node *n, const float turn[3], const float deg[2])
{
    float R[9], E[9], back[9], part[9], all[9];
    mien_mat3_exp(turn, R);
    mien_pose_from_angles(deg[0], deg[1], 0, E);
    mien_mat3_transpose(R, back);
    mien_mat3_mul(E, back, part);
    mien_mat3_mul(R, part, all);
    turn_node(n, all);
}

static void pose_nodes(struct mien_avatar *a, const struct mien_avatar_drive *d)
{
    for (int k = 0; k < a->nodes; k++) {
        int i = a->order[k];
        struct mien_avatar_node *n = &a->node[i];
        if (n->parent >= 0) {
            mien_mat4_mul(a->node[n->parent].world, n->local, n->world);
        } else {
            memcpy(n->world, n->local, sizeof(n->world));
        }
        if (i == a->neck && i != a->head) {
            turn_part(n, d->turn, neck_part);
        } else if (i == a->head) {
            turn_part(n, d->turn, a->neck >= 0 && a->neck != a->head ? 1 - neck_part : 1);
        }
        for (int e = 0; e < 2; e++) {
            if (i == a->arm[e]) {
                turn_node(n, a->lowered[e]);
            }
        }
        for (int e = 0; e < 2 && a->head >= 0; e++) {
            if (i == a->eye[e] && !a->eyes_by_shape) {
                turn_eye(n, d->turn, d->eye_deg[e]);
            }
        }
    }
    for (int s = 0; s < a->skins; s++) {
        struct mien_avatar_skin *k = &a->skin[s];
        for (int j = 0; j < k->joints; j++) {
            mien_mat4_mul(a->node[k->joint[j]].world, k->inverse + 16 * j, k->now + 16 * j);
        }
    }
}

static void set_weights(struct mien_avatar *a, const struct mien_avatar_drive *d)
{
    memset(a->weight, 0, (size_t)a->weights * sizeof(*a->weight));
    for (int i = 0; i < a->drivers; i++) {
        const struct mien_avatar_driver *k = &a->driver[i];
        float v = d->channel[k->channel];
        a->weight[k->weight] += k->factor * (k->whole ? v > 0.5f : v);
    }
    for (int i = 0; i < a->weights; i++) {
        a->weight[i] = clamp(clamp(a->weight[i], -1, 1) + a->weight_rest[i], -2, 2);
    }
}

// The normals of the surface's triangles at its places (count,3), summed at each vertex's first
// twin: into sum (count,3), not of length 1.
static void sum_normals(const struct mien_avatar *a, int surface, const float *at, float *sum)
{
    const struct mien_avatar_surface *s = &a->surface[surface];
    const int *twin = a->twin + s->first;
    memset(sum, 0, 3 * (size_t)s->count * sizeof(*sum));
    for (int p = 0; p < a->parts; p++) {
        for (int i = 0; a->part[p].surface == surface && i < a->part[p].count; i += 3) {
            const uint32_t *t = a->index + a->part[p].first + i;
            const float *v[3];
            float e[2][3];
            for (int k = 0; k < 3; k++) {
                v[k] = at + 3 * (size_t)((int)t[k] - s->first);
            }
            for (int c = 0; c < 3; c++) {
                e[0][c] = v[1][c] - v[0][c];
                e[1][c] = v[2][c] - v[0][c];
            }
            for (int k = 0; k < 3; k++) {
                float *n = sum + 3 * (size_t)twin[(int)t[k] - s->first];
                for (int c = 0; c < 3; c++) {
                    int x = (c + 1) % 3, y = (c + 2) % 3;
                    n[c] += e[0][x] * e[1][y] - e[0][y] * e[1][x];
                }
            }
        }
    }
}

static void unit(float v[3])
{
    float l = sqrtf(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    float k = l > 1e-20f && isfinite(l) ? 1 / l : 0;
    for (int c = 0; c < 3; c++) {
        v[c] *= k;
    }
}

void mien_avatar_fold(const struct mien_avatar *a, int surface, const float *at, float *normal)
{
    const struct mien_avatar_surface *s = &a->surface[surface];
    sum_normals(a, surface, at, normal);
    for (int i = 0; i < s->count; i++) {
        int t = a->twin[s->first + i];
        if (t == i) {
            unit(normal + 3 * (size_t)i);
        } else { // a twin comes after its first
            memcpy(normal + 3 * (size_t)i, normal + 3 * (size_t)t, 3 * sizeof(float));
        }
    }
}

// Adds the shapes: positions (count,3) and normals (count,3), in the surface's own space.
static void morph(struct mien_avatar *a, int surface, float *at, float *normal)
{
    const struct mien_avatar_surface *s = &a->surface[surface];
    const float *rest = a->rest + 6 * (size_t)s->first;
    bool folded = false;
    for (int i = 0; i < s->count; i++) {
        memcpy(at + 3 * (size_t)i, rest + 6 * (size_t)i, 3 * sizeof(float));
        memcpy(normal + 3 * (size_t)i, rest + 6 * (size_t)i + 3, 3 * sizeof(float));
    }
    for (int k = s->target; k < s->target + s->targets; k++) {
        const struct mien_avatar_target *t = &a->target[k];
        float w = a->weight[t->weight];
        for (int i = 0; fabsf(w) > least_weight && i < t->count; i++) {
            float *p = at + 3 * (size_t)t->vertex[i], *n = normal + 3 * (size_t)t->vertex[i];
            for (int c = 0; c < 3; c++) {
                p[c] += w * t->moved[3 * i + c];
                n[c] += t->normal ? w * t->normal[3 * i + c] : 0;
            }
        }
        folded = folded || (fabsf(w) > least_weight && !t->normal && t->count);
    }
    if (folded) {
        // What the mesh's own normals turn by is added to those that its maker gave.
        float *now = a->scratch + 6 * (size_t)s->count;
        const float *was = a->fold + 3 * (size_t)s->first;
        mien_avatar_fold(a, surface, at, now);
        for (int i = 0; i < 3 * s->count; i++) {
            normal[i] += now[i] - was[i];
        }
    }
}

static void place(struct mien_avatar *a, const struct mien_avatar_surface *s, int i,
                  const float at[3], const float normal[3])
{
    struct mien_avatar_vertex *v = &a->vertex[s->first + i];
    float mixed[16];
    const float *m = a->node[s->node].world;
    if (s->skin >= 0) {
        const uint16_t *joint = a->joint + 4 * (size_t)(s->first + i);
        const float *share = a->share + 4 * (size_t)(s->first + i);
        memset(mixed, 0, sizeof(mixed));
        for (int k = 0; k < 4; k++) {
            const float *j = a->skin[s->skin].now + 16 * (size_t)joint[k];
            for (int c = 0; share[k] > 0 && c < 16; c++) {
                mixed[c] += share[k] * j[c];
            }
        }
        m = mixed;
    }
    mien_gltf_point(m, at, v->position);
    for (int r = 0; r < 3; r++) {
        v->position[r] = clamp(v->position[r], -100, 100);
        v->normal[r] = m[r] * normal[0] + m[4 + r] * normal[1] + m[8 + r] * normal[2];
    }
    mien_gltf_normalise(v->normal);
}

static void pose_surface(struct mien_avatar *a, int surface, bool all)
{
    const struct mien_avatar_surface *s = &a->surface[surface];
    float *at = a->scratch, *normal = a->scratch + 3 * (size_t)s->count;
    int n = all ? s->count : s->movings;
    if (n > 0) {
        morph(a, surface, at, normal);
    }
    for (int k = 0; k < n; k++) {
        int i = all ? k : (int)s->moving[k];
        place(a, s, i, at + 3 * (size_t)i, normal + 3 * (size_t)i);
    }
}

void mien_avatar_pose(struct mien_avatar *a, const struct mien_avatar_drive *d)
{
    set_weights(a, d);
    pose_nodes(a, d);
    for (int i = 0; i < a->surfaces; i++) {
        pose_surface(a, i, false);
    }
}

void mien_avatar_pose_all(struct mien_avatar *a)
{
    static const struct mien_avatar_drive rest; // zeros
    set_weights(a, &rest);
    pose_nodes(a, &rest);
    for (int i = 0; i < a->surfaces; i++) {
        pose_surface(a, i, true);
    }
}

bool mien_avatar_below(const struct mien_avatar *a, int node, int top)
{
    for (; node >= 0 && node != top; node = a->node[node].parent) {
    }
    return node >= 0;
}

void mien_avatar_destroy(struct mien_avatar *a)
{
    for (int i = 0; i < a->surfaces; i++) {
        mien_free(a->surface[i].moving);
    }
    for (int i = 0; i < a->targets; i++) {
        mien_free(a->target[i].vertex);
        mien_free(a->target[i].moved);
        mien_free(a->target[i].normal);
    }
    for (int i = 0; i < a->skins; i++) {
        mien_free(a->skin[i].joint);
        mien_free(a->skin[i].inverse);
        mien_free(a->skin[i].now);
    }
    mien_gltf_free_textures(a->texture, a->textures);
    void *all[] = {a->vertex, a->index,  a->part,    a->surface, a->target,     a->node,
                   a->skin,   a->driver, a->order,   a->rest,    a->joint,      a->share,
                   a->twin,   a->fold,   a->scratch, a->weight,  a->weight_rest};
    for (size_t i = 0; i < MIEN_COUNT(all); i++) {
        mien_free(all[i]);
    }
    memset(a, 0, sizeof(*a));
}

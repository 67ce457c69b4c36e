// From a person and a scene to meshes in the camera's frame: morph, gaze, neck, hair, light.
#include "synth/frame.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/angle.h"
#include "base/mem.h"
#include "face/harmonics.h"
#include "face/gaze.h"

bool mien_synth_mesh_create(struct mien_synth_mesh *m, int vertices, int triangles)
{
    memset(m, 0, sizeof *m);
    size_t v = (size_t)(vertices > 0 ? vertices : 1), t = (size_t)(triangles > 0 ? triangles : 1);
    m->pos = mien_calloc(v * 3 + 1, sizeof(float));
    m->normal = mien_calloc(v * 3 + 1, sizeof(float));
    m->light = mien_calloc(v * 3 + 1, sizeof(float));
    m->color = mien_calloc(v * 3 + 1, sizeof(float));
    m->screen = mien_calloc(v, sizeof *m->screen);
    m->triangle = mien_calloc(t * 3, sizeof(int32_t));
    m->material = mien_calloc(t, 1);
    if (!m->pos || !m->normal || !m->light || !m->color || !m->screen || !m->triangle ||
        !m->material) {
        mien_synth_mesh_destroy(m);
        return false;
    }
    return true;
}

void mien_synth_mesh_destroy(struct mien_synth_mesh *m)
{
    mien_free(m->pos);
    mien_free(m->normal);
    mien_free(m->light);
    mien_free(m->color);
    mien_free(m->screen);
    mien_free(m->triangle);
    mien_free(m->material);
    memset(m, 0, sizeof *m);
}

// Turns both eyes to the common target: the look shapes follow, and so do the lids, less the
// further an eye is shut. Blink and look shapes add up on the lids: both in full would carry the
// upper lid past the lower one, and eyeBlink 1 is to mean shut, wherever the eye looks.
static void aim_eyes(struct mien_synth_renderer *r)
{
    static const float facing[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    const struct mien_synth_scene *s = r->s;
    float y = s->gaze_yaw * 0.01745329f, p = s->gaze_pitch * 0.01745329f;
    float d = s->gaze_distance_mm;
    for (int e = 0; e < 2; e++) {
        float side = r->a->model->eye_centre[e][0];
        float t[3] = {d * sinf(y) * cosf(p) - side, d * sinf(p), d * cosf(y) * cosf(p)};
        float yaw = atan2f(t[0], t[2]) * (float)MIEN_DEG_PER_RAD;
        float pitch = atan2f(t[1], hypotf(t[0], t[2])) * (float)MIEN_DEG_PER_RAD;
        if (!s->own_look) {
            mien_gaze_to_blendshapes(r->a->model, facing, yaw, pitch, e, r->blendshape);
        }
        float open = 1 - 0.9f * r->blendshape[e ? MIEN_BS_EYE_BLINK_RIGHT : MIEN_BS_EYE_BLINK_LEFT];
        int first = e ? MIEN_BS_EYE_LOOK_DOWN_RIGHT : MIEN_BS_EYE_LOOK_DOWN_LEFT;
        for (int k = first; k < first + 4; k++) { // down, in, out, up
            r->blendshape[k] *= open;
        }
    }
}

MIEN_MULTIVERSION
static void transform(const float *R, const float *t, const float *in, float *out, int n)
{
    for (int i = 0; i < n; i++) {
        float x = in[3 * i], y = in[3 * i + 1], z = in[3 * i + 2];
        out[3 * i] = R[0] * x + R[1] * y + R[2] * z + t[0];
        out[3 * i + 1] = R[3] * x + R[4] * y + R[5] * z + t[1];
        out[3 * i + 2] = R[6] * x + R[7] * y + R[8] * z + t[2];
    }
}

// The neck follows the body: below the jaw, vertices turn by and by from the head's rotation to the
// body's. The measure h is 0 at chin and jaw, about 150 mm at the mesh's lower edge.
static void bend_neck(struct mien_synth_renderer *r)
{
    const struct mien_synth_assets *a = r->a;
    float Rt[9], M[9];
    mien_mat3_transpose(r->pose.R, Rt);
    mien_mat3_mul(Rt, r->body, M); // body to head
    for (int i = 0; i < a->model->vertices; i++) {
        const float *q = a->rest + 3 * i;
        float h = -q[1] - 0.45f * (q[2] + 20);
        if (h <= 45) {
            continue;
        }
        float w = mien_smooth(45, 150, h), *v = r->vertex + 3 * i, d[3], e[3];
        for (int c = 0; c < 3; c++) {
            d[c] = v[c] - r->pivot[c];
        }
        mien_mat3_mul_vec(M, d, e);
        for (int c = 0; c < 3; c++) {
            v[c] += w * (r->pivot[c] + e[c] - v[c]);
        }
    }
}

// The head in r->base becomes a child's or a strange one, and its landmarks move along.
static void reshape(struct mien_synth_renderer *r)
{
    const struct mien_face_model *m = r->a->model;
    float before[MIEN_LANDMARKS_MAX][3];
    memset(r->landmark_grown, 0, sizeof r->landmark_grown);
    if (r->child <= 0 && r->strange <= 0) {
        return;
    }
    mien_face_model_gather(m, r->base, before[0]);
    if (r->strange > 0) {
        mien_synth_make_strange(r->a, r->strange, r->strange_seed, r->base);
    }
    if (r->child > 0) {
        mien_face_model_gather(m, r->base, r->landmark_grown[0]);
        mien_synth_make_child(r->a, r->child, r->landmark_grown[m->ibug[30]], r->base);
    }
    mien_face_model_gather(m, r->base, r->landmark_grown[0]);
    for (int i = 0; i < m->landmarks; i++) {
        for (int c = 0; c < 3; c++) {
            r->landmark_grown[i][c] -= before[i][c];
        }
    }
}

void mien_synth_build_head(struct mien_synth_renderer *r)
{
    const struct mien_synth_assets *a = r->a;
    const struct mien_face_model *m = a->model;
    if (!r->has_base || r->child != r->p->child || r->strange != r->p->strange ||
        r->strange_seed != r->p->strange_seed ||
        memcmp(r->identity, r->p->identity, sizeof r->identity) != 0) {
        mien_face_model_vertices(m, r->p->identity, NULL, r->base);
        memcpy(r->identity, r->p->identity, sizeof r->identity);
        r->child = r->p->child;
        r->strange = r->p->strange;
        r->strange_seed = r->p->strange_seed;
        r->has_base = true;
        reshape(r);
        // How large this skull is beside the mean one.
        float mean[3] = {0}, own[3] = {0};
        for (int i = 0; i < m->vertices; i += 3) {
            if (a->scalp[i] > 1 &&
                (m->vertex_mask[i] & (1 << MIEN_PART_FACE | 1 << MIEN_PART_HEAD))) {
                float q[3];
                mien_synth_to_rest(a, r->base + 3 * i, q);
                for (int c = 0; c < 3; c++) {
                    mean[c] += fabsf(a->rest[3 * i + c] - (c == 1 ? 30 : 0));
                    own[c] += fabsf(q[c] - (c == 1 ? 30 : 0));
                }
            }
        }
        for (int c = 0; c < 3; c++) {
            r->head_grow[c] = mean[c] > 0 ? own[c] / mean[c] : 1;
        }
    }
    for (int c = 0; c < 3 && r->p->texture >= 0; c++) {
        r->skin_gain[c] = r->p->skin[c] / a->texture_mean[r->p->texture][c];
    }
    memcpy(r->blendshape, r->s->blendshape, sizeof r->blendshape);
    aim_eyes(r);
    mien_face_model_add_blendshapes(m, r->base, r->blendshape, r->vertex);
    mien_face_model_landmarks(m, r->p->identity, r->blendshape, r->landmark[0]);
    for (int i = 0; i < m->landmarks; i++) {
        for (int c = 0; c < 3; c++) {
            r->landmark[i][c] += r->landmark_grown[i][c];
        }
    }
    static const int upper[2][2] = {{43, 44}, {37, 38}};
    for (int e = 0; e < 2; e++) {
        r->lid_y[e] =
            0.5f * (r->landmark[m->ibug[upper[e][0]]][1] + r->landmark[m->ibug[upper[e][1]]][1]);
    }
    r->lip_z = r->landmark[m->ibug[62]][2];
    static const float neck[3] = MIEN_NECK;
    mien_synth_to_head(a, neck, r->pivot);
}

// Screen position and light of a mesh whose pos and normal are in the camera's frame.
MIEN_MULTIVERSION
static void project(const struct mien_synth_renderer *r, const float *pos, mien_raster_vertex *out,
                    int n)
{
    const float k = MIEN_SAMPLES, f = r->camera.f_px * k;
    const float cx = r->camera.cx_px * k + (k - 1) / 2, cy = r->camera.cy_px * k + (k - 1) / 2;
    for (int i = 0; i < n; i++) {
        float z = -pos[3 * i + 2], iz = z > 20 ? 1 / z : 0;
        out[i][0] = cx + f * pos[3 * i] * iz;
        out[i][1] = cy - f * pos[3 * i + 1] * iz;
        out[i][2] = iz;
        out[i][3] = 0;
    }
}

void mien_synth_irradiance(const struct mien_synth_renderer *r, const float n[3], float out[3])
{
    float d[3], b[9];
    mien_mat3_mul_vec(r->to_env, n, d);
    mien_harmonics(d, b);
    for (int c = 0; c < 3; c++) {
        float e = 0;
        for (int i = 0; i < 9; i++) {
            e += r->sh_light[i][c] * b[i];
        }
        out[c] = e > 0.02f ? e : 0.02f;
    }
}

MIEN_MULTIVERSION
static void irradiance(const struct mien_synth_renderer *r, const float *normal, const float *ao,
                       float *out, int n)
{
    const float *M = r->to_env;
    for (int i = 0; i < n; i++) {
        const float *v = normal + 3 * i;
        float x = M[0] * v[0] + M[1] * v[1] + M[2] * v[2];
        float y = M[3] * v[0] + M[4] * v[1] + M[5] * v[2];
        float z = M[6] * v[0] + M[7] * v[1] + M[8] * v[2];
        float b4 = x * y, b5 = y * z, b6 = 3 * z * z - 1, b7 = x * z, b8 = x * x - y * y;
        for (int c = 0; c < 3; c++) {
            float e = r->sh_light[0][c] * 0.282095f +
                      0.488603f *
                          (r->sh_light[1][c] * y + r->sh_light[2][c] * z + r->sh_light[3][c] * x) +
                      1.092548f * (r->sh_light[4][c] * b4 + r->sh_light[5][c] * b5 +
                                   r->sh_light[7][c] * b7) +
                      0.315392f * r->sh_light[6][c] * b6 + 0.546274f * r->sh_light[8][c] * b8;
            e = e > 0.02f ? e : 0.02f;
            // Light that bounces inside folds is red: occlusion eats less of it.
            float o = ao ? ao[i] : 1;
            out[3 * i + c] = e * (c == 0 ? o + 0.35f * (o - o * o) : o);
        }
    }
}

void mien_synth_light_mesh(struct mien_synth_renderer *r)
{
    const struct mien_face_model *m = r->a->model;
    static const float zero[3] = {0, 0, 0};
    bend_neck(r);
    mien_face_model_normals(m, r->vertex, r->normal);
    transform(r->pose.R, r->pose.t, r->vertex, r->pos, m->vertices);
    transform(r->pose.R, zero, r->normal, r->normal, m->vertices);
    project(r, r->pos, r->screen, m->vertices);
    irradiance(r, r->normal, r->a->ao, r->light, m->vertices);
    for (int k = 0; k < 2; k++) {
        struct mien_synth_mesh *h = k ? &r->prop : &r->hair;
        project(r, h->pos, h->screen, h->vertices);
        irradiance(r, h->normal, NULL, h->light, h->vertices);
    }
}

void mien_synth_build_hair(struct mien_synth_renderer *r)
{
    const struct mien_synth_assets *a = r->a;
    r->hair.vertices = r->hair.triangles = 0;
    if (r->p->hair_kind != MIEN_HAIR_MESH || r->p->hair >= a->hairs ||
        r->p->hat == MIEN_HAT_SCARF) {
        return;
    }
    const struct mien_synth_hair *h = &a->hair[r->p->hair];
    float hang[9];
    // What hangs below the jaw follows the body, like the neck.
    float Rt[9];
    mien_mat3_transpose(r->pose.R, Rt);
    mien_mat3_mul(Rt, r->body, hang);
    for (int i = 0; i < h->vertices; i++) {
        float q[3], n[3], u[3], v[3], move[3] = {0, 0, 0}, turned[3];
        const int32_t *k = h->bind + 3 * i;
        for (int c = 0; c < 3; c++) {
            float centre = c == 1 ? 40 : c == 2 ? 10 : 0;
            q[c] = centre + (h->vertex[3 * i + c] - centre) * r->p->hair_scale[c];
            for (int j = 0; j < 3; j++) {
                move[c] += r->base[3 * k[j] + c] - a->model->mean[3 * k[j] + c];
            }
            n[c] = h->normal[3 * i + c];
        }
        mien_synth_to_head(a, q, v);
        for (int c = 0; c < 3; c++) {
            v[c] += move[c] / 3;
        }
        if (r->p->hair_flip) {
            v[0] = -v[0];
            n[0] = -n[0];
        }
        mien_synth_to_rest(a, v, u);
        // Cards are thin: shade them mostly like the round head of hair that they make up.
        float o[3] = {u[0], (u[1] - 40) * 0.8f, u[2] - 5};
        float l = sqrtf(mien_dot(o, o)) + 1e-6f;
        for (int c = 0; c < 3; c++) {
            n[c] = 0.4f * n[c] + 0.6f * o[c] / l;
        }
        mien_mat3_mul_vec(a->turn, n, turned);
        l = sqrtf(mien_dot(turned, turned)) + 1e-6f;
        for (int c = 0; c < 3; c++) {
            n[c] = turned[c] / l;
        }
        float low = -u[1] - 0.45f * (u[2] + 20);
        float w = mien_smooth(20, 170, low);
        if (w > 0) {
            float d[3], e[3];
            for (int c = 0; c < 3; c++) {
                d[c] = v[c] - r->pivot[c];
            }
            mien_mat3_mul_vec(hang, d, e);
            for (int c = 0; c < 3; c++) {
                v[c] += w * (r->pivot[c] + e[c] - v[c]);
            }
        }
        mien_mat3_mul_vec(r->pose.R, v, r->hair.pos + 3 * i);
        mien_mat3_mul_vec(r->pose.R, n, r->hair.normal + 3 * i);
        for (int c = 0; c < 3; c++) {
            r->hair.pos[3 * i + c] += r->pose.t[c];
        }
        r->hair.color[3 * i] = u[1]; // height, for shading
        bool covered = r->p->hat != MIEN_HAT_NONE && q[1] > 78 + r->p->hat_low;
        r->hair.color[3 * i + 1] = covered;
        if (covered) { // inside the hat: the raster drops triangles behind the eye
            r->hair.pos[3 * i + 2] = 1;
        }
    }
    r->hair.vertices = h->vertices;
    r->hair.triangles = h->triangles;
}

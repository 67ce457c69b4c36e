// Things around the head, as simple meshes: shoulders, glasses, hats, hands and objects.
//
// Built in rest coordinates of the head (assets.h), grown with the person's skull, then moved into
// the camera's frame with the head, the body, or on their own.
#include "synth/frame.h"

#include <math.h>
#include <string.h>

struct builder {
    struct mien_synth_renderer *r;
    struct mien_synth_mesh *m;
    const float *R; // to the camera's frame
    float t[3];
    bool rest; // input is in rest coordinates
    int first; // vertex at which the part began
    int first_triangle;
};

static void begin(struct builder *b)
{
    b->first = b->m->vertices;
    b->first_triangle = b->m->triangles;
}

static int vertex(struct builder *b, float x, float y, float z, const float *color)
{
    struct mien_synth_mesh *m = b->m;
    if (m->vertices >= MIEN_PROP_VERTICES) {
        return 0;
    }
    int i = m->vertices++;
    float v[3] = {x, y, z}, *p = m->pos + 3 * i;
    if (b->rest) {
        float head[3];
        mien_synth_to_head(b->r->a, v, head);
        memcpy(v, head, sizeof v);
    }
    mien_mat3_mul_vec(b->R, v, p);
    for (int c = 0; c < 3; c++) {
        p[c] += b->t[c];
        m->color[3 * i + c] = color[c];
        m->normal[3 * i + c] = 0;
    }
    return i;
}

static void add_triangle(struct builder *b, int i, int j, int k, enum mien_material material)
{
    struct mien_synth_mesh *m = b->m;
    if (m->triangles >= MIEN_PROP_TRIANGLES) {
        return;
    }
    int32_t *t = m->triangle + 3 * m->triangles;
    t[0] = i;
    t[1] = j;
    t[2] = k;
    m->material[m->triangles++] = (uint8_t)material;
}

static void add_quad(struct builder *b, int i, int j, int k, int l, enum mien_material material)
{
    add_triangle(b, i, j, k, material);
    add_triangle(b, i, k, l, material);
}

// Smooth normals for what was built since begin().
static void end(struct builder *b)
{
    struct mien_synth_mesh *m = b->m;
    for (int t = b->first_triangle; t < m->triangles; t++) {
        const int32_t *k = m->triangle + 3 * t;
        const float *p = m->pos + 3 * k[0], *q = m->pos + 3 * k[1], *s = m->pos + 3 * k[2];
        float u[3], w[3];
        for (int c = 0; c < 3; c++) {
            u[c] = q[c] - p[c];
            w[c] = s[c] - p[c];
        }
        float n[3] = {u[1] * w[2] - u[2] * w[1], u[2] * w[0] - u[0] * w[2],
                      u[0] * w[1] - u[1] * w[0]};
        for (int j = 0; j < 3; j++) {
            for (int c = 0; c < 3; c++) {
                m->normal[3 * k[j] + c] += n[c];
            }
        }
    }
    for (int i = b->first; i < m->vertices; i++) {
        float *n = m->normal + 3 * i, l = sqrtf(mien_dot(n, n));
        for (int c = 0; c < 3; c++) {
            n[c] = l > 1e-9f ? n[c] / l : c == 2;
        }
    }
}

// A closed tube along n points; closed joins the ends. Radii across and along the given up axis.
static void add_tube(struct builder *b, const float (*p)[3], int n, bool closed, float radius,
                     const float *color, enum mien_material material)
{
    enum { SIDES = 6 };
    begin(b);
    int base = b->m->vertices;
    for (int i = 0; i < n; i++) {
        const float *q = p[closed ? (i + n - 1) % n : i ? i - 1 : 0];
        const float *s = p[closed ? (i + 1) % n : i + 1 < n ? i + 1 : n - 1];
        float d[3] = {s[0] - q[0], s[1] - q[1], s[2] - q[2]}, l = sqrtf(mien_dot(d, d)) + 1e-9f;
        for (int c = 0; c < 3; c++) {
            d[c] /= l;
        }
        float u[3] = {fabsf(d[2]) < 0.9f ? 0 : 1.0f, 0, fabsf(d[2]) < 0.9f ? 1.0f : 0};
        float k = mien_dot(u, d), w[3];
        for (int c = 0; c < 3; c++) {
            u[c] -= k * d[c];
        }
        l = 1 / (sqrtf(mien_dot(u, u)) + 1e-9f);
        for (int c = 0; c < 3; c++) {
            u[c] *= l;
        }
        w[0] = d[1] * u[2] - d[2] * u[1];
        w[1] = d[2] * u[0] - d[0] * u[2];
        w[2] = d[0] * u[1] - d[1] * u[0];
        for (int j = 0; j < SIDES; j++) {
            float a = 6.2831853f * (float)j / SIDES, x = radius * cosf(a), y = radius * sinf(a);
            vertex(b, p[i][0] + u[0] * x + w[0] * y, p[i][1] + u[1] * x + w[1] * y,
                   p[i][2] + u[2] * x + w[2] * y, color);
        }
    }
    for (int i = 0; i + 1 < n + closed; i++) {
        int a = base + i * SIDES, c = base + ((i + 1) % n) * SIDES;
        for (int j = 0; j < SIDES; j++) {
            int k = (j + 1) % SIDES;
            add_quad(b, a + j, a + k, c + k, c + j, material);
        }
    }
    end(b);
}

// An ellipsoid with its own axes (rows of M, scaled by the radii).
static void add_ball(struct builder *b, const float at[3], const float M[9], const float radius[3],
                     const float *color, enum mien_material material)
{
    enum { U = 14, V = 8 };
    begin(b);
    int base = b->m->vertices;
    for (int v = 0; v <= V; v++) {
        float th = 3.1415927f * (float)v / V;
        for (int u = 0; u < U; u++) {
            float ph = 6.2831853f * (float)u / U;
            float q[3] = {sinf(th) * cosf(ph) * radius[0], cosf(th) * radius[1],
                          sinf(th) * sinf(ph) * radius[2]},
                  o[3];
            mien_mat3_mul_vec(M, q, o);
            vertex(b, at[0] + o[0], at[1] + o[1], at[2] + o[2], color);
        }
    }
    for (int v = 0; v < V; v++) {
        for (int u = 0; u < U; u++) {
            int a = base + v * U, c = a + U, w = (u + 1) % U;
            add_quad(b, a + u, a + w, c + w, c + u, material);
        }
    }
    end(b);
}

static void add_shoulders(struct mien_synth_renderer *r)
{
    // Levels below the ears, half widths and depths of a bust, mm; the first two are the neck.
    static const float ring[][4] = {
        {-126, 54, 56, -8},    {-146, 70, 66, -10},  {-158, 108, 78, -14},
        {-170, 142, 90, -18},  {-188, 172, 98, -20}, {-212, 192, 104, -20},
        {-250, 202, 108, -16}, {-320, 207, 114, -8}, {-560, 207, 114, 0}};
    enum { SIDES = 28, RINGS = 9 };
    struct builder b = {.r = r, .m = &r->prop, .R = r->body, .rest = false};
    static const float neck[3] = MIEN_NECK;
    float wide = r->p->shoulder_mm / 205, pivot[3], turned[9];
    mien_mat3_mul(r->body, r->a->turn, turned);
    b.R = turned;
    // The body's frame has its origin in the pivot; ring levels are rest heights.
    mien_mat3_mul_vec(r->pose.R, r->pivot, pivot);
    for (int c = 0; c < 3; c++) {
        b.t[c] = pivot[c] + r->pose.t[c];
    }
    float lift, grow = 0.5f * (r->head_grow[0] + r->head_grow[2]);
    grow *= mien_synth_child_neck(r->p->child, ring[1][0], &lift);
    begin(&b);
    for (int i = 0; i < RINGS; i++) {
        float s = i < 3 ? grow
                        : wide * (0.3f + 0.7f * mien_smooth(2, 5, (float)i)) +
                              grow * (0.7f - 0.7f * mien_smooth(2, 5, (float)i));
        for (int j = 0; j < SIDES; j++) {
            float a = 6.2831853f * (float)j / SIDES, x = cosf(a), z = sinf(a);
            float box = i > 4 ? powf(fabsf(x), 0.8f) * (x < 0 ? -1 : 1) : x;
            const float *color = r->p->cloth_rgb[0];
            bool bare = r->p->collar == 3 && i < 5;
            vertex(&b, box * ring[i][1] * s - neck[0], ring[i][0] + lift - neck[1],
                   z * ring[i][2] * s + ring[i][3] - neck[2], bare ? r->p->skin : color);
        }
    }
    for (int i = 0; i + 1 < RINGS; i++) {
        for (int j = 0; j < SIDES; j++) {
            int a = b.first + i * SIDES, c = a + SIDES, k = (j + 1) % SIDES;
            add_quad(&b, a + j, a + k, c + k, c + j,
                     r->p->collar == 3 && i < 4 ? MIEN_MATERIAL_SKIN : MIEN_MATERIAL_CLOTH);
        }
    }
    end(&b);
    if (r->p->collar == 1) { // the collar of a shirt: two flaps
        begin(&b);
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < SIDES; j++) {
                float a = 6.2831853f * (float)j / SIDES, x = cosf(a), z = sinf(a);
                float front = z > 0 ? z * z : 0, level = i ? -160 - 14 * front : -120 - 22 * front;
                float s = (i ? 1.28f : 1.02f) * grow;
                vertex(&b, x * 62 * s - neck[0], level + lift - neck[1], z * 62 * s - 14 - neck[2],
                       r->p->cloth_rgb[1]);
            }
        }
        for (int j = 0; j < SIDES; j++) {
            if (j == 6 || j == 7) {
                continue; // open in front
            }
            int k = (j + 1) % SIDES;
            add_quad(&b, b.first + j, b.first + k, b.first + SIDES + k, b.first + SIDES + j,
                     MIEN_MATERIAL_CLOTH);
        }
        end(&b);
    }
}

static void add_glasses(struct mien_synth_renderer *r, bool lens)
{
    enum { N = 32 };
    const struct mien_face_model *m = r->a->model;
    const struct mien_synth_person *p = r->p;
    struct builder b = {.r = r, .m = &r->prop, .R = r->pose.R, .rest = false};
    memcpy(b.t, r->pose.t, sizeof b.t);
    // Seat: on the bridge of the nose, clear of brows and lashes.
    float eye[2][3], front = -1e9f;
    for (int e = 0; e < 2; e++) {
        const float *in = r->landmark[m->ibug[e ? 39 : 42]],
                    *out = r->landmark[m->ibug[e ? 36 : 45]];
        for (int c = 0; c < 3; c++) {
            eye[e][c] = 0.5f * (in[c] + out[c]);
        }
        front = fmaxf(front, eye[e][2] + 17);
    }
    const float *bridge = r->landmark[m->ibug[28]];
    front = fmaxf(front, bridge[2] + 1);
    front = fmaxf(front, r->landmark[m->ibug[21]][2] + 1);
    float half = 0.5f * (eye[0][0] - eye[1][0]), gap = half - p->rim_half_width;
    float widen = gap < 7 ? 7 - gap : 0; // room for the nose
    float level = 0.5f * (eye[0][1] + eye[1][1]) - p->glasses_drop, bow = 7;
    float rim[2][N][3];
    for (int e = 0; e < 2; e++) {
        float s = e ? -1 : 1, cx = s * (half + widen + 0.5f);
        for (int i = 0; i < N; i++) {
            float a = 6.2831853f * (float)i / N, x = cosf(a), y = sinf(a), k = 2 / p->rim_power;
            x = (x < 0 ? -1 : 1) * powf(fabsf(x), k) * p->rim_half_width;
            y = (y < 0 ? -1 : 1) * powf(fabsf(y), k) * p->rim_half_height;
            rim[e][i][0] = cx + x;
            rim[e][i][1] = level + y;
            float t = (fabsf(cx + x) - 12) / 50;
            rim[e][i][2] = front - bow * t * t * (t > 0 ? 1 : 0) + y * 0.08f;
        }
        if (lens) {
            begin(&b);
            int c = vertex(&b, cx, level, front - bow * 0.2f, p->lens_rgb);
            for (int i = 0; i < N; i++) {
                vertex(&b, rim[e][i][0], rim[e][i][1], rim[e][i][2], p->lens_rgb);
            }
            for (int i = 0; i < N; i++) {
                add_triangle(&b, c, c + 1 + i, c + 1 + (i + 1) % N, MIEN_MATERIAL_LENS);
            }
            end(&b);
            continue;
        }
        add_tube(&b, (const float(*)[3])rim[e], N, true, p->rim_thick, p->rim_rgb,
                 MIEN_MATERIAL_GLOSSY);
        // Temple: from the outer rim back over the ear.
        float x0 = cx + s * p->rim_half_width;
        const float *jaw = r->landmark[m->ibug[e ? 0 : 16]];
        float ear = s * fmaxf(fabsf(jaw[0]) + 4, fabsf(x0) + 1), back = -26;
        float top = level + p->rim_half_height * 0.5f;
        float arm[5][3] = {{x0, top, rim[e][0][2]},
                           {x0 + s * 3, top, rim[e][0][2] - 6},
                           {0.4f * x0 + 0.6f * ear, top, 0.4f * front + 0.6f * back},
                           {ear + s * 2, top - 1, back + 8},
                           {ear, top - 24, back - 18}};
        add_tube(&b, (const float(*)[3])arm, 5, false, fminf(p->rim_thick, 2.2f), p->rim_rgb,
                 MIEN_MATERIAL_GLOSSY);
    }
    if (!lens) {
        float nose[5][3], x0 = half + widen + 0.5f - p->rim_half_width;
        for (int i = 0; i < 5; i++) {
            float t = (float)i / 4 * 2 - 1;
            nose[i][0] = t * x0;
            nose[i][1] = level + p->rim_half_height * 0.35f + 3 * (1 - t * t);
            nose[i][2] = front + 2.5f * (1 - t * t);
        }
        add_tube(&b, (const float(*)[3])nose, 5, false, p->rim_thick, p->rim_rgb,
                 MIEN_MATERIAL_GLOSSY);
    }
}

// A dome over the skull; low(angle) is the height of its rim above the ears over the angle from
// straight ahead.
static void add_hat(struct mien_synth_renderer *r)
{
    enum { U = 36, V = 12 };
    const struct mien_synth_person *p = r->p;
    struct builder b = {.r = r, .m = &r->prop, .R = r->pose.R, .rest = true};
    memcpy(b.t, r->pose.t, sizeof b.t);
    const float *g = r->head_grow, *color = p->hat_rgb;
    float rx = 84 * g[0] + 4, ry = 108 * g[1] + 6, rz = 108 * g[2] + 4, cy = 42, cz = 4;
    if (p->hat == MIEN_HAT_BRIM || p->hat == MIEN_HAT_BASEBALL) {
        ry += 6;
    }
    // Wide enough for the forehead and crown that are there.
    const struct mien_synth_assets *as = r->a;
    float most = 1;
    for (int i = 0; i < as->model->vertices; i += 2) {
        const float *q = as->rest + 3 * i;
        if (q[1] > 62 && as->scalp[i] > -6) {
            float v[3];
            mien_synth_to_rest(as, r->vertex + 3 * i, v);
            float x = v[0] / rx, y = (v[1] - cy) / ry, z = (v[2] - cz) / rz;
            most = fmaxf(most, sqrtf(x * x + y * y + z * z));
        }
    }
    most *= 1.015f;
    rx *= most;
    ry *= most;
    rz *= most;
    if (p->hat == MIEN_HAT_SCARF) { // all round but the face
        begin(&b);
        rx += 8;
        enum { FU = 64, FV = 36 };
        bool open[(FU) * (FV + 1)];
        for (int v = 0; v <= FV; v++) {
            float th = 0.05f + 2.55f * (float)v / FV;
            for (int u = 0; u < FU; u++) {
                float ph = 6.2831853f * ((float)u + 0.5f) / FU; // 0 = ahead
                float x = sinf(th) * sinf(ph), y = cosf(th), z = sinf(th) * cosf(ph);
                // The face looks out of an ellipse; what lies inside is drawn to its edge.
                float fx = x / 0.72f, fy = (y + 0.24f) / 0.84f, e = sqrtf(fx * fx + fy * fy);
                open[v * FU + u] = z > 0.05f && e < 1;
                if (open[v * FU + u] && e > 0.05f) {
                    x /= e;
                    y = (y + 0.24f) / e - 0.24f;
                    z = sqrtf(fmaxf(0.03f, 1 - x * x - y * y));
                }
                float down = y < 0 ? -y : 0, fold = 1 + 0.02f * sinf(ph * 9 + th * 7);
                vertex(&b, x * (rx + 10 * down) * fold, cy + y * (ry + 75 * down),
                       cz + z * rz * (1 - 0.25f * down) * fold, color);
            }
        }
        for (int v = 0; v < FV; v++) {
            for (int u = 0; u < FU; u++) {
                int w = (u + 1) % FU, a = v * FU, c = a + FU;
                if (open[a + u] && open[a + w] && open[c + u] && open[c + w]) {
                    continue;
                }
                add_quad(&b, b.first + a + u, b.first + a + w, b.first + c + w, b.first + c + u,
                         MIEN_MATERIAL_CLOTH);
            }
        }
        end(&b);
        return;
    }
    float brow = 84 + p->hat_low;
    begin(&b);
    for (int v = 0; v <= V; v++) {
        for (int u = 0; u < U; u++) {
            float ph = 6.2831853f * (float)u / U, ahead = cosf(ph);
            float low = brow + (ahead > 0 ? 0 : 34 * ahead) - 12 * (1 - fabsf(ahead));
            // Height runs from the rim to the crown.
            float y0 = (low - cy) / ry, th0 = acosf(fminf(fmaxf(y0, -0.6f), 0.95f));
            float th = th0 * (float)(V - v) / V;
            float roll = p->hat == MIEN_HAT_BEANIE && v < 2 ? 1.05f : 1;
            float up = p->hat == MIEN_HAT_BRIM && v > 4 ? 1.12f : 1;
            vertex(&b, sinf(th) * sinf(ph) * rx * roll, cy + cosf(th) * ry * up,
                   cz + sinf(th) * ahead * rz * roll, color);
        }
    }
    for (int v = 0; v < V; v++) {
        for (int u = 0; u < U; u++) {
            int a = b.first + v * U, c = a + U, w = (u + 1) % U;
            add_quad(&b, a + u, a + w, c + w, c + u, MIEN_MATERIAL_CLOTH);
        }
    }
    end(&b);
    if (p->hat == MIEN_HAT_BEANIE) {
        return;
    }
    // Brim: a plate from the rim outwards, all round or ahead only.
    int rim = b.first;
    begin(&b);
    bool cap = p->hat == MIEN_HAT_BASEBALL;
    for (int u = 0; u < U; u++) {
        const float *q = r->prop.pos + 3 * (rim + u);
        (void)q;
        float ph = 6.2831853f * (float)u / U, ahead = cosf(ph);
        float low = brow + (ahead > 0 ? 0 : 34 * ahead) - 12 * (1 - fabsf(ahead));
        float y0 = (low - cy) / ry, th = acosf(fminf(fmaxf(y0, -0.6f), 0.95f));
        float x = sinf(th) * sinf(ph) * rx, z = cz + sinf(th) * ahead * rz;
        float len = cap ? (ahead > 0.25f ? 75 * sqrtf((ahead - 0.25f) / 0.75f) : 0) : 55;
        float ox = sinf(ph) * len * (cap ? 0.25f : 1), oz = ahead * len;
        vertex(&b, x, low, z, color);
        vertex(&b, x + ox, low - (cap ? 14 : 4) - (cap ? 10 * sinf(ph) * sinf(ph) : 0), z + oz,
               color);
    }
    for (int u = 0; u < U; u++) {
        int a = b.first + 2 * u, c = b.first + 2 * ((u + 1) % U);
        add_quad(&b, a, a + 1, c + 1, c, MIEN_MATERIAL_CLOTH);
    }
    end(&b);
}

static void add_occluder(struct mien_synth_renderer *r)
{
    const struct mien_synth_scene *s = r->s;
    const struct mien_face_model *m = r->a->model;
    struct builder b = {.r = r, .m = &r->prop, .rest = false};
    static const float same[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    if (s->occluder == MIEN_OCCLUDER_MASK) { // a face mask: a shell over nose, mouth and chin
        enum { U = 16, V = 10 };
        b.R = r->pose.R;
        memcpy(b.t, r->pose.t, sizeof b.t);
        const float *tip = r->landmark[m->ibug[30]], *chin = r->landmark[m->ibug[8]];
        const float *left = r->landmark[m->ibug[13]], *right = r->landmark[m->ibug[3]];
        const float *top = r->landmark[m->ibug[28]];
        begin(&b);
        for (int v = 0; v <= V; v++) {
            float t = (float)v / V, y = top[1] + (chin[1] - 4 - top[1]) * t;
            float half = 0.5f * (left[0] - right[0]) *
                         (0.8f + 0.28f * sinf(3.1415927f * (0.15f + 0.7f * t)));
            float peak = tip[2] + 12, rise = 0.26f; // the tip lies a quarter down
            float zmid = t < rise ? top[2] + (peak - top[2]) * sinf(1.5708f * t / rise)
                                  : peak + (chin[2] + 7 - peak) * (t - rise) / (1 - rise);
            float zside = 0.5f * (left[2] + right[2]) + 4 - 12 * t;
            for (int u = 0; u <= U; u++) {
                float q = 2 * (float)u / U - 1;
                float pleat = 1.2f * sinf(t * 22) * (1 - q * q);
                vertex(&b, 0.5f * (left[0] + right[0]) + q * half, y,
                       zside + (zmid - zside) * powf(1 - q * q, 0.62f) + pleat, s->occluder_rgb);
            }
        }
        for (int v = 0; v < V; v++) {
            for (int u = 0; u < U; u++) {
                int a = b.first + v * (U + 1) + u;
                add_quad(&b, a, a + 1, a + U + 2, a + U + 1, MIEN_MATERIAL_CLOTH);
            }
        }
        end(&b);
        return;
    }
    // In front of the face, towards the camera: at a landmark, moved a little.
    static const int spot[8] = {8, 48, 54, 5, 11, 33, 36, 45};
    int k = (int)((s->occluder_at[0] * 0.5f + 0.5f) * 7.99f);
    float at[3], turn[9];
    mien_mat3_mul_vec(r->pose.R, r->landmark[m->ibug[spot[k]]], at);
    for (int c = 0; c < 3; c++) {
        at[c] += r->pose.t[c];
    }
    at[0] += s->occluder_at[1] * 22;
    at[1] -= 8;
    at[2] += 22;
    b.R = same;
    mien_pose_from_angles(s->occluder_at[0] * 30, s->occluder_at[1] * 25, s->occluder_turn, turn);
    float size = s->occluder_size;
    if (s->occluder == MIEN_OCCLUDER_HAND) {
        static const float finger[5][4] = {{-34, 10, 48, -42},
                                           {-20, 40, 72, -9},
                                           {-3, 44, 80, 0},
                                           {14, 42, 74, 8},
                                           {30, 34, 56, 18}};
        float palm[3] = {36 * size, 44 * size, 13 * size}, o[3];
        add_ball(&b, at, turn, palm, s->occluder_rgb, MIEN_MATERIAL_SKIN);
        for (int f = 0; f < 5; f++) {
            float a = (finger[f][3] + 12 * s->occluder_at[1]) * 0.01745329f, line[5][3];
            for (int i = 0; i < 5; i++) {
                float t = (float)i / 4, len = finger[f][2] * t * size;
                float q[3] = {finger[f][0] * size + sinf(a) * len,
                              (finger[f][1] - 12) * size + cosf(a) * len,
                              -10 * t * t * (1 + s->occluder_at[0])};
                mien_mat3_mul_vec(turn, q, o);
                for (int c = 0; c < 3; c++) {
                    line[i][c] = at[c] + o[c];
                }
            }
            add_tube(&b, (const float(*)[3])line, 5, false, 8.5f * size, s->occluder_rgb,
                     MIEN_MATERIAL_SKIN);
            static const float I[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
            float tip[3] = {8.5f * size, 8.5f * size, 8.5f * size};
            add_ball(&b, line[4], I, tip, s->occluder_rgb, MIEN_MATERIAL_SKIN);
        }
        float wrist[2][3], q[3] = {0, -30 * size, 0}, w[3] = {10, -260 * size, -20};
        mien_mat3_mul_vec(turn, q, o);
        for (int c = 0; c < 3; c++) {
            wrist[0][c] = at[c] + o[c];
        }
        mien_mat3_mul_vec(turn, w, o);
        for (int c = 0; c < 3; c++) {
            wrist[1][c] = at[c] + o[c];
        }
        add_tube(&b, (const float(*)[3])wrist, 2, false, 26 * size, r->p->cloth_rgb[0],
                 MIEN_MATERIAL_CLOTH);
        return;
    }
    // An object: a mug, a microphone, a telephone by its proportions.
    float shape = fabsf(s->occluder_at[1]);
    float radius[3] = {30 * size, (shape < 0.4f ? 34 : 70) * size, (shape < 0.7f ? 30 : 7) * size};
    add_ball(&b, at, turn, radius, s->occluder_rgb,
             shape < 0.5f ? MIEN_MATERIAL_MATT : MIEN_MATERIAL_GLOSSY);
}

void mien_synth_build_props(struct mien_synth_renderer *r)
{
    r->prop.vertices = r->prop.triangles = 0;
    add_shoulders(r);
    if (r->p->hat != MIEN_HAT_NONE) {
        add_hat(r);
    }
    if (r->p->glasses != MIEN_GLASSES_NONE) {
        add_glasses(r, false);
    }
    if (r->s->occluder != MIEN_OCCLUDER_NONE) {
        add_occluder(r);
    }
    r->lens_first = r->prop.triangles;
    if (r->p->glasses != MIEN_GLASSES_NONE) {
        add_glasses(r, true);
    }
}

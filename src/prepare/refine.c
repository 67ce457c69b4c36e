// Where the landmarks lie on the mesh, by what photos say: fits many photos, averages each
// landmark's residual in the head's frame, and moves the landmark along the mean head's surface.
//
// Residuals e (picture) of a landmark displaced by d (head frame, mm) obey e = P R d; d is the
// least-squares solution over all photos that show the landmark, made symmetric left to right.
#include "prepare/prepare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/save.h"

static const float move_max_mm = 5;  // in one round; run again for more
static const float good_rms = 0.02f; // of the face's size
static const float good_agree = 2;   // percent between two machines

struct sums {
    double N[6], b[3]; // symmetric 3x3: xx xy xz yy yz zz
};

static void add_photo(const struct mien_photos *p, const struct mien_face_model *m, int i,
                      const struct mien_fit_state *s, struct sums *sum)
{
    const struct mien_camera c = mien_photo_camera(1);
    float px[MIEN_LANDMARKS_MAX][2], mine[MIEN_LANDMARKS_MAX][2], depth[MIEN_LANDMARKS_MAX];
    mien_photo_landmarks(p, m, i, px);
    if (!mien_fit_project(m, &c, s, mine, depth)) {
        return;
    }
    const float *R = s->pose.R;
    float yaw = 0, pitch = 0, roll = 0;
    mien_pose_to_angles(R, &yaw, &pitch, &roll);
    for (int l = 0; l < m->landmarks; l++) {
        // the far side of a turned face is guessed, not seen
        if (m->landmark[l].mediapipe < 0 ||
            yaw * m->landmark_mean[3 * l] > 15 * fabsf(m->landmark_mean[3 * l])) {
            continue;
        }
        const double k = c.f_px / depth[l];
        const double row[2][3] = {{k * R[0], k * R[1], k * R[2]},
                                  {-k * R[3], -k * R[4], -k * R[5]}};
        for (int a = 0; a < 2; a++) {
            const double e = px[l][a] - mine[l][a];
            const double w = 1 / (1 + fabs(e)), *r = row[a];
            const double n[6] = {r[0] * r[0], r[0] * r[1], r[0] * r[2],
                                 r[1] * r[1], r[1] * r[2], r[2] * r[2]};
            for (int j = 0; j < 6; j++) {
                sum[l].N[j] += w * n[j];
            }
            for (int j = 0; j < 3; j++) {
                sum[l].b[j] += w * e * r[j];
            }
        }
    }
}

// Cramer's rule with a ridge of a hundredth of the trace: depth is weakly seen.
static void solve3(const struct sums *s, double d[3])
{
    const double ridge = 0.01 * (s->N[0] + s->N[3] + s->N[5]) + 1e-9;
    const double a = s->N[0] + ridge, b = s->N[1], c = s->N[2], e = s->N[3] + ridge, f = s->N[4];
    const double i = s->N[5] + ridge;
    const double A = e * i - f * f, B = c * f - b * i, C = b * f - c * e;
    const double det = a * A + b * B + c * C;
    const double E = a * i - c * c, F = b * c - a * f, I = a * e - b * b;
    d[0] = (A * s->b[0] + B * s->b[1] + C * s->b[2]) / det;
    d[1] = (B * s->b[0] + E * s->b[1] + F * s->b[2]) / det;
    d[2] = (C * s->b[0] + F * s->b[1] + I * s->b[2]) / det;
}

// Ericson 2005, "Real-Time Collision Detection", 5.1.5: closest point of a triangle, as weights.
static void find_closest(const float *a, const float *b, const float *c, const float *p, float w[3])
{
    float ab[3], ac[3], ap[3], d1 = 0, d2 = 0, d3 = 0, d4 = 0, d5 = 0, d6 = 0;
    for (int i = 0; i < 3; i++) {
        ab[i] = b[i] - a[i];
        ac[i] = c[i] - a[i];
        ap[i] = p[i] - a[i];
        d1 += ab[i] * ap[i];
        d2 += ac[i] * ap[i];
        d3 += ab[i] * (p[i] - b[i]);
        d4 += ac[i] * (p[i] - b[i]);
        d5 += ab[i] * (p[i] - c[i]);
        d6 += ac[i] * (p[i] - c[i]);
    }
    const float va = d3 * d6 - d5 * d4, vb = d5 * d2 - d1 * d6, vc = d1 * d4 - d3 * d2;
    float v = 0, u = 0; // of b, of c
    if (d1 <= 0 && d2 <= 0) {
        v = u = 0;
    } else if (d3 >= 0 && d4 <= d3) {
        v = 1;
    } else if (vc <= 0 && d1 >= 0 && d3 <= 0) {
        v = d1 / (d1 - d3);
    } else if (d6 >= 0 && d5 <= d6) {
        u = 1;
    } else if (vb <= 0 && d2 >= 0 && d6 <= 0) {
        u = d2 / (d2 - d6);
    } else if (va <= 0 && d4 - d3 >= 0 && d5 - d6 >= 0) {
        u = (d4 - d3) / ((d4 - d3) + (d5 - d6));
        v = 1 - u;
    } else {
        const float k = 1 / (va + vb + vc);
        v = vb * k;
        u = vc * k;
    }
    w[0] = 1 - u - v;
    w[1] = v;
    w[2] = u;
}

// What moves with the lower lip or the upper lid must stay on it: y displacement of a shape.
static float displacement_y(const struct mien_face_model *m, int shape, int vertex)
{
    float moved[3];
    mien_face_model_blendshape(m, shape, vertex, moved);
    return moved[1];
}

static bool same_side(const struct mien_face_model *m, int l, const int32_t *tri)
{
    const struct mien_landmark *k = &m->landmark[l];
    int shape = MIEN_BS_JAW_OPEN;
    float border = -10;
    if (k->region == MIEN_REGION_EYE) {
        shape = MIEN_BS_EYE_BLINK_RIGHT;
        border = -2;
    } else if (k->region != MIEN_REGION_MOUTH) {
        return true;
    }
    const float at =
        m->landmark_blendshape[((size_t)shape * (size_t)m->landmarks + (size_t)l) * 3 + 1];
    if (shape == MIEN_BS_JAW_OPEN && at < -8 && at > -20) {
        return true; // a mouth corner
    }
    for (int i = 0; i < 3; i++) {
        if ((displacement_y(m, shape, tri[i]) < border) != (at < border)) {
            return false;
        }
    }
    return true;
}

static void move_landmark(const struct mien_face_model *m, int l, const float target[3], FILE *f)
{
    const struct mien_landmark *k = &m->landmark[l];
    float best = 1e9f, best_w[3] = {1, 0, 0};
    const int32_t *best_t = k->vertex;
    for (int t = 0; t < m->triangles; t++) {
        const int32_t *v = m->triangle + 3 * t;
        if (m->part[t] > MIEN_PART_HEAD || !same_side(m, l, v)) {
            continue;
        }
        const float *a = m->mean + 3 * v[0], *b = m->mean + 3 * v[1], *c = m->mean + 3 * v[2];
        float w[3], d = 0;
        if (hypotf(a[0] - target[0], a[1] - target[1]) > 15 || m->mirror[v[0]] < 0 ||
            m->mirror[v[1]] < 0 || m->mirror[v[2]] < 0) {
            continue;
        }
        if (k->mirror == l) { // stays on the middle line: a triangle's edge there
            const float *corner[3] = {a, b, c};
            int mid[3], n = 0;
            for (int i = 0; i < 3; i++) {
                if (m->mirror[v[i]] == v[i]) {
                    mid[n++] = i;
                }
            }
            if (n != 2) {
                continue;
            }
            float edge[3];
            find_closest(corner[mid[0]], corner[mid[1]], corner[mid[1]], target, edge);
            w[0] = w[1] = w[2] = 0;
            w[mid[0]] = edge[0];
            w[mid[1]] = edge[1] + edge[2];
        } else {
            find_closest(a, b, c, target, w);
        }
        for (int i = 0; i < 3; i++) {
            const float e = w[0] * a[i] + w[1] * b[i] + w[2] * c[i] - target[i];
            d += e * e;
        }
        if (d < best) {
            best = d;
            best_t = v;
            memcpy(best_w, w, sizeof w);
        }
    }
    fprintf(f, "%s %d %d %d %.4f %.4f %.4f\n", k->name, best_t[0], best_t[1], best_t[2],
            (double)best_w[0], (double)best_w[1], (double)best_w[2]);
}

static bool write_moves(const struct mien_face_model *m, const struct sums *sum, const char *out)
{
    struct mien_save save = {0};
    if (!mien_save_begin(&save, out)) {
        return false;
    }
    FILE *f = save.file;
    fprintf(
        f,
        "# Landmarks of models/ict.face on the mesh, made by `mien prepare refine`: name, three\n"
        "# vertices, their weights. Left landmarks are the mirror images.\n");
    double total = 0;
    int count = 0;
    for (int l = 0; l < m->landmarks; l++) {
        const struct mien_landmark *k = &m->landmark[l];
        const bool central = k->mirror == l;
        if (k->mediapipe < 0 || k->region == MIEN_REGION_IRIS ||
            (!central && m->landmark_mean[3 * l] > 0)) {
            continue;
        }
        double a[3], b[3], n = 0;
        solve3(&sum[l], a);
        solve3(&sum[k->mirror], b);
        float target[3];
        for (int i = 0; i < 3; i++) {
            a[i] = central && i == 0 ? 0 : 0.5 * (a[i] + (i == 0 ? -b[i] : b[i]));
            n += a[i] * a[i];
        }
        n = sqrt(n);
        const double shrink = n > move_max_mm ? move_max_mm / n : 1;
        total += n;
        count++;
        for (int i = 0; i < 3; i++) {
            target[i] = m->landmark_mean[3 * l + i] + (float)(shrink * a[i]);
        }
        mien_debug("%s: %.1f %.1f %.1f mm", k->name, a[0], a[1], a[2]);
        move_landmark(m, l, target, f);
    }
    printf("refine: mean residual of a landmark %.2f mm over %d landmarks\n", total / count, count);
    bool ok = mien_save_end(&save, true);
    mien_save_close(&save);
    return ok;
}

int mien_prepare_refine(const struct mien_prepare_options *o)
{
    char dir[1024];
    struct mien_photos p = {0};
    struct mien_face_model m = {0};
    struct mien_fit *f = NULL;
    struct sums *sum = mien_calloc(MIEN_LANDMARKS_MAX, sizeof *sum);
    int status = 1;
    if (!sum || !mien_photos_dir(dir) || !mien_photos_load(&p, dir) ||
        !mien_face_model_load(&m, NULL) || !(f = mien_fit_create(&m))) {
        goto out;
    }
    const int n = o->limit > 0 ? o->limit : 2000, step = p.count / n > 0 ? p.count / n : 1;
    int used = 0;
    double rms = 0;
    const struct mien_camera camera = mien_photo_camera(1);
    for (int i = 0; i < p.count; i += step) {
        struct mien_fit_state s;
        if (p.row[i].validation || p.row[i].agree > good_agree ||
            !mien_photo_fit(&p, &m, f, &camera, i, &s) || s.rms > good_rms) {
            continue;
        }
        add_photo(&p, &m, i, &s, sum);
        rms += (double)s.rms;
        used++;
    }
    printf("refine: %d photos, mean rms %.3f %% of the face's size\n", used,
           100 * rms / (used > 0 ? used : 1));
    status = used > 50 && write_moves(&m, sum, o->out) ? 0 : 1;
out:
    mien_free(sum);
    mien_fit_destroy(f);
    mien_photos_destroy(&p);
    mien_face_model_destroy(&m);
    return status;
}

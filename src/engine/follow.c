// Inverse compositional Gauss-Newton steps on small grey pictures, coarse to fine.
#include "engine/follow.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/linear.h"

enum {
    SIDE = MIEN_FOLLOW_SIDE,
    WIDE = SIDE * 3 / 2, // side of the piece that is searched
    POINTS = 960,        // with weight, at most: the oval has 884 pixels
    PARAMS = 6,          // shift x, y; log size; roll; turn about the vertical, the horizontal axis
    STEPS_COARSE = 5,
    STEPS_FINE = 5,
};
// Found when at least this share of the weighted contrast is explained. Another face or a hand
// before it explains less than half, the same face under other light more than 0.9.
static const float match_min = 0.75f;

// One level of the search: the remembered picture's pixels that have weight, in lists that are
// padded to whole vectors with weight 0. Places are relative to the picture's middle, in pixels,
// grey levels to `grey`.
struct level {
    int side, wide, points;
    const float *where; // (wide,wide) the searched piece
    float x[POINTS], y[POINTS], depth[POINTS], picture[POINTS], weight[POINTS];
    float slope[PARAMS][POINTS]; // how the picture changes with each parameter
    double sum, mean, variance;  // of the weights; of the picture
};
static const float grey = 128; // small numbers keep sums of squares exact
struct state {                 // z -> k z + t + q depth(z), complex numbers as pairs
    float k[2], t[2], q[2];
};

void mien_follow_forget(struct mien_follow *f)
{
    f->have = false;
}

// Depth of a head seen from anywhere, in half sides, less its mean over the face.
static float depth(float x, float y)
{
    float d2 = 1 - x * x / (0.85f * 0.85f) - y * y / (1.05f * 1.05f);
    return 0.9f * sqrtf(fmaxf(0, d2)) - 0.68f;
}

// The 3×3 binomial filter, edges repeated.
MIEN_MULTIVERSION static void blur(float *restrict p, int n)
{
    float across[WIDE * WIDE];
    for (int y = 0; y < n; y++) {
        const float *r = p + y * n;
        float *to = across + y * n;
        to[0] = 0.25f * (r[0] + r[1]) + 0.5f * r[0];
        for (int x = 1; x < n - 1; x++) {
            to[x] = 0.25f * (r[x - 1] + r[x + 1]) + 0.5f * r[x];
        }
        to[n - 1] = 0.25f * (r[n - 2] + r[n - 1]) + 0.5f * r[n - 1];
    }
    for (int y = 0; y < n; y++) {
        const float *here = across + y * n, *before = y > 0 ? here - n : here;
        const float *next = y + 1 < n ? here + n : here;
        for (int x = 0; x < n; x++) {
            p[y * n + x] = 0.25f * (before[x] + next[x]) + 0.5f * here[x];
        }
    }
}

static void halve(const float *from, int n, float *to)
{
    for (int y = 0; y < n / 2; y++) {
        for (int x = 0; x < n / 2; x++) {
            const float *p = from + 2 * y * n + 2 * x;
            to[y * (n / 2) + x] = 0.25f * (p[0] + p[1] + p[n] + p[n + 1]);
        }
    }
}

MIEN_MULTIVERSION static void to_grey(const float *restrict rgb, int n, float *restrict out)
{
    for (int i = 0; i < n; i++) {
        out[i] = 0.3f * rgb[i] + 0.59f * rgb[n + i] + 0.11f * rgb[2 * n + i];
    }
}

static void take(const struct mien_image *frame, const struct mien_crop *c, float scale, int n,
                 float *out)
{
    struct mien_affine map =
        mien_affine_crop(c->cx_px, c->cy_px, scale * c->side_px, c->roll_rad, n, false);
    if (frame->format == MIEN_FORMAT_GRAY8) {
        mien_warp_to_float(frame, &map, -1, &(struct mien_float_planes){out, 1, n, n, 0, 1});
    } else {
        float rgb[3 * WIDE * WIDE];
        mien_warp_to_float(frame, &map, -1, &(struct mien_float_planes){rgb, 3, n, n, 0, 1});
        to_grey(rgb, n * n, out);
    }
    blur(out, n);
}

// Weights: an oval within the face, little where it moves by itself; rigid: nothing that the jaw
// takes along.
static void set_weights(struct mien_follow *f, const struct mien_face_model *m,
                        const float (*landmark_px)[2], bool rigid)
{
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            float u = (2 * (float)x + 1) / SIDE - 1, v = (2 * (float)y + 1) / SIDE - 1;
            float r = sqrtf(u * u / (0.66f * 0.66f) + v * v / (0.74f * 0.74f));
            f->weight[y * SIDE + x] = fminf(1, fmaxf(0, 6 * (1 - r)));
        }
    }
    float top = 1; // of the mouth
    for (int i = 0; i < m->landmarks && rigid; i++) {
        float u[2];
        mien_crop_to_unit(&f->crop, landmark_px[i], u);
        top = m->landmark[i].region == MIEN_REGION_MOUTH ? fminf(top, u[1]) : top;
    }
    for (int y = (int)(0.5f * ((fmaxf(top - 0.12f, 0) + 1) * SIDE - 1)); y < SIDE && rigid; y++) {
        memset(f->weight + y * SIDE, 0, SIDE * sizeof(float));
    }
    for (int i = 0; i < m->landmarks; i++) {
        int region = m->landmark[i].region;
        if (region != MIEN_REGION_EYE && region != MIEN_REGION_IRIS &&
            region != MIEN_REGION_MOUTH && region != MIEN_REGION_JAW) {
            continue;
        }
        float u[2];
        mien_crop_to_unit(&f->crop, landmark_px[i], u);
        float x = 0.5f * ((u[0] + 1) * SIDE - 1), y = 0.5f * ((u[1] + 1) * SIDE - 1);
        if (!(x > -3 && y > -3 && x < SIDE + 3 && y < SIDE + 3)) {
            continue;
        }
        for (int j = (int)y - 2; j <= (int)y + 3; j++) {
            for (int k = (int)x - 2; k <= (int)x + 3; k++) {
                if (j >= 0 && k >= 0 && j < SIDE && k < SIDE &&
                    hypotf((float)k - x, (float)j - y) < 2.5f) {
                    float *w = &f->weight[j * SIDE + k];
                    *w = fminf(*w, 0.1f);
                }
            }
        }
    }
}

void mien_follow_remember(struct mien_follow *f, const struct mien_face_model *m,
                          const struct mien_image *frame, const struct mien_crop *crop,
                          const float (*landmark_px)[2], bool rigid)
{
    f->crop = *crop;
    take(frame, crop, 1, SIDE, f->picture);
    set_weights(f, m, landmark_px, rigid);
    f->have = true;
}

// The pixels of a remembered picture that have weight.
static void make_level(struct level *l, const float *picture, const float *weight, int side,
                       const float *where)
{
    const int n = side;
    const float half = 0.5f * (float)(n - 1), unit = 2.0f / (float)n;
    double a = 0, aa = 0;
    *l = (struct level){.side = n, .wide = n * WIDE / SIDE, .where = where};
    int k = 0;
    for (int y = 1; y + 1 < n; y++) { // the edge has no weight
        for (int x = 1; x + 1 < n && k < POINTS; x++) {
            const float *p = picture + y * n + x, w = weight[y * n + x];
            if (!(w > 0)) {
                continue;
            }
            const float gx = 0.5f * (p[1] - p[-1]), gy = 0.5f * (p[n] - p[-n]);
            const float u = (float)x - half, v = (float)y - half;
            const float d = depth(unit * u, unit * v) / unit;
            const float J[PARAMS] = {gx, gy, gx * u + gy * v, gy * u - gx * v, gx * d, gy * d};
            for (int r = 0; r < PARAMS; r++) {
                l->slope[r][k] = J[r];
            }
            l->x[k] = u;
            l->y[k] = v;
            l->depth[k] = d;
            l->picture[k] = p[0] - grey;
            l->weight[k++] = w;
            l->sum += (double)w;
            a += (double)(w * (p[0] - grey));
            aa += (double)(w * (p[0] - grey) * (p[0] - grey));
        }
    }
    l->points = (k + 15) & ~15;
    if (l->sum > 0) {
        l->mean = a / l->sum;
        l->variance = aa / l->sum - l->mean * l->mean;
    }
}

// The searched piece where the state says, and its sums of q, q^2 and p q.
MIEN_MULTIVERSION static void sample(const struct level *l, const struct state *s,
                                     float *restrict seen, float sums[3])
{
    const int wide = l->wide, n = l->points;
    const float middle = 0.5f * (float)(wide - 1), last = (float)wide - 1.001f;
    const float *restrict where = l->where;
    const float k0 = s->k[0], k1 = s->k[1], q0 = s->q[0], q1 = s->q[1];
    const float tx = s->t[0] + middle, ty = s->t[1] + middle;
    float X[POINTS], Y[POINTS];
    for (int i = 0; i < n; i++) {
        const float x = k0 * l->x[i] - k1 * l->y[i] + tx + q0 * l->depth[i];
        const float y = k1 * l->x[i] + k0 * l->y[i] + ty + q1 * l->depth[i];
        const float x0 = x > 0 ? x : 0, y0 = y > 0 ? y : 0; // and what is not a number
        X[i] = x0 < last ? x0 : last;
        Y[i] = y0 < last ? y0 : last;
    }
    for (int i = 0; i < n; i++) {
        const int x = (int)X[i], y = (int)Y[i], o = y * wide + x;
        const float u = X[i] - (float)x, v = Y[i] - (float)y;
        seen[i] = (1 - v) * ((1 - u) * where[o] + u * where[o + 1]) +
                  v * ((1 - u) * where[o + wide] + u * where[o + wide + 1]) - grey;
    }
    float b = 0, bb = 0, ab = 0;
    for (int i = 0; i < n; i++) {
        const float g = l->weight[i] * seen[i];
        b += g;
        bb += g * seen[i];
        ab += g * l->picture[i];
    }
    sums[0] = b;
    sums[1] = bb;
    sums[2] = ab;
}

// What differs where the state says, light taken out; the share of the contrast that is found.
static float compare(const struct level *l, const struct state *s, float *error)
{
    float sums[3];
    if (!(l->sum > 0)) {
        return 0;
    }
    sample(l, s, error, sums);
    const double from = (double)sums[0] / l->sum, va = l->variance;
    const double vb = (double)sums[1] / l->sum - from * from;
    const double vab = (double)sums[2] / l->sum - from * l->mean;
    if (!(va > 4) || !(vb > 4)) { // flat: nothing to hold on to
        return 0;
    }
    const float gain = (float)sqrt(va / vb), to = (float)(l->mean - sqrt(va / vb) * from);
    for (int i = 0; i < l->points; i++) {
        error[i] = gain * error[i] + to - l->picture[i];
    }
    return vab > 0 ? (float)(vab * vab / (va * vb)) : 0;
}

static inline __attribute__((always_inline)) float dot(const float *a, const float *b, int n)
{
    float sum = 0;
    for (int i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

// Gauss-Newton's A (lower half) and b, weights falling with the error (Geman and McClure's).
MIEN_MULTIVERSION static void sum_up(const struct level *l, const float *restrict error,
                                     double A[PARAMS][PARAMS], double b[PARAMS])
{
    float robust[POINTS], t[POINTS], square = 0;
    for (int i = 0; i < l->points; i++) {
        square += l->weight[i] * error[i] * error[i];
    }
    const float per_scale = 1 / fmaxf(4, square / (float)l->sum);
    for (int i = 0; i < l->points; i++) {
        robust[i] = l->weight[i] / (1 + error[i] * error[i] * per_scale);
    }
    for (int r = 0; r < PARAMS; r++) {
        for (int i = 0; i < l->points; i++) {
            t[i] = robust[i] * l->slope[r][i];
        }
        for (int c = 0; c <= r; c++) {
            A[r][c] = (double)dot(t, l->slope[c], l->points);
        }
        b[r] = (double)dot(t, error, l->points);
    }
}

static bool align(const struct level *l, int steps, struct state *s, float *match)
{
    const int n = l->side;
    float error[POINTS];
    for (int step = 0; step < steps; step++) {
        *match = compare(l, s, error);
        if (!(*match > 0)) {
            return false;
        }
        double A[PARAMS][PARAMS], b[PARAMS];
        sum_up(l, error, A, b);
        for (int r = 0; r < PARAMS; r++) {
            A[r][r] = 1.001 * A[r][r] + 1e-6;
        }
        // A turn shows in little else than a shift when the face has few features: held to about
        // ten degrees a frame.
        A[4][4] += 30 * l->sum / (double)(n * n);
        A[5][5] += 30 * l->sum / (double)(n * n);
        if (!mien_solve_positive(A[0], b, PARAMS, 0)) {
            return false;
        }
        // Inverse composition: z -> (z - dt - dq depth) / dk first.
        float dk[2] = {1 + (float)b[2], (float)b[3]}, norm = dk[0] * dk[0] + dk[1] * dk[1];
        float k[2] = {(s->k[0] * dk[0] + s->k[1] * dk[1]) / norm,
                      (s->k[1] * dk[0] - s->k[0] * dk[1]) / norm};
        s->t[0] -= k[0] * (float)b[0] - k[1] * (float)b[1];
        s->t[1] -= k[1] * (float)b[0] + k[0] * (float)b[1];
        s->q[0] -= (float)b[4];
        s->q[1] -= (float)b[5];
        s->k[0] = k[0];
        s->k[1] = k[1];
        float limit = 0.2f * (float)n;
        if (!(fabsf(s->t[0]) < limit && fabsf(s->t[1]) < limit && fabsf(k[0] - 1) < 0.25f &&
              fabsf(k[1]) < 0.35f && fabsf(s->q[0]) < 0.4f && fabsf(s->q[1]) < 0.4f)) {
            return false;
        }
        if (b[0] * b[0] + b[1] * b[1] < 1e-4 && b[2] * b[2] + b[3] * b[3] < 1e-8) {
            break;
        }
    }
    *match = compare(l, s, error);
    return true;
}

bool mien_follow_find(const struct mien_follow *f, const struct mien_image *frame,
                      const struct mien_crop *start, struct mien_follow_motion *out)
{
    if (!f->have) {
        return false;
    }
    float where[WIDE * WIDE], where_small[WIDE * WIDE / 4];
    float small[SIDE * SIDE / 4], small_weight[SIDE * SIDE / 4], match;
    take(frame, start, (float)WIDE / SIDE, WIDE, where);
    halve(where, WIDE, where_small);
    halve(f->picture, SIDE, small);
    halve(f->weight, SIDE, small_weight);
    struct level level;
    struct state s = {.k = {1, 0}};
    make_level(&level, small, small_weight, SIDE / 2, where_small);
    if (!align(&level, STEPS_COARSE, &s, &match)) {
        return false;
    }
    s.t[0] *= 2;
    s.t[1] *= 2;
    make_level(&level, f->picture, f->weight, SIDE, where);
    if (!align(&level, STEPS_FINE, &s, &match) || match < match_min) {
        return false;
    }
    float px = start->side_px / SIDE, c = cosf(start->roll_rad), d = sinf(start->roll_rad);
    out->crop.cx_px = start->cx_px + px * (c * s.t[0] - d * s.t[1]);
    out->crop.cy_px = start->cy_px + px * (d * s.t[0] + c * s.t[1]);
    out->crop.side_px = start->side_px * hypotf(s.k[0], s.k[1]);
    out->crop.roll_rad = start->roll_rad + atan2f(s.k[1], s.k[0]);
    out->match = match;
    float norm = s.k[0] * s.k[0] + s.k[1] * s.k[1];
    out->turn[0] = (s.k[0] * s.q[0] + s.k[1] * s.q[1]) / norm;
    out->turn[1] = (s.k[0] * s.q[1] - s.k[1] * s.q[0]) / norm;
    return true;
}

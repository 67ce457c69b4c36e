// Inverse compositional Gauss-Newton steps on small grey pictures, coarse to fine.
#include "engine/follow.h"

#include <math.h>
#include <string.h>

enum {
    SIDE = MIEN_FOLLOW_SIDE,
    WIDE = SIDE * 3 / 2, // side of the piece that is searched
    PARAMS = 6,          // shift x, y; log size; roll; turn about the vertical, the horizontal axis
    STEPS_COARSE = 5,
    STEPS_FINE = 5,
};
// Found when at least this share of the weighted contrast is explained. Another face or a hand
// before it explains less than half, the same face under other light more than 0.9.
static const float match_min = 0.75f;

// One level of the search: pictures are square, coordinates relative to their middle, in pixels.
struct level {
    int side, wide;
    float picture[SIDE * SIDE], weight[SIDE * SIDE], where[WIDE * WIDE];
};
struct state { // z -> k z + t + q depth(z), complex numbers as pairs
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
static void blur(float *p, int n)
{
    float before[WIDE], row[WIDE];
    for (int y = 0; y < n; y++) { // across
        float *r = p + y * n, last = r[0];
        for (int x = 0; x < n; x++) {
            float next = r[x + 1 < n ? x + 1 : x], here = r[x];
            r[x] = 0.25f * (last + next) + 0.5f * here;
            last = here;
        }
    }
    memcpy(before, p, (size_t)n * sizeof(float));
    for (int y = 0; y < n; y++) { // down
        float *r = p + y * n;
        const float *next = p + (y + 1 < n ? y + 1 : y) * n;
        memcpy(row, r, (size_t)n * sizeof(float));
        for (int x = 0; x < n; x++) {
            r[x] = 0.25f * (before[x] + next[x]) + 0.5f * row[x];
        }
        memcpy(before, row, (size_t)n * sizeof(float));
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

static void take(const struct mien_image *frame, const struct mien_crop *c, float scale, int n,
                 float *out)
{
    struct mien_affine map =
        mien_affine_crop(c->cx_px, c->cy_px, scale * c->side_px, c->roll_rad, n, false);
    if (frame->format == MIEN_FORMAT_GRAY8) {
        mien_warp_to_float(frame, &map, 1, n, n, -1, 0, 1, out);
    } else {
        float rgb[3 * WIDE * WIDE];
        mien_warp_to_float(frame, &map, 3, n, n, -1, 0, 1, rgb);
        for (int i = 0; i < n * n; i++) {
            out[i] = 0.3f * rgb[i] + 0.59f * rgb[n * n + i] + 0.11f * rgb[2 * n * n + i];
        }
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

static float sample(const float *p, int n, float x, float y)
{
    x = fminf(fmaxf(x, 0), (float)n - 1.001f);
    y = fminf(fmaxf(y, 0), (float)n - 1.001f);
    int i = (int)x, j = (int)y;
    const float *q = p + j * n + i;
    x -= (float)i;
    y -= (float)j;
    return (1 - y) * ((1 - x) * q[0] + x * q[1]) + y * ((1 - x) * q[n] + x * q[n + 1]);
}

// Solves the symmetric positive A x = b in place by Cholesky; false when it is not positive.
static bool solve(double A[PARAMS][PARAMS], double b[PARAMS])
{
    for (int i = 0; i < PARAMS; i++) {
        for (int j = 0; j <= i; j++) {
            double s = A[i][j];
            for (int k = 0; k < j; k++) {
                s -= A[i][k] * A[j][k];
            }
            if (i == j && !(s > 0)) {
                return false;
            }
            A[i][j] = i == j ? sqrt(s) : s / A[j][j];
        }
    }
    for (int i = 0; i < PARAMS; i++) {
        for (int k = 0; k < i; k++) {
            b[i] -= A[i][k] * b[k];
        }
        b[i] /= A[i][i];
    }
    for (int i = PARAMS - 1; i >= 0; i--) {
        for (int k = i + 1; k < PARAMS; k++) {
            b[i] -= A[k][i] * b[k];
        }
        b[i] /= A[i][i];
    }
    return true;
}

// Samples the searched piece where the state says; true light, and what is left of the contrast.
static float compare(const struct level *l, const struct state *s, float *seen)
{
    const int n = l->side;
    const float half = 0.5f * (float)(n - 1), middle = 0.5f * (float)(l->wide - 1),
                unit = 2.0f / (float)n;
    double w = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0;
    for (int i = 0; i < n * n; i++) {
        if (!(l->weight[i] > 0)) {
            continue;
        }
        float x = (float)(i % n) - half, y = (float)(i / n) - half;
        float d = depth(unit * x, unit * y) / unit;
        float X = s->k[0] * x - s->k[1] * y + s->t[0] + s->q[0] * d;
        float Y = s->k[1] * x + s->k[0] * y + s->t[1] + s->q[1] * d;
        seen[i] = sample(l->where, l->wide, middle + X, middle + Y);
        double g = l->weight[i], p = l->picture[i], q = seen[i];
        w += g;
        a += g * p;
        b += g * q;
        aa += g * p * p;
        bb += g * q * q;
        ab += g * p * q;
    }
    if (!(w > 0)) {
        return 0;
    }
    double va = aa / w - a * a / (w * w), vb = bb / w - b * b / (w * w);
    double vab = ab / w - a * b / (w * w);
    if (!(va > 4) || !(vb > 4)) { // flat: nothing to hold on to
        return 0;
    }
    float gain = (float)sqrt(va / vb), from = (float)(b / w), to = (float)(a / w);
    for (int i = 0; i < n * n; i++) {
        seen[i] = gain * (seen[i] - from) + to;
    }
    return vab > 0 ? (float)(vab * vab / (va * vb)) : 0;
}

static bool align(const struct level *l, int steps, struct state *s, float *match)
{
    const int n = l->side;
    const float half = 0.5f * (float)(n - 1), unit = 2.0f / (float)n;
    float seen[SIDE * SIDE];
    for (int step = 0; step < steps; step++) {
        *match = compare(l, s, seen);
        if (!(*match > 0)) {
            return false;
        }
        double square = 0, sum = 0;
        for (int i = 0; i < n * n; i++) {
            if (l->weight[i] > 0) {
                float e = seen[i] - l->picture[i];
                square += (double)(l->weight[i] * e * e);
                sum += (double)l->weight[i];
            }
        }
        float scale2 = fmaxf(4, (float)(square / sum));
        double A[PARAMS][PARAMS] = {{0}}, b[PARAMS] = {0};
        for (int y = 1; y + 1 < n; y++) {
            for (int x = 1; x + 1 < n; x++) {
                int i = y * n + x;
                if (!(l->weight[i] > 0)) {
                    continue;
                }
                const float *p = l->picture + i;
                float e = seen[i] - p[0], w = l->weight[i] / (1 + e * e / scale2);
                float gx = 0.5f * (p[1] - p[-1]), gy = 0.5f * (p[n] - p[-n]);
                float u = (float)x - half, v = (float)y - half;
                float d = depth(unit * u, unit * v) / unit;
                float J[PARAMS] = {gx, gy, gx * u + gy * v, gy * u - gx * v, gx * d, gy * d};
                for (int r = 0; r < PARAMS; r++) {
                    for (int c = 0; c <= r; c++) {
                        A[r][c] += (double)(w * J[r] * J[c]);
                    }
                    b[r] += (double)(w * J[r] * e);
                }
            }
        }
        for (int r = 0; r < PARAMS; r++) {
            A[r][r] = 1.001 * A[r][r] + 1e-6;
        }
        // A turn shows in little else than a shift when the face has few features: held to about
        // ten degrees a frame.
        A[4][4] += 30 * sum / (double)(n * n);
        A[5][5] += 30 * sum / (double)(n * n);
        if (!solve(A, b)) {
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
    *match = compare(l, s, seen);
    return true;
}

bool mien_follow_find(const struct mien_follow *f, const struct mien_image *frame,
                      const struct mien_crop *start, struct mien_follow_motion *out)
{
    if (!f->have) {
        return false;
    }
    struct level fine = {.side = SIDE, .wide = WIDE}, coarse = {.side = SIDE / 2, .wide = WIDE / 2};
    memcpy(fine.picture, f->picture, sizeof(f->picture));
    memcpy(fine.weight, f->weight, sizeof(f->weight));
    take(frame, start, (float)WIDE / SIDE, WIDE, fine.where);
    halve(fine.picture, SIDE, coarse.picture);
    halve(fine.weight, SIDE, coarse.weight);
    halve(fine.where, WIDE, coarse.where);
    struct state s = {.k = {1, 0}};
    float match;
    if (!align(&coarse, STEPS_COARSE, &s, &match)) {
        return false;
    }
    s.t[0] *= 2;
    s.t[1] *= 2;
    if (!align(&fine, STEPS_FINE, &s, &match) || match < match_min) {
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

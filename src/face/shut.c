// Lids by the rims' two lines (face/rim.h) and the eyeball's outline, lips by columns.
#include "face/shut.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "face/rim.h"

// What lies over what by so much shows no slit, mm.
static const float lids_overlap = 0.15f, lips_overlap = 0.15f;
// Of the model's own motion; outside, the shape is nobody's.
static const float way_least = 0.4f, way_most = 2.2f;
// A lid's skin over the eyeball, mm, shut and half-way; the corner that the push is rounded with;
// the farthest push.
static const float thick_shut = 0.45f, thick_half = 0.1f, push_round = 0.5f, push_most = 4;
// The eyeball's outline is blunted by so much a square degree, so that the edge of the cornea, and
// one that looks elsewhere, are covered too.
static const float blunt = 0.012f, reach_deg = 14;

static bool find_rim(const struct mien_face_model *m, bool left, struct mien_rim *rim)
{
    int32_t *skin = mien_calloc((size_t)m->triangles, 3 * sizeof(*skin));
    int n = 0;
    for (int t = 0; skin && t < m->triangles; t++) {
        if (mien_part_is_skin(m->part[t])) {
            memcpy(skin + 3 * n++, m->triangle + 3 * t, 3 * sizeof(*skin));
        }
    }
    bool ok = skin && mien_rim_find(rim, skin, n, m->mean, m->vertices, left);
    mien_free(skin);
    return ok;
}

// The rim's places on the upper lid (or the lower one), from the outer corner to the inner one,
// both included. How many.
static int lid_of(const struct mien_rim *rim, const struct mien_face_model *m, bool upper,
                  int out[MIEN_RIM_MAX])
{
    int n = 0, a = rim->corner[0], b = rim->corner[1], way[2] = {1, rim->count - 1};
    float high[2];
    for (int k = 0; k < 2; k++) { // which way round is the upper lid's
        int i = a, steps = 0;
        high[k] = 0;
        for (; i != b; i = (i + way[k]) % rim->count, steps++) {
            high[k] += m->mean[3 * rim->vertex[i] + 1];
        }
        high[k] /= (float)(steps > 0 ? steps : 1);
    }
    int k = (high[1] > high[0]) == upper;
    for (int i = a;; i = (i + way[k]) % rim->count) {
        out[n++] = rim->vertex[i];
        if (i == b || n == MIEN_RIM_MAX) {
            return n;
        }
    }
}

// The height at x of a line of points (count) with ever smaller or ever larger x; at its ends that
// of the end.
static float height_at(float (*line)[2], int count, float x)
{
    int last = count - 1;
    float turn = line[last][0] < line[0][0] ? -1 : 1;
    if (turn * x <= turn * line[0][0]) {
        return line[0][1];
    }
    for (int i = 0; i < last; i++) {
        float d = line[i + 1][0] - line[i][0];
        if (turn * x <= turn * line[i + 1][0] && turn * d > 0) {
            return line[i][1] + (x - line[i][0]) / d * (line[i + 1][1] - line[i][1]);
        }
    }
    return line[last][1];
}

static void smooth(float (*way)[2], int n)
{
    for (int pass = 0; pass < 2; pass++) {
        float before = way[0][1];
        for (int i = 1; i + 1 < n; i++) {
            float here = way[i][1];
            way[i][1] = 0.25f * before + 0.5f * here + 0.25f * way[i + 1][1];
            before = here;
        }
    }
}

// By how much the model's motion `moved` (V,3) of the upper lid is multiplied, along the lid: way
// (count) of x at which a point arrives, and the factor. 0: the rim is not there.
static int find_way(const struct mien_face_model *m, const struct mien_rim *rim, const float *at,
                    const float *moved, float (*way)[2])
{
    int upper[MIEN_RIM_MAX], lower[MIEN_RIM_MAX];
    float line[MIEN_RIM_MAX][2];
    int n = lid_of(rim, m, true, upper), low = lid_of(rim, m, false, lower);
    for (int i = 0; i < low; i++) {
        const size_t v = 3 * (size_t)lower[i];
        line[i][0] = at[v] + moved[v];
        line[i][1] = at[v + 1] + moved[v + 1];
    }
    for (int i = 0; i < n; i++) {
        const size_t v = 3 * (size_t)upper[i];
        float factor = 1;
        for (int step = 0; step < 3 && moved[v + 1] < -1; step++) {
            float to = height_at(line, low, at[v] + factor * moved[v]) - lids_overlap;
            factor = fminf(fmaxf((to - at[v + 1]) / moved[v + 1], way_least), way_most);
        }
        way[i][0] = at[v] + moved[v];
        way[i][1] = factor;
    }
    // What hardly moves, at the corners, goes with its neighbours.
    for (int end = 0; end < 2; end++) {
        int from = end ? n - 1 : 0, step = end ? -1 : 1, k = from;
        while (k >= 0 && k < n && !(moved[3 * (size_t)upper[k] + 1] < -1)) {
            k += step;
        }
        for (int i = from; k >= 0 && k < n && i != k; i += step) {
            way[i][1] = way[k][1];
        }
    }
    smooth(way, n);
    return n;
}

struct ball { // an eyeball as it lies in this person's head
    float centre[3];
    int count;
    float (*toward)[3]; // (count) direction from the centre
    float *radius;
};

static bool find_ball(const struct mien_face_model *m, const float *at, bool right, struct ball *b)
{
    const uint8_t bit = (uint8_t)(1U << (right ? MIEN_PART_EYEBALL_RIGHT : MIEN_PART_EYEBALL_LEFT));
    double moved[3] = {0};
    b->count = 0;
    for (int i = 0; i < m->vertices; i++) {
        b->count += (m->vertex_mask[i] & bit) != 0;
    }
    b->toward = mien_calloc((size_t)b->count + 1, sizeof(*b->toward));
    b->radius = mien_calloc((size_t)b->count + 1, sizeof(*b->radius));
    if (!b->toward || !b->radius) {
        return false;
    }
    for (int i = 0; i < 3 * m->vertices; i++) {
        moved[i % 3] += m->vertex_mask[i / 3] & bit ? (double)(at[i] - m->mean[i]) : 0;
    }
    for (int c = 0; c < 3; c++) {
        b->centre[c] =
            m->eye_centre[right][c] + (b->count ? (float)(moved[c] / (double)b->count) : 0);
    }
    int n = 0;
    for (int i = 0; i < m->vertices; i++) {
        float *d = b->toward[n], r = 0;
        for (int c = 0; c < 3; c++) {
            d[c] = at[3 * (size_t)i + (size_t)c] - b->centre[c];
            r += d[c] * d[c];
        }
        r = sqrtf(r);
        if (!(m->vertex_mask[i] & bit) || !(r > 1e-3f) || d[2] < 0) {
            continue; // the back touches no lid
        }
        for (int c = 0; c < 3; c++) {
            d[c] /= r;
        }
        b->radius[n++] = r;
    }
    b->count = n;
    return true;
}

static void free_ball(struct ball *b)
{
    mien_free(b->toward);
    mien_free(b->radius);
}

// How far the eyeball reaches in a direction, mm; 0 where it does not.
static float reach(const struct ball *b, const float d[3])
{
    const float deg = 180 / (float)M_PI;
    float best = 0, near_cos = cosf(reach_deg / deg);
    for (int i = 0; i < b->count; i++) {
        const float *t = b->toward[i];
        float c = t[0] * d[0] + t[1] * d[1] + t[2] * d[2];
        if (c > near_cos) {
            float off2 = 2 * (1 - fminf(c, 1)) * deg * deg; // the angle's square, nearly
            best = fmaxf(best, b->radius[i] - blunt * off2);
        }
    }
    return best;
}

// The push along d that takes a point at `radius` out of the ball, by `thick` more. Rounded: no
// edge where it begins.
static float push_of(const struct ball *b, const float d[3], float radius, float thick)
{
    float r = reach(b, d), deep = r + thick - radius;
    return r > 0 ? 0.5f * (deep + sqrtf(deep * deep + push_round * push_round)) : 0;
}

static float from_centre(const struct ball *b, const float *at, float share, const float *moved,
                         float d[3])
{
    float r = 0;
    for (int c = 0; c < 3; c++) {
        d[c] = at[c] + share * moved[c] - b->centre[c];
        r += d[c] * d[c];
    }
    r = fmaxf(sqrtf(r), 1e-3f);
    for (int c = 0; c < 3; c++) {
        d[c] /= r;
    }
    return r;
}

// Moves the skin that covers the eyeball out of it, half-way shut and shut. The inner side of the
// lids' fold stays. normal: of the shut face.
static void push_out(const struct mien_face_model *m, const struct ball *b, const float *at,
                     const float *normal, float *moved)
{
    const uint8_t skin = 1U << MIEN_PART_FACE | 1U << MIEN_PART_HEAD;
    for (int i = 0; i < m->vertices; i++) {
        const size_t v = 3 * (size_t)i;
        float d[3], half[3], *k = moved + v;
        if (!(m->vertex_mask[i] & skin) || fabsf(k[0]) + fabsf(k[1]) + fabsf(k[2]) < 0.3f) {
            continue;
        }
        float shut = from_centre(b, at + v, 1, k, d);
        float outward = normal[v] * d[0] + normal[v + 1] * d[1] + normal[v + 2] * d[2];
        // What hardly moves is not pushed: it would stand off at rest's border.
        float size = fminf(sqrtf(k[0] * k[0] + k[1] * k[1] + k[2] * k[2]) / 2, 1);
        float open = fminf(fmaxf(outward / 0.3f, 0), 1) * size;
        if (!(open > 0) || shut > 1.6f * m->eye_radius_mm) {
            continue;
        }
        float now = from_centre(b, at + v, 0.5f, k, half); // half-way, half of the push is there
        float push = fmaxf(push_of(b, d, shut, thick_shut), 2 * push_of(b, half, now, thick_half));
        for (int c = 0; c < 3; c++) {
            k[c] += open * fminf(push, push_most) * d[c];
        }
    }
}

static bool find_lid(const struct mien_face_model *m, const float *at, bool right, float *scratch,
                     float *moved)
{
    const int blink = right ? MIEN_BS_EYE_BLINK_RIGHT : MIEN_BS_EYE_BLINK_LEFT;
    struct mien_rim rim;
    struct ball ball = {.count = 0};
    float way[MIEN_RIM_MAX][2], *shut = scratch, *normal = scratch + 3 * (size_t)m->vertices;
    for (int i = 0; i < m->vertices; i++) {
        mien_face_model_blendshape(m, blink, i, moved + 3 * (size_t)i);
    }
    int n = find_rim(m, !right, &rim) ? find_way(m, &rim, at, moved, way) : 0;
    for (int i = 0; i < m->vertices && n > 1; i++) {
        float *k = moved + 3 * (size_t)i;
        if (k[1] < 0) { // downwards: the upper lid's
            float factor = height_at(way, n, at[3 * (size_t)i] + k[0]);
            for (int c = 0; c < 3; c++) {
                k[c] *= factor;
            }
        }
    }
    for (size_t i = 0; i < 3 * (size_t)m->vertices; i++) {
        shut[i] = at[i] + moved[i];
    }
    mien_face_model_normals(m, shut, normal);
    bool ok = find_ball(m, at, right, &ball);
    if (ok) {
        push_out(m, &ball, at, normal, moved);
    }
    free_ball(&ball);
    return ok;
}

bool mien_shut_find(struct mien_shut *s, const struct mien_face_model *m, const float *at)
{
    const size_t V = (size_t)m->vertices;
    float *scratch = mien_calloc(V, (3 + MIEN_NORMAL_ROOM) * sizeof(float));
    bool ok = scratch != NULL;
    *s = (struct mien_shut){{0}};
    for (int e = 0; e < 2 && ok; e++) {
        s->lid[e] = mien_calloc(V, 3 * sizeof(float));
        ok = s->lid[e] && find_lid(m, at, e == 1, scratch, s->lid[e]);
    }
    mien_free(scratch);
    if (!ok) {
        mien_shut_destroy(s);
    }
    return ok;
}

void mien_shut_destroy(struct mien_shut *s)
{
    mien_free(s->lid[0]);
    mien_free(s->lid[1]);
    *s = (struct mien_shut){{0}};
}

// The lips' lowest and highest points in columns between the mouth's inner corners, and how far
// mouthClose takes the one and the other, mm.
enum { COLUMNS = 16 };
struct lips {
    float upper[COLUMNS], lower[COLUMNS];
    float upper_moved[COLUMNS], lower_moved[COLUMNS];
    bool there[COLUMNS];
};

static void find_lips(const struct mien_face_model *m, const float *at, struct lips *l)
{
    // The inner corners of the iBUG points, the subject's right and left; the skin around them.
    const int corner[2] = {m->landmark[m->ibug[60]].vertex[0], m->landmark[m->ibug[64]].vertex[0]};
    const float *right = m->mean + 3 * (size_t)corner[0], half = 12, deep = 5, jaw = 16;
    float x0 = at[3 * (size_t)corner[0]], width = at[3 * (size_t)corner[1]] - x0;
    memset(l, 0, sizeof(*l));
    for (int k = 0; k < COLUMNS; k++) {
        l->upper[k] = 1e9f;
        l->lower[k] = -1e9f;
    }
    for (int i = 0; i < m->vertices; i++) {
        const float *p = m->mean + 3 * (size_t)i;
        float opens[3], closes[3], y = at[3 * (size_t)i + 1];
        float column = floorf((at[3 * (size_t)i] - x0) / width * COLUMNS);
        if (!(m->vertex_mask[i] >> MIEN_PART_FACE & 1) || fabsf(p[1] - right[1]) > half ||
            p[2] < right[2] - deep || !(column >= 0) || column >= COLUMNS) {
            continue;
        }
        int k = (int)column;
        mien_face_model_blendshape(m, MIEN_BS_JAW_OPEN, i, opens);
        mien_face_model_blendshape(m, MIEN_BS_MOUTH_CLOSE, i, closes);
        if (-opens[1] < jaw && y < l->upper[k]) {
            l->upper[k] = y;
            l->upper_moved[k] = closes[1];
        } else if (-opens[1] >= jaw && y > l->lower[k]) {
            l->lower[k] = y;
            l->lower_moved[k] = closes[1];
        }
    }
    for (int k = 0; k < COLUMNS; k++) {
        l->there[k] = l->upper[k] < 1e8f && l->lower[k] > -1e8f;
    }
}

void mien_shut_lips(const struct mien_face_model *m, float *at)
{
    const float least = -0.05f, most = 0.1f; // of mouthClose
    struct lips l;
    float weight = -1;
    find_lips(m, at, &l);
    // Where they are farthest apart they meet; towards the corners one lip's curve hides the other.
    for (int k = 3; k < COLUMNS - 3; k++) {
        float way = l.lower_moved[k] - l.upper_moved[k];
        if (l.there[k] && way > 1) {
            weight = fmaxf(weight, (l.upper[k] - l.lower[k] + lips_overlap) / way);
        }
    }
    if (weight <= -1) {
        return;
    }
    weight = fminf(fmaxf(weight, least), most);
    for (int i = 0; i < m->vertices; i++) {
        float closes[3];
        mien_face_model_blendshape(m, MIEN_BS_MOUTH_CLOSE, i, closes);
        for (int c = 0; c < 3; c++) {
            at[3 * (size_t)i + (size_t)c] += weight * closes[c];
        }
    }
}

// Rings are found by breadth-first search from the border of the skin around an eye.
#include "face/rim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

// Where the eyes are in the head frame: no other border of the skin comes near.
static bool is_near_eye(const float *p, bool left)
{
    float x = left ? p[0] : -p[0];
    return x > 12 && x < 55 && p[1] > 8 && p[1] < 42 && p[2] > 60;
}

// Marks the vertices of border edges (of one triangle only) near the eye with ring 0.
static void mark_border(const int32_t *tri, int triangles, const float *mean, bool left,
                        int8_t *ring)
{
    for (int t = 0; t < triangles; t++) {
        for (int i = 0; i < 3; i++) {
            int a = tri[3 * t + i], b = tri[3 * t + (i + 1) % 3];
            if (!is_near_eye(mean + 3 * a, left) || !is_near_eye(mean + 3 * b, left)) {
                continue;
            }
            bool shared = false;
            for (int s = 0; s < triangles && !shared; s++) {
                for (int j = 0; j < 3 && !shared; j++) { // the neighbour runs the other way
                    shared = tri[3 * s + j] == b && tri[3 * s + (j + 1) % 3] == a;
                }
            }
            if (!shared) {
                ring[a] = ring[b] = 0;
            }
        }
    }
}

static void grow_rings(const int32_t *tri, int triangles, int8_t *ring)
{
    for (int8_t r = 0; r < MIEN_RIM_RING; r++) {
        for (int t = 0; t < triangles; t++) {
            const int32_t *v = tri + 3 * t;
            bool touches = ring[v[0]] == r || ring[v[1]] == r || ring[v[2]] == r;
            for (int i = 0; i < 3 && touches; i++) {
                ring[v[i]] = ring[v[i]] < 0 ? (int8_t)(r + 1) : ring[v[i]];
            }
        }
    }
}

static float angle(const float *p, const float c[2])
{
    return atan2f(p[1] - c[1], p[0] - c[0]);
}

// Sorts by the angle about the middle: a lid's rim is convex seen from the front.
static void sort_round(struct mien_rim *rim, const float *mean)
{
    float c[2] = {0, 0};
    for (int i = 0; i < rim->count; i++) {
        c[0] += mean[3 * rim->vertex[i]] / (float)rim->count;
        c[1] += mean[3 * rim->vertex[i] + 1] / (float)rim->count;
    }
    for (int i = 1; i < rim->count; i++) {
        int v = rim->vertex[i], k = i;
        while (k > 0 && angle(mean + 3 * rim->vertex[k - 1], c) > angle(mean + 3 * v, c)) {
            rim->vertex[k] = rim->vertex[k - 1];
            k--;
        }
        rim->vertex[k] = v;
    }
}

bool mien_rim_find(struct mien_rim *rim, const int32_t *tri, int triangles, const float *mean,
                   int vertices, bool left)
{
    memset(rim, 0, sizeof(*rim));
    int8_t *ring = mien_calloc((size_t)vertices, 1);
    if (!ring) {
        return false;
    }
    memset(ring, -1, (size_t)vertices);
    mark_border(tri, triangles, mean, left, ring);
    grow_rings(tri, triangles, ring);
    bool ok = true;
    for (int v = 0; v < vertices && ok; v++) {
        if (ring[v] == MIEN_RIM_RING) {
            ok = rim->count < MIEN_RIM_MAX;
            rim->vertex[rim->count] = v;
            rim->count += ok;
        }
    }
    mien_free(ring);
    if (!ok || rim->count < 12) {
        return false;
    }
    sort_round(rim, mean);
    for (int i = 0; i < rim->count; i++) {
        for (int k = 0; k < 2; k++) {
            float best = fabsf(mean[3 * rim->vertex[rim->corner[k]]]);
            float here = fabsf(mean[3 * rim->vertex[i]]);
            if (k ? here < best : here > best) {
                rim->corner[k] = i;
            }
        }
    }
    return true;
}

bool mien_rim_landmark(const char *name, int *lid)
{
    int k = -1;
    if (sscanf(name, "lid_right_%d", &k) != 1 && sscanf(name, "lid_left_%d", &k) != 1) {
        return false;
    }
    // From the outer corner (0) along the lower lid to the inner one (8), back along the upper.
    *lid = k == 0 ? 0 : k < 8 ? -1 : 1;
    return k <= 6 || (k >= 10 && k <= 15);
}

// Whether the edge from place i to the next belongs to the lid.
static bool is_of_lid(const struct mien_rim *rim, const float *mean, int i, int lid)
{
    if (lid == 0) {
        return true;
    }
    const float *a = mean + 3 * rim->vertex[rim->corner[0]];
    const float *b = mean + 3 * rim->vertex[rim->corner[1]];
    const float *p = mean + 3 * rim->vertex[i];
    const float *q = mean + 3 * rim->vertex[(i + 1) % rim->count];
    float x = 0.5f * (p[0] + q[0]), y = 0.5f * (p[1] + q[1]);
    float line = a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]); // between the corners
    return (lid > 0) == (y > line);
}

void mien_rim_nearest(const struct mien_rim *rim, const float *mean, int lid, const float at[3],
                      int edge[2], float *share)
{
    float best = 1e30f;
    for (int i = 0; i < rim->count; i++) {
        int v = rim->vertex[i], w = rim->vertex[(i + 1) % rim->count];
        if (!is_of_lid(rim, mean, i, lid)) {
            continue;
        }
        const float *a = mean + 3 * v, *b = mean + 3 * w;
        float ab = 0, ap = 0, d = 0;
        for (int c = 0; c < 3; c++) {
            ab += (b[c] - a[c]) * (b[c] - a[c]);
            ap += (at[c] - a[c]) * (b[c] - a[c]);
        }
        float s = ab > 0 ? fminf(1, fmaxf(0, ap / ab)) : 0;
        for (int c = 0; c < 3; c++) {
            float e = a[c] + s * (b[c] - a[c]) - at[c];
            d += e * e;
        }
        if (d < best) {
            best = d;
            edge[0] = v;
            edge[1] = w;
            *share = s;
        }
    }
}

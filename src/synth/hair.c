// Hair meshes: a reader for the little of Wavefront OBJ that they use (v, vt, triangles "f a/b").
#include "synth/assets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

// Larger ones are no part of a head, and their squares would not be finite.
static const float coordinate_max = 1e6f;

static bool read_floats(const char *s, float *out, int n)
{
    for (int i = 0; i < n; i++) {
        char *end = NULL;
        out[i] = strtof(s, &end);
        if (end == s || !(fabsf(out[i]) < coordinate_max)) {
            return false;
        }
        s = end;
    }
    return true;
}

static bool read_corner(const char **s, int32_t *v, int32_t *t)
{
    char *end = NULL;
    long a = strtol(*s, &end, 10);
    if (end == *s || *end != '/') {
        return false;
    }
    const char *p = end + 1;
    long b = strtol(p, &end, 10);
    if (end == p || a < 1 || b < 1 || a > 1000000 || b > 1000000) {
        return false;
    }
    *v = (int32_t)(a - 1);
    *t = (int32_t)(b - 1);
    *s = end;
    return true;
}

static void compute_normals(struct mien_synth_hair *h)
{
    for (int t = 0; t < h->triangles; t++) {
        const int32_t *k = h->triangle + 3 * t;
        const float *a = h->vertex + 3 * k[0], *b = h->vertex + 3 * k[1], *c = h->vertex + 3 * k[2];
        float u[3], w[3];
        for (int i = 0; i < 3; i++) {
            u[i] = b[i] - a[i];
            w[i] = c[i] - a[i];
        }
        float n[3] = {u[1] * w[2] - u[2] * w[1], u[2] * w[0] - u[0] * w[2],
                      u[0] * w[1] - u[1] * w[0]};
        // Cards face either way: count them outward from the middle of the head.
        float d = n[0] * a[0] + n[1] * (a[1] - 40) + n[2] * (a[2] - 10), s = d < 0 ? -1 : 1;
        for (int j = 0; j < 3; j++) {
            for (int i = 0; i < 3; i++) {
                h->normal[3 * k[j] + i] += s * n[i];
            }
        }
    }
    for (int v = 0; v < h->vertices; v++) {
        float *n = h->normal + 3 * v, l = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        for (int i = 0; i < 3; i++) {
            n[i] = l > 0 ? n[i] / l : (i == 1);
        }
    }
}

bool mien_synth_obj_parse(char *text, const char *name, struct mien_synth_hair *h)
{
    int v = 0, t = 0, f = 0;
    for (const char *s = text; s && *s; s = strchr(s, '\n'), s = s ? s + 1 : NULL) {
        v += s[0] == 'v' && s[1] == ' ';
        t += s[0] == 'v' && s[1] == 't';
        f += s[0] == 'f' && s[1] == ' ';
    }
    if (v < 3 || t < 3 || f < 1 || v > 1000000 || t > 1000000 || f > 1000000) {
        mien_error("%s: not a triangle mesh with UV (%d vertices, %d UV, %d faces)", name, v, t, f);
        return false;
    }
    h->vertices = v;
    h->uvs = t;
    h->triangles = f;
    h->vertex = mien_calloc((size_t)v * 3, sizeof *h->vertex);
    h->normal = mien_calloc((size_t)v * 3, sizeof *h->normal);
    h->uv = mien_calloc((size_t)t * 2, sizeof *h->uv);
    h->triangle = mien_calloc((size_t)f * 3, sizeof *h->triangle);
    h->uv_triangle = mien_calloc((size_t)f * 3, sizeof *h->uv_triangle);
    if (!h->vertex || !h->normal || !h->uv || !h->triangle || !h->uv_triangle) {
        mien_synth_hair_destroy(h);
        return false;
    }
    v = t = f = 0;
    int number = 0;
    bool ok = true;
    for (char *s = text; ok && s && *s;) {
        char *next = strchr(s, '\n');
        if (next) {
            *next++ = 0;
        }
        number++;
        if (s[0] == 'v' && s[1] == ' ') {
            ok = read_floats(s + 2, h->vertex + 3 * v, 3);
            for (int i = 0; i < 3; i++) {
                h->vertex[3 * v + i] *= 10; // cm to mm
            }
            v++;
        } else if (s[0] == 'v' && s[1] == 't') {
            ok = read_floats(s + 2, h->uv + 2 * t++, 2);
        } else if (s[0] == 'f' && s[1] == ' ') {
            const char *p = s + 2;
            for (int i = 0; ok && i < 3; i++) {
                int32_t *a = h->triangle + 3 * f + i, *b = h->uv_triangle + 3 * f + i;
                ok = read_corner(&p, a, b) && *a < h->vertices && *b < h->uvs;
            }
            f++;
        }
        s = next;
    }
    if (!ok) {
        mien_error("%s: line %d is not what a triangle mesh with UV has there", name, number);
        mien_synth_hair_destroy(h);
        return false;
    }
    compute_normals(h);
    return true;
}

void mien_synth_hair_destroy(struct mien_synth_hair *h)
{
    mien_free(h->vertex);
    mien_free(h->normal);
    mien_free(h->uv);
    mien_free(h->triangle);
    mien_free(h->uv_triangle);
    mien_free(h->alpha);
    mien_free(h->shade);
    mien_free(h->bind);
    memset(h, 0, sizeof *h);
}

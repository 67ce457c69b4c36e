// Vertices' colours in several pictures, and alternating least squares of light and albedo.
#include "sink/light.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum { HARMONICS = 9, TURNS = 6, EVERY = 2 };
// What is brighter or darker than the light explains by so much of it is gloss, shadow, or no skin.
static const float off_share = 0.15f;
// How firmly light is held even, of the weight of what is seen: skin differs too.
static const float ridge = 0.01f;
static const float facing_min = 0.25f, eye_mm = 17, darkest = 0.3f, brightest = 3;

static void harmonics(const float n[3], float h[HARMONICS])
{
    h[0] = 1;
    h[1] = n[0];
    h[2] = n[1];
    h[3] = n[2];
    h[4] = n[0] * n[1];
    h[5] = n[1] * n[2];
    h[6] = n[0] * n[2];
    h[7] = n[0] * n[0] - n[1] * n[1];
    h[8] = 3 * n[2] * n[2] - 1;
}

static float to_linear(float level)
{
    return powf(fmaxf(0, level) / 255, 2.2f);
}

static float irradiance(const float sh[HARMONICS], const float h[HARMONICS])
{
    float sum = 0;
    for (int i = 0; i < HARMONICS; i++) {
        sum += sh[i] * h[i];
    }
    return fmaxf(darkest, fminf(brightest, sum));
}

void mien_light_divide(const struct mien_light *l, const float normal[3], float rgb[3])
{
    float h[HARMONICS];
    harmonics(normal, h);
    for (int k = 0; k < 3; k++) {
        rgb[k] = 255 * powf(to_linear(rgb[k]) / irradiance(l->sh[k], h), 1 / 2.2f);
    }
}

bool mien_lights_create(struct mien_lights *l, const struct mien_face_model *m, int room)
{
    *l = (struct mien_lights){.model = m, .room = room};
    l->vertex = mien_calloc((size_t)m->vertices, sizeof(*l->vertex));
    for (int i = 0; l->vertex && i < m->vertices; i += EVERY) {
        const float *p = m->mean + 3 * i;
        bool eye = false;
        for (int e = 0; e < 2; e++) {
            const float *c = m->eye_centre[e];
            eye = eye || hypotf(p[0] - c[0], p[1] - c[1]) < eye_mm;
        }
        if (!eye && m->vertex_mask[i] >> MIEN_PART_FACE & 1) {
            l->vertex[l->points++] = i;
        }
    }
    size_t n = (size_t)l->points;
    l->colour = mien_calloc((size_t)room * n, 4 * sizeof(float));
    l->normal = mien_calloc((size_t)room * n, 3 * sizeof(float));
    l->albedo = mien_calloc(n, 4 * sizeof(float));
    return l->vertex && l->colour && l->normal && l->albedo;
}

void mien_lights_destroy(struct mien_lights *l)
{
    mien_free(l->vertex);
    mien_free(l->colour);
    mien_free(l->normal);
    mien_free(l->albedo);
    *l = (struct mien_lights){0};
}

void mien_lights_add(struct mien_lights *l, const struct mien_posed *posed,
                     const struct mien_image *im)
{
    if (l->views == l->room) {
        return;
    }
    size_t at = (size_t)l->views++ * (size_t)l->points;
    for (int i = 0; i < l->points; i++) {
        int v = l->vertex[i];
        const float *s = posed->screen + 3 * v;
        float *o = l->colour + 4 * (at + (size_t)i);
        memcpy(l->normal + 3 * (at + (size_t)i), posed->normals + 3 * v, 3 * sizeof(float));
        int x = (int)floorf(s[0]), y = (int)floorf(s[1]);
        o[3] = 0;
        if (!(s[2] > 0) || posed->facing[v] < facing_min || x < 0 || y < 0 || x + 1 >= im->width ||
            y + 1 >= im->height || !mien_depth_visible(&posed->depth, s, 4)) {
            continue;
        }
        const uint8_t *p = im->data + (size_t)y * im->stride + 3 * (size_t)x;
        for (int k = 0; k < 3; k++) {
            o[k] = to_linear(0.25f * (float)(p[k] + p[k + 3] + p[im->stride + (size_t)k] +
                                             p[im->stride + (size_t)k + 3]));
        }
        o[3] = fminf(1, 2 * (posed->facing[v] - facing_min));
    }
}

// Symmetric positive definite, by elimination; the solution in b.
static void solve(double A[HARMONICS][HARMONICS], double b[HARMONICS])
{
    for (int i = 0; i < HARMONICS; i++) {
        for (int j = i + 1; j < HARMONICS; j++) {
            double f = A[j][i] / A[i][i];
            for (int k = i; k < HARMONICS; k++) {
                A[j][k] -= f * A[i][k];
            }
            b[j] -= f * b[i];
        }
    }
    for (int i = HARMONICS - 1; i >= 0; i--) {
        for (int j = i + 1; j < HARMONICS; j++) {
            b[i] -= A[i][j] * b[j];
        }
        b[i] /= A[i][i];
    }
}

// A picture's light in one channel, from what it has of the albedo known so far.
static void find_light(const struct mien_lights *l, int view, int channel, float sh[HARMONICS])
{
    double A[HARMONICS][HARMONICS] = {{0}}, b[HARMONICS] = {0}, all = 0;
    size_t at = (size_t)view * (size_t)l->points;
    for (int i = 0; i < l->points; i++) {
        const float *c = l->colour + 4 * (at + (size_t)i), *a = l->albedo + 4 * i;
        float h[HARMONICS], want = c[channel] / fmaxf(1e-4f, a[channel]);
        if (!(c[3] > 0) || !(a[3] > 0)) {
            continue;
        }
        harmonics(l->normal + 3 * (at + (size_t)i), h);
        float off = (want - irradiance(sh, h)) / (off_share * irradiance(sh, h));
        double w = (double)(c[3] / (1 + off * off));
        all += w;
        for (int j = 0; j < HARMONICS; j++) {
            b[j] += w * (double)(h[j] * want);
            for (int k = 0; k < HARMONICS; k++) {
                A[j][k] += w * (double)(h[j] * h[k]);
            }
        }
    }
    if (!(all > 20)) {
        return;
    }
    for (int j = 0; j < HARMONICS; j++) {
        A[j][j] += j ? (double)ridge * all : 1e-9;
    }
    solve(A, b);
    for (int j = 0; j < HARMONICS; j++) {
        sh[j] = (float)b[j];
    }
}

// The albedo that all pictures say under their lights.
static void find_albedo(struct mien_lights *l, const struct mien_light *light)
{
    for (int i = 0; i < l->points; i++) {
        float *a = l->albedo + 4 * i, sum[4] = {0};
        for (int v = 0; v < l->views; v++) {
            size_t at = (size_t)v * (size_t)l->points + (size_t)i;
            const float *c = l->colour + 4 * at;
            float h[HARMONICS];
            harmonics(l->normal + 3 * at, h);
            for (int k = 0; k < 3; k++) {
                sum[k] += c[3] * c[k] / irradiance(light[v].sh[k], h);
            }
            sum[3] += c[3];
        }
        a[3] = sum[3];
        for (int k = 0; k < 3 && sum[3] > 0; k++) {
            a[k] = sum[k] / sum[3];
        }
    }
}

void mien_lights_find(struct mien_lights *l, struct mien_light *out)
{
    double mean[4] = {0};
    for (int v = 0; v < l->views; v++) {
        out[v] = (struct mien_light){.sh = {{1}, {1}, {1}}};
    }
    find_albedo(l, out);
    for (int i = 0; i < l->points; i++) {
        const float *a = l->albedo + 4 * i;
        for (int k = 0; k < 3 && a[3] > 0; k++) {
            mean[k] += (double)a[k];
        }
        mean[3] += a[3] > 0;
    }
    for (int i = 0; i < l->points && mean[3] > 0; i++) {
        for (int k = 0; k < 3; k++) {
            l->albedo[4 * i + k] = (float)(mean[k] / mean[3]);
        }
    }
    for (int turn = 0; turn < TURNS; turn++) {
        for (int v = 0; v < l->views; v++) {
            for (int k = 0; k < 3; k++) {
                find_light(l, v, k, out[v].sh[k]);
            }
        }
        find_albedo(l, out);
    }
}

// The landmarks' own geometry, worked out once, and their sights. See shape.h.
#include "fit/shape.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

// The errors of neighbouring landmarks go together (engine/solve.c), and those of one landmark in
// all pictures: so far beside its place on the surface the network may see it everywhere.
static const float landmark_widen = 3, slide_mm = 2;
static const float facing_min = 0.1f, facing_full = 0.3f;
// Six neutral heads' clips (heads.py) are at 0.75 of the mean face's distance with what was read as
// the expression's mean (deviation 0.12), at 0.47 so; rendered people with expressions are read no
// worse.
static const float blendshape_sigma = 0.04f, blendshape_share = 0.5f;
static const float least_sigma = 0.02f; // of an identity coefficient: no look is surer
static const float size_sigma = 0.004f; // of the logarithm of the head's size

struct landmark {
    float normal[3], slide[2][3];
    float shape[MIEN_BUNDLE_SHAPES][3];
};

struct mien_shape_points {
    const struct mien_face_model *model;
    struct landmark *landmark; // (L)
    float size[MIEN_IDENTITY]; // what one unit adds to the size's logarithm
};

// Two directions of the surface: any that are square to the normal and to each other.
static void lay_slides(struct landmark *l)
{
    const float *n = l->normal;
    int least = fabsf(n[0]) < fabsf(n[1]) ? (fabsf(n[0]) < fabsf(n[2]) ? 0 : 2)
                                          : (fabsf(n[1]) < fabsf(n[2]) ? 1 : 2);
    float a[3] = {0}, *u = l->slide[0], *v = l->slide[1], length = 0;
    a[least] = 1;
    for (int c = 0; c < 3; c++) {
        u[c] = n[(c + 1) % 3] * a[(c + 2) % 3] - n[(c + 2) % 3] * a[(c + 1) % 3];
        length += u[c] * u[c];
    }
    for (int c = 0; c < 3; c++) {
        u[c] /= sqrtf(fmaxf(1e-12f, length));
    }
    for (int c = 0; c < 3; c++) {
        v[c] = n[(c + 1) % 3] * u[(c + 2) % 3] - n[(c + 2) % 3] * u[(c + 1) % 3];
    }
}

static void set_up(const struct mien_face_model *m, int l, const float *normals,
                   struct landmark *out)
{
    const struct mien_landmark *k = &m->landmark[l];
    for (int i = 0; i < 3; i++) {
        for (int c = 0; c < 3; c++) {
            out->normal[c] += k->weight[i] * normals[3 * k->vertex[i] + c];
        }
    }
    for (int i = 0; i < MIEN_BUNDLE_SHAPES; i++) {
        const float *from = i < MIEN_IDENTITY ? m->landmark_identity : m->landmark_blendshape;
        size_t of = (size_t)(i < MIEN_IDENTITY ? i : i - MIEN_IDENTITY);
        memcpy(out->shape[i], from + 3 * (of * (size_t)m->landmarks + (size_t)l),
               sizeof(out->shape[i]));
    }
    lay_slides(out);
}

// How much each coefficient enlarges the landmarks: the scale's logarithm by least squares.
static void find_size(struct mien_shape_points *s)
{
    const struct mien_face_model *m = s->model;
    double centre[3] = {0}, all = 0, sum[MIEN_IDENTITY] = {0};
    for (int l = 0; l < m->landmarks; l++) {
        for (int c = 0; c < 3; c++) {
            centre[c] += (double)m->landmark_mean[3 * l + c] / m->landmarks;
        }
    }
    for (int l = 0; l < m->landmarks; l++) {
        for (int c = 0; c < 3; c++) {
            double d = (double)m->landmark_mean[3 * l + c] - centre[c];
            all += d * d;
            for (int i = 0; i < MIEN_IDENTITY; i++) {
                sum[i] += d * (double)s->landmark[l].shape[i][c];
            }
        }
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        s->size[i] = (float)(sum[i] / fmax(1e-9, all));
    }
}

struct mien_shape_points *mien_shape_points_create(const struct mien_face_model *m)
{
    struct mien_shape_points *s = mien_calloc(1, sizeof(*s));
    float *normals = mien_calloc((size_t)m->vertices, MIEN_NORMAL_ROOM * sizeof(float));
    if (s) {
        s->model = m;
        s->landmark = mien_calloc((size_t)m->landmarks, sizeof(*s->landmark));
    }
    if (!s || !s->landmark || !normals) {
        mien_free(normals);
        mien_shape_points_destroy(s);
        return NULL;
    }
    mien_face_model_normals(m, m->mean, normals);
    for (int l = 0; l < m->landmarks; l++) {
        set_up(m, l, normals, &s->landmark[l]);
    }
    find_size(s);
    mien_free(normals);
    return s;
}

void mien_shape_points_destroy(struct mien_shape_points *s)
{
    if (s) {
        mien_free(s->landmark);
        mien_free(s);
    }
}

void mien_shape_place(const struct mien_shape_points *s, struct mien_bundle *b)
{
    const struct mien_face_model *m = s->model;
    b->points = m->landmarks;
    for (int l = 0; l < m->landmarks; l++) {
        struct mien_bundle_point *p = &b->point[l];
        *p = (struct mien_bundle_point){.shape = &s->landmark[l].shape[0][0],
                                        .slide_sigma = slide_mm};
        memcpy(p->mean, m->landmark_mean + 3 * l, sizeof(p->mean));
        memcpy(p->slide, s->landmark[l].slide, sizeof(p->slide));
    }
}

void mien_shape_expect(const struct mien_shape_points *s, const float *mean, const float *sigma,
                       struct mien_bundle *b)
{
    b->size_mean = 0;
    b->size_sigma = size_sigma;
    memcpy(b->size, s->size, sizeof(b->size));
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        b->identity[i] = b->identity_mean[i] = mean[i];
        b->identity_sigma[i] = sigma[i] > 0 ? fmaxf(least_sigma, sigma[i]) : 1;
        b->size_mean += b->size[i] * mean[i];
    }
}

void mien_shape_expect_expression(const float *read, struct mien_bundle_frame *f)
{
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        f->blendshape[i] = read[i];
        f->blendshape_mean[i] = 0;
        f->blendshape_sigma[i] = blendshape_sigma + blendshape_share * read[i];
    }
}

// Cosine between the surface and the line to the camera, whose place in the head's frame it is.
static float facing(const float normal[3], const float camera[3])
{
    float sum = 0, length = 0;
    for (int c = 0; c < 3; c++) {
        sum += normal[c] * camera[c];
        length += camera[c] * camera[c];
    }
    return sum / sqrtf(fmaxf(1e-12f, length));
}

void mien_shape_see(const struct mien_shape_points *s, int f, const struct mien_shape_seen *seen,
                    struct mien_bundle *b)
{
    const struct mien_face_model *m = s->model;
    const float *R = b->frame[f].pose.R, *t = b->frame[f].pose.t;
    float camera[3];
    for (int c = 0; c < 3; c++) {
        camera[c] = -(R[c] * t[0] + R[3 + c] * t[1] + R[6 + c] * t[2]);
    }
    for (int l = 0; l < m->landmarks && l < seen->count; l++) {
        float towards = facing(s->landmark[l].normal, camera);
        float sigma = landmark_widen * seen->sigma_px[l], weight = m->landmark[l].fit_weight;
        if (towards > facing_min && sigma > 0 && weight > 0 && isfinite(seen->px[l][0]) &&
            isfinite(seen->px[l][1])) {
            float w = weight * fminf(1, towards / facing_full) / (sigma * sigma);
            b->sight[b->sights++] =
                (struct mien_bundle_sight){l, f, {seen->px[l][0], seen->px[l][1]}, {w, 0, w}};
        }
    }
}

enum { ONE_STEPS = 5 };

struct mien_shape_one {
    struct mien_shape_points *points;
    struct mien_bundle bundle;
    struct mien_bundle_frame frame;
};

struct mien_shape_one *mien_shape_one_create(const struct mien_face_model *m)
{
    struct mien_shape_one *o = mien_calloc(1, sizeof(*o));
    if (!o) {
        return NULL;
    }
    struct mien_bundle *b = &o->bundle;
    o->points = mien_shape_points_create(m);
    b->frame = &o->frame;
    b->point = mien_calloc((size_t)m->landmarks, sizeof(*b->point));
    b->sight = mien_calloc((size_t)m->landmarks, sizeof(*b->sight));
    b->frames = 1;
    b->points = b->sights = m->landmarks;
    if (!o->points || !b->point || !b->sight || !mien_bundle_reserve(b)) {
        mien_shape_one_destroy(o);
        return NULL;
    }
    return o;
}

void mien_shape_one_destroy(struct mien_shape_one *o)
{
    if (o) {
        mien_bundle_destroy(&o->bundle);
        mien_shape_points_destroy(o->points);
        mien_free(o->bundle.point);
        mien_free(o->bundle.sight);
        mien_free(o);
    }
}

bool mien_shape_one_solve(struct mien_shape_one *o, const struct mien_shape_picture *p, float *mean,
                          float *sigma)
{
    struct mien_bundle *b = &o->bundle;
    mien_shape_place(o->points, b);
    mien_shape_expect(o->points, mean, sigma, b);
    o->frame.camera = p->camera;
    o->frame.pose = p->pose;
    mien_shape_expect_expression(p->blendshape, &o->frame);
    b->sights = 0;
    mien_shape_see(o->points, 0, &p->landmarks, b);
    if (!mien_bundle_solve(b, ONE_STEPS)) {
        return false;
    }
    memcpy(mean, b->identity, sizeof(b->identity));
    memcpy(sigma, b->sigma, sizeof(b->sigma));
    return true;
}

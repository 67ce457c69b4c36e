// Chooses pictures, and goes back and forth between finding patches and bundle adjustment.
#include "scan/scan.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "face/posed.h"
#include "scan/bundle.h"
#include "scan/tracks.h"

// The errors of neighbouring landmarks go together (engine/solve.c), and those of one landmark in
// all pictures: so far beside its place on the surface the network may see it everywhere.
static const float landmark_widen = 3, landmark_slide_mm = 2;
static const float facing_min = 0.1f; // of a landmark
// What is read of a face at rest is no expression but anatomy that was taken for one: shapes are
// held at rest, the less the more of them was read. Six neutral heads' clips (heads.py) are at 0.75
// of the mean face's distance with what was read as the prior's mean (deviation 0.12), at 0.47 so.
static const float blendshape_sigma = 0.04f, blendshape_share = 0.5f;
// Of the logarithm of the head's size.
static const float size_sigma = 0.004f;
// A camera of unknown view: the deviation of the focal length's logarithm.
static const float log_focal_sigma = 0.5f;
// Rounds of finding patches: how much the skin is blurred, and steps of the adjustment after each.
static const struct {
    int blur, steps;
} rounds[] = {{4, 3}, {2, 3}, {1, 3}, {1, 3}, {1, 3}};

static float apart(const struct mien_face_result *a, const struct mien_face_result *b)
{
    return hypotf(a->yaw_deg - b->yaw_deg, a->pitch_deg - b->pitch_deg);
}

// The worse of the two kept pictures that are nearest to each other.
static int spare(const struct mien_scan *s)
{
    int worst = 0;
    float nearest = HUGE_VALF;
    for (int i = 0; i < s->count; i++) {
        for (int k = 0; k < i; k++) {
            float d = apart(&s->frame[i].face, &s->frame[k].face);
            if (d < nearest) {
                nearest = d;
                worst = s->frame[i].score < s->frame[k].score ? i : k;
            }
        }
    }
    return worst;
}

// Landmarks and box of a result found in the whole picture, in the cut-out's pixels.
static void to_cut_out(struct mien_view_kept *k, const struct mien_camera *whole)
{
    float step = whole->f_px / k->camera.f_px;
    float at[2] = {whole->cx_px - step * k->camera.cx_px, whole->cy_px - step * k->camera.cy_px};
    for (int l = 0; l < k->face.landmark_count; l++) {
        for (int c = 0; c < 2; c++) {
            k->face.landmark_px[l][c] = (k->face.landmark_px[l][c] - at[c]) / step;
        }
        k->face.landmark_sigma_px[l] /= step;
    }
    for (int c = 0; c < 4; c++) {
        k->face.box_px[c] = (k->face.box_px[c] - at[c & 1]) / step;
    }
}

bool mien_scan_offer(struct mien_scan *s, const struct mien_image *picture,
                     const struct mien_camera *camera, const struct mien_face_result *f)
{
    if (picture->format != MIEN_FORMAT_RGB8 || mien_direction(f->yaw_deg, f->pitch_deg) < 0) {
        return true;
    }
    struct mien_view_kept k = {.face = *f, .score = mien_view_score(picture, f)};
    const int most = s->most > 0 && s->most < MIEN_SCAN_FRAMES ? s->most : MIEN_SCAN_FRAMES;
    if (s->count == most) {
        // What is nearest to the new one decides whether it tells more than what there is.
        int nearest = 0, away = spare(s);
        for (int i = 1; i < s->count; i++) {
            nearest = apart(&s->frame[i].face, f) < apart(&s->frame[nearest].face, f) ? i : nearest;
        }
        float least = HUGE_VALF;
        for (int i = 0; i < s->count; i++) {
            least =
                i != away ? fminf(least, apart(&s->frame[i].face, &s->frame[away].face)) : least;
        }
        if (apart(&s->frame[nearest].face, f) <= least) {
            if (!(k.score > s->frame[nearest].score)) {
                return true;
            }
            away = nearest;
        }
        k.picture = s->frame[away].picture;
        s->frame[away].picture = (struct mien_image){0};
        if (!mien_view_cut(s->side_px, picture, camera, f->box_px, &k)) {
            s->frame[away] = s->frame[--s->count];
            s->frame[s->count] = (struct mien_view_kept){0};
            return false;
        }
        to_cut_out(&k, camera);
        s->frame[away] = k;
        return true;
    }
    if (!mien_view_cut(s->side_px, picture, camera, f->box_px, &k)) {
        return false;
    }
    to_cut_out(&k, camera);
    s->frame[s->count++] = k;
    return true;
}

void mien_scan_forget(struct mien_scan *s)
{
    for (int i = 0; i < s->count; i++) {
        mien_image_destroy(&s->frame[i].picture);
    }
    s->count = 0;
}

void mien_scan_destroy(struct mien_scan *s)
{
    mien_scan_forget(s);
}

int mien_scan_directions(const struct mien_scan *s)
{
    bool seen[MIEN_DIRECTIONS] = {false};
    int n = 0;
    for (int i = 0; i < s->count; i++) {
        int d = mien_direction(s->frame[i].face.yaw_deg, s->frame[i].face.pitch_deg);
        n += d >= 0 && !seen[d];
        seen[d < 0 ? 0 : d] |= d >= 0;
    }
    return n;
}

struct refining {
    const struct mien_scan *scan;
    const struct mien_face_model *model;
    struct mien_tracks *tracks;
    struct mien_posed posed;
    struct mien_bundle bundle;
    struct mien_bundle_frame frame[MIEN_SCAN_FRAMES];
    float *shape; // (L,MIEN_BUNDLE_SHAPES,3) of the landmarks
    int landmark_sights;
};

// The state as a result, for posing.
static void to_face(const struct refining *r, int f, struct mien_camera *camera,
                    struct mien_face_result *face)
{
    *camera = r->frame[f].camera;
    camera->f_px *= expf(r->bundle.log_focal);
    face->pose = r->frame[f].pose;
    memcpy(face->identity, r->bundle.identity, sizeof(face->identity));
    memcpy(face->blendshape, r->frame[f].blendshape, sizeof(face->blendshape));
}

static bool allocate(struct refining *r)
{
    const struct mien_face_model *m = r->model;
    struct mien_bundle *b = &r->bundle;
    size_t frames = (size_t)r->scan->count, L = (size_t)m->landmarks;
    if (!mien_posed_create(&r->posed, m) || !(r->tracks = mien_tracks_create(m, r->scan->count))) {
        return false;
    }
    size_t points = L + (size_t)mien_tracks_points(r->tracks);
    r->shape = mien_calloc(3 * L, MIEN_BUNDLE_SHAPES * sizeof(float));
    b->point = mien_calloc(points, sizeof(*b->point));
    b->sight = mien_calloc(points * frames, sizeof(*b->sight));
    b->frame = r->frame;
    b->frames = r->scan->count;
    return r->shape && b->point && b->sight;
}

// Landmarks are points whose slide has a prior: the surface's own two directions there.
static void set_landmark(struct refining *r, int l, const float *normals)
{
    const struct mien_face_model *m = r->model;
    struct mien_bundle_point *p = &r->bundle.point[l];
    const struct mien_landmark *k = &m->landmark[l];
    float n[3] = {0};
    memcpy(p->mean, m->landmark_mean + 3 * l, sizeof(p->mean));
    float *shape = r->shape + (size_t)l * 3 * MIEN_BUNDLE_SHAPES;
    for (int i = 0; i < MIEN_BUNDLE_SHAPES; i++) {
        const float *from = i < MIEN_IDENTITY ? m->landmark_identity : m->landmark_blendshape;
        int of = i < MIEN_IDENTITY ? i : i - MIEN_IDENTITY;
        memcpy(shape + 3 * i, from + 3 * ((size_t)of * (size_t)m->landmarks + (size_t)l),
               3 * sizeof(float));
    }
    p->shape = shape;
    for (int i = 0; i < 3; i++) {
        for (int c = 0; c < 3; c++) {
            n[c] += k->weight[i] * normals[3 * k->vertex[i] + c];
        }
    }
    // Any two directions across the normal.
    int least = fabsf(n[0]) < fabsf(n[1]) ? (fabsf(n[0]) < fabsf(n[2]) ? 0 : 2)
                                          : (fabsf(n[1]) < fabsf(n[2]) ? 1 : 2);
    float a[3] = {0}, *u = p->slide[0], *v = p->slide[1];
    a[least] = 1;
    float length = 0;
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
    p->slide_sigma = landmark_slide_mm;
    p->at[0] = p->at[1] = 0;
}

// How much each coefficient enlarges the narrow face: the scale's logarithm by least squares. No
// picture tells a small head from a large one further away: the looks' own answer is kept.
static bool set_size(struct refining *r)
{
    const struct mien_face_model *m = r->model;
    float identity[MIEN_IDENTITY] = {0}, *v = mien_calloc((size_t)m->vertices, 3 * sizeof(float));
    double centre[3] = {0}, all = 0, n = 0;
    if (!v) {
        return false;
    }
    for (int i = 0; i < m->vertices; i++) {
        bool face = m->vertex_mask[i] >> MIEN_PART_FACE & 1;
        n += face;
        for (int c = 0; face && c < 3; c++) {
            centre[c] += (double)m->mean[3 * i + c];
        }
    }
    r->bundle.size_mean = 0;
    for (int k = -1; k < MIEN_IDENTITY; k++) {
        double sum = 0;
        if (k >= 0) {
            identity[k] = 1;
            mien_face_model_vertices(m, identity, NULL, v);
            identity[k] = 0;
        }
        for (int i = 0; i < m->vertices; i++) {
            for (int c = 0; m->vertex_mask[i] >> MIEN_PART_FACE & 1 && c < 3; c++) {
                double d = (double)m->mean[3 * i + c] - centre[c] / n;
                sum += d * (k < 0 ? d : (double)(v[3 * i + c] - m->mean[3 * i + c]));
            }
        }
        if (k < 0) {
            all = sum;
        } else {
            r->bundle.size[k] = (float)(sum / all);
            r->bundle.size_mean += r->bundle.size[k] * r->bundle.identity_mean[k];
        }
    }
    r->bundle.size_sigma = size_sigma;
    mien_free(v);
    return true;
}

static bool start(struct refining *r, const struct mien_scan_known *known)
{
    const struct mien_face_model *m = r->model;
    struct mien_bundle *b = &r->bundle;
    float *normals = mien_calloc((size_t)m->vertices, MIEN_NORMAL_ROOM * sizeof(float));
    if (!normals) {
        return false;
    }
    mien_face_model_normals(m, m->mean, normals);
    for (int l = 0; l < m->landmarks; l++) {
        set_landmark(r, l, normals);
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        b->identity[i] = b->identity_mean[i] = known->identity[i];
        b->identity_sigma[i] = known->sigma[i] > 0 ? fmaxf(0.02f, known->sigma[i]) : 1;
    }
    if (!set_size(r)) {
        mien_free(normals);
        return false;
    }
    b->log_focal_sigma = known->camera ? 0 : log_focal_sigma;
    int n = 0;
    for (int f = 0; f < b->frames; f++) {
        const struct mien_view_kept *v = &r->scan->frame[f];
        struct mien_bundle_frame *k = &r->frame[f];
        k->camera = v->camera;
        k->pose = v->face.pose;

        memcpy(k->blendshape, v->face.blendshape, sizeof(k->blendshape));
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            k->blendshape_mean[i] = 0;
            k->blendshape_sigma[i] = blendshape_sigma + blendshape_share * v->face.blendshape[i];
        }
        for (int l = 0; l < m->landmarks; l++) {
            float towards[3], facing = 0, distance = 0;
            const float *R = k->pose.R, *t = k->pose.t;
            for (int c = 0; c < 3; c++) {
                towards[c] = -(R[c] * t[0] + R[3 + c] * t[1] + R[6 + c] * t[2]);
                distance += towards[c] * towards[c];
            }
            for (int i = 0; i < 3; i++) {
                for (int c = 0; c < 3; c++) {
                    facing += m->landmark[l].weight[i] * towards[c] / sqrtf(distance) *
                              normals[3 * m->landmark[l].vertex[i] + c];
                }
            }
            float sigma = landmark_widen * v->face.landmark_sigma_px[l];
            if (!(facing > facing_min) || !(sigma > 0) || !(m->landmark[l].fit_weight > 0) ||
                l >= v->face.landmark_count || !isfinite(v->face.landmark_px[l][0]) ||
                !isfinite(v->face.landmark_px[l][1])) {
                continue;
            }
            float w = m->landmark[l].fit_weight * fminf(1, facing / 0.3f) / (sigma * sigma);
            b->sight[n++] = (struct mien_bundle_sight){
                l, f, {v->face.landmark_px[l][0], v->face.landmark_px[l][1]}, {w, 0, w}};
        }
    }
    b->sights = r->landmark_sights = n;
    b->points = m->landmarks;
    mien_free(normals);
    return n > 0;
}

// Patches of skin as the present state unwraps them, after the landmarks.
static void find_patches(struct refining *r, int blur)
{
    struct mien_bundle *b = &r->bundle;
    const int L = r->model->landmarks;
    mien_tracks_begin(r->tracks, blur);
    int n = 0, of[MIEN_SCAN_FRAMES];
    for (int f = 0; f < b->frames; f++) {
        struct mien_camera camera;
        struct mien_face_result face = r->scan->frame[f].face;
        to_face(r, f, &camera, &face);
        if (mien_posed_set(&r->posed, &camera, &face)) {
            mien_tracks_add(r->tracks, &r->posed, &r->scan->frame[f].picture);
            of[n++] = f;
        }
    }
    struct mien_bundle_sight *first = b->sight + r->landmark_sights;
    int found = mien_tracks_find(r->tracks, b->identity, L, b->point + L, first);
    for (int i = 0; i < found; i++) {
        first[i].frame = of[first[i].frame];
    }
    b->sights = r->landmark_sights + found;
    b->points = L + mien_tracks_points(r->tracks);
}

static bool go(struct refining *r)
{
    if (!mien_bundle_solve(&r->bundle, 5)) {
        return false;
    }
    for (size_t i = 0; r->bundle.frames > 1 && i < MIEN_COUNT(rounds); i++) {
        find_patches(r, rounds[i].blur);
        if (!mien_bundle_solve(&r->bundle, rounds[i].steps)) {
            return false;
        }
    }
    return true;
}

bool mien_scan_refine(const struct mien_scan *s, const struct mien_face_model *m,
                      const struct mien_scan_known *known, struct mien_scan_found *out)
{
    struct refining *r = mien_calloc(1, sizeof(*r));
    bool ok = r && s->count > 0;
    memset(out, 0, sizeof(*out));
    memcpy(out->identity, known->identity, sizeof(out->identity));
    memcpy(out->sigma, known->sigma, sizeof(out->sigma));
    memcpy(out->frame, s->frame, (size_t)s->count * sizeof(*out->frame));
    out->focal = 1;
    if (ok) {
        r->scan = s;
        r->model = m;
        ok = allocate(r) && start(r, known) && go(r);
    }
    if (ok) {
        memcpy(out->identity, r->bundle.identity, sizeof(out->identity));
        memcpy(out->sigma, r->bundle.sigma, sizeof(out->sigma));
        out->focal = expf(r->bundle.log_focal);
        out->patches = r->bundle.sights - r->landmark_sights;
        for (int f = 0; f < s->count; f++) {
            struct mien_face_result *face = &out->frame[f].face;
            to_face(r, f, &out->frame[f].camera, face);
            mien_pose_to_angles(face->pose.R, &face->yaw_deg, &face->pitch_deg, &face->roll_deg);
        }
    }
    if (r) {
        mien_tracks_destroy(r->tracks);
        mien_posed_destroy(&r->posed);
        mien_free(r->bundle.point);
        mien_free(r->bundle.sight);
        mien_free(r->shape);
        mien_free(r);
    }
    return ok;
}

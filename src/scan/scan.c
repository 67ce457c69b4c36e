// Chooses pictures, and goes back and forth between finding patches and bundle adjustment.
#include "scan/scan.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "face/posed.h"
#include "fit/bundle.h"
#include "fit/shape.h"
#include "scan/tracks.h"

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

// How many pictures may be kept.
static int room_of(const struct mien_scan *s)
{
    return s->most > 0 && s->most < MIEN_SCAN_FRAMES ? s->most : MIEN_SCAN_FRAMES;
}

bool mien_scan_offer(struct mien_scan *s, const struct mien_image *picture,
                     const struct mien_camera *camera, const struct mien_face_result *f)
{
    if (picture->format != MIEN_FORMAT_RGB8 || mien_direction(f->yaw_deg, f->pitch_deg) < 0) {
        return true;
    }
    struct mien_view_kept k = {.face = *f, .score = mien_view_score(picture, f)};
    const int most = room_of(s);
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
        k.room_px = s->frame[away].room_px;
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
    k.picture = s->frame[s->count].picture;
    k.room_px = s->frame[s->count].room_px;
    s->frame[s->count].picture = (struct mien_image){0};
    if (!mien_view_cut(s->side_px, picture, camera, f->box_px, &k)) {
        return false;
    }
    to_cut_out(&k, camera);
    s->frame[s->count++] = k;
    return true;
}

bool mien_scan_reserve(struct mien_scan *s)
{
    const int most = room_of(s);
    s->reserved = true;
    for (int i = 0; i < most; i++) {
        struct mien_view_kept *k = &s->frame[i];
        if (!mien_image_reserve(&k->picture, s->side_px, s->side_px, MIEN_FORMAT_RGB8)) {
            return false;
        }
        k->room_px = s->side_px;
    }
    return true;
}

static void free_pictures(struct mien_scan *s)
{
    for (int i = 0; i < MIEN_SCAN_FRAMES; i++) {
        mien_image_destroy(&s->frame[i].picture);
    }
}

void mien_scan_forget(struct mien_scan *s)
{
    if (!s->reserved) {
        free_pictures(s);
    }
    s->count = 0;
}

void mien_scan_destroy(struct mien_scan *s)
{
    free_pictures(s);
    s->count = 0;
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

struct mien_scan_room {
    const struct mien_scan *scan; // the one at hand
    const struct mien_face_model *model;
    struct mien_tracks *tracks; // NULL: landmarks alone
    bool patches;               // this time
    struct mien_posed posed;
    struct mien_bundle bundle;
    struct mien_bundle_frame frame[MIEN_SCAN_FRAMES];
    struct mien_shape_points *landmarks;
    int landmark_sights;
};

// The state as a result, for posing.
static void to_face(const struct mien_scan_room *r, int f, struct mien_camera *camera,
                    struct mien_face_result *face)
{
    *camera = r->frame[f].camera;
    camera->f_px *= expf(r->bundle.log_focal);
    face->pose = r->frame[f].pose;
    memcpy(face->identity, r->bundle.identity, sizeof(face->identity));
    memcpy(face->blendshape, r->frame[f].blendshape, sizeof(face->blendshape));
}

static bool allocate(struct mien_scan_room *r, int frames, bool patches)
{
    const struct mien_face_model *m = r->model;
    struct mien_bundle *b = &r->bundle;
    size_t points = (size_t)m->landmarks;
    r->landmarks = mien_shape_points_create(m);
    if (!r->landmarks) {
        return false;
    }
    if (patches) {
        if (!mien_posed_create(&r->posed, m) || !(r->tracks = mien_tracks_create(m, frames))) {
            return false;
        }
        points += (size_t)mien_tracks_points(r->tracks);
    }
    b->point = mien_calloc(points, sizeof(*b->point));
    b->sight = mien_calloc(points * (size_t)frames, sizeof(*b->sight));
    b->frame = r->frame;
    b->frames = frames;
    b->points = b->sights = (int)points; // of a frame
    return b->point && b->sight;
}

static bool start(struct mien_scan_room *r, const struct mien_scan_known *known)
{
    struct mien_bundle *b = &r->bundle;
    mien_shape_place(r->landmarks, b);
    mien_shape_expect(r->landmarks, known->identity, known->sigma, b);
    b->frames = r->scan->count;
    b->log_focal = 0;
    b->log_focal_sigma = known->camera ? 0 : log_focal_sigma;
    b->sights = 0;
    for (int f = 0; f < b->frames; f++) {
        const struct mien_view_kept *v = &r->scan->frame[f];
        r->frame[f].camera = v->camera;
        r->frame[f].pose = v->face.pose;
        mien_shape_expect_expression(v->face.blendshape, &r->frame[f]);
        mien_shape_see(r->landmarks, f,
                       &(struct mien_shape_seen){(const float(*)[2])v->face.landmark_px,
                                                 v->face.landmark_sigma_px, v->face.landmark_count},
                       b);
    }
    r->landmark_sights = b->sights;
    return b->sights > 0;
}

// Patches of skin as the present state unwraps them, after the landmarks.
static void find_patches(struct mien_scan_room *r, int blur)
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

static bool go(struct mien_scan_room *r)
{
    const size_t last = r->patches ? MIEN_COUNT(rounds) : 0;
    r->bundle.rough = last > 0;
    if (!mien_bundle_solve(&r->bundle, 5)) {
        return false;
    }
    for (size_t i = 0; i < last; i++) {
        r->bundle.rough = i + 1 < last;
        find_patches(r, rounds[i].blur);
        if (!mien_bundle_solve(&r->bundle, rounds[i].steps)) {
            return false;
        }
    }
    return true;
}

static struct mien_scan_room *make_room(const struct mien_face_model *m, int frames, bool patches)
{
    struct mien_scan_room *r = mien_calloc(1, sizeof(*r));
    if (!r) {
        return NULL;
    }
    r->model = m;
    if (!allocate(r, frames, patches)) {
        mien_scan_room_destroy(r);
        return NULL;
    }
    return r;
}

struct mien_scan_room *mien_scan_room_create(const struct mien_face_model *m,
                                             const struct mien_scan *s)
{
    struct mien_scan_room *r = make_room(m, room_of(s), true);
    const float all[4] = {0, 0, (float)s->side_px, (float)s->side_px};
    if (r && (!mien_bundle_reserve(&r->bundle) ||
              !mien_depth_begin(&r->posed.depth, all, s->side_px, s->side_px))) {
        mien_scan_room_destroy(r);
        return NULL;
    }
    return r;
}

void mien_scan_room_destroy(struct mien_scan_room *r)
{
    if (!r) {
        return;
    }
    mien_tracks_destroy(r->tracks);
    mien_posed_destroy(&r->posed);
    mien_free(r->bundle.point);
    mien_free(r->bundle.sight);
    mien_shape_points_destroy(r->landmarks);
    mien_bundle_destroy(&r->bundle);
    mien_free(r);
}

static void begin(const struct mien_scan *s, const struct mien_scan_known *known,
                  struct mien_scan_found *out)
{
    memset(out, 0, sizeof(*out));
    memcpy(out->identity, known->identity, sizeof(out->identity));
    memcpy(out->sigma, known->sigma, sizeof(out->sigma));
    memcpy(out->frame, s->frame, (size_t)s->count * sizeof(*out->frame));
    out->focal = 1;
}

bool mien_scan_refine_in(struct mien_scan_room *r, const struct mien_scan *s,
                         const struct mien_scan_known *known, struct mien_scan_found *out)
{
    begin(s, known, out);
    r->scan = s;
    r->patches = r->tracks && s->count > 1 && !known->landmarks_alone;
    if (!s->count || !start(r, known) || !go(r)) {
        return false;
    }
    memcpy(out->identity, r->bundle.identity, sizeof(out->identity));
    memcpy(out->sigma, r->bundle.sigma, sizeof(out->sigma));
    out->focal = expf(r->bundle.log_focal);
    out->patches = r->bundle.sights - r->landmark_sights;
    for (int f = 0; f < s->count; f++) {
        struct mien_face_result *face = &out->frame[f].face;
        to_face(r, f, &out->frame[f].camera, face);
        mien_pose_to_angles(face->pose.R, &face->yaw_deg, &face->pitch_deg, &face->roll_deg);
    }
    return true;
}

bool mien_scan_refine(const struct mien_scan *s, const struct mien_face_model *m,
                      const struct mien_scan_known *known, struct mien_scan_found *out)
{
    struct mien_scan_room *r =
        s->count ? make_room(m, s->count, s->count > 1 && !known->landmarks_alone) : NULL;
    begin(s, known, out);
    bool ok = r && mien_scan_refine_in(r, s, known, out);
    mien_scan_room_destroy(r);
    return ok;
}

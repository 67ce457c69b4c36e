// Photos turned in space: each fitted photo becomes pictures of the same face at other head poses,
// with labels that follow.
//
// The photo is a sheet: depth from the fitted head where the head is, smoothly bent back to the
// plane behind it elsewhere. The sheet is turned about the head's origin and drawn anew ("face
// profiling": Zhu et al. 2016, "Face Alignment Across Large Poses: A 3D Solution"; here in pitch
// too, and with the whole head's depth). Landmarks keep the machine's places: each is lifted to the
// fit's depth. Does not: show what the photo hides (turns go away from the front, so the hidden
// side stays hidden), or relight.
#include "prepare/prepare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "face/gaze.h"
#include "image/image.h"
#include "learn/pack.h"
#include "synth/raster.h"

enum {
    SIDE = MIEN_PHOTO_SIDE_PX,
    MARGIN = 96, // the sheet goes on beyond the photo, mirrored
    STEP = 2,
    GRID = (SIDE + 2 * MARGIN) / STEP + 1,
    SAMPLES = 2,        // a pixel's side, averaged
    HALF = SIDE / STEP, // the depth's resolution
    SMOOTHINGS = 130,
};
static const float back_mm = 30; // of the plane behind, from the head's origin
static const float slack_mm = 7; // what may lie before a landmark that is seen
static const float hidden_trust = 0.3f;
// Nobody knows how far the camera was: any distance from half a metre to 2.4 m explains a photo,
// with another pose and shape. Each photo draws one.
static const float near_least = 0.4f, near_most = 1.8f;
// Only heads that look ahead are turned: on turned ones the machines' landmarks are pulled to the
// front, and so would be every pose made from them.
static const float ahead_yaw = 16, ahead_pitch = 11;

struct turner {
    struct mien_face_model m;
    struct mien_photos photos;
    struct mien_camera camera; // how near the present photo is taken to be
    struct mien_fit *fit;
    struct mien_jpeg_decoder *jpeg;
    struct mien_image photo, picture;
    struct mien_raster before, after; // (SIDE), (SIDE * SAMPLES)
    float *vertex;                    // (V,3)
    mien_raster_vertex *screen;       // (V) or (GRID*GRID), the larger
    float *distance;                  // (HALF,HALF) mm along the optical axis
    bool *known;                      // (HALF,HALF)
    float (*sheet)[3];                // (GRID*GRID) mm, camera
    int32_t *skin, *sheet_triangle;
    int skin_count;
};

static void turner_destroy(struct turner *k)
{
    mien_photos_destroy(&k->photos);
    mien_fit_destroy(k->fit);
    mien_jpeg_decoder_destroy(k->jpeg);
    mien_image_destroy(&k->photo);
    mien_image_destroy(&k->picture);
    mien_raster_destroy(&k->before);
    mien_raster_destroy(&k->after);
    mien_free(k->vertex);
    mien_free(k->screen);
    mien_free(k->distance);
    mien_free(k->known);
    mien_free(k->sheet);
    mien_free(k->skin);
    mien_free(k->sheet_triangle);
    mien_face_model_destroy(&k->m);
}

static bool turner_create(struct turner *k, const char *photos)
{
    memset(k, 0, sizeof *k);
    if (!mien_face_model_load(&k->m, NULL) || !mien_photos_load(&k->photos, photos)) {
        goto fail;
    }
    const size_t v = (size_t)k->m.vertices, n = (size_t)GRID * GRID, px = (size_t)HALF * HALF;
    k->fit = mien_fit_create(&k->m);
    k->jpeg = mien_jpeg_decoder_create();
    k->vertex = mien_calloc(v * 3, sizeof *k->vertex);
    k->screen = mien_calloc(v > n ? v : n, sizeof *k->screen);
    k->distance = mien_calloc(px, sizeof *k->distance);
    k->known = mien_calloc(px, sizeof *k->known);
    k->sheet = mien_calloc(n, sizeof *k->sheet);
    k->skin = mien_calloc((size_t)k->m.triangles * 3, sizeof *k->skin);
    k->sheet_triangle = mien_calloc((size_t)6 * (GRID - 1) * (GRID - 1), sizeof *k->sheet_triangle);
    if (!k->fit || !k->jpeg || !k->vertex || !k->screen || !k->distance || !k->known || !k->sheet ||
        !k->skin || !k->sheet_triangle || !mien_raster_create(&k->before, SIDE, SIDE) ||
        !mien_raster_create(&k->after, SIDE * SAMPLES, SIDE * SAMPLES) ||
        !mien_image_create(&k->picture, SIDE, SIDE, MIEN_FORMAT_RGB8)) {
        goto fail;
    }
    for (int t = 0; t < k->m.triangles; t++) {
        const int part = k->m.part[t];
        if (part <= MIEN_PART_HEAD || part == MIEN_PART_EYEBALL_LEFT ||
            part == MIEN_PART_EYEBALL_RIGHT) {
            memcpy(k->skin + 3 * k->skin_count++, k->m.triangle + 3 * t, 3 * sizeof *k->skin);
        }
    }
    int32_t *s = k->sheet_triangle;
    for (int y = 0; y + 1 < GRID; y++) {
        for (int x = 0; x + 1 < GRID; x++) {
            const int32_t a = y * GRID + x, b = a + 1, c = a + GRID, d = c + 1;
            const int32_t two[6] = {a, c, b, b, c, d};
            memcpy(s, two, sizeof two);
            s += 6;
        }
    }
    return true;
fail:
    turner_destroy(k);
    return false;
}

static void to_screen(const struct mien_camera *c, const float X[3], mien_raster_vertex out)
{
    const float d = -X[2];
    out[0] = c->cx_px + c->f_px * X[0] / d;
    out[1] = c->cy_px - c->f_px * X[1] / d;
    out[2] = d > 1 ? 1 / d : 0;
    out[3] = 0;
}

static void from_screen(const struct mien_camera *c, float x, float y, float distance, float X[3])
{
    X[0] = (x - c->cx_px) * distance / c->f_px;
    X[1] = (c->cy_px - y) * distance / c->f_px;
    X[2] = -distance;
}

// distance and known: the head where it is, a smooth sheet elsewhere.
static void measure_depth(struct turner *k, const struct mien_fit_state *s)
{
    const struct mien_camera c = k->camera;
    mien_face_model_vertices(&k->m, s->identity, s->blendshape, k->vertex);
    for (int i = 0; i < k->m.vertices; i++) {
        float q[3];
        mien_mat3_mul_vec(s->pose.R, k->vertex + 3 * i, q);
        for (int a = 0; a < 3; a++) {
            q[a] += s->pose.t[a];
        }
        to_screen(&c, q, k->screen[i]);
    }
    mien_raster_clear(&k->before);
    mien_raster_draw(&k->before, (const mien_raster_vertex *)k->screen, k->skin, k->skin_count, 1,
                     MIEN_RASTER_FRONT);
    const float plane = -s->pose.t[2] + back_mm;
    for (int i = 0; i < HALF * HALF; i++) {
        const float near_ = k->before.near_[i / HALF * STEP * SIDE + i % HALF * STEP];
        k->known[i] = near_ > 0;
        k->distance[i] = near_ > 0 ? 1 / near_ : plane;
    }
    // From the plane at the border to the head's outline: Laplace's equation, over-relaxed.
    for (int pass = 0; pass < SMOOTHINGS; pass++) {
        for (int y = 1; y + 1 < HALF; y++) {
            float *d = k->distance + y * HALF;
            for (int x = 1; x + 1 < HALF; x++) {
                if (!k->known[y * HALF + x]) {
                    const float mean = 0.25f * (d[x - 1] + d[x + 1] + d[x - HALF] + d[x + HALF]);
                    d[x] += 1.85f * (mean - d[x]);
                }
            }
        }
    }
    for (int j = 0; j < GRID; j++) {
        for (int i = 0; i < GRID; i++) {
            const int x = i * STEP - MARGIN, y = j * STEP - MARGIN;
            const bool inside = x >= 0 && y >= 0 && x < SIDE && y < SIDE;
            from_screen(&c, (float)x, (float)y,
                        inside ? k->distance[y / STEP * HALF + x / STEP] : plane,
                        k->sheet[j * GRID + i]);
        }
    }
}

// Rows and columns beyond the photo's real part are its mirror image.
static float mirror(float v, float lo, float hi)
{
    const float span = hi - lo;
    v = fmodf(fabsf(v - lo), 2 * span);
    return lo + (v > span ? 2 * span - v : v);
}

static void sample(const struct mien_image *im, const float valid[4], float x, float y, float c[3])
{
    x = mirror(x, valid[0] + 1, valid[2] - 3);
    y = mirror(y, valid[1] + 1, valid[3] - 3);
    const int ix = (int)x, iy = (int)y;
    const float fx = x - (float)ix, fy = y - (float)iy;
    const uint8_t *a = im->data + (size_t)iy * im->stride + (size_t)ix * 3, *b = a + im->stride;
    for (int j = 0; j < 3; j++) {
        c[j] +=
            (a[j] * (1 - fx) + a[j + 3] * fx) * (1 - fy) + (b[j] * (1 - fx) + b[j + 3] * fx) * fy;
    }
}

// How the head is turned: from the photo's pose away from the front.
static void draw_turn(struct mien_rng *r, const float R[9], float out[9])
{
    float yaw, pitch, roll;
    mien_pose_to_angles(R, &yaw, &pitch, &roll);
    const float kind = mien_rng_float(r);
    if (kind < 0.7f) {
        const float side = fabsf(yaw) < 8 ? (mien_rng_chance(r, 0.5f) ? 1 : -1) : yaw > 0 ? 1 : -1;
        const float more = kind < 0.25f ? mien_rng_range(r, 0, 25) : mien_rng_range(r, 10, 75);
        yaw = fminf(fmaxf(yaw + side * more, -82), 82);
    }
    if (kind > 0.45f || mien_rng_chance(r, 0.5f)) {
        pitch += mien_rng_chance(r, 0.3f) ? mien_rng_normal(r) * 9 : mien_rng_range(r, -52, 52);
        pitch = fminf(fmaxf(pitch, -58), 58);
    }
    roll += mien_rng_normal(r) * 6;
    mien_pose_from_angles(yaw, pitch, roll, out);
}

struct turn {
    float R[9];  // new head -> camera
    float dR[9]; // what was turned
    float about[3];
    struct mien_camera camera;
};

static void turn_point(const struct turn *t, const float X[3], float out[3])
{
    const float d[3] = {X[0] - t->about[0], X[1] - t->about[1], X[2] - t->about[2]};
    mien_mat3_mul_vec(t->dR, d, out);
    for (int a = 0; a < 3; a++) {
        out[a] += t->about[a];
    }
}

// Places of the landmarks in space (camera of the photo) and how far each is trusted.
static bool lift_landmarks(const struct turner *k, int i, const struct mien_fit_state *s,
                           float (*X)[3], float *weight)
{
    const struct mien_camera c = k->camera;
    float px[MIEN_LANDMARKS_MAX][2], mine[MIEN_LANDMARKS_MAX][2], depth[MIEN_LANDMARKS_MAX];
    mien_photo_landmarks(&k->photos, &k->m, i, px);
    if (!mien_fit_project(&k->m, &c, s, mine, depth)) {
        return false;
    }
    for (int l = 0; l < k->m.landmarks; l++) {
        const int x = (int)lrintf(mine[l][0]), y = (int)lrintf(mine[l][1]);
        const bool inside = x >= 0 && y >= 0 && x < SIDE && y < SIDE;
        const float near_ = inside ? k->before.near_[y * SIDE + x] : 0;
        const bool hidden = near_ > 0 && 1 / near_ < depth[l] - slack_mm;
        // A hidden or unmarked point is where the fit has it.
        const bool marked = isfinite(px[l][0]) && !hidden;
        const float *at = marked ? px[l] : mine[l];
        from_screen(&c, at[0], at[1], depth[l], X[l]);
        weight[l] = hidden ? hidden_trust : k->m.landmark[l].mediapipe < 0 ? 0.5f : 1;
    }
    return true;
}

static void draw_sheet(struct turner *k, const struct turn *t, const float valid[4])
{
    struct mien_camera fine = t->camera;
    fine.f_px *= SAMPLES;
    fine.cx_px = fine.cx_px * SAMPLES + 0.5f * (SAMPLES - 1);
    fine.cy_px = fine.cy_px * SAMPLES + 0.5f * (SAMPLES - 1);
    for (int i = 0; i < GRID * GRID; i++) {
        float q[3];
        turn_point(t, k->sheet[i], q);
        to_screen(&fine, q, k->screen[i]);
    }
    mien_raster_clear(&k->after);
    mien_raster_draw(&k->after, (const mien_raster_vertex *)k->screen, k->sheet_triangle,
                     2 * (GRID - 1) * (GRID - 1), 1, MIEN_RASTER_BOTH);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            float c[3] = {0};
            int hits = 0;
            for (int j = 0; j < SAMPLES * SAMPLES; j++) {
                const int sx = x * SAMPLES + j % SAMPLES, sy = y * SAMPLES + j / SAMPLES;
                const uint32_t id = k->after.id[sy * SIDE * SAMPLES + sx];
                if (!id) {
                    continue;
                }
                const int32_t *v = k->sheet_triangle + 3 * (size_t)(id - 1);
                float w[3], at[2] = {0, 0};
                if (!mien_raster_weights(k->screen[v[0]], k->screen[v[1]], k->screen[v[2]],
                                         (float)sx, (float)sy, w)) {
                    continue;
                }
                for (int a = 0; a < 3; a++) {
                    at[0] += w[a] * (float)(v[a] % GRID * STEP - MARGIN);
                    at[1] += w[a] * (float)(v[a] / GRID * STEP - MARGIN);
                }
                sample(&k->photo, valid, at[0], at[1], c);
                hits++;
            }
            uint8_t *p = k->picture.data + (size_t)y * k->picture.stride + (size_t)x * 3;
            if (!hits) { // beyond the sheet: the photo as it was, no sign that something was turned
                sample(&k->photo, valid, (float)x, (float)y, c);
                hits = 1;
            }
            for (int a = 0; a < 3; a++) {
                p[a] = (uint8_t)lrintf(c[a] / (float)hits);
            }
        }
    }
}

// Landmarks of the turned face; false when too much of it leaves the picture.
static bool place_landmarks(const struct turner *k, const struct turn *t, const float (*X)[3],
                            const float *weight, struct mien_label *l)
{
    float *box = l->box_px;
    box[0] = box[1] = 1e9f;
    box[2] = box[3] = -1e9f;
    for (int i = 0; i < k->m.landmarks; i++) {
        float q[3];
        turn_point(t, X[i], q);
        if (!mien_camera_project(&t->camera, q, l->landmark_px[i])) {
            return false;
        }
        const float *p = l->landmark_px[i];
        const int x = (int)lrintf(p[0] * SAMPLES + 0.5f), y = (int)lrintf(p[1] * SAMPLES + 0.5f);
        const bool inside = x >= 0 && y >= 0 && x < SIDE * SAMPLES && y < SIDE * SAMPLES;
        const float near_ = inside ? k->after.near_[y * SIDE * SAMPLES + x] : 0;
        const bool hidden = near_ > 0 && 1 / near_ < -q[2] - slack_mm;
        l->landmark_weight[i] = hidden ? fminf(weight[i], hidden_trust) : weight[i];
        box[0] = fminf(box[0], p[0]);
        box[1] = fminf(box[1], p[1]);
        box[2] = fmaxf(box[2], p[0]);
        box[3] = fmaxf(box[3], p[1]);
    }
    return box[0] > -8 && box[1] > -8 && box[2] < SIDE + 8 && box[3] < SIDE + 8;
}

// The camera that has the turned face in the middle of its picture.
static void aim(const struct turner *k, struct turn *t, const float (*X)[3], struct mien_rng *r)
{
    float lo[2] = {1e9f, 1e9f}, hi[2] = {-1e9f, -1e9f};
    t->camera = k->camera;
    for (int i = 0; i < k->m.landmarks; i++) {
        float q[3], p[2];
        turn_point(t, X[i], q);
        if (mien_camera_project(&t->camera, q, p)) {
            for (int a = 0; a < 2; a++) {
                lo[a] = fminf(lo[a], p[a]);
                hi[a] = fmaxf(hi[a], p[a]);
            }
        }
    }
    t->camera.cx_px += 0.5f * (SIDE - 1) - 0.5f * (lo[0] + hi[0]) + 3 * mien_rng_normal(r);
    t->camera.cy_px += 0.5f * (SIDE - 1) - 0.5f * (lo[1] + hi[1]) + 3 * mien_rng_normal(r);
}

static bool looks_ahead(const struct mien_fit_state *s)
{
    float yaw, pitch, roll;
    mien_pose_to_angles(s->pose.R, &yaw, &pitch, &roll);
    return fabsf(yaw) < ahead_yaw && fabsf(pitch) < ahead_pitch;
}

struct flat_photo { // a photo before it is turned
    struct mien_label label;
    struct mien_fit_state fit;
    float X[MIEN_LANDMARKS_MAX][3], weight[MIEN_LANDMARKS_MAX]; // its landmarks, lifted
};

// One more picture of a photo. False when it was not written; *ok: whether the disk took it.
static bool write_turn(struct turner *k, struct mien_pack_writer *w, const struct flat_photo *p,
                       struct mien_rng *r, bool *ok)
{
    struct mien_label l = p->label;
    struct turn t;
    float back[9];
    draw_turn(r, p->fit.pose.R, t.R);
    mien_mat3_transpose(p->fit.pose.R, back);
    mien_mat3_mul(t.R, back, t.dR);
    memcpy(t.about, p->fit.pose.t, sizeof t.about);
    aim(k, &t, p->X, r);
    draw_sheet(k, &t, p->label.valid_px);
    if (!place_landmarks(k, &t, p->X, p->weight, &l)) {
        return false;
    }
    l.camera = t.camera;
    memcpy(l.pose.R, t.R, sizeof t.R);
    l.valid_px[0] = l.valid_px[1] = 0;
    l.valid_px[2] = l.valid_px[3] = SIDE;
    for (int e = 0; e < 2; e++) {
        mien_gaze_angles(&k->m, t.R, l.blendshape, e, &l.gaze_deg[e][0], &l.gaze_deg[e][1]);
        if (l.landmark_weight[k->m.iris[e]] < 1) {
            l.gaze_weight[e] = 0;
        }
    }
    void *jpeg = NULL;
    size_t bytes = 0;
    *ok = mien_jpeg_encode(&k->picture, 90, &jpeg, &bytes);
    l.jpeg_bytes = (uint32_t)bytes;
    *ok = *ok && mien_pack_write(w, &l, jpeg);
    mien_free(jpeg);
    return *ok;
}

static int write_pack(struct turner *k, const struct mien_prepare_options *o)
{
    struct mien_pack_writer w;
    struct mien_progress bar = {0};
    const int all = k->photos.count, first = o->first;
    const int n = o->limit > 0 && o->limit < all - first ? first + o->limit : all;
    if (!mien_photos_share(&k->photos, &k->m, first, n) ||
        !mien_pack_writer_open(&w, o->out, false)) {
        return 1;
    }
    bool ok = true;
    int used = 0;
    mien_progress_begin(&bar, "turning", "photos", first, n);
    for (int i = first; i < n && ok; i++) {
        struct flat_photo p;
        struct mien_rng rng;
        mien_rng_seed(&rng, 1604, (uint64_t)i);
        k->camera =
            mien_photo_camera(expf(mien_rng_range(&rng, logf(near_least), logf(near_most))));
        if (k->photos.row[i].agree > 3 || !mien_photo_from(&k->photos.row[i], o->sources) ||
            !mien_photo_label(&k->photos, &k->m, k->fit, &k->camera, i, &p.label, &p.fit) ||
            !looks_ahead(&p.fit) ||
            !mien_jpeg_decode(k->jpeg, k->photos.jpeg + k->photos.row[i].offset,
                              k->photos.row[i].bytes, MIEN_FORMAT_RGB8, false, &k->photo, NULL)) {
            continue;
        }
        measure_depth(k, &p.fit);
        if (!lift_landmarks(k, i, &p.fit, p.X, p.weight)) {
            continue;
        }
        used++;
        for (int c = 0; c < o->copies && ok; c++) {
            write_turn(k, &w, &p, &rng, &ok);
        }
        mien_progress_update(&bar, i + 1, NULL);
    }
    mien_progress_end(&bar, n);
    const long long kept = w.count;
    ok = mien_pack_writer_close(&w, ok);
    if (ok) {
        printf("turned photos: %lld pictures of %d photos in %s\n", kept, used, o->out);
    }
    return ok ? 0 : 1;
}

int mien_prepare_turned(const struct mien_prepare_options *o)
{
    char dir[1024];
    struct turner k;
    if (!mien_photos_dir(dir)) {
        return 2;
    }
    if (!turner_create(&k, dir)) {
        return 2;
    }
    const int status = write_pack(&k, o);
    turner_destroy(&k);
    return status;
}

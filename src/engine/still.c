// The faces of a picture that stands for itself: candidates of the detector on the whole picture,
// on parts of a large one and, where no upright face is certain, on the rotated picture. Each is
// cropped again until crops agree; network and fit decide which are faces.
#include "engine/internal.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

// A crop is taken from the landmarks of the look before until it moves by less than this (shares of
// its side, rad). Small and turned finds need more looks than large ones; what has not settled
// after the last is no face.
enum { LOOKS_MAX = 7 };
static const float agree_place = 0.03f, agree_size = 0.05f, agree_roll = 0.05f;
// A picture's face is kept when the network is at least this sure; the second, lower threshold of
// the detector is tried when the first finds nothing, and the network decides.
static const float presence_min = 0.35f, detect_again = 0.12f;
// Beside a sure face, a find above this counts as none (see implausibility). On pointing04-dev 95 %
// of the true faces were below 0.113, 90 % of the false finds above 0.096.
static const float doubtful = 0.12f;
// What is below it is sure.
static const float sure_doubt = 0.08f;
// The detector misses faces smaller than a twentieth of what it looks at: pictures of this many
// pixels a side (the shorter one) are looked at in 2 x 2 parts too, of twice that in 4 x 4. Parts
// overlap by a third.
static const int parts_px = 640;
static const float part_overlap = 0.33f;
// The longer side of a turned picture: as much as the detector sees.
enum { TURNED_PX = 640 };

// Crops a little smaller and larger than the settled one, two of them mirrored, join its estimate.
// AUC on lfpw-dev: 75.93 % with these three, 75.90 with the first two, 75.67 with the mirrored crop
// alone, 75.93 with nine (five sizes, each mirrored or not).
static void look_again(struct mien_engine *e, const struct mien_image *frame,
                       const struct mien_camera *camera, const struct mien_crop *crop,
                       struct mien_times *times)
{
    static const struct {
        float size;
        bool mirror;
    } more[] = {{0.95f, true}, {0.9f, false}, {1.08f, true}};
    int64_t t0 = mien_engine_now(e);
    for (int i = 0; i < (int)MIEN_COUNT(more); i++) {
        struct mien_crop other = *crop;
        other.side_px *= more[i].size;
        mien_engine_estimate(e, &e->eye, frame, &other, more[i].mirror, &e->eye.other);
        mien_estimate_rescale(&e->eye.other, more[i].size);
        mien_estimate_average(&e->eye.estimate, &e->eye.other, 1.0f / (float)(i + 2));
    }
    mien_engine_see(e, &e->eye, camera, crop);
    times->network_ns += mien_engine_now(e) - t0;
}

// How little the network and the fit believe in a face: sigma of the landmarks and residual of the
// fit, both in face sizes, raised where the presence is low. Faces have 0.02 to 0.08, ears and
// curls that a detector takes for faces 0.1 to 0.4.
static float implausibility(const struct mien_face_result *f)
{
    float size = sqrtf(fmaxf(1, (f->box_px[2] - f->box_px[0]) * (f->box_px[3] - f->box_px[1])));
    float sum = 0;
    for (int i = 0; i < f->landmark_count; i++) {
        sum += f->landmark_sigma_px[i];
    }
    return sum / (fmaxf(1, (float)f->landmark_count) * size) + f->fit_rms +
           0.3f * (1 - f->confidence);
}

// What orders the finds of a picture: implausibility, less up to `large_bonus` for a find that
// fills it. Half a cheek or an eye that looks like a face to the network lies inside the true,
// larger one; the reverse is rare. Found on ferplus-dev, whose faces fill half the picture: 20 of
// 523 lost without.
static const float large_bonus = 0.2f;
static float rank(const struct mien_face_result *f, const struct mien_result *r)
{
    float side = (float)(r->width_px < r->height_px ? r->width_px : r->height_px);
    return implausibility(f) -
           large_bonus * fminf(1, (f->box_px[3] - f->box_px[1]) / (0.5f * side));
}

// Whether two boxes can only be one person's: they cover each other, or the smaller one lies where
// the larger one's ears and hair are.
static bool same_head(const float a[4], const float b[4])
{
    const float *large = a[3] - a[1] > b[3] - b[1] ? a : b, *small = large == a ? b : a;
    float margin = 0.25f * (large[3] - large[1]);
    float head[4] = {large[0] - margin, large[1] - margin, large[2] + margin, large[3]};
    bool smaller = small[3] - small[1] < 0.6f * (large[3] - large[1]);
    return mien_box_cover(a, b) > 0.5f || (smaller && mien_box_cover(head, small) > 0.5f);
}

// Keeps at most max faces, the surest first, and drops what is doubtful beside a face that is not.
static void drop_doubtful(struct mien_result *out, int max)
{
    for (int i = 1; i < out->count; i++) {
        for (int k = i; k > 0 && rank(&out->face[k], out) < rank(&out->face[k - 1], out); k--) {
            struct mien_face_result swap = out->face[k];
            out->face[k] = out->face[k - 1];
            out->face[k - 1] = swap;
        }
    }
    int kept = 0;
    while (kept < out->count && kept < max &&
           (kept == 0 || implausibility(&out->face[kept]) < doubtful)) {
        out->face[kept].id = kept + 1;
        kept++;
    }
    out->count = kept;
}

// A sure face, whatever its size; with `main` one that is not small in the picture.
static bool has_sure(const struct mien_result *r, bool main_face)
{
    float side = (float)(r->width_px < r->height_px ? r->width_px : r->height_px);
    for (int i = 0; i < r->count; i++) {
        const float *b = r->face[i].box_px;
        if (implausibility(&r->face[i]) < sure_doubt && (!main_face || b[3] - b[1] > 0.2f * side)) {
            return true;
        }
    }
    return false;
}

// Whether a first look says that a candidate beside a sure face is none: the network sees little of
// a face there, or that face again.
static bool is_nothing(const struct mien_engine *e, const struct mien_result *out)
{
    float box[4];
    if (!has_sure(out, false)) {
        return false;
    }
    if (e->eye.sight.presence < 0.3f * presence_min ||
        !mien_crop_bounds((const float(*)[2])e->eye.sight.landmark_px, e->parts.model->landmarks,
                          box)) {
        return true;
    }
    for (int i = 0; i < out->count; i++) {
        const float *b = out->face[i].box_px;
        if (implausibility(&out->face[i]) < sure_doubt && box[3] - box[1] < 1.2f * (b[3] - b[1]) &&
            mien_box_cover(box, b) > 0.5f) {
            return true;
        }
    }
    return false;
}

// Crops from the network's own landmarks until they agree. False when the network sees no face
// there or looks never agree. The last look is in e->eye.sight.
static bool settle_crop(struct mien_engine *e, const struct mien_image *frame,
                        struct mien_crop *crop, struct mien_result *out)
{
    for (int k = 0; k < LOOKS_MAX; k++) {
        struct mien_crop next;
        mien_engine_look(e, &e->eye, &(struct mien_engine_target){frame, &out->camera, crop}, false,
                         &out->times);
        // The first crops are often far off the training's: they need not be sure yet.
        if (e->eye.sight.presence < 0.05f * presence_min || (k == 0 && is_nothing(e, out)) ||
            !mien_crop_from_landmarks(e->parts.model, (const float(*)[2])e->eye.sight.landmark_px,
                                      &next)) {
            return false;
        }
        if (!mien_crop_beyond(crop, &next, agree_place, agree_size, agree_roll)) {
            return true;
        }
        *crop = next;
    }
    return false;
}

static bool look_still(struct mien_engine *e, const struct mien_image *frame,
                       struct mien_crop *crop, struct mien_result *out)
{
    if (!settle_crop(e, frame, crop, out) || e->eye.sight.presence < 0.5f * presence_min) {
        return false;
    }
    if (e->config.quality) {
        look_again(e, frame, &out->camera, crop, &out->times);
    }
    return e->eye.sight.presence >= presence_min;
}

// Looks at a candidate; a face takes the next place of the result, or that of a less sure find of
// the same head.
static void try_face(struct mien_engine *e, const struct mien_image *frame, struct mien_crop crop,
                     struct mien_result *out)
{
    if (out->count == MIEN_FACES_MAX || !look_still(e, frame, &crop, out)) {
        return;
    }
    int64_t t0 = mien_engine_now(e);
    struct mien_face_result *f = &out->face[out->count];
    memset(f, 0, sizeof(*f));
    bool looked =
        e->portrait && mien_portrait_look(e->portrait, frame, &crop, e->config.quality, &e->who);
    int64_t t1 = mien_engine_now(e);
    out->times.portrait_ns += t1 - t0;
    out->times.portrait_looks += looked;
    if (looked) {
        // What two networks say of the landmarks is nearer to people's marks than what either does:
        // eyes on lfpw-dev 2.79 % with the face network's, 2.78 with the portrait network's, 2.74
        // with both (apart from the convention).
        mien_portrait_join(e->portrait, &e->eye.estimate);
        mien_engine_see(e, &e->eye, &out->camera, &crop);
        struct mien_evidence known = {0};
        mien_evidence_add(&known, mien_portrait_people(e->portrait),
                          mien_evidence_direction(e->eye.sight.pose.R), e->who.identity,
                          e->who.sigma);
        if (known.looks) { // not from behind
            memcpy(e->eye.sight.identity, known.mean, sizeof(e->eye.sight.identity));
            memcpy(e->eye.sight.identity_sigma, known.sigma, sizeof(e->eye.sight.identity_sigma));
        }
    }
    bool ok = mien_solve_still(e->solver, &out->camera, &e->eye.sight, f);
    out->times.fit_ns += mien_engine_now(e) - t1;
    if (!ok) {
        return;
    }
    f->crop = crop;
    f->id = out->count + 1;
    f->state = MIEN_TRACK_NEW;
    f->light_hint = mien_solve_light(frame, f->box_px);
    for (int i = 0; i < out->count; i++) {
        struct mien_face_result *g = &out->face[i];
        if (same_head(f->box_px, g->box_px)) {
            if (rank(f, out) < rank(g, out)) {
                f->id = g->id;
                *g = *f;
            }
            return;
        }
    }
    out->count++;
}

// Whether a candidate lies on a face that was found.
static bool is_found(const float box[4], const struct mien_result *r)
{
    float x = 0.5f * (box[0] + box[2]), y = 0.5f * (box[1] + box[3]);
    for (int i = 0; i < r->count; i++) {
        const float *b = r->face[i].box_px;
        bool inside = x > b[0] && x < b[2] && y > b[1] && y < b[3];
        bool sure = implausibility(&r->face[i]) < sure_doubt;
        if (inside && (sure || mien_box_overlap(box, b) > 0.3f)) {
            return true;
        }
    }
    return false;
}

// Tries the n candidates of e->found, which the detector saw in a part of the picture that begins
// at (x0, y0).
static void try_found(struct mien_engine *e, const struct mien_image *frame, int n, int x0, int y0,
                      struct mien_result *out)
{
    for (int i = 0; i < n; i++) {
        struct mien_detection *d = &e->found[i];
        for (int k = 0; k < 4; k++) {
            d->box_px[k] += (float)(k & 1 ? y0 : x0);
        }
        struct mien_crop crop;
        if (!is_found(d->box_px, out) && mien_crop_from_box(d->box_px, &crop)) {
            crop.roll_rad = d->roll_rad;
            try_face(e, frame, crop, out);
        }
    }
}

static void search_whole(struct mien_engine *e, const struct mien_image *frame,
                         struct mien_result *out)
{
    float threshold[2] = {0, detect_again};
    for (int pass = 0; pass < 2 && !has_sure(out, true); pass++) {
        int n = mien_engine_detect(e, frame, threshold[pass], &out->times);
        try_found(e, frame, n, 0, 0, out);
    }
    // A picture that is nothing but a face is larger than what a detector looks for.
    float w = (float)frame->width, h = (float)frame->height;
    float part[2] = {1, 0.65f};
    for (int k = 0; k < 2 && !has_sure(out, true) && w < 1.6f * h && h < 1.6f * w; k++) {
        try_face(e, frame,
                 (struct mien_crop){0.5f * (w - 1), 0.5f * (h - 1), part[k] * fmaxf(w, h), 0}, out);
    }
}

// Parts of a large picture, across x across of them, for faces that are small in it.
static void search_parts(struct mien_engine *e, const struct mien_image *frame, int across,
                         struct mien_result *out)
{
    float share = 1 / ((float)across - part_overlap * (float)(across - 1));
    struct mien_image part = *frame;
    part.owned = false;
    part.width = (int)ceilf(share * (float)frame->width);
    part.height = (int)ceilf(share * (float)frame->height);
    for (int k = 0; k < across * across; k++) {
        int x0 = (frame->width - part.width) * (k % across) / (across - 1);
        int y0 = (frame->height - part.height) * (k / across) / (across - 1);
        part.data = frame->data + (size_t)y0 * frame->stride +
                    (size_t)x0 * (size_t)mien_format_channels(frame->format);
        int n = mien_engine_detect(e, &part, 0, &out->times);
        try_found(e, frame, n, x0, y0, out);
    }
}

// Candidates on the picture turned by a quarter (1: clockwise), two or three.
static void search_turned(struct mien_engine *e, const struct mien_image *frame, int quarters,
                          struct mien_result *out)
{
    float scale = fminf(1, (float)TURNED_PX / fmaxf((float)frame->width, (float)frame->height));
    int w = (int)fmaxf(1, scale * (float)frame->width),
        h = (int)fmaxf(1, scale * (float)frame->height);
    int tw = quarters & 1 ? h : w, th = quarters & 1 ? w : h;
    if (!e->turned.data && !mien_image_create(&e->turned, TURNED_PX, TURNED_PX, MIEN_FORMAT_RGB8)) {
        return;
    }
    struct mien_image view = e->turned;
    view.owned = false;
    view.width = tw;
    view.height = th;
    // Pixel (x, y) of the turned picture is this one of the frame.
    float k = 1 / scale, fw = (float)(frame->width - 1), fh = (float)(frame->height - 1);
    struct mien_affine map[4] = {{{k, 0, 0, 0, k, 0}},
                                 {{0, k, 0, -k, 0, fh}},
                                 {{-k, 0, fw, 0, -k, fh}},
                                 {{0, -k, fw, k, 0, 0}}};
    mien_warp(frame, &map[quarters], &view, -1);
    int n = mien_engine_detect(e, &view, 0, &out->times);
    for (int i = 0; i < n; i++) {
        struct mien_detection *d = &e->found[i];
        float a[2], b[2];
        mien_affine_apply(&map[quarters], d->box_px[0], d->box_px[1], &a[0], &a[1]);
        mien_affine_apply(&map[quarters], d->box_px[2], d->box_px[3], &b[0], &b[1]);
        for (int c = 0; c < 2; c++) {
            d->box_px[c] = fminf(a[c], b[c]);
            d->box_px[2 + c] = fmaxf(a[c], b[c]);
        }
        // Turned clockwise by so much, the face stood upright.
        d->roll_rad -= 0.5f * (float)M_PI * (float)quarters;
    }
    try_found(e, frame, n, 0, 0, out);
}

void mien_engine_run_still(struct mien_engine *e, const struct mien_image *frame,
                           struct mien_result *out)
{
    search_whole(e, frame, out);
    int shorter = frame->width < frame->height ? frame->width : frame->height;
    for (int across = 2; across <= 4 && shorter >= parts_px * across / 2; across *= 2) {
        search_parts(e, frame, across, out);
    }
    for (int quarters = 1; quarters < 4 && !has_sure(out, false); quarters++) {
        search_turned(e, frame, quarters, out);
    }
    drop_doubtful(out, e->config.max_faces);
}

// Draws a record, its crop and its noise; moves the label into the crop's frame.
#include "learn/sample.h"

#include <math.h>
#include <string.h>

#include "base/angle.h"
#include "base/log.h"
#include "base/file.h"
#include "base/mem.h"
#include "learn/pseudo.h"

void mien_sample_suit(struct mien_sample_config *c, const struct mien_net *net)
{
    const struct mien_net_io in = mien_net_input(net);
    c->channels = in.c;
    c->width = in.w;
    c->height = in.h;
    c->mean = mien_net_input_mean(net);
    c->scale = mien_net_input_scale(net);
}

bool mien_sampler_init(struct mien_sampler *s, const struct mien_sample_config *config)
{
    memset(s, 0, sizeof(*s));
    s->config = *config;
    s->decoder = mien_jpeg_decoder_create();
    if (!s->decoder ||
        !mien_augmenter_init(&s->augmenter, config->channels, config->width, config->height)) {
        mien_sampler_destroy(s);
        return false;
    }
    if (config->teacher) {
        s->pseudo = mien_calloc(1, sizeof(*s->pseudo));
        if (!s->pseudo || !mien_pseudo_init(s->pseudo, config->teacher, config->model->landmarks)) {
            mien_sampler_destroy(s);
            return false;
        }
    }
    return true;
}

void mien_sampler_destroy(struct mien_sampler *s)
{
    if (s->pseudo) {
        mien_pseudo_destroy(s->pseudo);
        mien_free(s->pseudo);
        s->pseudo = NULL;
    }
    mien_augmenter_destroy(&s->augmenter);
    mien_jpeg_decoder_destroy(s->decoder);
    s->decoder = NULL;
    mien_image_destroy(&s->picture);
    mien_image_destroy(&s->small);
}

bool mien_label_crop(const struct mien_face_model *model, const struct mien_label *l,
                     struct mien_crop *out)
{
    bool all = l->mask & MIEN_LABEL_LANDMARKS;
    for (int i = 0; i < model->landmarks && all; i++) {
        all = l->landmark_weight[i] > 0;
    }
    if (all && mien_crop_from_landmarks(model, l->landmark_px, out)) {
        return true;
    }
    if (!mien_crop_from_box(l->box_px, out)) {
        return false;
    }
    if (l->mask & MIEN_LABEL_POSE) {
        float yaw, pitch, roll;
        mien_pose_to_angles(l->pose.R, &yaw, &pitch, &roll);
        out->roll_rad = roll * (float)MIEN_RAD_PER_DEG;
    }
    return true;
}

void mien_target_from_label(const struct mien_face_model *model, const struct mien_label *l,
                            const struct mien_crop *crop, struct mien_target *t)
{
    memset(t, 0, sizeof(*t));
    t->mask = l->mask;
    t->tags = l->tags;
    t->source = l->source;
    t->split = l->split;
    t->crop = *crop;
    t->camera = l->camera;
    t->presence = l->mask & MIEN_LABEL_NOFACE ? 0 : 1;
    t->presence_weight = 1;
    float w = l->box_px[2] - l->box_px[0], h = l->box_px[3] - l->box_px[1];
    t->box = w > 0 && h > 0 ? sqrtf(w * h) * 2 / crop->side_px : 0;
    if (l->mask & MIEN_LABEL_LANDMARKS) {
        int seen = 0;
        for (int i = 0; i < model->landmarks; i++) {
            t->landmark_weight[i] = l->landmark_weight[i];
            mien_crop_to_unit(crop, l->landmark_px[i], t->landmark[i]);
            seen += l->landmark_weight[i] > 0.5f;
        }
        t->presence_weight = seen * 10 > 3 * model->landmarks; // a back of the head, a hat
    }
    bool camera = l->camera.f_px > 0;
    if (l->mask & MIEN_LABEL_POSE && camera) {
        mien_pose_to_crop(&l->camera, crop, &l->pose, &t->pose);
    } else {
        t->mask &= ~(uint32_t)MIEN_LABEL_POSE;
    }
    if (l->mask & MIEN_LABEL_IDENTITY) {
        memcpy(t->identity, l->identity, sizeof(t->identity));
        t->identity_weight = l->identity_weight;
    }
    if (l->mask & MIEN_LABEL_BLENDSHAPES) {
        memcpy(t->blendshape, l->blendshape, sizeof(t->blendshape));
        memcpy(t->blendshape_weight, l->blendshape_weight, sizeof(t->blendshape_weight));
    }
    if (l->mask & MIEN_LABEL_EXPRESSION) {
        memcpy(t->expression, l->expression, sizeof(t->expression));
    }
    if (l->mask & MIEN_LABEL_GAZE && camera) {
        for (int e = 0; e < 2; e++) {
            mien_crop_gaze_from_camera(&l->camera, crop, l->gaze_deg[e], t->gaze[e]);
            t->gaze_weight[e] = l->gaze_weight[e];
        }
    } else {
        t->mask &= ~(uint32_t)MIEN_LABEL_GAZE;
    }
}

// What a detector, a tracker and a moving head do to a crop; settled: a tracker that has looked at
// the face already. In units of the larger side of the box.
static void jitter_crop(struct mien_rng *rng, bool settled, struct mien_crop *c)
{
    float larger = c->side_px / MIEN_CROP_SCALE;
    if (settled) { // sizes as far as the engine's further looks at a still picture
        c->side_px *= expf(0.05f * mien_rng_normal(rng));
        c->cx_px += larger * 0.02f * mien_rng_normal(rng);
        c->cy_px += larger * 0.02f * mien_rng_normal(rng);
        c->roll_rad += 4 * (float)MIEN_RAD_PER_DEG * mien_rng_normal(rng);
        return;
    }
    c->side_px = larger * mien_rng_range(rng, 0.9f, 1.28f);
    c->cx_px += larger * 0.05f * mien_rng_normal(rng);
    c->cy_px += larger * 0.05f * mien_rng_normal(rng);
    float sigma = mien_rng_chance(rng, 0.25f)
                      ? 25 * (float)MIEN_RAD_PER_DEG
                      : 9 * (float)MIEN_RAD_PER_DEG; // tails: no roll is known yet
    c->roll_rad += sigma * mien_rng_normal(rng);
}

// A square beside the face, or one that cuts off so much of it that a tracker must let go.
static bool negative_crop(struct mien_rng *rng, const struct mien_label *l, struct mien_crop *c)
{
    float w = l->box_px[2] - l->box_px[0], h = l->box_px[3] - l->box_px[1];
    float larger = fmaxf(w, h);
    for (int attempt = 0; attempt < 20; attempt++) {
        float side = larger * mien_rng_range(rng, 0.25f, 1.3f);
        float cx = mien_rng_range(rng, l->valid_px[0], l->valid_px[2]);
        float cy = mien_rng_range(rng, l->valid_px[1], l->valid_px[3]);
        float ox = fminf(cx + side / 2, l->box_px[2]) - fmaxf(cx - side / 2, l->box_px[0]);
        float oy = fminf(cy + side / 2, l->box_px[3]) - fmaxf(cy - side / 2, l->box_px[1]);
        float overlap = ox > 0 && oy > 0 ? ox * oy : 0;
        // Against the crop as well as the face: neither may be mostly the other.
        if (overlap < 0.15f * w * h && overlap < 0.2f * side * side) {
            *c = (struct mien_crop){cx, cy, side,
                                    30 * (float)MIEN_RAD_PER_DEG * mien_rng_normal(rng)};
            return true;
        }
    }
    return false;
}

static struct mien_image sub_view(const struct mien_image *im, int x0, int y0, int x1, int y1)
{
    struct mien_image v = *im;
    v.data += (size_t)y0 * im->stride + (size_t)x0 * (size_t)mien_format_channels(im->format);
    v.width = x1 - x0;
    v.height = y1 - y0;
    v.owned = false;
    return v;
}

// The map for a crop given in the mirrored picture when flip is set.
static struct mien_affine crop_map(const struct mien_crop *c, int size, bool flip, int width)
{
    float cr = cosf(c->roll_rad), sr = sinf(c->roll_rad), k = c->side_px / (float)size;
    float o = -0.5f * (float)(size - 1);
    struct mien_affine a = {{k * cr, -k * sr, c->cx_px + k * o * (cr - sr), //
                             k * sr, k * cr, c->cy_px + k * o * (sr + cr)}};
    if (flip) {
        a.m[0] = -a.m[0];
        a.m[1] = -a.m[1];
        a.m[2] = (float)(width - 1) - a.m[2];
    }
    return a;
}

// Pixels outside the source: flat colour and noise instead of the repeated edge.
static void fill_outside(struct mien_sampler *s, const struct mien_affine *a, int w, int h,
                         struct mien_rng *rng, float *x)
{
    const struct mien_sample_config *c = &s->config;
    float colour[3], base = mien_rng_range(rng, 0, 255), spread = mien_rng_range(rng, 0, 60);
    for (int i = 0; i < 3; i++) {
        colour[i] = fminf(255, fmaxf(0, base + spread * mien_rng_normal(rng)));
    }
    for (int y = 0; y < c->height; y++) {
        for (int i = 0; i < c->width; i++) {
            float sx = a->m[0] * (float)i + a->m[1] * (float)y + a->m[2];
            float sy = a->m[3] * (float)i + a->m[4] * (float)y + a->m[5];
            if (sx < -0.5f || sy < -0.5f || sx > (float)w - 0.5f || sy > (float)h - 0.5f) {
                for (int k = 0; k < c->channels; k++) {
                    x[((size_t)k * (size_t)c->height + (size_t)y) * (size_t)c->width + (size_t)i] =
                        colour[k];
                }
            }
        }
    }
}

// The real part of a picture, and where it lies in the whole.
struct part {
    const struct mien_image *pixels;
    int x0, y0;
    int full_width;
};

// A map into the part.
static struct mien_affine part_map(const struct part *v, const struct mien_crop *crop, int size,
                                   bool flip)
{
    struct mien_affine map = crop_map(crop, size, flip, v->full_width);
    map.m[2] -= (float)v->x0;
    map.m[5] -= (float)v->y0;
    return map;
}

// Warps the crop into x (values 0…255).
static void take_pixels(struct mien_sampler *s, const struct part *v, const struct mien_crop *crop,
                        bool flip, struct mien_rng *rng, float *x)
{
    const struct mien_sample_config *c = &s->config;
    const struct mien_float_planes out = {x, c->channels, c->width, c->height, 0, 1};
    const struct mien_affine map = part_map(v, crop, c->width, flip);
    // A picture that is small already (FER+) is not made smaller still.
    if (mien_rng_chance(rng, c->augment.shrink) && crop->side_px > 72) {
        // As if the face had been small in the picture: FER+'s 48 px, or far from the camera.
        int n = 24 + (int)mien_rng_below(rng, 40);
        const struct mien_affine coarse = part_map(v, crop, n, flip);
        const enum mien_format format = v->pixels->format;
        if ((s->small.width != n || s->small.format != format) &&
            (mien_image_destroy(&s->small), !mien_image_create(&s->small, n, n, format))) {
            return;
        }
        mien_warp(v->pixels, &coarse, &s->small, -1);
        float k = (float)n / (float)c->width;
        struct mien_affine up = {{k, 0, 0.5f * k - 0.5f, 0, k, 0.5f * k - 0.5f}};
        mien_warp_to_float(&s->small, &up, -1, &out);
    } else {
        mien_warp_to_float(v->pixels, &map, -1, &out);
    }
    if (mien_rng_chance(rng, c->augment.border)) {
        fill_outside(s, &map, v->pixels->width, v->pixels->height, rng, x);
    }
}

// A number in [0,1) that belongs to the picture.
static double picture_number(const uint8_t *jpeg, size_t bytes, uint64_t seed)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, seed, mien_crc32(0, jpeg, bytes));
    mien_rng_u32(&rng);
    return mien_rng_u32(&rng) / 4294967296.0;
}

// Takes labels away and, where there is a teacher, fills in what is missing. crop: in the picture,
// mirrored when the target is.
static void thin_labels(struct mien_sampler *s, const struct mien_label *label, const uint8_t *jpeg,
                        const struct part *v, struct mien_target *t)
{
    const struct mien_sample_config *c = &s->config;
    if (label->split) {
        return;
    }
    double u = picture_number(jpeg, label->jpeg_bytes, c->label_seed);
    for (int i = 0; i < MIEN_LABEL_KINDS; i++) {
        if (u < (double)c->drop[i]) {
            t->mask &= ~(1u << i);
        }
    }
    uint32_t want = (1u << MIEN_LABEL_KINDS) - 1;
    if (!s->pseudo || !(want & ~t->mask) ||
        picture_number(jpeg, label->jpeg_bytes, ~c->label_seed) >= (double)c->pseudo_share) {
        return;
    }
    struct mien_pseudo *p = s->pseudo;
    const struct mien_affine map = part_map(v, &t->crop, p->in.w, t->flipped);
    mien_warp_to_float(v->pixels, &map, -1,
                       &(struct mien_float_planes){p->input, p->in.c, p->in.w, p->in.h,
                                                   mien_net_input_mean(p->net),
                                                   mien_net_input_scale(p->net)});
    mien_pseudo_fill(p, want, t);
}

// What the augmenter laid over the face hides.
static void hide_covered(const struct mien_sampler *s, struct mien_target *t)
{
    const struct mien_sample_config *c = &s->config;
    t->tags |= MIEN_TAG_OCCLUDED;
    bool hidden[MIEN_LANDMARKS_MAX] = {false};
    for (int i = 0; i < c->model->landmarks; i++) {
        float px = (t->landmark[i][0] + 1) * (float)c->width / 2 - 0.5f;
        float py = (t->landmark[i][1] + 1) * (float)c->height / 2 - 0.5f;
        if (t->mask & MIEN_LABEL_LANDMARKS && mien_augment_covered(&s->augmenter, px, py)) {
            hidden[i] = true;
            t->landmark_weight[i] *= 0.3f; // still guessable from the rest of the face
        }
    }
    for (int e = 0; e < 2; e++) {
        if (hidden[c->model->iris[e]]) {
            t->gaze_weight[e] = 0;
        }
    }
}

// Which part of the face shows a blendshape.
static int class_of(int blendshape)
{
    if (blendshape <= MIEN_BS_EYE_WIDE_RIGHT) {
        return MIEN_REGION_EYE;
    }
    if (blendshape >= MIEN_BS_BROW_DOWN_LEFT && blendshape <= MIEN_BS_BROW_OUTER_UP_RIGHT) {
        return MIEN_REGION_BROW;
    }
    return MIEN_REGION_MOUTH;
}

// 1 for a shape of the subject's left side, -1 of the right, 0 of both. (Mouth and jaw move as a
// whole: what is seen of either side tells.)
static int side_of(int blendshape)
{
    int mirror = mien_blendshape_mirror(blendshape);
    bool mouth = class_of(blendshape) == MIEN_REGION_MOUTH;
    return mirror == blendshape || mouth ? 0 : blendshape < mirror ? 1 : -1;
}

// A shape whose part of the face is hidden can only be guessed: its label hardly counts.
static void forgive_hidden(const struct mien_face_model *m, struct mien_target *t)
{
    // of the right side, both, the left
    float seen[MIEN_REGIONS][3] = {{0}}, all[MIEN_REGIONS][3] = {{0}};
    if (!(t->mask & MIEN_LABEL_LANDMARKS) || !(t->mask & MIEN_LABEL_BLENDSHAPES)) {
        return;
    }
    for (int i = 0; i < m->landmarks; i++) {
        int region = m->landmark[i].region;
        const int at[2] = {m->landmark_mean[3 * i] > 0 ? 2 : 0, 1}; // its side, and both
        for (int k = 0; k < 2; k++) {
            seen[region][at[k]] += fminf(1, t->landmark_weight[i]);
            all[region][at[k]]++;
        }
    }
    for (int b = 0; b < MIEN_BLENDSHAPES; b++) {
        int region = class_of(b), at = 1 + side_of(b);
        float share = all[region][at] > 0 ? seen[region][at] / all[region][at] : 1;
        // Hidden landmarks weigh 0.3: half of them are seen at 0.65.
        float keep = fminf(1, fmaxf(0, (share - 0.4f) / 0.4f));
        t->blendshape_weight[b] *= 0.1f + 0.9f * keep;
    }
}

static void finish(struct mien_sampler *s, struct mien_rng *rng, float *x, struct mien_target *t)
{
    const struct mien_sample_config *c = &s->config;
    const struct mien_dataset *d = c->data;
    const struct mien_image *patches = NULL;
    size_t count = 0;
    if (d->backgrounds >= 0) {
        patches = d->source[d->backgrounds].picture;
        count = d->source[d->backgrounds].picture_train;
    }
    mien_augment_apply(&s->augmenter, &c->augment, rng, patches, count, x);
    size_t n = (size_t)c->channels * (size_t)c->height * (size_t)c->width;
    for (size_t i = 0; i < n && c->noise > 0; i++) {
        x[i] += c->noise * mien_rng_normal(rng);
    }
    for (size_t i = 0; i < n; i++) {
        x[i] = (x[i] - c->mean) * c->scale;
    }
    if (s->augmenter.occluders) {
        hide_covered(s, t);
    }
    forgive_hidden(c->model, t);
}

static bool make_background(struct mien_sampler *s, struct mien_record_ref ref,
                            struct mien_rng *rng, float *input, struct mien_target *t)
{
    const struct mien_image *im = &s->config.data->source[ref.source].picture[ref.record];
    float shorter = (float)(im->width < im->height ? im->width : im->height);
    struct mien_crop crop = {
        .side_px = shorter * mien_rng_range(rng, 0.2f, 1.2f),
        .cx_px = mien_rng_range(rng, 0, (float)im->width),
        .cy_px = mien_rng_range(rng, 0, (float)im->height),
        .roll_rad = 30 * (float)MIEN_RAD_PER_DEG * mien_rng_normal(rng),
    };
    *t = (struct mien_target){.mask = MIEN_LABEL_NOFACE,
                              .presence_weight = 1,
                              .source = MIEN_SOURCE_BACKGROUND,
                              .crop = crop};
    const struct part whole = {im, 0, 0, im->width};
    take_pixels(s, &whole, &crop, mien_rng_chance(rng, 0.5f), rng, input);
    finish(s, rng, input, t);
    return true;
}

static bool unusable(struct mien_sampler *s, float *input, struct mien_target *t)
{
    const struct mien_sample_config *c = &s->config;
    size_t n = (size_t)c->channels * (size_t)c->height * (size_t)c->width;
    memset(t, 0, sizeof(*t));
    t->mask = MIEN_LABEL_NOFACE; // a flat picture has no face
    t->presence_weight = 1;
    for (size_t i = 0; i < n; i++) {
        input[i] = (127 - c->mean) * c->scale;
    }
    return false;
}

// Takes away what the source is not to teach; without poses the branches are not tied by them
// either.
static void ignore_kinds(uint32_t ignore, struct mien_target *t)
{
    if (!t->split) {
        t->mask &= ~ignore;
        t->camera.f_px = ignore & MIEN_LABEL_POSE ? 0 : t->camera.f_px;
    }
}

bool mien_sampler_make(struct mien_sampler *s, struct mien_record_ref ref, bool negative,
                       struct mien_rng *rng, float *input, struct mien_target *t)
{
    const struct mien_sample_config *c = &s->config;
    const struct mien_dataset_source *source = &c->data->source[ref.source];
    if (source->pictures) {
        return make_background(s, ref, rng, input, t);
    }
    struct mien_label label;
    const uint8_t *jpeg = NULL;
    struct mien_why why = {0};
    mien_pack_get(&source->pack, ref.record, &label, &jpeg);
    if (!mien_jpeg_decode(s->decoder, jpeg, label.jpeg_bytes,
                          c->channels == 1 ? MIEN_FORMAT_GRAY8 : MIEN_FORMAT_RGB8, false,
                          &s->picture, &why)) {
        mien_debug("%s: record %u: %s", source->path, ref.record, why.text);
        return unusable(s, input, t);
    }
    label.width = s->picture.width;
    label.height = s->picture.height;
    int x0 = (int)ceilf(fmaxf(0, label.valid_px[0])), y0 = (int)ceilf(fmaxf(0, label.valid_px[1]));
    int x1 = (int)floorf(fminf((float)label.width, label.valid_px[2]));
    int y1 = (int)floorf(fminf((float)label.height, label.valid_px[3]));
    if (x1 - x0 < 8 || y1 - y0 < 8) {
        x0 = y0 = 0;
        x1 = label.width;
        y1 = label.height;
        label.valid_px[0] = label.valid_px[1] = 0;
        label.valid_px[2] = (float)x1;
        label.valid_px[3] = (float)y1;
    }
    struct mien_image view = sub_view(&s->picture, x0, y0, x1, y1);
    const struct part part = {&view, x0, y0, label.width};
    bool flip = c->jitter && mien_rng_chance(rng, 0.5f);
    struct mien_crop crop;
    bool noface = label.mask & MIEN_LABEL_NOFACE;
    if (negative && !noface) {
        noface = negative_crop(rng, &label, &crop);
        flip = false;
    } else if (noface) {
        float side = fminf((float)(x1 - x0), (float)(y1 - y0)) * mien_rng_range(rng, 0.3f, 1);
        crop = (struct mien_crop){mien_rng_range(rng, (float)x0, (float)x1),
                                  mien_rng_range(rng, (float)y0, (float)y1), side, 0};
        flip = false;
    }
    if (!noface && c->jitter && c->upended > 0 && mien_rng_chance(rng, c->upended) &&
        mien_label_crop(c->model, &label, &crop)) {
        jitter_crop(rng, true, &crop);
        crop.roll_rad += 90 * (float)MIEN_RAD_PER_DEG * (float)(1 + mien_rng_below(rng, 3));
        flip = false;
        noface = true;
    }
    if (!noface) {
        if (flip) {
            mien_label_mirror(c->model, &label);
        }
        if (!mien_label_crop(c->model, &label, &crop)) {
            return unusable(s, input, t);
        }
        if (c->jitter) {
            jitter_crop(rng, c->settled > 0 && mien_rng_chance(rng, c->settled), &crop);
        }
        if (c->shake > 0) {
            float px = c->shake * crop.side_px / (float)c->width;
            crop.cx_px += px * mien_rng_normal(rng);
            crop.cy_px += px * mien_rng_normal(rng);
        }
        mien_target_from_label(c->model, &label, &crop, t);
        ignore_kinds(source->ignore, t);
        t->flipped = flip;
        thin_labels(s, &label, jpeg, &part, t);
    } else {
        *t = (struct mien_target){.mask = MIEN_LABEL_NOFACE,
                                  .presence_weight = 1,
                                  .source = label.source,
                                  .split = label.split,
                                  .crop = crop};
    }
    take_pixels(s, &part, &crop, flip, rng, input);
    finish(s, rng, input, t);
    return true;
}

bool mien_sampler_draw(struct mien_sampler *s, struct mien_rng *rng, float *input,
                       struct mien_target *t)
{
    struct mien_record_ref ref;
    if (!mien_dataset_draw(s->config.data, rng, &ref)) {
        return unusable(s, input, t);
    }
    return mien_sampler_make(s, ref, mien_rng_chance(rng, s->config.negative), rng, input, t);
}

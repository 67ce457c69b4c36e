// Training scenes for the detector. See detect_scene.h.
#include "learn/detect_scene.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "learn/detect_camera.h"

// Parts of the frame, px.
struct rect {
    int x0, y0, x1, y1;
};

// Where a paste keeps its pixels: inside an ellipse or rounded square (superellipse of order 2 or
// 4) around (cx,cy) of the source, and inside the source, both fading over `feather`.
struct mask {
    float cx, cy, hx, hy;
    bool round;
    float feather; // of the shape, relative to its size; 0.02 is a hard edge
    float edge_px; // of the source's border, source px
    bool cover;    // no mask: repeat the source's edge over the whole clip
};

// A similarity from the source to the frame: frame = t + scale * Rot(roll) * flip(source - c).
struct place {
    float cx, cy; // source
    float tx, ty; // frame
    float scale, roll_rad;
    bool flip;
};

bool mien_detect_scene_init(struct mien_detect_scene *s, int width, int height)
{
    memset(s, 0, sizeof(*s));
    s->width = width;
    s->height = height;
    size_t cells = (size_t)(width / 4) * (size_t)(height / 4);
    s->soft = mien_calloc(cells, 1);
    s->owner = mien_calloc(cells, 1);
    s->decoder = mien_jpeg_decoder_create();
    s->noise = mien_detect_noise_create();
    bool ok = s->soft && s->owner && s->decoder && s->noise &&
              mien_image_create(&s->canvas, width, height, MIEN_FORMAT_GRAY8) &&
              mien_image_create(&s->temp, width, height, MIEN_FORMAT_GRAY8);
    if (!ok) {
        mien_detect_scene_destroy(s);
        return false;
    }
    s->gray = s->canvas.data;
    MIEN_ASSERT(s->canvas.stride == (size_t)width && s->temp.stride == (size_t)width);
    return true;
}

void mien_detect_scene_destroy(struct mien_detect_scene *s)
{
    mien_free(s->soft);
    mien_free(s->owner);
    mien_free(s->noise);
    mien_jpeg_decoder_destroy(s->decoder);
    mien_image_destroy(&s->canvas);
    mien_image_destroy(&s->temp);
    mien_image_destroy(&s->decoded);
    memset(s, 0, sizeof(*s));
}

static void to_frame(const struct place *p, float x, float y, float *fx, float *fy)
{
    float c = cosf(p->roll_rad) * p->scale, s = sinf(p->roll_rad) * p->scale;
    float dx = (x - p->cx) * (p->flip ? -1 : 1), dy = y - p->cy;
    *fx = p->tx + c * dx - s * dy;
    *fy = p->ty + s * dx + c * dy;
}

static struct mien_affine to_source(const struct place *p)
{
    float c = cosf(p->roll_rad) / p->scale, s = sinf(p->roll_rad) / p->scale;
    float f = p->flip ? -1.0f : 1.0f;
    struct mien_affine a = {{f * c, f * s, p->cx - f * (c * p->tx + s * p->ty), //
                             -s, c, p->cy - (c * p->ty - s * p->tx)}};
    return a;
}

static struct rect find_reach(const struct mien_image *im, const struct place *p, struct rect clip)
{
    float x0 = 1e9f, y0 = 1e9f, x1 = -1e9f, y1 = -1e9f;
    for (int k = 0; k < 4; k++) {
        float x, y;
        to_frame(p, k & 1 ? (float)im->width : 0, k & 2 ? (float)im->height : 0, &x, &y);
        x0 = fminf(x0, x);
        y0 = fminf(y0, y);
        x1 = fmaxf(x1, x);
        y1 = fmaxf(y1, y);
    }
    struct rect r = {(int)fmaxf(x0, (float)clip.x0), (int)fmaxf(y0, (float)clip.y0),
                     (int)fminf(x1 + 1, (float)clip.x1), (int)fminf(y1 + 1, (float)clip.y1)};
    return r;
}

static inline float alpha_at(const struct mask *m, const struct mien_image *im, float x, float y)
{
    float e = fminf(fminf(x, (float)im->width - 1 - x), fminf(y, (float)im->height - 1 - y));
    float edge = (e + 0.5f) / m->edge_px;
    float u = (x - m->cx) / m->hx, v = (y - m->cy) / m->hy;
    u *= u;
    v *= v;
    float q = m->round ? u + v : u * u + v * v;
    float shape = (1 - q) / m->feather;
    float a = fminf(edge, shape);
    return a <= 0 ? 0 : a >= 1 ? 1 : a * a * (3 - 2 * a);
}

struct tone { // pixel -> gain * pixel + offset
    float gain, offset;
    float match; // how far the mean is then moved to what lies there, 0…1
};

// Pastes a picture; its brightness becomes gain * v + (offset, of which `match` brings the mean to
// what it covers). owner: face number, 0 for none, -1 leaves the owners as they are.
static void paste(struct mien_detect_scene *s, const struct mien_image *im, const struct place *p,
                  const struct mask *m, struct rect clip, struct tone tone, int owner)
{
    struct rect r = m->cover ? clip : find_reach(im, p, clip);
    if (r.x1 <= r.x0 || r.y1 <= r.y0) {
        return;
    }
    struct mien_affine a = to_source(p), shifted = a;
    shifted.m[2] += a.m[0] * (float)r.x0 + a.m[1] * (float)r.y0;
    shifted.m[5] += a.m[3] * (float)r.x0 + a.m[4] * (float)r.y0;
    struct mien_image view = s->temp;
    view.owned = false;
    view.data += (size_t)r.y0 * view.stride + (size_t)r.x0;
    view.width = r.x1 - r.x0;
    view.height = r.y1 - r.y0;
    mien_warp(im, &shifted, &view, -1);
    if (tone.match > 0) {
        long sum_new = 0, sum_old = 0, n = 0;
        for (int y = r.y0 + 2; y < r.y1; y += 4) {
            for (int x = r.x0 + 2; x < r.x1; x += 4) {
                sum_new += s->temp.data[(size_t)y * s->temp.stride + (size_t)x];
                sum_old += s->gray[(size_t)y * (size_t)s->width + (size_t)x];
                n++;
            }
        }
        if (n > 0) {
            tone.offset += tone.match * ((float)sum_old - tone.gain * (float)sum_new) / (float)n;
        }
    }
    for (int y = r.y0; y < r.y1; y++) {
        uint8_t *out = s->gray + (size_t)y * (size_t)s->width;
        const uint8_t *in = s->temp.data + (size_t)y * s->temp.stride;
        for (int x = r.x0; x < r.x1; x++) {
            float sx, sy, alpha = 1;
            mien_affine_apply(&a, (float)x, (float)y, &sx, &sy);
            if (!m->cover) {
                alpha = alpha_at(m, im, sx, sy);
                if (alpha <= 0) {
                    continue;
                }
            }
            float v = tone.gain * (float)in[x] + tone.offset;
            v = v < 0 ? 0 : v > 255 ? 255 : v;
            out[x] = (uint8_t)((float)out[x] + alpha * (v - (float)out[x]) + 0.5f);
            if (owner >= 0 && alpha > 0.5f && (x & 3) == 2 && (y & 3) == 2) {
                size_t cell = (size_t)(y / 4) * (size_t)(s->width / 4) + (size_t)(x / 4);
                s->owner[cell] = (uint8_t)owner;
            }
        }
    }
}

static const struct mask cover_mask = {.cover = true};

// Covers the clip with a piece of a background.
static void lay_background(struct mien_detect_scene *s, const struct mien_detect_data *d,
                           struct rect clip, struct mien_rng *rng)
{
    const struct mien_image *im = &d->background[mien_rng_below(rng, (uint32_t)d->backgrounds)];
    float w = (float)(clip.x1 - clip.x0), h = (float)(clip.y1 - clip.y0);
    float fit = fmaxf(w / (float)im->width, h / (float)im->height);
    float zoom = fit * expf(mien_rng_range(rng, 0, 1.1f));
    float slack_x = (float)im->width - w / zoom, slack_y = (float)im->height - h / zoom;
    struct place p = {.cx = (float)im->width / 2 + slack_x * mien_rng_range(rng, -0.5f, 0.5f),
                      .cy = (float)im->height / 2 + slack_y * mien_rng_range(rng, -0.5f, 0.5f),
                      .tx = (float)clip.x0 + w / 2,
                      .ty = (float)clip.y0 + h / 2,
                      .scale = zoom,
                      .roll_rad = mien_rng_chance(rng, 0.3f) ? mien_rng_range(rng, -3.1f, 3.1f) : 0,
                      .flip = mien_rng_chance(rng, 0.5f)};
    struct tone tone = {.offset = mien_rng_range(rng, -20, 30)};
    tone.gain = mien_rng_range(rng, 0.6f, 1.2f);
    paste(s, im, &p, &cover_mask, clip, tone, 0);
}

// A piece of a background under the kind of mask that faces get: its seam is a negative.
static void paste_negative(struct mien_detect_scene *s, const struct mien_detect_data *d,
                           float size, float x, float y, int owner, struct mien_rng *rng)
{
    const struct mien_image *im = &d->background[mien_rng_below(rng, (uint32_t)d->backgrounds)];
    float side = mien_rng_range(rng, 30, 160);
    struct place p = {.cx = mien_rng_range(rng, 0, (float)im->width),
                      .cy = mien_rng_range(rng, 0, (float)im->height),
                      .tx = x,
                      .ty = y,
                      .scale = size / side,
                      .roll_rad = mien_rng_range(rng, -3.1f, 3.1f)};
    struct mask m = {.cx = p.cx,
                     .cy = p.cy,
                     .hx = side * 0.5f * mien_rng_range(rng, 0.6f, 1.2f),
                     .hy = side * 0.5f * mien_rng_range(rng, 0.6f, 1.2f),
                     .round = mien_rng_chance(rng, 0.6f),
                     .feather =
                         mien_rng_chance(rng, 0.3f) ? 0.03f : mien_rng_range(rng, 0.1f, 0.7f),
                     .edge_px = mien_rng_range(rng, 1, 12)};
    struct rect all = {0, 0, s->width, s->height};
    struct tone tone = {.match = mien_rng_chance(rng, 0.5f) ? mien_rng_float(rng) : 0};
    tone.offset = mien_rng_range(rng, -30, 40);
    tone.gain = mien_rng_range(rng, 0.5f, 1.4f);
    paste(s, im, &p, &m, all, tone, owner);
}

static const struct mien_detect_source *draw_face(const struct mien_detect_data *d,
                                                  const struct mien_detect_recipe *recipe,
                                                  struct mien_rng *rng)
{
    enum mien_detect_group g = MIEN_DETECT_PHOTO;
    if (d->members[MIEN_DETECT_SYNTH] &&
        (!d->members[MIEN_DETECT_PHOTO] || mien_rng_chance(rng, recipe->synth))) {
        g = MIEN_DETECT_SYNTH;
    } else if (d->members[MIEN_DETECT_PHOTO_SIDE] && mien_rng_chance(rng, recipe->side)) {
        g = MIEN_DETECT_PHOTO_SIDE;
    }
    return &d->source[d->member[g][mien_rng_below(rng, (uint32_t)d->members[g])]];
}

// Sets scale, roll and place so that the face's box has the size and centre asked for; *f becomes
// the face there.
static struct place put(const struct mien_detect_source *src, float size, float cx, float cy,
                        float roll_rad, bool flip, struct mien_detect_face *f)
{
    struct place p = {.scale = 1, .roll_rad = roll_rad, .flip = flip};
    float b[4] = {1e9f, 1e9f, -1e9f, -1e9f};
    for (int pass = 0; pass < 2; pass++) {
        b[0] = b[1] = 1e9f;
        b[2] = b[3] = -1e9f;
        for (int k = 0; k < MIEN_DETECT_HULL; k++) {
            float x, y;
            to_frame(&p, src->hull_px[k][0], src->hull_px[k][1], &x, &y);
            b[0] = fminf(b[0], x);
            b[1] = fminf(b[1], y);
            b[2] = fmaxf(b[2], x);
            b[3] = fmaxf(b[3], y);
        }
        if (pass == 0) {
            p.scale = size / sqrtf(fmaxf((b[2] - b[0]) * (b[3] - b[1]), 1));
            p.tx = cx - (b[0] + b[2]) * 0.5f * p.scale;
            p.ty = cy - (b[1] + b[3]) * 0.5f * p.scale;
        }
    }
    memcpy(f->box_px, b, sizeof(b));
    f->roll_rad = (flip ? -src->roll_rad : src->roll_rad) + roll_rad;
    f->ignore = false;
    f->rendered = src->rendered;
    return p;
}

static float draw_roll(struct mien_rng *rng)
{
    float r = mien_rng_normal(rng) * (mien_rng_chance(rng, 0.25f) ? 0.45f : 0.15f);
    return r < -0.9f ? -0.9f : r > 0.9f ? 0.9f : r;
}

static struct mask draw_mask(const struct mien_detect_source *src, struct mien_rng *rng)
{
    const float *b = src->box_px;
    float w = b[2] - b[0], h = b[3] - b[1];
    bool wide = mien_rng_chance(rng, 0.5f);
    struct mask m = {.cx = (b[0] + b[2]) * 0.5f,
                     .cy = (b[1] + b[3]) * 0.5f - h * mien_rng_range(rng, 0, 0.12f),
                     .round = mien_rng_chance(rng, 0.5f),
                     .feather =
                         mien_rng_chance(rng, 0.3f) ? 0.03f : mien_rng_range(rng, 0.1f, 0.6f),
                     .edge_px = mien_rng_chance(rng, 0.4f) ? 1 : mien_rng_range(rng, 2, 24)};
    m.hx = w * (wide ? 4 : mien_rng_range(rng, 0.58f, 1.0f));
    m.hy = h * (wide ? 4 : mien_rng_range(rng, 0.62f, 1.1f));
    return m;
}

static void add_face(struct mien_detect_scene *s, const struct mien_detect_source *src,
                     const struct place *p, const struct mask *m, struct rect clip,
                     const struct mien_detect_face *f, struct mien_rng *rng)
{
    if (s->faces >= MIEN_DETECT_SCENE_FACES) {
        return;
    }
    s->face[s->faces++] = *f;
    float gain = mien_rng_chance(rng, 0.5f) ? mien_rng_range(rng, 0.5f, 1.3f) : 1;
    float offset = mien_rng_chance(rng, 0.5f) ? mien_rng_range(rng, -25, 25) + 128 * (1 - gain) : 0;
    float match = !m->cover && mien_rng_chance(rng, 0.4f) ? mien_rng_float(rng) : 0;
    paste(s, &src->gray, p, m, clip, (struct tone){gain, offset, match}, s->faces);
}

static float draw_size(const struct mien_detect_scene *s, struct mien_rng *rng)
{
    float lo = logf(mien_rng_chance(rng, 0.4f) ? 13 : 26), hi = logf((float)s->height * 0.95f);
    return expf(lo + (hi - lo) * mien_rng_float(rng));
}

// A face on its side or upside down: none, for whoever looks for upright ones.
static void paste_upended(struct mien_detect_scene *s, const struct mien_detect_source *src,
                          float size, float x, float y, struct rect clip, struct mien_rng *rng)
{
    struct mien_detect_face f;
    float roll = 1.5707963f * (float)(1 + mien_rng_below(rng, 3)) + 0.15f * mien_rng_normal(rng);
    struct place p = put(src, size, x, y, roll - src->roll_rad, false, &f);
    struct mask m = draw_mask(src, rng);
    struct tone tone = {.offset = mien_rng_range(rng, -20, 25)};
    tone.gain = mien_rng_range(rng, 0.6f, 1.2f);
    paste(s, &src->gray, &p, &m, clip, tone, 0);
}

static void scene_pasted(struct mien_detect_scene *s, const struct mien_detect_data *d,
                         const struct mien_detect_recipe *recipe, int faces, struct mien_rng *rng)
{
    struct rect all = {0, 0, s->width, s->height};
    lay_background(s, d, all, rng);
    int negatives = (int)mien_rng_below(rng, 4);
    while (negatives > 0 || faces > 0) {
        bool face = mien_rng_below(rng, (uint32_t)(faces + negatives)) < (uint32_t)faces;
        float size = draw_size(s, rng);
        float x = mien_rng_range(rng, 0, (float)s->width),
              y = mien_rng_range(rng, 0, (float)s->height);
        if (!face) {
            negatives--;
            if (mien_rng_chance(rng, 0.15f)) {
                paste_upended(s, draw_face(d, recipe, rng), size, x, y, all, rng);
            } else {
                paste_negative(s, d, size * 1.5f, x, y, 0, rng);
            }
            continue;
        }
        faces--;
        if (size > 90) { // keep most of a large face in the frame
            x = (float)s->width * 0.5f + (x - (float)s->width * 0.5f) * 0.7f;
            y = (float)s->height * 0.5f + (y - (float)s->height * 0.5f) * 0.6f;
        }
        const struct mien_detect_source *src = draw_face(d, recipe, rng);
        struct mien_detect_face f;
        struct place p = put(src, size, x, y, draw_roll(rng), mien_rng_chance(rng, 0.5f), &f);
        struct mask m = draw_mask(src, rng);
        add_face(s, src, &p, &m, all, &f, rng);
    }
}

// One photo over the frame (its edge repeated, or a background beside it): webcam close-ups and
// tightly cut pictures.
static void scene_filled(struct mien_detect_scene *s, const struct mien_detect_data *d,
                         const struct mien_detect_recipe *recipe, struct mien_rng *rng)
{
    struct rect all = {0, 0, s->width, s->height};
    const struct mien_detect_source *src = draw_face(d, recipe, rng);
    struct mien_detect_face f;
    float size = mien_rng_range(rng, 60, 235);
    float w = (float)s->width, h = (float)s->height;
    struct place p = put(src, size, w * (0.5f + 0.13f * mien_rng_normal(rng)),
                         h * (0.5f + 0.1f * mien_rng_normal(rng)), draw_roll(rng) * 0.6f,
                         mien_rng_chance(rng, 0.5f), &f);
    struct mask m = cover_mask;
    if (mien_rng_chance(rng, 0.6f)) {
        lay_background(s, d, all, rng);
        m = draw_mask(src, rng);
        m.hx = m.hy = 1e4f;
    }
    add_face(s, src, &p, &m, all, &f, rng);
}

static void draw_mosaic(struct mien_detect_scene *s, const struct mien_detect_data *d,
                        const struct mien_detect_recipe *recipe, struct rect r, int depth,
                        struct mien_rng *rng)
{
    int w = r.x1 - r.x0, h = r.y1 - r.y0;
    bool split = depth == 0 || (mien_rng_chance(rng, 0.75f) && depth < 5);
    if (split && (w > 60 || h > 60)) {
        struct rect a = r, b = r;
        float t = mien_rng_range(rng, 0.35f, 0.65f);
        if (w > h) {
            a.x1 = b.x0 = r.x0 + (int)((float)w * t);
        } else {
            a.y1 = b.y0 = r.y0 + (int)((float)h * t);
        }
        draw_mosaic(s, d, recipe, a, depth + 1, rng);
        draw_mosaic(s, d, recipe, b, depth + 1, rng);
        return;
    }
    if (mien_rng_chance(rng, 0.4f)) {
        lay_background(s, d, r, rng);
        return;
    }
    // The photo covers the tile as far as it reaches; the face stays mostly inside.
    const struct mien_detect_source *src = draw_face(d, recipe, rng);
    const float *b = src->box_px;
    float side = (float)(w > h ? w : h),
          length = fminf((float)src->gray.width, (float)src->gray.height);
    float scale = side / length * expf(mien_rng_range(rng, -0.1f, 0.35f));
    float size = sqrtf((b[2] - b[0]) * (b[3] - b[1])) * scale;
    struct mien_detect_face f;
    struct place p = put(src, size, (float)r.x0 + (float)w * mien_rng_range(rng, 0.35f, 0.65f),
                         (float)r.y0 + (float)h * mien_rng_range(rng, 0.4f, 0.62f),
                         draw_roll(rng) * 0.7f, mien_rng_chance(rng, 0.5f), &f);
    add_face(s, src, &p, &cover_mask, r, &f, rng);
}

// Hands, cups, hair: something over a part of some faces.
static void occlude(struct mien_detect_scene *s, const struct mien_detect_data *d,
                    struct mien_rng *rng)
{
    for (int k = 0; k < s->faces; k++) {
        if (!mien_rng_chance(rng, 0.12f)) {
            continue;
        }
        const float *b = s->face[k].box_px;
        float w = b[2] - b[0], h = b[3] - b[1], a = mien_rng_range(rng, 0, 6.2831853f);
        paste_negative(s, d, sqrtf(w * h) * mien_rng_range(rng, 0.4f, 0.8f),
                       (b[0] + b[2]) * 0.5f + cosf(a) * w * 0.5f,
                       (b[1] + b[3]) * 0.5f + sinf(a) * h * 0.5f, -1, rng);
    }
}

static void draw_bars(struct mien_detect_scene *s, uint8_t gray, struct mien_rng *rng)
{
    bool upright = mien_rng_chance(rng, 0.6f);
    int n = (int)((float)(upright ? s->width : s->height) * mien_rng_range(rng, 0.03f, 0.3f));
    struct rect r[2] = {
        {0, 0, upright ? n : s->width, upright ? s->height : n},
        {upright ? s->width - n : 0, upright ? 0 : s->height - n, s->width, s->height}};
    for (int k = 0; k < 2; k++) {
        for (int y = r[k].y0; y < r[k].y1; y++) {
            memset(s->gray + (size_t)y * (size_t)s->width + (size_t)r[k].x0, gray,
                   (size_t)(r[k].x1 - r[k].x0));
            for (int x = r[k].x0; x < r[k].x1; x++) {
                s->owner[(size_t)(y / 4) * (size_t)(s->width / 4) + (size_t)(x / 4)] = 0;
            }
        }
    }
}

// Counts what is still seen of each face; drops hidden ones; marks photos' surroundings as soft.
static void count_visible(struct mien_detect_scene *s)
{
    int cw = s->width / 4, ch = s->height / 4, kept = 0;
    for (int i = 0; i < cw * ch; i++) {
        s->soft[i] = s->owner[i] > 0 && !s->face[s->owner[i] - 1].rendered;
    }
    for (int k = 0; k < s->faces; k++) {
        struct mien_detect_face f = s->face[k];
        const float *b = f.box_px;
        int seen = 0;
        int x0 = (int)fmaxf(0, b[0] / 4), x1 = (int)fminf((float)cw, b[2] / 4 + 1);
        int y0 = (int)fmaxf(0, b[1] / 4), y1 = (int)fminf((float)ch, b[3] / 4 + 1);
        for (int y = y0; y < y1; y++) {
            for (int x = x0; x < x1; x++) {
                bool own = s->owner[(size_t)y * (size_t)cw + (size_t)x] == k + 1;
                seen += own;
                if (own) { // an ear or an eye is no face: only the surroundings are uncertain
                    s->soft[(size_t)y * (size_t)cw + (size_t)x] = 0;
                }
            }
        }
        float share = (float)seen * 16 / fmaxf((b[2] - b[0]) * (b[3] - b[1]), 1);
        float cx = (b[0] + b[2]) * 0.5f, cy = (b[1] + b[3]) * 0.5f;
        bool inside = cx > 0 && cy > 0 && cx < (float)s->width && cy < (float)s->height;
        f.ignore = share < 0.5f || !inside;
        if (share > 0.15f) {
            s->face[kept++] = f;
        }
    }
    s->faces = kept;
}

void mien_detect_scene_make(struct mien_detect_scene *s, const struct mien_detect_data *data,
                            const struct mien_detect_recipe *recipe, struct mien_rng *rng)
{
    struct rect all = {0, 0, s->width, s->height};
    s->faces = 0;
    memset(s->owner, 0, (size_t)(s->width / 4) * (size_t)(s->height / 4));
    float kind = mien_rng_float(rng);
    if (mien_rng_chance(rng, recipe->empty)) {
        if (mien_rng_chance(rng, 0.5f)) {
            lay_background(s, data, all, rng);
        } else {
            scene_pasted(s, data, recipe, 0, rng);
        }
    } else if (kind < 0.5f) {
        static const int counts[] = {1, 1, 1, 2, 2, 3, 4, 6};
        scene_pasted(s, data, recipe, counts[mien_rng_below(rng, MIEN_COUNT(counts))], rng);
    } else if (kind < 0.75f) {
        scene_filled(s, data, recipe, rng);
    } else {
        draw_mosaic(s, data, recipe, all, 0, rng);
    }
    occlude(s, data, rng);
    mien_detect_camera(s, rng);
    if (mien_rng_chance(rng, 0.2f)) { // after the camera: bars are the letterbox's
        draw_bars(s, recipe->bar_gray, rng);
    }
    count_visible(s);
}

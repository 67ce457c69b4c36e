// What is behind the person: a picture, the surroundings' panorama or two colours, out of focus.
#include "synth/frame.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "synth/vec.h"

// A row of a photographed background: ox, oy its first point in the picture, scale its step.
MIEN_MULTIVERSION
static void picture_row(const struct mien_image *b, float ox, float fy, float scale, float gain,
                        float *out, int width)
{
    int iy = (int)fy;
    iy = iy < 0 ? 0 : iy > b->height - 2 ? b->height - 2 : iy;
    fy -= (float)iy;
    const uint8_t *row = b->data + (size_t)iy * b->stride;
    for (int x = 0; x < width; x++) {
        float fx = ox + scale * (float)x;
        int ix = (int)fx;
        ix = ix < 0 ? 0 : ix > b->width - 2 ? b->width - 2 : ix;
        fx -= (float)ix;
        const uint8_t *p = row + 3 * (size_t)ix, *q = p + b->stride;
        // The right neighbour's three bytes, read from one before them to stay in the picture.
        mien_v4 a = mien_v4_bytes(mien_word(p)), c = mien_v4_bytes(mien_word(q));
        mien_v4 d = mien_v4_bytes(mien_word(p + 2) >> 8), e = mien_v4_bytes(mien_word(q + 2) >> 8);
        mien_v4 v = (a + (d - a) * fx) * (1 - fy) + (c + (e - c) * fx) * fy;
        mien_v4_store(out + 3 * x, v * v * gain); // its fourth is overwritten by the next
    }
}

// atan2(y,x) / 2pi to 3e-7: a minimax polynomial of degree 11 over 0…1 and symmetry.
static inline float turn(float y, float x)
{
    float ax = x < 0 ? -x : x, ay = y < 0 ? -y : y;
    float low = ax < ay ? ax : ay, high = ax < ay ? ay : ax;
    float t = low / (high + 1e-20f), q = t * t;
    float a =
        t * (0.99997726f +
             q * (-0.33262347f +
                  q * (0.19354346f + q * (-0.11643287f + q * (0.05265332f - q * 0.01172120f)))));
    a = ay > ax ? 1.57079633f - a : a;
    a = x < 0 ? 3.14159265f - a : a;
    return (y < 0 ? -a : a) * 0.15915494f;
}

enum { CHUNK = 32 };

// Places in the panorama of CHUNK pixels from (x,y) on, px.
MIEN_MULTIVERSION
static void panorama_places(const struct mien_synth_renderer *r,
                            const struct mien_synth_environment *e, int x, int y, float *u,
                            float *v)
{
    const float inv = 1 / r->camera.f_px, cx = r->camera.cx_px;
    const float dy = -((float)y - r->camera.cy_px) * inv;
    const float width = (float)e->width, height = (float)e->height;
    float M[9];
    memcpy(M, r->to_env, sizeof M);
    for (int i = 0; i < CHUNK; i++) {
        float dx = ((float)(x + i) - cx) * inv;
        float px = M[0] * dx + M[1] * dy - M[2], py = M[3] * dx + M[4] * dy - M[5],
              pz = M[6] * dx + M[7] * dy - M[8];
        u[i] = (turn(px, pz) + 0.5f) * width - 0.5f;
        v[i] = turn(sqrtf(px * px + pz * pz), py) * 2 * height - 0.5f;
    }
}

static void panorama_row(const struct mien_synth_renderer *r,
                         const struct mien_synth_environment *e, int y, float gain, float *out)
{
    for (int x = 0; x < r->width; x += CHUNK) {
        float u[CHUNK], v[CHUNK];
        panorama_places(r, e, x, y, u, v);
        int n = r->width - x < CHUNK ? r->width - x : CHUNK;
        for (int i = 0; i < n; i++) {
            int x0 = (int)(u[i] + 1) - 1, y0 = (int)(v[i] + 1) - 1; // floor: they are above -1
            float fx = u[i] - (float)x0, fy = v[i] - (float)y0;
            int x1 = x0 + 1 >= e->width ? 0 : x0 + 1, y1 = y0 + 1 >= e->height ? y0 : y0 + 1;
            x0 = x0 < 0 ? e->width - 1 : x0 >= e->width ? e->width - 1 : x0;
            y0 = y0 < 0 ? 0 : y0;
            const float *p = e->pixel + 3 * (size_t)(y0 * e->width);
            const float *q = e->pixel + 3 * (size_t)(y1 * e->width);
            mien_v4 a = mien_v4_load(p + 3 * x0), b = mien_v4_load(p + 3 * x1);
            mien_v4 c = mien_v4_load(q + 3 * x0), d = mien_v4_load(q + 3 * x1);
            mien_v4 l = (a + (b - a) * fx) * (1 - fy) + (c + (d - c) * fx) * fy;
            mien_v4_store(out + 3 * (x + i), l * gain);
        }
    }
}

static void colour_row(const struct mien_synth_renderer *r, int y, float *out)
{
    const struct mien_synth_scene *s = r->s;
    const float t = (float)y / (float)r->height;
    const int last = MIEN_SYNTH_NOISE - 1, down = y + (int)(s->background_at[0] * 255);
    const uint8_t *noise = r->a->noise + 4 * MIEN_SYNTH_NOISE * (down & last);
    const int from = (int)(s->background_at[1] * 255);
    for (int x = 0; x < r->width; x++) {
        float n = 1 + ((float)noise[4 * ((x + from) & last)] - 128) * 0.0016f * s->background_zoom;
        for (int c = 0; c < 3; c++) {
            const float *top = s->background_rgb[0], *bottom = s->background_rgb[1];
            out[3 * x + c] = (top[c] + (bottom[c] - top[c]) * t) * n;
        }
    }
}

// Means over 2 radius + 1 pixels along rows, then along columns, by running sums; the edge repeats.
// in (height,width,3); room: as much again and one row.
MIEN_MULTIVERSION
static void box(float *in, float *room, int width, int height, int radius)
{
    const size_t row = 3 * (size_t)width;
    const float share = 1 / (float)(2 * radius + 1);
    for (int y = 0; y < height; y++) {
        const float *p = in + row * (size_t)y;
        float *q = room + row * (size_t)y;
        mien_v4 sum = {0, 0, 0, 0};
        for (int i = -radius; i <= radius; i++) {
            int k = i < 0 ? 0 : i >= width ? width - 1 : i;
            sum += mien_v4_load(p + 3 * k);
        }
        for (int i = 0; i < width; i++) {
            mien_v4_store(q + 3 * i, sum * share); // its fourth is overwritten by the next
            int next = i + radius + 1, last = i - radius;
            next = next >= width ? width - 1 : next;
            last = last < 0 ? 0 : last;
            sum += mien_v4_load(p + 3 * next) - mien_v4_load(p + 3 * last);
        }
    }
    float *restrict sum = room + row * (size_t)height;
    memset(sum, 0, row * sizeof *sum);
    for (int j = -radius; j <= radius; j++) {
        const float *restrict p = room + row * (size_t)(j < 0 ? 0 : j >= height ? height - 1 : j);
        for (size_t i = 0; i < row; i++) {
            sum[i] += p[i];
        }
    }
    for (int y = 0; y < height; y++) {
        int next = y + radius + 1, last = y - radius;
        next = next >= height ? height - 1 : next;
        last = last < 0 ? 0 : last;
        const float *restrict p = room + row * (size_t)next, *restrict q =
                                                                 room + row * (size_t)last;
        float *restrict out = in + row * (size_t)y;
        for (size_t i = 0; i < row; i++) {
            out[i] = sum[i] * share;
            sum[i] += p[i] - q[i];
        }
    }
}

// Fills the samples' colours with the background, two by two alike.
void mien_synth_background(struct mien_synth_renderer *r)
{
    const struct mien_synth_scene *s = r->s;
    const struct mien_synth_assets *a = r->a;
    const struct mien_image *b = &r->background;
    int kind = s->background;
    if (kind >= 0 && kind < a->backgrounds) {
        if (!mien_jpeg_decode(r->jpeg, a->background[kind].data, a->background[kind].size,
                              MIEN_FORMAT_RGB8, false, &r->background, NULL) ||
            b->width < 2 || b->height < 2) {
            kind = -2;
        }
    }
    const float ev = s->exposure * s->background_gain;
    float scale = 0, ox = 0, oy = 0;
    if (kind >= 0) {
        scale = s->background_zoom *
                fminf((float)b->width / (float)r->width, (float)b->height / (float)r->height);
        ox = s->background_at[0] * ((float)b->width - scale * (float)r->width);
        oy = s->background_at[1] * ((float)b->height - scale * (float)r->height);
    }
    for (int y = 0; y < r->height; y++) {
        float *row = r->work + 3 * (size_t)y * (size_t)r->width;
        if (kind >= 0) {
            picture_row(b, ox, oy + scale * (float)y, scale, ev * (1 / 65025.0f), row, r->width);
        } else if (kind == -1 && s->environment >= 0) {
            panorama_row(r, &a->environment[s->environment], y, 0.35f * ev, row);
        } else {
            colour_row(r, y, row);
        }
    }
    // Out of focus: box filters in place of a lens. The samples are free until they are written.
    int radius = (int)(s->background_blur * (float)r->width / 160 + 0.5f);
    for (int pass = 0; pass < (radius > 0 ? 2 : 0); pass++) {
        box(r->work, r->color, r->width, r->height, radius);
    }
    for (int y = 0; y < r->height; y++) {
        const float *in = r->work + 3 * (size_t)y * (size_t)r->width;
        const size_t row = 3 * (size_t)r->sw;
        float *out = r->color + row * MIEN_SAMPLES * (size_t)y;
        for (int x = 0; x < r->width; x++) {
            mien_v4 c = mien_v4_load(in + 3 * x);
            mien_v4_store(out + 6 * x, c);
            mien_v4_store(out + 6 * x + 3, c); // its fourth is overwritten by the next
        }
        memcpy(out + row, out, row * sizeof *out);
    }
}

// Lines, discs, rectangles and text on RGB8 pictures, antialiased by distance, clipped.
// Does not: draw on other formats. Coordinates that are not finite draw nothing.
#include "image/internal.h"

#include <math.h>
#include <string.h>

static inline void blend(struct mien_image *im, int x, int y, struct mien_rgb c, float a)
{
    if (a <= 0) {
        return;
    }
    int k = (int)(256 * (a > 1 ? 1 : a) + 0.5f);
    uint8_t *p = im->data + (size_t)y * im->stride + 3 * (size_t)x;
    p[0] = (uint8_t)((p[0] * (256 - k) + c.r * k + 128) >> 8);
    p[1] = (uint8_t)((p[1] * (256 - k) + c.g * k + 128) >> 8);
    p[2] = (uint8_t)((p[2] * (256 - k) + c.b * k + 128) >> 8);
}

static bool is_drawable(const struct mien_image *im, float a, float b, float c, float d)
{
    return im->data && im->format == MIEN_FORMAT_RGB8 && isfinite(a) && isfinite(b) &&
           isfinite(c) && isfinite(d);
}

// The whole pixels from floor(lo) to ceil(hi) inside 0…n-1; false when there are none.
static bool span(float lo, float hi, int n, int *a, int *b)
{
    *a = lo <= 0 ? 0 : lo >= (float)n ? n : (int)floorf(lo);
    *b = hi < 0 ? -1 : hi >= (float)(n - 1) ? n - 1 : (int)ceilf(hi);
    return *a <= *b;
}

void mien_draw_line(struct mien_image *im, float x0, float y0, float x1, float y1, float width,
                    struct mien_rgb c, float alpha)
{
    if (!is_drawable(im, x0, y0, x1, y1) || !(width > 0)) {
        return;
    }
    float dx = x1 - x0, dy = y1 - y0, len2 = dx * dx + dy * dy, half = 0.5f * width;
    float reach = half + 1;
    bool steep = fabsf(dy) > fabsf(dx);
    // Walk along the longer axis; the stroke's extent across it is reach / cos(slope) <= 1.42
    // reach.
    float u0 = steep ? y0 : x0, u1 = steep ? y1 : x1, v0 = steep ? x0 : y0;
    float slope = steep ? (dy != 0 ? dx / dy : 0) : (dx != 0 ? dy / dx : 0);
    float across = reach * sqrtf(1 + slope * slope) + fabsf(slope);
    int ua, ub, va, vb, nu = steep ? im->height : im->width, nv = steep ? im->width : im->height;
    if (!span(fminf(u0, u1) - reach, fmaxf(u0, u1) + reach, nu, &ua, &ub)) {
        return;
    }
    for (int u = ua; u <= ub; u++) {
        float v = v0 + ((float)u - u0) * slope;
        if (!span(v - across, v + across, nv, &va, &vb)) {
            continue;
        }
        for (int w = va; w <= vb; w++) {
            int x = steep ? w : u, y = steep ? u : w;
            float px = (float)x - x0, py = (float)y - y0;
            float t = len2 > 0 ? (px * dx + py * dy) / len2 : 0;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            float d = hypotf(px - t * dx, py - t * dy);
            float cover = half + 0.5f - d;
            cover = cover > 1 ? 1 : cover;
            blend(im, x, y, c, alpha * fminf(cover, width));
        }
    }
}

void mien_draw_disc(struct mien_image *im, float x, float y, float radius, struct mien_rgb c,
                    float alpha)
{
    int xa, xb, ya, yb;
    if (!is_drawable(im, x, y, radius, 0) || !(radius > 0) ||
        !span(x - radius - 1, x + radius + 1, im->width, &xa, &xb) ||
        !span(y - radius - 1, y + radius + 1, im->height, &ya, &yb)) {
        return;
    }
    for (int py = ya; py <= yb; py++) {
        for (int px = xa; px <= xb; px++) {
            float cover = radius + 0.5f - hypotf((float)px - x, (float)py - y);
            blend(im, px, py, c, alpha * (cover > 1 ? 1 : cover));
        }
    }
}

void mien_draw_rect(struct mien_image *im, float x0, float y0, float x1, float y1,
                    struct mien_rgb c, float alpha)
{
    int xa, xb, ya, yb;
    if (!is_drawable(im, x0, y0, x1, y1)) {
        return;
    }
    float l = fminf(x0, x1), r = fmaxf(x0, x1), t = fminf(y0, y1), b = fmaxf(y0, y1);
    if (!span(l - 1, r + 1, im->width, &xa, &xb) || !span(t - 1, b + 1, im->height, &ya, &yb)) {
        return;
    }
    for (int y = ya; y <= yb; y++) {
        // Coverage of the pixel [x-0.5, x+0.5] by the box.
        float cy = fminf(b, (float)y + 0.5f) - fmaxf(t, (float)y - 0.5f);
        for (int x = xa; x <= xb && cy > 0; x++) {
            float cx = fminf(r, (float)x + 0.5f) - fmaxf(l, (float)x - 0.5f);
            blend(im, x, y, c, alpha * cx * cy * (cx > 0));
        }
    }
}

int mien_draw_text(struct mien_image *im, int x, int y, int scale, const char *text,
                   struct mien_rgb c)
{
    bool ok = im->data && im->format == MIEN_FORMAT_RGB8;
    scale = scale < 1 ? 1 : scale;
    int width = 0;
    for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
        if ((*s & 0xc0) == 0x80) { // the rest of a UTF-8 character, drawn as one "?"
            continue;
        }
        const char *rows = mien_font_rows(*s < 0x80 ? *s : '?');
        for (int r = 0; ok && rows && rows[r]; r++) {
            int bits = rows[r] <= '9' ? rows[r] - '0' : rows[r] - 'A' + 10;
            for (int b = 0; b < 5; b++) {
                if (!(bits >> (4 - b) & 1)) {
                    continue;
                }
                for (int k = 0; k < scale * scale; k++) {
                    int px = x + width + b * scale + k % scale, py = y + r * scale + k / scale;
                    if (px >= 0 && py >= 0 && px < im->width && py < im->height) {
                        blend(im, px, py, c, 1);
                    }
                }
            }
        }
        width += 6 * scale;
    }
    return width;
}

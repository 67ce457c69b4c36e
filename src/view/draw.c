// The 2D draw list. Shapes are quads a pixel larger than what they show; the fragment shader
// computes the coverage from the distance to the shape's edge.
#include "view/draw.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

bool mien_draw_init(struct mien_draw *d, const struct mien_font *font, size_t capacity)
{
    memset(d, 0, sizeof(*d));
    d->font = font;
    d->vertex = mien_reserve(capacity, 4 * sizeof(*d->vertex));
    d->capacity = d->vertex ? capacity : 0;
    return d->vertex != NULL;
}

void mien_draw_destroy(struct mien_draw *d)
{
    mien_free(d->vertex);
    memset(d, 0, sizeof(*d));
}

void mien_draw_clear(struct mien_draw *d)
{
    d->quads = 0;
}

static struct mien_draw_vertex *quad(struct mien_draw *d)
{
    if (d->quads >= d->capacity) {
        d->refused++;
        return NULL;
    }
    return d->vertex + 4 * d->quads++;
}

struct shape {
    float x, y, ax, ay; // centre, unit axis
    float hx, hy;       // half sizes along it and across
    float radius, stroke;
    enum mien_draw_kind kind;
};

static void add(struct mien_draw *d, struct shape s, struct mien_color c)
{
    if (!(isfinite(s.x) && isfinite(s.y) && isfinite(s.hx) && isfinite(s.hy)) || c.a == 0) {
        return;
    }
    struct mien_draw_vertex *q = quad(d);
    if (!q) {
        return;
    }
    float grow = 1 + s.stroke / 2;
    for (int i = 0; i < 4; i++) {
        float u = (i == 1 || i == 2 ? 1.0f : -1.0f) * (s.hx + grow);
        float v = (i >= 2 ? 1.0f : -1.0f) * (s.hy + grow);
        q[i] = (struct mien_draw_vertex){.x = s.x + u * s.ax - v * s.ay,
                                         .y = s.y + u * s.ay + v * s.ax,
                                         .u = u,
                                         .v = v,
                                         .hx = s.hx,
                                         .hy = s.hy,
                                         .radius = s.radius,
                                         .stroke = s.stroke,
                                         .kind = (float)s.kind,
                                         .color = c};
    }
}

void mien_draw_box(struct mien_draw *d, struct mien_rect r, float radius, struct mien_color c)
{
    mien_draw_frame(d, r, radius, 0, c);
}

void mien_draw_frame(struct mien_draw *d, struct mien_rect r, float radius, float stroke,
                     struct mien_color c)
{
    add(d,
        (struct shape){.x = r.x + r.w / 2,
                       .y = r.y + r.h / 2,
                       .ax = 1,
                       .hx = r.w / 2,
                       .hy = r.h / 2,
                       .radius = radius,
                       .stroke = stroke,
                       .kind = MIEN_DRAW_BOX},
        c);
}

void mien_draw_segment(struct mien_draw *d, float x0, float y0, float x1, float y1, float width,
                       struct mien_color c)
{
    float dx = x1 - x0, dy = y1 - y0, l = sqrtf(dx * dx + dy * dy);
    float ax = l > 1e-6f ? dx / l : 1, ay = l > 1e-6f ? dy / l : 0;
    add(d,
        (struct shape){.x = (x0 + x1) / 2,
                       .y = (y0 + y1) / 2,
                       .ax = ax,
                       .ay = ay,
                       .hx = (l + width) / 2,
                       .hy = width / 2,
                       .radius = width / 2,
                       .kind = MIEN_DRAW_BOX},
        c);
}

void mien_draw_dot(struct mien_draw *d, float x, float y, float radius, struct mien_color c)
{
    mien_draw_ellipse(d, x, y, radius, radius, 0, c);
}

void mien_draw_ellipse(struct mien_draw *d, float x, float y, float rx, float ry, float stroke,
                       struct mien_color c)
{
    add(d,
        (struct shape){.x = x,
                       .y = y,
                       .ax = 1,
                       .hx = rx,
                       .hy = ry,
                       .stroke = stroke,
                       .kind = MIEN_DRAW_ELLIPSE},
        c);
}

float mien_draw_label(struct mien_draw *d, float x, float y, struct mien_pen pen, const char *text)
{
    const struct mien_font *f = d->font;
    if (!f || !f->ready) {
        return x;
    }
    if (pen.align != MIEN_LEFT) {
        float w = mien_font_width(f, pen.face, text);
        x -= pen.align == MIEN_RIGHT ? w : w / 2;
    }
    x = roundf(x);
    y = roundf(y);
    const struct mien_glyph *g;
    while ((g = mien_font_next(f, pen.face, &text))) {
        struct mien_draw_vertex *q = g->w ? quad(d) : NULL;
        for (int i = 0; q && i < 4; i++) {
            float u = i == 1 || i == 2 ? g->w : 0, v = i >= 2 ? g->h : 0;
            q[i] = (struct mien_draw_vertex){
                x + g->dx + u,  y + g->dy + v, g->u + u, g->v + v, 0, 0, 0, 0,
                MIEN_DRAW_TEXT, pen.color};
        }
        x += g->advance;
    }
    return x;
}

float mien_draw_printf(struct mien_draw *d, float x, float y, struct mien_pen pen, const char *fmt,
                       ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return mien_draw_label(d, x, y, pen, text);
}

void mien_draw_bar(struct mien_draw *d, struct mien_rect r, float fraction, bool from_right,
                   struct mien_color track, struct mien_color fill)
{
    fraction = fraction > 0 ? fminf(fraction, 1) : 0;
    mien_draw_box(d, r, r.h / 2, track);
    float w = fraction * r.w;
    if (w > 0.5f) {
        struct mien_rect part = {from_right ? r.x + r.w - w : r.x, r.y, w, r.h};
        mien_draw_box(d, part, fminf(r.h, w) / 2, fill);
    }
}

void mien_draw_plot(struct mien_draw *d, struct mien_rect r, const struct mien_plot *p, float width,
                    struct mien_color c)
{
    int n = p->n;
    float lo = p->lo, hi = p->hi;
    float px = 0, py = 0;
    for (int i = 0; i < n; i++) {
        float v = p->ring[(p->first + i) % n];
        float t = hi > lo ? fminf(fmaxf((v - lo) / (hi - lo), 0), 1) : 0;
        float x = r.x + r.w * (float)i / (float)(n > 1 ? n - 1 : 1), y = r.y + r.h * (1 - t);
        if (i) {
            mien_draw_segment(d, px, py, x, y, width, c);
        }
        px = x;
        py = y;
    }
}

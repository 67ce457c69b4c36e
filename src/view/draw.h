// The 2D draw list: anti-aliased boxes, lines, discs, rings, ellipses, text, bars and plots,
// collected into one array of vertices that one draw call shows.
//
// Does not: call OpenGL, allocate after mien_draw_init, clip. Screen pixels, origin top-left, y
// down.
#ifndef MIEN_VIEW_DRAW_H
#define MIEN_VIEW_DRAW_H

#include "view/camera.h"
#include "view/font.h"
#include <stddef.h>

struct mien_color {
    uint8_t r, g, b, a;
};
#define MIEN_COLOR(r, g, b, a) ((struct mien_color){(r), (g), (b), (a)})

enum mien_draw_kind { MIEN_DRAW_TEXT, MIEN_DRAW_BOX, MIEN_DRAW_ELLIPSE };

struct mien_draw_vertex {
    float x, y;           // screen px
    float u, v;           // TEXT: atlas px; otherwise px from the shape's centre, along its axes
    float hx, hy;         // half size, px
    float radius, stroke; // corner radius; stroke 0 = filled, else the outline's width, px
    float kind;
    struct mien_color color;
};

struct mien_draw {
    const struct mien_font *font;    // borrowed
    struct mien_draw_vertex *vertex; // 4 a quad: 0-1-2, 0-2-3
    size_t quads, capacity;
    size_t refused; // quads that found no room since mien_draw_init
};

enum mien_align { MIEN_LEFT, MIEN_CENTRE, MIEN_RIGHT };

bool mien_draw_init(struct mien_draw *d, const struct mien_font *font, size_t capacity);
void mien_draw_destroy(struct mien_draw *d);
void mien_draw_clear(struct mien_draw *d);

void mien_draw_box(struct mien_draw *d, struct mien_rect r, float radius, struct mien_color c);
void mien_draw_frame(struct mien_draw *d, struct mien_rect r, float radius, float stroke,
                     struct mien_color c);
void mien_draw_segment(struct mien_draw *d, float x0, float y0, float x1, float y1, float width,
                       struct mien_color c); // round ends
void mien_draw_dot(struct mien_draw *d, float x, float y, float radius, struct mien_color c);
// Axis-aligned ellipse with half axes rx, ry: filled when stroke is 0.
void mien_draw_ellipse(struct mien_draw *d, float x, float y, float rx, float ry, float stroke,
                       struct mien_color c);
struct mien_pen { // how text is written
    enum mien_font_face face;
    enum mien_align align;
    struct mien_color color;
};
#define MIEN_PEN(face, align, color) ((struct mien_pen){(face), (align), (color)})
// y is the line's top. Returns the x where the text ends.
float mien_draw_label(struct mien_draw *d, float x, float y, struct mien_pen pen, const char *text);
float mien_draw_printf(struct mien_draw *d, float x, float y, struct mien_pen pen, const char *fmt,
                       ...) __attribute__((format(printf, 5, 6)));
// A horizontal bar: a track and `fraction` (clamped to 0…1) of it filled, from the right when
// from_right.
void mien_draw_bar(struct mien_draw *d, struct mien_rect r, float fraction, bool from_right,
                   struct mien_color track, struct mien_color fill);
struct mien_plot {
    const float *ring; // n values, which start at ring[first] and wrap at n
    int n, first;
    float lo, hi; // at the bottom, at the top
};
// A line through the values, spread over the rectangle's width.
void mien_draw_plot(struct mien_draw *d, struct mien_rect r, const struct mien_plot *p, float width,
                    struct mien_color c);

#endif

// Where things written over the picture go: scale, the picture's place, the column of bars, the
// panels' column, and who has taken which place.
#include "view/hud.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

#include "view/hud_sizes.h"

float mien_hud_scale(int width_px, int height_px)
{
    float s = fminf((float)height_px / 480, (float)width_px / 640);
    return fminf(fmaxf(1 + (s - 1) * 0.6f, 1), 3.2f);
}

// Panels begin in the strips beside the picture where these hold them whole; else they keep within
// the picture's edges. wide, high: of what is to fit.
static void leave_strips(struct mien_rect *area, struct mien_rect video, float wide, float high)
{
    float left = video.x - area->x, right = area->x + area->w - video.x - video.w;
    float top = video.y - area->y, bottom = area->y + area->h - video.y - video.h;
    if (left > 0 && left < wide) {
        area->x += left;
        area->w -= left;
    }
    if (right > 0 && right < wide) {
        area->w -= right;
    }
    if (top > 0 && top < high) {
        area->y += top;
        area->h -= top;
    }
    if (bottom > 0 && bottom < high) {
        area->h -= bottom;
    }
}

// The column stands beside the picture, as wide as the picture can spare, or below it in an upright
// window; never over it.
static void place_bars(struct mien_layout *l, int picture_w, int picture_h)
{
    static const struct {
        int wide;
        float least; // of the picture's height is left
    } forms[] = {{HUD_COLUMN, 0.76f}, {HUD_COLUMN_NARROW, 0.7f}, {HUD_COLUMN_SMALL, 0.5f}};
    struct mien_rect w = l->window;
    float below = w.h - l->video.h, least = 200 * l->ui;
    if (below > least && w.w < w.h) {
        float high = fminf(below, 560 * l->ui);
        l->bars = (struct mien_rect){w.x, w.y + w.h - high, w.w, high};
        l->area.h -= high;
        l->video = mien_rect_fit(l->area, picture_w, picture_h);
        return;
    }
    for (size_t i = 0; i < MIEN_COUNT(forms); i++) {
        float column = roundf((float)forms[i].wide * l->ui);
        struct mien_rect rest = {w.x, w.y, w.w - column, w.h};
        struct mien_rect beside = mien_rect_fit(rest, picture_w, picture_h);
        if (beside.h >= forms[i].least * l->video.h) {
            l->video = beside;
            l->area = rest;
            l->bars = (struct mien_rect){w.x + rest.w, w.y, column, w.h};
            return;
        }
    }
}

// A strip for as many of the curves as leave most of the picture's height.
static void place_foot(struct mien_layout *l, int lanes, int picture_w, int picture_h)
{
    for (; lanes > 0; lanes--) {
        float high = (float)mien_hud_lanes_high(lanes, l->ui) + 2 * HUD_MARGIN * l->ui;
        if (l->area.h - high >= 0.72f * l->video.h) {
            struct mien_rect a = l->area;
            l->foot = (struct mien_rect){a.x, a.y + a.h - high, a.w, high};
            l->area.h -= high;
            l->video = mien_rect_fit(l->area, picture_w, picture_h);
            return;
        }
    }
}

float mien_hud_lanes_high(int lanes, float ui)
{
    return ((float)(HUD_LANE * lanes) + 8) * ui;
}

struct mien_layout mien_hud_layout(const struct mien_hud_screen *s)
{
    float w = (float)s->width_px - s->right_px, h = (float)s->height_px - s->bottom_px;
    int picture_w = s->picture_w, picture_h = s->picture_h;
    bool bars = s->bars;
    enum mien_hud_level hud = s->hud;
    struct mien_layout l = {.ui = mien_hud_scale(s->width_px, s->height_px)};
    l.window = (struct mien_rect){0, 0, w, h};
    l.video = mien_rect_fit(l.window, picture_w, picture_h);
    l.area = l.window;
    if (bars) {
        place_bars(&l, picture_w, picture_h);
    }
    if (s->lanes > 0) {
        place_foot(&l, s->lanes, picture_w, picture_h);
    }
    float side = roundf((HUD_STATE + 2 * HUD_MARGIN) * l.ui), room = l.area.w - l.video.w;
    float high = (HUD_STATE_HIGH + 2 * HUD_MARGIN) * l.ui;
    if (hud == MIEN_HUD_FULL && room >= side) {     // the panels stand beside the picture
        float left = fmaxf(side, roundf(room / 2)); // the picture in the middle, where that fits
        l.video.x = l.area.x + left;
        l.side = (struct mien_rect){l.area.x, l.area.y, left, l.area.h};
        l.area.x += left;
        l.area.w -= left;
        if (l.foot.w > 0) {
            l.foot.x += left;
            l.foot.w -= left;
            l.side.h = h - l.side.y;
        }
        side = INFINITY;               // all else stays within the picture
    } else if (hud != MIEN_HUD_FULL) { // one line is wide and low
        side = l.video.w > 300 * l.ui ? w : 0;
        high = 2 * HUD_LINE * l.ui;
    }
    leave_strips(&l.area, l.video, side, high);
    return l;
}

void mien_hud_window_size(int picture_w, int picture_h, bool bars, int *width_px, int *height_px)
{
    float column = HUD_COLUMN * mien_hud_scale(picture_w * 2, picture_h);
    *height_px = picture_h;
    *width_px = (picture_w + (bars ? (int)roundf(column) : 0) + 1) / 2 * 2;
}

static float common(struct mien_rect a, struct mien_rect b) // area, px²
{
    float w = fminf(a.x + a.w, b.x + b.w) - fmaxf(a.x, b.x);
    float h = fminf(a.y + a.h, b.y + b.h) - fmaxf(a.y, b.y);
    return w > 0 && h > 0 ? w * h : 0;
}

static bool is_free(const struct mien_layout *l, struct mien_rect r)
{
    const struct mien_rect *w = &l->window;
    if (r.x < w->x || r.y < w->y || r.x + r.w > w->x + w->w || r.y + r.h > w->y + w->h) {
        return false;
    }
    for (int i = 0; i < l->takens; i++) {
        if (common(l->taken[i], r) > 0) {
            return false;
        }
    }
    return true;
}

bool mien_hud_place(struct mien_layout *l, struct mien_rect r)
{
    if (l->takens >= MIEN_HUD_PLACES || !is_free(l, r)) {
        return false;
    }
    l->taken[l->takens++] = r;
    return true;
}

void mien_hud_keep_faces_free(struct mien_layout *l, const struct mien_map *map,
                              const struct mien_result *r)
{
    l->faces = 0;
    for (int i = 0; i < r->count && i < MIEN_FACES_MAX; i++) {
        float a[2], b[2];
        mien_map_point(map, r->face[i].box_px, a);
        mien_map_point(map, r->face[i].box_px + 2, b);
        l->face[l->faces++] = (struct mien_rect){fminf(a[0], b[0]), fminf(a[1], b[1]),
                                                 fabsf(b[0] - a[0]), fabsf(b[1] - a[1])};
    }
}

bool mien_hud_place_toast(struct mien_layout *l, float w, float h, struct mien_rect *out)
{
    float m = HUD_MARGIN * l->ui, best = INFINITY;
    float top = l->area.y + m, low = l->area.y + l->area.h - m - h;
    for (int column = 0; column < 3; column++) {
        float x = column == 0   ? l->area.x + (l->area.w - w) / 2
                  : column == 1 ? l->area.x + m
                                : l->area.x + l->area.w - m - w;
        for (float up = 0; low - up >= top; up += 4 * l->ui) {
            struct mien_rect r = {roundf(x), roundf(low - up), w, h};
            // The lower or upper edge, rather the lower and its middle; a face costs most.
            float cost = fminf(up, low - up - top + 40 * l->ui) + 30 * (float)column * l->ui;
            for (int i = 0; i < l->faces; i++) {
                cost += 1e4f * common(l->face[i], r) / (w * h);
            }
            if (cost < best && is_free(l, r)) {
                best = cost;
                *out = r;
            }
        }
    }
    return isfinite(best) && mien_hud_place(l, *out);
}

int mien_hud_face(const struct mien_result *r, int id)
{
    for (int i = 0; i < r->count && i < MIEN_FACES_MAX; i++) {
        if (r->face[i].id == id) {
            return i;
        }
    }
    return 0;
}

void mien_hud_shorten(const struct mien_font *f, enum mien_font_face face, float wide, char *text)
{
    size_t had = strlen(text), n = had;
    if (mien_font_width(f, face, text) <= wide) {
        return;
    }
    wide -= mien_font_width(f, face, "…");
    while (n && (mien_font_width(f, face, text) > wide || had - n < strlen("…"))) {
        do {
            n--;
        } while (n && ((unsigned char)text[n] & 0xc0) == 0x80); // a whole character
        text[n] = 0;
    }
    if (wide > 0 && had - n >= strlen("…")) {
        memcpy(text + n, "…", sizeof("…"));
    }
}

// Panels: state, times, pose, gaze, expression, blendshape bars.
#include "view/hud.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "view/hud_sizes.h"
#include "view/palette.h"
#include "view/words.h"

enum { POSE_HIGH = 108 }; // at scale 1, px

static void panel(struct mien_draw *d, struct mien_rect r, float ui)
{
    mien_draw_box(d, r, 6 * ui, C_PANEL);
}

struct pen { // writes rows of label and value into a panel
    struct mien_draw *d;
    float x, y, w, ui;
};

static void row(struct pen *p, const char *label, const char *value, struct mien_color c)
{
    mien_draw_label(p->d, p->x, p->y, MIEN_PEN(MIEN_FONT_TEXT, MIEN_LEFT, C_DIM), label);
    mien_draw_label(p->d, p->x + p->w, p->y, MIEN_PEN(MIEN_FONT_TEXT, MIEN_RIGHT, c), value);
    p->y += 15 * p->ui;
}

// A stage's time with a bar on the scale of one 30 Hz frame.
static void stage(struct pen *p, const char *label, float ms)
{
    char text[32];
    mien_draw_label(p->d, p->x, p->y, MIEN_PEN(MIEN_FONT_TEXT, MIEN_LEFT, C_DIM), label);
    snprintf(text, sizeof(text), "%.1f", (double)ms);
    mien_draw_label(p->d, p->x + p->w, p->y, MIEN_PEN(MIEN_FONT_TEXT, MIEN_RIGHT, C_TEXT), text);
    struct mien_rect r = {p->x + 56 * p->ui, p->y + 5 * p->ui, p->w - 90 * p->ui, 4 * p->ui};
    mien_draw_bar(p->d, r, ms / 33.3f, false, C_TRACK, ms > 25 ? C_WARN : C_ACCENT);
    p->y += 14 * p->ui;
}

static enum mien_picture picture_of(const struct mien_hud_info *info)
{
    return info->paused ? MIEN_PICTURE_PAUSED : info->stale ? MIEN_PICTURE_STALE : MIEN_PICTURE_NEW;
}

static struct mien_color mood_color(enum mien_mood mood)
{
    return mood == MIEN_MOOD_GOOD ? C_GOOD : mood == MIEN_MOOD_BUSY ? C_WARN : C_BAD;
}

// Returns its right edge.
static float state_panel(struct mien_draw *d, struct mien_layout *l, const struct mien_result *r,
                         int i, const struct mien_hud_info *info)
{
    float ui = l->ui, m = HUD_MARGIN * ui;
    const char *state, *why;
    char reason[96];
    enum mien_picture picture = picture_of(info);
    enum mien_mood mood = mien_words(r, i, picture, &state, &why);
    struct mien_rect in = l->side.w > 0 ? l->side : l->area;
    snprintf(reason, sizeof(reason), "%s", why);
    float wide = fmaxf(HUD_STATE * ui, mien_font_width(d->font, MIEN_FONT_SMALL, reason) + 2 * m);
    wide = fminf(wide, fmaxf(in.w - 2 * m, 0));
    mien_hud_shorten(d->font, MIEN_FONT_SMALL, wide - 2 * m, reason);
    float high = (*reason ? HUD_STATE_HIGH : HUD_STATE_HIGH - 14) * ui;
    struct mien_rect box = {in.x + m, in.y + m, wide, high};
    if (wide < HUD_STATE * ui - 1 || !mien_hud_place(l, box)) {
        return l->area.x;
    }
    panel(d, box, ui);
    struct pen p = {d, box.x + m, box.y + 6 * ui, box.w - 2 * m, ui};
    struct mien_color c = mood_color(mood);
    mien_draw_dot(d, p.x + 4 * ui, p.y + 7 * ui, 4 * ui, c);
    mien_draw_label(d, p.x + 13 * ui, p.y, MIEN_PEN(MIEN_FONT_BOLD, MIEN_LEFT, C_TEXT), state);
    if (r->count > 0 && picture == MIEN_PICTURE_NEW) {
        char whose[32];
        snprintf(whose, sizeof(whose), r->count > 1 ? "face %d, %d in view" : "face %d",
                 r->face[i].id, r->count);
        mien_draw_label(d, p.x + p.w, p.y,
                        MIEN_PEN(MIEN_FONT_TEXT, MIEN_RIGHT,
                                 r->count > 1 ? mien_face_color(r->face[i].id) : C_DIM),
                        whose);
    }
    p.y += 15 * ui;
    if (*reason) {
        mien_draw_label(d, p.x, p.y, MIEN_PEN(MIEN_FONT_SMALL, MIEN_LEFT, c), reason);
        p.y += 14 * ui;
    }
    p.y += 2 * ui;
    mien_draw_printf(d, p.x, p.y, MIEN_PEN(MIEN_FONT_TITLE, MIEN_LEFT, C_TEXT), "%.1f",
                     info->stale ? 0 : (double)info->fps);
    mien_draw_label(d, p.x + 36 * ui, p.y + 2 * ui, MIEN_PEN(MIEN_FONT_TEXT, MIEN_LEFT, C_DIM),
                    "frames/s");
    mien_draw_printf(d, p.x + p.w, p.y + 2 * ui,
                     MIEN_PEN(MIEN_FONT_TEXT, MIEN_RIGHT, info->dropped ? C_WARN : C_DIM),
                     "dropped %llu", (unsigned long long)info->dropped);
    p.y += 21 * ui;
    stage(&p, "detect", info->detect_ms);
    stage(&p, "network", info->network_ms);
    stage(&p, "fit", info->fit_ms);
    stage(&p, "draw", info->draw_ms);
    p.y += 3 * ui;
    char text[64];
    snprintf(text, sizeof(text), "%.0f / %.0f ms", (double)info->latency_p50_ms,
             (double)info->latency_p95_ms);
    row(&p, "latency p50/p95", text, C_TEXT);
    struct mien_rect plot = {p.x, p.y + 2 * ui, p.w, 16 * ui};
    float top = fmaxf(40, info->latency_p95_ms * 1.4f);
    mien_draw_box(d, (struct mien_rect){plot.x, plot.y + plot.h, plot.w, 1}, 0, C_TRACK);
    mien_draw_plot(
        d, plot, &(struct mien_plot){info->latency_ms, MIEN_HUD_RING, info->latency_first, 0, top},
        1.2f * ui, C_ACCENT);
    return box.x + box.w;
}

static void angle(char *text, size_t size, float v)
{
    snprintf(text, size, "%+.1f°", (double)v);
}

// Of a panel below the others: in the side column from `top` on, else in a lower corner.
static struct mien_rect below(const struct mien_layout *l, float w, float h, bool right, float top)
{
    float m = HUD_MARGIN * l->ui;
    if (l->side.w > 0) {
        return (struct mien_rect){l->side.x + m, top, HUD_STATE * l->ui, h};
    }
    return (struct mien_rect){right ? l->area.x + l->area.w - m - w : l->area.x + m,
                              l->area.y + l->area.h - m - h, w, h};
}

static bool pose_panel(struct mien_draw *d, struct mien_layout *l, const struct mien_face_result *f,
                       float top)
{
    float ui = l->ui, m = HUD_MARGIN * ui;
    struct mien_rect box = below(l, 142 * ui, POSE_HIGH * ui, false, top);
    if (!mien_hud_place(l, box)) {
        return false;
    }
    panel(d, box, ui);
    struct pen p = {d, box.x + m, box.y + 6 * ui, box.w - 2 * m, ui};
    char text[64], other[32];
    angle(text, sizeof(text), f->yaw_deg);
    row(&p, "yaw", text, C_TEXT);
    angle(text, sizeof(text), f->pitch_deg);
    row(&p, "pitch", text, C_TEXT);
    angle(text, sizeof(text), f->roll_deg);
    row(&p, "roll", text, C_TEXT);
    float z = sqrtf(f->pose.t[0] * f->pose.t[0] + f->pose.t[1] * f->pose.t[1] +
                    f->pose.t[2] * f->pose.t[2]);
    snprintf(text, sizeof(text), "%.0f mm", (double)z);
    row(&p, "distance", text, C_TEXT);
    p.y += 4 * ui;
    for (int e = 0; e < 2; e++) {
        angle(text, sizeof(text), f->gaze_deg[e][0]);
        angle(other, sizeof(other), f->gaze_deg[e][1]);
        if (f->lids.shut[e]) {
            text[0] = 0;
            snprintf(other, sizeof(other), "shut");
        }
        mien_draw_label(d, p.x, p.y, MIEN_PEN(MIEN_FONT_TEXT, MIEN_LEFT, C_DIM),
                        e ? "gaze R" : "gaze L");
        mien_draw_label(d, p.x + p.w - 42 * ui, p.y, MIEN_PEN(MIEN_FONT_TEXT, MIEN_RIGHT, C_TEXT),
                        text);
        mien_draw_label(d, p.x + p.w, p.y, MIEN_PEN(MIEN_FONT_TEXT, MIEN_RIGHT, C_TEXT), other);
        p.y += 15 * ui;
    }
    return true;
}

static void expression_panel(struct mien_draw *d, struct mien_layout *l,
                             const struct mien_face_result *f, float top)
{
    float ui = l->ui, m = HUD_MARGIN * ui, w = 168 * ui, h = (10 + 13 * MIEN_EXPRESSIONS) * ui;
    struct mien_rect box = below(l, w, h, true, top);
    if (!mien_hud_place(l, box)) {
        return;
    }
    w = box.w;
    panel(d, box, ui);
    float y = box.y + 4 * ui;
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        bool best = i == f->expression_class && f->expression_sure;
        float x = box.x + m;
        mien_draw_label(
            d, x, y,
            MIEN_PEN(best ? MIEN_FONT_BOLD : MIEN_FONT_TEXT, MIEN_LEFT, best ? C_TEXT : C_DIM),
            mien_expression_name(i));
        struct mien_rect r = {x + 64 * ui, y + 5 * ui, 58 * ui, 4 * ui};
        mien_draw_bar(d, r, f->expression[i], false, C_TRACK, best ? C_ACCENT : C_SOFT);
        mien_draw_printf(d, box.x + w - m, y,
                         MIEN_PEN(MIEN_FONT_TEXT, MIEN_RIGHT, best ? C_TEXT : C_DIM), "%.0f",
                         100 * (double)f->expression[i]);
        y += 13 * ui;
    }
}

// Source, size, mode and network, top right, beside what ends at `left`; in a narrow window without
// the network, or not at all.
static void details(struct mien_draw *d, struct mien_layout *l, const struct mien_result *r,
                    const struct mien_hud_info *info, const char *mode, float left)
{
    float ui = l->ui, m = HUD_MARGIN * ui, right = l->area.x + l->area.w;
    const char *slash = info->source ? strrchr(info->source, '/') : NULL;
    const char *name = slash && slash[1] ? slash + 1 : info->source;
    for (int with_network = r->network[0] ? 1 : 0; with_network >= 0; with_network--) {
        char text[256];
        snprintf(text, sizeof(text), "%.60s%s%dx%d · %s%s%s · ? help", name ? name : "",
                 name ? " · " : "", r->width_px, r->height_px, mode, with_network ? " · net " : "",
                 with_network ? r->network : "");
        float w = mien_font_width(d->font, MIEN_FONT_SMALL, text) + 2 * m;
        struct mien_rect box = {right - m - w, l->area.y + m, w, 20 * ui};
        if (w < right - left - 2 * m && mien_hud_place(l, box)) {
            panel(d, box, ui);
            mien_draw_label(d, right - 2 * m, l->area.y + m + 4 * ui,
                            MIEN_PEN(MIEN_FONT_SMALL, MIEN_RIGHT, C_DIM), text);
            return;
        }
    }
}

void mien_hud_panels(struct mien_draw *d, struct mien_layout *l, const struct mien_result *r, int i,
                     const struct mien_hud_info *info, const char *mode)
{
    float ui = l->ui, m = HUD_MARGIN * ui;
    // In a small window the face comes first: panels of both sides would meet over it.
    bool roomy = l->area.w > 560 * ui && l->area.h > 300 * ui, tall = l->area.h > 520 * ui;
    if (!roomy && !tall && l->side.w <= 0) {
        mien_hud_line(d, l, r, i, info);
        return;
    }
    float left = state_panel(d, l, r, i, info);
    details(d, l, r, info, mode, l->side.w > 0 ? l->area.x : left);
    if (r->count > 0) {
        float top = l->side.y + 2 * m + HUD_STATE_HIGH * ui;
        if (pose_panel(d, l, &r->face[i], top)) {
            top += POSE_HIGH * ui + m;
        }
        expression_panel(d, l, &r->face[i], top);
    }
}

void mien_hud_line(struct mien_draw *d, struct mien_layout *l, const struct mien_result *r, int i,
                   const struct mien_hud_info *info)
{
    enum { PARTS = 7, REASON = 2, FIGURES = 5 };
    float ui = l->ui, m = HUD_MARGIN * ui, room = l->area.w - 2 * m, gap = 14 * ui, w = 26 * ui;
    const char *state, *reason;
    enum mien_mood mood = mien_words(r, i, picture_of(info), &state, &reason);
    char part[PARTS][64] = {{0}};
    struct mien_color c = mood_color(mood), ink[PARTS] = {C_TEXT, C_TEXT, c, C_TEXT, C_TEXT};
    const struct mien_face_result *f = &r->face[i];
    bool face = r->count > 0 && picture_of(info) == MIEN_PICTURE_NEW;
    snprintf(part[0], sizeof(part[0]), "%s", state);
    if (face && r->count > 1) {
        snprintf(part[1], sizeof(part[1]), "face %d, %d in view", f->id, r->count);
        ink[1] = mien_face_color(f->id);
    }
    snprintf(part[REASON], sizeof(part[0]), "%s", reason);
    if (face && !f->expression_sure) {
        snprintf(part[3], sizeof(part[3]), "expression unsure");
    } else if (face) {
        snprintf(part[3], sizeof(part[3]), "%s %.0f %%", mien_expression_name(f->expression_class),
                 100 * (double)f->expression[f->expression_class]);
    }
    snprintf(part[4], sizeof(part[4]), "%.40s%s%s", info->worn ? info->worn : "",
             info->worn && info->range ? ", " : "", info->range ? "my range" : "");
    if (info->fps > 0 && !info->stale) {
        snprintf(part[FIGURES], sizeof(part[0]), "%.0f frames/s", (double)info->fps);
    }
    snprintf(part[6], sizeof(part[6]), "? keys");
    ink[FIGURES] = ink[6] = C_DIM;
    bool shown[PARTS];
    for (int k = 0; k < PARTS; k++) {
        enum mien_font_face font = k ? MIEN_FONT_TEXT : MIEN_FONT_BOLD;
        if (k == REASON) { // the cause and what helps: cut rather than left out
            mien_hud_shorten(d->font, font, fmaxf(room - w - gap, 0), part[k]);
        }
        float wide = mien_font_width(d->font, font, part[k]) + (k ? gap : 0);
        shown[k] = part[k][0] && w + wide <= room;
        w += shown[k] ? wide : 0;
    }
    struct mien_rect box = {l->area.x + m, l->area.y + m, w, HUD_LINE * ui};
    if (!shown[0] || !mien_hud_place(l, box)) {
        return;
    }
    panel(d, box, ui);
    float x = box.x + 18 * ui, y = box.y + 4 * ui;
    mien_draw_dot(d, box.x + 10 * ui, box.y + 11 * ui, 4 * ui, c);
    for (int k = 0; k < PARTS; k++) {
        if (shown[k]) {
            x = gap + mien_draw_label(
                          d, x, y, MIEN_PEN(k ? MIEN_FONT_TEXT : MIEN_FONT_BOLD, MIEN_LEFT, ink[k]),
                          part[k]);
        }
    }
}

// The first blendshapes of eyes, jaw, mouth, brows, and the rest.
static const int groups[] = {MIEN_BS_EYE_BLINK_LEFT, MIEN_BS_JAW_FORWARD, MIEN_BS_MOUTH_CLOSE,
                             MIEN_BS_BROW_DOWN_LEFT, MIEN_BS_CHEEK_PUFF};

static bool is_pair(int i) // i is the left one of a pair
{
    int j = mien_blendshape_mirror(i);
    const char *name = mien_blendshape_name(i);
    size_t n = strlen(name);
    return j > i && n > 4 && !strcmp(name + n - 4, "Left") && i != MIEN_BS_JAW_LEFT &&
           i != MIEN_BS_MOUTH_LEFT;
}

static bool is_second(int i)
{
    int j = mien_blendshape_mirror(i);
    return j >= 0 && j < i && is_pair(j);
}

static void number(struct mien_draw *d, float x, float y, enum mien_align align, float v)
{
    mien_draw_printf(d, x, y, MIEN_PEN(MIEN_FONT_SMALL, align, v >= 0.05f ? C_TEXT : C_FAINT),
                     "%.0f", 100 * (double)fminf(fmaxf(v, 0), 1));
}

// Marks the rows to show: all, or the strongest when there is room for fewer.
static int choose_rows(const float *v, int room, bool chosen[MIEN_BLENDSHAPES])
{
    float strength[MIEN_BLENDSHAPES];
    int rows = 0;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        chosen[i] = !is_second(i);
        strength[i] = v ? fmaxf(v[i], is_pair(i) ? v[mien_blendshape_mirror(i)] : 0) : 0;
        rows += chosen[i];
    }
    for (; rows > room; rows--) {
        int weakest = -1;
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            if (chosen[i] && (weakest < 0 || !(strength[i] >= strength[weakest]))) {
                weakest = i;
            }
        }
        chosen[weakest] = false;
    }
    return rows;
}

struct bar_form { // by the column's width
    bool numbers;
    float end, half; // from the right edge to the middle; of a bar
};

static struct bar_form bar_form(float w, float ui)
{
    const float all = HUD_COLUMN - 2 * 10, narrow = HUD_COLUMN_NARROW - 2 * 10;
    float wide = w / ui + 0.5f, half = 40 + 0.35f * fmaxf(wide - all, 0);
    return wide > all      ? (struct bar_form){true, half + 22, half}
           : wide > narrow ? (struct bar_form){false, 34, 32}
                           : (struct bar_form){false, 18, 16};
}

// Blendshape i of the values v (NULL: there is no face), in a row of the rectangle.
static void draw_bar_row(struct mien_draw *d, float ui, struct mien_rect r, const float *v, int i,
                         bool mirror)
{
    float x = r.x, y = r.y, w = r.w, step = r.h;
    const struct bar_form k = bar_form(w, ui);
    float middle = x + w - k.end * ui, half = k.half * ui;
    float text_dy = (step - d->font->height[MIEN_FONT_SMALL]) / 2;
    bool pair = is_pair(i);
    float a = v ? v[i] : 0, b = v && pair ? v[mien_blendshape_mirror(i)] : 0;
    char name[32];
    snprintf(name, sizeof(name), "%s", mien_blendshape_name(i));
    if (pair) {
        name[strlen(name) - 4] = 0; // "Left"
    }
    mien_hud_shorten(d->font, MIEN_FONT_SMALL,
                     middle - half - x - (k.numbers && pair ? 16 : 4) * ui, name);
    mien_draw_label(d, x, y + text_dy,
                    MIEN_PEN(MIEN_FONT_SMALL, MIEN_LEFT, fmaxf(a, b) >= 0.05f ? C_TEXT : C_DIM),
                    name);
    float h = fmaxf(3 * ui, step * 0.42f), by = y + (step - h) / 2;
    if (!pair) {
        mien_draw_bar(d, (struct mien_rect){middle - half - 1, by, 2 * half + 2, h}, a, false,
                      C_TRACK, C_WARM);
        if (k.numbers) {
            number(d, x + w, y + text_dy, MIEN_RIGHT, a);
        }
        return;
    }
    float seen_left = mirror ? a : b, seen_right = mirror ? b : a;
    mien_draw_bar(d, (struct mien_rect){middle - half - 1, by, half, h}, seen_left, true, C_TRACK,
                  C_ACCENT);
    mien_draw_bar(d, (struct mien_rect){middle + 1, by, half, h}, seen_right, false, C_TRACK,
                  C_ACCENT);
    if (k.numbers) {
        number(d, middle - half - 4 * ui, y + text_dy, MIEN_RIGHT, seen_left);
        number(d, x + w, y + text_dy, MIEN_RIGHT, seen_right);
    }
}

void mien_hud_bars(struct mien_draw *d, struct mien_layout *l, const struct mien_result *r, int i,
                   bool mirror)
{
    if (l->bars.w <= 0 || !mien_hud_place(l, l->bars)) {
        return;
    }
    float ui = l->ui, m = 10 * ui, w = l->bars.w - 2 * m, x = l->bars.x + m;
    const float *v = r->count > 0 ? r->face[i].blendshape : NULL;
    float head = 24 * ui, gap = 5 * ui;
    float space = l->bars.h - head - 8 * ui - gap * (float)MIEN_COUNT(groups);
    bool chosen[MIEN_BLENDSHAPES];
    int rows = choose_rows(v, (int)fmaxf(1, space / (11.5f * ui)), chosen);
    float step = fminf(space / (float)rows, 16 * ui);
    mien_draw_box(d, l->bars, 0, C_SIDE);
    const struct bar_form form = bar_form(w, ui);
    float y = l->bars.y + 6 * ui, middle = x + w - form.end * ui;
    char title[32] = "blendshapes";
    if (r->count > 1) {
        snprintf(title, sizeof(title), "face %d", r->face[i].id);
    }
    const char *seen_left = mirror ? "left" : "right", *seen_right = mirror ? "right" : "left";
    bool whole = form.half > 30;
    char letter[2][2] = {{seen_left[0], 0}, {seen_right[0], 0}};
    float apart = whole && form.numbers ? 0.55f * form.half : form.half / 2;
    mien_draw_label(d, middle - apart * ui, y + ui, MIEN_PEN(MIEN_FONT_SMALL, MIEN_CENTRE, C_DIM),
                    whole ? seen_left : letter[0]);
    mien_draw_label(d, middle + apart * ui, y + ui, MIEN_PEN(MIEN_FONT_SMALL, MIEN_CENTRE, C_DIM),
                    whole ? seen_right : letter[1]);
    mien_hud_shorten(d->font, MIEN_FONT_BOLD, middle - form.half * ui - x, title);
    mien_draw_label(
        d, x, y,
        MIEN_PEN(MIEN_FONT_BOLD, MIEN_LEFT, r->count > 1 ? mien_face_color(r->face[i].id) : C_TEXT),
        title);
    y = l->bars.y + head;
    int group = -1;
    for (int k = 0; k < MIEN_BLENDSHAPES; k++) {
        if (!chosen[k]) {
            continue;
        }
        int g = (int)MIEN_COUNT(groups) - 1;
        while (groups[g] > k) {
            g--;
        }
        if (g != group) {
            if (group >= 0) {
                mien_draw_box(d, (struct mien_rect){x, roundf(y + gap / 2), w, 1}, 0, C_TRACK);
            }
            y += gap;
            group = g;
        }
        draw_bar_row(d, ui, (struct mien_rect){x, y, w, step}, v, k, mirror);
        y += step;
    }
}

// What is said over the picture: notices, lamps, the sheet of keys.
#include "view/hud.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "view/palette.h"

enum { NOTICE_LINES = 5, NOTICE = 400 };

// Breaks text at blanks into lines no wider than `wide`; the ends of lines become 0. Returns the
// number of lines; what does not fit into them is left out.
static int wrap(struct mien_draw *d, char *text, float wide, char *line[NOTICE_LINES])
{
    int n = 0;
    for (char *p = text; *p && n < NOTICE_LINES;) {
        char *end = p + strcspn(p, " ");
        line[n++] = p;
        while (*end) {
            char *next = end + 1 + strcspn(end + 1, " "), after = *next;
            *next = 0;
            bool fits = mien_font_width(d->font, MIEN_FONT_BOLD, p) <= wide;
            *next = after;
            if (!fits) {
                break;
            }
            end = next;
        }
        p = *end ? end + 1 : end;
        *end = 0;
    }
    return n;
}

void mien_hud_notice(struct mien_draw *d, const struct mien_layout *l,
                     const struct mien_hud_info *info, bool below_panels)
{
    const char *said = info->notice && *info->notice ? info->notice
                       : info->paused                ? "paused: space goes on"
                                                     : NULL;
    if (!said) {
        return;
    }
    char text[NOTICE], *line[NOTICE_LINES];
    snprintf(text, sizeof(text), "%s", said);
    float ui = l->ui, w = 0, step = 17 * ui;
    int n = wrap(d, text, fmaxf(l->video.w - 60 * ui, 80 * ui), line);
    for (int i = 0; i < n; i++) {
        w = fmaxf(w, mien_font_width(d->font, MIEN_FONT_BOLD, line[i]) + 28 * ui);
    }
    float cx = l->video.x + l->video.w / 2, h = 28 * ui + step * (float)(n - 1);
    float y = l->video.y + (below_panels ? l->video.h * 0.5f : l->video.h - 16 * ui - h);
    struct mien_rect box = {cx - w / 2, y, w, h};
    mien_draw_box(d, box, 14 * ui, C_SOLID);
    mien_draw_frame(d, box, 14 * ui, 1, info->notice ? C_WARN : C_DIM);
    for (int i = 0; i < n; i++) {
        mien_draw_label(d, cx, y + 7 * ui + step * (float)i, MIEN_FONT_BOLD, MIEN_CENTRE, C_TEXT,
                        line[i]);
    }
}

// One under the other at the right edge, below the source's name.
void mien_hud_lamps(struct mien_draw *d, const struct mien_layout *l,
                    const struct mien_hud_info *info, bool below_panels)
{
    static const struct mien_color color[] = {
        [MIEN_LAMP_RECORD] = C_BAD,
        [MIEN_LAMP_FILE] = C_WARN,
        [MIEN_LAMP_NETWORK] = C_WARN,
        [MIEN_LAMP_CAMERA] = C_WARN,
    };
    float ui = l->ui, m = 8 * ui, y = l->area.y + m + (below_panels ? 24 * ui : 0);
    float right = l->area.x + l->area.w - m;
    for (int i = 0; i < info->lamps && i < MIEN_LAMPS; i++) {
        float w = mien_font_width(d->font, MIEN_FONT_SMALL, info->lamp[i].text) + 26 * ui;
        struct mien_rect box = {right - w, y, w, 20 * ui};
        mien_draw_box(d, box, 6 * ui, C_PANEL);
        mien_draw_dot(d, box.x + 11 * ui, y + 10 * ui, 4 * ui, color[info->lamp[i].kind]);
        mien_draw_label(d, box.x + 20 * ui, y + 4 * ui, MIEN_FONT_SMALL, MIEN_LEFT, C_TEXT,
                        info->lamp[i].text);
        y += 23 * ui;
    }
}

static const char *const keys[][2] = {
    {"m", "what is drawn: wireframe, shaded, textured, UV, normals, landmarks, nothing"},
    {"[ ]", "fainter, stronger"},
    {"g", "next thing to wear: glasses, hat …; G the one before; l its light"},
    {"e", "the whole head, or the face only"},
    {"p", "landmark points with their uncertainty"},
    {"a", "head axes and gaze"},
    {"h", "one line of state, all figures, or nothing"},
    {"b", "blendshape bars"},
    {"v", "live curves; V other channels"},
    {"x", "mirror (cameras are, at first)"},
    {"n", "take the present expression as neutral; N undoes it"},
    {"C", "learn your own range in ten seconds: at rest, then moving; P use it or not"},
    {"k", "set an event mark in records and report"},
    {"1-8", "so many faces are followed"},
    {"- +", "smoothing; , . field of view; t look twice; T another network"},
    {"o", "open a picture or video (or drop one here); d the demo clip; c next camera"},
    {"r", "record, stop recording; s saves a picture"},
    {"w", "what others get: picture with what is worn, alone, all that you see"},
    {"F5", "presentation: the window shows only that"},
    {"R", "begin, finish a report of the session"},
    {"space", "pause"},
    {"f", "full screen"},
    {"tab", "all settings; F10 or the mouse: menus"},
    {"?", "this sheet"},
    {"q Esc", "quit; asks while something is recorded; Esc leaves full screen first"},
};

int mien_hud_keys(const char *const (**list)[2])
{
    *list = keys;
    return (int)MIEN_COUNT(keys);
}

void mien_hud_help(struct mien_draw *d, const struct mien_layout *l)
{
    float ui = l->ui, m = 16 * ui, w = 0;
    float room = l->video.h - 2 * m - 26 * ui; // in a small window the lines move together
    float step = fminf(19 * ui, fmaxf(room / (float)MIEN_COUNT(keys), 14 * ui));
    for (size_t i = 0; i < MIEN_COUNT(keys); i++) {
        w = fmaxf(w, mien_font_width(d->font, MIEN_FONT_TEXT, keys[i][1]));
    }
    w += 2 * m + 66 * ui;
    float h = 2 * m + 26 * ui + step * (float)MIEN_COUNT(keys);
    float x = l->video.x + (l->video.w - w) / 2, y = l->video.y + (l->video.h - h) / 2;
    // Where the picture is narrower than the sheet it lies over the column, not off the window.
    x = fmaxf(x, l->area.x + 4 * ui);
    y = fmaxf(y, l->area.y + 4 * ui);
    struct mien_rect box = {x, y, w, h};
    mien_draw_box(d, box, 8 * ui, C_SOLID);
    mien_draw_frame(d, box, 8 * ui, 1, C_TRACK);
    y += m;
    mien_draw_label(d, x + m, y, MIEN_FONT_TITLE, MIEN_LEFT, C_TEXT, "Keys");
    y += 26 * ui;
    for (size_t i = 0; i < MIEN_COUNT(keys); i++) {
        mien_draw_label(d, x + m, y, MIEN_FONT_BOLD, MIEN_LEFT, C_ACCENT, keys[i][0]);
        mien_draw_label(d, x + m + 66 * ui, y, MIEN_FONT_TEXT, MIEN_LEFT, C_TEXT, keys[i][1]);
        y += step;
    }
}

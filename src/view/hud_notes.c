// What is said over the picture: notices, lamps, the sheet of keys.
#include "view/hud.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "view/hud_sizes.h"
#include "view/actions.h"
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

void mien_hud_notice(struct mien_draw *d, struct mien_layout *l, const struct mien_hud_info *info,
                     bool bare)
{
    float ui = l->ui, w = 0, step = 17 * ui;
    const char *said = info->notice && *info->notice ? info->notice : NULL;
    if (bare && info->paused) {
        float wide = mien_font_width(d->font, MIEN_FONT_TEXT, "paused") + 16 * ui;
        struct mien_rect sign = {l->area.x + HUD_MARGIN * ui, l->area.y + HUD_MARGIN * ui, wide,
                                 HUD_LINE * ui};
        if (mien_hud_place(l, sign)) {
            mien_draw_box(d, sign, 6 * ui, C_PANEL);
            mien_draw_label(d, sign.x + 8 * ui, sign.y + 4 * ui,
                            MIEN_PEN(MIEN_FONT_TEXT, MIEN_LEFT, C_TEXT), "paused");
        }
    }
    if (!said) {
        return;
    }
    char text[NOTICE], *line[NOTICE_LINES];
    snprintf(text, sizeof(text), "%s", said);
    float wide = fminf(l->area.w - (2 * HUD_MARGIN + 28) * ui, 400 * ui);
    int n = wrap(d, text, fmaxf(wide, 80 * ui), line);
    for (int i = 0; i < n; i++) {
        mien_hud_shorten(d->font, MIEN_FONT_BOLD, fmaxf(wide, 80 * ui), line[i]);
        w = fmaxf(w, mien_font_width(d->font, MIEN_FONT_BOLD, line[i]) + 28 * ui);
    }
    struct mien_rect box;
    float h = 28 * ui + step * (float)(n - 1);
    if (!mien_hud_place_toast(l, w, h, &box)) { // it is said all the same
        box = (struct mien_rect){l->area.x + (l->area.w - w) / 2, l->area.y + l->area.h - h, w, h};
    }
    mien_draw_box(d, box, 14 * ui, C_SOLID);
    mien_draw_frame(d, box, 14 * ui, 1, C_WARN);
    for (int i = 0; i < n; i++) {
        mien_draw_label(d, box.x + w / 2, box.y + 7 * ui + step * (float)i,
                        MIEN_PEN(MIEN_FONT_BOLD, MIEN_CENTRE, C_TEXT), line[i]);
    }
}

// One under the other at the right edge, below the source's name.
void mien_hud_lamps(struct mien_draw *d, struct mien_layout *l, const struct mien_hud_info *info)
{
    static const struct mien_color color[] = {
        [MIEN_LAMP_RECORD] = C_BAD,
        [MIEN_LAMP_FILE] = C_WARN,
        [MIEN_LAMP_NETWORK] = C_WARN,
        [MIEN_LAMP_CAMERA] = C_WARN,
    };
    float ui = l->ui, m = 8 * ui, y = l->area.y + m;
    float right = l->area.x + l->area.w - m;
    for (int i = 0; i < info->lamps && i < MIEN_LAMPS; i++) {
        char text[sizeof(info->lamp[0].text)];
        snprintf(text, sizeof(text), "%s", info->lamp[i].text);
        mien_hud_shorten(d->font, MIEN_FONT_SMALL, l->area.w - 2 * m - 26 * ui, text);
        float w = mien_font_width(d->font, MIEN_FONT_SMALL, text) + 26 * ui;
        struct mien_rect box = {right - w, y, w, 20 * ui};
        while (!mien_hud_place(l, box)) { // below what is there
            box.y += 2 * ui;
            if (box.y + box.h > l->area.y + l->area.h) {
                return;
            }
        }
        y = box.y;
        mien_draw_box(d, box, 6 * ui, C_PANEL);
        mien_draw_dot(d, box.x + 11 * ui, y + 10 * ui, 4 * ui, color[info->lamp[i].kind]);
        mien_draw_label(d, box.x + 20 * ui, y + 4 * ui,
                        MIEN_PEN(MIEN_FONT_SMALL, MIEN_LEFT, C_TEXT), text);
        y += 23 * ui;
    }
}

int mien_hud_help(struct mien_draw *d, const struct mien_layout *l, int page)
{
    const char *shown, *said;
    char text[MIEN_KEY_TEXT];
    int lines = 0;
    float ui = l->ui, w = 0, keys_w = 66 * ui;
    float high = l->window.h - 8 * ui, wide = l->window.w - 8 * ui;
    float m = fminf(16 * ui, 0.03f * fminf(wide, high)), head = 26 * ui, foot = 18 * ui;
    for (; (said = mien_key_line(lines, &shown, text)); lines++) {
        w = fmaxf(w, mien_font_width(d->font, MIEN_FONT_TEXT, said));
    }
    // In a small window the lines move together, and then there are pages.
    float room = high - 2 * m - head, step = fminf(19 * ui, fmaxf(room / (float)lines, 14 * ui));
    int rows = (int)(room / step), pages = 1;
    if (rows < lines) {
        rows = (int)fmaxf(1, (room - foot) / step);
        pages = (lines + rows - 1) / rows;
    }
    page = page < 1 ? 1 : page > pages ? pages : page;
    int first = (page - 1) * rows, last = first + rows < lines ? first + rows : lines;
    w = fminf(w + 2 * m + keys_w, wide);
    float h = 2 * m + head + step * (float)(pages > 1 ? rows : lines) + (pages > 1 ? foot : 0);
    float x = l->video.x + (l->video.w - w) / 2, y = l->window.y + (l->window.h - h) / 2;
    // Where the picture is narrower than the sheet it lies over the columns, not off the window.
    x = fmaxf(fminf(x, l->window.w - 4 * ui - w), 4 * ui);
    struct mien_rect box = {roundf(x), roundf(y), w, h};
    mien_draw_box(d, box, 8 * ui, C_SHEET);
    mien_draw_frame(d, box, 8 * ui, 1, C_TRACK);
    x = box.x + m;
    y = box.y + m;
    mien_draw_label(d, x, y, MIEN_PEN(MIEN_FONT_TITLE, MIEN_LEFT, C_TEXT), "Keys");
    y += head;
    for (int i = first; i < last; i++) {
        char put[MIEN_KEY_TEXT];
        said = mien_key_line(i, &shown, put);
        snprintf(text, sizeof(text), "%s", said);
        mien_hud_shorten(d->font, MIEN_FONT_TEXT, w - 2 * m - keys_w, text);
        mien_draw_label(d, x, y, MIEN_PEN(MIEN_FONT_BOLD, MIEN_LEFT, C_ACCENT), shown);
        mien_draw_label(d, x + keys_w, y, MIEN_PEN(MIEN_FONT_TEXT, MIEN_LEFT, C_TEXT), text);
        y += step;
    }
    if (pages > 1) {
        mien_draw_printf(d, x, box.y + h - m - foot + 4 * ui,
                         MIEN_PEN(MIEN_FONT_SMALL, MIEN_LEFT, C_DIM),
                         "page %d of %d: ? shows the next", page, pages);
    }
    return pages;
}

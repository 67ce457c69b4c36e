// Reads the JSON lines of a log and draws panels with image/draw.h.
#include "learn/curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "image/image.h"

enum { PANEL_W = 520, PANEL_H = 300, LEFT = 64, RIGHT = 12, TOP = 24, BOTTOM = 28 };

static const struct mien_rgb colours[8] = {
    {31, 119, 180},  {255, 127, 14}, {44, 160, 44},   {214, 39, 40},
    {148, 103, 189}, {140, 86, 75},  {227, 119, 194}, {90, 90, 90},
};

// The number after "name": within [line, end); false when the line has none.
static bool find_member(const char *line, const char *end, const char *name, double *out)
{
    char key[96];
    int n = snprintf(key, sizeof(key), "\"%s\":", name);
    const char *at = n > 0 ? memmem(line, (size_t)(end - line), key, (size_t)n) : NULL;
    if (!at) {
        return false;
    }
    char *stop;
    *out = strtod(at + n, &stop);
    return stop != at + n && isfinite(*out);
}

static const char *line_end(const char *p, const char *end)
{
    const char *n = memchr(p, '\n', (size_t)(end - p));
    return n ? n : end;
}

struct range {
    double x1, y0, y1;
    bool any;
};

static void measure(const char *log, const char *end, const struct mien_curve_panel *p,
                    struct range *r)
{
    for (const char *l = log; l < end; l = line_end(l, end) + 1) {
        const char *e = line_end(l, end);
        double x, y;
        for (int k = 0; k < 8 && p->member[k]; k++) {
            if (!find_member(l, e, "step", &x) || !find_member(l, e, p->member[k], &y) ||
                (p->logarithmic && !(y > 0))) {
                continue;
            }
            y = p->logarithmic ? log10(y) : y;
            r->y0 = r->any ? fmin(r->y0, y) : y;
            r->y1 = r->any ? fmax(r->y1, y) : y;
            r->x1 = fmax(r->x1, x);
            r->any = true;
        }
    }
    if (r->y1 - r->y0 < 1e-6) {
        r->y1 = r->y0 + 1;
    }
    r->x1 = fmax(r->x1, 1);
}

static void draw_panel(struct mien_image *im, int ox, int oy, const char *log, const char *end,
                       const struct mien_curve_panel *p)
{
    const struct mien_rgb ink = {40, 40, 40}, grid = {225, 225, 225};
    struct range r = {0};
    char text[64];
    measure(log, end, p, &r);
    float x0 = (float)(ox + LEFT), x1 = (float)(ox + PANEL_W - RIGHT);
    float y0 = (float)(oy + TOP), y1 = (float)(oy + PANEL_H - BOTTOM);
    mien_draw_text(im, ox + LEFT, oy + 8, 1, p->title, ink);
    for (int i = 0; i <= 4; i++) {
        float y = y1 + (y0 - y1) * (float)i / 4;
        double v = r.y0 + (r.y1 - r.y0) * i / 4;
        mien_draw_line(im, x0, y, x1, y, 1, grid, 1);
        snprintf(text, sizeof(text), "%8.3g", p->logarithmic ? pow(10, v) : v);
        mien_draw_text(im, ox + 8, (int)y - 5, 1, text, ink);
    }
    snprintf(text, sizeof(text), "step %.0f", r.x1);
    mien_draw_text(im, (int)x1 - 90, oy + 8, 1, text, ink);
    int legend = (int)x0;
    for (int k = 0; k < 8 && p->member[k]; k++) {
        bool have = false;
        float px = 0, py = 0;
        for (const char *l = log; l < end; l = line_end(l, end) + 1) {
            const char *e = line_end(l, end);
            double x, y;
            if (!find_member(l, e, "step", &x) || !find_member(l, e, p->member[k], &y) ||
                (p->logarithmic && !(y > 0))) {
                continue;
            }
            y = p->logarithmic ? log10(y) : y;
            float sx = x0 + (x1 - x0) * (float)(x / r.x1);
            float sy = y1 + (y0 - y1) * (float)((y - r.y0) / (r.y1 - r.y0));
            if (have) {
                mien_draw_line(im, px, py, sx, sy, 1.5f, colours[k], 0.9f);
            }
            px = sx;
            py = sy;
            have = true;
        }
        if (have) {
            legend += mien_draw_text(im, legend, (int)y1 + 8, 1, p->member[k], colours[k]) + 10;
        }
    }
}

bool mien_curves_draw(const char *log_path, const struct mien_curve_panel *panel, int panels,
                      const char *png_path)
{
    size_t size = 0;
    char *log = mien_file_read(log_path, 0, &size);
    if (!log) {
        return false;
    }
    struct mien_image im = {0};
    int rows = (panels + 1) / 2;
    bool ok = mien_image_create(&im, 2 * PANEL_W, rows * PANEL_H, MIEN_FORMAT_RGB8);
    if (ok) {
        memset(im.data, 255, im.stride * (size_t)im.height);
        for (int i = 0; i < panels; i++) {
            draw_panel(&im, i % 2 * PANEL_W, i / 2 * PANEL_H, log, log + size, &panel[i]);
        }
        ok = mien_png_save(png_path, &im);
    }
    mien_image_destroy(&im);
    mien_free(log);
    return ok;
}

bool mien_curves_trim_log(const char *log_path, long long step)
{
    size_t size = 0, kept = 0;
    char *log = mien_file_read(log_path, 0, &size);
    if (!log) {
        return false;
    }
    for (char *l = log, *end = log + size; l < end;) {
        const char *e = line_end(l, end);
        size_t n = (size_t)(e - l) + (e < end);
        double x;
        if (e < end && find_member(l, e, "step", &x) && x <= (double)step) {
            memmove(log + kept, l, n);
            kept += n;
        }
        l += n;
    }
    bool ok = mien_file_save(log_path, log, kept);
    mien_free(log);
    return ok;
}

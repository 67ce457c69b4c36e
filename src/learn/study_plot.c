// A study's pictures: bars with the seeds' spread, and loss curves.
#include "learn/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "image/image.h"

enum { PANEL_W = 560, ROW_H = 18, NAME_W = 190, MARGIN = 12, TITLE_H = 26, CURVE_H = 380 };

static const struct mien_rgb ink = {40, 40, 40}, grid = {215, 215, 215}, blue = {31, 119, 180},
                             red = {214, 80, 60};
static const struct mien_rgb colours[] = {
    {31, 119, 180}, {255, 127, 14},  {44, 160, 44}, {214, 39, 40},  {148, 103, 189},
    {140, 86, 75},  {227, 119, 194}, {90, 90, 90},  {188, 189, 34}, {23, 190, 207},
};

static double value_of(const struct mien_study_run *r, int seed, int column)
{
    return column < 0 ? r->delta_m[seed] : r->value[seed][column];
}

// Bars of one figure (column -1: delta-m), a row for each run that has it; each seed is a dot, the
// line is one standard deviation to both sides. Returns the rows; draws nothing when im is NULL.
static int draw_bars(struct mien_image *im, int ox, int oy, const struct mien_study *s, int column,
                     const char *title)
{
    double low = 0, high = 0;
    int rows = 0;
    for (int i = 0; i < s->runs; i++) {
        double x[MIEN_STUDY_SEEDS], mean, deviation;
        for (int k = 0; k < s->run[i].seeds; k++) {
            x[k] = value_of(&s->run[i], k, column);
            low = fmin(low, x[k]); // NAN is left out
            high = fmax(high, x[k]);
        }
        if (mien_study_spread(x, s->run[i].seeds, &mean, &deviation)) {
            deviation = isnan(deviation) ? 0 : deviation;
            low = fmin(low, mean - deviation);
            high = fmax(high, mean + deviation);
            rows++;
        }
    }
    if (!im || !rows) {
        return rows;
    }
    const double span = high - low > 1e-9 ? high - low : 1;
    const float x0 = (float)(ox + NAME_W), width = (float)(PANEL_W - NAME_W - 2 * MARGIN - 60);
    const float zero = x0 + width * (float)((0 - low) / span);
    mien_draw_text(im, ox + MARGIN, oy + 8, 1, title, ink);
    int row = 0;
    for (int i = 0; i < s->runs; i++) {
        const struct mien_study_run *r = &s->run[i];
        double x[MIEN_STUDY_SEEDS], mean, deviation;
        for (int k = 0; k < r->seeds; k++) {
            x[k] = value_of(r, k, column);
        }
        if (!mien_study_spread(x, r->seeds, &mean, &deviation)) {
            continue;
        }
        const float y = (float)(oy + TITLE_H + row++ * ROW_H);
        const float at = x0 + width * (float)((mean - low) / span);
        struct mien_rgb c = column < 0 && mean < 0 ? red : blue;
        mien_draw_rect(im, fminf(zero, at), y + 3, fmaxf(zero, at), y + ROW_H - 4, c, 0.55f);
        if (!isnan(deviation)) {
            float d = width * (float)(deviation / span);
            mien_draw_line(im, at - d, y + ROW_H / 2.f, at + d, y + ROW_H / 2.f, 1.5f, ink, 1);
        }
        for (int k = 0; k < r->seeds; k++) {
            if (!isnan(x[k])) {
                mien_draw_disc(im, x0 + width * (float)((x[k] - low) / span), y + ROW_H / 2.f, 2.2f,
                               ink, 0.8f);
            }
        }
        char text[32];
        snprintf(text, sizeof(text), "%.4g", mean);
        mien_draw_text(im, (int)(x0 + width) + 10, (int)y + 4, 1, text, ink);
        snprintf(text, sizeof(text), "%.28s", r->name);
        mien_draw_text(im, ox + MARGIN, (int)y + 4, 1, text, ink);
    }
    mien_draw_line(im, zero, (float)(oy + TITLE_H), zero, (float)(oy + TITLE_H + rows * ROW_H), 1,
                   ink, 1);
    return rows;
}

static bool plot_bars(const struct mien_study *s, const char *path)
{
    int panel[MIEN_STUDY_COLUMNS + 1], panels = 0, tallest = 0;
    for (int c = -1; c < mien_study_columns(); c++) {
        int rows = draw_bars(NULL, 0, 0, s, c, "");
        if (rows) {
            panel[panels++] = c;
            tallest = rows > tallest ? rows : tallest;
        }
    }
    int height = TITLE_H + tallest * ROW_H + MARGIN, down = (panels + 1) / 2;
    struct mien_image im = {0};
    if (!panels) {
        return true; // nothing is finished yet
    }
    if (!mien_image_create(&im, 2 * PANEL_W, down * height, MIEN_FORMAT_RGB8)) {
        return false;
    }
    memset(im.data, 255, im.stride * (size_t)im.height);
    for (int i = 0; i < panels; i++) {
        char title[80];
        snprintf(title, sizeof(title), "%s",
                 panel[i] < 0 ? "delta-m, % against single tasks: positive is better"
                              : mien_study_column(panel[i]));
        draw_bars(&im, i % 2 * PANEL_W, i / 2 * height, s, panel[i], title);
    }
    bool ok = mien_png_save(path, &im);
    mien_image_destroy(&im);
    return ok;
}

enum { POINTS = 512 };

struct curve {
    double x[POINTS], y[POINTS];
    int n;
};

// One member of a log, logarithms.
static void read_curve(const char *path, const char *member, struct curve *c)
{
    size_t size = 0;
    char key[64];
    c->n = 0;
    char *log = mien_file_exists(path) ? mien_file_read(path, 0, &size) : NULL;
    snprintf(key, sizeof(key), "\"%s\":", member);
    for (char *line = log, *next; line && *line && c->n < POINTS; line = next) {
        next = strchr(line, '\n');
        if (next) {
            *next++ = 0;
        }
        const char *step = strstr(line, "\"step\":"), *at = strstr(line, key);
        if (step && at) {
            double y = strtod(at + strlen(key), NULL);
            if (isfinite(y) && y > 0) {
                c->x[c->n] = strtod(step + 7, NULL);
                c->y[c->n++] = log10(y);
            }
        }
    }
    mien_free(log);
}

// The training loss of each task, all runs' first seeds.
static bool plot_curves(const struct mien_study *s, const char *out, const char *path)
{
    static const char *const members[MIEN_STUDY_TASKS] = {
        "landmarks", "pose", "identity", "blendshapes", "expression", "gaze",
    };
    const int legend = 14 * s->runs + MARGIN, height = MIEN_STUDY_TASKS / 2 * CURVE_H + legend;
    int panels = 0; // tasks that nobody learned have none
    struct mien_image im = {0};
    struct curve *all = mien_calloc((size_t)s->runs, sizeof(*all));
    if (!all || !mien_image_create(&im, 2 * PANEL_W, height, MIEN_FORMAT_RGB8)) {
        mien_free(all);
        return false;
    }
    memset(im.data, 255, im.stride * (size_t)im.height);
    for (int m = 0; m < MIEN_STUDY_TASKS; m++) {
        double x1 = 1, y0 = INFINITY, y1 = -INFINITY;
        for (int i = 0; i < s->runs; i++) {
            char folder[1024], log[1100];
            mien_study_folder(&s->run[i], 0, out, folder, sizeof(folder));
            snprintf(log, sizeof(log), "%s/log.jsonl", folder);
            read_curve(log, members[m], &all[i]);
            for (int k = 0; k < all[i].n; k++) {
                x1 = fmax(x1, all[i].x[k]);
                y0 = fmin(y0, all[i].y[k]);
                y1 = fmax(y1, all[i].y[k]);
            }
        }
        if (!(y1 >= y0)) {
            continue;
        }
        const float ox = (float)(panels % 2 * PANEL_W + 64);
        const float oy = (float)(panels / 2 * CURVE_H + TITLE_H);
        const float w = PANEL_W - 64 - MARGIN, h = CURVE_H - TITLE_H - 24;
        char text[80];
        snprintf(text, sizeof(text), "%s: training loss / mean predictor's", members[m]);
        mien_draw_text(&im, (int)ox, (int)oy - 16, 1, text, ink);
        panels++;
        y1 = fmax(y1, y0 + 0.01);
        for (int i = 0; i <= 4; i++) {
            float y = oy + h - h * (float)i / 4;
            mien_draw_line(&im, ox, y, ox + w, y, 1, grid, 1);
            snprintf(text, sizeof(text), "%8.3g", pow(10, y0 + (y1 - y0) * i / 4));
            mien_draw_text(&im, (int)ox - 56, (int)y - 5, 1, text, ink);
        }
        snprintf(text, sizeof(text), "step %.0f", x1);
        mien_draw_text(&im, (int)(ox + w) - 80, (int)(oy + h) + 6, 1, text, ink);
        for (int i = 0; i < s->runs; i++) {
            for (int k = 1; k < all[i].n; k++) {
                mien_draw_line(&im, ox + w * (float)(all[i].x[k - 1] / x1),
                               oy + h - h * (float)((all[i].y[k - 1] - y0) / (y1 - y0)),
                               ox + w * (float)(all[i].x[k] / x1),
                               oy + h - h * (float)((all[i].y[k] - y0) / (y1 - y0)), 1.5f,
                               colours[(size_t)i % MIEN_COUNT(colours)], 0.9f);
            }
        }
    }
    for (int i = 0; i < s->runs; i++) {
        mien_draw_text(&im, 64, (panels + 1) / 2 * CURVE_H + 14 * i, 1, s->run[i].name,
                       colours[(size_t)i % MIEN_COUNT(colours)]);
    }
    im.height = (panels + 1) / 2 * CURVE_H + legend; // what is drawn
    bool ok = mien_png_save(path, &im);
    mien_image_destroy(&im);
    mien_free(all);
    return ok;
}

bool mien_study_plot(const struct mien_study *s, const char *out)
{
    char bars[1200], curves[1200];
    snprintf(bars, sizeof(bars), "%s/bars.png", out);
    snprintf(curves, sizeof(curves), "%s/curves.png", out);
    bool ok = plot_bars(s, bars);
    return plot_curves(s, out, curves) && ok;
}

// The report as one HTML page: inline SVG, nothing fetched (its policy forbids it); follows the
// reader's light or dark setting. It is whole without scripts. Its own one (assets/web/report.js)
// zooms, says values, compares; it finds plots by their data attributes:
//
// svg data-face (of the list), data-height, data-left; in it path data-channel with data-low and
// data-high (a curve), data-range (from least to greatest), data-bad, data-blinks; g data-classes,
// data-times, data-marks.
#include "sink/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/name.h"
#include "base/version.h"
#include "sink/sinks.h"

enum { WIDE = 960, LEFT = 44 };

static const char style[] =
    ":root{--bg:#fcfcfb;--fg:#1d2329;--dim:#66707a;--line:#d9dde1;--card:#fff;--a:#0b7a75;--b:#"
    "c8553d;"
    "--c:#5b5fc7;--mark:#b7791f;color-scheme:light dark}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14181c;--fg:#e4e8eb;--dim:#98a2ab;--line:#"
    "333b42;"
    "--card:#1b2127;--a:#4cc9bf;--b:#f08a72;--c:#9fa3ff;--mark:#e0b155}}"
    "body{margin:0 auto;padding:24px;max-width:1010px;background:var(--bg);color:var(--fg);"
    "font:15px/1.5 system-ui,sans-serif}h1{font-size:26px;margin:0}h2{font-size:21px;margin:34px 0 "
    "6px;"
    "border-top:1px solid var(--line);padding-top:20px}h3{font-size:16px;margin:26px 0 4px}"
    "p,.dim{color:var(--dim);margin:2px 0 "
    "8px}.tiles{display:flex;flex-wrap:wrap;gap:10px;margin:12px 0}"
    ".tile{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:8px 14px;"
    "min-width:118px}.tile b{display:block;font-size:21px}.tile "
    "span{color:var(--dim);font-size:13px}"
    "svg{display:block;width:100%;height:auto}svg text{fill:var(--dim);font-size:11px}"
    ".grid{stroke:var(--line)}.mark{stroke:var(--mark);stroke-dasharray:3 3}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th{text-align:"
    "left;"
    "color:var(--dim);font-weight:500}td,th{padding:3px 14px 3px 0;border-bottom:1px solid "
    "var(--line)}"
    ".many{display:grid;grid-template-columns:repeat(auto-fill,minmax(225px,1fr));gap:4px 18px}"
    ".many div{font-size:13px}.many span{float:right;color:var(--dim)}"
    "#tools{position:sticky;top:0;background:var(--bg);z-index:1;padding:6px "
    "0;display:flex;flex-wrap:wrap;gap:4px 8px;align-items:center}#tools:empty{display:none}"
    "button,select,input{font:inherit;font-size:13px}.plot{cursor:crosshair;touch-action:pan-y}"
    "#say{position:fixed;pointer-events:none;background:var(--card);border:1px solid "
    "var(--line);border-radius:6px;padding:4px 8px;font-size:12px;z-index:2;white-space:pre}"
    ".cross{stroke:var(--fg);opacity:.5}.drag{fill:var(--fg);opacity:.12}#marks "
    "tr{cursor:pointer}td.n,th.n{text-align:right}"
    ".key span{white-space:nowrap}.key "
    "i{display:inline-block;width:11px;height:11px;border-radius:3px;margin:0 5px 0 14px}"
    "@media print{body{max-width:none}}";

// One colour a class that is told apart on white and on black, also with red-green blindness (after
// Okabe and Ito 2008).
static const char *const colour[MIEN_EXPRESSIONS] = {"#8a939b", "#e69f00", "#3d74c4", "#56b4e9",
                                                     "#8e6cc0", "#009e73", "#d55e00", "#cc79a7"};

static void put(struct mien_text *t, const char *s)
{
    fputs(s, t->file);
}

static void write_number(struct mien_text *t, double v, int digits)
{
    mien_text_number(t, v, digits, "0");
}

static void clock_text(struct mien_text *t, double s)
{
    if (s >= 60) {
        fprintf(t->file, "%d:%02d", (int)(s / 60), (int)fmod(s, 60));
    } else {
        write_number(t, s, 1);
        put(t, " s");
    }
}

static void write_tile(struct mien_text *t, double v, int digits, const char *unit,
                       const char *what)
{
    put(t, "<div class=tile><b>");
    write_number(t, v, digits);
    fprintf(t->file, "%s</b><span>%s</span></div>", unit, what);
}

static double length_s(const struct mien_report *r)
{
    return fmax(r->last_s - r->start_s, 1e-3);
}

static double x_of(const struct mien_report *r, double t)
{
    return LEFT + (WIDE - LEFT) * (t - r->start_s) / length_s(r);
}

static int bins(const struct mien_report *r)
{
    int n = (int)(length_s(r) / r->bin_s) + 1;
    return n < MIEN_REPORT_BINS ? n : MIEN_REPORT_BINS;
}

static double bin_x(const struct mien_report *r, int i)
{
    return fmin(WIDE, x_of(r, r->start_s + (i + 0.5) * r->bin_s));
}

static int place_of(const struct mien_report *r, const struct mien_report_person *p)
{
    int i = 0;
    while (i + 1 < r->people && r->person[i] != p) {
        i++;
    }
    return i;
}

// A plot's frame: value lines, times below, event marks.
struct plot { // of one person over the session
    const struct mien_report *r;
    const struct mien_report_person *p;
    struct mien_text *t;
    int height;
    double lo, hi;      // of what it shows
    double x0, x_scale; // where its left edge is, and its width against that of a large one
};

static struct plot make_plot(const struct mien_report *r, const struct mien_report_person *p,
                             struct mien_text *t, int height, double lo, double hi)
{
    return (struct plot){r, p, t, height, lo, hi, LEFT, 1};
}

// A large one with a line every `step`.
static void open_plot(const struct plot *plot, double step, const char *unit)
{
    const struct mien_report *r = plot->r;
    struct mien_text *t = plot->t;
    const int height = plot->height;
    const double lo = plot->lo, hi = plot->hi;
    fprintf(t->file,
            "<svg class=plot data-face=%d data-height=%d data-left=%d viewBox=\"0 0 %d %d\">",
            place_of(r, plot->p), height, LEFT, WIDE, height + 18);
    for (double v = lo; v <= hi + 1e-9 && step > 0; v += step) {
        double y = height - (v - lo) / (hi - lo) * height;
        fprintf(t->file, "<line class=grid x1=%d x2=%d y1=", LEFT, WIDE);
        write_number(t, y, 1);
        put(t, " y2=");
        write_number(t, y, 1);
        put(t, " /><text x=38 text-anchor=end y=");
        write_number(t, fmin(height - 1, fmax(9, y + 4)), 1);
        put(t, " >");
        write_number(t, v, step < 1 ? 1 : 0);
        fprintf(t->file, "%s</text>", unit);
    }
    static const double steps[] = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200};
    size_t k = 0;
    while (k + 1 < MIEN_COUNT(steps) && length_s(r) / steps[k] > 12) {
        k++;
    }
    put(t, "<g data-times>");
    for (int i = 0; i * steps[k] <= length_s(r) && i < 100; i++) {
        put(t, "<text text-anchor=middle x=");
        write_number(t, fmin(WIDE - 14, x_of(r, r->start_s + i * steps[k])), 1);
        fprintf(t->file, " y=%d>", height + 14);
        int s = (int)(i * steps[k]);
        fprintf(t->file, "%d:%02d</text>", s / 60, s % 60);
    }
    put(t, "</g><g data-marks>");
    for (int i = 0; i < r->marks; i++) {
        put(t, "<line class=mark x1=");
        write_number(t, x_of(r, r->mark[i].at_s), 1);
        put(t, " x2=");
        write_number(t, x_of(r, r->mark[i].at_s), 1);
        fprintf(t->file, " y1=0 y2=%d /><text x=", height);
        write_number(t, x_of(r, r->mark[i].at_s) + 3, 1);
        fprintf(t->file, " y=10>%d</text>", r->mark[i].number);
    }
    put(t, "</g>");
}

static int samples(const struct mien_report_bin *b, int channel)
{
    bool gaze = channel == MIEN_CHANNEL_GAZE_YAW || channel == MIEN_CHANNEL_GAZE_PITCH;
    return gaze ? b->looks : b->samples;
}

static double mean_of(const struct mien_report_bin *b, int channel)
{
    return b->sum[channel] / samples(b, channel);
}

// A channel's means as a path; where nothing was seen the line is broken.
static void draw_curve(const struct plot *plot, int channel, const char *ink)
{
    const struct mien_report *r = plot->r;
    const struct mien_report_person *p = plot->p;
    struct mien_text *t = plot->t;
    const double lo = plot->lo, hi = plot->hi;
    bool pen = false;
    fprintf(t->file, "<path data-channel=%d data-low=", channel);
    write_number(t, lo, 2);
    put(t, " data-high=");
    write_number(t, hi, 2);
    fprintf(t->file, " fill=none stroke=\"%s\" stroke-width=1.4 d=\"", ink);
    for (int i = 0, n = bins(r); i < n; i++) {
        if (!samples(&p->bin[i], channel)) {
            // One empty bin is the frames' rate beating with the bins'; a shut eye is a gap.
            pen = pen && !p->bin[i].samples && i + 1 < n && samples(&p->bin[i + 1], channel);
            continue;
        }
        double v = fmin(hi, fmax(lo, mean_of(&p->bin[i], channel)));
        fputc(pen ? 'L' : 'M', t->file);
        write_number(t, plot->x0 + (bin_x(r, i) - LEFT) * plot->x_scale, 1);
        fputc(' ', t->file);
        write_number(t, plot->height - (v - lo) / (hi - lo) * plot->height, 1);
        pen = true;
    }
    put(t, "\"/>");
}

static void write_shares(const struct mien_report *r, const struct mien_report_person *p,
                         struct mien_text *t)
{
    double total = 0;
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        total += p->share[i];
    }
    put(t, "<h3>Expression</h3><p>Share of the time, weighted by probability.</p>");
    fprintf(t->file, "<svg viewBox=\"0 0 %d 26\">", WIDE);
    double x = 0;
    for (int i = 0; i < MIEN_EXPRESSIONS && total > 0; i++) {
        double w = WIDE * p->share[i] / total;
        put(t, "<rect y=0 height=26 x=");
        write_number(t, x, 1);
        put(t, " width=");
        write_number(t, w, 1);
        fprintf(t->file, " fill=\"%s\"><title>%s</title></rect>", colour[i],
                mien_expression_name(i));
        x += w;
    }
    put(t, "</svg><p class=key>");
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        fprintf(t->file, "<span><i style=\"background:%s\"></i>%s ", colour[i],
                mien_expression_name(i));
        write_number(t, total > 0 ? 100 * p->share[i] / total : 0, 1);
        put(t, " %</span> ");
    }
    put(t, "</p>");
    // Over time, stacked.
    const struct plot plot = make_plot(r, p, t, 150, 0, 1);
    open_plot(&plot, 0.5, "");
    put(t, "<g data-classes>");
    for (int i = 0, n = bins(r); i < n; i++) {
        const struct mien_report_bin *b = &p->bin[i];
        double w = fmax(0.5, (WIDE - LEFT) * r->bin_s / length_s(r)), y = 150;
        for (int c = 0; c < MIEN_EXPRESSIONS && b->samples; c++) {
            double h = 150 * fmax(0, mean_of(b, MIEN_CHANNEL_EXPRESSION + c));
            y -= h;
            if (h < 0.5) {
                continue;
            }
            put(t, "<path fill=\"");
            put(t, colour[c]);
            put(t, "\" d=\"M");
            write_number(t, fmin(WIDE - w, bin_x(r, i) - w / 2), 1);
            fputc(' ', t->file);
            write_number(t, fmax(0, y), 1);
            put(t, "h");
            write_number(t, w + 0.2, 1);
            put(t, "v");
            write_number(t, fmin(h, 150), 1);
            put(t, "h-");
            write_number(t, w + 0.2, 1);
            put(t, "z\"/>");
        }
    }
    put(t, "</g></svg>");
}

static void write_episodes(const struct mien_report *r, const struct mien_report_person *p,
                           struct mien_text *t)
{
    put(t, "<h3>Episodes</h3><p>A class other than neutral rises above 50 % and stays above 35 % "
           "for at least 0.3 s.</p>");
    if (!p->shown) {
        put(t, "<p>None.</p>");
        return;
    }
    if (p->shown > 12) {
        fprintf(t->file, "<details><summary>%d episodes</summary>", p->shown);
    }
    put(t, "<table><tr><th>begins<th>lasts<th>expression<th>peak<th>mean</tr>");
    for (int i = 0; i < p->shown; i++) {
        const struct mien_report_episode *e = &p->episode[i];
        put(t, "<tr><td>");
        clock_text(t, e->start_s - r->start_s);
        put(t, "<td>");
        clock_text(t, e->end_s - e->start_s);
        fprintf(t->file, "<td>%s<td>", mien_expression_name(e->expression));
        write_number(t, e->peak, 2);
        put(t, "<td>");
        write_number(t, e->sum / (float)e->samples, 2);
        put(t, "</tr>");
    }
    put(t, "</table>");
    if (p->episodes_dropped) {
        fprintf(t->file, "<p>%d later ones are left out of this table.</p>", p->episodes_dropped);
    }
    put(t, p->shown > 12 ? "</details>" : "");
}

static double per_minute(const struct mien_report_person *p, double count)
{
    return p->seconds > 0 ? 60 * count / p->seconds : 0;
}

static void write_blinks(const struct mien_report *r, const struct mien_report_person *p,
                         struct mien_text *t)
{
    put(t, "<h3>Blinks and eyes</h3><div class=tiles>");
    write_tile(t, p->blinks, 0, "", "blinks");
    write_tile(t, per_minute(p, p->blinks), 1, "", "a minute");
    write_tile(t, p->blinks ? 1000 * p->blink_s / p->blinks : 0, 0, " ms", "mean duration");
    write_tile(t, p->long_closures, 0, "", "times closed for over 0.5 s");
    write_tile(t, p->gaze_total_s > 0 ? 100 * p->gaze_camera_s / p->gaze_total_s : 0, 0, " %",
               "looking within 10° of the camera");
    put(t, "</div><p>Closing of the eyes; a tick for every blink.</p>");
    const struct plot plot = make_plot(r, p, t, 80, 0, 1);
    open_plot(&plot, 0.5, "");
    draw_curve(&plot, MIEN_BS_EYE_BLINK_LEFT, "var(--a)");
    draw_curve(&plot, MIEN_BS_EYE_BLINK_RIGHT, "var(--c)");
    put(t, "<path data-blinks stroke=\"var(--b)\" d=\"");
    for (int i = 0; i < p->blinks && i < MIEN_REPORT_BLINKS; i++) {
        put(t, "M");
        write_number(t, x_of(r, p->blink_at_s[i]), 1);
        put(t, " 0v9");
    }
    put(t, "\"/></svg><p class=key><i style=\"background:var(--a)\"></i>left eye<i "
           "style=\"background:var(--c)\"></i>right eye<i "
           "style=\"background:var(--b)\"></i>blink</p>");
}

static void write_movement(const struct mien_report *r, const struct mien_report_person *p,
                           struct mien_text *t)
{
    static const char *const name[] = {"yaw", "pitch", "roll"};
    static const char *const ink[] = {"var(--a)", "var(--b)", "var(--c)"};
    put(t, "<h3>Head</h3><p>Degrees: yaw to the picture's right, pitch up, roll clockwise.</p><div "
           "class=tiles>");
    for (int i = 0; i < 3; i++) {
        const struct mien_report_spread *s = &p->spread[MIEN_CHANNEL_YAW + i];
        put(t, "<div class=tile><b>");
        write_number(t, s->mean, 1);
        put(t, " ± ");
        write_number(t, s->n > 1 ? sqrt(s->m2 / (double)(s->n - 1)) : 0, 1);
        fprintf(t->file, "°</b><span>%s, ", name[i]);
        write_number(t, s->low, 0);
        put(t, " to ");
        write_number(t, s->high, 0);
        put(t, "</span></div>");
    }
    write_tile(t, p->spread[MIEN_CHANNEL_SPEED].mean, 1, " °/s", "mean speed of turning");
    write_tile(t, p->path_deg, 0, "°", "total turning");
    put(t, "</div>");
    double most = 10;
    for (int i = 0; i < 3; i++) {
        const struct mien_report_spread *s = &p->spread[MIEN_CHANNEL_YAW + i];
        most = fmax(most, fmax(fabs(s->low), fabs(s->high)));
    }
    double step = most > 45 ? 30 : most > 20 ? 20 : 10;
    most = step * ceil(most / step);
    const struct plot plot = make_plot(r, p, t, 150, -most, most);
    open_plot(&plot, step, "°");
    for (int i = 0; i < 3; i++) {
        draw_curve(&plot, MIEN_CHANNEL_YAW + i, ink[i]);
    }
    put(t, "</svg><p class=key>");
    for (int i = 0; i < 3; i++) {
        fprintf(t->file, "<i style=\"background:%s\"></i>%s", ink[i], name[i]);
    }
    put(t, "</p>");
}

static void write_gaze(const struct mien_report *r, const struct mien_report_person *p,
                       struct mien_text *t)
{
    double most = 1e-9;
    for (int y = 0; y < MIEN_REPORT_GAZE_H; y++) {
        for (int x = 0; x < MIEN_REPORT_GAZE_W; x++) {
            most = fmax(most, p->gaze_s[y][x]);
        }
    }
    put(t, "<h3>Gaze</h3><p>Where both eyes look, seen from the camera, which is in the middle: "
           "yaw −40° to 40°, pitch −30° to 30°; darker is longer. Then over time.</p>");
    fprintf(t->file,
            "<svg viewBox=\"0 0 %d %d\" style=\"max-width:420px\"><rect class=grid "
            "fill=none width=%d height=%d />",
            MIEN_REPORT_GAZE_W * 10, MIEN_REPORT_GAZE_H * 10, MIEN_REPORT_GAZE_W * 10,
            MIEN_REPORT_GAZE_H * 10);
    for (int y = 0; y < MIEN_REPORT_GAZE_H; y++) {
        for (int x = 0; x < MIEN_REPORT_GAZE_W; x++) {
            if (p->gaze_s[y][x] > 0) {
                fprintf(t->file,
                        "<rect x=%d y=%d width=10 height=10 fill=\"var(--a)\" opacity=", 10 * x,
                        10 * y);
                write_number(t, 0.08 + 0.92 * sqrt(p->gaze_s[y][x] / most), 2);
                put(t, " />");
            }
        }
    }
    fprintf(t->file, "<path stroke=\"var(--b)\" d=\"M%d %dh12m-6-6v12\"/></svg>",
            MIEN_REPORT_GAZE_W * 5 - 6, MIEN_REPORT_GAZE_H * 5);
    const struct plot plot = make_plot(r, p, t, 100, -40, 40);
    open_plot(&plot, 20, "°");
    draw_curve(&plot, MIEN_CHANNEL_GAZE_YAW, "var(--a)");
    draw_curve(&plot, MIEN_CHANNEL_GAZE_PITCH, "var(--b)");
    put(t, "</svg><p class=key><i style=\"background:var(--a)\"></i>yaw<i "
           "style=\"background:var(--b)\"></i>pitch</p>");
}

static void write_quality(const struct mien_report *r, const struct mien_report_person *p,
                          struct mien_text *t)
{
    static const char *const ink[] = {"var(--a)", "var(--b)", "var(--c)"};
    put(t, "<h3>Quality of the measurement</h3><p>Usable: the face is whole in the picture, at "
           "least 60 px across, neither dark nor glaring, and the uncertainty of its landmarks is "
           "at most 4 % of its size. Tables have the same in the columns face_px, light, "
           "uncertainty, usable.</p><div class=tiles>");
    write_tile(t, p->seconds > 0 ? 100 * p->usable_s / p->seconds : 0, 0, " %",
               "of the time usable");
    write_tile(t, p->spread[MIEN_CHANNEL_FACE_PX].mean, 0, " px", "mean size of the face");
    write_tile(t, p->spread[MIEN_CHANNEL_LIGHT].mean, 0, "", "mean light, 0 to 255");
    write_tile(t, p->spread[MIEN_CHANNEL_UNCERTAINTY].mean, 1, " %", "mean uncertainty");
    put(t, "</div>");
    struct plot plot = make_plot(r, p, t, 80, 0, 100);
    open_plot(&plot, 50, " %");
    put(t, "<path data-bad class=bad fill=\"var(--b)\" opacity=.25 d=\"");
    for (int i = 0, n = bins(r); i < n; i++) { // stretches to be left out
        if (p->bin[i].samples && mean_of(&p->bin[i], MIEN_CHANNEL_USABLE) < 0.5) {
            double w = fmax(0.5, (WIDE - LEFT) * r->bin_s / length_s(r));
            put(t, "M");
            write_number(t, fmin(WIDE - w, bin_x(r, i) - w / 2), 1);
            put(t, " 0h");
            write_number(t, w + 0.2, 1);
            put(t, "v80h-");
            write_number(t, w + 0.2, 1);
            put(t, "z");
        }
    }
    put(t, "\"/>");
    double large = fmax(1, p->spread[MIEN_CHANNEL_FACE_PX].high);
    static const int channel[3] = {MIEN_CHANNEL_FACE_PX, MIEN_CHANNEL_LIGHT,
                                   MIEN_CHANNEL_UNCERTAINTY};
    const double full[3] = {large, 255, 10};
    for (int i = 0; i < 3; i++) {
        plot.hi = full[i];
        draw_curve(&plot, channel[i], ink[i]);
    }
    put(t, "</svg><p class=key><i style=\"background:var(--a)\"></i>size, of the largest");
    put(t, "<i style=\"background:var(--b)\"></i>light<i style=\"background:var(--c)\"></i>"
           "uncertainty, of 10 %; shaded: not usable</p>");
}

// A small curve 0…1 with its range behind it; part: one or two channels that are averaged.
static void write_small(const struct mien_report *r, const struct mien_report_person *p,
                        struct mien_text *t, const int part[2], const char *name)
{
    int parts = part[1] < 0 ? 1 : 2;
    double mean = 0;
    for (int k = 0; k < parts; k++) {
        mean += p->spread[part[k]].mean / parts;
    }
    fprintf(t->file, "<div>%s<span>", name);
    write_number(t, mean, 2);
    put(t, "</span>");
    fprintf(t->file, "<svg class=plot data-face=%d data-height=33 data-left=0 ", place_of(r, p));
    put(t, "viewBox=\"0 0 225 34\"><line class=grid x2=225 y1=33.5 y2=33.5 />");
    double scale = 225.0 / (WIDE - LEFT);
    if (parts == 1) {
        fprintf(t->file, "<path data-range=%d stroke=\"var(--a)\" opacity=.3 d=\"", part[0]);
        for (int i = 0, n = bins(r); i < n; i++) {
            const struct mien_report_bin *b = &p->bin[i];
            if (b->samples > 1 && b->high[part[0]] - b->low[part[0]] > 0.02f) {
                put(t, "M");
                write_number(t, (bin_x(r, i) - LEFT) * scale, 1);
                fputc(' ', t->file);
                write_number(t, 33 - 33 * fmin(1, b->high[part[0]]), 1);
                put(t, "V");
                write_number(t, 33 - 33 * fmax(0, b->low[part[0]]), 1);
            }
        }
        put(t, "\"/>");
    }
    const struct plot plot = {r, p, t, 33, 0, 1, 0, scale};
    for (int k = 0; k < parts; k++) {
        draw_curve(&plot, part[k], k ? "var(--c)" : "var(--a)");
    }
    put(t, "</svg></div>");
}

static void write_shapes(const struct mien_report *r, const struct mien_report_person *p,
                         struct mien_text *t)
{
    char name[80];
    put(t, "<h3>Action units</h3><p>Read out of the blendshapes, 0 to 1; where there are two "
           "sides, left and right. The number is the mean.</p><div class=many>");
    for (int i = 0; i < mien_action_unit_count(); i++) {
        const struct mien_action_unit *u = &mien_action_units[i];
        snprintf(name, sizeof(name), "AU%d %s", u->number, u->name);
        write_small(r, p, t, u->part, name);
    }
    put(t, "</div><details><summary><h3 style=\"display:inline-block\">All blendshapes</h3>"
           "</summary><div class=many>");
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        write_small(r, p, t, (int[2]){i, -1}, mien_blendshape_name(i));
    }
    put(t, "</div></details>");
}

static void write_marks(const struct mien_report *r, struct mien_text *t)
{
    if (!r->marks) {
        return;
    }
    put(t, "<h3>Marks</h3>");
    if (r->marks > 12) {
        fprintf(t->file, "<details><summary>%d marks</summary>", r->marks);
    }
    put(t, "<table id=marks><tr><th>mark<th>at<th>what</tr>");
    for (int i = 0; i < r->marks; i++) {
        fprintf(t->file, "<tr><td>%d<td>", r->mark[i].number);
        clock_text(t, r->mark[i].at_s - r->start_s);
        put(t, "<td>");
        mien_name_html(t->file, r->mark[i].text);
        put(t, "</tr>");
    }
    put(t, "</table>");
    put(t, r->marks > 12 ? "</details>" : "");
}

// When, with what, and how to find a time of the tables.
static void write_conditions(const struct mien_report *r, struct mien_text *t)
{
    put(t, "<p>");
    time_t at = (time_t)r->wall_s;
    struct tm tm;
    char text[64];
    if (r->wall_s && localtime_r(&at, &tm) && strftime(text, sizeof(text), "%F %T %z", &tm)) {
        fprintf(t->file, "Started <time>%s</time>; ", text);
    }
    put(t, "0:00 here is time_s ");
    write_number(t, r->start_s, 3);
    put(t, " in tables");
    if (r->frames_per_s > 0) {
        put(t, "; the source gives ");
        write_number(t, r->frames_per_s, 1);
        put(t, " frames a second");
    }
    if (r->settings[0]) {
        put(t, "; ");
        mien_name_html(t->file, r->settings);
    }
    put(t, ".</p>");
}

void mien_report_page(const struct mien_report *r, struct mien_text *t)
{
    put(t, "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><meta "
           "http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src "
           "'unsafe-inline'; script-src 'unsafe-inline'\"><meta name=viewport "
           "content=\"width=device-width\"><title>mien: ");
    mien_name_html(t->file, r->source);
    fprintf(t->file, "</title><style>%s</style></head><body><h1>Session report</h1><p>", style);
    mien_name_html(t->file, r->source);
    fprintf(t->file, " · %d × %d · mien " MIEN_VERSION, r->width_px, r->height_px);
    if (r->networks[0]) {
        put(t, " · network ");
        mien_name_html(t->file, r->networks);
    }
    put(t, "</p>");
    write_conditions(r, t);
    put(t, "<div class=tiles>");
    put(t, "<div class=tile><b>");
    clock_text(t, r->frames ? r->last_s - r->start_s : 0);
    put(t, "</b><span>length</span></div>");
    write_tile(t, (double)r->frames, 0, "", "frames");
    write_tile(t, r->frames > 1 ? (double)(r->frames - 1) / length_s(r) : 0, 1, "",
               "frames a second");
    write_tile(t, r->frames ? 100.0 * (double)r->frames_with_face / (double)r->frames : 0, 0, " %",
               "of them with a face");
    write_tile(t, r->people + r->others, 0, "", r->people + r->others == 1 ? "face" : "faces");
    put(t, "</div>\n<div id=tools></div>");
    write_marks(r, t);
    for (int i = 0; i < r->people; i++) {
        const struct mien_report_person *p = r->person[i];
        fprintf(t->file, "<h2>Face %d</h2><p>Followed for ", p->id);
        clock_text(t, p->seconds);
        put(t, ", from ");
        clock_text(t, p->first_s - r->start_s);
        put(t, " to ");
        clock_text(t, p->last_s - r->start_s);
        put(t, ".</p>\n");
        write_quality(r, p, t);
        put(t, "\n");
        write_shares(r, p, t);
        put(t, "\n");
        write_episodes(r, p, t);
        put(t, "\n");
        write_blinks(r, p, t);
        put(t, "\n");
        write_movement(r, p, t);
        put(t, "\n");
        write_gaze(r, p, t);
        put(t, "\n");
        write_shapes(r, p, t);
        put(t, "\n");
    }
    if (!r->people) {
        put(t, "<p>No face was seen.</p>");
    } else {
        put(t, "<p>Numbers are a network's estimates: expression classes describe how a face "
               "looks, not what a person feels.</p>");
    }
    if (r->script) {
        put(t, "<script id=data type=\"application/json\">");
        mien_report_data(r, t);
        fprintf(t->file, "</script>\n<script>\n%s</script>", r->script);
    }
    put(t, "</body></html>\n");
}

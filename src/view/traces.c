#include "view/traces.h"

#include <math.h>
#include <string.h>

#include "view/palette.h"

static const char *const others[] = {"yaw", "pitch", "roll", "gazeYaw", "gazePitch"};
enum { OTHERS = 5, CLASSES_AT = MIEN_BLENDSHAPES, OTHERS_AT = CLASSES_AT + MIEN_EXPRESSIONS };

static const char *name_of(int channel)
{
    return channel >= OTHERS_AT    ? others[channel - OTHERS_AT]
           : channel >= CLASSES_AT ? mien_expression_name(channel - CLASSES_AT)
                                   : mien_blendshape_name(channel);
}

bool mien_traces_choose(struct mien_traces *c, const char *list, const char **wrong)
{
    int chosen[MIEN_TRACES_MAX], n = 0;
    for (const char *p = list; *p;) {
        size_t length = strcspn(p, ",");
        int found = -1;
        for (int i = 0; i < OTHERS_AT + OTHERS && found < 0; i++) {
            found = strlen(name_of(i)) == length && !strncmp(name_of(i), p, length) ? i : -1;
        }
        if (found < 0 || n == MIEN_TRACES_MAX) {
            *wrong = p;
            return false;
        }
        chosen[n++] = found;
        p += length + (p[length] == ',');
    }
    memset(c, 0, sizeof(*c));
    memcpy(c->channel, chosen, (size_t)n * sizeof(*chosen));
    c->count = n;
    return true;
}

static float value_of(const struct mien_face_result *f, int channel)
{
    if (channel < CLASSES_AT) {
        return f->action[channel];
    }
    if (channel < OTHERS_AT) {
        return f->expression[channel - CLASSES_AT];
    }
    switch (channel - OTHERS_AT) {
    case 0:
        return f->yaw_deg;
    case 1:
        return f->pitch_deg;
    case 2:
        return f->roll_deg;
    case 3:
        return 0.5f * (f->gaze_deg[0][0] + f->gaze_deg[1][0]);
    default:
        return 0.5f * (f->gaze_deg[0][1] + f->gaze_deg[1][1]);
    }
}

void mien_traces_add(struct mien_traces *c, const struct mien_result *r)
{
    for (int i = 0; i < c->count; i++) {
        float v = r->count > 0 ? value_of(&r->face[0], c->channel[i]) : 0;
        c->value[i][c->first] = isfinite(v) ? v : 0;
    }
    c->marked[c->first] = r->mark != 0;
    c->first = (c->first + 1) % MIEN_TRACE_POINTS;
}

void mien_traces_draw(const struct mien_traces *c, struct mien_draw *d, const struct mien_layout *l)
{
    float ui = l->ui, m = 8 * ui, lane = 17 * ui, h = lane * (float)c->count + 8 * ui;
    float left = l->area.x + 142 * ui + 2 * m, right = l->area.x + l->area.w - 168 * ui - 2 * m;
    float bottom = l->area.y + l->area.h - m;
    if (right - left < 200 * ui) { // no room between the panels: above them
        left = l->area.x + m;
        right = l->area.x + l->area.w - m;
        bottom -= l->area.w > 440 * ui && l->area.h > 300 * ui ? 118 * ui + m : 0;
    }
    right = fminf(right, left + 520 * ui);
    if (!c->count || right - left < 120 * ui || h > l->area.h) {
        return;
    }
    mien_draw_box(d, (struct mien_rect){left, bottom - h, right - left, h}, 6 * ui, C_PANEL);
    float text = 92 * ui, value = 34 * ui;
    struct mien_rect r = {left + m + text, bottom - h + 6 * ui, right - left - 2 * m - text - value,
                          lane - 4 * ui};
    for (int i = 0; i < MIEN_TRACE_POINTS; i++) {
        if (c->marked[(c->first + i) % MIEN_TRACE_POINTS]) {
            float x = r.x + r.w * (float)i / (MIEN_TRACE_POINTS - 1);
            mien_draw_box(d, (struct mien_rect){x, bottom - h + 4 * ui, fmaxf(1, ui), h - 8 * ui},
                          0, C_WARN);
        }
    }
    for (int i = 0; i < c->count; i++, r.y += lane) {
        bool angle = c->channel[i] >= OTHERS_AT;
        float now = c->value[i][(c->first + MIEN_TRACE_POINTS - 1) % MIEN_TRACE_POINTS];
        struct mien_color ink = mien_face_color(i + 1);
        mien_draw_label(d, left + m, r.y, MIEN_FONT_SMALL, MIEN_LEFT, C_TEXT,
                        name_of(c->channel[i]));
        mien_draw_box(d, (struct mien_rect){r.x, r.y + (angle ? r.h / 2 : r.h), r.w, 1}, 0,
                      C_TRACK);
        mien_draw_plot(d, r, c->value[i], MIEN_TRACE_POINTS, c->first, angle ? -45 : 0,
                       angle ? 45 : 1, 1.3f * ui, ink);
        mien_draw_printf(d, right - m, r.y, MIEN_FONT_SMALL, MIEN_RIGHT, ink,
                         angle ? "%+.0f°" : "%.0f", (double)(angle ? now : 100 * now));
    }
}

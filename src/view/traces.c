// Rings of samples a channel, and their drawing into a draw list.
#include "view/traces.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "face/lids.h"
#include "view/hud_sizes.h"
#include "view/palette.h"

static const char *const others[] = {"yaw", "pitch", "roll", "gazeYaw", "gazePitch", "blinkRate"};
enum {
    OTHERS = 6,
    CLASSES_AT = MIEN_BLENDSHAPES,
    OTHERS_AT = CLASSES_AT + MIEN_EXPRESSIONS,
    RATE = OTHERS_AT + 5, // the only one that is counted
    UNITS_AT = OTHERS_AT + OTHERS
};

static const struct {
    const char *name, *list;
} sets[] = {
    {"expression and head", MIEN_TRACES_DEFAULT},
    {"expression classes", "neutral,happy,sad,surprise,fear,disgust,anger,contempt"},
    {"eyes and brows",
     "eyeBlinkLeft,eyeBlinkRight,eyeWideLeft,eyeSquintLeft,browInnerUp,browDownLeft,"
     "browDownRight,blinkRate"},
    {"mouth", "jawOpen,mouthSmileLeft,mouthSmileRight,mouthFrownLeft,mouthPucker,mouthFunnel,"
              "mouthPressLeft,cheekPuff"},
    {"action units", "AU01,AU02,AU04,AU06,AU12,AU15,AU26,AU45"},
    {"head and gaze", "yaw,pitch,roll,gazeYaw,gazePitch,blinkRate"},
};

int mien_traces_count(const struct mien_traces *c)
{
    return c->count;
}

int mien_traces_channels(void)
{
    return UNITS_AT + mien_action_unit_count();
}

const char *mien_traces_channel_name(int channel)
{
    return channel >= UNITS_AT     ? mien_action_units[channel - UNITS_AT].code
           : channel >= OTHERS_AT  ? others[channel - OTHERS_AT]
           : channel >= CLASSES_AT ? mien_expression_name(channel - CLASSES_AT)
                                   : mien_blendshape_name(channel);
}

const char *mien_traces_channel_note(int channel)
{
    return channel >= UNITS_AT ? mien_action_units[channel - UNITS_AT].name
           : channel == RATE   ? "a minute"
                               : "";
}

// Forgets what was drawn, not what was counted.
static void put_channels(struct mien_traces *c, const int *channel, int n)
{
    memset(c->value, 0, sizeof(c->value));
    memset(c->marked, 0, sizeof(c->marked));
    memcpy(c->channel, channel, (size_t)n * sizeof(*channel));
    c->count = n;
    c->first = 0;
}

bool mien_traces_choose(struct mien_traces *c, const char *list, struct mien_why *why)
{
    int chosen[MIEN_TRACES_MAX], n = 0;
    for (const char *p = list; *p;) {
        size_t length = strcspn(p, ",");
        int found = -1;
        for (int i = 0; i < mien_traces_channels() && found < 0; i++) {
            const char *name = mien_traces_channel_name(i);
            found = strlen(name) == length && !strncmp(name, p, length) ? i : -1;
        }
        if (found < 0 || n == MIEN_TRACES_MAX) {
            return mien_explain(why,
                                found < 0 ? "\"%.*s\" is not a channel"
                                          : "\"%.*s\" is a ninth channel, and eight are shown",
                                (int)(length < 40 ? length : 40), p);
        }
        chosen[n++] = found;
        p += length + (p[length] == ',');
    }
    put_channels(c, chosen, n);
    return true;
}

void mien_traces_list(const struct mien_traces *c, char *out, size_t size)
{
    size_t n = 0;
    out[0] = 0;
    for (int i = 0; i < c->count && n < size; i++) {
        n += (size_t)snprintf(out + n, size - n, "%s%s", i ? "," : "",
                              mien_traces_channel_name(c->channel[i]));
    }
}

int mien_traces_sets(void)
{
    return (int)MIEN_COUNT(sets);
}

const char *mien_traces_set_name(int set)
{
    return sets[set].name;
}

void mien_traces_set(struct mien_traces *c, int set)
{
    mien_traces_choose(c, sets[set].list, NULL);
}

const char *mien_traces_next(struct mien_traces *c)
{
    char now[512];
    mien_traces_list(c, now, sizeof(now));
    int i = 0;
    while (i < mien_traces_sets() && strcmp(sets[i].list, now) != 0) {
        i++;
    }
    i = i + 1 < mien_traces_sets() ? i + 1 : 0; // from a list of one's own to the first
    mien_traces_set(c, i);
    return sets[i].name;
}

bool mien_traces_has(const struct mien_traces *c, int channel)
{
    for (int i = 0; i < c->count; i++) {
        if (c->channel[i] == channel) {
            return true;
        }
    }
    return false;
}

bool mien_traces_toggle(struct mien_traces *c, int channel)
{
    for (int i = 0; i < c->count; i++) {
        if (c->channel[i] == channel) {
            c->count--;
            size_t after = (size_t)(c->count - i);
            memmove(c->channel + i, c->channel + i + 1, after * sizeof(*c->channel));
            memmove(c->value + i, c->value + i + 1, after * sizeof(*c->value));
            return true;
        }
    }
    if (c->count == MIEN_TRACES_MAX) {
        return false;
    }
    memset(c->value[c->count], 0, sizeof(c->value[0]));
    c->channel[c->count++] = channel;
    return true;
}

// Blinks of the last minute; in the first one, so many as a minute would have had. 0 in the first
// ten seconds, which say little.
static float blink_rate(const struct mien_traces *c, double t)
{
    double since = t - c->begin_s, span = since < 60 ? since : 60;
    int n = 0;
    for (int i = 0; i < c->blinks && i < MIEN_TRACE_BLINKS; i++) {
        n += c->blink_s[i] > t - 60;
    }
    return span >= 10 ? (float)(n * 60 / span) : 0;
}

static void count_blinks(struct mien_traces *c, const struct mien_face_result *f, double t)
{
    if (c->face != f->id || t < c->begin_s) { // somebody else, or the time began anew
        c->face = f->id;
        c->begin_s = t;
        c->blinks = 0;
    }
    if (f->lids.event == MIEN_LIDS_BLINKED) {
        c->blink_s[c->blinks % MIEN_TRACE_BLINKS] = t;
        c->blinks++;
    }
}

static float value_of(const struct mien_traces *c, const struct mien_face_result *f, int channel,
                      double t)
{
    if (channel < CLASSES_AT) {
        return f->action[channel];
    }
    if (channel < OTHERS_AT) {
        return f->expression[channel - CLASSES_AT];
    }
    if (channel >= UNITS_AT) {
        return mien_action_unit_value(channel - UNITS_AT, f->action);
    }
    float gaze[2];
    mien_open_gaze(f, gaze);
    switch (channel - OTHERS_AT) {
    case 0:
        return f->yaw_deg;
    case 1:
        return f->pitch_deg;
    case 2:
        return f->roll_deg;
    case 3:
        return gaze[0];
    case 4:
        return gaze[1];
    default:
        return blink_rate(c, t);
    }
}

void mien_traces_add(struct mien_traces *c, const struct mien_result *r, int face)
{
    double t = (double)r->times.capture_ns * 1e-9;
    if (r->count > 0) {
        count_blinks(c, &r->face[face], t);
    }
    for (int i = 0; i < c->count; i++) {
        float v = r->count > 0 ? value_of(c, &r->face[face], c->channel[i], t) : 0;
        c->value[i][c->first] = isfinite(v) ? v : 0;
    }
    c->marked[c->first] = r->mark != 0;
    c->first = (c->first + 1) % MIEN_TRACE_POINTS;
}

void mien_traces_draw(const struct mien_traces *c, struct mien_draw *d, struct mien_layout *l)
{
    float ui = l->ui, m = 8 * ui, lane = HUD_LANE * ui, h = l->foot.h - 2 * m;
    int count = c->count; // in a small window the first ones
    while (count > 0 && mien_hud_lanes_high(count, ui) > h + 0.5f) {
        count--;
    }
    h = mien_hud_lanes_high(count, ui);
    float left = l->foot.x + m, bottom = l->foot.y + l->foot.h - m;
    float right = l->foot.x + fminf(l->foot.w - m, 900 * ui);
    if (l->foot.w <= 0 || !count ||
        !mien_hud_place(l, (struct mien_rect){left, bottom - h, right - left, h})) {
        return;
    }
    mien_draw_box(d, (struct mien_rect){left, bottom - h, right - left, h}, 6 * ui, C_PANEL);
    float text = fminf(92 * ui, 0.35f * (right - left)), value = 34 * ui;
    struct mien_rect r = {left + m + text, bottom - h + 6 * ui, right - left - 2 * m - text - value,
                          lane - 4 * ui};
    for (int i = 0; i < MIEN_TRACE_POINTS; i++) {
        if (c->marked[(c->first + i) % MIEN_TRACE_POINTS]) {
            float x = r.x + r.w * (float)i / (MIEN_TRACE_POINTS - 1);
            mien_draw_box(d, (struct mien_rect){x, bottom - h + 4 * ui, fmaxf(1, ui), h - 8 * ui},
                          0, C_WARN);
        }
    }
    for (int i = 0; i < count; i++, r.y += lane) {
        int channel = c->channel[i];
        bool rate = channel == RATE, angle = channel >= OTHERS_AT && channel < RATE;
        float now = c->value[i][(c->first + MIEN_TRACE_POINTS - 1) % MIEN_TRACE_POINTS];
        struct mien_color ink = mien_face_color(i + 1);
        char name[32];
        snprintf(name, sizeof(name), "%s", mien_traces_channel_name(channel));
        mien_hud_shorten(d->font, MIEN_FONT_SMALL, text - 4 * ui, name);
        mien_draw_label(d, left + m, r.y, MIEN_PEN(MIEN_FONT_SMALL, MIEN_LEFT, C_TEXT), name);
        mien_draw_box(d, (struct mien_rect){r.x, r.y + (angle ? r.h / 2 : r.h), r.w, 1}, 0,
                      C_TRACK);
        mien_draw_plot(d, r,
                       &(struct mien_plot){c->value[i], MIEN_TRACE_POINTS, c->first,
                                           angle ? -45 : 0,
                                           angle  ? 45
                                           : rate ? 40
                                                  : 1},
                       1.3f * ui, ink);
        mien_draw_printf(d, right - m, r.y, MIEN_PEN(MIEN_FONT_SMALL, MIEN_RIGHT, ink),
                         angle ? "%+.0f°" : "%.0f", (double)(angle || rate ? now : 100 * now));
    }
}

// The fine bins of a report, and all that its page's script needs, as JSON inside the page.
//
// Does not: draw. What is written: times are seconds since the session's first frame; a curve is
// the base64 of little-endian 16-bit steps, one a bin from the person's first to the last (0:
// nothing was measured). What JSON and HTML both could trip over is escaped.
#include "sink/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/name.h"
#include "base/version.h"

enum { STEPS = 65534 }; // between a scale's ends

bool mien_report_detail_open(struct mien_report_person *p)
{
    p->detail = mien_calloc(MIEN_REPORT_DETAIL, sizeof(*p->detail));
    return p->detail != NULL;
}

struct mien_report_scale mien_report_scale_of(int channel)
{
    static const struct mien_report_scale movement[] = {
        {"yaw", "°", -180, 180},     {"pitch", "°", -180, 180},    {"roll", "°", -180, 180},
        {"turning", "°/s", 0, 1000}, {"gaze yaw", "°", -180, 180}, {"gaze pitch", "°", -180, 180},
    };
    static const struct mien_report_scale quality[] = {{"usable", "", 0, 1},
                                                       {"face size", "px", 0, 8192},
                                                       {"light", "", 0, 255},
                                                       {"uncertainty", "%", 0, 100}};
    if (channel < MIEN_BLENDSHAPES) {
        return (struct mien_report_scale){mien_blendshape_name(channel), "", 0, 1};
    } else if (channel < MIEN_CHANNEL_EXPRESSION) {
        return movement[channel - MIEN_CHANNEL_YAW];
    } else if (channel < MIEN_CHANNEL_USABLE) {
        return (struct mien_report_scale){mien_expression_name(channel - MIEN_CHANNEL_EXPRESSION),
                                          "", 0, 1};
    }
    return quality[channel - MIEN_CHANNEL_USABLE];
}

static bool is_gaze(int channel)
{
    return channel == MIEN_CHANNEL_GAZE_YAW || channel == MIEN_CHANNEL_GAZE_PITCH;
}

static uint16_t is_held(int more, int n)
{
    int sum = more + n;
    return (uint16_t)(sum < UINT16_MAX ? sum : UINT16_MAX);
}

// a becomes both.
static void merge(struct mien_report_detail *a, const struct mien_report_detail *b)
{
    for (int c = 0; c < MIEN_CHANNELS && b->samples; c++) {
        int m = is_gaze(c) ? a->looks : a->samples, n = is_gaze(c) ? b->looks : b->samples;
        if (n) {
            a->mean[c] = (uint16_t)((a->mean[c] * (uint64_t)m + b->mean[c] * (uint64_t)n +
                                     (uint64_t)(m + n) / 2) /
                                    (uint64_t)(m + n));
        }
    }
    a->samples = is_held(a->samples, b->samples);
    a->looks = is_held(a->looks, b->looks);
}

static void widen(struct mien_report *r)
{
    for (int p = 0; p < r->people; p++) {
        struct mien_report_detail *d = r->person[p]->detail;
        for (int i = 0; i < MIEN_REPORT_DETAIL / 2; i++) {
            struct mien_report_detail both = d[2 * i];
            merge(&both, &d[2 * i + 1]);
            d[i] = both;
        }
        memset(d + MIEN_REPORT_DETAIL / 2, 0, MIEN_REPORT_DETAIL / 2 * sizeof(*d));
    }
    r->detail_s *= 2;
}

void mien_report_detail_add(struct mien_report *r, struct mien_report_person *p, double t,
                            const float v[MIEN_CHANNELS], bool looks)
{
    while ((t - r->start_s) / r->detail_s >= MIEN_REPORT_DETAIL) {
        widen(r);
    }
    int i = (int)floor((t - r->start_s) / r->detail_s);
    if (i < 0) { // time ran back
        return;
    }
    struct mien_report_detail one = {.samples = 1, .looks = looks};
    for (int c = 0; c < MIEN_CHANNELS; c++) {
        struct mien_report_scale s = mien_report_scale_of(c);
        float share = fminf(1, fmaxf(0, (v[c] - s.low) / (s.high - s.low)));
        one.mean[c] = (uint16_t)(1 + lrintf(share * STEPS));
    }
    merge(&p->detail[i], &one);
}

static void write_text(struct mien_text *t, const char *s)
{
    fputc('"', t->file);
    for (; *s; s++) {
        int n = mien_utf8_length(s);
        if (n > 1) {
            fwrite(s, 1, (size_t)n, t->file);
            s += n - 1;
        } else if (n == 0) {
            fputs("\\ufffd", t->file);
        } else if ((unsigned char)*s < 0x20 || strchr("\"\\<>&\x7f", *s)) {
            fprintf(t->file, "\\u%04x", (unsigned char)*s);
        } else {
            fputc(*s, t->file);
        }
    }
    fputc('"', t->file);
}

static void write_number(struct mien_text *t, double v, int digits)
{
    mien_text_number(t, v, digits, "null");
}

// Base64 (RFC 4648) of what comes in pairs of bytes.
struct base64 {
    FILE *file;
    unsigned char byte[3];
    int held;
};

static void put_three(struct base64 *b)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned v = (unsigned)(b->byte[0] << 16 | b->byte[1] << 8 | b->byte[2]);
    char out[4] = {digit[v >> 18], digit[v >> 12 & 63], b->held > 1 ? digit[v >> 6 & 63] : '=',
                   b->held > 2 ? digit[v & 63] : '='};
    fwrite(out, 1, sizeof(out), b->file);
    memset(b->byte, 0, sizeof(b->byte));
    b->held = 0;
}

static void put_16(struct base64 *b, uint16_t v)
{
    for (int k = 0; k < 2; k++) {
        b->byte[b->held++] = (unsigned char)(v >> 8 * k);
        if (b->held == 3) {
            put_three(b);
        }
    }
}

static void write_curves(const struct mien_report_person *p, struct mien_text *t, int first,
                         int end)
{
    fputs(",\"n\":\"", t->file);
    struct base64 b = {.file = t->file};
    for (int i = first; i < end; i++) {
        put_16(&b, p->detail[i].samples);
    }
    if (b.held) {
        put_three(&b);
    }
    fputs("\",\"curves\":[", t->file);
    for (int c = 0; c < MIEN_CHANNELS; c++) {
        fputs(c ? ",\n\"" : "\n\"", t->file);
        for (int i = first; i < end; i++) {
            put_16(&b, p->detail[i].mean[c]);
        }
        if (b.held) {
            put_three(&b);
        }
        fputc('"', t->file);
    }
    fputc(']', t->file);
}

static void write_person(const struct mien_report *r, const struct mien_report_person *p,
                         struct mien_text *t)
{
    int first = 0, end = MIEN_REPORT_DETAIL;
    while (first < end && !p->detail[first].samples) {
        first++;
    }
    while (end > first && !p->detail[end - 1].samples) {
        end--;
    }
    fprintf(t->file, "{\"id\":%d,\"first\":%d,\"bins\":%d,\"seconds\":", p->id, first, end - first);
    write_number(t, p->seconds, 3);
    fputs(",\"blinks\":[", t->file);
    for (int i = 0; i < p->blinks && i < MIEN_REPORT_BLINKS; i++) {
        fputs(i ? "," : "", t->file);
        write_number(t, p->blink_at_s[i] - r->start_s, 3);
    }
    fputs("],\"episodes\":[", t->file);
    for (int i = 0; i < p->shown; i++) {
        const struct mien_report_episode *e = &p->episode[i];
        fputs(i ? ",[" : "[", t->file);
        write_number(t, e->start_s - r->start_s, 3);
        fputc(',', t->file);
        write_number(t, e->end_s - r->start_s, 3);
        fprintf(t->file, ",%d]", e->expression);
    }
    fputc(']', t->file);
    write_curves(p, t, first, end);
    fputc('}', t->file);
}

void mien_report_data(const struct mien_report *r, struct mien_text *t)
{
    fputs("{\"mien\":", t->file);
    write_text(t, MIEN_VERSION);
    fputs(",\"source\":", t->file);
    write_text(t, r->source);
    fprintf(t->file, ",\"wall_s\":%lld,\"start_s\":", (long long)r->wall_s);
    write_number(t, r->start_s, 6);
    fputs(",\"length_s\":", t->file);
    write_number(t, r->frames ? r->last_s - r->start_s : 0, 6);
    fputs(",\"bin_s\":", t->file);
    write_number(t, r->begun ? r->detail_s : 1, 6);
    fprintf(t->file, ",\"steps\":%d,\"channels\":[", STEPS);
    for (int c = 0; c < MIEN_CHANNELS; c++) {
        struct mien_report_scale s = mien_report_scale_of(c);
        fputs(c ? "," : "", t->file);
        fprintf(t->file, "[\"%s\",%.0f,%.0f,\"%s\"]", s.name, (double)s.low, (double)s.high,
                s.unit);
    }
    fputs("],\"units\":[", t->file); // action units: name and the channels that they are means of
    for (int i = 0; i < mien_action_unit_count(); i++) {
        const struct mien_action_unit *u = &mien_action_units[i];
        fprintf(t->file, "%s[\"%s %s\",%d,%d]", i ? "," : "", u->code, u->name, u->part[0],
                u->part[1]);
    }
    fputs("],\"marks\":[", t->file);
    for (int i = 0; i < r->marks; i++) {
        fputs(i ? ",[" : "[", t->file);
        write_number(t, r->mark[i].at_s - r->start_s, 3);
        fprintf(t->file, ",%d,", r->mark[i].number);
        write_text(t, r->mark[i].text);
        fputc(']', t->file);
    }
    fputs("],\"faces\":[", t->file);
    for (int i = 0; i < r->people; i++) {
        fputs(i ? ",\n" : "\n", t->file);
        write_person(r, r->person[i], t);
    }
    fputs("]}", t->file);
}

// One tidy table of a session for R and pandas (Wickham 2014): a row a face and frame, a column a
// variable, one header line, empty cells where nothing was measured (NA, NaN).
//
// A frame without a face has a row with these cells empty, so that marks and gaps are not lost.
// Angles are degrees, weights and probabilities 0…1, time_s seconds since the first frame; wall is
// the time of day (ISO 8601, UTC), where the session has one. Gaze is that of the eyes that are
// open. Does not: hold landmarks (csv has them).
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/name.h"
#include "base/text.h"
#include "face/lids.h"
#include "face/quality.h"
#include "face/signs.h"
#include "sink/sinks.h"

struct tidy_sink {
    struct mien_sink sink;
    struct mien_text text;
    bool dated, begun;
    int64_t first_ns;     // of the first frame
    struct timespec wall; // when it came
};

// Of a face, before its expression, action units and blendshapes.
static const char *const measured[] = {
    "usable",     "face_px",   "light",  "uncertainty", "confidence", "yaw",
    "pitch",      "roll",      "x_mm",   "y_mm",        "z_mm",       "gaze_yaw",
    "gaze_pitch", "eyes_shut", "blinks", "blink_s",     "expression", "sure"};

static void write_head(FILE *f)
{
    fputs("session,wall,time_s,frame,mark,mark_text,mark_s,face", f);
    for (size_t i = 0; i < MIEN_COUNT(measured); i++) {
        fprintf(f, ",%s", measured[i]);
    }
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        fprintf(f, ",p_%s", mien_expression_name(i));
    }
    for (int i = 0; i < mien_action_unit_count(); i++) {
        fprintf(f, ",%s", mien_action_units[i].code);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        fprintf(f, ",%s", mien_blendshape_name(i));
    }
}

static void write_cell(struct mien_text *t, double v, int digits)
{
    fputc(',', t->file);
    mien_text_number(t, v, digits, "");
}

// What all faces of a frame share.
static void write_frame(struct tidy_sink *s, const struct mien_sink_frame *f)
{
    struct mien_text *t = &s->text;
    const struct mien_result *r = f->result;
    int64_t since = r->times.capture_ns - s->first_ns;
    mien_name_csv(t->file, f->source);
    fputc(',', t->file);
    int64_t ns = s->wall.tv_sec * 1000000000LL + s->wall.tv_nsec + since;
    time_t at = (time_t)(ns / 1000000000);
    struct tm tm;
    char text[32];
    if (s->dated && gmtime_r(&at, &tm) && strftime(text, sizeof(text), "%FT%T", &tm)) {
        fprintf(t->file, "%s.%03dZ", text, (int)(ns / 1000000 % 1000));
    }
    write_cell(t, (double)since * 1e-9, 6);
    fprintf(t->file, ",%llu,", (unsigned long long)r->frame);
    if (r->mark) {
        fprintf(t->file, "%d,", r->mark);
        mien_name_csv(t->file, r->mark_text);
        write_cell(t, (double)(r->mark_ns ? r->mark_ns - s->first_ns : since) * 1e-9, 6);
    } else {
        fputs(",,", t->file);
    }
}

static void write_face(struct mien_text *t, const struct mien_result *r,
                       const struct mien_face_result *f)
{
    struct mien_quality q = mien_quality_of(r, f);
    float gaze[2];
    bool looks = mien_open_gaze(f, gaze), blinked = f->lids.event == MIEN_LIDS_BLINKED;
    const char *label = mien_expression_name(f->expression_class);
    fprintf(t->file, ",%d,%d", f->id, q.usable);
    write_cell(t, q.face_px, 1);
    write_cell(t, q.light, 1);
    write_cell(t, q.sigma, 4);
    write_cell(t, f->confidence, 4);
    write_cell(t, f->yaw_deg, 3);
    write_cell(t, f->pitch_deg, 3);
    write_cell(t, f->roll_deg, 3);
    for (int i = 0; i < 3; i++) {
        write_cell(t, f->pose.t[i], 2);
    }
    for (int i = 0; i < 2; i++) {
        write_cell(t, looks ? gaze[i] : NAN, 2);
    }
    fprintf(t->file, ",%d,%d", f->lids.shut[0] && f->lids.shut[1], f->lids.blinks);
    write_cell(t, blinked ? f->lids.length_s : NAN, 3); // of the one that has just ended
    fprintf(t->file, ",%s,%d", label ? label : "neutral", f->expression_sure);
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        write_cell(t, f->expression[i], 4);
    }
    for (int i = 0; i < mien_action_unit_count(); i++) {
        write_cell(t, mien_action_unit_value(i, f->action), 4);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        write_cell(t, f->action[i], 4);
    }
}

static bool tidy_write(struct mien_sink *sink, const struct mien_sink_frame *f)
{
    struct tidy_sink *s = (struct tidy_sink *)sink;
    const struct mien_result *r = f->result;
    if (!s->begun) {
        s->begun = true;
        s->first_ns = r->times.capture_ns;
        clock_gettime(CLOCK_REALTIME, &s->wall);
    }
    for (int i = 0; i < r->count || i == 0; i++) {
        write_frame(s, f);
        if (i < r->count) {
            write_face(&s->text, r, &r->face[i]);
        } else {
            int empty = 1 + (int)MIEN_COUNT(measured) + MIEN_EXPRESSIONS +
                        mien_action_unit_count() + MIEN_BLENDSHAPES;
            for (int k = 0; k < empty; k++) {
                fputc(',', s->text.file);
            }
        }
        if (!mien_text_end_line(&s->text)) {
            return false;
        }
    }
    return true;
}

static bool tidy_close(struct mien_sink *sink)
{
    return mien_text_close(&((struct tidy_sink *)sink)->text);
}

static bool open_tidy(struct mien_sink *sink, const struct mien_sink_target *to,
                      const struct mien_sink_context *c)
{
    struct tidy_sink *s = (struct tidy_sink *)sink;
    s->dated = c->dated;
    if (!mien_text_open(&s->text, to->path)) {
        return false;
    }
    write_head(s->text.file);
    return mien_text_end_first_line(&s->text);
}

const struct mien_sink_type mien_sink_tidy = {
    .name = "tidy",
    .size = sizeof(struct tidy_sink),
    .open = open_tidy,
    .write = tidy_write,
    .close = tidy_close,
};

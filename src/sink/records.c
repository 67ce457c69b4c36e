// Results as JSON lines and as CSV. Pixels have two decimals, angles three, weights four.
#include "sink/records.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/name.h"
#include "face/quality.h"
#include "sink/sinks.h"

struct text_sink {
    struct mien_sink sink;
    struct mien_text text;
};

static void list(struct mien_text *t, const float *v, int n, int digits)
{
    fputc('[', t->file);
    for (int i = 0; i < n; i++) {
        if (i) {
            fputc(',', t->file);
        }
        mien_text_number(t, v[i], digits, "null");
    }
    fputc(']', t->file);
}

static void write_member(struct mien_text *t, const char *name, double v, int digits)
{
    fprintf(t->file, ",\"%s\":", name);
    mien_text_number(t, v, digits, "null");
}

static const char *state_name(enum mien_track_state s)
{
    static const char *const names[] = {"none", "new", "steady", "weak"};
    return (unsigned)s < MIEN_COUNT(names) ? names[s] : "none";
}

static void write_face(struct mien_text *t, const struct mien_face_result *f)
{
    fprintf(t->file, "{\"id\":%d,\"state\":\"%s\",\"box\":", f->id, state_name(f->state));
    list(t, f->box_px, 4, 2);
    write_member(t, "confidence", f->confidence, 4);
    fputs(",\"pose\":{\"R\":", t->file);
    list(t, f->pose.R, 9, 6);
    fputs(",\"t_mm\":", t->file);
    list(t, f->pose.t, 3, 2);
    write_member(t, "yaw", f->yaw_deg, 3);
    write_member(t, "pitch", f->pitch_deg, 3);
    write_member(t, "roll", f->roll_deg, 3);
    fputs("},\"landmarks68\":[", t->file);
    for (int i = 0; i < MIEN_IBUG; i++) {
        fputs(i ? "," : "", t->file);
        list(t, f->ibug_px[i], 3, 2);
    }
    fputs("],\"landmarks\":[", t->file);
    for (int i = 0; i < f->landmark_count; i++) {
        float v[3] = {f->landmark_px[i][0], f->landmark_px[i][1], f->landmark_sigma_px[i]};
        fputs(i ? "," : "", t->file);
        list(t, v, 3, 2);
    }
    fputs("],\"blendshapes\":{", t->file);
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        fprintf(t->file, "%s\"%s\":", i ? "," : "", mien_blendshape_name(i));
        mien_text_number(t, f->action[i], 4, "null");
    }
    const char *label = mien_expression_name(f->expression_class);
    fprintf(t->file, "},\"expression\":{\"label\":\"%s\",\"probabilities\":{",
            label ? label : "neutral");
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        fprintf(t->file, "%s\"%s\":", i ? "," : "", mien_expression_name(i));
        mien_text_number(t, f->expression[i], 4, "null");
    }
    fprintf(t->file, "},\"sure\":%s},\"gaze\":{", f->expression_sure ? "true" : "false");
    for (int e = 0; e < 2; e++) { // a shut eye looks nowhere
        fputs(e ? ",\"right\":" : "\"left\":", t->file);
        if (f->lids.shut[e]) {
            fputs("null", t->file);
        } else {
            list(t, f->gaze_deg[e], 2, 2);
        }
    }
    fprintf(t->file, "},\"eyes\":{\"left_shut\":%s,\"right_shut\":%s,\"blinks\":%d",
            f->lids.shut[0] ? "true" : "false", f->lids.shut[1] ? "true" : "false", f->lids.blinks);
    fputs("},\"identity\":", t->file);
    list(t, f->identity, MIEN_IDENTITY, 3);
    fprintf(t->file, ",\"identity_looks\":%d", f->identity_looks);
    if (f->identity_looks > 0) {
        fputs(",\"identity_sigma\":", t->file);
        list(t, f->identity_sigma, MIEN_IDENTITY, 3);
    }
    write_member(t, "fit_rms", f->fit_rms, 5);
    fputc('}', t->file);
}

void mien_record_json(struct mien_text *t, const struct mien_sink_frame *f)
{
    const struct mien_result *r = f->result;
    fputs("{\"source\":", t->file);
    mien_name_json(t->file, f->source);
    if (r->network[0]) {
        fputs(",\"network\":", t->file);
        mien_name_json(t->file, r->network);
    }
    fprintf(t->file, ",\"frame\":%llu", (unsigned long long)r->frame);
    write_member(t, "time_s", (double)r->times.capture_ns * 1e-9, 6);
    if (r->mark) {
        fprintf(t->file, ",\"mark\":%d", r->mark);
        if (r->mark_text[0]) {
            fputs(",\"mark_text\":", t->file);
            mien_name_json(t->file, r->mark_text);
        }
        if (r->mark_ns) {
            write_member(t, "mark_time_s", (double)r->mark_ns * 1e-9, 6);
        }
    }
    fprintf(t->file, ",\"width\":%d,\"height\":%d,\"camera\":{\"f_px\":", r->width_px,
            r->height_px);
    mien_text_number(t, r->camera.f_px, 3, "null");
    write_member(t, "cx_px", r->camera.cx_px, 3);
    write_member(t, "cy_px", r->camera.cy_px, 3);
    fputs("},\"faces\":[", t->file);
    for (int i = 0; i < r->count; i++) {
        fputs(i ? "," : "", t->file);
        write_face(t, &r->face[i]);
    }
    fputs("]}", t->file);
}

static bool jsonl_write(struct mien_sink *s, const struct mien_sink_frame *f)
{
    struct mien_text *t = &((struct text_sink *)s)->text;
    mien_record_json(t, f);
    return mien_text_end_line(t);
}

static bool text_close(struct mien_sink *s)
{
    return mien_text_close(&((struct text_sink *)s)->text);
}

// JSON lines, one a frame: source, network, frame, time_s, width, height, camera, faces[]: id,
// state, box, confidence, landmarks68 [x,y,z], landmarks [x,y,sigma], pose {R, t_mm, yaw, pitch,
// roll}, blendshapes {name: 0…1}, expression {label, probabilities}, gaze, identity,
// identity_looks, identity_sigma, fit_rms. Numbers have a fixed precision and are always numbers:
// what is not finite is written as null.
static bool open_jsonl(struct mien_sink *sink, const struct mien_sink_target *to,
                       const struct mien_sink_context *c)
{
    struct text_sink *s = (struct text_sink *)sink;
    return mien_text_open(&s->text, to->path);
}

const struct mien_sink_type mien_sink_jsonl = {
    .name = "JSON lines",
    .size = sizeof(struct text_sink),
    .open = open_jsonl,
    .write = jsonl_write,
    .close = text_close,
};

static void write_cells(struct mien_text *t, const float *v, int n, int digits)
{
    for (int i = 0; i < n; i++) {
        fputc(',', t->file);
        mien_text_number(t, v[i], digits, "");
    }
}

static void row_end(struct mien_text *t, const struct mien_result *r)
{
    fprintf(t->file, ",%d,", r->mark);
    mien_name_csv(t->file, r->network);
    fputc(',', t->file);
    if (r->mark) {
        mien_name_csv(t->file, r->mark_text);
    }
}

static bool csv_write(struct mien_sink *s, const struct mien_sink_frame *f)
{
    struct mien_text *t = &((struct text_sink *)s)->text;
    const struct mien_result *r = f->result;
    for (int i = 0; i < r->count || i == 0; i++) {
        mien_name_csv(t->file, f->source);
        fprintf(t->file, ",%llu,", (unsigned long long)r->frame);
        mien_text_number(t, (double)r->times.capture_ns * 1e-9, 6, "");
        if (!r->count) {
            fputs(",-1", t->file);
            int empty =
                4 + 1 + 3 + 3 + 4 + 2 + MIEN_EXPRESSIONS + MIEN_BLENDSHAPES + 2 * MIEN_IBUG + 4 + 4;
            for (int k = 0; k < empty; k++) {
                fputc(',', t->file);
            }
            row_end(t, r);
            return mien_text_end_line(t);
        }
        const struct mien_face_result *p = &r->face[i];
        const char *label = mien_expression_name(p->expression_class);
        fprintf(t->file, ",%d,%d", i, p->id);
        write_cells(t, &p->confidence, 1, 4);
        write_cells(t, p->box_px, 4, 2);
        write_cells(t, (float[]){p->yaw_deg, p->pitch_deg, p->roll_deg}, 3, 3);
        write_cells(t, p->pose.t, 3, 2);
        for (int e = 0; e < 2; e++) { // a shut eye looks nowhere
            const float nowhere[2] = {NAN, NAN};
            write_cells(t, p->lids.shut[e] ? nowhere : p->gaze_deg[e], 2, 2);
        }
        fprintf(t->file, ",%s", label ? label : "neutral");
        write_cells(t, p->expression, MIEN_EXPRESSIONS, 4);
        write_cells(t, p->action, MIEN_BLENDSHAPES, 4);
        for (int k = 0; k < MIEN_IBUG; k++) {
            write_cells(t, p->ibug_px[k], 2, 2);
        }
        fprintf(t->file, ",%d,%d,%d,%d", p->lids.shut[0], p->lids.shut[1], p->lids.blinks,
                p->expression_sure);
        struct mien_quality q = mien_quality_of(r, p);
        write_cells(t, (float[]){q.face_px, q.light}, 2, 1);
        write_cells(t, &q.sigma, 1, 4);
        fprintf(t->file, ",%d", q.usable);
        row_end(t, r);
        if (!mien_text_end_line(t)) {
            return false;
        }
    }
    return true;
}

// One row a face; a frame without one has a row with face = -1 and empty cells, and so has what is
// not finite.
static bool open_csv(struct mien_sink *sink, const struct mien_sink_target *to,
                     const struct mien_sink_context *c)
{
    struct text_sink *s = (struct text_sink *)sink;
    if (!mien_text_open(&s->text, to->path)) {
        return false;
    }
    FILE *f = s->text.file;
    fputs("source,frame,time_s,face,id,confidence,x0,y0,x1,y1,yaw,pitch,roll,tx_mm,ty_mm,tz_mm,"
          "gaze_left_yaw,gaze_left_pitch,gaze_right_yaw,gaze_right_pitch,expression",
          f);
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        fprintf(f, ",%s", mien_expression_name(i));
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        fprintf(f, ",%s", mien_blendshape_name(i));
    }
    for (int i = 0; i < MIEN_IBUG; i++) {
        fprintf(f, ",p%d_x,p%d_y", i, i);
    }
    fputs(",left_shut,right_shut,blinks,expression_sure,face_px,light,uncertainty,usable,mark,"
          "network,mark_text",
          f);
    return mien_text_end_first_line(&s->text);
}

const struct mien_sink_type mien_sink_csv = {
    .name = "CSV",
    .size = sizeof(struct text_sink),
    .open = open_csv,
    .write = csv_write,
    .close = text_close,
};

// MediaPipe's face landmarker result as JSON: one object a frame.
//
// FILE.json is one array, whole after each frame (a pipe's is closed at the end), any other name
// JSON lines. 478 landmarks in MediaPipe's order: those that our set has, with visibility 1; the
// others are zero with visibility 0. x, y are parts of the picture's width and height, z the depth
// relative to the head's origin in x's scale, smaller is nearer. Blendshapes are in MediaPipe's
// order, _neutral first, no tongueOut. Matrix: sink/convention.h.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sink/convention.h"
#include "sink/sinks.h"

enum { POINTS = 478 };
static const char array_end[] = "\n]\n";

struct mediapipe_sink {
    struct mien_sink sink;
    const struct mien_face_model *model;
    struct mien_text text;
    bool array;
    unsigned long long frames;
    int landmark[POINTS];        // ours, or -1
    int order[MIEN_BLENDSHAPES]; // ours by name
    int blendshapes;             // 51
};

static void write_member(struct mien_text *t, const char *name, double v)
{
    fprintf(t->file, "\"%s\":", name);
    mien_text_number(t, v, 6, "0");
}

static void write_landmarks(struct mediapipe_sink *s, const struct mien_result *r,
                            const struct mien_face_result *f)
{
    const struct mien_face_model *m = s->model;
    float head[MIEN_LANDMARKS_MAX][3];
    mien_face_model_landmarks(m, f->identity, f->blendshape, &head[0][0]);
    const float *R = f->pose.R;
    double scale = r->camera.f_px / fmax(1, -f->pose.t[2]) / fmax(1, r->width_px);
    for (int i = 0; i < POINTS; i++) {
        int at = s->landmark[i];
        float x = 0, y = 0, z = 0;
        if (at >= 0) {
            x = f->landmark_px[at][0] / (float)r->width_px;
            y = f->landmark_px[at][1] / (float)r->height_px;
            const float *p = head[at];
            z = -(float)scale * (R[6] * p[0] + R[7] * p[1] + R[8] * p[2]);
        }
        fputs(i ? ",{" : "{", s->text.file);
        write_member(&s->text, "x", x);
        fputc(',', s->text.file);
        write_member(&s->text, "y", y);
        fputc(',', s->text.file);
        write_member(&s->text, "z", z);
        fprintf(s->text.file, ",\"visibility\":%d}", at >= 0);
    }
}

static void write_category(struct mediapipe_sink *s, int index, const char *name, double score)
{
    fprintf(s->text.file, "%s{\"index\":%d,", index ? "," : "", index);
    write_member(&s->text, "score", score);
    fprintf(s->text.file, ",\"categoryName\":\"%s\",\"displayName\":\"\"}", name);
}

static bool mediapipe_write(struct mien_sink *sink, const struct mien_sink_frame *frame)
{
    struct mediapipe_sink *s = (struct mediapipe_sink *)sink;
    const struct mien_result *r = frame->result;
    FILE *f = s->text.file;
    fputs(s->array ? s->frames ? ",\n" : "\n" : "", f);
    s->frames++;
    fputs("{\"timestampMs\":", f);
    mien_text_number(&s->text, (double)r->times.capture_ns * 1e-6, 0, "0");
    fputs(",\"faceLandmarks\":[", f);
    for (int i = 0; i < r->count; i++) {
        fputs(i ? ",[" : "[", f);
        write_landmarks(s, r, &r->face[i]);
        fputc(']', f);
    }
    fputs("],\"faceBlendshapes\":[", f);
    for (int i = 0; i < r->count; i++) {
        fprintf(f, "%s{\"headIndex\":%d,\"headName\":\"\",\"categories\":[", i ? "," : "", i);
        write_category(s, 0, "_neutral", 0);
        for (int k = 0; k < s->blendshapes; k++) {
            write_category(s, k + 1, mien_blendshape_name(s->order[k]),
                           r->face[i].action[s->order[k]]);
        }
        fputs("]}", f);
    }
    fputs("],\"facialTransformationMatrixes\":[", f);
    for (int i = 0; i < r->count; i++) {
        float m[16];
        mien_convention_mediapipe(&r->face[i].pose, m);
        fprintf(f, "%s{\"rows\":4,\"columns\":4,\"data\":[", i ? "," : "");
        for (int k = 0; k < 16; k++) {
            fputs(k ? "," : "", f);
            mien_text_number(&s->text, m[k], 6, "0");
        }
        fputs("]}", f);
    }
    fputs("]}", f);
    // In an array the newline comes before the next object.
    return s->array ? mien_text_end_piece(&s->text, array_end) : mien_text_end_line(&s->text);
}

static bool mediapipe_close(struct mien_sink *sink)
{
    struct mediapipe_sink *s = (struct mediapipe_sink *)sink;
    if (s->array && !mien_text_goes_back(&s->text)) {
        fputs(array_end, s->text.file);
    }
    return mien_text_close(&s->text);
}

static bool open_mediapipe(struct mien_sink *sink, const struct mien_sink_target *to,
                           const struct mien_sink_context *c)
{
    struct mediapipe_sink *s = (struct mediapipe_sink *)sink;
    s->model = c->model;
    size_t n = strlen(to->path);
    s->array = n > 5 && !strcmp(to->path + n - 5, ".json");
    for (int i = 0; i < POINTS; i++) {
        s->landmark[i] = -1;
    }
    for (int i = 0; i < c->model->landmarks; i++) {
        int at = c->model->landmark[i].mediapipe;
        if (at >= 0 && at < POINTS) {
            s->landmark[at] = i;
        }
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) { // by name, without tongueOut
        int at = s->blendshapes;
        if (i == MIEN_BS_TONGUE_OUT) {
            continue;
        }
        while (at > 0 &&
               strcmp(mien_blendshape_name(s->order[at - 1]), mien_blendshape_name(i)) > 0) {
            s->order[at] = s->order[at - 1];
            at--;
        }
        s->order[at] = i;
        s->blendshapes++;
    }
    if (!mien_text_open(&s->text, to->path)) {
        return false;
    }
    if (s->array) {
        fputc('[', s->text.file);
        if (!mien_text_end_piece(&s->text, array_end)) {
            mediapipe_close(sink);
            return false;
        }
    }
    return true;
}

const struct mien_sink_type mien_sink_mediapipe = {
    .name = "MediaPipe JSON",
    .size = sizeof(struct mediapipe_sink),
    .open = open_mediapipe,
    .write = mediapipe_write,
    .close = mediapipe_close,
};

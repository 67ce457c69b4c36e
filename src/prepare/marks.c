// Faces marked by people (data/marks) into a pack of dense landmarks: what a network says,
// corrected by the marks.
//
// A source's marks are mixtures of our landmarks (assets/marks/SOURCE.txt,
// assets/dev/make_mixtures.py) plus a constant of its own. Given the network's landmarks d with
// error covariance C and marks m = W d + c + e with e of variance R, the landmarks that fit both
// best are d + C W' (W C W' + R)^-1 (m - c - W d): neighbours of a mark are corrected with it. The
// fitted face model says pose and blendshapes. Does not: learn mixtures.
#include "prepare/csv.h"
#include "prepare/locate.h"
#include "prepare/prepare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "face/crop.h"
#include "prepare/lists.h"

enum { SIDE = 256, SOURCES = 3, FIELDS = 14 };
// Errors in shares of the face's size: the network's (0.7 of its variance shared by neighbours
// within `reach`), a person's mark (two people's markings differ by 1.9 %).
static const float network_sigma = 0.018f, shared = 0.75f, reach = 0.10f, mark_sigma = 0.012f;
// A face whose marks and landmarks differ by more than this was not found, or is somebody else's.
static const float other_face = 0.07f;

struct source {
    const char *name;
    struct mien_mixtures mix;
    float constant[2]; // mean of mark - mixture, in face sizes
    double sum[2];
    int faces;
    float *gain; // (landmarks, points): C W' (W C W' + R)^-1
};

struct marks {
    const struct mien_face_model *model;
    struct source source[SOURCES];
    char *index;
    uint8_t *jpegs;
    int16_t *points;
    size_t jpegs_size, points_count;
};

static bool read_mixture(struct source *s, const struct mien_face_model *m)
{
    char file[64], path[1024];
    size_t size = 0;
    snprintf(file, sizeof file, "marks/%s.txt", s->name);
    if (!mien_find_file("assets", file, path, sizeof path)) {
        return false;
    }
    char *text = mien_file_read(path, 1 << 20, &size);
    bool ok = text && mien_mixtures_parse(&s->mix, text, path, m->landmark, m->landmarks,
                                          MIEN_MIXTURE_POINTS, MIEN_MIXTURE_TERMS);
    mien_free(text);
    return ok;
}

static void mix(const struct source *s, const float (*d)[2], int k, float out[2])
{
    out[0] = out[1] = 0;
    for (int t = 0; t < s->mix.point[k].terms; t++) {
        for (int c = 0; c < 2; c++) {
            out[c] += s->mix.point[k].weight[t] * d[s->mix.point[k].landmark[t]][c];
        }
    }
}

// Covariance of two landmarks' errors, by their distance on the mean head in units of its size.
static double covariance(const struct mien_face_model *m, float size, int a, int b)
{
    const float *p = m->landmark_mean + 3 * a, *q = m->landmark_mean + 3 * b;
    double d2 = 0, v = (double)(network_sigma * network_sigma);
    for (int c = 0; c < 3; c++) {
        d2 += (double)((p[c] - q[c]) * (p[c] - q[c]) / (size * size));
    }
    double near_ = (double)shared * exp(-0.5 * d2 / (double)(reach * reach));
    return v * (near_ + (a == b ? 1 - (double)shared : 0));
}

// In place: the inverse of a symmetric positive matrix (n, n) by Gauss-Jordan elimination.
static bool invert(double *A, int n)
{
    for (int i = 0; i < n; i++) {
        double p = A[i * n + i];
        if (!(p > 0)) {
            return false;
        }
        A[i * n + i] = 1;
        for (int k = 0; k < n; k++) {
            A[i * n + k] /= p;
        }
        for (int r = 0; r < n; r++) {
            double q = A[r * n + i];
            if (r == i) {
                continue;
            }
            A[r * n + i] = 0;
            for (int k = 0; k < n; k++) {
                A[r * n + k] -= q * A[i * n + k];
            }
        }
    }
    return true;
}

static bool make_gain(struct source *s, const struct mien_face_model *m)
{
    const int L = m->landmarks, P = s->mix.points;
    double *CW = mien_calloc((size_t)L * (size_t)P, sizeof *CW);
    double *K = mien_calloc((size_t)P * (size_t)P, sizeof *K);
    s->gain = mien_calloc((size_t)L * (size_t)P, sizeof *s->gain);
    bool ok = CW && K && s->gain;
    float lo[2] = {1e9f, 1e9f}, hi[2] = {-1e9f, -1e9f};
    for (int l = 0; l < L; l++) {
        for (int c = 0; c < 2; c++) {
            lo[c] = fminf(lo[c], m->landmark_mean[3 * l + c]);
            hi[c] = fmaxf(hi[c], m->landmark_mean[3 * l + c]);
        }
    }
    float size = sqrtf((hi[0] - lo[0]) * (hi[1] - lo[1]));
    for (int l = 0; l < L && ok; l++) {
        for (int k = 0; k < P; k++) {
            for (int t = 0; t < s->mix.point[k].terms; t++) {
                CW[l * P + k] += (double)s->mix.point[k].weight[t] *
                                 covariance(m, size, l, s->mix.point[k].landmark[t]);
            }
        }
    }
    for (int j = 0; j < P && ok; j++) {
        for (int k = 0; k < P; k++) {
            for (int t = 0; t < s->mix.point[j].terms; t++) {
                K[j * P + k] +=
                    (double)s->mix.point[j].weight[t] * CW[s->mix.point[j].landmark[t] * P + k];
            }
            K[j * P + k] += j == k ? (double)(mark_sigma * mark_sigma) : 0;
        }
    }
    ok = ok && invert(K, P);
    for (int l = 0; l < L && ok; l++) {
        for (int k = 0; k < P; k++) {
            double v = 0;
            for (int j = 0; j < P; j++) {
                v += CW[l * P + j] * K[j * P + k];
            }
            s->gain[l * P + k] = (float)v;
        }
    }
    mien_free(CW);
    mien_free(K);
    return ok;
}

struct row {
    struct source *source;
    size_t offset, bytes, first;
    bool validation, colour;
    float valid_px[4];
};

// 1: a row; 0: left out on purpose; -1: broken.
static int parse_row(struct marks *k, char *line, struct row *r)
{
    char *f[FIELDS] = {NULL};
    if (mien_csv_cut(line, f, FIELDS) != FIELDS) {
        return -1;
    }
    // Bought pictures, for educational use: left out, as their README advises whoever is in doubt.
    if (!strncmp(f[4], "3dsk", 4)) {
        return 0;
    }
    memset(r, 0, sizeof *r);
    for (int i = 0; i < SOURCES; i++) {
        r->source = strcmp(k->source[i].name, f[3]) ? r->source : &k->source[i];
    }
    r->offset = strtoull(f[1], NULL, 10);
    r->bytes = strtoull(f[2], NULL, 10);
    r->validation = !strcmp(f[5], "val");
    r->colour = !strcmp(f[6], "1");
    for (int c = 0; c < 4; c++) {
        r->valid_px[c] = strtof(f[8 + c], NULL);
    }
    int points = atoi(f[12]);
    r->first = strtoull(f[13], NULL, 10);
    bool ok = r->source && points == r->source->mix.points && r->bytes > 0 &&
              r->offset <= k->jpegs_size && r->bytes <= k->jpegs_size - r->offset &&
              r->first <= k->points_count && (size_t)points <= k->points_count - r->first;
    return ok ? 1 : -1;
}

static bool mark_at(const struct marks *k, const struct row *r, int i, float out[2])
{
    const int16_t *p = k->points + 2 * (r->first + (size_t)i);
    out[0] = (float)p[0] / 64;
    out[1] = (float)p[1] / 64;
    return p[0] != INT16_MIN;
}

// Mean distance of a face's mixtures from the marks in face sizes; the mean difference.
static float difference(const struct marks *k, const struct row *r,
                        const struct mien_face_result *f, float size, float mean[2])
{
    float sum = 0, d[2] = {0, 0};
    int n = 0;
    for (int i = 0; i < r->source->mix.points; i++) {
        float m[2], w[2];
        if (r->source->mix.point[i].terms && mark_at(k, r, i, m)) {
            mix(r->source, (const float(*)[2])f->landmark_px, i, w);
            sum += hypotf(m[0] - w[0], m[1] - w[1]) / size;
            d[0] += (m[0] - w[0]) / size;
            d[1] += (m[1] - w[1]) / size;
            n++;
        }
    }
    mean[0] = d[0] / (float)(n > 0 ? n : 1);
    mean[1] = d[1] / (float)(n > 0 ? n : 1);
    return n > 0 ? sum / (float)n : INFINITY;
}

// The found face that was marked, NULL when none was.
static const struct mien_face_result *marked_face(const struct marks *k, const struct row *r,
                                                  const struct mien_locator *at, float mean[2])
{
    const struct mien_face_result *best = NULL;
    float least = other_face;
    for (int i = 0; i < at->result.count; i++) {
        const struct mien_face_result *f = &at->result.face[i];
        float m[2], size = sqrtf((f->box_px[2] - f->box_px[0]) * (f->box_px[3] - f->box_px[1]));
        float d = difference(k, r, f, size, m);
        if (d < least) {
            least = d;
            best = f;
            memcpy(mean, m, sizeof m);
        }
    }
    return best;
}

static void correct(const struct marks *k, const struct row *r, const struct mien_face_result *f,
                    struct mien_label *l)
{
    const struct source *s = r->source;
    float size = sqrtf((f->box_px[2] - f->box_px[0]) * (f->box_px[3] - f->box_px[1]));
    float off[MIEN_MIXTURE_POINTS][2] = {{0}};
    for (int i = 0; i < s->mix.points; i++) {
        float m[2], w[2];
        if (!s->mix.point[i].terms || !mark_at(k, r, i, m)) {
            continue;
        }
        mix(s, (const float(*)[2])f->landmark_px, i, w);
        for (int c = 0; c < 2; c++) {
            off[i][c] = m[c] - s->constant[c] * size - w[c];
        }
        // A mark far off is a slip, or means something else there: it counts less.
        float e = hypotf(off[i][0], off[i][1]) / (0.06f * size), keep = 1 / (1 + e * e * e * e);
        off[i][0] *= keep;
        off[i][1] *= keep;
    }
    for (int i = 0; i < k->model->landmarks; i++) {
        for (int p = 0; p < s->mix.points; p++) {
            float g = s->gain[i * s->mix.points + p];
            l->landmark_px[i][0] += g * off[p][0];
            l->landmark_px[i][1] += g * off[p][1];
        }
    }
}

// Pose, identity and blendshapes of the corrected landmarks, with the network's as a prior.
static void add_fit(struct mien_fit *fit, const struct mien_face_result *f, struct mien_label *l)
{
    struct mien_fit_state state = {.pose = f->pose};
    memcpy(state.identity, f->identity, sizeof state.identity);
    memcpy(state.blendshape, f->blendshape, sizeof state.blendshape);
    struct mien_fit_input in = {
        .camera = mien_camera_make(SIDE, SIDE, 0),
        .landmark_px = (const float(*)[2])l->landmark_px,
        .identity_mean = f->identity,
        .identity_sigma_all = 0.5f,
        .iterations = 20,
    };
    in.camera.f_px = 4.0f * SIDE; // as of a still picture from nobody knows how far
    in.blendshape_prior[0].mean = f->blendshape;
    in.blendshape_prior[0].sigma_all = 0.2f;
    if (!mien_fit_run(fit, &in, &state) || state.rms > 0.02f) {
        return;
    }
    l->mask |= MIEN_LABEL_BLENDSHAPES;
    memcpy(l->blendshape, state.blendshape, sizeof l->blendshape);
    for (int b = 0; b < MIEN_BLENDSHAPES; b++) {
        l->blendshape_weight[b] = b == MIEN_BS_TONGUE_OUT ? 0 : 0.4f;
    }
}

// Two passes over the rows: the sources' constants first, then the pack.
static bool run(struct marks *k, struct mien_locator *at, struct mien_fit *fit,
                struct mien_pack_writer *w, int *missed)
{
    char *text = mien_copy_text(k->index), *save = NULL;
    bool ok = text != NULL;
    int line = 0;
    if (!ok) {
        return false;
    }
    for (char *s = strtok_r(text, "\n", &save); s && ok; s = strtok_r(NULL, "\n", &save)) {
        struct row r;
        int kind = line++ ? parse_row(k, s, &r) : 0;
        if (kind < 0) {
            mien_error("data/marks/index.csv: line %d is not a row of the marks", line);
            ok = false;
        }
        if (kind <= 0) {
            continue;
        }
        mien_locator_run(at, k->jpegs + r.offset, r.bytes, 1);
        float mean[2];
        const struct mien_face_result *f = marked_face(k, &r, at, mean);
        if (!f) {
            *missed += w != NULL;
            continue;
        }
        if (!w) {
            r.source->sum[0] += r.validation ? 0 : (double)mean[0];
            r.source->sum[1] += r.validation ? 0 : (double)mean[1];
            r.source->faces += !r.validation;
            continue;
        }
        struct mien_label l = {.tags = r.colour ? 0 : MIEN_TAG_GRAY,
                               .source = MIEN_SOURCE_PHOTO,
                               .split = r.validation,
                               .width = SIDE,
                               .height = SIDE,
                               .jpeg_bytes = (uint32_t)r.bytes};
        memcpy(l.valid_px, r.valid_px, sizeof l.valid_px);
        mien_locator_label(f, &l);
        correct(k, &r, f, &l);
        mien_crop_bounds((const float(*)[2])l.landmark_px, f->landmark_count, l.box_px);
        add_fit(fit, f, &l);
        ok = mien_pack_write(w, &l, k->jpegs + r.offset);
    }
    mien_free(text);
    return ok;
}

static bool load(struct marks *k)
{
    static const char *const names[SOURCES] = {"lfpw", "helen29", "webmorph"};
    char path[1100];
    size_t size = 0;
    const char *data = mien_data_dir();
    if (!data) {
        mien_error("no training data: set MIEN_DATA to the folder that holds data/marks");
        return false;
    }
    for (int i = 0; i < SOURCES; i++) {
        k->source[i].name = names[i];
        if (!read_mixture(&k->source[i], k->model) || !make_gain(&k->source[i], k->model)) {
            return false;
        }
    }
    snprintf(path, sizeof path, "%s/data/marks/index.csv", data);
    if (!(k->index = mien_file_read(path, 0, &size))) {
        return false;
    }
    snprintf(path, sizeof path, "%s/data/marks/marks.jpgs", data);
    if (!(k->jpegs = mien_file_read(path, 0, &k->jpegs_size))) {
        return false;
    }
    snprintf(path, sizeof path, "%s/data/marks/marks.i16", data);
    k->points = mien_file_read(path, 0, &size);
    k->points_count = size / 4;
    return k->points != NULL;
}

int mien_prepare_marks(const struct mien_prepare_options *o)
{
    struct mien_face_model model = {0};
    struct mien_locator at = {0};
    struct mien_fit *fit = NULL;
    struct mien_pack_writer w;
    int status = 2, missed = 0;
    struct marks *k = mien_calloc(1, sizeof *k);
    if (!o->net) {
        mien_error("prepare marks needs --net: the network whose landmarks the marks correct");
        goto out;
    }
    if (!k || !mien_face_model_load(&model, NULL)) {
        goto out;
    }
    k->model = &model;
    if (!load(k) || !mien_locator_create(&at, o->net, true) || !(fit = mien_fit_create(&model)) ||
        !run(k, &at, fit, NULL, &missed)) {
        goto out;
    }
    for (int i = 0; i < SOURCES; i++) {
        struct source *s = &k->source[i];
        for (int c = 0; c < 2; c++) {
            s->constant[c] = s->faces ? (float)(s->sum[c] / s->faces) : 0;
        }
        printf("%s: %d faces; marks lie %+.2f %+.2f %% of the face's size right and down of their "
               "mixtures\n",
               s->name, s->faces, 100 * (double)s->constant[0], 100 * (double)s->constant[1]);
    }
    if (!mien_pack_writer_open(&w, o->out, false)) {
        goto out;
    }
    bool ok = run(k, &at, fit, &w, &missed);
    const long long kept = w.count;
    ok = mien_pack_writer_close(&w, ok);
    status = ok ? 0 : 1;
    if (ok) {
        printf("marks: %lld faces in %s; %d were not found\n", kept, o->out, missed);
    }
out:
    for (int i = 0; k && i < SOURCES; i++) {
        mien_free(k->source[i].gain);
    }
    if (k) {
        mien_free(k->index);
        mien_free(k->jpegs);
        mien_free(k->points);
    }
    mien_free(k);
    mien_locator_destroy(&at);
    mien_fit_destroy(fit);
    mien_face_model_destroy(&model);
    return status;
}

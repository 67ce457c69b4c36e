// Photos with machine-made landmarks into a pack of labels: landmarks as they are, pose, identity,
// blendshapes and gaze by our own fit.
#include "prepare/csv.h"
#include "prepare/prepare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "face/gaze.h"
#include "learn/pack.h"

enum { MP = 478 };

static bool parse_row(char *line, struct mien_photo_row *r)
{
    char *field[15] = {0};
    if (mien_csv_cut(line, field, 15) < 14) {
        return false;
    }
    r->offset = strtoull(field[1], NULL, 10);
    r->bytes = strtoull(field[2], NULL, 10);
    snprintf(r->source, sizeof r->source, "%s", field[3]);
    snprintf(r->person, sizeof r->person, "%s", field[4]);
    r->validation = !strcmp(field[5], "val");
    r->colour = !strcmp(field[6], "1");
    r->expression = mien_expression_find(field[7]);
    r->face_px = strtof(field[8], NULL);
    r->agree = strtof(field[9], NULL);
    for (int k = 0; k < 4; k++) {
        r->valid_px[k] = strtof(field[10 + k], NULL);
    }
    return true;
}

static bool read_index(struct mien_photos *p, const char *path)
{
    size_t size = 0;
    char *text = mien_file_read(path, 0, &size);
    if (!text) {
        return false;
    }
    int capacity = 0, line = 0;
    bool ok = true;
    char *save = NULL;
    for (char *s = strtok_r(text, "\n", &save); s && ok; s = strtok_r(NULL, "\n", &save)) {
        if (line++ == 0) {
            continue;
        }
        if (p->count == capacity) {
            capacity = capacity ? 2 * capacity : 1024;
            void *grown = mien_realloc_array(p->row, (size_t)capacity, sizeof *p->row);
            ok = grown != NULL;
            p->row = ok ? grown : p->row;
        }
        ok = ok && parse_row(s, &p->row[p->count]);
        if (!ok) {
            mien_error("%s: line %d is not a row of the index", path, line);
        }
        p->count += ok;
    }
    mien_free(text);
    return ok && p->count > 0;
}

bool mien_photos_dir(char dir[1024])
{
    const char *data = mien_data_dir();
    if (!data) {
        mien_error("no training data: set MIEN_DATA to the folder that holds data/photos");
        return false;
    }
    snprintf(dir, 1024, "%s/data/photos", data);
    return true;
}

bool mien_photos_load(struct mien_photos *p, const char *dir)
{
    char path[1024];
    size_t size = 0;
    memset(p, 0, sizeof *p);
    snprintf(path, sizeof path, "%s/index.csv", dir);
    if (!read_index(p, path)) {
        goto fail;
    }
    snprintf(path, sizeof path, "%s/photos.jpgs", dir);
    if (!(p->jpeg = mien_file_read(path, 0, &p->jpeg_size))) {
        goto fail;
    }
    for (int i = 0; i < p->count; i++) {
        const struct mien_photo_row *r = &p->row[i];
        if (r->bytes == 0 || r->offset > p->jpeg_size || r->bytes > p->jpeg_size - r->offset) {
            mien_error("%s/index.csv: row %d points outside photos.jpgs", dir, i);
            goto fail;
        }
    }
    snprintf(path, sizeof path, "%s/landmarks.i16", dir);
    if (!(p->landmark = mien_file_read(path, 0, &size)) || size != (size_t)p->count * MP * 4) {
        mien_error("%s: not %d rows of %d points", path, p->count, MP);
        goto fail;
    }
    snprintf(path, sizeof path, "%s/blendshapes.u8", dir);
    if (!(p->blendshape = mien_file_read(path, 0, &size)) || size != (size_t)p->count * 52) {
        mien_error("%s: not %d rows of 52 bytes", path, p->count);
        goto fail;
    }
    snprintf(path, sizeof path, "%s/blendshape_names.txt", dir);
    char *names = mien_file_read(path, 1 << 16, &size), *save = NULL;
    if (!names) {
        goto fail;
    }
    char *s = strtok_r(names, "\r\n", &save);
    for (int k = 0; k < 52; k++) {
        p->map[k] = s ? (int8_t)mien_blendshape_find(s) : -1;
        s = s ? strtok_r(NULL, "\r\n", &save) : NULL;
    }
    mien_free(names);
    return true;
fail:
    mien_photos_destroy(p);
    return false;
}

void mien_photos_destroy(struct mien_photos *p)
{
    free(p->row);
    mien_free(p->jpeg);
    mien_free(p->landmark);
    mien_free(p->blendshape);
    mien_free(p->shape);
    memset(p, 0, sizeof *p);
}

struct mien_camera mien_photo_camera(float times)
{
    struct mien_camera c = mien_camera_make(MIEN_PHOTO_SIDE_PX, MIEN_PHOTO_SIDE_PX, 0);
    c.f_px = 5.3f * times * MIEN_PHOTO_SIDE_PX;
    return c;
}

// An eye that is open by less than the first share of its width is shut, by more than the second
// not. MediaPipe's shut eyes keep 0.04 to 0.1.
static const float shut_below = 0.08f, open_above = 0.16f;

// How shut an eye is, 0…1, by its three middle pairs of lid points.
static float eye_shut(const float (*px)[2], const int lid[16])
{
    float sum = 0;
    for (int k = 3; k <= 5; k++) {
        const float *a = px[lid[k]], *b = px[lid[16 - k]];
        sum += hypotf(a[0] - b[0], a[1] - b[1]) / 3;
    }
    const float *a = px[lid[0]], *b = px[lid[8]];
    float open = sum / fmaxf(1e-3f, hypotf(a[0] - b[0], a[1] - b[1]));
    return fminf(1, fmaxf(0, (open_above - open) / (open_above - shut_below)));
}

// Lids that a machine left a little apart are brought together.
static void shut_lids(const struct mien_face_model *m, float (*px)[2])
{
    for (int e = 0; e < 2; e++) {
        int lid[16];
        if (!mien_face_model_lids(m, e == 1, lid)) {
            continue;
        }
        const float half = 0.5f * 0.7f * eye_shut((const float(*)[2])px, lid);
        for (int k = 1; k < 8; k++) {
            float *a = px[lid[k]], *b = px[lid[16 - k]];
            for (int c = 0; c < 2; c++) {
                const float move = half * (b[c] - a[c]);
                a[c] += move;
                b[c] -= move;
            }
        }
    }
}

void mien_photo_landmarks(const struct mien_photos *p, const struct mien_face_model *m, int i,
                          float (*px)[2])
{
    for (int l = 0; l < m->landmarks; l++) {
        const int k = m->landmark[l].mediapipe;
        for (int c = 0; c < 2; c++) {
            // origin at the corner of the first pixel there, at its centre here
            px[l][c] =
                k < 0 ? NAN
                      : (float)p->landmark[((size_t)i * MP + (size_t)k) * 2 + (size_t)c] / 64.0f -
                            0.5f;
        }
    }
    shut_lids(m, px);
}

// What is believed of a blendshape before the landmarks are looked at, and how far a fit to them
// can be trusted afterwards. `free`: sigma about zero. MediaPipe's score s says scale * (s - from),
// 0…1, with sigma `said` (0: it says nothing). Where landmarks see a shape well both are wide; lips
// that press, roll and shrug, a squint and a pucker are seen by skin more than by landmarks, so the
// score counts; where it is blind as well (it never says more than 0.05) little is taught. The
// scales put both at the same height: medians of pairs (score, fit with wide priors) over the
// photos.
struct belief {
    float free, scale, from, said, trust;
};

static struct belief belief_of(int b)
{
    static const struct belief seen = {1, 1, 0, 0.35f, 1}, skin = {0.5f, 1, 0, 0.12f, 0.7f};
    switch (b) {
    case MIEN_BS_TONGUE_OUT: // neither the mesh nor the landmarks know it
        return (struct belief){0.01f, 0, 0, 0, 0};
    case MIEN_BS_EYE_BLINK_LEFT:
    case MIEN_BS_EYE_BLINK_RIGHT: // the rims say it; MediaPipe's is 0.6 when shut
        return (struct belief){1.5f, 1.4f, 0.1f, 0.5f, 1};
    case MIEN_BS_EYE_LOOK_DOWN_LEFT:
    case MIEN_BS_EYE_LOOK_DOWN_RIGHT:
    case MIEN_BS_EYE_LOOK_UP_LEFT:
    case MIEN_BS_EYE_LOOK_UP_RIGHT: // at rest both read 0.1
        return (struct belief){1.5f, 1, 0.1f, 0.2f, 1};
    case MIEN_BS_EYE_LOOK_IN_LEFT:
    case MIEN_BS_EYE_LOOK_IN_RIGHT:
    case MIEN_BS_EYE_LOOK_OUT_LEFT:
    case MIEN_BS_EYE_LOOK_OUT_RIGHT:
        return (struct belief){1.5f, 1, 0.05f, 0.25f, 1};
    case MIEN_BS_EYE_SQUINT_LEFT:
    case MIEN_BS_EYE_SQUINT_RIGHT: // near one half on resting faces
        return (struct belief){1, 1.8f, 0.35f, 0.12f, 0.7f};
    case MIEN_BS_EYE_WIDE_LEFT:
    case MIEN_BS_EYE_WIDE_RIGHT: // the shape of an eye, mostly
        return (struct belief){0.4f, 4, 0.02f, 0.2f, 0.7f};
    case MIEN_BS_JAW_LEFT:
    case MIEN_BS_JAW_RIGHT: // a crooked pose, if it is let
        return (struct belief){0.25f, 3, 0.02f, 0.12f, 0.5f};
    case MIEN_BS_MOUTH_LEFT:
    case MIEN_BS_MOUTH_RIGHT:
        return (struct belief){0.5f, 1.5f, 0.01f, 0.12f, 0.7f};
    case MIEN_BS_MOUTH_FUNNEL:
    case MIEN_BS_MOUTH_CLOSE:
        return (struct belief){0.5f, 3, 0.01f, 0.2f, 0.7f};
    case MIEN_BS_MOUTH_FROWN_LEFT:
    case MIEN_BS_MOUTH_FROWN_RIGHT:
        return (struct belief){0.5f, 1.5f, 0, 0.15f, 0.7f};
    case MIEN_BS_MOUTH_PUCKER:
    case MIEN_BS_MOUTH_DIMPLE_LEFT:
    case MIEN_BS_MOUTH_DIMPLE_RIGHT:
    case MIEN_BS_MOUTH_STRETCH_LEFT:
    case MIEN_BS_MOUTH_STRETCH_RIGHT:
    case MIEN_BS_MOUTH_ROLL_LOWER:
    case MIEN_BS_MOUTH_ROLL_UPPER:
    case MIEN_BS_MOUTH_SHRUG_LOWER:
    case MIEN_BS_MOUTH_SHRUG_UPPER:
    case MIEN_BS_MOUTH_PRESS_LEFT:
    case MIEN_BS_MOUTH_PRESS_RIGHT:
        return skin;
    case MIEN_BS_JAW_FORWARD:
    case MIEN_BS_CHEEK_PUFF: // depth and smooth skin
        return (struct belief){0.15f, 0, 0, 0, 0.1f};
    case MIEN_BS_CHEEK_SQUINT_LEFT:
    case MIEN_BS_CHEEK_SQUINT_RIGHT:
    case MIEN_BS_NOSE_SNEER_LEFT:
    case MIEN_BS_NOSE_SNEER_RIGHT:
        return (struct belief){0.3f, 0, 0, 0, 0.2f};
    default:
        return seen;
    }
}

bool mien_photo_fit_tied(const struct mien_photos *p, const struct mien_face_model *m,
                         struct mien_fit *f, const struct mien_camera *camera, int i,
                         const struct mien_photo_tie *tie, struct mien_fit_state *s)
{
    float px[MIEN_LANDMARKS_MAX][2], zero[MIEN_BLENDSHAPES];
    float said[MIEN_BLENDSHAPES] = {0}, said_sigma[MIEN_BLENDSHAPES] = {0};
    mien_photo_landmarks(p, m, i, px);
    for (int b = 0; b < MIEN_BLENDSHAPES; b++) {
        zero[b] = belief_of(b).free;
    }
    for (int k = 0; k < 52; k++) {
        const int b = p->map[k];
        if (b >= 0) {
            const struct belief v = belief_of(b);
            const float score = (float)p->blendshape[(size_t)i * 52 + (size_t)k] / 255.0f;
            said[b] = fminf(1, fmaxf(0, v.scale * (score - v.from)));
            said_sigma[b] = v.said;
        }
    }
    // Both blink and look carry a lid down: a shut eye's is all blink, and its iris is a guess.
    for (int e = 0; e < 2; e++) {
        int lid[16];
        if (!mien_face_model_lids(m, e == 1, lid)) {
            continue;
        }
        const float shut = eye_shut((const float(*)[2])px, lid);
        const int look = e ? MIEN_BS_EYE_LOOK_DOWN_RIGHT : MIEN_BS_EYE_LOOK_DOWN_LEFT;
        const int blink = e ? MIEN_BS_EYE_BLINK_RIGHT : MIEN_BS_EYE_BLINK_LEFT;
        for (int b = look; b < look + 5; b++) { // down, in, out, up, squint
            said[b] *= 1 - shut;
            said_sigma[b] += shut * (0.05f - said_sigma[b]);
        }
        said[blink] += shut * (1 - said[blink]);
        said_sigma[blink] += shut * (0.15f - said_sigma[blink]);
        if (shut > 0.5f) {
            px[m->iris[e]][0] = px[m->iris[e]][1] = NAN;
        }
    }
    struct mien_fit_input in = {
        .camera = *camera,
        .landmark_px = px,
        .identity_mean = tie->identity,
        .identity_sigma_all = tie->sigma,
        .iterations = tie->iterations,
    };
    in.blendshape_prior[0].sigma = zero;
    in.blendshape_prior[1].mean = said;
    in.blendshape_prior[1].sigma = said_sigma;
    return (!tie->begin || mien_fit_start(f, &in, s)) && mien_fit_run(f, &in, s);
}

bool mien_photo_fit(const struct mien_photos *p, const struct mien_face_model *m,
                    struct mien_fit *f, const struct mien_camera *camera, int i,
                    struct mien_fit_state *s)
{
    struct mien_photo_tie tie = {.begin = true, .sigma = 0.7f, .iterations = 25};
    if (p->shape && p->shape[i].looks > 1) {
        tie.identity = p->shape[i].identity;
        // seen from nearer or from farther off another shape looks the same
        const float times = camera->f_px / mien_photo_camera(1).f_px;
        tie.sigma = 0.02f + 0.3f * fabsf(logf(times));
    }
    return mien_photo_fit_tied(p, m, f, camera, i, &tie, s);
}

static void fill_basics(const struct mien_photos *p, const struct mien_face_model *m, int i,
                        struct mien_label *l)
{
    const struct mien_photo_row *r = &p->row[i];
    memset(l, 0, sizeof *l);
    l->mask = MIEN_LABEL_LANDMARKS | MIEN_LABEL_BOX;
    l->tags = r->colour ? 0 : MIEN_TAG_GRAY;
    l->source = MIEN_SOURCE_PHOTO;
    l->split = r->validation;
    l->width = l->height = MIEN_PHOTO_SIDE_PX;
    memcpy(l->valid_px, r->valid_px, sizeof l->valid_px);
    mien_photo_landmarks(p, m, i, l->landmark_px);
    float lo[2] = {1e9f, 1e9f}, hi[2] = {-1e9f, -1e9f};
    // 1.2 % is how well two machines usually agree; beyond 3 % one of them is wrong
    const float trust = r->agree <= 3 ? 1 : 0.3f;
    for (int k = 0; k < m->landmarks; k++) {
        if (m->landmark[k].mediapipe < 0) {
            l->landmark_px[k][0] = l->landmark_px[k][1] = 0;
            continue;
        }
        l->landmark_weight[k] = trust;
        for (int c = 0; c < 2; c++) {
            lo[c] = fminf(lo[c], l->landmark_px[k][c]);
            hi[c] = fmaxf(hi[c], l->landmark_px[k][c]);
        }
    }
    l->box_px[0] = lo[0];
    l->box_px[1] = lo[1];
    l->box_px[2] = hi[0];
    l->box_px[3] = hi[1];
    if (r->expression >= 0) {
        l->mask |= MIEN_LABEL_EXPRESSION;
        for (int k = 0; k < MIEN_EXPRESSIONS; k++) {
            l->expression[k] = 0.05f / MIEN_EXPRESSIONS + (k == r->expression ? 0.95f : 0);
        }
    }
    l->jpeg_bytes = (uint32_t)r->bytes;
}

// Adds what the fit says. trust 0...1: of this photo.
static void fill_fit(const struct mien_face_model *m, const struct mien_camera *camera,
                     const struct mien_fit_state *s, float trust, struct mien_label *l)
{
    float yaw = 0, pitch = 0, roll = 0;
    mien_pose_to_angles(s->pose.R, &yaw, &pitch, &roll);
    l->mask |= MIEN_LABEL_POSE | MIEN_LABEL_IDENTITY | MIEN_LABEL_BLENDSHAPES | MIEN_LABEL_GAZE;
    l->camera = *camera;
    l->pose = s->pose;
    memcpy(l->identity, s->identity, sizeof l->identity);
    memcpy(l->blendshape, s->blendshape, sizeof l->blendshape);
    for (int b = 0; b < MIEN_BLENDSHAPES; b++) {
        const char *name = mien_blendshape_name(b);
        const size_t n = strlen(name);
        const bool left = n > 4 && !strcmp(name + n - 4, "Left");
        const bool right = n > 5 && !strcmp(name + n - 5, "Right");
        // yaw > 0 shows the subject's right side
        const bool hidden = (left && yaw > 40) || (right && yaw < -40);
        l->blendshape_weight[b] = trust * belief_of(b).trust * (hidden ? 0.3f : 1);
    }
    for (int e = 0; e < 2; e++) {
        const float blink = s->blendshape[e ? MIEN_BS_EYE_BLINK_RIGHT : MIEN_BS_EYE_BLINK_LEFT];
        l->landmark_weight[m->iris[e]] *= blink > 0.7f ? 0.05f : 1; // guessed behind the lid
        const bool hidden = e ? yaw < -40 : yaw > 40;
        mien_gaze_angles(m, s->pose.R, s->blendshape, e, &l->gaze_deg[e][0], &l->gaze_deg[e][1]);
        l->gaze_weight[e] = trust * (blink > 0.6f ? 0.05f : 0.8f) * (hidden ? 0.2f : 1);
    }
    // landmarks that the fit cannot explain are marked by a machine that was wrong
    const float size = sqrtf((l->box_px[2] - l->box_px[0]) * (l->box_px[3] - l->box_px[1]));
    for (int k = 0; k < m->landmarks; k++) {
        if (l->landmark_weight[k] > 0 && s->residual_px[k] > 0.04f * size) {
            l->landmark_weight[k] *= 0.3f;
        }
    }
}

bool mien_photo_label(const struct mien_photos *p, const struct mien_face_model *m,
                      struct mien_fit *f, const struct mien_camera *camera, int i,
                      struct mien_label *l, struct mien_fit_state *s)
{
    fill_basics(p, m, i, l);
    if (!mien_photo_fit(p, m, f, camera, i, s) || !(s->rms < MIEN_PHOTO_RMS)) {
        return false;
    }
    const float trust = p->row[i].agree > 3 ? 0.3f : s->rms > 0.5f * MIEN_PHOTO_RMS ? 0.6f : 1;
    fill_fit(m, camera, s, trust, l);
    // One picture with an unknown lens varies as much as people do.
    const int looks = p->shape && p->shape[i].looks > 1 ? p->shape[i].looks : 1;
    l->identity_weight = trust * (float)looks / (float)(looks + 1);
    return true;
}

bool mien_photo_from(const struct mien_photo_row *row, const char *sources)
{
    const size_t n = strlen(row->source);
    for (const char *s = sources; s; s = strchr(s, ',') ? strchr(s, ',') + 1 : NULL) {
        if (!strncmp(s, row->source, n) && (s[n] == ',' || !s[n])) {
            return true;
        }
    }
    return !sources;
}

static bool write_pack(struct mien_photos *p, const struct mien_face_model *m,
                       const struct mien_prepare_options *o)
{
    struct mien_pack_writer w;
    struct mien_progress bar = {0};
    int disagree = 0, unexplained = 0;
    double rms = 0;
    struct mien_fit *fit = NULL;
    const struct mien_camera camera = mien_photo_camera(1);
    const int n = o->limit > 0 && o->limit < p->count ? o->limit : p->count;
    if (!o->quick && (!mien_photos_share(p, m, 0, n) || !(fit = mien_fit_create(m)))) {
        return false;
    }
    if (!mien_pack_writer_open(&w, o->out, false)) {
        mien_fit_destroy(fit);
        return false;
    }
    bool ok = true;
    mien_progress_begin(&bar, "fitting", "photos", 0, n);
    for (int i = 0; i < n && ok; i++) {
        struct mien_label l;
        struct mien_fit_state s;
        if (!mien_photo_from(&p->row[i], o->sources)) {
            continue;
        }
        if (p->row[i].agree > MIEN_PHOTO_DISAGREE) {
            disagree++;
            continue;
        }
        if (!fit) {
            fill_basics(p, m, i, &l);
        } else if (!mien_photo_label(p, m, fit, &camera, i, &l, &s)) {
            unexplained++;
            continue;
        } else {
            rms += (double)s.rms;
        }
        ok = mien_pack_write(&w, &l, p->jpeg + p->row[i].offset);
        mien_progress_update(&bar, i + 1, NULL);
    }
    mien_progress_end(&bar, n);
    mien_fit_destroy(fit);
    const long long kept = w.count;
    ok = mien_pack_writer_close(&w, ok);
    if (ok) {
        printf("photos: %lld of %d kept in %s; dropped: %d where two machines disagree, %d that no "
               "face explains; mean rms of a fit %.3f %% of the face's size\n",
               kept, n, o->out, disagree, unexplained, kept > 0 ? 100 * rms / (double)kept : 0);
    }
    return ok;
}

int mien_prepare_photos(const struct mien_prepare_options *o)
{
    char dir[1024];
    struct mien_photos p = {0};
    struct mien_face_model m = {0};
    if (!mien_photos_dir(dir)) {
        return 2;
    }
    int status = 2;
    if (mien_photos_load(&p, dir) && mien_face_model_load(&m, NULL)) {
        status = write_pack(&p, &m, o) ? 0 : 1;
    }
    mien_photos_destroy(&p);
    mien_face_model_destroy(&m);
    return status;
}

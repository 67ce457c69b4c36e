// Photos with machine-made landmarks into a pack of labels: landmarks as they are, pose, identity,
// blendshapes and gaze by our own fit.
#include "app/prepare.h"

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
// Fits above this share of the face's size are dropped: hands, masks, pictures that are no face.
// The usual one is 0.0055.
static const float rms_max = 0.014f;

static bool parse_row(char *line, struct mien_photo_row *r)
{
    char *field[15] = {0};
    int n = 0;
    for (char *s = line; s && n < 15; n++) {
        field[n] = s;
        s = strchr(s, ',');
        if (s) {
            *s++ = 0;
        }
    }
    if (n < 14) {
        return false;
    }
    r->offset = strtoull(field[1], NULL, 10);
    r->bytes = strtoull(field[2], NULL, 10);
    snprintf(r->source, sizeof r->source, "%s", field[3]);
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
    memset(p, 0, sizeof *p);
}

struct mien_camera mien_photo_camera(float times)
{
    struct mien_camera c = mien_camera_make(MIEN_PHOTO_SIDE_PX, MIEN_PHOTO_SIDE_PX, 0);
    c.f_px = 5.3f * times * MIEN_PHOTO_SIDE_PX;
    return c;
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
}

// How far each blendshape may go without evidence: zero-mean sigma. The lids' widening and
// squinting explain what is really the shape of an eye, and the jaw's sideways shapes what is a
// crooked pose, if they are let.
static void blendshape_sigmas(float sigma[MIEN_BLENDSHAPES])
{
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        sigma[i] = 0.5f;
    }
    static const int small[] = {
        MIEN_BS_EYE_WIDE_LEFT,    MIEN_BS_EYE_WIDE_RIGHT, MIEN_BS_EYE_SQUINT_LEFT,
        MIEN_BS_EYE_SQUINT_RIGHT, MIEN_BS_JAW_LEFT,       MIEN_BS_JAW_RIGHT,
        MIEN_BS_JAW_FORWARD,      MIEN_BS_CHEEK_PUFF,     MIEN_BS_CHEEK_SQUINT_LEFT,
        MIEN_BS_MOUTH_LEFT,       MIEN_BS_MOUTH_RIGHT,    MIEN_BS_CHEEK_SQUINT_RIGHT,
    };
    for (size_t i = 0; i < MIEN_COUNT(small); i++) {
        sigma[small[i]] = 0.25f;
    }
}

bool mien_photo_fit(const struct mien_photos *p, const struct mien_face_model *m,
                    struct mien_fit *f, const struct mien_camera *camera, int i,
                    struct mien_fit_state *s)
{
    float px[MIEN_LANDMARKS_MAX][2], zero[MIEN_BLENDSHAPES];
    float said[MIEN_BLENDSHAPES] = {0}, said_sigma[MIEN_BLENDSHAPES] = {0};
    mien_photo_landmarks(p, m, i, px);
    blendshape_sigmas(zero);
    for (int k = 0; k < 52; k++) {
        const int b = p->map[k];
        if (b < 0 || (b >= MIEN_BS_EYE_LOOK_DOWN_LEFT && b <= MIEN_BS_EYE_LOOK_UP_LEFT) ||
            (b >= MIEN_BS_EYE_LOOK_DOWN_RIGHT && b <= MIEN_BS_EYE_LOOK_UP_RIGHT)) {
            continue; // the irises' own points say it better
        }
        said[b] = (float)p->blendshape[(size_t)i * 52 + (size_t)k] / 255.0f;
        said_sigma[b] = 0.35f;
    }
    // MediaPipe's squint is near one half on resting faces
    said_sigma[MIEN_BS_EYE_SQUINT_LEFT] = said_sigma[MIEN_BS_EYE_SQUINT_RIGHT] = 0;
    struct mien_fit_input in = {
        .camera = *camera,
        .landmark_px = px,
        .identity_sigma_all = 0.7f,
        .iterations = 25,
    };
    in.blendshape_prior[0].sigma = zero;
    in.blendshape_prior[1].mean = said;
    in.blendshape_prior[1].sigma = said_sigma;
    return mien_fit_start(f, &in, s) && mien_fit_run(f, &in, s);
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

// How far a fit to landmarks can be trusted on each blendshape.
static float blendshape_trust(int b)
{
    switch (b) {
    case MIEN_BS_TONGUE_OUT:
        return 0; // neither the mesh nor the landmarks know it
    case MIEN_BS_JAW_FORWARD:
    case MIEN_BS_CHEEK_PUFF:
        return 0.2f; // depth and smooth skin: hardly seen by landmarks
    case MIEN_BS_CHEEK_SQUINT_LEFT:
    case MIEN_BS_CHEEK_SQUINT_RIGHT:
    case MIEN_BS_NOSE_SNEER_LEFT:
    case MIEN_BS_NOSE_SNEER_RIGHT:
    case MIEN_BS_MOUTH_PRESS_LEFT:
    case MIEN_BS_MOUTH_PRESS_RIGHT:
        return 0.5f;
    default:
        return 1;
    }
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
    l->identity_weight = 0.5f * trust; // one picture with an unknown lens
    for (int b = 0; b < MIEN_BLENDSHAPES; b++) {
        const char *name = mien_blendshape_name(b);
        const size_t n = strlen(name);
        const bool left = n > 4 && !strcmp(name + n - 4, "Left");
        const bool right = n > 5 && !strcmp(name + n - 5, "Right");
        // yaw > 0 shows the subject's right side
        const bool hidden = (left && yaw > 40) || (right && yaw < -40);
        l->blendshape_weight[b] = trust * blendshape_trust(b) * (hidden ? 0.3f : 1);
    }
    for (int e = 0; e < 2; e++) {
        const float blink = s->blendshape[e ? MIEN_BS_EYE_BLINK_RIGHT : MIEN_BS_EYE_BLINK_LEFT];
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
    if (!mien_photo_fit(p, m, f, camera, i, s) || !(s->rms < rms_max)) {
        return false;
    }
    const float trust = p->row[i].agree > 3 ? 0.3f : s->rms > 0.5f * rms_max ? 0.6f : 1;
    fill_fit(m, camera, s, trust, l);
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

bool mien_prepare_pack_end(struct mien_pack_writer *w, const char *tmp, const char *out, bool ok)
{
    ok = mien_pack_writer_close(w) && ok;
    if (ok && rename(tmp, out) != 0) {
        mien_error("cannot rename %s to %s", tmp, out);
        ok = false;
    }
    return ok;
}

static bool write_pack(const struct mien_photos *p, const struct mien_face_model *m,
                       const char *out, const char *sources, bool quick, int limit)
{
    char tmp[1100];
    struct mien_pack_writer w;
    struct mien_progress bar = {0};
    int disagree = 0, unexplained = 0;
    double rms = 0;
    struct mien_fit *fit = NULL;
    const struct mien_camera camera = mien_photo_camera(1);
    const int n = limit > 0 && limit < p->count ? limit : p->count;
    snprintf(tmp, sizeof tmp, "%s.tmp", out);
    if (!quick && !(fit = mien_fit_create(m))) {
        return false;
    }
    if (!mien_pack_writer_open(&w, tmp, false)) {
        mien_fit_destroy(fit);
        return false;
    }
    bool ok = true;
    mien_progress_begin(&bar, "fitting", "photos", 0, n);
    for (int i = 0; i < n && ok; i++) {
        struct mien_label l;
        struct mien_fit_state s;
        if (!mien_photo_from(&p->row[i], sources)) {
            continue;
        }
        if (p->row[i].agree > 5) {
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
    ok = mien_prepare_pack_end(&w, tmp, out, ok);
    if (ok) {
        printf("photos: %lld of %d kept in %s; dropped: %d where two machines disagree, %d that no "
               "face explains; mean rms of a fit %.3f %% of the face's size\n",
               kept, n, out, disagree, unexplained, kept > 0 ? 100 * rms / (double)kept : 0);
    }
    return ok;
}

int mien_prepare_photos(const char *out, const char *sources, bool quick, int limit)
{
    char dir[1024];
    struct mien_photos p = {0};
    struct mien_face_model m = {0};
    if (!mien_photos_dir(dir)) {
        return 2;
    }
    int status = 2;
    if (mien_photos_load(&p, dir) && mien_face_model_load(&m, NULL)) {
        status = write_pack(&p, &m, out, sources, quick, limit) ? 0 : 1;
    }
    mien_photos_destroy(&p);
    mien_face_model_destroy(&m);
    return status;
}

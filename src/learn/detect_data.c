// Faces and backgrounds for the detector's training scenes. See detect_data.h.
#include "learn/detect_data.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "face/pose.h"
#include "learn/pack.h"

enum { PHOTO_POINTS = 478, AGREE_LIMIT_PERCENT = 4, BACKGROUND_HOLD_OUT = 10 };

static bool grow(struct mien_detect_data *d)
{
    if (d->count < d->capacity) {
        return true;
    }
    size_t capacity = d->capacity ? d->capacity * 2 : 4096;
    void *p = mien_realloc_array(d->source, capacity, sizeof(*d->source));
    if (!p) {
        return false;
    }
    d->source = p;
    for (int g = 0; g < MIEN_DETECT_GROUPS; g++) {
        p = mien_realloc_array(d->member[g], capacity, sizeof(*d->member[g]));
        if (!p) {
            return false;
        }
        d->member[g] = p;
    }
    d->capacity = capacity;
    return true;
}

static void join(struct mien_detect_data *d, enum mien_detect_group g)
{
    d->member[g][d->members[g]++] = d->count;
}

// Keeps the part of `im` inside valid (x0,y0,x1,y1) and the outermost of n points.
static bool keep(struct mien_detect_source *s, const struct mien_image *im, const float *valid,
                 const float (*px)[2], int n)
{
    int x0 = (int)fmaxf(0, ceilf(valid[0])), y0 = (int)fmaxf(0, ceilf(valid[1]));
    int x1 = (int)fminf((float)im->width, floorf(valid[2]));
    int y1 = (int)fminf((float)im->height, floorf(valid[3]));
    if (n < 3 || x1 - x0 < 24 || y1 - y0 < 24) {
        return false;
    }
    struct mien_image part = *im;
    part.data = im->data + (size_t)y0 * im->stride + (size_t)x0;
    part.width = x1 - x0;
    part.height = y1 - y0;
    part.owned = false;
    for (int k = 0; k < MIEN_DETECT_HULL; k++) {
        float a = 6.2831853f * (float)k / MIEN_DETECT_HULL, c = cosf(a), sn = sinf(a), best = 0;
        int at = -1;
        for (int i = 0; i < n; i++) {
            float v = px[i][0] * c + px[i][1] * sn;
            if (at < 0 || v > best) {
                best = v;
                at = i;
            }
        }
        s->hull_px[k][0] = px[at][0] - (float)x0;
        s->hull_px[k][1] = px[at][1] - (float)y0;
    }
    float *b = s->box_px;
    b[0] = b[1] = 1e9f;
    b[2] = b[3] = -1e9f;
    for (int k = 0; k < MIEN_DETECT_HULL; k++) {
        for (int a = 0; a < 2; a++) {
            b[a] = fminf(b[a], s->hull_px[k][a]);
            b[2 + a] = fmaxf(b[2 + a], s->hull_px[k][a]);
        }
    }
    return b[2] - b[0] > 8 && b[3] - b[1] > 8 && mien_image_copy(&s->gray, &part);
}

// The roll that a face's own right and down directions show, both as seen in the picture: the eye
// line is short in side views, where the long axis carries the sum.
static float roll_of(float right_x, float right_y, float down_x, float down_y)
{
    return atan2f(right_y - down_x, right_x + down_y);
}

struct photo_row {
    size_t offset, bytes;
    double agree;
    float valid[4];
    bool validation;
};

static bool parse_row(char *line, struct photo_row *r)
{
    char *field[16];
    int n = 0;
    for (char *p = line; p && n < 16; n++) {
        field[n] = p;
        p = strchr(p, ',');
        if (p) {
            *p++ = 0;
        }
    }
    if (n < 14) {
        return false;
    }
    r->offset = strtoull(field[1], NULL, 10);
    r->bytes = strtoull(field[2], NULL, 10);
    r->validation = !strcmp(field[5], "val");
    r->agree = atof(field[9]);
    for (int k = 0; k < 4; k++) {
        r->valid[k] = strtof(field[10 + k], NULL);
    }
    return true;
}

bool mien_detect_data_add_photos(struct mien_detect_data *d, const char *dir, bool validation,
                                 size_t limit)
{
    char path[1024];
    size_t jpeg_size, index_size, point_size, row = 0, before = d->count;
    bool ok = false;
    struct mien_image im = {0};
    snprintf(path, sizeof(path), "%s/photos.jpgs", dir);
    uint8_t *jpegs = mien_file_read(path, 0, &jpeg_size);
    snprintf(path, sizeof(path), "%s/landmarks.i16", dir);
    int16_t *points = mien_file_read(path, 0, &point_size);
    snprintf(path, sizeof(path), "%s/index.csv", dir);
    char *index = mien_file_read(path, 0, &index_size);
    struct mien_jpeg_decoder *decoder = mien_jpeg_decoder_create();
    if (!jpegs || !points || !index || !decoder) {
        goto done;
    }
    char *save = NULL;
    strtok_r(index, "\n", &save);
    for (char *line; (line = strtok_r(NULL, "\n", &save)); row++) {
        struct photo_row r;
        if (!parse_row(line, &r) || r.offset > jpeg_size || r.bytes > jpeg_size - r.offset ||
            (row + 1) * PHOTO_POINTS * 2 * sizeof(*points) > point_size) {
            mien_error("%s: row %zu does not fit the files beside it", path, row);
            goto done;
        }
        if (r.validation != validation || r.agree > AGREE_LIMIT_PERCENT ||
            (limit && d->count - before >= limit) ||
            !mien_jpeg_decode(decoder, jpegs + r.offset, r.bytes, MIEN_FORMAT_GRAY8, false, &im,
                              NULL)) {
            continue;
        }
        float px[PHOTO_POINTS][2];
        for (int i = 0; i < PHOTO_POINTS; i++) {
            const int16_t *q = points + (row * PHOTO_POINTS + (size_t)i) * 2;
            px[i][0] = (float)q[0] / 64;
            px[i][1] = (float)q[1] / 64;
        }
        if (!grow(d)) {
            goto done;
        }
        struct mien_detect_source *s = &d->source[d->count];
        memset(s, 0, sizeof(*s));
        if (!keep(s, &im, r.valid, px, PHOTO_POINTS)) {
            continue;
        }
        // MediaPipe's topology: 33/263 outer eye corners, 10/152 forehead and chin, 1 nose tip,
        // 234/454 the face's sides.
        s->roll_rad = roll_of(px[263][0] - px[33][0], px[263][1] - px[33][1],
                              px[152][0] - px[10][0], px[152][1] - px[10][1]);
        float ax = px[454][0] - px[234][0], ay = px[454][1] - px[234][1];
        float t = ((px[1][0] - px[234][0]) * ax + (px[1][1] - px[234][1]) * ay) /
                  fmaxf(ax * ax + ay * ay, 1);
        join(d, MIEN_DETECT_PHOTO);
        if (t < 0.2f || t > 0.8f) {
            join(d, MIEN_DETECT_PHOTO_SIDE);
        }
        d->count++;
    }
    ok = d->count > before;
    if (!ok) {
        mien_error("%s: no usable photo", path);
    }

done:
    mien_image_destroy(&im);
    mien_jpeg_decoder_destroy(decoder);
    mien_free(index);
    mien_free(points);
    mien_free(jpegs);
    return ok;
}

// A background of a picture that is grey already.
static bool add_background(struct mien_detect_data *d, const struct mien_image *gray)
{
    void *grown = mien_realloc_array(d->background, d->backgrounds + 1, sizeof(*d->background));
    if (!grown) {
        return false;
    }
    d->background = grown;
    d->backgrounds += mien_image_copy(&d->background[d->backgrounds], gray);
    return true;
}

bool mien_detect_data_add_pack(struct mien_detect_data *d, const char *path, bool validation,
                               size_t limit)
{
    struct mien_pack pack = {0};
    struct mien_image im = {0};
    struct mien_label *l = mien_calloc(1, sizeof(*l));
    struct mien_jpeg_decoder *decoder = mien_jpeg_decoder_create();
    size_t before = d->count, backgrounds = d->backgrounds;
    bool ok = false;
    if (!l || !decoder || !mien_pack_open(&pack, path)) {
        goto done;
    }
    size_t step = limit && pack.count > limit ? pack.count / limit : 1;
    for (size_t i = 0; i < pack.count; i += step) {
        const uint8_t *jpeg;
        mien_pack_get(&pack, i, l, &jpeg);
        bool nobody = l->mask & MIEN_LABEL_NOFACE;
        bool placed = l->mask & MIEN_LABEL_LANDMARKS && l->mask & MIEN_LABEL_POSE;
        if (!(nobody || placed) || (l->split == 1) != validation ||
            (limit && d->count - before >= limit) ||
            !mien_jpeg_decode(decoder, jpeg, l->jpeg_bytes, MIEN_FORMAT_GRAY8, false, &im, NULL)) {
            continue;
        }
        if (nobody) {
            if (!add_background(d, &im)) {
                goto done;
            }
            continue;
        }
        float px[MIEN_LANDMARKS_MAX][2];
        int n = 0;
        for (int k = 0; k < MIEN_LANDMARKS_MAX; k++) {
            if (l->landmark_weight[k] > 0) {
                px[n][0] = l->landmark_px[k][0];
                px[n++][1] = l->landmark_px[k][1];
            }
        }
        if (!grow(d)) {
            goto done;
        }
        struct mien_detect_source *s = &d->source[d->count];
        memset(s, 0, sizeof(*s));
        if (!keep(s, &im, l->valid_px, px, n)) {
            continue;
        }
        const float *R = l->pose.R; // columns: head x (subject's left), y up; picture y is down
        s->roll_rad = roll_of(R[0], -R[3], -R[1], R[4]);
        if (l->source == MIEN_SOURCE_PHOTO) {
            join(d, MIEN_DETECT_PHOTO);
            if (fabsf(R[6]) > 0.5f) { // |yaw| over 30 degrees
                join(d, MIEN_DETECT_PHOTO_SIDE);
            }
        } else {
            s->rendered = true;
            join(d, MIEN_DETECT_SYNTH);
        }
        d->count++;
    }
    ok = d->count > before || d->backgrounds > backgrounds;
    if (!ok) {
        mien_error("%s: no record with landmarks and pose, and none without a face", path);
    }

done:
    mien_pack_close(&pack);
    mien_jpeg_decoder_destroy(decoder);
    mien_image_destroy(&im);
    mien_free(l);
    return ok;
}

static int jpeg_name(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 4 && !strcmp(e->d_name + n - 4, ".jpg");
}

bool mien_detect_data_add_backgrounds(struct mien_detect_data *d, const char *dir, bool validation)
{
    struct dirent **name = NULL;
    int n = scandir(dir, &name, jpeg_name, alphasort);
    if (n <= 0) {
        mien_error("%s: no .jpg pictures of backgrounds there", dir);
        free(name);
        return false;
    }
    bool ok = true;
    void *grown =
        mien_realloc_array(d->background, d->backgrounds + (size_t)n, sizeof(*d->background));
    if (grown) {
        d->background = grown;
    }
    for (int i = 0; i < n; i++) {
        char path[2048];
        struct mien_image rgb = {0}, gray = {0};
        snprintf(path, sizeof(path), "%s/%s", dir, name[i]->d_name);
        free(name[i]);
        if (!grown || (i % BACKGROUND_HOLD_OUT == 0) != validation ||
            !mien_image_load(path, &rgb)) {
            continue;
        }
        if (mien_image_create(&gray, rgb.width, rgb.height, MIEN_FORMAT_GRAY8)) {
            mien_rgb_to_gray(&rgb, &gray);
            d->background[d->backgrounds++] = gray;
        } else {
            ok = false;
        }
        mien_image_destroy(&rgb);
    }
    free(name);
    return ok && d->backgrounds > 0;
}

void mien_detect_data_destroy(struct mien_detect_data *d)
{
    for (size_t i = 0; i < d->count; i++) {
        mien_image_destroy(&d->source[i].gray);
    }
    for (size_t i = 0; i < d->backgrounds; i++) {
        mien_image_destroy(&d->background[i]);
    }
    for (int g = 0; g < MIEN_DETECT_GROUPS; g++) {
        free(d->member[g]);
    }
    free(d->source);
    free(d->background);
    memset(d, 0, sizeof(*d));
}

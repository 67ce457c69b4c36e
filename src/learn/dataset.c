// Opens packs and folders of backgrounds and draws from them by weight.
#include "learn/dataset.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"

enum { BACKGROUND_SIDE = 320 };

void mien_dataset_init(struct mien_dataset *d)
{
    memset(d, 0, sizeof(*d));
    d->backgrounds = -1;
}

static void source_destroy(struct mien_dataset_source *s)
{
    if (!s->pictures) {
        mien_pack_close(&s->pack);
    }
    for (size_t g = 0; g < MIEN_COUNT(s->group); g++) {
        mien_free(s->group[g].record);
    }
    mien_free(s->validation);
    for (size_t i = 0; i < s->picture_count; i++) {
        mien_image_destroy(&s->picture[i]);
    }
    mien_free(s->picture);
    memset(s, 0, sizeof(*s));
}

void mien_dataset_destroy(struct mien_dataset *d)
{
    for (int i = 0; i < d->count; i++) {
        source_destroy(&d->source[i]);
    }
    mien_dataset_init(d);
}

// An eye shut (as photos' fits say it), or one more than the other.
static bool has_rare_lids(const struct mien_label *l)
{
    float left = l->blendshape[MIEN_BS_EYE_BLINK_LEFT];
    float right = l->blendshape[MIEN_BS_EYE_BLINK_RIGHT];
    return l->mask & MIEN_LABEL_BLENDSHAPES &&
           (fmaxf(left, right) > 0.6f || fabsf(left - right) > 0.35f);
}

// 4 * class + (2 when turned away) + (1 when the lids are rare)
static int label_group(const struct mien_label *l)
{
    // R's last entry is the cosine between the nose's direction and the line to the camera.
    int turned = l->mask & MIEN_LABEL_POSE && l->pose.R[8] < 0.906f;
    int best = MIEN_EXPRESSIONS;
    for (int i = 0; l->mask & MIEN_LABEL_EXPRESSION && i < MIEN_EXPRESSIONS; i++) {
        if (best == MIEN_EXPRESSIONS || l->expression[i] > l->expression[best]) {
            best = i;
        }
    }
    return 4 * best + 2 * turned + has_rare_lids(l);
}

// How often a record of a group is drawn, against a usual one of its class.
static double group_rate(size_t g)
{
    return (g & 2 ? MIEN_DATASET_TURNED : 1) * (g & 1 ? MIEN_DATASET_RARE : 1);
}

// Shares of the groups of each class, from their sizes.
static void weigh_groups(struct mien_dataset_source *s, const size_t size[MIEN_DATASET_GROUPS],
                         bool balance)
{
    for (size_t first = 0; first < MIEN_DATASET_GROUPS; first += 4) {
        double records = 0, drawn = 0;
        for (size_t g = first; g < first + 4; g++) {
            records += (double)size[g];
            drawn += group_rate(g) * (double)size[g];
        }
        double all = balance ? sqrt(records) : records;
        for (size_t g = first; g < first + 4; g++) {
            s->group[g].weight = size[g] ? all * group_rate(g) * (double)size[g] / drawn : 0;
        }
    }
}

static bool index_pack(struct mien_dataset_source *s, bool balance)
{
    size_t n = s->pack.count;
    uint8_t *group = mien_calloc(n ? n : 1, 1); // 255: validation
    size_t size[MIEN_DATASET_GROUPS] = {0}, shaped = 0;
    if (!group) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        struct mien_label l;
        const uint8_t *jpeg;
        mien_pack_get(&s->pack, i, &l, &jpeg);
        if (l.split) {
            group[i] = 255;
            s->validation_count++;
        } else {
            group[i] = (uint8_t)label_group(&l);
            size[group[i]]++;
            shaped += (l.mask & ~s->ignore & MIEN_LABEL_LANDMARKS) != 0;
            s->train_count++;
        }
    }
    // Where landmarks are taught, rare classes would only bring the same few faces again and again.
    balance = balance && 2 * shaped < s->train_count;
    bool ok = (s->validation = mien_calloc(s->validation_count + 1, sizeof(uint32_t))) != NULL;
    for (size_t g = 0; g < MIEN_COUNT(s->group) && ok; g++) {
        s->group[g].record = mien_calloc(size[g] + 1, sizeof(uint32_t));
        ok = s->group[g].record != NULL;
    }
    weigh_groups(s, size, balance);
    size_t v = 0;
    for (size_t i = 0; i < n && ok; i++) {
        if (group[i] == 255) {
            s->validation[v++] = (uint32_t)i;
        } else {
            struct mien_dataset_group *g = &s->group[group[i]];
            g->record[g->count++] = (uint32_t)i;
        }
    }
    mien_free(group);
    return ok;
}

static int is_picture(const struct dirent *e)
{
    const char *dot = strrchr(e->d_name, '.');
    return dot &&
           (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg") || !strcasecmp(dot, ".png"));
}

static bool load_pictures(struct mien_dataset_source *s)
{
    struct dirent **entry = NULL;
    int n = scandir(s->path, &entry, is_picture, alphasort);
    if (n < 1) {
        mien_error("%s: no JPEG or PNG pictures in this folder", s->path);
        free(entry);
        return false;
    }
    s->picture = mien_calloc((size_t)n, sizeof(*s->picture));
    struct mien_progress progress = {0};
    mien_progress_begin(&progress, "reading backgrounds", "pictures", 0, n);
    for (int i = 0; i < n; i++) {
        char path[1024];
        struct mien_image im = {0};
        snprintf(path, sizeof(path), "%s/%s", s->path, entry[i]->d_name);
        if (s->picture && mien_image_load(path, &im)) {
            int larger = im.width > im.height ? im.width : im.height;
            if (larger > BACKGROUND_SIDE) {
                struct mien_image small = {0};
                int w = im.width * BACKGROUND_SIDE / larger,
                    h = im.height * BACKGROUND_SIDE / larger;
                if (mien_image_create(&small, w > 0 ? w : 1, h > 0 ? h : 1, MIEN_FORMAT_RGB8)) {
                    mien_resize(&im, &small);
                    s->picture[s->picture_count++] = small;
                }
                mien_image_destroy(&im);
            } else {
                s->picture[s->picture_count++] = im;
            }
        }
        free(entry[i]);
        mien_progress_update(&progress, i + 1, NULL);
    }
    mien_progress_end(&progress, n);
    free(entry);
    s->picture_train = s->picture_count - s->picture_count / 20;
    return s->picture_count > 0;
}

// "no-pose,no-gaze" into a mask. False when a kind is unknown (logged).
static bool read_kinds(const char *spec, char *kinds, uint32_t *ignore)
{
    static const char *const kind[] = {"landmarks",   "pose",       "identity",
                                       "blendshapes", "expression", "gaze"};
    char *save = NULL;
    for (char *k = strtok_r(kinds, ",", &save); k; k = strtok_r(NULL, ",", &save)) {
        size_t i = 0;
        while (i < MIEN_COUNT(kind) && (strncmp(k, "no-", 3) != 0 || strcmp(k + 3, kind[i]) != 0)) {
            i++;
        }
        if (i == MIEN_COUNT(kind)) {
            mien_error("%s: \"%s\" is not no-landmarks, no-pose, no-identity, no-blendshapes, "
                       "no-expression or no-gaze",
                       spec, k);
            return false;
        }
        *ignore |= 1u << i;
    }
    return true;
}

// Path, ignore and *weight (-1 when it is not given).
static bool read_spec(const char *spec, struct mien_dataset_source *s, double *weight)
{
    snprintf(s->path, sizeof(s->path), "%s", spec);
    char *colon = strrchr(s->path, ':'), *kinds = NULL;
    if (colon && !strncmp(colon + 1, "no-", 3)) {
        *colon = 0;
        kinds = colon + 1;
        colon = strrchr(s->path, ':');
    }
    if (colon) {
        char *end;
        *weight = strtod(colon + 1, &end);
        if (end == colon + 1 || *end || !(*weight >= 0) || *weight > 1e6) {
            mien_error("%s: \"%s\" is not a weight (PATH:WEIGHT, for example faces.pack:0.5)", spec,
                       colon + 1);
            return false;
        }
        *colon = 0;
    }
    return !kinds || read_kinds(spec, kinds, &s->ignore);
}

bool mien_dataset_add(struct mien_dataset *d, const char *spec, bool class_balance)
{
    if (d->count == MIEN_DATASET_SOURCES) {
        mien_error("%s: at most %d data sources", spec, MIEN_DATASET_SOURCES);
        return false;
    }
    struct mien_dataset_source *s = &d->source[d->count];
    memset(s, 0, sizeof(*s));
    double weight = -1;
    if (!read_spec(spec, s, &weight)) {
        return false;
    }
    struct stat st;
    s->pictures = stat(s->path, &st) == 0 && S_ISDIR(st.st_mode);
    s->weight = weight >= 0 ? weight : s->pictures ? 0.08 : 1;
    bool ok = s->pictures ? load_pictures(s)
                          : mien_pack_open(&s->pack, s->path) && index_pack(s, class_balance);
    if (!ok) {
        source_destroy(s);
        return false;
    }
    if (s->pictures) {
        d->backgrounds = d->count;
        s->train_count = s->picture_train;
        s->validation_count = s->picture_count - s->picture_train;
    }
    mien_info("%s: %zu for training, %zu for validation, weight %.2f", s->path, s->train_count,
              s->validation_count, s->weight);
    d->count++;
    return true;
}

size_t mien_dataset_train_count(const struct mien_dataset *d)
{
    size_t n = 0;
    for (int i = 0; i < d->count; i++) {
        n += d->source[i].train_count;
    }
    return n;
}

static double uniform(struct mien_rng *rng)
{
    return mien_rng_u32(rng) / 4294967296.0;
}

bool mien_dataset_draw(const struct mien_dataset *d, struct mien_rng *rng,
                       struct mien_record_ref *out)
{
    double total = 0;
    for (int i = 0; i < d->count; i++) {
        total += d->source[i].train_count ? d->source[i].weight : 0;
    }
    if (!(total > 0)) {
        return false;
    }
    double u = uniform(rng) * total;
    int pick = -1;
    for (int i = 0; i < d->count; i++) {
        double w = d->source[i].train_count ? d->source[i].weight : 0;
        if (w > 0) {
            pick = i;
            if (u < w) {
                break;
            }
            u -= w;
        }
    }
    const struct mien_dataset_source *s = &d->source[pick];
    out->source = pick;
    if (s->pictures) {
        out->record = mien_rng_below(rng, (uint32_t)s->picture_train);
        return true;
    }
    double sum = 0;
    for (size_t g = 0; g < MIEN_COUNT(s->group); g++) {
        sum += s->group[g].weight;
    }
    u = uniform(rng) * sum;
    const struct mien_dataset_group *group = NULL;
    for (size_t g = 0; g < MIEN_COUNT(s->group); g++) {
        if (s->group[g].count) {
            group = &s->group[g];
            if (u < group->weight) {
                break;
            }
            u -= group->weight;
        }
    }
    out->record = group->record[mien_rng_below(rng, (uint32_t)group->count)];
    return true;
}

void mien_label_mirror(const struct mien_face_model *model, struct mien_label *l)
{
    const struct mien_label old = *l;
    float last = (float)(l->width - 1);
    for (int i = 0; i < model->landmarks; i++) {
        int j = model->landmark[i].mirror;
        l->landmark_px[i][0] = last - old.landmark_px[j][0];
        l->landmark_px[i][1] = old.landmark_px[j][1];
        l->landmark_weight[i] = old.landmark_weight[j];
    }
    l->box_px[0] = last - old.box_px[2];
    l->box_px[2] = last - old.box_px[0];
    l->valid_px[0] = last - old.valid_px[2];
    l->valid_px[2] = last - old.valid_px[0];
    l->camera.cx_px = last - old.camera.cx_px;
    l->pose.t[0] = -old.pose.t[0];
    mien_rotation_mirror(l->pose.R);
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        int j = mien_blendshape_mirror(i);
        l->blendshape[i] = old.blendshape[j];
        l->blendshape_weight[i] = old.blendshape_weight[j];
    }
    for (int e = 0; e < 2; e++) {
        l->gaze_deg[e][0] = -old.gaze_deg[1 - e][0];
        l->gaze_deg[e][1] = old.gaze_deg[1 - e][1];
        l->gaze_weight[e] = old.gaze_weight[1 - e];
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        l->identity[i] *= model->identity_mirror[i];
    }
}

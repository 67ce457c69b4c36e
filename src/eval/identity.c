// Renders people or reads photographs, and compares their estimated identities with the truth or
// with one another.
#include "eval/eval.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/portrait.h"
#include "learn/likeness.h"
#include "learn/reconstruction.h"
#include "nn/net.h"
#include "nn/registry.h"
#include "scan/scan.h"
#include "synth/render.h"
#include "track/evidence.h"

enum { SIDE = 360, LOOKS = 10 };
static const float fov_deg = 50;

static struct mien_engine *make_engine(const struct mien_eval *c, float fov)
{
    return mien_engine_create(&(struct mien_engine_config){.face_path = c->model,
                                                           .net_path = c->net,
                                                           .portrait_path = c->portrait,
                                                           .fov_deg = fov,
                                                           .still = true,
                                                           .quality = true,
                                                           .max_faces = 1});
}

// An adult of the face model's own kind, before whom nothing is.
static void make_person(const struct mien_synth_assets *a, struct mien_rng *r,
                        struct mien_synth_person *p)
{
    struct mien_synth_scene s;
    mien_synth_person_sample(p, a, r);
    mien_synth_scene_sample(&s, a, p, SIDE, NULL, 0, r);
    mien_synth_make_plain(p, &s, 1.5f);
}

// The same person seen anew: another face, light and distance; the k-th of ten directions.
static void make_look(const struct mien_synth_assets *a, const struct mien_synth_person *p, int k,
                      struct mien_rng *r, struct mien_synth_scene *s)
{
    struct mien_synth_person same = *p;
    mien_synth_scene_sample(s, a, p, SIDE, NULL, 0, r);
    mien_synth_make_plain(&same, s, 1.5f);
    s->yaw = -50 + 100 * ((float)k + 0.5f) / LOOKS + mien_rng_range(r, -4, 4);
    s->pitch = mien_rng_range(r, -10, 10);
    s->roll = mien_rng_range(r, -5, 5);
    s->body_yaw = s->body_pitch = s->body_roll = 0;
    s->fixed_camera = true;
    s->camera = mien_camera_make(SIDE, SIDE, fov_deg);
    s->position[0] = s->position[1] = 0;
    s->position[2] = -mien_rng_range(r, 450, 700);
}

struct looks {
    struct mien_face_model model;
    struct mien_synth_assets assets;
    struct mien_synth_renderer *renderer;
    struct mien_engine *engine;
    struct mien_portrait
        *portrait; // the engine's; NULL: the network has none, and looks are not added up
    struct mien_image picture;
    struct mien_scan kept; // the looks at a person
    struct mien_scan_found found;
    struct mien_reconstruction one, all;
    int seen, missed;
};

// False when memory is short (logged).
static bool look_at(struct looks *l, const struct mien_synth_person *p)
{
    struct mien_evidence known = {0};
    struct mien_result r;
    struct mien_portrait_answer answer;
    mien_reconstruction_truth(&l->all, p->identity, NULL);
    mien_reconstruction_add(&l->all, MIEN_RECONSTRUCTION_MEAN, NULL, NULL);
    struct mien_rng rng;
    mien_rng_seed(&rng, 77, (uint64_t)(l->seen + l->missed));
    mien_scan_forget(&l->kept);
    for (int k = 0; k < LOOKS; k++) {
        struct mien_synth_scene s;
        make_look(&l->assets, p, k, &rng, &s);
        mien_synth_render(l->renderer, p, &s, &l->picture, NULL);
        if (!mien_engine_run(l->engine, &l->picture, 0, &r) || r.count == 0) {
            l->missed++;
            continue;
        }
        l->seen++;
        const struct mien_face_result *f = &r.face[0];
        mien_reconstruction_truth(&l->one, p->identity, NULL);
        mien_reconstruction_add(&l->one, MIEN_RECONSTRUCTION_MEAN, NULL, NULL);
        mien_reconstruction_add(&l->one, MIEN_RECONSTRUCTION_FIT, f->identity, NULL);
        if (l->portrait && mien_portrait_look(l->portrait, &l->picture, &f->crop, true, &answer)) {
            mien_reconstruction_add(&l->one, MIEN_RECONSTRUCTION_BRANCHES, answer.identity, NULL);
            mien_evidence_add(&known, NULL, mien_evidence_direction(f->pose.R), answer.identity,
                              answer.sigma);
            if (!mien_scan_offer(&l->kept, &l->picture, &r.camera, f)) {
                return false;
            }
        }
    }
    if (!known.looks) {
        return true;
    }
    mien_reconstruction_add(&l->all, MIEN_RECONSTRUCTION_BRANCHES, known.mean, NULL);
    mien_scan_refine(
        &l->kept, &l->model,
        &(struct mien_scan_known){.identity = known.mean, .sigma = known.sigma, .camera = true},
        &l->found);
    mien_reconstruction_add(&l->all, MIEN_RECONSTRUCTION_FIT, l->found.identity, NULL);
    return true;
}

static void print_looks(const struct looks *l, bool json)
{
    enum { M = MIEN_RECONSTRUCTION_IDENTITY_ALIGNED };
    double mean = mien_reconstruction_mm(&l->one, MIEN_RECONSTRUCTION_MEAN, M);
    double fit = mien_reconstruction_ratio(&l->one, MIEN_RECONSTRUCTION_FIT, M);
    double one = mien_reconstruction_ratio(&l->one, MIEN_RECONSTRUCTION_BRANCHES, M);
    double all = mien_reconstruction_ratio(&l->all, MIEN_RECONSTRUCTION_BRANCHES, M);
    double refined = mien_reconstruction_ratio(&l->all, MIEN_RECONSTRUCTION_FIT, M);
    if (json) {
        printf("{\"looks\":%d,\"missed\":%d,\"mean_face_mm\":%.4g,\"one_look\":%.4g", l->seen,
               l->missed, mean, fit);
        if (l->portrait) {
            printf(",\"portrait\":%.4g,\"together\":%.4g,\"refined\":%.4g", one, all, refined);
        }
        puts("}");
        return;
    }
    printf("%d looks at rendered people, %d without a face; the mean face is %.2f mm from them\n"
           "vertex error over the mean face's: one look %.3f\n",
           l->seen, l->missed, mean, fit);
    if (l->portrait) {
        printf(
            "of the portrait network alone: one look %.3f, ten of a person together %.3f, refined "
            "%.3f\n",
            one, all, refined);
    }
}

int mien_eval_looks(const struct mien_eval *c)
{
    struct looks *l = mien_calloc(1, sizeof(*l));
    int status = 2;
    if (!l || !mien_face_model_load(&l->model, c->model) ||
        !mien_synth_assets_load(&l->assets, &l->model, NULL, NULL, 0) ||
        !(l->renderer = mien_synth_renderer_create(&l->assets, SIDE, SIDE)) ||
        !mien_image_create(&l->picture, SIDE, SIDE, MIEN_FORMAT_RGB8) ||
        !mien_reconstruction_init(&l->one, &l->model) ||
        !mien_reconstruction_init(&l->all, &l->model) || !(l->engine = make_engine(c, fov_deg))) {
        goto out;
    }
    l->portrait = mien_engine_portrait(l->engine);
    struct mien_progress bar = {0};
    mien_progress_begin(&bar, "reading", "people", 0, c->people);
    l->kept.side_px = SIDE;
    bool ok = true;
    for (int i = 0; ok && i < c->people; i++) {
        struct mien_rng r;
        struct mien_synth_person p;
        mien_rng_seed(&r, (uint64_t)c->seed, 0x1d00ULL + (uint64_t)i);
        make_person(&l->assets, &r, &p);
        ok = look_at(l, &p);
        mien_progress_update(&bar, i + 1, NULL);
    }
    mien_progress_end(&bar, c->people);
    if (ok) {
        print_looks(l, c->json);
        status = l->seen ? 0 : 1;
    }
out:
    if (l) {
        mien_scan_destroy(&l->kept);
        mien_engine_destroy(l->engine);
        mien_reconstruction_destroy(&l->one);
        mien_reconstruction_destroy(&l->all);
        mien_image_destroy(&l->picture);
        mien_synth_renderer_destroy(l->renderer);
        mien_synth_assets_destroy(&l->assets);
        mien_face_model_destroy(&l->model);
        mien_free(l);
    }
    return status;
}

struct photo { // of somebody
    const char *person;
    size_t offset, bytes;
    float identity[MIEN_IDENTITY];
    bool read;
};

struct photos {
    struct photo *photo;
    int count, people, missed;
    char *index;
    uint8_t *jpegs;
};

static int by_person(const void *a, const void *b)
{
    const struct photo *p = a, *q = b;
    int c = strcmp(p->person, q->person);
    return c ? c : (p->offset > q->offset) - (p->offset < q->offset);
}

// Keeps those whose person has two or more.
static void keep_pairs(struct photos *s)
{
    int kept = 0;
    qsort(s->photo, (size_t)s->count, sizeof(*s->photo), by_person);
    for (int i = 0, end; i < s->count; i = end) {
        for (end = i + 1; end < s->count && !strcmp(s->photo[end].person, s->photo[i].person);) {
            end++;
        }
        for (int k = i; k < end && end - i > 1; k++) {
            s->photo[kept++] = s->photo[k];
        }
        s->people += end - i > 1;
    }
    s->count = kept;
}

// The rows of index.csv that are of this split ("train" or "val") and name a person. False (logged)
// when the folder is not such a one.
static bool list_photos(const char *dir, const char *wanted, struct photos *s)
{
    char path[1100];
    size_t text = 0, size = 0;
    snprintf(path, sizeof(path), "%s/index.csv", dir);
    s->index = mien_file_read(path, 0, &text);
    snprintf(path, sizeof(path), "%s/photos.jpgs", dir);
    s->jpegs = s->index ? mien_file_read(path, 0, &size) : NULL;
    s->photo = mien_calloc(text / 16 + 1, sizeof(*s->photo));
    if (!s->jpegs || !s->photo) {
        return false;
    }
    char *save = NULL;
    int line = 0;
    for (char *row = strtok_r(s->index, "\n", &save); row; row = strtok_r(NULL, "\n", &save)) {
        unsigned long long offset = 0, bytes = 0;
        char source[32] = "", split[16] = "";
        int begin = 0, end = 0;
        if (line++ == 0) {
            continue;
        }
        if (sscanf(row, "%*u,%llu,%llu,%31[^,],%n%*[^,]%n,%15[^,],", &offset, &bytes, source,
                   &begin, &end, split) != 4 ||
            end <= begin || offset > size || bytes > size - offset) {
            continue; // nobody is named
        }
        if (!strcmp(split, wanted)) {
            row[end] = 0;
            s->photo[s->count++] = (struct photo){
                .person = row + begin, .offset = (size_t)offset, .bytes = (size_t)bytes};
        }
    }
    keep_pairs(s);
    if (s->people < 2) {
        mien_error("%s/index.csv: fewer than two people of \"%s\" have two photographs: nothing to "
                   "compare",
                   dir, wanted);
        return false;
    }
    return true;
}

static void read_photos(struct mien_engine *e, struct photos *s)
{
    struct mien_progress bar = {0};
    struct mien_result r;
    mien_progress_begin(&bar, "reading", "photographs", 0, s->count);
    for (int i = 0; i < s->count; i++) {
        struct photo *p = &s->photo[i];
        struct mien_image im = {0};
        if (mien_image_load_memory(s->jpegs + p->offset, p->bytes, p->person, &im) &&
            mien_engine_run(e, &im, 0, &r) && r.count > 0) {
            memcpy(p->identity, r.face[0].identity, sizeof(p->identity));
            p->read = true;
        }
        s->missed += !p->read;
        mien_image_destroy(&im);
        mien_progress_update(&bar, i + 1, NULL);
    }
    mien_progress_end(&bar, s->count);
}

// What all photographs have in common tells nobody from another.
static void subtract_mean(struct photos *s)
{
    double mean[MIEN_IDENTITY] = {0}, n = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < s->count; i++) {
            for (int k = 0; s->photo[i].read && k < MIEN_IDENTITY; k++) {
                if (pass) {
                    s->photo[i].identity[k] -= (float)(mean[k] / fmax(1, n));
                } else {
                    mean[k] += (double)s->photo[i].identity[k];
                }
            }
            n += !pass && s->photo[i].read;
        }
    }
}

static double cosine(const float *a, const float *b)
{
    double ab = 0, aa = 0, bb = 0;
    for (int k = 0; k < MIEN_IDENTITY; k++) {
        ab += (double)a[k] * (double)b[k];
        aa += (double)a[k] * (double)a[k];
        bb += (double)b[k] * (double)b[k];
    }
    return ab / sqrt(fmax(1e-12, aa * bb));
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// By the cosine of the coefficients, or by how much likelier one person is (engine given).
static double likeness(const struct mien_engine *e, const struct photo *p, const struct photo *q)
{
    return e ? (double)mien_engine_compare(e, p->identity, q->identity)
             : cosine(p->identity, q->identity);
}

struct comparison {
    double auc; // the share of pairs of one person that are more alike than a pair of two
                // people; ties count half
    double same_above, other_above; // share of pairs whose likeness is above 0
    size_t same, other;             // pairs of one person, of two
};

// Of n sorted values, how many are below x; with `equal`, how many are not above it.
static size_t count_below(const double *value, size_t n, double x, bool equal)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (value[mid] < x || (equal && value[mid] == x)) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

// False when memory is short (logged) or there are no two photographs of one person, or of two.
static bool compare_photos(const struct photos *s, const struct mien_engine *e,
                           struct comparison *out)
{
    size_t most = (size_t)s->count * (size_t)s->count / 2 + 1, n[2] = {0, 0};
    double *alike[2] = {mien_calloc(most, sizeof(double)), mien_calloc(most, sizeof(double))};
    bool ok = alike[0] && alike[1];
    for (int i = 0; ok && i < s->count; i++) {
        for (int j = 0; j < i; j++) {
            const struct photo *p = &s->photo[i], *q = &s->photo[j];
            int one = !strcmp(p->person, q->person);
            if (p->read && q->read) {
                alike[one][n[one]++] = likeness(e, p, q);
            }
        }
    }
    ok = ok && n[0] && n[1];
    if (ok) {
        double above = 0;
        qsort(alike[0], n[0], sizeof(double), by_value);
        qsort(alike[1], n[1], sizeof(double), by_value);
        for (size_t i = 0; i < n[1]; i++) {
            above += 0.5 * (double)(count_below(alike[0], n[0], alike[1][i], false) +
                                    count_below(alike[0], n[0], alike[1][i], true));
        }
        *out = (struct comparison){
            .auc = above / ((double)n[0] * (double)n[1]),
            .same_above = 1 - (double)count_below(alike[1], n[1], 0, true) / (double)n[1],
            .other_above = 1 - (double)count_below(alike[0], n[0], 0, true) / (double)n[0],
            .same = n[1],
            .other = n[0]};
    }
    mien_free(alike[0]);
    mien_free(alike[1]);
    return ok;
}

static bool save_likeness(const struct photos *s, const char *net)
{
    struct mien_likeness l;
    struct mien_likeness_sample *sample = mien_calloc((size_t)s->count + 1, sizeof(*sample));
    int count = 0, people = 0;
    for (int i = 0; sample && i < s->count; i++) {
        people += i > 0 && strcmp(s->photo[i].person, s->photo[i - 1].person) != 0;
        if (s->photo[i].read) {
            sample[count++] = (struct mien_likeness_sample){people, s->photo[i].identity};
        }
    }
    bool ok = sample && mien_likeness_learn(sample, count, &l) &&
              mien_net_save_numbers(net, "likeness", (const float *)&l, MIEN_LIKENESS_NUMBERS);
    if (ok) {
        printf("%s: learned from %d photographs of %d people how alike one person's shapes are\n",
               net, count, people + 1);
    }
    mien_free(sample);
    return ok;
}

static void print_comparison(const struct photos *s, const struct comparison *ratio,
                             const struct comparison *cosines, bool json)
{
    if (json) {
        printf("{\"people\":%d,\"photographs\":%d,\"missed\":%d,\"same\":%zu,\"other\":%zu,",
               s->people, s->count, s->missed, cosines->same, cosines->other);
        if (ratio) {
            printf("\"auc\":%.4f,\"same_above\":%.4f,\"other_above\":%.4f,", ratio->auc,
                   ratio->same_above, ratio->other_above);
        }
        printf("\"auc_cosine\":%.4f}\n", cosines->auc);
        return;
    }
    printf("%d photographs of %d people, %d without a face; %zu pairs of one person, %zu of two\n",
           s->count, s->people, s->missed, cosines->same, cosines->other);
    if (ratio) {
        printf("the same person by the likelihood ratio: AUC %.3f; above 0: %.1f %% of one "
               "person's pairs, %.1f %% of two people's\n",
               ratio->auc, 100 * ratio->same_above, 100 * ratio->other_above);
    }
    printf("by the coefficients' cosine: AUC %.3f\n", cosines->auc);
}

// The portrait network's file; NULL when there is none.
static const char *find_portrait(const struct mien_eval *c, char *file, size_t size)
{
    if (c->portrait) {
        return *c->portrait ? c->portrait : NULL;
    }
    return mien_network_portrait(c->net, NULL, file, size) ? file : NULL;
}

int mien_eval_pairs(const struct mien_eval *c)
{
    struct photos s = {0};
    struct comparison ratio, cosines;
    char file[1024];
    const char *portrait = find_portrait(c, file, sizeof(file));
    struct mien_engine *e = NULL;
    int status = 2;
    if (c->calibrate && !portrait) {
        mien_error("--calibrate writes into the portrait network, and there is none for %s",
                   c->net ? c->net : "the network");
        return 2;
    }
    if (!list_photos(c->pairs, c->calibrate ? "train" : "val", &s) || !(e = make_engine(c, 0))) {
        goto out;
    }
    read_photos(e, &s);
    if (c->calibrate) {
        status = save_likeness(&s, portrait) ? 0 : 1;
        goto out;
    }
    static const float none[MIEN_IDENTITY];
    bool has_ratio = !isnan(mien_engine_compare(e, none, none));
    bool ok = !has_ratio || compare_photos(&s, e, &ratio);
    subtract_mean(&s);
    ok = ok && compare_photos(&s, NULL, &cosines);
    if (ok) {
        print_comparison(&s, has_ratio ? &ratio : NULL, &cosines, c->json);
    } else {
        mien_error("%s: no two photographs of one person, or of two, show a face", c->pairs);
    }
    status = !ok;
out:
    mien_engine_destroy(e);
    mien_free(s.photo);
    mien_free(s.index);
    mien_free(s.jpegs);
    return status;
}

// Engine and portrait network on pictures, then refinement and painting.
#include "scan/head_scan.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine.h"

enum { KEPT_PX = 900 };

bool mien_head_scan_open(struct mien_head_scan *s, const struct mien_head_scan_options *o)
{
    s->engine = mien_engine_create(&(struct mien_engine_config){
        .face_path = o->face,
        .net_path = o->net,
        .detect_path = o->detect,
        .portrait_path = o->portrait, // its landmarks count too; it is asked here once more
        .fov_deg = o->fov_deg,
        .near_camera = true, // a photographer's would be too far off for the refinement to find it
        .max_faces = 1,
        .quality = true,
        .still = true,
    });
    if (!s->engine) {
        return false;
    }
    s->portrait = mien_engine_portrait(s->engine);
    if (!s->portrait) {
        mien_error("there is no portrait network for %s: a head's shape cannot be read without one",
                   o->net ? o->net : "models/face.net");
        return false;
    }
    s->camera_known = o->fov_deg > 0;
    s->kept.side_px = KEPT_PX;
    return true;
}

void mien_head_scan_close(struct mien_head_scan *s)
{
    mien_scan_destroy(&s->kept);
    mien_engine_destroy(s->engine);
    s->portrait = NULL;
    s->engine = NULL;
}

void mien_head_scan_next(struct mien_head_scan *s)
{
    s->sources++;
}

static void add_identity(struct mien_head_scan *s, const float *identity)
{
    if (s->sources < 1 || s->sources > MIEN_HEAD_SOURCES) {
        return;
    }
    struct mien_head_source *k = &s->source[s->sources - 1];
    k->looks++;
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        k->mean[i] += (identity[i] - k->mean[i]) / (float)k->looks;
    }
}

float mien_head_scan_likeness(const struct mien_head_scan *s, int i)
{
    float others[MIEN_IDENTITY] = {0};
    int count = 0;
    const int sources = s->sources < MIEN_HEAD_SOURCES ? s->sources : MIEN_HEAD_SOURCES;
    for (int k = 0; k < sources; k++) {
        if (k == i || !s->source[k].looks) {
            continue;
        }
        count++;
        for (int j = 0; j < MIEN_IDENTITY; j++) {
            others[j] += (s->source[k].mean[j] - others[j]) / (float)count;
        }
    }
    return count && i < sources && s->source[i].looks
               ? mien_engine_compare(s->engine, s->source[i].mean, others)
               : NAN;
}

bool mien_head_scan_look(struct mien_head_scan *s, const struct mien_image *im)
{
    struct mien_portrait_answer answer;
    struct mien_result *r = &s->result;
    s->looked++;
    if (!mien_engine_run(s->engine, im, 0, r) || r->count == 0) {
        s->without++;
        return true;
    }
    const struct mien_face_result *f = &r->face[0];
    int direction = mien_evidence_direction(f->pose.R);
    if (direction < 0) {
        s->without++;
        return true;
    }
    if (!mien_portrait_look(s->portrait, im, &f->crop, true, &answer)) {
        return false;
    }
    add_identity(s, f->identity);
    mien_evidence_add(&s->known, mien_portrait_people(s->portrait), direction, answer.identity,
                      answer.sigma);
    return mien_scan_offer(&s->kept, im, &r->camera, f);
}

bool mien_head_scan_finish(struct mien_head_scan *s, int side, struct mien_head *h)
{
    if (!s->known.looks) {
        return false;
    }
    h->model = mien_engine_model(s->engine);
    h->looks = s->known.looks;
    s->refined = mien_scan_refine(&s->kept, h->model,
                                  &(struct mien_scan_known){.identity = s->known.mean,
                                                            .sigma = s->known.sigma,
                                                            .camera = s->camera_known},
                                  &s->found);
    memcpy(h->identity, s->found.identity, sizeof(h->identity));
    memcpy(h->sigma, s->found.sigma, sizeof(h->sigma));
    return mien_views_paint(s->found.frame, s->kept.count, side, h);
}

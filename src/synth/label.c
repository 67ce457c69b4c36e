// A rendered picture's labels: read off the model, the scene and, for what is seen, the raster.
#include "synth/frame.h"

#include <math.h>
#include <string.h>

#include "face/gaze.h"
#include "image/luma.h"

// What may lie before a lid's rim without hiding it: the lid's own fold, when it is shut or looked
// at from above. Rims of glasses are 10 mm and more before it.
static const float lid_fold_mm = 7.0f;

// A landmark is seen when nothing lies clearly before it in the samples around its own.
static bool is_visible(const struct mien_synth_renderer *r, const float px[2], float distance,
                       float thick_mm)
{
    int x = (int)lrintf(px[0] * MIEN_SAMPLES + 0.5f), y = (int)lrintf(px[1] * MIEN_SAMPLES + 0.5f);
    float slack = thick_mm + 0.8f * distance / r->camera.f_px; // a pixel's depth on a slope
    for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) {
            int i = x + dx, j = y + dy;
            if (i < 0 || j < 0 || i >= r->sw || j >= r->sh) {
                return true;
            }
            float near_ = r->raster.near_[(size_t)j * (size_t)r->sw + (size_t)i];
            if (near_ <= 0 || 1 / near_ > distance - slack) {
                return true;
            }
        }
    }
    return false;
}

static bool is_on_eye(const struct mien_synth_renderer *r, const float px[2])
{
    int x = (int)lrintf(px[0] * MIEN_SAMPLES + 0.5f), y = (int)lrintf(px[1] * MIEN_SAMPLES + 0.5f);
    return x >= 0 && y >= 0 && x < r->sw && y < r->sh &&
           r->raster.id[(size_t)y * (size_t)r->sw + (size_t)x] >> 24 == MIEN_OBJECT_EYE;
}

static bool is_behind_dark_lens(const struct mien_synth_renderer *r, const float px[2])
{
    if (r->p->glasses != MIEN_GLASSES_DARK) {
        return false;
    }
    for (int t = r->lens_first; t < r->prop.triangles; t++) {
        const int32_t *k = r->prop.triangle + 3 * t;
        float w[3];
        if (mien_raster_weights(r->prop.screen[k[0]], r->prop.screen[k[1]], r->prop.screen[k[2]],
                                px[0] * MIEN_SAMPLES + 0.5f, px[1] * MIEN_SAMPLES + 0.5f, w) &&
            w[0] >= 0 && w[1] >= 0 && w[2] >= 0) {
            return true;
        }
    }
    return false;
}

void mien_synth_label(const struct mien_synth_renderer *r, struct mien_label *l)
{
    const struct mien_face_model *m = r->a->model;
    const struct mien_synth_scene *s = r->s;
    memset(l, 0, sizeof *l);
    l->mask = MIEN_LABEL_LANDMARKS | MIEN_LABEL_POSE | MIEN_LABEL_IDENTITY |
              MIEN_LABEL_BLENDSHAPES | MIEN_LABEL_GAZE;
    l->source = MIEN_SOURCE_SYNTH;
    l->width = r->width;
    l->height = r->height;
    l->valid_px[2] = (float)r->width;
    l->valid_px[3] = (float)r->height;
    if (s->nobody) {
        l->mask = MIEN_LABEL_NOFACE;
        return;
    }
    l->camera = r->camera;
    l->pose = r->pose;
    float box[4] = {1e9f, 1e9f, -1e9f, -1e9f};
    int hidden = 0;
    for (int i = 0; i < m->landmarks; i++) {
        float q[3], *px = l->landmark_px[i];
        mien_mat3_mul_vec(r->pose.R, r->landmark[i], q);
        for (int c = 0; c < 3; c++) {
            q[c] += r->pose.t[c];
        }
        if (!mien_camera_project(&r->camera, q, px)) {
            continue;
        }
        float thick = m->landmark[i].region == MIEN_REGION_EYE ? lid_fold_mm : 2.0f;
        // Lids are thinner than the slack of is_visible(): an iris is seen where an eyeball is
        // drawn.
        bool visible =
            (m->landmark[i].region == MIEN_REGION_IRIS ? is_on_eye(r, px)
                                                       : is_visible(r, px, -q[2], thick)) &&
            !is_behind_dark_lens(r, px);
        l->landmark_weight[i] = visible ? 1 : 0.3f;
        hidden += !visible;
        box[0] = fminf(box[0], px[0]);
        box[1] = fminf(box[1], px[1]);
        box[2] = fmaxf(box[2], px[0]);
        box[3] = fmaxf(box[3], px[1]);
    }
    memcpy(l->box_px, box, sizeof box);
    memcpy(l->identity, r->p->identity, sizeof l->identity);
    l->identity_weight = 1;
    // The model's coefficients describe adults with heads of the model alone.
    if (r->p->child > 0 || r->p->strange > 0) {
        l->mask &= ~(uint32_t)MIEN_LABEL_IDENTITY;
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        l->blendshape[i] = r->blendshape[i];
        l->blendshape_weight[i] = i == MIEN_BS_TONGUE_OUT ? 0 : 1;
    }
    if (s->has_class) {
        l->mask |= MIEN_LABEL_EXPRESSION;
        memcpy(l->expression, s->expression, sizeof l->expression);
    }
    for (int e = 0; e < 2; e++) {
        mien_gaze_angles(m, r->pose.R, r->blendshape, e, &l->gaze_deg[e][0], &l->gaze_deg[e][1]);
        // A shut or hidden eye says nothing about where it looks.
        l->gaze_weight[e] = l->landmark_weight[m->iris[e]] >= 1 ? 1 : 0;
    }
    const float *skin = r->p->skin; // linear; below it lie the darkest three of nine tones
    bool dark = mien_luminance(skin[0], skin[1], skin[2]) < 0.11f;
    bool side = s->light > 1.2f && fabsf(s->light_dir[0]) > 0.7f;
    l->tags =
        (r->p->glasses ? MIEN_TAG_GLASSES : 0) |
        (s->occluder != MIEN_OCCLUDER_NONE ? MIEN_TAG_OCCLUDED : 0) |
        (s->exposure < 0.5f ? MIEN_TAG_LOW_LIGHT : 0) | (side ? MIEN_TAG_SIDE_LIGHT : 0) |
        (s->blur_px > 1 || s->motion_px > 2.5f || s->low_resolution > 1.6f ? MIEN_TAG_BLUR : 0) |
        (r->p->beard > 0.3f ? MIEN_TAG_BEARD : 0) | (r->hair.triangles ? MIEN_TAG_HAIR : 0) |
        (s->gray ? MIEN_TAG_GRAY : 0) | (s->motion_px > 2.5f ? MIEN_TAG_MOTION : 0) |
        (s->occluder == MIEN_OCCLUDER_MASK ? MIEN_TAG_MASK : 0) |
        (s->occluder == MIEN_OCCLUDER_HAND ? MIEN_TAG_HAND : 0) | (dark ? MIEN_TAG_DARK_SKIN : 0) |
        (r->p->child > 0 ? MIEN_TAG_CHILD : 0);
}

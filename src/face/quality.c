// How far a face's figures can be relied on.
#include "face/quality.h"

#include <math.h>

// Below 60 px expressions are lost; darker or brighter faces lose the network's accuracy. Clear
// faces of the bundled clip have an uncertainty of about 0.01; the bound is four times that.
static const float small_px = 60, dark = 45, bright = 235, unsure = 0.04f;

struct mien_quality mien_quality_of(const struct mien_result *r, const struct mien_face_result *f)
{
    struct mien_quality q = {.light = isfinite(f->light_hint) ? f->light_hint : 0};
    q.face_px = fmaxf(f->box_px[2] - f->box_px[0], f->box_px[3] - f->box_px[1]);
    q.face_px = q.face_px > 0 && isfinite(q.face_px) ? q.face_px : 0;
    float sum = 0;
    int n = f->landmark_count < MIEN_LANDMARKS_MAX ? f->landmark_count : MIEN_LANDMARKS_MAX;
    for (int i = 0; i < n; i++) {
        sum += f->landmark_sigma_px[i];
    }
    q.sigma = n > 0 && q.face_px > 0 && isfinite(sum) ? sum / (float)n / q.face_px : 0;
    bool whole = f->box_px[0] >= 0 && f->box_px[1] >= 0 && f->box_px[2] <= (float)r->width_px &&
                 f->box_px[3] <= (float)r->height_px;
    bool lit = q.light <= 0 || (q.light >= dark && q.light <= bright);
    q.usable =
        f->state != MIEN_TRACK_WEAK && whole && lit && q.face_px >= small_px && q.sigma <= unsure;
    return q;
}

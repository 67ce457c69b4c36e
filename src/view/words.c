// The tracking state in words.
#include "view/words.h"

// A face darker than this (mean luminance) loses the network's accuracy; smaller than this its
// expression; at these residuals the mesh visibly leaves the face.
static const float dark = 45, bright = 235, small_px = 60, bad_fit = 0.06f;

enum mien_mood mien_words(const struct mien_result *r, int i, enum mien_picture picture,
                          const char **state, const char **reason)
{
    *reason = "";
    if (picture == MIEN_PICTURE_PAUSED) {
        *state = "paused";
        return MIEN_MOOD_BUSY;
    }
    if (picture == MIEN_PICTURE_STALE) {
        *state = "waiting";
        *reason = "no new pictures arrive";
        return MIEN_MOOD_BAD;
    }
    if (r->count <= 0) {
        *state = "searching";
        *reason = "no face in the picture";
        return MIEN_MOOD_BUSY;
    }
    const struct mien_face_result *f = &r->face[i];
    float w = f->box_px[2] - f->box_px[0], h = f->box_px[3] - f->box_px[1];
    *state = "tracking";
    enum mien_mood mood = MIEN_MOOD_GOOD;
    if (f->state == MIEN_TRACK_NEW) {
        *state = "settling";
        *reason = "a new face: learning its shape";
        mood = MIEN_MOOD_BUSY;
    } else if (f->state == MIEN_TRACK_WEAK) {
        *state = "nearly lost";
        *reason = "the face is covered or turned away";
        mood = MIEN_MOOD_BAD;
    }
    if (f->light_hint > 0 && f->light_hint < dark) {
        *reason = "too dark: put a light in front of the face";
    } else if (f->light_hint > bright) {
        *reason = "too bright: lower the exposure";
    } else if (f->box_px[0] < 0 || f->box_px[1] < 0 || f->box_px[2] > (float)r->width_px ||
               f->box_px[3] > (float)r->height_px) {
        *reason = "the face is leaving the picture";
    } else if ((w < h ? h : w) < small_px) {
        *reason = "face too small: come closer";
    } else if (f->fit_rms > bad_fit) {
        *reason = "the mesh does not settle: face the camera";
    } else {
        return mood;
    }
    return mood == MIEN_MOOD_GOOD ? MIEN_MOOD_BUSY : mood;
}

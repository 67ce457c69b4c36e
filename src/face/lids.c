// A small state machine an eye, fed once a frame. Does not smooth.
#include "face/lids.h"

#include <math.h>

// The open level falls to what is seen within half a second and rises within some: a frown or a
// look down that stays becomes the new level, a blink does not move it.
static const float fall_s = 0.4f, rise_s = 6, open_max = 0.6f, start_max = 0.35f;
// Closure, the share of the way from the open level to 1: an eye is shut above the first, open
// again below the second; both eyes together, on average, sooner, since a quick blink is seen
// half-way.
static const float eye_shuts = 0.5f, eye_opens = 0.32f, both_shut = 0.48f, both_open = 0.25f;
// Lids that were shut may come to rest half open, the look lowered: then they are open again at
// this share of the greatest closure.
static const float both_open_share = 0.55f;
// And shut again only when they come down by this from where they rested.
static const float both_falls = 0.3f;
// Of a blink each eye has its part, or it is a wink; of a turned face the far one's is small.
static const float both_least = 0.17f;
// A blink takes 0.1 to 0.4 s (Stern, Walrath and Goldstein 1984); what is seen of it above the
// threshold may be one frame. Longer: the eyes were closed.
static const double blink_low_s = 0.025, blink_high_s = 0.5;

static float closure(struct mien_lid_watch *w, int eye, float v, float dt_s)
{
    float *open = &w->open[eye];
    if (w->frames == 0) {
        *open = fminf(v, start_max);
    } else if (!w->shut[eye] && !w->closed) {
        float rise = fminf(rise_s, 0.3f + (float)w->time_s); // quicker while little was seen
        float pass = 1 - expf(-dt_s / (v < *open ? fall_s : rise));
        *open = fminf(open_max, *open + pass * (v - *open));
    }
    return fmaxf(0, (v - *open) / (1 - *open));
}

void mien_lid_watch_feed(struct mien_lid_watch *w, const float b[MIEN_BLENDSHAPES], float dt_s,
                         struct mien_lids *out)
{
    static const int blink[2] = {MIEN_BS_EYE_BLINK_LEFT, MIEN_BS_EYE_BLINK_RIGHT};
    float c[2];
    for (int e = 0; e < 2; e++) {
        float v = isfinite(b[blink[e]]) ? fminf(1, fmaxf(0, b[blink[e]])) : 0;
        c[e] = closure(w, e, v, dt_s);
        w->shut[e] = c[e] > (w->shut[e] ? eye_opens : eye_shuts);
        out->shut[e] = w->shut[e];
    }
    w->frames += w->frames < 1000000;
    w->time_s += (double)dt_s;
    float mean = 0.5f * (c[0] + c[1]);
    w->greatest = fmaxf(w->greatest, mean);
    w->least = fminf(w->least, mean);
    out->event = MIEN_LIDS_NOTHING;
    out->length_s = 0;
    if (!w->closed && mean > fmaxf(both_shut, w->least + both_falls) &&
        fminf(c[0], c[1]) > both_least) {
        w->closed = true;
        w->closed_s = w->time_s;
        w->greatest = mean;
    } else if (w->closed && mean < fmaxf(both_open, both_open_share * w->greatest)) {
        double length = w->time_s - w->closed_s;
        w->closed = false;
        w->least = mean;
        out->length_s = (float)length;
        out->event = length > blink_high_s   ? MIEN_LIDS_WERE_CLOSED
                     : length >= blink_low_s ? MIEN_LIDS_BLINKED
                                             : MIEN_LIDS_NOTHING;
        w->blinks += out->event == MIEN_LIDS_BLINKED;
    }
    out->blinks = w->blinks;
}

void mien_lids_of_still(const float b[MIEN_BLENDSHAPES], struct mien_lids *out)
{
    *out = (struct mien_lids){
        .shut = {b[MIEN_BS_EYE_BLINK_LEFT] > eye_shuts, b[MIEN_BS_EYE_BLINK_RIGHT] > eye_shuts}};
}

bool mien_open_gaze(const struct mien_face_result *f, float gaze_deg[2])
{
    int open = 0;
    gaze_deg[0] = gaze_deg[1] = 0;
    for (int e = 0; e < 2; e++) {
        if (!f->lids.shut[e]) {
            gaze_deg[0] += f->gaze_deg[e][0];
            gaze_deg[1] += f->gaze_deg[e][1];
            open++;
        }
    }
    gaze_deg[0] /= (float)(open > 0 ? open : 1);
    gaze_deg[1] /= (float)(open > 0 ? open : 1);
    return open > 0;
}

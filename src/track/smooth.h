// Smoothing of what the network says about one face over time, before the fit.
//
// The rigid motion of the landmarks in the picture (place, size, roll) is taken out and filtered
// apart from their shape, so that the many points that say the same thing about the motion share
// one gain and none of them lags; the shape is filtered by regions (each lid, the lips, the jaw …),
// so that a blink passes at once while the rest stays steady. Pose, blendshapes and gaze have
// filters of their own. Does not: allocate; predict; judge whether there is a face.
#ifndef MIEN_TRACK_SMOOTH_H
#define MIEN_TRACK_SMOOTH_H

#include "face/model.h"
#include "track/filter.h"
#include "track/sight.h"

enum { MIEN_SMOOTH_GROUPS = 2 * MIEN_REGIONS };

// Which landmarks move together, from the model; shared by all faces.
struct mien_smooth_layout {
    int landmarks, groups;
    float weight[MIEN_LANDMARKS_MAX];        // of a landmark in the rigid motion, sum 1
    int16_t channel[2 * MIEN_LANDMARKS_MAX]; // channel indices, group by group
    int first[MIEN_SMOOTH_GROUPS + 1];       // group g: channel[first[g]…first[g+1]-1]
};
void mien_smooth_layout_make(struct mien_smooth_layout *l, const struct mien_face_model *m);

struct mien_smooth {
    bool started;
    struct mien_channel shape[2 * MIEN_LANDMARKS_MAX]; // normalised landmarks x,y
    struct mien_filter shape_filter[MIEN_SMOOTH_GROUPS];
    float reference[2 * MIEN_LANDMARKS_MAX]; // the shape that fixes what "no rotation" means
    struct mien_channel rigid[4];            // x, y in face sizes; log size; roll, rad
    struct mien_filter rigid_filter;
    float rigid_unit_px;                       // face size at the start: unit of rigid[0…1]
    struct mien_channel rotation[6], place[3]; // 6D rotation; X/-Z, Y/-Z, log -Z
    struct mien_filter rotation_filter, place_filter, depth_filter;
    struct mien_channel blendshape[MIEN_BLENDSHAPES];
    struct mien_filter blendshape_filter[MIEN_BLENDSHAPES];
    struct mien_channel gaze[4];
    struct mien_filter gaze_filter[2];
    float expression[MIEN_EXPRESSIONS];
    float presence;
};

void mien_smooth_reset(struct mien_smooth *s);
// Filters *sight in place. dt_s: time since the last step. strength: 1 = default, 0 = none.
void mien_smooth_step(const struct mien_smooth_layout *l, struct mien_smooth *s,
                      struct mien_sight *sight, float dt_s, float strength);

// The weighted similarity that takes `from` (n,2) to `to` (n,2) with the least squares error
// (Umeyama 1991, no reflection): to = s*(c,-s;s,c)*from + t as m = {a, b, tx, ty}:
// x' = a*x - b*y + tx, y' = b*x + a*y + ty. weight sums to 1. Identity scale when degenerate.
void mien_similarity_fit(const float *from, const float *to, const float *weight, int n,
                         float m[4]);

#endif

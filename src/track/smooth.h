// Smoothing of one face over time: of the fit, and of what the landmarks say beyond it.
//
// The fit takes a face apart into what moves on its own: rotation, place, depth, expression; each
// has a filter that knows its noise, and the many landmarks that say the same thing about the pose
// neither lag nor tremble one by one. What remains, the landmarks' residuals from the filtered
// fit, is filtered by regions (each eye, the lips, the jaw …), so that a motion that the fit missed
// passes at once while the rest of the face stays steady.
// Does not: allocate; predict; fit; judge whether there is a face.
#ifndef MIEN_TRACK_SMOOTH_H
#define MIEN_TRACK_SMOOTH_H

#include "face/model.h"
#include "track/filter.h"
#include "track/sight.h"

enum { MIEN_SMOOTH_GROUPS = 2 * MIEN_REGIONS };

// Which landmarks move together, from the model; shared by all faces.
struct mien_smooth_layout {
    int landmarks, groups;
    float centre[3];                         // of the face's front, head frame, mm
    int16_t channel[2 * MIEN_LANDMARKS_MAX]; // channel indices, group by group
    int first[MIEN_SMOOTH_GROUPS + 1];       // group g: channel[first[g]…first[g+1]-1]
};
void mien_smooth_layout_make(struct mien_smooth_layout *l, const struct mien_face_model *m);

struct mien_smooth { // zero-initialise, or mien_smooth_reset
    bool started;
    // 6D rotation; X/-Z, Y/-Z and log -Z of the face's centre (not of the head's origin, whose
    // place trades against the rotation).
    struct mien_channel rotation[6], place[3];
    struct mien_filter rotation_filter, place_filter, depth_filter;
    struct mien_channel blendshape[MIEN_BLENDSHAPES];
    struct mien_filter blendshape_filter[MIEN_BLENDSHAPES];
    struct mien_channel residual[2 * MIEN_LANDMARKS_MAX]; // 100 mm at the face, face upright
    struct mien_filter residual_filter[MIEN_SMOOTH_GROUPS];
    struct mien_channel gaze[4];
    struct mien_filter gaze_filter[2];
    float expression[MIEN_EXPRESSIONS];
    float presence;
};

void mien_smooth_reset(struct mien_smooth *s);

// All filter in place. dt_s: time since the last step; strength: 1 = default, 0 = none. Once a
// frame, in this order.
void mien_smooth_fit(const struct mien_smooth_layout *l, struct mien_smooth *s,
                     struct mien_pose *pose, float blendshape[MIEN_BLENDSHAPES], float dt_s,
                     float strength);
// landmark_px: what the network saw; fitted_px: the filtered fit's. unit_px: 100 mm at the face;
// roll_rad: clockwise as seen.
void mien_smooth_landmarks(const struct mien_smooth_layout *l, struct mien_smooth *s,
                           float (*landmark_px)[2], const float (*fitted_px)[2], float unit_px,
                           float roll_rad, float dt_s, float strength);
// Gaze, expression class and presence.
void mien_smooth_rest(struct mien_smooth *s, struct mien_sight *sight, float dt_s, float strength);

#endif

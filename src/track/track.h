// Faces over time: search -> track -> lost, ids, where to look next, and what is remembered of
// each.
//
// A face starts from a detector's box, is seen by the network in a crop that moves with it
// (constant velocity), and is lost when it was not seen for some frames. A lost face is remembered
// for two seconds: a new one at its place gets its id and identity back. Two tracks that end up on
// one face are one face: the older stays. Does not: allocate after init, run networks, fit. The
// caller asks for a crop, looks, and reports.
#ifndef MIEN_TRACK_TRACK_H
#define MIEN_TRACK_TRACK_H

#include "face/crop.h"
#include "face/model.h"
#include "face/result.h"
#include "face/lids.h"
#include "track/evidence.h"
#include "track/identity.h"
#include "track/smooth.h"

struct mien_neutral { // the expression that counts as none
    bool collecting;
    int frames;
    float sum[MIEN_BLENDSHAPES], value[MIEN_BLENDSHAPES];
};

struct mien_track {
    int id; // 0: the place is free
    enum mien_track_state state;
    int64_t start_ns, seen_ns; // first and last good look
    int looks;                 // good looks
    float dt_s;                // time between the last two
    int missed;                // looks in a row without a face
    int bad_fits;              // fits in a row that do not agree with the landmarks
    int overlap;               // frames in a row on the same face as an older track
    struct mien_crop crop;     // where to look next
    bool have_landmarks;
    float landmark_px[MIEN_LANDMARKS_MAX][2]; // last look's, not smoothed
    float box_px[4];
    float velocity[3]; // px/s of the centre, 1/s of the log size
    struct mien_smooth smooth;
    struct mien_identity identity;
    struct mien_evidence evidence; // of the portrait network's looks
    struct mien_same_person same;
    struct mien_neutral neutral;
    struct mien_lid_watch lids;
    float gaze_deg[2][2]; // of each eye when it was last open
    int64_t portrait_ns;  // when the portrait network was asked last
    // The last fit, to start the next one from; written by the engine.
    bool have_fit;
    struct mien_pose fit_pose;
    float fit_blendshape[MIEN_BLENDSHAPES];
};

struct mien_lost { // remembered faces
    int id, looks; // looks: that it was followed for
    int64_t lost_ns;
    float box_px[4];
    struct mien_identity identity;
    struct mien_evidence evidence;
    struct mien_same_person same;
    struct mien_neutral neutral;
};

struct mien_tracker {
    const struct mien_face_model *model;
    struct mien_smooth_layout layout;
    struct mien_track track[MIEN_FACES_MAX];
    struct mien_lost lost[MIEN_FACES_MAX];
    int next_id;
};

void mien_tracker_init(struct mien_tracker *t, const struct mien_face_model *m);
void mien_tracker_reset(struct mien_tracker *t); // forgets faces; ids start from 1 again
int mien_tracker_count(const struct mien_tracker *t);

// A detector's box: a new track, or NULL when the box is on a tracked face or all places are taken.
struct mien_track *mien_tracker_start(struct mien_tracker *t, const float box_px[4], float roll_rad,
                                      int64_t now_ns);
// Sets tr->crop to where the face should be at now_ns. A still face keeps its crop.
void mien_track_predict(const struct mien_tracker *t, struct mien_track *tr, int64_t now_ns);
// What the network saw in tr->crop, not smoothed: kept for the next crop. False when there is no
// face to report (none seen; the track may have ended: id 0).
bool mien_track_look(struct mien_tracker *t, struct mien_track *tr, const struct mien_sight *sight,
                     int width_px, int height_px, int64_t now_ns);
// The fit's verdict on the last look: rms residual in face sizes. A track
// whose fits fail for some frames ends.
void mien_track_judge(struct mien_tracker *t, struct mien_track *tr, float fit_rms, int64_t now_ns);
// Ends tracks that doubled an older one for some frames. Once a frame, after all looks.
void mien_tracker_settle(struct mien_tracker *t, int64_t now_ns);
void mien_track_end(struct mien_tracker *t, struct mien_track *tr, int64_t now_ns);
// Another shot, or another person in the old one's place: the track ends and is not remembered.
void mien_track_forget(struct mien_track *tr);
// Another shot: no face is where one was.
void mien_tracker_forget(struct mien_tracker *t);
// The face that was followed longest, of those lost a short while ago; NULL when every remembered
// one was followed less than the oldest of those that are followed now.
const struct mien_lost *mien_tracker_missed(const struct mien_tracker *t, int64_t now_ns);

// The fitted face's lids and blinks into *f, and its gaze while an eye is shut: where it looked
// before. Once a good look.
void mien_track_lids(struct mien_track *tr, struct mien_face_result *f);
// The present expression becomes neutral over the next 30 good looks; clear: back to none.
void mien_track_calibrate(struct mien_track *tr, bool clear);
// Feeds the calibration and takes the neutral expression off: out = (b - n) / (1 - n), 0…1.
void mien_track_apply_neutral(struct mien_track *tr, const float b[MIEN_BLENDSHAPES],
                              float out[MIEN_BLENDSHAPES]);

// Whether two crops differ by at least `place` or `size` (shares of the first's side) or roll_rad.
bool mien_crop_beyond(const struct mien_crop *a, const struct mien_crop *b, float place, float size,
                      float roll_rad);
// Whether a face that needs crop b was badly seen in crop a.
bool mien_crop_far(const struct mien_crop *a, const struct mien_crop *b);

float mien_box_overlap(const float a[4], const float b[4]); // intersection over union, 0…1
float mien_box_cover(const float a[4], const float b[4]);   // intersection over the smaller one

#endif

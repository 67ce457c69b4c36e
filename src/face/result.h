// What mien says about a frame: the vocabulary shared by engine, view, sink, live and app.
//
// Plain data, no pointers: copied between threads. Units and frames: face/pose.h.
#ifndef MIEN_FACE_RESULT_H
#define MIEN_FACE_RESULT_H

#include "base/file.h"
#include "face/layout.h"
#include "face/pose.h"
#include <stdbool.h>
#include <stdint.h>

enum { MIEN_FACES_MAX = 8, MIEN_MARK_TEXT = 80 };

enum mien_track_state { MIEN_TRACK_NONE, MIEN_TRACK_NEW, MIEN_TRACK_STEADY, MIEN_TRACK_WEAK };

enum mien_lids_event { MIEN_LIDS_NOTHING, MIEN_LIDS_BLINKED, MIEN_LIDS_WERE_CLOSED };

struct mien_lids {              // face/lids.h
    bool shut[2];               // left, right eye
    int blinks;                 // since the face is followed
    enum mien_lids_event event; // that ended with this frame
    float length_s;             // how long it took
};

struct mien_face_result {
    int id; // stable while the face is tracked, from 1
    enum mien_track_state state;
    float confidence;      // 0…1: of the detections of confidence p, a share of p are faces
    float box_px[4];       // x0,y0,x1,y1 of the fitted face in the picture
    struct mien_crop crop; // the region that the network saw
    int landmark_count;
    float landmark_px[MIEN_LANDMARKS_MAX][2];
    float landmark_sigma_px[MIEN_LANDMARKS_MAX]; // one standard deviation a coordinate
    float ibug_px[MIEN_IBUG][3]; // x, y px; z: depth relative to the head's origin in px at its
                                 // scale, towards the camera positive
    struct mien_pose pose;       // mm, camera frame
    float yaw_deg, pitch_deg, roll_deg;
    float identity[MIEN_IDENTITY];       // units of standard deviation
    float identity_sigma[MIEN_IDENTITY]; // one standard deviation of each, 0: unknown
    int identity_looks; // the portrait network's estimates in it; 0: the face network's alone
    // Those estimates alone, from which a shape may be refined; undefined without any.
    float looked_identity[MIEN_IDENTITY], looked_sigma[MIEN_IDENTITY];
    float blendshape[MIEN_BLENDSHAPES]; // 0…1, what the mesh shows
    float action[MIEN_BLENDSHAPES];     // the same with the calibrated neutral expression taken off
                                        // (equal without calibration): for avatars and files
    float expression[MIEN_EXPRESSIONS]; // probabilities, sum 1
    int expression_class;               // the most probable
    bool expression_sure;               // it is clearly ahead of the next
    float gaze_deg[2][2]; // left, right eye: yaw, pitch in the camera's frame (as pose angles);
                          // of a shut eye where it looked before
    struct mien_lids lids;
    float fit_rms;    // rms landmark residual / face size (sqrt of the box area), 0…
    float light_hint; // mean luminance of the face, 0…255
};

struct mien_times {
    int64_t capture_ns; // CLOCK_MONOTONIC of the frame's exposure or arrival
    int64_t start_ns, end_ns;
    int64_t detect_ns, follow_ns, network_ns, fit_ns, filter_ns; // durations
    int64_t portrait_ns; // of looks at who somebody is that the frame waited for
    int portrait_looks;
};

struct mien_result {
    uint64_t frame; // running number of the source
    int width_px, height_px;
    struct mien_camera camera;
    int count;
    struct mien_face_result face[MIEN_FACES_MAX];
    struct mien_times times;
    char network[MIEN_NETWORK_NAME]; // that looked: "standard", another shipped one's name, a
                                     // file's name; empty: unknown
    int mark;                        // an event mark was set: its number from 1; 0 = none
    char mark_text[MIEN_MARK_TEXT];  // what it says, UTF-8; "" = nothing
    int64_t mark_ns;                 // when, as capture_ns: before this frame when it was typed
};

#endif

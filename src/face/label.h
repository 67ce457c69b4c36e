// The labels of one face picture: what synth and the photo fit say and the trainer learns from.
// Labels are in the picture's own pixels and frames; a mask says what is known.
#ifndef MIEN_FACE_LABEL_H
#define MIEN_FACE_LABEL_H

#include "face/layout.h"
#include "face/pose.h"
#include <stdint.h>

enum mien_label_mask {
    MIEN_LABEL_LANDMARKS = 1, // landmark_px where landmark_weight > 0
    MIEN_LABEL_POSE = 2,      // pose and camera
    MIEN_LABEL_IDENTITY = 4,
    MIEN_LABEL_BLENDSHAPES = 8, // where blendshape_weight > 0
    MIEN_LABEL_EXPRESSION = 16, // class probabilities
    MIEN_LABEL_GAZE = 32,
    MIEN_LABEL_BOX = 64,     // face box known (box_px) although no landmarks (FER+)
    MIEN_LABEL_NOFACE = 128, // a picture without a face
};

enum mien_label_tag { // for metrics a group: bits
    MIEN_TAG_GLASSES = 1,
    MIEN_TAG_OCCLUDED = 2,
    MIEN_TAG_LOW_LIGHT = 4,
    MIEN_TAG_SIDE_LIGHT = 8,
    MIEN_TAG_BLUR = 16,
    MIEN_TAG_BEARD = 32,
    MIEN_TAG_HAIR = 64,
    MIEN_TAG_GRAY = 128,
    // Of what the bits above say in general: blur by motion; a mask, a hand or an arm in front.
    MIEN_TAG_MOTION = 256,
    MIEN_TAG_MASK = 512,
    MIEN_TAG_HAND = 1024,
    MIEN_TAG_DARK_SKIN = 2048,
    MIEN_TAG_CHILD = 4096,
};
enum { MIEN_TAGS = 13 };

enum mien_label_source {
    MIEN_SOURCE_SYNTH,
    MIEN_SOURCE_PHOTO,
    MIEN_SOURCE_FERPLUS,
    MIEN_SOURCE_BACKGROUND,
};

struct mien_label {
    uint32_t mask, tags;
    uint16_t source, split; // enum mien_label_source; split 0 = train, 1 = validation
    int32_t width, height;  // of the picture, px
    float valid_px[4];      // part of the picture that is real (x0,y0,x1,y1); the rest is filler
    float box_px[4];        // the face (of its landmarks), px
    float landmark_px[MIEN_LANDMARKS_MAX][2];
    float landmark_weight[MIEN_LANDMARKS_MAX]; // 0 unknown … 1; occluded points of synth: about 0.3
    struct mien_camera camera;
    struct mien_pose pose;
    float identity[MIEN_IDENTITY];
    float identity_weight; // 0…1: trust
    float blendshape[MIEN_BLENDSHAPES];
    float blendshape_weight[MIEN_BLENDSHAPES];
    float expression[MIEN_EXPRESSIONS];
    float gaze_deg[2][2]; // left, right: yaw, pitch in the camera's frame
    float gaze_weight[2];
    uint32_t jpeg_bytes; // in a pack: the picture follows the label
};

#endif

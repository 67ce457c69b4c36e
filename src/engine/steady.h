// The head's rotation, stabilised by the picture. The network's rotation is accurate to some
// degrees and changes with the expression, while the face's pixels show to a tenth of a degree
// whether it turned since the reference picture (engine/follow.h) was taken.
//
// The rotation at the time of the reference picture is estimated from all frames since, each turned
// back by the motion that the pixels show: a Kalman filter of one variance, in which the error of a
// turn is a share of the turn. Measurements of frames in which lids or jaw move count little,
// unless they keep disagreeing in one direction: then the head turns. Does not: look at pixels;
// fit. Rotations are in crops' frames, where shift and roll of the face do not show.
#ifndef MIEN_ENGINE_STEADY_H
#define MIEN_ENGINE_STEADY_H

#include "face/crop.h"
#include "face/layout.h"
#include <stdbool.h>

struct mien_steady { // of one face; zero = nothing known
    bool have;
    float anchor[9];       // rotation when the remembered picture was taken, in its crop's frame
    float state_variance;  // of each of its axes, rad²
    float last[9];         // rotation that was last said, in the crop's frame
    struct mien_crop crop; // the face's crop then
    bool moved;            // this frame's motion is known:
    float turn[9];         // since the remembered picture
    float turn_rad[2], speed_rad[2]; // raw; per frame, averaged over a few
    float share;                     // of the raw turn that is believed
    float usual[MIEN_BLENDSHAPES];   // blendshapes, averaged over about a second
    float expression, skin; // of late: the largest difference from it, the root of all squared
    float innovation[3];    // measured against predicted rotation, rad, averaged over a few frames
    int frames;
};

void mien_steady_forget(struct mien_steady *s);
// This frame's motion, once a frame before its rotation: where the remembered picture is now and
// its turn (engine/follow.h). crop NULL: it was not found, only the frame's own answer counts.
void mien_steady_motion(struct mien_steady *s, const struct mien_crop *crop, const float turn[2]);
// The face has a new remembered picture, of the last frame, in this crop.
void mien_steady_remembered(struct mien_steady *s, const struct mien_camera *camera,
                            const struct mien_crop *crop);
// R (camera frame): the frame's own answer in, the rotation to believe out. fallback: the frame's
// crop, for when the motion is not known. False when R was left as it was.
bool mien_steady_rotation(struct mien_steady *s, const struct mien_camera *camera,
                          const struct mien_crop *fallback,
                          const float blendshape[MIEN_BLENDSHAPES], float dt_s, float R[9]);

#endif

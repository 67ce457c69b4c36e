// Motion of a face since the last frame: its small picture is registered to the next frame.
//
// The network sees a face a little differently in every crop: landmarks move by up to a hundredth
// of the crop when it is shifted by two of its pixels. A crop that moves exactly with the face
// avoids this, and needs no second pass of the network. The picture (48×48, grey) is aligned by
// robust Gauss-Newton steps, coarse to fine (inverse compositional: Baker and Matthews 2004,
// "Lucas-Kanade 20 Years On: A Unifying Framework"), over a similarity and the flow that an
// ellipsoid's turn about two axes makes (after La Cascia et al. 2000, "Fast, Reliable Head Tracking
// under Varying Illumination"), gain and offset of the light taken out. What moves on a face, lids,
// lips and jaw, weighs little. Does not: allocate; decide what is a face; see beyond a fifth of the
// crop's side.
#ifndef MIEN_ENGINE_FOLLOW_H
#define MIEN_ENGINE_FOLLOW_H

#include "face/crop.h"
#include "face/model.h"
#include "image/image.h"
#include <stdbool.h>

enum { MIEN_FOLLOW_SIDE = 48, MIEN_FOLLOW_PIXELS = MIEN_FOLLOW_SIDE * MIEN_FOLLOW_SIDE };

struct mien_follow { // of one face; zero = nothing remembered
    bool have;
    struct mien_crop crop; // where the picture was taken
    float picture[MIEN_FOLLOW_PIXELS];
    float weight[MIEN_FOLLOW_PIXELS]; // 0…1
};
struct mien_follow_motion {
    struct mien_crop crop; // the remembered crop, moved with the face
    float match;           // share of the picture's contrast that was found again, 1 = all
    // How the head turned since, in the crop's frame, small angles, rad: yaw (what is near moves to
    // the right) and what moves it down. Large turns come out too small.
    float turn[2];
};

void mien_follow_forget(struct mien_follow *f);
// Takes the picture in `crop`. landmark_px: the face's landmarks there. rigid: only what neither
// lids nor lips nor jaw take along counts, which tells turns better and shifts worse.
void mien_follow_remember(struct mien_follow *f, const struct mien_face_model *m,
                          const struct mien_image *frame, const struct mien_crop *crop,
                          const float (*landmark_px)[2], bool rigid);
// Looks for the face from `start` on. False when it was not found well enough (or none is
// remembered); *out is then undefined.
bool mien_follow_find(const struct mien_follow *f, const struct mien_image *frame,
                      const struct mien_crop *start, struct mien_follow_motion *out);

#endif

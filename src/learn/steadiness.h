// How much a network's answers tremble on a picture that stands still.
//
// Each validation picture is seen several times, as a tracker would on a live camera: the crop
// moved by fractions of a pixel of the network's input and with fresh pixel noise; answers are
// compared in the picture's own frame. Does not: filter (the application's filters make it less).
#ifndef MIEN_LEARN_STEADINESS_H
#define MIEN_LEARN_STEADINESS_H

#include "learn/dataset.h"
#include "nn/net.h"

struct mien_steadiness {
    double jitter;   // rms movement of a landmark from frame to frame, % of the face's size
    double pose_deg; // mean rotation between frames
    size_t pictures; // that were judged
};
// At most `pictures` records a source. NAN where the network lacks the output. False on failure
// (logged).
bool mien_steadiness_measure(const struct mien_net *net, const struct mien_face_model *model,
                             const struct mien_dataset *data, size_t pictures,
                             struct mien_steadiness *out);

#endif

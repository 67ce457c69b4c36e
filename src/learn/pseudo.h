// Pseudo-labels: a trained network answers where a label is missing.
//
// Does not: decide which labels are missing or how many are filled in (learn/sample.h). One
// thread's scratch; the network is shared.
#ifndef MIEN_LEARN_PSEUDO_H
#define MIEN_LEARN_PSEUDO_H

#include "face/decode.h"
#include "learn/sample.h"
#include "nn/net.h"

struct mien_pseudo {
    const struct mien_net *net; // borrowed; NULL = no teacher
    struct mien_net_io in;      // of the network: fill `input` with a (c,h,w) crop
    float *input;
    void *workspace;
    int output[MIEN_BRANCHES], landmarks;
};
// False when the network is none for this face model (logged).
bool mien_pseudo_init(struct mien_pseudo *p, const struct mien_net *net, int landmarks);
void mien_pseudo_destroy(struct mien_pseudo *p); // idempotent
// Runs the network on p->input and puts its answers where t->mask has none of the bits in `want`
// (enum mien_label_mask: landmarks to gaze) and the network has that output. Full label weights.
// Nothing is filled in when the network sees no face.
void mien_pseudo_fill(struct mien_pseudo *p, uint32_t want, struct mien_target *t);

#endif

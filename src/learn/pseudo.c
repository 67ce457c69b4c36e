// Runs the teacher on a crop and writes its answers into the label where there is none.
#include "learn/pseudo.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static const float FACE_PRESENCE = 0.5f;

bool mien_pseudo_init(struct mien_pseudo *p, const struct mien_net *net, int landmarks)
{
    memset(p, 0, sizeof(*p));
    p->in = mien_net_input(net);
    p->landmarks = landmarks;
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        p->output[b] = mien_net_find_output(net, mien_branch_name(b));
        if (p->output[b] < 0) {
            continue;
        }
        struct mien_net_io io = mien_net_output(net, p->output[b]);
        if (io.c * io.h * io.w != mien_branch_size(b, landmarks)) {
            mien_error("teacher: output \"%s\" has %d numbers, %d expected: made for another face "
                       "model?",
                       io.name, io.c * io.h * io.w, mien_branch_size(b, landmarks));
            return false;
        }
    }
    if ((p->in.c != 1 && p->in.c != 3) || p->in.h != p->in.w) {
        mien_error("teacher: input %dx%dx%d is not a square crop: not a face network", p->in.c,
                   p->in.h, p->in.w);
        return false;
    }
    p->input = mien_calloc((size_t)p->in.c * (size_t)p->in.h * (size_t)p->in.w, sizeof(float));
    p->workspace = mien_calloc(1, mien_net_workspace_bytes(net));
    if (!p->input || !p->workspace) {
        mien_pseudo_destroy(p);
        return false;
    }
    p->net = net;
    return true;
}

void mien_pseudo_destroy(struct mien_pseudo *p)
{
    mien_free(p->input);
    mien_free(p->workspace);
    memset(p, 0, sizeof(*p));
}

void mien_pseudo_fill(struct mien_pseudo *p, uint32_t want, struct mien_target *t)
{
    const float *raw[MIEN_BRANCHES];
    struct mien_estimate e;
    mien_net_forward(p->net, p->input, p->workspace);
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        raw[b] =
            p->output[b] >= 0 ? mien_net_output_data(p->net, p->workspace, p->output[b]) : NULL;
    }
    mien_estimate_decode(raw, p->landmarks, &e);
    if (e.presence < FACE_PRESENCE) {
        return;
    }
    want &= ~t->mask;
    if (want & MIEN_LABEL_LANDMARKS && raw[MIEN_BRANCH_LANDMARKS]) {
        for (int i = 0; i < p->landmarks; i++) {
            memcpy(t->landmark[i], e.landmark[i], sizeof(t->landmark[i]));
            t->landmark_weight[i] = 1;
        }
        t->mask |= MIEN_LABEL_LANDMARKS;
    }
    if (want & MIEN_LABEL_POSE && raw[MIEN_BRANCH_POSE]) {
        t->pose = e.pose;
        t->mask |= MIEN_LABEL_POSE;
    }
    if (want & MIEN_LABEL_IDENTITY && raw[MIEN_BRANCH_IDENTITY]) {
        memcpy(t->identity, e.identity, sizeof(t->identity));
        t->identity_weight = 1;
        t->mask |= MIEN_LABEL_IDENTITY;
    }
    if (want & MIEN_LABEL_BLENDSHAPES && raw[MIEN_BRANCH_BLENDSHAPES]) {
        memcpy(t->blendshape, e.blendshape, sizeof(t->blendshape));
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            t->blendshape_weight[i] = 1;
        }
        t->mask |= MIEN_LABEL_BLENDSHAPES;
    }
    if (want & MIEN_LABEL_EXPRESSION && raw[MIEN_BRANCH_EXPRESSION]) {
        memcpy(t->expression, e.expression, sizeof(t->expression));
        t->mask |= MIEN_LABEL_EXPRESSION;
    }
    if (want & MIEN_LABEL_GAZE && raw[MIEN_BRANCH_GAZE]) {
        memcpy(t->gaze, e.gaze_rad, sizeof(t->gaze));
        t->gaze_weight[0] = t->gaze_weight[1] = 1;
        t->mask |= MIEN_LABEL_GAZE;
    }
}

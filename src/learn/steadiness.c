// Several shaken and noisy frames of each still picture, and how far their answers differ.
#include "learn/steadiness.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "face/decode.h"
#include "learn/evalset.h"

enum { FRAMES = 8 };
static const float SHAKE_PX = 0.5f, NOISE = 2; // grey levels: a webcam's in indoor light

struct answer {
    bool known;
    float landmark_px[MIEN_LANDMARKS_MAX][2];
    float R[9]; // camera's frame
};

static double angle_deg(const float A[9], const float B[9])
{
    double trace = 0;
    for (int i = 0; i < 9; i++) {
        trace += (double)A[i] * B[i];
    }
    return acos(fmax(-1, fmin(1, (trace - 1) / 2))) * 180 / M_PI;
}

struct sums {
    double square, points, angle, poses;
};

static void compare(const struct answer *a, const struct answer *b, int landmarks, double size_px,
                    bool has_pose, struct sums *s)
{
    for (int i = 0; i < landmarks && size_px > 0; i++) {
        double dx = (double)a->landmark_px[i][0] - b->landmark_px[i][0];
        double dy = (double)a->landmark_px[i][1] - b->landmark_px[i][1];
        s->square += (dx * dx + dy * dy) / (size_px * size_px);
        s->points++;
    }
    if (has_pose) {
        s->angle += angle_deg(a->R, b->R);
        s->poses++;
    }
}

bool mien_steadiness_measure(const struct mien_net *net, const struct mien_face_model *model,
                             const struct mien_dataset *data, size_t pictures,
                             struct mien_steadiness *out)
{
    struct mien_evalset_config c = {
        .sample = {.data = data, .model = model, .shake = SHAKE_PX, .noise = NOISE},
        .per_source = pictures,
    };
    mien_sample_suit(&c.sample, net);
    int output[MIEN_BRANCHES];
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        output[b] = mien_net_find_output(net, mien_branch_name(b));
    }
    void *workspace = mien_calloc(1, mien_net_workspace_bytes(net));
    struct answer *before = NULL;
    struct sums s = {0};
    bool ok = workspace != NULL;
    size_t judged = 0;
    for (int frame = 0; frame < FRAMES && ok; frame++) {
        struct mien_evalset set;
        c.seed = 100 + (uint64_t)frame;
        ok = mien_evalset_build(&set, &c);
        if (ok && !before) {
            before = mien_calloc(set.count ? set.count : 1, sizeof(*before));
            judged = set.count;
        }
        ok = ok && before;
        for (size_t i = 0; ok && i < set.count && i < judged; i++) {
            const struct mien_target *t = &set.target[i];
            const float *raw[MIEN_BRANCHES];
            struct mien_estimate e;
            struct answer now = {.known = t->presence > 0.5f};
            mien_net_forward(net, set.input + i * set.picture_floats, workspace);
            for (int b = 0; b < MIEN_BRANCHES; b++) {
                raw[b] = output[b] >= 0 ? mien_net_output_data(net, workspace, output[b]) : NULL;
            }
            mien_estimate_decode(raw, model->landmarks, &e);
            for (int k = 0; k < model->landmarks; k++) {
                mien_crop_to_px(&t->crop, e.landmark[k], now.landmark_px[k]);
            }
            bool camera = t->camera.f_px > 0 && output[MIEN_BRANCH_POSE] >= 0;
            if (camera) {
                struct mien_pose pose;
                mien_pose_from_crop(&t->camera, &t->crop, &e.pose, &pose);
                memcpy(now.R, pose.R, sizeof(now.R));
            }
            if (frame && now.known && before[i].known) {
                bool points = output[MIEN_BRANCH_LANDMARKS] >= 0;
                compare(&before[i], &now, points ? model->landmarks : 0,
                        (double)t->box * t->crop.side_px / 2, camera, &s);
            }
            before[i] = now;
        }
        mien_evalset_destroy(&set);
    }
    out->jitter = s.points > 0 ? 100 * sqrt(s.square / s.points) : NAN;
    out->pose_deg = s.poses > 0 ? s.angle / s.poses : NAN;
    out->pictures = judged;
    mien_free(before);
    mien_free(workspace);
    return ok;
}

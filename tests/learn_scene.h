// Made-up labelled faces for the tests of learn: the model's landmarks as dots on grey.
#ifndef MIEN_TESTS_LEARN_SCENE_H
#define MIEN_TESTS_LEARN_SCENE_H

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "face/crop.h"
#include "image/image.h"
#include "learn/pack.h"

// A complete label with the given angles. X: (landmarks,3) the points in the head frame.
static inline void scene_label_at(const struct mien_face_model *model, struct mien_rng *rng,
                                  float yaw, float pitch, float roll, struct mien_label *l,
                                  float *X)
{
    memset(l, 0, sizeof(*l));
    l->mask = MIEN_LABEL_LANDMARKS | MIEN_LABEL_POSE | MIEN_LABEL_IDENTITY |
              MIEN_LABEL_BLENDSHAPES | MIEN_LABEL_EXPRESSION | MIEN_LABEL_GAZE | MIEN_LABEL_BOX;
    l->source = MIEN_SOURCE_SYNTH;
    l->width = 200;
    l->height = 160;
    l->valid_px[2] = 200;
    l->valid_px[3] = 160;
    l->camera = mien_camera_make(200, 160, mien_rng_range(rng, 40, 75));
    mien_pose_from_angles(yaw, pitch, roll, l->pose.R);
    l->pose.t[2] = -mien_rng_range(rng, 500, 800);
    l->pose.t[0] = mien_rng_range(rng, -60, 60);
    l->pose.t[1] = mien_rng_range(rng, -40, 40);
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        l->identity[i] = mien_rng_normal(rng);
    }
    l->identity_weight = 1;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        l->blendshape[i] = mien_rng_chance(rng, 0.2f) ? mien_rng_float(rng) : 0;
        l->blendshape_weight[i] = 1;
    }
    int c = (int)mien_rng_below(rng, MIEN_EXPRESSIONS);
    l->expression[c] = 0.8f;
    l->expression[(c + 3) % MIEN_EXPRESSIONS] = 0.2f;
    for (int e = 0; e < 2; e++) {
        l->gaze_deg[e][0] = mien_rng_range(rng, -25, 25);
        l->gaze_deg[e][1] = mien_rng_range(rng, -15, 15);
        l->gaze_weight[e] = 1;
    }
    mien_face_model_landmarks(model, l->identity, l->blendshape, X);
    for (int i = 0; i < model->landmarks; i++) {
        float P[3];
        mien_mat3_mul_vec(l->pose.R, X + 3 * i, P);
        for (int k = 0; k < 3; k++) {
            P[k] += l->pose.t[k];
        }
        mien_camera_project(&l->camera, P, l->landmark_px[i]);
        l->landmark_weight[i] = 1;
    }
    mien_crop_bounds((const float(*)[2])l->landmark_px, model->landmarks, l->box_px);
}

static inline void scene_label(const struct mien_face_model *model, struct mien_rng *rng,
                               struct mien_label *l, float *X)
{
    float yaw = mien_rng_range(rng, -50, 50), pitch = mien_rng_range(rng, -25, 25);
    scene_label_at(model, rng, yaw, pitch, mien_rng_range(rng, -30, 30), l, X);
}

// `train` records of the training split, then `validation` of the other.
static inline void scene_write_pack_of(const struct mien_face_model *model, const char *path,
                                       int train, int validation, enum mien_label_source source)
{
    struct mien_pack_writer w;
    struct mien_image im = {0};
    assert_true(mien_pack_writer_open(&w, path, false));
    assert_true(mien_image_create(&im, 200, 160, MIEN_FORMAT_RGB8));
    for (int n = 0; n < train + validation; n++) {
        struct mien_rng rng;
        struct mien_label l;
        float X[3 * MIEN_LANDMARKS_MAX];
        mien_rng_seed(&rng, 11, (uint64_t)n);
        scene_label(model, &rng, &l, X);
        l.split = n >= train;
        l.source = source;
        memset(im.data, 90, im.stride * (size_t)im.height);
        const float *b = l.box_px;
        mien_draw_rect(&im, b[0], b[1], b[2], b[3], (struct mien_rgb){150, 130, 120}, 1);
        for (int i = 0; i < model->landmarks; i++) {
            mien_draw_disc(&im, l.landmark_px[i][0], l.landmark_px[i][1], 1.2f,
                           (struct mien_rgb){60, 50, 45}, 1);
        }
        for (int e = 0; e < 2; e++) {
            const float *p = l.landmark_px[model->iris[e]];
            struct mien_rgb red = {250, 30, 30}, blue = {30, 30, 250};
            mien_draw_disc(&im, p[0], p[1], 5, e == 0 ? red : blue, 1);
        }
        void *jpeg = NULL;
        size_t size = 0;
        assert_true(mien_jpeg_encode(&im, 95, &jpeg, &size));
        l.jpeg_bytes = (uint32_t)size;
        assert_true(mien_pack_write(&w, &l, jpeg));
        mien_free(jpeg);
    }
    mien_image_destroy(&im);
    assert_true(mien_pack_writer_close(&w, true));
}

static inline void scene_write_pack(const struct mien_face_model *model, const char *path,
                                    int train, int validation)
{
    scene_write_pack_of(model, path, train, validation, MIEN_SOURCE_SYNTH);
}

#endif

// The contact sheet of augmented samples: what the network is shown, with its labels drawn.
#include "learn/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

enum { GRID = 8, CELL = 192 };

static void draw_cell(struct mien_image *im, int ox, int oy, const struct mien_sample_config *c,
                      const float *x, const struct mien_target *t)
{
    size_t plane = (size_t)c->width * (size_t)c->height;
    for (int y = 0; y < CELL; y++) {
        uint8_t *row = im->data + (size_t)(oy + y) * im->stride + (size_t)ox * 3;
        for (int i = 0; i < CELL; i++) {
            size_t at =
                (size_t)(y * c->height / CELL) * (size_t)c->width + (size_t)(i * c->width / CELL);
            for (int k = 0; k < 3; k++) {
                float v = x[(size_t)(c->channels == 3 ? k : 0) * plane + at] / c->scale + c->mean;
                row[3 * i + k] = (uint8_t)fminf(255, fmaxf(0, v));
            }
        }
    }
    float half = CELL / 2.0f, cx = (float)ox + half, cy = (float)oy + half;
    for (int i = 0; t->mask & MIEN_LABEL_LANDMARKS && i < c->model->landmarks; i++) {
        struct mien_rgb seen = {60, 255, 60}, hidden = {255, 90, 60};
        if (t->landmark_weight[i] > 0) {
            mien_draw_disc(im, cx + half * t->landmark[i][0], cy + half * t->landmark[i][1], 1.3f,
                           t->landmark_weight[i] > 0.5f ? seen : hidden, 0.9f);
        }
    }
    if (t->mask & MIEN_LABEL_POSE) { // the head's axes, 60 mm
        const struct mien_rgb axis[3] = {{255, 60, 60}, {60, 255, 60}, {80, 120, 255}};
        float s = 0.6f * expf(t->pose.log_s) * half;
        float x0 = cx + half * t->pose.x, y0 = cy + half * t->pose.y;
        for (int k = 0; k < 3; k++) {
            mien_draw_line(im, x0, y0, x0 + s * t->pose.R[k], y0 - s * t->pose.R[3 + k], 2, axis[k],
                           0.8f);
        }
    }
    for (int e = 0; t->mask & MIEN_LABEL_GAZE && e < 2; e++) {
        const float *p = t->landmark[c->model->iris[e]];
        float x0 = cx + half * p[0], y0 = cy + half * p[1];
        struct mien_rgb yellow = {255, 230, 40};
        if (t->gaze_weight[e] > 0 && t->mask & MIEN_LABEL_LANDMARKS) {
            mien_draw_line(im, x0, y0, x0 + 40 * sinf(t->gaze[e][0]) * cosf(t->gaze[e][1]),
                           y0 - 40 * sinf(t->gaze[e][1]), 1.5f, yellow, 1);
        }
    }
    char text[64];
    const char *what = t->presence > 0.5f ? "" : "no face ";
    if (t->mask & MIEN_LABEL_EXPRESSION) {
        int best = 0;
        for (int i = 1; i < MIEN_EXPRESSIONS; i++) {
            best = t->expression[i] > t->expression[best] ? i : best;
        }
        what = mien_expression_name(best);
    }
    snprintf(text, sizeof(text), "%s%s", what, t->flipped ? " flip" : "");
    mien_draw_text(im, ox + 3, oy + 3, 1, text, (struct mien_rgb){255, 255, 60});
}

bool mien_train_sheet(const struct mien_sample_config *c, uint64_t seed, const char *path)
{
    struct mien_sampler sampler;
    struct mien_image im = {0};
    size_t n = (size_t)c->channels * (size_t)c->height * (size_t)c->width;
    float *x = mien_calloc(n, sizeof(float));
    struct mien_target *t = mien_calloc(1, sizeof(*t));
    bool ok = mien_sampler_init(&sampler, c) && x && t &&
              mien_image_create(&im, GRID * CELL, GRID * CELL, MIEN_FORMAT_RGB8);
    for (int i = 0; i < GRID * GRID && ok; i++) {
        struct mien_rng rng;
        mien_rng_seed(&rng, seed, (uint64_t)i);
        mien_sampler_draw(&sampler, &rng, x, t);
        draw_cell(&im, i % GRID * CELL, i / GRID * CELL, c, x, t);
    }
    ok = ok && mien_image_save(path, &im);
    mien_image_destroy(&im);
    mien_sampler_destroy(&sampler);
    mien_free(x);
    mien_free(t);
    return ok;
}

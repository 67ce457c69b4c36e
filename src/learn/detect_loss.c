// The detector's targets and loss. See detect_loss.h.
#include "learn/detect_loss.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

// Weight of negatives in a photo's surroundings, where unmarked people may stand.
static const float soft_weight = 0.3f;
// Outside a level's sizes by up to this factor a face is neither taught nor forbidden.
static const float size_margin = 1.3f;
static const float positive = 0.3f;
static const float box_weight = 6, roll_weight = 0.5f;
static const float huber = 0.03f; // relative error where the box loss turns linear

bool mien_detect_target_init(struct mien_detect_target *t, int width, int height, int stride)
{
    memset(t, 0, sizeof(*t));
    t->stride = stride;
    t->w = (width + stride - 1) / stride;
    t->h = (height + stride - 1) / stride;
    size_t n = (size_t)t->w * (size_t)t->h;
    t->heat = mien_calloc(n, sizeof(float));
    t->weight = mien_calloc(n, sizeof(float));
    t->value = mien_calloc(n * 6, sizeof(float));
    t->size = mien_calloc(n, sizeof(float));
    if (t->heat && t->weight && t->value && t->size) {
        return true;
    }
    mien_detect_target_destroy(t);
    return false;
}

void mien_detect_target_destroy(struct mien_detect_target *t)
{
    mien_free(t->heat);
    mien_free(t->weight);
    mien_free(t->value);
    mien_free(t->size);
    memset(t, 0, sizeof(*t));
}

static void base_weights(struct mien_detect_target *t, const struct mien_detect_scene *s)
{
    int cw = s->width / 4, ch = s->height / 4;
    for (int j = 0; j < t->h; j++) {
        for (int i = 0; i < t->w; i++) {
            int x = i * t->stride / 4, y = j * t->stride / 4;
            x = x < cw ? x : cw - 1;
            y = y < ch ? y : ch - 1;
            t->weight[j * t->w + i] = s->soft[y * cw + x] ? soft_weight : 1;
        }
    }
}

static void add_face(struct mien_detect_target *t, int level, const struct mien_detect_face *f)
{
    const float *b = f->box_px;
    float bw = b[2] - b[0], bh = b[3] - b[1], size = sqrtf(bw * bh);
    float cx = (b[0] + b[2]) * 0.5f, cy = (b[1] + b[3]) * 0.5f, stride = (float)t->stride;
    bool mine = size >= mien_detect_size_min[level] && size <= mien_detect_size_max[level];
    bool near = size >= mien_detect_size_min[level] / size_margin &&
                size <= mien_detect_size_max[level] * size_margin;
    if (!f->ignore && !near) {
        return;
    }
    int near_i = (int)floorf(cx / stride + 0.5f), near_j = (int)floorf(cy / stride + 0.5f);
    near_i = near_i < 0 ? 0 : near_i >= t->w ? t->w - 1 : near_i;
    near_j = near_j < 0 ? 0 : near_j >= t->h ? t->h - 1 : near_j;
    float sx = fmaxf(0.13f * bw, 0.5f * stride), sy = fmaxf(0.13f * bh, 0.5f * stride);
    for (int j = 0; j < t->h; j++) {
        for (int i = 0; i < t->w; i++) {
            int k = j * t->w + i;
            float dx = stride * (float)i - cx, dy = stride * (float)j - cy;
            if (f->ignore || !mine) {
                if (fabsf(dx) < 0.5f * bw && fabsf(dy) < 0.5f * bh && t->size[k] == 0) {
                    t->weight[k] = 0;
                }
                continue;
            }
            float q = dx * dx / (sx * sx) + dy * dy / (sy * sy);
            float y = i == near_i && j == near_j ? 1 : expf(-0.5f * q);
            if (y < 0.02f || y <= t->heat[k]) {
                continue;
            }
            t->heat[k] = y;
            if (y > positive) {
                float value[6];
                mien_detect_encode(t->stride, i, j, b, f->roll_rad, value);
                for (int c = 0; c < 6; c++) {
                    t->value[c * t->w * t->h + k] = value[c];
                }
                t->size[k] = size;
                t->weight[k] = 1;
            }
        }
    }
}

void mien_detect_target_make(struct mien_detect_target *t, int level,
                             const struct mien_detect_scene *scene)
{
    size_t n = (size_t)t->w * (size_t)t->h;
    memset(t->heat, 0, n * sizeof(float));
    memset(t->size, 0, n * sizeof(float));
    base_weights(t, scene);
    for (int pass = 0; pass < 2; pass++) { // faces to ignore last: they spare the cells of others
        for (int k = 0; k < scene->faces; k++) {
            if (scene->face[k].ignore == (pass == 1)) {
                add_face(t, level, &scene->face[k]);
            }
        }
    }
}

// Smooth L1: value, and its slope in *d.
static double smooth(double e, double *d)
{
    double a = fabs(e);
    *d = a < huber ? e / huber : e > 0 ? 1 : -1;
    return a < huber ? 0.5 * e * e / huber : a - 0.5 * huber;
}

double mien_detect_loss(const struct mien_detect_target *t, const float *planes, double scale,
                        float *grad, struct mien_detect_losses *parts)
{
    int n = t->w * t->h;
    struct mien_detect_losses sum = {0};
    memset(grad, 0, (size_t)n * MIEN_DETECT_PLANES * sizeof(*grad));
    for (int k = 0; k < n; k++) {
        double x = planes[k], y = t->heat[k], w = t->weight[k];
        if (w > 0) {
            double p = 1 / (1 + exp(-x));
            // -y log p - (1-y) log(1-p), written so that large |x| does not overflow
            double bce = fmax(x, 0) - x * y + log1p(exp(-fabs(x)));
            double d = p - y;
            sum.face += w * d * d * bce;
            grad[k] = (float)(scale * w * (2 * d * p * (1 - p) * bce + d * d * d));
        }
        if (t->size[k] <= 0) {
            continue;
        }
        double relative = t->stride / (double)t->size[k], slope;
        for (int c = 0; c < 4; c++) {
            double unit = c < 2 ? relative : 1; // centres relative to the face's size
            double e = (planes[(c + 1) * n + k] - t->value[c * n + k]) * unit;
            sum.box += y * box_weight * smooth(e, &slope);
            grad[(c + 1) * n + k] = (float)(scale * y * box_weight * slope * unit);
        }
        for (int c = 4; c < 6; c++) {
            double e = planes[(c + 1) * n + k] - t->value[c * n + k];
            sum.roll += y * roll_weight * e * e;
            grad[(c + 1) * n + k] = (float)(scale * y * roll_weight * 2 * e);
        }
    }
    parts->face += sum.face;
    parts->box += sum.box;
    parts->roll += sum.roll;
    return scale * (sum.face + sum.box + sum.roll);
}

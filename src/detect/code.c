// Cells of the detector's grids and merging of double finds. See code.h.
#include "detect/code.h"

#include <math.h>
#include <stdlib.h>

const int mien_detect_stride[MIEN_DETECT_LEVELS] = {8, 16, 32};
const float mien_detect_size_min[MIEN_DETECT_LEVELS] = {10, 38, 86};
const float mien_detect_size_max[MIEN_DETECT_LEVELS] = {50, 112, 400};

static float clampf(float v, float lo, float hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

void mien_detect_encode(int stride, int i, int j, const float box[4], float roll_rad,
                        float value[6])
{
    float s = (float)stride;
    value[0] = ((box[0] + box[2]) * 0.5f - s * (float)i) / s;
    value[1] = ((box[1] + box[3]) * 0.5f - s * (float)j) / s;
    value[2] = logf(fmaxf(box[2] - box[0], 1e-3f) / (4 * s));
    value[3] = logf(fmaxf(box[3] - box[1], 1e-3f) / (4 * s));
    value[4] = cosf(roll_rad);
    value[5] = sinf(roll_rad);
}

void mien_detect_decode(int stride, int i, int j, const float value[6], struct mien_detection *out)
{
    const float log16 = 2.7725887f;
    float s = (float)stride;
    float cx = s * ((float)i + clampf(value[0], -8, 8));
    float cy = s * ((float)j + clampf(value[1], -8, 8));
    float w = 4 * s * expf(clampf(value[2], -log16, log16));
    float h = 4 * s * expf(clampf(value[3], -log16, log16));
    out->box_px[0] = cx - w * 0.5f;
    out->box_px[1] = cy - h * 0.5f;
    out->box_px[2] = cx + w * 0.5f;
    out->box_px[3] = cy + h * 0.5f;
    out->roll_rad = value[4] != 0 || value[5] != 0 ? atan2f(value[5], value[4]) : 0;
}

static void sift_down(struct mien_detection *list, int count, int k)
{
    for (;;) {
        int c = 2 * k + 1;
        if (c >= count) {
            return;
        }
        if (c + 1 < count && list[c + 1].score < list[c].score) {
            c++;
        }
        if (list[k].score <= list[c].score) {
            return;
        }
        struct mien_detection t = list[k];
        list[k] = list[c];
        list[c] = t;
        k = c;
    }
}

int mien_detect_collect(const float *planes, int w, int h, int stride, float threshold,
                        struct mien_detection *list, int count)
{
    size_t n = (size_t)w * (size_t)h;
    float t = clampf(threshold, 1e-6f, 1 - 1e-6f);
    float logit_min = logf(t / (1 - t));
    for (int j = 0; j < h; j++) {
        for (int i = 0; i < w; i++) {
            const float *p = planes + (size_t)j * (size_t)w + (size_t)i;
            if (!(p[0] >= logit_min)) {
                continue;
            }
            float value[6];
            bool finite = isfinite(p[0]);
            for (int k = 0; k < 6; k++) {
                value[k] = p[(size_t)(k + 1) * n];
                finite = finite && isfinite(value[k]);
            }
            if (!finite) {
                continue;
            }
            struct mien_detection d;
            d.score = 1 / (1 + expf(-p[0]));
            mien_detect_decode(stride, i, j, value, &d);
            if (count < MIEN_DETECT_CANDIDATES) {
                list[count++] = d;
                if (count == MIEN_DETECT_CANDIDATES) {
                    for (int k = count / 2 - 1; k >= 0; k--) {
                        sift_down(list, count, k);
                    }
                }
            } else if (d.score > list[0].score) {
                list[0] = d;
                sift_down(list, count, 0);
            }
        }
    }
    return count;
}

float mien_box_iou(const float a[4], const float b[4])
{
    float w = fminf(a[2], b[2]) - fmaxf(a[0], b[0]);
    float h = fminf(a[3], b[3]) - fmaxf(a[1], b[1]);
    float u = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]);
    if (!(w > 0 && h > 0)) {
        return 0;
    }
    return w * h / fmaxf(u - w * h, 1e-9f);
}

static int by_score(const void *pa, const void *pb)
{
    const struct mien_detection *a = pa, *b = pb;
    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    for (int k = 0; k < 4; k++) {
        if (a->box_px[k] != b->box_px[k]) {
            return a->box_px[k] < b->box_px[k] ? -1 : 1;
        }
    }
    return 0;
}

// Two levels may disagree on a face's size more than an overlap of 0.4 allows.
static bool same_face(const struct mien_detection *a, const struct mien_detection *b)
{
    if (mien_box_iou(a->box_px, b->box_px) > 0.4f) {
        return true;
    }
    float wa = a->box_px[2] - a->box_px[0], ha = a->box_px[3] - a->box_px[1];
    float wb = b->box_px[2] - b->box_px[0], hb = b->box_px[3] - b->box_px[1];
    float dx = fabsf(a->box_px[0] + a->box_px[2] - b->box_px[0] - b->box_px[2]) * 0.5f;
    float dy = fabsf(a->box_px[1] + a->box_px[3] - b->box_px[1] - b->box_px[3]) * 0.5f;
    float ratio = sqrtf(wa * ha / fmaxf(wb * hb, 1e-9f));
    return ratio > 0.4f && ratio < 2.5f && dx < 0.25f * fmaxf(wa, wb) && dy < 0.25f * fmaxf(ha, hb);
}

int mien_detect_merge(struct mien_detection *list, int count, int max)
{
    bool used[MIEN_DETECT_CANDIDATES] = {false};
    struct mien_detection merged[MIEN_DETECT_MAX];
    int n = 0;
    count = count < MIEN_DETECT_CANDIDATES ? count : MIEN_DETECT_CANDIDATES;
    max = max < MIEN_DETECT_MAX ? max : MIEN_DETECT_MAX;
    qsort(list, (size_t)(count > 0 ? count : 0), sizeof(*list), by_score);
    for (int a = 0; a < count && n < max; a++) {
        if (used[a]) {
            continue;
        }
        double box[4] = {0}, c = 0, s = 0, sum = 0;
        for (int b = a; b < count; b++) {
            if (used[b] || (b != a && !same_face(&list[a], &list[b]))) {
                continue;
            }
            used[b] = true;
            if (b != a && mien_box_iou(list[a].box_px, list[b].box_px) < 0.55f) {
                continue;
            }
            double weight = (double)list[b].score * list[b].score;
            for (int k = 0; k < 4; k++) {
                box[k] += weight * list[b].box_px[k];
            }
            c += weight * cosf(list[b].roll_rad);
            s += weight * sinf(list[b].roll_rad);
            sum += weight;
        }
        struct mien_detection *m = &merged[n++];
        *m = list[a];
        if (sum > 0) {
            for (int k = 0; k < 4; k++) {
                m->box_px[k] = (float)(box[k] / sum);
            }
            m->roll_rad = (float)atan2(s, c);
        }
    }
    for (int k = 0; k < n; k++) {
        list[k] = merged[k];
    }
    return n;
}

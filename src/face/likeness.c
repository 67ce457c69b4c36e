// The likelihood ratio of the two-covariance model, one direction after another.
#include "face/likeness.h"

#include <math.h>

float mien_likeness_compare(const struct mien_likeness *l, const float *a, const float *b)
{
    float ratio = 0;
    for (int i = 0; i < MIEN_LIKENESS_AXES; i++) {
        float x = 0, y = 0;
        for (int k = 0; k < MIEN_IDENTITY; k++) {
            x += l->axis[i][k] * (a[k] - l->mean[k]);
            y += l->axis[i][k] * (b[k] - l->mean[k]);
        }
        // One person: the sum of both has the variance 2 + 4 v, the difference 2. Two: each has
        // 1 + v by itself.
        const float v = l->between[i], sum = x + y, difference = x - y;
        ratio += logf(1 + v) - 0.5f * logf(1 + 2 * v) + 0.5f * (x * x + y * y) / (1 + v) -
                 0.25f * (sum * sum / (1 + 2 * v) + difference * difference);
    }
    return ratio;
}

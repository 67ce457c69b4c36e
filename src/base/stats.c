// A running sum and a ring of the last samples; quantiles by sorting a copy of the ring.
#include "base/stats.h"

#include <stdlib.h>
#include <string.h>

void mien_stats_add(struct mien_stats *s, double v)
{
    s->min = s->count == 0 || v < s->min ? v : s->min;
    s->max = s->count == 0 || v > s->max ? v : s->max;
    s->ring[s->count++ % MIEN_STATS_RING] = v;
    s->sum += v;
}

double mien_stats_mean(const struct mien_stats *s)
{
    return s->count ? s->sum / (double)s->count : 0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double mien_stats_quantile(const struct mien_stats *s, double q)
{
    size_t n = s->count < MIEN_STATS_RING ? (size_t)s->count : MIEN_STATS_RING;
    if (n == 0) {
        return 0;
    }
    double sorted[MIEN_STATS_RING];
    memcpy(sorted, s->ring, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    double at = q * (double)(n - 1);
    if (!(at > 0)) {
        return sorted[0];
    }
    size_t i = (size_t)at;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

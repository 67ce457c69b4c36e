// Running statistics of times and errors: mean, percentiles over a ring of the last samples.
#ifndef MIEN_BASE_STATS_H
#define MIEN_BASE_STATS_H

#include <stddef.h>
#include <stdint.h>

enum { MIEN_STATS_RING = 4096 };

struct mien_stats {
    double ring[MIEN_STATS_RING];
    uint64_t count;
    double sum, min, max;
};

void mien_stats_add(struct mien_stats *s, double v); // zeroed object is empty
double mien_stats_mean(const struct mien_stats *s);  // 0 when empty
// q in [0,1], over the last MIEN_STATS_RING samples, linear interpolation; 0 when empty. Sorts a
// copy on the stack (32 KB): not for inner loops.
double mien_stats_quantile(const struct mien_stats *s, double q);

#endif

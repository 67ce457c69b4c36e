// Covariances within and between people, and the directions in which both are diagonal.
#include "learn/likeness.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "tensor/blas.h"

enum { N = MIEN_IDENTITY, PEOPLE_LEAST = 200 };

struct sums {
    double mean[N];                     // of people's means
    double within[N * N], means[N * N]; // sums of products: about a person's mean, of the means
    int people, several;                // people; those with two samples and more
    double freedom, inverse;            // samples less people; sum of 1 / a person's samples
};

static void add_product(double *sum, const double *x)
{
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < N; k++) {
            sum[i * N + k] += x[i] * x[k];
        }
    }
}

static void add_person(struct sums *s, const struct mien_likeness_sample *sample, int count)
{
    double mean[N] = {0}, off[N];
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < N; k++) {
            mean[k] += (double)sample[i].identity[k] / count;
        }
    }
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < N; k++) {
            off[k] = (double)sample[i].identity[k] - mean[k];
        }
        add_product(s->within, off);
    }
    for (int k = 0; k < N; k++) {
        s->mean[k] += mean[k];
    }
    add_product(s->means, mean);
    s->people++;
    s->several += count > 1;
    s->freedom += count - 1;
    s->inverse += 1.0 / count;
}

// In place: `within` the covariance of one person's estimates, `means` that of people. A mean of n
// estimates has an n-th of the former in it.
static void find_covariances(struct sums *s)
{
    const double people = s->people;
    for (int k = 0; k < N; k++) {
        s->mean[k] /= people;
    }
    for (int i = 0; i < N * N; i++) {
        s->within[i] /= s->freedom;
        s->means[i] = (s->means[i] - people * s->mean[i / N] * s->mean[i % N]) / (people - 1) -
                      s->within[i] * s->inverse / people;
    }
}

bool mien_likeness_learn(const struct mien_likeness_sample *sample, int count,
                         struct mien_likeness *out)
{
    struct sums *s = mien_calloc(1, sizeof(*s));
    double value[N];
    bool ok = s && mien_blas_init();
    for (int i = 0, end; ok && i < count; i = end) {
        for (end = i + 1; end < count && sample[end].person == sample[i].person;) {
            end++;
        }
        add_person(s, sample + i, end - i);
    }
    if (ok && s->several < PEOPLE_LEAST) {
        mien_error("how alike two shapes of one person are is learned from %d people with two "
                   "estimates and more; here are %d",
                   PEOPLE_LEAST, s->several);
        ok = false;
    }
    if (ok) {
        find_covariances(s);
        ok = mien_symmetric_eigen(N, s->means, s->within, value);
        if (!ok) {
            mien_error("estimates of one person do not differ in every direction: nothing can be "
                       "learned from them");
        }
    }
    for (int i = 0; ok && i < MIEN_LIKENESS_AXES; i++) {
        out->between[i] = (float)fmax(0, value[N - 1 - i]);
        for (int k = 0; k < N; k++) {
            out->axis[i][k] = (float)s->means[(N - 1 - i) * N + k];
        }
    }
    for (int k = 0; ok && k < N; k++) {
        out->mean[k] = (float)s->mean[k];
    }
    mien_free(s);
    return ok;
}

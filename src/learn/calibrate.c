// Fits a temperature and thresholds to stored answers by one-dimensional searches.
#include "learn/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BINS = 10 };

// What is known of the weights (1, log odds, log sigma from its middle) before any look, and how
// much that counts. On frames of real people the mean sigma is 0.8 to 2.3 % of the face's size; on
// what a detector takes for a face in them, hands, sleeves, lettering, it is 3.8 to 22 %, and the
// branch is sure of either. Packs hold few such looks, and on theirs the branch tells all: what
// they say of sigma by themselves is chance.
static const double known[3] = {-2, 1, -6}, trust[3] = {400, 100, 400};
static const double middle = -3.5; // log 3 %

bool mien_calibrator_add(struct mien_calibrator *c, const struct mien_estimate *e,
                         const struct mien_target *t)
{
    if (!(t->presence_weight > 0)) {
        return true;
    }
    if (c->count == c->capacity) {
        size_t capacity = c->capacity ? 2 * c->capacity : 1024;
        void *grown = mien_realloc_array(c->look, capacity, sizeof(*c->look));
        if (!grown) {
            return false;
        }
        c->look = grown;
        c->capacity = capacity;
    }
    struct mien_calibration_look *l = &c->look[c->count++];
    memset(l, 0, sizeof(*l));
    mien_calibration_inputs(e, &l->log_odds, &l->log_sigma);
    l->face = t->presence;
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        l->log_p[i] = logf(fmaxf(1e-9f, e->expression[i]));
        l->q[i] = t->mask & MIEN_LABEL_EXPRESSION ? t->expression[i] : 0;
    }
    return true;
}

void mien_calibrator_destroy(struct mien_calibrator *c)
{
    free(c->look);
    memset(c, 0, sizeof(*c));
}

// Solves the symmetric 3x3 A x = b by Gauss-Jordan elimination; A is positive definite.
static void solve3(double A[3][4], double x[3])
{
    for (int i = 0; i < 3; i++) {
        for (int r = 0; r < 3; r++) {
            double q = r == i ? 0 : A[r][i] / A[i][i];
            for (int k = i; k < 4; k++) {
                A[r][k] -= q * A[i][k];
            }
        }
    }
    for (int i = 0; i < 3; i++) {
        x[i] = A[i][3] / A[i][i];
    }
}

// Penalised negative log-likelihood of the even looks; where A is not NULL also its second
// derivatives and, in the fourth column, its negative gradient. Both kinds weigh alike, however
// many there are; targets are drawn a little inwards (Platt 1999) and a prior holds the weights to
// what is known, so that separable looks have an answer.
static double evaluate(const struct mien_calibrator *c, double faces, double others,
                       const double w[3], double (*A)[4])
{
    double yes = (faces + 1) / (faces + 2), no = 1 / (others + 2), sum = 0;
    for (size_t i = 0; i < c->count; i += 2) {
        const struct mien_calibration_look *l = &c->look[i];
        bool face = l->face > 0.5f;
        double weight = 0.5 * (faces + others) / (face ? faces : others);
        double x[3] = {1, (double)l->log_odds, (double)l->log_sigma - middle};
        double z = w[0] * x[0] + w[1] * x[1] + w[2] * x[2], p = 1 / (1 + exp(-z));
        double target = face ? yes : no;
        sum += weight * (fmax(z, 0) + log1p(exp(-fabs(z))) - target * z);
        for (int r = 0; A && r < 3; r++) {
            A[r][3] += weight * (target - p) * x[r];
            for (int k = 0; k < 3; k++) {
                A[r][k] += weight * p * (1 - p) * x[r] * x[k];
            }
        }
    }
    for (int r = 0; r < 3; r++) {
        double off = w[r] - known[r];
        sum += 0.5 * trust[r] * off * off;
        if (A) {
            A[r][r] += trust[r];
            A[r][3] -= trust[r] * off;
        }
    }
    return sum;
}

// Newton's method with halved steps.
static bool fit_confidence(const struct mien_calibrator *c, struct mien_calibration *out)
{
    double faces = 0, others = 0, w[3] = {known[0], known[1], known[2]};
    for (size_t i = 0; i < c->count; i += 2) {
        faces += (double)c->look[i].face;
        others += 1 - (double)c->look[i].face;
    }
    if (faces < 10 || others < 10) {
        return false;
    }
    for (int step = 0; step < 100; step++) {
        double A[3][4] = {{0}}, d[3], next[3] = {0}, size = 1;
        double before = evaluate(c, faces, others, w, A), after = before;
        solve3(A, d);
        for (int halved = 0; halved < 30; halved++, size *= 0.5) {
            for (int r = 0; r < 3; r++) {
                next[r] = w[r] + size * d[r];
            }
            after = evaluate(c, faces, others, next, NULL);
            if (after < before) {
                break;
            }
        }
        if (!(after < before - 1e-9 * fabs(before))) {
            break;
        }
        memcpy(w, next, sizeof(w));
    }
    out->offset = (float)(w[0] - w[2] * middle);
    out->presence = (float)w[1];
    out->log_sigma = (float)w[2];
    return isfinite(w[0] + w[1] + w[2]);
}

// Mean cross-entropy of labels and answers at a temperature, over looks first, first + 2 …
static double cross_entropy(const struct mien_calibrator *c, size_t first, double temperature)
{
    double sum = 0, total = 0;
    for (size_t i = first; i < c->count; i += 2) {
        const struct mien_calibration_look *l = &c->look[i];
        double z = 0, q = 0, h = 0;
        for (int k = 0; k < MIEN_EXPRESSIONS; k++) {
            z += exp((double)l->log_p[k] / temperature);
            q += (double)l->q[k];
        }
        for (int k = 0; k < MIEN_EXPRESSIONS && q > 0; k++) {
            h -= (double)l->q[k] / q * ((double)l->log_p[k] / temperature - log(z));
        }
        sum += h;
        total += q > 0;
    }
    return total > 0 ? sum / total : 0;
}

static double fit_temperature(const struct mien_calibrator *c)
{
    double lo = log(0.2), hi = log(8);
    if (!(cross_entropy(c, 0, 1) > 0)) {
        return 1;
    }
    for (int i = 0; i < 60; i++) { // one minimum: ternary search
        double a = lo + (hi - lo) / 3, b = hi - (hi - lo) / 3;
        if (cross_entropy(c, 0, exp(a)) < cross_entropy(c, 0, exp(b))) {
            hi = b;
        } else {
            lo = a;
        }
    }
    return exp(0.5 * (lo + hi));
}

bool mien_calibrator_fit(const struct mien_calibrator *c, struct mien_calibration *out)
{
    *out = mien_calibration_none();
    if (!fit_confidence(c, out)) {
        return false;
    }
    out->temperature = (float)fit_temperature(c);
    return true;
}

struct reliability {
    double said[BINS], happened[BINS], count[BINS];
};

static void bin(struct reliability *r, double p, double happened)
{
    int b = (int)fmin(BINS - 1, floor(p * BINS));
    r->said[b] += p;
    r->happened[b] += happened;
    r->count[b]++;
}

static void print_bins(const struct reliability *r, const char *name, FILE *f)
{
    double error = 0, all = 0;
    fprintf(f, "%s\n  said       happened   looks\n", name);
    for (int b = 0; b < BINS; b++) {
        if (r->count[b] > 0) {
            fprintf(f, "  %8.3f   %8.3f   %.0f\n", r->said[b] / r->count[b],
                    r->happened[b] / r->count[b], r->count[b]);
            error += fabs(r->said[b] - r->happened[b]);
            all += r->count[b];
        }
    }
    fprintf(f, "  expected calibration error %.4f\n", all > 0 ? error / all : 0);
}

void mien_calibrator_print(const struct mien_calibrator *c, const struct mien_calibration *k,
                           FILE *f)
{
    struct reliability face[2] = {0}, class[2] = {0};
    for (size_t i = 1; i < c->count; i += 2) {
        const struct mien_calibration_look *l = &c->look[i];
        double z = (double)(k->offset + k->presence * l->log_odds + k->log_sigma * l->log_sigma);
        bin(&face[0], 1 / (1 + exp(-(double)l->log_odds)), (double)l->face);
        bin(&face[1], 1 / (1 + exp(-z)), (double)l->face);
        double temperature[2] = {1, (double)k->temperature};
        for (int v = 0; v < 2; v++) {
            double sum = 0, q = 0;
            int best = 0;
            for (int j = 0; j < MIEN_EXPRESSIONS; j++) {
                sum += exp((double)l->log_p[j] / temperature[v]);
                q += (double)l->q[j];
                best = l->log_p[j] > l->log_p[best] ? j : best;
            }
            if (q > 0) {
                bin(&class[v], exp((double)l->log_p[best] / temperature[v]) / sum,
                    (double)l->q[best] / q);
            }
        }
    }
    print_bins(&face[0], "a face, as the presence branch says", f);
    print_bins(&face[1], "a face, calibrated", f);
    print_bins(&class[0], "the named class, as the network says (share of the votes)", f);
    print_bins(&class[1], "the named class, calibrated", f);
}

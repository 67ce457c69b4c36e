// Every kernel in every way that this machine has against its plain reference, on shapes chosen and
// random; gradients against central differences in double. Rows: tests/kernels/rows_….c.
//
// test_kernels                 as a test
// test_kernels --time [WORD]   as timing, of the rows whose names hold WORD: GFLOP/s or GB/s, and
//                              how many times faster than the reference
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "kernels/kernels.h"

enum { RANDOM_SHAPES = 24, FENCE = 64, SKEW = 3 };
// Arguments' elements that a gradient check moves one by one, twice each, and multiply-adds of it.
enum { GRADIENT_ELEMENTS = 600, GRADIENT_WORK = 60 * 1000 * 1000 };

static const char *const pass_name[2] = {"", " backward"};

// ---- cases ----

static size_t size_of(const struct kernel_case *c, enum kernel_type t)
{
    return t == KERNEL_BYTE ? 1 : t == KERNEL_DOUBLE || c->wide ? sizeof(double) : sizeof(float);
}

static double get(const struct kernel_case *c, const struct kernel_buffer *b, size_t i)
{
    return b->type == KERNEL_BYTE                  ? ((uint8_t *)b->data)[i]
           : size_of(c, b->type) == sizeof(double) ? ((double *)b->data)[i]
                                                   : (double)((float *)b->data)[i];
}

static void put(const struct kernel_case *c, const struct kernel_buffer *b, size_t i, double v)
{
    if (b->type == KERNEL_BYTE) {
        ((uint8_t *)b->data)[i] = (uint8_t)v;
    } else if (size_of(c, b->type) == sizeof(double)) {
        ((double *)b->data)[i] = v;
    } else {
        ((float *)b->data)[i] = (float)v;
    }
}

static double draw(struct kernel_case *c, enum kernel_type type, double scale)
{
    if (type == KERNEL_BYTE) { // often black or white
        const uint32_t v = mien_rng_below(&c->rng, 320);
        return v < 256 ? v : v < 288 ? 0 : 255;
    }
    if (c->whole) {
        return (double)mien_rng_below(&c->rng, 17) - 8;
    }
    const double v = scale * (double)mien_rng_normal(&c->rng);
    return c->sizes ? fabs(v) : v;
}

int kernel_add(struct kernel_case *c, enum kernel_role role, enum kernel_type type, size_t count,
               double scale)
{
    assert_true(c->buffers < KERNEL_BUFFERS);
    struct kernel_buffer *b = &c->buffer[c->buffers];
    *b = (struct kernel_buffer){.role = role, .type = type, .count = count};
    const size_t size = size_of(c, type), skew = role == KERNEL_SCRATCH ? SKEW * size : 0;
    const size_t bytes = skew + count * size + FENCE;
    assert_int_equal(posix_memalign(&b->memory, 64, bytes), 0);
    b->data = (char *)b->memory + skew;
    memset(b->memory, role == KERNEL_WORK ? 0 : 0xff, bytes); // not numbers
    memset((char *)b->data + count * size, 0xa5, FENCE);
    for (size_t i = 0; i < count && (role == KERNEL_IN || role == KERNEL_SUM); i++) {
        put(c, b, i, role == KERNEL_SUM ? 0.5 : draw(c, type, scale));
    }
    return c->buffers++;
}

void kernel_tolerate(struct kernel_case *c, double tolerance)
{
    c->buffer[c->buffers - 1].tolerance = tolerance;
}

float *kernel_floats(const struct kernel_case *c, int buffer)
{
    return c->buffer[buffer].data;
}

double *kernel_doubles(const struct kernel_case *c, int buffer)
{
    return c->buffer[buffer].data;
}

uint8_t *kernel_bytes(const struct kernel_case *c, int buffer)
{
    return c->buffer[buffer].data;
}

int kernel_between(struct mien_rng *r, int low, int high)
{
    return low + (int)mien_rng_below(r, (uint32_t)(high - low + 1));
}

bool kernel_compiled_ways(int i, struct kernel_way *way)
{
    *way = (struct kernel_way){.name = i ? "as built" : "plain", .table = i ? "" : NULL};
    return i < 2;
}

enum kind { FLOATS, WHOLE, SIZES, WIDE };

static struct kernel_case make(const struct kernel_row *row, const int *dim, uint64_t seed,
                               enum kind kind)
{
    struct kernel_case c = {
        .dim = dim, .wide = kind == WIDE, .whole = kind == WHOLE, .sizes = kind == SIZES};
    mien_rng_seed(&c.rng, seed, 1);
    row->make(&c);
    return c;
}

static void drop(struct kernel_case *c)
{
    for (int i = 0; i < c->buffers; i++) {
        free(c->buffer[i].memory);
    }
    c->buffers = 0;
}

// Names a case in messages.
static const char *name_of(const struct kernel_row *row, const int *dim)
{
    static char text[160];
    int n = snprintf(text, sizeof(text), "%s {", row->name);
    for (int i = 0; i < KERNEL_DIMS; i++) {
        n += snprintf(text + n, sizeof(text) - (size_t)n, i ? ", %d" : "%d", dim[i]);
    }
    snprintf(text + n, sizeof(text) - (size_t)n, "}");
    return text;
}

static void run(const struct kernel_row *row, struct kernel_case *c, const struct kernel_way *way)
{
    if (row->prepare) {
        row->prepare(c, way->table);
    }
    for (int p = 0; p < 2; p++) {
        kernel_pass *pass = c->wide ? row->wide[p] : row->pass[p];
        if (pass) {
            pass(c, way->table);
        }
    }
    if (row->finish) {
        row->finish(c, way->table);
    }
    for (int i = 0; i < c->buffers; i++) {
        const struct kernel_buffer *b = &c->buffer[i];
        const uint8_t *end = (uint8_t *)b->data + b->count * size_of(c, b->type);
        for (int k = 0; k < FENCE; k++) {
            if (end[k] != 0xa5) {
                fail_msg("%s, %s: wrote behind buffer %d", name_of(row, c->dim), way->name, i);
            }
        }
    }
    if (c->wrong[0]) {
        fail_msg("%s, %s: %s", name_of(row, c->dim), way->name, c->wrong);
    }
}

// ---- as a test ----

// got against want within got's tolerances, or within `rounding` of `sizes`. Returns the largest
// share of the sizes that is off.
static double compare(const struct kernel_row *row, const struct kernel_way *way,
                      const struct kernel_case *got, const struct kernel_case *want,
                      const struct kernel_case *sizes)
{
    double largest = 0;
    for (int i = 0; i < got->buffers; i++) {
        const struct kernel_buffer *b = &got->buffer[i];
        const bool out = b->role == KERNEL_OUT || b->role == KERNEL_SUM;
        for (size_t j = 0; out && j < b->count; j++) {
            const double g = get(got, b, j), w = get(want, &want->buffer[i], j);
            const double size = sizes ? get(sizes, &sizes->buffer[i], j) : 0;
            double most = b->tolerance * (b->type == KERNEL_BYTE ? 1 : 1 + fabs(w));
            most = got->whole ? 0 : sizes ? way->rounding * size : most;
            if (g != w && !(fabs(g - w) <= most) && !(isnan(g) && isnan(w))) {
                fail_msg("%s, %s: buffer %d[%zu] is %.9g, of the reference %.9g, may differ by %g",
                         name_of(row, got->dim), way->name, i, j, g, w, most);
            }
            largest = size > 0 ? fmax(largest, fabs(g - w) / size) : largest;
        }
    }
    return largest;
}

static double check_ways(const struct kernel_row *row, const int *dim, uint64_t seed,
                         enum kind kind)
{
    struct kernel_way way;
    double largest = 0;
    assert_true(row->ways(0, &way));
    struct kernel_case want = make(row, dim, seed, kind);
    run(row, &want, &way);
    for (int i = 1; row->ways(i, &way); i++) {
        struct kernel_case got = make(row, dim, seed, kind), sizes = {0};
        const bool rounded = way.rounding > 0 && row->bilinear && kind == FLOATS;
        run(row, &got, &way);
        if (rounded) {
            struct kernel_way reference;
            row->ways(0, &reference);
            sizes = make(row, dim, seed, SIZES);
            run(row, &sizes, &reference);
        }
        largest = fmax(largest, compare(row, &way, &got, &want, rounded ? &sizes : NULL));
        drop(&got);
        drop(&sizes);
    }
    if (row->wide[0] && kind == FLOATS) { // the reference itself against the same in double
        struct kernel_case wide = make(row, dim, seed, WIDE);
        assert_true(row->ways(-1, &way));
        run(row, &wide, &way);
        compare(row, &(struct kernel_way){.name = "in float"}, &want, &wide, NULL);
        if (row->naive) {
            struct kernel_case naive = make(row, dim, seed, WIDE);
            row->naive(&naive, NULL);
            for (size_t j = 0; j < wide.buffer[row->y].count; j++) {
                assert_float_equal(kernel_doubles(&wide, row->y)[j],
                                   kernel_doubles(&naive, row->y)[j], 1e-9);
            }
            drop(&naive);
        }
        drop(&wide);
    }
    drop(&want);
    return largest;
}

static double weighted_sum(const struct kernel_row *row, struct kernel_case *c, const void *table)
{
    row->wide[0](c, table);
    const double *y = kernel_doubles(c, row->y), *dy = kernel_doubles(c, row->dy);
    double sum = 0;
    for (size_t i = 0; i < c->buffer[row->y].count; i++) {
        sum += y[i] * dy[i];
    }
    return sum;
}

// Of the sum of dy y. eps 1e-5: the difference is good to about 1e-9 for values near 1. Gradients
// that are added to start at 0.5.
static bool check_gradient(const struct kernel_row *row, const int *shape, uint64_t seed)
{
    int dim[KERNEL_DIMS];
    memcpy(dim, shape, sizeof(dim));
    if (row->which) {
        dim[row->which] = 0;
    }
    struct kernel_way way;
    assert_true(row->ways(-1, &way));
    struct kernel_case c = make(row, dim, seed, WIDE);
    size_t elements = 0;
    for (int g = 0; g < row->gradients; g++) {
        elements += c.buffer[row->gradient[g].dx].count;
    }
    const double work = fmax(c.flops[0], c.bytes[0]) * (double)elements;
    const bool small = elements <= GRADIENT_ELEMENTS && work <= GRADIENT_WORK;
    if (small) {
        run(row, &c, &way);
    }
    for (int g = 0; g < row->gradients && small; g++) {
        const struct kernel_buffer *dx = &c.buffer[row->gradient[g].dx];
        double *x = kernel_doubles(&c, row->gradient[g].x);
        const double start = dx->role == KERNEL_SUM ? 0.5 : 0;
        for (size_t i = 0; i < dx->count; i++) {
            const double eps = 1e-5, saved = x[i];
            x[i] = saved + eps;
            const double up = weighted_sum(row, &c, way.table);
            x[i] = saved - eps;
            const double down = weighted_sum(row, &c, way.table);
            x[i] = saved;
            const double numeric = (up - down) / (2 * eps), got = get(&c, dx, i) - start;
            if (!(fabs(numeric - got) <= 1e-6 * (1 + fabs(numeric)))) {
                fail_msg("%s: argument %d[%zu]: gradient %.9g, differences %.9g", name_of(row, dim),
                         g, i, got, numeric);
            }
        }
    }
    drop(&c);
    return small;
}

static void test_row(void **state)
{
    const struct kernel_row *row = *state;
    struct mien_rng r;
    mien_rng_seed(&r, 17, 3);
    double largest = 0;
    int gradients = 0, fixed = 0;
    while (row->fixed && row->fixed[fixed][0] >= 0) {
        fixed++;
    }
    for (int i = 0; i < fixed + RANDOM_SHAPES; i++) {
        int dim[KERNEL_DIMS] = {0};
        if (i < fixed) {
            memcpy(dim, row->fixed[i], sizeof(dim));
        } else {
            row->draw(&r, dim);
        }
        largest = fmax(largest, check_ways(row, dim, (uint64_t)i, FLOATS));
        if (row->exact) {
            check_ways(row, dim, (uint64_t)i, WHOLE);
        }
        if (row->gradients) {
            gradients += check_gradient(row, dim, (uint64_t)i);
        }
    }
    assert_true(!row->gradients || gradients >= 8); // else its shapes are too large for it
    struct kernel_way way;
    for (int i = 1; row->ways(i, &way); i++) { // operands were rounded: it is not the float one
        assert_true(!(way.rounding > 0 && row->bilinear) || largest > 1e-4);
    }
}

// ---- as timing ----

enum { REPEATS = 7 };
static const double repeat_ns = 8e6;

// Best of some repeats: one call of a pass, ns.
static double time_pass(const struct kernel_row *row, int pass, struct kernel_case *c,
                        const struct kernel_way *way)
{
    double best = 1e30;
    long calls = 1;
    for (int i = 0; i < REPEATS; i++) {
        const int64_t start = mien_now_ns();
        for (long k = 0; k < calls; k++) {
            row->pass[pass](c, way->table);
        }
        const double ns = (double)(mien_now_ns() - start) / (double)calls;
        best = fmin(best, ns);
        calls = (long)fmax(1, repeat_ns / fmax(ns, 1));
    }
    return best;
}

static void time_shape(const struct kernel_row *row, const int *dim)
{
    struct kernel_way way;
    double reference[2] = {0};
    for (int i = 0; row->ways(i, &way); i++) {
        struct kernel_case c = make(row, dim, 1, FLOATS);
        if (row->prepare) {
            row->prepare(&c, way.table);
        }
        for (int p = 0; p < 2 && row->pass[p]; p++) {
            const double ns = time_pass(row, p, &c, &way);
            reference[p] = i ? reference[p] : ns;
            char what[200];
            snprintf(what, sizeof(what), "%s%s", name_of(row, dim), pass_name[p]);
            printf("%-58s %-10s %10.2f us %8.2f %s %7.2f x\n", what, way.name, ns * 1e-3,
                   (c.flops[p] > 0 ? c.flops[p] : c.bytes[p]) / ns,
                   c.flops[p] > 0 ? "GFLOP/s" : "GB/s   ", reference[p] / ns);
        }
        if (row->finish) {
            row->finish(&c, way.table);
        }
        drop(&c);
    }
}

#define LIST(name) {kernel_##name##_rows, &kernel_##name##_count},
static const struct {
    const struct kernel_row *row;
    const int *count;
} lists[] = {KERNEL_ROW_LISTS(LIST)};
enum { LISTS = MIEN_COUNT(lists) };

static int time_rows(const char *word)
{
    int found = 0;
    for (int l = 0; l < LISTS; l++) {
        for (int i = 0; i < *lists[l].count; i++) {
            const struct kernel_row *row = &lists[l].row[i];
            if (strstr(row->name, word)) {
                found++;
                for (int s = 0; row->timed[s][0] >= 0; s++) {
                    time_shape(row, row->timed[s]);
                }
            }
        }
    }
    if (!found) {
        fprintf(stderr, "no kernel's name holds \"%s\": see the rows in tests/kernels\n", word);
    }
    return found ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--time")) {
        return time_rows(argc > 2 ? argv[2] : "");
    }
    struct CMUnitTest tests[100] = {0};
    size_t n = 0;
    for (int l = 0; l < LISTS; l++) {
        for (int i = 0; i < *lists[l].count && n < MIEN_COUNT(tests); i++) {
            tests[n].name = lists[l].row[i].name;
            tests[n].test_func = test_row;
            tests[n++].initial_state = (void *)&lists[l].row[i];
        }
    }
    return _cmocka_run_group_tests("kernels", tests, n, NULL, NULL);
}

// The harness of every kernel: one row a kernel, walked as a test on random shapes, as timing and,
// where there is a backward pass, as a gradient check (after ggml's test-backend-ops and dav1d's
// checkasm).
//
// A row's group lists the ways to compute it on this machine, the plain reference first. A case is
// one shape with its buffers, the same numbers for every way. tests/unit/test_kernels.c holds each
// way against the first; tests/tree/kernels.py tells which kernels of src/ have no row. Does not:
// know what a kernel is for.
#ifndef MIEN_TESTS_KERNELS_H
#define MIEN_TESTS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

enum { KERNEL_DIMS = 10, KERNEL_BUFFERS = 16, KERNEL_GRADIENTS = 5 };

enum kernel_role {
    KERNEL_IN,
    KERNEL_OUT,     // written: garbage before, compared after
    KERNEL_SUM,     // added to: 0.5 before, compared after
    KERNEL_SCRATCH, // garbage, skewed off any alignment
    KERNEL_WORK,    // zeroes, aligned, not compared
};
enum kernel_type { KERNEL_REAL, KERNEL_DOUBLE, KERNEL_BYTE }; // REAL: float, double where wide

struct kernel_buffer {
    enum kernel_role role;
    enum kernel_type type;
    size_t count;
    void *data, *memory;
    // Outputs differ from the reference's by at most this times (1 + their size). < 0: not
    // compared.
    double tolerance;
};

struct kernel_case {
    const int *dim;
    bool wide;  // REAL is double
    bool whole; // inputs are whole numbers up to 8
    bool sizes; // inputs are their absolute values
    struct mien_rng rng;
    struct kernel_buffer buffer[KERNEL_BUFFERS];
    int buffers;
    double flops[2], bytes[2]; // of the passes, for timing: one of the two
    void *more;                // of prepare and finish
    char wrong[160];           // what finish found wrong beside the buffers
};

struct kernel_way { // one way to compute a group's kernels
    const char *name;
    const void *table; // the group's own
    // Inputs are rounded by at most this share of themselves and so may products be (bilinear
    // rows).
    double rounding;
};

// The i-th way of this machine; false past the last. 0 is the reference, -1 the same in double.
typedef bool kernel_ways(int i, struct kernel_way *way);
typedef void kernel_pass(struct kernel_case *c, const void *table);

struct kernel_row {
    const char *name;
    const char *covers; // names of kernels in src/, for tests/tree/kernels.py
    kernel_ways *ways;
    const int (*fixed)[KERNEL_DIMS]; // shapes that random ones would seldom be; ends with -1
    const int (*timed)[KERNEL_DIMS]; // shapes worth timing; ends with -1
    void (*draw)(struct mien_rng *r, int dim[KERNEL_DIMS]);
    void (*make)(struct kernel_case *c); // buffers of a shape
    kernel_pass *pass[2];                // forward and backward; NULL: none
    kernel_pass *wide[2];                // the reference in double; NULL: none
    kernel_pass *naive;                  // another forward pass in double, slow and plain
    kernel_pass *prepare, *finish;       // beside the timed part
    // Buffers of the gradient check: of argument x its gradient dx; of the output y and dy.
    struct {
        int x, dx;
    } gradient[KERNEL_GRADIENTS];
    int gradients, y, dy;
    int which;     // the dimension that says which gradients are asked for, 0 of it: all
    bool exact;    // whole numbers give the same bits in every way
    bool bilinear; // a way with rounding is held to the bound of its rounding
};

// A buffer of the case, filled with normal numbers times `scale` when it is an input (bytes:
// uniform). Returns its index.
int kernel_add(struct kernel_case *c, enum kernel_role role, enum kernel_type type, size_t count,
               double scale);
// The last buffer's tolerance.
void kernel_tolerate(struct kernel_case *c, double tolerance);
float *kernel_floats(const struct kernel_case *c, int buffer);
double *kernel_doubles(const struct kernel_case *c, int buffer);
uint8_t *kernel_bytes(const struct kernel_case *c, int buffer);

// low … high, both included.
int kernel_between(struct mien_rng *r, int low, int high);

#define KERNEL_ROW_LISTS(X) X(tensor) X(infer) X(image) X(face)
#define KERNEL_DECLARE_LIST(name)                          \
    extern const struct kernel_row kernel_##name##_rows[]; \
    extern const int kernel_##name##_count;
KERNEL_ROW_LISTS(KERNEL_DECLARE_LIST)

// Two ways of whatever the compiler vectorises: compiled for plain x86-64 alone, and as it is.
// The table is NULL for the plain one.
bool kernel_compiled_ways(int i, struct kernel_way *way);
// The row of one that neither prepares nor finishes.
#define KERNEL_ROW(what, functions, group, shapes, drawn, made, ...)                      \
    {                                                                                     \
        .name = what, .covers = functions, .ways = group, .timed = shapes, .draw = drawn, \
        .make = made, __VA_ARGS__                                                         \
    }
#define KERNEL_COMPILED_ROW(what, functions, shapes, drawn, made, ran) \
    KERNEL_ROW(what, functions, kernel_compiled_ways, shapes, drawn, made, .pass = {ran})

#endif

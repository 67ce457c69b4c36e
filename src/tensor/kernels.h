// Kernels of the networks: forward and backward of every operation, behind one table of pointers.
//
// Feature maps are (C,N,H,W): channel outermost, so that a channel's statistics, a concatenation
// and the matrix product of a whole shard are contiguous. With one picture this is plain (C,H,W). A
// vector of C numbers is (C,N). Backward functions add to gradients (dx, dw, …) except where
// "written" is said; a NULL gradient is not computed. Shapes are trusted: nn/desc.c has checked
// them.
//
// kernels.inc is compiled as plain float (the reference), as double (for gradient checks), and as
// float over OpenBLAS for several processors.
#ifndef MIEN_TENSOR_KERNELS_H
#define MIEN_TENSOR_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum mien_act {
    MIEN_ACT_NONE,
    MIEN_ACT_RELU,
    MIEN_ACT_LEAKY,     // slope[0] below zero
    MIEN_ACT_PRELU,     // slope[c] below zero, learned (He et al. 2015)
    MIEN_ACT_HARDSWISH, // u clamp(u+3,0,6)/6 (Howard et al. 2019, MobileNetV3)
};

struct mien_conv { // convolution and pooling geometry; depthwise and pooling: o = c
    int n, c, h, w;
    int o, k, stride, pad;
    int oh, ow;
};
// Elements of scratch that conv_forward and conv_backward need.
size_t mien_conv_scratch(const struct mien_conv *s);

// u[c,i] = a[c] y[c,i] + b[c] + r[c,i], z = act(u); c rows of m numbers. a, b, r may be NULL.
// Batch norm (Ioffe, Szegedy 2015): a = gamma/sqrt(var+eps), b = beta - mean a; biased variance.
#define MIEN_KERNEL_TABLE(R)                                                                         \
    const char *name;                                                                                \
    /* C(m,n) = op(A)(m,k) op(B)(k,n) + beta C, row-major */                                         \
    void (*gemm)(_Bool ta, _Bool tb, int m, int n, int k, const R *a, int lda, const R *b,           \
                 int ldb, R beta, R *c, int ldc);                                                    \
    /* y(O,N,OH,OW) = w(O,C,k,k) * x(C,N,H,W) */                                                     \
    void (*conv_forward)(const struct mien_conv *s, const R *x, const R *w, R *y, R *scratch);       \
    void (*conv_backward)(const struct mien_conv *s, const R *x, const R *w, const R *dy, R *dx,     \
                          R *dw, R *scratch);                                                        \
    /* y(C,N,OH,OW) = w(C,k,k) * x, each channel by its own kernel */                                \
    void (*depthwise_forward)(const struct mien_conv *s, const R *x, const R *w, R *y);              \
    void (*depthwise_backward)(const struct mien_conv *s, const R *x, const R *w, const R *dy,       \
                               R *dx, R *dw);                                                        \
    /* y(O,N) = w(O,C*p) x, x is (C,N,p); scratch: c*p*n */                                          \
    void (*dense_forward)(int n, int c, int p, int o, const R *x, const R *w, R *y, R *scratch);     \
    void (*dense_backward)(int n, int c, int p, int o, const R *x, const R *w, const R *dy, R *dx,   \
                           R *dw, R *scratch);                                                       \
    /* z may be y */                                                                                 \
    void (*act_forward)(int c, size_t m, const R *y, const R *a, const R *b, const R *r,             \
                        enum mien_act act, const R *slope, R *z);                                    \
    /* a = 1; dy is written, db, dslope, dr added to */                                              \
    void (*act_backward)(int c, size_t m, const R *y, const R *b, const R *r, enum mien_act act,     \
                         const R *slope, const R *dz, R *dy, R *db, R *dslope, R *dr);               \
    /* mean, invstd (1/sqrt(var+eps)) are written */                                                 \
    void (*bn_act_forward)(int c, size_t m, const R *y, const R *gamma, const R *beta, R eps,        \
                           const R *r, enum mien_act act, const R *slope, R *mean, R *invstd,        \
                           R *z);                                                                    \
    void (*bn_act_backward)(int c, size_t m, const R *y, const R *gamma, const R *beta,              \
                            const R *mean, const R *invstd, const R *r, enum mien_act act,           \
                            const R *slope, const R *dz, R *dy, R *dgamma, R *dbeta, R *dslope,      \
                            R *dr);                                                                  \
    /* padding never wins a maximum and does not count in an average; the first maximum of a         \
       window gets the gradient */                                                                   \
    void (*maxpool_forward)(const struct mien_conv *s, const R *x, R *y);                            \
    void (*maxpool_backward)(const struct mien_conv *s, const R *x, const R *dy, R *dx);             \
    void (*avgpool_forward)(const struct mien_conv *s, const R *x, R *y);                            \
    void (*avgpool_backward)(const struct mien_conv *s, const R *dy, R *dx);                         \
    /* y(planes) = mean of x(planes,p) */                                                            \
    void (*gap_forward)(int planes, int p, const R *x, R *y);                                        \
    void (*gap_backward)(int planes, int p, const R *dy, R *dx);                                     \
    /* mean place (x, y; -reach…reach over the map) under each channel's softmax (Sun et al. 2018, \
       "Integral Human Pose Regression"): x (C,N,h,w), y (2C,N) */                                   \
    void (*softargmax_forward)(int c, int n, int h, int w, R reach, const R *x, R *y);               \
    void (*softargmax_backward)(int c, int n, int h, int w, R reach, const R *x, const R *y,         \
                                const R *dy, R *dx);                                                 \
    /* nearest, twice the size; x is (planes,h,w) */                                                 \
    void (*upsample_forward)(int planes, int h, int w, const R *x, R *y);                            \
    void (*upsample_backward)(int planes, int h, int w, const R *dy, R *dx);                         \
    /* y = x mask, mask holds 0 or 1/(1-p) */                                                        \
    void (*mask_forward)(size_t n, const R *x, const R *mask, R *y);                                 \
    void (*mask_backward)(size_t n, const R *mask, const R *dy, R *dx);                              \
    void (*accumulate)(size_t n, const R *x, R *y) /* y += x */

struct mien_kernels {
    MIEN_KERNEL_TABLE(float);
};
struct mien_kernels_double {
    MIEN_KERNEL_TABLE(double);
};

// The fastest table for this machine (mien_cpu_flags). Immutable; any thread. NULL when there is
// too little memory for its matrix products (logged).
const struct mien_kernels *mien_kernels(void);
// For training only: as mien_kernels(), but the operands of convolutions of shards of pictures are
// rounded to bfloat16. NULL where the processor cannot (AVX512-BF16).
const struct mien_kernels *mien_kernels_bf16(void);
const struct mien_kernels *mien_kernels_plain(void); // the reference: plain C, no BLAS
const struct mien_kernels_double *mien_kernels_in_double(void);
// Every table of exact floats of the build that this machine can run, the reference first; NULL
// past the end. Without memory for matrix products the reference is all.
const struct mien_kernels *mien_kernels_at(int i);

#endif

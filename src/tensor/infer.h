// Kernels of inference: one picture, weights packed once, everything after the products fused.
//
// Feature maps are pixel-major: for each pixel its channels, padded with zeros to whole vectors
// ("lanes"), and around the map a border of one pixel of zeros, so that a 3x3 convolution reads it
// without a question. Products run over blocks of pixels and output channels that stay in
// registers. 3x3 convolutions of stride 1 may go by Winograd's minimal filtering F(4x4, 3x3) (Lavin
// and Gray 2016, "Fast Algorithms for Convolutional Neural Networks"): four times fewer products.
//
// One table per instruction set; infer.inc is compiled for each. Does not: allocate while running;
// know networks; train (tensor/kernels.h does, and is the reference that tests hold these against).
#ifndef MIEN_TENSOR_INFER_H
#define MIEN_TENSOR_INFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/kernels.h"

struct mien_map { // a feature map's shape in memory
    int c, h, w;
    int lanes;  // channels of a pixel in memory
    size_t row; // floats from a row to the next
};

enum { MIEN_INFER_TAPS = 225 }; // of a kernel of 15x15, the largest

// Winograd: tiles at a time, and floats from one of the 36 planes of their numbers to the next. The
// odd cache line keeps planes of 4096 bytes from sharing one set of the first-level cache.
enum { MIEN_INFER_TILES = 16 };
static inline size_t mien_infer_plane(int lanes)
{
    return MIEN_INFER_TILES * (size_t)lanes + 16;
}

enum mien_conv_method { MIEN_CONV_DIRECT, MIEN_CONV_WINOGRAD };

struct mien_packed_conv {
    struct mien_map in, out;
    int k, stride, pad;
    enum mien_act act;
    enum mien_conv_method method;
    int group;           // output channels that a block holds in registers
    void *weight;        // packed, as dense ones; belongs to the caller, 64-byte aligned
    bool half;           // in 16 bits
    float *bias, *slope; // (lanes of out)
    bool planar;         // the input is (c,h,w) without a border: a picture of at most 4 channels
    bool copied;         // it needs a wider border than maps have: copied first
};

enum { MIEN_INFER_DENSE_VECTORS = 2 }; // of outputs together

struct mien_packed_dense {
    struct mien_map in;
    int out, group;
    enum mien_act act;
    void *weight; // packed, 16-bit floats where the table says so, else floats
    float *bias, *slope;
};

struct mien_infer {
    const char *name;
    int vector; // floats
    bool half;  // weights are kept in 16 bits
    // y = act(w x + bias + plus). plus: a map like the output, or NULL. scratch:
    // mien_infer_conv_scratch floats.
    void (*conv)(const struct mien_packed_conv *c, const float *x, const float *plus, float *y,
                 float *scratch);
    // y (2c) = mean places under the softmax of each channel of a map (tensor/kernels.h). scratch:
    // twice the map's lanes.
    void (*softargmax)(const struct mien_map *m, float reach, const float *x, float *y,
                       float *scratch);
    // y (out) = act(w x + bias + plus) of a map or vector. plus (out) may be NULL.
    void (*dense)(const struct mien_packed_dense *d, const float *x, const float *plus, float *y);
};

// The fastest table for this machine; every table that it can run, the plainest first, NULL past
// the end.
const struct mien_infer *mien_infer(void);
const struct mien_infer *mien_infer_at(int i);

// A map of that shape; vectors (h = w = 1) have no border.
struct mien_map mien_map_make(const struct mien_infer *t, int c, int h, int w);
size_t mien_map_floats(const struct mien_map *m); // with its border
// Its first pixel in a buffer of so many floats.
float *mien_map_origin(const struct mien_map *m, float *buffer);
// Zeroes the border and the padded lanes' share of it. What writes a map leaves them alone.
void mien_map_zero_border(const struct mien_map *m, float *buffer);

// Bytes of packed weights; c has in, out, k, stride, pad, and the rest set by mien_infer_conv_plan.
void mien_infer_conv_plan(const struct mien_infer *t, struct mien_packed_conv *c);
size_t mien_infer_conv_bytes(const struct mien_packed_conv *c);
size_t mien_infer_conv_scratch(const struct mien_packed_conv *c);
// Weights as they come: floats, or 16-bit floats.
struct mien_weights {
    const float *full;
    const void *half; // NULL: full
};
// Into c->weight: w (O,C,k,k); into c->bias and c->slope: bias (O) or NULL, slope as mien_act needs
// it, or NULL.
void mien_infer_conv_pack(struct mien_packed_conv *c, const struct mien_weights *w);
void mien_infer_conv_pack_tail(struct mien_packed_conv *c, const float *bias, const float *slope);

size_t mien_infer_dense_bytes(const struct mien_infer *t, const struct mien_packed_dense *d);
// The same; w (O, C*H*W) of the planar order (C,H,W).
void mien_infer_dense_pack(const struct mien_infer *t, struct mien_packed_dense *d,
                           const struct mien_weights *w);
void mien_infer_dense_pack_tail(const struct mien_infer *t, struct mien_packed_dense *d,
                                const float *bias, const float *slope);

#endif

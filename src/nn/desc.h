// A network's text description -> a checked list of layers with shapes and parameters.
//
// One layer a line; `#` starts a comment. A layer names itself, then its inputs, then options:
//
//   define NAME VALUE                     $NAME stands for VALUE below and 2*$NAME for twice a
//                                         whole number; the first definition wins,
//                                         so a caller may put its own in front of a file's text
//   input NAME C H W [mean M] [scale S]   exactly one, first; input = (pixel - mean) * scale
//   conv NAME IN out N [k 3] [s 1] [pad (k-1)/2] [bn] [plus OTHER] [ACT]
//   depthwise NAME IN [k 3] [s 1] [pad (k-1)/2] [bn] [plus OTHER] [ACT]
//   dense NAME IN out N [bn] [plus OTHER] [ACT]     flattens (C,H,W)
//   block NAME IN out N [s 1] [ACT]       residual: NAME.a = conv bn ACT, NAME = conv bn plus the
//                                         input (through NAME.skip, a 1x1 conv bn, when the shape
//                                         changes) ACT; ACT is relu when not given
//   add NAME A B [ACT]     act NAME IN ACT
//   maxpool NAME IN [k 2] [s 2] [pad 0]   avgpool …
//   gap NAME IN            the mean of each channel
//   softargmax NAME IN [reach R]          where each channel is largest: the mean place under its
//                                         softmax, x then y, -R…R over the map (R is 1 when not
//                                         given)
//   upsample NAME IN       twice the size, nearest
//   concat NAME A B …      along the channels
//   dropout NAME IN p P    only while training
//   stop NAME IN           passes values on and no gradient back
//   output NAME IN
//
// ACT: relu | leaky SLOPE | prelu | hardswish. `plus OTHER` adds a layer of the same shape before
// the activation. Layers read earlier layers only, any number of times, so branches may start
// anywhere. Without bn a convolution or dense layer has a bias; with bn, batch norm's beta is it.
//
// Does not: hold weights or run anything.
#ifndef MIEN_NN_DESC_H
#define MIEN_NN_DESC_H

#include <stdbool.h>
#include <stddef.h>

#include "tensor/kernels.h"

enum {
    MIEN_DESC_NAME = 48,
    MIEN_DESC_LAYERS = 400,
    MIEN_DESC_INPUTS = 8,
    MIEN_DESC_OUTPUTS = 24,
    MIEN_DESC_PARAMS = 1200,
};

enum mien_layer_kind {
    MIEN_LAYER_INPUT,
    MIEN_LAYER_CONV,
    MIEN_LAYER_DEPTHWISE,
    MIEN_LAYER_DENSE,
    MIEN_LAYER_ADD, // one or two inputs
    MIEN_LAYER_MAXPOOL,
    MIEN_LAYER_AVGPOOL,
    MIEN_LAYER_GAP,
    MIEN_LAYER_SOFTARGMAX,
    MIEN_LAYER_UPSAMPLE,
    MIEN_LAYER_CONCAT,
    MIEN_LAYER_DROPOUT,
    MIEN_LAYER_STOP,
};

enum mien_param_role {
    MIEN_PARAM_WEIGHT,
    MIEN_PARAM_BIAS, // or batch norm's beta
    MIEN_PARAM_GAMMA,
    MIEN_PARAM_SLOPE,
    MIEN_PARAM_ROLES,
};

struct mien_layer {
    char name[MIEN_DESC_NAME];
    enum mien_layer_kind kind;
    int inputs, input[MIEN_DESC_INPUTS]; // indices of earlier layers
    int plus;                            // index of the layer added before the activation, or -1
    int k, stride, pad;
    bool bn;
    enum mien_act act;
    float slope;                 // of leaky
    float p;                     // of dropout
    float reach;                 // of softargmax
    int c, h, w;                 // output shape
    int param[MIEN_PARAM_ROLES]; // indices into mien_desc.param, or -1
    int stat;                    // offset of the mean, then the variance, in the statistics; or -1
};

struct mien_param {
    char name[MIEN_DESC_NAME + 8]; // "layer.weight", "layer.bias", "layer.gamma", "layer.slope"
    enum mien_param_role role;
    int layer;
    int shape[4];         // unused dimensions are 1
    size_t offset, count; // in floats
};

struct mien_desc {
    int layers, outputs, params;
    struct mien_layer layer[MIEN_DESC_LAYERS];
    struct {
        char name[MIEN_DESC_NAME];
        int layer;
    } output[MIEN_DESC_OUTPUTS];
    struct mien_param param[MIEN_DESC_PARAMS];
    size_t weights; // floats of all parameters
    size_t stats;   // floats of batch norm statistics, mean and variance
    float mean, scale;
    double macs; // multiply-adds of a forward pass of one picture
};

// Parses and checks. folded: batch norm has been folded into weights and biases (inference),
// dropout and stop are the identity. what: named in messages. False on failure (logged with the
// line).
bool mien_desc_parse(struct mien_desc *d, const char *text, bool folded, const char *what);
// -1 when absent.
int mien_desc_find(const struct mien_desc *d, const char *name);
int mien_desc_find_param(const struct mien_desc *d, const char *name);
int mien_desc_find_output(const struct mien_desc *d, const char *name);

// The geometry of a convolution or pooling layer for n pictures.
struct mien_conv mien_desc_conv(const struct mien_desc *d, int layer, int n);
// Floats of scratch that the layer's kernels need for n pictures.
size_t mien_desc_scratch(const struct mien_desc *d, int layer, int n);

#endif

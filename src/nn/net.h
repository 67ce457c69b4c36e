// Inference: a network read from a .net file (description + folded weights), run on one picture.
//
// Single-threaded, deterministic, no allocation in forward. The network is immutable after load and
// may be shared; a workspace belongs to one thread.
#ifndef MIEN_NN_NET_H
#define MIEN_NN_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mien_net; // opaque

struct mien_net_io {
    const char *name; // borrowed
    int c, h, w;      // a vector is c,1,1
};

struct mien_net *mien_net_load(const char *path); // NULL on failure (logged)
// The same for one that runs seldom: its weights take no more memory than in the file. lean: they
// stay there, in the open file, and each forward pass reads and packs them a layer at a time into
// its workspace, which takes some milliseconds more and the largest layer's memory. Both give the
// same results to the last digit.
struct mien_net *mien_net_load_seldom(const char *path, bool lean);
void mien_net_destroy(struct mien_net *n);
struct mien_net_io mien_net_input(const struct mien_net *n);
float mien_net_input_mean(const struct mien_net *n); // input = (pixel - mean) * scale
float mien_net_input_scale(const struct mien_net *n);
int mien_net_outputs(const struct mien_net *n);
struct mien_net_io mien_net_output(const struct mien_net *n, int i);
int mien_net_find_output(const struct mien_net *n, const char *name); // -1 when absent
// Numbers that came with the weights and mean something to the caller alone (how to read the
// outputs): the file's section `name` of exactly `count` floats. False when it has none such.
bool mien_net_numbers(const struct mien_net *n, const char *name, float *out, int count);
// Adds or replaces such a section in a file. False on failure (logged).
bool mien_net_save_numbers(const char *path, const char *name, const float *value, int count);
double mien_net_macs(const struct mien_net *n);
const char *mien_net_kernels(const struct mien_net *n); // what computes it: "avx512" …
size_t mien_net_workspace_bytes(const struct mien_net *n);
// A place for forward passes that grows to the largest network's: networks that run in turn on one
// thread may share one. A zeroed struct is an empty one.
struct mien_workspace {
    void *base;
    size_t size;
};
bool mien_workspace_grow(struct mien_workspace *w,
                         size_t bytes);                // false: logged; w stays as it was
void mien_workspace_rest(struct mien_workspace *w);    // takes no memory until the next pass
void mien_workspace_destroy(struct mien_workspace *w); // idempotent
// input: (C,H,W). workspace: 64-byte aligned, mien_net_workspace_bytes, of any content.
// False only of a lean network whose file was written over meanwhile (logged): there is no output.
bool mien_net_forward(const struct mien_net *n, const float *input, void *workspace);
const float *mien_net_output_data(const struct mien_net *n, const void *workspace, int i);

#endif

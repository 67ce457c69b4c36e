// Inference with vectors of four floats: any x86-64, and what the compiler makes of them elsewhere.
#include "tensor/infer.h"

#define V 4
#define TABLE mien_infer_table_plain
#define LABEL "plain"
extern const struct mien_infer TABLE;
#include "tensor/infer.inc"

// Half-precision floats (IEEE 754 binary16) to floats, by the processor's own instructions
// where it has them (F16C) and by the compiler's functions elsewhere.
#ifndef MIEN_BASE_HALF_H
#define MIEN_BASE_HALF_H

#include <stddef.h>

void mien_half_to_float(const void *half, float *out, size_t count); // half: any alignment

#endif

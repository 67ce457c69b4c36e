// Half-precision floats (IEEE 754 binary16) to floats and back, by the processor's own instructions
// where it has them (F16C) and by the compiler's functions elsewhere; both round to nearest even.
#ifndef MIEN_BASE_HALF_H
#define MIEN_BASE_HALF_H

#include <stddef.h>

void mien_half_to_float(const void *half, float *out, size_t count); // half: any alignment
void mien_float_to_half(const float *from, void *half, size_t count);

#endif

// Reading weights from an open container, and the look whether they are numbers.
#include "nn/stored.h"

#include <math.h>
#include <string.h>

#include "base/half.h"
#include "base/log.h"

bool mien_stored_find(struct mien_stored *s, size_t count)
{
    s->section = mien_container_find(&s->file, "weights");
    s->half = !s->section;
    s->bytes = s->half ? sizeof(_Float16) : sizeof(float);
    if (s->half) {
        s->section = mien_container_find(&s->file, "half");
    }
    const size_t size = s->section ? s->section->size : 0;
    if (size != count * s->bytes) {
        mien_error(
            "%s: %zu bytes of weights where the description asks for %zu; the file is damaged",
            s->name, size, count * s->bytes);
        return false;
    }
    return true;
}

// Whether one of them is infinite or none: all bits of its exponent are set, and one more carries.
static bool any_odd_half(const uint16_t *bits, size_t count)
{
    uint16_t odd = 0;
    for (size_t i = 0; i < count; i++) {
        odd |= (uint16_t)((bits[i] & 0x7c00) + 0x0400);
    }
    return (odd & 0x8000) != 0;
}

static bool is_finite(const struct mien_stored *s, const void *weight, size_t i)
{
    uint16_t bits;
    float f;
    if (s->half) {
        memcpy(&bits, (const char *)weight + 2 * i, sizeof(bits));
        return (bits & 0x7c00) != 0x7c00;
    }
    memcpy(&f, (const char *)weight + 4 * i, sizeof(f));
    return isfinite(f);
}

bool mien_stored_again(const struct mien_stored *s, size_t from, size_t count, void *out)
{
    if (!mien_container_fetch(&s->file, s->section, from * s->bytes, count * s->bytes, out)) {
        mien_error("%s: the weights cannot be read any more; was the file written over?", s->name);
        return false;
    }
    return true;
}

bool mien_stored_read(const struct mien_stored *s, size_t from, size_t count, void *out)
{
    if (!mien_stored_again(s, from, count, out)) {
        return false;
    }
    if (s->half && !any_odd_half(out, count)) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_finite(s, out, i)) {
            mien_error("%s: weight %zu is not finite; the file is damaged", s->name, from + i);
            return false;
        }
    }
    return true;
}

bool mien_stored_floats(const struct mien_stored *s, size_t from, size_t count, float *out)
{
    enum { PIECE = 4096 };
    if (!s->half) {
        return mien_stored_read(s, from, count, out);
    }
    for (size_t at = 0; at < count; at += PIECE) {
        uint16_t piece[PIECE];
        const size_t n = count - at < PIECE ? count - at : PIECE;
        if (!mien_stored_read(s, from + at, n, piece)) {
            return false;
        }
        mien_half_to_float(piece, out + at, n);
    }
    return true;
}

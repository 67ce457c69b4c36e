// FNV-1a (Fowler, Noll, Vo): a quick hash of bytes, to tell things apart; not secure against an
// attacker.
#ifndef MIEN_BASE_HASH_H
#define MIEN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define MIEN_HASH_START 14695981039346656037u

// The hash of what came before (MIEN_HASH_START: nothing) and n more bytes.
static inline uint64_t mien_hash(uint64_t h, const void *data, size_t n)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < n; i++) {
        h = (h ^ p[i]) * 1099511628211u;
    }
    return h;
}

#endif

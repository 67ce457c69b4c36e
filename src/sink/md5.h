// MD5 (RFC 1321), to compare results between runs. Not for secrets.
#ifndef MIEN_SINK_MD5_H
#define MIEN_SINK_MD5_H

#include <stddef.h>
#include <stdint.h>

struct mien_md5 {
    uint32_t state[4];
    uint64_t length;
    uint8_t block[64];
};
void mien_md5_begin(struct mien_md5 *m);
void mien_md5_add(struct mien_md5 *m, const void *data, size_t size);
void mien_md5_end(struct mien_md5 *m, char hex[33]);

#endif

// Fuzz entry: the container that every binary file of mien uses. The checksum is made right first,
// as an attacker would, so that the table behind it is reached.
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

int fuzz_container(const uint8_t *data, size_t size)
{
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    for (int repair = 0; repair < 2; repair++) {
        uint8_t *block = mien_calloc(1, size + 1);
        if (!block) {
            return 0;
        }
        memcpy(block, data, size);
        if (repair && size >= 32) {
            uint64_t bytes = size;
            memcpy(block + 16, &bytes, 8);
            uint32_t crc = block[28] ? mien_crc32(mien_crc32(0, block, 24), block + 28, size - 28)
                                     : mien_crc32(0, block + 32, size - 32);
            memcpy(block + 24, &crc, 4);
        }
        struct mien_container c = {0};
        if (mien_container_parse(&c, block, size, "fuzz", "FACE", 9)) {
            unsigned sum = 0;
            for (int i = 0; i < c.count; i++) {
                const uint8_t *p = c.section[i].data;
                for (size_t k = 0; k < c.section[i].size; k++) {
                    sum += p[k]; // every section must lie inside the block
                }
            }
            MIEN_ASSERT(sum != 1 || c.count > 0);
        }
        mien_container_destroy(&c);
    }
    return 0;
}

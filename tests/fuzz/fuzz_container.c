// SRC: src/base/file.c
// Fuzz entry: the container that every binary file of mien uses. The checksum is made right first,
// as an attacker would, so that the table behind it is reached.
#include "fuzz/fuzz.h"

bool fuzz_container(const uint8_t *data, size_t size)
{
    bool good = false;
    for (int repair = 0; repair < 2; repair++) {
        uint8_t *block = fuzz_copy(data, size);
        if (repair) {
            fuzz_seal(block, size);
        }
        struct mien_container c = {0};
        good = mien_container_parse(&c, block, size, "fuzz", "FACE", 9);
        unsigned sum = 0;
        for (int i = 0; i < c.count; i++) {
            const uint8_t *p = c.section[i].data;
            for (size_t k = 0; k < c.section[i].size; k++) {
                sum += p[k]; // every section must lie inside the block
            }
        }
        FUZZ_CHECK(sum == 0 || good);
        mien_container_destroy(&c);
    }
    return good;
}

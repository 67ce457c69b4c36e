// SRC: src/learn/pack.c
// Fuzz entry: packs of labelled pictures.
#include "fuzz/fuzz.h"

#include <math.h>

#include "learn/pack.h"

bool fuzz_pack(const uint8_t *data, size_t size)
{
    struct fuzz_file f;
    struct mien_pack p;
    fuzz_file_open(&f, data, size);
    bool good = mien_pack_open(&p, f.path);
    size_t records = good ? p.count : 0;
    for (size_t i = 0; i < records; i++) {
        static struct mien_label l;
        const uint8_t *jpeg;
        unsigned sum = 0;
        mien_pack_get(&p, i, &l, &jpeg);
        FUZZ_CHECK(jpeg > p.map && l.jpeg_bytes <= (size_t)(p.map + p.size - jpeg));
        for (uint32_t k = 0; k < l.jpeg_bytes; k++) {
            sum += jpeg[k]; // lies in the file
        }
        FUZZ_CHECK(sum == 0 || l.jpeg_bytes > 0);
        // What learning casts to whole numbers and compares is a number.
        for (int k = 0; k < 4; k++) {
            FUZZ_CHECK(fabsf(l.valid_px[k]) < 1e6f && fabsf(l.box_px[k]) < 1e6f);
        }
    }
    mien_pack_close(&p);
    fuzz_file_close(&f);
    return records > 0;
}

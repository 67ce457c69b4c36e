// SRC: src/synth/hdr.c
// Fuzz entry: Radiance panoramas.
#include "fuzz/fuzz.h"

#include <math.h>

#include "synth/assets.h"

bool fuzz_hdr(const uint8_t *data, size_t size)
{
    static struct mien_synth_environment e;
    bool good = mien_synth_hdr_parse(data, size, "fuzz", &e);
    if (good) {
        // No pixel without bytes of its own: small files make small pictures.
        FUZZ_CHECK((size_t)e.width * (size_t)e.height <= size * 128);
        for (size_t i = 0; i < (size_t)e.width * (size_t)e.height * 3; i++) {
            FUZZ_CHECK(isfinite(e.pixel[i]));
        }
        for (int i = 0; i < 9; i++) {
            for (int c = 0; c < 3; c++) {
                FUZZ_CHECK(isfinite(e.sh[i][c]));
            }
        }
    }
    mien_free(e.pixel);
    e.pixel = NULL;
    return good;
}

// SRC: src/image/exif.c src/image/image.c src/image/png.c src/image/rgba.c
// Fuzz entry: PNG. The chunks' checksums are made right first, so that what they hold is reached.
#include "fuzz/fuzz.h"

#include "image/image.h"
#include "image/internal.h"

static uint32_t png_number(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void seal_chunks(uint8_t *d, size_t size)
{
    for (size_t at = 8; at + 12 <= size;) {
        size_t n = png_number(d + at);
        if (n > size - at - 12) {
            return;
        }
        uint32_t crc = mien_crc32(0, d + at + 4, n + 4);
        for (int i = 0; i < 4; i++) {
            d[at + 8 + n + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        }
        at += 12 + n;
    }
}

bool fuzz_png(const uint8_t *data, size_t size)
{
    uint8_t *d = fuzz_copy(data, size);
    struct mien_image im = {0};
    struct mien_why why = {0};
    bool good = false;
    seal_chunks(d, size);
    // Large ones are slow to fill and tell nothing new.
    if (size < 24 || (png_number(d + 16) < 1024 && png_number(d + 20) < 1024)) {
        good = mien_png_decode(d, size, &im, &why);
        FUZZ_CHECK(good ? im.format == MIEN_FORMAT_RGBA8 && im.width > 0 && im.height > 0
                        : !im.data && *why.text);
        mien_image_destroy(&im);
    }
    FUZZ_CHECK(mien_image_decode_rgba(d, size, 64, &im, &why) || *why.text);
    mien_image_destroy(&im);
    mien_free(d);
    return good;
}

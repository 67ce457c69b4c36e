// SRC: src/image/exif.c src/image/image.c src/image/jpeg.c src/image/load.c src/image/png.c
// src/image/rgba.c Fuzz entry: picture files by content, and the JPEG decoder, strict and not.
#include "fuzz/fuzz.h"

#include "image/image.h"
#include "image/internal.h"

// Whether no JPEG in the data says that it is large: those are slow to fill and tell nothing new.
static bool jpeg_is_small(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 8 < size; i++) {
        if (data[i] == 0xff && data[i + 1] >= 0xc0 && data[i + 1] <= 0xcf &&
            (data[i + 5] > 2 || data[i + 7] > 2)) {
            return false;
        }
    }
    return true;
}

bool fuzz_image(const uint8_t *data, size_t size)
{
    struct mien_image im = {0};
    bool video, good = mien_image_load_memory(data, size, "fuzz", &im);
    FUZZ_CHECK(!good || (im.format == MIEN_FORMAT_RGB8 && im.width > 0 && im.height > 0));
    mien_image_destroy(&im);
    const char *other = mien_image_other_kind(data, size, &video);
    FUZZ_CHECK(!other || *other);
    struct mien_why why = {0};
    FUZZ_CHECK(mien_image_decode_rgba(data, size, 512, &im, &why) || *why.text);
    mien_image_destroy(&im);
    // Not strict keeps going after damage.
    struct mien_jpeg_decoder *d = mien_jpeg_decoder_create();
    for (int round = 0; d && round < 2; round++) { // a decoder must be usable after any failure
        enum mien_format want = size & 1 ? MIEN_FORMAT_GRAY8 : MIEN_FORMAT_RGB8;
        mien_jpeg_decode(d, data, size, want, !jpeg_is_small(data, size), &im, &why);
    }
    mien_jpeg_decoder_destroy(d);
    mien_image_destroy(&im);
    return good;
}

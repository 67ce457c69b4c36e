// Fuzz entry: everything in image/ that reads bytes from outside. Both decoders, strict and not,
// EXIF, and picture files by content.
#include "fuzz/fuzz.h"

#include "base/log.h"
#include "image/image.h"
#include "image/internal.h"

int fuzz_image(const uint8_t *data, size_t size)
{
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    struct mien_image im = {0};
    if (mien_image_load_memory(data, size, "fuzz", &im)) {
        MIEN_ASSERT(im.format == MIEN_FORMAT_RGB8 && im.width > 0 && im.height > 0);
    }
    mien_image_destroy(&im);
    int turn = mien_exif_orientation(data, size);
    MIEN_ASSERT(turn >= 1 && turn <= 8);
    // Not strict keeps going after damage. Large ones are slow to fill and tell nothing new.
    struct mien_jpeg_decoder *d = mien_jpeg_decoder_create();
    for (int round = 0; d && round < 2; round++) { // a decoder must be usable after any failure
        const char *why;
        enum mien_format want = size & 1 ? MIEN_FORMAT_GRAY8 : MIEN_FORMAT_RGB8;
        bool small = true;
        for (size_t i = 0; i + 8 < size; i++) {
            if (data[i] == 0xff && data[i + 1] >= 0xc0 && data[i + 1] <= 0xcf &&
                (data[i + 5] > 2 || data[i + 7] > 2)) {
                small = false;
            }
        }
        mien_jpeg_decode(d, data, size, want, !small, &im, &why);
    }
    mien_jpeg_decoder_destroy(d);
    mien_image_destroy(&im);
    return 0;
}

// SRC: src/image/exif.c
// Fuzz entry: which way up a picture is, from a JPEG's segments, a bare TIFF and a bare XMP.
#include "fuzz/fuzz.h"

#include "image/internal.h"

bool fuzz_exif(const uint8_t *data, size_t size)
{
    uint8_t *d = fuzz_copy(data, size); // XMP is text, but nobody says that a zero follows it
    int turn = mien_exif_orientation(data, size), tiff = mien_exif_tiff(data, size);
    int xmp = mien_exif_xmp((const char *)data, size);
    FUZZ_CHECK(turn >= 1 && turn <= 8 && tiff >= 0 && tiff <= 8 && xmp >= 0 && xmp <= 8);
    FUZZ_CHECK(turn == mien_exif_orientation(d, size) && tiff == mien_exif_tiff(d, size));
    mien_free(d);
    return turn > 1 || tiff > 0 || xmp > 0;
}

// Shared by the files of image/; nobody else includes it.
#ifndef MIEN_IMAGE_INTERNAL_H
#define MIEN_IMAGE_INTERNAL_H

#include "image/image.h"

// What a file is by its first bytes.
enum mien_image_kind { MIEN_KIND_OTHER, MIEN_KIND_JPEG, MIEN_KIND_PNG };
enum mien_image_kind mien_image_kind(const void *data, size_t size);
// EXIF orientation 1…8 of a JPEG, XMP's when there is none; 1 when absent or damaged.
int mien_exif_orientation(const uint8_t *data, size_t size);
// The same of what is inside: EXIF's TIFF, XMP's text; 0 when absent or damaged.
int mien_exif_tiff(const uint8_t *t, size_t size);
int mien_exif_xmp(const char *xmp, size_t size);
// Turns im upright for an EXIF orientation (may replace the pixels). False when memory is short.
bool mien_exif_apply(struct mien_image *im, int orientation);
// PNG to RGBA8 (created), upright. False: why says so.
bool mien_png_decode(const void *data, size_t size, struct mien_image *im, struct mien_why *why);
// Rows of the built-in font, 5 bits each (bit 4 = left), or NULL outside ASCII 32…126.
const char *mien_font_rows(unsigned char c);

#endif

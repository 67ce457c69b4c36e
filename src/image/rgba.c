// Textures: JPEG or PNG in memory to RGBA8, no larger than the caller can use.
#include "image/internal.h"

#include <stdio.h>
#include <string.h>

// Width and height stand first in a PNG, in its IHDR (RFC 2083, 11.2.1): big-endian, at 16 and 20.
static long png_side(const uint8_t *p)
{
    return (long)p[0] << 24 | (long)p[1] << 16 | (long)p[2] << 8 | (long)p[3];
}

static bool fits(long width, long height, int max_side_px, char *reason, size_t reason_size)
{
    if (width > max_side_px || height > max_side_px) {
        snprintf(reason, reason_size, "%ld x %ld pixels is more than %d a side", width, height,
                 max_side_px);
        return false;
    }
    return true;
}

static bool decode_jpeg(struct mien_jpeg_decoder *d, const void *data, size_t size, int max_side_px,
                        struct mien_image *im, char *reason, size_t reason_size)
{
    struct mien_image rgb = {0};
    const char *why = "it has no picture";
    int width, height;
    bool found = mien_jpeg_size(d, data, size, &width, &height);
    if (found && !fits(width, height, max_side_px, reason, reason_size)) {
        return false;
    }
    if (!found || !mien_jpeg_decode(d, data, size, MIEN_FORMAT_RGB8, true, &rgb, &why)) {
        snprintf(reason, reason_size, "%s", why);
        mien_image_destroy(&rgb);
        return false;
    }
    bool ok = mien_image_create(im, rgb.width, rgb.height, MIEN_FORMAT_RGBA8);
    for (int y = 0; ok && y < rgb.height; y++) {
        const uint8_t *s = rgb.data + (size_t)y * rgb.stride;
        uint8_t *o = im->data + (size_t)y * im->stride;
        for (int x = 0; x < rgb.width; x++, s += 3, o += 4) {
            memcpy(o, s, 3);
            o[3] = 255;
        }
    }
    mien_image_destroy(&rgb);
    if (!ok) {
        snprintf(reason, reason_size, "memory is short");
    }
    return ok;
}

bool mien_image_decode_rgba(const void *data, size_t size, int max_side_px, struct mien_image *im,
                            char *reason, size_t reason_size)
{
    const uint8_t *p = data;
    enum mien_image_kind kind = mien_image_kind(data, size);
    *im = (struct mien_image){0};
    if (kind == MIEN_KIND_PNG && size >= 24) {
        return fits(png_side(p + 16), png_side(p + 20), max_side_px, reason, reason_size) &&
               mien_png_decode(data, size, im, reason, reason_size);
    }
    if (kind != MIEN_KIND_JPEG) {
        snprintf(reason, reason_size, "it is neither a JPEG nor a PNG");
        return false;
    }
    struct mien_jpeg_decoder *d = mien_jpeg_decoder_create();
    if (!d) {
        snprintf(reason, reason_size, "memory is short");
        return false;
    }
    bool ok = decode_jpeg(d, data, size, max_side_px, im, reason, reason_size);
    mien_jpeg_decoder_destroy(d);
    return ok;
}

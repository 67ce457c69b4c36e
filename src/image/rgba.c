// Textures: JPEG or PNG in memory to RGBA8, no larger than the caller can use.
#include "image/internal.h"

#include <stdio.h>
#include <string.h>

// Width and height stand first in a PNG, in its IHDR (RFC 2083, 11.2.1): big-endian, at 16 and 20.
static long png_side(const uint8_t *p)
{
    return (long)p[0] << 24 | (long)p[1] << 16 | (long)p[2] << 8 | (long)p[3];
}

static bool can_fit(long width, long height, int max_side_px, struct mien_why *why)
{
    if (width > max_side_px || height > max_side_px) {
        return mien_explain(why, "%ld x %ld pixels is more than %d a side", width, height,
                            max_side_px);
    }
    return true;
}

static bool decode_jpeg(struct mien_jpeg_decoder *d, const void *data, size_t size, int max_side_px,
                        struct mien_image *im, struct mien_why *why)
{
    struct mien_image rgb = {0};
    int width, height;
    bool found = mien_jpeg_size(d, data, size, &width, &height);
    if (found && !can_fit(width, height, max_side_px, why)) {
        return false;
    }
    if (!found) {
        return mien_explain(why, "it has no picture");
    }
    if (!mien_jpeg_decode(d, data, size, MIEN_FORMAT_RGB8, true, &rgb, why)) {
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
        return mien_explain(why, "out of memory");
    }
    return ok;
}

bool mien_image_decode_rgba(const void *data, size_t size, int max_side_px, struct mien_image *im,
                            struct mien_why *why)
{
    const uint8_t *p = data;
    enum mien_image_kind kind = mien_image_kind(data, size);
    *im = (struct mien_image){0};
    if (kind == MIEN_KIND_PNG && size >= 24) {
        return can_fit(png_side(p + 16), png_side(p + 20), max_side_px, why) &&
               mien_png_decode(data, size, im, why);
    }
    if (kind != MIEN_KIND_JPEG) {
        return mien_explain(why, "it is neither a JPEG nor a PNG");
    }
    struct mien_jpeg_decoder *d = mien_jpeg_decoder_create();
    if (!d) {
        return mien_explain(why, "out of memory");
    }
    bool ok = decode_jpeg(d, data, size, max_side_px, im, why);
    mien_jpeg_decoder_destroy(d);
    return ok;
}

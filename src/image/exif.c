// EXIF orientation: which way up a photograph is. Does not: read any other tag.
//
// A JPEG is a row of segments (marker, big-endian length, payload); EXIF is the APP1 payload
// "Exif\0\0" followed by a TIFF file, whose first directory may hold tag 0x0112. Every offset comes
// from the file and is checked.
#include "image/internal.h"

#include <string.h>

#include "base/mem.h"

static unsigned get16(const uint8_t *p, bool big)
{
    return big ? (unsigned)(p[0] << 8 | p[1]) : (unsigned)(p[1] << 8 | p[0]);
}

static uint32_t get32(const uint8_t *p, bool big)
{
    uint32_t hi = get16(p, big), lo = get16(p + 2, big);
    return big ? hi << 16 | lo : lo << 16 | hi;
}

static int tiff_orientation(const uint8_t *t, size_t size)
{
    if (size < 8 || (memcmp(t, "II*\0", 4) && memcmp(t, "MM\0*", 4))) {
        return 1;
    }
    bool big = t[0] == 'M';
    size_t dir = get32(t + 4, big);
    if (dir > size - 2 || size - 2 - dir > size) {
        return 1;
    }
    unsigned n = get16(t + dir, big);
    for (size_t i = 0, at = dir + 2; i < n && at + 12 <= size; i++, at += 12) {
        if (get16(t + at, big) == 0x0112 && get16(t + at + 2, big) == 3) {
            unsigned v = get16(t + at + 8, big);
            return v >= 1 && v <= 8 ? (int)v : 1;
        }
    }
    return 1;
}

int mien_exif_orientation(const uint8_t *data, size_t size)
{
    size_t at = 2;
    while (size >= 4 && at <= size - 4) {
        if (data[at] != 0xff) {
            return 1;
        }
        unsigned marker = data[at + 1];
        if (marker == 0xff) { // fill byte
            at++;
            continue;
        }
        if (marker == 0xda || marker == 0xd9) { // the picture itself, or its end
            return 1;
        }
        size_t length = get16(data + at + 2, true);
        if (length < 2 || length > size - at - 2) {
            return 1;
        }
        if (marker == 0xe1 && length >= 8 && !memcmp(data + at + 4, "Exif\0\0", 6)) {
            return tiff_orientation(data + at + 10, length - 8);
        }
        at += 2 + length;
    }
    return 1;
}

bool mien_exif_apply(struct mien_image *im, int orientation)
{
    if (orientation <= 1 || orientation > 8) {
        return true;
    }
    bool swap = orientation >= 5;
    struct mien_image out;
    if (!mien_image_create(&out, swap ? im->height : im->width, swap ? im->width : im->height,
                           im->format)) {
        return false;
    }
    int w = im->width, h = im->height;
    size_t ch = (size_t)mien_format_channels(im->format);
    for (int y = 0; y < out.height; y++) {
        for (int x = 0; x < out.width; x++) {
            int sx = swap ? y : x, sy = swap ? x : y;
            // 2: mirrored, 3: half turn, 4: upside down, 5: transposed, 6: needs a quarter turn
            // clockwise, 7: transposed the other way, 8: needs a quarter turn the other way.
            if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {
                sx = w - 1 - sx;
            }
            if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) {
                sy = h - 1 - sy;
            }
            memcpy(out.data + (size_t)y * out.stride + (size_t)x * ch,
                   im->data + (size_t)sy * im->stride + (size_t)sx * ch, ch);
        }
    }
    mien_image_destroy(im);
    *im = out;
    return true;
}

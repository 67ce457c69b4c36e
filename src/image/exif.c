// Which way up a photograph is: EXIF's orientation, or else XMP's. Does not: read any other tag.
//
// EXIF is a TIFF file whose first directory may hold tag 0x0112; every offset comes from the file
// and is checked. A JPEG is a row of segments (marker, big-endian length, payload) and keeps EXIF
// in an APP1 payload "Exif\0\0", XMP in another one; a PNG has a chunk for each (png.c).
#include "image/internal.h"

#include <string.h>

static unsigned get16(const uint8_t *p, bool big)
{
    return big ? (unsigned)(p[0] << 8 | p[1]) : (unsigned)(p[1] << 8 | p[0]);
}

static uint32_t get32(const uint8_t *p, bool big)
{
    uint32_t hi = get16(p, big), lo = get16(p + 2, big);
    return big ? hi << 16 | lo : lo << 16 | hi;
}

// The first number of an entry whose value lies in the entry itself; 0 for what is no whole number.
// The types are TIFF 6.0's: BYTE, SHORT, LONG, SBYTE, SSHORT, SLONG.
static uint32_t entry_value(const uint8_t *e, bool big)
{
    if (get32(e + 4, big) == 0) {
        return 0;
    }
    switch (get16(e + 2, big)) {
    case 1:
    case 6:
        return e[8];
    case 3:
    case 8:
        return get16(e + 8, big);
    case 4:
    case 9:
        return get32(e + 8, big);
    default:
        return 0;
    }
}

int mien_exif_tiff(const uint8_t *t, size_t size)
{
    if (size < 8 || (memcmp(t, "II*\0", 4) && memcmp(t, "MM\0*", 4))) {
        return 0;
    }
    bool big = t[0] == 'M';
    size_t dir = get32(t + 4, big);
    if (dir > size - 2 || size - 2 - dir > size) {
        return 0;
    }
    unsigned n = get16(t + dir, big);
    for (size_t i = 0, at = dir + 2; i < n && at + 12 <= size; i++, at += 12) {
        if (get16(t + at, big) == 0x0112) {
            uint32_t v = entry_value(t + at, big);
            return v >= 1 && v <= 8 ? (int)v : 0;
        }
    }
    return 0;
}

// XMP is XML: tiff:Orientation="6" or <tiff:Orientation>6</tiff:Orientation>.
int mien_exif_xmp(const char *xmp, size_t size)
{
    static const char name[] = "tiff:Orientation";
    const char *end = xmp + size, *p = memmem(xmp, size, name, sizeof name - 1);
    if (!p) {
        return 0;
    }
    p += sizeof name - 1;
    while (p < end && strchr(" \t\r\n=\"'>", *p) && *p) {
        p++;
    }
    bool one_digit =
        p < end && *p >= '1' && *p <= '8' && (p + 1 == end || p[1] < '0' || p[1] > '9');
    return one_digit ? *p - '0' : 0;
}

// What a JPEG's APP1 payload says: EXIF in *exif or XMP in *xmp.
static void look_into(const uint8_t *p, size_t size, int *exif, int *xmp)
{
    static const char adobe[] = "http://ns.adobe.com/xap/1.0/"; // its zero byte belongs to it
    if (size >= 6 && !memcmp(p, "Exif\0\0", 6)) {
        *exif = *exif ? *exif : mien_exif_tiff(p + 6, size - 6);
    } else if (size >= sizeof adobe && !memcmp(p, adobe, sizeof adobe)) {
        *xmp = *xmp ? *xmp : mien_exif_xmp((const char *)p + sizeof adobe, size - sizeof adobe);
    }
}

int mien_exif_orientation(const uint8_t *data, size_t size)
{
    size_t at = 2;
    int exif = 0, xmp = 0;
    while (size >= 4 && at <= size - 4 && data[at] == 0xff) {
        unsigned marker = data[at + 1];
        if (marker == 0xff) { // fill byte
            at++;
            continue;
        }
        if (marker == 0xda || marker == 0xd9) { // the picture itself, or its end
            break;
        }
        size_t length = get16(data + at + 2, true);
        if (length < 2 || length > size - at - 2) {
            break;
        }
        if (marker == 0xe1) {
            look_into(data + at + 4, length - 2, &exif, &xmp);
        }
        at += 2 + length;
    }
    return exif ? exif : xmp ? xmp : 1;
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

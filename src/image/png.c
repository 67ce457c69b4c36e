// PNG through libpng: any kind of PNG to RGBA8, and GRAY8, RGB8, RGBA8 to PNG.
//
// Pictures are turned upright as their metadata say: a chunk of EXIF, the EXIF that ImageMagick
// wrote as text before there was one, or XMP. libpng reports failure by longjmp. Does not: apply
// gamma or colour profiles (pixels are taken as sRGB); 16-bit channels are rounded to 8.
#include "image/internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

struct reader {
    const uint8_t *data;
    size_t size, at;
    struct mien_why *why;
};

static void on_read(png_structp png, png_bytep out, size_t n)
{
    struct reader *r = png_get_io_ptr(png);
    if (n > r->size - r->at) {
        png_error(png, "the data ends early");
    }
    memcpy(out, r->data + r->at, n);
    r->at += n;
}

static void on_read_error(png_structp png, png_const_charp text)
{
    struct reader *r = png_get_error_ptr(png);
    mien_explain(r->why, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    mien_debug("libpng: %s", text);
}

// "\nexif\n     68\n457869660000…": a name, a length, hexadecimal bytes, "Exif\0\0" before the
// TIFF.
static int raw_profile(const char *text, size_t size)
{
    uint8_t bytes[4096];
    size_t n = 0, digits = 0;
    const char *p = text, *end = text + size;
    for (int line = 0; p < end && line < 3; p++) {
        line += *p == '\n';
    }
    for (; p < end && n < sizeof bytes; p++) {
        int v = *p >= '0' && *p <= '9'   ? *p - '0'
                : *p >= 'a' && *p <= 'f' ? *p - 'a' + 10
                : *p >= 'A' && *p <= 'F' ? *p - 'A' + 10
                                         : -1;
        if (v < 0) {
            continue;
        }
        bytes[n] = (uint8_t)(digits % 2 ? bytes[n] << 4 | v : v);
        n += digits++ % 2;
    }
    size_t skip = n >= 6 && !memcmp(bytes, "Exif\0\0", 6) ? 6 : 0;
    return mien_exif_tiff(bytes + skip, n - skip);
}

static int orientation(png_structp png, png_infop info)
{
    png_bytep exif = NULL;
    png_uint_32 size = 0;
    if (png_get_eXIf_1(png, info, &size, &exif)) {
        int v = mien_exif_tiff(exif, size);
        if (v) {
            return v;
        }
    }
    png_textp text = NULL;
    int count = 0, raw = 0, xmp = 0;
    png_get_text(png, info, &text, &count);
    for (int i = 0; i < count; i++) {
        size_t n = text[i].text_length > 0 ? text[i].text_length : text[i].itxt_length;
        if (!text[i].text) {
            continue;
        }
        if (!strcmp(text[i].key, "Raw profile type exif") ||
            !strcmp(text[i].key, "Raw profile type APP1")) {
            raw = raw ? raw : raw_profile(text[i].text, n);
        } else if (!strcmp(text[i].key, "XML:com.adobe.xmp")) {
            xmp = xmp ? xmp : mien_exif_xmp(text[i].text, n);
        }
    }
    return raw ? raw : xmp ? xmp : 1;
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// Whether what the chunks say that they hold is in the data, but for the picture itself, which is
// read piece by piece: for others libpng takes memory before it looks for what they hold.
static bool chunks_are_there(const uint8_t *d, size_t size)
{
    for (size_t at = 8; size - at >= 8;) {
        size_t n = big_endian(d + at);
        if (n + 12 > size - at) {
            return memcmp(d + at + 4, "IDAT", 4) == 0;
        }
        at += 12 + n;
    }
    return true;
}

bool mien_png_decode(const void *data, size_t size, struct mien_image *im, struct mien_why *why)
{
    *im = (struct mien_image){0};
    struct reader r = {data, size, 0, why};
    if (size < 8 || png_sig_cmp(data, 0, 8)) {
        return mien_explain(why, "not a PNG");
    }
    if (!chunks_are_there(data, size)) {
        return mien_explain(why, "the data ends early");
    }
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, on_read_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        return mien_explain(why, "out of memory");
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        mien_image_destroy(im);
        return false;
    }
    png_set_read_fn(png, &r, on_read);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); // ours come with better words
    png_set_chunk_malloc_max(png, 8 << 20);
    png_read_info(png, info);
    png_uint_32 w = png_get_image_width(png, info), h = png_get_image_height(png, info);
    if (!mien_image_not_too_large(w, h, why)) {
        png_longjmp(png, 1);
    }
    png_set_expand(png); // palette, 1-2-4 bits, transparency
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != 4 * (size_t)w) {
        png_error(png, "unexpected row size");
    }
    if (!mien_image_create(im, (int)w, (int)h, MIEN_FORMAT_RGBA8)) {
        png_error(png, "out of memory");
    }
    for (int p = 0; p < passes; p++) {
        for (png_uint_32 y = 0; y < h; y++) {
            png_read_row(png, im->data + y * im->stride, NULL);
        }
    }
    png_read_end(png, info);
    if (!mien_exif_apply(im, orientation(png, info))) {
        png_error(png, "out of memory");
    }
    png_destroy_read_struct(&png, &info, NULL);
    return true;
}

struct writer {
    uint8_t *data;
    size_t size, capacity;
    char reason[160];
};

static void on_write(png_structp png, png_bytep in, size_t n)
{
    struct writer *w = png_get_io_ptr(png);
    if (n > w->capacity - w->size) {
        png_error(png, "the encoded picture is larger than foreseen");
    }
    memcpy(w->data + w->size, in, n);
    w->size += n;
}

static void on_flush(png_structp png)
{
    (void)png;
}

static void on_write_error(png_structp png, png_const_charp text)
{
    struct writer *w = png_get_error_ptr(png);
    snprintf(w->reason, sizeof w->reason, "%s", text);
    png_longjmp(png, 1);
}

// In memory first, so that the file appears whole or not at all.
static bool encode(struct writer *w, const struct mien_image *im, const char *note)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, w, on_write_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        return false;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return false;
    }
    int type = im->format == MIEN_FORMAT_GRAY8  ? PNG_COLOR_TYPE_GRAY
               : im->format == MIEN_FORMAT_RGB8 ? PNG_COLOR_TYPE_RGB
                                                : PNG_COLOR_TYPE_RGBA;
    png_set_write_fn(png, w, on_write, on_flush);
    png_set_user_limits(png, MIEN_IMAGE_MAX_SIDE_PX, MIEN_IMAGE_MAX_SIDE_PX);
    png_set_compression_level(png, 4);
    png_set_IHDR(png, info, (png_uint_32)im->width, (png_uint_32)im->height, 8, type,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (note) { // comes first in the file
        png_text text = {.compression = PNG_TEXT_COMPRESSION_NONE,
                         .key = (char *)"Software",
                         .text = (char *)note,
                         .text_length = strlen(note)};
        png_set_text(png, info, &text, 1);
    }
    png_write_info(png, info);
    for (int y = 0; y < im->height; y++) {
        png_write_row(png, im->data + (size_t)y * im->stride);
    }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return true;
}

bool mien_png_save_noted(const char *path, const struct mien_image *im, const char *note)
{
    int ch = mien_format_channels(im->format);
    if (!im->data || !ch) {
        mien_error("%s: there is no picture to save", path);
        return false;
    }
    // zlib adds at most 5 bytes to 16 KB; each row a filter byte; 12 bytes to each 8 KB chunk.
    size_t raw = (size_t)im->height * ((size_t)im->width * (size_t)ch + 1);
    struct writer w = {.capacity = raw + raw / 256 + 65536};
    w.data = mien_calloc(1, w.capacity);
    if (!w.data) {
        return false;
    }
    bool ok = encode(&w, im, note);
    if (!ok) {
        mien_error("%s: encoding the PNG failed: %s", path,
                   w.reason[0] ? w.reason : "out of memory");
    } else {
        ok = mien_file_save(path, w.data, w.size);
    }
    mien_free(w.data);
    return ok;
}

bool mien_png_save(const char *path, const struct mien_image *im)
{
    return mien_png_save_noted(path, im, NULL);
}

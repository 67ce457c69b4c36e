// JPEG through libjpeg-turbo, including what webcams call MJPEG (no Huffman tables, no end marker).
//
// libjpeg reports failure by a callback that must not return: here it jumps back to the caller.
// Does not: apply EXIF (exif.c), read files (load.c), or allocate the picture anew for each frame.
#include "image/internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "image/luma.h"

enum { MAX_SCANS = 200 }; // a progressive file with more is built to waste time

struct errors {
    struct jpeg_error_mgr base;
    jmp_buf jump;
    bool missing;               // picture data was missing or damaged
    char text[JMSG_LENGTH_MAX]; // the first complaint
};

struct mien_jpeg_decoder {
    struct jpeg_decompress_struct cinfo;
    struct errors err;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    bool ready;
    uint8_t *row; // one CMYK row
    size_t row_size;
    struct mien_why *why; // of the call under way
};

static void on_fatal(j_common_ptr c)
{
    struct errors *e = (struct errors *)c->err;
    e->base.format_message(c, e->text);
    longjmp(e->jump, 1);
}

static void on_message(j_common_ptr c, int level)
{
    struct errors *e = (struct errors *)c->err;
    if (level >= 0) {
        return;
    }
    switch (e->base.msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
        if (!e->missing) {
            e->base.format_message(c, e->text);
        }
        e->missing = true;
        break;
    default: // bytes between markers and the like: harmless, common in cameras
        break;
    }
    e->base.num_warnings++;
}

static void on_progress(j_common_ptr c)
{
    if (((j_decompress_ptr)c)->input_scan_number > MAX_SCANS) {
        struct errors *e = (struct errors *)c->err;
        snprintf(e->text, sizeof e->text, "more than %d scans", MAX_SCANS);
        longjmp(e->jump, 1);
    }
}

static void source_nop(j_decompress_ptr c)
{
    (void)c;
}

// Past the end of the data: an end marker, so that a picture without one still finishes.
static boolean source_fill(j_decompress_ptr c)
{
    static const JOCTET end[2] = {0xff, JPEG_EOI};
    c->src->next_input_byte = end;
    c->src->bytes_in_buffer = 2;
    return TRUE;
}

static void source_skip(j_decompress_ptr c, long n)
{
    if (n <= 0) {
        return;
    }
    if ((size_t)n > c->src->bytes_in_buffer) {
        source_fill(c);
        return;
    }
    c->src->next_input_byte += n;
    c->src->bytes_in_buffer -= (size_t)n;
}

struct mien_jpeg_decoder *mien_jpeg_decoder_create(void)
{
    struct mien_jpeg_decoder *d = mien_calloc(1, sizeof *d);
    if (!d) {
        return NULL;
    }
    d->cinfo.err = jpeg_std_error(&d->err.base);
    d->err.base.error_exit = on_fatal;
    d->err.base.emit_message = on_message;
    if (setjmp(d->err.jump)) {
        mien_error("starting the JPEG decoder failed: %s", d->err.text);
        mien_free(d);
        return NULL;
    }
    jpeg_create_decompress(&d->cinfo);
    d->source = (struct jpeg_source_mgr){.init_source = source_nop,
                                         .fill_input_buffer = source_fill,
                                         .skip_input_data = source_skip,
                                         .resync_to_restart = jpeg_resync_to_restart,
                                         .term_source = source_nop};
    d->cinfo.src = &d->source;
    d->progress.progress_monitor = on_progress;
    d->cinfo.progress = &d->progress;
    d->ready = true;
    return d;
}

void mien_jpeg_decoder_destroy(struct mien_jpeg_decoder *d)
{
    if (!d) {
        return;
    }
    if (d->ready) {
        jpeg_destroy_decompress(&d->cinfo);
    }
    mien_free(d->row);
    mien_free(d);
}

static bool fail(struct mien_jpeg_decoder *d, const char *text)
{
    return mien_explain(d->why, "%s", text);
}

// Adobe writes CMYK inverted: 255 is no ink.
static void cmyk_row(const uint8_t *s, uint8_t *d, int width, bool inverted, bool gray)
{
    for (int x = 0; x < width; x++, s += 4) {
        int k = inverted ? s[3] : 255 - s[3], v[3];
        for (int c = 0; c < 3; c++) {
            v[c] = (inverted ? s[c] : 255 - s[c]) * k / 255;
        }
        if (gray) {
            d[x] = (uint8_t)(mien_luma_256(v[0], v[1], v[2]) >> 8);
        } else {
            for (int c = 0; c < 3; c++) {
                d[3 * x + c] = (uint8_t)v[c];
            }
        }
    }
}

// The part that may jump; only members of d and im live across the jump.
static bool decode(struct mien_jpeg_decoder *d, enum mien_format want, bool strict,
                   struct mien_image *im)
{
    j_decompress_ptr c = &d->cinfo;
    if (jpeg_read_header(c, TRUE) != JPEG_HEADER_OK) {
        return fail(d, "no picture in the JPEG data");
    }
    if (!mien_image_not_too_large(c->image_width, c->image_height, d->why)) {
        return false;
    }
    bool cmyk = c->jpeg_color_space == JCS_CMYK || c->jpeg_color_space == JCS_YCCK;
    c->out_color_space = cmyk ? JCS_CMYK : want == MIEN_FORMAT_GRAY8 ? JCS_GRAYSCALE : JCS_RGB;
    int w = (int)c->image_width, h = (int)c->image_height;
    if (!im->owned || im->width != w || im->height != h || im->format != want) {
        mien_image_destroy(im);
        if (!mien_image_create(im, w, h, want)) {
            return fail(d, "out of memory");
        }
    }
    if (cmyk && d->row_size < 4 * (size_t)w) {
        mien_free(d->row);
        d->row_size = 0;
        d->row = mien_calloc((size_t)w, 4);
        if (!d->row) {
            return fail(d, "out of memory");
        }
        d->row_size = 4 * (size_t)w;
    }
    jpeg_start_decompress(c);
    while (c->output_scanline < c->output_height) {
        JSAMPROW rows[8];
        unsigned first = c->output_scanline, n = c->output_height - first;
        n = n > 8 ? 8 : n;
        if (cmyk) {
            rows[0] = d->row;
            jpeg_read_scanlines(c, rows, 1);
            cmyk_row(d->row, im->data + first * im->stride, w, c->saw_Adobe_marker,
                     want == MIEN_FORMAT_GRAY8);
        } else {
            for (unsigned i = 0; i < n; i++) {
                rows[i] = im->data + (first + i) * im->stride;
            }
            jpeg_read_scanlines(c, rows, n);
        }
        if (strict && d->err.missing) {
            return fail(d, d->err.text);
        }
    }
    jpeg_finish_decompress(c);
    return true;
}

static void begin(struct mien_jpeg_decoder *d, const void *data, size_t size)
{
    d->err.missing = false;
    d->err.text[0] = 0;
    d->err.base.num_warnings = 0;
    d->source.next_input_byte = data;
    d->source.bytes_in_buffer = size;
}

bool mien_jpeg_size(struct mien_jpeg_decoder *d, const void *data, size_t size, int *width,
                    int *height)
{
    if (size < 4) {
        return false;
    }
    begin(d, data, size);
    if (setjmp(d->err.jump)) {
        jpeg_abort_decompress(&d->cinfo);
        return false;
    }
    bool ok = jpeg_read_header(&d->cinfo, TRUE) == JPEG_HEADER_OK;
    *width = ok ? (int)d->cinfo.image_width : 0;
    *height = ok ? (int)d->cinfo.image_height : 0;
    jpeg_abort_decompress(&d->cinfo);
    return ok;
}

bool mien_jpeg_decode(struct mien_jpeg_decoder *d, const void *data, size_t size,
                      enum mien_format want, bool strict, struct mien_image *im,
                      struct mien_why *why)
{
    d->why = why;
    if (want != MIEN_FORMAT_GRAY8 && want != MIEN_FORMAT_RGB8) {
        return fail(d, "a JPEG decodes to GRAY8 or RGB8 only");
    }
    if (size < 4) {
        return fail(d, "too short to be a JPEG");
    }
    begin(d, data, size);
    if (setjmp(d->err.jump)) {
        jpeg_abort_decompress(&d->cinfo);
        return fail(d, d->err.text);
    }
    bool ok = decode(d, want, strict, im);
    jpeg_abort_decompress(&d->cinfo);
    return ok;
}

struct encoder {
    struct jpeg_compress_struct c;
    struct errors err;
    unsigned char *bytes; // libjpeg's, from malloc
    unsigned long size;
};

bool mien_jpeg_encode(const struct mien_image *im, int quality, void **out, size_t *out_size)
{
    *out = NULL;
    *out_size = 0;
    struct encoder *e = mien_calloc(1, sizeof *e);
    if (!e) {
        return false;
    }
    e->c.err = jpeg_std_error(&e->err.base);
    e->err.base.error_exit = on_fatal;
    e->err.base.emit_message = on_message;
    if (setjmp(e->err.jump)) {
        mien_error("encoding a JPEG of %d x %d pixels failed: %s", im->width, im->height,
                   e->err.text);
        jpeg_destroy_compress(&e->c);
        free(e->bytes);
        mien_free(e);
        return false;
    }
    jpeg_create_compress(&e->c);
    jpeg_mem_dest(&e->c, &e->bytes, &e->size);
    int ch = mien_format_channels(im->format);
    e->c.image_width = (JDIMENSION)im->width;
    e->c.image_height = (JDIMENSION)im->height;
    e->c.input_components = ch;
    e->c.in_color_space = ch == 1 ? JCS_GRAYSCALE : ch == 3 ? JCS_RGB : JCS_EXT_RGBX;
    jpeg_set_defaults(&e->c);
    jpeg_set_quality(&e->c, quality, TRUE);
    jpeg_start_compress(&e->c, TRUE);
    while (e->c.next_scanline < e->c.image_height) {
        JSAMPROW row = im->data + e->c.next_scanline * im->stride;
        jpeg_write_scanlines(&e->c, &row, 1);
    }
    jpeg_finish_compress(&e->c);
    jpeg_destroy_compress(&e->c);
    void *copy = mien_calloc(1, e->size);
    if (copy) {
        memcpy(copy, e->bytes, e->size);
        *out = copy;
        *out_size = e->size;
    }
    free(e->bytes);
    mien_free(e);
    return copy != NULL;
}

bool mien_jpeg_save(const char *path, const struct mien_image *im, int quality)
{
    void *data;
    size_t size;
    if (!mien_jpeg_encode(im, quality, &data, &size)) {
        return false;
    }
    bool ok = mien_file_save(path, data, size);
    mien_free(data);
    return ok;
}

// Picture files by content, upright, and saving by the name's ending.
#include "image/internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#define MAX_FILE_BYTES ((size_t)256 << 20)
#define MAX_AREA_PX ((size_t)128 << 20)

enum mien_image_kind mien_image_kind(const void *data, size_t size)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    const uint8_t *p = data;
    if (size >= 3 && p[0] == 0xff && p[1] == 0xd8 && p[2] == 0xff) {
        return MIEN_KIND_JPEG;
    }
    return size >= 8 && !memcmp(p, png, 8) ? MIEN_KIND_PNG : MIEN_KIND_OTHER;
}

bool mien_image_not_too_large(size_t width, size_t height, struct mien_why *why)
{
    if (width <= MIEN_IMAGE_MAX_SIDE_PX && height <= MIEN_IMAGE_MAX_SIDE_PX &&
        width * height <= MAX_AREA_PX) {
        return true;
    }
    return mien_explain(why, "%zu x %zu pixels is more than %d a side or 128 Mpx", width, height,
                        MIEN_IMAGE_MAX_SIDE_PX);
}

bool mien_image_not_too_small(size_t width, size_t height, struct mien_why *why)
{
    if (width >= MIEN_IMAGE_LEAST_PX && height >= MIEN_IMAGE_LEAST_PX) {
        return true;
    }
    return mien_explain(why, "%zu x %zu pixels are too few for a face: %d a side are the least",
                        width, height, MIEN_IMAGE_LEAST_PX);
}

static bool has(const uint8_t *p, size_t size, size_t at, const char *text)
{
    size_t n = strlen(text);
    return at + n <= size && !memcmp(p + at, text, n);
}

// ISO base media: what the brand says; NULL: a video.
static const char *ftyp_kind(const uint8_t *p, size_t size)
{
    static const char *const pictures[] = {"heic", "heix", "heim", "heis", "mif1", "avif"};
    for (size_t i = 0; i < MIEN_COUNT(pictures); i++) {
        if (has(p, size, 8, pictures[i])) {
            return "this is an HEIC or AVIF picture; convert it to JPEG or PNG";
        }
    }
    return has(p, size, 8, "M4A ") || has(p, size, 8, "M4B ") ? "this is a sound file" : NULL;
}

static const char *webp_kind(const uint8_t *p, size_t size)
{
    // The second bit of an extended file's flags: animated.
    return has(p, size, 12, "VP8X") && size > 20 && (p[20] & 2)
               ? "this is an animated WebP; convert it to MP4 for `mien video`, or to PNG"
               : "this is a WebP picture; convert it to JPEG or PNG";
}

static const char *still_kind(const uint8_t *p, size_t size)
{
    static const struct {
        const char *magic, *kind;
    } list[] = {
        {"BM", "this is a BMP; convert it to PNG"},
        {"8BPS", "this is a Photoshop file; save it as JPEG or PNG"},
        {"%PDF", "this is a PDF; save its pictures as JPEG or PNG"},
        {"<svg", "this is an SVG drawing; convert it to PNG"},
        {"ID3", "this is a sound file (MP3)"},
        {"\xff\xfb", "this is a sound file (MP3)"},
        {"\xff\xf3", "this is a sound file (MP3)"},
        {"\xff\xf2", "this is a sound file (MP3)"},
        {"\xff\xf1", "this is a sound file (AAC)"},
        {"\xff\xf9", "this is a sound file (AAC)"},
        {"fLaC", "this is a sound file (FLAC)"},
        {".snd", "this is a sound file (AU)"},
        {"#!AMR", "this is a sound file (AMR)"},
        {"MThd", "this is a MIDI file"},
    };
    for (size_t i = 0; i < MIEN_COUNT(list); i++) {
        if (has(p, size, 0, list[i].magic)) {
            return list[i].kind;
        }
    }
    if (size >= 4 && (!memcmp(p, "II*\0", 4) || !memcmp(p, "MM\0*", 4))) {
        return "this is a TIFF; convert it to JPEG or PNG";
    }
    if (has(p, size, 0, "RIFF") && has(p, size, 8, "WAVE")) {
        return "this is a sound file (WAV)";
    }
    if (has(p, size, 0, "FORM") && (has(p, size, 8, "AIFF") || has(p, size, 8, "AIFC"))) {
        return "this is a sound file (AIFF)";
    }
    return has(p, size, 0, "RIFF") && has(p, size, 8, "WEBP") ? webp_kind(p, size) : NULL;
}

const char *mien_image_other_kind(const void *head, size_t size, bool *video)
{
    const uint8_t *p = head;
    *video = false;
    if (size == 0) {
        return "the file is empty";
    }
    bool base_media = has(p, size, 4, "ftyp");
    const char *kind = base_media ? ftyp_kind(p, size) : still_kind(p, size);
    if (kind) {
        return kind;
    }
    bool gif = has(p, size, 0, "GIF8");
    *video = gif || base_media || has(p, size, 0, "\x1a\x45\xdf\xa3") || // Matroska, WebM
             (has(p, size, 0, "RIFF") && has(p, size, 8, "AVI "));
    return gif      ? "this is a GIF; use `mien video`, or convert it to PNG"
           : *video ? "this is a video; use `mien video`"
                    : NULL;
}

// RGBA8 to RGB8 over white.
static bool flatten(struct mien_image *im)
{
    struct mien_image out;
    if (!mien_image_create(&out, im->width, im->height, MIEN_FORMAT_RGB8)) {
        return false;
    }
    for (int y = 0; y < im->height; y++) {
        const uint8_t *s = im->data + (size_t)y * im->stride;
        uint8_t *d = out.data + (size_t)y * out.stride;
        for (int x = 0; x < im->width; x++, s += 4, d += 3) {
            for (int c = 0; c < 3; c++) {
                d[c] = (uint8_t)((s[c] * s[3] + 255 * (255 - s[3]) + 127) / 255);
            }
        }
    }
    mien_image_destroy(im);
    *im = out;
    return true;
}

bool mien_image_load_memory(const void *data, size_t size, const char *name, struct mien_image *im)
{
    *im = (struct mien_image){0};
    enum mien_image_kind kind = mien_image_kind(data, size);
    if (kind == MIEN_KIND_OTHER) {
        bool video;
        const char *other = mien_image_other_kind(data, size, &video);
        mien_error("%s: %s", name, other ? other : "neither a JPEG nor a PNG");
        return false;
    }
    if (kind == MIEN_KIND_PNG) {
        struct mien_why why;
        if (!mien_png_decode(data, size, im, &why)) {
            mien_error("%s: this PNG cannot be read: %s", name, why.text);
            return false;
        }
        if (!flatten(im)) {
            mien_error("%s: there is too little memory for this picture", name);
            mien_image_destroy(im);
            return false;
        }
        return true;
    }
    struct mien_jpeg_decoder *d = mien_jpeg_decoder_create();
    if (!d) {
        mien_error("%s: there is too little memory for this picture", name);
        return false;
    }
    struct mien_why why;
    bool ok = mien_jpeg_decode(d, data, size, MIEN_FORMAT_RGB8, true, im, &why);
    if (!ok) {
        mien_error("%s: this JPEG cannot be read: %s", name, why.text);
    }
    mien_jpeg_decoder_destroy(d);
    if (ok && !mien_exif_apply(im, mien_exif_orientation(data, size))) {
        mien_error("%s: there is too little memory to turn this picture upright", name);
        ok = false;
    }
    if (!ok) {
        mien_image_destroy(im);
    }
    return ok;
}

bool mien_image_load(const char *path, struct mien_image *im)
{
    *im = (struct mien_image){0};
    size_t size;
    void *data = mien_file_read(path, MAX_FILE_BYTES, &size);
    if (!data) {
        return false;
    }
    bool ok = mien_image_load_memory(data, size, path, im);
    mien_free(data);
    return ok;
}

bool mien_image_load_to_search(const char *path, struct mien_image *im)
{
    struct mien_why why;
    if (!mien_image_load(path, im)) {
        return false;
    }
    if (!mien_image_not_too_small((size_t)im->width, (size_t)im->height, &why)) {
        mien_error("%s: %s", path, why.text);
        mien_image_destroy(im);
        return false;
    }
    return true;
}

bool mien_png_load_rgba(const char *path, struct mien_image *im)
{
    *im = (struct mien_image){0};
    size_t size;
    void *data = mien_file_read(path, MAX_FILE_BYTES, &size);
    if (!data) {
        return false;
    }
    struct mien_why why;
    bool ok = mien_png_decode(data, size, im, &why);
    if (!ok) {
        mien_error("%s: this PNG cannot be read: %s", path, why.text);
    }
    mien_free(data);
    return ok;
}

bool mien_image_save(const char *path, const struct mien_image *im)
{
    const char *dot = strrchr(path, '.');
    if (dot && !strcasecmp(dot, ".png")) {
        return mien_png_save(path, im);
    }
    if (dot && (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg"))) {
        return mien_jpeg_save(path, im, 92);
    }
    mien_error("%s: a picture is saved as .png, .jpg or .jpeg", path);
    return false;
}

// Picture files by content, upright, and saving by the name's ending.
#include "image/internal.h"

#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#define MAX_FILE_BYTES ((size_t)256 << 20)

enum kind { KIND_UNKNOWN, KIND_JPEG, KIND_PNG };

static enum kind kind_of(const uint8_t *p, size_t size)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (size >= 3 && p[0] == 0xff && p[1] == 0xd8 && p[2] == 0xff) {
        return KIND_JPEG;
    }
    return size >= 8 && !memcmp(p, png, 8) ? KIND_PNG : KIND_UNKNOWN;
}

// What a file with no known magic looks like, so that the message helps.
static const char *guess(const uint8_t *p, size_t size)
{
    if (size == 0) {
        return "the file is empty";
    }
    if (size >= 12 && !memcmp(p, "RIFF", 4) && !memcmp(p + 8, "WEBP", 4)) {
        return "this is a WebP picture; convert it to JPEG or PNG";
    }
    if (size >= 12 && !memcmp(p + 4, "ftyp", 4)) {
        return "this is an HEIC/AVIF picture or a video; convert it to JPEG or PNG, or use `mien "
               "video`";
    }
    if (size >= 6 && !memcmp(p, "GIF8", 4)) {
        return "this is a GIF; convert it to PNG";
    }
    if (size >= 2 && !memcmp(p, "BM", 2)) {
        return "this is a BMP; convert it to PNG";
    }
    return "neither a JPEG nor a PNG";
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
    enum kind kind = kind_of(data, size);
    if (kind == KIND_UNKNOWN) {
        mien_error("%s: %s", name, guess(data, size));
        return false;
    }
    if (kind == KIND_PNG) {
        char reason[160] = "";
        if (!mien_png_decode(data, size, im, reason, sizeof reason)) {
            mien_error("%s: this PNG cannot be read: %s", name, reason);
            return false;
        }
        if (!flatten(im)) {
            mien_image_destroy(im);
            return false;
        }
        return true;
    }
    struct mien_jpeg_decoder *d = mien_jpeg_decoder_create();
    if (!d) {
        return false;
    }
    const char *reason;
    bool ok = mien_jpeg_decode(d, data, size, MIEN_FORMAT_RGB8, true, im, &reason);
    if (!ok) {
        mien_error("%s: this JPEG cannot be read: %s", name, reason);
    }
    mien_jpeg_decoder_destroy(d);
    if (!ok || !mien_exif_apply(im, mien_exif_orientation(data, size))) {
        mien_image_destroy(im);
        return false;
    }
    return true;
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

bool mien_png_load_rgba(const char *path, struct mien_image *im)
{
    *im = (struct mien_image){0};
    size_t size;
    void *data = mien_file_read(path, MAX_FILE_BYTES, &size);
    if (!data) {
        return false;
    }
    char reason[160] = "";
    bool ok = mien_png_decode(data, size, im, reason, sizeof reason);
    if (!ok) {
        mien_error("%s: this PNG cannot be read: %s", path, reason);
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

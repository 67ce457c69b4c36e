// Pictures in memory. Origin top-left, x right, y down, 8 bits a channel.
//
// A view borrows its pixels; mien_image_create makes an owned one. Strides are in bytes.
// Colour order is R, G, B. YUV is BT.601 limited range for cameras ("YUYV"), full range in JPEG.
#ifndef MIEN_IMAGE_IMAGE_H
#define MIEN_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum {
    MIEN_IMAGE_MAX_SIDE_PX = 16384,
    MIEN_IMAGE_LEAST_PX = 8, // a side of the smallest picture that is searched for faces
};

enum mien_format { MIEN_FORMAT_NONE, MIEN_FORMAT_GRAY8, MIEN_FORMAT_RGB8, MIEN_FORMAT_RGBA8 };

struct mien_image {
    uint8_t *data;
    int width, height; // px
    size_t stride;     // bytes from row to row
    enum mien_format format;
    bool owned; // data was allocated by mien_image_create
};

int mien_format_channels(enum mien_format f); // 1, 3, 4; 0 for NONE
// Zeroed pixels; false when a side is not in 1…MIEN_IMAGE_MAX_SIDE_PX or memory is short (logged).
bool mien_image_create(struct mien_image *im, int width, int height, enum mien_format f);
// The same, but its pixels are undefined: memory that is not written is not taken.
bool mien_image_reserve(struct mien_image *im, int width, int height, enum mien_format f);
void mien_image_destroy(struct mien_image *im); // idempotent; frees only owned pixels
bool mien_image_copy(struct mien_image *dst, const struct mien_image *src); // makes dst anew

// Camera formats to RGB8; dst has the same width and height and RGB8. width even for 4:2:2/4:2:0.
// false when `size` bytes are too few for the picture (logged by the caller once).
bool mien_yuyv_to_rgb(const uint8_t *src, size_t stride, size_t size, struct mien_image *dst);
bool mien_nv12_to_rgb(const uint8_t *src, size_t stride, size_t size, struct mien_image *dst);
bool mien_i420_to_rgb(const uint8_t *src, size_t stride, size_t size, struct mien_image *dst);
void mien_rgb_to_gray(const struct mien_image *src, struct mien_image *dst);
void mien_gray_to_rgb(const struct mien_image *src, struct mien_image *dst);
void mien_flip_horizontal(struct mien_image *im); // in place

// An affine map from destination pixel centres to source pixel centres:
// sx = m[0]*x + m[1]*y + m[2], sy = m[3]*x + m[4]*y + m[5].
struct mien_affine {
    float m[6];
};
bool mien_affine_invert(const struct mien_affine *a, struct mien_affine *out);
void mien_affine_apply(const struct mien_affine *a, float x, float y, float *ox, float *oy);
// The map for a square crop of `size` px: source centre (cx,cy), side length `side` px, the crop's
// x axis turned by roll_rad clockwise (as seen) in the source, mirrored left-right when flip.
struct mien_affine mien_affine_crop(float cx, float cy, float side, float roll_rad, int size,
                                    bool flip);

// Resamples src through map into dst (its size and format decide; formats must match, or GRAY8 src
// into RGB8). Bilinear; where the map shrinks by more than 1.5 it averages (area), so a large face
// is not aliased. Outside the source: the edge is repeated when border < 0, else the value border.
// No allocation when shrinking less than 8 times.
void mien_warp(const struct mien_image *src, const struct mien_affine *map, struct mien_image *dst,
               int border);
// A picture as networks take it: planes of (pixel - mean) * scale.
struct mien_float_planes {
    float *data;  // (C,H,W), borrowed
    int channels; // 1 or 3
    int width, height;
    float mean, scale;
};
// The same into planes; 3 channels of a GRAY8 src are alike.
void mien_warp_to_float(const struct mien_image *src, const struct mien_affine *map, int border,
                        const struct mien_float_planes *dst);
void mien_resize(const struct mien_image *src, struct mien_image *dst); // area when shrinking
// The whole of src in the middle of dst, as large as it fits at its own proportions, black beside
// it.
void mien_resize_whole(const struct mien_image *src, struct mien_image *dst);

// JPEG through libjpeg-turbo. A decoder keeps its state and buffers between pictures: no allocation
// once the largest size was seen.
struct mien_jpeg_decoder; // opaque
struct mien_jpeg_decoder *mien_jpeg_decoder_create(void);
void mien_jpeg_decoder_destroy(struct mien_jpeg_decoder *d);
// Into im: created or re-created when size or format (want: GRAY8 or RGB8) differ. Broken or
// truncated data: false, why says so; never a crash. strict: a
// picture with missing data is refused too (cameras); otherwise what was decoded is kept.
bool mien_jpeg_decode(struct mien_jpeg_decoder *d, const void *data, size_t size,
                      enum mien_format want, bool strict, struct mien_image *im,
                      struct mien_why *why);
// The picture's size without decoding it; false when there is none to be found.
bool mien_jpeg_size(struct mien_jpeg_decoder *d, const void *data, size_t size, int *width,
                    int *height);
// Encodes into *out (mien_free), quality 1…100.
bool mien_jpeg_encode(const struct mien_image *im, int quality, void **out, size_t *out_size);

// Pictures of files are refused over MIEN_IMAGE_MAX_SIDE_PX a side or 128 Mpx, before memory is
// taken for them, and under MIEN_IMAGE_LEAST_PX where faces are looked for. False: why says so,
// in words that follow the file's name.
bool mien_image_not_too_large(size_t width, size_t height, struct mien_why *why);
bool mien_image_not_too_small(size_t width, size_t height, struct mien_why *why);
// What a file is that is neither a JPEG nor a PNG, by its first bytes (64 are enough), and what to
// do about it; NULL when they do not say. video: whether it may be one.
const char *mien_image_other_kind(const void *head, size_t size, bool *video);
// JPEG or PNG by content, turned upright as EXIF or XMP say, alpha dropped onto white, grey widened
// to RGB8. False on failure (logged: file, reason).
bool mien_image_load(const char *path, struct mien_image *im);
// The same of one that faces are looked for in: not too small for that.
bool mien_image_load_to_search(const char *path, struct mien_image *im);
bool mien_image_load_memory(const void *data, size_t size, const char *name, struct mien_image *im);
bool mien_png_save(const char *path, const struct mien_image *im); // GRAY8, RGB8, RGBA8; atomic
// With a note of what made it (ASCII), near the file's beginning.
bool mien_png_save_noted(const char *path, const struct mien_image *im, const char *note);
bool mien_jpeg_save(const char *path, const struct mien_image *im, int quality);
bool mien_png_load_rgba(const char *path, struct mien_image *im); // upright, keeps alpha: RGBA8
// A texture: JPEG or PNG by content to RGBA8 (created), as it lies in the file. One with a side of
// more than max_side_px is not decoded. False: why says so (not logged).
bool mien_image_decode_rgba(const void *data, size_t size, int max_side_px, struct mien_image *im,
                            struct mien_why *why);
// By the name's ending: .png, .jpg, .jpeg.
bool mien_image_save(const char *path, const struct mien_image *im);

// Simple drawing for overlays and plots on RGB8: blended by alpha 0…1, clipped.
struct mien_rgb {
    uint8_t r, g, b;
};
void mien_draw_line(struct mien_image *im, float x0, float y0, float x1, float y1, float width,
                    struct mien_rgb c, float alpha);
void mien_draw_disc(struct mien_image *im, float x, float y, float radius, struct mien_rgb c,
                    float alpha);
void mien_draw_rect(struct mien_image *im, float x0, float y0, float x1, float y1,
                    struct mien_rgb c, float alpha); // filled
// Built-in 6x10-pixel ASCII font of our own drawing, scaled by an integer; returns the width in px.
int mien_draw_text(struct mien_image *im, int x, int y, int scale, const char *text,
                   struct mien_rgb c);

#endif

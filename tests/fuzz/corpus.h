// The seed corpus of the fuzz entries, made in memory. Included by corpus.c and by test_fuzz.c.
#ifndef MIEN_TESTS_FUZZ_CORPUS_H
#define MIEN_TESTS_FUZZ_CORPUS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/image.h"

enum { SEEDS = 16 };
struct seed {
    uint8_t *data; // malloc
    size_t size;
};

static inline void seeds_free(struct seed *s, int n)
{
    for (int i = 0; i < n; i++) {
        free(s[i].data);
    }
}

static inline void seed_keep(struct seed *s, const void *data, size_t size)
{
    s->data = malloc(size);
    s->size = s->data ? size : 0;
    if (s->data) {
        memcpy(s->data, data, size);
    }
}

// kind 0: 4:4:4, 1: progressive, 2: restart markers, 3: CMYK, 4: grey with EXIF.
static inline void seed_jpeg(struct seed *s, int kind)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr e;
    unsigned char *out = NULL;
    unsigned long size = 0;
    c.err = jpeg_std_error(&e);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &out, &size);
    c.image_width = 24;
    c.image_height = 20;
    c.input_components = kind == 3 ? 4 : kind == 4 ? 1 : 3;
    c.in_color_space = kind == 3 ? JCS_CMYK : kind == 4 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, 60, TRUE);
    if (kind == 0) {
        c.comp_info[0].h_samp_factor = c.comp_info[0].v_samp_factor = 1;
    }
    if (kind == 1) {
        jpeg_simple_progression(&c);
    }
    c.restart_interval = kind == 2 ? 2 : 0;
    jpeg_start_compress(&c, TRUE);
    if (kind == 4) {
        static const unsigned char exif[] =
            "Exif\0\0MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\6\0\0\0\0\0";
        jpeg_write_marker(&c, JPEG_APP0 + 1, exif, sizeof exif - 1);
    }
    unsigned char row[24 * 4];
    while (c.next_scanline < c.image_height) {
        for (size_t i = 0; i < sizeof row; i++) {
            row[i] = (unsigned char)(i * 7 + c.next_scanline * 13);
        }
        JSAMPROW p = row;
        jpeg_write_scanlines(&c, &p, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    seed_keep(s, out, size);
    free(out);
}

// A file saved by fn, read back.
static inline void seed_file(struct seed *s, const char *path)
{
    size_t size;
    void *data = mien_file_read(path, 0, &size);
    s->data = NULL;
    s->size = 0;
    if (data) {
        seed_keep(s, data, size);
        mien_free(data);
    }
    unlink(path);
}

static inline int seeds_image(struct seed *s)
{
    int n = 0;
    for (int kind = 0; kind < 5; kind++) {
        seed_jpeg(&s[n++], kind);
    }
    char path[64];
    snprintf(path, sizeof path, "/tmp/mien-seed-%d.png", (int)getpid());
    for (int f = MIEN_FORMAT_GRAY8; f <= MIEN_FORMAT_RGBA8; f++) {
        struct mien_image im;
        if (mien_image_create(&im, 9, 7, (enum mien_format)f)) {
            for (size_t i = 0; i < im.stride * 7; i++) {
                im.data[i] = (uint8_t)(i * 11);
            }
            if (mien_png_save(path, &im)) {
                seed_file(&s[n++], path);
            }
            mien_image_destroy(&im);
        }
    }
    return n;
}

static inline int seeds_container(struct seed *s)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/mien-seed-%d.bin", (int)getpid());
    int n = 0;
    for (int count = 1; count <= 3; count++) {
        const struct mien_section sections[3] = {
            {"first", "0123456789", 10}, {"second", "abc", 3}, {"empty", "", 0}};
        if (mien_container_save(path, "FACE", 2, sections, count)) {
            seed_file(&s[n++], path);
        }
    }
    return n;
}

#endif

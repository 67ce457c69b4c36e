// The pack file: many labelled pictures, written by synth and the photo fit, read by the trainer.
//
// A header, then records; each record is a struct mien_label followed by its JPEG bytes. The file
// is appended to and can be cut anywhere: whole records count.
#ifndef MIEN_LEARN_PACK_H
#define MIEN_LEARN_PACK_H

#include "base/save.h"
#include "face/label.h"
#include <stdbool.h>
#include <stdio.h>

struct mien_pack_writer {
    FILE *f;
    long long count;
    struct mien_save save; // unless appending
};
// A pack is put in place at its close (base/save.h). append: instead continue the one that is there
// after its last whole record. False on failure (logged).
bool mien_pack_writer_open(struct mien_pack_writer *w, const char *path, bool append);
bool mien_pack_write(struct mien_pack_writer *w, const struct mien_label *label, const void *jpeg);
// good false: gives it up. False when it is not there whole (logged, unless it was not good).
bool mien_pack_writer_close(struct mien_pack_writer *w, bool good); // idempotent

struct mien_pack { // memory-mapped, any thread
    const uint8_t *map;
    size_t size;
    size_t *offset; // of each record
    size_t count;
};
bool mien_pack_open(struct mien_pack *p, const char *path); // false on failure (logged)
void mien_pack_close(struct mien_pack *p);
// Copies the label (unaligned in the file) and points *jpeg into the map.
void mien_pack_get(const struct mien_pack *p, size_t i, struct mien_label *label,
                   const uint8_t **jpeg);

#endif

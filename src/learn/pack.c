// The pack file. Layout, little-endian: "MIENPACK", u32 version 1, u32 size of a label; then
// records: struct mien_label, its JPEG bytes. No table: a cut file loses its last record only.
#include "learn/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum { HEADER = 16, VERSION = 1, SIDE_MAX = 16384 };

static void make_header(unsigned char h[HEADER])
{
    const uint32_t version = VERSION, label = sizeof(struct mien_label);
    memcpy(h, "MIENPACK", 8);
    memcpy(h + 8, &version, 4);
    memcpy(h + 12, &label, 4);
}

// Pixels, mm, degrees and weights are all far below.
static bool are_floats_sane(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!(fabsf(x[i]) < 1e6f)) {
            return false;
        }
    }
    return true;
}

static bool are_numbers_sane(const struct mien_label *l)
{
    return are_floats_sane(l->valid_px, 4) && are_floats_sane(l->box_px, 4) &&
           are_floats_sane(l->landmark_px[0], 2 * MIEN_COUNT(l->landmark_px)) &&
           are_floats_sane(l->landmark_weight, MIEN_COUNT(l->landmark_weight)) &&
           are_floats_sane(&l->camera.f_px, 1) && are_floats_sane(&l->camera.cx_px, 1) &&
           are_floats_sane(&l->camera.cy_px, 1) && are_floats_sane(l->pose.R, 9) &&
           are_floats_sane(l->pose.t, 3) && are_floats_sane(l->identity, MIEN_IDENTITY) &&
           are_floats_sane(&l->identity_weight, 1) &&
           are_floats_sane(l->blendshape, MIEN_BLENDSHAPES) &&
           are_floats_sane(l->blendshape_weight, MIEN_BLENDSHAPES) &&
           are_floats_sane(l->expression, MIEN_EXPRESSIONS) && are_floats_sane(l->gaze_deg[0], 4) &&
           are_floats_sane(l->gaze_weight, 2);
}

static bool is_size_sane(const struct mien_label *l, size_t room)
{
    return l->jpeg_bytes > 0 && l->jpeg_bytes <= room && l->width > 0 && l->width <= SIDE_MAX &&
           l->height > 0 && l->height <= SIDE_MAX;
}

bool mien_pack_open(struct mien_pack *p, const char *path)
{
    memset(p, 0, sizeof *p);
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        mien_error("cannot open pack %s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    unsigned char want[HEADER];
    make_header(want);
    if (st.st_size < HEADER) {
        mien_error("%s is not a pack (%lld bytes)", path, (long long)st.st_size);
        close(fd);
        return false;
    }
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED) {
        mien_error("cannot map pack %s: %s", path, strerror(errno));
        return false;
    }
    p->map = map;
    p->size = (size_t)st.st_size;
    if (memcmp(p->map, want, HEADER)) {
        mien_error("%s is not a pack of this version: make it again", path);
        mien_pack_close(p);
        return false;
    }
    size_t capacity = 0, at = HEADER;
    while (p->size - at > sizeof(struct mien_label)) {
        struct mien_label l;
        memcpy(&l, p->map + at, sizeof l);
        if (!is_size_sane(&l, p->size - at - sizeof l) || !are_numbers_sane(&l)) {
            mien_warn("%s: record %zu is cut short or damaged; the %zu before it are used", path,
                      p->count, p->count);
            break;
        }
        if (p->count == capacity) {
            capacity = capacity ? 2 * capacity : 1024;
            size_t *grown = mien_realloc_array(p->offset, capacity, sizeof *grown);
            if (!grown) {
                mien_pack_close(p);
                return false;
            }
            p->offset = grown;
        }
        p->offset[p->count++] = at;
        at += sizeof l + l.jpeg_bytes;
    }
    return true;
}

void mien_pack_close(struct mien_pack *p)
{
    if (p->map) {
        munmap((void *)p->map, p->size);
    }
    free(p->offset);
    memset(p, 0, sizeof *p);
}

void mien_pack_get(const struct mien_pack *p, size_t i, struct mien_label *label,
                   const uint8_t **jpeg)
{
    MIEN_ASSERT(i < p->count);
    memcpy(label, p->map + p->offset[i], sizeof *label);
    *jpeg = p->map + p->offset[i] + sizeof *label;
}

bool mien_pack_writer_open(struct mien_pack_writer *w, const char *path, bool append)
{
    memset(w, 0, sizeof *w);
    long long end = 0;
    if (append && access(path, F_OK) == 0) {
        struct mien_pack old;
        if (!mien_pack_open(&old, path)) {
            return false;
        }
        w->count = (long long)old.count;
        end = HEADER;
        if (old.count) {
            struct mien_label l;
            const uint8_t *jpeg = NULL;
            mien_pack_get(&old, old.count - 1, &l, &jpeg);
            end = (jpeg - old.map) + (long long)l.jpeg_bytes;
        }
        mien_pack_close(&old);
        if (truncate(path, end) != 0) {
            mien_error("cannot cut %s to its last whole record: %s", path, strerror(errno));
            return false;
        }
    }
    if (end) {
        w->f = fopen(path, "ab");
        if (!w->f) {
            mien_error("cannot write pack %s: %s", path, strerror(errno));
        }
        return w->f != NULL;
    }
    if (!mien_save_begin(&w->save, path)) {
        return false;
    }
    unsigned char h[HEADER];
    make_header(h);
    w->f = w->save.file;
    fwrite(h, 1, HEADER, w->f); // what fails is seen at close
    return true;
}

bool mien_pack_write(struct mien_pack_writer *w, const struct mien_label *label, const void *jpeg)
{
    MIEN_ASSERT(w->f && is_size_sane(label, SIZE_MAX));
    if (!are_numbers_sane(label)) {
        mien_error("record %lld of a pack has a label that is no number: it is not written",
                   w->count);
        return false;
    }
    if (fwrite(label, sizeof *label, 1, w->f) != 1 ||
        fwrite(jpeg, 1, label->jpeg_bytes, w->f) != label->jpeg_bytes) {
        mien_error("cannot write record %lld of a pack: %s (disk full?)", w->count,
                   strerror(errno));
        return false;
    }
    w->count++;
    return true;
}

bool mien_pack_writer_close(struct mien_pack_writer *w, bool good)
{
    if (!w->f) {
        return good;
    }
    bool ok = good;
    if (w->save.file) {
        ok = mien_save_end(&w->save, good);
        mien_save_close(&w->save);
    } else {
        ok = !ferror(w->f) && fflush(w->f) == 0;
        ok = fclose(w->f) == 0 && ok;
        if (!ok) {
            mien_error("a pack of %lld records was not written to its end: %s", w->count,
                       strerror(errno));
        }
    }
    w->f = NULL;
    return ok && good;
}

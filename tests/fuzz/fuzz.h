// The fuzz entries, one a file. Each feeds bytes from outside to one reader and checks what the
// reader promises; it returns whether the bytes were read as good.
//
// libFuzzer, or driver.c alone, runs one entry on mutations (`make fuzz`); test_fuzz.c replays the
// corpora, tests/fuzz/corpus/ENTRY, through all of them. A line `// SRC: files` in an entry's first
// lines names the sources that are instrumented for it. Entries run in the repository's root.
#ifndef MIEN_TESTS_FUZZ_H
#define MIEN_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

// What a reader promises; the log is off while entries run.
#define FUZZ_CHECK(cond)                                                               \
    do {                                                                               \
        if (!(cond)) {                                                                 \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #cond); \
            abort();                                                                   \
        }                                                                              \
    } while (0)

typedef bool (*fuzz_entry)(const uint8_t *data, size_t size);

bool fuzz_avatar(const uint8_t *data, size_t size);
bool fuzz_checkpoint(const uint8_t *data, size_t size);
bool fuzz_config(const uint8_t *data, size_t size);
bool fuzz_container(const uint8_t *data, size_t size);
bool fuzz_desc(const uint8_t *data, size_t size);
bool fuzz_exif(const uint8_t *data, size_t size);
bool fuzz_face(const uint8_t *data, size_t size);
bool fuzz_gltf(const uint8_t *data, size_t size);
bool fuzz_hdr(const uint8_t *data, size_t size);
bool fuzz_image(const uint8_t *data, size_t size);
bool fuzz_landmarks(const uint8_t *data, size_t size);
bool fuzz_marks(const uint8_t *data, size_t size);
bool fuzz_net(const uint8_t *data, size_t size);
bool fuzz_obj(const uint8_t *data, size_t size);
bool fuzz_pack(const uint8_t *data, size_t size);
bool fuzz_png(const uint8_t *data, size_t size);
bool fuzz_profile(const uint8_t *data, size_t size);
bool fuzz_study(const uint8_t *data, size_t size);
bool fuzz_websocket(const uint8_t *data, size_t size);

// The bytes with a zero behind them, in a block of their own: reading past it is caught. mien_free.
static inline void *fuzz_copy(const uint8_t *data, size_t size)
{
    uint8_t *block = mien_calloc(1, size + 1);
    FUZZ_CHECK(block);
    if (size) {
        memcpy(block, data, size);
    }
    return block;
}

// The bytes as a file in memory, for readers that take a path.
struct fuzz_file {
    int fd;
    char path[40];
};

static inline void fuzz_file_open(struct fuzz_file *f, const uint8_t *data, size_t size)
{
    f->fd = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_CHECK(f->fd >= 0 && write(f->fd, data, size) == (ssize_t)size);
    snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
}

static inline void fuzz_file_close(struct fuzz_file *f)
{
    close(f->fd);
}

// Makes a container's size and checksum right, as an attacker would (base/file.h has the layout).
static inline void fuzz_seal(uint8_t *block, size_t size)
{
    if (size >= 32) {
        uint64_t bytes = size;
        memcpy(block + 16, &bytes, 8);
        uint32_t crc = block[28] ? mien_crc32(mien_crc32(0, block, 24), block + 28, size - 28)
                                 : mien_crc32(0, block + 32, size - 32);
        memcpy(block + 24, &crc, 4);
    }
}

static inline uint64_t fuzz_number(const uint8_t *p, int bytes)
{
    uint64_t v = 0;
    for (int i = bytes - 1; i >= 0; i--) {
        v = v << 8 | p[i];
    }
    return v;
}

// A change to a container's sections, 8 bytes: the section (255: the table), where in it (250ths of
// its length, then bytes from there), how, and a number.
static inline void fuzz_change_section(uint8_t *file, size_t size, const uint8_t *c)
{
    static const uint32_t odd[] = {0,          1,          0x7fffffff, 0x80000000,
                                   0xffffffff, 0x7f800000, 0x7fc00000, 0xff800000};
    size_t count = (size_t)fuzz_number(file + 12, 4), from = 32, length = 32 * count;
    if (c[0] != 255) {
        const uint8_t *row = file + 32 + 32 * (c[0] % count);
        from = (size_t)fuzz_number(row + 16, 8);
        length = (size_t)fuzz_number(row + 24, 8);
    }
    size_t at = from + length * (c[1] % 250) / 250 + (c[2] & ~3u);
    uint32_t value = c[3] & 1 ? odd[c[4] % 8] : (uint32_t)fuzz_number(c + 4, 4);
    size_t bytes = c[3] & 2 ? 2 : 4;
    if (at <= size && bytes <= size - at) {
        memcpy(file + at, &value, bytes);
    }
}

// A container changed as the data say, 8 bytes a change, its checksum made right, as a file.
static inline void fuzz_file_open_changed(struct fuzz_file *f, const uint8_t *container,
                                          size_t bytes, const uint8_t *data, size_t size)
{
    enum { CHANGE = 8, CHANGES_MAX = 64 };
    uint8_t *changed = fuzz_copy(container, bytes);
    for (size_t i = 0; i < size / CHANGE && i < CHANGES_MAX; i++) {
        fuzz_change_section(changed, bytes, data + i * CHANGE);
    }
    fuzz_seal(changed, bytes);
    fuzz_file_open(f, changed, bytes);
    mien_free(changed);
}

#endif

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

bool fuzz_config(const uint8_t *data, size_t size);
bool fuzz_container(const uint8_t *data, size_t size);
bool fuzz_desc(const uint8_t *data, size_t size);
bool fuzz_exif(const uint8_t *data, size_t size);
bool fuzz_gltf(const uint8_t *data, size_t size);
bool fuzz_hdr(const uint8_t *data, size_t size);
bool fuzz_image(const uint8_t *data, size_t size);
bool fuzz_landmarks(const uint8_t *data, size_t size);
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

#endif

// Files: whole reads with a size limit, atomic saves, and the container format that every binary
// file of mien uses.
//
// Container, little-endian: magic[8] "MIEN" + kind[4]; u32 version; u32 section count; u64 file
// size; u32 CRC-32 of everything but these four bytes; u32 one; then the table (name[16], u64
// offset from the file's start, u64 size, 64-byte aligned offsets), then the sections. In files of
// FACE 2, NETW 1 and CKPT 1 the last word of the header is zero and the checksum is of what follows
// the header; they are read too.
#ifndef MIEN_BASE_FILE_H
#define MIEN_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Reads the whole file; *size its bytes. NULL on failure (logged: what, which file). A zero byte
// follows the data. Free with mien_free. Files over `limit` bytes are refused (0 = 1 GiB).
void *mien_file_read(const char *path, size_t limit, size_t *size);
// Reads size bytes, or up to the end; the number of them, -1 with errno.
ssize_t mien_read_all(int fd, void *data, size_t size);
// Puts a whole file in place (base/save.h). False on failure (logged; the old file stays).
bool mien_file_save(const char *path, const void *data, size_t size);
bool mien_file_exists(const char *path);
bool mien_dir_make(const char *path); // with parents; true when it exists afterwards

uint32_t mien_crc32(uint32_t crc, const void *data, size_t size); // start with 0 (IEEE 802.3)

struct mien_section {
    char name[16];
    const void *data; // NULL in a container that is only open
    size_t size;
};
struct mien_container {
    void *block; // the whole file, owned; NULL: it is open
    bool open;
    int fd;
    size_t block_size;
    uint32_t version;
    int count;
    struct mien_section section[64]; // point into block
    size_t at[64];                   // their places in the file
};
// Versions that are written.
enum { MIEN_FACE_VERSION = 3, MIEN_NETW_VERSION = 2, MIEN_CKPT_VERSION = 2 };
// kind: 4 characters ("FACE", "NETW", "CKPT", "PACK"). Every offset and size is checked against the
// file, then the checksum. False on failure (logged).
bool mien_container_load(struct mien_container *c, const char *path, const char *kind,
                         uint32_t max_version);
bool mien_container_load_open(struct mien_container *c, const char *path, const char *kind,
                              uint32_t max_version);   // … and it stays open too
void mien_container_release(struct mien_container *c); // what is in memory: it is only open then
bool mien_container_parse(struct mien_container *c, void *block, size_t size, const char *name,
                          const char *kind, uint32_t max_version); // takes ownership of block
// The section, or NULL. When size is not 0 the section must have exactly that size (logged).
const void *mien_container_get(const struct mien_container *c, const char *name, size_t size,
                               size_t *got);
// The same, reading through the file once and keeping it open instead of in memory: a section is
// fetched when it is needed. A file that is replaced stays as it was here; one that is written over
// is not noticed, so what is fetched later is checked by its reader. False on failure (logged).
bool mien_container_open(struct mien_container *c, const char *path, const char *kind,
                         uint32_t max_version);
const struct mien_section *mien_container_find(const struct mien_container *c, const char *name);
// Any thread. False when the file has not so many bytes there or cannot be read (not logged).
bool mien_container_fetch(const struct mien_container *c, const struct mien_section *s, size_t from,
                          size_t size, void *to);
void mien_container_destroy(struct mien_container *c);
bool mien_container_save(const char *path, const char *kind, uint32_t version,
                         const struct mien_section *sections, int count);
// Writes a FACE, NETW or CKPT anew, in the present version. False: logged.
bool mien_container_seal(const char *path);

enum { MIEN_NETWORK_NAME = 48 }; // bytes of a network's name, as it is shown and written

// Finds a file of models/, shaders/ or assets/: $MIEN_HOME/kind/name, beside the program's build
// tree (../../kind), the installed place (PREFIX/share/mien/kind), then ./kind. False (logged, all
// tried places named) when absent. out: at least 1024 bytes.
bool mien_find_file(const char *kind, const char *name, char *out, size_t out_size);
// The folders that mien_find_file looks into, in its order: i = 0, 1 … until false. Empty: not
// known here. They need not be there.
bool mien_find_folder(int i, const char *kind, char *out, size_t out_size);
// $MIEN_DATA or ../shared when present: training and evaluation data. NULL when absent (not
// logged).
const char *mien_data_dir(void);

#endif

// Reading, looking for shipped files, and the container format. Writing is in base/save.c.
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libdeflate.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/save.h"

ssize_t mien_read_all(int fd, void *data, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = read(fd, (char *)data + got, size - got);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        got += (size_t)n;
    }
    return (ssize_t)got;
}

// Opens a file of at most `limit` bytes. -1: logged.
static int open_file(const char *path, size_t limit, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st = {0};
    if (fd < 0 || fstat(fd, &st) != 0) {
        mien_error("cannot open %s: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        mien_error("cannot read %s: it is not a file", path);
    } else if ((uint64_t)st.st_size > limit) {
        mien_error("cannot read %s: %lld bytes, at most %zu are accepted", path,
                   (long long)st.st_size, limit);
    } else {
        *size = (size_t)st.st_size;
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

// What a file holds; it stays open. NULL: logged.
static void *read_open(int fd, const char *path, size_t size)
{
    char *data = mien_alloc(size + 1, 1);
    if (!data) {
        return NULL;
    }
    ssize_t got = mien_read_all(fd, data, size);
    if (got < (ssize_t)size) {
        mien_error("cannot read %s: %s", path, got < 0 ? strerror(errno) : "it shrank");
        mien_free(data);
        return NULL;
    }
    data[got] = 0;
    return data;
}

void *mien_file_read(const char *path, size_t limit, size_t *size)
{
    size_t bytes = 0;
    int fd = open_file(path, limit ? limit : (size_t)1 << 30, &bytes);
    void *data = fd < 0 ? NULL : read_open(fd, path, bytes);
    if (fd >= 0) {
        close(fd);
    }
    *size = data ? bytes : 0;
    return data;
}

struct piece {
    const void *data;
    size_t size;
};

static bool save_pieces(const char *path, const struct piece *piece, int count)
{
    struct mien_save save = {0};
    bool ok = mien_save_begin(&save, path);
    for (int i = 0; ok && i < count && !ferror(save.file); i++) {
        fwrite(piece[i].data, 1, piece[i].size, save.file);
    }
    ok = ok && mien_save_end(&save, true);
    mien_save_close(&save);
    return ok;
}

bool mien_file_save(const char *path, const void *data, size_t size)
{
    struct piece p = {data, size};
    return save_pieces(path, &p, 1);
}

bool mien_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool mien_dir_make(const char *path)
{
    char part[4096];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part) {
        mien_error("cannot make folder \"%.200s\": unusable path", path);
        return false;
    }
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] == '/' || part[i] == 0) {
            char c = part[i];
            part[i] = 0;
            if (mkdir(part, 0777) != 0 && errno != EEXIST) {
                mien_error("cannot make folder %s: %s", part, strerror(errno));
                return false;
            }
            part[i] = c;
        }
    }
    struct stat st = {0};
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        mien_error("cannot make folder %s: a file of that name is in the way", path);
        return false;
    }
    return true;
}

uint32_t mien_crc32(uint32_t crc, const void *data, size_t size)
{
    return libdeflate_crc32(crc, data, size);
}

enum { HEADER = 32, ENTRY = 32, MAX_SECTIONS = 64, SEALED = 1 };

static const struct {
    char kind[5];
    uint32_t version, unsealed; // written now; the one whose checksum leaves the header out
} kinds[] = {
    {"FACE", MIEN_FACE_VERSION, 2}, {"NETW", MIEN_NETW_VERSION, 1}, {"CKPT", MIEN_CKPT_VERSION, 1}};

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> 8 * i);
    }
}

static void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

static uint32_t seal_of(const uint8_t *p, size_t size)
{
    return mien_crc32(mien_crc32(0, p, 24), p + 28, size - 28);
}

// Sections of a file from before the seal. What its checksum leaves out must be as it was always
// written: sections follow one another, each from the next 64 bytes, to the file's end.
static bool is_unsealed(const struct mien_container *c, const char *kind)
{
    bool known = false;
    for (size_t i = 0; i < MIEN_COUNT(kinds); i++) {
        known = known || (!memcmp(kinds[i].kind, kind, 4) && c->version == kinds[i].unsealed);
    }
    size_t at = HEADER + (size_t)c->count * ENTRY;
    for (int i = 0; i < c->count; i++) {
        if (c->at[i] != ((at + 63) & ~(size_t)63)) {
            return false;
        }
        at = c->at[i] + c->section[i].size;
    }
    return known && at == c->block_size;
}

// Header and table, at `p`, of a file of c->block_size bytes of which `have` are there.
static bool read_table(struct mien_container *c, const uint8_t *p, size_t have, const char *name,
                       const char *kind, uint32_t max_version)
{
    const size_t size = c->block_size;
    if (have < HEADER || memcmp(p, "MIEN", 4) != 0) {
        mien_error("%s is not a file of mien", name);
        return false;
    }
    if (memcmp(p + 4, kind, 4) != 0) {
        mien_error("%s is a mien file of kind %.4s, not %s", name, (const char *)p + 4, kind);
        return false;
    }
    c->version = get32(p + 8);
    uint32_t count = get32(p + 12);
    if (c->version == 0 || c->version > max_version) {
        mien_error("%s has version %u; this program reads up to %u: update mien", name, c->version,
                   max_version);
        return false;
    }
    if (get64(p + 16) != size || count > MAX_SECTIONS || HEADER + (size_t)count * ENTRY > have) {
        mien_error("%s is cut short or damaged (%zu bytes, %u sections)", name, size, count);
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *e = p + HEADER + (size_t)i * ENTRY;
        uint64_t offset = get64(e + 16), bytes = get64(e + 24);
        if (e[15] != 0 || offset % 64 != 0 || offset > size || bytes > size - offset) {
            mien_error("%s is damaged: section %u lies outside the file", name, i);
            return false;
        }
        struct mien_section *s = &c->section[i];
        memcpy(s->name, e, 16);
        c->at[i] = offset;
        s->size = (size_t)bytes;
    }
    c->count = (int)count;
    return true;
}

static bool refuse_damaged(const char *name)
{
    mien_error("%s is damaged: its checksum does not match; fetch or build it again", name);
    return false;
}

bool mien_container_parse(struct mien_container *c, void *block, size_t size, const char *name,
                          const char *kind, uint32_t max_version)
{
    *c = (struct mien_container){.block = block, .block_size = size};
    const uint8_t *p = block;
    bool ok = read_table(c, p, size, name, kind, max_version);
    for (int i = 0; ok && i < c->count; i++) {
        c->section[i].data = p + c->at[i];
    }
    if (ok) {
        const bool sealed = get32(p + 28) == SEALED;
        uint32_t crc = sealed ? seal_of(p, size) : mien_crc32(0, p + HEADER, size - HEADER);
        ok = (crc == get32(p + 24) && (sealed || (get32(p + 28) == 0 && is_unsealed(c, kind)))) ||
             refuse_damaged(name);
    }
    if (!ok) {
        mien_container_destroy(c);
    }
    return ok;
}

bool mien_container_load(struct mien_container *c, const char *path, const char *kind,
                         uint32_t max_version)
{
    *c = (struct mien_container){0};
    size_t size = 0;
    void *block = mien_file_read(path, (size_t)2 << 30, &size);
    return block && mien_container_parse(c, block, size, path, kind, max_version);
}

bool mien_container_load_open(struct mien_container *c, const char *path, const char *kind,
                              uint32_t max_version)
{
    *c = (struct mien_container){0};
    size_t size = 0;
    int fd = open_file(path, (size_t)2 << 30, &size);
    void *block = fd < 0 ? NULL : read_open(fd, path, size);
    if (!block || !mien_container_parse(c, block, size, path, kind, max_version)) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    c->open = true;
    c->fd = fd;
    return true;
}

void mien_container_release(struct mien_container *c)
{
    mien_free(c->block);
    c->block = NULL;
    for (int i = 0; i < c->count; i++) {
        c->section[i].data = NULL;
    }
}

bool mien_container_open(struct mien_container *c, const char *path, const char *kind,
                         uint32_t max_version)
{
    enum { PIECE = 64 * 1024 };
    *c = (struct mien_container){0};
    size_t size = 0;
    int fd = open_file(path, (size_t)2 << 30, &size);
    if (fd < 0) {
        return false;
    }
    *c = (struct mien_container){.block_size = size, .fd = fd, .open = true};
    uint8_t *p = mien_alloc(PIECE, 1);
    uint32_t crc = 0, expected = 0;
    bool ok = p != NULL, sealed = false;
    for (size_t at = 0; ok && (at == 0 || at < size);) {
        ssize_t n = mien_read_all(fd, p, PIECE);
        if (n < 0 || (n == 0 && at < size)) {
            mien_error("cannot read %s: %s", path, n < 0 ? strerror(errno) : "it shrank");
            ok = false;
        } else if (at > 0) {
            crc = mien_crc32(crc, p, (size_t)n);
        } else if ((ok = read_table(c, p, (size_t)n, path, kind, max_version))) {
            expected = get32(p + 24);
            sealed = get32(p + 28) == SEALED;
            ok = sealed || (get32(p + 28) == 0 && is_unsealed(c, kind)) || refuse_damaged(path);
            const size_t from = sealed ? 28 : HEADER;
            crc = mien_crc32(sealed ? mien_crc32(0, p, 24) : 0, p + from, (size_t)n - from);
        }
        at += n > 0 ? (size_t)n : 0;
    }
    mien_free(p);
    ok = ok && (crc == expected || refuse_damaged(path));
    if (!ok) {
        mien_container_destroy(c);
    }
    return ok;
}

const struct mien_section *mien_container_find(const struct mien_container *c, const char *name)
{
    for (int i = 0; i < c->count; i++) {
        if (!strcmp(c->section[i].name, name)) {
            return &c->section[i];
        }
    }
    return NULL;
}

bool mien_container_fetch(const struct mien_container *c, const struct mien_section *s, size_t from,
                          size_t size, void *to)
{
    const size_t at = c->at[s - c->section] + from;
    size_t got = 0;
    while (c->open && from <= s->size && size <= s->size - from && got < size) {
        ssize_t n = pread(c->fd, (char *)to + got, size - got, (off_t)(at + got));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        got += (size_t)n;
    }
    return got == size;
}

const void *mien_container_get(const struct mien_container *c, const char *name, size_t size,
                               size_t *got)
{
    for (int i = 0; i < c->count; i++) {
        if (!strcmp(c->section[i].name, name)) {
            if (size && c->section[i].size != size) {
                mien_error("section \"%s\" has %zu bytes, %zu are expected", name,
                           c->section[i].size, size);
                return NULL;
            }
            if (got) {
                *got = c->section[i].size;
            }
            return c->section[i].data;
        }
    }
    if (size) {
        mien_error("section \"%s\" is missing", name);
    }
    return NULL;
}

void mien_container_destroy(struct mien_container *c)
{
    mien_free(c->block);
    if (c->open) {
        close(c->fd);
    }
    *c = (struct mien_container){0};
}

bool mien_container_save(const char *path, const char *kind, uint32_t version,
                         const struct mien_section *sections, int count)
{
    MIEN_ASSERT(count >= 0 && count <= MAX_SECTIONS && strlen(kind) == 4);
    static const uint8_t zeros[64];
    uint8_t head[HEADER + MAX_SECTIONS * ENTRY] = {0};
    struct piece piece[1 + 2 * MAX_SECTIONS];
    size_t at = HEADER + (size_t)count * ENTRY;
    int n = 1;
    for (int i = 0; i < count; i++) {
        size_t start = (at + 63) & ~(size_t)63;
        uint8_t *e = head + HEADER + (size_t)i * ENTRY;
        size_t length = strnlen(sections[i].name, 16);
        MIEN_ASSERT(length < 16);
        memcpy(e, sections[i].name, length);
        put64(e + 16, start);
        put64(e + 24, sections[i].size);
        piece[n++] = (struct piece){zeros, start - at};
        piece[n++] = (struct piece){sections[i].data, sections[i].size};
        at = start + sections[i].size;
    }
    memcpy(head, "MIEN", 4);
    memcpy(head + 4, kind, 4);
    put32(head + 8, version);
    put32(head + 12, (uint32_t)count);
    put64(head + 16, at);
    piece[0] = (struct piece){head, HEADER + (size_t)count * ENTRY};
    put32(head + 28, SEALED);
    uint32_t crc = seal_of(head, piece[0].size);
    for (int i = 1; i < n; i++) {
        if (piece[i].size > 0) {
            crc = mien_crc32(crc, piece[i].data, piece[i].size);
        }
    }
    put32(head + 24, crc);
    return save_pieces(path, piece, n);
}

bool mien_container_seal(const char *path)
{
    struct mien_container c;
    size_t size = 0;
    uint8_t *block = mien_file_read(path, (size_t)2 << 30, &size);
    if (!block) {
        return false;
    }
    size_t i = 0;
    while (i < MIEN_COUNT(kinds) && (size < 8 || memcmp(block + 4, kinds[i].kind, 4) != 0)) {
        i++;
    }
    if (i == MIEN_COUNT(kinds)) {
        mien_error("%s is no face model, network or checkpoint", path);
        mien_free(block);
        return false;
    }
    bool ok = mien_container_parse(&c, block, size, path, kinds[i].kind, kinds[i].version) &&
              mien_container_save(path, kinds[i].kind, kinds[i].version, c.section, c.count);
    mien_container_destroy(&c);
    return ok;
}

bool mien_find_folder(int i, const char *kind, char *out, size_t out_size)
{
    const char *home = getenv("MIEN_HOME");
    char exe[2048] = "";
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    char *slash = strrchr(exe, '/');
    if (slash) {
        *slash = 0;
    }
    int m = -1;
    switch (i) {
    case 0:
        m = home ? snprintf(out, out_size, "%s/%s", home, kind) : -1;
        break;
    case 1: // build/release/mien
        m = snprintf(out, out_size, "%s/../../%s", exe, kind);
        break;
    case 2: // build/release/tests/test_x
        m = snprintf(out, out_size, "%s/../../../%s", exe, kind);
        break;
    case 3: // PREFIX/bin/mien, wherever PREFIX was moved to
        m = snprintf(out, out_size, "%s/../share/mien/%s", exe, kind);
        break;
    case 4:
        m = snprintf(out, out_size, "%s/share/mien/%s", MIEN_PREFIX, kind);
        break;
    case 5:
        m = snprintf(out, out_size, "%s", kind);
        break;
    default:
        return false;
    }
    if (m <= 0 || (size_t)m >= out_size) {
        out[0] = 0;
    }
    return true;
}

bool mien_find_file(const char *kind, const char *name, char *out, size_t out_size)
{
    char tried[4096] = "", folder[1024];
    for (int i = 0; mien_find_folder(i, kind, folder, sizeof folder); i++) {
        int m = folder[0] ? snprintf(out, out_size, "%s/%s", folder, name) : -1;
        if (m > 0 && (size_t)m < out_size) {
            if (access(out, R_OK) == 0) {
                return true;
            }
            size_t used = strlen(tried);
            snprintf(tried + used, sizeof tried - used, "%s%s", used ? ", " : "", out);
        }
    }
    mien_error("cannot find %s/%s (looked at %.800s); set MIEN_HOME to mien's folder", kind, name,
               tried);
    return false;
}

const char *mien_data_dir(void)
{
    const char *dir = getenv("MIEN_DATA");
    if (!dir || !*dir) {
        dir = "../shared";
    }
    struct stat st = {0};
    return stat(dir, &st) == 0 && S_ISDIR(st.st_mode) ? dir : NULL;
}

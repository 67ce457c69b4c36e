// SRC: src/learn/graph_file.c src/base/file.c src/nn/desc.c
// ALONE: clang 14 has no _Float16.
// Fuzz entry: a training's checkpoint. The bytes are changes to one that a small graph saved
// (fuzz_change_section); it is resumed from, and its weights are taken over. The checksum is made
// right, as an attacker would.
#include "fuzz/fuzz.h"

#include <stdlib.h>

#include "learn/graph.h"

enum { BLOB = 24 };

static struct mien_graph *make_graph(uint64_t seed)
{
    static const char text[] = "input image 3 8 8\n"
                               "conv a image out 4 k 3 s 2 bn relu\n"
                               "block b a out 4\n"
                               "gap c b\n"
                               "dense d c out 3\n"
                               "output d d\n";
    struct mien_graph *g = mien_graph_create(text, 2, 1, seed);
    FUZZ_CHECK(g && mien_graph_scalar(g, "temperature", 1, NULL));
    return g;
}

// What such a graph saves, made once and kept.
static const uint8_t *save_once(size_t *size)
{
    static uint8_t *saved;
    static size_t bytes;
    if (!saved) {
        char path[] = "/tmp/fuzz-checkpoint-XXXXXX";
        const uint8_t blob[BLOB] = {1, 2, 3};
        struct mien_graph *g = make_graph(1);
        int fd = mkstemp(path);
        const struct mien_section mine = {"train_blob", blob, sizeof(blob)};
        FUZZ_CHECK(fd >= 0 && mien_graph_save(g, path, &mine, 1));
        saved = mien_file_read(path, 0, &bytes);
        FUZZ_CHECK(saved);
        close(fd);
        unlink(path);
        mien_graph_destroy(g);
    }
    *size = bytes;
    return saved;
}

static bool take_blob(void *arg, const struct mien_container *file, const char *path)
{
    const void *blob = mien_container_get(file, "train_blob", BLOB, NULL);
    (void)path;
    if (blob) {
        memcpy(arg, blob, BLOB);
    }
    return blob != NULL;
}

bool fuzz_checkpoint(const uint8_t *data, size_t size)
{
    size_t bytes;
    const uint8_t *saved = save_once(&bytes);
    struct fuzz_file f;
    fuzz_file_open_changed(&f, saved, bytes, data, size);
    static struct mien_graph *g; // one for all runs: every good file replaces what it holds
    uint8_t blob[BLOB];
    if (!g) {
        g = make_graph(2);
    }
    bool good = mien_graph_restore(g, f.path, take_blob, blob);
    mien_graph_init_from(g, f.path);
    fuzz_file_close(&f);
    return good;
}

// A folder of models with a second network of the same make, for tests: face-other.net is the
// shipped network with a few bits of every weight turned (its results differ, slightly), and
// face-broken.net is none. MIEN_HOME points to it; the shipped files are still found behind it.
#ifndef NETWORK_SCENE_H
#define NETWORK_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

// False when the shipped network is absent or the folder cannot be written.
static inline bool network_scene(const char *home)
{
    char path[1100], standard[1024];
    struct mien_container net;
    unsetenv("MIEN_HOME");
    if (!mien_find_file("models", "face.net", standard, sizeof(standard)) ||
        !mien_container_load(&net, standard, "NETW", 1 << 20)) {
        return false;
    }
    for (int i = 0; i < net.count; i++) {
        const struct mien_section *s = &net.section[i];
        if (!strcmp(s->name, "half")) { // 16-bit floats: the fifth bit is 3 % at most
            uint8_t *bytes =
                (uint8_t *)net.block + ((const uint8_t *)s->data - (uint8_t *)net.block);
            for (size_t k = 0; k + 1 < s->size; k += 2) {
                bytes[k] ^= 0x10;
            }
        }
    }
    snprintf(path, sizeof(path), "%s/models", home);
    bool ok = mien_dir_make(path);
    snprintf(path, sizeof(path), "%s/models/face-other.net", home);
    ok = ok && mien_container_save(path, "NETW", net.version, net.section, net.count);
    snprintf(path, sizeof(path), "%s/models/face-broken.net", home);
    ok = ok && mien_file_save(path, "this is no network", 18);
    mien_container_destroy(&net);
    return ok && !setenv("MIEN_HOME", home, 1);
}

static inline void network_scene_end(const char *home)
{
    static const char *const names[] = {"models/face-other.net", "models/face-broken.net",
                                        "models/face-standard.net", "models/face-.net",
                                        "models/other.net"};
    char path[1100];
    unsetenv("MIEN_HOME");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", home, names[i]);
        remove(path);
    }
    snprintf(path, sizeof(path), "%s/models", home);
    rmdir(path);
}

#endif

// Looks into the folders of models. Does not open what it finds.
#include "nn/registry.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool mien_network_file(const char *name, char *file, size_t size)
{
    size_t n = name ? strlen(name) : 0;
    if (strchr(name ? name : "", '/') || (n > 4 && !strcmp(name + n - 4, ".net"))) {
        return false;
    }
    if (!n || !strcmp(name, "standard")) {
        snprintf(file, size, "face.net");
    } else {
        snprintf(file, size, "face-%s.net", name);
    }
    return true;
}

void mien_network_label(const char *net, char label[MIEN_NETWORK_NAME])
{
    char file[64];
    const char *slash = net ? strrchr(net, '/') : NULL;
    bool shipped = mien_network_file(net, file, sizeof(file));
    snprintf(label, MIEN_NETWORK_NAME, "%s",
             shipped && (!net || !*net) ? "standard"
             : slash                    ? slash + 1
                                        : net);
}

// What goes with a network: KIND-NAME.net in `folder`, beside its file or in the folders of models.
// 1 found, 0 it has none, -1 its file has no NAME.
static int companion(const char *net, const char *kind, const char *folder, char *path, size_t size)
{
    char face[256], beside[1024], in[1024];
    if (!mien_network_file(net, face, sizeof(face))) { // a path
        const char *slash = strrchr(net, '/'), *file = slash ? slash + 1 : net;
        snprintf(face, sizeof(face), "%s", file);
        snprintf(beside, sizeof(beside), "%.*s", slash ? (int)(slash - net) : 1, slash ? net : ".");
        folder = beside;
    }
    if (strncmp(face, "face-", 5) != 0) {
        return -1;
    }
    for (int i = 0; folder ? i == 0 : mien_find_folder(i, "models", in, sizeof(in)); i++) {
        int n = snprintf(path, size, "%s/%s%s", folder ? folder : in, kind, face + strlen("face"));
        if ((size_t)n < size && (folder || in[0]) && access(path, R_OK) == 0) {
            return 1;
        }
    }
    return 0;
}

bool mien_network_detector(const char *net, const char *folder, char *path, size_t size)
{
    return companion(net, "detect", folder, path, size) > 0;
}

bool mien_network_portrait(const char *net, const char *folder, char *path, size_t size)
{
    char in[1024];
    int found = companion(net, "portrait", folder, path, size);
    for (int i = 0; found < 0 && (folder ? i == 0 : mien_find_folder(i, "models", in, sizeof(in)));
         i++) {
        int n = snprintf(path, size, "%s/portrait.net", folder ? folder : in);
        found = (size_t)n < size && (folder || in[0]) && access(path, R_OK) == 0 ? 1 : -1;
    }
    return found > 0;
}

// face-NAME.net: its NAME; false when the file is called otherwise.
static bool network_name(const char *file, char name[MIEN_NETWORK_NAME])
{
    size_t n = strlen(file);
    if (n < 10 || n - 9 >= MIEN_NETWORK_NAME || strncmp(file, "face-", 5) != 0 ||
        strcmp(file + n - 4, ".net") != 0) {
        return false;
    }
    snprintf(name, MIEN_NETWORK_NAME, "%.*s", (int)(n - 9), file + 5);
    char same[256];
    return strcmp(name, "standard") != 0 && mien_network_file(name, same, sizeof(same));
}

// Keeps the list sorted behind "standard", each name once.
static int insert(char (*list)[MIEN_NETWORK_NAME], int n, int max, const char *name)
{
    int at = 1;
    while (at < n && strcmp(list[at], name) < 0) {
        at++;
    }
    if (n == max || (at < n && !strcmp(list[at], name))) {
        return n;
    }
    memmove(list + at + 1, list + at, (size_t)(n - at) * sizeof(*list));
    snprintf(list[at], sizeof(*list), "%s", name);
    return n + 1;
}

int mien_network_list(char (*list)[MIEN_NETWORK_NAME], int max)
{
    char folder[1024], name[MIEN_NETWORK_NAME];
    if (max < 1) {
        return 0;
    }
    snprintf(list[0], sizeof(*list), "standard");
    int n = 1;
    for (int i = 0; mien_find_folder(i, "models", folder, sizeof(folder)); i++) {
        DIR *d = folder[0] ? opendir(folder) : NULL;
        for (struct dirent *e; d && (e = readdir(d));) {
            if (network_name(e->d_name, name)) {
                n = insert(list, n, max, name);
            }
        }
        if (d) {
            closedir(d);
        }
    }
    return n;
}

bool mien_network_path(const char *name, char *path, size_t size)
{
    char file[256];
    if (mien_network_file(name, file, sizeof(file))) {
        return mien_find_file("models", file, path, size);
    }
    return (size_t)snprintf(path, size, "%s", name) < size;
}

// Resolves every part of a path itself and opens it without following links.
#include "base/below.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static const char outside[] = "it lies outside the folder";

// Opens one part of the name in the folder `at`, which is closed.
static int step(int at, const char *part, bool last)
{
    int flags =
        O_NOFOLLOW | O_CLOEXEC | (last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY);
    int fd = openat(at, part, flags), error = errno;
    close(at);
    errno = error;
    return fd;
}

static int walk(const char *folder, const char *name, const char **why)
{
    char part[256];
    *why = NULL;
    if (*name == '/') {
        *why = outside;
        return -1;
    }
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && *name) {
        size_t n = strcspn(name, "/");
        const char *next = name + n + strspn(name + n, "/");
        snprintf(part, sizeof(part), "%.*s", (int)(n < sizeof(part) ? n : 0), name);
        if (!strcmp(part, "..") || n >= sizeof(part)) {
            close(fd);
            *why = n < sizeof(part) ? outside : strerror(ENAMETOOLONG);
            return -1;
        }
        fd = step(fd, part, !*next);
        name = next;
    }
    if (fd < 0) {
        *why = errno == ELOOP     ? "it is a link"
               : errno == ENOTDIR ? "it lies in a link, or in no folder"
                                  : strerror(errno);
    }
    return fd;
}

void *mien_below_read(const char *folder, const char *name, size_t limit, size_t *size,
                      struct mien_why *why)
{
    const char *reason = outside;
    uint8_t *data = NULL;
    struct stat st;
    int fd = *name ? walk(folder, name, &reason) : -1;
    if (fd < 0) {
        mien_explain(why, "%s", *name ? reason : "it has no name");
        return NULL;
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        reason = "it is no file";
    } else if ((uint64_t)st.st_size > limit) {
        reason = "it is too large";
    } else if (!(data = mien_calloc((size_t)st.st_size + 1, 1))) {
        reason = "out of memory";
    }
    ssize_t got = data ? mien_read_all(fd, data, (size_t)st.st_size) : 0; // it may become shorter
    if (got < 0) {
        reason = strerror(errno);
        mien_free(data);
        data = NULL;
    }
    close(fd);
    *size = got > 0 ? (size_t)got : 0;
    if (!data) {
        mien_explain(why, "%s", reason);
    }
    return data;
}

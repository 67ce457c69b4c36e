// Temporary file, fsync, rename; and files that grow in place.
#include "base/save.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"

enum { LINKS_MAX = 40 }; // as the kernel follows

static const char busy[] =
    "cannot write %s: another program is writing it; end that one, or give another name";

static bool refuse(const char *path, int error)
{
    mien_error("cannot write %s: %s", path,
               error == ENOENT ? "its folder is not there; make it first" : strerror(error));
    return false;
}

// A link of /proc says a text that is no path ("pipe:[7]").
static bool is_of_proc(const char *link)
{
    struct statfs fs = {0};
    int fd = open(link, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    bool yes = fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
    if (fd >= 0) {
        close(fd);
    }
    return yes;
}

// The length of a path's folder with its slash; 0: the current one.
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

// Replaces the link at path by what it says.
static bool follow(char path[PATH_MAX])
{
    char text[PATH_MAX];
    ssize_t n = readlink(path, text, sizeof(text));
    if (n < 0) {
        return false;
    }
    size_t folder = n > 0 && text[0] == '/' ? 0 : folder_length(path);
    if (folder + (size_t)n >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(path + folder, text, (size_t)n);
    path[folder + (size_t)n] = 0;
    return true;
}

bool mien_save_target(const char *path, char out[PATH_MAX], bool *through)
{
    struct stat st;
    *through = false;
    errno = *path ? ENAMETOOLONG : ENOENT;
    if (!*path || snprintf(out, PATH_MAX, "%s", path) >= PATH_MAX) {
        return false;
    }
    for (int i = 0; i < LINKS_MAX; i++) {
        if (lstat(out, &st) != 0) {
            return errno == ENOENT && out[strlen(out) - 1] != '/';
        }
        if (!S_ISLNK(st.st_mode)) {
            *through = !S_ISREG(st.st_mode);
            errno = EISDIR;
            return !S_ISDIR(st.st_mode);
        }
        if (is_of_proc(out)) {
            *through = true;
            return true;
        }
        if (!follow(out)) {
            return false;
        }
    }
    errno = ELOOP;
    return false;
}

bool mien_save_is_stream(const char *path)
{
    char target[PATH_MAX];
    bool through;
    return mien_save_target(path, target, &through) && through;
}

// What is standard output by another name goes on where that stands; opened anew it would begin at
// the file's start.
static int open_through(const char *path)
{
    struct stat named, own;
    if (!stat(path, &named) && !fstat(STDOUT_FILENO, &own) && named.st_dev == own.st_dev &&
        named.st_ino == own.st_ino) {
        return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    }
    return open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
}

// False only when somebody else has it; file systems without locks are taken as they are.
static bool lock(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

int mien_save_open(const char *path)
{
    char target[PATH_MAX];
    bool through = false;
    int fd = -1;
    if (mien_save_target(path, target, &through)) {
        fd = through ? open_through(target)
                     : open(target, O_WRONLY | O_CREAT | O_NOCTTY | O_CLOEXEC, 0666);
    }
    if (fd < 0) {
        refuse(path, errno);
        return -1;
    }
    if (through) {
        return fd;
    }
    if (!lock(fd)) {
        mien_error(busy, path);
    } else if (ftruncate(fd, 0) != 0) {
        refuse(path, errno);
    } else {
        return fd;
    }
    close(fd);
    return -1;
}

// Whether another program writes the file; not what we put there ourselves.
static bool is_busy(const struct mien_save *s, const struct stat *there)
{
    struct stat own;
    if (s->kept && !fstat(fileno(s->kept), &own) && own.st_dev == there->st_dev &&
        own.st_ino == there->st_ino) {
        return false;
    }
    int fd = open(s->target, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    bool free_to_take = fd < 0 || lock(fd);
    if (fd >= 0) {
        close(fd);
    }
    return !free_to_take;
}

// Of what is replaced. Where the group cannot be kept, it gets no more than everybody has.
static void keep_owner_and_mode(int fd, const struct stat *old)
{
    struct stat st;
    mode_t mode = old->st_mode & 0777;
    if (!fstat(fd, &st) && (st.st_uid != old->st_uid || st.st_gid != old->st_gid) &&
        fchown(fd, old->st_uid, old->st_gid) != 0 && fchown(fd, (uid_t)-1, old->st_gid) != 0) {
        mode &= ~(mode_t)070 | (mode & 07) << 3;
    }
    fchmod(fd, mode);
}

static int open_temporary(struct mien_save *s, mode_t mode)
{
    size_t folder = folder_length(s->target);
    for (int i = 0; i < 16; i++) {
        uint64_t number;
        if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number)) {
            return -1;
        }
        if (snprintf(s->temporary, sizeof(s->temporary), "%.*s.mien-%016" PRIx64 ".tmp",
                     (int)folder, s->target, number) >= (int)sizeof(s->temporary)) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(s->temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

bool mien_save_begin(struct mien_save *s, const char *path)
{
    struct stat old;
    bool through = false;
    s->temporary[0] = 0;
    if (!mien_save_target(path, s->target, &through)) {
        return refuse(path, errno);
    }
    bool there = !through && lstat(s->target, &old) == 0;
    if (there && faccessat(AT_FDCWD, s->target, W_OK, AT_EACCESS) != 0) {
        mien_error("cannot write %s: it is read-only; make it writable (chmod u+w), or give "
                   "another name",
                   path);
        return false;
    }
    if (there && is_busy(s, &old)) {
        mien_error(busy, path);
        return false;
    }
    int fd = through ? open_through(s->target) : open_temporary(s, there ? 0600 : 0666);
    if (fd < 0) {
        s->temporary[0] = 0;
        return refuse(path, errno);
    }
    if (there) {
        keep_owner_and_mode(fd, &old);
    }
    if (!through) {
        lock(fd);
    }
    s->file = fdopen(fd, through ? "w" : "w+");
    if (s->file) {
        return true;
    }
    close(fd);
    if (!through) {
        unlink(s->temporary);
    }
    return refuse(path, ENOMEM);
}

bool mien_save_end(struct mien_save *s, bool good)
{
    bool through = !s->temporary[0], quick = s->quick;
    s->quick = false;
    if (!s->file) {
        return false;
    }
    bool ok = good && !ferror(s->file) && fflush(s->file) == 0;
    ok = ok && (through || quick || fsync(fileno(s->file)) == 0) &&
         (through || rename(s->temporary, s->target) == 0);
    int error = errno;
    if (!ok && !through) {
        unlink(s->temporary);
    }
    if (ok && !through) {
        FILE *old = s->kept;
        s->kept = s->file;
        s->file = old; // its lock is no longer needed
    }
    if (s->file && fclose(s->file) != 0 && through && ok) {
        ok = false;
        error = errno;
    }
    s->file = NULL;
    if (!ok && good) {
        refuse(s->target, error);
    }
    return ok;
}

void mien_save_close(struct mien_save *s)
{
    mien_save_end(s, false);
    if (s->kept) {
        fclose(s->kept);
    }
    *s = (struct mien_save){0};
}
